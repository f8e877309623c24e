//! Framing: where a record and its areas lie. Spec section 1.
//!
//! ```text
//! 'F' or 'G' | info | L      area tokens …      'Z' | info | L
//! ```
//!
//! L counts the whole record, its own header and the trailer included; the areas' lengths count their bodies alone. A
//! record is taken as a record only where all of it agrees: the trailer repeats L, the areas fill it exactly, the header
//! starts with its indicator and its RecLength is the data area's length.
//!
//! Lengths of four bytes (bit 40 of the info byte) are SEEN inside table definitions only. For whole records they are
//! INFERRED, and so is their trailer, which is expected to be as wide; no real record over 64 KiB has been seen.

use crate::trail::record_header::{
    self, PARTITION_COLUMNS, PARTITION_TDR_INDEX, RecordHeader, TableRef, TransactionIndicator, offset,
};
use crate::trail::record_type::RecordType;
use crate::trail::wire::{ByteOrder, Fault, FaultKind, INFO_WIDE, Token, Tokens, is_wide};

/// Outer id of a file header record.
pub const FILE_HEADER: u8 = b'F';
/// Outer id of every other record.
pub const RECORD: u8 = b'G';
/// Area ids.
pub mod area {
    /// Record header.
    pub const HEADER: u8 = b'H';
    /// Data.
    pub const DATA: u8 = b'D';
    /// GoldenGate's own tokens.
    pub const TOKENS: u8 = b'T';
    /// The user's tokens.
    pub const USER_TOKENS: u8 = b'U';
    /// Record trailer.
    pub const TRAILER: u8 = b'Z';
}

/// What framing has found out about a record: its place in a buffer, its areas, and the header fields that decide where
/// it goes. Plain numbers, so that a block of records can be framed ahead of their use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Offset of the record in its buffer.
    pub(crate) at: u64,
    /// Length of the whole record.
    pub(crate) len: u32,
    /// Where the data area's body starts, from the record's first byte.
    data_at: u32,
    data_len: u32,
    /// Where the areas behind the data start.
    tail_at: u32,
    head_len: u16,
    /// The table definition's index, where the header has one.
    pub(crate) table: u16,
    head_at: u8,
    pub(crate) record_type: RecordType,
    transaction: u8,
    flags: u8,
}

const FLAG_FILE_HEADER: u8 = 1;
const FLAG_BEFORE: u8 = 2;
const FLAG_TDR_INDEX: u8 = 4;
const FLAG_COLUMNS: u8 = 8;
const FLAG_LITTLE: u8 = 16;
const FLAG_WIDE: u8 = 32;
/// Set by the reader on records of a transaction that a RestartAbend has taken back.
const FLAG_ROLLED_BACK: u8 = 64;
/// A row that is a change by itself: nothing but a fragment behind it can belong to it.
const FLAG_ROW: u8 = 128;

/// The flag of a row by record type. Of an update of two records, the second is one if it stands alone.
#[inline(always)]
const fn row_flag(record_type: u8, before: bool) -> u8 {
    match RecordType(record_type) {
        RecordType::FIELD_COMP if !before => FLAG_ROW,
        RecordType::INSERT
        | RecordType::DELETE
        | RecordType::PURGE_DATA
        | RecordType::PK_UPDATE
        | RecordType::UNIFIED_UPDATE
        | RecordType::UNIFIED_PK_UPDATE => FLAG_ROW,
        _ => 0,
    }
}

impl Frame {
    /// Of no record.
    pub(crate) const NONE: Self = Self {
        at: 0,
        len: 0,
        data_at: 0,
        data_len: 0,
        tail_at: 0,
        head_len: 0,
        table: 0,
        head_at: 0,
        record_type: RecordType(0),
        transaction: 0,
        flags: 0,
    };

    /// The same record at another place in its buffer.
    #[inline(always)]
    pub(crate) fn moved_to(self, at: u64) -> Self {
        Self { at, ..self }
    }

    #[inline(always)]
    pub(crate) fn transaction(&self) -> TransactionIndicator {
        TransactionIndicator::from_byte(self.transaction)
    }

    pub(crate) fn is_file_header(&self) -> bool {
        self.flags & FLAG_FILE_HEADER != 0
    }

    /// Whether the header says that the image is of before the change.
    #[inline(always)]
    pub(crate) fn is_before(&self) -> bool {
        self.flags & FLAG_BEFORE != 0
    }

    #[inline(always)]
    pub(crate) fn has_tdr_index(&self) -> bool {
        self.flags & FLAG_TDR_INDEX != 0
    }

    /// Whether rows are lists of columns.
    #[inline(always)]
    pub(crate) fn has_columns(&self) -> bool {
        self.flags & FLAG_COLUMNS != 0
    }

    #[inline(always)]
    pub(crate) fn order(&self) -> ByteOrder {
        if self.flags & FLAG_LITTLE != 0 { ByteOrder::Little } else { ByteOrder::Big }
    }

    pub(crate) fn roll_back(&mut self) {
        self.flags = (self.flags | FLAG_ROLLED_BACK) & !FLAG_ROW;
    }

    /// Whether it is a row that is a change by itself, and is to be handed out.
    #[inline(always)]
    pub(crate) fn is_plain_row(&self) -> bool {
        self.flags & FLAG_ROW != 0
    }

    /// Whether it may make what stands before it more than a row: a fragment, or a file's start, behind which more may come.
    #[inline(always)]
    pub(crate) fn may_follow(&self) -> bool {
        self.record_type == RecordType::LOB || self.is_file_header()
    }

    /// Whether its indicator says that its transaction began before it and ends behind it.
    #[inline(always)]
    pub(crate) fn is_middle(&self) -> bool {
        self.transaction == 1
    }

    /// Whether a transaction begins or ends with it, by the indicator byte alone.
    #[inline(always)]
    pub(crate) fn begins_and_ends(&self) -> (bool, bool) {
        (self.transaction == 0 || self.transaction == 3, self.transaction == 2 || self.transaction == 3)
    }

    #[inline(always)]
    pub(crate) fn is_rolled_back(&self) -> bool {
        self.flags & FLAG_ROLLED_BACK != 0
    }
}

/// A record in a buffer: its bytes and where its areas lie in them.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    bytes: &'a [u8],
    frame: Frame,
}

impl<'a> Record<'a> {
    /// Frames the record at the start of `bytes`; bytes behind it are left alone.
    ///
    /// # Errors
    /// *NeedMore* where the bytes end inside what may be a record, *Corrupt* where they contradict each other.
    ///
    /// ```
    /// use trailcore::trail::{ByteOrder, FaultKind, Record};
    /// assert_eq!(Record::parse(b"G\x01\0", ByteOrder::Big).unwrap_err().kind, FaultKind::NeedMore);
    /// assert_eq!(Record::parse(b"e\x01\0\x80", ByteOrder::Big).unwrap_err().kind, FaultKind::Corrupt);
    /// ```
    pub fn parse(bytes: &'a [u8], order: ByteOrder) -> Result<Self, Fault> {
        let frame = frame(bytes, order)?;
        Ok(Self { bytes: bytes.get(..frame.len as usize).unwrap_or_default(), frame })
    }

    /// A record framed before, in the buffer it was framed in.
    #[inline(always)]
    pub(crate) fn from_frame(buffer: &'a [u8], frame: &Frame) -> Self {
        let at = frame.at as usize;
        Self { bytes: buffer.get(at..at + frame.len as usize).unwrap_or_default(), frame: *frame }
    }

    /// The whole record, from its first byte to the end of its trailer.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether it is a file header record.
    #[must_use]
    pub fn is_file_header(&self) -> bool {
        self.frame.is_file_header()
    }

    /// The order of the bytes of its numbers.
    #[must_use]
    pub fn byte_order(&self) -> ByteOrder {
        self.frame.order()
    }

    /// What it is. A file header record has type 0.
    #[must_use]
    pub fn record_type(&self) -> RecordType {
        self.frame.record_type
    }

    /// Whether its header says that its image is of before the change.
    #[inline]
    #[must_use]
    pub fn is_before_image(&self) -> bool {
        self.frame.is_before()
    }

    /// Whether its header says that its rows are lists of columns (Partition bit 04).
    #[inline]
    #[must_use]
    pub fn has_column_lists(&self) -> bool {
        self.frame.has_columns()
    }

    #[inline(always)]
    fn part(&self, at: u32, len: u32) -> &'a [u8] {
        self.bytes.get(at as usize..(at as usize).saturating_add(len as usize)).unwrap_or_default()
    }

    /// The body of its header area; empty for a file header record.
    #[inline(always)]
    #[must_use]
    pub fn header_bytes(&self) -> &'a [u8] {
        self.part(u32::from(self.frame.head_at), u32::from(self.frame.head_len))
    }

    /// Its header, in full.
    ///
    /// # Errors
    /// *Corrupt* where the header's bytes contradict each other, or the record is a file header.
    pub fn header(&self) -> Result<RecordHeader<'a>, Fault> {
        RecordHeader::parse(self.header_bytes(), self.byte_order())
    }

    /// How its header names the table.
    ///
    /// # Errors
    /// *Corrupt* where a name has no end.
    #[inline]
    pub fn table(&self) -> Result<TableRef<'a>, Fault> {
        if self.frame.has_tdr_index() {
            return Ok(TableRef::Index(self.frame.table));
        }
        let bytes = self.header_bytes().get(offset::TABLE..).unwrap_or_default();
        let end = bytes.iter().position(|&byte| byte == 0).ok_or(Fault::corrupt(offset::TABLE, "a table name has no end"))?;
        Ok(TableRef::Name(bytes.get(..end).unwrap_or_default()))
    }

    /// The body of its data area; empty where it has none. Of a file header record: its groups.
    #[inline(always)]
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        self.part(self.frame.data_at, self.frame.data_len)
    }

    /// The areas behind the data: tokens, user tokens, and what no one knows.
    pub fn tail_areas(&self) -> impl Iterator<Item = Token<'a>> + use<'a> {
        let trailer = if self.frame.flags & FLAG_WIDE != 0 { 6 } else { 4 };
        let end = self.bytes.len().saturating_sub(trailer);
        let tail = self.bytes.get(self.frame.tail_at as usize..end).unwrap_or_default();
        // Framing has walked them to their end.
        Tokens::new(tail, self.byte_order()).filter_map(Result::ok)
    }

    /// Every area of the record with its id, in order; for a file header record its groups.
    pub fn areas(&self) -> impl Iterator<Item = Token<'a>> + use<'a> {
        let outer = if self.frame.flags & FLAG_WIDE != 0 { 6 } else { 4 };
        let end = self.bytes.len().saturating_sub(outer);
        Tokens::new(self.bytes.get(outer..end).unwrap_or_default(), self.byte_order()).filter_map(Result::ok)
    }

    /// The body of its `T` area, GoldenGate's own tokens; `None` where it has none.
    #[must_use]
    pub fn token_area(&self) -> Option<&'a [u8]> {
        self.tail_areas().find(|token| token.id == area::TOKENS).map(|token| token.body)
    }

    /// The body of its `U` area, the user's tokens; `None` where it has none. Its layout is UNKNOWN (spec section 11.7),
    /// so the bytes are all there is.
    #[must_use]
    pub fn user_token_area(&self) -> Option<&'a [u8]> {
        self.tail_areas().find(|token| token.id == area::USER_TOKENS).map(|token| token.body)
    }

    /// The record's time, in microseconds since Julian day 0.
    #[inline(always)]
    pub(crate) fn julian_time(&self) -> u64 {
        let order = self.byte_order();
        self.header_bytes().get(offset::TIME..).and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| order.u64(*bytes))
    }

    /// AuditPos and AuditRBA as they stand: two records with the same bytes come from the same place in the log.
    #[inline]
    pub(crate) fn log_place(&self) -> &'a [u8] {
        self.header_bytes().get(offset::AUDIT_POS..offset::TRANS_IND).unwrap_or_default()
    }

    /// Whether its header says that its data go on in the next record. No such record has been seen.
    pub(crate) fn is_continued(&self) -> bool {
        self.header_bytes().get(offset::CONTINUED).is_some_and(|&byte| byte != 0)
    }

    #[inline]
    pub(crate) fn orig_node(&self) -> u8 {
        self.header_bytes().get(offset::ORIG_NODE).copied().unwrap_or_default()
    }
}

/// Lies behind the data area: the trailer has one header's length and an empty body.
const TRAILER_LEN: usize = 4;
const WIDE_TRAILER_LEN: usize = 6;

/// What a run of framing has come to.
pub(crate) struct Run {
    /// The place behind the last record.
    pub(crate) end: usize,
    /// Whether all records are rows that are changes by themselves.
    pub(crate) plain: bool,
    /// Why the run ends there, if not for the limit or the end of the bytes.
    pub(crate) fault: Option<Fault>,
}

/// Frames the records of `bytes` from `at` on, at most `limit` of them.
pub(crate) fn frame_run(bytes: &[u8], at: usize, order: ByteOrder, limit: usize, frames: &mut Vec<Frame>) -> Run {
    // Monomorphic in the byte order: the choice is made here, once a run.
    match order {
        ByteOrder::Big => frame_run_in(bytes, at, ByteOrder::Big, limit, frames),
        ByteOrder::Little => frame_run_in(bytes, at, ByteOrder::Little, limit, frames),
    }
}

#[inline(always)]
fn frame_run_in(bytes: &[u8], mut at: usize, order: ByteOrder, limit: usize, frames: &mut Vec<Frame>) -> Run {
    let mut plain = true;
    for _ in 0..limit {
        let rest = bytes.get(at..).unwrap_or_default();
        let frame = match frame_fast_path(rest, at as u64, order) {
            Some(frame) => frame,
            None if rest.is_empty() => break,
            None => match frame_in(rest, order) {
                Ok(frame) => frame.moved_to(at as u64),
                Err(fault) => return Run { end: at, plain, fault: Some(fault) },
            },
        };
        plain &= frame.is_plain_row();
        at += frame.len as usize;
        frames.push(frame);
    }
    Run { end: at, plain, fault: None }
}

/// Frames a record of the usual form: lengths of two bytes, a table by index, data and at most one area behind it. `None`
/// for any other form and for whatever is wrong: [`frame_in`] then says what it is. What this accepts, `frame_in` accepts
/// with the same result; it is here because it has one way out and no more.
#[inline(always)]
fn frame_fast_path(bytes: &[u8], at: u64, order: ByteOrder) -> Option<Frame> {
    const OUTER: usize = 4;
    const HEAD_AT: usize = OUTER + 4;
    const HEAD_LEN: usize = offset::TABLE + 2;
    const DATA_AT: usize = HEAD_AT + HEAD_LEN + 4;
    let start = bytes.first_chunk::<DATA_AT>()?;
    let &[outer, outer_info, a, b, header, head_info, c, d, ref head @ ..] = start;
    let &[indicator, partition, _, before_after, e, f, record_type, ..] = head;
    let &[.., t, u, data, data_info, g, h] = head;
    let len = usize::from(order.u16([a, b]));
    let data_len = usize::from(order.u16([g, h]));
    let wide = (outer_info | head_info | data_info) & INFO_WIDE != 0;
    let ends_here = head[offset::CONTINUED] == 0;
    let ids = [outer, header, indicator, data] == [RECORD, area::HEADER, record_header::INDICATOR, area::DATA];
    let lengths = usize::from(order.u16([c, d])) == HEAD_LEN && [e, f] == [g, h];
    if !ids || !lengths || !ends_here || wide || partition & PARTITION_TDR_INDEX == 0 {
        return None;
    }
    let record = bytes.get(..len)?;
    let end = len.checked_sub(TRAILER_LEN)?;
    let &[trailer, _, i, j] = record.last_chunk()?;
    if trailer != area::TRAILER || [i, j] != [a, b] {
        return None;
    }
    let tail_at = DATA_AT + data_len;
    if tail_at != end {
        let &[_, tail_info, k, l] = record.get(tail_at..)?.first_chunk()?;
        if tail_at + 4 + usize::from(order.u16([k, l])) != end || tail_info & INFO_WIDE != 0 {
            return None;
        }
    }
    let flags = order_flag(order)
        | FLAG_TDR_INDEX
        | if before_after == b'B' { FLAG_BEFORE } else { 0 }
        | if partition & PARTITION_COLUMNS != 0 { FLAG_COLUMNS } else { 0 }
        | row_flag(record_type, before_after == b'B');
    Some(Frame {
        at,
        len: len as u32,
        data_at: DATA_AT as u32,
        data_len: data_len as u32,
        tail_at: tail_at as u32,
        head_len: HEAD_LEN as u16,
        table: order.u16([t, u]),
        head_at: HEAD_AT as u8,
        record_type: RecordType(record_type),
        transaction: head[offset::TRANS_IND],
        flags,
    })
}

/// The length that a record at the start of `bytes` claims, whether or not it is one.
pub(crate) fn claimed_length(bytes: &[u8], order: ByteOrder) -> Option<u64> {
    let &[_, info, a, b] = bytes.first_chunk()?;
    if is_wide(info) {
        let &[_, _, a, b, c, d] = bytes.first_chunk()?;
        return Some(u64::from(order.u32([a, b, c, d])));
    }
    Some(u64::from(order.u16([a, b])))
}

/// Frames the record at the start of `bytes`.
#[inline]
pub(crate) fn frame(bytes: &[u8], order: ByteOrder) -> Result<Frame, Fault> {
    match order {
        ByteOrder::Big => frame_in(bytes, ByteOrder::Big),
        ByteOrder::Little => frame_in(bytes, ByteOrder::Little),
    }
}

fn frame_in(bytes: &[u8], order: ByteOrder) -> Result<Frame, Fault> {
    let Some(&[id, info, a, b]) = bytes.first_chunk() else { return Err(too_short(bytes)) };
    if id != RECORD || is_wide(info) {
        return frame_slow_path(bytes, order);
    }
    let len = usize::from(order.u16([a, b]));
    let Some(record) = bytes.get(..len) else { return Err(unfinished(bytes, len, 4, order)) };
    let Some(&[trailer, _, c, d]) = record.last_chunk() else { return Err(LENGTH_TOO_SMALL) };
    if trailer != area::TRAILER || [c, d] != [a, b] {
        return Err(TRAILER_DISAGREES.after(len.saturating_sub(TRAILER_LEN)));
    }
    frame_areas(record, 4, TRAILER_LEN, order)
}

const LENGTH_TOO_SMALL: Fault = Fault::corrupt(2, "a record is shorter than its own frame");
const TRAILER_DISAGREES: Fault = Fault::corrupt(0, "the record trailer is not where the length says");
const NO_RECORD: Fault = Fault::corrupt(0, "no record starts here");

/// Fewer bytes than a token header.
#[cold]
fn too_short(bytes: &[u8]) -> Fault {
    match bytes.first() {
        None | Some(&(RECORD | FILE_HEADER)) => Fault::need_more(bytes.len(), "the bytes end inside a record"),
        Some(_) => NO_RECORD,
    }
}

/// What to say of a record that goes beyond the bytes at hand. It is a torn tail if it is good so far, and damage if the
/// areas that are here already contradict its length.
#[cold]
fn unfinished(bytes: &[u8], len: usize, mut at: usize, order: ByteOrder) -> Fault {
    let mut first = true;
    while let Some(&[id, info, a, b]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        if id == area::TRAILER {
            return Fault::corrupt(2, "the record's length goes beyond its trailer");
        }
        if first && id != area::HEADER && bytes.first() == Some(&RECORD) {
            return Fault::corrupt(at, "a record does not start with its header");
        }
        first = false;
        let wide = bytes.get(at + 2..).and_then(|rest| rest.first_chunk()).map(|length| order.u32(*length) as usize);
        let body = match wide {
            Some(wide) if is_wide(info) => wide.saturating_add(2),
            None if is_wide(info) => break,
            _ => usize::from(order.u16([a, b])),
        };
        at = at.saturating_add(4).saturating_add(body);
        if at > len.saturating_sub(TRAILER_LEN) {
            return Fault::corrupt(at, "an area goes beyond the end of its record");
        }
    }
    Fault::need_more(bytes.len(), "the bytes end inside a record")
}

/// File header records, and records with a length of four bytes.
#[cold]
fn frame_slow_path(bytes: &[u8], order: ByteOrder) -> Result<Frame, Fault> {
    let Some(&[id, info, a, b]) = bytes.first_chunk() else { return Err(too_short(bytes)) };
    if id != RECORD && id != FILE_HEADER {
        return Err(NO_RECORD);
    }
    let wide = is_wide(info);
    let (outer, trailer_len, len) = if wide {
        let Some(&[.., c, d]) = bytes.first_chunk::<6>() else {
            return Err(Fault::need_more(bytes.len(), "the bytes end inside a record"));
        };
        (6, WIDE_TRAILER_LEN, order.u32([a, b, c, d]) as usize)
    } else {
        (4, TRAILER_LEN, usize::from(order.u16([a, b])))
    };
    if len < outer + trailer_len {
        return Err(LENGTH_TOO_SMALL);
    }
    let Some(record) = bytes.get(..len) else { return Err(unfinished(bytes, len, outer, order)) };
    let trailer_at = len - trailer_len;
    let trailer = record.get(trailer_at..).unwrap_or_default();
    let repeats = match *trailer {
        [area::TRAILER, _, c, d] => [c, d] == [a, b],
        [area::TRAILER, info, ref length @ ..] => {
            is_wide(info) && length.first_chunk().map(|l| order.u32(*l) as usize) == Some(len)
        }
        _ => false,
    };
    if !repeats {
        return Err(TRAILER_DISAGREES.after(trailer_at));
    }
    let mut frame = if id == FILE_HEADER {
        frame_file_header(record, outer, trailer_at, order)?
    } else {
        frame_areas(record, outer, trailer_len, order)?
    };
    if wide {
        frame.flags |= FLAG_WIDE;
    }
    Ok(frame)
}

fn frame_file_header(record: &[u8], outer: usize, trailer_at: usize, order: ByteOrder) -> Result<Frame, Fault> {
    let groups = record.get(outer..trailer_at).unwrap_or_default();
    for token in Tokens::new(groups, order) {
        token.map_err(|fault| fault.after(outer))?;
    }
    Ok(Frame {
        at: 0,
        len: record.len() as u32,
        data_at: outer as u32,
        data_len: groups.len() as u32,
        tail_at: trailer_at as u32,
        head_len: 0,
        table: 0,
        head_at: 0,
        record_type: RecordType(0),
        transaction: TransactionIndicator::Only.byte(),
        flags: FLAG_FILE_HEADER | order_flag(order),
    })
}

fn order_flag(order: ByteOrder) -> u8 {
    match order {
        ByteOrder::Big => 0,
        ByteOrder::Little => FLAG_LITTLE,
    }
}

/// Walks the areas of a record whose frame is good.
fn frame_areas(record: &[u8], outer: usize, trailer_len: usize, order: ByteOrder) -> Result<Frame, Fault> {
    let end = record.len().saturating_sub(trailer_len);
    // One bounds check for all fields of the header that are read here.
    let head_at = outer + 4;
    let Some(start) = record.get(outer..).and_then(|rest| rest.first_chunk::<{ 4 + record_header::MIN_LEN }>()) else {
        return Err(LENGTH_TOO_SMALL);
    };
    let &[id, head_info, a, b, ref head @ ..] = start;
    if id != area::HEADER || is_wide(head_info) {
        return Err(Fault::corrupt(outer, "a record does not start with its header"));
    }
    let head_len = order.u16([a, b]);
    if usize::from(head_len) < record_header::MIN_LEN {
        return Err(Fault::corrupt(outer, "a record header is too short"));
    }
    if head[0] != record_header::INDICATOR {
        return Err(Fault::corrupt(head_at, "the record header does not start with its indicator"));
    }
    let partition = head[offset::PARTITION];
    let by_index = partition & PARTITION_TDR_INDEX != 0;
    let before = head[offset::BEFORE_AFTER] == b'B';
    let columns = partition & PARTITION_COLUMNS != 0;
    let flags = order_flag(order)
        | if before { FLAG_BEFORE } else { 0 }
        | if columns { FLAG_COLUMNS } else { 0 }
        | if by_index { FLAG_TDR_INDEX } else { 0 };
    // The shortest header has room for one byte of the two; the shortest record has a trailer behind it.
    let Some(&index) = record.get(head_at + offset::TABLE..).and_then(|rest| rest.first_chunk()) else {
        return Err(LENGTH_TOO_SMALL);
    };
    if by_index && usize::from(head_len) < offset::TABLE + 2 {
        return Err(Fault::corrupt(outer, "a record header is too short"));
    }
    let table = order.u16(index);
    let mut at = head_at + usize::from(head_len);
    let (mut data_at, mut data_len) = (at, 0);
    let mut tail_at = at;
    if at < end && record.get(at) == Some(&area::DATA) {
        let (body_at, body_len) = area_extent(record, at, order)?;
        (data_at, data_len) = (body_at, body_len);
        at = body_at + body_len;
        tail_at = at;
    }
    while at < end {
        let (body_at, body_len) = area_extent(record, at, order)?;
        at = body_at + body_len;
    }
    if at != end {
        return Err(Fault::corrupt(at.min(end), "an area goes beyond the end of its record"));
    }
    let record_length = order.u16([head[offset::RECORD_LENGTH], head[offset::RECORD_LENGTH + 1]]);
    // The field has two bytes. What it holds for data over 64 KiB is UNKNOWN, so it is not held against such a record.
    if usize::from(record_length) != data_len && data_len <= usize::from(u16::MAX) {
        return Err(Fault::corrupt(head_at + offset::RECORD_LENGTH, "the header's record length is not the data area's"));
    }
    Ok(Frame {
        at: 0,
        len: record.len() as u32,
        data_at: data_at as u32,
        data_len: data_len as u32,
        tail_at: tail_at as u32,
        head_len,
        table,
        head_at: head_at as u8,
        record_type: RecordType(head[offset::IO_TYPE]),
        transaction: head[offset::TRANS_IND],
        // A record that goes on in the next one is no row by itself.
        flags: flags | if head[offset::CONTINUED] == 0 { row_flag(head[offset::IO_TYPE], before) } else { 0 },
    })
}

/// Where the body of the area at `at` starts, and its length. The body may go beyond the record; the caller checks.
#[inline(always)]
fn area_extent(record: &[u8], at: usize, order: ByteOrder) -> Result<(usize, usize), Fault> {
    let Some(&[_, info, a, b]) = record.get(at..).and_then(|rest| rest.first_chunk()) else {
        return Err(Fault::corrupt(at, "an area goes beyond the end of its record"));
    };
    if is_wide(info) {
        let Some(&[_, _, a, b, c, d]) = record.get(at..).and_then(|rest| rest.first_chunk()) else {
            return Err(Fault::corrupt(at, "an area goes beyond the end of its record"));
        };
        return Ok((at + 6, order.u32([a, b, c, d]) as usize));
    }
    Ok((at + 4, usize::from(order.u16([a, b]))))
}

/// The byte order of the record at the start of `bytes`, by the safe rule of spec section 1.1: only one order makes its
/// length point at a trailer that repeats it. `None` where the bytes do not reach to the trailer, or neither order does.
///
/// ```
/// use trailcore::trail::{ByteOrder, detect_byte_order};
/// let record = b"G\x01\x00\x2fH\0\0\x23E\0\0A\0\0\x97\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x03R\0\0\0\0\0Z\x01\x00\x2f";
/// assert_eq!(detect_byte_order(record), Some(ByteOrder::Big));
/// assert_eq!(detect_byte_order(&record[..20]), None);
/// ```
#[must_use]
pub fn detect_byte_order(bytes: &[u8]) -> Option<ByteOrder> {
    [ByteOrder::Big, ByteOrder::Little].into_iter().find(|&order| frame(bytes, order).is_ok())
}

/// The same, with the fault where no order fits: *NeedMore* if in some order the bytes are a beginning.
pub(crate) fn settle_byte_order(bytes: &[u8], first_guess: ByteOrder) -> Result<ByteOrder, Fault> {
    let fault = match frame(bytes, first_guess) {
        Ok(_) => return Ok(first_guess),
        Err(fault) => fault,
    };
    match frame(bytes, first_guess.other()) {
        Ok(_) => Ok(first_guess.other()),
        Err(other) if fault.kind != FaultKind::NeedMore && other.kind == FaultKind::NeedMore => Err(other),
        Err(_) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minimal(order: ByteOrder) -> Vec<u8> {
        let mut head = vec![b'E', 0, 0, b'A', 0, 0, 151, 0];
        head.resize(28, 0);
        head.extend_from_slice(&[3, b'R', 0, 0, 0, 0, 0]);
        let mut record = vec![b'G', 1];
        order.put_u16(&mut record, 47);
        record.extend_from_slice(b"H\0");
        order.put_u16(&mut record, 35);
        record.extend_from_slice(&head);
        record.extend_from_slice(b"Z\x01");
        order.put_u16(&mut record, 47);
        record
    }

    /// A row with data and tokens, as most records are.
    fn row(order: ByteOrder) -> Vec<u8> {
        let mut head = vec![b'E', 0x0c, 0, b'A', 0, 0, 5, 0xff];
        head.resize(28, 1);
        head.extend_from_slice(&[3, b'R', 0, 0, 0, 1]);
        order.put_u16(&mut head, 2);
        let header = crate::trail::RecordHeader::parse(&head, order).unwrap();
        let token = |id, body| Token { id, info: 0, body };
        let areas = vec![token(area::DATA, b"\0\0\0\x04\0\0WA"), token(area::TOKENS, b"L\0\0\0")];
        let mut out = Vec::new();
        crate::trail::encode::RecordParts { info: 1, header, areas }.encode(order, &mut out).unwrap();
        out
    }

    #[test]
    fn the_usual_form_is_framed_as_any_other() {
        for order in [ByteOrder::Big, ByteOrder::Little] {
            let bytes = row(order);
            assert_eq!(frame_fast_path(&bytes, 0, order), Some(frame_in(&bytes, order).unwrap()));
            // Whatever single bit is wrong: the quick way accepts nothing that the full one does not, nor differently.
            for bit in 0..bytes.len() * 8 {
                let mut wrong = bytes.clone();
                wrong[bit / 8] ^= 1 << (bit % 8);
                if let Some(frame) = frame_fast_path(&wrong, 0, order) {
                    assert_eq!(Ok(frame), frame_in(&wrong, order), "bit {bit}");
                }
            }
            for end in 0..bytes.len() {
                assert_eq!(frame_fast_path(&bytes[..end], 0, order), None);
            }
        }
    }

    #[test]
    fn both_orders_and_only_the_right_one() {
        for order in [ByteOrder::Big, ByteOrder::Little] {
            let bytes = minimal(order);
            let record = Record::parse(&bytes, order).unwrap();
            assert_eq!(record.record_type(), RecordType::RESTART_OK);
            assert_eq!(record.table().unwrap(), TableRef::Name(b""));
            assert_eq!(record.data(), b"");
            assert!(Record::parse(&bytes, order.other()).is_err());
            assert_eq!(detect_byte_order(&bytes), Some(order));
        }
    }

    #[test]
    fn every_cut_needs_more_bytes() {
        let bytes = minimal(ByteOrder::Little);
        for end in 0..bytes.len() {
            assert_eq!(Record::parse(&bytes[..end], ByteOrder::Little).unwrap_err().kind, FaultKind::NeedMore, "{end}");
        }
    }

    #[test]
    fn a_length_that_grew_is_damage_and_no_torn_tail() {
        let mut bytes = minimal(ByteOrder::Big);
        bytes[2] = 0x40;
        assert_eq!(Record::parse(&bytes, ByteOrder::Big).unwrap_err().kind, FaultKind::Corrupt);
        // The same with a length of four bytes and four gigabytes.
        let mut huge = vec![b'G', 0x40, 0xff, 0xff, 0xff, 0xff];
        huge.extend_from_slice(&minimal(ByteOrder::Big)[4..]);
        assert_eq!(Record::parse(&huge, ByteOrder::Big).unwrap_err().kind, FaultKind::Corrupt);
    }
}
