//! `ops backup --every`: backups by a schedule, one after the other.

use std::io::Write as _;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use trailcore::ErrorKind;
use trailcore_ops::RefusedInput;
use trailcore_ops::backup::{BackupReport, BackupRequest, backup, sets};

use super::cron::Cron;
use crate::failure::Failure;
use crate::output::{GREEN, Output, RED, YELLOW, clean, grouped, size};

/// Time between two looks at the clock and at the wish to stop.
const LOOK: Duration = Duration::from_millis(200);
/// A clock that goes back by more than this was set.
const SET_BACK: SignedDuration = SignedDuration::from_secs(60);
/// Times that are counted at most.
const MOST: u64 = 10_000;

/// When the next run is.
struct Plan {
    cron: Cron,
    zone: TimeZone,
    next: Timestamp,
    /// The last look at the clock.
    seen: Timestamp,
}

/// The result of a look at the clock.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    Wait,
    /// The clock was set back; the next run follows from its new time.
    SetBack,
    /// A run of this time, and the number of further ones that were missed.
    Due(Timestamp, u64),
}

/// A run, as a line of JSON.
#[derive(Serialize)]
struct Run<'a> {
    due: String,
    started: String,
    ended: String,
    /// Runs before this one that were missed: the machine or this command did not run.
    missed: u64,
    /// Runs that were left out, since this one was not at its end.
    left_out: u64,
    path: Option<&'a str>,
    is_whole: Option<bool>,
    is_fuzzy: Option<bool>,
    gaps: &'a [String],
    copied_bytes: Option<u64>,
    records: Option<u64>,
    /// Artefacts with positions, and the last set, that were not used, with the reason.
    refused: &'a [RefusedInput],
    error: Option<String>,
    next: String,
}

impl Plan {
    /// `last` is the time of the last set. If a run after it was missed, there is one at once.
    fn new(cron: Cron, zone: TimeZone, last: Option<Timestamp>, now: Timestamp) -> Option<Self> {
        let from = last.filter(|last| *last < now).unwrap_or(now);
        let next = cron.after(from, &zone)?;
        Some(Self { cron, zone, next, seen: now })
    }

    fn look(&mut self, now: Timestamp) -> Look {
        let is_set_back = self.seen.duration_since(now) > SET_BACK;
        self.seen = now;
        if is_set_back {
            self.next = self.cron.after(now, &self.zone).unwrap_or(Timestamp::MAX);
            return Look::SetBack;
        }
        if now < self.next {
            return Look::Wait;
        }
        let due = self.next;
        Look::Due(due, self.pass(now).saturating_sub(1))
    }

    /// Goes on to the first time after now, and returns the number of times up to it.
    fn pass(&mut self, now: Timestamp) -> u64 {
        let mut passed = 0;
        while self.next <= now {
            passed += 1;
            let from = if passed < MOST { self.next } else { now };
            self.next = self.cron.after(from, &self.zone).unwrap_or(Timestamp::MAX);
        }
        passed
    }
}

/// Returns the time in the name of a set.
fn time_of(set: &str) -> Option<Timestamp> {
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", set.get(..16)?).ok()?;
    Some(time.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp())
}

/// Backs up at each time of a schedule, until the user stops it. A backup that runs then is ended first.
pub(super) fn repeat(
    cron: Cron,
    zone: TimeZone,
    request: &BackupRequest,
    json: bool,
    output: &mut Output,
) -> Result<i32, Failure> {
    let last = match sets(&request.repository) {
        Ok(names) => names.last().and_then(|name| time_of(name)),
        // The first backup creates the repository.
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let now = Timestamp::now();
    let mut plan = Plan::new(cron, zone, last, now).ok_or_else(|| Failure::usage("--every: there is no next time"))?;
    if !json {
        output.line(&format!("the next backup is at {}", plan.next), "")?;
        output.flush()?;
    }
    while !output.is_interrupted() {
        match plan.look(Timestamp::now()) {
            Look::Wait => std::thread::sleep(LOOK),
            Look::SetBack => output.complain(&format!("the clock was set back; the next backup is at {}", plan.next))?,
            Look::Due(due, missed) => {
                let started = Timestamp::now();
                let result = backup(request);
                let ended = Timestamp::now();
                let left_out = plan.pass(ended);
                report(&plan, (due, started, ended), (missed, left_out), &result, json, output)?;
            }
        }
    }
    Ok(0)
}

/// Prints the result of a run as one line.
fn report(
    plan: &Plan,
    (due, started, ended): (Timestamp, Timestamp, Timestamp),
    (missed, left_out): (u64, u64),
    result: &trailcore::Result<BackupReport>,
    json: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let (done, error) = (result.as_ref().ok(), result.as_ref().err());
    let refused = done.map_or(&[][..], |report| &report.refused);
    if json {
        let manifest = done.map(|report| &report.manifest);
        let run = Run {
            due: due.to_string(),
            started: started.to_string(),
            ended: ended.to_string(),
            missed,
            left_out,
            path: done.map(|report| report.path.as_str()),
            is_whole: manifest.map(|manifest| manifest.is_whole),
            is_fuzzy: manifest.map(|manifest| manifest.is_fuzzy),
            gaps: manifest.map_or(&[], |manifest| &manifest.gaps),
            copied_bytes: done.map(|report| report.copied_bytes),
            records: done.map(|report| report.records),
            refused,
            error: error.map(ToString::to_string),
            next: plan.next.to_string(),
        };
        serde_json::to_writer(&mut *output, &run)?;
        output.line("", "")?;
        return Ok(output.flush()?);
    }
    let mut text = match (done, error) {
        (Some(report), _) => {
            let whole = if report.manifest.is_whole {
                "whole".to_owned()
            } else {
                format!("incomplete: {}", report.manifest.gaps.join("; "))
            };
            let fuzzy = if report.manifest.is_fuzzy { ", fuzzy" } else { "" };
            let (files, copied) = (grouped(report.manifest.files.len() as u64), size(report.copied_bytes));
            format!("{started} {}: files: {files}, copied: {copied}, {whole}{fuzzy}", report.path)
        }
        (None, Some(error)) => format!("{started} failed: {error}"),
        (None, None) => String::new(),
    };
    for one in refused {
        text += &format!(", refused: {}", one.reason);
    }
    for (count, what) in [(missed, "missed before"), (left_out, "left out meanwhile")] {
        if count > 0 {
            text += &format!(", {what}: {}", grouped(count));
        }
    }
    let style = match done {
        Some(report) if report.manifest.is_whole && refused.is_empty() => GREEN,
        Some(_) => YELLOW,
        None => RED,
    };
    output.line(&clean(&format!("{text}; next: {}", plan.next)), style)?;
    Ok(output.flush()?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2024-03-{text}Z").parse().unwrap()
    }

    fn daily(last: Option<&str>, now: &str) -> Plan {
        Plan::new("30 2 * * *".parse().unwrap(), TimeZone::UTC, last.map(at), at(now)).unwrap()
    }

    #[test]
    fn each_time_has_one_run() {
        let mut plan = daily(None, "01T02:00:00");
        assert_eq!(plan.look(at("01T02:29:59")), Look::Wait);
        assert_eq!(plan.look(at("01T02:30:00")), Look::Due(at("01T02:30:00"), 0));
        assert_eq!(plan.look(at("01T02:30:00")), Look::Wait);
        assert_eq!(plan.next, at("02T02:30:00"));
    }

    #[test]
    fn missed_runs_become_one() {
        // The machine slept, or the clock was set forward.
        let mut plan = daily(None, "01T02:00:00");
        assert_eq!(plan.look(at("04T12:00:00")), Look::Due(at("01T02:30:00"), 3));
        assert_eq!((plan.look(at("04T12:00:00")), plan.next), (Look::Wait, at("05T02:30:00")));
        // This command did not run.
        let mut plan = daily(Some("01T02:30:05"), "03T12:00:00");
        assert_eq!(plan.look(at("03T12:00:00")), Look::Due(at("02T02:30:00"), 1));
        let mut plan = daily(Some("03T02:30:05"), "03T12:00:00");
        assert_eq!(plan.look(at("03T12:00:00")), Look::Wait);
        // A last set that is later than the clock does not delay the next one.
        assert_eq!(daily(Some("30T02:30:05"), "03T12:00:00").next, at("04T02:30:00"));
    }

    #[test]
    fn runs_that_are_due_during_a_run_are_left_out() {
        let mut plan = daily(None, "01T02:00:00");
        assert_eq!(plan.look(at("01T02:30:00")), Look::Due(at("01T02:30:00"), 0));
        assert_eq!(plan.pass(at("03T02:30:00")), 2);
        assert_eq!((plan.look(at("03T02:30:01")), plan.next), (Look::Wait, at("04T02:30:00")));
    }

    #[test]
    fn a_clock_that_is_set_back_is_obeyed() {
        let mut plan = daily(None, "20T02:00:00");
        assert_eq!(plan.look(at("20T01:59:30")), Look::Wait, "a small correction");
        assert_eq!(plan.look(at("01T12:00:00")), Look::SetBack);
        assert_eq!((plan.look(at("01T12:00:01")), plan.next), (Look::Wait, at("02T02:30:00")));
        // While a backup runs.
        let mut plan = daily(None, "20T02:00:00");
        assert_eq!(plan.look(at("20T02:30:00")), Look::Due(at("20T02:30:00"), 0));
        assert_eq!(plan.pass(at("01T12:00:00")), 0);
        assert_eq!((plan.look(at("01T12:00:01")), plan.next), (Look::SetBack, at("02T02:30:00")));
    }

    #[test]
    fn names_of_sets_are_times() {
        assert_eq!(time_of("20240301T120000Z-0002"), Some(at("01T12:00:00")));
        assert_eq!(time_of("set"), None);
        assert_eq!(time_of("20241301T120000Z"), None);
    }
}
