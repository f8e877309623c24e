//! The model of a deployment: streams (Extract, pump or path, Replicat), the links between them, and the trails on disk. Classic and
//! Microservices artefacts give the same form.

mod build;
mod link;
mod trail_name;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fault::Place;
use crate::moment::Moment;
use crate::read::Severity;

pub(crate) use link::TrailIndex;
pub use link::{Backlog, Gap, Link, Side};
pub use trail_name::TrailName;

/// How a value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The process measured it, and was asked.
    Measured,
    /// From a checkpoint: true at the time of the checkpoint.
    Checkpoint,
    /// From a file on disk.
    File,
    /// From a message that was written earlier.
    Message,
    /// From the heartbeat table.
    Heartbeat,
}

/// The origin of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// The artefact.
    pub artefact: String,
    /// The place in it.
    #[serde(flatten)]
    pub place: Place,
    /// The time of the observation.
    pub observed: Option<Moment>,
    /// How the value was found.
    pub method: Method,
}

/// The kind of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StreamKind {
    /// Reads a database's log.
    Extract,
    /// Reads a trail and writes a trail: a data pump.
    Pump,
    /// A distribution path of the Microservices architecture.
    Path,
    /// Applies a trail to a target.
    Replicat,
    /// A task that loads tables once.
    InitialLoad,
    /// A pipeline of trailcore.
    Pipeline,
    /// Not known yet.
    #[default]
    Unknown,
}

/// The state of a process. Its text is kept beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProcessState {
    /// It runs. Whether it moves is another question.
    Running,
    /// It was stopped.
    Stopped,
    /// It ended with an error.
    Abended,
    /// It is between two states.
    Changing,
    /// A word that is not known.
    Other,
    /// No artefact states it.
    #[default]
    Unknown,
}

impl ProcessState {
    /// Returns the state that a word means, in both architectures.
    ///
    /// ```
    /// use trailcore_ops::model::ProcessState;
    /// assert_eq!(ProcessState::of("RUNNING"), ProcessState::of("running"));
    /// ```
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            // A pipeline that retries works on, with pauses.
            "RUNNING" | "RETRYING" => Self::Running,
            "STOPPED" | "PAUSED" | "UNINITIALIZED" => Self::Stopped,
            "ABENDED" | "KILLED" | "FAILED" => Self::Abended,
            "STARTING" | "STOPPING" => Self::Changing,
            "" => Self::Unknown,
            _ => Self::Other,
        }
    }
}

/// A position in a trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrailPoint {
    /// The trail: its path without the number, as printed.
    pub trail: String,
    /// The sequence number of the file.
    pub seqno: u64,
    /// The byte offset.
    pub rba: u64,
    /// The time of the record there.
    pub time: Option<Moment>,
    /// A trail that is written is on another host, as RMTTRAIL states. Null if the artefact does not state it.
    #[serde(default)]
    pub is_remote: Option<bool>,
    /// The origin.
    pub evidence: Evidence,
}

impl TrailPoint {
    pub(crate) fn new(trail: String, seqno: u64, rba: u64, evidence: Evidence) -> Self {
        Self { trail, seqno, rba, time: None, is_remote: None, evidence }
    }
}

/// A position in a database's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RedoPoint {
    /// The sequence number of the log.
    pub seqno: Option<u64>,
    /// The byte offset.
    pub rba: Option<u64>,
    /// The SCN.
    pub scn: Option<u64>,
    /// The time of the record there.
    pub time: Option<Moment>,
    /// The origin.
    pub evidence: Evidence,
}

/// A definition of lag. Several exist, and their values differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LagDefinition {
    /// At the last checkpoint: system time less the time of the record. It is frozen while no checkpoint is written.
    Checkpoint,
    /// The time since the last checkpoint was written. A large transaction lets it grow, too.
    SinceCheckpoint,
    /// Measured by the process: now less the time of the record in hand.
    Process,
    /// The lag in a message of Manager, which writes it only with LAGREPORT, LAGINFO and LAGCRITICAL.
    Message,
    /// The whole way of a heartbeat.
    Heartbeat,
    /// The age of the last heartbeat: the one figure that grows when nothing arrives.
    HeartbeatAge,
    /// The part of Extract in a heartbeat.
    HeartbeatExtract,
    /// The part of Replicat in a heartbeat.
    HeartbeatReplicat,
    /// The lag at the low watermark of a parallel Replicat.
    LowWatermark,
    /// The lag at the high watermark of a parallel Replicat.
    HighWatermark,
    /// The time between the last record of the trail and the record that its reader is at.
    Trail,
}

/// A lag by one definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LagValue {
    /// The definition.
    pub definition: LagDefinition,
    /// Milliseconds. Negative if clocks differ.
    pub millis: i64,
    /// The origin.
    pub evidence: Evidence,
}

/// Milliseconds between the artefacts of one round of observations: commands are run one after the other.
const ROUND: i64 = 300_000;

/// Returns whether an observation is of an earlier round than another one.
pub(crate) fn is_stale(own: Option<Moment>, other: Option<Moment>) -> bool {
    own.zip(other).and_then(|(own, other)| other.since(own)).is_some_and(|micros| micros / 1_000 > ROUND)
}

impl LagValue {
    /// Returns the lag to judge by: what the process measured, unless a checkpoint is of a later round of observations.
    ///
    /// ```
    /// assert_eq!(trailcore_ops::model::LagValue::current(&[]), None);
    /// ```
    #[must_use]
    pub fn current(lags: &[Self]) -> Option<&Self> {
        let lag = |definition| lags.iter().find(|lag| lag.definition == definition);
        let (process, checkpoint) = (lag(LagDefinition::Process), lag(LagDefinition::Checkpoint));
        let later = checkpoint.and_then(|lag| lag.evidence.observed);
        process.filter(|lag| !is_stale(lag.evidence.observed, later)).or(checkpoint)
    }
}

/// An open transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OpenWork {
    /// The transaction's id.
    pub xid: String,
    /// The time of its start.
    pub started: Option<Moment>,
    /// Its items. A transaction without items holds no lock.
    pub items: Option<u64>,
    /// The origin.
    pub evidence: Evidence,
}

/// The text between source and target in the name of a table that has several targets.
pub(crate) const TO: &str = " to ";

/// A counter of a table, with the time since which it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counter {
    /// The value.
    pub value: u64,
    /// The time since which it counts.
    pub since: Option<Moment>,
    /// The time at which it was read.
    pub at: Option<Moment>,
    /// The origin.
    pub evidence: Evidence,
}

/// A message about a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Message {
    /// The code, such as `OGG-01668`.
    pub code: Option<String>,
    /// The severity.
    pub severity: Severity,
    /// The time.
    pub time: Option<Moment>,
    /// The text.
    pub text: String,
    /// The number of times that it occurred.
    pub times: u64,
    /// The origin.
    pub evidence: Evidence,
}

/// A process that moves changes, with all that the artefacts contain about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stream {
    /// The deployment or home.
    pub deployment: String,
    /// The group or path.
    pub name: String,
    /// The kind.
    pub kind: StreamKind,
    /// The state.
    pub state: ProcessState,
    /// The state as text.
    pub status: String,
    /// The origin of the state.
    pub evidence: Option<Evidence>,
    /// The time of the last start.
    pub started: Option<Moment>,
    /// The process id.
    pub process: Option<u64>,
    /// The position in a database's log.
    pub redo: Option<RedoPoint>,
    /// The oldest log that is still needed: the start of the oldest open transaction.
    pub recovery: Option<RedoPoint>,
    /// The position in the trail that it reads.
    pub read: Option<TrailPoint>,
    /// The positions in the trails that it writes.
    pub writes: Vec<TrailPoint>,
    /// Its lag, by definition.
    pub lags: Vec<LagValue>,
    /// The state of its end of file: `at_eof`, `waiting`, `processing` …
    pub eof: Option<String>,
    /// The distance to the end of its trail that the stream itself measured: of a pipeline.
    pub behind: Option<Backlog>,
    /// Open transactions.
    pub open: Vec<OpenWork>,
    /// Counters by table and operation: the total set. A table with several targets has one entry for each, `A.T to B.T`.
    pub counters: BTreeMap<String, BTreeMap<String, Counter>>,
    /// A complete answer has the counters: a table that is not among them has no operations.
    #[serde(default)]
    pub has_all_counters: bool,
    /// Its messages, errors and warnings only.
    pub messages: Vec<Message>,
    /// The times of its starts, as far as messages have them.
    #[serde(skip)]
    pub(crate) starts: Vec<Moment>,
    /// Records that it discarded, as far as discard files have them.
    pub discarded: u64,
}

impl Stream {
    /// Returns the time of its artefacts: of that with its state, else the latest one.
    pub(crate) fn observed(&self) -> Option<Moment> {
        let points = self.read.iter().chain(&self.writes).map(|point| &point.evidence);
        let others = points.chain(self.redo.iter().map(|point| &point.evidence));
        let others = others.chain(self.lags.iter().map(|lag| &lag.evidence));
        let state = self.evidence.as_ref().and_then(|evidence| evidence.observed);
        state.or_else(|| others.filter_map(|evidence| evidence.observed).max())
    }

    /// Returns whether it moves a trail to another place.
    pub(crate) fn is_transport(&self) -> bool {
        matches!(self.kind, StreamKind::Pump | StreamKind::Path)
    }

    /// Returns whether a trail that it writes can be on another host: the artefact states it, or else a pump or path writes it.
    pub(crate) fn writes_elsewhere(&self, point: &TrailPoint) -> bool {
        point.is_remote.unwrap_or(self.is_transport())
    }

    /// Returns the lag by a definition.
    #[must_use]
    pub fn lag(&self, definition: LagDefinition) -> Option<&LagValue> {
        self.lags.iter().find(|lag| lag.definition == definition)
    }

    /// Returns the first error of the last run that has one.
    pub(crate) fn first_error(&self) -> Option<&Message> {
        let mut errors: Vec<_> = self.messages.iter().filter(|message| message.severity == Severity::Error).collect();
        let last = errors.iter().map(|error| self.run(error)).max()?;
        errors.retain(|error| self.run(error) == last);
        errors.first().copied()
    }

    /// Returns the number of starts and abends before a message.
    fn run(&self, message: &Message) -> usize {
        let after = |time: Moment| message.time.and_then(|own| own.since(time));
        let is_end = |other: &&Message| other.code.as_deref() == Some("OGG-01668");
        let ends = self.messages.iter().filter(is_end).filter_map(|end| end.time);
        self.starts.iter().filter(|start| after(**start) >= Some(0)).count() + ends.filter(|end| after(*end) > Some(0)).count()
    }

    /// Returns deployment and name, as verdicts have them.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.deployment, self.name)
    }
}

/// A process that serves streams: Manager, or a service of the Microservices architecture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Service {
    /// The deployment or home.
    pub deployment: String,
    /// The name: `MANAGER`, `ADMINSRVR` …
    pub name: String,
    /// The state.
    pub state: ProcessState,
    /// The state as text.
    pub status: String,
    /// The origin.
    pub evidence: Evidence,
}

/// The files of a trail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrailFiles {
    /// The deployment or home.
    pub deployment: String,
    /// The path without the number.
    pub trail: String,
    /// The sizes of the files by sequence number.
    pub files: BTreeMap<u64, u64>,
    /// Digits of the number in the names: 6 or 9; 0 if both occur.
    pub digits: u64,
    /// The artefact that has them.
    pub artefact: String,
    /// The time of the observation.
    pub observed: Option<Moment>,
}

/// An input of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InputSeen {
    /// The artefact.
    pub artefact: String,
    /// The deployment or home.
    pub deployment: String,
    /// The time of the observation.
    pub observed: Option<Moment>,
    /// The kind that it was read as; null if it could not be read, and for a directory of trail files.
    pub kind: Option<crate::read::Kind>,
    /// The number of faults by kind.
    pub faults: BTreeMap<crate::fault::FaultKind, u64>,
    /// The reason why it could not be read.
    pub error: Option<String>,
    /// It is something else than an artefact with values.
    pub is_wrong: bool,
}

/// A deployment, or several, at one time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Snapshot {
    /// The time: of the observation, or the latest one of the inputs.
    pub at: Option<Moment>,
    /// The streams, by deployment and name.
    pub streams: Vec<Stream>,
    /// The services.
    pub services: Vec<Service>,
    /// The links from a writer of a trail to its reader.
    pub links: Vec<Link>,
    /// The trails whose files are known.
    pub trails: Vec<TrailFiles>,
    /// The heartbeat rows that belong to no stream, as artefacts have them.
    pub heartbeats: Vec<crate::read::HeartbeatSample>,
    /// Messages that belong to no stream: errors and warnings.
    pub messages: Vec<Message>,
    /// The free bytes of disks, by deployment and directory.
    pub disks: BTreeMap<String, u64>,
    /// The inputs.
    pub inputs: Vec<InputSeen>,
}

impl Snapshot {
    /// Returns the same, observed at this time if there is one: then inputs that are too old are noticed.
    ///
    /// ```
    /// use trailcore_ops::{Input, observe};
    /// let now = "2024-03-01T12:00:00Z".parse().ok();
    /// assert_eq!(observe(&[]).observed_at(now).at, now);
    /// ```
    #[must_use]
    pub fn observed_at(self, now: Option<Moment>) -> Self {
        Self { at: now.or(self.at), ..self }
    }

    /// Returns the stream of a deployment and name.
    #[must_use]
    pub fn stream(&self, deployment: &str, name: &str) -> Option<&Stream> {
        let key = (deployment, name);
        let at = self.streams.binary_search_by(|stream| (stream.deployment.as_str(), stream.name.as_str()).cmp(&key));
        self.streams.get(at.ok()?)
    }
}
