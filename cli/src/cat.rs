//! The command `cat`.

use std::collections::HashSet;
use std::io::Write as _;

use clap::ValueEnum;
use trailcore::filter::LogdumpFacts;
use trailcore::source::MissingColumns;
use trailcore::{Change, ErrorKind, JsonOptions, Position, Row, Trail, Value};

use crate::failure::{Failure, USAGE};
use crate::matching::Matching;
use crate::options::{Limits, Reading, Selecting, Source, report_rest, worse};
use crate::output::{Output, clean, hex};

const EXAMPLES: &str = "\
examples:
  trailcore cat dirdat/lt --limit 10
  trailcore cat dirdat/lt --table HR.EMP --where 'SALARY > 1000'
  trailcore cat dirdat/lt --last 10 --text --tz Europe/Berlin
  trailcore cat dirdat/lt --xid 1.2.7 --numbers text
  trailcore cat dirdat/lt --from 2024-03-01T12:00:00 --until csn:7824137900

The whole transaction of a record: trailcore cat dirdat/lt --transaction-of 0:1980

Everything before an error is printed; exit codes: see trailcore --help";

/// Prints changes, each as a line of native JSON (docs/json.md)
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    selecting: Selecting,
    /// Only changes of the transaction that the record at this position belongs to
    #[arg(long, value_name = "SEQNO:RBA", conflicts_with_all = ["from", "until"], help_heading = "Selecting (docs/filter.md is the guide)")]
    transaction_of: Option<Position>,
    #[command(flatten)]
    matching: Matching,
    /// At most N changes
    #[arg(long, value_name = "N", help_heading = "Printing")]
    limit: Option<u64>,
    /// The last N changes; reads the files from the last one back, each twice
    #[arg(long, value_name = "N", conflicts_with_all = ["limit", "transaction_of"], help_heading = "Printing")]
    last: Option<u64>,
    /// Only these columns, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Printing")]
    columns: Vec<String>,
    /// Readable lines instead of JSON
    #[arg(long, conflicts_with = "columns", help_heading = "Printing")]
    text: bool,
    /// Numbers as JSON texts, for programs that round JSON numbers
    #[arg(long, value_name = "HOW", conflicts_with = "text", help_heading = "Printing")]
    numbers: Option<NumbersName>,
    /// Metadata, markers and unknown records too
    #[arg(long, help_heading = "Printing")]
    all: bool,
}

/// How numbers are written.
#[derive(Clone, Copy, ValueEnum)]
enum NumbersName {
    Text,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let source = args.reading.open(output)?;
    let mut selecting = args.selecting.clone();
    if let Some(position) = args.transaction_of {
        selecting.limits = Limits::transaction(position, &source)?;
    }
    let source = source.select(&selecting, output)?;
    let matcher = args.matching.matcher(&[], &source.trail)?;
    let wants = |change: &Change<'_>| matcher.is_empty() || matcher.wants(change.user_tokens(), || LogdumpFacts::of(change));
    let (trail, skip) = match args.last {
        Some(last) => last_changes(last, &source, args.all, &wants)?,
        None => (source.trail.clone(), 0),
    };
    let (options, bar) = source.watched(output, true)?;
    let mut reader = trail.reader_with(options.include_non_changes(args.all))?;
    let printing = Printing { text: args.text, columns: &args.columns, numbers: args.numbers };
    let mut line = Vec::with_capacity(1024);
    let (mut passed, mut printed) = (0, 0);
    let mut missing = MissingColumns::new(args.columns.iter().map(|name| name.trim()));
    let (mut met, mut has_ended) = (HashSet::new(), false);
    while args.limit.is_none_or(|limit| printed < limit) {
        let Some(change) = reader.next()? else {
            has_ended = true;
            break;
        };
        if !missing.is_empty() && met.insert(change.table_id()) {
            missing.meet(change.table());
        }
        // Nothing after the end of the transaction is wanted.
        let is_last = args.transaction_of.is_some() && change.op().is_change() && change.transaction().ends();
        if wants(&change) {
            passed += 1;
            if passed > skip && args.last.is_none_or(|last| printed < last) {
                printing.write(&change, &mut line, output)?;
                printed += 1;
            }
        }
        if is_last {
            break;
        }
    }
    bar.done();
    if let (Some(position), 0) = (args.transaction_of, printed) {
        output.complain(&format!("no change of the transaction of {position} is selected; it may have been rolled back"))?;
    }
    let rest = report_rest(&reader.report(), args.selecting.lenient, output)?;
    let checked = if has_ended { missing.check(&reader) } else { missing.check_early(&reader) };
    let Err(error) = checked else { return Ok(rest) };
    output.complain(&clean(&error.to_string()))?;
    Ok(worse(rest, USAGE))
}

/// Returns a trail that has the last `last` wanted changes, and how many wanted changes come before them in it. It reads the last
/// file, then the last two, four, and so on, until there are enough, and until the transaction of the first of them is known.
fn last_changes(last: u64, source: &Source, all: bool, wants: &dyn Fn(&Change<'_>) -> bool) -> Result<(Trail, u64), Failure> {
    let files = source.trail.files().len();
    let mut take = if source.starts_late() || source.lacks_header() { files } else { files.min(1) };
    loop {
        let trail = source.trail.with_files(files - take..files);
        let mut reader = trail.reader_with(source.options.clone().include_non_changes(all))?;
        let (mut found, mut unknown) = (0u64, 0);
        loop {
            match reader.next() {
                Ok(Some(change)) if wants(&change) => {
                    found += 1;
                    if change.op().is_change() && change.ids() == (None, None) {
                        unknown = found;
                    }
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error.into()),
                // The second reading reports it, after the changes before it.
                Err(_) => break,
            }
        }
        let skip = found.saturating_sub(last);
        if take == files || (found >= last && unknown <= skip) {
            return Ok((trail, skip));
        }
        take = (take * 2).min(files);
    }
}

/// How changes are printed.
pub(crate) struct Printing<'a> {
    pub(crate) text: bool,
    columns: &'a [String],
    numbers: Option<NumbersName>,
}

impl Printing<'_> {
    /// Returns how all columns are printed.
    pub(crate) fn all(text: bool) -> Self {
        Self { text, columns: &[], numbers: None }
    }

    pub(crate) fn write(&self, change: &Change<'_>, line: &mut Vec<u8>, output: &mut Output) -> Result<(), Failure> {
        line.clear();
        let wanted = |name: &str| self.columns.iter().any(|wanted| wanted.trim().eq_ignore_ascii_case(name));
        if self.text {
            write_text(change, output.time(change.timestamp()), line)?;
        } else {
            let mut options = JsonOptions::new().text_numbers(self.numbers.is_some());
            if !self.columns.is_empty() {
                options = options.columns(&wanted);
            }
            change.write_json_with(line, &options)?;
        }
        line.push(b'\n');
        Ok(output.write_all(line)?)
    }
}

/// Prints all changes of a source.
pub(crate) fn all(trail: &Trail, text: bool, output: &mut Output) -> Result<(), Failure> {
    let mut reader = trail.reader()?;
    let printing = Printing::all(text);
    let mut line = Vec::with_capacity(1024);
    while let Some(change) = reader.next()? {
        printing.write(&change, &mut line, output)?;
    }
    Ok(())
}

/// Writes one change as a readable line.
fn write_text(change: &Change<'_>, time: String, line: &mut Vec<u8>) -> Result<(), Failure> {
    let (csn, table) = (clean(change.csn().unwrap_or("-")), change.table_name());
    write!(line, "{} {} {} {} csn={csn}", change.position(), time, change.op(), clean(&table))?;
    for (name, image) in [("before", change.before()), ("after", change.after())] {
        match image {
            Ok(Some(row)) => {
                write!(line, " {name}(")?;
                write_row(change, &row, line)?;
                write!(line, ")")?;
            }
            Ok(None) => {}
            Err(error) if error.kind() == ErrorKind::Unsupported => write!(line, " {name}(? {error})")?,
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(ddl) = change.ddl() {
        write!(line, " {:?}", ddl.text())?;
    }
    Ok(())
}

fn write_row(change: &Change<'_>, row: &Row<'_>, line: &mut Vec<u8>) -> Result<(), Failure> {
    row.spans().verify().map_err(|fault| change.error(fault))?;
    for (index, column) in row.columns().enumerate() {
        let column = column.map_err(|fault| change.error(fault))?;
        write!(line, "{}{}=", if index > 0 { " " } else { "" }, clean(&column.name()))?;
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
