//! StatsD lines, as Performance Metrics sends them: `name:value|type`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fault::{FaultKind, Faults, Place};
use crate::read::lines::{Lines, kept};

/// A sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StatsdSample {
    /// The place of the line.
    #[serde(flatten)]
    pub place: Place,
    /// The name.
    pub name: String,
    /// The value. A set has text, which is absent here.
    pub value: Option<f64>,
    /// The type: `c`, `g`, `ms`, `h`, `s`.
    pub kind: String,
    /// The value of a gauge is added to the last one.
    pub is_relative: bool,
    /// The part of events that was sampled.
    pub rate: Option<f64>,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

impl StatsdSample {
    /// Returns the value as a number of a file or a byte offset.
    pub(crate) fn whole(&self) -> Option<u64> {
        self.value.filter(|value| (0.0..9e15).contains(value) && value.fract() == 0.0).map(|value| value as u64)
    }

    /// Returns the value, seconds, as milliseconds. Negative if clocks differ.
    pub(crate) fn millis(&self) -> Option<i64> {
        self.value.filter(|value| value.abs() < 9e12).map(|value| (value * 1e3).round() as i64)
    }

    /// Returns the part of the name before the metric, without what a server puts before it, and the metric.
    pub(crate) fn metric(&self) -> (&str, &str) {
        let (base, metric) = self.name.rsplit_once('_').unwrap_or(("", &self.name));
        (base.rsplit('.').next().unwrap_or(base), metric)
    }

    /// Returns whether the value can be of its metric.
    fn is_possible(&self) -> bool {
        match self.metric().1 {
            "trail-seq" | "trail-rba" => self.whole().is_some(),
            "last-operation-lag" | "heartbeat-lag" => self.millis().is_some(),
            _ => true,
        }
    }
}

/// Returns whether a line is a sample.
pub(crate) fn is_sample(text: &str) -> bool {
    let Some((name, rest)) = text.trim().split_once(':') else { return false };
    let Some((value, kind)) = rest.split_once('|') else { return false };
    let kind = kind.split('|').next().unwrap_or("");
    !name.is_empty() && !name.contains(' ') && value.parse::<f64>().is_ok() && matches!(kind, "c" | "g" | "ms" | "h" | "s" | "d")
}

/// Reads the lines of any number of packets.
pub(crate) fn read(bytes: &[u8], faults: &mut Faults) -> Vec<StatsdSample> {
    let mut lines = Lines::new(bytes);
    let mut found = Vec::new();
    while let Some(line) = lines.take(faults) {
        let text = line.text.trim();
        if text.is_empty() {
            continue;
        }
        match sample(text, line.place, faults) {
            Some(sample) => {
                if sample.value.is_some() && !sample.is_possible() {
                    faults.add(line.place, FaultKind::NotANumber, &sample.name);
                }
                found.push(sample);
            }
            None => faults.add(line.place, FaultKind::UnknownLine, ""),
        }
    }
    found
}

fn sample(text: &str, place: Place, faults: &mut Faults) -> Option<StatsdSample> {
    let (name, rest) = text.split_once(':')?;
    let mut parts = rest.split('|');
    let (value, kind) = (parts.next()?, parts.next()?);
    let finite = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
    if !matches!(kind, "c" | "g" | "ms" | "h" | "s" | "d") {
        faults.add(place, FaultKind::UnknownKey, kind);
    }
    let number = finite(value);
    if number.is_none() && kind != "s" {
        faults.add(place, FaultKind::NotANumber, name);
    }
    let mut sample = StatsdSample {
        place,
        name: kept(name),
        value: number,
        kind: kept(kind),
        is_relative: kind == "g" && value.starts_with(['+', '-']),
        rate: None,
        tags: BTreeMap::new(),
    };
    for part in parts {
        if let Some(rate) = part.strip_prefix('@') {
            sample.rate = finite(rate);
        } else if let Some(tags) = part.strip_prefix('#') {
            for tag in tags.split(',') {
                let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
                sample.tags.insert(kept(name), kept(value));
            }
        }
    }
    Some(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_and_faults() {
        let mut faults = Faults::default();
        let found = read(b"ogg.EWEST.position-er_last-operation-lag:3|g\ntrail-output_trail-seq:17|c|@0.5|#group:E1,x\nbroken\nx:NaN|g\nusers:abc|s\n", &mut faults);
        assert_eq!(
            (found.len(), found[0].value, found[1].rate, found[1].tags["group"].as_str()),
            (4, Some(3.0), Some(0.5), "E1")
        );
        assert_eq!((found[2].value, faults.of(FaultKind::NotANumber), faults.of(FaultKind::UnknownLine)), (None, 1, 1));
    }
}
