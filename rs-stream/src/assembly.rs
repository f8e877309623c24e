//! Transactions: [`Order`] watches that they are in order, [`Assembly`] puts their changes together.

use std::cmp::Ordering;
use std::path::PathBuf;
use std::sync::Arc;

use trailcore::source::{ByteSource, ReadFilter};
use trailcore::{Change, ChangeBlock, Csn, ReadOptions, Result, Timestamp, TrailPosition, TransactionIndicator, filter::Select};

use crate::acknowledge::Mark;
use crate::event::EventKind;
use crate::item::{Body, InTrail, Part, Transaction, transaction_of};
use crate::options::{Oversize, TailOptions};
use crate::spill::{Spill, SpillPlace};

/// Bytes of changes that close a block of a transaction, however few the changes are.
const BLOCK_BYTES: u64 = 1 << 20;

/// Knows the place after the last change, and whether transactions are in order.
#[derive(Debug, Default)]
pub(crate) struct Order {
    mark: Mark,
    /// CSN and timestamp of the last transaction.
    csn: Option<Vec<u8>>,
    time: Option<Timestamp>,
    /// The last change did not end its transaction.
    inside: bool,
    /// A change has been seen: another one inside a transaction needs a start.
    started: bool,
}

/// An event before a change of a block.
#[derive(Debug)]
pub(crate) struct Cut {
    pub(crate) at: usize,
    pub(crate) kind: EventKind,
    pub(crate) what: String,
}

impl Order {
    /// Returns the place after the last change.
    pub(crate) fn mark(&self) -> Mark {
        self.mark.clone()
    }

    pub(crate) fn here(&self) -> TrailPosition {
        self.mark.position
    }

    /// Returns the oldest position that is still needed.
    pub(crate) fn oldest(&self) -> TrailPosition {
        self.mark.read_from()
    }

    /// Goes to another place.
    pub(crate) fn go_to(&mut self, mark: &Mark) {
        self.mark = mark.clone();
        (self.inside, self.started) = (mark.transaction.is_some(), false);
    }

    /// Compares the first transaction with the one before a checkpoint.
    pub(crate) fn continue_after(&mut self, mark: &Mark) {
        (self.csn, self.time) = (mark.csn.clone().map(String::into_bytes), mark.time);
    }

    /// Notes that the writer has started again: transactions may be repeated.
    pub(crate) fn restarted(&mut self) {
        (self.csn, self.time) = (None, None);
    }

    /// Notes that the open transaction has no end.
    pub(crate) fn broke_off(&mut self) {
        self.mark.transaction = None;
        self.inside = false;
    }

    /// Notes that changes were skipped.
    pub(crate) fn forget(&mut self) {
        self.started = false;
    }

    /// Moves on over records that are not changes. Returns the place if it is another one.
    pub(crate) fn settled(&mut self, position: TrailPosition) -> Option<Mark> {
        if position <= self.mark.position {
            return None;
        }
        self.mark.position = position;
        Some(self.mark())
    }

    /// Looks for transactions that are not in order, and for changes without a transaction.
    pub(crate) fn examine(&mut self, block: &ChangeBlock) -> Vec<Cut> {
        let mut cuts = Vec::new();
        for (index, indicator) in block.indicators().enumerate() {
            if indicator.begins() {
                if let Some(change) = block.get(index) {
                    self.compare(&change, index, &mut cuts);
                }
            } else if self.started && !self.inside && !matches!(indicator, TransactionIndicator::Unknown(_)) {
                let what = "a change is inside a transaction that has not begun".to_owned();
                cuts.push(Cut { at: index, kind: EventKind::MissingStart, what });
            }
            self.inside = !indicator.ends();
            self.started = true;
        }
        cuts
    }

    /// Compares a transaction with the one before it.
    fn compare(&mut self, change: &Change<'_>, at: usize, cuts: &mut Vec<Cut>) {
        if let Some(csn) = change.csn_bytes() {
            match &mut self.csn {
                Some(before) => {
                    if Csn::compare_bytes(csn, before) == Some(Ordering::Less) {
                        let text = String::from_utf8_lossy;
                        let what = format!("CSN {} comes after CSN {}", text(csn), text(before));
                        cuts.push(Cut { at, kind: EventKind::HistoryReset, what });
                    }
                    before.clear();
                    before.extend_from_slice(csn);
                }
                none => *none = Some(csn.to_vec()),
            }
        }
        let time = change.timestamp();
        if let Some(before) = self.time.replace(time).filter(|before| time < *before) {
            let what = format!("timestamp {time} comes after {before}");
            cuts.push(Cut { at, kind: EventKind::TimeBackwards, what });
        }
    }

    /// Moves over the changes of a block, after which the position is `after`. Returns the start of the transaction that the first
    /// change is inside, and the place after the last one.
    pub(crate) fn pass(&mut self, block: &ChangeBlock, after: TrailPosition) -> (Option<TrailPosition>, Mark) {
        let inside = self.mark.transaction;
        self.mark.position = after;
        if let Some(last) = block.get(block.len().wrapping_sub(1)) {
            self.mark.csn = last.csn().map(str::to_owned);
            self.mark.time = Some(last.timestamp());
            self.mark.transaction = transaction_of(block, block.len() - 1, inside);
        }
        (inside, self.mark())
    }
}

/// Puts the changes of a transaction together.
#[derive(Debug)]
pub(crate) struct Assembly {
    memory: u64,
    oversize: Oversize,
    spill: SpillPlace,
    batch: usize,
    select: Option<Select>,
    read: ReadOptions,
    open: Option<Open>,
    /// Start of a transaction the first part of which was delivered before a restart.
    inside: Option<TrailPosition>,
    /// The place after the last transaction or part that is done.
    done: Mark,
}

/// The transaction that is being put together.
#[derive(Debug)]
struct Open {
    csn: Option<String>,
    xid: Option<String>,
    time: Timestamp,
    first: TrailPosition,
    /// Position of its first change that has not been delivered before.
    from: TrailPosition,
    last: TrailPosition,
    /// The place after its last change so far.
    after: TrailPosition,
    has_start: bool,
    /// Parts of it that have been delivered.
    parts: u64,
    blocks: Vec<Arc<ChangeBlock>>,
    block: ChangeBlock,
    /// Bytes of the block.
    block_bytes: u64,
    /// Bytes in memory, and changes that are not delivered.
    bytes: u64,
    changes: u64,
    /// Its changes are not kept; it is read again.
    rereads: bool,
    /// Its changes that are not in memory.
    spill: Option<Spill>,
}

/// Something that is complete.
#[derive(Debug)]
pub(crate) enum Done {
    Transaction(Box<Transaction>),
    /// A transaction none of whose changes is selected.
    Nothing(Mark),
}

/// The files from a position on, held open.
pub(crate) type Sources = Vec<(PathBuf, Arc<dyn ByteSource>)>;

impl Assembly {
    pub(crate) fn new(options: &TailOptions) -> Self {
        Self {
            memory: options.memory,
            oversize: options.oversize,
            spill: options.spill_place(),
            batch: options.batch.max(1),
            select: options.select.clone(),
            read: options.read.clone(),
            open: None,
            inside: None,
            done: Mark::default(),
        }
    }

    /// Returns the place after the last transaction or part that is done.
    pub(crate) fn done(&self) -> Mark {
        self.done.clone()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_none()
    }

    /// Goes to a place.
    pub(crate) fn go_to(&mut self, mark: &Mark) {
        self.done = mark.clone();
        self.inside = mark.transaction;
        // Changes that are not delivered are read again; delivered parts are not.
        let delivered = self.open.take().filter(|open| open.parts > 0 && mark.transaction == Some(open.first));
        self.open = delivered.map(|open| Open {
            blocks: Vec::new(),
            block: ChangeBlock::default(),
            block_bytes: 0,
            bytes: 0,
            changes: 0,
            rereads: false,
            spill: None,
            ..open
        });
    }

    /// Takes the changes of a block, after which the place is `mark`. Returns what is complete, and the error after it.
    pub(crate) fn take(
        &mut self,
        block: &ChangeBlock,
        mark: &Mark,
        mut filter: Option<&mut ReadFilter>,
        sources: impl Fn(TrailPosition) -> Result<Sources>,
    ) -> (Vec<Done>, Result<()>) {
        let mut done = Vec::new();
        for (index, change) in block.changes().enumerate() {
            let next = block.get(index + 1).and_then(|next| next.start().trail());
            let after = next.unwrap_or(mark.position);
            let wanted = match &mut filter {
                Some(filter) => filter.wants(&change),
                None => Ok(true),
            };
            let outcome = wanted.and_then(|wanted| self.add(&change, after, wanted, &mut done, &sources));
            if outcome.is_err() {
                return (done, outcome);
            }
        }
        (done, Ok(()))
    }

    fn add(
        &mut self,
        change: &Change<'_>,
        after: TrailPosition,
        wanted: bool,
        done: &mut Vec<Done>,
        sources: &impl Fn(TrailPosition) -> Result<Sources>,
    ) -> Result<()> {
        let indicator = change.transaction();
        if indicator.begins() && self.open.is_some() {
            done.extend(self.end(false, sources)?);
        }
        let batch = self.batch;
        let inside = self.inside.take().filter(|_| !indicator.begins());
        let open = self.open.get_or_insert_with(|| Open::of(change, indicator.begins(), inside));
        (open.last, open.after) = (change.position().trail().unwrap_or_default(), after);
        if wanted {
            open.changes += 1;
            if !open.rereads {
                open.push(change, batch);
            }
        }
        if indicator.ends() {
            let has_start = open.has_start;
            done.extend(self.end(has_start, sources)?);
        } else if open.bytes > open.cap(self.memory) {
            match self.oversize {
                Oversize::Reread => {
                    (open.rereads, open.bytes) = (true, 0);
                    open.blocks.clear();
                    open.block.clear();
                }
                Oversize::Spill => open.spill(&self.spill)?,
                Oversize::Stream => {
                    let part = if open.parts == 0 { Part::First } else { Part::Middle };
                    let complete = open.has_start;
                    open.parts += 1;
                    let mark = Mark {
                        position: open.after,
                        transaction: Some(open.first),
                        csn: open.csn.clone(),
                        time: Some(open.time),
                    };
                    let body = Body::Held(open.take_blocks());
                    done.push(Done::Transaction(Box::new(open.transaction(part, complete, body, mark.clone()))));
                    (open.bytes, open.changes) = (0, 0);
                    self.done = mark;
                }
            }
        }
        Ok(())
    }

    /// Ends the open transaction without its end.
    pub(crate) fn break_off(&mut self, sources: impl Fn(TrailPosition) -> Result<Sources>) -> (Vec<Done>, Result<()>) {
        match self.end(false, &sources) {
            Ok(done) => (done.into_iter().collect(), Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        }
    }

    /// Ends the open transaction.
    fn end(&mut self, complete: bool, sources: &impl Fn(TrailPosition) -> Result<Sources>) -> Result<Option<Done>> {
        let Some(mut open) = self.open.take() else { return Ok(None) };
        let mark = Mark { position: open.after, transaction: None, csn: open.csn.clone(), time: Some(open.time) };
        if open.changes == 0 && open.parts == 0 {
            self.done = mark.clone();
            return Ok(Some(Done::Nothing(mark)));
        }
        if open.spill.is_some() {
            open.spill(&self.spill)?;
        }
        let part = if open.parts == 0 { Part::Whole } else { Part::Last };
        let body = if open.rereads {
            let (options, select) = (self.read.clone(), self.select.clone());
            Body::InTrail(Box::new(InTrail { from: open.from, files: sources(open.first)?, options, select }))
        } else if let Some(spill) = open.spill.take() {
            Body::Spilled(Arc::new(spill))
        } else {
            Body::Held(open.take_blocks())
        };
        self.done = mark.clone();
        Ok(Some(Done::Transaction(Box::new(open.transaction(part, complete, body, mark)))))
    }
}

impl Open {
    fn of(change: &Change<'_>, has_start: bool, inside: Option<TrailPosition>) -> Self {
        let (csn, xid) = change.ids();
        let from = change.start().trail().unwrap_or_default();
        let first = inside.unwrap_or(from);
        Self {
            csn: csn.map(str::to_owned),
            xid: xid.map(str::to_owned),
            time: change.timestamp(),
            first,
            from,
            last: first,
            after: first,
            has_start: has_start || inside.is_some(),
            parts: u64::from(inside.is_some()),
            blocks: Vec::new(),
            block: ChangeBlock::default(),
            block_bytes: 0,
            bytes: 0,
            changes: 0,
            rereads: false,
            spill: None,
        }
    }

    fn push(&mut self, change: &Change<'_>, batch: usize) {
        self.block.push(change);
        self.bytes += change.source_bytes();
        self.block_bytes += change.source_bytes();
        if self.block.len() >= batch || self.block_bytes >= BLOCK_BYTES {
            self.close_block();
        }
    }

    /// Returns how many bytes may be in memory: a transaction that is spilled is written in pieces.
    fn cap(&self, memory: u64) -> u64 {
        if self.spill.is_some() { memory.min(BLOCK_BYTES) } else { memory }
    }

    /// Moves what is in memory to the file.
    fn spill(&mut self, place: &SpillPlace) -> Result<()> {
        let blocks = self.take_blocks();
        self.bytes = 0;
        let spill = match &mut self.spill {
            Some(spill) => spill,
            none => none.insert(Spill::create(place)?),
        };
        blocks.iter().try_for_each(|block| spill.push(block))
    }

    fn close_block(&mut self) {
        self.block_bytes = 0;
        if !self.block.is_empty() {
            self.blocks.push(Arc::new(std::mem::take(&mut self.block)));
        }
    }

    fn take_blocks(&mut self) -> Vec<Arc<ChangeBlock>> {
        self.close_block();
        std::mem::take(&mut self.blocks)
    }

    fn transaction(&self, part: Part, complete: bool, body: Body, after: Mark) -> Transaction {
        Transaction {
            csn: self.csn.clone(),
            xid: self.xid.clone(),
            time: self.time,
            first: self.first,
            last: self.last,
            changes: self.changes,
            part,
            complete,
            body,
            after,
            item: 0,
        }
    }
}
