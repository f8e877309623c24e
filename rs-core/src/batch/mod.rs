//! Bulk decode: the changes of a trail into typed columns, grouped by table, in buffers that are used over and over.
//!
//! A table's definition is resolved once into a decoder for each column; rows then run through it without a value object,
//! an allocation or a name look-up. The buffers have the shape that columnar consumers want: integers, days and times as
//! numbers, text as UTF-8 with offsets, and a state for each value.

mod column;

use std::sync::Arc;

pub use column::{ColumnBuffer, ColumnValues, VarBytes};

use crate::change::{Change, Op, located_fault};
use crate::error::{Error, ErrorKind, Result};
use crate::position::Position;
use crate::schema::TableDef;
use crate::time::Timestamp;
use crate::trail::image::ColumnSpans;
use crate::trail::{ByteOrder, Fault};

/// Rows that a batch has at most, if not said otherwise.
pub const DEFAULT_ROWS: usize = 8192;
/// Bytes of images that fill a batch: text grows at most threefold on its way to UTF-8, and then stays within the reach of
/// 32-bit offsets.
const FULL_BYTES: usize = 512 << 20;

/// Decodes changes into batches, one for each table definition.
///
/// ```
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
/// use trailcore::batch::{BatchDecoder, ColumnValues};
///
/// let mut decoder = BatchDecoder::new().columns("BANK.POSTINGS", &["AMOUNT"]);
/// let mut reader = trail.reader()?;
/// let mut cents = 0;
/// while let Some(change) = reader.next()? {
///     if decoder.push(&change)? {
///         decoder.flush(|batch| cents += sum(batch));
///     }
/// }
/// decoder.flush(|batch| cents += sum(batch));
///
/// fn sum(batch: &trailcore::batch::TableBatch) -> i64 {
///     let (_, amount) = batch.after().find(|(column, _)| &*column.name == "AMOUNT").unwrap();
///     let ColumnValues::Integer(mantissas) = amount.values() else { return 0 };
///     mantissas.iter().sum()
/// }
/// assert_ne!(cents, 0);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug)]
pub struct BatchDecoder {
    rows: usize,
    /// The tables and columns that are wanted; none says all.
    wanted: Vec<Wanted>,
    batches: Vec<TableBatch>,
    /// The batch of the last change, and that of each table met, in the order of the definitions' addresses.
    last: Option<(usize, Slot)>,
    slots: Vec<(usize, Slot)>,
}

/// A table by name, and the columns of it that are wanted; none says all.
type Wanted = (Box<str>, Option<Vec<Box<str>>>);

/// Where a table's changes go: a batch, or nowhere.
type Slot = Option<usize>;

impl Default for BatchDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchDecoder {
    /// Decodes all columns of all tables.
    #[must_use]
    pub fn new() -> Self {
        Self { rows: DEFAULT_ROWS, wanted: Vec::new(), batches: Vec::new(), last: None, slots: Vec::new() }
    }

    /// Batches of at most this many rows, at least one. Rows of many bytes fill a batch earlier.
    #[must_use]
    pub fn rows(self, rows: usize) -> Self {
        Self { rows: rows.max(1), ..self }
    }

    /// Decodes this table, and of all tables only those named so. Case does not count.
    #[must_use]
    pub fn table(mut self, name: &str) -> Self {
        self.wanted.push((name.into(), None));
        self
    }

    /// Decodes these columns of this table, and of all tables only those named so. Case does not count.
    #[must_use]
    pub fn columns(mut self, name: &str, columns: &[&str]) -> Self {
        self.wanted.push((name.into(), Some(columns.iter().copied().map(Into::into).collect())));
        self
    }

    /// Takes in a change of a row; others have no columns and are passed over. Returns whether a batch is full: time for
    /// [`flush`](Self::flush).
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where an image is damaged or has columns that its table has not,
    /// [`ErrorKind::UndefinedTable`] where the table's columns are not known, [`ErrorKind::Unsupported`] as
    /// [`Change::after`], [`ErrorKind::InvalidArgument`] where its batch is full. The change then has left nothing in its
    /// batch.
    #[inline(always)]
    pub fn push(&mut self, change: &Change<'_>) -> Result<bool> {
        let op = change.op();
        if !matches!(op, Op::Insert | Op::Update | Op::PkUpdate | Op::Delete) {
            return Ok(false);
        }
        let address = Arc::as_ptr(change.table()) as usize;
        let slot = match self.last {
            Some((last, slot)) if last == address => slot,
            _ => self.slot(address, change.table())?,
        };
        let Some(batch) = slot.and_then(|slot| self.batches.get_mut(slot)) else { return Ok(false) };
        if batch.is_full(self.rows) {
            return Err(Error::new(ErrorKind::InvalidArgument, "the batch is full").hint("flush before pushing on"));
        }
        let (before, after) = change.images()?;
        let (position, time, order) = (change.position(), change.timestamp(), change.record().byte_order());
        match batch.push(op, position, time, order, before.map(|row| row.bytes()), after.map(|row| row.bytes())) {
            Ok(()) => Ok(batch.is_full(self.rows)),
            Err(fault) => {
                let (origin, rba, record) = change.whence();
                Err(located_fault(fault, origin, rba, record))
            }
        }
    }

    fn slot(&mut self, address: usize, table: &Arc<TableDef>) -> Result<Slot> {
        let slot = match self.slots.binary_search_by_key(&address, |(known, _)| *known) {
            Ok(found) => self.slots.get(found).and_then(|(_, slot)| *slot),
            Err(place) => {
                let slot = self.open(table)?;
                self.slots.insert(place, (address, slot));
                slot
            }
        };
        self.last = Some((address, slot));
        Ok(slot)
    }

    /// A new batch for a table that is wanted. It keeps the definition alive, so that its address stays its own.
    #[cold]
    fn open(&mut self, table: &Arc<TableDef>) -> Result<Slot> {
        let wanted = self.wanted.iter().find(|(name, _)| name.eq_ignore_ascii_case(table.name()));
        if wanted.is_none() && !self.wanted.is_empty() {
            // Kept without columns: what is not wanted needs its address as much.
            self.batches.push(TableBatch::new(table, &|_| false));
            return Ok(None);
        }
        if !table.is_defined() {
            let what = format!("the columns of table {} are not known", table.name());
            return Err(Error::new(ErrorKind::UndefinedTable, what).hint("give a definitions file"));
        }
        let columns = wanted.and_then(|(_, columns)| columns.as_ref());
        let is_wanted = |name: &str| columns.is_none_or(|columns| columns.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)));
        self.batches.push(TableBatch::new(table, &is_wanted));
        Ok(Some(self.batches.len() - 1))
    }

    /// Hands over every batch that has rows, finished, and empties it. The buffers' memory is kept.
    pub fn flush(&mut self, mut each: impl FnMut(&TableBatch)) {
        for batch in &mut self.batches {
            if !batch.is_empty() {
                batch.finish();
                each(batch);
                batch.clear();
            }
        }
    }
}

/// Changes of one table in columns. Row `i` of all columns is one change.
#[derive(Debug)]
pub struct TableBatch {
    table: Arc<TableDef>,
    ops: Vec<Op>,
    positions: Vec<Position>,
    times: Vec<i64>,
    before: Vec<ColumnBuffer>,
    after: Vec<ColumnBuffer>,
    /// Bytes of the images taken in.
    bytes: usize,
}

impl TableBatch {
    /// Nothing is reserved ahead: how many rows there will be is not known, and the input bounds what is taken in.
    fn new(table: &Arc<TableDef>, is_wanted: &dyn Fn(&str) -> bool) -> Self {
        let columns = || table.columns().iter().map(|column| ColumnBuffer::new(column, is_wanted(&column.name))).collect();
        Self {
            table: Arc::clone(table),
            ops: Vec::new(),
            positions: Vec::new(),
            times: Vec::new(),
            before: columns(),
            after: columns(),
            bytes: 0,
        }
    }

    fn is_full(&self, rows: usize) -> bool {
        self.len() >= rows || self.bytes >= FULL_BYTES
    }

    /// How many changes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// The table's definition.
    #[must_use]
    pub fn table(&self) -> &Arc<TableDef> {
        &self.table
    }

    /// What each change does.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Where each change's record starts.
    #[must_use]
    pub fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// Each change's time, in microseconds since 1970, UTC.
    #[must_use]
    pub fn times(&self) -> &[i64] {
        &self.times
    }

    /// The wanted columns before the changes. A change without a before image has all of them missing.
    pub fn before(&self) -> impl Iterator<Item = (&crate::schema::ColumnDef, &ColumnBuffer)> {
        self.table.columns().iter().zip(&self.before).filter(|(_, buffer)| buffer.is_wanted())
    }

    /// The wanted columns after the changes. A change without an after image has all of them missing.
    pub fn after(&self) -> impl Iterator<Item = (&crate::schema::ColumnDef, &ColumnBuffer)> {
        self.table.columns().iter().zip(&self.after).filter(|(_, buffer)| buffer.is_wanted())
    }

    fn push(
        &mut self,
        op: Op,
        position: Position,
        time: Timestamp,
        order: ByteOrder,
        before: Option<&[u8]>,
        after: Option<&[u8]>,
    ) -> std::result::Result<(), Fault> {
        let row = self.ops.len();
        let filled = before
            .map_or(Ok(()), |list| fill(&mut self.before, row, list, order))
            .and_then(|()| after.map_or(Ok(()), |list| fill(&mut self.after, row, list, order)));
        if let Err(fault) = filled {
            self.before.iter_mut().chain(&mut self.after).for_each(|column| column.truncate(row));
            return Err(fault);
        }
        self.bytes += before.map_or(0, <[u8]>::len) + after.map_or(0, <[u8]>::len);
        self.ops.push(op);
        self.positions.push(position);
        self.times.push(time.unix_micros());
        Ok(())
    }

    /// Fills up columns that end early, and checks text.
    fn finish(&mut self) {
        let rows = self.ops.len();
        self.before.iter_mut().chain(&mut self.after).for_each(|column| column.finish(rows));
    }

    fn clear(&mut self) {
        self.bytes = 0;
        self.ops.clear();
        self.positions.clear();
        self.times.clear();
        self.before.iter_mut().chain(&mut self.after).for_each(|column| column.truncate(0));
    }
}

#[inline]
fn fill(columns: &mut [ColumnBuffer], row: usize, list: &[u8], order: ByteOrder) -> std::result::Result<(), Fault> {
    // The byte order is settled here, once an image.
    match order {
        ByteOrder::Big => fill_in(columns, row, list, ByteOrder::Big),
        ByteOrder::Little => fill_in(columns, row, list, ByteOrder::Little),
    }
}

#[inline(always)]
fn fill_in(columns: &mut [ColumnBuffer], row: usize, list: &[u8], order: ByteOrder) -> std::result::Result<(), Fault> {
    for span in ColumnSpans::new(list, order) {
        let span = span?;
        let Some(column) = columns.get_mut(usize::from(span.index)) else {
            return Err(Fault::corrupt(0, "an image has a column that its table has not"));
        };
        column.push(row, span.content(), order);
    }
    Ok(())
}
