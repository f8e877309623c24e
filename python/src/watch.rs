//! Ctrl-C and progress, while the library works without the interpreter's lock.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use pyo3::prelude::*;
use trailcore::filter::Counts;
use trailcore::source::Progress;
use trailcore::{Error, ErrorKind, ReadOptions};

use crate::error;

/// Between two looks at signals and two calls of a progress callback.
const MILLIS: u64 = 100;

/// Looks for signals and tells progress as reading goes on, and keeps the exception that stops it.
#[derive(Debug)]
pub(crate) struct Watch {
    progress: Option<Py<PyAny>>,
    /// Whether changes that a selection could not decide on are warned of.
    warns: bool,
    total: u64,
    start: Instant,
    /// Milliseconds from the start to the last look.
    last: AtomicU64,
    raised: Mutex<Option<PyErr>>,
    /// The error that ended a stream whose consumer makes one of its own of it.
    failed: Mutex<Option<Error>>,
}

impl Watch {
    /// `progress` is called with bytes read and bytes in all.
    pub(crate) fn new(progress: Option<Py<PyAny>>, warns: bool, total: u64) -> Arc<Self> {
        Arc::new(Self {
            progress,
            warns,
            total,
            start: Instant::now(),
            last: AtomicU64::new(0),
            raised: Mutex::new(None),
            failed: Mutex::new(None),
        })
    }

    pub(crate) fn on(self: &Arc<Self>, options: ReadOptions) -> ReadOptions {
        let watch = Arc::clone(self);
        options.on_progress(move |progress| watch.look(progress))
    }

    fn look(&self, progress: Progress) -> ControlFlow<()> {
        let now = self.start.elapsed().as_millis() as u64;
        if now < self.last.load(Ordering::Relaxed) + MILLIS {
            return ControlFlow::Continue(());
        }
        self.last.store(now, Ordering::Relaxed);
        // No interpreter, no signals: it is going down.
        let seen = Python::try_attach(|py| {
            py.check_signals()?;
            self.tell(py, progress.bytes)
        });
        match seen {
            None | Some(Ok(())) => ControlFlow::Continue(()),
            Some(Err(error)) => {
                *self.raised.lock() = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn tell(&self, py: Python<'_>, bytes: u64) -> PyResult<()> {
        match &self.progress {
            Some(progress) => progress.call1(py, (bytes, self.total.max(bytes))).map(drop),
            None => Ok(()),
        }
    }

    /// All has been read, and this is what the selection has said.
    pub(crate) fn done(&self, py: Python<'_>, counts: Counts) -> PyResult<()> {
        self.tell(py, self.total)?;
        if self.warns && counts.undecidable > 0 { error::warn_undecidable(py, counts.undecidable) } else { Ok(()) }
    }

    /// The same from where there may be no interpreter's lock; what is raised is kept.
    pub(crate) fn stream_done(&self, counts: Counts) -> bool {
        match Python::try_attach(|py| self.done(py, counts)) {
            None | Some(Ok(())) => true,
            Some(Err(error)) => {
                *self.raised.lock() = Some(error);
                false
            }
        }
    }

    /// The exception that stopped the work, if that is what an error is about.
    pub(crate) fn exception(&self, py: Python<'_>, error: &Error) -> PyErr {
        let own = if error.kind() == ErrorKind::Cancelled { self.raised.lock().take() } else { None };
        own.unwrap_or_else(|| error::raised(py, error))
    }

    /// Keeps an error that goes another way, through an Arrow library.
    pub(crate) fn keep(&self, error: &Error) {
        *self.failed.lock() = Some(error.clone());
    }

    /// The exception that an error is which went another way.
    pub(crate) fn take_exception(&self, py: Python<'_>) -> Option<PyErr> {
        let raised = self.raised.lock().take();
        raised.or_else(|| Some(error::raised(py, &self.failed.lock().take()?)))
    }
}
