//! Arrow: the changes of a table as a C stream, and those of all tables by record batches.

use std::ffi::c_char;
use std::sync::Arc;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, to_ffi};
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::{ArrowError, Schema};
use trailcore::arrow::{ArrowOptions, Batches, Invalid, Layout, Numbers, SchemaChange, TableRecords, Times};

use crate::boundary::{Failure, Outcome, fallible, status};
use crate::buffer::give_to;
use crate::error::tc_error;
use crate::handle::{self, Handle, exclusive, lend};
use crate::options::{read_options, tc_read_options};
use crate::reader::{give_skipped, tc_counts, tc_skipped};
use crate::status::tc_status;
use crate::table::tc_table;
use crate::text::{Flag, Sized_, array, optional_text, out, read_struct, text};
use crate::trail::tc_trail;

/// The struct that the Arrow C stream interface gives this name.
pub struct ArrowArrayStream;

/// The struct that the Arrow C data interface gives this name.
pub struct ArrowSchema;

/// The struct that the Arrow C data interface gives this name.
pub struct ArrowArray;

/// What a row of a stream is.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_arrow_layout {
    /// One row a change: the row after it or, where it is gone, before it.
    TC_ARROW_ROWS = 0,
    /// One row a change, with both images side by side.
    TC_ARROW_CHANGES = 1,
}

/// A `tc_arrow_layout` from C, which may be any number.
pub type AnyArrowLayout = u32;

/// What becomes of numbers that the trail has as text and that declare no scale.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_arrow_numbers {
    /// Text with their exact digits.
    TC_ARROW_NUMBERS_DECLARED = 0,
    /// Text with their exact digits, those of declared scale too.
    TC_ARROW_NUMBERS_TEXT = 1,
    /// The nearest floating-point numbers.
    TC_ARROW_NUMBERS_FLOAT = 2,
    /// Decimals of the scale in `number_scale`.
    TC_ARROW_NUMBERS_SCALE = 3,
}

/// A `tc_arrow_numbers` from C, which may be any number.
pub type AnyArrowNumbers = u32;

/// The unit of dates and times.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_arrow_times {
    /// Microseconds, or nanoseconds where the column declares more than six digits.
    TC_ARROW_TIMES_DECLARED = 0,
    /// Microseconds; finer digits are cut off.
    TC_ARROW_TIMES_MICROS = 1,
    /// Nanoseconds.
    TC_ARROW_TIMES_NANOS = 2,
}

/// A `tc_arrow_times` from C, which may be any number.
pub type AnyArrowTimes = u32;

/// What a stream does where the table's definition changes.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_arrow_schema_change {
    /// It ends with an error.
    TC_ARROW_SCHEMA_CHANGE_ERROR = 0,
    /// It has the columns of all definitions. The trail is read once more ahead for them.
    TC_ARROW_SCHEMA_CHANGE_UNION = 1,
    /// It ends before the change. `tc_arrow_batches` go on behind it.
    TC_ARROW_SCHEMA_CHANGE_STOP = 2,
}

/// A `tc_arrow_schema_change` from C, which may be any number.
pub type AnyArrowSchemaChange = u32;

/// How changes become record batches. All zero but `size` is the default.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_arrow_options {
    /// `sizeof(tc_arrow_options)`.
    pub size: usize,
    /// Rows that a batch has at most; 0 for 65536.
    pub rows: usize,
    /// The names of the columns that are wanted; NULL for all.
    pub columns: *const *const c_char,
    /// How many there are.
    pub column_count: usize,
    /// What the names of columns about the change, such as `_op`, start with; NULL for `_`.
    pub prefix: *const c_char,
    /// What a row is.
    pub layout: AnyArrowLayout,
    /// What becomes of numbers as text.
    pub numbers: AnyArrowNumbers,
    /// The scale that `TC_ARROW_NUMBERS_SCALE` wants.
    pub number_scale: u8,
    /// Add a column of states beside each column.
    pub states: Flag,
    /// Let values that are not decodable be NULL, instead of ending the stream with an error.
    pub invalid_as_null: Flag,
    /// The unit of dates and times.
    pub times: AnyArrowTimes,
    /// What happens where the table's definition changes.
    pub schema_change: AnyArrowSchemaChange,
}

// SAFETY: it starts with its size; the rest are numbers, and pointers, of which null ones are allowed.
unsafe impl Sized_ for tc_arrow_options {}

fn none_of(number: u32, name: &str) -> Failure {
    Failure::argument(format!("{number} is no {name}"))
}

/// The options of a caller; null stands for the default.
///
/// # Safety
/// As `read_struct`, and its pointers are as `array` and `text` need them.
unsafe fn arrow_options(options: *const tc_arrow_options) -> Outcome<ArrowOptions> {
    let mut made = ArrowOptions::new();
    if options.is_null() {
        return Ok(made);
    }
    // SAFETY: as the caller says.
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
        other => return Err(none_of(other, "tc_arrow_layout")),
    };
    let numbers = match given.numbers {
        n if n == tc_arrow_numbers::TC_ARROW_NUMBERS_DECLARED as u32 => Numbers::Declared,
        n if n == tc_arrow_numbers::TC_ARROW_NUMBERS_TEXT as u32 => Numbers::Text,
        n if n == tc_arrow_numbers::TC_ARROW_NUMBERS_FLOAT as u32 => Numbers::Float,
        n if n == tc_arrow_numbers::TC_ARROW_NUMBERS_SCALE as u32 => Numbers::Scale(given.number_scale),
        other => return Err(none_of(other, "tc_arrow_numbers")),
    };
    let times = match given.times {
        n if n == tc_arrow_times::TC_ARROW_TIMES_DECLARED as u32 => Times::Declared,
        n if n == tc_arrow_times::TC_ARROW_TIMES_MICROS as u32 => Times::Micros,
        n if n == tc_arrow_times::TC_ARROW_TIMES_NANOS as u32 => Times::Nanos,
        other => return Err(none_of(other, "tc_arrow_times")),
    };
    let schema_change = match given.schema_change {
        n if n == tc_arrow_schema_change::TC_ARROW_SCHEMA_CHANGE_ERROR as u32 => SchemaChange::Error,
        n if n == tc_arrow_schema_change::TC_ARROW_SCHEMA_CHANGE_UNION as u32 => SchemaChange::Union,
        n if n == tc_arrow_schema_change::TC_ARROW_SCHEMA_CHANGE_STOP as u32 => SchemaChange::Stop,
        other => return Err(none_of(other, "tc_arrow_schema_change")),
    };
    let invalid = if given.invalid_as_null != 0 { Invalid::Null } else { Invalid::Error };
    let made = made.layout(layout).numbers(numbers).times(times).on_schema_change(schema_change);
    Ok(made.invalid(invalid).states(given.states != 0))
}

/// The changes of one table as an Arrow C stream: record batches of one schema, for any Arrow implementation to take in. The
/// name is compared without regard to case, unless one table is called exactly so. Reads up to the table's first change, which
/// tells the schema.
///
/// Ownership: the stream is the caller's from then on, and its `release` frees it; it does not need the trail any more. Where
/// the call fails, `stream->release` is NULL. Threads: several at once may call it; a stream is used by one at a time.
/// `options` and `arrow` may be NULL for the default; `error` may be NULL. Errors: `TC_ERR_UNKNOWN_TABLE` where the trail has
/// neither a change nor a definition of the table, `TC_ERR_UNDEFINED_TABLE` where its columns are not known,
/// `TC_ERR_SCHEMA_CHANGE` where a union is asked for and there is none, and what reading gives. Later errors are the stream's.
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
    // SAFETY: the header asks the caller for pointers that are as these functions need them, and `stream` leads to a struct of
    // the Arrow C stream interface, whose layout is fixed: five pointers, of which zero ones say that there is no stream.
    unsafe {
        fallible(error, || {
            if stream.is_null() {
                return Err(Failure::null("stream"));
            }
            stream.cast::<[usize; 5]>().write([0; 5]);
            let (trail, table) = (lend(trail)?, text(table, "table")?);
            let made = trail.0.table(table, read_options(options)?, arrow_options(arrow)?)?;
            std::ptr::write(stream.cast(), made.into_c_stream());
            Ok(())
        })
    }
}

/// The record batches of all tables of a trail, in one pass: each batch of one table and one definition, a table's batches in
/// the trail's order. A table whose definition changes goes on under the new one.
///
/// Ownership: free it with `tc_arrow_batches_free`; it does not need its trail, and what it has given does not need it. Threads:
/// one at a time.
pub struct tc_arrow_batches {
    batches: Batches,
    /// The table of the batch that was given last.
    table: Option<Handle<tc_table>>,
}

impl tc_arrow_batches {
    /// The next records. An error that has ended them is given again, so that no one takes it for the end of the trail.
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

/// Says that a place of C's holds no Arrow struct: its `release`, and all else, is NULL.
///
/// # Safety
/// The pointer is null, or leads to a struct of the Arrow C data interface, of which `T` has the layout.
unsafe fn clear<T>(place: *mut T, what: &str) -> Outcome {
    if place.is_null() {
        return Err(Failure::null(what));
    }
    // SAFETY: as the caller says; zero bytes are a struct that was released.
    unsafe { place.write_bytes(0, 1) };
    Ok(())
}

/// Gives a record batch and its schema to C.
///
/// # Safety
/// Both pointers lead to structs of the Arrow C data interface that hold nothing.
unsafe fn give_batch(batch: RecordBatch, schema: *mut FFI_ArrowSchema, rows: *mut FFI_ArrowArray) -> Outcome {
    let of_batch = FFI_ArrowSchema::try_from(batch.schema_ref().as_ref()).map_err(arrow_failure)?;
    let (array, _) = to_ffi(&StructArray::from(batch).to_data()).map_err(arrow_failure)?;
    // SAFETY: as the caller says.
    unsafe {
        schema.write(of_batch);
        rows.write(array);
    }
    Ok(())
}

/// Opens the record batches of all tables of a trail.
///
/// Ownership: `*batches` is the caller's, to be freed with `tc_arrow_batches_free`. Threads: several at once may call it. `options`
/// and `arrow` may be NULL for the default; `error` may be NULL. What `arrow` says of changed definitions does not count here.
/// Errors: as `tc_reader_open`, and `TC_ERR_BAD_ARGUMENT` where `arrow` holds a number that is none of its enum's.
/// Example: `tc_arrow_batches *batches; tc_arrow_batches_open(trail, NULL, NULL, &batches, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_arrow_batches_open(
    trail: *const tc_trail,
    options: *const tc_read_options,
    arrow: *const tc_arrow_options,
    batches: *mut *mut tc_arrow_batches,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            give_to(batches, || {
                let batches = lend(trail)?.0.batches(read_options(options)?, arrow_options(arrow)?)?;
                Ok(tc_arrow_batches { batches, table: None })
            })
        })
    }
}

/// Frees them. NULL is fine.
///
/// Example: `tc_arrow_batches_free(batches);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_arrow_batches_free(batches: *mut tc_arrow_batches) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(batches) }
}

/// The next record batch: its rows as an array of structs, with their schema, and the definition of their table; at the end of
/// the trail `*table` is NULL. What lies before an error comes before it, but that a value that is not decodable, or does not fit
/// its column, is the error of its whole batch: `invalid_as_null` has it NULL instead. After `TC_ERR_VALUE`, `TC_ERR_FILTER`,
/// `TC_ERR_UNDECIDABLE` and `TC_ERR_CANCELLED` a further call goes on; other errors come again.
///
/// Ownership: schema and rows are the caller's, whom their `release` frees; where there are none, `release` is NULL. The table is
/// lent until the next call, or until `tc_arrow_batches_free`; `tc_table_clone` keeps it. Threads: one at a time. `error` may be
/// NULL. Errors: what reading gives, `TC_ERR_VALUE`, and `TC_ERR_OTHER` where a name holds a NUL, for which Arrow has no room.
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
    // SAFETY: the header asks the caller for pointers that are as these functions need them, and for structs of the Arrow C
    // data interface, whose layout is fixed.
    unsafe {
        fallible(error, || {
            let table = out(table, std::ptr::null(), "table")?;
            clear(schema, "schema")?;
            clear(rows, "rows")?;
            let mut batches = exclusive(batches)?;
            batches.table = None;
            let Some(records) = batches.next()? else { return Ok(()) };
            give_batch(records.batch, schema, rows)?;
            *table = batches.table.insert(Handle::part(tc_table(records.table))).as_ptr();
            Ok(())
        })
    }
}

/// What the selection has said of the changes so far; all zero without one.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_counts counts; tc_arrow_batches_filter_counts(batches, &counts);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_arrow_batches_filter_counts(batches: *mut tc_arrow_batches, counts: *mut tc_counts) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let counts = out(counts, tc_counts::default(), "counts")?;
        *counts = exclusive(batches)?.batches.reader().filter_counts().into();
        Ok(())
    })
}

/// How many stretches were passed over so far. None but with `resync`.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `size_t count; tc_arrow_batches_skipped_count(batches, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_arrow_batches_skipped_count(batches: *mut tc_arrow_batches, count: *mut usize) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let count = out(count, 0, "count")?;
        *count = exclusive(batches)?.batches.reader().skipped().len();
        Ok(())
    })
}

/// One of the stretches that were passed over, and in `*why` what was wrong there.
///
/// Ownership: `*why` is the caller's, to be freed with `tc_error_free`; `why` may be NULL. Threads: one at a time. Errors:
/// `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_skipped gap; tc_error *why; tc_arrow_batches_skipped(batches, 0, &gap, &why);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_arrow_batches_skipped(
    batches: *mut tc_arrow_batches,
    index: usize,
    skipped: *mut tc_skipped,
    why: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_skipped(exclusive(batches)?.batches.reader().skipped(), index, skipped, why) })
}

/// The schema that the changes of a table have as record batches.
///
/// Ownership: the schema is the caller's, whom its `release` frees; where the call fails, `release` is NULL. Threads: several at
/// once may call it. `arrow` may be NULL for the default; `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where a column is
/// wanted that the table does not have, or two would have one name; `TC_ERR_OTHER` where a name holds a NUL.
/// Example: `struct ArrowSchema schema; tc_table_arrow_schema(info.table, NULL, &schema, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_table_arrow_schema(
    table: *const tc_table,
    arrow: *const tc_arrow_options,
    schema: *mut ArrowSchema,
    error: *mut *mut tc_error,
) -> tc_status {
    let schema = schema.cast::<FFI_ArrowSchema>();
    // SAFETY: the header asks the caller for pointers that are as these functions need them, and for a struct of the Arrow C
    // data interface, whose layout is fixed.
    unsafe {
        fallible(error, || {
            clear(schema, "schema")?;
            let made: Arc<Schema> = trailcore::arrow::schema(&lend(table)?.0, &arrow_options(arrow)?)?;
            schema.write(FFI_ArrowSchema::try_from(made.as_ref()).map_err(arrow_failure)?);
            Ok(())
        })
    }
}
