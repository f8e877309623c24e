//! What a trail holds, counted.

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
    /// Changes: rows, truncates and statements.
    pub changes: u64,
    /// Transactions that have changes among those counted. Of one that began before, the rest counts.
    pub transactions: u64,
    /// The changes by the tables' names and by operation.
    pub tables: BTreeMap<String, TableCounts>,
    /// The definitions met, of each table the latest, by name.
    pub definitions: BTreeMap<String, Arc<TableDef>>,
    /// Where the first and the last change stand.
    pub positions: Option<(Position, Position)>,
    /// The first and the last CSN, as the trail has them.
    pub csns: Option<(String, String)>,
    /// The earliest and the latest time of a change.
    pub times: Option<(Timestamp, Timestamp)>,
    /// What the selection has said; all zero without one.
    pub counts: Counts,
    /// What was passed over. Empty but with [`resync`](ReadOptions::resync).
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
    /// Changes of one operation.
    #[must_use]
    pub fn of(&self, op: Op) -> u64 {
        Op::ALL.iter().zip(self.ops).find(|(known, _)| **known == op).map_or(0, |(_, count)| count)
    }

    /// All changes.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.ops.iter().sum()
    }
}

impl Trail {
    /// Counts the changes of the trail, or of what the options select. Columns are not looked at.
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
    /// What reading gives.
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
            // A selection may turn a transaction's first or last change away: the id tells then.
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
