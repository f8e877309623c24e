//! The command `tables`.

use std::io::Write as _;

use trailcore::{Catalog, Op};

use crate::failure::Failure;
use crate::options::{Reading, Selecting, report_rest};
use crate::output::{BOLD, Grid, Output, clean, grouped};
use trailcore::report::{ColumnReport, CountReport};

const EXAMPLES: &str = "\
examples:
  trailcore tables dirdat/lt
  trailcore tables dirdat/lt --table 'HR.*'
  trailcore tables dirdat/lt --defgen
  trailcore tables dirdat/lt --ddl --table HR.EMP

exit codes: see trailcore --help";

/// Shows the tables, with columns and counts
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    selecting: Selecting,
    /// Print a definitions file, as DEFGEN writes them; --defs reads it
    #[arg(long, conflicts_with = "json")]
    defgen: bool,
    /// Print CREATE TABLE statements, as far as the definitions allow
    #[arg(long, conflicts_with_all = ["json", "defgen"])]
    ddl: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let source = args.reading.open(output)?.select(&args.selecting, output)?;
    let (mut report, error) = source.count(output)?;
    if args.selecting.names_tables() {
        // The definitions of all tables are read, not only of the selected ones.
        report.tables.retain(|_, table| table.changes > 0);
    }
    if args.json {
        output.json(&report)?;
    } else if args.defgen || args.ddl {
        print_definitions(args, &report, output)?;
    } else {
        for (name, table) in &report.tables {
            let count = |op: Op| table.ops.get(op.name()).map(|count| format!("{} {op}", grouped(*count)));
            let counts: Vec<_> = Op::ALL.into_iter().filter_map(count).collect();
            let counts = if counts.is_empty() { "no changes".to_owned() } else { counts.join(", ") };
            output.line(&format!("{}: {counts}", clean(name)), BOLD)?;
            match &table.columns {
                Some(columns) => output.grid(&grid(columns))?,
                None => output.line("  the trail does not define it; --defs takes a definitions file", "")?,
            }
            output.line("", "")?;
        }
    }
    if let Some(error) = error {
        return Err(error.into());
    }
    report_rest(&report.read, args.selecting.lenient, output)
}

fn print_definitions(args: &Args, report: &CountReport, output: &mut Output) -> Result<(), Failure> {
    let mut catalog = Catalog::new();
    for table in report.definitions.iter().filter(|table| report.tables.contains_key(table.name())) {
        if args.defgen && !table.is_defined() {
            output.complain(&format!("{}: the trail does not define it", clean(table.name())))?;
        } else {
            catalog.insert((**table).clone());
        }
    }
    if args.defgen {
        return Ok(write!(output, "{}", catalog.to_defgen()?)?);
    }
    let mut tables: Vec<_> = catalog.tables().collect();
    tables.sort_by(|one, other| one.name().cmp(other.name()));
    for (index, table) in tables.into_iter().enumerate() {
        let blank = if index > 0 { "\n" } else { "" };
        write!(output, "{blank}{}", table.to_ddl())?;
    }
    Ok(())
}

fn grid(columns: &[ColumnReport]) -> Grid {
    let mut grid = Grid::new(&["  column", "kind", "scale", "length", "key", "null", "charset"], &["scale", "length"]);
    for column in columns {
        grid.row(vec![
            format!("  {}", column.name),
            column.kind.to_owned(),
            if column.scale == 0 { String::new() } else { column.scale.to_string() },
            grouped(column.length.into()),
            if column.key { "key".to_owned() } else { String::new() },
            match column.nullable {
                Some(true) => "",
                Some(false) => "not null",
                None => "?",
            }
            .to_owned(),
            column.charset.clone().unwrap_or_default(),
        ]);
    }
    grid
}
