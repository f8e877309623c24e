//! Exclusive access of Python threads to an object of the library: without the GIL, and never in a forked process or after a
//! panic.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use parking_lot::ReentrantMutex;
use pyo3::prelude::*;

use crate::attach::attach;
use crate::error;

/// How long a thread waits for another before it looks for signals.
const PATIENCE: Duration = Duration::from_millis(50);

/// The process that has made an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(u32);

impl Process {
    pub(crate) fn own() -> Self {
        Self(std::process::id())
    }

    fn is_own(self) -> bool {
        std::process::id() == self.0
    }

    /// Fails in a forked process, where a lock that another thread held at the fork is never released.
    pub(crate) fn check(self, py: Python<'_>) -> PyResult<()> {
        if self.is_own() { Ok(()) } else { Err(error::forked(py)) }
    }
}

/// Runs work without the GIL. A panic in it is an internal error.
pub(crate) fn without_gil<R: Send>(py: Python<'_>, work: impl FnOnce() -> R + Send) -> PyResult<R> {
    py.detach(|| catch_unwind(AssertUnwindSafe(work))).map_err(|_| error::internal(py))
}

/// An object that Python threads share. One thread at a time works on it, without the GIL.
#[derive(Debug)]
pub(crate) struct Handle<T: Send> {
    // Re-entrant: a callback that uses the handle of its own caller gets `Busy` instead of a deadlock.
    state: ReentrantMutex<RefCell<State<T>>>,
    process: Process,
}

#[derive(Debug)]
enum State<T> {
    Open(T),
    Closed,
    Poisoned,
}

/// The reason why the object is not available.
enum Refused {
    Busy,
    Closed,
    Poisoned,
    Panicked,
}

impl<T: Send> Handle<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { state: ReentrantMutex::new(RefCell::new(State::Open(value))), process: Process::own() }
    }

    /// Runs `work` on the object, without the GIL.
    pub(crate) fn with<R: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut T) -> R + Send) -> PyResult<R> {
        self.check_process(py)?;
        let mut work = Some(work);
        let done = loop {
            let tried = py.detach(|| self.try_with(&mut work));
            match tried {
                Some(done) => break done,
                // Another thread works on it, perhaps in a callback that waits for this one: Ctrl-C ends the waiting.
                None => py.check_signals()?,
            }
        };
        done.map_err(|refused| match refused {
            Refused::Busy => error::busy(py),
            Refused::Closed => error::closed(py),
            Refused::Poisoned | Refused::Panicked => error::internal(py),
        })
    }

    /// Runs the work, once; `None` if another thread has the object for a while.
    fn try_with<R>(&self, work: &mut Option<impl FnOnce(&mut T) -> R>) -> Option<Result<R, Refused>> {
        let guard = self.state.try_lock_for(PATIENCE)?;
        let Ok(mut state) = guard.try_borrow_mut() else { return Some(Err(Refused::Busy)) };
        let value = match &mut *state {
            State::Open(value) => value,
            State::Closed => return Some(Err(Refused::Closed)),
            State::Poisoned => return Some(Err(Refused::Poisoned)),
        };
        let work = work.take()?;
        // A panic can leave the object inconsistent.
        let done = catch_unwind(AssertUnwindSafe(|| work(value)));
        Some(done.map_err(|_| {
            *state = State::Poisoned;
            Refused::Panicked
        }))
    }

    /// Takes the object out and closes the handle. Returns `None` if it was closed already.
    pub(crate) fn take(&self, py: Python<'_>) -> PyResult<Option<T>> {
        self.check_process(py)?;
        let taken = loop {
            match py.detach(|| self.try_take()) {
                Some(taken) => break taken,
                None => py.check_signals()?,
            }
        };
        taken.map_err(|()| error::busy(py))
    }

    /// Takes the object out; `None` if another thread has it for a while.
    fn try_take(&self) -> Option<Result<Option<T>, ()>> {
        let guard = self.state.try_lock_for(PATIENCE)?;
        let Ok(mut state) = guard.try_borrow_mut() else { return Some(Err(())) };
        Some(Ok(match std::mem::replace(&mut *state, State::Closed) {
            State::Open(value) => Some(value),
            State::Closed | State::Poisoned => None,
        }))
    }

    /// Takes the object out, closes the handle, and drops the object without the GIL: it may wait for a thread, a disk or a network.
    pub(crate) fn close(&self, py: Python<'_>) -> PyResult<()> {
        let taken = self.take(py)?;
        without_gil(py, || drop(taken))
    }

    /// Fails in a forked process.
    pub(crate) fn check_process(&self, py: Python<'_>) -> PyResult<()> {
        self.process.check(py)
    }
}

impl<T: Send> Drop for Handle<T> {
    fn drop(&mut self) {
        let State::Open(value) = std::mem::replace(self.state.get_mut().get_mut(), State::Closed) else { return };
        if !self.process.is_own() {
            // The threads, the files and the checkpoint of the object are those of the process that was forked.
            std::mem::forget(value);
            return;
        }
        let mut value = Some(value);
        attach(|py| without_gil(py, || drop(value.take())));
    }
}
