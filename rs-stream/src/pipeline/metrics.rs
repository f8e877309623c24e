//! [`PipelineMetrics`]: pipelines for Prometheus, in a registry that the host owns.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::status::{LaneStatus, PipelineStatus, State};
use crate::checkpoint::unix_micros;
use crate::metrics::label_value;

/// The state of pipelines as metrics, with the labels `pipeline` and `sink`. The host sets the status before each scrape. A value that is
/// unknown has no sample.
#[derive(Clone, Debug, Default)]
pub struct PipelineMetrics {
    status: Arc<Mutex<Vec<PipelineStatus>>>,
}

impl PipelineMetrics {
    /// Creates metrics without pipelines.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the state of all pipelines.
    pub fn set(&self, status: Vec<PipelineStatus>) {
        *self.status.lock() = status;
    }
}

/// A metric: its name, its meaning, whether it only grows, and its value.
type Metric = (&'static str, &'static str, bool, fn(&LaneStatus) -> Option<f64>);

const METRICS: [Metric; 14] = [
    ("trailcore_pipeline_up", "1 if the lane runs, is paused or has ended as wanted", false, |lane| {
        Some(f64::from(u8::from(!matches!(lane.state, State::Failed | State::Retrying))))
    }),
    ("trailcore_pipeline_changes", "Committed changes", true, |lane| Some(lane.changes as f64)),
    ("trailcore_pipeline_bytes", "Bytes of committed changes in the trail", true, |lane| Some(lane.bytes as f64)),
    ("trailcore_pipeline_commits", "Commits", true, |lane| Some(lane.commits as f64)),
    ("trailcore_pipeline_retries", "Errors after which the lane has tried again", true, |lane| Some(lane.retries as f64)),
    ("trailcore_pipeline_dead_letters", "Changes that the sink has refused", true, |lane| Some(lane.dead_letters as f64)),
    ("trailcore_pipeline_waiting_changes", "Changes that wait for the next commit", false, |lane| Some(lane.waiting as f64)),
    ("trailcore_pipeline_commit_seconds", "Time of the last commit", false, |lane| {
        Some(lane.commit_milliseconds as f64 / 1_000.0)
    }),
    ("trailcore_pipeline_commit_age_seconds", "Time since the last commit", false, |lane| {
        Some((unix_micros() / 1_000 - lane.committed_at?) as f64 / 1_000.0)
    }),
    ("trailcore_pipeline_bytes_behind", "Bytes of the trail after the last change that was read", false, |lane| {
        Some(lane.lag.as_ref()?.bytes_behind as f64)
    }),
    ("trailcore_pipeline_files_behind", "Files of the trail after the one that is read", false, |lane| {
        Some(lane.lag.as_ref()?.files_behind as f64)
    }),
    ("trailcore_pipeline_age_seconds", "Age of the last committed change", false, |lane| {
        Some(lane.lag.as_ref()?.acknowledged_age? as f64 / 1_000.0)
    }),
    ("trailcore_pipeline_keep_up_ratio", "Above 1 the pipeline catches up, below 1 it never does", false, |lane| {
        lane.lag.as_ref()?.keep_up
    }),
    ("trailcore_pipeline_failed", "1 if the lane has given up", false, |lane| {
        Some(f64::from(u8::from(lane.state == State::Failed)))
    }),
];

/// The upper limits of the classes of latency, in seconds; the last one is written as +Inf.
const LIMITS: [f64; 5] = [0.1, 1.0, 10.0, 60.0, f64::MAX];

impl Collector for PipelineMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let status = self.status.lock().clone();
        let lanes = || status.iter().flat_map(|pipeline| pipeline.lanes.iter().map(|lane| (labels(pipeline, lane), lane)));
        for (name, help, grows, value) in METRICS {
            let kind = if grows { MetricType::Counter } else { MetricType::Gauge };
            let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
            for (labels, lane) in lanes() {
                let Some(value) = value(lane) else { continue };
                let family = metric.encode_family(&labels)?;
                if grows { ConstCounter::new(value).encode(family)? } else { ConstGauge::new(value).encode(family)? }
            }
        }
        let help = "Time of committed changes from their commit in the database to that in the sink";
        let mut metric = encoder.encode_descriptor("trailcore_pipeline_latency_seconds", help, None, MetricType::Histogram)?;
        for (labels, lane) in lanes() {
            let classes: Vec<_> = LIMITS.into_iter().zip(lane.latency).collect();
            let (sum, count) = (lane.latency_milliseconds as f64 / 1_000.0, lane.latency.iter().sum());
            metric.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &classes, None)?;
        }
        let help = "1 for the class of the last error of a lane";
        let mut metric = encoder.encode_descriptor("trailcore_pipeline_error", help, None, MetricType::Gauge)?;
        for (labels, lane) in lanes() {
            let Some(class) = lane.error_class else { continue };
            ConstGauge::new(1.0).encode(metric.encode_family(&with(labels, "class", class))?)?;
        }
        let help = "Events of the trail that the lane has met";
        let mut metric = encoder.encode_descriptor("trailcore_pipeline_events", help, None, MetricType::Counter)?;
        for (labels, lane) in lanes() {
            for known in &lane.events {
                let labels = with(labels.clone(), "kind", known.kind.name());
                ConstCounter::new(known.count).encode(metric.encode_family(&labels)?)?;
            }
        }
        let help = "Committed changes that a rule of a lenient selection could not decide on";
        let mut metric = encoder.encode_descriptor("trailcore_pipeline_undecided", help, None, MetricType::Counter)?;
        for (labels, lane) in lanes() {
            for doubt in &lane.doubts {
                let rule = doubt.rule.to_string();
                let labels = with(with(labels.clone(), "table", &doubt.table), "rule", &rule);
                ConstCounter::new(doubt.changes).encode(metric.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

/// Names and values of labels.
type Labels = Vec<(&'static str, String)>;

fn labels(pipeline: &PipelineStatus, lane: &LaneStatus) -> Labels {
    with(with(Labels::new(), "pipeline", &pipeline.name), "sink", &lane.sink)
}

fn with(mut labels: Labels, name: &'static str, value: &str) -> Labels {
    labels.push((name, label_value(value)));
    labels
}
