//! [`Verdict`]: the health of a stream, with the facts that it follows from.

use serde::{Deserialize, Serialize};

use crate::health::band::Limit;
use crate::health::memory::Seen;
use crate::health::{Finding, FindingKind, Health, Policy, Weight};
use crate::model::{Backlog, Evidence, LagDefinition, LagValue, Link, ProcessState, Stream, StreamKind, is_stale};
use crate::moment::Moment;

/// The time until a reader has caught up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Forecast {
    /// Bytes that are written in a second.
    pub bytes_in: f64,
    /// Bytes that are taken in a second.
    pub bytes_out: f64,
    /// Taken bytes divided by written ones: above 1 it catches up, below 1 it does not. Absent if nothing was written.
    pub keep_up: Option<f64>,
    /// Milliseconds until the backlog is gone. Absent if it does not shrink.
    pub catch_up: Option<i64>,
    /// The intervals that the forecast rests on.
    pub samples: usize,
    /// From 0 to 1: how steady the rates of the intervals are.
    pub confidence: f64,
}

/// The health of a stream, with the facts that it follows from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verdict {
    /// The deployment.
    pub deployment: String,
    /// The stream.
    pub stream: String,
    /// The kind of stream.
    pub kind: StreamKind,
    /// The health.
    pub health: Health,
    /// The time since which it has this health, as far as it was observed.
    pub since: Option<Moment>,
    /// The time of the observation.
    pub at: Option<Moment>,
    /// The time after which the verdict is worth nothing.
    pub expires: Option<Moment>,
    /// The facts, in sentences.
    pub reasons: Vec<String>,
    /// The origin of the facts.
    pub evidence: Vec<Evidence>,
    /// The lag by every definition that is known.
    pub lags: Vec<LagValue>,
    /// The distance to the writer of its trail.
    pub backlog: Option<Backlog>,
    /// The limits that were used, with their origin.
    pub limits: Vec<Limit>,
    /// The time until it has caught up, if there are enough intervals.
    pub forecast: Option<Forecast>,
    /// It follows from artefacts that the last observation did not have.
    #[serde(skip)]
    pub(crate) is_new: bool,
}

impl Verdict {
    /// Returns the verdict as it counts at a time. After its expiry the health is unknown and there are no values; values of artefacts
    /// of an earlier round are left out.
    ///
    /// ```
    /// use trailcore_ops::health::{Health, Monitor};
    /// use trailcore_ops::{Input, observe};
    /// let text = "Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\nEXTRACT     ABENDED     E1          00:00:02      00:00:05\n";
    /// let input = Input { observed: "2024-03-01T12:00:00Z".parse().ok(), ..Input::text("all.txt", text) };
    /// let verdict = Monitor::default().observe(&observe(&[input])).streams.remove(0);
    /// let later = verdict.as_of("2024-03-01T13:00:00Z".parse().ok());
    /// assert_eq!((verdict.health, later.health), (Health::Abended, Health::Unknown));
    /// assert!(later.lags.is_empty());
    /// ```
    #[must_use]
    pub fn as_of(&self, now: Option<Moment>) -> Self {
        let mut verdict = self.clone();
        if is_after(now, self.expires) {
            (verdict.health, verdict.backlog, verdict.forecast) = (Health::Unknown, None, None);
            verdict.lags.clear();
        }
        let latest = self.evidence.iter().filter_map(|evidence| evidence.observed).max();
        verdict.lags.retain(|lag| !is_stale(lag.evidence.observed, latest));
        verdict
    }

    /// Returns the verdict of a stream that no artefact has.
    pub(crate) fn unknown(seen: &Seen, at: Option<Moment>, why: &str) -> Self {
        Self {
            deployment: seen.deployment.clone(),
            stream: seen.name.clone(),
            kind: StreamKind::Unknown,
            health: Health::Unknown,
            since: seen.since_health,
            at,
            expires: None,
            reasons: vec![why.to_owned()],
            evidence: Vec::new(),
            lags: Vec::new(),
            backlog: None,
            limits: Vec::new(),
            forecast: None,
            is_new: true,
        }
    }
}

/// Returns the time after which the position of a writer is worth nothing: its artefacts do not come any more.
fn writer_expires(link: &Link, lifetime: i64) -> Option<Moment> {
    link.writer.as_ref()?.point.evidence.observed?.plus_millis(lifetime)
}

/// Returns whether a time is after another one; not if one of them is not known.
fn is_after(time: Option<Moment>, other: Option<Moment>) -> bool {
    time.zip(other).and_then(|(time, other)| time.since(other)).is_some_and(|micros| micros > 0)
}

/// A stream to judge.
pub(crate) struct Case<'a> {
    pub(crate) stream: &'a Stream,
    pub(crate) link: Option<&'a Link>,
    pub(crate) before: Option<&'a Seen>,
    /// The time of the artefacts.
    observed: Option<Moment>,
    /// Milliseconds since the artefacts of the last observation. None if they are the same, or earlier.
    elapsed: Option<i64>,
    /// The time of the observation.
    at: Option<Moment>,
    policy: &'a Policy,
}

impl<'a> Case<'a> {
    pub(crate) fn of(
        stream: &'a Stream,
        link: Option<&'a Link>,
        before: Option<&'a Seen>,
        at: Option<Moment>,
        policy: &'a Policy,
    ) -> Self {
        let observed = stream.observed().or(at);
        let elapsed = observed.zip(before.and_then(|before| before.at)).and_then(|(now, last)| Some(now.since(last)? / 1_000));
        let lifetime = policy.lifetime(before.and_then(|before| before.interval));
        let link = link.filter(|link| !is_after(at, writer_expires(link, lifetime)));
        Self { stream, link, before, observed, elapsed: elapsed.filter(|millis| *millis > 0), at, policy }
    }

    /// Returns the stream as it is seen now.
    pub(crate) fn seen(&self) -> Seen {
        Seen::of(self.stream, self.link, self.observed, self.before, self.elapsed)
    }

    /// Gives the verdict. Findings about the stream are added.
    pub(crate) fn judge(&self, seen: &mut Seen, findings: &mut Vec<Finding>) -> Verdict {
        match self.before.filter(|before| self.is_again(before, seen)) {
            Some(before) => self.judge_again(before, seen, findings),
            None => {
                let first = findings.len();
                let verdict = self.judge_new(seen, findings);
                seen.findings = findings.get(first..).unwrap_or_default().to_vec();
                seen.reasons.clone_from(&verdict.reasons);
                verdict
            }
        }
    }

    /// Returns whether the artefacts are those of the last observation.
    fn is_again(&self, before: &Seen, seen: &Seen) -> bool {
        let is_same_time = self.observed.is_some() && before.at == self.observed;
        is_same_time && before.state == seen.state && before.lag == seen.lag && !has_moved(before, seen)
    }

    /// Repeats the verdict of the last observation, until it expires: nothing new is known.
    fn judge_again(&self, before: &Seen, seen: &mut Seen, findings: &mut Vec<Finding>) -> Verdict {
        *seen = Seen { missed: 0, ..before.clone() };
        let is_expired = is_after(self.at, self.expires(seen));
        let observed = self.observed.map(|time| time.to_string()).unwrap_or_default();
        let (health, reasons) = if is_expired {
            (Health::Unknown, vec![format!("its artefacts are of {observed}: the facts in them are too old")])
        } else {
            findings.extend(seen.findings.iter().cloned());
            let again = format!("its artefacts are of {observed}, as in the last observation");
            (before.health.unwrap_or(Health::Unknown), seen.reasons.iter().cloned().chain([again]).collect())
        };
        let (limits, forecast) = (self.limits(seen), self.forecast(seen));
        Verdict { is_new: false, ..self.verdict(seen, health, reasons, limits, forecast).as_of(self.at) }
    }

    fn limits(&self, seen: &Seen) -> Vec<Limit> {
        let hour = self.observed.and_then(hour_of);
        [seen.band.lag_limit(hour, self.policy), seen.band.backlog_limit(hour, self.policy)].into_iter().flatten().collect()
    }

    fn judge_new(&self, seen: &mut Seen, findings: &mut Vec<Finding>) -> Verdict {
        let mut reasons = Vec::new();
        self.facts(seen, findings);
        let (limits, forecast) = (self.limits(seen), self.forecast(seen));
        let health = match self.stream.state {
            ProcessState::Abended => self.abended(seen, findings, &mut reasons),
            ProcessState::Stopped => {
                reasons.push(format!("its state is {}", self.stream.status));
                let was_running = self.before.is_some_and(|before| before.state == ProcessState::Running);
                let weight = if was_running { Weight::Warning } else { Weight::Note };
                self.find(FindingKind::Stopped, weight, "it was stopped".to_owned(), findings);
                Health::Stopped
            }
            ProcessState::Running => self.running(seen, &limits, forecast.as_ref(), findings, &mut reasons),
            ProcessState::Changing => self.changing(findings, &mut reasons),
            ProcessState::Other => {
                self.find(FindingKind::UnknownState, Weight::Warning, format!("its state is {:?}", self.stream.status), findings);
                reasons.push(format!("its state, {:?}, is not known", self.stream.status));
                Health::Unknown
            }
            ProcessState::Unknown => {
                reasons.push("no artefact states whether it runs".to_owned());
                Health::Unknown
            }
        };
        self.learn(seen, health);
        self.verdict(seen, health, reasons, limits, forecast)
    }

    /// Learns what is usual. The lag of an idle stream only states that nothing arrives.
    fn learn(&self, seen: &mut Seen, health: Health) {
        let lag = seen.lag.filter(|_| health == Health::Healthy);
        if matches!(health, Health::Healthy | Health::Idle) && self.policy.learn {
            seen.band.learn(self.observed.and_then(hour_of), lag, seen.backlog);
        }
    }

    fn verdict(
        &self,
        seen: &Seen,
        health: Health,
        reasons: Vec<String>,
        limits: Vec<Limit>,
        forecast: Option<Forecast>,
    ) -> Verdict {
        let is_same = self.before.and_then(|before| before.health) == Some(health);
        let since = self.before.and_then(|before| before.since_health).filter(|_| is_same).or(self.at);
        Verdict {
            deployment: self.stream.deployment.clone(),
            stream: self.stream.name.clone(),
            kind: self.stream.kind,
            health,
            since,
            at: self.at,
            expires: self.expires(seen),
            reasons,
            evidence: self.stream.evidence.iter().chain(self.stream.read.iter().map(|point| &point.evidence)).cloned().collect(),
            lags: self.stream.lags.clone(),
            backlog: self.link.map(|link| link.backlog),
            limits,
            forecast,
            is_new: true,
        }
    }

    fn find(&self, kind: FindingKind, weight: Weight, text: String, findings: &mut Vec<Finding>) {
        findings
            .push(Finding::stream(kind, weight, self.stream, text).with(self.stream.read.iter().map(|point| &point.evidence)));
    }

    fn expires(&self, seen: &Seen) -> Option<Moment> {
        self.observed?.plus_millis(self.policy.lifetime(seen.interval))
    }

    fn abended(&self, seen: &mut Seen, findings: &mut Vec<Finding>, reasons: &mut Vec<String>) -> Health {
        reasons.push(format!("its state is {}", self.stream.status));
        let code = self.stream.first_error().and_then(|error| error.code.clone()).unwrap_or_else(|| "no message".to_owned());
        self.find(FindingKind::Abended, Weight::Critical, format!("it abended; the first error is {code}"), findings);
        let _ = seen;
        Health::Abended
    }

    fn changing(&self, findings: &mut Vec<Finding>, reasons: &mut Vec<String>) -> Health {
        reasons.push(format!("its state is {}", self.stream.status));
        if self.before.is_some_and(|before| before.state == ProcessState::Changing) {
            self.find(
                FindingKind::ChangingTooLong,
                Weight::Warning,
                format!("it is {} since at least two observations", self.stream.status),
                findings,
            );
        }
        Health::Unknown
    }

    /// Judges a process that runs.
    fn running(
        &self,
        seen: &Seen,
        limits: &[Limit],
        forecast: Option<&Forecast>,
        findings: &mut Vec<Finding>,
        reasons: &mut Vec<String>,
    ) -> Health {
        let (Some(before), Some(elapsed)) = (self.before.filter(|before| before.state == ProcessState::Running), self.elapsed)
        else {
            reasons.push("it runs; whether it moves needs a second observation".to_owned());
            return if self.has_work(seen) == Some(false) { Health::Idle } else { Health::Unknown };
        };
        if let Some(health) = self.stuck(seen, before, elapsed, findings, reasons) {
            return health;
        }
        let moved = has_moved(before, seen);
        let over = self.over(seen, limits, reasons);
        if !moved && over.is_none() {
            return self.still(seen, reasons);
        }
        let Some(limit) = over else {
            reasons.push(format!("it moves{}", within(limits)));
            return Health::Healthy;
        };
        if !moved && self.has_work(seen) == Some(false) {
            reasons.push("it has read all that was written: its lag only states that nothing arrives".to_owned());
            return Health::Idle;
        }
        let grows = match (seen.backlog, before.backlog) {
            (Some(now), Some(was)) => now > was,
            _ => seen.lag > before.lag,
        };
        self.find(FindingKind::LagAboveLimit, Weight::Warning, limit, findings);
        if !grows {
            reasons.push("the distance shrinks".to_owned());
            return Health::CatchingUp;
        }
        let ratio =
            forecast.and_then(|forecast| forecast.keep_up).map_or(String::new(), |ratio| format!("; keep-up ratio {ratio:.2}"));
        self.find(
            FindingKind::FallingBehind,
            Weight::Critical,
            format!("the distance to its writer is above its limit and grows{ratio}"),
            findings,
        );
        reasons.push(format!("the distance grows{ratio}"));
        Health::FallingBehind
    }

    /// Judges a process that has not moved, as far as that can be seen.
    fn still(&self, seen: &Seen, reasons: &mut Vec<String>) -> Health {
        let (health, reason) = match self.has_work(seen) {
            Some(false) => (Health::Idle, "it has read all that was written"),
            Some(true) => (Health::Unknown, "work has arrived, and it has not moved yet"),
            None if seen.has_place() => (Health::Idle, "it has not moved, and there is no work that is known"),
            None => (Health::Unknown, "neither a position nor a counter is known that would show whether it moves"),
        };
        reasons.push(reason.to_owned());
        health
    }

    /// Returns whether there is work: none if it is not known.
    fn has_work(&self, seen: &Seen) -> Option<bool> {
        match (self.link.map(|link| link.backlog), self.stream.eof.as_deref()) {
            (Some(Backlog { bytes: Some(bytes), .. }), _) => Some(bytes > 0),
            (Some(Backlog { files: Some(files), .. }), _) if files > 0 => Some(true),
            (_, Some("at_eof" | "waiting")) => Some(false),
            _ => seen.backlog.map(|bytes| bytes > 0),
        }
    }

    /// Proves from two observations that the process does not move although it has work.
    fn stuck(
        &self,
        seen: &Seen,
        before: &Seen,
        elapsed: i64,
        findings: &mut Vec<Finding>,
        reasons: &mut Vec<String>,
    ) -> Option<Health> {
        let reads_on = seen.read != before.read || seen.redo != before.redo;
        let has_position = self.has_new_position(before);
        let wrote_checkpoint = seen.since.zip(before.since).is_none_or(|(now, was)| now < was.saturating_add(elapsed - 1_000));
        // Even what was there at the last observation has not been read.
        let was_work = seen.read.zip(before.writer).is_some_and(|(read, writer)| read < writer)
            || before.backlog.is_some_and(|bytes| bytes > 0);
        if has_position && !reads_on && was_work && self.has_work(seen) != Some(false) {
            let text =
                format!("it runs and has not read on in {} s, although there was work at both observations", elapsed / 1_000);
            reasons.push(text.clone());
            self.find(FindingKind::StuckReader, Weight::Critical, text, findings);
            return Some(Health::Stuck);
        }
        if !wrote_checkpoint && !has_moved(before, seen) && seen.since.is_some_and(|since| since >= self.policy.checkpoint_age) {
            let text = format!("it wrote no checkpoint in {} s and has not moved", elapsed / 1_000);
            reasons.push(text.clone());
            self.find(FindingKind::NotCheckpointing, Weight::Critical, text, findings);
            return Some(Health::Stuck);
        }
        let is_at_end = self.has_work(seen) == Some(false);
        let lag_grows = seen.lag.zip(before.lag).is_some_and(|(now, was)| now.saturating_sub(was) >= elapsed - 1_000 && was > 0);
        if seen.redo.is_some() && !reads_on && lag_grows && !is_at_end {
            let text = format!("it runs and has not read on in {} s, and its lag grew by the same time", elapsed / 1_000);
            reasons.push(text.clone());
            self.find(FindingKind::StuckReader, Weight::Critical, text, findings);
            return Some(Health::Stuck);
        }
        let sum = |seen: &Seen| seen.operations.values().fold(0, |sum: u64, value| sum.saturating_add(*value));
        let takes_in = sum(seen) > sum(before) && !before.operations.is_empty();
        if !seen.writes.is_empty() && seen.writes == before.writes && takes_in {
            let text = format!("it took {} operations in, and its trail has not grown", sum(seen) - sum(before));
            reasons.push(text.clone());
            self.find(FindingKind::StuckWriter, Weight::Critical, text, findings);
            return Some(Health::Stuck);
        }
        None
    }

    /// Returns whether it has a position to read from that was observed after the last observation.
    fn has_new_position(&self, before: &Seen) -> bool {
        let read = self.stream.read.as_ref().map(|point| &point.evidence);
        let redo = self.stream.redo.as_ref().map(|point| &point.evidence);
        let is_new = |evidence: &Evidence| evidence.observed.is_none() || evidence.observed > before.at;
        read.into_iter().chain(redo).any(is_new)
    }

    /// Returns the limit that is exceeded, in words.
    fn over(&self, seen: &Seen, limits: &[Limit], reasons: &mut Vec<String>) -> Option<String> {
        let mut found = None;
        for limit in limits {
            let value = match limit.quantity.as_str() {
                "lag" => seen.lag,
                _ => seen.backlog.and_then(|bytes| i64::try_from(bytes).ok()),
            };
            if let Some(value) = value.filter(|value| *value > limit.value) {
                let unit = if limit.quantity == "lag" { "ms" } else { "bytes" };
                let text = format!("its {} of {value} {unit} is above {} {unit} ({})", limit.quantity, limit.value, limit.origin);
                reasons.push(text.clone());
                found.get_or_insert(text);
            }
        }
        found
    }

    /// Finds facts that are worth a note in any state.
    fn facts(&self, seen: &mut Seen, findings: &mut Vec<Finding>) {
        self.clock(findings);
        self.disagreement(findings);
        self.open_transactions(seen, findings);
        let is_abend = seen.state == ProcessState::Abended;
        let Some(before) = self.before else { return };
        let restarted = seen.started.zip(before.started).is_some_and(|(now, was)| now > was)
            || (seen.process.is_some() && before.process.is_some() && seen.process != before.process);
        seen.failures.push(restarted || (is_abend && before.state != ProcessState::Abended));
        if seen.failures.len() > 6 {
            seen.failures.remove(0);
        }
        if seen.failures.iter().filter(|failure| **failure).count() >= 3 {
            self.find(
                FindingKind::AbendLoop,
                Weight::Critical,
                "it was started again or abended at least three times in six observations".to_owned(),
                findings,
            );
        } else if restarted {
            self.find(FindingKind::Restarted, Weight::Note, "it was started again".to_owned(), findings);
        }
        let resets = seen.operations.iter().any(|(table, value)| before.operations.get(table).is_some_and(|was| value < was));
        if resets {
            self.find(
                FindingKind::CountersReset,
                Weight::Note,
                "its counters start again: the interval has no rates".to_owned(),
                findings,
            );
        }
        self.growth(seen, before, findings);
        self.backwards(seen, before, findings);
        if seen.heartbeat_age.zip(before.heartbeat_age).is_some_and(|(now, was)| now > self.policy.heartbeat_age && now > was) {
            self.find(
                FindingKind::HeartbeatStale,
                Weight::Warning,
                format!("the last heartbeat is {} s old, and none arrived since", seen.heartbeat_age.unwrap_or(0) / 1_000),
                findings,
            );
        }
    }

    fn growth(&self, seen: &Seen, before: &Seen, findings: &mut Vec<Finding>) {
        if seen.discards > before.discards {
            self.find(
                FindingKind::DiscardsGrow,
                Weight::Warning,
                format!("{} more records were discarded", seen.discards - before.discards),
                findings,
            );
        }
        if seen.collisions > before.collisions {
            self.find(
                FindingKind::CollisionsGrow,
                Weight::Warning,
                format!("{} more collisions were resolved", seen.collisions - before.collisions),
                findings,
            );
        }
        if let (Some(now), Some(was), Some(elapsed)) = (seen.low_high, before.low_high, self.elapsed) {
            let more = now.saturating_sub(was);
            if more > elapsed / 2 {
                self.find(
                    FindingKind::WatermarkSpread,
                    Weight::Warning,
                    format!(
                        "its watermarks are {} s apart, {} s more than before: one applier is slow",
                        now / 1_000,
                        more / 1_000
                    ),
                    findings,
                );
            }
        }
    }

    fn backwards(&self, seen: &Seen, before: &Seen, findings: &mut Vec<Finding>) {
        if seen.read.zip(before.read).is_some_and(|(now, was)| now < was) {
            self.find(
                FindingKind::WentBack,
                Weight::Warning,
                "its position is before the one of the last observation: records are read again".to_owned(),
                findings,
            );
        }
        let went_back =
            seen.writes.len() == before.writes.len() && seen.writes.iter().zip(&before.writes).any(|(now, was)| now < was);
        if went_back {
            self.find(
                FindingKind::WriterWentBack,
                Weight::Critical,
                "its trail ends before the end of the last observation".to_owned(),
                findings,
            );
        }
    }

    /// A record that is newer than its observation, or a negative lag: clocks differ.
    fn clock(&self, findings: &mut Vec<Finding>) {
        let newer = |time: Option<Moment>, evidence: &Evidence| Some(time?.since(evidence.observed?)? / 1_000);
        let points = self.stream.read.iter().chain(&self.stream.writes).filter_map(|point| newer(point.time, &point.evidence));
        let ahead = points.chain(self.stream.lags.iter().map(|lag| lag.millis.saturating_neg())).max().unwrap_or(0);
        if ahead > self.policy.clock_tolerance {
            self.find(
                FindingKind::ClockSkew,
                Weight::Warning,
                format!("a time is {ahead} ms after its observation: clocks differ"),
                findings,
            );
        }
    }

    /// Compares the definitions of lag that should agree.
    fn disagreement(&self, findings: &mut Vec<Finding>) {
        let lag = |definition| self.stream.lag(definition).map(|lag| lag.millis);
        let is_current = LagValue::current(&self.stream.lags).is_some_and(|lag| lag.definition == LagDefinition::Process);
        // A fresh checkpoint and the process itself must agree; an old checkpoint is frozen, and an old answer is history.
        let is_fresh = is_current && lag(LagDefinition::SinceCheckpoint).is_some_and(|since| since < self.policy.checkpoint_age);
        if let (Some(checkpoint), Some(process), true) = (lag(LagDefinition::Checkpoint), lag(LagDefinition::Process), is_fresh) {
            if checkpoint.saturating_sub(process).saturating_abs() > self.policy.lag_tolerance {
                let text = format!(
                    "its checkpoint has a lag of {checkpoint} ms, the process answers {process} ms, and the checkpoint is fresh"
                );
                self.find(FindingKind::LagDisagreement, Weight::Warning, text, findings);
            }
        }
    }

    fn open_transactions(&self, seen: &Seen, findings: &mut Vec<Finding>) {
        for open in self.stream.open.iter().filter(|open| open.items != Some(0)) {
            let age = open.started.zip(open.evidence.observed).and_then(|(started, at)| Some(at.since(started)? / 1_000));
            if age.is_some_and(|age| age > self.policy.transaction_age) {
                let text = format!(
                    "transaction {} is open for {} minutes: all redo since its start is needed",
                    open.xid,
                    age.unwrap_or(0) / 60_000
                );
                self.find(FindingKind::LongTransaction, Weight::Warning, text, findings);
            }
        }
        let _ = seen;
    }

    /// Estimates the time until the backlog is gone.
    fn forecast(&self, seen: &Seen) -> Option<Forecast> {
        if seen.intervals.len() < self.policy.forecast_samples {
            return None;
        }
        let (millis, arrived, taken) = seen.intervals.iter().fold((0i64, 0u64, 0u64), |sum, one| {
            (sum.0.saturating_add(one.0), sum.1.saturating_add(one.1), sum.2.saturating_add(one.2))
        });
        let rate = |bytes: u64| bytes as f64 * 1_000.0 / millis.max(1) as f64;
        let (bytes_in, bytes_out) = (rate(arrived), rate(taken));
        let net = bytes_out - bytes_in;
        let catch_up = match seen.backlog {
            Some(0) => Some(0),
            Some(backlog) if net > 0.0 => Some((backlog as f64 / net * 1_000.0) as i64),
            _ => None,
        };
        Some(Forecast {
            bytes_in,
            bytes_out,
            keep_up: (arrived > 0).then(|| taken as f64 / arrived as f64),
            catch_up,
            samples: seen.intervals.len(),
            confidence: steadiness(seen),
        })
    }
}

/// Returns how steady the taken bytes are: 1 less the coefficient of variation, at least 0.
fn steadiness(seen: &Seen) -> f64 {
    let rates: Vec<f64> = seen.intervals.iter().map(|(millis, _, taken)| *taken as f64 / (*millis).max(1) as f64).collect();
    let mean = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
    if mean <= 0.0 {
        return 0.0;
    }
    let variance = rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / rates.len() as f64;
    (1.0 - variance.sqrt() / mean).clamp(0.0, 1.0)
}

fn has_moved(before: &Seen, now: &Seen) -> bool {
    now.read != before.read || now.redo != before.redo || now.writes != before.writes || now.operations != before.operations
}

/// Returns the limits that a stream is within, in words.
fn within(limits: &[Limit]) -> String {
    let quantities: Vec<&str> = limits.iter().map(|limit| limit.quantity.as_str()).collect();
    match quantities.as_slice() {
        [] => "; no limit is set or learned yet".to_owned(),
        [only] => format!(", within its limit of the {only}; no other limit is set or learned yet"),
        _ => ", within its limits".to_owned(),
    }
}

fn hour_of(at: Moment) -> Option<u8> {
    at.to_string().get(11..13)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::{HealthReport, Monitor};
    use crate::{Input, observe};

    /// Observes texts one after the other, three seconds apart.
    fn rounds(texts: &[&str]) -> (HealthReport, Monitor) {
        let mut monitor = Monitor::new(Policy::default());
        let mut last = HealthReport::default();
        for (round, text) in texts.iter().enumerate() {
            let mut input = Input::text("ggsci.txt", *text);
            input.observed = format!("2024-03-01T12:00:{:02}Z", round * 3).parse().ok();
            last = monitor.observe(&observe(&[input]));
        }
        (last, monitor)
    }

    fn health(report: &HealthReport, stream: &str) -> Health {
        report.streams.iter().find(|verdict| verdict.stream == stream).unwrap().health
    }

    #[test]
    fn idle_needs_a_position_that_stands_still() {
        let all = "Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\nEXTRACT     RUNNING     E1          842:45:01     00:00:09\n";
        let (report, monitor) = rounds(&[all, all]);
        assert_eq!(health(&report, "E1"), Health::Unknown);
        assert_eq!(monitor.memory().streams["default/E1"].band.all.samples, 0);

        let info = |seqno: u64| {
            format!(
                "EXTRACT    E1    Last Started 2024-03-01 09:00   Status RUNNING\n  Target Extract Trails:\n  Trail Name    Seqno    RBA   Max MB\n\
                \u{20} ./dirdat/lt       {seqno}   9000     500\n\nREPLICAT   R1    Last Started 2024-03-01 09:00   Status RUNNING\n\
                Log Read Checkpoint  File ./dirdat/lt000000007\n                     2024-03-01 10:00:00  RBA 9000\n"
            )
        };
        let (report, _) = rounds(&[&info(7), &info(9)]);
        assert_eq!((health(&report, "R1"), health(&report, "E1")), (Health::Unknown, Health::Healthy));
        let (report, _) = rounds(&[&info(7), &info(7)]);
        assert_eq!((health(&report, "R1"), health(&report, "E1")), (Health::Idle, Health::Idle));
    }

    #[test]
    fn a_process_that_counts_is_not_stuck() {
        let text = |seconds: u64, operations: u64| {
            format!(
                "REPLICAT   R1    Last Started 2024-03-01 09:00   Status RUNNING\nCheckpoint Lag       00:00:02 (updated 00:20:{seconds:02} ago)\n\
                Log Read Checkpoint  File ./dirdat/lt000000007\n                     2024-03-01 10:00:00  RBA 9000\n\n\
                Sending STATS request to REPLICAT R1 ...\n\nStart of Statistics at 2024-03-01 10:00:00.\n\nReplicating from A.T to B.T:\n\n\
                *** Total statistics since 2024-03-01 09:00:00 ***\n  Total operations  {operations}.00\n\nEnd of Statistics.\n"
            )
        };
        let (report, _) = rounds(&[&text(0, 100), &text(3, 90_000)]);
        assert_eq!(health(&report, "R1"), Health::Healthy);
        let (report, _) = rounds(&[&text(0, 100), &text(3, 100)]);
        assert_eq!(health(&report, "R1"), Health::Stuck);
    }

    #[test]
    fn an_abend_is_explained_by_its_own_run() {
        let all = "Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\nEXTRACT     ABENDED     E1          00:00:01     00:00:09\n";
        let line = |time: &str, rest: &str| {
            let (severity, rest) = rest.split_once(' ').unwrap();
            format!("{time}  {severity:<7} {rest}  Oracle GoldenGate Capture for Oracle, e1.prm:  x.\n")
        };
        let old = line("2023-01-05 10:00:00", "ERROR OGG-00446");
        let last = line("2024-03-01 09:00:00", "ERROR OGG-00664") + &line("2024-03-01 09:00:01", "ERROR OGG-01668");
        let first_error = |log: String| {
            let report = Monitor::default().observe(&observe(&[Input::text("all.txt", all), Input::text("ggserr.log", log)]));
            report.findings.iter().find(|finding| finding.kind == FindingKind::Abended).unwrap().text.clone()
        };
        let started = line("2023-01-05 12:00:00", "INFO OGG-00992");
        assert_eq!(first_error(format!("{old}{started}{last}")), "it abended; the first error is OGG-00664");
        let abended = line("2023-01-05 10:00:01", "ERROR OGG-01668");
        assert_eq!(first_error(format!("{old}{abended}{last}")), "it abended; the first error is OGG-00664");
        // A start without an error since is no run to explain.
        let again = line("2024-03-02 09:00:00", "INFO OGG-00992");
        assert_eq!(first_error(format!("{last}{again}")), "it abended; the first error is OGG-00664");
    }
}
