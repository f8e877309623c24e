//! Columns of an image: their states and values.

use std::borrow::Cow;

use trailcore::change::Precision;
use trailcore::{Column, DateTime, Decimal, Number, Value};

use crate::memory::Memory;
use crate::prelude::*;

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
    /// It is present but cannot be decoded. Its bytes are available.
    TC_STATE_INVALID = 3,
    /// A large object that the change did not alter. No form of it is known in trails.
    TC_STATE_UNCHANGED = 4,
}

/// A `tc_state` from C, which can have any value.
pub type RawState = u32;

/// The type of a column's value. Numbers without a name here are reserved for future types.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_type {
    /// There is no value.
    TC_TYPE_NONE = 0,
    /// Text, as UTF-8 in `bytes`.
    TC_TYPE_TEXT = 1,
    /// An exact number, in `decimal`.
    TC_TYPE_DECIMAL = 2,
    /// An exact number that the trail stores as text: its digits, with sign, point and exponent, in `bytes`. It can have more
    /// digits than a `tc_decimal` holds.
    TC_TYPE_NUMBER_TEXT = 3,
    /// A date, or date and time, in `datetime`.
    TC_TYPE_DATETIME = 4,
    /// Bytes: of a binary column, or of an unknown type.
    TC_TYPE_BYTES = 5,
}

/// A `tc_type` from C, which can have any value.
pub type RawType = u32;

/// An exact decimal number: `(high * 2^64 + low) / 10^scale`, where `high` has the sign. Up to 38 digits.
///
/// With GCC and Clang: `(__int128)(((unsigned __int128)(uint64_t)d.high << 64) | d.low)`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct tc_decimal {
    /// The lower half of the digits, as a two's complement number of 128 bits.
    pub low: u64,
    /// The upper half.
    pub high: i64,
    /// The number of digits after the point.
    pub scale: u8,
}

/// The `digits` of a `tc_datetime` that is a date without a time.
pub const TC_DATE_ONLY: u8 = 255;
/// The `micros` of a `tc_datetime` that is not a point in time: a zero date, which MySQL allows.
pub const TC_NO_MICROS: i64 = i64::MIN;

/// A date, or date and time, as the database stores it: without a zone.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct tc_datetime {
    /// Microseconds since 1970-01-01 00:00 in the same (unknown) zone, finer digits truncated; or `TC_NO_MICROS`.
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
    /// The number of fraction digits of the second in the trail, 0 to 9, or `TC_DATE_ONLY`.
    pub digits: u8,
}

/// One column of an image. `bytes` points into its block. Of `decimal` and `datetime`, only the one that `type` names is set;
/// the other is unspecified.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_column {
    /// Its index in the table.
    pub index: u32,
    /// Its state.
    pub state: RawState,
    /// The type of its value.
    pub r#type: RawType,
    /// Always 0.
    pub reserved: u32,
    /// Text as UTF-8, digits, or bytes. For an invalid value its bytes, for other values the bytes in the trail.
    pub bytes: tc_bytes,
    /// The number, for `TC_TYPE_DECIMAL`.
    pub decimal: tc_decimal,
    /// The date, for `TC_TYPE_DATETIME`.
    pub datetime: tc_datetime,
}

impl tc_column {
    /// A missing column.
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
                Precision::Date => TC_DATE_ONLY,
                Precision::Time(digits) => digits,
            },
        }
    }
}

impl tc_datetime {
    fn read(&self) -> DateTime {
        let Self { micros: _, nanos, year, month, day, hour, minute, second, digits } = *self;
        let precision = if digits == TC_DATE_ONLY { Precision::Date } else { Precision::Time(digits.min(9)) };
        DateTime { year, month, day, hour, minute, second, nanos, precision }
    }
}

/// Writes a column to a struct of the caller. Members that the type does not use are left unchanged.
///
/// # Safety
/// `place` may be written.
#[inline(always)]
pub(crate) unsafe fn column_of(column: &Column<'_>, memory: &Memory, place: *mut tc_column) {
    let (mut state, mut type_) = (tc_state::TC_STATE_VALUE, tc_type::TC_TYPE_NONE);
    let body = || column.span().get(2..).unwrap_or_default();
    // Fast path for most numbers, without a `Value` in memory.
    if let Some((number, scale)) = column.mantissa() {
        // SAFETY: guaranteed by the caller.
        unsafe {
            (&raw mut (*place).decimal.low).write(number as u64);
            (&raw mut (*place).decimal.high).write(number >> 63);
            (&raw mut (*place).decimal.scale).write(scale);
            head_of(column, tc_state::TC_STATE_VALUE, tc_type::TC_TYPE_DECIMAL, body().into(), place);
        }
        return;
    }
    // Fast path for most text: ASCII is valid UTF-8.
    if let Some(text) = column.unchecked_utf8().filter(|text| text.is_ascii()) {
        // SAFETY: guaranteed by the caller.
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
            // SAFETY: guaranteed by the caller.
            unsafe { (&raw mut (*place).decimal).write(number.into()) };
            body()
        }
        Value::Number(Number::Text(digits)) => {
            type_ = tc_type::TC_TYPE_NUMBER_TEXT;
            digits.as_bytes()
        }
        Value::DateTime(time) => {
            type_ = tc_type::TC_TYPE_DATETIME;
            // SAFETY: guaranteed by the caller.
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
            // SAFETY: the memory keeps the text as long as its changes.
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
    // SAFETY: guaranteed by the caller.
    unsafe { head_of(column, state, type_, bytes, place) }
}

/// Writes all of a column except its value to a struct of the caller.
///
/// # Safety
/// `place` may be written.
#[inline(always)]
unsafe fn head_of(column: &Column<'_>, state: tc_state, type_: tc_type, bytes: tc_bytes, place: *mut tc_column) {
    // SAFETY: guaranteed by the caller.
    unsafe {
        (&raw mut (*place).index).write(column.index() as u32);
        (&raw mut (*place).state).write(state as u32);
        (&raw mut (*place).r#type).write(type_ as u32);
        (&raw mut (*place).reserved).write(0);
        (&raw mut (*place).bytes).write(bytes);
    }
}

/// Borrows a column from C.
///
/// # Safety
/// The pointer is null, or points to a column that this library filled and whose change still exists.
unsafe fn read<'a>(column: *const tc_column) -> Outcome<&'a tc_column> {
    // SAFETY: guaranteed by the caller.
    if column.is_null() { Err(Failure::null("column")) } else { Ok(unsafe { &*column }) }
}

fn value_error(what: &'static str) -> Failure {
    Failure::misuse(tc_status::TC_ERR_VALUE, what)
}

impl tc_column {
    /// # Safety
    /// As [`read`].
    unsafe fn data<'a>(&self) -> Outcome<&'a [u8]> {
        // SAFETY: guaranteed by the caller.
        unsafe { crate::text::array(self.bytes.data, self.bytes.length, "the bytes of a column") }
    }

    /// # Safety
    /// As [`read`].
    unsafe fn number(&self) -> Outcome<Decimal> {
        if self.r#type == tc_type::TC_TYPE_DECIMAL as u32 {
            return Ok(self.decimal.into());
        }
        if self.r#type == tc_type::TC_TYPE_NUMBER_TEXT as u32 {
            // SAFETY: guaranteed by the caller.
            let digits = std::str::from_utf8(unsafe { self.data() }?).ok();
            return digits
                .and_then(|digits| Number::Text(digits).decimal())
                .ok_or_else(|| value_error("the number has more than 38 digits; use tc_column_text"));
        }
        Err(value_error("the column is not a number"))
    }
}

/// Returns the whole number in a column.
///
/// Errors: `TC_ERR_VALUE` if it is not a number, has a fraction, or does not fit.
/// Example: `int64_t id; if (tc_column_i64(&column, &id) != TC_OK) skip();`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_column_i64(column: *const tc_column, number: *mut i64) -> tc_status {
    status(|| {
        give(number, "number", || {
            read(column)?.number()?.to_i64().ok_or_else(|| value_error("the number is not a whole number of 64 bits"))
        })
    })
}

/// Returns the exact number in a column.
///
/// Errors: `TC_ERR_VALUE` if it is not a number or has more than 38 digits.
/// Example: `tc_decimal amount; tc_column_decimal(&column, &amount);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_column_decimal(column: *const tc_column, number: *mut tc_decimal) -> tc_status {
    status(|| give(number, "number", || Ok(read(column)?.number()?.into())))
}

/// Returns the floating-point number nearest to the number in a column. Not exact: for plots, not for sums of money.
///
/// Errors: as `tc_column_decimal`.
/// Example: `double y; tc_column_f64(&column, &y);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_column_f64(column: *const tc_column, number: *mut f64) -> tc_status {
    status(|| give(number, "number", || Ok(read(column)?.number()?.to_f64())))
}

/// Returns the text in a column as UTF-8, or the digits of a number that the trail stores as text. It is valid as long as the
/// change.
///
/// Errors: `TC_ERR_VALUE` if it is not text.
/// Example: `tc_str memo; tc_column_text(&column, &memo);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_column_text(column: *const tc_column, value: *mut tc_str) -> tc_status {
    status(|| {
        give(value, "value", || {
            let column = read(column)?;
            if column.r#type != tc_type::TC_TYPE_TEXT as u32 && column.r#type != tc_type::TC_TYPE_NUMBER_TEXT as u32 {
                return Err(value_error("the column is not text"));
            }
            Ok(tc_str { data: column.bytes.data.cast(), length: column.bytes.length })
        })
    })
}

/// Returns the date, or date and time, in a column.
///
/// Errors: `TC_ERR_VALUE` if it is not a date.
/// Example: `tc_datetime posted; tc_column_datetime(&column, &posted);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_column_datetime(column: *const tc_column, time: *mut tc_datetime) -> tc_status {
    status(|| {
        give(time, "time", || {
            let column = read(column)?;
            if column.r#type != tc_type::TC_TYPE_DATETIME as u32 {
                return Err(value_error("the column is not a date"));
            }
            Ok(column.datetime)
        })
    })
}

/// Returns the bytes of a column of any type, decodable or not: text as UTF-8, other values as in the trail. They are valid as
/// long as the change.
///
/// Errors: `TC_ERR_VALUE` if it is NULL, missing or unchanged.
/// Example: `tc_bytes raw; tc_column_bytes(&column, &raw);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_column_bytes(column: *const tc_column, bytes: *mut tc_bytes) -> tc_status {
    status(|| {
        give(bytes, "bytes", || {
            let column = read(column)?;
            if column.state != tc_state::TC_STATE_VALUE as u32 && column.state != tc_state::TC_STATE_INVALID as u32 {
                return Err(value_error("the column has no bytes: it is NULL, missing or unchanged"));
            }
            Ok(column.bytes)
        })
    })
}

/// Appends the value of a column to a buffer as readable text: text as it is, numbers with all their digits, dates as ISO 8601,
/// bytes as `0x` and hexadecimal. Appends `NULL`, `missing`, `unchanged`, or `invalid:0x` and hexadecimal for the other states.
///
/// Threads: one at a time for a buffer.
/// Example: `tc_buffer_clear(text); tc_column_write(&column, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_column_write(column: *const tc_column, buffer: *mut tc_buffer) -> tc_status {
    status(|| {
        let column = read(column)?;
        let mut buffer = borrow_mut(buffer)?;
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
