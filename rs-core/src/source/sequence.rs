//! [`TrailFile`]: finds the files of a trail, their order, and the gaps between them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::source::bytes::{ByteSource, open_file};
use crate::source::compressed::{ENDINGS, Expanded};

/// Digits of a sequence number in a file name: six through release 12.1, nine from 12.2 on (docs/trail-format.md, section 18).
const SEQNO_DIGITS: [usize; 2] = [9, 6];

/// One file of a trail.
#[derive(Clone, Debug)]
pub struct TrailFile {
    /// Its path, or a name for bytes that are not in a file.
    pub path: Arc<Path>,
    /// The sequence number in its name; `None` if the name has none, and then the header has it.
    pub seqno: Option<u64>,
    /// The source of its bytes; `None` for a file on disk, which each reader opens for itself.
    source: Option<Arc<dyn ByteSource>>,
    expanded: Expanded,
}

impl TrailFile {
    /// Creates a file whose bytes come from a source. The sequence number is the one at the end of the path's name.
    #[must_use]
    pub fn from_source(path: impl AsRef<Path>, source: Arc<dyn ByteSource>) -> Self {
        Self { source: Some(source), ..Self::on_disk(path.as_ref()) }
    }

    fn on_disk(path: &Path) -> Self {
        Self { path: path.into(), seqno: seqno_of(path), source: None, expanded: Expanded::default() }
    }

    /// Returns its current size in bytes.
    pub(crate) fn size(&self) -> Result<u64> {
        let size = match &self.source {
            Some(source) => source.size(),
            None => std::fs::metadata(&self.path).map(|facts| facts.len()),
        };
        size.map_err(|error| Error::io(&self.path, error))
    }

    /// Returns whether its bytes are on disk or in memory, and not those of a caller's source.
    pub(super) fn is_plain(&self) -> bool {
        self.source.as_ref().is_none_or(|source| source.as_slice().is_some())
    }

    /// Opens the file for reading.
    #[cfg_attr(not(feature = "mmap"), allow(unused_variables))]
    pub(crate) fn source(&self, mapped: bool) -> Result<Arc<dyn ByteSource>> {
        if let Some(source) = &self.source {
            return Ok(Arc::clone(source));
        }
        if let Some(source) = self.expanded.source(&self.path)? {
            return Ok(source);
        }
        #[cfg(feature = "mmap")]
        if mapped {
            let file = crate::source::bytes::MappedFile::open(&self.path).map_err(|error| Error::io(&self.path, error))?;
            return Ok(Arc::new(file));
        }
        Ok(Arc::new(open_file(&self.path).map_err(|error| Error::io(&self.path, error))?))
    }
}

/// Finds the files at a path: one file, the files of a prefix, or the only trail in a directory.
pub(crate) fn discover(path: &Path) -> Result<Vec<TrailFile>> {
    if path.is_file() {
        return Ok(vec![TrailFile::on_disk(path)]);
    }
    if path.is_dir() {
        let mut trails = list(path, "")?;
        if trails.len() > 1 {
            let prefixes: Vec<_> = trails.keys().map(String::as_str).collect();
            let what = format!("the directory has several trails: {}", prefixes.join(", "));
            return Err(Error::new(ErrorKind::InvalidArgument, what).in_file(path).hint("open one of them by its prefix"));
        }
        return trails.pop_first().map_or_else(|| Err(not_found(path)), |(_, files)| in_order(files));
    }
    let prefix = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| not_found(path))?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !directory.is_dir() {
        return Err(not_found(path));
    }
    let files = list(directory, prefix)?.remove(prefix);
    files.map_or_else(|| Err(not_found(path)), in_order)
}

fn not_found(path: &Path) -> Error {
    Error::new(ErrorKind::NotFound, "there is no trail at this path")
        .in_file(path)
        .hint("name a trail file, a prefix such as dirdat/lt, or a directory")
}

/// Returns the sequence number in a file's name; `None` if it has none.
///
/// ```
/// assert_eq!(trailcore::source::seqno_of("dirdat/lt000000012".as_ref()), Some(12));
/// assert_eq!(trailcore::source::seqno_of("dirdat/lt000000012.gz".as_ref()), Some(12));
/// ```
#[must_use]
pub fn seqno_of(path: &Path) -> Option<u64> {
    path.file_name().and_then(|name| split_name(name.to_str()?)).map(|(_, seqno)| seqno)
}

/// Returns the name of a file without the ending of a compressed file.
fn without_ending(name: &str) -> &str {
    ENDINGS.into_iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// Splits a file name into its prefix and its sequence number.
fn split_name(name: &str) -> Option<(&str, u64)> {
    let name = without_ending(name);
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let width = SEQNO_DIGITS.into_iter().find(|&width| digits >= width)?;
    // A prefix may end in a digit (`r2000000000`), so the width decides where it ends.
    let (prefix, number) = name.split_at_checked(name.len() - width)?;
    (!prefix.is_empty()).then_some((prefix, number.parse().ok()?))
}

/// Lists the trail files of a directory by prefix. With a prefix, lists only its files, even if it ends with a digit.
fn list(directory: &Path, prefix: &str) -> Result<BTreeMap<String, Vec<(u64, PathBuf)>>> {
    let mut trails: BTreeMap<String, Vec<(u64, PathBuf)>> = BTreeMap::new();
    for entry in std::fs::read_dir(directory).map_err(|error| Error::io(directory, error))? {
        let entry = entry.map_err(|error| Error::io(directory, error))?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let split = if prefix.is_empty() {
            split_name(name)
        } else {
            without_ending(name)
                .strip_prefix(prefix)
                .filter(|number| SEQNO_DIGITS.contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|number| Some((prefix, number.parse().ok()?)))
        };
        if let Some((prefix, seqno)) = split.filter(|_| entry.path().is_file()) {
            trails.entry(prefix.to_owned()).or_default().push((seqno, entry.path()));
        }
    }
    Ok(trails)
}

/// Returns the files at these paths, sorted by number if all have one, else in the given order.
pub(crate) fn listed(paths: &[impl AsRef<Path>]) -> Result<Vec<TrailFile>> {
    let files: Vec<_> = paths.iter().map(|path| TrailFile::on_disk(path.as_ref())).collect();
    if files.is_empty() {
        return Err(Error::new(ErrorKind::InvalidArgument, "the list of files is empty"));
    }
    if let Some(file) = files.iter().find(|file| !file.path.is_file()) {
        return Err(not_found(&file.path));
    }
    match files.iter().map(|file| Some((file.seqno?, file.path.to_path_buf()))).collect() {
        Some(numbered) => in_order(numbered),
        None => Ok(files),
    }
}

fn in_order(mut files: Vec<(u64, PathBuf)>) -> Result<Vec<TrailFile>> {
    files.sort();
    // A file beside its compressed copy is read, and the copy is not.
    let plain: std::collections::HashSet<_> = files.iter().map(|(_, path)| path.clone()).collect();
    files.retain(|(_, path)| {
        let name = path.to_str().unwrap_or_default();
        let bare = without_ending(name);
        bare == name || !plain.contains(Path::new(bare))
    });
    let expanded = Expanded::default();
    for pair in files.windows(2) {
        if let [(a, _), (b, path)] = pair {
            if a == b {
                let what = format!("two files have the sequence number {a}");
                return Err(Error::new(ErrorKind::InvalidArgument, what).in_file(path).hint("open each of them on its own"));
            }
        }
    }
    let file = |(seqno, path): (u64, PathBuf)| {
        let expanded = expanded.clone();
        TrailFile { path: path.into(), seqno: Some(seqno), source: None, expanded }
    };
    Ok(files.into_iter().map(file).collect())
}

/// Sequence numbers that are missing between two files of a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first missing number.
    pub first: u64,
    /// The last missing number.
    pub last: u64,
}

pub(crate) fn gaps(files: &[TrailFile]) -> Vec<Gap> {
    let numbers: Vec<u64> = files.iter().filter_map(|file| file.seqno).collect();
    let missing = |pair: &[u64]| match *pair {
        [a, b] if b > a + 1 => Some(Gap { first: a + 1, last: b - 1 }),
        _ => None,
    };
    numbers.windows(2).filter_map(missing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_widths() {
        assert_eq!(split_name("lt000012"), Some(("lt", 12)));
        assert_eq!(split_name("tr000000000"), Some(("tr", 0)));
        assert_eq!(split_name("r2000000007"), Some(("r2", 7)));
        assert_eq!(split_name("lt000000012.zst"), Some(("lt", 12)));
        assert_eq!(split_name("lt12"), None);
        assert_eq!(split_name("000012"), None);
    }

    #[test]
    fn a_directory_of_one_trail_a_prefix_and_gaps() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["lt000000003", "lt000000001", "lt000000006", "notes.txt", "lt12"] {
            std::fs::write(dir.path().join(name), b"").unwrap();
        }
        let numbers = |files: Vec<TrailFile>| files.iter().filter_map(|file| file.seqno).collect::<Vec<_>>();
        assert_eq!(numbers(discover(dir.path()).unwrap()), [1, 3, 6]);
        let files = discover(&dir.path().join("lt")).unwrap();
        assert_eq!(gaps(&files), [Gap { first: 2, last: 2 }, Gap { first: 4, last: 5 }]);
        std::fs::write(dir.path().join("xx000001"), b"").unwrap();
        assert_eq!(discover(dir.path()).unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!(numbers(discover(&dir.path().join("xx")).unwrap()), [1]);
        std::fs::write(dir.path().join("lt000003"), b"").unwrap();
        assert_eq!(discover(&dir.path().join("lt")).unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!(discover(&dir.path().join("zz")).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
