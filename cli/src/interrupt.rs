//! Ctrl-C: how a command is notified, and which files it removes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit code after Ctrl-C.
pub const INTERRUPTED: i32 = 130;

/// Returns whether the user wants to stop, for example by Ctrl-C. It is called about once for each megabyte that is read.
pub type Interrupted = Arc<dyn Fn() -> bool + Send + Sync>;

/// `true` while this process writes files that are to be removed when it is interrupted.
static REMOVES_FILES: AtomicBool = AtomicBool::new(false);

/// Returns `true` while files are being written that are removed if the work is stopped: a signal handler that ends the process
/// must wait for that.
#[must_use]
pub fn removes_files() -> bool {
    REMOVES_FILES.load(Ordering::Relaxed)
}

/// Runs work that removes its files if it is stopped.
pub(crate) fn removing_files<T>(work: impl FnOnce() -> T) -> T {
    REMOVES_FILES.store(true, Ordering::Relaxed);
    let result = work();
    REMOVES_FILES.store(false, Ordering::Relaxed);
    result
}
