//! [`Trail`]: the files of a trail.

use std::path::Path;
use std::sync::Arc;

use crate::change::ChangeBlock;
use crate::error::Result;
use crate::position::TrailPosition;
use crate::schema::TableDef;
use crate::source::bytes::ByteSource;
use crate::source::lines::UTF8_MARK;
use crate::source::options::ReadOptions;
use crate::source::sequence::{self, Gap, TrailFile};

/// A trail: one file, or the numbered files of a prefix, in order. Opening it reads no records. It may be used from any thread,
/// and by any number of readers at once.
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
    /// Changes in memory, in place of files.
    pub(super) held: Option<Arc<Held>>,
}

/// Changes in memory, and the definitions of their tables.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) blocks: Vec<ChangeBlock>,
    pub(super) tables: Vec<Arc<TableDef>>,
}

impl Trail {
    /// Creates a trail of these files, in this order.
    #[must_use]
    pub fn of(files: impl IntoIterator<Item = TrailFile>) -> Self {
        Self { files: files.into_iter().collect(), held: None }
    }

    /// Opens the trail at a path: a file, a prefix such as `dirdat/lt`, or a directory that holds one trail. A file of native
    /// JSON lines (docs/json.md) is opened in the same way, and read as the changes that it was written from.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if there is no trail at the path,
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if a directory has several trails or two files have the same
    /// number, [`Io`](crate::ErrorKind::Io).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self::of(sequence::discover(path.as_ref())?))
    }

    /// Creates a trail of one file whose bytes are in memory. They are read in place.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<::bytes::Bytes>) -> Self {
        Self::from_files([("memory", bytes.into())])
    }

    /// Creates a trail of several files in memory, each with a name. The sequence number is the one at the end of the name, or
    /// else the one in the file's header.
    #[must_use]
    pub fn from_files<'a>(files: impl IntoIterator<Item = (&'a str, ::bytes::Bytes)>) -> Self {
        Self::of(files.into_iter().map(|(name, bytes)| TrailFile::from_source(name, Arc::new(bytes))))
    }

    /// Opens a trail of exactly these files, in the order of the numbers in their names, or in the given order if a name has no
    /// number.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if one of them is not a file,
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if there is no path or if two files have the same number.
    pub fn open_files(paths: &[impl AsRef<Path>]) -> Result<Self> {
        Ok(Self::of(sequence::listed(paths)?))
    }

    /// Creates a trail of one file whose bytes come from a [`ByteSource`]. The sequence number is the one at the end of the name,
    /// or else the one in the file's header.
    #[must_use]
    pub fn from_source(name: &str, source: impl ByteSource + 'static) -> Self {
        Self::from_sources([(name, Arc::new(source) as Arc<dyn ByteSource>)])
    }

    /// Creates a trail of several files whose bytes come from a [`ByteSource`], each with a name, in order.
    #[must_use]
    pub fn from_sources<'a>(sources: impl IntoIterator<Item = (&'a str, Arc<dyn ByteSource>)>) -> Self {
        Self::of(sources.into_iter().map(|(name, source)| TrailFile::from_source(name, source)))
    }

    /// Creates a source of changes that are in memory already, in this order. `tables` are definitions of tables that may have no
    /// changes among them. It has no files and no records; everything that reads changes works on it.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::{ChangeBlock, Op, Trail};
    ///
    /// let mut inserts = ChangeBlock::default();
    /// let mut reader = trail.reader()?;
    /// while let Some(change) = reader.next()? {
    ///     if change.op() == Op::Insert {
    ///         inserts.push(&change);
    ///     }
    /// }
    /// let number = inserts.len();
    /// let inserts = Trail::from_changes(vec![inserts], Vec::new());
    /// assert_eq!(inserts.reader()?.into_changes().count(), number);
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    #[must_use]
    pub fn from_changes(blocks: Vec<ChangeBlock>, tables: Vec<Arc<TableDef>>) -> Self {
        Self { files: Arc::default(), held: Some(Arc::new(Held { blocks, tables })) }
    }

    /// Returns the current size of its files, in bytes.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io).
    pub fn size(&self) -> Result<u64> {
        self.files.iter().map(TrailFile::size).sum()
    }

    /// Returns its files, in the order in which they are read.
    #[must_use]
    pub fn files(&self) -> &[TrailFile] {
        &self.files
    }

    /// Returns the sequence numbers that are missing between its files.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        sequence::gaps(&self.files)
    }

    /// Returns whether its files are native JSON lines: by their first byte, or the name of an empty file. A trail starts with
    /// the letter of a record.
    pub(crate) fn is_json_lines(&self) -> bool {
        let Some(file) = self.files.first() else { return false };
        let named_so = || file.path.extension().is_some_and(|name| name == "jsonl" || name == "ndjson");
        let mut start = [0; 64];
        // If the file cannot be read, the reader reports it.
        let Some(read) = file.source(false).ok().and_then(|source| source.read_at(&mut start, 0).ok()) else { return false };
        let start = start.get(..read).unwrap_or_default();
        let first = start.strip_prefix(UTF8_MARK).unwrap_or(start).iter().find(|byte| !byte.is_ascii_whitespace());
        first.map_or_else(named_so, |&byte| byte == b'{')
    }

    /// Returns the size of the pieces in which several threads read it: the `usual` one, if the options ask for threads. `None` for
    /// a trail that is too small, and for the caller's own sources, whose functions are called in the caller's thread only.
    pub(super) fn piece_bytes(&self, options: &ReadOptions, usual: usize) -> Option<usize> {
        const LEAST: u64 = 4 << 20;
        if !self.files.iter().all(TrailFile::is_plain) {
            return None;
        }
        #[cfg(feature = "drill")]
        if let Some(bytes) = crate::drill::piece_bytes() {
            return Some(bytes);
        }
        (options.threads > 1 && self.size().is_ok_and(|size| size >= LEAST)).then_some(usual)
    }

    /// Returns the index of the first file that may have a position; the number of files if there is none.
    #[must_use]
    pub fn file_of(&self, position: TrailPosition) -> usize {
        let file = self.files.iter().position(|file| file.seqno.is_none_or(|seqno| seqno >= position.seqno));
        file.unwrap_or(self.files.len())
    }

    /// Returns a trail of some of the files, by their indexes in [`files`](Self::files). Changes in memory are in no file, and are
    /// all in it.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # trailcore_samples::write_bank(dir.path(), &trailcore_samples::Bank::small()).unwrap();
    /// let trail = trailcore::Trail::open(dir.path().join("bk"))?;
    /// assert_eq!(trail.with_files(0..1).files().len(), 1);
    /// assert!(trail.with_files(7..9).files().is_empty());
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    #[must_use]
    pub fn with_files(&self, range: std::ops::Range<usize>) -> Self {
        let files = self.files.get(range.start..range.end.min(self.files.len())).unwrap_or_default();
        Self { files: files.into(), held: self.held.clone() }
    }
}
