//! [`TableRecords`]: a column batch of one table as an Arrow record batch.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray, UInt64Array};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Fields, SchemaRef};

use super::column::{self, Misfit};
use super::options::{ArrowOptions, CsnType, Fill, Invalid, Layout, Times};
use super::schema::is_key_before;
use crate::batch::{ColumnBatch, ColumnBuffer, VarBytes};
use crate::change::{ColumnState, Op};
use crate::error::{Error, ErrorKind, Result};
use crate::position::{Position, TrailPosition};
use crate::schema::{ColumnDef, Kind, TableDef};

/// Rows of one table with one definition.
#[derive(Clone, Debug)]
pub struct TableRecords {
    /// The definition.
    pub table: Arc<TableDef>,
    /// The rows.
    pub batch: RecordBatch,
    /// The position of the first row.
    pub first: Position,
}

/// Converts a finished batch, with the schema of its table. The batch's buffers are moved out.
pub(super) fn record_batch(batch: &mut ColumnBatch, schema: &SchemaRef, options: &ArrowOptions) -> Result<RecordBatch> {
    let (ops, positions, times) = (batch.ops().to_vec(), batch.positions(), batch.times());
    let rows = ops.len();
    let mut arrays: Vec<ArrayRef> = vec![op_words(&ops), position_texts(positions)];
    let times = TimestampMicrosecondArray::from(times.to_vec()).with_timezone("UTC");
    let positions = positions.to_vec();
    let table = Arc::clone(batch.table());
    let (columns, before, after, whole) = batch.parts();
    // The decoder of this module always collects transactions.
    let (ids, has, unfinished) = match whole {
        Some(whole) => {
            let which = |index: usize| -> Vec<bool> { whole.has.iter().map(|has| has.get(index) == Some(&true)).collect() };
            let (has_csn, has_xid, has_before, has_after) = (which(0), which(1), which(2), which(3));
            let csns = match options.csn {
                CsnType::Text => ids(&mut whole.csns, has_csn)?,
                CsnType::Number => csn_numbers(&whole.csns, &has_csn, &positions)?,
            };
            ([csns, ids(&mut whole.xids, has_xid)?], [has_before, has_after], which(4))
        }
        None => return Err(broken("the batch has no transactions")),
    };
    arrays.extend(ids);
    arrays.push(Arc::new(times));
    if options.layout == Layout::Rows && options.needs_both_images() {
        let is_wanted = |row: usize, state: ColumnState| match ops.get(row) {
            Some(Op::Delete) => true,
            Some(Op::Update | Op::PkUpdate) if options.fill == Fill::Before => {
                matches!(state, ColumnState::Missing | ColumnState::Unchanged)
            }
            _ => false,
        };
        after.iter_mut().zip(before.iter()).for_each(|(after, before)| after.fill_from(before, is_wanted));
    }
    if options.complete {
        let is_known = |state: Option<&ColumnState>| !matches!(state, None | Some(ColumnState::Missing | ColumnState::Unchanged));
        let is_complete = |row: usize| after.iter().all(|buffer| is_known(buffer.states().get(row)));
        arrays.push(Arc::new(BooleanArray::from((0..rows).map(is_complete).collect::<Vec<_>>())));
    }
    if options.unfinished {
        arrays.push(Arc::new(BooleanArray::from(unfinished)));
    }

    let place = |name: &str, misfit: &Misfit| {
        let at = positions.get(misfit.row).copied().unwrap_or_default();
        let what = format!("column {name} of {}, change at {at}: {}", table.name(), misfit.what);
        let error = Error::new(ErrorKind::Value, what).hint(misfit.hint);
        match at.trail() {
            Some(at) => error.at_rba(at.rba),
            None => error,
        }
    };
    let check_invalid = |column: &ColumnDef, buffer: &ColumnBuffer| {
        let states = buffer.states().iter();
        match states.enumerate().find(|(_, state)| **state == ColumnState::Invalid) {
            Some((row, _)) if options.invalid == Invalid::Error && !options.states => {
                let (what, hint) = match column.kind() {
                    Kind::DateTime => {
                        ("the value is not a date of the calendar", "set the option states, or the option invalid to null")
                    }
                    Kind::Text { .. } if column.facts.own_charset => (
                        "the bytes are not text of the character set that the column states",
                        "set the option column_charset, the option states, or the option invalid to null",
                    ),
                    Kind::Text { .. } => (
                        "the bytes are not text of the character set",
                        "set the option charset, the option states, or the option invalid to null",
                    ),
                    _ => ("the value cannot be decoded", "set the option states, or the option invalid to null"),
                };
                Err(place(&column.name, &Misfit { row, what, hint }))
            }
            _ => Ok(()),
        }
    };
    let cut = options.times == Times::Truncated;
    let image = |buffers: &mut [ColumnBuffer], fields: &Fields| -> Result<Vec<ArrayRef>> {
        let arrays = columns.iter().zip(buffers).zip(fields.iter()).map(|((column, buffer), field)| {
            check_invalid(column, buffer)?;
            column::array(buffer, field.data_type(), cut).map_err(|misfit| place(&column.name, &misfit))
        });
        arrays.collect()
    };
    if let Some(field) = schema.fields().get(arrays.len()).filter(|field| is_key_before(field)) {
        let own = struct_fields(Some(field.data_type()))?;
        let keys = columns.iter().zip(before.iter_mut()).filter(|(column, _)| column.key).zip(own.iter());
        let keys = keys.map(|((column, buffer), field)| {
            check_invalid(column, buffer)?;
            column::array(buffer, field.data_type(), cut).map_err(|misfit| place(&column.name, &misfit))
        });
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let has = ops.iter().zip(&has[0]).map(|(op, has)| *op == Op::PkUpdate && *has).collect::<NullBuffer>();
        arrays.push(Arc::new(struct_array(own, keys, Some(has), rows)?));
    }
    let mut fields = schema.fields().iter().skip(arrays.len());
    match options.layout {
        Layout::Rows => {
            let own: Fields = fields.by_ref().take(columns.len()).cloned().collect();
            let states = options.states.then(|| state_struct(after, schema.fields().last().map(|field| field.data_type()), rows));
            arrays.extend(image(after, &own)?);
            arrays.extend(states.transpose()?);
        }
        Layout::Changes => {
            let mut states = Vec::new();
            for (buffers, has) in [before, after].into_iter().zip(has) {
                let own = struct_fields(fields.next().map(|field| field.data_type()))?;
                if options.states {
                    states.push(state_struct(buffers, schema.fields().last().map(|field| field.data_type()), rows)?);
                }
                let nulls = (!has.iter().all(|has| *has)).then(|| NullBuffer::from(has));
                arrays.push(Arc::new(struct_array(own.clone(), image(buffers, &own)?, nulls, rows)?));
            }
            arrays.extend(states);
        }
    }
    RecordBatch::try_new(Arc::clone(schema), arrays).map_err(|error| broken(&error.to_string()))
}

/// Returns the error of an invariant of this module that does not hold.
#[track_caller]
fn broken(what: &str) -> Error {
    Error::internal(&format!("a record batch cannot be made: {what}"))
}

fn struct_fields(data_type: Option<&DataType>) -> Result<Fields> {
    match data_type {
        Some(DataType::Struct(fields)) => Ok(fields.clone()),
        _ => Err(broken("the schema lacks a struct")),
    }
}

fn struct_array(fields: Fields, arrays: Vec<ArrayRef>, nulls: Option<NullBuffer>, rows: usize) -> Result<StructArray> {
    StructArray::try_new_with_length(fields, arrays, nulls, rows).map_err(|error| broken(&error.to_string()))
}

fn state_struct(buffers: &[ColumnBuffer], data_type: Option<&DataType>, rows: usize) -> Result<ArrayRef> {
    let arrays = buffers.iter().map(|buffer| column::states(buffer.states())).collect();
    Ok(Arc::new(struct_array(struct_fields(data_type)?, arrays, None, rows)?))
}

fn op_words(ops: &[Op]) -> ArrayRef {
    let mut texts = VarBytes { offsets: Vec::with_capacity(ops.len() + 1), bytes: Vec::with_capacity(ops.len() * 6) };
    texts.offsets.push(0);
    ops.iter().for_each(|op| texts.add(op.name().as_bytes()));
    plain_texts(texts, None)
}

/// Returns positions as text of fixed length, which sorts in the trail's order.
fn position_texts(positions: &[Position]) -> ArrayRef {
    const LENGTH: usize = 21;
    let mut texts =
        VarBytes { offsets: Vec::with_capacity(positions.len() + 1), bytes: Vec::with_capacity(positions.len() * LENGTH) };
    texts.offsets.push(0);
    for position in positions {
        let mut text = *b"0000000000:0000000000";
        let fits = |at: TrailPosition| put_digits(&mut text, 9, at.seqno) && put_digits(&mut text, 20, at.rba);
        if position.trail().is_some_and(fits) {
            texts.add(&text);
        } else {
            texts.add(position.sort_key().as_bytes());
        }
    }
    plain_texts(texts, None)
}

/// Writes a number of up to ten digits that ends at index `end`; returns `false` if it has more.
fn put_digits(text: &mut [u8], end: usize, mut number: u64) -> bool {
    for byte in text.iter_mut().take(end + 1).rev().take(10) {
        if number == 0 {
            return true;
        }
        *byte = b'0' + (number % 10) as u8;
        number /= 10;
    }
    number == 0
}

fn ids(texts: &mut VarBytes, has: Vec<bool>) -> Result<ArrayRef> {
    let nulls = (!has.iter().all(|has| *has)).then(|| NullBuffer::from(has));
    Ok(plain_texts(texts.take(), nulls))
}

/// Converts CSNs to numbers.
fn csn_numbers(texts: &VarBytes, has: &[bool], positions: &[Position]) -> Result<ArrayRef> {
    let number = |(row, has): (usize, &bool)| {
        let text = has.then(|| String::from_utf8_lossy(texts.get(row)))?;
        let at = positions.get(row).copied().unwrap_or_default();
        let what = || Error::new(ErrorKind::Value, format!("the CSN {text} of the change at {at} is not a number of 64 bits"));
        Some(text.parse::<u64>().map_err(|_| what().hint("set the option csn to text")))
    };
    let numbers = has.iter().enumerate().map(|one| number(one).transpose()).collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(UInt64Array::from(numbers)))
}

/// Converts texts that are known to be UTF-8.
fn plain_texts(texts: VarBytes, nulls: Option<NullBuffer>) -> ArrayRef {
    let VarBytes { offsets, bytes } = texts;
    let rows = offsets.len().saturating_sub(1);
    match StringArray::try_new(OffsetBuffer::new(offsets.into()), Buffer::from_vec(bytes), nulls) {
        Ok(array) => Arc::new(array),
        // Not reached: the texts come from strings.
        Err(_) => Arc::new(StringArray::new_null(rows)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;

    #[test]
    fn positions_sort_in_trail_order_and_parse() {
        let positions = [(0, 0), (0, 1956), (9, 10), (12, 9_999_999_999), (12, 10_000_000_000), (4_294_967_295, 1)];
        let positions: Vec<_> = positions.iter().map(|&(seqno, rba)| Position::new(seqno, rba)).collect();
        let array = position_texts(&positions);
        let texts = array.as_any().downcast_ref::<StringArray>().unwrap();
        assert_eq!(texts.value(1), "0000000000:0000001956");
        for (row, position) in positions.iter().enumerate() {
            assert_eq!(texts.value(row).parse::<Position>().unwrap(), *position);
        }
        assert!(texts.value(0) < texts.value(1) && texts.value(2) < texts.value(3) && texts.value(4) < texts.value(5));
    }
}
