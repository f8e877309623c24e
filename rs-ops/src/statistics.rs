//! Statistics: rates of counters between two observations, reconciliation of counts along a chain, and the contents of trails.

mod rates;
mod reconcile;
mod sketch;
mod trail;

pub use rates::{Rate, RateNote, rates};
pub use reconcile::{Difference, DifferenceKind, Reconciliation, StageCount, TableReconciliation, reconcile};
pub use sketch::{Quantiles, Top};
pub use trail::{TrailStatistics, TrailTable};
