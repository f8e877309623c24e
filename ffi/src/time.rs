//! Times, positions and CSNs, as text and as numbers.

use std::cmp::Ordering;
use std::ffi::c_char;

use trailcore::{Csn, Position, Timestamp};

use crate::prelude::*;

/// The kind of source that a position is in.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum tc_position_kind {
    /// A trail: `seqno` is the sequence number of the file, `rba` the byte offset of the record in it.
    #[default]
    TC_POSITION_TRAIL = 0,
    /// A file or stream: `rba` is a byte offset.
    TC_POSITION_OFFSET = 1,
    /// A database log: `rba` is a log sequence number.
    TC_POSITION_LSN = 2,
    /// A partitioned queue: `seqno` is the partition, `rba` the number of the message in it.
    TC_POSITION_MESSAGE = 3,
}

/// The position of a change or record in its source. Positions of one source sort by `seqno`, then by `rba`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct tc_position {
    /// Sequence number of the file in a trail; see `tc_position_kind` for other sources.
    pub seqno: u64,
    /// Byte offset of the record in that file; see `tc_position_kind` for other sources.
    pub rba: u64,
    /// The kind of source, a `tc_position_kind`. 0 is a trail.
    pub kind: u32,
    /// Reserved; 0.
    pub reserved: u32,
}

impl From<Position> for tc_position {
    fn from(position: Position) -> Self {
        use tc_position_kind as k;
        let (kind, seqno, rba) = match position {
            Position::Trail(position) => (k::TC_POSITION_TRAIL, position.seqno, position.rba),
            Position::Offset(offset) => (k::TC_POSITION_OFFSET, 0, offset),
            Position::Lsn(lsn) => (k::TC_POSITION_LSN, 0, lsn),
            Position::Message { partition, offset } => (k::TC_POSITION_MESSAGE, partition.into(), offset),
            // A kind that this library does not know has no place in a trail either.
            _ => (k::TC_POSITION_OFFSET, 0, 0),
        };
        Self { seqno, rba, kind: kind as u32, reserved: 0 }
    }
}

impl tc_position {
    /// Converts a position of the caller.
    pub(crate) fn read(self) -> Result<Position, Failure> {
        use tc_position_kind as k;
        match self.kind {
            kind if kind == k::TC_POSITION_TRAIL as u32 => Ok(Position::new(self.seqno, self.rba)),
            kind if kind == k::TC_POSITION_OFFSET as u32 => Ok(Position::Offset(self.rba)),
            kind if kind == k::TC_POSITION_LSN as u32 => Ok(Position::Lsn(self.rba)),
            kind if kind == k::TC_POSITION_MESSAGE as u32 && u32::try_from(self.seqno).is_ok() => {
                Ok(Position::Message { partition: self.seqno as u32, offset: self.rba })
            }
            kind => Err(Failure::argument(format!("unknown kind of position {kind}"))),
        }
    }
}

/// Parses a position, `SEQNO:RBA`.
///
/// Errors: `TC_ERR_INVALID_ARGUMENT` if the text is invalid.
/// Example: `tc_position from; tc_position_parse("12:1956", &from, NULL);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_position_parse(
    source: *const c_char,
    position: *mut tc_position,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || give(position, "position", || Ok(text(source, "source")?.parse::<Position>()?.into())))
}

/// Appends a position as text, `SEQNO:RBA`, such as for the member `start_at` of read options.
///
/// Threads: one at a time for a buffer. Errors: `TC_ERR_BAD_ARGUMENT` for an unknown kind of position.
/// Example: `tc_position_write(info.start, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_position_write(position: tc_position, buffer: *mut tc_buffer) -> tc_status {
    status(|| borrow_mut(buffer)?.append_text(&position.read()?.to_string()))
}

/// Parses a time in UTC, `YYYY-MM-DD[THH:MM:SS[.ffffff]][Z]`, to microseconds since 1970.
///
/// Errors: `TC_ERR_INVALID_ARGUMENT` if the text is invalid.
/// Example: `int64_t since; tc_time_parse("2024-03-01T12:00:00Z", &since, NULL);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_time_parse(source: *const c_char, micros: *mut i64, error: *mut *mut tc_error) -> tc_status {
    fallible(error, || give(micros, "micros", || Ok(text(source, "source")?.parse::<Timestamp>()?.unix_micros())))
}

/// Appends a time in UTC, in microseconds since 1970, as `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
///
/// Threads: one at a time for a buffer.
/// Example: `tc_time_write(info.timestamp, line);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_time_write(micros: i64, buffer: *mut tc_buffer) -> tc_status {
    status(|| borrow_mut(buffer)?.append_text(&Timestamp::from_unix_micros(micros).to_string()))
}

/// Compares two commit sequence numbers: `*order` is negative if `left` is before `right`, 0 if they are equal, and positive if
/// it is after.
///
/// Errors: `TC_ERR_VALUE` if the two have different forms, so that their order is not known.
/// Example: `int32_t order; tc_csn_compare("999", "7824137832", &order, NULL);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_csn_compare(
    left: *const c_char,
    right: *const c_char,
    order: *mut i32,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || give(order, "order", || sign(Csn::compare(text(left, "left")?, text(right, "right")?))))
}

fn sign(order: Option<Ordering>) -> Outcome<i32> {
    let unknown = || Failure::misuse(tc_status::TC_ERR_VALUE, "the CSNs have different forms and cannot be compared");
    order.map(|order| order as i32).ok_or_else(unknown)
}
