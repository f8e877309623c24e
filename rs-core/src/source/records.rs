//! The reader of records: every record of a trail as it stands, in the order of the files.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::position::Position;
use crate::source::progress::Access;
use crate::source::reader::Skipped;
use crate::source::sequence::TrailFile;
use crate::source::window::{End, Start, Window};
use crate::trail::Record;

/// A record with its place.
#[derive(Clone, Copy, Debug)]
pub struct PlacedRecord<'a> {
    /// Where it starts.
    pub position: Position,
    /// Its number in its file; the file header is 0.
    pub number: u64,
    /// The record.
    pub record: Record<'a>,
}

/// Reads every record of a trail, file headers and metadata included, without putting anything together: for those who
/// look at the trail itself. [`Reader`](crate::Reader) is for its changes.
#[derive(Debug)]
pub struct RecordReader {
    window: Window,
    cursor: usize,
    resync: bool,
    skipped: Vec<Skipped>,
}

impl RecordReader {
    pub(crate) fn new(files: Arc<[TrailFile]>, access: Access, resync: bool) -> Self {
        Self { window: Window::new(files, access, Start::FIRST), cursor: 0, resync, skipped: Vec::new() }
    }

    /// The next record, lent until the next call; `None` at the end of the trail.
    ///
    /// # Errors
    /// As [`Reader::next`](crate::Reader::next), but for undefined tables, which no one looks for here.
    #[allow(clippy::should_implement_trait)]
    #[inline]
    pub fn next(&mut self) -> Result<Option<PlacedRecord<'_>>> {
        if self.cursor >= self.window.frames.len() && !self.advance()? {
            return Ok(None);
        }
        let index = self.cursor;
        self.cursor += 1;
        let placed = self.window.place(index).zip(self.window.record(index));
        Ok(placed.map(|((_, position, number), record)| PlacedRecord { position, number, record }))
    }

    /// What was passed over so far.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    fn advance(&mut self) -> Result<bool> {
        loop {
            let consumed = std::mem::take(&mut self.cursor);
            if self.window.fill(consumed)? {
                return Ok(true);
            }
            let error: Error = match self.window.end() {
                End::Fault(error) => error.clone(),
                _ => return Ok(false),
            };
            match if self.resync { self.window.resync()? } else { None } {
                Some((from, to)) => self.skipped.push(Skipped { from, to, error }),
                None => return Err(error),
            }
        }
    }
}
