//! Arrow: the changes of a table as a C stream.

use std::ffi::c_char;

use trailcore::arrow::{ArrowOptions, Invalid, Layout, Numbers, SchemaChange, Times};

use crate::boundary::{Failure, Outcome, fallible};
use crate::error::tc_error;
use crate::handle::lend;
use crate::options::{read_options, tc_read_options};
use crate::status::tc_status;
use crate::text::{Flag, Sized_, array, optional_text, read_struct, text};
use crate::trail::tc_trail;

/// The struct that the Arrow C stream interface gives this name.
pub struct ArrowArrayStream;

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
    /// Microseconds.
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
    /// It ends before the change.
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
