//! The iterator of changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyDict, PyTuple};
use trailcore::ChangeBlock;
use trailcore::report::ReadReport;
use trailcore::schema::TableMap;
use trailcore::source::{Blocks, Skipped};

use crate::change::{Block, Change, Names};
use crate::error::{in_iteration, raised};
use crate::handle::Handle;
use crate::schema::TableDef;
use crate::values::Types;
use crate::watch::Watch;

/// The number of changes that are read with one release of the GIL.
const BLOCK: usize = 256;

/// An iterator of the changes of a trail. Threads may share it: each change is returned to one of them.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Changes {
    blocks: Handle<Blocks>,
    watch: Arc<Watch>,
    current: Mutex<Current>,
    is_done: AtomicBool,
}

/// The block whose changes are being returned.
#[derive(Default)]
struct Current {
    block: Option<Arc<Block>>,
    next: usize,
    /// The block before. A loop still holds its last change when it asks for the first one of this block.
    last: Option<Arc<Block>>,
    /// The names of the tables read so far.
    names: TableMap<Arc<Names>>,
}

impl Current {
    fn take(&mut self) -> Option<Change> {
        let block = self.block.as_ref().filter(|block| self.next < block.changes.len())?;
        let change = Change { block: Arc::clone(block), index: self.next };
        self.next += 1;
        Some(change)
    }
}

/// Adds the names of its tables to a block, and creates the new ones.
pub(crate) fn named(py: Python<'_>, changes: Arc<ChangeBlock>, known: &mut TableMap<Arc<Names>>) -> PyResult<Block> {
    let mut names: Vec<Arc<Names>> = Vec::with_capacity(changes.tables().len());
    for (id, table) in changes.tables() {
        let made = match known.get(*id) {
            Some(made) => Arc::clone(made),
            None => Arc::new(Names::new(py, table)?),
        };
        known.insert(*id, Arc::clone(&made));
        names.push(made);
    }
    Ok(Block { changes, names, transaction: Mutex::default() })
}

impl Changes {
    pub(crate) fn new(reader: trailcore::Reader, watch: Arc<Watch>) -> Self {
        Self { blocks: Handle::new(reader.into_blocks(BLOCK)), watch, current: Mutex::default(), is_done: AtomicBool::new(false) }
    }

    /// Reads the next block. Returns `false` at the end. If several threads call this at once, one reads, and the others use its
    /// block.
    fn read_on(&self, py: Python<'_>) -> PyResult<bool> {
        let read = self.blocks.with(py, |blocks| -> trailcore::Result<PyResult<bool>> {
            let has_more = || {
                let current = self.current.lock();
                current.block.as_ref().is_some_and(|block| current.next < block.changes.len())
            };
            if has_more() {
                return Ok(Ok(true));
            }
            let block = blocks.next_block()?;
            let found = block.is_some();
            let put = block.map(|block| Python::attach(|py| self.put(py, block)));
            Ok(put.transpose().map(|free| {
                if let Some(free) = free.flatten() {
                    blocks.give_back(free);
                }
                found
            }))
        })?;
        read.map_err(|error: trailcore::Error| in_iteration(py, self.watch.exception(py, &error)))?
    }

    /// Makes a block the current one, and returns one that nobody holds any more. Holds no lock while Python objects are created or
    /// dropped, because this can run arbitrary Python code.
    fn put(&self, py: Python<'_>, changes: ChangeBlock) -> PyResult<Option<ChangeBlock>> {
        let mut names = std::mem::take(&mut self.current.lock_py_attached(py).names);
        let block = named(py, Arc::new(changes), &mut names)?;
        let mut current = self.current.lock_py_attached(py);
        let last = current.block.take();
        let used = std::mem::replace(&mut *current, Current { block: Some(Arc::new(block)), next: 0, last, names });
        drop(current);
        let free = used.last.and_then(Arc::into_inner);
        Ok(free.and_then(|free| Arc::into_inner(free.changes)))
    }
}

#[pymethods]
impl Changes {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Change>> {
        loop {
            if let Some(change) = self.current.lock_py_attached(py).take() {
                return Ok(Some(change));
            }
            if !self.read_on(py)? {
                if !self.is_done.swap(true, Ordering::Relaxed) {
                    let report = self.blocks.with(py, |blocks| blocks.reader().report())?;
                    self.watch.done(py, report).map_err(|error| in_iteration(py, error))?;
                }
                return Ok(None);
            }
        }
    }

    /// The decisions of the selection so far, including changes read ahead: ``accepted``, ``rejected``, ``undecidable``,
    /// ``errors``.
    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = self.blocks.with(py, |blocks| blocks.reader().filter_counts())?;
        let dict = PyDict::new(py);
        dict.set_item("accepted", counts.accepted)?;
        dict.set_item("rejected", counts.rejected)?;
        dict.set_item("undecidable", counts.undecidable)?;
        dict.set_item("errors", counts.errors)?;
        Ok(dict)
    }

    /// The report of the changes read so far, including changes read ahead: a document with the counts of the
    /// selection, the ``causes`` of undecided changes, ``skipped`` ranges, ``unmatched`` table names and ``unfinished`` transactions.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        document(py, &self.blocks.with(py, |blocks| blocks.reader().report())?)
    }

    /// The ranges skipped so far: start, end and reason of each. Always empty without ``resync``.
    #[getter]
    fn skipped<'py>(&self, py: Python<'py>) -> PyResult<Vec<SkippedRange<'py>>> {
        let skipped = self.blocks.with(py, |blocks| blocks.reader().skipped().to_vec())?;
        skipped_ranges(py, &skipped)
    }

    /// The table definitions read so far, the latest of each table.
    #[getter]
    fn tables(&self, py: Python<'_>) -> PyResult<Vec<TableDef>> {
        self.blocks.with(py, |blocks| blocks.reader().tables().cloned().map(TableDef).collect())
    }

    /// Closes the files. Changes that were already returned stay valid; `next` raises `ClosedError` afterwards.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.blocks.close(py)?;
        *self.current.lock_py_attached(py) = Current::default();
        Ok(())
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

/// Returns a report as a dict.
pub(crate) fn document<'py>(py: Python<'py>, report: &ReadReport) -> PyResult<Bound<'py, PyAny>> {
    let text = report.to_json().map_err(|error| raised(py, &error))?;
    py.import("json")?.call_method1("loads", (text,))
}

/// The start and the end of a skipped range, and the reason.
pub(crate) type SkippedRange<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, String);

pub(crate) fn skipped_ranges<'py>(py: Python<'py>, skipped: &[Skipped]) -> PyResult<Vec<SkippedRange<'py>>> {
    let types = Types::get(py)?;
    skipped
        .iter()
        .map(|range| Ok((types.position(py, range.from)?, types.position(py, range.to)?, range.error.to_string())))
        .collect()
}
