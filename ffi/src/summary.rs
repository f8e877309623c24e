//! Trail summaries.

use trailcore::source::{Summary, TableCounts};

use crate::catalog::tc_catalog;
use crate::options::{read_options, tc_read_options};
use crate::prelude::*;
use crate::skipped::{give_skipped, tc_counts, tc_skipped};
use crate::time::tc_position;
use crate::trail::tc_trail;

/// The counts of a trail: its changes by table and operation, and their ranges of positions, times and CSNs.
///
/// Ownership: free it with `tc_summary_free`. Threads: several may use it concurrently.
pub struct tc_summary(Summary);

handle::object!(tc_summary, b"tc_summ\0");

/// The counts of a trail over all tables.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_summary_facts {
    /// `sizeof(tc_summary_facts)`, set by the caller.
    pub size: usize,
    /// Changes: rows, truncates and DDL.
    pub changes: u64,
    /// Transactions with counted changes. A transaction that began earlier is counted too.
    pub transactions: u64,
    /// Tables with changes, the number of indexes for `tc_summary_table`.
    pub tables: u64,
    /// The position of the first change, if `has_changes` is set.
    pub first: tc_position,
    /// The position of the last change, if `has_changes` is set.
    pub last: tc_position,
    /// The earliest timestamp of a change, in microseconds since 1970, UTC, if `has_changes` is set.
    pub earliest: i64,
    /// The latest timestamp of a change, if `has_changes` is set.
    pub latest: i64,
    /// The first CSN, as in the trail; no text if there is none. It is valid as long as the summary.
    pub first_csn: tc_str,
    /// The last CSN.
    pub last_csn: tc_str,
    /// The counts of the selection; all zero without a selection.
    pub counts: tc_counts,
    /// Skipped ranges, the number of indexes for `tc_summary_skipped`. Always 0 without `resync`.
    pub skipped: u64,
    /// Whether there are any changes.
    pub has_changes: bool,
}

// SAFETY: it starts with its size. It is only written by this library, so its flag has a valid value.
unsafe impl VersionedStruct for tc_summary_facts {}

/// The counts of one table.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_table_counts {
    /// The name of the table. It is valid as long as the summary.
    pub name: tc_str,
    /// Bytes of the records of its changes.
    pub bytes: u64,
    /// All changes.
    pub changes: u64,
    /// Changes by operation: `ops[TC_OP_INSERT]` and so on, for the first eight values of `tc_op`.
    pub ops: [u64; 8],
}

impl tc_table_counts {
    const NONE: Self = Self { name: tc_str::NONE, bytes: 0, changes: 0, ops: [0; 8] };

    fn of(name: &str, counts: &TableCounts) -> Self {
        Self { name: name.into(), bytes: counts.bytes, changes: counts.changes(), ops: counts.ops }
    }
}

/// Counts the changes of a trail, or those that the options select. Does not decode columns.
///
/// `options` may be NULL for the default. Errors: those of reading.
/// Example: `tc_summary *summary; tc_trail_summary(trail, NULL, &summary, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_summary(
    trail: *const tc_trail,
    options: *const tc_read_options,
    summary: *mut *mut tc_summary,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || give_to(summary, || Ok(tc_summary(borrow(trail)?.0.summary(read_options(options)?)?))))
}

/// Frees a summary. NULL is fine.
///
/// Example: `tc_summary_free(summary);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_summary_free(summary: *mut tc_summary) {
    handle::free(summary)
}

/// Returns the counts over all tables.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` if `size` of `facts` is not set.
/// Example: `tc_summary_facts facts; facts.size = sizeof facts; tc_summary_facts_of(summary, &facts);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_summary_facts_of(summary: *const tc_summary, facts: *mut tc_summary_facts) -> tc_status {
    status(|| {
        zero_on_error(facts, || {
            let summary = &borrow(summary)?.0;
            let (first, last) = summary.positions.unwrap_or_default();
            let (earliest, latest) = summary.times.map_or((0, 0), |(a, b)| (a.unix_micros(), b.unix_micros()));
            let csns = summary.csns.as_ref();
            let found = tc_summary_facts {
                size: size_of::<tc_summary_facts>(),
                changes: summary.changes,
                transactions: summary.transactions,
                tables: summary.tables.len() as u64,
                first: first.into(),
                last: last.into(),
                earliest,
                latest,
                first_csn: csns.map(|(first, _)| first.as_str()).into(),
                last_csn: csns.map(|(_, last)| last.as_str()).into(),
                counts: summary.counts.into(),
                skipped: summary.skipped.len() as u64,
                has_changes: summary.changes > 0,
            };
            write_struct(facts, found, "facts")
        })
    })
}

/// Returns the counts of one table. Tables are ordered by name. Its texts are valid as long as the summary.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
/// Example: `tc_table_counts counts; tc_summary_table(summary, i, &counts); inserts += counts.ops[TC_OP_INSERT];`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_summary_table(summary: *const tc_summary, index: usize, counts: *mut tc_table_counts) -> tc_status {
    status(|| {
        let counts = out(counts, tc_table_counts::NONE, "counts")?;
        let tables = &borrow(summary)?.0.tables;
        let (name, found) = tables.iter().nth(index).ok_or_else(|| Failure::index("table", index, tables.len()))?;
        *counts = tc_table_counts::of(name, found);
        Ok(())
    })
}

/// Returns the table definitions of the trail, the latest of each table.
///
/// Example: `tc_catalog *tables; tc_summary_tables(summary, &tables);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_summary_tables(summary: *const tc_summary, tables: *mut *mut tc_catalog) -> tc_status {
    status(|| give_to(tables, || Ok(tc_catalog::of(borrow(summary)?.0.definitions.values()))))
}

/// Returns one of the skipped ranges, and in `*why` the reason.
///
/// `why` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
/// Example: `tc_skipped gap; tc_error *why; tc_summary_skipped(summary, 0, &gap, &why);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_summary_skipped(
    summary: *const tc_summary,
    index: usize,
    skipped: *mut tc_skipped,
    why: *mut *mut tc_error,
) -> tc_status {
    status(|| give_skipped(&borrow(summary)?.0.skipped, index, skipped, why))
}
