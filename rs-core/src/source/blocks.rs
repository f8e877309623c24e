//! Changes by the block: owned together, at the price of one copy of their bytes.

use std::sync::Arc;

use crate::change::{Change, View};
use crate::error::{Error, Result};
use crate::schema::TableDef;
use crate::source::reader::Reader;
use crate::trail::{Frame, Record};

/// Bytes of records that fill a block.
const FULL_BYTES: usize = 256 << 10;

/// Some changes that live by themselves: for bindings and queues, where one change at a time costs too much. `Send` and
/// `Sync`.
///
/// ```
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
/// let mut blocks = trail.reader()?.into_blocks(256);
/// while let Some(block) = blocks.next_block()? {
///     for change in block.changes() {
///         println!("{} {}", change.position(), change.op());
///     }
/// }
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct ChangeBlock {
    bytes: Vec<u8>,
    frames: Vec<Frame>,
    changes: Vec<Entry>,
    /// The definitions of their tables, each once.
    tables: Vec<Arc<TableDef>>,
    /// The ids of the last change's transaction.
    last_csn: Option<String>,
    last_xid: Option<String>,
}

#[derive(Debug)]
struct Entry {
    view: View,
    main: usize,
    table: usize,
    transaction: u32,
}

impl ChangeBlock {
    /// How many changes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// One of its changes.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Change<'_>> {
        let entry = self.changes.get(index)?;
        let frame = self.frames.get(entry.main)?;
        Some(Change::new(&self.bytes, &self.frames, frame, &entry.view, self.tables.get(entry.table)?))
    }

    /// The definitions of its changes' tables, each once.
    #[must_use]
    pub fn tables(&self) -> &[Arc<TableDef>] {
        &self.tables
    }

    /// Which of [`tables`](Self::tables) is that of one of its changes.
    #[must_use]
    pub fn table_index(&self, index: usize) -> Option<usize> {
        self.changes.get(index).map(|entry| entry.table)
    }

    /// A number for the transaction of one of its changes: that of the change before it where both are of one transaction.
    /// It means nothing outside of the block.
    #[must_use]
    pub fn transaction_of(&self, index: usize) -> Option<u32> {
        self.changes.get(index).map(|entry| entry.transaction)
    }

    /// Its changes, in the trail's order.
    pub fn changes(&self) -> impl ExactSizeIterator<Item = Change<'_>> {
        (0..self.len()).filter_map(|index| self.get(index)).collect::<Vec<_>>().into_iter()
    }

    fn add(&mut self, change: &Change<'_>) {
        let first = self.frames.len();
        for (record, frame) in change.own_records() {
            self.frames.push(frame.moved_to(self.bytes.len() as u64));
            self.bytes.extend_from_slice(record.bytes());
        }
        let (csn, xid) = change.ids();
        let last = self.changes.last();
        let same = last.is_some() && self.last_csn.as_deref() == csn && self.last_xid.as_deref() == xid;
        let view = change.view_at(first, self.frames.len(), last.filter(|_| same).map(|last| &last.view));
        let transaction = last.map_or(0, |last| last.transaction + u32::from(!same));
        if !same {
            set_text(&mut self.last_csn, csn);
            set_text(&mut self.last_xid, xid);
        }
        let main = first + usize::from(change.before_record().is_some());
        let table = self.table_of(change.table());
        self.changes.push(Entry { view, main, table, transaction });
    }

    /// The place of a definition among those of the block.
    fn table_of(&mut self, table: &Arc<TableDef>) -> usize {
        let known = self.tables.iter().rposition(|known| Arc::ptr_eq(known, table));
        known.unwrap_or_else(|| {
            self.tables.push(Arc::clone(table));
            self.tables.len() - 1
        })
    }

    fn is_full(&self, changes: usize) -> bool {
        self.changes.len() >= changes || self.bytes.len() >= FULL_BYTES
    }
}

fn set_text(known: &mut Option<String>, text: Option<&str>) {
    match (known.as_mut(), text) {
        (Some(known), Some(text)) => text.clone_into(known),
        (_, text) => *known = text.map(str::to_owned),
    }
}

/// The changes of a reader by the block. See [`Reader::into_blocks`].
#[derive(Debug)]
pub struct Blocks {
    reader: Reader,
    changes: usize,
    /// An error that lies behind the block that was handed out last.
    pending: Option<Error>,
}

impl Reader {
    /// All further changes, by blocks of at most this many. A block ends earlier where its changes have many bytes, at the
    /// end of the trail and before an error.
    #[must_use]
    pub fn into_blocks(self, changes: usize) -> Blocks {
        Blocks { reader: self, changes: changes.max(1), pending: None }
    }
}

impl Blocks {
    /// The next block, which is not empty; `None` at the end of the trail. A later call then looks again.
    ///
    /// # Errors
    /// As [`Reader::next`]. What lies before an error comes before it.
    pub fn next_block(&mut self) -> Result<Option<ChangeBlock>> {
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        let mut block = ChangeBlock::default();
        while !block.is_full(self.changes) {
            match self.reader.next() {
                Ok(Some(change)) => block.add(&change),
                Ok(None) => break,
                Err(error) if block.is_empty() => return Err(error),
                Err(error) => {
                    self.pending = Some(error);
                    break;
                }
            }
        }
        Ok((!block.is_empty()).then_some(block))
    }

    /// The reader underneath, for what it tells. It is ahead of what has been handed out by no more than an error.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }
}

/// A change's records with their frames.
impl<'a> Change<'a> {
    fn own_records(&self) -> impl Iterator<Item = (Record<'a>, Frame)> + use<'a> {
        let buffer = self.buffer();
        self.own_frames().iter().map(move |frame| (Record::from_frame(buffer, frame), *frame))
    }
}
