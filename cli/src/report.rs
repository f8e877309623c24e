//! The reports of commands, as documents: `--json` prints them verbatim. They move to the core with its reports; nothing else
//! of the command line knows how they come about.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use trailcore::schema::Kind;
use trailcore::source::{CheckIssue, PlacedRecord, Skipped};
use trailcore::trail::{ByteOrder, Field, FileHeader, TableRef, tokens};
use trailcore::{Error, Op, Position, ReadOptions, Result, TableDef, Timestamp, Trail};

/// `info`: the headers of the files.
#[derive(Serialize)]
pub(crate) struct InfoReport {
    pub(crate) files: Vec<FileReport>,
    /// First and last of the sequence numbers of each gap.
    pub(crate) gaps: Vec<(u64, u64)>,
    /// Bytes of all files.
    pub(crate) bytes: u64,
}

/// The facts in the header of a file; `null` if it does not state one.
#[derive(Serialize)]
pub(crate) struct FileReport {
    pub(crate) path: String,
    seqno: Option<u64>,
    byte_order: Option<&'static str>,
    compatibility: Option<u16>,
    created: Option<String>,
    uri: Option<String>,
    file_name: Option<String>,
    file_size: Option<u64>,
    first_csn: Option<String>,
    last_csn: Option<String>,
    first_time: Option<String>,
    last_time: Option<String>,
    encryption: Option<String>,
    system: Option<String>,
    node: Option<String>,
    release: Option<String>,
    version: Option<String>,
    hardware: Option<String>,
    database_name: Option<String>,
    database_instance: Option<String>,
    database_version: Option<String>,
    database_charset: Option<String>,
    database_time_zone: Option<String>,
    producer_group: Option<String>,
    producer_version: Option<String>,
    /// Bytes of the file now.
    bytes: Option<u64>,
}

impl InfoReport {
    pub(crate) fn of(trail: &Trail) -> Result<Self> {
        let files = trail.files().iter().zip(trail.headers()?).map(|(file, header)| FileReport {
            path: file.path.display().to_string(),
            bytes: std::fs::metadata(&file.path).ok().map(|metadata| metadata.len()),
            ..FileReport::of(header.as_ref(), file.seqno)
        });
        let gaps = trail.gaps().iter().map(|gap| (gap.first, gap.last)).collect();
        Ok(Self { files: files.collect(), gaps, bytes: trail.size()? })
    }
}

impl FileReport {
    fn of(header: Option<&FileHeader>, seqno: Option<u64>) -> Self {
        let text = |field: fn(&FileHeader) -> Field<&str>| header.and_then(|header| field(header).value()).map(str::to_owned);
        let time = |field: fn(&FileHeader) -> Field<Timestamp>| {
            header.and_then(|header| field(header).value()).map(|time| time.to_string())
        };
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
        }
    }
}

/// `count` and `tables`: the changes of a trail, or of what is selected, counted.
#[derive(Default, Serialize)]
pub(crate) struct CountReport {
    pub(crate) changes: u64,
    pub(crate) transactions: u64,
    /// Bytes of the records of the changes.
    pub(crate) bytes: u64,
    pub(crate) tables: BTreeMap<String, TableReport>,
    /// Positions of the first and the last change.
    #[serde(serialize_with = "texts")]
    pub(crate) positions: Option<(Position, Position)>,
    /// The earliest and the latest time.
    #[serde(serialize_with = "texts")]
    pub(crate) times: Option<(Timestamp, Timestamp)>,
    /// The first and the last CSN.
    pub(crate) csns: Option<(String, String)>,
    pub(crate) skipped: Vec<SkippedReport>,
    /// Changes that a lenient selection could not decide on, or failed on.
    pub(crate) undecided: u64,
    /// The error that ended the counting early.
    pub(crate) error: Option<String>,
    #[serde(skip)]
    pub(crate) counts: trailcore::filter::Counts,
    #[serde(skip)]
    pub(crate) ranges: Vec<Skipped>,
}

/// One table: its latest definition and the counts of its changes.
#[derive(Default, Serialize)]
pub(crate) struct TableReport {
    /// Changes by operation; operations that do not occur are left out.
    pub(crate) ops: BTreeMap<Operation, u64>,
    pub(crate) changes: u64,
    /// Bytes of the records of all changes, and of the largest change.
    pub(crate) bytes: u64,
    pub(crate) largest: u64,
    /// The columns; `null` if the trail does not define the table.
    pub(crate) columns: Option<Vec<ColumnReport>>,
}

/// An operation, which orders as operations do and is written by its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Operation(pub(crate) Op);

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

/// One column of a definition.
#[derive(Serialize)]
pub(crate) struct ColumnReport {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) scale: i16,
    pub(crate) length: u32,
    pub(crate) key: bool,
    /// `null` if the definition does not state it.
    pub(crate) nullable: Option<bool>,
    pub(crate) charset: Option<String>,
}

/// A range that was skipped.
#[derive(Serialize)]
pub(crate) struct SkippedReport {
    from: String,
    to: String,
    reason: String,
}

impl SkippedReport {
    pub(crate) fn all(skipped: &[Skipped]) -> Vec<Self> {
        let report =
            |range: &Skipped| Self { from: range.from.to_string(), to: range.to.to_string(), reason: range.error.to_string() };
        skipped.iter().map(report).collect()
    }
}

fn texts<T: ToString, S: Serializer>(pair: &Option<(T, T)>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    pair.as_ref().map(|(first, last)| (first.to_string(), last.to_string())).serialize(serializer)
}

impl CountReport {
    /// Counts. After damage, the report covers the changes before it; the error is returned with it.
    pub(crate) fn of(trail: &Trail, options: ReadOptions) -> Result<(Self, Option<Error>)> {
        let mut report = Self::default();
        let mut reader = trail.reader_with(options)?;
        let (mut last_xid, mut is_open) = (None::<String>, false);
        let error = loop {
            let change = match reader.next() {
                Ok(Some(change)) => change,
                Ok(None) => break None,
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
                *table.ops.entry(Operation(change.op())).or_insert(0) += 1;
                table.changes += 1;
                table.bytes += bytes;
                table.largest = table.largest.max(bytes);
            }
            let (position, time) = (change.position(), change.timestamp());
            report.positions = Some((report.positions.map_or(position, |(first, _)| first), position));
            report.times = Some(report.times.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
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
                report.transactions += 1;
                last_xid = xid.map(str::to_owned);
            }
            is_open = !indicator.ends();
        };
        if let Some(error) = error.as_ref().filter(|error| error.kind() == trailcore::ErrorKind::Cancelled) {
            return Err(error.clone());
        }
        for table in reader.tables().filter(|table| !table.name().is_empty()) {
            report.tables.entry(table.name().to_owned()).or_default().columns = columns(table);
        }
        report.counts = reader.filter_counts();
        report.undecided = report.counts.undecidable + report.counts.errors;
        report.ranges = reader.skipped().to_vec();
        report.skipped = SkippedReport::all(&report.ranges);
        report.error = error.as_ref().map(ToString::to_string);
        Ok((report, error))
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
#[derive(Default, Serialize)]
pub(crate) struct RecordCountReport {
    pub(crate) types: BTreeMap<String, RecordCount>,
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) skipped: Vec<SkippedReport>,
    #[serde(skip)]
    pub(crate) ranges: Vec<Skipped>,
}

/// The records of one type.
#[derive(Default, Serialize)]
pub(crate) struct RecordCount {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) largest: u64,
}

impl RecordCountReport {
    /// Counts; like [`CountReport::of`] after damage.
    pub(crate) fn of(trail: &Trail, options: &ReadOptions) -> Result<(Self, Option<Error>)> {
        let mut report = Self::default();
        let mut reader = trail.records(options);
        let error = loop {
            let placed = match reader.next() {
                Ok(Some(placed)) => placed,
                Ok(None) => break None,
                Err(error) if error.kind() == trailcore::ErrorKind::Cancelled => return Err(error),
                Err(error) => break Some(error),
            };
            let bytes = placed.record.bytes().len() as u64;
            let count = report.types.entry(type_name(&placed)).or_default();
            (count.records, count.bytes, count.largest) = (count.records + 1, count.bytes + bytes, count.largest.max(bytes));
            (report.records, report.bytes) = (report.records + 1, report.bytes + bytes);
        };
        report.ranges = reader.skipped().to_vec();
        report.skipped = SkippedReport::all(&report.ranges);
        Ok((report, error))
    }
}

fn type_name(placed: &PlacedRecord<'_>) -> String {
    if placed.record.is_file_header() {
        return "FileHeader".to_owned();
    }
    placed.record.record_type().name().unwrap_or("unknown").to_owned()
}

/// `check`: whether the trail is whole.
#[derive(Serialize)]
pub(crate) struct CheckReport {
    pub(crate) records: u64,
    pub(crate) changes: u64,
    pub(crate) transactions: u64,
    pub(crate) bytes: u64,
    pub(crate) invalid_values: u64,
    pub(crate) is_whole: bool,
    pub(crate) issues: Vec<IssueReport>,
    pub(crate) more_issues: u64,
}

/// One result of a check.
#[derive(Serialize)]
pub(crate) struct IssueReport {
    pub(crate) kind: &'static str,
    pub(crate) is_fault: bool,
    position: String,
    what: String,
    #[serde(skip)]
    pub(crate) text: String,
}

impl CheckReport {
    pub(crate) fn of(trail: &Trail, options: &ReadOptions) -> Result<Self> {
        let report = trail.check(options)?;
        let issue = |issue: &CheckIssue| IssueReport {
            kind: issue.kind.name(),
            is_fault: issue.kind.is_fault(),
            position: issue.position.to_string(),
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
            issues: report.findings.iter().map(issue).collect(),
            more_issues: report.more_findings,
        })
    }
}

/// `find`: the first change at or after a place.
#[derive(Serialize)]
pub(crate) struct FindReport {
    /// `null` if there is none.
    pub(crate) position: Option<String>,
}

/// `explain`: how a selection decides.
#[derive(Serialize)]
pub(crate) struct ExplainReport {
    /// The selection as text; `null` if everything is wanted.
    pub(crate) selection: Option<String>,
    /// Its lints.
    pub(crate) lints: Option<String>,
    pub(crate) tables: Vec<TableExplained>,
}

/// How a selection decides on one table.
#[derive(Serialize)]
pub(crate) struct TableExplained {
    pub(crate) table: String,
    pub(crate) text: String,
}

/// `convert`: the files.
#[derive(Serialize)]
pub(crate) struct ConvertReport {
    pub(crate) files: Vec<WrittenReport>,
    pub(crate) skipped: Vec<SkippedReport>,
    pub(crate) undecided: u64,
}

/// One file that was written.
#[derive(Serialize)]
pub(crate) struct WrittenReport {
    /// Empty if the file holds the changes of all tables.
    pub(crate) table: String,
    pub(crate) path: String,
    pub(crate) rows: u64,
}

/// `records`: one record.
#[derive(Serialize)]
pub(crate) struct RecordReport {
    pub(crate) position: String,
    pub(crate) number: u64,
    #[serde(rename = "type")]
    pub(crate) name: String,
    pub(crate) type_code: u8,
    pub(crate) length: usize,
    /// Empty for a file header.
    pub(crate) header: serde_json::Map<String, serde_json::Value>,
    pub(crate) tokens: serde_json::Map<String, serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hex: Option<String>,
}

impl RecordReport {
    pub(crate) fn of(placed: &PlacedRecord<'_>, with_bytes: bool) -> std::result::Result<Self, trailcore::trail::Fault> {
        let record = &placed.record;
        let mut report = Self {
            position: placed.position.to_string(),
            number: placed.number,
            name: type_name(placed),
            type_code: record.record_type().0,
            length: record.bytes().len(),
            header: serde_json::Map::new(),
            tokens: serde_json::Map::new(),
            hex: with_bytes.then(|| hex(record.bytes())),
        };
        if record.is_file_header() {
            return Ok(report);
        }
        let header = record.header()?;
        let mut field = |name: &str, value: serde_json::Value| report.header.insert(name.to_owned(), value);
        field("record_length", header.record_length.into());
        field("record_type", header.record_type.0.into());
        field("before_after", char::from(header.before_after).to_string().into());
        field("transaction", header.transaction.name().into());
        field("orig_node", header.orig_node.into());
        field("partition", header.partition.into());
        field("undo", header.undo.into());
        field("time", header.time.to_string().into());
        field("audit_pos", header.audit_pos.into());
        field("audit_rba", header.audit_rba.into());
        field("format_type", char::from(header.format_type).to_string().into());
        field("syskey_len", header.syskey_len.into());
        field("incomplete", header.incomplete.into());
        field("continued", header.continued.into());
        field("record_count", header.record_count.into());
        match header.table {
            TableRef::Name(name) => field("table", String::from_utf8_lossy(name).into()),
            TableRef::Index(index) => field("table_index", index.into()),
        };
        for token in tokens::parse(record.token_area().unwrap_or_default(), record.byte_order()).flatten() {
            let name = token.name().map_or_else(|| format!("0x{:02x}", token.id()), str::to_owned);
            let value = token.value().unwrap_or_default();
            let text = std::str::from_utf8(value).map_or_else(|_| format!("0x{}", hex(value)), str::to_owned);
            report.tokens.entry(name).or_insert(text.into());
        }
        Ok(report)
    }
}

/// Returns bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
