//! [`PipelineStatus`]: how a pipeline is, as a document.

use std::path::PathBuf;

use serde::Serialize;
use trailcore::Position;

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

impl PipelineStatus {
    /// Returns whether all of it runs, or has ended as it was asked to.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.lanes.iter().all(|lane| !matches!(lane.state, State::Failed | State::Retrying))
    }
}
