//! Arrow: the changes of one table as a C stream, and of all tables as record batches.

use std::ffi::c_char;
use std::sync::Arc;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, to_ffi};
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::{ArrowError, Schema};
use trailcore::arrow::{ArrowOptions, Batches, Invalid, Layout, Numbers, SchemaChange, TableRecords, Times};

use crate::options::{read_options, tc_read_options};
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

/// The layout of the rows of a stream.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_arrow_layout {
    /// One row per change: the row after the change, or the deleted row.
    TC_ARROW_ROWS = 0,
    /// One row per change, with both images side by side.
    TC_ARROW_CHANGES = 1,
}

/// A `tc_arrow_layout` from C, which can have any value.
pub type RawArrowLayout = u32;

/// How numbers that the trail stores as text, and that have no declared scale, are converted.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_arrow_numbers {
    /// Text with the exact digits.
    TC_ARROW_NUMBERS_DECLARED = 0,
    /// Text with the exact digits, also for numbers with a declared scale.
    TC_ARROW_NUMBERS_TEXT = 1,
    /// The nearest floating-point numbers.
    TC_ARROW_NUMBERS_FLOAT = 2,
    /// Decimals of the scale in `number_scale`.
    TC_ARROW_NUMBERS_SCALE = 3,
}

/// A `tc_arrow_numbers` from C, which can have any value.
pub type RawArrowNumbers = u32;

/// The unit of dates and times.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_arrow_times {
    /// Microseconds, or nanoseconds if the column declares more than six digits.
    TC_ARROW_TIMES_DECLARED = 0,
    /// Microseconds; finer digits are truncated.
    TC_ARROW_TIMES_MICROS = 1,
    /// Nanoseconds.
    TC_ARROW_TIMES_NANOS = 2,
}

/// A `tc_arrow_times` from C, which can have any value.
pub type RawArrowTimes = u32;

/// The behavior of a stream when the definition of the table changes.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_arrow_schema_change {
    /// End with an error.
    TC_ARROW_SCHEMA_CHANGE_ERROR = 0,
    /// Have the columns of all definitions. The trail is read once before to find them.
    TC_ARROW_SCHEMA_CHANGE_UNION = 1,
    /// End before the change. `tc_arrow_batches` continue after it.
    TC_ARROW_SCHEMA_CHANGE_STOP = 2,
}

/// A `tc_arrow_schema_change` from C, which can have any value.
pub type RawArrowSchemaChange = u32;

/// How changes are converted to record batches. All zero except `size` is the default.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_arrow_options {
    /// `sizeof(tc_arrow_options)`.
    pub size: usize,
    /// Maximum rows of a record batch; 0 for 65536.
    pub rows: usize,
    /// The names of the columns to include; NULL for all.
    pub columns: *const *const c_char,
    /// Number of `columns`.
    pub column_count: usize,
    /// The prefix of the columns about the change, such as `_op`; NULL for `_`.
    pub prefix: *const c_char,
    /// The layout of a row.
    pub layout: RawArrowLayout,
    /// The conversion of numbers stored as text.
    pub numbers: RawArrowNumbers,
    /// The scale for `TC_ARROW_NUMBERS_SCALE`.
    pub number_scale: u8,
    /// Add a column of states for each column.
    pub states: Flag,
    /// Convert values that cannot be decoded to NULL, instead of ending the stream with an error.
    pub invalid_as_null: Flag,
    /// The unit of dates and times.
    pub times: RawArrowTimes,
    /// The behavior when the definition of the table changes.
    pub schema_change: RawArrowSchemaChange,
}

// SAFETY: it starts with its size. The other members are numbers and pointers, which may be zero.
unsafe impl VersionedStruct for tc_arrow_options {}

fn unknown(number: u32, name: &str) -> Failure {
    Failure::argument(format!("{number} is not a {name}"))
}

/// Converts the options of a caller; null stands for the default.
///
/// # Safety
/// As `read_struct`, and its pointers fulfil the contract of `array` and `text`.
unsafe fn arrow_options(options: *const tc_arrow_options) -> Outcome<ArrowOptions> {
    let mut made = ArrowOptions::new();
    if options.is_null() {
        return Ok(made);
    }
    // SAFETY: guaranteed by the caller.
    let (given, columns, prefix) = unsafe {
        let given = read_struct(options, "options")?;
        let columns = array(given.columns, given.column_count, "columns")?;
        let columns = columns.iter().map(|name| text(*name, "the name of a column")).collect::<Outcome<Vec<_>>>()?;
        (given, columns, optional_text(given.prefix, "prefix")?)
    };
    if given.rows > 0 {
        made = made.rows(given.rows);
    }
    if !given.columns.is_null() {
        made = made.columns(&columns);
    }
    if let Some(prefix) = prefix {
        made = made.prefix(prefix);
    }
    let layout = match given.layout {
        n if n == tc_arrow_layout::TC_ARROW_ROWS as u32 => Layout::Rows,
        n if n == tc_arrow_layout::TC_ARROW_CHANGES as u32 => Layout::Changes,
        other => return Err(unknown(other, "tc_arrow_layout")),
    };
    let numbers = match given.numbers {
        n if n == tc_arrow_numbers::TC_ARROW_NUMBERS_DECLARED as u32 => Numbers::Declared,
        n if n == tc_arrow_numbers::TC_ARROW_NUMBERS_TEXT as u32 => Numbers::Text,
        n if n == tc_arrow_numbers::TC_ARROW_NUMBERS_FLOAT as u32 => Numbers::Float,
        n if n == tc_arrow_numbers::TC_ARROW_NUMBERS_SCALE as u32 => Numbers::Scale(given.number_scale),
        other => return Err(unknown(other, "tc_arrow_numbers")),
    };
    let times = match given.times {
        n if n == tc_arrow_times::TC_ARROW_TIMES_DECLARED as u32 => Times::Declared,
        n if n == tc_arrow_times::TC_ARROW_TIMES_MICROS as u32 => Times::Micros,
        n if n == tc_arrow_times::TC_ARROW_TIMES_NANOS as u32 => Times::Nanos,
        other => return Err(unknown(other, "tc_arrow_times")),
    };
    let schema_change = match given.schema_change {
        n if n == tc_arrow_schema_change::TC_ARROW_SCHEMA_CHANGE_ERROR as u32 => SchemaChange::Error,
        n if n == tc_arrow_schema_change::TC_ARROW_SCHEMA_CHANGE_UNION as u32 => SchemaChange::Union,
        n if n == tc_arrow_schema_change::TC_ARROW_SCHEMA_CHANGE_STOP as u32 => SchemaChange::Stop,
        other => return Err(unknown(other, "tc_arrow_schema_change")),
    };
    let invalid = if given.invalid_as_null != 0 { Invalid::Null } else { Invalid::Error };
    let made = made.layout(layout).numbers(numbers).times(times).on_schema_change(schema_change);
    Ok(made.invalid(invalid).states(given.states != 0))
}

/// Opens the changes of one table as an Arrow C stream: record batches of one schema, for any Arrow implementation. The table
/// name is case-insensitive, unless a table has exactly this name. Reads up to the first change of the table, which determines
/// the schema.
///
/// Ownership: the stream belongs to the caller; its `release` frees it. It does not depend on the trail. If the call fails,
/// `stream->release` is NULL. Threads: several may call it concurrently; a stream is used by one at a time. `options` and
/// `arrow` may be NULL for the default. Errors: `TC_ERR_UNKNOWN_TABLE` if the trail has neither a change nor a definition of
/// the table, `TC_ERR_UNDEFINED_TABLE` if its columns are not known, `TC_ERR_SCHEMA_CHANGE` if a union is requested and
/// impossible, and the errors of reading. The stream reports later errors.
/// Example: `struct ArrowArrayStream stream; tc_trail_arrow_stream(trail, "BANK.POSTINGS", NULL, NULL, &stream, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_arrow_stream(
    trail: *const tc_trail,
    table: *const c_char,
    options: *const tc_read_options,
    arrow: *const tc_arrow_options,
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
            let made = trail.0.table(table, read_options(options)?, arrow_options(arrow)?)?;
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
/// `options` and `arrow` may be NULL for the default; `arrow->schema_change` is ignored. Errors: as `tc_reader_open`, and
/// `TC_ERR_BAD_ARGUMENT` if a member of `arrow` has an unknown number.
/// Example: `tc_arrow_batches *batches; tc_arrow_batches_open(trail, NULL, NULL, &batches, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_arrow_batches_open(
    trail: *const tc_trail,
    options: *const tc_read_options,
    arrow: *const tc_arrow_options,
    batches: *mut *mut tc_arrow_batches,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(batches, || {
            let batches = borrow(trail)?.0.batches(read_options(options)?, arrow_options(arrow)?)?;
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
    arrow: *const tc_arrow_options,
    schema: *mut ArrowSchema,
    error: *mut *mut tc_error,
) -> tc_status {
    let schema = schema.cast::<FFI_ArrowSchema>();
    // SAFETY: the pointer contract in `lib.rs`. The struct is that of the Arrow C data interface, whose layout is fixed.
    unsafe {
        fallible(error, || {
            clear(schema, "schema")?;
            let made: Arc<Schema> = trailcore::arrow::schema(&borrow(table)?.0, &arrow_options(arrow)?)?;
            schema.write(FFI_ArrowSchema::try_from(made.as_ref()).map_err(arrow_failure)?);
            Ok(())
        })
    }
}
