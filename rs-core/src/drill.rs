//! Drills, for test builds only: invariants that are broken on purpose, so that tests see how each language reports it.
//!
//! `TRAILCORE_DRILL` names what is broken: `definition`, the table definition of every change, or `definition:N`, the one of
//! this number. It is read once.

use std::sync::OnceLock;

/// Returns whether a part is to be broken: all of them, or the one of this number.
pub(crate) fn is_broken(part: &str, number: u32) -> bool {
    static BROKEN: OnceLock<Option<String>> = OnceLock::new();
    let Some(broken) = BROKEN.get_or_init(|| std::env::var("TRAILCORE_DRILL").ok()) else { return false };
    match broken.split_once(':') {
        Some((name, one)) => name == part && one.parse() == Ok(number),
        None => broken == part,
    }
}
