//! [`Manifest`]: which files of a folder are committed, and up to which place of the trail.
//!
//! Each commit is one entry, a file `_trailcore/NUMBER.json` that is created once and never changed. A file that is not in an entry does not
//! exist for readers.
//!
//! | a crash happens | a new run finds, in a local folder | in an object store | and does |
//! |---|---|---|---|
//! | before the entry | files in `_trailcore/staged/WRITER/` without an entry | objects without an entry | removes them |
//! | after it, before all files are moved | an entry with staged files | nothing | moves them |
//!
//! A writer that starts creates an entry without files. No other one can commit then: an entry of its number is there already. So a writer
//! that was suspended and comes back stops at its next commit.
//!
//! After a commit that has failed, the writer does not know whether its entry exists, or will: a put may arrive after its writer has given it
//! up. So it claims the number anew, with an entry without files; if that fails because the entry is there, the commit counts. The number of
//! the commit is part of the name of each file, so that no two tries write the same object.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use trailcore::{Error, Result};

pub use super::entry::{Entry, PublishedFile};
use super::store::{self, Store};
use super::taken_over;
use crate::checkpoint::{Checkpoint, unix_micros};

/// The entries of a folder, or of a URL of an object store.
///
/// ```no_run
/// use trailcore_stream::sink::Manifest;
/// for (path, file) in Manifest::of("lake/postings").files()? {
///     println!("{} has {} changes from {}", path.display(), file.changes, file.first);
/// }
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Manifest {
    store: Arc<dyn Store>,
}

impl Manifest {
    /// Returns the manifest of a local folder, which need not exist. [`open`](Self::open) takes a URL, too.
    #[must_use]
    pub fn of(root: impl AsRef<Path>) -> Self {
        Self { store: store::local(root.as_ref()) }
    }

    /// Returns the manifest of a folder or of a URL, with the settings of its object store, as [`FilesOptions`](super::FilesOptions) has
    /// them. It reads nothing yet.
    ///
    /// # Errors
    /// [`Unsupported`](trailcore::ErrorKind::Unsupported) for an object store that the program is built without;
    /// [`InvalidArgument`](trailcore::ErrorKind::InvalidArgument) for a URL or settings that are not valid.
    pub fn open(path: impl AsRef<Path>, settings: &BTreeMap<String, String>) -> Result<Self> {
        Ok(Self { store: store::open(path.as_ref(), settings)? })
    }

    /// Returns the manifest of a folder in an object store of the program.
    ///
    /// # Errors
    /// [`InvalidArgument`](trailcore::ErrorKind::InvalidArgument) for a folder that no object can be in;
    /// [`Io`](trailcore::ErrorKind::Io) if a runtime for its requests cannot be started.
    #[cfg(feature = "object_store")]
    pub fn in_store(store: Arc<dyn object_store::ObjectStore>, folder: &str) -> Result<Self> {
        Ok(Self { store: store::of_program(store, folder)? })
    }

    /// Returns the path, or URL, and the facts of all committed files, in the order of their commits.
    ///
    /// # Errors
    /// [`Io`](trailcore::ErrorKind::Io); [`Corrupt`](trailcore::ErrorKind::Corrupt) if an entry is not valid.
    pub fn files(&self) -> Result<Vec<(PathBuf, PublishedFile)>> {
        let mut files = Vec::new();
        for number in self.store.numbers()? {
            let Entry { writer, files: own, .. } = self.store.entry(number)?;
            files.extend(own.into_iter().map(|file| (self.store.path_of(&writer, &file), file)));
        }
        Ok(files)
    }

    /// Returns the greatest fact of the files of the newest entry that has such files.
    pub(super) fn newest<T: Ord>(&self, fact: impl Fn(&PublishedFile) -> Option<T>) -> Result<Option<T>> {
        for number in self.store.numbers()?.into_iter().rev() {
            let found = self.store.entry(number)?.files.iter().filter_map(&fact).max();
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Returns the last entry; `None` before the first start of a writer.
    ///
    /// # Errors
    /// As [`files`](Self::files).
    pub fn last(&self) -> Result<Option<Entry>> {
        self.store.numbers()?.last().map(|number| self.store.entry(*number)).transpose()
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
    /// A commit has failed, and its entry may exist or come into existence later.
    in_doubt: bool,
}

impl Committer {
    pub(super) fn new(manifest: Manifest) -> Self {
        static STARTED: AtomicU64 = AtomicU64::new(0);
        let (process, time) = (std::process::id(), unix_micros());
        let writer = format!("{process}-{time}-{}", STARTED.fetch_add(1, Ordering::Relaxed));
        Self { manifest, writer, next: None, in_doubt: false }
    }

    pub(super) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn store(&self) -> &dyn Store {
        &*self.manifest.store
    }

    /// Creates and returns the local folder for files that are not committed yet.
    pub(super) fn stage(&self) -> Result<PathBuf> {
        self.store().stage(&self.writer)
    }

    /// Returns the number of the next entry.
    pub(super) fn number(&self) -> Result<u64> {
        self.next.ok_or_else(|| Error::internal("a write before the folder is claimed"))
    }

    /// Claims the folder, finishes or undoes what a crash or a failed commit has interrupted, and returns the checkpoint of the last commit.
    pub(super) fn load(&mut self) -> Result<Option<Checkpoint>> {
        loop {
            let last = self.manifest.last()?;
            if let Some(entry) = &last {
                self.store().publish(entry)?;
            }
            let is_own = last.as_ref().is_some_and(|entry| entry.writer == self.writer);
            if self.next.is_some() && !is_own {
                (self.next, self.in_doubt) = (None, false);
                return Err(taken_over());
            }
            let (number, checkpoint) = last.map_or((0, None), |entry| (entry.number, entry.checkpoint));
            let is_settled = is_own && !self.in_doubt;
            let has_landed = is_own && self.next.is_some_and(|next| next <= number);
            if !is_settled && !has_landed {
                let (writer, files) = (self.writer.clone(), Vec::new());
                if !self.store().create(&Entry { number: number + 1, writer, files, checkpoint: checkpoint.clone() })? {
                    continue;
                }
            }
            let claimed = if is_settled || has_landed { number } else { number + 1 };
            if self.next.is_none() || self.in_doubt {
                self.store().remove_orphans(claimed)?;
            }
            (self.next, self.in_doubt) = (Some(claimed + 1), false);
            return Ok(checkpoint);
        }
    }

    /// Returns the checkpoint of the last commit, and changes nothing.
    pub(super) fn peek(&self) -> Result<Option<Checkpoint>> {
        Ok(self.manifest.last()?.and_then(|entry| entry.checkpoint))
    }

    /// Commits files, which are in the staged folder and whose contents are on the disk.
    ///
    /// # Errors
    /// [`Cancelled`](trailcore::ErrorKind::Cancelled) if another writer has claimed the folder; [`Io`](trailcore::ErrorKind::Io).
    pub(super) fn commit(&mut self, files: Vec<PublishedFile>, checkpoint: &Checkpoint) -> Result<()> {
        let number = self.number()?;
        self.in_doubt = true;
        self.store().prepare(&self.writer, &files)?;
        let entry = Entry { number, writer: self.writer.clone(), files, checkpoint: Some(checkpoint.clone()) };
        if !self.store().create(&entry)? && !crate::point::has_bug("fencing of files off") {
            (self.next, self.in_doubt) = (None, false);
            if let Err(error) = self.store().withdraw(&entry.files) {
                tracing::warn!(%error, "files without an entry are left");
            }
            return Err(taken_over());
        }
        crate::point::reach("manifest committed");
        self.store().publish(&entry)?;
        (self.next, self.in_doubt) = (Some(number + 1), false);
        self.roll_back()
    }

    /// Removes what is staged. What a failed commit leaves is the task of the next load.
    pub(super) fn roll_back(&self) -> Result<()> {
        if self.in_doubt { Ok(()) } else { self.store().unstage(&self.writer) }
    }

    /// Checks that the folder can be written to.
    pub(super) fn check(&self) -> Result<()> {
        self.store().check(&self.writer)
    }
}
