//! Growing trails, and readers that start or continue inside a transaction.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trailcore::schema::ColumnDef;
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::{ByteOrder, RecordType};
use trailcore::{ErrorKind, Position, ReadOptions, Reader, TableDef, Timestamp, Trail};

fn table() -> Arc<TableDef> {
    Arc::new(TableDef::new("A.B", vec![ColumnDef::integer("ID", 0).key(), ColumnDef::varchar("TEXT", 50)]))
}

fn row(table: &TableDef, id: i64) -> Vec<u8> {
    let mut row = RowBuilder::new(table, ByteOrder::Big);
    row.decimal("ID", id.into()).unwrap().text("TEXT", "some text").unwrap();
    row.bytes().to_vec()
}

fn writer(file_size: u64) -> TrailWriter {
    TrailWriter::in_memory("aa", WriterOptions { file_size, ..WriterOptions::default() }).unwrap()
}

fn begin(writer: &mut TrailWriter, number: u32) {
    writer.begin(&number.to_string(), &format!("x{number}"), Timestamp::from_unix_micros(i64::from(number))).unwrap();
}

/// Reads until an error or the end. Returns operation and id of each change, and the error.
fn read(reader: &mut Reader) -> (Vec<(String, i64)>, Option<ErrorKind>) {
    let mut seen = Vec::new();
    for _ in 0..10_000 {
        match reader.next() {
            Ok(Some(change)) => {
                let row = change.after().unwrap().or(change.before().unwrap()).unwrap();
                let name =
                    if change.trail().unwrap().before_record().is_some() { "pair".into() } else { change.op().to_string() };
                seen.push((name, row.get("ID").unwrap().i64().unwrap()));
            }
            Ok(None) => return (seen, None),
            Err(error) => return (seen, Some(error.kind())),
        }
    }
    panic!("the reader does not end");
}

fn write(directory: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// One transaction of inserts and pairs.
fn pairs() -> Vec<u8> {
    let table = table();
    let mut writer = writer(u64::MAX);
    begin(&mut writer, 1);
    for id in 0..6 {
        writer.insert(&table, &row(&table, id)).unwrap();
        writer.update(&table, UpdateStyle::Pair, &row(&table, id), &row(&table, id)).unwrap();
    }
    writer.commit().unwrap();
    writer.finish().unwrap().remove(0).1
}

#[test]
fn file_that_grows_byte_by_byte_reads_like_a_whole_file() {
    let bytes = pairs();
    let directory = tempfile::tempdir().unwrap();
    let whole = read(&mut Trail::from_bytes(bytes.clone()).reader().unwrap());
    for (resync, step) in [(false, 1), (false, 37), (true, 37), (false, 200)] {
        let path = write(directory.path(), "aa000000000", b"");
        let trail = Trail::open(&path).unwrap();
        let mut reader = trail.reader_with(ReadOptions::new().resync(resync)).unwrap();
        let mut seen = Vec::new();
        let mut end = 0;
        while end < bytes.len() {
            end = (end + step).min(bytes.len());
            fs::write(&path, &bytes[..end]).unwrap();
            let (more, error) = read(&mut reader);
            seen.extend(more);
            assert!(matches!(error, None | Some(ErrorKind::Truncated)), "{error:?} at {end}");
        }
        if resync {
            // With resynchronisation a torn pair becomes two changes; no row is lost.
            assert_eq!(seen.iter().filter(|(name, _)| name == "insert").count(), 6);
            assert!(seen.len() >= whole.0.len());
        } else {
            assert_eq!(seen, whole.0, "in steps of {step}");
        }
    }
}

#[test]
fn rollback_applies_to_a_reader_that_starts_inside_the_transaction() {
    let table = table();
    let mut writer = writer(600);
    begin(&mut writer, 1);
    (0..40).for_each(|id| writer.insert(&table, &row(&table, id)).unwrap());
    writer.abend().unwrap();
    begin(&mut writer, 1);
    (0..40).for_each(|id| writer.insert(&table, &row(&table, id)).unwrap());
    writer.commit().unwrap();
    let files = writer.finish().unwrap();
    assert!(files.len() > 6);
    let trail = Trail::from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())));
    let (all, _) = read(&mut trail.reader().unwrap());
    assert_eq!(all.len(), 40);
    for seqno in 0..3 {
        let mut reader = trail.reader_with(ReadOptions::new().start_at(Position::new(seqno, 0))).unwrap();
        assert_eq!(read(&mut reader), (all.clone(), None), "from file {seqno}");
    }
}

#[test]
fn unknown_record_does_not_affect_the_transaction() {
    let table = table();
    let mut writer = writer(u64::MAX);
    begin(&mut writer, 7);
    writer.insert(&table, &row(&table, 1)).unwrap();
    writer.marker(RecordType(77), Timestamp::from_unix_micros(0)).unwrap();
    writer.insert(&table, &row(&table, 2)).unwrap();
    writer.commit().unwrap();
    let bytes = writer.finish().unwrap().remove(0).1;
    let mut reader = Trail::from_bytes(bytes).reader().unwrap();
    for _ in 0..2 {
        assert_eq!(reader.next().unwrap().unwrap().csn(), Some("7"));
    }
}

#[test]
fn damage_at_the_end_of_a_file_is_reported_once() {
    let table = table();
    let mut writer = writer(600);
    for number in 1..20 {
        begin(&mut writer, number);
        writer.insert(&table, &row(&table, i64::from(number))).unwrap();
        writer.commit().unwrap();
    }
    let mut files = writer.finish().unwrap();
    let size = files[0].1.len() as u64;
    let last = size as usize - 2;
    files[0].1[last] ^= 0xff;
    let trail = Trail::from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())));
    let mut reader = trail.reader_with(ReadOptions::new().resync(true)).unwrap();
    let (seen, error) = read(&mut reader);
    assert_eq!((seen.len(), error), (18, None));
    assert_eq!(reader.skipped().len(), 1, "{:?}", reader.skipped());
    assert_eq!(reader.skipped()[0].to, Position::new(0, size));
    // With the same option, reading can start at a position after the damage.
    let mut reader = trail.reader_with(ReadOptions::new().resync(true).start_at(Position::new(1, 0))).unwrap();
    assert_eq!(read(&mut reader).0.len(), seen.iter().filter(|(_, id)| *id > 1).count());
    let found = trail.find_csn_with("15", &ReadOptions::new().resync(true)).unwrap();
    assert!(found.is_some());
}

/// A file that cannot be read.
#[derive(Debug)]
struct Broken;

impl trailcore::source::ByteSource for Broken {
    fn size(&self) -> std::io::Result<u64> {
        Ok(10_000)
    }

    fn read_at(&self, _: &mut [u8], _: u64) -> std::io::Result<usize> {
        Err(std::io::Error::other("the disk is gone"))
    }
}

#[test]
fn all_changes_before_a_file_that_cannot_be_read_come_first() {
    let whole = pairs();
    let (expected, end) = read(&mut Trail::from_bytes(whole.clone()).reader().unwrap());
    assert!(end.is_none() && expected.len() > 3);
    let first: Arc<dyn trailcore::source::ByteSource> = Arc::new(bytes::Bytes::from(whole));
    let trail = Trail::from_sources([("aa000000000", first), ("aa000000001", Arc::new(Broken))]);
    let mut reader = trail.reader().unwrap();
    assert_eq!(read(&mut reader), (expected, Some(ErrorKind::Io)));
    assert_eq!(read(&mut reader), (Vec::new(), Some(ErrorKind::Io)));
}
