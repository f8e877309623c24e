//! [`Signal`]: no wake-up is lost; [`Conditions`]: a tail that waits for the caller goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use shuttle::thread;

use crate::acknowledge::Mark;
use crate::condition::{Conditions, Verdict};
use crate::event::{EventKind, Policy};
use crate::files::Files;
use crate::sequence::Names;
use crate::shared::{Keeper, Shared};
use crate::signal::{Signal, Woken};

/// A time that never comes.
pub(crate) fn never() -> Instant {
    Instant::now() + Duration::from_secs(3_600)
}

#[derive(Debug)]
pub(crate) struct NoFiles;

impl Files for NoFiles {}

/// Two threads announce work, a third one stops: the waiting thread sees all of it.
pub fn every_wake_up_arrives() {
    let signal = Arc::new(Signal::default());
    let work = Arc::new(AtomicUsize::new(0));
    let announcers = [Signal::hint as fn(&Signal), Signal::wake].map(|announce| {
        let (signal, work) = (Arc::clone(&signal), Arc::clone(&work));
        thread::spawn(move || {
            for _ in 0..2 {
                work.fetch_add(1, Ordering::SeqCst);
                announce(&signal);
            }
        })
    });
    while work.load(Ordering::SeqCst) < 4 {
        assert_ne!(signal.wait(never()), Woken::Timeout);
    }
    announcers.into_iter().for_each(|announcer| drop(announcer.join()));
    let stopping = Arc::clone(&signal);
    let stopper = thread::spawn(move || stopping.stop());
    while !signal.is_stopped() {
        signal.wait(never());
    }
    assert_eq!(signal.wait(never()), Woken::Caller);
    drop(stopper.join());
}

/// A tail has reported an event and waits: the caller's request to go on ends the wait.
pub fn a_paused_tail_is_resumed() {
    let shared = Arc::new(Shared::new(Keeper::default(), None, Arc::new(NoFiles), Names));
    shared.start(Mark::default());
    let mut conditions = Conditions::new(Duration::ZERO);
    let judge = |conditions: &mut Conditions| conditions.judge(EventKind::Damage, Policy::Wait, false, &shared);
    assert_eq!(judge(&mut conditions), Verdict::Report { pass: false });
    let caller = Arc::clone(&shared);
    let caller = thread::spawn(move || caller.resume());
    while judge(&mut conditions) != Verdict::Pass {
        shared.signal.wait(never());
    }
    drop(caller.join());
}
