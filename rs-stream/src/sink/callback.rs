//! Sinks for programs that embed a pipeline: a function, and a channel.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{SendTimeoutError, Sender};
use trailcore::{Change, ChangeBlock, Error, ErrorKind, Result};

use super::{Promise, Sink};
use crate::checkpoint::{Checkpoint, CheckpointStore};

/// The changes of one commit, and the checkpoint after them.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The changes, in order. None if the place has moved on to another file without a selected change.
    pub block: Arc<ChangeBlock>,
    /// The checkpoint. A program that stores it with the changes, in one transaction of its own, has each change exactly once.
    pub checkpoint: Checkpoint,
}

/// Calls a function for the changes of each commit. The checkpoint is stored once the function has returned.
pub struct CallbackSink<F> {
    take: F,
    store: Box<dyn CheckpointStore>,
    block: ChangeBlock,
}

impl<F> std::fmt::Debug for CallbackSink<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallbackSink").field("changes", &self.block.len()).finish_non_exhaustive()
    }
}

impl<F: FnMut(&Committed) -> Result<()> + Send> CallbackSink<F> {
    /// Creates the sink. A failed call is repeated with the same changes, or after a restart with others from the same place on.
    pub fn new(store: impl CheckpointStore + 'static, take: F) -> Self {
        Self { take, store: Box::new(store), block: ChangeBlock::default() }
    }
}

impl<F: FnMut(&Committed) -> Result<()> + Send> Sink for CallbackSink<F> {
    fn promise(&self) -> Promise {
        Promise::AtLeastOnce
    }

    fn load(&mut self) -> Result<Option<Checkpoint>> {
        self.store.claim()?;
        self.peek()
    }

    fn peek(&mut self) -> Result<Option<Checkpoint>> {
        Ok(self.store.load()?.map(|loaded| loaded.checkpoint))
    }

    fn write(&mut self, change: &Change<'_>) -> Result<()> {
        self.block.push(change);
        Ok(())
    }

    fn commit(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        if !self.block.is_empty() {
            let block = Arc::new(std::mem::take(&mut self.block));
            (self.take)(&Committed { block, checkpoint: checkpoint.clone() })?;
        }
        self.store.store(checkpoint)
    }

    fn roll_back(&mut self) -> Result<()> {
        self.block.clear();
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Sends the changes of each commit to a channel. The receiver is responsible for what it has received; a full channel makes the pipeline
/// wait. A pipeline that is stopped waits for a second; what the receiver has not taken by then comes again at the next start.
pub struct ChannelSink {
    sender: Sender<Committed>,
    start: Option<Checkpoint>,
    block: ChangeBlock,
    is_stopping: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// Time between two looks at the wish to stop while the channel is full.
const LOOK: Duration = Duration::from_millis(20);
/// Time that a receiver has for the last commit after the wish to stop.
const GRACE: Duration = Duration::from_secs(1);

impl std::fmt::Debug for ChannelSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChannelSink").field("start", &self.start).field("changes", &self.block.len()).finish_non_exhaustive()
    }
}

impl ChannelSink {
    /// Creates the sink. The receiver keeps the checkpoints: `start` is the one to continue at.
    #[must_use]
    pub fn new(sender: Sender<Committed>, start: Option<Checkpoint>) -> Self {
        Self { sender, start, block: ChangeBlock::default(), is_stopping: Arc::new(|| false) }
    }

    /// Sends a commit. Waits while the channel is full, unless the pipeline is to stop.
    fn send(&self, mut committed: Committed) -> Result<()> {
        let mut until = None;
        loop {
            committed = match self.sender.send_timeout(committed, LOOK) {
                Ok(()) => return Ok(()),
                Err(SendTimeoutError::Disconnected(_)) => {
                    return Err(Error::new(ErrorKind::Cancelled, "the receiver of the channel is gone"));
                }
                Err(SendTimeoutError::Timeout(same)) => same,
            };
            if (self.is_stopping)() && Instant::now() >= *until.get_or_insert_with(|| Instant::now() + GRACE) {
                let what = "the pipeline stops, and the receiver of the channel does not take the last commit";
                return Err(Error::new(ErrorKind::Cancelled, what)
                    .hint("drop the receiver, or receive in another thread than the one that stops the pipeline"));
            }
        }
    }
}

impl Sink for ChannelSink {
    fn promise(&self) -> Promise {
        Promise::ExactlyOnce
    }

    fn ends_waits_when(&mut self, is_stopping: Arc<dyn Fn() -> bool + Send + Sync>) {
        self.is_stopping = is_stopping;
    }

    fn load(&mut self) -> Result<Option<Checkpoint>> {
        self.peek()
    }

    fn peek(&mut self) -> Result<Option<Checkpoint>> {
        Ok(self.start.clone())
    }

    fn write(&mut self, change: &Change<'_>) -> Result<()> {
        self.block.push(change);
        Ok(())
    }

    fn commit(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let committed = Committed { block: Arc::new(std::mem::take(&mut self.block)), checkpoint: checkpoint.clone() };
        self.send(committed)?;
        self.start = Some(checkpoint.clone());
        Ok(())
    }

    fn roll_back(&mut self) -> Result<()> {
        self.block.clear();
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        Ok(())
    }
}
