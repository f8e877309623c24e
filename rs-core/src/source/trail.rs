//! [`Trail`]: the files of a trail.

use std::path::Path;
use std::sync::Arc;

use crate::error::Result;
use crate::source::bytes::ByteSource;
use crate::source::sequence::{self, Gap, TrailFile};

/// A trail: one file, or the numbered files of a prefix, in order. Opening reads no records; any thread may use it, and
/// any number of readers may read it at once.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # trailcore_samples::write_bank(dir.path(), &trailcore_samples::Bank::small()).unwrap();
/// # let path = dir.path().join("bk");
/// let trail = trailcore::Trail::open(path)?;
/// let mut reader = trail.reader()?;
/// let mut inserts = 0;
/// while let Some(change) = reader.next()? {
///     inserts += u32::from(change.op() == trailcore::Op::Insert);
/// }
/// assert!(inserts > 0);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Trail {
    pub(super) files: Arc<[TrailFile]>,
}

impl Trail {
    /// Opens the trail at a path: a file, a prefix such as `dirdat/lt`, or a directory that holds one trail. A file of native JSON
    /// lines (docs/json.md) is opened in the same way, and read as the changes that it was written from.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) where none lies there,
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) where a directory holds several or a number comes twice,
    /// [`Io`](crate::ErrorKind::Io).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { files: sequence::discover(path.as_ref())?.into() })
    }

    /// A trail of one file whose bytes are in memory. They are read in place.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<::bytes::Bytes>) -> Self {
        Self::from_files([("memory", bytes.into())])
    }

    /// A trail of several files in memory, each with a name. A name that ends with a sequence number says it; else the
    /// file's header does.
    #[must_use]
    pub fn from_files<'a>(files: impl IntoIterator<Item = (&'a str, ::bytes::Bytes)>) -> Self {
        Self { files: files.into_iter().map(|(name, bytes)| TrailFile::from_source(name, Arc::new(bytes))).collect() }
    }

    /// A trail of these files alone, in the order of the numbers in their names; where a name has none, as they are listed.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) where one is no file, [`InvalidArgument`](crate::ErrorKind::InvalidArgument)
    /// where none is listed or a number comes twice.
    pub fn open_files(paths: &[impl AsRef<Path>]) -> Result<Self> {
        Ok(Self { files: sequence::listed(paths)?.into() })
    }

    /// A trail of one file whose bytes come from somewhere else. A name that ends with a sequence number says it; else the
    /// file's header does.
    #[must_use]
    pub fn from_source(name: &str, source: impl ByteSource + 'static) -> Self {
        Self::from_sources([(name, Arc::new(source) as Arc<dyn ByteSource>)])
    }

    /// A trail of several files whose bytes come from somewhere else, each with a name, in order.
    #[must_use]
    pub fn from_sources<'a>(sources: impl IntoIterator<Item = (&'a str, Arc<dyn ByteSource>)>) -> Self {
        Self { files: sources.into_iter().map(|(name, source)| TrailFile::from_source(name, source)).collect() }
    }

    /// How many bytes its files have now.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io).
    pub fn size(&self) -> Result<u64> {
        self.files.iter().map(TrailFile::size).sum()
    }

    /// Its files, in the order in which they are read.
    #[must_use]
    pub fn files(&self) -> &[TrailFile] {
        &self.files
    }

    /// The file numbers that are missing between its files.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        sequence::gaps(&self.files)
    }

    /// Returns whether its files are native JSON lines: by their first byte, or the name of an empty file. A trail starts with the
    /// letter of a record.
    pub(super) fn is_json_lines(&self) -> bool {
        let Some(file) = self.files.first() else { return false };
        let named_so = || file.path.extension().is_some_and(|name| name == "jsonl" || name == "ndjson");
        let mut start = [0; 64];
        // What cannot be read is an error of reading, not of this question.
        let Some(read) = file.source(false).ok().and_then(|source| source.read_at(&mut start, 0).ok()) else { return false };
        let first = start.get(..read).unwrap_or_default().iter().find(|byte| !byte.is_ascii_whitespace());
        first.map_or_else(named_so, |&byte| byte == b'{')
    }

    pub(super) fn only(&self, files: std::ops::RangeFrom<usize>) -> Self {
        Self { files: self.files.get(files).unwrap_or_default().into() }
    }
}
