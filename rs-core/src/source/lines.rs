//! [`LineBuffer`]: the lines of the files of a source, one after the other.

use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::position::Position;
use crate::source::bytes::ByteSource;
use crate::source::progress::{Access, Progress};
use crate::source::sequence::TrailFile;

/// Bytes read at a time.
const BLOCK: usize = 1 << 20;

/// Reads lines. It needs the memory of one block, or of the longest line.
#[derive(Debug)]
pub(crate) struct LineBuffer {
    files: Arc<[TrailFile]>,
    access: Access,
    /// The open file.
    open: Option<Arc<dyn ByteSource>>,
    index: usize,
    buffer: Vec<u8>,
    /// The bytes of the buffer that have not been returned.
    start: usize,
    filled: usize,
    /// Offset of `filled` in the open file.
    offset: u64,
    /// Number of the next line in the open file; the first is 1.
    number: u64,
    /// Bytes of the files that are done.
    done: u64,
}

/// The place of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinePlace {
    /// Index of its file.
    pub(crate) file: usize,
    /// Its offset in the file.
    pub(crate) offset: u64,
    /// Bytes of the files before this one.
    pub(crate) before: u64,
    /// Its number in the file; the first is 1.
    pub(crate) number: u64,
    /// It is the last line of the last file, and has no line end: the writer may not be done with it.
    pub(crate) may_grow: bool,
}

/// The byte order mark of UTF-8, which may precede the first line of a file.
pub(crate) const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

impl LineBuffer {
    pub(crate) fn new(files: Arc<[TrailFile]>, access: Access) -> Self {
        let buffer = Vec::new();
        Self { files, access, open: None, index: 0, buffer, start: 0, filled: 0, offset: 0, number: 1, done: 0 }
    }

    /// Returns the next line without its line end; `None` at the end of the last file. Lines of blanks are skipped. A last line
    /// without a line end is returned again by the next call if it was not [taken](Self::take).
    pub(crate) fn next(&mut self) -> Result<Option<(LinePlace, &[u8])>> {
        loop {
            if self.open.is_none() && !self.open_next()? {
                return Ok(None);
            }
            // Blanks at the end of a file are not a line, but may become one.
            let (length, ended) = match self.line_length()?.filter(|&(length, ended)| ended || !self.is_blank(length)) {
                Some(found) => found,
                None if self.index + 1 < self.files.len() => {
                    self.done += self.offset;
                    self.open = None;
                    self.index += 1;
                    continue;
                }
                None => return Ok(None),
            };
            if self.starts_with_mark() {
                self.start += UTF8_MARK.len();
                continue;
            }
            if self.is_blank(length) {
                self.take(length);
                continue;
            }
            let may_grow = !ended && self.index + 1 == self.files.len();
            let (offset, before) = (self.line_offset(), self.done);
            let place = LinePlace { file: self.index, offset, before, number: self.number, may_grow };
            let line = self.buffer.get(self.start..self.start + length).unwrap_or_default();
            return Ok(Some((place, line)));
        }
    }

    /// Returns whether the file begins here with the mark that some editors and PowerShell put before UTF-8.
    fn starts_with_mark(&self) -> bool {
        self.line_offset() == 0 && self.buffer.get(self.start..self.filled).unwrap_or_default().starts_with(UTF8_MARK)
    }

    fn is_blank(&self, length: usize) -> bool {
        self.buffer.get(self.start..self.start + length).unwrap_or_default().iter().all(u8::is_ascii_whitespace)
    }

    /// Moves on past a line of this length, and past its line end.
    pub(crate) fn take(&mut self, length: usize) {
        // The line end of a last line may still come.
        self.number += u64::from(self.start + length < self.filled);
        self.start = (self.start + length + 1).min(self.filled);
    }

    /// Returns the position of the next line, counted over all files.
    pub(crate) fn position(&self) -> Position {
        Position::Offset(self.done + self.line_offset())
    }

    /// Returns the offset of the next line in its file.
    fn line_offset(&self) -> u64 {
        self.offset - (self.filled - self.start) as u64
    }

    pub(crate) fn file(&self, index: usize) -> Arc<Path> {
        self.files.get(index).map_or_else(|| Path::new("").into(), |file| Arc::clone(&file.path))
    }

    fn open_next(&mut self) -> Result<bool> {
        let Some(file) = self.files.get(self.index) else { return Ok(false) };
        self.open = Some(file.source(self.access.mapped)?);
        (self.start, self.filled, self.offset, self.number) = (0, 0, 0, 1);
        Ok(true)
    }

    /// Returns the length of the next line, and whether it ends with a line end; `None` at the end of the file.
    fn line_length(&mut self) -> Result<Option<(usize, bool)>> {
        let mut searched = 0;
        loop {
            let rest = self.buffer.get(self.start..self.filled).unwrap_or_default();
            if let Some(end) = memchr::memchr(b'\n', rest.get(searched..).unwrap_or_default()) {
                return Ok(Some((searched + end, true)));
            }
            searched = rest.len();
            if self.read_more()? == 0 {
                if let Some(fault) = self.open.as_ref().and_then(|source| source.fault()) {
                    return Err(fault.at_rba(self.line_offset()));
                }
                return Ok((searched > 0).then_some((searched, false)));
            }
        }
    }

    fn read_more(&mut self) -> Result<usize> {
        if let Some(watch) = &self.access.watch {
            watch.report(Progress { position: self.position(), bytes: self.done + self.offset })?;
        }
        self.buffer.copy_within(self.start..self.filled, 0);
        (self.start, self.filled) = (0, self.filled - self.start);
        let Some(source) = &self.open else { return Err(Error::internal("no file is open")) };
        let failed = |error| Error::io(self.files.get(self.index).map_or(Path::new(""), |file| &file.path), error);
        let left = usize::try_from(source.size().map_err(failed)?.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let wanted = self.filled.saturating_add(left).min((self.filled * 2).max(BLOCK));
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        let read = source.read_at(self.buffer.get_mut(self.filled..).unwrap_or_default(), self.offset).map_err(failed)?;
        self.filled += read;
        self.offset += read as u64;
        Ok(read)
    }
}
