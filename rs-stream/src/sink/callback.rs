//! Sinks for programs that embed a pipeline: a function, and a channel.

use std::sync::Arc;

use crossbeam_channel::Sender;
use trailcore::{Change, ChangeBlock, Error, ErrorKind, Result};

use super::{Promise, Sink};
use crate::checkpoint::{Checkpoint, CheckpointStore};

/// The changes of one commit, and the checkpoint after them.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The changes, in order.
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
/// wait.
#[derive(Debug)]
pub struct ChannelSink {
    sender: Sender<Committed>,
    start: Option<Checkpoint>,
    block: ChangeBlock,
}

impl ChannelSink {
    /// Creates the sink. The receiver keeps the checkpoints: `start` is the one to continue at.
    #[must_use]
    pub fn new(sender: Sender<Committed>, start: Option<Checkpoint>) -> Self {
        Self { sender, start, block: ChangeBlock::default() }
    }
}

impl Sink for ChannelSink {
    fn promise(&self) -> Promise {
        Promise::ExactlyOnce
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
        self.sender.send(committed).map_err(|_| Error::new(ErrorKind::Cancelled, "the receiver of the channel is gone"))?;
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
