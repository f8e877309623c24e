//! Cutting a reader into pieces, on which several threads can work.
//!
//! One reader reads and frames. Of the changes that are settled it cuts off a *piece*: a reader of its own, with the bytes, the frames
//! and all that was known before the first of them. The pieces, one after the other, return what the reader would have returned.

use crate::error::Result;
use crate::source::reader::trail::{Step, Stop, TrailReader};
use crate::source::reader::transactions::TransactionTracker;
use crate::source::unfinished::UnfinishedTransactions;
use crate::source::window::{ReadWindow, WindowMemory};

impl TrailReader {
    /// Reads on, and cuts off a reader of the next changes: those of about this many bytes, or of more if it takes more to settle one.
    /// Returns `None` if nothing can be cut off; the next call of [`next`](Self::next) then has the end, or the error. The filter
    /// stays: a piece has none. This reader continues in the given memory.
    pub(super) fn cut(&mut self, bytes: usize, memory: WindowMemory) -> Option<Self> {
        let filter = self.filter.take();
        let mut wanted = bytes;
        let mut has_gathered = self.gather(wanted);
        let piece = loop {
            if !has_gathered {
                break None;
            }
            // It takes along what has been noted so far.
            let (skipped, unfinished) = (std::mem::take(&mut self.skipped), std::mem::take(&mut self.unfinished));
            let before = Self { skipped, unfinished, ..self.fork() };
            let transactions = self.transactions.of_piece(self.transactions.ready());
            let stopped = self.pass_ready();
            if self.cursor > 0 {
                // After an error too: the next cut meets it again.
                break Some(self.separate(before, &transactions, memory));
            }
            (self.skipped, self.unfinished, self.broken_off) = (before.skipped, before.unfinished, before.broken_off);
            match stopped {
                // Joined before the piece: the piece has to know that.
                Ok(Stop::Joined) => {}
                Ok(_) => {
                    wanted = wanted.saturating_mul(2);
                    has_gathered = self.gather(wanted);
                }
                Err(_) => break None,
            }
        };
        self.filter = filter;
        piece
    }

    /// Makes more frames ready until they have about this many bytes. An error or the end is met again after them. Returns whether
    /// there are ready frames.
    fn gather(&mut self, bytes: usize) -> bool {
        loop {
            let before = self.window.frames().len();
            let is_over = !matches!(self.advance(), Ok(true)) || self.window.frames().len() == before;
            let all = self.window.pending_bytes(0);
            let settled = all.saturating_sub(self.window.pending_bytes(self.transactions.ready()));
            if is_over || self.window.is_at_end() || settled >= bytes || all >= bytes.saturating_mul(2) {
                return self.cursor < self.transactions.ready();
            }
        }
    }

    /// Steps over the ready frames.
    fn pass_ready(&mut self) -> Result<Stop> {
        self.keeps_to_ready = true;
        let stopped = loop {
            if self.next_row().is_some() {
                continue;
            }
            match self.next_slow_path() {
                Ok(Step::Skip | Step::Note | Step::Change(_)) => {}
                Ok(Step::Stop(stop)) => break Ok(stop),
                Ok(Step::End) => break Ok(Stop::Passed),
                Err(error) => break Err(error),
            }
        };
        self.keeps_to_ready = false;
        stopped
    }

    /// Returns a reader in the same state, without a window, notes and a filter.
    fn fork(&self) -> Self {
        Self {
            assembler: self.assembler.clone(),
            definitions: self.definitions.clone(),
            cursor: self.cursor,
            segment: self.segment.clone(),
            context: self.context.clone(),
            ids_frame: self.ids_frame,
            broken_off: self.broken_off.clone(),
            ..Self::blank(self.files.clone(), self.options.clone(), ReadWindow::closed())
        }
    }

    /// Returns a reader in the same state that has no changes; a place for notes.
    pub(super) fn emptied(&self) -> Self {
        Self { cursor: 0, ids_frame: None, ..self.fork() }
    }

    /// Gives the frames before the cursor to a piece, which notes again what was noted while they were passed.
    fn separate(&mut self, mut piece: Self, transactions: &TransactionTracker, memory: WindowMemory) -> Self {
        let count = self.cursor;
        match self.ids_frame {
            Some(frame) if frame < count => self.keep_ids(),
            Some(frame) => self.ids_frame = Some(frame - count),
            None => {}
        }
        piece.window = self.window.split(count, memory);
        piece.transactions = transactions.of_piece(count);
        self.transactions.drop_frames(count);
        self.cursor = 0;
        self.fast_until = 0;
        self.anchor_ids();
        self.enter_segment();
        self.skipped.clear();
        self.unfinished = UnfinishedTransactions::default();
        piece
    }

    /// Adds what a reader of the piece before this one has noted and decided.
    pub(super) fn absorb(&mut self, earlier: &mut Self) {
        let mut skipped = std::mem::take(&mut earlier.skipped);
        skipped.append(&mut self.skipped);
        self.skipped = skipped;
        self.unfinished.absorb(std::mem::take(&mut earlier.unfinished));
        if let (Some(filter), Some(earlier)) = (&mut self.filter, earlier.filter.take()) {
            filter.absorb(earlier);
        }
    }
}
