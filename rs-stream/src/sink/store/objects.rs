//! [`Objects`]: a folder in an object store, such as `s3://bucket/folder`.
//!
//! An object is written whole or not at all, and cannot be renamed: files are put under their final names, and the entry makes them valid.
//! The entry is put on the condition that there is none of its number, which the store decides.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStoreExt as _, PutPayload};
use parking_lot::Mutex;
use trailcore::{Error, ErrorKind, Result};

use super::scratch::{Scratch, remove_abandoned};
use super::steps::{FOLDER, Store};
use crate::objects::{ObjectFolder, PART, REQUESTS};
use crate::sink::entry::{Entry, PublishedFile, entry_name, entry_number};

/// A folder in an object store.
#[derive(Debug)]
pub(super) struct Objects {
    folder: ObjectFolder,
    /// Staged files, while there are any.
    scratch: Mutex<Option<Scratch>>,
}

impl Objects {
    pub(super) fn new(folder: ObjectFolder) -> Self {
        Self { folder, scratch: Mutex::default() }
    }

    /// Puts a file, in parts if it is large.
    async fn put_file(&self, from: &Path, to: &ObjectPath) -> Result<()> {
        let failed = |error: &object_store::Error| self.folder.failed("write", to, error);
        let mut file = File::open(from).map_err(|error| Error::io(from, error))?;
        let mut part = || -> Result<Vec<u8>> {
            let mut bytes = Vec::new();
            (&mut file).take(PART as u64).read_to_end(&mut bytes).map_err(|error| Error::io(from, error))?;
            Ok(bytes)
        };
        let mut bytes = part()?;
        if bytes.len() < PART {
            self.folder.store().put(to, PutPayload::from(bytes)).await.map_err(|error| failed(&error))?;
        } else {
            let mut upload = self.folder.store().put_multipart(to).await.map_err(|error| failed(&error))?;
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
        let paths =
            files.iter().map(|file| Ok((staged.join(&file.path), self.folder.path(&file.path)?))).collect::<Result<Vec<_>>>()?;
        let put = |(from, to): (PathBuf, ObjectPath)| async move { self.put_file(&from, &to).await };
        self.folder.run(stream::iter(paths).map(put).buffer_unordered(REQUESTS).try_collect())?
    }

    fn withdraw(&self, files: &[PublishedFile]) -> Result<()> {
        self.folder.delete(files.iter().map(|file| file.path.clone()).collect())
    }

    fn create(&self, entry: &Entry) -> Result<bool> {
        let (name, text) = (name_of(entry.number), entry.to_json()?);
        if !entry.files.is_empty() {
            crate::point::reach("manifest written");
        }
        // The one that is there may be this one: of a try whose answer was lost.
        Ok(self.folder.put_new(&name, text.clone())? || self.folder.read(&name)? == text)
    }

    fn publish(&self, _entry: &Entry) -> Result<()> {
        Ok(())
    }

    fn remove_orphans(&self, claimed: u64) -> Result<()> {
        remove_abandoned();
        // With the same content, so that it does no harm.
        let name = name_of(claimed);
        if self.folder.put_new(&name, self.folder.read(&name)?)? {
            return Err(self.folder.without_conditions());
        }
        let numbers = self.without_files(claimed)?;
        let orphans = self.folder.find(|name| commit_of(name).is_some_and(|number| numbers.contains(&number)))?;
        if !orphans.is_empty() {
            tracing::info!(url = self.folder.url_of(""), objects = orphans.len(), "removes objects that no commit has");
        }
        self.folder.delete(orphans)
    }

    fn numbers(&self) -> Result<Vec<u64>> {
        let (_, objects) = self.folder.entries(FOLDER)?;
        let numbers: BTreeSet<_> = objects.iter().filter_map(|name| entry_number(name)).collect();
        Ok(numbers.into_iter().collect())
    }

    fn entry(&self, number: u64) -> Result<Entry> {
        let name = name_of(number);
        serde_json::from_slice(&self.folder.read(&name)?).map_err(|error| {
            let what = format!("the entry of the manifest is not valid: {error}");
            Error::new(ErrorKind::Corrupt, what).in_file(self.folder.url_of(&name))
        })
    }

    fn path_of(&self, _writer: &str, file: &PublishedFile) -> PathBuf {
        PathBuf::from(self.folder.url_of(&file.path))
    }

    fn check(&self, writer: &str) -> Result<()> {
        let probe = format!("{FOLDER}/{writer}.probe");
        let outcome = self.folder.check_conditions(&probe);
        self.folder.delete(vec![probe])?;
        outcome
    }
}

/// Returns the name of an entry.
fn name_of(number: u64) -> String {
    format!("{FOLDER}/{}", entry_name(number))
}

/// Returns the number of the commit in the name of a data file, such as `0000000000_0000001956-0000000003_0000000480.17-0.parquet` or
/// `0000000000_0000001956-0000000003_0000000480.17-0.po000000007.positions`.
fn commit_of(name: &str) -> Option<u64> {
    let (_, file) = name.rsplit_once('/').unwrap_or(("", name));
    let mut parts = file.splitn(3, '.');
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
            assert_eq!(commit_of(name), commit, "{name}");
        }
    }

    #[test]
    fn a_large_file_is_put_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        let store = std::sync::Arc::new(object_store::memory::InMemory::new());
        let objects = Objects::new(ObjectFolder::in_store(store, "a").unwrap());
        for size in [0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 5] {
            let content: Vec<_> = (0..size).map(|at| (at % 251) as u8).collect();
            let from = folder.path().join("file");
            std::fs::write(&from, &content).unwrap();
            let to = objects.folder.path("file").unwrap();
            objects.folder.run(objects.put_file(&from, &to)).unwrap().unwrap();
            assert!(objects.folder.read("file").unwrap() == content, "{size} bytes");
        }
    }
}
