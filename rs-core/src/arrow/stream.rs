//! Record batches of a trail: of all tables in one pass, or of one table with one schema.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};

use super::column;
use super::options::{ArrowOptions, SchemaChange};
use super::records::{TableRecords, record_batch};
use super::schema::{data_type, schema};
use super::unify::Union;
use crate::batch::{BatchDecoder, ColumnBatch, ImagesWanted, Push};
use crate::change::Op;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{TableDef, TableMap};
use crate::source::{ReadOptions, ReadReport, Reader, Trail, Wanted};

/// Maximum bytes of images in all unfinished batches together. It bounds memory for any row width.
const FULL_BYTES: usize = 64 << 20;

impl Trail {
    /// Returns the changes of all tables as record batches, in one pass. Each batch has one table and one definition; the
    /// batches of a table are in the trail's order.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::ReadOptions;
    /// use trailcore::arrow::ArrowOptions;
    ///
    /// for records in trail.batches(ReadOptions::new(), ArrowOptions::new())? {
    ///     let records = records?;
    ///     println!("{}: {} rows", records.table.name(), records.batch.num_rows());
    /// }
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`reader_with`](Self::reader_with).
    pub fn batches(&self, read: ReadOptions, options: ArrowOptions) -> Result<Batches> {
        Ok(Batches::new(self.reader_with(read)?, options, None))
    }

    /// Returns the changes of one table as record batches with one schema. The name is compared without regard to case,
    /// unless a table has exactly this name. Reads up to the table's first change to determine the schema.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::ReadOptions;
    /// use trailcore::arrow::ArrowOptions;
    ///
    /// let stream = trail.table("BANK.POSTINGS", ReadOptions::new(), ArrowOptions::new())?;
    /// assert!(stream.schema().field_with_name("AMOUNT").is_ok());
    /// let rows: usize = stream.map(|batch| Ok(batch?.num_rows())).sum::<trailcore::Result<usize>>()?;
    /// assert!(rows > 0);
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::UnknownTable`] if the trail has neither a change nor a definition of the table,
    /// [`ErrorKind::UndefinedTable`] if its columns are unknown, [`ErrorKind::SchemaChange`] if a union is requested and the
    /// definitions have none, [`ErrorKind::InvalidArgument`] like [`schema`](super::schema), and any error of the reader.
    pub fn table(&self, name: &str, read: ReadOptions, options: ArrowOptions) -> Result<TableStream> {
        TableStream::new(self, name, read, options)
    }
}

/// The record batches of a trail's tables; an iterator. See [`Trail::batches`].
///
/// Rows before an error are returned before the error, with one exception: a value that its column's type cannot hold makes its
/// whole batch an error, which has the value's position. For values that cannot be decoded, [`ArrowOptions::invalid`] and
/// [`ArrowOptions::states`] offer alternatives. The iterator may be moved between threads.
#[derive(Debug)]
pub struct Batches {
    reader: Reader,
    decoder: BatchDecoder,
    options: ArrowOptions,
    /// The requested table; `None` for all.
    only: Option<Wanted>,
    schemas: TableMap<SchemaRef>,
    ready: VecDeque<Result<TableRecords>>,
    /// Changes that are not rows, by operation.
    left_out: BTreeMap<&'static str, u64>,
    /// Columns whose type is too narrow for a value after their first batch.
    narrow: Vec<Box<str>>,
    /// The types are those of a union: the first batch of a further definition does not make them wider.
    has_union: bool,
    ended: bool,
    /// The error that ended the iterator.
    failure: Option<Error>,
}

impl Batches {
    fn new(reader: Reader, options: ArrowOptions, only: Option<&str>) -> Self {
        let images = if options.needs_both_images() { ImagesWanted::Both } else { ImagesWanted::Row };
        let mut decoder = BatchDecoder::new().rows(options.rows).whole_changes(images, FULL_BYTES);
        if let Some(columns) = &options.columns {
            decoder = decoder.columns_of_all(columns);
        }
        Self {
            reader,
            decoder,
            options,
            only: only.map(Wanted::new),
            schemas: TableMap::default(),
            ready: VecDeque::new(),
            left_out: BTreeMap::new(),
            narrow: Vec::new(),
            has_union: false,
            ended: false,
            failure: None,
        }
    }

    /// Returns the underlying reader, for the tables seen, the ranges skipped and the counts of a selection.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Returns what became of the changes that were read so far.
    #[must_use]
    pub fn report(&self) -> ReadReport {
        self.reader.report().with_left_out(self.left_out.clone())
    }

    /// Returns the columns that have to be [wide](ArrowOptions::wide), each as `TABLE.COLUMN`: those of the options, any that the first
    /// batch of a table needs, and any for which an error was returned.
    #[must_use]
    pub fn wide(&self) -> Vec<Box<str>> {
        self.options.wide.iter().chain(&self.narrow).cloned().collect()
    }

    /// Returns the error that ended the iterator; `None` if it has not ended or has reached the end of the trail.
    #[must_use]
    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
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
            let full = match self.decoder.push_ordered(&change)? {
                Push::Done => false,
                Push::Full => true,
                Push::FlushFirst => {
                    // Borrows parts: the change is lent by the reader.
                    let Self { decoder, options, schemas, ready, narrow, has_union, .. } = self;
                    flush(decoder, options, schemas, narrow, *has_union, ready);
                    decoder.push_ordered(&change)?;
                    true
                }
            };
            if full {
                self.flush();
                return Ok(true);
            }
        }
    }

    /// Converts all collected rows to record batches.
    fn flush(&mut self) {
        let Self { decoder, options, schemas, ready, narrow, has_union, .. } = self;
        flush(decoder, options, schemas, narrow, *has_union, ready);
    }
}

/// Converts all collected rows to record batches.
fn flush(
    decoder: &mut BatchDecoder,
    options: &mut ArrowOptions,
    schemas: &mut TableMap<SchemaRef>,
    narrow: &mut Vec<Box<str>>,
    has_union: bool,
    ready: &mut VecDeque<Result<TableRecords>>,
) {
    decoder.flush_mut(|batch| {
        let table = Arc::clone(batch.table());
        let first = batch.positions().first().copied().unwrap_or_default();
        let known = schemas.get(batch.table_id()).cloned();
        let wide = too_narrow(batch, options);
        if known.is_none() && !has_union {
            options.wide.extend(wide);
        } else {
            narrow.extend(wide);
        }
        let of_table = || schema(&table, &options.of_table(&table));
        let records = known.map_or_else(of_table, Ok).and_then(|schema| {
            schemas.insert(batch.table_id(), Arc::clone(&schema));
            record_batch(batch, &schema, options)
        });
        ready.push_back(records.map(|batch| TableRecords { table, batch, first }));
    });
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

impl Iterator for Batches {
    type Item = Result<TableRecords>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(records) = self.ready.pop_front() {
                return Some(records);
            }
            if self.ended {
                return None;
            }
            match self.read_on() {
                Ok(true) => {}
                Ok(false) => {
                    self.ended = true;
                    self.flush();
                }
                // Not a failure: the next call continues.
                Err(error) if error.kind() == ErrorKind::Cancelled => return Some(Err(error)),
                Err(error) => {
                    // The reader skips a change on which a selection cannot decide, so these errors do not end the iterator.
                    self.ended = !matches!(error.kind(), ErrorKind::Undecidable | ErrorKind::Filter);
                    self.failure = self.ended.then(|| error.clone());
                    self.flush();
                    self.ready.push_back(Err(error));
                }
            }
        }
    }
}

/// The changes of one table as record batches with one schema; an iterator. [`into_reader`](Self::into_reader) converts it to
/// a [`RecordBatchReader`]. See [`Trail::table`].
///
/// It ends after any error except [`ErrorKind::Cancelled`]. It may be moved between threads.
#[derive(Debug)]
pub struct TableStream {
    batches: Batches,
    schema: SchemaRef,
    /// The common schema of all definitions, if requested.
    union: Option<Union>,
    /// Rows with the next schema.
    next_version: Option<TableRecords>,
    failed: bool,
}

impl TableStream {
    fn new(trail: &Trail, name: &str, read: ReadOptions, options: ArrowOptions) -> Result<Self> {
        let all = match options.schema_change {
            SchemaChange::Union => Some(definitions(trail, name, &read)?),
            SchemaChange::Error | SchemaChange::Stop => None,
        };
        let mut batches = Batches::new(trail.reader_with(read)?, options, Some(name));
        let first = match batches.next() {
            // The value is the first row's problem, not that of the schema.
            Some(Err(error)) if error.kind() != ErrorKind::Value => return Err(error),
            first => first,
        };
        // The first rows may have made a column wide.
        let union = all.map(|all| Union::of(&all, &batches.options)).transpose()?;
        batches.has_union = union.is_some();
        let schema = match (&union, &first) {
            (Some(union), _) => union.schema(),
            (None, Some(Ok(first))) => schema(&first.table, &batches.options)?,
            (None, Some(Err(_)) | None) => schema(batches.definition(name)?.as_ref(), &batches.options)?,
        };
        if let Some(first) = first {
            batches.ready.push_front(first);
        }
        Ok(Self { batches, schema, union, next_version: None, failed: false })
    }

    /// Returns the schema of all its batches.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Returns the underlying reader, for the ranges skipped and the counts of a selection.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        self.batches.reader()
    }

    /// Returns what became of the changes that were read so far.
    #[must_use]
    pub fn report(&self) -> ReadReport {
        self.batches.report()
    }

    /// Returns whether it ended because a column has to be [wide](ArrowOptions::wide), and which columns have to be: a stream with
    /// this option does not fail there.
    #[must_use]
    pub fn wide(&self) -> Option<Vec<Box<str>>> {
        (self.failed && !self.batches.narrow.is_empty()).then(|| self.batches.wide())
    }

    /// Returns the columns that are [wide](ArrowOptions::wide), each as `TABLE.COLUMN`: those of the options, and any that the first
    /// rows need. A further stream with this option has the same schema.
    #[must_use]
    pub fn wide_columns(&self) -> Vec<Box<str>> {
        self.batches.options.wide.clone()
    }

    /// Returns a stream of the remaining changes with the next schema, after a stream with [`SchemaChange::Stop`] has ended.
    /// Returns `None` if there are none.
    #[must_use]
    pub fn next_version(mut self) -> Option<Self> {
        let next = self.next_version.take()?;
        self.schema = next.batch.schema();
        self.batches.ready.push_front(Ok(next));
        Some(self)
    }

    /// Converts the stream to an Arrow C stream, for use from any language. The release callback frees it.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// # use trailcore::{ReadOptions, arrow::ArrowOptions};
    /// let stream = trail.table("BANK.POSTINGS", ReadOptions::new(), ArrowOptions::new())?;
    /// let c_stream = stream.into_c_stream();
    /// # drop(c_stream);
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    #[must_use]
    pub fn into_c_stream(self) -> FFI_ArrowArrayStream {
        c_stream(self.into_reader())
    }

    /// Converts the stream to a reader for other Arrow libraries in Rust; its errors are [`ArrowError::ExternalError`]s.
    pub fn into_reader(self) -> impl RecordBatchReader + Send {
        AsReader(self)
    }

    fn step(&mut self) -> Option<Result<RecordBatch>> {
        if self.next_version.is_some() {
            return None;
        }
        let records = match self.batches.next()? {
            Ok(records) => records,
            Err(error) => return Some(Err(error)),
        };
        if let Some(union) = &self.union {
            return Some(union.cast(&records));
        }
        if records.batch.schema() == self.schema {
            return Some(Ok(records.batch));
        }
        if self.batches.options.schema_change == SchemaChange::Stop {
            self.next_version = Some(records);
            return None;
        }
        let what = format!("the definition of table {} changes at {}", records.table.name(), records.first);
        let error = Error::new(ErrorKind::SchemaChange, what);
        Some(Err(error.hint("set the option on_schema_change to union, or to stop for one stream per definition")))
    }
}

impl Iterator for TableStream {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.step();
        self.failed = matches!(&next, Some(Err(error)) if error.kind() != ErrorKind::Cancelled);
        next
    }
}

/// Converts a reader to an Arrow C stream, for use from any language. A panic does not cross the boundary: it ends the stream
/// with an error.
#[must_use]
pub fn c_stream(reader: impl RecordBatchReader + Send + 'static) -> FFI_ArrowArrayStream {
    FFI_ArrowArrayStream::new(Box::new(Guarded { reader, panicked: false, busy: Arc::default() }))
}

struct Guarded<R> {
    reader: R,
    panicked: bool,
    /// Set during a call, to reject reentrant calls from a callback of the reader. Separate from the data that the call uses.
    busy: Arc<AtomicBool>,
}

impl<R: RecordBatchReader> Iterator for Guarded<R> {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.panicked {
            return None;
        }
        if self.busy.swap(true, Ordering::AcqRel) {
            return Some(Err(ArrowError::ComputeError("a callback must not use the stream that called it".to_owned())));
        }
        let busy = Arc::clone(&self.busy);
        // The reader is not used again after a panic.
        let next = catch_unwind(AssertUnwindSafe(|| self.reader.next())).unwrap_or_else(|_| {
            self.panicked = true;
            Some(Err(ArrowError::ComputeError("internal error in trailcore; the stream ends here".to_owned())))
        });
        busy.store(false, Ordering::Release);
        next
    }
}

impl<R: RecordBatchReader> RecordBatchReader for Guarded<R> {
    fn schema(&self) -> SchemaRef {
        self.reader.schema()
    }
}

struct AsReader(TableStream);

impl Iterator for AsReader {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.map_err(|error| ArrowError::ExternalError(Box::new(error))))
    }
}

impl RecordBatchReader for AsReader {
    fn schema(&self) -> SchemaRef {
        TableStream::schema(&self.0)
    }
}

impl Batches {
    /// Returns the definition of a table without changes, from the trail or else from the catalog.
    fn definition(&self, name: &str) -> Result<Arc<TableDef>> {
        let table = self.reader.definition(name, |table| table.eq_ignore_ascii_case(name))?;
        if table.is_defined() {
            return Ok(table);
        }
        let what = format!("the columns of table {} are unknown", table.name());
        Err(Error::new(ErrorKind::UndefinedTable, what).hint("provide a definitions file"))
    }
}

/// Returns all definitions of a table that its changes use, in order.
fn definitions(trail: &Trail, name: &str, read: &ReadOptions) -> Result<Vec<Arc<TableDef>>> {
    let mut reader = trail.reader_with(read.clone())?;
    let mut wanted = Wanted::new(name);
    let mut found: Vec<Arc<TableDef>> = Vec::new();
    while let Some(change) = reader.next()? {
        let table = change.table();
        if change.op() != Op::Ddl && wanted.is(&change)? && !found.iter().any(|known| Arc::ptr_eq(known, table)) {
            found.push(Arc::clone(table));
        }
    }
    if found.is_empty() {
        let batches = Batches::new(reader, ArrowOptions::new(), Some(name));
        found.push(batches.definition(name)?);
    }
    Ok(found)
}
