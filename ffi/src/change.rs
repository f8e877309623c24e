//! Changes.

use std::ffi::c_char;

use trailcore::trail::TransactionIndicator;
use trailcore::{Change, Row};

use crate::column::{column_of, tc_column};
use crate::header::tc_file_header;
use crate::memory::{Memory, gone, tc_change};
use crate::op::tc_op;
use crate::prelude::*;
use crate::record::{fill_record, tc_record};
use crate::table::tc_table;
use crate::time::tc_position;

/// The position of a change in its transaction. For the two records of an update, the position of the pair.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_transaction_indicator {
    /// The first of several.
    TC_TRANSACTION_FIRST = 0,
    /// Neither the first nor the last.
    TC_TRANSACTION_MIDDLE = 1,
    /// The last of several.
    TC_TRANSACTION_LAST = 2,
    /// The only one.
    TC_TRANSACTION_ONLY = 3,
    /// The trail has a value of unknown meaning.
    TC_TRANSACTION_UNKNOWN = 4,
}

impl tc_transaction_indicator {
    pub(crate) fn of(indicator: TransactionIndicator) -> Self {
        match indicator {
            TransactionIndicator::First => Self::TC_TRANSACTION_FIRST,
            TransactionIndicator::Middle => Self::TC_TRANSACTION_MIDDLE,
            TransactionIndicator::Last => Self::TC_TRANSACTION_LAST,
            TransactionIndicator::Only => Self::TC_TRANSACTION_ONLY,
            TransactionIndicator::Unknown(_) => Self::TC_TRANSACTION_UNKNOWN,
        }
    }
}

/// The two images of a row.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_image {
    /// The row before the change.
    TC_IMAGE_BEFORE = 0,
    /// The row after the change.
    TC_IMAGE_AFTER = 1,
}

/// A `tc_image` from C, which can have any value.
pub type RawImage = u32;

/// The fixed members of a change: everything except its columns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_change_info {
    /// `sizeof(tc_change_info)`, set by the caller.
    pub size: usize,
    /// Its operation.
    pub op: tc_op,
    /// Its position in the transaction.
    pub transaction: tc_transaction_indicator,
    /// The position of its record; for a pair, of the after record.
    pub position: tc_position,
    /// The position of its first record; for a pair, of the before record. Reading that starts here returns the whole change.
    pub start: tc_position,
    /// The timestamp of the record, which is the commit time for row changes, in microseconds since 1970, UTC.
    pub timestamp: i64,
    /// The definition of its table. It is valid as long as the change. All changes of one version of a table from one reader
    /// have the same pointer, which stays valid while the reader or one of these blocks exists.
    pub table: *const tc_table,
    /// The type of its record: the IOType byte of the header.
    pub record_type: u32,
    /// 1 if its transaction breaks off after it: the trail ends there, or begins another transaction; otherwise 0.
    pub unfinished: u32,
}

// SAFETY: it starts with its size. It is only written by this library, so its enums have valid values.
unsafe impl VersionedStruct for tc_change_info {}

/// A token of a change.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct tc_token {
    /// The name that Logdump prints; no text if it is unknown.
    pub name: tc_str,
    /// The raw body.
    pub body: tc_bytes,
    /// The value: the body, or the 18 characters of a row id; no bytes if it has no value.
    pub value: tc_bytes,
    /// The id.
    pub id: u8,
    /// The info byte.
    pub info: u8,
}

impl tc_change {
    #[inline(always)]
    fn row<'a>(change: &Change<'a>, image: RawImage) -> Outcome<Option<Row<'a>>> {
        let (before, after) = change.images()?;
        match image {
            image if image == tc_image::TC_IMAGE_BEFORE as u32 => Ok(before),
            image if image == tc_image::TC_IMAGE_AFTER as u32 => Ok(after),
            _ => Err(Failure::argument(format!("{image} is not a tc_image"))),
        }
    }
}

/// Returns the fixed members of a change.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` if `size` of `info` is not set.
/// Example: `tc_change_info info; info.size = sizeof info; tc_change_info_of(change, &info);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_info_of(change: *const tc_change, info: *mut tc_change_info) -> tc_status {
    status(|| {
        zero_on_error(info, || {
            let handle = borrow(change)?;
            let Some(change) = handle.find() else { return Err(gone()) };
            fill_info(handle.memory(), handle.place, &change, info)
        })
    })
}

/// Fills a `tc_change_info` of the caller.
///
/// # Safety
/// As [`fill_struct`].
#[inline(always)]
unsafe fn fill_info(memory: &Memory, place: usize, change: &Change<'_>, info: *mut tc_change_info) -> Outcome {
    let table = memory.table(place).map_or(std::ptr::null(), Handle::as_ptr);
    // SAFETY: guaranteed by the caller; all members are written.
    unsafe {
        fill_struct(info, "info", |info| {
            let (position, start) = (change.position(), change.start());
            (&raw mut (*info).op).write(tc_op::of(change.op()));
            (&raw mut (*info).transaction).write(tc_transaction_indicator::of(change.transaction()));
            (&raw mut (*info).position).write(position.into());
            (&raw mut (*info).start).write(start.into());
            (&raw mut (*info).timestamp).write(change.timestamp().unix_micros());
            (&raw mut (*info).table).write(table);
            (&raw mut (*info).record_type).write(change.source_code());
            (&raw mut (*info).unfinished).write(change.is_unfinished().into());
        })
    }
}

/// Returns the table name of a change, with the parts joined by `.`. For a DDL change, returns the name of the object. It is
/// valid as long as the change.
///
/// Example: `tc_str name; tc_change_table_name(change, &name); printf("%.*s", (int)name.length, name.data);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_table_name(change: *const tc_change, name: *mut tc_str) -> tc_status {
    status(|| {
        give(name, "name", || {
            let handle = borrow(change)?;
            Ok(handle.lent(handle.change()?.table_name()))
        })
    })
}

/// Returns the commit sequence number of the transaction of a change; no text if the trail does not contain it. It is valid as
/// long as the change.
///
/// Example: `tc_str csn; tc_change_csn(change, &csn);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_csn(change: *const tc_change, csn: *mut tc_str) -> tc_status {
    status(|| give(csn, "csn", || Ok(borrow(change)?.change()?.csn().into())))
}

/// Returns the id of the transaction of a change; no text if the trail does not contain it. It is valid as long as the change.
///
/// Example: `tc_str xid; tc_change_xid(change, &xid);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_xid(change: *const tc_change, xid: *mut tc_str) -> tc_status {
    status(|| give(xid, "xid", || Ok(borrow(change)?.change()?.xid().into())))
}

/// Returns whether a change has this image. An image can have no columns.
///
/// Errors: `TC_ERR_CORRUPT` if the images do not fit the record, `TC_ERR_UNSUPPORTED` if they are encrypted or of an unknown
/// form, `TC_ERR_BAD_ARGUMENT` for an unknown `image`.
/// Example: `bool has; tc_change_has_image(change, TC_IMAGE_BEFORE, &has, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_has_image(
    change: *const tc_change,
    image: RawImage,
    has: *mut bool,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || give(has, "has", || Ok(tc_change::row(&borrow(change)?.change()?, image)?.is_some())))
}

/// Returns the columns that an image has, in trail order; missing columns are left out. `*count` is the number of columns of
/// the image, and at most `room` of them are written to `columns`. An image that the change does not have has no columns.
///
/// Its pointers are valid as long as the change. Values are not copied, except text in other character sets than UTF-8, which
/// each call converts again. `columns` may be NULL where `room` is 0. Errors: as `tc_change_has_image`, and `TC_ERR_CORRUPT` if
/// the image ends within a column.
/// Example: `tc_column columns[64]; size_t count; tc_change_columns(change, TC_IMAGE_AFTER, columns, 64, &count, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_columns(
    change: *const tc_change,
    image: RawImage,
    columns: *mut tc_column,
    room: usize,
    count: *mut usize,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give(count, "count", || {
            if columns.is_null() && room > 0 {
                return Err(Failure::null("columns"));
            }
            let handle = borrow(change)?;
            let (memory, Some(change)) = (handle.memory(), handle.find()) else { return Err(gone()) };
            let images = match change.images() {
                Ok(images) => images,
                Err(error) => return Err(error.into()),
            };
            let row = match image {
                image if image == tc_image::TC_IMAGE_BEFORE as u32 => images.0,
                image if image == tc_image::TC_IMAGE_AFTER as u32 => images.1,
                _ => return Err(Failure::argument(format!("{image} is not a tc_image"))),
            };
            fill(&change, row, memory, columns, room)
        })
    })
}

/// Writes the columns of a row to the caller's array, up to its room, and counts them.
///
/// # Safety
/// `room` columns may be written from `columns` on.
#[inline(always)]
unsafe fn fill(
    change: &Change<'_>,
    row: Option<Row<'_>>,
    memory: &Memory,
    columns: *mut tc_column,
    room: usize,
) -> Outcome<usize> {
    let Some(row) = row else { return Ok(0) };
    let (mut seen, mut least, mut rises) = (0, 0, true);
    for column in row.columns() {
        let column = match column {
            Ok(column) => column,
            Err(fault) => return Err(change.error(fault).into()),
        };
        rises &= column.index() >= least;
        least = column.index() + 1;
        if seen < room {
            // SAFETY: `seen` is less than `room`.
            unsafe { column_of(&column, memory, columns.add(seen)) };
        }
        seen += 1;
    }
    // If the indexes do not increase, which no real trail has shown, a column can occur twice.
    if !rises {
        if let Err(fault) = row.spans().verify() {
            return Err(change.error(fault).into());
        }
    }
    Ok(seen)
}

/// Writes a whole change to structs of the caller: its fixed members, unless `info` is null, and its columns.
///
/// # Safety
/// As [`fill_struct`] and [`fill`].
#[inline(always)]
pub(crate) unsafe fn read_all(
    memory: &Memory,
    place: usize,
    change: &Change<'_>,
    info: *mut tc_change_info,
    (columns, room): (*mut tc_column, usize),
    (before, after): (&mut usize, &mut usize),
) -> Outcome {
    if columns.is_null() && room > 0 {
        return Err(Failure::null("columns"));
    }
    // SAFETY: guaranteed by the caller; the second image gets the rest of the room.
    unsafe {
        if !info.is_null() {
            fill_info(memory, place, change, info)?;
        }
        let images = change.images()?;
        let first = fill(change, images.0, memory, columns, room)?;
        let rest = room.saturating_sub(first);
        *after = fill(change, images.1, memory, columns.wrapping_add(room - rest), rest)?;
        *before = first;
    }
    Ok(())
}

/// Returns a column of an image by its index in the table. Its state is `TC_STATE_MISSING` if the image does not have it, or
/// the change does not have the image. Its pointers are valid as long as the change.
///
/// Errors: as `tc_change_has_image`; `TC_ERR_BAD_ARGUMENT` if the table is defined and has no such column.
/// Example: `tc_column amount; tc_change_column(change, TC_IMAGE_AFTER, index, &amount, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_column(
    change: *const tc_change,
    image: RawImage,
    index: usize,
    column: *mut tc_column,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        let column = out(column, tc_column::missing(index), "column")?;
        let handle = borrow(change)?;
        let change = handle.change()?;
        let table = change.table();
        if table.is_defined() && index >= table.columns().len() {
            return Err(Failure::index("column", index, table.columns().len()));
        }
        if let Some(found) = tc_change::row(&change, image)?.and_then(|row| row.at(index)) {
            column_of(&found, handle.memory(), column);
        }
        Ok(())
    })
}

/// Returns a column of an image by its name: the exact match, or the only case-insensitive match. In tables without a
/// definition, columns are named `COL0`, `COL1` and so on. Otherwise as `tc_change_column`.
///
/// Errors: as `tc_change_column`.
/// Example: `tc_column amount; tc_change_find_column(change, TC_IMAGE_AFTER, "AMOUNT", &amount, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_find_column(
    change: *const tc_change,
    image: RawImage,
    name: *const c_char,
    column: *mut tc_column,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        let column = out(column, tc_column::missing(0), "column")?;
        let (handle, name) = (borrow(change)?, text(name, "name")?);
        let change = handle.change()?;
        let table = change.table();
        let known = table.column(name).map(|(index, _)| index);
        if known.is_none() && table.is_defined() {
            let what = format!("table {} has no column {name}", table.name());
            return Err(Failure::argument(what));
        }
        *column = tc_column::missing(known.unwrap_or(0));
        if let Some(found) = tc_change::row(&change, image)?.and_then(|row| row.get(name)) {
            column_of(&found, handle.memory(), column);
        }
        Ok(())
    })
}

/// Appends a change to a buffer as one line of native JSON, without a line end.
///
/// Threads: one at a time for a buffer. Errors: `TC_ERR_CORRUPT` if an image is damaged; the buffer is unchanged then. An image
/// of an unknown form is not an error; it is written as `{"$unsupported": "why"}`.
/// Example: `tc_buffer_clear(line); tc_change_write_json(change, line, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_write_json(
    change: *const tc_change,
    buffer: *mut tc_buffer,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        let change = borrow(change)?.change()?;
        borrow_mut(buffer)?.append(|bytes| Ok(change.write_json(bytes)?))
    })
}

/// Returns the number of GoldenGate's own tokens of a change.
///
/// Example: `size_t count; tc_change_token_count(change, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_token_count(change: *const tc_change, count: *mut usize) -> tc_status {
    status(|| give(count, "count", || Ok(borrow(change)?.change()?.trail().map_or(0, |trail| trail.tokens().count()))))
}

/// Returns one of GoldenGate's own tokens of a change. For a pair, the tokens of the after record come first. Its pointers are
/// valid as long as the change.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
/// Example: `tc_token token; tc_change_token(change, 0, &token);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_token(change: *const tc_change, index: usize, token: *mut tc_token) -> tc_status {
    status(|| {
        give(token, "token", || {
            let change = borrow(change)?.change()?;
            let tokens = || change.trail().into_iter().flat_map(|trail| trail.tokens());
            let token = tokens().nth(index).ok_or_else(|| Failure::index("token", index, tokens().count()))?;
            let (name, body, value) = (token.name().into(), token.body().into(), token.value().into());
            Ok(tc_token { name, body, value, id: token.id(), info: token.info() })
        })
    })
}

/// Returns the raw user tokens of a change, whose layout is not known; no bytes if it has none. They are valid as long as the
/// change.
///
/// Example: `tc_bytes area; tc_change_user_tokens(change, &area);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_user_tokens(change: *const tc_change, area: *mut tc_bytes) -> tc_status {
    status(|| give(area, "area", || Ok(borrow(change)?.change()?.user_tokens().into())))
}

/// Returns the whole text of a DDL change; no text for other changes, or if it is encrypted. It is valid as long as the change.
///
/// Example: `tc_str statement; tc_change_ddl(change, &statement);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_ddl(change: *const tc_change, statement: *mut tc_str) -> tc_status {
    status(|| {
        give(statement, "statement", || {
            let handle = borrow(change)?;
            // In UTF-8, without the NULs at the end. This can be the raw bytes.
            Ok(handle.change()?.ddl().map(|ddl| handle.lent(ddl.into_text())).unwrap_or_default())
        })
    })
}

/// Returns the value of one tag in the text of a DDL change, such as `B4` for the object or `C1` for the SQL text; no text if
/// the tag is missing. It is valid as long as the change.
///
/// Example: `tc_str sql; tc_change_ddl_field(change, "C1", &sql);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_ddl_field(change: *const tc_change, tag: *const c_char, value: *mut tc_str) -> tc_status {
    status(|| {
        give(value, "value", || {
            let (handle, tag) = (borrow(change)?, text(tag, "tag")?);
            let found = handle.change()?.ddl().and_then(|ddl| ddl.field(tag));
            Ok(found.map(|found| handle.memory().keep(&found)).unwrap_or_default())
        })
    })
}

/// Returns the header of the file of a change; `*header` is NULL if the file has none.
///
/// Example: `tc_file_header *header; tc_change_file_header(change, &header);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_file_header(change: *const tc_change, header: *mut *mut tc_file_header) -> tc_status {
    status(|| give_optional(header, || Ok(borrow(change)?.change()?.file_header().cloned().map(tc_file_header))))
}

/// Returns the number of records of a change: two for a pair, plus its large-object fragments.
///
/// Example: `size_t count; tc_change_record_count(change, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_record_count(change: *const tc_change, count: *mut usize) -> tc_status {
    status(|| give(count, "count", || Ok(borrow(change)?.change()?.trail().map_or(0, |trail| trail.records().count()))))
}

/// Returns one of the raw records of a change. For a pair, the before record is the first. Its position and number are those of
/// the change. Its pointers are valid as long as the change.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range or if `size` of `record` is not set.
/// Example: `tc_record record; record.size = sizeof record; tc_change_record(change, 0, &record);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_record(change: *const tc_change, index: usize, record: *mut tc_record) -> tc_status {
    status(|| {
        zero_on_error(record, || {
            let change = borrow(change)?.change()?;
            let records = || change.trail().into_iter().flat_map(|trail| trail.records());
            let found = records().nth(index).ok_or_else(|| Failure::index("record", index, records().count()))?;
            write_struct(record, fill_record(&found, change.position().into(), 0), "record")
        })
    })
}
