//! Values: exact decimals, dates without a zone, and what else a column can hold.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};
use crate::time::{days_of_date, is_date};

/// An exact decimal number: a mantissa of up to 38 digits and the number of digits behind the point.
///
/// The scale is kept as declared: `17520.00` and `17520` are equal in value and differ as text.
///
/// ```
/// use trailcore::Decimal;
/// let price = Decimal::new(1_752_000, 2);
/// assert_eq!(price.to_string(), "17520.00");
/// assert_eq!("-.5".parse::<Decimal>()?, Decimal::new(-5, 1));
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    mantissa: i128,
    scale: u8,
}

impl Decimal {
    /// `mantissa` times 10 to the power of −`scale`.
    #[inline]
    #[must_use]
    pub const fn new(mantissa: i128, scale: u8) -> Self {
        Self { mantissa, scale }
    }

    /// All digits, without the point.
    #[must_use]
    pub const fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// How many of the digits stand behind the point.
    #[must_use]
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// The nearest floating-point number. Not exact: for plots, not for sums of money.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // Through the decimal text, which rounds once.
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// The whole number, if there is nothing behind the point and it fits.
    #[must_use]
    pub fn to_i64(self) -> Option<i64> {
        let unit = 10i128.checked_pow(u32::from(self.scale))?;
        (self.mantissa % unit == 0).then(|| i64::try_from(self.mantissa / unit).ok())?
    }

    /// The order of two numbers by value, whatever their scales.
    ///
    /// ```
    /// use trailcore::Decimal;
    /// assert!(Decimal::new(20, 1).compare(Decimal::new(2, 0)).is_eq());
    /// assert!(Decimal::new(-1, 3).compare(Decimal::new(0, 0)).is_lt());
    /// ```
    #[must_use]
    pub fn compare(self, other: Self) -> std::cmp::Ordering {
        if self.scale == other.scale {
            return self.mantissa.cmp(&other.mantissa);
        }
        let scale = self.scale.max(other.scale);
        let raised = |number: Self| match number.mantissa {
            0 => Some(0),
            mantissa => mantissa.checked_mul(10i128.checked_pow(u32::from(scale - number.scale))?),
        };
        match (raised(self), raised(other)) {
            (Some(a), Some(b)) => a.cmp(&b),
            // Out of i128's range at a common scale. Only the number that is raised can be, and it is then the larger one
            // in size.
            (None, _) => self.mantissa.cmp(&0),
            (_, None) => 0.cmp(&other.mantissa),
        }
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self::new(i128::from(value), 0)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        if scale == 0 {
            return fmt::Display::fmt(&self.mantissa, f);
        }
        let digits = self.mantissa.unsigned_abs();
        let sign = if self.mantissa < 0 { "-" } else { "" };
        // A unit beyond the range is larger than any mantissa.
        match 10u128.checked_pow(u32::from(self.scale)) {
            Some(unit) => write!(f, "{sign}{}.{:0scale$}", digits / unit, digits % unit),
            None => write!(f, "{sign}0.{digits:0scale$}"),
        }
    }
}

impl FromStr for Decimal {
    type Err = Error;

    /// Reads digits with an optional sign, point and exponent. What has more digits than fit is an error, never rounded.
    fn from_str(text: &str) -> Result<Self, Error> {
        NumberText::parse(text)
            .and_then(|number| number.decimal())
            .ok_or_else(|| Error::new(ErrorKind::Value, "the text is no decimal number of up to 38 digits"))
    }
}

/// A number as text, taken apart: sign, whole digits, fraction digits, exponent.
#[derive(Clone, Copy)]
pub(crate) struct NumberText<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i32,
    /// The exponent as it stands, `E+5`; empty where there is none.
    exponent_text: &'a str,
}

impl<'a> NumberText<'a> {
    /// Reads a number; blanks around it are no part of it. `None` where it is none.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim_matches(' ');
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        let at = unsigned.find(['e', 'E']).unwrap_or(unsigned.len());
        let (digits, exponent_text) = unsigned.split_at_checked(at)?;
        let exponent = match exponent_text.get(1..) {
            None => 0,
            Some(power) => {
                let digits = power.strip_prefix(['+', '-']).unwrap_or(power);
                let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                power.parse().ok().filter(|_| plain)?
            }
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        let some = !whole.is_empty() || !fraction.is_empty();
        (some && plain(whole) && plain(fraction)).then_some(Self { negative, whole, fraction, exponent, exponent_text })
    }

    /// The exact decimal, if it fits.
    pub(crate) fn decimal(&self) -> Option<Decimal> {
        let mut mantissa: i128 = 0;
        for digit in self.whole.bytes().chain(self.fraction.bytes()) {
            mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
        }
        let mut scale = i64::try_from(self.fraction.len()).ok()? - i64::from(self.exponent);
        if scale < 0 {
            let power = u32::try_from(-scale).ok()?;
            mantissa = if mantissa == 0 { 0 } else { mantissa.checked_mul(10i128.checked_pow(power)?)? };
            scale = 0;
        }
        let scale = u8::try_from(scale).ok().filter(|&scale| scale <= 38)?;
        Some(Decimal::new(if self.negative { -mantissa } else { mantissa }, scale))
    }

    /// The same number without zeros at the end of its fraction.
    #[cfg(feature = "arrow")]
    pub(crate) fn without_zeros(self) -> Self {
        Self { fraction: self.fraction.trim_end_matches('0'), ..self }
    }

    /// Sign and digits without a point, and how many of them stand behind it; `None` where that would take thousands.
    #[cfg(feature = "arrow")]
    pub(crate) fn plain_parts(&self) -> Option<(String, usize)> {
        let sign = if self.negative { "-" } else { "" };
        let behind = i64::try_from(self.fraction.len()).ok()? - i64::from(self.exponent);
        let zeros = usize::try_from(-behind.min(0)).ok().filter(|&zeros| zeros < 1000)?;
        let digits = format!("{}{}", self.whole, self.fraction);
        let digits = digits.trim_start_matches('0');
        let digits = if digits.is_empty() { "0".to_owned() } else { format!("{digits}{}", "0".repeat(zeros)) };
        Some((format!("{sign}{digits}"), usize::try_from(behind.max(0)).ok()?))
    }

    fn digits(&self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        self.whole.bytes().chain(self.fraction.bytes())
    }

    /// The order of two numbers by value, however many digits they have. Allocates nothing.
    pub(crate) fn compare(&self, other: &Self) -> std::cmp::Ordering {
        use std::cmp::Ordering::{Equal, Greater, Less};
        // A number is 0.d₁d₂… times a power of ten: the sign decides, then the power, then the digits.
        let power = |number: &Self| {
            let leading = number.digits().take_while(|digit| *digit == b'0').count();
            number.whole.len() as i64 - leading as i64 + i64::from(number.exponent)
        };
        let significant = |number: &Self| number.digits().skip_while(|digit| *digit == b'0');
        let (a, b) = (significant(self), significant(other));
        match (a.clone().next().is_none(), b.clone().next().is_none()) {
            (true, true) => Equal,
            (true, false) => {
                if other.negative {
                    Greater
                } else {
                    Less
                }
            }
            (false, true) => {
                if self.negative {
                    Less
                } else {
                    Greater
                }
            }
            (false, false) if self.negative != other.negative => {
                if self.negative {
                    Less
                } else {
                    Greater
                }
            }
            (false, false) => {
                let longest = self.digits().count().max(other.digits().count());
                // Zeros at the end of a fraction say nothing.
                let filled = |digits| Iterator::chain(digits, std::iter::repeat(b'0')).take(longest);
                let size = power(self).cmp(&power(other)).then_with(|| filled(a).cmp(filled(b)));
                if self.negative { size.reverse() } else { size }
            }
        }
    }

    /// The number as JSON allows it, with exactly these digits.
    pub(crate) fn write_json(&self, out: &mut impl fmt::Write) -> fmt::Result {
        let whole = self.whole.trim_start_matches('0');
        let sign = if self.negative { "-" } else { "" };
        write!(out, "{sign}{}", if whole.is_empty() { "0" } else { whole })?;
        if !self.fraction.is_empty() {
            write!(out, ".{}", self.fraction)?;
        }
        out.write_str(self.exponent_text)
    }
}

/// A number as a column holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number<'a> {
    /// Stored as an integer, with the column's scale.
    Exact(Decimal),
    /// Stored as text, with the digits that it has. Known to be a number.
    Text(&'a str),
}

impl Number<'_> {
    /// The exact decimal; `None` where it has more digits than fit, and then its text is all there is.
    #[must_use]
    pub fn decimal(&self) -> Option<Decimal> {
        match self {
            Self::Exact(decimal) => Some(*decimal),
            Self::Text(text) => NumberText::parse(text)?.decimal(),
        }
    }
}

impl fmt::Display for Number<'_> {
    /// The number as JSON allows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(decimal) => decimal.fmt(f),
            Self::Text(text) => match NumberText::parse(text) {
                Some(number) => number.write_json(f),
                None => Err(fmt::Error),
            },
        }
    }
}

/// A date, or date and time, as the database has it: without a zone, with as many fraction digits as the trail has.
///
/// Zero dates (`0000-00-00`, which MySQL knows) are kept; they have no place on the time line.
///
/// ```
/// use trailcore::DateTime;
/// let time = DateTime::parse("1994-09-30:15:33:00.120").unwrap();
/// assert_eq!(time.to_string(), "1994-09-30T15:33:00.120");
/// assert_eq!(time.unix_micros(), Some(780_939_180_120_000));
/// assert_eq!(DateTime::parse("2022-12-26").unwrap().to_string(), "2022-12-26");
/// assert_eq!(DateTime::parse("1994-13-30"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
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
    /// Nanoseconds.
    pub nanos: u32,
    /// How exact the text is.
    pub precision: Precision,
}

/// The parts that a date/time text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// A date alone.
    Date,
    /// To the second, with this many fraction digits (0 to 9).
    Time(u8),
}

impl DateTime {
    /// Reads `YYYY-MM-DD`, or with `:HH:MI:SS` and up to nine fraction digits: the forms that trails have (spec section
    /// 4, SEEN with 0, 6 and 9 digits). `T` or a blank before the time are read too. `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_bytes(text.as_bytes())
    }

    #[inline(always)]
    pub(crate) fn parse_bytes(text: &[u8]) -> Option<Self> {
        let (date, rest) = text.split_first_chunk::<10>()?;
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date else { return None };
        let (century, year) = (two_digits(y1, y2)?, two_digits(y3, y4)?);
        let (month, day) = (two_digits(m1, m2)?, two_digits(d1, d2)?);
        if month > 12 || day > 31 {
            return None;
        }
        let year = u16::from(century) * 100 + u16::from(year);
        let date = Self { year, month, day, hour: 0, minute: 0, second: 0, nanos: 0, precision: Precision::Date };
        if !date.is_zero_like() && !is_date(i64::from(year), i64::from(month), i64::from(day)) {
            return None;
        }
        let Some((time, fraction)) = rest.split_first_chunk::<9>() else { return rest.is_empty().then_some(date) };
        let &[b':' | b'T' | b' ', h1, h2, b':', i1, i2, b':', s1, s2] = time else { return None };
        let (hour, minute, second) = (two_digits(h1, h2)?, two_digits(i1, i2)?, two_digits(s1, s2)?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let mut nanos: u32 = 0;
        let digits = match fraction {
            [] => &[][..],
            [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => digits,
            _ => return None,
        };
        for digit in digits {
            nanos = nanos * 10 + u32::from(one_digit(*digit)?);
        }
        nanos *= 10u32.pow(9 - digits.len() as u32);
        Some(Self { hour, minute, second, nanos, precision: Precision::Time(digits.len() as u8), ..date })
    }

    fn is_zero_like(&self) -> bool {
        self.month == 0 || self.day == 0
    }

    #[inline(always)]
    fn seconds(&self) -> Option<i64> {
        if self.is_zero_like() {
            return None;
        }
        let days = days_of_date(self.year, self.month, self.day);
        Some(days * 86_400 + i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second))
    }

    /// Microseconds from 1970-01-01 00:00 of the same (unknown) zone; finer digits are cut off. `None` for a zero date.
    #[inline]
    #[must_use]
    pub fn unix_micros(&self) -> Option<i64> {
        Some(self.seconds()? * 1_000_000 + i64::from(self.nanos / 1000))
    }

    /// Nanoseconds from 1970-01-01 00:00 of the same (unknown) zone. `None` for a zero date, and for years that 64 bits
    /// of nanoseconds do not reach (before 1678, after 2261).
    #[must_use]
    pub fn unix_nanos(&self) -> Option<i64> {
        self.seconds()?.checked_mul(1_000_000_000)?.checked_add(i64::from(self.nanos))
    }
}

#[inline(always)]
fn one_digit(byte: u8) -> Option<u8> {
    let digit = byte.wrapping_sub(b'0');
    (digit <= 9).then_some(digit)
}

#[inline(always)]
fn two_digits(tens: u8, ones: u8) -> Option<u8> {
    Some(one_digit(tens)? * 10 + one_digit(ones)?)
}

impl fmt::Display for DateTime {
    /// ISO 8601, with the fraction digits that the text had.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)?;
        let Precision::Time(digits) = self.precision else { return Ok(()) };
        write!(f, "T{:02}:{:02}:{:02}", self.hour, self.minute, self.second)?;
        if digits == 0 {
            return Ok(());
        }
        let width = usize::from(digits);
        write!(f, ".{:0width$}", self.nanos / 10u32.pow(9 - u32::from(digits)))
    }
}

/// What a column holds. NULL, missing (the column is not in the image at all) and invalid are three things.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// Text.
    Text(Cow<'a, str>),
    /// A number.
    Number(Number<'a>),
    /// A date or date and time.
    DateTime(DateTime),
    /// Bytes: of a binary column, or of a type whose bytes are UNKNOWN.
    Bytes(&'a [u8]),
    /// Present, but not decodable as its type says: the bytes, without the null flag if it could be told.
    Invalid(&'a [u8]),
    /// A large object that the change left as it was. No form of it is known in trails; other change records have it.
    Unchanged,
}

/// The five states of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ColumnState {
    /// It holds a value.
    Value = 0,
    /// It is NULL.
    Null = 1,
    /// It is not in this image.
    Missing = 2,
    /// It is present and not decodable.
    Invalid = 3,
    /// A large object that the change left as it was.
    Unchanged = 4,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_as_json() {
        for (text, json) in [
            ("144", "144"),
            ("007", "7"),
            (".5", "0.5"),
            ("-.50", "-0.50"),
            ("5.", "5"),
            ("+1.20 ", "1.20"),
            ("0", "0"),
            ("-0", "-0"),
            ("1.5E+10", "1.5E+10"),
            ("1e-3", "1e-3"),
        ] {
            assert_eq!(Number::Text(text).to_string(), json);
            assert!(serde_json::from_str::<f64>(json).is_ok());
        }
        for bad in ["", ".", "-", "1,5", "0x1", "1.2.3", "1e", "1e+-3", "1E++5", "1E+", "1e5e5", "NaN", "1 2", "~"] {
            assert!(NumberText::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn numbers_of_any_length_compare() {
        use std::cmp::Ordering::{Equal, Greater, Less};
        for (a, b, order) in [
            ("1", "01.00", Equal),
            ("-0", "0.0", Equal),
            ("1e60", "999", Greater),
            ("-1e60", "-999", Less),
            ("0.001", "1e-3", Equal),
            ("0.0012", "0.00119", Greater),
            ("-1", "0", Less),
            ("0", "-5", Greater),
            ("12", "3", Greater),
        ] {
            assert_eq!(NumberText::parse(a).unwrap().compare(&NumberText::parse(b).unwrap()), order, "{a} {b}");
        }
    }

    #[test]
    fn decimals_compare_by_value() {
        let big = Decimal::new(i128::MAX, 0);
        assert!(big.compare(Decimal::new(1, 38)).is_gt());
        assert!(Decimal::new(i128::MIN, 0).compare(Decimal::new(1, 38)).is_lt());
        assert!(Decimal::new(1, 38).compare(big).is_lt());
        assert!(Decimal::new(0, 0).compare(Decimal::new(5, 40)).is_lt());
        assert_eq!(Decimal::new(1500, 2).to_i64(), Some(15));
        assert_eq!(Decimal::new(1501, 2).to_i64(), None);
        assert_eq!("1E+3".parse::<Decimal>().unwrap(), Decimal::new(1000, 0));
        assert_eq!("1.5e-3".parse::<Decimal>().unwrap().to_string(), "0.0015");
    }

    #[test]
    fn dates_of_every_length() {
        for text in [
            "2022-12-26",
            "1994-09-30:15:33:00",
            "2000-01-01:00:00:00.000000",
            "2019-10-03:11:45:00.123456789",
            "2019-10-03:11:45:00.1",
        ] {
            let shown = DateTime::parse(text).unwrap().to_string();
            let expected = if text.len() > 10 { format!("{}T{}", &text[..10], &text[11..]) } else { text.to_owned() };
            assert_eq!(shown, expected);
        }
        for bad in [
            "",
            "2022-12",
            "2022-02-30",
            "2022-12-26:24:00:00",
            "2022-12-26:23:00",
            "2022-12-26:23:00:00.",
            "2022-12-26:23:00:00.1234567890",
            "20221226xx",
        ] {
            assert_eq!(DateTime::parse(bad), None, "{bad}");
        }
        let zero = DateTime::parse("0000-00-00:00:00:00").unwrap();
        assert_eq!((zero.to_string().as_str(), zero.unix_micros()), ("0000-00-00T00:00:00", None));
    }

    proptest! {
        #[test]
        fn decimal_and_back(mantissa: i128, scale in 0u8..=38) {
            let decimal = Decimal::new(mantissa / 10, scale);
            prop_assert_eq!(decimal.to_string().parse::<Decimal>().unwrap(), decimal);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Decimal>();
            let _ = DateTime::parse(&text);
        }
    }
}
