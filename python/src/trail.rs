//! A trail, its summary and its check.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyTuple};
use trailcore::ReadOptions;
use trailcore::analysis::{DiffOptions, HistoryOptions, StateOptions, Transactions, VolumeOptions, VolumeReport};
use trailcore::arrow::ArrowOptions;
use trailcore::report::{CountReport, ReadReport};
use trailcore::sink::{ConvertOptions, Format};
use trailcore::source::ByteSource;

use crate::error::raised;
use crate::handle::{Process, without_gil};
use crate::reader::{Changes, document};
use crate::records::Records;
use crate::schema::{Catalog, Reduced, TableDef, reduced};
use crate::select::{Select, time};
use crate::source::FileObject;
use crate::table::{Batches, Table};
use crate::values::Types;
use crate::watch::Watch;

/// A written file: table, path and rows.
type WrittenFile = (String, PathBuf, u64);

/// The read options: an object of the Python package with these attributes.
#[derive(FromPyObject)]
pub(crate) struct ReadArgs {
    /// The document of `ReadOptions`.
    #[pyo3(attribute)]
    document: String,
    #[pyo3(attribute)]
    selection: Option<Py<Select>>,
    #[pyo3(attribute)]
    catalog: Option<Py<Catalog>>,
    #[pyo3(attribute)]
    warns: bool,
}

impl ReadArgs {
    pub(crate) fn selection(&self) -> Option<trailcore::filter::Select> {
        self.selection.as_ref().map(|select| select.get().0.clone())
    }

    pub(crate) fn options(&self, py: Python<'_>) -> PyResult<ReadOptions> {
        let mut options = ReadOptions::from_json(&self.document).map_err(|error| raised(py, &error))?;
        if let Some(select) = &self.selection {
            options = options.select(select.get().0.clone());
        }
        if let Some(catalog) = &self.catalog {
            options = options.catalog(catalog.get().0.clone());
        }
        Ok(options)
    }
}

/// Reads the document of the options of the conversion to record batches.
fn arrow_options(py: Python<'_>, document: &str) -> PyResult<ArrowOptions> {
    ArrowOptions::from_json(document).map_err(|error| raised(py, &error))
}

/// The way to open the same trail again in another process.
enum Origin {
    Path(PathBuf),
    Files(Vec<PathBuf>),
    Bytes(Vec<(String, Py<PyBytes>)>),
    /// There is none, for this reason.
    None(&'static str),
}

const FILE_OBJECT: &str = "cannot pickle a trail that was opened from a file object; open it by its path, or from bytes";
const ROWS: &str =
    "cannot pickle rows that are in memory; pickle the trail and ask it again, or send to_arrow() or list(changes)";

/// A trail. Immutable; any number of readers may read it at once.
#[pyclass(frozen, module = "trailcore._native")]
pub(crate) struct Trail {
    trail: trailcore::Trail,
    origin: Origin,
    process: Process,
}

impl Trail {
    fn new(trail: trailcore::Trail, origin: Origin) -> Self {
        Self { trail, origin, process: Process::own() }
    }

    /// Returns the read options with a watch that calls this progress callback.
    fn watched(&self, py: Python<'_>, read: &ReadArgs, progress: Option<Py<PyAny>>) -> PyResult<(ReadOptions, Arc<Watch>)> {
        let watch = Watch::new(progress, read.warns, crate::error::caller(py)?, self.total(py));
        Ok((watch.on(read.options(py)?), watch))
    }

    /// Returns the size for the progress: a file that has gone is an error when it is read, after the changes before it.
    fn total(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.trail.size()).unwrap_or_default()
    }

    /// Runs `work` without the GIL, and converts its error to an exception.
    fn done<R: Send>(
        &self,
        py: Python<'_>,
        watch: &Watch,
        work: impl FnOnce(&trailcore::Trail) -> trailcore::Result<R> + Send,
    ) -> PyResult<R> {
        self.process.check(py)?;
        without_gil(py, || work(&self.trail))?.map_err(|error| watch.exception(py, &error))
    }
}

#[pymethods]
impl Trail {
    /// Opens a file, a prefix or a directory.
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let path = std::path::absolute(path)?;
        let trail = without_gil(py, || trailcore::Trail::open(&path))?.map_err(|error| raised(py, &error))?;
        Ok(Self::new(trail, Origin::Path(path)))
    }

    #[staticmethod]
    fn open_files(py: Python<'_>, paths: Vec<PathBuf>) -> PyResult<Self> {
        let paths = paths.into_iter().map(std::path::absolute).collect::<Result<Vec<_>, _>>()?;
        let trail = without_gil(py, || trailcore::Trail::open_files(&paths))?.map_err(|error| raised(py, &error))?;
        Ok(Self::new(trail, Origin::Files(paths)))
    }

    /// Opens bytes or seekable file objects under these names.
    #[staticmethod]
    fn of_sources(sources: Vec<(String, Bound<'_, PyAny>)>) -> PyResult<Self> {
        let bytes =
            |(name, object): &(String, Bound<'_, PyAny>)| Some((name.clone(), object.cast::<PyBytes>().ok()?.clone().unbind()));
        let origin = sources.iter().map(bytes).collect::<Option<_>>().map_or(Origin::None(FILE_OBJECT), Origin::Bytes);
        let source = |object: Bound<'_, PyAny>| -> Arc<dyn ByteSource> {
            match object.extract::<PyBackedBytes>() {
                // Borrowed without a copy.
                Ok(bytes) => Arc::new(Bytes::from_owner(bytes)),
                Err(_) => FileObject::source(object),
            }
        };
        let sources: Vec<_> = sources.into_iter().map(|(name, object)| (name, source(object))).collect();
        let trail = trailcore::Trail::from_sources(sources.iter().map(|(name, source)| (name.as_str(), Arc::clone(source))));
        Ok(Self::new(trail, origin))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py, Bound<'py, PyTuple>>> {
        match &self.origin {
            Origin::Path(path) => reduced::<Self, _>(py, "open", (path,).into_pyobject(py)?),
            Origin::Files(paths) => reduced::<Self, _>(py, "open_files", (paths,).into_pyobject(py)?),
            Origin::Bytes(sources) => reduced::<Self, _>(py, "of_sources", (sources,).into_pyobject(py)?),
            Origin::None(why) => Err(PyTypeError::new_err(*why)),
        }
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    /// The path and the sequence number of each file.
    #[getter]
    fn files(&self) -> Vec<(String, Option<u64>)> {
        self.trail.files().iter().map(|file| (file.path.to_string_lossy().into_owned(), file.seqno)).collect()
    }

    /// The first and the last number of each gap.
    #[getter]
    fn gaps(&self) -> Vec<(u64, u64)> {
        self.trail.gaps().iter().map(|gap| (gap.first, gap.last)).collect()
    }

    #[getter]
    fn size(&self, py: Python<'_>) -> PyResult<u64> {
        py.detach(|| self.trail.size()).map_err(|error| raised(py, &error))
    }

    #[pyo3(signature = (read, progress = None))]
    fn changes(&self, py: Python<'_>, read: ReadArgs, progress: Option<Py<PyAny>>) -> PyResult<Changes> {
        let (options, watch) = self.watched(py, &read, progress)?;
        Ok(Changes::new(self.done(py, &watch, |trail| trail.reader_with(options))?, watch))
    }

    #[pyo3(signature = (read, progress = None))]
    fn records(&self, py: Python<'_>, read: ReadArgs, progress: Option<Py<PyAny>>) -> PyResult<Records> {
        let (options, watch) = self.watched(py, &read, progress)?;
        Ok(Records::new(self.trail.records(&options), watch))
    }

    #[pyo3(signature = (name, read, arrow, progress = None))]
    fn table(&self, py: Python<'_>, name: &str, read: ReadArgs, arrow: &str, progress: Option<Py<PyAny>>) -> PyResult<Table> {
        let (options, watch) = self.watched(py, &read, progress)?;
        let arrow = arrow_options(py, arrow)?;
        Ok(Table::new(self.done(py, &watch, |trail| trail.table(name, options, arrow))?, watch))
    }

    #[pyo3(signature = (read, arrow, progress = None))]
    fn batches(&self, py: Python<'_>, read: ReadArgs, arrow: &str, progress: Option<Py<PyAny>>) -> PyResult<Batches> {
        let (options, watch) = self.watched(py, &read, progress)?;
        let arrow = arrow_options(py, arrow)?;
        Ok(Batches::new(self.done(py, &watch, |trail| trail.batches(options, arrow))?, watch))
    }

    /// Checks the read options, so that a wrong one is an error before the first use.
    fn check_options(&self, py: Python<'_>, read: ReadArgs) -> PyResult<()> {
        read.options(py).map(drop)
    }

    /// Returns the count report as a JSON document, and the definitions of the tables by name.
    #[pyo3(signature = (read, progress = None))]
    fn summary(
        &self,
        py: Python<'_>,
        read: ReadArgs,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<(String, HashMap<String, TableDef>)> {
        let (options, watch) = self.watched(py, &read, progress)?;
        let report = self.done(py, &watch, |trail| {
            let (report, error) = CountReport::of(trail, options)?;
            error.map_or_else(|| Ok((report.to_json()?, report)), Err)
        })?;
        watch.done(py, report.1.read.clone())?;
        let definitions = report.1.definitions.into_iter().map(|table| (table.name().to_owned(), TableDef(table)));
        Ok((report.0, definitions.collect()))
    }

    /// Returns a report, of the verb ``check``, ``count`` or ``info``, as a JSON document.
    #[pyo3(signature = (verb, read, progress = None))]
    fn report(&self, py: Python<'_>, verb: &str, read: ReadArgs, progress: Option<Py<PyAny>>) -> PyResult<String> {
        let (options, watch) = self.watched(py, &read, progress)?;
        let report = self.done(py, &watch, |trail| trailcore::call_on(verb, trail, options))?;
        watch.done(py, ReadReport::default())?;
        Ok(report)
    }

    /// Counts changes and bytes by table and interval, and returns the report as a JSON document.
    #[pyo3(signature = (arguments, read, progress = None))]
    fn volume(&self, py: Python<'_>, arguments: &str, read: ReadArgs, progress: Option<Py<PyAny>>) -> PyResult<String> {
        let (options, watch) = self.watched(py, &read, progress)?;
        let (report, read) = self.done(py, &watch, |trail| {
            let (report, error) = VolumeReport::of(trail, &VolumeOptions::from_json(arguments)?, options)?;
            error.map_or_else(|| Ok((report.to_json()?, report.read)), Err)
        })?;
        watch.done(py, read)?;
        Ok(report)
    }

    /// Writes side indexes into a folder, and returns the report as a JSON document.
    #[pyo3(signature = (folder, read, progress = None))]
    fn write_index(&self, py: Python<'_>, folder: PathBuf, read: ReadArgs, progress: Option<Py<PyAny>>) -> PyResult<String> {
        let (options, watch) = self.watched(py, &read, progress)?;
        self.done(py, &watch, |trail| trail.write_index(&folder, &options)?.to_json())
    }

    /// Returns the rows of a table as of a place, and the report on them as a JSON document.
    #[pyo3(signature = (arguments, read, progress = None))]
    fn state(&self, py: Python<'_>, arguments: &str, read: ReadArgs, progress: Option<Py<PyAny>>) -> PyResult<(Trail, String)> {
        let (options, watch) = self.watched(py, &read, progress)?;
        let (rows, report, notices, read) = self.done(py, &watch, |trail| {
            let state = trail.state(&StateOptions::from_json(arguments)?, options)?;
            match state.failure {
                Some(failure) => Err(failure),
                None => Ok((state.rows, state.report.to_json()?, state.report.notices(), state.report.read)),
            }
        })?;
        watch.done_with(py, read, notices)?;
        Ok((Self::new(rows, Origin::None(ROWS)), report))
    }

    /// Returns the changes of one row, and the report on them as a JSON document.
    #[pyo3(signature = (arguments, read, progress = None))]
    fn history(&self, py: Python<'_>, arguments: &str, read: ReadArgs, progress: Option<Py<PyAny>>) -> PyResult<(Trail, String)> {
        let (options, watch) = self.watched(py, &read, progress)?;
        let (changes, report, read) = self.done(py, &watch, |trail| {
            let history = trail.history(&HistoryOptions::from_json(arguments)?, options)?;
            Ok((history.changes, history.report.to_json()?, history.report.read))
        })?;
        watch.done(py, read)?;
        Ok((Self::new(changes, Origin::None(ROWS)), report))
    }

    /// Compares with another trail, and returns the report as a JSON document.
    #[pyo3(signature = (other, arguments, read, other_read, progress = None))]
    fn diff(
        &self,
        py: Python<'_>,
        other: Py<Trail>,
        arguments: &str,
        read: ReadArgs,
        other_read: ReadArgs,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<String> {
        let total = self.total(py) + other.get().total(py);
        let watch = Watch::new(progress, read.warns, crate::error::caller(py)?, total);
        let (options, other_options) = watch.on_both(read.options(py)?, other_read.options(py)?);
        let right = &other.get().trail;
        let (report, read) = self.done(py, &watch, |trail| {
            let report = trail.diff(right, &DiffOptions::from_json(arguments)?, (options, other_options))?;
            Ok((report.to_json()?, [report.left.read, report.right.read]))
        })?;
        for side in read {
            watch.done(py, side)?;
        }
        Ok(report)
    }

    /// Returns the start of each transaction of at least this many changes.
    #[pyo3(signature = (min_changes, read, progress = None))]
    fn large_transactions<'py>(
        &self,
        py: Python<'py>,
        min_changes: u64,
        read: ReadArgs,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let (options, watch) = self.watched(py, &read, progress)?;
        let starts = self.done(py, &watch, |trail| {
            let mut transactions = Transactions::new(trail.reader_with(options)?);
            let mut starts = Vec::new();
            while let Some(transaction) = transactions.next()? {
                if transaction.changes >= min_changes {
                    starts.push(transaction.position);
                }
            }
            Ok(starts)
        })?;
        let types = Types::get(py)?;
        starts.into_iter().map(|start| types.position(py, start)).collect()
    }

    /// Writes files, and returns table, path and rows of each, and the report.
    #[pyo3(signature = (out, format, single, table, force, read, arrow, progress = None))]
    #[allow(clippy::too_many_arguments)]
    fn convert<'py>(
        &self,
        py: Python<'py>,
        out: PathBuf,
        format: &str,
        single: bool,
        table: Option<String>,
        force: bool,
        read: ReadArgs,
        arrow: &str,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<(Vec<WrittenFile>, Bound<'py, PyAny>)> {
        let Some(format) = Format::ALL.iter().copied().find(|known| known.name() == format) else {
            return Err(PyValueError::new_err(format!("format must be 'parquet', 'csv', 'arrow' or 'jsonl', not {format:?}")));
        };
        let mut convert = ConvertOptions::new(format).single_file(single).force(force).arrow(arrow_options(py, arrow)?);
        if let Some(table) = table {
            convert = convert.table(table);
        }
        let (options, watch) = self.watched(py, &read, progress)?;
        let converted = self.done(py, &watch, |trail| trail.convert(out, options, &convert))?;
        let report = document(py, &converted.report)?;
        watch.done(py, converted.report)?;
        let files = converted.files.into_iter().map(|file| (file.table, file.path, file.rows)).collect();
        Ok((files, report))
    }

    /// Returns the position of the first change with this CSN or a later one.
    fn find_csn<'py>(&self, py: Python<'py>, csn: &str, read: ReadArgs) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (options, watch) = self.watched(py, &read, None)?;
        let found = self.done(py, &watch, |trail| trail.find_csn_with(csn, &options))?;
        found.map(|found| Types::get(py)?.position(py, found)).transpose()
    }

    /// Returns the position of the first change at or after this time, in microseconds since 1970.
    fn find_time<'py>(&self, py: Python<'py>, micros: i64, read: ReadArgs) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (options, watch) = self.watched(py, &read, None)?;
        let found = self.done(py, &watch, |trail| trail.find_time_with(time(micros), &options))?;
        found.map(|found| Types::get(py)?.position(py, found)).transpose()
    }
}
