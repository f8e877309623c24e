//! Drills, for test builds only: invariants that are broken on purpose, so that tests see how each language reports it.
//!
//! `TRAILCORE_DRILL` names what is broken: `definition`, the table definition of every change. It is read once.

use std::ffi::OsString;
use std::sync::OnceLock;

/// Returns whether a part is to be broken.
pub(crate) fn is_broken(part: &str) -> bool {
    static BROKEN: OnceLock<Option<OsString>> = OnceLock::new();
    BROKEN.get_or_init(|| std::env::var_os("TRAILCORE_DRILL")).as_ref().is_some_and(|broken| broken == part)
}
