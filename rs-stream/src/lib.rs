//! Follow Oracle GoldenGate trails while they are written.
//!
//! [`Tail`] is a driver around the reader of `trailcore`: it delivers changes or whole transactions as they are completed, across
//! roll-over, reports what happens to the files as [`Event`]s, and continues at a [`Checkpoint`] after a restart. `docs/live.md` has
//! the guarantees and their limits, and a runbook for each event.
//!
//! ```
//! # let dir = tempfile::tempdir().unwrap();
//! # trailcore_samples::write_bank(dir.path(), &trailcore_samples::Bank::small()).unwrap();
//! # let (path, checkpoint) = (dir.path().join("bk"), dir.path().join("sales.checkpoint"));
//! use trailcore_stream::{Delivery, FileStore, Item, Tail, TailOptions};
//!
//! let options = TailOptions::new().delivery(Delivery::Transactions);
//! let mut tail = Tail::open_with(path, options, FileStore::new(checkpoint))?;
//! # let handle = tail.handle();
//! while let Some(item) = tail.recv()? {
//!     if let Item::Transaction(transaction) = item {
//!         for block in transaction.blocks()? {
//!             for change in block?.changes() {
//!                 println!("{} {}", change.position(), change.op());
//!             }
//!         }
//!         tail.acknowledge(&transaction.receipt())?; // the checkpoint may move on
//! #       handle.stop();
//!     }
//! }
//! # Ok::<(), trailcore::Error>(())
//! ```

mod acknowledge;
mod assembly;
mod boundaries;
mod checkpoint;
mod condition;
mod durable;
mod event;
mod files;
mod hub;
mod item;
mod lag;
mod lease;
mod link;
mod log;
#[cfg(feature = "metrics")]
mod metrics;
mod objects;
mod options;
#[cfg(feature = "files")]
pub mod pipeline;
#[doc(hidden)]
pub mod point;
mod sequence;
mod shared;
mod signal;
pub mod sink;
mod skip;
mod spill;
mod tail;
mod watch;

pub use acknowledge::{Progress, Receipt};
pub use boundaries::{Boundaries, Boundary};
pub use checkpoint::{Checkpoint, CheckpointStore, FileStore, KnownDefinition, Loaded, MemoryStore};
pub use event::{Event, EventKind, Policy};
pub use files::{FileFacts, Files, OsFiles, Scratch};
pub use hub::Hub;
pub use item::{Batch, Blocks, Item, Part, Transaction};
pub use lag::Lag;
pub use lease::Lease;
pub use log::forward_log;
#[cfg(feature = "metrics")]
pub use metrics::{Metrics, label_value};
#[cfg(feature = "object_store")]
#[doc(no_inline)]
pub use object_store;
pub use objects::no_object_store;
#[cfg(feature = "object_store")]
pub use objects::{ObjectFolder, ObjectReader, OpenStore, Upload, register_store};
pub use options::{Delivery, Oversize, Slow, Start, TailOptions};
pub use tail::{Tail, TailHandle};
