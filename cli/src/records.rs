//! The command `records`.

use std::io::Write as _;

use serde_json::Value;
use trailcore::Position;

use crate::failure::Failure;
use crate::options::{Limits, Place, Reading, report_rest};
use crate::output::{Output, clean, grouped};
use trailcore::report::{ReadReport, RecordReport};

const EXAMPLES: &str = "\
examples:
  trailcore records dirdat/lt --limit 5
  trailcore records dirdat/lt --from 0:1980 --limit 1 --hex

Everything before an error is printed; exit codes: see trailcore --help";

/// Prints every record verbatim: position, type, length, header fields and tokens
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    limits: Limits,
    /// At most N records
    #[arg(long, value_name = "N", help_heading = "Printing")]
    limit: Option<u64>,
    /// Print the bytes too
    #[arg(long, help_heading = "Printing")]
    hex: bool,
    /// Print each record as a line of JSON
    #[arg(long, help_heading = "Printing")]
    json: bool,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let source = args.reading.open(output)?;
    // A place after all changes is after all records.
    let position = |place: &Option<Place>| -> Result<Option<Position>, Failure> {
        let found = place.as_ref().map(|place| place.find(&source.trail, &source.options)).transpose()?;
        Ok(found.map(|found| found.unwrap_or(Position::new(u64::MAX, 0))))
    };
    let (from, until) = (position(&args.limits.from)?, position(&args.limits.until)?);
    let (options, bar) = source.watched(output, true)?;
    let mut reader = source.trail.records(&options);
    let (mut printed, mut damaged) = (0, 0u64);
    while args.limit.is_none_or(|limit| printed < limit) {
        let Some(placed) = reader.next()? else { break };
        if until.is_some_and(|until| Position::from(placed.position) >= until) {
            break;
        }
        if from.is_some_and(|from| Position::from(placed.position) < from) {
            continue;
        }
        let report = RecordReport::of(&placed, args.json && args.hex);
        damaged += u64::from(report.fault.is_some());
        if args.json {
            output.json_line(&report)?;
        } else {
            show(&report, output)?;
            if args.hex {
                show_bytes(placed.record.bytes(), output)?;
            }
        }
        printed += 1;
    }
    bar.done();
    if damaged > 0 {
        output.complain(&format!("{} records have a damaged header", grouped(damaged)))?;
    }
    Ok(report_rest(&ReadReport::of_skipped(reader.skipped()), false, output)?.max(i32::from(damaged > 0)))
}

fn show(report: &RecordReport, output: &mut Output) -> Result<(), Failure> {
    let RecordReport { number, position, name, type_code, length, .. } = report;
    writeln!(output, "record {number} at {position}  {name} ({type_code})  {length} bytes")?;
    if !report.header.is_empty() {
        let fields: Vec<_> = report.header.iter().map(|(name, value)| format!("{name}={}", text(value))).collect();
        writeln!(output, "  {}", fields.join("  "))?;
    }
    if let Some(fault) = &report.fault {
        writeln!(output, "  damaged header: {fault}")?;
    }
    for (name, value) in &report.tokens {
        writeln!(output, "  token {}={}", clean(name), text(value))?;
    }
    Ok(())
}

/// Returns a value as text. It is quoted if it has blanks or control characters, to keep the fields of the line apart.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) => {
            format!("\"{}\"", clean(text))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn show_bytes(bytes: &[u8], output: &mut Output) -> Result<(), Failure> {
    for (row, chunk) in bytes.chunks(16).enumerate() {
        let shown: String = chunk.iter().map(|&byte| if (32..127).contains(&byte) { char::from(byte) } else { '.' }).collect();
        let pairs: Vec<_> = chunk.chunks(2).map(crate::output::hex).collect();
        writeln!(output, "    {:06x}  {:<40}  {shown}", row * 16, pairs.join(" "))?;
    }
    Ok(())
}
