//! The reader of changes: records in, changes out, in the trail's order.
//!
//! This module hands them out. What belongs together is found in [`units`], how far transactions are settled in
//! [`transactions`], what tables look like in [`definitions`], and a place to start at in [`seek`]. [`blocks`] hands out many
//! at a time.

mod blocks;
mod definitions;
mod gate;
mod seek;
mod transactions;
mod units;

use std::path::Path;
use std::sync::Arc;

use crate::change::{Change, Op, Origin, OwnedChange, TransactionIds, Unit, View};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Counts;
use crate::position::Position;
use crate::schema::TableDef;
use crate::source::ReadOptions;
use crate::source::reader::definitions::{FileState, NO_SLOT, Tables};
use crate::source::reader::gate::Gate;
use crate::source::reader::units::is_before_half;
use crate::source::sequence::TrailFile;
use crate::source::window::{End, Start, Window};
use crate::text::Charset;
use crate::trail::{FileHeader, Frame, Record, RecordType, tokens};

pub use blocks::Blocks;

/// A stretch of a trail that was passed over after damage, or where files are missing.
#[derive(Clone, Debug)]
pub struct Skipped {
    /// The first byte that was passed over.
    pub from: Position,
    /// Where reading went on.
    pub to: Position,
    /// What was wrong.
    pub error: Error,
}

/// Reads the changes of a trail, one after the other, with memory that does not grow with the trail.
///
/// [`next`](Self::next) lends a change until the next call. [`into_changes`](Self::into_changes) is an ordinary iterator
/// of owned ones. A reader may be moved between threads; two threads need two readers.
///
/// What belongs together stays together: the two records of an update are one change, large-object fragments join the
/// record they follow, and a transaction that a RestartAbend marker takes back is not handed out at all; Extract writes
/// it again in full (docs/trail-format.md, section 15). Where the trail ends in the midst of a transaction, what is there
/// of it is handed out.
///
/// After an error, [`next`](Self::next) gives the same error again. After a torn tail it looks whether the file has grown.
#[derive(Debug)]
pub struct Reader {
    window: Window,
    files: Arc<[TrailFile]>,
    options: ReadOptions,
    /// The next frame to be handed out.
    cursor: usize,
    /// Frames before this one may be handed out: nothing behind the window can change what they mean.
    ready: usize,
    /// Frames before this one have been looked at for transactions.
    resolved: usize,
    open: OpenTransaction,
    /// Which frames make the current change.
    unit: Unit,
    view: View,
    /// Where the before record stands of a pair that a file's end parts, once it has been moved to its after record.
    split_pair: Option<Position>,
    here: Here,
    file: FileState,
    tables: Tables,
    skipped: Vec<Skipped>,
    gate: Option<Gate>,
}

/// The transaction that the frames end in the midst of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenTransaction {
    /// None: the last transaction is at its end.
    None,
    /// One that starts with this frame. Whether it is taken back is not known yet.
    From(usize),
    /// One that reaches beyond the window and is known to be kept.
    Kept,
    /// One that reaches beyond the window and is known to be taken back.
    RolledBack,
}

/// The segment of frames that the cursor is in.
#[derive(Debug)]
struct Here {
    /// What to take from a frame's place for its RBA, and to add to its index for its number.
    base: i64,
    number: i64,
    /// The first frame of the next segment.
    end: usize,
}

/// What a step has come to.
enum Step {
    /// Nothing to hand out.
    On,
    /// A change, which is the current one now: the frame of its record, and its table's slot.
    Unit(usize, u32),
    /// The end of the trail.
    End,
}

impl Reader {
    pub(crate) fn new(files: Arc<[TrailFile]>, options: ReadOptions) -> Result<Self> {
        let from = options.start_at;
        let gate = options.select.as_ref().map(Gate::new);
        let mut reader = Self {
            window: Window::new(Arc::clone(&files), options.access.clone(), Start::FIRST),
            files,
            options,
            cursor: 0,
            ready: 0,
            resolved: 0,
            open: OpenTransaction::None,
            unit: Unit::default(),
            view: View {
                origin: Arc::new(Origin {
                    file: Path::new("").into(),
                    seqno: 0,
                    encrypted: false,
                    charset: Charset::UNSTATED,
                    header: None,
                }),
                ids: TransactionIds::with_room(),
                joined: Vec::new(),
            },
            split_pair: None,
            here: Here { base: 0, number: 0, end: 0 },
            file: FileState::new(0),
            tables: Tables::default(),
            skipped: Vec::new(),
            gate,
        };
        if let Some(position) = from {
            reader.seek(position)?;
        }
        Ok(reader)
    }

    /// The next change, lent until the next call; `None` at the end of the trail. A later call then looks again.
    ///
    /// # Errors
    /// - [`ErrorKind::Truncated`]: the last file ends inside a record, or between the two records of an update.
    /// - [`ErrorKind::Corrupt`], [`NotATrail`](ErrorKind::NotATrail): damage. With
    ///   [`resync`](ReadOptions::resync) it is passed over and told in [`skipped`](Self::skipped).
    /// - [`ErrorKind::SequenceGap`]: files are missing; passed over with `resync` too.
    /// - [`ErrorKind::UndefinedTable`]: a row refers to a definition that the file has not given; passed over with
    ///   `resync` too.
    /// - [`ErrorKind::Undecidable`], [`ErrorKind::Filter`]: the selection is strict and cannot decide on a change, or does not
    ///   fit its table. A further call goes on behind the change.
    /// - [`ErrorKind::Io`].
    #[allow(clippy::should_implement_trait)]
    #[inline(always)]
    pub fn next(&mut self) -> Result<Option<Change<'_>>> {
        let (main, slot) = loop {
            if self.gate.is_some() {
                self.pass_over_rows();
            }
            let (main, slot) = match self.next_row() {
                Some(row) => row,
                None => match self.next_slow_path()? {
                    Step::On => continue,
                    Step::Unit(main, slot) => (main, slot),
                    Step::End => return Ok(None),
                },
            };
            if self.gate.is_none() || self.is_wanted(main, slot)? {
                break (main, slot);
            }
        };
        Ok(self.current(main, slot))
    }

    /// The current change, by the frame of its record and its table's slot.
    #[inline(always)]
    fn current(&self, main: usize, slot: u32) -> Option<Change<'_>> {
        let frames = &*self.window.frames;
        let (frame, table) = (frames.get(main)?, self.tables.slots.get(slot as usize)?);
        Some(Change::new((self.window.data(), frames), frame, &self.unit, &self.view, table))
    }

    /// Moves on behind rows that the selection turns away at a glance: nothing is made of them but a count.
    #[inline(always)]
    fn pass_over_rows(&mut self) {
        let Some(gate) = self.gate.as_mut().filter(|_| !self.view.origin.encrypted) else { return };
        let end = self.ready.min(self.here.end);
        let mut first = self.cursor;
        while first < end {
            let [frame, next, ..] = self.window.frames.get(first..).unwrap_or_default() else { break };
            let Some(slot) = fast_path_slot(&self.file, frame, next) else { break };
            if !gate.turns_away(slot, &Record::from_frame(self.window.data(), frame)) {
                break;
            }
            if frame.begins_and_ends().0 {
                self.view.ids.begin(first);
            }
            first += 1;
        }
        self.cursor = first;
    }

    /// Whether the selection wants the current change.
    #[inline]
    fn is_wanted(&mut self, main: usize, slot: u32) -> Result<bool> {
        let Some(gate) = &mut self.gate else { return Ok(true) };
        let Some(table) = self.tables.slots.get(slot as usize) else { return Ok(true) };
        let (frames, data, unit, view) = (&*self.window.frames, self.window.data(), &self.unit, &self.view);
        gate.wants(slot, table, || frames.get(main).map(|frame| Change::new((data, frames), frame, unit, view, table)))
    }

    /// What the selection has said of the changes so far; all zero without one.
    #[must_use]
    pub fn filter_counts(&self) -> Counts {
        self.gate.as_ref().map_or_else(Counts::default, Gate::counts)
    }

    /// All further changes as owned ones. The iterator ends after an error.
    pub fn into_changes(mut self) -> impl Iterator<Item = Result<OwnedChange>> + Send {
        let mut failed = false;
        std::iter::from_fn(move || {
            if failed {
                return None;
            }
            let next = self.next().map(|change| change.map(|change| change.to_owned())).transpose();
            failed = matches!(next, Some(Err(_)));
            next
        })
    }

    /// The header of the file that is being read; `None` before the first record, and for files without one.
    #[must_use]
    pub fn file_header(&self) -> Option<&FileHeader> {
        self.file.header.as_deref()
    }

    /// The table definitions met so far: of each table the latest.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<TableDef>> {
        let met = self.tables.latest.values().filter_map(|&slot| self.tables.slots.get(slot as usize));
        // Statements and markers are of a table without a name.
        met.filter(|table| !table.name().is_empty())
    }

    /// The definitions that it was given for tables that the trail does not define.
    #[must_use]
    pub fn catalog(&self) -> Option<&crate::schema::Catalog> {
        self.options.catalog.as_ref()
    }

    /// What was passed over so far. Empty but with [`resync`](ReadOptions::resync).
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The position behind the last change: where to go on reading later.
    #[must_use]
    pub fn position(&self) -> Position {
        match self.window.place(self.cursor) {
            Some((_, position, _)) => position,
            None => self.window.unframed_position(),
        }
    }

    /// The way of nearly all records: a row that is a change by itself, of a table defined in the file. Gives its frame and
    /// its table's slot, `None` for what is not so simple.
    #[inline(always)]
    fn next_row(&mut self) -> Option<(usize, u32)> {
        let first = self.cursor;
        if first >= self.ready || first >= self.here.end {
            return None;
        }
        let [frame, next, ..] = self.window.frames.get(first..).unwrap_or_default() else { return None };
        let slot = fast_path_slot(&self.file, frame, next)?;
        if frame.begins_and_ends().0 {
            self.view.ids.begin(first);
        }
        let at = frame.at;
        self.set_unit(first, first, first + 1, at, true);
        Some((first, slot))
    }

    /// Makes these frames the current change, and moves on behind them.
    #[inline(always)]
    fn set_unit(&mut self, first: usize, main: usize, end: usize, at: u64, in_transaction: bool) {
        self.cursor = end;
        self.unit = Unit {
            first,
            end,
            rba: (at as i64).wrapping_sub(self.here.base) as u64,
            record: (main as i64).wrapping_add(self.here.number) as u64,
            paired: main != first,
            in_transaction,
            continuations: 0,
            pair_start: self.unit.pair_start,
        };
    }

    /// One step that is not the usual one: more frames, another file, a definition, a marker, a pair, a table by name.
    #[inline(never)]
    fn next_slow_path(&mut self) -> Result<Step> {
        if self.cursor >= self.ready && !self.advance()? {
            return Ok(Step::End);
        }
        let first = self.cursor;
        if first >= self.here.end {
            self.enter_segment();
        }
        let Some(frame) = self.window.frames.get(first).copied() else { return Ok(Step::On) };
        if frame.is_file_header() {
            self.read_file_header(first)?;
            self.cursor += 1;
            return Ok(Step::On);
        }
        let record_type = frame.record_type;
        let op = Op::of(record_type);
        if op == Op::Metadata {
            match self.define(first) {
                Err(error) if self.options.resync => {
                    self.note_skipped(first, first + 1, error);
                    self.cursor += 1;
                    return Ok(Step::On);
                }
                defined => defined?,
            }
        }
        let in_transaction = record_type.belongs_to_transaction();
        let (main, end) = if in_transaction { self.unit_end(first, &frame) } else { (first, first + 1) };
        if in_transaction && self.joins_over_file_start(first, end)? {
            return Ok(Step::On);
        }
        if in_transaction && frame.transaction().begins() && record_type != RecordType::LOB {
            self.view.ids.begin(first);
        }
        if main >= self.ready && !self.window.is_at_end() {
            // Moved together over a file's end: what belongs to the second half may not be here yet.
            self.advance()?;
            return Ok(Step::On);
        }
        // The file's start comes first, and leaves it.
        let split_pair = if is_before_half(&frame) { self.split_pair.take() } else { None };
        if (frame.is_rolled_back() && in_transaction) || !(op.is_change() || self.options.include_non_changes) {
            self.cursor = end;
            return Ok(Step::On);
        }
        let slot = match self.table_slot(main) {
            Ok(slot) => slot,
            Err(error) if self.options.resync => {
                self.note_skipped(first, end, error);
                self.cursor = end;
                return Ok(Step::On);
            }
            Err(error) => return Err(error),
        };
        let at = self.window.frames.get(main).map_or(0, |frame| frame.at);
        if main != first {
            let start = split_pair.or_else(|| self.window.place(first).map(|(_, position, _)| position));
            self.unit.pair_start = start.unwrap_or_default();
        }
        self.set_unit(first, main, end, at, in_transaction);
        self.join_continuations(main, end);
        Ok(Step::Unit(main, slot))
    }

    /// Takes in the segment that the cursor is in.
    #[cold]
    fn enter_segment(&mut self) {
        let Some((segment, end)) = self.window.segment_span(self.cursor) else { return };
        if segment.index != self.file.index || *self.view.origin.file != *segment.file {
            self.file = FileState::new(segment.index);
            self.view.origin = Arc::new(Origin {
                file: Arc::clone(&segment.file),
                seqno: segment.seqno,
                encrypted: false,
                charset: self.charset(),
                header: None,
            });
        }
        self.here.base = segment.base;
        self.here.number = segment.first_record as i64 - segment.first_frame as i64;
        self.here.end = end;
    }

    #[cold]
    fn error_at(&self, index: usize, kind: ErrorKind, what: &str) -> Error {
        let error = Error::new(kind, what);
        match self.window.place(index) {
            Some((segment, position, record)) => error.in_file(&segment.file).at_rba(position.rba).in_record(record),
            None => error,
        }
    }

    #[cold]
    fn note_skipped(&mut self, first: usize, end: usize, error: Error) {
        let position = |index| self.window.place(index).map(|(_, position, _)| position);
        let from = position(first).unwrap_or_default();
        let to = position(end).unwrap_or_else(|| self.window.unframed_position());
        self.skip(Skipped { from, to, error });
    }

    fn skip(&mut self, next: Skipped) {
        match self.skipped.last_mut() {
            // Rows of a table whose definition was lost come in runs.
            Some(last) if last.to == next.from && last.error.kind() == next.error.kind() => last.to = next.to,
            _ => self.skipped.push(next),
        }
    }

    /// Makes more frames ready; `false` at the end of the trail.
    #[cold]
    fn advance(&mut self) -> Result<bool> {
        loop {
            self.release();
            let had_ended = self.window.is_at_end();
            // A torn tail may have grown, and a last file too; other faults stay.
            if !self.window.fill(0)? {
                match self.window.end() {
                    End::Fault(error) if had_ended => {
                        let error = error.clone();
                        if !self.options.resync {
                            return Err(error);
                        }
                        if self.cursor < self.window.frames.len() {
                            // The first half of a pair whose other half is damaged or torn: all there is of it.
                            return Ok(self.make_all_ready());
                        }
                        match self.window.resync()? {
                            Some((from, to)) => self.pass_over(from, to, error),
                            None => return Err(error),
                        }
                        continue;
                    }
                    End::Clean if self.cursor >= self.window.frames.len() => return Ok(false),
                    End::Clean if had_ended => {
                        if self.options.resync {
                            return Ok(self.make_all_ready());
                        }
                        let error = self.error_at(
                            self.cursor,
                            ErrorKind::Truncated,
                            "the trail ends between the two records of an update",
                        );
                        return Err(error.hint("a writer may not be done yet"));
                    }
                    _ => {}
                }
            }
            self.resolve()?;
            self.enter_segment();
            if self.cursor < self.ready {
                return Ok(true);
            }
        }
    }

    /// Hands out all frames that there are, whatever might have come behind them.
    fn make_all_ready(&mut self) -> bool {
        self.ready = self.window.frames.len();
        // The window may have moved them.
        self.enter_segment();
        true
    }

    fn pass_over(&mut self, from: Position, to: Position, error: Error) {
        self.skip(Skipped { from, to, error });
        // What was passed over may have ended one transaction and begun another.
        self.view.ids.forget();
        self.open = OpenTransaction::None;
    }

    /// Lets go of the frames before the cursor.
    fn release(&mut self) {
        let dropped = self.cursor;
        if dropped == 0 {
            return;
        }
        match self.view.ids.frame {
            Some(frame) if frame < dropped => {
                if let Some(record) = self.window.frames.get(frame).map(|frame| Record::from_frame(self.window.data(), frame)) {
                    let (csn, xid) = tokens::transaction_ids(record.token_area().unwrap_or_default(), record.byte_order());
                    self.view.ids.keep(csn, xid);
                }
            }
            Some(frame) => self.view.ids.frame = Some(frame - dropped),
            None => {}
        }
        self.open = match self.open {
            OpenTransaction::From(start) => OpenTransaction::From(start.saturating_sub(dropped)),
            other => other,
        };
        self.window.drop_frames(dropped);
        self.ready = self.ready.saturating_sub(dropped);
        self.resolved = self.resolved.saturating_sub(dropped);
        self.cursor = 0;
    }
}

/// The table's slot of a row that is a change by itself, of a table defined in the file; `None` for what is not so simple.
#[inline(always)]
fn fast_path_slot(file: &FileState, frame: &Frame, next: &Frame) -> Option<u32> {
    let slot = file.definitions.get(usize::from(frame.table)).copied().unwrap_or(NO_SLOT);
    (frame.is_plain_row() && frame.has_tdr_index() && slot != NO_SLOT && !next.may_follow()).then_some(slot)
}
