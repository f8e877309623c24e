//! Transactions that are rolled back or kept, and records that are not changes.

use crate::common::*;
use trailcore::sink::{TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::{ByteOrder, RecordType};
use trailcore::{ErrorKind, Op, Position, ReadOptions, Trail, TransactionIndicator};

#[test]
fn rolled_back_transaction_is_not_returned() {
    for order in ORDERS {
        let items = items();
        let mut writer = writer(order, 1, NO_LIMIT);
        writer.begin("1", "a", at(0)).unwrap();
        insert_all(&mut writer, &items, 1..3, "");
        writer.commit().unwrap();
        writer.begin("2", "b", at(1)).unwrap();
        insert_all(&mut writer, &items, 3..6, "");
        writer.abend().unwrap();
        // A marker after a complete transaction rolls nothing back.
        writer.begin("2", "b", at(1)).unwrap();
        insert_all(&mut writer, &items, 13..16, "");
        writer.commit().unwrap();
        writer.marker(RecordType::RESTART_ABEND, at(2)).unwrap();
        writer.begin("3", "c", at(2)).unwrap();
        insert_all(&mut writer, &items, 20..21, "");
        writer.commit().unwrap();
        let files = writer.finish().unwrap();
        assert_eq!(ids(&trail_of(&files)), [1, 2, 13, 14, 15, 20]);
        let csns: Vec<_> = plain(&trail_of(&files)).into_iter().map(|change| change.csn.unwrap()).collect();
        assert_eq!(csns, ["1", "1", "2", "2", "2", "3"]);
        // From a file, which is read in blocks.
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tt000000000");
        std::fs::write(&path, &files[0].1).unwrap();
        assert_eq!(ids(&Trail::open(path).unwrap()), [1, 2, 13, 14, 15, 20]);
    }
}

/// A file that ends inside a transaction, files inside it, and a file that starts with the marker.
fn abended_over_files(order: ByteOrder, rows_between: i64) -> Files {
    let items = items();
    let mut first = writer(order, 1, NO_LIMIT);
    first.begin("1", "a", at(0)).unwrap();
    insert_all(&mut first, &items, 1..3, "");
    first.commit().unwrap();
    first.begin("2", "b", at(1)).unwrap();
    insert_all(&mut first, &items, 3..6, "");
    let mut files = first.finish_unfinished().unwrap();

    if rows_between > 0 {
        // A file inside the transaction: its first record, which begins a transaction, is removed.
        let numbered = WriterOptions { first_seqno: 1, ..options(order, 1, NO_LIMIT) };
        let mut between = TrailWriter::in_memory("tt", numbered).unwrap();
        between.begin("2", "b", at(1)).unwrap();
        insert_all(&mut between, &items, 100..=100 + rows_between, "");
        let whole = between.finish_unfinished().unwrap();
        let pieces = crate::common::pieces(&trail_of(&whole));
        let begins = pieces.iter().position(|piece| !piece.is_start()).unwrap();
        let rest = pieces.iter().enumerate().filter(|(index, _)| *index != begins).map(|(_, piece)| piece);
        files.push((whole[0].0.clone(), joined(rest)));
    }
    let seqno = files.len() as u32;
    let mut last = TrailWriter::in_memory("tt", WriterOptions { first_seqno: seqno, ..options(order, 1, NO_LIMIT) }).unwrap();
    last.marker(RecordType::RESTART_ABEND, at(2)).unwrap();
    last.begin("2", "b", at(1)).unwrap();
    insert_all(&mut last, &items, 13..16, "");
    last.commit().unwrap();
    files.extend(last.finish().unwrap());
    files
}

#[test]
fn abend_marker_in_a_later_file_rolls_back() {
    for order in ORDERS {
        for rows_between in [0, 4] {
            let files = abended_over_files(order, rows_between);
            assert_eq!(ids(&trail_of(&files)), [1, 2, 13, 14, 15], "{order:?} {rows_between}");
            // Without the file of the marker the transaction is only unfinished, so its changes are returned.
            let unfinished = files[..1].to_vec();
            assert_eq!(ids(&trail_of(&unfinished)), [1, 2, 3, 4, 5]);
        }
    }
}

#[test]
fn abend_marker_rolls_back_only_the_open_transaction() {
    // An unfinished transaction before the one that the marker rolls back is kept, whether it is long or short.
    for (rows, note) in [(3, String::new()), (900, "long ".repeat(400))] {
        let (items, order) = (items(), ByteOrder::Big);
        let mut first = writer(order, 1, NO_LIMIT);
        first.begin("1", "a", at(0)).unwrap();
        insert_all(&mut first, &items, 0..rows, &note);
        let mut files = first.finish_unfinished().unwrap();
        let mut second = TrailWriter::in_memory("tt", WriterOptions { first_seqno: 1, ..options(order, 1, NO_LIMIT) }).unwrap();
        second.begin("2", "b", at(1)).unwrap();
        insert_all(&mut second, &items, 5_000..5_000 + rows, &note);
        second.abend().unwrap();
        second.begin("3", "c", at(2)).unwrap();
        insert_all(&mut second, &items, 9_000..9_002, "");
        second.commit().unwrap();
        files.extend(second.finish().unwrap());
        let expected: Vec<i64> = (0..rows).chain(9_000..9_002).collect();
        assert_eq!(ids(&trail_of(&files)), expected, "in memory");
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in &files {
            std::fs::write(dir.path().join(name), bytes).unwrap();
        }
        assert_eq!(ids(&Trail::open(dir.path()).unwrap()), expected, "from files");
    }
}

#[test]
fn transactions_too_long_to_hold_are_rolled_back_or_kept() {
    let items = items();
    let order = ByteOrder::Big;
    let note = "long ".repeat(400);
    // Two kilobytes per row: more than 1 MiB for each of these.
    let (aborted, kept) = (1_000..1_900, 3_000..3_900);
    let mut writer = writer(order, 1, NO_LIMIT);
    writer.begin("1", "a", at(0)).unwrap();
    insert_all(&mut writer, &items, 1..3, "");
    writer.commit().unwrap();
    writer.begin("2", "b", at(1)).unwrap();
    insert_all(&mut writer, &items, aborted.clone(), &note);
    writer.abend().unwrap();
    writer.begin("2", "b", at(1)).unwrap();
    insert_all(&mut writer, &items, kept.clone(), &note);
    writer.commit().unwrap();
    writer.begin("3", "c", at(2)).unwrap();
    insert_all(&mut writer, &items, 9..10, "");
    writer.commit().unwrap();
    let files = writer.finish().unwrap();
    assert!(files[0].1.len() > 3 << 20);
    let expected: Vec<i64> = (1..3).chain(kept.clone()).chain(9..10).collect();

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tt000000000");
    std::fs::write(&path, &files[0].1).unwrap();
    assert_eq!(ids(&trail_of(&files)), expected, "in memory");
    assert_eq!(ids(&Trail::open(&path).unwrap()), expected, "from a file");
    for change in plain(&Trail::open(&path).unwrap()).iter().filter(|change| change.op == "insert").skip(2).take(900) {
        assert_eq!((change.csn.as_deref(), change.xid.as_deref()), (Some("2"), Some("b")));
    }

    // The same with the marker in another file, where the look-ahead continues.
    let pieces = crate::common::pieces(&trail_of(&files));
    let marker = pieces.iter().position(|piece| piece.record_type == RecordType::RESTART_ABEND).unwrap();
    let start = pieces.iter().take_while(|piece| piece.is_start()).count();
    let two = vec![
        ("tt000000000".to_owned(), joined(&pieces[..marker - 100])),
        ("tt000000001".to_owned(), joined(pieces[..start].iter().chain(&pieces[marker - 100..]))),
    ];
    assert_eq!(ids(&trail_of(&two)), expected, "over two files");
    for (name, bytes) in &two {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    assert_eq!(ids(&Trail::open(dir.path()).unwrap()), expected, "over two files, not in memory");

    // A long unfinished transaction at the end of the trail is returned as far as it is written.
    let unfinished = vec![("tt000000000".to_owned(), joined(&pieces[..marker]))];
    assert_eq!(ids(&trail_of(&unfinished)), (1..3).chain(aborted).collect::<Vec<_>>());
}

#[test]
fn many_small_rows_are_rolled_back_or_kept() {
    // More records than are framed at once, in transactions below and above the size that is held.
    let shelves = shelves();
    for rows in [3_000, 5_000, 20_000] {
        let order = ByteOrder::Little;
        let mut writer = writer(order, 11, NO_LIMIT);
        let mut expected = Vec::new();
        for (number, is_kept) in [false, true, false, true].into_iter().enumerate() {
            writer.begin(&number.to_string(), "x", at(0)).unwrap();
            for id in 0..rows {
                let id = number as i64 * 100_000 + id;
                writer.insert(&shelves, &key(&shelves, order, id)).unwrap();
                if is_kept {
                    expected.push(id);
                }
            }
            if is_kept { writer.commit() } else { writer.abend() }.unwrap();
        }
        let files = writer.finish().unwrap();
        assert!(ids(&trail_of(&files)) == expected, "{rows} rows, in memory");
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("tt000000000"), &files[0].1).unwrap();
        assert!(ids(&Trail::open(dir.path()).unwrap()) == expected, "{rows} rows, from a file");
    }
}

#[test]
fn markers_and_definitions_are_returned_on_request() {
    for order in ORDERS {
        let items = items();
        let mut writer = writer(order, 1, NO_LIMIT);
        writer.marker(RecordType::RESTART_OK, at(0)).unwrap();
        writer.begin("1", "a", at(1)).unwrap();
        insert_all(&mut writer, &items, 1..2, "");
        // A marker inside a transaction does not affect it.
        writer.marker(RecordType::RECOVERY_END, at(1)).unwrap();
        insert_all(&mut writer, &items, 2..3, "");
        writer.commit().unwrap();
        let trail = trail_of(&writer.finish().unwrap());
        assert_eq!(lines(&trail).len(), 2);
        let mut reader = trail.reader_with(ReadOptions::new().include_non_changes(true)).unwrap();
        let mut seen = Vec::new();
        while let Some(change) = reader.next().unwrap() {
            if !change.op().is_change() {
                assert_eq!((change.csn(), change.xid()), (None, None));
                assert!(change.before().unwrap().is_none() && change.after().unwrap().is_none());
            }
            seen.push((
                change.op(),
                change.trail().unwrap().record().record_type(),
                change.table_name().into_owned(),
                change.transaction(),
            ));
        }
        use TransactionIndicator::{First, Last, Only};
        let row = |indicator| (Op::Insert, RecordType::INSERT, "SHOP.ITEMS".to_owned(), indicator);
        let expected = vec![
            (Op::Metadata, RecordType::METADATA, String::new(), Only),
            (Op::Other, RecordType::RESTART_OK, String::new(), Only),
            (Op::Metadata, RecordType::METADATA, "SHOP.ITEMS".to_owned(), Only),
            row(First),
            (Op::Other, RecordType::RECOVERY_END, String::new(), Only),
            row(Last),
        ];
        assert_eq!(seen, expected);
    }
}

#[test]
fn records_of_unknown_types_are_not_changes() {
    let items = items();
    let mut writer = writer(ByteOrder::Little, 1, NO_LIMIT);
    writer.marker(RecordType(77), at(0)).unwrap();
    writer.begin("1", "a", at(1)).unwrap();
    insert_all(&mut writer, &items, 1..2, "");
    writer.commit().unwrap();
    let trail = trail_of(&writer.finish().unwrap());
    assert_eq!(lines(&trail).len(), 1);
    let all = lines_with(&trail, ReadOptions::new().include_non_changes(true)).unwrap();
    assert!(all.iter().any(|line| line.contains(r#""op":"other""#)));
}

/// Returns the ids of a trail's changes, all that are marked as unfinished, and the CSNs of the reader's list.
fn unfinished(trail: &Trail, options: ReadOptions) -> (usize, Vec<i64>, Vec<String>) {
    let mut reader = trail.reader_with(options).unwrap();
    let (mut changes, mut marked) = (0, Vec::new());
    while let Some(change) = reader.next().unwrap() {
        changes += 1;
        if change.is_unfinished() {
            marked.push(change.after().unwrap().unwrap().get("ID").unwrap().i64().unwrap());
        }
    }
    let listed = reader.unfinished().listed().iter().map(|one| one.csn.clone().unwrap()).collect();
    (changes, marked, listed)
}

#[test]
fn a_transaction_that_breaks_off_is_marked_at_its_last_change() {
    for order in ORDERS {
        let items = items();
        let part = |seqno: u32, rows: std::ops::Range<i64>, ends: bool| {
            let mut writer =
                TrailWriter::in_memory("tt", WriterOptions { first_seqno: seqno, ..options(order, 1, NO_LIMIT) }).unwrap();
            writer.begin("7", "g", at(0)).unwrap();
            insert_all(&mut writer, &items, rows, &"x".repeat(200));
            if ends {
                writer.commit().unwrap();
                return writer.finish().unwrap().remove(0);
            }
            writer.finish_unfinished().unwrap().remove(0)
        };
        // The transaction of 8,000 rows is longer than what is held in memory.
        for rows in [1, 3, 8_000] {
            let alone = trail_of(&vec![part(0, 0..rows, false)]);
            assert_eq!(unfinished(&alone, ReadOptions::new()), (rows as usize, vec![rows - 1], vec!["7".to_owned()]));
            let twice = trail_of(&vec![part(0, 0..rows, false), part(1, 0..rows + 1, true)]);
            assert_eq!(unfinished(&twice, ReadOptions::new()), (2 * rows as usize + 1, vec![rows - 1], vec!["7".to_owned()]));
            let report = trailcore::report::CountReport::of(&twice, ReadOptions::new()).unwrap().0;
            assert_eq!((report.transactions, report.repeated, report.read.unfinished), (1, 1, 1));
            // A copy breaks off at the same change.
            let folder = tempfile::tempdir().unwrap();
            let saved = twice.save(folder.path().join("cc"), ReadOptions::new()).unwrap();
            let copy = Trail::open(folder.path().join("cc")).unwrap();
            assert_eq!(saved.changes, 2 * rows as u64 + 1);
            assert_eq!(unfinished(&copy, ReadOptions::new()), unfinished(&twice, ReadOptions::new()));
            // The selection rejects the change that has the mark; the list has it.
            let none = trailcore::filter::Select::parse("TABLE *, FILTER (ID < 0);").unwrap();
            assert_eq!(unfinished(&twice, ReadOptions::new().select(none)).2, ["7"]);
            // A copy of the changes before it breaks off too, at its last change.
            if rows > 1 {
                let fewer = trailcore::filter::Select::parse(&format!("TABLE *, FILTER (ID < {});", rows - 1)).unwrap();
                for (name, trail, copies) in [("dd", &alone, 1), ("ee", &twice, 2)] {
                    trail.save(folder.path().join(name), ReadOptions::new().select(fewer.clone())).unwrap();
                    let copy = Trail::open(folder.path().join(name)).unwrap();
                    let expected = (copies * (rows as usize - 1), vec![rows - 2], vec!["7".to_owned()]);
                    assert_eq!(unfinished(&copy, ReadOptions::new()), expected, "{name} {rows}");
                }
            }
            // Blocks keep the mark.
            let blocks = alone.reader().unwrap().into_changes().map(|change| change.unwrap().as_change().is_unfinished());
            assert_eq!(blocks.filter(|marked| *marked).count(), 1);
            let whole = trail_of(&vec![part(0, 0..rows, true)]);
            assert_eq!(unfinished(&whole, ReadOptions::new()), (rows as usize, vec![], vec![]));
        }
    }
}

#[test]
fn the_transaction_of_each_record() {
    for (order, file_size) in ORDERS.into_iter().flat_map(|order| [(order, NO_LIMIT), (order, 900)]) {
        let items = items();
        let mut writer = writer(order, 1, file_size);
        for (number, rows, ends) in [(1, 1..3, "commit"), (2, 3..12, "abend"), (2, 3..12, "commit"), (3, 20..22, "")] {
            writer.begin(&number.to_string(), "a", at(number)).unwrap();
            insert_all(&mut writer, &items, rows, "");
            match ends {
                "commit" => writer.commit().unwrap(),
                "abend" => writer.abend().unwrap(),
                _ => {}
            }
        }
        let files = writer.finish_unfinished().unwrap();
        assert_eq!(files.len() > 3, file_size == 900, "{}", files.len());
        let trail = trail_of(&files);
        // The records of each transaction: where one begins or is rolled back, the one before it ends.
        let (mut transactions, mut open) = (Vec::<Vec<Position>>::new(), false);
        let mut views = trail.record_views(&ReadOptions::new(), None).unwrap();
        while let Some(view) = views.next().unwrap() {
            let is_abend = !view.record.is_file_header() && view.record.record_type() == RecordType::RESTART_ABEND;
            open &= !is_abend;
            if !view.is_in_transaction() {
                let outside = trail.transaction_of(view.position.into(), &ReadOptions::new()).unwrap_err();
                assert_eq!(outside.kind(), ErrorKind::InvalidPosition);
                continue;
            }
            let indicator = view.record.header().unwrap().transaction;
            if !open || indicator.begins() {
                transactions.push(Vec::new());
            }
            open = !indicator.ends();
            transactions.last_mut().unwrap().push(view.position.into());
        }
        assert_eq!(transactions.iter().map(Vec::len).collect::<Vec<_>>(), [2, 9, 9, 2]);
        for records in transactions {
            for record in &records {
                let (first, last) = trail.transaction_of(*record, &ReadOptions::new()).unwrap();
                assert_eq!([Position::from(first), last.into()], [records[0], records[records.len() - 1]], "{record}");
            }
        }
    }
}

/// The ids of the items in consecutive ranges that are cut at these positions, and the CSN of each change.
fn in_ranges(trail: &Trail, cuts: &[Position], threads: usize) -> Vec<(i64, String)> {
    let bounds: Vec<_> = [None].into_iter().chain(cuts.iter().copied().map(Some)).chain([None]).collect();
    let mut found = Vec::new();
    for pair in bounds.windows(2) {
        let options = ReadOptions::new().transactions(pair[0], pair[1]).threads(threads);
        let mut reader = trail.reader_with(options).unwrap();
        while let Some(change) = reader.next().unwrap() {
            found.push((id_of(&change), change.csn().unwrap_or_default().to_owned()));
        }
    }
    found
}

fn id_of(change: &trailcore::Change<'_>) -> i64 {
    let (before, after) = change.images().unwrap();
    after.or(before).unwrap().get("ID").unwrap().i64().unwrap()
}

#[test]
fn ranges_cut_anywhere_share_a_trail() {
    for order in ORDERS {
        // Pairs, a rolled back transaction, files that end inside transactions.
        let items = items();
        let mut writer = writer(order, 1, 1500);
        for number in 0..12_i64 {
            writer.begin(&(100 + number).to_string(), "x", at(number)).unwrap();
            insert_all(&mut writer, &items, number * 10..number * 10 + 3, "");
            let row = item(&items, order, number * 10 + 3, "a", "b");
            writer.update(&items, UpdateStyle::Pair, &row, &row).unwrap();
            if number % 5 == 4 { writer.abend().unwrap() } else { writer.commit().unwrap() }
        }
        let files = writer.finish().unwrap();
        assert!(files.len() > 3);
        let trail = trail_of(&files);
        let whole = in_ranges(&trail, &[], 0);
        assert_eq!(whole.len(), 40);
        let mut records = trail.records(&ReadOptions::new());
        while let Some(placed) = records.next().unwrap() {
            let at = placed.position;
            for rba in [at.rba.saturating_sub(1), at.rba, at.rba + 1] {
                let cut = Position::new(at.seqno, rba);
                assert_eq!(in_ranges(&trail, &[cut], 0), whole, "{order:?} {cut}");
            }
        }
        let cuts: Vec<_> =
            (0..files.len() as u64).flat_map(|seqno| [Position::new(seqno, 0), Position::new(seqno, 700)]).collect();
        assert_eq!(in_ranges(&trail, &cuts, 0), whole);
        assert_eq!(in_ranges(&trail, &cuts, 2), whole);
    }
}

#[test]
fn a_range_needs_its_file() {
    let items = items();
    let mut writer = writer(ByteOrder::Big, 1, 600);
    writer.begin("1", "a", at(0)).unwrap();
    insert_all(&mut writer, &items, 0..20, "");
    writer.commit().unwrap();
    let files = writer.finish().unwrap();
    let trail = trail_of(&files[1..].to_vec());
    let options = ReadOptions::new().transactions(Some(Position::new(0, 10)), None);
    let error = trail.reader_with(options.clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SequenceGap);
    assert!(error.to_string().contains("file 0 is missing"), "{error}");
    assert!(trail.reader_with(options.resync(true)).unwrap().next().unwrap().is_none());
    let both = ReadOptions::new().start_at(Position::new(1, 0)).transactions(Some(Position::new(1, 0)), None);
    assert_eq!(trail.reader_with(both).unwrap_err().kind(), ErrorKind::InvalidArgument);
    // No transaction begins in the later files, which the first one extends over.
    let later = ReadOptions::new().transactions(Some(Position::new(1, 0)), None);
    assert!(trail_of(&files).reader_with(later).unwrap().next().unwrap().is_none());
}
