//! Row images: the data area of a row, as lists of column spans. Spec section 4.
//!
//! A list is `u16 column index, u16 span length, span`, repeated to its end. A column that is not listed is *missing*;
//! a span that starts with ffff is *NULL*. What the bytes of a span mean depends on the column's type, which this module
//! does not know.

use crate::trail::frame::Record;
use crate::trail::record_type::RecordType;
use crate::trail::wire::{ByteOrder, Fault};

/// One column of an image: its index in the table, and its span, null flag included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnSpan<'a> {
    /// Index of the column in the table; the first is 0.
    pub index: u16,
    /// Null flag and body.
    pub bytes: &'a [u8],
}

/// What the null flag of a span says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanContent<'a> {
    /// A value; its bytes without the flag.
    Value(&'a [u8]),
    /// NULL (flag ffff). What follows the flag is filler.
    Null,
    /// Another flag, or no room for one.
    Invalid,
}

impl<'a> ColumnSpan<'a> {
    /// The span's content by its null flag, which is the same in both byte orders.
    #[inline(always)]
    #[must_use]
    pub fn content(&self) -> SpanContent<'a> {
        match self.bytes {
            [0, 0, body @ ..] => SpanContent::Value(body),
            [0xff, 0xff, ..] => SpanContent::Null,
            _ => SpanContent::Invalid,
        }
    }
}

/// The columns of one image, in the order in which they are listed. A list that does not end with a column yields its
/// fault last; whether it has a column twice, [`verify`](Self::verify) says.
#[derive(Clone, Copy, Debug)]
pub struct ColumnSpans<'a> {
    rest: &'a [u8],
    whole: usize,
    order: ByteOrder,
}

impl<'a> ColumnSpans<'a> {
    /// The columns in these bytes.
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
    pub fn new(list: &'a [u8], order: ByteOrder) -> Self {
        Self { rest: list, whole: list.len(), order }
    }
}

impl<'a> Iterator for ColumnSpans<'a> {
    type Item = Result<ColumnSpan<'a>, Fault>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let Some((&[a, b, c, d], rest)) = self.rest.split_first_chunk() else { return self.end() };
        let Some((bytes, rest)) = rest.split_at_checked(usize::from(self.order.u16([c, d]))) else { return self.end() };
        self.rest = rest;
        Some(Ok(ColumnSpan { index: self.order.u16([a, b]), bytes }))
    }
}

impl ColumnSpans<'_> {
    /// How many columns there are, where the list can be taken at its word: it ends with a column, and has none twice. To tell
    /// that again and again would cost all who read; those who make rows of images ask once for each.
    ///
    /// # Errors
    /// *Corrupt* where the list does not end with a column, or has one twice, which then could mean either.
    #[inline]
    pub fn verify(self) -> Result<usize, Fault> {
        let (mut count, mut least, mut rises) = (0, 0, true);
        for span in self {
            let index = usize::from(span?.index);
            rises &= index >= least;
            least = index + 1;
            count += 1;
        }
        // Indexes rise in all trails that were seen: no column is there twice.
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
        Some(Err(Fault::corrupt(offset, "a column goes beyond the end of its image")))
    }
}

/// The images of a row: the column lists of before and after the change. An image that the record does not have is
/// `None`; one that it has without columns is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Images<'a> {
    /// Before the change. Of a key update of type 115: the old key alone.
    pub before: Option<&'a [u8]>,
    /// After the change.
    pub after: Option<&'a [u8]>,
}

pub(crate) const TWICE: Fault = Fault::corrupt(0, "an image has a column twice");
const NOT_COLUMNS: Fault = Fault::unsupported(0, "a row is not a list of columns");
const BAD_SPLIT: Fault = Fault::corrupt(0, "the length of the before image goes beyond the record");

impl<'a> Images<'a> {
    /// Splits a record's data area into its images. Records without images give none.
    ///
    /// # Errors
    /// *Corrupt* where the images' lengths go beyond the data. *Unsupported* where the record's Partition says that its
    /// rows are not lists of columns (NonStop), and where a unified key update (type 135) does not add up: its layout is
    /// INFERRED to be that of type 134, and is trusted only if both lists end exactly.
    #[inline(always)]
    pub fn of(record: &Record<'a>) -> Result<Self, Fault> {
        Self::of_data(record, record.data())
    }

    /// The same of a record whose data went on in the records behind it: `data` is all of it, one behind the other. That
    /// they join so is INFERRED from what is documented of the header's Continued field; no such record has been seen. They
    /// are trusted only if every list ends exactly.
    ///
    /// # Errors
    /// As [`of`](Self::of); *Unsupported* where the lists do not end exactly.
    pub(crate) fn of_joined(record: &Record<'_>, data: &'a [u8]) -> Result<Self, Fault> {
        let images = Self::of_data(record, data).map_err(|_| UNPROVEN_JOIN)?;
        if images.add_up(record.byte_order()) { Ok(images) } else { Err(UNPROVEN_JOIN) }
    }

    #[inline(always)]
    fn of_data(record: &Record<'_>, data: &'a [u8]) -> Result<Self, Fault> {
        let order = record.byte_order();
        let images = match record.record_type() {
            RecordType::INSERT => Self { before: None, after: Some(data) },
            RecordType::DELETE => Self { before: Some(data), after: None },
            RecordType::FIELD_COMP | RecordType::UPDATE | RecordType::UPDATE_COMP if record.is_before_image() => {
                Self { before: Some(data), after: None }
            }
            RecordType::FIELD_COMP | RecordType::UPDATE | RecordType::UPDATE_COMP => Self { before: None, after: Some(data) },
            RecordType::PK_UPDATE => {
                let (&length, rest) = data.split_first_chunk().ok_or(BAD_SPLIT)?;
                Self::split(rest, usize::from(order.u16(length)))?
            }
            RecordType::UNIFIED_UPDATE => Self::split_unified(data, order)?,
            RecordType::UNIFIED_PK_UPDATE => {
                let images = Self::split_unified(data, order).map_err(|_| UNPROVEN_135)?;
                if !images.add_up(order) {
                    return Err(UNPROVEN_135);
                }
                images
            }
            _ => return Ok(Self::default()),
        };
        if record.has_column_lists() { Ok(images) } else { Err(NOT_COLUMNS) }
    }

    /// Whether both lists end with a column.
    #[inline(never)]
    fn add_up(self, order: ByteOrder) -> bool {
        let adds_up = |list| ColumnSpans::new(list, order).all(|span| span.is_ok());
        self.before.is_none_or(adds_up) && self.after.is_none_or(adds_up)
    }

    #[inline(always)]
    fn split_unified(data: &'a [u8], order: ByteOrder) -> Result<Self, Fault> {
        let (&length, rest) = data.split_first_chunk().ok_or(BAD_SPLIT)?;
        Self::split(rest, order.u32(length) as usize)
    }

    #[inline(always)]
    fn split(lists: &'a [u8], before: usize) -> Result<Self, Fault> {
        let (before, after) = lists.split_at_checked(before).ok_or(BAD_SPLIT)?;
        Ok(Self { before: Some(before), after: Some(after) })
    }
}

const UNPROVEN_JOIN: Fault = Fault::unsupported(0, "a continued row does not join as inferred");
const UNPROVEN_135: Fault = Fault::unsupported(0, "a unified key update is not laid out as inferred");

/// Builds the column list of an image.
///
/// ```
/// use trailcore::trail::{ByteOrder, image::ImageBuilder};
/// let mut image = ImageBuilder::new(ByteOrder::Big);
/// image.prefixed(0, b"WILL")?.null(2)?;
/// assert_eq!(image.bytes(), b"\0\0\0\x08\0\0\0\x04WILL\0\x02\0\x04\xff\xff\0\0");
/// # Ok::<(), trailcore::trail::Fault>(())
/// ```
#[derive(Clone, Debug)]
pub struct ImageBuilder {
    order: ByteOrder,
    bytes: Vec<u8>,
}

impl ImageBuilder {
    /// An empty image.
    #[must_use]
    pub fn new(order: ByteOrder) -> Self {
        Self { order, bytes: Vec::new() }
    }

    /// The column list so far.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets all columns; the memory is kept.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Takes a column out again; nothing where it is not there.
    pub fn remove(&mut self, index: u16) {
        let mut at = 0;
        while let Some(&[a, b, c, d]) = self.bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            let end = at + 4 + usize::from(self.order.u16([c, d]));
            if self.order.u16([a, b]) == index {
                self.bytes.drain(at..end.min(self.bytes.len()));
                return;
            }
            at = end;
        }
    }

    /// Adds a span as it stands, null flag included.
    ///
    /// # Errors
    /// *Unsupported* where the span is longer than 65,535 bytes.
    pub fn span(&mut self, index: u16, span: &[u8]) -> Result<&mut Self, Fault> {
        self.head(index, span.len())?;
        self.bytes.extend_from_slice(span);
        Ok(self)
    }

    /// Adds a value whose body has no length of its own: fixed characters, numbers, dates.
    ///
    /// # Errors
    /// *Unsupported* where the span gets longer than 65,535 bytes.
    pub fn fixed(&mut self, index: u16, body: &[u8]) -> Result<&mut Self, Fault> {
        self.head(index, body.len() + 2)?;
        self.bytes.extend_from_slice(&[0, 0]);
        self.bytes.extend_from_slice(body);
        Ok(self)
    }

    /// Adds a value of variable length, with a u16 length before it.
    ///
    /// # Errors
    /// *Unsupported* where the span gets longer than 65,535 bytes.
    pub fn prefixed(&mut self, index: u16, body: &[u8]) -> Result<&mut Self, Fault> {
        self.head(index, body.len() + 4)?;
        self.bytes.extend_from_slice(&[0, 0]);
        self.order.put_u16(&mut self.bytes, body.len() as u16);
        self.bytes.extend_from_slice(body);
        Ok(self)
    }

    /// Adds a NULL, in the form of a column of variable length (`ffff 0000`, SEEN).
    ///
    /// # Errors
    /// Never fails for a null span; the signature is that of its kin.
    pub fn null(&mut self, index: u16) -> Result<&mut Self, Fault> {
        self.span(index, &[0xff, 0xff, 0, 0])
    }

    fn head(&mut self, index: u16, span: usize) -> Result<(), Fault> {
        let span = u16::try_from(span).map_err(|_| Fault::unsupported(0, "a column is longer than its length field can say"))?;
        self.order.put_u16(&mut self.bytes, index);
        self.order.put_u16(&mut self.bytes, span);
        Ok(())
    }
}
