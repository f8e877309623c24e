//! [`Repeats`]: the changes of transactions that break off and that the trail writes again.

use std::collections::HashMap;

use super::AsOf;
use crate::change::Change;
use crate::error::Result;
use crate::position::Position;
use crate::source::{ReadOptions, Trail, UnfinishedTransactions};

/// The changes of transactions that break off and that the trail writes again: only the last writing of each counts.
///
/// Such a transaction is known once it begins again. Its changes are left out when the trail is read once more, so that nothing has
/// to be kept for transactions that end, which are almost all of them.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// By CSN and transaction id, where the last writing begins. Their number is limited by [`UnfinishedTransactions`].
    again: HashMap<(Box<str>, Box<str>), Position>,
    /// Changes that were left out.
    pub(super) left_out: u64,
}

impl Repeats {
    /// Adds the transactions that a reading met, up to a place. Returns whether there are new ones: what was read has their changes
    /// more than once.
    pub(super) fn learn(&mut self, unfinished: &UnfinishedTransactions, at: Option<&AsOf>) -> bool {
        let mut is_new = false;
        for one in unfinished.listed() {
            let (Some(again), Some(csn), Some(xid)) = (one.again, &one.csn, &one.xid) else { continue };
            if matches!(at, Some(AsOf::Position(at)) if again > *at) {
                continue;
            }
            // It may break off several times: the last writing counts.
            let known = self.again.entry((csn.as_str().into(), xid.as_str().into())).or_insert(one.last);
            is_new |= again > *known;
            *known = again.max(*known);
        }
        if is_new {
            self.left_out = 0;
        }
        is_new
    }

    /// Returns whether the trail writes a change again, and counts it then.
    pub(super) fn leaves_out(&mut self, change: &Change<'_>) -> bool {
        if self.again.is_empty() {
            return false;
        }
        let (Some(csn), Some(xid)) = change.ids() else { return false };
        let is_again = self.again.get(&(csn.into(), xid.into())).is_some_and(|again| change.start() < *again);
        self.left_out += u64::from(is_again);
        is_again
    }

    /// Counts the changes that a trail writes again. It is read once more if there are any.
    pub(super) fn count(trail: &Trail, read: ReadOptions, unfinished: &UnfinishedTransactions) -> Result<u64> {
        let mut repeats = Self::default();
        if !repeats.learn(unfinished, None) {
            return Ok(0);
        }
        let mut reader = trail.reader_with(read)?;
        while let Some(change) = reader.next()? {
            repeats.leaves_out(&change);
        }
        Ok(repeats.left_out)
    }
}
