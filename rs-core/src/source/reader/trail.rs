//! [`TrailReader`]: the changes of a trail, in the trail's order.
//!
//! It composes four parts and holds a cursor: [`ReadWindow`] has the bytes and frames, [`TransactionTracker`] knows how far
//! transactions are settled, [`ChangeAssembler`] what belongs together, [`Definitions`] what tables look like.

use std::path::Path;
use std::sync::Arc;

use crate::change::{Change, ChangeContext, FileContext, Head, Op, PositionSpace, TransactionIds};
use crate::decode::Fault;
use crate::error::{Error, ErrorKind, Result};
use crate::position::{Position, TrailPosition};
use crate::schema::{Catalog, TableDef};
use crate::source::options::ReadOptions;
use crate::source::reader::assembly::{Assembled, ChangeAssembler, ChangeFrames, Joined};
use crate::source::reader::definitions::{Definitions, NoTable};
use crate::source::reader::filter::ReadFilter;
use crate::source::reader::notes::{LiveNote, LiveState, Notes, Pending};
use crate::source::reader::transactions::TransactionTracker;
use crate::source::sequence::TrailFile;
use crate::source::skipped::Skipped;
use crate::source::trail::Trail;
use crate::source::unfinished::UnfinishedTransactions;
use crate::source::window::{End, ReadWindow, Start};
use crate::text::Charset;
use crate::trail::{FileHeader, Record, RecordType, TrailFormat};

/// Reads the changes of a trail.
///
/// Invariants: `cursor <= fast_until <=` both the tracker's ready frames and the end of the cursor's segment, or `fast_until` is
/// 0; `context` is that of the cursor's file and transaction.
#[derive(Debug)]
pub(super) struct TrailReader {
    pub(super) files: Arc<[TrailFile]>,
    pub(super) options: ReadOptions,
    pub(super) window: ReadWindow,
    pub(super) transactions: TransactionTracker,
    pub(super) assembler: ChangeAssembler,
    pub(super) definitions: Definitions,
    pub(super) filter: Option<ReadFilter>,
    /// The next frame to be returned.
    pub(super) cursor: usize,
    /// Frames before this one may take the fast path.
    pub(super) fast_until: usize,
    pub(super) segment: SegmentCursor,
    pub(super) context: ChangeContext,
    /// The frame that has the ids of the transaction, while it is in the window.
    pub(super) ids_frame: Option<usize>,
    /// The last change of the slow path: its head, and whether its bytes are in the assembler's scratch.
    pub(super) assembled: Option<(Head, bool)>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) unfinished: UnfinishedTransactions,
    /// CSN and id of the transaction that broke off before the cursor, until another one begins.
    pub(super) broken_off: Option<(Box<str>, Box<str>)>,
    /// The last call met the end of the trail.
    pub(super) ended: bool,
    /// Steps over the ready frames only, and reads no more.
    pub(super) keeps_to_ready: bool,
    /// A broken invariant: reading does not continue after it.
    pub(super) failed: Option<Error>,
    /// Notes for a follower of the trail; `None` if the trail is not being followed.
    pub(super) live: Option<Notes>,
}

/// The segment of frames that the cursor is in.
#[derive(Clone, Debug)]
pub(super) struct SegmentCursor {
    /// Index of its file.
    file: usize,
    /// Subtracted from a frame's offset for its RBA.
    base: i64,
    /// Added to a frame's index for its record number.
    number: i64,
    /// The first frame of the next segment.
    pub(super) end: usize,
}

/// A change to be lent: its table's number, and what it is made of. Its head is made where the change is used: there the compiler
/// leaves out the fields that are not.
#[derive(Clone, Copy)]
pub(super) struct Lent {
    of: Material,
    table: u32,
}

/// The material of a change.
#[derive(Clone, Copy)]
enum Material {
    /// The row in this frame, on its own.
    Row(usize),
    /// The assembled change.
    Assembled,
}

/// The parts of a reader that a change borrows from: all but the filter, which decides on it.
struct Parts<'a> {
    window: &'a ReadWindow,
    assembler: &'a ChangeAssembler,
    definitions: &'a Definitions,
    segment: &'a SegmentCursor,
    context: &'a ChangeContext,
    assembled: &'a Option<(Head, bool)>,
}

impl<'a> Parts<'a> {
    #[inline(always)]
    fn change(self, lent: Lent) -> Option<Change<'a>> {
        let table = self.definitions.get(lent.table)?;
        Some(match lent.of {
            Material::Row(index) => {
                let frame = self.window.frames().get(index)?;
                let place = (self.segment.rba(frame.at), self.segment.record(index));
                Change::of_row(self.window.data(), frame.head(place, false), self.context, table)
            }
            Material::Assembled => {
                let (head, in_scratch) = self.assembled.as_ref()?;
                let buffer = if *in_scratch { self.assembler.scratch() } else { self.window.data() };
                Change::new(buffer, head, self.context, table)
            }
        })
    }
}

/// The outcome of a step on the slow path.
pub(super) enum Step {
    /// Nothing to return.
    Skip,
    /// Nothing to return, but a note for a follower.
    Note,
    /// A change.
    Change(Lent),
    /// The end of the trail.
    End,
    /// A reader that keeps to the ready frames stops here.
    Stop(Stop),
}

/// Why a reader that keeps to the ready frames stops.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It has passed all of them.
    Passed,
    /// The next change needs more frames.
    NeedsMore,
    /// The next change has been joined over a file's start, which has moved frames.
    Joined,
}

impl TrailReader {
    pub(super) fn new(files: Arc<[TrailFile]>, options: ReadOptions) -> Result<Self> {
        let (start_at, access) = (options.start_at, options.access());
        let window = ReadWindow::new(Arc::clone(&files), access, Start::FIRST);
        let trail = Trail { files: Arc::clone(&files), held: None };
        let filter = options.select.as_ref().map(|select| ReadFilter::new(select, trail, &options));
        let mut reader = Self { filter, ..Self::blank(files, options, window) };
        reader.start_at(start_at)?;
        reader.start_at_transaction()?;
        Ok(reader)
    }

    /// Creates a reader of a window, which knows nothing yet, and has no filter.
    pub(super) fn blank(files: Arc<[TrailFile]>, options: ReadOptions, window: ReadWindow) -> Self {
        let file = FileContext {
            file: Path::new("").into(),
            format: &TrailFormat,
            space: PositionSpace::Trail(0),
            encrypted: false,
            charset: Charset::UNSTATED,
            header: None,
        };
        Self {
            window,
            files,
            transactions: TransactionTracker::default(),
            assembler: ChangeAssembler::default(),
            definitions: Definitions::new(&options),
            filter: None,
            options,
            cursor: 0,
            fast_until: 0,
            segment: SegmentCursor { file: 0, base: 0, number: 0, end: 0 },
            context: ChangeContext { file: Arc::new(file), ids: TransactionIds::with_room(), start: None },
            ids_frame: None,
            assembled: None,
            skipped: Vec::new(),
            unfinished: UnfinishedTransactions::default(),
            broken_off: None,
            ended: false,
            keeps_to_ready: false,
            failed: None,
            live: None,
        }
    }

    /// Creates a reader of a trail that is being written.
    pub(super) fn following(files: Arc<[TrailFile]>, mut options: ReadOptions) -> Result<Self> {
        let start_at = options.start_at.take();
        let mut reader = Self::new(files, options.unbounded())?;
        (reader.live, reader.transactions) = (Some(Notes::default()), TransactionTracker::live());
        reader.start_at(start_at)?;
        reader.definitions.take_changed();
        Ok(reader)
    }

    fn start_at(&mut self, start_at: Option<Position>) -> Result<()> {
        match start_at {
            Some(Position::Trail(position)) => self.seek(position)?,
            Some(other) => {
                let what = format!("{other} is not a position in a trail");
                return Err(Error::new(ErrorKind::InvalidPosition, what).hint("write SEQNO:RBA"));
            }
            None => {}
        }
        Ok(())
    }

    /// Adds a file after the last one.
    pub(super) fn add_file(&mut self, file: TrailFile) {
        self.files = self.files.iter().cloned().chain([file.clone()]).collect();
        self.transactions.add_file(&file);
        self.window.add_file(file);
    }

    /// Notes something for a follower.
    fn note(&mut self, note: LiveNote) {
        if let Some(notes) = &mut self.live {
            notes.queue.push_back(note);
        }
    }

    /// The next change; see [`Reader::next`](crate::Reader::next).
    #[inline(always)]
    pub(super) fn next(&mut self) -> Result<Option<Change<'_>>> {
        let Some(lent) = self.step()? else { return Ok(None) };
        let Self { window, assembler, definitions, segment, context, assembled, failed, fast_until, .. } = self;
        match (Parts { window, assembler, definitions, segment, context, assembled }).change(lent) {
            Some(change) => Ok(Some(change)),
            None => Err(fail(failed, fast_until)),
        }
    }

    /// Steps to the next change that the selection wants; `None` at the end.
    #[inline(always)]
    pub(super) fn step(&mut self) -> Result<Option<Lent>> {
        loop {
            if self.filter.is_some() {
                self.skip_rejected_rows();
            }
            let lent = match self.next_row() {
                Some(row) => row,
                None => match self.next_slow_path()? {
                    Step::Skip => continue,
                    Step::Change(lent) => lent,
                    Step::Note | Step::End | Step::Stop(_) => return Ok(None),
                },
            };
            if self.filter.is_none() || self.is_wanted(lent)? {
                return Ok(Some(lent));
            }
        }
    }

    /// Ends the reading: a change has no definition or frame. Each further call returns the error again.
    #[cold]
    pub(super) fn fail(&mut self) -> Error {
        fail(&mut self.failed, &mut self.fast_until)
    }

    /// Makes the change to be lent; `None` if its table's number is not one of the definitions'.
    #[inline(always)]
    pub(super) fn change(&self, lent: Lent) -> Option<Change<'_>> {
        let Self { window, assembler, definitions, segment, context, assembled, .. } = self;
        Parts { window, assembler, definitions, segment, context, assembled }.change(lent)
    }

    /// Returns the filter, and the change that it decides on.
    #[inline(always)]
    fn filter_and_change(&mut self, lent: Lent) -> Option<(&mut ReadFilter, Change<'_>)> {
        let Self { filter, window, assembler, definitions, segment, context, assembled, .. } = self;
        let change = Parts { window, assembler, definitions, segment, context, assembled }.change(lent)?;
        Some((filter.as_mut()?, change))
    }

    /// Skips rows that the selection rejects at first sight: they are counted, and nothing else is made of them.
    #[inline(always)]
    fn skip_rejected_rows(&mut self) {
        while let Some((lent, begins)) = self.row_at(self.cursor) {
            let rejected = self.filter_and_change(lent).is_some_and(|(filter, change)| filter.prefilter_rejects(&change));
            if !rejected {
                return;
            }
            if begins {
                self.begin_transaction(self.cursor);
            }
            self.cursor += 1;
        }
    }

    /// Returns whether the selection wants a change.
    #[inline]
    fn is_wanted(&mut self, lent: Lent) -> Result<bool> {
        match self.filter_and_change(lent) {
            Some((filter, change)) => filter.wants(&change),
            None => Err(self.fail()),
        }
    }

    /// The fast path, which nearly all records take: a row that is a change on its own, of a table defined in the file.
    #[inline(always)]
    pub(super) fn next_row(&mut self) -> Option<Lent> {
        let first = self.cursor;
        let (lent, begins) = self.row_at(first)?;
        if begins {
            self.begin_transaction(first);
        }
        self.cursor = first + 1;
        Some(lent)
    }

    /// Returns the row at a frame, and whether a transaction begins with it; `None` if it is not for the fast path.
    #[inline(always)]
    fn row_at(&self, first: usize) -> Option<(Lent, bool)> {
        if first >= self.fast_until {
            return None;
        }
        let [frame, next, ..] = self.window.frames().get(first..).unwrap_or_default() else { return None };
        self.window.prefetch_after(frame);
        let table = self.definitions.of_plain_row(frame, next)?;
        Some((Lent { of: Material::Row(first), table }, frame.begins_and_ends().0))
    }

    #[inline(always)]
    fn begin_transaction(&mut self, index: usize) {
        if let Some(frame) = self.window.frames().get(index) {
            let (at, len) = frame.tail();
            self.context.ids.begin(at, len, frame.order());
            self.ids_frame = Some(index);
        }
    }

    /// One step that the fast path does not take: more frames, another file, a definition, a marker, a pair, a table by name.
    #[inline(never)]
    pub(super) fn next_slow_path(&mut self) -> Result<Step> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.context.start = None;
        if self.cursor >= self.transactions.ready() {
            if self.keeps_to_ready {
                return Ok(Step::Stop(Stop::Passed));
            }
            self.ended = false;
            if !self.advance()? {
                self.ended = true;
                return Ok(Step::End);
            }
        }
        let first = self.cursor;
        if first >= self.segment.end {
            self.enter_segment();
        }
        // The images of an encrypted file need the format.
        let plain_until = self.transactions.ready().min(self.segment.end);
        // The last change of an unfinished transaction is marked on this path.
        let plain_until = self.transactions.next_unfinished().map_or(plain_until, |last| last.min(plain_until));
        // The change that begins another transaction after it is compared with it here.
        let is_plain = !self.definitions.encrypted() && self.broken_off.is_none();
        self.fast_until = if is_plain { plain_until } else { 0 };
        let Some(frame) = self.window.frames().get(first).copied() else {
            return Err(Error::internal("a ready frame is not in the window"));
        };
        if frame.is_file_header() {
            self.fast_until = 0;
            self.read_file_header(first)?;
            self.cursor += 1;
            return Ok(Step::Skip);
        }
        let record_type = frame.record_type;
        let op = record_type.op();
        if op == Op::Metadata && !self.define(first)? {
            self.cursor += 1;
            return Ok(Step::Skip);
        }
        if self.live.is_some() && self.note_record(first, record_type) {
            self.cursor += 1;
            return Ok(Step::Note);
        }
        let in_transaction = record_type.belongs_to_transaction();
        let frames =
            if in_transaction { self.assembler.frames_of(&self.window, first, &frame) } else { ChangeFrames::single(first) };
        match if in_transaction { self.assembler.join_over_file_start(&mut self.window, frames) } else { Joined::No } {
            Joined::No => {}
            Joined::NeedMore => return self.read_on(),
            Joined::Moved { segment_end } => {
                self.segment.end = segment_end;
                self.fast_until = 0;
                return Ok(if self.keeps_to_ready { Step::Stop(Stop::Joined) } else { Step::Skip });
            }
        }
        if in_transaction && frame.transaction().begins() && record_type != RecordType::LOB {
            self.begin_transaction(first);
            self.note_repeated(first);
        }
        if frames.main >= self.transactions.ready() && !self.window.is_at_end() {
            // Moved together over a file's end: what belongs to the second half may not be here yet.
            return self.read_on();
        }
        let split_pair = self.assembler.take_split_pair(&frame);
        let unfinished = self.transactions.breaks_off_in(first..frames.end);
        if unfinished {
            self.note_unfinished(frames.end - 1);
        }
        self.cursor = frames.end;
        if (frame.is_rolled_back() && in_transaction) || !(op.is_change() || self.options.include_non_changes) {
            return Ok(Step::Skip);
        }
        let table = match self.table_of(frames.main) {
            Ok(table) => table,
            Err(error) if error.kind() != ErrorKind::Internal && self.skips() => {
                self.note_skipped(first, frames.end, error);
                return Ok(Step::Skip);
            }
            Err(error) => {
                self.cursor = first;
                self.assembler.put_back(split_pair);
                return Err(error);
            }
        };
        let Some(at) = self.window.frames().get(frames.main).map(|frame| frame.at) else {
            return Err(Error::internal("the main record of a change has no frame"));
        };
        let place = (self.segment.rba(at), self.segment.record(frames.main));
        let encrypted = self.definitions.encrypted();
        let Assembled { mut head, in_scratch, start } =
            self.assembler.assemble(&self.window, frames, place, encrypted, split_pair)?;
        head.facts = head.facts.with_in_transaction(in_transaction).with_unfinished(unfinished);
        if in_scratch {
            // The change's buffer is not the window, where the record with the ids is.
            self.keep_ids();
        }
        if start.is_some() {
            self.context.start = start;
            // The next change has another start: it must come this way too.
            self.fast_until = 0;
        }
        self.assembled = Some((head, in_scratch));
        Ok(Step::Change(Lent { of: Material::Assembled, table }))
    }

    /// Makes more frames ready for a step that needs them, and begins it anew: frames have other indexes afterwards.
    fn read_on(&mut self) -> Result<Step> {
        if self.keeps_to_ready {
            return Ok(Step::Stop(Stop::NeedsMore));
        }
        self.advance()?;
        Ok(Step::Skip)
    }

    fn table_of(&mut self, index: usize) -> Result<u32> {
        let Some(record) = self.window.record(index) else {
            return Err(Error::internal("a change's record is not in the window"));
        };
        let number = self.definitions.of_record(&record).map_err(|reason| match reason {
            NoTable::Undefined(number) => {
                let what = format!("a row refers to table definition {number}, which the file has not given");
                let error = self.error_at(index, ErrorKind::UndefinedTable, &what);
                error.hint("read the file from its start, or restore it")
            }
            NoTable::Damaged(fault) => self.error_at(index, ErrorKind::Corrupt, fault.what),
        })?;
        // A record may name a table that the trail does not define.
        self.definitions.check_memory().map_err(|error| self.locate(index, error))?;
        Ok(number)
    }

    #[cold]
    pub(super) fn read_file_header(&mut self, index: usize) -> Result<()> {
        let Some(record) = self.window.record(index) else { return Err(Error::internal("a file header is not in the window")) };
        if let Err(fault) = self.definitions.read_file_header(&record) {
            let error = self.error_at(index, ErrorKind::NotATrail, fault.what).at_offset(fault.offset as u64);
            if !self.skips() {
                return Err(error);
            }
            self.note_skipped(index, index + 1, error);
            return Ok(());
        }
        self.renew_file_context();
        Ok(())
    }

    /// Reads a definition. Returns `false` for one that is damaged and is to be skipped.
    #[cold]
    pub(super) fn define(&mut self, index: usize) -> Result<bool> {
        let Some(record) = self.window.record(index) else { return Err(Error::internal("a definition is not in the window")) };
        if let Err(Fault { what, .. }) = self.definitions.define(&record) {
            let error = self.error_at(index, ErrorKind::Corrupt, what);
            if !self.skips() {
                return Err(error);
            }
            self.note_skipped(index, index + 1, error);
            return Ok(false);
        }
        self.definitions.check_memory().map_err(|error| self.locate(index, error))?;
        if self.definitions.charset() != self.context.file.charset {
            self.renew_file_context();
        }
        Ok(true)
    }

    /// Brings what changes know about their file up to date.
    fn renew_file_context(&mut self) {
        let header = self.definitions.header().map(|header| Arc::clone(header) as Arc<dyn std::any::Any + Send + Sync>);
        let (encrypted, charset) = (self.definitions.encrypted(), self.definitions.charset());
        self.context.file = Arc::new(FileContext { encrypted, charset, header, ..(*self.context.file).clone() });
    }

    /// Enters the segment that the cursor is in.
    #[cold]
    pub(super) fn enter_segment(&mut self) {
        let Some((segment, end)) = self.window.segment_span(self.cursor) else { return };
        if segment.index != self.segment.file || *self.context.file.file != *segment.file {
            self.definitions.enter_file();
            self.context.file = Arc::new(FileContext {
                file: Arc::clone(&segment.file),
                format: &TrailFormat,
                space: PositionSpace::Trail(segment.seqno),
                encrypted: false,
                charset: self.definitions.charset(),
                header: None,
            });
        }
        self.segment = SegmentCursor {
            file: segment.index,
            base: segment.base,
            number: segment.first_record as i64 - segment.first_frame as i64,
            end,
        };
    }

    /// Begins again at another file, for a seek.
    pub(super) fn restart_at(&mut self, file: usize) {
        let start = Start { file, ..Start::FIRST };
        self.window = ReadWindow::new(Arc::clone(&self.files), self.options.access(), start);
        self.definitions.enter_file();
        self.segment.file = file;
        self.fast_until = 0;
    }

    /// Notes that a transaction begins with a frame, for a seek that passes it.
    pub(super) fn pass_transaction_start(&mut self, index: usize) {
        self.begin_transaction(index);
    }

    /// Notes that a transaction breaks off with a frame.
    #[cold]
    fn note_unfinished(&mut self, last: usize) {
        let at = self.window.place(last).map(|(_, position, _)| position).unwrap_or_default();
        let (csn, xid) = self.context.ids(self.window.data());
        let at_end = self.window.is_at_end() && !self.window.is_closed() && last + 1 >= self.window.frames().len();
        self.unfinished.add(at.into(), csn, xid, at_end);
        self.broken_off = csn.zip(xid).map(|(csn, xid)| (csn.into(), xid.into()));
        self.note(LiveNote::Unfinished { last: at });
    }

    /// Notes whether a transaction that begins with a frame is the one that broke off before it.
    fn note_repeated(&mut self, first: usize) {
        let Some((csn, xid)) = self.broken_off.take() else { return };
        let Some((_, position, _)) = self.window.place(first) else { return };
        if self.context.ids(self.window.data()) == (Some(&*csn), Some(&*xid)) {
            self.unfinished.repeat(position.into());
        }
    }

    /// Notes a record that a follower has to know of. Returns whether it is one.
    fn note_record(&mut self, index: usize, record_type: RecordType) -> bool {
        let position = self.window.place(index).map(|(_, position, _)| position).unwrap_or_default();
        let note = match (record_type, self.definitions.take_changed()) {
            (_, Some(table)) => LiveNote::DefinitionChanged { position, table: table.into() },
            (RecordType::RESTART_ABEND, None) => LiveNote::Restarted { position, rolled_back: true },
            (RecordType::RESTART_OK, None) => LiveNote::Restarted { position, rolled_back: false },
            _ => return false,
        };
        self.note(note);
        true
    }

    #[cold]
    fn error_at(&self, index: usize, kind: ErrorKind, what: &str) -> Error {
        self.locate(index, Error::new(kind, what))
    }

    fn locate(&self, index: usize, error: Error) -> Error {
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
        self.add_skipped(from, to, error);
    }

    fn add_skipped(&mut self, from: TrailPosition, to: TrailPosition, error: Error) {
        let next = Skipped { from: from.into(), to: to.into(), error };
        match self.skipped.last_mut() {
            // Rows of a table whose definition was lost come in runs.
            Some(last) if last.to == next.from && [&*last, &next].iter().all(|range| is_undefined(range)) => last.to = next.to,
            _ => self.skipped.push(next),
        }
    }

    /// Makes more frames ready; `false` at the end of the trail.
    #[cold]
    pub(super) fn advance(&mut self) -> Result<bool> {
        loop {
            self.release();
            if self.transactions.is_waiting() {
                if self.live.as_ref().is_some_and(|live| live.passes) {
                    self.transactions.end_waiting(&mut self.window, false);
                } else if !self.transactions.look_further(&mut self.window)? {
                    self.enter_segment();
                    return Ok(false);
                }
                self.enter_segment();
                if self.cursor < self.transactions.ready() {
                    return Ok(true);
                }
            }
            let had_ended = self.window.is_at_end();
            // A torn tail may have grown, and a last file too; other faults stay.
            let filled = self.window.fill(0);
            self.anchor_ids();
            self.stop_before_later_transactions();
            let filled = match filled {
                // Another file cannot be read. The changes before it come first; the next call tries again.
                Err(error) if error.kind() != ErrorKind::Cancelled && self.live.is_none() => {
                    return match self.transactions.make_whole_ready(&self.window, self.cursor) {
                        true => {
                            self.enter_segment();
                            Ok(true)
                        }
                        false => Err(error),
                    };
                }
                filled => filled?,
            };
            if !filled {
                let passes = self.live.as_ref().is_some_and(|live| live.passes);
                if self.live.is_some() && !passes && self.window.may_grow() {
                    // The window may have moved what is held.
                    self.enter_segment();
                    return Ok(false);
                }
                match self.window.end() {
                    End::Fault(error) if had_ended => {
                        let error = error.clone();
                        if passes && self.cursor < self.window.frames().len() {
                            return Ok(self.give_up_the_rest());
                        }
                        if !self.options.resync && !passes {
                            return Err(if self.live.is_some() { error } else { self.window.settled_error(&error) });
                        }
                        if self.cursor < self.window.frames().len() {
                            // The first half of a pair whose other half is damaged or torn: all there is of it.
                            return Ok(self.make_all_ready());
                        }
                        match self.window.resync()? {
                            Some((from, to)) => self.skip_range(from, to, error),
                            None => return Err(error),
                        }
                        if let Some(live) = &mut self.live {
                            live.passes = false;
                        }
                        continue;
                    }
                    End::Clean if self.cursor >= self.window.frames().len() => return Ok(false),
                    End::Clean if had_ended => {
                        if self.options.resync {
                            return Ok(self.make_all_ready());
                        }
                        let what = "the trail ends between the two records of an update";
                        let error = self.error_at(self.cursor, ErrorKind::Truncated, what);
                        return Err(error.hint("the writer may not be done yet"));
                    }
                    _ => {}
                }
            }
            self.transactions.resolve(&mut self.window, self.cursor)?;
            self.enter_segment();
            if self.cursor < self.transactions.ready() {
                return Ok(true);
            }
        }
    }

    /// Returns whether damage is skipped. A follower skips it once each time that it asks for it.
    fn skips(&mut self) -> bool {
        self.options.resync || self.live.as_mut().is_some_and(|live| std::mem::take(&mut live.passes))
    }

    /// Returns all frames that there are, in a trail that is being written; what was open at the end is given up.
    fn give_up_the_rest(&mut self) -> bool {
        self.transactions.give_up_the_rest(&self.window, self.cursor);
        self.enter_segment();
        true
    }

    /// Returns all frames that there are, whatever might have followed them.
    fn make_all_ready(&mut self) -> bool {
        self.transactions.make_all_ready(&self.window);
        // The window may have moved them.
        self.enter_segment();
        true
    }

    pub(super) fn skip_range(&mut self, from: TrailPosition, to: TrailPosition, error: Error) {
        self.add_skipped(from, to, error);
        // The range may have ended one transaction and begun another.
        self.context.ids.forget();
        self.ids_frame = None;
        self.transactions.skip();
    }

    /// Releases the frames before the cursor.
    pub(super) fn release(&mut self) {
        let dropped = self.cursor;
        if dropped == 0 {
            return;
        }
        match self.ids_frame {
            Some(frame) if frame < dropped => self.keep_ids(),
            Some(frame) => self.ids_frame = Some(frame - dropped),
            None => {}
        }
        self.transactions.drop_frames(dropped);
        self.window.drop_frames(dropped);
        self.cursor = 0;
        self.fast_until = 0;
    }

    /// Keeps the ids of the transaction as texts, apart from the window.
    pub(super) fn keep_ids(&mut self) {
        let frame = self.ids_frame.take().and_then(|index| self.window.frames().get(index));
        if let Some(record) = frame.map(|frame| Record::from_frame(self.window.data(), frame)) {
            let area = record.token_area().unwrap_or_default();
            let (csn, xid) = crate::trail::tokens::transaction_ids(area, record.byte_order());
            self.context.ids.keep(csn, xid);
        }
    }

    /// Follows the record that has the transaction's ids: filling the window may have moved it.
    pub(super) fn anchor_ids(&mut self) {
        let frame = self.ids_frame.and_then(|index| self.window.frames().get(index));
        if let Some(frame) = frame {
            let (at, len) = frame.tail();
            self.context.ids.areas = Some((at, len, frame.order()));
        }
    }

    /// Returns the position after the last change.
    pub(super) fn position(&self) -> TrailPosition {
        match self.window.place(self.cursor) {
            Some((_, position, _)) => position,
            None => self.window.unframed_position(),
        }
    }

    /// Returns where a follower is.
    pub(super) fn live_state(&self) -> LiveState {
        let furthest = self.transactions.furthest(&self.window);
        let is_torn = matches!(furthest.end(), End::Fault(error) if error.needs_more_bytes());
        let pending = match is_torn {
            true => Pending::Record,
            false if self.transactions.is_open() || self.cursor < self.window.frames().len() => Pending::Transaction,
            false => Pending::Nothing,
        };
        LiveState { position: self.position(), end: furthest.unframed_position(), file: furthest.file_index(), pending }
    }

    /// Releases memory that is not needed while the trail does not grow.
    pub(super) fn shrink(&mut self) {
        self.release();
        self.window.shrink();
        self.anchor_ids();
        self.enter_segment();
    }

    pub(super) fn file_header(&self) -> Option<&FileHeader> {
        self.definitions.header().map(|header| &**header)
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &Arc<TableDef>> {
        self.definitions.latest()
    }

    pub(super) fn catalog(&self) -> Option<&Catalog> {
        self.definitions.catalog()
    }

    pub(super) fn filter(&self) -> Option<&ReadFilter> {
        self.filter.as_ref()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn has_filter(&self) -> bool {
        self.filter.is_some()
    }

    pub(super) fn unfinished(&self) -> &UnfinishedTransactions {
        &self.unfinished
    }

    pub(super) fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }
}

fn is_undefined(range: &Skipped) -> bool {
    range.error.kind() == ErrorKind::UndefinedTable
}

impl SegmentCursor {
    #[inline(always)]
    fn rba(&self, at: u64) -> u64 {
        (at as i64).wrapping_sub(self.base) as u64
    }

    #[inline(always)]
    fn record(&self, frame: usize) -> u64 {
        (frame as i64).wrapping_add(self.number) as u64
    }
}

/// Notes a broken invariant, and closes the fast path.
#[cold]
fn fail(failed: &mut Option<Error>, fast_until: &mut usize) -> Error {
    *fast_until = 0;
    failed.insert(Error::internal("a change's table has no definition")).clone()
}
