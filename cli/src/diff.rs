//! The command `diff`.

use std::path::PathBuf;

use trailcore::analysis::{Cell, DiffOptions, DiffReport, DiffTable};
use trailcore::report::ReadReport;

use crate::failure::{DIFFERENT, Failure, UNDECIDED};
use crate::options::{How, Selecting, open, report_rest, worse};
use crate::output::{Grid, Output, grouped};

const EXAMPLES: &str = "\
examples:
  trailcore diff dirdat/lt copy/lt
  trailcore diff dirdat/lt target.jsonl --order-free --table HR.EMP
  trailcore diff dirdat/lt copy/lt --json

exit codes: 6 if there are differences; others: see trailcore --help";

/// Compares two trails: the changes of each row in their order, or the rows at the end
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A trail file, a prefix such as dirdat/lt, or a directory with one trail
    #[arg(value_name = "LEFT")]
    left: PathBuf,
    /// The other trail
    #[arg(value_name = "RIGHT")]
    right: PathBuf,
    /// Compare the rows at the end, in place of the changes in their order
    #[arg(long)]
    order_free: bool,
    /// The columns that identify a row in all tables, separated by commas, in place of the keys in the definitions
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    key: Vec<String>,
    /// Compare CSN, transaction id and time, too
    #[arg(long)]
    metadata: bool,
    /// Show at most N differences
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u64,
    /// Maximum memory in bytes
    #[arg(long, value_name = "N")]
    max_bytes: Option<u64>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    selecting: Selecting,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let left = open(std::slice::from_ref(&args.left), &args.how, output)?.select(&args.selecting, output)?;
    let right = open(std::slice::from_ref(&args.right), &args.how, output)?.select(&args.selecting, output)?;
    let mut options = DiffOptions::new().order_free(args.order_free).metadata(args.metadata).most(args.limit);
    if !args.key.is_empty() {
        options = options.key(&args.key);
    }
    if let Some(max_bytes) = args.max_bytes {
        options = options.max_bytes(max_bytes);
    }
    let (read, bar) = left.watched(output, false)?;
    let report = left.trail.diff(&right.trail, &options, (read, right.options.clone()))?;
    bar.done();
    if args.json {
        output.json(&report)?;
    } else {
        show(&report, output)?;
    }
    // A table that one trail has is not misspelt.
    let missing = |read: &ReadReport, name: &str| read.unmatched.iter().flatten().any(|own| own == name);
    let left_read = report.left.read.clone().without_unmatched(|name| !missing(&report.right.read, name));
    let right_read = report.right.read.clone().without_unmatched(|_| true);
    let mut worst = 0;
    for (name, side, read) in [("left", &report.left, left_read), ("right", &report.right, right_read)] {
        if side.unidentified > 0 {
            let number = grouped(side.unidentified);
            output
                .complain(&format!("{number} changes of the {name} trail lack columns of the key, and were not carried out"))?;
            worst = worse(worst, UNDECIDED);
        }
        worst = worse(worst, report_rest(&read, args.selecting.lenient, output)?);
    }
    let differs = report.tables.values().any(DiffTable::differs);
    Ok(if worst == 0 && differs { DIFFERENT } else { worst })
}

fn show(report: &DiffReport, output: &mut Output) -> Result<(), Failure> {
    let numbers = ["equal", "different", "only left", "only right"];
    let mut grid = Grid::new(&["table", "equal", "different", "only left", "only right", "columns"], &numbers);
    for (name, table) in &report.tables {
        let columns: Vec<_> = table.columns.iter().map(|(column, number)| format!("{column} {}", grouped(*number))).collect();
        let counts = [table.equal, table.different, table.only_left, table.only_right].map(grouped);
        grid.row([name.clone()].into_iter().chain(counts).chain([columns.join(", ")]).collect());
    }
    output.grid(&grid)?;
    if report.rows.is_empty() {
        return Ok(());
    }
    output.line("", "")?;
    let mut grid = Grid::new(&["table", "key", "column", "left", "right"], &[]);
    for row in &report.rows {
        let key: Vec<_> = row.key.iter().map(|(column, cell)| format!("{column}={}", shown(Some(cell)))).collect();
        let column = match (row.image, &row.column) {
            (Some("before"), Some(column)) => format!("before {column}"),
            (_, Some(column)) => column.clone(),
            (_, None) => "-".to_owned(),
        };
        grid.row(vec![row.table.clone(), key.join(" "), column, shown(row.left.as_ref()), shown(row.right.as_ref())]);
    }
    output.grid(&grid)?;
    if report.more_rows > 0 {
        output.line(&format!("and {} more differences", grouped(report.more_rows)), "")?;
    }
    Ok(())
}

/// Returns a value in native JSON, or the state of a column without one.
fn shown(cell: Option<&Cell>) -> String {
    match cell {
        Some(cell) if matches!(cell.state, "value" | "invalid") => serde_json::to_string(&cell.value).unwrap_or_default(),
        Some(cell) if cell.state == "null" => "NULL".to_owned(),
        Some(cell) => cell.state.to_owned(),
        None => "-".to_owned(),
    }
}
