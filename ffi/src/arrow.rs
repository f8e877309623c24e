//! Arrow: the changes of one table as a C stream, and of all tables as record batches.

use std::ffi::c_char;
use std::sync::Arc;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, to_ffi};
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::{ArrowError, Schema};
use trailcore::arrow::{ArrowOptions, Batches, TableRecords};

use crate::options::document;
use crate::prelude::*;
use crate::skipped::{give_skipped, tc_counts, tc_skipped};
use crate::table::tc_table;
use crate::trail::tc_trail;

/// The struct of this name in the Arrow C stream interface.
pub struct ArrowArrayStream;

/// The struct of this name in the Arrow C data interface.
pub struct ArrowSchema;

/// The struct of this name in the Arrow C data interface.
pub struct ArrowArray;

/// Opens the changes of one table as an Arrow C stream: record batches of one schema, for any Arrow implementation. The table
/// name is case-insensitive, unless a table has exactly this name. Reads up to the first change of the table, which determines
/// the schema.
///
/// Ownership: the stream belongs to the caller; its `release` frees it. It does not depend on the trail. If the call fails,
/// `stream->release` is NULL. Threads: several may call it concurrently; a stream is used by one at a time. `options` and
/// `arrow` may be NULL for the default. The first are those of `tc_reader_open`, the other is a JSON document of the form that
/// `docs/schema/arrow-options.json` describes. Errors: `TC_ERR_INVALID_ARGUMENT` if one has another form,
/// `TC_ERR_UNKNOWN_TABLE` if the trail has neither a change nor a definition of the table, `TC_ERR_UNDEFINED_TABLE` if its
/// columns are not known, `TC_ERR_SCHEMA_CHANGE` if a union is requested and impossible, and the errors of reading. The stream
/// reports later errors.
/// Example: `struct ArrowArrayStream stream; tc_trail_arrow_stream(trail, "BANK.POSTINGS", NULL, NULL, &stream, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_arrow_stream(
    trail: *const tc_trail,
    table: *const c_char,
    options: *const c_char,
    arrow: *const c_char,
    stream: *mut ArrowArrayStream,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`. `stream` points to a struct of the Arrow C stream interface, whose layout is
    // fixed: five pointers, which are zero if there is no stream.
    unsafe {
        fallible(error, || {
            if stream.is_null() {
                return Err(Failure::null("stream"));
            }
            stream.cast::<[usize; 5]>().write([0; 5]);
            let (trail, table) = (borrow(trail)?, text(table, "table")?);
            let made = trail.0.table(table, trail.options(options)?, document(arrow, ArrowOptions::from_json)?)?;
            std::ptr::write(stream.cast(), made.into_c_stream());
            Ok(())
        })
    }
}

/// The record batches of all tables of a trail, in one pass. Each batch has one table and one definition, and the batches of a
/// table are in trail order. A table whose definition changes continues with batches of the new definition.
///
/// Ownership: free it with `tc_arrow_batches_free`; it does not depend on its trail, and the batches do not depend on it.
/// Threads: one at a time.
pub struct tc_arrow_batches {
    batches: Batches,
    /// The table of the last batch that was returned.
    table: Option<Handle<tc_table>>,
}

impl tc_arrow_batches {
    /// Returns the next records. An error that ended them is returned again, so that it is never taken for the end of the
    /// trail.
    fn next(&mut self) -> Outcome<Option<TableRecords>> {
        match (self.batches.next(), self.batches.failure()) {
            (Some(next), _) => Ok(Some(next?)),
            (None, Some(failure)) => Err(failure.clone().into()),
            (None, None) => Ok(None),
        }
    }
}

handle::object!(tc_arrow_batches, b"tc_arba\0");

fn arrow_failure(error: ArrowError) -> Failure {
    Failure::misuse(tc_status::TC_ERR_OTHER, error.to_string())
}

/// Sets an Arrow struct of the caller to zero, which marks it as released.
///
/// # Safety
/// The pointer is null, or points to a struct of the Arrow C data interface with the layout of `T`.
unsafe fn clear<T>(place: *mut T, what: &str) -> Outcome {
    if place.is_null() {
        return Err(Failure::null(what));
    }
    // SAFETY: guaranteed by the caller; zero bytes are a released struct.
    unsafe { place.write_bytes(0, 1) };
    Ok(())
}

/// Exports a record batch and its schema.
///
/// # Safety
/// Both pointers point to released structs of the Arrow C data interface.
unsafe fn give_batch(batch: RecordBatch, schema: *mut FFI_ArrowSchema, rows: *mut FFI_ArrowArray) -> Outcome {
    let of_batch = FFI_ArrowSchema::try_from(batch.schema_ref().as_ref()).map_err(arrow_failure)?;
    let (array, _) = to_ffi(&StructArray::from(batch).to_data()).map_err(arrow_failure)?;
    // SAFETY: guaranteed by the caller.
    unsafe {
        schema.write(of_batch);
        rows.write(array);
    }
    Ok(())
}

/// Opens the record batches of all tables of a trail.
///
/// `options` and `arrow` may be NULL. They are those of `tc_trail_arrow_stream`; `on_schema_change` is ignored. Errors: as
/// `tc_reader_open`.
/// Example: `tc_arrow_batches *batches; tc_arrow_batches_open(trail, NULL, NULL, &batches, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_arrow_batches_open(
    trail: *const tc_trail,
    options: *const c_char,
    arrow: *const c_char,
    batches: *mut *mut tc_arrow_batches,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(batches, || {
            let trail = borrow(trail)?;
            let batches = trail.0.batches(trail.options(options)?, document(arrow, ArrowOptions::from_json)?)?;
            Ok(tc_arrow_batches { batches, table: None })
        })
    })
}

/// Frees the object. NULL is fine.
///
/// Example: `tc_arrow_batches_free(batches);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_arrow_batches_free(batches: *mut tc_arrow_batches) {
    handle::free(batches)
}

/// Returns the next record batch: its rows as an array of structs, their schema, and the definition of the table. `*table` is
/// NULL at the end of the trail. All rows before an error are returned first. The exception is a value that cannot be decoded
/// or does not fit its column: it is the error of its whole batch, unless `invalid_as_null` is set. After `TC_ERR_VALUE`,
/// `TC_ERR_FILTER`, `TC_ERR_UNDECIDABLE` and `TC_ERR_CANCELLED` a further call continues; other errors are returned again.
///
/// Ownership: schema and rows belong to the caller; their `release` frees them. `release` is NULL if there are none. The table
/// is valid until the next call, or until `tc_arrow_batches_free`; `tc_table_clone` keeps it. Errors: those of reading,
/// `TC_ERR_VALUE`, and `TC_ERR_OTHER` if a name contains a NUL, which Arrow cannot represent.
/// Example: `while (tc_arrow_batches_next(batches, &table, &schema, &rows, &error) == TC_OK && table) take(&schema, &rows);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_arrow_batches_next(
    batches: *mut tc_arrow_batches,
    table: *mut *const tc_table,
    schema: *mut ArrowSchema,
    rows: *mut ArrowArray,
    error: *mut *mut tc_error,
) -> tc_status {
    let (schema, rows) = (schema.cast::<FFI_ArrowSchema>(), rows.cast::<FFI_ArrowArray>());
    // SAFETY: the pointer contract in `lib.rs`. The structs are those of the Arrow C data interface, whose layout is fixed.
    unsafe {
        fallible(error, || {
            let table = out(table, std::ptr::null(), "table")?;
            clear(schema, "schema")?;
            clear(rows, "rows")?;
            let mut batches = borrow_mut(batches)?;
            batches.table = None;
            let Some(records) = batches.next()? else { return Ok(()) };
            give_batch(records.batch, schema, rows)?;
            *table = batches.table.insert(Handle::part(tc_table(records.table))).as_ptr();
            Ok(())
        })
    }
}

/// Returns the counts of the selection so far; all zero without a selection.
///
/// Example: `tc_counts counts; tc_arrow_batches_filter_counts(batches, &counts);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_arrow_batches_filter_counts(batches: *mut tc_arrow_batches, counts: *mut tc_counts) -> tc_status {
    status(|| give(counts, "counts", || Ok(borrow_mut(batches)?.batches.reader().filter_counts().into())))
}

/// Appends the report of the reading so far to a buffer, as `tc_reader_report`.
///
/// Example: `tc_arrow_batches_report(batches, report, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_arrow_batches_report(
    batches: *mut tc_arrow_batches,
    report: *mut tc_buffer,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || borrow_mut(report)?.append_text(&borrow_mut(batches)?.batches.report().to_json()?))
}

/// Returns the number of ranges skipped so far. Always 0 without `resync`.
///
/// Example: `size_t count; tc_arrow_batches_skipped_count(batches, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_arrow_batches_skipped_count(batches: *mut tc_arrow_batches, count: *mut usize) -> tc_status {
    status(|| give(count, "count", || Ok(borrow_mut(batches)?.batches.reader().skipped().len())))
}

/// Returns one of the skipped ranges, and in `*why` the reason.
///
/// `why` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
/// Example: `tc_skipped gap; tc_error *why; tc_arrow_batches_skipped(batches, 0, &gap, &why);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_arrow_batches_skipped(
    batches: *mut tc_arrow_batches,
    index: usize,
    skipped: *mut tc_skipped,
    why: *mut *mut tc_error,
) -> tc_status {
    status(|| give_skipped(borrow_mut(batches)?.batches.reader().skipped(), index, skipped, why))
}

/// Returns the schema of the record batches of a table.
///
/// Ownership: the schema belongs to the caller; its `release` frees it. If the call fails, `release` is NULL. `arrow` may be
/// NULL for the default. Errors: `TC_ERR_INVALID_ARGUMENT` if the table lacks a requested column or two columns would have the
/// same name; `TC_ERR_OTHER` if a name contains a NUL.
/// Example: `struct ArrowSchema schema; tc_table_arrow_schema(info.table, NULL, &schema, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_table_arrow_schema(
    table: *const tc_table,
    arrow: *const c_char,
    schema: *mut ArrowSchema,
    error: *mut *mut tc_error,
) -> tc_status {
    let schema = schema.cast::<FFI_ArrowSchema>();
    // SAFETY: the pointer contract in `lib.rs`. The struct is that of the Arrow C data interface, whose layout is fixed.
    unsafe {
        fallible(error, || {
            clear(schema, "schema")?;
            let made: Arc<Schema> = trailcore::arrow::schema(&borrow(table)?.0, &document(arrow, ArrowOptions::from_json)?)?;
            schema.write(FFI_ArrowSchema::try_from(made.as_ref()).map_err(arrow_failure)?);
            Ok(())
        })
    }
}
