//! The watchdog over the inputs: one that stops, cannot be read, or is damaged is a finding.

use std::collections::BTreeMap;

use crate::fault::FaultKind;
use crate::health::{Finding, FindingKind, Memory, Weight};
use crate::model::{InputSeen, Snapshot};
use crate::read::Kind;

pub(crate) fn check(snapshot: &Snapshot, memory: &Memory, elapsed: Option<i64>, findings: &mut Vec<Finding>) {
    stopped(snapshot, memory, findings);
    for input in &snapshot.inputs {
        // A log that nobody writes to keeps its time; an answer is new each time.
        let is_answer = matches!(input.kind, Some(Kind::Transcript | Kind::Rest));
        let last = memory.inputs.get(&format!("{}\u{0}{}", input.deployment, input.artefact));
        if let (Some(Some(last)), Some(now), Some(_)) = (last, input.observed, elapsed) {
            if is_answer && *last == now {
                findings.push(finding(
                    FindingKind::InputFrozen,
                    Weight::Warning,
                    input,
                    format!("was observed at {now}, as in the last observation"),
                ));
            }
        }
        match &input.error {
            Some(error) => findings.push(unreadable(input, error)),
            None => damaged(input, findings),
        }
    }
}

/// Finds inputs that came with the last observation and not with this one; if all of a deployment did, the host is silent.
fn stopped(snapshot: &Snapshot, memory: &Memory, findings: &mut Vec<Finding>) {
    let mut by_deployment: BTreeMap<&str, (usize, Vec<&str>)> = BTreeMap::new();
    for id in memory.inputs.keys() {
        let Some((deployment, artefact)) = id.split_once('\u{0}') else { continue };
        let is_there = snapshot.inputs.iter().any(|input| input.deployment == deployment && input.artefact == artefact);
        let entry = by_deployment.entry(deployment).or_default();
        entry.0 += 1;
        if !is_there {
            entry.1.push(artefact);
        }
    }
    for (deployment, (all, gone)) in by_deployment {
        let has_new = snapshot.inputs.iter().any(|input| input.deployment == deployment);
        if gone.len() == all && !has_new {
            let text = format!("none of its {all} inputs arrived");
            findings.push(Finding::new(FindingKind::HostSilent, Weight::Critical, deployment, deployment, text));
            continue;
        }
        for artefact in gone {
            findings.push(Finding::new(
                FindingKind::InputStopped,
                Weight::Warning,
                deployment,
                artefact,
                "arrived with the last observation and not with this one".to_owned(),
            ));
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
