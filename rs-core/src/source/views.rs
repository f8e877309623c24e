//! [`RecordViews`]: records with what the trail states about them elsewhere: the definition of their table, and their transaction.

use std::borrow::Cow;

use crate::change::Row;
use crate::decode::Fault;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::LogdumpFacts;
use crate::position::{Position, TrailPosition};
use crate::schema::TableDef;
use crate::source::options::ReadOptions;
use crate::source::reader::Definitions;
use crate::source::records::RecordReader;
use crate::source::skipped::Skipped;
use crate::source::trail::Trail;
use crate::text::Charset;
use crate::trail::image::Images;
use crate::trail::{Record, RecordType, TableRef, TrailFormat, tokens};

const CONTINUED: Fault = Fault::unsupported(0, "the row continues in another record");
const ENCRYPTED: Fault = Fault::unsupported(0, "the row is encrypted");

/// A record with its position, the definition of its table, and the ids of its transaction.
#[derive(Clone, Copy, Debug)]
pub struct RecordView<'a> {
    /// Its start.
    pub position: TrailPosition,
    /// Its number in its file; the file header is 0.
    pub number: u64,
    /// Index of its file in the trail.
    pub file: usize,
    /// The record.
    pub record: Record<'a>,
    table: Option<&'a TableDef>,
    ids: (Option<&'a str>, Option<&'a str>),
    charset: Charset,
    encrypted: bool,
    continued: bool,
    cut: bool,
    follows_gap: bool,
}

impl<'a> RecordView<'a> {
    /// Returns the definition of its table; for a definition record, the table that it defines. `None` for a file header and for
    /// markers, if the header is damaged, and if the file has not defined the index that the record refers to.
    #[must_use]
    pub fn table(&self) -> Option<&'a TableDef> {
        self.table
    }

    /// Returns the CSN of its transaction, also if only an earlier record states it; `None` if it is unknown.
    #[must_use]
    pub fn csn(&self) -> Option<&'a str> {
        self.ids.0
    }

    /// Returns the id of its transaction, like [`csn`](Self::csn).
    #[must_use]
    pub fn xid(&self) -> Option<&'a str> {
        self.ids.1
    }

    /// Returns the character set of the database: as the caller states it, or else the file. Names and DDL are in it if they are not
    /// UTF-8.
    #[must_use]
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// Returns whether a range before it was skipped.
    pub(super) fn follows_gap(&self) -> bool {
        self.follows_gap
    }

    /// Returns whether it carries a row, a large object or DDL of a transaction.
    #[must_use]
    pub fn is_in_transaction(&self) -> bool {
        !self.record.is_file_header() && self.record.record_type().belongs_to_transaction()
    }

    /// Returns whether the transaction of the record may have begun before the first record that was read, so that an earlier file
    /// may state its ids.
    #[must_use]
    pub fn lacks_ids(&self) -> bool {
        self.is_in_transaction() && self.cut
    }

    /// Returns the images of the row in the record, before and after. A before/after pair is two records, of which each has one.
    /// Both are `None` for records without rows. Without a definition, the row has numbered columns.
    ///
    /// # Errors
    /// A fault of kind *Corrupt* if the record is damaged, *Unsupported* if its layout is unknown: an encrypted row, or one that
    /// continues in another record.
    pub fn images(&self) -> std::result::Result<(Option<Row<'a>>, Option<Row<'a>>), Fault> {
        if self.record.is_file_header() {
            return Ok((None, None));
        }
        if self.continued {
            return Err(CONTINUED);
        }
        let images = Images::of(&self.record).map_err(|fault| if self.encrypted { ENCRYPTED } else { fault })?;
        let row = |list| Row::new(list, self.table.unwrap_or(TableDef::unknown()), self.record.byte_order());
        let (before, after) = (images.before.map(row), images.after.map(row));
        let readable = |row: &Option<Row<'_>>| row.is_none_or(|row| row.reads_as_image());
        if self.encrypted && !(readable(&before) && readable(&after)) {
            return Err(ENCRYPTED);
        }
        Ok((before, after))
    }

    /// Returns the text of DDL; `None` for other records, and for encrypted text.
    #[must_use]
    pub fn ddl(&self) -> Option<Cow<'a, str>> {
        let is_ddl = !self.record.is_file_header() && self.record.record_type() == RecordType::DDL;
        if is_ddl { TrailFormat::ddl_text(&self.record, self.charset, self.encrypted) } else { None }
    }

    /// Returns the facts that a [`LogdumpFilter`](crate::filter::LogdumpFilter) tests.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::ReadOptions;
    /// use trailcore::filter::LogdumpFilter;
    ///
    /// let filter = LogdumpFilter::parse("FILTER FILENAME BANK.POST*; FILTER RECTYPE Insert")?;
    /// let mut views = trail.record_views(&ReadOptions::new(), None)?;
    /// let mut found = 0;
    /// while let Some(view) = views.next()? {
    ///     found += u32::from(filter.matches(&view.facts()));
    /// }
    /// assert!(found > 0);
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    #[must_use]
    pub fn facts(&self) -> LogdumpFacts<'a> {
        let record = &self.record;
        let name = self.table.map(TableDef::name).filter(|name| !name.is_empty());
        if record.is_file_header() {
            let (rba, data) = (Some(self.position.rba), vec![record.bytes()]);
            return LogdumpFacts { rba, data, ..LogdumpFacts::default() };
        }
        let header = record.header().ok();
        let area = tokens::parse(record.token_area().unwrap_or_default(), record.byte_order());
        LogdumpFacts {
            name: name.map(Cow::Borrowed),
            record_type: Some(record.record_type()),
            syskey: None,
            syskey_len: header.map(|header| header.syskey_len),
            transaction: header.map(|header| header.transaction),
            undo: header.map(|header| header.undo),
            record_length: Some(record.data().len() as u64),
            audit_rba: header.map(|header| header.audit_rba.into()),
            rba: Some(self.position.rba),
            time: header.map(|header| header.time),
            csn: self.csn(),
            xid: self.xid(),
            data: vec![record.data()],
            tokens: area
                .filter_map(std::result::Result::ok)
                .map(|token| (token.label(), token.value().unwrap_or_default()))
                .collect(),
        }
    }
}

/// Reads every record of a trail like [`RecordReader`], and resolves its table and its transaction.
///
/// ```
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
/// let mut views = trail.record_views(&trailcore::ReadOptions::new(), None)?;
/// let mut rows = 0;
/// while let Some(view) = views.next()? {
///     if let (_, Some(after)) = view.images()? {
///         assert!(after.table().name().starts_with("BANK.") && view.csn().is_some());
///         rows += 1;
///     }
/// }
/// assert!(rows > 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RecordViews {
    reader: RecordReader,
    definitions: Definitions,
    from: Option<TrailPosition>,
    /// Index of the first file.
    first: usize,
    /// Index of the file being read.
    file: Option<usize>,
    /// Position after the last record.
    end: TrailPosition,
    ids: Ids,
    /// The last record, if its data continue in the next one.
    continued: Option<Unfinished>,
}

/// A record whose data continue: the facts that the next one has, too.
#[derive(Debug, PartialEq, Eq)]
struct Unfinished {
    record_type: RecordType,
    is_before: bool,
    log_place: Vec<u8>,
    table: Option<Vec<u8>>,
}

impl Unfinished {
    fn of(record: &Record<'_>) -> Self {
        let table = record.table().ok().map(|table| match table {
            TableRef::Index(index) => index.to_be_bytes().to_vec(),
            TableRef::Name(name) => name.to_vec(),
        });
        Self {
            record_type: record.record_type(),
            is_before: record.is_before_image(),
            log_place: record.log_place().to_vec(),
            table,
        }
    }
}

/// The ids of the open transaction.
#[derive(Debug, Default)]
struct Ids {
    csn: Option<String>,
    xid: Option<String>,
    /// The last record of the transaction has been read.
    ended: bool,
    /// No transaction has begun or ended since the first record.
    cut: bool,
}

impl Ids {
    fn clear(&mut self) {
        *self = Self::default();
    }

    fn meet(&mut self, record: &Record<'_>) {
        if std::mem::take(&mut self.ended) {
            self.clear();
        }
        let Ok(header) = record.header() else { return };
        if header.transaction.begins() && record.record_type() != RecordType::LOB {
            let (csn, xid) = tokens::transaction_ids(record.token_area().unwrap_or_default(), record.byte_order());
            (self.csn, self.xid) = (csn.map(str::to_owned), xid.map(str::to_owned));
            self.cut = false;
        }
        self.ended = header.transaction.ends();
    }
}

impl Trail {
    /// Creates a reader of its records, from a position or from the start, with their tables and transactions. The options for
    /// definitions, the character set, mapping, progress and resynchronisation apply; the others are ignored. The file of the
    /// position is read from its start; the ids of a transaction that began in an earlier file are not known.
    ///
    /// # Errors
    /// [`InvalidPosition`](ErrorKind::InvalidPosition) if the position is not in a trail.
    pub fn record_views(&self, options: &ReadOptions, from: Option<Position>) -> Result<RecordViews> {
        let from = match from {
            Some(Position::Trail(position)) => Some(position),
            Some(other) => {
                let what = format!("{other} is not a position in a trail");
                return Err(Error::new(ErrorKind::InvalidPosition, what).hint("write SEQNO:RBA"));
            }
            None => None,
        };
        let first = from.map_or(0, |from| self.file_of(from));
        Ok(RecordViews {
            reader: self.with_files(first..self.files.len()).records(options),
            definitions: Definitions::new(options),
            from,
            first,
            file: None,
            end: TrailPosition::default(),
            ids: Ids { cut: true, ..Ids::default() },
            continued: None,
        })
    }
}

impl RecordViews {
    /// Returns the next record, lent until the next call; `None` at the end of the trail.
    ///
    /// # Errors
    /// The errors of [`RecordReader::next`].
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<RecordView<'_>>> {
        loop {
            let Self { reader, definitions, from, first, file, end, ids, continued } = self;
            definitions.check_memory()?;
            let Some((in_file, placed)) = reader.next_in_file()? else { return Ok(None) };
            let in_file = *first + in_file;
            let record = placed.record;
            let follows_gap = *file == Some(in_file) && placed.position != *end;
            if *file != Some(in_file) {
                definitions.enter_file();
                *file = Some(in_file);
            } else if follows_gap {
                // A skipped range may have had the end of the transaction.
                ids.clear();
                *continued = None;
            }
            *end = TrailPosition::new(placed.position.seqno, placed.position.rba + record.bytes().len() as u64);
            let was_continued = continued.as_ref().is_some_and(|last| last.table.is_some() && *last == Unfinished::of(&record));
            if record.is_file_header() {
                // A damaged header states nothing.
                let _ = definitions.read_file_header(&record);
            } else if record.record_type() == RecordType::METADATA {
                // A definition that is not understood leaves its table undefined.
                let _ = definitions.define(&record);
            } else if record.record_type().belongs_to_transaction() {
                ids.meet(&record);
                let continues = record.is_continued() && record.record_type() != RecordType::LOB;
                *continued = continues.then(|| Unfinished::of(&record));
            }
            if from.is_some_and(|from| placed.position < from) {
                continue;
            }
            return Ok(self.view(was_continued, follows_gap));
        }
    }

    /// Returns the view of the record that was read last.
    fn view(&mut self, was_continued: bool, follows_gap: bool) -> Option<RecordView<'_>> {
        let Self { reader, definitions, file, ids, .. } = self;
        let placed = reader.current()?;
        let record = placed.record;
        let in_transaction = !record.is_file_header() && record.record_type().belongs_to_transaction();
        let number = if record.is_file_header() { None } else { definitions.of_record(&record).ok() };
        let table = number.and_then(|number| definitions.table(number)).map(|table| &**table);
        Some(RecordView {
            position: placed.position,
            number: placed.number,
            file: file.unwrap_or(0),
            record,
            table: table.filter(|table| !table.name().is_empty()),
            ids: if in_transaction { (ids.csn.as_deref(), ids.xid.as_deref()) } else { (None, None) },
            charset: definitions.charset(),
            encrypted: definitions.encrypted(),
            continued: in_transaction && (was_continued || record.is_continued()),
            cut: ids.cut,
            follows_gap,
        })
    }

    /// Returns the position after the last record.
    #[must_use]
    pub fn position(&self) -> TrailPosition {
        self.reader.position()
    }

    /// Returns the ranges that were skipped so far. Empty without [`resync`](ReadOptions::resync).
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        self.reader.skipped()
    }
}

impl TableDef {
    /// Returns a definition for records whose table is not known.
    fn unknown() -> &'static Self {
        static UNKNOWN: std::sync::OnceLock<TableDef> = std::sync::OnceLock::new();
        UNKNOWN.get_or_init(|| Self::undefined(""))
    }
}
