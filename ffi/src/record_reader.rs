//! Readers of raw records.

use std::ffi::c_char;

use trailcore::source::RecordReader;

use crate::prelude::*;
use crate::record::{fill_record, tc_record};
use crate::skipped::{give_skipped, tc_skipped};
use crate::trail::tc_trail;

/// Reads every record of a trail, including file headers and metadata, without assembling changes.
///
/// Ownership: free it with `tc_record_reader_free`. Threads: one at a time.
pub struct tc_record_reader(RecordReader);

handle::object!(tc_record_reader, b"tc_rrdr\0");

/// Opens a reader of the records of a trail.
///
/// `options` may be NULL. They are those of `tc_reader_open`, of which only `resync` and `mapped` are used. Errors:
/// `TC_ERR_INVALID_ARGUMENT` if they have another form.
/// Example: `tc_record_reader *records; tc_record_reader_open(trail, NULL, &records, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_record_reader_open(
    trail: *const tc_trail,
    options: *const c_char,
    reader: *mut *mut tc_record_reader,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(reader, || {
            let trail = borrow(trail)?;
            Ok(tc_record_reader(trail.0.records(&trail.options(options)?)))
        })
    })
}

/// Frees a record reader. NULL is fine.
///
/// Example: `tc_record_reader_free(records);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_record_reader_free(reader: *mut tc_record_reader) {
    handle::free(reader)
}

/// Returns the next record, valid until the next call with the reader. `*more` is false at the end of the trail.
///
/// Errors: as `tc_reader_next_block`, but for undefined tables and selections; `TC_ERR_BAD_ARGUMENT` if `size` of `record` is
/// not set.
/// Example: `while (tc_record_reader_next(records, &record, &more, &error) == TC_OK && more) use(&record);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_record_reader_next(
    reader: *mut tc_record_reader,
    record: *mut tc_record,
    more: *mut bool,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        let more = out(more, false, "more")?;
        // Checked before a record is read, so that a mistake of the caller does not lose it.
        crate::text::read_size(record, "record")?;
        zero_on_error(record, || {
            let mut reader = borrow_mut(reader)?;
            let Some(placed) = reader.0.next()? else { return Ok(()) };
            let position = trailcore::Position::from(placed.position).into();
            write_struct(record, fill_record(&placed.record, position, placed.number), "record")?;
            *more = true;
            Ok(())
        })
    })
}

/// Returns the number of ranges skipped so far. Always 0 without `resync`.
///
/// Example: `size_t count; tc_record_reader_skipped_count(records, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_record_reader_skipped_count(reader: *mut tc_record_reader, count: *mut usize) -> tc_status {
    status(|| give(count, "count", || Ok(borrow_mut(reader)?.0.skipped().len())))
}

/// Returns one of the skipped ranges, and in `*why` the reason.
///
/// `why` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
/// Example: `tc_skipped gap; tc_error *why; tc_record_reader_skipped(records, 0, &gap, &why);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_record_reader_skipped(
    reader: *mut tc_record_reader,
    index: usize,
    skipped: *mut tc_skipped,
    why: *mut *mut tc_error,
) -> tc_status {
    status(|| give_skipped(borrow_mut(reader)?.0.skipped(), index, skipped, why))
}
