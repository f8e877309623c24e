//! Progress reports and cancellation of a reader.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use trailcore::{ErrorKind, Position, ReadOptions, Reader, Trail};
use trailcore_samples::{Bank, bank_in_memory};

#[allow(clippy::unwrap_used)]
fn bank() -> Trail {
    let bank = Bank { bytes: 6 << 20, ..Bank::small() };
    let bank = Bank { writer: trailcore::sink::WriterOptions { file_size: 2 << 20, ..bank.writer.clone() }, ..bank };
    let files = bank_in_memory(&bank).unwrap();
    Trail::from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())))
}

#[test]
fn progress_grows_to_the_size_of_all_files() {
    let trail = bank();
    let (last, calls) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (seen, counted) = (Arc::clone(&last), Arc::clone(&calls));
    let options = ReadOptions::new().on_progress(move |progress| {
        assert!(progress.bytes >= seen.swap(progress.bytes, Ordering::Relaxed));
        counted.fetch_add(1, Ordering::Relaxed);
        ControlFlow::Continue(())
    });
    let mut reader = trail.reader_with(options).unwrap();
    while reader.next().unwrap().is_some() {}
    assert_eq!(last.load(Ordering::Relaxed), trail.size().unwrap());
    assert!(calls.load(Ordering::Relaxed) > 3);
}

/// Options of a reader that is cancelled at every second progress report.
fn stopped() -> ReadOptions {
    let calls = AtomicU64::new(0);
    ReadOptions::new().on_progress(move |_| match calls.fetch_add(1, Ordering::Relaxed) % 2 {
        0 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })
}

/// Positions of all changes of a reader, and the number of cancellations.
#[allow(clippy::panic)]
fn read_on(reader: &mut Reader) -> (Vec<Position>, usize) {
    let (mut positions, mut stops) = (Vec::new(), 0);
    loop {
        match reader.next() {
            Ok(Some(change)) => positions.push(change.position()),
            Ok(None) => return (positions, stops),
            Err(error) if error.kind() == ErrorKind::Cancelled => stops += 1,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn cancelled_reader_continues_where_it_stopped() {
    let trail = bank();
    let all: Vec<_> = trail.reader().unwrap().into_changes().map(|change| change.unwrap().as_change().position()).collect();
    let options = stopped();
    let mut reader = trail.reader_with(options.clone()).unwrap();
    let (positions, stops) = read_on(&mut reader);
    assert_eq!(positions, all);
    assert!(stops > 3);
    let mut records = trail.records(&options);
    assert_eq!(std::iter::from_fn(|| records.next().err()).next().unwrap().kind(), ErrorKind::Cancelled);
}

/// A source that has no memory to borrow from.
#[derive(Debug)]
struct Read(Vec<u8>);

impl trailcore::source::ByteSource for Read {
    fn size(&self) -> std::io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> std::io::Result<usize> {
        trailcore::source::ByteSource::read_at(&bytes::Bytes::copy_from_slice(&self.0), into, offset)
    }
}

#[test]
fn skipping_long_damage_can_be_cancelled_and_continued() {
    let bank = Bank { bytes: 6 << 20, ..Bank::small() };
    let bank = Bank { writer: trailcore::sink::WriterOptions { file_size: 64 << 20, ..bank.writer.clone() }, ..bank };
    let mut bytes = bank_in_memory(&bank).unwrap().swap_remove(0).1;
    let damage = bytes.len() / 4..bytes.len() * 3 / 4;
    bytes[damage].fill(0xee);
    let trail = Trail::from_source("bk000000000", Read(bytes));
    let all = |options: ReadOptions| {
        let mut reader = trail.reader_with(options.resync(true)).unwrap();
        let (positions, stops) = read_on(&mut reader);
        let skipped: Vec<_> = reader.skipped().iter().map(|skipped| (skipped.from, skipped.to)).collect();
        (positions, skipped, stops)
    };
    let (wanted, found) = (all(ReadOptions::new()), all(stopped()));
    assert_eq!((&found.0, &found.1), (&wanted.0, &wanted.1));
    assert_eq!(wanted.1.len(), 1);
    assert!(found.2 >= 5, "it was cancelled {} times", found.2);
}
