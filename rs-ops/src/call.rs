//! Calls by documents: one function for every report, the same in every language.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, ReadOptions, Result, Trail};

use crate::anonymise;
use crate::backup;
#[cfg(feature = "archive")]
use crate::bundle;
use crate::config;
use crate::explain;
use crate::export::{self, Format};
use crate::follow::follow;
use crate::health::{HealthReport, Memory, Monitor, Policy};
use crate::history;
use crate::input::{Input, RefusedInput, observe};
use crate::mapping;
use crate::model::{Backlog, LagValue, Link, Snapshot, StreamKind};
use crate::moment::Moment;
use crate::read::Reading;
use crate::statistics::{
    ApplyOptions, CommitToApply, HotKeyOptions, Rate, Reconciliation, TrailStatistics, commit_to_apply, rates, reconcile,
};

/// The verbs of [`call`], each with a description of its report.
pub const VERBS: &[(&str, &str)] = &[
    ("ops.read", "the values and faults of artefacts: an ops-read report"),
    ("ops.follow", "the events of a log since a token, across roll-over: an ops-follow report"),
    ("ops.lag", "the lag of every stream by every definition, and the backlog of every link: an ops-lag report"),
    ("ops.health", "verdicts and findings, and the memory for the next call: an ops-health report"),
    ("ops.stats", "rates of counters between two rounds, and the contents of trails: an ops-stats report"),
    ("ops.reconcile", "the counts of each table along each chain: an ops-reconcile report"),
    ("ops.export", "health and lag as text for another program: an ops-export report"),
    ("ops.lint", "what is wrong in a configuration: an ops-lint report"),
    ("ops.diff", "the differences of two versions of a configuration: an ops-diff report"),
    ("ops.sign_off", "the text of a change of configuration for change control: an ops-sign-off report"),
    ("ops.drift", "the approved configuration, the files and the running processes compared: an ops-drift report"),
    ("ops.mapping", "the tables that processes really move, each with its origin: an ops-mapping report"),
    ("ops.history", "the changes of a configuration from version to version: an ops-history report"),
    ("ops.inventory", "the files of a home or deployment, with their classes: an ops-inventory report"),
    ("ops.backup", "takes a set: an ops-backup report"),
    ("ops.verify", "whether a set is as it was written: an ops-verify report"),
    ("ops.rehearse", "restores a set into a scratch folder, and reads it: an ops-rehearse report"),
    ("ops.restore_plan", "the steps of a restore as text: an ops-restore-plan report"),
    ("ops.retain", "which sets of a repository to keep, with reasons: an ops-retain report"),
    ("ops.pack", "writes a set as one file: an ops-pack report"),
    ("ops.unpack", "writes the files of an archive into a folder: an ops-pack report"),
    ("ops.explain", "why processes stopped: an ops-explain report"),
    ("ops.timeline", "the events of all artefacts in one order: an ops-timeline report"),
    ("ops.skip", "the record at a position of a trail, and what is lost by going on after it: an ops-skip report"),
    ("ops.bundle", "writes one masked file for a person elsewhere: an ops-bundle report"),
    ("ops.compare", "the changes between two bundles: an ops-compare report"),
    ("ops.anonymise", "writes a trail of the same structure with other values and names: an ops-anonymise report"),
    ("ops.purge", "which trail files no reader needs, with a proof for each: an ops-purge report"),
];

/// The request of `ops.read`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ReadRequest {
    /// The artefacts.
    pub inputs: Vec<Input>,
    /// Only sections with this name, such as `info_all` or `lag`. A text without one is refused.
    pub section: Option<String>,
    /// Values in texts of messages are masked: they can be data of tables. Without it, messages are as the artefact has them, with
    /// secrets masked.
    pub mask: bool,
}

/// The request of `ops.lag`, `ops.health`, `ops.stats`, `ops.reconcile` and `ops.export`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ObserveRequest {
    /// The artefacts of one observation.
    pub inputs: Vec<Input>,
    /// The artefacts of several observations, in the order of time; `inputs` is one more after them.
    pub rounds: Vec<Vec<Input>>,
    /// The time of the last observation, such as the current time. Without it, the latest time of its inputs. With it, `ops.health` and
    /// `ops.export` notice that no input comes any more.
    pub now: Option<Moment>,
    /// `ops.health`, `ops.export`: the limits.
    pub policy: Policy,
    /// `ops.health`, `ops.export`: the memory that the last call returned.
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Map<String, serde_json::Value>>"))]
    pub memory: Option<Memory>,
    /// `ops.health`, `ops.export`: artefacts and deployments that will not come again. The memory drops them.
    pub forget: Vec<String>,
    /// `ops.stats`: paths of trails whose contents are counted.
    pub trails: Vec<String>,
    /// `ops.stats`: the keys of these trails with most changes.
    pub hot_keys: Option<HotKeyOptions>,
    /// `ops.stats`: the trails of both sides, for the time from commit to apply.
    pub apply: Option<ApplyOptions>,
    /// `ops.lag`: the records of a backlog are counted in the trail files.
    pub count_records: bool,
    /// `ops.export`: the form.
    pub format: Format,
}

/// `ops.read`: the values and faults of artefacts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReadReport {
    /// The artefacts that were read.
    pub readings: Vec<Reading>,
    /// The artefacts that were refused, with the reason.
    pub refused: Vec<RefusedInput>,
}

/// `ops.lag`: the lag of every stream, and the backlog of every link.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LagReport {
    /// The time of the observation.
    pub at: Option<Moment>,
    /// The streams.
    pub streams: Vec<StreamLag>,
    /// The links.
    pub links: Vec<Link>,
    /// The artefacts that were refused.
    pub refused: Vec<RefusedInput>,
}

/// The lag of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StreamLag {
    /// The deployment.
    pub deployment: String,
    /// The stream.
    pub stream: String,
    /// The kind of stream.
    pub kind: StreamKind,
    /// The state as text.
    pub status: String,
    /// The lag by every definition that is known.
    pub lags: Vec<LagValue>,
    /// The distance to the writer of its trail.
    pub backlog: Option<Backlog>,
}

/// `ops.health`: verdicts and findings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HealthAnswer {
    /// The report of the last round.
    #[serde(flatten)]
    pub report: HealthReport,
    /// The memory for the next call. Its members may change with a release.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub memory: Memory,
}

/// `ops.stats`: rates and the contents of trails.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StatsReport {
    /// The counters of the last round, by stream, table and operation.
    pub counters: Vec<CounterRow>,
    /// The rates between the last two rounds.
    pub rates: Vec<Rate>,
    /// Tables of the last round whose counters since the start of their process are not known.
    pub uncounted: Vec<UncountedTable>,
    /// The contents of trails, by path.
    pub trails: BTreeMap<String, TrailStatistics>,
    /// The time from commit to apply, if the request asks for it.
    pub apply: Option<CommitToApply>,
    /// The artefacts of all rounds that were refused.
    pub refused: Vec<RefusedInput>,
}

/// A table of an answer of STATS whose total counters are not known: they are not printed, or in another language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UncountedTable {
    /// The deployment.
    pub deployment: String,
    /// The stream.
    pub stream: String,
    /// The table.
    pub table: String,
}

/// A counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CounterRow {
    /// The deployment.
    pub deployment: String,
    /// The stream.
    pub stream: String,
    /// The table.
    pub table: String,
    /// The operation.
    pub operation: String,
    /// The value, its times and its origin.
    #[serde(flatten)]
    pub counter: crate::model::Counter,
}

/// `ops.export`: text for another program.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExportReport {
    /// The text.
    pub text: String,
    /// The memory for the next call. Its members may change with a release.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub memory: Memory,
}

/// Answers a request: a verb and a JSON document in, a JSON document out. `docs/schema/` has the schemas of both.
///
/// ```
/// let request = r#"{"inputs": [{"name": "mgr.txt", "text": "Manager is running (IP port gg1.7809, Process ID 18221)."}]}"#;
/// let report = trailcore_ops::call("ops.read", request)?;
/// assert!(report.contains(r#""port":7809"#));
/// # Ok::<(), trailcore::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] for an unknown verb or a request that does not have the form of its schema. An artefact that
/// cannot be read is not an error of the call: the report states it.
pub fn call(verb: &str, request: &str) -> Result<String> {
    match verb {
        "ops.read" => write(&read(&parse(request)?)),
        "ops.follow" => write(&follow(&parse(request)?)?),
        "ops.lag" => write(&lag(&parse(request)?)),
        "ops.health" => write(&health(parse(request)?)?),
        "ops.stats" => write(&stats(&parse(request)?)?),
        "ops.reconcile" => write(&reconciled(&parse(request)?)),
        "ops.export" => write(&exported(parse(request)?)?),
        "ops.lint" => write(&config::lint(&parse(request)?)),
        "ops.diff" => write(&config::diff(&parse(request)?)),
        "ops.sign_off" => write(&config::sign_off(&parse(request)?)),
        "ops.drift" => write(&config::drift(&parse(request)?)),
        "ops.mapping" => write(&mapping::mapping(&parse(request)?)?),
        "ops.history" => write(&history::history(&parse(request)?)?),
        "ops.inventory" => write(&backup::inventory(&parse(request)?)?),
        "ops.backup" => write(&backup::backup(&parse(request)?)?),
        "ops.verify" => write(&backup::verify(&parse(request)?)?),
        "ops.rehearse" => write(&backup::rehearse(&parse(request)?)?),
        "ops.restore_plan" => write(&backup::restore_plan(&parse(request)?)?),
        "ops.retain" => write(&backup::retain(&parse(request)?)?),
        "ops.pack" => write(&backup::pack(&parse(request)?)?),
        "ops.unpack" => write(&backup::unpack(&parse(request)?)?),
        "ops.explain" => write(&explain::explain(&parse(request)?)?),
        "ops.timeline" => write(&explain::timeline(&parse(request)?)?),
        "ops.skip" => write(&explain::skip(&parse(request)?)?),
        #[cfg(feature = "archive")]
        "ops.bundle" => write(&bundle::bundle(&parse(request)?)?),
        #[cfg(feature = "archive")]
        "ops.compare" => write(&bundle::compare(&parse(request)?)?),
        #[cfg(not(feature = "archive"))]
        "ops.bundle" | "ops.compare" => {
            Err(Error::new(ErrorKind::Unsupported, "this build has no archives")
                .hint("build trailcore-ops with the feature archive"))
        }
        "ops.anonymise" => write(&anonymise::anonymise(&parse(request)?)?),
        "ops.purge" => write(&backup::purge(&parse(request)?)?),
        _ => {
            let known: Vec<_> = VERBS.iter().map(|(known, _)| *known).collect();
            Err(Error::new(ErrorKind::InvalidArgument, format!("unknown verb {verb:?}; known are {}", known.join(", "))))
        }
    }
}

fn parse<T: DeserializeOwned>(request: &str) -> Result<T> {
    serde_json::from_str(request).map_err(|error| Error::new(ErrorKind::InvalidArgument, format!("request document: {error}")))
}

fn write(report: &impl Serialize) -> Result<String> {
    serde_json::to_string(report).map_err(|error| Error::internal(&format!("a document cannot be written: {error}")))
}

/// Answers `ops.read`.
#[must_use]
pub fn read(request: &ReadRequest) -> ReadReport {
    let mut report = ReadReport { readings: Vec::new(), refused: Vec::new() };
    for input in &request.inputs {
        let reading = input.read().and_then(|reading| match &request.section {
            Some(section) => reading.only(section),
            None => Ok(reading),
        });
        match reading {
            Ok(reading) => report.readings.push(if request.mask { reading.masked() } else { reading }),
            Err(error) => report.refused.push(RefusedInput { artefact: input.label().to_owned(), reason: error.to_string() }),
        }
    }
    report
}

impl ObserveRequest {
    /// Returns the rounds, the last one of which is `inputs`.
    fn all_rounds(&self) -> Vec<&[Input]> {
        let own = (!self.inputs.is_empty()).then_some(self.inputs.as_slice());
        self.rounds.iter().map(Vec::as_slice).chain(own).collect()
    }

    /// Returns the observation of each round.
    fn snapshots(&self) -> Vec<Snapshot> {
        let mut snapshots: Vec<Snapshot> = self.all_rounds().into_iter().map(observe).collect();
        if let Some(last) = snapshots.pop() {
            snapshots.push(last.observed_at(self.now));
        }
        snapshots
    }
}

/// Answers `ops.lag`.
#[must_use]
pub fn lag(request: &ObserveRequest) -> LagReport {
    let mut snapshot = request.all_rounds().last().map(|inputs| observe(inputs).observed_at(request.now)).unwrap_or_default();
    if request.count_records {
        snapshot.count_records();
    }
    let backlog = |name: (&str, &str)| {
        let link = snapshot.links.iter().find(|link| (link.reader.deployment.as_str(), link.reader.name.as_str()) == name);
        link.map(|link| link.backlog)
    };
    let streams = snapshot.streams.iter().map(|stream| StreamLag {
        deployment: stream.deployment.clone(),
        stream: stream.name.clone(),
        kind: stream.kind,
        status: stream.status.clone(),
        lags: stream.lags.clone(),
        backlog: backlog((&stream.deployment, &stream.name)),
    });
    LagReport { at: snapshot.at, streams: streams.collect(), links: snapshot.links.clone(), refused: snapshot.refused() }
}

/// Answers `ops.health`.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] without inputs.
pub fn health(request: ObserveRequest) -> Result<HealthAnswer> {
    let (report, monitor) = judged(request)?;
    Ok(HealthAnswer { report, memory: monitor.memory().clone() })
}

fn judged(mut request: ObserveRequest) -> Result<(HealthReport, Monitor)> {
    let mut memory = request.memory.take().unwrap_or_default();
    request.forget.iter().for_each(|name| memory.forget(name));
    let mut monitor = Monitor::with_memory(std::mem::take(&mut request.policy), memory);
    let report = request.snapshots().iter().fold(None, |_, snapshot| Some(monitor.observe(snapshot)));
    let report = report.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "inputs: at least one artefact is needed"))?;
    Ok((report, monitor))
}

/// Answers `ops.stats`.
///
/// # Errors
/// The errors of opening a trail, and [`ErrorKind::InvalidArgument`] for hot keys without a secret.
pub fn stats(request: &ObserveRequest) -> Result<StatsReport> {
    let snapshots = request.snapshots();
    let mut report = StatsReport { refused: refused(&snapshots), ..StatsReport::default() };
    if let [.., before, after] = snapshots.as_slice() {
        report.rates = rates(before, after);
    }
    if let Some(last) = snapshots.last() {
        for stream in &last.streams {
            for (table, counters) in &stream.counters {
                if counters.is_empty() {
                    let (deployment, stream) = (stream.deployment.clone(), stream.name.clone());
                    report.uncounted.push(UncountedTable { deployment, stream, table: table.clone() });
                }
                report.counters.extend(counters.iter().map(|(operation, counter)| CounterRow {
                    deployment: stream.deployment.clone(),
                    stream: stream.name.clone(),
                    table: table.clone(),
                    operation: operation.clone(),
                    counter: counter.clone(),
                }));
            }
        }
    }
    for path in &request.trails {
        let trail = Trail::open(path)?;
        let statistics = match &request.hot_keys {
            Some(keys) => TrailStatistics::with_hot_keys(&trail, ReadOptions::new(), keys)?,
            None => TrailStatistics::of(&trail, ReadOptions::new())?,
        };
        report.trails.insert(path.clone(), statistics);
    }
    report.apply = request.apply.as_ref().map(|apply| commit_to_apply(apply, &snapshots)).transpose()?;
    Ok(report)
}

/// Answers `ops.reconcile`.
#[must_use]
pub fn reconciled(request: &ObserveRequest) -> Reconciliation {
    let snapshots = request.snapshots();
    let found = match snapshots.as_slice() {
        [] => Reconciliation::default(),
        [only] => reconcile(None, only),
        [.., before, after] => reconcile(Some(before), after),
    };
    Reconciliation { refused: refused(&snapshots), ..found }
}

/// Returns the artefacts of all rounds that were refused, each once.
fn refused(snapshots: &[Snapshot]) -> Vec<RefusedInput> {
    let mut found: Vec<RefusedInput> = Vec::new();
    for refused in snapshots.iter().flat_map(Snapshot::refused) {
        if !found.contains(&refused) {
            found.push(refused);
        }
    }
    found
}

/// Answers `ops.export`.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] without inputs.
pub fn exported(request: ObserveRequest) -> Result<ExportReport> {
    let format = request.format;
    let (report, monitor) = judged(request)?;
    Ok(ExportReport { text: export::text(&report, format)?, memory: monitor.memory().clone() })
}

/// Answers a request of this crate, of pipelines or of the core: the one call of every binding.
///
/// ```
/// assert!(trailcore_ops::answer("ops.moon", "{}").is_err());
/// ```
///
/// # Errors
/// The errors of [`call`], [`trailcore_stream::pipeline::answer`] and [`trailcore::call`].
pub fn answer(verb: &str, request: &str) -> Result<String> {
    match verb.split_once('.') {
        Some(("ops", _)) => call(verb, request),
        Some(("pipelines", _)) => trailcore_stream::pipeline::answer(verb, request),
        _ => trailcore::call(verb, request),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "Program     Status      Group       Lag at Chkpt  Time Since Chkpt\\n\\nEXTRACT     RUNNING     E1          00:00:02      00:00:05\\n";

    #[test]
    fn every_verb_answers() {
        let inputs = format!(r#"[{{"name":"a","text":"{ALL}","observed":"2024-03-01T12:00:00Z"}}]"#);
        for (verb, says) in [
            ("ops.read", "info_all"),
            ("ops.lag", r#""millis":2000"#),
            ("ops.health", r#""health":"unknown""#),
            ("ops.stats", r#""counters":[]"#),
            ("ops.reconcile", r#""tables":[]"#),
            ("ops.export", "goldengate_stream_lag_seconds"),
        ] {
            let answer = call(verb, &format!(r#"{{"inputs":{inputs}}}"#)).unwrap();
            assert!(answer.contains(says), "{verb}: {answer}");
        }
        for (verb, _) in VERBS {
            let is_unknown = call(verb, "{}").is_err_and(|error| error.to_string().contains("unknown verb"));
            assert!(!is_unknown, "{verb}");
        }
        for (verb, request) in [("ops.moon", "{}"), ("ops.read", "{"), ("ops.read", r#"{"inptus":[]}"#), ("ops.health", "{}")] {
            assert_eq!(call(verb, request).unwrap_err().kind(), ErrorKind::InvalidArgument, "{verb} {request}");
        }
    }

    #[test]
    fn refused_artefacts_of_all_rounds_are_reported() {
        let rounds = format!(r#"{{"rounds":[[{{"path":"/no/such/file"}}]],"inputs":[{{"name":"a","text":"{ALL}"}}]}}"#);
        for verb in ["ops.stats", "ops.reconcile"] {
            let report: serde_json::Value = serde_json::from_str(&call(verb, &rounds).unwrap()).unwrap();
            assert_eq!(report["refused"].as_array().unwrap().len(), 1, "{verb}: {report}");
        }
    }

    #[test]
    fn a_dead_collector_is_noticed_with_the_time() {
        let request = format!(
            r#"{{"now":"2024-03-01T13:00:00Z","inputs":[{{"name":"a","text":"{ALL}","observed":"2024-03-01T12:00:00Z"}}]}}"#
        );
        let health = call("ops.health", &request).unwrap();
        assert!(health.contains(r#""kind":"input_frozen""#) && health.contains("60 minutes before"), "{health}");
        assert!(!call("ops.export", &request).unwrap().contains("lag_seconds{"));
    }

    #[test]
    fn memory_crosses_calls() {
        let round = |minute: u32, memory: &str| {
            let request =
                format!(r#"{{"inputs":[{{"name":"a","text":"{ALL}","observed":"2024-03-01T12:{minute:02}:00Z"}}]{memory}}}"#);
            call("ops.health", &request).unwrap()
        };
        let first: serde_json::Value = serde_json::from_str(&round(0, "")).unwrap();
        let second: serde_json::Value = serde_json::from_str(&round(5, &format!(r#","memory":{}"#, first["memory"]))).unwrap();
        let reason = |report: &serde_json::Value| report["streams"][0]["reasons"][0].to_string();
        assert!(reason(&first).contains("needs a second observation"), "{first}");
        assert!(reason(&second).contains("neither a position nor a counter"), "{second}");
    }

    #[test]
    fn another_command_is_refused() {
        let answer = call("ops.read", &format!(r#"{{"inputs":[{{"name":"a","text":"{ALL}"}}],"section":"stats"}}"#)).unwrap();
        assert!(answer.contains("not the output of this command") && answer.contains(r#""readings":[]"#), "{answer}");
    }
}
