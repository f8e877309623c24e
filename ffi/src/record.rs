//! Raw records.

use trailcore::trail::{ByteOrder, Record, TableRef};

use crate::prelude::*;
use crate::time::tc_position;

/// A raw record of a trail. Its pointers are valid as long as the object that returned it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_record {
    /// `sizeof(tc_record)`, set by the caller.
    pub size: usize,
    /// Its position.
    pub position: tc_position,
    /// Its number in its file; the file header is record 0. Always 0 for the records of a change.
    pub number: u64,
    /// The whole record.
    pub bytes: tc_bytes,
    /// The body of its header area; no bytes for a file header record.
    pub header: tc_bytes,
    /// The body of its data area.
    pub data: tc_bytes,
    /// The body of its token area; no bytes if it has none.
    pub tokens: tc_bytes,
    /// The body of its user token area; no bytes if it has none.
    pub user_tokens: tc_bytes,
    /// The name that Logdump prints for its type; no text for an unknown type.
    pub type_name: tc_str,
    /// The table name in the header, in the character set of the database; no bytes if the header has an index.
    pub table_name: tc_bytes,
    /// The timestamp in the header, in microseconds since 1970, UTC.
    pub timestamp: i64,
    /// AuditPos: position in the log of the source.
    pub audit_pos: u64,
    /// AuditRBA.
    pub audit_rba: u32,
    /// The index of the table definition, if `has_table_index` is set.
    pub table_index: u16,
    /// The length of the data in the header.
    pub record_length: u16,
    /// Its type: IOType. 0 for a file header record.
    pub record_type: u8,
    /// TransInd: 0 first, 1 middle, 2 last, 3 only; the meaning of other values is not known.
    pub transaction: u8,
    /// BeforeAfter: `A` or `B`.
    pub before_after: u8,
    /// Partition.
    pub partition: u8,
    /// UndoFlag.
    pub undo: u8,
    /// OrigNode.
    pub orig_node: u8,
    /// FormatType: `R` read from the log, `F` fetched.
    pub format_type: u8,
    /// SyskeyLen.
    pub syskey_len: u8,
    /// Continued: not 0 if the data continues in the next record.
    pub continued: u8,
    /// RecCount.
    pub record_count: u8,
    /// True if it is a file header record.
    pub is_file_header: bool,
    /// True if its header could be parsed; otherwise its fields are 0.
    pub has_header: bool,
    /// True if `table_index` is set.
    pub has_table_index: bool,
    /// True if its numbers are little-endian.
    pub little_endian: bool,
}

// SAFETY: it starts with its size. It is only written by this library, so its flags have valid values.
unsafe impl VersionedStruct for tc_record {}

pub(crate) fn fill_record(record: &Record<'_>, position: tc_position, number: u64) -> tc_record {
    let header = record.header().ok();
    let (index, name) = match header.map(|header| header.table) {
        Some(TableRef::Index(index)) => (Some(index), None),
        Some(TableRef::Name(name)) => (None, Some(name)),
        None => (None, None),
    };
    tc_record {
        size: size_of::<tc_record>(),
        position,
        number,
        bytes: record.bytes().into(),
        header: record.header_bytes().into(),
        data: record.data().into(),
        tokens: record.token_area().into(),
        user_tokens: record.user_token_area().into(),
        type_name: if record.is_file_header() { tc_str::NONE } else { record.record_type().name().into() },
        table_name: name.into(),
        timestamp: header.map_or(0, |header| header.time.unix_micros()),
        audit_pos: header.map_or(0, |header| header.audit_pos),
        audit_rba: header.map_or(0, |header| header.audit_rba),
        table_index: index.unwrap_or(0),
        record_length: header.map_or(0, |header| header.record_length),
        record_type: record.record_type().0,
        transaction: header.map_or(0, |header| header.transaction.byte()),
        before_after: header.map_or(0, |header| header.before_after),
        partition: header.map_or(0, |header| header.partition),
        undo: header.map_or(0, |header| header.undo),
        orig_node: header.map_or(0, |header| header.orig_node),
        format_type: header.map_or(0, |header| header.format_type),
        syskey_len: header.map_or(0, |header| header.syskey_len),
        continued: header.map_or(0, |header| header.continued),
        record_count: header.map_or(0, |header| header.record_count),
        is_file_header: record.is_file_header(),
        has_header: header.is_some(),
        has_table_index: index.is_some(),
        little_endian: record.byte_order() == ByteOrder::Little,
    }
}
