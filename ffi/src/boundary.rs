//! The boundary: what goes wrong inside comes out as a status, a panic too.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use trailcore::filter::Diagnostics;

use crate::error::tc_error;
use crate::handle::give;
use crate::log;
use crate::status::tc_status;

/// The result of what a function of the library does.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a function fails.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The caller's mistake: the status, and which mistake.
    Misuse(tc_status, Cow<'static, str>),
    /// What the core says.
    Core(trailcore::Error),
}

impl Failure {
    pub(crate) fn misuse(status: tc_status, what: impl Into<Cow<'static, str>>) -> Self {
        Self::Misuse(status, what.into())
    }

    #[cold]
    pub(crate) fn null(what: &str) -> Self {
        Self::Misuse(tc_status::TC_ERR_NULL_POINTER, format!("{what} is a null pointer").into())
    }

    #[cold]
    pub(crate) fn argument(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Misuse(tc_status::TC_ERR_BAD_ARGUMENT, what.into())
    }

    #[cold]
    pub(crate) fn index(what: &str, index: usize, count: usize) -> Self {
        Self::Misuse(tc_status::TC_ERR_BAD_ARGUMENT, format!("there is no {what} {index}: there are {count}").into())
    }

    pub(crate) fn status(&self) -> tc_status {
        match self {
            Self::Misuse(status, _) => *status,
            Self::Core(error) => tc_status::of(error.kind()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misuse(_, what) => f.write_str(what),
            Self::Core(error) => error.fmt(f),
        }
    }
}

impl From<trailcore::Error> for Failure {
    fn from(error: trailcore::Error) -> Self {
        Self::Core(error)
    }
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Core(diagnostics.into())
    }
}

/// Does what a function does, and gives its status.
#[inline]
pub(crate) fn status(work: impl FnOnce() -> Outcome) -> tc_status {
    match caught(work) {
        Ok(()) => tc_status::TC_OK,
        Err(failure) => failure.status(),
    }
}

/// The same with an error object for the caller, where it wants one.
///
/// # Safety
/// `error` is null, or points to a pointer that may be written.
#[inline]
pub(crate) unsafe fn fallible(error: *mut *mut tc_error, work: impl FnOnce() -> Outcome) -> tc_status {
    if !error.is_null() {
        // SAFETY: as the caller says.
        unsafe { error.write(std::ptr::null_mut()) };
    }
    let failure = match caught(work) {
        Ok(()) => return tc_status::TC_OK,
        Err(failure) => failure,
    };
    let status = failure.status();
    if !error.is_null() {
        let object = quietly(|| give(tc_error::new(failure))).unwrap_or(std::ptr::null_mut());
        // SAFETY: as the caller says.
        unsafe { error.write(object) };
    }
    status
}

/// Lets no panic out. The objects in use are poisoned as it goes by.
#[inline]
fn caught(work: impl FnOnce() -> Outcome) -> Outcome {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(outcome) => outcome,
        Err(payload) => Err(panicked(payload)),
    }
}

#[cold]
fn panicked(payload: Box<dyn std::any::Any + Send>) -> Failure {
    // What it carries may hold data, and dropping it may panic again.
    std::mem::forget(payload);
    log::error("a panic inside the library was caught");
    Failure::misuse(
        tc_status::TC_ERR_PANIC,
        "a fault of the library itself (a panic); free the objects of the call, and report it",
    )
}

/// Does something of which no one is told, and lets no panic out of it.
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).map_err(panicked).ok()
}
