//! What a Python object holds of the library: used by one thread at a time, without the interpreter's lock, and never by a
//! forked process or after a panic.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parking_lot::ReentrantMutex;
use pyo3::prelude::*;

use crate::error;

/// Something that Python threads share. Work on it is done without the interpreter's lock; other threads wait.
#[derive(Debug)]
pub(crate) struct Handle<T> {
    // Re-entrant, so that a callback that uses its own caller's handle is told so, instead of waiting for itself.
    state: ReentrantMutex<RefCell<State<T>>>,
    process: u32,
}

#[derive(Debug)]
enum State<T> {
    Open(T),
    Closed,
    Poisoned,
}

/// Why there is nothing to work on.
enum Refused {
    Busy,
    Closed,
    Poisoned,
    Panicked,
}

impl<T: Send> Handle<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { state: ReentrantMutex::new(RefCell::new(State::Open(value))), process: std::process::id() }
    }

    /// Works on what there is, without the interpreter's lock.
    pub(crate) fn with<R: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut T) -> R + Send) -> PyResult<R> {
        self.check_process(py)?;
        let done = py.detach(|| {
            let guard = self.state.lock();
            let Ok(mut state) = guard.try_borrow_mut() else { return Err(Refused::Busy) };
            let value = match &mut *state {
                State::Open(value) => value,
                State::Closed => return Err(Refused::Closed),
                State::Poisoned => return Err(Refused::Poisoned),
            };
            // What a panic leaves behind is not used again.
            catch_unwind(AssertUnwindSafe(|| work(value))).map_err(|_| {
                *state = State::Poisoned;
                Refused::Panicked
            })
        });
        done.map_err(|refused| match refused {
            Refused::Busy => error::busy(py),
            Refused::Closed => error::closed(py),
            Refused::Poisoned | Refused::Panicked => error::internal(py),
        })
    }

    /// Takes out what there is; later work finds it closed. `None` where it was closed already.
    pub(crate) fn take(&self, py: Python<'_>) -> PyResult<Option<T>> {
        self.check_process(py)?;
        let taken = py.detach(|| {
            let guard = self.state.lock();
            let Ok(mut state) = guard.try_borrow_mut() else { return Err(()) };
            match std::mem::replace(&mut *state, State::Closed) {
                State::Open(value) => Ok(Some(value)),
                State::Closed | State::Poisoned => Ok(None),
            }
        });
        taken.map_err(|()| error::busy(py))
    }

    /// A lock that another thread held when the process forked is never let go of in the child.
    fn check_process(&self, py: Python<'_>) -> PyResult<()> {
        if std::process::id() == self.process { Ok(()) } else { Err(error::forked(py)) }
    }
}
