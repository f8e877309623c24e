//! [`Store`]: what a commit needs of the place of the files.

use std::fmt;
use std::path::{Path, PathBuf};

use trailcore::Result;

use crate::sink::entry::{Entry, PublishedFile};

/// The folder of the manifest, below that of the data.
pub(super) const FOLDER: &str = "_trailcore";

/// Returns whether a path is a URL.
pub(in crate::sink) fn is_url(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains("://"))
}

/// The steps of a commit. Each may be interrupted by a crash, and is called again then.
///
/// | step | in a local folder | in an object store |
/// |---|---|---|
/// | files are written | in the folder `stage` returns | the same, on the local disk |
/// | `prepare` | flushes them | puts them under their final names |
/// | `create` | renames the entry to its name, unless there is one | puts the entry, on the condition that there is none |
/// | `publish` | moves them to their places | |
pub(in crate::sink) trait Store: fmt::Debug + Send + Sync {
    /// Creates and returns the local folder in which a writer keeps files that are not committed.
    fn stage(&self, writer: &str) -> Result<PathBuf>;

    /// Removes what a writer has staged.
    fn unstage(&self, writer: &str) -> Result<()>;

    /// Makes staged files ready for an entry.
    fn prepare(&self, writer: &str, files: &[PublishedFile]) -> Result<()>;

    /// Undoes `prepare`, for files that are not in an entry and never will be.
    fn withdraw(&self, files: &[PublishedFile]) -> Result<()>;

    /// Creates an entry. Returns `false` if there is another one of its number. After an error, it may exist or come into existence later.
    fn create(&self, entry: &Entry) -> Result<bool>;

    /// Makes the files of an entry visible. Doing it again has no effect.
    fn publish(&self, entry: &Entry) -> Result<()>;

    /// Removes the files that no entry has. `claimed` is an entry of the caller, so that no other writer can commit up to its number.
    fn remove_orphans(&self, claimed: u64) -> Result<()>;

    /// Returns the numbers of the entries, sorted.
    fn numbers(&self) -> Result<Vec<u64>>;

    /// Returns an entry.
    fn entry(&self, number: u64) -> Result<Entry>;

    /// Returns the path or URL at which readers find a file of a writer's entry.
    fn path_of(&self, writer: &str, file: &PublishedFile) -> PathBuf;

    /// Checks that it can be written to.
    fn check(&self, writer: &str) -> Result<()>;
}
