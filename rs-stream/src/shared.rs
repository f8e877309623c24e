//! The part of a tail that its handles share: the signal, acknowledgements, and the keeper of the checkpoint.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use trailcore::Result;

use crate::acknowledge::{Mark, Progress, Receipt, Tracker};
use crate::checkpoint::{CheckpointStore, new_checkpoint};
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
}

/// Stores checkpoints.
pub(crate) struct Keeper {
    pub(crate) store: Option<Box<dyn CheckpointStore>>,
    pub(crate) stored: Option<Mark>,
    /// When it was stored last.
    pub(crate) last: Option<Instant>,
    pub(crate) interval: Duration,
    pub(crate) selection: String,
    /// Identities of files, by sequence number, from the one that the checkpoint is in.
    pub(crate) identities: BTreeMap<u64, String>,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("stored", &self.stored).finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn new(keeper: Keeper, files: Arc<dyn Files>, names: Names) -> Self {
        let (tracker, meter, keeper) = (Mutex::default(), Mutex::default(), Mutex::new(keeper));
        Self { signal: Arc::default(), resumed: AtomicBool::new(false), tracker, meter, files, names, keeper }
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
        self.tracker.lock().acknowledge(receipt)?;
        self.store(false)
    }

    pub(crate) fn note_identity(&self, seqno: u64, identity: String) {
        self.keeper.lock().identities.insert(seqno, identity);
    }

    pub(crate) fn identity(&self, seqno: u64) -> Option<String> {
        self.keeper.lock().identities.get(&seqno).cloned()
    }

    /// Stores what is acknowledged, if that has changed and the interval is over or `now`.
    pub(crate) fn store(&self, now: bool) -> Result<()> {
        let mut keeper = self.keeper.lock();
        let keeper = &mut *keeper;
        let Some(store) = &mut keeper.store else { return Ok(()) };
        if !now && keeper.last.is_some_and(|last| last.elapsed() < keeper.interval) {
            return Ok(());
        }
        let mark = self.tracker.lock().acknowledged().clone();
        let from = mark.read_from();
        // Without the identity of the file, nothing of it has been delivered.
        let Some(identity) = keeper.identities.get(&from.seqno).cloned() else { return Ok(()) };
        if keeper.stored.as_ref() == Some(&mark) {
            return Ok(());
        }
        let checkpoint = new_checkpoint(
            (mark.position.into(), mark.transaction.map(Into::into)),
            (mark.csn.clone(), mark.time),
            (identity, keeper.selection.clone()),
        );
        store.store(&checkpoint)?;
        tracing::debug!(position = %checkpoint.position, "checkpoint stored");
        keeper.stored = Some(mark);
        keeper.last = Some(Instant::now());
        keeper.identities = keeper.identities.split_off(&from.seqno);
        Ok(())
    }

    /// Returns when the next checkpoint is due; `None` if all that is acknowledged is stored.
    pub(crate) fn due(&self) -> Option<Instant> {
        let keeper = self.keeper.lock();
        keeper.store.as_ref()?;
        if keeper.stored.as_ref() == Some(self.tracker.lock().acknowledged()) {
            return None;
        }
        Some(keeper.last.map_or_else(Instant::now, |last| last + keeper.interval))
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
