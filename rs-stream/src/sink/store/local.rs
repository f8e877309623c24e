//! [`Local`]: a local folder. Files are staged below it, and moved once the entry is there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use trailcore::{Error, ErrorKind, Result};

use super::steps::{FOLDER, Store, is_url};
use crate::durable;
use crate::sink::entry::{Entry, PublishedFile, entry_name, entry_number};

const STAGED: &str = "staged";

/// A local folder.
#[derive(Debug)]
pub(super) struct Local {
    root: PathBuf,
}

impl Local {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    fn folder(&self) -> PathBuf {
        self.root.join(FOLDER)
    }

    fn staged(&self, writer: &str) -> PathBuf {
        self.folder().join(STAGED).join(writer)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder().join(entry_name(number))
    }
}

impl Store for Local {
    fn stage(&self, writer: &str) -> Result<PathBuf> {
        let staged = self.staged(writer);
        fs::create_dir_all(&staged).map_err(|error| Error::write(&staged, error))?;
        Ok(staged)
    }

    fn unstage(&self, writer: &str) -> Result<()> {
        let staged = self.staged(writer);
        durable::remove_folder(&staged).map_err(|error| Error::write(&staged, error))
    }

    fn prepare(&self, writer: &str, files: &[PublishedFile]) -> Result<()> {
        let staged = self.staged(writer);
        files.iter().try_for_each(|file| {
            let path = staged.join(&file.path);
            durable::sync_up(durable::folder_of(&path), &self.folder()).map_err(|error| Error::write(&path, error))
        })
    }

    fn withdraw(&self, _files: &[PublishedFile]) -> Result<()> {
        Ok(())
    }

    fn create(&self, entry: &Entry) -> Result<bool> {
        let (folder, path) = (self.folder(), self.path(entry.number));
        let temporary = folder.join(format!("{}.{}.new", entry.number, entry.writer));
        let text = entry.to_json()?;
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

    fn publish(&self, entry: &Entry) -> Result<()> {
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

    fn remove_orphans(&self, _claimed: u64) -> Result<()> {
        let staged = self.folder().join(STAGED);
        durable::remove_folder(&staged).map_err(|error| Error::write(&staged, error))
    }

    fn numbers(&self) -> Result<Vec<u64>> {
        let folder = self.folder();
        let files = match fs::read_dir(&folder) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_url(&self.root) => {
                return Err(Error::new(ErrorKind::InvalidArgument, "a URL is not a local folder").hint("call Manifest::open"));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io(&folder, error)),
        };
        let mut numbers = Vec::new();
        for file in files {
            let name = file.map_err(|error| Error::io(&folder, error))?.file_name();
            numbers.extend(name.to_str().and_then(entry_number));
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

    fn path_of(&self, writer: &str, file: &PublishedFile) -> PathBuf {
        let path = self.root.join(&file.path);
        // A writer moves it just now, or the next one does.
        if path.exists() { path } else { self.staged(writer).join(&file.path) }
    }

    fn check(&self, writer: &str) -> Result<()> {
        let folder = self.folder();
        let probe = folder.join(format!("{writer}.probe"));
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&probe, b""))
            .and_then(|()| fs::remove_file(&probe))
            .map_err(|error| Error::write(&folder, error))
    }
}
