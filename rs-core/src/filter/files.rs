//! Finds the files that a parameter file includes.

use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};

/// The folders in which included files are looked up.
pub(crate) struct Folders {
    /// The folder of the parameter file.
    pub(crate) own: PathBuf,
    /// The home of GoldenGate, if it is known. Names in parameter files are relative to it.
    pub(crate) home: Option<PathBuf>,
}

impl Folders {
    /// Returns the path and the text of an included file. `from` is the folder of the file that includes it, if that is not the
    /// parameter file itself.
    pub(crate) fn read(&self, name: &str, from: Option<&Path>) -> std::result::Result<(PathBuf, String), String> {
        let paths = self.paths(name, from);
        for path in &paths {
            match std::fs::read(path) {
                Ok(bytes) => {
                    let text = text_of(bytes).map_err(|error| format!("{}: {error}", path.display()))?;
                    return Ok((std::fs::canonicalize(path).unwrap_or_else(|_| path.clone()), text));
                }
                Err(error) if path.exists() => return Err(format!("{}: {error}", path.display())),
                Err(_) => {}
            }
        }
        let looked: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        Err(format!("no such file; looked for {}", looked.join(", ")))
    }

    /// Returns the paths of a name: in the folder of the file that includes it, in its parent, then the same for the parameter
    /// file, in the home, and in the current folder.
    fn paths(&self, name: &str, from: Option<&Path>) -> Vec<PathBuf> {
        let name = name.trim_start_matches("./");
        let with_parent = |folder: &Path| [folder.to_path_buf(), parent(folder)];
        let folders = from.into_iter().chain([&*self.own]).flat_map(with_parent);
        let mut paths: Vec<PathBuf> = Vec::new();
        for folder in folders.chain(self.home.clone()).chain([PathBuf::new()]) {
            let path = folder.join(name);
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        paths
    }
}

/// Reads the text of a parameter file.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|error| Error::io(path, error))?;
    text_of(bytes).map_err(|error| error.in_file(path))
}

/// Returns the bytes of a parameter file as text.
fn text_of(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let (valid_up_to, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let before = String::from_utf8_lossy(bytes.get(..valid_up_to).unwrap_or_default());
        let (line, column) =
            (before.matches('\n').count() + 1, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
        let what = match bytes {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "the text is UTF-16".to_owned(),
            _ => format!("line {line}, column {column}: the text is not UTF-8"),
        };
        Error::new(ErrorKind::Filter, what).hint("save the file as UTF-8")
    })
}

fn parent(folder: &Path) -> PathBuf {
    match (folder.file_name(), folder.parent()) {
        (Some(_), Some(parent)) => parent.to_path_buf(),
        // The current folder, or one that ends with `..`.
        _ => folder.join(".."),
    }
}
