//! [`Reader`]: the changes of a source, one after the other.
//!
//! [`trail`] reads trails. Its four parts have a file each: [`window`](super::window) (bytes and frames), [`transactions`],
//! [`assembly`] (pairs, continued records, fragments), [`definitions`]. [`seek`] finds a start, with [`index`] if there is a side index,
//! [`range`] keeps to a range of transactions, [`filter`] applies a selection, [`blocks`] returns many changes at a time. [`lines`] reads JSON lines, [`held`] changes in memory; [`live`] follows a
//! trail that is being written, with [`notes`]. [`cut`] and [`ahead`] read in several threads.

mod ahead;
mod assembly;
mod blocks;
mod cut;
mod definitions;
mod filter;
mod held;
mod index;
mod lines;
mod live;
mod notes;
mod range;
mod seek;
mod trail;
mod transactions;

use std::sync::Arc;

use crate::change::{Change, ChangeBlock, OwnedChange, Run};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{Counts, Doubt, TableName};
use crate::position::Position;
use crate::schema::{Catalog, TableDef};
use crate::source::options::ReadOptions;
use crate::source::reader::ahead::AheadReader;
use crate::source::reader::held::HeldReader;
use crate::source::reader::lines::LineReader;
use crate::source::reader::trail::TrailReader;
use crate::source::skipped::Skipped;
use crate::source::trail::Trail;
use crate::source::unfinished::{self, Unfinished, UnfinishedTransactions};
use crate::source::wanted;
#[cfg(feature = "arrow")]
use crate::source::window::WindowMemory;
use crate::trail::FileHeader;

#[cfg(feature = "arrow")]
pub(crate) use ahead::{Piece, Pieces, spawn};
pub use blocks::Blocks;
pub use filter::ReadFilter;
pub use live::LiveReader;
pub use notes::{LiveNote, LiveState, Pending};

pub(super) use definitions::Definitions;
pub(crate) use index::FileIndex;

/// Reads the changes of a source, one after the other, with memory that does not grow with the source.
///
/// [`next`](Self::next) lends a change until the next call. [`into_changes`](Self::into_changes) is an ordinary iterator of owned
/// ones. A reader may be moved between threads; two threads need two readers.
///
/// Records that belong together stay together: the two records of an update are one change, large-object fragments join the
/// record that they follow, and a transaction that a RestartAbend marker rolls back is not returned at all; Extract writes it
/// again in full (docs/trail-format.md, section 15). If the trail ends inside a transaction, the part that is there is returned.
///
/// After an error, [`next`](Self::next) returns the same error again. After a torn tail it checks whether the file has grown.
#[derive(Debug)]
pub struct Reader {
    source: Source,
}

/// The sources of changes.
#[derive(Debug)]
// A reader is made once; the larger one is the common one.
#[allow(clippy::large_enum_variant)]
enum Source {
    Trail(TrailReader),
    /// A trail that another thread reads.
    Ahead(AheadReader),
    Lines(LineReader),
    Held(HeldReader),
}

impl Trail {
    /// Creates a reader of its changes, from its start.
    ///
    /// # Errors
    /// The errors of [`reader_with`](Self::reader_with).
    pub fn reader(&self) -> Result<Reader> {
        self.reader_with(ReadOptions::new())
    }

    /// Creates a reader of its changes.
    ///
    /// # Errors
    /// With a position to start at: [`InvalidPosition`](crate::ErrorKind::InvalidPosition) if no record starts there, and the
    /// errors of reading the file up to it.
    pub fn reader_with(&self, options: ReadOptions) -> Result<Reader> {
        let files = Arc::clone(&self.files);
        let source = if let Some(held) = &self.held {
            Source::Held(HeldReader::new(Arc::clone(held), options)?)
        } else if self.is_json_lines() {
            Source::Lines(LineReader::new(files, options)?)
        } else {
            let piece = self.piece_bytes(&options, AheadReader::PIECE);
            let reader = TrailReader::new(files, options)?;
            match piece {
                Some(bytes) => Source::Ahead(AheadReader::new(reader, bytes)?),
                None => Source::Trail(reader),
            }
        };
        Ok(Reader { source })
    }
}

#[cfg(feature = "arrow")]
impl Trail {
    /// Starts a thread that cuts the trail into pieces for batches of at most `rows` rows, if the options ask for threads and they are of
    /// use. Returns a reader too, which collects what the pieces note.
    pub(crate) fn pieces(
        &self,
        options: &ReadOptions,
        rows: usize,
        only: Option<&TableName>,
    ) -> Result<Option<(Pieces, Reader)>> {
        /// Bytes of usual records.
        const RECORD: usize = 256;
        if self.held.is_some() || self.is_json_lines() {
            return Ok(None);
        }
        // Large enough for whole batches of a few tables, and small: nothing is faster than memory that was just used.
        let piece = rows.saturating_mul(2 * RECORD).clamp(4 << 20, 16 << 20);
        let Some(bytes) = self.piece_bytes(options, piece) else { return Ok(None) };
        let reader = TrailReader::new(Arc::clone(&self.files), options.clone())?;
        if reader.filter().is_some_and(ReadFilter::depends_on_order) {
            return Ok(None);
        }
        let (pieces, start) = Pieces::start(reader, bytes, only)?;
        Ok(Some((pieces, Reader { source: Source::Trail(*start) })))
    }
}

#[cfg(feature = "arrow")]
impl Piece {
    /// Returns the reader of its changes, with a filter of its own like that of another reader.
    pub(crate) fn into_reader(self, like: &Reader) -> Reader {
        let mut reader = self.reader;
        reader.filter = like.filter().map(ReadFilter::another);
        Reader { source: Source::Trail(*reader) }
    }
}

/// A change that a reader has stepped to.
pub(crate) struct Stepped(Option<trail::Lent>);

impl Reader {
    /// Returns the next change, lent until the next call; `None` at the end of the trail. A later call then looks again.
    ///
    /// # Errors
    /// - [`Truncated`](crate::ErrorKind::Truncated): the last file ends inside a record, or between the two records of an update.
    /// - [`Corrupt`](crate::ErrorKind::Corrupt), [`NotATrail`](crate::ErrorKind::NotATrail): damage. With
    ///   [`resync`](ReadOptions::resync) it is skipped and listed in [`skipped`](Self::skipped).
    /// - [`SequenceGap`](crate::ErrorKind::SequenceGap): files are missing; skipped with `resync` too.
    /// - [`UndefinedTable`](crate::ErrorKind::UndefinedTable): a row refers to a definition that the file has not given; skipped
    ///   with `resync` too.
    /// - [`Undecidable`](crate::ErrorKind::Undecidable), [`Filter`](crate::ErrorKind::Filter): the selection is strict and cannot
    ///   decide on a change, or does not fit its table. The next call continues after the change.
    /// - [`Io`](crate::ErrorKind::Io).
    #[allow(clippy::should_implement_trait)]
    #[inline(always)]
    pub fn next(&mut self) -> Result<Option<Change<'_>>> {
        match &mut self.source {
            Source::Trail(trail) => trail.next(),
            Source::Ahead(ahead) => match ahead.step()? {
                Some(lent) => ahead.current.change(lent).map(Some).ok_or_else(|| Error::internal("a change of a piece is gone")),
                None => Ok(None),
            },
            Source::Lines(lines) => match lines.advance()? {
                true => lines.change().map(Some).ok_or_else(|| Error::internal("a line without its change")),
                false => Ok(None),
            },
            Source::Held(held) => match held.advance()? {
                true => held.change().map(Some).ok_or_else(|| Error::internal("a held change is gone")),
                false => Ok(None),
            },
        }
    }

    /// Steps to the next change, which [`lend`](Self::lend) then lends; `None` at the end. Between the two, the reader can be asked.
    pub(crate) fn step(&mut self) -> Result<Option<Stepped>> {
        Ok(match &mut self.source {
            Source::Trail(trail) => trail.step()?.map(|lent| Stepped(Some(lent))),
            Source::Ahead(ahead) => ahead.step()?.map(|lent| Stepped(Some(lent))),
            Source::Lines(lines) => lines.advance()?.then_some(Stepped(None)),
            Source::Held(held) => held.advance()?.then_some(Stepped(None)),
        })
    }

    /// Lends the change of the last step.
    pub(crate) fn lend(&self, stepped: Stepped) -> Result<Change<'_>> {
        let change = match (&self.source, stepped.0) {
            (Source::Trail(trail), Some(lent)) => trail.change(lent),
            (Source::Ahead(ahead), Some(lent)) => ahead.current.change(lent),
            (Source::Lines(lines), _) => lines.change(),
            (Source::Held(held), _) => held.change(),
            _ => None,
        };
        change.ok_or_else(|| Error::internal("the change of a step is gone"))
    }

    /// Returns the first transaction that the source does not finish, of those met since the last call.
    pub(crate) fn take_first_unfinished(&mut self) -> Option<Unfinished> {
        match &mut self.source {
            Source::Trail(trail) => trail.unfinished.take_first(),
            Source::Ahead(ahead) => ahead.current.unfinished.take_first(),
            Source::Lines(lines) => lines.unfinished.take_first(),
            Source::Held(_) => None,
        }
    }

    /// Returns what the selection has decided so far; all zero without one.
    #[must_use]
    pub fn filter_counts(&self) -> Counts {
        self.filter().map_or_else(Counts::default, ReadFilter::counts)
    }

    pub(super) fn doubts(&self) -> Vec<Doubt> {
        self.filter().map_or_else(Vec::new, ReadFilter::doubts)
    }

    /// Returns the operations that the selection names, and that its statements leave out.
    pub(super) fn ops_in_vain(&self) -> Vec<&'static str> {
        self.filter().map_or_else(Vec::new, ReadFilter::ops_in_vain)
    }

    /// Returns the object names of the selection that fit no table met so far.
    pub(super) fn unmatched(&self) -> Vec<String> {
        self.filter().map_or_else(Vec::new, |filter| filter.unmatched(self.tables().map(|table| table.name())))
    }

    fn filter(&self) -> Option<&ReadFilter> {
        match &self.source {
            Source::Trail(trail) => trail.filter(),
            Source::Ahead(ahead) => ahead.current.filter(),
            Source::Lines(lines) => lines.filter(),
            Source::Held(held) => held.filter(),
        }
    }

    /// Returns whether the last call met the end of the source.
    pub(super) fn has_ended(&self) -> bool {
        match &self.source {
            Source::Trail(trail) => trail.has_ended(),
            Source::Ahead(ahead) => ahead.has_ended(),
            Source::Lines(lines) => lines.has_ended(),
            Source::Held(held) => held.has_ended(),
        }
    }

    /// Returns all further changes as owned ones. The iterator ends after an error.
    pub fn into_changes(self) -> impl Iterator<Item = Result<OwnedChange>> + Send {
        const CHANGES: usize = 64;
        let mut blocks = self.into_blocks(CHANGES);
        let (mut block, mut next, mut failed) = (Arc::new(ChangeBlock::default()), 0, false);
        std::iter::from_fn(move || {
            if failed {
                return None;
            }
            if next >= block.len() {
                match blocks.next_block() {
                    Ok(Some(filled)) => (block, next) = (Arc::new(filled), 0),
                    Ok(None) => return None,
                    Err(error) => {
                        failed = true;
                        return Some(Err(error));
                    }
                }
            }
            next += 1;
            OwnedChange::in_block(&block, next - 1).map(Ok)
        })
    }

    /// Returns a reader without changes that has a filter like this one's; `None` for sources that are not cut into pieces.
    #[cfg(feature = "arrow")]
    pub(crate) fn emptied(&self) -> Option<Self> {
        let Source::Trail(trail) = &self.source else { return None };
        let mut emptied = trail.emptied();
        emptied.filter = trail.filter().map(ReadFilter::another);
        Some(Self { source: Source::Trail(emptied) })
    }

    /// Adds what a reader of the next piece has noted, and stands where that one does.
    #[cfg(feature = "arrow")]
    pub(crate) fn take_notes(&mut self, mut later: Self) {
        if let (Source::Trail(own), Source::Trail(later)) = (&mut self.source, &mut later.source) {
            later.absorb(own);
        }
        *self = later;
    }

    /// Releases the bytes of a piece that has been read, and returns their memory. A piece that is not the last one has no end.
    #[cfg(feature = "arrow")]
    pub(crate) fn close_piece(&mut self, is_last: bool) -> WindowMemory {
        let Source::Trail(trail) = &mut self.source else { return WindowMemory::default() };
        trail.release();
        trail.ended &= is_last;
        if is_last {
            trail.window.release_all();
            return WindowMemory::default();
        }
        trail.window.take_memory()
    }

    /// Adds plain rows to a block, as many as are ready; `false` if the next change is not a plain row.
    fn take_rows(&mut self, block: &mut ChangeBlock, limit: usize) -> Result<bool> {
        let trail = match &mut self.source {
            Source::Trail(trail) => trail,
            Source::Ahead(ahead) => &mut *ahead.current,
            Source::Lines(_) | Source::Held(_) => return Ok(false),
        };
        if trail.has_filter() {
            return Ok(false);
        }
        let (before, mut run) = (block.len(), Run::default());
        let mut failed = false;
        while block.len() < limit && !block.is_full_with(&run) {
            let Some(lent) = trail.next_row() else { break };
            match trail.change(lent) {
                Some(change) => block.push_row(&change, &mut run),
                None => {
                    failed = true;
                    break;
                }
            }
        }
        block.copy(trail.window.data(), &mut run);
        if failed { Err(trail.fail()) } else { Ok(block.len() > before) }
    }

    /// Returns the header of the file that is being read; `None` before the first record, and for files without one.
    #[must_use]
    pub fn file_header(&self) -> Option<&FileHeader> {
        match &self.source {
            Source::Trail(trail) => trail.file_header(),
            Source::Ahead(ahead) => ahead.current.file_header(),
            Source::Lines(_) | Source::Held(_) => None,
        }
    }

    /// Returns the latest definition of each table met so far.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<TableDef>> {
        let (trail, lines, held) = match &self.source {
            Source::Trail(trail) => (Some(trail.tables()), None, None),
            Source::Ahead(ahead) => (Some(ahead.current.tables()), None, None),
            Source::Lines(lines) => (None, Some(lines.tables()), None),
            Source::Held(held) => (None, None, Some(held.tables())),
        };
        trail.into_iter().flatten().chain(lines.into_iter().flatten()).chain(held.into_iter().flatten())
    }

    /// Returns the definition of a table, from the source, or else from the catalog: the one of exactly the name, or else one that
    /// a predicate finds by its name.
    ///
    /// # Errors
    /// [`UnknownTable`](ErrorKind::UnknownTable), with the tables that there are; [`InvalidArgument`](ErrorKind::InvalidArgument) if
    /// two tables may have the name.
    pub(crate) fn definition(&self, name: &TableName, finds: impl Fn(&str) -> bool) -> Result<Arc<TableDef>> {
        let tables = || self.tables().chain(self.catalog().into_iter().flat_map(Catalog::tables));
        let named = |is_wanted: &dyn Fn(&str) -> bool| {
            let mut found = tables().filter(|table| is_wanted(table.name()));
            let first = found.next();
            let other = first.and_then(|first| found.find(|table| table.name() != first.name()));
            match (first, other) {
                (Some(first), Some(other)) => Err(wanted::ambiguous(name, first.name(), other.name())),
                (first, _) => Ok(first.cloned()),
            }
        };
        let found = named(&|table| name.is_exactly(table)).transpose().or_else(|| named(&finds).transpose());
        found.unwrap_or_else(|| Err(unknown_table(name, self.tables().map(|table| table.name()))))
    }

    /// Returns the definitions that it was given for tables that the trail does not define.
    #[must_use]
    pub fn catalog(&self) -> Option<&Catalog> {
        match &self.source {
            Source::Trail(trail) => trail.catalog(),
            Source::Ahead(ahead) => ahead.current.catalog(),
            Source::Lines(lines) => lines.catalog(),
            Source::Held(held) => held.catalog(),
        }
    }

    /// Returns the ranges that were skipped so far. Empty without [`resync`](ReadOptions::resync).
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        match &self.source {
            Source::Trail(trail) => trail.skipped(),
            Source::Ahead(ahead) => ahead.current.skipped(),
            Source::Lines(lines) => lines.skipped(),
            Source::Held(_) => &[],
        }
    }

    /// Returns the transactions so far that the source does not finish; see [`Change::is_unfinished`].
    #[must_use]
    pub fn unfinished(&self) -> &UnfinishedTransactions {
        match &self.source {
            Source::Trail(trail) => trail.unfinished(),
            Source::Ahead(ahead) => ahead.current.unfinished(),
            Source::Lines(lines) => lines.unfinished(),
            // Blocks do not begin or end with transactions.
            Source::Held(_) => &unfinished::NONE,
        }
    }

    /// Returns the position after the last change: where to continue later.
    #[must_use]
    pub fn position(&self) -> Position {
        match &self.source {
            Source::Trail(trail) => trail.position().into(),
            Source::Ahead(ahead) => ahead.current.position().into(),
            Source::Lines(lines) => lines.position(),
            Source::Held(held) => held.position(),
        }
    }
}

#[cold]
fn unknown_table<'a>(name: &TableName, known: impl Iterator<Item = &'a str>) -> Error {
    const SHOWN: usize = 20;
    let mut known: Vec<_> = known.filter(|name| !name.is_empty()).collect();
    known.sort_unstable();
    let more = if known.len() > SHOWN { " and others" } else { "" };
    known.truncate(SHOWN);
    let known = if known.is_empty() { "no tables".to_owned() } else { known.join(", ") };
    Error::new(ErrorKind::UnknownTable, format!("the trail has no table {name}; it has {known}{more}"))
}
