//! Which frames make one change: pairs, continued records, fragments, also over a file's end.

use crate::error::Result;
use crate::source::reader::Reader;
use crate::trail::{Frame, Record, RecordType};

impl Reader {
    /// The frames that belong to the one at `first`: its other half, and fragments.
    pub(super) fn unit_end(&self, first: usize, frame: &Frame) -> (usize, usize) {
        let mut main = first;
        if is_before_half(frame) && (self.split_pair.is_some() || self.is_pair(first)) {
            main = first + 1;
        }
        let mut end = self.continuations_end(main);
        while self.window.frames.get(end).is_some_and(|frame| frame.record_type == RecordType::LOB) {
            end += 1;
        }
        (main, end)
    }

    /// Behind the last of the records that go on with the data of the one at `main`: of the same type and table and from the
    /// same place in the log, each but the last marked as continued.
    fn continuations_end(&self, main: usize) -> usize {
        let mut end = main + 1;
        while let (Some(last), Some(next)) = (self.window.record(end - 1), self.window.record(end)) {
            let goes_on = last.is_continued()
                && last.record_type() != RecordType::LOB
                && next.record_type() == last.record_type()
                && next.is_before_image() == last.is_before_image()
                && next.log_place() == last.log_place()
                && matches!((last.table(), next.table()), (Ok(a), Ok(b)) if a == b);
            if !goes_on {
                break;
            }
            end += 1;
        }
        end
    }

    /// Puts the data of a continued record together. Kept in one buffer for all changes.
    pub(super) fn join_continuations(&mut self, main: usize, end: usize) {
        let parts = self.continuations_end(main).min(end);
        self.view.joined.clear();
        if parts == main + 1 {
            return;
        }
        self.unit.continuations = parts - main - 1;
        for index in main..parts {
            if let Some(record) = self.window.frames.get(index).map(|frame| Record::from_frame(self.window.data(), frame)) {
                self.view.joined.extend_from_slice(record.data());
            }
        }
    }

    /// Whether the unit goes on behind a file's end, with the other half of a pair or with fragments. The frames are then
    /// moved together: a pair is the next file's, as its after record is, and fragments come to their row. Also `true` where
    /// more had to be read to tell: the step begins anew.
    #[cold]
    pub(super) fn joins_over_file_start(&mut self, first: usize, end: usize) -> Result<bool> {
        let frames = &self.window.frames;
        if !frames.get(end).is_some_and(Frame::is_file_header) {
            return Ok(false);
        }
        let run = |from: usize, test: fn(&Frame) -> bool| {
            from + frames.get(from..).unwrap_or_default().iter().take_while(|frame| test(frame)).count()
        };
        let next = run(end, |frame| frame.is_file_header() || frame.record_type == RecordType::METADATA);
        let fragments = run(next, |frame| frame.record_type == RecordType::LOB);
        if fragments.max(next + 1) >= frames.len() && !self.window.is_at_end() {
            // What follows the file's start, or what follows that, is not here yet. Frames have other numbers afterwards.
            self.advance()?;
            return Ok(true);
        }
        if fragments > next {
            self.window.exchange(end, next, fragments);
            self.here.end = end + fragments - next;
            return Ok(true);
        }
        let is_pair = end == first + 1
            && frames.get(first).is_some_and(is_before_half)
            && next < frames.len()
            && self.are_pair(first, next);
        if is_pair {
            self.split_pair = self.window.place(first).map(|(_, position, _)| position);
            self.window.exchange(first, end, next);
            self.here.end = first;
        }
        Ok(is_pair)
    }

    /// Whether a before record and the one behind it are one update: the same table, from the same place in the log
    /// (docs/trail-format.md, section 14, SEEN).
    #[cold]
    pub(super) fn is_pair(&self, first: usize) -> bool {
        let tables =
            (self.window.record(first).map(|record| record.table()), self.window.record(first + 1).map(|record| record.table()));
        matches!(tables, (Some(Ok(before)), Some(Ok(after))) if before == after) && self.are_pair(first, first + 1)
    }

    /// The same of two records that may be in two files, whose table indexes do not compare.
    fn are_pair(&self, before: usize, after: usize) -> bool {
        let (Some(before), Some(after)) = (self.window.record(before), self.window.record(after)) else { return false };
        after.record_type() == RecordType::FIELD_COMP
            && !after.is_before_image()
            && before.byte_order() == after.byte_order()
            && before.log_place() == after.log_place()
    }
}

/// Whether a record may be the first half of a pair.
pub(super) fn is_before_half(frame: &Frame) -> bool {
    frame.record_type == RecordType::FIELD_COMP && frame.is_before()
}
