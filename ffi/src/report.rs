//! Checking a trail for wholeness.

use trailcore::source::CheckReport;

use crate::boundary::{Failure, fallible, status};
use crate::buffer::give_to;
use crate::error::tc_error;
use crate::handle::{self, lend};
use crate::options::{read_options, tc_read_options};
use crate::status::tc_status;
use crate::text::{Sized_, or_nothing, out, tc_str, write_struct};
use crate::time::tc_position;
use crate::trail::tc_trail;

/// What checking a trail has found.
///
/// Ownership: free it with `tc_report_free`. Threads: several at once may look at it.
pub struct tc_report(CheckReport);

handle::object!(tc_report, b"tc_rprt\0");

/// What a trail that was checked holds.
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
    /// Values that are present and not decodable.
    pub invalid_values: u64,
    /// Findings that are in the report.
    pub findings: u64,
    /// Findings beyond those.
    pub more_findings: u64,
    /// Whether nothing is wrong.
    pub is_whole: bool,
}

// SAFETY: it starts with its size; it goes out only, so that its flag holds what this library has put there.
unsafe impl Sized_ for tc_report_facts {}

/// One thing that checking a trail has found.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_report_finding {
    /// What kind it is of, as a word. It lives for ever.
    pub kind: tc_str,
    /// Where it lies.
    pub position: tc_position,
    /// What it is. It lives as long as the report.
    pub what: tc_str,
    /// Whether something is wrong there; else it is good to know.
    pub is_fault: bool,
}

/// Reads all of a trail and says whether it is whole.
///
/// Ownership: `*report` is the caller's, to be freed with `tc_report_free`. Threads: several at once may call it. `options` may be
/// NULL for the default; `error` may be NULL. Errors: what reading gives that is no damage, such as `TC_ERR_IO`.
/// Example: `tc_report *report; tc_trail_check(trail, NULL, &report, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_check(
    trail: *const tc_trail,
    options: *const tc_read_options,
    report: *mut *mut tc_report,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { fallible(error, || give_to(report, || Ok(tc_report(lend(trail)?.0.check(&read_options(options)?)?)))) }
}

/// Frees a report. NULL is fine.
///
/// Example: `tc_report_free(report);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_report_free(report: *mut tc_report) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(report) }
}

/// What a trail that was checked holds.
///
/// Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where `facts` does not start with its size,
/// `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_report_facts facts; facts.size = sizeof facts; tc_report_facts_of(report, &facts);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_report_facts_of(report: *const tc_report, facts: *mut tc_report_facts) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        or_nothing(facts, || {
            let report = &lend(report)?.0;
            let found = tc_report_facts {
                size: size_of::<tc_report_facts>(),
                records: report.records,
                changes: report.changes,
                transactions: report.transactions,
                bytes: report.bytes,
                invalid_values: report.invalid_values,
                findings: report.findings.len() as u64,
                more_findings: report.more_findings,
                is_whole: report.is_whole(),
            };
            write_struct(facts, found, "facts")
        })
    })
}

/// One of the findings. Its texts live as long as the report.
///
/// Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
/// those of handles.
/// Example: `tc_report_finding first; tc_report_finding_at(report, 0, &first);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_report_finding_at(
    report: *const tc_report,
    index: usize,
    finding: *mut tc_report_finding,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let none =
            tc_report_finding { kind: tc_str::NONE, position: tc_position::default(), what: tc_str::NONE, is_fault: false };
        let place = out(finding, none, "finding")?;
        let findings = &lend(report)?.0.findings;
        let found = findings.get(index).ok_or_else(|| Failure::index("finding", index, findings.len()))?;
        *place = tc_report_finding {
            kind: found.kind.name().into(),
            position: found.position.into(),
            what: found.what.as_str().into(),
            is_fault: found.kind.is_fault(),
        };
        Ok(())
    })
}
