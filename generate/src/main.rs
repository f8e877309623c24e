//! Writes what is made from the core's types: JSON Schemas in `docs/schema/`, the table of errors in `docs/errors.md`, the error
//! kinds of C, Java and Python, the header fields and some enums of C and Java, and Java's options, in marked regions of their files; Java's and
//! Python's reports and Python's options; the flags of the command line; the stubs of Python's extension module and Java's native methods.
//!
//! ```text
//! cargo run -p trailcore-generate -- [--check]
//! ```
//!
//! With `--check` nothing is written: it prints the files that are stale, and exits with 1 if there are any.
// A missing member of a schema indexes to null.
#![allow(clippy::indexing_slicing)]

mod cli_options;
mod enums;
mod errors;
mod header_fields;
mod java_native;
mod java_options;
mod java_records;
mod python_documents;
mod python_ops;
mod python_stubs;
mod region;
mod schemas;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A file and its content.
type Generated = (PathBuf, String);

fn main() -> ExitCode {
    let check = std::env::args().nth(1).as_deref() == Some("--check");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let stale = match generate(&root) {
        Ok(files) => files.into_iter().filter(|(path, content)| std::fs::read_to_string(path).ok().as_ref() != Some(content)),
        Err(error) => {
            eprintln!("generate: {error}");
            return ExitCode::from(2);
        }
    };
    let mut failed = false;
    for (path, content) in stale {
        println!("{}{}", if check { "stale: " } else { "" }, path.strip_prefix(&root).unwrap_or(&path).display());
        let written = if check { Ok(()) } else { std::fs::write(&path, content) };
        if let Err(error) = &written {
            eprintln!("generate: {}: {error}", path.display());
        }
        failed |= check || written.is_err();
    }
    if failed && check {
        eprintln!("run `make generate`");
    }
    ExitCode::from(u8::from(failed))
}

/// Returns all generated files.
fn generate(root: &Path) -> Result<Vec<Generated>, String> {
    let mut files = schemas::all(&root.join("docs/schema"));
    files.push((root.join("docs/errors.md"), errors::document()));
    files.push(python_ops::file(root));
    files.push(python_stubs::file(root)?);
    files.push(python_documents::file(root));
    files.push(java_native::file(root)?);
    files.extend(java_records::files(root));
    let flat = errors::regions().into_iter().chain(header_fields::regions()).chain(java_options::regions());
    for (path, regions) in flat.chain(cli_options::regions()).chain(enums::regions(root)?) {
        let path = root.join(path);
        let content = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        files.push((path.clone(), region::fill(&content, &regions).map_err(|error| format!("{}: {error}", path.display()))?));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_stale() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for (path, content) in generate(&root).unwrap() {
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(found == content, "{} is stale: run `make generate`", path.display());
        }
    }
}
