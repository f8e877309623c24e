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
    // generated: error kinds
    /// The operating system reported an error on a file operation.
    TC_ERR_IO = 1,
    /// No trail exists at the given path.
    TC_ERR_NOT_FOUND = 2,
    /// The bytes are not a trail file.
    TC_ERR_NOT_A_TRAIL = 3,
    /// The input ends inside a record: the file is torn, or is still being written.
    TC_ERR_TRUNCATED = 4,
    /// The bytes contradict each other: the file is damaged at this location.
    TC_ERR_CORRUPT = 5,
    /// The data are well-formed but of an unknown form; the raw bytes stay readable.
    TC_ERR_UNSUPPORTED = 6,
    /// A row refers to a table definition that the trail does not contain.
    TC_ERR_UNDEFINED_TABLE = 7,
    /// Files are missing between two sequence numbers of the trail.
    TC_ERR_SEQUENCE_GAP = 8,
    /// The position is not the start of a record, or is outside the trail.
    TC_ERR_INVALID_POSITION = 9,
    /// The definitions (DEFGEN) file cannot be parsed.
    TC_ERR_DEFINITIONS = 10,
    /// The column cannot be read as requested: it has another type, is NULL, is missing, or cannot be decoded.
    TC_ERR_VALUE = 11,
    /// An argument is invalid for any input.
    TC_ERR_INVALID_ARGUMENT = 12,
    /// The text is not in the native JSON form, or a change cannot be written in it.
    TC_ERR_JSON = 13,
    /// The trail format cannot represent the change or value.
    TC_ERR_UNENCODABLE = 14,
    /// The filter text is not valid, or does not fit the table.
    TC_ERR_FILTER = 15,
    /// A filter in strict mode cannot decide on a change.
    TC_ERR_UNDECIDABLE = 16,
    /// The caller cancelled the operation; the next call continues where it stopped.
    TC_ERR_CANCELLED = 17,
    /// The definition of a table changes, but a constant one was requested.
    TC_ERR_SCHEMA_CHANGE = 18,
    /// The trail does not contain a table of this name.
    TC_ERR_UNKNOWN_TABLE = 19,
    /// A defect of trailcore: an internal invariant does not hold. The message names the place in its source; report it.
    TC_ERR_INTERNAL = 20,
    // end of generated
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
    const ALL: &[(Self, &'static CStr)] = &[
        (Self::TC_OK, c"TC_OK"),
        // generated: names of error kinds
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
        (Self::TC_ERR_INTERNAL, c"TC_ERR_INTERNAL"),
        // end of generated
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
        Self::ALL.iter().map(|(status, _)| *status).find(|status| *status as i32 == code).unwrap_or(Self::TC_ERR_OTHER)
    }
}

/// Returns the name of a status, such as `TC_ERR_CORRUPT`: static text that ends with a NUL. Returns `unknown` for an unknown
/// number.
///
/// No errors.
/// Example: `fprintf(stderr, "%s\n", tc_status_name(status));`
#[unsafe(no_mangle)]
pub extern "C" fn tc_status_name(status: i32) -> *const c_char {
    let name = tc_status::ALL.iter().find(|(known, _)| *known as i32 == status);
    name.map_or(c"unknown", |(_, name)| *name).as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_core() {
        for &kind in ErrorKind::ALL {
            assert_eq!(i32::from(kind.code()), tc_status::of(kind) as i32);
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
