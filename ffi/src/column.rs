//! Columns of an image: their states and values.

use std::borrow::Cow;

use trailcore::change::Precision;
use trailcore::{Column, DateTime, Decimal, Number, Value};

use crate::batch::Memory;
use crate::boundary::{Failure, Outcome, status};
use crate::buffer::tc_buffer;
use crate::handle::exclusive;
use crate::status::tc_status;
use crate::text::{out, tc_bytes, tc_str};

/// The five states of a column.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_state {
    /// It holds a value.
    TC_STATE_VALUE = 0,
    /// It is NULL.
    TC_STATE_NULL = 1,
    /// It is not in this image.
    TC_STATE_MISSING = 2,
    /// It is present and not decodable: its bytes are all there is.
    TC_STATE_INVALID = 3,
    /// A large object that the change left as it was. No form of it is known in trails.
    TC_STATE_UNCHANGED = 4,
}

/// A `tc_state` from C, which may be any number.
pub type AnyState = u32;

/// The type of a column's value. Numbers without a name here are reserved for types to come.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_type {
    /// There is no value.
    TC_TYPE_NONE = 0,
    /// Text, as UTF-8 in `bytes`.
    TC_TYPE_TEXT = 1,
    /// An exact number, in `decimal`.
    TC_TYPE_DECIMAL = 2,
    /// An exact number that the trail has as text: its digits, with sign, point and exponent, in `bytes`. It may have more
    /// digits than a `tc_decimal` holds.
    TC_TYPE_NUMBER_TEXT = 3,
    /// A date, or date and time, in `datetime`.
    TC_TYPE_DATETIME = 4,
    /// Bytes: of a binary column, or of a type that is not understood.
    TC_TYPE_BYTES = 5,
}

/// A `tc_type` from C, which may be any number.
pub type AnyType = u32;

/// An exact decimal number: `(high * 2^64 + low) / 10^scale`, where `high` has the sign of the whole. Up to 38 digits.
///
/// With GCC and Clang: `(__int128)(((unsigned __int128)(uint64_t)d.high << 64) | d.low)`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct tc_decimal {
    /// The lower half of all digits, as a two's complement number of 128 bits.
    pub low: u64,
    /// The upper half.
    pub high: i64,
    /// How many of the digits stand behind the point.
    pub scale: u8,
}

/// The `digits` of a `tc_datetime` that is a date alone.
pub const TC_DATE_ALONE: u8 = 255;
/// The `micros` of a `tc_datetime` that has no place on the time line: a zero date, which MySQL knows.
pub const TC_NO_MICROS: i64 = i64::MIN;

/// A date, or date and time, as the database has it: without a zone.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct tc_datetime {
    /// Microseconds from 1970-01-01 00:00 of the same (unknown) zone, finer digits cut off; or `TC_NO_MICROS`.
    pub micros: i64,
    /// Nanoseconds of the second.
    pub nanos: u32,
    /// Year, 0 to 9999.
    pub year: u16,
    /// Month, 1 to 12; 0 in a zero date.
    pub month: u8,
    /// Day, 1 to 31; 0 in a zero date.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
    /// How many digits of a second the trail has, 0 to 9, or `TC_DATE_ALONE`.
    pub digits: u8,
}

/// One column of an image. `bytes` points into its batch. Of `decimal` and `datetime`, the one that `type` names is set, and
/// what the other holds is not said.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_column {
    /// Its index in the table.
    pub index: u32,
    /// Its state.
    pub state: AnyState,
    /// The type of its value.
    pub r#type: AnyType,
    /// Always 0.
    pub reserved: u32,
    /// Text as UTF-8, digits, or bytes; of an invalid value its bytes; of other values as the trail has them.
    pub bytes: tc_bytes,
    /// The number, of a `TC_TYPE_DECIMAL`.
    pub decimal: tc_decimal,
    /// The date, of a `TC_TYPE_DATETIME`.
    pub datetime: tc_datetime,
}

impl tc_column {
    /// A column that is not there.
    pub(crate) fn missing(index: usize) -> Self {
        Self {
            index: index as u32,
            state: tc_state::TC_STATE_MISSING as u32,
            r#type: tc_type::TC_TYPE_NONE as u32,
            reserved: 0,
            bytes: tc_bytes::NONE,
            decimal: tc_decimal::default(),
            datetime: tc_datetime::default(),
        }
    }
}

impl From<Decimal> for tc_decimal {
    #[inline]
    fn from(number: Decimal) -> Self {
        Self { low: number.mantissa() as u64, high: (number.mantissa() >> 64) as i64, scale: number.scale() }
    }
}

impl From<tc_decimal> for Decimal {
    fn from(number: tc_decimal) -> Self {
        Self::new((i128::from(number.high) << 64) | i128::from(number.low), number.scale)
    }
}

impl From<DateTime> for tc_datetime {
    #[inline(always)]
    fn from(time: DateTime) -> Self {
        Self {
            micros: time.unix_micros().unwrap_or(TC_NO_MICROS),
            nanos: time.nanos,
            year: time.year,
            month: time.month,
            day: time.day,
            hour: time.hour,
            minute: time.minute,
            second: time.second,
            digits: match time.precision {
                Precision::Date => TC_DATE_ALONE,
                Precision::Time(digits) => digits,
            },
        }
    }
}

impl tc_datetime {
    fn read(&self) -> DateTime {
        let Self { micros: _, nanos, year, month, day, hour, minute, second, digits } = *self;
        let precision = if digits == TC_DATE_ALONE { Precision::Date } else { Precision::Time(digits.min(9)) };
        DateTime { year, month, day, hour, minute, second, nanos, precision }
    }
}

/// Puts a column into a place of C's. What is not set there is left as it is.
///
/// # Safety
/// `place` may be written.
#[inline(always)]
pub(crate) unsafe fn column_of(column: &Column<'_>, memory: &Memory, place: *mut tc_column) {
    let (mut state, mut type_) = (tc_state::TC_STATE_VALUE, tc_type::TC_TYPE_NONE);
    let body = || column.span().get(2..).unwrap_or_default();
    // Most numbers: not through a `Value`, which would lie in memory.
    if let Some((number, scale)) = column.mantissa() {
        // SAFETY: as the caller says.
        unsafe {
            (&raw mut (*place).decimal.low).write(number as u64);
            (&raw mut (*place).decimal.high).write(number >> 63);
            (&raw mut (*place).decimal.scale).write(scale);
            head_of(column, tc_state::TC_STATE_VALUE, tc_type::TC_TYPE_DECIMAL, body().into(), place);
        }
        return;
    }
    // Most text: what is ASCII is valid UTF-8, and need not be looked at any closer.
    if let Some(text) = column.unchecked_utf8().filter(|text| text.is_ascii()) {
        // SAFETY: as the caller says.
        unsafe { head_of(column, tc_state::TC_STATE_VALUE, tc_type::TC_TYPE_TEXT, text.into(), place) };
        return;
    }
    let bytes: &[u8] = match column.value() {
        Value::Text(Cow::Borrowed(text)) => {
            type_ = tc_type::TC_TYPE_TEXT;
            text.as_bytes()
        }
        Value::Number(Number::Exact(number)) => {
            type_ = tc_type::TC_TYPE_DECIMAL;
            // SAFETY: as the caller says.
            unsafe { (&raw mut (*place).decimal).write(number.into()) };
            body()
        }
        Value::Number(Number::Text(digits)) => {
            type_ = tc_type::TC_TYPE_NUMBER_TEXT;
            digits.as_bytes()
        }
        Value::DateTime(time) => {
            type_ = tc_type::TC_TYPE_DATETIME;
            // SAFETY: as the caller says.
            unsafe { (&raw mut (*place).datetime).write(time.into()) };
            body()
        }
        Value::Bytes(bytes) => {
            type_ = tc_type::TC_TYPE_BYTES;
            bytes
        }
        Value::Text(Cow::Owned(text)) => {
            type_ = tc_type::TC_TYPE_TEXT;
            let kept = memory.keep(&text);
            // SAFETY: the memory keeps the text for as long as its changes.
            unsafe { std::slice::from_raw_parts(kept.data.cast(), kept.length) }
        }
        Value::Null => {
            state = tc_state::TC_STATE_NULL;
            &[]
        }
        Value::Invalid(bytes) => {
            state = tc_state::TC_STATE_INVALID;
            bytes
        }
        _ => {
            state = tc_state::TC_STATE_UNCHANGED;
            &[]
        }
    };
    let bytes = if state == tc_state::TC_STATE_NULL { tc_bytes::NONE } else { bytes.into() };
    // SAFETY: as the caller says.
    unsafe { head_of(column, state, type_, bytes, place) }
}

/// Puts all of a column but its value into a place of C's.
///
/// # Safety
/// `place` may be written.
#[inline(always)]
unsafe fn head_of(column: &Column<'_>, state: tc_state, type_: tc_type, bytes: tc_bytes, place: *mut tc_column) {
    // SAFETY: as the caller says.
    unsafe {
        (&raw mut (*place).index).write(column.index() as u32);
        (&raw mut (*place).state).write(state as u32);
        (&raw mut (*place).r#type).write(type_ as u32);
        (&raw mut (*place).reserved).write(0);
        (&raw mut (*place).bytes).write(bytes);
    }
}

/// A column of C's.
///
/// # Safety
/// The pointer is null, or points to a column that a function of this library has filled and whose change lives.
unsafe fn read<'a>(column: *const tc_column) -> Outcome<&'a tc_column> {
    // SAFETY: as the caller says.
    if column.is_null() { Err(Failure::null("column")) } else { Ok(unsafe { &*column }) }
}

fn is_not(what: &'static str) -> Failure {
    Failure::misuse(tc_status::TC_ERR_VALUE, what)
}

impl tc_column {
    /// # Safety
    /// As [`read`].
    unsafe fn data<'a>(&self) -> Outcome<&'a [u8]> {
        // SAFETY: as the caller says.
        unsafe { crate::text::array(self.bytes.data, self.bytes.length, "the bytes of a column") }
    }

    /// # Safety
    /// As [`read`].
    unsafe fn number(&self) -> Outcome<Decimal> {
        if self.r#type == tc_type::TC_TYPE_DECIMAL as u32 {
            return Ok(self.decimal.into());
        }
        if self.r#type == tc_type::TC_TYPE_NUMBER_TEXT as u32 {
            // SAFETY: as the caller says.
            let digits = std::str::from_utf8(unsafe { self.data() }?).ok();
            return digits.and_then(|digits| Number::Text(digits).decimal()).ok_or_else(|| is_not("more digits than fit"));
        }
        Err(is_not("the column holds no number"))
    }
}

/// The whole number that a column holds.
///
/// Any thread may call it. Errors: `TC_ERR_VALUE` where it holds no number, one with a fraction, or one that does not fit;
/// `TC_ERR_NULL_POINTER`.
/// Example: `int64_t id; if (tc_column_i64(&column, &id) != TC_OK) skip();`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_column_i64(column: *const tc_column, number: *mut i64) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let number = out(number, 0, "number")?;
        *number = read(column)?.number()?.to_i64().ok_or_else(|| is_not("no whole number of 64 bits"))?;
        Ok(())
    })
}

/// The exact number that a column holds.
///
/// Any thread may call it. Errors: `TC_ERR_VALUE` where it holds no number, or one of more than 38 digits;
/// `TC_ERR_NULL_POINTER`.
/// Example: `tc_decimal amount; tc_column_decimal(&column, &amount);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_column_decimal(column: *const tc_column, number: *mut tc_decimal) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let number = out(number, tc_decimal::default(), "number")?;
        *number = read(column)?.number()?.into();
        Ok(())
    })
}

/// The floating-point number nearest to the number that a column holds. Not exact: for plots, not for sums of money.
///
/// Any thread may call it. Errors: as `tc_column_decimal`.
/// Example: `double y; tc_column_f64(&column, &y);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_column_f64(column: *const tc_column, number: *mut f64) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let number = out(number, 0.0, "number")?;
        *number = read(column)?.number()?.to_f64();
        Ok(())
    })
}

/// The text that a column holds, as UTF-8, or the digits of a number that the trail has as text. It lives as long as the change.
///
/// Any thread may call it. Errors: `TC_ERR_VALUE` where it holds no text; `TC_ERR_NULL_POINTER`.
/// Example: `tc_str memo; tc_column_text(&column, &memo);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_column_text(column: *const tc_column, value: *mut tc_str) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let value = out(value, tc_str::NONE, "value")?;
        let column = read(column)?;
        if column.r#type != tc_type::TC_TYPE_TEXT as u32 && column.r#type != tc_type::TC_TYPE_NUMBER_TEXT as u32 {
            return Err(is_not("the column holds no text"));
        }
        *value = tc_str { data: column.bytes.data.cast(), length: column.bytes.length };
        Ok(())
    })
}

/// The date, or date and time, that a column holds.
///
/// Any thread may call it. Errors: `TC_ERR_VALUE` where it holds none; `TC_ERR_NULL_POINTER`.
/// Example: `tc_datetime posted; tc_column_datetime(&column, &posted);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_column_datetime(column: *const tc_column, time: *mut tc_datetime) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let time = out(time, tc_datetime::default(), "time")?;
        let column = read(column)?;
        if column.r#type != tc_type::TC_TYPE_DATETIME as u32 {
            return Err(is_not("the column holds no date"));
        }
        *time = column.datetime;
        Ok(())
    })
}

/// The bytes of a column of any type, decodable or not: text as UTF-8, others as the trail has them. They live as long as the
/// change.
///
/// Any thread may call it. Errors: `TC_ERR_VALUE` where it is NULL, missing or unchanged; `TC_ERR_NULL_POINTER`.
/// Example: `tc_bytes raw; tc_column_bytes(&column, &raw);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_column_bytes(column: *const tc_column, bytes: *mut tc_bytes) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let bytes = out(bytes, tc_bytes::NONE, "bytes")?;
        let column = read(column)?;
        if column.state != tc_state::TC_STATE_VALUE as u32 && column.state != tc_state::TC_STATE_INVALID as u32 {
            return Err(is_not("the column holds no bytes"));
        }
        *bytes = column.bytes;
        Ok(())
    })
}

/// Appends a column's value to a buffer as text for people: text as it is, numbers with all their digits, dates as ISO 8601,
/// bytes as `0x` and hexadecimal; `NULL`, `missing`, `unchanged`, and of an invalid value `invalid:0x` and hexadecimal.
///
/// Threads: one at a time for a buffer. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_buffer_clear(text); tc_column_write(&column, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_column_write(column: *const tc_column, buffer: *mut tc_buffer) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let column = read(column)?;
        let mut buffer = exclusive(buffer)?;
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let is = |state: tc_state| column.state == state as u32;
        if is(tc_state::TC_STATE_INVALID) {
            return buffer.append_text(&format!("invalid:0x{}", hex(column.data()?)));
        }
        if !is(tc_state::TC_STATE_VALUE) {
            let null = if is(tc_state::TC_STATE_NULL) { "NULL" } else { "missing" };
            return buffer.append_text(if is(tc_state::TC_STATE_UNCHANGED) { "unchanged" } else { null });
        }
        let is = |type_: tc_type| column.r#type == type_ as u32;
        if is(tc_type::TC_TYPE_DECIMAL) {
            buffer.append_text(&Decimal::from(column.decimal).to_string())
        } else if is(tc_type::TC_TYPE_DATETIME) {
            buffer.append_text(&column.datetime.read().to_string())
        } else if is(tc_type::TC_TYPE_BYTES) {
            buffer.append_text(&format!("0x{}", hex(column.data()?)))
        } else {
            let bytes = column.data()?;
            buffer.append(|to| {
                to.extend_from_slice(bytes);
                Ok(())
            })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_numbers() {
        for mantissa in [0, 1, -1, i128::from(i64::MAX), i128::from(u64::MAX) + 1, 10i128.pow(38) - 1, 1 - 10i128.pow(38)] {
            let number = Decimal::new(mantissa, 2);
            assert_eq!(Decimal::from(tc_decimal::from(number)), number);
        }
        assert_eq!(tc_decimal::from(Decimal::new(-1, 0)), tc_decimal { low: u64::MAX, high: -1, scale: 0 });
    }

    #[test]
    fn times_and_their_text() {
        for text in ["2022-12-26", "1994-09-30:15:33:00.120", "0000-00-00:00:00:00", "2024-03-01:00:00:12"] {
            let time = DateTime::parse(text).unwrap();
            let given = tc_datetime::from(time);
            assert_eq!(given.read(), time);
            assert_eq!(given.micros, time.unix_micros().unwrap_or(TC_NO_MICROS));
        }
    }
}
