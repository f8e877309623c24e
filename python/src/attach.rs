//! Attaching to the interpreter from threads of other libraries, which may work until the process ends.
//!
//! A thread that waits for an interpreter that shuts down is ended where it stands, and the library that waits for it hangs. So nothing
//! attaches any more once the functions of `atexit` have run.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// The interpreter shuts down.
static ENDS: AtomicBool = AtomicBool::new(false);
/// Threads that attach.
static INSIDE: AtomicUsize = AtomicUsize::new(0);
/// The thread that has loaded the module: functions of `atexit` that run later may still work in it.
static LOADED_BY: OnceLock<ThreadId> = OnceLock::new();
/// The time that the shutdown waits for them.
const PATIENCE: Duration = Duration::from_secs(2);

struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Runs some work with the interpreter; `None` once it shuts down, but for the thread that ends it.
pub(crate) fn attach<R>(work: impl FnOnce(Python<'_>) -> R) -> Option<R> {
    INSIDE.fetch_add(1, Ordering::SeqCst);
    let _inside = Inside;
    if is_left() { None } else { Python::try_attach(work) }
}

/// Returns whether a thread works for nobody any more, since the interpreter shuts down.
pub(crate) fn is_left() -> bool {
    ENDS.load(Ordering::SeqCst) && LOADED_BY.get() != Some(&std::thread::current().id())
}

/// Ends the attaching, and waits for the threads that do.
#[pyfunction]
fn end(py: Python<'_>) {
    ENDS.store(true, Ordering::SeqCst);
    py.detach(|| {
        let until = Instant::now() + PATIENCE;
        while INSIDE.load(Ordering::SeqCst) > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}

/// Has the attaching end with the interpreter.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    LOADED_BY.get_or_init(|| std::thread::current().id());
    let py = module.py();
    py.import("atexit")?.call_method1("register", (wrap_pyfunction!(end, module)?,)).map(drop)
}
