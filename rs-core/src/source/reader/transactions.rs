//! How far the frames at hand are settled: where transactions end, and which are taken back.

use std::sync::Arc;

use crate::error::Result;
use crate::source::reader::units::is_before_half;
use crate::source::reader::{OpenTransaction, Reader};
use crate::source::window::{End, Window};
use crate::trail::{Frame, RecordType};

/// A transaction that is not at its end after this many bytes is not held in memory: the trail is looked through ahead
/// of it for its end instead.
const HOLD_AT_MOST: usize = 1 << 20;

impl Reader {
    /// Looks at new frames: where transactions start and end, which are taken back, and how far nothing is open.
    pub(super) fn resolve(&mut self) -> Result<()> {
        if self.window.plain && !matches!(self.open, OpenTransaction::RolledBack) {
            self.resolve_rows();
        } else {
            self.resolve_all();
        }
        self.resolved = self.window.frames.len();
        self.ready = match self.open {
            _ if self.window.is_at_end() => self.window.frames.len() - usize::from(self.ends_in_torn_pair()),
            OpenTransaction::From(start) => start.min(self.last_unit()),
            _ => self.last_unit(),
        };
        if let OpenTransaction::From(start) = self.open {
            let held = start <= self.cursor && self.window.pending_bytes(start) > HOLD_AT_MOST;
            if held && !self.window.is_at_end() {
                self.decide_ahead(start)?;
            }
        }
        Ok(())
    }

    /// Whether the frames end with the first half of a pair whose other half is not all there yet. A before record that
    /// ends its transaction has no other half.
    pub(super) fn ends_in_torn_pair(&self) -> bool {
        let may_grow = match self.window.end() {
            End::Fault(error) => error.needs_more_bytes(),
            End::Clean => true,
            End::Open => false,
        };
        may_grow && self.window.frames.last().is_some_and(|frame| is_before_half(frame) && !frame.transaction().ends())
    }

    /// New frames that are rows alone: what is open is told by the last of them that begins or ends a transaction.
    pub(super) fn resolve_rows(&mut self) {
        let new = self.window.frames.get(self.resolved..).unwrap_or_default();
        for (index, frame) in new.iter().enumerate().rev() {
            let (begins, ends) = frame.begins_and_ends();
            if begins || ends {
                self.open = if ends { OpenTransaction::None } else { OpenTransaction::From(self.resolved + index) };
                return;
            }
        }
        // Rows from the midst of a transaction whose start was not read.
        if self.open == OpenTransaction::None && new.iter().any(Frame::is_middle) {
            self.open = OpenTransaction::From(self.resolved);
        }
    }

    /// New frames of all kinds, markers among them.
    pub(super) fn resolve_all(&mut self) {
        for index in self.resolved..self.window.frames.len() {
            let Some(frame) = self.window.frames.get_mut(index) else { break };
            if frame.is_file_header() {
                continue;
            }
            if !frame.record_type.belongs_to_transaction() {
                if frame.record_type == RecordType::RESTART_ABEND {
                    if let OpenTransaction::From(start) = self.open {
                        self.window.frames.iter_mut().take(index).skip(start).for_each(Frame::roll_back);
                    }
                    self.open = OpenTransaction::None;
                }
                continue;
            }
            let (begins, ends) = frame.begins_and_ends();
            let unread_start = self.open == OpenTransaction::None && frame.is_middle();
            if (begins && frame.record_type != RecordType::LOB) || unread_start {
                self.open = OpenTransaction::From(index);
            }
            if self.open == OpenTransaction::RolledBack {
                frame.roll_back();
            }
            if ends {
                self.open = OpenTransaction::None;
            }
        }
    }

    /// The start of the last unit in the window: what comes next may belong to it.
    pub(super) fn last_unit(&self) -> usize {
        let frames = &self.window.frames;
        let mut last = frames.len().saturating_sub(1);
        // What a file's start parts may still belong together.
        let is_start = |frame: &Frame| frame.is_file_header() || frame.record_type == RecordType::METADATA;
        while last > 0 && frames.get(last).is_some_and(is_start) {
            last -= 1;
        }
        if frames.get(last).is_some_and(is_start) {
            // Definitions alone: nothing before them waits for what follows.
            return frames.len().saturating_sub(1);
        }
        while last > 0 && frames.get(last).is_some_and(|frame| frame.record_type == RecordType::LOB) {
            last -= 1;
        }
        while last > 0 && self.window.record(last - 1).is_some_and(|record| !record.is_file_header() && record.is_continued()) {
            last -= 1;
        }
        if last > 0 && frames.get(last - 1).is_some_and(is_before_half) {
            last -= 1;
        }
        last
    }

    /// The open transaction is too long to be held: looks through the trail ahead of the window for its end or its
    /// RestartAbend, with a window of its own.
    #[cold]
    pub(super) fn decide_ahead(&mut self, start: usize) -> Result<()> {
        let mut ahead = Window::new(Arc::clone(&self.files), self.options.access.clone(), self.window.unframed_start());
        let rolled_back = 'search: loop {
            let keep = ahead.frames.len();
            if !ahead.fill(keep)? {
                // The trail, or what is readable of it, ends first: what is there is handed out.
                break false;
            }
            for frame in &ahead.frames {
                let record_type = frame.record_type;
                if record_type == RecordType::RESTART_ABEND {
                    break 'search true;
                }
                let indicator = frame.transaction();
                let other_begins = indicator.begins() && record_type != RecordType::LOB;
                if record_type.belongs_to_transaction() && !frame.is_file_header() && (indicator.ends() || other_begins) {
                    break 'search false;
                }
            }
        };
        if rolled_back {
            self.window.frames.iter_mut().skip(start).for_each(Frame::roll_back);
            self.open = OpenTransaction::RolledBack;
        } else {
            self.open = OpenTransaction::Kept;
        }
        self.ready = self.last_unit();
        Ok(())
    }
}
