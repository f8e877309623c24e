//! The boundary to C: a failure is returned as a status, and as an error object if the caller wants one.

#![deny(unsafe_op_in_unsafe_fn)]

use crate::error::tc_error;
use crate::failure::{Outcome, caught, ignore_panic};
use crate::handle::into_raw;
use crate::status::tc_status;

/// Runs the work of a function and returns its status, and an error object if the caller wants one.
///
/// # Safety
/// `error` is null, or points to a pointer that may be written.
#[inline]
pub(crate) unsafe fn fallible(error: *mut *mut tc_error, work: impl FnOnce() -> Outcome) -> tc_status {
    if !error.is_null() {
        // SAFETY: guaranteed by the caller.
        unsafe { error.write(std::ptr::null_mut()) };
    }
    let failure = match caught(work) {
        Ok(()) => return tc_status::TC_OK,
        Err(failure) => failure,
    };
    let status = failure.status();
    if !error.is_null() {
        let object = ignore_panic(|| into_raw(tc_error::new(failure))).unwrap_or(std::ptr::null_mut());
        // SAFETY: guaranteed by the caller.
        unsafe { error.write(object) };
    }
    status
}
