//! Writing trails.

use std::ffi::c_char;
use std::sync::Arc;

use trailcore::sink::{TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::{ByteOrder, RecordType, Token};
use trailcore::{Op, TableDef, Timestamp};

use crate::memory::tc_change;
use crate::op::{RawOp, tc_op};
use crate::options::document;
use crate::prelude::*;
use crate::row::tc_row;
use crate::table::tc_table;

/// Writes a trail: changes between `tc_writer_begin` and `tc_writer_commit`, and `tc_writer_finish` at the end, without which
/// the trail is incomplete. The definition of a table is written before its first row in each file.
///
/// Ownership: free it with `tc_writer_free`. Threads: one at a time.
pub struct tc_writer {
    /// `None` once it is finished.
    writer: Option<TrailWriter>,
    files: Vec<(String, Vec<u8>)>,
}

handle::object!(tc_writer, b"tc_writ\0");

/// How an update is written.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_update_style {
    // generated: values of the core
    /// One record with both images (type 134).
    TC_UPDATE_UNIFIED = 0,
    /// A before and an after record (type 15).
    TC_UPDATE_PAIR = 1,
    /// Only the after record (type 15).
    TC_UPDATE_AFTER_ONLY = 2,
    // end of generated
}

/// A `tc_update_style` from C, which can have any value.
pub type RawUpdateStyle = u32;

impl tc_update_style {
    fn of(style: UpdateStyle) -> Self {
        match style {
            // generated: conversion of the core
            UpdateStyle::Unified => Self::TC_UPDATE_UNIFIED,
            UpdateStyle::Pair => Self::TC_UPDATE_PAIR,
            UpdateStyle::AfterOnly => Self::TC_UPDATE_AFTER_ONLY,
            // end of generated
        }
    }

    /// Converts a number from C.
    fn read(number: RawUpdateStyle) -> Outcome<UpdateStyle> {
        let found = UpdateStyle::ALL.into_iter().find(|style| Self::of(*style) as u32 == number);
        found.ok_or_else(|| Failure::argument(format!("{number} is not a tc_update_style")))
    }
}

impl tc_writer {
    fn open(&mut self) -> Outcome<&mut TrailWriter> {
        self.writer.as_mut().ok_or_else(|| Failure::argument("the writer is already finished"))
    }
}

/// Creates a writer of files named by a prefix, such as `dirdat/lt`, and their sequence number. Files of the same name are
/// replaced, the first one when something is written.
///
/// `options` may be NULL for the default. It is a JSON document of the form that `docs/schema/writer-options.json` describes.
/// Errors: `TC_ERR_INVALID_ARGUMENT` if it has another form.
/// Example: `tc_writer *writer; tc_writer_create("out/lt", NULL, &writer, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_create(
    prefix: *const c_char,
    options: *const c_char,
    writer: *mut *mut tc_writer,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(writer, || {
            let writer = TrailWriter::create(path(prefix, "prefix")?, document(options, WriterOptions::from_json)?)?;
            Ok(tc_writer { writer: Some(writer), files: Vec::new() })
        })
    })
}

/// Creates a writer of files in memory, which `tc_writer_file` returns once it is finished.
///
/// `options` may be NULL for the default. Errors: as `tc_writer_create`.
/// Example: `tc_writer *writer; tc_writer_new_in_memory("lt", NULL, &writer, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_new_in_memory(
    prefix: *const c_char,
    options: *const c_char,
    writer: *mut *mut tc_writer,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(writer, || {
            let writer = TrailWriter::in_memory(text(prefix, "prefix")?, document(options, WriterOptions::from_json)?)?;
            Ok(tc_writer { writer: Some(writer), files: Vec::new() })
        })
    })
}

/// Frees a writer. NULL is fine. A trail that was not finished stays incomplete.
///
/// Example: `tc_writer_free(writer);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_free(writer: *mut tc_writer) {
    handle::free(writer)
}

/// Creates an empty row of a table, for a writer like this one. Set its columns with `tc_row_text` and the other functions,
/// write it, clear it, and use it again.
///
/// It depends on neither writer nor table. Errors: `TC_ERR_BAD_ARGUMENT` if the writer is finished.
/// Example: `tc_row *row; tc_writer_row(writer, table, &row);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_row(writer: *mut tc_writer, table: *const tc_table, row: *mut *mut tc_row) -> tc_status {
    status(|| {
        give_to(row, || {
            let order = borrow_mut(writer)?.open()?.byte_order();
            Ok(tc_row::new(&borrow(table)?.0, order))
        })
    })
}

/// Runs work with a writer.
///
/// # Safety
/// The pointers fulfil the contract of `fallible` and `borrow_mut`.
unsafe fn write(writer: *mut tc_writer, error: *mut *mut tc_error, how: impl FnOnce(&mut TrailWriter) -> Outcome) -> tc_status {
    // SAFETY: guaranteed by the caller.
    unsafe { fallible(error, || how(borrow_mut(writer)?.open()?)) }
}

/// Returns the bytes of a row of a table; none for null.
///
/// # Safety
/// As `borrow_mut_optional`.
unsafe fn row_of(table: &Arc<TableDef>, order: ByteOrder, row: *mut tc_row) -> Outcome<Option<Vec<u8>>> {
    let Some(row) = borrow_mut_optional(row)? else { return Ok(None) };
    row.check(table, order)?;
    Ok(Some(row.bytes().to_vec()))
}

/// Begins a transaction with its commit sequence number, its id, and its timestamp in microseconds since 1970, UTC.
///
/// Errors: `TC_ERR_INVALID_ARGUMENT` if one is open, `TC_ERR_BAD_ARGUMENT` if the writer is finished.
/// Example: `tc_writer_begin(writer, "7824140001", "4.17.220311", 1709284502000000, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_begin(
    writer: *mut tc_writer,
    csn: *const c_char,
    xid: *const c_char,
    micros: i64,
    error: *mut *mut tc_error,
) -> tc_status {
    write(writer, error, |writer| Ok(writer.begin(text(csn, "csn")?, text(xid, "xid")?, Timestamp::from_unix_micros(micros))?))
}

/// Commits the transaction. A transaction without changes writes nothing.
///
/// Errors: `TC_ERR_INVALID_ARGUMENT` if none is open, `TC_ERR_IO`, `TC_ERR_UNENCODABLE`.
/// Example: `tc_writer_commit(writer, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_commit(writer: *mut tc_writer, error: *mut *mut tc_error) -> tc_status {
    write(writer, error, |writer| Ok(writer.commit()?))
}

/// Rolls back the transaction with a RestartAbend marker.
///
/// Errors: as `tc_writer_commit`.
/// Example: `tc_writer_abend(writer, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_abend(writer: *mut tc_writer, error: *mut *mut tc_error) -> tc_status {
    write(writer, error, |writer| Ok(writer.abend()?))
}

/// Adds one of GoldenGate's own tokens to the next change, in addition to CSN and transaction id.
///
/// `body` may be NULL where `length` is 0. Errors: `TC_ERR_BAD_ARGUMENT` if the writer is finished.
/// Example: `tc_writer_token(writer, 'R', 0, rowid, 20, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_token(
    writer: *mut tc_writer,
    id: u8,
    info: u8,
    body: *const u8,
    length: usize,
    error: *mut *mut tc_error,
) -> tc_status {
    write(writer, error, |writer| {
        writer.tokens(&[Token { id, info, body: array(body, length, "body")? }]);
        Ok(())
    })
}

/// Sets the raw user token area of the next change.
///
/// `area` may be NULL where `length` is 0. Errors: `TC_ERR_BAD_ARGUMENT` if the writer is finished.
/// Example: `tc_writer_user_tokens(writer, area, length, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_user_tokens(
    writer: *mut tc_writer,
    area: *const u8,
    length: usize,
    error: *mut *mut tc_error,
) -> tc_status {
    write(writer, error, |writer| {
        writer.user_tokens(array(area, length, "area")?);
        Ok(())
    })
}

/// Writes a change that was read, within its transaction and with its CSN, id, timestamp, tokens, images and fragments. This
/// copies a trail that was filtered. Transactions begin and commit with the changes. After the last change, call
/// `tc_writer_commit` if `tc_writer_is_in_transaction` returns true.
///
/// Errors: `TC_ERR_INVALID_ARGUMENT` for a record that is not a change, `TC_ERR_UNENCODABLE` if an image cannot be converted to
/// the byte order of the writer, and as `tc_writer_row_change`.
/// Example: `tc_writer_write(writer, change, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_write(
    writer: *mut tc_writer,
    change: *const tc_change,
    error: *mut *mut tc_error,
) -> tc_status {
    write(writer, error, |writer| Ok(writer.write(&borrow(change)?.change()?)?))
}

/// Returns whether a transaction is open.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` if the writer is finished.
/// Example: `bool open; if (tc_writer_is_in_transaction(writer, &open) == TC_OK && open) tc_writer_commit(writer, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_is_in_transaction(writer: *mut tc_writer, open: *mut bool) -> tc_status {
    status(|| give(open, "open", || Ok(borrow_mut(writer)?.open()?.is_in_transaction())))
}

/// Writes a change of a row: `before` for a delete, `after` for an insert, both for an update and a primary key update, neither
/// for a truncate; a row that is not used may be NULL. `style` is how an update is written; a primary key update has both whole
/// images with `TC_UPDATE_UNIFIED`, else `before` has the columns of the old key. Rows can be changed or freed after the call.
///
/// `before` and `after` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` without a transaction, `TC_ERR_BAD_ARGUMENT` for another
/// operation, an unknown `style`, or if a row is missing or not a row of the table; `TC_ERR_IO`, `TC_ERR_UNENCODABLE`.
/// Example: `tc_writer_row_change(writer, TC_OP_INSERT, TC_UPDATE_UNIFIED, table, NULL, row, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_row_change(
    writer: *mut tc_writer,
    op: RawOp,
    style: RawUpdateStyle,
    table: *const tc_table,
    before: *mut tc_row,
    after: *mut tc_row,
    error: *mut *mut tc_error,
) -> tc_status {
    write(writer, error, |writer| {
        let (table, order) = (&borrow(table)?.0, writer.byte_order());
        let rows = (row_of(table, order, before)?, row_of(table, order, after)?);
        let lacks = |name| Failure::argument(format!("the operation needs the row {name}"));
        let before = || rows.0.as_deref().ok_or_else(|| lacks("before"));
        let after = || rows.1.as_deref().ok_or_else(|| lacks("after"));
        match (tc_op::read(op)?, tc_update_style::read(style)?) {
            (Op::Insert, _) => writer.insert(table, after()?)?,
            (Op::Delete, _) => writer.delete(table, before()?)?,
            (Op::Update, style) => writer.update(table, style, before()?, after()?)?,
            (Op::PkUpdate, UpdateStyle::Unified) => writer.unified_pk_update(table, before()?, after()?)?,
            (Op::PkUpdate, _) => writer.pk_update(table, before()?, after()?)?,
            (Op::Truncate, _) => writer.truncate(table)?,
            (other, _) => return Err(Failure::argument(format!("{other} is not an operation on a row"))),
        }
        Ok(())
    })
}

/// Writes a DDL change, with the text that GoldenGate makes of it.
///
/// Errors: as `tc_writer_row_change`.
/// Example: `tc_writer_ddl(writer, "BANK", "RATES", ",C1='CREATE TABLE ...',", &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_ddl(
    writer: *mut tc_writer,
    owner: *const c_char,
    object: *const c_char,
    statement: *const c_char,
    error: *mut *mut tc_error,
) -> tc_status {
    write(writer, error, |writer| {
        Ok(writer.ddl(text(owner, "owner")?, text(object, "object")?, text(statement, "statement")?)?)
    })
}

/// Writes a large-object fragment of the last row. The layout of fragments is not known; the caller provides the bytes.
///
/// `data` may be NULL where `length` is 0. Errors: as `tc_writer_row_change`; there must be a row.
/// Example: `tc_writer_lob_fragment(writer, bytes, length, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_lob_fragment(
    writer: *mut tc_writer,
    data: *const u8,
    length: usize,
    error: *mut *mut tc_error,
) -> tc_status {
    write(writer, error, |writer| Ok(writer.lob_fragment(array(data, length, "data")?)?))
}

/// Writes a marker: a record of any type without a table, such as 150 RestartAbend, 151 RestartOK, 152 RecoveryEnd.
///
/// Errors: `TC_ERR_IO`, `TC_ERR_UNENCODABLE`, `TC_ERR_BAD_ARGUMENT` if the writer is finished.
/// Example: `tc_writer_marker(writer, 151, now, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_marker(
    writer: *mut tc_writer,
    record_type: u8,
    micros: i64,
    error: *mut *mut tc_error,
) -> tc_status {
    write(writer, error, |writer| Ok(writer.marker(RecordType(record_type), Timestamp::from_unix_micros(micros))?))
}

/// Finishes the trail. Nothing more can be written then; `tc_writer_file` returns the files.
///
/// With `unfinished`, an open transaction is written without its end, for tests of torn trails. Errors:
/// `TC_ERR_INVALID_ARGUMENT` if a transaction is open; the writer is finished then too; `TC_ERR_BAD_ARGUMENT` if it is finished
/// already; `TC_ERR_IO`.
/// Example: `tc_writer_finish(writer, false, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_finish(writer: *mut tc_writer, unfinished: Flag, error: *mut *mut tc_error) -> tc_status {
    fallible(error, || {
        let mut writer = borrow_mut(writer)?;
        let open = writer.writer.take().ok_or_else(|| Failure::argument("the writer is already finished"))?;
        writer.files = if unfinished != 0 { open.finish_unfinished() } else { open.finish() }?;
        Ok(())
    })
}

/// Returns the number of files that a finished writer has written; 0 before.
///
/// Example: `size_t count; tc_writer_file_count(writer, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_file_count(writer: *const tc_writer, count: *mut usize) -> tc_status {
    status(|| give(count, "count", || Ok(borrow(writer)?.files.len())))
}

/// Returns one of the files that a finished writer has written: its path, or its name and bytes if it is in memory. Both are
/// valid as long as the writer.
///
/// `bytes` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
/// Example: `tc_str name; tc_bytes bytes; tc_writer_file(writer, 0, &name, &bytes);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_writer_file(
    writer: *const tc_writer,
    index: usize,
    name: *mut tc_str,
    bytes: *mut tc_bytes,
) -> tc_status {
    status(|| {
        let name = out(name, tc_str::NONE, "name")?;
        let files = &borrow(writer)?.files;
        let (own, content) = files.get(index).ok_or_else(|| Failure::index("file", index, files.len()))?;
        *name = own.as_str().into();
        if !bytes.is_null() {
            bytes.write(content.as_slice().into());
        }
        Ok(())
    })
}
