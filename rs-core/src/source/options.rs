//! [`ReadOptions`]: how to read a trail.

use std::ops::ControlFlow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::document;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{Select, TableName};
use crate::position::Position;
use crate::schema::Catalog;
use crate::source::progress::{Access, Progress, Watch};
use crate::text::Charset;

/// How to read a source. The default reads from the start, stops at damage, and returns changes only.
///
/// It is a document too: [`from_json`](Self::from_json) reads it from JSON, whose schema is `docs/schema/read-options.json`.
///
/// ```
/// use trailcore::{Position, ReadOptions};
/// let options = ReadOptions::new().start_at(Position::new(12, 1956)).resync(true);
/// assert_eq!(options.to_json()?, ReadOptions::from_json(r#"{"start_at":"12:1956","resync":true}"#)?.to_json()?);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "How to read a source."))]
#[serde(default, deny_unknown_fields)]
pub struct ReadOptions {
    /// Position to start at, such as `12:1956`; the start of the source if it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_at: Option<Position>,
    /// Reads the transactions that begin at this position or later, which need not be the start of a record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) transactions_from: Option<Position>,
    /// Reads up to the first transaction that begins at this position or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) transactions_until: Option<Position>,
    /// Path of a definitions (DEFGEN) file, for tables that the source does not define.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) definitions: Option<PathBuf>,
    #[serde(skip)]
    pub(super) catalog: Option<Catalog>,
    /// Path of a folder with side indexes, with which a position in a large file is reached quickly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<PathBuf>,
    /// The database's character set by name, in place of what the source states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) charset: Option<Charset>,
    /// The character set of all text columns by name, in place of what the source states for each. Columns of Unicode types keep theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column_charset: Option<Charset>,
    /// Returns metadata, markers and records of unknown types too.
    pub(super) include_non_changes: bool,
    /// Skips damage, missing files and rows without a definition.
    pub(super) resync: bool,
    /// Maximum memory in bytes of the table definitions that are held at a time; one gigabyte (2³⁰ bytes) if it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_definition_bytes: Option<u64>,
    /// Maps files into memory instead of reading them.
    pub(super) mapped: bool,
    /// The number of threads that decode, beside one that reads ahead; 0 and 1 do all work in the caller's thread.
    pub(super) threads: usize,
    /// The selection: its text, or an object with `text` and `lenient`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) select: Option<Select>,
    /// The only table whose changes are used. The selection need not be right for others.
    #[serde(skip)]
    pub(super) only: Option<TableName>,
    #[serde(skip)]
    pub(super) watch: Option<Watch>,
}

impl ReadOptions {
    /// Returns the default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads options from a JSON document, and the definitions file that it names.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the document does not have the form of its schema,
    /// [`Filter`](crate::ErrorKind::Filter) if the selection is not valid, the errors of [`Catalog::open`].
    pub fn from_json(document: &str) -> Result<Self> {
        let mut options: Self = document::parse(document)?;
        if let Some(path) = &options.definitions {
            options.catalog = Some(Catalog::open(path)?);
        }
        Ok(options)
    }

    /// Returns the options as a JSON document. Callbacks and a catalog that was given as a value are not part of it.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal).
    pub fn to_json(&self) -> Result<String> {
        document::write(self)
    }

    /// Returns the number of threads that decode, for a reading that has several.
    #[cfg(feature = "arrow")]
    pub(crate) fn thread_count(&self) -> usize {
        self.threads.max(2)
    }

    /// Returns how files are accessed.
    pub(crate) fn access(&self) -> Access {
        Access { mapped: self.mapped, watch: self.watch.clone() }
    }

    /// Starts at a position. It must be the start of a record; its file is read from the start for its definitions. CSN and id of
    /// a transaction that began in an earlier file are then not known.
    #[must_use]
    pub fn start_at(self, position: Position) -> Self {
        Self { start_at: Some(position), ..self }
    }

    /// Reads the transactions that begin in a range of positions, `from` inclusive and `until` exclusive, to their ends. Neither
    /// needs to be the start of a record, and `None` is the start or the end of the trail. Consecutive ranges therefore share a trail
    /// among readers: each change is in one of them, with its whole pair and the ids of its transaction. Without `from`, records
    /// before the first transaction are read too.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::{Position, ReadOptions};
    ///
    /// let middle = Position::new(0, trail.size()? / 2);
    /// let count = |from, until| {
    ///     Ok::<_, trailcore::Error>(trail.reader_with(ReadOptions::new().transactions(from, until))?.into_changes().count())
    /// };
    /// assert_eq!(count(None, Some(middle))? + count(Some(middle), None)?, count(None, None)?);
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    #[must_use]
    pub fn transactions(self, from: Option<Position>, until: Option<Position>) -> Self {
        Self { transactions_from: from, transactions_until: until, ..self }
    }

    /// Sets the maximum memory of the table definitions that a reader holds at a time, in bytes; one gigabyte (2³⁰ bytes) by default.
    /// A trail with more, for example with millions of tables, is an error of the kind
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument). Earlier definitions of a table are released when no row needs them.
    #[must_use]
    pub fn max_definition_bytes(self, max_definition_bytes: u64) -> Self {
        Self { max_definition_bytes: Some(max_definition_bytes), ..self }
    }

    /// Returns the options for a reading that uses one table only.
    pub(crate) fn for_table(self, name: &TableName) -> Self {
        Self { only: Some(name.clone()), ..self }
    }

    /// Returns the options for reading the whole source, whatever range they have.
    pub(super) fn unbounded(self) -> Self {
        Self { start_at: None, transactions_from: None, transactions_until: None, ..self }
    }

    /// Fails for a source that has no transactions at positions of a trail.
    pub(super) fn refuse_transactions(&self, source: &str) -> Result<()> {
        if self.transactions_from.is_none() && self.transactions_until.is_none() {
            return Ok(());
        }
        let what = format!("transactions_from and transactions_until are not available for {source}");
        Err(Error::new(ErrorKind::Unsupported, what).hint("read it as a whole"))
    }

    /// Uses the side indexes in a folder, which [`Trail::write_index`](crate::Trail::write_index) writes: a position, a CSN or a time in a
    /// large file is then reached without reading the file from its start. The results are the same. A file without an index, or with
    /// one that does not fit it, is read from its start.
    #[must_use]
    pub fn index(self, folder: impl Into<PathBuf>) -> Self {
        Self { index: Some(folder.into()), ..self }
    }

    /// Gives definitions for tables that the trail itself does not define.
    #[must_use]
    pub fn catalog(self, catalog: Catalog) -> Self {
        Self { catalog: Some(catalog), ..self }
    }

    /// Sets the database's character set, in place of the one that the trail states. Columns with a character set of their own
    /// keep it.
    #[must_use]
    pub fn charset(self, charset: Charset) -> Self {
        Self { charset: Some(charset), ..self }
    }

    /// Sets the character set of all text columns, in place of what the source states for each of them, as `SOURCECHARSET OVERRIDE`
    /// does in GoldenGate: for a source that states a wrong one. Columns of Unicode types, such as NCHAR, keep theirs.
    #[must_use]
    pub fn column_charset(self, charset: Charset) -> Self {
        Self { column_charset: Some(charset), ..self }
    }

    /// Returns metadata, markers and records of unknown types too, as changes with the operations
    /// [`Metadata`](crate::Op::Metadata) and [`Other`](crate::Op::Other).
    #[must_use]
    pub fn include_non_changes(self, include_non_changes: bool) -> Self {
        Self { include_non_changes, ..self }
    }

    /// Skips damage up to the next provable record, missing files, and rows whose definition was lost.
    /// [`Reader::skipped`](crate::Reader::skipped) lists the skipped ranges.
    #[must_use]
    pub fn resync(self, resync: bool) -> Self {
        Self { resync, ..self }
    }

    /// Returns only the changes that a selection keeps. It decides on changes, not on records: the two records of an update are
    /// one change.
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

    /// Calls a function for each block of about a megabyte that is read, in the thread that reads, to show the progress and to
    /// stop reading. On [`Break`](ControlFlow::Break), the call that reads fails with [`Cancelled`](crate::ErrorKind::Cancelled);
    /// the next call continues. Looking ahead in a long transaction calls it too. One that was set before is called first.
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
        self.watch = Some(match self.watch {
            Some(before) => before.and(callback),
            None => Watch::new(callback),
        });
        self
    }

    /// Reads ahead in a thread of its own, and decodes record batches in this many threads. The results are the same, in the same
    /// order; memory stays bounded, by some 100 MiB for each thread. 0 and 1, the default, do all work in the caller's thread, and so
    /// does a source that is not a trail in files or in memory.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::ReadOptions;
    ///
    /// let changes = |options| Ok::<_, trailcore::Error>(trail.reader_with(options)?.into_changes().count());
    /// assert_eq!(changes(ReadOptions::new().threads(2))?, changes(ReadOptions::new())?);
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// Maps files into memory instead of reading them. Needs the feature `mmap`; without it, files are read. If another process
    /// truncates a mapped file, this process is killed by SIGBUS.
    #[must_use]
    pub fn mapped(mut self, mapped: bool) -> Self {
        self.mapped = mapped;
        self
    }
}
