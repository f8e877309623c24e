//! What a trail holds, counted.

use trailcore::source::{Summary, TableCounts};

use crate::boundary::{Failure, fallible, status};
use crate::buffer::give_to;
use crate::catalog::tc_catalog;
use crate::error::tc_error;
use crate::handle::{self, lend};
use crate::options::{read_options, tc_read_options};
use crate::reader::{give_skipped, tc_counts, tc_skipped};
use crate::status::tc_status;
use crate::text::{Sized_, or_nothing, out, tc_str, write_struct};
use crate::time::tc_position;
use crate::trail::tc_trail;

/// What a trail holds, counted: its changes by table and operation, where and when they lie.
///
/// Ownership: free it with `tc_summary_free`. Threads: several at once may look at it.
pub struct tc_summary(Summary);

handle::object!(tc_summary, b"tc_summ\0");

/// What a trail holds, all tables together.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_summary_facts {
    /// `sizeof(tc_summary_facts)`, set by the caller.
    pub size: usize,
    /// Changes: rows, truncates and statements.
    pub changes: u64,
    /// Transactions that have changes among those counted. Of one that began before, the rest counts.
    pub transactions: u64,
    /// Tables that have changes: as many as `tc_summary_table` knows.
    pub tables: u64,
    /// Where the first change stands, where `has_changes` says so.
    pub first: tc_position,
    /// Where the last change stands, where `has_changes` says so.
    pub last: tc_position,
    /// The earliest time of a change, in microseconds since 1970, UTC, where `has_changes` says so.
    pub earliest: i64,
    /// The latest time of a change, where `has_changes` says so.
    pub latest: i64,
    /// The first CSN, as the trail has it; no text where there is none. It lives as long as the summary.
    pub first_csn: tc_str,
    /// The last CSN.
    pub last_csn: tc_str,
    /// What the selection has said; all zero without one.
    pub counts: tc_counts,
    /// Stretches that were passed over: as many as `tc_summary_skipped` knows. None but with `resync`.
    pub skipped: u64,
    /// Whether there are changes at all.
    pub has_changes: bool,
}

// SAFETY: it starts with its size; it goes out only, so that its flag holds what this library has put there.
unsafe impl Sized_ for tc_summary_facts {}

/// The changes of one table, counted.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_table_counts {
    /// The table's name. It lives as long as the summary.
    pub name: tc_str,
    /// Bytes of the changes' records.
    pub bytes: u64,
    /// All changes.
    pub changes: u64,
    /// Changes by operation: `ops[TC_OP_INSERT]` and so on, of the first eight `tc_op`.
    pub ops: [u64; 8],
}

impl tc_table_counts {
    const NONE: Self = Self { name: tc_str::NONE, bytes: 0, changes: 0, ops: [0; 8] };

    fn of(name: &str, counts: &TableCounts) -> Self {
        Self { name: name.into(), bytes: counts.bytes, changes: counts.changes(), ops: counts.ops }
    }
}

/// Counts the changes of a trail, or of what the options select. Columns are not looked at.
///
/// Ownership: `*summary` is the caller's, to be freed with `tc_summary_free`. Threads: several at once may call it. `options` may
/// be NULL for the default; `error` may be NULL. Errors: what reading gives.
/// Example: `tc_summary *summary; tc_trail_summary(trail, NULL, &summary, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_summary(
    trail: *const tc_trail,
    options: *const tc_read_options,
    summary: *mut *mut tc_summary,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { fallible(error, || give_to(summary, || Ok(tc_summary(lend(trail)?.0.summary(read_options(options)?)?)))) }
}

/// Frees a summary. NULL is fine.
///
/// Example: `tc_summary_free(summary);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_summary_free(summary: *mut tc_summary) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(summary) }
}

/// What was counted, all tables together.
///
/// Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where `facts` does not start with its size,
/// `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_summary_facts facts; facts.size = sizeof facts; tc_summary_facts_of(summary, &facts);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_summary_facts_of(summary: *const tc_summary, facts: *mut tc_summary_facts) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        or_nothing(facts, || {
            let summary = &lend(summary)?.0;
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

/// What was counted of one table, in the order of their names. Its texts live as long as the summary.
///
/// Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
/// those of handles.
/// Example: `tc_table_counts counts; tc_summary_table(summary, i, &counts); inserts += counts.ops[TC_OP_INSERT];`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_summary_table(summary: *const tc_summary, index: usize, counts: *mut tc_table_counts) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let counts = out(counts, tc_table_counts::NONE, "counts")?;
        let tables = &lend(summary)?.0.tables;
        let (name, found) = tables.iter().nth(index).ok_or_else(|| Failure::index("table", index, tables.len()))?;
        *counts = tc_table_counts::of(name, found);
        Ok(())
    })
}

/// The definitions met, of each table the latest.
///
/// Ownership: `*tables` is the caller's, to be freed with `tc_catalog_free`. Threads: several at once may call it. Errors:
/// `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_catalog *tables; tc_summary_tables(summary, &tables);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_summary_tables(summary: *const tc_summary, tables: *mut *mut tc_catalog) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_to(tables, || Ok(tc_catalog::of(lend(summary)?.0.definitions.values()))) })
}

/// One of the stretches that were passed over, and in `*why` what was wrong there.
///
/// Ownership: `*why` is the caller's, to be freed with `tc_error_free`; `why` may be NULL. Threads: several at once may call it.
/// Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_skipped gap; tc_error *why; tc_summary_skipped(summary, 0, &gap, &why);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_summary_skipped(
    summary: *const tc_summary,
    index: usize,
    skipped: *mut tc_skipped,
    why: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_skipped(&lend(summary)?.0.skipped, index, skipped, why) })
}
