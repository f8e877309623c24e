//! Each named event, with its policies.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, WriterOptions};
use trailcore::source::ByteSource;
use trailcore::trail::RecordType;
use trailcore::{ErrorKind, Result, Timestamp};
use trailcore_stream::{Delivery, EventKind, FileFacts, Files, MemoryStore, OsFiles, Policy, Tail, TailOptions};

use crate::support::{DELIVERIES, Growing, Seen, options, quick, record_ends, trail, transactions};

const LIST: [(u64, usize); 4] = [(100, 2), (101, 2), (102, 2), (103, 2)];

/// Files with one transaction each, of a trail that starts anew in each.
fn one_in_each() -> Vec<Vec<u8>> {
    let of = |seqno: usize| WriterOptions { first_seqno: u32::try_from(seqno).unwrap(), ..options() };
    LIST.iter().enumerate().map(|(seqno, only)| trail(of(seqno), &[*only]).remove(0)).collect()
}

/// Follows until nothing comes any more.
fn follow(tail: &mut Tail) -> (Seen, Result<()>) {
    let mut seen = Seen::default();
    let outcome = go_on(tail, &mut seen);
    (seen, outcome)
}

fn go_on(tail: &mut Tail, seen: &mut Seen) -> Result<()> {
    while let Some(item) = tail.recv_timeout(Duration::from_millis(30))? {
        if let Some(receipt) = seen.take(item) {
            tail.acknowledge(&receipt)?;
        }
    }
    Ok(())
}

fn open(growing: &Growing, policies: &[(EventKind, Policy)]) -> Tail {
    open_with(growing, quick(), policies)
}

fn open_with(growing: &Growing, options: TailOptions, policies: &[(EventKind, Policy)]) -> Tail {
    let options = policies.iter().fold(options, |options, (kind, policy)| options.policy(*kind, *policy));
    Tail::open(growing.path(), options).unwrap()
}

fn of(files: &[Vec<u8>]) -> Growing {
    let growing = Growing::new();
    for (seqno, file) in files.iter().enumerate() {
        growing.append(seqno, file);
    }
    growing
}

#[test]
fn a_missing_file_is_reported_waited_for_and_then_a_gap() {
    let files = one_in_each();
    let growing = of(&files);
    growing.remove(1);
    growing.remove(2);
    // By default it is reported at once, and fails after a while.
    let (seen, outcome) = follow(&mut open(&growing, &[]));
    assert_eq!((seen.names(), seen.kinds()), (vec!["100/0", "100/1"], vec!["next_file_missing"]));
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SequenceGap);
    assert!(error.to_string().contains("files lt000000001 to lt000000002 are missing"), "{error}");
    // Patience: the files may come late.
    let mut tail = open_with(&growing, quick().patience(Duration::from_secs(600)), &[]);
    let (mut seen, outcome) = follow(&mut tail);
    outcome.unwrap();
    assert_eq!(seen.kinds(), ["next_file_missing"]);
    growing.append(1, &files[1]);
    growing.append(2, &files[2]);
    go_on(&mut tail, &mut seen).unwrap();
    assert_eq!(seen.names().len(), 8);
    // Continuing over the gap, by policy and on request.
    growing.remove(1);
    let (seen, outcome) = follow(&mut open(&growing, &[(EventKind::SequenceGap, Policy::Continue)]));
    outcome.unwrap();
    assert_eq!(seen.kinds(), ["next_file_missing", "sequence_gap"]);
    assert_eq!(seen.names(), ["100/0", "100/1", "102/0", "102/1", "103/0", "103/1"]);
    let mut tail = open(&growing, &[(EventKind::SequenceGap, Policy::Wait)]);
    let (mut seen, outcome) = follow(&mut tail);
    outcome.unwrap();
    assert_eq!((seen.names().len(), seen.kinds()), (2, vec!["next_file_missing", "sequence_gap"]));
    tail.handle().resume();
    go_on(&mut tail, &mut seen).unwrap();
    assert_eq!(seen.names().len(), 6);
    let (_, outcome) = follow(&mut open(&growing, &[(EventKind::NextFileMissing, Policy::Stop)]));
    assert!(outcome.unwrap_err().to_string().contains("next_file_missing"));
}

#[test]
fn a_file_that_shrinks_below_what_was_delivered() {
    let file = &trail(options(), &LIST)[0];
    let ends = record_ends(file);
    let cut = ends[ends.len() - 4];
    for (policy, fails) in [(Policy::Stop, true), (Policy::Wait, false), (Policy::Continue, false)] {
        let growing = Growing::new();
        growing.append(0, file);
        let mut tail = open(&growing, &[(EventKind::FileShrunk, policy)]);
        let (mut seen, outcome) = follow(&mut tail);
        outcome.unwrap();
        growing.overwrite(0, &file[..cut]);
        let outcome = go_on(&mut tail, &mut seen);
        assert_eq!(outcome.is_err(), fails, "{policy:?}");
        assert_eq!(seen.names().len(), 8);
        if policy != Policy::Stop {
            assert_eq!(seen.kinds(), ["file_shrunk"]);
            growing.append(0, &file[cut..]);
            go_on(&mut tail, &mut seen).unwrap();
            // Waiting, it comes back as it was; going on, what was cut off is new.
            let expected = if policy == Policy::Wait { 8 } else { 11 };
            assert_eq!(seen.names().len(), expected, "{policy:?} {:?}", seen.changes);
        }
    }
}

#[test]
fn what_was_not_delivered_may_be_rewritten() {
    let file = &trail(options(), &LIST)[0];
    let other = &trail(options(), &[LIST[0], LIST[1], (999, 5)])[0];
    let ends = record_ends(file);
    for delivery in DELIVERIES {
        // The third transaction is open, with a torn record after it.
        let torn = ends[ends.len() - 4] + 20;
        let growing = Growing::new();
        growing.append(0, &file[..torn]);
        let mut tail = open_with(&growing, quick().delivery(delivery), &[]);
        let (mut seen, outcome) = follow(&mut tail);
        outcome.unwrap();
        assert_eq!(seen.names(), ["100/0", "100/1", "101/0", "101/1"]);
        growing.overwrite(0, &other[..ends[ends.len() - 5]]);
        go_on(&mut tail, &mut seen).unwrap();
        growing.overwrite(0, other);
        go_on(&mut tail, &mut seen).unwrap();
        assert_eq!(seen.names()[4..], ["999/0", "999/1", "999/2", "999/3", "999/4"]);
        assert_eq!(seen.kinds(), [] as [&str; 0]);
    }
}

#[test]
fn a_file_that_is_replaced() {
    let file = &trail(options(), &LIST)[0];
    let created = Timestamp::from_unix_micros(1_000_000);
    let other = &trail(WriterOptions { created, ..options() }, &[(500, 1), (501, 1), (502, 9)])[0];
    for in_place in [false, true] {
        for policy in [Policy::Stop, Policy::Continue] {
            let growing = Growing::new();
            growing.append(0, file);
            let mut tail = open(&growing, &[(EventKind::FileReplaced, policy)]);
            let (mut seen, outcome) = follow(&mut tail);
            outcome.unwrap();
            if in_place {
                growing.overwrite(0, other);
            } else {
                let new = growing.folder.path().join("new");
                std::fs::write(&new, other).unwrap();
                std::fs::rename(&new, growing.file(0)).unwrap();
            }
            let outcome = go_on(&mut tail, &mut seen);
            assert_eq!(outcome.is_err(), policy == Policy::Stop, "{in_place}");
            match policy {
                Policy::Stop => assert!(outcome.unwrap_err().to_string().contains("file_replaced")),
                _ => assert_eq!((seen.kinds()[0], seen.names().len()), ("file_replaced", 8 + 11)),
            }
        }
    }
}

#[test]
fn a_file_that_is_purged_while_it_is_read() {
    let files = one_in_each();
    let growing = of(&files[..1]);
    let mut tail = open(&growing, &[]);
    let (mut seen, outcome) = follow(&mut tail);
    outcome.unwrap();
    growing.remove(0);
    go_on(&mut tail, &mut seen).unwrap();
    assert_eq!((seen.kinds(), seen.names().len()), (vec!["file_purged"], 2));
    growing.append(1, &files[1]);
    go_on(&mut tail, &mut seen).unwrap();
    assert_eq!((seen.kinds(), seen.names().len()), (vec!["file_purged"], 4));
    // Files that were not read yet are lost.
    let growing = of(&files);
    let mut tail = open_with(&growing, quick().batch(1), &[(EventKind::SequenceGap, Policy::Continue)]);
    let mut seen = Seen::default();
    seen.take(tail.recv().unwrap().unwrap());
    growing.remove(1);
    go_on(&mut tail, &mut seen).unwrap();
    assert_eq!(seen.names(), ["100/0", "100/1", "102/0", "102/1", "103/0", "103/1"]);
    assert_eq!(seen.kinds(), ["sequence_gap"]);
    let growing = of(&files);
    let mut tail = open_with(&growing, quick().batch(1), &[]);
    tail.recv().unwrap().unwrap();
    growing.remove(1);
    let (_, outcome) = follow(&mut tail);
    let error = outcome.unwrap_err();
    assert!(error.to_string().contains("lt000000001") && error.to_string().contains("before it was read"), "{error}");
}

#[test]
fn a_file_that_ends_inside_a_record_although_the_next_exists() {
    let files = one_in_each();
    let torn = files[0].len() - 20;
    for delivery in DELIVERIES {
        for policy in [Policy::Stop, Policy::Wait, Policy::Continue] {
            let growing = Growing::new();
            growing.append(0, &files[0][..torn]);
            growing.append(1, &files[1]);
            let mut tail = open_with(&growing, quick().delivery(delivery), &[(EventKind::FileTorn, policy)]);
            let (mut seen, outcome) = follow(&mut tail);
            match policy {
                Policy::Stop => {
                    let error = outcome.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Truncated);
                    continue;
                }
                Policy::Wait => {
                    assert_eq!((seen.kinds(), seen.names().len()), (vec!["file_torn"], 0));
                    growing.append(0, &files[0][torn..]);
                    go_on(&mut tail, &mut seen).unwrap();
                    assert_eq!(seen.names(), ["100/0", "100/1", "101/0", "101/1"]);
                }
                Policy::Continue => {
                    assert_eq!(seen.names(), ["100/0", "101/0", "101/1"]);
                    assert_eq!(seen.kinds(), ["file_torn", "unfinished_transaction"]);
                }
            }
        }
    }
}

#[test]
fn a_transaction_that_breaks_off_is_written_again_in_the_next_file() {
    let files = one_in_each();
    let first = record_ends(&files[0]);
    for delivery in DELIVERIES {
        let growing = Growing::new();
        growing.append(0, &files[0][..first[first.len() - 2]]);
        let mut tail = open_with(&growing, quick().delivery(delivery), &[]);
        let (mut seen, outcome) = follow(&mut tail);
        outcome.unwrap();
        assert_eq!(seen.names(), [] as [&str; 0]);
        let again = trail(WriterOptions { first_seqno: 1, ..options() }, &[(100, 2)]).remove(0);
        growing.append(1, &again);
        go_on(&mut tail, &mut seen).unwrap();
        assert_eq!(seen.kinds(), ["unfinished_transaction"]);
        assert_eq!(seen.names(), ["100/0", "100/0", "100/1"]);
    }
}

#[test]
fn a_change_without_a_start() {
    let files = one_in_each();
    let ends = record_ends(&files[1]);
    let growing = Growing::new();
    growing.append(0, &files[0]);
    // The second file has the last change of its transaction only.
    let without_first = [&files[1][..ends[ends.len() - 3]], &files[1][ends[ends.len() - 2]..]].concat();
    growing.append(1, &without_first);
    for (policy, count) in [(Policy::Continue, 3), (Policy::Stop, 2)] {
        let (seen, outcome) = follow(&mut open(&growing, &[(EventKind::MissingStart, policy)]));
        assert_eq!((seen.names().len(), outcome.is_err()), (count, policy == Policy::Stop));
        if policy == Policy::Continue {
            assert_eq!(seen.kinds(), ["missing_start"]);
        }
    }
}

/// A trail with something between two transactions.
fn between(first: (u64, usize), what: impl FnOnce(&mut TrailWriter), second: (u64, usize)) -> Growing {
    let mut writer = TrailWriter::in_memory("lt", options()).unwrap();
    transactions(&mut writer, &[first]);
    what(&mut writer);
    transactions(&mut writer, &[second]);
    let growing = Growing::new();
    growing.append(0, &writer.finish().unwrap()[0].1);
    growing
}

#[test]
fn restarts_of_the_writer() {
    let time = Timestamp::from_unix_micros(1_700_000_200_000_000);
    for delivery in DELIVERIES {
        let follow_in = |growing: &Growing| {
            let (seen, outcome) = follow(&mut open_with(growing, quick().delivery(delivery), &[]));
            outcome.unwrap();
            (seen.names().join(" "), seen.kinds().join(" "))
        };
        // The open transaction is rolled back, and written again.
        let abend = between(
            (100, 1),
            |writer| {
                let table = crate::support::table();
                let mut row = RowBuilder::new(&table, writer.byte_order());
                row.text("NAME", "void").unwrap();
                let row = row.bytes().to_vec();
                writer.begin("101", "x", time).unwrap();
                writer.insert(&table, &row).unwrap();
                writer.insert(&table, &row).unwrap();
                writer.abend().unwrap();
            },
            (101, 1),
        );
        assert_eq!(follow_in(&abend), ("100/0 101/0".to_owned(), "restart_abend".to_owned()));
        // Transactions are repeated after a restart in append mode: that is not a reset of the history.
        let append = between((100, 1), |writer| writer.marker(RecordType::RESTART_OK, time).unwrap(), (99, 1));
        assert_eq!(follow_in(&append), ("100/0 99/0".to_owned(), "restart_append".to_owned()));
    }
}

#[test]
fn history_that_is_reset_and_time_that_goes_backwards() {
    let growing = between((100, 2), |_| {}, (90, 2));
    let (seen, outcome) = follow(&mut open(&growing, &[]));
    outcome.unwrap();
    assert_eq!(seen.kinds(), ["history_reset", "time_backwards"]);
    assert!(seen.events[0].what.contains("CSN 90 comes after CSN 100"));
    // It comes before the changes.
    let (seen, outcome) = follow(&mut open(&growing, &[(EventKind::HistoryReset, Policy::Stop)]));
    assert_eq!(seen.names(), ["100/0", "100/1"]);
    assert!(outcome.unwrap_err().to_string().contains("history_reset"));
    // Waiting until it is accepted.
    let mut tail = open(&growing, &[(EventKind::HistoryReset, Policy::Wait)]);
    let (mut seen, outcome) = follow(&mut tail);
    outcome.unwrap();
    assert_eq!((seen.names().len(), seen.kinds()), (2, vec!["history_reset"]));
    tail.handle().resume();
    go_on(&mut tail, &mut seen).unwrap();
    assert_eq!(seen.names().len(), 4);
}

#[test]
fn a_definition_that_changes() {
    let wider = Arc::new(TableDef::new("SHOP.ITEMS", vec![ColumnDef::varchar("NAME", 90).key()]));
    for (policy, count) in [(Policy::Continue, 3), (Policy::Stop, 1)] {
        let growing = between(
            (100, 1),
            |writer| {
                let mut row = RowBuilder::new(&wider, writer.byte_order());
                row.text("NAME", "wide").unwrap();
                let row = row.bytes().to_vec();
                writer.begin("101", "x", Timestamp::from_unix_micros(1_700_000_101_000_000)).unwrap();
                writer.insert(&wider, &row).unwrap();
                writer.commit().unwrap();
            },
            (102, 1),
        );
        let (seen, outcome) = follow(&mut open(&growing, &[(EventKind::DefinitionChanged, policy)]));
        assert_eq!((seen.names().len(), outcome.is_err()), (count, policy == Policy::Stop));
        if policy == Policy::Continue {
            assert_eq!(seen.kinds(), ["definition_changed"]);
            assert!(seen.events[0].what.contains("SHOP.ITEMS"));
        }
    }
}

#[test]
fn damage_stops_or_is_skipped() {
    let mut file = trail(options(), &LIST).remove(0);
    let ends = record_ends(&file);
    let at = ends[ends.len() - 4];
    file[at] = b'?';
    for delivery in DELIVERIES {
        for policy in [Policy::Stop, Policy::Continue, Policy::Wait] {
            let growing = Growing::new();
            growing.append(0, &file);
            let mut tail = open_with(&growing, quick().delivery(delivery), &[(EventKind::Damage, policy)]);
            let (mut seen, outcome) = follow(&mut tail);
            if policy == Policy::Stop {
                let error = outcome.unwrap_err();
                assert_eq!((error.kind(), error.location().rba), (ErrorKind::Corrupt, Some(at as u64)));
                assert_eq!(seen.names().len(), 4);
                continue;
            }
            outcome.unwrap();
            if policy == Policy::Wait {
                assert_eq!((seen.names().len(), seen.kinds()), (4, vec!["damage"]));
                tail.handle().resume();
                go_on(&mut tail, &mut seen).unwrap();
            }
            // One change is lost.
            assert_eq!(seen.names(), ["100/0", "100/1", "101/0", "101/1", "102/0", "103/0", "103/1"]);
            assert_eq!(seen.kinds()[0], "damage");
        }
    }
}

/// Files that cannot be read while a switch is on.
#[derive(Debug)]
struct Failing(AtomicBool);

impl Failing {
    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(io::Error::from_raw_os_error(5)) } else { Ok(()) }
    }
}

impl Files for Failing {
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        self.check().and_then(|()| OsFiles.list(folder))
    }

    fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        self.check().and_then(|()| OsFiles.facts(path))
    }

    fn open(&self, path: &Path) -> io::Result<(Arc<dyn ByteSource>, FileFacts)> {
        self.check().and_then(|()| OsFiles.open(path))
    }
}

#[test]
fn a_file_that_cannot_be_read_is_tried_again() {
    let files = one_in_each();
    let growing = of(&files[..1]);
    let failing = Arc::new(Failing(AtomicBool::new(false)));
    let tail_options = quick().files(Arc::clone(&failing) as Arc<dyn Files>);
    let mut tail = open_with(&growing, tail_options.clone(), &[]);
    let (mut seen, outcome) = follow(&mut tail);
    outcome.unwrap();
    failing.0.store(true, Ordering::Relaxed);
    growing.append(1, &files[1]);
    go_on(&mut tail, &mut seen).unwrap();
    assert_eq!((seen.names().len(), seen.kinds()), (2, vec!["read_failed"]));
    failing.0.store(false, Ordering::Relaxed);
    let begun = Instant::now();
    while seen.names().len() < 4 && begun.elapsed() < Duration::from_secs(60) {
        go_on(&mut tail, &mut seen).unwrap();
    }
    assert_eq!((seen.names().len(), seen.kinds()), (4, vec!["read_failed"]));
    failing.0.store(false, Ordering::Relaxed);
    let mut tail = open_with(&growing, tail_options.delivery(Delivery::Changes), &[(EventKind::ReadFailed, Policy::Stop)]);
    follow(&mut tail).1.unwrap();
    failing.0.store(true, Ordering::Relaxed);
    let error = follow(&mut tail).1.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
}

/// Overwrites a byte of the record that starts at an offset.
fn damaged(file: &[u8], at: usize) -> Vec<u8> {
    let mut file = file.to_vec();
    file[at] = b'?';
    file
}

#[test]
fn damage_of_any_record_is_met_after_everything_before_it() {
    let file = trail(options(), &LIST).remove(0);
    let ends = record_ends(&file);
    let (first, last) = (ends.len() - 8, ends.len() - 1);
    for delivery in DELIVERIES {
        for record in first..last {
            // The record after `record`: 0 to 7 changes are before it, of which whole transactions are delivered.
            let (at, whole) = (ends[record - 1], (record - first) / 2 * 2);
            for policy in [Policy::Stop, Policy::Wait, Policy::Continue] {
                let growing = of(&[damaged(&file, at)]);
                let store = MemoryStore::new();
                let open = || {
                    let options = quick().delivery(delivery).policy(EventKind::Damage, policy);
                    Tail::open_with(growing.path(), options, store.clone()).unwrap()
                };
                let mut tail = open();
                let (mut seen, outcome) = follow(&mut tail);
                if policy == Policy::Stop {
                    let error = outcome.unwrap_err();
                    assert_eq!((error.kind(), error.location().rba), (ErrorKind::Corrupt, Some(at as u64)));
                    assert_eq!(seen.names().len(), whole, "{delivery:?} {record}");
                    // A follower that continues directly before the damage meets it, too.
                    drop(tail);
                    let (seen, outcome) = follow(&mut open());
                    assert_eq!((seen.names().len(), outcome.unwrap_err().location().rba), (0, Some(at as u64)));
                    continue;
                }
                outcome.unwrap();
                assert_eq!(seen.kinds().first(), Some(&"damage"), "{delivery:?} {record} {policy:?}");
                if policy == Policy::Wait {
                    assert_eq!((seen.names().len(), seen.kinds().len()), (whole, 1));
                    tail.handle().resume();
                    go_on(&mut tail, &mut seen).unwrap();
                }
                assert_eq!(seen.names().len(), 7, "{delivery:?} {record} {policy:?} {:?}", seen.names());
                assert_eq!(seen.kinds().iter().filter(|kind| **kind == "damage").count(), 1);
                // A follower that continues after it does not meet it again.
                drop(tail);
                let (seen, outcome) = follow(&mut open());
                outcome.unwrap();
                assert_eq!((seen.names().len(), seen.kinds().len()), (0, 0), "{delivery:?} {record} {policy:?}");
            }
        }
    }
}

#[test]
fn zeros_at_the_end_of_a_file_and_two_damaged_records() {
    let file = trail(options(), &LIST).remove(0);
    let ends = record_ends(&file);
    for delivery in DELIVERIES {
        let growing = of(&[[&file[..], &[0; 400]].concat()]);
        let (seen, outcome) = follow(&mut open_with(&growing, quick().delivery(delivery), &[]));
        assert_eq!((seen.names().len(), outcome.unwrap_err().location().rba), (8, Some(file.len() as u64)));
        // Two apart, one after the other, and with one record between them, which nothing after it proves to be one.
        for (one, other, count) in [(8, 3, 6), (8, 7, 6), (5, 3, 5)] {
            let twice = damaged(&damaged(&file, ends[ends.len() - 1 - one]), ends[ends.len() - 1 - other]);
            let growing = of(&[twice]);
            let policies = [(EventKind::Damage, Policy::Continue)];
            let (seen, outcome) = follow(&mut open_with(&growing, quick().delivery(delivery), &policies));
            outcome.unwrap();
            let damage = seen.kinds().iter().filter(|kind| **kind == "damage").count();
            assert!((1..=2).contains(&damage), "{:?}", seen.kinds());
            assert_eq!(seen.names().len(), count, "{delivery:?} {one} {other} {:?}", seen.names());
        }
    }
}

#[test]
fn bytes_that_were_delivered_and_are_damaged_later() {
    let file = trail(options(), &LIST).remove(0);
    let ends = record_ends(&file);
    for delivery in DELIVERIES {
        // Two transactions are there, and delivered. Then a record of the second one and the one after it are overwritten.
        let half = ends[ends.len() - 5];
        let growing = of(&[file[..half].to_vec()]);
        let mut tail = open_with(&growing, quick().delivery(delivery), &[(EventKind::Damage, Policy::Continue)]);
        let (mut seen, outcome) = follow(&mut tail);
        outcome.unwrap();
        assert_eq!(seen.names().len(), 4);
        growing.overwrite(0, &damaged(&damaged(&file, ends[ends.len() - 6]), half));
        go_on(&mut tail, &mut seen).unwrap();
        assert_eq!(seen.names()[4..], ["102/1", "103/0", "103/1"], "{delivery:?} {:?}", seen.kinds());
        assert!(seen.kinds().contains(&"damage"));
    }
}

#[test]
fn a_file_that_is_removed_unread_does_not_take_an_open_transaction_with_it() {
    let files = one_in_each();
    let first = record_ends(&files[1]);
    for delivery in DELIVERIES {
        // The second file has the first half of its transaction; the third one is removed before it is read.
        let growing = of(&[files[0].clone(), files[1][..first[first.len() - 2]].to_vec(), files[2].clone(), files[3].clone()]);
        let mut tail = open_with(&growing, quick().batch(1).delivery(delivery), &[(EventKind::SequenceGap, Policy::Continue)]);
        let mut seen = Seen::default();
        seen.take(tail.recv().unwrap().unwrap());
        growing.remove(2);
        go_on(&mut tail, &mut seen).unwrap();
        assert_eq!(seen.names(), ["100/0", "100/1", "101/0", "103/0", "103/1"], "{delivery:?}");
        assert_eq!(seen.kinds(), ["sequence_gap", "unfinished_transaction"]);
    }
}
