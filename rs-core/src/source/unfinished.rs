//! [`UnfinishedTransactions`]: the transactions that break off in a source.

use crate::position::Position;

/// The transactions that a source does not finish: it ends inside them, or another one begins. Memory is bounded: only the first
/// 1,000 are listed.
#[derive(Clone, Debug, Default)]
pub struct UnfinishedTransactions {
    count: u64,
    listed: Vec<Unfinished>,
    /// The first since [`take_first`](Self::take_first) was called.
    first: Option<Unfinished>,
    /// Position from which the last one of the earlier part of the source is written again.
    again: Option<Position>,
}

/// A transaction that a source does not finish. Whether the missing part is written later is not known, unless the source writes the
/// transaction again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfinished {
    /// Position of its last record in the source.
    pub last: Position,
    /// Its CSN; `None` if its start was not read.
    pub csn: Option<String>,
    /// Its id; `None` if its start was not read.
    pub xid: Option<String>,
    /// The source ends after it: its writer may not be done yet. Otherwise another transaction begins.
    pub at_end: bool,
    /// Position from which the source writes the transaction again: the next one that begins has its CSN and its id.
    pub again: Option<Position>,
}

/// None.
pub(super) static NONE: UnfinishedTransactions =
    UnfinishedTransactions { count: 0, listed: Vec::new(), first: None, again: None };

impl UnfinishedTransactions {
    const LISTED: usize = 1_000;

    pub(super) fn add(&mut self, last: Position, csn: Option<&str>, xid: Option<&str>, at_end: bool) {
        self.count += 1;
        let added = || Unfinished { last, csn: csn.map(str::to_owned), xid: xid.map(str::to_owned), at_end, again: None };
        if self.listed.len() < Self::LISTED {
            self.listed.push(added());
        }
        self.first.get_or_insert_with(added);
    }

    /// Returns the first one since the last call.
    pub(super) fn take_first(&mut self) -> Option<Unfinished> {
        self.first.take()
    }

    /// Notes that a change follows: the source does not end after the last that is listed.
    pub(super) fn go_on(&mut self) {
        if let Some(last) = self.listed.last_mut() {
            last.at_end = false;
        }
    }

    /// Notes that the last one is written again.
    pub(super) fn repeat(&mut self, at: Position) {
        if self.count == 0 {
            self.again = Some(at);
        } else if let Some(last) = self.listed.last_mut().filter(|_| self.count <= Self::LISTED as u64) {
            (last.again, last.at_end) = (Some(at), false);
        }
    }

    /// Adds those of an earlier part of the source, before its own.
    pub(super) fn absorb(&mut self, mut earlier: Self) {
        if let Some(at) = self.again {
            earlier.repeat(at);
        }
        earlier.count += self.count;
        earlier.listed.append(&mut self.listed);
        earlier.listed.truncate(Self::LISTED);
        earlier.first = earlier.first.or(self.first.take());
        *self = earlier;
    }

    /// Returns their number.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the first 1,000 of them, in the order of the source.
    #[must_use]
    pub fn listed(&self) -> &[Unfinished] {
        &self.listed
    }
}
