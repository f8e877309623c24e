//! The command `volume`.

use trailcore::Op;
use trailcore::analysis::{Interval, VolumeOptions, VolumeReport};

use crate::failure::Failure;
use crate::options::{Reading, Selecting, only_damage, report_counted};
use crate::output::{Grid, Output, grouped};

const EXAMPLES: &str = "\
examples:
  trailcore volume dirdat/lt --by 1h
  trailcore volume dirdat/lt --by 15m --table 'HR.*' --from 2024-03-01T12:00:00
  trailcore volume dirdat/lt --by 1d --json

exit codes: see trailcore --help";

/// Counts changes and bytes by table and interval of time
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    selecting: Selecting,
    /// Length of an interval: a whole number and s, m, h or d; intervals are aligned to UTC
    #[arg(long, value_name = "TIME", default_value_t = Interval::HOUR)]
    by: Interval,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let source = args.reading.open(output)?.select(&args.selecting, output)?;
    let (options, bar) = source.watched(output, false)?;
    let (report, error) = VolumeReport::of(&source.trail, &VolumeOptions::by(args.by), options)?;
    bar.done();
    let damage = only_damage(error)?;
    if args.json {
        output.json(&report)?;
    } else {
        show(&report, output)?;
    }
    report_counted(&report.read, damage, args.selecting.lenient, output)
}

fn show(report: &VolumeReport, output: &mut Output) -> Result<(), Failure> {
    let of = |op: Op| report.rows.iter().map(|row| row.ops.get(op.name()).copied().unwrap_or(0)).sum::<u64>();
    let ops: Vec<_> = Op::ALL.into_iter().filter(|op| of(*op) > 0).collect();
    let names: Vec<_> = ops.iter().map(|op| op.name()).chain(["changes", "bytes"]).collect();
    let head: Vec<_> = ["from", "table"].into_iter().chain(names.iter().copied()).collect();
    let mut grid = Grid::new(&head, &names);
    for row in &report.rows {
        let counts = ops.iter().map(|op| row.ops.get(op.name()).copied().unwrap_or(0));
        let numbers = counts.chain([row.changes, row.bytes]).map(grouped);
        grid.row([output.time(row.from), row.table.clone()].into_iter().chain(numbers).collect());
    }
    let totals = ops.iter().map(|op| of(*op)).chain([report.changes, report.bytes]).map(grouped);
    grid.row(["total".to_owned(), String::new()].into_iter().chain(totals).collect());
    Ok(output.grid(&grid)?)
}
