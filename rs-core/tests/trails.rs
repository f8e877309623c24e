//! Whole trails, from the writer to the reader: written changes are read back.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::HashMap;
use std::sync::Arc;

use common::*;
use trailcore::batch::{BatchDecoder, ColumnBuffer, ColumnValues};
use trailcore::schema::{Catalog, ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::{ByteOrder, Encryption, RecordType, Token, tokens};
use trailcore::{
    Charset, ColumnState, Csn, Decimal, ErrorKind, Number, Op, OwnedChange, Position, ReadOptions, Row, Timestamp, Trail,
    TransactionIndicator, Value,
};
use trailcore_samples::{Bank, bank_in_memory, write_bank};

/// The trails for general reader tests: both byte orders, pairs and unified updates, two files each.
fn banks() -> [(Files, Trail); 2] {
    [Bank::small(), Bank::small_little()].map(|bank| {
        let files = bank_in_memory(&bank).unwrap();
        assert!(files.len() > 1, "the sample must roll over");
        let trail = trail_of(&files);
        (files, trail)
    })
}

#[test]
fn every_kind_of_change_is_read_back() {
    for (order, version) in ORDERS.into_iter().flat_map(|order| [(order, 1), (order, 11)]) {
        let (items, shelves) = (items(), shelves());
        let mut writer = writer(order, version, NO_LIMIT);
        let one = item(&items, order, 1, "bolt", "n");
        let two = item(&items, order, 2, "Mutter ü 螺母", "");
        let (old_key, new_key) = (key(&items, order, 1), key(&items, order, 9));
        writer.begin("100", "1.1.1", at(1)).unwrap();
        writer.ddl("SHOP", "ITEMS", ",B3='SHOP',,B4='ITEMS',,C1='create table items'").unwrap();
        writer.commit().unwrap();
        writer.begin("101", "1.1.2", at(2)).unwrap();
        writer.insert(&items, &one).unwrap();
        writer.update(&items, UpdateStyle::Unified, &one, &two).unwrap();
        writer.update(&items, UpdateStyle::Pair, &two, &one).unwrap();
        writer.update(&items, UpdateStyle::AfterOnly, &[], &two).unwrap();
        writer.insert(&shelves, &key(&shelves, order, 4)).unwrap();
        writer.pk_update(&items, &old_key, &new_key).unwrap();
        writer.unified_pk_update(&items, &new_key, &old_key).unwrap();
        writer.delete(&items, &old_key).unwrap();
        writer.commit().unwrap();
        writer.begin("102", "1.1.3", at(3)).unwrap();
        writer.update(&items, UpdateStyle::Pair, &one, &two).unwrap();
        writer.commit().unwrap();
        writer.begin("103", "1.1.4", at(4)).unwrap();
        writer.update(&items, UpdateStyle::Pair, &one, &two).unwrap();
        writer.update(&items, UpdateStyle::Pair, &two, &one).unwrap();
        writer.commit().unwrap();
        writer.begin("104", "1.1.5", at(5)).unwrap();
        writer.truncate(&items).unwrap();
        writer.commit().unwrap();
        // A transaction without changes writes nothing.
        writer.begin("105", "1.1.6", at(6)).unwrap();
        writer.commit().unwrap();
        let files = writer.finish().unwrap();
        assert_eq!(files.len(), 1);
        let trail = trail_of(&files);

        let first = r#"{"ID":1,"NAME":"bolt","PRICE":1.05,"NOTE":"n"}"#;
        let second = r#"{"ID":2,"NAME":"Mutter ü 螺母","PRICE":2.05,"NOTE":""}"#;
        let none = "-";
        let expected = [
            ("ddl", "SHOP.ITEMS", "100", "only", none, none),
            ("insert", "SHOP.ITEMS", "101", "first", none, first),
            ("update", "SHOP.ITEMS", "101", "middle", first, second),
            ("update", "SHOP.ITEMS", "101", "middle", second, first),
            ("update", "SHOP.ITEMS", "101", "middle", none, second),
            ("insert", "SHOP.SHELVES", "101", "middle", none, r#"{"ID":4}"#),
            ("pk_update", "SHOP.ITEMS", "101", "middle", r#"{"ID":1}"#, r#"{"ID":9}"#),
            ("pk_update", "SHOP.ITEMS", "101", "middle", r#"{"ID":9}"#, r#"{"ID":1}"#),
            ("delete", "SHOP.ITEMS", "101", "last", r#"{"ID":1}"#, none),
            ("update", "SHOP.ITEMS", "102", "only", first, second),
            ("update", "SHOP.ITEMS", "103", "first", first, second),
            ("update", "SHOP.ITEMS", "103", "last", second, first),
            ("truncate", "SHOP.ITEMS", "104", "only", none, none),
        ];
        let changes = plain(&trail);
        let seen: Vec<_> = changes
            .iter()
            .map(|change| {
                let (csn, txn) = (change.csn.as_deref().unwrap(), change.txn.as_deref().unwrap());
                (change.op.as_str(), change.table.as_str(), csn, txn, image(&change.before), image(&change.after))
            })
            .collect();
        let seen: Vec<_> = seen.iter().map(|c| (c.0, c.1, c.2, c.3, c.4.as_str(), c.5.as_str())).collect();
        assert_eq!(seen, expected, "{order:?} {version}");
        for change in &changes {
            let number: i64 = change.csn.as_deref().unwrap().parse().unwrap();
            assert_eq!(change.xid.as_deref(), Some(format!("1.1.{}", number - 99).as_str()));
            assert_eq!(change.ts, at(number - 99).to_string());
        }

        // Every position is that of a record, and positions rise; a pair has the position of its after record.
        let pieces = pieces(&trail);
        let mut reader = trail.reader().unwrap();
        let mut last = Position::default();
        while let Some(change) = reader.next().unwrap() {
            let piece = pieces.iter().find(|piece| piece.position == change.position()).unwrap();
            assert_eq!(piece.bytes, change.trail().unwrap().record().bytes());
            assert!(change.position() > last);
            last = change.position();
            match change.trail().unwrap().before_record() {
                Some(before) => {
                    let at = pieces.iter().position(|piece| piece.position == change.start()).unwrap();
                    assert_eq!(pieces[at].bytes, before.bytes());
                    assert_eq!(pieces[at + 1].position, change.position());
                }
                None => assert_eq!(change.start(), change.position()),
            }
        }
        assert_eq!(reader.position(), Position::new(0, files[0].1.len() as u64));
        assert_eq!(reader.file_header().unwrap().byte_order(), order);
    }
}

#[test]
fn null_missing_and_empty_are_distinct() {
    for order in ORDERS {
        let items = items();
        let mut row = RowBuilder::new(&items, order);
        row.decimal("ID", 7.into())
            .unwrap()
            .null("NAME")
            .unwrap()
            .null("PRICE")
            .unwrap()
            .null("MADE")
            .unwrap()
            .null("WEIGHT")
            .unwrap();
        row.text("NOTE", "").unwrap();
        let mut writer = writer(order, 1, NO_LIMIT);
        writer.begin("1", "1", at(0)).unwrap();
        writer.insert(&items, row.bytes()).unwrap();
        writer.commit().unwrap();
        let trail = trail_of(&writer.finish().unwrap());
        let mut reader = trail.reader().unwrap();
        let change = reader.next().unwrap().unwrap();
        assert!(change.before().unwrap().is_none());
        let after = change.after().unwrap().unwrap();
        for name in ["NAME", "PRICE", "MADE", "WEIGHT"] {
            let column = after.get(name).unwrap();
            assert_eq!(column.state(), ColumnState::Null, "{name}");
            assert!(column.is_null());
            assert_eq!(column.text().unwrap_err().kind(), ErrorKind::Value);
        }
        assert!(after.get("CODE").is_none());
        assert!(after.get("IMAGE").is_none());
        assert_eq!(after.get("NOTE").unwrap().value(), Value::Text("".into()));
        assert_eq!(image(&to_plain(&change).after), r#"{"ID":7,"NAME":null,"PRICE":null,"MADE":null,"WEIGHT":null,"NOTE":""}"#);
    }
}

#[test]
fn values_of_every_type_are_exact() {
    for order in ORDERS {
        let items = items();
        let mut row = RowBuilder::new(&items, order);
        row.decimal("ID", i64::MIN.into()).unwrap().text("NAME", "a\u{0}b \"q\"\\").unwrap();
        row.decimal("PRICE", Decimal::new(i128::from(i64::MAX), 2)).unwrap().text("CODE", "EUR").unwrap();
        row.datetime("MADE", "2024-02-29:23:59:59.000001").unwrap();
        row.number("WEIGHT", "-123456789012345678901234567890.10").unwrap().binary("IMAGE", &[0, 255, 71]).unwrap();
        let mut writer = writer(order, 11, NO_LIMIT);
        writer.begin("1", "1", at(0)).unwrap();
        writer.insert(&items, row.bytes()).unwrap();
        writer.commit().unwrap();
        let trail = trail_of(&writer.finish().unwrap());
        let mut reader = trail.reader().unwrap();
        let change = reader.next().unwrap().unwrap();
        let after = change.after().unwrap().unwrap();
        assert_eq!(after.get("ID").unwrap().i64().unwrap(), i64::MIN);
        assert_eq!(after.get("NAME").unwrap().text().unwrap(), "a\u{0}b \"q\"\\");
        assert_eq!(after.get("PRICE").unwrap().decimal().unwrap(), Decimal::new(i128::from(i64::MAX), 2));
        assert_eq!(after.get("MADE").unwrap().datetime().unwrap().to_string(), "2024-02-29T23:59:59.000001");
        assert_eq!(after.get("WEIGHT").unwrap().text().unwrap(), "-123456789012345678901234567890.10");
        assert_eq!(after.get("IMAGE").unwrap().bytes().unwrap(), [0, 255, 71]);
        let expected = r#"{"ID":-9223372036854775808,"NAME":"a\u0000b \"q\"\\","PRICE":92233720368547758.07,"CODE":"EUR","MADE":"2024-02-29T23:59:59.000001","WEIGHT":-123456789012345678901234567890.10,"IMAGE":{"$base64":"AP9H"}}"#;
        assert_eq!(image(&to_plain(&change).after), expected);
    }
}

#[test]
fn tokens_are_kept_and_named() {
    for order in ORDERS {
        let items = items();
        let (one, two) = (key(&items, order, 1), key(&items, order, 2));
        let mut writer = writer(order, 1, NO_LIMIT);
        let row_id = |body| Token { id: tokens::id::ORAROWID, info: 0, body };
        writer.begin("55", "5.5.5", at(0)).unwrap();
        writer.tokens(&[row_id(b"AAABCDAAEAAAAF1AAA\0\x01"), Token { id: tokens::id::ORATAG, info: 1, body: b"" }]);
        writer.tokens(&[Token { id: b'x', info: 0, body: b"why" }, Token { id: 7, info: 0, body: b"\xff\xfe" }]);
        writer.user_tokens(b"TKN-HOST\0db1");
        writer.insert(&items, &one).unwrap();
        writer.tokens(&[row_id(b"AAABCDAAEAAAAF1AAB\0\x01")]);
        writer.update(&items, UpdateStyle::Pair, &one, &two).unwrap();
        // Tokens apply to the next record only.
        writer.delete(&items, &two).unwrap();
        writer.commit().unwrap();
        let trail = trail_of(&writer.finish().unwrap());
        let tokens = |change: &PlainChange| serde_tokens(change);
        let changes = plain(&trail);
        assert_eq!(
            tokens(&changes[0]),
            r#"{"ORAROWID":"AAABCDAAEAAAAF1AAA","x":"why","0x07":{"$base64":"//4="},"user":{"$base64":"VEtOLUhPU1QAZGIx"}}"#
        );
        assert_eq!(tokens(&changes[1]), r#"{"ORAROWID":"AAABCDAAEAAAAF1AAB"}"#);
        assert_eq!(tokens(&changes[2]), "{}");
        let mut reader = trail.reader().unwrap();
        let change = reader.next().unwrap().unwrap();
        assert_eq!(change.user_tokens(), Some(&b"TKN-HOST\0db1"[..]));
        let ids: Vec<_> = change.trail().unwrap().tokens().map(|token| token.id()).collect();
        assert_eq!(ids, [b'R', b't', b'x', 7, b'L', b'6']);
        assert_eq!(change.trail().unwrap().tokens().nth(1).unwrap().value(), None);
        assert!(reader.next().unwrap().unwrap().user_tokens().is_none());
    }
}

fn serde_tokens(change: &PlainChange) -> String {
    let line = change.to_json().unwrap();
    let start = line.find("\"tokens\":").unwrap() + 9;
    line[start..line.len() - 1].to_owned()
}

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

/// The ids of the rows that the reader returns.
fn ids(trail: &Trail) -> Vec<i64> {
    let mut reader = trail.reader().unwrap();
    let mut ids = Vec::new();
    while let Some(change) = reader.next().unwrap() {
        let (before, after) = change.images().unwrap();
        ids.push(after.or(before).unwrap().get("ID").unwrap().i64().unwrap());
    }
    ids
}

fn insert_all(writer: &mut TrailWriter, table: &Arc<TableDef>, ids: impl IntoIterator<Item = i64>, note: &str) {
    for id in ids {
        let row = item(table, writer.byte_order(), id, "abend", note);
        writer.insert(table, &row).unwrap();
    }
}

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
        let pieces = pieces(&trail_of(&whole));
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
    let pieces = pieces(&trail_of(&files));
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
        let pieces = pieces(&trail_of(&whole));
        let expected: Vec<_> = lines(&trail_of(&whole)).iter().map(|line| placeless(line)).collect();
        // The start of the second file: header and definitions of the same tables in the same order.
        let second = pair_and_fragments(order, 1);
        let second_pieces = common::pieces(&trail_of(&second));
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
    let pieces = pieces(&trail_of(&pair_and_fragments(order, 0)));
    let start = joined(common::pieces(&trail_of(&pair_and_fragments(order, 1))).iter().filter(|piece| piece.is_start()));
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
fn names_in_rows_without_and_with_a_catalog() {
    for order in ORDERS {
        let items = items();
        let write = |metadata| {
            let options = WriterOptions { metadata, compatibility: 3, ..options(order, 1, NO_LIMIT) };
            let mut writer = TrailWriter::in_memory("tt", options).unwrap();
            writer.begin("1", "a", at(0)).unwrap();
            insert_all(&mut writer, &items, 1..4, "note");
            writer.update(&items, UpdateStyle::Pair, &key(&items, order, 1), &key(&items, order, 2)).unwrap();
            writer.commit().unwrap();
            writer.finish().unwrap()
        };
        let (named, defined) = (write(false), write(true));
        let bare = plain(&trail_of(&named));
        assert_eq!(bare.len(), 4);
        assert!(bare.iter().all(|change| change.table == "SHOP.ITEMS"));
        // Text is read as text, all other bytes as bytes.
        assert_eq!(
            image(&bare[0].after),
            r#"{"COL0":{"$base64":"AAAAAAAAAAE="},"COL1":"abend","COL2":{"$base64":"AAAAAAAAAGk="},"COL7":"note"}"#
        );
        let mut catalog = Catalog::new();
        catalog.insert(TableDef::clone(&items));
        let with = lines_with(&trail_of(&named), ReadOptions::new().catalog(catalog)).unwrap();
        let expected: Vec<_> = lines(&trail_of(&defined)).iter().map(|line| placeless(line)).collect();
        assert_eq!(with.iter().map(|line| placeless(line)).collect::<Vec<_>>(), expected);
    }
}

/// A table in the form of a definitions file of version 5.0.
fn as_definition_file(table: &TableDef) -> String {
    let mut text = format!(
        "*+- Defgen version 5.0, Encoding UTF-8\nCharacter set ID: UTF-8\nDefinition for table {}\nRecord length: 400\nSyskey: 0\nColumns: {}\n",
        table.name(),
        table.columns().len()
    );
    for c in table.columns() {
        text.push_str(&format!(
            "{}  {} {} {} {} 0 1 0 {} {} {} {} {} 0 0 1 0 {} {} 1 -1 0 0 0\n",
            c.name,
            c.data_type,
            c.external_length,
            c.fetch_offset,
            c.scale,
            c.internal_length,
            c.binary_length,
            c.table_length,
            c.most_significant,
            c.least_significant,
            u8::from(c.key),
            c.sub_type
        ));
    }
    text.push_str("End of definition\n");
    text
}

#[test]
fn a_definition_file_and_a_table_record_give_equal_definitions() {
    for (order, version) in ORDERS.into_iter().flat_map(|order| [(order, 1), (order, 11)]) {
        let items = items();
        let mut writer = writer(order, version, NO_LIMIT);
        writer.begin("1", "a", at(0)).unwrap();
        insert_all(&mut writer, &items, 1..2, "");
        writer.commit().unwrap();
        let trail = trail_of(&writer.finish().unwrap());
        let mut reader = trail.reader().unwrap();
        let from_record = Arc::clone(reader.next().unwrap().unwrap().table());
        let catalog = Catalog::parse(as_definition_file(&items).as_bytes()).unwrap();
        let from_file = catalog.table("SHOP.ITEMS").unwrap();
        assert_eq!(&from_record, from_file, "{order:?} {version}");
        assert_eq!(from_record, items);
        assert_eq!(reader.tables().collect::<Vec<_>>(), [from_file]);
    }
}

#[test]
fn reading_from_any_record_returns_the_rest() {
    for (_, trail) in banks() {
        let pieces = pieces(&trail);
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
        let starts: Vec<_> = pieces(&trail).into_iter().map(|piece| piece.position).collect();
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
        let last = pieces(&trail).into_iter().map(|piece| piece.position).rfind(|position| position.seqno() == 0).unwrap();
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
fn gbk_text_reads_as_text() {
    let (files, trail) = &banks()[0];
    let lines_read = lines(trail).join("\n");
    let bytes: Vec<u8> = files.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
    let mut found = 0;
    for text in ["张伟", "王芳", "李娜", "刘洋", "陈静", "杨帆", "工资", "转账", "中山路", "和平里"] {
        let gbk = Charset::from_name("GBK").encode(text).unwrap().into_owned();
        let (in_trail, as_utf8) = (
            bytes.windows(gbk.len()).any(|window| window == gbk),
            bytes.windows(text.len()).any(|window| window == text.as_bytes()),
        );
        assert_eq!(lines_read.contains(text), in_trail, "{text}");
        assert!(!as_utf8);
        found += usize::from(in_trail);
    }
    assert!(found > 3);
    assert!(!lines_read.contains("$invalid"));
    // The character set of the caller takes precedence over that of the trail.
    let wrong = lines_with(trail, ReadOptions::new().charset(Charset::UTF_8)).unwrap().join("\n");
    assert!(wrong.contains("$invalid"));
    // Both banks have the same changes, in different character sets and byte orders.
    let content = |trail: &Trail| plain(trail).into_iter().map(|c| (c.op, c.table, c.csn, c.before, c.after)).collect::<Vec<_>>();
    assert_eq!(content(trail), content(&banks()[1].1));
}

/// Fills the key slot of every file header, in the INFERRED form of an encrypted trail.
fn with_key(files: &mut Files) {
    for (_, bytes) in files {
        let slot = bytes.windows(44).position(|window| window == [b'.'; 44]).unwrap();
        bytes[slot - 3] = 1;
        bytes[slot..slot + 44].fill(b'K');
    }
}

#[test]
fn encrypted_rows_are_unsupported_and_the_rest_is_readable() {
    for (files, trail) in banks() {
        let pieces = pieces(&trail);
        let expected = lines(&trail);
        let mut encrypted = files.clone();
        with_key(&mut encrypted);
        // Plausible rows are returned: the header by itself does not prove encryption.
        assert_eq!(lines(&trail_of(&encrypted)), expected);

        let mut chance = Chance(0x5eed);
        let mut hidden = Vec::new();
        for (number, piece) in pieces.iter().enumerate() {
            let row = matches!(
                piece.record_type,
                RecordType::INSERT | RecordType::UNIFIED_UPDATE | RecordType::DELETE | RecordType::PK_UPDATE
            );
            if row && number % 2 == 0 {
                let (_, bytes) = &mut encrypted[piece.position.seqno() as usize];
                let at = piece.position.rba() as usize + piece.data_at;
                bytes[at..at + piece.data_len].iter_mut().for_each(|byte| *byte = chance.next() as u8);
                hidden.push(piece.position);
            }
        }
        assert!(hidden.len() > 5);
        let encrypted = trail_of(&encrypted);
        let mut reader = encrypted.reader().unwrap();
        let mut count = 0;
        let mut unsupported = 0;
        while let Some(change) = reader.next().unwrap() {
            let line = change.to_json().unwrap();
            if hidden.contains(&change.position()) {
                unsupported += 1;
                let error = change.after().err().unwrap();
                assert_eq!(error.kind(), ErrorKind::Unsupported);
                assert_eq!(change.before().err().unwrap().kind(), ErrorKind::Unsupported);
                assert_eq!(error.location().rba, Some(change.position().rba()));
                assert!(line.contains("$unsupported"));
                assert!(change.trail().unwrap().header().is_ok());
                let original = PlainChange::from_json(&expected[count]).unwrap();
                let seen = PlainChange::from_json(&line).unwrap();
                assert_eq!(
                    (seen.seqno, seen.rba, &seen.op, &seen.table, &seen.ts, &seen.csn, &seen.xid, &seen.txn, &seen.tokens),
                    (
                        original.seqno,
                        original.rba,
                        &original.op,
                        &original.table,
                        &original.ts,
                        &original.csn,
                        &original.xid,
                        &original.txn,
                        &original.tokens
                    )
                );
                assert_eq!(BatchDecoder::new().push(&change).unwrap_err().kind(), ErrorKind::Unsupported);
            } else {
                assert_eq!(line, expected[count]);
            }
            count += 1;
        }
        assert_eq!((count, unsupported), (expected.len(), hidden.len()));
        assert_eq!(reader.file_header().unwrap().encryption(), Encryption::KeyPresent);
    }
}

#[test]
fn records_over_64_kib() {
    for order in ORDERS {
        let columns = (0..120).map(|number| ColumnDef::varchar(format!("C{number}"), 1_000)).collect();
        let wide = Arc::new(TableDef::new("BIG.WIDE", columns));
        let shelves = shelves();
        let image_of = |letter: &str| {
            let mut row = RowBuilder::new(&wide, order);
            for number in 0..120 {
                row.text(&format!("C{number}"), &format!("{number}{}", letter.repeat(900))).unwrap();
            }
            row.bytes().to_vec()
        };
        let (a, b) = (image_of("a"), image_of("b"));
        assert!(a.len() > 65_535);
        let mut writer = writer(order, 11, NO_LIMIT);
        writer.begin("1", "a", at(0)).unwrap();
        writer.insert(&shelves, &key(&shelves, order, 1)).unwrap();
        writer.insert(&wide, &a).unwrap();
        writer.insert(&shelves, &key(&shelves, order, 2)).unwrap();
        writer.update(&wide, UpdateStyle::Unified, &a, &b).unwrap();
        writer.update(&wide, UpdateStyle::Pair, &b, &a).unwrap();
        writer.delete(&shelves, &key(&shelves, order, 2)).unwrap();
        writer.commit().unwrap();
        let files = writer.finish().unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("tt000000000"), &files[0].1).unwrap();
        for trail in [trail_of(&files), Trail::open(dir.path()).unwrap()] {
            let mut reader = trail.reader().unwrap();
            let mut seen = Vec::new();
            let mut big = 0;
            while let Some(change) = reader.next().unwrap() {
                let (before, after) = change.images().unwrap();
                big += usize::from(change.trail().unwrap().record().bytes()[1] & 0x40 != 0);
                let bytes = |row: Option<Row<'_>>| row.map(|row| row.bytes().to_vec());
                if change.table().name() == "BIG.WIDE" {
                    let last = after.unwrap().get("C119").unwrap().text().unwrap().into_owned();
                    assert!(last.starts_with("119") && last.len() == 903);
                    assert_eq!(to_plain(&change).to_json().unwrap(), change.to_json().unwrap());
                }
                seen.push((change.op(), bytes(before), bytes(after)));
            }
            assert_eq!(big, 3);
            let key = |id| Some(key(&shelves, order, id));
            let (a, b) = (Some(a.clone()), Some(b.clone()));
            let expected = vec![
                (Op::Insert, None, key(1)),
                (Op::Insert, None, a.clone()),
                (Op::Insert, None, key(2)),
                (Op::Update, a.clone(), b.clone()),
                (Op::Update, b, a),
                (Op::Delete, key(2), None),
            ];
            assert!(seen == expected, "{order:?}: the images differ from the written ones");
        }
    }
}

#[test]
fn owned_changes_and_plain_values_are_equal() {
    for (_, trail) in banks() {
        let expected = lines(&trail);
        let owned: Vec<OwnedChange> = trail.reader().unwrap().into_changes().collect::<Result<_, _>>().unwrap();
        let seen: Vec<_> = owned.iter().map(|change| change.as_change().to_json().unwrap()).collect();
        assert_eq!(seen, expected);
        let mut reader = trail.reader().unwrap();
        for (owned, line) in owned.iter().zip(&expected) {
            let change = reader.next().unwrap().unwrap();
            assert_eq!((change.position(), change.start()), (owned.as_change().position(), owned.as_change().start()));
            assert_eq!(change.to_owned().clone().as_change().to_owned().as_change().to_json().unwrap(), *line);
            assert_eq!(serde_json_of(&change), *line);
            let plain = PlainChange::from_json(line).unwrap();
            assert_eq!(plain, to_plain(&change));
            assert_eq!(plain.to_json().unwrap(), *line);
        }
        // Markers and definitions too.
        for line in lines_with(&trail, ReadOptions::new().include_non_changes(true)).unwrap() {
            assert_eq!(PlainChange::from_json(&line).unwrap().to_json().unwrap(), line);
        }
    }
}

fn serde_json_of(change: &trailcore::Change<'_>) -> String {
    serde_json::to_string(change).unwrap()
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
        assert_eq!(count, pieces(&trail).len());
    }
}

/// Formats one value of a batch, like [`row_value`] for a row.
fn batch_value(buffer: &ColumnBuffer, row: usize, column: &ColumnDef) -> String {
    let state = buffer.states()[row];
    if state != ColumnState::Value {
        return format!("{state:?}");
    }
    match buffer.values() {
        ColumnValues::Integer(values) => Decimal::new(i128::from(values[row]), column.scale as u8).to_string(),
        ColumnValues::DateTime { micros, nanos } => format!("{} {}", micros[row], nanos.get(row).copied().unwrap_or(0)),
        ColumnValues::Text(values) | ColumnValues::Digits(values) => String::from_utf8(values.get(row).to_vec()).unwrap(),
        ColumnValues::Bytes(values) => format!("{:?}", values.get(row)),
        other => panic!("{other:?}"),
    }
}

fn row_value(row: Option<&Row<'_>>, index: usize) -> String {
    let Some(column) = row.and_then(|row| row.at(index)) else { return format!("{:?}", ColumnState::Missing) };
    match column.value() {
        Value::Text(text) => text.into_owned(),
        Value::Number(Number::Exact(decimal)) => decimal.to_string(),
        Value::Number(Number::Text(digits)) => digits.to_owned(),
        Value::DateTime(time) => format!("{} {}", time.unix_micros().unwrap(), time.nanos % 1000),
        Value::Bytes(bytes) => format!("{bytes:?}"),
        _ => format!("{:?}", column.state()),
    }
}

#[test]
fn batches_have_the_values_of_the_rows() {
    for (_, trail) in banks() {
        for rows in [1, 7, 8192] {
            let mut expected: HashMap<Position, (Op, i64, Vec<String>)> = HashMap::new();
            let mut seen = HashMap::new();
            let mut decoder = BatchDecoder::new().rows(rows);
            let mut reader = trail.reader().unwrap();
            let mut take = |batch: &trailcore::batch::ColumnBatch| {
                assert!(batch.len() <= rows);
                for row in 0..batch.len() {
                    let values =
                        batch.before().chain(batch.after()).map(|(column, buffer)| batch_value(buffer, row, column)).collect();
                    let place = batch.positions()[row];
                    assert!(seen.insert(place, (batch.ops()[row], batch.times()[row], values)).is_none());
                }
            };
            while let Some(change) = reader.next().unwrap() {
                if !matches!(change.op(), Op::Insert | Op::Update | Op::PkUpdate | Op::Delete) {
                    assert!(!decoder.push(&change).unwrap());
                    continue;
                }
                let (before, after) = change.images().unwrap();
                let columns = 0..change.table().columns().len();
                let values = columns.clone().map(|index| row_value(before.as_ref(), index));
                let values = values.chain(columns.map(|index| row_value(after.as_ref(), index))).collect();
                expected.insert(change.position(), (change.op(), change.timestamp().unix_micros(), values));
                if decoder.push(&change).unwrap() {
                    decoder.flush(&mut take);
                }
            }
            decoder.flush(&mut take);
            assert!(expected.len() > 30);
            assert_eq!(seen, expected, "{rows} rows a batch");
        }
    }
}

/// The position of every change, and the bytes of its records.
fn prints(trail: &Trail, options: ReadOptions) -> Vec<(Position, usize, Option<String>)> {
    let mut reader = trail.reader_with(options).unwrap();
    let mut prints = Vec::new();
    while let Some(change) = reader.next().unwrap() {
        prints.push((
            change.position(),
            change.trail().unwrap().records().map(|record| record.bytes().len()).sum(),
            change.csn().map(str::to_owned),
        ));
    }
    prints
}

/// A bank of several MiB with pairs: long enough for several windows.
fn long_bank(order: ByteOrder) -> (tempfile::TempDir, Trail, Trail) {
    let bank = Bank { updates: UpdateStyle::Pair, ..Bank::bench(order, 5 << 20) };
    let dir = tempfile::tempdir().unwrap();
    write_bank(dir.path(), &bank).unwrap();
    let trail = Trail::open(dir.path()).unwrap();
    (dir, trail, trail_of(&bank_in_memory(&bank).unwrap()))
}

#[test]
fn pairs_stay_together_from_window_to_window() {
    for order in ORDERS {
        let (_dir, on_disk, in_memory) = long_bank(order);
        let before_records =
            pieces(&in_memory).iter().filter(|piece| piece.is_before && piece.record_type == RecordType::FIELD_COMP).count();
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

#[test]
fn row_with_fragments_in_the_next_file_keeps_its_table() {
    let order = ByteOrder::Big;
    let whole = trail_of(&pair_and_fragments(order, 0));
    let pieces = pieces(&whole);
    let fragment = pieces.iter().position(|piece| piece.record_type == RecordType::LOB).unwrap();
    let expected = lines(&whole);
    // The second file defines another table with the index that the row's table has in the first.
    let (items, shelves) = (items(), shelves());
    let mut writer = TrailWriter::in_memory("tt", WriterOptions { first_seqno: 1, ..options(order, 1, NO_LIMIT) }).unwrap();
    writer.begin("12", "e", at(2)).unwrap();
    writer.insert(&shelves, &key(&shelves, order, 8)).unwrap();
    writer.insert(&items, &key(&items, order, 9)).unwrap();
    writer.commit().unwrap();
    let second = common::pieces(&trail_of(&writer.finish().unwrap()));
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
        pieces(&trail_of(&writer.finish().unwrap()))
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
