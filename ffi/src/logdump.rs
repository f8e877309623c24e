//! The FILTER commands of the interactive dump tool.

use std::ffi::c_char;

use trailcore::filter::{LogdumpFacts, LogdumpFilter};

use crate::boundary::{fallible, status};
use crate::buffer::{give_to, tc_buffer};
use crate::change::tc_change;
use crate::error::tc_error;
use crate::handle::{self, exclusive, lend};
use crate::status::tc_status;
use crate::text::{out, text};

/// FILTER commands as Logdump, the interactive dump tool, has them.
///
/// Ownership: free it with `tc_logdump_filter_free`. Threads: several at once may use it.
pub struct tc_logdump_filter(LogdumpFilter);

handle::object!(tc_logdump_filter, b"tc_ldmp\0");

/// Reads one or more FILTER commands.
///
/// Ownership: `*filter` is the caller's, to be freed with `tc_logdump_filter_free`. Any thread may call it. `error` may be NULL.
/// Errors: `TC_ERR_INVALID_ARGUMENT` where the text is wrong, or asks for what no trail can answer.
/// Example: `tc_logdump_filter_parse("FILTER RECTYPE Insert", &filter, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_logdump_filter_parse(
    source: *const c_char,
    filter: *mut *mut tc_logdump_filter,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { fallible(error, || give_to(filter, || Ok(tc_logdump_filter(LogdumpFilter::parse(text(source, "source")?)?)))) }
}

/// Frees a filter. NULL is fine.
///
/// Example: `tc_logdump_filter_free(filter);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_logdump_filter_free(filter: *mut tc_logdump_filter) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(filter) }
}

/// Whether Logdump would show a change.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `bool shown; tc_logdump_filter_matches(filter, change, &shown);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_logdump_filter_matches(
    filter: *const tc_logdump_filter,
    change: *const tc_change,
    matches: *mut bool,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let matches = out(matches, false, "matches")?;
        *matches = lend(filter)?.0.matches(&LogdumpFacts::of(&lend(change)?.change()?));
        Ok(())
    })
}

/// Appends to a buffer the FILTER commands that lead to the same filter.
///
/// Threads: several at once, with a buffer each. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_logdump_filter_write(filter, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_logdump_filter_write(filter: *const tc_logdump_filter, buffer: *mut tc_buffer) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { exclusive(buffer)?.append_text(&lend(filter)?.0.to_string()) })
}
