//! [`Collector`]: record batches of changes that the caller has, from any source.

use super::maker::{Converter, SharedSchemas};
use super::options::ArrowOptions;
use super::records::TableRecords;
use crate::change::{Change, Op};
use crate::error::Result;

/// Collects changes of any tables and any source, and converts them to record batches: for sinks, and for sources other than a
/// trail, whose batches [`Trail::batches`](crate::Trail::batches) makes.
///
/// ```
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
/// use trailcore::arrow::{ArrowOptions, Collector};
///
/// let mut collector = Collector::new(ArrowOptions::new());
/// for change in trail.reader()?.into_changes() {
///     collector.push(&change?.as_change())?;
/// }
/// collector.flush();
/// while let Some(records) = collector.pop() {
///     println!("{} rows", records?.batch.num_rows());
/// }
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Collector(Converter);

impl Collector {
    /// Starts without changes. Rows of each table are converted once there are [`ArrowOptions::rows`] of them, and all once they have 64 MiB.
    #[must_use]
    pub fn new(options: ArrowOptions) -> Self {
        let schemas = SharedSchemas::new(&options, None, false);
        Self(Converter::new(options, schemas, None))
    }

    /// Adds a change. Returns `false` for DDL, which is not a row. [`pop`](Self::pop) has what it completes.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) if an image is damaged, [`Unsupported`](crate::ErrorKind::Unsupported) if its form is unknown.
    pub fn push(&mut self, change: &Change<'_>) -> Result<bool> {
        if change.op() == Op::Ddl {
            return Ok(false);
        }
        self.0.push(change)?;
        Ok(true)
    }

    /// Converts all collected changes.
    pub fn flush(&mut self) {
        self.0.flush(false);
    }

    /// Returns the next record batch, or the error of one; `None` if there is none until more changes are pushed or flushed.
    ///
    /// # Errors
    /// [`Value`](crate::ErrorKind::Value) if a type cannot hold a value: the batch is lost. If a column has to be
    /// [wide](ArrowOptions::wide), [`wide`](Self::wide) names it.
    pub fn pop(&mut self) -> Option<Result<TableRecords>> {
        self.0.ready.pop_front()
    }

    /// Returns the columns that have to be [wide](ArrowOptions::wide), each as `TABLE.COLUMN`: those of the options, any that the
    /// first batch of a table needs, and any for which an error was returned.
    #[must_use]
    pub fn wide(&self) -> Vec<Box<str>> {
        self.0.wide.iter().chain(&self.0.narrow).cloned().collect()
    }
}
