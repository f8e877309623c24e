//! Table definitions.

use std::ffi::c_char;
use std::sync::Arc;

use trailcore::schema::{ColumnDef, Kind};
use trailcore::{Charset, TableDef};

use crate::prelude::*;

/// The definition of a table: its name and its columns. Immutable.
///
/// Ownership: a `tc_table *` belongs to the caller; free it with `tc_table_free`. A `const tc_table *` is borrowed from another
/// object; `tc_table_clone` copies it. Threads: several may use it concurrently.
pub struct tc_table(pub(crate) Arc<TableDef>);

handle::object!(tc_table, b"tc_tabl\0");

/// How the bytes of a column are decoded. Numbers without a name here are reserved for future kinds.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_kind {
    /// An unknown type, whose bytes are returned raw.
    TC_KIND_OPAQUE = 0,
    /// Characters.
    TC_KIND_TEXT = 1,
    /// A number as text, with any number of fraction digits.
    TC_KIND_NUMBER_TEXT = 2,
    /// An integer, scaled by the scale of the column.
    TC_KIND_INTEGER = 3,
    /// A date, or date and time, without a zone.
    TC_KIND_DATETIME = 4,
    /// Bytes that are not text.
    TC_KIND_BINARY = 5,
}

impl tc_kind {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Text { .. } => Self::TC_KIND_TEXT,
            Kind::NumberText { .. } => Self::TC_KIND_NUMBER_TEXT,
            Kind::Binary { .. } => Self::TC_KIND_BINARY,
            Kind::Integer { .. } => Self::TC_KIND_INTEGER,
            Kind::DateTime => Self::TC_KIND_DATETIME,
            _ => Self::TC_KIND_OPAQUE,
        }
    }
}

/// The definition of one column. The numbers are those of definitions files.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_column_def {
    /// `sizeof(tc_column_def)`, set by the caller.
    pub size: usize,
    /// Its name. It is valid as long as the table.
    pub name: tc_str,
    /// How its bytes are decoded.
    pub kind: tc_kind,
    /// Data type: 64 variable characters, 134 64-bit integer, 192 date/time and so on.
    pub data_type: u16,
    /// Sub data type: the meaning of the characters.
    pub sub_type: u16,
    /// External length in bytes.
    pub external_length: u32,
    /// Internal length in bytes.
    pub internal_length: u32,
    /// Binary length in bytes.
    pub binary_length: u32,
    /// Table length in bytes.
    pub table_length: u32,
    /// Offset in an uncompressed row.
    pub fetch_offset: u32,
    /// Digits after the decimal point.
    pub scale: i16,
    /// Most significant part of a date/time.
    pub most_significant: u16,
    /// Least significant part of a date/time.
    pub least_significant: u16,
    /// The database's own type number, if `has_native_type` is set.
    pub native_type: u16,
    /// Length in characters, if `has_character_length` is set.
    pub character_length: u32,
    /// The number of its character set in trails; -1 if it is not stated or has no number.
    pub charset: i32,
    /// True if it belongs to the key.
    pub key: bool,
    /// True if `native_type` is known.
    pub has_native_type: bool,
    /// True if `character_length` is known.
    pub has_character_length: bool,
    /// True if `nullable` is known.
    pub has_nullable: bool,
    /// True if the column may be NULL.
    pub nullable: bool,
}

// SAFETY: it starts with its size. It is only written by this library, so its enum and flags have valid values.
unsafe impl VersionedStruct for tc_column_def {}

/// A column of a table to write.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_column_spec {
    /// Its name.
    pub name: *const c_char,
    /// Text of at most `length` bytes, a number as text, an integer of 64 bits with `scale` fraction digits, a date and time
    /// with `length` digits of a second, or at most `length` bytes. `TC_KIND_OPAQUE` uses `data_type` and `sub_type`.
    pub kind: RawKind,
    /// The length, depending on the kind.
    pub length: u32,
    /// Data type of an opaque column.
    pub data_type: u16,
    /// Sub data type of an opaque column.
    pub sub_type: u16,
    /// Fraction digits of an integer.
    pub scale: i16,
    /// True if text has a fixed length.
    pub fixed: Flag,
    /// True if it belongs to the key.
    pub key: Flag,
    /// The name of its character set; NULL for UTF-8.
    pub charset: *const c_char,
}

/// A `tc_kind` from C, which can have any value.
pub type RawKind = u32;

impl tc_column_spec {
    /// # Safety
    /// Its texts are null or end with NULs.
    unsafe fn column(&self) -> Outcome<ColumnDef> {
        // SAFETY: guaranteed by the caller.
        let (name, charset) = unsafe { (text(self.name, "the name of a column")?, optional_text(self.charset, "charset")?) };
        let column = match self.kind {
            kind if kind == tc_kind::TC_KIND_TEXT as u32 && self.fixed != 0 => ColumnDef::char(name, self.length),
            kind if kind == tc_kind::TC_KIND_TEXT as u32 => ColumnDef::varchar(name, self.length),
            kind if kind == tc_kind::TC_KIND_NUMBER_TEXT as u32 => ColumnDef::number(name),
            kind if kind == tc_kind::TC_KIND_INTEGER as u32 => ColumnDef::integer(name, self.scale),
            kind if kind == tc_kind::TC_KIND_DATETIME as u32 && self.length <= 9 => ColumnDef::datetime(name, self.length),
            kind if kind == tc_kind::TC_KIND_DATETIME as u32 => {
                return Err(Failure::argument("length of a datetime column must be 0 to 9"));
            }
            kind if kind == tc_kind::TC_KIND_BINARY as u32 => ColumnDef::new(name, 64, 4, self.length),
            kind if kind == tc_kind::TC_KIND_OPAQUE as u32 => ColumnDef::new(name, self.data_type, self.sub_type, self.length),
            kind => return Err(Failure::argument(format!("{kind} is not a tc_kind"))),
        };
        let column = if self.key != 0 { column.key() } else { column };
        Ok(match charset {
            Some(charset) => column.in_charset(Charset::from_name(charset)),
            None => column,
        })
    }
}

/// Creates the definition of a table from its columns, in order.
///
/// Name and columns are copied. Errors: `TC_ERR_BAD_ARGUMENT` if a kind is unknown.
/// Example: `tc_column_spec id = {"ID", TC_KIND_INTEGER, 0, 0, 0, 0, false, true, NULL}; tc_table_new("A.B", &id, 1, &table, NULL);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_table_new(
    name: *const c_char,
    columns: *const tc_column_spec,
    count: usize,
    table: *mut *mut tc_table,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(table, || {
            let name = text(name, "name")?;
            if columns.is_null() {
                return Err(Failure::null("columns"));
            }
            let columns = array(columns, count, "columns")?;
            let columns = columns.iter().map(|column| column.column()).collect::<Outcome<Vec<_>>>()?;
            Ok(tc_table(Arc::new(TableDef::checked(name, columns)?)))
        })
    })
}

/// Copies a borrowed definition to one that the caller owns.
///
/// Ownership: free `*copy` with `tc_table_free`.
/// Example: `tc_table *kept; tc_table_clone(info.table, &kept);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_table_clone(table: *const tc_table, copy: *mut *mut tc_table) -> tc_status {
    status(|| give_to(copy, || Ok(tc_table(Arc::clone(&borrow(table)?.0)))))
}

/// Frees a definition that the caller owns. NULL is fine; a borrowed definition is not freed.
///
/// Example: `tc_table_free(kept);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_table_free(table: *mut tc_table) {
    handle::free(table)
}

/// Returns the name of a table as in the source: parts joined by `.`, case kept. It is valid as long as the table.
///
/// Example: `tc_str name; tc_table_name(info.table, &name);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_table_name(table: *const tc_table, name: *mut tc_str) -> tc_status {
    status(|| give(name, "name", || Ok(borrow(table)?.0.name().into())))
}

/// Returns whether the columns of the table are known. If not, its columns are named by number: `COL0`, `COL1` and so on.
///
/// Example: `bool known; tc_table_is_defined(info.table, &known);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_table_is_defined(table: *const tc_table, defined: *mut bool) -> tc_status {
    status(|| give(defined, "defined", || Ok(borrow(table)?.0.is_defined())))
}

/// Returns the number of columns.
///
/// Example: `size_t count; tc_table_column_count(info.table, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_table_column_count(table: *const tc_table, count: *mut usize) -> tc_status {
    status(|| give(count, "count", || Ok(borrow(table)?.0.columns().len())))
}

/// Returns the definition of a column by its index. Its name is valid as long as the table.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` if there is no such column or if `size` of `column` is not set.
/// Example: `tc_column_def def; def.size = sizeof def; tc_table_column(info.table, 0, &def);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_table_column(table: *const tc_table, index: usize, column: *mut tc_column_def) -> tc_status {
    status(|| {
        zero_on_error(column, || {
            let columns = borrow(table)?.0.columns();
            let definition = columns.get(index).ok_or_else(|| Failure::index("column", index, columns.len()))?;
            write_struct(column, definition_of(definition), "column")
        })
    })
}

/// Returns the index of a column by its name: the exact match, or the only case-insensitive match.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` if there is no such column.
/// Example: `size_t amount; tc_table_find_column(info.table, "AMOUNT", &amount);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_table_find_column(table: *const tc_table, name: *const c_char, index: *mut usize) -> tc_status {
    status(|| {
        give(index, "index", || {
            let (table, name) = (borrow(table)?, text(name, "name")?);
            let found = table
                .0
                .column(name)
                .ok_or_else(|| Failure::argument(format!("table {} has no column {name}", table.0.name())))?;
            Ok(found.0)
        })
    })
}

fn definition_of(column: &ColumnDef) -> tc_column_def {
    let facts = &column.facts;
    tc_column_def {
        size: size_of::<tc_column_def>(),
        name: (&*column.name).into(),
        kind: tc_kind::of(column.kind()),
        data_type: column.data_type,
        sub_type: column.sub_type,
        external_length: column.external_length,
        internal_length: column.internal_length,
        binary_length: column.binary_length,
        table_length: column.table_length,
        fetch_offset: column.fetch_offset,
        scale: column.scale,
        most_significant: column.most_significant,
        least_significant: column.least_significant,
        native_type: facts.native_type.unwrap_or(0),
        character_length: facts.character_length.unwrap_or(0),
        charset: column.text_charset().id().unwrap_or(-1),
        key: column.key,
        has_native_type: facts.native_type.is_some(),
        has_character_length: facts.character_length.is_some(),
        has_nullable: facts.nullable.is_some(),
        nullable: facts.nullable.unwrap_or(false),
    }
}
