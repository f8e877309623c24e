//! Rows to write.

use std::ffi::c_char;
use std::sync::Arc;

use trailcore::sink::RowBuilder;
use trailcore::trail::ByteOrder;
use trailcore::{Decimal, TableDef};

use crate::column::tc_decimal;
use crate::prelude::*;

/// A row to write, or one image of it. Columns that are not set are missing from it.
///
/// Ownership: `tc_writer_row` makes it; free it with `tc_row_free`. Threads: one at a time.
pub struct tc_row {
    /// Borrows from `table`. It is declared first, so that it is dropped first.
    builder: RowBuilder<'static>,
    table: Arc<TableDef>,
}

handle::object!(tc_row, b"tc_row__");

impl tc_row {
    pub(crate) fn new(table: &Arc<TableDef>, order: ByteOrder) -> Self {
        let table = Arc::clone(table);
        // SAFETY: the definition does not move or change, and lives as long as the row, which never returns a reference of this
        // lifetime.
        let lasting: &'static TableDef = unsafe { &*Arc::as_ptr(&table) };
        Self { builder: RowBuilder::new(lasting, order), table }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.builder.bytes()
    }

    /// Checks that it is a row of this table, for a writer of this byte order.
    pub(crate) fn check(&self, table: &Arc<TableDef>, order: ByteOrder) -> Outcome {
        if self.builder.byte_order() != order {
            return Err(Failure::argument(
                "the row belongs to a writer of the other byte order; create it with tc_writer_row of this writer",
            ));
        }
        if Arc::ptr_eq(&self.table, table) || self.table == *table {
            return Ok(());
        }
        Err(Failure::argument(format!("the row belongs to table {}, not to {}", self.table.name(), table.name())))
    }
}

/// Sets a column of a row.
///
/// # Safety
/// The pointers fulfil the contract of `fallible`, `borrow_mut` and `text`.
unsafe fn set(
    row: *mut tc_row,
    column: *const c_char,
    error: *mut *mut tc_error,
    how: impl FnOnce(&mut RowBuilder<'static>, &str) -> Outcome,
) -> tc_status {
    // SAFETY: guaranteed by the caller.
    unsafe {
        fallible(error, || {
            let name = text(column, "column")?;
            how(&mut borrow_mut(row)?.builder, name)
        })
    }
}

/// Converts a text of `length` bytes.
///
/// # Safety
/// As `array`.
unsafe fn counted<'a>(value: *const c_char, length: usize) -> Outcome<&'a str> {
    if value.is_null() {
        return Err(Failure::null("value"));
    }
    // SAFETY: guaranteed by the caller.
    let bytes = unsafe { array(value.cast::<u8>(), length, "value") }?;
    std::str::from_utf8(bytes).map_err(|_| Failure::argument("value is not valid UTF-8"))
}

/// Frees a row. NULL is fine.
///
/// Example: `tc_row_free(row);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_free(row: *mut tc_row) {
    handle::free(row)
}

/// Removes all columns of a row, to use it again.
///
/// Example: `tc_row_clear(row);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_clear(row: *mut tc_row) -> tc_status {
    status(|| {
        borrow_mut(row)?.builder.clear();
        Ok(())
    })
}

/// Sets a text column: `length` bytes of UTF-8, which are written in the character set of the column.
///
/// Errors: `TC_ERR_INVALID_ARGUMENT` if the table has no such column or it is not a text column, `TC_ERR_UNENCODABLE` if the
/// character set lacks a character of the text, or the text is too long for an image.
/// Example: `tc_row_text(row, "MEMO", "cash", 4, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_text(
    row: *mut tc_row,
    column: *const c_char,
    value: *const c_char,
    length: usize,
    error: *mut *mut tc_error,
) -> tc_status {
    set(row, column, error, |row, name| row.text(name, counted(value, length)?).map(drop).map_err(Into::into))
}

/// Sets a number column that is stored as text, from a text that ends with a NUL. The digits are written unchanged.
///
/// Errors: as `tc_row_text`; the text must be a number.
/// Example: `tc_row_number(row, "CREDIT_LIMIT", "1500.50", &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_number(
    row: *mut tc_row,
    column: *const c_char,
    digits: *const c_char,
    error: *mut *mut tc_error,
) -> tc_status {
    set(row, column, error, |row, name| row.number(name, text(digits, "digits")?).map(drop).map_err(Into::into))
}

/// Sets a column that is stored as an integer. The number must have the scale of the column or fit it exactly.
///
/// Errors: as `tc_row_text`; `TC_ERR_UNENCODABLE` if it does not fit exactly.
/// Example: `tc_decimal amount = {1250, 0, 2}; tc_row_decimal(row, "AMOUNT", amount, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_decimal(
    row: *mut tc_row,
    column: *const c_char,
    value: tc_decimal,
    error: *mut *mut tc_error,
) -> tc_status {
    set(row, column, error, |row, name| row.decimal(name, value.into()).map(drop).map_err(Into::into))
}

/// Sets a column that is stored as an integer to a whole number.
///
/// Errors: as `tc_row_decimal`.
/// Example: `tc_row_i64(row, "POSTING_ID", 17, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_i64(row: *mut tc_row, column: *const c_char, value: i64, error: *mut *mut tc_error) -> tc_status {
    set(row, column, error, |row, name| row.decimal(name, Decimal::from(value)).map(drop).map_err(Into::into))
}

/// Sets a date column from the text form of trails, `YYYY-MM-DD[:HH:MI:SS[.f...]]`.
///
/// Errors: as `tc_row_text`; the text must be a date.
/// Example: `tc_row_datetime(row, "POSTED", "2024-03-01:09:15:01.250000", &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_datetime(
    row: *mut tc_row,
    column: *const c_char,
    value: *const c_char,
    error: *mut *mut tc_error,
) -> tc_status {
    set(row, column, error, |row, name| row.datetime(name, text(value, "value")?).map(drop).map_err(Into::into))
}

/// Sets a column of bytes: binary, or of an unknown type.
///
/// Errors: as `tc_row_text`.
/// Example: `tc_row_bytes(row, "IMAGE", bytes, length, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_bytes(
    row: *mut tc_row,
    column: *const c_char,
    value: *const u8,
    length: usize,
    error: *mut *mut tc_error,
) -> tc_status {
    set(row, column, error, |row, name| {
        if value.is_null() {
            return Err(Failure::null("value"));
        }
        row.binary(name, array(value, length, "value")?).map(drop).map_err(Into::into)
    })
}

/// Sets a column to NULL.
///
/// Errors: `TC_ERR_INVALID_ARGUMENT` if the table has no such column.
/// Example: `tc_row_null(row, "MEMO", &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_row_null(row: *mut tc_row, column: *const c_char, error: *mut *mut tc_error) -> tc_status {
    set(row, column, error, |row, name| row.null(name).map(drop).map_err(Into::into))
}
