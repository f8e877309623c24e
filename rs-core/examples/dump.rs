//! Prints a trail: its changes as text or native JSON, its records as they stand, or a summary.
//!
//! ```text
//! cargo run --release -p trailcore --example dump -- dirdat/lt --json
//! ```
//!
//! Exits with 0 when all was read, 1 on damage or another error (what lies before it is printed), 2 on wrong arguments.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, ErrorKind as IoKind, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use trailcore::filter::{Dialect, NamePattern, Select};
use trailcore::source::{PlacedRecord, Skipped};
use trailcore::trail::{area, tokens};
use trailcore::{Catalog, Change, Csn, Error, Op, Position, ReadOptions, Result, Row, Timestamp, Trail, Value};

#[derive(Parser)]
#[command(
    name = "dump",
    about = "Prints a GoldenGate trail",
    after_help = "Places are SEQNO:RBA, a UTC time (2024-03-01T12:00:00), or csn:NUMBER. docs/filter.md is the guide to selections."
)]
struct Arguments {
    /// A trail file, a prefix such as dirdat/lt, or a directory that holds one trail
    path: PathBuf,
    /// Definition (DEFGEN) file for tables that the trail does not define
    #[arg(long)]
    defs: Option<PathBuf>,
    /// Only these tables: names with * and ?, separated by commas; case does not count
    #[arg(long, value_delimiter = ',')]
    tables: Vec<String>,
    /// Only these operations: insert, update, pk_update, delete, truncate, ddl (with --all: metadata, other)
    #[arg(long, value_delimiter = ',')]
    ops: Vec<Op>,
    /// Only objects of this name, as in TABLE: OWNER.OBJECT with * and ?; may be given several times
    #[arg(long)]
    table: Vec<String>,
    /// No objects of this name, as in TABLEEXCLUDE; may be given several times
    #[arg(long)]
    exclude: Vec<String>,
    /// Only changes for which this WHERE condition holds: "AMOUNT = @PRESENT AND AMOUNT > 10000"
    #[arg(long = "where", value_name = "CONDITION")]
    where_: Option<String>,
    /// Only changes for which this FILTER expression is not zero: "ON INSERT, @STRFIND (MEMO, 'cash') > 0"
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,
    /// Only changes that the TABLE and MAP statements of this parameter file select (columns are shown whole)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["table", "exclude", "where_", "filter"])]
    param_file: Option<PathBuf>,
    /// Count changes that the selection cannot decide on, and turn them away, instead of stopping
    #[arg(long)]
    lenient: bool,
    /// Double quotes are literals in the selection, as before 12c and with NOUSEANSISQLQUOTES
    #[arg(long)]
    nonansi: bool,
    /// Say how the selection decides on each table of the trail, and print no changes
    #[arg(long, group = "form")]
    explain: bool,
    /// Start at this place
    #[arg(long)]
    from: Option<Place>,
    /// Stop before this place
    #[arg(long)]
    until: Option<Place>,
    /// Metadata, markers and unknown records too
    #[arg(long)]
    all: bool,
    /// One line of native JSON for each change
    #[arg(long, group = "form")]
    json: bool,
    /// Counts by record type, table and operation
    #[arg(long, group = "form")]
    summary: bool,
    /// Every record with its header fields and bytes
    #[arg(long, group = "form", conflicts_with_all = ["tables", "ops", "defs", "all", "table", "exclude", "where_", "filter", "param_file"])]
    records: bool,
    /// Pass over damage to the next provable record, and say what was passed over
    #[arg(long)]
    resync: bool,
}

impl Arguments {
    /// Whether nothing restricts what is shown.
    fn selects_everything(&self) -> bool {
        let lists = [&self.tables, &self.table, &self.exclude];
        let clauses = [&self.where_, &self.filter];
        lists.iter().all(|list| list.is_empty())
            && clauses.iter().all(|clause| clause.is_none())
            && self.ops.is_empty()
            && self.param_file.is_none()
            && self.from.is_none()
            && self.until.is_none()
    }
}

/// A place in a trail, as a user names it.
#[derive(Clone)]
enum Place {
    Position(Position),
    Time(Timestamp),
    Csn(String),
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(csn) = text.strip_prefix("csn:") {
            return Ok(Self::Csn(csn.to_owned()));
        }
        text.parse().map(Self::Position).or_else(|error| text.parse().map(Self::Time).map_err(|_| error))
    }
}

impl Place {
    /// Whether a change lies at or behind this place. The time of a definition is that of its writing, and says nothing.
    fn is_reached(&self, change: &Change<'_>) -> bool {
        match self {
            Self::Time(_) if !change.op().is_change() => false,
            Self::Position(position) => change.position() >= *position,
            Self::Time(time) => change.timestamp() >= *time,
            Self::Csn(csn) => change.csn().and_then(|own| Csn::compare(own, csn)).is_some_and(|order| order.is_ge()),
        }
    }

    /// Its position; `None` where nothing lies at or behind it.
    fn find(&self, trail: &Trail, options: &ReadOptions) -> Result<Option<Position>> {
        match self {
            Self::Position(position) => Ok(Some(*position)),
            Self::Time(time) => trail.find_time_with(*time, options),
            Self::Csn(csn) => trail.find_csn_with(csn, options),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = BufWriter::with_capacity(1 << 18, io::stdout().lock());
    let outcome = run(&arguments, &mut out).and_then(|skipped| out.flush().map_err(Failure::from).map(|()| skipped));
    match outcome {
        Ok(skipped) if skipped.is_empty() => ExitCode::SUCCESS,
        Ok(skipped) => {
            for range in skipped {
                eprintln!("dump: passed over {} to {}: {}", range.from, range.to, range.error);
            }
            ExitCode::FAILURE
        }
        // Whoever reads the output has seen enough.
        Err(Failure::Output(error)) if error.kind() == IoKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Output(error)) => {
            eprintln!("dump: cannot write: {error}");
            ExitCode::FAILURE
        }
        Err(Failure::Trail(error)) => {
            let _ = out.flush();
            eprintln!("dump: {error}");
            ExitCode::FAILURE
        }
    }
}

enum Failure {
    Trail(Error),
    Output(io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Trail(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

type Outcome<T> = std::result::Result<T, Failure>;

fn run(arguments: &Arguments, out: &mut impl Write) -> Outcome<Vec<Skipped>> {
    let trail = Trail::open(&arguments.path)?;
    let mut options = ReadOptions::new().include_non_changes(arguments.all).resync(arguments.resync);
    if let Some(path) = &arguments.defs {
        options = options.catalog(Catalog::open(path)?);
    }
    if arguments.records {
        return records(arguments, &trail, &options, out);
    }
    let selection = Selection::of(arguments);
    if let Some(place) = &arguments.from {
        match place.find(&trail, &options)? {
            Some(position) => options = options.start_at(position),
            None => return Ok(Vec::new()),
        }
    }
    let select = select_of(arguments)?;
    if arguments.explain {
        return explain(&select.unwrap_or_else(|| Select::builder().build()), &trail, options, out);
    }
    if let Some(select) = select {
        options = options.select(select);
    }
    if arguments.summary {
        return summary(arguments, &trail, options, &selection, out);
    }
    let progress = Progress::of(&trail);
    let mut line = Vec::new();
    each_change(arguments, &trail, options, &selection, &progress, |change| {
        line.clear();
        if arguments.json {
            change.write_json(&mut line)?;
        } else {
            write_text(change, &mut line)?;
        }
        line.push(b'\n');
        out.write_all(&line).map_err(Failure::from)
    })
}

/// The selection in GoldenGate's own language, if any is asked for.
fn select_of(arguments: &Arguments) -> Result<Option<Select>> {
    let dialect = if arguments.nonansi { Dialect::NonAnsi } else { Dialect::Ansi };
    let is_asked = !arguments.table.is_empty() || !arguments.exclude.is_empty();
    let select = match &arguments.param_file {
        Some(file) => Select::from_file_in(file, dialect)?,
        None if is_asked || arguments.where_.is_some() || arguments.filter.is_some() => {
            Select::parse_in(&statements(arguments), dialect)?
        }
        None => return Ok(None),
    };
    Ok(Some(if arguments.lenient { select.lenient() } else { select }))
}

/// The statements that the options stand for. A clause may be given with its word and parentheses, as it is pasted.
fn statements(arguments: &Arguments) -> String {
    let clause = |word: &str, text: &Option<String>| match text {
        None => String::new(),
        Some(text) => {
            let pasted = text.trim_start().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
            if pasted { format!(", {text}") } else { format!(", {word} ({text})") }
        }
    };
    let clauses = clause("FILTER", &arguments.filter) + &clause("WHERE", &arguments.where_);
    let excludes = arguments.exclude.iter().map(|name| format!("TABLEEXCLUDE {name};\n"));
    let any = ["*".to_owned()];
    let tables = if arguments.table.is_empty() { &any[..] } else { &arguments.table };
    excludes.chain(tables.iter().map(|name| format!("TABLE {name}{clauses};\n"))).collect()
}

/// How a selection decides on each table of the trail.
fn explain(select: &Select, trail: &Trail, options: ReadOptions, out: &mut impl Write) -> Outcome<Vec<Skipped>> {
    writeln!(out, "{select}\n")?;
    if !select.lints().is_empty() {
        writeln!(out, "{}\n", select.lint_text())?;
    }
    let mut reader = trail.reader_with(options)?;
    while reader.next()?.is_some() {}
    let mut tables: Vec<_> = reader.tables().filter(|table| !table.name().is_empty()).collect();
    tables.sort_by_key(|table| table.name().to_owned());
    for table in tables {
        writeln!(out, "{}", select.bind(table).explain())?;
    }
    Ok(reader.skipped().to_vec())
}

/// Calls `each` with every selected change. Changes whose images are damaged count as damage.
fn each_change(
    arguments: &Arguments,
    trail: &Trail,
    options: ReadOptions,
    selection: &Selection,
    progress: &Progress,
    mut each: impl FnMut(&Change<'_>) -> Outcome<()>,
) -> Outcome<Vec<Skipped>> {
    let mut reader = trail.reader_with(options)?;
    let mut damaged = Vec::new();
    let mut count: u64 = 0;
    while let Some(change) = reader.next()? {
        if arguments.until.as_ref().is_some_and(|until| until.is_reached(&change)) {
            break;
        }
        count += 1;
        if count % 4096 == 0 {
            progress.at(change.position());
        }
        if !selection.wants(&change) {
            continue;
        }
        let position = change.position();
        match each(&change) {
            Err(Failure::Trail(error)) if arguments.resync => damaged.push(Skipped { from: position, to: position, error }),
            other => other?,
        }
    }
    progress.done();
    let counts = reader.filter_counts();
    if counts.undecidable + counts.errors > 0 {
        eprintln!("dump: {} changes could not be decided on, and {} were errors", counts.undecidable, counts.errors);
    }
    damaged.extend_from_slice(reader.skipped());
    Ok(damaged)
}

/// What the plain options select.
struct Selection {
    tables: Vec<NamePattern>,
    ops: Vec<Op>,
}

impl Selection {
    fn of(arguments: &Arguments) -> Self {
        Self { tables: arguments.tables.iter().map(|pattern| NamePattern::new(pattern)).collect(), ops: arguments.ops.clone() }
    }

    fn wants(&self, change: &Change<'_>) -> bool {
        let op = self.ops.is_empty() || self.ops.contains(&change.op());
        op && (self.tables.is_empty() || self.tables.iter().any(|pattern| pattern.matches(&change.table_name())))
    }
}

/// One change as a line for people.
fn write_text(change: &Change<'_>, line: &mut Vec<u8>) -> Outcome<()> {
    let csn = change.csn().unwrap_or("-");
    write!(line, "{} {} {} {} csn={csn}", change.position(), change.timestamp(), change.op(), change.table_name())?;
    for (name, image) in [("before", change.before()), ("after", change.after())] {
        match image {
            Ok(Some(row)) => {
                write!(line, " {name}(")?;
                write_row(change, &row, line)?;
                write!(line, ")")?;
            }
            Ok(None) => {}
            Err(error) if error.kind() == trailcore::ErrorKind::Unsupported => write!(line, " {name}(? {error})")?,
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(ddl) = change.ddl() {
        write!(line, " {}", ddl.text())?;
    }
    Ok(())
}

fn write_row(change: &Change<'_>, row: &Row<'_>, line: &mut Vec<u8>) -> Outcome<()> {
    for (index, column) in row.columns().enumerate() {
        let column =
            column.map_err(|_| change.to_json().err().map_or(Failure::Output(IoKind::InvalidData.into()), Failure::Trail))?;
        write!(line, "{}{}=", if index > 0 { " " } else { "" }, column.name())?;
        match column.value() {
            Value::Null => write!(line, "NULL")?,
            Value::Text(text) => write!(line, "{text:?}")?,
            Value::Number(number) => write!(line, "{number}")?,
            Value::DateTime(time) => write!(line, "{time}")?,
            Value::Bytes(bytes) => write!(line, "0x{}", hex(bytes))?,
            Value::Invalid(bytes) => write!(line, "invalid:0x{}", hex(bytes))?,
            _ => write!(line, "unchanged")?,
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every record as it stands, for people who know the interactive dump tool.
fn records(arguments: &Arguments, trail: &Trail, options: &ReadOptions, out: &mut impl Write) -> Outcome<Vec<Skipped>> {
    let find = |place: &Option<Place>| place.as_ref().map(|place| place.find(trail, options)).transpose();
    let (from, until) = (find(&arguments.from)?, find(&arguments.until)?.flatten());
    let from = match from {
        // Nothing lies at or behind the place.
        Some(None) => return Ok(Vec::new()),
        Some(from) => from,
        None => None,
    };
    let mut reader = trail.records(options);
    while let Some(placed) = reader.next()? {
        if until.is_some_and(|until| placed.position >= until) {
            break;
        }
        if from.is_none_or(|from| placed.position >= from) {
            write_record(&placed, out)?;
        }
    }
    Ok(reader.skipped().to_vec())
}

fn write_record(placed: &PlacedRecord<'_>, out: &mut impl Write) -> Outcome<()> {
    let record = &placed.record;
    let (order, length) = (record.byte_order(), record.bytes().len());
    if record.is_file_header() {
        writeln!(out, "Record {} at {}  FileHeader  length {length}  {order:?}-endian", placed.number, placed.position)?;
    } else {
        let header = record.header().map_err(|fault| io::Error::other(fault.what))?;
        writeln!(
            out,
            "Record {} at {}  {}  length {length}  {order:?}-endian",
            placed.number, placed.position, header.record_type
        )?;
        writeln!(
            out,
            "  Hdr-Ind {}  Partition x{:02x}  UndoFlag x{:02x}  BeforeAfter {}  RecLength {}  IOType {}  OrigNode {}",
            char::from(header.indicator),
            header.partition,
            header.undo,
            char::from(header.before_after),
            header.record_length,
            header.record_type.0,
            header.orig_node
        )?;
        writeln!(
            out,
            "  Time {}  AuditPos {}  AuditRBA {}  TransInd {} ({})",
            header.time,
            header.audit_pos,
            header.audit_rba,
            header.transaction.byte(),
            header.transaction.name().unwrap_or("unknown")
        )?;
        writeln!(
            out,
            "  FormatType {}  SyskeyLen {}  Incomplete {}  Continued {}  RecCount {}  Table {}",
            char::from(header.format_type),
            header.syskey_len,
            header.incomplete,
            header.continued,
            header.record_count,
            match header.table {
                trailcore::trail::TableRef::Index(index) => format!("index {index}"),
                trailcore::trail::TableRef::Name(name) => format!("{:?}", String::from_utf8_lossy(name)),
            }
        )?;
    }
    for token in record.areas() {
        writeln!(
            out,
            "  {} x{:02x} info x{:02x} length {}",
            char::from(token.id).escape_default(),
            token.id,
            token.info,
            token.body.len()
        )?;
        if token.id == area::TOKENS && !record.is_file_header() {
            for own in tokens::parse(token.body, order).filter_map(std::result::Result::ok) {
                let value = String::from_utf8_lossy(own.value().unwrap_or_default()).escape_debug().to_string();
                writeln!(
                    out,
                    "    {} {} info x{:02x}: {value}",
                    char::from(own.id()).escape_default(),
                    own.name().unwrap_or("?"),
                    own.info()
                )?;
            }
        }
        write_hex(token.body, out)?;
    }
    writeln!(out)?;
    Ok(())
}

fn write_hex(bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
    for (row, chunk) in bytes.chunks(16).enumerate() {
        let shown: String =
            chunk.iter().map(|&byte| if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' }).collect();
        let hex: String =
            chunk.iter().enumerate().map(|(at, byte)| format!("{byte:02x}{}", if at % 2 == 1 { " " } else { "" })).collect();
        writeln!(out, "    {:06x}  {hex:<40}  {shown}", row * 16)?;
    }
    Ok(())
}

#[derive(Default)]
struct Count {
    records: u64,
    bytes: u64,
    largest: usize,
}

impl Count {
    fn add(&mut self, bytes: usize) {
        self.records += 1;
        self.bytes += bytes as u64;
        self.largest = self.largest.max(bytes);
    }

    fn average(&self) -> u64 {
        self.bytes.checked_div(self.records).unwrap_or(0)
    }
}

/// What the interactive dump tool's COUNT shows, and more.
fn summary(
    arguments: &Arguments,
    trail: &Trail,
    options: ReadOptions,
    selection: &Selection,
    out: &mut impl Write,
) -> Outcome<Vec<Skipped>> {
    if arguments.selects_everything() {
        by_record_type(trail, &options, out)?;
    }
    let mut tables: BTreeMap<String, BTreeMap<Op, Count>> = BTreeMap::new();
    let mut transactions: u64 = 0;
    let mut times: Option<(Timestamp, Timestamp)> = None;
    let mut csns: Option<(String, String)> = None;
    let progress = Progress::of(trail);
    let mut last_transaction = String::new();
    let outcome = each_change(arguments, trail, options, selection, &progress, |change| {
        let bytes = change.records().map(|record| record.bytes().len()).sum();
        tables.entry(change.table_name().into_owned()).or_default().entry(change.op()).or_default().add(bytes);
        if !change.op().is_change() {
            return Ok(());
        }
        // Of a selection, the change that begins a transaction need not be among those that are counted.
        let transaction = format!("{:?} {:?}", change.csn(), change.xid());
        if transaction != last_transaction || change.transaction().begins() {
            transactions += 1;
            last_transaction = transaction;
        }
        let time = change.timestamp();
        let (first, last) = times.get_or_insert((time, time));
        (*first, *last) = ((*first).min(time), (*last).max(time));
        if let Some(csn) = change.csn() {
            match &mut csns {
                None => csns = Some((csn.to_owned(), csn.to_owned())),
                Some((_, last)) if last != csn => csn.clone_into(last),
                Some(_) => {}
            }
        }
        Ok(())
    });
    writeln!(out, "{:<40} {:<10} {:>12} {:>14} {:>9} {:>9}", "table", "operation", "changes", "bytes", "average", "largest")?;
    let mut total = Count::default();
    for (table, ops) in &tables {
        for (op, count) in ops {
            writeln!(
                out,
                "{table:<40} {op:<10} {:>12} {:>14} {:>9} {:>9}",
                count.records,
                count.bytes,
                count.average(),
                count.largest,
                op = op.name()
            )?;
            total.records += count.records;
            total.bytes += count.bytes;
            total.largest = total.largest.max(count.largest);
        }
    }
    writeln!(
        out,
        "{:<40} {:<10} {:>12} {:>14} {:>9} {:>9}",
        "total",
        "",
        total.records,
        total.bytes,
        total.average(),
        total.largest
    )?;
    writeln!(out, "transactions {transactions}")?;
    if let Some((first, last)) = times {
        writeln!(out, "time first {first}  last {last}")?;
    }
    if let Some((first, last)) = csns {
        writeln!(out, "csn first {first}  last {last}")?;
    }
    // What lies before damage is counted and shown.
    outcome
}

fn by_record_type(trail: &Trail, options: &ReadOptions, out: &mut impl Write) -> Outcome<()> {
    let mut types: BTreeMap<String, Count> = BTreeMap::new();
    let mut total = Count::default();
    let mut reader = trail.records(options);
    // Damage is told by the pass over the changes; what lies before it is counted.
    while let Ok(Some(placed)) = reader.next() {
        let name = if placed.record.is_file_header() { "FileHeader".to_owned() } else { placed.record.record_type().to_string() };
        types.entry(name).or_default().add(placed.record.bytes().len());
        total.add(placed.record.bytes().len());
    }
    writeln!(out, "files {}", trail.files().len())?;
    for gap in trail.gaps() {
        writeln!(out, "missing files {} to {}", gap.first, gap.last)?;
    }
    writeln!(out, "{:<20} {:>12} {:>14} {:>9} {:>9}", "record type", "records", "bytes", "average", "largest")?;
    for (name, count) in types.iter().chain([(&"total".to_owned(), &total)]) {
        writeln!(out, "{name:<20} {:>12} {:>14} {:>9} {:>9}", count.records, count.bytes, count.average(), count.largest)?;
    }
    writeln!(out)?;
    Ok(())
}

/// A progress bar on the terminal, for trails that take a while.
struct Progress {
    bar: ProgressBar,
    /// Bytes of the files before each file, by number.
    before: BTreeMap<u64, u64>,
}

impl Progress {
    const LONG: u64 = 64 << 20;

    fn of(trail: &Trail) -> Self {
        let mut total = 0;
        let mut before = BTreeMap::new();
        for file in trail.files() {
            before.insert(file.seqno.unwrap_or(0), total);
            total += std::fs::metadata(&file.path).map_or(0, |metadata| metadata.len());
        }
        let visible = total >= Self::LONG && io::stderr().is_terminal() && !io::stdout().is_terminal();
        let bar = if visible { ProgressBar::new(total) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}") {
            bar.set_style(style);
        }
        Self { bar, before }
    }

    fn at(&self, position: Position) {
        self.bar.set_position(self.before.get(&position.seqno).copied().unwrap_or(0) + position.rba);
    }

    fn done(&self) {
        self.bar.finish_and_clear();
    }
}
