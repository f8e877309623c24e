//! The folder of real files and vectors next to the checkout. It holds files that cannot be part of the project; tests read
//! them if present.

use std::path::PathBuf;

/// Returns a folder or file in it; prints a line and returns `None` if it is not present.
pub fn folder(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {name} is not present");
    None
}
