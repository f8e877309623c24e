//! `INFO MANAGER`, `SEND MANAGER` and other answers with tables.

use serde::{Deserialize, Serialize};

use crate::fault::{FaultKind, Faults, Place};
use crate::number;
use crate::read::lines::kept;
use crate::read::scan::{Scan, is_ruler, masked};

/// Lines of an answer that are kept.
const KEPT: usize = 2_000;

/// The answer of `INFO MANAGER`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ManagerInfo {
    /// The place of the line.
    #[serde(flatten)]
    pub place: Place,
    /// Manager runs.
    pub is_running: bool,
    /// Its host.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u64>,
    /// Its process id.
    pub process: Option<u64>,
}

/// An answer as tables and lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reply {
    /// The place of the first line.
    #[serde(flatten)]
    pub place: Place,
    /// The request, such as `CHILDSTATUS`.
    pub request: String,
    /// The receiver, such as `MANAGER` or `EXTRACT E1`.
    pub receiver: String,
    /// The tables.
    pub tables: Vec<TextTable>,
    /// The lines that belong to no table.
    pub lines: Vec<String>,
}

/// A table of an answer: its heading and its rows as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TextTable {
    /// The place of the heading.
    #[serde(flatten)]
    pub place: Place,
    /// The line before the heading.
    pub title: Option<String>,
    /// The columns.
    pub columns: Vec<String>,
    /// The rows. A row has as many cells as there are columns; a missing cell is empty.
    pub rows: Vec<Vec<String>>,
}

/// Returns whether a line is the answer of `INFO MANAGER`.
pub(crate) fn starts_info(text: &str) -> bool {
    text.trim_start().starts_with("Manager is ")
}

/// Returns whether a line starts an answer of any of these commands.
pub(crate) fn starts(text: &str) -> bool {
    let text = text.trim_start();
    starts_info(text) || (text.starts_with("Sending ") && text.contains(" request to "))
}

/// Reads "Manager is running (IP port host.7809, Process ID 18221)."
pub(crate) fn read_info(scan: &mut Scan<'_>, faults: &mut Faults) -> ManagerInfo {
    let Some(line) = scan.take() else { return ManagerInfo::default() };
    let (text, place) = (line.text.trim(), line.place);
    let mut found = ManagerInfo { place, is_running: text.starts_with("Manager is running"), ..ManagerInfo::default() };
    let is_down = text.to_lowercase().starts_with("manager is down") || text.contains("not running") || text.contains("stopped");
    if !found.is_running && !is_down {
        faults.add(place, FaultKind::UnknownState, text);
    }
    if let Some((_, rest)) = text.split_once("IP port ") {
        let address = rest.split([',', ')']).next().unwrap_or("");
        if let Some((host, port)) = address.rsplit_once(['.', ':']) {
            found.host = Some(kept(host)).filter(|host| !host.is_empty());
            found.port = number::whole(port).map_err(|kind| faults.add(place, kind, "port")).ok();
        }
    }
    if let Some((_, rest)) = text.split_once("Process ID ") {
        let digits = rest.split([')', ',', ' ']).next().unwrap_or("");
        found.process = number::whole(digits).map_err(|kind| faults.add(place, kind, "process")).ok();
    }
    found
}

/// Reads an answer to "Sending … request to …".
pub(crate) fn read_reply(scan: &mut Scan<'_>, faults: &mut Faults) -> Option<Reply> {
    let first = scan.take()?;
    let text = first.text.trim();
    let (request, receiver) = text.strip_prefix("Sending ")?.split_once(" request to ")?;
    let mut found = Reply {
        place: first.place,
        request: kept(request),
        receiver: kept(receiver.trim_end_matches(['.', ' '])),
        ..Reply::default()
    };
    let mut title: Option<String> = None;
    while let Some(line) = scan.inside() {
        let (text, place) = (line.text.trim_end().to_owned(), line.place);
        if crate::read::transactions::starts(&text) || text.trim() == "```" {
            break;
        }
        if let Some(table) = table(scan, title.take()) {
            found.tables.push(table);
            continue;
        }
        scan.skip();
        if text.trim().is_empty() || is_ruler(text.trim()) {
            continue;
        }
        if found.lines.len() == KEPT {
            faults.add(place, FaultKind::Truncated, "lines");
            break;
        }
        title = Some(masked(&text));
        found.lines.push(masked(&text));
    }
    Some(found)
}

/// Reads a table, if the next line is a heading: a ruler of dashes follows it, or rows with as many words.
fn table(scan: &mut Scan<'_>, title: Option<String>) -> Option<TextTable> {
    let heading = scan.peek()?.clone();
    let next = scan.ahead(1)?.text.clone();
    let ruler = is_ruler(next.trim()) && next.contains("--");
    let rows = if ruler { scan.ahead(2)?.text.clone() } else { next };
    let count = |text: &str| text.split_whitespace().count();
    // As many words as the heading has: each is a cell, whatever the gaps are.
    let by_words = !ruler && count(&rows) == count(&heading.text);
    let columns: Vec<(usize, usize)> = cells(&heading.text, by_words);
    let is_heading = columns.len() > 2 && !heading.text.contains(':') && !heading.text.trim_end().ends_with('.');
    if !is_heading || !(ruler || by_words) || rows.trim().is_empty() {
        return None;
    }
    scan.skip();
    if ruler {
        scan.skip();
    }
    let is_wide = heading.text.split_whitespace().count() == columns.len();
    let names = columns.iter().filter_map(|(start, end)| heading.text.get(*start..*end)).map(kept).collect::<Vec<_>>();
    let mut table = TextTable { place: heading.place, title, columns: names, rows: Vec::new() };
    while let Some(line) = scan.inside() {
        let text = line.text.trim().to_owned();
        if text.is_empty() || is_ruler(&text) || table.rows.len() == KEPT {
            break;
        }
        // Cells are two blanks apart; where each has one word, one blank divides them as well.
        let wide: Vec<String> = text.split("  ").filter(|cell| !cell.trim().is_empty()).map(kept).collect();
        let words: Vec<String> = text.split_whitespace().map(kept).collect();
        let mut row = if is_wide && words.len() == table.columns.len() { words } else { wide };
        if row.len() == 1 && table.columns.len() > 2 {
            break;
        }
        row.resize(table.columns.len().max(row.len()), String::new());
        table.rows.push(row);
        scan.skip();
    }
    Some(table)
}

/// Returns the ranges of the headings in a line: words that one blank divides are one heading only if others are further apart.
fn cells(text: &str, by_words: bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = None;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let ends = *byte == b' ' && bytes.get(at + 1).is_none_or(|next| *next == b' ');
        match start {
            None if *byte != b' ' => start = Some(at),
            Some(from) if ends => {
                found.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    found.extend(start.map(|from| (from, text.len())));
    if found.len() > 1 && !by_words {
        return found;
    }
    let mut at = 0;
    text.split(' ')
        .filter_map(|word| {
            let start = at;
            at += word.len() + 1;
            (!word.is_empty()).then_some((start, start + word.len()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::fault::Faults;
    use crate::read::transcript::{self, Section};

    #[test]
    fn tables_with_narrow_and_wide_gaps() {
        let text = "Sending GETPURGEOLDEXTRACTS request to MANAGER ...\n\nPurgeOldExtracts Rules\nFileset                  MinHours MaxHours UseCP\n/ogg/dirdat/*                   0        0     Y\nOK\n\n\
            Sending CHILDSTATUS request to MANAGER ...\n\nID    Group     Start Time           Port\n----  --------  -------------------  ----\n   0  EXT1      2019/03/01 10:00:00  7810\n";
        let found = transcript::read(text.as_bytes(), &mut Faults::default()).sections;
        let [Section::Reply(rules), Section::Reply(children)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(rules.tables[0].columns, ["Fileset", "MinHours", "MaxHours", "UseCP"]);
        assert_eq!(rules.tables[0].rows, [["/ogg/dirdat/*", "0", "0", "Y"]]);
        assert_eq!(rules.tables[0].title.as_deref(), Some("PurgeOldExtracts Rules"));
        assert_eq!(children.tables[0].rows, [["0", "EXT1", "2019/03/01 10:00:00", "7810"]]);
    }
}
