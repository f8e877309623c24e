//! Failures of exported functions: errors and panics are returned as a status.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use trailcore::filter::Diagnostics;

use crate::log;
use crate::status::tc_status;

/// The result of the work of an exported function.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// The reason why a function fails.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A mistake of the caller: the status and the description.
    Misuse(tc_status, Cow<'static, str>),
    /// An error of the core.
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
        Self::Misuse(tc_status::TC_ERR_BAD_ARGUMENT, format!("{what} index {index} out of range: the count is {count}").into())
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

/// Runs the work of a function and returns its status.
#[inline]
pub(crate) fn status(work: impl FnOnce() -> Outcome) -> tc_status {
    match caught(work) {
        Ok(()) => tc_status::TC_OK,
        Err(failure) => failure.status(),
    }
}

/// Converts a panic to a failure. A panic poisons the objects in use.
#[inline]
pub(crate) fn caught(work: impl FnOnce() -> Outcome) -> Outcome {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(outcome) => outcome,
        Err(payload) => Err(panicked(payload)),
    }
}

#[cold]
fn panicked(payload: Box<dyn std::any::Any + Send>) -> Failure {
    // The payload can contain data, and dropping it can panic again.
    std::mem::forget(payload);
    log::error("caught a panic inside the library");
    Failure::misuse(
        tc_status::TC_ERR_PANIC,
        "internal error in the library (a panic); free the objects of the call, and report this as a bug",
    )
}

/// Runs work whose result has no recipient, and ignores a panic.
pub(crate) fn ignore_panic<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).map_err(panicked).ok()
}
