//! Trail file headers.

use std::borrow::Cow;

use trailcore::trail::{Field, FileHeader, HeaderField, HeaderKind, HeaderValue};

use crate::prelude::*;

/// The header of a trail file: its origin, compatibility level, and range of changes.
///
/// Ownership: free it with `tc_file_header_free`. Threads: several may use it concurrently.
pub struct tc_file_header(pub(crate) FileHeader);

handle::object!(tc_file_header, b"tc_fhdr\0");

/// The state of a field of a file header. Unset is not zero.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_field_state {
    /// The header has no such field.
    TC_FIELD_ABSENT = 0,
    /// The field is present and marked as unset.
    TC_FIELD_UNSET = 1,
    /// It has a value.
    TC_FIELD_VALUE = 2,
}

/// Fields of a file header. `tc_file_header_text` returns the text fields, `tc_file_header_number` the number fields. Times are
/// microseconds since 1970, UTC. Character sets are the numbers that trails use.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_field {
    // generated: header fields
    /// As number: Compatibility level: 5 for release 12.2, 6 for 12.3, 7 for 19.1.
    TC_FIELD_COMPATIBILITY = 0,
    /// As number: The time when the file was created.
    TC_FIELD_CREATION_TIME = 1,
    /// As text: The URI of the writer: its host and process.
    TC_FIELD_URI = 2,
    /// As text: The path of the file as the writer knew it.
    TC_FIELD_FILE_NAME = 3,
    /// As number: 1 if the file is one of several files of a trail.
    TC_FIELD_MULTI_PART = 4,
    /// As number: The sequence number of the file.
    TC_FIELD_SEQNO = 5,
    /// As number: The size of the file in bytes.
    TC_FIELD_FILE_SIZE = 6,
    /// As text: CSN of the first record.
    TC_FIELD_FIRST_CSN = 7,
    /// As text: CSN of the last record.
    TC_FIELD_LAST_CSN = 8,
    /// As number: Time of the first row.
    TC_FIELD_FIRST_TIME = 9,
    /// As number: Time of the last row.
    TC_FIELD_LAST_TIME = 10,
    /// As text: The begin sequence number (BSN) of the log.
    TC_FIELD_LOG_BSN = 11,
    /// As number: Bit flags. The meaning of the bits is not known.
    TC_FIELD_BIT_FLAGS = 12,
    /// As text: The operating system of the writing host.
    TC_FIELD_SYSTEM_NAME = 13,
    /// As text: The name of the writing host.
    TC_FIELD_HOST_NAME = 14,
    /// As text: The release of the operating system.
    TC_FIELD_SYSTEM_RELEASE = 15,
    /// As text: The version of the operating system.
    TC_FIELD_SYSTEM_VERSION = 16,
    /// As text: The hardware of the writing host.
    TC_FIELD_HARDWARE = 17,
    /// As number: The number of the database vendor; 7 is Oracle.
    TC_FIELD_DATABASE_VENDOR = 18,
    /// As text: The name of the database.
    TC_FIELD_DATABASE_NAME = 19,
    /// As text: The instance of the database.
    TC_FIELD_DATABASE_INSTANCE = 20,
    /// As number: The character set of the database.
    TC_FIELD_DATABASE_CHARSET = 21,
    /// As number: The major release number of the database.
    TC_FIELD_DATABASE_MAJOR = 22,
    /// As number: The minor release number of the database.
    TC_FIELD_DATABASE_MINOR = 23,
    /// As text: The version text of the database.
    TC_FIELD_DATABASE_VERSION = 24,
    /// As number: The character set of the database client.
    TC_FIELD_CLIENT_CHARSET = 25,
    /// As text: The version of the database client.
    TC_FIELD_CLIENT_VERSION = 26,
    /// As number: The national character set of the database client.
    TC_FIELD_CLIENT_NATIONAL_CHARSET = 27,
    /// As number: The national character set of the database.
    TC_FIELD_NATIONAL_CHARSET = 28,
    /// As text: The time zone of the database.
    TC_FIELD_TIME_ZONE = 29,
    /// As text: The name of the Extract or pump that wrote the file.
    TC_FIELD_PRODUCER_GROUP = 30,
    /// As number: The kind of the producer's data source.
    TC_FIELD_DATA_SOURCE = 31,
    /// As number: The major release number of the producer.
    TC_FIELD_PRODUCER_MAJOR = 32,
    /// As number: The minor release number of the producer.
    TC_FIELD_PRODUCER_MINOR = 33,
    /// As number: The maintenance release number of the producer.
    TC_FIELD_PRODUCER_MAINTENANCE = 34,
    /// As number: The bug fix number of the producer.
    TC_FIELD_PRODUCER_BUG_FIX = 35,
    /// As number: The build number of the producer.
    TC_FIELD_PRODUCER_BUILD = 36,
    /// As text: The version text of the producer.
    TC_FIELD_PRODUCER_VERSION = 37,
    /// As number: The trail recovery mode.
    TC_FIELD_RECOVERY_MODE = 38,
    /// As number: 0 if the header has no key slot, 1 if the slot is empty, 2 if it has a key, so that rows may be encrypted.
    TC_FIELD_ENCRYPTION = 39,
    /// As number: 0 if numbers in the file are big-endian, 1 if they are little-endian.
    TC_FIELD_BYTE_ORDER = 40,
    // end of generated
}

/// A `tc_field` from C, which can have any value.
pub type RawField = u32;

/// Returns the state of a field, and its value.
fn read(header: &FileHeader, field: RawField) -> Outcome<(tc_field_state, Option<HeaderValue<'_>>)> {
    let known = HeaderField::ALL.get(field as usize).ok_or_else(|| Failure::argument(format!("{field} is not a tc_field")))?;
    Ok(split(known.read(header)))
}

fn is_text(field: RawField) -> bool {
    HeaderField::ALL.get(field as usize).is_some_and(|field| field.kind() == HeaderKind::Text)
}

/// Returns the state of a field, and its value if it has one.
fn split<T>(field: Field<T>) -> (tc_field_state, Option<T>) {
    match field {
        Field::Absent => (tc_field_state::TC_FIELD_ABSENT, None),
        Field::Unset => (tc_field_state::TC_FIELD_UNSET, None),
        Field::Value(value) => (tc_field_state::TC_FIELD_VALUE, Some(value)),
    }
}

/// Frees a header. NULL is fine.
///
/// Example: `tc_file_header_free(header);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_file_header_free(header: *mut tc_file_header) {
    handle::free(header)
}

/// Returns a text field; no text if it has no value. It is valid as long as the header.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` if `field` is unknown or a number.
/// Example: `tc_str csn; tc_field_state state; tc_file_header_text(header, TC_FIELD_FIRST_CSN, &csn, &state);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_file_header_text(
    header: *const tc_file_header,
    field: RawField,
    text: *mut tc_str,
    state: *mut tc_field_state,
) -> tc_status {
    status(|| {
        let (text, state) = (out(text, tc_str::NONE, "text")?, out(state, tc_field_state::TC_FIELD_ABSENT, "state")?);
        let header = &borrow(header)?.0;
        let (found, value) = read(header, field)?;
        if !is_text(field) {
            return Err(Failure::argument(format!("field {field} is a number; use tc_file_header_number")));
        }
        *state = found;
        if let Some(HeaderValue::Text(Cow::Borrowed(found))) = value {
            *text = found.into();
        }
        Ok(())
    })
}

/// Returns a number field; 0 if it has no value.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` if `field` is unknown or text.
/// Example: `int64_t level; tc_field_state state; tc_file_header_number(header, TC_FIELD_COMPATIBILITY, &level, &state);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_file_header_number(
    header: *const tc_file_header,
    field: RawField,
    number: *mut i64,
    state: *mut tc_field_state,
) -> tc_status {
    status(|| {
        let (number, state) = (out(number, 0, "number")?, out(state, tc_field_state::TC_FIELD_ABSENT, "state")?);
        let (found, value) = read(&borrow(header)?.0, field)?;
        if is_text(field) {
            return Err(Failure::argument(format!("field {field} is text; use tc_file_header_text")));
        }
        *state = found;
        *number = match value {
            Some(HeaderValue::Number(number)) => number as i64,
            Some(HeaderValue::Time(time)) => time.unix_micros(),
            Some(HeaderValue::Charset(charset)) => charset.id().map_or(-1, i64::from),
            _ => 0,
        };
        Ok(())
    })
}

/// Returns the body of a token by its group (hexadecimal 30 trail, 31 machine, 32 database, 33 producer, 34 continuity) and id,
/// also for unknown tokens; no bytes if it has no value. They are valid as long as the header.
///
/// Example: `tc_bytes uris; tc_field_state state; tc_file_header_token(header, 0x30, 0x35, &uris, &state);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_file_header_token(
    header: *const tc_file_header,
    group: u8,
    id: u8,
    body: *mut tc_bytes,
    state: *mut tc_field_state,
) -> tc_status {
    status(|| {
        let (body, state) = (out(body, tc_bytes::NONE, "body")?, out(state, tc_field_state::TC_FIELD_ABSENT, "state")?);
        let (found_state, value) = split(borrow(header)?.0.token(group, id));
        (*state, *body) = (found_state, value.into());
        Ok(())
    })
}
