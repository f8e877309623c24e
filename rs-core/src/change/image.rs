//! [`RowForm`]: how the image of a row is encoded in memory, whatever source it comes from.
//!
//! An image is a list of `column index, span length, span`, repeated to its end. A column that is not listed is *missing*.
//! A span starts with a flag of two bytes: `0000` before a value, `ffff` before the filler of NULL. The value follows in the
//! form that the column's [`Kind`](crate::schema::Kind) states.
//!
//! A trail has this form on disk (docs/trail-format.md, section 7), and its rows are lent without a copy. Other sources encode
//! into [`RowForm::Wide`] once. That form has room for values of any length, and flags for states that a trail does
//! not have.

use crate::decode::{ByteOrder, Fault};
use crate::time::Timestamp;

/// How the indexes and lengths of an image are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowForm {
    /// As in a trail: u16 index and u16 length, most significant byte first.
    Big,
    /// As in a trail: u16 index and u16 length, least significant byte first.
    Little,
    /// For sources other than trails: u16 index and u32 length, least significant byte first. Values of variable length have no
    /// length of their own. The flag `fffe` marks an unchanged large object, `fffd` the bytes of an invalid value.
    Wide,
}

impl From<ByteOrder> for RowForm {
    #[inline(always)]
    fn from(order: ByteOrder) -> Self {
        match order {
            ByteOrder::Big => Self::Big,
            ByteOrder::Little => Self::Little,
        }
    }
}

impl RowForm {
    /// Returns the byte order of a trail's image; `None` for [`Wide`](Self::Wide).
    #[inline]
    #[must_use]
    pub fn byte_order(self) -> Option<ByteOrder> {
        match self {
            Self::Big => Some(ByteOrder::Big),
            Self::Little => Some(ByteOrder::Little),
            Self::Wide => None,
        }
    }

    /// Returns the characters or bytes of a value of variable length, which must fill its body.
    #[inline(always)]
    pub(crate) fn unprefixed(self, body: &[u8]) -> Option<&[u8]> {
        if self == Self::Wide {
            return Some(body);
        }
        let (&length, rest) = body.split_first_chunk()?;
        (usize::from(self.u16(length)) == rest.len()).then_some(rest)
    }

    #[inline(always)]
    pub(crate) fn u16(self, bytes: [u8; 2]) -> u16 {
        if self == Self::Big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    #[inline(always)]
    pub(crate) fn u32(self, bytes: [u8; 4]) -> u32 {
        if self == Self::Big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    /// Returns the time of a change, which a trail counts from Julian day 0.
    #[inline(always)]
    pub(crate) fn time(self, bytes: [u8; 8]) -> Timestamp {
        match self {
            Self::Big => Timestamp::from_julian(u64::from_be_bytes(bytes)),
            Self::Little => Timestamp::from_julian(u64::from_le_bytes(bytes)),
            Self::Wide => Timestamp::from_unix_micros(i64::from_le_bytes(bytes)),
        }
    }

    fn put_u16(self, out: &mut Vec<u8>, value: u16) {
        out.extend_from_slice(&if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() });
    }
}

/// Flag of an unchanged large object in [`RowForm::Wide`].
const UNCHANGED: [u8; 2] = [0xff, 0xfe];
/// Flag of an invalid value in [`RowForm::Wide`].
const INVALID: [u8; 2] = [0xff, 0xfd];

/// One column of an image: its index in the table, and its span, null flag included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnSpan<'a> {
    /// Index of the column in the table; the first is 0.
    pub index: u16,
    /// Null flag and body.
    pub bytes: &'a [u8],
}

/// The content of a span by its flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanContent<'a> {
    /// A value; its bytes without the flag.
    Value(&'a [u8]),
    /// NULL (flag ffff). Filler follows the flag.
    Null,
    /// Another flag, or a span too short for one.
    Invalid,
}

impl<'a> ColumnSpan<'a> {
    /// Returns the span's content by its flag, which is the same in every form.
    #[inline(always)]
    #[must_use]
    pub fn content(&self) -> SpanContent<'a> {
        match self.bytes {
            [0, 0, body @ ..] => SpanContent::Value(body),
            [0xff, 0xff, ..] => SpanContent::Null,
            _ => SpanContent::Invalid,
        }
    }

    /// Returns whether the span marks an unchanged large object, which only [`RowForm::Wide`] can.
    #[cold]
    pub(crate) fn is_unchanged(&self, form: RowForm) -> bool {
        form == RowForm::Wide && self.bytes == UNCHANGED
    }

    /// Returns the bytes of a span whose content is invalid, without the flag if it is the flag of an invalid value.
    #[cold]
    pub(crate) fn invalid_bytes(&self, form: RowForm) -> &'a [u8] {
        match self.bytes.split_first_chunk() {
            Some((&INVALID, body)) if form == RowForm::Wide => body,
            _ => self.bytes,
        }
    }
}

/// The columns of one image, in the order in which they are listed. A list that does not end with a complete column yields a
/// fault last. [`verify`](Self::verify) checks whether a column is listed twice.
#[derive(Clone, Copy, Debug)]
pub struct ColumnSpans<'a> {
    rest: &'a [u8],
    whole: usize,
    form: RowForm,
}

impl<'a> ColumnSpans<'a> {
    /// Iterates over the columns in these bytes.
    ///
    /// ```
    /// use trailcore::trail::{ByteOrder, image::{ColumnSpans, SpanContent}};
    /// let list = b"\0\0\0\x06\0\0\0\x02WA\0\x03\0\x02\xff\xff";
    /// let spans: Vec<_> = ColumnSpans::new(list, ByteOrder::Big).map(|span| span.unwrap()).collect();
    /// assert_eq!((spans[0].index, spans[0].content()), (0, SpanContent::Value(b"\0\x02WA")));
    /// assert_eq!((spans[1].index, spans[1].content()), (3, SpanContent::Null));
    /// ```
    #[inline]
    #[must_use]
    pub fn new(list: &'a [u8], form: impl Into<RowForm>) -> Self {
        Self { rest: list, whole: list.len(), form: form.into() }
    }
}

impl<'a> Iterator for ColumnSpans<'a> {
    type Item = Result<ColumnSpan<'a>, Fault>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let first = if self.form == RowForm::Wide { first_wide(self.rest) } else { first(self.rest, self.form) };
        let Some((index, bytes, rest)) = first else { return self.end() };
        self.rest = rest;
        Some(Ok(ColumnSpan { index: index as u16, bytes }))
    }
}

/// The index and the span of a list's first column, and the rest of the list. The index has the width of a register: a narrower
/// one goes through memory, where the processor waits for it.
type First<'a> = (usize, &'a [u8], &'a [u8]);

/// Returns the first column of a list in a trail's form; `None` if there is no complete column.
#[inline(always)]
fn first(list: &[u8], form: RowForm) -> Option<First<'_>> {
    let (&[a, b, c, d], rest) = list.split_first_chunk()?;
    let (bytes, rest) = rest.split_at_checked(usize::from(form.u16([c, d])))?;
    Some((usize::from(form.u16([a, b])), bytes, rest))
}

/// The same for the wide form. It does not borrow the iterator, which therefore stays in registers.
#[inline(never)]
fn first_wide(list: &[u8]) -> Option<First<'_>> {
    let (&[a, b, c, d, e, f], rest) = list.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes([c, d, e, f])).unwrap_or(usize::MAX);
    let (bytes, rest) = rest.split_at_checked(length)?;
    Some((usize::from(u16::from_le_bytes([a, b])), bytes, rest))
}

impl ColumnSpans<'_> {
    /// Checks that the list ends with a complete column and has no column twice, and returns the number of columns. Iterating
    /// does not check this, because of the cost; code that builds rows from images calls it once for each image.
    ///
    /// # Errors
    /// *Corrupt* if the list does not end with a complete column, or has a column twice, whose value is then ambiguous.
    #[inline]
    pub fn verify(self) -> Result<usize, Fault> {
        let (mut count, mut least, mut rises) = (0, 0, true);
        for span in self {
            let index = usize::from(span?.index);
            rises &= index >= least;
            least = index + 1;
            count += 1;
        }
        // If indexes rise, as in all trails that have been seen, no column is there twice.
        if rises || !self.has_twice() { Ok(count) } else { Err(TWICE) }
    }

    #[cold]
    fn has_twice(self) -> bool {
        let mut indexes: Vec<u16> = self.map_while(Result::ok).map(|span| span.index).collect();
        indexes.sort_unstable();
        indexes.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
    }

    #[cold]
    fn end<T>(&mut self) -> Option<Result<T, Fault>> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.whole - self.rest.len();
        self.rest = &[];
        Some(Err(Fault::corrupt(offset, "a column extends beyond the end of its image")))
    }
}

pub(crate) const TWICE: Fault = Fault::corrupt(0, "an image has a column twice");
pub(crate) const NO_SUCH_COLUMN: Fault = Fault::corrupt(0, "an image has a column that its table does not have");

/// Builds the column list of an image.
///
/// ```
/// use trailcore::trail::{ByteOrder, image::ImageBuilder};
/// let mut image = ImageBuilder::new(ByteOrder::Big);
/// image.prefixed(0, b"WILL")?.null(2);
/// assert_eq!(image.bytes(), b"\0\0\0\x08\0\0\0\x04WILL\0\x02\0\x04\xff\xff\0\0");
/// # Ok::<(), trailcore::trail::Fault>(())
/// ```
#[derive(Clone, Debug)]
pub struct ImageBuilder {
    form: RowForm,
    bytes: Vec<u8>,
}

impl ImageBuilder {
    /// Creates an empty image.
    #[must_use]
    pub fn new(form: impl Into<RowForm>) -> Self {
        Self { form: form.into(), bytes: Vec::new() }
    }

    /// Continues an image in this form.
    pub(crate) fn of_list(form: RowForm, list: Vec<u8>) -> Self {
        Self { form, bytes: list }
    }

    /// Returns the column list so far.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Removes all columns; the memory is kept.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Removes a column. Returns `false` if the image does not have it.
    pub fn remove(&mut self, index: u16) -> bool {
        let found = ColumnSpans::new(&self.bytes, self.form).map_while(Result::ok).find(|span| span.index == index);
        let Some(span) = found else { return false };
        // The span is a part of the list.
        let at = span.bytes.as_ptr().addr() - self.bytes.as_ptr().addr();
        let end = at + span.bytes.len();
        self.bytes.drain(at - self.head_len()..end);
        true
    }

    fn head_len(&self) -> usize {
        if self.form == RowForm::Wide { 6 } else { 4 }
    }

    /// Adds a raw span, null flag included.
    ///
    /// # Errors
    /// *Unsupported* if the span is longer than 65,535 bytes.
    pub fn span(&mut self, index: u16, span: &[u8]) -> Result<&mut Self, Fault> {
        self.head(index, span.len())?;
        self.bytes.extend_from_slice(span);
        Ok(self)
    }

    /// Adds a value whose body has no length of its own: fixed characters, numbers, dates.
    ///
    /// # Errors
    /// *Unsupported* if the span gets longer than 65,535 bytes.
    pub fn fixed(&mut self, index: u16, body: &[u8]) -> Result<&mut Self, Fault> {
        self.head(index, body.len() + 2)?;
        self.bytes.extend_from_slice(&[0, 0]);
        self.bytes.extend_from_slice(body);
        Ok(self)
    }

    /// Adds a value of variable length, with a u16 length before it.
    ///
    /// # Errors
    /// *Unsupported* if the span gets longer than 65,535 bytes.
    pub fn prefixed(&mut self, index: u16, body: &[u8]) -> Result<&mut Self, Fault> {
        if self.form == RowForm::Wide {
            return self.fixed(index, body);
        }
        self.head(index, body.len() + 4)?;
        self.bytes.extend_from_slice(&[0, 0]);
        self.form.put_u16(&mut self.bytes, body.len() as u16);
        self.bytes.extend_from_slice(body);
        Ok(self)
    }

    /// Adds an unchanged large object, which only [`RowForm::Wide`] can state.
    pub(crate) fn unchanged(&mut self, index: u16) -> Result<&mut Self, Fault> {
        self.span(index, &UNCHANGED)
    }

    /// Adds the bytes of a value that is not decodable; only in [`RowForm::Wide`].
    pub(crate) fn invalid(&mut self, index: u16, bytes: &[u8]) -> Result<&mut Self, Fault> {
        self.head(index, bytes.len() + 2)?;
        self.bytes.extend_from_slice(&INVALID);
        self.bytes.extend_from_slice(bytes);
        Ok(self)
    }

    /// Adds a NULL, in the form of a column of variable length (`ffff 0000`, SEEN).
    pub fn null(&mut self, index: u16) -> &mut Self {
        // Every form can write the length of a span of four bytes.
        let _ = self.span(index, &[0xff, 0xff, 0, 0]);
        self
    }

    fn head(&mut self, index: u16, span: usize) -> Result<(), Fault> {
        const TOO_LONG: Fault = Fault::unsupported(0, "a column is longer than its length field allows");
        if self.form == RowForm::Wide {
            let span = u32::try_from(span).map_err(|_| TOO_LONG)?;
            self.bytes.extend_from_slice(&index.to_le_bytes());
            self.bytes.extend_from_slice(&span.to_le_bytes());
            return Ok(());
        }
        let span = u16::try_from(span).map_err(|_| TOO_LONG)?;
        self.form.put_u16(&mut self.bytes, index);
        self.form.put_u16(&mut self.bytes, span);
        Ok(())
    }
}
