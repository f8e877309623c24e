//! Statistics: rates of counters between two observations, reconciliation of counts along a chain, and the contents of trails.

mod apply;
mod keys;
mod rates;
mod reconcile;
mod sketch;
mod trail;

pub(crate) use apply::commit_to_apply;
pub use apply::{ApplyOptions, ApplyTimes, CommitToApply};
pub(crate) use keys::KeyCounter;
pub use keys::{HotKey, HotKeyOptions, HotKeys, TableKeys};
pub use rates::{Rate, RateNote, rates};
pub use reconcile::{Difference, DifferenceKind, Reconciliation, StageCount, TableReconciliation, reconcile};
pub use sketch::{Quantiles, Top};
pub use trail::{TrailStatistics, TrailTable};
