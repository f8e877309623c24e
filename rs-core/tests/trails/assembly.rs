//! Before/after pairs and fragments of large objects, also over a file boundary.

use crate::common::*;
use trailcore::sink::{TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::{ByteOrder, RecordType};
use trailcore::{Position, ReadOptions, Trail, TransactionIndicator};

/// A trail with a pair and a row with fragments, each with rows around it.
fn pair_and_fragments(order: ByteOrder, seqno: u32) -> Files {
    let items = items();
    let (one, two) = (item(&items, order, 1, "one", ""), item(&items, order, 2, "two", ""));
    let numbered = WriterOptions { first_seqno: seqno, ..options(order, 1, NO_LIMIT) };
    let mut writer = TrailWriter::in_memory("tt", numbered).unwrap();
    writer.begin("10", "p", at(0)).unwrap();
    insert_all(&mut writer, &items, 5..6, "");
    writer.update(&items, UpdateStyle::Pair, &one, &two).unwrap();
    insert_all(&mut writer, &items, 6..7, "");
    writer.commit().unwrap();
    writer.begin("11", "l", at(1)).unwrap();
    insert_all(&mut writer, &items, 7..8, "");
    writer.lob_fragment(b"fragment one").unwrap();
    writer.lob_fragment(b"fragment two").unwrap();
    writer.lob_fragment(b"fragment three").unwrap();
    writer.commit().unwrap();
    writer.begin("12", "e", at(2)).unwrap();
    insert_all(&mut writer, &items, 8..9, "");
    writer.commit().unwrap();
    writer.finish().unwrap()
}

#[test]
fn fragments_join_their_row() {
    for order in ORDERS {
        let trail = trail_of(&pair_and_fragments(order, 0));
        let mut reader = trail.reader().unwrap();
        let mut counts = Vec::new();
        while let Some(change) = reader.next().unwrap() {
            let fragments: Vec<_> = change.trail().unwrap().fragments().map(|record| record.data().to_vec()).collect();
            counts.push(fragments.len());
            if fragments.len() == 3 {
                assert_eq!(fragments, [&b"fragment one"[..], b"fragment two", b"fragment three"]);
                // The row begins its transaction, and the last fragment ends it.
                assert_eq!(change.transaction(), TransactionIndicator::Only);
                assert_eq!(change.csn(), Some("11"));
                assert_eq!(change.trail().unwrap().records().count(), 4);
                assert_eq!(change.to_owned().as_change().trail().unwrap().fragments().count(), 3);
            }
        }
        assert_eq!(counts, [0, 0, 0, 3, 0]);
    }
}

#[test]
fn pairs_and_fragments_join_over_a_file_boundary() {
    for order in ORDERS {
        let whole = pair_and_fragments(order, 0);
        let pieces = crate::common::pieces(&trail_of(&whole));
        let expected: Vec<_> = lines(&trail_of(&whole)).iter().map(|line| placeless(line)).collect();
        // The start of the second file: header and definitions of the same tables in the same order.
        let second = pair_and_fragments(order, 1);
        let second_pieces = crate::common::pieces(&trail_of(&second));
        let start = joined(second_pieces.iter().filter(|piece| piece.is_start()));
        let first_row = pieces.iter().position(|piece| !piece.is_start()).unwrap();
        for cut in first_row + 1..pieces.len() {
            let rest: Vec<u8> = start.iter().copied().chain(joined(&pieces[cut..])).collect();
            let files = vec![("tt000000000".to_owned(), joined(&pieces[..cut])), ("tt000000001".to_owned(), rest)];
            let trail = trail_of(&files);
            let seen: Vec<_> = lines(&trail).iter().map(|line| placeless(line)).collect();
            assert_eq!(seen, expected, "{order:?}, cut before record {cut}");
            // The same from files, where one buffer holds the end of the first and the start of the second.
            let dir = tempfile::tempdir().unwrap();
            for (name, bytes) in &files {
                std::fs::write(dir.path().join(name), bytes).unwrap();
            }
            let seen: Vec<_> = lines(&Trail::open(dir.path()).unwrap()).iter().map(|line| placeless(line)).collect();
            assert_eq!(seen, expected, "{order:?}, cut before record {cut}, from files");
        }
    }
}

#[test]
fn a_pair_over_a_file_boundary_starts_in_the_first_file() {
    let order = ByteOrder::Big;
    let pieces = crate::common::pieces(&trail_of(&pair_and_fragments(order, 0)));
    let start = joined(crate::common::pieces(&trail_of(&pair_and_fragments(order, 1))).iter().filter(|piece| piece.is_start()));
    let before = pieces.iter().position(|piece| piece.is_before).unwrap();
    let rest: Vec<u8> = start.iter().copied().chain(joined(&pieces[before + 1..])).collect();
    let files = vec![("tt000000000".to_owned(), joined(&pieces[..=before])), ("tt000000001".to_owned(), rest)];
    let trail = trail_of(&files);
    let mut reader = trail.reader().unwrap();
    while let Some(change) = reader.next().unwrap() {
        if change.trail().unwrap().before_record().is_some() {
            // The position of a pair is that of its after record. Reading from its start finds the whole change.
            assert_eq!(change.position(), Position::new(1, start.len() as u64));
            assert_eq!(change.start(), pieces[before].position);
            let again = lines_with(&trail, ReadOptions::new().start_at(change.start())).unwrap();
            assert_eq!(again[0], change.to_json().unwrap());
        }
    }
}

#[test]
fn pairs_stay_together_from_window_to_window() {
    for order in ORDERS {
        let (_dir, on_disk, in_memory) = long_bank(order);
        let before_records = crate::common::pieces(&in_memory)
            .iter()
            .filter(|piece| piece.is_before && piece.record_type == RecordType::FIELD_COMP)
            .count();
        for trail in [&on_disk, &in_memory] {
            let mut reader = trail.reader().unwrap();
            let (mut paired, mut lone) = (0, 0);
            while let Some(change) = reader.next().unwrap() {
                if change.trail().unwrap().record().record_type() == RecordType::FIELD_COMP {
                    paired += usize::from(change.trail().unwrap().before_record().is_some());
                    lone += usize::from(change.trail().unwrap().before_record().is_none());
                }
            }
            assert_eq!((paired, lone), (before_records, 0));
        }
        assert!(before_records > 2_000);
        assert!(prints(&on_disk, ReadOptions::new()) == prints(&in_memory, ReadOptions::new()));
    }
}

#[test]
fn row_with_fragments_in_the_next_file_keeps_its_table() {
    let order = ByteOrder::Big;
    let whole = trail_of(&pair_and_fragments(order, 0));
    let pieces = crate::common::pieces(&whole);
    let fragment = pieces.iter().position(|piece| piece.record_type == RecordType::LOB).unwrap();
    let expected = lines(&whole);
    // The second file defines another table with the index that the row's table has in the first.
    let (items, shelves) = (items(), shelves());
    let mut writer = TrailWriter::in_memory("tt", WriterOptions { first_seqno: 1, ..options(order, 1, NO_LIMIT) }).unwrap();
    writer.begin("12", "e", at(2)).unwrap();
    writer.insert(&shelves, &key(&shelves, order, 8)).unwrap();
    writer.insert(&items, &key(&items, order, 9)).unwrap();
    writer.commit().unwrap();
    let second = crate::common::pieces(&trail_of(&writer.finish().unwrap()));
    let first_definition = second.iter().position(|piece| !piece.is_start()).unwrap();
    let fragments = pieces[fragment..].iter().take_while(|piece| piece.record_type == RecordType::LOB);
    let rest = joined(second[..first_definition].iter().chain(fragments).chain(&second[first_definition..]));
    let files = vec![("tt000000000".to_owned(), joined(&pieces[..fragment])), ("tt000000001".to_owned(), rest)];
    let seen = lines(&trail_of(&files));
    // All but the last transaction equal those of one file, including positions, as they are in the first file.
    let count = expected.len() - 1;
    assert_eq!(seen[..count], expected[..count]);
    assert!(seen[count].contains(r#""table":"SHOP.SHELVES""#) && seen[count + 1].contains(r#""table":"SHOP.ITEMS""#));
    let mut reader = trail_of(&files).reader().unwrap();
    let mut with_fragments = 0;
    while let Some(change) = reader.next().unwrap() {
        if change.trail().unwrap().fragments().count() == 3 {
            assert_eq!((change.position(), change.start()), (pieces[fragment - 1].position, pieces[fragment - 1].position));
            with_fragments += 1;
        }
    }
    assert_eq!(with_fragments, 1);
}

#[test]
fn a_pair_over_a_file_boundary_has_its_table_in_each_file() {
    // The table has another index in the second file, which applies to the after record.
    let order = ByteOrder::Little;
    let (items, shelves) = (items(), shelves());
    let (one, two) = (item(&items, order, 1, "one", ""), item(&items, order, 2, "two", ""));
    let build = |seqno, shelves_first: bool| {
        let mut writer =
            TrailWriter::in_memory("tt", WriterOptions { first_seqno: seqno, ..options(order, 11, NO_LIMIT) }).unwrap();
        writer.begin("1", "a", at(0)).unwrap();
        if shelves_first {
            writer.insert(&shelves, &key(&shelves, order, 5)).unwrap();
        } else {
            insert_all(&mut writer, &items, 5..6, "");
        }
        writer.update(&items, UpdateStyle::Pair, &one, &two).unwrap();
        writer.commit().unwrap();
        crate::common::pieces(&trail_of(&writer.finish().unwrap()))
    };
    let (first, second) = (build(0, false), build(1, true));
    let before = first.iter().position(|piece| piece.is_before).unwrap();
    let after = second.iter().position(|piece| piece.is_before).unwrap() + 1;
    let start = second.iter().filter(|piece| piece.is_start());
    let rest = joined(start.chain(&second[after..]));
    let files = vec![("tt000000000".to_owned(), joined(&first[..=before])), ("tt000000001".to_owned(), rest)];
    let changes = plain(&trail_of(&files));
    assert_eq!(changes.len(), 2);
    assert_eq!((changes[1].table.as_str(), changes[1].seqno), ("SHOP.ITEMS", 1));
    assert!(image(&changes[1].before).contains("\"one\"") && image(&changes[1].after).contains("\"two\""));
}
