//! [`Repository`]: a folder with sets. A set gets its name once it is complete; one writer at a time.
//!
//! ```text
//! REPOSITORY/sets/20240301T120000Z/manifest.json       the contents
//! REPOSITORY/sets/20240301T120000Z/manifest.blake3     the digest of the manifest
//! REPOSITORY/sets/20240301T120000Z/files/ROOT/PATH     the files
//! REPOSITORY/partial/                                  a backup that runs, or that was interrupted: it is no set
//! ```

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use trailcore::{Error, ErrorKind, Result};

use super::copy::{create_folder, sync};
use super::manifest::MANIFEST;

/// A folder with sets.
#[derive(Debug)]
pub(crate) struct Repository {
    path: PathBuf,
}

/// The right to write to a repository, until it is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Claim(#[allow(dead_code)] File);

impl Repository {
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    pub(crate) fn sets(&self) -> PathBuf {
        self.path.join("sets")
    }

    /// The folder of a backup that runs.
    pub(crate) fn partial(&self) -> PathBuf {
        self.path.join("partial")
    }

    pub(crate) fn set(&self, name: &str) -> PathBuf {
        self.sets().join(name)
    }

    /// Creates its folders, and claims it for writing.
    pub(crate) fn claim(&self) -> Result<Claim> {
        create_folder(&self.sets())?;
        let file = File::open(&self.path).map_err(|error| Error::write(&self.path, error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => {
                let error = Error::new(ErrorKind::Io, "another backup writes to the repository").in_file(&self.path);
                Err(error.hint("wait for it, or use another repository"))
            }
            Ok(()) => Ok(Claim(file)),
            // Without locks two backups could write to one partial folder.
            Err(error) => Err(Error::write(&self.path, error.into())),
        }
    }

    /// Returns the names of its sets, the oldest first.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let folder = self.sets();
        let failed = |error| Error::io(&folder, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if let (true, Ok(name)) = (entry.path().join(MANIFEST).is_file(), entry.file_name().into_string()) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Moves the partial folder to its final name.
    pub(crate) fn publish(&self, name: &str) -> Result<PathBuf> {
        let (from, to) = (self.partial(), self.set(name));
        fs::rename(&from, &to).map_err(|error| Error::write(&to, error))?;
        sync(&self.sets())?;
        sync(&self.path)?;
        Ok(to)
    }
}

/// Returns the path of a set: of the set itself, or of the last one of a repository.
///
/// # Errors
/// [`NotFound`](ErrorKind::NotFound) if there is neither.
pub(crate) fn set_at(path: &Path) -> Result<PathBuf> {
    if path.join(MANIFEST).is_file() {
        return Ok(path.to_path_buf());
    }
    let repository = Repository::at(path);
    let last = if repository.sets().is_dir() { repository.names()?.pop() } else { None };
    last.map(|name| repository.set(&name)).ok_or_else(|| {
        let error = Error::new(ErrorKind::NotFound, "there is no set at this path").in_file(path);
        error.hint("name a set, or a repository with a complete set; an interrupted backup is no set")
    })
}
