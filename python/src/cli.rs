//! The command line, as the program of Rust has it.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;

use crate::error;

/// Runs the command line with these arguments, without the GIL, and returns the exit code. Ctrl-C ends it with 130.
#[pyfunction]
pub(crate) fn cli_main(py: Python<'_>, argv: Vec<OsString>) -> PyResult<i32> {
    let stopped = AtomicBool::new(false);
    let interrupted = move || {
        // The exception is taken here, and the answer stays.
        if !stopped.load(Ordering::Relaxed) && Python::try_attach(|py| py.check_signals().is_err()).unwrap_or(true) {
            stopped.store(true, Ordering::Relaxed);
        }
        stopped.load(Ordering::Relaxed)
    };
    let args = std::iter::once(OsString::from("trailcore")).chain(argv);
    let code = py.detach(|| catch_unwind(AssertUnwindSafe(|| trailcore_cli::main_with(args, Arc::new(interrupted)))));
    code.map_err(|_| error::internal(py))
}
