//! [`PipelineStatus`]: how a pipeline is, as a document.

use std::path::PathBuf;

use serde::Serialize;
use trailcore::Position;

use crate::event::{Event, EventKind};
use crate::lag::Lag;

/// The activity of a lane of a pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It finds its place.
    #[default]
    Starting,
    /// It moves changes, or waits for some.
    Running,
    /// It waits until it is resumed.
    Paused,
    /// It waits before it tries again after an error.
    Retrying,
    /// It has been stopped, or has reached the end.
    Stopped,
    /// It has ended with an error, and is tried again only when it is resumed.
    Failed,
}

/// How a pipeline is.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "How a pipeline is."))]
pub struct PipelineStatus {
    /// Its name.
    pub name: String,
    /// The trail that it reads: the prefix of its files; a folder as long as there are none.
    pub trail: PathBuf,
    /// Its lanes, one for each sink.
    pub lanes: Vec<LaneStatus>,
}

/// How a lane is: the way to one sink. Numbers count since it was started.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LaneStatus {
    /// The sink.
    pub sink: String,
    /// Its activity.
    pub state: State,
    /// The position after the last committed change; absent before the first commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed: Option<Position>,
    /// When it was committed, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<i64>,
    /// Committed changes of the source.
    pub changes: u64,
    /// Their bytes in the trail.
    pub bytes: u64,
    /// Changes that wait for the next commit.
    pub waiting: u64,
    /// Commits.
    pub commits: u64,
    /// Milliseconds of the last commit.
    pub commit_milliseconds: u64,
    /// Changes that the sink has refused, and that are in the file of dead letters.
    pub dead_letters: u64,
    /// Events of the trail that it has met, by kind. With the policy `continue`, what an event is about has been skipped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventCount>,
    /// Committed changes that rules of a lenient selection could not decide on, although another rule has accepted them: they are not in
    /// the targets of these rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<RuleDoubt>,
    /// Errors after which it has tried again.
    pub retries: u64,
    /// The last error; absent after a commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The class of the last error: the name of its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_class: Option<&'static str>,
    /// Committed changes by the time from their commit in the database to that in the sink: at most 0.1, 1, 10, 60 seconds, and longer.
    pub latency: [u64; 5],
    /// The sum of these times, in milliseconds.
    pub latency_milliseconds: u64,
    /// Counts of the sink by name.
    pub counts: Vec<(&'static str, u64)>,
    /// The distance to the end of the trail; absent while it does not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<Lag>,
}

/// The events of one kind that a lane has met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventCount {
    /// The kind.
    pub kind: EventKind,
    /// Their number.
    pub count: u64,
    /// The last one.
    pub last: Event,
}

/// The changes of a table that a rule could not decide on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RuleDoubt {
    /// The table.
    pub table: String,
    /// The number of the rule in the selection, from 0.
    pub rule: usize,
    /// Their number.
    pub changes: u64,
}

impl LaneStatus {
    /// Counts an event.
    pub(super) fn note(&mut self, event: &Event) {
        match self.events.iter_mut().find(|known| known.kind == event.kind) {
            Some(known) => {
                known.count += 1;
                known.last = event.clone();
            }
            None => self.events.push(EventCount { kind: event.kind, count: 1, last: event.clone() }),
        }
    }

    /// Counts changes that a rule could not decide on.
    pub(super) fn doubt(&mut self, table: String, rule: usize, changes: u64) {
        match self.doubts.iter_mut().find(|known| known.rule == rule && known.table == table) {
            Some(known) => known.changes += changes,
            None => self.doubts.push(RuleDoubt { table, rule, changes }),
        }
    }
}

impl PipelineStatus {
    /// Returns whether all of it runs, or has ended as it was asked to.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.lanes.iter().all(|lane| !matches!(lane.state, State::Failed | State::Retrying))
    }
}
