//! [`ColumnBuffer`]: one column of a batch.

use crate::change::image::{ColumnSpan, RowForm, SpanContent};
use crate::change::{ColumnState, DateTime, NumberText, integer};
use crate::schema::{ColumnDef, Kind};
use crate::text::Charset;
use crate::time::Day;

/// The values of a column, one for each row. If the state is not *value*, the number is 0 and the bytes are empty; text, digits
/// and bytes that are invalid may be the raw bytes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ColumnValues {
    /// Integers, times 10 to the power of −scale, where the column's definition has the scale.
    Integer(Vec<i64>),
    /// Unsigned 64-bit integers, times 10 to the power of −scale.
    Unsigned(Vec<u64>),
    /// Dates and times as microseconds since 1970-01-01 00:00 in the database's own (unknown) time zone, and the remaining
    /// nanoseconds. Zero dates are not points in time, and are invalid here.
    DateTime {
        /// Microseconds.
        micros: Vec<i64>,
        /// The remaining nanoseconds, 0 to 999; empty if all of them are 0.
        nanos: Vec<u16>,
    },
    /// UTF-8 text: value `i` is `bytes[offsets[i]..offsets[i + 1]]`.
    Text(VarBytes),
    /// The digits of numbers, as text that has been checked to be a number.
    Digits(VarBytes),
    /// Bytes.
    Bytes(VarBytes),
}

/// Values of variable length, one after the other.
#[derive(Clone, Debug)]
pub struct VarBytes {
    /// The start of each value, and the end of the last one: one more than there are values.
    pub offsets: Vec<i32>,
    /// The values' bytes.
    pub bytes: Vec<u8>,
}

impl VarBytes {
    pub(crate) fn new() -> Self {
        Self { offsets: vec![0], bytes: Vec::new() }
    }

    /// Takes the values, and leaves room for as many again.
    #[cfg(feature = "arrow")]
    pub(crate) fn take(&mut self) -> Self {
        let mut offsets = Vec::with_capacity(self.offsets.len());
        offsets.push(0);
        let bytes = Vec::with_capacity(self.bytes.len());
        std::mem::replace(self, Self { offsets, bytes })
    }

    /// Adds a value from any buffer.
    #[inline]
    pub(crate) fn add(&mut self, value: &[u8]) {
        self.push(value, SourceBuffer(&[]));
    }

    /// Returns the bytes of one value.
    #[must_use]
    pub fn get(&self, row: usize) -> &[u8] {
        match (self.offsets.get(row), self.offsets.get(row + 1)) {
            (Some(&start), Some(&end)) => self.bytes.get(start as usize..end as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    #[inline(always)]
    fn push(&mut self, value: &[u8], around: SourceBuffer<'_>) {
        append(&mut self.bytes, value, around);
        self.offsets.push(self.bytes.len() as i32);
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        self.bytes.truncate(self.offsets.last().map_or(0, |&end| end as usize));
    }
}

/// The buffer that a value is in: its record, and the bytes around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceBuffer<'a>(pub(super) &'a [u8]);

impl<'a> SourceBuffer<'a> {
    /// Returns the `N` bytes from a value's start, including any bytes after the value. `None` near the end of the buffer, and
    /// for a value of another buffer.
    #[inline(always)]
    fn chunk_from<const N: usize>(self, value: &[u8]) -> Option<&'a [u8; N]> {
        self.0.get(value.as_ptr().addr().wrapping_sub(self.0.as_ptr().addr())..)?.first_chunk()
    }
}

/// Appends a value. Most values are short, and their lengths vary. Copying a fixed size, including bytes after the value, and
/// truncating the result avoids a branch on the length, which no processor can predict.
#[inline(always)]
fn append(out: &mut Vec<u8>, value: &[u8], around: SourceBuffer<'_>) {
    const AT_ONCE: usize = 64;
    match around.chunk_from::<AT_ONCE>(value) {
        Some(chunk) if value.len() <= AT_ONCE => {
            let end = out.len() + value.len();
            out.extend_from_slice(chunk);
            out.truncate(end);
        }
        _ => out.extend_from_slice(value),
    }
}

/// How a column's bytes become values.
#[derive(Clone, Copy, Debug)]
enum Decode {
    Integer8,
    Unsigned8,
    Integer {
        width: u8,
        signed: bool,
    },
    DateTime,
    /// UTF-8 bytes, checked a column at a time.
    Utf8 {
        prefixed: bool,
    },
    /// Text in another character set, converted a value at a time.
    Other {
        prefixed: bool,
        charset: Charset,
    },
    Digits {
        prefixed: bool,
    },
    Bytes {
        prefixed: bool,
    },
}

/// One column of a batch: a state for each row, and the values.
#[derive(Debug)]
pub struct ColumnBuffer {
    decode: Decode,
    states: Vec<ColumnState>,
    values: ColumnValues,
    /// The day of the last date or time.
    day: Day,
}

impl ColumnBuffer {
    pub(super) fn new(column: &ColumnDef) -> Self {
        let decode = match column.kind() {
            Kind::Integer { width: 8, signed: true } => Decode::Integer8,
            Kind::Integer { width: 8, signed: false } => Decode::Unsigned8,
            Kind::Integer { width, signed } => Decode::Integer { width, signed },
            Kind::DateTime => Decode::DateTime,
            Kind::Text { prefixed } if column.text_charset().is_utf8() => Decode::Utf8 { prefixed },
            Kind::Text { prefixed } => Decode::Other { prefixed, charset: column.text_charset() },
            Kind::NumberText { prefixed } => Decode::Digits { prefixed },
            Kind::Binary { prefixed } => Decode::Bytes { prefixed },
            Kind::Opaque => Decode::Bytes { prefixed: false },
        };
        let values = match decode {
            Decode::Integer8 | Decode::Integer { .. } => ColumnValues::Integer(Vec::new()),
            Decode::Unsigned8 => ColumnValues::Unsigned(Vec::new()),
            Decode::DateTime => ColumnValues::DateTime { micros: Vec::new(), nanos: Vec::new() },
            Decode::Utf8 { .. } | Decode::Other { .. } => ColumnValues::Text(VarBytes::new()),
            Decode::Digits { .. } => ColumnValues::Digits(VarBytes::new()),
            Decode::Bytes { .. } => ColumnValues::Bytes(VarBytes::new()),
        };
        Self { decode, states: Vec::new(), values, day: Day::default() }
    }

    /// Returns whether this row already has its value.
    #[inline(always)]
    pub(super) fn has(&self, row: usize) -> bool {
        self.states.len() > row
    }

    /// Returns the state of each row's value.
    #[must_use]
    pub fn states(&self) -> &[ColumnState] {
        &self.states
    }

    /// Returns the values.
    #[must_use]
    pub fn values(&self) -> &ColumnValues {
        &self.values
    }

    /// Returns the states, and the values, which the caller may take.
    #[cfg(feature = "arrow")]
    pub(crate) fn parts(&mut self) -> (&[ColumnState], &mut ColumnValues) {
        (&self.states, &mut self.values)
    }

    /// Takes the values that another finished buffer of the same column has in the rows that `wanted` accepts, by the state here.
    #[cfg(feature = "arrow")]
    pub(crate) fn fill_from(&mut self, other: &Self, wanted: impl Fn(usize, ColumnState) -> bool) {
        fn replace<T: Copy>(taken: &[bool], own: &mut [T], other: &[T]) {
            let pairs = own.iter_mut().zip(other).zip(taken);
            pairs.filter(|(_, taken)| **taken).for_each(|((own, other), _)| *own = *other);
        }
        let states = self.states.iter().zip(&other.states).enumerate();
        let taken: Vec<bool> = states.map(|(row, (own, its))| *its != ColumnState::Missing && wanted(row, *own)).collect();
        if !taken.contains(&true) {
            return;
        }
        replace(&taken, &mut self.states, &other.states);
        match (&mut self.values, &other.values) {
            (ColumnValues::Integer(own), ColumnValues::Integer(other)) => replace(&taken, own, other),
            (ColumnValues::Unsigned(own), ColumnValues::Unsigned(other)) => replace(&taken, own, other),
            (ColumnValues::DateTime { micros, nanos }, ColumnValues::DateTime { micros: other, nanos: finer }) => {
                replace(&taken, micros, other);
                if !(nanos.is_empty() && finer.is_empty()) {
                    let mut finer = finer.clone();
                    finer.resize(taken.len(), 0);
                    nanos.resize(taken.len(), 0);
                    replace(&taken, nanos, &finer);
                }
            }
            (ColumnValues::Text(own), ColumnValues::Text(other))
            | (ColumnValues::Digits(own), ColumnValues::Digits(other))
            | (ColumnValues::Bytes(own), ColumnValues::Bytes(other)) => {
                let mut values = VarBytes::new();
                taken.iter().enumerate().for_each(|(row, &taken)| values.add(if taken { other } else { &*own }.get(row)));
                *own = values;
            }
            // Never: two buffers of a column have values of the same kind.
            _ => {}
        }
    }

    #[inline(always)]
    pub(super) fn push(&mut self, row: usize, span: ColumnSpan<'_>, around: SourceBuffer<'_>, form: RowForm) {
        if self.states.len() != row {
            self.align(row);
        }
        let state = match span.content() {
            SpanContent::Value(body) => self.value(body, around, form),
            SpanContent::Null => ColumnState::Null,
            SpanContent::Invalid if span.is_unchanged(form) => ColumnState::Unchanged,
            SpanContent::Invalid => ColumnState::Invalid,
        };
        if state != ColumnState::Value {
            self.empty_value();
        }
        self.states.push(state);
    }

    /// Adds a value and returns its state. A value that is not decodable is not added.
    #[inline(always)]
    fn value(&mut self, body: &[u8], around: SourceBuffer<'_>, form: RowForm) -> ColumnState {
        let characters = |prefixed| if prefixed { form.unprefixed(body) } else { Some(body) };
        // All values of variable length are added in one place: the code stays small enough to be inlined.
        let bytes = match self.decode {
            Decode::Utf8 { prefixed } | Decode::Bytes { prefixed } => characters(prefixed),
            Decode::Digits { prefixed } => characters(prefixed).filter(|digits| is_number(digits)),
            Decode::Other { prefixed, charset } => return self.converted(characters(prefixed), charset),
            _ => return self.fixed_value(body),
        };
        match (bytes, &mut self.values) {
            (Some(bytes), ColumnValues::Text(values) | ColumnValues::Digits(values) | ColumnValues::Bytes(values)) => {
                values.push(bytes, around);
                ColumnState::Value
            }
            _ => ColumnState::Invalid,
        }
    }

    /// Adds a value of fixed length.
    #[inline(always)]
    fn fixed_value(&mut self, body: &[u8]) -> ColumnState {
        let added = match (self.decode, &mut self.values) {
            (Decode::Integer8, ColumnValues::Integer(values)) => {
                body.try_into().ok().map(|bytes| values.push(i64::from_be_bytes(bytes)))
            }
            (Decode::Unsigned8, ColumnValues::Unsigned(values)) => {
                body.try_into().ok().map(|bytes| values.push(u64::from_be_bytes(bytes)))
            }
            (Decode::DateTime, ColumnValues::DateTime { micros, nanos }) => {
                DateTime::micros_of(body, &mut self.day).map(|(unix, fraction)| {
                    if fraction != 0 {
                        nanos.resize(micros.len(), 0);
                        nanos.push(fraction as u16);
                    }
                    micros.push(unix);
                })
            }
            (Decode::Integer { width, signed }, ColumnValues::Integer(values)) => {
                integer(body, width, signed).and_then(|value| i64::try_from(value).ok()).map(|value| values.push(value))
            }
            // Never: a column's decoder and its values are created together.
            _ => None,
        };
        if added.is_some() { ColumnState::Value } else { ColumnState::Invalid }
    }

    /// Adds text that has to be converted to UTF-8.
    #[inline(never)]
    fn converted(&mut self, text: Option<&[u8]>, charset: Charset) -> ColumnState {
        match (text.and_then(|bytes| charset.decode(bytes)), &mut self.values) {
            (Some(text), ColumnValues::Text(values)) => {
                values.add(text.as_bytes());
                ColumnState::Value
            }
            _ => ColumnState::Invalid,
        }
    }

    #[inline]
    fn empty_value(&mut self) {
        match &mut self.values {
            ColumnValues::Integer(values) => values.push(0),
            ColumnValues::Unsigned(values) => values.push(0),
            ColumnValues::DateTime { micros, .. } => micros.push(0),
            ColumnValues::Text(values) | ColumnValues::Digits(values) | ColumnValues::Bytes(values) => {
                values.offsets.push(values.bytes.len() as i32);
            }
        }
    }

    /// Makes `row` the next row of the column: it is missing in rows that did not list it. If it has already been listed in
    /// `row`, that value is dropped.
    #[cold]
    fn align(&mut self, row: usize) {
        self.truncate(row);
        self.states.resize(row, ColumnState::Missing);
        match &mut self.values {
            ColumnValues::Integer(values) => values.resize(row, 0),
            ColumnValues::Unsigned(values) => values.resize(row, 0),
            ColumnValues::DateTime { micros, .. } => micros.resize(row, 0),
            ColumnValues::Text(values) | ColumnValues::Digits(values) | ColumnValues::Bytes(values) => {
                let end = values.bytes.len() as i32;
                values.offsets.resize(row + 1, end);
            }
        }
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        if self.states.len() <= rows {
            return;
        }
        self.states.truncate(rows);
        match &mut self.values {
            ColumnValues::Integer(values) => values.truncate(rows),
            ColumnValues::Unsigned(values) => values.truncate(rows),
            ColumnValues::DateTime { micros, nanos } => {
                micros.truncate(rows);
                nanos.truncate(rows);
            }
            ColumnValues::Text(values) | ColumnValues::Digits(values) | ColumnValues::Bytes(values) => values.truncate(rows),
        }
    }

    pub(super) fn finish(&mut self, rows: usize) {
        self.align(rows);
        if let ColumnValues::DateTime { nanos, .. } = &mut self.values {
            // They end at the last value that has any.
            if !nanos.is_empty() {
                nanos.resize(rows, 0);
            }
        }
        if let (Decode::Utf8 { .. }, ColumnValues::Text(text)) = (self.decode, &self.values) {
            if !is_text(text) {
                for (row, state) in self.states.iter_mut().enumerate() {
                    if simdutf8::basic::from_utf8(text.get(row)).is_err() {
                        *state = ColumnState::Invalid;
                    }
                }
            }
        }
    }
}

/// Returns whether all values are UTF-8: the bytes together are, and no value starts inside a character.
fn is_text(text: &VarBytes) -> bool {
    let is_inside = |&offset: &i32| text.bytes.get(offset as usize).is_some_and(|byte| byte & 0xc0 == 0x80);
    simdutf8::basic::from_utf8(&text.bytes).is_ok() && !text.offsets.iter().any(is_inside)
}

/// Returns whether these bytes are a number. The most frequent case, digits only, is checked first.
#[inline]
fn is_number(digits: &[u8]) -> bool {
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    plain || std::str::from_utf8(digits).is_ok_and(|text| NumberText::parse(text).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_appended_whole_wherever_they_lie() {
        let bytes: Vec<u8> = (0..=255).collect();
        let copy = bytes.clone();
        for len in 0..130 {
            for at in [0, 1, 60, 126 - len.min(126), 256 - len] {
                let value = &bytes[at..at + len];
                let mut out = b"before".to_vec();
                append(&mut out, value, SourceBuffer(&bytes));
                append(&mut out, value, SourceBuffer(&[]));
                append(&mut out, &copy[at..at + len], SourceBuffer(&bytes));
                assert_eq!(out, [b"before", value, value, value].concat(), "{at}, {len}");
            }
        }
    }
}
