//! [`Band`]: the values that are usual for a stream, by hour of the day.

use serde::{Deserialize, Serialize};

use crate::health::Policy;

/// The largest usual values, by hour of the day (UTC, or local if the observations have no zone), and of all hours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Band {
    /// One for each hour that was observed; the key is the hour.
    pub hours: std::collections::BTreeMap<u8, Usual>,
    /// The values of all hours.
    pub all: Usual,
}

/// The largest values that were seen in healthy observations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Usual {
    /// Observations.
    pub samples: u64,
    /// Observations with a lag. The lag of an idle stream does not count.
    pub lag_samples: u64,
    /// The highest lag in milliseconds.
    pub lag: i64,
    /// Observations with a backlog.
    pub backlog_samples: u64,
    /// The largest backlog in bytes.
    pub backlog: u64,
}

impl Usual {
    fn learn(&mut self, lag: Option<i64>, backlog: Option<u64>) {
        self.samples = self.samples.saturating_add(1);
        if let Some(lag) = lag {
            (self.lag_samples, self.lag) = (self.lag_samples.saturating_add(1), self.lag.max(lag));
        }
        if let Some(backlog) = backlog {
            (self.backlog_samples, self.backlog) = (self.backlog_samples.saturating_add(1), self.backlog.max(backlog));
        }
    }
}

/// A limit, with its origin in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Limit {
    /// `lag` in milliseconds, or `backlog` in bytes.
    pub quantity: String,
    /// The limit.
    pub value: i64,
    /// The origin: set by the policy, or learned, with the number of observations.
    pub origin: String,
}

impl Band {
    /// Takes the values of a healthy observation.
    pub(crate) fn learn(&mut self, hour: Option<u8>, lag: Option<i64>, backlog: Option<u64>) {
        let hourly = hour.map(|hour| self.hours.entry(hour).or_default());
        for usual in hourly.into_iter().chain([&mut self.all]) {
            usual.learn(lag, backlog);
        }
    }

    /// Returns the usual values of an hour: of the hour itself if it has enough observations of a quantity, else of all hours.
    fn usual(&self, hour: Option<u8>, policy: &Policy, samples: fn(&Usual) -> u64) -> Option<(Usual, String)> {
        let enough = |usual: &&Usual| samples(usual) >= policy.least_samples.max(1);
        let hourly = hour.and_then(|hour| Some((hour, self.hours.get(&hour).filter(enough)?)));
        match hourly {
            Some((hour, usual)) => Some((*usual, format!("learned from {} observations at {hour}:00", samples(usual)))),
            None => Some(&self.all)
                .filter(enough)
                .map(|usual| (*usual, format!("learned from {} observations of all hours", samples(usual)))),
        }
    }

    /// Returns the limit of the lag.
    #[must_use]
    pub fn lag_limit(&self, hour: Option<u8>, policy: &Policy) -> Option<Limit> {
        let limit = |value, origin| Limit { quantity: "lag".to_owned(), value, origin };
        if let Some(lag) = policy.lag {
            return Some(limit(lag, "set by the policy".to_owned()));
        }
        let (usual, origin) = self.usual(hour, policy, |usual| usual.lag_samples).filter(|_| policy.learn)?;
        let value = ((usual.lag as f64 * policy.widen) as i64).max(policy.lag_floor);
        Some(limit(
            value,
            format!("{origin}: at most {} ms, times {}, at least {} ms", usual.lag, policy.widen, policy.lag_floor),
        ))
    }

    /// Returns the limit of the backlog.
    #[must_use]
    pub fn backlog_limit(&self, hour: Option<u8>, policy: &Policy) -> Option<Limit> {
        let limit = |value: u64, origin| Limit {
            quantity: "backlog".to_owned(),
            value: i64::try_from(value).unwrap_or(i64::MAX),
            origin,
        };
        if let Some(backlog) = policy.backlog {
            return Some(limit(backlog, "set by the policy".to_owned()));
        }
        let (usual, origin) = self.usual(hour, policy, |usual| usual.backlog_samples).filter(|_| policy.learn)?;
        let value = ((usual.backlog as f64 * policy.widen) as u64).max(policy.backlog_floor);
        Some(limit(
            value,
            format!("{origin}: at most {} bytes, times {}, at least {} bytes", usual.backlog, policy.widen, policy.backlog_floor),
        ))
    }
}
