//! [`LiveReader`]: the changes of a trail that is being written.

use crate::change::{Change, ChangeBlock};
use crate::error::{Error, ErrorKind, Result};
use crate::source::options::ReadOptions;
use crate::source::reader::notes::{LiveNote, LiveState};
use crate::source::reader::trail::TrailReader;
use crate::source::reader::{Reader, Source};
use crate::source::sequence::TrailFile;
use crate::source::skipped::Skipped;
use crate::source::trail::Trail;
use crate::trail::FileHeader;

/// Reads the changes of a trail that is being written. It returns a change only once nothing that the writer appends can alter it:
/// an incomplete record, half of a pair and a transaction without its end are held back. It does not wait: at the end of the trail it
/// returns nothing, and a later call looks again. `trailcore-stream` is built on it.
///
/// A transaction that is longer than one megabyte is not held in memory: its end is looked for in the files.
///
/// ```
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// use std::sync::Arc;
/// use trailcore::{ChangeBlock, ReadOptions, Trail, source::{LiveReader, TrailFile}};
///
/// let mut reader = LiveReader::new(&Trail::from_bytes(files[0].1.clone()), ReadOptions::new())?;
/// let mut block = ChangeBlock::default();
/// while reader.next_block(&mut block, 1000)? > 0 {}
/// # let next = bytes::Bytes::from(files[1].1.clone());
/// reader.add_file(TrailFile::from_source("bk000000001", Arc::new(next)));
/// assert!(reader.next()?.is_some());
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug)]
pub struct LiveReader {
    reader: Reader,
}

impl LiveReader {
    /// Creates a reader from the start of a trail, or from the position of the options. A selection is not applied.
    ///
    /// # Errors
    /// The errors of [`Trail::reader_with`]; [`Unsupported`](ErrorKind::Unsupported) if it is not a trail in files.
    pub fn new(trail: &Trail, options: ReadOptions) -> Result<Self> {
        if trail.held.is_some() || trail.is_json_lines() {
            let error = Error::new(ErrorKind::Unsupported, "only trail files can be followed");
            return Err(error.hint("read other sources with a Reader"));
        }
        let options = ReadOptions { select: None, include_non_changes: false, ..options };
        let reader = TrailReader::following(trail.files.clone(), options)?;
        Ok(Self { reader: Reader { source: Source::Trail(reader) } })
    }

    fn trail(&mut self) -> Result<&mut TrailReader> {
        match &mut self.reader.source {
            Source::Trail(trail) => Ok(trail),
            _ => Err(Error::internal("a live reader does not read a trail")),
        }
    }

    /// Returns the next change that is complete, lent until the next call; `None` if there is none yet, or if there is a
    /// [note](Self::take_note) about what follows.
    ///
    /// # Errors
    /// The errors of [`Reader::next`], except that an incomplete end is none.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Change<'_>>> {
        self.reader.next()
    }

    /// Replaces the contents of a block by the next changes that are complete, at most `most` of them, and returns their number: 0
    /// if there are none yet. A block ends before a [note](Self::take_note): take the notes after each block.
    ///
    /// # Errors
    /// The errors of [`next`](Self::next). The block then has the changes before the error.
    pub fn next_block(&mut self, block: &mut ChangeBlock, most: usize) -> Result<usize> {
        block.clear();
        while block.len() < most && !block.is_full() && !self.has_note() {
            if self.reader.take_rows(block, most)? {
                continue;
            }
            match self.reader.next()? {
                Some(change) => block.push(&change),
                None => break,
            }
        }
        Ok(block.len())
    }

    fn has_note(&self) -> bool {
        let Source::Trail(trail) = &self.reader.source else { return false };
        trail.live.as_ref().is_some_and(|live| !live.queue.is_empty())
    }

    /// Returns the next note, in the order of the trail.
    pub fn take_note(&mut self) -> Option<LiveNote> {
        let Source::Trail(trail) = &mut self.reader.source else { return None };
        trail.live.as_mut()?.queue.pop_front()
    }

    /// Adds a file after the last one.
    ///
    /// # Errors
    /// [`Internal`](ErrorKind::Internal).
    pub fn add_file(&mut self, file: TrailFile) -> Result<()> {
        self.trail()?.add_file(file);
        Ok(())
    }

    /// Gives up what is incomplete or damaged at the end of the bytes, and goes on with what follows: the next calls return what
    /// is complete of an open transaction, skip the damage or the incomplete record, and note both.
    ///
    /// # Errors
    /// [`Internal`](ErrorKind::Internal).
    pub fn pass(&mut self) -> Result<()> {
        if let Some(live) = &mut self.trail()?.live {
            live.passes = true;
        }
        Ok(())
    }

    /// Returns where it is.
    ///
    /// # Errors
    /// [`Internal`](ErrorKind::Internal).
    pub fn state(&self) -> Result<LiveState> {
        match &self.reader.source {
            Source::Trail(trail) => Ok(trail.live_state()),
            _ => Err(Error::internal("a live reader does not read a trail")),
        }
    }

    /// Returns the header of the file that is being read.
    #[must_use]
    pub fn file_header(&self) -> Option<&FileHeader> {
        self.reader.file_header()
    }

    /// Returns the ranges that were skipped so far.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        self.reader.skipped()
    }

    /// Releases memory that is not needed while the trail does not grow.
    ///
    /// # Errors
    /// [`Internal`](ErrorKind::Internal).
    pub fn shrink(&mut self) -> Result<()> {
        self.trail()?.shrink();
        Ok(())
    }
}
