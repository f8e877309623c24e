//! [`OutputFiles`]: the files of a conversion, written under temporary names and renamed once all of them are complete.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};
use crate::sink::publish::{Claim, publish};

/// A file that a conversion wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The table whose changes it has; empty if it has the changes of all tables.
    pub table: String,
    /// Its path.
    pub path: PathBuf,
    /// Its rows; for JSON lines, its changes.
    pub rows: u64,
}

/// The files that one conversion writes. Dropping them before [`finish`](Self::finish) removes all of them.
#[derive(Debug)]
pub(crate) struct OutputFiles {
    folder: PathBuf,
    /// The name of a single file without its ending; the files in a directory have the names of their tables.
    single: Option<String>,
    ending: String,
    force: bool,
    created_folder: bool,
    files: Vec<OutputFile>,
    /// Number of files so far, by the table's file name.
    versions: BTreeMap<String, u64>,
    /// The files that are read: no file replaces them.
    sources: Vec<PathBuf>,
    finished: bool,
    /// The claim on the directory, or on the first file.
    claim: Option<Claim>,
}

#[derive(Debug)]
struct OutputFile {
    partial: PathBuf,
    written: Written,
}

impl OutputFiles {
    /// Prepares one file (`single`), or a directory with a file of this ending for each table. Creates the directory.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the file exists, or the directory is not empty, and `force` is not set.
    pub(crate) fn new(out: &Path, single: bool, ending: &str, force: bool) -> Result<Self> {
        let parent = || out.parent().map(Path::to_path_buf).unwrap_or_default();
        let text = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        let (folder, stem) = if single { (parent(), text(out.file_stem())) } else { (out.to_path_buf(), None) };
        let own_ending = text(out.extension()).filter(|_| single);
        let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        if !force {
            let occupied = if single { out.symlink_metadata().is_ok() } else { has_entries(&folder)? };
            if occupied {
                let what = if single { "the file exists" } else { "the directory is not empty" };
                return Err(Error::write(out, io::Error::new(io::ErrorKind::AlreadyExists, what)));
            }
        }
        let created_folder = !folder.is_dir();
        fs::create_dir_all(&folder).map_err(|error| Error::write(&folder, error))?;
        let claim = if single { None } else { Some(Claim::directory(&folder)?) };
        Ok(Self {
            folder,
            single: stem,
            ending: own_ending.unwrap_or_else(|| ending.to_owned()),
            force,
            created_folder,
            files: Vec::new(),
            versions: BTreeMap::new(),
            sources: Vec::new(),
            finished: false,
            claim,
        })
    }

    /// Refuses to replace these files, even if files may be replaced.
    pub(crate) fn keep<'a>(mut self, sources: impl Iterator<Item = &'a Path>) -> Self {
        self.sources = sources.filter_map(|path| path.canonicalize().ok()).collect();
        self
    }

    /// Creates the next file of a table: its first one, or a numbered one such as `NAME.2.parquet` after its columns changed.
    /// Returns its number, and the file.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a second table in a single file, [`ErrorKind::Io`].
    pub(crate) fn create(&mut self, table: &str) -> Result<(usize, AppendFile)> {
        if let (Some(_), Some(first)) = (&self.single, self.files.first()) {
            if first.written.table != table {
                let what = format!("one file can have only one table, but {} and {table} are selected", first.written.table);
                return Err(Error::new(ErrorKind::InvalidArgument, what).hint("name a directory, or select one table"));
            }
        }
        let stem = self.single.clone().unwrap_or_else(|| file_name(table));
        let path = loop {
            let version = self.versions.entry(stem.clone()).or_insert(0);
            *version += 1;
            let version = *version;
            let path = self.path(&stem, version);
            // A table may have the name of another table's second file.
            if !self.files.iter().any(|file| file.written.path == path) {
                break path;
            }
        };
        if !self.force && path.symlink_metadata().is_ok() {
            return Err(Error::write(&path, io::Error::new(io::ErrorKind::AlreadyExists, "the file exists")));
        }
        if path.canonicalize().is_ok_and(|path| self.sources.contains(&path)) {
            let what = format!("{} is a file of the trail that is read", path.display());
            return Err(Error::new(ErrorKind::InvalidArgument, what).hint("name another file"));
        }
        let mut partial = path.clone().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        if self.claim.is_none() {
            self.claim = Some(Claim::file(&partial)?);
        }
        let file = AppendFile::create(&partial)?;
        self.files.push(OutputFile { partial, written: Written { table: table.to_owned(), path, rows: 0 } });
        Ok((self.files.len() - 1, file))
    }

    /// Adds rows to the count of a file.
    pub(crate) fn count(&mut self, file: usize, rows: u64) {
        if let Some(file) = self.files.get_mut(file) {
            file.written.rows += rows;
        }
    }

    /// Flushes all files to the disk and renames them. When files may be replaced, numbered files of an earlier run, which would
    /// repeat rows, are removed.
    ///
    /// # Errors
    /// [`ErrorKind::Io`]; only files that have replaced another one remain.
    pub(crate) fn finish(mut self) -> Result<Vec<Written>> {
        let files: Vec<_> = self.files.iter().map(|file| (file.partial.as_path(), file.written.path.as_path())).collect();
        publish(&files, &self.folder, self.force)?;
        self.finished = true;
        if self.force {
            self.remove_older()?;
        }
        Ok(std::mem::take(&mut self.files).into_iter().map(|file| file.written).collect())
    }

    /// Removes the numbered files of an earlier run that wrote more of them.
    fn remove_older(&self) -> Result<()> {
        for (stem, version) in &self.versions {
            let mut number = version + 1;
            let mut older = self.path(stem, number);
            while older.is_file() && !self.files.iter().any(|file| file.written.path == older) {
                fs::remove_file(&older).map_err(|error| Error::write(&older, error))?;
                number += 1;
                older = self.path(stem, number);
            }
        }
        Ok(())
    }

    fn path(&self, stem: &str, version: u64) -> PathBuf {
        let version = if version > 1 { format!(".{version}") } else { String::new() };
        self.folder.join(format!("{stem}{version}.{}", self.ending))
    }
}

impl Drop for OutputFiles {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        // There is an error already; an error of removing a file would hide it.
        for file in &self.files {
            let _ = fs::remove_file(&file.partial);
        }
        if self.created_folder {
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

/// Returns whether a directory has entries other than the files of a run that was killed.
fn has_entries(folder: &Path) -> Result<bool> {
    let is_left = |entry: &io::Result<fs::DirEntry>| {
        entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|ending| ending == "partial"))
    };
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.any(|entry| !is_left(&entry))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::write(folder, error)),
    }
}

/// Returns the name of a table as a file name: letters, digits, blanks and `._$#@-` are kept, other characters become `%`
/// and their UTF-8 in hexadecimal.
///
/// ```
/// assert_eq!(trailcore::sink::file_name("HR.EMP"), "HR.EMP");
/// assert_eq!(trailcore::sink::file_name("../x"), "%2E.%2Fx");
/// ```
#[must_use]
pub fn file_name(table: &str) -> String {
    let mut name = String::with_capacity(table.len());
    let escape = |name: &mut String, character: char| {
        let mut bytes = [0; 4];
        for byte in character.encode_utf8(&mut bytes).bytes() {
            name.push_str(&format!("%{byte:02X}"));
        }
    };
    for (index, character) in table.chars().enumerate() {
        let kept = character.is_alphanumeric() || " ._$#@-".contains(character);
        if kept && !(index == 0 && character == '.') {
            name.push(character);
        } else {
            escape(&mut name, character);
        }
    }
    if name.is_empty() { "%".to_owned() } else { name }
}

/// A file that is open only while a full buffer is written to it: there may be more tables than a process may have open
/// files.
#[derive(Debug)]
pub(crate) struct AppendFile {
    path: PathBuf,
    buffer: Vec<u8>,
}

impl AppendFile {
    const FULL: usize = 1 << 16;

    fn create(path: &Path) -> Result<Self> {
        File::create(path).map_err(|error| Error::write(path, error))?;
        Ok(Self { path: path.to_path_buf(), buffer: Vec::with_capacity(Self::FULL) })
    }

    /// Writes the rest of the buffer.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub(crate) fn close(mut self) -> Result<()> {
        self.flush().map_err(|error| Error::write(&self.path, error))
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.write_all(bytes).map_err(|error| Error::write(&self.path, error))
    }
}

impl Write for AppendFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > Self::FULL {
            self.flush()?;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            OpenOptions::new().append(true).open(&self.path)?.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_get_their_names_once_all_are_complete() {
        let scratch = tempfile::tempdir().unwrap();
        let out = scratch.path().join("out");
        let mut files = OutputFiles::new(&out, false, "csv", false).unwrap();
        for table in ["A.B", "A.B", "A.B.2"] {
            let (number, mut file) = files.create(table).unwrap();
            file.append(b"x\n").unwrap();
            file.close().unwrap();
            files.count(number, 1);
        }
        assert_eq!(names(&out), ["A.B.2.2.csv.partial", "A.B.2.csv.partial", "A.B.csv.partial"]);
        let written = files.finish().unwrap();
        assert!(written.iter().all(|file| file.rows == 1 && fs::read(&file.path).unwrap() == b"x\n"));
        assert_eq!(names(&out), ["A.B.2.2.csv", "A.B.2.csv", "A.B.csv"]);
    }

    #[test]
    fn nothing_remains_of_what_was_not_finished() {
        let scratch = tempfile::tempdir().unwrap();
        let out = scratch.path().join("new/out");
        let mut files = OutputFiles::new(&out, false, "csv", false).unwrap();
        files.create("A.B").unwrap().1.append(&vec![b'x'; 1 << 17]).unwrap();
        assert_eq!(names(&out).len(), 1);
        drop(files);
        assert!(!out.exists());
    }

    #[test]
    fn the_rest_of_a_killed_run_is_replaced() {
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join("A.B.csv.partial"), "half").unwrap();
        let mut files = OutputFiles::new(scratch.path(), false, "csv", false).unwrap();
        let (_, mut file) = files.create("A.B").unwrap();
        file.append(b"x\n").unwrap();
        file.close().unwrap();
        files.finish().unwrap();
        assert_eq!(
            (names(scratch.path()), fs::read(scratch.path().join("A.B.csv")).unwrap()),
            (vec!["A.B.csv".to_owned()], b"x\n".to_vec())
        );
    }

    #[test]
    fn two_conversions_do_not_mix() {
        let scratch = tempfile::tempdir().unwrap();
        let one = OutputFiles::new(scratch.path(), false, "csv", false).unwrap();
        assert_eq!(OutputFiles::new(scratch.path(), false, "csv", false).unwrap_err().kind(), ErrorKind::Io);
        drop(one);
        let out = scratch.path().join("x.csv");
        let mut files = [0, 1].map(|_| OutputFiles::new(&out, true, "csv", false).unwrap());
        let (_, mut file) = files[0].create("A.B").unwrap();
        file.append(b"x\n").unwrap();
        let refused = files[1].create("A.B").unwrap_err();
        assert!(refused.to_string().contains("another process writes to it"), "{refused}");
        file.close().unwrap();
        let [first, second] = files;
        drop(second);
        first.finish().unwrap();
        assert_eq!(fs::read(out).unwrap(), b"x\n");
    }

    #[test]
    fn what_exists_is_replaced_only_by_force() {
        let scratch = tempfile::tempdir().unwrap();
        let out = scratch.path().join("x.csv");
        fs::write(&out, "mine").unwrap();
        fs::write(scratch.path().join("x.2.csv"), "mine").unwrap();
        assert_eq!(OutputFiles::new(&out, true, "csv", false).unwrap_err().kind(), ErrorKind::Io);
        let mut files = OutputFiles::new(&out, true, "csv", true).unwrap();
        files.create("A.B").unwrap().1.append(b"new").unwrap();
        assert_eq!(files.create("A.C").unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!(fs::read(&out).unwrap(), b"mine");
        files.finish().unwrap();
        // The second file of the previous run would repeat rows.
        assert_eq!(names(scratch.path()), ["x.csv"]);
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_kept() {
        let scratch = tempfile::tempdir().unwrap();
        let out = scratch.path().join("out");
        let mut files = OutputFiles::new(&out, false, "csv", false).unwrap();
        for table in ["A.B", "A.C"] {
            files.create(table).unwrap().1.close().unwrap();
        }
        fs::write(out.join("A.C.csv"), "of another process").unwrap();
        assert_eq!(files.finish().unwrap_err().kind(), ErrorKind::Io);
        assert_eq!(
            (names(&out), fs::read(out.join("A.C.csv")).unwrap()),
            (vec!["A.C.csv".to_owned()], b"of another process".to_vec())
        );
    }

    #[test]
    fn without_force_a_numbered_file_that_exists_is_kept() {
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join("x.2.csv"), "mine").unwrap();
        let mut files = OutputFiles::new(&scratch.path().join("x.csv"), true, "csv", false).unwrap();
        files.create("A.B").unwrap();
        files.finish().unwrap();
        assert_eq!(fs::read(scratch.path().join("x.2.csv")).unwrap(), b"mine");
    }

    #[test]
    fn names_of_tables_as_names_of_files() {
        let cases = [("HR.EMP$#_1", "HR.EMP$#_1"), ("人事.员工", "人事.员工"), ("a b\n", "a b%0A"), ("", "%")];
        for (table, name) in cases {
            assert_eq!(file_name(table), name);
        }
        assert_eq!(file_name("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd");
    }
}
