//! Trail file headers.

use trailcore::trail::{ByteOrder, Encryption, Field, FileHeader};
use trailcore::{Charset, Timestamp};

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
    /// Number: compatibility level; 5 for release 12.2, 6 for 12.3, 7 for 19.1.
    TC_FIELD_COMPATIBILITY = 0,
    /// Number: creation time of the file.
    TC_FIELD_CREATION_TIME = 1,
    /// Text: the process and host that wrote it.
    TC_FIELD_URI = 2,
    /// Text: the path of the file at the writer.
    TC_FIELD_FILE_NAME = 3,
    /// Number: whether it is one of several files of a trail.
    TC_FIELD_MULTI_PART = 4,
    /// Number: the file's sequence number.
    TC_FIELD_SEQNO = 5,
    /// Number: the file's size.
    TC_FIELD_FILE_SIZE = 6,
    /// Text: CSN of the first record.
    TC_FIELD_FIRST_CSN = 7,
    /// Text: CSN of the last record.
    TC_FIELD_LAST_CSN = 8,
    /// Number: time of the first record.
    TC_FIELD_FIRST_TIME = 9,
    /// Number: time of the last record.
    TC_FIELD_LAST_TIME = 10,
    /// Text: the operating system of the host that wrote it.
    TC_FIELD_SYSTEM_NAME = 11,
    /// Text: the name of that host.
    TC_FIELD_HOST_NAME = 12,
    /// Text: the release of its operating system.
    TC_FIELD_SYSTEM_RELEASE = 13,
    /// Text: the version of its operating system.
    TC_FIELD_SYSTEM_VERSION = 14,
    /// Text: its hardware.
    TC_FIELD_HARDWARE = 15,
    /// Number: the database vendor's number; 7 is Oracle.
    TC_FIELD_DATABASE_VENDOR = 16,
    /// Text: the database's name.
    TC_FIELD_DATABASE_NAME = 17,
    /// Text: the database's instance.
    TC_FIELD_DATABASE_INSTANCE = 18,
    /// Number: the database's character set.
    TC_FIELD_DATABASE_CHARSET = 19,
    /// Text: the version text of the database.
    TC_FIELD_DATABASE_VERSION = 20,
    /// Number: the client's character set.
    TC_FIELD_CLIENT_CHARSET = 21,
    /// Text: the database client's version.
    TC_FIELD_CLIENT_VERSION = 22,
    /// Number: the database's national character set.
    TC_FIELD_NATIONAL_CHARSET = 23,
    /// Text: the database's time zone.
    TC_FIELD_TIME_ZONE = 24,
    /// Text: the name of the Extract or pump that wrote it.
    TC_FIELD_PRODUCER_GROUP = 25,
    /// Number: the kind of the producer's source.
    TC_FIELD_DATA_SOURCE = 26,
    /// Text: the version text of the producer.
    TC_FIELD_PRODUCER_VERSION = 27,
    /// Number: the trail recovery mode.
    TC_FIELD_RECOVERY_MODE = 28,
    /// Number: 0 if the header has no key slot, 1 if the slot is empty, 2 if it has a key, so that rows may be encrypted.
    TC_FIELD_ENCRYPTION = 29,
    /// Number: 0 if numbers in the file are big-endian, 1 if they are little-endian.
    TC_FIELD_BYTE_ORDER = 30,
    /// Text: the log's begin sequence number.
    TC_FIELD_LOG_BSN = 31,
    /// Number: bit flags.
    TC_FIELD_BIT_FLAGS = 32,
    /// Number: the database's release, major.
    TC_FIELD_DATABASE_MAJOR = 33,
    /// Number: the database's release, minor.
    TC_FIELD_DATABASE_MINOR = 34,
    /// Number: the producer's release, major.
    TC_FIELD_PRODUCER_MAJOR = 35,
    /// Number: the producer's release, minor.
    TC_FIELD_PRODUCER_MINOR = 36,
    /// Number: the producer's release, maintenance.
    TC_FIELD_PRODUCER_MAINTENANCE = 37,
    /// Number: the producer's release, bug fix.
    TC_FIELD_PRODUCER_BUG_FIX = 38,
    /// Number: the producer's release, build.
    TC_FIELD_PRODUCER_BUILD = 39,
    /// Number: the client's national character set.
    TC_FIELD_CLIENT_NATIONAL_CHARSET = 40,
}

/// A `tc_field` from C, which can have any value.
pub type RawField = u32;

/// A field of either kind.
enum Fact<'a> {
    Text(Field<&'a str>),
    Number(Field<i64>),
}

fn fact(header: &FileHeader, field: RawField) -> Option<Fact<'_>> {
    use tc_field as f;
    let time = |field: Field<Timestamp>| number(field, Timestamp::unix_micros);
    let charset = |field: Field<Charset>| number(field, |charset| charset.id().map_or(-1, i64::from));
    let [system, host, release, version, hardware] = header.machine();
    let [major, minor, maintenance, bug_fix, build] = header.producer_release();
    let u16 = |field: Field<u16>| number(field, i64::from);
    let u64 = |field: Field<u64>| number(field, |value| value as i64);
    // In the order of the enum.
    let facts = [
        (f::TC_FIELD_COMPATIBILITY, u16(header.compatibility())),
        (f::TC_FIELD_CREATION_TIME, time(header.creation_time())),
        (f::TC_FIELD_URI, Fact::Text(header.uri())),
        (f::TC_FIELD_FILE_NAME, Fact::Text(header.file_name())),
        (f::TC_FIELD_MULTI_PART, number(header.multi_part(), i64::from)),
        (f::TC_FIELD_SEQNO, number(header.seqno(), i64::from)),
        (f::TC_FIELD_FILE_SIZE, u64(header.file_size())),
        (f::TC_FIELD_FIRST_CSN, Fact::Text(header.first_csn())),
        (f::TC_FIELD_LAST_CSN, Fact::Text(header.last_csn())),
        (f::TC_FIELD_FIRST_TIME, time(header.first_time())),
        (f::TC_FIELD_LAST_TIME, time(header.last_time())),
        (f::TC_FIELD_SYSTEM_NAME, Fact::Text(system)),
        (f::TC_FIELD_HOST_NAME, Fact::Text(host)),
        (f::TC_FIELD_SYSTEM_RELEASE, Fact::Text(release)),
        (f::TC_FIELD_SYSTEM_VERSION, Fact::Text(version)),
        (f::TC_FIELD_HARDWARE, Fact::Text(hardware)),
        (f::TC_FIELD_DATABASE_VENDOR, u16(header.database_vendor())),
        (f::TC_FIELD_DATABASE_NAME, Fact::Text(header.database_name())),
        (f::TC_FIELD_DATABASE_INSTANCE, Fact::Text(header.database_instance())),
        (f::TC_FIELD_DATABASE_CHARSET, charset(header.database_charset())),
        (f::TC_FIELD_DATABASE_VERSION, Fact::Text(header.database_version())),
        (f::TC_FIELD_CLIENT_CHARSET, charset(header.client_charset())),
        (f::TC_FIELD_CLIENT_VERSION, Fact::Text(header.client_version())),
        (f::TC_FIELD_NATIONAL_CHARSET, charset(header.database_national_charset())),
        (f::TC_FIELD_TIME_ZONE, Fact::Text(header.database_time_zone())),
        (f::TC_FIELD_PRODUCER_GROUP, Fact::Text(header.producer_group())),
        (f::TC_FIELD_DATA_SOURCE, u16(header.data_source())),
        (f::TC_FIELD_PRODUCER_VERSION, Fact::Text(header.producer_version())),
        (f::TC_FIELD_RECOVERY_MODE, number(header.recovery_mode(), i64::from)),
        (f::TC_FIELD_ENCRYPTION, Fact::Number(Field::Value(encryption(header)))),
        (f::TC_FIELD_BYTE_ORDER, Fact::Number(Field::Value(i64::from(header.byte_order() == ByteOrder::Little)))),
        (f::TC_FIELD_LOG_BSN, Fact::Text(header.log_bsn())),
        (f::TC_FIELD_BIT_FLAGS, u64(header.bit_flags())),
        (f::TC_FIELD_DATABASE_MAJOR, u16(header.database_release().0)),
        (f::TC_FIELD_DATABASE_MINOR, u16(header.database_release().1)),
        (f::TC_FIELD_PRODUCER_MAJOR, u16(major)),
        (f::TC_FIELD_PRODUCER_MINOR, u16(minor)),
        (f::TC_FIELD_PRODUCER_MAINTENANCE, u16(maintenance)),
        (f::TC_FIELD_PRODUCER_BUG_FIX, u16(bug_fix)),
        (f::TC_FIELD_PRODUCER_BUILD, u16(build)),
        (f::TC_FIELD_CLIENT_NATIONAL_CHARSET, charset(header.client_national_charset())),
    ];
    facts.into_iter().find(|(known, _)| *known as u32 == field).map(|(_, fact)| fact)
}

fn number<T>(field: Field<T>, read: impl FnOnce(T) -> i64) -> Fact<'static> {
    Fact::Number(match field {
        Field::Absent => Field::Absent,
        Field::Unset => Field::Unset,
        Field::Value(value) => Field::Value(read(value)),
    })
}

fn encryption(header: &FileHeader) -> i64 {
    match header.encryption() {
        Encryption::NoSlot => 0,
        Encryption::Empty => 1,
        Encryption::KeyPresent => 2,
    }
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
        match fact(&borrow(header)?.0, field) {
            Some(Fact::Text(found)) => {
                let (found_state, value) = split(found);
                (*state, *text) = (found_state, value.into());
                Ok(())
            }
            Some(Fact::Number(_)) => Err(Failure::argument(format!("field {field} is a number; use tc_file_header_number"))),
            None => Err(Failure::argument(format!("{field} is not a tc_field"))),
        }
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
        match fact(&borrow(header)?.0, field) {
            Some(Fact::Number(found)) => {
                let (found_state, value) = split(found);
                (*state, *number) = (found_state, value.unwrap_or(0));
                Ok(())
            }
            Some(Fact::Text(_)) => Err(Failure::argument(format!("field {field} is text; use tc_file_header_text"))),
            None => Err(Failure::argument(format!("{field} is not a tc_field"))),
        }
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
