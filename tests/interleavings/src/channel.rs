//! A bounded channel with the interface of `crossbeam-channel`, over the locks of `shuttle`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::locks::{Condvar, Mutex};

#[derive(Debug)]
struct Channel<T> {
    state: Mutex<State<T>>,
    /// A message was taken, or an end is gone.
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    queue: VecDeque<T>,
    room: usize,
    /// Sender and receiver exist.
    ends: [bool; 2],
}

/// The sending end.
#[derive(Debug)]
pub struct Sender<T>(Arc<Channel<T>>);

/// The receiving end.
#[derive(Debug)]
pub struct Receiver<T>(Arc<Channel<T>>);

/// Why a message was not sent at once.
#[derive(Debug)]
pub enum TrySendError<T> {
    /// There is no room.
    Full(T),
    /// Nobody receives.
    Disconnected(T),
}

/// Why a message was not sent in time.
#[derive(Debug)]
pub enum SendTimeoutError<T> {
    /// There was no room.
    Timeout(T),
    /// Nobody receives.
    Disconnected(T),
}

/// Why no message was received.
#[derive(Debug)]
pub enum TryRecvError {
    /// There is none.
    Empty,
    /// There is none, and nobody sends.
    Disconnected,
}

/// Creates a channel for some messages.
#[must_use]
pub fn bounded<T>(room: usize) -> (Sender<T>, Receiver<T>) {
    let state = State { queue: VecDeque::new(), room, ends: [true; 2] };
    let channel = Arc::new(Channel { state: Mutex::new(state), changed: Condvar::default() });
    (Sender(Arc::clone(&channel)), Receiver(channel))
}

impl<T> Sender<T> {
    /// Sends a message if there is room.
    ///
    /// # Errors
    /// The message, if it was not sent.
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let mut state = self.0.state.lock();
        if !state.ends[1] {
            return Err(TrySendError::Disconnected(message));
        }
        if state.queue.len() >= state.room {
            return Err(TrySendError::Full(message));
        }
        state.queue.push_back(message);
        Ok(())
    }

    /// Sends a message once there is room.
    ///
    /// # Errors
    /// The message, if it was not sent.
    pub fn send_timeout(&self, mut message: T, time: Duration) -> Result<(), SendTimeoutError<T>> {
        let until = Instant::now() + time;
        loop {
            match self.try_send(message) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(message)) => return Err(SendTimeoutError::Disconnected(message)),
                Err(TrySendError::Full(same)) => message = same,
            }
            let mut state = self.0.state.lock();
            let is_full = state.ends[1] && state.queue.len() >= state.room;
            if is_full && self.0.changed.wait_until(&mut state, until).timed_out() {
                return Err(SendTimeoutError::Timeout(message));
            }
        }
    }
}

impl<T> Receiver<T> {
    /// Receives a message if there is one.
    ///
    /// # Errors
    /// Why there is none.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut state = self.0.state.lock();
        let message = state.queue.pop_front();
        let error = if state.ends[0] { TryRecvError::Empty } else { TryRecvError::Disconnected };
        drop(state);
        self.0.changed.notify_all();
        message.ok_or(error)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.state.lock().ends[0] = false;
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.state.lock().ends[1] = false;
        self.0.changed.notify_all();
    }
}
