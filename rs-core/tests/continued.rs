//! Rows that continue in further records, in the INFERRED layout (docs/trail-format.md, section 14). No real one has been seen.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;

mod common;

use trailcore::schema::ColumnDef;
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::encode::RecordParts;
use trailcore::trail::{ByteOrder, RecordType, Token};
use trailcore::{ErrorKind, ReadOptions, TableDef, Timestamp, Trail};

/// A trail of one update between two inserts, in memory.
fn trail(order: ByteOrder) -> Vec<u8> {
    let columns = (0..6).map(|n| ColumnDef::varchar(format!("C{n}"), 100)).collect();
    let table = Arc::new(TableDef::new("A.WIDE", columns));
    let options = WriterOptions { order, ..WriterOptions::default() };
    let mut writer = TrailWriter::in_memory("aa", options).unwrap();
    writer.begin("1", "1", Timestamp::from_unix_micros(0)).unwrap();
    let mut row = RowBuilder::new(&table, order);
    for n in 0..6 {
        row.text(&format!("C{n}"), &format!("value {n}")).unwrap();
    }
    writer.insert(&table, row.bytes()).unwrap();
    writer.update(&table, UpdateStyle::Unified, row.bytes(), row.bytes()).unwrap();
    writer.insert(&table, row.bytes()).unwrap();
    writer.commit().unwrap();
    writer.finish().unwrap().remove(0).1
}

/// The same trail with the update split into records of at most `size` bytes of data each.
fn cut(bytes: &[u8], size: usize) -> Vec<u8> {
    let trail = Trail::from_bytes(bytes.to_vec());
    let mut records = trail.records(&ReadOptions::new());
    let mut out = Vec::new();
    while let Some(placed) = records.next().unwrap() {
        let record = placed.record;
        if record.record_type() != RecordType::UNIFIED_UPDATE {
            out.extend_from_slice(record.bytes());
            continue;
        }
        let parts = RecordParts::of(&record).unwrap();
        let pieces: Vec<&[u8]> = record.data().chunks(size).collect();
        for (index, piece) in pieces.iter().enumerate() {
            let header = trailcore::trail::RecordHeader { continued: u8::from(index + 1 < pieces.len()), ..parts.header };
            let areas = vec![Token { id: b'D', info: 0, body: piece }];
            RecordParts { header, areas, ..parts.clone() }.encode(record.byte_order(), &mut out).unwrap();
        }
    }
    out
}

fn images(bytes: Vec<u8>) -> Vec<String> {
    let mut reader = Trail::from_bytes(bytes).reader().unwrap();
    let mut lines = Vec::new();
    while let Some(change) = reader.next().unwrap() {
        let plain = common::to_plain(&change);
        assert_eq!(common::to_plain(&change.to_owned().as_change()), plain);
        assert_eq!(change.trail().unwrap().fragments().count(), 0);
        lines.push(format!("{} {:?} {:?}", plain.op, plain.before, plain.after));
    }
    lines
}

#[test]
fn a_row_in_several_records_is_one_change() {
    for order in [ByteOrder::Big, ByteOrder::Little] {
        let whole = trail(order);
        for size in [7, 40, 100] {
            assert_eq!(images(cut(&whole, size)), images(whole.clone()), "{order:?} {size}");
        }
    }
}

#[test]
fn inconsistent_segments_are_unsupported() {
    let whole = trail(ByteOrder::Big);
    let mut bytes = cut(&whole, 40);
    // The length of the before image, the first four bytes of the update's data, is off by one.
    let trail = Trail::from_bytes(bytes.clone());
    let mut records = trail.records(&ReadOptions::new());
    let at = loop {
        let placed = records.next().unwrap().unwrap();
        if placed.record.record_type() == RecordType::UNIFIED_UPDATE {
            break placed.position.rba as usize + 4 + 4 + 36 + 4 + 3;
        }
    };
    bytes[at] ^= 1;
    let mut reader = Trail::from_bytes(bytes).reader().unwrap();
    reader.next().unwrap().unwrap();
    let change = reader.next().unwrap().unwrap();
    assert_eq!(change.after().unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(change.table().name(), "A.WIDE");
    assert!(change.to_json().unwrap().contains("$unsupported"));
}
