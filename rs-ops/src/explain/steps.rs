//! [`NextStep`]: what an operator can do next, as text.

use serde::{Deserialize, Serialize};

use super::{Explanation, SkipReport};
use crate::model::StreamKind;

/// A step, in the order in which to take them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NextStep {
    /// The action, and its reason.
    pub text: String,
    /// The command, for a person to check and to run.
    pub command: Option<String>,
    /// The changes that are lost by it; null for a step that only looks.
    pub loses: Option<String>,
}

impl NextStep {
    fn look(text: impl Into<String>, command: Option<String>) -> Self {
        Self { text: text.into(), command, loses: None }
    }
}

/// Returns the next steps of an explanation: checks first, then the start, then what loses changes.
pub(super) fn next(found: &Explanation) -> Vec<NextStep> {
    let mut steps = Vec::new();
    let noun = match found.kind {
        StreamKind::Extract | StreamKind::Pump | StreamKind::InitialLoad => "EXTRACT",
        StreamKind::Replicat => "REPLICAT",
        _ => "ER",
    };
    if found.is_running_again {
        steps.push(NextStep::look(
            "it was started again and has no error since; look whether it moves",
            Some(format!("INFO {noun} {}, DETAIL", found.group)),
        ));
        return steps;
    }
    if let Some(known) = &found.known {
        steps.extend(known.checks.iter().map(|check| NextStep::look(check.clone(), None)));
    }
    if let Some(parameter) = &found.parameter {
        let line = if parameter.line > 0 { format!(", line {}", parameter.line) } else { String::new() };
        steps.push(NextStep::look(format!("read the statement in {}{line}", parameter.file), None));
    }
    if let Some(position) = found.position.as_ref().filter(|position| position.origin != "checkpoint") {
        let trail = position.trail.as_deref().unwrap_or("TRAIL");
        let command = format!("trailcore cat {trail} --from {}:{} --limit 1", position.seqno, position.rba);
        steps.push(NextStep::look("look at the record", Some(command)));
    }
    if found.group.is_empty() {
        steps.push(NextStep::look("find the group: give the log of the time, or the reports", None));
        return steps;
    }
    steps.push(NextStep::look("read the whole report", Some(format!("VIEW REPORT {}", found.group))));
    if found.has_error() {
        let text = "once the cause is removed, start it: it goes on at its checkpoint, and nothing is lost";
        steps.push(NextStep::look(text, Some(format!("START {noun} {}", found.group))));
    }
    if let (StreamKind::Replicat, Some(record)) = (found.kind, &found.record) {
        skips(&found.group, record, &mut steps);
    }
    steps
}

/// The steps that lose changes. They come last, with what they lose.
fn skips(group: &str, record: &SkipReport, steps: &mut Vec<NextStep>) {
    let alter = |(seqno, rba): (u64, u64)| format!("ALTER REPLICAT {group}, EXTSEQNO {seqno}, EXTRBA {rba}");
    // Replicat groups transactions, and goes back to its checkpoint when it stops.
    let more = "and every change since its checkpoint that is not in the target yet";
    let total: u64 = record.transaction.values().flat_map(|table| table.values()).sum();
    let tables: Vec<String> = record
        .transaction
        .iter()
        .map(|(table, counts)| {
            let counts: Vec<String> = counts.iter().map(|(op, count)| format!("{count} {op}")).collect();
            format!("{table} ({})", counts.join(", "))
        })
        .collect();
    if let (Some(at), Some(seen)) = (record.next_record, &record.record) {
        steps.push(NextStep {
            text: "only if the target shall do without the change: go on at the next one".to_owned(),
            command: Some(alter(at)),
            loses: Some(format!("one {} of {}, {more}", seen.op, seen.table)),
        });
    }
    if let Some(at) = record.next_transaction {
        steps.push(NextStep {
            text: "only if the target shall do without the transaction: go on after it".to_owned(),
            command: Some(alter(at)),
            loses: Some(format!("at least {total} changes: {}; {more}", tables.join(", "))),
        });
    }
}
