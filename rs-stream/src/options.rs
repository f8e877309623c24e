//! [`TailOptions`]: how to follow a trail.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use trailcore::filter::Select;
use trailcore::{Error, ErrorKind, Position, ReadOptions, Result, Timestamp};

use crate::event::{EventKind, Policies, Policy};
use crate::files::{Files, OsFiles};
use crate::spill::SpillPlace;

/// The place to start at, if there is no checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// At the first file that is there. Text `beginning`.
    #[default]
    Beginning,
    /// At the current end: only transactions that end later. Text `end`.
    End,
    /// At a position, which must be the start of a record. Text `12:1956`.
    Position(Position),
    /// At the first change whose transaction has this CSN or a later one, also if it is not in the trail yet. Text `csn:7824137832`.
    Csn(String),
    /// At the first change with this timestamp or a later one, also if it is not in the trail yet. Text
    /// `time:2024-03-01T12:00:00.000000Z`.
    Time(Timestamp),
}

impl std::fmt::Display for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Beginning => f.write_str("beginning"),
            Self::End => f.write_str("end"),
            Self::Position(position) => position.fmt(f),
            Self::Csn(csn) => write!(f, "csn:{csn}"),
            Self::Time(time) => write!(f, "time:{time}"),
        }
    }
}

impl FromStr for Start {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text.split_once(':') {
            _ if text == "beginning" => Self::Beginning,
            _ if text == "end" => Self::End,
            Some(("csn", csn)) if !csn.is_empty() => Self::Csn(csn.to_owned()),
            Some(("time", time)) => Self::Time(time.parse().map_err(|_| {
                Error::new(ErrorKind::InvalidArgument, format!("{time:?} is not a time"))
                    .hint("write time:2024-03-01T12:00:00.000000Z")
            })?),
            _ => Self::Position(text.parse().map_err(|_| {
                Error::new(ErrorKind::InvalidArgument, format!("{text:?} is not a place to start at"))
                    .hint("write beginning, end, SEQNO:RBA, csn:NUMBER or time:TIMESTAMP")
            })?),
        })
    }
}

impl Serialize for Start {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Start {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Start {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Start".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A place to start at: beginning, end, SEQNO:RBA, csn:NUMBER or time:TIMESTAMP"
        })
    }
}

/// The unit of delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Batches of changes, as many as are there.
    #[default]
    Changes,
    /// Whole transactions, in the order of their commits.
    Transactions,
}

/// The handling of a transaction that is larger than the memory cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Oversize {
    /// Deliver it in parts, the first and the last of which are marked.
    #[default]
    Stream,
    /// Deliver it whole. Its changes are not kept: they are read from the trail again, whose files are held open meanwhile.
    Reread,
    /// Deliver it whole. Its changes are kept in a file without a name, compressed and with checksums.
    Spill,
}

/// The handling of a subscriber that is slower than the reading that it shares with others; see [`Hub`](crate::Hub).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Slow {
    /// It leaves the shared reading, reads the files itself until it has caught up, and joins again.
    #[default]
    CatchUp,
    /// The reading waits for it, and so do all other subscribers.
    Block,
    /// Changes are dropped; an event has their number and their range.
    Drop,
    /// It fails.
    Disconnect,
}

/// How to follow a trail. The default starts at the beginning and delivers changes, in batches of at most 1,000.
///
/// It is a document too, whose schema is `docs/schema/tail-options.json`; durations are in milliseconds.
///
/// ```
/// use trailcore_stream::{EventKind, Policy, TailOptions};
/// let options = TailOptions::new().policy(EventKind::HistoryReset, Policy::Stop);
/// let same = TailOptions::from_json(r#"{"policies":{"history_reset":"stop"}}"#)?;
/// assert_eq!(options.to_json()?, same.to_json()?);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "How to follow a trail."))]
#[serde(default, deny_unknown_fields)]
pub struct TailOptions {
    /// The place to start at if there is no checkpoint: beginning, end, SEQNO:RBA, csn:NUMBER or time:TIMESTAMP.
    pub(crate) start: Start,
    /// The unit of delivery.
    pub(crate) delivery: Delivery,
    /// The selection: its text, or an object with `text` and `lenient`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) select: Option<Select>,
    /// How the trail is read. Its position and selection are not used.
    pub(crate) read: ReadOptions,
    /// Changes in a batch, at most.
    pub(crate) batch: usize,
    /// Bytes of a transaction that are kept in memory, at most.
    pub(crate) memory: u64,
    /// The handling of a transaction that is larger than the memory cap.
    pub(crate) oversize: Oversize,
    /// The folder for the changes of such a transaction with the oversize `spill`; absent for the system's temporary folder. It should
    /// be on a disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spill_folder: Option<PathBuf>,
    /// Bytes of a transaction in that folder, compressed, at most; absent for as many as fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spill_limit: Option<u64>,
    /// The handling of a subscriber that is slower than the reading that it shares.
    pub(crate) slow: Slow,
    /// Batches that wait for such a subscriber, at most.
    pub(crate) queue: usize,
    /// Uses the events of the file system as a hint.
    pub(crate) hints: bool,
    /// Time between two looks at an idle trail where the file system does not send events, in milliseconds, at most.
    pub(crate) poll_interval: u64,
    /// How long a cause may last before its policy applies: a missing next file, an incomplete record although the next file
    /// exists, a failed read; in milliseconds.
    pub(crate) patience: u64,
    /// Time between two stored checkpoints, in milliseconds, at least. 0 stores each acknowledgement.
    pub(crate) checkpoint_interval: u64,
    /// The policies of events that differ from the default.
    #[serde(skip_serializing_if = "Policies::is_empty")]
    pub(crate) policies: Policies,
    #[serde(skip, default = "os_files")]
    pub(crate) files: Arc<dyn Files>,
}

fn os_files() -> Arc<dyn Files> {
    Arc::new(OsFiles)
}

impl Default for TailOptions {
    fn default() -> Self {
        Self {
            start: Start::default(),
            delivery: Delivery::default(),
            select: None,
            read: ReadOptions::new(),
            batch: 1_000,
            memory: 64 << 20,
            oversize: Oversize::default(),
            spill_folder: None,
            spill_limit: None,
            slow: Slow::default(),
            queue: 64,
            hints: true,
            poll_interval: 50,
            patience: 10_000,
            checkpoint_interval: 1_000,
            policies: Policies::new(),
            files: os_files(),
        }
    }
}

impl TailOptions {
    /// Returns the default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads options from a JSON document.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if the document does not have the form of its schema.
    pub fn from_json(document: &str) -> Result<Self> {
        serde_json::from_str(document)
            .map_err(|error| Error::new(ErrorKind::InvalidArgument, format!("options document: {error}")))
    }

    /// Returns the options as a JSON document.
    ///
    /// # Errors
    /// [`Internal`](ErrorKind::Internal).
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::internal(&format!("a document cannot be written: {error}")))
    }

    /// Sets where to start if there is no checkpoint.
    #[must_use]
    pub fn start(self, start: Start) -> Self {
        Self { start, ..self }
    }

    /// Sets the unit of delivery.
    #[must_use]
    pub fn delivery(self, delivery: Delivery) -> Self {
        Self { delivery, ..self }
    }

    /// Delivers only the changes that a selection keeps.
    #[must_use]
    pub fn select(self, select: Select) -> Self {
        Self { select: Some(select), ..self }
    }

    /// Sets how the trail is read: definitions, character sets. A position and a selection in them are not used.
    #[must_use]
    pub fn read(self, read: ReadOptions) -> Self {
        Self { read, ..self }
    }

    /// Sets the number of changes in a batch, at most.
    #[must_use]
    pub fn batch(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// Sets how many bytes of a transaction are kept in memory, and what to do with a larger one.
    #[must_use]
    pub fn memory(self, memory: u64, oversize: Oversize) -> Self {
        Self { memory, oversize, ..self }
    }

    /// Sets the folder for the changes of a large transaction with [`Oversize::Spill`], which should be on a disk, and the bytes of a
    /// transaction in it, compressed, at most. By default it is the system's temporary folder, without a limit.
    #[must_use]
    pub fn spill(self, folder: impl Into<PathBuf>, limit: Option<u64>) -> Self {
        Self { spill_folder: Some(folder.into()), spill_limit: limit, ..self }
    }

    /// Sets how many batches may wait for a subscriber of a [`Hub`](crate::Hub), and what to do if there are more.
    #[must_use]
    pub fn slow(self, queue: usize, slow: Slow) -> Self {
        Self { queue: queue.max(1), slow, ..self }
    }

    /// Sets whether the events of the file system are used as a hint. Without them the trail is only polled.
    #[must_use]
    pub fn hints(self, hints: bool) -> Self {
        Self { hints, ..self }
    }

    /// Sets the time between two looks at an idle trail where the file system does not send events, at most.
    #[must_use]
    pub fn poll_interval(self, interval: Duration) -> Self {
        Self { poll_interval: millis(interval).max(1), ..self }
    }

    /// Sets how long a cause may last before its policy applies: a missing next file, an incomplete record although the next file
    /// exists, a failed read.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience: millis(patience), ..self }
    }

    /// Sets the time between two stored checkpoints, at least. With zero, each acknowledgement is stored before the call returns.
    #[must_use]
    pub fn checkpoint_interval(self, interval: Duration) -> Self {
        Self { checkpoint_interval: millis(interval), ..self }
    }

    /// Sets the policy for a kind of event.
    #[must_use]
    pub fn policy(mut self, kind: EventKind, policy: Policy) -> Self {
        self.policies.insert(kind, policy);
        self
    }

    /// Sets how files are accessed.
    #[must_use]
    pub fn files(self, files: Arc<dyn Files>) -> Self {
        Self { files, ..self }
    }

    pub(crate) fn spill_place(&self) -> SpillPlace {
        SpillPlace {
            files: Arc::clone(&self.files),
            folder: self.spill_folder.clone().unwrap_or_else(std::env::temp_dir),
            limit: self.spill_limit.unwrap_or(u64::MAX),
        }
    }

    pub(crate) fn without_selection(self) -> Self {
        Self { select: None, ..self }
    }

    pub(crate) fn policy_of(&self, kind: EventKind) -> Policy {
        self.policies.get(&kind).copied().unwrap_or(kind.default_policy())
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_to_start_at_is_text() {
        for text in ["beginning", "end", "12:1956", "csn:7824137832", "time:2024-03-01T12:00:00.000000Z"] {
            assert_eq!(text.parse::<Start>().unwrap().to_string(), text);
        }
        for wrong in ["", "start", "csn:", "time:yesterday", "12"] {
            assert_eq!(wrong.parse::<Start>().unwrap_err().kind(), ErrorKind::InvalidArgument, "{wrong}");
        }
    }
}
