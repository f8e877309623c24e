//! The command line `trailcore`: looks into Oracle GoldenGate trails, prints, filters and converts them. `docs/cli.md` is its
//! guide. The program and the Python package's script run the same [`main_with`].

mod anonymise;
mod cat;
mod check;
mod completions;
mod convert;
mod count;
mod diff;
mod explain;
mod failure;
mod find;
mod follow;
mod history;
mod index;
mod info;
mod interrupt;
mod matching;
mod ops;
mod options;
mod output;
mod program;
mod records;
mod run;
mod save;
mod state;
mod tables;
mod transactions;
mod volume;
mod zone;

use std::ffi::OsString;
use std::io::Write as _;

use clap::{CommandFactory, Parser, Subcommand};

use crate::failure::Failure;
use crate::output::Output;

pub use crate::interrupt::{INTERRUPTED, Interrupted, ends_itself};
pub use crate::program::program;

const EXAMPLES: &str = "\
examples:
  trailcore info dirdat/lt
  trailcore count dirdat/lt
  trailcore cat dirdat/lt --table 'HR.*' --ops insert,update --limit 10
  trailcore convert dirdat/lt tables/ --format parquet

exit codes:
  0    complete: everything was read, or the trail is whole
  1    damage; everything before it is printed
  2    wrong arguments, or a selection that does not fit a table
  3    a file cannot be read or written
  4    the trail is still being written: its end is torn, or inside a transaction
  5    rows are undecided: the selection needs a column that they lack
  6    diff: the trails differ
  130  Ctrl-C

trailcore is independent of Oracle. \"GoldenGate\" is a mark of Oracle.";

/// Looks into GoldenGate trails, prints them, and converts them
#[derive(Parser)]
#[command(name = "trailcore", version, after_help = EXAMPLES, disable_help_subcommand = true, arg_required_else_help = false, subcommand_value_name = "COMMAND")]
#[command(max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Info(info::Args),
    Tables(tables::Args),
    Count(count::Args),
    Cat(cat::Args),
    Follow(follow::Args),
    Run(run::Args),
    Records(records::Args),
    Find(find::Args),
    Index(index::Args),
    State(state::Args),
    History(history::Args),
    Diff(diff::Args),
    Volume(volume::Args),
    Transactions(transactions::Args),
    Check(check::Args),
    Explain(explain::Args),
    Convert(convert::Args),
    Save(save::Args),
    Anonymise(anonymise::Args),
    Ops(ops::Args),
    Completions(completions::Args),
}

impl Command {
    fn run(&self, output: &mut Output) -> Result<i32, Failure> {
        match self {
            Self::Info(args) => info::run(args, output),
            Self::Tables(args) => tables::run(args, output),
            Self::Count(args) => count::run(args, output),
            Self::Cat(args) => cat::run(args, output),
            Self::Follow(args) => follow::run(args, output),
            Self::Run(args) => run::run(args, output),
            Self::Records(args) => records::run(args, output),
            Self::Find(args) => find::run(args, output),
            Self::Index(args) => index::run(args, output),
            Self::State(args) => state::run(args, output),
            Self::History(args) => history::run(args, output),
            Self::Diff(args) => diff::run(args, output),
            Self::Volume(args) => volume::run(args, output),
            Self::Transactions(args) => transactions::run(args, output),
            Self::Check(args) => check::run(args, output),
            Self::Explain(args) => explain::run(args, output),
            Self::Convert(args) => convert::run(args, output),
            Self::Save(args) => save::run(args, output),
            Self::Anonymise(args) => anonymise::run(args, output),
            Self::Ops(args) => ops::run(args, output),
            Self::Completions(args) => completions::run(args, &mut Cli::command(), output),
        }
    }
}

/// Runs the command line with these arguments, the first of which is the program's name, and returns the exit code.
///
/// It writes to the standard output and the standard error of the process. It installs no signal handlers: `interrupted` is
/// called while it works.
pub fn main_with(args: impl IntoIterator<Item = impl Into<OsString> + Clone>, interrupted: Interrupted) -> i32 {
    let mut output = match Output::new(interrupted) {
        Ok(output) => output,
        Err(error) => return output::report(&Failure::Output(error), false),
    };
    let outcome = match Cli::try_parse_from(args) {
        Ok(cli) => cli.command.run(&mut output),
        // Help and the version are not failures.
        Err(error) if !error.use_stderr() => write!(output, "{error}").map(|()| 0).map_err(Failure::from),
        Err(error) => Err(Failure::of_arguments(&error)),
    };
    output.finish(outcome)
}
