//! Framing: finds a record and its areas in a buffer. See docs/trail-format.md, section 2.
//!
//! ```text
//! 'F' or 'G' | info | L      area tokens …      'Z' | info | L
//! ```
//!
//! L counts the whole record, including its own token header and the trailer. The length of an area counts its body only.
//! A record is accepted only if everything agrees: the trailer repeats L, the areas fill the record exactly, the header
//! starts with its indicator, and its RecLength is the length of the data area.
//!
//! Four-byte lengths (bit 40 of the info byte) are SEEN inside table definitions only. For whole records they are
//! INFERRED, and so is a trailer of the same width; no real record over 64 KiB has been seen.

use crate::trail::prefetch::prefetch;
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

/// The result of framing a record: its offset in a buffer, its areas, and the header fields that decide how it is
/// processed. It holds plain numbers, so a block of records can be framed ahead of use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Offset of the record in its buffer.
    pub(crate) at: u64,
    /// Length of the whole record.
    pub(crate) len: u32,
    /// Offset of the data area's body from the record's first byte.
    data_at: u32,
    data_len: u32,
    /// Offset of the areas after the data.
    tail_at: u32,
    head_len: u16,
    /// The index of the table definition, if the header has one.
    pub(crate) table: u16,
    head_at: u8,
    pub(crate) record_type: RecordType,
    transaction: u8,
    flags: u8,
}

const FLAG_BEFORE: u8 = 1;
const FLAG_COLUMNS: u8 = 2;
const FLAG_FILE_HEADER: u8 = 4;
const FLAG_TDR_INDEX: u8 = 8;
const FLAG_LITTLE: u8 = 16;
const FLAG_WIDE: u8 = 32;
/// Set by the reader on records of a transaction that a RestartAbend has rolled back.
const FLAG_ROLLED_BACK: u8 = 64;
/// A row that is a change on its own: only fragments after it can belong to it.
const FLAG_ROW: u8 = 128;

/// Returns `FLAG_ROW` if a record of this type is a change on its own. The after record of an update of two records counts
/// as one, as it may occur without a before record.
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
    /// Returns the same frame at another offset in its buffer.
    #[inline(always)]
    pub(crate) fn moved_to(self, at: u64) -> Self {
        Self { at, ..self }
    }

    #[inline(always)]
    pub(crate) fn transaction(&self) -> TransactionIndicator {
        TransactionIndicator::from_byte(self.transaction)
    }

    /// The transaction indicator, raw.
    #[inline(always)]
    pub(crate) fn transaction_byte(&self) -> u8 {
        self.transaction
    }

    /// Start of the data area's body, from the record's first byte, and its length.
    #[inline(always)]
    pub(crate) fn data_at(&self) -> u32 {
        self.data_at
    }

    #[inline(always)]
    pub(crate) fn data_len(&self) -> u32 {
        self.data_len
    }

    /// Start of the timestamp in the header, from the record's first byte. Framing ensures that a header has it.
    #[inline(always)]
    pub(crate) fn time_at(&self) -> u32 {
        u32::from(self.head_at) + offset::TIME as u32
    }

    /// Returns the place of the areas after the data in the buffer: start and length.
    #[inline(always)]
    pub(crate) fn tail(&self) -> (usize, usize) {
        let trailer = if self.flags & FLAG_WIDE != 0 { 6 } else { 4 };
        (self.at as usize + self.tail_at as usize, (self.len.saturating_sub(self.tail_at + trailer)) as usize)
    }

    pub(crate) fn is_file_header(&self) -> bool {
        self.flags & FLAG_FILE_HEADER != 0
    }

    /// Returns whether the header marks the image as a before image.
    #[inline(always)]
    pub(crate) fn is_before(&self) -> bool {
        self.flags & FLAG_BEFORE != 0
    }

    #[inline(always)]
    pub(crate) fn has_tdr_index(&self) -> bool {
        self.flags & FLAG_TDR_INDEX != 0
    }

    /// Returns whether rows are column lists.
    #[inline(always)]
    pub(crate) fn has_columns(&self) -> bool {
        self.flags & FLAG_COLUMNS != 0
    }

    /// Returns its record type, whether it is a before image and whether rows are column lists, as one number below 1,024. See
    /// [`Frame::of_row_kind`].
    #[inline(always)]
    pub(crate) fn row_kind(&self) -> usize {
        usize::from(self.record_type.0) << 2 | usize::from(self.flags & (FLAG_BEFORE | FLAG_COLUMNS))
    }

    /// Returns the three facts of a number that [`row_kind`](Self::row_kind) returns.
    pub(crate) const fn of_row_kind(kind: usize) -> (RecordType, bool, bool) {
        let flags = kind as u8;
        (RecordType((kind >> 2) as u8), flags & FLAG_BEFORE != 0, flags & FLAG_COLUMNS != 0)
    }

    #[inline(always)]
    pub(crate) fn order(&self) -> ByteOrder {
        if self.flags & FLAG_LITTLE != 0 { ByteOrder::Little } else { ByteOrder::Big }
    }

    pub(crate) fn roll_back(&mut self) {
        self.flags = (self.flags | FLAG_ROLLED_BACK) & !FLAG_ROW;
    }

    /// Returns whether the record is a row that is a change on its own and has not been rolled back.
    #[inline(always)]
    pub(crate) fn is_plain_row(&self) -> bool {
        self.flags & FLAG_ROW != 0
    }

    /// Returns whether it is a plain row whose table is given by an index and whose images are lists of columns: nearly all rows.
    /// The images of a key update with both images have a layout that only the format knows.
    #[inline(always)]
    pub(crate) fn is_usual_row(&self) -> bool {
        const USUAL: u8 = FLAG_ROW | FLAG_TDR_INDEX | FLAG_COLUMNS;
        self.flags & USUAL == USUAL && self.record_type != RecordType::UNIFIED_PK_UPDATE
    }

    /// Returns whether the record may extend the change before it: it is a fragment, or a file header that a fragment may
    /// follow.
    #[inline(always)]
    pub(crate) fn may_follow(&self) -> bool {
        self.record_type == RecordType::LOB || self.is_file_header()
    }

    /// Returns whether the indicator marks a record inside a transaction, neither first nor last.
    #[inline(always)]
    pub(crate) fn is_middle(&self) -> bool {
        self.transaction == 1
    }

    /// Returns whether a transaction begins and whether one ends with this record, from the indicator byte only.
    #[inline(always)]
    pub(crate) fn begins_and_ends(&self) -> (bool, bool) {
        (self.transaction == 0 || self.transaction == 3, self.transaction == 2 || self.transaction == 3)
    }

    #[inline(always)]
    pub(crate) fn is_rolled_back(&self) -> bool {
        self.flags & FLAG_ROLLED_BACK != 0
    }
}

/// A record in a buffer: its bytes and the offsets of its areas.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    bytes: &'a [u8],
    frame: Frame,
}

impl<'a> Record<'a> {
    /// Frames the record at the start of `bytes`. Bytes after the record are ignored.
    ///
    /// # Errors
    /// *NeedMore* if the bytes end inside what may be a record, *Corrupt* if they contradict each other.
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

    /// Returns a record that was framed earlier, in the same buffer.
    #[inline(always)]
    pub(crate) fn from_frame(buffer: &'a [u8], frame: &Frame) -> Self {
        let at = frame.at as usize;
        Self { bytes: buffer.get(at..at + frame.len as usize).unwrap_or_default(), frame: *frame }
    }

    /// Returns the whole record, from its first byte to the end of its trailer.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns whether the record is a file header.
    #[must_use]
    pub fn is_file_header(&self) -> bool {
        self.frame.is_file_header()
    }

    /// Returns the byte order of its numbers.
    #[must_use]
    pub fn byte_order(&self) -> ByteOrder {
        self.frame.order()
    }

    /// Returns the record type. A file header record has type 0.
    #[must_use]
    pub fn record_type(&self) -> RecordType {
        self.frame.record_type
    }

    /// Returns whether the header marks the image as a before image.
    #[inline]
    #[must_use]
    pub fn is_before_image(&self) -> bool {
        self.frame.is_before()
    }

    /// Returns whether the header marks its rows as column lists (Partition bit 04).
    #[inline]
    #[must_use]
    pub fn has_column_lists(&self) -> bool {
        self.frame.has_columns()
    }

    #[inline(always)]
    fn slice(&self, at: u32, len: u32) -> &'a [u8] {
        self.bytes.get(at as usize..(at as usize).saturating_add(len as usize)).unwrap_or_default()
    }

    /// Returns the body of the header area; empty for a file header record.
    #[inline(always)]
    #[must_use]
    pub fn header_bytes(&self) -> &'a [u8] {
        self.slice(u32::from(self.frame.head_at), u32::from(self.frame.head_len))
    }

    /// Parses the whole header.
    ///
    /// # Errors
    /// *Corrupt* if the header's bytes contradict each other, or the record is a file header.
    pub fn header(&self) -> Result<RecordHeader<'a>, Fault> {
        RecordHeader::parse(self.header_bytes(), self.byte_order())
    }

    /// Returns the header's table reference: an index or a name.
    ///
    /// # Errors
    /// *Corrupt* if a name is not terminated.
    #[inline]
    pub fn table(&self) -> Result<TableRef<'a>, Fault> {
        if self.frame.has_tdr_index() {
            return Ok(TableRef::Index(self.frame.table));
        }
        let bytes = self.header_bytes().get(offset::TABLE..).unwrap_or_default();
        let end =
            bytes.iter().position(|&byte| byte == 0).ok_or(Fault::corrupt(offset::TABLE, "table name is not terminated"))?;
        Ok(TableRef::Name(bytes.get(..end).unwrap_or_default()))
    }

    /// Returns the body of the data area; empty if there is none. For a file header record, returns its groups.
    #[inline(always)]
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        self.slice(self.frame.data_at, self.frame.data_len)
    }

    /// Returns the areas after the data: tokens, user tokens and areas of unknown ids.
    pub fn tail_areas(&self) -> impl Iterator<Item = Token<'a>> + use<'a> {
        let (at, len) = Frame { at: 0, ..self.frame }.tail();
        areas_in(self.bytes.get(at..at.saturating_add(len)).unwrap_or_default(), self.byte_order())
    }

    /// Returns every area of the record with its id, in order; for a file header record, its groups.
    pub fn areas(&self) -> impl Iterator<Item = Token<'a>> + use<'a> {
        let outer = if self.frame.flags & FLAG_WIDE != 0 { 6 } else { 4 };
        let end = self.bytes.len().saturating_sub(outer);
        Tokens::new(self.bytes.get(outer..end).unwrap_or_default(), self.byte_order()).filter_map(Result::ok)
    }

    /// Returns the body of the `T` area, GoldenGate's own tokens; `None` if there is none.
    #[must_use]
    pub fn token_area(&self) -> Option<&'a [u8]> {
        let (at, len) = Frame { at: 0, ..self.frame }.tail();
        token_area_in(self.bytes.get(at..at.saturating_add(len)).unwrap_or_default(), self.byte_order())
    }

    /// Returns the body of the `U` area, the user tokens, as raw bytes; `None` if there is none. Its layout is UNKNOWN (see
    /// docs/trail-format.md, section 11).
    #[must_use]
    pub fn user_token_area(&self) -> Option<&'a [u8]> {
        self.tail_areas().find(|token| token.id == area::USER_TOKENS).map(|token| token.body)
    }

    /// Returns the raw bytes of AuditPos and AuditRBA. Two records with equal bytes come from the same position in the log.
    #[inline]
    pub(crate) fn log_place(&self) -> &'a [u8] {
        self.header_bytes().get(offset::AUDIT_POS..offset::TRANS_IND).unwrap_or_default()
    }

    /// Returns whether the header marks the data as continued in the next record. No such record has been seen.
    pub(crate) fn is_continued(&self) -> bool {
        self.header_bytes().get(offset::CONTINUED).is_some_and(|&byte| byte != 0)
    }

    #[inline]
    pub(crate) fn orig_node(&self) -> u8 {
        self.header_bytes().get(offset::ORIG_NODE).copied().unwrap_or_default()
    }
}

/// The trailer is a token header without a body.
const TRAILER_LEN: usize = 4;
const WIDE_TRAILER_LEN: usize = 6;

/// The result of framing a run of records.
pub(crate) struct Run {
    /// Offset after the last record.
    pub(crate) end: usize,
    /// All records are rows that are changes on their own, and no transaction begins before the previous one has ended.
    pub(crate) plain: bool,
    /// The fault that ended the run; `None` if the limit or the end of the bytes did.
    pub(crate) fault: Option<Fault>,
}

/// Frames at most `limit` records of `bytes`, starting at `at`.
pub(crate) fn frame_run(bytes: &[u8], at: usize, order: ByteOrder, limit: usize, frames: &mut Vec<Frame>) -> Run {
    // The constant arguments make one specialised copy per byte order; the branch is taken once per run.
    match order {
        ByteOrder::Big => frame_run_in(bytes, at, ByteOrder::Big, limit, frames),
        ByteOrder::Little => frame_run_in(bytes, at, ByteOrder::Little, limit, frames),
    }
}

#[inline(always)]
fn frame_run_in(bytes: &[u8], mut at: usize, order: ByteOrder, limit: usize, frames: &mut Vec<Frame>) -> Run {
    let (mut plain, mut inside) = (true, false);
    for _ in 0..limit {
        prefetch(bytes, at);
        let rest = bytes.get(at..).unwrap_or_default();
        let frame = match frame_fast_path(rest, at as u64, order) {
            Some(frame) => frame,
            None if rest.is_empty() => break,
            None => match frame_in(rest, order) {
                Ok(frame) => frame.moved_to(at as u64),
                Err(fault) => return Run { end: at, plain, fault: Some(fault) },
            },
        };
        let (begins, ends) = frame.begins_and_ends();
        plain &= frame.is_plain_row() & !(inside & begins);
        inside = !ends;
        at += frame.len as usize;
        frames.push(frame);
    }
    Run { end: at, plain, fault: None }
}

/// Frames a record of the usual form: two-byte lengths, a table index, data, and at most one area after it. Returns `None`
/// for any other form and for any fault; [`frame_in`] then decides. Everything this function accepts, `frame_in` accepts
/// with the same result.
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

/// Returns the length that a record at the start of `bytes` claims, whether or not the record is valid.
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

/// Returns the areas after the data of a record that was framed.
fn areas_in(tail: &[u8], order: ByteOrder) -> impl Iterator<Item = Token<'_>> {
    // Framing has validated these areas, so no fault can occur here.
    Tokens::new(tail, order).filter_map(Result::ok)
}

/// Returns the body of the `T` area among the areas after the data of a record.
pub(crate) fn token_area_in(tail: &[u8], order: ByteOrder) -> Option<&[u8]> {
    areas_in(tail, order).find(|token| token.id == area::TOKENS).map(|token| token.body)
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

const LENGTH_TOO_SMALL: Fault = Fault::corrupt(2, "record length is too small for its header and trailer");
const TRAILER_DISAGREES: Fault = Fault::corrupt(0, "no matching record trailer at the end of the record length");
const NO_RECORD: Fault = Fault::corrupt(0, "no record starts at this offset");

/// Fewer bytes than a token header.
#[cold]
fn too_short(bytes: &[u8]) -> Fault {
    match bytes.first() {
        None | Some(&(RECORD | FILE_HEADER)) => Fault::need_more(bytes.len(), "the bytes end inside a record"),
        Some(_) => NO_RECORD,
    }
}

/// Returns the fault for a record that extends beyond the available bytes. It is a torn tail if it is valid so far, and
/// damage if the available areas already contradict its length.
#[cold]
fn unfinished(bytes: &[u8], len: usize, mut at: usize, order: ByteOrder) -> Fault {
    let mut first = true;
    while let Some(&[id, info, a, b]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        if id == area::TRAILER {
            return Fault::corrupt(2, "record length extends beyond the record trailer");
        }
        if first && id != area::HEADER && bytes.first() == Some(&RECORD) {
            return Fault::corrupt(at, "record does not start with a record header area");
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
            return Fault::corrupt(at, "area extends beyond the end of its record");
        }
    }
    Fault::need_more(bytes.len(), "the bytes end inside a record")
}

/// Frames file header records, and records with a four-byte length.
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

/// Frames the areas of a record whose length and trailer agree.
fn frame_areas(record: &[u8], outer: usize, trailer_len: usize, order: ByteOrder) -> Result<Frame, Fault> {
    let end = record.len().saturating_sub(trailer_len);
    // One bounds check covers all header fields that are read here.
    let head_at = outer + 4;
    let Some(start) = record.get(outer..).and_then(|rest| rest.first_chunk::<{ 4 + record_header::MIN_LEN }>()) else {
        return Err(LENGTH_TOO_SMALL);
    };
    let &[id, head_info, a, b, ref head @ ..] = start;
    if id != area::HEADER || is_wide(head_info) {
        return Err(Fault::corrupt(outer, "record does not start with a record header area"));
    }
    let head_len = order.u16([a, b]);
    if usize::from(head_len) < record_header::MIN_LEN {
        return Err(Fault::corrupt(outer, "record header is too short"));
    }
    if head[0] != record_header::INDICATOR {
        return Err(Fault::corrupt(head_at, "record header does not start with its indicator E"));
    }
    let partition = head[offset::PARTITION];
    let by_index = partition & PARTITION_TDR_INDEX != 0;
    let before = head[offset::BEFORE_AFTER] == b'B';
    let columns = partition & PARTITION_COLUMNS != 0;
    let flags = order_flag(order)
        | if before { FLAG_BEFORE } else { 0 }
        | if columns { FLAG_COLUMNS } else { 0 }
        | if by_index { FLAG_TDR_INDEX } else { 0 };
    // The shortest header holds only one of the two bytes, but a trailer always follows it.
    let Some(&index) = record.get(head_at + offset::TABLE..).and_then(|rest| rest.first_chunk()) else {
        return Err(LENGTH_TOO_SMALL);
    };
    if by_index && usize::from(head_len) < offset::TABLE + 2 {
        return Err(Fault::corrupt(outer, "record header is too short"));
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
        return Err(Fault::corrupt(at.min(end), "area extends beyond the end of its record"));
    }
    let record_length = order.u16([head[offset::RECORD_LENGTH], head[offset::RECORD_LENGTH + 1]]);
    // The field has two bytes. Its content for data over 64 KiB is UNKNOWN, so it is not compared there.
    if usize::from(record_length) != data_len && data_len <= usize::from(u16::MAX) {
        return Err(Fault::corrupt(
            head_at + offset::RECORD_LENGTH,
            "RecLength in the record header differs from the length of the data area",
        ));
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
        // A record that continues in the next one is not a change on its own.
        flags: flags | if head[offset::CONTINUED] == 0 { row_flag(head[offset::IO_TYPE], before) } else { 0 },
    })
}

/// Returns the offset and length of the body of the area at `at`. The body may extend beyond the record; the caller checks.
#[inline(always)]
fn area_extent(record: &[u8], at: usize, order: ByteOrder) -> Result<(usize, usize), Fault> {
    let Some(&[_, info, a, b]) = record.get(at..).and_then(|rest| rest.first_chunk()) else {
        return Err(Fault::corrupt(at, "area extends beyond the end of its record"));
    };
    if is_wide(info) {
        let Some(&[_, _, a, b, c, d]) = record.get(at..).and_then(|rest| rest.first_chunk()) else {
            return Err(Fault::corrupt(at, "area extends beyond the end of its record"));
        };
        return Ok((at + 6, order.u32([a, b, c, d]) as usize));
    }
    Ok((at + 4, usize::from(order.u16([a, b]))))
}

/// Returns the byte order of the record at the start of `bytes`: only one order makes its length point at a trailer that
/// repeats it (see docs/trail-format.md, section 3). Returns `None` if the bytes do not reach the trailer, or if neither
/// order fits.
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

/// Like [`detect_byte_order`], but returns a fault if no order fits: *NeedMore* if the bytes may be the beginning of a record
/// in one of the orders.
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

    /// A row with data and tokens, the most common form.
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
    fn fast_path_agrees_with_slow_path() {
        for order in [ByteOrder::Big, ByteOrder::Little] {
            let bytes = row(order);
            assert_eq!(frame_fast_path(&bytes, 0, order), Some(frame_in(&bytes, order).unwrap()));
            // With any single bit flipped, the fast path accepts only what the slow path accepts, with the same result.
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
    fn both_byte_orders_and_only_the_right_one() {
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
    fn increased_length_is_damage_not_a_torn_tail() {
        let mut bytes = minimal(ByteOrder::Big);
        bytes[2] = 0x40;
        assert_eq!(Record::parse(&bytes, ByteOrder::Big).unwrap_err().kind, FaultKind::Corrupt);
        // The same with a four-byte length of 4 GiB.
        let mut huge = vec![b'G', 0x40, 0xff, 0xff, 0xff, 0xff];
        huge.extend_from_slice(&minimal(ByteOrder::Big)[4..]);
        assert_eq!(Record::parse(&huge, ByteOrder::Big).unwrap_err().kind, FaultKind::Corrupt);
    }
}
