//! Readers of what GoldenGate writes about itself, one file for each kind of artefact. A reader returns values and [`Faults`]; a line
//! that it cannot read costs only that line.

mod discard;
mod ggserr;
mod heartbeat;
mod info;
mod info_all;
mod lag;
mod lines;
mod listing;
mod manager;
mod pipelines;
mod report;
mod resolved;
mod rest;
mod scan;
mod stats;
mod statsd;
mod transactions;
mod transcript;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Result};

use crate::fault::Faults;
use crate::moment::Moment;
use crate::redact;

pub use discard::{DiscardEntry, DiscardFile, DiscardStart};
pub use ggserr::{Event, Events, Generation, Log, LogRecord, LoggedLag, Severity};
pub use heartbeat::HeartbeatObjects;
pub use info::{Checkpoint, CheckpointPosition, GroupInfo, ReadPosition, SourceRange, TargetTrail};
pub use info_all::{InfoAll, ProcessRow};
pub use lag::{HeartbeatLag, HeartbeatRow, LagAnswer};
pub use listing::{ListedFile, Listing};
pub use manager::{ManagerInfo, Reply, TextTable};
pub use pipelines::{LaneSeen, PipelineSeen};
pub use report::{ParameterLine, ProgressLine, RunReport, RunStatistics, RunTable, SourceContext};
pub use resolved::ResolvedObject;
pub(crate) use resolved::message as resolved_object;
pub use rest::{HeartbeatSample, Point, RestBody, RestItem, RestMessage, RestStatus, RestTrail};
pub use stats::{CountSet, Stats, TableStats};
pub use statsd::StatsdSample;
pub use transactions::OpenTransaction;
pub use transcript::{Command, Refused, Section, Transcript};

/// Bytes of an artefact that [`detect`] reads.
const LOOKED_AT: usize = 1 << 16;

/// The kind of an artefact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// The event log, `ggserr.log`.
    Log,
    /// Output of GGSCI or `adminclient`.
    Transcript,
    /// A body of the REST API, or rows of the heartbeat as JSON.
    Rest,
    /// StatsD lines.
    Statsd,
    /// A report of a process.
    Report,
    /// A discard file.
    Discard,
    /// The status of pipelines of trailcore.
    Pipelines,
    /// A request of the REST API: it has no values to read.
    RestRequest,
    /// A parameter file or a command file. It has no values to read here.
    Parameters,
    /// A properties file of a handler.
    Properties,
    /// JSON of another kind.
    OtherJson,
    /// XML, such as the control files of logging.
    Xml,
    /// A program.
    Script,
    /// Nothing, or blanks.
    Empty,
    /// None of these.
    Unknown,
}

/// An artefact that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reading {
    /// The path of the artefact, or the name that the caller gave it.
    pub artefact: String,
    /// The kind.
    pub kind: Kind,
    /// The time at which the artefact was observed, if the caller states it.
    pub observed: Option<Moment>,
    /// The bytes that were read.
    pub bytes: u64,
    /// The values.
    pub content: Content,
    /// The faults.
    pub faults: Faults,
}

/// The values of an artefact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// The events of a log.
    Log(Log),
    /// The sections of a transcript.
    Transcript(Transcript),
    /// A body of the REST API.
    Rest(Box<RestBody>),
    /// StatsD samples.
    Statsd(Vec<StatsdSample>),
    /// A report.
    Report(Box<RunReport>),
    /// A discard file.
    Discard(DiscardFile),
    /// The status of pipelines.
    Pipelines(Vec<PipelineSeen>),
}

/// Returns the kind of an artefact. `name` is its file name or empty: the endings `.rpt`, `.dsc`, `.prm`, `.oby`, `.properties` and
/// `.props` decide where the text can be of several kinds.
///
/// ```
/// use trailcore_ops::read::{Kind, detect};
/// assert_eq!(detect("", b"GGSCI (host) 5> info all"), Kind::Transcript);
/// assert_eq!(detect("", b"{\"messages\":[]}"), Kind::Rest);
/// ```
#[must_use]
pub fn detect(name: &str, bytes: &[u8]) -> Kind {
    let text = decoded(bytes.get(..LOOKED_AT).unwrap_or(bytes));
    let text = String::from_utf8_lossy(&text);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    match ending.as_str() {
        _ if text.is_empty() => Kind::Empty,
        "rpt" => Kind::Report,
        "dsc" => Kind::Discard,
        "prm" | "oby" | "mac" | "j2" => Kind::Parameters,
        "properties" | "props" => Kind::Properties,
        _ if text.starts_with(['{', '[']) && !text.starts_with("[1") => json_kind(bytes),
        _ if text.starts_with("<?xml") => Kind::Xml,
        _ if text.starts_with("#!") => Kind::Script,
        _ => text_kind(text),
    }
}

fn json_kind(bytes: &[u8]) -> Kind {
    match rest::read(&decoded(bytes), &mut Faults::default()) {
        Ok(_) | Err(rest::NotABody::Broken) => Kind::Rest,
        Err(rest::NotABody::Request) => Kind::RestRequest,
        Err(rest::NotABody::Other) if pipelines::read(&decoded(bytes), &mut Faults::default()).is_some() => Kind::Pipelines,
        Err(rest::NotABody::Other) => Kind::OtherJson,
    }
}

fn text_kind(text: &str) -> Kind {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let is_log = |line: &str| Events::new(line.as_bytes()).next().is_some();
    if lines().any(discard::is_discard) {
        return Kind::Discard;
    }
    // A prompt before a report: the banner of GGSCI looks like that of a process.
    if lines().any(|line| scan::prompt(line).is_some()) {
        return Kind::Transcript;
    }
    if lines().any(report::is_report) {
        return Kind::Report;
    }
    let has_section = || !transcript::read(text.as_bytes(), &mut Faults::default()).sections.is_empty();
    if lines().next().is_some_and(|first| !is_log(first)) && has_section() {
        return Kind::Transcript;
    }
    if lines().next().is_some_and(heartbeat::starts) || lines().any(|line| line.contains("OGG-14054")) {
        return Kind::Transcript;
    }
    if lines().any(is_log) {
        return Kind::Log;
    }
    if lines().all(statsd::is_sample) {
        return Kind::Statsd;
    }
    let first =
        lines().find(|line| !line.trim_start().starts_with("--")).and_then(|line| line.split_whitespace().next()).unwrap_or("");
    match first.to_ascii_uppercase().as_str() {
        "EXTRACT" | "REPLICAT" | "PORT" | "DEFSFILE" | "MAP" | "TABLE" | "MACRO" => Kind::Parameters,
        _ => Kind::Unknown,
    }
}

/// Returns a text as UTF-8: Windows writes redirected output as UTF-16.
pub(crate) fn decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    let encoding = match bytes {
        [0xff, 0xfe, ..] => encoding_rs::UTF_16LE,
        [0xfe, 0xff, ..] => encoding_rs::UTF_16BE,
        _ => return Cow::Borrowed(bytes),
    };
    Cow::Owned(encoding.decode(bytes).0.into_owned().into_bytes())
}

impl Reading {
    /// Reads an artefact. `kind` is none if it is to be detected.
    ///
    /// ```
    /// use trailcore_ops::read::{Content, Reading};
    /// let text = b"Manager is running (IP port gg1.7809, Process ID 18221).";
    /// let reading = Reading::of("info.txt", text, None)?;
    /// let Content::Transcript(transcript) = &reading.content else { panic!() };
    /// assert_eq!(transcript.sections[0].name(), "manager");
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if the artefact is of a kind without values to read, which the message names;
    /// [`ErrorKind::Corrupt`] if it is empty, or JSON that is damaged.
    pub fn of(artefact: &str, bytes: &[u8], kind: Option<Kind>) -> Result<Self> {
        let kind = kind.unwrap_or_else(|| detect(artefact, bytes));
        let mut faults = Faults::default();
        let text = decoded(bytes);
        let content = match kind {
            Kind::Log => Content::Log(ggserr::read(&text, &mut faults)),
            Kind::Transcript => Content::Transcript(sections(artefact, &text, &mut faults)?),
            Kind::Rest => Content::Rest(Box::new(body(artefact, &text, &mut faults)?)),
            Kind::Statsd => Content::Statsd(statsd::read(&text, &mut faults)),
            Kind::Report => Content::Report(Box::new(report::read(&text, &mut faults))),
            Kind::Discard => Content::Discard(discard::read(&text, &mut faults)),
            Kind::Pipelines => {
                let found = pipelines::read(&text, &mut faults);
                Content::Pipelines(found.ok_or_else(|| refused(artefact, Kind::OtherJson))?)
            }
            other => return Err(refused(artefact, other)),
        };
        Ok(Self { artefact: artefact.to_owned(), kind, observed: None, bytes: bytes.len() as u64, content, faults })
    }

    /// Returns the artefact with the time at which it was observed.
    #[must_use]
    pub fn observed(mut self, at: Option<Moment>) -> Self {
        self.observed = at;
        self
    }

    /// Masks what can be data of tables: values in texts of messages (SQL, and details of a database's messages), and fields of the last
    /// record of a report that are no field of its header. Names of objects, codes, positions and counts stay.
    ///
    /// ```
    /// use trailcore_ops::read::{Content, Reading};
    /// let text = b"2024-01-28 05:31:36  WARNING OGG-00869  Oracle GoldenGate Delivery for Oracle, r1.prm:  INSERT INTO A.B VALUES ('Smith').\n";
    /// let Content::Log(log) = Reading::of("ggserr.log", text, None)?.masked().content else { panic!() };
    /// assert_eq!(log.events[0].text, "INSERT INTO A.B VALUES******");
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    #[must_use]
    pub fn masked(mut self) -> Self {
        let record = |record: &mut LogRecord| record.text = redact::message(&record.text);
        match &mut self.content {
            Content::Log(log) => log.events.iter_mut().for_each(record),
            Content::Transcript(transcript) => transcript.events.iter_mut().for_each(record),
            Content::Report(report) => {
                report.messages.iter_mut().chain(&mut report.cause).for_each(record);
                report.last_record.retain(|name, _| report::is_header_field(name));
            }
            Content::Rest(body) => {
                body.messages.iter_mut().for_each(|message| message.title = redact::message(&message.title));
                let text = |point: &mut Point| {
                    if let Point::Text(text) = point {
                        *text = redact::message(text);
                    }
                };
                body.points.values_mut().for_each(text);
            }
            Content::Statsd(_) | Content::Discard(_) | Content::Pipelines(_) => {}
        }
        self
    }

    /// Returns the sections of a transcript; other kinds have none.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        match &self.content {
            Content::Transcript(transcript) => &transcript.sections,
            _ => &[],
        }
    }

    /// Keeps the sections with a name, such as `info_all` or `lag`.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if there are none: the text is not the output of this command. It is never an empty success.
    pub fn only(mut self, section: &str) -> Result<Self> {
        let names: Vec<_> = self.sections().iter().map(Section::name).collect();
        if !names.contains(&section) {
            let found = if names.is_empty() { format!("a {:?}", self.kind).to_lowercase() } else { names.join(", ") };
            let what = format!("{} is not the output of this command: no {section} in it; it has {found}", self.artefact);
            return Err(Error::new(ErrorKind::Unsupported, what));
        }
        if let Content::Transcript(transcript) = &mut self.content {
            transcript.sections.retain(|found| found.name() == section);
        }
        Ok(self)
    }
}

fn sections(artefact: &str, text: &[u8], faults: &mut Faults) -> Result<Transcript> {
    let found = transcript::read(text, faults);
    if found.sections.is_empty() && found.events.is_empty() {
        let what =
            format!("{artefact} is not the output of a command that is known: {} lines were not recognised", faults.total());
        return Err(Error::new(ErrorKind::Unsupported, what));
    }
    Ok(found)
}

fn body(artefact: &str, text: &[u8], faults: &mut Faults) -> Result<RestBody> {
    rest::read(text, faults).map_err(|reason| match (reason, faults.first.first()) {
        (rest::NotABody::Broken, Some(fault)) => {
            let what = format!("{artefact} is not JSON: {} at line {}, offset {}", fault.what, fault.line, fault.offset);
            Error::new(ErrorKind::Corrupt, what)
        }
        (rest::NotABody::Request, _) => refused(artefact, Kind::RestRequest),
        _ => refused(artefact, Kind::OtherJson),
    })
}

/// The error of an artefact without values to read.
fn refused(artefact: &str, kind: Kind) -> Error {
    let what = match kind {
        Kind::RestRequest => "is a request of the REST API, not an answer",
        Kind::Parameters => "is a parameter or command file, which has no values to read",
        Kind::Properties => "is a properties file, which has no values to read",
        Kind::OtherJson => "is JSON of another kind than a body of the REST API or the status of pipelines",
        Kind::Xml => "is XML, such as a control file of logging",
        Kind::Script => "is a program",
        Kind::Empty => "is empty",
        _ => "is of no known kind",
    };
    let class = if kind == Kind::Empty { ErrorKind::Corrupt } else { ErrorKind::Unsupported };
    Error::new(class, format!("{artefact} {what}")).hint("name its kind if it was detected wrongly")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultKind;

    #[test]
    fn a_message_without_end_is_cut_and_counted() {
        let head = "2024-01-28 05:31:36  ERROR   OGG-00664  Oracle GoldenGate Capture for Oracle, e1.prm:  OCI Error\n";
        let line = format!("    {}\n", "x".repeat(60));
        let text = |lines: usize| head.to_owned() + &line.repeat(lines);
        for kind in [Kind::Log, Kind::Transcript, Kind::Report] {
            let of = |lines: usize| {
                let reading = Reading::of("a", text(lines).as_bytes(), Some(kind)).unwrap();
                let record = match &reading.content {
                    Content::Log(log) => log.events[0].clone(),
                    Content::Transcript(transcript) => transcript.events[0].clone(),
                    Content::Report(report) => report.messages[0].clone(),
                    other => panic!("{other:?}"),
                };
                (record.text.len() < 20_000, reading.faults.of(FaultKind::Truncated) > 0)
            };
            assert_eq!((of(10), of(400)), ((true, false), (true, true)), "{kind:?}");
            // Joining them would take minutes.
            assert_eq!(of(200_000), (true, true), "{kind:?}");
        }
    }

    #[test]
    fn a_session_with_its_banner_is_no_report() {
        let table = "Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\nEXTRACT     RUNNING     E1          00:00:00      00:00:09\n";
        let banner = "Oracle GoldenGate Command Interpreter for Oracle\nVersion 19.1.0.0.4\n\n\
            Copyright (C) 1995, 2019, Oracle and/or its affiliates. All rights reserved.\n\n";
        for prompt in ["GGSCI (h) 1> info all\n", "OGG (http://h D) 2> info all\n", ""] {
            let text = format!("{banner}{prompt}{table}");
            assert_eq!(detect("", text.as_bytes()), Kind::Transcript, "{prompt}");
        }
        let report = format!("***********\n{banner}                    Starting at 2024-01-28 05:31:33\n");
        assert_eq!(detect("", report.as_bytes()), Kind::Report);
    }
}
