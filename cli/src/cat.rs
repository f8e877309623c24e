//! The command `cat`.

use std::io::Write as _;

use trailcore::{Change, ErrorKind, Row, Value};

use crate::failure::Failure;
use crate::options::{Reading, Selecting, report_rest};
use crate::output::{Output, clean, hex};

const EXAMPLES: &str = "\
examples:
  trailcore cat dirdat/lt --limit 10
  trailcore cat dirdat/lt --table HR.EMP --where 'SALARY > 1000'
  trailcore cat dirdat/lt --from 2024-03-01T12:00:00 --until csn:7824137900

Everything before an error is printed; exit codes: see trailcore --help";

/// Prints changes, each as a line of native JSON (docs/json.md)
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    selecting: Selecting,
    /// At most N changes
    #[arg(long, value_name = "N", help_heading = "Printing")]
    limit: Option<u64>,
    /// Only these columns, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Printing")]
    columns: Vec<String>,
    /// Readable lines instead of JSON
    #[arg(long, conflicts_with = "columns", help_heading = "Printing")]
    text: bool,
    /// Metadata, markers and unknown records too
    #[arg(long, help_heading = "Printing")]
    all: bool,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let source = args.reading.open(output)?.select(&args.selecting, output)?;
    let (options, bar) = source.watched(output, true)?;
    let mut reader = source.trail.reader_with(options.include_non_changes(args.all))?;
    let mut line = Vec::with_capacity(1024);
    let mut printed = 0;
    while args.limit.is_none_or(|limit| printed < limit) {
        let Some(change) = reader.next()? else { break };
        line.clear();
        if args.text {
            write_text(&change, &mut line)?;
        } else if args.columns.is_empty() {
            change.write_json(&mut line)?;
        } else {
            write_columns(&change, &args.columns, &mut line)?;
        }
        line.push(b'\n');
        output.write_all(&line)?;
        printed += 1;
    }
    bar.done();
    report_rest(&reader.report(), args.selecting.lenient, output)
}

/// Prints all changes of a source.
pub(crate) fn all(trail: &trailcore::Trail, text: bool, output: &mut Output) -> Result<(), Failure> {
    let mut reader = trail.reader()?;
    let mut line = Vec::with_capacity(1024);
    while let Some(change) = reader.next()? {
        line.clear();
        if text {
            write_text(&change, &mut line)?;
        } else {
            change.write_json(&mut line)?;
        }
        line.push(b'\n');
        output.write_all(&line)?;
    }
    Ok(())
}

/// Writes native JSON whose images have only these columns.
fn write_columns(change: &Change<'_>, columns: &[String], line: &mut Vec<u8>) -> Result<(), Failure> {
    let wanted = |name: &str| columns.iter().any(|wanted| wanted.trim().eq_ignore_ascii_case(name));
    change.write_json_columns(line, Some(&wanted))?;
    Ok(())
}

/// Writes one change as a readable line.
fn write_text(change: &Change<'_>, line: &mut Vec<u8>) -> Result<(), Failure> {
    let (csn, table) = (clean(change.csn().unwrap_or("-")), change.table_name());
    write!(line, "{} {} {} {} csn={csn}", change.position(), change.timestamp(), change.op(), clean(&table))?;
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
