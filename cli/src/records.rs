//! The command `records`.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write as _;

use trailcore::report::{FieldValue, ImageReport, ReadReport, RecordDetail, RecordReport};
use trailcore::source::{RecordView, Skipped};
use trailcore::{Error, Position, Value};

use crate::failure::{DAMAGE, Failure};
use crate::matching::{Matcher, Matching};
use crate::options::{Limits, Place, Reading, Source, report_rest, worse};
use crate::output::{Output, clean, grouped, hex, put_hex};
use crate::zone::Zone;

const EXAMPLES: &str = "\
examples:
  trailcore records dirdat/lt --limit 5
  trailcore records dirdat/lt --from 0:1980 --limit 1 --detail --hex
  trailcore records dirdat/lt --last 10
  trailcore records dirdat/lt --table 'HR.*' --type Insert --string 'Ada' --detail
  trailcore records dirdat/lt --logdump 'RECLEN > 20; FILTER RECTYPE 5'

The whole transaction of a record: trailcore records dirdat/lt --transaction-of 0:1980

--last and --reverse read the files from the last one back, each twice, and hold eight bytes for each of their
records; --reverse reads a file again for each 65,536 records, or 64 MiB.

Everything before an error is printed; exit codes: see trailcore --help";

/// Records that --reverse holds in memory as text, and how many bytes of a file they may take.
const CHUNK: usize = 65_536;
const CHUNK_BYTES: u64 = 64 << 20;

/// Prints every record: position, type, table, length, header fields and tokens; its columns and its bytes if asked for
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    limits: Limits,
    /// Only records of the transaction that the record at this position belongs to
    #[arg(long, value_name = "SEQNO:RBA", conflicts_with_all = ["from", "until"], help_heading = "Selecting (docs/filter.md is the guide)")]
    transaction_of: Option<Position>,
    /// Only records of tables of this name: HR.EMP*; repeatable
    #[arg(long, value_name = "NAME", help_heading = "Selecting (docs/filter.md is the guide)")]
    table: Vec<String>,
    #[command(flatten)]
    matching: Matching,
    /// At most N records
    #[arg(long, value_name = "N", help_heading = "Printing")]
    limit: Option<u64>,
    /// The last N records
    #[arg(long, value_name = "N", conflicts_with = "limit", help_heading = "Printing")]
    last: Option<u64>,
    /// From the last record to the first
    #[arg(long, help_heading = "Printing")]
    reverse: bool,
    /// Print the columns of rows too, and the text of DDL
    #[arg(long, help_heading = "Printing")]
    detail: bool,
    /// Print the bytes too
    #[arg(long, help_heading = "Printing")]
    hex: bool,
    /// Print each record as a line of JSON
    #[arg(long, help_heading = "Printing")]
    json: bool,
}

/// Which records are printed.
struct Wanted {
    from: Option<Position>,
    until: Option<Position>,
    /// Nothing outside transactions.
    in_transaction: bool,
    matcher: Matcher,
}

impl Wanted {
    fn of(args: &Args, source: &Source) -> Result<Self, Failure> {
        // A place after all changes is after all records.
        let position = |place: &Option<Place>| -> Result<Option<Position>, Failure> {
            let found = place.as_ref().map(|place| place.find(source)).transpose()?;
            Ok(found.map(|found| found.unwrap_or(Position::new(u64::MAX, 0))))
        };
        let matcher = args.matching.matcher(&args.table, &source.trail)?;
        let limits = match args.transaction_of {
            Some(position) => &Limits::transaction(position, source)?,
            None => &args.limits,
        };
        let (from, until) = (position(&limits.from)?, position(&limits.until)?);
        Ok(Self { from, until, in_transaction: args.transaction_of.is_some(), matcher })
    }

    fn is_after(&self, view: &RecordView<'_>) -> bool {
        self.until.is_some_and(|until| Position::from(view.position) >= until)
    }

    fn has(&self, view: &RecordView<'_>) -> bool {
        self.matcher.meet(view.table().map(|table| table.name()), || view.facts());
        self.from.is_none_or(|from| Position::from(view.position) >= from)
            && (!self.in_transaction || view.is_in_transaction())
            && (self.matcher.is_empty() || self.matcher.wants(view.record.user_token_area(), || view.facts()))
    }
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let source = args.reading.open(output)?;
    let wanted = Wanted::of(args, &source)?;
    let mut printer = Printer { args, damaged: 0, text: Vec::with_capacity(4096), zone: source.zone.clone() };
    let (skipped, error, is_whole) = if args.last.is_some() || args.reverse {
        backwards(args, &source, &wanted, &mut printer, output)?
    } else {
        forwards(args, &source, &wanted, &mut printer, output)?
    };
    if printer.damaged > 0 {
        output.complain(&format!("{} records have a damaged header", grouped(printer.damaged)))?;
    }
    if let Some(error) = error {
        return Err(error.into());
    }
    let mut report = ReadReport::of_skipped(&skipped);
    if is_whole {
        let (unmatched, tables) = wanted.matcher.unmatched();
        report = report.with_unmatched(unmatched, tables);
    }
    let rest = report_rest(&report, false, output)?;
    Ok(if printer.damaged > 0 { worse(rest, DAMAGE) } else { rest })
}

/// The ranges that were skipped, the error at which reading ended, and whether everything was read.
type Outcome = (Vec<Skipped>, Option<Error>, bool);

fn forwards(
    args: &Args,
    source: &Source,
    wanted: &Wanted,
    printer: &mut Printer<'_>,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let (options, bar) = source.watched(output, true)?;
    let mut views = source.trail.record_views(&options, wanted.from)?;
    let (mut printed, mut error, mut is_whole) = (0, None, false);
    while args.limit.is_none_or(|limit| printed < limit) {
        let view = match views.next() {
            Ok(Some(view)) => view,
            Ok(None) => {
                is_whole = true;
                break;
            }
            Err(damage) => {
                error = Some(damage);
                break;
            }
        };
        if wanted.is_after(&view) {
            is_whole = true;
            break;
        }
        if wanted.has(&view) {
            printer.write(&view)?;
            output.write_all(&printer.text)?;
            printed += 1;
        }
    }
    bar.done();
    Ok((views.skipped().to_vec(), error, is_whole))
}

/// The wanted records of one file.
struct InFile {
    file: usize,
    /// The file from which to read, for the ids of a transaction that began before this file.
    start: usize,
    records: VecDeque<u64>,
    skipped: Vec<Skipped>,
    /// A transaction began in a file before `start`.
    lacks_ids: bool,
    /// The damage at which reading ended, in this file or in one before it.
    error: Option<Error>,
}

fn backwards(
    args: &Args,
    source: &Source,
    wanted: &Wanted,
    printer: &mut Printer<'_>,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let (mut left, mut found) = (args.last.or(args.limit).unwrap_or(u64::MAX), Vec::new());
    // Files are read more than once: a range counts once.
    let (mut skipped, mut error) = (BTreeMap::new(), None);
    let first = match wanted.from {
        Some(Position::Trail(from)) => source.trail.file_of(from),
        _ => 0,
    };
    for file in (first..source.trail.files().len()).rev() {
        if left == 0 {
            break;
        }
        let records = in_file(file, left, source, wanted)?;
        left -= (records.records.len() as u64).min(left);
        skipped.extend(records.skipped.iter().map(|range| (range.from, range.clone())));
        error = records.error.clone().or(error);
        if args.reverse {
            reversed(&records, source, printer, output)?;
        } else {
            found.push(records);
        }
    }
    for records in found.iter().rev() {
        print(records, records.records.iter().copied(), source, printer, |text| Ok(output.write_all(text)?))?;
    }
    Ok((skipped.into_values().collect(), error, left > 0))
}

/// Returns the last wanted records of a file, at most this many. It reads the files before it too, if they have the ids of a
/// transaction: one, then two, four, and so on.
fn in_file(file: usize, most: u64, source: &Source, wanted: &Wanted) -> Result<InFile, Failure> {
    let mut found = records_in(file, file, most, source, wanted)?;
    let mut before = 1;
    while found.lacks_ids && found.start > 0 {
        let wider = records_in(file, file.saturating_sub(before), most, source, wanted)?;
        if wider.records.len() < found.records.len() && wider.error.is_some() {
            // Damage hides the ids.
            break;
        }
        found = wider;
        before *= 2;
    }
    Ok(found)
}

/// Returns the last wanted records of a file, at most this many, reading from `start`.
fn records_in(file: usize, start: usize, most: u64, source: &Source, wanted: &Wanted) -> Result<InFile, Failure> {
    let mut found = InFile { file, start, records: VecDeque::new(), skipped: Vec::new(), lacks_ids: false, error: None };
    let mut views = source.trail.with_files(start..file + 1).record_views(&source.options, None)?;
    loop {
        match views.next() {
            Ok(Some(view)) if start + view.file < file => {}
            Ok(Some(view)) => {
                found.lacks_ids |= view.lacks_ids();
                if !wanted.is_after(&view) && wanted.has(&view) {
                    found.records.push_back(view.position.rba);
                    if found.records.len() as u64 > most {
                        found.records.pop_front();
                    }
                }
            }
            Ok(None) => break,
            Err(error) if error.kind() == trailcore::ErrorKind::Cancelled => return Err(error.into()),
            Err(error) => {
                found.error = Some(error);
                break;
            }
        }
    }
    found.skipped = views.skipped().to_vec();
    Ok(found)
}

/// Prints the records of a file from the last to the first.
fn reversed(found: &InFile, source: &Source, printer: &mut Printer<'_>, output: &mut Output) -> Result<(), Failure> {
    let records: Vec<u64> = found.records.iter().copied().collect();
    let mut rest = &records[..];
    while let Some(last) = rest.last() {
        let near = rest.partition_point(|rba| last - rba > CHUNK_BYTES);
        let (before, chunk) = rest.split_at(near.max(rest.len().saturating_sub(CHUNK)));
        rest = before;
        let mut texts: Vec<Vec<u8>> = Vec::with_capacity(chunk.len());
        print(found, chunk.iter().copied(), source, printer, |text| {
            texts.push(text.to_vec());
            Ok(())
        })?;
        for text in texts.iter().rev() {
            output.write_all(text)?;
        }
    }
    Ok(())
}

/// Formats records of a file, in their order, and passes each text on.
fn print(
    found: &InFile,
    records: impl Iterator<Item = u64>,
    source: &Source,
    printer: &mut Printer<'_>,
    mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut records = records.peekable();
    let mut views = source.trail.with_files(found.start..found.file + 1).record_views(&source.options, None)?;
    while let Some(next) = records.peek() {
        let Some(view) = views.next()? else { break };
        if found.start + view.file == found.file && view.position.rba == *next {
            printer.write(&view)?;
            take(&printer.text)?;
            records.next();
        }
    }
    Ok(())
}

/// Formats records.
struct Printer<'a> {
    args: &'a Args,
    damaged: u64,
    text: Vec<u8>,
    zone: Zone,
}

impl Printer<'_> {
    /// Formats a record, in place of the text before.
    fn write(&mut self, view: &RecordView<'_>) -> Result<(), Failure> {
        let Args { json, hex, detail, .. } = *self.args;
        let report = RecordReport::of(view, RecordDetail { columns: detail, bytes: json && hex });
        self.damaged += u64::from(report.fault.is_some());
        self.text.clear();
        if json {
            serde_json::to_writer(&mut self.text, &report)?;
            self.text.push(b'\n');
            return Ok(());
        }
        self.write_text(&report)?;
        if hex {
            write_bytes(view.record.bytes(), &mut self.text);
        }
        Ok(())
    }

    fn write_text(&mut self, report: &RecordReport<'_>) -> Result<(), Failure> {
        let (zone, out) = (&self.zone, &mut self.text);
        let RecordReport { number, position, name, type_code, length, .. } = report;
        write!(out, "record {number} at {position}  {name} ({type_code})")?;
        if let Some(table) = report.table {
            write!(out, "  {}", clean(table))?;
        }
        writeln!(out, "  {length} bytes")?;
        let mut is_damaged = true;
        for (name, value) in report.header.fields() {
            is_damaged = false;
            out.extend_from_slice(b"  ");
            out.extend_from_slice(name.as_bytes());
            out.push(b'=');
            match value {
                FieldValue::Number(number) => write!(out, "{number}")?,
                FieldValue::Text(value) => write_word(&value, out)?,
                FieldValue::Time(time) => out.extend_from_slice(zone.show(time).as_bytes()),
                FieldValue::Unknown => out.push(b'-'),
            }
        }
        if !is_damaged {
            out.push(b'\n');
        }
        if let Some(fault) = &report.fault {
            writeln!(out, "  damaged header: {fault}")?;
        }
        for (name, value) in report.tokens.texts() {
            write!(out, "  token {}=", clean(&name))?;
            write_word(&value, out)?;
            out.push(b'\n');
        }
        if let Some(area) = report.user_tokens {
            out.extend_from_slice(b"  user tokens 0x");
            put_hex(area, out);
            out.push(b'\n');
        }
        if self.args.detail {
            self.write_detail(report)?;
        }
        Ok(())
    }

    fn write_detail(&mut self, report: &RecordReport<'_>) -> Result<(), Failure> {
        let out = &mut self.text;
        if report.csn.is_some() || report.xid.is_some() {
            writeln!(out, "  transaction csn={} xid={}", clean(report.csn.unwrap_or("-")), clean(report.xid.unwrap_or("-")))?;
        }
        if let Some(ddl) = &report.ddl {
            writeln!(out, "  ddl {ddl:?}")?;
        }
        for (name, image) in [("before", &report.before), ("after", &report.after)] {
            if let Some(image) = image {
                writeln!(out, "  {name}")?;
                write_image(image, out)?;
            }
        }
        if let Some(fault) = &report.columns_fault {
            writeln!(out, "  columns not shown: {fault}")?;
        }
        Ok(())
    }
}

fn write_image(image: &ImageReport<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let width = image.columns().map(|column| unicode_width::UnicodeWidthStr::width(&*column.name())).max().unwrap_or(0);
    for column in image.columns() {
        let name = clean(&column.name());
        let blanks = width.saturating_sub(unicode_width::UnicodeWidthStr::width(&*name));
        write!(out, "    {name}{:blanks$}  ", "")?;
        match column.value() {
            Value::Null => out.extend_from_slice(b"NULL"),
            Value::Text(_) | Value::Bytes(_) if !image.is_defined() => {
                out.extend_from_slice(b"undefined 0x");
                put_hex(column.body(), out);
            }
            Value::Text(text) => write!(out, "{text:?}")?,
            Value::Number(number) => write!(out, "{number}")?,
            Value::DateTime(time) => write!(out, "{time}")?,
            Value::Bytes(bytes) => {
                out.extend_from_slice(b"0x");
                put_hex(bytes, out);
            }
            Value::Invalid(bytes) => {
                out.extend_from_slice(b"invalid 0x");
                put_hex(bytes, out);
            }
            _ => out.extend_from_slice(b"unchanged"),
        }
        out.push(b'\n');
    }
    if let Some(missing) = image.missing().ok().filter(|missing| !missing.is_empty()) {
        writeln!(out, "    missing: {}", clean(&missing.join(", ")))?;
    }
    Ok(())
}

/// Writes a text. It is quoted if it has blanks or control characters, to keep the fields of the line apart.
fn write_word(text: &str, out: &mut Vec<u8>) -> Result<(), Failure> {
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        write!(out, "\"{}\"", clean(text))?;
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    Ok(())
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    for (row, chunk) in bytes.chunks(16).enumerate() {
        let shown: String = chunk.iter().map(|&byte| if (32..127).contains(&byte) { char::from(byte) } else { '.' }).collect();
        let pairs: Vec<_> = chunk.chunks(2).map(hex).collect();
        out.extend_from_slice(format!("    {:06x}  {:<40}  {shown}\n", row * 16, pairs.join(" ")).as_bytes());
    }
}
