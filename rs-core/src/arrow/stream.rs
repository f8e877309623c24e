//! Record batches of a trail: of all tables in one pass, or of one table with one schema.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};

use super::maker::{BatchMaker, SharedSchemas};
use super::options::{ArrowOptions, SchemaChange};
use super::parallel::Parallel;
use super::records::TableRecords;
use super::schema::schema;
use super::unify::Union;
use crate::change::Op;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::TableName;
use crate::schema::TableDef;
use crate::source::{MissingColumns, ReadOptions, ReadReport, Reader, Trail, Wanted};

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
        Batches::of_trail(self, read, options, None, false)
    }

    /// Returns the changes of one table as record batches with one schema. The name is that of the trail, or in GoldenGate's
    /// spelling (`HR."Mixed Case"`). It is compared without regard to case outside of quotes, unless a table has exactly this name; if
    /// that one comes later than another that the name fits, quotes name it. Reads up to the table's first change to determine the schema.
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
/// [`ArrowOptions::states`] offer alternatives. The last item is an error if no table has a column that the options name. The iterator
/// may be moved between threads.
#[derive(Debug)]
pub struct Batches {
    maker: BatchMaker,
    /// Other threads make the batches.
    parallel: Option<Parallel>,
    /// The columns of the options that no table has had so far; `None` once that has been reported.
    missing: Option<MissingColumns>,
    /// The table that is read, if it is only one.
    only: Option<TableName>,
}

impl Batches {
    /// Reads a trail, in several threads if the options ask for them.
    fn of_trail(
        trail: &Trail,
        read: ReadOptions,
        options: ArrowOptions,
        only: Option<&TableName>,
        has_union: bool,
    ) -> Result<Self> {
        let read = only.into_iter().fold(read, ReadOptions::for_table);
        let schemas = SharedSchemas::new(&options, only, has_union);
        let named = options.columns.iter().flatten().chain(&options.wide).cloned();
        let missing = MissingColumns::new(named);
        let (reader, parallel) = match trail.pieces(&read, options.rows, only)? {
            Some((pieces, start)) => {
                let parallel = Parallel::start(pieces, &start, &options, &schemas, read.thread_count())?;
                (start, Some(parallel))
            }
            None => (trail.reader_with(read)?, None),
        };
        let maker = BatchMaker::new(reader, options, schemas);
        Ok(Self { maker, parallel, missing: Some(missing), only: only.cloned() })
    }

    /// Returns the next batch, without the check of the columns.
    fn step(&mut self) -> Option<Result<TableRecords>> {
        if self.parallel.is_none() {
            return self.maker.next();
        }
        loop {
            if let Some(records) = self.maker.converter.ready.pop_front() {
                return Some(records);
            }
            if self.maker.ended {
                return None;
            }
            if let Err(error) = self.take_piece() {
                if error.kind() != ErrorKind::Cancelled {
                    self.maker.ended = true;
                    self.maker.failure = Some(error.clone());
                }
                return Some(Err(error));
            }
        }
    }

    /// Returns an error at the end of the trail, once, if no table has a column that the options name.
    fn missing_column(&mut self) -> Option<Error> {
        let missing = self.missing.take().filter(|_| self.maker.failure.is_none())?;
        let error = missing.check_in(self.reader(), |name| self.only.as_ref().is_none_or(|only| only.fits(name))).err()?;
        self.maker.failure = Some(error.clone());
        Some(error)
    }

    /// Returns the underlying reader, for the tables seen, the ranges skipped and the counts of a selection.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.maker.reader
    }

    /// Returns what became of the changes that were read so far.
    #[must_use]
    pub fn report(&self) -> ReadReport {
        self.maker.reader.report().with_left_out(self.maker.left_out.clone())
    }

    /// Returns the columns that have to be [wide](ArrowOptions::wide), each as `TABLE.COLUMN`: those of the options, any that the first
    /// batch of a table needs, and any for which an error was returned.
    #[must_use]
    pub fn wide(&self) -> Vec<Box<str>> {
        self.maker.converter.wide.iter().chain(&self.maker.converter.narrow).cloned().collect()
    }

    /// Returns the error that ended the iterator; `None` if it has not ended or has reached the end of the trail.
    #[must_use]
    pub fn failure(&self) -> Option<&Error> {
        self.maker.failure.as_ref()
    }

    /// Takes over what another thread has made of the next piece.
    fn take_piece(&mut self) -> Result<()> {
        let Some(parallel) = &mut self.parallel else { return Err(Error::internal("no other thread makes batches")) };
        let (done, reported) = parallel.next()?;
        let maker = &mut self.maker;
        maker.converter.ready.extend(done.records);
        maker.converter.narrow.extend(done.narrow);
        maker.converter.wide = done.wide;
        for (op, count) in done.left_out {
            *maker.left_out.entry(op).or_default() += count;
        }
        maker.reader.take_notes(done.reader);
        maker.failure = done.failure;
        maker.ended = done.is_last || maker.failure.is_some();
        reported
    }
}

impl Iterator for Batches {
    type Item = Result<TableRecords>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.step();
        match (&next, &mut self.missing) {
            (Some(Ok(records)), Some(missing)) if !missing.is_empty() => missing.meet(&records.table),
            (None, _) => return self.missing_column().map(Err),
            _ => {}
        }
        next
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
        let name = &TableName::new(name);
        let all = match options.schema_change {
            SchemaChange::Union => Some(definitions(trail, name, &read)?),
            SchemaChange::Error | SchemaChange::Stop => None,
        };
        let mut batches = Batches::of_trail(trail, read, options, Some(name), all.is_some())?;
        let first = match batches.next() {
            // The value is the first row's problem, not that of the schema.
            Some(Err(error)) if error.kind() != ErrorKind::Value => return Err(error),
            first => first,
        };
        // The first rows may have made a column wide.
        let options = ArrowOptions { wide: batches.maker.converter.wide.clone(), ..batches.maker.converter.options.clone() };
        let union = all.map(|all| Union::of(&all, &options)).transpose()?;
        let schema = match (&union, &first) {
            (Some(union), _) => union.schema(),
            (None, Some(Ok(first))) => schema(&first.table, &options)?,
            (None, Some(Err(_)) | None) => schema(batches.definition(name)?.as_ref(), &options)?,
        };
        if let Some(first) = first {
            batches.maker.converter.ready.push_front(first);
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
        (self.failed && !self.batches.maker.converter.narrow.is_empty()).then(|| self.batches.wide())
    }

    /// Returns the columns that are [wide](ArrowOptions::wide), each as `TABLE.COLUMN`: those of the options, and any that the first
    /// rows need. A further stream with this option has the same schema.
    #[must_use]
    pub fn wide_columns(&self) -> Vec<Box<str>> {
        self.batches.maker.converter.wide.clone()
    }

    /// Returns a stream of the remaining changes with the next schema, after a stream with [`SchemaChange::Stop`] has ended.
    /// Returns `None` if there are none.
    #[must_use]
    pub fn next_version(mut self) -> Option<Self> {
        let next = self.next_version.take()?;
        self.schema = next.batch.schema();
        self.batches.maker.converter.ready.push_front(Ok(next));
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
        if self.batches.maker.converter.options.schema_change == SchemaChange::Stop {
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
    fn definition(&self, name: &TableName) -> Result<Arc<TableDef>> {
        let table = self.maker.reader.definition(name, |table| name.fits(table))?;
        if table.is_defined() {
            return Ok(table);
        }
        let what = format!("the columns of table {} are unknown", table.name());
        Err(Error::new(ErrorKind::UndefinedTable, what).hint("provide a definitions file"))
    }
}

/// Returns all definitions of a table that its changes use, in order.
fn definitions(trail: &Trail, name: &TableName, read: &ReadOptions) -> Result<Vec<Arc<TableDef>>> {
    let mut reader = trail.reader_with(read.clone().for_table(name))?;
    let mut wanted = Wanted::new(name);
    let mut found: Vec<Arc<TableDef>> = Vec::new();
    while let Some(change) = reader.next()? {
        let table = change.table();
        if change.op() != Op::Ddl && wanted.is(&change)? && !found.iter().any(|known| Arc::ptr_eq(known, table)) {
            found.push(Arc::clone(table));
        }
    }
    if found.is_empty() {
        let (options, schemas) = (ArrowOptions::new(), SharedSchemas::new(&ArrowOptions::new(), None, false));
        let maker = BatchMaker::new(reader, options, schemas);
        found.push(Batches { maker, parallel: None, missing: None, only: None }.definition(name)?);
    }
    Ok(found)
}
