//! The command `explain`.

use crate::failure::{Failure, USAGE};
use crate::options::{Reading, Selecting, report_rest};
use crate::output::Output;
use trailcore::report::{ExplainReport, TableExplained};

const EXAMPLES: &str = "\
examples:
  trailcore explain dirdat/lt --table HR.EMP --where 'SALARY > 1000'
  trailcore explain dirdat/lt --param-file dirprm/ext.prm

exit codes: see trailcore --help";

/// Shows how a selection decides on each table of the trail, and what is doubtful in it
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    selecting: Selecting,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    // The whole trail is read for its definitions; the selection is only explained.
    let source = args.reading.open(output)?;
    let select = args.selecting.select(&output.zone)?;
    let Some(select) = select else {
        match args.json {
            true => output.json(&ExplainReport { selection: None, lints: None, tables: Vec::new() })?,
            false => output.line("no selection: all changes are selected", "")?,
        }
        return Ok(0);
    };
    let (options, bar) = source.watched(output, false)?;
    let mut reader = source.trail.reader_with(options)?;
    while reader.next()?.is_some() {}
    bar.done();
    let mut tables: Vec<_> = reader.tables().filter(|table| !table.name().is_empty()).collect();
    tables.sort_by(|one, other| one.name().cmp(other.name()));
    let programs: Vec<_> = tables.iter().map(|table| select.bind(table)).collect();
    let unfit = programs.iter().any(|program| program.problems().is_some());
    let explained = programs
        .iter()
        .map(|program| TableExplained { table: program.table().name().to_owned(), text: program.explain().to_string() });
    let lints = (!select.lints().is_empty()).then(|| select.lint_text());
    let report = ExplainReport { selection: Some(select.to_string()), lints, tables: explained.collect() };
    if args.json {
        output.json(&report)?;
    } else {
        output.line(&format!("{select}\n"), "")?;
        if let Some(lints) = &report.lints {
            output.complain(lints)?;
        }
        for table in &report.tables {
            output.line(&table.text, "")?;
        }
    }
    if unfit {
        return Ok(USAGE);
    }
    report_rest(&reader.report(), false, output)
}
