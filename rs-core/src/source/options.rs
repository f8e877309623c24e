//! [`ReadOptions`]: how to read a trail.

use std::ops::ControlFlow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::document;
use crate::error::Result;
use crate::filter::Select;
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ReadOptions {
    /// Position to start at, such as `12:1956`; the start of the source if it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_at: Option<Position>,
    /// Path of a definitions (DEFGEN) file, for tables that the source does not define.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) definitions: Option<PathBuf>,
    #[serde(skip)]
    pub(super) catalog: Option<Catalog>,
    /// The database's character set by name, in place of what the source states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) charset: Option<Charset>,
    /// Whether metadata, markers and records of unknown types are returned too.
    pub(super) include_non_changes: bool,
    /// Whether damage, missing files and rows without a definition are skipped.
    pub(super) resync: bool,
    /// Whether files are mapped into memory instead of read.
    pub(super) mapped: bool,
    /// The selection: its text, or an object with `text` and `lenient`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) select: Option<Select>,
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
    /// [`ErrorKind::InvalidArgument`] if the document does not have the form of its schema, [`ErrorKind::Filter`] if the selection is
    /// not valid, the errors of [`Catalog::open`].
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
    /// [`ErrorKind::Internal`].
    pub fn to_json(&self) -> Result<String> {
        document::write(self)
    }

    /// Returns how files are accessed.
    pub(super) fn access(&self) -> Access {
        Access { mapped: self.mapped, watch: self.watch.clone() }
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
        self.watch = Some(Watch::new(callback));
        self
    }

    /// Map files into memory instead of reading them. Needs the feature `mmap`; without it, files are read. A mapped file
    /// that another process cuts short kills this one.
    #[must_use]
    pub fn mapped(mut self, mapped: bool) -> Self {
        self.mapped = mapped;
        self
    }
}
