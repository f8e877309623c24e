//! The real trail and the real definitions files. They are read if the shared folder is present.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shared;

use trailcore::trail::encode::RecordParts;
use trailcore::trail::image::{ColumnSpans, ImageBuilder, Images};
use trailcore::trail::metadata::{DatabaseRecord, MetadataKind, TableRecord};
use trailcore::trail::{ByteOrder, Encryption, Field, FileHeader, RecordType, Token, tokens};
use trailcore::{Catalog, Op, Position, ReadOptions, Trail, Value};

fn json_lines(trail: &Trail) -> Vec<String> {
    let mut reader = trail.reader().unwrap();
    let mut lines = Vec::new();
    while let Some(change) = reader.next().unwrap() {
        lines.push(change.to_json().unwrap());
    }
    lines
}

/// RBA, operation, table, CSN, transaction indicator and the last letter of the row id of each change, checked by hand against
/// GoldenGate's own output.
const CHANGES: [&str; 16] = [
    "1956 insert TCUSTMER 7824137832 first A",
    "2126 insert TCUSTMER 7824137832 middle B",
    "2928 insert TCUSTORD 7824137832 middle A",
    "3106 insert TCUSTORD 7824137832 last B",
    "3286 insert TCUSTMER 7824137914 first C",
    "3462 insert TCUSTMER 7824137914 middle D",
    "3600 insert TCUSTMER 7824137914 last E",
    "3733 insert TCUSTORD 7824137917 first C",
    "3940 insert TCUSTORD 7824137917 middle D",
    "4120 insert TCUSTORD 7824137917 last E",
    "4300 update TCUSTORD 7824137919 first C",
    "4586 update TCUSTORD 7824137919 middle D",
    "4845 update TCUSTORD 7824137919 middle A",
    "5100 update TCUSTMER 7824137919 last E",
    "5272 delete TCUSTORD 7824137921 first E",
    "5480 delete TCUSTORD 7824137921 last B",
];

#[test]
fn every_change_of_the_real_trail() {
    let Some(path) = shared::folder("real/trails/tr000000000") else { return };
    let trail = Trail::open(path).unwrap();
    let mut reader = trail.reader().unwrap();
    let mut seen = Vec::new();
    while let Some(change) = reader.next().unwrap() {
        let (rba, table) =
            (change.position().trail().unwrap().rba, change.table().name().trim_start_matches("QASOURCE.").to_owned());
        let rowid =
            change.tokens().iter().find(|(name, _)| name == "ORAROWID").map(|(_, value)| char::from(value[value.len() - 1]));
        let (csn, txn) = (change.csn().unwrap(), change.transaction().name().unwrap());
        seen.push(format!("{rba} {} {table} {csn} {txn} {}", change.op(), rowid.unwrap()));
    }
    assert_eq!(seen, CHANGES);
    let lines = json_lines(&trail);
    for (line, expected) in [
        (
            2,
            r#""before":null,"after":{"CUST_CODE":"WILL","ORDER_DATE":"1994-09-30T15:33:00","PRODUCT_CODE":"CAR","ORDER_ID":144,"PRODUCT_PRICE":17520.00,"PRODUCT_AMOUNT":3,"TRANSACTION_ID":100}"#,
        ),
        (
            12,
            r#""PRODUCT_PRICE":17520.00,"PRODUCT_AMOUNT":3,"TRANSACTION_ID":100},"after":{"CUST_CODE":"WILL","ORDER_DATE":"1994-09-30T15:33:00","PRODUCT_CODE":"CAR","ORDER_ID":144,"PRODUCT_PRICE":16520.00}"#,
        ),
        (
            13,
            r#""before":{"CUST_CODE":"ANN","NAME":"ANN'S BOATS","CITY":"SEATTLE","STATE":"WA"},"after":{"CUST_CODE":"ANN","CITY":"NEW YORK","STATE":"NY"}"#,
        ),
        (
            15,
            r#""PRODUCT_CODE":"PLANE","ORDER_ID":256,"PRODUCT_PRICE":133300.00,"PRODUCT_AMOUNT":1,"TRANSACTION_ID":100},"after":null"#,
        ),
    ] {
        assert!(lines[line].contains(expected), "{}", lines[line]);
    }
}

#[test]
fn the_real_trail_to_its_last_byte() {
    let Some(path) = shared::folder("real/trails/tr000000000") else { return };
    let bytes = std::fs::read(&path).unwrap();
    let trail = Trail::open(&path).unwrap();
    let mut records = trail.records(&ReadOptions::new());
    let mut again = Vec::new();
    let mut count = 0;
    while let Some(placed) = records.next().unwrap() {
        let record = placed.record;
        assert_eq!(Position::from(placed.position), Position::new(0, again.len() as u64));
        assert_eq!((placed.number, record.byte_order()), (count, ByteOrder::Big));
        count += 1;
        if record.is_file_header() {
            FileHeader::parse(&record).unwrap().encode(&mut again).unwrap();
            continue;
        }
        // Each area is parsed and written again.
        let parts = RecordParts::of(&record).unwrap();
        let data = rewritten_data(&record);
        let token_area = rewritten_tokens(&record);
        let areas = parts.areas.iter().map(|area| match area.id {
            b'D' => Token { body: &data, ..*area },
            b'T' => Token { body: &token_area, ..*area },
            _ => *area,
        });
        let parts = RecordParts { areas: areas.collect(), ..parts };
        parts.encode(record.byte_order(), &mut again).unwrap();
    }
    assert_eq!(count, 20);
    assert_eq!(again, bytes);
}

fn rewritten_data(record: &trailcore::trail::Record<'_>) -> Vec<u8> {
    let order = record.byte_order();
    let mut out = Vec::new();
    if record.record_type() == RecordType::METADATA {
        match MetadataKind::from_orig_node(record.header().unwrap().orig_node) {
            MetadataKind::Database => DatabaseRecord::parse(record.data(), order).unwrap().encode(order, &mut out).unwrap(),
            _ => TableRecord::parse(record.data(), order).unwrap().encode(order, &mut out).unwrap(),
        }
        return out;
    }
    let images = Images::of(record).unwrap();
    let rewrite = |list: &[u8]| {
        let mut image = ImageBuilder::new(order);
        for span in ColumnSpans::new(list, order) {
            let span = span.unwrap();
            image.span(span.index, span.bytes).unwrap();
        }
        image.bytes().to_vec()
    };
    if let (Some(before), Some(_)) = (images.before, images.after) {
        out.extend_from_slice(&(before.len() as u32).to_be_bytes());
    }
    for list in [images.before, images.after].into_iter().flatten() {
        out.extend_from_slice(&rewrite(list));
    }
    out
}

fn rewritten_tokens(record: &trailcore::trail::Record<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    for token in tokens::parse(record.token_area().unwrap_or_default(), record.byte_order()) {
        let token = token.unwrap();
        out.extend_from_slice(&[token.id(), token.info()]);
        out.extend_from_slice(&(token.body().len() as u16).to_be_bytes());
        out.extend_from_slice(token.body());
    }
    out
}

#[test]
fn the_real_file_header() {
    let Some(path) = shared::folder("real/trails/tr000000000") else { return };
    let trail = Trail::open(path).unwrap();
    let mut reader = trail.reader().unwrap();
    reader.next().unwrap().unwrap();
    let header = reader.file_header().unwrap();
    assert_eq!(header.compatibility(), Field::Value(5));
    assert_eq!(header.file_size(), Field::Unset, "not set differs from zero");
    assert_eq!(header.seqno(), Field::Value(0));
    assert_eq!(header.first_csn(), Field::Value("7824137832"));
    assert_eq!(header.last_csn(), Field::Unset);
    assert_eq!(header.first_time().value().unwrap().to_string(), "2015-11-05T18:45:36.000000Z");
    assert_eq!(header.encryption(), Encryption::Empty);
    assert_eq!(header.database_time_zone(), Field::Value("GMT"));
    assert_eq!(header.case_sensitivity().value().map(<[u8]>::len), Some(16));
    assert_eq!(header.producer_group(), Field::Value("ETEST"));
    assert_eq!(header.producer_release().map(Field::value), [12, 2, 0, 1, 0].map(Some));
    assert_eq!(header.recovery_mode(), Field::Value(1));
    assert_eq!(header.token(0x30, 0x77), Field::Absent);
}

#[test]
fn the_real_trail_from_each_of_its_changes() {
    let Some(path) = shared::folder("real/trails/tr000000000") else { return };
    let trail = Trail::open(path).unwrap();
    let all = json_lines(&trail);
    for (index, line) in all.iter().enumerate() {
        let rba = trailcore_samples::plain::PlainChange::from_json(line).unwrap().rba;
        let mut reader = trail.reader_with(ReadOptions::new().start_at(Position::new(0, rba))).unwrap();
        let mut rest = Vec::new();
        while let Some(change) = reader.next().unwrap() {
            rest.push(change.to_json().unwrap());
        }
        assert_eq!(rest, all[index..], "from {rba}");
    }
    let found = trail.find_csn("7824137917").unwrap();
    assert_eq!(found, Some(Position::new(0, 3733)));
    assert_eq!(trail.find_csn("7824137922").unwrap(), None);
    assert_eq!(trail.find_time("2015-11-05T18:45:37Z".parse().unwrap()).unwrap(), Some(Position::new(0, 3286)));
}

#[test]
fn real_definition_files() {
    let expected = [
        ("hr_defgen20.def", "HR.EMPLOYEES", 11),
        ("t2_defgen40.def", "GHA.T2", 4),
        ("scott_defgen50_excerpt.def", "SCOTT.EMP", 8),
    ];
    for (file, table, columns) in expected {
        let Some(path) = shared::folder(&format!("real/defs/{file}")) else { return };
        let catalog = Catalog::open(path).unwrap();
        assert_eq!(catalog.table(table).unwrap().columns().len(), columns, "{file}");
    }
    let Some(path) = shared::folder("real/defs/scott_defgen50_excerpt.def") else { return };
    let catalog = Catalog::open(path).unwrap();
    let employees = catalog.table("SCOTT.EMP").unwrap();
    let (_, salary) = employees.column("SAL").unwrap();
    assert_eq!((salary.data_type, salary.scale, salary.external_length, salary.fetch_offset), (134, 2, 9, 76));
    assert!(employees.column("EMPNO").unwrap().1.key);
    assert_eq!(salary.charset, trailcore::Charset::from_name("windows-1252"));
}

#[test]
fn a_definition_file_of_the_same_table_gives_the_same_definition() {
    let Some(path) = shared::folder("real/trails/tr000000000") else { return };
    // The fields that the vectors list for these tables, in the form of a definitions file.
    let text = "*+- Defgen version 2.0, Encoding UTF-8\nCharacter set ID: UTF-8\n\
        Definition for table QASOURCE.TCUSTMER\nRecord length: 78\nSyskey: 0\nColumns: 4\n\
        CUST_CODE 64 4 0 0 0 1 0 4 4 0 0 0 0 0 1 0 1 0\n\
        NAME 64 30 10 0 0 1 0 30 30 0 0 0 0 0 1 0 0 0\n\
        CITY 64 20 46 0 0 1 0 20 20 0 0 0 0 0 1 0 0 0\n\
        STATE 0 2 72 0 0 1 0 2 2 0 0 0 0 0 1 0 0 0\n\
        End of definition\n";
    let catalog = Catalog::parse(text.as_bytes()).unwrap();
    let mut reader = Trail::open(path).unwrap().reader().unwrap();
    let change = reader.next().unwrap().unwrap();
    assert_eq!(change.op(), Op::Insert);
    assert_eq!(**change.table(), **catalog.table("QASOURCE.TCUSTMER").unwrap());
    assert_eq!(change.after().unwrap().unwrap().get("CITY").unwrap().value(), Value::Text("SEATTLE".into()));
    assert!(change.after().unwrap().unwrap().columns().count() == 4);
}
