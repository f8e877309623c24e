//! The reader of changes: records in, changes out, in the trail's order.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::change::{Change, Op, Origin, OwnedChange, TransactionIds, Unit, View};
use crate::error::{Error, ErrorKind, Result};
use crate::position::Position;
use crate::schema::TableDef;
use crate::source::ReadOptions;
use crate::source::sequence::TrailFile;
use crate::source::window::{End, Start, Window};
use crate::text::Charset;
use crate::trail::metadata::{DatabaseRecord, MetadataKind, TableRecord};
use crate::trail::tokens;
use crate::trail::{Encryption, FileHeader, Frame, Record, RecordType, TableRef};

/// A transaction that is not at its end after this many bytes is not held in memory: the trail is looked through ahead
/// of it for its end instead.
const HOLD_AT_MOST: usize = 1 << 20;

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
/// it again in full (spec section 12.5). Where the trail ends in the midst of a transaction, what is there of it is handed
/// out.
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
    view: View,
    /// The slot of the current change's table.
    slot: u32,
    /// Where the before record stands of a pair that a file's end parts, once it has been moved to its after record.
    parted_pair: Option<Position>,
    here: Here,
    file: FileState,
    tables: Tables,
    skipped: Vec<Skipped>,
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
    TakenBack,
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

const NO_SLOT: u32 = u32::MAX;

/// What the file being read has told so far.
#[derive(Debug)]
struct FileState {
    index: usize,
    header: Option<Arc<FileHeader>>,
    charset: Charset,
    /// Table slots by definition index; [`NO_SLOT`] where none is given.
    definitions: Vec<u32>,
    /// The highest index given so far: a reference takes the next one.
    last_definition: usize,
}

impl FileState {
    fn new(index: usize) -> Self {
        Self { index, header: None, charset: Charset::UNSTATED, definitions: Vec::new(), last_definition: 0 }
    }
}

/// The tables met so far. A slot is one version of one table's definition.
#[derive(Debug, Default)]
struct Tables {
    slots: Vec<Arc<TableDef>>,
    /// The slot of each table's latest version.
    latest: HashMap<Box<str>, u32>,
    /// Slots of tables named in record headers, by the name's bytes.
    by_bytes: HashMap<Box<[u8]>, u32>,
    /// The slot of the last name that was looked up, and that name.
    last: Option<(Box<[u8]>, u32)>,
}

impl Tables {
    /// The slot of a definition: that of an equal one, so that a table keeps its definition from file to file.
    fn slot(&mut self, table: TableDef) -> u32 {
        if let Some(&slot) = self.latest.get(table.name()) {
            if self.slots.get(slot as usize).is_some_and(|known| **known == table) {
                return slot;
            }
        }
        let slot = self.slots.len() as u32;
        self.latest.insert(table.name().into(), slot);
        self.slots.push(table.shared());
        slot
    }

    /// The slot of a table that is named in a record header, of a file in this character set.
    fn named(&mut self, name: &[u8], options: &ReadOptions, charset: Charset) -> u32 {
        if let Some((last, slot)) = &self.last {
            if **last == *name {
                return *slot;
            }
        }
        let slot = match self.by_bytes.get(name) {
            Some(&slot) => slot,
            None => {
                let text = charset.decode_name(name);
                let slot = self.slot(from_catalog(&text, options, charset).unwrap_or_else(|| TableDef::undefined(text)));
                self.by_bytes.insert(name.into(), slot);
                slot
            }
        };
        match &mut self.last {
            Some((last, last_slot)) if last.len() == name.len() => {
                last.copy_from_slice(name);
                *last_slot = slot;
            }
            other => *other = Some((name.into(), slot)),
        }
        slot
    }
}

/// A table's definition from the catalog, in the character set that the options say, or else that of the file where the
/// definition has none.
fn from_catalog(name: &str, options: &ReadOptions, charset: Charset) -> Option<TableDef> {
    let table = options.catalog.as_ref()?.table(name)?.renamed(name);
    Some(match options.charset {
        Some(charset) => table.in_database_charset(charset, false),
        None => table.in_database_charset(charset, true),
    })
}

/// What a step has come to.
enum Step {
    /// Nothing to hand out.
    On,
    /// A change, which is the current one now.
    Unit,
    /// The end of the trail.
    End,
}

impl Reader {
    pub(crate) fn new(files: Arc<[TrailFile]>, options: ReadOptions) -> Result<Self> {
        let from = options.from;
        let mut reader = Self {
            window: Window::new(Arc::clone(&files), options.mapped, Start::FIRST),
            files,
            options,
            cursor: 0,
            ready: 0,
            resolved: 0,
            open: OpenTransaction::None,
            view: View {
                unit: Unit::default(),
                origin: Origin { file: Path::new("").into(), seqno: 0, encrypted: false, charset: Charset::UNSTATED },
                ids: TransactionIds::with_room(),
                joined: Vec::new(),
                pair_start: Position::default(),
            },
            slot: NO_SLOT,
            parted_pair: None,
            here: Here { base: 0, number: 0, end: 0 },
            file: FileState::new(0),
            tables: Tables::default(),
            skipped: Vec::new(),
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
    /// - [`ErrorKind::Io`].
    #[allow(clippy::should_implement_trait)]
    #[inline(always)]
    pub fn next(&mut self) -> Result<Option<Change<'_>>> {
        while !self.next_row() {
            match self.next_unusual()? {
                Step::On => {}
                Step::Unit => break,
                Step::End => return Ok(None),
            }
        }
        let table = self.tables.slots.get(self.slot as usize);
        Ok(table.map(|table| Change::new(self.window.data(), &self.window.frames, &self.view, table)))
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
        self.tables.latest.values().filter_map(|&slot| self.tables.slots.get(slot as usize))
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

    /// The way of nearly all records: a row that is a change by itself, of a table defined in the file. `false` for what
    /// is not so simple.
    #[inline(always)]
    fn next_row(&mut self) -> bool {
        let first = self.cursor;
        if first >= self.ready || first >= self.here.end {
            return false;
        }
        let [frame, next, ..] = self.window.frames.get(first..).unwrap_or_default() else { return false };
        let slot = self.file.definitions.get(usize::from(frame.table)).copied().unwrap_or(NO_SLOT);
        let usual = frame.is_plain_row() && frame.has_tdr_index() && slot != NO_SLOT && !next.may_follow();
        if !usual {
            return false;
        }
        if frame.begins_and_ends().0 {
            self.view.ids.frame = Some(first);
        }
        let at = frame.at;
        self.slot = slot;
        self.set_unit(first, first, first + 1, at, true);
        true
    }

    /// Makes these frames the current change, and moves on behind them.
    #[inline(always)]
    fn set_unit(&mut self, first: usize, main: usize, end: usize, at: u64, in_transaction: bool) {
        self.cursor = end;
        self.view.unit = Unit {
            first,
            end,
            rba: (at as i64).wrapping_sub(self.here.base) as u64,
            record: (main as i64).wrapping_add(self.here.number) as u64,
            paired: main != first,
            in_transaction,
            continuations: 0,
        };
    }

    /// One step that is not the usual one: more frames, another file, a definition, a marker, a pair, a table by name.
    #[inline(never)]
    fn next_unusual(&mut self) -> Result<Step> {
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
            self.view.ids.frame = Some(first);
        }
        if main >= self.ready && !self.window.is_at_end() {
            // Moved together over a file's end: what belongs to the second half may not be here yet.
            self.advance()?;
            return Ok(Step::On);
        }
        // The file's start comes first, and leaves it.
        let parted_pair = if is_before_half(&frame) { self.parted_pair.take() } else { None };
        if (frame.is_taken_back() && in_transaction) || !(op.is_change() || self.options.all) {
            self.cursor = end;
            return Ok(Step::On);
        }
        self.slot = match self.table_slot(main) {
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
            let start = parted_pair.or_else(|| self.window.place(first).map(|(_, position, _)| position));
            self.view.pair_start = start.unwrap_or_default();
        }
        self.set_unit(first, main, end, at, in_transaction);
        self.join_continuations(main, end);
        Ok(Step::Unit)
    }

    /// Takes in the segment that the cursor is in.
    #[cold]
    fn enter_segment(&mut self) {
        let Some((segment, end)) = self.window.segment_span(self.cursor) else { return };
        if segment.index != self.file.index || *self.view.origin.file != *segment.file {
            self.file = FileState::new(segment.index);
            self.view.origin =
                Origin { file: Arc::clone(&segment.file), seqno: segment.seqno, encrypted: false, charset: self.charset() };
        }
        self.here.base = segment.base;
        self.here.number = segment.first_record as i64 - segment.first_frame as i64;
        self.here.end = end;
    }

    /// The frames that belong to the one at `first`: its other half, and fragments.
    fn unit_end(&self, first: usize, frame: &Frame) -> (usize, usize) {
        let mut main = first;
        if is_before_half(frame) && (self.parted_pair.is_some() || self.is_pair(first)) {
            main = first + 1;
        }
        let mut end = self.continuations_end(main);
        while self.window.frames.get(end).is_some_and(|frame| frame.record_type == RecordType::LOB) {
            end += 1;
        }
        (main, end)
    }

    /// Behind the last of the records that go on with the data of the one at `main`: of the same type and table and from the
    /// same place in the log, each but the last marked as continued.
    fn continuations_end(&self, main: usize) -> usize {
        let mut end = main + 1;
        while let (Some(last), Some(next)) = (self.window.record(end - 1), self.window.record(end)) {
            let goes_on = last.is_continued()
                && last.record_type() != RecordType::LOB
                && next.record_type() == last.record_type()
                && next.is_before_image() == last.is_before_image()
                && next.log_place() == last.log_place()
                && matches!((last.table(), next.table()), (Ok(a), Ok(b)) if a == b);
            if !goes_on {
                break;
            }
            end += 1;
        }
        end
    }

    /// Puts the data of a continued record together. Kept in one buffer for all changes.
    fn join_continuations(&mut self, main: usize, end: usize) {
        let parts = self.continuations_end(main).min(end);
        self.view.joined.clear();
        if parts == main + 1 {
            return;
        }
        self.view.unit.continuations = parts - main - 1;
        for index in main..parts {
            if let Some(record) = self.window.frames.get(index).map(|frame| Record::from_frame(self.window.data(), frame)) {
                self.view.joined.extend_from_slice(record.data());
            }
        }
    }

    /// Whether the unit goes on behind a file's end, with the other half of a pair or with fragments. The frames are then
    /// moved together: a pair is the next file's, as its after record is, and fragments come to their row. Also `true` where
    /// more had to be read to tell: the step begins anew.
    #[cold]
    fn joins_over_file_start(&mut self, first: usize, end: usize) -> Result<bool> {
        let frames = &self.window.frames;
        if !frames.get(end).is_some_and(Frame::is_file_header) {
            return Ok(false);
        }
        let run = |from: usize, test: fn(&Frame) -> bool| {
            from + frames.get(from..).unwrap_or_default().iter().take_while(|frame| test(frame)).count()
        };
        let next = run(end, |frame| frame.is_file_header() || frame.record_type == RecordType::METADATA);
        let fragments = run(next, |frame| frame.record_type == RecordType::LOB);
        if fragments.max(next + 1) >= frames.len() && !self.window.is_at_end() {
            // What follows the file's start, or what follows that, is not here yet. Frames have other numbers afterwards.
            self.advance()?;
            return Ok(true);
        }
        if fragments > next {
            self.window.exchange(end, next, fragments);
            self.here.end = end + fragments - next;
            return Ok(true);
        }
        let is_pair = end == first + 1
            && frames.get(first).is_some_and(is_before_half)
            && next < frames.len()
            && self.are_pair(first, next);
        if is_pair {
            self.parted_pair = self.window.place(first).map(|(_, position, _)| position);
            self.window.exchange(first, end, next);
            self.here.end = first;
        }
        Ok(is_pair)
    }

    /// Whether a before record and the one behind it are one update: the same table, from the same place in the log
    /// (spec section 4, SEEN).
    #[cold]
    fn is_pair(&self, first: usize) -> bool {
        let tables =
            (self.window.record(first).map(|record| record.table()), self.window.record(first + 1).map(|record| record.table()));
        matches!(tables, (Some(Ok(before)), Some(Ok(after))) if before == after) && self.are_pair(first, first + 1)
    }

    /// The same of two records that may be in two files, whose table indexes do not compare.
    fn are_pair(&self, before: usize, after: usize) -> bool {
        let (Some(before), Some(after)) = (self.window.record(before), self.window.record(after)) else { return false };
        after.record_type() == RecordType::FIELD_COMP
            && !after.is_before_image()
            && before.byte_order() == after.byte_order()
            && before.log_place() == after.log_place()
    }

    /// The slot of a record's table.
    fn table_slot(&mut self, index: usize) -> Result<u32> {
        let Some(record) = self.window.record(index) else { return Ok(NO_SLOT) };
        match record.table() {
            Ok(TableRef::Name(name)) if record.record_type() == RecordType::METADATA => {
                // A definition that has just been taken in, or an unnamed one.
                let text = self.file.charset.decode_name(name);
                let latest = self.tables.latest.get(&*text).copied();
                Ok(latest.unwrap_or_else(|| self.tables.named(name, &self.options, self.file.charset)))
            }
            Ok(TableRef::Name(name)) => Ok(self.tables.named(name, &self.options, self.file.charset)),
            Ok(TableRef::Index(number)) => match self.file.definitions.get(usize::from(number)) {
                Some(&slot) if slot != NO_SLOT => Ok(slot),
                _ => {
                    let what = format!("a row refers to table definition {number}, which the file has not given");
                    Err(self
                        .error_at(index, ErrorKind::UndefinedTable, &what)
                        .hint("read the file from its start, or restore it"))
                }
            },
            Err(fault) => Err(self.error_at(index, ErrorKind::Corrupt, fault.what)),
        }
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

    #[cold]
    fn read_file_header(&mut self, index: usize) -> Result<()> {
        let Some(record) = self.window.record(index) else { return Ok(()) };
        let header = match FileHeader::parse(&record) {
            Ok(header) => header,
            Err(fault) => {
                let error = self.error_at(index, ErrorKind::NotATrail, fault.what).at_offset(fault.offset as u64);
                if self.options.resync {
                    self.note_skipped(index, index + 1, error);
                    return Ok(());
                }
                return Err(error);
            }
        };
        self.view.origin.encrypted = header.encryption() == Encryption::KeyPresent;
        // The definition record says it too, and then counts.
        self.file.charset = header.database_charset().value().unwrap_or(Charset::UNSTATED);
        self.file.header = Some(Arc::new(header));
        self.view.origin.charset = self.charset();
        Ok(())
    }

    /// The database's character set: what the caller says, or else the file.
    fn charset(&self) -> Charset {
        self.options.charset.unwrap_or(self.file.charset)
    }

    /// Takes in a metadata record. One that is not understood leaves its table undefined; its bytes stay readable.
    #[cold]
    fn define(&mut self, index: usize) -> Result<()> {
        let Some(record) = self.window.record(index) else { return Ok(()) };
        let order = record.byte_order();
        let header = match record.header() {
            Ok(header) => header,
            Err(fault) => return Err(self.error_at(index, ErrorKind::Corrupt, fault.what)),
        };
        let (_, number) = header.metadata_indexes(order);
        let name = match header.table {
            TableRef::Name(name) => self.charset().decode_name(name).into_owned(),
            TableRef::Index(_) => String::new(),
        };
        match MetadataKind::from_orig_node(record.orig_node()) {
            MetadataKind::Database => {
                if let Ok(database) = DatabaseRecord::parse(record.data(), order) {
                    self.file.charset = Charset::from_id(database.charset as i32);
                    self.view.origin.charset = self.charset();
                }
            }
            MetadataKind::Table => {
                let database = self.charset();
                let table = match TableRecord::parse(record.data(), order) {
                    Ok(table) => TableDef::from_record(&name, &table, database),
                    Err(_) => from_catalog(&name, &self.options, self.file.charset).unwrap_or_else(|| TableDef::undefined(name)),
                };
                self.give_definition(usize::from(number), table);
            }
            MetadataKind::Reference => {
                let earlier = self.file.definitions.get(usize::from(number)).copied().unwrap_or(NO_SLOT);
                let table = match self.tables.slots.get(earlier as usize) {
                    Some(table) => table.renamed(&name),
                    None => TableDef::undefined(name),
                };
                self.give_definition(self.file.last_definition + 1, table);
            }
            MetadataKind::Unknown(_) => {}
        }
        Ok(())
    }

    fn give_definition(&mut self, number: usize, table: TableDef) {
        let slot = self.tables.slot(table);
        if self.file.definitions.len() <= number {
            self.file.definitions.resize(number + 1, NO_SLOT);
        }
        if let Some(entry) = self.file.definitions.get_mut(number) {
            *entry = slot;
        }
        self.file.last_definition = self.file.last_definition.max(number);
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
                            self.ready = self.window.frames.len();
                            return Ok(true);
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
                            self.ready = self.window.frames.len();
                            return Ok(true);
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

    fn pass_over(&mut self, from: Position, to: Position, error: Error) {
        self.skip(Skipped { from, to, error });
        // What was passed over may have ended one transaction and begun another.
        self.view.ids.keep(None, None);
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

    /// Looks at new frames: where transactions start and end, which are taken back, and how far nothing is open.
    fn resolve(&mut self) -> Result<()> {
        if self.window.plain && !matches!(self.open, OpenTransaction::TakenBack) {
            self.resolve_rows();
        } else {
            self.resolve_all();
        }
        self.resolved = self.window.frames.len();
        self.ready = match self.open {
            _ if self.window.is_at_end() => self.window.frames.len() - usize::from(self.ends_in_torn_pair()),
            OpenTransaction::From(start) => start.min(self.last_unit()),
            _ => self.last_unit(),
        };
        if let OpenTransaction::From(start) = self.open {
            let held = start <= self.cursor && self.window.pending_bytes(start) > HOLD_AT_MOST;
            if held && !self.window.is_at_end() {
                self.decide_ahead(start)?;
            }
        }
        Ok(())
    }

    /// Whether the frames end with the first half of a pair whose other half is not all there yet. A before record that
    /// ends its transaction has no other half.
    fn ends_in_torn_pair(&self) -> bool {
        let may_grow = match self.window.end() {
            End::Fault(error) => error.needs_more_bytes(),
            End::Clean => true,
            End::Open => false,
        };
        may_grow && self.window.frames.last().is_some_and(|frame| is_before_half(frame) && !frame.transaction().ends())
    }

    /// New frames that are rows alone: what is open is told by the last of them that begins or ends a transaction.
    fn resolve_rows(&mut self) {
        let new = self.window.frames.get(self.resolved..).unwrap_or_default();
        for (index, frame) in new.iter().enumerate().rev() {
            let (begins, ends) = frame.begins_and_ends();
            if begins || ends {
                self.open = if ends { OpenTransaction::None } else { OpenTransaction::From(self.resolved + index) };
                return;
            }
        }
        // Rows from the midst of a transaction whose start was not read.
        if self.open == OpenTransaction::None && new.iter().any(Frame::is_in_the_midst) {
            self.open = OpenTransaction::From(self.resolved);
        }
    }

    /// New frames of all kinds, markers among them.
    fn resolve_all(&mut self) {
        for index in self.resolved..self.window.frames.len() {
            let Some(frame) = self.window.frames.get_mut(index) else { break };
            if frame.is_file_header() {
                continue;
            }
            if !frame.record_type.belongs_to_transaction() {
                if frame.record_type == RecordType::RESTART_ABEND {
                    if let OpenTransaction::From(start) = self.open {
                        self.window.frames.iter_mut().take(index).skip(start).for_each(Frame::take_back);
                    }
                    self.open = OpenTransaction::None;
                }
                continue;
            }
            let (begins, ends) = frame.begins_and_ends();
            let unread_start = self.open == OpenTransaction::None && frame.is_in_the_midst();
            if (begins && frame.record_type != RecordType::LOB) || unread_start {
                self.open = OpenTransaction::From(index);
            }
            if self.open == OpenTransaction::TakenBack {
                frame.take_back();
            }
            if ends {
                self.open = OpenTransaction::None;
            }
        }
    }

    /// The start of the last unit in the window: what comes next may belong to it.
    fn last_unit(&self) -> usize {
        let frames = &self.window.frames;
        let mut last = frames.len().saturating_sub(1);
        // What a file's start parts may still belong together.
        let is_start = |frame: &Frame| frame.is_file_header() || frame.record_type == RecordType::METADATA;
        while last > 0 && frames.get(last).is_some_and(is_start) {
            last -= 1;
        }
        if frames.get(last).is_some_and(is_start) {
            // Definitions alone: nothing before them waits for what follows.
            return frames.len().saturating_sub(1);
        }
        while last > 0 && frames.get(last).is_some_and(|frame| frame.record_type == RecordType::LOB) {
            last -= 1;
        }
        while last > 0 && self.window.record(last - 1).is_some_and(|record| !record.is_file_header() && record.is_continued()) {
            last -= 1;
        }
        if last > 0 && frames.get(last - 1).is_some_and(is_before_half) {
            last -= 1;
        }
        last
    }

    /// The open transaction is too long to be held: looks through the trail ahead of the window for its end or its
    /// RestartAbend, with a window of its own.
    #[cold]
    fn decide_ahead(&mut self, start: usize) -> Result<()> {
        let mut ahead = Window::new(Arc::clone(&self.files), self.options.mapped, self.window.unframed_start());
        let taken_back = 'search: loop {
            let keep = ahead.frames.len();
            if !ahead.fill(keep)? {
                // The trail, or what is readable of it, ends first: what is there is handed out.
                break false;
            }
            for frame in &ahead.frames {
                let record_type = frame.record_type;
                if record_type == RecordType::RESTART_ABEND {
                    break 'search true;
                }
                let indicator = frame.transaction();
                let other_begins = indicator.begins() && record_type != RecordType::LOB;
                if record_type.belongs_to_transaction() && !frame.is_file_header() && (indicator.ends() || other_begins) {
                    break 'search false;
                }
            }
        };
        if taken_back {
            self.window.frames.iter_mut().skip(start).for_each(Frame::take_back);
            self.open = OpenTransaction::TakenBack;
        } else {
            self.open = OpenTransaction::Kept;
        }
        self.ready = self.last_unit();
        Ok(())
    }

    /// Goes to a position: the file is read from its start to it, for its definitions, for the ids of the transaction
    /// that the position lies in, and since only so it is known to start a record.
    fn seek(&mut self, position: Position) -> Result<()> {
        let file = self.files.iter().position(|file| file.seqno.is_none_or(|seqno| seqno >= position.seqno));
        let Some(index) = file else { return Err(beyond_the_end(position)) };
        self.window = Window::new(Arc::clone(&self.files), self.options.mapped, Start { file: index, ..Start::FIRST });
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

    fn arrived_at_the_end(&mut self, position: Position) -> Result<()> {
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

/// Whether a record may be the first half of a pair.
fn is_before_half(frame: &Frame) -> bool {
    frame.record_type == RecordType::FIELD_COMP && frame.is_before()
}

fn beyond_the_end(position: Position) -> Error {
    Error::new(ErrorKind::InvalidPosition, format!("{position} lies beyond the end of the trail"))
}
