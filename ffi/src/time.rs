//! Times, positions and CSNs, as text and as numbers.

use std::cmp::Ordering;
use std::ffi::c_char;

use trailcore::{Csn, Position, Timestamp};

use crate::boundary::{Outcome, fallible};
use crate::buffer::tc_buffer;
use crate::error::tc_error;
use crate::handle::exclusive;
use crate::status::tc_status;
use crate::text::{out, text};

/// A record's place in a trail. Positions order as the records do: by `seqno`, then by `rba`.
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

/// Reads a position, `SEQNO:RBA`.
///
/// Any thread may call it. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where the text is none.
/// Example: `tc_position from; tc_position_parse("12:1956", &from, NULL);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_position_parse(
    source: *const c_char,
    position: *mut tc_position,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as `fallible`, `out` and `text` need them.
    unsafe {
        fallible(error, || {
            let position = out(position, tc_position::default(), "position")?;
            *position = text(source, "source")?.parse::<Position>()?.into();
            Ok(())
        })
    }
}

/// Reads a time in UTC, `YYYY-MM-DD[THH:MM:SS[.ffffff]][Z]`, as microseconds since 1970.
///
/// Any thread may call it. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where the text is none.
/// Example: `int64_t since; tc_time_parse("2024-03-01T12:00:00Z", &since, NULL);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_time_parse(source: *const c_char, micros: *mut i64, error: *mut *mut tc_error) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as `fallible`, `out` and `text` need them.
    unsafe {
        fallible(error, || {
            let micros = out(micros, 0, "micros")?;
            *micros = text(source, "source")?.parse::<Timestamp>()?.unix_micros();
            Ok(())
        })
    }
}

/// Appends a time in UTC, given as microseconds since 1970, as `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
///
/// Threads: one at a time for a buffer. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_time_write(info.time, line);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_time_write(micros: i64, buffer: *mut tc_buffer) -> tc_status {
    // SAFETY: the header asks the caller for a pointer that is as `exclusive` needs it.
    crate::boundary::status(|| unsafe { exclusive(buffer)?.append_text(&Timestamp::from_unix_micros(micros).to_string()) })
}

/// Compares two commit sequence numbers: `*order` is below, at or above 0 as `left` is before, at or behind `right`.
///
/// Any thread may call it. `error` may be NULL. Errors: `TC_ERR_VALUE` where the two have different forms, so that their order
/// is not known.
/// Example: `int32_t order; tc_csn_compare("999", "7824137832", &order, NULL);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_csn_compare(
    left: *const c_char,
    right: *const c_char,
    order: *mut i32,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as `fallible`, `out` and `text` need them.
    unsafe {
        fallible(error, || {
            let order = out(order, 0, "order")?;
            *order = sign(Csn::compare(text(left, "left")?, text(right, "right")?))?;
            Ok(())
        })
    }
}

fn sign(order: Option<Ordering>) -> Outcome<i32> {
    let unknown = || crate::boundary::Failure::misuse(tc_status::TC_ERR_VALUE, "the two CSNs have different forms");
    order.map(|order| order as i32).ok_or_else(unknown)
}
