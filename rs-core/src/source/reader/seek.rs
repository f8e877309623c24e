//! Going to a position.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::position::Position;
use crate::source::reader::definitions::FileState;
use crate::source::reader::units::is_before_half;
use crate::source::reader::{OpenTransaction, Reader};
use crate::source::window::{End, Start, Window};
use crate::trail::RecordType;

impl Reader {
    /// Goes to a position: the file is read from its start to it, for its definitions, for the ids of the transaction
    /// that the position lies in, and since only so it is known to start a record.
    pub(super) fn seek(&mut self, position: Position) -> Result<()> {
        let file = self.files.iter().position(|file| file.seqno.is_none_or(|seqno| seqno >= position.seqno));
        let Some(index) = file else { return Err(beyond_the_end(position)) };
        self.window = Window::new(Arc::clone(&self.files), self.options.access.clone(), Start { file: index, ..Start::FIRST });
        self.file = FileState::new(index);
        let mut inside = false;
        let mut behind_last = Position::default();
        loop {
            if self.cursor >= self.window.frames.len() {
                // The first half of a pair is kept: the position may be its second half's.
                let keeps = usize::from(self.window.frames.last().is_some_and(is_before_half));
                self.cursor -= keeps;
                self.release();
                self.cursor = keeps;
                if !self.window.fill(0)? {
                    match self.window.end() {
                        End::Fault(error) if self.options.resync => {
                            let error = error.clone();
                            match self.window.resync()? {
                                Some((from, to)) => {
                                    self.cursor = 0;
                                    inside = false;
                                    self.pass_over(from, to, error);
                                    continue;
                                }
                                None => return self.arrived_at_the_end(position),
                            }
                        }
                        _ => return self.arrived_at_the_end(position),
                    }
                }
                self.enter_segment();
            }
            if self.cursor >= self.here.end {
                self.enter_segment();
            }
            let here = self.position();
            if here >= position {
                // The end of a file is where a reader stands that has read all of it.
                if here != position && behind_last != position {
                    let what = format!("no record starts at {position}; the next starts at {here}");
                    return Err(Error::new(ErrorKind::InvalidPosition, what));
                }
                let before = self.cursor.wrapping_sub(1);
                if self.window.frames.get(before).is_some_and(is_before_half) && self.is_pair(before) {
                    // A pair's position is its after record's; it is read as a whole.
                    self.cursor = before;
                }
                self.resolved = self.cursor;
                self.open = if inside { OpenTransaction::From(self.cursor) } else { OpenTransaction::None };
                return self.resolve();
            }
            let index = self.cursor;
            let Some(frame) = self.window.frames.get(index).copied() else { return Ok(()) };
            if frame.is_file_header() {
                self.read_file_header(index)?;
            } else if frame.record_type == RecordType::METADATA {
                self.define(index)?;
            } else if frame.record_type.belongs_to_transaction() {
                if frame.transaction().begins() && frame.record_type != RecordType::LOB {
                    self.view.ids.frame = Some(index);
                    inside = true;
                }
                inside &= !frame.transaction().ends();
            }
            behind_last = Position::new(here.seqno, here.rba + u64::from(frame.len));
            self.cursor += 1;
        }
    }

    fn arrived_at_the_end(&self, position: Position) -> Result<()> {
        match self.window.end() {
            End::Fault(error) if !self.options.resync || error.needs_more_bytes() => Err(error.clone()),
            _ if self.window.unframed_position() == position => Ok(()),
            End::Fault(_) => {
                Err(Error::new(ErrorKind::InvalidPosition, format!("{position} lies behind damage")).hint("start before it"))
            }
            _ => Err(beyond_the_end(position)),
        }
    }
}

fn beyond_the_end(position: Position) -> Error {
    Error::new(ErrorKind::InvalidPosition, format!("{position} lies beyond the end of the trail"))
}
