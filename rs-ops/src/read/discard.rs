//! Discard files: the records that Replicat could not apply. Values of columns are customers' data: only their names are kept, and
//! of database errors only the codes.

use serde::{Deserialize, Serialize};

use crate::fault::{FaultKind, Faults, Place};
use crate::moment::Moment;
use crate::number;
use crate::read::lines::{Lines, kept};
use crate::read::scan::time_in;

/// A discard file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DiscardFile {
    /// The starts of the process that the file has.
    pub opened: Vec<DiscardStart>,
    /// The discarded records.
    pub entries: Vec<DiscardEntry>,
}

/// A start of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DiscardStart {
    /// The place of the line.
    #[serde(flatten)]
    pub place: Place,
    /// The group.
    pub group: String,
    /// The time.
    pub time: Option<Moment>,
}

/// A discarded record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DiscardEntry {
    /// The place of its first line.
    #[serde(flatten)]
    pub place: Place,
    /// The codes of the database, such as `ORA-00001`.
    pub codes: Vec<String>,
    /// The time.
    pub time: Option<Moment>,
    /// The trail, if the entry names it.
    pub trail: Option<String>,
    /// The position at which the transaction begins.
    pub begin: Option<(u64, u64)>,
    /// The position of the record.
    pub at: Option<(u64, u64)>,
    /// The source table.
    pub source: Option<String>,
    /// The target table.
    pub target: Option<String>,
    /// The operation: `insert`, `update`, `compressed update`, `delete` …
    pub operation: Option<String>,
    /// The reason in one word: `database_error`, `mapping`, `missing_key`, `other`.
    pub reason: String,
    /// The action that the configuration has for the error, such as `ABEND`.
    pub action: Option<String>,
    /// The number of the error that the action is for.
    pub error: Option<i64>,
    /// The names of the record's columns. Their values are not kept.
    pub columns: Vec<String>,
    /// The end of the columns is there.
    pub is_complete: bool,
}

/// Returns whether a line can only be of a discard file.
pub(crate) fn is_discard(text: &str) -> bool {
    let text = text.trim_start();
    text.contains("discard file opened:")
        || text.starts_with("Problem replicating ")
        || text.starts_with("Aborting transaction on ")
        || text.starts_with("Operation failed at seqno")
}

/// Reads a discard file.
pub(crate) fn read(bytes: &[u8], faults: &mut Faults) -> DiscardFile {
    let mut found = DiscardFile::default();
    let mut open: Option<DiscardEntry> = None;
    let mut in_columns = false;
    let mut lines = Lines::new(bytes);
    while let Some(line) = lines.take(faults) {
        let text = line.text.trim();
        if text.is_empty() {
            continue;
        }
        if text == "*" {
            match &mut open {
                Some(entry) if in_columns => {
                    entry.is_complete = true;
                    in_columns = false;
                    found.entries.extend(open.take());
                }
                Some(_) => in_columns = true,
                None => faults.add(line.place, FaultKind::UnknownLine, "*"),
            }
            continue;
        }
        if let Some((head, time)) = text.split_once("discard file opened:") {
            close(&mut open, &mut in_columns, &mut found, faults);
            let group = head.split("group ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or("");
            found.opened.push(DiscardStart { place: line.place, group: kept(group), time: time_in(time) });
            continue;
        }
        if in_columns && !starts_entry(text) {
            if let (Some(entry), Some((name, _))) = (&mut open, text.split_once('=')) {
                entry.columns.push(kept(name));
            }
            // A value may have several lines: the others have no name, or one that cannot be known as such.
            continue;
        }
        if in_columns {
            close(&mut open, &mut in_columns, &mut found, faults);
        }
        let entry =
            open.get_or_insert_with(|| DiscardEntry { place: line.place, reason: "other".to_owned(), ..DiscardEntry::default() });
        entry_line(text, line.place, entry, faults);
    }
    close(&mut open, &mut in_columns, &mut found, faults);
    found
}

/// Returns whether a line inside of columns starts another entry: the one before it was cut.
fn starts_entry(text: &str) -> bool {
    is_discard(text) || text.starts_with("ORA-") || text.starts_with("Current time:") || text.starts_with("OCI Error")
}

fn close(open: &mut Option<DiscardEntry>, in_columns: &mut bool, found: &mut DiscardFile, faults: &mut Faults) {
    if let Some(entry) = open.take() {
        faults.add(entry.place, FaultKind::Cut, "entry");
        found.entries.push(entry);
    }
    *in_columns = false;
}

fn entry_line(text: &str, place: Place, entry: &mut DiscardEntry, faults: &mut Faults) {
    for code in codes(text) {
        if !entry.codes.contains(&code) {
            entry.codes.push(code);
        }
        entry.reason = "database_error".to_owned();
    }
    let mut position = |rest: &str| {
        let word = |name: &str| {
            rest.split_whitespace().skip_while(|word| *word != name).nth(1).map(|word| word.trim_end_matches(['.', ',']))
        };
        let mut read = |name: &str| number::whole(word(name)?).map_err(|kind| faults.add(place, kind, name)).ok();
        Some((read("seqno")?, read("rba")?))
    };
    if let Some(rest) = text.strip_prefix("Aborting transaction on ") {
        let (trail, rest) = rest.split_once(" beginning at ").unwrap_or(("", rest));
        entry.trail = Some(kept(trail)).filter(|trail| !trail.is_empty());
        entry.begin = position(rest);
    } else if let Some(rest) = text.strip_prefix("error at ").or_else(|| text.strip_prefix("Operation failed at ")) {
        entry.at = position(rest);
    } else if let Some((source, target)) = text.strip_prefix("Problem replicating ").and_then(|rest| rest.split_once(" to ")) {
        (entry.source, entry.target) = (Some(kept(source)), Some(kept(target.trim_end_matches('.'))));
    } else if let Some((_, rest)) = text.split_once("Error occurred with ") {
        entry.operation = rest.split_once(" record").map(|(operation, _)| kept(operation));
    } else if let Some(rest) = text.strip_prefix("Mapping problem with ") {
        entry.operation = rest.split_once(" record").map(|(operation, _)| kept(operation));
        if entry.reason == "other" {
            entry.reason = "mapping".to_owned();
        }
    } else if text.starts_with("Key column ") || (text.starts_with("Missing ") && text.contains("key column")) {
        entry.reason = "missing_key".to_owned();
    } else if let Some(rest) = text.strip_prefix("Current time:") {
        entry.time = time_in(rest);
        if entry.time.is_none() {
            faults.add(place, FaultKind::NotATime, "current time");
        }
    } else if let Some(rest) = text.strip_prefix("Discarded record from action ") {
        let (action, error) = rest.split_once(" on error ").unwrap_or((rest, ""));
        (entry.action, entry.error) = (Some(kept(action)), error.trim().parse().ok());
    }
}

/// Returns the error codes in a line: letters, a hyphen, five digits.
fn codes(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '-')).filter_map(|word| {
        let (facility, digits) = word.split_once('-')?;
        let is_code = facility.len() == 3 && facility.bytes().all(|byte| byte.is_ascii_uppercase()) && digits.len() == 5;
        (is_code && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| word.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_without_data() {
        let text = "Oracle GoldenGate Delivery for Oracle process started, group R1 discard file opened: 2024-09-08 11:21:51\n\n\
            ORA-20017:  canary 724935\nORA-06512: at \"HR.T\", line 41\n\
            Aborting transaction on ./dirdat/lt beginning at seqno 76 rba 695,700\n                         error at seqno 76 rba 973932\n\
            Problem replicating HR.A to HR.B\nError occurred with insert record (target format)...\n*\nNAME = canary\nTEXT = one\ncanary two\n*\n\
            Key column X (354) is missing from update on table HR.A\nCurrent time: 2024-09-08 11:21:53\nDiscarded record from action ABEND on error 0\n\
            Mapping problem with compressed update record (target format)...\n*\nID = 77345\n";
        let mut faults = Faults::default();
        let found = read(text.as_bytes(), &mut faults);
        assert_eq!((found.opened[0].group.as_str(), found.entries.len()), ("R1", 2));
        let entry = &found.entries[0];
        assert_eq!((entry.begin, entry.at, entry.is_complete), (Some((76, 695_700)), Some((76, 973_932)), true));
        assert_eq!(
            (entry.codes.as_slice(), entry.columns.as_slice()),
            (&["ORA-20017".to_owned(), "ORA-06512".to_owned()][..], &["NAME".to_owned(), "TEXT".to_owned()][..])
        );
        let entry = &found.entries[1];
        assert_eq!(
            (entry.reason.as_str(), entry.operation.as_deref(), entry.action.as_deref(), entry.is_complete),
            ("missing_key", Some("compressed update"), Some("ABEND"), false)
        );
        assert_eq!(faults.of(FaultKind::Cut), 1);
        let shown = format!("{found:?}{faults:?}");
        assert!(!shown.contains("canary") && !shown.contains("77345"), "{shown}");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            read(&bytes, &mut Faults::default());
        }
    }
}
