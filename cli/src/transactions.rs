//! The command `transactions`.

use trailcore::analysis::{TransactionsOptions, TransactionsReport};

use crate::failure::Failure;
use crate::options::{Reading, Selecting, only_damage, report_counted};
use crate::output::{Grid, Output, grouped};

const EXAMPLES: &str = "\
examples:
  trailcore transactions dirdat/lt --min-changes 10000
  trailcore transactions dirdat/lt --from csn:7824137850 --limit 20
  trailcore transactions dirdat/lt --min-changes 1000 --json

exit codes: see trailcore --help";

/// Shows transactions: their changes, bytes, duration and tables
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    selecting: Selecting,
    /// Only transactions of at least N changes
    #[arg(long, value_name = "N", default_value_t = 1)]
    min_changes: u64,
    /// Show at most N transactions; all are counted
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    limit: u64,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let source = args.reading.open(output)?.select(&args.selecting, output)?;
    let (read, bar) = source.watched(output, false)?;
    let options = TransactionsOptions::new(args.min_changes).most(args.limit);
    let (report, error) = TransactionsReport::of(&source.trail, &options, read)?;
    bar.done();
    let damage = only_damage(error)?;
    if args.json {
        output.json(&report)?;
    } else {
        show(&report, output)?;
    }
    report_counted(&report.read, damage, args.selecting.lenient, output)
}

fn show(report: &TransactionsReport, output: &mut Output) -> Result<(), Failure> {
    let numbers = ["changes", "bytes", "seconds"];
    let mut grid = Grid::new(&["position", "csn", "xid", "time", "changes", "bytes", "seconds", "tables", ""], &numbers);
    for row in &report.rows {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let tables: Vec<_> = row.tables.iter().map(|(table, changes)| format!("{table} {}", grouped(*changes))).collect();
        grid.row(vec![
            row.position.to_string(),
            text(&row.csn),
            text(&row.xid),
            output.time(row.timestamp),
            grouped(row.changes),
            grouped(row.bytes),
            format!("{}.{:06}", row.duration / 1_000_000, row.duration % 1_000_000),
            tables.join(", "),
            if row.is_finished { String::new() } else { "unfinished".to_owned() },
        ]);
    }
    output.grid(&grid)?;
    let (found, all) = (grouped(report.found), grouped(report.transactions));
    Ok(output.line(&format!("{found} of {all} transactions have {} changes or more", grouped(report.min_changes)), "")?)
}
