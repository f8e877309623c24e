//! Writes records: the inverse of framing.
//!
//! [`RecordParts`] is a record split into its areas. Splitting a record and writing it again returns the same bytes if its
//! header and trailer tokens have the info bytes that all real ones have. [`TrailWriter`](crate::sink::TrailWriter) builds
//! on this and writes whole trails.

use crate::trail::frame::{RECORD, Record, area};
use crate::trail::record_header::RecordHeader;
use crate::trail::wire::{ByteOrder, Fault, INFO_WIDE, TOO_LONG, Token, is_wide, put_token, put_token_header};

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
        let mut header = self.header;
        // The data area directly follows the header; the same id further on is another area.
        let data_len = self.areas.first().filter(|token| token.id == area::DATA).map_or(0, |token| token.body.len());
        // The content of the field for data over 64 KiB is UNKNOWN. The low 16 bits are written; readers do not compare them.
        header.record_length = data_len as u16;
        let mut head = Vec::with_capacity(64);
        header.encode(order, &mut head)?;

        let area_len =
            |token: &Token<'_>| token.body.len() + if is_wide(token.info) || token.body.len() > U16_MAX { 6 } else { 4 };
        let inner = 4 + head.len() + self.areas.iter().map(area_len).sum::<usize>();
        let wide = is_wide(self.info) || inner + 8 > U16_MAX;
        let info = if wide { self.info | INFO_WIDE } else { self.info };
        let whole = inner + if wide { 12 } else { 8 };
        u32::try_from(whole).map_err(|_| TOO_LONG)?;

        put_token_header(out, order, RECORD, info, whole)?;
        put_token(out, order, Token { id: area::HEADER, info: 0, body: &head })?;
        for token in &self.areas {
            let info = if token.body.len() > U16_MAX { token.info | INFO_WIDE } else { token.info };
            put_token(out, order, Token { info, ..*token })?;
        }
        put_token_header(out, order, area::TRAILER, info, whole)
    }
}

const U16_MAX: usize = u16::MAX as usize;
