//! [`Transactions`]: the transactions of a trail, summed up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::document;
use crate::error::{Error, ErrorKind, Result};
use crate::position::Position;
use crate::source::{ReadOptions, ReadReport, Reader, Trail};
use crate::time::Timestamp;

/// The maximum number of transactions in a report by default.
const MOST: u64 = 100_000;

/// Which transactions [`TransactionsReport::of`] returns. It is a document too, whose schema is
/// `docs/schema/transactions-options.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "Which transactions to report."))]
#[serde(default, deny_unknown_fields)]
pub struct TransactionsOptions {
    /// The least number of changes of a transaction.
    pub(crate) min_changes: u64,
    /// The maximum number of transactions in the report; further ones are counted only.
    pub(crate) most: u64,
}

impl Default for TransactionsOptions {
    fn default() -> Self {
        Self { min_changes: 1, most: MOST }
    }
}

impl TransactionsOptions {
    /// Returns the options for transactions of at least this many changes.
    #[must_use]
    pub fn new(min_changes: u64) -> Self {
        Self { min_changes, most: MOST }
    }

    /// Sets the maximum number of transactions in the report.
    #[must_use]
    pub fn most(self, most: u64) -> Self {
        Self { most, ..self }
    }

    /// Reads options from a JSON document.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the document does not have the form of its schema.
    pub fn from_json(text: &str) -> Result<Self> {
        document::parse(text)
    }
}

/// One transaction, summed up.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TransactionReport {
    /// Position from which reading returns its first change.
    pub position: Position,
    /// Position of its last change.
    pub end: Position,
    /// Its CSN.
    pub csn: Option<String>,
    /// Its id.
    pub xid: Option<String>,
    /// Time of its first change. In a trail, all rows of a transaction usually have the time of the commit.
    pub timestamp: Timestamp,
    /// Microseconds from the earliest to the latest time of its changes.
    pub duration: u64,
    /// Its changes.
    pub changes: u64,
    /// Bytes of the records of its changes.
    pub bytes: u64,
    /// Its changes by table.
    pub tables: BTreeMap<String, u64>,
    /// Its last change is there. `false` if the trail ends inside it, and if a selection rejected its last change.
    pub is_finished: bool,
}

/// The transactions of a source, summed up one after the other, in memory that does not grow with the number of their changes. A
/// selection may have rejected some of the changes; those are not counted.
#[derive(Debug)]
pub struct Transactions {
    reader: Reader,
    open: Option<Open>,
    /// An error that comes after the last returned transaction.
    pending: Option<Error>,
}

/// The transaction that is being read.
#[derive(Debug)]
struct Open {
    report: TransactionReport,
    times: (Timestamp, Timestamp),
}

impl Open {
    fn new(change: &Change<'_>) -> Self {
        let (csn, xid) = change.ids();
        let report = TransactionReport {
            position: change.start(),
            end: change.position(),
            csn: csn.map(str::to_owned),
            xid: xid.map(str::to_owned),
            timestamp: change.timestamp(),
            duration: 0,
            changes: 0,
            bytes: 0,
            tables: BTreeMap::new(),
            is_finished: false,
        };
        Self { report, times: (change.timestamp(), change.timestamp()) }
    }

    fn add(&mut self, change: &Change<'_>) {
        let (report, time, table) = (&mut self.report, change.timestamp(), change.table_name());
        report.changes += 1;
        report.bytes += change.source_bytes();
        report.end = change.position();
        report.is_finished = change.transaction().ends();
        match report.tables.get_mut(&*table) {
            Some(count) => *count += 1,
            None => drop(report.tables.insert(table.into_owned(), 1)),
        }
        self.times = (self.times.0.min(time), self.times.1.max(time));
    }

    fn into_report(self) -> TransactionReport {
        let duration = self.times.1.unix_micros().abs_diff(self.times.0.unix_micros());
        TransactionReport { duration, ..self.report }
    }
}

impl Transactions {
    /// Sums up the transactions of a reader.
    #[must_use]
    pub fn new(reader: Reader) -> Self {
        Self { reader, open: None, pending: None }
    }

    /// Returns the next transaction; `None` at the end. Before an error, the transaction in which it happened is returned.
    ///
    /// # Errors
    /// The errors of [`Reader::next`].
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<TransactionReport>> {
        loop {
            if let Some(error) = self.pending.take() {
                return Err(error);
            }
            if self.open.as_ref().is_some_and(|open| open.report.is_finished) {
                return Ok(self.open.take().map(Open::into_report));
            }
            let change = match self.reader.next() {
                Ok(Some(change)) => change,
                Ok(None) => return Ok(self.open.take().map(Open::into_report)),
                Err(error) if error.kind() == ErrorKind::Cancelled || self.open.is_none() => return Err(error),
                Err(error) => {
                    self.pending = Some(error);
                    return Ok(self.open.take().map(Open::into_report));
                }
            };
            let is_same = |open: &Open| {
                (open.report.csn.as_deref(), open.report.xid.as_deref()) == change.ids() && !change.transaction().begins()
            };
            let before = self.open.take_if(|open| !is_same(open));
            self.open.get_or_insert_with(|| Open::new(&change)).add(&change);
            if before.is_some() {
                return Ok(before.map(Open::into_report));
            }
        }
    }

    /// Returns the underlying reader, for the ranges skipped and the counts of a selection.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }
}

/// `transactions`: the transactions of a trail, or those of at least some number of changes.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TransactionsReport {
    /// The least number of changes of a transaction that was asked for.
    pub min_changes: u64,
    /// All transactions of the trail. An unfinished one that the trail writes again is two here.
    pub transactions: u64,
    /// Transactions of at least that many changes.
    pub found: u64,
    /// Those transactions, in the order of the trail, up to the maximum number.
    pub rows: Vec<TransactionReport>,
    /// All changes.
    pub changes: u64,
    /// Bytes of the records of all changes.
    pub bytes: u64,
    /// The error that ended the reading early.
    pub error: Option<String>,
    /// The report of the reading.
    #[serde(flatten)]
    pub read: ReadReport,
}

impl TransactionsReport {
    /// Sums up the transactions of a trail, or of the changes that the options select. After an error of reading, the report covers
    /// the changes before it; the error is returned with it.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::ReadOptions;
    /// use trailcore::analysis::{TransactionsOptions, TransactionsReport};
    ///
    /// let (report, error) = TransactionsReport::of(&trail, &TransactionsOptions::new(3), ReadOptions::new())?;
    /// assert!(error.is_none() && report.found < report.transactions);
    /// assert!(report.rows.iter().all(|transaction| transaction.changes >= 3));
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`Trail::reader_with`], and [`ErrorKind::Cancelled`].
    pub fn of(trail: &Trail, options: &TransactionsOptions, read: ReadOptions) -> Result<(Self, Option<Error>)> {
        let mut all = Transactions::new(trail.reader_with(read.include_non_changes(false))?);
        let mut report = Self {
            min_changes: options.min_changes,
            transactions: 0,
            found: 0,
            rows: Vec::new(),
            changes: 0,
            bytes: 0,
            error: None,
            read: ReadReport::default(),
        };
        let error = loop {
            let transaction = match all.next() {
                Ok(Some(transaction)) => transaction,
                Ok(None) => break None,
                Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error),
                Err(error) => break Some(error),
            };
            report.transactions += 1;
            report.changes += transaction.changes;
            report.bytes += transaction.bytes;
            if transaction.changes >= options.min_changes {
                report.found += 1;
                if report.found <= options.most {
                    report.rows.push(transaction);
                }
            }
        };
        report.read = all.reader().report();
        report.error = error.as_ref().map(ToString::to_string);
        Ok((report, error))
    }
}
