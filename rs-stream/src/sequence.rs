//! The files of a live trail by their names: which there are, and which come next.

use std::io;
use std::path::{Path, PathBuf};

use trailcore::{Error, ErrorKind, Result, Trail};

use crate::files::Files;

/// Digits of a sequence number in a file name.
const DIGITS: [usize; 2] = [9, 6];

/// The folder, the prefix and the digits of a trail's file names.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) folder: PathBuf,
    pub(crate) prefix: String,
    digits: usize,
    /// The first file to follow.
    first: u64,
}

impl Names {
    /// Finds out the names of the trail at a path: a prefix, one of its files, or a directory that holds one trail. Files of the
    /// prefix need not exist yet.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        if path.is_dir() || path.is_file() {
            let trail = Trail::open(path)?;
            let known = trail.files().first().and_then(|file| Some((file.path.clone(), file.seqno?)));
            let name = known.and_then(|(file, seqno)| Self::split(&file, seqno).map(|(prefix, digits)| (prefix, digits, seqno)));
            let Some((prefix, digits, seqno)) = name else {
                let error = Error::new(ErrorKind::InvalidArgument, "the file has no sequence number in its name");
                return Err(error.in_file(path).hint("a trail file is named by a prefix and 6 or 9 digits"));
            };
            let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
            let first = if path.is_dir() { 0 } else { seqno };
            return Ok(Self { folder: folder_of(folder), prefix, digits, first });
        }
        let prefix = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let folder = folder_of(path.parent().unwrap_or(Path::new("")));
        match prefix {
            Some(prefix) if folder.is_dir() => Ok(Self { folder, prefix, digits: 9, first: 0 }),
            _ => Err(Error::new(ErrorKind::NotFound, "there is no folder for a trail at this path")
                .in_file(path)
                .hint("name a prefix such as dirdat/lt, a trail file, or a directory with one trail")),
        }
    }

    fn split(path: &Path, seqno: u64) -> Option<(String, usize)> {
        let name = path.file_name()?.to_str()?;
        DIGITS.into_iter().find_map(|digits| Some((name.strip_suffix(&format!("{seqno:0digits$}"))?.to_owned(), digits)))
    }

    /// Returns the sequence number of a file of the trail; `None` for other files.
    fn seqno(&self, path: &Path) -> Option<(u64, usize)> {
        let number = path.file_name()?.to_str()?.strip_prefix(&self.prefix)?;
        let is_number = DIGITS.contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        Some((number.parse().ok().filter(|_| is_number)?, number.len()))
    }

    /// Returns the sequence numbers of the files that are there, in order.
    pub(crate) fn list(&mut self, files: &dyn Files) -> io::Result<Vec<u64>> {
        let found: Vec<_> = files.list(&self.folder)?.iter().filter_map(|path| self.seqno(path)).collect();
        if let Some((_, digits)) = found.first() {
            self.digits = *digits;
        }
        let first = self.first;
        let mut numbers: Vec<_> = found.into_iter().map(|(seqno, _)| seqno).filter(|seqno| *seqno >= first).collect();
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    /// Returns the path of a file.
    pub(crate) fn path(&self, seqno: u64) -> PathBuf {
        self.folder.join(format!("{}{seqno:0digits$}", self.prefix, digits = self.digits))
    }

    /// Returns the name of a file without its folder.
    pub(crate) fn name(&self, seqno: u64) -> String {
        format!("{}{seqno:0digits$}", self.prefix, digits = self.digits)
    }
}

fn folder_of(folder: &Path) -> PathBuf {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }.to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::OsFiles;

    #[test]
    fn names_of_a_prefix_a_file_and_a_directory() {
        let folder = tempfile::tempdir().unwrap();
        let mut empty = Names::of(&folder.path().join("lt")).unwrap();
        assert_eq!(empty.list(&OsFiles).unwrap(), [] as [u64; 0]);
        let (files, options) = (["lt000002", "lt000010", "lt000003", "notes"], trailcore_samples::Bank::small());
        let bytes = &trailcore_samples::bank_in_memory(&options).unwrap()[0].1;
        for name in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        for (path, expected) in [("", vec![2, 3, 10]), ("lt", vec![2, 3, 10]), ("lt000003", vec![3, 10])] {
            let mut names = Names::of(&folder.path().join(path)).unwrap();
            assert_eq!(names.list(&OsFiles).unwrap(), expected, "{path}");
            assert_eq!(names.path(4), folder.path().join("lt000004"));
        }
        assert_eq!(Names::of(&folder.path().join("no/lt")).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(Names::of(&folder.path().join("notes")).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
}
