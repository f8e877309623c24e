//! Ctrl-C and progress, while the library works without the GIL.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use trailcore::report::{Notice, NoticeKind, ReadReport};
use trailcore::{Error, ErrorKind, ReadOptions};

use crate::attach::{attach, is_left};
use crate::error::{self, Place};

/// The interval of signal checks and progress callbacks.
const MILLIS: u64 = 100;

/// Checks for signals and reports progress while reading, and keeps the exception that stops it.
#[derive(Debug)]
pub(crate) struct Watch {
    progress: Option<Py<PyAny>>,
    /// True if it warns about undecided changes.
    warns: bool,
    /// File and line of the request.
    place: Place,
    /// The report of the finished work.
    ended: Mutex<Option<ReadReport>>,
    total: u64,
    start: Instant,
    /// Milliseconds from the start to the last check.
    last: AtomicU64,
    raised: Mutex<Option<PyErr>>,
    /// True if nobody takes the exception: a library consumes the stream without this package.
    interrupts_again: AtomicBool,
    /// The error that ended a stream. Its consumer wraps it in an error of its own.
    failed: Mutex<Option<Error>>,
}

impl Watch {
    /// `progress` is called with bytes read and total bytes.
    pub(crate) fn new(progress: Option<Py<PyAny>>, warns: bool, place: Place, total: u64) -> Arc<Self> {
        Arc::new(Self {
            progress,
            warns,
            place,
            ended: Mutex::new(None),
            total,
            start: Instant::now(),
            last: AtomicU64::new(0),
            raised: Mutex::new(None),
            interrupts_again: AtomicBool::new(false),
            failed: Mutex::new(None),
        })
    }

    pub(crate) fn on(self: &Arc<Self>, options: ReadOptions) -> ReadOptions {
        let watch = Arc::clone(self);
        options.on_progress(move |progress| watch.check(progress.bytes))
    }

    /// Watches as long as the flag is set.
    pub(crate) fn on_while(self: &Arc<Self>, flag: &Arc<AtomicBool>, options: ReadOptions) -> ReadOptions {
        let (watch, flag) = (Arc::clone(self), Arc::clone(flag));
        options.on_progress(move |progress| match flag.load(Ordering::Relaxed) {
            true => watch.check(progress.bytes),
            false => ControlFlow::Continue(()),
        })
    }

    /// Watches two readings, whose bytes it reports together.
    pub(crate) fn on_both(self: &Arc<Self>, left: ReadOptions, right: ReadOptions) -> (ReadOptions, ReadOptions) {
        let read: [Arc<AtomicU64>; 2] = Default::default();
        let [of_left, of_right] = read;
        let side = |options: ReadOptions, own: Arc<AtomicU64>, other: Arc<AtomicU64>| {
            let watch = Arc::clone(self);
            options.on_progress(move |progress| {
                own.store(progress.bytes, Ordering::Relaxed);
                watch.check(progress.bytes + other.load(Ordering::Relaxed))
            })
        };
        (side(left, Arc::clone(&of_left), Arc::clone(&of_right)), side(right, of_right, of_left))
    }

    fn check(&self, bytes: u64) -> ControlFlow<()> {
        let now = self.start.elapsed().as_millis() as u64;
        if now < self.last.load(Ordering::Relaxed) + MILLIS {
            return ControlFlow::Continue(());
        }
        self.last.store(now, Ordering::Relaxed);
        // Attaching fails while the interpreter shuts down. There are no signals to check then.
        let checked = attach(|py| {
            py.check_signals()?;
            self.report(py, bytes)
        });
        match checked {
            None if is_left() => ControlFlow::Break(()),
            None | Some(Ok(())) => ControlFlow::Continue(()),
            Some(Err(error)) => {
                self.repeat(&error);
                let before = self.raised.lock().replace(error);
                drop(before);
                ControlFlow::Break(())
            }
        }
    }

    pub(crate) fn interrupt_again(&self) {
        self.interrupts_again.store(true, Ordering::Relaxed);
    }

    /// Sets the signal again if the exception is that of Ctrl-C and would be lost.
    fn repeat(&self, error: &PyErr) {
        if self.interrupts_again.load(Ordering::Relaxed) {
            attach(|py| {
                if error.is_instance_of::<PyKeyboardInterrupt>(py) {
                    // Fails only while the interpreter shuts down.
                    drop(py.import("_thread").and_then(|module| module.call_method0("interrupt_main")));
                }
            });
        }
    }

    fn report(&self, py: Python<'_>, bytes: u64) -> PyResult<()> {
        match &self.progress {
            Some(progress) => progress.call1(py, (bytes, self.total.max(bytes))).map(drop),
            None => Ok(()),
        }
    }

    /// Reports the end of reading, and warns about what is not in the result.
    pub(crate) fn done(&self, py: Python<'_>, report: ReadReport) -> PyResult<()> {
        self.done_with(py, report, Vec::new())
    }

    /// As [`done`](Self::done), with further warnings about the result.
    pub(crate) fn done_with(&self, py: Python<'_>, report: ReadReport, more: Vec<Notice>) -> PyResult<()> {
        let notices = report.notices().into_iter().filter(|notice| self.warns || notice.kind != NoticeKind::Undecided);
        let notices: Vec<_> = notices.chain(more).map(|notice| (notice.kind.name(), notice.text)).collect();
        *self.ended.lock() = Some(report);
        self.report(py, self.total)?;
        if notices.is_empty() { Ok(()) } else { error::warn(py, notices, &self.place) }
    }

    /// As [`done`](Self::done), without the GIL. Keeps the exception and returns whether there was none.
    pub(crate) fn stream_done(&self, report: ReadReport) -> bool {
        match attach(|py| self.done(py, report)) {
            None | Some(Ok(())) => true,
            Some(Err(error)) => {
                let before = self.raised.lock().replace(error);
                drop(before);
                false
            }
        }
    }

    /// Goes on after the end of a part, and returns its report.
    pub(crate) fn go_on(&self) -> Option<ReadReport> {
        self.ended.lock().take()
    }

    /// Returns the report of the finished work.
    pub(crate) fn ended(&self) -> Option<ReadReport> {
        self.ended.lock().clone()
    }

    /// Returns the exception for an error: the one of a callback or signal if it stopped the work.
    pub(crate) fn exception(&self, py: Python<'_>, error: &Error) -> PyErr {
        let own = if error.kind() == ErrorKind::Cancelled { self.raised.lock().take() } else { None };
        own.unwrap_or_else(|| error::raised(py, error))
    }

    /// Keeps an error that reaches Python through an Arrow library.
    pub(crate) fn keep(&self, error: &Error) {
        *self.failed.lock() = Some(error.clone());
    }

    /// Takes the exception of an error that reached Python through an Arrow library.
    pub(crate) fn take_exception(&self, py: Python<'_>) -> Option<PyErr> {
        // No lock is held while Python runs.
        let raised = self.raised.lock().take();
        let failed = self.failed.lock().take();
        raised.or_else(|| failed.map(|failed| error::raised(py, &failed)))
    }
}
