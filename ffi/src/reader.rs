//! Readers: the changes of a trail, in batches or one by one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use trailcore::{Error, Reader};

use crate::batch::{Memory, Pool, tc_batch};
use crate::boundary::{Failure, Outcome, fallible, status};
use crate::buffer::give_to;
use crate::catalog::tc_catalog;
use crate::change::tc_change;
use crate::error::tc_error;
use crate::handle::{self, Handle, exclusive, give, lend};
use crate::header::tc_file_header;
use crate::log;
use crate::options::{read_options, tc_read_options};
use crate::status::tc_status;
use crate::table::tc_table;
use crate::text::out;
use crate::time::tc_position;
use crate::trail::tc_trail;

/// Reads the changes of a trail, in the trail's order, with memory that does not grow with the trail.
///
/// What belongs together stays together: the two records of an update are one change, large-object fragments join the record
/// that they follow, and a transaction that was taken back is not handed out.
/// Ownership: free it with `tc_reader_free`; it needs neither its trail nor its options any more, and its batches live on
/// without it. Threads: one at a time; a reader may go from one thread to another. Two threads need two readers.
pub struct tc_reader {
    reader: Reader,
    /// An error that came behind changes which had to be handed out first.
    pending: Option<Error>,
    tables: HashMap<usize, Arc<Handle<tc_table>>>,
    pool: Arc<Pool>,
    /// The change that `tc_reader_next` lends.
    single: Option<Box<Memory>>,
    /// How many passed over stretches the log knows of.
    told: usize,
}

handle::object!(tc_reader, b"tc_read\0");

/// A stretch of a trail that was passed over.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_skipped {
    /// The first byte that was passed over.
    pub from: tc_position,
    /// Where reading went on.
    pub to: tc_position,
}

/// How many changes a selection has brought to what.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct tc_counts {
    /// Accepted.
    pub accepted: u64,
    /// Rejected.
    pub rejected: u64,
    /// Not decidable; in lenient mode turned away.
    pub undecidable: u64,
    /// Errors; in lenient mode turned away.
    pub errors: u64,
}

impl From<trailcore::filter::Counts> for tc_counts {
    fn from(counts: trailcore::filter::Counts) -> Self {
        let trailcore::filter::Counts { accepted, rejected, undecidable, errors } = counts;
        Self { accepted, rejected, undecidable, errors }
    }
}

impl tc_reader {
    /// Fills memory with the next changes; says whether there are any.
    fn fill(&mut self, memory: &mut Memory, most: usize) -> Outcome<bool> {
        if let Some(error) = self.pending.take() {
            return Err(error.into());
        }
        let filled = self.reader.next_block(memory.block(), most);
        self.tell_skipped();
        if let Err(error) = filled {
            if memory.block().is_empty() {
                return Err(error.into());
            }
            self.pending = Some(error);
        }
        let tables = &mut self.tables;
        memory.settle(|table| {
            let handle = tables.entry(Arc::as_ptr(table).addr());
            Arc::clone(handle.or_insert_with(|| Arc::new(Handle::part(tc_table(Arc::clone(table))))))
        });
        Ok(!memory.block().is_empty())
    }

    fn tell_skipped(&mut self) {
        for skipped in self.reader.skipped().iter().skip(self.told) {
            log::info(&format!("passed over {} to {}: {}", skipped.from, skipped.to, skipped.error));
        }
        self.told = self.reader.skipped().len();
    }
}

/// Makes a reader of a trail's changes.
///
/// Ownership: `*reader` is the caller's, to be freed with `tc_reader_free`. Threads: several at once may call it. `options` may
/// be NULL for the default; `error` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where the options do not start with their size;
/// with a position to start from, `TC_ERR_INVALID_POSITION` where no record starts there, and what reading up to it gives.
/// Example: `tc_reader *reader; tc_reader_open(trail, NULL, &reader, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_open(
    trail: *const tc_trail,
    options: *const tc_read_options,
    reader: *mut *mut tc_reader,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            give_to(reader, || {
                let reader = lend(trail)?.0.reader_with(read_options(options)?)?;
                let (tables, pool) = (HashMap::new(), Arc::default());
                Ok(tc_reader { reader, pending: None, tables, pool, single: None, told: 0 })
            })
        })
    }
}

/// Frees a reader. NULL is fine. Its batches live on.
///
/// Example: `tc_reader_free(reader);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_free(reader: *mut tc_reader) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(reader) }
}

/// The next changes, at most `most` of them: fewer where they have many bytes, at the end, and before an error, which the next
/// call gives. `*batch` is NULL at the end of the trail; a later call looks again whether there is more.
///
/// After an error the same error comes again, but for those of a selection and `TC_ERR_CANCELLED`, behind which reading goes
/// on; after a torn tail it looks whether the file has grown.
/// Ownership: `*batch` is the caller's, to be freed with `tc_batch_free`. Threads: one at a time. `error` may be NULL.
/// Errors: `TC_ERR_TRUNCATED` where the last file ends inside a record, `TC_ERR_CORRUPT`, `TC_ERR_NOT_A_TRAIL`,
/// `TC_ERR_SEQUENCE_GAP`, `TC_ERR_UNDEFINED_TABLE`, `TC_ERR_UNDECIDABLE`, `TC_ERR_FILTER`, `TC_ERR_CANCELLED`, `TC_ERR_IO`;
/// `TC_ERR_BAD_ARGUMENT` where `most` is 0.
/// Example: `while (tc_reader_next_batch(reader, 1000, &batch, &error) == TC_OK && batch) { use(batch); tc_batch_free(batch); }`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_next_batch(
    reader: *mut tc_reader,
    most: usize,
    batch: *mut *mut tc_batch,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let batch = out(batch, std::ptr::null_mut(), "batch")?;
            let mut reader = exclusive(reader)?;
            if most == 0 {
                return Err(Failure::argument("a batch of no changes is asked for"));
            }
            let mut memory = reader.pool.take();
            if reader.fill(&mut memory, most)? {
                *batch = give(tc_batch::new(memory, &reader.pool));
            } else {
                reader.pool.put(memory);
            }
            Ok(())
        })
    }
}

/// The next change, lent until the next call with the reader; `*change` is NULL at the end of the trail. Batches are quicker
/// by far; this is for convenience.
///
/// Ownership: the change belongs to the reader. Threads: one at a time. `error` may be NULL. Errors: as `tc_reader_next_batch`.
/// Example: `while (tc_reader_next(reader, &change, &error) == TC_OK && change) use(change);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_next(
    reader: *mut tc_reader,
    change: *mut *const tc_change,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let change = out(change, std::ptr::null(), "change")?;
            let mut reader = exclusive(reader)?;
            let mut memory = reader.single.take().unwrap_or_default();
            let filled = reader.fill(&mut memory, 1);
            let memory = reader.single.insert(memory);
            if filled? {
                *change = memory.change(0).map_or(std::ptr::null(), Handle::as_ptr);
            }
            Ok(())
        })
    }
}

/// The position behind the last change that was read: where to go on reading later.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_position next; tc_reader_position(reader, &next);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_position(reader: *mut tc_reader, position: *mut tc_position) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let position = out(position, tc_position::default(), "position")?;
        *position = exclusive(reader)?.reader.position().into();
        Ok(())
    })
}

/// What the reader's selection has said of the changes so far; all zero without one.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_counts counts; tc_reader_filter_counts(reader, &counts);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_filter_counts(reader: *mut tc_reader, counts: *mut tc_counts) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let counts = out(counts, tc_counts::default(), "counts")?;
        *counts = exclusive(reader)?.reader.filter_counts().into();
        Ok(())
    })
}

/// How many stretches were passed over so far. None but with `resync`.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `size_t count; tc_reader_skipped_count(reader, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_skipped_count(reader: *mut tc_reader, count: *mut usize) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let count = out(count, 0, "count")?;
        *count = exclusive(reader)?.reader.skipped().len();
        Ok(())
    })
}

/// One of the stretches that were passed over, and in `*why` what was wrong there.
///
/// Ownership: `*why` is the caller's, to be freed with `tc_error_free`; `why` may be NULL. Threads: one at a time. Errors:
/// `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_skipped gap; tc_error *why; tc_reader_skipped(reader, 0, &gap, &why);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_skipped(
    reader: *mut tc_reader,
    index: usize,
    skipped: *mut tc_skipped,
    why: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_skipped(exclusive(reader)?.reader.skipped(), index, skipped, why) })
}

/// Gives one of several stretches to a caller.
///
/// # Safety
/// The pointers are as `out` needs them; `why` may be null.
pub(crate) unsafe fn give_skipped(
    all: &[trailcore::source::Skipped],
    index: usize,
    skipped: *mut tc_skipped,
    why: *mut *mut tc_error,
) -> Outcome {
    let none = tc_skipped { from: tc_position::default(), to: tc_position::default() };
    // SAFETY: as the caller says.
    let skipped = unsafe { out(skipped, none, "skipped") }?;
    if !why.is_null() {
        // SAFETY: as the caller says.
        unsafe { why.write(std::ptr::null_mut()) };
    }
    let found = all.get(index).ok_or_else(|| Failure::index("stretch", index, all.len()))?;
    *skipped = tc_skipped { from: found.from.into(), to: found.to.into() };
    if !why.is_null() {
        // SAFETY: as the caller says.
        unsafe { why.write(give(tc_error::new(found.error.clone().into()))) };
    }
    Ok(())
}

/// The table definitions met so far, of each table the latest, as a catalog.
///
/// Ownership: `*tables` is the caller's, to be freed with `tc_catalog_free`. Threads: one at a time. Errors:
/// `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_catalog *tables; tc_reader_tables(reader, &tables);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_tables(reader: *mut tc_reader, tables: *mut *mut tc_catalog) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_to(tables, || Ok(tc_catalog::of(exclusive(reader)?.reader.tables()))) })
}

/// The header of the file that is being read; `*header` is NULL before the first record, and for files without one.
///
/// Ownership: `*header` is the caller's, to be freed with `tc_file_header_free`. Threads: one at a time. Errors:
/// `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_file_header *header; tc_reader_file_header(reader, &header);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_file_header(reader: *mut tc_reader, header: *mut *mut tc_file_header) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let header = out(header, std::ptr::null_mut(), "header")?;
        if let Some(found) = exclusive(reader)?.reader.file_header() {
            *header = give(tc_file_header(found.clone()));
        }
        Ok(())
    })
}

/// A lock that no panic holds shut.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
