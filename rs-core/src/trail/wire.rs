//! The smallest units of the format, numbers and tokens, as nom parsers. nom stays inside this module tree: its errors become
//! [`Fault`]s.

use nom::bytes::complete::take;
use nom::error::{ErrorKind as NomKind, ParseError};
use nom::{IResult, Parser};

pub use crate::decode::{ByteOrder, Fault, FaultKind};

/// A fault inside a nom parser. It holds the number of bytes left, from which [`run`] computes the offset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    left: usize,
    kind: FaultKind,
    what: &'static str,
}

impl Stop {
    /// Returns the same fault relative to an enclosing list that continues for `bytes` after the inner one.
    pub(crate) fn before(self, bytes: usize) -> Self {
        Self { left: self.left + bytes, ..self }
    }
}

impl ParseError<&[u8]> for Stop {
    fn from_error_kind(input: &[u8], _: NomKind) -> Self {
        Self { left: input.len(), kind: FaultKind::Corrupt, what: "length extends beyond the end of the enclosing area" }
    }

    fn append(_: &[u8], _: NomKind, other: Self) -> Self {
        other
    }
}

pub(crate) type Parsed<'a, T> = IResult<&'a [u8], T, Stop>;

pub(crate) fn stop<'a, T>(input: &'a [u8], kind: FaultKind, what: &'static str) -> Parsed<'a, T> {
    Err(nom::Err::Failure(Stop { left: input.len(), kind, what }))
}

/// Runs a parser over the whole of `input`; bytes left over are a fault.
pub(crate) fn run<'a, T>(input: &'a [u8], mut parser: impl FnMut(&'a [u8]) -> Parsed<'a, T>) -> Result<T, Fault> {
    match parser(input) {
        Ok(([], value)) => Ok(value),
        Ok((rest, _)) => Err(Fault::corrupt(input.len() - rest.len(), "unexpected bytes after the end")),
        Err(nom::Err::Error(stop) | nom::Err::Failure(stop)) => {
            Err(Fault { kind: stop.kind, offset: input.len() - stop.left, what: stop.what })
        }
        Err(nom::Err::Incomplete(_)) => Err(Fault::need_more(input.len(), "the bytes end too early")),
    }
}

/// Reads `N` bytes as an array.
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

/// Reads a string: a u16 length and as many bytes.
pub(crate) fn s16<'a>(order: ByteOrder) -> impl FnMut(&'a [u8]) -> Parsed<'a, &'a [u8]> {
    move |input| {
        let (rest, length) = u16(order)(input)?;
        take(length)(rest)
    }
}

/// Info byte of a token whose value is not set; a body of zeros follows (docs/trail-format.md, section 1, SEEN).
pub const INFO_UNSET: u8 = 0xff;
/// Info bit of a token with a four-byte length (docs/trail-format.md, section 1, SEEN in table definitions of both byte
/// orders).
pub const INFO_WIDE: u8 = 0x40;

/// Returns whether a token with this info byte has a four-byte length.
#[inline(always)]
pub(crate) const fn is_wide(info: u8) -> bool {
    info & INFO_WIDE != 0 && info != INFO_UNSET
}

/// One token: an id, an info byte, a length of two or four bytes, and a body (docs/trail-format.md, section 1, SEEN).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// Its id; the meaning depends on the enclosing list.
    pub id: u8,
    /// Its info byte: 00, 01, 40 (four-byte length) or ff (value not set); other values are kept.
    pub info: u8,
    /// Its body, without the token header.
    pub body: &'a [u8],
}

impl Token<'_> {
    /// Returns whether the value is marked as not set. Its body is then zeros without meaning.
    #[must_use]
    pub fn is_unset(&self) -> bool {
        self.info == INFO_UNSET
    }

    /// Returns whether its length has four bytes.
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

/// Returns the body of the first token with an id, if it and all tokens before it have a value with a two-byte length.
#[inline]
pub(crate) fn short_body(mut list: &[u8], order: ByteOrder, wanted: u8) -> Option<&[u8]> {
    loop {
        let (&[id, info, a, b], rest) = list.split_first_chunk()?;
        if info == INFO_UNSET || is_wide(info) {
            return None;
        }
        let (body, rest) = rest.split_at_checked(usize::from(order.u16([a, b])))?;
        if id == wanted {
            return Some(body);
        }
        list = rest;
    }
}

/// Iterator over the tokens of a list. If the list does not end exactly with a token, the last item is a fault.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    rest: &'a [u8],
    whole: usize,
    order: ByteOrder,
}

impl<'a> Tokens<'a> {
    /// Iterates over the tokens in these bytes.
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
                Some(Err(Fault::corrupt(offset, "token extends beyond the end of its list")))
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

pub(crate) const TOO_LONG: Fault = Fault::unsupported(0, "value is longer than its length field allows");

/// Appends a token.
pub(crate) fn put_token(out: &mut Vec<u8>, order: ByteOrder, token: Token<'_>) -> Result<(), Fault> {
    put_token_header(out, order, token.id, token.info, token.body.len())?;
    out.extend_from_slice(token.body);
    Ok(())
}

/// Appends a string: a u16 length and as many bytes.
pub(crate) fn put_s16(out: &mut Vec<u8>, order: ByteOrder, bytes: &[u8]) -> Result<(), Fault> {
    order.put_u16(out, u16::try_from(bytes.len()).map_err(|_| TOO_LONG)?);
    out.extend_from_slice(bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_short_body_is_that_of_the_first_token_with_the_id(
            tokens in prop::collection::vec((0u8..3, prop::sample::select(vec![0u8, 1, INFO_WIDE, INFO_UNSET]), prop::collection::vec(any::<u8>(), 0..5)), 0..6),
            cut in 0usize..4,
            big in any::<bool>(),
        ) {
            let order = if big { ByteOrder::Big } else { ByteOrder::Little };
            let mut list = Vec::new();
            for (id, info, body) in &tokens {
                put_token(&mut list, order, Token { id: *id, info: *info, body }).unwrap();
            }
            list.truncate(list.len().saturating_sub(cut));
            let first = Tokens::new(&list, order).filter_map(Result::ok).find(|token| token.id == 2);
            match short_body(&list, order, 2) {
                Some(body) => prop_assert_eq!(first.map(|token| token.body), Some(body)),
                None => prop_assert!(first.is_none() || tokens.iter().any(|(_, info, _)| *info > 1)),
            }
        }
    }

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
