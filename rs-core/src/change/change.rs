//! [`Change`]: one change, borrowed from the source that lends it; the facts that consecutive changes share; and the
//! questions that the format of a source answers.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::change::facts::{Ddl, Fact, FactValue, UserToken};
use crate::change::head::{Head, Layout};
use crate::change::transaction::TransactionIds;
use crate::change::{Op, Row, TransactionIndicator};
use crate::decode::{ByteOrder, Fault, FaultKind};
use crate::error::{Error, ErrorKind, Result};
use crate::position::{Position, TrailPosition};
use crate::schema::{TableDef, TableId};
use crate::text::Charset;
use crate::time::Timestamp;

/// One change, borrowed from its reader or block until the next call. [`to_owned`](Self::to_owned) keeps it.
///
/// A change is the same from every source: an operation, a table, a position, a timestamp, a transaction, and the row before and
/// after it. Images are decoded when they are requested: the columns of a change that a filter rejects by its table or operation
/// are not touched. [`Change::trail`](crate::Change::trail) gives access to the records of a change from a trail.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The bytes that the change is in, among others.
    buffer: &'a [u8],
    head: Head,
    /// The same head in memory; `None` for a row whose images need no format to be read. What is rarely needed of the head is read
    /// from here: then most fields of a row's head are never made.
    kept: Option<&'a Head>,
    context: &'a ChangeContext,
    table: &'a Arc<TableDef>,
    table_id: TableId,
}

/// The column lists of the images before and after.
pub(crate) type Lists<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

const BAD_SPLIT: Fault = Fault::corrupt(0, "the length of the before image exceeds the record");

impl<'a> Change<'a> {
    #[inline(always)]
    pub(crate) fn new(
        buffer: &'a [u8],
        head: &'a Head,
        context: &'a ChangeContext,
        (table_id, table): (TableId, &'a Arc<TableDef>),
    ) -> Self {
        Self { buffer, head: *head, kept: Some(head), context, table, table_id }
    }

    /// Creates the change of a row, whose layout is not [`Layout::Other`].
    #[inline(always)]
    pub(crate) fn of_row(
        buffer: &'a [u8],
        head: Head,
        context: &'a ChangeContext,
        (table_id, table): (TableId, &'a Arc<TableDef>),
    ) -> Self {
        Self { buffer, head, kept: None, context, table, table_id }
    }

    /// Returns the bytes around the change's own.
    #[inline(always)]
    pub(crate) fn buffer(&self) -> &'a [u8] {
        self.buffer
    }

    #[inline(always)]
    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    #[inline(always)]
    pub(crate) fn context(&self) -> &'a ChangeContext {
        self.context
    }

    #[inline(always)]
    pub(crate) fn file_context(&self) -> &'a FileContext {
        &self.context.file
    }

    /// Returns all bytes of the change.
    #[inline(always)]
    pub(crate) fn own_bytes(&self) -> &'a [u8] {
        self.part(0, self.head.len).unwrap_or_default()
    }

    #[inline(always)]
    pub(crate) fn part(&self, at: u32, len: u32) -> Option<&'a [u8]> {
        let start = self.head.at.checked_add(at as usize)?;
        self.buffer.get(start..start.checked_add(len as usize)?)
    }

    /// Returns its operation.
    #[inline(always)]
    #[must_use]
    pub fn op(&self) -> Op {
        self.head.facts.op()
    }

    /// Returns the definition of its table.
    #[inline(always)]
    #[must_use]
    pub fn table(&self) -> &'a Arc<TableDef> {
        self.table
    }

    /// Returns the number of its table's definition: the same for all changes of one reader under that definition. A
    /// [`TableMap`](crate::schema::TableMap) keeps a value for each table.
    #[inline(always)]
    #[must_use]
    pub fn table_id(&self) -> TableId {
        self.table_id
    }

    /// Returns the name of its table, parts joined by `.`; for DDL, the name of its object.
    #[must_use]
    pub fn table_name(&self) -> Cow<'a, str> {
        if self.table.name().is_empty() {
            if let Some(object) = self.ddl().and_then(|ddl| ddl.object) {
                return object;
            }
        }
        Cow::Borrowed(self.table.name())
    }

    /// Returns the position of its record in its source; for a before/after pair, the position of the after record.
    #[inline(always)]
    #[must_use]
    pub fn position(&self) -> Position {
        self.context.file.space.at(self.head.offset)
    }

    /// Returns the position of its first record; for a before/after pair, the position of the before record. Reading from here
    /// returns the whole change.
    #[must_use]
    pub fn start(&self) -> Position {
        let first = self.head.offset.wrapping_sub(u64::from(self.head.main_at));
        self.context.start.unwrap_or(self.context.file.space.at(first))
    }

    /// Returns its timestamp: for rows, the time of the commit.
    #[inline(always)]
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        let bytes = self.part(self.head.time_at, 8).and_then(|bytes| bytes.first_chunk());
        bytes.map_or(Timestamp::default(), |bytes| self.head.facts.form().time(*bytes))
    }

    /// Returns its place in its transaction; for a before/after pair, the place of the pair as a whole.
    #[inline]
    #[must_use]
    pub fn transaction(&self) -> TransactionIndicator {
        TransactionIndicator::from_byte(self.head.facts.transaction())
    }

    /// Returns whether its transaction breaks off after it: the source ends there, or begins another transaction, as far as it
    /// could be read. Whether the rest is written later, or the transaction again, is not known.
    #[inline]
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.head.facts.unfinished()
    }

    /// Returns the commit sequence number of its transaction.
    #[must_use]
    pub fn csn(&self) -> Option<&'a str> {
        self.ids().0
    }

    /// Returns the commit sequence number as bytes, for the least cost: for a look at every transaction of a trail.
    /// [`Csn::compare_bytes`](crate::Csn::compare_bytes) compares two.
    #[inline]
    #[must_use]
    pub fn csn_bytes(&self) -> Option<&'a [u8]> {
        if self.head.facts.in_transaction() { self.context.csn(self.buffer) } else { None }
    }

    /// Returns the id of its transaction.
    #[must_use]
    pub fn xid(&self) -> Option<&'a str> {
        self.ids().1
    }

    /// Returns CSN and id of its transaction, for the cost of one of them.
    #[inline]
    #[must_use]
    pub fn ids(&self) -> (Option<&'a str>, Option<&'a str>) {
        if self.head.facts.in_transaction() { self.context.ids(self.buffer) } else { (None, None) }
    }

    /// Calls `each` with the name and value of every token of the native JSON form: without CSN and transaction id, without
    /// tokens that have no value, each name once.
    pub fn each_token(&self, mut each: impl FnMut(Cow<'a, str>, &'a [u8])) {
        self.context.file.format.tokens(self, &mut each);
    }

    /// Returns the tokens of the native JSON form by name; see [`each_token`](Self::each_token).
    #[must_use]
    pub fn tokens(&self) -> Vec<(Cow<'a, str>, &'a [u8])> {
        let mut tokens = Vec::new();
        self.each_token(|name, value| tokens.push((name, value)));
        tokens
    }

    /// Returns the raw area of the user's tokens. Its layout in trails is UNKNOWN.
    #[must_use]
    pub fn user_tokens(&self) -> Option<&'a [u8]> {
        self.context.file.format.user_tokens(self)
    }

    /// Calls `each` with the name and the value of every user token that its source names. A trail's changes have none: there
    /// the layout of [`user_tokens`](Self::user_tokens) is UNKNOWN.
    pub fn each_user_token(&self, mut each: impl FnMut(&'a str, &'a str)) {
        self.context.file.format.named_user_tokens(self, &mut each);
    }

    pub(crate) fn user_token(&self, name: &str) -> UserToken<'a> {
        self.context.file.format.user_token(self, name)
    }

    pub(crate) fn fact(&self, fact: Fact) -> Option<FactValue<'a>> {
        self.context.file.format.fact(self, fact)
    }

    /// Returns the DDL; `None` for other operations, and if it is encrypted.
    #[must_use]
    pub fn ddl(&self) -> Option<Ddl<'a>> {
        if self.head.facts.op() == Op::Ddl { self.context.file.format.ddl(self) } else { None }
    }

    /// Returns the row before the change; `None` if its source has no such image.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] if the images do not fit the record, [`ErrorKind::Unsupported`] if they are encrypted or of an
    /// unknown form.
    #[inline]
    pub fn before(&self) -> Result<Option<Row<'a>>> {
        Ok(self.images()?.0)
    }

    /// Returns the row after the change; `None` if its source has no such image.
    ///
    /// # Errors
    /// The errors of [`before`](Self::before).
    #[inline]
    pub fn after(&self) -> Result<Option<Row<'a>>> {
        Ok(self.images()?.1)
    }

    /// Returns the row before and after the change, for the cost of one of them.
    ///
    /// # Errors
    /// The errors of [`before`](Self::before).
    // Inlined throughout, and nothing needs the address of the change or of the result: then neither has to exist in memory,
    // which is a good part of the cost of a row. So what is not inlined returns lists, not rows.
    #[inline(always)]
    pub fn images(&self) -> Result<(Option<Row<'a>>, Option<Row<'a>>)> {
        let (before, after) = self.lists()?;
        let row = |list| Row::new(list, self.table, self.head.facts.form());
        Ok((before.map(row), after.map(row)))
    }

    #[inline(always)]
    fn lists(&self) -> Result<Lists<'a>> {
        let head = &self.head;
        let Some(data) = self.part(head.data_at, head.data_len) else {
            return Err(Error::internal("a change's data are outside its buffer"));
        };
        match head.facts.layout() {
            Layout::After => Ok((None, Some(data))),
            Layout::Before => Ok((Some(data), None)),
            Layout::Split32 => {
                self.split(data.split_first_chunk().map(|(length, rest)| (head.facts.form().u32(*length) as usize, rest)))
            }
            Layout::Split16 => {
                self.split(data.split_first_chunk().map(|(length, rest)| (usize::from(head.facts.form().u16(*length)), rest)))
            }
            Layout::Apart => match self.part(head.before_at, head.before_len) {
                Some(before) => Ok((Some(before), Some(data))),
                None => Err(Error::internal("a before image is outside its change's buffer")),
            },
            Layout::None => Ok((None, None)),
            Layout::Other => other_lists(self.buffer, self.kept, self.context, (self.table_id, self.table)),
        }
    }

    #[inline(always)]
    fn split(&self, lists: Option<(usize, &'a [u8])>) -> Result<Lists<'a>> {
        match lists.and_then(|(before, lists)| lists.split_at_checked(before)) {
            Some((before, after)) => Ok((Some(before), Some(after))),
            None => Err(self.error(BAD_SPLIT)),
        }
    }

    /// Returns whether it has a before image and an after image, readable or not.
    #[must_use]
    pub fn has_images(&self) -> (bool, bool) {
        (self.head.facts.has_before(), self.head.facts.has_after())
    }

    /// Returns the path of its file, as it was opened.
    #[must_use]
    pub fn file(&self) -> &'a Path {
        &self.context.file.file
    }

    /// Returns the source's own code of the operation: for a trail the record type, for other sources 0.
    #[must_use]
    pub fn source_code(&self) -> u32 {
        self.head.facts.code().into()
    }

    /// Returns its size in its source: the bytes of its records in a trail, or of its line in a file of JSON lines.
    #[must_use]
    pub fn source_bytes(&self) -> u64 {
        u64::from(self.head.source_len)
    }

    /// Returns a fault in one of its rows as an error with the change's location.
    #[must_use]
    pub fn error(&self, fault: Fault) -> Error {
        located_fault(fault, &self.context.file, self.head.offset, self.head.record)
    }

    /// Adds the change's location to an error.
    pub(crate) fn locate(&self, error: Error) -> Error {
        self.context.file.locate(error, self.head.offset, self.head.record)
    }

    /// Returns the parts of an error's location, for callers that keep nothing else of the change.
    #[inline(always)]
    pub(crate) fn error_context(&self) -> (&'a FileContext, u64, u64) {
        (&self.context.file, self.head.offset, self.head.record)
    }
}

/// Reads the images of a layout that only the format knows.
#[inline(never)]
fn other_lists<'a>(
    buffer: &'a [u8],
    head: Option<&'a Head>,
    context: &'a ChangeContext,
    table: (TableId, &'a Arc<TableDef>),
) -> Result<Lists<'a>> {
    let Some(head) = head else { return Err(Error::internal("a row has a layout that only its format knows")) };
    context.file.format.images(&Change::new(buffer, head, context, table))
}

/// The facts that all changes of one file share.
#[derive(Clone, Debug)]
pub(crate) struct FileContext {
    pub(crate) file: Arc<Path>,
    /// How the changes' raw bytes are read.
    pub(crate) format: &'static dyn SourceFormat,
    pub(crate) space: PositionSpace,
    /// Rows are encrypted, according to the file header.
    pub(crate) encrypted: bool,
    /// The database's character set, in which DDL is written.
    pub(crate) charset: Charset,
    /// The file's header, of the format's own type.
    pub(crate) header: Option<Arc<dyn Any + Send + Sync>>,
}

/// The kind of a file's positions. It turns the offset of a change into its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PositionSpace {
    /// A trail, with the file's sequence number. The offset is the RBA.
    Trail(u64),
    /// Byte offsets in a file, and the bytes of the files before it: positions count over all files of a source.
    Bytes(u64),
}

impl PositionSpace {
    #[inline(always)]
    pub(crate) fn at(self, offset: u64) -> Position {
        match self {
            Self::Trail(seqno) => Position::Trail(TrailPosition { seqno, rba: offset }),
            Self::Bytes(before) => Position::Offset(before + offset),
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
            PositionSpace::Bytes(_) => error.at_offset(offset),
        }
    }
}

/// The facts that consecutive changes of one file and one transaction share.
#[derive(Clone, Debug)]
pub(crate) struct ChangeContext {
    pub(crate) file: Arc<FileContext>,
    pub(crate) ids: TransactionIds,
    /// The start of a change whose first record is in an earlier file.
    pub(crate) start: Option<Position>,
}

impl ChangeContext {
    /// Returns CSN and id of the transaction; `buffer` is that of the changes.
    #[inline]
    pub(crate) fn ids<'a>(&'a self, buffer: &'a [u8]) -> (Option<&'a str>, Option<&'a str>) {
        match self.areas(buffer) {
            None => self.ids.texts(),
            Some((areas, order)) => self.file.format.transaction_ids(areas, order),
        }
    }

    /// Returns the CSN of the transaction as bytes.
    #[inline]
    pub(crate) fn csn<'a>(&'a self, buffer: &'a [u8]) -> Option<&'a [u8]> {
        match self.areas(buffer) {
            None => self.ids.texts().0.map(str::as_bytes),
            Some((areas, order)) => self.file.format.csn(areas, order),
        }
    }

    /// Returns the areas of the record that has the ids, as long as they are in the buffer.
    #[inline]
    fn areas<'a>(&self, buffer: &'a [u8]) -> Option<(&'a [u8], ByteOrder)> {
        let (at, len, order) = self.ids.areas?;
        Some((buffer.get(at..at.saturating_add(len)).unwrap_or_default(), order))
    }
}

/// The questions that only the format of a change's source can answer, because it knows the raw bytes. Each format has one value
/// of its type. A plain row does not use it.
pub(crate) trait SourceFormat: fmt::Debug + Send + Sync {
    /// Returns CSN and transaction id from the areas of a transaction's first record that have them.
    fn transaction_ids<'a>(&self, areas: &'a [u8], order: ByteOrder) -> (Option<&'a str>, Option<&'a str>);

    /// Returns the CSN only, as bytes.
    fn csn<'a>(&self, areas: &'a [u8], order: ByteOrder) -> Option<&'a [u8]> {
        self.transaction_ids(areas, order).0.map(str::as_bytes)
    }

    /// Returns the images before and after of a change whose [`Layout`] is `Other`.
    fn images<'a>(&self, change: &Change<'a>) -> Result<Lists<'a>>;

    /// Calls `each` with the name and the value of every token, as the native JSON form has them: without CSN and transaction
    /// id, without tokens that have no value, each name once.
    fn tokens<'a>(&self, change: &Change<'a>, each: &mut dyn FnMut(Cow<'a, str>, &'a [u8]));

    /// Returns the area of the user's tokens, raw; `None` if the change has none.
    fn user_tokens<'a>(&self, change: &Change<'a>) -> Option<&'a [u8]>;

    /// Calls `each` with the name and the value of every user token that the source names.
    fn named_user_tokens<'a>(&self, change: &Change<'a>, each: &mut dyn FnMut(&'a str, &'a str));

    /// Returns one of the user's tokens by its name, without regard to case.
    fn user_token<'a>(&self, change: &Change<'a>, name: &str) -> UserToken<'a>;

    /// Returns the DDL of a change; `None` if it is encrypted, and for other operations.
    fn ddl<'a>(&self, change: &Change<'a>) -> Option<Ddl<'a>>;

    /// Returns a fact as the source states it. If the source does not state it, the model derives the fact if it can.
    fn fact<'a>(&self, change: &Change<'a>, fact: Fact) -> Option<FactValue<'a>>;
}

/// Returns a fault in a record as an error with its location.
#[cold]
pub(crate) fn located_fault(fault: Fault, file: &FileContext, offset: u64, record: u64) -> Error {
    let kind = match fault.kind {
        FaultKind::Unsupported => ErrorKind::Unsupported,
        _ => ErrorKind::Corrupt,
    };
    file.locate(Error::new(kind, fault.what).hint("inspect the record's raw bytes, or continue after it"), offset, record)
}
