//! The folder of real files and vectors beside the checkout. What may not enter the project is read there, where it is
//! present.

use std::path::PathBuf;

/// A folder or file in it; `None`, and a line that says so, where it is not present.
pub fn folder(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {name} is not present");
    None
}
