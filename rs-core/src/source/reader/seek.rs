//! Going to a position in a trail.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::position::TrailPosition;
use crate::source::reader::assembly::{is_before_half, is_pair};
use crate::source::reader::index::FileIndex;
use crate::source::reader::range::begins_transaction;
use crate::source::reader::trail::TrailReader;
use crate::source::window::{End, ReadWindow, Start};
use crate::trail::RecordType;

/// Bytes that are read for definitions apart from each other.
const DEFINITION_BYTES: usize = 64 << 10;

impl TrailReader {
    /// Goes to a position. The file is read to it from its start, or from a place of its side index: for its definitions, for the ids of
    /// the transaction that the position is inside, and since only so it is known to start a record.
    pub(super) fn seek(&mut self, position: TrailPosition) -> Result<()> {
        self.seek_to(position, false)
    }

    /// Goes to a position, or to the first transaction that begins there or later; to the end of what is read if there is none.
    pub(super) fn seek_to(&mut self, position: TrailPosition, transaction: bool) -> Result<()> {
        let file = self.files.iter().position(|file| file.seqno.is_none_or(|seqno| seqno >= position.seqno));
        let Some(index) = file else { return Err(beyond_the_end(position)) };
        self.restart_at(index);
        self.jump_towards(index, position)?;
        let mut inside = false;
        let mut last_end = TrailPosition::default();
        loop {
            if self.cursor >= self.window.frames().len() {
                if !self.read_on_to_seek()? {
                    match self.window.end() {
                        End::Fault(error) if self.options.resync || self.is_passed_damage(error, position) => {
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

    /// Goes to the last place of the file's side index before a position, over the definitions before it. Without an index, and if it
    /// turns out not to fit, the file is read from its start.
    fn jump_towards(&mut self, file: usize, position: TrailPosition) -> Result<()> {
        let Some((folder, trail_file)) = self.options.index.as_ref().zip(self.files.get(file)) else { return Ok(()) };
        if trail_file.seqno.is_some_and(|seqno| seqno != position.seqno) {
            // The position is before the file.
            return Ok(());
        }
        let index = FileIndex::load(folder, trail_file, &self.options.access());
        let Some(way) = index.and_then(|index| index.way_to(file, position.rba)) else { return Ok(()) };
        if !self.pass_definitions(&way.definitions)? || !self.open_at(way.place, None)? || !way.arrives(&self.window) {
            self.restart_at(file);
        }
        Ok(())
    }

    /// Reads the definitions at these places, in order. Returns `false` if one of them is not there.
    fn pass_definitions(&mut self, places: &[Start]) -> Result<bool> {
        let mut rest = places.iter().copied().peekable();
        while let Some(&first) = rest.peek() {
            if !self.open_at(first, Some(DEFINITION_BYTES))? {
                return Ok(false);
            }
            // Definitions mostly follow each other: the ones in the same block are read too.
            for index in 0..self.window.frames().len() {
                let here = self.window.place(index).map(|(_, position, _)| position.rba);
                if rest.peek().map(|next| next.rba) != here {
                    continue;
                }
                match self.window.frames().get(index) {
                    Some(frame) if frame.is_file_header() => self.read_file_header(index)?,
                    Some(frame) if frame.record_type == RecordType::METADATA => drop(self.define(index)?),
                    _ => return Ok(false),
                }
                rest.next();
            }
            if rest.peek().is_some_and(|next| next.rba == first.rba) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads on at another place of the file. Returns `false` if no record can be read there.
    fn open_at(&mut self, start: Start, block: Option<usize>) -> Result<bool> {
        let window = ReadWindow::new(Arc::clone(&self.files), self.options.access(), start);
        self.window = block.into_iter().fold(window, ReadWindow::in_blocks_of);
        self.cursor = 0;
        let filled = self.window.fill(0)?;
        self.enter_segment();
        Ok(filled)
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

    /// Returns whether damage is before the position that a follower continues at: it was met when the bytes before it were read.
    fn is_passed_damage(&self, error: &Error, position: TrailPosition) -> bool {
        self.live.is_some() && !error.needs_more_bytes() && self.window.unframed_position() < position
    }

    fn arrived_at_the_end(&self, position: TrailPosition, last_end: TrailPosition, transaction: bool) -> Result<()> {
        match self.window.end() {
            // A follower continues with a record that is not complete yet, or damaged: reading it reports the damage.
            _ if self.live.is_some() && [self.window.unframed_position(), last_end].contains(&position) => Ok(()),
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
