//! What consecutive changes share.

use std::any::Any;
use std::path::Path;
use std::sync::Arc;

use crate::change::format::SourceFormat;
use crate::decode::ByteOrder;
use crate::error::Error;
use crate::position::{Position, TrailPosition};
use crate::text::Charset;

/// What all changes of one file share.
#[derive(Clone, Debug)]
pub(crate) struct FileContext {
    pub(crate) file: Arc<Path>,
    /// How the changes' raw bytes are read.
    pub(crate) format: &'static dyn SourceFormat,
    pub(crate) space: PositionSpace,
    /// Whether the file header says that rows are encrypted.
    pub(crate) encrypted: bool,
    /// The database's character set, in which DDL is written.
    pub(crate) charset: Charset,
    /// The file's header, of the format's own type.
    pub(crate) header: Option<Arc<dyn Any + Send + Sync>>,
}

/// The positions of a file's changes, but for each change's own offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PositionSpace {
    /// Of a trail: the file's sequence number. The offset is the RBA.
    Trail(u64),
    /// Byte offsets.
    Bytes,
}

impl PositionSpace {
    #[inline(always)]
    pub(crate) fn at(self, offset: u64) -> Position {
        match self {
            Self::Trail(seqno) => Position::Trail(TrailPosition { seqno, rba: offset }),
            Self::Bytes => Position::Offset(offset),
        }
    }
}

impl FileContext {
    /// Adds the file, and the place of a change in it, to an error.
    #[cold]
    pub(crate) fn locate(&self, error: Error, offset: u64, record: u64) -> Error {
        let error = error.in_file(&self.file).in_record(record);
        match self.space {
            PositionSpace::Trail(_) => error.at_rba(offset),
            PositionSpace::Bytes => error.at_offset(offset),
        }
    }
}

/// What consecutive changes of one file and one transaction share.
#[derive(Clone, Debug)]
pub(crate) struct ChangeContext {
    pub(crate) file: Arc<FileContext>,
    pub(crate) ids: TransactionIds,
    /// The start of a change whose first record is in an earlier file.
    pub(crate) start: Option<Position>,
}

/// CSN and id of a transaction. In a trail only its first record has them (docs/trail-format.md, section 8).
#[derive(Clone, Debug, Default)]
pub(crate) struct TransactionIds {
    /// The bytes of that record in the changes' buffer, as long as they are there: start, length, byte order.
    pub(crate) record: Option<(usize, usize, ByteOrder)>,
    /// The texts otherwise. A reader reuses their memory for all its transactions.
    csn: String,
    xid: String,
    has_csn: bool,
    has_xid: bool,
    /// Counts the transactions that a reader has met: two changes with the same number have the same ids.
    pub(crate) serial: u64,
}

impl TransactionIds {
    /// Returns CSN and id; `buffer` is that of the changes.
    #[inline]
    pub(crate) fn get<'a>(&'a self, buffer: &'a [u8], format: &dyn SourceFormat) -> (Option<&'a str>, Option<&'a str>) {
        match self.record {
            None => (self.has_csn.then_some(&*self.csn), self.has_xid.then_some(&*self.xid)),
            Some((at, len, order)) => format.transaction_ids(buffer.get(at..at.saturating_add(len)).unwrap_or_default(), order),
        }
    }

    /// Makes room for any ids that have been seen, so that keeping them does not allocate.
    pub(crate) fn with_room() -> Self {
        let room = || String::with_capacity(64);
        Self { csn: room(), xid: room(), ..Self::default() }
    }

    /// Creates the ids of a transaction from their texts.
    pub(crate) fn kept(csn: Option<&str>, xid: Option<&str>, serial: u64) -> Self {
        let mut ids = Self { serial, ..Self::default() };
        ids.keep(csn, xid);
        ids
    }

    /// Returns the texts that are kept.
    pub(crate) fn texts(&self) -> (Option<&str>, Option<&str>) {
        (self.has_csn.then_some(&*self.csn), self.has_xid.then_some(&*self.xid))
    }

    /// Returns the same ids with another number.
    pub(crate) fn numbered(self, serial: u64) -> Self {
        Self { serial, ..self }
    }

    /// Creates the ids of a transaction whose first record is in the changes' buffer.
    pub(crate) fn in_record(at: usize, len: usize, order: ByteOrder, serial: u64) -> Self {
        Self { record: Some((at, len, order)), serial, ..Self::default() }
    }

    /// Begins a transaction with the record at this place.
    #[inline(always)]
    pub(crate) fn begin(&mut self, at: usize, len: usize, order: ByteOrder) {
        self.record = Some((at, len, order));
        self.serial += 1;
    }

    /// Begins a transaction about which nothing is known.
    pub(crate) fn forget(&mut self) {
        self.keep(None, None);
        self.serial += 1;
    }

    /// Keeps these texts, since the record is about to leave the buffer.
    pub(crate) fn keep(&mut self, csn: Option<&str>, xid: Option<&str>) {
        self.record = None;
        (self.has_csn, self.has_xid) = (csn.is_some(), xid.is_some());
        for (kept, text) in [(&mut self.csn, csn), (&mut self.xid, xid)] {
            kept.clear();
            kept.push_str(text.unwrap_or_default());
        }
    }
}
