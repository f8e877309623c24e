//! [`Link`]: the queue between a shared reading and one of its subscribers.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, SendTimeoutError, Sender, TryRecvError, TrySendError, bounded};
use parking_lot::Mutex;
use trailcore::{ChangeBlock, Error, TrailPosition};

use crate::acknowledge::Mark;
use crate::event::EventKind;
use crate::options::Slow;
use crate::signal::Signal;

/// Time between two looks at the wish to stop, while the reading waits for a slow subscriber.
const LOOK: Duration = Duration::from_millis(20);

/// A message of the shared reading.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// Changes, whose order has been examined, and the place after them.
    Changes(Arc<ChangeBlock>, Mark),
    /// Something about the trail.
    Event { kind: EventKind, at: TrailPosition, file: Option<PathBuf>, what: String },
}

/// The shared reading, as its subscribers see it.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    state: Mutex<State>,
    /// The number of queues, for callers that cannot wait for the lock: the reading that has it may wait for them.
    connected: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    /// The place after the last message; `None` until the reading has begun.
    at: Option<TrailPosition>,
    queues: Vec<Queue>,
}

/// The queue of one subscriber.
#[derive(Debug)]
struct Queue {
    sender: Sender<Message>,
    signal: Arc<Signal>,
    slow: Slow,
    dropped: Option<Dropped>,
    end: Arc<Mutex<Option<Error>>>,
}

/// The messages that a subscriber has lost since the last event about them.
#[derive(Clone, Copy, Debug)]
struct Dropped {
    changes: u64,
    events: u64,
    /// The place of the first one, and the place after the last one.
    from: TrailPosition,
    to: TrailPosition,
}

impl Dropped {
    fn new(from: TrailPosition) -> Self {
        Self { changes: 0, events: 0, from, to: from }
    }

    /// Counts a message.
    fn add(&mut self, message: &Message) {
        match message {
            Message::Changes(block, after) => {
                self.changes += block.len() as u64;
                self.to = after.position;
            }
            Message::Event { at, .. } => {
                self.events += 1;
                self.to = self.to.max(*at);
            }
        }
    }

    fn event(&self) -> Message {
        let Self { changes, events, from, to } = self;
        let events = if *events > 0 { format!(", and {events} events") } else { String::new() };
        let what = format!("{changes} changes from {from} to {to} were dropped{events}: the subscriber is too slow");
        Message::Event { kind: EventKind::Dropped, at: *from, file: None, what }
    }
}

/// A subscriber's end of its queue.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) reading: Arc<Reading>,
    pub(crate) state: LinkState,
}

/// How a subscriber is connected.
#[derive(Debug)]
pub(crate) enum LinkState {
    /// It reads the files itself.
    Own,
    /// It reads the files itself up to a place; what follows is in the queue.
    Joining(Joined, TrailPosition),
    /// It reads from the queue.
    Shared(Joined),
}

/// The receiving half of a queue.
#[derive(Debug)]
pub(crate) struct Joined {
    receiver: Receiver<Message>,
    /// A message that could not be taken yet.
    held: Option<Message>,
    end: Arc<Mutex<Option<Error>>>,
}

/// The result of looking into a queue.
pub(crate) enum Received {
    Message(Message),
    Nothing,
    /// The subscriber is not connected any more, perhaps because of an error.
    Ended(Option<Error>),
}

impl Joined {
    pub(crate) fn receive(&mut self) -> Received {
        if let Some(message) = self.held.take() {
            return Received::Message(message);
        }
        match self.receiver.try_recv() {
            Ok(message) => Received::Message(message),
            Err(TryRecvError::Empty) => Received::Nothing,
            Err(TryRecvError::Disconnected) => Received::Ended(self.end.lock().take()),
        }
    }

    /// Keeps a message: the next call of [`receive`](Self::receive) returns it again.
    pub(crate) fn hold(&mut self, message: Message) {
        self.held = Some(message);
    }
}

impl Reading {
    /// Connects a subscriber, and returns the place from which on messages are in its queue; `None` before the reading has begun and
    /// after its end.
    pub(crate) fn join(&self, signal: &Arc<Signal>, size: usize, slow: Slow) -> Option<(Joined, TrailPosition)> {
        // While the reading waits for a slow subscriber, the others do not wait for its lock.
        let mut state = self.state.try_lock()?;
        let at = state.at?;
        let (sender, receiver) = bounded(size);
        let end = Arc::default();
        state.queues.push(Queue { sender, signal: Arc::clone(signal), slow, dropped: None, end: Arc::clone(&end) });
        self.connected.store(state.queues.len(), Ordering::Relaxed);
        Some((Joined { receiver, held: None, end }, at))
    }

    /// Returns the place after the last message.
    pub(crate) fn place(&self) -> Option<TrailPosition> {
        self.state.try_lock()?.at
    }

    /// Returns the number of subscribers that are connected.
    pub(crate) fn subscribers(&self) -> usize {
        self.connected.load(Ordering::Relaxed)
    }

    /// Moves on without a message.
    pub(crate) fn move_to(&self, at: TrailPosition) {
        self.state.lock().at = Some(at);
    }

    /// Sends a message to all subscribers.
    pub(crate) fn send(&self, message: &Message, stop: &Signal) {
        let mut state = self.state.lock();
        let gone = state.queues.extract_if(.., |queue| !queue.send(message, stop));
        gone.for_each(Queue::close);
        self.connected.store(state.queues.len(), Ordering::Relaxed);
        if let Message::Changes(_, after) = message {
            state.at = Some(after.position);
        }
    }

    /// Sends the event about lost messages to each subscriber that has lost some and has room in its queue.
    pub(crate) fn report_dropped(&self) {
        let mut state = self.state.lock();
        state.queues.extract_if(.., |queue| queue.report_dropped() == Reported::Gone).for_each(Queue::close);
        self.connected.store(state.queues.len(), Ordering::Relaxed);
    }

    /// Disconnects all subscribers: they read the files themselves, and meet an error there. Nobody joins until the reading has a place
    /// again.
    pub(crate) fn end(&self) {
        let mut state = self.state.lock();
        state.at = None;
        state.queues.drain(..).for_each(Queue::close);
        self.connected.store(0, Ordering::Relaxed);
    }
}

/// The result of an event about what was dropped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reported {
    /// There is nothing to report any more.
    Done,
    /// The queue is still full.
    Full,
    /// The subscriber is not there any more.
    Gone,
}

impl Queue {
    /// Disconnects the subscriber. It is woken after that: a subscriber that looks too early waits for long.
    fn close(self) {
        drop(self.sender);
        self.signal.hint();
    }

    /// Sends a message. Returns whether the subscriber stays connected.
    fn send(&mut self, message: &Message, stop: &Signal) -> bool {
        match self.report_dropped() {
            Reported::Done => {}
            Reported::Full => return self.drop_one(message),
            Reported::Gone => return false,
        }
        let stays = match self.sender.try_send(message.clone()) {
            Ok(()) => true,
            Err(TrySendError::Disconnected(_)) => false,
            Err(TrySendError::Full(message)) => match self.slow {
                Slow::CatchUp => false,
                Slow::Block => self.wait(message, stop),
                Slow::Drop => self.drop_one(&message),
                Slow::Disconnect => {
                    let error = Error::new(trailcore::ErrorKind::Cancelled, "the subscriber is too slow and was disconnected");
                    *self.end.lock() = Some(error.hint("make its queue longer, or choose another policy for slow subscribers"));
                    false
                }
            },
        };
        self.signal.hint();
        stays
    }

    fn drop_one(&mut self, message: &Message) -> bool {
        let from = match message {
            Message::Changes(block, _) => block.get(0).and_then(|change| change.position().trail()).unwrap_or_default(),
            Message::Event { at, .. } => *at,
        };
        self.dropped.get_or_insert_with(|| Dropped::new(from)).add(message);
        true
    }

    /// Sends the event about what was dropped.
    fn report_dropped(&mut self) -> Reported {
        let Some(dropped) = &self.dropped else { return Reported::Done };
        match self.sender.try_send(dropped.event()) {
            Ok(()) => {
                self.dropped = None;
                self.signal.hint();
                Reported::Done
            }
            Err(TrySendError::Full(_)) => Reported::Full,
            Err(TrySendError::Disconnected(_)) => Reported::Gone,
        }
    }

    /// Waits until there is room.
    fn wait(&self, mut message: Message, stop: &Signal) -> bool {
        loop {
            self.signal.hint();
            match self.sender.send_timeout(message, LOOK) {
                Ok(()) => return true,
                Err(SendTimeoutError::Disconnected(_)) => return false,
                Err(SendTimeoutError::Timeout(_)) if stop.is_stopped() => return false,
                Err(SendTimeoutError::Timeout(same)) => message = same,
            }
        }
    }
}
