//! [`Manifest`]: which files of a folder are committed, and up to which place of the trail.
//!
//! Each commit is one entry, a file `_trailcore/NUMBER.json` that is created once and never changed. A file that is not in an entry does not
//! exist for readers. The data of a commit are in `_trailcore/staged/WRITER/` until the entry is there, and are moved then:
//!
//! | a crash happens | a new run finds | and does |
//! |---|---|---|
//! | before the entry | staged files without an entry | removes them |
//! | after it, before all files are moved | an entry with staged files | moves them |
//!
//! A writer that starts creates an entry without files. No other one can commit then: an entry of its number is there already. So a writer
//! that was suspended and comes back stops at its next commit, and only then are the files that it has staged removed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Position, Result};

use super::taken_over;
use crate::checkpoint::{Checkpoint, unix_micros};
use crate::durable;

const FOLDER: &str = "_trailcore";
const STAGED: &str = "staged";

/// A committed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PublishedFile {
    /// Its path below the folder.
    pub path: String,
    /// The table whose changes it has; empty for all tables.
    pub table: String,
    /// Its changes.
    pub changes: u64,
    /// Its bytes.
    pub bytes: u64,
    /// The position of its first change.
    pub first: Position,
    /// The position of its last change.
    pub last: Position,
}

/// An entry: the files of one commit, and the place of the trail up to which they go.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "One commit of a file sink."))]
pub struct Entry {
    /// Its number, from 1.
    pub number: u64,
    /// The writer: the start of one process's sink.
    pub writer: String,
    /// The files, in the order in which they were begun. The entry of a start has none.
    pub files: Vec<PublishedFile>,
    /// The place at which the pipeline continues; null before the first commit.
    pub checkpoint: Option<Checkpoint>,
}

/// The entries of a folder.
///
/// ```no_run
/// use trailcore_stream::sink::Manifest;
/// for (path, file) in Manifest::of("lake/postings").files()? {
///     println!("{} has {} changes from {}", path.display(), file.changes, file.first);
/// }
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Manifest {
    root: PathBuf,
}

impl Manifest {
    /// Returns the manifest of a folder, which need not exist.
    #[must_use]
    pub fn of(root: impl AsRef<Path>) -> Self {
        Self { root: root.as_ref().to_path_buf() }
    }

    /// Returns the path and facts of all committed files, in the order of their commits.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io); [`Corrupt`](ErrorKind::Corrupt) if an entry is not valid.
    pub fn files(&self) -> Result<Vec<(PathBuf, PublishedFile)>> {
        let mut files = Vec::new();
        for number in self.numbers()? {
            let Entry { writer, files: own, .. } = self.entry(number)?;
            files.extend(own.into_iter().map(|file| {
                let path = self.root.join(&file.path);
                // A writer moves it just now, or the next one does.
                (if path.exists() { path } else { self.staged(&writer).join(&file.path) }, file)
            }));
        }
        Ok(files)
    }

    /// Returns the last entry; `None` before the first start of a writer.
    ///
    /// # Errors
    /// As [`files`](Self::files).
    pub fn last(&self) -> Result<Option<Entry>> {
        self.numbers()?.last().map(|number| self.entry(*number)).transpose()
    }

    fn folder(&self) -> PathBuf {
        self.root.join(FOLDER)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder().join(format!("{number:020}.json"))
    }

    /// Returns the folder for the files of a writer before their entry is there.
    fn staged(&self, writer: &str) -> PathBuf {
        self.folder().join(STAGED).join(writer)
    }

    /// Returns the numbers of all entries, in order.
    fn numbers(&self) -> Result<Vec<u64>> {
        let folder = self.folder();
        let listed = match fs::read_dir(&folder) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io(&folder, error)),
        };
        let mut numbers = Vec::new();
        for file in listed {
            let name = file.map_err(|error| Error::io(&folder, error))?.file_name();
            numbers.extend(name.to_str().and_then(|name| name.strip_suffix(".json")?.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn entry(&self, number: u64) -> Result<Entry> {
        let path = self.path(number);
        let text = fs::read(&path).map_err(|error| Error::io(&path, error))?;
        serde_json::from_slice(&text).map_err(|error| {
            Error::new(ErrorKind::Corrupt, format!("the entry of the manifest is not valid: {error}")).in_file(&path)
        })
    }

    /// Creates an entry. Returns `false` if there is one of its number.
    fn create(&self, entry: &Entry) -> Result<bool> {
        let (folder, path) = (self.folder(), self.path(entry.number));
        let temporary = folder.join(format!("{}.{}.new", entry.number, entry.writer));
        let text = serde_json::to_vec(entry).map_err(|error| Error::internal(&error.to_string()))?;
        let failed = |error| Error::write(&path, error);
        fs::create_dir_all(&folder).and_then(|()| durable::write(&temporary, &text)).map_err(failed)?;
        if !entry.files.is_empty() {
            crate::point::reach("manifest written");
        }
        match renameat_with(CWD, &temporary, CWD, &path, RenameFlags::NOREPLACE) {
            Ok(()) => durable::sync_up(&folder, &self.root).map(|()| true).map_err(failed),
            Err(Errno::EXIST) => fs::remove_file(&temporary).map(|()| false).map_err(failed),
            Err(error) => Err(failed(error.into())),
        }
    }

    /// Moves the files of an entry to their places. Doing it again has no effect.
    fn move_files(&self, entry: &Entry) -> Result<()> {
        let staged = self.staged(&entry.writer);
        let mut folders = Vec::new();
        for file in &entry.files {
            let (from, to) = (staged.join(&file.path), self.root.join(&file.path));
            let folder = durable::folder_of(&to).to_path_buf();
            fs::create_dir_all(&folder).map_err(|error| Error::write(&folder, error))?;
            match fs::rename(&from, &to) {
                Ok(()) => {}
                // It has been moved already.
                Err(error) if error.kind() == io::ErrorKind::NotFound && to.exists() => {}
                Err(error) => return Err(Error::write(&to, error)),
            }
            crate::point::reach("file moved");
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders.iter().try_for_each(|folder| durable::sync_up(folder, &self.root).map_err(|error| Error::write(folder, error)))
    }
}

/// Writes the entries of a folder, for one sink.
#[derive(Debug)]
pub(super) struct Committer {
    manifest: Manifest,
    /// Identifies this sink of this process.
    writer: String,
    /// The number of the next entry; `None` until the folder is claimed.
    next: Option<u64>,
}

impl Committer {
    pub(super) fn new(root: &Path) -> Self {
        static STARTED: AtomicU64 = AtomicU64::new(0);
        let (process, time) = (std::process::id(), unix_micros());
        let writer = format!("{process}-{time}-{}", STARTED.fetch_add(1, Ordering::Relaxed));
        Self { manifest: Manifest::of(root), writer, next: None }
    }

    pub(super) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the folder for files that are not committed yet.
    pub(super) fn staged(&self) -> PathBuf {
        self.manifest.staged(&self.writer)
    }

    /// Returns the number of the next entry.
    pub(super) fn number(&self) -> Result<u64> {
        self.next.ok_or_else(|| Error::internal("a write before the folder is claimed"))
    }

    /// Claims the folder, finishes or undoes what a crash has interrupted, and returns the checkpoint of the last commit.
    pub(super) fn load(&mut self) -> Result<Option<Checkpoint>> {
        let checkpoint = loop {
            let last = self.manifest.last()?;
            if let Some(entry) = &last {
                self.manifest.move_files(entry)?;
            }
            let is_own = last.as_ref().is_some_and(|entry| entry.writer == self.writer);
            if self.next.take().is_some() && !is_own {
                return Err(taken_over());
            }
            let number = last.as_ref().map_or(1, |entry| entry.number + 1);
            let checkpoint = last.and_then(|entry| entry.checkpoint);
            if is_own {
                self.next = Some(number);
                break checkpoint;
            }
            let (writer, files) = (self.writer.clone(), Vec::new());
            if self.manifest.create(&Entry { number, writer, files, checkpoint: checkpoint.clone() })? {
                self.next = Some(number + 1);
                break checkpoint;
            }
        };
        // No other writer can commit now what it has staged.
        let staged = self.manifest.folder().join(STAGED);
        durable::remove_folder(&staged).map_err(|error| Error::write(&staged, error))?;
        Ok(checkpoint)
    }

    /// Returns the checkpoint of the last commit, and changes nothing.
    pub(super) fn peek(&self) -> Result<Option<Checkpoint>> {
        Ok(self.manifest.last()?.and_then(|entry| entry.checkpoint))
    }

    /// Commits files, which are in the staged folder and whose contents are on the disk.
    ///
    /// # Errors
    /// [`Cancelled`](ErrorKind::Cancelled) if another writer has claimed the folder; [`Io`](ErrorKind::Io).
    pub(super) fn commit(&mut self, files: Vec<PublishedFile>, checkpoint: &Checkpoint) -> Result<()> {
        let number = self.number()?;
        let staged = self.staged();
        for file in &files {
            let path = staged.join(&file.path);
            durable::sync_up(durable::folder_of(&path), &self.manifest.folder()).map_err(|error| Error::write(&path, error))?;
        }
        let entry = Entry { number, writer: self.writer.clone(), files, checkpoint: Some(checkpoint.clone()) };
        if !self.manifest.create(&entry)? {
            self.next = None;
            return Err(taken_over());
        }
        crate::point::reach("manifest committed");
        self.next = Some(number + 1);
        self.manifest.move_files(&entry)?;
        self.roll_back()
    }

    /// Removes what is staged.
    pub(super) fn roll_back(&self) -> Result<()> {
        let staged = self.staged();
        durable::remove_folder(&staged).map_err(|error| Error::write(&staged, error))
    }

    /// Checks that the folder can be written to.
    pub(super) fn check(&self) -> Result<()> {
        let folder = self.manifest.folder();
        let probe = folder.join(format!("{}.probe", self.writer));
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&probe, b""))
            .and_then(|()| fs::remove_file(&probe))
            .map_err(|error| Error::write(&folder, error))
    }
}
