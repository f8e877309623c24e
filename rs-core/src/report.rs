//! Reports: what is known about a trail, as documents.
//!
//! Each is a struct that serialises to JSON, the same on the command line (`--json`) and in every language. `docs/schema/` has
//! their JSON Schemas, made from these structs. A number is a number, a position or time is text, and an unknown value is `null`.

mod record;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use self::record::{FieldValue, HeaderReport, ImageReport, RecordDetail, RecordReport, TokenReport};
use crate::change::Op;
use crate::decode::ByteOrder;
use crate::error::{Error, ErrorKind, Result};
use crate::position::Position;
use crate::schema::{Kind, TableDef};
use crate::source::{CheckIssue, CheckIssueKind, ReadOptions, Skipped, Trail, TrailFile};
pub use crate::source::{Notice, NoticeKind, ReadReport, SkippedReport, UndecidedReport, UnfinishedReport};
use crate::time::Timestamp;
use crate::trail::{Field, FileHeader, Record};
use serde::Serialize;

/// `info`: the headers of the files.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InfoReport {
    /// The files, in the order in which they are read.
    pub files: Vec<FileReport>,
    /// First and last of the sequence numbers of each gap.
    pub gaps: Vec<(u64, u64)>,
    /// Bytes of all files.
    pub bytes: u64,
}

/// The facts in the header of a file; `null` if it does not state one.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileReport {
    /// The path as it was opened; a name for a file in memory.
    pub path: String,
    /// Sequence number of the file.
    pub seqno: Option<u64>,
    /// `big` or `little`.
    pub byte_order: Option<&'static str>,
    /// Compatibility level of the trail format.
    pub compatibility: Option<u16>,
    /// Creation time of the file.
    pub created: Option<Timestamp>,
    /// URI of the trail.
    pub uri: Option<String>,
    /// Name of the file when it was made.
    pub file_name: Option<String>,
    /// Maximum size of the file.
    pub file_size: Option<u64>,
    /// CSN of the first record.
    pub first_csn: Option<String>,
    /// CSN of the last record.
    pub last_csn: Option<String>,
    /// Time of the first record.
    pub first_time: Option<Timestamp>,
    /// Time of the last record.
    pub last_time: Option<Timestamp>,
    /// The encryption of rows, according to the header.
    pub encryption: Option<String>,
    /// Operating system of the writing machine.
    pub system: Option<String>,
    /// Name of the writing machine.
    pub node: Option<String>,
    /// Release of its operating system.
    pub release: Option<String>,
    /// Version of its operating system.
    pub version: Option<String>,
    /// Hardware of the writing machine.
    pub hardware: Option<String>,
    /// Name of the source database.
    pub database_name: Option<String>,
    /// Instance of the source database.
    pub database_instance: Option<String>,
    /// Version of the source database.
    pub database_version: Option<String>,
    /// Character set of the source database.
    pub database_charset: Option<String>,
    /// Time zone of the source database.
    pub database_time_zone: Option<String>,
    /// Name of the writing group.
    pub producer_group: Option<String>,
    /// Version of the writing process.
    pub producer_version: Option<String>,
    /// Bytes of the file now.
    pub bytes: Option<u64>,
    /// Why the header cannot be read: the file is not a trail, is damaged, or has no records yet. `null` if it can be, and for JSON
    /// lines, which have no header.
    #[serde(serialize_with = "what")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub problem: Option<Error>,
}

/// Writes the fact of an error; its place is that of the file.
fn what<S: serde::Serializer>(error: &Option<Error>, to: S) -> std::result::Result<S::Ok, S::Error> {
    error.as_ref().map(Error::what).serialize(to)
}

impl InfoReport {
    /// Reads the header of each file. A file without a readable header is no error: [`FileReport::problem`] has the reason.
    ///
    /// # Errors
    /// [`ErrorKind::Io`], [`ErrorKind::NotFound`].
    pub fn of(trail: &Trail) -> Result<Self> {
        let is_json_lines = trail.is_json_lines();
        let report = |(index, file): (usize, &TrailFile)| {
            let (header, problem) = match trail.header(index) {
                Ok(header) => (Some(header), None),
                Err(error) if matches!(error.kind(), ErrorKind::Io | ErrorKind::NotFound) => return Err(error),
                Err(error) => (None, Some(error).filter(|_| !is_json_lines)),
            };
            Ok(FileReport {
                path: file.path.display().to_string(),
                bytes: file.size().ok(),
                problem,
                ..FileReport::of(header.as_ref(), file.seqno)
            })
        };
        let files = trail.files().iter().enumerate().map(report).collect::<Result<_>>()?;
        let gaps = trail.gaps().iter().map(|gap| (gap.first, gap.last)).collect();
        Ok(Self { files, gaps, bytes: trail.size()? })
    }
}

impl FileReport {
    fn of(header: Option<&FileHeader>, seqno: Option<u64>) -> Self {
        let text = |field: fn(&FileHeader) -> Field<&str>| header.and_then(|header| field(header).value()).map(str::to_owned);
        let time = |field: fn(&FileHeader) -> Field<Timestamp>| header.and_then(|header| field(header).value());
        let machine = |index: usize| header?.machine().get(index).copied()?.value().map(str::to_owned);
        Self {
            path: String::new(),
            seqno: header.and_then(|header| header.seqno().value()).map(u64::from).or(seqno),
            byte_order: header.map(|header| if header.byte_order() == ByteOrder::Big { "big" } else { "little" }),
            compatibility: header.and_then(|header| header.compatibility().value()),
            created: time(FileHeader::creation_time),
            uri: text(FileHeader::uri),
            file_name: text(FileHeader::file_name),
            file_size: header.and_then(|header| header.file_size().value()),
            first_csn: text(FileHeader::first_csn),
            last_csn: text(FileHeader::last_csn),
            first_time: time(FileHeader::first_time),
            last_time: time(FileHeader::last_time),
            encryption: header.map(|header| format!("{:?}", header.encryption()).to_lowercase()),
            system: machine(0),
            node: machine(1),
            release: machine(2),
            version: machine(3),
            hardware: machine(4),
            database_name: text(FileHeader::database_name),
            database_instance: text(FileHeader::database_instance),
            database_version: text(FileHeader::database_version),
            database_charset: header.and_then(|header| header.database_charset().value()).map(|charset| charset.to_string()),
            database_time_zone: text(FileHeader::database_time_zone),
            producer_group: text(FileHeader::producer_group),
            producer_version: text(FileHeader::producer_version),
            bytes: None,
            problem: None,
        }
    }
}

/// `count` and `tables`: the changes of a trail, or of what is selected, counted.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CountReport {
    /// Changes: rows, truncates and DDL.
    pub changes: u64,
    /// Transactions with changes among those counted.
    pub transactions: u64,
    /// Unfinished transactions that the source writes again, with the same CSN and id. Each of them is one transaction; the
    /// changes of both parts are counted.
    pub repeated: u64,
    /// Bytes of the records of the changes.
    pub bytes: u64,
    /// The tables, by name.
    pub tables: BTreeMap<String, TableReport>,
    /// Positions of the first and the last change.
    pub positions: Option<(Position, Position)>,
    /// The earliest and the latest time.
    pub times: Option<(Timestamp, Timestamp)>,
    /// The first and the last CSN.
    pub csns: Option<(String, String)>,
    /// The changes that are not counted, and why.
    #[serde(flatten)]
    pub read: ReadReport,
    /// The error that ended the counting early.
    pub error: Option<String>,
    /// The latest definitions of the tables as values.
    #[serde(skip)]
    pub definitions: Vec<Arc<TableDef>>,
}

/// One table: its latest definition and the counts of its changes.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableReport {
    /// Changes by operation; operations that do not occur are left out.
    pub ops: BTreeMap<String, u64>,
    /// All changes.
    pub changes: u64,
    /// Bytes of the records of all changes.
    pub bytes: u64,
    /// Bytes of the records of the largest change.
    pub largest: u64,
    /// The columns; `null` if the trail does not define the table.
    pub columns: Option<Vec<ColumnReport>>,
}

/// One column of a definition.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ColumnReport {
    /// Its name.
    pub name: String,
    /// `text`, `number` (stored as text), `integer`, `decimal`, `datetime`, `binary` or `unknown`.
    pub kind: &'static str,
    /// Digits after the decimal point.
    pub scale: i16,
    /// External length in bytes.
    pub length: u32,
    /// It belongs to the key.
    pub key: bool,
    /// `null` if the definition does not state it.
    pub nullable: Option<bool>,
    /// Character set of its text; `null` if none is stated.
    pub charset: Option<String>,
}

impl CountReport {
    /// Counts the changes of a trail, or only the changes that the options select; never metadata and markers. After an error of reading, the report covers
    /// the changes before it; the error is returned with it.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::ReadOptions;
    /// use trailcore::report::CountReport;
    ///
    /// let (report, error) = CountReport::of(&trail, ReadOptions::new())?;
    /// assert!(error.is_none());
    /// assert!(report.tables["BANK.POSTINGS"].ops["insert"] > 0);
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`Trail::reader_with`], and [`ErrorKind::Cancelled`].
    pub fn of(trail: &Trail, options: ReadOptions) -> Result<(Self, Option<Error>)> {
        let mut report = Self::default();
        let mut reader = trail.reader_with(options.include_non_changes(false))?;
        let (mut last_xid, mut is_open) = (None::<String>, false);
        let mut broken_off = None::<(String, String)>;
        let (mut positions, mut times) = (None::<(Position, Position)>, None::<(Timestamp, Timestamp)>);
        let error = loop {
            let change = match reader.next() {
                Ok(Some(change)) => change,
                Ok(None) => break None,
                Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error),
                Err(error) => break Some(error),
            };
            report.changes += 1;
            let bytes = change.source_bytes();
            report.bytes += bytes;
            let name = change.table_name();
            if !report.tables.contains_key(&*name) {
                report.tables.insert(name.clone().into_owned(), TableReport::default());
            }
            if let Some(table) = report.tables.get_mut(&*name) {
                count_op(&mut table.ops, change.op());
                table.changes += 1;
                table.bytes += bytes;
                table.largest = table.largest.max(bytes);
            }
            let (position, time) = (change.position(), change.timestamp());
            positions = Some((positions.map_or(position, |(first, _)| first), position));
            times = Some(times.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
            let (csn, xid) = change.ids();
            if let Some(csn) = csn {
                match &mut report.csns {
                    Some((_, last)) => csn.clone_into(last),
                    None => report.csns = Some((csn.to_owned(), csn.to_owned())),
                }
            }
            // A selection may reject a transaction's first or last change: then its id decides.
            let indicator = change.transaction();
            if !is_open || indicator.begins() || xid != last_xid.as_deref() {
                let is_again = broken_off.take().is_some_and(|ids| (Some(&*ids.0), Some(&*ids.1)) == (csn, xid));
                *if is_again { &mut report.repeated } else { &mut report.transactions } += 1;
                last_xid = xid.map(str::to_owned);
            }
            is_open = !indicator.ends();
            if change.is_unfinished() {
                broken_off = csn.zip(xid).map(|(csn, xid)| (csn.to_owned(), xid.to_owned()));
            }
        };
        for table in reader.tables().filter(|table| !table.name().is_empty()) {
            report.tables.entry(table.name().to_owned()).or_default().columns = columns(table);
            report.definitions.push(Arc::clone(table));
        }
        (report.positions, report.times) = (positions, times);
        report.read = reader.report();
        report.error = error.as_ref().map(ToString::to_string);
        Ok((report, error))
    }

    /// Returns the report as a JSON document.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`].
    pub fn to_json(&self) -> Result<String> {
        crate::document::write(self)
    }
}

/// Counts a change of an operation.
pub(crate) fn count_op(ops: &mut BTreeMap<String, u64>, op: Op) {
    match ops.get_mut(op.name()) {
        Some(count) => *count += 1,
        None => drop(ops.insert(op.name().to_owned(), 1)),
    }
}

fn columns(table: &Arc<TableDef>) -> Option<Vec<ColumnReport>> {
    let columns = table.columns().iter().map(|column| ColumnReport {
        name: column.name.to_string(),
        kind: match column.kind() {
            Kind::Text { .. } => "text",
            Kind::NumberText { .. } => "number",
            Kind::Binary { .. } => "binary",
            Kind::Integer { .. } if column.scale == 0 => "integer",
            Kind::Integer { .. } => "decimal",
            Kind::DateTime => "datetime",
            _ => "unknown",
        },
        scale: column.scale,
        length: column.external_length,
        key: column.key,
        nullable: column.facts.nullable,
        charset: column.text_charset().is_stated().then(|| column.text_charset().to_string()),
    });
    table.is_defined().then(|| columns.collect())
}

/// `count --records`: the records of a trail by their type.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordCountReport {
    /// The record types, by name.
    pub types: BTreeMap<String, RecordCount>,
    /// All records.
    pub records: u64,
    /// Bytes of all records.
    pub bytes: u64,
    /// Ranges that were skipped.
    pub skipped: Vec<SkippedReport>,
    /// The error that ended the counting early.
    pub error: Option<String>,
    /// The skipped ranges as values.
    #[serde(skip)]
    pub ranges: Vec<Skipped>,
}

/// The records of one type.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordCount {
    /// How many there are.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of the largest.
    pub largest: u64,
}

impl RecordCountReport {
    /// Counts the records of a trail; like [`CountReport::of`] after an error of reading.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`].
    pub fn of(trail: &Trail, options: &ReadOptions) -> Result<(Self, Option<Error>)> {
        let mut report = Self::default();
        let mut reader = trail.records(options);
        let error = loop {
            let placed = match reader.next() {
                Ok(Some(placed)) => placed,
                Ok(None) => break None,
                Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error),
                Err(error) => break Some(error),
            };
            let bytes = placed.record.bytes().len() as u64;
            let count = report.types.entry(type_name(&placed.record).to_owned()).or_default();
            (count.records, count.bytes, count.largest) = (count.records + 1, count.bytes + bytes, count.largest.max(bytes));
            (report.records, report.bytes) = (report.records + 1, report.bytes + bytes);
        };
        report.ranges = reader.skipped().to_vec();
        report.skipped = SkippedReport::all(&report.ranges);
        report.error = error.as_ref().map(ToString::to_string);
        Ok((report, error))
    }
}

fn type_name(record: &Record<'_>) -> &'static str {
    if record.is_file_header() { "FileHeader" } else { record.record_type().name().unwrap_or("unknown") }
}

/// `check`: whether the trail is whole.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckDocument {
    /// Records read, file headers included.
    pub records: u64,
    /// Changes whose rows were read.
    pub changes: u64,
    /// Transactions that are complete.
    pub transactions: u64,
    /// Bytes of the records.
    pub bytes: u64,
    /// Values that cannot be decoded as the types of their columns.
    pub invalid_values: u64,
    /// The trail is whole: no issue is a fault, and every value can be decoded.
    pub is_whole: bool,
    /// The issues, in the order in which they were found.
    pub issues: Vec<IssueReport>,
    /// Issues beyond those.
    pub more_issues: u64,
}

/// One result of a check.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IssueReport {
    /// Its kind.
    pub kind: CheckIssueKind,
    /// A trail with this issue is not whole.
    pub is_fault: bool,
    /// Its position.
    pub position: Position,
    /// A description, without column data.
    pub what: String,
    /// The issue as one line of text.
    #[serde(skip)]
    pub text: String,
}

impl CheckDocument {
    /// Checks a trail.
    ///
    /// # Errors
    /// The errors of [`Trail::check`].
    pub fn of(trail: &Trail, options: &ReadOptions) -> Result<Self> {
        let report = trail.check(options)?;
        let issue = |issue: &CheckIssue| IssueReport {
            kind: issue.kind,
            is_fault: issue.kind.is_fault(),
            position: issue.position,
            what: issue.what.clone(),
            text: issue.to_string(),
        };
        Ok(Self {
            records: report.records,
            changes: report.changes,
            transactions: report.transactions,
            bytes: report.bytes,
            invalid_values: report.invalid_values,
            is_whole: report.is_whole(),
            issues: report.issues.iter().map(issue).collect(),
            more_issues: report.more_issues,
        })
    }
}

/// `find`: the first change at or after a place.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FindReport {
    /// `null` if there is none.
    pub position: Option<String>,
}

/// `explain`: how a selection decides.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExplainReport {
    /// The selection as text; `null` if everything is wanted.
    pub selection: Option<String>,
    /// Its lints.
    pub lints: Option<String>,
    /// The tables, in the order of their first change.
    pub tables: Vec<TableExplained>,
}

/// How a selection decides on one table.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableExplained {
    /// Name of the table.
    pub table: String,
    /// The decision, as text.
    pub text: String,
}

/// `convert`: the files.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConvertReport {
    /// The files that were written.
    pub files: Vec<WrittenReport>,
    /// The changes that are not in the files, and why.
    #[serde(flatten)]
    pub read: ReadReport,
}

/// `save`: the files of the new trail.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SaveReport {
    /// The paths of the files.
    pub files: Vec<String>,
    /// The changes that were written.
    pub changes: u64,
    /// The changes that are not in the files, and why.
    #[serde(flatten)]
    pub read: ReadReport,
}

/// One file that was written.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WrittenReport {
    /// Empty if the file holds the changes of all tables.
    pub table: String,
    /// Its path.
    pub path: String,
    /// Its rows.
    pub rows: u64,
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
