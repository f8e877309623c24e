//! [`Scratch`]: a folder of the local disk for files that are not in the object store yet.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FlockOperation, flock};
use trailcore::{Error, Result};

use crate::durable;

const PREFIX: &str = "trailcore-staged-";

/// A folder below that for temporary files (`TMPDIR`), which only its user can read. Dropping it removes it; after a crash,
/// [`remove_abandoned`] does.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    /// Locked as long as the folder is in use.
    _lock: File,
}

impl Scratch {
    /// Creates a folder. Its name is that of the writer, with a number of its own.
    pub(super) fn create(writer: &str) -> Result<Self> {
        static CREATED: AtomicU64 = AtomicU64::new(0);
        let number = CREATED.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("{PREFIX}{writer}-{number}"));
        let create = || -> io::Result<File> {
            DirBuilder::new().mode(0o700).create(&path)?;
            let lock = File::open(&path)?;
            flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
            Ok(lock)
        };
        match create() {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err(error) => Err(Error::write(&path, error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = durable::remove_folder(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a folder of temporary files is left");
        }
    }
}

/// Removes the folders of processes that have ended without removing them. What cannot be read or removed, such as that of another user, stays.
pub(super) fn remove_abandoned() {
    let Ok(listed) = fs::read_dir(std::env::temp_dir()) else { return };
    for folder in listed.flatten() {
        if !folder.file_name().to_string_lossy().starts_with(PREFIX) || !folder.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let Ok(lock) = File::open(folder.path()) else { continue };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() && durable::remove_folder(&folder.path()).is_err() {
            tracing::debug!(path = %folder.path().display(), "a folder of temporary files cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_use_stays_and_an_abandoned_one_goes() {
        let used = Scratch::create("test").unwrap();
        let abandoned = std::env::temp_dir().join(format!("{PREFIX}test-abandoned-{}", std::process::id()));
        fs::create_dir(&abandoned).unwrap();
        fs::write(abandoned.join("0.partial"), "x").unwrap();
        remove_abandoned();
        assert!(used.path().exists() && !abandoned.exists());
        let path = used.path().to_path_buf();
        drop(used);
        assert!(!path.exists());
    }
}
