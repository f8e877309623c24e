//! Numbers and lengths of time as GoldenGate prints them: thousands separators, exponents, hours over 24, mixed units.

use crate::fault::FaultKind;

/// A decimal number: digits and the place of the decimal mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    digits: u128,
    /// Digits after the decimal mark; negative for zeros that follow.
    scale: i32,
    negative: bool,
}

/// The language of the text around a number: only in English is `1,218` one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Other,
}

impl Number {
    /// Reads a number.
    pub(crate) fn parse(text: &str, language: Language) -> Result<Self, FaultKind> {
        let text = text.trim();
        let (negative, text) = match text.strip_prefix(['-', '\u{2212}']) {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| FaultKind::NotANumber)?),
            None => (text, 0),
        };
        let mark = decimal_mark(mantissa, language)?;
        let (whole, fraction) = match mark {
            Some(at) => mantissa.split_at_checked(at).ok_or(FaultKind::NotANumber)?,
            None => (mantissa, ""),
        };
        let fraction = fraction.get(1..).unwrap_or("").trim_end_matches('0');
        let mut digits: u128 = 0;
        for digit in whole.chars().filter(|sign| !is_separator(*sign)).chain(fraction.chars()) {
            let digit = digit.to_digit(10).ok_or(FaultKind::NotANumber)?;
            digits = digits.checked_mul(10).and_then(|digits| digits.checked_add(digit.into())).ok_or(FaultKind::TooLarge)?;
        }
        let scale =
            i32::try_from(fraction.len()).ok().and_then(|scale| scale.checked_sub(exponent)).ok_or(FaultKind::TooLarge)?;
        Ok(Self { digits, scale, negative })
    }

    /// Returns the whole number, if it is one.
    pub(crate) fn whole(self) -> Result<u64, FaultKind> {
        let power = |scale: u32| 10u128.checked_pow(scale).ok_or(FaultKind::TooLarge);
        if self.digits == 0 {
            return Ok(0);
        }
        let whole = if self.scale <= 0 {
            self.digits.checked_mul(power(self.scale.unsigned_abs())?).ok_or(FaultKind::TooLarge)?
        } else {
            let power = power(self.scale.unsigned_abs())?;
            (self.digits % power == 0).then_some(self.digits / power).ok_or(FaultKind::NotANumber)?
        };
        if self.negative { Err(FaultKind::NotANumber) } else { u64::try_from(whole).map_err(|_| FaultKind::TooLarge) }
    }

    /// Returns the number in thousandths, rounded down.
    pub(crate) fn thousandths(self) -> Result<i64, FaultKind> {
        let scale = self.scale - 3;
        let power = 10u128.checked_pow(scale.unsigned_abs());
        let value = match (scale <= 0, power) {
            (true, Some(power)) => self.digits.checked_mul(power),
            (false, Some(power)) => Some(self.digits / power),
            (true, None) if self.digits > 0 => None,
            _ => Some(0),
        };
        let value = value.and_then(|value| i64::try_from(value).ok()).ok_or(FaultKind::TooLarge)?;
        Ok(if self.negative { -value } else { value })
    }
}

fn is_separator(sign: char) -> bool {
    matches!(sign, ',' | '.' | ' ' | '\'' | '\u{2019}' | '\u{a0}' | '\u{202f}')
}

/// Returns the place of the decimal mark, after a check of the groups before it.
fn decimal_mark(text: &str, language: Language) -> Result<Option<usize>, FaultKind> {
    if !text.starts_with(|sign: char| sign.is_ascii_digit() || sign == '.') {
        return Err(FaultKind::NotANumber);
    }
    let marks: Vec<(usize, char)> = text.char_indices().filter(|(_, sign)| is_separator(*sign)).collect();
    let (Some(&(first_at, first)), Some(&(at, last))) = (marks.first(), marks.last()) else { return Ok(None) };
    let digits_after = text.len() - at - last.len_utf8();
    let can_be_decimal = matches!(last, '.' | ',') && marks.iter().filter(|(_, sign)| *sign == last).count() == 1;
    let is_decimal = if !can_be_decimal {
        false
    } else if marks.len() > 1 || digits_after != 3 || first_at > 3 || first_at == 0 || text.starts_with('0') {
        true
    } else if language == Language::English {
        last == '.'
    } else {
        return Err(FaultKind::AmbiguousNumber);
    };
    let groups = if is_decimal { text.get(..at) } else { Some(text) }.unwrap_or("");
    are_groups(groups, first).then_some(is_decimal.then_some(at)).ok_or(FaultKind::NotANumber)
}

/// Returns whether the digits are in groups of three, all with the same separator.
fn are_groups(text: &str, separator: char) -> bool {
    let mut groups = text.split(is_separator);
    let leads = groups.next().is_some_and(|lead| lead.len() <= 3 || !text.contains(is_separator));
    leads && groups.all(|group| group.len() == 3) && text.chars().filter(|sign| is_separator(*sign)).all(|sign| sign == separator)
}

/// Reads a whole number, such as `186`, `1,218`, `12.00` or `1.860E2`.
pub(crate) fn whole(text: &str) -> Result<u64, FaultKind> {
    Number::parse(text, Language::English)?.whole()
}

/// Reads `H…H:MM:SS` as milliseconds. The hours have any number of digits.
pub(crate) fn clock(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.next().is_some()
        || hours.is_empty()
        || minutes.len() != 2
        || seconds.len() != 2
        || ![hours, minutes, seconds].map(plain).iter().all(|is| *is)
    {
        return None;
    }
    let (minutes, seconds) = (minutes.parse::<u64>().ok()?, seconds.parse::<u64>().ok()?);
    if minutes > 59 || seconds > 59 {
        return None;
    }
    hours.parse::<u64>().ok()?.checked_mul(3600)?.checked_add(minutes * 60 + seconds)?.checked_mul(1_000)
}

/// Reads a length of time in words or letters as milliseconds: `23 seconds`, `15 minutes, 32 seconds`, `1,218 seconds`, `10m 22.87s`,
/// `02:03:04`. Returns the reason if it is none.
pub(crate) fn span(text: &str) -> Result<i64, FaultKind> {
    let text = text.trim();
    if let Some(millis) = clock(text) {
        return i64::try_from(millis).map_err(|_| FaultKind::TooLarge);
    }
    let mut total: i64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|sign: char| sign.is_alphabetic()).ok_or(FaultKind::NotANumber)?;
        let (number, after) = rest.split_at_checked(digits).ok_or(FaultKind::NotANumber)?;
        let end = after.find(|sign: char| !sign.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end).ok_or(FaultKind::NotANumber)?;
        let millis = match unit {
            "ms" | "millisecond" | "milliseconds" => 1,
            "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
            "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
            "h" | "hour" | "hours" => 3_600_000,
            "d" | "day" | "days" => 86_400_000,
            _ => return Err(FaultKind::Localised),
        };
        let number = Number::parse(number, Language::English)?.thousandths()?;
        let part = number.checked_mul(millis).ok_or(FaultKind::TooLarge)? / 1_000;
        total = total.checked_add(part).ok_or(FaultKind::TooLarge)?;
        rest = after.trim_start_matches([',', ' ']);
    }
    if text.is_empty() { Err(FaultKind::NotANumber) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_separators() {
        for (text, value) in [
            ("186", 186),
            ("1,218", 1_218),
            ("12.00", 12),
            ("1.860E2", 186),
            ("3.452343243E9", 3_452_343_243),
            ("1,234,567.00", 1_234_567),
        ] {
            assert_eq!(whole(text), Ok(value), "{text}");
        }
        for (text, value) in [("1.234.567", 1_234_567), ("1 218", 1_218), ("1'000'000", 1_000_000), ("12,00", 12)] {
            assert_eq!(Number::parse(text, Language::Other).and_then(Number::whole), Ok(value), "{text}");
        }
        for (text, reason) in [
            ("", FaultKind::NotANumber),
            ("-3", FaultKind::NotANumber),
            ("NaN", FaultKind::NotANumber),
            ("1.5", FaultKind::NotANumber),
            ("1,21,3", FaultKind::NotANumber),
            ("99999999999999999999", FaultKind::TooLarge),
            ("1E99", FaultKind::TooLarge),
            ("9.5E-2147483648", FaultKind::TooLarge),
        ] {
            assert_eq!(whole(text), Err(reason), "{text}");
        }
        for text in ["1.234", "1,234"] {
            assert_eq!(Number::parse(text, Language::Other), Err(FaultKind::AmbiguousNumber));
        }
    }

    #[test]
    fn lengths_of_time() {
        for (text, millis) in [
            ("842:45:01", 3_033_901_000),
            ("23 seconds", 23_000),
            ("15 minutes, 32 seconds", 932_000),
            ("1,218 seconds", 1_218_000),
            ("5.77s", 5_770),
            ("10m 22.87s", 622_870),
            ("2 days, 1 hour", 176_400_000),
        ] {
            assert_eq!(span(text), Ok(millis), "{text}");
        }
        assert_eq!(span("23 秒"), Err(FaultKind::Localised));
        assert_eq!(span("-00:00:01"), Err(FaultKind::NotANumber));
        assert_eq!((clock("1:2:3"), clock("24:60:00"), clock("unknown")), (None, None, None));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = (span(&text), whole(&text), clock(&text), Number::parse(&text, Language::Other));
        }

        #[test]
        fn what_is_grouped_is_read(value: u64) {
            let digits = value.to_string();
            let grouped: String = digits.char_indices().flat_map(|(at, digit)| {
                let comma = at > 0 && (digits.len() - at) % 3 == 0;
                comma.then_some(',').into_iter().chain([digit])
            }).collect();
            proptest::prop_assert_eq!(whole(&grouped), Ok(value));
        }
    }
}
