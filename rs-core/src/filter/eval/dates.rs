//! Date formats of @DATE. See docs/filter.md, section 7.1.

use std::fmt::Write;

use crate::time::{Timestamp, civil_from_days, days_from_civil, is_date};

/// A date descriptor, or a character between descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Century,
    ShortYear,
    Year,
    Month,
    MonthName,
    Day,
    DayOfYear,
    /// Day of the week; Sunday has this number.
    DayOfWeek(i64),
    DayName,
    Hour,
    Minute,
    Second,
    /// A fraction with this number of digits.
    Fraction(u32),
    /// Microseconds from Julian day 0.
    Julian,
    JulianDay,
    Other(char),
}

/// A parsed format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DateFormat(Box<[Piece]>);

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Descriptors. Longer ones come before their prefixes.
const DESCRIPTORS: [(&str, Piece); 18] = [
    ("JTSLCT", Piece::Julian),
    ("JTSGMT", Piece::Julian),
    ("JTS", Piece::Julian),
    ("JUL", Piece::JulianDay),
    ("YYYY", Piece::Year),
    ("YY", Piece::ShortYear),
    ("CC", Piece::Century),
    ("MMM", Piece::MonthName),
    ("MM", Piece::Month),
    ("MI", Piece::Minute),
    ("DDD", Piece::DayOfYear),
    ("DD", Piece::Day),
    ("DOW0", Piece::DayOfWeek(0)),
    ("DOW1", Piece::DayOfWeek(1)),
    ("DOWA", Piece::DayName),
    ("HH24", Piece::Hour),
    ("HH", Piece::Hour),
    ("SS", Piece::Second),
];

/// Descriptors of NonStop and others whose layout is UNKNOWN.
const UNKNOWN: [&str; 4] = ["TTS", "PHAMIS", "STRATUS", "CDATE"];

impl DateFormat {
    /// Parses a format. The error names the unknown descriptor.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let upper = text.to_uppercase();
        let mut rest = &*upper;
        let mut pieces = Vec::new();
        while let Some(c) = rest.chars().next() {
            if let Some(word) = UNKNOWN.iter().find(|word| rest.starts_with(**word)) {
                return Err(format!("unknown layout of date descriptor {word}"));
            }
            let fraction = rest.len() - rest.trim_start_matches('F').len();
            let (piece, length) = match DESCRIPTORS.iter().find(|(word, _)| rest.starts_with(word)) {
                Some((word, piece)) => (*piece, word.len()),
                None if fraction > 0 => (Piece::Fraction(fraction.min(9) as u32), fraction),
                None if c.is_alphanumeric() => return Err(format!("unknown date descriptor {c}")),
                None => (Piece::Other(c), c.len_utf8()),
            };
            pieces.push(piece);
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(Self(pieces.into()))
    }

    /// Returns whether the digits of a piece must have its full width.
    fn is_full(&self, at: usize) -> bool {
        let is_digits = |piece: &Piece| !matches!(piece, Piece::MonthName | Piece::DayName | Piece::Other(_));
        let touches = |place: Option<usize>| place.and_then(|place| self.0.get(place)).is_some_and(is_digits);
        match self.0.get(at) {
            Some(Piece::Year) => true,
            // Its first digits are the same, however many follow.
            Some(Piece::Fraction(_)) => touches(at.checked_add(1)),
            Some(Piece::JulianDay) => false,
            _ => touches(at.checked_sub(1)) || touches(at.checked_add(1)),
        }
    }

    /// Returns `true` if it is a number: a Julian timestamp or day.
    pub(crate) fn is_number(&self) -> bool {
        matches!(*self.0, [Piece::Julian | Piece::JulianDay])
    }
}

/// The parts of a date and time that have been read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moment {
    century: Option<i64>,
    short_year: Option<i64>,
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: i64,
}

/// The number of the Julian day that starts at noon of 1970-01-01. It is one more than the number of whole Julian days at
/// midnight of that date.
const EPOCH_JULIAN_DAY: i64 = 2_440_588;
const SECONDS_PER_DAY: i64 = 86_400;

impl Moment {
    pub(crate) fn of(time: Timestamp) -> Self {
        let micros = time.unix_micros();
        let seconds = micros.div_euclid(1_000_000);
        let mut moment = Self::of_day(seconds.div_euclid(SECONDS_PER_DAY));
        let second = seconds.rem_euclid(SECONDS_PER_DAY);
        (moment.hour, moment.minute, moment.second) = (second / 3600, second / 60 % 60, second % 60);
        moment.nanos = micros.rem_euclid(1_000_000) * 1000;
        moment
    }

    fn of_day(days: i64) -> Self {
        let (year, month, day) = civil_from_days(days);
        Self { year: Some(year), month: Some(month), day: Some(day), ..Self::default() }
    }

    /// Parses a date argument of @DATEDIFF: `YYYY-MM-DD[*HH:MI[:SS[.FFFFFF]]]`, with a colon, a blank or a `T` for the star.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date, time) = (text.get(..10)?, text.get(10..)?);
        let mut moment = Self::default();
        let part = |text: &str, from: usize, to: usize| number(text.get(from..to)?);
        let dashes = date.get(4..5) == Some("-") && date.get(7..8) == Some("-");
        (moment.year, moment.month, moment.day) = (part(date, 0, 4), part(date, 5, 7), part(date, 8, 10));
        if let Some(clock) = time.strip_prefix([':', ' ', 'T']) {
            let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(clock, digits)| (clock, Some(digits)));
            let mut parts = clock.split(':');
            moment.hour = number(parts.next()?)?;
            moment.minute = number(parts.next()?)?;
            let second = parts.next();
            moment.second = second.map_or(Some(0), number)?;
            // A zone, or anything else, is not ignored.
            if parts.next().is_some() || fraction.is_some_and(|digits| second.is_none() || number(digits).is_none()) {
                return None;
            }
        } else if !time.is_empty() {
            return None;
        }
        let clock = moment.hour < 24 && moment.minute < 60 && moment.second < 60;
        moment.settled().filter(|_| dashes && clock)
    }

    /// Reads a text by a format. Any character that is not a letter or digit matches a separator. Text after the end of the
    /// format is ignored. A year, and digits beside other digits, have their full width: digits that lack one have another meaning.
    pub(crate) fn read(&mut self, format: &DateFormat, text: &str) -> Option<()> {
        let mut rest = text.trim();
        for (at, piece) in format.0.iter().enumerate() {
            let is_full = format.is_full(at);
            let mut digits = |most: usize| {
                let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
                let (own, tail) = rest.split_at_checked(length).filter(|_| length == most || !is_full)?;
                rest = tail;
                number(own).map(|value| (value, length))
            };
            match piece {
                Piece::Century => self.century = Some(digits(2)?.0),
                Piece::ShortYear => self.short_year = Some(digits(2)?.0),
                Piece::Year => self.year = Some(digits(4)?.0),
                Piece::Month => self.month = Some(digits(2)?.0),
                Piece::Day => self.day = Some(digits(2)?.0),
                Piece::DayOfYear => self.day_of_year = Some(digits(3)?.0),
                Piece::Hour => self.hour = digits(2)?.0,
                Piece::Minute => self.minute = digits(2)?.0,
                Piece::Second => self.second = digits(2)?.0,
                Piece::Fraction(most) => {
                    let (value, length) = digits(*most as usize)?;
                    self.nanos = value * 10i64.pow(9 - length as u32);
                }
                Piece::Julian => {
                    let (own, tail) = rest.split_at_checked(rest.bytes().take_while(u8::is_ascii_digit).count())?;
                    rest = tail;
                    *self = Self::of(Timestamp::from_julian(own.parse().ok()?));
                }
                Piece::JulianDay => {
                    let days = digits(9)?.0 - EPOCH_JULIAN_DAY;
                    *self = Self { hour: self.hour, minute: self.minute, second: self.second, ..Self::of_day(days) };
                }
                Piece::MonthName => {
                    let (own, tail) = rest.split_at_checked(3)?;
                    rest = tail;
                    self.month = Some(MONTHS.iter().position(|name| name.eq_ignore_ascii_case(own))? as i64 + 1);
                }
                Piece::DayOfWeek(_) => drop(digits(1)?),
                Piece::DayName => rest = rest.get(3..)?,
                Piece::Other(_) => {
                    let c = rest.chars().next()?;
                    if c.is_alphanumeric() && c != 'T' {
                        return None;
                    }
                    rest = rest.get(c.len_utf8()..)?;
                }
            }
        }
        Some(())
    }

    /// Completes the date; `None` if there is no such date. A month or day that was not read is the first.
    ///
    /// The century of a two-digit year is UNKNOWN in GoldenGate. Here years below 50 are in the 21st century, others in the 20th:
    /// a rule that users also write themselves (docs/filter.md, section 15).
    pub(crate) fn settled(mut self) -> Option<Self> {
        let year = self.year.or_else(|| {
            let short = self.short_year?;
            let century = self.century.unwrap_or(if short < 50 { 20 } else { 19 });
            Some(century * 100 + short)
        })?;
        if let (Some(day), None) = (self.day_of_year, self.month) {
            let (year_of, month, day) = civil_from_days(days_from_civil(year, 1, 1) + day - 1);
            if year_of != year {
                return None;
            }
            (self.month, self.day) = (Some(month), Some(day));
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        let is_time = self.hour < 24 && self.minute < 60 && self.second < 60;
        (self.year, self.month, self.day) = (Some(year), Some(month), Some(day));
        (is_date(year, month, day) && is_time).then_some(self)
    }

    /// Returns the days since 1970-01-01.
    pub(crate) fn days(&self) -> i64 {
        days_from_civil(self.year.unwrap_or(1970), self.month.unwrap_or(1), self.day.unwrap_or(1))
    }

    /// Returns the seconds since 1970-01-01.
    pub(crate) fn seconds(&self) -> i64 {
        self.days() * SECONDS_PER_DAY + self.hour * 3600 + self.minute * 60 + self.second
    }

    /// Writes the format of @DATENOW: `YYYY-MM-DD HH:MI:SS`.
    pub(crate) fn write_plain(&self, out: &mut impl Write) {
        use Piece::{Day, Hour, Minute, Month, Other, Second, Year};
        const DASH: Piece = Other('-');
        const COLON: Piece = Other(':');
        self.write_pieces(&[Year, DASH, Month, DASH, Day, Other(' '), Hour, COLON, Minute, COLON, Second], out);
    }

    /// Writes a completed date by a format.
    pub(crate) fn write(&self, format: &DateFormat, out: &mut impl Write) {
        self.write_pieces(&format.0, out);
    }

    fn write_pieces(&self, pieces: &[Piece], out: &mut impl Write) {
        let (year, month, day) = (self.year.unwrap_or(0), self.month.unwrap_or(1), self.day.unwrap_or(1));
        let weekday = (self.days() + 4).rem_euclid(7);
        let name = |names: &[&'static str], index: i64| {
            usize::try_from(index).ok().and_then(|index| names.get(index).copied()).unwrap_or("")
        };
        for piece in pieces {
            // Writing to memory does not fail.
            let _ = match piece {
                Piece::Century => write!(out, "{:02}", year / 100),
                Piece::ShortYear => write!(out, "{:02}", year % 100),
                Piece::Year => write!(out, "{year:04}"),
                Piece::Month => write!(out, "{month:02}"),
                Piece::MonthName => out.write_str(name(&MONTHS, month - 1)),
                Piece::Day => write!(out, "{day:02}"),
                Piece::DayOfYear => write!(out, "{:03}", self.days() - days_from_civil(year, 1, 1) + 1),
                Piece::DayOfWeek(sunday) => write!(out, "{}", weekday + sunday),
                Piece::DayName => out.write_str(name(&DAYS, weekday)),
                Piece::Hour => write!(out, "{:02}", self.hour),
                Piece::Minute => write!(out, "{:02}", self.minute),
                Piece::Second => write!(out, "{:02}", self.second),
                Piece::Fraction(digits) => {
                    let width = *digits as usize;
                    write!(out, "{:0width$}", self.nanos / 10i64.pow(9 - digits))
                }
                Piece::Julian => {
                    let micros = self.seconds().saturating_mul(1_000_000).saturating_add(self.nanos / 1000);
                    write!(out, "{}", Timestamp::from_unix_micros(micros).julian())
                }
                Piece::JulianDay => write!(out, "{}", self.days() + EPOCH_JULIAN_DAY),
                Piece::Other(c) => out.write_char(*c),
            };
        }
    }
}

fn number(digits: &str) -> Option<i64> {
    let plain = !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(output: &str, inputs: &[(&str, &str)]) -> Option<String> {
        let mut moment = Moment::default();
        for (format, text) in inputs {
            moment.read(&DateFormat::parse(format).unwrap(), text)?;
        }
        let mut out = String::new();
        moment.settled()?.write(&DateFormat::parse(output).unwrap(), &mut out);
        Some(out)
    }

    #[test]
    fn dates_by_format() {
        let cases = [
            ("YYYY-MM-DD", vec![("YYYYMMDD", "20260131")], Some("2026-01-31")),
            ("YYYY-MM-DD", vec![("DD/MM/YYYY", "31/01/2026")], Some("2026-01-31")),
            ("YYYY-MM-DD", vec![("CC", "20"), ("YY", "07"), ("MM", "1"), ("DD", "2")], Some("2007-01-02")),
            ("YYYY-MM-DD", vec![("YY", "99"), ("MM", "12"), ("DD", "31")], Some("1999-12-31")),
            ("DOW0", vec![("YYYY-MM-DD", "2026-01-04")], Some("0")),
            ("DDD", vec![("YYYY-MM-DD", "2026-12-31")], Some("365")),
            (
                "DD-MMM-YY HH:MI:SS.FFF",
                vec![("YYYY-MM-DD:HH:MI:SS.FFFFFF", "2024-02-29:23:59:58.120000")],
                Some("29-FEB-24 23:59:58.120"),
            ),
            ("JUL", vec![("YYYY-MM-DD", "1970-01-01")], Some("2440588")),
            ("JTS", vec![("YYYY-MM-DD HH:MI:SS", "2015-11-05 18:45:36")], Some("212313509136000000")),
            ("YYYY-MM-DD:HH:MI:SS", vec![("JTS", "212313509136000000")], Some("2015-11-05:18:45:36")),
            ("YYYY-MM-DD", vec![("YYYY DDD", "2024 366")], Some("2024-12-31")),
            ("YYYY", vec![("YYYY-MM-DD", "2026-02-30")], None),
            ("YYYY", vec![("MM", "1")], None),
            ("YYYY", vec![("YYYY", "")], None),
            // A number has lost its first digit, or a text its last one.
            ("YYYY-MM-DD", vec![("YYMMDD", "10112")], None),
            ("YYYY-MM-DD", vec![("YYYYMMDD", "2024011")], None),
            ("YYYY-MM-DD", vec![("YYYY-MM-DD", "24-03-01")], None),
            ("YYYY-MM-DD", vec![("YYYY-MM-DD", "2024-3-1")], Some("2024-03-01")),
            ("HH:MI:SS.FFFFFF", vec![("YYYYMMDDHHMISSFFFFFF", "20240101235958123")], Some("23:59:58.123000")),
        ];
        for (output, inputs, expected) in cases {
            assert_eq!(convert(output, &inputs).as_deref(), expected, "{output} {inputs:?}");
        }
        assert!(DateFormat::parse("TTS").is_err() && DateFormat::parse("QQ").is_err());
    }

    #[test]
    fn differences() {
        let days = |a: &str, b: &str| Moment::of_text(b).unwrap().days() - Moment::of_text(a).unwrap().days();
        assert_eq!(days("2011-01-01", "2011-02-01 00:00:00"), 31);
        assert_eq!(Moment::of_text("2011-01-01:00:01").unwrap().seconds() - Moment::of_text("2011-01-01").unwrap().seconds(), 60);
        for text in ["10:00:00.5", "10:00:00", "10:00"] {
            assert!(Moment::of_text(&format!("2024-01-01 {text}")).is_some(), "{text}");
        }
        for text in ["10:00:00.5 +05:00", "10:00:00 +05:00", "10:00:00:99junk", "10:00:00.5x", "10:00.5", "10"] {
            assert!(Moment::of_text(&format!("2024-01-01 {text}")).is_none(), "{text}");
        }
        assert!(Moment::of_text("2011-13-01").is_none() && Moment::of_text("2011-01-01 25:00").is_none());
    }
}
