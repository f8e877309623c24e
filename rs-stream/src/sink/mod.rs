//! [`Sink`]: where a pipeline writes changes to.

mod callback;
#[cfg(feature = "files")]
mod entry;
#[cfg(feature = "files")]
mod files;
#[cfg(feature = "files")]
mod kafka;
#[cfg(feature = "files")]
mod manifest;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "files")]
mod store;
#[cfg(feature = "files")]
mod trail;
#[cfg(feature = "postgres")]
mod workers;

#[cfg(feature = "object_store")]
pub use crate::objects::{OpenStore, register_store};
pub use callback::{CallbackSink, ChannelSink, Committed};
#[cfg(feature = "files")]
pub use files::{FilesOptions, FilesSink};
#[cfg(feature = "kafka")]
pub use kafka::KafkaSink;
#[cfg(feature = "files")]
pub use kafka::{Encoder, JsonEncoder, KafkaOptions};
#[cfg(feature = "files")]
pub use manifest::{Entry, Manifest, PublishedFile};
#[cfg(feature = "postgres")]
pub use postgres::{Conflicts, PostgresOptions, PostgresSink};
use std::sync::Arc;
#[cfg(feature = "files")]
pub use trail::{TrailSink, TrailSinkOptions};

use trailcore::change::OwnedChange;
use trailcore::{Change, Error, Result};
#[cfg(feature = "postgres")]
pub(crate) use workers::{PostgresWorkers, row_key};

use crate::checkpoint::Checkpoint;
use crate::options::Delivery;

/// The promise of a sink about a change, whatever happens to the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Each change is there exactly once: the sink stores the position with the data.
    ExactlyOnce,
    /// No change is missing, and after a crash some may come again.
    AtLeastOnce,
}

/// Takes the changes of a pipeline, in order, and makes them permanent together with their position.
///
/// A pipeline calls [`load`](Self::load) when it starts, then [`write`](Self::write) for each change and [`commit`](Self::commit) now and
/// then. After an error it calls [`roll_back`](Self::roll_back) and starts again at the loaded position. One thread uses it at a time.
pub trait Sink: Send {
    /// Returns what it promises.
    fn promise(&self) -> Promise;

    /// Returns the unit that it needs: with [`Delivery::Transactions`], a commit is never inside a transaction.
    fn unit(&self) -> Delivery {
        Delivery::Changes
    }

    /// Returns whether it applies the changes of different rows at once. Its pipeline then calls
    /// [`write_alone`](Self::write_alone).
    fn is_parallel(&self) -> bool {
        false
    }

    /// Sets whether what is written from now on is about several rows, or needs their order, so that it is applied by one worker. This is
    /// set only directly after a commit. A sink that is not parallel ignores it.
    fn write_alone(&mut self, _alone: bool) {}

    /// Returns the checkpoint of the last commit; `None` before the first one. It finishes or undoes what a crash has interrupted, and makes
    /// this the only writer where the sink can do that.
    ///
    /// # Errors
    /// [`Io`](trailcore::ErrorKind::Io) if the sink cannot be reached. [`Cancelled`](trailcore::ErrorKind::Cancelled) if another writer has
    /// taken over since this one has loaded.
    fn load(&mut self) -> Result<Option<Checkpoint>>;

    /// Returns the checkpoint of the last commit, and changes nothing.
    ///
    /// # Errors
    /// [`Io`](trailcore::ErrorKind::Io) if the sink cannot be reached.
    fn peek(&mut self) -> Result<Option<Checkpoint>>;

    /// Sets the number of the definition of the changes that are written from now on; `None` if the pipeline does not number definitions. A
    /// sink that has no place for it beside the row ignores it.
    fn set_definition(&mut self, _number: Option<u64>) {}

    /// Sets a function that returns whether the pipeline is to stop. A sink that waits for somebody else, such as the receiver of a channel,
    /// ends its wait then; others ignore it.
    fn ends_waits_when(&mut self, _is_stopping: Arc<dyn Fn() -> bool + Send + Sync>) {}

    /// Takes a change. It becomes permanent with the next commit.
    ///
    /// # Errors
    /// [`Value`](trailcore::ErrorKind::Value), [`Unencodable`](trailcore::ErrorKind::Unencodable) and
    /// [`UndefinedTable`](trailcore::ErrorKind::UndefinedTable) refuse only the change: the sink is as it was before. After any other
    /// error it has to be rolled back.
    fn write(&mut self, change: &Change<'_>) -> Result<()>;

    /// Returns the changes that were refused after they were taken, with the reasons, so that a commit makes the others permanent.
    ///
    /// # Errors
    /// The errors of [`write`](Self::write) that need a roll-back.
    fn take_refused(&mut self) -> Result<Vec<(OwnedChange, Error)>> {
        Ok(Vec::new())
    }

    /// Makes all changes since the last commit permanent, together with a checkpoint: both or neither.
    ///
    /// # Errors
    /// [`Io`](trailcore::ErrorKind::Io), after which it has to be rolled back. [`Cancelled`](trailcore::ErrorKind::Cancelled) if another
    /// writer has taken over: this one must not go on. The error of a refused change that nobody has taken.
    fn commit(&mut self, checkpoint: &Checkpoint) -> Result<()>;

    /// Drops the changes since the last commit.
    ///
    /// # Errors
    /// [`Io`](trailcore::ErrorKind::Io).
    fn roll_back(&mut self) -> Result<()>;

    /// Checks that it can be written to, without writing changes.
    ///
    /// # Errors
    /// The reason why it cannot.
    fn check(&mut self) -> Result<()>;

    /// Returns counts of its own, such as of conflicts, by name.
    fn counts(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
}

/// Returns the error of a writer that must not go on.
#[cfg(any(feature = "files", feature = "postgres"))]
fn taken_over() -> Error {
    Error::new(trailcore::ErrorKind::Cancelled, "another writer has taken over: this one must not go on")
}
