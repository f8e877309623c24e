//! The part of a tail that its handles share: the signal, acknowledgements, and the keeper of the checkpoint.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, ReentrantMutex};
use trailcore::{Error, ErrorKind, Result};

use crate::acknowledge::{Mark, Progress, Receipt, Tracker};
use crate::checkpoint::{Checkpoint, CheckpointStore, new_checkpoint};
use crate::files::Files;
use crate::lag::{self, Lag, Meter};
use crate::sequence::Names;
use crate::signal::Signal;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) signal: Arc<Signal>,
    resumed: AtomicBool,
    tracker: Mutex<Tracker>,
    meter: Mutex<Meter>,
    files: Arc<dyn Files>,
    names: Names,
    keeper: Mutex<Keeper>,
    store: Store,
    closed: AtomicBool,
}

/// The store of the checkpoint; none without a checkpoint, and once the tail is closed. Its functions can be the caller's, which may use the
/// tail: no other lock is held while they run, and a second use of it by the same thread is noticed.
struct Store(ReentrantMutex<RefCell<Option<Box<dyn CheckpointStore>>>>);

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

/// The known facts of the checkpoint.
#[derive(Debug, Default)]
pub(crate) struct Keeper {
    pub(crate) stored: Option<Mark>,
    /// When it was stored last.
    pub(crate) last: Option<Instant>,
    pub(crate) interval: Duration,
    pub(crate) selection: String,
    /// Identities of files, by sequence number, from the one that the checkpoint is in.
    pub(crate) identities: BTreeMap<u64, String>,
    /// The place to start at has not been found: a checkpoint would lose it.
    pub(crate) searches: bool,
    /// The error of a store while the tail waited, and when it is tried again.
    pub(crate) failure: Option<(Error, Instant)>,
}

/// Time between two tries to store a checkpoint while the tail waits, at least.
const AGAIN: Duration = Duration::from_secs(1);

impl Keeper {
    /// Returns the checkpoint of a place; `None` without the identity of its file: then nothing of it has been delivered.
    fn checkpoint(&self, mark: &Mark) -> Option<Checkpoint> {
        if self.searches {
            return None;
        }
        let identity = self.identities.get(&mark.read_from().seqno)?.clone();
        Some(new_checkpoint(
            (mark.position.into(), mark.transaction.map(Into::into)),
            (mark.csn.clone(), mark.time),
            (identity, self.selection.clone()),
        ))
    }
}

impl Shared {
    pub(crate) fn new(keeper: Keeper, store: Option<Box<dyn CheckpointStore>>, files: Arc<dyn Files>, names: Names) -> Self {
        let (signal, tracker, meter, resumed, closed) = Default::default();
        let store = Store(ReentrantMutex::new(RefCell::new(store)));
        Self { signal, resumed, tracker, meter, files, names, keeper: Mutex::new(keeper), store, closed }
    }

    /// Starts the tracking at a place.
    pub(crate) fn start(&self, at: Mark) {
        *self.tracker.lock() = Tracker::new(at);
    }

    pub(crate) fn resume(&self) {
        self.resumed.store(true, Ordering::Relaxed);
        self.signal.wake();
    }

    /// Returns whether the caller has asked to go on, once.
    pub(crate) fn take_resumed(&self) -> bool {
        self.resumed.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn deliver(&self, changes: u64, after: Mark) -> u64 {
        self.tracker.lock().deliver(u32::try_from(changes).unwrap_or(u32::MAX), after)
    }

    pub(crate) fn advance(&self, to: Mark) {
        self.tracker.lock().advance(to);
    }

    pub(crate) fn acknowledge(&self, receipt: &Receipt) -> Result<()> {
        let is_closed = || self.closed.load(Ordering::Acquire);
        let refused = || Error::new(ErrorKind::InvalidArgument, "the tail is closed: an acknowledgement is not stored any more");
        if is_closed() {
            return Err(refused());
        }
        self.tracker.lock().acknowledge(receipt)?;
        self.store(false)?;
        // The error of a store while the tail waited, which has not succeeded since.
        if let Some((error, _)) = self.keeper.lock().failure.take() {
            return Err(error);
        }
        // Another thread closes the tail: it may have been too late for the last checkpoint.
        if is_closed() && !self.is_stored() { Err(refused()) } else { Ok(()) }
    }

    /// Returns whether all that is acknowledged is stored. It waits for a store that is going on.
    fn is_stored(&self) -> bool {
        let _store = self.store.0.lock();
        self.keeper.lock().stored.as_ref() == Some(self.tracker.lock().acknowledged())
    }

    /// Stores what is acknowledged, and gives the checkpoint up.
    pub(crate) fn close(&self) -> Result<()> {
        self.signal.stop();
        self.closed.store(true, Ordering::Release);
        let stored = self.store(true);
        let store = self.store.0.lock();
        match store.try_borrow_mut() {
            Ok(mut store) => drop(store.take()),
            Err(_) => {
                let error =
                    Error::new(ErrorKind::InvalidArgument, "a function of the checkpoint store closes the tail that calls it");
                return Err(error.hint("close it after the function has returned"));
            }
        }
        stored
    }

    /// Notes whether the place to start at is still looked for.
    pub(crate) fn search(&self, searches: bool) {
        self.keeper.lock().searches = searches;
    }

    pub(crate) fn note_identity(&self, seqno: u64, identity: String) {
        self.keeper.lock().identities.insert(seqno, identity);
    }

    pub(crate) fn identity(&self, seqno: u64) -> Option<String> {
        self.keeper.lock().identities.get(&seqno).cloned()
    }

    /// Stores what is acknowledged, if that has changed and the interval is over or `now`.
    pub(crate) fn store(&self, now: bool) -> Result<()> {
        let store = self.store.0.lock();
        // In use: a function of the store has called. The call that it is inside of stores.
        let Ok(mut store) = store.try_borrow_mut() else { return Ok(()) };
        let Some(store) = store.as_mut() else { return Ok(()) };
        let Some((mark, checkpoint)) = self.unstored(now) else { return Ok(()) };
        store.store(&checkpoint)?;
        tracing::debug!(position = %checkpoint.position, "checkpoint stored");
        let mut keeper = self.keeper.lock();
        keeper.identities = keeper.identities.split_off(&mark.read_from().seqno);
        keeper.stored = Some(mark);
        keeper.last = Some(Instant::now());
        keeper.failure = None;
        Ok(())
    }

    /// Stores what is acknowledged, if that is due, for a tail that waits: an error is kept for the next acknowledgement, and the store is
    /// tried again.
    pub(crate) fn store_while_idle(&self) {
        if self.keeper.lock().failure.as_ref().is_some_and(|(_, again)| Instant::now() < *again) {
            return;
        }
        if let Err(error) = self.store(false) {
            tracing::warn!(%error, "the checkpoint was not stored; it is tried again");
            let mut keeper = self.keeper.lock();
            keeper.failure = Some((error, Instant::now() + keeper.interval.max(AGAIN)));
        }
    }

    /// Returns the checkpoint of what is acknowledged, if it is to be stored.
    fn unstored(&self, now: bool) -> Option<(Mark, Checkpoint)> {
        let keeper = self.keeper.lock();
        if !now && keeper.last.is_some_and(|last| last.elapsed() < keeper.interval) {
            return None;
        }
        let mark = self.tracker.lock().acknowledged().clone();
        if keeper.stored.as_ref() == Some(&mark) {
            return None;
        }
        let checkpoint = keeper.checkpoint(&mark)?;
        Some((mark, checkpoint))
    }

    /// Returns the checkpoint after a delivery.
    pub(crate) fn checkpoint(&self, receipt: &Receipt) -> Result<Checkpoint> {
        let mark = self.tracker.lock().after(receipt).cloned();
        let mark = mark.ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, "the receipt is not one of this tail, or it is acknowledged already")
        })?;
        let found = self.keeper.lock().checkpoint(&mark);
        found.ok_or_else(|| {
            let what = format!("the header of the file of {} could not be read: it has no checkpoint", mark.position);
            Error::new(ErrorKind::Io, what).hint("continue at an earlier checkpoint; if the file was removed, restore it")
        })
    }

    /// Returns the checkpoint of what is acknowledged; `None` while the header of its file has not been read.
    pub(crate) fn acknowledged(&self) -> Option<Checkpoint> {
        let mark = self.tracker.lock().acknowledged().clone();
        self.keeper.lock().checkpoint(&mark)
    }

    /// Returns when the next checkpoint is due; `None` if all that is acknowledged is stored, or cannot be yet.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.store.0.lock().try_borrow().ok()?.as_ref()?;
        let keeper = self.keeper.lock();
        let mark = self.tracker.lock().acknowledged().clone();
        if keeper.stored.as_ref() == Some(&mark) || keeper.checkpoint(&mark).is_none() {
            return None;
        }
        match &keeper.failure {
            Some((_, again)) => Some(*again),
            None => Some(keeper.last.map_or_else(Instant::now, |last| last + keeper.interval)),
        }
    }

    /// Notes time that the tail has spent in a wait.
    pub(crate) fn waited(&self, time: Duration) {
        self.meter.lock().waited(time);
    }

    pub(crate) fn lag(&self) -> Result<Lag> {
        let times = self.tracker.lock().times();
        lag::measure(&*self.files, &self.names, self.progress(), times, &mut self.meter.lock())
    }

    pub(crate) fn progress(&self) -> Progress {
        let stored = self.keeper.lock().stored.clone();
        self.tracker.lock().progress(stored.as_ref())
    }
}
