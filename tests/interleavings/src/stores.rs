//! [`Shared`]: acknowledgements from several threads, and the end of a tail.

use std::sync::Arc;
use std::time::Duration;

use shuttle::thread;
use trailcore::{Result, TrailPosition};

use crate::acknowledge::{Mark, Receipt};
use crate::checkpoint::{Checkpoint, CheckpointStore};
use crate::locks::Mutex;
use crate::sequence::Names;
use crate::shared::{Keeper, Shared};
use crate::signals::NoFiles;

/// The places that were stored, in their order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u64>>>);

impl CheckpointStore for Log {
    fn store(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.0.lock().extend(checkpoint.position.trail().map(|position| position.rba));
        Ok(())
    }
}

/// Returns a tail's shared half with `deliveries` of one change each, and the receipts.
fn tail(log: &Log, deliveries: u64, interval: Duration) -> (Arc<Shared>, Vec<Receipt>) {
    let keeper = Keeper { interval, ..Keeper::default() };
    let shared = Shared::new(keeper, Some(Box::new(log.clone())), Arc::new(NoFiles), Names);
    shared.note_identity(0, "trail".to_owned());
    shared.start(Mark::default());
    let deliver = |at: u64| {
        let after = Mark { position: TrailPosition::new(0, at + 1), ..Mark::default() };
        Receipt { item: shared.deliver(1, after), change: None }
    };
    let receipts = (0..deliveries).map(deliver).collect();
    (Arc::new(shared), receipts)
}

/// Two threads acknowledge while a third one closes the tail. What was accepted is stored, in order; what was not is refused.
pub fn acknowledgements_are_stored_or_refused() {
    let log = Log::default();
    let (shared, receipts) = tail(&log, 4, Duration::from_secs(3_600));
    let closing = Arc::clone(&shared);
    let closer = thread::spawn(move || closing.close());
    let acknowledgers: Vec<_> = receipts
        .chunks(2)
        .map(|part| {
            let (shared, part) = (Arc::clone(&shared), part.to_vec());
            thread::spawn(move || part.iter().map(|receipt| shared.acknowledge(receipt).is_ok()).collect::<Vec<_>>())
        })
        .collect();
    let accepted: Vec<bool> = acknowledgers.into_iter().flat_map(|one| one.join().unwrap_or_default()).collect();
    assert!(matches!(closer.join(), Ok(Ok(()))));
    let stored = log.0.lock().clone();
    assert!(stored.is_sorted_by(|one, next| one < next), "{stored:?}");
    let complete = accepted.iter().take_while(|accepted| **accepted).count() as u64;
    assert!(stored.last().copied().unwrap_or_default() >= complete, "{accepted:?} were accepted, {stored:?} were stored");
    let refused = receipts.last().map(|receipt| shared.acknowledge(receipt));
    assert!(refused.is_some_and(|refused| refused.is_err()));
}

/// Handles acknowledge, store, ask and close at once, without waiting for each other for ever.
pub fn handles_do_not_block_each_other() {
    let log = Log::default();
    let (shared, receipts) = tail(&log, 2, Duration::ZERO);
    let asking = Arc::clone(&shared);
    let asker = thread::spawn(move || {
        let progress = asking.progress();
        assert!(progress.stored.is_none_or(|stored| stored <= progress.acknowledged), "{progress:?}");
        assert!(progress.acknowledged <= progress.delivered);
        asking.waited(Duration::ZERO);
        (asking.due(), asking.lag())
    });
    let storing = Arc::clone(&shared);
    let storer = thread::spawn(move || storing.store(true));
    let acknowledgers: Vec<_> = receipts
        .into_iter()
        .rev()
        .map(|receipt| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || (shared.checkpoint(&receipt), shared.acknowledge(&receipt)).1)
        })
        .collect();
    let outcomes: Vec<_> = acknowledgers.into_iter().map(|one| one.join()).collect();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(Ok(())))), "{outcomes:?}");
    assert!(asker.join().is_ok() && matches!(storer.join(), Ok(Ok(()))));
    assert!(shared.close().is_ok());
    assert_eq!(log.0.lock().last(), Some(&2));
}
