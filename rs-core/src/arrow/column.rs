//! Converts the buffers of one column to an Arrow array.

use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BinaryArray, Date32Array, Decimal128Array, Decimal256Array, DictionaryArray, Float64Array, Int8Array, Int64Array,
    StringArray, TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer, i256};
use arrow_schema::{DataType, TimeUnit};

use super::schema::{DIGITS_64, DIGITS_128};
use crate::batch::{ColumnBuffer, ColumnValues, VarBytes};
use crate::change::{ColumnState, NumberText};
use crate::time::Timestamp;

/// The reason why a value cannot be converted, and its row.
pub(super) struct Misfit {
    pub(super) row: usize,
    pub(super) what: &'static str,
    pub(super) hint: &'static str,
}

type Result<T> = std::result::Result<T, Misfit>;

const MICROS_A_DAY: i64 = 86_400_000_000;

/// Returns the validity bitmap for these states; `None` if all are values.
pub(super) fn validity(states: &[ColumnState]) -> Option<NullBuffer> {
    if states.iter().all(|state| *state == ColumnState::Value) {
        return None;
    }
    Some(NullBuffer::from_iter(states.iter().map(|state| *state == ColumnState::Value)))
}

/// The names of the states, in the order of their numbers.
const WORDS: [&str; 5] = ["value", "null", "missing", "invalid", "unchanged"];

/// Returns the states as a dictionary array of their names.
pub(super) fn states(states: &[ColumnState]) -> ArrayRef {
    let keys = Int8Array::from_iter_values(states.iter().map(|state| *state as i8));
    let words = Arc::new(StringArray::from_iter_values(WORDS));
    match DictionaryArray::<Int8Type>::try_new(keys.clone(), words) {
        Ok(array) => Arc::new(array),
        // Not reached: every state has a name.
        Err(_) => Arc::new(keys),
    }
}

/// Moves a column's values into an array of this type. Buffers of the same layout are not copied.
pub(super) fn array(buffer: &mut ColumnBuffer, data_type: &DataType, cut_times: bool) -> Result<ArrayRef> {
    let (states, values) = buffer.parts();
    let nulls = validity(states);
    let scale = match data_type {
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => *scale as u8,
        _ => 0,
    };
    let is_value = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    let array: ArrayRef = match (values, data_type) {
        (ColumnValues::Integer(values), DataType::Int64) => Arc::new(Int64Array::new(taken(values), nulls)),
        (ColumnValues::Unsigned(values), DataType::UInt64) => Arc::new(UInt64Array::new(taken(values), nulls)),
        (ColumnValues::Integer(values), DataType::Decimal128(..)) => {
            if let Some(row) = values
                .iter()
                .position(|value| !has_digits(*value))
                .filter(|_| *data_type == DataType::Decimal128(DIGITS_64, scale as i8))
            {
                let what = "the number has more digits than its decimal type";
                return Err(Misfit { row, what, hint: "add the column to the option wide" });
            }
            decimal128(values.iter().map(|&value| i128::from(value)).collect(), nulls, data_type)
        }
        (ColumnValues::Unsigned(values), DataType::Decimal128(..)) => {
            decimal128(values.iter().map(|&value| i128::from(value)).collect(), nulls, data_type)
        }
        (ColumnValues::Digits(texts), DataType::Decimal128(..)) => {
            let mut numbers = Vec::with_capacity(texts.offsets.len());
            each(texts, |row, text| {
                let number = if is_value(row) { scaled(text, scale) } else { Some(0) };
                numbers.push(number.filter(|number| number.unsigned_abs() < 10u128.pow(DIGITS_128.into())).ok_or(misfit(row))?);
                Ok(())
            })?;
            decimal128(numbers, nulls, data_type)
        }
        (ColumnValues::Digits(texts), DataType::Decimal256(..)) => {
            let mut numbers = Vec::with_capacity(texts.offsets.len());
            each(texts, |row, text| {
                let number = if is_value(row) { scaled256(text, scale) } else { Some(i256::ZERO) };
                numbers.push(number.ok_or(misfit(row))?);
                Ok(())
            })?;
            Arc::new(Decimal256Array::new(numbers.into(), nulls).with_data_type(data_type.clone()))
        }
        (ColumnValues::Digits(texts), DataType::Float64) => {
            let mut numbers = Vec::with_capacity(texts.offsets.len());
            each(texts, |row, text| {
                let number = std::str::from_utf8(text).ok().and_then(|text| text.trim_matches(' ').parse::<f64>().ok());
                numbers.push(if is_value(row) { number.ok_or(misfit(row))? } else { 0.0 });
                Ok(())
            })?;
            Arc::new(Float64Array::new(numbers.into(), nulls))
        }
        (ColumnValues::Digits(texts), _) => text_array(plain_digits(texts, is_value), nulls)?,
        (ColumnValues::Text(texts), _) if states.contains(&ColumnState::Invalid) => {
            let mut valid = VarBytes::new();
            for (row, state) in states.iter().enumerate() {
                valid.add(if *state == ColumnState::Value { texts.get(row) } else { &[] });
            }
            text_array(valid, nulls)?
        }
        (ColumnValues::Text(texts), _) => text_array(texts.take(), nulls)?,
        (ColumnValues::DateTime { micros, nanos }, DataType::Timestamp(TimeUnit::Microsecond, _)) => {
            if let Some(row) = nanos.iter().position(|&nanos| nanos != 0).filter(|_| !cut_times) {
                let what = "the time has more digits than microseconds";
                return Err(Misfit {
                    row,
                    what,
                    hint: "set the option times to nanos, to text, or to truncated to drop them; no nanoseconds hold a year after 2261",
                });
            }
            Arc::new(TimestampMicrosecondArray::new(taken(micros), nulls))
        }
        (ColumnValues::DateTime { micros, nanos }, DataType::Timestamp(..)) => {
            let finer = nanos.iter().copied().chain(std::iter::repeat(0));
            let exact = micros.iter().zip(finer).enumerate().map(|(row, (&micros, nanos))| {
                let what = "the time is out of range for nanoseconds (years 1678 to 2261)";
                let exact = micros.checked_mul(1000).and_then(|value| value.checked_add(nanos.into()));
                exact.ok_or(Misfit {
                    row,
                    what,
                    hint: "add the column to the option wide, or set the option times to micros or text",
                })
            });
            Arc::new(TimestampNanosecondArray::new(exact.collect::<Result<Vec<_>>>()?.into(), nulls))
        }
        (ColumnValues::DateTime { micros, nanos }, DataType::Utf8) => {
            let finer = nanos.iter().copied().chain(std::iter::repeat(0));
            let mut texts = VarBytes::new();
            for ((&micros, nanos), state) in micros.iter().zip(finer).zip(states) {
                // A trailing Z would be a zone, which the column does not have.
                let to_micros = || Timestamp::from_unix_micros(micros).to_string();
                let text = (*state == ColumnState::Value).then(|| format!("{}{nanos:03}", to_micros().trim_end_matches('Z')));
                texts.add(text.unwrap_or_default().as_bytes());
            }
            text_array(texts, nulls)?
        }
        (ColumnValues::DateTime { micros, nanos }, _) => {
            let fine = nanos.iter().any(|&nanos| nanos != 0);
            let days = micros.iter().enumerate().map(|(row, micros)| match i32::try_from(micros.div_euclid(MICROS_A_DAY)) {
                Ok(days) if micros % MICROS_A_DAY == 0 && !fine => Ok(days),
                _ => Err(Misfit {
                    row,
                    what: "the column is declared as a date and has a time",
                    hint: "read it with the change reader",
                }),
            });
            Arc::new(Date32Array::new(days.collect::<Result<Vec<_>>>()?.into(), nulls))
        }
        (ColumnValues::Bytes(values), _) => {
            let VarBytes { offsets, bytes } = values.take();
            let array = BinaryArray::try_new(OffsetBuffer::new(offsets.into()), Buffer::from_vec(bytes), nulls);
            Arc::new(array.map_err(|_| UNFITTING)?)
        }
        // Not reached: values and type come from the same definition.
        (ColumnValues::Integer(_) | ColumnValues::Unsigned(_), _) => return Err(UNFITTING),
    };
    Ok(array)
}

/// Returns whether a type holds all values of a buffer, if a wider type of the column would: see
/// [`ArrowOptions::wide`](super::ArrowOptions::wide).
pub(super) fn is_wide_enough(buffer: &ColumnBuffer, data_type: &DataType) -> bool {
    // Microseconds whose nanoseconds have 64 bits, with some below a microsecond.
    const NANOS: i64 = i64::MAX / 1000 - 1;
    // Without an end at the first value that does not fit, so that the compiler makes one operation of several.
    match (buffer.values(), data_type) {
        (ColumnValues::DateTime { micros, .. }, DataType::Timestamp(TimeUnit::Nanosecond, _)) => {
            micros.iter().fold(true, |fits, micros| fits & (-NANOS..=NANOS).contains(micros))
        }
        (ColumnValues::Integer(values), DataType::Decimal128(DIGITS_64, _)) => {
            values.iter().fold(true, |fits, value| fits & has_digits(*value))
        }
        _ => true,
    }
}

/// Returns whether an integer has at most the digits of a decimal that is not wide.
#[inline]
fn has_digits(value: i64) -> bool {
    const LIMIT: i64 = 10i64.pow(DIGITS_64 as u32);
    -LIMIT < value && value < LIMIT
}

/// Takes the values out and leaves an empty vector of the same capacity.
fn taken<T: arrow_buffer::ArrowNativeType>(values: &mut Vec<T>) -> ScalarBuffer<T> {
    let room = Vec::with_capacity(values.len());
    std::mem::replace(values, room).into()
}

const UNFITTING: Misfit = Misfit { row: 0, what: "the values have a different type than the schema", hint: "" };

fn text_array(texts: VarBytes, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    let VarBytes { offsets, bytes } = texts;
    let array = StringArray::try_new(OffsetBuffer::new(offsets.into()), Buffer::from_vec(bytes), nulls);
    Ok(Arc::new(array.map_err(|_| UNFITTING)?))
}

fn decimal128(numbers: Vec<i128>, nulls: Option<NullBuffer>, data_type: &DataType) -> ArrayRef {
    Arc::new(Decimal128Array::new(numbers.into(), nulls).with_data_type(data_type.clone()))
}

fn each(texts: &VarBytes, mut each: impl FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
    (0..texts.offsets.len().saturating_sub(1)).try_for_each(|row| each(row, texts.get(row)))
}

fn misfit(row: usize) -> Misfit {
    Misfit {
        row,
        what: "the number has more digits than its decimal type",
        hint: "set the option numbers to text or to another scale",
    }
}

/// Converts a number to the integer of a decimal of this scale; `None` if it does not fit exactly.
fn scaled(text: &[u8], scale: u8) -> Option<i128> {
    let number = NumberText::parse(std::str::from_utf8(text).ok()?)?;
    let decimal = number.without_zeros().decimal()?;
    let power = scale.checked_sub(decimal.scale())?;
    decimal.mantissa().checked_mul(10i128.checked_pow(power.into())?)
}

fn scaled256(text: &[u8], scale: u8) -> Option<i256> {
    let number = NumberText::parse(std::str::from_utf8(text).ok()?)?.without_zeros();
    let (digits, fraction) = number.plain_parts()?;
    let zeros = usize::from(scale).checked_sub(fraction)?;
    let fits = digits.len() + zeros <= 76;
    fits.then(|| i256::from_string(&format!("{digits}{}", "0".repeat(zeros)))).flatten()
}

/// Rewrites numbers in JSON notation. Nearly all already have it.
fn plain_digits(texts: &mut VarBytes, is_value: impl Fn(usize) -> bool) -> VarBytes {
    let rows = texts.offsets.len().saturating_sub(1);
    if (0..rows).all(|row| !is_value(row) || is_plain(texts.get(row))) {
        return texts.take();
    }
    let mut plain = VarBytes::new();
    let mut shown = String::new();
    for row in 0..rows {
        shown.clear();
        let number = std::str::from_utf8(texts.get(row)).ok().and_then(NumberText::parse).filter(|_| is_value(row));
        // Writing to a string cannot fail.
        let _ = number.map(|number| number.write_json(&mut shown));
        plain.add(shown.as_bytes());
    }
    plain
}

/// Returns whether digits have JSON notation in its simplest form: an optional minus, no leading zeros, an optional fraction.
fn is_plain(digits: &[u8]) -> bool {
    let unsigned = digits.strip_prefix(b"-").unwrap_or(digits);
    let mut parts = unsigned.splitn(2, |&byte| byte == b'.');
    let is_digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let whole = parts.next().unwrap_or_default();
    is_digits(whole) && (whole.len() == 1 || whole.first() != Some(&b'0')) && parts.next().is_none_or(is_digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_numbers_are_exact_or_rejected() {
        for (text, scale, number) in [
            ("5", 2, Some(500)),
            ("5.25", 2, Some(525)),
            ("-5.250000", 2, Some(-525)),
            ("5.251", 2, None),
            (".5", 1, Some(5)),
            ("1e3", 0, Some(1000)),
            ("1.5e1", 0, Some(15)),
            ("12E-1", 1, Some(12)),
            ("1e39", 0, None),
            ("+00012.", 0, Some(12)),
            ("0", 5, Some(0)),
            ("0.000000000000000000000000000000000000000000", 0, Some(0)),
        ] {
            assert_eq!(scaled(text.as_bytes(), scale), number, "{text}");
            assert_eq!(scaled256(text.as_bytes(), scale), number.map(i256::from_i128).or(scaled256_of(text, scale)), "{text}");
        }
        let long = "1".repeat(60);
        assert_eq!(scaled256(long.as_bytes(), 3).unwrap().to_string(), format!("{long}000"));
        assert_eq!(scaled256("1".repeat(74).as_bytes(), 3), None);
    }

    /// Expected values that only the wider type holds.
    fn scaled256_of(text: &str, _: u8) -> Option<i256> {
        (text == "1e39").then(|| i256::from_string(&format!("1{}", "0".repeat(39))).unwrap())
    }

    #[test]
    fn digits_are_written_in_json_notation() {
        let mut texts = VarBytes::new();
        for text in ["5", ".5", "007", "+1.20 ", "-0.10", "5.", "1E+5"] {
            texts.add(text.as_bytes());
        }
        let plain = plain_digits(&mut texts, |_| true);
        let shown: Vec<_> = (0..7).map(|row| std::str::from_utf8(plain.get(row)).unwrap()).collect();
        assert_eq!(shown, ["5", "0.5", "7", "1.20", "-0.10", "5", "1E+5"]);
    }
}
