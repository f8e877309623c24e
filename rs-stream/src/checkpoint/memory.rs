//! [`MemoryStore`]: a checkpoint in memory, for tests and for followers that always start anew.

use std::sync::Arc;

use parking_lot::Mutex;
use trailcore::{Error, ErrorKind, Result};

use crate::checkpoint::{Checkpoint, CheckpointStore, Loaded};

/// A checkpoint in memory. Clones share it; one of them can be claimed at a time.
///
/// ```
/// use trailcore_stream::{CheckpointStore, MemoryStore};
/// let (mut one, mut other) = (MemoryStore::new(), MemoryStore::new());
/// one.claim()?;
/// other.claim()?;
/// let mut second = one.clone();
/// assert!(second.claim().is_err());
/// drop(one);
/// second.claim()?;
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    shared: Arc<Mutex<Shared>>,
    claims: bool,
}

#[derive(Debug, Default)]
struct Shared {
    checkpoint: Option<Checkpoint>,
    claimed: bool,
}

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.shared.lock().checkpoint.clone()
    }
}

impl Clone for MemoryStore {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), claims: false }
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        if self.claims {
            self.shared.lock().claimed = false;
        }
    }
}

impl CheckpointStore for MemoryStore {
    fn claim(&mut self) -> Result<()> {
        let mut shared = self.shared.lock();
        if shared.claimed && !self.claims {
            let error = Error::new(ErrorKind::Io, "another follower uses the checkpoint");
            return Err(error.hint("drop it first, or give each follower a checkpoint of its own"));
        }
        (shared.claimed, self.claims) = (true, true);
        Ok(())
    }

    fn load(&mut self) -> Result<Option<Loaded>> {
        Ok(self.checkpoint().map(Loaded::from))
    }

    fn store(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.shared.lock().checkpoint = Some(checkpoint.clone());
        Ok(())
    }
}
