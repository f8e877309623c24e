//! Writes records: the inverse of framing.
//!
//! [`RecordParts`] is a record split into its areas. Splitting a record and writing it again returns the same bytes if its
//! header and trailer tokens have the info bytes that all real ones have. [`TrailWriter`](crate::sink::TrailWriter) builds
//! on this and writes whole trails.

use crate::trail::frame::{RECORD, Record, area};
use crate::trail::record_header::RecordHeader;
use crate::trail::wire::{ByteOrder, Fault, INFO_WIDE, TOO_LONG, Token, is_wide, put_token_header};

/// Info byte of every `G` record and its trailer (SEEN).
pub const INFO_RECORD: u8 = 0x01;

/// A record split into its areas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordParts<'a> {
    /// Info byte of the record and its trailer.
    pub info: u8,
    /// The record header. Its record length is set from the data area on writing.
    pub header: RecordHeader<'a>,
    /// The areas after the header, in order: data, tokens, user tokens.
    pub areas: Vec<Token<'a>>,
}

impl<'a> RecordParts<'a> {
    /// Splits a record into its areas.
    ///
    /// # Errors
    /// *Corrupt* if the header's bytes contradict each other, or the record is a file header.
    pub fn of(record: &Record<'a>) -> Result<Self, Fault> {
        let info = record.bytes().get(1).copied().unwrap_or(INFO_RECORD);
        let header = record.header()?;
        Ok(Self { info, header, areas: record.areas().skip(1).collect() })
    }

    /// Appends the record's bytes.
    ///
    /// A record over 65,535 bytes gets four-byte lengths. This is INFERRED (see docs/trail-format.md, section 2); no such real
    /// record has been seen.
    ///
    /// # Errors
    /// *Unsupported* if an area is longer than its length field allows. `out` then holds an unfinished record, and the caller
    /// has to truncate it.
    ///
    /// ```
    /// use trailcore::trail::{ByteOrder, Record, encode::RecordParts};
    /// let bytes = b"G\x01\x00\x2fH\0\0\x23E\0\0A\0\0\x97\0\x02\xf2\x4a\x02\xfd\x11\x64\0\0\0\0\0\0\0\0\0\0\0\0\0\x03R\0\0\0\0\0Z\x01\x00\x2f";
    /// let record = Record::parse(bytes, ByteOrder::Big)?;
    /// let mut out = Vec::new();
    /// RecordParts::of(&record)?.encode(ByteOrder::Big, &mut out)?;
    /// assert_eq!(out, bytes);
    /// # Ok::<(), trailcore::trail::Fault>(())
    /// ```
    pub fn encode(&self, order: ByteOrder, out: &mut Vec<u8>) -> Result<(), Fault> {
        let area = |token: &Token<'a>| Area { id: token.id, info: token.info, body: [token.body, &[]] };
        put_record(out, order, self.info, &self.header, self.areas.iter().map(area))
    }
}

/// An area of a record that is written, with its body in two parts.
#[derive(Clone, Copy)]
pub(crate) struct Area<'a> {
    pub(crate) id: u8,
    pub(crate) info: u8,
    pub(crate) body: [&'a [u8]; 2],
}

impl<'a> Area<'a> {
    pub(crate) fn of(id: u8, body: &'a [u8]) -> Self {
        Self { id, info: 0, body: [body, &[]] }
    }

    fn len(&self) -> usize {
        self.body.iter().map(|part| part.len()).sum()
    }

    /// Returns the info byte, which shows whether the length has four bytes.
    fn written_info(&self) -> u8 {
        if self.len() > U16_MAX { self.info | INFO_WIDE } else { self.info }
    }
}

/// Appends a record; see [`RecordParts::encode`].
pub(crate) fn put_record<'a>(
    out: &mut Vec<u8>,
    order: ByteOrder,
    info: u8,
    header: &RecordHeader<'_>,
    areas: impl Iterator<Item = Area<'a>> + Clone,
) -> Result<(), Fault> {
    // The data area directly follows the header; the same id further on is another area.
    let data_len = areas.clone().next().filter(|first| first.id == area::DATA).map_or(0, |first| first.len());
    // The content of the field for data over 64 KiB is UNKNOWN. The low 16 bits are written; readers do not compare them.
    let header = RecordHeader { record_length: data_len as u16, ..*header };
    let area_len = |area: Area<'_>| area.len() + if is_wide(area.written_info()) { 6 } else { 4 };
    let inner = 4 + header.encoded_len() + areas.clone().map(area_len).sum::<usize>();
    let wide = is_wide(info) || inner + 8 > U16_MAX;
    let info = if wide { info | INFO_WIDE } else { info };
    let whole = inner + if wide { 12 } else { 8 };
    u32::try_from(whole).map_err(|_| TOO_LONG)?;

    out.reserve(whole);
    put_token_header(out, order, RECORD, info, whole)?;
    put_token_header(out, order, area::HEADER, 0, header.encoded_len())?;
    header.encode(order, out)?;
    for area in areas {
        put_token_header(out, order, area.id, area.written_info(), area.len())?;
        area.body.iter().for_each(|part| out.extend_from_slice(part));
    }
    put_token_header(out, order, area::TRAILER, info, whole)
}

const U16_MAX: usize = u16::MAX as usize;
