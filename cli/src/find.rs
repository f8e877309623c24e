//! The command `find`.

use crate::failure::Failure;
use crate::options::{Place, Reading};
use crate::output::Output;
use trailcore::report::FindReport;

const EXAMPLES: &str = "\
examples:
  trailcore find dirdat/lt --at csn:7824137850
  trailcore find dirdat/lt --at 2024-03-01T12:00:00

exit codes: 1 if there is no such change; others: see trailcore --help";

/// Prints the position of the first change at or after a time or CSN
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    reading: Reading,
    /// A time such as 2024-03-01T12:00:00 (UTC without --tz), or csn:NUMBER
    #[arg(long, value_name = "PLACE", required = true)]
    at: Place,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let mut source = args.reading.open(output)?;
    if matches!(args.at, Place::Position(_)) {
        return Err(Failure::usage("--at takes a time or csn:NUMBER, not a position"));
    }
    let (options, bar) = source.watched(output, false)?;
    source.options = options;
    let found = args.at.find(&source)?;
    bar.done();
    let report = FindReport { position: found.map(|position| position.to_string()) };
    match &report.position {
        _ if args.json => output.json(&report)?,
        Some(position) => output.line(position, "")?,
        None => output.complain("no change at or after this place")?,
    }
    Ok(i32::from(found.is_none()))
}
