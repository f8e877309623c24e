//! [`Hub`]: any number of subscribers on one reading of a trail.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use trailcore::{Error, Result};

use crate::checkpoint::CheckpointStore;
use crate::event::{EventKind, Policy};
use crate::item::Item;
use crate::link::{Message, Reading};
use crate::options::{Delivery, Start, TailOptions};
use crate::tail::{Tail, TailHandle};

/// Reads a trail once for any number of subscribers.
///
/// A subscriber is a [`Tail`] with its own selection, start, delivery, acknowledgement, checkpoint and policies. It reads the files
/// itself until it has caught up with the shared reading, and changes over to it without a gap or a repeat. One that is too slow
/// is treated by its own [policy](crate::Slow). If the shared reading ends, its subscribers read the files themselves again.
///
/// A cause that lasts, such as a missing file, ends the shared reading after a second: each subscriber meets it itself, with its own
/// policies and patience. The reading begins again at the end of the trail, once that can be read, and subscribers that have caught up join
/// it again.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # trailcore_samples::write_bank(dir.path(), &trailcore_samples::Bank::small()).unwrap();
/// # let path = dir.path().join("bk");
/// use trailcore::filter::Select;
/// use trailcore_stream::{Hub, TailOptions};
///
/// let mut hub = Hub::open(path, TailOptions::new())?;
/// let all = hub.subscribe(TailOptions::new())?;
/// let postings = hub.subscribe(TailOptions::new().select(Select::parse("TABLE BANK.POSTINGS;")?))?;
/// hub.start()?;
/// for mut tail in [all, postings] {
///     std::thread::spawn(move || while let Ok(Some(_item)) = tail.recv() {});
/// }
/// hub.stop()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Hub {
    path: PathBuf,
    options: TailOptions,
    reading: Arc<Reading>,
    stop: Arc<Stop>,
    /// The tail, until it is started.
    tail: Option<Tail>,
    thread: Option<JoinHandle<Result<()>>>,
}

/// Stops the tail that reads now.
#[derive(Debug)]
struct Stop(Mutex<(TailHandle, bool)>);

impl Stop {
    fn stop(&self) {
        let mut state = self.0.lock();
        state.1 = true;
        state.0.stop();
    }

    fn is_stopped(&self) -> bool {
        self.0.lock().1
    }

    /// Puts another tail in the place of the last one.
    fn replace(&self, tail: &Tail) {
        let mut state = self.0.lock();
        state.0 = tail.handle();
        if state.1 {
            state.0.stop();
        }
    }

    /// Waits for a time, or for the stop.
    fn wait(&self, time: Duration) {
        let until = Instant::now() + time;
        let handle = self.0.lock().0.clone();
        while !self.is_stopped() && Instant::now() < until {
            handle.signal().wait(until);
        }
    }
}

/// The entrance for subscribers of a shared reading.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    path: PathBuf,
    reading: Arc<Reading>,
}

impl Door {
    pub(crate) fn subscribe_stored(&self, options: TailOptions, store: Option<Box<dyn CheckpointStore>>) -> Result<Tail> {
        let mut tail = Tail::open_stored(&self.path, options, store)?;
        tail.share(Arc::clone(&self.reading));
        Ok(tail)
    }
}

/// Time after which an idle reading looks whether its place has moved on.
const LOOK: Duration = Duration::from_millis(500);
/// How long a cause may last before the reading ends, at most.
const PATIENCE: u64 = 1_000;
/// Time before the reading begins again after an error. It doubles with each further one.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Kinds of events in the trail. Each subscriber gets them, with its own policies.
const OF_SUBSCRIBERS: [EventKind; 8] = [
    EventKind::UnfinishedTransaction,
    EventKind::MissingStart,
    EventKind::RestartAbend,
    EventKind::RestartAppend,
    EventKind::HistoryReset,
    EventKind::TimeBackwards,
    EventKind::DefinitionChanged,
    EventKind::FilePurged,
];

/// Returns the options of the shared reading: it goes on over events in the trail, and ends at a cause that lasts.
fn of_reading(options: TailOptions) -> TailOptions {
    let policy = |kind: EventKind| match kind {
        // A gap is judged after the patience, a missing file at once.
        EventKind::NextFileMissing => Policy::Continue,
        kind if OF_SUBSCRIBERS.contains(&kind) => Policy::Continue,
        _ => Policy::Stop,
    };
    let options = EventKind::ALL.iter().fold(options, |options, kind| options.policy(*kind, policy(*kind)));
    let patience = options.patience.min(PATIENCE);
    options.patience(Duration::from_millis(patience)).delivery(Delivery::Changes).without_selection()
}

impl Hub {
    /// Opens the trail at a path. Subscribers that start at the same place share the reading from there on. Of the options, the
    /// selection, the unit of delivery and the policies of events have no effect: they are those of each subscriber.
    ///
    /// # Errors
    /// The errors of [`Tail::open`].
    pub fn open(path: impl AsRef<Path>, options: TailOptions) -> Result<Self> {
        let (path, options) = (path.as_ref().to_path_buf(), of_reading(options));
        let tail = Tail::open(&path, options.clone())?;
        let reading = Arc::new(Reading::default());
        if let Some(at) = tail.progress().delivered.trail() {
            reading.move_to(at);
        }
        let stop = Arc::new(Stop(Mutex::new((tail.handle(), false))));
        Ok(Self { path, options: options.start(Start::End), reading, stop, tail: Some(tail), thread: None })
    }

    /// Adds a subscriber, which starts at the start of its own options. It may be added at any time.
    ///
    /// # Errors
    /// The errors of [`Tail::open`].
    pub fn subscribe(&self, options: TailOptions) -> Result<Tail> {
        self.subscribe_stored(options, None)
    }

    /// Adds a subscriber with a checkpoint.
    ///
    /// # Errors
    /// The errors of [`Tail::open_with`].
    pub fn subscribe_with(&self, options: TailOptions, store: impl CheckpointStore + 'static) -> Result<Tail> {
        self.subscribe_stored(options, Some(Box::new(store)))
    }

    /// Adds a subscriber with or without a checkpoint.
    ///
    /// # Errors
    /// The errors of [`Tail::open_with`].
    pub fn subscribe_stored(&self, options: TailOptions, store: Option<Box<dyn CheckpointStore>>) -> Result<Tail> {
        self.door().subscribe_stored(options, store)
    }

    /// Returns the door for subscribers of other threads.
    pub(crate) fn door(&self) -> Door {
        Door { path: self.path.clone(), reading: Arc::clone(&self.reading) }
    }

    /// Starts the reading, in a thread. Doing it again has no effect.
    ///
    /// # Errors
    /// [`Io`](trailcore::ErrorKind::Io) if the thread cannot be started.
    pub fn start(&mut self) -> Result<()> {
        if let Some(tail) = self.tail.take() {
            let (reading, stop) = (Arc::clone(&self.reading), Arc::clone(&self.stop));
            let (path, options) = (self.path.clone(), self.options.clone());
            let open = move || Tail::open(&path, options.clone());
            let thread = std::thread::Builder::new().spawn(move || read_on(tail, &reading, &stop, open));
            self.thread = Some(thread.map_err(|error| Error::thread(&error))?);
        }
        Ok(())
    }

    /// Returns the number of subscribers that share the reading now.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        self.reading.subscribers()
    }

    /// Stops the reading. Its subscribers are not stopped: they read the files themselves.
    ///
    /// # Errors
    /// The error that has ended the reading, if it has not begun again since.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        self.stop.stop();
        let joined = self.thread.take().map(JoinHandle::join);
        self.reading.end();
        match joined {
            None => Ok(()),
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => Err(Error::internal("the thread of the shared reading has panicked")),
        }
    }
}

impl Drop for Hub {
    /// Stops the reading. To see an error of it, call [`stop`](Hub::stop).
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!(%error, "the shared reading has ended");
        }
    }
}

/// Reads until it is stopped. After an error, the subscribers read the files themselves, and the reading begins again with another tail.
fn read_on(mut tail: Tail, reading: &Reading, stop: &Stop, open: impl Fn() -> Result<Tail>) -> Result<()> {
    let mut pause = SHORTEST_PAUSE;
    loop {
        let outcome = read(&mut tail, reading, &mut pause);
        reading.end();
        let Err(mut error) = outcome else { return Ok(()) };
        tracing::warn!(%error, "the shared reading has ended; its subscribers read the files themselves");
        tail = loop {
            stop.wait(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
            if stop.is_stopped() {
                return Err(error);
            }
            match open() {
                Ok(tail) => break tail,
                Err(again) => error = again,
            }
        };
        stop.replace(&tail);
    }
}

/// Reads until the tail is stopped.
fn read(tail: &mut Tail, reading: &Reading, pause: &mut Duration) -> Result<()> {
    let stop = tail.handle();
    while !tail.is_stopped() {
        match tail.recv_timeout(LOOK)? {
            Some(Item::Changes(batch)) => {
                reading.send(&Message::Changes(Arc::clone(batch.block()), batch.after.clone()), stop.signal());
                tail.acknowledge(&batch.receipt())?;
            }
            Some(Item::Event(event)) => {
                if let Some(at) = event.position.trail().filter(|_| OF_SUBSCRIBERS.contains(&event.kind)) {
                    let message = Message::Event { kind: event.kind, at, file: event.file, what: event.what };
                    reading.send(&message, stop.signal());
                }
            }
            Some(_) => return Err(Error::internal("a shared reading delivers changes only")),
            None => {
                reading.report_dropped();
                // While a cause lasts, nobody joins at a place that the reading may not get beyond.
                if let Some(at) = tail.progress().delivered.trail().filter(|_| !tail.is_held_up()) {
                    reading.move_to(at);
                    *pause = SHORTEST_PAUSE;
                }
            }
        }
    }
    Ok(())
}
