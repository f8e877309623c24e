//! Writing records: the inverse of framing.
//!
//! [`RecordParts`] is a record taken apart; taking a record apart and writing it again gives its bytes back, if its header
//! and trailer tokens have the info bytes that all real ones have. Whole trails are written by [`TrailWriter`](crate::sink::TrailWriter), which builds on this.

use crate::trail::frame::{RECORD, Record, area};
use crate::trail::record_header::RecordHeader;
use crate::trail::wire::{ByteOrder, Fault, INFO_WIDE, TOO_LONG, Token, is_wide, put_token, put_token_header};

/// Info byte of every `G` record and its trailer (SEEN).
pub const INFO_RECORD: u8 = 0x01;

/// A record taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordParts<'a> {
    /// Info byte of the record and its trailer.
    pub info: u8,
    /// The record header. Its record length is set from the data area when the record is written.
    pub header: RecordHeader<'a>,
    /// The areas behind the header, in order: data, tokens, user tokens.
    pub areas: Vec<Token<'a>>,
}

impl<'a> RecordParts<'a> {
    /// Takes a record apart.
    ///
    /// # Errors
    /// *Corrupt* where its header's bytes contradict each other, or it is a file header record.
    pub fn of(record: &Record<'a>) -> Result<Self, Fault> {
        let info = record.bytes().get(1).copied().unwrap_or(INFO_RECORD);
        let header = record.header()?;
        Ok(Self { info, header, areas: record.areas().skip(1).collect() })
    }

    /// Appends the record's bytes.
    ///
    /// A record over 65,535 bytes gets lengths of four bytes, as spec section 1.2 infers; no real one has been seen.
    ///
    /// # Errors
    /// *Unsupported* where a part is longer than its length field can say; `out` then holds an unfinished record, and is
    /// to be cut back by the caller.
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
        // Data stand directly behind the header; the same id further on is some other area.
        let data_len = self.areas.first().filter(|token| token.id == area::DATA).map_or(0, |token| token.body.len());
        // What the field holds for data over 64 KiB is UNKNOWN; the low half is written, and readers do not hold it against
        // the record.
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
