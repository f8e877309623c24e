//! The command `explain`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::failure::{Failure, USAGE};
use crate::options::{Reading, Selecting, report_rest, worse};
use crate::output::Output;
use trailcore::Op;
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
    let (mut met, mut definitions) = (HashSet::new(), BTreeMap::<String, Vec<_>>::new());
    let mut objects = BTreeSet::new();
    while let Some(change) = reader.next()? {
        if change.op() == Op::Ddl && !objects.contains(&*change.table_name()) {
            objects.insert(change.table_name().into_owned());
        }
        if !change.table().name().is_empty() && met.insert(change.table_id()) {
            definitions.entry(change.table().name().to_owned()).or_default().push(Arc::clone(change.table()));
        }
    }
    bar.done();
    // The latest definition of each table. A column that only an earlier one has is missing from its rows.
    let latest = definitions.values().filter_map(|all| all.last().map(|table| select.bind_among(table, all)));
    let programs: Vec<_> = latest.collect();
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
    let tables: BTreeSet<String> = definitions.into_keys().chain(reader.tables().map(|table| table.name().to_owned())).collect();
    let unmatched = select.unmatched(tables.iter().chain(&objects).map(String::as_str));
    let named = tables.into_iter().filter(|name| !name.is_empty());
    let rest = report_rest(&reader.report().with_unmatched(unmatched, named), false, output)?;
    Ok(if unfit { worse(rest, USAGE) } else { rest })
}
