//! Side indexes: every position, CSN and time is reached as without one, from fewer bytes; an index that does not fit is not used.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::*;
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::UpdateStyle;
use trailcore::source::ByteSource;
use trailcore::trail::ByteOrder;
use trailcore::{ErrorKind, Position, ReadOptions, Trail};

/// Transactions of 1 to 40 changes, in files of 5 MiB. A table is first defined somewhere in the middle; some times go backwards.
fn write(folder: &Path, order: ByteOrder) -> Trail {
    let mut writer = writer(order, 11, 5 << 20);
    let (items, note) = (items(), "n".repeat(700));
    for number in 0..700i64 {
        let second = if number % 50 == 7 { number - 20 } else { number };
        writer.begin(&(9_000 + 3 * number).to_string(), &format!("4.{number}"), at(second)).unwrap();
        if number % 100 == 60 {
            let late = Arc::new(TableDef::new(format!("SHOP.LATE{number}"), vec![ColumnDef::integer("ID", 0).key()]));
            writer.insert(&late, &key(&late, order, number)).unwrap();
        }
        for row in 0..1 + (number * 7) % 40 {
            let (before, after) = (item(&items, order, row, "old", &note), item(&items, order, row, "new", &note));
            match row % 3 {
                0 => writer.insert(&items, &after),
                1 => writer.update(&items, UpdateStyle::Pair, &before, &after),
                _ => writer.update(&items, UpdateStyle::Unified, &before, &after),
            }
            .unwrap();
        }
        writer.commit().unwrap();
    }
    for (name, bytes) in writer.finish().unwrap() {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    Trail::open(folder.join("tt")).unwrap()
}

/// A trail, and the options to read it with its index.
fn indexed(scratch: &Path, order: ByteOrder) -> (Trail, ReadOptions) {
    let trail = write(scratch, order);
    let report = trail.write_index(scratch, &ReadOptions::new()).unwrap();
    assert!(report.files.len() >= 2 && report.files.iter().all(|file| file.written && file.problem.is_none()));
    assert!(report.files[0].places >= 3, "{report:?}");
    let again = trail.write_index(scratch, &ReadOptions::new()).unwrap();
    assert!(again.files.iter().all(|file| !file.written));
    (trail, ReadOptions::new().index(scratch))
}

/// The first changes from a start, or the error.
fn first(trail: &Trail, options: ReadOptions) -> Result<Vec<String>, (ErrorKind, String)> {
    let failed = |error: trailcore::Error| (error.kind(), error.to_string());
    let mut reader = trail.reader_with(options).map_err(failed)?;
    let mut lines = Vec::new();
    while let Some(change) = reader.next().map_err(failed)? {
        lines.push(change.to_json().unwrap());
        if lines.len() == 45 {
            break;
        }
    }
    Ok(lines)
}

fn positions(trail: &Trail) -> Vec<Position> {
    let mut reader = trail.reader().unwrap();
    let mut positions = Vec::new();
    while let Some(change) = reader.next().unwrap() {
        positions.push(change.position());
    }
    positions
}

#[test]
fn every_start_is_reached_as_without_an_index() {
    for order in ORDERS {
        let scratch = tempfile::tempdir().unwrap();
        let (trail, with) = indexed(scratch.path(), order);
        let without = ReadOptions::new();
        let all = positions(&trail);
        for position in all.iter().skip(5).step_by(701).chain(all.last()) {
            let at = position.trail().unwrap();
            for (seqno, rba) in
                [(at.seqno, at.rba), (at.seqno, at.rba + 1), (at.seqno, at.rba + (1 << 30)), (at.seqno + 9, at.rba)]
            {
                let start = Position::new(seqno, rba);
                assert_eq!(
                    first(&trail, with.clone().start_at(start)),
                    first(&trail, without.clone().start_at(start)),
                    "{start}"
                );
                let (with, without) =
                    (with.clone().transactions(Some(start), None), without.clone().transactions(Some(start), None));
                assert_eq!(first(&trail, with), first(&trail, without), "transactions from {start}");
            }
        }
        for number in (0..2_200).step_by(97) {
            let csn = (8_990 + number).to_string();
            assert_eq!(trail.find_csn_with(&csn, &with).unwrap(), trail.find_csn(&csn).unwrap(), "{csn}");
            let time = at(number / 3 - 10);
            assert_eq!(trail.find_time_with(time, &with).unwrap(), trail.find_time(time).unwrap(), "{time}");
        }
    }
}

/// Counts the bytes that are read of a file.
#[derive(Debug)]
struct Counted(Vec<u8>, Arc<AtomicU64>);

impl ByteSource for Counted {
    fn size(&self) -> std::io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let rest = self.0.get(offset as usize..).unwrap_or_default();
        let read = rest.len().min(into.len());
        into[..read].copy_from_slice(&rest[..read]);
        self.1.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[test]
fn a_position_costs_the_definitions_and_the_bytes_since_the_last_place() {
    let scratch = tempfile::tempdir().unwrap();
    let (trail, with) = indexed(scratch.path(), ByteOrder::Big);
    let path = &trail.files()[0].path;
    let (bytes, read) = (std::fs::read(path).unwrap(), Arc::new(AtomicU64::new(0)));
    let counted = Trail::from_source(path.to_str().unwrap(), Counted(bytes, Arc::clone(&read)));
    let last = *positions(&trail.with_files(0..1)).last().unwrap();
    let cost = |options: ReadOptions| {
        read.store(0, Ordering::Relaxed);
        let mut reader = counted.reader_with(options.start_at(last)).unwrap();
        assert_eq!(reader.next().unwrap().unwrap().position(), last);
        read.load(Ordering::Relaxed)
    };
    let (fast, slow) = (cost(with), cost(ReadOptions::new()));
    // Two megabytes at most from the last place, and a block for the definitions at each of a few places.
    assert!(fast < 3 << 20 && slow > 4 << 20, "{fast} of {slow} bytes");
}

#[test]
fn an_index_that_does_not_fit_is_not_used_and_is_made_again() {
    let scratch = tempfile::tempdir().unwrap();
    let (trail, with) = indexed(scratch.path(), ByteOrder::Little);
    let [file, index] = ["tt000000000", "tt000000000.index"].map(|name| scratch.path().join(name));
    let position = positions(&trail.with_files(0..1))[3_000];
    let wanted = first(&trail, ReadOptions::new().start_at(position)).unwrap();
    let good = std::fs::read(&index).unwrap();
    let spoilt = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let another_file = {
        let text = String::from_utf8(good.clone()).unwrap();
        let (first, rest) = text.split_once('\n').unwrap();
        // A valid checksum, of places that are those of another file.
        let places = rest.replacen("\"places\":[{\"rba\":", "\"places\":[{\"rba\":1", 1);
        assert_ne!(places, rest);
        format!("{} {:08x}\n{places}", first.split_once(' ').unwrap().0, crc32fast::hash(places.as_bytes())).into_bytes()
    };
    for bytes in
        [Vec::new(), good[..good.len() / 2].to_vec(), spoilt(200, b'7'), spoilt(16, b'9'), b"\xff\xfe".to_vec(), another_file]
    {
        std::fs::write(&index, bytes).unwrap();
        assert_eq!(first(&trail, with.clone().start_at(position)).unwrap(), wanted);
    }
    std::fs::write(&index, spoilt(200, b'7')).unwrap();
    let report = trail.write_index(scratch.path(), &with).unwrap();
    assert_eq!(report.files.iter().map(|file| file.written).collect::<Vec<_>>()[..2], [true, false]);
    assert_eq!(std::fs::read(&index).unwrap(), good);
    // Another file of the same name: its header has another time.
    let mut bytes = std::fs::read(&file).unwrap();
    let header = &mut bytes[..400];
    let at = header.windows(8).rposition(|window| window.iter().filter(|byte| **byte == 0).count() < 2).unwrap();
    header[at] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let report = Trail::open(&file).unwrap().write_index(scratch.path(), &with).unwrap();
    assert!(report.files[0].written);
}

#[test]
fn an_index_with_any_numbers_is_harmless() {
    let scratch = tempfile::tempdir().unwrap();
    let (trail, with) = indexed(scratch.path(), ByteOrder::Big);
    let index = scratch.path().join("tt000000000.index");
    let text = std::fs::read_to_string(&index).unwrap();
    let (mark, rest) = text.split_once('\n').unwrap();
    let mark = mark.split_once(' ').unwrap().0;
    let position = positions(&trail.with_files(0..1))[3_000];
    let rba = format!("\"rba\":{},", position.trail().unwrap().rba);
    let mut chance = Chance(7);
    for round in 0..60 {
        let mut number = |digits: &str| match chance.below(if round % 2 == 0 { 3 } else { 12 }) {
            0 => {
                let any = [0, 1, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1, 1 << 32, chance.next() % (6 << 20)];
                any[chance.below(any.len())].to_string()
            }
            _ => digits.to_owned(),
        };
        let (mut changed, mut digits) = (String::new(), String::new());
        for character in rest.chars().chain(['\n']) {
            if character.is_ascii_digit() {
                digits.push(character);
                continue;
            }
            if !digits.is_empty() {
                changed += &number(&std::mem::take(&mut digits));
            }
            changed.push(character);
        }
        let changed = changed.trim_end();
        std::fs::write(&index, format!("{mark} {:08x}\n{changed}", crc32fast::hash(changed.as_bytes()))).unwrap();
        for mapped in [false, true] {
            let options = with.clone().mapped(mapped).start_at(position);
            // A definition can be left out of such an index: then the row has none.
            match first(&trail, options) {
                Ok(lines) => assert!(lines[0].contains(&rba), "round {round}: {}", lines[0]),
                Err((kind, _)) => assert_eq!(kind, ErrorKind::UndefinedTable),
            }
        }
    }
}

#[test]
fn a_file_that_has_grown_keeps_its_places_and_damage_ends_an_index() {
    let scratch = tempfile::tempdir().unwrap();
    let (trail, with) = indexed(scratch.path(), ByteOrder::Big);
    let file = scratch.path().join("tt000000000");
    let whole = std::fs::read(&file).unwrap();
    let position = positions(&trail.with_files(0..1))[2_500];
    let wanted = first(&trail, ReadOptions::new().start_at(position)).unwrap();

    // The index of the first half serves the whole file.
    let half = whole.len() / 2 + 1;
    std::fs::write(&file, &whole[..half]).unwrap();
    let torn = Trail::open(&file).unwrap().write_index(scratch.path(), &with).unwrap();
    assert!(
        torn.files[0].problem.as_ref().is_some_and(|error| error.kind() == ErrorKind::Truncated) && torn.files[0].places >= 1
    );
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(first(&trail, with.clone().start_at(position)).unwrap(), wanted);
    assert!(trail.write_index(scratch.path(), &with).unwrap().files[0].written);

    // A place after damage is not reached with an index either.
    let mut damaged = whole;
    damaged[half..half + 3_000].fill(0xee);
    std::fs::write(&file, &damaged).unwrap();
    std::fs::remove_file(scratch.path().join("tt000000000.index")).unwrap();
    let report = Trail::open(&file).unwrap().write_index(scratch.path(), &with).unwrap();
    assert_eq!(report.files[0].problem.as_ref().map(trailcore::Error::kind), Some(ErrorKind::Corrupt));
    let last = *positions(&Trail::from_bytes(std::fs::read(scratch.path().join("tt000000001")).unwrap())).last().unwrap();
    for start in [position, last] {
        assert_eq!(first(&trail, with.clone().start_at(start)), first(&trail, ReadOptions::new().start_at(start)));
        let resync = |options: ReadOptions| first(&trail, options.resync(true).start_at(start));
        assert_eq!(resync(with.clone()), resync(ReadOptions::new()));
    }
}

#[test]
fn only_files_of_a_trail_have_an_index() {
    let scratch = tempfile::tempdir().unwrap();
    let lines = Trail::from_bytes(&b"{\"op\":\"insert\"}\n"[..]);
    assert_eq!(lines.write_index(scratch.path(), &ReadOptions::new()).unwrap_err().kind(), ErrorKind::InvalidArgument);
    let trail = write(scratch.path(), ByteOrder::Big);
    let error = trail.write_index(trail.files()[0].path.join("none"), &ReadOptions::new()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Io | ErrorKind::NotFound), "{error}");
}
