//! `INFO` of one group, with what DETAIL, SHOWCH and TASKS add.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fault::{FaultKind, Faults, Place};
use crate::moment::Moment;
use crate::number;
use crate::read::info_all::clock;
use crate::read::lines::kept;
use crate::read::scan::{Scan, is_ruler, time_in};

/// The answer of `INFO` of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroupInfo {
    /// The place of the first line.
    #[serde(flatten)]
    pub place: Place,
    /// `EXTRACT` or `REPLICAT`.
    pub program: String,
    /// The group.
    pub group: String,
    /// The time of the last start; of a group that was never started, the time when it was created.
    pub started: Option<Moment>,
    /// The group was never started.
    pub is_initialized: bool,
    /// The state as text.
    pub status: String,
    /// The mode, such as `INTEGRATED`.
    pub mode: Option<String>,
    /// The lag at the last checkpoint in milliseconds.
    pub lag: Option<u64>,
    /// The time since the last checkpoint in milliseconds.
    pub since: Option<u64>,
    /// The process id.
    pub process: Option<u64>,
    /// The source that it reads, as printed: `Oracle Redo Logs`, `File /u01/dirdat/lt000003` …
    pub source: Option<String>,
    /// The positions in the source.
    pub positions: Vec<ReadPosition>,
    /// `SOURCEISTABLE` or `SPECIALRUN`.
    pub task: Option<String>,
    /// The trails that it writes.
    pub trails: Vec<TargetTrail>,
    /// The sources that it has read.
    pub sources: Vec<SourceRange>,
    /// Directory, report, parameter file and so on, by the printed name. A file without a value has none.
    pub files: BTreeMap<String, Option<String>>,
    /// The checkpoints of SHOWCH.
    pub checkpoints: Vec<Checkpoint>,
    /// Keys and values of the blocks of SHOWCH that have no position: Header, Configuration, Status …
    pub blocks: BTreeMap<String, BTreeMap<String, String>>,
}

/// A position in the source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReadPosition {
    /// The place of the line.
    #[serde(flatten)]
    pub place: Place,
    /// The time of the record. `First Record` has none.
    pub time: Option<Moment>,
    /// The redo thread.
    pub thread: Option<u64>,
    /// The sequence number of the log.
    pub seqno: Option<u64>,
    /// The byte offset.
    pub rba: Option<u64>,
    /// The number of the record, of tables.
    pub record: Option<u64>,
    /// The SCN.
    pub scn: Option<u64>,
}

/// A trail that a group writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TargetTrail {
    /// The place of the line.
    #[serde(flatten)]
    pub place: Place,
    /// The path without the number.
    pub name: String,
    /// The sequence number of the file.
    pub seqno: Option<u64>,
    /// The byte offset.
    pub rba: Option<u64>,
    /// The largest size of a file in megabytes.
    pub max_mb: Option<u64>,
    /// `EXTTRAIL` or `RMTTRAIL`, in layouts that have the column.
    pub trail_type: Option<String>,
}

/// A source that was read, with its first and last time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SourceRange {
    /// The place of the line.
    #[serde(flatten)]
    pub place: Place,
    /// The path, or `Not Available`.
    pub name: String,
    /// The first time; `* Initialized *` is none.
    pub begin: Option<Moment>,
    /// The last time.
    pub end: Option<Moment>,
}

/// A checkpoint of SHOWCH.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Checkpoint {
    /// The place of the heading.
    #[serde(flatten)]
    pub place: Place,
    /// It is a write checkpoint; otherwise it is a read checkpoint.
    pub is_write: bool,
    /// The number of the heading.
    pub number: u64,
    /// The kind of log, as printed.
    pub log: Option<String>,
    /// The positions.
    pub positions: Vec<CheckpointPosition>,
}

/// A position of a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckpointPosition {
    /// The place of the heading.
    #[serde(flatten)]
    pub place: Place,
    /// The name as printed: `Startup Checkpoint`, `Recovery Checkpoint`, `Current Checkpoint` …
    pub name: String,
    /// The redo thread.
    pub thread: Option<u64>,
    /// The sequence number.
    pub sequence: Option<u64>,
    /// The byte offset.
    pub rba: Option<u64>,
    /// The time.
    pub time: Option<Moment>,
    /// The SCN.
    pub scn: Option<u64>,
    /// The redo file or the trail.
    pub file: Option<String>,
    /// Digits of the number in the names of the trail's files.
    pub seqno_length: Option<u64>,
    /// The trail changes from 6 to 9 digits.
    pub flips: Option<bool>,
    /// `EXTTRAIL` or `RMTTRAIL`.
    pub trail_type: Option<String>,
    /// Values of keys that the reader does not know.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, String>,
}

/// Returns the program and group of the first line of an answer.
fn head(text: &str) -> Option<(&str, &str)> {
    let mut words = text.split_whitespace();
    let program = words.next().filter(|word| matches!(*word, "EXTRACT" | "REPLICAT"))?;
    let group = words.next()?;
    let rest = words.collect::<Vec<_>>().join(" ");
    let is_english = rest.contains("Last Started") || rest.contains("Initialized") || rest.contains("Status ");
    (is_english || (!rest.is_ascii() && Moment::find(text).is_some())).then_some((program, group))
}

/// Returns whether a line starts an answer.
pub(crate) fn starts(text: &str) -> bool {
    // Most lines of a transcript start otherwise.
    text.trim_start().starts_with(['E', 'R']) && head(text).is_some()
}

/// Reads an answer.
pub(crate) fn read(scan: &mut Scan<'_>, faults: &mut Faults) -> GroupInfo {
    let mut found = GroupInfo::default();
    let Some(line) = scan.take() else { return found };
    found.place = line.place;
    first_line(&line.text, &mut found, faults);
    let mut part = Part::Info;
    while let Some(line) = scan.inside() {
        let (text, place) = (line.text.clone(), line.place);
        // Lines of a log end the answer.
        if crate::read::Events::new(text.as_bytes()).next().is_some() || text.trim() == "```" {
            break;
        }
        scan.skip();
        if !text.trim().is_empty() && !is_ruler(text.trim()) {
            part = part.line(&text, place, &mut found, faults);
        }
    }
    found
}

fn first_line(text: &str, found: &mut GroupInfo, faults: &mut Faults) {
    let Some((program, group)) = head(text) else { return };
    (found.program, found.group) = (program.to_owned(), kept(group));
    found.is_initialized = text.contains("Initialized");
    let time = Moment::find(text);
    found.started = time.as_ref().map(|(moment, _)| *moment);
    if found.started.is_none() {
        faults.add(found.place, FaultKind::NotATime, "started");
    }
    let status = text.rsplit_once("Status ").map(|(_, status)| status);
    if status.is_none() {
        faults.add(found.place, FaultKind::Localised, "status");
    }
    let last = || text.split_whitespace().last().filter(|word| word.is_ascii() && time.is_some());
    found.status = kept(status.or_else(last).unwrap_or(""));
    if !matches!(found.status.as_str(), "RUNNING" | "STOPPED" | "ABENDED" | "STARTING" | "STOPPING") {
        faults.add(found.place, FaultKind::UnknownState, &found.status);
    }
}

/// The part of the answer that a line is in.
#[derive(Clone, Debug)]
enum Part {
    Info,
    Trails,
    Sources,
    /// In a checkpoint, after its heading.
    Checkpoint,
    /// In a block with this name.
    Block(String),
}

impl Part {
    /// Takes a line; returns the part that the next one is in.
    fn line(self, text: &str, place: Place, found: &mut GroupInfo, faults: &mut Faults) -> Self {
        let line = text.trim();
        if let Some(next) = heading(line, place, found) {
            return next;
        }
        match self {
            Self::Trails if !is_file_line(line) => trail(line, place, found, faults),
            Self::Sources if !is_file_line(line) => source(line, place, found),
            Self::Checkpoint => checkpoint_line(line, place, found, faults),
            Self::Block(ref name) => {
                if let Some((key, value)) = line.split_once('=').or_else(|| line.split_once(':')) {
                    found.blocks.entry(name.clone()).or_default().insert(kept(key), kept(value));
                }
            }
            _ => return info_line(line, place, found, faults),
        }
        self
    }
}

/// Reads a heading; returns the part after it.
fn heading(line: &str, place: Place, found: &mut GroupInfo) -> Option<Part> {
    if line.starts_with("Target Extract Trails") || line.starts_with("Trail Name ") || line.starts_with("Remote Trail Name ") {
        return Some(Part::Trails);
    }
    if line.starts_with("Extract Source ") || line.starts_with("Log Source ") {
        return Some(Part::Sources);
    }
    if line.starts_with("Current Checkpoint Detail") {
        return Some(Part::Checkpoint);
    }
    for (label, is_write) in [("Read Checkpoint #", false), ("Write Checkpoint #", true)] {
        if let Some(number) = line.strip_prefix(label) {
            let number = number::whole(number).unwrap_or(0);
            found.checkpoints.push(Checkpoint { place, is_write, number, ..Checkpoint::default() });
            return Some(Part::Checkpoint);
        }
    }
    let name = line.strip_suffix(':')?;
    if line.contains("Checkpoint") && name != "Database Checkpoint" && !found.checkpoints.is_empty() {
        let name = name.split('(').next().map(str::trim).unwrap_or(name);
        let position = CheckpointPosition { place, name: kept(name), ..CheckpointPosition::default() };
        found.checkpoints.last_mut()?.positions.push(position);
        return Some(Part::Checkpoint);
    }
    let is_block = matches!(
        name,
        "Header" | "File Information" | "Configuration" | "Status" | "Database Checkpoint" | "CSN state information"
    );
    is_block.then(|| Part::Block(name.to_owned()))
}

/// The names of the lines with files that end DETAIL.
const FILES: [&str; 7] =
    ["Current directory", "Report file", "Parameter file", "Checkpoint file", "Process file", "Stdout file", "Error log"];

fn is_file_line(line: &str) -> bool {
    FILES.iter().any(|name| line.starts_with(name))
}

/// Takes a line of the part that every answer has.
fn info_line(line: &str, place: Place, found: &mut GroupInfo, faults: &mut Faults) -> Part {
    if let Some(name) = FILES.iter().find(|name| line.starts_with(**name)) {
        let value = line.get(name.len()..).map(str::trim).filter(|value| !value.is_empty());
        found.files.insert((*name).to_owned(), value.map(kept));
    } else if let Some(rest) = line.strip_prefix("Checkpoint Lag") {
        checkpoint_lag(rest.trim(), place, found, faults);
    } else if let Some(rest) = line.strip_prefix("Process ID") {
        found.process = number::whole(rest).map_err(|kind| faults.add(place, kind, "process")).ok();
    } else if let Some(rest) = line.strip_prefix("Log Read Checkpoint") {
        found.source = Some(kept(rest));
    } else if let Some(rest) = line.strip_prefix("Task ") {
        found.task = Some(kept(rest));
    } else if let Some(position) = position(line, place, faults) {
        put_position(position, found);
    } else if found.source.is_none() && line.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b' ') {
        found.mode = Some(kept(line));
    } else if !line.is_ascii() && clocks(line).len() == 2 {
        faults.add(place, FaultKind::Localised, "lag");
        checkpoint_lag(line, place, found, faults);
    } else if let (false, Some((_, source))) = (line.is_ascii(), line.split_once("  ")) {
        faults.add(place, FaultKind::Localised, "source");
        found.source.get_or_insert_with(|| kept(source));
    } else {
        let name = line.split("  ").next().unwrap_or(line);
        faults.add(place, FaultKind::UnknownKey, name);
    }
    Part::Info
}

fn clocks(text: &str) -> Vec<&str> {
    let is_part = |sign: char| !(sign.is_ascii_digit() || sign == ':');
    text.split(is_part).filter(|word| word.matches(':').count() == 2).collect()
}

/// Reads `00:00:01 (updated 00:00:05 ago)`. Each half is read on its own: one may have no value.
fn checkpoint_lag(text: &str, place: Place, found: &mut GroupInfo, faults: &mut Faults) {
    let (lag, since) = text.split_once(['(', '\u{ff08}']).map_or((text, None), |(lag, since)| (lag, Some(since)));
    found.lag = length(lag, "lag", place, faults);
    found.since = since.and_then(|since| length(since, "since", place, faults));
}

/// Reads the length of time in a text. A text that states that it is unknown has none, and is no fault; a negative one is a fault.
fn length(text: &str, what: &str, place: Place, faults: &mut Faults) -> Option<u64> {
    let Some(word) = clocks(text).first().copied() else {
        let lower = text.to_ascii_lowercase();
        if !["unknown", "not available", "n/a"].iter().any(|known| lower.contains(known)) {
            faults.add(place, FaultKind::NotANumber, what);
        }
        return None;
    };
    let is_negative = text.split_once(word).is_some_and(|(lead, _)| lead.ends_with(['-', '\u{2212}', '\u{ff0d}']));
    if is_negative {
        faults.add(place, FaultKind::NotANumber, what);
        return None;
    }
    clock(word, what, place, faults)
}

/// Reads a position: `time  Seqno n, RBA n`, `time  RBA n`, `First Record  RBA 0`, `Record n`, `SCN wrap.base (total)`.
fn position(line: &str, place: Place, faults: &mut Faults) -> Option<ReadPosition> {
    let mut position = ReadPosition { place, ..ReadPosition::default() };
    let rest = match Moment::at_start_of(line.as_bytes()) {
        Some((time, length)) => {
            position.time = Some(time);
            line.get(length..)?
        }
        None => line.strip_prefix("First Record").unwrap_or(line),
    };
    let mut words = rest.split([' ', ',', '\t']).filter(|word| !word.is_empty());
    let mut any = position.time.is_some();
    while let Some(label) = words.next() {
        let target = match label {
            "Seqno" => &mut position.seqno,
            "RBA" => &mut position.rba,
            "Record" => &mut position.record,
            "Thread" => &mut position.thread,
            "SCN" => {
                position.scn = scn(rest.split_once("SCN")?.1, place, faults);
                return Some(position);
            }
            _ => return any.then_some(position),
        };
        any = true;
        let value = rest.split_once(label)?.1.trim_start();
        // Thousands separators are part of the number.
        let word = value.split([' ', '\t']).next()?.trim_end_matches(',');
        *target = number::whole(word).map_err(|kind| faults.add(place, kind, label)).ok();
        words.next();
    }
    any.then_some(position)
}

/// Adds a position; an SCN on a line of its own belongs to the position before it.
fn put_position(position: ReadPosition, found: &mut GroupInfo) {
    let is_scn_only = position.scn.is_some() && position.time.is_none();
    match found.positions.last_mut().filter(|last| is_scn_only && last.scn.is_none()) {
        Some(last) => last.scn = position.scn,
        None => found.positions.push(position),
    }
}

/// Reads an SCN: `wrap.base (total)`, or one number. The total must be wrap × 2³² + base.
fn scn(text: &str, place: Place, faults: &mut Faults) -> Option<u64> {
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("not available") {
        return None;
    }
    let parts = text.split_once('.').and_then(|(wrap, rest)| {
        let base = rest.split([' ', '(']).next()?;
        wrap.parse::<u64>().ok()?.checked_mul(1 << 32)?.checked_add(base.parse().ok()?)
    });
    let total = text.split_once('(').map(|(_, total)| total.trim_end_matches(')')).unwrap_or(text);
    let total = number::whole(total).ok();
    match (parts, total) {
        (Some(parts), Some(total)) if parts != total && text.contains('(') => {
            faults.add(place, FaultKind::Contradiction, "scn");
            None
        }
        (Some(scn), _) | (None, Some(scn)) => Some(scn),
        (None, None) => {
            faults.add(place, FaultKind::NotANumber, "scn");
            None
        }
    }
}

/// Reads a line of the table of trails: name, number, offset, size, and the type in some layouts. The name may have blanks.
fn trail(line: &str, place: Place, found: &mut GroupInfo, faults: &mut Faults) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_number = |word: &&str| word.starts_with(|sign: char| sign.is_ascii_digit());
    let trail_type = words.last().filter(|word| !is_number(word)).map(|word| kept(word));
    let numbers = words.len() - usize::from(trail_type.is_some());
    let Some(first) = numbers.checked_sub(3).filter(|first| *first > 0) else {
        return faults.add(place, FaultKind::Cut, "trail");
    };
    let mut numbers =
        words.iter().skip(first).take(3).map(|word| number::whole(word).map_err(|kind| faults.add(place, kind, "trail")).ok());
    let mut next = || numbers.next().flatten();
    let (seqno, rba, max_mb) = (next(), next(), next());
    let name = words.iter().take(first).copied().collect::<Vec<_>>().join(" ");
    found.trails.push(TargetTrail { place, name: kept(&name), seqno, rba, max_mb, trail_type });
}

/// Reads a line of the table of sources: a path of any length, then two times or `* Initialized *`.
fn source(line: &str, place: Place, found: &mut GroupInfo) {
    let initialized = line.find("* Initialized *");
    let first = Moment::find(line).map(|(_, range)| range.start);
    let at = [initialized, first].into_iter().flatten().min().unwrap_or(line.len());
    let (name, times) = line.split_at_checked(at).unwrap_or((line, ""));
    let (begin, end) = match times.strip_prefix("* Initialized *") {
        Some(rest) => (None, time_in(rest)),
        None => {
            let begin = Moment::find(times);
            let rest = begin.as_ref().and_then(|(_, range)| times.get(range.end..)).unwrap_or("");
            (begin.map(|(time, _)| time), time_in(rest))
        }
    };
    found.sources.push(SourceRange { place, name: kept(name), begin, end });
}

/// Takes a line of a checkpoint: `key: value`, or the kind of log.
fn checkpoint_line(line: &str, place: Place, found: &mut GroupInfo, faults: &mut Faults) {
    let Some(checkpoint) = found.checkpoints.last_mut() else { return };
    let Some((key, value)) = line.split_once(':').map(|(key, value)| (key.trim(), value.trim())) else {
        checkpoint.log.get_or_insert_with(|| kept(line));
        return;
    };
    let Some(position) = checkpoint.positions.last_mut() else { return };
    let known = Some(value).filter(|value| !value.is_empty() && !value.eq_ignore_ascii_case("not available"));
    let mut number = |what: &str| known.and_then(|value| number::whole(value).map_err(|kind| faults.add(place, kind, what)).ok());
    match key {
        "Thread #" => position.thread = number(key),
        "Sequence #" => position.sequence = number(key),
        "RBA" => position.rba = number(key),
        "Seqno Length" => position.seqno_length = number(key),
        "Timestamp" => position.time = known.and_then(time_in),
        "SCN" => position.scn = known.and_then(|value| scn(value, place, faults)),
        "Redo File" | "Extract Trail" => position.file = known.map(kept),
        "Trail Type" => position.trail_type = known.map(kept),
        "Flip Seqno Length" => position.flips = known.map(|value| value.eq_ignore_ascii_case("yes")),
        other => {
            faults.add(place, FaultKind::UnknownKey, other);
            position.others.insert(kept(other), kept(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::transcript::{self, Section};

    fn groups(text: &str) -> (Vec<GroupInfo>, Faults) {
        let mut faults = Faults::default();
        let sections = transcript::read(text.as_bytes(), &mut faults).sections;
        let groups = sections.into_iter().filter_map(|section| match section {
            Section::Info(group) => Some(*group),
            _ => None,
        });
        (groups.collect(), faults)
    }

    #[test]
    fn detail_and_checkpoints() {
        let (found, faults) = groups(
            "GGSCI (h) 3> info e1, detail\n\n\
            EXTRACT    E1    Last Started 2024-12-29 19:30   Status RUNNING\nINTEGRATED\n\
            Checkpoint Lag       00:00:01 (updated 100:00:05 ago)\nProcess ID           448,717\n\
            Log Read Checkpoint  Oracle Redo Logs\n                     2025-03-11 10:12:42  Seqno 7404, RBA 215451648\n                     SCN 3123.2310539519 (13415493404927)\n\n\
            \x20 Target Extract Trails:\n\n  Trail Name                                       Seqno        RBA     Max MB Trail Type\n\n\
            \x20 ./dirdat/bi                                    1102   50268220        500 EXTTRAIL  \n\n\
            \x20 Extract Source                          Begin             End             \n\n\
            \x20 /oradata/a very/long/path/of/a/redo/log/redo04.log  2024-12-29 19:29  2025-03-11 10:12\n  Not Available                           * Initialized *   2024-12-29 19:29\n\n\
            Current directory    /u01\nReport file\n\
            Read Checkpoint #1\n\n  Oracle Redo Log\n\n  Startup Checkpoint (starting position in the data source):\n    Thread #: 1\n    Sequence #: 5405\n    SCN: Not available\n    Redo File: \n    Moon: full\n\n\
            Write Checkpoint #1\n\n  GGS Log Trail\n\n  Current Checkpoint (current write position):\n    Sequence #: 1102\n    RBA: 98001999\n    Extract Trail: ./dirdat/bi\n    Seqno Length: 9\n    Flip Seqno Length: No\n\n\
            Header:\n  Version = 2\n\nStatus:\n  Stop Status = A\n",
        );
        let group = &found[0];
        assert_eq!((group.lag, group.since, group.process), (Some(1_000), Some(360_005_000), Some(448_717)));
        assert_eq!(group.mode.as_deref(), Some("INTEGRATED"));
        assert_eq!((group.positions[0].seqno, group.positions[0].scn), (Some(7404), Some(13_415_493_404_927)));
        assert_eq!(
            (group.trails[0].seqno, group.trails[0].rba, group.trails[0].trail_type.as_deref()),
            (Some(1102), Some(50_268_220), Some("EXTTRAIL"))
        );
        assert_eq!((group.sources.len(), group.sources[1].begin), (2, None));
        assert!(group.sources[0].name.ends_with("redo04.log") && group.sources[0].end.is_some());
        assert_eq!(group.files["Report file"], None);
        assert_eq!(group.checkpoints.len(), 2);
        assert_eq!(
            (group.checkpoints[1].positions[0].rba, group.checkpoints[1].positions[0].flips),
            (Some(98_001_999), Some(false))
        );
        assert_eq!(group.blocks["Status"]["Stop Status"], "A");
        assert_eq!(faults.counts.into_iter().collect::<Vec<_>>(), [(FaultKind::UnknownKey, 1)]);
    }

    #[test]
    fn each_half_of_a_checkpoint_lag_has_its_own_value() {
        let of = |lag: &str| {
            let (found, faults) =
                groups(&format!("EXTRACT    E1    Last Started 2024-03-01 09:00   Status RUNNING\nCheckpoint Lag       {lag}\n"));
            (found[0].lag, found[0].since, faults.total())
        };
        for unknown in ["N/A", "Unknown", "unknown", "Not Available"] {
            assert_eq!(of(&format!("{unknown} (updated 00:00:09 ago)")), (None, Some(9_000), 0), "{unknown}");
        }
        assert_eq!(of("Not Available"), (None, None, 0));
        assert_eq!(of("00:00:07"), (Some(7_000), None, 0));
        assert_eq!(of("soon (updated 00:00:09 ago)"), (None, Some(9_000), 1));
        assert_eq!(of("00:00:00 (updated -00:00:03 ago)"), (Some(0), None, 1));
        assert_eq!(of("-00:00:03 (updated 00:00:01 ago)"), (None, Some(1_000), 1));
        let (found, faults) = groups(
            "EXTRACT    E1    上次启动 2024-03-01 09:00   状态 RUNNING\n检查点滞后       -00:00:03（更新于 00:00:01 前）\n",
        );
        assert_eq!((found[0].lag, found[0].since, faults.of(FaultKind::NotANumber)), (None, Some(1_000), 1));
    }

    #[test]
    fn what_cannot_be_known_is_absent() {
        let (found, faults) = groups(
            "REPLICAT   R1  Last Started 2017-09-12 17:06   Status ABENDED\nCheckpoint Lag       Not Available\n\
            Log Read Checkpoint  File /u01/dirdat/oe000000\n                     First Record  RBA 0\n\n\
            EXTRACT    E1    Initialized   2016-09-01 08:54   Status ASLEEP\nCheckpoint Lag       -00:00:01 (updated 00:00:05 ago)\nLog Read Checkpoint  Oracle Redo Logs\n   2025-03-11 10:12:42  SCN 1.1 (17)\n",
        );
        assert_eq!((found[0].lag, found[0].positions[0].rba, found[0].positions[0].time), (None, Some(0), None));
        assert_eq!((found[1].lag, found[1].since, found[1].is_initialized), (None, Some(5_000), true));
        assert_eq!(found[1].positions[0].scn, None);
        assert_eq!(
            faults.counts.into_iter().collect::<Vec<_>>(),
            [(FaultKind::NotANumber, 1), (FaultKind::UnknownState, 1), (FaultKind::Contradiction, 1)]
        );
        let (found, faults) = groups(
            "EXTRACT    E1   上次启动时间 2011-04-12 18:28   状态 RUNNING\n检查点滞后        00:00:07（更新时间 00:00:05 之前）\n",
        );
        assert_eq!((found[0].status.as_str(), found[0].lag, found[0].since), ("RUNNING", Some(7_000), Some(5_000)));
        assert_eq!(faults.of(FaultKind::Localised), 2);
    }
}
