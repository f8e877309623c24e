//! Shared by the integration tests: tables, short trails, and helpers to compare the changes of a reader.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
// Each test binary uses only some of this.
#![allow(dead_code)]

use std::sync::Arc;

use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::{ByteOrder, RecordType};
use trailcore::{Decimal, Position, ReadOptions, Timestamp, Trail};
pub use trailcore_samples::plain::{PlainChange, PlainImage};
use trailcore_samples::{Bank, bank_in_memory, write_bank};

pub const ORDERS: [ByteOrder; 2] = [ByteOrder::Big, ByteOrder::Little];
pub const NO_LIMIT: u64 = u64::MAX;

/// A fixed time, independent of the clock.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_700_000_000_000_000 + second * 1_000_000)
}

/// A table with a column of every kind that the writer can fill.
pub fn items() -> Arc<TableDef> {
    Arc::new(TableDef::new(
        "SHOP.ITEMS",
        vec![
            ColumnDef::integer("ID", 0).key(),
            ColumnDef::varchar("NAME", 60),
            ColumnDef::integer("PRICE", 2),
            ColumnDef::char("CODE", 3),
            ColumnDef::datetime("MADE", 6),
            ColumnDef::number("WEIGHT"),
            ColumnDef::new("IMAGE", 64, 4, 200),
            ColumnDef::varchar("NOTE", 4000),
        ],
    ))
}

/// A second, smaller table.
pub fn shelves() -> Arc<TableDef> {
    Arc::new(TableDef::new("SHOP.SHELVES", vec![ColumnDef::integer("ID", 0).key(), ColumnDef::varchar("PLACE", 40)]))
}

pub fn options(order: ByteOrder, definition_version: u16, file_size: u64) -> WriterOptions {
    WriterOptions { order, definition_version, file_size, created: at(0), ..WriterOptions::default() }
}

pub fn writer(order: ByteOrder, definition_version: u16, file_size: u64) -> TrailWriter {
    TrailWriter::in_memory("tt", options(order, definition_version, file_size)).unwrap()
}

/// An image of an item with id, name and note.
pub fn item(table: &TableDef, order: ByteOrder, id: i64, name: &str, note: &str) -> Vec<u8> {
    let mut row = RowBuilder::new(table, order);
    row.decimal("ID", id.into()).unwrap().text("NAME", name).unwrap();
    row.decimal("PRICE", Decimal::new(i128::from(id) * 100 + 5, 2)).unwrap().text("NOTE", note).unwrap();
    row.bytes().to_vec()
}

/// An image of the key only.
pub fn key(table: &TableDef, order: ByteOrder, id: i64) -> Vec<u8> {
    let mut row = RowBuilder::new(table, order);
    row.decimal("ID", id.into()).unwrap();
    row.bytes().to_vec()
}

pub type Files = Vec<(String, Vec<u8>)>;

pub fn trail_of(files: &Files) -> Trail {
    Trail::from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())))
}

/// All changes as lines of JSON.
pub fn lines_with(trail: &Trail, options: ReadOptions) -> trailcore::Result<Vec<String>> {
    let mut reader = trail.reader_with(options)?;
    let mut lines = Vec::new();
    while let Some(change) = reader.next()? {
        lines.push(change.to_json()?);
    }
    Ok(lines)
}

pub fn lines(trail: &Trail) -> Vec<String> {
    lines_with(trail, ReadOptions::new()).unwrap()
}

/// All changes as plain values.
pub fn plain(trail: &Trail) -> Vec<PlainChange> {
    lines(trail).iter().map(|line| PlainChange::from_json(line).unwrap()).collect()
}

/// The same line without its position, to compare trails that are split into files differently.
pub fn placeless(line: &str) -> String {
    let mut change = PlainChange::from_json(line).unwrap();
    (change.seqno, change.rba) = (0, 0);
    change.to_json().unwrap()
}

/// An image as JSON; `-` if there is none.
pub fn image(image: &Option<PlainImage>) -> String {
    image.as_ref().map_or("-".into(), |image| serde_json::to_string(image).unwrap())
}

/// One record with its bytes, for tests that split trails into records.
#[derive(Clone, Debug)]
pub struct Piece {
    pub position: Position,
    pub number: u64,
    pub bytes: Vec<u8>,
    pub record_type: RecordType,
    pub is_file_header: bool,
    pub is_before: bool,
    /// Offset of the data area's body in the record.
    pub data_at: usize,
    pub data_len: usize,
}

impl Piece {
    pub fn is_metadata(&self) -> bool {
        self.record_type == RecordType::METADATA
    }

    /// Returns whether it belongs to the start of a file: the header or a definition.
    pub fn is_start(&self) -> bool {
        self.is_file_header || self.is_metadata()
    }
}

/// All records of a trail, verbatim.
pub fn pieces(trail: &Trail) -> Vec<Piece> {
    let mut records = trail.records(&ReadOptions::new());
    let mut pieces = Vec::new();
    while let Some(placed) = records.next().unwrap() {
        let record = placed.record;
        pieces.push(Piece {
            position: placed.position.into(),
            number: placed.number,
            bytes: record.bytes().to_vec(),
            record_type: record.record_type(),
            is_file_header: record.is_file_header(),
            is_before: record.is_before_image(),
            data_at: (record.data().as_ptr() as usize).saturating_sub(record.bytes().as_ptr() as usize),
            data_len: record.data().len(),
        });
    }
    pieces
}

pub fn joined<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> Vec<u8> {
    pieces.into_iter().flat_map(|piece| piece.bytes.iter().copied()).collect()
}

/// Pseudo-random numbers, the same on every machine (xorshift64).
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// The change as plain values, as its JSON has them.
pub fn to_plain(change: &trailcore::Change<'_>) -> PlainChange {
    PlainChange::from_json(&change.to_json().unwrap()).unwrap()
}

/// The parts of a trail's position.
pub trait InTrail {
    fn seqno(&self) -> u64;
    fn rba(&self) -> u64;
}

impl InTrail for Position {
    fn seqno(&self) -> u64 {
        self.trail().unwrap().seqno
    }

    fn rba(&self) -> u64 {
        self.trail().unwrap().rba
    }
}

/// The trails for general reader tests: both byte orders, pairs and unified updates, two files each.
pub fn banks() -> [(Files, Trail); 2] {
    [Bank::small(), Bank::small_little()].map(|bank| {
        let files = bank_in_memory(&bank).unwrap();
        assert!(files.len() > 1, "the sample must roll over");
        let trail = trail_of(&files);
        (files, trail)
    })
}

/// The ids of the rows that the reader returns.
pub fn ids(trail: &Trail) -> Vec<i64> {
    let mut reader = trail.reader().unwrap();
    let mut ids = Vec::new();
    while let Some(change) = reader.next().unwrap() {
        let (before, after) = change.images().unwrap();
        ids.push(after.or(before).unwrap().get("ID").unwrap().i64().unwrap());
    }
    ids
}

pub fn insert_all(writer: &mut TrailWriter, table: &Arc<TableDef>, ids: impl IntoIterator<Item = i64>, note: &str) {
    for id in ids {
        let row = item(table, writer.byte_order(), id, "abend", note);
        writer.insert(table, &row).unwrap();
    }
}

/// The position of every change, and the bytes of its records.
pub fn prints(trail: &Trail, options: ReadOptions) -> Vec<(Position, usize, Option<String>)> {
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
pub fn long_bank(order: ByteOrder) -> (tempfile::TempDir, Trail, Trail) {
    let bank = Bank { updates: UpdateStyle::Pair, ..Bank::bench(order, 5 << 20) };
    let dir = tempfile::tempdir().unwrap();
    write_bank(dir.path(), &bank).unwrap();
    let trail = Trail::open(dir.path()).unwrap();
    (dir, trail, trail_of(&bank_in_memory(&bank).unwrap()))
}
