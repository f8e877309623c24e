//! [`Memory`]: what a monitor keeps from one observation to the next.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::health::{Band, Finding, Health, Policy};
use crate::model::{LagDefinition, LagValue, Link, Message, ProcessState, Snapshot, Stream};
use crate::moment::Moment;

/// Intervals that are kept for a forecast.
const INTERVALS: usize = 12;
/// Messages that are kept as known although their artefact was not read.
const KNOWN: usize = 10_000;
/// Inputs that do not come any more and are kept: their names can contain the date.
const MISSING: usize = 1_000;

/// The memory of a monitor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// The time of the last observation.
    pub at: Option<Moment>,
    /// The streams, by deployment and name.
    pub(crate) streams: BTreeMap<String, Seen>,
    /// The inputs, by deployment and artefact, with the ones that do not come any more.
    pub(crate) inputs: BTreeMap<String, InputMemory>,
    /// The services.
    pub(crate) services: BTreeSet<String>,
    /// The trails: first and last file, and the end of the last one.
    pub(crate) trails: BTreeMap<String, TrailSeen>,
    /// Messages that were reported.
    pub(crate) messages: BTreeSet<String>,
    /// The free bytes of a disk, by trail directory.
    pub(crate) disks: BTreeMap<String, u64>,
}

/// An input as it was seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct InputMemory {
    pub(crate) observed: Option<Moment>,
    /// Milliseconds between its last two times.
    pub(crate) interval: Option<i64>,
    /// Observations without it.
    pub(crate) missed: u64,
}

impl InputMemory {
    fn of(known: Option<&Self>, observed: Option<Moment>) -> Self {
        let interval = known.and_then(|known| observed?.since(known.observed?)).map(|micros| micros / 1_000);
        let interval = interval.filter(|millis| *millis > 0).or(known.and_then(|known| known.interval));
        Self { observed, interval, missed: 0 }
    }

    fn missing(&self) -> Self {
        Self { missed: self.missed.saturating_add(1), ..self.clone() }
    }
}

/// Returns the key of an input.
pub(crate) fn input_id(deployment: &str, artefact: &str) -> String {
    format!("{deployment}\u{0}{artefact}")
}

/// A trail as it was seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrailSeen {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) bytes: u64,
    /// Observations in which it grew and no file was purged.
    pub(crate) grown: u64,
}

/// A stream as it was seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) deployment: String,
    pub(crate) name: String,
    pub(crate) artefact: Option<String>,
    /// The time of its artefacts.
    pub(crate) at: Option<Moment>,
    /// Milliseconds between the last two times of its artefacts.
    pub(crate) interval: Option<i64>,
    pub(crate) state: ProcessState,
    pub(crate) started: Option<Moment>,
    pub(crate) process: Option<u64>,
    pub(crate) read: Option<(u64, u64)>,
    pub(crate) redo: Option<(Option<u64>, Option<u64>, Option<u64>)>,
    pub(crate) writes: Vec<(u64, u64)>,
    /// The position of the writer of the trail that it reads.
    pub(crate) writer: Option<(u64, u64)>,
    pub(crate) lag: Option<i64>,
    pub(crate) since: Option<i64>,
    pub(crate) backlog: Option<u64>,
    pub(crate) low_high: Option<i64>,
    pub(crate) recovery: Option<(Option<u64>, Option<u64>)>,
    pub(crate) open: BTreeSet<String>,
    /// Operations by table.
    pub(crate) operations: BTreeMap<String, u64>,
    pub(crate) discards: u64,
    pub(crate) collisions: u64,
    pub(crate) heartbeat_age: Option<i64>,
    /// Milliseconds, bytes in, bytes out.
    pub(crate) intervals: Vec<(i64, u64, u64)>,
    pub(crate) health: Option<Health>,
    pub(crate) since_health: Option<Moment>,
    /// For each of the last observations, whether health changed.
    pub(crate) changes: Vec<bool>,
    /// Abends and restarts in the last observations.
    pub(crate) failures: Vec<bool>,
    pub(crate) band: Band,
    pub(crate) missed: u64,
    /// The reasons and findings of its verdict.
    pub(crate) reasons: Vec<String>,
    pub(crate) findings: Vec<Finding>,
}

impl Seen {
    pub(crate) fn of(
        stream: &Stream,
        link: Option<&Link>,
        at: Option<Moment>,
        before: Option<&Self>,
        elapsed: Option<i64>,
    ) -> Self {
        let millis = |definition| stream.lag(definition).map(|lag| lag.millis);
        let total = |names: &[&str]| {
            let counters = stream.counters.values().flatten();
            counters
                .filter(|(name, _)| names.contains(&name.as_str()))
                .map(|(_, counter)| counter.value)
                .fold(0, u64::saturating_add)
        };
        let operations = stream.counters.iter().filter_map(|(table, counters)| Some((table.clone(), operations(counters)?)));
        let mut seen = Self {
            deployment: stream.deployment.clone(),
            name: stream.name.clone(),
            artefact: stream.evidence.as_ref().map(|evidence| evidence.artefact.clone()),
            at,
            interval: elapsed.or(before.and_then(|before| before.interval)),
            state: stream.state,
            started: stream.started,
            process: stream.process,
            read: stream.read.as_ref().map(|point| (point.seqno, point.rba)),
            redo: stream.redo.as_ref().map(|point| (point.seqno, point.rba, point.scn)),
            writes: stream.writes.iter().map(|point| (point.seqno, point.rba)).collect(),
            writer: link.and_then(|link| link.writer.as_ref()).map(|side| (side.point.seqno, side.point.rba)),
            lag: LagValue::current(&stream.lags).map(|lag| lag.millis).or(millis(LagDefinition::Heartbeat)),
            since: millis(LagDefinition::SinceCheckpoint),
            backlog: link.and_then(|link| link.backlog.bytes),
            low_high: millis(LagDefinition::HighWatermark)
                .zip(millis(LagDefinition::LowWatermark))
                .map(|(high, low)| high.saturating_sub(low).saturating_abs()),
            recovery: stream.recovery.as_ref().map(|point| (point.seqno, point.rba)),
            open: stream.open.iter().filter(|open| open.items != Some(0)).map(|open| open.xid.clone()).collect(),
            operations: operations.collect(),
            // The discard file and STATS have the same records.
            discards: stream.discarded.max(total(&["discards"])),
            collisions: total(&["collisions", "insert collisions", "update collisions", "delete collisions"]),
            heartbeat_age: millis(LagDefinition::HeartbeatAge),
            ..Self::default()
        };
        if let Some(before) = before {
            seen.intervals.clone_from(&before.intervals);
            seen.changes.clone_from(&before.changes);
            seen.failures.clone_from(&before.failures);
            seen.band = before.band.clone();
            seen.add_interval(before, elapsed);
        }
        seen
    }

    /// Returns whether it has a position or a counter that would change if it moved.
    pub(crate) fn has_place(&self) -> bool {
        self.read.is_some() || self.redo.is_some() || !self.writes.is_empty() || !self.operations.is_empty()
    }

    /// Adds an interval: the bytes that arrived, and the bytes that were taken.
    fn add_interval(&mut self, before: &Self, elapsed: Option<i64>) {
        let (Some(elapsed), Some(now), Some(last)) = (elapsed, self.backlog, before.backlog) else { return };
        let (Some(read), Some(was)) = (self.read, before.read) else { return };
        // Within a file the bytes are exact; across files they follow from the backlog only if the writer stayed in its file.
        let taken = if read.0 == was.0 { read.1.checked_sub(was.1) } else { None };
        let written =
            self.writer.zip(before.writer).and_then(|(now, was)| (now.0 == was.0).then(|| now.1.checked_sub(was.1)).flatten());
        let (arrived, taken) = match (written, taken) {
            (Some(arrived), Some(taken)) => (arrived, taken),
            (Some(arrived), None) => (arrived, last.saturating_add(arrived).saturating_sub(now)),
            (None, Some(taken)) => (now.saturating_add(taken).saturating_sub(last), taken),
            (None, None) => return,
        };
        self.intervals.push((elapsed, arrived, taken));
        if self.intervals.len() > INTERVALS {
            self.intervals.remove(0);
        }
    }

    /// Keeps the health.
    pub(crate) fn remember(
        &mut self,
        health: Health,
        (is_change, is_news): (bool, bool),
        before: Option<&Self>,
        at: Option<Moment>,
        policy: &Policy,
    ) {
        self.health = Some(health);
        self.since_health = if is_change { at } else { before.and_then(|before| before.since_health).or(at) };
        self.changes.push(is_news);
        let window = usize::try_from(policy.flap_window).unwrap_or(usize::MAX);
        while self.changes.len() > window {
            self.changes.remove(0);
        }
    }

    /// Returns the number of changes, if there are more than the policy accepts.
    pub(crate) fn flapping(&self, policy: &Policy) -> Option<u64> {
        let changes = self.changes.iter().filter(|change| **change).count() as u64;
        (changes > policy.flaps).then_some(changes)
    }
}

/// Returns the operations of a table.
fn operations(counters: &BTreeMap<String, crate::model::Counter>) -> Option<u64> {
    let value = |name: &str| counters.get(name).map(|counter| counter.value);
    value("operations").or_else(|| {
        let parts: Vec<_> =
            ["inserts", "updates", "deletes", "upserts", "truncates"].iter().filter_map(|name| value(name)).collect();
        (!parts.is_empty()).then(|| parts.iter().fold(0, |sum: u64, part| sum.saturating_add(*part)))
    })
}

impl Memory {
    /// Takes the facts of an observation.
    pub(crate) fn take(&mut self, snapshot: &Snapshot, streams: BTreeMap<String, Seen>) {
        self.at = snapshot.at.or(self.at);
        self.streams = streams;
        self.take_inputs(snapshot);
        self.services = snapshot.services.iter().map(|service| format!("{}\u{0}{}", service.deployment, service.name)).collect();
        self.disks = snapshot.disks.clone();
        let mut trails = BTreeMap::new();
        for trail in &snapshot.trails {
            let id = format!("{}\u{0}{}", trail.deployment, trail.trail);
            let (Some(first), Some(last)) = (trail.files.keys().next().copied(), trail.files.keys().next_back().copied()) else {
                continue;
            };
            let bytes = trail.files.values().fold(0, |sum: u64, size| sum.saturating_add(*size));
            let known = self.trails.get(&id);
            let grown = match known {
                Some(known) if known.first == first && bytes > known.bytes && last > known.last => known.grown.saturating_add(1),
                Some(known) if known.first == first => known.grown,
                _ => 0,
            };
            trails.insert(id, TrailSeen { first, last, bytes, grown });
        }
        self.trails = trails;
        self.know(snapshot);
    }

    /// Takes the inputs of a snapshot. Missing ones stay, the ones that came last first.
    fn take_inputs(&mut self, snapshot: &Snapshot) {
        let before = std::mem::take(&mut self.inputs);
        for input in &snapshot.inputs {
            let id = input_id(&input.deployment, &input.artefact);
            let known = InputMemory::of(before.get(&id), input.observed);
            self.inputs.insert(id, known);
        }
        let missing = before.into_iter().filter(|(id, _)| !self.inputs.contains_key(id));
        let mut missing: Vec<_> = missing.map(|(id, known)| (id, known.missing())).collect();
        missing.sort_by_key(|(_, known)| known.missed);
        missing.truncate(MISSING);
        self.inputs.extend(missing);
    }

    /// Drops an artefact or a deployment that will not come again, with the streams that it had.
    ///
    /// ```
    /// use trailcore_ops::health::Monitor;
    /// use trailcore_ops::{Input, observe};
    /// let manager = |name| Input::text(name, "Manager is running (IP port gg1.7809, Process ID 18221).");
    /// let mut monitor = Monitor::default();
    /// monitor.observe(&observe(&[manager("old.txt"), manager("new.txt")]));
    /// let mut memory = monitor.memory().clone();
    /// memory.forget("old.txt");
    /// let mut monitor = Monitor::with_memory(Default::default(), memory);
    /// assert_eq!(monitor.observe(&observe(&[manager("new.txt")])).findings, []);
    /// ```
    pub fn forget(&mut self, name: &str) {
        self.inputs
            .retain(|id, _| id.split_once('\u{0}').is_none_or(|(deployment, artefact)| deployment != name && artefact != name));
        self.streams.retain(|_, seen| seen.deployment != name && seen.artefact.as_deref() != Some(name));
        self.services.retain(|id| id.split_once('\u{0}').is_none_or(|(deployment, _)| deployment != name));
    }

    /// Takes the messages of a snapshot as known. Those of artefacts that could not be read this time stay known, too.
    fn know(&mut self, snapshot: &Snapshot) {
        let read: BTreeSet<&str> =
            snapshot.inputs.iter().filter(|input| input.error.is_none()).map(|input| &*input.artefact).collect();
        let is_absent = |id: &String| id.split_once('\u{0}').is_some_and(|(artefact, _)| !read.contains(artefact));
        self.messages = std::mem::take(&mut self.messages).into_iter().filter(is_absent).take(KNOWN).collect();
        let now = all_messages(snapshot).map(|(deployment, subject, message)| message_id(deployment, subject, message));
        self.messages.extend(now);
    }

    /// Returns the learned limits as text, one line for each stream.
    ///
    /// ```
    /// assert_eq!(trailcore_ops::health::Memory::default().limits(), "");
    /// ```
    #[must_use]
    pub fn limits(&self) -> String {
        let mut text = String::new();
        for (id, seen) in &self.streams {
            let all = &seen.band.all;
            text += &format!(
                "{id}: {} observations; lag up to {} ms ({} of them), backlog up to {} bytes ({} of them)\n",
                all.samples, all.lag, all.lag_samples, all.backlog, all.backlog_samples
            );
        }
        text
    }
}

/// Returns the messages of a snapshot, each with its deployment and subject.
pub(crate) fn all_messages(snapshot: &Snapshot) -> impl Iterator<Item = (&str, &str, &Message)> {
    let own = snapshot.streams.iter().flat_map(|stream| {
        stream.messages.iter().map(move |message| (stream.deployment.as_str(), stream.name.as_str(), message))
    });
    let others = snapshot.messages.iter().map(|message| ("", message.evidence.artefact.as_str(), message));
    own.chain(others)
}

/// Identifies a message: the same one is reported once. It starts with the artefact. The text is hashed, since it can contain data; the
/// place is no part of it, since an input can be the end of a log that grows.
pub(crate) fn message_id(deployment: &str, subject: &str, message: &Message) -> String {
    let time = message.time.map(|time| time.to_string()).unwrap_or_default();
    let hash = blake3::hash(message.text.as_bytes()).to_hex();
    let (code, text) = (message.code.as_deref().unwrap_or(""), hash.get(..16).unwrap_or_default());
    format!("{}\u{0}{deployment}/{subject}\u{0}{code} {time} {text}", message.evidence.artefact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Monitor;
    use crate::{Input, observe};

    fn warning(group: usize, text: &str) -> String {
        format!("2024-03-01 00:00:00  WARNING OGG-01027  Oracle GoldenGate Capture for Oracle, g{group}.prm:  {text}\n")
    }

    #[test]
    fn every_message_is_reported_once() {
        let log: String = (0..KNOWN + 50).map(|group| warning(group, "Long.")).collect();
        let log = log + &warning(1, "Longer.");
        let mut monitor = Monitor::default();
        let mut found = |input: Input| monitor.observe(&observe(&[input])).findings.len();
        let whole = || Input::text("ggserr.log", log.clone());
        assert_eq!((found(whole()), found(whole()), found(whole())), (KNOWN + 51, 0, 0));
        // The same messages at other offsets.
        let end = log.get(warning(0, "Long.").len()..).unwrap();
        assert_eq!(found(Input::text("ggserr.log", end)), 0);
    }

    #[test]
    fn messages_of_an_absent_artefact_stay_known() {
        let mut memory = Memory::default();
        memory.know(&observe(&[Input::text("ggserr.log", warning(0, "Long."))]));
        let known = memory.messages.clone();
        memory.know(&observe(&[Input::text("other.log", warning(1, "Long."))]));
        assert!(known.is_subset(&memory.messages) && memory.messages.len() == 2);
        memory.know(&observe(&[Input::text("ggserr.log", warning(2, "Long."))]));
        assert!(known.is_disjoint(&memory.messages));
    }
}
