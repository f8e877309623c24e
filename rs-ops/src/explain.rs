//! Why a process stopped: the first error of its last run, the record and table that it is about, the parameter line, what goes on and
//! what does not, and the next steps as text. [`timeline`] has the events of all artefacts in one order, and [`skip`] what is lost by
//! going on after a record. Nothing is started, altered or written.
//!
//! ```text
//! artefacts ──► Timeline ──► the last run of a group ──► cause ──► position ──► record ──► table ──► parameter ──► next steps
//! ```

mod codes;
mod home;
mod place;
mod record;
mod steps;
mod timeline;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trailcore::{ReadOptions, Result, Trail};

use crate::config::{ParameterPlace, Parameters};
use crate::input::{Input, RefusedInput, read_all};
use crate::model::{ProcessState, Snapshot, Stream, StreamKind, TrailName};
use crate::moment::Moment;
use crate::read::Severity;

pub(crate) use home::Gathered;

pub use codes::{CodeRole, Codes, KnownCode};
pub use record::{RecordSeen, SkipReport, SkipRequest, skip};
pub use steps::NextStep;
pub use timeline::{ClockOffset, EventKind, FoundZone, Timeline, TimelineEvent, TimelineRequest, timeline};

/// Events of a chain that are kept on each side of the cause.
const AROUND: usize = 20;

/// Microseconds before an error in which a warning can be its cause.
const NEAR: i64 = 120_000_000;

/// The request of `ops.explain`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ExplainRequest {
    /// The artefacts: logs, reports, discard files, output of INFO, REST bodies. A folder, such as a home, stands for the logs, reports
    /// and discard files in it, and for its parameter files and trails.
    pub inputs: Vec<Input>,
    /// Only this group; else every group that has an error or does not run.
    pub group: Option<String>,
    /// Parameter files, or folders with them. The echo in a report is used where a file is missing.
    pub parameters: Vec<Input>,
    /// Paths of trails, such as `dirdat/rt`, in which the record is looked up.
    pub trails: Vec<String>,
    /// The path of a definitions file for these trails.
    pub defs: Option<String>,
    /// Lines about codes, `code|role|class|meaning|check; check|source`, which come before the known ones.
    pub codes: Option<String>,
}

/// `ops.explain`: why processes stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExplainReport {
    /// An explanation for each group, the one whose error came first at the start.
    pub groups: Vec<Explanation>,
    /// The distances of clocks, from messages that two artefacts have.
    pub clocks: Vec<ClockOffset>,
    /// The zones of artefacts whose times have none, from such messages.
    pub zones: Vec<FoundZone>,
    /// The artefacts that were refused.
    pub refused: Vec<RefusedInput>,
}

/// Why a group stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Explanation {
    /// The deployment.
    pub deployment: String,
    /// The group or path; empty for errors of lines without one.
    pub group: String,
    /// The kind of stream.
    pub kind: StreamKind,
    /// The state as text; empty if no artefact states it.
    pub status: String,
    /// The first error of its last run; its last warning if there is no error. Null if the artefacts have neither.
    pub cause: Option<ChainEvent>,
    /// The events of the run around the cause, in order, the cause among them.
    pub chain: Vec<ChainEvent>,
    /// The meaning of the code of the cause, if it is known.
    pub known: Option<KnownCode>,
    /// Known codes that resemble the code of the cause, if that is unknown.
    pub similar: Vec<KnownCode>,
    /// Codes of a database in the chain, such as `ORA-00001`.
    pub database_codes: Vec<String>,
    /// The time of the cause in the first of its last runs that ended with the same code.
    pub since: Option<Moment>,
    /// The runs that ended so, one after the other.
    pub runs: u64,
    /// The process was started again after the last error, and has no error since.
    pub is_running_again: bool,
    /// The position in the trail that the artefacts name.
    pub position: Option<RecordPlace>,
    /// The record there, and what would be lost by skipping it.
    pub record: Option<SkipReport>,
    /// The source table.
    pub table: Option<String>,
    /// The target table.
    pub target: Option<String>,
    /// The statement of the parameters that the table, or the message, belongs to.
    pub parameter: Option<ParameterPlace>,
    /// Streams that get nothing because this one stopped, as `deployment/group`.
    pub affected: Vec<String>,
    /// Streams that run.
    pub unaffected: Vec<String>,
    /// The next steps, as text. None of them is carried out.
    pub next: Vec<NextStep>,
    /// Facts that are not known, and the artefacts that would show them.
    pub unknown: Vec<String>,
}

/// An event of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChainEvent {
    /// Its part in the end of the process; null for an unknown code.
    pub role: Option<CodeRole>,
    /// The event.
    #[serde(flatten)]
    pub event: TimelineEvent,
}

/// A position in a trail that an artefact names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordPlace {
    /// The trail as it is written there, without the number; null if it is not named.
    pub trail: Option<String>,
    /// The sequence number of the file.
    pub seqno: u64,
    /// The byte offset.
    pub rba: u64,
    /// The origin: `discard file`, `message` or `checkpoint`. A checkpoint is at or before the record.
    pub origin: String,
    /// The artefact.
    pub artefact: String,
}

/// Answers `ops.explain`.
///
/// ```
/// use trailcore_ops::Input;
/// use trailcore_ops::explain::{ExplainRequest, explain};
/// let log = "2024-01-28 05:31:35  WARNING OGG-01004  Oracle GoldenGate Delivery for Oracle, r1.prm:  Aborted grouped transaction on HR.EMP, Database error 1 (ORA-00001).\n\
///            2024-01-28 05:31:36  ERROR   OGG-01296  Oracle GoldenGate Delivery for Oracle, r1.prm:  Error mapping from HR.EMP to HR.EMP2.\n\
///            2024-01-28 05:31:37  ERROR   OGG-01668  Oracle GoldenGate Delivery for Oracle, r1.prm:  PROCESS ABENDING.\n";
/// let report = explain(&ExplainRequest {
///     inputs: vec![Input::text("ggserr.log", log)],
///     parameters: vec![Input::text("r1.prm", "REPLICAT r1\nUSERIDALIAS ogg\nMAP HR.*, TARGET HR.*;\n")],
///     ..ExplainRequest::default()
/// })?;
/// let found = &report.groups[0];
/// assert_eq!(found.cause.as_ref().unwrap().event.code.as_deref(), Some("OGG-01296"));
/// assert_eq!((found.table.as_deref(), found.parameter.as_ref().unwrap().line), (Some("HR.EMP"), 3));
/// assert_eq!(found.database_codes, ["ORA-00001"]);
/// # Ok::<(), trailcore::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidArgument`](trailcore::ErrorKind::InvalidArgument) for lines about codes that have another form; the errors of
/// opening a folder, a trail or the definitions.
pub fn explain(request: &ExplainRequest) -> Result<ExplainReport> {
    let codes = match &request.codes {
        Some(text) => Codes::own().with(text)?,
        None => Codes::own().clone(),
    };
    let Gathered { inputs, mut parameters, mut trails } = Gathered::of(&request.inputs)?;
    parameters.splice(0..0, request.parameters.iter().cloned());
    trails.splice(0..0, request.trails.iter().cloned());
    let read = read_all(&inputs);
    let echoes: Vec<Input> = inputs.iter().filter(|input| is_report(input, &read)).cloned().collect();
    let timeline = Timeline::of(&read);
    let mut by_group: BTreeMap<(&str, &str), Vec<&TimelineEvent>> = BTreeMap::new();
    for event in &timeline.events {
        by_group.entry((&event.deployment, event.group.as_deref().unwrap_or_default())).or_default().push(event);
    }
    let case = Case {
        timeline: &timeline,
        by_group,
        snapshot: Snapshot::of(&read),
        parameters: Parameters::read(&parameters),
        trails,
        echoes: Parameters::read(&echoes),
        codes,
        request,
    };
    let mut groups = Vec::new();
    for (deployment, group) in case.groups() {
        groups.extend(case.explain(&deployment, &group)?);
    }
    let first = |one: &Explanation| one.cause.as_ref().and_then(|cause| cause.event.time).map_or(i64::MAX, timeline::sort_micros);
    // The group whose error came first may have stopped the others.
    groups.sort_by_key(|one| (one.is_running_again, !one.has_error(), first(one)));
    let refused = timeline.refused.iter().chain(&case.parameters.refused).cloned().collect();
    Ok(ExplainReport { groups, clocks: timeline.clocks.clone(), zones: timeline.zones.clone(), refused })
}

fn is_report(input: &Input, read: &[(Input, Result<crate::read::Reading>)]) -> bool {
    read.iter()
        .any(|(own, reading)| own == input && reading.as_ref().is_ok_and(|reading| reading.kind == crate::read::Kind::Report))
}

impl Explanation {
    /// Returns the discarded record that belongs to the end: near the cause in time, or in the run's own part of its file.
    fn discarded(&self) -> Option<&ChainEvent> {
        let cause = &self.cause.as_ref()?.event;
        let starts = |event: &TimelineEvent| {
            let is_start = |other: &ChainEvent| other.event.kind == EventKind::Start && other.event.artefact == event.artefact;
            self.chain.iter().any(is_start)
        };
        self.chain.iter().rev().filter(|event| event.event.kind == EventKind::Discard).find(|event| match event.event.time {
            Some(_) => {
                timeline::distance(&event.event, cause) <= NEAR && (cause.time.is_some() || cause.kind == EventKind::Discard)
            }
            None => cause.kind == EventKind::Discard || starts(&event.event),
        })
    }

    /// Returns the events whose texts are about the end: the cause, then other errors, then what explains them.
    fn told(&self) -> impl Iterator<Item = &ChainEvent> {
        let near =
            |event: &&ChainEvent| self.cause.as_ref().is_some_and(|cause| timeline::distance(&cause.event, &event.event) <= NEAR);
        let is_error = |event: &&ChainEvent| event.event.severity == Severity::Error && event.event.kind == EventKind::Message;
        let explains = |event: &&ChainEvent| matches!(event.role, Some(CodeRole::Context | CodeRole::Cause));
        let errors = self.chain.iter().filter(is_error).filter(near);
        self.cause.iter().chain(errors).chain(self.chain.iter().filter(explains).filter(near))
    }

    /// Returns whether its last run has an error, rather than warnings only.
    #[must_use]
    pub fn has_error(&self) -> bool {
        self.chain.iter().any(|event| event.event.severity == Severity::Error)
    }
}

/// The artefacts of all groups.
struct Case<'a> {
    timeline: &'a Timeline,
    /// The events by deployment and group.
    by_group: BTreeMap<(&'a str, &'a str), Vec<&'a TimelineEvent>>,
    snapshot: Snapshot,
    parameters: Parameters,
    trails: Vec<String>,
    echoes: Parameters,
    codes: Codes,
    request: &'a ExplainRequest,
}

impl Case<'_> {
    /// Returns the groups to explain.
    fn groups(&self) -> Vec<(String, String)> {
        let wanted = self.request.group.as_deref();
        let of_events = self.timeline.events.iter().filter_map(|event| {
            let group = event.group.clone().unwrap_or_default();
            // Manager warns about the groups; a line without a group may be about any of them.
            let is_bad = match event.severity {
                Severity::Error => true,
                Severity::Warning => !matches!(&*group, "" | "MGR"),
                _ => wanted.is_some(),
            };
            is_bad.then(|| (event.deployment.clone(), group))
        });
        let is_down = |stream: &&Stream| matches!(stream.state, ProcessState::Abended) || wanted.is_some();
        let of_states =
            self.snapshot.streams.iter().filter(is_down).map(|stream| (stream.deployment.clone(), stream.name.clone()));
        let mut groups: Vec<_> = of_events.chain(of_states).collect();
        groups.retain(|(_, group)| wanted.is_none_or(|wanted| group.eq_ignore_ascii_case(wanted)));
        groups.sort();
        groups.dedup();
        groups
    }

    /// Returns `None` for a group that has nothing but warnings which ask for nothing.
    fn explain(&self, deployment: &str, group: &str) -> Result<Option<Explanation>> {
        let events: &[&TimelineEvent] = self.by_group.get(&(deployment, group)).map_or(&[], Vec::as_slice);
        let stream = self.snapshot.stream(deployment, group);
        let mut found = Explanation {
            deployment: deployment.to_owned(),
            group: group.to_owned(),
            kind: stream.map_or(StreamKind::Unknown, |stream| stream.kind),
            status: stream.map_or_else(String::new, |stream| stream.status.clone()),
            ..Explanation::default()
        };
        if found.kind == StreamKind::Unknown {
            found.kind = self.kind_of(events);
        }
        self.cause(events, stream, &mut found);
        let is_asked = self.request.group.is_some() || stream.is_some_and(|stream| stream.state == ProcessState::Abended);
        if found.cause.is_none() && !is_asked {
            return Ok(None);
        }
        self.place(stream, &mut found);
        self.look_up(&mut found)?;
        self.table(&mut found);
        self.others(&mut found);
        self.missing(&mut found);
        found.next = steps::next(&found);
        Ok(Some(found))
    }

    /// Returns the kind of a group by the programs of its messages.
    fn kind_of(&self, events: &[&TimelineEvent]) -> StreamKind {
        let is = |word: &str| events.iter().any(|event| event.program.as_deref().is_some_and(|program| program.contains(word)));
        match (is("Capture"), is("Delivery")) {
            (true, false) => StreamKind::Extract,
            (false, true) => StreamKind::Replicat,
            _ if events.iter().any(|event| event.kind == EventKind::Discard) => StreamKind::Replicat,
            _ => StreamKind::Unknown,
        }
    }

    fn role(&self, event: &TimelineEvent) -> Option<CodeRole> {
        self.codes.get(event.code.as_deref()?).map(|known| known.role)
    }

    /// Finds the first error of the last run that has one, and how many runs ended so.
    fn cause(&self, events: &[&TimelineEvent], stream: Option<&Stream>, found: &mut Explanation) {
        let runs = runs(events);
        let first_error = |run: &[&TimelineEvent]| self.first(run, Severity::Error);
        let with_error = runs.iter().rposition(|run| first_error(run).is_some());
        let chosen = with_error.or_else(|| runs.iter().rposition(|run| self.first(run, Severity::Warning).is_some()));
        let Some((number, run)) = chosen.and_then(|number| Some((number, runs.get(number)?))) else { return };
        let Some(at) = first_error(run).or_else(|| self.first(run, Severity::Warning)) else { return };
        let chained = |event: &&TimelineEvent| ChainEvent { role: self.role(event), event: (*event).clone() };
        let around = run.get(at.saturating_sub(AROUND)..(at + AROUND + 1).min(run.len())).unwrap_or_default();
        found.chain = around.iter().filter(|event| self.belongs(event)).map(chained).collect();
        let Some(cause) = run.get(at) else { return };
        found.cause = Some(chained(cause));
        // Times of different zones have no certain order, and a state counts more than a log.
        let is_down = stream.is_some_and(|stream| matches!(stream.state, ProcessState::Abended | ProcessState::Stopped));
        let later = runs.get(number + 1..).unwrap_or_default();
        let starts = later.iter().flat_map(|run| run.iter()).any(|event| event.kind == EventKind::Start);
        found.is_running_again = with_error.is_some() && starts && !is_down && !self.timeline.is_mixed;
        for text in found.chain.iter().map(|event| event.event.raw.as_str()) {
            for code in place::database_codes(text) {
                if !found.database_codes.contains(&code) {
                    found.database_codes.push(code);
                }
            }
        }
        let code = |run: &&&[&TimelineEvent]| first_error(run).and_then(|at| run.get(at)).map(|event| event.code.clone());
        let own = Some(cause.code.clone());
        let same: Vec<_> = runs.get(..=number).unwrap_or_default().iter().rev().take_while(|run| code(run) == own).collect();
        // With times in different zones, one stop can look like two.
        let count = if self.timeline.is_mixed { 1 } else { same.len().max(1) };
        found.runs = count as u64;
        let earliest = same.get(count - 1).and_then(|run| first_error(run).and_then(|at| run.get(at)));
        found.since = earliest.map_or(cause.time, |event| event.time);
        if let Some(code) = &cause.code {
            found.known = self.codes.get(code).cloned();
            if found.known.is_none() {
                found.similar = self.codes.similar(code).into_iter().cloned().collect();
            }
        }
    }

    /// Returns the index of the first event of a severity that no other one explains; else of the first one, of a discarded record at
    /// last.
    fn first(&self, run: &[&TimelineEvent], severity: Severity) -> Option<usize> {
        let is_error = |event: &&TimelineEvent| event.severity == severity && event.kind == EventKind::Message;
        // Errors that the process has survived do not belong to its end: the last errors follow each other closely.
        let mut burst = run.len();
        for (at, event) in run.iter().enumerate().rev().filter(|(_, event)| is_error(event)) {
            if run.get(burst).is_some_and(|later| timeline::distance(event, later) > NEAR) {
                break;
            }
            burst = at;
        }
        let start = if severity == Severity::Error { burst } else { 0 };
        let is_of_end = |event: &&TimelineEvent| run.get(start).is_none_or(|first| first.time <= event.time);
        let is_message = |event: &&TimelineEvent| is_error(event) && is_of_end(event);
        let is_cause = |event: &&TimelineEvent| {
            let follows = matches!(self.role(event), Some(CodeRole::Consequence | CodeRole::Context | CodeRole::Information));
            is_message(event) && !follows
        };
        let any = run.iter().position(is_message);
        // An error that only follows from another one: a database error is often a warning before it.
        let warned = || {
            let error = run.get(any.filter(|_| severity == Severity::Error)?)?;
            let is_near = |event: &&TimelineEvent| timeline::distance(event, error) <= NEAR && event.time <= error.time;
            let is_warning =
                |event: &&TimelineEvent| event.severity == Severity::Warning && self.role(event) == Some(CodeRole::Cause);
            run.iter().position(|event| is_near(event) && is_warning(event))
        };
        let discarded = || run.iter().position(|event| event.severity == severity && event.kind == EventKind::Discard);
        run.iter().position(is_cause).or_else(warned).or(any).or_else(discarded)
    }

    /// Returns whether an event of a run belongs to the story of its end.
    fn belongs(&self, event: &TimelineEvent) -> bool {
        let is_bad = matches!(event.severity, Severity::Error | Severity::Warning);
        is_bad || matches!(event.kind, EventKind::Start | EventKind::Discard) || self.role(event) == Some(CodeRole::Context)
    }

    /// Finds the position: of the discarded record, of a message of the chain, or of the checkpoint.
    fn place(&self, stream: Option<&Stream>, found: &mut Explanation) {
        if matches!(found.kind, StreamKind::Extract | StreamKind::InitialLoad) {
            return;
        }
        let read = stream.and_then(|stream| stream.read.as_ref());
        if let Some((event, (seqno, rba))) = found.discarded().and_then(|event| Some((event, event.event.at?))) {
            let trail = event.event.trail.clone().or_else(|| read.map(|point| point.trail.clone()));
            let artefact = event.event.artefact.clone();
            found.position = Some(RecordPlace { trail, seqno, rba, origin: "discard file".to_owned(), artefact });
            return;
        }
        let named = found.told().find_map(|event| Some((event, place::position(&event.event.raw)?)));
        if let Some((event, place)) = named {
            if let Some(seqno) = place.seqno.or(read.map(|point| point.seqno)) {
                found.position = Some(RecordPlace {
                    trail: place.trail.or_else(|| read.map(|point| point.trail.clone())),
                    seqno,
                    rba: place.rba.unwrap_or_default(),
                    origin: "message".to_owned(),
                    artefact: event.event.artefact.clone(),
                });
                return;
            }
        }
        found.position = read.map(|point| RecordPlace {
            trail: Some(point.trail.clone()),
            seqno: point.seqno,
            rba: point.rba,
            origin: "checkpoint".to_owned(),
            artefact: point.evidence.artefact.clone(),
        });
    }

    fn look_up(&self, found: &mut Explanation) -> Result<()> {
        let Some(position) = &found.position else { return Ok(()) };
        let name = position.trail.as_deref().map(TrailName::parse);
        let fits = |path: &&String| {
            name.as_ref().is_none_or(|name| TrailName::parse(path).is_same(name) || is_same_stem(path, &name.path))
        };
        let paths: Vec<&String> = self.trails.iter().filter(fits).collect();
        // Several trails of the same name may be of different homes.
        let [path] = paths.as_slice() else { return Ok(()) };
        let mut options = ReadOptions::new();
        if let Some(defs) = &self.request.defs {
            options = options.catalog(trailcore::schema::Catalog::open(defs)?);
        }
        found.record = Some(record::look_up(&Trail::open(path)?, options, (position.seqno, position.rba))?);
        Ok(())
    }

    /// Finds the table and the statement that selects it.
    fn table(&self, found: &mut Explanation) {
        let discarded = found.discarded().and_then(|event| event.event.tables.clone());
        let told = || found.told().find_map(|event| place::tables(&event.event.raw));
        let is_exact = found.position.as_ref().is_some_and(|position| position.origin != "checkpoint");
        let record = found.record.as_ref().and_then(|record| record.record.as_ref()).filter(|_| is_exact);
        let tables = discarded.or_else(told);
        let differs = |seen: &&RecordSeen| tables.as_ref().is_some_and(|(table, _)| !is_same_table(&seen.table, table));
        let other = record.filter(differs).map(|seen| seen.table.clone());
        let tables = tables.or_else(|| record.map(|record| (record.table.clone(), None)));
        if let Some(other) = other {
            found.unknown.push(format!("the record: the trail has one of {other} there, so it may be another trail"));
            found.record = None;
        }
        let (deployment, group) = (&found.deployment.clone(), &found.group.clone());
        if let Some((table, target)) = tables {
            let files = [&self.parameters, &self.echoes];
            found.parameter = files.iter().find_map(|files| files.mapping(deployment, group, &table));
            (found.table, found.target) = (Some(table), target);
        }
        if let (None, Some(cause)) = (&found.parameter, &found.cause) {
            let is_parameter = found.known.as_ref().is_some_and(|known| known.class == "parameter");
            if is_parameter {
                let files = [&self.parameters, &self.echoes];
                found.parameter = files.iter().find_map(|files| files.named(deployment, group, &cause.event.raw));
            }
        }
    }

    /// Finds the streams that depend on this one, and the others that run.
    fn others(&self, found: &mut Explanation) {
        let own = (found.deployment.as_str(), found.group.as_str());
        let mut waiting = vec![(own.0.to_owned(), own.1.to_owned())];
        let mut affected: Vec<(String, String)> = Vec::new();
        while let Some((deployment, name)) = waiting.pop() {
            let is_writer = |side: &crate::model::Side| side.deployment == deployment && side.name == name;
            let reads = |link: &&crate::model::Link| link.writer.as_ref().is_some_and(is_writer);
            for link in self.snapshot.links.iter().filter(reads) {
                let reader = (link.reader.deployment.clone(), link.reader.name.clone());
                if reader != (own.0.to_owned(), own.1.to_owned()) && !affected.contains(&reader) {
                    affected.push(reader.clone());
                    waiting.push(reader);
                }
            }
        }
        affected.sort();
        let id = |(deployment, name): &(String, String)| format!("{deployment}/{name}");
        let is_free = |stream: &&Stream| {
            let key = (stream.deployment.clone(), stream.name.clone());
            stream.state == ProcessState::Running && !affected.contains(&key) && (key.0.as_str(), key.1.as_str()) != own
        };
        found.unaffected = self.snapshot.streams.iter().filter(is_free).map(Stream::id).collect();
        found.affected = affected.iter().map(id).collect();
    }

    /// States what the artefacts do not show.
    fn missing(&self, found: &mut Explanation) {
        let mut unknown = std::mem::take(&mut found.unknown);
        let mut add = |text: &str| unknown.push(text.to_owned());
        let is_report = |event: &&TimelineEvent| {
            std::iter::once(&event.artefact).chain(&event.also).any(|name| name.to_ascii_lowercase().ends_with(".rpt"))
        };
        let has_report = self.by_group.get(&(&*found.deployment, &*found.group)).is_some_and(|own| own.iter().any(is_report));
        if found.cause.is_none() {
            add("no error: give ggserr.log of the time of the stop, and the report");
        } else if !has_report {
            add("details that only the report has: give the report");
        }
        let reads_trail = !matches!(found.kind, StreamKind::Extract | StreamKind::InitialLoad);
        match (&found.position, &found.record) {
            (None, _) if reads_trail => add("the position: give the discard file, or INFO with DETAIL"),
            (Some(position), None) => {
                let trail = position.trail.as_deref().unwrap_or("the trail that it reads");
                add(&format!("the record at {}:{}: give the path of {trail}", position.seqno, position.rba));
            }
            (_, Some(SkipReport { problem: Some(problem), .. })) => add(&format!("the record: {problem}")),
            _ => {}
        }
        if found.table.is_some() && found.parameter.is_none() {
            add("the statement that selects the table: give the parameter file");
        }
        if self.timeline.is_mixed {
            add("the order of times with a zone and times without one: set the zone of the inputs");
        }
        found.unknown = unknown;
    }
}

/// Returns whether two paths end with the same name of a trail, such as `rt`: files that were copied elsewhere.
fn is_same_stem(path: &str, name: &str) -> bool {
    let stem = |path: &str| TrailName::parse(path).path.rsplit('/').next().map(str::to_owned);
    stem(path) == stem(name)
}

/// Returns whether two names are of the same table: one may lack the container.
fn is_same_table(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_ascii_uppercase(), other.to_ascii_uppercase());
    one == other || one.ends_with(&format!(".{other}")) || other.ends_with(&format!(".{one}"))
}

/// Cuts the events of a group into its runs: one ends with the message that it abends or stops, and before the next start.
fn runs<'a, 'b>(events: &'b [&'a TimelineEvent]) -> Vec<&'b [&'a TimelineEvent]> {
    const ENDS: [&str; 4] = ["OGG-01668", "OGG-00991", "OGG-00994", "OGG-10238"];
    let (mut runs, mut start) = (Vec::new(), 0);
    for (index, event) in events.iter().enumerate() {
        let is_end = event.code.as_deref().is_some_and(|code| ENDS.contains(&code));
        let starts_next = event.kind == EventKind::Start
            && events.get(start..index).is_some_and(|run| run.iter().any(|event| event.kind != EventKind::Start));
        if starts_next {
            runs.extend(events.get(start..index).filter(|run| !run.is_empty()));
            start = index;
        }
        if is_end {
            // A record that is discarded with the last error may have its time.
            let rest = events.get(index + 1..).unwrap_or_default();
            let is_late = |next: &&&TimelineEvent| {
                next.kind == EventKind::Discard && (next.time.is_none() || timeline::distance(event, next) <= NEAR)
            };
            let more = rest.iter().take_while(is_late).count();
            if index + 1 + more > start {
                runs.extend(events.get(start..index + 1 + more));
                start = index + 1 + more;
            }
        }
    }
    runs.extend(events.get(start..).filter(|run| !run.is_empty()));
    runs
}
