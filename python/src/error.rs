//! Errors as Python exceptions. `trailcore/_errors.py` maps error kinds to exception classes.

use std::io;
use std::sync::Arc;

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use trailcore::Error;
use trailcore::filter::Diagnostic;

static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();

fn module(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    Ok(MODULE.get_or_try_init(py, || py.import("trailcore._errors").map(Bound::unbind))?.bind(py))
}

fn made<'py>(py: Python<'py>, function: &str, arguments: impl pyo3::call::PyCallArgs<'py>) -> PyErr {
    match module(py).and_then(|module| module.getattr(function)?.call1(arguments)) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// An exception of a caller's own object, on its way through the library.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Foreign(PyErr);

/// Wraps an exception of a caller's own object. [`raised`] returns it unchanged.
pub(crate) fn foreign(exception: PyErr) -> io::Error {
    io::Error::other(Foreign(exception))
}

/// Returns an exception for `__next__`, where `StopIteration` would look like the end.
pub(crate) fn in_iteration(py: Python<'_>, exception: PyErr) -> PyErr {
    if !exception.is_instance_of::<PyStopIteration>(py) {
        return exception;
    }
    let error = PyRuntimeError::new_err("a callback raised StopIteration");
    error.set_cause(py, Some(exception));
    error
}

/// Converts an error of the library to an exception.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Arc<io::Error>>());
    if let Some(Foreign(exception)) = source.and_then(|error| error.get_ref()?.downcast_ref()) {
        return exception.clone_ref(py);
    }
    let location = error.location();
    let file = location.file.as_ref().map(|file| file.to_string_lossy().into_owned());
    let position =
        location.file.as_deref().zip(location.rba).and_then(|(file, rba)| Some((trailcore::source::seqno_of(file)?, rba)));
    let text = (error.kind().code(), error.to_string(), error.what());
    made(py, "from_native", (text.0, text.1, text.2, file, location.rba, location.record, position))
}

/// A diagnostic: message, help, start, end, number of GoldenGate's message, whether it is an error.
pub(crate) type DiagnosticParts = (String, Option<String>, usize, usize, Option<u32>, bool);

pub(crate) fn diagnostic_parts(diagnostic: &Diagnostic) -> DiagnosticParts {
    let range = diagnostic.range();
    let help = diagnostic.help_text().map(str::to_owned);
    (diagnostic.message().to_owned(), help, range.start, range.end, diagnostic.ogg_number(), diagnostic.is_error())
}

/// Converts the diagnostics of a selection to an exception. Other errors are converted by [`raised`].
pub(crate) fn syntax(py: Python<'_>, error: &Error) -> PyErr {
    let Some(diagnostics) = error.diagnostics() else { return raised(py, error) };
    let parts: Vec<_> = diagnostics.all().iter().map(diagnostic_parts).collect();
    let file = error.location().file.as_ref().map(|file| file.to_string_lossy().into_owned());
    made(py, "from_diagnostics", (error.to_string(), parts, file))
}

/// File and line of a caller.
pub(crate) type Place = Option<(String, u32)>;

/// Returns the caller of the package.
pub(crate) fn caller(py: Python<'_>) -> PyResult<Place> {
    module(py)?.getattr("caller")?.call0()?.extract()
}

/// Warns about what is not in a result that was requested at a place: the kind and the text of each notice.
pub(crate) fn warn(py: Python<'_>, notices: Vec<(&'static str, String)>, place: &Place) -> PyResult<()> {
    module(py)?.getattr("warn")?.call1((notices, place.clone())).map(drop)
}

pub(crate) fn closed(py: Python<'_>) -> PyErr {
    made(py, "closed", ())
}

pub(crate) fn busy(py: Python<'_>) -> PyErr {
    made(py, "busy", ())
}

pub(crate) fn forked(py: Python<'_>) -> PyErr {
    made(py, "forked", ())
}

pub(crate) fn internal(py: Python<'_>) -> PyErr {
    made(py, "internal", ())
}
