//! [`Signal`]: wakes a tail that waits, from any thread.

use std::time::Instant;

use parking_lot::{Condvar, Mutex};

/// Wakes one waiting thread. A wake-up that comes before the wait is not lost.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    woken: bool,
    hinted: bool,
    stopped: bool,
}

/// Why a wait has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Woken {
    /// The time is over.
    Timeout,
    /// The file system reports a change.
    Hint,
    /// The caller asked for it.
    Caller,
}

impl Signal {
    /// Ends the current or next wait.
    pub(crate) fn wake(&self) {
        self.state.lock().woken = true;
        self.changed.notify_all();
    }

    /// Ends the current or next wait, because the file system reports a change.
    pub(crate) fn hint(&self) {
        let mut state = self.state.lock();
        if !state.hinted {
            state.hinted = true;
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Ends all waits for ever.
    pub(crate) fn stop(&self) {
        self.state.lock().stopped = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.state.lock().stopped
    }

    /// Waits for a wake-up, a hint or the stop, at most until a moment.
    pub(crate) fn wait(&self, until: Instant) -> Woken {
        let mut state = self.state.lock();
        loop {
            if state.stopped || std::mem::take(&mut state.woken) {
                return Woken::Caller;
            }
            if std::mem::take(&mut state.hinted) {
                return Woken::Hint;
            }
            if self.changed.wait_until(&mut state, until).timed_out() {
                return Woken::Timeout;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_wake_up_before_the_wait_is_not_lost() {
        let signal = Signal::default();
        let soon = || Instant::now() + Duration::from_millis(1);
        assert_eq!(signal.wait(soon()), Woken::Timeout);
        signal.hint();
        signal.wake();
        assert_eq!([signal.wait(soon()), signal.wait(soon()), signal.wait(soon())], [Woken::Caller, Woken::Hint, Woken::Timeout]);
    }

    #[test]
    fn stop_ends_every_wait() {
        let signal = Arc::new(Signal::default());
        let waiting = Arc::clone(&signal);
        let thread = std::thread::spawn(move || waiting.wait(Instant::now() + Duration::from_secs(600)));
        signal.stop();
        assert_eq!(thread.join().unwrap(), Woken::Caller);
        assert_eq!(signal.wait(Instant::now() + Duration::from_secs(600)), Woken::Caller);
    }
}
