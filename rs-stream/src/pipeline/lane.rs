//! [`Lane`]: the thread of a pipeline that writes to one sink.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use trailcore::{Change, Error, ErrorKind, Result};

use super::definitions::Definitions;
use super::letters::{DeadLetters, Form, refuses};
use super::mapping::Mapping;
use super::options::PipelineOptions;
use super::status::{LaneStatus, State};
use crate::acknowledge::Receipt;
use crate::checkpoint::{Checkpoint, CheckpointStore, Loaded, unix_micros};
use crate::event::{Event, EventKind, Policy};
use crate::hub::Door;
use crate::item::{Item, Part, Transaction};
use crate::options::{Delivery, Start};
use crate::sink::Sink;
use crate::tail::{Tail, TailHandle};

/// How long an idle lane waits until it looks whether its place is in another file. A command ends the wait.
const LONG: Duration = Duration::from_secs(60);
/// The same while it waits for the end of a cause that keeps it from the end of the trail.
const SHORT: Duration = Duration::from_millis(10);

/// The task of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Wanted {
    #[default]
    Run,
    Pause,
    /// Read to the end, then stop.
    Drain,
    Stop,
}

/// The state that a lane shares with its pipeline.
#[derive(Debug, Default)]
pub(super) struct Control {
    wanted: Mutex<Wanted>,
    changed: Condvar,
    tail: Mutex<Option<TailHandle>>,
    status: Mutex<LaneStatus>,
}

impl Control {
    pub(super) fn want(&self, wanted: Wanted) {
        *self.wanted.lock() = wanted;
        self.changed.notify_all();
        // The tail ends its wait; the lane opens another one if it goes on.
        if let Some(tail) = self.tail.lock().as_ref() {
            tail.stop();
        }
    }

    fn wanted(&self) -> Wanted {
        *self.wanted.lock()
    }

    /// Waits while a pause is wanted. Returns what is wanted then.
    fn wait_for_pause(&self) -> Wanted {
        let mut wanted = self.wanted.lock();
        if *wanted == Wanted::Pause {
            self.state(State::Paused);
        }
        while *wanted == Wanted::Pause {
            self.changed.wait(&mut wanted);
        }
        *wanted
    }

    /// Waits for a time, or until something else is wanted than what an attempt was begun with.
    fn wait(&self, time: Duration, begun: Wanted) {
        let until = Instant::now() + time;
        let mut wanted = self.wanted.lock();
        while *wanted == begun && !self.changed.wait_until(&mut wanted, until).timed_out() {}
    }

    /// Returns whether it is to stop.
    fn is_stopping(&self) -> bool {
        self.wanted() == Wanted::Stop
    }

    fn state(&self, state: State) {
        self.status.lock().state = state;
    }
}

/// A lane, and its thread.
pub(super) struct Lane {
    control: Arc<Control>,
    thread: Option<JoinHandle<(Worker, Result<()>)>>,
    /// The worker, while no thread has it.
    idle: Option<Worker>,
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane").field("control", &self.control).finish_non_exhaustive()
    }
}

impl Lane {
    pub(super) fn start(
        options: Arc<PipelineOptions>,
        name: String,
        mut sink: Box<dyn Sink>,
        door: Option<Door>,
    ) -> Result<Self> {
        let control = Arc::new(Control::default());
        let stopping = Arc::clone(&control);
        sink.ends_waits_when(Arc::new(move || stopping.is_stopping()));
        control.status.lock().sink.clone_from(&name);
        let letters = options.dead_letters.as_deref().map(|folder| DeadLetters::new(folder, &options.name, &name));
        let (tries, is_final, place) = (0, false, None);
        let worker = Worker { options, name, sink, letters, control: Arc::clone(&control), tries, is_final, place, door };
        let mut lane = Self { control, thread: None, idle: Some(worker) };
        lane.start_again()?;
        Ok(lane)
    }

    /// Starts the thread, unless it runs.
    pub(super) fn start_again(&mut self) -> Result<()> {
        if self.thread.as_ref().is_some_and(JoinHandle::is_finished) {
            // Its error is in the status.
            let _ = self.join();
        }
        let Some(mut worker) = self.idle.take() else { return Ok(()) };
        let name: String = worker.options.name.chars().take(15).collect();
        let run = move || {
            let outcome = worker.run();
            (worker, outcome)
        };
        self.thread = Some(std::thread::Builder::new().name(name).spawn(run).map_err(|error| Error::thread(&error))?);
        Ok(())
    }

    pub(super) fn control(&self) -> &Control {
        &self.control
    }

    pub(super) fn status(&self) -> LaneStatus {
        let tail = self.control.tail.lock().clone();
        let mut status = self.control.status.lock().clone();
        // Without files to list there is no lag; the lane itself reports why.
        status.lag = tail.and_then(|tail| tail.lag().ok());
        status
    }

    /// Returns whether there is no thread that works.
    pub(super) fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for the thread.
    pub(super) fn join(&mut self) -> Result<()> {
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok((worker, outcome))) => {
                self.idle = Some(worker);
                outcome
            }
            Some(Err(_)) => {
                self.control.state(State::Failed);
                Err(Error::internal("a lane of the pipeline has panicked"))
            }
        }
    }
}

/// The objects that the thread works with.
struct Worker {
    options: Arc<PipelineOptions>,
    name: String,
    sink: Box<dyn Sink>,
    letters: Option<DeadLetters>,
    control: Arc<Control>,
    /// Tries since the last commit.
    tries: u32,
    /// The last error is one that trying again does not help against.
    is_final: bool,
    /// The file in which the place of the sink is; `None` before the first commit.
    place: Option<u64>,
    /// A reading of the trail that is shared with others.
    door: Option<Door>,
}

/// The checkpoint that the sink has: the tail starts there and stores nothing, since the sink does.
struct OfSink(Option<Checkpoint>);

impl CheckpointStore for OfSink {
    fn load(&mut self) -> Result<Option<Loaded>> {
        Ok(self.0.take().map(Loaded::from))
    }

    fn store(&mut self, _checkpoint: &Checkpoint) -> Result<()> {
        Ok(())
    }
}

/// The changes that were written since the last commit.
#[derive(Default)]
struct Uncommitted {
    receipts: Vec<Receipt>,
    changes: u64,
    bytes: u64,
    since: Option<Instant>,
    /// The transaction of the last delivery goes on: there can be no commit if the sink needs whole ones.
    inside: bool,
    /// They come from a transaction that a parallel sink applies on its own.
    alone: bool,
    /// Times of the changes' commits, in microseconds, each with the number of changes in a row that have it: a transaction has one.
    times: Vec<(i64, u64)>,
}

impl Uncommitted {
    fn count(&mut self, change: &Change<'_>) {
        self.changes += 1;
        self.bytes += change.source_bytes();
        let time = change.timestamp().unix_micros();
        match self.times.last_mut() {
            Some((last, count)) if *last == time => *count += 1,
            _ => self.times.push((time, 1)),
        }
    }
}

/// Returns whether a transaction has a change that is about several rows, or about one that is not known.
#[cfg(feature = "postgres")]
fn needs_order(transaction: &Transaction) -> Result<bool> {
    for block in transaction.blocks()? {
        for change in block?.changes() {
            // A key that cannot be decoded has no order with others.
            if crate::sink::row_key(&change).ok().flatten().is_none() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(not(feature = "postgres"))]
fn needs_order(_: &Transaction) -> Result<bool> {
    Ok(true)
}

/// How an attempt ends.
enum End {
    /// At the end of what is there.
    Reached,
    /// By a command.
    Interrupted,
}

impl Worker {
    /// Works until it is stopped, has reached the end, or fails for good.
    fn run(&mut self) -> Result<()> {
        self.tries = 0;
        loop {
            let wanted = self.control.wait_for_pause();
            if wanted == Wanted::Stop {
                self.control.state(State::Stopped);
                return Ok(());
            }
            let outcome = self.attempt(wanted == Wanted::Drain);
            *self.control.tail.lock() = None;
            match outcome {
                Ok(End::Reached) => {
                    self.control.state(State::Stopped);
                    return Ok(());
                }
                Ok(End::Interrupted) => {}
                Err(error) => self.recover(error, wanted)?,
            }
        }
    }

    /// Rolls the sink back after an error of an attempt that was begun with a wish, and waits before the next try. Fails if there is none.
    fn recover(&mut self, error: Error, wanted: Wanted) -> Result<()> {
        // The next try loads the place of the sink, and undoes what is left.
        if let Err(error) = self.sink.roll_back() {
            tracing::warn!(pipeline = self.options.name, sink = self.name, %error, "the sink cannot be rolled back");
        }
        self.tries += 1;
        let retry = &self.options.retry;
        let is_last = retry.attempts > 0 && self.tries > retry.attempts;
        let may_help = matches!(error.kind(), ErrorKind::Io | ErrorKind::NotFound | ErrorKind::SchemaChange);
        let again = may_help && !is_last && !std::mem::take(&mut self.is_final);
        tracing::warn!(pipeline = self.options.name, sink = self.name, %error, again, "the pipeline is interrupted");
        {
            let mut status = self.control.status.lock();
            status.error = Some(error.to_string());
            status.error_class = Some(error.kind().name());
            status.waiting = 0;
            status.retries += u64::from(again);
            status.state = if again { State::Retrying } else { State::Failed };
        }
        if !again {
            return Err(error);
        }
        // A type that was too narrow is wider now: there is nothing to wait for.
        if error.kind() != ErrorKind::SchemaChange {
            let pause = retry.first.saturating_mul(1 << (self.tries - 1).min(20)).min(retry.longest);
            self.control.wait(Duration::from_millis(pause), wanted);
        }
        Ok(())
    }

    /// Opens the tail where the sink is, and moves changes until something else is wanted.
    fn attempt(&mut self, drains: bool) -> Result<End> {
        self.control.state(State::Starting);
        let checkpoint = self.sink.load()?;
        if let Some(letters) = &mut self.letters {
            letters.trim(checkpoint.as_ref().map_or_else(Default::default, |checkpoint| checkpoint.position))?;
        }
        let definitions = checkpoint.as_ref().map(|checkpoint| checkpoint.definitions.clone()).unwrap_or_default();
        let definitions = Definitions::new(&self.options.definitions, definitions);
        self.control.status.lock().committed = checkpoint.as_ref().map(|checkpoint| checkpoint.position);
        self.place = checkpoint.as_ref().and_then(file_of);
        let mut options = self.options.follow.clone().delivery(self.sink.unit());
        if let Some(select) = &self.options.select {
            options = options.select(select.clone());
        }
        // A shared reading may not have read yet what is there.
        let mut tail = match &self.door {
            Some(door) if !drains => door.subscribe_stored(options, Some(Box::new(OfSink(checkpoint))))?,
            _ => Tail::open_with(&self.options.trail, options, OfSink(checkpoint))?,
        };
        let handle = tail.handle();
        *self.control.tail.lock() = Some(handle.clone());
        let mut mapping = Mapping::new(self.options.select.as_ref(), &self.options.map)?.watching(definitions);
        let mut uncommitted = Uncommitted::default();
        // A command that came before the handle was there could not stop the tail.
        if self.is_interrupted(drains) {
            return Ok(End::Interrupted);
        }
        self.control.state(State::Running);
        if self.options.follow.start == Start::Beginning {
            // Without a commit, a restart begins there again: nothing is lost.
            self.place = self.place.or(handle.progress().acknowledged.trail().map(|at| at.seqno));
        }
        let mut wait = Duration::ZERO;
        loop {
            if !drains {
                wait = self.until_due(&uncommitted);
            }
            let received = tail.recv_timeout(wait);
            if received.is_err() {
                // Everything before the error is complete.
                self.commit(&handle, &mut mapping, &mut uncommitted)?;
            }
            match received? {
                Some(Item::Event(event)) if drains && is_waited_for(&event) => {
                    self.note(&event);
                    self.commit(&handle, &mut mapping, &mut uncommitted)?;
                    return Err(event.error());
                }
                Some(item) => {
                    if let Some(receipt) = item.receipt().filter(|_| crate::point::has_bug("position before data")) {
                        self.sink.commit(&handle.checkpoint(&receipt)?)?;
                    }
                    if self.sink.is_parallel() {
                        self.separate(&item, &handle, &mut mapping, &mut uncommitted)?;
                    }
                    self.take(&item, &mut mapping, &mut uncommitted)?;
                    if uncommitted.alone && !uncommitted.inside {
                        self.commit(&handle, &mut mapping, &mut uncommitted)?;
                    }
                }
                None if tail.is_stopped() => return self.end(&handle, &mut mapping, &mut uncommitted, End::Interrupted),
                None if drains => {
                    if tail.is_at_end()? {
                        return self.end(&handle, &mut mapping, &mut uncommitted, End::Reached);
                    }
                    wait = SHORT;
                }
                None => self.commit_place(&handle, &mapping, &uncommitted)?,
            }
            if self.is_interrupted(drains) {
                return self.end(&handle, &mut mapping, &mut uncommitted, End::Interrupted);
            }
            if self.is_due(&uncommitted) {
                self.commit(&handle, &mut mapping, &mut uncommitted)?;
            }
        }
    }

    /// Commits what is left, and ends an attempt.
    fn end(&mut self, tail: &TailHandle, mapping: &mut Mapping, uncommitted: &mut Uncommitted, end: End) -> Result<End> {
        self.commit(tail, mapping, uncommitted)?;
        self.commit_place(tail, mapping, uncommitted)?;
        Ok(end)
    }

    /// Returns whether something else is wanted than what it does.
    fn is_interrupted(&self, drains: bool) -> bool {
        match self.control.wanted() {
            Wanted::Run => drains,
            Wanted::Drain => !drains,
            Wanted::Pause | Wanted::Stop => true,
        }
    }

    fn until_due(&self, uncommitted: &Uncommitted) -> Duration {
        let limit = Duration::from_millis(self.options.commit.milliseconds);
        uncommitted.since.map_or(LONG, |since| limit.saturating_sub(since.elapsed()))
    }

    fn is_due(&self, uncommitted: &Uncommitted) -> bool {
        let limits = &self.options.commit;
        let whole = !(uncommitted.inside && self.sink.unit() == Delivery::Transactions);
        let full = uncommitted.changes >= limits.changes || uncommitted.bytes >= limits.bytes;
        whole && (full || uncommitted.since.is_some_and(|since| since.elapsed().as_millis() >= u128::from(limits.milliseconds)))
    }

    /// Prepares a parallel sink for a transaction: one that is large, or has a change that is about several rows, comes on its own between two
    /// commits.
    fn separate(&mut self, item: &Item, tail: &TailHandle, mapping: &mut Mapping, uncommitted: &mut Uncommitted) -> Result<()> {
        let Item::Transaction(transaction) = item else { return Ok(()) };
        let alone = match transaction.part() {
            Part::Whole => needs_order(transaction)?,
            Part::First => true,
            Part::Middle | Part::Last => return Ok(()),
        };
        if alone {
            self.commit(tail, mapping, uncommitted)?;
        }
        self.sink.write_alone(alone);
        uncommitted.alone = alone;
        Ok(())
    }

    fn take(&mut self, item: &Item, mapping: &mut Mapping, uncommitted: &mut Uncommitted) -> Result<()> {
        match item {
            Item::Event(event) => {
                self.note(event);
                return Ok(());
            }
            Item::Transaction(transaction) => {
                uncommitted.inside = matches!(transaction.part(), Part::First | Part::Middle);
            }
            Item::Changes(_) => {}
        }
        for block in item.blocks()? {
            for change in block?.changes() {
                self.write(&change, mapping)?;
                uncommitted.count(&change);
            }
        }
        uncommitted.since.get_or_insert_with(Instant::now);
        uncommitted.receipts.extend(item.receipt());
        self.control.status.lock().waiting = uncommitted.changes;
        Ok(())
    }

    /// Counts an event.
    fn note(&self, event: &Event) {
        let (pipeline, sink, kind) = (&self.options.name, &self.name, event.kind.name());
        tracing::warn!(pipeline, sink, kind, position = %event.position, file = ?event.file, what = event.what, "event");
        let mut status = self.control.status.lock();
        status.note(event);
        if event.policy != Policy::Continue {
            status.error = Some(format!("{}: {}", event.kind.name(), event.what));
        }
    }

    /// Writes the rows of a change. If the sink refuses all of them, the change goes to the dead letters; if some, these do.
    fn write(&mut self, change: &Change<'_>, mapping: &mut Mapping) -> Result<()> {
        let (sink, keeps) = (&mut self.sink, self.letters.is_some());
        let (mut refused, mut is_written) = (Vec::new(), false);
        let outcome = mapping.map(change, |mapped, definition| {
            sink.set_definition(definition);
            match sink.write(mapped) {
                Err(error) if keeps && refuses(&error) => refused.push((mapped.to_owned(), definition, error)),
                outcome => {
                    outcome?;
                    is_written = true;
                }
            }
            Ok(())
        });
        self.is_final = mapping.definitions().has_stopped();
        match outcome {
            Err(error) if refuses(&error) => return self.keep_letter(change, Form::default(), error),
            outcome => outcome?,
        }
        for (row, definition, error) in refused {
            if !is_written {
                return self.keep_letter(change, Form::default(), error);
            }
            self.keep_letter(&row.as_change(), Form { is_mapped: true, definition }, error)?;
        }
        Ok(())
    }

    /// Puts a change into the dead letters. Fails if there are none.
    fn keep_letter(&mut self, change: &Change<'_>, form: Form, error: Error) -> Result<()> {
        match &mut self.letters {
            Some(letters) => letters.add(change, form, &error),
            None => Err(error.hint("set dead_letters to a folder to keep such changes there, and go on")),
        }
    }

    /// Commits what was written, with the place after it.
    fn commit(&mut self, tail: &TailHandle, mapping: &mut Mapping, uncommitted: &mut Uncommitted) -> Result<()> {
        let Some(last) = uncommitted.receipts.last() else { return Ok(()) };
        if uncommitted.inside && self.sink.unit() == Delivery::Transactions {
            // The lane ends inside a transaction, which comes again.
            return self.sink.roll_back();
        }
        let mut checkpoint = tail.checkpoint(last)?;
        checkpoint.definitions = mapping.definitions().known();
        let form = Form { is_mapped: mapping.changes_rows(), definition: None };
        for (row, error) in self.sink.take_refused()? {
            self.keep_letter(&row.as_change(), form, error)?;
        }
        // The letters first: the commit moves on over their changes.
        if let Some(letters) = &mut self.letters {
            letters.sync()?;
        }
        crate::point::reach("letters written");
        let begun = Instant::now();
        self.sink.commit(&checkpoint)?;
        crate::point::reach("committed");
        for receipt in &uncommitted.receipts {
            tail.acknowledge(receipt)?;
        }
        self.tries = 0;
        self.count(&checkpoint, begun, mapping.take_doubts(), uncommitted);
        *uncommitted = Uncommitted::default();
        Ok(())
    }

    /// Commits the place on its own once it is in another file than that of the last commit, although nothing of it is selected: the files
    /// before it may be purged then.
    fn commit_place(&mut self, tail: &TailHandle, mapping: &Mapping, uncommitted: &Uncommitted) -> Result<()> {
        let Some(mut checkpoint) = tail.acknowledged_checkpoint().filter(|_| uncommitted.receipts.is_empty()) else {
            return Ok(());
        };
        if self.place.is_some() && self.place == file_of(&checkpoint) {
            return Ok(());
        }
        checkpoint.definitions = mapping.definitions().known();
        let begun = Instant::now();
        self.sink.commit(&checkpoint)?;
        self.count(&checkpoint, begun, BTreeMap::new(), uncommitted);
        Ok(())
    }

    /// Notes a commit in the status.
    fn count(
        &mut self,
        checkpoint: &Checkpoint,
        begun: Instant,
        doubts: BTreeMap<(String, usize), u64>,
        uncommitted: &Uncommitted,
    ) {
        self.place = file_of(checkpoint);
        // It is the sink's own code: the status is not locked meanwhile.
        let counts = self.sink.counts();
        let mut status = self.control.status.lock();
        status.committed = Some(checkpoint.position);
        status.committed_at = Some(unix_micros() / 1_000);
        status.changes += uncommitted.changes;
        status.bytes += uncommitted.bytes;
        status.waiting = 0;
        status.commits += 1;
        status.commit_milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        status.dead_letters = self.letters.as_mut().map_or(0, DeadLetters::keep);
        doubts.into_iter().for_each(|((table, rule), changes)| status.doubt(table, rule, changes));
        status.counts = counts;
        status.error = None;
        status.error_class = None;
        let now = unix_micros();
        for (time, changes) in &uncommitted.times {
            // The clock of the database may be ahead.
            let took = now.saturating_sub(*time).max(0);
            let all = (took.unsigned_abs() / 1_000).saturating_mul(*changes);
            status.latency_milliseconds = status.latency_milliseconds.saturating_add(all);
            let class = [100_000, 1_000_000, 10_000_000, 60_000_000].iter().position(|limit| took <= *limit);
            if let Some(count) = status.latency.get_mut(class.unwrap_or(4)) {
                *count += changes;
            }
        }
    }
}

/// Returns the file that a follower needs to go on at a checkpoint.
fn file_of(checkpoint: &Checkpoint) -> Option<u64> {
    checkpoint.read_from().trail().map(|at| at.seqno)
}

/// Returns whether the tail waits until somebody accepts an event, so that the end of the trail is not reached. A gap is judged after a
/// missing file.
fn is_waited_for(event: &Event) -> bool {
    event.policy == Policy::Wait && event.kind != EventKind::NextFileMissing
}
