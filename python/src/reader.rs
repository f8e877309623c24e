//! The changes of a trail, one after the other.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyDict;
use trailcore::source::{Blocks, ChangeBlock, Skipped};

use crate::change::{Block, Change, Names};
use crate::handle::Handle;
use crate::schema::TableDef;
use crate::values::Types;
use crate::watch::Watch;

/// Changes read ahead with one release of the interpreter's lock.
const BLOCK: usize = 256;

/// An iterator of changes. Several threads may share it: each change goes to one of them.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Changes {
    blocks: Handle<Blocks>,
    watch: Arc<Watch>,
    current: Mutex<Current>,
    is_done: AtomicBool,
}

/// The block that changes are handed out from.
#[derive(Default)]
struct Current {
    block: Option<Arc<Block>>,
    next: usize,
    /// The names of the tables met, by their definitions' addresses; the names keep the definitions alive.
    names: HashMap<usize, Arc<Names>>,
}

impl Current {
    fn take(&mut self) -> Option<Change> {
        let block = self.block.as_ref().filter(|block| self.next < block.changes.len())?;
        let change = Change { block: Arc::clone(block), index: self.next };
        self.next += 1;
        Some(change)
    }
}

/// A block with the names of its tables, which are made where they are new.
fn named(py: Python<'_>, changes: ChangeBlock, known: &mut HashMap<usize, Arc<Names>>) -> PyResult<Block> {
    let mut names: Vec<Arc<Names>> = Vec::with_capacity(changes.tables().len());
    for table in changes.tables() {
        names.push(match known.entry(Arc::as_ptr(table).addr()) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(place) => Arc::clone(place.insert(Arc::new(Names::new(py, table)?))),
        });
    }
    Ok(Block { changes, names, transaction: Mutex::default() })
}

impl Changes {
    pub(crate) fn new(reader: trailcore::Reader, watch: Arc<Watch>) -> Self {
        Self { blocks: Handle::new(reader.into_blocks(BLOCK)), watch, current: Mutex::default(), is_done: AtomicBool::new(false) }
    }

    /// Reads on; `false` at the end. Of threads that come together, one reads and the others find what it has read.
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
            Ok(put.transpose().map(|_| found))
        })?;
        read.map_err(|error: trailcore::Error| self.watch.exception(py, &error))?
    }

    /// Makes a block the one that changes are handed out from. No lock is held while Python's objects are made: that may run
    /// any code.
    fn put(&self, py: Python<'_>, changes: ChangeBlock) -> PyResult<()> {
        let mut names = std::mem::take(&mut self.current.lock_py_attached(py).names);
        let block = named(py, changes, &mut names)?;
        let mut current = self.current.lock_py_attached(py);
        let used = std::mem::replace(&mut *current, Current { block: Some(Arc::new(block)), next: 0, names });
        drop(current);
        drop(used);
        Ok(())
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
                let counts = self.blocks.with(py, |blocks| blocks.reader().filter_counts())?;
                if !self.is_done.swap(true, Ordering::Relaxed) {
                    self.watch.done(py, counts)?;
                }
                return Ok(None);
            }
        }
    }

    /// What the selection has said so far: a dict of four counts.
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

    /// What was passed over so far: from, to and why.
    #[getter]
    fn skipped<'py>(&self, py: Python<'py>) -> PyResult<Vec<Stretch<'py>>> {
        let skipped = self.blocks.with(py, |blocks| blocks.reader().skipped().to_vec())?;
        stretches(py, &skipped)
    }

    /// The definitions met so far.
    #[getter]
    fn tables(&self, py: Python<'_>) -> PyResult<Vec<TableDef>> {
        self.blocks.with(py, |blocks| blocks.reader().tables().cloned().map(TableDef).collect())
    }

    /// Gives back what the iterator holds. Changes that were handed out stay.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        drop(self.blocks.take(py)?);
        *self.current.lock_py_attached(py) = Current::default();
        Ok(())
    }
}

/// From where to where, and why.
pub(crate) type Stretch<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, String);

pub(crate) fn stretches<'py>(py: Python<'py>, skipped: &[Skipped]) -> PyResult<Vec<Stretch<'py>>> {
    let types = Types::get(py)?;
    skipped
        .iter()
        .map(|stretch| Ok((types.position(py, stretch.from)?, types.position(py, stretch.to)?, stretch.error.to_string())))
        .collect()
}
