//! Status codes.

use std::ffi::{CStr, c_char};

use trailcore::ErrorKind;

/// The result of a call: 0 for success. Numbers never change their meaning and are never reused.
///
/// 1 to 999 are the error kinds of all of trailcore, with the same numbers in every language; those without a name here are
/// reserved for future kinds. 1000 and above are specific to the C library.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_status {
    /// Success.
    TC_OK = 0,
    /// The operating system refused a file operation.
    TC_ERR_IO = 1,
    /// There is no trail at the path.
    TC_ERR_NOT_FOUND = 2,
    /// The bytes are not a trail file.
    TC_ERR_NOT_A_TRAIL = 3,
    /// The input ends inside a record: a torn tail, or a file that is still being written. More bytes may complete it.
    TC_ERR_TRUNCATED = 4,
    /// The bytes are inconsistent: the file is damaged at this location.
    TC_ERR_CORRUPT = 5,
    /// The data is in a form that is not supported. The raw bytes stay readable.
    TC_ERR_UNSUPPORTED = 6,
    /// A row refers to a table definition that the trail does not contain.
    TC_ERR_UNDEFINED_TABLE = 7,
    /// Files are missing between two sequence numbers.
    TC_ERR_SEQUENCE_GAP = 8,
    /// A position is not the start of a record, or is outside the trail.
    TC_ERR_INVALID_POSITION = 9,
    /// A definitions (DEFGEN) file cannot be parsed.
    TC_ERR_DEFINITIONS = 10,
    /// A column does not have the requested value: another type, NULL, missing, or not decodable.
    TC_ERR_VALUE = 11,
    /// An argument that is wrong for any input, rejected by the core.
    TC_ERR_INVALID_ARGUMENT = 12,
    /// Text is not in the native JSON form.
    TC_ERR_JSON = 13,
    /// A value cannot be represented in the trail format.
    TC_ERR_UNENCODABLE = 14,
    /// The text of a filter cannot be parsed, or the filter does not fit a table.
    TC_ERR_FILTER = 15,
    /// A filter in strict mode could not decide on a change. A further call continues after it.
    TC_ERR_UNDECIDABLE = 16,
    /// The caller stopped the work. A further call continues where it stopped.
    TC_ERR_CANCELLED = 17,
    /// The definition of a table changes, and the request allows only one.
    TC_ERR_SCHEMA_CHANGE = 18,
    /// The trail has no table of this name.
    TC_ERR_UNKNOWN_TABLE = 19,
    /// An error kind that this version of the C library has no name for.
    TC_ERR_OTHER = 1000,
    /// A pointer that must not be NULL is NULL.
    TC_ERR_NULL_POINTER = 1001,
    /// A pointer to an object of another type, or to no object.
    TC_ERR_WRONG_HANDLE = 1002,
    /// An object that has been freed. Only debug builds of the library always detect it.
    TC_ERR_FREED_HANDLE = 1003,
    /// Another call uses the object: a callback uses the object that calls it, or two threads share an object that is not
    /// const.
    TC_ERR_BUSY = 1004,
    /// A bug in the library (a panic). It was caught. The objects that the call could change are poisoned.
    TC_ERR_PANIC = 1005,
    /// An object that an earlier panic left in an unknown state. It can only be freed.
    TC_ERR_POISONED = 1006,
    /// An argument out of range: an index, an unknown enum number, text that is not UTF-8, or a struct whose `size` is not set.
    TC_ERR_BAD_ARGUMENT = 1007,
}

impl tc_status {
    const ALL: [(Self, &'static CStr); 28] = [
        (Self::TC_OK, c"TC_OK"),
        (Self::TC_ERR_IO, c"TC_ERR_IO"),
        (Self::TC_ERR_NOT_FOUND, c"TC_ERR_NOT_FOUND"),
        (Self::TC_ERR_NOT_A_TRAIL, c"TC_ERR_NOT_A_TRAIL"),
        (Self::TC_ERR_TRUNCATED, c"TC_ERR_TRUNCATED"),
        (Self::TC_ERR_CORRUPT, c"TC_ERR_CORRUPT"),
        (Self::TC_ERR_UNSUPPORTED, c"TC_ERR_UNSUPPORTED"),
        (Self::TC_ERR_UNDEFINED_TABLE, c"TC_ERR_UNDEFINED_TABLE"),
        (Self::TC_ERR_SEQUENCE_GAP, c"TC_ERR_SEQUENCE_GAP"),
        (Self::TC_ERR_INVALID_POSITION, c"TC_ERR_INVALID_POSITION"),
        (Self::TC_ERR_DEFINITIONS, c"TC_ERR_DEFINITIONS"),
        (Self::TC_ERR_VALUE, c"TC_ERR_VALUE"),
        (Self::TC_ERR_INVALID_ARGUMENT, c"TC_ERR_INVALID_ARGUMENT"),
        (Self::TC_ERR_JSON, c"TC_ERR_JSON"),
        (Self::TC_ERR_UNENCODABLE, c"TC_ERR_UNENCODABLE"),
        (Self::TC_ERR_FILTER, c"TC_ERR_FILTER"),
        (Self::TC_ERR_UNDECIDABLE, c"TC_ERR_UNDECIDABLE"),
        (Self::TC_ERR_CANCELLED, c"TC_ERR_CANCELLED"),
        (Self::TC_ERR_SCHEMA_CHANGE, c"TC_ERR_SCHEMA_CHANGE"),
        (Self::TC_ERR_UNKNOWN_TABLE, c"TC_ERR_UNKNOWN_TABLE"),
        (Self::TC_ERR_OTHER, c"TC_ERR_OTHER"),
        (Self::TC_ERR_NULL_POINTER, c"TC_ERR_NULL_POINTER"),
        (Self::TC_ERR_WRONG_HANDLE, c"TC_ERR_WRONG_HANDLE"),
        (Self::TC_ERR_FREED_HANDLE, c"TC_ERR_FREED_HANDLE"),
        (Self::TC_ERR_BUSY, c"TC_ERR_BUSY"),
        (Self::TC_ERR_PANIC, c"TC_ERR_PANIC"),
        (Self::TC_ERR_POISONED, c"TC_ERR_POISONED"),
        (Self::TC_ERR_BAD_ARGUMENT, c"TC_ERR_BAD_ARGUMENT"),
    ];

    /// Returns the status of an error kind: the same number.
    pub(crate) fn of(kind: ErrorKind) -> Self {
        let code = i32::from(kind.code());
        Self::ALL.into_iter().map(|(status, _)| status).find(|status| *status as i32 == code).unwrap_or(Self::TC_ERR_OTHER)
    }
}

/// Returns the name of a status, such as `TC_ERR_CORRUPT`: static text that ends with a NUL. Returns `unknown` for an unknown
/// number.
///
/// No errors.
/// Example: `fprintf(stderr, "%s\n", tc_status_name(status));`
#[unsafe(no_mangle)]
pub extern "C" fn tc_status_name(status: i32) -> *const c_char {
    let name = tc_status::ALL.into_iter().find(|(known, _)| *known as i32 == status);
    name.map_or(c"unknown", |(_, name)| name).as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_core() {
        let kinds = [
            (ErrorKind::Io, tc_status::TC_ERR_IO),
            (ErrorKind::NotFound, tc_status::TC_ERR_NOT_FOUND),
            (ErrorKind::NotATrail, tc_status::TC_ERR_NOT_A_TRAIL),
            (ErrorKind::Truncated, tc_status::TC_ERR_TRUNCATED),
            (ErrorKind::Corrupt, tc_status::TC_ERR_CORRUPT),
            (ErrorKind::Unsupported, tc_status::TC_ERR_UNSUPPORTED),
            (ErrorKind::UndefinedTable, tc_status::TC_ERR_UNDEFINED_TABLE),
            (ErrorKind::SequenceGap, tc_status::TC_ERR_SEQUENCE_GAP),
            (ErrorKind::InvalidPosition, tc_status::TC_ERR_INVALID_POSITION),
            (ErrorKind::Definitions, tc_status::TC_ERR_DEFINITIONS),
            (ErrorKind::Value, tc_status::TC_ERR_VALUE),
            (ErrorKind::InvalidArgument, tc_status::TC_ERR_INVALID_ARGUMENT),
            (ErrorKind::Json, tc_status::TC_ERR_JSON),
            (ErrorKind::Unencodable, tc_status::TC_ERR_UNENCODABLE),
            (ErrorKind::Filter, tc_status::TC_ERR_FILTER),
            (ErrorKind::Undecidable, tc_status::TC_ERR_UNDECIDABLE),
            (ErrorKind::Cancelled, tc_status::TC_ERR_CANCELLED),
            (ErrorKind::SchemaChange, tc_status::TC_ERR_SCHEMA_CHANGE),
            (ErrorKind::UnknownTable, tc_status::TC_ERR_UNKNOWN_TABLE),
        ];
        for (kind, status) in kinds {
            assert_eq!(tc_status::of(kind), status);
            assert_eq!(i32::from(kind.code()), status as i32);
        }
    }

    #[test]
    fn every_status_has_its_name_once() {
        for (index, (status, name)) in tc_status::ALL.iter().enumerate() {
            assert_eq!(format!("{status:?}"), name.to_str().unwrap());
            assert!(tc_status::ALL[..index].iter().all(|(earlier, _)| (*earlier as i32) < *status as i32));
        }
    }
}
