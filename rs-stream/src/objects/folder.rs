//! [`ObjectFolder`]: a folder in an object store, such as `s3://bucket/folder`, for threads that wait for each request.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use futures_util::future::{ready, try_join_all};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path as ObjectPath;
use object_store::{MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, UploadPart};
use parking_lot::RwLock;
use tokio::runtime::{Builder, Handle, Runtime};
use trailcore::{Error, ErrorKind, Result};

use super::no_object_store;

/// Larger objects are put in parts of this size.
pub(crate) const PART: usize = 16 << 20;
/// Requests at the same time.
pub(crate) const REQUESTS: usize = 4;

/// Opens the object store that a URL names, with the settings of [`FilesOptions`](crate::sink::FilesOptions). It reaches for nothing: the
/// first request does. The paths of its objects start after the host of the URL, such as the bucket.
pub type OpenStore = fn(url: &str, settings: &BTreeMap<String, String>) -> Result<Arc<dyn ObjectStore>>;

static OPENERS: RwLock<BTreeMap<String, OpenStore>> = RwLock::new(BTreeMap::new());

/// Makes URLs of a scheme, such as `s3`, known to the process, in place of what was known for it before. Any thread can call it.
///
/// The crate `trailcore-object-store` registers the object stores of Amazon, Google and Microsoft.
pub fn register_store(scheme: &str, open: OpenStore) {
    OPENERS.write().insert(scheme.to_owned(), open);
}

/// A folder in an object store. Each call waits for its request.
///
/// ```
/// use std::io::{Read as _, Write as _};
/// use std::sync::Arc;
/// use trailcore_stream::ObjectFolder;
/// use trailcore_stream::object_store::memory::InMemory;
///
/// let folder = ObjectFolder::in_store(Arc::new(InMemory::new()), "backup")?;
/// let mut upload = folder.upload("a/b")?;
/// upload.write_all(b"content").map_err(|error| trailcore::Error::write("a/b".as_ref(), error))?;
/// upload.finish()?;
/// assert_eq!(folder.list("a")?, [("a/b".to_owned(), 7)]);
/// assert!(folder.put_new("once", b"1".to_vec())? && !folder.put_new("once", b"2".to_vec())?);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug)]
pub struct ObjectFolder {
    store: Arc<dyn ObjectStore>,
    folder: ObjectPath,
    /// The URL of the folder, without a slash at its end.
    url: String,
    /// Values of settings that no message has.
    secrets: Vec<String>,
    requests: Requests,
}

impl ObjectFolder {
    /// Opens the folder that a URL names. It reaches for nothing: the first request does.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) for a scheme that is not registered; [`InvalidArgument`](ErrorKind::InvalidArgument) for a URL
    /// or settings that are not valid.
    pub fn open(url: &str, settings: &BTreeMap<String, String>) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let (host, folder) = rest.split_once('/').unwrap_or((rest, ""));
        if host.contains('@') && host.contains(':') {
            let what = "a URL with a password is refused";
            return Err(Error::new(ErrorKind::InvalidArgument, what).hint("put it into settings, as ${NAME} of the environment"));
        }
        let opener = OPENERS.read().get(scheme).copied();
        let opener = opener.ok_or_else(|| no_object_store(url))?;
        Self::new(opener(url, settings)?, folder, url, settings)
    }

    /// Returns a folder in an object store of the program.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a folder that no object can be in; [`Io`](ErrorKind::Io) if a runtime for its
    /// requests cannot be started.
    pub fn in_store(store: Arc<dyn ObjectStore>, folder: &str) -> Result<Self> {
        Self::new(store, folder, folder, &BTreeMap::new())
    }

    pub(crate) fn new(store: Arc<dyn ObjectStore>, folder: &str, url: &str, settings: &BTreeMap<String, String>) -> Result<Self> {
        let folder = folder.trim_end_matches('/');
        let folder = ObjectPath::parse(folder).map_err(|error| {
            Error::new(ErrorKind::InvalidArgument, format!("{folder:?} is no folder of an object store: {error}"))
        })?;
        let secrets = settings.iter().filter(|(name, value)| is_secret(name) && !value.is_empty());
        let secrets = secrets.map(|(_, value)| value.clone()).collect();
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { store, folder, url, secrets, requests: Requests::new()? })
    }

    /// Returns the URL of an object, or of the folder for an empty name.
    #[must_use]
    pub fn url_of(&self, name: &str) -> String {
        if name.is_empty() { self.url.clone() } else { format!("{}/{name}", self.url) }
    }

    pub(crate) fn store(&self) -> &dyn ObjectStore {
        &*self.store
    }

    /// Waits for a request.
    pub(crate) fn run<T: Send>(&self, request: impl Future<Output = T> + Send) -> Result<T> {
        self.requests.run(request)
    }

    pub(crate) fn path(&self, name: &str) -> Result<ObjectPath> {
        let path = match (self.folder.as_ref(), name) {
            ("", name) => name.to_owned(),
            (folder, "") => folder.to_owned(),
            (folder, name) => format!("{folder}/{name}"),
        };
        ObjectPath::parse(path)
            .map_err(|error| Error::new(ErrorKind::Io, format!("no object can have the name: {error}")).in_file(name))
    }

    /// Returns the name of an object of the folder.
    fn name_of(&self, path: &ObjectPath) -> String {
        let folder = self.folder.as_ref();
        let below = if folder.is_empty() { Some(path.as_ref()) } else { path.as_ref().strip_prefix(folder) };
        below.unwrap_or(path.as_ref()).trim_start_matches('/').to_owned()
    }

    /// Returns whether an object can have a name.
    #[must_use]
    pub fn is_name(&self, name: &str) -> bool {
        self.path(name).is_ok()
    }

    /// Returns the error of a request: what the store reports, without secrets.
    pub(crate) fn failed(&self, what: &str, path: &ObjectPath, error: &object_store::Error) -> Error {
        let kind = match error {
            object_store::Error::NotFound { .. } => ErrorKind::NotFound,
            object_store::Error::NotSupported { .. } | object_store::Error::NotImplemented { .. } => ErrorKind::Unsupported,
            _ => ErrorKind::Io,
        };
        let text = without_secrets(&error.to_string(), &self.secrets);
        Error::new(kind, format!("cannot {what} the object: {text}")).in_file(self.url_of(&self.name_of(path)))
    }

    /// Puts an object if there is none of its name. Returns whether it did.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io): the object may exist then, or come into existence later.
    pub fn put_new(&self, name: &str, content: Vec<u8>) -> Result<bool> {
        let path = self.path(name)?;
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.requests.run(self.store.put_opts(&path, content.into(), options))? {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(self.failed("create", &path, &error)),
        }
    }

    /// Checks that the store obeys the condition of [`put_new`](Self::put_new), with an empty object of this name. It stays, so that two
    /// that check at the same time do not disturb each other.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if it does not; the errors of its requests.
    pub fn check_conditions(&self, name: &str) -> Result<()> {
        let is_ignored = self.put_new(name, Vec::new())? && self.put_new(name, Vec::new())?;
        if is_ignored { Err(self.without_conditions()) } else { Ok(()) }
    }

    /// Returns the error of a store with which two writers would do harm.
    pub(crate) fn without_conditions(&self) -> Error {
        Error::new(ErrorKind::Unsupported, "the object store ignores the condition of a put (If-None-Match)")
            .in_file(&self.url)
            .hint("use a store with conditional puts, such as Amazon S3")
    }

    /// Returns the content of an object.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound), [`Io`](ErrorKind::Io).
    pub fn read(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.path(name)?;
        let request = async { self.store.get(&path).await?.bytes().await };
        let bytes = self.requests.run(request)?.map_err(|error| self.failed("read", &path, &error))?;
        Ok(bytes.into())
    }

    /// Returns a reader of an object, which gets one piece after the other.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound), [`Io`](ErrorKind::Io).
    pub fn reader(&self, name: &str) -> Result<ObjectReader<'_>> {
        let path = self.path(name)?;
        let found = self.requests.run(self.store.get(&path))?.map_err(|error| self.failed("read", &path, &error))?;
        let bytes = found.meta.size;
        Ok(ObjectReader { folder: self, path, bytes, pieces: found.into_stream(), piece: bytes::Bytes::new() })
    }

    /// Returns the size of an object; `None` if there is none of this name.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io).
    pub fn size(&self, name: &str) -> Result<Option<u64>> {
        let path = self.path(name)?;
        match self.requests.run(self.store.head(&path))? {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("look up", &path, &error)),
        }
    }

    /// Starts an object. It exists once [`Upload::finish`] returns, in place of one that there was.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) for a name that no object can have.
    pub fn upload(&self, name: &str) -> Result<Upload<'_>> {
        Ok(Upload { folder: self, path: self.path(name)?, held: Vec::new(), parts: None, pending: Vec::new() })
    }

    /// Returns the names and sizes of all objects below a folder, sorted.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io).
    pub fn list(&self, below: &str) -> Result<Vec<(String, u64)>> {
        let mut names = self.picked(below, |object| Some((self.name_of(&object.location), object.size)))?;
        names.sort();
        Ok(names)
    }

    /// Returns the names of the objects that are wanted. No others are held: a folder may have millions.
    pub(crate) fn find(&self, is_wanted: impl Fn(&str) -> bool + Sync) -> Result<Vec<String>> {
        self.picked("", |object| Some(self.name_of(&object.location)).filter(|name| is_wanted(name)))
    }

    fn picked<T: Send>(&self, below: &str, pick: impl Fn(ObjectMeta) -> Option<T> + Sync) -> Result<Vec<T>> {
        let path = self.path(below)?;
        let listed = self.store.list(Some(&path)).try_filter_map(|object| ready(Ok(pick(object)))).try_collect();
        self.requests.run(listed)?.map_err(|error| self.failed("list", &path, &error))
    }

    /// Returns the last parts of the names of the folders and of the objects in a folder, each sorted.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io).
    pub fn entries(&self, below: &str) -> Result<(Vec<String>, Vec<String>)> {
        let path = self.path(below)?;
        let listed = self.requests.run(self.store.list_with_delimiter(Some(&path)))?;
        let listed = listed.map_err(|error| self.failed("list", &path, &error))?;
        let last = |path: &ObjectPath| path.filename().unwrap_or_default().to_owned();
        let mut folders: Vec<_> = listed.common_prefixes.iter().map(last).collect();
        let mut objects: Vec<_> = listed.objects.iter().map(|object| last(&object.location)).collect();
        folders.sort();
        objects.sort();
        Ok((folders, objects))
    }

    /// Copies an object inside of the store. Returns `false` if it cannot, such as for a large object.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) for a name that no object can have.
    pub fn copy(&self, from: &str, to: &str) -> Result<bool> {
        let (from, to) = (self.path(from)?, self.path(to)?);
        Ok(self.requests.run(self.store.copy(&from, &to))?.is_ok())
    }

    /// Deletes objects. One that is not there is no error.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io).
    pub fn delete(&self, names: Vec<String>) -> Result<()> {
        let paths = names.iter().map(|name| self.path(name)).collect::<Result<Vec<_>>>()?;
        let delete = |path: ObjectPath| async move {
            match self.store.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(self.failed("delete", &path, &error)),
            }
        };
        self.requests.run(stream::iter(paths).map(delete).buffer_unordered(REQUESTS).try_collect())?
    }
}

/// Reads an object.
pub struct ObjectReader<'a> {
    folder: &'a ObjectFolder,
    path: ObjectPath,
    bytes: u64,
    pieces: BoxStream<'static, object_store::Result<bytes::Bytes>>,
    piece: bytes::Bytes,
}

impl ObjectReader<'_> {
    /// Returns the size of the object.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl fmt::Debug for ObjectReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectReader").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Read for ObjectReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !buffer.is_empty() {
            match self.folder.requests.run(self.pieces.next()).map_err(io::Error::other)? {
                None => return Ok(0),
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(error)) => return Err(io::Error::other(self.folder.failed("read", &self.path, &error))),
            }
        }
        let length = buffer.len().min(self.piece.len());
        let taken = self.piece.split_to(length);
        if let Some(room) = buffer.get_mut(..length) {
            room.copy_from_slice(&taken);
        }
        Ok(length)
    }
}

/// An object that is written: small ones with one request, larger ones in parts. One that is dropped before its end does not exist.
pub struct Upload<'a> {
    folder: &'a ObjectFolder,
    path: ObjectPath,
    /// Bytes that are not put yet.
    held: Vec<u8>,
    parts: Option<Box<dyn MultipartUpload>>,
    /// Parts that are put at the same time.
    pending: Vec<UploadPart>,
}

impl fmt::Debug for Upload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Upload<'_> {
    fn failed(&self, error: &object_store::Error) -> Error {
        self.folder.failed("write", &self.path, error)
    }

    /// Puts what is held as a part.
    fn put_part(&mut self) -> Result<()> {
        let requests = &self.folder.requests;
        let mut parts = match self.parts.take() {
            Some(parts) => parts,
            None => requests.run(self.folder.store.put_multipart(&self.path))?.map_err(|error| self.failed(&error))?,
        };
        let part = PutPayload::from(std::mem::take(&mut self.held));
        self.pending.push(parts.put_part(part));
        self.parts = Some(parts);
        if self.pending.len() >= REQUESTS { self.wait() } else { Ok(()) }
    }

    fn wait(&mut self) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        self.folder.requests.run(try_join_all(pending))?.map_err(|error| self.failed(&error))?;
        Ok(())
    }

    /// Puts the rest. The object exists then.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io).
    pub fn finish(mut self) -> Result<()> {
        if self.parts.is_some() {
            if !self.held.is_empty() {
                self.put_part()?;
            }
            self.wait()?;
        }
        let outcome = match &mut self.parts {
            Some(parts) => self.folder.requests.run(parts.complete())?,
            None => {
                let content = PutPayload::from(std::mem::take(&mut self.held));
                self.folder.requests.run(self.folder.store.put(&self.path, content))?
            }
        };
        outcome.map_err(|error| self.failed(&error))?;
        self.parts = None;
        Ok(())
    }
}

impl Write for Upload<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PART.saturating_sub(self.held.len());
        let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        self.held.extend_from_slice(taken);
        if self.held.len() >= PART {
            self.put_part().map_err(io::Error::other)?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        self.pending.clear();
        let Some(mut parts) = self.parts.take() else { return };
        // A rule of the bucket removes the parts if this fails too.
        match self.folder.requests.run(parts.abort()) {
            Ok(Err(error)) => tracing::warn!(error = %self.failed(&error), "parts of an object are left"),
            Err(error) => tracing::warn!(%error, "parts of an object are left"),
            Ok(Ok(())) => {}
        }
    }
}

/// Returns whether the value of a setting is never printed.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "secret", "token", "password", "sas", "credential"].iter().any(|part| name.contains(part))
}

/// Removes the values of secret settings, and what follows a question mark in a URL, such as a signature.
fn without_secrets(text: &str, secrets: &[String]) -> String {
    let text = secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"));
    let cut = |word: &str| {
        word.split_once('?').filter(|(url, _)| url.contains("://")).map_or(word.to_owned(), |(url, _)| format!("{url}?***"))
    };
    text.split(' ').map(cut).collect::<Vec<_>>().join(" ")
}

/// Runs the requests of one store, and waits for them.
#[derive(Debug)]
struct Requests {
    /// Always there until the drop.
    runtime: Option<Runtime>,
}

impl Requests {
    fn new() -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| Error::thread(&error))?;
        Ok(Self { runtime: Some(runtime) })
    }

    /// Waits for a request. A thread that runs an asynchronous program may not wait, so that another one does.
    fn run<T: Send>(&self, request: impl Future<Output = T> + Send) -> Result<T> {
        let runtime = self.runtime.as_ref().ok_or_else(|| Error::internal("a request after the end"))?;
        if Handle::try_current().is_err() {
            return Ok(runtime.block_on(request));
        }
        std::thread::scope(|scope| {
            let waits = std::thread::Builder::new().spawn_scoped(scope, || runtime.block_on(request));
            waits.map_err(|error| Error::thread(&error))?.join().map_err(|_| Error::internal("a request has panicked"))
        })
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_no_secrets() {
        let text = "PUT https://x.net/c/a.csv?sig=abc%2F failed: key topsecret is unknown";
        let plain = without_secrets(text, &["topsecret".to_owned()]);
        assert_eq!(plain, "PUT https://x.net/c/a.csv?*** failed: key *** is unknown");
    }

    #[test]
    fn a_large_object_is_put_in_parts() {
        let folder = ObjectFolder::in_store(Arc::new(object_store::memory::InMemory::new()), "a").unwrap();
        for size in [0, 1, PART - 1, PART, PART + 1, 2 * PART, 5 * PART + 5] {
            let content: Vec<_> = (0..size).map(|at| (at % 251) as u8).collect();
            let mut upload = folder.upload("file").unwrap();
            upload.write_all(&content).unwrap();
            upload.finish().unwrap();
            let mut read = Vec::new();
            folder.reader("file").unwrap().read_to_end(&mut read).unwrap();
            assert!(folder.read("file").unwrap() == content && read == content, "{size} bytes");
            assert_eq!(folder.size("file").unwrap(), Some(size as u64));
        }
        folder.upload("dropped").unwrap().write_all(&vec![1; PART + 1]).unwrap();
        assert_eq!(folder.size("dropped").unwrap(), None);
    }

    #[test]
    fn names_are_below_the_folder() {
        let store: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
        let root = ObjectFolder::in_store(Arc::clone(&store), "").unwrap();
        let folder = ObjectFolder::in_store(store, "a/b/").unwrap();
        folder.put_new("c/d", b"1".to_vec()).unwrap();
        folder.put_new("e", Vec::new()).unwrap();
        assert_eq!(folder.list("").unwrap(), [("c/d".to_owned(), 1), ("e".to_owned(), 0)]);
        assert_eq!(folder.find(|name| name.starts_with("c/")).unwrap(), ["c/d"]);
        assert_eq!(folder.entries("").unwrap(), (vec!["c".to_owned()], vec!["e".to_owned()]));
        assert_eq!(root.list("a").unwrap(), [("a/b/c/d".to_owned(), 1), ("a/b/e".to_owned(), 0)]);
        assert!(folder.copy("c/d", "f").unwrap() && !folder.copy("none", "g").unwrap());
        folder.check_conditions("conditions").unwrap();
        folder.check_conditions("conditions").unwrap();
        folder.delete(vec!["f".to_owned(), "none".to_owned()]).unwrap();
        assert_eq!(folder.list("").unwrap().len(), 3);
        assert!(!folder.is_name("a/../b"));
    }

    #[test]
    fn an_asynchronous_program_can_use_it() {
        Builder::new_current_thread().build().unwrap().block_on(async {
            let folder = ObjectFolder::in_store(Arc::new(object_store::memory::InMemory::new()), "a/b/").unwrap();
            folder.check_conditions("w").unwrap();
            assert_eq!(folder.list("").unwrap(), [("w".to_owned(), 0)]);
        });
    }
}
