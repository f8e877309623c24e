//! `STATS`: operations by table, since several times.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fault::{FaultKind, Faults, Place};
use crate::moment::Moment;
use crate::number::{Language, Number};
use crate::read::lines::kept;
use crate::read::scan::{Scan, is_ruler, time_in};

/// The answer of `STATS`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stats {
    /// The place of the first line.
    #[serde(flatten)]
    pub place: Place,
    /// `EXTRACT` or `REPLICAT`, if the answer names it.
    pub program: Option<String>,
    /// The group.
    pub group: Option<String>,
    /// The time of the answer.
    pub at: Option<Moment>,
    /// The trails that an Extract writes.
    pub outputs: Vec<String>,
    /// The tables.
    pub tables: Vec<TableStats>,
    /// The counts of DDL, by their printed names.
    pub ddl: BTreeMap<String, u64>,
    /// The line that ends the answer is there.
    pub is_complete: bool,
}

/// The counts of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableStats {
    /// The place of the heading.
    #[serde(flatten)]
    pub place: Place,
    /// The source table.
    pub source: String,
    /// The target table.
    pub target: Option<String>,
    /// The counts, one set for each time.
    pub sets: Vec<CountSet>,
}

/// Counts since a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CountSet {
    /// The place of the heading.
    #[serde(flatten)]
    pub place: Place,
    /// `total`, `daily`, `hourly` or `latest`; in another language, the heading.
    pub period: String,
    /// The time since which operations count.
    pub since: Option<Moment>,
    /// The counts by name: `inserts`, `updates`, `befores` … in another language, the printed name.
    pub counts: BTreeMap<String, u64>,
    /// The set states that there were no operations.
    pub is_empty: bool,
}

/// Returns whether a line starts an answer.
pub(crate) fn starts(text: &str) -> bool {
    let text = text.trim_start();
    let names = text.contains("EXTRACT") || text.contains("REPLICAT") || text.contains("Extract") || text.contains("Replicat");
    (text.contains(" STATS ") && names) || starts_counts(text)
}

/// Returns whether a line starts the counts of an answer, after the line that names the group, if there is one.
fn starts_counts(text: &str) -> bool {
    ["Start of Statistics", "Start of statistics", "统计信息开始于"].iter().any(|lead| text.starts_with(lead))
}

/// Reads an answer.
pub(crate) fn read(scan: &mut Scan<'_>, faults: &mut Faults) -> Stats {
    let mut found = Stats::default();
    let Some(line) = scan.take() else { return found };
    found.place = line.place;
    let mut is_ddl = false;
    take(&line.text, line.place, &mut found, &mut is_ddl, faults);
    while let Some(line) = scan.peek() {
        let text = line.text.trim().to_owned();
        // A line that names the next group ends an answer without counts.
        let begins = found.at.is_none() && starts_counts(&text);
        if !begins && scan.inside().is_none() {
            break;
        }
        let place = line.place;
        scan.skip();
        let is_line = is_ruler(&text) && !text.contains(' ');
        if !text.is_empty() && !is_line {
            take(&text, place, &mut found, &mut is_ddl, faults);
        }
        if is_end(&text) {
            break;
        }
    }
    if !found.is_complete {
        faults.add(found.place, FaultKind::Cut, "end of statistics");
    }
    found
}

fn is_end(line: &str) -> bool {
    line.starts_with("End of") || line.ends_with("统计信息结束。")
}

fn take(text: &str, place: Place, found: &mut Stats, is_ddl: &mut bool, faults: &mut Faults) {
    let line = text.trim();
    let is_english = line.is_ascii();
    if line.contains(" STATS ") && found.group.is_none() {
        let words: Vec<_> = line.split_whitespace().collect();
        let at = words.iter().position(|word| matches!(word.to_ascii_uppercase().as_str(), "EXTRACT" | "REPLICAT"));
        found.program = at.and_then(|at| words.get(at)).map(|word| word.to_uppercase());
        found.group = at.and_then(|at| words.get(at + 1)).map(|name| kept(name.trim_end_matches('.')));
    } else if is_end(line) || line.starts_with("No active ") {
        // Without active maps there is no other end; counts of DDL may follow.
        found.is_complete = true;
    } else if line.starts_with("***") {
        set(line, place, found, faults);
    } else if line.starts_with("No database operations") {
        if let Some(set) = last_set(found) {
            set.is_empty = true;
        }
    } else if line.starts_with("DDL ") || line.contains("DDL replication statistics") {
        *is_ddl = true;
    } else if let Some((name, value)) = count(line) {
        counted(name, value, is_english, place, found, *is_ddl, faults);
    } else if let Some((source, target)) = table(line) {
        *is_ddl = false;
        found.tables.push(TableStats { place, source, target, sets: Vec::new() });
    } else if let Some(output) = line.strip_prefix("Output to ") {
        found.outputs.push(kept(output.trim_end_matches(':')));
    } else if found.at.is_none() && time_in(line).is_some() {
        found.at = time_in(line);
    } else if !is_english {
        // A sentence without a number: an empty set, a trail. It has no value.
        faults.add(place, FaultKind::Localised, "");
    } else {
        faults.add(place, FaultKind::UnknownLine, line);
    }
}

fn last_set(found: &mut Stats) -> Option<&mut CountSet> {
    found.tables.last_mut()?.sets.last_mut()
}

/// Reads the heading of a set: `*** Total statistics since T ***`.
fn set(line: &str, place: Place, found: &mut Stats, faults: &mut Faults) {
    let inner = line.trim_matches(['*', ' ']);
    let first = inner.split_whitespace().next().unwrap_or("").to_lowercase();
    let period = if matches!(first.as_str(), "total" | "daily" | "hourly" | "latest") {
        first
    } else {
        let kind = if inner.is_ascii() { FaultKind::UnknownKey } else { FaultKind::Localised };
        faults.add(place, kind, "period");
        kept(inner)
    };
    let since = time_in(inner);
    if since.is_none() && !inner.contains("started") {
        faults.add(place, FaultKind::NotATime, "since");
    }
    match found.tables.last_mut() {
        Some(table) => table.sets.push(CountSet { place, period, since, ..CountSet::default() }),
        None => faults.add(place, FaultKind::UnknownLine, "set without a table"),
    }
}

/// Splits a line with a name and a number at its end.
fn count(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.rsplit_once([' ', '\t', '\u{3000}'])?;
    let is_number = value.starts_with(|sign: char| sign.is_ascii_digit());
    (is_number && !line.ends_with(':') && Moment::find(line).is_none()).then_some((name.trim(), value))
}

fn counted(name: &str, value: &str, is_english: bool, place: Place, found: &mut Stats, is_ddl: bool, faults: &mut Faults) {
    let known = name.strip_prefix("Total ").map(|name| name.trim().to_lowercase());
    let language = if is_english { Language::English } else { Language::Other };
    let name = match known {
        Some(name) => name,
        None if is_ddl || name == "Operations" => name.to_lowercase(),
        None => {
            faults.add(place, if is_english { FaultKind::UnknownKey } else { FaultKind::Localised }, name);
            kept(name)
        }
    };
    let number = match Number::parse(value, language).and_then(Number::whole) {
        Ok(number) => number,
        Err(kind) => return faults.add(place, kind, &name),
    };
    if is_ddl {
        found.ddl.insert(name, number);
    } else if let Some(set) = last_set(found) {
        set.counts.insert(name, number);
    } else {
        faults.add(place, FaultKind::UnknownLine, "count without a set");
    }
}

/// Reads the heading of a table: `Extracting from A to B:`, in another language by its two names.
fn table(line: &str) -> Option<(String, Option<String>)> {
    let line = line.strip_suffix([':', '\u{ff1a}'])?;
    let rest = ["Extracting from ", "Replicating from ", "Processing from "].iter().find_map(|lead| line.strip_prefix(lead));
    if let Some(rest) = rest {
        let (source, target) = rest.split_once(" to ").map_or((rest, None), |(source, target)| (source, Some(kept(target))));
        return Some((kept(source), target));
    }
    let names = |word: &&str| word.is_ascii() && word.contains('.') && !word.contains(['\\', '/']);
    let mut names = line.split_whitespace().filter(names);
    let source = names.next().filter(|_| !line.is_ascii())?;
    Some((kept(source), names.next().map(kept)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::transcript::{self, Section};

    fn stats(text: &str) -> (Stats, Faults) {
        let mut faults = Faults::default();
        let sections = transcript::read(text.as_bytes(), &mut faults).sections;
        let stats = sections.into_iter().find_map(|section| match section {
            Section::Stats(stats) => Some(stats),
            _ => None,
        });
        (stats.unwrap(), faults)
    }

    #[test]
    fn sets_of_tables() {
        let (found, faults) = stats(
            "\tSending STATS request to EXTRACT E1 ...\n\n\tStart of Statistics at 2017-12-12 14:55:43.\n\n\
            DDL replication statistics (for all trails):\n\n*** Total statistics since extract started     ***\n\tOperations                \t 3.00\n\tMapped operations   \t 2.00\n\n\
            \tOutput to /opt/dirdat/W3:\n\n\tExtracting from a.t to b.t:\n\n\t*** Total statistics since 2017-12-12 11:08:40 ***\n\
            \t\tTotal inserts                   \t   1,234,567.00\n\t\tTotal befores  \t 1.00\n\t\tTotal oddities 7.00\n\
            *** Daily statistics since 2017-12-12 00:00:00 ***\n   No database operations have been performed.\n\nEnd of Statistics.\n",
        );
        assert_eq!((found.group.as_deref(), found.outputs[0].as_str()), (Some("E1"), "/opt/dirdat/W3"));
        assert_eq!((found.ddl["operations"], found.ddl["mapped operations"]), (3, 2));
        let table = &found.tables[0];
        assert_eq!((table.source.as_str(), table.target.as_deref(), table.sets.len()), ("a.t", Some("b.t"), 2));
        assert_eq!((table.sets[0].counts["inserts"], table.sets[0].counts["oddities"]), (1_234_567, 7));
        assert!(table.sets[1].is_empty && found.is_complete, "{faults:?}");
    }

    #[test]
    fn an_answer_without_counts_leaves_those_of_the_next_group() {
        let text = "Sending STATS request to EXTRACT E1 ...\n\nNo active extraction maps.\n\n\
            Sending STATS request to EXTRACT E2 ...\n\nStart of Statistics at 2024-03-01 10:00:00.\n\nExtracting from A.T to A.T:\n\n\
            *** Total statistics since 2024-03-01 09:00:00 ***\n  Total operations  12.00\n\nEnd of Statistics.\n";
        let mut faults = Faults::default();
        let found = transcript::read(text.as_bytes(), &mut faults).sections;
        let [Section::Stats(first), Section::Stats(second)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((first.group.as_deref(), first.tables.len(), first.is_complete), (Some("E1"), 0, true));
        assert_eq!((second.group.as_deref(), second.tables[0].sets[0].counts["operations"]), (Some("E2"), 12));
        assert_eq!(faults.total(), 0, "{faults:?}");
    }

    #[test]
    fn another_language_keeps_the_numbers() {
        let (found, faults) = stats(
            "正在向 EXTRACT E1 发送 STATS 请求 ...\n统计信息开始于 2011-04-10 00:05:46.\n从 G.T 提取到 G.U：\n*** 自 2011-04-09 22:36:18 以来的总计统计信息 ***\n  插入总数   0.00\n  更新总数   12.00\n  删除总数   1.234\n统计信息结束。\n",
        );
        assert_eq!((found.group.as_deref(), found.tables[0].target.as_deref()), (Some("E1"), Some("G.U")));
        assert_eq!(found.tables[0].sets[0].counts["更新总数"], 12);
        assert_eq!((faults.of(FaultKind::Localised), faults.of(FaultKind::AmbiguousNumber)), (4, 1));
    }
}
