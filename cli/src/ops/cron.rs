//! [`Cron`]: times in the text form of crontab, `minute hour day month weekday`.
//!
//! With an hour of `*` it runs by real time: in the night in which a clock goes back, the hour that is there twice has its runs twice. With
//! fixed hours each time of a day runs once: at the first of two such times, and after the gap if the clock leaves the time out.

use std::str::FromStr;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// The fields, with their bounds.
const FIELDS: [(&str, u8, u8); 5] = [("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7)];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const NAMED: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];
/// The longest time without a run is that of 29 February around a year such as 2100.
const MOST_DAYS: usize = 366 * 9;

/// Times at which something runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: Vec<i8>,
    hours: Vec<i8>,
    days: Vec<i8>,
    months: Vec<i8>,
    /// From Sunday, 0, to Saturday, 6.
    weekdays: Vec<i8>,
    /// Both days and weekdays are given: one of them is enough.
    either_day: bool,
}

impl FromStr for Cron {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let text = match NAMED.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)) {
            Some((_, meaning)) => meaning,
            None => text,
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = words.as_slice() else {
            return Err("write five fields, minute hour day month weekday, such as \"30 2 * * *\"; or @hourly, @daily".to_owned());
        };
        let field = |at: usize, text: &str, names: &[&str]| match FIELDS.get(at) {
            Some((name, least, most)) => values(text, *least, *most, names).map_err(|what| format!("{name}: {what}")),
            None => Ok(Vec::new()),
        };
        let mut weekdays: Vec<i8> = field(4, weekday, &WEEKDAYS)?.into_iter().map(|day| day % 7).collect();
        weekdays.sort_unstable();
        weekdays.dedup();
        let cron = Self {
            minutes: field(0, minute, &[])?,
            hours: field(1, hour, &[])?,
            days: field(2, day, &[])?,
            months: field(3, month, &MONTHS)?,
            weekdays,
            either_day: !day.starts_with('*') && !weekday.starts_with('*'),
        };
        let start = date(2024, 1, 1).to_zoned_datetime(TimeZone::UTC).map(|start| start.timestamp()).unwrap_or_default();
        match cron.after(start, &TimeZone::UTC) {
            Some(_) => Ok(cron),
            None => Err("there is no such day".to_owned()),
        }
    }
}

/// Returns the values of a field, sorted.
fn values(text: &str, least: u8, most: u8, names: &[&str]) -> Result<Vec<i8>, String> {
    let number = |text: &str| -> Result<u8, String> {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text)).and_then(|at| u8::try_from(at).ok());
        // Months start with 1, weekdays with 0.
        let value = named.map(|at| at + if names.len() == 12 { 1 } else { 0 }).or_else(|| digits(text));
        value
            .filter(|value| (least..=most).contains(value))
            .ok_or_else(|| format!("{text:?} is not a number from {least} to {most}"))
    };
    let mut found = Vec::new();
    for part in text.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((first, last)) => (number(first)?, number(last)?),
            None if step.is_some() => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        let step = match step {
            Some(text) => digits(text).filter(|step| *step > 0).ok_or_else(|| format!("{text:?} is not a step"))?,
            None => 1,
        };
        if first > last {
            return Err(format!("{range:?} ends before it starts"));
        }
        found.extend((first..=last).step_by(usize::from(step)).filter_map(|value| i8::try_from(value).ok()));
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

fn digits(text: &str) -> Option<u8> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

impl Cron {
    /// Returns the first time after another one.
    pub(super) fn after(&self, time: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut day = time.to_zoned_datetime(zone.clone()).date();
        for _ in 0..MOST_DAYS {
            if self.has(day) {
                if let Some(found) = self.times(day, zone).into_iter().find(|found| *found > time) {
                    return Some(found);
                }
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    fn has(&self, day: Date) -> bool {
        let in_month = self.days.contains(&day.day());
        let in_week = self.weekdays.contains(&(day.weekday().to_sunday_zero_offset()));
        self.months.contains(&day.month()) && if self.either_day { in_month || in_week } else { in_month && in_week }
    }

    /// Returns the times of a day, sorted.
    fn times(&self, day: Date, zone: &TimeZone) -> Vec<Timestamp> {
        let start = |day: Date| day.to_zoned_datetime(zone.clone()).ok().map(|start| start.timestamp());
        let mut found = Vec::new();
        if self.hours.len() == 24 {
            let (Some(mut time), Some(end)) = (start(day), day.tomorrow().ok().and_then(start)) else { return found };
            while time < end {
                if self.minutes.contains(&time.to_zoned_datetime(zone.clone()).minute()) {
                    found.push(time);
                }
                let Ok(next) = time.checked_add(1.minute()) else { break };
                time = next;
            }
        } else {
            for hour in &self.hours {
                let at =
                    |minute: &i8| day.at(*hour, *minute, 0, 0).to_zoned_datetime(zone.clone()).ok().map(|time| time.timestamp());
                found.extend(self.minutes.iter().filter_map(at));
            }
            // A time after a gap can be later than the next one.
            found.sort_unstable();
            found.dedup();
        }
        found
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn next(text: &str, from: &str, zone: &str, count: usize) -> Vec<String> {
        let (cron, zone): (Cron, _) = (text.parse().unwrap(), TimeZone::get(zone).unwrap());
        let mut time: Timestamp = from.parse().unwrap();
        let mut found = Vec::new();
        for _ in 0..count {
            time = cron.after(time, &zone).unwrap();
            found.push(time.to_string());
        }
        found
    }

    #[test]
    fn times_of_a_schedule() {
        for (text, from, wanted) in [
            ("30 2 * * *", "2024-03-01T02:29:59Z", ["2024-03-01T02:30:00Z", "2024-03-02T02:30:00Z"]),
            ("30 2 * * *", "2024-03-01T02:30:00Z", ["2024-03-02T02:30:00Z", "2024-03-03T02:30:00Z"]),
            ("*/20 * * * *", "2024-03-01T23:30:00Z", ["2024-03-01T23:40:00Z", "2024-03-02T00:00:00Z"]),
            ("5/30 8-9 * * mon-fri", "2024-03-01T09:05:00Z", ["2024-03-01T09:35:00Z", "2024-03-04T08:05:00Z"]),
            ("0 0 29 feb *", "2097-01-01T00:00:00Z", ["2104-02-29T00:00:00Z", "2108-02-29T00:00:00Z"]),
            // Either of both days, as in crontab.
            ("0 0 13 * 5", "2024-03-09T00:00:00Z", ["2024-03-13T00:00:00Z", "2024-03-15T00:00:00Z"]),
            ("0 12 * * 7,SAT", "2024-03-01T00:00:00Z", ["2024-03-02T12:00:00Z", "2024-03-03T12:00:00Z"]),
            ("0 0 1-7/3,31 12 *", "2024-01-01T00:00:00Z", ["2024-12-01T00:00:00Z", "2024-12-04T00:00:00Z"]),
            ("@Hourly", "2024-12-31T23:00:00Z", ["2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z"]),
            ("@weekly", "2024-03-01T00:00:00Z", ["2024-03-03T00:00:00Z", "2024-03-10T00:00:00Z"]),
        ] {
            assert_eq!(next(text, from, "UTC", 2), wanted, "{text}");
        }
    }

    #[test]
    fn nights_in_which_the_clock_changes() {
        let berlin = |text, from, count| next(text, from, "Europe/Berlin", count);
        // There is no 02:30 on 31 March, and there are two on 27 October.
        assert_eq!(berlin("30 2 * * *", "2024-03-30T12:00:00Z", 2), ["2024-03-31T01:30:00Z", "2024-04-01T00:30:00Z"]);
        assert_eq!(berlin("30 2 * * *", "2024-10-26T12:00:00Z", 2), ["2024-10-27T00:30:00Z", "2024-10-28T01:30:00Z"]);
        // By real time.
        let hours = ["2024-10-26T23:00:00Z", "2024-10-27T00:00:00Z", "2024-10-27T01:00:00Z", "2024-10-27T02:00:00Z"];
        assert_eq!(berlin("0 * * * *", "2024-10-26T22:30:00Z", 4), hours);
        assert_eq!(berlin("0 * * * *", "2024-03-31T00:30:00Z", 2), ["2024-03-31T01:00:00Z", "2024-03-31T02:00:00Z"]);
        // A clock that changes by half an hour, and a day that starts at one o'clock.
        let lord_howe = next("15 * * * *", "2024-04-06T13:30:00Z", "Australia/Lord_Howe", 3);
        assert_eq!(lord_howe, ["2024-04-06T14:15:00Z", "2024-04-06T15:45:00Z", "2024-04-06T16:45:00Z"]);
        assert_eq!(next("0 0 * * *", "2023-09-02T12:00:00Z", "America/Santiago", 1), ["2023-09-03T04:00:00Z"]);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, what) in [
            ("", "five fields"),
            ("* * * *", "five fields"),
            ("0 0 0 * * *", "five fields"),
            ("60 * * * *", "minute: \"60\" is not a number from 0 to 59"),
            ("0 24 * * *", "hour"),
            ("0 0 0 * *", "day"),
            ("0 0 * 13 *", "month"),
            ("0 0 * * 8", "weekday"),
            ("0 0 * * fun", "weekday: \"fun\""),
            ("+5 * * * *", "minute"),
            ("*/0 * * * *", "is not a step"),
            ("9-5 * * * *", "ends before it starts"),
            ("1, * * * *", "minute: \"\""),
            ("@reboot", "five fields"),
            ("0 0 31 2 *", "there is no such day"),
        ] {
            let error = text.parse::<Cron>().unwrap_err();
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
