//! The watchdog over the inputs: one that stops, cannot be read, or is damaged is a finding.

use std::collections::BTreeMap;

use crate::fault::FaultKind;
use crate::health::memory::{InputMemory, input_id};
use crate::health::{Finding, FindingKind, Memory, Policy, Weight};
use crate::model::{InputSeen, Snapshot};
use crate::read::Kind;

/// The advice for an input that does not come any more.
const FORGET: &str =
    "look at the program that collects it; if it will not come again, drop it: --forget NAME, or `forget` of a request";

/// An artefact, and what the memory has about it.
type Known<'a> = (&'a str, &'a InputMemory);

pub(crate) fn check(snapshot: &Snapshot, memory: &Memory, policy: &Policy, findings: &mut Vec<Finding>) {
    stopped(snapshot, memory, findings);
    let is_newer = any_newer(snapshot, memory);
    for input in &snapshot.inputs {
        if let Some(text) = frozen(input, snapshot, memory, is_newer, policy) {
            findings.push(finding(FindingKind::InputFrozen, Weight::Warning, input, text));
        }
        match &input.error {
            Some(error) => findings.push(unreadable(input, error)),
            None => damaged(input, findings),
        }
    }
}

/// A log that nobody writes to keeps its time; an answer is new each time.
fn is_answer(input: &InputSeen) -> bool {
    matches!(input.kind, Some(Kind::Transcript | Kind::Rest | Kind::Pipelines | Kind::Statsd))
}

fn known<'a>(input: &InputSeen, memory: &'a Memory) -> Option<&'a InputMemory> {
    memory.inputs.get(&input_id(&input.deployment, &input.artefact))
}

/// Returns whether an answer is newer than at the last observation.
fn any_newer(snapshot: &Snapshot, memory: &Memory) -> bool {
    let is_newer = |input: &InputSeen| known(input, memory).is_some_and(|known| known.observed < input.observed);
    snapshot.inputs.iter().filter(|input| is_answer(input)).any(is_newer)
}

/// Returns why an answer is frozen: it is that of the last observation while others are newer, or too old.
fn frozen(input: &InputSeen, snapshot: &Snapshot, memory: &Memory, is_newer: bool, policy: &Policy) -> Option<String> {
    let observed = input.observed.filter(|_| is_answer(input))?;
    let known = known(input, memory);
    let interval = known.and_then(|known| known.interval);
    let age = snapshot.at.and_then(|at| at.since(observed)).map(|micros| micros / 1_000);
    // Answers of a round come one after the other: the next one may be on its way.
    let is_late = interval.zip(age).is_none_or(|(interval, age)| age > interval.saturating_add(interval / 2));
    let is_again = snapshot.at.is_some() && snapshot.at == memory.at;
    if (is_again || is_newer && is_late) && known.is_some_and(|known| known.observed == Some(observed)) {
        return Some(format!("was observed at {observed}, as in the last observation"));
    }
    let age = age.filter(|age| *age > policy.lifetime(interval))?;
    Some(format!("was observed at {observed}, {} minutes before this observation", age / 60_000))
}

/// Finds inputs that came with an earlier observation and not with this one; if all of a deployment did, the host is silent.
fn stopped(snapshot: &Snapshot, memory: &Memory, findings: &mut Vec<Finding>) {
    let mut by_deployment: BTreeMap<&str, (usize, Vec<Known<'_>>)> = BTreeMap::new();
    for (id, known) in &memory.inputs {
        let Some((deployment, artefact)) = id.split_once('\u{0}') else { continue };
        let is_there = snapshot.inputs.iter().any(|input| input.deployment == deployment && input.artefact == artefact);
        let entry = by_deployment.entry(deployment).or_default();
        entry.0 += 1;
        if !is_there {
            entry.1.push((artefact, known));
        }
    }
    for (deployment, (all, gone)) in by_deployment {
        let has_new = snapshot.inputs.iter().any(|input| input.deployment == deployment);
        if gone.len() == all && !has_new {
            let text = format!("none of its {all} inputs arrived");
            let finding = Finding::new(FindingKind::HostSilent, Weight::Critical, deployment, deployment, text);
            findings.push(finding.advised(FORGET));
            continue;
        }
        for (artefact, known) in gone {
            let last = known.observed.map_or_else(String::new, |observed| format!("; it was observed last at {observed}"));
            let text = format!("arrived with an earlier observation and not with this one{last}");
            findings.push(Finding::new(FindingKind::InputStopped, Weight::Warning, deployment, artefact, text).advised(FORGET));
        }
    }
}

fn finding(kind: FindingKind, weight: Weight, input: &InputSeen, text: String) -> Finding {
    Finding::new(kind, weight, &input.deployment, &input.artefact, text)
}

fn unreadable(input: &InputSeen, error: &str) -> Finding {
    let kind = if input.is_wrong { FindingKind::WrongArtefact } else { FindingKind::InputUnreadable };
    finding(kind, Weight::Warning, input, error.to_owned())
}

fn damaged(input: &InputSeen, findings: &mut Vec<Finding>) {
    let count = |kinds: &[FaultKind]| kinds.iter().filter_map(|kind| input.faults.get(kind)).sum::<u64>();
    let classes: [(FindingKind, Weight, &[FaultKind], &str); 6] = [
        (FindingKind::TornLog, Weight::Warning, &[FaultKind::Torn], "torn lines"),
        (FindingKind::InputCut, Weight::Warning, &[FaultKind::Cut, FaultKind::TooLong], "places that are cut off"),
        (
            FindingKind::InputCut,
            Weight::Note,
            &[FaultKind::Truncated],
            "limits reached: the rest is not read, or is counted only",
        ),
        (
            FindingKind::Localised,
            Weight::Note,
            &[FaultKind::Localised],
            "lines in another language: numbers are kept by their place",
        ),
        (
            FindingKind::DamagedValues,
            Weight::Warning,
            &[
                FaultKind::NotANumber,
                FaultKind::NotATime,
                FaultKind::AmbiguousNumber,
                FaultKind::TooLarge,
                FaultKind::NotText,
                FaultKind::Contradiction,
            ],
            "values that cannot be read",
        ),
        (
            FindingKind::UnknownLayout,
            Weight::Note,
            &[FaultKind::UnknownColumn, FaultKind::UnknownKey, FaultKind::UnknownLine, FaultKind::Misaligned],
            "unknown columns, keys or lines",
        ),
    ];
    for (kind, weight, faults, text) in classes {
        let number = count(faults);
        if number > 0 {
            findings.push(finding(kind, weight, input, format!("{number} {text}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::{Monitor, Policy};
    use crate::{Input, observe};

    /// Returns the findings about a text that comes again with the time of the observation before, while another input has a later one.
    fn again(name: &str, text: &str) -> Vec<FindingKind> {
        let mut monitor = Monitor::new(Policy::default());
        let mut report = Default::default();
        for minute in [0, 5] {
            let own = Input { observed: "2024-03-01T12:00:00Z".parse().ok(), ..Input::text(name, text) };
            let manager = Input::text("mgr.txt", "Manager is running (IP port gg1.7809, Process ID 18221).");
            let manager = Input { observed: format!("2024-03-01T12:{minute:02}:00Z").parse().ok(), ..manager };
            report = monitor.observe(&observe(&[own, manager]));
        }
        report.findings.iter().filter(|finding| finding.subject == name).map(|finding| finding.kind).collect()
    }

    #[test]
    fn an_answer_that_comes_again_is_frozen_and_a_quiet_log_is_not() {
        let answer = "Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\nEXTRACT     RUNNING     E1          00:00:02      00:00:05\n";
        assert_eq!(again("all.txt", answer), [FindingKind::InputFrozen]);
        let log = "2024-03-01 10:00:02  INFO    OGG-00987  Oracle GoldenGate Command Interpreter for Oracle:  GGSCI command (oracle): info all.\n";
        assert_eq!(again("ggserr.log", log), []);
    }
}
