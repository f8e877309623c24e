//! Ctrl-C: how a command is notified, and which commands end by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit code after Ctrl-C.
pub const INTERRUPTED: i32 = 130;

/// Returns whether the user wants to stop, for example by Ctrl-C. It is called about once for each megabyte that is read.
pub type Interrupted = Arc<dyn Fn() -> bool + Send + Sync>;

/// `true` while a command must end by itself when it is interrupted.
static ENDS_ITSELF: AtomicBool = AtomicBool::new(false);

/// Returns `true` while a command ends by itself when it is interrupted: it removes files that are not complete, or stores a
/// checkpoint. A signal handler that ends the process must wait for that.
#[must_use]
pub fn ends_itself() -> bool {
    ENDS_ITSELF.load(Ordering::Relaxed)
}

/// Runs work that ends by itself when it is interrupted.
pub(crate) fn ending_itself<T>(work: impl FnOnce() -> T) -> T {
    ENDS_ITSELF.store(true, Ordering::Relaxed);
    let result = work();
    ENDS_ITSELF.store(false, Ordering::Relaxed);
    result
}
