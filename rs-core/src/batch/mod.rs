//! Bulk decode: the changes of a trail into typed columns, grouped by table, in buffers that are used over and over.
//!
//! A table's definition is resolved once into a decoder for each column; rows then run through it without a value object,
//! an allocation or a name look-up. The buffers have the shape that columnar consumers want: integers, days and times as
//! numbers, text as UTF-8 with offsets, and a state for each value.

mod column;

use std::sync::Arc;

use column::SourceBuffer;
pub use column::{ColumnBuffer, ColumnValues, VarBytes};

use crate::change::image::{ColumnSpans, RowForm, TWICE};
use crate::change::{Change, Op, located_fault};
use crate::decode::Fault;
use crate::error::{Error, ErrorKind, Result};
use crate::position::Position;
use crate::schema::{ColumnDef, TableDef, TableId, TableMap};
use crate::time::Timestamp;

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
/// fn sum(batch: &trailcore::batch::ColumnBatch) -> i64 {
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
    /// The columns that are wanted of tables that are not named so; none says all.
    columns: Option<Vec<Box<str>>>,
    batches: Vec<ColumnBatch>,
    /// Where the changes of each table go.
    slots: TableMap<BatchIndex>,
    images: ImagesWanted,
    /// Whether each change's transaction is kept too, and whether truncates are.
    whole_changes: bool,
    /// Bytes of images in all batches together, and how many of them are enough.
    bytes: usize,
    full_bytes: usize,
}

/// Which images go into a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImagesWanted {
    /// Before and after, each for itself.
    Both,
    /// The row that a change leaves, or of a delete, the row that it takes: as if it were an after image.
    Row,
}

/// A table by name, and the columns of it that are wanted; none says all.
type Wanted = (Box<str>, Option<Vec<Box<str>>>);

/// The outcome of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Push {
    /// The change is in a batch, or has no columns.
    Done,
    /// The change is in a batch, and a batch is full now.
    Full,
    /// The change can be pushed once the batches have been flushed.
    FlushFirst,
}

/// The batch of a table's changes; `None` if they are not wanted.
type BatchIndex = Option<usize>;

impl Default for BatchDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchDecoder {
    /// Decodes all columns of all tables.
    #[must_use]
    pub fn new() -> Self {
        Self {
            rows: DEFAULT_ROWS,
            wanted: Vec::new(),
            columns: None,
            batches: Vec::new(),
            slots: TableMap::default(),
            images: ImagesWanted::Both,
            whole_changes: false,
            bytes: 0,
            full_bytes: FULL_BYTES,
        }
    }

    /// Decodes these images, keeps the transactions' ids, and takes truncates in too: as changes without images. All
    /// batches together are full with so many bytes of images.
    #[cfg(feature = "arrow")]
    pub(crate) fn whole_changes(self, images: ImagesWanted, full_bytes: usize) -> Self {
        Self { images, whole_changes: true, full_bytes, ..self }
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
    ///
    /// An image is read only as far as its last wanted column: damage behind that goes unnoticed.
    #[must_use]
    pub fn columns(mut self, name: &str, columns: &[&str]) -> Self {
        self.wanted.push((name.into(), Some(columns.iter().copied().map(Into::into).collect())));
        self
    }

    /// Decodes these columns of all tables.
    #[cfg(feature = "arrow")]
    pub(crate) fn columns_of_all(self, columns: &[Box<str>]) -> Self {
        Self { columns: Some(columns.to_vec()), ..self }
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
        Ok(self.push_ordered(change)? == Push::Full)
    }

    /// Takes in a change of a row. One that would come out before a change of another definition of its table, which stands
    /// before it in the trail, is not taken in where changes are kept whole.
    #[inline(always)]
    pub(crate) fn push_ordered(&mut self, change: &Change<'_>) -> Result<Push> {
        // The table first: which one comes next is what a processor cannot predict, and the operation mostly follows from it.
        let whole = self.whole_changes;
        let is_row = || match change.op() {
            Op::Insert | Op::Update | Op::PkUpdate | Op::Delete => true,
            op => whole && op == Op::Truncate,
        };
        let slot = match self.slots.get(change.table_id()) {
            Some(&slot) => slot,
            None if !is_row() => return Ok(Push::Done),
            None => self.open(change.table_id(), change.table())?,
        };
        let Some(batch) = slot.and_then(|slot| self.batches.get(slot)) else { return Ok(Push::Done) };
        if !is_row() {
            return Ok(Push::Done);
        }
        if batch.has_other_versions && self.waits_for_others(batch) {
            return Ok(Push::FlushFirst);
        }
        let Some(batch) = slot.and_then(|slot| self.batches.get_mut(slot)) else { return Ok(Push::Done) };
        let op = change.op();
        if batch.is_full(self.rows, self.full_bytes) {
            return Err(Error::new(ErrorKind::InvalidArgument, "the batch is full").hint("call flush() before push()"));
        }
        let (mut before, mut after) = change.images()?;
        if self.images == ImagesWanted::Row {
            (before, after) = (None, if op == Op::Delete { before } else { after });
        }
        let head = (op, change.position(), change.timestamp());
        let (form, around) = (change.head().form, SourceBuffer(change.buffer()));
        match batch.push(head, form, around, before.map(|row| row.bytes()), after.map(|row| row.bytes())) {
            Ok(()) => {
                if let Some(whole) = &mut batch.whole {
                    whole.push(change.ids(), (before.is_some(), after.is_some()));
                    self.bytes += before.map_or(0, |row| row.bytes().len()) + after.map_or(0, |row| row.bytes().len());
                }
                let full = batch.is_full(self.rows, self.full_bytes) || self.bytes >= self.full_bytes;
                Ok(if full { Push::Full } else { Push::Done })
            }
            Err(fault) => {
                let (file, offset, record) = change.error_context();
                Err(located_fault(fault, file, offset, record))
            }
        }
    }

    /// Whether rows of another definition of the same table have not been handed over yet.
    #[cold]
    fn waits_for_others(&self, batch: &ColumnBatch) -> bool {
        let same = |other: &&ColumnBatch| other.table.name() == batch.table.name() && !Arc::ptr_eq(&other.table, &batch.table);
        self.batches.iter().filter(same).any(|other| !other.is_empty())
    }

    /// Finds out where a table's changes go; opens a batch for a table that is wanted.
    #[cold]
    fn open(&mut self, id: TableId, table: &Arc<TableDef>) -> Result<BatchIndex> {
        let slot = self.batch_for(id, table)?;
        self.slots.insert(id, slot);
        Ok(slot)
    }

    fn batch_for(&mut self, id: TableId, table: &Arc<TableDef>) -> Result<BatchIndex> {
        let wanted = self.wanted.iter().find(|(name, _)| name.eq_ignore_ascii_case(table.name()));
        if wanted.is_none() && !self.wanted.is_empty() {
            return Ok(None);
        }
        if !table.is_defined() {
            let what = format!("the columns of table {} are not known", table.name());
            return Err(Error::new(ErrorKind::UndefinedTable, what).hint("give a definitions file"));
        }
        let columns = wanted.map_or(self.columns.as_ref(), |(_, columns)| columns.as_ref());
        let is_wanted = |name: &str| columns.is_none_or(|columns| columns.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)));
        let mut batch = ColumnBatch::new((id, table), &is_wanted, self.images, self.whole_changes);
        if self.whole_changes {
            for rival in self.batches.iter_mut().filter(|other| other.table.name() == table.name()) {
                (rival.has_other_versions, batch.has_other_versions) = (true, true);
            }
        }
        self.batches.push(batch);
        Ok(Some(self.batches.len() - 1))
    }

    /// Hands over every batch that has rows, finished, and empties it. The buffers' memory is kept.
    pub fn flush(&mut self, mut each: impl FnMut(&ColumnBatch)) {
        self.flush_mut(|batch| each(batch));
    }

    /// The same, with batches whose values may be taken away.
    pub(crate) fn flush_mut(&mut self, mut each: impl FnMut(&mut ColumnBatch)) {
        self.bytes = 0;
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
pub struct ColumnBatch {
    table_id: TableId,
    table: Arc<TableDef>,
    ops: Vec<Op>,
    positions: Vec<Position>,
    times: Vec<i64>,
    plan: Plan,
    before: Vec<ColumnBuffer>,
    after: Vec<ColumnBuffer>,
    /// Bytes of the images taken in.
    bytes: usize,
    whole: Option<Box<ChangeMeta>>,
    /// Whether there is a batch of another definition of the same table, where the order among them counts.
    has_other_versions: bool,
}

/// What makes the changes of a batch whole, beside their columns: their transactions, and which images they have.
#[derive(Debug)]
pub(crate) struct ChangeMeta {
    pub(crate) csns: VarBytes,
    pub(crate) xids: VarBytes,
    /// Of each change: whether it has a CSN, an id, a before image, an after image.
    pub(crate) has: Vec<[bool; 4]>,
}

impl ChangeMeta {
    fn new() -> Self {
        Self { csns: VarBytes::new(), xids: VarBytes::new(), has: Vec::new() }
    }

    fn push(&mut self, (csn, xid): (Option<&str>, Option<&str>), (before, after): (bool, bool)) {
        self.csns.add(csn.unwrap_or_default().as_bytes());
        self.xids.add(xid.unwrap_or_default().as_bytes());
        self.has.push([csn.is_some(), xid.is_some(), before, after]);
    }

    fn clear(&mut self) {
        self.csns.truncate(0);
        self.xids.truncate(0);
        self.has.clear();
    }
}

impl ColumnBatch {
    /// Nothing is reserved ahead: how many rows there will be is not known, and the input bounds what is taken in.
    fn new(
        (table_id, table): (TableId, &Arc<TableDef>),
        is_wanted: &dyn Fn(&str) -> bool,
        images: ImagesWanted,
        whole: bool,
    ) -> Self {
        let plan = Plan::new(table, is_wanted);
        let columns = || plan.columns(table).map(ColumnBuffer::new).collect();
        let after = columns();
        let before = if images == ImagesWanted::Both { columns() } else { Vec::new() };
        Self {
            table_id,
            table: Arc::clone(table),
            ops: Vec::new(),
            positions: Vec::new(),
            times: Vec::new(),
            plan,
            before,
            after,
            bytes: 0,
            whole: whole.then(|| ChangeMeta::new().into()),
            has_other_versions: false,
        }
    }

    fn is_full(&self, rows: usize, bytes: usize) -> bool {
        self.len() >= rows || self.bytes >= bytes
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

    /// The number of the table's definition.
    #[must_use]
    pub fn table_id(&self) -> TableId {
        self.table_id
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
    pub fn before(&self) -> impl Iterator<Item = (&ColumnDef, &ColumnBuffer)> {
        self.plan.columns(&self.table).zip(&self.before)
    }

    /// The wanted columns after the changes. A change without an after image has all of them missing.
    pub fn after(&self) -> impl Iterator<Item = (&ColumnDef, &ColumnBuffer)> {
        self.plan.columns(&self.table).zip(&self.after)
    }

    /// The wanted columns' definitions and what is left of the batch, to take away.
    #[cfg(feature = "arrow")]
    pub(crate) fn parts(&mut self) -> (Vec<&ColumnDef>, &mut [ColumnBuffer], &mut [ColumnBuffer], Option<&mut ChangeMeta>) {
        let columns = self.plan.columns(&self.table).collect();
        (columns, &mut self.before, &mut self.after, self.whole.as_deref_mut())
    }

    // In line, and only what fills the columns a call: so that little has to be kept over it.
    #[inline(always)]
    fn push(
        &mut self,
        (op, position, time): (Op, Position, Timestamp),
        form: RowForm,
        around: SourceBuffer<'_>,
        before: Option<&[u8]>,
        after: Option<&[u8]>,
    ) -> std::result::Result<(), Fault> {
        let row = self.ops.len();
        let image = |list| Image { row, list, around, form };
        let filled = before
            .map_or(Ok(()), |list| fill(&self.plan, &mut self.before, image(list)))
            .and_then(|()| after.map_or(Ok(()), |list| fill(&self.plan, &mut self.after, image(list))));
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
        if let Some(whole) = &mut self.whole {
            whole.clear();
        }
        self.before.iter_mut().chain(&mut self.after).for_each(|column| column.truncate(0));
    }
}

/// Which columns of a table are wanted, and where they go.
#[derive(Debug)]
struct Plan {
    /// The wanted columns, in the table's order.
    wanted: Vec<Step>,
    /// Of each column of the table its place among the wanted ones, or [`Plan::NOWHERE`].
    places: Vec<usize>,
}

/// A wanted column.
#[derive(Clone, Copy, Debug)]
struct Step {
    index: usize,
    /// How many columns stand between it and the wanted one before it, in an image that lists all of them.
    skip: usize,
}

impl Plan {
    const NOWHERE: usize = usize::MAX;

    fn new(table: &TableDef, is_wanted: &dyn Fn(&str) -> bool) -> Self {
        let mut plan = Self { wanted: Vec::new(), places: Vec::new() };
        let mut skip = 0;
        for (index, column) in table.columns().iter().enumerate() {
            if is_wanted(&column.name) {
                plan.places.push(plan.wanted.len());
                plan.wanted.push(Step { index, skip });
                skip = 0;
            } else {
                plan.places.push(Self::NOWHERE);
                skip += 1;
            }
        }
        plan
    }

    /// The definitions of the wanted columns.
    fn columns<'a>(&'a self, table: &'a TableDef) -> impl Iterator<Item = &'a ColumnDef> {
        self.wanted.iter().filter_map(|step| table.columns().get(step.index))
    }

    fn wants_all(&self) -> bool {
        self.wanted.len() == self.places.len()
    }
}

#[inline(never)]
fn fill(plan: &Plan, columns: &mut [ColumnBuffer], image: Image<'_>) -> std::result::Result<(), Fault> {
    // The byte order is settled here, once an image.
    match (image.form, plan.wants_all()) {
        (RowForm::Big, true) => fill_all(columns, Image { form: RowForm::Big, ..image }),
        (RowForm::Little, true) => fill_all(columns, Image { form: RowForm::Little, ..image }),
        (RowForm::Big, false) => fill_some(plan, columns, Image { form: RowForm::Big, ..image }),
        (RowForm::Little, false) => fill_some(plan, columns, Image { form: RowForm::Little, ..image }),
        (RowForm::Wide, _) => fill_wide(plan, columns, image),
    }
}

/// An image of a source that is not a trail: not on any fast path.
#[inline(never)]
fn fill_wide(plan: &Plan, columns: &mut [ColumnBuffer], image: Image<'_>) -> std::result::Result<(), Fault> {
    let image = Image { form: RowForm::Wide, ..image };
    fill_listed(plan, columns, ColumnSpans::new(image.list, RowForm::Wide), columns.len(), image)
}

/// An image on its way into columns.
#[derive(Clone, Copy)]
struct Image<'a> {
    row: usize,
    list: &'a [u8],
    around: SourceBuffer<'a>,
    form: RowForm,
}

const NO_SUCH_COLUMN: Fault = Fault::corrupt(0, "an image has a column that its table has not");

#[inline(always)]
fn fill_all(columns: &mut [ColumnBuffer], image: Image<'_>) -> std::result::Result<(), Fault> {
    for span in ColumnSpans::new(image.list, image.form) {
        let span = span?;
        let column = columns.get_mut(usize::from(span.index)).ok_or(NO_SUCH_COLUMN)?;
        if column.has(image.row) {
            return Err(TWICE);
        }
        column.push(image.row, span, image.around, image.form);
    }
    Ok(())
}

/// Of an image that lists all columns up to the last that is wanted, the wanted ones are found by counting: hopping over
/// the others needs no look at what they are. Any other image is left to [`fill_listed`].
#[inline(always)]
fn fill_some(plan: &Plan, columns: &mut [ColumnBuffer], image: Image<'_>) -> std::result::Result<(), Fault> {
    let mut spans = ColumnSpans::new(image.list, image.form);
    // Up to where there is nothing that is not wanted, and how many columns are still to be found there.
    let (mut from, mut left) = (spans, columns.len());
    for (taken, (step, column)) in plan.wanted.iter().zip(columns.iter_mut()).enumerate() {
        let between = step.index - step.skip..step.index;
        let skipped = spans.by_ref().take(step.skip).all(|span| span.is_ok_and(|span| between.contains(&span.index.into())));
        match spans.next() {
            Some(Ok(span)) if skipped && usize::from(span.index) == step.index => {
                column.push(image.row, span, image.around, image.form);
            }
            _ => return fill_listed(plan, columns, from, left, image),
        }
        if step.index == taken {
            (from, left) = (spans, left - 1);
        }
    }
    Ok(())
}

/// Any image, from some column on: until as many of its columns are found as are left, or to its end. What has been filled of
/// those that are left is filled anew.
#[inline(never)]
fn fill_listed(
    plan: &Plan,
    columns: &mut [ColumnBuffer],
    from: ColumnSpans<'_>,
    mut left: usize,
    image: Image<'_>,
) -> std::result::Result<(), Fault> {
    let done = columns.len() - left;
    columns.iter_mut().skip(done).filter(|column| column.has(image.row)).for_each(|column| column.truncate(image.row));
    for span in from {
        let span = span?;
        let &place = plan.places.get(usize::from(span.index)).ok_or(NO_SUCH_COLUMN)?;
        let Some(column) = columns.get_mut(place) else { continue };
        if column.has(image.row) {
            return Err(TWICE);
        }
        left = left.saturating_sub(1);
        column.push(image.row, span, image.around, image.form);
        if left == 0 {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::ColumnState::{self, Missing, Null, Value};
    use crate::trail::image::ImageBuilder;

    const ORDERS: [RowForm; 3] = [RowForm::Big, RowForm::Little, RowForm::Wide];

    /// A table of five integers, A to E, of which those are wanted.
    fn batch(wanted: &str) -> ColumnBatch {
        let columns = ["A", "B", "C", "D", "E"].map(|name| ColumnDef::integer(name, 0)).to_vec();
        let table = Arc::new(TableDef::new("T", columns));
        ColumnBatch::new((crate::schema::TableIds::new().id(0), &table), &|name| wanted.contains(name), ImagesWanted::Both, false)
    }

    /// An image that lists these columns; column 4 is NULL, any other holds ten times its index and its place.
    fn image(order: RowForm, indexes: &[u16]) -> Vec<u8> {
        let mut image = ImageBuilder::new(order);
        for (place, &index) in (0..).zip(indexes) {
            let value = i64::from(index) * 10 + place;
            if index == 4 {
                image.null(index);
            } else {
                image.fixed(index, &value.to_be_bytes()).unwrap();
            }
        }
        image.bytes().to_vec()
    }

    fn push(batch: &mut ColumnBatch, order: RowForm, list: &[u8]) -> std::result::Result<(), Fault> {
        let time = Timestamp::from_unix_micros(0);
        batch.push((Op::Insert, Position::default(), time), order, SourceBuffer(list), None, Some(list))
    }

    type Cell = (ColumnState, i64);

    /// The state and the number of each wanted column of the last row.
    fn row(batch: &mut ColumnBatch) -> Vec<Cell> {
        batch.finish();
        let last = batch.len() - 1;
        let number = |values: &ColumnValues| match values {
            ColumnValues::Integer(numbers) => numbers[last],
            _ => unreachable!(),
        };
        batch.after().map(|(_, column)| (column.states()[last], number(column.values()))).collect()
    }

    #[test]
    fn wanted_columns_are_found_however_they_are_listed() {
        for order in ORDERS {
            let cases: [(&str, &[u16], &[Cell]); 12] = [
                ("BD", &[0, 1, 2, 3, 4], &[(Value, 11), (Value, 33)]),
                ("BE", &[0, 1, 2, 3, 4], &[(Value, 11), (Null, 0)]),
                ("AB", &[0, 1, 2, 3, 4], &[(Value, 0), (Value, 11)]),
                // Columns are left out: before, between and behind the wanted ones.
                ("BD", &[1, 3], &[(Value, 10), (Value, 31)]),
                ("BD", &[0, 1, 3], &[(Value, 11), (Value, 32)]),
                ("ABD", &[0, 3, 4], &[(Value, 0), (Missing, 0), (Value, 31)]),
                ("BD", &[0, 2], &[(Missing, 0), (Missing, 0)]),
                ("BD", &[], &[(Missing, 0), (Missing, 0)]),
                // No order is sure.
                ("BD", &[3, 1], &[(Value, 11), (Value, 30)]),
                ("BD", &[3, 1, 0, 2], &[(Value, 11), (Value, 30)]),
                ("ACD", &[0, 3, 2], &[(Value, 0), (Value, 22), (Value, 31)]),
                ("", &[0, 1], &[]),
            ];
            for (wanted, listed, expected) in cases {
                // As a first row, and behind another.
                for first in [&[][..], &[0, 1, 2, 3, 4]] {
                    let mut batch = batch(wanted);
                    if !first.is_empty() {
                        push(&mut batch, order, &image(order, first)).unwrap();
                    }
                    push(&mut batch, order, &image(order, listed)).unwrap();
                    assert_eq!(row(&mut batch), expected, "{wanted} of {listed:?}");
                }
            }
        }
    }

    #[test]
    fn a_column_that_is_listed_twice_is_damage() {
        for order in ORDERS {
            for list in [&[1, 1, 3][..], &[1, 0, 1, 3], &[0, 1, 1, 3], &[3, 1, 3]] {
                assert!(push(&mut batch("ABCDE"), order, &image(order, list)).is_err(), "{list:?}");
                // Seen up to the last wanted column.
                let is_seen = list[0] != 3;
                assert_eq!(push(&mut batch("BD"), order, &image(order, list)).is_err(), is_seen, "{list:?}");
            }
            assert!(push(&mut batch("ABCDE"), order, &image(order, &[3, 1, 0])).is_ok());
        }
    }

    #[test]
    fn damage_is_seen_up_to_the_last_wanted_column_and_leaves_nothing() {
        for order in ORDERS {
            let whole = image(order, &[0, 1, 2, 3, 4]);
            let cut = &whole[..whole.len() - 1];
            for (wanted, is_seen) in [("BD", false), ("BE", true), ("ABCDE", true)] {
                let mut batch = batch(wanted);
                assert_eq!(push(&mut batch, order, cut).is_err(), is_seen, "{wanted}");
                assert_eq!(batch.len(), usize::from(!is_seen));
                push(&mut batch, order, &whole).unwrap();
                assert_eq!(row(&mut batch).len(), wanted.len());
            }
            assert!(push(&mut batch("B"), order, &image(order, &[9, 1])).is_err());
        }
    }
}
