//! Many changes that live by themselves, in one piece.

use std::sync::Arc;

use crate::change::{Change, TransactionIds, Unit, View};
use crate::schema::TableDef;
use crate::trail::{Frame, Record};

/// Bytes of records that fill a block, however few changes they are: it stays near the processor.
const FULL_BYTES: usize = 256 << 10;

/// How many tables are found without a search.
const RECENT: usize = 64;

/// Some changes that live by themselves: for bindings and queues, where one change at a time costs too much. What an
/// [`OwnedChange`](crate::OwnedChange) keeps for each change is kept here once for each transaction. `Send` and `Sync`.
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
#[derive(Debug)]
pub struct ChangeBlock {
    bytes: Vec<u8>,
    frames: Vec<Frame>,
    items: Vec<Item>,
    /// What changes of one transaction share, in the order of the changes.
    views: Vec<View>,
    /// Whether the last view is more than a transaction's: it is then one change's alone.
    own_view: bool,
    tables: Vec<Arc<TableDef>>,
    /// Their places by address, in the order of the addresses.
    places: Vec<(usize, u32)>,
    /// Tables met lately with their places in `tables`, each where its address says.
    recent: Box<[(usize, u32); RECENT]>,
}

/// Bytes of a reader's buffer that a block takes in with one copy: those of rows that lie one behind the other.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    from: u64,
    end: u64,
}

/// One change of a block.
#[derive(Clone, Copy, Debug)]
struct Item {
    unit: Unit,
    view: u32,
    table: u32,
}

impl Default for ChangeBlock {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            frames: Vec::new(),
            items: Vec::new(),
            views: Vec::new(),
            own_view: false,
            tables: Vec::new(),
            places: Vec::new(),
            recent: Box::new([(0, 0); RECENT]),
        }
    }
}

impl ChangeBlock {
    /// How many changes there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL_BYTES
    }

    /// A change by its place, counted from 0; `None` behind the last.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, place: usize) -> Option<Change<'_>> {
        let item = self.items.get(place)?;
        let frame = self.frames.get(item.unit.first + usize::from(item.unit.paired))?;
        let (view, table) = (self.views.get(item.view as usize)?, self.tables.get(item.table as usize)?);
        Some(Change::new((&self.bytes, &self.frames), frame, &item.unit, view, table))
    }

    /// Its changes, in the trail's order.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        (0..self.len()).filter_map(|place| self.get(place))
    }

    /// The definitions of the changes' tables, each once.
    #[must_use]
    pub fn tables(&self) -> &[Arc<TableDef>] {
        &self.tables
    }

    /// Which of [`tables`](Self::tables) is that of one of its changes.
    #[inline(always)]
    #[must_use]
    pub fn table_index(&self, place: usize) -> Option<usize> {
        self.items.get(place).map(|item| item.table as usize)
    }

    /// A number for the transaction of one of its changes: that of the change before it where both are of one transaction.
    /// It means nothing outside of the block.
    #[must_use]
    pub fn transaction_of(&self, place: usize) -> Option<u32> {
        let item = self.items.get(place)?;
        let serial = self.views.get(item.view as usize)?.ids.serial;
        // What belongs to no transaction has none of its ids.
        Some((serial << 1 | u64::from(item.unit.in_transaction)) as u32)
    }

    /// Forgets all changes; the memory is kept.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.frames.clear();
        self.items.clear();
        self.views.clear();
        self.tables.clear();
        self.places.clear();
        self.recent.fill((0, 0));
    }

    /// Takes in a change of the reader that fills the block.
    #[inline(always)]
    pub(crate) fn push(&mut self, change: &Change<'_>) {
        let first = self.frames.len();
        for frame in change.own_frames() {
            self.frames.push(frame.moved_to(self.bytes.len() as u64));
            self.bytes.extend_from_slice(Record::from_frame(change.buffer, frame).bytes());
        }
        self.add(change, first);
    }

    /// Takes in a change of one record, whose bytes come with the run: [`copy`](Self::copy) takes them when the run has ended.
    #[inline(always)]
    pub(crate) fn push_row(&mut self, change: &Change<'_>, run: &mut Run) {
        let frame = change.frame;
        if frame.at != run.end {
            self.copy(change.buffer, run);
            *run = Run { from: frame.at, end: frame.at };
        }
        let first = self.frames.len();
        self.frames.push(frame.moved_to(self.bytes.len() as u64 + (frame.at - run.from)));
        run.end += u64::from(frame.len);
        self.add(change, first);
    }

    /// Whether it is full with the bytes of a run.
    #[inline(always)]
    pub(crate) fn is_full_with(&self, run: &Run) -> bool {
        self.bytes.len() as u64 + (run.end - run.from) >= FULL_BYTES as u64
    }

    /// Takes in the bytes of a run, which is at its end then.
    pub(crate) fn copy(&mut self, buffer: &[u8], run: &mut Run) {
        self.bytes.extend_from_slice(buffer.get(run.from as usize..run.end as usize).unwrap_or_default());
        run.from = run.end;
    }

    /// Adds a change whose frames are there from `first` on.
    #[inline(always)]
    fn add(&mut self, change: &Change<'_>, first: usize) {
        let unit = Unit { first, end: self.frames.len(), ..*change.unit };
        let item = Item { unit, view: self.view_of(change, first), table: self.table_of(change) };
        self.items.push(item);
    }

    /// The place of what it shares with others.
    #[inline(always)]
    fn view_of(&mut self, change: &Change<'_>, first: usize) -> u32 {
        let own = change.unit.continuations > 0;
        let view = change.view;
        let same = |last: &View| last.ids.serial == view.ids.serial && Arc::ptr_eq(&last.origin, &view.origin);
        if own || self.own_view || !self.views.last().is_some_and(same) {
            self.add_view(change, first, own);
        }
        self.views.len().saturating_sub(1) as u32
    }

    fn add_view(&mut self, change: &Change<'_>, first: usize, own: bool) {
        let ids = &change.view.ids;
        let ids = match ids.frame {
            // The record that has them comes along.
            Some(frame) if frame == change.unit.first => {
                TransactionIds { frame: Some(first), serial: ids.serial, ..Default::default() }
            }
            _ => {
                let (csn, xid) = ids.of(change.buffer, change.frames);
                TransactionIds { serial: ids.serial, ..TransactionIds::kept(csn, xid) }
            }
        };
        let joined = if own { change.view.joined.clone() } else { Vec::new() };
        self.views.push(View { origin: Arc::clone(&change.view.origin), ids, joined });
        self.own_view = own;
    }

    /// The place of its table.
    #[inline(always)]
    fn table_of(&mut self, change: &Change<'_>) -> u32 {
        let address = Arc::as_ptr(change.table).addr();
        let at = (address >> 4 ^ address >> 10) % RECENT;
        match self.recent.get(at) {
            Some(&(known, place)) if known == address => place,
            _ => self.find_table(change.table, at),
        }
    }

    #[inline(never)]
    fn find_table(&mut self, table: &Arc<TableDef>, at: usize) -> u32 {
        let address = Arc::as_ptr(table).addr();
        let place = match self.places.binary_search_by_key(&address, |(known, _)| *known) {
            Ok(found) => self.places.get(found).map_or(0, |(_, place)| *place),
            Err(at) => {
                let place = self.tables.len() as u32;
                self.tables.push(Arc::clone(table));
                self.places.insert(at, (address, place));
                place
            }
        };
        if let Some(recent) = self.recent.get_mut(at) {
            *recent = (address, place);
        }
        place
    }
}
