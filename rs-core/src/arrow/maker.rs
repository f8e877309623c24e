//! [`BatchMaker`]: makes record batches from the changes of a reader.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use arrow_schema::SchemaRef;

use super::column;
use super::options::ArrowOptions;
use super::records::{TableRecords, record_batch};
use super::schema::{data_type, schema};
use crate::batch::{BatchDecoder, ColumnBatch, ImagesWanted, Push};
use crate::change::{Change, Op};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::TableName;
use crate::schema::{TableId, TableMap};
use crate::source::{ReadReport, Reader, Wanted};

/// Maximum bytes of images in all unfinished batches together. It bounds memory for any row width.
const FULL_BYTES: usize = 64 << 20;

/// Makes record batches from the changes of a reader, one after the other.
#[derive(Debug)]
pub(super) struct BatchMaker {
    pub(super) reader: Reader,
    /// The requested table; `None` for all.
    only: Option<Wanted>,
    pub(super) converter: Converter,
    /// Changes that are not rows, by operation.
    pub(super) left_out: BTreeMap<&'static str, u64>,
    pub(super) ended: bool,
    /// The error that ended it.
    pub(super) failure: Option<Error>,
}

/// Collects rows, and converts them to record batches.
#[derive(Debug)]
pub(super) struct Converter {
    pub(super) decoder: BatchDecoder,
    pub(super) options: ArrowOptions,
    schemas: SharedSchemas,
    /// It makes the batches of a piece, in its turn.
    turn: Option<Turn>,
    pub(super) ready: VecDeque<Result<TableRecords>>,
    /// Columns that have to be wide: the ones of the options, and the ones that the first batch of a table needs.
    pub(super) wide: Vec<Box<str>>,
    /// Columns whose type is too narrow for a value after their first batch.
    pub(super) narrow: Vec<Box<str>>,
}

impl BatchMaker {
    pub(super) fn new(reader: Reader, options: ArrowOptions, schemas: SharedSchemas) -> Self {
        Self::with_converter(reader, Converter::new(options, schemas, None))
    }

    pub(super) fn with_converter(reader: Reader, converter: Converter) -> Self {
        let only = converter.schemas.lock().only.clone();
        Self { reader, only, converter, left_out: BTreeMap::new(), ended: false, failure: None }
    }

    /// Returns the next batch; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Result<TableRecords>> {
        loop {
            if let Some(records) = self.converter.ready.pop_front() {
                return Some(records);
            }
            if self.ended {
                return None;
            }
            match self.read_on() {
                Ok(true) => {}
                Ok(false) => {
                    self.ended = true;
                    self.finish();
                }
                // Not a failure: the next call continues.
                Err(error) if error.kind() == ErrorKind::Cancelled => return Some(Err(error)),
                Err(error) => {
                    // The reader skips a change on which a selection cannot decide, so these errors do not end the iterator.
                    self.ended = !matches!(error.kind(), ErrorKind::Undecidable | ErrorKind::Filter);
                    self.failure = self.ended.then(|| error.clone());
                    self.finish();
                    self.converter.ready.push_back(Err(error));
                }
            }
        }
    }

    /// Reads until there are finished batches; returns `Ok(false)` at the end of the trail.
    fn read_on(&mut self) -> Result<bool> {
        loop {
            let change = match self.reader.next() {
                Ok(Some(change)) => change,
                Ok(None) => return Ok(false),
                Err(error) => return Err(error),
            };
            if change.op() == Op::Ddl {
                if self.only.as_ref().is_none_or(|only| only.is_object(&change.table_name())) {
                    ReadReport::leave_out(&mut self.left_out, Op::Ddl);
                }
                continue;
            }
            if let Some(only) = &mut self.only {
                if !only.is(&change)? {
                    continue;
                }
            }
            if self.converter.push(&change)? {
                return Ok(true);
            }
        }
    }

    /// Converts all collected rows to record batches, after a step that ended without them.
    fn finish(&mut self) {
        if self.ended && self.only.as_ref().is_some_and(Wanted::has_met) {
            self.converter.schemas.lock().only.clone_from(&self.only);
        }
        self.converter.flush(self.ended);
    }
}

impl Converter {
    pub(super) fn new(options: ArrowOptions, schemas: SharedSchemas, turn: Option<Turn>) -> Self {
        let decoder = Self::decoder(&options);
        Self::with_decoder(options, schemas, turn, decoder)
    }

    /// Creates one that collects rows in the buffers of an earlier one, which have their size.
    pub(super) fn with_decoder(options: ArrowOptions, schemas: SharedSchemas, turn: Option<Turn>, decoder: BatchDecoder) -> Self {
        let (wide, narrow, ready) = (options.wide.clone(), Vec::new(), VecDeque::new());
        Self { decoder, options, schemas, turn, ready, wide, narrow }
    }

    /// Returns an empty decoder for these options.
    pub(super) fn decoder(options: &ArrowOptions) -> BatchDecoder {
        let images = if options.needs_both_images() { ImagesWanted::Both } else { ImagesWanted::Row };
        let decoder = BatchDecoder::new().rows(options.rows).whole_changes(images, FULL_BYTES);
        match &options.columns {
            Some(columns) => decoder.columns_of_all(columns),
            None => decoder,
        }
    }

    /// Adds a change. Returns whether there are batches.
    pub(super) fn push(&mut self, change: &Change<'_>) -> Result<bool> {
        match self.decoder.push_ordered(change)? {
            Push::Done => Ok(false),
            Push::Full => {
                self.flush(false);
                Ok(true)
            }
            Push::FlushFirst => {
                self.flush(false);
                self.decoder.push_ordered(change)?;
                Ok(true)
            }
        }
    }

    /// Converts all collected rows to record batches. `is_last`: no others follow.
    pub(super) fn flush(&mut self, is_last: bool) {
        let Self { decoder, options, schemas, turn, ready, wide, narrow } = self;
        if let Some(turn) = turn {
            // A known schema was decided earlier in the trail. At its end, a piece has to know all that was decided before it.
            if is_last || !schemas.know_all(decoder.filled()) {
                turn.wait();
            }
        }
        let mut decided = VecDeque::new();
        decoder.finish(|batch| decided.push_back(schemas.decide(batch, narrow)));
        *wide = schemas.wide();
        if is_last {
            // Others may decide while this one converts.
            *turn = None;
        }
        decoder.empty(|batch| {
            let table = Arc::clone(batch.table());
            let first = batch.positions().first().copied().unwrap_or_default();
            let schema = decided.pop_front().unwrap_or_else(|| Err(Error::internal("a batch without a decision")));
            let records = schema.and_then(|schema| record_batch(batch, &schema, options));
            ready.push_back(records.map(|batch| TableRecords { table, batch, first }));
        });
    }
}

/// The schemas of the tables met so far. The first batch of a table decides. In several threads, the pieces of a trail take turns,
/// so that it is the first one in the trail's order.
#[derive(Clone, Debug)]
pub(super) struct SharedSchemas(Arc<Mutex<Schemas>>);

#[derive(Debug)]
struct Schemas {
    /// With the columns that have to be wide so far.
    options: ArrowOptions,
    known: TableMap<SchemaRef>,
    /// The types are those of a union: only the first batch makes them wider.
    has_union: bool,
    has_any: bool,
    /// The requested table, for pieces that take turns.
    only: Option<Wanted>,
}

impl SharedSchemas {
    pub(super) fn new(options: &ArrowOptions, only: Option<&TableName>, has_union: bool) -> Self {
        let schemas = Schemas {
            options: options.clone(),
            known: TableMap::default(),
            has_union,
            has_any: false,
            only: only.map(Wanted::new),
        };
        Self(Arc::new(Mutex::new(schemas)))
    }

    fn lock(&self) -> MutexGuard<'_, Schemas> {
        // Each change of it is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wide(&self) -> Vec<Box<str>> {
        self.lock().options.wide.clone()
    }

    /// Returns whether the schemas of all these tables are decided.
    fn know_all(&self, mut tables: impl Iterator<Item = TableId>) -> bool {
        let schemas = self.lock();
        tables.all(|table| schemas.known.get(table).is_some())
    }

    /// Returns the schema of a batch. Adds the columns that are too narrow for it to `narrow`.
    fn decide(&self, batch: &mut ColumnBatch, narrow: &mut Vec<Box<str>>) -> Result<SchemaRef> {
        let mut schemas = self.lock();
        let Schemas { options, known, has_union, has_any, .. } = &mut *schemas;
        let wide = too_narrow(batch, options);
        let found = known.get(batch.table_id()).cloned();
        if found.is_none() && !(*has_union && *has_any) {
            options.wide.extend(wide);
        } else {
            narrow.extend(wide);
        }
        *has_any = true;
        let schema = found.map_or_else(|| schema(batch.table(), &options.of_table(batch.table())), Ok)?;
        known.insert(batch.table_id(), Arc::clone(&schema));
        Ok(schema)
    }
}

/// Returns the columns of a batch, with the name of the table, whose values need a wider type.
fn too_narrow(batch: &mut ColumnBatch, options: &ArrowOptions) -> Vec<Box<str>> {
    let table = Arc::clone(batch.table());
    let (columns, before, after, _) = batch.parts();
    let buffers = |index: usize| [before.get(index), after.get(index)].into_iter().flatten();
    let narrow = columns.iter().enumerate().filter_map(|(index, column)| {
        let wanted = data_type(&table, column, options);
        let fits = buffers(index).all(|buffer| column::is_wide_enough(buffer, &wanted));
        (!fits).then(|| format!("{}.{}", table.name(), column.name).into())
    });
    narrow.collect()
}

/// The order in which pieces decide.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// The piece whose turn it is.
    next: Mutex<usize>,
    moved: Condvar,
}

/// The turn of a piece. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    queue: Arc<Queue>,
    index: usize,
}

impl Turn {
    /// The turn of a piece by its index.
    pub(super) fn of(queue: &Arc<Queue>, index: usize) -> Self {
        Self { queue: Arc::clone(queue), index }
    }

    /// Waits until all pieces before this one have decided.
    pub(super) fn wait(&self) {
        let next = self.queue.next.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.queue.moved.wait_while(next, |next| *next < self.index));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.wait();
        *self.queue.next.lock().unwrap_or_else(PoisonError::into_inner) = self.index + 1;
        self.queue.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;
    use crate::{ChangeBlock, Trail};

    #[test]
    fn only_unknown_tables_and_the_end_of_a_piece_wait_for_its_turn() {
        let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
        let mut block = ChangeBlock::default();
        Trail::from_bytes(files[0].1.clone()).reader().unwrap().next_block(&mut block, 20).unwrap();
        let filled = |schemas: &SharedSchemas, turn: Option<Turn>| {
            let mut converter = Converter::new(ArrowOptions::new(), schemas.clone(), turn);
            block.changes().for_each(|change| assert!(!converter.push(&change).unwrap()));
            converter
        };
        for (known, is_last) in [(true, false), (false, false), (true, true)] {
            let (schemas, queue) = (SharedSchemas::new(&ArrowOptions::new(), None, false), Arc::new(Queue::default()));
            if known {
                filled(&schemas, None).flush(true);
            }
            let first = Turn::of(&queue, 0);
            let mut second = filled(&schemas, Some(Turn::of(&queue, 1)));
            let (send, flushed) = channel();
            let worker = std::thread::spawn(move || {
                second.flush(is_last);
                send.send(second.ready.len()).unwrap();
            });
            let waits = !known || is_last;
            let patience = if waits { Duration::from_millis(50) } else { Duration::from_secs(60) };
            assert_eq!(flushed.recv_timeout(patience).is_err(), waits, "known {known}, last {is_last}");
            drop(first);
            if waits {
                assert!(flushed.recv_timeout(Duration::from_secs(60)).unwrap() > 0);
            }
            worker.join().unwrap();
        }
    }
}
