//! Files that get their names once they are complete: [`publish`] moves them, and a [`Claim`] keeps other processes from writing
//! them at the same time.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

use crate::error::{Error, Result};

/// The right to write to a temporary file or directory, until it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Claim {
    _locked: File,
}

impl Claim {
    /// Creates an empty file, or empties the rest of a process that was killed.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io), also if another process writes to it.
    pub(super) fn file(path: &Path) -> Result<Self> {
        use std::os::unix::fs::MetadataExt;
        let failed = |error| Error::write(path, error);
        loop {
            // Truncated only once it is ours.
            let file = File::options().write(true).create(true).truncate(false).open(path).map_err(failed)?;
            lock(&file).map_err(failed)?;
            let ours = file.metadata().map_err(failed)?;
            // Its previous owner may have published it in the meantime.
            if fs::metadata(path).is_ok_and(|now| (now.dev(), now.ino()) == (ours.dev(), ours.ino())) {
                file.set_len(0).map_err(failed)?;
                return Ok(Self { _locked: file });
            }
        }
    }

    /// Claims a directory.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io), also if another process writes to it.
    pub(super) fn directory(path: &Path) -> Result<Self> {
        let locked = File::open(path).and_then(|file| lock(&file).map(|()| file));
        Ok(Self { _locked: locked.map_err(|error| Error::write(path, error))? })
    }
}

fn lock(file: &File) -> io::Result<()> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => Err(io::Error::new(io::ErrorKind::ResourceBusy, "another process writes to it")),
        // A file system without locks.
        Err(_) | Ok(()) => Ok(()),
    }
}

/// Flushes files to the disk and moves each to its final path, which is in `folder`. Without `replace`, no file is replaced, also
/// not one that another process has just made, and after an error none of the final paths remains.
pub(super) fn publish(files: &[(&Path, &Path)], folder: &Path, replace: bool) -> Result<()> {
    for (from, _) in files {
        File::open(from).and_then(|file| file.sync_all()).map_err(|error| Error::write(from, error))?;
    }
    let mut published = Vec::new();
    let moved = files.iter().try_for_each(|(from, to)| {
        let moved = if replace { fs::rename(from, to) } else { move_new(from, to) };
        moved.map_err(|error| Error::write(to, error))?;
        published.push(to);
        Ok(())
    });
    // The names are durable once their directory is.
    let synced = || File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| Error::write(folder, error));
    moved.and_then(|()| synced()).inspect_err(|_| {
        for path in published.iter().filter(|_| !replace) {
            // An error of removing a file would hide the first one.
            let _ = fs::remove_file(path);
        }
    })
}

/// Moves a file to a path that does not exist.
fn move_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // The file system cannot do this in one step.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if to.symlink_metadata().is_err() => fs::rename(from, to),
        moved => Ok(moved?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_at_a_time() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("x.partial");
        fs::write(&path, "rest of a killed run").unwrap();
        let claim = Claim::file(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        fs::write(&path, "mine").unwrap();
        let refused = Claim::file(&path).unwrap_err().to_string();
        assert!(refused.contains("another process writes to it"), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        let directory = Claim::directory(scratch.path()).unwrap();
        assert!(Claim::directory(scratch.path()).is_err());
        drop((claim, directory));
        Claim::file(&path).unwrap();
        Claim::directory(scratch.path()).unwrap();
    }

    #[test]
    fn nothing_is_replaced_unless_it_is_wanted() {
        let scratch = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| scratch.path().join(name));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "old").unwrap();
        assert!(publish(&[(&from, &to)], scratch.path(), false).is_err());
        assert_eq!(fs::read(&to).unwrap(), b"old");
        publish(&[(&from, &to)], scratch.path(), true).unwrap();
        assert_eq!((fs::read(&to).unwrap(), from.exists()), (b"new".to_vec(), false));
    }
}
