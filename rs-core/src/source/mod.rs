//! Sources of changes: [`Trail`] finds the files of a trail, [`Reader`] reads their changes, [`RecordReader`] their records.

mod bytes;
mod check;
mod compressed;
mod find;
mod lines;
mod missing;
mod options;
mod progress;
mod reader;
mod records;
mod report;
mod sequence;
mod skipped;
mod trail;
mod unfinished;
mod views;
mod wanted;
mod window;

pub use self::bytes::ByteSource;
pub use self::check::{CheckIssue, CheckIssueKind, CheckReport};
pub use self::missing::MissingColumns;
pub use self::options::ReadOptions;
pub use self::progress::Progress;
pub use self::reader::{Blocks, LiveNote, LiveReader, LiveState, Pending, ReadFilter, Reader};
pub use self::records::{PlacedRecord, RecordReader};
pub use self::report::{Notice, NoticeKind, ReadReport, SkippedReport, UndecidedReport, UnfinishedReport};
pub use self::sequence::{Gap, TrailFile, seqno_of};
pub use self::skipped::Skipped;
pub use self::trail::Trail;
pub use self::unfinished::{Unfinished, UnfinishedTransactions};
pub use self::views::{RecordView, RecordViews};

#[cfg(feature = "arrow")]
pub(crate) use self::missing::is_column;
pub(crate) use self::reader::FileIndex;
#[cfg(feature = "arrow")]
pub(crate) use self::reader::{Piece, Pieces, spawn};
pub(crate) use self::wanted::{Wanted, names, names_exactly};
#[cfg(feature = "arrow")]
pub(crate) use self::window::WindowMemory;
