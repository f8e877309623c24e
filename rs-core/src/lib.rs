//! Read, decode and write Oracle GoldenGate trail files.
//!
//! ```
//! # let dir = tempfile::tempdir().unwrap();
//! # trailcore_samples::write_bank(dir.path(), &trailcore_samples::Bank::small()).unwrap();
//! # let path = dir.path().join("bk");
//! use trailcore::{Op, Trail};
//!
//! let trail = Trail::open(path)?; // a file, a prefix such as dirdat/lt, or a directory
//! let mut reader = trail.reader()?;
//! while let Some(change) = reader.next()? {
//!     if change.op() == Op::Insert && change.table().name() == "BANK.POSTINGS" {
//!         if let Some(amount) = change.after()?.and_then(|row| row.get("AMOUNT")) {
//!             println!("{} {}", change.position(), amount.decimal()?);
//!         }
//!     }
//! }
//! # Ok::<(), trailcore::Error>(())
//! ```
//!
//! There are three levels; most programs need only the first:
//!
//! 1. [`Trail`], [`Reader`], [`Change`]: the changes of a trail, with tables, values, transactions. [`batch`] decodes them
//!    into columns, in bulk.
//! 2. [`RecordReader`](source::RecordReader): every raw record.
//! 3. [`trail`]: the format over byte slices.
//!
//! Values are exact. NULL, missing and invalid are three different states. Data of unknown layout are returned as raw bytes and
//! marked as such. No input makes the library panic, and the size of the input limits its memory. "GoldenGate" is Oracle's
//! mark; this project is independent of Oracle.

pub mod analysis;
#[cfg(feature = "arrow")]
pub mod arrow;
pub mod batch;
mod call;
pub mod change;
pub mod filter;
mod formats;
pub mod report;
pub mod schema;
pub mod sink;
pub mod source;
pub mod trail;

mod decode;
mod document;
#[cfg(feature = "drill")]
mod drill;
mod error;
mod position;
mod text;
mod time;

pub use call::{DiffArguments, Request, VERBS, call, call_on, call_with};
pub use change::{
    Change, ChangeBlock, Column, ColumnState, DateTime, Decimal, JsonOptions, Number, Op, OwnedChange, OwnedValue, Row,
    TransactionIndicator, Value,
};
pub use error::{Error, ErrorKind, Location, Result};
pub use position::{Csn, Position, TrailPosition};
pub use schema::{Catalog, TableDef};
pub use source::{ReadOptions, Reader, Trail};
pub use text::Charset;
pub use time::Timestamp;
