//! [`Item`]: what a tail delivers.

use std::ops::Range;
use std::sync::Arc;

use trailcore::source::{ByteSource, ReadFilter, TrailFile};
use trailcore::{
    Change, ChangeBlock, Error, ErrorKind, Position, ReadOptions, Reader, Result, Timestamp, Trail, TrailPosition, filter::Select,
};

use crate::acknowledge::{Mark, Receipt};
use crate::event::Event;
use crate::spill::Spill;

/// A delivery of a tail. They come in the order of the trail.
#[derive(Debug)]
#[non_exhaustive]
pub enum Item {
    /// Changes, with [`Delivery::Changes`](crate::Delivery::Changes).
    Changes(Batch),
    /// A transaction or a part of one, with [`Delivery::Transactions`](crate::Delivery::Transactions).
    Transaction(Transaction),
    /// Something about the trail.
    Event(Event),
}

impl Item {
    /// Returns the receipt for all its changes; `None` for an event, which needs none.
    #[must_use]
    pub fn receipt(&self) -> Option<Receipt> {
        match self {
            Self::Changes(batch) => Some(batch.receipt()),
            Self::Transaction(transaction) => Some(transaction.receipt()),
            Self::Event(_) => None,
        }
    }

    /// Returns its kind, for programs in other languages: `changes`, `transaction` or `event`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Changes(_) => "changes",
            Self::Transaction(_) => "transaction",
            Self::Event(_) => "event",
        }
    }

    /// Returns all about it but its changes, as a JSON document, for programs in other languages: `end`, the position after its last
    /// change; of a transaction `csn`, `xid`, `timestamp`, `part` and `complete` too; of an event the event.
    ///
    /// # Errors
    /// [`Internal`](trailcore::ErrorKind::Internal).
    pub fn document(&self) -> Result<String> {
        let document = match self {
            Self::Changes(batch) => Ok(serde_json::json!({ "end": batch.end() })),
            Self::Transaction(transaction) => Ok(serde_json::json!({
                "end": transaction.end(), "csn": transaction.csn(), "xid": transaction.xid(),
                "timestamp": transaction.timestamp(), "part": transaction.part().name(), "complete": transaction.is_complete(),
            })),
            Self::Event(event) => serde_json::to_value(event),
        };
        document.map(|document| document.to_string()).map_err(|error| Error::internal(&error.to_string()))
    }

    /// Returns its changes in blocks; an event has none.
    ///
    /// # Errors
    /// The errors of [`Transaction::blocks`].
    pub fn blocks(&self) -> Result<Blocks> {
        match self {
            Self::Changes(batch) => Ok(Blocks::held(vec![Arc::clone(&batch.block)])),
            Self::Transaction(transaction) => transaction.blocks(),
            Self::Event(_) => Ok(Blocks::held(Vec::new())),
        }
    }
}

/// Consecutive changes.
#[derive(Clone, Debug)]
pub struct Batch {
    pub(crate) block: Arc<ChangeBlock>,
    /// Start of the transaction that the first change is inside.
    pub(crate) inside: Option<TrailPosition>,
    pub(crate) after: Mark,
    pub(crate) item: u64,
}

impl Batch {
    /// Returns its changes. The block may be shared with other threads.
    #[must_use]
    pub fn block(&self) -> &Arc<ChangeBlock> {
        &self.block
    }

    /// Returns its changes, one after the other.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        self.block.changes()
    }

    /// Returns the number of changes; at least one.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.block.len()
    }

    /// Returns the position after its last change.
    #[must_use]
    pub fn end(&self) -> Position {
        self.after.position.into()
    }

    /// Returns the receipt for all its changes.
    #[must_use]
    pub fn receipt(&self) -> Receipt {
        Receipt { item: self.item, change: None }
    }

    /// Returns the receipt for one of its changes; `None` after the last.
    #[must_use]
    pub fn receipt_of(&self, index: usize) -> Option<Receipt> {
        let change = self.block.get(index)?;
        let after = match self.block.get(index + 1) {
            Some(next) => Mark {
                position: next.start().trail()?,
                transaction: transaction_of(&self.block, index, self.inside),
                csn: change.csn().map(str::to_owned),
                time: Some(change.timestamp()),
            },
            None => self.after.clone(),
        };
        Some(Receipt { item: self.item, change: Some((u32::try_from(index).ok()?, Box::new(after))) })
    }
}

/// Returns the start of the transaction that the place after a change of a block is inside; `inside` is that of the block's start.
pub(crate) fn transaction_of(block: &ChangeBlock, index: usize, inside: Option<TrailPosition>) -> Option<TrailPosition> {
    for index in (0..=index).rev() {
        let indicator = block.indicator(index)?;
        if indicator.ends() {
            return None;
        }
        if indicator.begins() {
            return block.get(index)?.start().trail();
        }
    }
    inside
}

/// Which part of its transaction a [`Transaction`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// The first part of a transaction that is larger than the memory cap.
    First,
    /// A part between the first and the last one.
    Middle,
    /// The last part.
    Last,
}

impl Part {
    /// Returns its name: `whole`, `first`, `middle` or `last`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::First => "first",
            Self::Middle => "middle",
            Self::Last => "last",
        }
    }
}

/// A transaction, or a part of one that is larger than the memory cap. It has the changes that the selection keeps.
#[derive(Debug)]
pub struct Transaction {
    pub(crate) csn: Option<String>,
    pub(crate) xid: Option<String>,
    pub(crate) time: Timestamp,
    pub(crate) first: TrailPosition,
    pub(crate) last: TrailPosition,
    pub(crate) changes: u64,
    pub(crate) part: Part,
    pub(crate) complete: bool,
    pub(crate) body: Body,
    pub(crate) after: Mark,
    pub(crate) item: u64,
}

/// The place of the changes of a transaction.
#[derive(Debug)]
pub(crate) enum Body {
    Held(Vec<Arc<ChangeBlock>>),
    InTrail(Box<InTrail>),
    Spilled(Arc<Spill>),
}

/// A transaction that is read from the trail again.
#[derive(Debug)]
pub(crate) struct InTrail {
    /// Position of its first change that has not been delivered before.
    pub(crate) from: TrailPosition,
    /// The files, which are open.
    pub(crate) files: Vec<(std::path::PathBuf, Arc<dyn ByteSource>)>,
    pub(crate) options: ReadOptions,
    pub(crate) select: Option<Select>,
}

impl Transaction {
    /// Returns its commit sequence number.
    #[must_use]
    pub fn csn(&self) -> Option<&str> {
        self.csn.as_deref()
    }

    /// Returns its id.
    #[must_use]
    pub fn xid(&self) -> Option<&str> {
        self.xid.as_deref()
    }

    /// Returns the time of its commit.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.time
    }

    /// Returns the position of its first change.
    #[must_use]
    pub fn position(&self) -> Position {
        self.first.into()
    }

    /// Returns the position after its last change.
    #[must_use]
    pub fn end(&self) -> Position {
        self.after.position.into()
    }

    /// Returns the number of changes: at least one, but for the last part, which may have none.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> u64 {
        self.changes
    }

    /// Returns which part of the transaction it is.
    #[must_use]
    pub fn part(&self) -> Part {
        self.part
    }

    /// Returns whether its start and its end, or those of the part, are in the trail. One that breaks off may be written again.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Returns the receipt for it.
    #[must_use]
    pub fn receipt(&self) -> Receipt {
        Receipt { item: self.item, change: None }
    }

    /// Returns its changes in blocks. With [`Oversize::Reread`](crate::Oversize::Reread), those of a large transaction are read from
    /// the trail, with [`Oversize::Spill`](crate::Oversize::Spill) from its file. The iterator does not depend on the transaction.
    ///
    /// # Errors
    /// The errors of reading the trail, [`Corrupt`](trailcore::ErrorKind::Corrupt) if the file is damaged. Each block is a result too.
    pub fn blocks(&self) -> Result<Blocks> {
        match &self.body {
            Body::Held(blocks) => Ok(Blocks::held(blocks.clone())),
            Body::Spilled(spill) => Ok(Blocks(Place::Spilled(Arc::clone(spill), 0..spill.len()))),
            Body::InTrail(again) => {
                let files = again.files.iter().map(|(path, source)| TrailFile::from_source(path, Arc::clone(source)));
                let trail = Trail::of(files);
                let filter = again.select.as_ref().map(|select| ReadFilter::new(select, trail.clone(), &again.options));
                let reader = trail.reader_with(again.options.clone().start_at(self.first.into()))?;
                let (from, last) = (again.from.into(), self.last.into());
                Ok(Blocks(Place::InTrail(Box::new(Reread { reader, filter, from, last, done: false }))))
            }
        }
    }
}

/// The blocks of an [`Item`]. After an error it ends.
#[derive(Debug)]
pub struct Blocks(Place);

#[derive(Debug)]
enum Place {
    Held(std::vec::IntoIter<Arc<ChangeBlock>>),
    InTrail(Box<Reread>),
    Spilled(Arc<Spill>, Range<usize>),
}

impl Blocks {
    fn held(blocks: Vec<Arc<ChangeBlock>>) -> Self {
        Self(Place::Held(blocks.into_iter()))
    }
}

/// A transaction that is being read again.
#[derive(Debug)]
struct Reread {
    reader: Reader,
    filter: Option<ReadFilter>,
    from: Position,
    last: Position,
    done: bool,
}

impl Reread {
    /// Returns the next block; `None` after the last, and after an error.
    fn next(&mut self) -> Result<Option<Arc<ChangeBlock>>> {
        const CHANGES: usize = 1_000;
        let mut block = ChangeBlock::default();
        while !self.done && block.len() < CHANGES {
            let Some(change) = self.reader.next()?.filter(|change| change.position() <= self.last) else {
                let what = format!("the trail does not have the last change of the transaction any more, at {}", self.last);
                let error = Error::new(ErrorKind::Truncated, what);
                return Err(error.hint("its files were changed after they had been read: restore them"));
            };
            self.done = change.position() == self.last;
            if change.start() < self.from {
                continue;
            }
            let wanted = match &mut self.filter {
                Some(filter) => filter.wants(&change)?,
                None => true,
            };
            if wanted {
                block.push(&change);
            }
        }
        Ok((!block.is_empty()).then(|| Arc::new(block)))
    }
}

impl Iterator for Blocks {
    type Item = Result<Arc<ChangeBlock>>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Place::Held(blocks) => blocks.next().map(Ok),
            Place::Spilled(spill, rest) => {
                let block = spill.block(rest.next()?).inspect_err(|_| *rest = 0..0);
                Some(block.map(Arc::new))
            }
            Place::InTrail(again) => again.next().inspect_err(|_| again.done = true).transpose(),
        }
    }
}
