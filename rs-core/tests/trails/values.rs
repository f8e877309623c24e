//! Values of every type, images and tokens, in both byte orders.

use std::collections::HashMap;
use std::sync::Arc;

use crate::common::*;
use trailcore::batch::{BatchDecoder, ColumnBuffer, ColumnValues};
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, UpdateStyle};
use trailcore::trail::{Encryption, RecordType, Token, tokens};
use trailcore::{Charset, ColumnState, Decimal, ErrorKind, Number, Op, OwnedChange, Position, ReadOptions, Row, Trail, Value};

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
        let pieces = crate::common::pieces(&trail);
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

#[test]
fn a_wrong_character_set_of_columns_is_replaced() {
    let in_set = |name: &str| {
        let items = items();
        let columns = items.columns().iter().map(|column| column.clone().in_charset(Charset::from_name(name)));
        Arc::new(TableDef::new("HR.ITEMS", columns.collect()))
    };
    let (stated, real) = (in_set("ISO-8859-1"), in_set("GBK"));
    for order in ORDERS {
        let mut writer = writer(order, 1, NO_LIMIT);
        writer.begin("1", "a", at(0)).unwrap();
        writer.insert(&stated, &item(&real, order, 1, "张伟", "工资")).unwrap();
        writer.commit().unwrap();
        let trail = trail_of(&writer.finish().unwrap());
        let gbk = || Charset::from_name("GBK");
        let text = |options: ReadOptions| lines_with(&trail, options).unwrap().join("\n");
        // The columns state a set of their own, which the set of the database does not replace.
        assert!(!text(ReadOptions::new().charset(gbk())).contains("张伟"));
        let right = text(ReadOptions::new().column_charset(gbk()));
        assert!(right.contains("张伟") && right.contains("工资"), "{right}");
    }
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
        let pieces = crate::common::pieces(&trail);
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
