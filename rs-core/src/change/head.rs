//! [`Head`]: a change in plain numbers.

use crate::change::Op;
use crate::change::image::RowForm;

/// A change in plain numbers: the places of its bytes and images in a buffer, and the facts that a filter needs first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    /// The change's own bytes in its buffer: start and length.
    pub(crate) at: usize,
    pub(crate) len: u32,
    /// Start of the main record in these bytes. Other records may be before it.
    pub(crate) main_at: u32,
    /// The data with the images, from `at`.
    pub(crate) data_at: u32,
    pub(crate) data_len: u32,
    /// The before image of [`Layout::Apart`], from `at`.
    pub(crate) before_at: u32,
    pub(crate) before_len: u32,
    /// Length of its record or records in the source. Those of a trail start at `at`; joined data may follow them.
    pub(crate) source_len: u32,
    /// Start of the time, from `at`: microseconds in eight bytes, in the form of the images. Most changes are not asked for it.
    pub(crate) time_at: u32,
    pub(crate) facts: HeadFacts,
    /// Offset of the main record in the source, and its number there.
    pub(crate) offset: u64,
    pub(crate) record: u64,
}

impl Head {
    /// Returns it as words, for a file.
    pub(crate) fn words(&self) -> [u64; 8] {
        let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        [
            self.at as u64,
            pair(self.len, self.main_at),
            pair(self.data_at, self.data_len),
            pair(self.before_at, self.before_len),
            pair(self.source_len, self.time_at),
            self.facts.0,
            self.offset,
            self.record,
        ]
    }

    /// Returns the head that has these words.
    pub(crate) fn of_words([at, own, data, before, source, facts, offset, record]: [u64; 8]) -> Self {
        let pair = |word: u64| (word as u32, (word >> 32) as u32);
        let ((len, main_at), (data_at, data_len)) = (pair(own), pair(data));
        let ((before_at, before_len), (source_len, time_at)) = (pair(before), pair(source));
        let (at, facts) = (usize::try_from(at).unwrap_or(usize::MAX), HeadFacts(facts));
        Self { at, len, main_at, data_at, data_len, before_at, before_len, source_len, time_at, facts, offset, record }
    }
}

/// The layout of the images in a change's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// No images.
    None,
    /// The data are the after image.
    After,
    /// The data are the before image.
    Before,
    /// The length of the before image as a u16, the before image, the after image.
    Split16,
    /// The same with a u32.
    Split32,
    /// The data are the after image; the before image is elsewhere.
    Apart,
    /// Another layout: the format of the source reads it.
    Other,
}

/// The small facts of a change, packed into one number: a head is copied for every change, and a processor that has just written
/// single bytes waits when it then reads them together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeadFacts(u64);

impl HeadFacts {
    const LAYOUT: u32 = 8;
    const FORM: u32 = 16;
    const TRANSACTION: u32 = 24;
    const CODE: u32 = 32;
    const BEFORE: u64 = 1 << 40;
    const AFTER: u64 = 1 << 41;
    const IN_TRANSACTION: u64 = 1 << 42;
    const UNFINISHED: u64 = 1 << 43;

    /// The facts of a change without images, in the form of a big-endian trail, with the transaction indicator 0.
    pub(crate) const fn new(op: Op, code: u8) -> Self {
        Self(op as u64 | (code as u64) << Self::CODE).with_layout(Layout::None)
    }

    const fn with_byte(self, at: u32, byte: u8) -> Self {
        Self(self.0 & !(0xff << at) | (byte as u64) << at)
    }

    const fn with_bit(self, bit: u64, is_set: bool) -> Self {
        Self(if is_set { self.0 | bit } else { self.0 & !bit })
    }

    pub(crate) const fn with_layout(self, layout: Layout) -> Self {
        self.with_byte(Self::LAYOUT, layout as u8)
    }

    #[inline(always)]
    pub(crate) const fn with_form(self, form: RowForm) -> Self {
        self.with_byte(Self::FORM, form as u8)
    }

    #[inline(always)]
    pub(crate) const fn with_transaction(self, indicator: u8) -> Self {
        self.with_byte(Self::TRANSACTION, indicator)
    }

    /// Sets whether the change has a before image and an after image.
    pub(crate) const fn with_images(self, before: bool, after: bool) -> Self {
        self.with_bit(Self::BEFORE, before).with_bit(Self::AFTER, after)
    }

    pub(crate) const fn with_in_transaction(self, is_in: bool) -> Self {
        self.with_bit(Self::IN_TRANSACTION, is_in)
    }

    pub(crate) const fn with_unfinished(self, is_unfinished: bool) -> Self {
        self.with_bit(Self::UNFINISHED, is_unfinished)
    }

    #[inline(always)]
    pub(crate) const fn op(self) -> Op {
        match self.0 & 7 {
            0 => Op::Insert,
            1 => Op::Update,
            2 => Op::PkUpdate,
            3 => Op::Delete,
            4 => Op::Truncate,
            5 => Op::Ddl,
            6 => Op::Metadata,
            _ => Op::Other,
        }
    }

    #[inline(always)]
    pub(crate) const fn layout(self) -> Layout {
        match self.0 >> Self::LAYOUT & 7 {
            0 => Layout::None,
            1 => Layout::After,
            2 => Layout::Before,
            3 => Layout::Split16,
            4 => Layout::Split32,
            5 => Layout::Apart,
            _ => Layout::Other,
        }
    }

    /// How the images are encoded.
    #[inline(always)]
    pub(crate) const fn form(self) -> RowForm {
        match self.0 >> Self::FORM & 3 {
            0 => RowForm::Big,
            1 => RowForm::Little,
            _ => RowForm::Wide,
        }
    }

    /// The transaction indicator, raw.
    #[inline(always)]
    pub(crate) const fn transaction(self) -> u8 {
        (self.0 >> Self::TRANSACTION) as u8
    }

    /// The source's own code of the operation; for a trail, the record type.
    pub(crate) const fn code(self) -> u8 {
        (self.0 >> Self::CODE) as u8
    }

    #[inline(always)]
    pub(crate) const fn has_before(self) -> bool {
        self.0 & Self::BEFORE != 0
    }

    #[inline(always)]
    pub(crate) const fn has_after(self) -> bool {
        self.0 & Self::AFTER != 0
    }

    /// It belongs to a transaction. Metadata and markers do not.
    #[inline(always)]
    pub(crate) const fn in_transaction(self) -> bool {
        self.0 & Self::IN_TRANSACTION != 0
    }

    /// Its transaction breaks off after it.
    #[inline(always)]
    pub(crate) const fn unfinished(self) -> bool {
        self.0 & Self::UNFINISHED != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_kept_apart() {
        use Layout::{After, Apart, Before, None, Other, Split16, Split32};
        for op in Op::ALL {
            for layout in [None, After, Before, Split16, Split32, Apart, Other] {
                for form in [RowForm::Big, RowForm::Little, RowForm::Wide] {
                    for bits in 0..16 {
                        let [before, after, inside, broken] = [1, 2, 4, 8].map(|bit| bits & bit != 0);
                        let facts = HeadFacts::new(op, 170).with_layout(layout).with_form(form).with_transaction(bits);
                        let facts = facts.with_images(before, after).with_in_transaction(inside).with_unfinished(broken);
                        assert_eq!((facts.op(), facts.layout(), facts.form()), (op, layout, form));
                        assert_eq!((facts.code(), facts.transaction()), (170, bits));
                        assert_eq!((facts.has_before(), facts.has_after()), (before, after));
                        assert_eq!((facts.in_transaction(), facts.unfinished()), (inside, broken));
                        assert_eq!(facts.with_images(false, false).with_layout(None).layout(), None);
                    }
                }
            }
        }
    }
}
