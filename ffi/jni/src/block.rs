//! A block of changes: the native [`ChangeBlock`], and one flat view of it, from which Java reads values without a native call.
//!
//! The view contains what most programs ask for. Everything else (JSON, tokens, DDL, records, headers, the errors of images)
//! comes from the native block.

use trailcore::{Change, ChangeBlock, ColumnState as State, ErrorKind, Number, Op, Row, Value, change::Precision};

use crate::failure::{Failure, Result};
use crate::records;
use crate::wire::Writer;

/// The layout of the head of a change in a view, same as in `Change.java`: offsets. A position is two numbers.
mod at {
    pub(super) const LENGTH: usize = 0;
    pub(super) const TABLE: usize = 4;
    pub(super) const OP: usize = 8;
    pub(super) const TRANSACTION: usize = 9;
    /// The state of the before image, followed by that of the after image.
    pub(super) const IMAGES: usize = 10;
    pub(super) const HAS_CSN: usize = 12;
    pub(super) const HAS_XID: usize = 13;
    pub(super) const POSITION_KIND: usize = 14;
    /// The kind of the position after the change. Of lines it is another one than that of the change.
    pub(super) const NEXT_KIND: usize = 15;
    pub(super) const POSITION: usize = 16;
    pub(super) const START: usize = 32;
    pub(super) const TIMESTAMP: usize = 48;
    /// The position after the change.
    pub(super) const NEXT: usize = 56;
    /// The offset of the before image, followed by that of the after image.
    pub(super) const BEFORE: usize = 72;
    /// The offset of CSN and transaction id.
    pub(super) const IDS: usize = 80;
    pub(super) const INDEX: usize = 84;
    pub(super) const FILE: usize = 88;
    pub(super) const UNFINISHED: usize = 92;
    /// The length of the head.
    pub(super) const END: usize = 96;
}

/// The head of a change in a view. It is put together here and copied once: it is a good part of the cost of a change.
struct Head([u8; at::END]);

impl Head {
    fn put<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        if let Some(place) = self.0.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *place = bytes;
        }
    }

    fn put_position(&mut self, at: usize, (first, second): (u64, u64)) {
        self.put(at, first.to_le_bytes());
        self.put(at + 8, second.to_le_bytes());
    }
}

/// The state of an image in a view.
mod image {
    pub(super) const NONE: u8 = 0;
    pub(super) const ROW: u8 = 1;
    /// The image cannot be read. The native block reports why.
    pub(super) const ERROR: u8 = 2;
}

/// The form of a value.
mod form {
    pub(super) const NONE: u8 = 0;
    pub(super) const TEXT: u8 = 1;
    pub(super) const INTEGER: u8 = 2;
    pub(super) const DECIMAL: u8 = 3;
    pub(super) const DIGITS: u8 = 4;
    pub(super) const DATE_TIME: u8 = 5;
    pub(super) const BYTES: u8 = 6;
}

/// The bytes of a block's changes after which it is full. Large objects count here, but are not in the view.
const FULL_BYTES: u64 = 256 << 10;

/// A block being filled.
#[derive(Debug, Default)]
pub(crate) struct Filling {
    pub(crate) changes: ChangeBlock,
    pub(crate) view: Writer,
    bytes: u64,
}

impl Filling {
    /// Empties the view, with room for its head.
    pub(crate) fn start(&mut self) {
        self.view.0.clear();
        self.view.u64(0).u64(0);
        self.bytes = 0;
    }

    /// Writes the head of the view: the handle of the block, and its size.
    pub(crate) fn finish(&mut self, handle: i64) {
        self.view.patch(0, handle.to_le_bytes());
        self.view.patch(8, self.bytes.to_le_bytes());
    }

    pub(crate) fn is_full(&self, size: usize) -> bool {
        self.view.0.len() >= size || self.bytes >= FULL_BYTES
    }

    /// Appends a change: a head of fixed size, the images, CSN and transaction id. The position after the change follows with
    /// [`set_next`](Self::set_next). `file` is a number for the file of the change.
    pub(crate) fn push(&mut self, change: &Change<'_>, file: u32) -> Result<usize> {
        let out = &mut self.view;
        let start = out.0.len();
        let (kind, position) = Writer::parts(change.position());
        let (csn, xid) = change.ids();
        let mut head = Head([0; at::END]);
        head.put(at::TABLE, (change.table_id().index() as u32).to_le_bytes());
        head.put(at::OP, [op_number(change.op())]);
        head.put(at::TRANSACTION, [change.transaction().byte()]);
        head.put(at::HAS_CSN, [csn.is_some().into()]);
        head.put(at::HAS_XID, [xid.is_some().into()]);
        head.put(at::POSITION_KIND, [kind]);
        head.put_position(at::POSITION, position);
        head.put_position(at::START, Writer::parts(change.start()).1);
        head.put(at::TIMESTAMP, change.timestamp().unix_micros().to_le_bytes());
        head.put(at::INDEX, (self.changes.len() as u32).to_le_bytes());
        head.put(at::FILE, file.to_le_bytes());
        head.put(at::UNFINISHED, u32::from(change.is_unfinished()).to_le_bytes());
        out.0.extend_from_slice(&head.0);
        let rows = match change.images() {
            Ok((before, after)) => [before.map(checked), after.map(checked)],
            Err(_) => {
                let (before, after) = change.has_images();
                [before.then_some(None), after.then_some(None)]
            }
        };
        for (index, row) in rows.into_iter().enumerate() {
            head.put(at::BEFORE + 4 * index, ((out.0.len() - start) as u32).to_le_bytes());
            let kind = match row {
                None => image::NONE,
                Some(None) => image::ERROR,
                Some(Some((row, columns))) => {
                    encode_row(&row, columns, start, out)?;
                    image::ROW
                }
            };
            head.put(at::IMAGES + index, [kind]);
        }
        head.put(at::IDS, ((out.0.len() - start) as u32).to_le_bytes());
        out.text(csn.unwrap_or_default()).text(xid.unwrap_or_default());
        let length = u32::try_from(out.0.len() - start).map_err(|_| Failure::Internal("change exceeds 4 GiB"))?;
        head.put(at::LENGTH, length.to_le_bytes());
        out.patch(start, head.0);
        self.changes.push(change);
        self.bytes += change.source_bytes();
        Ok(start)
    }

    /// Sets the position after a change that starts at an offset of the view.
    pub(crate) fn set_next(&mut self, change: usize, next: trailcore::Position) {
        let (kind, (first, second)) = Writer::parts(next);
        self.view.patch(change + at::NEXT_KIND, [kind]);
        self.view.patch(change + at::NEXT, first.to_le_bytes());
        self.view.patch(change + at::NEXT + 8, second.to_le_bytes());
    }
}

pub(crate) fn op_number(op: Op) -> u8 {
    Op::ALL.iter().position(|known| *known == op).map_or(7, |place| place as u8)
}

/// Returns a row and the number of its columns if all of it can be read.
fn checked(row: Row<'_>) -> Option<(Row<'_>, usize)> {
    Some((row, row.spans().verify().ok()?))
}

/// Returns a change of a block.
pub(crate) fn change(block: &ChangeBlock, index: i32) -> Result<Change<'_>> {
    usize::try_from(index).ok().and_then(|index| block.get(index)).ok_or(Failure::MESSAGE)
}

/// Encodes what the view of a change does not contain: tokens, user tokens, the name of the table, DDL.
pub(crate) fn extras(change: &Change<'_>) -> Vec<u8> {
    let mut out = Writer::default();
    let tokens = change.tokens();
    out.len(tokens.len());
    for (name, value) in &tokens {
        out.text(name).bytes(value);
    }
    let user = change.user_tokens();
    out.bool(user.is_some()).bytes(user.unwrap_or_default()).text(&change.table_name());
    out.maybe_text(change.ddl().as_ref().map(|ddl| ddl.text()));
    out.0
}

/// Encodes the raw records of a change, each for `TrailRecord`. The first has the start position of the change. All others have
/// the position of the change, because only that of the main record is known. Empty for changes of other sources than trails.
pub(crate) fn raw_records(change: &Change<'_>) -> Vec<u8> {
    let mut out = Writer::default();
    let count_at = out.0.len();
    let mut count = 0u32;
    out.u32(count);
    for record in change.trail().iter().flat_map(|trail| trail.records()) {
        records::encode(&record, if count == 0 { change.start() } else { change.position() }, None, &mut out);
        count += 1;
    }
    out.patch(count_at, count.to_le_bytes());
    out.0
}

/// Returns why an image of a change cannot be read.
pub(crate) fn image_error(change: &Change<'_>) -> Failure {
    // The JSON form reads every column of both images. Without it, an image of an unknown form is the reason.
    let error = match change.images() {
        Err(error) if error.kind() == ErrorKind::Unsupported => Some(error),
        _ => change.to_json().err(),
    };
    error.map_or(Failure::Internal("an image without a row has no error"), Failure::from)
}

/// A column's entry in the directory of a row: index, state, form, offset, length.
const ENTRY: usize = 12;

fn entry(index: usize, (state, form): (State, u8), offset: usize, length: usize) -> [u8; ENTRY] {
    let ([a, b], [c, d, e, f]) = ((index as u16).to_le_bytes(), (offset as u32).to_le_bytes());
    let [g, h, i, j] = (length as u32).to_le_bytes();
    [a, b, state as u8, form, c, d, e, f, g, h, i, j]
}

/// Appends a row: the number of columns, `count`, whether their indexes ascend, a directory, and the values. Offsets are relative to the
/// change.
fn encode_row(row: &Row<'_>, count: usize, start: usize, out: &mut Writer) -> Result<()> {
    let head = out.0.len();
    out.u16(count as u16).u16(0);
    let directory = out.0.len();
    out.0.resize(directory + count * ENTRY, 0);
    let (mut ascending, mut least) = (true, 0);
    for (place, column) in row.columns().enumerate() {
        // The caller has verified all spans of the row.
        let column = column.map_err(|_| Failure::Internal("a verified row cannot be read"))?;
        let index = column.index();
        ascending &= index >= least;
        least = index + 1;
        let value_at = out.0.len();
        let kind = encode_value(&column.value(), out);
        let length = out.0.len() - value_at;
        out.patch(directory + place * ENTRY, entry(index, kind, value_at - start, length));
    }
    out.patch(head + 2, [u8::from(ascending)]);
    Ok(())
}

fn encode_value(value: &Value<'_>, out: &mut Writer) -> (State, u8) {
    match value {
        Value::Null => (State::Null, form::NONE),
        Value::Unchanged => (State::Unchanged, form::NONE),
        Value::Invalid(bytes) => {
            out.0.extend_from_slice(bytes);
            (State::Invalid, form::BYTES)
        }
        Value::Text(text) => {
            out.0.extend_from_slice(text.as_bytes());
            (State::Value, form::TEXT)
        }
        Value::Number(Number::Text(digits)) => {
            out.0.extend_from_slice(digits.as_bytes());
            (State::Value, form::DIGITS)
        }
        Value::Number(Number::Exact(decimal)) => {
            let form = match i64::try_from(decimal.mantissa()) {
                Ok(mantissa) => {
                    let [a, b, c, d, e, f, g, h] = mantissa.to_le_bytes();
                    out.0.extend_from_slice(&[a, b, c, d, e, f, g, h, decimal.scale()]);
                    form::INTEGER
                }
                Err(_) => {
                    out.0.extend_from_slice(&decimal.mantissa().to_be_bytes());
                    out.u8(decimal.scale());
                    form::DECIMAL
                }
            };
            (State::Value, form)
        }
        Value::DateTime(time) => {
            let digits = match time.precision {
                Precision::Date => u8::MAX,
                Precision::Time(digits) => digits,
            };
            let ([a, b, c, d], [e, f]) = (time.nanos.to_le_bytes(), time.year.to_le_bytes());
            out.0.extend_from_slice(&[a, b, c, d, e, f, time.month, time.day, time.hour, time.minute, time.second, digits]);
            (State::Value, form::DATE_TIME)
        }
        Value::Bytes(bytes) => {
            out.0.extend_from_slice(bytes);
            (State::Value, form::BYTES)
        }
        // A kind of value that this binding does not know.
        _ => (State::Invalid, form::BYTES),
    }
}
