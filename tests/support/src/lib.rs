//! Runners for described inputs: vector files (records with their bytes and the output of a dump) and cases of the filter
//! language. The programs `vectors` and `filter-cases` run them on any folder or file.

pub mod filter_cases;
pub mod vectors;

use std::path::PathBuf;

/// Returns a path below the folder `shared` beside the checkout, which has material that may not be part of the project.
/// Returns `None`, and prints a line that starts with *skipped*, if it is not present.
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: ../shared/{name} is not present");
    None
}
