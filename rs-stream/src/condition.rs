//! [`Conditions`]: causes of events that last, and when their policies apply.

use std::time::{Duration, Instant};

use crate::event::{EventKind, Policy};
use crate::shared::Shared;

/// The causes that are there.
#[derive(Debug)]
pub(crate) struct Conditions {
    patience: Duration,
    present: Vec<Condition>,
}

#[derive(Debug)]
struct Condition {
    kind: EventKind,
    since: Instant,
    patient: bool,
    reported: bool,
}

/// The decision about a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Wait on.
    Wait,
    /// Deliver the event; go on if `pass`.
    Report { pass: bool },
    /// Go on.
    Pass,
    /// Fail.
    Stop,
}

impl Conditions {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { patience, present: Vec::new() }
    }

    pub(crate) fn is_any(&self) -> bool {
        !self.present.is_empty()
    }

    /// Returns whether a cause keeps the tail from reading what is there. A file that was removed after it was read does not.
    pub(crate) fn hold_up(&self) -> bool {
        self.present.iter().any(|condition| condition.kind != EventKind::FilePurged)
    }

    /// Notes that a cause is gone.
    pub(crate) fn clear(&mut self, kind: EventKind) {
        self.present.retain(|condition| condition.kind != kind);
    }

    /// Judges a cause that is there. One that is `patient` may last for a while before its policy applies.
    pub(crate) fn judge(&mut self, kind: EventKind, policy: Policy, patient: bool, shared: &Shared) -> Verdict {
        let index = self.present.iter().position(|condition| condition.kind == kind).unwrap_or_else(|| {
            self.present.push(Condition { kind, since: Instant::now(), patient, reported: false });
            self.present.len() - 1
        });
        let Some(condition) = self.present.get_mut(index) else { return Verdict::Wait };
        if patient && condition.since.elapsed() < self.patience {
            return Verdict::Wait;
        }
        let is_new = !std::mem::replace(&mut condition.reported, true);
        match policy {
            Policy::Stop => Verdict::Stop,
            Policy::Continue if is_new => Verdict::Report { pass: true },
            Policy::Continue => Verdict::Pass,
            Policy::Wait if is_new => {
                // An earlier request was for another event.
                shared.take_resumed();
                Verdict::Report { pass: false }
            }
            Policy::Wait if shared.take_resumed() => Verdict::Pass,
            Policy::Wait => Verdict::Wait,
        }
    }

    /// Returns when the patience with a cause ends.
    pub(crate) fn due(&self) -> Option<Instant> {
        let waiting = self.present.iter().filter(|condition| condition.patient && !condition.reported);
        waiting.map(|condition| condition.since + self.patience).min()
    }
}
