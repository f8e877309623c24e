//! Reads what Oracle GoldenGate writes about itself.

pub mod anonymise;
pub mod backup;
#[cfg(feature = "archive")]
pub mod bundle;
mod call;
pub mod config;
pub mod explain;
pub mod export;
mod fault;
mod follow;
pub mod health;
pub mod history;
mod input;
pub mod mapping;
pub mod model;
mod moment;
mod number;
pub mod read;
mod redact;
pub mod statistics;
mod word;

pub use call::{
    CounterRow, ExportReport, HealthAnswer, LagReport, ObserveRequest, ReadReport, ReadRequest, StatsReport, StreamLag, VERBS,
    answer, call, exported, health as judge, lag, read as read_inputs, reconciled, stats,
};
pub use fault::{Fault, FaultKind, Faults, Place};
pub use follow::{FollowReport, FollowRequest, LogFollower, follow};
pub use input::{Input, RefusedInput, observe};
pub use moment::Moment;
pub use word::word;
