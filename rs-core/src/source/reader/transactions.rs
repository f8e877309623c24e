//! [`TransactionTracker`]: which frames of the window may be returned, where transactions end, and which are rolled back.

use std::collections::VecDeque;
use std::ops::Range;

use crate::error::Result;
use crate::source::reader::assembly::is_before_half;
use crate::source::sequence::TrailFile;
use crate::source::window::{End, ReadWindow};
use crate::trail::{Frame, RecordType};

/// A transaction that has not ended after this many bytes is not held in memory: the tracker looks ahead for its end.
const MAX_HELD: usize = 1 << 20;

/// Knows which frames of a window may be returned.
///
/// Invariants: frames before `ready` may be returned, since nothing after the window can change what they mean; frames before
/// `resolved` have been looked at; `ready <= resolved <= ` the number of frames.
#[derive(Debug, Default)]
pub(super) struct TransactionTracker {
    open: OpenTransaction,
    ready: usize,
    resolved: usize,
    /// The last frames of transactions that the trail does not finish, in order.
    unfinished: VecDeque<usize>,
    /// The trail is being written: its end is not the end of what is open there.
    live: bool,
    /// Looks ahead, in a trail that is being written, for the end of a transaction that is too long to be held.
    ahead: Option<Box<ReadWindow>>,
}

/// The transaction that the resolved frames end inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum OpenTransaction {
    /// None: the last transaction has ended.
    #[default]
    None,
    /// One that starts with this frame. Whether it is rolled back is not known yet.
    From(usize),
    /// One that extends beyond the window and is known to be kept.
    Kept,
    /// One that extends beyond the window and is known to be rolled back.
    RolledBack,
}

impl TransactionTracker {
    /// Returns the first frame that may not be returned yet.
    #[inline(always)]
    pub(super) fn ready(&self) -> usize {
        self.ready
    }

    /// Returns the last frame of the next transaction that the trail does not finish.
    pub(super) fn next_unfinished(&self) -> Option<usize> {
        self.unfinished.front().copied()
    }

    /// Returns whether a transaction that the trail does not finish breaks off in these frames, and forgets it.
    pub(super) fn breaks_off_in(&mut self, frames: Range<usize>) -> bool {
        let breaks_off = self.next_unfinished().is_some_and(|last| last < frames.end);
        if breaks_off {
            self.unfinished.pop_front();
        }
        breaks_off
    }

    /// Creates a tracker for a trail that is being written: nothing is ready that later records may still change.
    pub(super) fn live() -> Self {
        Self { live: true, ..Self::default() }
    }

    /// Returns whether it waits for the end of a transaction that is too long to be held.
    pub(super) fn is_waiting(&self) -> bool {
        self.ahead.is_some()
    }

    /// Returns whether a transaction is open whose end has not been seen.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.open, OpenTransaction::From(_))
    }

    /// Adds a file after the last one.
    pub(super) fn add_file(&mut self, file: &TrailFile) {
        if let Some(ahead) = &mut self.ahead {
            ahead.add_file(file.clone());
        }
    }

    /// Returns the window that has read furthest.
    pub(super) fn furthest<'a>(&'a self, window: &'a ReadWindow) -> &'a ReadWindow {
        self.ahead.as_deref().unwrap_or(window)
    }

    /// Looks at the window's new frames. `cursor` is the next frame to be returned.
    pub(super) fn resolve(&mut self, window: &mut ReadWindow, cursor: usize) -> Result<()> {
        if window.is_plain() && self.open != OpenTransaction::RolledBack {
            self.resolve_rows(window.frames(), cursor);
        } else {
            self.resolve_all(window, cursor);
        }
        self.resolved = window.frames().len();
        self.ready = match self.open {
            _ if window.is_at_end() && !self.live => window.frames().len() - usize::from(ends_in_torn_pair(window)),
            // Nothing belongs to a transaction after its end.
            OpenTransaction::None if self.live => whole_changes(window),
            OpenTransaction::From(start) => start.min(last_change(window)),
            _ => last_change(window),
        };
        // A torn tail is an error of its own, and the file may grow.
        let is_torn = matches!(window.end(), End::Fault(error) if error.needs_more_bytes());
        if window.is_at_end() && !is_torn && !self.live {
            self.break_off(window.frames(), self.ready, cursor);
        }
        if let OpenTransaction::From(start) = self.open {
            let held = start <= cursor && window.pending_bytes(start) > MAX_HELD;
            if held && self.live {
                self.ahead = Some(Box::new(window.ahead()));
                self.look_further(window)?;
            } else if held && !window.is_at_end() {
                self.look_ahead(window, start)?;
            }
        }
        Ok(())
    }

    /// Looks on for the end of the transaction that is too long to be held. Returns whether it has been found.
    #[cold]
    pub(super) fn look_further(&mut self, window: &mut ReadWindow) -> Result<bool> {
        let Some(ahead) = &mut self.ahead else { return Ok(true) };
        let rolled_back = match is_rolled_back(ahead)? {
            Some(rolled_back) => rolled_back,
            None if ahead.may_grow() => return Ok(false),
            // The window itself will meet the damage.
            None => false,
        };
        self.end_waiting(window, rolled_back);
        Ok(true)
    }

    /// Does not look on for the end of the transaction that is too long to be held.
    pub(super) fn end_waiting(&mut self, window: &mut ReadWindow, rolled_back: bool) {
        self.ahead = None;
        if let OpenTransaction::From(start) = self.open {
            self.settle(window, start, rolled_back);
        }
    }

    /// Notes that the open transaction, if there is one, breaks off before a frame. `cursor` is the next frame to be returned.
    fn break_off(&mut self, frames: &[Frame], before: usize, cursor: usize) {
        if !matches!(self.open, OpenTransaction::From(_) | OpenTransaction::Kept) {
            return;
        }
        let in_transaction = |frame: &Frame| !frame.is_file_header() && frame.record_type.belongs_to_transaction();
        let last = frames.get(..before).and_then(|frames| frames.iter().rposition(in_transaction));
        self.unfinished.extend(last.filter(|last| *last >= cursor && self.unfinished.back().is_none_or(|noted| noted < last)));
    }

    /// Starts at a frame, inside a transaction or not. Frames before it are settled.
    pub(super) fn start_at(&mut self, frame: usize, inside: bool) {
        self.resolved = frame;
        self.open = if inside { OpenTransaction::From(frame) } else { OpenTransaction::None };
    }

    /// Forgets the open transaction: a range that was skipped may have ended it and begun another.
    pub(super) fn skip(&mut self) {
        self.open = OpenTransaction::None;
    }

    /// Makes the frames ready that are whole changes, because what follows them cannot be read now: all but the first half of a pair
    /// and a record that is continued. Returns whether there are any at or after `cursor`.
    pub(super) fn make_whole_ready(&mut self, window: &ReadWindow, cursor: usize) -> bool {
        self.ready = self.ready.max(whole_changes(window));
        cursor < self.ready
    }

    /// Makes all frames ready, whatever might have followed them.
    pub(super) fn make_all_ready(&mut self, window: &ReadWindow) {
        self.ready = window.frames().len();
    }

    /// Returns a tracker for a window that has only the first frames, which are all ready.
    pub(super) fn of_piece(&self, count: usize) -> Self {
        let unfinished = self.unfinished.iter().copied().filter(|last| *last < count).collect();
        Self { ready: count, resolved: count, unfinished, open: self.open, live: false, ahead: None }
    }

    /// Makes all frames of a trail that is being written ready: what would follow them is given up. An open transaction breaks
    /// off there.
    pub(super) fn give_up_the_rest(&mut self, window: &ReadWindow, cursor: usize) {
        self.break_off(window.frames(), window.frames().len(), cursor);
        self.open = OpenTransaction::None;
        self.ahead = None;
        self.make_all_ready(window);
    }

    /// Follows the window, which has dropped its first frames.
    pub(super) fn drop_frames(&mut self, count: usize) {
        if let OpenTransaction::From(start) = &mut self.open {
            *start = start.saturating_sub(count);
        }
        self.ready = self.ready.saturating_sub(count);
        self.resolved = self.resolved.saturating_sub(count);
        self.unfinished.retain(|last| *last >= count);
        self.unfinished.iter_mut().for_each(|last| *last -= count);
    }

    /// Resolves frames that are plain rows: the last of them that begins or ends a transaction decides.
    fn resolve_rows(&mut self, frames: &[Frame], cursor: usize) {
        let new = frames.get(self.resolved..).unwrap_or_default();
        // Between the new frames, no transaction breaks off.
        if new.first().is_some_and(|frame| frame.begins_and_ends().0) {
            self.break_off(frames, self.resolved, cursor);
        }
        for (index, frame) in new.iter().enumerate().rev() {
            let (begins, ends) = frame.begins_and_ends();
            if begins || ends {
                self.open = if ends { OpenTransaction::None } else { OpenTransaction::From(self.resolved + index) };
                return;
            }
        }
        // Rows from inside a transaction whose start was not read.
        if self.open == OpenTransaction::None && new.iter().any(Frame::is_middle) {
            self.open = OpenTransaction::From(self.resolved);
        }
    }

    /// Resolves frames of all kinds, markers among them.
    fn resolve_all(&mut self, window: &mut ReadWindow, cursor: usize) {
        let mut next = self.resolved;
        while let Some(frame) = window.frames().get(next).copied() {
            let index = next;
            next += 1;
            if frame.is_file_header() {
                continue;
            }
            if !frame.record_type.belongs_to_transaction() {
                if frame.record_type == RecordType::RESTART_ABEND {
                    if let OpenTransaction::From(start) = self.open {
                        window.roll_back(start..index);
                    }
                    self.open = OpenTransaction::None;
                }
                continue;
            }
            let (begins, ends) = frame.begins_and_ends();
            let unread_start = self.open == OpenTransaction::None && frame.is_middle();
            let begins = begins && frame.record_type != RecordType::LOB;
            if begins {
                self.break_off(window.frames(), index, cursor);
            }
            if begins || unread_start {
                self.open = OpenTransaction::From(index);
            }
            if self.open == OpenTransaction::RolledBack {
                window.roll_back(index..index + 1);
            }
            if ends {
                self.open = OpenTransaction::None;
            }
        }
    }

    /// Looks ahead for the end of the open transaction, which is too long to be held, or for its RestartAbend.
    #[cold]
    fn look_ahead(&mut self, window: &mut ReadWindow, start: usize) -> Result<()> {
        // One that the trail, or its readable part, does not end is kept.
        let rolled_back = is_rolled_back(&mut window.ahead())?.unwrap_or(false);
        self.settle(window, start, rolled_back);
        Ok(())
    }

    /// Releases the frames of a transaction that extends beyond the window.
    fn settle(&mut self, window: &mut ReadWindow, start: usize, rolled_back: bool) {
        if rolled_back {
            window.roll_back(start..window.frames().len());
            self.open = OpenTransaction::RolledBack;
        } else {
            self.open = OpenTransaction::Kept;
        }
        self.ready = last_change(window);
    }
}

/// Returns whether the transaction that a window starts inside is rolled back; `None` if the trail, or its readable part, does not
/// end it.
fn is_rolled_back(ahead: &mut ReadWindow) -> Result<Option<bool>> {
    while ahead.fill(ahead.frames().len())? {
        for frame in ahead.frames() {
            let record_type = frame.record_type;
            if record_type == RecordType::RESTART_ABEND {
                return Ok(Some(true));
            }
            let indicator = frame.transaction();
            let other_begins = indicator.begins() && record_type != RecordType::LOB;
            if record_type.belongs_to_transaction() && !frame.is_file_header() && (indicator.ends() || other_begins) {
                return Ok(Some(false));
            }
        }
    }
    Ok(None)
}

/// Returns whether the frames end with the first half of a pair whose other half has not arrived. A before record that ends its
/// transaction has no other half.
fn ends_in_torn_pair(window: &ReadWindow) -> bool {
    window.may_grow() && window.frames().last().is_some_and(|frame| is_before_half(frame) && !frame.transaction().ends())
}

/// Returns the end of the whole changes in the window: before the first half of a pair, and before a record that is continued.
fn whole_changes(window: &ReadWindow) -> usize {
    let frames = window.frames();
    let is_half = frames.last().is_some_and(|frame| is_before_half(frame) && !frame.transaction().ends());
    let is_continued =
        window.record(frames.len().saturating_sub(1)).is_some_and(|last| !last.is_file_header() && last.is_continued());
    if is_half || is_continued { last_change(window) } else { frames.len() }
}

/// Returns the start of the last change in the window: what comes next may belong to it.
fn last_change(window: &ReadWindow) -> usize {
    let frames = window.frames();
    let mut last = frames.len().saturating_sub(1);
    // Records that a file's start separates may still belong together.
    let is_start = |frame: &Frame| frame.is_file_header() || frame.record_type == RecordType::METADATA;
    while last > 0 && frames.get(last).is_some_and(is_start) {
        last -= 1;
    }
    if frames.get(last).is_some_and(is_start) {
        // Only definitions: nothing before them waits for what follows.
        return frames.len().saturating_sub(1);
    }
    while last > 0 && frames.get(last).is_some_and(|frame| frame.record_type == RecordType::LOB) {
        last -= 1;
    }
    while last > 0 && window.record(last - 1).is_some_and(|record| !record.is_file_header() && record.is_continued()) {
        last -= 1;
    }
    if last > 0 && frames.get(last - 1).is_some_and(is_before_half) {
        last -= 1;
    }
    last
}
