//! Export of a report for other programs: Prometheus, StatsD, JSON lines, Zabbix. A value that is not known has no sample, so that a
//! stale one disappears.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use serde::{Deserialize, Serialize};
use trailcore::{Error, Result};
use trailcore_stream::label_value;

use crate::health::{Health, HealthReport, Verdict};
use crate::model::{LagDefinition, LagValue};
use crate::moment::Moment;
use crate::word;

/// The form of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// OpenMetrics text, for Prometheus.
    #[default]
    Prometheus,
    /// StatsD lines with tags.
    Statsd,
    /// A JSON object for each stream and each finding.
    JsonLines,
    /// Zabbix low-level discovery: the streams and their macros.
    Zabbix,
}

/// The states of health, as values of the label `health`.
const STATES: [(Health, &str); 8] = [
    (Health::Healthy, "healthy"),
    (Health::Idle, "idle"),
    (Health::CatchingUp, "catching_up"),
    (Health::FallingBehind, "falling_behind"),
    (Health::Stuck, "stuck"),
    (Health::Stopped, "stopped"),
    (Health::Abended, "abended"),
    (Health::Unknown, "unknown"),
];

/// A metric of a stream: its name, its meaning, and its value.
type Metric = (&'static str, &'static str, fn(&Verdict) -> Option<f64>);

const METRICS: [Metric; 8] = [
    ("goldengate_stream_lag_seconds", "Lag of the stream: measured by the process, else at the last checkpoint", |verdict| {
        Some(LagValue::current(&verdict.lags)?.millis as f64 / 1e3)
    }),
    ("goldengate_stream_checkpoint_age_seconds", "Time since the last checkpoint", |verdict| {
        lag(verdict, LagDefinition::SinceCheckpoint)
    }),
    ("goldengate_stream_heartbeat_lag_seconds", "Lag of the last heartbeat", |verdict| lag(verdict, LagDefinition::Heartbeat)),
    ("goldengate_stream_heartbeat_age_seconds", "Age of the last heartbeat", |verdict| lag(verdict, LagDefinition::HeartbeatAge)),
    ("goldengate_stream_backlog_bytes", "Bytes between the stream and the writer of its trail", |verdict| {
        Some(verdict.backlog?.bytes? as f64)
    }),
    ("goldengate_stream_backlog_files", "Files between the stream and the writer of its trail", |verdict| {
        Some(verdict.backlog?.files? as f64)
    }),
    ("goldengate_stream_keep_up_ratio", "Above 1 the stream catches up, below 1 it does not", |verdict| {
        verdict.forecast.as_ref()?.keep_up
    }),
    ("goldengate_stream_catch_up_seconds", "Time until the stream has caught up", |verdict| {
        Some(verdict.forecast.as_ref()?.catch_up? as f64 / 1e3)
    }),
];

fn lag(verdict: &Verdict, definition: LagDefinition) -> Option<f64> {
    verdict.lags.iter().find(|lag| lag.definition == definition).map(|lag| lag.millis as f64 / 1e3)
}

/// Returns a report as text.
///
/// ```
/// use trailcore_ops::export::{Format, text};
/// let report = trailcore_ops::health::HealthReport::default();
/// assert!(text(&report, Format::Prometheus)?.ends_with("# EOF\n"));
/// # Ok::<(), trailcore::Error>(())
/// ```
///
/// # Errors
/// An internal error only.
pub fn text(report: &HealthReport, format: Format) -> Result<String> {
    match format {
        Format::Prometheus => prometheus(report),
        Format::Statsd => Ok(statsd(report)),
        Format::JsonLines => json_lines(report),
        Format::Zabbix => json(&zabbix(report)),
    }
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal(&format!("a document cannot be written: {error}")))
}

/// Returns the verdicts as they count at a time, so that a stale value disappears.
fn verdicts(report: &HealthReport, now: Option<Moment>) -> Vec<Verdict> {
    report.streams.iter().map(|verdict| verdict.as_of(now)).collect()
}

/// The metrics of a report, for a registry that the host owns.
#[derive(Clone, Debug)]
pub struct Metrics {
    report: HealthReport,
    clock: Option<fn() -> Moment>,
}

impl Metrics {
    /// Creates the metrics of a report, as they are at its time.
    #[must_use]
    pub fn of(report: HealthReport) -> Self {
        Self { report, clock: None }
    }

    /// Creates the metrics of a report that a host keeps in its registry: values disappear when they expire by this clock.
    ///
    /// ```
    /// use trailcore_ops::Moment;
    /// use trailcore_ops::export::Metrics;
    /// let _ = Metrics::with_clock(Default::default(), || Moment::from_unix_micros(1_709_294_400_000_000));
    /// ```
    #[must_use]
    pub fn with_clock(report: HealthReport, clock: fn() -> Moment) -> Self {
        Self { report, clock: Some(clock) }
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::result::Result<(), fmt::Error> {
        let report = &self.report;
        let verdicts = verdicts(report, self.clock.map(|clock| clock()).or(report.at));
        for (name, help, value) in METRICS {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for verdict in &verdicts {
                if let Some(value) = value(verdict) {
                    metric.encode_family(&labels(verdict))?.encode_gauge(&value)?;
                }
            }
        }
        let mut metric = encoder.encode_descriptor(
            "goldengate_stream_health",
            "1 for the health that the stream has, 0 for the others",
            None,
            MetricType::Gauge,
        )?;
        for verdict in &verdicts {
            for (health, name) in STATES {
                let value = i64::from(verdict.health == health);
                let [deployment, stream, kind] = labels(verdict);
                metric.encode_family(&[deployment, stream, kind, ("health", name.to_owned())])?.encode_gauge(&value)?;
            }
        }
        let mut metric =
            encoder.encode_descriptor("goldengate_findings", "Findings by kind and weight", None, MetricType::Gauge)?;
        let mut counts: std::collections::BTreeMap<(String, String, String), i64> = std::collections::BTreeMap::new();
        for finding in &report.findings {
            let weight = word(&finding.weight);
            *counts.entry((label_value(&finding.deployment), finding.kind.name(), weight)).or_default() += 1;
        }
        for ((deployment, kind, weight), count) in counts {
            metric.encode_family(&[("deployment", deployment), ("finding", kind), ("weight", weight)])?.encode_gauge(&count)?;
        }
        Ok(())
    }
}

fn labels(verdict: &Verdict) -> [(&'static str, String); 3] {
    let kind = word(&verdict.kind);
    [("deployment", label_value(&verdict.deployment)), ("stream", label_value(&verdict.stream)), ("kind", kind)]
}

fn prometheus(report: &HealthReport) -> Result<String> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Metrics::of(report.clone())));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).map_err(|_| Error::internal("metrics cannot be written"))?;
    Ok(text)
}

/// Returns a name as StatsD and its tags accept it.
fn plain(text: &str) -> String {
    text.chars().map(|sign| if sign.is_alphanumeric() || "_-./$#".contains(sign) && sign != '#' { sign } else { '_' }).collect()
}

fn statsd(report: &HealthReport) -> String {
    let mut text = String::new();
    for verdict in &verdicts(report, report.at) {
        let tags = format!("deployment:{},stream:{}", plain(&verdict.deployment), plain(&verdict.stream));
        for (name, _, value) in METRICS {
            if let Some(value) = value(verdict) {
                // A sign makes a gauge relative: a negative value needs a zero before it.
                if value < 0.0 {
                    text += &format!("{name}:0|g|#{tags}\n");
                }
                text += &format!("{name}:{value}|g|#{tags}\n");
            }
        }
        for (health, name) in STATES {
            text += &format!("goldengate_stream_health:{}|g|#{tags},health:{name}\n", u8::from(verdict.health == health));
        }
    }
    text
}

fn json_lines(report: &HealthReport) -> Result<String> {
    let mut text = String::new();
    for verdict in &verdicts(report, report.at) {
        text += &json(&serde_json::json!({"type": "stream", "value": verdict}))?;
        text.push('\n');
    }
    for finding in &report.findings {
        text += &json(&serde_json::json!({"type": "finding", "value": finding}))?;
        text.push('\n');
    }
    Ok(text)
}

fn zabbix(report: &HealthReport) -> serde_json::Value {
    let rows = report.streams.iter().map(|verdict| {
        let kind = word(&verdict.kind);
        serde_json::json!({"{#DEPLOYMENT}": verdict.deployment, "{#STREAM}": verdict.stream, "{#KIND}": kind})
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Monitor;
    use crate::{Input, observe};

    #[test]
    fn names_are_escaped_in_labels() {
        let all = "Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\nEXTRACT     RUNNING     E1          00:00:02      00:00:05\n";
        let input = Input { deployment: Some("a\"b\\c".to_owned()), ..Input::text("all.txt", all) };
        let text = text(&Monitor::default().observe(&observe(&[input])), Format::Prometheus).unwrap();
        assert!(text.contains(r#"{deployment="a\"b\\c",stream="E1""#), "{text}");
    }
}
