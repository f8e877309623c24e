//! [`Policy`]: all limits of the verdicts. None is hidden: what is not set here is learned, and each verdict names the limits it used.

use serde::{Deserialize, Serialize};

/// The limits of the verdicts. Lengths of time are milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The highest lag. Without it the limit is learned for each stream and hour of the day.
    pub lag: Option<i64>,
    /// The largest backlog in bytes. Without it the limit is learned.
    pub backlog: Option<u64>,
    /// Limits are learned from observations of healthy streams.
    pub learn: bool,
    /// Observations of an hour of the day, and of all hours, that a learned limit needs.
    pub least_samples: u64,
    /// A learned limit is the largest value that was seen, times this.
    pub widen: f64,
    /// A learned limit of the lag is at least this.
    pub lag_floor: i64,
    /// A learned limit of the backlog is at least this, in bytes.
    pub backlog_floor: u64,
    /// A verdict expires after this time without another observation of its stream, and an answer that is older is a finding.
    /// Without it, after three times the last interval, and not before `least_expiry`.
    pub expiry: Option<i64>,
    /// Without `expiry`, nothing expires before this time.
    pub least_expiry: i64,
    /// A process that writes no checkpoint in at least this time, and does not move, is stuck.
    pub checkpoint_age: i64,
    /// Two definitions of lag that differ by more than this are a finding.
    pub lag_tolerance: i64,
    /// A record that is newer than its observation by more than this is a finding: clocks differ.
    pub clock_tolerance: i64,
    /// A transaction that is open for more than this is a finding.
    pub transaction_age: i64,
    /// The oldest heartbeat that is accepted.
    pub heartbeat_age: i64,
    /// A disk that is full within this time, at the rate of the last interval, is a finding.
    pub disk_time: i64,
    /// More changes of health than this within `flap_window` observations are one finding.
    pub flaps: u64,
    /// The observations in which changes of health are counted.
    pub flap_window: u64,
    /// The observations after which a missing stream is forgotten. Those without the artefact that had it do not count.
    pub forget_after: u64,
    /// Intervals that a forecast needs.
    pub forecast_samples: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            lag: None,
            backlog: None,
            learn: true,
            least_samples: 12,
            widen: 3.0,
            lag_floor: 60_000,
            backlog_floor: 64 << 20,
            expiry: None,
            least_expiry: 900_000,
            checkpoint_age: 60_000,
            lag_tolerance: 300_000,
            clock_tolerance: 5_000,
            transaction_age: 3 * 3_600_000,
            heartbeat_age: 300_000,
            disk_time: 24 * 3_600_000,
            flaps: 4,
            flap_window: 12,
            forget_after: 3,
            forecast_samples: 3,
        }
    }
}

impl Policy {
    /// Returns the milliseconds after which an observation is worth nothing, given the last interval.
    pub(crate) fn lifetime(&self, interval: Option<i64>) -> i64 {
        let learned = interval.map_or(0, |interval| interval.saturating_mul(3));
        self.expiry.unwrap_or(learned.max(self.least_expiry))
    }
}
