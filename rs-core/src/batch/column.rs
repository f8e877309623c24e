//! One column of a batch.

use crate::change::{ColumnState, DateTime, NumberText, integer, unprefixed};
use crate::schema::{ColumnDef, Kind};
use crate::text::Charset;
use crate::trail::ByteOrder;
use crate::trail::image::SpanContent;

/// The values of a column, one for each row. Where the state is not *value*, the number is 0 and the bytes are empty, or,
/// of an invalid value, its bytes as they stand.
#[derive(Clone, Debug)]
pub enum ColumnValues {
    /// Integers, times 10 to the power of −scale as the column's definition says. Of unsigned 64-bit columns, values
    /// beyond `i64` are invalid here.
    Integer(Vec<i64>),
    /// Days and times as microseconds from 1970-01-01 00:00 of the database's own (unknown) zone, and the nanoseconds
    /// beyond them. Zero dates have no place on the time line and are invalid here.
    DateTime {
        /// Microseconds.
        micros: Vec<i64>,
        /// Nanoseconds beyond the microseconds, 0 to 999; empty where no value of the batch has any.
        nanos: Vec<u16>,
    },
    /// UTF-8 text: value `i` is `bytes[offsets[i]..offsets[i + 1]]`.
    Text(VarBytes),
    /// The digits of numbers, as text that is known to be a number.
    Digits(VarBytes),
    /// Bytes.
    Bytes(VarBytes),
}

/// Values of variable length, one behind the other.
#[derive(Clone, Debug)]
pub struct VarBytes {
    /// Where each value starts, and where the last ends: one more than there are values.
    pub offsets: Vec<i32>,
    /// The values' bytes.
    pub bytes: Vec<u8>,
}

impl VarBytes {
    fn new() -> Self {
        Self { offsets: vec![0], bytes: Vec::new() }
    }

    /// The bytes of one value.
    #[must_use]
    pub fn get(&self, row: usize) -> &[u8] {
        match (self.offsets.get(row), self.offsets.get(row + 1)) {
            (Some(&start), Some(&end)) => self.bytes.get(start as usize..end as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    #[inline(always)]
    fn push(&mut self, value: &[u8]) {
        append(&mut self.bytes, value);
        self.offsets.push(self.bytes.len() as i32);
    }

    fn truncate(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        self.bytes.truncate(self.offsets.last().map_or(0, |&end| end as usize));
    }
}

/// Appends a few bytes. Values are mostly short, and a call to copy them costs more than the copy: two overlapping pieces
/// of fixed size do it in line.
#[inline(always)]
fn append(out: &mut Vec<u8>, value: &[u8]) {
    #[inline(always)]
    fn overlapping<const N: usize>(out: &mut Vec<u8>, value: &[u8]) -> bool {
        match (value.first_chunk::<N>(), value.last_chunk::<N>()) {
            (Some(head), Some(tail)) if value.len() <= 2 * N => {
                let end = out.len() + value.len();
                out.extend_from_slice(head);
                out.truncate(end - N);
                out.extend_from_slice(tail);
                true
            }
            _ => false,
        }
    }
    let done = overlapping::<16>(out, value) || overlapping::<8>(out, value) || overlapping::<4>(out, value);
    if !done {
        out.extend_from_slice(value);
    }
}

/// How a column's bytes become values.
#[derive(Clone, Copy, Debug)]
enum Decode {
    /// Not wanted.
    Pass,
    Integer8,
    Integer {
        width: u8,
        signed: bool,
    },
    DateTime,
    /// Bytes that are UTF-8 as they are, checked a column at a time.
    Utf8 {
        prefixed: bool,
    },
    /// Characters of another set, converted one by one.
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
}

impl ColumnBuffer {
    pub(super) fn new(column: &ColumnDef, wanted: bool) -> Self {
        let decode = match column.kind() {
            _ if !wanted => Decode::Pass,
            Kind::Integer { width: 8, signed: true } => Decode::Integer8,
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
            Decode::DateTime => ColumnValues::DateTime { micros: Vec::new(), nanos: Vec::new() },
            Decode::Utf8 { .. } | Decode::Other { .. } => ColumnValues::Text(VarBytes::new()),
            Decode::Digits { .. } => ColumnValues::Digits(VarBytes::new()),
            Decode::Bytes { .. } | Decode::Pass => ColumnValues::Bytes(VarBytes::new()),
        };
        Self { decode, states: Vec::new(), values }
    }

    pub(super) fn is_wanted(&self) -> bool {
        !matches!(self.decode, Decode::Pass)
    }

    /// The state of each row's value.
    #[must_use]
    pub fn states(&self) -> &[ColumnState] {
        &self.states
    }

    /// The values.
    #[must_use]
    pub fn values(&self) -> &ColumnValues {
        &self.values
    }

    #[inline(always)]
    pub(super) fn push(&mut self, row: usize, content: SpanContent<'_>, order: ByteOrder) {
        if matches!(self.decode, Decode::Pass) {
            return;
        }
        if self.states.len() != row {
            self.align(row);
        }
        let state = match content {
            SpanContent::Value(body) => self.value(body, order),
            SpanContent::Null => ColumnState::Null,
            SpanContent::Invalid => ColumnState::Invalid,
        };
        if state != ColumnState::Value {
            self.empty_value();
        }
        self.states.push(state);
    }

    /// Adds a value; one that is not decodable adds nothing.
    #[inline(always)]
    fn value(&mut self, body: &[u8], order: ByteOrder) -> ColumnState {
        let characters = |prefixed| if prefixed { unprefixed(body, order) } else { Some(body) };
        let added = match (self.decode, &mut self.values) {
            (Decode::Integer8, ColumnValues::Integer(values)) => {
                body.try_into().ok().map(|bytes| values.push(i64::from_be_bytes(bytes)))
            }
            (Decode::Utf8 { prefixed }, ColumnValues::Text(values)) => characters(prefixed).map(|text| values.push(text)),
            (Decode::DateTime, ColumnValues::DateTime { micros, nanos }) => {
                DateTime::parse_bytes(body).and_then(|time| Some((time.unix_micros()?, time.nanos))).map(|(unix, fraction)| {
                    if fraction % 1000 != 0 {
                        nanos.resize(micros.len(), 0);
                        nanos.push((fraction % 1000) as u16);
                    }
                    micros.push(unix);
                })
            }
            (Decode::Digits { prefixed }, ColumnValues::Digits(values)) => {
                characters(prefixed).filter(|digits| is_number(digits)).map(|digits| values.push(digits))
            }
            (Decode::Bytes { prefixed }, ColumnValues::Bytes(values)) => characters(prefixed).map(|bytes| values.push(bytes)),
            (Decode::Integer { width, signed }, ColumnValues::Integer(values)) => {
                integer(body, width, signed).and_then(|value| i64::try_from(value).ok()).map(|value| values.push(value))
            }
            (Decode::Other { prefixed, charset }, ColumnValues::Text(values)) => {
                characters(prefixed).and_then(|bytes| charset.decode(bytes).map(|text| values.push(text.as_bytes())))
            }
            // A column's decoder and its values are made together.
            _ => None,
        };
        if added.is_some() { ColumnState::Value } else { ColumnState::Invalid }
    }

    #[inline]
    fn empty_value(&mut self) {
        match &mut self.values {
            ColumnValues::Integer(values) => values.push(0),
            ColumnValues::DateTime { micros, .. } => micros.push(0),
            ColumnValues::Text(values) | ColumnValues::Digits(values) | ColumnValues::Bytes(values) => values.push(&[]),
        }
    }

    /// Brings the column to the row that comes next: rows that did not list it have it missing. A column that is listed
    /// twice counts once, the last time.
    #[cold]
    fn align(&mut self, row: usize) {
        self.truncate(row);
        self.states.resize(row, ColumnState::Missing);
        match &mut self.values {
            ColumnValues::Integer(values) => values.resize(row, 0),
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
            ColumnValues::DateTime { micros, nanos } => {
                micros.truncate(rows);
                nanos.truncate(rows);
            }
            ColumnValues::Text(values) | ColumnValues::Digits(values) | ColumnValues::Bytes(values) => values.truncate(rows),
        }
    }

    pub(super) fn finish(&mut self, rows: usize) {
        if matches!(self.decode, Decode::Pass) {
            return;
        }
        self.align(rows);
        if let ColumnValues::DateTime { nanos, .. } = &mut self.values {
            // Kept only as far as the last value that has any.
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

/// Whether all values are UTF-8: the bytes together are, and no value starts inside a character.
fn is_text(text: &VarBytes) -> bool {
    let is_inside = |&offset: &i32| text.bytes.get(offset as usize).is_some_and(|byte| byte & 0xc0 == 0x80);
    simdutf8::basic::from_utf8(&text.bytes).is_ok() && !text.offsets.iter().any(is_inside)
}

/// Whether these bytes are a number's digits. Whole numbers of a few digits, the most of them, are told at once.
#[inline]
fn is_number(digits: &[u8]) -> bool {
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    plain || std::str::from_utf8(digits).is_ok_and(|text| NumberText::parse(text).is_some())
}
