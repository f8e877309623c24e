//! Messages between the Java classes and the native library: little-endian numbers, texts preceded by their length.
//! `Wire.java` is the counterpart.

use trailcore::Position;

/// Writes a message.
#[derive(Debug, Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn u8(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    pub(crate) fn bool(&mut self, value: bool) -> &mut Self {
        self.u8(u8::from(value))
    }

    pub(crate) fn u16(&mut self, value: u16) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// Appends a count or length. A value beyond the size of a Java array does not occur.
    pub(crate) fn len(&mut self, value: usize) -> &mut Self {
        self.u32(u32::try_from(value).unwrap_or(u32::MAX))
    }

    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn i64(&mut self, value: i64) -> &mut Self {
        self.u64(value as u64)
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.len(bytes.len());
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Appends an optional number.
    pub(crate) fn maybe(&mut self, value: Option<u64>) -> &mut Self {
        self.bool(value.is_some()).u64(value.unwrap_or_default())
    }

    /// Returns the kind of a position, in the order of `Position.Kind`, and its two numbers.
    pub(crate) fn parts(position: Position) -> (u8, (u64, u64)) {
        match position {
            Position::Trail(position) => (0, (position.seqno, position.rba)),
            Position::Offset(offset) => (1, (0, offset)),
            Position::Lsn(lsn) => (2, (0, lsn)),
            Position::Message { partition, offset } => (3, (partition.into(), offset)),
            // Java rejects a kind that this binding does not know.
            _ => (u8::MAX, (0, 0)),
        }
    }

    pub(crate) fn position(&mut self, position: Position) -> &mut Self {
        let (kind, (first, second)) = Self::parts(position);
        self.u8(kind).u64(first).u64(second)
    }

    /// Appends an optional position.
    pub(crate) fn maybe_position(&mut self, position: Option<Position>) -> &mut Self {
        self.bool(position.is_some()).position(position.unwrap_or_default())
    }

    /// Appends an optional text.
    pub(crate) fn maybe_text(&mut self, text: Option<&str>) -> &mut Self {
        self.bool(text.is_some()).text(text.unwrap_or_default())
    }

    /// Overwrites bytes that were written before, with a value that was not known then.
    pub(crate) fn patch<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        if let Some(place) = self.0.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *place = bytes;
        }
    }
}

/// Reads a message. A message that ends too early is a bug of the Java classes, and is reported as one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

/// A message that does not have the expected form.
#[derive(Debug)]
pub(crate) struct Malformed;

type Result<T> = std::result::Result<T, Malformed>;

impl<'a> Reader<'a> {
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn bool(&mut self) -> Result<bool> {
        Ok(self.u8()? != 0)
    }

    pub(crate) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn len(&mut self) -> Result<usize> {
        self.u32().map(|value| value as usize)
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8]> {
        let len = self.len()?;
        self.take(len)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed)
    }

    pub(crate) fn maybe(&mut self) -> Result<Option<u64>> {
        let (is_some, value) = (self.bool()?, self.u64()?);
        Ok(is_some.then_some(value))
    }
}
