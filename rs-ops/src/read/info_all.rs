//! `INFO ALL`: the processes of a home or deployment, in all layouts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fault::{FaultKind, Faults, Place};
use crate::number;
use crate::read::lines::kept;
use crate::read::scan::{Scan, is_ruler};

/// The answer of `INFO ALL`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InfoAll {
    /// The place of the heading.
    #[serde(flatten)]
    pub place: Place,
    /// The home, if a heading of several homes names it.
    pub home: Option<String>,
    /// The processes.
    pub rows: Vec<ProcessRow>,
    /// An empty line or the next command follows the last row. Without it the end of the table may be missing.
    #[serde(default)]
    pub is_closed: bool,
}

/// A process of `INFO ALL`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProcessRow {
    /// The place of the row.
    #[serde(flatten)]
    pub place: Place,
    /// The program: `MANAGER`, `EXTRACT`, `REPLICAT`, `ADMINSRVR` …
    pub program: String,
    /// The state as text.
    pub status: String,
    /// The group. Managers and services have none.
    pub group: Option<String>,
    /// The type of the group, in layouts that have the column.
    pub group_type: Option<String>,
    /// The lag at the last checkpoint in milliseconds.
    pub lag: Option<u64>,
    /// The time since the last checkpoint in milliseconds.
    pub since: Option<u64>,
    /// Values of columns that the reader does not know.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, String>,
}

const PROGRAMS: [&str; 8] = ["MANAGER", "JAGENT", "PMSRVR", "ADMINSRVR", "DISTSRVR", "RECVSRVR", "EXTRACT", "REPLICAT"];
const STATES: [&str; 5] = ["RUNNING", "STOPPED", "ABENDED", "STARTING", "STOPPING"];
/// The headings as they are printed, longest first where one starts like another.
const COLUMNS: [&str; 6] = ["Program", "Status", "Group", "Type", "Lag at Chkpt", "Time Since Chkpt"];

/// Returns whether a line is the heading.
pub(crate) fn starts(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("Program ") && text.contains(" Status ") && text.contains(" Group")
}

/// Reads the heading of a home: `==== Home: /u01/ogg, OGG for …`.
pub(crate) fn home(text: &str) -> Option<String> {
    let rest = text.trim_start_matches('=').trim_start().strip_prefix("Home:")?;
    Some(kept(rest.split(',').next()?))
}

/// Returns the columns of a heading, each with the character that it starts at.
fn columns(heading: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = heading.get(at..).filter(|rest| !rest.trim().is_empty()) {
        let blank = rest.len() - rest.trim_start().len();
        let word = rest.trim_start();
        let known = COLUMNS.iter().find(|column| word.starts_with(**column)).map(|column| column.len());
        let length = known.unwrap_or_else(|| word.find("  ").unwrap_or(word.len()));
        let name = word.get(..length).unwrap_or(word);
        found.push((heading.get(..at + blank).map_or(0, |before| before.chars().count()), name.trim().to_owned()));
        at += blank + length.max(1);
    }
    found
}

/// Returns the words of a row, each with the character that it starts at.
fn words(row: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut is_word = false;
    for (number, (at, sign)) in row.char_indices().enumerate() {
        if sign.is_whitespace() {
            is_word = false;
        } else if !is_word {
            is_word = true;
            found.push((number, row.get(at..).and_then(|rest| rest.split_whitespace().next()).unwrap_or("")));
        }
    }
    found
}

/// Reads the heading and the rows after it.
pub(crate) fn read(scan: &mut Scan<'_>, home: Option<&str>, faults: &mut Faults) -> InfoAll {
    let Some(heading) = scan.take() else { return InfoAll::default() };
    let mut found = InfoAll { place: heading.place, home: home.map(str::to_owned), ..InfoAll::default() };
    let columns = columns(&heading.text);
    for (_, name) in &columns {
        if !COLUMNS.contains(&name.as_str()) {
            faults.add(heading.place, FaultKind::UnknownColumn, name);
        }
    }
    while let Some(line) = scan.inside() {
        let text = line.text.clone();
        let trimmed = text.trim();
        if trimmed.is_empty() || is_ruler(trimmed) {
            // A blank line may follow the heading or divide rows; a ruler after rows ends them.
            if !trimmed.is_empty() && !found.rows.is_empty() {
                break;
            }
            found.is_closed = true;
            scan.skip();
            continue;
        }
        let first = trimmed.split_whitespace().next().unwrap_or("");
        // A row starts with a program in capitals, and has a state.
        let is_row = PROGRAMS.contains(&first)
            || (first.len() > 2 && first.bytes().all(|byte| byte.is_ascii_uppercase()) && words(&text).len() > 1);
        if !is_row {
            break;
        }
        let place = line.place;
        scan.skip();
        found.is_closed = false;
        found.rows.push(row(&columns, &text, place, faults));
    }
    // The next command follows. Other text may be the rest of a row.
    found.is_closed |= scan.inside().is_none() && scan.peek().is_some();
    found
}

fn row(columns: &[(usize, String)], text: &str, place: Place, faults: &mut Faults) -> ProcessRow {
    let words = words(text);
    let mut row = ProcessRow { place, ..ProcessRow::default() };
    let is_aligned = words.iter().all(|(at, _)| columns.iter().any(|(start, _)| start == at));
    let mut values: BTreeMap<&str, &str> = BTreeMap::new();
    if is_aligned {
        for (at, word) in &words {
            if let Some((_, name)) = columns.iter().find(|(start, _)| start == at) {
                values.insert(name, word);
            }
        }
    } else {
        faults.add(place, FaultKind::Misaligned, "");
        values = by_form(&words, columns);
    }
    for (name, word) in values {
        match name {
            "Program" => row.program = kept(word),
            "Status" => row.status = kept(word),
            "Group" => row.group = Some(kept(word)),
            "Type" => row.group_type = Some(kept(word)),
            "Lag at Chkpt" => row.lag = clock(word, "lag", place, faults),
            "Time Since Chkpt" => row.since = clock(word, "since", place, faults),
            other => drop(row.others.insert(other.to_owned(), kept(word))),
        }
    }
    if !PROGRAMS.contains(&row.program.as_str()) {
        faults.add(place, FaultKind::UnknownKey, &row.program);
    }
    if row.status.is_empty() {
        faults.add(place, FaultKind::Cut, "status");
    } else if !STATES.contains(&row.status.as_str()) {
        faults.add(place, FaultKind::UnknownState, &row.status);
    }
    row
}

/// Assigns words to columns by their form: the first two are program and state, lengths of time are lag and time since. Fewer
/// lengths than columns could be of either, so that none is taken.
fn by_form<'a>(words: &[(usize, &'a str)], columns: &'a [(usize, String)]) -> BTreeMap<&'a str, &'a str> {
    let has = |wanted: &&str| columns.iter().any(|(_, name)| name == wanted);
    let is_time = |word: &&str| word.contains(':') || word.eq_ignore_ascii_case("unknown");
    let (times, texts): (Vec<&str>, Vec<&str>) = words.iter().map(|(_, word)| *word).partition(is_time);
    let lengths: Vec<&str> = ["Lag at Chkpt", "Time Since Chkpt"].into_iter().filter(has).collect();
    let names = ["Program", "Status", "Group", "Type"].into_iter().filter(has);
    let times = if times.len() == lengths.len() { times } else { Vec::new() };
    names.zip(texts).chain(lengths.into_iter().zip(times)).collect()
}

/// Reads a length of time; `unknown` is no value and no fault.
pub(crate) fn clock(word: &str, what: &str, place: Place, faults: &mut Faults) -> Option<u64> {
    if word.eq_ignore_ascii_case("unknown") {
        return None;
    }
    let value = number::clock(word);
    if value.is_none() {
        faults.add(place, FaultKind::NotANumber, what);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::transcript::{self, Section};

    fn rows(text: &str) -> (Vec<ProcessRow>, Faults) {
        let mut faults = Faults::default();
        let sections = transcript::read(text.as_bytes(), &mut faults).sections;
        let rows = sections.into_iter().flat_map(|section| match section {
            Section::InfoAll(all) => all.rows,
            _ => Vec::new(),
        });
        (rows.collect(), faults)
    }

    #[test]
    fn every_layout() {
        let (found, faults) = rows(
            "GGSCI (h) 5> info all\n\
            Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\n\
            MANAGER     RUNNING                                           \n\
            EXTRACT     RUNNING     E1          842:45:01     00:00:09    \n\n\
            REPLICAT    SLEEPING    R1          -00:00:01     unknown\n",
        );
        assert_eq!(found.len(), 3);
        assert_eq!((found[1].lag, found[1].since, found[1].group.as_deref()), (Some(3_033_901_000), Some(9_000), Some("E1")));
        assert_eq!((found[2].lag, found[2].since), (None, None));
        assert_eq!(faults.counts.into_iter().collect::<Vec<_>>(), [(FaultKind::NotANumber, 1), (FaultKind::UnknownState, 1)]);
        let (found, faults) = rows(
            "Program     Status      Group       Type             Lag at Chkpt  Time Since Chkpt  Profile\n\n\
            ADMINSRVR   RUNNING\n\
            EXTRACT     RUNNING     E1          INTEGRATED       00:00:02      00:00:05          Default\n",
        );
        assert_eq!(
            (found[1].group_type.as_deref(), found[1].lag, found[1].others["Profile"].as_str()),
            (Some("INTEGRATED"), Some(2_000), "Default")
        );
        assert_eq!(faults.of(FaultKind::UnknownColumn), 1);
        let (found, faults) = rows(
            "  ==== Home: /u01/a, OGG\n\n  Program Status Group Lag at Chkpt Time Since Chkpt\n\n  EXTRACT ABENDED E1 00:00:02 100:00:05\n",
        );
        assert_eq!((found[0].status.as_str(), found[0].since), ("ABENDED", Some(360_005_000)));
        assert_eq!(faults.of(FaultKind::Misaligned), 1);
        let (found, faults) = rows(
            "Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\nEXTRACT     RUNNING     VERYLONGGROUPNAME1 00:00:09\n",
        );
        assert_eq!((found[0].group.as_deref(), found[0].lag, found[0].since), (Some("VERYLONGGROUPNAME1"), None, None));
        assert_eq!(faults.of(FaultKind::Misaligned), 1);
    }
}
