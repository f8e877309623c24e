//! [`Reading`]: subscribers join, are too slow and are disconnected while a reading sends.

use std::sync::Arc;

use shuttle::thread;
use trailcore::change::{Builder, Value};
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::{ChangeBlock, Op, Position, TrailPosition};

use crate::acknowledge::Mark;
use crate::event::EventKind;
use crate::link::{Joined, Message, Reading, Received};
use crate::options::Slow;
use crate::signal::Signal;
use crate::signals::never;

/// Messages that are sent, each with one change.
const MESSAGES: u64 = 5;

/// Returns a message with the change from `at` to `at + 1`.
#[allow(clippy::unwrap_used)]
fn message(at: u64) -> Message {
    let table = Arc::new(TableDef::new("A.B", vec![ColumnDef::varchar("NAME", 4)]));
    let change =
        Builder::new(Op::Insert, &table).position(Position::new(0, at)).after("NAME", &Value::Null).unwrap().build().unwrap();
    let mut block = ChangeBlock::default();
    block.push(&change.as_change());
    Message::Changes(Arc::new(block), Mark { position: TrailPosition::new(0, at + 1), ..Mark::default() })
}

/// The messages of one subscriber.
#[derive(Debug, Default)]
struct Got {
    next: u64,
    dropped: u64,
    failed: bool,
}

/// Receives until the end. Messages are consecutive, but for the ones that an event before them counts.
fn receive(mut joined: Joined, signal: &Signal, from: TrailPosition) -> Got {
    let mut got = Got { next: from.rba, ..Got::default() };
    loop {
        match joined.receive() {
            Received::Nothing => drop(signal.wait(never())),
            Received::Message(Message::Changes(block, after)) => {
                assert_eq!((block.len(), after.position.rba), (1, got.next + 1), "a message is missing or repeated");
                got.next += 1;
            }
            Received::Message(Message::Event { kind, at, what, .. }) => {
                assert_eq!((kind, at.rba), (EventKind::Dropped, got.next));
                let count: u64 = what.split(' ').next().and_then(|count| count.parse().ok()).unwrap_or_default();
                assert!(count > 0, "{what}");
                (got.next, got.dropped) = (got.next + count, got.dropped + count);
            }
            Received::Ended(error) => {
                got.failed = error.is_some();
                return got;
            }
        }
    }
}

/// Subscribers with each policy join at any moment. Each gets all messages in order, or a report of what it does not get.
pub fn a_subscriber_gets_all_or_knows_what_it_lost() {
    let reading = Arc::new(Reading::default());
    reading.move_to(TrailPosition::new(0, 0));
    let subscribers = [Slow::CatchUp, Slow::Block, Slow::Drop, Slow::Disconnect].map(|slow| {
        let reading = Arc::clone(&reading);
        thread::spawn(move || {
            let signal = Arc::new(Signal::default());
            let Some((joined, at)) = reading.join(&signal, 1, slow) else { return };
            let got = receive(joined, &signal, at);
            match slow {
                Slow::Block => assert_eq!((got.next, got.failed), (MESSAGES, false)),
                Slow::CatchUp => assert!(!got.failed && got.dropped == 0),
                Slow::Drop => assert!(!got.failed),
                Slow::Disconnect => assert!(got.next == MESSAGES || got.failed),
            }
        })
    });
    let stop = Signal::default();
    (0..MESSAGES).for_each(|at| reading.send(&message(at), &stop));
    reading.end();
    assert_eq!(reading.subscribers(), 0);
    subscribers.into_iter().for_each(|subscriber| drop(subscriber.join()));
}

/// The reading goes on after it has disconnected a slow subscriber, which must not have to wait for the end of it.
pub fn one_that_is_disconnected_is_told_at_once() {
    for slow in [Slow::CatchUp, Slow::Disconnect] {
        let reading = Arc::new(Reading::default());
        reading.move_to(TrailPosition::new(0, 0));
        let signal = Arc::new(Signal::default());
        let Some((joined, at)) = reading.join(&signal, 1, slow) else { unreachable!("nobody else has the lock") };
        let subscriber = thread::spawn(move || receive(joined, &signal, at));
        let stop = Signal::default();
        (0..MESSAGES).for_each(|at| reading.send(&message(at), &stop));
        if reading.subscribers() > 0 {
            // It was fast enough.
            reading.end();
        }
        assert!(subscriber.join().is_ok_and(|got| got.next <= MESSAGES));
    }
}
