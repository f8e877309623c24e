//! The command `follow`.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use trailcore_stream::{Delivery, EventKind, FileStore, Item, Policy, Receipt, Start, Tail, TailOptions};

use crate::cat::Printing;
use crate::failure::Failure;
use crate::interrupt::ending_itself;
use crate::options::{How, Place, Selecting};
use crate::output::{Output, clean};

/// Time between two looks at the wish to stop.
const LOOK: Duration = Duration::from_millis(100);

const EXAMPLES: &str = "\
examples:
  trailcore follow dirdat/lt
  trailcore follow dirdat/lt --end --table 'HR.*' --json
  trailcore follow dirdat/lt --json --checkpoint sales.checkpoint --transactions
  trailcore follow dirdat/lt --on history_reset=stop --on file_torn=continue

It ends at Ctrl-C or SIGTERM with exit code 0. With --checkpoint, the next run continues exactly there.";

/// Prints changes while the trail is written, like tail -F (docs/live.md)
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A prefix such as dirdat/lt, whose files need not exist yet, the trail file to start with, or a directory with one trail
    #[arg(value_name = "PATH")]
    path: PathBuf,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    selecting: Selecting,
    /// Start at the end: only transactions that end later
    #[arg(long, conflicts_with = "from", help_heading = "Following (docs/live.md)")]
    end: bool,
    /// Continue where the last run with this file ended, and keep the place there
    #[arg(long, value_name = "FILE", help_heading = "Following (docs/live.md)")]
    checkpoint: Option<PathBuf>,
    /// Whole transactions: each is printed once its end is there, after a line that names it unless --json
    #[arg(long, help_heading = "Following (docs/live.md)")]
    transactions: bool,
    /// The policy for an event: stop, wait or continue; repeatable. docs/live.md lists the events
    #[arg(long, value_name = "EVENT=POLICY", value_parser = policy, help_heading = "Following (docs/live.md)")]
    on: Vec<(EventKind, Policy)>,
    /// Native JSON lines instead of readable ones
    #[arg(long, help_heading = "Printing")]
    json: bool,
}

fn policy(text: &str) -> Result<(EventKind, Policy), String> {
    let (name, policy) = text.split_once('=').ok_or("write EVENT=POLICY")?;
    let kind = EventKind::from_name(name).ok_or_else(|| {
        let names: Vec<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("unknown event; use one of {}", names.join(", "))
    })?;
    let policy = match policy {
        "stop" => Policy::Stop,
        "wait" => Policy::Wait,
        "continue" => Policy::Continue,
        _ => return Err("unknown policy; use stop, wait or continue".to_owned()),
    };
    Ok((kind, policy))
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    args.how.show(output);
    let options = options(args, output)?;
    let mut tail = match &args.checkpoint {
        Some(path) => Tail::open_with(&args.path, options, FileStore::new(path))?,
        None => Tail::open(&args.path, options)?,
    };
    ending_itself(|| print(&mut tail, &Printing::all(!args.json), output))
}

fn options(args: &Args, output: &Output) -> Result<TailOptions, Failure> {
    let start = match &args.selecting.limits.from {
        _ if args.end => Start::End,
        None => Start::Beginning,
        Some(Place::Position(position)) => Start::Position(*position),
        Some(Place::Csn(csn)) => Start::Csn(csn.clone()),
        Some(Place::Time(time)) => Start::Time(time.in_zone(&output.zone).map_err(Failure::Usage)?),
    };
    let delivery = if args.transactions { Delivery::Transactions } else { Delivery::Changes };
    let mut options = TailOptions::new().start(start).delivery(delivery).read(args.how.reading()?);
    if let Some(select) = args.selecting.select(&output.zone)? {
        options = options.select(select);
    }
    if args.how.resync {
        for kind in [EventKind::Damage, EventKind::FileTorn, EventKind::SequenceGap] {
            options = options.policy(kind, Policy::Continue);
        }
    }
    Ok(args.on.iter().fold(options, |options, (kind, policy)| options.policy(*kind, *policy)))
}

/// Prints the deliveries, until the user stops it.
fn print(tail: &mut Tail, printing: &Printing<'_>, output: &mut Output) -> Result<i32, Failure> {
    let mut line = Vec::with_capacity(1024);
    while !output.is_interrupted() {
        let Some(item) = tail.recv_timeout(LOOK)? else { continue };
        if let Some(receipt) = print_item(&item, printing, &mut line, output)? {
            // Lines that have been written count as done.
            output.flush()?;
            tail.acknowledge(&receipt)?;
        }
    }
    tail.store()?;
    Ok(0)
}

/// Prints an item. Returns the receipt for it, unless it is an event.
fn print_item(item: &Item, printing: &Printing<'_>, line: &mut Vec<u8>, output: &mut Output) -> Result<Option<Receipt>, Failure> {
    match item {
        Item::Changes(batch) => {
            for change in batch.changes() {
                printing.write(&change, line, output)?;
            }
            Ok(Some(batch.receipt()))
        }
        Item::Transaction(transaction) => {
            if printing.text {
                let (csn, xid) = (transaction.csn().unwrap_or("-"), transaction.xid().unwrap_or("-"));
                let unfinished = if transaction.is_complete() { "" } else { " unfinished" };
                let time = output.time(transaction.timestamp());
                let (csn, xid, changes) = (clean(csn), clean(xid), transaction.len());
                writeln!(output, "transaction csn={csn} xid={xid} {time} changes={changes}{unfinished}")?;
            }
            for block in transaction.blocks()? {
                for change in block?.changes() {
                    printing.write(&change, line, output)?;
                }
            }
            Ok(Some(transaction.receipt()))
        }
        Item::Event(event) => {
            output.complain(&clean(&format!("{} at {}: {}", event.kind.name(), event.position, event.what)))?;
            Ok(None)
        }
        _ => Ok(None),
    }
}
