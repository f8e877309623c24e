//! [`ReadOptions`]: how to read a trail.

use std::ops::ControlFlow;

use crate::filter::Select;
use crate::position::Position;
use crate::schema::Catalog;
use crate::source::progress::{Access, Progress, Watch};
use crate::text::Charset;

/// How to read a trail. The default reads from the start, stops at damage, and hands out changes only.
///
/// ```
/// use trailcore::{Position, ReadOptions};
/// let options = ReadOptions::new().start_at(Position::new(12, 1956)).resync(true);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    pub(super) start_at: Option<Position>,
    pub(super) catalog: Option<Catalog>,
    pub(super) charset: Option<Charset>,
    pub(super) include_non_changes: bool,
    pub(super) resync: bool,
    pub(super) access: Access,
    pub(super) select: Option<Select>,
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
