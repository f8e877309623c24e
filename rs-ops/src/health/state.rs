//! [`Health`]: the states of a verdict.

use serde::{Deserialize, Serialize};

/// The health of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It runs and moves, within its limits.
    Healthy,
    /// It runs, and there is no work.
    Idle,
    /// It is above a limit, and the distance shrinks.
    CatchingUp,
    /// It is above a limit, and the distance grows.
    FallingBehind,
    /// It runs, there is work, and it does not move: proven from two observations.
    Stuck,
    /// It was stopped.
    Stopped,
    /// It ended with an error.
    Abended,
    /// The facts do not suffice.
    Unknown,
}
