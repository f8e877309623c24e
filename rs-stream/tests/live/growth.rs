//! Growth in pieces of all sizes, roll-over, the start, the ends of waits.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use trailcore::{Position, Timestamp};
use trailcore_stream::{Delivery, Oversize, Part, Start, Tail, TailOptions};

use crate::support::{DELIVERIES, Growing, Seen, options, quick, read, record_ends, trail};

const LIST: [(u64, usize); 5] = [(100, 1), (101, 4), (102, 2), (103, 3), (104, 7)];

fn rolling() -> trailcore::sink::WriterOptions {
    trailcore::sink::WriterOptions { file_size: 1_200, ..options() }
}

/// Returns how many changes of a file's bytes are in transactions that are complete.
fn settled(files: &[&[u8]]) -> usize {
    let growing = Growing::new();
    for (seqno, bytes) in files.iter().enumerate() {
        growing.append(seqno, bytes);
    }
    let mut reader = trailcore::Trail::open(growing.path()).unwrap().reader().unwrap();
    let (mut count, mut whole) = (0, 0);
    // An incomplete end is an error of a plain reader.
    while let Ok(Some(change)) = reader.next() {
        count += 1;
        if change.transaction().ends() {
            whole = count;
        }
    }
    whole
}

#[test]
fn every_prefix_of_a_file_delivers_its_complete_transactions_and_nothing_else() {
    for delivery in DELIVERIES {
        let file = &trail(options(), &LIST)[0];
        let growing = Growing::new();
        let mut tail = Tail::open(growing.path(), quick().delivery(delivery)).unwrap();
        let mut seen = Seen::default();
        let ends = record_ends(file);
        let mut expected = 0;
        for length in 0..file.len() {
            growing.append(0, &file[length..=length]);
            if ends.contains(&(length + 1)) {
                expected = settled(&[&file[..=length]]);
            }
            seen.drain(&mut tail);
            assert_eq!(seen.changes.len(), expected, "after {} bytes", length + 1);
        }
        assert_eq!(seen.changes, read(&growing.path()));
        assert_eq!(seen.kinds(), [] as [&str; 0]);
        assert_eq!(tail.progress().unacknowledged_changes, 0);
        assert_eq!(tail.progress().acknowledged, Position::new(0, file.len() as u64));
    }
}

#[test]
fn a_torn_tail_at_every_byte_is_waited_for() {
    let file = &trail(options(), &LIST)[0];
    for length in 0..file.len() {
        let growing = Growing::new();
        growing.append(0, &file[..length]);
        let mut tail = Tail::open(growing.path(), quick()).unwrap();
        let mut seen = Seen::default();
        seen.drain(&mut tail);
        growing.append(0, &file[length..]);
        seen.drain(&mut tail);
        assert_eq!(seen.changes, read(&growing.path()), "{length}");
    }
}

#[test]
fn pieces_of_all_sizes_across_files() {
    for delivery in DELIVERIES {
        for size in [7, 100, 4096] {
            let files = trail(rolling(), &LIST);
            assert!(files.len() > 2);
            let growing = Growing::new();
            let mut tail = Tail::open(growing.path(), quick().delivery(delivery)).unwrap();
            let mut seen = Seen::default();
            for (seqno, file) in files.iter().enumerate() {
                for piece in file.chunks(size) {
                    growing.append(seqno, piece);
                    seen.drain(&mut tail);
                }
            }
            // The last file has rows, so that nothing waits for it to be quiet.
            seen.drain(&mut tail);
            assert_eq!(seen.changes, read(&growing.path()));
            assert_eq!(seen.kinds(), [] as [&str; 0]);
            if delivery == Delivery::Transactions {
                let expected: Vec<_> = LIST.map(|(csn, changes)| (csn.to_string(), changes as u64, Part::Whole)).into();
                assert_eq!(seen.transactions, expected);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn random_pieces_across_files(
        list in prop::collection::vec(1usize..9, 1..12),
        cuts in prop::collection::vec(1usize..600, 0..60),
        whole in any::<bool>(),
        batch in 1usize..5,
    ) {
        let list: Vec<_> = (100..).zip(list).collect();
        let files = trail(rolling(), &list);
        let growing = Growing::new();
        let delivery = if whole { Delivery::Transactions } else { Delivery::Changes };
        let mut tail = Tail::open(growing.path(), quick().delivery(delivery).batch(batch)).unwrap();
        let mut seen = Seen::default();
        let mut cuts = cuts.into_iter();
        for (seqno, file) in files.iter().enumerate() {
            let mut rest = &file[..];
            while !rest.is_empty() {
                let size = cuts.next().unwrap_or(rest.len()).min(rest.len());
                growing.append(seqno, &rest[..size]);
                rest = &rest[size..];
                seen.drain(&mut tail);
            }
        }
        seen.drain(&mut tail);
        prop_assert_eq!(&seen.changes, &read(&growing.path()));
        prop_assert_eq!(seen.kinds(), [] as [&str; 0]);
    }
}

#[test]
fn a_file_with_only_a_header_is_entered_once_the_one_before_is_quiet() {
    let files = trail(rolling(), &LIST);
    let growing = Growing::new();
    growing.append(0, &files[0]);
    let mut tail = Tail::open(growing.path(), quick()).unwrap();
    let mut seen = Seen::default();
    seen.drain(&mut tail);
    let header = record_ends(&files[1])[0];
    growing.append(1, &files[1][..header]);
    let begun = Instant::now();
    while tail.progress().acknowledged.trail().unwrap().seqno == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60));
        seen.drain_for(&mut tail, Duration::from_millis(50));
    }
    growing.append(1, &files[1][header..]);
    for (seqno, file) in files.iter().enumerate().skip(2) {
        growing.append(seqno, file);
    }
    seen.drain(&mut tail);
    assert_eq!(seen.changes, read(&growing.path()));
}

#[test]
fn the_starts() {
    let file = &trail(options(), &LIST)[0];
    let growing = Growing::new();
    let half = record_ends(file)[8];
    growing.append(0, &file[..half]);
    let all = {
        let whole = Growing::new();
        whole.append(0, file);
        read(&whole.path())
    };
    let time = Timestamp::from_unix_micros(1_700_000_102_500_000);
    let place: Position = all[2].split(' ').next().unwrap().parse().unwrap();
    let first_of = |csn: &str| all.iter().position(|change| change.ends_with(&format!(" {csn}/0"))).unwrap();
    let complete = settled(&[&file[..half]]);
    let starts = [
        (Start::Beginning, 0),
        (Start::End, complete),
        (Start::Position(place), 2),
        (Start::Csn("101".to_owned()), first_of("101")),
        (Start::Csn("104".to_owned()), first_of("104")),
        (Start::Time(time), first_of("103")),
    ];
    let mut tails: Vec<_> = starts
        .iter()
        .map(|(start, _)| (Tail::open(growing.path(), quick().start(start.clone())).unwrap(), Seen::default()))
        .collect();
    for (tail, seen) in &mut tails {
        seen.drain(tail);
    }
    growing.append(0, &file[half..]);
    for ((tail, seen), (start, first)) in tails.iter_mut().zip(&starts) {
        seen.drain(tail);
        assert_eq!(seen.changes, all[*first..], "{start}");
    }
    let wrong = Tail::open(growing.path(), quick().start(Start::Position(Position::new(0, 3)))).unwrap_err();
    assert_eq!(wrong.kind(), trailcore::ErrorKind::InvalidPosition);
}

#[test]
fn a_large_transaction_is_streamed_read_again_or_spilled() {
    let list = [(100, 2), (101, 500), (102, 1)];
    let files = trail(rolling(), &list);
    let expected = {
        let whole = Growing::new();
        for (seqno, file) in files.iter().enumerate() {
            whole.append(seqno, file);
        }
        read(&whole.path())
    };
    for oversize in [Oversize::Stream, Oversize::Reread, Oversize::Spill] {
        let growing = Growing::new();
        let options = quick().delivery(Delivery::Transactions).memory(4_000, oversize);
        let mut tail = Tail::open(growing.path(), options).unwrap();
        let mut seen = Seen::default();
        for (seqno, file) in files.iter().enumerate() {
            growing.append(seqno, file);
            seen.drain(&mut tail);
        }
        assert_eq!(seen.changes, expected);
        let parts: Vec<_> = seen.transactions.iter().map(|(_, _, part)| *part).collect();
        match oversize {
            Oversize::Reread | Oversize::Spill => assert_eq!(parts, [Part::Whole; 3]),
            Oversize::Stream => {
                assert_eq!(parts[..3], [Part::Whole, Part::First, Part::Middle]);
                assert_eq!(parts[parts.len() - 2..], [Part::Last, Part::Whole]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn the_oversizes_are_equal(
        list in prop::collection::vec(1usize..60, 1..6),
        memory in 1u64..5_000,
        batch in 1usize..20,
        selects in any::<bool>(),
    ) {
        let list: Vec<_> = (100..).zip(list).collect();
        let growing = Growing::new();
        for (seqno, file) in trail(rolling(), &list).iter().enumerate() {
            growing.append(seqno, file);
        }
        let select = trailcore::filter::Select::parse("TABLE SHOP.ITEMS, FILTER (@STRLEN(NAME) = 5);").unwrap();
        let [streamed, reread, spilled] = [Oversize::Stream, Oversize::Reread, Oversize::Spill].map(|oversize| {
            let options = quick().delivery(Delivery::Transactions).memory(memory, oversize).batch(batch);
            let options = if selects { options.select(select.clone()) } else { options };
            let mut seen = Seen::default();
            seen.drain(&mut Tail::open(growing.path(), options).unwrap());
            seen
        });
        prop_assert_eq!(&spilled.changes, &streamed.changes);
        prop_assert_eq!(&spilled.changes, &reread.changes);
        prop_assert_eq!(&spilled.transactions, &reread.transactions);
        prop_assert_eq!(&spilled.ends, &reread.ends);
        let all = read(&growing.path());
        let expected: Vec<_> = all.into_iter().filter(|change| !selects || change.split_once(' ').unwrap().1.len() == 5).collect();
        prop_assert_eq!(&spilled.changes, &expected);
    }
}

#[test]
fn a_transaction_of_many_megabytes_waits_for_its_end_in_little_memory() {
    // Longer than what the reader holds: it looks ahead in the files.
    let list = [(100, 1), (101, 30_000), (102, 1)];
    let files = trail(trailcore::sink::WriterOptions { file_size: 900_000, ..options() }, &list);
    assert!(files.len() > 3);
    let growing = Growing::new();
    let mut tail = Tail::open(growing.path(), quick()).unwrap();
    let mut seen = Seen::default();
    for (seqno, file) in files.iter().enumerate() {
        let last = seqno + 1 == files.len();
        for piece in file.chunks(100_000) {
            growing.append(seqno, piece);
            seen.drain(&mut tail);
            assert!(last || seen.changes.len() == 1);
        }
    }
    assert_eq!(seen.changes.len(), 30_002);
    assert_eq!(seen.changes, read(&growing.path()));
}

#[test]
fn waits_end_at_once() {
    let growing = Growing::new();
    growing.append(0, &trail(options(), &LIST)[0]);
    for hints in [true, false] {
        let tail_options = TailOptions::new().hints(hints).poll_interval(Duration::from_secs(600));
        let mut tail = Tail::open(growing.path(), tail_options).unwrap();
        Seen::default().drain(&mut tail);
        let handle = tail.handle();
        let begun = Instant::now();
        let thread = std::thread::spawn(move || tail.recv().map(|item| item.is_none()));
        std::thread::sleep(Duration::from_millis(20));
        handle.stop();
        assert!(thread.join().unwrap().unwrap());
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
}

#[test]
fn hints_and_polling_each_suffice() {
    let file = &trail(options(), &LIST)[0];
    let half = record_ends(file)[3];
    let patient = Duration::from_secs(3600);
    for (hints, interval) in [(true, patient), (false, Duration::from_millis(5))] {
        let growing = Growing::new();
        growing.append(0, &file[..half]);
        let mut tail = Tail::open(growing.path(), TailOptions::new().hints(hints).poll_interval(interval)).unwrap();
        let mut seen = Seen::default();
        seen.drain(&mut tail);
        let before = seen.changes.len();
        let path = growing.file(0);
        let rest = file[half..].to_vec();
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            std::io::Write::write_all(&mut std::fs::File::options().append(true).open(path).unwrap(), &rest).unwrap();
        });
        let item = tail.recv_timeout(Duration::from_secs(60)).unwrap().unwrap();
        seen.take(item);
        seen.drain(&mut tail);
        writer.join().unwrap();
        assert!(seen.changes.len() > before);
        assert_eq!(seen.changes, read(&growing.path()));
    }
}

#[test]
fn a_selection_moves_on_over_what_it_rejects() {
    let growing = Growing::new();
    let file = &trail(options(), &LIST)[0];
    growing.append(0, file);
    let select = trailcore::filter::Select::parse("TABLE SHOP.ITEMS, WHERE (NAME = '101/2');").unwrap();
    for delivery in DELIVERIES {
        let mut tail = Tail::open(growing.path(), quick().delivery(delivery).select(select.clone())).unwrap();
        let mut seen = Seen::default();
        seen.drain(&mut tail);
        assert_eq!(seen.names(), ["101/2"]);
        assert_eq!(tail.progress().acknowledged, Position::new(0, file.len() as u64));
    }
}

#[test]
fn iterator_callback_and_channel() {
    let growing = Growing::new();
    growing.append(0, &trail(options(), &LIST)[0]);
    let expected = read(&growing.path());
    let open = || Tail::open(growing.path(), quick().batch(4)).unwrap();
    let is_last = |seen: &Seen| seen.changes.len() == expected.len();
    let (mut tail, mut seen) = (open(), Seen::default());
    let handle = tail.handle();
    for item in tail.items() {
        seen.take(item.unwrap());
        if is_last(&seen) {
            handle.stop();
        }
    }
    assert_eq!(seen.changes, expected);
    let (mut tail, mut count) = (open(), 0);
    let handle = tail.handle();
    tail.run(|item| {
        if let trailcore_stream::Item::Changes(batch) = item {
            count += batch.len();
        }
        if count == expected.len() {
            handle.stop();
        }
        Ok(())
    })
    .unwrap();
    assert_eq!((count, tail.progress().unacknowledged_changes), (expected.len(), 0));
    // A callback that fails ends it, and its item is not acknowledged.
    let mut tail = open();
    tail.run(|_| Err(trailcore::Error::new(trailcore::ErrorKind::Io, "full"))).unwrap_err();
    assert_eq!(tail.progress().unacknowledged_changes, 4);
    let (handle, channel) = open().into_channel(1).unwrap();
    let mut seen = Seen::default();
    while !is_last(&seen) {
        let item = channel.recv().unwrap().unwrap();
        let receipt = seen.take(item).unwrap();
        handle.acknowledge(&receipt).unwrap();
    }
    handle.stop();
    assert_eq!(channel.recv().map(|_| ()), Err(crossbeam_channel::RecvError));
}
