//! Reading the transactions that begin in a range of positions.

use crate::error::{Error, ErrorKind, Result};
use crate::position::{Position, TrailPosition};
use crate::source::reader::assembly::{are_pair, is_before_half};
use crate::source::reader::trail::TrailReader;
use crate::source::window::ReadWindow;
use crate::trail::{Frame, RecordType};

impl TrailReader {
    /// Goes to the first transaction of the range, if it has a start.
    pub(super) fn start_at_transaction(&mut self) -> Result<()> {
        self.options.transactions_until.map(in_trail).transpose()?;
        let Some(from) = self.options.transactions_from else { return Ok(()) };
        if self.options.start_at.is_some() {
            let error = Error::new(ErrorKind::InvalidArgument, "start_at and transactions_from exclude each other");
            return Err(error.hint("give one of them"));
        }
        let from = in_trail(from)?;
        let next = self.files.iter().filter_map(|file| file.seqno).find(|seqno| *seqno >= from.seqno);
        if let Some(next) = next.filter(|next| *next > from.seqno && !self.options.resync) {
            let what = format!("file {} is missing, from which reading continues; the next file is {next}", from.seqno);
            return Err(Error::new(ErrorKind::SequenceGap, what).hint("restore the file, or start at a later position"));
        }
        self.seek_to(from, true)
    }

    /// Ends the window before the first frame that begins a transaction after the range. A transaction of the range is read to its
    /// end.
    pub(super) fn stop_before_later_transactions(&mut self) {
        let Some(Position::Trail(until)) = self.options.transactions_until else { return };
        if self.window.unframed_position() <= until {
            return;
        }
        let is_later = |index: &usize| {
            self.window.place(*index).is_some_and(|(_, position, _)| position >= until)
                && begins_transaction(&self.window, *index)
        };
        if let Some(later) = (self.cursor..self.window.frames().len()).find(is_later) {
            self.window.close_before(later);
        }
    }
}

fn in_trail(position: Position) -> Result<TrailPosition> {
    position.trail().ok_or_else(|| {
        let what = format!("{position} is not a position in a trail");
        Error::new(ErrorKind::InvalidPosition, what).hint("write SEQNO:RBA")
    })
}

/// Returns whether a transaction begins with a frame: not with the second half of a pair, the rest of a record that is continued, or
/// a fragment.
pub(super) fn begins_transaction(window: &ReadWindow, index: usize) -> bool {
    let begins = |frame: &Frame| {
        !frame.is_file_header()
            && frame.record_type.belongs_to_transaction()
            && frame.record_type != RecordType::LOB
            && frame.transaction().begins()
    };
    if !window.frames().get(index).is_some_and(begins) {
        return false;
    }
    let before = window.frames().get(..index).unwrap_or_default();
    let is_start = |frame: &Frame| frame.is_file_header() || frame.record_type == RecordType::METADATA;
    let Some(before) = before.iter().rposition(|frame| !is_start(frame)) else { return true };
    let is_continued = window.record(before).is_some_and(|record| record.is_continued());
    let is_second_half = window.frames().get(before).is_some_and(is_before_half) && are_pair(window, before, index);
    !is_continued && !is_second_half
}
