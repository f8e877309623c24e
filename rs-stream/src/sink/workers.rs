//! [`PostgresWorkers`]: several connections to PostgreSQL that apply changes at once, each those of rows of its own.

use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use trailcore::change::OwnedChange;
use trailcore::{Change, Error, ErrorKind, Op, Result, Row, Value};
use twox_hash::XxHash64;

use super::postgres::{PostgresOptions, PostgresSink};
use super::{Promise, Sink};
use crate::checkpoint::Checkpoint;
use crate::options::Delivery;

/// Changes that a worker gets together.
const TOGETHER: usize = 256;
/// Tasks that wait for a worker, at most.
const QUEUE: usize = 4;

/// Leads each change to the worker that has the rows with its key, in a thread and a transaction of its own.
///
/// A commit has two phases. Each worker prepares its transaction; then the position is stored, which decides; then the prepared
/// transactions are committed. What a crash leaves prepared is committed by the next start if the position was stored, else rolled back. So
/// the changes of all workers and the position are committed as one, and each change is there exactly once. A change that is about several
/// rows, or needs their order, comes on its own between two commits; see [`Sink::write_alone`].
pub(crate) struct PostgresWorkers {
    /// Has the position.
    keeper: PostgresSink,
    workers: Vec<Worker>,
    alone: bool,
}

struct Worker {
    /// `None` once it has to end.
    tasks: Option<Sender<Task>>,
    thread: Option<JoinHandle<()>>,
    /// Changes that the thread does not have yet.
    waiting: Vec<OwnedChange>,
}

type Task = Box<dyn FnOnce(&mut State) + Send>;

/// The state of a worker's thread.
struct State {
    index: usize,
    sink: PostgresSink,
    refused: Vec<(OwnedChange, Error)>,
    /// The error of a write, after which nothing is written until it is rolled back.
    failed: Option<Error>,
    /// The name of its prepared transaction.
    prepared: Option<String>,
}

impl PostgresWorkers {
    /// Starts the threads, without connecting.
    ///
    /// # Errors
    /// Those of [`PostgresSink::new`]; [`Io`](ErrorKind::Io) if a thread cannot be started.
    pub(crate) fn new(options: &PostgresOptions, count: usize) -> Result<Self> {
        let keeper = PostgresSink::new(options.clone())?.keeping_for_workers();
        let worker = |index| Worker::start(index, PostgresSink::new(options.clone())?.for_rows_of_a_worker());
        Ok(Self { keeper, workers: (0..count).map(worker).collect::<Result<_>>()?, alone: false })
    }

    /// Runs a function in all workers at once, after the changes that they have got, and waits for all of them. Returns the first error.
    fn all<T: Send + 'static>(&mut self, run: impl Fn(&mut State) -> Result<T> + Clone + Send + 'static) -> Result<Vec<T>> {
        self.workers.iter_mut().for_each(Worker::pass_on);
        let answers: Vec<_> = self.workers.iter().map(|worker| worker.ask(run.clone())).collect();
        let answers: Vec<_> = answers.into_iter().map(answer).collect();
        answers.into_iter().collect()
    }

    /// Checks that the server can commit the transactions of all workers as one.
    fn check_server(&mut self) -> Result<()> {
        let (allowed, wanted) = (self.keeper.prepared_transactions()?, self.workers.len());
        if allowed >= wanted {
            return Ok(());
        }
        let what = format!("PostgreSQL allows {allowed} prepared transactions, and {wanted} workers need one each");
        Err(Error::new(ErrorKind::InvalidArgument, what)
            .hint("raise max_prepared_transactions of the server, or set workers to 1"))
    }
}

fn answer<T>(receiver: Receiver<Result<T>>) -> Result<T> {
    receiver.recv().unwrap_or_else(|_| Err(Error::internal("a worker of a sink has panicked")))
}

impl Worker {
    fn start(index: usize, sink: PostgresSink) -> Result<Self> {
        let (tasks, received) = bounded::<Task>(QUEUE);
        let mut state = State { index, sink, refused: Vec::new(), failed: None, prepared: None };
        let run = move || received.into_iter().for_each(|task| task(&mut state));
        let thread = std::thread::Builder::new().name("worker".to_owned()).spawn(run).map_err(|error| Error::thread(&error))?;
        Ok(Self { tasks: Some(tasks), thread: Some(thread), waiting: Vec::new() })
    }

    /// Runs a function in the thread. Its answer comes through the channel, which is closed if the thread has ended.
    fn ask<T: Send + 'static>(&self, run: impl FnOnce(&mut State) -> Result<T> + Send + 'static) -> Receiver<Result<T>> {
        let (sender, receiver) = bounded(1);
        self.give(Box::new(move |state| drop(sender.send(run(state)))));
        receiver
    }

    fn push(&mut self, change: &Change<'_>) {
        self.waiting.push(change.to_owned());
        if self.waiting.len() >= TOGETHER {
            self.pass_on();
        }
    }

    fn pass_on(&mut self) {
        if !self.waiting.is_empty() {
            let changes = std::mem::take(&mut self.waiting);
            self.give(Box::new(move |state| state.write(changes)));
        }
    }

    fn give(&self, task: Task) {
        // A thread that has ended is found with the next answer.
        drop(self.tasks.as_ref().map(|tasks| tasks.send(task)));
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.tasks = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a worker of a sink has panicked");
        }
    }
}

impl State {
    fn write(&mut self, changes: Vec<OwnedChange>) {
        for change in changes {
            if self.failed.is_some() {
                return;
            }
            match self.sink.write(&change.as_change()) {
                Ok(()) => {}
                Err(error) if crate::pipeline::refuses(&error) => self.refused.push((change, error)),
                Err(error) => self.failed = Some(error),
            }
        }
    }

    fn take_refused(&mut self) -> Result<Vec<(OwnedChange, Error)>> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let mut refused = std::mem::take(&mut self.refused);
        refused.extend(self.sink.take_refused()?);
        Ok(refused)
    }

    /// The first phase of a commit.
    fn prepare(&mut self, name: &str) -> Result<()> {
        let name = format!("{name}{}", self.index);
        self.prepared = self.sink.prepare(&name)?.then_some(name);
        Ok(())
    }

    /// The second phase.
    fn end(&mut self, commits: bool) -> Result<()> {
        if let Some(name) = self.prepared.take() {
            self.sink.end_prepared(&name, commits)?;
            crate::point::reach("worker committed");
        }
        if commits {
            self.sink.count_committed();
        }
        Ok(())
    }

    fn roll_back(&mut self) -> Result<()> {
        (self.refused, self.failed, self.prepared) = (Vec::new(), None, None);
        self.sink.forget_tables();
        self.sink.roll_back()
    }
}

/// Returns the key of the row that a change is about, with its table; `None` if it is about several rows, or if that is not known.
pub(crate) fn row_key(change: &Change<'_>) -> Result<Option<Vec<u8>>> {
    if !matches!(change.op(), Op::Insert | Op::Update | Op::Delete) {
        return Ok(None);
    }
    let (before, after) = change.images()?;
    let key = |row: Option<Row<'_>>| row.and_then(|row| key_of(change, &row));
    Ok(match (key(before), key(after)) {
        (Some(old), Some(new)) if old != new => None,
        (old, new) => old.or(new),
    })
}

/// Returns the values of the key's columns in an image, if it has all of them. Values that the server may take for equal, such as `1` and
/// `1.0`, are made equal, as are tables that differ in their database or in upper and lower case: they can be the same row, which must be
/// one worker's.
fn key_of(change: &Change<'_>, row: &Row<'_>) -> Option<Vec<u8>> {
    let name = change.table_name();
    let mut key = name.rsplit('.').next().unwrap_or_default().to_lowercase().into_bytes();
    let mut columns = change.table().key().peekable();
    columns.peek()?;
    for column in columns {
        let text = match row.get(&column.name)?.value() {
            Value::Text(text) => text.trim_end_matches(' ').to_lowercase(),
            Value::Number(number) => significant_digits(&number.to_string()),
            Value::DateTime(time) => significant_digits(&time.to_string()),
            _ => return None,
        };
        key.push(0);
        key.extend_from_slice(text.as_bytes());
    }
    Some(key)
}

/// Returns the digits of a number or time without zeros at the start and the end, which have no meaning in some of its forms.
fn significant_digits(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

impl Sink for PostgresWorkers {
    fn promise(&self) -> Promise {
        Promise::ExactlyOnce
    }

    fn unit(&self) -> Delivery {
        Delivery::Transactions
    }

    fn is_parallel(&self) -> bool {
        true
    }

    fn load(&mut self) -> Result<Option<Checkpoint>> {
        self.roll_back()?;
        self.check_server()?;
        self.keeper.load()
    }

    fn peek(&mut self) -> Result<Option<Checkpoint>> {
        self.keeper.peek()
    }

    fn write_alone(&mut self, alone: bool) {
        self.alone = alone;
    }

    fn write(&mut self, change: &Change<'_>) -> Result<()> {
        let key = if self.alone { None } else { row_key(change)? };
        if key.is_none() && !self.alone {
            let what = format!(
                "table {} has no key, change at {}: workers cannot share its rows",
                change.table_name(),
                change.position()
            );
            return Err(Error::new(ErrorKind::InvalidArgument, what).hint("set workers to 1"));
        }
        let count = self.workers.len() as u64;
        let place = key.and_then(|key| XxHash64::oneshot(0, &key).checked_rem(count)).unwrap_or_default();
        match usize::try_from(place).ok().and_then(|place| self.workers.get_mut(place)) {
            Some(worker) => worker.push(change),
            None => return Err(Error::internal("a sink without workers")),
        }
        Ok(())
    }

    fn take_refused(&mut self) -> Result<Vec<(OwnedChange, Error)>> {
        let mut refused: Vec<_> = self.all(State::take_refused)?.into_iter().flatten().collect();
        refused.sort_by_key(|(change, _)| change.as_change().position());
        Ok(refused)
    }

    fn commit(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        if let Some((_, error)) = self.take_refused()?.into_iter().next() {
            // Its caller has not asked for it.
            return Err(error);
        }
        let name = self.keeper.next_name()?;
        let prepared = self.all(move |state| state.prepare(&name));
        crate::point::reach("workers prepared");
        let decided = match prepared {
            Ok(_) => self.keeper.decide(checkpoint),
            Err(error) => Err(error),
        };
        crate::point::reach("position written");
        if let Err(error) = decided {
            // If the server has stored the position and its answer is lost, the next load finds that.
            if !self.keeper.is_undecided() {
                self.all(|state| state.end(false))?;
            }
            return Err(error);
        }
        self.all(|state| state.end(true))?;
        Ok(())
    }

    fn roll_back(&mut self) -> Result<()> {
        self.workers.iter_mut().for_each(|worker| worker.waiting.clear());
        self.all(State::roll_back).map(drop)
    }

    fn check(&mut self) -> Result<()> {
        self.keeper.check()?;
        self.check_server()
    }

    fn counts(&self) -> Vec<(&'static str, u64)> {
        let mut sums: std::collections::BTreeMap<&'static str, u64> = std::collections::BTreeMap::new();
        for worker in &self.workers {
            let counts = answer(worker.ask(|state| Ok(state.sink.counts()))).unwrap_or_default();
            counts.into_iter().for_each(|(name, count)| *sums.entry(name).or_default() += count);
        }
        sums.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use trailcore::change::{Builder, Number};
    use trailcore::schema::{ColumnDef, TableDef};

    use super::*;

    #[test]
    fn values_that_the_server_takes_for_equal_are_one_row() {
        let key = |table: &str, text: &str, number: &str| {
            let columns = vec![ColumnDef::varchar("C", 9).key(), ColumnDef::number("N").key()];
            let table = Arc::new(TableDef::new(table, columns));
            let change = Builder::new(Op::Insert, &table).after("C", &Value::Text(text.into())).unwrap();
            let change = change.after("N", &Value::Number(Number::Text(number))).unwrap().build().unwrap();
            row_key(&change.as_change()).unwrap().unwrap()
        };
        let one = key("BANK.T", "a", "1.5");
        for (table, text, number) in
            [("BANK.T", "a  ", "1.50"), ("BANK.T", "A", "1.500"), ("PDB2.BANK.T", "a", "1.50000"), ("bank.t", "a", "1.5")]
        {
            assert_eq!(key(table, text, number), one, "{table} {text} {number}");
        }
        assert!(key("BANK.T", "b", "1.5") != one && key("BANK.T", "a", "1.6") != one && key("BANK.U", "a", "1.5") != one);
    }
}
