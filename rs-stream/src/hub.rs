//! [`Hub`]: any number of subscribers on one reading of a trail.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use trailcore::{Error, Result};

use crate::checkpoint::CheckpointStore;
use crate::event::{EventKind, Policy};
use crate::item::Item;
use crate::link::{Message, Reading};
use crate::options::{Delivery, TailOptions};
use crate::tail::{Tail, TailHandle};

/// Reads a trail once for any number of subscribers.
///
/// A subscriber is a [`Tail`] with its own selection, start, delivery, acknowledgement, checkpoint and policies. It reads the files
/// itself until it has caught up with the shared reading, and changes over to it without a gap or a repeat. One that is too slow
/// is treated by its own [policy](crate::Slow). If the shared reading ends, its subscribers read the files themselves again.
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
    reading: Arc<Reading>,
    handle: TailHandle,
    /// The tail, until it is started.
    tail: Option<Tail>,
    thread: Option<JoinHandle<Result<()>>>,
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

impl Hub {
    /// Opens the trail at a path. Subscribers that start at the same place share the reading from there on. Of the options, the
    /// selection, the unit of delivery and the policies of events in the trail have no effect: they are those of each subscriber.
    ///
    /// # Errors
    /// The errors of [`Tail::open`].
    pub fn open(path: impl AsRef<Path>, options: TailOptions) -> Result<Self> {
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
        let path = path.as_ref().to_path_buf();
        let options = OF_SUBSCRIBERS.iter().fold(options, |options, kind| options.policy(*kind, Policy::Continue));
        let tail = Tail::open(&path, options.delivery(Delivery::Changes).without_selection())?;
        let reading = Arc::new(Reading::default());
        if let Some(at) = tail.progress().delivered.trail() {
            reading.move_to(at);
        }
        Ok(Self { path, reading, handle: tail.handle(), tail: Some(tail), thread: None })
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
        if let Some(mut tail) = self.tail.take() {
            let reading = Arc::clone(&self.reading);
            let stop = tail.handle();
            let thread = std::thread::Builder::new().spawn(move || {
                let outcome = read(&mut tail, &reading, &stop);
                reading.end(outcome.as_ref().err());
                outcome
            });
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
    /// The error that has ended the reading.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        self.handle.stop();
        match self.thread.take().map(JoinHandle::join) {
            None => {
                self.reading.end(None);
                Ok(())
            }
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => {
                let error = Error::internal("the thread of the shared reading has panicked");
                self.reading.end(Some(&error));
                Err(error)
            }
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

/// Reads until the tail is stopped.
fn read(tail: &mut Tail, reading: &Reading, stop: &TailHandle) -> Result<()> {
    while !tail.is_stopped() {
        match tail.recv_timeout(LOOK)? {
            Some(Item::Changes(batch)) => {
                reading.send(&Message::Changes(Arc::clone(batch.block()), batch.after.clone()), stop.signal());
                tail.acknowledge(&batch.receipt())?;
            }
            Some(Item::Event(event)) => {
                if let Some(at) = event.position.trail() {
                    let message = Message::Event { kind: event.kind, at, file: event.file, what: event.what };
                    reading.send(&message, stop.signal());
                }
            }
            Some(_) => return Err(Error::internal("a shared reading delivers changes only")),
            None => {
                if let Some(at) = tail.progress().delivered.trail() {
                    reading.move_to(at);
                }
            }
        }
    }
    Ok(())
}
