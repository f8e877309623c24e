//! The counts of a reader: skipped ranges, and the decisions of a selection.

use crate::error::tc_error;
use crate::failure::{Failure, Outcome};
use crate::handle::into_raw;
use crate::text::out;
use crate::time::tc_position;

/// A range of a trail that was skipped.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_skipped {
    /// The first byte of the range.
    pub from: tc_position,
    /// The position where reading continued.
    pub to: tc_position,
}

/// The decisions of a selection, counted.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct tc_counts {
    /// Accepted.
    pub accepted: u64,
    /// Rejected.
    pub rejected: u64,
    /// Undecidable; rejected in lenient mode.
    pub undecidable: u64,
    /// Errors; rejected in lenient mode.
    pub errors: u64,
}

impl From<trailcore::filter::Counts> for tc_counts {
    fn from(counts: trailcore::filter::Counts) -> Self {
        let trailcore::filter::Counts { accepted, rejected, undecidable, errors } = counts;
        Self { accepted, rejected, undecidable, errors }
    }
}

/// Writes one of several skipped ranges to the out parameters.
///
/// # Safety
/// The pointers fulfil the contract of `out`; `why` may be null.
pub(crate) unsafe fn give_skipped(
    all: &[trailcore::source::Skipped],
    index: usize,
    skipped: *mut tc_skipped,
    why: *mut *mut tc_error,
) -> Outcome {
    let none = tc_skipped { from: tc_position::default(), to: tc_position::default() };
    // SAFETY: guaranteed by the caller.
    let skipped = unsafe { out(skipped, none, "skipped") }?;
    if !why.is_null() {
        // SAFETY: guaranteed by the caller.
        unsafe { why.write(std::ptr::null_mut()) };
    }
    let found = all.get(index).ok_or_else(|| Failure::index("range", index, all.len()))?;
    *skipped = tc_skipped { from: found.from.into(), to: found.to.into() };
    if !why.is_null() {
        // SAFETY: guaranteed by the caller.
        unsafe { why.write(into_raw(tc_error::new(found.error.clone().into()))) };
    }
    Ok(())
}
