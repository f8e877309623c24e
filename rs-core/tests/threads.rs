//! Reading in several threads gives what reading in one gives: changes, batches, errors, reports.
//!
//! `TRAILCORE_DRILL=threads:N` makes all other tests of reading tests of this too; `make test-rust` runs them so.
#![cfg(feature = "arrow")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::RecordBatch;
use trailcore::arrow::{ArrowOptions, Layout, SchemaChange};
use trailcore::filter::Select;
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, WriterOptions};
use trailcore::source::ByteSource;
use trailcore::trail::ByteOrder;
use trailcore::{ErrorKind, ReadOptions, Trail};
use trailcore_samples::{Bank, bank_in_memory};

const MEGABYTE: u64 = 1 << 20;

/// A bank's trail of several files, all read in several pieces.
fn bank(order: ByteOrder, megabytes: u64) -> Vec<(String, Vec<u8>)> {
    let small = if order == ByteOrder::Big { Bank::small() } else { Bank::small_little() };
    let writer = WriterOptions { file_size: 5 * MEGABYTE, ..small.writer.clone() };
    bank_in_memory(&Bank { writer, bytes: megabytes * MEGABYTE, ..small }).unwrap()
}

fn trail_of(files: &[(String, Vec<u8>)]) -> Trail {
    Trail::from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())))
}

/// The changes as JSON, the error that ends them, and the report.
fn changes(trail: &Trail, options: ReadOptions) -> (Vec<String>, Option<String>, String) {
    let mut reader = trail.reader_with(options).unwrap();
    let mut lines = Vec::new();
    let error = loop {
        match reader.next() {
            Ok(Some(change)) => lines.push(format!("{} {}", change.start(), change.to_json().unwrap())),
            Ok(None) => break None,
            Err(error) if error.kind() == ErrorKind::Undecidable => lines.push(error.to_string()),
            Err(error) => break Some(error.to_string()),
        }
    };
    assert_eq!(reader.next().err().map(|again| again.to_string()), error);
    (lines, error, format!("{} {}", reader.position(), reader.report().to_json().unwrap()))
}

/// The batches by table, the errors, and the report.
type Outcome = (Vec<(String, Vec<RecordBatch>)>, Vec<String>, String);

fn batches(trail: &Trail, read: ReadOptions, arrow: ArrowOptions) -> Outcome {
    let mut all = trail.batches(read, arrow).unwrap();
    let mut tables: Vec<(String, Vec<RecordBatch>)> = Vec::new();
    let mut errors = Vec::new();
    for records in &mut all {
        match records {
            Ok(records) => match tables.iter_mut().find(|(name, _)| name == records.table.name()) {
                Some((_, batches)) => batches.push(records.batch),
                None => tables.push((records.table.name().to_owned(), vec![records.batch])),
            },
            Err(error) => errors.push(error.to_string()),
        }
    }
    tables.sort_by(|a, b| a.0.cmp(&b.0));
    (tables, errors, format!("{} {}", all.reader().position(), all.report().to_json().unwrap()))
}

/// Compares rows that are split into batches in different ways.
fn same_rows(a: &[RecordBatch], b: &[RecordBatch]) {
    let rows = |batches: &[RecordBatch]| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
    assert_eq!(rows(a), rows(b));
    let (mut left, mut right) = ((0, 0), (0, 0));
    while left.0 < a.len() && right.0 < b.len() {
        let (one, other) = (&a[left.0], &b[right.0]);
        let length = (one.num_rows() - left.1).min(other.num_rows() - right.1);
        assert_eq!(one.slice(left.1, length), other.slice(right.1, length));
        for (place, batch) in [(&mut left, one), (&mut right, other)] {
            place.1 += length;
            if place.1 == batch.num_rows() {
                *place = (place.0 + 1, 0);
            }
        }
    }
}

fn selections() -> Vec<ReadOptions> {
    let select = |text: &str| ReadOptions::new().select(Select::parse(text).unwrap().lenient());
    vec![
        ReadOptions::new(),
        select("TABLE BANK.POSTINGS, WHERE (AMOUNT > 1000);"),
        // Undecidable for the updates and deletes that lack the column; one name fits no table.
        select("TABLE BANK.ACC*, FILTER (@COMPUTE (CUSTOMER_ID) > 100); TABLE BANK.NONE;"),
    ]
}

#[test]
fn changes_and_reports_are_the_same() {
    for order in [ByteOrder::Big, ByteOrder::Little] {
        let trail = trail_of(&bank(order, 9));
        for options in selections() {
            let (expected, found) = (changes(&trail, options.clone()), changes(&trail, options.threads(3)));
            assert_eq!(expected.0.len(), found.0.len());
            assert!(expected == found);
        }
        let start = trail.reader().unwrap().into_changes().nth(20_000).unwrap().unwrap().as_change().start();
        let from = ReadOptions::new().start_at(start);
        assert!(changes(&trail, from.clone()) == changes(&trail, from.threads(2)));
    }
}

#[test]
fn transactions_that_break_off_are_reported_alike() {
    let table = Arc::new(TableDef::new("A.B", vec![ColumnDef::varchar("C", 2_000).key()]));
    let options = WriterOptions { file_size: 5 * MEGABYTE, ..WriterOptions::default() };
    let mut writer = TrailWriter::in_memory("tt", options).unwrap();
    let mut row = RowBuilder::new(&table, writer.byte_order());
    row.text("C", &"c".repeat(1_900)).unwrap();
    // Fewer than are listed.
    for number in 0..900 {
        writer.begin(&number.to_string(), "1.1", trailcore::Timestamp::from_unix_micros(0)).unwrap();
        (0..1 + number % 9).for_each(|_| writer.insert(&table, row.bytes()).unwrap());
        writer.leave_unfinished().unwrap();
    }
    let trail = trail_of(&writer.finish().unwrap());
    let one = changes(&trail, ReadOptions::new());
    assert!(one.2.matches("\"at_end\":true").count() == 1 && one.2.contains("\"unfinished\":900"), "{}", one.2);
    assert_eq!(changes(&trail, ReadOptions::new().threads(2)), one);
}

#[test]
fn batches_are_the_same() {
    for order in [ByteOrder::Big, ByteOrder::Little] {
        let trail = trail_of(&bank(order, 20));
        for (options, arrow) in selections().into_iter().zip([
            ArrowOptions::new(),
            ArrowOptions::new().layout(Layout::Changes).states(true),
            ArrowOptions::new().rows(1_000),
        ]) {
            let (expected, found) =
                (batches(&trail, options.clone(), arrow.clone()), batches(&trail, options.threads(3), arrow.clone()));
            assert_eq!((&expected.1, &expected.2), (&found.1, &found.2));
            assert_eq!(expected.0.len(), found.0.len());
            for ((name, rows), (other, same)) in expected.0.iter().zip(&found.0) {
                assert_eq!(name, other);
                same_rows(rows, same);
            }
        }
    }
}

#[test]
fn damage_is_met_at_the_same_place() {
    let mut files = bank(ByteOrder::Big, 20);
    let middle = files[2].1.len() / 2;
    files[2].1[middle..middle + 300].fill(0x5a);
    files.remove(4);
    let trail = trail_of(&files);
    for options in [ReadOptions::new(), ReadOptions::new().resync(true)] {
        let (expected, found) = (changes(&trail, options.clone()), changes(&trail, options.clone().threads(2)));
        assert_eq!((expected.0.len(), &expected.1, &expected.2), (found.0.len(), &found.1, &found.2));
        assert!(expected.0 == found.0);
        let arrow = ArrowOptions::new;
        let (expected, found) = (batches(&trail, options.clone(), arrow()), batches(&trail, options.threads(2), arrow()));
        assert_eq!((&expected.1, &expected.2), (&found.1, &found.2));
        expected.0.iter().zip(&found.0).for_each(|(a, b)| same_rows(&a.1, &b.1));
    }
}

/// A trail of some megabytes with one table whose definition changes, and whose times get finer digits late.
fn versions() -> Trail {
    let mut writer = TrailWriter::in_memory("vv", WriterOptions::default()).unwrap();
    for version in 0..3 {
        let mut columns = vec![ColumnDef::integer("K", 0).key(), ColumnDef::datetime("T", 9), ColumnDef::varchar("V", 2000)];
        columns.extend((version > 0).then(|| ColumnDef::varchar("W", 10)));
        let table = Arc::new(TableDef::new("A.T", columns));
        for row in 0..12_000_i64 {
            writer.begin(&row.to_string(), "x", "2024-03-01".parse().unwrap()).unwrap();
            let mut image = RowBuilder::new(&table, writer.byte_order());
            // A year outside those of nanoseconds, in the first version only.
            let year = if version == 0 && row == 0 { 1066 } else { 2024 };
            image.decimal("K", row.into()).unwrap().text("V", &"v".repeat(1_000)).unwrap();
            image.datetime("T", &format!("{year}-10-14:00:00:00.000001000")).unwrap();
            writer.insert(&table, image.bytes()).unwrap();
            writer.commit().unwrap();
        }
    }
    Trail::from_bytes(writer.finish().unwrap().remove(0).1)
}

#[test]
fn schemas_are_decided_in_the_order_of_the_trail() {
    let trail = versions();
    for change in [SchemaChange::Error, SchemaChange::Stop, SchemaChange::Union] {
        let read_all = |threads| {
            let options = ArrowOptions::new().on_schema_change(change);
            let mut stream = trail.table("a.t", ReadOptions::new().threads(threads), options).unwrap();
            let (mut schemas, mut rows, mut errors) = (vec![stream.schema()], Vec::new(), Vec::new());
            loop {
                for batch in &mut stream {
                    match batch {
                        Ok(batch) => rows.push(batch),
                        Err(error) => errors.push(error.to_string()),
                    }
                }
                schemas.push(stream.schema());
                stream = match stream.next_version() {
                    Some(next) => next,
                    None => return (schemas, rows.iter().map(RecordBatch::num_rows).sum::<usize>(), errors),
                };
            }
        };
        assert_eq!(read_all(1), read_all(3), "{change:?}");
    }
}

#[test]
fn a_callback_stops_and_goes_on() {
    let trail = trail_of(&bank(ByteOrder::Big, 20));
    let rows: usize =
        trail.batches(ReadOptions::new(), ArrowOptions::new()).unwrap().map(|all| all.unwrap().batch.num_rows()).sum();
    let calls = Arc::new(AtomicU64::new(0));
    let called = Arc::clone(&calls);
    let here = std::thread::current().id();
    let options = ReadOptions::new().threads(2).on_progress(move |_| {
        assert_eq!(std::thread::current().id(), here);
        // Every second call stops.
        if called.fetch_add(1, Ordering::Relaxed) % 2 == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let (mut found, mut stops) = (0, 0);
    for records in trail.batches(options.clone(), ArrowOptions::new()).unwrap() {
        match records {
            Ok(records) => found += records.batch.num_rows(),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Cancelled);
                stops += 1;
            }
        }
    }
    assert_eq!(found, rows);
    let mut reader = trail.reader_with(options).unwrap();
    let mut changes = 0;
    loop {
        match reader.next() {
            Ok(Some(change)) => changes += usize::from(change.op().is_change()),
            Ok(None) => break,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Cancelled);
                stops += 1;
            }
        }
    }
    assert_eq!(changes, trail.reader().unwrap().into_changes().count());
    assert!(stops > 2 && calls.load(Ordering::Relaxed) > 5);
}

/// Bytes in memory whose holders can be asked for.
#[derive(Debug)]
struct Shared(Arc<Vec<u8>>);

impl ByteSource for Shared {
    fn size(&self) -> std::io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let rest = &self.0[self.0.len().min(offset as usize)..];
        let read = rest.len().min(into.len());
        into[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn as_slice(&self) -> Option<&[u8]> {
        Some(&self.0)
    }
}

#[test]
fn threads_end_with_their_reading() {
    let bytes = Arc::new(bank(ByteOrder::Little, 20).swap_remove(0).1);
    let held = Arc::downgrade(&bytes);
    let trail = Trail::from_source("bk000000000", Shared(bytes));
    let mut stream = trail.table("BANK.POSTINGS", ReadOptions::new().threads(3), ArrowOptions::new()).unwrap();
    assert!(stream.next().unwrap().unwrap().num_rows() > 0);
    let mut reader = trail.reader_with(ReadOptions::new().threads(2)).unwrap();
    assert!(reader.next().unwrap().is_some());
    drop(trail);
    assert!(held.upgrade().is_some());
    drop((stream, reader));
    assert!(held.upgrade().is_none());
}
