//! [`Store`]: where the files of a sink and the entries of its manifest are: a local folder, or an object store.

mod local;
#[cfg(feature = "object_store")]
mod objects;
#[cfg(feature = "object_store")]
mod scratch;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trailcore::{Error, ErrorKind, Result};

use super::entry::{Entry, PublishedFile};
use local::Local;
#[cfg(feature = "object_store")]
use objects::Objects;
#[cfg(feature = "object_store")]
pub use objects::{OpenStore, register_store};

/// The folder of the manifest, below that of the data.
const FOLDER: &str = "_trailcore";

/// The steps of a commit. Each may be interrupted by a crash, and is called again then.
///
/// | step | in a local folder | in an object store |
/// |---|---|---|
/// | files are written | in the folder `stage` returns | the same, on the local disk |
/// | `prepare` | flushes them | puts them under their final names |
/// | `create` | renames the entry to its name, unless there is one | puts the entry, on the condition that there is none |
/// | `publish` | moves them to their places | |
pub(super) trait Store: fmt::Debug + Send + Sync {
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

/// Returns the store of a path: a local folder, or the URL of an object store. It reaches for nothing.
pub(super) fn open(path: &Path, settings: &BTreeMap<String, String>) -> Result<Arc<dyn Store>> {
    let url = path.to_str().and_then(|text| text.split_once("://").map(|(scheme, rest)| (text, scheme, rest)));
    match url {
        Some((text, scheme, rest)) if scheme != "file" => open_url(text, scheme, rest, settings),
        _ if !settings.is_empty() => Err(Error::new(ErrorKind::InvalidArgument, "settings have no effect on a local folder")
            .hint("leave them out, or set path to a URL such as s3://bucket/folder")),
        Some((_, _, rest)) if rest.starts_with('/') => Ok(local(Path::new(rest))),
        Some((text, ..)) => Err(Error::new(ErrorKind::InvalidArgument, format!("{text} names another machine"))
            .hint("write file:///folder, or the path of the folder")),
        None => Ok(local(path)),
    }
}

/// Returns the store of a local folder.
pub(super) fn local(root: &Path) -> Arc<dyn Store> {
    Arc::new(Local::new(root))
}

/// Returns the store of a folder in an object store of the program.
#[cfg(feature = "object_store")]
pub(super) fn of_program(store: Arc<dyn object_store::ObjectStore>, folder: &str) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(Objects::new(store, folder, folder, &BTreeMap::new())?))
}

/// Returns whether a path is a URL.
pub(super) fn is_url(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains("://"))
}

#[cfg(feature = "object_store")]
fn open_url(url: &str, scheme: &str, rest: &str, settings: &BTreeMap<String, String>) -> Result<Arc<dyn Store>> {
    let (host, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if host.contains('@') && host.contains(':') {
        let what = "a URL with a password is refused";
        return Err(Error::new(ErrorKind::InvalidArgument, what).hint("put it into settings, as ${NAME} of the environment"));
    }
    let store = objects::opener(scheme)?(url, settings)?;
    Ok(Arc::new(Objects::new(store, prefix, url, settings)?))
}

#[cfg(not(feature = "object_store"))]
fn open_url(_: &str, scheme: &str, _: &str, _: &BTreeMap<String, String>) -> Result<Arc<dyn Store>> {
    let what = format!("this library is built without object stores, which {scheme}:// needs");
    Err(Error::new(ErrorKind::Unsupported, what).hint(WAY_OUT))
}

/// The way to a program that can write to object stores.
const WAY_OUT: &str = "use the program of the crate trailcore-object-store, such as by cargo install trailcore-object-store";
