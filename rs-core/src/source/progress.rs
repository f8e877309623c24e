//! How far a reader has come, and a way to stop it.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::position::Position;

/// How far a reader has come. It reads ahead of what it hands out, by a block or so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The end of what has been read.
    pub position: Position,
    /// Bytes read so far, over all files. [`Trail::size`](crate::Trail::size) has the whole.
    pub bytes: u64,
}

type Callback = dyn Fn(Progress) -> ControlFlow<()> + Send + Sync;

/// What is called as reading goes on; see [`ReadOptions::watch`](crate::ReadOptions::watch).
#[derive(Clone)]
pub(crate) struct Watch(Arc<Callback>);

impl Watch {
    pub(crate) fn new(callback: impl Fn(Progress) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(callback))
    }

    pub(crate) fn report(&self, progress: Progress) -> Result<()> {
        match (self.0)(progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::new(ErrorKind::Cancelled, "reading was stopped by its caller")
                .hint("a further call goes on where it stopped")),
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// How a reader gets at its files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    pub(crate) mapped: bool,
    pub(crate) watch: Option<Watch>,
}
