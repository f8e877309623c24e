//! The parts of `trailcore-stream` that threads share, compiled from their own sources against locks that the scheduler of `shuttle`
//! controls: `tests/checks.rs` runs each check under thousands of interleavings. A wake-up that is lost is a deadlock here, which the
//! scheduler reports: a wait whose end is more than a minute away never times out, a shorter one may at any moment.

// Not as its own unit tests: those of the sources use threads of the system.
#![cfg(not(test))]

// The sources name the crates of the real locks and channels.
extern crate self as crossbeam_channel;
extern crate self as parking_lot;

mod channel;
mod links;
mod locks;
mod signals;
mod stores;

pub use channel::{Receiver, SendTimeoutError, Sender, TryRecvError, TrySendError, bounded};
pub use links::{a_subscriber_gets_all_or_knows_what_it_lost, one_that_is_disconnected_is_told_at_once};
pub use locks::{Condvar, Mutex, MutexGuard, ReentrantMutex, WaitTimeoutResult};
pub use signals::{a_paused_tail_is_resumed, every_wake_up_arrives};
pub use stores::{acknowledgements_are_stored_or_refused, handles_do_not_block_each_other};

#[allow(dead_code)]
#[path = "../../../rs-stream/src/acknowledge.rs"]
mod acknowledge;
#[allow(dead_code)]
#[path = "../../../rs-stream/src/condition.rs"]
mod condition;
#[allow(dead_code)]
#[path = "../../../rs-stream/src/link.rs"]
mod link;
#[allow(dead_code)]
#[path = "../../../rs-stream/src/shared.rs"]
mod shared;
#[allow(dead_code)]
#[path = "../../../rs-stream/src/signal.rs"]
mod signal;

// The parts of other sources that those use.

mod event {
    /// The kinds of events that are used here.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum EventKind {
        Dropped,
        Damage,
        FilePurged,
    }

    #[allow(dead_code)]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Policy {
        Stop,
        Wait,
        Continue,
    }
}

mod options {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Slow {
        CatchUp,
        Block,
        Drop,
        Disconnect,
    }
}

mod files {
    pub(crate) trait Files: std::fmt::Debug + Send + Sync {}
}

mod sequence {
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Names;
}

mod lag {
    use std::time::Duration;

    use trailcore::{Result, Timestamp};

    use crate::acknowledge::Progress;
    use crate::files::Files;
    use crate::sequence::Names;

    #[derive(Debug, Default)]
    pub(crate) struct Meter(Duration);

    impl Meter {
        pub(crate) fn waited(&mut self, time: Duration) {
            self.0 += time;
        }
    }

    #[derive(Debug)]
    pub(crate) struct Lag;

    pub(crate) fn measure(_: &dyn Files, _: &Names, _: Progress, _: [Option<Timestamp>; 2], _: &mut Meter) -> Result<Lag> {
        Ok(Lag)
    }
}

mod checkpoint {
    use trailcore::{Position, Result, Timestamp};

    /// A checkpoint with nothing but its position.
    #[derive(Clone, Debug)]
    pub(crate) struct Checkpoint {
        pub(crate) position: Position,
    }

    pub(crate) trait CheckpointStore: Send {
        fn store(&mut self, checkpoint: &Checkpoint) -> Result<()>;
    }

    pub(crate) fn new_checkpoint(
        (position, _): (Position, Option<Position>),
        _: (Option<String>, Option<Timestamp>),
        _: (String, String),
    ) -> Checkpoint {
        Checkpoint { position }
    }
}
