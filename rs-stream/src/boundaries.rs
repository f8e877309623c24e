//! [`Boundaries`]: the ends of the complete transactions of a trail that is being written.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use trailcore::{Error, Position, Result};

use crate::event::Event;
use crate::item::Item;
use crate::options::{Delivery, Oversize, TailOptions};
use crate::tail::Tail;

/// Finds places between transactions, for engines that plan a range first and read it elsewhere with
/// [`ReadOptions::transactions`](trailcore::ReadOptions::transactions). It returns no changes.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # trailcore_samples::write_bank(dir.path(), &trailcore_samples::Bank::small()).unwrap();
/// # let path = dir.path().join("bk");
/// use trailcore::{ReadOptions, Trail};
/// use trailcore_stream::{Boundaries, TailOptions};
///
/// let boundary = Boundaries::open(&path, TailOptions::new())?.advance(Some(20), None)?;
/// let options = ReadOptions::new().transactions(None, Some(boundary.position));
/// assert_eq!(Trail::open(path)?.reader_with(options)?.into_changes().count() as u64, boundary.changes);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Boundaries {
    tail: Tail,
    /// The place that was returned last.
    at: Position,
    /// A transaction that was too much for the last call: its end, and its number of changes.
    ahead: Option<(Position, u64)>,
}

/// A place between two transactions.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Boundary {
    /// The position after the last complete transaction.
    pub position: Position,
    /// Changes since the previous boundary, of all tables.
    pub changes: u64,
    /// Events since the previous boundary.
    pub events: Vec<Event>,
}

impl Boundaries {
    /// Opens the trail at a path, at the start of the options.
    ///
    /// # Errors
    /// The errors of [`Tail::open`].
    pub fn open(path: impl AsRef<Path>, options: TailOptions) -> Result<Self> {
        let options = TailOptions { oversize: Oversize::Reread, ..options.delivery(Delivery::Transactions) };
        let tail = Tail::open(path, options)?;
        Ok(Self { at: tail.progress().delivered, tail, ahead: None })
    }

    /// Goes on over the transactions that are complete now, without waiting: over those of at most `most` changes, or one if it has
    /// more, and no further than the first that ends at `until` or later.
    ///
    /// # Errors
    /// The error of an event whose policy is to stop, and the errors of [`Tail::recv`].
    pub fn advance(&mut self, most: Option<u64>, until: Option<Position>) -> Result<Boundary> {
        let (mut changes, mut events) = (0, Vec::new());
        while until.is_none_or(|until| self.at < until) && most.is_none_or(|most| changes < most) {
            let (end, more) = match self.ahead.take() {
                Some(ahead) => ahead,
                None => match self.tail.recv_timeout(Duration::ZERO)? {
                    Some(Item::Transaction(transaction)) => {
                        self.tail.acknowledge(&transaction.receipt())?;
                        (transaction.end(), transaction.len())
                    }
                    Some(Item::Event(event)) => {
                        events.push(event);
                        continue;
                    }
                    Some(Item::Changes(_)) => return Err(Error::internal("a tail of transactions delivers changes")),
                    None => break,
                },
            };
            if changes > 0 && most.is_some_and(|most| changes + more > most) {
                self.ahead = Some((end, more));
                break;
            }
            changes += more;
            self.at = end;
        }
        // A tail that starts at the end of the trail is there once it has looked.
        if changes == 0 && self.ahead.is_none() {
            self.at = self.tail.progress().delivered;
        }
        Ok(Boundary { position: self.at, changes, events })
    }
}
