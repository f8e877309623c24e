//! [`Trail::summary`]: counts the changes of a trail.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::change::Op;
use crate::error::Result;
use crate::filter::Counts;
use crate::position::Position;
use crate::schema::TableDef;
use crate::source::options::ReadOptions;
use crate::source::skipped::Skipped;
use crate::source::trail::Trail;
use crate::time::Timestamp;

/// Counts over the changes of a trail. See [`Trail::summary`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Summary {
    /// Number of changes: rows, truncates and DDL.
    pub changes: u64,
    /// Number of transactions with at least one counted change.
    pub transactions: u64,
    /// Counts of each table, by name.
    pub tables: BTreeMap<String, TableCounts>,
    /// The latest definition of each table, by name.
    pub definitions: BTreeMap<String, Arc<TableDef>>,
    /// Position of the first and of the last change.
    pub positions: Option<(Position, Position)>,
    /// The first and the last CSN, in the order of the trail.
    pub csns: Option<(String, String)>,
    /// The earliest and the latest timestamp of a change.
    pub times: Option<(Timestamp, Timestamp)>,
    /// The decisions of the selection; all zero without one.
    pub counts: Counts,
    /// The ranges that were skipped. Empty without [`resync`](ReadOptions::resync).
    pub skipped: Vec<Skipped>,
}

/// Counts of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableCounts {
    /// Changes by operation, in the order of [`Op::ALL`].
    pub ops: [u64; Op::ALL.len()],
    /// Bytes of their records.
    pub bytes: u64,
}

impl TableCounts {
    /// Returns the number of changes of one operation.
    #[must_use]
    pub fn of(&self, op: Op) -> u64 {
        Op::ALL.iter().zip(self.ops).find(|(known, _)| **known == op).map_or(0, |(_, count)| count)
    }

    /// Returns the number of all changes.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.ops.iter().sum()
    }
}

impl Trail {
    /// Counts the changes of the trail, or only the changes that the options select. Columns are not decoded.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::{Op, ReadOptions};
    /// let summary = trail.summary(ReadOptions::new())?;
    /// assert!(summary.tables["BANK.POSTINGS"].of(Op::Insert) > 0);
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`Reader::next`](crate::Reader::next).
    pub fn summary(&self, options: ReadOptions) -> Result<Summary> {
        let mut summary = Summary::default();
        let mut reader = self.reader_with(options)?;
        let mut last_xid: Option<String> = None;
        let mut is_open = false;
        while let Some(change) = reader.next()? {
            summary.changes += 1;
            let name = change.table_name();
            if !summary.tables.contains_key(&*name) {
                summary.tables.insert(name.clone().into_owned(), TableCounts::default());
            }
            if let Some(counts) = summary.tables.get_mut(&*name) {
                if let Some((_, count)) = Op::ALL.iter().zip(&mut counts.ops).find(|(known, _)| **known == change.op()) {
                    *count += 1;
                }
                counts.bytes += change.source_bytes();
            }
            let at = change.position();
            summary.positions = Some((summary.positions.map_or(at, |(first, _)| first), at));
            let time = change.timestamp();
            summary.times = Some(summary.times.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
            let (csn, xid) = change.ids();
            if let Some(csn) = csn {
                match &mut summary.csns {
                    Some((_, last)) if last == csn => {}
                    Some((_, last)) => csn.clone_into(last),
                    None => summary.csns = Some((csn.to_owned(), csn.to_owned())),
                }
            }
            // A selection may reject a transaction's first or last change: then the id separates transactions.
            let indicator = change.transaction();
            if !is_open || indicator.begins() || xid != last_xid.as_deref() {
                summary.transactions += 1;
                last_xid = xid.map(str::to_owned);
            }
            is_open = !indicator.ends();
        }
        summary.definitions = reader.tables().map(|table| (table.name().to_owned(), Arc::clone(table))).collect();
        summary.counts = reader.filter_counts();
        summary.skipped = reader.skipped().to_vec();
        Ok(summary)
    }
}
