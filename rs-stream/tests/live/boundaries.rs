//! Places between transactions of a trail that grows.

use trailcore::{Position, ReadOptions, Trail};
use trailcore_stream::{Boundaries, Start};

use crate::support::{Growing, options, quick, record_ends, trail};

const LIST: [(u64, usize); 5] = [(100, 1), (101, 4), (102, 2), (103, 3), (104, 7)];

fn rolling() -> trailcore::sink::WriterOptions {
    trailcore::sink::WriterOptions { file_size: 1_200, ..options() }
}

/// Counts the changes of a range.
fn changes(growing: &Growing, from: Option<Position>, until: Position) -> u64 {
    let mut reader =
        Trail::open(growing.path()).unwrap().reader_with(ReadOptions::new().transactions(from, Some(until))).unwrap();
    let mut count = 0;
    while reader.next().unwrap().is_some() {
        count += 1;
    }
    count
}

#[test]
fn each_boundary_is_after_a_complete_transaction() {
    let files = trail(rolling(), &LIST);
    assert!(files.len() > 2);
    let growing = Growing::new();
    growing.append(0, &[]);
    let mut boundaries = Boundaries::open(growing.path(), quick()).unwrap();
    let (mut from, mut total) = (None, 0);
    for (seqno, file) in files.iter().enumerate() {
        let mut start = 0;
        for end in record_ends(file) {
            // The record comes in two pieces.
            let middle = (start + end) / 2;
            for piece in [&file[start..middle], &file[middle..end]] {
                growing.append(seqno, piece);
                let boundary = boundaries.advance(None, None).unwrap();
                if boundary.changes > 0 {
                    assert_eq!(changes(&growing, from, boundary.position), boundary.changes);
                    (from, total) = (Some(boundary.position), total + boundary.changes);
                }
            }
            start = end;
        }
    }
    assert_eq!(total, 17);
}

#[test]
fn limits_keep_to_whole_transactions() {
    let growing = Growing::new();
    for (seqno, file) in trail(rolling(), &LIST).iter().enumerate() {
        growing.append(seqno, file);
    }
    let counts = |most, until| {
        let mut boundaries = Boundaries::open(growing.path(), quick()).unwrap();
        let mut counts = Vec::new();
        loop {
            let boundary = boundaries.advance(most, until).unwrap();
            if boundary.changes == 0 {
                return counts;
            }
            counts.push(boundary.changes);
        }
    };
    assert_eq!(counts(Some(5), None), [5, 5, 7]);
    assert_eq!(counts(Some(4), None), [1, 4, 2, 3, 7]);
    assert_eq!(counts(None, None), [17]);
    // Only transactions up to the first one that ends there or later.
    assert_eq!(counts(None, Some(Position::new(0, 1))), [1]);
    // A place that was returned is a start.
    let first = Boundaries::open(growing.path(), quick()).unwrap().advance(Some(5), None).unwrap();
    let options = quick().start(Start::Position(first.position));
    assert_eq!(Boundaries::open(growing.path(), options).unwrap().advance(None, None).unwrap().changes, 12);
    let end = Boundaries::open(growing.path(), quick().start(Start::End)).unwrap().advance(None, None).unwrap();
    assert_eq!((end.changes, changes(&growing, None, end.position)), (0, 17));
}
