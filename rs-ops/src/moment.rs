//! [`Moment`]: a time as an artefact has it, with the offset of its zone or without one.

use std::fmt;
use std::str::FromStr;

use trailcore::{DateTime, Error, ErrorKind, Timestamp};

const MICROS: i64 = 1_000_000;

/// A time as an artefact has it. Without an offset it is local, and its zone is unknown until the caller names it.
///
/// ```
/// use trailcore_ops::Moment;
/// let local: Moment = "2014-09-10 01:26:35".parse()?;
/// assert_eq!(local.utc(None), None);
/// assert_eq!(local.utc(Some(540)).unwrap().to_string(), "2014-09-09T16:26:35.000000Z");
/// let zoned: Moment = "2018-11-03T17:18:08.892+0900".parse()?;
/// assert_eq!(zoned.to_string(), "2018-11-03T17:18:08.892000+09:00");
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    /// Microseconds since 1970-01-01 00:00 of the wall clock.
    wall: i64,
    /// Minutes that the wall clock is ahead of UTC.
    offset: Option<i16>,
}

/// By the instant. A time without a zone is compared as if it were UTC, since an order has to be total.
impl Ord for Moment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |time: &Self| (time.utc(Some(0)).map(Timestamp::unix_micros), time.wall, time.offset);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Moment {
    /// Returns a time in UTC.
    #[must_use]
    pub fn from_unix_micros(micros: i64) -> Self {
        Self { wall: micros, offset: Some(0) }
    }

    /// Returns a time of a wall clock, in microseconds since 1970-01-01 00:00 of that clock.
    #[must_use]
    pub fn local(wall: i64) -> Self {
        Self { wall, offset: None }
    }

    /// Returns the time in UTC. `zone` is the offset in minutes of times without one.
    #[must_use]
    pub fn utc(self, zone: Option<i16>) -> Option<Timestamp> {
        let offset = i64::from(self.offset.or(zone)?);
        Some(Timestamp::from_unix_micros(self.wall.saturating_sub(offset * 60 * MICROS)))
    }

    /// Returns the time, in this zone if it has none.
    #[must_use]
    pub fn in_zone(self, zone: Option<i16>) -> Self {
        Self { wall: self.wall, offset: self.offset.or(zone) }
    }

    /// Returns the microseconds from another time to this one. Fails if only one of the two has a zone.
    #[must_use]
    pub fn since(self, other: Self) -> Option<i64> {
        match (self.offset, other.offset) {
            (None, None) => Some(self.wall.saturating_sub(other.wall)),
            (Some(_), Some(_)) => Some(self.utc(None)?.unix_micros().saturating_sub(other.utc(None)?.unix_micros())),
            _ => None,
        }
    }

    /// Returns the time this many milliseconds later.
    pub(crate) fn plus_millis(self, millis: i64) -> Option<Self> {
        Some(Self { wall: self.wall.checked_add(millis.checked_mul(1_000)?)?, offset: self.offset })
    }

    /// Reads a time at the start of a text. Returns it with the bytes that it takes.
    #[must_use]
    pub fn at_start_of(text: &[u8]) -> Option<(Self, usize)> {
        let digits = |from: usize, count: usize| number(text.get(from..from + count)?);
        let is = |at: usize, of: &[u8]| text.get(at).is_some_and(|byte| of.contains(byte));
        if !(is(4, b"-/") && is(7, b"-/") && is(10, b" T:") && is(13, b":")) {
            return None;
        }
        let (date, hour, minute) = ((digits(0, 4)?, digits(5, 2)?, digits(8, 2)?), digits(11, 2)?, digits(14, 2)?);
        let mut end = 16;
        let mut second = 0;
        let mut micros = 0;
        if is(16, b":") {
            second = digits(17, 2)?;
            end = 19;
            // A decimal mark without a digit after it ends the sentence.
            if is(19, b".,") && is(20, b"0123456789") {
                let fraction: Vec<u8> = text.iter().skip(20).copied().take_while(u8::is_ascii_digit).collect();
                end = 20 + fraction.len();
                micros = fraction
                    .iter()
                    .chain(std::iter::repeat(&b'0'))
                    .take(6)
                    .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
            }
        }
        let (offset, zone) = zone(text.get(end..)?);
        let wall = wall_clock(date, (hour, minute, second), micros)?;
        Some((Self { wall, offset }, end + zone))
    }

    /// Finds the first time in a text. Returns it with its place.
    pub(crate) fn find(text: &str) -> Option<(Self, std::ops::Range<usize>)> {
        let bytes = text.as_bytes();
        memchr::memchr_iter(b'-', bytes).find_map(|dash| {
            let start = dash.checked_sub(4)?;
            // Longer digits before it are another number.
            if start.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(u8::is_ascii_digit) {
                return None;
            }
            let (moment, length) = Self::at_start_of(bytes.get(start..)?)?;
            Some((moment, start..start + length))
        })
    }

    /// Reads the time of a directory listing of Windows, such as `04/12/2011  06:28 PM`. Returns it with the bytes that it takes.
    pub(crate) fn of_listing(text: &str) -> Option<(Self, usize)> {
        let bytes = text.as_bytes();
        let digits = |from: usize, count: usize| number(bytes.get(from..from + count)?);
        if bytes.get(2) != Some(&b'/') || bytes.get(5) != Some(&b'/') {
            return None;
        }
        let date = (digits(6, 4)?, digits(0, 2)?, digits(3, 2)?);
        let start = 10 + bytes.get(10..)?.iter().take_while(|byte| **byte == b' ').count();
        let (hour, minute) = (digits(start, 2)?, digits(start + 3, 2)?);
        let half = text.get(start + 5..).map(|rest| rest.get(..3).unwrap_or(""));
        let (hour, end) = match half {
            Some(" AM") => (hour % 12, start + 8),
            Some(" PM") => (hour % 12 + 12, start + 8),
            _ => (hour, start + 5),
        };
        Some((Self { wall: wall_clock(date, (hour, minute, 0), 0)?, offset: None }, end))
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
}

/// Returns the offset at the start of a text, `Z`, `+0900` or `+09:00`, with the bytes that it takes.
fn zone(text: &[u8]) -> (Option<i16>, usize) {
    let read = || {
        let sign = match text.first()? {
            b'Z' => return Some((0, 1)),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let colon = usize::from(text.get(3) == Some(&b':'));
        let (hours, minutes) = (number(text.get(1..3)?)?, number(text.get(3 + colon..5 + colon)?)?);
        (hours < 24 && minutes < 60).then_some((sign * (hours * 60 + minutes) as i16, 5 + colon))
    };
    read().map_or((None, 0), |(offset, length)| (Some(offset), length))
}

fn wall_clock((year, month, day): (i64, i64, i64), (hour, minute, second): (i64, i64, i64), micros: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    // A leap second is 60.
    if !(1..=last).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days of the civil calendar, from March on so that February is the last month.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * MICROS + micros)
}

impl FromStr for Moment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match Self::at_start_of(text.as_bytes()) {
            Some((moment, length)) if length == text.len() => Ok(moment),
            _ => Err(Error::new(ErrorKind::InvalidArgument, format!("{text:?} is not a time"))
                .hint("write it as 2024-03-01T12:00:00Z, or without Z if the zone is unknown")),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_unix_micros(self.wall).parts() {
            Some(parts) => DateTime::fmt(&parts, f)?,
            None => return f.write_str("out of range"),
        }
        match self.offset {
            None => Ok(()),
            Some(0) => f.write_str("Z"),
            Some(offset) => {
                let sign = if offset < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60)
            }
        }
    }
}

impl serde::Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Moment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "a time; without Z or an offset, its zone is unknown" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_ordered_by_the_instant() {
        let of = |text: &str| text.parse::<Moment>().unwrap();
        assert!(of("2024-03-01T12:00:00+09:00") < of("2024-03-01T04:00:00Z"));
        assert!(of("2024-03-01T12:00:00+09:00") > of("2024-03-01T02:00:00Z"));
        assert_ne!(of("2024-03-01T12:00:00+09:00").cmp(&of("2024-03-01T03:00:00Z")), std::cmp::Ordering::Equal);
    }

    #[test]
    fn every_form_of_a_time() {
        for (text, shown) in [
            ("2014-09-10 01:26:35", "2014-09-10T01:26:35"),
            ("2019-03-29:22:00:35", "2019-03-29T22:00:35"),
            ("2015-01-28 05:31", "2015-01-28T05:31:00"),
            ("2020-12-29 19:30:47.707485", "2020-12-29T19:30:47.707485"),
            ("2025-09-07T17:25:25.561Z", "2025-09-07T17:25:25.561000Z"),
            ("2021-01-24T17:56:19.532+0330", "2021-01-24T17:56:19.532000+03:30"),
            ("2021-01-24T17:56:19-04:00", "2021-01-24T17:56:19.000000-04:00"),
            ("2024-02-29 00:00:00", "2024-02-29T00:00:00"),
        ] {
            let shown_now = text.parse::<Moment>().unwrap().to_string();
            assert!(shown_now.starts_with(shown.trim_end_matches('Z')), "{shown_now} is not {shown}");
            assert_eq!(shown_now.parse::<Moment>().unwrap(), text.parse().unwrap());
        }
        for wrong in
            ["2023-02-29 00:00:00", "2014-13-10 01:26:35", "2014-09-10", "", "2014-09-10 01:2x:35", "2014-09-10 24:00:00"]
        {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
        let (found, range) = Moment::find("since 2011-04-12 19:13:40 ***").unwrap();
        assert_eq!((found.to_string().as_str(), range), ("2011-04-12T19:13:40.000000", 6..25));
        assert_eq!(Moment::of_listing("04/12/2011  06:28 PM   994").unwrap().0.to_string(), "2011-04-12T18:28:00.000000");
    }
}
