//! Changes.

use std::borrow::Cow;
use std::ffi::c_char;

use trailcore::trail::TransactionIndicator;
use trailcore::{Change, Op, Row};

use crate::batch::Memory;
use crate::boundary::{Failure, Outcome, fallible, status};
use crate::buffer::tc_buffer;
use crate::column::{column_of, tc_column};
use crate::error::tc_error;
use crate::handle::{self, Handle, exclusive, give, lend};
use crate::header::tc_file_header;
use crate::record::{fill_record, tc_record};
use crate::status::tc_status;
use crate::table::tc_table;
use crate::text::{Sized_, fill_struct, or_nothing, out, tc_bytes, tc_str, text, write_struct};
use crate::time::tc_position;

/// One change of a trail: a row inserted, updated or deleted, a table truncated, a statement.
///
/// Ownership: it belongs to its batch, or to the reader that lends it. Threads: several at once may use it.
pub struct tc_change {
    memory: *const Memory,
    place: usize,
}

handle::object!(tc_change, b"tc_chng\0");

// SAFETY: its pointer leads to the memory that it lies in, which may be looked at by several threads.
unsafe impl Send for tc_change {}
// SAFETY: as above.
unsafe impl Sync for tc_change {}

/// What a change does.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_op {
    /// A new row.
    TC_OP_INSERT = 0,
    /// A row with the same key and other values.
    TC_OP_UPDATE = 1,
    /// A row with another key.
    TC_OP_PK_UPDATE = 2,
    /// A row is gone.
    TC_OP_DELETE = 3,
    /// All rows are gone.
    TC_OP_TRUNCATE = 4,
    /// A statement that changes definitions.
    TC_OP_DDL = 5,
    /// Not a change: a database or table definition. Handed out on request alone.
    TC_OP_METADATA = 6,
    /// Not a change: a marker, or a record that is not understood. Handed out on request alone.
    TC_OP_OTHER = 7,
}

/// A `tc_op` from C, which may be any number.
pub type AnyOp = u32;

impl tc_op {
    pub(crate) fn of(op: Op) -> Self {
        match op {
            Op::Insert => Self::TC_OP_INSERT,
            Op::Update => Self::TC_OP_UPDATE,
            Op::PkUpdate => Self::TC_OP_PK_UPDATE,
            Op::Delete => Self::TC_OP_DELETE,
            Op::Truncate => Self::TC_OP_TRUNCATE,
            Op::Ddl => Self::TC_OP_DDL,
            Op::Metadata => Self::TC_OP_METADATA,
            Op::Other => Self::TC_OP_OTHER,
        }
    }

    /// The operation of a number from C.
    pub(crate) fn read(number: AnyOp) -> Outcome<Op> {
        let found = Op::ALL.into_iter().find(|op| Self::of(*op) as u32 == number);
        found.ok_or_else(|| Failure::argument(format!("{number} is no tc_op")))
    }
}

/// Where a change stands in its transaction; of the two records of an update, both together.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_transaction {
    /// The first of several.
    TC_TRANSACTION_FIRST = 0,
    /// Neither the first nor the last.
    TC_TRANSACTION_MIDDLE = 1,
    /// The last of several.
    TC_TRANSACTION_LAST = 2,
    /// The only one.
    TC_TRANSACTION_ONLY = 3,
    /// The trail has a value without a known meaning.
    TC_TRANSACTION_UNKNOWN = 4,
}

impl tc_transaction {
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

/// A `tc_image` from C, which may be any number.
pub type AnyImage = u32;

/// What a change is and where it stands: all that is known without a look at its columns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_change_info {
    /// `sizeof(tc_change_info)`, set by the caller.
    pub size: usize,
    /// What it does.
    pub op: tc_op,
    /// Where it stands in its transaction.
    pub transaction: tc_transaction,
    /// Where its record starts; of a pair, the after record.
    pub position: tc_position,
    /// Where its first record starts; of a pair, the before record. Reading that starts here finds the whole change.
    pub start: tc_position,
    /// The record's time, of the commit for rows, in microseconds since 1970, UTC.
    pub time: i64,
    /// The definition of its table. It lives as long as the change; all changes of one version of a table that a reader
    /// hands out have the same pointer, which stays good while the reader or one of those batches lives.
    pub table: *const tc_table,
    /// What its record is: the IOType byte of its header.
    pub record_type: u32,
}

// SAFETY: it starts with its size; it goes out only, so that its enums hold what this library has put there.
unsafe impl Sized_ for tc_change_info {}

/// One token of a change.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_token {
    /// The name that Logdump prints; no text where none is known.
    pub name: tc_str,
    /// Its body as it stands.
    pub body: tc_bytes,
    /// Its value: the body, and of a row id its 18 characters; no bytes at all where it has none.
    pub value: tc_bytes,
    /// Its id.
    pub id: u8,
    /// Its info byte.
    pub info: u8,
}

impl tc_token {
    const NONE: Self = Self { name: tc_str::NONE, body: tc_bytes::NONE, value: tc_bytes::NONE, id: 0, info: 0 };
}

impl tc_change {
    pub(crate) fn new(memory: *const Memory, place: usize) -> Self {
        Self { memory, place }
    }

    #[inline(always)]
    fn memory(&self) -> &Memory {
        // SAFETY: a change is a part of the memory that it points to.
        unsafe { &*self.memory }
    }

    pub(crate) fn change(&self) -> Outcome<Change<'_>> {
        self.find().ok_or_else(gone)
    }

    /// The same for those who are called for each change: an `Option` is smaller than an `Outcome`.
    #[inline(always)]
    fn find(&self) -> Option<Change<'_>> {
        self.memory().filled().get(self.place)
    }

    /// A text as the change's memory has it or, where it had to be made, keeps it.
    fn lent(&self, text: Cow<'_, str>) -> tc_str {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => self.memory().keep(&text),
        }
    }

    #[inline(always)]
    fn row<'a>(change: &Change<'a>, image: AnyImage) -> Outcome<Option<Row<'a>>> {
        let (before, after) = change.images()?;
        match image {
            image if image == tc_image::TC_IMAGE_BEFORE as u32 => Ok(before),
            image if image == tc_image::TC_IMAGE_AFTER as u32 => Ok(after),
            _ => Err(Failure::argument(format!("{image} is no tc_image"))),
        }
    }
}

#[cold]
fn gone() -> Failure {
    Failure::argument("this change is not there any more")
}

/// What a change is and where it stands.
///
/// Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where `info` does not start with its size,
/// `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_change_info info; info.size = sizeof info; tc_change_info_of(change, &info);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_info_of(change: *const tc_change, info: *mut tc_change_info) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        or_nothing(info, || {
            let handle = lend(change)?;
            let Some(change) = handle.find() else { return Err(gone()) };
            fill_info(handle.memory(), handle.place, &change, info)
        })
    })
}

/// Puts what there is to know of a change into a struct of C's.
///
/// # Safety
/// As [`fill_struct`].
#[inline(always)]
unsafe fn fill_info(memory: &Memory, place: usize, change: &Change<'_>, info: *mut tc_change_info) -> Outcome {
    let table = memory.table(place).map_or(std::ptr::null(), Handle::as_ptr);
    // SAFETY: as the caller says; all members are written.
    unsafe {
        fill_struct(info, "info", |info| {
            let (position, start) = (change.position(), change.start());
            (&raw mut (*info).op).write(tc_op::of(change.op()));
            (&raw mut (*info).transaction).write(tc_transaction::of(change.transaction()));
            (&raw mut (*info).position.seqno).write(position.seqno);
            (&raw mut (*info).position.rba).write(position.rba);
            (&raw mut (*info).start.seqno).write(start.seqno);
            (&raw mut (*info).start.rba).write(start.rba);
            (&raw mut (*info).time).write(change.timestamp().unix_micros());
            (&raw mut (*info).table).write(table);
            (&raw mut (*info).record_type).write(u32::from(change.record().record_type().0));
        })
    }
}

/// The name of an operation in the native JSON form, such as `pk_update`: text that ends with a NUL and lives for ever. Of a
/// number that is none, `unknown`.
///
/// Any thread may call it. No errors.
/// Example: `printf("%s\n", tc_op_name(info.op));`
#[unsafe(no_mangle)]
pub extern "C" fn tc_op_name(op: AnyOp) -> *const c_char {
    let names = [c"insert", c"update", c"pk_update", c"delete", c"truncate", c"ddl", c"metadata", c"other"];
    names.get(op as usize).copied().unwrap_or(c"unknown").as_ptr()
}

/// The name of a change's table, parts joined by `.`; of a statement, that of its object. It lives as long as the change.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_str name; tc_change_table_name(change, &name); printf("%.*s", (int)name.length, name.data);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_table_name(change: *const tc_change, name: *mut tc_str) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let name = out(name, tc_str::NONE, "name")?;
        let handle = lend(change)?;
        *name = handle.lent(handle.change()?.table_name());
        Ok(())
    })
}

/// The commit sequence number of a change's transaction; no text where the trail does not tell. It lives as long as the change.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_str csn; tc_change_csn(change, &csn);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_csn(change: *const tc_change, csn: *mut tc_str) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let csn = out(csn, tc_str::NONE, "csn")?;
        *csn = lend(change)?.change()?.csn().into();
        Ok(())
    })
}

/// The id of a change's transaction; no text where the trail does not tell. It lives as long as the change.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_str xid; tc_change_xid(change, &xid);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_xid(change: *const tc_change, xid: *mut tc_str) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let xid = out(xid, tc_str::NONE, "xid")?;
        *xid = lend(change)?.change()?.xid().into();
        Ok(())
    })
}

/// Whether a change has this image. One that it has may still be of no columns.
///
/// Threads: several at once may call it. `error` may be NULL. Errors: `TC_ERR_CORRUPT` where the images do not fit the record,
/// `TC_ERR_UNSUPPORTED` where they are encrypted or of a form that is not known, `TC_ERR_BAD_ARGUMENT` where `image` is none.
/// Example: `bool has; tc_change_has_image(change, TC_IMAGE_BEFORE, &has, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_has_image(
    change: *const tc_change,
    image: AnyImage,
    has: *mut bool,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let has = out(has, false, "has")?;
            *has = tc_change::row(&lend(change)?.change()?, image)?.is_some();
            Ok(())
        })
    }
}

/// The columns of an image, in the trail's order: those that are there; missing ones are not among them. `*count` is how many
/// the image has, and at most `room` of them are put into `columns`. An image that the change does not have has none.
///
/// What they point to lives as long as the change. Nothing is copied, but for text in other character sets than UTF-8, which
/// each call makes anew.
/// Threads: several at once may call it. `columns` may be NULL where `room` is 0; `error` may be NULL. Errors: as
/// `tc_change_has_image`, and `TC_ERR_CORRUPT` where the image ends within a column.
/// Example: `tc_column columns[64]; size_t count; tc_change_columns(change, TC_IMAGE_AFTER, columns, 64, &count, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_columns(
    change: *const tc_change,
    image: AnyImage,
    columns: *mut tc_column,
    room: usize,
    count: *mut usize,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let count = out(count, 0, "count")?;
            if columns.is_null() && room > 0 {
                return Err(Failure::null("columns"));
            }
            let handle = lend(change)?;
            let (memory, Some(change)) = (handle.memory(), handle.find()) else { return Err(gone()) };
            let images = match change.images() {
                Ok(images) => images,
                Err(error) => return Err(error.into()),
            };
            let row = match image {
                image if image == tc_image::TC_IMAGE_BEFORE as u32 => images.0,
                image if image == tc_image::TC_IMAGE_AFTER as u32 => images.1,
                _ => return Err(Failure::argument(format!("{image} is no tc_image"))),
            };
            *count = fill(&change, row, memory, columns, room)?;
            Ok(())
        })
    }
}

/// Puts the columns of a row into places of C's, as far as there are any, and counts them.
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
            // SAFETY: there is room for it.
            unsafe { column_of(&column, memory, columns.add(seen)) };
        }
        seen += 1;
    }
    // Looked at closely where indexes do not rise, which is not seen in real trails: a column may be there twice.
    if !rises {
        if let Err(fault) = row.spans().verify() {
            return Err(change.error(fault).into());
        }
    }
    Ok(seen)
}

/// All of a change in one call: what `tc_change_info_of` gives, and the columns of both images, those before the change and
/// behind them those after it. `*before` and `*after` are how many each image has, and at most `room` of them all are put into
/// `columns`. `tc_batch_read` does the same by a change's place in its batch.
///
/// What it points to lives as long as the change. Nothing is copied, but for text in other character sets than UTF-8, which
/// each call makes anew. Set `info->size` first.
/// Threads: several at once may call it. `info` may be NULL for none, `columns` may be NULL where `room` is 0,
/// `error` may be NULL. Errors: as `tc_change_info_of` and `tc_change_columns`.
/// Example: `tc_change_read(change, &info, columns, 64, &before, &after, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_read(
    change: *const tc_change,
    info: *mut tc_change_info,
    columns: *mut tc_column,
    room: usize,
    before: *mut usize,
    after: *mut usize,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let counts = (out(before, 0, "before")?, out(after, 0, "after")?);
            or_nothing(info, || {
                let handle = lend(change)?;
                let Some(change) = handle.find() else { return Err(gone()) };
                read_all(handle.memory(), handle.place, &change, info, (columns, room), counts)
            })
        })
    }
}

/// Puts all that there is to know of a change into places of C's: what it is, unless `info` is null, and its columns.
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
    // SAFETY: as the caller says; what the first image leaves is the room of the second.
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

/// A column of an image by its index in the table; with the state `TC_STATE_MISSING` where it is not in the image, or the
/// change has no such image. What it points to lives as long as the change.
///
/// Threads: several at once may call it. `error` may be NULL. Errors: as `tc_change_has_image`; `TC_ERR_BAD_ARGUMENT` where a
/// table whose columns are known has no such column.
/// Example: `tc_column amount; tc_change_column(change, TC_IMAGE_AFTER, index, &amount, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_column(
    change: *const tc_change,
    image: AnyImage,
    index: usize,
    column: *mut tc_column,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let column = out(column, tc_column::missing(index), "column")?;
            let handle = lend(change)?;
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
}

/// A column of an image by its name: the exact one, or else the only one that differs in case alone; `COL0`, `COL1` and so on
/// of tables whose columns are not known. Else as `tc_change_column`.
///
/// Threads: several at once may call it. `error` may be NULL. Errors: as `tc_change_column`.
/// Example: `tc_column amount; tc_change_find_column(change, TC_IMAGE_AFTER, "AMOUNT", &amount, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_find_column(
    change: *const tc_change,
    image: AnyImage,
    name: *const c_char,
    column: *mut tc_column,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let column = out(column, tc_column::missing(0), "column")?;
            let (handle, name) = (lend(change)?, text(name, "name")?);
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
}

/// Appends a change to a buffer as one line of native JSON, without a line end.
///
/// Threads: one at a time for a buffer. `error` may be NULL. Errors: `TC_ERR_CORRUPT` where an image is damaged; the buffer
/// then is as it was. An image of a form that is not known is no error: it is shown as `{"$unsupported": "why"}`.
/// Example: `tc_buffer_clear(line); tc_change_write_json(change, line, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_write_json(
    change: *const tc_change,
    buffer: *mut tc_buffer,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let change = lend(change)?.change()?;
            exclusive(buffer)?.append(|bytes| Ok(change.write_json(bytes)?))
        })
    }
}

/// How many of GoldenGate's own tokens a change has.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `size_t count; tc_change_token_count(change, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_token_count(change: *const tc_change, count: *mut usize) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let count = out(count, 0, "count")?;
        *count = lend(change)?.change()?.tokens().count();
        Ok(())
    })
}

/// One of GoldenGate's own tokens of a change; of a pair, the after record's come first. What it points to lives as long as
/// the change.
///
/// Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
/// those of handles.
/// Example: `tc_token token; tc_change_token(change, 0, &token);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_token(change: *const tc_change, index: usize, token: *mut tc_token) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let place = out(token, tc_token::NONE, "token")?;
        let change = lend(change)?.change()?;
        let found = change.tokens().nth(index);
        let token = found.ok_or_else(|| Failure::index("token", index, change.tokens().count()))?;
        *place = tc_token {
            name: token.name().into(),
            body: token.body().into(),
            value: token.value().into(),
            id: token.id(),
            info: token.info(),
        };
        Ok(())
    })
}

/// The user's tokens of a change as they stand, since how they are laid out is not known; no bytes at all where it has none.
/// They live as long as the change.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_bytes area; tc_change_user_tokens(change, &area);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_user_tokens(change: *const tc_change, area: *mut tc_bytes) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let area = out(area, tc_bytes::NONE, "area")?;
        *area = lend(change)?.change()?.user_tokens().into();
        Ok(())
    })
}

/// The whole text of a statement as the trail has it; no text for other changes, and where it is encrypted. It lives as long
/// as the change.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_str statement; tc_change_ddl(change, &statement);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_ddl(change: *const tc_change, statement: *mut tc_str) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let statement = out(statement, tc_str::NONE, "statement")?;
        let handle = lend(change)?;
        if let Some(ddl) = handle.change()?.ddl() {
            // Without the NULs at its end, and in UTF-8, which may be the bytes as they stand.
            *statement = handle.lent(ddl.text());
        }
        Ok(())
    })
}

/// The value of one tag of a statement's text, such as `B4` for its object or `C1` for the statement alone; no text where there
/// is none. It lives as long as the change.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_str sql; tc_change_ddl_field(change, "C1", &sql);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_ddl_field(change: *const tc_change, tag: *const c_char, value: *mut tc_str) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let value = out(value, tc_str::NONE, "value")?;
        let (handle, tag) = (lend(change)?, text(tag, "tag")?);
        if let Some(found) = handle.change()?.ddl().and_then(|ddl| ddl.field(tag)) {
            *value = handle.memory().keep(&found);
        }
        Ok(())
    })
}

/// The header of a change's file; `*header` is NULL for files without one.
///
/// Ownership: `*header` is the caller's, to be freed with `tc_file_header_free`. Threads: several at once may call it. Errors:
/// `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_file_header *header; tc_change_file_header(change, &header);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_file_header(change: *const tc_change, header: *mut *mut tc_file_header) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let header = out(header, std::ptr::null_mut(), "header")?;
        if let Some(found) = lend(change)?.change()?.file_header() {
            *header = give(tc_file_header(found.clone()));
        }
        Ok(())
    })
}

/// How many records a change is made of: of a pair two, and its large-object fragments.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `size_t count; tc_change_record_count(change, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_record_count(change: *const tc_change, count: *mut usize) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let count = out(count, 0, "count")?;
        *count = lend(change)?.change()?.records().count();
        Ok(())
    })
}

/// One of a change's records as it stands; of a pair, the before record is the first. Its position and number are the
/// change's. What it points to lives as long as the change.
///
/// Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many or `record` does not start
/// with its size, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_record record; record.size = sizeof record; tc_change_record(change, 0, &record);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_change_record(change: *const tc_change, index: usize, record: *mut tc_record) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        or_nothing(record, || {
            let change = lend(change)?.change()?;
            let found = change.records().nth(index);
            let found = found.ok_or_else(|| Failure::index("record", index, change.records().count()))?;
            write_struct(record, fill_record(&found, change.position().into(), 0), "record")
        })
    })
}
