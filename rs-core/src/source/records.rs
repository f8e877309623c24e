//! [`RecordReader`]: every record of a trail, in the order of the files.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::position::TrailPosition;
use crate::source::options::ReadOptions;
use crate::source::skipped::Skipped;
use crate::source::trail::Trail;
use crate::source::window::{End, ReadWindow, Start};
use crate::trail::{FileHeader, Record};

/// Bytes that are read for the header of a file, which is usually shorter.
const HEADER_BYTES: usize = 4 << 10;

/// A record with its position.
#[derive(Clone, Copy, Debug)]
pub struct PlacedRecord<'a> {
    /// Its start.
    pub position: TrailPosition,
    /// Its number in its file; the file header is 0.
    pub number: u64,
    /// The record.
    pub record: Record<'a>,
}

/// Reads every record of a trail, file headers and metadata included, without assembling changes: for programs that inspect the
/// trail itself. [`Reader`](crate::Reader) reads its changes.
#[derive(Debug)]
pub struct RecordReader {
    window: ReadWindow,
    cursor: usize,
    resync: bool,
    is_json_lines: bool,
    skipped: Vec<Skipped>,
}

impl Trail {
    /// Creates a reader of its records. The options for mapping, progress and resynchronisation apply; the others are ignored.
    #[must_use]
    pub fn records(&self, options: &ReadOptions) -> RecordReader {
        let window = ReadWindow::new(Arc::clone(&self.files), options.access(), Start::FIRST);
        let is_json_lines = self.is_json_lines();
        RecordReader { window, cursor: 0, resync: options.resync, is_json_lines, skipped: Vec::new() }
    }

    /// Returns the header of each file, in order; `None` for a file without a readable header. Reads the first record of each
    /// file.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io), [`NotFound`](crate::ErrorKind::NotFound).
    pub fn headers(&self) -> Result<Vec<Option<FileHeader>>> {
        let header = |index| match self.header(index) {
            Err(error) if matches!(error.kind(), ErrorKind::Io | ErrorKind::NotFound) => Err(error),
            header => Ok(header.ok()),
        };
        (0..self.files.len()).map(header).collect()
    }

    /// Reads the header of one file.
    pub(crate) fn header(&self, index: usize) -> Result<FileHeader> {
        let mut records = self.with_files(index..index + 1).records(&ReadOptions::new());
        records.window = records.window.in_blocks_of(HEADER_BYTES);
        match records.next()? {
            Some(placed) => FileHeader::parse(&placed.record).map_err(|fault| Error::new(ErrorKind::Corrupt, fault.what)),
            None => Err(Error::new(ErrorKind::Truncated, "the file has no records yet")),
        }
    }

    /// Returns the header of the first file; `None` if it is not readable, and without files.
    ///
    /// # Errors
    /// Those of [`headers`](Self::headers).
    pub fn first_header(&self) -> Result<Option<FileHeader>> {
        Ok(self.with_files(0..1).headers()?.into_iter().flatten().next())
    }
}

impl RecordReader {
    /// Returns the next record, lent until the next call; `None` at the end of the trail.
    ///
    /// # Errors
    /// The errors of [`Reader::next`](crate::Reader::next), except [`UndefinedTable`](ErrorKind::UndefinedTable) and those of a
    /// selection.
    #[allow(clippy::should_implement_trait)]
    #[inline]
    pub fn next(&mut self) -> Result<Option<PlacedRecord<'_>>> {
        if self.cursor >= self.window.frames().len() && !self.advance()? {
            return Ok(None);
        }
        let index = self.cursor;
        self.cursor += 1;
        match self.window.place(index).zip(self.window.record(index)) {
            Some(((_, position, number), record)) => Ok(Some(PlacedRecord { position, number, record })),
            None => Err(Error::internal("a frame has no place or no record")),
        }
    }

    /// Returns the next record with the index of its file.
    pub(super) fn next_in_file(&mut self) -> Result<Option<(usize, PlacedRecord<'_>)>> {
        if self.next()?.is_none() {
            return Ok(None);
        }
        let file = self.cursor.checked_sub(1).and_then(|index| self.window.segment(index)).map(|segment| segment.index);
        Ok(file.zip(self.current()))
    }

    /// Returns the record that was read last.
    pub(super) fn current(&self) -> Option<PlacedRecord<'_>> {
        let index = self.cursor.checked_sub(1)?;
        let ((_, position, number), record) = self.window.place(index).zip(self.window.record(index))?;
        Some(PlacedRecord { position, number, record })
    }

    /// Returns the position after the last record.
    #[must_use]
    pub fn position(&self) -> TrailPosition {
        self.window.place(self.cursor).map_or_else(|| self.window.unframed_position(), |(_, position, _)| position)
    }

    /// Returns the ranges that were skipped so far. Empty without [`resync`](ReadOptions::resync).
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
            if self.is_json_lines {
                return Err(error.hint("these are JSON lines, which have changes but no records; read the changes"));
            }
            match if self.resync { self.window.resync()? } else { None } {
                Some((from, to)) => self.skipped.push(Skipped { from: from.into(), to: to.into(), error }),
                None => return Err(self.window.settled_error(&error)),
            }
        }
    }
}
