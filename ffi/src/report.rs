//! Trail checks.

use trailcore::source::CheckReport;

use crate::options::{read_options, tc_read_options};
use crate::prelude::*;
use crate::time::tc_position;
use crate::trail::tc_trail;

/// The result of checking a trail.
///
/// Ownership: free it with `tc_report_free`. Threads: several may use it concurrently.
pub struct tc_report(CheckReport);

handle::object!(tc_report, b"tc_rprt\0");

/// The counts of a trail check.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_report_facts {
    /// `sizeof(tc_report_facts)`, set by the caller.
    pub size: usize,
    /// Records.
    pub records: u64,
    /// Changes.
    pub changes: u64,
    /// Transactions.
    pub transactions: u64,
    /// Bytes.
    pub bytes: u64,
    /// Values that are present but cannot be decoded.
    pub invalid_values: u64,
    /// Issues in the report.
    pub issues: u64,
    /// Further issues that are not in the report.
    pub more_issues: u64,
    /// Whether there is no fault.
    pub is_whole: bool,
}

// SAFETY: it starts with its size. It is only written by this library, so its flag has a valid value.
unsafe impl VersionedStruct for tc_report_facts {}

/// An issue that a trail check found.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_report_issue {
    /// Its kind as a word. It is static.
    pub kind: tc_str,
    /// Its position.
    pub position: tc_position,
    /// Its description. It is valid as long as the report.
    pub what: tc_str,
    /// Whether it is a fault; otherwise it is information.
    pub is_fault: bool,
}

/// Reads a whole trail and checks whether it is complete and undamaged.
///
/// `options` may be NULL for the default. Errors: those of reading other than damage, such as `TC_ERR_IO`.
/// Example: `tc_report *report; tc_trail_check(trail, NULL, &report, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_check(
    trail: *const tc_trail,
    options: *const tc_read_options,
    report: *mut *mut tc_report,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || give_to(report, || Ok(tc_report(borrow(trail)?.0.check(&read_options(options)?)?))))
}

/// Frees a report. NULL is fine.
///
/// Example: `tc_report_free(report);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_report_free(report: *mut tc_report) {
    handle::free(report)
}

/// Returns the counts of a trail check.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` if `size` of `facts` is not set.
/// Example: `tc_report_facts facts; facts.size = sizeof facts; tc_report_facts_of(report, &facts);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_report_facts_of(report: *const tc_report, facts: *mut tc_report_facts) -> tc_status {
    status(|| {
        zero_on_error(facts, || {
            let report = &borrow(report)?.0;
            let found = tc_report_facts {
                size: size_of::<tc_report_facts>(),
                records: report.records,
                changes: report.changes,
                transactions: report.transactions,
                bytes: report.bytes,
                invalid_values: report.invalid_values,
                issues: report.issues.len() as u64,
                more_issues: report.more_issues,
                is_whole: report.is_whole(),
            };
            write_struct(facts, found, "facts")
        })
    })
}

/// Returns one of the issues. Its texts are valid as long as the report.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
/// Example: `tc_report_issue first; tc_report_issue_at(report, 0, &first);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_report_issue_at(report: *const tc_report, index: usize, issue: *mut tc_report_issue) -> tc_status {
    status(|| {
        let none = tc_report_issue { kind: tc_str::NONE, position: tc_position::default(), what: tc_str::NONE, is_fault: false };
        let place = out(issue, none, "issue")?;
        let issues = &borrow(report)?.0.issues;
        let found = issues.get(index).ok_or_else(|| Failure::index("issue", index, issues.len()))?;
        *place = tc_report_issue {
            kind: found.kind.name().into(),
            position: found.position.into(),
            what: found.what.as_str().into(),
            is_fault: found.kind.is_fault(),
        };
        Ok(())
    })
}
