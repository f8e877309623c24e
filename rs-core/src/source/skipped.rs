//! [`Skipped`]: a range that was not read.

use crate::error::Error;
use crate::position::Position;

/// A range of a source that was skipped after damage, or where files are missing.
#[derive(Clone, Debug)]
pub struct Skipped {
    /// The first byte that was skipped.
    pub from: Position,
    /// The position at which reading continued.
    pub to: Position,
    /// The error that was skipped.
    pub error: Error,
}
