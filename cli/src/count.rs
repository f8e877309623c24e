//! The command `count`.

use trailcore::Op;

use crate::failure::Failure;
use crate::options::{Reading, Selecting, Source, only_damage, report_counted};
use crate::output::{Grid, Output, clean, grouped};
use trailcore::report::{CountReport, ReadReport, RecordCountReport};

const EXAMPLES: &str = "\
examples:
  trailcore count dirdat/lt
  trailcore count dirdat/lt --table 'HR.*' --from csn:7824137850
  trailcore count dirdat/lt --records

exit codes: see trailcore --help";

/// Counts changes by table and operation, and transactions; shows the ranges of positions, times and CSNs
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    selecting: Selecting,
    /// Count records by type instead, with their sizes
    #[arg(long, conflicts_with_all = ["table", "exclude", "where_", "filter", "param_file", "ops", "from", "until"])]
    records: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let source = args.reading.open(output)?;
    if args.records {
        return records(args, &source, output);
    }
    let source = source.select(&args.selecting, output)?;
    let (report, damage) = source.count(output)?;
    if args.json {
        output.json(&report)?;
    } else {
        show(&report, output)?;
    }
    report_counted(&report.read, damage, args.selecting.lenient, output)
}

fn show(report: &CountReport, output: &mut Output) -> Result<(), Failure> {
    let of = |op: Op| report.tables.values().map(|table| table.ops.get(op.name()).copied().unwrap_or(0)).sum::<u64>();
    let ops: Vec<_> = Op::ALL.into_iter().filter(|op| of(*op) > 0).collect();
    let names: Vec<_> = ops.iter().map(|op| op.name()).chain(["changes", "bytes"]).collect();
    let head: Vec<_> = ["table"].into_iter().chain(names.iter().copied()).collect();
    let mut grid = Grid::new(&head, &names);
    for (name, table) in report.tables.iter().filter(|(_, table)| table.changes > 0) {
        let counts = ops.iter().map(|op| table.ops.get(op.name()).copied().unwrap_or(0));
        let numbers = counts.chain([table.changes, table.bytes]).map(grouped);
        grid.row([name.clone()].into_iter().chain(numbers).collect());
    }
    let totals = ops.iter().map(|op| of(*op)).chain([report.changes, report.bytes]).map(grouped);
    grid.row(["total".to_owned()].into_iter().chain(totals).collect());
    output.grid(&grid)?;
    output.line(&format!("transactions {}", grouped(report.transactions)), "")?;
    let positions = report.positions.as_ref().map(|(first, last)| format!("positions {first} to {last}"));
    let times = report.times.as_ref().map(|(first, last)| format!("times {} to {}", output.time(*first), output.time(*last)));
    let csns = report.csns.as_ref().map(|(first, last)| format!("csns {first} to {last}"));
    for line in [positions, times, csns].into_iter().flatten() {
        output.line(&clean(&line), "")?;
    }
    Ok(())
}

fn records(args: &Args, source: &Source, output: &mut Output) -> Result<i32, Failure> {
    let (options, bar) = source.watched(output, false)?;
    let (report, error) = RecordCountReport::of(&source.trail, &options)?;
    bar.done();
    let damage = only_damage(error)?;
    if args.json {
        output.json(&report)?;
    } else {
        let mut grid =
            Grid::new(&["type", "records", "bytes", "average", "largest"], &["records", "bytes", "average", "largest"]);
        for (name, count) in &report.types {
            let average = count.bytes.checked_div(count.records).unwrap_or(0);
            let numbers = [count.records, count.bytes, average, count.largest].map(grouped);
            grid.row([name.clone()].into_iter().chain(numbers).collect());
        }
        let average = report.bytes.checked_div(report.records).unwrap_or(0);
        let largest = report.types.values().map(|count| count.largest).max().unwrap_or(0);
        let numbers = [report.records, report.bytes, average, largest].map(grouped);
        grid.row(["total".to_owned()].into_iter().chain(numbers).collect());
        output.grid(&grid)?;
    }
    report_counted(&ReadReport::of_skipped(&report.ranges), damage, false, output)
}
