//! Bulk decoding: decodes changes into typed columns, grouped by table, in buffers that are reused.
//!
//! A table's definition is resolved once into a decoder for each column. Decoding a row then needs no value object, no allocation
//! and no name look-up. The buffers have a columnar layout: integers, dates and times as numbers, text as UTF-8 with offsets, and
//! a state for each value.

mod column;
mod options;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use column::SourceBuffer;
pub use column::{ColumnBuffer, ColumnValues, VarBytes};
pub use options::BatchOptions;

use crate::change::image::{ColumnSpans, NO_SUCH_COLUMN, RowForm, TWICE};
use crate::change::{Change, Op, located_fault};
use crate::decode::Fault;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::TableName;
use crate::position::Position;
use crate::schema::{ColumnDef, TableDef, TableId, TableMap};
use crate::time::Timestamp;

/// The default for the maximum number of rows of a batch.
pub const DEFAULT_ROWS: usize = 8192;
/// Bytes of images that fill a batch. Text grows at most threefold when it is converted to UTF-8, and then still fits 32-bit
/// offsets.
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
    /// The wanted tables, and the wanted columns of each; empty for all tables.
    wanted: Vec<Wanted>,
    /// The wanted columns of all other tables; `None` for all columns.
    columns: Option<Vec<Box<str>>>,
    batches: Vec<ColumnBatch>,
    /// The batch of each table.
    slots: TableMap<BatchIndex>,
    /// The batch that was filled last of those of each table's definitions, by its name, if the order between them matters.
    last_filled: HashMap<Box<str>, usize>,
    images: ImagesWanted,
    /// Truncates and the transaction of each change are kept too.
    whole_changes: bool,
    /// Bytes of images in all batches together.
    bytes: usize,
    /// Bytes that make the batches full.
    full_bytes: usize,
    /// Changes that are not rows, by operation.
    left_out: BTreeMap<&'static str, u64>,
}

/// The images that a batch has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImagesWanted {
    /// Before and after images, in columns of their own.
    Both,
    /// The row after the change, or the deleted row, as if it were an after image.
    Row,
}

/// A table by name, and its wanted columns; `None` for all columns.
type Wanted = (TableName, Option<Vec<Box<str>>>);

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
            last_filled: HashMap::new(),
            images: ImagesWanted::Both,
            whole_changes: false,
            bytes: 0,
            full_bytes: FULL_BYTES,
            left_out: BTreeMap::new(),
        }
    }

    /// Decodes these images, keeps the ids of transactions, and accepts truncates too, as changes without images. All batches
    /// together are full at `full_bytes` bytes of images.
    #[cfg(feature = "arrow")]
    pub(crate) fn whole_changes(self, images: ImagesWanted, full_bytes: usize) -> Self {
        Self { images, whole_changes: true, full_bytes, ..self }
    }

    /// Sets the maximum number of rows of a batch, at least 1. Rows with many bytes fill a batch earlier.
    #[must_use]
    pub fn rows(self, rows: usize) -> Self {
        Self { rows: rows.max(1), ..self }
    }

    /// Decodes this table, and only tables that were named in this way. Case is ignored, except in double quotes:
    /// `HR."Mixed Case"`.
    #[must_use]
    pub fn table(mut self, name: &str) -> Self {
        self.wanted.push((TableName::new(name), None));
        self
    }

    /// Decodes these columns of this table, and only tables that were named in this way, as in [`table`](Self::table).
    ///
    /// An image is read only up to its last wanted column: damage after that is not detected.
    #[must_use]
    pub fn columns(mut self, name: &str, columns: &[&str]) -> Self {
        self.wanted.push((TableName::new(name), Some(columns.iter().copied().map(Into::into).collect())));
        self
    }

    /// Decodes these columns of all tables that were not named.
    #[cfg(feature = "arrow")]
    pub(crate) fn columns_of_all(self, columns: &[Box<str>]) -> Self {
        Self { columns: Some(columns.to_vec()), ..self }
    }

    /// Adds a change of a row; other changes have no columns and are ignored. Returns whether a batch is full and
    /// [`flush`](Self::flush) is due.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] if an image is damaged or has a column that its table does not have, [`ErrorKind::UndefinedTable`]
    /// if the table's columns are unknown, [`ErrorKind::Unsupported`] like [`Change::after`], [`ErrorKind::InvalidArgument`] if
    /// its batch is already full. After an error, the batch is as it was before the call.
    #[inline(always)]
    pub fn push(&mut self, change: &Change<'_>) -> Result<bool> {
        Ok(self.push_ordered(change)? == Push::Full)
    }

    /// Returns the number of changes that were pushed and are not rows, by operation: truncates of wanted tables, and DDL. No batch
    /// has them.
    #[must_use]
    pub fn left_out(&self) -> &BTreeMap<&'static str, u64> {
        &self.left_out
    }

    /// Counts a change that is not a row.
    #[cold]
    fn leave_out(&mut self, change: &Change<'_>) {
        let op = change.op();
        let name = change.table_name();
        let wanted = self.wanted.is_empty() || self.wanted.iter().any(|(wanted, _)| wanted.fits(&name));
        if op.is_change() && wanted {
            *self.left_out.entry(op.name()).or_default() += 1;
        }
    }

    /// Adds a change of a row. With whole changes, a change is refused while earlier changes of another definition of its table
    /// have not been flushed, because it could be returned before them.
    #[inline(always)]
    pub(crate) fn push_ordered(&mut self, change: &Change<'_>) -> Result<Push> {
        // The table first: it is what a branch predictor cannot predict, and the operation mostly follows from it.
        let whole = self.whole_changes;
        let is_row = || match change.op() {
            Op::Insert | Op::Update | Op::PkUpdate | Op::Delete => true,
            op => whole && op == Op::Truncate,
        };
        let slot = match self.slots.get(change.table_id()) {
            Some(&slot) => slot,
            None if !is_row() => {
                self.leave_out(change);
                return Ok(Push::Done);
            }
            None => self.open(change.table_id(), change.table())?,
        };
        let Some(slot) = slot else { return Ok(Push::Done) };
        if !is_row() {
            self.leave_out(change);
            return Ok(Push::Done);
        }
        if self.batches.get(slot).is_some_and(|batch| batch.has_other_versions) && self.waits_for_others(slot) {
            return Ok(Push::FlushFirst);
        }
        let Some(batch) = self.batches.get_mut(slot) else { return Ok(Push::Done) };
        let op = change.op();
        if batch.is_full(self.rows, self.full_bytes) {
            return Err(Error::new(ErrorKind::InvalidArgument, "the batch is full").hint("call flush() before push()"));
        }
        let (mut before, mut after) = change.images()?;
        if self.images == ImagesWanted::Row {
            (before, after) = (None, if op == Op::Delete { before } else { after });
        }
        let head = (op, change.position(), change.timestamp());
        let (form, around) = (change.head().facts.form(), SourceBuffer(change.buffer()));
        match batch.push(head, form, around, before.map(|row| row.bytes()), after.map(|row| row.bytes())) {
            Ok(()) => {
                if let Some(whole) = &mut batch.whole {
                    whole.push(change.ids(), (before.is_some(), after.is_some()), change.is_unfinished());
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

    /// Returns whether rows of another definition of the same table have not been flushed. At most one of its batches has rows.
    #[cold]
    fn waits_for_others(&mut self, slot: usize) -> bool {
        let Some(batch) = self.batches.get(slot) else { return false };
        let Some(last) = self.last_filled.get_mut(batch.table.name()) else { return false };
        let waits = *last != slot && self.batches.get(*last).is_some_and(|other| !other.is_empty());
        if !waits {
            *last = slot;
        }
        waits
    }

    /// Finds the batch of a table, and creates it if the table is wanted.
    #[cold]
    fn open(&mut self, id: TableId, table: &Arc<TableDef>) -> Result<BatchIndex> {
        let slot = self.batch_for(id, table)?;
        self.slots.insert(id, slot);
        Ok(slot)
    }

    fn batch_for(&mut self, id: TableId, table: &Arc<TableDef>) -> Result<BatchIndex> {
        let wanted = self.wanted.iter().find(|(wanted, _)| wanted.fits(table.name()));
        if wanted.is_none() && !self.wanted.is_empty() {
            return Ok(None);
        }
        if !table.is_defined() {
            let what = format!("the columns of table {} are unknown", table.name());
            return Err(Error::new(ErrorKind::UndefinedTable, what).hint("provide a definitions file"));
        }
        let columns = wanted.map_or(self.columns.as_ref(), |(_, columns)| columns.as_ref());
        let is_wanted = |name: &str| columns.is_none_or(|columns| columns.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)));
        let mut batch = ColumnBatch::new((id, table), &is_wanted, self.images, self.whole_changes);
        if self.whole_changes {
            let last = *self.last_filled.entry(table.name().into()).or_insert(self.batches.len());
            if let Some(other) = self.batches.get_mut(last) {
                (other.has_other_versions, batch.has_other_versions) = (true, true);
            }
        }
        self.batches.push(batch);
        Ok(Some(self.batches.len() - 1))
    }

    /// Finishes every batch that has rows, calls `each` with it, and empties it. The memory of the buffers is kept.
    pub fn flush(&mut self, mut each: impl FnMut(&ColumnBatch)) {
        self.finish(|batch| each(batch));
        self.empty(|_| {});
    }

    /// Returns the tables whose batches have rows.
    pub(crate) fn filled(&self) -> impl Iterator<Item = TableId> {
        self.batches.iter().filter(|batch| !batch.is_empty()).map(|batch| batch.table_id)
    }

    /// Finishes every batch that has rows, and calls `each` with it.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(&mut ColumnBatch)) {
        for batch in self.batches.iter_mut().filter(|batch| !batch.is_empty()) {
            batch.finish();
            each(batch);
        }
    }

    /// Calls `each`, which may take the values, with every finished batch in the same order, and empties it.
    pub(crate) fn empty(&mut self, mut each: impl FnMut(&mut ColumnBatch)) {
        self.bytes = 0;
        for batch in self.batches.iter_mut().filter(|batch| !batch.is_empty()) {
            each(batch);
            batch.clear();
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
    /// Bytes of the images.
    bytes: usize,
    whole: Option<Box<ChangeMeta>>,
    /// There is a batch of another definition of the same table, and the order between the two matters.
    has_other_versions: bool,
}

/// The parts of a batch's changes that are not columns: their transactions, and which images they have.
#[derive(Debug)]
pub(crate) struct ChangeMeta {
    pub(crate) csns: VarBytes,
    pub(crate) xids: VarBytes,
    /// For each change: it has a CSN, a transaction id, a before image, an after image; its transaction breaks off after it.
    pub(crate) has: Vec<[bool; 5]>,
}

impl ChangeMeta {
    fn new() -> Self {
        Self { csns: VarBytes::new(), xids: VarBytes::new(), has: Vec::new() }
    }

    fn push(&mut self, (csn, xid): (Option<&str>, Option<&str>), (before, after): (bool, bool), unfinished: bool) {
        self.csns.add(csn.unwrap_or_default().as_bytes());
        self.xids.add(xid.unwrap_or_default().as_bytes());
        self.has.push([csn.is_some(), xid.is_some(), before, after, unfinished]);
    }

    fn clear(&mut self) {
        self.csns.truncate(0);
        self.xids.truncate(0);
        self.has.clear();
    }
}

impl ColumnBatch {
    /// Creates an empty batch. It reserves no memory, since the number of rows is unknown.
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

    /// Returns the number of changes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// Returns whether there are no changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Returns the table's definition.
    #[must_use]
    pub fn table(&self) -> &Arc<TableDef> {
        &self.table
    }

    /// Returns the number of the table's definition.
    #[must_use]
    pub fn table_id(&self) -> TableId {
        self.table_id
    }

    /// Returns the operation of each change.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Returns the position of each change's record.
    #[must_use]
    pub fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// Returns the timestamp of each change, in microseconds since 1970-01-01 00:00 UTC.
    #[must_use]
    pub fn times(&self) -> &[i64] {
        &self.times
    }

    /// Returns the wanted columns of the before images. If a change has no before image, all of them are missing.
    pub fn before(&self) -> impl Iterator<Item = (&ColumnDef, &ColumnBuffer)> {
        self.plan.columns(&self.table).zip(&self.before)
    }

    /// Returns the wanted columns of the after images. If a change has no after image, all of them are missing.
    pub fn after(&self) -> impl Iterator<Item = (&ColumnDef, &ColumnBuffer)> {
        self.plan.columns(&self.table).zip(&self.after)
    }

    /// Returns the definitions of the wanted columns, and the buffers, whose values the caller may take.
    #[cfg(feature = "arrow")]
    pub(crate) fn parts(&mut self) -> (Vec<&ColumnDef>, &mut [ColumnBuffer], &mut [ColumnBuffer], Option<&mut ChangeMeta>) {
        let columns = self.plan.columns(&self.table).collect();
        (columns, &mut self.before, &mut self.after, self.whole.as_deref_mut())
    }

    // Inlined, and only `fill` is a call, so that few registers have to be saved across it.
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

    /// Completes columns that end early, and checks text.
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

/// The wanted columns of a table, and their buffers.
#[derive(Debug)]
struct Plan {
    /// The wanted columns, in the table's order.
    wanted: Vec<Step>,
    /// The place among the wanted columns of each column of the table, or [`Plan::NOWHERE`].
    places: Vec<usize>,
}

/// A wanted column.
#[derive(Clone, Copy, Debug)]
struct Step {
    index: usize,
    /// Number of columns between it and the previous wanted one, in an image that lists all of them.
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

    /// Returns the definitions of the wanted columns.
    fn columns<'a>(&'a self, table: &'a TableDef) -> impl Iterator<Item = &'a ColumnDef> {
        self.wanted.iter().filter_map(|step| table.columns().get(step.index))
    }

    fn wants_all(&self) -> bool {
        self.wanted.len() == self.places.len()
    }
}

#[inline(never)]
fn fill(plan: &Plan, columns: &mut [ColumnBuffer], image: Image<'_>) -> std::result::Result<(), Fault> {
    // The byte order is selected here, once for each image.
    match (image.form, plan.wants_all()) {
        (RowForm::Big, true) => fill_all(columns, Image { form: RowForm::Big, ..image }),
        (RowForm::Little, true) => fill_all(columns, Image { form: RowForm::Little, ..image }),
        (RowForm::Big, false) => fill_some(plan, columns, Image { form: RowForm::Big, ..image }),
        (RowForm::Little, false) => fill_some(plan, columns, Image { form: RowForm::Little, ..image }),
        (RowForm::Wide, _) => fill_wide(plan, columns, image),
    }
}

/// Fills the columns from an image of a source that is not a trail. This is not a fast path.
#[inline(never)]
fn fill_wide(plan: &Plan, columns: &mut [ColumnBuffer], image: Image<'_>) -> std::result::Result<(), Fault> {
    let image = Image { form: RowForm::Wide, ..image };
    fill_listed(plan, columns, ColumnSpans::new(image.list, RowForm::Wide), columns.len(), image)
}

/// An image to be decoded into columns.
#[derive(Clone, Copy)]
struct Image<'a> {
    row: usize,
    list: &'a [u8],
    around: SourceBuffer<'a>,
    form: RowForm,
}

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

/// Fills the columns from an image that lists all columns up to the last wanted one: counting finds the wanted ones, and the
/// others are skipped without being decoded. Any other image is left to [`fill_listed`].
#[inline(always)]
fn fill_some(plan: &Plan, columns: &mut [ColumnBuffer], image: Image<'_>) -> std::result::Result<(), Fault> {
    let mut spans = ColumnSpans::new(image.list, image.form);
    // The place up to which all columns are wanted, and the number of columns that are still to be found there.
    let (mut from, mut left) = (spans, columns.len());
    for (taken, (step, column)) in plan.wanted.iter().zip(columns.iter_mut()).enumerate() {
        let between = step.index - step.skip..step.index;
        let mut skipped = true;
        for _ in 0..step.skip {
            skipped &= matches!(spans.next(), Some(Ok(span)) if between.contains(&span.index.into()));
        }
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

/// Fills the columns from any image, starting at one of its columns, until the `left` remaining columns are found, or to its end.
/// Remaining columns that have already been filled are filled again.
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

    /// Returns a batch of a table of five integers, A to E, with these wanted columns.
    fn batch(wanted: &str) -> ColumnBatch {
        let columns = ["A", "B", "C", "D", "E"].map(|name| ColumnDef::integer(name, 0)).to_vec();
        let table = Arc::new(TableDef::new("T", columns));
        ColumnBatch::new((crate::schema::TableIds::new().id(0), &table), &|name| wanted.contains(name), ImagesWanted::Both, false)
    }

    /// Returns an image that lists these columns. Column 4 is NULL; any other has ten times its index plus its place.
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

    /// Returns the state and the number of each wanted column of the last row.
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
                // Columns are left out: before, between and after the wanted ones.
                ("BD", &[1, 3], &[(Value, 10), (Value, 31)]),
                ("BD", &[0, 1, 3], &[(Value, 11), (Value, 32)]),
                ("ABD", &[0, 3, 4], &[(Value, 0), (Missing, 0), (Value, 31)]),
                ("BD", &[0, 2], &[(Missing, 0), (Missing, 0)]),
                ("BD", &[], &[(Missing, 0), (Missing, 0)]),
                // They are listed in another order.
                ("BD", &[3, 1], &[(Value, 11), (Value, 30)]),
                ("BD", &[3, 1, 0, 2], &[(Value, 11), (Value, 30)]),
                ("ACD", &[0, 3, 2], &[(Value, 0), (Value, 22), (Value, 31)]),
                ("", &[0, 1], &[]),
            ];
            for (wanted, listed, expected) in cases {
                // As a first row, and after another.
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
                // It is detected up to the last wanted column.
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
