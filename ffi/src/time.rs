//! Times, positions and CSNs, as text and as numbers.

use std::cmp::Ordering;
use std::ffi::c_char;

use trailcore::{Csn, Position, Timestamp};

use crate::boundary::{Outcome, fallible};
use crate::buffer::tc_buffer;
use crate::error::tc_error;
use crate::handle::borrow_mut;
use crate::status::tc_status;
use crate::text::{out, text};

/// The position of a record in a trail. Positions sort in trail order: by `seqno`, then by `rba`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct tc_position {
    /// Sequence number of the file.
    pub seqno: u64,
    /// Byte offset of the record in that file.
    pub rba: u64,
}

impl From<Position> for tc_position {
    fn from(position: Position) -> Self {
        Self { seqno: position.seqno, rba: position.rba }
    }
}

impl From<tc_position> for Position {
    fn from(position: tc_position) -> Self {
        Self::new(position.seqno, position.rba)
    }
}

/// Parses a position, `SEQNO:RBA`.
///
/// Any thread may call it. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` if the text is invalid.
/// Example: `tc_position from; tc_position_parse("12:1956", &from, NULL);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_position_parse(
    source: *const c_char,
    position: *mut tc_position,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    unsafe {
        fallible(error, || {
            let position = out(position, tc_position::default(), "position")?;
            *position = text(source, "source")?.parse::<Position>()?.into();
            Ok(())
        })
    }
}

/// Parses a time in UTC, `YYYY-MM-DD[THH:MM:SS[.ffffff]][Z]`, to microseconds since 1970.
///
/// Any thread may call it. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` if the text is invalid.
/// Example: `int64_t since; tc_time_parse("2024-03-01T12:00:00Z", &since, NULL);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_time_parse(source: *const c_char, micros: *mut i64, error: *mut *mut tc_error) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    unsafe {
        fallible(error, || {
            let micros = out(micros, 0, "micros")?;
            *micros = text(source, "source")?.parse::<Timestamp>()?.unix_micros();
            Ok(())
        })
    }
}

/// Appends a time in UTC, in microseconds since 1970, as `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
///
/// Threads: one at a time for a buffer. Errors: `TC_ERR_NULL_POINTER` and the handle errors.
/// Example: `tc_time_write(info.timestamp, line);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_time_write(micros: i64, buffer: *mut tc_buffer) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    crate::boundary::status(|| unsafe { borrow_mut(buffer)?.append_text(&Timestamp::from_unix_micros(micros).to_string()) })
}

/// Compares two commit sequence numbers: `*order` is negative if `left` is before `right`, 0 if they are equal, and positive if
/// it is after.
///
/// Any thread may call it. `error` may be NULL. Errors: `TC_ERR_VALUE` if the two have different forms, so that their order is
/// not known.
/// Example: `int32_t order; tc_csn_compare("999", "7824137832", &order, NULL);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_csn_compare(
    left: *const c_char,
    right: *const c_char,
    order: *mut i32,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    unsafe {
        fallible(error, || {
            let order = out(order, 0, "order")?;
            *order = sign(Csn::compare(text(left, "left")?, text(right, "right")?))?;
            Ok(())
        })
    }
}

fn sign(order: Option<Ordering>) -> Outcome<i32> {
    let unknown =
        || crate::boundary::Failure::misuse(tc_status::TC_ERR_VALUE, "the CSNs have different forms and cannot be compared");
    order.map(|order| order as i32).ok_or_else(unknown)
}
