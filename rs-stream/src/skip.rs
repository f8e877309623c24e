//! [`Skip`]: the changes at the start that are not delivered.

use std::cmp::Ordering;

use trailcore::{Change, ChangeBlock, Csn, Timestamp, TrailPosition};

/// The changes at the start that are not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Skip {
    Nothing,
    /// Those before a position: reading starts before it, at the start of its transaction.
    Before(TrailPosition),
    UntilCsn(String),
    UntilTime(Timestamp),
}

impl Skip {
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }

    /// Returns whether the place to start at has not been reached: a checkpoint would lose it.
    pub(crate) fn is_searching(&self) -> bool {
        matches!(self, Self::UntilCsn(_) | Self::UntilTime(_))
    }

    /// Returns whether a position is before the one that is skipped to.
    pub(crate) fn is_after(&self, position: TrailPosition) -> bool {
        matches!(self, Self::Before(place) if position < *place)
    }

    fn ends_at(&self, change: &Change<'_>) -> bool {
        match self {
            Self::Nothing => true,
            Self::Before(position) => change.position().trail().is_none_or(|here| here >= *position),
            Self::UntilCsn(csn) => {
                let order = change.csn().and_then(|here| Csn::compare(here, csn));
                matches!(order, Some(Ordering::Equal | Ordering::Greater))
            }
            Self::UntilTime(time) => change.timestamp() >= *time,
        }
    }

    /// Returns the changes of a block that are not skipped. After the first one, nothing is skipped any more.
    pub(crate) fn rest_of(&mut self, block: &ChangeBlock) -> ChangeBlock {
        let mut rest = ChangeBlock::default();
        for change in block.changes() {
            if !self.is_nothing() && self.ends_at(&change) {
                *self = Self::Nothing;
            }
            if self.is_nothing() {
                rest.push(&change);
            }
        }
        rest
    }
}
