//! Many subscribers on one reading.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use trailcore::filter::Select;
use trailcore::sink::WriterOptions;
use trailcore::{Error, ErrorKind};
use trailcore_stream::{Delivery, EventKind, Hub, MemoryStore, Policy, Slow, Start, Tail, TailOptions};

use crate::support::{DELIVERIES, Growing, Seen, options, read, trail};

fn tail_options() -> TailOptions {
    TailOptions::new().hints(false).poll_interval(Duration::from_millis(2)).checkpoint_interval(Duration::ZERO)
}

/// Writes a trail of many transactions in pieces.
struct Writer {
    growing: Growing,
    pieces: std::vec::IntoIter<(usize, Vec<u8>)>,
}

impl Writer {
    fn new(transactions: u64, piece: usize) -> Self {
        let list: Vec<_> = (100..100 + transactions).map(|csn| (csn, usize::try_from(csn % 4).unwrap() + 1)).collect();
        let files = trail(WriterOptions { file_size: 4_000, ..options() }, &list);
        let pieces =
            files.iter().enumerate().flat_map(|(seqno, file)| file.chunks(piece).map(move |piece| (seqno, piece.to_vec())));
        let pieces = pieces.collect::<Vec<_>>().into_iter();
        Self { growing: Growing::new(), pieces }
    }

    /// Appends some pieces. Returns whether there are more.
    fn append(&mut self, pieces: usize) -> bool {
        for (seqno, piece) in self.pieces.by_ref().take(pieces) {
            self.growing.append(seqno, &piece);
        }
        self.pieces.len() > 0
    }
}

/// A subscriber in a thread, which ends when it has seen a name.
fn run(mut tail: Tail, last: String, pause: Duration) -> JoinHandle<Result<Seen, Error>> {
    std::thread::spawn(move || {
        let mut seen = Seen::default();
        let begun = Instant::now();
        while seen.changes.last().is_none_or(|change| *change != last) {
            assert!(begun.elapsed() < Duration::from_secs(120), "{:?}", seen.changes.last());
            let Some(item) = tail.recv_timeout(Duration::from_millis(50))? else { continue };
            if let Some(receipt) = seen.take(item) {
                tail.acknowledge(&receipt)?;
            }
            std::thread::sleep(pause);
        }
        Ok(seen)
    })
}

/// Returns all changes of the trail that a writer will have written.
fn all(transactions: u64) -> Vec<String> {
    let mut writer = Writer::new(transactions, usize::MAX);
    while writer.append(100) {}
    read(&writer.growing.path())
}

#[test]
fn subscribers_of_all_kinds_see_what_a_reader_sees() {
    let expected = all(150);
    let last = expected.last().unwrap().clone();
    let mut writer = Writer::new(150, 1_000);
    writer.append(3);
    let mut hub = Hub::open(writer.growing.path(), tail_options()).unwrap();
    let select = || Select::parse("TABLE SHOP.ITEMS, WHERE (NAME <> '101/0');").unwrap();
    let mut threads = Vec::new();
    for delivery in DELIVERIES {
        for select in [None, Some(select())] {
            let chosen = match select {
                Some(select) => tail_options().select(select),
                None => tail_options(),
            };
            let tail = hub.subscribe(chosen.delivery(delivery)).unwrap();
            threads.push(run(tail, last.clone(), Duration::ZERO));
        }
    }
    hub.start().unwrap();
    let mut joined_late = Vec::new();
    while writer.append(1) {
        std::thread::sleep(Duration::from_micros(500));
        if joined_late.len() < 6 {
            // From the beginning, the end, and in whole transactions.
            let start = if joined_late.len() % 3 == 2 { Start::End } else { Start::Beginning };
            let delivery = DELIVERIES[joined_late.len() % 2];
            let tail = hub.subscribe(tail_options().start(start).delivery(delivery).batch(7)).unwrap();
            joined_late.push(run(tail, last.clone(), Duration::ZERO));
        }
    }
    let seen: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect();
    let without: Vec<_> = expected.iter().filter(|change| !change.ends_with(" 101/0")).cloned().collect();
    for (seen, expected) in seen.iter().zip([&expected, &without, &expected, &without]) {
        assert_eq!((&seen.changes, seen.kinds().len()), (expected, 0));
    }
    for (index, thread) in joined_late.into_iter().enumerate() {
        let seen = thread.join().unwrap().unwrap();
        assert!(expected.ends_with(&seen.changes), "{index}");
        assert!(index % 3 == 2 || seen.changes.len() == expected.len());
    }
    hub.stop().unwrap();
}

#[test]
fn all_share_the_reading_from_the_start() {
    let mut writer = Writer::new(40, 100_000);
    while writer.append(1) {}
    let mut hub = Hub::open(writer.growing.path(), tail_options()).unwrap();
    let mut tails: Vec<_> = (0..3).map(|_| hub.subscribe(tail_options()).unwrap()).collect();
    assert_eq!(hub.subscribers(), 3);
    hub.start().unwrap();
    let expected = all(40);
    for tail in &mut tails {
        let mut seen = Seen::default();
        while seen.changes.len() < expected.len() {
            seen.drain_for(tail, Duration::from_millis(100));
        }
        assert_eq!(seen.changes, expected);
    }
    assert_eq!(hub.subscribers(), 3);
    drop(tails.pop());
    hub.stop().unwrap();
}

#[test]
fn slow_subscribers() {
    let expected = all(120);
    let last = expected.last().unwrap().clone();
    for slow in [Slow::CatchUp, Slow::Block] {
        let mut writer = Writer::new(120, 300);
        writer.append(5);
        let mut hub = Hub::open(writer.growing.path(), tail_options()).unwrap();
        let quick = hub.subscribe(tail_options()).unwrap();
        let tail = hub.subscribe(tail_options().slow(2, slow).delivery(Delivery::Transactions)).unwrap();
        hub.start().unwrap();
        let threads = [run(quick, last.clone(), Duration::ZERO), run(tail, last.clone(), Duration::from_millis(2))];
        while writer.append(4) {
            std::thread::sleep(Duration::from_millis(1));
        }
        for thread in threads {
            let seen = thread.join().unwrap().unwrap();
            assert_eq!((&seen.changes, seen.kinds().len()), (&expected, 0), "{slow:?}");
        }
    }
}

#[test]
fn dropped_changes_are_counted_and_a_slow_subscriber_is_disconnected() {
    let expected = all(60);
    let mut writer = Writer::new(60, 300);
    writer.append(5);
    let mut hub = Hub::open(writer.growing.path(), tail_options()).unwrap();
    let [mut drops, mut fails, mut witness] =
        [Slow::Drop, Slow::Disconnect, Slow::Block].map(|slow| hub.subscribe(tail_options().slow(2, slow)).unwrap());
    hub.start().unwrap();
    let mut all_seen = Seen::default();
    while writer.append(3) {
        all_seen.drain_for(&mut witness, Duration::from_millis(2));
    }
    while all_seen.changes.len() < expected.len() {
        all_seen.drain_for(&mut witness, Duration::from_millis(50));
    }
    assert_eq!(all_seen.changes, expected);
    let mut seen = Seen::default();
    seen.drain_for(&mut drops, Duration::from_millis(50));
    assert!(seen.changes.len() < expected.len() && expected.starts_with(&seen.changes));
    // The event comes although nothing is written.
    let begun = Instant::now();
    while seen.events.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        seen.drain_for(&mut drops, Duration::from_millis(50));
    }
    let outcome = loop {
        match fails.recv_timeout(Duration::from_millis(50)) {
            Ok(Some(_)) => {}
            other => break other,
        }
    };
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
    let more = trail(WriterOptions { first_seqno: 90, ..options() }, &[(900, 2)]);
    let next = std::fs::read_dir(writer.growing.folder.path()).unwrap().count();
    writer.growing.append(next, &more[0]);
    while !seen.names().contains(&"900/1") {
        seen.drain_for(&mut drops, Duration::from_millis(50));
    }
    let dropped = seen.events.iter().find(|event| event.kind.name() == "dropped").unwrap();
    let missing = expected.len() + 2 - seen.changes.len();
    assert!(dropped.what.starts_with(&format!("{missing} changes from ")), "{} {missing}", dropped.what);
}

#[test]
fn events_that_are_dropped_are_counted() {
    // Each transaction is older than the one before it.
    let list: Vec<_> = (0..40).map(|number| (200 - number, 1)).collect();
    let files = trail(WriterOptions { file_size: 1 << 20, ..options() }, &list);
    let growing = Growing::new();
    let mut hub = Hub::open(growing.path(), tail_options()).unwrap();
    let mut drops = hub.subscribe(tail_options().slow(1, Slow::Drop)).unwrap();
    let mut witness = hub.subscribe(tail_options().slow(1_000, Slow::Block)).unwrap();
    hub.start().unwrap();
    growing.append(0, &files[0]);
    let mut all = Seen::default();
    while all.changes.len() < list.len() {
        all.drain_for(&mut witness, Duration::from_millis(50));
    }
    let mut seen = Seen::default();
    let begun = Instant::now();
    while !seen.kinds().contains(&"dropped") {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", seen.kinds());
        seen.drain_for(&mut drops, Duration::from_millis(50));
    }
    let dropped = &seen.events.last().unwrap().what;
    let missing = all.events.len() - (seen.events.len() - 1);
    let changes = list.len() - seen.changes.len();
    assert!(missing > 0 && dropped.starts_with(&format!("{changes} changes from 0:")), "{dropped}");
    assert!(dropped.contains(&format!("dropped, and {missing} events:")), "{dropped} {missing}");
}

/// Takes what comes until a number of changes has come.
fn take(tail: &mut Tail, seen: &mut Seen, changes: usize) {
    let begun = Instant::now();
    while seen.changes.len() < changes {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?} {:?}", seen.changes, seen.kinds());
        seen.drain_for(tail, Duration::from_millis(20));
    }
}

#[test]
fn a_cause_that_lasts_meets_each_subscriber_with_its_own_policies() {
    let of = |seqno: u32| WriterOptions { first_seqno: seqno, ..options() };
    let files: Vec<_> = (0..4).map(|seqno| trail(of(seqno), &[(100 + u64::from(seqno), 2)]).remove(0)).collect();
    let growing = Growing::new();
    growing.append(0, &files[0]);
    // The hub has the policies of the first one.
    let mut hub = Hub::open(growing.path(), tail_options()).unwrap();
    let mut waits = hub.subscribe(tail_options()).unwrap();
    let store = MemoryStore::new();
    let options = tail_options().policy(EventKind::FileTorn, Policy::Continue).policy(EventKind::SequenceGap, Policy::Continue);
    let mut goes_on = hub.subscribe_with(options.patience(Duration::from_millis(50)), store.clone()).unwrap();
    hub.start().unwrap();
    let (mut one, mut other) = (Seen::default(), Seen::default());
    take(&mut waits, &mut one, 2);
    take(&mut goes_on, &mut other, 2);
    // A file is torn, and the one after the next is missing.
    growing.append(1, &files[1][..files[1].len() - 20]);
    growing.append(2, &files[2]);
    take(&mut goes_on, &mut other, 5);
    growing.append(4, &trail(of(4), &[(104, 2)]).remove(0));
    take(&mut goes_on, &mut other, 7);
    assert_eq!(other.kinds(), ["file_torn", "unfinished_transaction", "next_file_missing", "sequence_gap"]);
    assert_eq!(store.checkpoint().unwrap().position, goes_on.progress().delivered);
    one.drain_for(&mut waits, Duration::from_millis(50));
    assert_eq!(one.changes.len(), 2);
    // The files are restored: the first one gets everything, and both share the reading again.
    growing.append(1, &files[1][files[1].len() - 20..]);
    growing.append(3, &files[3]);
    take(&mut waits, &mut one, 10);
    let begun = Instant::now();
    while hub.subscribers() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(60), "{} share the reading", hub.subscribers());
        one.drain_for(&mut waits, Duration::from_millis(20));
        other.drain_for(&mut goes_on, Duration::from_millis(20));
    }
    growing.append(5, &trail(of(5), &[(105, 2)]).remove(0));
    take(&mut waits, &mut one, 12);
    take(&mut goes_on, &mut other, 9);
    assert_eq!(store.checkpoint().unwrap().position, goes_on.progress().delivered);
    hub.stop().unwrap();
}

#[test]
fn a_reading_that_ends_leaves_its_subscribers_to_themselves() {
    let expected = all(30);
    let mut writer = Writer::new(30, 700);
    writer.append(2);
    let mut hub = Hub::open(writer.growing.path(), tail_options()).unwrap();
    let store = MemoryStore::new();
    let mut tail = hub.subscribe_with(tail_options(), store.clone()).unwrap();
    hub.start().unwrap();
    let mut seen = Seen::default();
    writer.append(6);
    seen.drain_for(&mut tail, Duration::from_millis(50));
    hub.stop().unwrap();
    while writer.append(1) {}
    while seen.changes.len() < expected.len() {
        seen.drain_for(&mut tail, Duration::from_millis(50));
    }
    assert_eq!((&seen.changes, seen.kinds().len()), (&expected, 0));
    assert_eq!(store.checkpoint().unwrap().position, tail.progress().delivered);
}

#[test]
fn the_number_of_subscribers_is_known_while_the_reading_waits_for_one() {
    let mut writer = Writer::new(50, 500);
    writer.append(2);
    let mut hub = Hub::open(writer.growing.path(), tail_options()).unwrap();
    let blocks = hub.subscribe(tail_options().slow(1, Slow::Block)).unwrap();
    hub.start().unwrap();
    while writer.append(1) {}
    std::thread::sleep(Duration::from_millis(100));
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        sender.send(hub.subscribers()).unwrap();
        hub
    });
    assert_eq!(receiver.recv_timeout(Duration::from_secs(20)), Ok(1));
    drop(blocks);
    thread.join().unwrap().stop().unwrap();
}

#[test]
fn a_subscriber_that_never_receives_or_dies_stops_no_other() {
    let expected = all(50);
    let last = expected.last().unwrap().clone();
    let mut writer = Writer::new(50, 500);
    writer.append(2);
    let mut hub = Hub::open(writer.growing.path(), tail_options()).unwrap();
    let never = hub.subscribe(tail_options().slow(1, Slow::CatchUp)).unwrap();
    let dies = hub.subscribe(tail_options().slow(1, Slow::Block)).unwrap();
    let barrier = Arc::new(Barrier::new(2));
    let died = Arc::new(AtomicBool::new(false));
    let (at, is_dead) = (Arc::clone(&barrier), Arc::clone(&died));
    let thread = std::thread::spawn(move || {
        let _tail = dies;
        at.wait();
        is_dead.store(true, Ordering::Relaxed);
    });
    hub.start().unwrap();
    let good = run(hub.subscribe(tail_options()).unwrap(), last, Duration::ZERO);
    while writer.append(1) {}
    barrier.wait();
    thread.join().unwrap();
    assert!(died.load(Ordering::Relaxed));
    assert_eq!(good.join().unwrap().unwrap().changes, expected);
    drop(never);
    hub.stop().unwrap();
}

#[test]
fn events_come_to_each_subscriber_with_its_own_policy() {
    let growing = Growing::new();
    let files = trail(WriterOptions { file_size: 1 << 20, ..options() }, &[(100, 2), (90, 2), (101, 1)]);
    let mut hub = Hub::open(growing.path(), tail_options()).unwrap();
    let mut reports = hub.subscribe(tail_options()).unwrap();
    let stops = tail_options().policy(EventKind::HistoryReset, Policy::Stop).delivery(Delivery::Transactions);
    let mut stops = hub.subscribe(stops).unwrap();
    hub.start().unwrap();
    growing.append(0, &files[0]);
    let mut seen = Seen::default();
    while seen.changes.len() < 5 {
        seen.drain_for(&mut reports, Duration::from_millis(50));
    }
    assert_eq!(seen.kinds(), ["history_reset", "time_backwards"]);
    let mut seen = Seen::default();
    let failed = loop {
        match stops.recv_timeout(Duration::from_millis(50)) {
            Ok(item) => drop(item.and_then(|item| seen.take(item))),
            Err(error) => break error,
        }
    };
    assert_eq!(seen.names(), ["100/0", "100/1"]);
    assert!(failed.to_string().contains("history_reset"), "{failed}");
}
