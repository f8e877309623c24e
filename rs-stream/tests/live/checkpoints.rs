//! Checkpoints: what they hold, and what is refused.

use std::time::Duration;

use proptest::prelude::*;
use trailcore::filter::Select;
use trailcore::sink::WriterOptions;
use trailcore::{ErrorKind, Position, Timestamp};
use trailcore_stream::{Delivery, FileStore, Item, MemoryStore, Oversize, Start, Tail, TailOptions};

use crate::support::{DELIVERIES, Growing, Seen, options, quick, read, trail};

const LIST: [(u64, usize); 5] = [(100, 1), (101, 4), (102, 2), (103, 3), (104, 7)];

fn rolled() -> (Growing, Vec<Vec<u8>>) {
    let files = trail(WriterOptions { file_size: 1_600, ..options() }, &LIST);
    let growing = Growing::new();
    for (seqno, file) in files.iter().enumerate() {
        growing.append(seqno, file);
    }
    (growing, files)
}

/// Takes a number of items and acknowledges them.
fn take(tail: &mut Tail, seen: &mut Seen, items: usize) {
    for _ in 0..items {
        let Some(item) = tail.recv_timeout(Duration::ZERO).unwrap() else { return };
        if let Some(receipt) = seen.take(item) {
            tail.acknowledge(&receipt).unwrap();
        }
    }
}

#[test]
fn a_follower_continues_exactly_after_each_acknowledgement() {
    let (growing, _) = rolled();
    let expected = read(&growing.path());
    for delivery in DELIVERIES {
        for batch in [1, 2, 3] {
            let store = MemoryStore::new();
            let tail_options = || quick().delivery(delivery).batch(batch);
            let mut seen = Seen::default();
            // A new tail for each item.
            loop {
                let before = seen.changes.len();
                let mut tail = Tail::open_with(growing.path(), tail_options(), store.clone()).unwrap();
                take(&mut tail, &mut seen, 1);
                if seen.changes.len() == before {
                    break;
                }
            }
            assert_eq!(seen.changes, expected, "{delivery:?} {batch}");
            assert_eq!(seen.kinds(), [] as [&str; 0]);
        }
    }
}

#[test]
fn csn_and_id_are_known_after_a_continuation_in_a_later_file() {
    let (growing, files) = rolled();
    assert!(files.len() > 3);
    let ids = |tail: &mut Tail| {
        let mut ids = Vec::new();
        while let Some(Item::Changes(batch)) = tail.recv_timeout(Duration::ZERO).unwrap() {
            ids.extend(batch.changes().map(|change| (change.position(), change.csn().map(str::to_owned))));
            tail.acknowledge(&batch.receipt()).unwrap();
            if ids.len() == 1 && batch.len() == 1 {
                break;
            }
        }
        ids
    };
    let all = ids(&mut Tail::open(growing.path(), quick()).unwrap());
    let store = MemoryStore::new();
    let mut one_by_one = Vec::new();
    while one_by_one.len() < all.len() {
        let mut tail = Tail::open_with(growing.path(), quick().batch(1), store.clone()).unwrap();
        one_by_one.extend(ids(&mut tail));
    }
    assert_eq!(one_by_one, all);
}

#[test]
fn a_streamed_transaction_continues_inside() {
    let (growing, _) = rolled();
    let expected = read(&growing.path());
    let store = MemoryStore::new();
    let mut seen = Seen::default();
    for _ in 0..expected.len() + 1 {
        let options = quick().delivery(Delivery::Transactions).memory(300, Oversize::Stream);
        let mut tail = Tail::open_with(growing.path(), options, store.clone()).unwrap();
        take(&mut tail, &mut seen, 1);
    }
    // An empty last part may follow the last changes.
    assert_eq!(seen.changes, expected);
}

#[test]
fn the_rest_of_a_transaction_is_read_again_or_spilled_without_what_was_delivered() {
    let (growing, _) = rolled();
    let expected = read(&growing.path());
    for oversize in [Oversize::Reread, Oversize::Spill] {
        for taken in 0..expected.len() {
            let store = MemoryStore::new();
            let mut seen = Seen::default();
            take(&mut Tail::open_with(growing.path(), quick().batch(1), store.clone()).unwrap(), &mut seen, taken);
            let options = quick().delivery(Delivery::Transactions).memory(1, oversize);
            seen.drain(&mut Tail::open_with(growing.path(), options, store).unwrap());
            assert_eq!(seen.changes, expected, "{oversize:?} after {taken}");
            let changes: u64 = seen.transactions.iter().map(|(_, changes, _)| changes).sum();
            assert_eq!(changes as usize, expected.len() - taken);
        }
    }
}

#[test]
fn a_transaction_that_is_not_in_the_trail_any_more_is_an_error_and_not_a_shorter_one() {
    let growing = Growing::new();
    let file = trail(options(), &[(100, 40)]).remove(0);
    growing.append(0, &file);
    let options = quick().delivery(Delivery::Transactions).memory(1, Oversize::Reread);
    let item = Tail::open(growing.path(), options).unwrap().recv().unwrap().unwrap();
    let Item::Transaction(transaction) = &item else { panic!("{item:?}") };
    assert_eq!(transaction.blocks().unwrap().map(|block| block.unwrap().len()).sum::<usize>(), 40);
    let ends = crate::support::record_ends(&file);
    growing.overwrite(0, &file[..ends[ends.len() - 5]]);
    let mut blocks = transaction.blocks().unwrap();
    let error = blocks.find_map(Result::err).unwrap();
    assert_eq!(error.kind(), trailcore::ErrorKind::Truncated, "{error}");
    assert!(blocks.next().is_none());
}

#[test]
fn changes_are_acknowledged_one_by_one_in_any_order() {
    let (growing, _) = rolled();
    let expected = read(&growing.path());
    let store = MemoryStore::new();
    let mut tail = Tail::open_with(growing.path(), quick().batch(100), store.clone()).unwrap();
    let Some(Item::Changes(batch)) = tail.recv_timeout(Duration::ZERO).unwrap() else { panic!() };
    assert_eq!(batch.len(), expected.len());
    for index in [3, 1, 4] {
        tail.acknowledge(&batch.receipt_of(index).unwrap()).unwrap();
    }
    let start = store.checkpoint().map(|checkpoint| checkpoint.position);
    tail.acknowledge(&batch.receipt_of(0).unwrap()).unwrap();
    assert_ne!(store.checkpoint().map(|checkpoint| checkpoint.position), start);
    assert_eq!(tail.progress().unacknowledged_changes, expected.len() as u64 - 4);
    drop(tail);
    let mut tail = Tail::open_with(growing.path(), quick(), store.clone()).unwrap();
    let mut seen = Seen::default();
    seen.drain(&mut tail);
    // The third one was not acknowledged.
    assert_eq!(seen.changes, expected[2..]);
}

#[test]
fn the_checkpoint_moves_on_over_what_is_not_selected() {
    let (growing, files) = rolled();
    let select = Select::parse("TABLE OTHER.*;").unwrap();
    let store = MemoryStore::new();
    let mut tail = Tail::open_with(growing.path(), quick().select(select.clone()), store.clone()).unwrap();
    let mut seen = Seen::default();
    seen.drain(&mut tail);
    tail.store().unwrap();
    let end = Position::new(files.len() as u64 - 1, files.last().unwrap().len() as u64);
    assert_eq!((seen.changes.len(), store.checkpoint().unwrap().position), (0, end));
    drop(tail);
    // Another selection would not get what the first one rejected.
    let refused = Tail::open_with(growing.path(), quick(), store.clone()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    assert!(refused.to_string().contains("another selection"), "{refused}");
    Tail::open_with(growing.path(), quick().select(select), store).unwrap();
}

#[test]
fn what_is_refused() {
    let (growing, files) = rolled();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c");
    let store = || FileStore::new(&path);
    let mut tail = Tail::open_with(growing.path(), quick().batch(1), store()).unwrap();
    take(&mut tail, &mut Seen::default(), 6);
    // A second follower of one checkpoint.
    let refused = Tail::open_with(growing.path(), quick(), store()).unwrap_err();
    assert!(refused.to_string().contains("another follower uses the checkpoint"), "{refused}");
    drop(tail);
    // A checkpoint of another trail.
    let other = Growing::new();
    let created = Timestamp::from_unix_micros(1_000_000);
    let other_files = trail(WriterOptions { file_size: 1_600, created, ..options() }, &LIST);
    for (seqno, file) in other_files.iter().enumerate() {
        other.append(seqno, file);
    }
    let refused = Tail::open_with(other.path(), quick(), store()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    assert!(refused.to_string().contains("another trail"), "{refused}");
    // Files that it needs have been purged.
    let checkpoint = std::fs::read_to_string(&path).unwrap();
    let needed = trailcore_stream::Checkpoint::from_json(checkpoint.lines().next().unwrap()).unwrap().read_from();
    let needed = usize::try_from(needed.trail().unwrap().seqno).unwrap();
    for seqno in 0..=needed + 1 {
        growing.remove(seqno);
    }
    let refused = Tail::open_with(growing.path(), quick(), store()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::SequenceGap);
    let names = format!("lt{needed:09} to lt{:09}", needed + 1);
    assert!(refused.to_string().contains(&names), "{refused}");
    for (seqno, file) in files.iter().enumerate() {
        growing.overwrite(seqno, file);
    }
    Tail::open_with(growing.path(), quick(), store()).unwrap();
}

#[test]
fn a_damaged_checkpoint_is_replaced_by_the_previous_one() {
    let (growing, _) = rolled();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c");
    let mut tail = Tail::open_with(growing.path(), quick().batch(1), FileStore::new(&path)).unwrap();
    let mut first = Seen::default();
    take(&mut tail, &mut first, 4);
    drop(tail);
    std::fs::write(&path, b"{").unwrap();
    let mut tail = Tail::open_with(growing.path(), quick(), FileStore::new(&path)).unwrap();
    let mut seen = Seen::default();
    seen.drain(&mut tail);
    assert_eq!(seen.kinds(), ["checkpoint_damaged"]);
    // One change is repeated.
    assert_eq!(seen.changes[0], first.changes[3]);
}

/// Returns the number of cases: many more in `make test-long`.
fn cases(few: u32) -> ProptestConfig {
    let long = std::env::var("TRAILCORE_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: long.unwrap_or(few), failure_persistence: None, ..ProptestConfig::default() }
}

#[derive(Clone, Debug)]
enum Action {
    Append(usize),
    Receive(usize),
    Acknowledge(usize),
    /// With another unit of delivery and another treatment of large transactions.
    Restart(usize),
    Purge,
}

/// Options by number: changes, or transactions, the large ones of which are streamed, read again or spilled.
fn options_of(number: usize, batch: usize) -> TailOptions {
    let large = |oversize| quick().delivery(Delivery::Transactions).memory(300, oversize);
    match number {
        0 => quick(),
        1 => quick().delivery(Delivery::Transactions),
        2 => large(Oversize::Stream),
        3 => large(Oversize::Reread),
        _ => large(Oversize::Spill),
    }
    .batch(batch)
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (1usize..900).prop_map(Action::Append),
        4 => (1usize..6).prop_map(Action::Receive),
        3 => (0usize..4).prop_map(Action::Acknowledge),
        1 => (0usize..5).prop_map(Action::Restart),
        1 => Just(Action::Purge),
    ]
}

proptest! {
    #![proptest_config(cases(80))]

    /// Appends, rolls, purges, receives, acknowledges out of order, and restarts at random, against a plain model: after a restart,
    /// what is delivered begins at the oldest change that was not acknowledged.
    #[test]
    fn random_interleavings(
        list in prop::collection::vec(1usize..6, 3..14),
        actions in prop::collection::vec(action(), 1..80),
        batch in 1usize..4,
        first in 0usize..5,
    ) {
        let list: Vec<_> = (100..).zip(list).collect();
        let files = trail(WriterOptions { file_size: 1_500, ..options() }, &list);
        let whole_trail = Growing::new();
        for (seqno, file) in files.iter().enumerate() {
            whole_trail.append(seqno, file);
        }
        let expected = read(&whole_trail.path());
        let growing = Growing::new();
        let store = MemoryStore::new();
        let mut tail = Tail::open_with(growing.path(), options_of(first, batch), store.clone()).unwrap();
        let mut bytes: std::collections::VecDeque<(usize, Vec<u8>)> = files.iter().cloned().enumerate().collect();
        // The model: changes delivered since the last restart, from `from` on, and the receipts with their ends.
        let (mut from, mut seen, mut open) = (0, Seen::default(), Vec::new());
        let mut acknowledged = 0;
        let mut oldest_file = 0;
        for action in actions.into_iter().chain([Action::Append(usize::MAX), Action::Receive(1_000)]) {
            match action {
                Action::Append(mut most) => {
                    while most > 0 {
                        let Some((seqno, rest)) = bytes.front_mut() else { break };
                        let size = most.min(rest.len());
                        growing.append(*seqno, &rest[..size]);
                        rest.drain(..size);
                        most -= size;
                        if rest.is_empty() {
                            bytes.pop_front();
                        }
                    }
                }
                Action::Receive(items) => {
                    for _ in 0..items {
                        let Some(item) = tail.recv_timeout(Duration::ZERO).unwrap() else { break };
                        let begin = from + seen.changes.len();
                        if let Some(receipt) = seen.take(item) {
                            open.push((receipt, begin, from + seen.changes.len()));
                        }
                    }
                    prop_assert_eq!(&seen.changes[..], &expected[from..from + seen.changes.len()]);
                    prop_assert_eq!(seen.kinds().into_iter().filter(|kind| *kind != "file_purged").count(), 0);
                }
                Action::Acknowledge(index) => {
                    if index < open.len() {
                        let (receipt, _, end) = open.remove(index);
                        tail.acknowledge(&receipt).unwrap();
                        acknowledged = open.first().map_or(from + seen.changes.len(), |(_, begin, _)| *begin).max(acknowledged);
                        let _ = end;
                    }
                }
                Action::Restart(number) => {
                    drop(tail);
                    tail = Tail::open_with(growing.path(), options_of(number, batch), store.clone()).unwrap();
                    (from, seen) = (acknowledged, Seen::default());
                    open.clear();
                }
                Action::Purge => {
                    // Files that no checkpoint needs.
                    let needed = store.checkpoint().map_or(0, |checkpoint| checkpoint.read_from().trail().unwrap().seqno);
                    while oldest_file < needed {
                        growing.remove(usize::try_from(oldest_file).unwrap());
                        oldest_file += 1;
                    }
                }
            }
        }
        prop_assert_eq!(&seen.changes[..], &expected[from..]);
    }
}

#[test]
fn the_lag_is_what_is_not_delivered() {
    let (growing, files) = rolled();
    let total: usize = files.iter().map(Vec::len).sum();
    let mut tail = Tail::open(growing.path(), quick().batch(1)).unwrap();
    let lag = tail.lag().unwrap();
    assert_eq!((lag.bytes_behind, lag.files_behind), (total as u64, files.len() as u64 - 1));
    assert_eq!((lag.delivered_age, lag.bytes_in, lag.keep_up), (None, None, None));
    tail.recv().unwrap().unwrap();
    let lag = tail.handle().lag().unwrap();
    let position = lag.progress.delivered.trail().unwrap();
    assert_eq!((position.seqno, lag.bytes_behind), (0, total as u64 - position.rba));
    // The transactions of these tests are old, and nothing is acknowledged.
    assert!(lag.delivered_age.unwrap() > 1_000_000 && lag.acknowledged_age.is_none());
    Seen::default().drain(&mut tail);
    let lag = tail.lag().unwrap();
    let end = Position::new(files.len() as u64 - 1, files.last().unwrap().len() as u64);
    assert_eq!((lag.bytes_behind, lag.files_behind, lag.end), (0, 0, end));
    assert_eq!(lag.progress.unacknowledged_changes, 1);
}

#[test]
fn a_place_that_has_not_been_found_yet_is_not_lost_by_a_restart() {
    let growing = Growing::new();
    let files = trail(WriterOptions { file_size: 1 << 20, ..options() }, &[(100, 1), (101, 1), (102, 1)]);
    let ends = crate::support::record_ends(&files[0]);
    let store = MemoryStore::new();
    let open = || Tail::open_with(growing.path(), quick().start(Start::Csn("102".to_owned())), store.clone()).unwrap();
    let mut seen = Seen::default();
    // Without a file, and with earlier transactions only.
    for length in [0, ends[ends.len() - 4], ends[ends.len() - 3]] {
        if length > 0 {
            growing.overwrite(0, &files[0][..length]);
        }
        let mut tail = open();
        seen.drain_for(&mut tail, Duration::from_millis(20));
        tail.store().unwrap();
        assert_eq!((seen.changes.len(), store.checkpoint()), (0, None));
    }
    growing.overwrite(0, &files[0]);
    let mut tail = open();
    seen.drain_for(&mut tail, Duration::from_millis(20));
    assert_eq!(seen.names(), ["102/0"]);
    assert_eq!(store.checkpoint().unwrap().position, tail.progress().delivered);
}

/// Counts the listings of a folder.
#[derive(Debug, Default)]
struct Counting(std::sync::atomic::AtomicUsize);

impl trailcore_stream::Files for Counting {
    fn list(&self, folder: &std::path::Path) -> std::io::Result<Vec<std::path::PathBuf>> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        trailcore_stream::OsFiles.list(folder)
    }

    fn facts(&self, path: &std::path::Path) -> std::io::Result<trailcore_stream::FileFacts> {
        trailcore_stream::OsFiles.facts(path)
    }

    fn open(
        &self,
        path: &std::path::Path,
    ) -> std::io::Result<(std::sync::Arc<dyn trailcore::source::ByteSource>, trailcore_stream::FileFacts)> {
        trailcore_stream::OsFiles.open(path)
    }
}

#[test]
fn a_tail_that_has_no_checkpoint_to_store_yet_does_not_wake_for_it() {
    let growing = Growing::new();
    let counting = std::sync::Arc::new(Counting::default());
    let idle = TailOptions::new().files(std::sync::Arc::clone(&counting) as std::sync::Arc<dyn trailcore_stream::Files>);
    let mut tail = Tail::open_with(growing.path(), idle, MemoryStore::new()).unwrap();
    assert!(tail.recv_timeout(Duration::from_millis(700)).unwrap().is_none());
    let listed = counting.0.load(std::sync::atomic::Ordering::Relaxed);
    assert!(listed < 60, "{listed} listings in 0.7 s");
}
