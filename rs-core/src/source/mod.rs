//! Where bytes come from, and how a trail is read: [`Trail`] finds the files, [`Reader`] reads their changes,
//! [`RecordReader`] their records.

mod bytes;
mod check;
mod find;
mod progress;
mod reader;
mod records;
mod sequence;
mod summary;
mod window;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

pub use self::bytes::ByteSource;
pub use self::check::{CheckIssue, CheckIssueKind, CheckReport};
pub use self::progress::Progress;
pub use self::reader::Blocks;
pub use self::reader::{Reader, Skipped};
pub use self::records::{PlacedRecord, RecordReader};
pub use self::sequence::{Gap, TrailFile, seqno_of};
pub use self::summary::{Summary, TableCounts};
#[doc(inline)]
pub use crate::change::ChangeBlock;

use crate::error::{ErrorKind, Result};
use crate::filter::Select;
use crate::position::Position;
use crate::schema::Catalog;
use crate::source::progress::{Access, Watch};
use crate::text::Charset;
use crate::time::Timestamp;
use crate::trail::FileHeader;

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
    files: Arc<[TrailFile]>,
}

impl Trail {
    /// The trail at a path: a file, a prefix such as `dirdat/lt`, or a directory that holds one trail.
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

    /// The header of each file, in their order; `None` for a file without one that is understood. Reads the first record of
    /// each.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io), [`NotFound`](crate::ErrorKind::NotFound).
    pub fn headers(&self) -> Result<Vec<Option<FileHeader>>> {
        let header = |index: usize| {
            let files = self.files.get(index..=index).unwrap_or_default().into();
            let mut records = Self { files }.records(&ReadOptions::new());
            match records.next() {
                Ok(placed) => Ok(placed.and_then(|placed| FileHeader::parse(&placed.record).ok())),
                Err(error) if matches!(error.kind(), ErrorKind::Io | ErrorKind::NotFound) => Err(error),
                Err(_) => Ok(None),
            }
        };
        (0..self.files.len()).map(header).collect()
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

    /// A reader of its changes, from its start.
    ///
    /// # Errors
    /// None that reading would not give; the signature is that of [`reader_with`](Self::reader_with).
    pub fn reader(&self) -> Result<Reader> {
        self.reader_with(ReadOptions::new())
    }

    /// A reader of its changes.
    ///
    /// # Errors
    /// With a position to start from: [`InvalidPosition`](crate::ErrorKind::InvalidPosition) where no record starts there,
    /// and what reading the file up to it gives.
    pub fn reader_with(&self, options: ReadOptions) -> Result<Reader> {
        Reader::new(Arc::clone(&self.files), options)
    }

    /// A reader of its records as they stand. Of the options, mapping and resynchronisation count.
    #[must_use]
    pub fn records(&self, options: &ReadOptions) -> RecordReader {
        RecordReader::new(Arc::clone(&self.files), options.access.clone(), options.resync)
    }

    /// The first change whose transaction has this CSN or a later one; `None` if there is none. Files are passed over by
    /// the first CSN in their headers where they have one.
    ///
    /// # Errors
    /// What reading gives. CSNs of another form than this one are passed over.
    pub fn find_csn(&self, csn: &str) -> Result<Option<Position>> {
        self.find_csn_with(csn, &ReadOptions::new())
    }

    /// The same, read with these options: with [`resync`](ReadOptions::resync) also behind damage.
    ///
    /// # Errors
    /// As [`find_csn`](Self::find_csn).
    pub fn find_csn_with(&self, csn: &str, options: &ReadOptions) -> Result<Option<Position>> {
        find::csn(self, csn, options)
    }

    /// The first change of this time or later; `None` if there is none. Files are passed over by the first time in their
    /// headers where they have one.
    ///
    /// # Errors
    /// What reading gives.
    pub fn find_time(&self, time: Timestamp) -> Result<Option<Position>> {
        self.find_time_with(time, &ReadOptions::new())
    }

    /// The same, read with these options: with [`resync`](ReadOptions::resync) also behind damage.
    ///
    /// # Errors
    /// As [`find_time`](Self::find_time).
    pub fn find_time_with(&self, time: Timestamp, options: &ReadOptions) -> Result<Option<Position>> {
        find::time(self, time, options)
    }

    fn only(&self, files: std::ops::RangeFrom<usize>) -> Self {
        Self { files: self.files.get(files).unwrap_or_default().into() }
    }
}

/// How to read a trail. The default reads from the start, stops at damage, and hands out changes only.
///
/// ```
/// use trailcore::{Position, ReadOptions};
/// let options = ReadOptions::new().start_at(Position::new(12, 1956)).resync(true);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    start_at: Option<Position>,
    catalog: Option<Catalog>,
    charset: Option<Charset>,
    include_non_changes: bool,
    resync: bool,
    access: Access,
    select: Option<Select>,
}

impl ReadOptions {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Start at this position. It must be the start of a record; its file is read from the start for its definitions.
    /// Of a transaction that began in an earlier file, CSN and id are not known then.
    #[must_use]
    pub fn start_at(self, position: Position) -> Self {
        Self { start_at: Some(position), ..self }
    }

    /// Definitions for tables that the trail itself does not define.
    #[must_use]
    pub fn catalog(self, catalog: Catalog) -> Self {
        Self { catalog: Some(catalog), ..self }
    }

    /// The database's character set, against what the trail says. Columns that name their own keep it.
    #[must_use]
    pub fn charset(self, charset: Charset) -> Self {
        Self { charset: Some(charset), ..self }
    }

    /// Hand out metadata, markers and records of types that are not understood too, as changes with the operations
    /// [`Metadata`](crate::Op::Metadata) and [`Other`](crate::Op::Other).
    #[must_use]
    pub fn include_non_changes(self, include_non_changes: bool) -> Self {
        Self { include_non_changes, ..self }
    }

    /// Pass over damage to the next provable record, over missing files, and over rows whose definition was lost.
    /// [`Reader::skipped`] tells what was passed over.
    #[must_use]
    pub fn resync(self, resync: bool) -> Self {
        Self { resync, ..self }
    }

    /// Hand out only the changes that a selection wants. What belongs together stays together: the two records of an update
    /// are one change here too.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::ReadOptions;
    /// use trailcore::filter::Select;
    ///
    /// let select = Select::parse("TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > 1000);")?;
    /// let mut reader = trail.reader_with(ReadOptions::new().select(select))?;
    /// while let Some(change) = reader.next()? {
    ///     assert_eq!(change.table_name(), "BANK.POSTINGS");
    /// }
    /// assert!(reader.filter_counts().rejected > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn select(self, select: Select) -> Self {
        Self { select: Some(select), ..self }
    }

    /// Call this as reading goes on, with each block of about a megabyte and from the thread that reads: to show how far it
    /// has come, and to stop it. On [`Break`](ControlFlow::Break), the call that reads ends with
    /// [`Cancelled`](crate::ErrorKind::Cancelled); a further call goes on. Looking ahead in a long transaction calls it too.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use std::ops::ControlFlow;
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// use trailcore::{ErrorKind, ReadOptions};
    ///
    /// let stop = Arc::new(AtomicBool::new(true));
    /// let asked = Arc::clone(&stop);
    /// let options = ReadOptions::new().on_progress(move |progress| {
    ///     eprintln!("{} bytes", progress.bytes);
    ///     if asked.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    /// });
    /// let mut reader = trail.reader_with(options)?;
    /// assert_eq!(reader.next().unwrap_err().kind(), ErrorKind::Cancelled);
    /// stop.store(false, Ordering::Relaxed);
    /// assert!(reader.next()?.is_some());
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    #[must_use]
    pub fn on_progress(mut self, callback: impl Fn(Progress) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        self.access.watch = Some(Watch::new(callback));
        self
    }

    /// Map files into memory instead of reading them. Needs the feature `mmap`; without it, files are read. A mapped file
    /// that another process cuts short kills this one.
    #[must_use]
    pub fn mapped(mut self, mapped: bool) -> Self {
        self.access.mapped = mapped;
        self
    }
}
