//! [`Value`]: the value of a column, and its exact numbers.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};
use crate::time::DateTime;

/// An exact decimal number: a mantissa of up to 38 digits, and the number of digits after the decimal point.
///
/// The scale is kept as declared: `17520.00` and `17520` are equal in value but not as text.
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
    /// Returns `mantissa` times 10 to the power of −`scale`.
    #[inline]
    #[must_use]
    pub const fn new(mantissa: i128, scale: u8) -> Self {
        Self { mantissa, scale }
    }

    /// Returns all digits, without the decimal point.
    #[must_use]
    pub const fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// Returns how many of the digits are after the decimal point.
    #[must_use]
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// Returns all digits with `scale` of them after the point; `None` if digits would be lost or there are too many.
    pub(crate) fn at_scale(self, scale: u8) -> Option<i128> {
        if self.scale <= scale {
            return self.mantissa.checked_mul(10i128.checked_pow(u32::from(scale - self.scale))?);
        }
        let unit = 10i128.checked_pow(u32::from(self.scale - scale))?;
        (self.mantissa % unit == 0).then_some(self.mantissa / unit)
    }

    /// Returns the nearest floating-point number. It is not exact: for plots, not for sums of money.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // Through the decimal text, which rounds once.
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Returns the integer; `None` if there is a fraction other than zeros, or if it does not fit.
    #[must_use]
    pub fn to_i64(self) -> Option<i64> {
        let unit = 10i128.checked_pow(u32::from(self.scale))?;
        (self.mantissa % unit == 0).then(|| i64::try_from(self.mantissa / unit).ok())?
    }

    /// Compares two numbers by value, whatever their scales.
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
            // Out of the range of i128 at a common scale. Only the number that is scaled up can be, and then its absolute value
            // is the larger one.
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
        // A unit out of the range is larger than any mantissa.
        match 10u128.checked_pow(u32::from(self.scale)) {
            Some(unit) => write!(f, "{sign}{}.{:0scale$}", digits / unit, digits % unit),
            None => write!(f, "{sign}0.{digits:0scale$}"),
        }
    }
}

impl FromStr for Decimal {
    type Err = Error;

    /// Reads digits with an optional sign, decimal point and exponent. A number with too many digits is an error; it is not
    /// rounded.
    fn from_str(text: &str) -> Result<Self, Error> {
        NumberText::parse(text)
            .and_then(|number| number.decimal())
            .ok_or_else(|| Error::new(ErrorKind::Value, "the text is not a decimal number of up to 38 digits"))
    }
}

/// The parts of a number as text: sign, whole digits, fraction digits, exponent.
#[derive(Clone, Copy)]
pub(crate) struct NumberText<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i32,
    /// The exponent verbatim, such as `E+5`; empty if there is none.
    exponent_text: &'a str,
}

impl<'a> NumberText<'a> {
    /// Parses a number, ignoring blanks around it; `None` if the text is not a number.
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

    /// Returns the exact decimal; `None` if it does not fit.
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

    /// Returns the same number without zeros at the end of its fraction.
    #[cfg(feature = "arrow")]
    pub(crate) fn without_zeros(self) -> Self {
        Self { fraction: self.fraction.trim_end_matches('0'), ..self }
    }

    /// Returns sign and digits without the decimal point, and the number of digits after it; `None` if that takes 1,000 zeros or
    /// more.
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

    /// Appends the number in a form that is the same for all texts of one number: sign, digits without zeros at either end, and
    /// exponent.
    pub(crate) fn write_canonical(&self, out: &mut Vec<u8>) {
        let digits: Vec<u8> = self.digits().skip_while(|digit| *digit == b'0').collect();
        let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
        let significant = digits.get(..digits.len() - zeros).unwrap_or_default();
        if significant.is_empty() {
            return out.push(b'0');
        }
        let exponent = i64::from(self.exponent) - self.fraction.len() as i64 + zeros as i64;
        if self.negative {
            out.push(b'-');
        }
        out.extend_from_slice(significant);
        out.extend_from_slice(format!("e{exponent}").as_bytes());
    }

    fn digits(&self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        self.whole.bytes().chain(self.fraction.bytes())
    }

    /// Compares two numbers by value, however many digits they have. Does not allocate.
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
                // Zeros at the end of a fraction do not matter.
                let filled = |digits| Iterator::chain(digits, std::iter::repeat(b'0')).take(longest);
                let size = power(self).cmp(&power(other)).then_with(|| filled(a).cmp(filled(b)));
                if self.negative { size.reverse() } else { size }
            }
        }
    }

    /// Writes the number in the syntax of JSON, with exactly these digits.
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

/// The number in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number<'a> {
    /// Stored as an integer, with the column's scale.
    Exact(Decimal),
    /// Stored as text, which has been checked to be a number.
    Text(&'a str),
}

impl Number<'_> {
    /// Returns the exact decimal; `None` if it has too many digits, and then only its text is available.
    #[must_use]
    pub fn decimal(&self) -> Option<Decimal> {
        match self {
            Self::Exact(decimal) => Some(*decimal),
            Self::Text(text) => NumberText::parse(text)?.decimal(),
        }
    }
}

impl fmt::Display for Number<'_> {
    /// Writes the number in the syntax of JSON.
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

/// The value of a column. NULL, missing (the image does not have the column at all) and invalid are three different things.
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
    /// The bytes of a binary column, or of a type whose layout is UNKNOWN.
    Bytes(&'a [u8]),
    /// Present, but not decodable as its type: the bytes, without the null flag if that is a known one.
    Invalid(&'a [u8]),
    /// A large object that the change left unchanged. It has no known form in trails; other change records have it.
    Unchanged,
}

/// The five states of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ColumnState {
    /// It has a value.
    Value = 0,
    /// It is NULL.
    Null = 1,
    /// It is not in this image.
    Missing = 2,
    /// It is present and not decodable.
    Invalid = 3,
    /// It is a large object that the change left unchanged.
    Unchanged = 4,
}

/// An owned value of the native JSON form, where dates are text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnedValue {
    /// SQL NULL.
    Null,
    /// A number, with exactly these digits.
    Number(Box<str>),
    /// Text, or a date.
    Text(Box<str>),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Present, but not decodable: its bytes.
    Invalid(Vec<u8>),
    /// A large object that the change left unchanged.
    Unchanged,
}

impl OwnedValue {
    /// Returns the value, borrowed.
    #[must_use]
    pub fn as_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Number(digits) => Value::Number(Number::Text(digits)),
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::Invalid(bytes) => Value::Invalid(bytes),
            Self::Unchanged => Value::Unchanged,
        }
    }
}

/// Returns the body of an integer column of `width` bytes, most significant byte first; `None` if the number does not fit.
pub(crate) fn integer_body(number: i128, width: u8, signed: bool) -> Option<Vec<u8>> {
    let bits = u32::from(width) * 8;
    let (low, high) = if signed { (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1) } else { (0, (1i128 << bits) - 1) };
    let bytes = (low..=high).contains(&number).then_some(number.to_be_bytes())?;
    bytes.get(bytes.len() - usize::from(width)..).map(<[u8]>::to_vec)
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
    fn texts_of_one_number_have_one_canonical_form() {
        let canonical = |text: &str| {
            let mut out = Vec::new();
            NumberText::parse(text).unwrap().write_canonical(&mut out);
            String::from_utf8(out).unwrap()
        };
        for same in
            [&["1", "1.0", "01", "+1", "10e-1", "0.1E1"][..], &["0", "-0", "0.00", "0e9"], &["-120", "-1.2e2"], &[".5", "0.50"]]
        {
            assert!(same.iter().all(|text| canonical(text) == canonical(same[0])), "{same:?}");
        }
        assert_ne!(canonical("1"), canonical("10"));
        assert_ne!(canonical("1"), canonical("-1"));
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
