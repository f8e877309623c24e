//! What a user sees: [`Change`], borrowed from the reader's buffer, and [`OwnedChange`], which lives by itself.
//!
//! Everything but the record's place is read when it is asked for: a change that a filter turns away by its table or
//! operation never has its columns touched.

mod block;
mod json;
mod row;
mod value;

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;

// Its place is `source`, beside what fills it.
#[doc(hidden)]
pub use block::ChangeBlock;
pub(crate) use block::Run;
pub use json::{PlainChange, PlainImage, PlainTokens, PlainValue};
pub use row::{Column, Row};
pub(crate) use row::{integer, unprefixed};
pub(crate) use value::NumberText;
pub use value::{ColumnState, DateTime, Decimal, Number, Precision, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::position::Position;
use crate::schema::TableDef;
use crate::text::Charset;
use crate::time::Timestamp;
use crate::trail::image::Images;
use crate::trail::tokens::{self, GgsToken};
use crate::trail::{Fault, FaultKind, FileHeader, Frame, Record, RecordHeader, RecordType, TransactionIndicator};

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

/// Where a transaction's CSN and id stand: in its first record, which alone holds them (spec section 6).
#[derive(Clone, Debug, Default)]
pub(crate) struct TransactionIds {
    /// The frame of that record, while it is in the buffer.
    pub(crate) frame: Option<usize>,
    /// The texts, once it is gone. A reader uses their memory for all its transactions.
    csn: String,
    xid: String,
    has_csn: bool,
    has_xid: bool,
    /// Counts the transactions that a reader has met: two changes with the same number have the same ids.
    serial: u64,
}

impl TransactionIds {
    fn of<'a>(&'a self, buffer: &'a [u8], frames: &'a [Frame]) -> (Option<&'a str>, Option<&'a str>) {
        match self.frame.map(|index| frames.get(index)) {
            None => (self.has_csn.then_some(&*self.csn), self.has_xid.then_some(&*self.xid)),
            Some(None) => (None, None),
            Some(Some(frame)) => {
                let record = Record::from_frame(buffer, frame);
                tokens::transaction_ids(record.token_area().unwrap_or_default(), record.byte_order())
            }
        }
    }

    /// With room for any ids that have been seen, so that keeping them does not allocate.
    pub(crate) fn with_room() -> Self {
        let room = || String::with_capacity(64);
        Self { csn: room(), xid: room(), ..Self::default() }
    }

    fn kept(csn: Option<&str>, xid: Option<&str>) -> Self {
        let mut ids = Self::default();
        ids.keep(csn, xid);
        ids
    }

    /// A transaction begins with this frame.
    #[inline(always)]
    pub(crate) fn begin(&mut self, frame: usize) {
        self.frame = Some(frame);
        self.serial += 1;
    }

    /// Nothing is known of the transaction that comes.
    pub(crate) fn forget(&mut self) {
        self.keep(None, None);
        self.serial += 1;
    }

    /// Keeps these texts, where the record is to go.
    pub(crate) fn keep(&mut self, csn: Option<&str>, xid: Option<&str>) {
        self.frame = None;
        (self.has_csn, self.has_xid) = (csn.is_some(), xid.is_some());
        for (kept, text) in [(&mut self.csn, csn), (&mut self.xid, xid)] {
            kept.clear();
            kept.push_str(text.unwrap_or_default());
        }
    }
}

/// What all changes of a file have in common.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) file: Arc<Path>,
    pub(crate) seqno: u64,
    /// Whether its header says that rows are encrypted.
    pub(crate) encrypted: bool,
    /// The database's character set, in which statements are written.
    pub(crate) charset: Charset,
    /// Its header, where it has one.
    pub(crate) header: Option<Arc<FileHeader>>,
}

/// Which frames of a buffer make a change.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unit {
    /// The first frame: of a pair the before record, else the record itself.
    pub(crate) first: usize,
    /// Behind the last: its fragments follow the record.
    pub(crate) end: usize,
    /// Where the record starts in its file, and its number there.
    pub(crate) rba: u64,
    pub(crate) record: u64,
    pub(crate) paired: bool,
    /// Whether it belongs to a transaction: metadata and markers do not.
    pub(crate) in_transaction: bool,
    /// How many records behind the main one hold the rest of its data.
    pub(crate) continuations: usize,
    /// Of a pair, and of it alone: where its before record starts.
    pub(crate) pair_start: Position,
}

/// What changes share as long as neither file nor transaction changes. A reader has one.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) origin: Arc<Origin>,
    pub(crate) ids: TransactionIds,
    /// Of a row that goes on in further records: all of its data.
    pub(crate) joined: Vec<u8>,
}

/// One change of a trail, borrowed from its reader until the next call. [`to_owned`](Self::to_owned) keeps it.
///
/// A pair of before and after records is one change; its position is the after record's. Large-object fragments belong
/// to the change before them.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// A buffer and all frames in it, of which the unit says which are the change's.
    buffer: &'a [u8],
    frames: &'a [Frame],
    /// The frame of its record.
    frame: &'a Frame,
    unit: &'a Unit,
    view: &'a View,
    table: &'a Arc<TableDef>,
}

impl<'a> Change<'a> {
    #[inline(always)]
    pub(crate) fn new(
        (buffer, frames): (&'a [u8], &'a [Frame]),
        frame: &'a Frame,
        unit: &'a Unit,
        view: &'a View,
        table: &'a Arc<TableDef>,
    ) -> Self {
        Self { buffer, frames, frame, unit, view, table }
    }

    /// The bytes that its records lie in, others among them.
    #[inline(always)]
    pub(crate) fn buffer(&self) -> &'a [u8] {
        self.buffer
    }

    fn own_frames(&self) -> &'a [Frame] {
        self.frames.get(self.unit.first..self.unit.end).unwrap_or_default()
    }

    /// What it does.
    #[inline(always)]
    #[must_use]
    pub fn op(&self) -> Op {
        Op::of(self.frame.record_type)
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
        Position::new(self.view.origin.seqno, self.unit.rba)
    }

    /// Where its first record starts; of a pair, the before record. Reading that starts here finds the whole change.
    #[must_use]
    pub fn start(&self) -> Position {
        if self.unit.paired { self.unit.pair_start } else { self.position() }
    }

    /// Its record; of a pair, the after record.
    #[inline]
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        Record::from_frame(self.buffer, self.frame)
    }

    /// Of a pair of before and after records, the before record.
    #[must_use]
    pub fn before_record(&self) -> Option<Record<'a>> {
        self.own_frames().first().filter(|_| self.unit.paired).map(|frame| Record::from_frame(self.buffer, frame))
    }

    /// The large-object fragments that belong to it. How they are laid out is UNKNOWN; their records are all there is.
    pub fn fragments(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        let buffer = self.buffer;
        self.own_frames()
            .iter()
            .skip(1 + usize::from(self.unit.paired) + self.unit.continuations)
            .map(move |frame| Record::from_frame(buffer, frame))
    }

    /// All its records: of a pair the before record, the record itself, those that go on with its data, and its fragments.
    pub fn records(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        let buffer = self.buffer;
        self.own_frames().iter().map(move |frame| Record::from_frame(buffer, frame))
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
        if self.unit.end - self.unit.first == 1 {
            return self.frame.transaction();
        }
        let indicators = || self.own_frames().iter().map(Frame::transaction);
        let begins = indicators().any(TransactionIndicator::begins);
        let ends = indicators().any(TransactionIndicator::ends);
        match (begins, ends) {
            (true, true) => TransactionIndicator::Only,
            (true, false) => TransactionIndicator::First,
            (false, true) => TransactionIndicator::Last,
            (false, false) => self.frame.transaction(),
        }
    }

    /// The commit sequence number of its transaction, which the trail gives with the transaction's first record.
    #[must_use]
    pub fn csn(&self) -> Option<&'a str> {
        self.ids().0
    }

    /// The id of its transaction, which the trail gives with the transaction's first record.
    #[must_use]
    pub fn xid(&self) -> Option<&'a str> {
        self.ids().1
    }

    /// CSN and id of its transaction, at the price of one of them.
    #[inline]
    #[must_use]
    pub fn ids(&self) -> (Option<&'a str>, Option<&'a str>) {
        if self.unit.in_transaction { self.view.ids.of(self.buffer, self.frames) } else { (None, None) }
    }

    /// GoldenGate's own tokens of its record; of a pair, those of the after record and then those of the before record.
    pub fn tokens(&self) -> impl Iterator<Item = GgsToken<'a>> + use<'a> {
        let records = [Some(self.record()), self.before_record()];
        records.into_iter().flatten().flat_map(|record| {
            tokens::parse(record.token_area().unwrap_or_default(), record.byte_order()).filter_map(std::result::Result::ok)
        })
    }

    /// The tokens that say more of it, each with its value: those of the native JSON form. CSN and transaction id have places of
    /// their own; of a token that comes twice the first counts, since both say the same.
    pub fn token_values(&self) -> impl Iterator<Item = (GgsToken<'a>, &'a [u8])> + use<'a> {
        let mut seen = [false; 256];
        let others = self.tokens().filter(|token| !matches!(token.id(), tokens::id::LOGCSN | tokens::id::TRANID));
        others.filter_map(move |token| {
            let value = token.value()?;
            let seen = seen.get_mut(usize::from(token.id()))?;
            (!std::mem::replace(seen, true)).then_some((token, value))
        })
    }

    /// The user's tokens of its record, as they stand; how they are laid out is UNKNOWN. Of a pair, the after record's, or
    /// else the before record's.
    #[must_use]
    pub fn user_tokens(&self) -> Option<&'a [u8]> {
        self.record().user_token_area().or_else(|| self.before_record()?.user_token_area())
    }

    /// The header of its file; `None` for files without one.
    #[must_use]
    pub fn file_header(&self) -> Option<&'a FileHeader> {
        self.view.origin.header.as_deref()
    }

    /// The row before the change; `None` where the trail has no such image.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where the images do not fit the record, [`ErrorKind::Unsupported`] where they are encrypted
    /// or of a form that is not known.
    #[inline]
    pub fn before(&self) -> Result<Option<Row<'a>>> {
        Ok(self.images()?.0)
    }

    /// The row after the change; `None` where the trail has no such image.
    ///
    /// # Errors
    /// As [`before`](Self::before).
    #[inline]
    pub fn after(&self) -> Result<Option<Row<'a>>> {
        Ok(self.images()?.1)
    }

    /// The row before and after the change: both at once, for those who want both.
    ///
    /// # Errors
    /// As [`before`](Self::before).
    // In line throughout, and with nothing that needs the change's or the result's address: neither then has to exist in
    // memory, which is a good part of what a row costs.
    #[inline(always)]
    pub fn images(&self) -> Result<(Option<Row<'a>>, Option<Row<'a>>)> {
        let record = self.record();
        let unit = self.unit;
        let images = if unit.paired || self.view.origin.encrypted || unit.continuations > 0 {
            self.images_slow_path()?
        } else {
            match Images::of(&record) {
                Ok(images) => images,
                Err(fault) => return Err(located_fault(fault, &self.view.origin, unit.rba, unit.record)),
            }
        };
        let row = |list| Row::new(list, self.table, record.byte_order());
        Ok((images.before.map(row), images.after.map(row)))
    }

    /// The images of a pair's records, of a continued record, and such as may be encrypted.
    #[inline(never)]
    fn images_slow_path(self) -> Result<Images<'a>> {
        let record = self.record();
        let of = |record: &Record<'a>| {
            Images::of(record)
                .map_err(|fault| if self.view.origin.encrypted { self.encrypted_error() } else { self.fault(fault) })
        };
        let mut images = if self.unit.continuations > 0 {
            Images::of_joined(&record, &self.view.joined).map_err(|fault| self.fault(fault))?
        } else {
            of(&record)?
        };
        if let Some(before) = self.before_record() {
            images.before = of(&before)?.before;
        }
        // Encryption is known by a header that no one has seen filled: what reads as rows throughout is none.
        let reads = |list| Row::new(list, self.table, record.byte_order()).reads_as_image();
        if self.view.origin.encrypted && ![images.before, images.after].into_iter().flatten().all(reads) {
            return Err(self.encrypted_error());
        }
        Ok(images)
    }

    /// The statement that changes definitions; `None` for other changes, and where it is encrypted.
    #[must_use]
    pub fn ddl(&self) -> Option<Ddl<'a>> {
        let readable = !self.view.origin.encrypted || self.record().data().starts_with(b",");
        (self.op() == Op::Ddl && readable).then(|| Ddl {
            text: self.record().data(),
            record: self.record(),
            charset: self.view.origin.charset,
        })
    }

    /// The change with its own copy of its records.
    #[must_use]
    pub fn to_owned(&self) -> OwnedChange {
        let mut frames = self.own_frames().to_vec();
        let mut bytes = Vec::with_capacity(frames.iter().map(|frame| frame.len as usize).sum());
        for frame in &mut frames {
            let record = Record::from_frame(self.buffer, frame);
            frame.at = bytes.len() as u64;
            bytes.extend_from_slice(record.bytes());
        }
        OwnedChange {
            bytes: bytes.into(),
            unit: Unit { first: 0, end: frames.len(), ..*self.unit },
            view: View {
                origin: Arc::clone(&self.view.origin),
                ids: TransactionIds::kept(self.csn(), self.xid()),
                joined: self.view.joined.clone(),
            }
            .into(),
            frames: frames.into(),
            table: Arc::clone(self.table),
        }
    }

    /// The error that a fault in one of this change's rows is: with its file, RBA and record number.
    #[must_use]
    pub fn error(&self, fault: Fault) -> Error {
        self.fault(fault)
    }

    pub(crate) fn fault(&self, fault: Fault) -> Error {
        located_fault(fault, &self.view.origin, self.unit.rba, self.unit.record)
    }

    /// An error about this change, with its file, RBA and record number.
    pub(crate) fn placed(&self, error: Error) -> Error {
        located(error, &self.view.origin, self.unit.rba, self.unit.record)
    }

    fn encrypted_error(&self) -> Error {
        let error =
            Error::new(ErrorKind::Unsupported, ENCRYPTED).hint("decrypt the trail with GoldenGate first; headers stay readable");
        located(error, &self.view.origin, self.unit.rba, self.unit.record)
    }

    /// Which images its record has by its type, readable or not.
    pub(crate) fn has_images(&self) -> (bool, bool) {
        match self.op() {
            Op::Insert => (false, true),
            Op::Delete => (true, false),
            Op::Update if self.frame.record_type != RecordType::UNIFIED_UPDATE => {
                (self.unit.paired || self.frame.is_before(), !self.frame.is_before())
            }
            Op::Update | Op::PkUpdate => (true, true),
            _ => (false, false),
        }
    }

    /// The parts that errors need, for those who keep nothing else of the change.
    #[inline(always)]
    pub(crate) fn whence(&self) -> (&'a Origin, u64, u64) {
        (&self.view.origin, self.unit.rba, self.unit.record)
    }
}

/// A fault in a record, as an error with its file, RBA and record number.
#[cold]
pub(crate) fn located_fault(fault: Fault, origin: &Origin, rba: u64, record: u64) -> Error {
    let kind = match fault.kind {
        FaultKind::Unsupported => ErrorKind::Unsupported,
        _ => ErrorKind::Corrupt,
    };
    located(Error::new(kind, fault.what).hint("look at the record's bytes, or read on behind it"), origin, rba, record)
}

fn located(error: Error, origin: &Origin, rba: u64, record: u64) -> Error {
    error.in_file(&origin.file).at_rba(rba).in_record(record)
}

const ENCRYPTED: &str = "the row is encrypted";

/// A statement that changes definitions, as the trail has it: `,C5='csn',,B7='',,…`, with owner and object under B3 and
/// B4 and the statement under C1. Only the beginnings of such texts have been seen; how quotes within values are written
/// is UNKNOWN, so a value that holds one may come out cut.
#[derive(Clone, Copy, Debug)]
pub struct Ddl<'a> {
    text: &'a [u8],
    record: Record<'a>,
    charset: Charset,
}

impl<'a> Ddl<'a> {
    /// The whole text as it stands, without NULs at its end: as UTF-8, or else in the database's character set. Bytes that
    /// are neither are shown as replacement characters.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'a, str> {
        let end = self.text.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        self.charset.decode_name(self.text.get(..end).unwrap_or_default())
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
        let token = tokens::parse(area, self.record.byte_order())
            .filter_map(std::result::Result::ok)
            .find(|token| token.id() == tokens::id::DDL);
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
    unit: Unit,
    view: Arc<View>,
    table: Arc<TableDef>,
}

impl OwnedChange {
    /// The change as [`Change`] shows it.
    #[must_use]
    pub fn as_change(&self) -> Change<'_> {
        static NONE: Frame = Frame::NONE;
        // A pair's second frame is its record; the frames are all there.
        let frame = self.frames.get(usize::from(self.unit.paired)).unwrap_or(&NONE);
        Change::new((&self.bytes, &self.frames), frame, &self.unit, &self.view, &self.table)
    }
}
