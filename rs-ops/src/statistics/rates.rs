//! Rates of counters between two observations. A counter that was reset has no rate; a missing one is not zero.

use serde::{Deserialize, Serialize};

use crate::model::{Counter, Snapshot, Stream};

/// The reason why an interval has no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RateNote {
    /// The counter is smaller than before, or counts since a later time; or it does not state since when, and its process was started again.
    Reset,
    /// The counter is new.
    New,
    /// The counter was there and is not any more.
    Missing,
    /// The clock was set back, or did not move.
    ClockStep,
    /// The times of the two values are not known.
    NoTime,
}

/// The rate of a counter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rate {
    /// The deployment.
    pub deployment: String,
    /// The stream.
    pub stream: String,
    /// The table.
    pub table: String,
    /// The operation.
    pub operation: String,
    /// The operations in the interval.
    pub count: Option<u64>,
    /// The length of the interval in milliseconds.
    pub millis: Option<i64>,
    /// Operations in a second.
    pub per_second: Option<f64>,
    /// The rate can be wrong by this much: times are printed as whole seconds.
    pub uncertainty: Option<f64>,
    /// The reason why there is no rate.
    pub note: Option<RateNote>,
}

/// Returns the rates between two observations, by deployment, stream, table and operation.
#[must_use]
pub fn rates(before: &Snapshot, after: &Snapshot) -> Vec<Rate> {
    let mut found = Vec::new();
    for stream in &after.streams {
        let was = before.stream(&stream.deployment, &stream.name);
        for (table, counters) in &stream.counters {
            for (operation, counter) in counters {
                let known = was.and_then(|was| was.counters.get(table)).and_then(|counters| counters.get(operation));
                let name = (&*stream.deployment, &*stream.name, &**table, &**operation);
                found.push(rate(name, known, Some(counter), was.is_some_and(|was| is_restarted(was, stream))));
            }
        }
        for (table, counters) in was.into_iter().flat_map(|was| &was.counters) {
            for (operation, counter) in counters {
                if stream.counters.get(table).and_then(|counters| counters.get(operation)).is_none() {
                    found.push(rate((&stream.deployment, &stream.name, table, operation), Some(counter), None, false));
                }
            }
        }
    }
    found
}

fn rate(name: (&str, &str, &str, &str), before: Option<&Counter>, after: Option<&Counter>, is_restarted: bool) -> Rate {
    let (deployment, stream, table, operation) = (name.0.to_owned(), name.1.to_owned(), name.2.to_owned(), name.3.to_owned());
    let mut rate =
        Rate { deployment, stream, table, operation, count: None, millis: None, per_second: None, uncertainty: None, note: None };
    let (before, after) = match (before, after) {
        (Some(before), Some(after)) => (before, after),
        (None, _) => return Rate { note: Some(RateNote::New), ..rate },
        (_, None) => return Rate { note: Some(RateNote::Missing), ..rate },
    };
    let Some(millis) = after.at.zip(before.at).and_then(|(now, was)| now.since(was)).map(|micros| micros / 1_000) else {
        return Rate { note: Some(RateNote::NoTime), ..rate };
    };
    if millis <= 0 {
        return Rate { note: Some(RateNote::ClockStep), ..rate };
    }
    rate.millis = Some(millis);
    let Some(count) = increase(before, after, is_restarted) else {
        return Rate { note: Some(RateNote::Reset), ..rate };
    };
    let per_second = count as f64 * 1_000.0 / millis as f64;
    Rate { count: Some(count), per_second: Some(per_second), uncertainty: Some(per_second * 1_000.0 / millis as f64), ..rate }
}

/// Returns whether the process of a stream was started between two observations.
pub(super) fn is_restarted(before: &Stream, after: &Stream) -> bool {
    let is_later = after.started.zip(before.started).and_then(|(now, was)| now.since(was)).is_some_and(|micros| micros > 0);
    is_later || after.process.zip(before.process).is_some_and(|(now, was)| now != was)
}

/// Returns the operations between two values of a counter. None if it was reset.
pub(super) fn increase(before: &Counter, after: &Counter, is_restarted: bool) -> Option<u64> {
    let later = after.since.zip(before.since).and_then(|(now, was)| now.since(was));
    let is_reset = later.map_or(is_restarted, |later| later > 0);
    after.value.checked_sub(before.value).filter(|_| !is_reset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Input, observe};

    fn at(second: u32, value: &str, since: u32) -> Snapshot {
        let text = format!(
            "Sending STATS request to EXTRACT E1 ...\nStart of Statistics at 2024-03-01 12:00:{second:02}.\nExtracting from A.T to A.T:\n\
            *** Total statistics since 2024-03-01 11:00:{since:02} ***\n Total inserts {value}\nEnd of Statistics.\n"
        );
        observe(&[Input::text("stats", text)])
    }

    #[test]
    fn counters_that_are_reset_have_no_rate() {
        let of = |one: &Snapshot, other: &Snapshot| rates(one, other).remove(0);
        let rate = of(&at(0, "1,000.00", 0), &at(10, "1,500.00", 0));
        assert_eq!((rate.count, rate.per_second, rate.uncertainty), (Some(500), Some(50.0), Some(5.0)));
        assert_eq!(of(&at(0, "1,000.00", 0), &at(10, "5.00", 0)).note, Some(RateNote::Reset));
        assert_eq!(of(&at(0, "5.00", 0), &at(10, "9.00", 30)).note, Some(RateNote::Reset));
        assert_eq!(of(&at(10, "5.00", 0), &at(0, "9.00", 0)).note, Some(RateNote::ClockStep));
        let mut gone = at(10, "5.00", 0);
        gone.streams[0].counters.clear();
        assert_eq!(of(&at(0, "5.00", 0), &gone).note, Some(RateNote::Missing));
        assert_eq!(of(&gone, &at(10, "5.00", 0)).note, Some(RateNote::New));
    }

    #[test]
    fn a_restart_resets_counters_that_do_not_state_since_when() {
        let of = |second: u32, value: u64, process: u64, started: u32| {
            let mut snapshot = at(second, &format!("{value}.00"), 0);
            let stream = &mut snapshot.streams[0];
            stream.counters.values_mut().flat_map(|counters| counters.values_mut()).for_each(|counter| counter.since = None);
            (stream.process, stream.started) = (Some(process), format!("2024-03-01T11:00:{started:02}Z").parse().ok());
            snapshot
        };
        let note = |after: &Snapshot| rates(&of(0, 100, 7, 0), after).remove(0).note;
        assert_eq!(note(&of(10, 500, 7, 0)), None);
        assert_eq!(note(&of(10, 500, 8, 0)), Some(RateNote::Reset));
        assert_eq!(note(&of(10, 500, 7, 30)), Some(RateNote::Reset));
        // A counter with a time is not of the process only.
        let mut report = of(10, 500, 8, 0);
        report.streams[0].counters = at(10, "500.00", 0).streams[0].counters.clone();
        assert_eq!(rates(&at(0, "100.00", 0), &report).remove(0).count, Some(400));
    }
}
