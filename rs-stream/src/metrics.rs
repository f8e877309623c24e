//! [`Metrics`]: the lag of tails for Prometheus, in a registry that the host owns.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use crate::lag::Lag;
use crate::tail::TailHandle;

/// The lag of any number of tails, each with a name, as metrics. A value that is unknown has no sample. Cloning it is cheap.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # trailcore_samples::write_bank(dir.path(), &trailcore_samples::Bank::small()).unwrap();
/// # let path = dir.path().join("bk");
/// use prometheus_client::registry::Registry;
/// use trailcore_stream::{Metrics, Tail, TailOptions};
///
/// let metrics = Metrics::new();
/// let mut registry = Registry::default();
/// registry.register_collector(Box::new(metrics.clone()));
/// let tail = Tail::open(path, TailOptions::new())?;
/// metrics.add("sales", tail.handle());
/// let mut text = String::new();
/// prometheus_client::encoding::text::encode(&mut text, &registry)?;
/// assert!(text.contains("trailcore_bytes_behind{tail=\"sales\"}"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    tails: Arc<Mutex<Vec<(String, TailHandle)>>>,
}

/// A metric: its name, its meaning, and its value.
type Metric = (&'static str, &'static str, fn(&Lag) -> Option<f64>);

const METRICS: [Metric; 10] = [
    ("trailcore_bytes_behind", "Bytes of the trail after the last delivered change", |lag| Some(lag.bytes_behind as f64)),
    ("trailcore_files_behind", "Files after the one that is being read", |lag| Some(lag.files_behind as f64)),
    ("trailcore_delivered_age_seconds", "Age of the last delivered change", |lag| seconds(lag.delivered_age)),
    ("trailcore_acknowledged_age_seconds", "Age of the last acknowledged change", |lag| seconds(lag.acknowledged_age)),
    ("trailcore_bytes_in_per_second", "Bytes appended to the trail in a second", |lag| lag.bytes_in),
    ("trailcore_bytes_out_per_second", "Bytes delivered in a second", |lag| lag.bytes_out),
    ("trailcore_changes_out_per_second", "Changes delivered in a second", |lag| lag.changes_out),
    ("trailcore_keep_up_ratio", "Above 1 the tail catches up, below 1 it never does", |lag| lag.keep_up),
    ("trailcore_delivered_changes", "Changes delivered since the start", |lag| Some(lag.progress.delivered_changes as f64)),
    ("trailcore_unacknowledged_changes", "Changes delivered and not acknowledged", |lag| {
        Some(lag.progress.unacknowledged_changes as f64)
    }),
];

/// Returns a text as the value of a label of a metric. The encoder of `prometheus-client` writes values as they are, quotes included.
///
/// ```
/// assert_eq!(trailcore_stream::label_value("a\"b"), "a\\\"b");
/// ```
#[must_use]
pub fn label_value(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn seconds(millis: Option<i64>) -> Option<f64> {
    millis.map(|millis| millis as f64 / 1_000.0)
}

impl Metrics {
    /// Creates metrics without tails.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tail. Its samples have the name as the label `tail`; a tail of this name is replaced.
    pub fn add(&self, name: &str, tail: TailHandle) {
        self.remove(name);
        self.tails.lock().push((name.to_owned(), tail));
    }

    /// Removes a tail.
    pub fn remove(&self, name: &str) {
        self.tails.lock().retain(|(known, _)| known != name);
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let tails = self.tails.lock().clone();
        // A tail whose files cannot be read now has no samples.
        let lags: Vec<_> = tails.iter().filter_map(|(name, tail)| Some((name, tail.lag().ok()?))).collect();
        for (name, help, value) in METRICS {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (tail, lag) in &lags {
                if let Some(value) = value(lag) {
                    metric.encode_family(&[("tail", label_value(tail))])?.encode_gauge(&value)?;
                }
            }
        }
        Ok(())
    }
}
