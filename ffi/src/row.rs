//! Rows to be written.

use std::ffi::c_char;
use std::sync::Arc;

use trailcore::sink::RowBuilder;
use trailcore::trail::ByteOrder;
use trailcore::{Decimal, TableDef};

use crate::boundary::{Failure, Outcome, fallible, status};
use crate::column::tc_decimal;
use crate::error::tc_error;
use crate::handle::{self, exclusive};
use crate::status::tc_status;
use crate::text::{array, text};

/// A row to be written, or one image of it. Columns that are not set are missing from it.
///
/// Ownership: `tc_writer_row` makes it; free it with `tc_row_free`. Threads: one at a time.
pub struct tc_row {
    /// Looks into `table`: it comes before it, so that it goes before it.
    builder: RowBuilder<'static>,
    table: Arc<TableDef>,
}

handle::object!(tc_row, b"tc_row__");

impl tc_row {
    pub(crate) fn new(table: &Arc<TableDef>, order: ByteOrder) -> Self {
        let table = Arc::clone(table);
        // SAFETY: the definition does not move and is not changed, and lives as long as the row, which never gives out a
        // reference of this lifetime.
        let lasting: &'static TableDef = unsafe { &*Arc::as_ptr(&table) };
        Self { builder: RowBuilder::new(lasting, order), table }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.builder.bytes()
    }

    /// Whether it is a row of this table, for a writer of this byte order.
    pub(crate) fn check(&self, table: &Arc<TableDef>, order: ByteOrder) -> Outcome {
        if self.builder.byte_order() != order {
            return Err(Failure::argument("the row was made for a writer of the other byte order"));
        }
        if Arc::ptr_eq(&self.table, table) || self.table == *table {
            return Ok(());
        }
        Err(Failure::argument(format!("the row is one of table {}, not of {}", self.table.name(), table.name())))
    }
}

/// Sets a column of a row.
///
/// # Safety
/// The pointers are as `fallible`, `exclusive` and `text` need them.
unsafe fn set(
    row: *mut tc_row,
    column: *const c_char,
    error: *mut *mut tc_error,
    how: impl FnOnce(&mut RowBuilder<'static>, &str) -> Outcome,
) -> tc_status {
    // SAFETY: as the caller says.
    unsafe {
        fallible(error, || {
            let name = text(column, "column")?;
            how(&mut exclusive(row)?.builder, name)
        })
    }
}

/// A text of so many bytes.
///
/// # Safety
/// As `array`.
unsafe fn counted<'a>(value: *const c_char, length: usize) -> Outcome<&'a str> {
    if value.is_null() {
        return Err(Failure::null("value"));
    }
    // SAFETY: as the caller says.
    let bytes = unsafe { array(value.cast::<u8>(), length, "value") }?;
    std::str::from_utf8(bytes).map_err(|_| Failure::argument("value is not valid UTF-8"))
}

/// Frees a row. NULL is fine.
///
/// Example: `tc_row_free(row);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_free(row: *mut tc_row) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(row) }
}

/// Forgets all columns of a row, for use over and over.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_row_clear(row);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_clear(row: *mut tc_row) -> tc_status {
    // SAFETY: the header asks the caller for a pointer that is as `exclusive` needs it.
    status(|| unsafe {
        exclusive(row)?.builder.clear();
        Ok(())
    })
}

/// Sets a column of text: `length` bytes of UTF-8, which are written in the column's character set.
///
/// Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where the table has no such column or it holds
/// no text, `TC_ERR_UNENCODABLE` where the text has a character that the set lacks, or is longer than an image has room for.
/// Example: `tc_row_text(row, "MEMO", "cash", 4, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_text(
    row: *mut tc_row,
    column: *const c_char,
    value: *const c_char,
    length: usize,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { set(row, column, error, |row, name| row.text(name, counted(value, length)?).map(drop).map_err(Into::into)) }
}

/// Sets a column of digits that is stored as text, from a text that ends with a NUL. The digits are kept as they are.
///
/// Threads: one at a time. `error` may be NULL. Errors: as `tc_row_text`; the text must be a number.
/// Example: `tc_row_number(row, "CREDIT_LIMIT", "1500.50", &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_number(
    row: *mut tc_row,
    column: *const c_char,
    digits: *const c_char,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { set(row, column, error, |row, name| row.number(name, text(digits, "digits")?).map(drop).map_err(Into::into)) }
}

/// Sets a column that is stored as an integer. The number must have the column's scale or fit it exactly.
///
/// Threads: one at a time. `error` may be NULL. Errors: as `tc_row_text`; `TC_ERR_UNENCODABLE` where it does not fit without loss.
/// Example: `tc_decimal amount = {1250, 0, 2}; tc_row_decimal(row, "AMOUNT", amount, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_decimal(
    row: *mut tc_row,
    column: *const c_char,
    value: tc_decimal,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { set(row, column, error, |row, name| row.decimal(name, value.into()).map(drop).map_err(Into::into)) }
}

/// Sets a column that is stored as an integer to a whole number.
///
/// Threads: one at a time. `error` may be NULL. Errors: as `tc_row_decimal`.
/// Example: `tc_row_i64(row, "POSTING_ID", 17, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_i64(row: *mut tc_row, column: *const c_char, value: i64, error: *mut *mut tc_error) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { set(row, column, error, |row, name| row.decimal(name, Decimal::from(value)).map(drop).map_err(Into::into)) }
}

/// Sets a column of dates from the trail's own text, `YYYY-MM-DD[:HH:MI:SS[.f...]]`.
///
/// Threads: one at a time. `error` may be NULL. Errors: as `tc_row_text`; the text must be a date.
/// Example: `tc_row_datetime(row, "POSTED", "2024-03-01:09:15:01.250000", &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_datetime(
    row: *mut tc_row,
    column: *const c_char,
    value: *const c_char,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { set(row, column, error, |row, name| row.datetime(name, text(value, "value")?).map(drop).map_err(Into::into)) }
}

/// Sets a column of bytes: binary, or of a type that is not understood.
///
/// Threads: one at a time. `error` may be NULL. Errors: as `tc_row_text`.
/// Example: `tc_row_bytes(row, "IMAGE", bytes, length, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_bytes(
    row: *mut tc_row,
    column: *const c_char,
    value: *const u8,
    length: usize,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        set(row, column, error, |row, name| {
            if value.is_null() {
                return Err(Failure::null("value"));
            }
            row.binary(name, array(value, length, "value")?).map(drop).map_err(Into::into)
        })
    }
}

/// Sets a column to NULL.
///
/// Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where the table has no such column.
/// Example: `tc_row_null(row, "MEMO", &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_null(row: *mut tc_row, column: *const c_char, error: *mut *mut tc_error) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { set(row, column, error, |row, name| row.null(name).map(drop).map_err(Into::into)) }
}
