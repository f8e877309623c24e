//! What a user sees: [`Change`], borrowed from the reader's buffer, and [`OwnedChange`], which lives by itself.
//!
//! Everything but the record's place is read when it is asked for: a change that a filter turns away by its table or
//! operation never has its columns touched.

mod json;
mod row;
mod value;

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;

pub use json::{PlainChange, PlainImage, PlainTokens, PlainValue};
pub use row::{Column, Row};
pub(crate) use row::{integer, unprefixed};
pub(crate) use value::NumberText;
pub use value::{ColumnState, DateTime, Decimal, Number, Precision, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::position::Position;
use crate::schema::TableDef;
use crate::time::Timestamp;
use crate::trail::image::Images;
use crate::trail::tokens::{self, GgsToken};
use crate::trail::{Fault, FaultKind, Frame, Record, RecordHeader, RecordType, TransactionIndicator};

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// A new row.
    Insert,
    /// A row with the same key and other values.
    Update,
    /// A row with another key.
    PkUpdate,
    /// A row is gone.
    Delete,
    /// All rows are gone.
    Truncate,
    /// A statement that changes definitions.
    Ddl,
    /// Not a change: a database or table definition.
    Metadata,
    /// Not a change: a marker, or a record of a type that is not understood.
    Other,
}

impl Op {
    /// All of them, changes first.
    pub const ALL: [Self; 8] =
        [Self::Insert, Self::Update, Self::PkUpdate, Self::Delete, Self::Truncate, Self::Ddl, Self::Metadata, Self::Other];

    /// The name in the native JSON form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::PkUpdate => "pk_update",
            Self::Delete => "delete",
            Self::Truncate => "truncate",
            Self::Ddl => "ddl",
            Self::Metadata => "metadata",
            Self::Other => "other",
        }
    }

    /// Whether it changes data or definitions, so that a reader hands it out by itself.
    #[inline]
    #[must_use]
    pub const fn is_change(self) -> bool {
        !matches!(self, Self::Metadata | Self::Other)
    }

    /// What records of a type do.
    #[inline]
    #[must_use]
    pub const fn of(record_type: RecordType) -> Self {
        match record_type {
            RecordType::INSERT => Self::Insert,
            RecordType::DELETE => Self::Delete,
            RecordType::FIELD_COMP | RecordType::UNIFIED_UPDATE | RecordType::UPDATE | RecordType::UPDATE_COMP => Self::Update,
            RecordType::PK_UPDATE | RecordType::UNIFIED_PK_UPDATE => Self::PkUpdate,
            RecordType::PURGE_DATA => Self::Truncate,
            RecordType::DDL => Self::Ddl,
            RecordType::METADATA => Self::Metadata,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Op {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|op| op.name() == name).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("{name:?} is no operation"))
                .hint("one of insert, update, pk_update, delete, truncate, ddl, metadata, other")
        })
    }
}

/// Where a change's CSN and transaction id stand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TransactionIds<'a> {
    /// In the transaction's first record, which lies in the same buffer.
    InRecord(Record<'a>),
    /// Kept from a first record that is no longer in the buffer, or not known.
    Kept(Option<&'a str>, Option<&'a str>),
}

/// Where a change comes from; the same for all records of a file but for the numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) file: &'a Arc<Path>,
    pub(crate) position: Position,
    pub(crate) record: u64,
}

/// One change of a trail, borrowed from its reader until the next call. [`to_owned`](Self::to_owned) keeps it.
///
/// A pair of before and after records is one change; its position is the after record's. Large-object fragments belong
/// to the change before them.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    buffer: &'a [u8],
    /// The record before the main one in a pair, the main record, and its fragments.
    frames: &'a [Frame],
    main: Frame,
    paired: bool,
    place: Place<'a>,
    table: &'a Arc<TableDef>,
    ids: TransactionIds<'a>,
    encrypted: bool,
}

impl<'a> Change<'a> {
    /// `frames` are the pair's first record if `paired`, the main record, and its fragments.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn new(
        buffer: &'a [u8],
        frames: &'a [Frame],
        main: Frame,
        paired: bool,
        place: Place<'a>,
        table: &'a Arc<TableDef>,
        ids: TransactionIds<'a>,
        encrypted: bool,
    ) -> Self {
        Self { buffer, frames, main, paired, place, table, ids, encrypted }
    }

    /// What it does.
    #[inline]
    #[must_use]
    pub fn op(&self) -> Op {
        Op::of(self.main.record_type)
    }

    /// The definition of its table. The reader hands out the same one for all rows of a version, so that two changes of
    /// one table can be told by [`Arc::ptr_eq`].
    #[inline]
    #[must_use]
    pub fn table(&self) -> &'a Arc<TableDef> {
        self.table
    }

    /// The name of its table, parts joined by `.`; of a statement, that of its object.
    #[must_use]
    pub fn table_name(&self) -> std::borrow::Cow<'a, str> {
        match self.ddl() {
            Some(ddl) if self.table.name().is_empty() => ddl.object().map_or_else(Default::default, std::borrow::Cow::Owned),
            _ => std::borrow::Cow::Borrowed(self.table.name()),
        }
    }

    /// Where its record starts; of a pair, the after record.
    #[inline]
    #[must_use]
    pub fn position(&self) -> Position {
        self.place.position
    }

    /// Where its first record starts; of a pair, the before record. Reading that starts here finds the whole change.
    #[must_use]
    pub fn start(&self) -> Position {
        let before = self.frames.first().map_or(0, |first| self.main.at.saturating_sub(first.at));
        // Two records of a pair from two files are not apart by their places in the buffer.
        let rba = self.place.position.rba.checked_sub(before);
        Position { rba: rba.unwrap_or(self.place.position.rba), ..self.place.position }
    }

    /// Its record; of a pair, the after record.
    #[inline]
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        Record::from_frame(self.buffer, &self.main)
    }

    /// Of a pair of before and after records, the before record.
    #[must_use]
    pub fn before_record(&self) -> Option<Record<'a>> {
        self.frames.first().filter(|_| self.paired).map(|frame| Record::from_frame(self.buffer, frame))
    }

    /// The large-object fragments that belong to it. How they are laid out is UNKNOWN; their records are all there is.
    pub fn fragments(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        let buffer = self.buffer;
        self.frames.iter().skip(1 + usize::from(self.paired)).map(move |frame| Record::from_frame(buffer, frame))
    }

    /// All its records: of a pair the before record, the record itself, and its fragments.
    pub fn records(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        let buffer = self.buffer;
        self.frames.iter().map(move |frame| Record::from_frame(buffer, frame))
    }

    /// The header of its record, in full.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where a table name has no end.
    pub fn header(&self) -> Result<RecordHeader<'a>> {
        self.record().header().map_err(|fault| self.fault(fault))
    }

    /// The record's time: of the commit, for rows.
    #[inline]
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        Timestamp::from_julian(self.record().julian_time())
    }

    /// Where it stands in its transaction; of a pair, the pair's as a whole.
    #[must_use]
    pub fn transaction(&self) -> TransactionIndicator {
        match self.frames {
            [first, .., last] => TransactionIndicator::spanning(first.transaction(), last.transaction()),
            _ => self.main.transaction(),
        }
    }

    /// The commit sequence number of its transaction, which the trail gives with the transaction's first record.
    #[must_use]
    pub fn csn(&self) -> Option<&'a str> {
        match self.ids {
            TransactionIds::InRecord(record) => ids_of(&record).0,
            TransactionIds::Kept(csn, _) => csn,
        }
    }

    /// The id of its transaction, which the trail gives with the transaction's first record.
    #[must_use]
    pub fn xid(&self) -> Option<&'a str> {
        match self.ids {
            TransactionIds::InRecord(record) => ids_of(&record).1,
            TransactionIds::Kept(_, xid) => xid,
        }
    }

    /// GoldenGate's own tokens of its record.
    pub fn tokens(&self) -> impl Iterator<Item = GgsToken<'a>> + use<'a> {
        let record = self.record();
        tokens::parse(record.token_area().unwrap_or_default(), record.byte_order()).filter_map(std::result::Result::ok)
    }

    /// The user's tokens of its record, as they stand; how they are laid out is UNKNOWN.
    #[must_use]
    pub fn user_tokens(&self) -> Option<&'a [u8]> {
        self.record().user_token_area()
    }

    /// The row before the change; `None` where the trail has no such image.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where the images do not fit the record, [`ErrorKind::Unsupported`] where they are encrypted
    /// or of a form that is not known.
    #[inline]
    pub fn before(&self) -> Result<Option<Row<'a>>> {
        match self.before_record() {
            Some(record) => self.image(&record, |images| images.before),
            None => self.image(&self.record(), |images| images.before),
        }
    }

    /// The row after the change; `None` where the trail has no such image.
    ///
    /// # Errors
    /// As [`before`](Self::before).
    #[inline]
    pub fn after(&self) -> Result<Option<Row<'a>>> {
        self.image(&self.record(), |images| images.after)
    }

    #[inline(always)]
    fn image(&self, record: &Record<'a>, pick: impl Fn(Images<'a>) -> Option<&'a [u8]>) -> Result<Option<Row<'a>>> {
        let images = match Images::of(record) {
            Ok(images) => images,
            Err(_) if self.encrypted => return Err(self.encrypted_error()),
            Err(fault) => return Err(self.fault(fault)),
        };
        let row = pick(images).map(|list| Row::new(list, self.table, record.byte_order()));
        match row {
            Some(row) if self.encrypted && !row.reads_as_image() => Err(self.encrypted_error()),
            row => Ok(row),
        }
    }

    /// The statement that changes definitions; `None` for other changes.
    #[must_use]
    pub fn ddl(&self) -> Option<Ddl<'a>> {
        (self.op() == Op::Ddl).then(|| Ddl { text: self.record().data(), record: self.record() })
    }

    /// The change with its own copy of its records.
    #[must_use]
    pub fn to_owned(&self) -> OwnedChange {
        let mut bytes = Vec::with_capacity(self.frames.iter().map(|frame| frame.len as usize).sum());
        let mut frames = self.frames.to_vec();
        for frame in &mut frames {
            let record = Record::from_frame(self.buffer, frame);
            frame.at = bytes.len() as u64;
            bytes.extend_from_slice(record.bytes());
        }
        OwnedChange {
            bytes: bytes.into(),
            frames: frames.into(),
            paired: self.paired,
            file: Arc::clone(self.place.file),
            position: self.place.position,
            record: self.place.record,
            table: Arc::clone(self.table),
            csn: self.csn().map(Into::into),
            xid: self.xid().map(Into::into),
            encrypted: self.encrypted,
        }
    }

    /// An error in this change, with its file, RBA and record number.
    #[cold]
    pub(crate) fn fault(&self, fault: Fault) -> Error {
        let kind = match fault.kind {
            FaultKind::Unsupported => ErrorKind::Unsupported,
            _ => ErrorKind::Corrupt,
        };
        self.locate(Error::new(kind, fault.what).hint("look at the record's bytes, or read on behind it"))
    }

    #[cold]
    fn encrypted_error(&self) -> Error {
        self.locate(Error::new(ErrorKind::Unsupported, ENCRYPTED).hint("decrypt the trail with GoldenGate first; headers stay readable"))
    }

    fn locate(&self, error: Error) -> Error {
        error.in_file(self.place.file).at_rba(self.place.position.rba).in_record(self.place.record)
    }
}

const ENCRYPTED: &str = "the row is encrypted";

fn ids_of<'a>(record: &Record<'a>) -> (Option<&'a str>, Option<&'a str>) {
    tokens::transaction_ids(record.token_area().unwrap_or_default(), record.byte_order())
}

/// A statement that changes definitions, as the trail has it: `,C5='csn',,B7='',,…`, with owner and object under B3 and
/// B4 and the statement under C1. Only the beginnings of such texts have been seen; how quotes within values are written
/// is UNKNOWN, so a value that holds one may come out cut.
#[derive(Clone, Copy, Debug)]
pub struct Ddl<'a> {
    text: &'a [u8],
    record: Record<'a>,
}

impl<'a> Ddl<'a> {
    /// The whole text as it stands, without NULs at its end; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'a, str> {
        let end = self.text.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        String::from_utf8_lossy(self.text.get(..end).unwrap_or_default())
    }

    /// The value of one tag, such as `B4`.
    #[must_use]
    pub fn field(&self, tag: &str) -> Option<String> {
        let text = self.text();
        let start = text.find(&format!(",{tag}='"))? + tag.len() + 3;
        let rest = text.get(start..)?;
        // A value ends at a quote that a comma or the end follows.
        let end = rest.find("',,").or_else(|| rest.strip_suffix('\'').map(str::len)).or_else(|| rest.find("',"))?;
        rest.get(..end).map(str::to_owned)
    }

    /// Owner and object, joined by `.`: from the DDL token, or else from the tags B3 and B4.
    #[must_use]
    pub fn object(&self) -> Option<String> {
        let area = self.record.token_area().unwrap_or_default();
        let token = tokens::parse(area, self.record.byte_order()).filter_map(std::result::Result::ok).find(|token| token.id() == tokens::id::DDL);
        let from_token = token.and_then(|token| {
            let mut parts = token.body().split(|&byte| byte == 0).map(|part| std::str::from_utf8(part).ok());
            Some(join(parts.next()??, parts.next()??))
        });
        from_token.or_else(|| Some(join(&self.field("B3")?, &self.field("B4")?)))
    }
}

fn join(owner: &str, object: &str) -> String {
    if owner.is_empty() { object.to_owned() } else { format!("{owner}.{object}") }
}

/// A change that lives by itself: its records' bytes, its table's definition and its transaction's ids. `Send` and
/// `Sync`; cloning shares the bytes.
#[derive(Clone, Debug)]
pub struct OwnedChange {
    bytes: Bytes,
    frames: Arc<[Frame]>,
    paired: bool,
    file: Arc<Path>,
    position: Position,
    record: u64,
    table: Arc<TableDef>,
    csn: Option<Arc<str>>,
    xid: Option<Arc<str>>,
    encrypted: bool,
}

impl OwnedChange {
    /// The change as [`Change`] shows it.
    #[must_use]
    pub fn as_change(&self) -> Change<'_> {
        let main = self.frames.get(usize::from(self.paired)).or(self.frames.first());
        let place = Place { file: &self.file, position: self.position, record: self.record };
        Change {
            buffer: &self.bytes,
            frames: &self.frames,
            main: main.copied().unwrap_or_default(),
            paired: self.paired,
            place,
            table: &self.table,
            ids: TransactionIds::Kept(self.csn.as_deref(), self.xid.as_deref()),
            encrypted: self.encrypted,
        }
    }
}
