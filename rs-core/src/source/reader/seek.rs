//! Going to a position in a trail.

use crate::error::{Error, ErrorKind, Result};
use crate::position::TrailPosition;
use crate::source::reader::assembly::{is_before_half, is_pair};
use crate::source::reader::range::begins_transaction;
use crate::source::reader::trail::TrailReader;
use crate::source::window::End;
use crate::trail::RecordType;

impl TrailReader {
    /// Goes to a position. The file is read from its start to it: for its definitions, for the ids of the transaction that the
    /// position is inside, and since only so it is known to start a record.
    pub(super) fn seek(&mut self, position: TrailPosition) -> Result<()> {
        self.seek_to(position, false)
    }

    /// Goes to a position, or to the first transaction that begins there or later; to the end of what is read if there is none.
    pub(super) fn seek_to(&mut self, position: TrailPosition, transaction: bool) -> Result<()> {
        let file = self.files.iter().position(|file| file.seqno.is_none_or(|seqno| seqno >= position.seqno));
        let Some(index) = file else { return Err(beyond_the_end(position)) };
        self.restart_at(index);
        let mut inside = false;
        let mut last_end = TrailPosition::default();
        loop {
            if self.cursor >= self.window.frames().len() {
                if !self.read_on_to_seek()? {
                    match self.window.end() {
                        End::Fault(error) if self.options.resync => {
                            let error = error.clone();
                            match self.window.resync()? {
                                Some((from, to)) => {
                                    self.cursor = 0;
                                    inside = false;
                                    self.skip_range(from, to, error);
                                    continue;
                                }
                                None => return self.arrived_at_the_end(position, last_end, transaction),
                            }
                        }
                        _ => return self.arrived_at_the_end(position, last_end, transaction),
                    }
                }
                self.enter_segment();
            }
            if self.cursor >= self.segment.end {
                self.enter_segment();
            }
            let here = self.position();
            if here >= position && transaction {
                if begins_transaction(&self.window, self.cursor) {
                    self.transactions.start_at(self.cursor, false);
                    return self.transactions.resolve(&mut self.window, self.cursor);
                }
            } else if here >= position {
                // A reader that has read all of a file is at its end.
                if here != position && last_end != position {
                    let what = format!("no record starts at {position}; the next one starts at {here}");
                    return Err(Error::new(ErrorKind::InvalidPosition, what));
                }
                let before = self.cursor.wrapping_sub(1);
                if self.window.frames().get(before).is_some_and(is_before_half) && is_pair(&self.window, before) {
                    // A pair's position is that of its after record; it is read as a whole.
                    self.cursor = before;
                }
                self.transactions.start_at(self.cursor, inside);
                return self.transactions.resolve(&mut self.window, self.cursor);
            }
            let index = self.cursor;
            let Some(frame) = self.window.frames().get(index).copied() else {
                return Err(Error::internal("a frame that was read is not in the window"));
            };
            if frame.is_file_header() {
                self.read_file_header(index)?;
            } else if frame.record_type == RecordType::METADATA {
                self.define(index)?;
            } else if frame.record_type.belongs_to_transaction() {
                if frame.transaction().begins() && frame.record_type != RecordType::LOB {
                    self.pass_transaction_start(index);
                    inside = true;
                }
                inside &= !frame.transaction().ends();
            }
            last_end = TrailPosition::new(here.seqno, here.rba + u64::from(frame.len));
            self.cursor += 1;
        }
    }

    /// Fills the window. The first half of a pair is kept: the position may be that of its second half.
    fn read_on_to_seek(&mut self) -> Result<bool> {
        let keeps = usize::from(self.window.frames().last().is_some_and(is_before_half));
        self.cursor -= keeps;
        self.release();
        self.cursor = keeps;
        let filled = self.window.fill(0);
        self.anchor_ids();
        self.stop_before_later_transactions();
        filled
    }

    fn arrived_at_the_end(&self, position: TrailPosition, last_end: TrailPosition, transaction: bool) -> Result<()> {
        match self.window.end() {
            // A follower continues with a record that is not complete yet.
            _ if self.live.is_some()
                && self.window.may_grow()
                && [self.window.unframed_position(), last_end].contains(&position) =>
            {
                Ok(())
            }
            End::Fault(error) if !self.options.resync || error.needs_more_bytes() => Err(error.clone()),
            _ if transaction => Ok(()),
            _ if self.window.unframed_position() == position => Ok(()),
            End::Fault(_) => {
                Err(Error::new(ErrorKind::InvalidPosition, format!("{position} is after damage")).hint("start before it"))
            }
            _ => Err(beyond_the_end(position)),
        }
    }
}

fn beyond_the_end(position: TrailPosition) -> Error {
    Error::new(ErrorKind::InvalidPosition, format!("{position} is beyond the end of the trail"))
}
