//! Scalars, the results of expressions: a value, or one of the states of a column without a value. Exact arithmetic.

use std::cmp::Ordering;
use std::fmt::Write;

use crate::change::{DateTime, Decimal, NumberText};

/// A value or a state. Borrowed from the change, the program, or the memory of the evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Missing,
    Invalid,
    Number(Decimal),
    /// A number with more digits than fit a decimal.
    Digits(&'a str),
    Text(&'a str),
    Bytes(&'a [u8]),
    DateTime(DateTime),
    Special(Special),
}

/// The special numbers of 26ai.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Special {
    NotANumber,
    SignallingNotANumber,
    Infinity,
    NegativeInfinity,
}

impl Special {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotANumber => "NaN",
            Self::SignallingNotANumber => "SNaN",
            Self::Infinity => "Infinity",
            Self::NegativeInfinity => "-Infinity",
        }
    }

    /// Parses the name of a special number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(text));
        let all = [
            (Self::NotANumber, &["NAN"][..]),
            (Self::SignallingNotANumber, &["SNAN"]),
            (Self::Infinity, &["INF", "INFINITY", "+INF", "+INFINITY"]),
            (Self::NegativeInfinity, &["-INF", "-INFINITY"]),
        ];
        // Fast rejection: nearly all texts start with another character.
        let may_be = text.len() <= 9 && text.starts_with(|c: char| "nNsSiI+-".contains(c));
        all.into_iter().find(|(_, names)| may_be && is(names)).map(|(special, _)| special)
    }
}

/// A number, as the operand of arithmetic and comparisons.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Numeric<'a> {
    Exact(Decimal),
    Digits(&'a str),
    Special(Special),
}

impl Numeric<'_> {
    /// Compares two numbers; `None` if one is NaN.
    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        let rank = |number: &Self| match number {
            Self::Special(Special::Infinity) => Some(1),
            Self::Special(Special::NegativeInfinity) => Some(-1),
            Self::Special(_) => None,
            _ => Some(0),
        };
        match (rank(&self)?, rank(&other)?) {
            (0, 0) => {}
            (a, b) => return Some(a.cmp(&b)),
        }
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) => Some(a.compare(b)),
            (Self::Digits(a), Self::Digits(b)) => compare_digits(a, b),
            (Self::Digits(a), Self::Exact(b)) => compare_digits(a, Written::new(b).text()),
            (Self::Exact(a), Self::Digits(b)) => compare_digits(Written::new(a).text(), b),
            _ => None,
        }
    }
}

/// A decimal as text, without an allocation. There is room for a sign, a point and 256 digits.
struct Written {
    bytes: [u8; 264],
    len: usize,
}

impl Written {
    fn new(number: Decimal) -> Self {
        let mut written = Self { bytes: [0; 264], len: 0 };
        // Every decimal fits.
        let _ = write!(written, "{number}");
        written
    }

    fn text(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl Write for Written {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let place = self.bytes.get_mut(self.len..self.len + text.len()).ok_or(std::fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

fn compare_digits(a: &str, b: &str) -> Option<Ordering> {
    Some(NumberText::parse(a)?.compare(&NumberText::parse(b)?))
}

impl<'a> Scalar<'a> {
    /// Converts a boolean to 1 or 0.
    pub(crate) fn truth(value: bool) -> Self {
        Self::Number(Decimal::new(i128::from(value), 0))
    }

    pub(crate) fn whole(value: usize) -> Self {
        Self::Number(Decimal::new(value as i128, 0))
    }

    /// Returns `true` for a value and `false` for a state.
    pub(crate) fn is_value(&self) -> bool {
        !matches!(self, Self::Null | Self::Missing | Self::Invalid)
    }

    /// Returns the number, also of a text that is a number.
    pub(crate) fn numeric(self) -> Option<Numeric<'a>> {
        match self {
            Self::Number(decimal) => Some(Numeric::Exact(decimal)),
            Self::Digits(digits) => Some(Numeric::Digits(digits)),
            Self::Special(special) => Some(Numeric::Special(special)),
            Self::Text(text) => match NumberText::parse(text) {
                Some(number) => Some(number.decimal().map_or(Numeric::Digits(text), Numeric::Exact)),
                None => Special::parse(text).map(Numeric::Special),
            },
            _ => None,
        }
    }
}

/// An arithmetic error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArithmeticFault {
    /// The result has more digits than fit a decimal.
    Overflow,
    DivisionByZero,
}

/// Number of digits that a quotient without a finite expansion is rounded to. It is the precision of GoldenGate (SEEN;
/// docs/filter.md, section 2.3).
pub(crate) const QUOTIENT_DIGITS: u32 = 17;

type Computed = Result<Decimal, ArithmeticFault>;

fn power(scale: u32) -> Option<i128> {
    10i128.checked_pow(scale)
}

/// Brings two numbers to the same scale.
fn aligned(a: Decimal, b: Decimal) -> Option<(i128, i128, u8)> {
    let scale = a.scale().max(b.scale());
    let raise = |number: Decimal| number.mantissa().checked_mul(power(u32::from(scale - number.scale()))?);
    Some((raise(a)?, raise(b)?, scale))
}

/// Removes trailing zeros of the fraction.
pub(crate) fn trimmed(number: Decimal) -> Decimal {
    let (mut mantissa, mut scale) = (number.mantissa(), number.scale());
    while scale > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    Decimal::new(mantissa, scale)
}

pub(crate) fn add(a: Decimal, b: Decimal) -> Computed {
    let sum = aligned(trimmed(a), trimmed(b)).and_then(|(a, b, scale)| Some(Decimal::new(a.checked_add(b)?, scale)));
    sum.map(trimmed).ok_or(ArithmeticFault::Overflow)
}

pub(crate) fn negate(a: Decimal) -> Computed {
    a.mantissa().checked_neg().map(|mantissa| Decimal::new(mantissa, a.scale())).ok_or(ArithmeticFault::Overflow)
}

pub(crate) fn multiply(a: Decimal, b: Decimal) -> Computed {
    let (a, b) = (trimmed(a), trimmed(b));
    let scale = a.scale().checked_add(b.scale());
    match (a.mantissa().checked_mul(b.mantissa()), scale) {
        (Some(mantissa), Some(scale)) if scale <= 38 => Ok(trimmed(Decimal::new(mantissa, scale))),
        _ => Err(ArithmeticFault::Overflow),
    }
}

/// Divides. The quotient is exact if it is whole or terminates within [`QUOTIENT_DIGITS`] digits, else rounded half up to that
/// many.
pub(crate) fn divide(a: Decimal, b: Decimal) -> Computed {
    if b.mantissa() == 0 {
        return Err(ArithmeticFault::DivisionByZero);
    }
    let (top, bottom, _) = aligned(trimmed(a), trimmed(b)).ok_or(ArithmeticFault::Overflow)?;
    let negative = (top < 0) != (bottom < 0);
    let (mut rest, bottom) = (top.unsigned_abs() % bottom.unsigned_abs(), bottom.unsigned_abs());
    let mut quotient = top.unsigned_abs() / bottom;
    let digits = |number: u128| number.checked_ilog10().map_or(0, |log| log + 1);
    let mut scale = 0u8;
    while rest != 0 && digits(quotient) < QUOTIENT_DIGITS && scale < 38 {
        let Some(raised) = rest.checked_mul(10) else { return Err(ArithmeticFault::Overflow) };
        let Some(longer) = quotient.checked_mul(10).and_then(|number| number.checked_add(raised / bottom)) else { break };
        (quotient, rest) = (longer, raised % bottom);
        scale += 1;
    }
    if rest != 0 && rest.checked_mul(2).is_none_or(|twice| twice >= bottom) {
        quotient = quotient.checked_add(1).ok_or(ArithmeticFault::Overflow)?;
    }
    let mantissa = i128::try_from(quotient).map_err(|_| ArithmeticFault::Overflow)?;
    Ok(trimmed(Decimal::new(if negative { -mantissa } else { mantissa }, scale)))
}

/// Returns the remainder, with the sign of the dividend.
pub(crate) fn remainder(a: Decimal, b: Decimal) -> Computed {
    if b.mantissa() == 0 {
        return Err(ArithmeticFault::DivisionByZero);
    }
    let (a, b, scale) = aligned(trimmed(a), trimmed(b)).ok_or(ArithmeticFault::Overflow)?;
    a.checked_rem(b).map(|rest| trimmed(Decimal::new(rest, scale))).ok_or(ArithmeticFault::Overflow)
}

/// Returns the number of digits, without leading zeros and trailing zeros of the fraction.
pub(crate) fn digits(number: Decimal) -> u32 {
    trimmed(number).mantissa().unsigned_abs().checked_ilog10().map_or(1, |log| log + 1)
}

/// Compares two dates in calendar order, including zero dates.
pub(crate) fn date_order(a: DateTime, b: DateTime) -> Ordering {
    let key = |time: DateTime| (time.year, time.month, time.day, time.hour, time.minute, time.second, time.nanos);
    key(a).cmp(&key(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn arithmetic_is_exact() {
        assert_eq!(add(decimal("2000"), decimal("200.00")).unwrap().to_string(), "2200");
        assert_eq!(multiply(decimal("10"), decimal("0.9")).unwrap().to_string(), "9");
        assert_eq!(divide(decimal("12001"), decimal("12")).unwrap().to_string(), "1000.0833333333333");
        assert_eq!(divide(decimal("1"), decimal("8")).unwrap().to_string(), "0.125");
        assert_eq!(divide(decimal("-2"), decimal("3")).unwrap().to_string(), "-0.66666666666666667");
        assert_eq!(
            divide(decimal("123456789012345678901234567890"), decimal("10")).unwrap().to_string(),
            "12345678901234567890123456789"
        );
        assert_eq!(divide(decimal("1"), decimal("0.0")), Err(ArithmeticFault::DivisionByZero));
        assert_eq!(remainder(decimal("-21"), decimal("10")).unwrap().to_string(), "-1");
        assert_eq!(multiply(decimal("99999999999999999999"), decimal("9999999999999999999")), Err(ArithmeticFault::Overflow));
        assert_eq!(digits(decimal("00123.4500")), 5);
    }

    #[test]
    fn long_numbers_and_special_ones_have_an_order() {
        let long = format!("1{}", "0".repeat(60));
        let (long, one) = (Scalar::Text(&long).numeric().unwrap(), Scalar::Text("1").numeric().unwrap());
        assert_eq!(long.compare(one), Some(Ordering::Greater));
        assert_eq!(one.compare(long), Some(Ordering::Less));
        assert_eq!(Scalar::Text("-Infinity").numeric().unwrap().compare(one), Some(Ordering::Less));
        assert_eq!(Scalar::Text("NaN").numeric().unwrap().compare(one), None);
    }

    proptest! {
        #[test]
        fn nothing_panics_and_sums_come_back(a in any::<i128>(), x in 0u8..=38, b in any::<i128>(), y in 0u8..=38) {
            let (a, b) = (Decimal::new(a, x), Decimal::new(b, y));
            let _ = (multiply(a, b), divide(a, b), remainder(a, b), digits(a));
            if let Ok(sum) = add(a, b) {
                if let Ok(back) = negate(b).and_then(|b| add(sum, b)) {
                    prop_assert!(back.compare(a).is_eq());
                }
            }
        }
    }
}
