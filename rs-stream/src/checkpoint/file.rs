//! [`FileStore`]: a checkpoint in a file.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use flate2::Crc;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use trailcore::{Error, ErrorKind, Result};

use crate::checkpoint::{Checkpoint, CheckpointStore, Loaded};
use crate::durable;

/// A checkpoint in a file: a line of JSON, and a line with its checksum.
///
/// Beside the file `NAME` there are `NAME.previous`, the checkpoint before it, and `NAME.lock`, which one process locks at a time. The
/// operating system releases the lock of a process that ends, however it ends: the next one takes it over. A new checkpoint is
/// written to `NAME.partial`, flushed to the disk, and renamed, so that `NAME` is always complete.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("sales.checkpoint");
/// use trailcore_stream::{CheckpointStore, FileStore};
/// let mut store = FileStore::new(&path);
/// store.claim()?;
/// assert!(store.load()?.is_none());
/// assert!(FileStore::new(&path).claim().is_err());
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
    lock: Option<File>,
    /// The current checkpoint is damaged: the previous one is all that there is.
    damaged: bool,
}

impl FileStore {
    /// Creates the store of a path. It reads and writes nothing yet.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_path_buf(), lock: None, damaged: false }
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name: OsString = self.path.clone().into();
        name.push(ending);
        name.into()
    }

    /// Keeps the current checkpoint as the previous one, unless it is damaged. The current one stays in place.
    fn keep_previous(&self) -> io::Result<()> {
        if self.damaged {
            return Ok(());
        }
        let previous = self.beside(".previous");
        match fs::remove_file(&previous) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        match fs::hard_link(&self.path, &previous) {
            Ok(()) => Ok(()),
            // The first checkpoint.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            // A file system without hard links.
            Err(_) => fs::copy(&self.path, &previous).map(drop),
        }
    }

    fn write(&self, checkpoint: &Checkpoint) -> Result<()> {
        let partial = self.beside(".partial");
        let text = sealed(&checkpoint.to_json()?);
        durable::write(&partial, text.as_bytes()).map_err(|error| Error::write(&partial, error))?;
        self.keep_previous()
            .and_then(|()| fs::rename(&partial, &self.path))
            .and_then(|()| durable::sync_folder(durable::folder_of(&self.path)))
            .map_err(|error| Error::write(&self.path, error))
    }
}

impl CheckpointStore for FileStore {
    fn claim(&mut self) -> Result<()> {
        if self.lock.is_some() {
            return Ok(());
        }
        let path = self.beside(".lock");
        let open = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut lock = open.map_err(|error| Error::write(&path, error))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let mut owner = String::new();
                // The number only helps to find the owner.
                let _ = lock.read_to_string(&mut owner);
                let owner = owner.trim();
                let owner = if owner.is_empty() { String::new() } else { format!(", process {owner}") };
                let error = Error::new(ErrorKind::Io, format!("another follower uses the checkpoint{owner}"));
                return Err(error.in_file(&self.path).hint("stop it, or give each follower a checkpoint of its own"));
            }
            // Without locks two followers could move one checkpoint.
            Err(error) => return Err(Error::write(&path, error.into())),
        }
        let noted = lock.set_len(0).and_then(|()| write!(lock, "{}", std::process::id()));
        noted.map_err(|error| Error::write(&path, error))?;
        self.lock = Some(lock);
        Ok(())
    }

    fn load(&mut self) -> Result<Option<Loaded>> {
        self.damaged = false;
        let damaged = match read(&self.path)? {
            Some(Ok(checkpoint)) => return Ok(Some(checkpoint.into())),
            // A later release wrote it: an older checkpoint would repeat changes.
            Some(Err(error)) if error.kind() != ErrorKind::Corrupt => return Err(error),
            Some(Err(error)) => error,
            None => return Ok(None),
        };
        match read(&self.beside(".previous"))? {
            Some(Ok(checkpoint)) => {
                self.damaged = true;
                Ok(Some(Loaded { checkpoint, damaged: Some(damaged) }))
            }
            _ => Err(damaged.hint("the one before it cannot be used either; remove the file to start anew")),
        }
    }

    fn store(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.write(checkpoint)?;
        self.damaged = false;
        Ok(())
    }
}

/// Returns the text of a file: the document and its checksum.
fn sealed(document: &str) -> String {
    format!("{document}\n{:08x}\n", checksum(document))
}

fn checksum(document: &str) -> u32 {
    let mut crc = Crc::new();
    crc.update(document.as_bytes());
    crc.sum()
}

/// Reads a checkpoint; `None` if there is no file.
fn read(path: &Path) -> Result<Option<Result<Checkpoint>>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(path, error)),
    };
    let opened = opened(&bytes);
    Ok(Some(opened.map_err(|error| error.in_file(path))))
}

fn opened(bytes: &[u8]) -> Result<Checkpoint> {
    let damaged = |what: &str| Error::new(ErrorKind::Corrupt, format!("the checkpoint is damaged: {what}"));
    let text = std::str::from_utf8(bytes).map_err(|_| damaged("it is not text"))?;
    let (document, sum) =
        text.strip_suffix('\n').and_then(|text| text.rsplit_once('\n')).ok_or_else(|| damaged("it is incomplete"))?;
    if sum != format!("{:08x}", checksum(document)) {
        return Err(damaged("its checksum differs"));
    }
    Checkpoint::from_json(document)
}

#[cfg(test)]
mod tests {
    use trailcore::Position;

    use super::*;
    use crate::checkpoint::tests::sample;

    #[test]
    fn the_previous_checkpoint_is_kept_and_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c");
        let mut store = FileStore::new(&path);
        let first = sample();
        let second = Checkpoint { position: Position::new(13, 0), ..first.clone() };
        store.store(&first).unwrap();
        assert_eq!(store.load().unwrap().unwrap().checkpoint, first);
        store.store(&second).unwrap();
        let loaded = store.load().unwrap().unwrap();
        assert!(loaded.checkpoint == second && loaded.damaged.is_none());
        // Every truncation and every flipped bit is noticed.
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let loaded = store.load().unwrap().unwrap();
            assert!(loaded.checkpoint == first && loaded.damaged.is_some(), "{length}");
        }
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &flipped).unwrap();
            let loaded = store.load().unwrap().unwrap();
            assert!(loaded.checkpoint == first && loaded.damaged.is_some(), "{bit}");
        }
        // The first checkpoint after damage does not replace the one that was used: the process may end before it is complete.
        fs::write(&path, b"").unwrap();
        let mut next = FileStore::new(&path);
        assert_eq!(next.load().unwrap().unwrap().checkpoint, first);
        next.store(&second).unwrap();
        assert_eq!(opened(&fs::read(path.with_extension("previous")).unwrap()).unwrap(), first);
        next.store(&second).unwrap();
        assert_eq!(opened(&fs::read(path.with_extension("previous")).unwrap()).unwrap(), second);
        fs::write(&path, b"").unwrap();
        fs::write(path.with_extension("previous"), b"").unwrap();
        assert_eq!(store.load().unwrap_err().kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn a_checkpoint_of_a_later_release_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c");
        let mut store = FileStore::new(&path);
        store.store(&sample()).unwrap();
        store.store(&sample()).unwrap();
        let later = sample().to_json().unwrap().replace("\"version\":1", "\"version\":2");
        fs::write(&path, sealed(&later)).unwrap();
        assert_eq!(store.load().unwrap_err().kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn a_store_that_is_in_use_is_refused_and_that_of_a_dead_owner_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c");
        let mut owner = FileStore::new(&path);
        owner.claim().unwrap();
        owner.claim().unwrap();
        let refused = FileStore::new(&path).claim().unwrap_err();
        assert!(refused.to_string().contains(&std::process::id().to_string()), "{refused}");
        drop(owner);
        assert!(path.with_extension("lock").exists());
        FileStore::new(&path).claim().unwrap();
    }

    #[test]
    fn a_folder_that_does_not_exist_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = FileStore::new(folder.path().join("no/c"));
        assert!(store.claim().is_err() && store.store(&sample()).is_err());
        assert!(store.load().unwrap().is_none());
    }
}
