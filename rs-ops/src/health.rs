//! Health: a verdict for each stream with its evidence and an expiry, and findings about streams, trails, services and the inputs
//! themselves. A process that runs but does not move is proven from two observations.

mod advice;
mod band;
mod checks;
mod finding;
mod inputs;
mod memory;
mod policy;
mod state;
mod verdict;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::model::{ProcessState, Snapshot};
use crate::moment::Moment;

pub use advice::advice;
pub use band::{Band, Limit};
pub use finding::{Finding, FindingKind, Weight};
pub use memory::Memory;
pub use policy::Policy;
pub use state::Health;
pub use verdict::{Forecast, Verdict};

use memory::{Seen, input_id};

/// The verdicts of an observation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HealthReport {
    /// The time of the observation.
    pub at: Option<Moment>,
    /// The number of streams by health.
    pub counts: BTreeMap<Health, u64>,
    /// The verdicts, by deployment and name.
    pub streams: Vec<Verdict>,
    /// The findings, the heaviest first.
    pub findings: Vec<Finding>,
    /// The changes of health since the last observation. A stream that changes all the time has one finding instead.
    pub changes: Vec<HealthChange>,
}

/// A change of a stream's health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HealthChange {
    /// The deployment.
    pub deployment: String,
    /// The stream.
    pub stream: String,
    /// The health before.
    pub from: Health,
    /// The health now.
    pub to: Health,
}

impl HealthReport {
    /// Returns the findings that need a person: warnings and critical ones.
    pub fn alarms(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.weight > Weight::Note)
    }
}

/// Observes deployments and gives verdicts. Its memory is a document, so that a host can keep it between two runs.
///
/// ```
/// use trailcore_ops::health::{Health, Monitor, Policy};
/// use trailcore_ops::{Input, observe};
///
/// let mut monitor = Monitor::new(Policy::default());
/// let text = |rba| format!("\
/// EXTRACT    E1    Last Started 2024-03-01 10:00   Status RUNNING
///   Target Extract Trails:
///   Trail Name    Seqno    RBA   Max MB
///   ./dirdat/lt       7   {rba}     500
/// REPLICAT   R1    Last Started 2024-03-01 10:00   Status RUNNING
/// Checkpoint Lag       00:00:02 (updated 00:00:01 ago)
/// Log Read Checkpoint  File ./dirdat/lt000000007
///                      2024-03-01 10:00:00  RBA 1000
/// ");
/// for (minute, rba) in [(0, 4_000), (5, 9_000)] {
///     let mut input = Input::text("info.txt", text(rba));
///     input.observed = format!("2024-03-01T12:{minute:02}:00Z").parse().ok();
///     let report = monitor.observe(&observe(&[input]));
///     if minute == 5 {
///         // It runs, there is work, and it has not moved.
///         assert_eq!(report.streams[1].health, Health::Stuck);
///     }
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Monitor {
    policy: Policy,
    memory: Memory,
}

impl Monitor {
    /// Creates a monitor without memory.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, memory: Memory::default() }
    }

    /// Creates a monitor that continues with the memory of another one.
    #[must_use]
    pub fn with_memory(policy: Policy, memory: Memory) -> Self {
        Self { policy, memory }
    }

    /// Returns the memory.
    #[must_use]
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Takes an observation and returns the verdicts.
    pub fn observe(&mut self, snapshot: &Snapshot) -> HealthReport {
        let mut findings = Vec::new();
        let elapsed = self.elapsed(snapshot, &mut findings);
        inputs::check(snapshot, &self.memory, &self.policy, &mut findings);
        checks::trails(snapshot, &self.memory, &self.policy, elapsed, &mut findings);
        checks::services(snapshot, &self.memory, &mut findings);
        checks::messages(snapshot, &self.memory, &mut findings);
        let mut report = HealthReport { at: snapshot.at, ..HealthReport::default() };
        let links = checks::links_by_reader(snapshot);
        let mut streams = BTreeMap::new();
        for stream in &snapshot.streams {
            let id = stream.id();
            let link = links.get(&(stream.deployment.as_str(), stream.name.as_str())).copied();
            let before = self.memory.streams.get(&id);
            let case = verdict::Case::of(stream, link, before, snapshot.at, &self.policy);
            let mut seen = case.seen();
            let verdict = case.judge(&mut seen, &mut findings);
            if let Some(before) = before {
                gone(snapshot, before, &mut seen, &self.policy, &mut findings);
            }
            self.note_change(&mut report, before, &mut seen, &verdict);
            if let Some(flaps) = seen.flapping(&self.policy) {
                findings.push(Finding::stream(
                    FindingKind::Flapping,
                    Weight::Warning,
                    stream,
                    format!("{flaps} changes of health within {} observations", self.policy.flap_window),
                ));
            }
            *report.counts.entry(verdict.health).or_default() += 1;
            report.streams.push(verdict);
            streams.insert(id, seen);
        }
        checks::peers(snapshot, &self.memory, &streams, &mut findings);
        self.missing_streams(snapshot, &mut report, &mut streams, &mut findings);
        self.memory.take(snapshot, streams);
        findings.sort_by(|one, other| {
            (other.weight, one.kind, &one.deployment, &one.subject).cmp(&(
                one.weight,
                other.kind,
                &other.deployment,
                &other.subject,
            ))
        });
        report.findings = findings;
        report
    }

    /// Returns the milliseconds since the last observation. A clock that was set back, or that jumps, is a finding.
    fn elapsed(&self, snapshot: &Snapshot, findings: &mut Vec<Finding>) -> Option<i64> {
        let (now, last) = (snapshot.at?, self.memory.at?);
        let elapsed = now.since(last)? / 1_000;
        if elapsed < 0 {
            findings.push(Finding::new(
                FindingKind::ClockStep,
                Weight::Warning,
                "",
                "observations",
                format!("the time of this observation is {} ms before the last one: the interval is not used", -elapsed),
            ));
            return None;
        }
        (elapsed > 0).then_some(elapsed)
    }

    fn note_change(&self, report: &mut HealthReport, before: Option<&Seen>, seen: &mut Seen, verdict: &Verdict) {
        let last = before.and_then(|before| before.health);
        let is_change = last.is_some_and(|last| last != verdict.health);
        // Work that comes and goes is no news.
        let is_calm = |health: Health| matches!(health, Health::Healthy | Health::Idle);
        let is_news = is_change && !(is_calm(verdict.health) && last.is_none_or(is_calm));
        if verdict.is_new || is_change {
            seen.remember(verdict.health, (is_change, is_news), before, verdict.at, &self.policy);
        }
        if let (true, Some(from), None) = (is_news, last, seen.flapping(&self.policy)) {
            let (deployment, stream) = (verdict.deployment.clone(), verdict.stream.clone());
            report.changes.push(HealthChange { deployment, stream, from, to: verdict.health });
        }
    }

    /// Returns whether the artefact of a stream came, or others of its deployment if it has none: only then the stream is gone.
    fn delivers(&self, snapshot: &Snapshot, before: &Seen) -> bool {
        let mut inputs = snapshot.inputs.iter().filter(|input| input.deployment == before.deployment && input.error.is_none());
        let is_expected = |artefact: &&String| self.memory.inputs.contains_key(&input_id(&before.deployment, artefact));
        match before.artefact.as_ref().filter(is_expected) {
            Some(artefact) => inputs.any(|input| input.artefact == *artefact),
            None => inputs.next().is_some(),
        }
    }

    /// Judges streams that were there and are not any more: their input stopped, or the group was deleted.
    fn missing_streams(
        &self,
        snapshot: &Snapshot,
        report: &mut HealthReport,
        streams: &mut BTreeMap<String, Seen>,
        findings: &mut Vec<Finding>,
    ) {
        for (id, before) in &self.memory.streams {
            if streams.contains_key(id) {
                continue;
            }
            let mut seen = before.clone();
            seen.missed = seen.missed.saturating_add(u64::from(self.delivers(snapshot, before)));
            group_missing(snapshot, before, seen.missed, &self.policy, findings);
            if seen.missed <= self.policy.forget_after {
                let verdict = Verdict::unknown(before, snapshot.at, "no artefact of this observation has it");
                *report.counts.entry(verdict.health).or_default() += 1;
                report.streams.push(verdict);
                streams.insert(id.clone(), seen);
            }
        }
        report.streams.sort_by(|one, other| (&one.deployment, &one.stream).cmp(&(&other.deployment, &other.stream)));
    }
}

/// Finds a group that only other artefacts still name: the one that had its state is there, without it.
fn gone(snapshot: &Snapshot, before: &Seen, seen: &mut Seen, policy: &Policy, findings: &mut Vec<Finding>) {
    if seen.state != ProcessState::Unknown || before.state == ProcessState::Unknown {
        return;
    }
    seen.missed = before.missed + 1;
    if seen.missed <= policy.forget_after {
        (seen.state, seen.artefact) = (before.state, before.artefact.clone());
        group_missing(snapshot, before, seen.missed, policy, findings);
    }
}

fn group_missing(snapshot: &Snapshot, before: &Seen, missed: u64, policy: &Policy, findings: &mut Vec<Finding>) {
    let Some(artefact) = &before.artefact else { return };
    let is_there = snapshot.inputs.iter().any(|input| input.artefact == *artefact && input.error.is_none());
    if is_there && missed <= policy.forget_after {
        let text = format!("{} was in {artefact} and is not any more", before.name);
        findings.push(Finding::new(FindingKind::GroupMissing, Weight::Critical, &before.deployment, &before.name, text));
    }
}
