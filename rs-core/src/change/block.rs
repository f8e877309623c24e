//! [`ChangeBlock`]: many owned changes in one piece; [`StoredBlock`]: one whose bytes are elsewhere.

use std::sync::Arc;

use crate::change::change::{Change, ChangeContext};
use crate::change::head::Head;
use crate::change::transaction::{TransactionIds, TransactionIndicator};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{TableDef, TableId, TableMap};

/// Bytes of changes that fill a block, however few the changes are: a block fits into a processor's cache.
const FULL_BYTES: usize = 256 << 10;

/// Some hundred owned changes of any source: the unit that crosses a language boundary, a queue or a thread. The common facts
/// of one transaction are stored once. `Send` and `Sync`.
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
    items: Vec<Item>,
    /// The facts that consecutive changes share, in the order of the changes.
    contexts: Vec<ChangeContext>,
    tables: Vec<(TableId, Arc<TableDef>)>,
    places: TableMap<u32>,
}

/// One change of a block.
#[derive(Clone, Copy, Debug)]
struct Item {
    head: Head,
    context: u32,
    table: u32,
}

/// A block whose bytes are elsewhere, such as in a file: what its changes share, some hundred bytes. See [`ChangeBlock::store`].
/// `Send` and `Sync`.
#[derive(Clone, Debug)]
pub struct StoredBlock {
    len: usize,
    contexts: Vec<ChangeContext>,
    tables: Vec<(TableId, Arc<TableDef>)>,
}

/// Bytes of consecutive rows in a reader's buffer, which a block copies at once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    from: usize,
    end: usize,
}

impl ChangeBlock {
    /// Returns the number of changes.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns whether there are no changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL_BYTES
    }

    /// Returns a change by its index; `None` after the last.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Change<'_>> {
        let item = self.items.get(index)?;
        let (context, table) = (self.contexts.get(item.context as usize)?, self.tables.get(item.table as usize)?);
        Some(Change::new(&self.bytes, &item.head, context, (table.0, &table.1)))
    }

    /// Returns its changes, in the order of their source.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Returns the definitions of the changes' tables, each once, with their numbers.
    #[must_use]
    pub fn tables(&self) -> &[(TableId, Arc<TableDef>)] {
        &self.tables
    }

    /// Returns which of [`tables`](Self::tables) is that of one of its changes.
    #[inline(always)]
    #[must_use]
    pub fn table_index(&self, index: usize) -> Option<usize> {
        self.items.get(index).map(|item| item.table as usize)
    }

    /// Returns the place of one of its changes in its transaction, without making the change.
    #[inline]
    #[must_use]
    pub fn indicator(&self, index: usize) -> Option<TransactionIndicator> {
        self.items.get(index).map(|item| TransactionIndicator::from_byte(item.head.facts.transaction()))
    }

    /// Returns the places of its changes in their transactions, in order, without making the changes.
    pub fn indicators(&self) -> impl Iterator<Item = TransactionIndicator> {
        self.items.iter().map(|item| TransactionIndicator::from_byte(item.head.facts.transaction()))
    }

    /// Returns a number for the transaction of one of its changes. Two changes of the block with the same number have the same
    /// CSN and id; the number means nothing outside the block.
    #[must_use]
    pub fn transaction_of(&self, index: usize) -> Option<u32> {
        let item = self.items.get(index)?;
        let serial = self.contexts.get(item.context as usize)?.ids.serial;
        // A change outside of any transaction has no ids.
        Some((serial << 1 | u64::from(item.head.facts.in_transaction())) as u32)
    }

    /// Appends the bytes of its changes to a buffer, and returns what is left, which stays in memory.
    /// [`StoredBlock::load`] makes an equal block of both. The bytes have a meaning only for this process.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// let mut block = trailcore::ChangeBlock::default();
    /// trail.reader()?.next_block(&mut block, 100)?;
    /// let mut bytes = Vec::new();
    /// let stored = block.store(&mut bytes);
    /// let again = stored.load(&bytes)?;
    /// assert_eq!(again.get(7).unwrap().position(), block.get(7).unwrap().position());
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    pub fn store(&self, into: &mut Vec<u8>) -> StoredBlock {
        into.reserve(self.items.len() * Item::STORED + self.bytes.len());
        for item in &self.items {
            let places = u64::from(item.context) | u64::from(item.table) << 32;
            into.extend(item.head.words().into_iter().chain([places]).flat_map(u64::to_le_bytes));
        }
        into.extend_from_slice(&self.bytes);
        StoredBlock { len: self.items.len(), contexts: self.contexts.clone(), tables: self.tables.clone() }
    }

    /// Removes all changes; the memory is kept.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.items.clear();
        self.contexts.clear();
        self.tables.clear();
        self.places.clear();
    }

    /// Adds a copy of a change, from any source.
    pub fn push(&mut self, change: &Change<'_>) {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(change.own_bytes());
        self.add(change, at);
    }

    /// Adds a change whose bytes are part of the run: [`copy`](Self::copy) copies them at the end of the run.
    #[inline(always)]
    pub(crate) fn push_row(&mut self, change: &Change<'_>, run: &mut Run) {
        let head = change.head();
        if head.at != run.end {
            self.copy(change.buffer(), run);
            *run = Run { from: head.at, end: head.at };
        }
        let at = self.bytes.len() + (head.at - run.from);
        run.end += head.len as usize;
        self.add(change, at);
    }

    /// Returns whether it is full with the bytes of a run.
    #[inline(always)]
    pub(crate) fn is_full_with(&self, run: &Run) -> bool {
        self.bytes.len() + (run.end - run.from) >= FULL_BYTES
    }

    /// Copies the bytes of a run, and empties the run.
    pub(crate) fn copy(&mut self, buffer: &[u8], run: &mut Run) {
        self.bytes.extend_from_slice(buffer.get(run.from..run.end).unwrap_or_default());
        run.from = run.end;
    }

    /// Adds a change whose bytes are at `at`, or will be.
    #[inline(always)]
    fn add(&mut self, change: &Change<'_>, at: usize) {
        let head = Head { at, ..*change.head() };
        let item = Item { head, context: self.context_of(change, at), table: self.table_of(change) };
        self.items.push(item);
    }

    /// Returns the index of the change's context.
    #[inline(always)]
    fn context_of(&mut self, change: &Change<'_>, at: usize) -> u32 {
        let context = change.context();
        let same = |last: &ChangeContext| {
            last.ids.serial == context.ids.serial && Arc::ptr_eq(&last.file, &context.file) && last.start == context.start
        };
        if !self.contexts.last().is_some_and(same) {
            self.add_context(change, at);
        }
        self.contexts.len().saturating_sub(1) as u32
    }

    fn add_context(&mut self, change: &Change<'_>, at: usize) {
        let context = change.context();
        let ids = &context.ids;
        let own = change.head().at..change.head().at + change.head().len as usize;
        let ids = match ids.areas {
            // The record with the ids is part of the run.
            Some((areas, len, order)) if own.contains(&areas) => {
                TransactionIds::in_record(at + (areas - own.start), len, order, ids.serial)
            }
            _ => {
                let (csn, xid) = context.ids(change.buffer());
                TransactionIds::kept(csn, xid, ids.serial)
            }
        };
        self.contexts.push(ChangeContext { file: Arc::clone(&context.file), ids, start: context.start });
    }

    /// Returns the index of its table.
    #[inline(always)]
    fn table_of(&mut self, change: &Change<'_>) -> u32 {
        match self.places.get(change.table_id()) {
            Some(&place) => place,
            None => self.add_table(change),
        }
    }

    #[inline(never)]
    fn add_table(&mut self, change: &Change<'_>) -> u32 {
        let place = self.tables.len() as u32;
        self.tables.push((change.table_id(), Arc::clone(change.table())));
        self.places.insert(change.table_id(), place);
        place
    }
}

impl Item {
    /// Its length in a file.
    const STORED: usize = 9 * size_of::<u64>();

    fn of_words(words: [u64; 9]) -> Self {
        let [head @ .., places] = words;
        Self { head: Head::of_words(head), context: places as u32, table: (places >> 32) as u32 }
    }
}

impl StoredBlock {
    /// Returns the number of changes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there are no changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the block again, of the bytes that [`ChangeBlock::store`] has appended.
    ///
    /// # Errors
    /// [`Corrupt`](ErrorKind::Corrupt) if they are not the bytes of this block, as far as that can be seen: the caller keeps a
    /// checksum.
    pub fn load(&self, bytes: &[u8]) -> Result<ChangeBlock> {
        let other = || Error::new(ErrorKind::Corrupt, "the bytes are not those of the stored block");
        let items_len = self.len.checked_mul(Item::STORED).ok_or_else(other)?;
        let (items, bytes) = bytes.split_at_checked(items_len).ok_or_else(other)?;
        let mut block = ChangeBlock { bytes: bytes.to_vec(), contexts: self.contexts.clone(), ..ChangeBlock::default() };
        block.items.reserve(self.len);
        for words in items.as_chunks::<8>().0.as_chunks::<9>().0 {
            let item = Item::of_words(words.map(u64::from_le_bytes));
            if item.context as usize >= self.contexts.len() || item.table as usize >= self.tables.len() {
                return Err(other());
            }
            block.items.push(item);
        }
        for (place, (id, table)) in (0..).zip(&self.tables) {
            block.tables.push((*id, Arc::clone(table)));
            block.places.insert(*id, place);
        }
        Ok(block)
    }
}

/// An owned change: one of a block, which it keeps. `Send` and `Sync`; cloning shares the bytes.
#[derive(Clone, Debug)]
pub struct OwnedChange {
    block: Arc<ChangeBlock>,
    index: usize,
}

impl Change<'_> {
    /// Returns the change with its own copy of its bytes.
    #[must_use]
    pub fn to_owned(&self) -> OwnedChange {
        let mut block = ChangeBlock::default();
        block.push(self);
        OwnedChange { block: Arc::new(block), index: 0 }
    }
}

impl OwnedChange {
    /// Returns a change of a block as an owned change that shares the block; `None` after the block's last change.
    #[must_use]
    pub fn in_block(block: &Arc<ChangeBlock>, index: usize) -> Option<Self> {
        (index < block.len()).then(|| Self { block: Arc::clone(block), index })
    }

    /// Returns the change, borrowed.
    #[must_use]
    pub fn as_change(&self) -> Change<'_> {
        // The index is one of the block's: both are private and set together.
        #[allow(clippy::expect_used)]
        self.block.get(self.index).expect("an owned change is in its block")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trail;

    fn lines(block: &ChangeBlock) -> Vec<String> {
        let line = |change: Change<'_>| {
            let mut line = Vec::new();
            change.write_json(&mut line).unwrap();
            assert_eq!(change.csn_bytes(), change.csn().map(str::as_bytes));
            let ids = (change.csn(), change.xid(), change.table_id(), change.timestamp(), change.start(), change.transaction());
            format!("{} {ids:?}", String::from_utf8(line).unwrap())
        };
        block.changes().map(line).collect()
    }

    #[test]
    fn a_stored_block_is_equal_after_loading() {
        for (_, bytes) in trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap() {
            let mut reader = Trail::from_bytes(bytes).reader().unwrap();
            let (mut block, mut buffer) = (ChangeBlock::default(), Vec::new());
            while reader.next_block(&mut block, 7).unwrap() > 0 {
                buffer.clear();
                let stored = block.store(&mut buffer);
                let mut again = stored.load(&buffer).unwrap();
                assert_eq!((stored.len(), lines(&again)), (block.len(), lines(&block)));
                // It can be added to as before.
                again.push(&block.get(0).unwrap());
                assert_eq!(again.tables().len(), block.tables().len());
            }
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
        let mut block = ChangeBlock::default();
        Trail::from_bytes(files[0].1.clone()).reader().unwrap().next_block(&mut block, 5).unwrap();
        let mut buffer = Vec::new();
        let stored = block.store(&mut buffer);
        assert_eq!(stored.load(&buffer[..Item::STORED]).unwrap_err().kind(), ErrorKind::Corrupt);
        let places = Item::STORED - 1;
        buffer[places] = 0xff;
        assert_eq!(stored.load(&buffer).unwrap_err().kind(), ErrorKind::Corrupt);
    }
}
