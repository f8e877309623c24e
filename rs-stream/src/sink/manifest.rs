//! [`Manifest`]: which files of a folder are committed, and up to which place of the trail.
//!
//! Each commit is one entry, a file `_trailcore/NUMBER.json` that is created once and never changed. A file that is not in an entry does not
//! exist for readers. The data of a commit are in `_trailcore/staged/NUMBER/` until the entry is there, and are moved then:
//!
//! | a crash happens | a new run finds | and does |
//! |---|---|---|
//! | before the entry | staged files without an entry | removes them |
//! | after it, before all files are moved | an entry with staged files | moves them |
//!
//! Two writers cannot both create an entry of one number: the second one fails, so a writer that was suspended and comes back cannot write
//! any more.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Position, Result};

use crate::checkpoint::Checkpoint;

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
    /// The files, in the order in which they were begun.
    pub files: Vec<PublishedFile>,
    /// The place at which the pipeline continues.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Value"))]
    pub checkpoint: Checkpoint,
}

/// The entries of a folder.
///
/// ```no_run
/// use trailcore_stream::sink::Manifest;
/// for (path, file) in Manifest::open("lake/postings")?.files()? {
///     println!("{} has {} changes from {}", path.display(), file.changes, file.first);
/// }
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Manifest {
    root: PathBuf,
}

impl Manifest {
    /// Opens the manifest of a folder, which need not exist.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io).
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { root: root.as_ref().to_path_buf() })
    }

    /// Returns the path and facts of all committed files, in the order of their commits.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io); [`Corrupt`](ErrorKind::Corrupt) if an entry is not valid.
    pub fn files(&self) -> Result<Vec<(PathBuf, PublishedFile)>> {
        let mut files = Vec::new();
        for number in self.numbers()? {
            let entry = self.entry(number)?;
            for file in entry.files {
                let path = self.root.join(&file.path);
                let path = if path.exists() { path } else { self.staged(number).join(&file.path) };
                files.push((path, file));
            }
        }
        Ok(files)
    }

    /// Returns the last entry; `None` before the first commit.
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

    /// Returns the folder for the files of an entry before it is there.
    pub(super) fn staged(&self, number: u64) -> PathBuf {
        self.folder().join(STAGED).join(number.to_string())
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

    /// Finishes or undoes the commit that a crash has interrupted. Returns the last entry.
    pub(super) fn recover(&self) -> Result<Option<Entry>> {
        let last = self.last()?;
        if let Some(entry) = &last {
            self.move_files(entry)?;
        }
        let staged = self.folder().join(STAGED);
        match fs::remove_dir_all(&staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::write(&staged, error)),
            _ => Ok(last),
        }
    }

    /// Commits an entry, whose files are staged and on the disk.
    ///
    /// # Errors
    /// [`Cancelled`](ErrorKind::Cancelled) if another writer has committed an entry of this number; [`Io`](ErrorKind::Io).
    pub(super) fn commit(&self, entry: &Entry) -> Result<()> {
        let (folder, path) = (self.folder(), self.path(entry.number));
        let temporary = folder.join(format!("{}.{}.new", entry.number, std::process::id()));
        let text = serde_json::to_vec(entry).map_err(|error| Error::internal(&error.to_string()))?;
        let failed = |error| Error::write(&path, error);
        fs::create_dir_all(&folder).map_err(failed)?;
        write_durably(&temporary, &text).map_err(failed)?;
        crate::point::reach("manifest written");
        match renameat_with(CWD, &temporary, CWD, &path, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(Errno::EXIST) => {
                // An error of removing it would hide the first one.
                let _ = fs::remove_file(&temporary);
                let what = format!("another writer has committed entry {}: this one must not go on", entry.number);
                return Err(Error::new(ErrorKind::Cancelled, what).in_file(&path));
            }
            Err(error) => return Err(failed(error.into())),
        }
        sync_folder(&folder).map_err(failed)?;
        crate::point::reach("manifest committed");
        self.move_files(entry)
    }

    /// Moves the files of an entry to their places. Doing it again has no effect.
    fn move_files(&self, entry: &Entry) -> Result<()> {
        let staged = self.staged(entry.number);
        let mut folders = Vec::new();
        for file in &entry.files {
            let (from, to) = (staged.join(&file.path), self.root.join(&file.path));
            let folder = to.parent().unwrap_or(&self.root).to_path_buf();
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
        folders.iter().try_for_each(|folder| sync_folder(folder).map_err(|error| Error::write(folder, error)))?;
        match fs::remove_dir_all(&staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::write(&staged, error)),
            _ => Ok(()),
        }
    }

    /// Checks that the folder can be written to.
    pub(super) fn check(&self) -> Result<()> {
        let folder = self.folder();
        let probe = folder.join(format!("{}.probe", std::process::id()));
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&probe, b""))
            .and_then(|()| fs::remove_file(&probe))
            .map_err(|error| Error::write(&folder, error))
    }
}

fn write_durably(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
