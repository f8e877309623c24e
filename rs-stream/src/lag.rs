//! [`Lag`]: the distance between a tail and the end of its trail, and whether it can catch up.

use std::time::{Duration, Instant};

use serde::Serialize;
use trailcore::{Error, Position, Result, TrailPosition};

use crate::acknowledge::Progress;
use crate::checkpoint::unix_micros;
use crate::files::Files;
use crate::sequence::Names;

/// Rates are measured over at least this time.
const SHORTEST: Duration = Duration::from_secs(1);

/// The distance between a tail and the end of its trail, and whether it can catch up. Unknown values are absent; none of them is zero
/// because it is unknown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(description = "The distance between a tail and the end of its trail.")
)]
#[non_exhaustive]
pub struct Lag {
    /// The end of the trail, as far as files have been written.
    pub end: Position,
    /// Bytes of the trail after the last delivered change. Headers and an open transaction count.
    pub bytes_behind: u64,
    /// Files after the one that is being read.
    pub files_behind: u64,
    /// Milliseconds between the commit of the last delivered change and now. Negative if the clocks differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_age: Option<i64>,
    /// The same of the last change before which all are acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_age: Option<i64>,
    /// Bytes that are appended to the trail in a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_in: Option<f64>,
    /// Bytes of the trail that are delivered in a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_out: Option<f64>,
    /// Changes that are delivered in a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes_out: Option<f64>,
    /// The bytes that the tail and its consumer can take in a second, divided by the appended ones: above 1 it catches up,
    /// below 1 it never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_up: Option<f64>,
    /// Delivery, acknowledgement, checkpoint.
    pub progress: Progress,
}

/// Measures rates.
#[derive(Debug)]
pub(crate) struct Meter {
    begun: Instant,
    /// Time spent in waits.
    waited: Duration,
    last: Sample,
    rates: Rates,
}

/// The totals at a moment.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Instant,
    waited: Duration,
    end: TrailPosition,
    position: TrailPosition,
    changes: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Rates {
    bytes_in: Option<f64>,
    bytes_out: Option<f64>,
    changes_out: Option<f64>,
    keep_up: Option<f64>,
}

impl Default for Meter {
    fn default() -> Self {
        let begun = Instant::now();
        let none = TrailPosition::default();
        let last = Sample { at: begun, waited: Duration::ZERO, end: none, position: none, changes: 0 };
        Self { begun, waited: Duration::ZERO, last, rates: Rates::default() }
    }
}

impl Meter {
    pub(crate) fn waited(&mut self, time: Duration) {
        self.waited += time;
    }

    /// Takes a sample, and measures the rates since the last one. `bytes` returns the bytes between two places, if they are known.
    fn measure(&mut self, sample: Sample, bytes: impl Fn(TrailPosition, TrailPosition) -> Option<u64>) -> Rates {
        let before = self.last;
        let time = sample.at.duration_since(before.at);
        if time < SHORTEST {
            return self.rates;
        }
        self.last = sample;
        if before.at == self.begun {
            return self.rates;
        }
        let rate = |bytes: u64| bytes as f64 / time.as_secs_f64();
        let bytes_in = bytes(before.end, sample.end).map(rate);
        let bytes_out = bytes(before.position, sample.position).map(rate);
        let changes_out = sample.changes.checked_sub(before.changes).map(rate);
        let busy = time.saturating_sub(sample.waited.saturating_sub(before.waited)).as_secs_f64() / time.as_secs_f64();
        let keep_up = match (bytes_in, bytes_out) {
            (Some(arriving), Some(taken)) if arriving > 0.0 && taken > 0.0 && busy > 0.0 => Some(taken / busy / arriving),
            _ => None,
        };
        self.rates = Rates { bytes_in, bytes_out, changes_out, keep_up };
        self.rates
    }
}

/// Measures the lag of a tail.
pub(crate) fn measure(
    files: &dyn Files,
    names: &Names,
    progress: Progress,
    times: [Option<trailcore::Timestamp>; 2],
    meter: &mut Meter,
) -> Result<Lag> {
    let position = progress.delivered.trail().unwrap_or_default();
    let from = position.seqno.min(meter.last.position.seqno);
    let found = names.clone().list(files).map_err(|error| Error::io(&names.folder, error))?;
    let mut sizes = Vec::new();
    for seqno in found.into_iter().filter(|seqno| *seqno >= from) {
        match files.facts(&names.path(seqno)) {
            Ok(facts) => sizes.push((seqno, facts.size)),
            // Purged since the listing.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io(&names.path(seqno), error)),
        }
    }
    let end = sizes.last().map_or(position, |(seqno, size)| TrailPosition::new(*seqno, *size)).max(position);
    let between = |from: TrailPosition, to: TrailPosition| {
        let mut total = 0u64;
        let mut next = from.seqno;
        for &(seqno, size) in sizes.iter().filter(|(seqno, _)| (from.seqno..=to.seqno).contains(seqno)) {
            // A file that is gone has an unknown size.
            if seqno != next {
                return None;
            }
            next += 1;
            let first = if seqno == from.seqno { from.rba } else { 0 };
            let last = if seqno == to.seqno { to.rba } else { size };
            total += last.saturating_sub(first);
        }
        (next == to.seqno + 1).then_some(total)
    };
    let behind = sizes.iter().filter(|(seqno, _)| *seqno >= position.seqno);
    let bytes_behind = behind
        .clone()
        .map(|(seqno, size)| if *seqno == position.seqno { size.saturating_sub(position.rba) } else { *size })
        .sum();
    let files_behind = behind.filter(|(seqno, _)| *seqno > position.seqno).count() as u64;
    let sample = Sample { at: Instant::now(), waited: meter.waited, end, position, changes: progress.delivered_changes };
    let rates = meter.measure(sample, between);
    let now = unix_micros();
    let [delivered_age, acknowledged_age] = times.map(|time| time.map(|time| (now - time.unix_micros()) / 1_000));
    Ok(Lag {
        end: end.into(),
        bytes_behind,
        files_behind,
        delivered_age,
        acknowledged_age,
        bytes_in: rates.bytes_in,
        bytes_out: rates.bytes_out,
        changes_out: rates.changes_out,
        keep_up: rates.keep_up,
        progress,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_the_keep_up_ratio() {
        let mut meter = Meter::default();
        let second = |number: u64| meter_time(number);
        let begun = meter.begun;
        fn meter_time(number: u64) -> Duration {
            Duration::from_secs(number)
        }
        let sample = |at: u64, waited: u64, end: u64, position: u64, changes: u64| Sample {
            at: begun + second(at),
            waited: Duration::from_millis(waited),
            end: TrailPosition::new(0, end),
            position: TrailPosition::new(0, position),
            changes,
        };
        let bytes = |from: TrailPosition, to: TrailPosition| to.rba.checked_sub(from.rba);
        assert!(meter.measure(sample(1, 0, 1_000, 0, 0), bytes).bytes_in.is_none());
        // In two seconds 2,000 bytes came and 4,000 were taken; half of the time it waited.
        let rates = meter.measure(sample(3, 1_000, 3_000, 4_000, 10), bytes);
        assert_eq!(
            (rates.bytes_in, rates.bytes_out, rates.changes_out, rates.keep_up),
            (Some(1_000.0), Some(2_000.0), Some(5.0), Some(4.0))
        );
        // Nothing came: the ratio is unknown.
        let rates = meter.measure(sample(5, 3_000, 3_000, 4_000, 10), bytes);
        assert_eq!((rates.bytes_in, rates.keep_up), (Some(0.0), None));
        // A shorter time measures nothing new.
        assert_eq!(meter.measure(sample(5, 3_000, 9_000, 9_000, 99), bytes).bytes_in, Some(0.0));
    }
}
