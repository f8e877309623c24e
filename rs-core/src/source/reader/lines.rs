//! [`LineReader`]: the changes of files of native JSON lines.

use std::sync::Arc;

use crate::change::{Built, Change, ChangeContext, Head, PositionSpace, TransactionIds, values_context};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::native_json::{Inferred, Line, Tables, Unmade};
use crate::position::Position;
use crate::schema::{Catalog, TableDef, TableId};
use crate::source::lines::{LineBuffer, LinePlace};
use crate::source::options::ReadOptions;
use crate::source::reader::filter::ReadFilter;
use crate::source::sequence::TrailFile;
use crate::source::skipped::Skipped;
use crate::source::trail::Trail;
use crate::source::unfinished::UnfinishedTransactions;

/// Reads the changes of lines. Each is made in one buffer that is reused for all.
#[derive(Debug)]
pub(super) struct LineReader {
    files: Arc<[TrailFile]>,
    options: ReadOptions,
    lines: LineBuffer,
    tables: Tables,
    /// Bytes of the files when their lines were read for the columns of their tables.
    inferred_from: u64,
    filter: Option<ReadFilter>,
    /// The bytes of the change that is lent.
    bytes: Vec<u8>,
    /// The rest of it.
    current: Option<Current>,
    /// CSN and id of the last change, which number the transactions.
    ids: (Option<Box<str>>, Option<Box<str>>),
    serial: u64,
    skipped: Vec<Skipped>,
    pub(super) unfinished: UnfinishedTransactions,
    /// The last line is the last change of a transaction that breaks off.
    is_broken_off: bool,
    /// The last call met the end of the lines.
    ended: bool,
}

/// The change that is lent, without its bytes.
#[derive(Debug)]
struct Current {
    head: Head,
    context: ChangeContext,
    /// Index of the file of `context`.
    file: usize,
    table: (TableId, Arc<TableDef>),
}

impl Current {
    #[inline(always)]
    fn change<'a>(&'a self, bytes: &'a [u8]) -> Change<'a> {
        Change::new(bytes, &self.head, &self.context, (self.table.0, &self.table.1))
    }
}

impl LineReader {
    pub(super) fn new(files: Arc<[TrailFile]>, options: ReadOptions) -> Result<Self> {
        let mut reader = Self {
            lines: LineBuffer::new(Arc::clone(&files), options.access()),
            files: Arc::clone(&files),
            tables: Tables::new(options.catalog.clone()),
            inferred_from: 0,
            filter: options
                .select
                .as_ref()
                .map(|select| ReadFilter::new(select, Trail { files: Arc::clone(&files), held: None }, &options)),
            bytes: Vec::new(),
            current: None,
            ids: (None, None),
            serial: 0,
            skipped: Vec::new(),
            unfinished: UnfinishedTransactions::default(),
            is_broken_off: false,
            ended: false,
            options,
        };
        reader.options.refuse_transactions("JSON lines")?;
        if let Some(position) = reader.options.start_at {
            reader.seek(position)?;
        }
        Ok(reader)
    }

    /// Goes to the next change that is wanted; `false` at the end. See [`Reader::next`](crate::Reader::next).
    pub(super) fn advance(&mut self) -> Result<bool> {
        while self.make_next()? {
            let Self { filter: Some(filter), bytes, current: Some(current), .. } = self else { return Ok(true) };
            if filter.wants(&current.change(bytes))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the change that [`advance`](Self::advance) went to.
    #[inline(always)]
    pub(super) fn change(&self) -> Option<Change<'_>> {
        self.current.as_ref().map(|current| current.change(&self.bytes))
    }

    /// Makes the change of the next line that has one; `false` at the end.
    fn make_next(&mut self) -> Result<bool> {
        loop {
            let next = self.lines.next()?;
            self.ended = next.is_none();
            let Some((place, line)) = next else { return Ok(false) };
            let length = line.len();
            let made = match Line::parse(line) {
                Ok(parsed) => {
                    if !parsed.is_ddl() && self.filter.as_mut().is_some_and(|filter| filter.rejects_table(&parsed.table)) {
                        self.lines.take(length);
                        continue;
                    }
                    if self.tables.needs_inference(&parsed) {
                        self.infer()?;
                        continue;
                    }
                    match make(&parsed, place, length, &mut self.tables, &mut self.bytes) {
                        // The lines that were inferred from may be fewer than there are now.
                        Err(Unmade::Definition(error)) => match self.has_grown()? {
                            true => {
                                self.infer()?;
                                continue;
                            }
                            false => Err(error),
                        },
                        Err(Unmade::Line(error)) => Err(error),
                        Ok(made) => Ok(made),
                    }
                }
                Err(error) if error.kind() == ErrorKind::Truncated => match place.may_grow {
                    true => return Err(self.locate(torn(), place)),
                    false => Err(Error::new(ErrorKind::Json, error.what())),
                },
                Err(error) => Err(error),
            };
            match made {
                Ok((built, ids, table)) => {
                    self.lines.take(length);
                    if !self.options.include_non_changes && !built.head.facts.op().is_change() {
                        continue;
                    }
                    self.enter(&built, ids, place, table);
                    return Ok(true);
                }
                Err(error) if self.options.resync && error.kind() != ErrorKind::Internal => {
                    self.lines.take(length);
                    let error = self.locate(error, place);
                    let (from, to) = (Position::Offset(place.before + place.offset), self.lines.position());
                    self.skipped.push(Skipped { from, to, error });
                }
                Err(error) => return Err(self.locate(error, place)),
            }
        }
    }

    /// Makes a change the current one, with the context that it shares with others.
    fn enter(&mut self, built: &Built, ids: TransactionIds, place: LinePlace, table: (TableId, Arc<TableDef>)) {
        let begins = crate::change::TransactionIndicator::from_byte(built.head.facts.transaction()).begins();
        let (csn, xid) = ids.texts();
        let is_other = (self.ids.0.as_deref(), self.ids.1.as_deref()) != (csn, xid);
        let was_broken_off = std::mem::replace(&mut self.is_broken_off, built.head.facts.unfinished());
        if begins && was_broken_off && !is_other && csn.is_some() && xid.is_some() {
            self.unfinished.repeat(built.space.at(built.head.offset));
        }
        if begins || is_other {
            self.serial += 1;
            self.ids = (csn.map(Into::into), xid.map(Into::into));
        }
        let ids = ids.numbered(self.serial);
        let file = match &self.current {
            Some(Current { file, context, .. }) if *file == place.file && context.file.space == built.space => {
                Arc::clone(&context.file)
            }
            _ => Arc::new(values_context(self.lines.file(place.file), built.space)),
        };
        self.unfinished.go_on();
        if built.head.facts.unfinished() {
            let (csn, xid) = ids.texts();
            self.unfinished.add(built.space.at(built.head.offset), csn, xid, true);
        }
        let context = ChangeContext { file, ids, start: None };
        self.current = Some(Current { head: built.head, context, file: place.file, table });
    }

    /// Returns whether the files have grown since the lines were read for the columns of their tables.
    #[cold]
    fn has_grown(&self) -> Result<bool> {
        Ok(self.files.iter().map(TrailFile::size).sum::<Result<u64>>()? > self.inferred_from)
    }

    /// Reads all lines for the columns of their tables. An error in a line is reported when the line is read as a change.
    #[cold]
    fn infer(&mut self) -> Result<()> {
        self.inferred_from = self.files.iter().map(TrailFile::size).sum::<Result<u64>>()?;
        let mut lines = LineBuffer::new(Arc::clone(&self.files), self.options.access());
        let mut inferred = Inferred::default();
        loop {
            let line = match lines.next() {
                Ok(Some((_, line))) => line,
                Ok(None) => break,
                // The lines before it can be read.
                Err(error) if error.kind().is_damage() => break,
                Err(error) => return Err(error),
            };
            let length = line.len();
            if let Ok(line) = Line::parse(line) {
                inferred.see(&line);
            }
            lines.take(length);
        }
        self.tables.infer(inferred);
        Ok(())
    }

    /// Goes to the line of a position: the position of its change, or its offset.
    fn seek(&mut self, position: Position) -> Result<()> {
        while let Some((place, line)) = self.lines.next()? {
            let length = line.len();
            let stated = Line::parse(line).and_then(|line| line.stated_position()).ok().flatten();
            if stated == Some(position) || position == Position::Offset(place.before + place.offset) {
                return Ok(());
            }
            self.lines.take(length);
        }
        if position == self.lines.position() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::InvalidPosition, format!("no change is at {position}")))
    }

    fn locate(&self, error: Error, place: LinePlace) -> Error {
        let context = values_context(self.lines.file(place.file), PositionSpace::Bytes(0));
        context.locate(error, place.offset, place.number)
    }

    /// Returns the offset of the next line.
    pub(super) fn position(&self) -> Position {
        self.lines.position()
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &Arc<TableDef>> {
        self.tables.definitions()
    }

    pub(super) fn catalog(&self) -> Option<&Catalog> {
        self.tables.catalog()
    }

    pub(super) fn filter(&self) -> Option<&ReadFilter> {
        self.filter.as_ref()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn unfinished(&self) -> &UnfinishedTransactions {
        &self.unfinished
    }

    pub(super) fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }
}

/// The change of a line, without its bytes.
type Made = (Built, TransactionIds, (TableId, Arc<TableDef>));

/// Encodes the change of a line into a buffer.
fn make(
    line: &Line<'_>,
    place: LinePlace,
    length: usize,
    tables: &mut Tables,
    bytes: &mut Vec<u8>,
) -> std::result::Result<Made, Unmade> {
    let change = line.change(tables, place.offset, place.number, u32::try_from(length).unwrap_or(u32::MAX))?;
    bytes.clear();
    let mut built = change.encode(bytes)?;
    if line.stated_position()?.is_none() {
        built.space = PositionSpace::Bytes(place.before);
    }
    let (id, table) = change.table();
    Ok((built, change.transaction_ids(0), (id, Arc::clone(table))))
}

#[cold]
fn torn() -> Error {
    Error::new(ErrorKind::Truncated, "the file ends inside a line").hint("the writer may not be done yet")
}
