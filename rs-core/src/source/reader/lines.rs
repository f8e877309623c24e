//! [`LineReader`]: the changes of files of native JSON lines.

use std::sync::Arc;

use crate::change::{Built, Change, ChangeContext, Head, PositionSpace, TransactionIds, values_context};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Counts;
use crate::formats::native_json::{Inferred, Line, Tables};
use crate::position::Position;
use crate::schema::{Catalog, TableDef, TableId};
use crate::source::lines::{LineBuffer, LinePlace};
use crate::source::options::ReadOptions;
use crate::source::reader::filter::ReadFilter;
use crate::source::sequence::TrailFile;
use crate::source::skipped::Skipped;

/// Reads the changes of lines. Each is made in one buffer that is reused for all.
#[derive(Debug)]
pub(super) struct LineReader {
    files: Arc<[TrailFile]>,
    options: ReadOptions,
    lines: LineBuffer,
    tables: Tables,
    filter: Option<ReadFilter>,
    /// The bytes of the change that is lent.
    bytes: Vec<u8>,
    /// The rest of it.
    current: Option<Current>,
    /// CSN and id of the last change, which number the transactions.
    ids: (Option<Box<str>>, Option<Box<str>>),
    serial: u64,
    /// The position to start at, until reading has started.
    start_at: Option<Position>,
    skipped: Vec<Skipped>,
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
            files,
            tables: Tables::new(options.catalog.clone()),
            filter: options.select.as_ref().map(ReadFilter::new),
            bytes: Vec::new(),
            current: None,
            ids: (None, None),
            serial: 0,
            start_at: options.start_at,
            skipped: Vec::new(),
            options,
        };
        if let Some(position) = reader.start_at {
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
            let Some((place, line)) = self.lines.next()? else { return Ok(false) };
            let length = line.len();
            let made = match Line::parse(line) {
                Ok(parsed) => {
                    if self.tables.needs_inference(&parsed) {
                        self.infer()?;
                        continue;
                    }
                    let made = make(&parsed, place, length, &mut self.tables, &mut self.bytes);
                    if made.is_err() && self.filter.as_mut().is_some_and(|filter| filter.rejects_table(&parsed.table)) {
                        self.lines.take(length);
                        continue;
                    }
                    made
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
                    if !self.options.include_non_changes && !built.head.op.is_change() {
                        continue;
                    }
                    self.enter(&built, ids, place, table);
                    return Ok(true);
                }
                Err(error) if self.options.resync && error.kind() != ErrorKind::Internal => {
                    self.lines.take(length);
                    let error = self.locate(error, place);
                    let to = Position::Offset(self.lines.line_offset());
                    self.skipped.push(Skipped { from: Position::Offset(place.offset), to, error });
                }
                Err(error) => return Err(self.locate(error, place)),
            }
        }
    }

    /// Makes a change the current one, with the context that it shares with others.
    fn enter(&mut self, built: &Built, ids: TransactionIds, place: LinePlace, table: (TableId, Arc<TableDef>)) {
        let begins = crate::change::TransactionIndicator::from_byte(built.head.transaction).begins();
        let (csn, xid) = ids.texts();
        if begins || (self.ids.0.as_deref(), self.ids.1.as_deref()) != (csn, xid) {
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
        let context = ChangeContext { file, ids, start: None };
        self.current = Some(Current { head: built.head, context, file: place.file, table });
    }

    /// Reads all lines for the columns of their tables. An error in a line is reported when the line is read as a change.
    #[cold]
    fn infer(&mut self) -> Result<()> {
        let mut lines = LineBuffer::new(Arc::clone(&self.files), self.options.access());
        let mut inferred = Inferred::default();
        while let Some((_, line)) = lines.next()? {
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
            let stated = Line::parse(line).and_then(|line| line.position(place.offset));
            if stated.ok() == Some(position) || position == Position::Offset(place.offset) {
                return Ok(());
            }
            self.lines.take(length);
        }
        if position == Position::Offset(self.lines.line_offset()) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::InvalidPosition, format!("no change is at {position}")))
    }

    fn locate(&self, error: Error, place: LinePlace) -> Error {
        let context = values_context(self.lines.file(place.file), PositionSpace::Bytes);
        context.locate(error, place.offset, place.number)
    }

    /// Returns the offset of the next line.
    pub(super) fn position(&self) -> Position {
        Position::Offset(self.lines.line_offset())
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &Arc<TableDef>> {
        self.tables.definitions()
    }

    pub(super) fn catalog(&self) -> Option<&Catalog> {
        self.tables.catalog()
    }

    pub(super) fn filter_counts(&self) -> Counts {
        self.filter.as_ref().map_or_else(Counts::default, ReadFilter::counts)
    }

    pub(super) fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }
}

/// Encodes the change of a line into a buffer.
fn make(
    line: &Line<'_>,
    place: LinePlace,
    length: usize,
    tables: &mut Tables,
    bytes: &mut Vec<u8>,
) -> Result<(Built, TransactionIds, (TableId, Arc<TableDef>))> {
    let change = line.change(tables, place.offset, place.number, u32::try_from(length).unwrap_or(u32::MAX))?;
    bytes.clear();
    let built = change.encode(bytes)?;
    let (id, table) = change.table();
    Ok((built, change.transaction_ids(0), (id, Arc::clone(table))))
}

#[cold]
fn torn() -> Error {
    Error::new(ErrorKind::Truncated, "the file ends inside a line").hint("the writer may not be done yet")
}
