//! FILTER commands of Logdump, the interactive dump tool.

use std::ffi::c_char;

use trailcore::filter::{LogdumpFacts, LogdumpFilter};

use crate::memory::tc_change;
use crate::prelude::*;

/// FILTER commands of Logdump, the interactive dump tool.
///
/// Ownership: free it with `tc_logdump_filter_free`. Threads: several may use it concurrently.
pub struct tc_logdump_filter(LogdumpFilter);

handle::object!(tc_logdump_filter, b"tc_ldmp\0");

/// Parses one or more FILTER commands.
///
/// Errors: `TC_ERR_INVALID_ARGUMENT` if the text is wrong, or needs information that no trail has.
/// Example: `tc_logdump_filter_parse("FILTER RECTYPE Insert", &filter, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_logdump_filter_parse(
    source: *const c_char,
    filter: *mut *mut tc_logdump_filter,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || give_to(filter, || Ok(tc_logdump_filter(LogdumpFilter::parse(text(source, "source")?)?))))
}

/// Frees a filter. NULL is fine.
///
/// Example: `tc_logdump_filter_free(filter);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_logdump_filter_free(filter: *mut tc_logdump_filter) {
    handle::free(filter)
}

/// Returns whether Logdump would show a change.
///
/// Example: `bool shown; tc_logdump_filter_matches(filter, change, &shown);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_logdump_filter_matches(
    filter: *const tc_logdump_filter,
    change: *const tc_change,
    matches: *mut bool,
) -> tc_status {
    status(|| give(matches, "matches", || Ok(borrow(filter)?.0.matches(&LogdumpFacts::of(&borrow(change)?.change()?)))))
}

/// Appends FILTER commands to a buffer that parse to the same filter.
///
/// Threads: several concurrently, with a buffer each.
/// Example: `tc_logdump_filter_write(filter, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_logdump_filter_write(filter: *const tc_logdump_filter, buffer: *mut tc_buffer) -> tc_status {
    status(|| borrow_mut(buffer)?.append_text(&borrow(filter)?.0.to_string()))
}
