//! Readers of changes, in blocks or one at a time.

use std::ffi::c_char;
use std::sync::Arc;

use trailcore::schema::TableMap;
use trailcore::{Error, Reader};

use crate::block::tc_block;
use crate::catalog::tc_catalog;
use crate::header::tc_file_header;
use crate::log;
use crate::memory::{Memory, Pool, tc_change};
use crate::prelude::*;
use crate::skipped::{give_skipped, tc_counts, tc_skipped};
use crate::table::tc_table;
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
/// `options` may be NULL for the default. It is a JSON document of the form that `docs/schema/read-options.json` describes.
/// Errors: `TC_ERR_INVALID_ARGUMENT` if it has another form; with a position to start from, `TC_ERR_INVALID_POSITION` if no
/// record starts there, and the errors of reading up to it.
/// Example: `tc_reader *reader; tc_reader_open(trail, "{\"resync\":true}", &reader, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_open(
    trail: *const tc_trail,
    options: *const c_char,
    reader: *mut *mut tc_reader,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(reader, || {
            let trail = borrow(trail)?;
            let reader = trail.0.reader_with(trail.options(options)?)?;
            let (tables, pool) = (TableMap::default(), Arc::default());
            Ok(tc_reader { reader, pending: None, tables, pool, single: None, logged: 0 })
        })
    })
}

/// Frees a reader. NULL is fine. Its blocks stay valid.
///
/// Example: `tc_reader_free(reader);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_free(reader: *mut tc_reader) {
    handle::free(reader)
}

/// Returns the next changes, at most `most` of them. There are fewer if they have many bytes, at the end, and before an error,
/// which the next call returns. `*block` is NULL at the end of the trail; a later call checks again for more.
///
/// A further call after an error returns the same error. After errors of a selection and `TC_ERR_CANCELLED`, it continues with
/// the next change. After a torn tail it checks whether the file has grown. Errors: `TC_ERR_TRUNCATED` if the last file ends
/// inside a record, `TC_ERR_CORRUPT`, `TC_ERR_NOT_A_TRAIL`, `TC_ERR_SEQUENCE_GAP`, `TC_ERR_UNDEFINED_TABLE`,
/// `TC_ERR_UNDECIDABLE`, `TC_ERR_FILTER`, `TC_ERR_CANCELLED`, `TC_ERR_IO`; `TC_ERR_BAD_ARGUMENT` if `most` is 0.
/// Example: `while (tc_reader_next_block(reader, 1000, &block, &error) == TC_OK && block) { use(block); tc_block_free(block); }`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_next_block(
    reader: *mut tc_reader,
    most: usize,
    block: *mut *mut tc_block,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_optional(block, || {
            let mut reader = borrow_mut(reader)?;
            if most == 0 {
                return Err(Failure::argument("most must be at least 1"));
            }
            let mut memory = reader.pool.take();
            if reader.fill(&mut memory, most)? {
                return Ok(Some(tc_block::new(memory, &reader.pool)));
            }
            reader.pool.put(memory);
            Ok(None)
        })
    })
}

/// Returns the next change, valid until the next call with the reader. `*change` is NULL at the end of the trail. Convenient,
/// but blocks are much faster.
///
/// Ownership: the change belongs to the reader. Errors: as `tc_reader_next_block`.
/// Example: `while (tc_reader_next(reader, &change, &error) == TC_OK && change) use(change);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_next(
    reader: *mut tc_reader,
    change: *mut *const tc_change,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give(change, "change", || {
            let mut reader = borrow_mut(reader)?;
            let mut memory = reader.single.take().unwrap_or_default();
            let filled = reader.fill(&mut memory, 1);
            let memory = reader.single.insert(memory);
            Ok(if filled? { memory.change(0).map_or(std::ptr::null(), Handle::as_ptr) } else { std::ptr::null() })
        })
    })
}

/// Returns the position after the last change that was returned, to continue reading later.
///
/// Example: `tc_position next; tc_reader_position(reader, &next);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_position(reader: *mut tc_reader, position: *mut tc_position) -> tc_status {
    status(|| give(position, "position", || Ok(borrow_mut(reader)?.reader.position().into())))
}

/// Returns the counts of the reader's selection so far; all zero without a selection.
///
/// Example: `tc_counts counts; tc_reader_filter_counts(reader, &counts);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_filter_counts(reader: *mut tc_reader, counts: *mut tc_counts) -> tc_status {
    status(|| give(counts, "counts", || Ok(borrow_mut(reader)?.reader.filter_counts().into())))
}

/// Appends the report of the reading so far to a buffer: a JSON document with the counts of the selection, the causes of undecided
/// changes, skipped ranges, names of the selection that fit no table, and unfinished transactions.
///
/// Example: `tc_reader_report(reader, report, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_report(
    reader: *mut tc_reader,
    report: *mut tc_buffer,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || borrow_mut(report)?.append_text(&borrow_mut(reader)?.reader.report().to_json()?))
}

/// Returns the number of ranges skipped so far. Always 0 without `resync`.
///
/// Example: `size_t count; tc_reader_skipped_count(reader, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_skipped_count(reader: *mut tc_reader, count: *mut usize) -> tc_status {
    status(|| give(count, "count", || Ok(borrow_mut(reader)?.reader.skipped().len())))
}

/// Returns one of the skipped ranges, and in `*why` the reason.
///
/// `why` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
/// Example: `tc_skipped gap; tc_error *why; tc_reader_skipped(reader, 0, &gap, &why);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_skipped(
    reader: *mut tc_reader,
    index: usize,
    skipped: *mut tc_skipped,
    why: *mut *mut tc_error,
) -> tc_status {
    status(|| give_skipped(borrow_mut(reader)?.reader.skipped(), index, skipped, why))
}

/// Returns the table definitions read so far, the latest of each table, as a catalog.
///
/// Example: `tc_catalog *tables; tc_reader_tables(reader, &tables);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_tables(reader: *mut tc_reader, tables: *mut *mut tc_catalog) -> tc_status {
    status(|| give_to(tables, || Ok(tc_catalog::of(borrow_mut(reader)?.reader.tables()))))
}

/// Returns the header of the file that is being read; `*header` is NULL before the first record, and for files without a
/// header.
///
/// Example: `tc_file_header *header; tc_reader_file_header(reader, &header);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_reader_file_header(reader: *mut tc_reader, header: *mut *mut tc_file_header) -> tc_status {
    status(|| give_optional(header, || Ok(borrow_mut(reader)?.reader.file_header().cloned().map(tc_file_header))))
}
