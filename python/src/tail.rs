//! The Python class `Tail` of the extension: follows a trail.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use trailcore::schema::TableMap;
use trailcore::{ChangeBlock, Error, ReadOptions};
use trailcore_stream::{Checkpoint, CheckpointStore, FileStore, Item, Loaded, Receipt, TailHandle, TailOptions};

use crate::change::{Block, Change, Names};
use crate::error::{foreign, in_iteration, raised};
use crate::handle::{Handle, without_gil};
use crate::reader::named;
use crate::trail::ReadArgs;
use crate::watch::Watch;

/// How long the tail waits until signals are looked for.
const LOOK: Duration = Duration::from_millis(100);

/// A delivery: its kind, its changes, a document with the rest, and its number for the acknowledgement.
type Delivery = (&'static str, Vec<Change>, String, u64);

/// Follows a trail. One thread at a time receives; the other methods may be called from any thread meanwhile.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Tail {
    tail: Handle<trailcore_stream::Tail>,
    handle: TailHandle,
    /// The names of the tables met so far.
    names: Mutex<TableMap<Arc<Names>>>,
}

/// A checkpoint store of the caller: an object with `load` and `store`.
struct CallersStore(Py<PyAny>);

impl CallersStore {
    fn failed(exception: PyErr) -> Error {
        Error::write(Path::new("checkpoint"), foreign(exception))
    }
}

impl CheckpointStore for CallersStore {
    fn load(&mut self) -> trailcore::Result<Option<Loaded>> {
        let text = Python::attach(|py| self.0.bind(py).call_method0("load")?.extract::<Option<String>>());
        let text = text.map_err(Self::failed)?;
        text.map(|text| Checkpoint::from_json(&text).map(Loaded::from)).transpose()
    }

    fn store(&mut self, checkpoint: &Checkpoint) -> trailcore::Result<()> {
        let text = checkpoint.to_json()?;
        Python::attach(|py| self.0.bind(py).call_method1("store", (text,)).map(drop)).map_err(Self::failed)
    }
}

/// A delivery before it is made of Python objects: its kind, its blocks, a document with the rest, and its number.
type Received = (&'static str, Vec<Arc<ChangeBlock>>, String, u64);

fn received(item: Item) -> trailcore::Result<Received> {
    let blocks = item.blocks()?.collect::<trailcore::Result<_>>()?;
    Ok((item.kind(), blocks, item.document()?, item.receipt().map_or(0, |receipt| receipt.number())))
}

/// Reads a document of `TailOptions`, and adds the options of reading.
fn options_of(py: Python<'_>, document: &str, read: &ReadArgs) -> PyResult<TailOptions> {
    options_with(py, document, read, read.options(py)?)
}

fn options_with(py: Python<'_>, document: &str, read: &ReadArgs, reading: ReadOptions) -> PyResult<TailOptions> {
    let options = TailOptions::from_json(document).map_err(|error| raised(py, &error))?.read(reading);
    Ok(match read.selection() {
        Some(select) => options.select(select),
        None => options,
    })
}

/// Returns the store of a checkpoint: a file, a store of the caller, or none.
fn store_of(checkpoint: Option<PathBuf>, store: Option<Py<PyAny>>) -> Option<Box<dyn CheckpointStore>> {
    match (checkpoint, store) {
        (Some(file), _) => Some(Box::new(FileStore::new(file))),
        (None, Some(store)) => Some(Box::new(CallersStore(store))),
        (None, None) => None,
    }
}

/// Reads a trail once for any number of tails.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Hub(Handle<trailcore_stream::Hub>);

#[pymethods]
impl Hub {
    /// Opens the trail at a path, with a document of `TailOptions`.
    #[new]
    fn new(py: Python<'_>, path: PathBuf, options: &str, read: ReadArgs) -> PyResult<Self> {
        let options = options_of(py, options, &read)?;
        let hub = without_gil(py, || trailcore_stream::Hub::open(path, options))?.map_err(|error| raised(py, &error))?;
        Ok(Self(Handle::new(hub)))
    }

    /// Adds a subscriber, as a tail.
    #[pyo3(signature = (options, read, checkpoint = None, store = None))]
    fn subscribe(
        &self,
        py: Python<'_>,
        options: &str,
        read: ReadArgs,
        checkpoint: Option<PathBuf>,
        store: Option<Py<PyAny>>,
    ) -> PyResult<Tail> {
        let options = options_of(py, options, &read)?;
        let store = store_of(checkpoint, store);
        let tail = self.0.with(py, |hub| hub.subscribe_stored(options, store))?;
        tail.map(Tail::of).map_err(|error| raised(py, &error))
    }

    /// Starts the shared reading.
    fn start(&self, py: Python<'_>) -> PyResult<()> {
        self.0.with(py, trailcore_stream::Hub::start)?.map_err(|error| raised(py, &error))
    }

    /// Stops the shared reading.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        match self.0.take(py)? {
            Some(hub) => without_gil(py, || hub.stop())?.map_err(|error| raised(py, &error)),
            None => Ok(()),
        }
    }
}

#[pymethods]
impl Tail {
    /// Opens the trail at a path, with a document of `TailOptions`, and a checkpoint: a path, or a store of the caller.
    #[new]
    #[pyo3(signature = (path, options, read, checkpoint = None, store = None))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        options: &str,
        read: ReadArgs,
        checkpoint: Option<PathBuf>,
        store: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        // A start at a time or a CSN is searched for in the files. Later, `recv` looks for signals.
        let (watch, opens) = (Watch::new(None, false, None, 0), Arc::new(AtomicBool::new(true)));
        let options = options_with(py, options, &read, watch.on_while(&opens, read.options(py)?))?;
        let store = store_of(checkpoint, store);
        let tail = without_gil(py, || trailcore_stream::Tail::open_stored(path, options, store))?;
        opens.store(false, Ordering::Relaxed);
        tail.map(Self::of).map_err(|error| watch.exception(py, &error))
    }

    /// Waits for the next delivery, at most for a time in seconds; `None` if none has come or if it is stopped.
    #[pyo3(signature = (timeout = None))]
    fn recv(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<Delivery>> {
        let time = match timeout {
            Some(seconds) => {
                Some(Duration::try_from_secs_f64(seconds).map_err(|error| PyValueError::new_err(error.to_string()))?)
            }
            None => None,
        };
        let begun = Instant::now();
        loop {
            let left = time.map(|time| time.saturating_sub(begun.elapsed()));
            let wait = left.map_or(LOOK, |left| left.min(LOOK));
            let item = self.tail.with(py, |tail| -> trailcore::Result<_> {
                let item = tail.recv_timeout(wait)?.map(received).transpose()?;
                Ok((item, tail.is_stopped()))
            })?;
            match item.map_err(|error| in_iteration(py, raised(py, &error)))? {
                (Some((kind, blocks, document, number)), _) => {
                    let mut changes = Vec::new();
                    for block in blocks {
                        self.add(py, block, &mut changes)?;
                    }
                    return Ok(Some((kind, changes, document, number)));
                }
                (None, true) => return Ok(None),
                (None, false) if left.is_some_and(|left| left <= LOOK) => return Ok(None),
                (None, false) => py.check_signals()?,
            }
        }
    }

    /// Acknowledges the delivery with a number.
    fn acknowledge(&self, py: Python<'_>, number: u64) -> PyResult<()> {
        self.tail.check_process(py)?;
        py.detach(|| self.handle.acknowledge(&Receipt::of(number))).map_err(|error| raised(py, &error))
    }

    /// Stops it: a call that waits returns at once.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        self.tail.check_process(py)?;
        self.handle.stop();
        Ok(())
    }

    /// Returns whether it is stopped.
    fn is_stopped(&self, py: Python<'_>) -> PyResult<bool> {
        self.tail.with(py, |tail| tail.is_stopped())
    }

    /// Ends the current or the next wait.
    fn wake(&self, py: Python<'_>) -> PyResult<()> {
        self.tail.check_process(py)?;
        self.handle.wake();
        Ok(())
    }

    /// Accepts the event that it waits for.
    fn resume(&self, py: Python<'_>) -> PyResult<()> {
        self.tail.check_process(py)?;
        self.handle.resume();
        Ok(())
    }

    /// Delivery, acknowledgement and checkpoint, a document.
    fn progress_document(&self, py: Python<'_>) -> PyResult<String> {
        self.tail.check_process(py)?;
        serde_json::to_string(&self.handle.progress()).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// The distance to the end of the trail, a document.
    fn lag_document(&self, py: Python<'_>) -> PyResult<String> {
        self.tail.check_process(py)?;
        let lag = py.detach(|| self.handle.lag()).map_err(|error| raised(py, &error))?;
        serde_json::to_string(&lag).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// Stops it, stores the checkpoint and closes the files.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.tail.check_process(py)?;
        // First, so that a thread that receives gives the tail back.
        self.handle.stop();
        let tail = self.tail.take(py)?;
        without_gil(py, || {
            let closed = self.handle.close();
            drop(tail);
            closed
        })?
        .map_err(|error| raised(py, &error))
    }
}

/// Finds places between the transactions of a trail that is being written.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Boundaries(Handle<trailcore_stream::Boundaries>);

#[pymethods]
impl Boundaries {
    /// Opens the trail at a path, with a document of `TailOptions`.
    #[new]
    fn new(py: Python<'_>, path: PathBuf, options: &str, read: ReadArgs) -> PyResult<Self> {
        let options = TailOptions::from_json(options).map_err(|error| raised(py, &error))?.read(read.options(py)?);
        let boundaries =
            without_gil(py, || trailcore_stream::Boundaries::open(path, options))?.map_err(|error| raised(py, &error))?;
        Ok(Self(Handle::new(boundaries)))
    }

    /// Goes on over at most `most` changes of complete transactions, or one transaction, and no further than the first that ends at
    /// `until` or later. Does not wait. Returns a document of the position, the number of changes, and the events.
    #[pyo3(signature = (most = None, until = None))]
    fn advance(&self, py: Python<'_>, most: Option<u64>, until: Option<&str>) -> PyResult<String> {
        let until = until.map(str::parse).transpose().map_err(|error| raised(py, &error))?;
        let boundary = self.0.with(py, |boundaries| boundaries.advance(most, until))?.map_err(|error| raised(py, &error))?;
        serde_json::to_string(&boundary).map_err(|error| PyValueError::new_err(error.to_string()))
    }
}

impl Tail {
    fn of(tail: trailcore_stream::Tail) -> Self {
        let handle = tail.handle();
        Self { tail: Handle::new(tail), handle, names: Mutex::default() }
    }

    /// Adds the changes of a block. Holds no lock while Python objects are created.
    fn add(&self, py: Python<'_>, block: Arc<ChangeBlock>, changes: &mut Vec<Change>) -> PyResult<()> {
        let mut names = std::mem::take(&mut *self.names.lock_py_attached(py));
        let block: Arc<Block> = Arc::new(named(py, block, &mut names)?);
        *self.names.lock_py_attached(py) = names;
        changes.extend((0..block.changes.len()).map(|index| Change { block: Arc::clone(&block), index }));
        Ok(())
    }
}
