//! Random trails of everything that a trail can have, whole and damaged: threads and side indexes give what reading without them gives.
//!
//! `TRAILCORE_CASES` is the number of trails; 2 without it, many in `make test-long`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::sync::Arc;

use common::*;
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::RecordType;
use trailcore::{ErrorKind, Position, ReadOptions, Trail};

/// Chances, one for each trail.
fn cases() -> impl Iterator<Item = (u64, Chance)> {
    let cases = std::env::var("TRAILCORE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2);
    (1..=cases).map(|seed| (seed, Chance(u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15) | 1)))
}

fn versions() -> Vec<Arc<TableDef>> {
    (1..14)
        .map(|length| {
            Arc::new(TableDef::new("SHOP.V", vec![ColumnDef::integer("ID", 0).key(), ColumnDef::varchar("C", 100 + length)]))
        })
        .collect()
}

/// Writes transactions of all kinds, of about this many bytes.
fn random(chance: &mut Chance, bytes: usize) -> Files {
    let order = ORDERS[chance.below(2)];
    let file_size = [bytes as u64 / 30, bytes as u64 / 2, NO_LIMIT][chance.below(3)];
    let options = WriterOptions { metadata: chance.below(5) > 0, ..options(order, [1, 11][chance.below(2)], file_size) };
    let mut writer = TrailWriter::in_memory("tt", options).unwrap();
    let (items, shelves, versions) = (items(), shelves(), versions());
    let late = Arc::new(TableDef::new("SHOP.LATE", vec![ColumnDef::integer("ID", 0).key()]));
    let mut written = 0;
    let mut number = 0i64;
    while written < bytes {
        number += 1;
        let second = if chance.below(20) == 0 { number - 10 } else { number };
        let csn =
            if chance.below(30) == 0 { String::new() } else { (9_000 + 3 * number - chance.below(2) as i64 * 4).to_string() };
        writer.begin(&csn, &format!("4.{number}"), at(second)).unwrap();
        let count = [0, 1, 2, 5, 40][chance.below(5)];
        for row in 0..count {
            let note = "n".repeat(chance.below(300));
            written += 120 + note.len();
            let id = row as i64;
            let version = &versions[chance.below(versions.len())];
            let (before, after) = (item(&items, order, id, "old", &note), item(&items, order, id, "new", &note));
            match chance.below(14) {
                0 => writer.update(&items, UpdateStyle::Pair, &before, &after),
                1 => writer.update(&items, UpdateStyle::Unified, &before, &after),
                2 => writer.update(&items, UpdateStyle::AfterOnly, &before, &after),
                3 => writer.delete(&items, &key(&items, order, id)),
                4 => writer.pk_update(&items, &key(&items, order, id), &after),
                5 => writer.truncate(&shelves),
                6 => writer.insert(&shelves, &key(&shelves, order, id)),
                7 => writer.insert(version, &key(version, order, id)),
                8 => writer.insert(&late, &key(&late, order, id)),
                9 => writer.ddl("SHOP", "ITEMS", "ALTER TABLE ITEMS"),
                _ => writer.insert(&items, &after),
            }
            .unwrap();
            if chance.below(20) == 0 {
                writer.lob_fragment(&[7; 60]).unwrap();
            }
        }
        match chance.below(12) {
            0 => writer.abend().unwrap(),
            1 => writer.leave_unfinished().unwrap(),
            _ => writer.commit().unwrap(),
        }
        match chance.below(25) {
            0 => writer.marker(RecordType::RESTART_OK, at(second)).unwrap(),
            1 => writer.marker(RecordType::RESTART_ABEND, at(second)).unwrap(),
            _ => {}
        }
    }
    writer.finish().unwrap()
}

fn spoil(chance: &mut Chance, files: &mut Files) {
    for _ in 0..chance.below(3) {
        let at = chance.below(files.len());
        let bytes = &mut files[at].1;
        if bytes.is_empty() {
            continue;
        }
        let place = chance.below(bytes.len());
        match chance.below(4) {
            0 => bytes.truncate(place),
            1 => bytes[place] ^= 1 << chance.below(8),
            2 => {
                let len = chance.below(200).min(bytes.len() - place);
                bytes[place..place + len].fill(chance.next() as u8);
            }
            _ => drop(bytes.drain(place..(place + 30).min(bytes.len()))),
        }
        if files.len() > 2 && chance.below(4) == 0 {
            files.remove(1);
        }
    }
    files.retain(|(_, bytes)| !bytes.is_empty());
}

/// The changes with their starts, the error, and the report at the end.
type Outcome = (Vec<String>, Option<(ErrorKind, String)>, String);

fn outcome(trail: &Trail, options: ReadOptions, most: usize) -> Outcome {
    let mut lines = Vec::new();
    let mut reader = match trail.reader_with(options) {
        Ok(reader) => reader,
        Err(error) => return (lines, Some((error.kind(), error.to_string())), String::new()),
    };
    let error = loop {
        match reader.next() {
            Ok(Some(change)) => {
                lines.push(format!("{} {}", change.start(), change.to_json().unwrap_or_else(|error| error.to_string())))
            }
            Ok(None) => break None,
            Err(error) => break Some((error.kind(), error.to_string())),
        }
        if lines.len() >= most {
            return (lines, None, String::new());
        }
    };
    (lines, error, format!("{} {}", reader.position(), reader.report().to_json().unwrap()))
}

fn shown((lines, error, report): &Outcome) -> String {
    format!("{} changes, {error:?}, {report}", lines.len())
}

#[test]
fn threads_give_what_one_gives() {
    for (seed, mut chance) in cases() {
        let bytes = (5 << 20) + chance.below(2 << 20);
        let mut files = random(&mut chance, bytes);
        if chance.below(2) == 0 {
            spoil(&mut chance, &mut files);
        }
        let trail = trail_of(&files);
        for resync in [false, true] {
            let one = outcome(&trail, ReadOptions::new().resync(resync), usize::MAX);
            let many = outcome(&trail, ReadOptions::new().resync(resync).threads(2), usize::MAX);
            assert!(one == many, "seed {seed} resync {resync}\n{}\n{}", shown(&one), shown(&many));
        }
    }
}

#[test]
fn an_index_changes_nothing() {
    for (seed, mut chance) in cases() {
        let bytes = (3 << 20) + chance.below(2 << 20);
        let mut files = random(&mut chance, bytes);
        if chance.below(4) == 0 {
            spoil(&mut chance, &mut files);
        }
        let scratch = tempfile::tempdir().unwrap();
        for (name, bytes) in &files {
            std::fs::write(scratch.path().join(name), bytes).unwrap();
        }
        let trail = Trail::open(scratch.path().join("tt")).unwrap();
        let Ok(report) = trail.write_index(scratch.path(), &ReadOptions::new()) else { continue };
        assert!(!report.files.is_empty());
        let with = ReadOptions::new().index(scratch.path());
        let without = ReadOptions::new();
        let mut starts = Vec::new();
        let mut records = trail.records(&ReadOptions::new().resync(true));
        while let Ok(Some(placed)) = records.next() {
            starts.push(placed.position);
        }
        for _ in 0..12 {
            let at = starts[chance.below(starts.len())];
            let rba = at.rba + [0, 0, 0, 1, 40][chance.below(5)];
            let start = Position::new(at.seqno, rba);
            let resync = chance.below(3) == 0;
            let (with, without) = (with.clone().resync(resync), without.clone().resync(resync));
            let starts: [fn(ReadOptions, Position) -> ReadOptions; 2] =
                [ReadOptions::start_at, |options, start| options.transactions(Some(start), None)];
            for at in starts {
                let [with, without] = [&with, &without].map(|options| outcome(&trail, at(options.clone(), start), 60));
                assert!(with == without, "seed {seed} start {start} resync {resync}\n{}\n{}", shown(&with), shown(&without));
            }
        }
        for number in (0..30_000).step_by(1_777) {
            let csn = (8_990 + number).to_string();
            let text = |found: trailcore::Result<Option<Position>>| found.map_err(|error| error.to_string());
            assert_eq!(text(trail.find_csn_with(&csn, &with)), text(trail.find_csn(&csn)), "seed {seed} csn {csn}");
            let time = at(number / 3 - 10);
            assert_eq!(text(trail.find_time_with(time, &with)), text(trail.find_time(time)), "seed {seed} time {time}");
        }
    }
}
