//! Row images: the data area of a row, as lists of column spans. See docs/trail-format.md, section 7.
//!
//! A list is `u16 column index, u16 span length, span`, repeated to its end. A column that is not listed is *missing*;
//! a span that starts with ffff is *NULL*. The meaning of other span bytes depends on the column type, which this module
//! does not know.

pub use crate::change::image::{ColumnSpan, ColumnSpans, ImageBuilder, SpanContent};
use crate::trail::frame::Record;
use crate::trail::record_type::RecordType;
use crate::trail::wire::{ByteOrder, Fault};

/// The images of a row: its column lists before and after the change. An image that the record does not have is `None`;
/// an image without columns is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Images<'a> {
    /// Before the change. For a key update of type 115, only the old key.
    pub before: Option<&'a [u8]>,
    /// After the change.
    pub after: Option<&'a [u8]>,
}

const NOT_COLUMNS: Fault = Fault::unsupported(0, "row is not a column list");
const BAD_SPLIT: Fault = Fault::corrupt(0, "length of the before image extends beyond the record");

impl<'a> Images<'a> {
    /// Splits a record's data area into its images. For records without images, both are `None`.
    ///
    /// # Errors
    /// *Corrupt* if an image's length extends beyond the data. *Unsupported* if the record's Partition marks its rows as
    /// other than column lists (NonStop), or if the lists of a unified key update (type 135) do not end exactly: its layout
    /// is INFERRED to be that of type 134.
    #[inline(always)]
    pub fn of(record: &Record<'a>) -> Result<Self, Fault> {
        Self::of_data(record, record.data())
    }

    /// Like [`of`](Self::of) for a record whose data continue in the records after it: `data` holds their data areas,
    /// concatenated. Concatenation is INFERRED from the documentation of the header's Continued field; no such record has
    /// been seen. The images are trusted only if every list ends exactly.
    ///
    /// # Errors
    /// *Unsupported* if the images do not split as for [`of`](Self::of), or a list does not end exactly.
    pub(crate) fn of_joined(record: &Record<'_>, data: &'a [u8]) -> Result<Self, Fault> {
        let images = Self::of_data(record, data).map_err(|_| UNPROVEN_JOIN)?;
        if images.add_up(record.byte_order()) { Ok(images) } else { Err(UNPROVEN_JOIN) }
    }

    /// Like [`of`](Self::of) for these data in place of the record's.
    #[inline(always)]
    pub(super) fn of_data(record: &Record<'_>, data: &'a [u8]) -> Result<Self, Fault> {
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

    /// Returns whether both lists end exactly with a column.
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

const UNPROVEN_JOIN: Fault = Fault::unsupported(0, "joined data of a continued row do not form valid column lists");
const UNPROVEN_135: Fault = Fault::unsupported(0, "layout of a unified key update (type 135) is not the inferred one");
