//! Readers of changes, in blocks or one at a time.

use std::sync::{Arc, Mutex, PoisonError};

use trailcore::schema::TableMap;
use trailcore::{Error, Reader};

use crate::block::{Memory, Pool, tc_block};
use crate::boundary::{Failure, Outcome, fallible, status};
use crate::buffer::give_to;
use crate::catalog::tc_catalog;
use crate::change::tc_change;
use crate::error::tc_error;
use crate::handle::{self, Handle, borrow, borrow_mut, into_raw};
use crate::header::tc_file_header;
use crate::log;
use crate::options::{read_options, tc_read_options};
use crate::status::tc_status;
use crate::table::tc_table;
use crate::text::out;
use crate::time::tc_position;
use crate::trail::tc_trail;

/// Reads the changes of a trail in trail order, with memory that is flat in the length of the trail.
///
/// Related records are one change: the two records of an update, and a record with the large-object fragments that follow it. A
/// transaction that was rolled back is not returned.
///
/// Ownership: free it with `tc_reader_free`; it depends on neither its trail nor its options, and its blocks do not depend on
/// it. Threads: one at a time; a reader can move between threads. Two threads need two readers.
pub struct tc_reader {
    reader: Reader,
    /// An error that occurred after changes that have to be returned first.
    pending: Option<Error>,
    tables: TableMap<Arc<Handle<tc_table>>>,
    pool: Arc<Pool>,
    /// The change that `tc_reader_next` returns.
    single: Option<Box<Memory>>,
    /// The number of skipped ranges that have been logged.
    logged: usize,
}

handle::object!(tc_reader, b"tc_read\0");

/// A range of a trail that was skipped.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_skipped {
    /// The first byte of the range.
    pub from: tc_position,
    /// The position where reading continued.
    pub to: tc_position,
}

/// The decisions of a selection, counted.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct tc_counts {
    /// Accepted.
    pub accepted: u64,
    /// Rejected.
    pub rejected: u64,
    /// Undecidable; rejected in lenient mode.
    pub undecidable: u64,
    /// Errors; rejected in lenient mode.
    pub errors: u64,
}

impl From<trailcore::filter::Counts> for tc_counts {
    fn from(counts: trailcore::filter::Counts) -> Self {
        let trailcore::filter::Counts { accepted, rejected, undecidable, errors } = counts;
        Self { accepted, rejected, undecidable, errors }
    }
}

impl tc_reader {
    /// Fills memory with the next changes. Returns whether there are any.
    fn fill(&mut self, memory: &mut Memory, most: usize) -> Outcome<bool> {
        if let Some(error) = self.pending.take() {
            return Err(error.into());
        }
        let filled = self.reader.next_block(memory.block(), most);
        self.log_skipped();
        if let Err(error) = filled {
            if memory.block().is_empty() {
                return Err(error.into());
            }
            self.pending = Some(error);
        }
        let tables = &mut self.tables;
        memory.settle(|(id, table)| {
            Arc::clone(tables.get_or_insert_with(*id, || Arc::new(Handle::part(tc_table(Arc::clone(table))))))
        });
        Ok(!memory.block().is_empty())
    }

    fn log_skipped(&mut self) {
        for skipped in self.reader.skipped().iter().skip(self.logged) {
            log::info(&format!("skipped {} to {}: {}", skipped.from, skipped.to, skipped.error));
        }
        self.logged = self.reader.skipped().len();
    }
}

/// Opens a reader of the changes of a trail.
///
/// Ownership: `*reader` belongs to the caller; free it with `tc_reader_free`. Threads: several may call it concurrently.
/// `options` may be NULL for the default; `error` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` if `size` of the options is not
/// set; with a position to start from, `TC_ERR_INVALID_POSITION` if no record starts there, and the errors of reading up to it.
/// Example: `tc_reader *reader; tc_reader_open(trail, NULL, &reader, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_open(
    trail: *const tc_trail,
    options: *const tc_read_options,
    reader: *mut *mut tc_reader,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    unsafe {
        fallible(error, || {
            give_to(reader, || {
                let reader = borrow(trail)?.0.reader_with(read_options(options)?)?;
                let (tables, pool) = (TableMap::default(), Arc::default());
                Ok(tc_reader { reader, pending: None, tables, pool, single: None, logged: 0 })
            })
        })
    }
}

/// Frees a reader. NULL is fine. Its blocks stay valid.
///
/// Example: `tc_reader_free(reader);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_free(reader: *mut tc_reader) {
    // SAFETY: the pointer contract in `lib.rs`.
    unsafe { handle::free(reader) }
}

/// Returns the next changes, at most `most` of them. There are fewer if they have many bytes, at the end, and before an error,
/// which the next call returns. `*block` is NULL at the end of the trail; a later call checks again for more.
///
/// A further call after an error returns the same error. After errors of a selection and `TC_ERR_CANCELLED`, it continues with
/// the next change. After a torn tail it checks whether the file has grown.
/// Ownership: `*block` belongs to the caller; free it with `tc_block_free`. Threads: one at a time. `error` may be NULL.
/// Errors: `TC_ERR_TRUNCATED` if the last file ends inside a record, `TC_ERR_CORRUPT`, `TC_ERR_NOT_A_TRAIL`,
/// `TC_ERR_SEQUENCE_GAP`, `TC_ERR_UNDEFINED_TABLE`, `TC_ERR_UNDECIDABLE`, `TC_ERR_FILTER`, `TC_ERR_CANCELLED`, `TC_ERR_IO`;
/// `TC_ERR_BAD_ARGUMENT` if `most` is 0.
/// Example: `while (tc_reader_next_block(reader, 1000, &block, &error) == TC_OK && block) { use(block); tc_block_free(block); }`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_next_block(
    reader: *mut tc_reader,
    most: usize,
    block: *mut *mut tc_block,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    unsafe {
        fallible(error, || {
            let block = out(block, std::ptr::null_mut(), "block")?;
            let mut reader = borrow_mut(reader)?;
            if most == 0 {
                return Err(Failure::argument("most must be at least 1"));
            }
            let mut memory = reader.pool.take();
            if reader.fill(&mut memory, most)? {
                *block = into_raw(tc_block::new(memory, &reader.pool));
            } else {
                reader.pool.put(memory);
            }
            Ok(())
        })
    }
}

/// Returns the next change, valid until the next call with the reader. `*change` is NULL at the end of the trail. Convenient,
/// but blocks are much faster.
///
/// Ownership: the change belongs to the reader. Threads: one at a time. `error` may be NULL. Errors: as `tc_reader_next_block`.
/// Example: `while (tc_reader_next(reader, &change, &error) == TC_OK && change) use(change);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_next(
    reader: *mut tc_reader,
    change: *mut *const tc_change,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    unsafe {
        fallible(error, || {
            let change = out(change, std::ptr::null(), "change")?;
            let mut reader = borrow_mut(reader)?;
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

/// Returns the position after the last change that was returned, to continue reading later.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and the handle errors.
/// Example: `tc_position next; tc_reader_position(reader, &next);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_position(reader: *mut tc_reader, position: *mut tc_position) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    status(|| unsafe {
        let position = out(position, tc_position::default(), "position")?;
        *position = borrow_mut(reader)?.reader.position().into();
        Ok(())
    })
}

/// Returns the counts of the reader's selection so far; all zero without a selection.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and the handle errors.
/// Example: `tc_counts counts; tc_reader_filter_counts(reader, &counts);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_filter_counts(reader: *mut tc_reader, counts: *mut tc_counts) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    status(|| unsafe {
        let counts = out(counts, tc_counts::default(), "counts")?;
        *counts = borrow_mut(reader)?.reader.filter_counts().into();
        Ok(())
    })
}

/// Returns the number of ranges skipped so far. Always 0 without `resync`.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and the handle errors.
/// Example: `size_t count; tc_reader_skipped_count(reader, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_skipped_count(reader: *mut tc_reader, count: *mut usize) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    status(|| unsafe {
        let count = out(count, 0, "count")?;
        *count = borrow_mut(reader)?.reader.skipped().len();
        Ok(())
    })
}

/// Returns one of the skipped ranges, and in `*why` the reason.
///
/// Ownership: `*why` belongs to the caller; free it with `tc_error_free`; `why` may be NULL. Threads: one at a time. Errors:
/// `TC_ERR_BAD_ARGUMENT` for an index out of range, `TC_ERR_NULL_POINTER` and the handle errors.
/// Example: `tc_skipped gap; tc_error *why; tc_reader_skipped(reader, 0, &gap, &why);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_skipped(
    reader: *mut tc_reader,
    index: usize,
    skipped: *mut tc_skipped,
    why: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    status(|| unsafe { give_skipped(borrow_mut(reader)?.reader.skipped(), index, skipped, why) })
}

/// Writes one of several skipped ranges to the out parameters.
///
/// # Safety
/// The pointers fulfil the contract of `out`; `why` may be null.
pub(crate) unsafe fn give_skipped(
    all: &[trailcore::source::Skipped],
    index: usize,
    skipped: *mut tc_skipped,
    why: *mut *mut tc_error,
) -> Outcome {
    let none = tc_skipped { from: tc_position::default(), to: tc_position::default() };
    // SAFETY: guaranteed by the caller.
    let skipped = unsafe { out(skipped, none, "skipped") }?;
    if !why.is_null() {
        // SAFETY: guaranteed by the caller.
        unsafe { why.write(std::ptr::null_mut()) };
    }
    let found = all.get(index).ok_or_else(|| Failure::index("range", index, all.len()))?;
    *skipped = tc_skipped { from: found.from.into(), to: found.to.into() };
    if !why.is_null() {
        // SAFETY: guaranteed by the caller.
        unsafe { why.write(into_raw(tc_error::new(found.error.clone().into()))) };
    }
    Ok(())
}

/// Returns the table definitions read so far, the latest of each table, as a catalog.
///
/// Ownership: `*tables` belongs to the caller; free it with `tc_catalog_free`. Threads: one at a time. Errors:
/// `TC_ERR_NULL_POINTER` and the handle errors.
/// Example: `tc_catalog *tables; tc_reader_tables(reader, &tables);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_tables(reader: *mut tc_reader, tables: *mut *mut tc_catalog) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    status(|| unsafe { give_to(tables, || Ok(tc_catalog::of(borrow_mut(reader)?.reader.tables()))) })
}

/// Returns the header of the file that is being read; `*header` is NULL before the first record, and for files without a
/// header.
///
/// Ownership: `*header` belongs to the caller; free it with `tc_file_header_free`. Threads: one at a time. Errors:
/// `TC_ERR_NULL_POINTER` and the handle errors.
/// Example: `tc_file_header *header; tc_reader_file_header(reader, &header);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_file_header(reader: *mut tc_reader, header: *mut *mut tc_file_header) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    status(|| unsafe {
        let header = out(header, std::ptr::null_mut(), "header")?;
        if let Some(found) = borrow_mut(reader)?.reader.file_header() {
            *header = into_raw(tc_file_header(found.clone()));
        }
        Ok(())
    })
}

/// Locks a mutex, also after a panic while it was locked.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
