//! [`Local`]: sets in a local folder. A set gets its name once it is complete; one writer at a time.
//!
//! ```text
//! REPOSITORY/sets/20240301T120000Z/manifest.json       the contents
//! REPOSITORY/sets/20240301T120000Z/manifest.blake3     the digest of the manifest
//! REPOSITORY/sets/20240301T120000Z/files/ROOT/PATH     the files
//! REPOSITORY/partial/                                  a backup that runs, or that was interrupted: it is no set
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use trailcore::{Error, Result};
use trailcore_stream::point;

use super::steps::{Draft, Note, PARTIAL, SETS, Store, Stored, Target, candidates, check_clock, claimed, too_many};
use crate::backup::copy::{self, create_folder, sync};
use crate::backup::manifest::{DIGEST, MANIFEST, SetFile};

/// The name of the list of files that are complete in a partial folder.
const JOURNAL: &str = "journal.jsonl";

/// A local folder.
#[derive(Debug)]
pub(crate) struct Local {
    path: PathBuf,
}

/// The right to write to a repository, until it is dropped or the process ends.
#[derive(Debug)]
struct Claim(File);

impl Drop for Claim {
    fn drop(&mut self) {
        // Closing is not enough: a program that another thread is about to start has the open file, too, until it runs.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

impl Local {
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    fn sets(&self) -> PathBuf {
        self.path.join(SETS)
    }

    /// Creates its folders, and claims it for writing.
    fn claim(&self) -> Result<Claim> {
        create_folder(&self.sets())?;
        let file = File::open(&self.path).map_err(|error| Error::write(&self.path, error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => Err(claimed(&self.place(""))),
            Ok(()) => Ok(Claim(file)),
            // Without locks two backups could write to one partial folder.
            Err(error) => Err(Error::write(&self.path, error.into())),
        }
    }
}

impl Store for Local {
    fn place(&self, name: &str) -> String {
        let path = if name.is_empty() { self.path.clone() } else { self.path.join(name) };
        path.display().to_string()
    }

    fn open(&self, name: &str) -> io::Result<Stored<'_>> {
        open(&self.path.join(name))
    }

    fn is_file(&self, name: &str) -> Result<bool> {
        Ok(self.path.join(name).is_file())
    }

    fn files(&self, below: &str) -> Result<Vec<String>> {
        let (mut folders, mut found) = (vec![self.path.join(below)], Vec::new());
        while let Some(folder) = folders.pop() {
            let failed = |error| Error::io(&folder, error);
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let path = entry.path();
                if entry.file_type().map_err(failed)?.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.strip_prefix(&self.path).unwrap_or(&path).display().to_string());
                }
            }
        }
        Ok(found)
    }

    fn names(&self) -> Result<Vec<String>> {
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

    fn begin(&self, first: &str) -> Result<Box<dyn Draft + '_>> {
        let claim = self.claim()?;
        let names = self.names()?;
        check_clock(names.last(), first)?;
        let name = candidates(first).find(|name| !names.contains(name)).ok_or_else(too_many)?;
        let partial = self.path.join(PARTIAL);
        create_folder(&partial)?;
        // A manifest that was not published is of an earlier state.
        for name in [MANIFEST, DIGEST] {
            remove(&partial.join(name))?;
        }
        let path = partial.join(JOURNAL);
        let interrupted = journaled(&path)?;
        clear(&partial.join("files"), &interrupted.keys().map(|stored| partial.join(stored)).collect())?;
        let mut options = fs::OpenOptions::new();
        let journal = options.append(true).create(true).open(&path).map_err(|error| Error::write(&path, error))?;
        let previous = names.last().cloned();
        Ok(Box::new(LocalDraft { repository: self, _claim: claim, name, previous, partial, interrupted, journal }))
    }
}

/// A set that is made in the partial folder.
struct LocalDraft<'a> {
    repository: &'a Local,
    _claim: Claim,
    name: String,
    previous: Option<String>,
    partial: PathBuf,
    interrupted: BTreeMap<String, Note>,
    journal: File,
}

impl Draft for LocalDraft<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn previous(&self) -> Option<&str> {
        self.previous.as_deref()
    }

    fn interrupted(&self) -> Vec<Note> {
        self.interrupted.values().cloned().collect()
    }

    fn is_name(&self, _name: &str) -> bool {
        true
    }

    fn create(&self, name: &str) -> Result<Box<dyn Target + '_>> {
        let path = self.partial.join(name);
        remove(&path)?;
        Ok(Box::new(LocalFile { file: copy::create(&path)?, path }))
    }

    fn note(&mut self, note: &Note) -> Result<()> {
        let written = self.journal.write_all(format!("\n{}\n", note.to_text()?).as_bytes());
        written.map_err(|error| Error::write(&self.partial.join(JOURNAL), error))
    }

    fn resume(&self, file: &SetFile) -> Result<bool> {
        // It is read again, since the machine may have stopped before its bytes were on the disk.
        Ok(copy::digest_of(&self.partial.join(file.stored())).is_ok_and(|digest| digest == file.digest))
    }

    fn share(&self, set: &str, file: &SetFile) -> Result<bool> {
        let from = self.repository.sets().join(set).join(file.stored());
        if !fs::symlink_metadata(&from).is_ok_and(|facts| facts.is_file() && facts.len() == file.bytes) {
            return Ok(false);
        }
        let to = self.partial.join(file.stored());
        remove(&to)?;
        if let Some(folder) = to.parent() {
            create_folder(folder)?;
        }
        // A file system without hard links, or with too many of them: the file is copied.
        Ok(fs::hard_link(&from, &to).is_ok())
    }

    fn open(&self, name: &str) -> io::Result<Stored<'_>> {
        open(&self.partial.join(name))
    }

    fn publish(&mut self, files: &[SetFile], manifest: &str, digest: &str) -> Result<String> {
        let partial = &self.partial;
        let wanted: BTreeSet<PathBuf> = files.iter().map(|file| partial.join(file.stored())).collect();
        clear(&partial.join("files"), &wanted)?;
        for path in &wanted {
            sync(path)?;
        }
        write(&partial.join(MANIFEST), manifest.as_bytes())?;
        point::reach("backup.manifest");
        write(&partial.join(DIGEST), digest.as_bytes())?;
        remove(&partial.join(JOURNAL))?;
        sync(partial)?;
        point::reach("backup.digest");
        let to = self.repository.sets().join(&self.name);
        fs::rename(partial, &to).map_err(|error| Error::write(&to, error))?;
        sync(&self.repository.sets())?;
        sync(&self.repository.path)?;
        Ok(to.display().to_string())
    }
}

/// A file of the partial folder.
struct LocalFile {
    file: File,
    path: PathBuf,
}

impl Target for LocalFile {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| Error::write(&self.path, error))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        // Publishing flushes it.
        Ok(())
    }
}

fn open<'a>(path: &Path) -> io::Result<Stored<'a>> {
    let (file, state, _) = copy::open(path)?;
    Ok(Stored { bytes: state.bytes, reader: Box::new(file) })
}

/// Reads a journal: a note in each line.
fn journaled(path: &Path) -> Result<BTreeMap<String, Note>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(Error::io(path, error)),
    };
    let notes = bytes.split(|byte| *byte == b'\n').filter_map(Note::parse);
    Ok(notes.map(|note| (note.file.stored(), note)).collect())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = copy::create(path)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| Error::write(path, error))
}

/// Removes a file that may not exist. A file of a partial set is removed before it is written again: it may be a link to a file of
/// another set.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::write(path, error)),
        _ => Ok(()),
    }
}

/// Removes the rest of an interrupted backup: every file that the set does not have, and empty folders.
fn clear(folder: &Path, wanted: &BTreeSet<PathBuf>) -> Result<bool> {
    if !folder.is_dir() {
        return Ok(true);
    }
    let failed = |error| Error::write(folder, error);
    let mut is_empty = true;
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if entry.file_type().map_err(failed)?.is_dir() {
            if clear(&path, wanted)? {
                fs::remove_dir(&path).map_err(failed)?;
            } else {
                sync(&path)?;
                is_empty = false;
            }
        } else if wanted.contains(&path) {
            is_empty = false;
        } else {
            remove(&path)?;
        }
    }
    Ok(is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_ends_while_another_process_has_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Local::at(folder.path());
        let claim = repository.claim().unwrap();
        let inherited = claim.0.try_clone().unwrap();
        assert_eq!(repository.claim().unwrap_err().kind(), trailcore::ErrorKind::Io);
        drop(claim);
        repository.claim().unwrap();
        drop(inherited);
    }
}
