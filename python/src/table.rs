//! The changes of tables as Arrow record batches and streams.

use std::ffi::CStr;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, to_ffi};
use arrow_array::{Array, RecordBatch, RecordBatchIterator, RecordBatchReader, StructArray};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use parking_lot::Mutex;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};
use trailcore::arrow::{TableStream, c_stream};
use trailcore::report::ReadReport;
use trailcore::sink::write_parquet;

use crate::error::in_iteration;
use crate::handle::Handle;
use crate::reader::{SkippedRange, document, skipped_ranges};
use crate::schema::TableDef;
use crate::watch::Watch;

const STREAM: &CStr = c"arrow_array_stream";
const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";

fn failed(error: ArrowError) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}

fn schema_capsule<'py>(py: Python<'py>, schema: &SchemaRef) -> PyResult<Bound<'py, PyCapsule>> {
    PyCapsule::new_with_value(py, FFI_ArrowSchema::try_from(schema.as_ref()).map_err(failed)?, SCHEMA)
}

/// Reads a schema that a consumer requests.
#[allow(unsafe_code)]
fn requested_schema(capsule: &Bound<'_, PyAny>) -> PyResult<Schema> {
    let pointer = capsule.cast::<PyCapsule>()?.pointer_checked(Some(SCHEMA))?;
    // SAFETY: a capsule of this name has an ArrowSchema, which it owns.
    Schema::try_from(unsafe { pointer.cast::<FFI_ArrowSchema>().as_ref() }).map_err(failed)
}

/// Returns the numbers of the columns that a consumer requests, in its order; `None` if one of them does not exist.
fn requested_columns(schema: &Schema, requested: &Schema) -> Option<Vec<usize>> {
    requested.fields().iter().map(|field| schema.index_of(field.name()).ok()).collect()
}

/// Returns the names of the columns of a schema that a consumer requests.
#[pyfunction]
pub(crate) fn requested_names(schema: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    Ok(requested_schema(schema)?.fields().iter().map(|field| field.name().clone()).collect())
}

/// The rows of one table under one schema: a stream that can be consumed once.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Table {
    // Shared with the C streams that it exports, which bypass the handle.
    stream: Handle<Arc<Mutex<Option<TableStream>>>>,
    schema: SchemaRef,
    watch: Arc<Watch>,
    /// The report at its end, if there is a next version.
    ended: Mutex<Option<ReadReport>>,
}

impl Table {
    pub(crate) fn new(stream: TableStream, watch: Arc<Watch>) -> Self {
        let schema = stream.schema();
        Self { stream: Handle::new(Arc::new(Mutex::new(Some(stream)))), schema, watch, ended: Mutex::new(None) }
    }
}

/// An exported stream. The table can continue it after the consumer releases it.
struct Shared {
    stream: Arc<Mutex<Option<TableStream>>>,
    schema: SchemaRef,
    /// The columns that the consumer requested; `None` for all.
    columns: Option<Vec<usize>>,
    watch: Arc<Watch>,
    ended: bool,
}

impl Iterator for Shared {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(mut stream) = self.stream.try_lock() else {
            return Some(Err(ArrowError::CDataInterface("two consumers read the same stream at the same time".to_owned())));
        };
        let stream = stream.as_mut()?;
        match stream.next() {
            Some(Ok(batch)) => Some(match &self.columns {
                Some(columns) => batch.project(columns),
                None => Ok(batch),
            }),
            Some(Err(error)) => {
                self.watch.keep(&error);
                Some(Err(ArrowError::ExternalError(Box::new(error))))
            }
            None if self.ended => None,
            None => {
                self.ended = true;
                let is_done = self.watch.stream_done(stream.report());
                (!is_done).then(|| Err(ArrowError::ComputeError("a callback raised an exception".to_owned())))
            }
        }
    }
}

impl RecordBatchReader for Shared {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

#[pymethods]
impl Table {
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &self.schema)
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The protocol lets a producer keep its own types, and all of its columns if it lacks a requested one.
        let requested = requested_schema.map(|capsule| self::requested_schema(&capsule)).transpose()?;
        let columns = requested.and_then(|requested| requested_columns(&self.schema, &requested));
        let schema = match &columns {
            Some(columns) => Arc::new(self.schema.project(columns).map_err(failed)?),
            None => Arc::clone(&self.schema),
        };
        let stream = self.stream.with(py, |stream| Arc::clone(stream))?;
        let shared = Shared { stream, schema, columns, watch: Arc::clone(&self.watch), ended: false };
        PyCapsule::new_with_value(py, c_stream(shared), STREAM)
    }

    /// Raises `KeyboardInterrupt` in the main thread again if it ends the stream, because the consumer wraps it in an exception
    /// of its own.
    fn interrupts_again(&self) {
        self.watch.interrupt_again();
    }

    /// Returns the next record batch, or `None` at the end.
    fn next_batch(&self, py: Python<'_>) -> PyResult<Option<Batch>> {
        let next = self.stream.with(py, |stream| Some(stream.try_lock()?.as_mut().and_then(Iterator::next)))?;
        match next.ok_or_else(|| crate::error::busy(py))? {
            Some(Ok(batch)) => Ok(Some(Batch::new(batch))),
            Some(Err(error)) => Err(self.watch.exception(py, &error)),
            None => {
                let report = self.stream.with(py, |stream| Some(stream.try_lock()?.as_ref()?.report()))?;
                // A further call after the end reports nothing new.
                if let (Some(report), None) = (report, self.watch.ended()) {
                    self.watch.done(py, report)?;
                }
                Ok(None)
            }
        }
    }

    /// Returns the stream under the next schema, after this one has ended at a schema change.
    fn next_version(&self, py: Python<'_>) -> PyResult<Option<Self>> {
        let ended = self.stream.with(py, |stream| Some(stream.try_lock()?.take()))?;
        let ended = ended.ok_or_else(|| crate::error::busy(py))?;
        let next = ended.and_then(TableStream::next_version);
        // The next version has a report and warnings of its own.
        *self.ended.lock() = self.watch.go_on();
        Ok(next.map(|stream| Self::new(stream, Arc::clone(&self.watch))))
    }

    /// Writes the rows to a Parquet file, and returns how many there are.
    fn write_parquet(&self, py: Python<'_>, path: PathBuf) -> PyResult<u64> {
        let written = self.stream.with(py, |stream| {
            let mut stream = stream.try_lock()?;
            let stream = stream.as_mut()?;
            Some(write_parquet(stream, path).map(|rows| (rows, stream.report())))
        })?;
        let (rows, report) = written.ok_or_else(|| crate::error::busy(py))?.map_err(|error| self.watch.exception(py, &error))?;
        self.watch.done(py, report)?;
        Ok(rows)
    }

    /// The report of the changes read so far.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let ended = self.ended.lock().clone();
        let report = match ended.or_else(|| self.watch.ended()) {
            Some(report) => report,
            None => {
                let report = self.stream.with(py, |stream| Some(stream.try_lock()?.as_ref().map(TableStream::report)))?;
                report.ok_or_else(|| crate::error::busy(py))?.unwrap_or_default()
            }
        };
        document(py, &report)
    }

    /// The columns that have to be wide in a further stream, if this one ended because one of them was not.
    #[getter]
    fn wide(&self, py: Python<'_>) -> PyResult<Option<Vec<String>>> {
        let wide = self.stream.with(py, |stream| stream.try_lock()?.as_ref()?.wide())?;
        Ok(wide.map(|columns| columns.into_iter().map(String::from).collect()))
    }

    /// The columns that are wider than usual, because the options or the first rows need it.
    #[getter]
    fn wide_columns(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let wide = self.stream.with(py, |stream| Some(stream.try_lock()?.as_ref()?.wide_columns()))?;
        Ok(wide.unwrap_or_default().into_iter().map(String::from).collect())
    }

    /// The definition of the rows so far; `None` if the stream has been read or has no rows.
    #[getter]
    fn definition(&self, py: Python<'_>) -> PyResult<Option<TableDef>> {
        let name = self.schema.metadata().get("trailcore:table").cloned().unwrap_or_default();
        let found = self.stream.with(py, |stream| {
            let stream = stream.try_lock()?;
            stream.as_ref()?.reader().tables().find(|table| table.name() == name).cloned()
        })?;
        Ok(found.map(TableDef))
    }

    /// Returns a record batch without rows.
    fn empty(&self) -> Batch {
        Batch::new(RecordBatch::new_empty(Arc::clone(&self.schema)))
    }

    /// Raises the exception that stopped a consumer of the stream, which may have wrapped it.
    fn raise_pending(&self, py: Python<'_>) -> PyResult<()> {
        self.watch.take_exception(py).map_or(Ok(()), Err)
    }

    /// Name and Arrow type of each column, and whether it is a column of the table itself.
    #[getter]
    fn fields(&self) -> Vec<(String, String, bool)> {
        let fields = self.schema.fields().iter();
        fields.map(|field| (field.name().clone(), field.data_type().to_string(), !trailcore::arrow::is_meta(field))).collect()
    }
}

/// A record batch: some rows of one table. Immutable. It can be exported any number of times through the Arrow PyCapsule
/// interface.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Batch {
    batch: RecordBatch,
}

impl Batch {
    fn new(batch: RecordBatch) -> Self {
        Self { batch }
    }
}

#[pymethods]
impl Batch {
    /// The name of the table.
    #[getter]
    fn table(&self) -> Option<String> {
        self.batch.schema_ref().metadata().get("trailcore:table").cloned()
    }

    /// The number of rows.
    #[getter]
    fn num_rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// The names of the columns.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.batch.schema_ref().fields().iter().map(|field| field.name().clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    /// Returns the schema through the Arrow PyCapsule interface.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, self.batch.schema_ref())
    }

    /// Returns the schema and the rows through the Arrow PyCapsule interface.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        let _ = requested_schema;
        let (array, _): (FFI_ArrowArray, FFI_ArrowSchema) =
            to_ffi(&StructArray::from(self.batch.clone()).into_data()).map_err(failed)?;
        Ok((schema_capsule(py, self.batch.schema_ref())?, PyCapsule::new_with_value(py, array, ARRAY)?))
    }

    /// Returns a stream of this one record batch through the Arrow PyCapsule interface.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let one = RecordBatchIterator::new([Ok(self.batch.clone())], self.batch.schema());
        PyCapsule::new_with_value(py, c_stream(one), STREAM)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("cannot pickle a Batch; send pyarrow.record_batch(batch)"))
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("trailcore._html")?.getattr("batch")?.call1((slf,))
    }

    fn __repr__(&self) -> String {
        let (table, columns) = (self.table().unwrap_or_default(), self.batch.num_columns());
        format!("<Batch {table}, {} rows, {columns} columns>", self.batch.num_rows())
    }
}

/// An iterator of the record batches of all tables of a trail.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Batches {
    batches: Handle<trailcore::arrow::Batches>,
    watch: Arc<Watch>,
}

impl Batches {
    pub(crate) fn new(batches: trailcore::arrow::Batches, watch: Arc<Watch>) -> Self {
        Self { batches: Handle::new(batches), watch }
    }
}

#[pymethods]
impl Batches {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Batch>> {
        let next = self.batches.with(py, Iterator::next)?;
        match next {
            Some(Ok(records)) => Ok(Some(Batch::new(records.batch))),
            Some(Err(error)) => Err(in_iteration(py, self.watch.exception(py, &error))),
            None => {
                if self.watch.ended().is_none() {
                    let report = self.batches.with(py, |batches| batches.report())?;
                    self.watch.done(py, report).map_err(|error| in_iteration(py, error))?;
                }
                Ok(None)
            }
        }
    }

    /// The report of the changes read so far: a document, as `Changes.report`.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        document(py, &self.batches.with(py, |batches| batches.report())?)
    }

    /// The ranges skipped so far: start, end and reason of each. Always empty without ``resync``.
    #[getter]
    fn skipped<'py>(&self, py: Python<'py>) -> PyResult<Vec<SkippedRange<'py>>> {
        let skipped = self.batches.with(py, |batches| batches.reader().skipped().to_vec())?;
        skipped_ranges(py, &skipped)
    }

    /// The table definitions read so far, the latest of each table.
    #[getter]
    fn tables(&self, py: Python<'_>) -> PyResult<Vec<TableDef>> {
        self.batches.with(py, |batches| batches.reader().tables().cloned().map(TableDef).collect())
    }

    /// Closes the files. Batches that were already returned stay valid; `next` raises `ClosedError` afterwards.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.batches.close(py)
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*exception))]
    fn __exit__(&self, py: Python<'_>, exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        let _ = exception;
        self.close(py)
    }
}
