//! [`Objects`]: a folder in an object store, such as `s3://bucket/folder`.
//!
//! An object is written whole or not at all, and cannot be renamed: files are put under their final names, and the entry makes them valid.
//! The entry is put on the condition that there is none of its number, which the store decides.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};
use parking_lot::{Mutex, RwLock};
use tokio::runtime::{Builder, Handle, Runtime};
use trailcore::{Error, ErrorKind, Result};

use super::scratch::{Scratch, remove_abandoned};
use super::steps::{FOLDER, Store, WAY_OUT};
use crate::sink::entry::{Entry, PublishedFile, entry_name, entry_number};

/// Larger files are put in parts of this size.
const PART: usize = 16 << 20;
/// Requests at the same time.
const REQUESTS: usize = 4;

/// Opens the object store that a URL names, with the settings of [`FilesOptions`](crate::sink::FilesOptions). It reaches for nothing: the
/// first request does. The paths of its objects start after the host of the URL, such as the bucket.
pub type OpenStore = fn(url: &str, settings: &BTreeMap<String, String>) -> Result<Arc<dyn ObjectStore>>;

static OPENERS: RwLock<BTreeMap<String, OpenStore>> = RwLock::new(BTreeMap::new());

/// Makes URLs of a scheme, such as `s3`, known to all sinks of the process, in place of what was known for it before. Any thread can call it.
///
/// The crate `trailcore-object-store` registers the object stores of Amazon, Google and Microsoft.
pub fn register_store(scheme: &str, open: OpenStore) {
    OPENERS.write().insert(scheme.to_owned(), open);
}

/// Returns what opens the object stores of a scheme.
pub(super) fn opener(scheme: &str) -> Result<OpenStore> {
    OPENERS.read().get(scheme).copied().ok_or_else(|| {
        Error::new(ErrorKind::Unsupported, format!("this program has no object store for {scheme}://")).hint(WAY_OUT)
    })
}

/// A folder in an object store.
#[derive(Debug)]
pub(super) struct Objects {
    store: Arc<dyn ObjectStore>,
    folder: ObjectPath,
    /// The URL of the folder, without a slash at its end.
    url: String,
    /// Values of settings that no message has.
    secrets: Vec<String>,
    requests: Requests,
    /// Staged files, while there are any.
    scratch: Mutex<Option<Scratch>>,
}

impl Objects {
    pub(super) fn new(store: Arc<dyn ObjectStore>, folder: &str, url: &str, settings: &BTreeMap<String, String>) -> Result<Self> {
        let folder = folder.trim_end_matches('/');
        let folder = ObjectPath::parse(folder).map_err(|error| {
            Error::new(ErrorKind::InvalidArgument, format!("{folder:?} is no folder of an object store: {error}"))
        })?;
        let secrets = settings.iter().filter(|(name, value)| is_secret(name) && !value.is_empty());
        let secrets = secrets.map(|(_, value)| value.clone()).collect();
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { store, folder, url, secrets, requests: Requests::new()?, scratch: Mutex::default() })
    }

    fn path(&self, file: &str) -> Result<ObjectPath> {
        let path = if self.folder.as_ref().is_empty() { file.to_owned() } else { format!("{}/{file}", self.folder) };
        ObjectPath::parse(path)
            .map_err(|error| Error::new(ErrorKind::Io, format!("no object can have the name: {error}")).in_file(file))
    }

    fn entry_path(&self, number: u64) -> Result<ObjectPath> {
        self.path(&format!("{FOLDER}/{}", entry_name(number)))
    }

    /// Returns the error of a request: what the store reports, without secrets.
    fn failed(&self, what: &str, path: &ObjectPath, error: &object_store::Error) -> Error {
        let kind = match error {
            object_store::Error::NotFound { .. } => ErrorKind::NotFound,
            object_store::Error::NotSupported { .. } | object_store::Error::NotImplemented { .. } => ErrorKind::Unsupported,
            _ => ErrorKind::Io,
        };
        let text = without_secrets(&error.to_string(), &self.secrets);
        Error::new(kind, format!("cannot {what} the object: {text}")).in_file(format!("{}/{}", self.host(), path))
    }

    /// Returns the URL without the folder.
    fn host(&self) -> &str {
        self.url.strip_suffix(self.folder.as_ref()).unwrap_or(&self.url).trim_end_matches('/')
    }

    /// Puts an object if there is none of its name. Returns whether it did.
    fn put_new(&self, path: &ObjectPath, content: Vec<u8>) -> Result<bool> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.requests.run(self.store.put_opts(path, content.into(), options))? {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(self.failed("create", path, &error)),
        }
    }

    fn read(&self, path: &ObjectPath) -> Result<Vec<u8>> {
        let request = async { self.store.get(path).await?.bytes().await };
        let bytes = self.requests.run(request)?.map_err(|error| self.failed("read", path, &error))?;
        Ok(bytes.into())
    }

    /// Deletes objects. One that is not there is no error.
    fn delete(&self, paths: Vec<ObjectPath>) -> Result<()> {
        let delete = |path: ObjectPath| async move {
            match self.store.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(self.failed("delete", &path, &error)),
            }
        };
        self.requests.run(stream::iter(paths).map(delete).buffer_unordered(REQUESTS).try_collect())?
    }

    /// Puts a file, in parts if it is large.
    async fn put_file(&self, from: &Path, to: &ObjectPath) -> Result<()> {
        let failed = |error: &object_store::Error| self.failed("write", to, error);
        let mut file = File::open(from).map_err(|error| Error::io(from, error))?;
        let mut part = || -> Result<Vec<u8>> {
            let mut bytes = Vec::new();
            (&mut file).take(PART as u64).read_to_end(&mut bytes).map_err(|error| Error::io(from, error))?;
            Ok(bytes)
        };
        let mut bytes = part()?;
        if bytes.len() < PART {
            self.store.put(to, PutPayload::from(bytes)).await.map_err(|error| failed(&error))?;
        } else {
            let mut upload = self.store.put_multipart(to).await.map_err(|error| failed(&error))?;
            let outcome = async {
                while !bytes.is_empty() {
                    upload.put_part(PutPayload::from(bytes)).await.map_err(|error| failed(&error))?;
                    bytes = part()?;
                }
                upload.complete().await.map_err(|error| failed(&error))
            };
            let outcome = outcome.await;
            if let Err(error) = outcome {
                // A rule of the bucket removes the parts if this fails too.
                if let Err(error) = upload.abort().await {
                    tracing::warn!(error = %failed(&error), "parts of an object are left");
                }
                return Err(error);
            }
        }
        crate::point::reach("file put");
        Ok(())
    }

    /// Returns the numbers up to `claimed` whose entries have no files, back to the last one that has.
    fn without_files(&self, claimed: u64) -> Result<RangeInclusive<u64>> {
        let mut first = claimed + 1;
        while first > 1 {
            match self.entry(first - 1) {
                Ok(entry) if entry.files.is_empty() => first -= 1,
                Ok(_) => break,
                // The user has removed old ones.
                Err(error) if error.kind() == ErrorKind::NotFound => break,
                Err(error) => return Err(error),
            }
        }
        Ok(first..=claimed)
    }
}

impl Store for Objects {
    fn stage(&self, writer: &str) -> Result<PathBuf> {
        let mut scratch = self.scratch.lock();
        match &mut *scratch {
            Some(scratch) => Ok(scratch.path().to_path_buf()),
            empty => Ok(empty.insert(Scratch::create(writer)?).path().to_path_buf()),
        }
    }

    fn unstage(&self, _writer: &str) -> Result<()> {
        self.scratch.lock().take();
        Ok(())
    }

    fn prepare(&self, writer: &str, files: &[PublishedFile]) -> Result<()> {
        let staged = self.stage(writer)?;
        let paths = files.iter().map(|file| Ok((staged.join(&file.path), self.path(&file.path)?))).collect::<Result<Vec<_>>>()?;
        let put = |(from, to): (PathBuf, ObjectPath)| async move { self.put_file(&from, &to).await };
        self.requests.run(stream::iter(paths).map(put).buffer_unordered(REQUESTS).try_collect())?
    }

    fn withdraw(&self, files: &[PublishedFile]) -> Result<()> {
        self.delete(files.iter().map(|file| self.path(&file.path)).collect::<Result<_>>()?)
    }

    fn create(&self, entry: &Entry) -> Result<bool> {
        let (path, text) = (self.entry_path(entry.number)?, entry.to_json()?);
        if !entry.files.is_empty() {
            crate::point::reach("manifest written");
        }
        // The one that is there may be this one: of a try whose answer was lost.
        Ok(self.put_new(&path, text.clone())? || self.read(&path)? == text)
    }

    fn publish(&self, _entry: &Entry) -> Result<()> {
        Ok(())
    }

    fn remove_orphans(&self, claimed: u64) -> Result<()> {
        remove_abandoned();
        // With the same content, so that it does no harm.
        let path = self.entry_path(claimed)?;
        if self.put_new(&path, self.read(&path)?)? {
            return Err(without_conditions().in_file(&self.url));
        }
        let numbers = self.without_files(claimed)?;
        let is_orphan = |path: &ObjectPath| commit_of(path).is_some_and(|number| numbers.contains(&number));
        let listed = self.store.list(Some(&self.folder)).map_ok(|object| object.location);
        let orphans = listed.try_filter(|path| std::future::ready(is_orphan(path))).try_collect::<Vec<_>>();
        let orphans = self.requests.run(orphans)?.map_err(|error| self.failed("list", &self.folder, &error))?;
        if !orphans.is_empty() {
            tracing::info!(url = self.url, objects = orphans.len(), "removes objects that no commit has");
        }
        self.delete(orphans)
    }

    fn numbers(&self) -> Result<Vec<u64>> {
        let folder = self.path(FOLDER)?;
        let listed = self.requests.run(self.store.list_with_delimiter(Some(&folder)))?;
        let listed = listed.map_err(|error| self.failed("list", &folder, &error))?;
        let numbers: BTreeSet<_> = listed.objects.iter().filter_map(|object| entry_number(object.location.filename()?)).collect();
        Ok(numbers.into_iter().collect())
    }

    fn entry(&self, number: u64) -> Result<Entry> {
        let path = self.entry_path(number)?;
        serde_json::from_slice(&self.read(&path)?).map_err(|error| {
            let what = format!("the entry of the manifest is not valid: {error}");
            Error::new(ErrorKind::Corrupt, what).in_file(format!("{}/{path}", self.host()))
        })
    }

    fn path_of(&self, _writer: &str, file: &PublishedFile) -> PathBuf {
        PathBuf::from(format!("{}/{}", self.url, file.path))
    }

    fn check(&self, writer: &str) -> Result<()> {
        let path = self.path(&format!("{FOLDER}/{writer}.probe"))?;
        let outcome = self.put_new(&path, Vec::new()).and_then(|_| self.put_new(&path, Vec::new()));
        self.delete(vec![path])?;
        if outcome? { Err(without_conditions().in_file(&self.url)) } else { Ok(()) }
    }
}

/// Returns the error of a store with which two writers would do harm.
fn without_conditions() -> Error {
    Error::new(ErrorKind::Unsupported, "the object store ignores the condition of a put (If-None-Match)")
        .hint("use a store with conditional puts, such as Amazon S3")
}

/// Returns the number of the commit in the name of a data file, such as `0000000000_0000001956-0000000003_0000000480.17-0.parquet` or
/// `0000000000_0000001956-0000000003_0000000480.17-0.po000000007.positions`.
fn commit_of(path: &ObjectPath) -> Option<u64> {
    let mut parts = path.filename()?.splitn(3, '.');
    let (range, numbers, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit());
    let is_position = |text: &str| text.contains('_') && text.bytes().all(|one| one.is_ascii_alphanumeric() || one == b'_');
    let is_range = range.split_once('-').is_some_and(|(first, last)| is_position(first) && is_position(last));
    let (commit, file) = numbers.split_once('-')?;
    let trail = rest.strip_suffix(".positions").unwrap_or(rest);
    let is_trail = trail.bytes().rev().take_while(u8::is_ascii_digit).count() >= 6;
    let is_ours = ["jsonl", "csv", "arrow", "parquet"].contains(&rest) || is_trail;
    (is_range && digits(commit) && digits(file) && is_ours).then(|| commit.parse().ok())?
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
    fn names_of_data_files_have_the_number_of_the_commit() {
        for (name, commit) in [
            ("BANK.POSTINGS/date=2024-03-01/0000000000_0000001956-0000000003_0000000480.17-0.parquet", Some(17)),
            ("a/0000000000_0000001956-0000000003_0000000480.17-0.jsonl", Some(17)),
            ("a/0000000000_0000001956-0000000003_0000000480.17-0.po000000007", Some(17)),
            ("a/0000000000_0000001956-0000000003_0000000480.17-0.po.x000000007.positions", Some(17)),
            ("a/0000000000_0000001956-0000000003_0000000480.17-0.po7", None),
            ("po000000007", None),
            ("a/0000000000_0000001956-0000000003_0000000480.17-0.txt", None),
            ("a/0000000000_0000001956-0000000003_0000000480.17.parquet", None),
            ("a/x-0000000003_0000000480.17-0.parquet", None),
            ("a/0000000000_0000001956-0000000003_0000000480.17-0.parquet.crc", None),
            ("_trailcore/00000000000000000017.json", None),
            ("part-0.parquet", None),
        ] {
            assert_eq!(commit_of(&ObjectPath::parse(name).unwrap()), commit, "{name}");
        }
    }

    #[test]
    fn messages_have_no_secrets() {
        let text = "PUT https://x.net/c/a.csv?sig=abc%2F failed: key topsecret is unknown";
        let plain = without_secrets(text, &["topsecret".to_owned()]);
        assert_eq!(plain, "PUT https://x.net/c/a.csv?*** failed: key *** is unknown");
    }

    #[test]
    fn a_large_file_is_put_in_parts() {
        let (store, folder): (Arc<dyn ObjectStore>, _) =
            (Arc::new(object_store::memory::InMemory::new()), tempfile::tempdir().unwrap());
        let objects = Objects::new(store, "a", "memory:///a", &BTreeMap::new()).unwrap();
        for size in [0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 5] {
            let content: Vec<_> = (0..size).map(|at| (at % 251) as u8).collect();
            let from = folder.path().join("file");
            std::fs::write(&from, &content).unwrap();
            let to = objects.path("file").unwrap();
            objects.requests.run(objects.put_file(&from, &to)).unwrap().unwrap();
            assert!(objects.read(&to).unwrap() == content, "{size} bytes");
        }
    }

    #[test]
    fn an_asynchronous_program_can_use_it() {
        let store: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
        Builder::new_current_thread().build().unwrap().block_on(async {
            let objects = Objects::new(Arc::clone(&store), "a/b/", "memory:///a/b/", &BTreeMap::new()).unwrap();
            objects.check("w").unwrap();
            assert!(objects.numbers().unwrap().is_empty());
        });
    }
}
