//! [`TrailStatistics`]: the contents of a trail, by table, with the sizes of transactions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trailcore::{ReadOptions, Result, Timestamp, Trail, TransactionIndicator};

use crate::moment::Moment;
use crate::statistics::{HotKeyOptions, HotKeys, KeyCounter, Quantiles, Top};

/// Names of hot tables that are kept.
const HOT: usize = 100;

/// The contents of a trail.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrailStatistics {
    /// All changes.
    pub changes: u64,
    /// Bytes of their records.
    pub bytes: u64,
    /// Transactions that end in the trail.
    pub transactions: u64,
    /// The time of the first change.
    pub first: Option<Moment>,
    /// The time of the last change.
    pub last: Option<Moment>,
    /// The tables, by name.
    pub tables: BTreeMap<String, TrailTable>,
    /// Changes of a transaction.
    pub transaction_changes: Quantiles,
    /// Bytes of a transaction.
    pub transaction_bytes: Quantiles,
    /// Milliseconds from the earliest to the latest change of a transaction.
    pub transaction_millis: Quantiles,
    /// The tables with most changes.
    pub hot: Top,
    /// The keys with most changes, if they were asked for.
    pub hot_keys: Option<HotKeys>,
    /// Changes in a second between two minutes, where they differ by more than a factor of two: in plain words.
    pub change_points: Vec<String>,
    /// Bytes that a day fills, at the mean rate.
    pub bytes_per_day: Option<u64>,
    /// The error at which reading ended, if it did not reach the end.
    pub ended_at: Option<String>,
}

/// The changes of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrailTable {
    /// The changes by operation.
    pub operations: BTreeMap<String, u64>,
    /// Bytes of their records.
    pub bytes: u64,
}

/// A transaction that is open.
#[derive(Default)]
struct Open {
    changes: u64,
    bytes: u64,
    times: Option<(i64, i64)>,
}

impl TrailStatistics {
    /// Reads a trail.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # trailcore_samples::write_bank(dir.path(), &trailcore_samples::Bank::small()).unwrap();
    /// use trailcore::{ReadOptions, Trail};
    /// use trailcore_ops::statistics::TrailStatistics;
    /// let statistics = TrailStatistics::of(&Trail::open(dir.path().join("bk"))?, ReadOptions::new())?;
    /// assert!(statistics.tables.contains_key("BANK.POSTINGS"));
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of opening. Damage ends the reading, and the result states it.
    pub fn of(trail: &Trail, options: ReadOptions) -> Result<Self> {
        Self::read(trail, options, None)
    }

    /// Reads a trail, and counts the keys of its rows too.
    ///
    /// # Errors
    /// The errors of [`of`](Self::of); [`InvalidArgument`](trailcore::ErrorKind::InvalidArgument) for options without a secret and
    /// without values.
    pub fn with_hot_keys(trail: &Trail, options: ReadOptions, keys: &HotKeyOptions) -> Result<Self> {
        Self::read(trail, options, Some(KeyCounter::new(keys)?))
    }

    fn read(trail: &Trail, options: ReadOptions, mut keys: Option<KeyCounter>) -> Result<Self> {
        let mut found = Self { hot: Top::of(HOT), ..Self::default() };
        let mut reader = trail.reader_with(options)?;
        let mut open = Open::default();
        let mut minutes: BTreeMap<i64, u64> = BTreeMap::new();
        loop {
            let change = match reader.next() {
                Ok(Some(change)) => change,
                Ok(None) => break,
                Err(error) if error.kind().is_damage() => {
                    found.ended_at = Some(error.to_string());
                    break;
                }
                Err(error) => return Err(error),
            };
            let (bytes, time) = (change.source_bytes(), change.timestamp());
            found.add(&change.table_name(), change.op().name(), bytes, time);
            if let Some(keys) = &mut keys {
                keys.add(&change.table_name(), &change)?;
            }
            *minutes.entry(time.unix_micros().div_euclid(60_000_000)).or_default() += 1;
            open.add(bytes, time);
            if matches!(change.transaction(), TransactionIndicator::Last | TransactionIndicator::Only) {
                found.end_transaction(&std::mem::take(&mut open));
            }
        }
        found.hot_keys = keys.map(KeyCounter::finish);
        found.change_points = change_points(&minutes);
        found.bytes_per_day = found.daily();
        Ok(found)
    }

    fn add(&mut self, table: &str, operation: &str, bytes: u64, time: Timestamp) {
        let time = Moment::from_unix_micros(time.unix_micros());
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        self.changes += 1;
        self.bytes += bytes;
        self.hot.add(table, 1);
        let of_table = self.tables.entry(table.to_owned()).or_default();
        of_table.bytes += bytes;
        *of_table.operations.entry(operation.to_owned()).or_default() += 1;
    }

    fn end_transaction(&mut self, open: &Open) {
        self.transactions += 1;
        self.transaction_changes.add(open.changes);
        self.transaction_bytes.add(open.bytes);
        let millis = open.times.map_or(0, |(first, last)| last.saturating_sub(first) / 1_000);
        self.transaction_millis.add(u64::try_from(millis).unwrap_or(0));
    }

    fn daily(&self) -> Option<u64> {
        let micros = self.last?.since(self.first?)?;
        (micros > 0).then(|| (self.bytes as f64 * 86_400e6 / micros as f64) as u64)
    }
}

impl Open {
    fn add(&mut self, bytes: u64, time: Timestamp) {
        let time = time.unix_micros();
        self.changes += 1;
        self.bytes += bytes;
        self.times = Some(self.times.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
    }
}

/// Finds minutes after which the rate differs by more than a factor of two for five minutes.
fn change_points(minutes: &BTreeMap<i64, u64>) -> Vec<String> {
    let (Some(first), Some(last)) = (minutes.keys().next(), minutes.keys().next_back()) else { return Vec::new() };
    let of = |from: i64| (from..from + 5).filter_map(|minute| minutes.get(&minute)).sum::<u64>();
    let mut found = Vec::new();
    let mut at = *first + 5;
    // A trail can have times of many years; at most 100,000 minutes are compared.
    while at + 5 <= *last + 1 && at < *first + 100_000 {
        let (before, after) = (of(at - 5), of(at));
        if after > before.saturating_mul(2) || before > after.saturating_mul(2) {
            let time = Timestamp::from_unix_micros(at * 60_000_000);
            found.push(format!("at {time} changes went from {before} to {after} in five minutes"));
            at += 5;
        } else {
            at += 1;
        }
        if found.len() == 100 {
            break;
        }
    }
    found
}
