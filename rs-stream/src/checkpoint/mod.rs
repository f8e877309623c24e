//! [`Checkpoint`]: where a follower continues, and [`CheckpointStore`]: where that is kept.

mod file;
mod memory;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trailcore::trail::{Decoder, FileHeader};
use trailcore::{Error, ErrorKind, Position, Result, Timestamp};
use twox_hash::XxHash64;

pub use self::file::FileStore;
pub use self::memory::MemoryStore;

/// The version of the document.
const VERSION: u32 = 1;

/// The place at which a follower continues. Everything before it has been acknowledged.
///
/// It is a document, whose schema is `docs/schema/checkpoint.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "Where a follower of a trail continues."))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Checkpoint {
    /// Version of this document.
    pub version: u32,
    /// The position after the last acknowledged change.
    pub position: Position,
    /// The start of the transaction that the position is inside, where reading has to start; absent between transactions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Position>,
    /// CSN of the last acknowledged change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csn: Option<String>,
    /// Timestamp of the last acknowledged change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// Identity of the trail: of the file that reading starts in. A checkpoint of another trail is refused.
    pub trail: String,
    /// Identity of the selection; a checkpoint for another selection is refused. Empty without a selection.
    #[serde(default)]
    pub selection: String,
    /// When it was stored, by the clock of this machine.
    pub stored: Timestamp,
    /// The definitions that a pipeline has met, by table, if it watches them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub definitions: BTreeMap<String, KnownDefinition>,
}

/// The definition of a table that a pipeline has met last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "The definition of a table."))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct KnownDefinition {
    /// Its number: 1 for the first definition that the pipeline has met, one more for each other one.
    pub version: u64,
    /// Identity of the names and types of its columns.
    pub identity: String,
    /// The columns that are delivered.
    pub columns: Vec<String>,
}

impl Checkpoint {
    /// Returns where reading starts.
    #[must_use]
    pub fn read_from(&self) -> Position {
        self.transaction.unwrap_or(self.position)
    }

    /// Returns the document as one line of JSON.
    ///
    /// # Errors
    /// [`Internal`](ErrorKind::Internal).
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::internal(&format!("a checkpoint cannot be written: {error}")))
    }

    /// Reads the document.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if it is of a later version, [`Corrupt`](ErrorKind::Corrupt) if it is not a
    /// checkpoint.
    pub fn from_json(document: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let damaged = |error: serde_json::Error| Error::new(ErrorKind::Corrupt, format!("the checkpoint is damaged: {error}"));
        let Versioned { version } = serde_json::from_str(document).map_err(damaged)?;
        if version != VERSION {
            let what = format!("the checkpoint has version {version}, this release reads version {VERSION}");
            return Err(Error::new(ErrorKind::Unsupported, what).hint("use the release that wrote it, or a later one"));
        }
        serde_json::from_str(document).map_err(damaged)
    }
}

pub(crate) fn new_checkpoint(
    (position, transaction): (Position, Option<Position>),
    (csn, time): (Option<String>, Option<Timestamp>),
    (trail, selection): (String, String),
) -> Checkpoint {
    let stored = Timestamp::from_unix_micros(unix_micros());
    let definitions = BTreeMap::new();
    Checkpoint { version: VERSION, position, transaction, csn, time, trail, selection, stored, definitions }
}

/// Returns the time of the system's clock.
pub(crate) fn unix_micros() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Keeps the checkpoint of one follower. A tail claims its store before it reads, and releases it when it is dropped, so that two
/// followers do not share a checkpoint.
///
/// [`FileStore`] and [`MemoryStore`] are implementations; a program may keep the checkpoint elsewhere, such as in the database that
/// it writes to.
pub trait CheckpointStore: Send {
    /// Claims the checkpoint for one follower until the store is dropped. A store that has other means against a second follower
    /// needs not do anything.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if another follower has it.
    fn claim(&mut self) -> Result<()> {
        Ok(())
    }

    /// Returns the checkpoint; `None` if none has been stored.
    ///
    /// # Errors
    /// [`Corrupt`](ErrorKind::Corrupt), [`Unsupported`](ErrorKind::Unsupported), [`Io`](ErrorKind::Io).
    fn load(&mut self) -> Result<Option<Loaded>>;

    /// Stores a checkpoint in place of the last one: all of it or nothing, whatever happens to the process or the machine.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io). The last checkpoint is then still there, and a later call tries again.
    fn store(&mut self, checkpoint: &Checkpoint) -> Result<()>;
}

impl<S: CheckpointStore + ?Sized> CheckpointStore for Box<S> {
    fn claim(&mut self) -> Result<()> {
        (**self).claim()
    }

    fn load(&mut self) -> Result<Option<Loaded>> {
        (**self).load()
    }

    fn store(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        (**self).store(checkpoint)
    }
}

/// A checkpoint that was loaded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The error of a later checkpoint, which is damaged, so that this earlier one was loaded: changes may be repeated.
    pub damaged: Option<Error>,
}

impl From<Checkpoint> for Loaded {
    fn from(checkpoint: Checkpoint) -> Self {
        Self { checkpoint, damaged: None }
    }
}

/// Returns the identity of a trail from the first bytes of one of its files: what its header states about its origin; without a
/// header, the first record. `None` while the first record is incomplete. What a writer may fill in later does not count.
pub(crate) fn identity(head: &[u8]) -> Option<String> {
    let record = Decoder::new().decode(head).ok()??;
    let text = match FileHeader::parse(&record) {
        Ok(header) => format!(
            "{:?} {:?} {:?} {:?}",
            header.uri().value(),
            header.creation_time().value(),
            header.seqno().value(),
            header.producer_group().value()
        ),
        Err(_) => return Some(format!("record {:016x}", XxHash64::oneshot(0, record.bytes()))),
    };
    Some(format!("header {:016x}", XxHash64::oneshot(0, text.as_bytes())))
}

/// Returns the identity of a selection.
pub(crate) fn selection_identity(select: Option<&trailcore::filter::Select>) -> String {
    select.map_or_else(String::new, |select| format!("{:016x}", XxHash64::oneshot(0, select.to_string().as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn sample() -> Checkpoint {
        new_checkpoint(
            (Position::new(12, 1956), Some(Position::new(11, 7))),
            (Some("7824137832".to_owned()), Some(Timestamp::from_unix_micros(7))),
            ("header 00".to_owned(), String::new()),
        )
    }

    #[test]
    fn it_is_a_document() {
        let checkpoint = sample();
        assert_eq!(Checkpoint::from_json(&checkpoint.to_json().unwrap()).unwrap(), checkpoint);
        assert_eq!(checkpoint.read_from(), Position::new(11, 7));
        let later = checkpoint.to_json().unwrap().replace("\"version\":1", "\"version\":2,\"new\":1");
        assert_eq!(Checkpoint::from_json(&later).unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(Checkpoint::from_json("{}").unwrap_err().kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn the_identity_of_a_trail_is_in_its_header() {
        let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
        let ids: Vec<_> = files.iter().map(|(_, bytes)| identity(bytes).unwrap()).collect();
        assert_ne!(ids[0], ids[1]);
        // Later records do not count.
        assert_eq!(identity(&files[0].1[..files[0].1.len() / 2]).unwrap(), ids[0]);
        assert_eq!(identity(&files[0].1[..10]), None);
        assert_eq!(identity(b""), None);
    }
}
