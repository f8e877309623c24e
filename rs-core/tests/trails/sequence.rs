//! Trails of several files, positions in them, and files that grow.

use crate::common::*;
use trailcore::sink::{TrailWriter, UpdateStyle};
use trailcore::trail::ByteOrder;
use trailcore::{Csn, ErrorKind, Position, ReadOptions, Timestamp, Trail};
use trailcore_samples::{Bank, bank_in_memory, write_bank};

/// Transactions of five changes in files so small that many of them span files.
fn spread(order: ByteOrder, prefix: Option<&std::path::Path>) -> Files {
    let (items, shelves) = (items(), shelves());
    let options = options(order, 11, 5_000);
    let mut writer = match prefix {
        Some(prefix) => TrailWriter::create(prefix, options).unwrap(),
        None => TrailWriter::in_memory("tt", options).unwrap(),
    };
    for transaction in 0..12i64 {
        writer.begin(&(500 + transaction * 10).to_string(), &format!("x{transaction}"), at(transaction)).unwrap();
        for step in 0..5 {
            let id = transaction * 10 + step;
            let row = item(&items, order, id, "ring", &"z".repeat(300));
            match step {
                3 => writer.update(&items, UpdateStyle::Pair, &row, &row).unwrap(),
                4 => writer.insert(&shelves, &key(&shelves, order, id)).unwrap(),
                _ => writer.insert(&items, &row).unwrap(),
            }
        }
        writer.commit().unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn files_roll_over_and_read_as_one_sequence() {
    for order in ORDERS {
        let files = spread(order, None);
        assert!(files.len() > 5);
        for (number, (name, bytes)) in files.iter().enumerate() {
            assert_eq!(*name, format!("tt{number:09}"));
            // Definitions before a file's first rows are not counted, so the size has some slack.
            assert!(bytes.len() < 7_000, "{}", bytes.len());
        }
        let changes = plain(&trail_of(&files));
        assert_eq!(changes.len(), 60);
        let mut spanning = 0;
        for (transaction, rows) in changes.chunks(5).enumerate() {
            let txn: Vec<_> = rows.iter().map(|row| row.txn.as_deref().unwrap()).collect();
            assert_eq!(txn, ["first", "middle", "middle", "middle", "last"]);
            spanning += usize::from(rows[0].seqno != rows[4].seqno);
            for (step, row) in rows.iter().enumerate() {
                assert_eq!(row.csn.as_deref(), Some((500 + transaction * 10).to_string().as_str()));
                assert_eq!(row.xid.as_deref(), Some(format!("x{transaction}").as_str()));
                assert!(image(&row.after).starts_with(&format!("{{\"ID\":{}", transaction * 10 + step)));
            }
        }
        assert!(spanning > 2, "transactions must span files");

        // The same from files, for every form of path.
        let dir = tempfile::tempdir().unwrap();
        spread(order, Some(&dir.path().join("tt")));
        let expected = lines(&trail_of(&files));
        for path in [dir.path().to_path_buf(), dir.path().join("tt")] {
            let trail = Trail::open(path).unwrap();
            assert_eq!(trail.files().len(), files.len());
            assert!(trail.gaps().is_empty());
            assert_eq!(lines(&trail), expected);
        }
        for (name, bytes) in &files {
            assert_eq!(&std::fs::read(dir.path().join(name)).unwrap(), bytes);
        }
        // A single file has its changes, without the ids of a transaction that began in an earlier file.
        let alone = plain(&Trail::open(dir.path().join(&files[1].0)).unwrap());
        let there: Vec<_> = changes.iter().filter(|change| change.seqno == 1).collect();
        assert_eq!(alone.len(), there.len());
        let mut begun = false;
        for (alone, there) in alone.iter().zip(there) {
            begun |= matches!(there.txn.as_deref(), Some("first" | "only"));
            assert_eq!(alone.csn, if begun { there.csn.clone() } else { None });
            assert_eq!((&alone.after, alone.rba), (&there.after, there.rba));
        }
    }
}

#[test]
fn reading_from_any_record_returns_the_rest() {
    for (_, trail) in banks() {
        let pieces = crate::common::pieces(&trail);
        let mut all: Vec<(Position, PlainChange, Option<u64>)> = Vec::new();
        let mut reader = trail.reader().unwrap();
        let mut began = None;
        while let Some(change) = reader.next().unwrap() {
            if change.transaction().begins() {
                began = Some(change.start().seqno());
            }
            all.push((change.start(), to_plain(&change), began));
        }
        for piece in &pieces {
            let seen = lines_with(&trail, ReadOptions::new().start_at(piece.position)).unwrap();
            let seen: Vec<_> = seen.iter().map(|line| PlainChange::from_json(line).unwrap()).collect();
            // The position of a pair is that of its after record; from there, the whole pair is read.
            let wanted = |start: &Position, change: &PlainChange| {
                *start >= piece.position || Position::new(change.seqno, change.rba) == piece.position
            };
            let mut expected: Vec<_> = all.iter().filter(|(start, change, _)| wanted(start, change)).cloned().collect();
            // CSN and id of a transaction that began in an earlier file are unknown.
            for (_, change, began) in &mut expected {
                if *began < Some(piece.position.seqno()) {
                    (change.csn, change.xid) = (None, None);
                }
            }
            let expected: Vec<_> = expected.into_iter().map(|(_, change, _)| change).collect();
            assert_eq!(seen, expected, "from {}", piece.position);
        }
        // A new reader at the position of another reader returns the same remaining changes.
        let mut reader = trail.reader().unwrap();
        for _ in 0..all.len() / 2 {
            reader.next().unwrap();
        }
        let position = reader.position();
        let rest = lines_with(&trail, ReadOptions::new().start_at(position)).unwrap();
        assert_eq!(rest.len(), all.len() - all.len() / 2);
    }
}

#[test]
fn position_inside_a_record_is_rejected() {
    for (files, trail) in banks() {
        let starts: Vec<_> = crate::common::pieces(&trail).into_iter().map(|piece| piece.position).collect();
        for (seqno, (_, bytes)) in files.iter().enumerate() {
            // The last record of a file before another file has a separate test.
            let last = starts.iter().rev().find(|start| start.seqno() == seqno as u64).unwrap().rba();
            let end = if seqno + 1 == files.len() { bytes.len() as u64 } else { last + 1 };
            for rba in 0..end {
                let position = Position::new(seqno as u64, rba);
                let opened = trail.reader_with(ReadOptions::new().start_at(position));
                if starts.contains(&position) {
                    assert!(opened.is_ok(), "{position}");
                } else {
                    assert_eq!(opened.err().map(|error| error.kind()), Some(ErrorKind::InvalidPosition), "{position}");
                }
            }
        }
        // The end of the trail is the position of a reader at the end; later positions are invalid.
        let last = (files.len() - 1) as u64;
        let end = files[files.len() - 1].1.len() as u64;
        assert!(trail.reader_with(ReadOptions::new().start_at(Position::new(last, end))).unwrap().next().unwrap().is_none());
        for beyond in [Position::new(last, end + 1), Position::new(last + 1, 0), Position::new(last, u64::MAX)] {
            let error = trail.reader_with(ReadOptions::new().start_at(beyond)).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::InvalidPosition, "{beyond}");
        }
    }
}

#[test]
fn position_inside_or_after_the_last_record_of_an_earlier_file_is_rejected() {
    for (files, trail) in banks() {
        let last = crate::common::pieces(&trail)
            .into_iter()
            .map(|piece| piece.position)
            .rfind(|position| position.seqno() == 0)
            .unwrap();
        let end = files[0].1.len() as u64;
        // The end of a file is excluded: a reader at the end of a file may be there, or at the start of the next file.
        for rba in (last.rba() + 1..end).chain([end + 1, end + 100_000]) {
            let position = Position::new(0, rba);
            let opened = trail.reader_with(ReadOptions::new().start_at(position));
            assert_eq!(opened.err().map(|error| error.kind()), Some(ErrorKind::InvalidPosition), "{position}");
        }
    }
}

#[test]
fn csns_and_times_are_found() {
    for (_, trail) in banks() {
        let mut all = Vec::new();
        let mut reader = trail.reader().unwrap();
        while let Some(change) = reader.next().unwrap() {
            all.push((change.csn().unwrap().to_owned(), change.timestamp(), change.start()));
        }
        let numbers: Vec<i64> = all.iter().map(|(csn, ..)| csn.parse().unwrap()).collect();
        let (low, high) = (numbers[0], numbers[numbers.len() - 1]);
        for number in low - 1..=high + 1 {
            let wanted = number.to_string();
            let expected = all.iter().find(|(csn, ..)| Csn::compare(csn, &wanted).unwrap().is_ge()).map(|(.., start)| *start);
            assert_eq!(trail.find_csn(&wanted).unwrap(), expected, "CSN {wanted}");
        }
        for micros in [-1, 0, 1] {
            for (_, time, _) in &all {
                let time = Timestamp::from_unix_micros(time.unix_micros() + micros);
                let expected = all.iter().find(|(_, seen, _)| *seen >= time).map(|(.., start)| *start);
                assert_eq!(trail.find_time(time).unwrap(), expected, "time {time}");
            }
        }
        assert_eq!(trail.find_csn("0/12").unwrap(), None);
    }
}

#[test]
fn gap_in_the_sequence_is_reported() {
    for order in ORDERS {
        let mut files = spread(order, None);
        let whole = plain(&trail_of(&files));
        files.remove(2);
        let trail = trail_of(&files);
        assert_eq!(trail.gaps().iter().map(|gap| (gap.first, gap.last)).collect::<Vec<_>>(), [(2, 2)]);
        let mut reader = trail.reader().unwrap();
        let mut read = 0;
        let error = loop {
            match reader.next() {
                Ok(Some(_)) => read += 1,
                Ok(None) => panic!("the gap was skipped"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::SequenceGap);
        assert!(error.to_string().contains("tt000000001"), "{error}");
        assert_eq!(read, whole.iter().filter(|change| change.seqno < 2).count());
        assert_eq!(reader.next().err().unwrap().kind(), ErrorKind::SequenceGap, "the error is permanent");

        let mut reader = trail.reader_with(ReadOptions::new().resync(true)).unwrap();
        let mut positions = Vec::new();
        while let Some(change) = reader.next().unwrap() {
            positions.push(change.position());
        }
        let expected: Vec<_> =
            whole.iter().filter(|change| change.seqno != 2).map(|change| Position::new(change.seqno, change.rba)).collect();
        assert_eq!(positions, expected);
        let skipped: Vec<_> = reader.skipped().iter().map(|skipped| (skipped.from, skipped.to, skipped.error.kind())).collect();
        assert_eq!(skipped, [(Position::new(2, 0), Position::new(3, 0), ErrorKind::SequenceGap)]);
    }
}

#[test]
fn files_and_memory_read_the_same() {
    for bank in [Bank::small(), Bank::small_little()] {
        let dir = tempfile::tempdir().unwrap();
        write_bank(dir.path(), &bank).unwrap();
        let expected = lines(&trail_of(&bank_in_memory(&bank).unwrap()));
        assert_eq!(lines(&Trail::open(dir.path()).unwrap()), expected);
        assert_eq!(lines(&Trail::open(dir.path().join("bk")).unwrap()), expected);
    }
}

#[cfg(feature = "mmap")]
#[test]
fn mapped_files_read_the_same() {
    for bank in [Bank::small(), Bank::small_little()] {
        let dir = tempfile::tempdir().unwrap();
        write_bank(dir.path(), &bank).unwrap();
        let trail = Trail::open(dir.path()).unwrap();
        let mapped = ReadOptions::new().mapped(true);
        assert_eq!(lines_with(&trail, mapped.clone()).unwrap(), lines(&trail));
        let mut records = trail.records(&mapped);
        let mut count = 0;
        while records.next().unwrap().is_some() {
            count += 1;
        }
        assert_eq!(count, crate::common::pieces(&trail).len());
    }
}

#[test]
fn reading_from_a_position_far_into_a_file() {
    for order in ORDERS {
        let (_dir, on_disk, in_memory) = long_bank(order);
        let all = prints(&in_memory, ReadOptions::new());
        for trail in [&on_disk, &in_memory] {
            for index in (0..all.len()).step_by(1_733) {
                let mut reader = trail.reader_with(ReadOptions::new().start_at(all[index].0)).unwrap();
                for (position, _, csn) in all.iter().skip(index).take(20) {
                    let change = reader.next().unwrap().unwrap();
                    assert_eq!((change.position(), change.csn().map(str::to_owned)), (*position, csn.clone()));
                }
            }
        }
    }
}

#[test]
fn growing_file_is_read_to_its_end() {
    let (files, _) = &banks()[0];
    let whole = &files[0].1;
    let expected = lines(&Trail::from_files([("bk000000000", whole.clone().into())]));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bk000000000");
    std::fs::write(&path, b"").unwrap();
    let mut reader = Trail::open(&path).unwrap().reader().unwrap();
    let mut seen = Vec::new();
    for end in (0..whole.len()).step_by(97).chain([whole.len()]) {
        std::fs::write(&path, &whole[..end]).unwrap();
        loop {
            match reader.next() {
                Ok(Some(change)) => seen.push(change.to_json().unwrap()),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
                    break;
                }
            }
        }
        assert_eq!(seen.as_slice(), &expected[..seen.len()]);
    }
    assert_eq!(seen, expected);
    assert_eq!(reader.position(), Position::new(0, whole.len() as u64));
}
