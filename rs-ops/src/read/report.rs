//! Reports of processes (`.rpt`): banner, parameters, messages, statistics, the context of an abend, REPORTCOUNT.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fault::{FaultKind, Faults, Place};
use crate::moment::Moment;
use crate::number;
use crate::read::ggserr::{Events, LogRecord, Severity};
use crate::read::lines::{Line, Lines, kept};
use crate::read::resolved::{self, ResolvedObject};
use crate::read::scan::{is_ruler, masked, time_in};

/// A report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunReport {
    /// The program of the banner, such as `Oracle GoldenGate Capture for Oracle`.
    pub program: Option<String>,
    /// The version.
    pub version: Option<String>,
    /// The build.
    pub build: Option<String>,
    /// The time of the start.
    pub started: Option<Moment>,
    /// The host.
    pub host: Option<String>,
    /// The process id.
    pub process: Option<u64>,
    /// The group that the parameters name.
    pub group: Option<String>,
    /// The parameters as echoed. Passwords are masked.
    pub parameters: Vec<ParameterLine>,
    /// The messages.
    pub messages: Vec<LogRecord>,
    /// The contexts of errors.
    pub contexts: Vec<SourceContext>,
    /// The objects that the process found for TABLE and MAP.
    pub resolved: Vec<ResolvedObject>,
    /// The statistics.
    pub statistics: Vec<RunStatistics>,
    /// The lines of REPORTCOUNT.
    pub progress: Vec<ProgressLine>,
    /// Keys and values of the last committed record.
    pub last_record: BTreeMap<String, String>,
    /// The last position that the report states: sequence number and byte offset.
    pub position: Option<(u64, u64)>,
    /// The process abended.
    pub is_abended: bool,
    /// The first error before the abend: the cause, as far as the report has it.
    pub cause: Option<LogRecord>,
}

/// An echoed parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ParameterLine {
    /// The place of the line.
    #[serde(flatten)]
    pub place: Place,
    /// The text.
    pub text: String,
}

/// The place in GoldenGate's own source that an error names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SourceContext {
    /// The place of the heading.
    #[serde(flatten)]
    pub place: Place,
    /// `SourceModule`, `SourceFunction` … with their values.
    pub values: BTreeMap<String, String>,
    /// The number of lines of the backtrace.
    pub frames: u64,
}

/// Statistics of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunStatistics {
    /// The place of the heading.
    #[serde(flatten)]
    pub place: Place,
    /// The time of the report.
    pub at: Option<Moment>,
    /// The time since which operations count.
    pub since: Option<Moment>,
    /// The tables.
    pub tables: Vec<RunTable>,
}

/// The counts of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunTable {
    /// The place of the heading.
    #[serde(flatten)]
    pub place: Place,
    /// The source table.
    pub source: String,
    /// The target table.
    pub target: Option<String>,
    /// The counts by name.
    pub counts: BTreeMap<String, u64>,
}

/// A line of REPORTCOUNT, with the rates as printed and as they follow from the numbers and times.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProgressLine {
    /// The place of the line.
    #[serde(flatten)]
    pub place: Place,
    /// The records since the start.
    pub records: u64,
    /// The time.
    pub at: Option<Moment>,
    /// Records in a second since the start, as printed.
    pub rate: Option<u64>,
    /// Records in a second since the line before, as printed.
    pub delta: Option<u64>,
    /// Records in a second since the start, computed.
    pub computed_rate: Option<f64>,
    /// Records in a second since the line before, computed.
    pub computed_delta: Option<f64>,
    /// The printed and the computed numbers cannot both be right, even with times of whole seconds.
    pub is_contradictory: bool,
}

/// Returns whether a line can only be of a report.
pub(crate) fn is_report(text: &str) -> bool {
    let text = text.trim_matches(['*', ' ']);
    ["Run Time Messages", "Run Time Statistics", "Running with the following parameters"].contains(&text)
        || text.contains(" records processed as of ")
        || text.starts_with("Source Context")
        || text.starts_with("Starting at ") && Moment::find(text).is_some()
        || (text.starts_with("Report at ") && text.contains("activity since"))
}

/// The section of the report that a line is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Banner,
    System,
    Parameters,
    Messages,
    Statistics,
    LastRecord,
    Context,
}

/// Reads a report.
pub(crate) fn read(bytes: &[u8], faults: &mut Faults) -> RunReport {
    let mut found = RunReport::default();
    let mut part = Part::Banner;
    let mut lines = Lines::new(bytes);
    // The message whose text may go on.
    let mut open: Option<LogRecord> = None;
    // The place and entry of a line without time whose object is in the next one.
    let mut entry: Option<(Place, String)> = None;
    while let Some(line) = lines.take(faults) {
        let text = line.text.trim();
        if let Some(mut record) = Events::new(line.text.as_bytes()).next().map(|event| event.record()) {
            found.messages.extend(open.take());
            record.place = line.place;
            open = Some(record);
            if matches!(part, Part::Context | Part::Banner | Part::System) {
                part = Part::Messages;
            }
            continue;
        }
        if let Some((place, entry)) = entry.take() {
            if let Some(object) = resolved::object(place, &entry, text) {
                found.resolved.push(object);
                continue;
            }
        }
        if let Some((own, rest)) = resolved::head(text) {
            found.messages.extend(open.take());
            found.resolved.extend(resolved::object(line.place, own, rest));
            entry = rest.is_empty().then(|| (line.place, own.to_owned()));
            continue;
        }
        if let Some(next) = heading(text, &line, part, &mut found) {
            found.messages.extend(open.take());
            part = next;
            continue;
        }
        if let Some(record) = &mut open {
            let is_indented = line.text.starts_with([' ', '\t']);
            if !text.is_empty() && (is_indented || !record.text.ends_with('.')) {
                record.push_line(text, line.place, faults);
                continue;
            }
            // A blank line ends a message whose sentence has ended.
            if record.text.ends_with('.') || text.is_empty() {
                found.messages.extend(open.take());
            }
        }
        if !text.is_empty() {
            part = take(part, &line, &mut found, faults);
        }
    }
    found.messages.extend(open);
    found.resolved.extend(found.messages.iter().filter_map(|message| resolved::message(message.place, &message.text)));
    found.resolved.sort_by_key(|object| object.place.offset);
    finish(&mut found);
    found
}

/// Reads a heading; returns the part after it.
fn heading(text: &str, line: &Line<'_>, part: Part, found: &mut RunReport) -> Option<Part> {
    let inner = text.trim_matches(['*', ' ']);
    if inner == "Running with the following parameters" {
        return Some(Part::Parameters);
    }
    if inner == "Run Time Messages" {
        return Some(Part::Messages);
    }
    if inner == "Run Time Statistics" {
        return Some(Part::Statistics);
    }
    if text.starts_with("Source Context") {
        found.contexts.push(SourceContext { place: line.place, ..SourceContext::default() });
        return Some(Part::Context);
    }
    if text.starts_with("Last record for the last committed transaction") {
        return Some(Part::LastRecord);
    }
    if text.starts_with("Report at ") && text.contains("since") {
        let mut times = text.split("since").map(time_in);
        let (at, since) = (times.next().flatten(), times.next().flatten());
        found.statistics.push(RunStatistics { place: line.place, at, since, tables: Vec::new() });
        return Some(Part::Statistics);
    }
    (is_ruler(text) && !(part == Part::Banner && found.program.is_none())).then_some(part)
}

/// Takes a line of a part; returns the part that the next one is in.
fn take(part: Part, line: &Line<'_>, found: &mut RunReport, faults: &mut Faults) -> Part {
    let text = line.text.trim();
    if let Some((records, rest)) = text.split_once(" records processed as of ") {
        progress(records, rest, line.place, found, faults);
        return part;
    }
    if let Some(next) = system(text, line.place, found, faults) {
        return if part == Part::Parameters { part } else { next };
    }
    if let Some(at) = reading(text, line.place, faults) {
        found.position = Some(at);
        return Part::Statistics;
    }
    match part {
        Part::Banner => banner(text, found),
        Part::Parameters => parameter(text, line.place, found),
        Part::Statistics => statistics(text, line.place, found, faults),
        Part::Context => context(text, found),
        Part::LastRecord => last_record(text, found),
        // Prose between messages.
        Part::System | Part::Messages => {}
    }
    part
}

/// Takes the lines about host and process, which stand in any part.
fn system(text: &str, place: Place, found: &mut RunReport, faults: &mut Faults) -> Option<Part> {
    if let Some(rest) = text.strip_prefix("Starting at ") {
        found.started = time_in(rest);
        if found.started.is_none() {
            faults.add(place, FaultKind::NotATime, "starting at");
        }
    } else if let Some(host) = text.strip_prefix("Node: ") {
        found.host = Some(kept(host));
    } else if let Some(id) = text.strip_prefix("Process id: ") {
        found.process = number::whole(id).map_err(|kind| faults.add(place, kind, "process")).ok();
    } else if !text.starts_with("Operating System Version") {
        return None;
    }
    Some(Part::System)
}

fn banner(text: &str, found: &mut RunReport) {
    if is_ruler(text) {
        return;
    }
    if let Some(rest) = text.strip_prefix("Version ") {
        let mut words = rest.split_whitespace();
        found.version = words.next().map(kept);
        found.build = words.next().map(|first| kept(&std::iter::once(first).chain(words).collect::<Vec<_>>().join(" ")));
    } else if found.program.is_none() && text.contains("GoldenGate") {
        let (program, version) =
            text.split_once(", ").filter(|(_, rest)| rest.starts_with(|sign: char| sign.is_ascii_digit())).unwrap_or((text, ""));
        found.program = Some(kept(program));
        found.version = Some(kept(version)).filter(|version| !version.is_empty());
    }
}

fn parameter(text: &str, place: Place, found: &mut RunReport) {
    let mut words = text.split_whitespace();
    if let Some("EXTRACT" | "REPLICAT") = words.next().map(str::to_uppercase).as_deref() {
        if let Some(group) = words.next().filter(|_| found.group.is_none()) {
            found.group = Some(kept(group.trim_end_matches(';')).to_uppercase());
        }
    }
    found.parameters.push(ParameterLine { place, text: masked(text) });
}

fn statistics(text: &str, place: Place, found: &mut RunReport, faults: &mut Faults) {
    let Some(statistics) = found.statistics.last_mut() else { return };
    if let Some(rest) = text.strip_prefix("From Table ").or_else(|| text.strip_prefix("From table ")) {
        let rest = rest.trim_end_matches(':');
        let (source, target) = rest.split_once(" to ").map_or((rest, None), |(source, target)| (source, Some(kept(target))));
        statistics.tables.push(RunTable { place, source: kept(source), target, counts: BTreeMap::new() });
    } else if let Some((name, value)) = text.strip_prefix('#').and_then(|rest| rest.split_once(':')) {
        let Some(table) = statistics.tables.last_mut() else {
            return faults.add(place, FaultKind::UnknownLine, "count without a table");
        };
        match number::whole(value) {
            Ok(number) => drop(table.counts.insert(kept(name), number)),
            Err(kind) => faults.add(place, kind, name.trim()),
        }
    }
}

/// Reads "Reading …, current RBA 3,828, 2 records, m_file_seqno = 97, m_file_rba = 4,071".
fn reading(text: &str, place: Place, faults: &mut Faults) -> Option<(u64, u64)> {
    let mut value = |name: &str| {
        let rest = text.split_once(name)?.1.trim_start_matches([' ', '=']);
        number::whole(rest.split(", ").next()?.trim_end_matches(['.', ','])).map_err(|kind| faults.add(place, kind, name)).ok()
    };
    text.starts_with("Reading ").then(|| Some((value("m_file_seqno")?, value("m_file_rba")?))).flatten()
}

fn context(text: &str, found: &mut RunReport) {
    let Some(context) = found.contexts.last_mut() else { return };
    match text.split_once(" : ").or_else(|| text.split_once(": ")) {
        Some((name, value)) if name.starts_with("Source") || name.starts_with("Thread") => {
            context.frames += u64::from(name.starts_with("ThreadBacktrace"));
            context.values.insert(kept(name), kept(value.trim_matches(['[', ']'])));
        }
        _ => context.frames += 1,
    }
}

fn last_record(text: &str, found: &mut RunReport) {
    // Two pairs stand in a line; the value of the first ends where the second name starts, which only wide gaps show.
    for part in text.split("  ").filter(|part| !part.trim().is_empty()) {
        if let Some((name, value)) =
            part.split_once(':').filter(|(name, _)| name.len() < 24 && name.starts_with(|sign: char| sign.is_alphabetic()))
        {
            found.last_record.insert(kept(name), kept(value));
        }
    }
}

/// Fields of the header of a record, as a report prints its last one.
const HEADER_FIELDS: [&str; 17] = [
    "Trail name",
    "Hdr-Ind",
    "Partition",
    "UndoFlag",
    "BeforeAfter",
    "RecLength",
    "IO Time",
    "IOType",
    "OrigNode",
    "TransInd",
    "FormatType",
    "SyskeyLen",
    "Incomplete",
    "AuditRBA",
    "AuditPos",
    "Continued",
    "RecCount",
];

/// Returns whether a field of the last record is one of its header.
pub(crate) fn is_header_field(name: &str) -> bool {
    HEADER_FIELDS.iter().any(|known| known.eq_ignore_ascii_case(name.trim()))
}

fn progress(records: &str, rest: &str, place: Place, found: &mut RunReport, faults: &mut Faults) {
    let digits = records.rsplit([' ', '\t', ':']).next().unwrap_or("");
    let records = match number::whole(digits) {
        Ok(records) => records,
        Err(kind) => return faults.add(place, kind, "records"),
    };
    let value = |name: &str| number::whole(rest.split_once(name)?.1.split([',', ')']).next()?).ok();
    let at = time_in(rest);
    let last = found.progress.last();
    let (rate, delta) = (value("rate "), value("delta "));
    let computed_rate = at.zip(found.started).and_then(|(at, started)| per_second(records, at.since(started)?));
    let before = last.and_then(|last| Some((records.checked_sub(last.records)?, at?.since(last.at?)?)));
    let computed_delta = before.and_then(|(records, micros)| per_second(records, micros));
    let is_wrong =
        |printed: Option<u64>, records: u64, micros: i64| printed.is_some_and(|printed| !can_be(printed, records, micros));
    let start = at.zip(found.started).and_then(|(at, started)| at.since(started));
    let is_contradictory = before.is_some_and(|(records, micros)| is_wrong(delta, records, micros))
        || start.is_some_and(|micros| is_wrong(rate, records, micros));
    if is_contradictory {
        faults.add(place, FaultKind::Contradiction, "rate");
    }
    found.progress.push(ProgressLine { place, records, at, rate, delta, computed_rate, computed_delta, is_contradictory });
}

fn per_second(records: u64, micros: i64) -> Option<f64> {
    (micros > 0).then(|| records as f64 * 1e6 / micros as f64)
}

/// Returns whether a printed rate can be right: both times are cut to whole seconds.
fn can_be(printed: u64, records: u64, micros: i64) -> bool {
    let (least, most) = ((micros - 1_000_000).max(1), micros + 1_000_000);
    let rate = |micros: i64| records as f64 * 1e6 / micros as f64;
    micros >= 0 && printed as f64 <= rate(least).ceil() && printed as f64 >= rate(most).floor()
}

/// Finds the abend and its cause.
fn finish(found: &mut RunReport) {
    found.is_abended = found.messages.iter().any(|message| message.code.as_deref() == Some("OGG-01668"));
    if found.is_abended {
        found.cause = found.messages.iter().find(|message| message.severity == Severity::Error).cloned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (RunReport, Faults) {
        let mut faults = Faults::default();
        let report = read(text.as_bytes(), &mut faults);
        (report, faults)
    }

    #[test]
    fn from_banner_to_abend() {
        let (found, faults) = of(
            "***********\n                 Oracle GoldenGate Capture for Oracle\n    Version 21.3.0.0.0 OGGCORE_21.3_FBO\n                    Starting at 2024-01-28 05:31:33\n***********\n\
            Operating System Version:\nLinux\nNode: h1.example\nProcess id: 5097\n***********\n**            Running with the following parameters                  **\n***********\n\
            2024-01-28 05:31:33  INFO    OGG-03035  Operating system character set identified as UTF-8.\nextract ext1\nuserid gg, password canary\n\
            2024-01-28 05:31:35  INFO    OGG-25340\nDatabase Version:\nX 1\n\nSource Context :\n  SourceModule            : [ggdb.ora.sess]\n  SourceLine              : [498]\n\
            2024-01-28 05:31:36  ERROR   OGG-00664  OCI Error during OCIServerAttach (status\n = 12560).\n2024-01-28 05:31:37  ERROR   OGG-01668  PROCESS ABENDING.\n",
        );
        assert_eq!(
            (found.program.as_deref(), found.version.as_deref(), found.host.as_deref()),
            (Some("Oracle GoldenGate Capture for Oracle"), Some("21.3.0.0.0"), Some("h1.example"))
        );
        assert_eq!((found.process, found.group.as_deref(), found.parameters.len()), (Some(5097), Some("EXT1"), 2));
        assert_eq!((found.messages.len(), found.messages[1].text.as_str()), (4, "Database Version:\nX 1"));
        assert_eq!(found.contexts[0].values["SourceModule"], "ggdb.ora.sess");
        assert_eq!((found.is_abended, found.cause.as_ref().and_then(|cause| cause.code.as_deref())), (true, Some("OGG-00664")));
        assert!(!format!("{found:?}{faults:?}").contains("canary"));
    }

    #[test]
    fn statistics_and_rates() {
        let (found, faults) = of(
            "  Starting at 2024-01-01 12:00:00\n1000 records processed as of 2024-01-01 12:00:10 (rate 100,delta 100)\n\
            x.rpt:   3,000 records processed as of 2024-01-01 12:00:20 (rate 150,delta 900)\n*                   ** Run Time Statistics **                         *\n\
            Reading ./dirdat/x000000097, current RBA 3,828, 2 records, m_file_seqno = 97, m_file_rba = 4,071\n\
            Report at 2024-01-01 12:00:30 (activity since 2024-01-01 12:00:00)\nFrom Table A.B to C.D:\n  #                     inserts:        1,025\n  # moons: x\n",
        );
        assert_eq!((found.progress[1].computed_rate, found.progress[1].computed_delta), (Some(150.0), Some(200.0)));
        assert_eq!((found.progress[0].is_contradictory, found.progress[1].is_contradictory), (false, true));
        assert_eq!((found.position, found.statistics[0].tables[0].counts["inserts"]), (Some((97, 4_071)), 1_025));
        assert_eq!(faults.counts.into_iter().collect::<Vec<_>>(), [(FaultKind::NotANumber, 1), (FaultKind::Contradiction, 1)]);
    }

    #[test]
    fn resolved_objects_with_and_without_a_time() {
        let (found, _) = of("**                     Run Time Messages                             **\n\n\
            Wildcard MAP resolved (entry HR.*):\n  MAP \"HR\".\"EMP\", TARGET DW.\"EMP\";\n\
            Using following columns in default map by name:\n  ID, NAME\n\n\
            2024-01-28 05:31:36  INFO    OGG-06506  Wildcard MAP resolved (entry HR.*): MAP \"HR\".\"DEPT\", target DW.\"DEPT\".\n");
        let names: Vec<_> = found.resolved.iter().map(|own| (own.place.line, &*own.source, own.target.as_deref())).collect();
        assert_eq!(names, [(3, "HR.EMP", Some("DW.EMP")), (8, "HR.DEPT", Some("DW.DEPT"))]);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            read(&bytes, &mut Faults::default());
        }
    }
}
