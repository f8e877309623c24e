//! [`Timestamp`] and [`DateTime`]: the time of a record, and dates in columns.
//!
//! A trail counts microseconds from Julian day 0 at noon, −4712-01-01 12:00, in UTC (docs/trail-format.md, section 6,
//! SEEN: exact on 30 printed times). Logdump prints the local time of its host; the stored value is always UTC.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// Microseconds from Julian day 0, noon, to 1970-01-01 00:00 UTC.
const UNIX_EPOCH_JULIAN: i128 = 210_866_760_000_000_000;
const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// A point in time in UTC, with microseconds: the timestamp of a record.
///
/// ```
/// use trailcore::Timestamp;
/// let time = Timestamp::from_julian(0x02f2_4a02_fd11_6400);
/// assert_eq!(time.to_string(), "2015-11-05T18:45:36.000000Z");
/// assert_eq!(time.unix_micros(), 1_446_749_136_000_000);
/// assert_eq!("2015-11-05T18:45:36Z".parse::<Timestamp>()?, time);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Returns the timestamp of a number of microseconds since 1970-01-01 00:00 UTC.
    #[must_use]
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the timestamp of a record header: microseconds since Julian day 0, noon. A value that does not fit signed Unix
    /// microseconds, which no clock has, becomes the last timestamp that does.
    #[must_use]
    pub const fn from_julian(micros: u64) -> Self {
        let unix = micros as i128 - UNIX_EPOCH_JULIAN;
        Self(if unix > i64::MAX as i128 { i64::MAX } else { unix as i64 })
    }

    /// Returns the microseconds since 1970-01-01 00:00 UTC.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// Returns year, month, day, hour, minute, second and microsecond in UTC; `None` for years that do not have four digits.
    ///
    /// ```
    /// use trailcore::Timestamp;
    /// let parts = Timestamp::from_unix_micros(1_000_001).parts().unwrap();
    /// assert_eq!((parts.year, parts.second, parts.nanos), (1970, 1, 1000));
    /// ```
    #[must_use]
    pub fn parts(self) -> Option<DateTime> {
        let (seconds, micros) = (self.0.div_euclid(MICROS_PER_SECOND), self.0.rem_euclid(MICROS_PER_SECOND));
        let (days, second) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
        let (year, month, day) = civil_from_days(days);
        Some(DateTime {
            year: u16::try_from(year).ok().filter(|year| (1..=9999).contains(year))?,
            month: month as u8,
            day: day as u8,
            hour: (second / 3600) as u8,
            minute: (second / 60 % 60) as u8,
            second: (second % 60) as u8,
            nanos: micros as u32 * 1000,
            precision: Precision::Time(6),
        })
    }

    /// Returns the microseconds since Julian day 0, noon, which a trail stores. Earlier timestamps become 0.
    #[must_use]
    pub const fn julian(self) -> u64 {
        let julian = self.0 as i128 + UNIX_EPOCH_JULIAN;
        if julian < 0 { 0 } else { julian as u64 }
    }
}

impl fmt::Display for Timestamp {
    /// Writes `YYYY-MM-DDTHH:MM:SS.ffffffZ`, always with six fraction digits. A year that does not have four digits has a sign, as ISO 8601
    /// asks for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.0.div_euclid(MICROS_PER_SECOND), self.0.rem_euclid(MICROS_PER_SECOND));
        let (days, second) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let sign = match year {
            ..0 => "-",
            0..=9999 => "",
            _ => "+",
        };
        write!(f, "{sign}{:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z", year.unsigned_abs())
    }
}

crate::document::as_text!(Timestamp, "a time in UTC, such as 2024-03-01T09:15:01.250000Z");

impl FromStr for Timestamp {
    type Err = Error;

    /// Reads `YYYY-MM-DD`, optionally with `THH:MM:SS` (or a blank in place of the `T`), up to six fraction digits and `Z`. The
    /// time is UTC. A year may have a sign.
    fn from_str(text: &str) -> Result<Self, Error> {
        parse_utc(text).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("{text:?} is not a timestamp"))
                .hint("write YYYY-MM-DDTHH:MM:SS in UTC")
        })
    }
}

fn parse_utc(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let (is_negative, date) = match date.strip_prefix('-') {
        Some(date) => (true, date),
        None => (false, date.strip_prefix('+').unwrap_or(date)),
    };
    let [year, month, day] = three_numbers(date, '-')?;
    let year = if is_negative { -year } else { year };
    let [hour, minute, second] = three_numbers(clock, ':')?;
    if !is_date(year, month, day) || hour > 23 || minute > 59 || second > 59 || fraction.len() > 6 {
        return None;
    }
    let digits = u32::try_from(fraction.len()).ok()?;
    let micros = number(fraction)?.checked_mul(10i64.pow(6 - digits))?;
    let seconds = days_from_civil(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    Some(Timestamp(i64::try_from(i128::from(seconds) * i128::from(MICROS_PER_SECOND) + i128::from(micros)).ok()?))
}

fn three_numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut parts = text.split(separator).map(number);
    let three = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(three)
}

fn number(digits: &str) -> Option<i64> {
    let plain = !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// Returns whether there is such a day in the proleptic Gregorian calendar.
pub(crate) fn is_date(year: i64, month: i64, day: i64) -> bool {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// Returns the days from 1970-01-01 to a day of the proleptic Gregorian calendar. Years start in March, so that a leap day is the
/// last day of its year, and are grouped in eras of 400 years, which all have 146,097 days.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let march_year = year - i64::from(month <= 2);
    let era = march_year.div_euclid(400);
    let year_of_era = march_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Returns the same for years 0 to 9999, in few steps, since every date of every row is converted.
#[inline]
pub(crate) fn days_of_date(year: u16, month: u8, day: u8) -> i64 {
    // Counted from March of the year −400, so that nothing is negative.
    let march_year = u32::from(year) + 400 - u32::from(month <= 2);
    let day_of_year = (153 * ((u32::from(month) + 9) % 12) + 2) / 5 + u32::from(day);
    let days = march_year * 365 + march_year / 4 - march_year / 100 + march_year / 400 + day_of_year;
    i64::from(days) - 865_566
}

/// Returns year, month and day: the inverse of [`days_from_civil`].
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = (march_month + 2) % 12 + 1;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// A date, or date and time, from the database: without a time zone, and with as many fraction digits as in the trail.
///
/// Zero dates (`0000-00-00`, which MySQL has) are kept; they are not points in time.
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
    /// The parts that the text has.
    pub precision: Precision,
}

/// The parts that a date/time text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// A date without a time.
    Date,
    /// To the second, with this many fraction digits (0 to 9).
    Time(u8),
}

impl DateTime {
    /// Reads `YYYY-MM-DD`, optionally with `:HH:MI:SS` and up to nine fraction digits: the forms in trails
    /// (docs/trail-format.md, section 8, SEEN with 0, 6 and 9 digits). `T` or a blank before the time is read too. `None` for
    /// any other text.
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

    /// Returns the microseconds and the remaining nanoseconds of a date/time text, as [`parse_bytes`](Self::parse_bytes) reads it.
    /// `None` for other texts and for zero dates. The usual forms of trails are read at once, and a day is counted once while it
    /// stays the same.
    #[inline(always)]
    pub(crate) fn micros_of(text: &[u8], day: &mut Day) -> Option<(i64, u32)> {
        if let Some((date, rest)) = text.split_first_chunk::<10>() {
            if *date == day.text {
                if let Some(micros) = micros_of_day(rest) {
                    return Some((day.micros + micros, 0));
                }
            }
        }
        Self::micros_of_any(text, day)
    }

    #[inline(never)]
    fn micros_of_any(text: &[u8], day: &mut Day) -> Option<(i64, u32)> {
        let time = Self::parse_bytes(text)?;
        let micros = time.unix_micros()?;
        if let Some(date) = text.first_chunk::<10>() {
            let midnight = Self { hour: 0, minute: 0, second: 0, nanos: 0, ..time };
            *day = Day { text: *date, micros: midnight.unix_micros()? };
        }
        Some((micros, time.nanos % 1000))
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

    /// Returns the microseconds since 1970-01-01 00:00 in the same (unknown) time zone; finer digits are truncated. `None` for a
    /// zero date.
    #[inline]
    #[must_use]
    pub fn unix_micros(&self) -> Option<i64> {
        Some(self.seconds()? * 1_000_000 + i64::from(self.nanos / 1000))
    }

    /// Returns the nanoseconds since 1970-01-01 00:00 in the same (unknown) time zone. `None` for a zero date, and for years out
    /// of the range of 64-bit nanoseconds (before 1678, after 2261).
    #[must_use]
    pub fn unix_nanos(&self) -> Option<i64> {
        self.seconds()?.checked_mul(1_000_000_000)?.checked_add(i64::from(self.nanos))
    }
}

/// A day, and the microseconds from 1970 to its start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Day {
    text: [u8; 10],
    micros: i64,
}

/// Returns the microseconds of `:HH:MI:SS` or `:HH:MI:SS.ffffff`; `None` for other texts.
#[inline(always)]
fn micros_of_day(text: &[u8]) -> Option<i64> {
    let (&[a, h1, h2, b, i1, i2, c, s1, s2], fraction) = text.split_first_chunk::<9>()?;
    // No branch for each digit: over 99 if one of them is none.
    let two = |tens: u8, ones: u8| {
        let (tens, ones) = (u32::from(tens.wrapping_sub(b'0')), u32::from(ones.wrapping_sub(b'0')));
        if tens > 9 || ones > 9 { 100 } else { tens * 10 + ones }
    };
    let (hour, minute, second) = (two(h1, h2), two(i1, i2), two(s1, s2));
    let micros = match *fraction {
        [] => 0,
        [b'.', a, b, c, d, e, f] => {
            let (high, middle, low) = (two(a, b), two(c, d), two(e, f));
            if high.max(middle).max(low) > 99 {
                return None;
            }
            high * 10_000 + middle * 100 + low
        }
        _ => return None,
    };
    let is_time = [a, b, c] == [b':'; 3] && hour < 24 && minute < 60 && second < 60;
    is_time.then(|| i64::from(hour * 3600 + minute * 60 + second) * 1_000_000 + i64::from(micros))
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
    /// Writes ISO 8601, with the fraction digits that the text had.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_of_all_dates_that_columns_have() {
        for (days, year) in (0..=9999).map(|year| (days_from_civil(year, 1, 1), year)) {
            for day in days..days_from_civil(year + 1, 1, 1) {
                let (year, month, date) = civil_from_days(day);
                assert_eq!(days_of_date(year as u16, month as u8, date as u8), day);
            }
        }
    }

    #[test]
    fn printed_times_of_the_spec() {
        let time = Timestamp::from_julian(u64::from_le_bytes([0x5b, 0xe6, 0x2d, 0xd5, 0x53, 0x15, 0xf3, 0x02]));
        assert_eq!(time.to_string(), "2022-12-06T03:26:59.569243Z");
        assert_eq!(Timestamp::from_unix_micros(-1).to_string(), "1969-12-31T23:59:59.999999Z");
        assert_eq!(Timestamp::from_julian(0).to_string(), "-4713-11-24T12:00:00.000000Z");
    }

    #[test]
    fn no_value_panics() {
        for julian in [0, 1, u64::MAX, u64::MAX / 2] {
            let _ = Timestamp::from_julian(julian).to_string();
        }
    }

    proptest! {
        #[test]
        fn text_and_back(micros in -60_000_000_000_000_000i64..250_000_000_000_000_000) {
            let time = Timestamp::from_unix_micros(micros);
            prop_assert_eq!(Timestamp::from_julian(time.julian()), time);
            if time.to_string().as_bytes()[0] != b'-' {
                prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
            }
        }

        #[test]
        fn calendar_and_back(days in -3_000_000i64..3_000_000) {
            let (year, month, day) = civil_from_days(days);
            prop_assert!(is_date(year, month, day));
            prop_assert_eq!(days_from_civil(year, month, day), days);
        }
    }

    #[test]
    fn times_are_the_same_however_they_are_read() {
        let texts =
            ["2022-12-26", "1994-09-30:15:33:00", "1994-09-30:15:33:59.999999", "1994-09-30:23:59:60", "1994-09-30:15:33:00.5"];
        let more = [
            "1994-09-30:15:33:00.123456789",
            "1994-09-30T15:33:00",
            "1994-09-30:1x:33:00",
            "0000-00-00:00:00:00",
            "",
            "1994-02-30:00:00:00",
        ];
        let mut day = Day::default();
        for text in texts.iter().chain(&more).cycle().take(40) {
            let time = DateTime::parse(text);
            let expected = time.and_then(|time| Some((time.unix_micros()?, time.nanos % 1000)));
            assert_eq!(DateTime::micros_of(text.as_bytes(), &mut day), expected, "{text}");
            // With the day known.
            assert_eq!(DateTime::micros_of(text.as_bytes(), &mut day), expected, "{text}");
        }
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
}
