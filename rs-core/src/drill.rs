//! Drills, for test builds only: invariants that are broken on purpose, so that tests see how each language reports it.
//!
//! `TRAILCORE_DRILL` names what is broken: `definition`, the table definition of every change, or `definition:N`, the one of
//! this number. `threads:N` breaks nothing: every trail is read ahead in a thread, in pieces of N bytes, so that all tests of reading
//! are tests of that too. It is read once.

use std::sync::OnceLock;

/// Returns whether a part is to be broken: all of them, or the one of this number.
pub(crate) fn is_broken(part: &str, number: u32) -> bool {
    match setting() {
        Some((name, Some(one))) => name == part && one == number,
        Some((name, None)) => name == part,
        None => false,
    }
}

/// Returns the size of the pieces in which every trail is to be read.
pub(crate) fn piece_bytes() -> Option<usize> {
    setting().filter(|(name, _)| *name == "threads").and_then(|(_, bytes)| bytes.map(|bytes| bytes as usize))
}

/// Returns the name and the number of the drill.
fn setting() -> Option<(&'static str, Option<u32>)> {
    static SETTING: OnceLock<Option<String>> = OnceLock::new();
    let text = SETTING.get_or_init(|| std::env::var("TRAILCORE_DRILL").ok()).as_deref()?;
    Some(match text.split_once(':') {
        Some((name, number)) => (name, number.parse().ok()),
        None => (text, None),
    })
}
