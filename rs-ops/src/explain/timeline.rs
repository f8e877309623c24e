//! [`Timeline`]: the messages, discarded records, starts and commits of all artefacts in one order.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use trailcore::{Error, ReadOptions, Result, Trail};

use super::Gathered;
use crate::fault::Place;
use crate::input::{Input, RefusedInput, read_all};
use crate::moment::Moment;
use crate::read::{Content, DiscardFile, LogRecord, Reading, RestBody, Severity};
use crate::redact;

/// Events of a timeline; more are cut off at its start.
const MOST: usize = 1_000_000;

/// Microseconds within which two artefacts have the same message.
const SAME: i64 = 3_000_000;

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A process starts.
    Start,
    /// A message.
    Message,
    /// A record is discarded.
    Discard,
    /// Transactions commit in the database, as the trail has them.
    Commit,
}

/// An event of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TimelineEvent {
    /// The time, as its clock shows it.
    pub time: Option<Moment>,
    /// The deployment.
    pub deployment: String,
    /// The group or path. A report without one has the name of its file.
    pub group: Option<String>,
    /// The program, such as `Capture` or `Delivery`.
    pub program: Option<String>,
    /// The kind.
    pub kind: EventKind,
    /// The severity of a message.
    pub severity: Severity,
    /// The code, such as `OGG-01296`.
    pub code: Option<String>,
    /// The text, with secrets masked.
    pub text: String,
    /// The number of times that it occurred.
    pub times: u64,
    /// The artefact, whose clock is that of the time.
    pub artefact: String,
    /// The place in it.
    #[serde(flatten)]
    pub place: Place,
    /// Other artefacts that have the same message.
    pub also: Vec<String>,
    /// The position in a trail of a discarded record, or of the first commit.
    pub at: Option<(u64, u64)>,
    /// The source and the target table of a discarded record.
    pub tables: Option<(String, Option<String>)>,
    /// The trail that a discarded record names.
    #[serde(skip)]
    pub(super) trail: Option<String>,
    /// The text with its values, in which positions and names are found.
    #[serde(skip)]
    pub(super) raw: String,
    #[serde(skip)]
    is_of_log: bool,
}

/// The distance of two clocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClockOffset {
    /// The artefact with the first clock.
    pub artefact: String,
    /// The artefact with the other one.
    pub other: String,
    /// Milliseconds that the other clock is ahead: the median of the messages that both have.
    pub millis: i64,
    /// The messages that both have.
    pub messages: u64,
}

/// The zone of an artefact whose times have none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FoundZone {
    /// The artefact.
    pub artefact: String,
    /// Minutes that its times are ahead of UTC.
    pub minutes: i16,
    /// The messages that it shares with an artefact whose times have a zone, and that show this.
    pub messages: u64,
}

/// The request of `ops.timeline`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TimelineRequest {
    /// The artefacts: logs, reports, discard files, REST bodies. A folder, such as a home, stands for those in it.
    pub inputs: Vec<Input>,
    /// Paths of trails whose commits are counted by minute.
    pub trails: Vec<String>,
    /// Only events of this group.
    pub group: Option<String>,
    /// Only events from this time on.
    pub from: Option<Moment>,
    /// Only events before this time.
    pub until: Option<Moment>,
}

/// `ops.timeline`: the events of all artefacts in one order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timeline {
    /// The events. Those without a time stay after the one before them in their artefact. A time without a zone is placed as if it
    /// were UTC, unless shared messages show the zone of its artefact; `zone` of an input sets its zone.
    pub events: Vec<TimelineEvent>,
    /// The zones that shared messages show.
    pub zones: Vec<FoundZone>,
    /// The distances of clocks, from messages that two artefacts have.
    pub clocks: Vec<ClockOffset>,
    /// Some times have a zone and others have none: their order is not certain.
    pub is_mixed: bool,
    /// Events before the first one that are left out.
    pub left_out: u64,
    /// The artefacts that were refused.
    pub refused: Vec<RefusedInput>,
}

/// Answers `ops.timeline`.
///
/// ```
/// use trailcore_ops::Input;
/// use trailcore_ops::explain::{TimelineRequest, timeline};
/// let log = "2024-01-28 05:31:36  ERROR   OGG-00664  Oracle GoldenGate Delivery for Oracle, r1.prm:  OCI Error.\n";
/// let report = "2024-01-28 05:31:37  ERROR   OGG-00664  OCI Error.\n";
/// let inputs = vec![Input::text("ggserr.log", log), Input::text("R1.rpt", report)];
/// let timeline = timeline(&TimelineRequest { inputs, ..TimelineRequest::default() })?;
/// assert_eq!((timeline.events.len(), timeline.clocks[0].millis), (1, 1_000));
/// # Ok::<(), trailcore::Error>(())
/// ```
///
/// # Errors
/// The errors of opening a folder, and of reading a trail.
pub fn timeline(request: &TimelineRequest) -> Result<Timeline> {
    let mut timeline = Timeline::of(&read_all(&Gathered::of(&request.inputs)?.inputs));
    for path in &request.trails {
        let (events, error) = commits(path)?;
        timeline.events.extend(events);
        timeline.refused.extend(error.map(|error| RefusedInput { artefact: path.clone(), reason: error.to_string() }));
    }
    timeline.sort();
    let group = request.group.as_deref();
    // A limit without a zone is in that of the inputs.
    let zone = request.inputs.iter().find_map(|input| input.zone);
    let [from, until] = [request.from, request.until].map(|limit| limit.map(|limit| limit.in_zone(zone)));
    let is_wanted = |event: &TimelineEvent| {
        let at = event.time.map(sort_micros);
        let is_of_group = |group: &str| event.group.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(group));
        (event.kind == EventKind::Commit || group.is_none_or(is_of_group))
            && from.is_none_or(|from| at >= Some(sort_micros(from)))
            && until.is_none_or(|until| at < Some(sort_micros(until)))
    };
    timeline.events.retain(is_wanted);
    Ok(timeline)
}

/// The microseconds that order times: a time without a zone counts as UTC.
pub(super) fn sort_micros(time: Moment) -> i64 {
    time.utc(Some(0)).map_or(0, |time| time.unix_micros())
}

impl Timeline {
    /// Returns the events of artefacts, in order, each message once.
    pub(crate) fn of(inputs: &[(Input, Result<Reading>)]) -> Self {
        let mut timeline = Self::default();
        for (input, reading) in inputs {
            match reading {
                Ok(reading) => Source { input, reading }.events(&mut timeline.events),
                Err(error) => {
                    let refused = RefusedInput { artefact: input.label().to_owned(), reason: error.to_string() };
                    timeline.refused.push(refused);
                }
            }
        }
        timeline.find_zones();
        timeline.sort();
        timeline.join();
        timeline
    }

    /// Finds the zones of artefacts whose times have none: by messages that they share with one whose times have a zone, if the times
    /// differ by a multiple of 15 minutes. Two messages have to show the same zone, and fewer another one.
    fn find_zones(&mut self) {
        /// Messages with the same code that are compared.
        const COMPARED: usize = 64;
        let mut zoned: HashMap<&str, Vec<&TimelineEvent>> = HashMap::new();
        for event in self.events.iter().filter(|event| event.time.is_some_and(|time| time.utc(None).is_some())) {
            let known = event.code.as_deref().map(|code| zoned.entry(code).or_default());
            known.into_iter().filter(|known| known.len() < COMPARED).for_each(|known| known.push(event));
        }
        let mut votes: BTreeMap<&str, BTreeMap<i16, u64>> = BTreeMap::new();
        for event in &self.events {
            let Some(time) = event.time.filter(|time| time.utc(None).is_none()) else { continue };
            let others = event.code.as_deref().and_then(|code| zoned.get(code)).into_iter().flatten();
            let same = others.filter(|other| is_same(other, event)).filter_map(|other| other.time);
            let zones: BTreeSet<i16> = same.filter_map(|other| zone_between(time, other)).collect();
            let own = votes.entry(&event.artefact).or_default();
            zones.into_iter().for_each(|zone| *own.entry(zone).or_default() += 1);
        }
        let mut found = Vec::new();
        for (artefact, votes) in votes {
            let Some((minutes, messages)) = votes.iter().map(|(zone, count)| (*zone, *count)).max_by_key(|(_, count)| *count)
            else {
                continue;
            };
            let is_certain = votes.iter().all(|(zone, count)| *zone == minutes || *count < messages);
            if messages >= 2 && is_certain {
                found.push(FoundZone { artefact: artefact.to_owned(), minutes, messages });
            }
        }
        for event in &mut self.events {
            let zone = found.iter().find(|zone| zone.artefact == event.artefact).map(|zone| zone.minutes);
            event.time = event.time.map(|time| time.in_zone(zone));
        }
        self.zones = found;
    }

    fn sort(&mut self) {
        let mut last = BTreeMap::new();
        let mut keyed: Vec<_> = std::mem::take(&mut self.events)
            .into_iter()
            .map(|event| {
                let before = last.get(&event.artefact).copied().unwrap_or(i64::MIN);
                let key = event.time.map_or(before, sort_micros);
                last.insert(event.artefact.clone(), key);
                (key, event)
            })
            .collect();
        // Logs have the messages of all processes in their order, so they come first among equal times.
        keyed.sort_by_key(|(key, event)| (*key, !event.is_of_log));
        self.events = keyed.into_iter().map(|(_, event)| event).collect();
        let is_zoned = |event: &TimelineEvent| event.time.map(|time| time.utc(None).is_some());
        let zoned: Vec<_> = self.events.iter().filter_map(is_zoned).collect();
        self.is_mixed = zoned.contains(&true) && zoned.contains(&false);
        let surplus = self.events.len().saturating_sub(MOST);
        self.events.drain(..surplus);
        self.left_out += surplus as u64;
    }

    /// Joins the messages that several artefacts have, and measures the clocks by them.
    fn join(&mut self) {
        /// Earlier events with the same code that are looked at.
        const RECENT: usize = 32;
        let mut kept: Vec<TimelineEvent> = Vec::with_capacity(self.events.len());
        let mut recent: HashMap<String, VecDeque<usize>> = HashMap::new();
        let mut differences: BTreeMap<(String, String), Vec<i64>> = BTreeMap::new();
        for event in std::mem::take(&mut self.events) {
            let Some(code) = event.code.clone() else {
                kept.push(event);
                continue;
            };
            let places = recent.entry(code).or_default();
            let is_known = |place: &usize| {
                let known = kept.get(*place);
                known.is_some_and(|known| distance(known, &event) <= SAME && is_same(known, &event))
            };
            let place = places.iter().copied().rev().find(is_known);
            if let Some(known) = place.and_then(|place| kept.get_mut(place)) {
                if let (Some(own), Some(other)) = (known.time, event.time) {
                    let pair = (known.artefact.clone(), event.artefact.clone());
                    differences.entry(pair).or_default().push(sort_micros(other) - sort_micros(own));
                }
                if event.group.is_some() && known.group.is_none() {
                    known.group = event.group;
                }
                known.also.push(event.artefact);
                continue;
            }
            if places.len() == RECENT {
                places.pop_front();
            }
            places.push_back(kept.len());
            kept.push(event);
        }
        self.events = kept;
        let median = |mut micros: Vec<i64>| {
            micros.sort_unstable();
            micros.get(micros.len() / 2).copied().unwrap_or(0) / 1_000
        };
        self.clocks = differences
            .into_iter()
            .map(|((artefact, other), micros)| ClockOffset {
                artefact,
                other,
                messages: micros.len() as u64,
                millis: median(micros),
            })
            .collect();
    }
}

/// Returns the zone in which a time without one is the same as another time; `None` if they differ by no multiple of 15 minutes.
fn zone_between(local: Moment, other: Moment) -> Option<i16> {
    const QUARTER: i64 = 15 * 60_000_000;
    let ahead = sort_micros(local).saturating_sub(sort_micros(other));
    let quarters = (ahead + QUARTER / 2).div_euclid(QUARTER);
    // Zones are from 12 hours after to 14 hours before UTC.
    let is_zone = (-48..=56).contains(&quarters) && (ahead - quarters * QUARTER).abs() <= SAME;
    is_zone.then(|| i16::try_from(quarters * 15).ok()).flatten()
}

/// Returns the microseconds between two events; 0 if one of them has no time.
pub(super) fn distance(one: &TimelineEvent, other: &TimelineEvent) -> i64 {
    match (one.time, other.time) {
        (Some(one), Some(other)) => sort_micros(other).saturating_sub(sort_micros(one)).abs(),
        _ => 0,
    }
}

/// Returns whether two artefacts have the same message. A report has no group in its lines, and may cut the text.
fn is_same(one: &TimelineEvent, other: &TimelineEvent) -> bool {
    let group = one.group.is_none() || other.group.is_none() || one.group == other.group;
    let (long, short) = if one.text.len() < other.text.len() { (other, one) } else { (one, other) };
    let start = |text: &str| {
        let words: Vec<_> = text.split_whitespace().take(8).map(|word| word.trim_end_matches(['.', ','])).collect();
        words.join(" ")
    };
    one.kind == other.kind
        && one.artefact != other.artefact
        && !one.also.contains(&other.artefact)
        && one.deployment == other.deployment
        && group
        && start(&long.text).starts_with(&start(&short.text))
}

/// An artefact whose events are collected.
struct Source<'a> {
    input: &'a Input,
    reading: &'a Reading,
}

impl Source<'_> {
    fn events(&self, out: &mut Vec<TimelineEvent>) {
        match &self.reading.content {
            Content::Log(log) => out.extend(log.events.iter().map(|record| self.message(record, None))),
            Content::Report(report) => {
                let group = report.group.clone().or_else(|| stem(self.input.label()));
                let program = report.program.as_deref();
                if let Some(time) = report.started {
                    let text = format!("{} starts", report.program.as_deref().unwrap_or("the process"));
                    out.push(TimelineEvent {
                        time: self.time(Some(time)),
                        kind: EventKind::Start,
                        text,
                        program: program.map(str::to_owned),
                        ..self.event(group.clone())
                    });
                }
                out.extend(report.messages.iter().map(|record| TimelineEvent {
                    program: record.role.as_deref().or(program).map(str::to_owned),
                    ..self.message(record, group.as_deref())
                }));
            }
            Content::Discard(file) => self.discards(file, out),
            Content::Rest(body) => self.rest(body, out),
            Content::Transcript(_) | Content::Statsd(_) | Content::Pipelines(_) => {}
        }
    }

    fn event(&self, group: Option<String>) -> TimelineEvent {
        TimelineEvent {
            time: None,
            deployment: self.input.deployment.clone().unwrap_or_else(|| "default".to_owned()),
            group: group.map(|group| group.to_uppercase()),
            program: None,
            kind: EventKind::Message,
            severity: Severity::Unknown,
            code: None,
            text: String::new(),
            times: 1,
            artefact: self.reading.artefact.clone(),
            place: Place::default(),
            also: Vec::new(),
            at: None,
            tables: None,
            trail: None,
            raw: String::new(),
            is_of_log: matches!(self.reading.content, Content::Log(_)),
        }
    }

    fn time(&self, time: Option<Moment>) -> Option<Moment> {
        time.map(|time| time.in_zone(self.input.zone))
    }

    fn message(&self, record: &LogRecord, group: Option<&str>) -> TimelineEvent {
        TimelineEvent {
            time: self.time(record.time),
            kind: if record.is_start() { EventKind::Start } else { EventKind::Message },
            severity: record.severity,
            code: record.code.clone(),
            raw: record.text.clone(),
            text: redact::message(&record.text),
            times: record.times,
            program: record.role.clone(),
            place: record.place,
            ..self.event(record.group.as_deref().or(group).map(str::to_owned))
        }
    }

    fn discards(&self, file: &DiscardFile, out: &mut Vec<TimelineEvent>) {
        for start in &file.opened {
            let text = "the discard file is opened".to_owned();
            let (time, place) = (self.time(start.time), start.place);
            out.push(TimelineEvent { time, kind: EventKind::Start, text, place, ..self.event(Some(start.group.clone())) });
        }
        for entry in &file.entries {
            let next = file.opened.partition_point(|start| start.place.offset <= entry.place.offset);
            let opened = next.checked_sub(1).and_then(|last| file.opened.get(last));
            let group = opened.map(|start| start.group.clone()).or_else(|| stem(self.input.label()));
            let operation = entry.operation.as_deref().unwrap_or("record");
            let codes = if entry.codes.is_empty() { String::new() } else { format!(" ({})", entry.codes.join(", ")) };
            out.push(TimelineEvent {
                // Without a time of its own it stays after the start of its run.
                time: self.time(entry.time),
                kind: EventKind::Discard,
                severity: Severity::Error,
                text: format!("{operation} discarded: {}{codes}", entry.reason.replace('_', " ")),
                place: entry.place,
                at: entry.at,
                trail: entry.trail.clone(),
                tables: entry.source.clone().map(|source| (source, entry.target.clone())),
                ..self.event(group)
            });
        }
    }

    fn rest(&self, body: &RestBody, out: &mut Vec<TimelineEvent>) {
        for message in &body.messages {
            let severity = match message.severity.as_deref() {
                Some("ERROR" | "CRITICAL") => Severity::Error,
                Some("WARNING" | "WARN") => Severity::Warning,
                Some(_) => Severity::Info,
                None => Severity::Unknown,
            };
            out.push(TimelineEvent {
                time: self.time(message.issued),
                severity,
                code: message.code.clone(),
                raw: message.title.clone(),
                text: redact::message(&message.title),
                ..self.event(body.resource.clone())
            });
        }
    }
}

/// Returns the name of a file without its folders and its ending.
fn stem(path: &str) -> Option<String> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    Some(stem.to_owned()).filter(|stem| !stem.is_empty())
}

/// Counts the commits of a trail by minute. The error ended the reading early.
fn commits(path: &str) -> Result<(Vec<TimelineEvent>, Option<Error>)> {
    const MINUTE: i64 = 60_000_000;
    struct Minute {
        first: i64,
        at: Option<(u64, u64)>,
        transactions: u64,
        changes: u64,
    }
    let mut minutes: BTreeMap<i64, Minute> = BTreeMap::new();
    let mut reader = Trail::open(path)?.reader_with(ReadOptions::new())?;
    let error = loop {
        let change = match reader.next() {
            Ok(Some(change)) => change,
            Ok(None) => break None,
            // The part that was read is shown: a live trail may end inside of a record.
            Err(error) => break Some(error),
        };
        let micros = change.timestamp().unix_micros();
        let at = change.position().trail().map(|at| (at.seqno, at.rba));
        let minute =
            minutes.entry(micros.div_euclid(MINUTE)).or_insert(Minute { first: micros, at, transactions: 0, changes: 0 });
        minute.changes += 1;
        minute.transactions += u64::from(change.transaction().begins());
        minute.first = minute.first.min(micros);
    };
    let event = |minute: Minute| TimelineEvent {
        time: Some(Moment::from_unix_micros(minute.first)),
        deployment: "default".to_owned(),
        group: None,
        program: None,
        kind: EventKind::Commit,
        severity: Severity::Info,
        code: None,
        text: format!("{} transactions with {} changes commit", minute.transactions, minute.changes),
        times: 1,
        artefact: path.to_owned(),
        place: Place::default(),
        also: Vec::new(),
        at: minute.at,
        tables: None,
        trail: None,
        raw: String::new(),
        is_of_log: false,
    };
    Ok((minutes.into_values().map(event).collect(), error))
}
