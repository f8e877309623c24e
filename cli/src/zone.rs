//! Time zones: how times are printed, and how times without an offset are read.

use std::str::FromStr;

use jiff::tz::{Offset, TimeZone};
use trailcore::Timestamp;

/// The time zone of `--tz`; UTC if there is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Zone(Option<TimeZone>);

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("utc") || text.eq_ignore_ascii_case("z") {
            return Ok(Self(None));
        }
        if text.eq_ignore_ascii_case("local") {
            let system = TimeZone::try_system().map_err(|_| "the time zone of this machine is not known; name it".to_owned())?;
            return Ok(Self(Some(system)));
        }
        let zone = match offset_seconds(text) {
            Some(seconds) => Offset::from_seconds(seconds).ok().map(TimeZone::fixed),
            None => TimeZone::get(text).ok(),
        };
        let unknown = || "write a name such as Europe/Berlin, an offset such as +02:00, utc or local".to_owned();
        zone.map(|zone| Self(Some(zone))).ok_or_else(unknown)
    }
}

/// Returns the seconds of an offset from UTC, such as `+02:00`.
fn offset_seconds(text: &str) -> Option<i32> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = text.get(1..)?.replacen(':', "", 1);
    let number = |range: std::ops::Range<usize>| digits.get(range).filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let (hours, minutes): (i32, i32) = match digits.len() {
        2 => (number(0..2)?.parse().ok()?, 0),
        4 => (number(0..2)?.parse().ok()?, number(2..4)?.parse().ok()?),
        _ => return None,
    };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

impl Zone {
    /// Returns the time zone.
    pub(crate) fn time_zone(&self) -> TimeZone {
        self.0.clone().unwrap_or(TimeZone::UTC)
    }

    /// Returns a time as text.
    pub(crate) fn show(&self, time: Timestamp) -> String {
        let instant = jiff::Timestamp::from_microsecond(time.unix_micros());
        match (&self.0, instant) {
            (Some(zone), Ok(instant)) => instant.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S.%6f%:z").to_string(),
            _ => time.to_string(),
        }
    }

    fn read(&self, local: Timestamp) -> Result<Timestamp, String> {
        let Some(zone) = &self.0 else { return Ok(local) };
        let instant = jiff::Timestamp::from_microsecond(local.unix_micros());
        let clock = instant.map(|instant| instant.to_zoned_datetime(TimeZone::UTC).datetime());
        let zoned = clock.and_then(|clock| zone.to_ambiguous_zoned_datetime(clock).unambiguous());
        let what = "there are two such times, or none, in this time zone; add an offset, such as +02:00";
        zoned.map(|zoned| Timestamp::from_unix_micros(zoned.timestamp().as_microsecond())).map_err(|_| what.to_owned())
    }
}

/// A time as it is given: with an offset, or on the clock of the time zone.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    Absolute(Timestamp),
    Clock(Timestamp),
}

impl FromStr for Moment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.ends_with('Z') {
            return text.parse().map(Self::Absolute).map_err(|_| ());
        }
        let (_, clock) = text.split_once(['T', ' ']).unwrap_or((text, ""));
        let offset_at = clock.find(['+', '-']).map(|at| text.len() - clock.len() + at);
        let Some((time, offset)) = offset_at.and_then(|at| text.split_at_checked(at)) else {
            return text.parse().map(Self::Clock).map_err(|_| ());
        };
        let time: Timestamp = time.parse().map_err(|_| ())?;
        let seconds = i64::from(offset_seconds(offset).ok_or(())?);
        Ok(Self::Absolute(Timestamp::from_unix_micros(time.unix_micros() - seconds * 1_000_000)))
    }
}

impl Moment {
    /// Returns the point in time.
    pub(crate) fn in_zone(self, zone: &Zone) -> Result<Timestamp, String> {
        match self {
            Self::Absolute(time) => Ok(time),
            Self::Clock(time) => zone.read(time),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn moved(text: &str, zone: &str) -> Result<String, String> {
        text.parse::<Moment>().unwrap().in_zone(&zone.parse().unwrap()).map(|time| time.to_string())
    }

    #[test]
    fn times_are_read_and_shown_in_a_zone() {
        for (text, zone, utc) in [
            ("2024-03-01T12:00:00", "utc", "2024-03-01T12:00:00.000000Z"),
            ("2024-03-01T12:00:00", "Europe/Berlin", "2024-03-01T11:00:00.000000Z"),
            ("2024-07-01 12:00:00", "Europe/Berlin", "2024-07-01T10:00:00.000000Z"),
            ("2024-07-01", "-05:30", "2024-07-01T05:30:00.000000Z"),
            ("2024-07-01T12:00:00Z", "Europe/Berlin", "2024-07-01T12:00:00.000000Z"),
            ("2024-07-01T12:00:00.25+0200", "Asia/Tokyo", "2024-07-01T10:00:00.250000Z"),
        ] {
            assert_eq!(moved(text, zone).unwrap(), utc, "{text} {zone}");
        }
        assert!(moved("2024-10-27T02:30:00", "Europe/Berlin").is_err(), "it is there twice");
        assert!(moved("2024-03-31T02:30:00", "Europe/Berlin").is_err(), "it is not there");
        let show = |zone: &str| zone.parse::<Zone>().unwrap().show("2024-03-01T12:00:00.5Z".parse().unwrap());
        assert_eq!(show("Europe/Berlin"), "2024-03-01T13:00:00.500000+01:00");
        assert_eq!(show("-03"), "2024-03-01T09:00:00.500000-03:00");
        for wrong in ["Europe/Berln", "+2", "+15:00", "+02:60", ""] {
            assert!(wrong.parse::<Zone>().is_err(), "{wrong}");
        }
    }
}
