//! The smallest pieces: byte orders, numbers and tokens, as nom parsers. nom stays inside this module tree; the faults it
//! yields are our own.

use nom::bytes::complete::take;
use nom::error::{ErrorKind as NomKind, ParseError};
use nom::{IResult, Parser};

/// The order of a number's bytes. In a trail it is a property of the file; column data keep the most significant byte
/// first in either (spec section 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

impl ByteOrder {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Big => Self::Little,
            Self::Little => Self::Big,
        }
    }

    #[inline(always)]
    pub(crate) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Big => u16::from_be_bytes(bytes),
            Self::Little => u16::from_le_bytes(bytes),
        }
    }

    #[inline(always)]
    pub(crate) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Big => u32::from_be_bytes(bytes),
            Self::Little => u32::from_le_bytes(bytes),
        }
    }

    #[inline(always)]
    pub(crate) fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Big => u64::from_be_bytes(bytes),
            Self::Little => u64::from_le_bytes(bytes),
        }
    }

    pub(crate) fn put_u16(self, out: &mut Vec<u8>, value: u16) {
        out.extend_from_slice(&match self {
            Self::Big => value.to_be_bytes(),
            Self::Little => value.to_le_bytes(),
        });
    }

    pub(crate) fn put_u32(self, out: &mut Vec<u8>, value: u32) {
        out.extend_from_slice(&match self {
            Self::Big => value.to_be_bytes(),
            Self::Little => value.to_le_bytes(),
        });
    }

    pub(crate) fn put_u64(self, out: &mut Vec<u8>, value: u64) {
        out.extend_from_slice(&match self {
            Self::Big => value.to_be_bytes(),
            Self::Little => value.to_le_bytes(),
        });
    }
}

/// Why bytes did not parse. The three outcomes that a reader must tell apart: wait, stop, or look at the raw bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The bytes are a beginning: with more of them they may be good.
    NeedMore,
    /// The bytes contradict each other.
    Corrupt,
    /// Well-formed as far as can be seen, but of a form that is not known.
    Unsupported,
}

/// A fault in some bytes: its kind, where it lies, and what is wrong there. Never holds the bytes themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which of the three outcomes it is.
    pub kind: FaultKind,
    /// Offset of the fault from the first of the bytes that were given.
    pub offset: usize,
    /// What is wrong, in a few words.
    pub what: &'static str,
}

impl Fault {
    pub(crate) const fn corrupt(offset: usize, what: &'static str) -> Self {
        Self { kind: FaultKind::Corrupt, offset, what }
    }

    pub(crate) const fn unsupported(offset: usize, what: &'static str) -> Self {
        Self { kind: FaultKind::Unsupported, offset, what }
    }

    pub(crate) const fn need_more(offset: usize, what: &'static str) -> Self {
        Self { kind: FaultKind::NeedMore, offset, what }
    }

    /// The same fault, seen from `by` bytes before.
    pub(crate) const fn after(self, by: usize) -> Self {
        Self { offset: self.offset + by, ..self }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.what)
    }
}

impl std::error::Error for Fault {}

/// A fault while nom is at work: how many bytes were left, from which [`run`] finds the offset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    left: usize,
    kind: FaultKind,
    what: &'static str,
}

impl Stop {
    /// The same, seen from a list that goes on for `bytes` behind the one it was found in.
    pub(crate) fn before(self, bytes: usize) -> Self {
        Self { left: self.left + bytes, ..self }
    }
}

impl ParseError<&[u8]> for Stop {
    fn from_error_kind(input: &[u8], _: NomKind) -> Self {
        Self { left: input.len(), kind: FaultKind::Corrupt, what: "a length goes beyond the end of what holds it" }
    }

    fn append(_: &[u8], _: NomKind, other: Self) -> Self {
        other
    }
}

pub(crate) type Parsed<'a, T> = IResult<&'a [u8], T, Stop>;

pub(crate) fn stop<'a, T>(input: &'a [u8], kind: FaultKind, what: &'static str) -> Parsed<'a, T> {
    Err(nom::Err::Failure(Stop { left: input.len(), kind, what }))
}

/// Runs a parser over the whole of `input`; bytes that it leaves are a fault.
pub(crate) fn run<'a, T>(input: &'a [u8], mut parser: impl FnMut(&'a [u8]) -> Parsed<'a, T>) -> Result<T, Fault> {
    match parser(input) {
        Ok(([], value)) => Ok(value),
        Ok((rest, _)) => Err(Fault::corrupt(input.len() - rest.len(), "bytes are left over")),
        Err(nom::Err::Error(stop) | nom::Err::Failure(stop)) => {
            Err(Fault { kind: stop.kind, offset: input.len() - stop.left, what: stop.what })
        }
        Err(nom::Err::Incomplete(_)) => Err(Fault::need_more(input.len(), "the bytes end too early")),
    }
}

/// `N` bytes as an array.
pub(crate) fn array<const N: usize>(input: &[u8]) -> Parsed<'_, [u8; N]> {
    match input.split_first_chunk::<N>() {
        Some((bytes, rest)) => Ok((rest, *bytes)),
        None => Err(nom::Err::Error(Stop::from_error_kind(input, NomKind::Eof))),
    }
}

pub(crate) fn u8(input: &[u8]) -> Parsed<'_, u8> {
    array::<1>.map(|[byte]| byte).parse_complete(input)
}

pub(crate) fn u16<'a>(order: ByteOrder) -> impl FnMut(&'a [u8]) -> Parsed<'a, u16> {
    move |input| array.map(|bytes| order.u16(bytes)).parse_complete(input)
}

pub(crate) fn u32<'a>(order: ByteOrder) -> impl FnMut(&'a [u8]) -> Parsed<'a, u32> {
    move |input| array.map(|bytes| order.u32(bytes)).parse_complete(input)
}

pub(crate) fn u64<'a>(order: ByteOrder) -> impl FnMut(&'a [u8]) -> Parsed<'a, u64> {
    move |input| array.map(|bytes| order.u64(bytes)).parse_complete(input)
}

/// A string: u16 length and as many bytes.
pub(crate) fn s16<'a>(order: ByteOrder) -> impl FnMut(&'a [u8]) -> Parsed<'a, &'a [u8]> {
    move |input| {
        let (rest, length) = u16(order)(input)?;
        take(length)(rest)
    }
}

/// Info byte of a token whose value is not set; a body of zeros follows (spec section 1.2, SEEN).
pub const INFO_UNSET: u8 = 0xff;
/// Bit of the info byte for a length of four bytes (spec section 1.2, SEEN in table definitions, in both byte orders).
pub const INFO_WIDE: u8 = 0x40;

/// Whether a token with this info byte has a length of four bytes.
#[inline(always)]
pub(crate) const fn is_wide(info: u8) -> bool {
    info & INFO_WIDE != 0 && info != INFO_UNSET
}

/// One token: an id, an info byte, a length of two or four bytes, and a body (spec section 1, SEEN).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is; the meaning depends on where it stands.
    pub id: u8,
    /// 00, 01, 40 (length of four bytes) or ff (value not set); other values are kept.
    pub info: u8,
    /// Its body, without the token header.
    pub body: &'a [u8],
}

impl Token<'_> {
    /// Whether the value is marked as not set. Its body is then zeros that mean nothing.
    #[must_use]
    pub fn is_unset(&self) -> bool {
        self.info == INFO_UNSET
    }

    /// Whether its length has four bytes.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        is_wide(self.info)
    }
}

pub(crate) fn token<'a>(order: ByteOrder) -> impl FnMut(&'a [u8]) -> Parsed<'a, Token<'a>> {
    move |input| {
        let (rest, [id, info]) = array(input)?;
        let (rest, length) = if is_wide(info) { u32(order)(rest)? } else { u16(order).map(u32::from).parse_complete(rest)? };
        let (rest, body) = take(length)(rest)?;
        Ok((rest, Token { id, info, body }))
    }
}

/// The tokens of a list, one after the other. A list that does not end with a token yields its fault last.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    rest: &'a [u8],
    whole: usize,
    order: ByteOrder,
}

impl<'a> Tokens<'a> {
    /// The tokens in these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8], order: ByteOrder) -> Self {
        Self { rest: bytes, whole: bytes.len(), order }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Result<Token<'a>, Fault>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.whole - self.rest.len();
        match token(self.order)(self.rest) {
            Ok((rest, token)) => {
                self.rest = rest;
                Some(Ok(token))
            }
            Err(_) => {
                self.rest = &[];
                Some(Err(Fault::corrupt(offset, "a token goes beyond the end of its list")))
            }
        }
    }
}

/// Appends a token header.
pub(crate) fn put_token_header(out: &mut Vec<u8>, order: ByteOrder, id: u8, info: u8, length: usize) -> Result<(), Fault> {
    out.extend_from_slice(&[id, info]);
    if is_wide(info) {
        let length = u32::try_from(length).map_err(|_| TOO_LONG)?;
        order.put_u32(out, length);
    } else {
        let length = u16::try_from(length).map_err(|_| TOO_LONG)?;
        order.put_u16(out, length);
    }
    Ok(())
}

pub(crate) const TOO_LONG: Fault = Fault::unsupported(0, "longer than its length field can say");

/// Appends a token.
pub(crate) fn put_token(out: &mut Vec<u8>, order: ByteOrder, token: Token<'_>) -> Result<(), Fault> {
    put_token_header(out, order, token.id, token.info, token.body.len())?;
    out.extend_from_slice(token.body);
    Ok(())
}

/// Appends a string: u16 length and as many bytes.
pub(crate) fn put_s16(out: &mut Vec<u8>, order: ByteOrder, bytes: &[u8]) -> Result<(), Fault> {
    order.put_u16(out, u16::try_from(bytes.len()).map_err(|_| TOO_LONG)?);
    out.extend_from_slice(bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_of_two_and_four_bytes() {
        let wide = [0x30, 0x40, 0, 0, 0, 2, 7, 8];
        let token = Tokens::new(&wide, ByteOrder::Big).next().unwrap().unwrap();
        assert_eq!(token, Token { id: 0x30, info: 0x40, body: &[7, 8] });
        let unset = [0x39, 0xff, 0, 1, 0];
        assert!(Tokens::new(&unset, ByteOrder::Big).next().unwrap().unwrap().is_unset());
    }

    #[test]
    fn a_length_beyond_the_end_is_a_fault() {
        let huge = [0x30, 0x40, 0xff, 0xff, 0xff, 0xff, 7];
        let faults: Vec<_> = Tokens::new(&huge, ByteOrder::Big).collect();
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].unwrap_err().kind, FaultKind::Corrupt);
    }

    proptest! {
        #[test]
        fn tokens_and_back(list in proptest::collection::vec((any::<u8>(), any::<u8>(), proptest::collection::vec(any::<u8>(), 0..30)), 0..8), big: bool) {
            let order = if big { ByteOrder::Big } else { ByteOrder::Little };
            let mut bytes = Vec::new();
            for (id, info, body) in &list {
                put_token(&mut bytes, order, Token { id: *id, info: *info, body }).unwrap();
            }
            let back: Vec<_> = Tokens::new(&bytes, order).map(|t| t.unwrap()).map(|t| (t.id, t.info, t.body.to_vec())).collect();
            prop_assert_eq!(back, list);
        }
    }
}
