//! `Trail::save`: writes the selected changes of a trail as another trail.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::change::Change;
use crate::decode::ByteOrder;
use crate::error::{Error, ErrorKind, Result};
use crate::sink::publish::{Claim, publish};
use crate::sink::trail::{TrailWriter, WriterOptions};
use crate::source::{ReadOptions, ReadReport, Trail, Unfinished};

/// Result of [`Trail::save`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Saved {
    /// The files, in order; none if no change is selected.
    pub files: Vec<PathBuf>,
    /// The changes that were written.
    pub changes: u64,
    /// The changes that were read and are not in the files, and why.
    pub report: ReadReport,
}

impl Trail {
    /// Writes the changes of the trail that the options select as a trail: files of this prefix, numbered from 0.
    ///
    /// Images, tokens and DDL are copied byte by byte, with the CSN, the id and the time of their transaction. Definitions are
    /// written before the first row of their table. Byte order, character set and creation time are those of the first file of the
    /// trail; positions and the other facts of the file header are not. Metadata, markers, and transactions that were rolled back are
    /// left out. A transaction of which the selection has rejected the last change ends with the last selected one; one that the trail
    /// itself leaves unfinished stays unfinished.
    ///
    /// Files are written to a directory `PREFIX.partial` and moved when all of them are complete and on the disk. After an error, or
    /// when the callback of [`ReadOptions::on_progress`] stops the work, nothing remains.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let prefix = dir.path().join("po");
    /// use trailcore::filter::Select;
    /// use trailcore::{ReadOptions, Trail};
    ///
    /// let saved = trail.save(&prefix, ReadOptions::new().select(Select::parse("TABLE BANK.POSTINGS;")?))?;
    /// assert_eq!(Trail::open(&prefix)?.reader()?.into_changes().count() as u64, saved.changes);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if there is a file of the prefix already, or a file cannot be written; the errors of reading, and of
    /// [`TrailWriter::write`].
    pub fn save(&self, prefix: impl AsRef<Path>, read: ReadOptions) -> Result<Saved> {
        let mut folder = Folder::new(prefix.as_ref())?;
        let mut reader = self.reader_with(read.include_non_changes(false))?;
        let mut writer = TrailWriter::create(folder.path.join(&folder.name), self.writer_options()?)?;
        let mut changes = 0;
        while let Some(stepped) = reader.step()? {
            let broken = reader.take_first_unfinished();
            let change = reader.lend(stepped)?;
            // The selection may have rejected the change that has the mark. Of the transaction of this one, it is the last.
            if broken.is_some_and(|broken| is_open(&writer, &broken) && !(change.is_unfinished() && is_of(&change, &broken))) {
                writer.leave_unfinished()?;
            }
            writer.write(&change)?;
            changes += 1;
            if change.is_unfinished() {
                writer.leave_unfinished()?;
            }
        }
        let report = reader.report();
        if reader.take_first_unfinished().is_some_and(|broken| is_open(&writer, &broken)) {
            writer.leave_unfinished()?;
        }
        if writer.is_in_transaction() {
            writer.commit()?;
        }
        let written = if changes > 0 { writer.finish()? } else { Vec::new() };
        let files = folder.finish(&written.into_iter().map(|(path, _)| path.into()).collect::<Vec<_>>())?;
        Ok(Saved { files, changes, report })
    }

    /// Returns options that make files like the first file of the trail.
    fn writer_options(&self) -> Result<WriterOptions> {
        let mut options = WriterOptions { order: ByteOrder::Big, ..WriterOptions::default() };
        if let Some(header) = self.first_header()? {
            options.order = header.byte_order();
            let charset = header.database_charset().value().and_then(|charset| charset.id());
            options.charset = charset.and_then(|id| u32::try_from(id).ok()).unwrap_or(options.charset);
            options.created = header.creation_time().value().unwrap_or(options.created);
        }
        Ok(options)
    }
}

/// Returns whether a transaction that breaks off is the one that is being written.
fn is_open(writer: &TrailWriter, broken: &Unfinished) -> bool {
    writer.is_in_transaction()
        && writer.is_in(broken.csn.as_deref().unwrap_or_default(), broken.xid.as_deref().unwrap_or_default())
}

/// Returns whether a change belongs to a transaction that breaks off.
fn is_of(change: &Change<'_>, broken: &Unfinished) -> bool {
    change.csn() == broken.csn.as_deref() && change.xid() == broken.xid.as_deref()
}

/// The directory in which the files are made. Dropping it before [`finish`](Self::finish) removes it.
#[derive(Debug)]
struct Folder {
    /// The directory of the prefix.
    target: PathBuf,
    name: String,
    path: PathBuf,
    _claim: Claim,
}

impl Folder {
    fn new(prefix: &Path) -> Result<Self> {
        let Some(name) = prefix.file_name().unwrap_or_default().to_str().map(str::to_owned) else {
            return Err(Error::new(ErrorKind::InvalidArgument, "the name of the trail to write is not UTF-8").in_file(prefix));
        };
        if name.is_empty() || prefix.is_dir() {
            let error = Error::new(ErrorKind::InvalidArgument, "the name of the trail to write is a directory").in_file(prefix);
            return Err(error.hint("end it with the prefix of the files, such as dirdat/lt"));
        }
        let target = prefix.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let exists = Self::files_of(target, &name)?;
        if let Some(path) = exists.first() {
            return Err(Error::write(path, io::Error::new(io::ErrorKind::AlreadyExists, "the trail to write has files already")));
        }
        let path = target.join(format!("{name}.partial"));
        fs::create_dir_all(&path).map_err(|error| Error::write(&path, error))?;
        let claim = Claim::directory(&path)?;
        // A run that was killed leaves its directory.
        for left in Self::files_of(&path, &name)? {
            fs::remove_file(&left).map_err(|error| Error::write(&left, error))?;
        }
        Ok(Self { target: target.to_path_buf(), name, path, _claim: claim })
    }

    /// Returns the files of the prefix in a directory, sorted.
    fn files_of(folder: &Path, name: &str) -> Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io(folder, error)),
        };
        let is_numbered = |file: &str| {
            file.strip_prefix(name).is_some_and(|rest| rest.len() >= 6 && rest.bytes().take(6).all(|byte| byte.is_ascii_digit()))
        };
        let paths = entries.filter_map(io::Result::ok).map(|entry| entry.path());
        let mut files: Vec<_> =
            paths.filter(|path| path.file_name().and_then(|file| file.to_str()).is_some_and(is_numbered)).collect();
        files.sort();
        Ok(files)
    }

    /// Moves the files to their places.
    fn finish(&mut self, written: &[PathBuf]) -> Result<Vec<PathBuf>> {
        let moved: Vec<_> = written.iter().map(|path| self.target.join(path.file_name().unwrap_or_default())).collect();
        let files: Vec<_> = written.iter().map(PathBuf::as_path).zip(moved.iter().map(PathBuf::as_path)).collect();
        publish(&files, &self.target, false)?;
        Ok(moved)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // After an error, an error of removing a file would hide it; after success, the directory is empty.
        for path in Self::files_of(&self.path, &self.name).unwrap_or_default() {
            let _ = fs::remove_file(path);
        }
        let _ = fs::remove_dir(&self.path);
    }
}
