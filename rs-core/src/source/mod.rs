//! Sources of changes: [`Trail`] finds the files of a trail, [`Reader`] reads their changes, [`RecordReader`] their records.

mod bytes;
mod check;
mod find;
mod lines;
mod options;
mod progress;
mod reader;
mod records;
mod sequence;
mod skipped;
mod trail;
mod wanted;
mod window;

pub use self::bytes::ByteSource;
pub use self::check::{CheckIssue, CheckIssueKind, CheckReport};
pub use self::options::ReadOptions;
pub use self::progress::Progress;
pub use self::reader::{Blocks, Reader};
pub use self::records::{PlacedRecord, RecordReader};
pub use self::sequence::{Gap, TrailFile, seqno_of};
pub use self::skipped::Skipped;
pub use self::trail::Trail;

pub(crate) use self::wanted::Wanted;
