//! Acknowledgements: what was delivered, what was acknowledged, and up to where nothing is missing.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use trailcore::{Error, ErrorKind, Position, Result, Timestamp, TrailPosition};

/// A place between two changes, with the facts that a checkpoint has of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The position at which reading continues.
    pub(crate) position: TrailPosition,
    /// Start of the transaction that the position is inside.
    pub(crate) transaction: Option<TrailPosition>,
    /// CSN and timestamp of the change before it.
    pub(crate) csn: Option<String>,
    pub(crate) time: Option<Timestamp>,
}

impl Mark {
    /// Returns where reading has to start so that nothing about the transaction is unknown.
    pub(crate) fn read_from(&self) -> TrailPosition {
        self.transaction.unwrap_or(self.position)
    }
}

/// Stands for something that was delivered. [`Tail::acknowledge`](crate::Tail::acknowledge) takes it, in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub(crate) item: u64,
    /// One change of the item, and the place after it.
    pub(crate) change: Option<(u32, Box<Mark>)>,
}

impl Receipt {
    /// Returns the receipt for all changes of the delivery with a number, for programs in other languages.
    #[must_use]
    pub fn of(number: u64) -> Self {
        Self { item: number.wrapping_sub(1), change: None }
    }

    /// Returns the number of the delivery in its tail, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.item.wrapping_add(1)
    }
}

/// How far delivery, acknowledgement and the stored checkpoint are apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "How far a follower is."))]
#[non_exhaustive]
pub struct Progress {
    /// The position after the last delivered change.
    pub delivered: Position,
    /// The position after the last change before which all are acknowledged.
    pub acknowledged: Position,
    /// The position of the stored checkpoint; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<Position>,
    /// Changes delivered so far.
    pub delivered_changes: u64,
    /// Changes that were delivered and are not acknowledged.
    pub unacknowledged_changes: u64,
}

/// One delivery.
#[derive(Debug)]
struct Entry {
    after: Mark,
    changes: u32,
    /// Its first changes that are acknowledged one by one, without a gap, and the place after them.
    in_order: u32,
    reached: Option<Mark>,
    /// The others that are acknowledged one by one, with the place after each.
    parts: BTreeMap<u32, Mark>,
    done: bool,
}

impl Entry {
    /// Returns the number of changes that are not acknowledged.
    fn open(&self) -> u64 {
        if self.done { 0 } else { u64::from(self.changes) - u64::from(self.in_order) - self.parts.len() as u64 }
    }

    /// Acknowledges one change, after which the place is `after`.
    fn acknowledge(&mut self, change: u32, after: &Mark) {
        if change >= self.in_order {
            self.parts.insert(change, after.clone());
        }
        while let Some(mark) = self.parts.remove(&self.in_order) {
            self.in_order += 1;
            self.reached = Some(mark);
        }
        self.done = self.in_order >= self.changes;
    }
}

/// Knows up to where everything is acknowledged.
///
/// Invariant: the first entry is not done, or there is none; `acknowledged` is the place before its first change that is not
/// acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Tracker {
    /// Number of the first entry.
    first: u64,
    entries: VecDeque<Entry>,
    delivered: Mark,
    acknowledged: Mark,
    delivered_changes: u64,
    open_changes: u64,
}

impl Tracker {
    pub(crate) fn new(start: Mark) -> Self {
        Self { delivered: start.clone(), acknowledged: start, ..Self::default() }
    }

    /// Notes a delivery, and returns its number.
    pub(crate) fn deliver(&mut self, changes: u32, after: Mark) -> u64 {
        self.delivered_changes += u64::from(changes);
        self.open_changes += u64::from(changes);
        self.delivered = after.clone();
        self.entries.push_back(Entry { after, changes, in_order: 0, reached: None, parts: BTreeMap::new(), done: false });
        self.first + self.entries.len() as u64 - 1
    }

    /// Notes that the tail has moved on without a delivery: nothing there is selected.
    pub(crate) fn advance(&mut self, to: Mark) {
        self.delivered = to.clone();
        match self.entries.back_mut() {
            // It is reached together with the last delivery, once that is acknowledged.
            Some(last) => last.after = to,
            None => self.acknowledged = to,
        }
    }

    /// Returns the place after a delivery that is not acknowledged; `None` if it is, or if it is not one of this tail.
    pub(crate) fn after(&self, receipt: &Receipt) -> Option<&Mark> {
        let index = usize::try_from(receipt.item.checked_sub(self.first)?).ok()?;
        Some(&self.entries.get(index)?.after)
    }

    /// Acknowledges a delivery or one of its changes. Doing it again has no effect.
    pub(crate) fn acknowledge(&mut self, receipt: &Receipt) -> Result<()> {
        let Some(index) = receipt.item.checked_sub(self.first) else { return Ok(()) };
        let entry = usize::try_from(index).ok().and_then(|index| self.entries.get_mut(index)).ok_or_else(not_of_this_tail)?;
        if entry.done {
            return Ok(());
        }
        let before = entry.open();
        match &receipt.change {
            None => entry.done = true,
            Some((change, after)) if *change < entry.changes => entry.acknowledge(*change, after),
            Some(_) => return Err(not_of_this_tail()),
        }
        self.open_changes -= before - entry.open();
        while self.entries.front().is_some_and(|entry| entry.done) {
            if let Some(entry) = self.entries.pop_front() {
                self.first += 1;
                self.acknowledged = entry.after;
            }
        }
        if let Some(reached) = self.entries.front_mut().and_then(|entry| entry.reached.take()) {
            self.acknowledged = reached;
        }
        Ok(())
    }

    pub(crate) fn acknowledged(&self) -> &Mark {
        &self.acknowledged
    }

    /// Returns the timestamps of the last delivered and the last acknowledged change.
    pub(crate) fn times(&self) -> [Option<Timestamp>; 2] {
        [self.delivered.time, self.acknowledged.time]
    }

    pub(crate) fn progress(&self, stored: Option<&Mark>) -> Progress {
        Progress {
            delivered: self.delivered.position.into(),
            acknowledged: self.acknowledged.position.into(),
            stored: stored.map(|mark| mark.position.into()),
            delivered_changes: self.delivered_changes,
            unacknowledged_changes: self.open_changes,
        }
    }
}

fn not_of_this_tail() -> Error {
    Error::new(ErrorKind::InvalidArgument, "the receipt is not one of this tail")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mark(rba: u64) -> Mark {
        Mark { position: TrailPosition::new(0, rba), ..Mark::default() }
    }

    fn whole(item: u64) -> Receipt {
        Receipt { item, change: None }
    }

    #[test]
    fn the_oldest_that_is_not_acknowledged_holds_the_rest() {
        let mut tracker = Tracker::new(mark(0));
        let items: Vec<_> = (1..=3).map(|rba| tracker.deliver(2, mark(rba * 10))).collect();
        tracker.acknowledge(&whole(items[2])).unwrap();
        tracker.acknowledge(&whole(items[1])).unwrap();
        assert_eq!(tracker.acknowledged(), &mark(0));
        tracker.acknowledge(&Receipt { item: items[0], change: Some((1, Box::new(mark(10)))) }).unwrap();
        assert_eq!(tracker.acknowledged(), &mark(0));
        tracker.acknowledge(&Receipt { item: items[0], change: Some((0, Box::new(mark(5)))) }).unwrap();
        assert_eq!(tracker.acknowledged(), &mark(30));
        assert_eq!(tracker.progress(None).unacknowledged_changes, 0);
        tracker.acknowledge(&whole(items[0])).unwrap();
        assert_eq!(tracker.acknowledge(&whole(7)).unwrap_err().kind(), ErrorKind::InvalidArgument);
        // The delivery of another tail has more changes.
        let item = tracker.deliver(2, mark(35));
        for change in 2..9 {
            let strange = Receipt { item, change: Some((change, Box::new(mark(99)))) };
            assert_eq!(tracker.acknowledge(&strange).unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
        assert_eq!((tracker.acknowledged(), tracker.progress(None).unacknowledged_changes), (&mark(30), 2));
        tracker.acknowledge(&whole(item)).unwrap();
        tracker.advance(mark(40));
        assert_eq!(tracker.acknowledged(), &mark(40));
    }

    #[test]
    fn single_acknowledgements_of_a_large_delivery_cost_no_more_than_their_number() {
        const CHANGES: u32 = 300_000;
        let mut tracker = Tracker::new(mark(0));
        let item = tracker.deliver(CHANGES, mark(u64::from(CHANGES)));
        let begun = std::time::Instant::now();
        for change in 0..CHANGES {
            tracker.acknowledge(&Receipt { item, change: Some((change, Box::new(mark(u64::from(change) + 1)))) }).unwrap();
        }
        assert_eq!(tracker.acknowledged(), &mark(u64::from(CHANGES)));
        // It took hours when each acknowledgement looked at all before it.
        assert!(begun.elapsed() < std::time::Duration::from_secs(60));
    }

    proptest! {
        /// Against a plain model: the acknowledged place is the one before the first change that is not acknowledged.
        #[test]
        fn acknowledged_is_never_ahead(sizes in prop::collection::vec(1u32..4, 1..20), order in prop::collection::vec((0usize..20, 0u32..5), 0..120)) {
            let mut tracker = Tracker::new(mark(0));
            let mut model: Vec<Vec<bool>> = Vec::new();
            let mut ends = Vec::new();
            let mut end = 0;
            for size in &sizes {
                end += u64::from(*size);
                tracker.deliver(*size, mark(end));
                model.push(vec![false; *size as usize]);
                ends.push(end);
            }
            for (item, change) in order {
                let Some(changes) = model.get_mut(item) else { continue };
                let base = ends[item] - changes.len() as u64;
                if (change as usize) < changes.len() {
                    let after = mark(base + u64::from(change) + 1);
                    tracker.acknowledge(&Receipt { item: item as u64, change: Some((change, Box::new(after))) }).unwrap();
                    changes[change as usize] = true;
                } else {
                    tracker.acknowledge(&whole(item as u64)).unwrap();
                    changes.fill(true);
                }
                let expected = model.iter().flatten().take_while(|done| **done).count() as u64;
                prop_assert_eq!(tracker.acknowledged(), &mark(expected));
                let open = model.iter().flatten().filter(|done| !**done).count() as u64;
                prop_assert_eq!(tracker.progress(None).unacknowledged_changes, open);
            }
        }
    }
}
