//! [`Progress`]: how much a reader has read, and a way to stop it.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::position::Position;

/// The progress of a reader. It reads about one block ahead of the changes that it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// End of the bytes that have been read.
    pub position: Position,
    /// Bytes read so far, over all files. [`Trail::size`](crate::Trail::size) returns the total.
    pub bytes: u64,
}

type Callback = dyn Fn(Progress) -> ControlFlow<()> + Send + Sync;

/// The caller's progress callback; see [`ReadOptions::on_progress`](crate::ReadOptions::on_progress).
#[derive(Clone)]
pub(crate) struct Watch(Arc<Callback>);

impl Watch {
    pub(crate) fn new(callback: impl Fn(Progress) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(callback))
    }

    /// Returns one that calls another callback after its own. Either stops the reading.
    pub(crate) fn and(self, callback: impl Fn(Progress) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        Self::new(move |progress| match (self.0)(progress) {
            ControlFlow::Continue(()) => callback(progress),
            stopped => stopped,
        })
    }

    pub(crate) fn report(&self, progress: Progress) -> Result<()> {
        match (self.0)(progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::new(ErrorKind::Cancelled, "reading was stopped by the progress callback")
                .hint("the next call continues where reading stopped")),
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// How a reader accesses its files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    pub(crate) mapped: bool,
    pub(crate) watch: Option<Watch>,
}
