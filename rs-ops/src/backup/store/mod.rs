//! [`Store`]: where sets are: a local folder, or an object store.

mod local;
#[cfg(feature = "object_store")]
mod objects;
mod steps;

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use trailcore::{Error, ErrorKind, Result};

use super::manifest::{DIGEST, MANIFEST, Manifest};
use super::sign::{SetSignature, SignKey};
pub(crate) use local::Local;
pub(crate) use steps::{Draft, Note, SETS, Store, Stored, Target};

/// Bytes of a manifest that are read. A set of a million files has about 400 MB.
const MOST: u64 = 1 << 30;

/// Returns the local path that a text names; `None` for the URL of an object store.
pub(crate) fn local_path(text: &str) -> Option<&Path> {
    match text.split_once("://") {
        Some(("file", path)) => Some(Path::new(path)),
        Some(_) => None,
        None => Some(Path::new(text)),
    }
}

/// Returns the store of a folder or URL. It reaches for nothing.
pub(crate) fn store_at(text: &str) -> Result<Box<dyn Store>> {
    match local_path(text) {
        Some(path) => Ok(Box::new(Local::at(path))),
        None => objects_at(text),
    }
}

#[cfg(feature = "object_store")]
fn objects_at(url: &str) -> Result<Box<dyn Store>> {
    Ok(Box::new(objects::Objects::open(url)?))
}

#[cfg(not(feature = "object_store"))]
fn objects_at(url: &str) -> Result<Box<dyn Store>> {
    Err(trailcore_stream::no_object_store(url))
}

/// A set, and the store that it is in.
#[derive(Debug)]
pub(crate) struct Set {
    store: Box<dyn Store>,
    /// The folder of the set in the store: a folder with other sets, and its name.
    folder: String,
    name: String,
}

impl Set {
    /// Returns the set at a path or URL, whether it exists or not.
    fn at(text: &str) -> Result<Self> {
        let trimmed = text.trim_end_matches('/');
        if let Some(path) = local_path(trimmed) {
            // A path such as `.` has no name.
            let path = if path.file_name().is_some() { path.to_path_buf() } else { real(path)? };
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            let store = Box::new(Local::at(path.parent().unwrap_or(Path::new(""))));
            return Ok(Self { store, folder: String::new(), name });
        }
        let (parent, name) = trimmed.rsplit_once('/').unwrap_or((trimmed, ""));
        // A bucket has no folder above it.
        let store = store_at(if parent.ends_with('/') { trimmed } else { parent })?;
        Ok(Self { store, folder: String::new(), name: if parent.ends_with('/') { String::new() } else { name.to_owned() } })
    }

    fn in_repository(store: Box<dyn Store>, name: String) -> Self {
        Self { store, folder: SETS.to_owned(), name }
    }

    fn in_set(&self, set: &str, file: &str) -> String {
        [self.folder.as_str(), set, file].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }

    /// Returns the path or URL of the set.
    pub(crate) fn place(&self) -> String {
        self.store.place(&self.in_set(&self.name, ""))
    }

    /// Returns its name in its repository; `None` for a set that is elsewhere, such as one from an archive.
    pub(crate) fn name_in_repository(&self) -> Option<&str> {
        let place = self.place();
        let local = local_path(&place).and_then(|path| std::path::absolute(path).ok());
        let place = local.map_or(place, |path| path.display().to_string());
        (place.rsplit('/').nth(1) == Some(SETS)).then_some(&*self.name)
    }

    /// Opens a file.
    pub(crate) fn open(&self, file: &str) -> io::Result<Stored<'_>> {
        self.store.open(&self.in_set(&self.name, file))
    }

    fn has(&self, file: &str) -> Result<bool> {
        self.store.is_file(&self.in_set(&self.name, file))
    }

    /// Returns the names of its files.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let folder = self.in_set(&self.name, "");
        let files = self.store.files(&folder)?;
        let below = |name: &str| name.strip_prefix(&folder).unwrap_or(name).trim_start_matches('/').to_owned();
        Ok(files.iter().map(|name| below(name)).collect())
    }

    fn text(&self, set: &str, file: &str) -> Result<String> {
        let name = self.in_set(set, file);
        let mut text = String::new();
        let read = self.store.open(&name).and_then(|stored| stored.reader.take(MOST).read_to_string(&mut text));
        read.map_err(|error| Error::io(self.store.place(&name).as_ref(), error))?;
        Ok(text)
    }

    /// Returns the digest of the manifest of another set beside this one; `None` if there is none.
    pub(crate) fn digest_beside(&self, set: &str) -> Result<Option<String>> {
        let is_plain = !set.is_empty() && !set.contains('/') && set != "..";
        if !is_plain || !self.store.is_file(&self.in_set(set, MANIFEST))? {
            return Ok(None);
        }
        Ok(Some(blake3::hash(self.text(set, MANIFEST)?.as_bytes()).to_hex().to_string()))
    }

    /// Reads the manifest, and returns it with its digest.
    pub(crate) fn manifest(&self) -> Result<(Manifest, String)> {
        let (manifest, digest, _) = self.signed_manifest(&[])?;
        Ok((manifest, digest))
    }

    /// Reads the manifest, and returns it with its digest and signature.
    pub(crate) fn signed_manifest(&self, keys: &[SignKey]) -> Result<(Manifest, String, SetSignature)> {
        let text = self.text(&self.name, MANIFEST)?;
        let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
        let place = self.store.place(&self.in_set(&self.name, MANIFEST));
        let beside = self.text(&self.name, DIGEST)?;
        let (own, signature) = beside.split_once('\n').unwrap_or((&beside, ""));
        if own != digest {
            let what = "the manifest is not the one that was written: its digest differs";
            return Err(Error::new(ErrorKind::Corrupt, what).in_file(place).hint("use another set"));
        }
        Ok((Manifest::parse(&text, &place)?, digest, SetSignature::of(signature.trim_end(), &text, keys)))
    }
}

impl Manifest {
    /// Reads the manifest of a set. The set is a local folder, or the URL of one in an object store.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) without a manifest, [`Corrupt`](ErrorKind::Corrupt) if its digest is another one or a path
    /// leads out of the set, [`Unsupported`](ErrorKind::Unsupported) for another form.
    pub fn open(set: impl AsRef<Path>) -> Result<Self> {
        Ok(Set::at(&set.as_ref().to_string_lossy())?.manifest()?.0)
    }
}

fn real(path: &Path) -> Result<PathBuf> {
    path.canonicalize().map_err(|error| Error::io(path, error))
}

/// Returns a set: the one at a path or URL, or the last one of a repository.
///
/// # Errors
/// [`NotFound`](ErrorKind::NotFound) if there is neither.
pub(crate) fn set_at(text: &str) -> Result<Set> {
    let set = Set::at(text)?;
    if set.has(MANIFEST)? {
        return Ok(set);
    }
    let store = store_at(text)?;
    let last = match local_path(text) {
        Some(path) if !path.join(SETS).is_dir() => None,
        _ => store.names()?.pop(),
    };
    last.map(|name| Set::in_repository(store, name)).ok_or_else(|| {
        let error = Error::new(ErrorKind::NotFound, "there is no set at this path").in_file(text);
        error.hint("name a set, or a repository with a complete set; an interrupted backup is no set")
    })
}

/// Returns a set of a repository by its name.
pub(crate) fn set_of(repository: &str, name: &str) -> Result<Set> {
    Ok(Set::in_repository(store_at(repository)?, name.to_owned()))
}
