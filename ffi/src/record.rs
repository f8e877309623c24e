//! Records as they stand: for those who look at the trail itself.

use trailcore::source::RecordReader;
use trailcore::trail::{ByteOrder, Record, TableRef};

use crate::boundary::{fallible, status};
use crate::buffer::give_to;
use crate::error::tc_error;
use crate::handle::{self, exclusive, lend};
use crate::options::{read_options, tc_read_options};
use crate::reader::{give_skipped, tc_skipped};
use crate::status::tc_status;
use crate::text::{Sized_, or_nothing, out, tc_bytes, tc_str, write_struct};
use crate::time::tc_position;
use crate::trail::tc_trail;

/// A record as it stands in a trail. What it points to lives as long as what lends it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_record {
    /// `sizeof(tc_record)`, set by the caller.
    pub size: usize,
    /// Where it starts.
    pub position: tc_position,
    /// Its number in its file; the file header is 0. Of a change's records, always 0.
    pub number: u64,
    /// The whole record.
    pub bytes: tc_bytes,
    /// The body of its header area; none for a file header record.
    pub header: tc_bytes,
    /// The body of its data area.
    pub data: tc_bytes,
    /// The body of its token area; none at all where it has none.
    pub tokens: tc_bytes,
    /// The body of its user token area; none at all where it has none.
    pub user_tokens: tc_bytes,
    /// The name that Logdump prints for its type; no text where none is known.
    pub type_name: tc_str,
    /// The table's name as the header has it, in the database's character set; none at all where the header has an index.
    pub table_name: tc_bytes,
    /// The header's time, in microseconds since 1970, UTC.
    pub time: i64,
    /// AuditPos: place in the source's log.
    pub audit_pos: u64,
    /// AuditRBA.
    pub audit_rba: u32,
    /// The index of the table's definition, where `has_table_index` says so.
    pub table_index: u16,
    /// The length of the data as the header has it.
    pub record_length: u16,
    /// What it is: IOType. A file header record has 0.
    pub record_type: u8,
    /// TransInd: 0 first, 1 middle, 2 last, 3 only; other values have no known meaning.
    pub transaction: u8,
    /// BeforeAfter: `A` or `B`.
    pub before_after: u8,
    /// Partition.
    pub partition: u8,
    /// UndoFlag.
    pub undo: u8,
    /// OrigNode.
    pub orig_node: u8,
    /// FormatType: `R` read from the log, `F` fetched.
    pub format_type: u8,
    /// SyskeyLen.
    pub syskey_len: u8,
    /// Continued: not 0 where the data go on in the next record.
    pub continued: u8,
    /// RecCount.
    pub record_count: u8,
    /// Whether it is a file header record.
    pub is_file_header: bool,
    /// Whether its header could be read; else its fields are 0.
    pub has_header: bool,
    /// Whether `table_index` is set.
    pub has_table_index: bool,
    /// Whether its numbers are little-endian.
    pub little_endian: bool,
}

// SAFETY: it starts with its size; it goes out only, so that its flags hold what this library has put there.
unsafe impl Sized_ for tc_record {}

pub(crate) fn fill_record(record: &Record<'_>, position: tc_position, number: u64) -> tc_record {
    let header = record.header().ok();
    let (index, name) = match header.map(|header| header.table) {
        Some(TableRef::Index(index)) => (Some(index), None),
        Some(TableRef::Name(name)) => (None, Some(name)),
        None => (None, None),
    };
    tc_record {
        size: size_of::<tc_record>(),
        position,
        number,
        bytes: record.bytes().into(),
        header: record.header_bytes().into(),
        data: record.data().into(),
        tokens: record.token_area().into(),
        user_tokens: record.user_token_area().into(),
        type_name: if record.is_file_header() { tc_str::NONE } else { record.record_type().name().into() },
        table_name: name.into(),
        time: header.map_or(0, |header| header.time.unix_micros()),
        audit_pos: header.map_or(0, |header| header.audit_pos),
        audit_rba: header.map_or(0, |header| header.audit_rba),
        table_index: index.unwrap_or(0),
        record_length: header.map_or(0, |header| header.record_length),
        record_type: record.record_type().0,
        transaction: header.map_or(0, |header| header.transaction.byte()),
        before_after: header.map_or(0, |header| header.before_after),
        partition: header.map_or(0, |header| header.partition),
        undo: header.map_or(0, |header| header.undo),
        orig_node: header.map_or(0, |header| header.orig_node),
        format_type: header.map_or(0, |header| header.format_type),
        syskey_len: header.map_or(0, |header| header.syskey_len),
        continued: header.map_or(0, |header| header.continued),
        record_count: header.map_or(0, |header| header.record_count),
        is_file_header: record.is_file_header(),
        has_header: header.is_some(),
        has_table_index: index.is_some(),
        little_endian: record.byte_order() == ByteOrder::Little,
    }
}

/// Reads every record of a trail, file headers and metadata included, without putting anything together.
///
/// Ownership: free it with `tc_record_reader_free`. Threads: one at a time.
pub struct tc_record_reader(RecordReader);

handle::object!(tc_record_reader, b"tc_rrdr\0");

/// Makes a reader of a trail's records.
///
/// Ownership: `*reader` is the caller's, to be freed with `tc_record_reader_free`. Threads: several at once may call it.
/// `options` may be NULL; of it count `resync`, `mapped` and `watch`. `error` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where
/// the options do not start with their size.
/// Example: `tc_record_reader *records; tc_record_reader_open(trail, NULL, &records, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_record_reader_open(
    trail: *const tc_trail,
    options: *const tc_read_options,
    reader: *mut *mut tc_record_reader,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { fallible(error, || give_to(reader, || Ok(tc_record_reader(lend(trail)?.0.records(&read_options(options)?))))) }
}

/// Frees a reader of records. NULL is fine.
///
/// Example: `tc_record_reader_free(records);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_record_reader_free(reader: *mut tc_record_reader) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(reader) }
}

/// The next record, lent until the next call with the reader; `*more` is false at the end of the trail.
///
/// Threads: one at a time. `error` may be NULL. Errors: as `tc_reader_next_batch`, but for undefined tables and selections;
/// `TC_ERR_BAD_ARGUMENT` where `record` does not start with its size.
/// Example: `while (tc_record_reader_next(records, &record, &more, &error) == TC_OK && more) use(&record);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_record_reader_next(
    reader: *mut tc_record_reader,
    record: *mut tc_record,
    more: *mut bool,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let more = out(more, false, "more")?;
            // Looked at before a record is taken, so that none is lost to a caller's mistake.
            crate::text::read_size(record, "record")?;
            or_nothing(record, || {
                let mut reader = exclusive(reader)?;
                if let Some(placed) = reader.0.next()? {
                    write_struct(record, fill_record(&placed.record, placed.position.into(), placed.number), "record")?;
                    *more = true;
                }
                Ok(())
            })
        })
    }
}

/// How many stretches were passed over so far. None but with `resync`.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `size_t count; tc_record_reader_skipped_count(records, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_record_reader_skipped_count(reader: *mut tc_record_reader, count: *mut usize) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let count = out(count, 0, "count")?;
        *count = exclusive(reader)?.0.skipped().len();
        Ok(())
    })
}

/// One of the stretches that were passed over, and in `*why` what was wrong there.
///
/// Ownership: `*why` is the caller's, to be freed with `tc_error_free`; `why` may be NULL. Threads: one at a time. Errors:
/// `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_skipped gap; tc_error *why; tc_record_reader_skipped(records, 0, &gap, &why);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_record_reader_skipped(
    reader: *mut tc_record_reader,
    index: usize,
    skipped: *mut tc_skipped,
    why: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_skipped(exclusive(reader)?.0.skipped(), index, skipped, why) })
}
