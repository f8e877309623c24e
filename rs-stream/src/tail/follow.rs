//! [`Tail`]: follows a trail while it is written.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use trailcore::source::{LiveNote, LiveReader, ReadFilter, TrailFile};
use trailcore::{ChangeBlock, Error, ErrorKind, Result, Trail, TrailPosition};

use crate::acknowledge::{Mark, Progress, Receipt};
use crate::assembly::{Assembly, Cut, Done, Order, Sources};
use crate::checkpoint::{self, Checkpoint, CheckpointStore};
use crate::condition::{Conditions, Verdict};
use crate::event::{Event, EventKind, Policy};
use crate::files::{HEAD, TailFile};
use crate::item::{Batch, Item};
use crate::lag::Lag;
use crate::link::Link;
use crate::options::{Delivery, TailOptions};
use crate::sequence::Names;
use crate::shared::{Keeper, Shared};
use crate::signal::Woken;
use crate::skip::Skip;
use crate::watch::{Watched, watch};

/// Time between two looks at an idle trail whose file system sends events.
const HINTED_POLL: Duration = Duration::from_secs(4);
/// The first wait after something has come.
const SHORTEST_POLL: Duration = Duration::from_millis(1);
/// Idle time after which memory is released.
const LONG_IDLE: Duration = Duration::from_secs(5);

/// Follows a trail while it is written: a driver around the reader of trails. It delivers what is complete, in the order of the
/// trail, and waits for more; it goes from file to file, reports [events](Event), and keeps a [`Checkpoint`](crate::Checkpoint).
///
/// A tail belongs to one thread at a time. Its [handles](TailHandle) may be used from any thread.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # trailcore_samples::write_bank(dir.path(), &trailcore_samples::Bank::small()).unwrap();
/// # let path = dir.path().join("bk");
/// use trailcore_stream::{Item, Tail, TailOptions};
///
/// let mut tail = Tail::open(path, TailOptions::new())?;
/// let handle = tail.handle();
/// let mut changes = 0;
/// while let Some(item) = tail.recv()? {
///     match item {
///         Item::Changes(batch) => {
///             changes += batch.len();
///             tail.acknowledge(&batch.receipt())?;
/// #           if tail.progress().delivered.trail().unwrap().seqno == 2 { handle.stop(); }
///         }
///         Item::Event(event) => eprintln!("{}: {}", event.kind.name(), event.what),
///         _ => {}
///     }
/// }
/// assert!(changes > 0);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Tail {
    /// Surrounds its work in traces.
    span: tracing::Span,
    pub(super) shared: Arc<Shared>,
    pub(super) options: TailOptions,
    pub(super) names: Names,
    /// The reader; `None` while there are no files, and until it has found its start.
    pub(super) reader: Option<LiveReader>,
    pub(super) files: Vec<Arc<TailFile>>,
    /// Files before this one are closed.
    pub(super) closed: usize,
    /// The place at which the reader has to start.
    pub(super) start: Mark,
    pub(super) skip: Skip,
    pub(super) filter: Option<ReadFilter>,
    pub(super) order: Order,
    pub(super) assembly: Assembly,
    pub(super) out: VecDeque<Out>,
    pool: Pool,
    pub(super) failed: Option<Error>,
    pub(super) paused: bool,
    /// The last look met a failed read.
    pub(super) faulted: bool,
    pub(super) conditions: Conditions,
    pub(super) idle: Idle,
    /// The reading that it shares with others.
    pub(super) link: Option<Link>,
    pub(super) watched: Option<Watched>,
}

/// The next thing to deliver.
#[derive(Debug)]
pub(super) enum Out {
    Item(Item),
    /// Nothing up to here is selected.
    Advance(Mark),
    Fail(Error),
    Pause,
}

/// Blocks that were delivered. Once the consumer has dropped one, its memory is used again.
#[derive(Debug, Default)]
struct Pool(VecDeque<Arc<ChangeBlock>>);

impl Pool {
    const BLOCKS: usize = 8;

    fn keep(&mut self, block: &Arc<ChangeBlock>) {
        if self.0.len() < Self::BLOCKS {
            self.0.push_back(Arc::clone(block));
        }
    }

    /// Returns an empty block.
    fn take(&mut self) -> ChangeBlock {
        let free = self.0.iter().position(|block| Arc::strong_count(block) == 1);
        let block = free.and_then(|free| self.0.swap_remove_back(free)).and_then(|block| Arc::try_unwrap(block).ok());
        let mut block = block.unwrap_or_default();
        block.clear();
        block
    }
}

/// The memory of an idle tail.
#[derive(Debug)]
pub(super) struct Idle {
    pub(super) since: Instant,
    pub(super) poll: Duration,
    pub(super) hinted: bool,
    /// The file system sends events for each change.
    pub(super) trusts_hints: bool,
    pub(super) listed: Option<Instant>,
    /// Size of the current file at the last look, and since when it has it.
    pub(super) size: (u64, Instant),
    pub(super) shrunk: bool,
    /// The place after what was delivered when damage was met for the first time: it may be gone when the bytes are read again.
    pub(super) damaged_at: Option<TrailPosition>,
}

impl Idle {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            since: now,
            poll: SHORTEST_POLL,
            hinted: false,
            trusts_hints: true,
            listed: None,
            size: (0, now),
            shrunk: false,
            damaged_at: None,
        }
    }
}

/// The result of a step.
pub(super) enum Step {
    Item(Box<Item>),
    /// Something has happened: look again.
    Again,
    /// Nothing to do.
    Idle,
}

/// Stops and wakes a tail, acknowledges, and shows how far it is: from any thread. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct TailHandle {
    shared: Arc<Shared>,
}

impl TailHandle {
    /// Stops the tail: a call that waits returns at once, and every later one.
    pub fn stop(&self) {
        self.shared.signal.stop();
    }

    /// Ends the current or the next wait: the tail looks at the files at once.
    pub fn wake(&self) {
        self.shared.signal.wake();
    }

    /// Accepts the event that the tail waits for: it goes on as with [`Policy::Continue`].
    pub fn resume(&self) {
        self.shared.resume();
    }

    pub(crate) fn signal(&self) -> &crate::signal::Signal {
        &self.shared.signal
    }

    /// Acknowledges a delivery; see [`Tail::acknowledge`].
    ///
    /// # Errors
    /// The errors of [`Tail::acknowledge`].
    pub fn acknowledge(&self, receipt: &Receipt) -> Result<()> {
        self.shared.acknowledge(receipt)
    }

    /// Returns the checkpoint after a delivery that is not acknowledged yet, for consumers that store it together with their data.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if the receipt is not one of this tail.
    pub fn checkpoint(&self, receipt: &Receipt) -> Result<Checkpoint> {
        self.shared.checkpoint(receipt)
    }

    /// Returns the checkpoint of what is acknowledged, and of what follows it without a selected change, for consumers that store it
    /// together with their data; `None` until the header of the file has been read.
    #[must_use]
    pub fn acknowledged_checkpoint(&self) -> Option<Checkpoint> {
        self.shared.acknowledged()
    }

    /// Returns how far delivery, acknowledgement and checkpoint are.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.shared.progress()
    }

    /// Stops the tail, stores what is acknowledged, and gives the checkpoint up to the next follower, also while the tail and its
    /// handles exist. Acknowledging fails after it.
    ///
    /// # Errors
    /// The errors of the store.
    pub fn close(&self) -> Result<()> {
        self.shared.close()
    }

    /// Returns the distance between the tail and the end of the trail. Rates are measured between two calls, of any handle, that are at least
    /// a second apart; they are absent before the third one.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if the files cannot be listed.
    pub fn lag(&self) -> Result<Lag> {
        self.shared.lag()
    }
}

impl Tail {
    /// Opens the trail at a path: a prefix such as `dirdat/lt`, whose files need not exist yet, a trail file, from which on it is
    /// followed, or a directory that holds one trail.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) if there is no folder for it, [`InvalidPosition`](ErrorKind::InvalidPosition) if no record
    /// starts at the position to start at, and the errors of reading.
    pub fn open(path: impl AsRef<Path>, options: TailOptions) -> Result<Self> {
        Self::open_stored(path, options, None)
    }

    /// Opens a trail, and continues at the checkpoint of a store, or at the start of the options if it has none. What is
    /// acknowledged is stored there.
    ///
    /// # Errors
    /// The errors of [`open`](Self::open) and of the store; [`InvalidArgument`](ErrorKind::InvalidArgument) if the checkpoint is of
    /// another trail or selection, [`SequenceGap`](ErrorKind::SequenceGap), with their names, if files that it needs are missing.
    pub fn open_with(path: impl AsRef<Path>, options: TailOptions, store: impl CheckpointStore + 'static) -> Result<Self> {
        Self::open_stored(path, options, Some(Box::new(store)))
    }

    /// Opens a trail as [`open_with`](Self::open_with), or as [`open`](Self::open) without a store.
    ///
    /// # Errors
    /// The errors of [`open_with`](Self::open_with).
    pub fn open_stored(
        path: impl AsRef<Path>,
        options: TailOptions,
        mut store: Option<Box<dyn CheckpointStore>>,
    ) -> Result<Self> {
        let path = path.as_ref();
        if let Some(store) = &mut store {
            store.claim()?;
        }
        let names = Names::of(path)?;
        let loaded = match &mut store {
            Some(store) => store.load()?,
            None => None,
        };
        let selection = checkpoint::selection_identity(options.select.as_ref());
        let keeper = Keeper {
            stored: None,
            last: None,
            interval: Duration::from_millis(options.checkpoint_interval),
            selection: selection.clone(),
            identities: std::collections::BTreeMap::new(),
            searches: false,
            failure: None,
        };
        let shared = Arc::new(Shared::new(keeper, store, Arc::clone(&options.files), names.clone()));
        let watched = if options.hints { watch(&names.folder, &names.prefix, &shared.signal) } else { None };
        let mut tail = Self {
            span: tracing::info_span!("tail", trail = %path.display()),
            filter: options.select.as_ref().map(|select| ReadFilter::new(select, Trail::of([]), &options.read)),
            assembly: Assembly::new(&options),
            conditions: Conditions::new(Duration::from_millis(options.patience)),
            shared,
            options,
            names,
            reader: None,
            files: Vec::new(),
            closed: 0,
            start: Mark::default(),
            skip: Skip::Nothing,
            order: Order::default(),
            out: VecDeque::new(),
            pool: Pool::default(),
            failed: None,
            paused: false,
            faulted: false,
            idle: Idle::new(),
            link: None,
            watched,
        };
        tail.find_files()?;
        match loaded {
            Some(loaded) => {
                if let Some(error) = &loaded.damaged {
                    let at = loaded.checkpoint.position.trail().unwrap_or_default();
                    tail.raise(EventKind::CheckpointDamaged, at, None, error.to_string());
                }
                tail.continue_at(&loaded.checkpoint, &selection)?;
            }
            None => tail.find_start()?,
        }
        tail.shared.search(tail.skip.is_searching());
        Ok(tail)
    }

    /// Returns a handle.
    #[must_use]
    pub fn handle(&self) -> TailHandle {
        TailHandle { shared: Arc::clone(&self.shared) }
    }

    /// Waits for the next item. Returns `None` once the tail is [stopped](TailHandle::stop).
    ///
    /// # Errors
    /// The error of an event whose policy is [`Policy::Stop`], and the errors of reading. Each further call returns it again.
    pub fn recv(&mut self) -> Result<Option<Item>> {
        loop {
            if let Some(item) = self.recv_timeout(Duration::from_secs(3600))? {
                return Ok(Some(item));
            }
            if self.is_stopped() {
                return Ok(None);
            }
        }
    }

    /// Waits for the next item, at most for a time. Returns `None` if none has come, or if the tail is stopped. With a time of zero
    /// it does not wait.
    ///
    /// # Errors
    /// The errors of [`recv`](Self::recv).
    pub fn recv_timeout(&mut self, time: Duration) -> Result<Option<Item>> {
        let deadline = Instant::now() + time;
        let span = self.span.clone();
        let _inside = span.enter();
        while !self.is_stopped() {
            match self.step()? {
                Step::Item(item) => {
                    self.idle.since = Instant::now();
                    return Ok(Some(*item));
                }
                Step::Again => self.was_busy(),
                Step::Idle => {
                    self.shared.store_while_idle();
                    if Instant::now() >= deadline {
                        return Ok(None);
                    }
                    self.wait(deadline)?;
                }
            }
        }
        self.shared.store(true)?;
        Ok(None)
    }

    /// Returns an iterator of the items, which waits for each. It ends once the tail is [stopped](TailHandle::stop), and after an
    /// error.
    pub fn items(&mut self) -> impl Iterator<Item = Result<Item>> + '_ {
        let mut failed = false;
        std::iter::from_fn(move || if failed { None } else { self.recv().inspect_err(|_| failed = true).transpose() })
    }

    /// Calls a function for each item, in this thread, until the tail is [stopped](TailHandle::stop) or the function fails. An item is
    /// acknowledged once the function has returned.
    ///
    /// # Errors
    /// The errors of [`recv`](Self::recv), of the function, and of the store.
    pub fn run(&mut self, mut take: impl FnMut(&Item) -> Result<()>) -> Result<()> {
        while let Some(item) = self.recv()? {
            take(&item)?;
            if let Some(receipt) = item.receipt() {
                self.acknowledge(&receipt)?;
            }
        }
        Ok(())
    }

    /// Moves the tail to a thread of its own, and returns a handle and a channel of its items. At most `queue` of them wait in the
    /// channel. The thread ends when the tail is stopped, when the channel is dropped, and after an error, which is the last item.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if the thread cannot be started.
    pub fn into_channel(self, queue: usize) -> Result<(TailHandle, crossbeam_channel::Receiver<Result<Item>>)> {
        self.into_channel_with(queue, |_| {})
    }

    /// As [`into_channel`](Self::into_channel), and calls a function in the tail's thread after each item, with `false`, and at the end,
    /// with `true`: for event loops, which wait for something else than a channel.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if the thread cannot be started.
    pub fn into_channel_with(
        mut self,
        queue: usize,
        ready: impl Fn(bool) + Send + 'static,
    ) -> Result<(TailHandle, crossbeam_channel::Receiver<Result<Item>>)> {
        let (sender, receiver) = crossbeam_channel::bounded(queue);
        let handle = self.handle();
        let send_all = move || {
            for item in self.items() {
                if sender.send(item).is_err() {
                    break;
                }
                ready(false);
            }
            drop((self, sender));
            ready(true);
        };
        std::thread::Builder::new().spawn(send_all).map_err(|error| Error::thread(&error))?;
        Ok((handle, receiver))
    }

    /// Returns whether everything that is there has been delivered: nothing waits, no cause of an event lasts, and there is no later
    /// file, apart from one that has no more than its header. A transaction without its end does not count.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if the files cannot be listed.
    pub fn is_at_end(&mut self) -> Result<bool> {
        if self.paused || self.failed.is_some() || !self.out.is_empty() || self.faulted || self.conditions.hold_up() {
            return Ok(false);
        }
        let is_last = !self.has_later_file()?;
        if !is_last {
            // It is looked for at once.
            self.idle.listed = None;
        }
        Ok(is_last)
    }

    /// Returns whether the cause of an event keeps it from reading on.
    pub(crate) fn is_held_up(&self) -> bool {
        self.faulted || self.conditions.hold_up()
    }

    /// Returns whether it is stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.shared.signal.is_stopped()
    }

    /// Acknowledges a delivery, or one change of it: the consumer is responsible for it from now on. The order does not matter; the
    /// checkpoint is never after the oldest change that is not acknowledged. The checkpoint is stored at most once in each
    /// [interval](TailOptions::checkpoint_interval), by this call or while the tail waits.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if the receipt is not one of this tail; the errors of the store, also of one while
    /// the tail waited, after which the acknowledgement counts nevertheless, and is stored later.
    pub fn acknowledge(&self, receipt: &Receipt) -> Result<()> {
        self.shared.acknowledge(receipt)
    }

    /// Returns how far delivery, acknowledgement and checkpoint are.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.shared.progress()
    }

    /// Returns the distance between the tail and the end of the trail; see [`TailHandle::lag`].
    ///
    /// # Errors
    /// The errors of [`TailHandle::lag`].
    pub fn lag(&self) -> Result<Lag> {
        self.shared.lag()
    }

    /// Stores what is acknowledged now.
    ///
    /// # Errors
    /// The errors of the store.
    pub fn store(&self) -> Result<()> {
        self.shared.store(true)
    }

    fn was_busy(&mut self) {
        if !self.idle.hinted && self.idle.poll > SHORTEST_POLL && self.watched.is_some() {
            // Something came without a hint.
            self.idle.trusts_hints = false;
        } else if self.idle.hinted {
            self.idle.trusts_hints = true;
        }
        self.idle.hinted = false;
        self.idle.since = Instant::now();
        self.idle.poll = SHORTEST_POLL;
        self.idle.shrunk = false;
    }

    /// Returns whether the file system sends an event for each change.
    pub(super) fn trusts_hints(&self) -> bool {
        self.watched.is_some() && self.idle.trusts_hints
    }

    /// Waits until there may be something to do, at most until `deadline`.
    fn wait(&mut self, deadline: Instant) -> Result<()> {
        let slowest =
            if self.is_shared() || self.trusts_hints() { HINTED_POLL } else { Duration::from_millis(self.options.poll_interval) };
        if !self.idle.shrunk && self.idle.since.elapsed() > LONG_IDLE {
            self.idle.shrunk = true;
            self.pool = Pool::default();
            if let Some(reader) = &mut self.reader {
                reader.shrink()?;
            }
        }
        let mut until = deadline.min(Instant::now() + self.idle.poll.min(slowest));
        for due in [self.shared.due(), self.conditions.due()].into_iter().flatten() {
            until = until.min(due.max(Instant::now() + SHORTEST_POLL));
        }
        let begun = Instant::now();
        self.idle.hinted = self.shared.signal.wait(until) == Woken::Hint;
        self.shared.waited(begun.elapsed());
        self.idle.poll = (self.idle.poll * 2).min(slowest);
        Ok(())
    }

    /// Makes one step: delivers what is there, reads, or looks at the files.
    fn step(&mut self) -> Result<Step> {
        // Everything before the error is delivered first.
        if let Some(error) = self.failed.as_ref().filter(|_| self.out.is_empty() && !self.paused) {
            return Err(error.clone());
        }
        match self.try_step() {
            // A file cannot be read: nothing of what was read is lost, and it is tried again.
            Err(error) if matches!(error.kind(), ErrorKind::Io | ErrorKind::NotFound | ErrorKind::Cancelled) => {
                Ok(if self.fault(error)? || !self.out.is_empty() { Step::Again } else { Step::Idle })
            }
            Err(error) => {
                self.failed = Some(error);
                Ok(Step::Again)
            }
            done => done,
        }
    }

    fn try_step(&mut self) -> Result<Step> {
        if self.paused {
            self.paused = !self.shared.take_resumed();
            return Ok(if self.paused { Step::Idle } else { Step::Again });
        }
        if let Some(out) = self.out.pop_front() {
            return self.send(out);
        }
        if self.is_shared() {
            return self.take_shared();
        }
        let Some(reader) = &mut self.reader else { return self.begin() };
        let mut block = self.pool.take();
        let read = reader.next_block(&mut block, self.options.batch.max(1));
        let mut notes = Vec::new();
        while let Some(note) = reader.take_note() {
            notes.push(note);
        }
        let mut found = !block.is_empty() || !notes.is_empty();
        if !block.is_empty() {
            let after = reader.state()?.position;
            let block = Arc::new(block);
            self.pool.keep(&block);
            self.take_own(block, after)?;
            if self.is_shared() && after > self.order.here() {
                // The rest of the block is in the queue, and so are the notes after it.
                notes.clear();
            }
        }
        for note in notes {
            self.take_note(note)?;
        }
        match read {
            Ok(_) if found => {}
            Ok(_) => {
                self.faulted = false;
                self.idle.damaged_at = None;
                found = self.look()?;
                if !self.faulted {
                    self.conditions.clear(EventKind::ReadFailed);
                }
                found |= !found && self.join();
            }
            Err(error) => found |= self.fault(error)?,
        }
        Ok(if found || !self.out.is_empty() || self.failed.is_some() { Step::Again } else { Step::Idle })
    }

    /// Delivers what is next.
    fn send(&mut self, out: Out) -> Result<Step> {
        match out {
            Out::Item(mut item) => {
                match &mut item {
                    Item::Changes(batch) => batch.item = self.shared.deliver(batch.len() as u64, batch.after.clone()),
                    Item::Transaction(transaction) => {
                        transaction.item = self.shared.deliver(transaction.changes, transaction.after.clone());
                    }
                    Item::Event(event) => tracing::info!(kind = event.kind.name(), position = %event.position, "event"),
                }
                return Ok(Step::Item(Box::new(item)));
            }
            Out::Advance(mark) => self.shared.advance(mark),
            Out::Fail(error) => {
                // Nothing after the error is delivered.
                self.out.clear();
                self.failed = Some(error);
            }
            Out::Pause => {
                self.shared.take_resumed();
                self.paused = true;
            }
        }
        Ok(Step::Again)
    }

    /// Takes changes. `after` is the position after the last one. Their order is examined unless the shared reading has done that.
    pub(super) fn take(&mut self, mut block: Arc<ChangeBlock>, after: TrailPosition, examines: bool) -> Result<()> {
        if !self.skip.is_nothing() {
            block = Arc::new(self.skip.rest_of(&block));
            self.shared.search(self.skip.is_searching());
            if block.is_empty() {
                self.order.forget();
                return Ok(());
            }
        }
        let first = block.get(0).and_then(|first| first.start().trail()).unwrap_or(after);
        self.know_files(first.seqno, after.seqno);
        let cuts = if examines { self.order.examine(&block) } else { Vec::new() };
        if cuts.is_empty() {
            return self.deliver(block, after);
        }
        let mut cuts = cuts.into_iter().peekable();
        let mut piece = ChangeBlock::default();
        for (index, change) in block.changes().enumerate() {
            while let Some(Cut { kind, what, .. }) = cuts.next_if(|cut| cut.at == index) {
                let here = change.start().trail().unwrap_or_default();
                if !piece.is_empty() {
                    self.deliver(Arc::new(std::mem::take(&mut piece)), here)?;
                }
                let file = change.file().to_path_buf();
                self.raise(kind, here, Some(file), what);
            }
            piece.push(&change);
        }
        self.deliver(Arc::new(piece), after)
    }

    /// Puts the selected changes of a block into the queue of deliveries.
    fn deliver(&mut self, block: Arc<ChangeBlock>, after: TrailPosition) -> Result<()> {
        let (inside, mark) = self.order.pass(&block, after);
        if self.options.delivery == Delivery::Transactions {
            let files = &self.files;
            let done = self.assembly.take(&block, &mark, self.filter.as_mut(), |from| sources(files, from));
            self.put(done);
            return Ok(());
        }
        let block = match &mut self.filter {
            None => block,
            Some(filter) => {
                let mut kept = ChangeBlock::default();
                for change in block.changes() {
                    match filter.wants(&change) {
                        Ok(true) => kept.push(&change),
                        Ok(false) => {}
                        Err(error) => {
                            self.out.push_back(Out::Fail(error));
                            return Ok(());
                        }
                    }
                }
                Arc::new(kept)
            }
        };
        self.out.push_back(if block.is_empty() {
            Out::Advance(mark)
        } else {
            Out::Item(Item::Changes(Batch { block, inside, after: mark, item: 0 }))
        });
        Ok(())
    }

    /// Puts what the assembly of transactions has completed into the queue.
    pub(super) fn put(&mut self, (done, outcome): (Vec<Done>, Result<()>)) {
        self.out.extend(done.into_iter().map(|done| match done {
            Done::Transaction(transaction) => Out::Item(Item::Transaction(*transaction)),
            Done::Nothing(mark) => Out::Advance(mark),
        }));
        self.out.extend(outcome.err().map(Out::Fail));
    }

    /// Returns the place after what has been put into the queue.
    pub(super) fn mark(&self) -> Mark {
        match self.options.delivery {
            Delivery::Changes => self.order.mark(),
            Delivery::Transactions => self.assembly.done(),
        }
    }

    /// Notes the identities of files, for checkpoints. A file that cannot be read is tried again while the tail is idle.
    pub(super) fn know_files(&self, first: u64, last: u64) {
        let from = self.files.iter().rev().skip_while(|file| file.seqno > last);
        for file in from.take_while(|file| file.seqno >= first) {
            if self.shared.identity(file.seqno).is_some() {
                continue;
            }
            if let Some(identity) = file.head(HEAD).ok().and_then(|head| checkpoint::identity(&head)) {
                self.shared.note_identity(file.seqno, identity);
            }
        }
    }

    fn take_note(&mut self, note: LiveNote) -> Result<()> {
        let file = self.current_file().map(|file| file.path.clone());
        match note {
            // It was met before the bytes were read again.
            LiveNote::Restarted { position, .. } | LiveNote::DefinitionChanged { position, .. }
                if self.skip.is_after(position) => {}
            LiveNote::Restarted { position, rolled_back: true } => {
                self.order.restarted();
                self.raise(EventKind::RestartAbend, position, file, "the open transaction is rolled back".to_owned());
            }
            LiveNote::Restarted { position, .. } => {
                self.order.restarted();
                self.raise(EventKind::RestartAppend, position, file, "the writer appends after a restart".to_owned());
            }
            LiveNote::DefinitionChanged { position, table } => {
                self.raise(EventKind::DefinitionChanged, position, file, format!("table {table}"));
            }
            LiveNote::Unfinished { last } => {
                self.break_off();
                self.raise(EventKind::UnfinishedTransaction, last, file, "its last record is there".to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    /// Notes that the open transaction has no end.
    pub(super) fn break_off(&mut self) {
        if self.options.delivery == Delivery::Transactions {
            let files = &self.files;
            let done = self.assembly.break_off(|from| sources(files, from));
            self.put(done);
        }
        self.order.broke_off();
    }

    /// Puts an event into the queue, with what its policy asks for.
    pub(super) fn raise(&mut self, kind: EventKind, at: TrailPosition, file: Option<PathBuf>, what: String) {
        let policy = self.options.policy_of(kind);
        let event = Event { kind, policy, position: at.into(), file, what };
        match policy {
            Policy::Stop => self.out.push_back(Out::Fail(event.error())),
            Policy::Wait => self.out.extend([Out::Item(Item::Event(event)), Out::Pause]),
            Policy::Continue => self.out.push_back(Out::Item(Item::Event(event))),
        }
    }

    /// Handles a cause that may last: its policy applies once it has lasted for a while. Returns whether to go on as if it were not
    /// there.
    pub(super) fn endure(&mut self, kind: EventKind, patient: bool, file: Option<PathBuf>, what: impl Fn() -> String) -> bool {
        let policy = self.options.policy_of(kind);
        let position = self.order.here().into();
        match self.conditions.judge(kind, policy, patient, &self.shared) {
            Verdict::Wait => false,
            Verdict::Report { pass } => {
                self.out.push_back(Out::Item(Item::Event(Event { kind, policy, position, file, what: what() })));
                pass
            }
            Verdict::Pass => true,
            Verdict::Stop => {
                self.out.push_back(Out::Fail(Event { kind, policy, position, file, what: what() }.error()));
                false
            }
        }
    }

    pub(super) fn current_file(&self) -> Option<&Arc<TailFile>> {
        let index = self.reader.as_ref()?.state().ok()?.file;
        self.files.get(index).or(self.files.last())
    }
}

impl Drop for Tail {
    /// Stores what is acknowledged. To see an error of it, call [`store`](Tail::store) before.
    fn drop(&mut self) {
        if let Err(error) = self.shared.store(true) {
            tracing::warn!(%error, "the checkpoint was not stored");
        }
    }
}

pub(super) fn as_trail_file(file: &Arc<TailFile>) -> TrailFile {
    TrailFile::from_source(&file.path, Arc::clone(file) as Arc<dyn trailcore::source::ByteSource>)
}

/// Returns the files from a position on, held open.
fn sources(files: &[Arc<TailFile>], from: TrailPosition) -> Result<Sources> {
    let files = files.iter().filter(|file| file.seqno >= from.seqno);
    files
        .map(|file| {
            let source = file.source().map_err(|error| Error::io(&file.path, error))?;
            Ok((file.path.clone(), source))
        })
        .collect()
}
