//! [`Store`]: what backups need of the place of their sets.

use std::fmt;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Result};

use crate::backup::manifest::SetFile;
use crate::backup::sign::{SetSignature, SignKey};

/// The folder of the complete sets in a repository.
pub(crate) const SETS: &str = "sets";
/// The folder of a backup that runs, or that was interrupted.
pub(super) const PARTIAL: &str = "partial";

/// A file of a store that is read.
pub(crate) struct Stored<'a> {
    pub(crate) bytes: u64,
    pub(crate) reader: Box<dyn Read + 'a>,
}

/// A local folder or a folder in an object store: a repository, or the folder of a set. Names of files are below it, with `/`.
pub(crate) trait Store: fmt::Debug + Send + Sync {
    /// Returns the path or URL of a file, for reports and messages.
    fn place(&self, name: &str) -> String;

    /// Opens a file.
    fn open(&self, name: &str) -> io::Result<Stored<'_>>;

    /// Returns whether there is a file.
    fn is_file(&self, name: &str) -> Result<bool>;

    /// Returns the names of all files below a folder.
    fn files(&self, below: &str) -> Result<Vec<String>>;

    /// Returns the names of the complete sets of a repository, the oldest first.
    fn names(&self) -> Result<Vec<String>>;

    /// Begins a set. `first` is the name that it gets if no other set has it.
    fn begin(&self, first: &str) -> Result<Box<dyn Draft + '_>>;
}

/// A sealed trail file that a backup has completed, for the one after an interruption.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) file: SetFile,
    /// The line of a signature, of a backup that signs: what a writer without the key notes must not get into a signed set.
    #[serde(default)]
    signature: String,
}

impl Note {
    pub(crate) fn new(file: &SetFile, key: Option<&SignKey>) -> Result<Self> {
        let signature = key.map_or(Ok(String::new()), |key| to_text(file).map(|text| key.line(&text)))?;
        Ok(Self { file: file.clone(), signature })
    }

    /// Returns whether it was signed with one of the keys, if there are keys.
    pub(crate) fn is_good(&self, keys: &[SignKey]) -> bool {
        to_text(&self.file).is_ok_and(|text| SetSignature::of(self.signature.trim_end(), &text, keys).is_good(keys))
    }

    /// Reads a note. `None` for one that is cut off: its file is copied again.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok().filter(|note: &Self| note.file.is_inside())
    }

    pub(super) fn to_text(&self) -> Result<String> {
        to_text(self)
    }
}

fn to_text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal(&format!("a note: {error}")))
}

/// A set that is made. It is no set before it is published, whatever ends the process.
///
/// | step | in a local folder | in an object store |
/// |---|---|---|
/// | the repository is claimed | a lock, until the end of the process | earlier backups that have not ended cannot publish any more |
/// | files are written | in `partial` | under their final names |
/// | a file is shared with another set | a hard link | a copy inside of the store |
/// | published | `partial` is renamed | the digest of the manifest is put, on the condition that there is none |
pub(crate) trait Draft {
    /// Returns the name of the set.
    fn name(&self) -> &str;

    /// Returns the name of the last complete set.
    fn previous(&self) -> Option<&str>;

    /// Returns the sealed trail files that an interrupted backup has completed.
    fn interrupted(&self) -> Vec<Note>;

    /// Returns whether a file can have a name.
    fn is_name(&self, name: &str) -> bool;

    /// Starts a file, in place of one that there is.
    fn create(&self, name: &str) -> Result<Box<dyn Target + '_>>;

    /// Notes a file that is complete, for the backup after an interruption.
    fn note(&mut self, note: &Note) -> Result<()>;

    /// Takes a file of the interrupted backup. Returns `false` if its contents are others.
    fn resume(&self, file: &SetFile) -> Result<bool>;

    /// Takes a file of another set. Returns `false` if it has to be copied.
    fn share(&self, set: &str, file: &SetFile) -> Result<bool>;

    /// Opens a file of the set.
    fn open(&self, name: &str) -> io::Result<Stored<'_>>;

    /// Removes what the set does not have, writes the manifest and the text of its digest, and publishes the set. Returns its path or URL.
    fn publish(&mut self, files: &[SetFile], manifest: &str, digest: &str) -> Result<String>;
}

/// A file that is written.
pub(crate) trait Target {
    fn write(&mut self, bytes: &[u8]) -> Result<()>;

    /// Ends the file. One that is dropped before its end is not complete.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// Returns the names that a set can get: of its time, then with a number.
pub(super) fn candidates(first: &str) -> impl Iterator<Item = String> {
    let numbered = (2..10_000).map(move |number| format!("{first}-{number:04}"));
    std::iter::once(first.to_owned()).chain(numbered)
}

pub(super) fn too_many() -> Error {
    Error::new(ErrorKind::InvalidArgument, "the repository has too many sets of this second")
}

/// Refuses a set whose time is before that of the last one.
pub(super) fn check_clock(last: Option<&String>, first: &str) -> Result<()> {
    match last.filter(|last| last.as_str() > first && !last.starts_with(first)) {
        Some(last) => {
            let what = format!("the last set of the repository, {last}, is later than {first}");
            Err(Error::new(ErrorKind::InvalidArgument, what).hint("check the clock, or use another repository"))
        }
        None => Ok(()),
    }
}

/// Returns the error of a repository to which another backup writes.
pub(super) fn claimed(place: &str) -> Error {
    let error = Error::new(ErrorKind::Io, "another backup writes to the repository").in_file(place);
    error.hint("wait for it, or use another repository")
}
