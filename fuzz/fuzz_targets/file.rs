//! A whole trail in memory: its records, its changes and their JSON, and its column batches.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailcore::batch::{BatchDecoder, ColumnBuffer, ColumnValues, ColumnBatch, VarBytes};
use trailcore::{ErrorKind, Op, ReadOptions, Trail};

fuzz_target!(|data: &[u8]| {
    let trail = Trail::from_bytes(data.to_vec());
    let options = || ReadOptions::new().include_non_changes(true).resync(true);
    records(&trail, data, &options());
    if let Ok(reader) = trail.reader_with(options()) {
        changes(reader, data.len());
    }
});

/// Records are ranges of the input, in order, with skipped ranges between them.
fn records(trail: &Trail, data: &[u8], options: &ReadOptions) {
    let mut reader = trail.records(options);
    let mut end = 0;
    while let Ok(Some(placed)) = reader.next() {
        let (at, bytes) = (placed.position.rba as usize, placed.record.bytes());
        assert!(at >= end && !bytes.is_empty(), "a record overlaps the one before it");
        end = at + bytes.len();
        assert_eq!(data.get(at..end), Some(bytes));
    }
}

fn changes(mut reader: trailcore::Reader, input: usize) {
    // Small enough to fill up.
    let mut decoder = BatchDecoder::new().rows(16);
    let (mut read, mut taken, mut handed) = (0, 0, 0);
    let mut last = None;
    while let Ok(Some(change)) = reader.next() {
        read += 1;
        assert!(read <= input, "more changes than bytes");
        assert!(change.start() <= change.position() && last < Some(change.position()), "positions do not increase");
        last = Some(change.position());

        let json = change.to_json().ok();
        if let Some(json) = &json {
            serde_json::from_str::<&serde_json::value::RawValue>(json).expect("own JSON parses");
        }
        assert_eq!(change.to_owned().as_change().to_json().ok(), json);

        let is_row = matches!(change.op(), Op::Insert | Op::Update | Op::PkUpdate | Op::Delete);
        match decoder.push(&change) {
            Ok(full) => {
                taken += usize::from(is_row);
                if full {
                    decoder.flush(|batch| handed += checked(batch));
                }
            }
            Err(error) => assert_ne!(error.kind(), ErrorKind::InvalidArgument, "a full batch was not announced"),
        }
    }
    decoder.flush(|batch| handed += checked(batch));
    assert_eq!(handed, taken, "rows were lost or invented");
}

/// Returns the number of rows of a batch, and checks that all columns have as many values.
fn checked(batch: &ColumnBatch) -> usize {
    let rows = batch.len();
    assert_eq!((batch.positions().len(), batch.times().len()), (rows, rows));
    for (_, column) in batch.before().chain(batch.after()) {
        assert_eq!((column.states().len(), values(column)), (rows, rows));
    }
    rows
}

fn values(column: &ColumnBuffer) -> usize {
    let counted = |values: &VarBytes| {
        assert!(values.offsets.is_sorted() && values.offsets.last().copied() == i32::try_from(values.bytes.len()).ok());
        values.offsets.len() - 1
    };
    match column.values() {
        ColumnValues::Integer(values) => values.len(),
        ColumnValues::DateTime { micros, nanos } => {
            assert!(nanos.is_empty() || nanos.len() == micros.len());
            micros.len()
        }
        ColumnValues::Text(values) | ColumnValues::Digits(values) | ColumnValues::Bytes(values) => counted(values),
        ColumnValues::Unsigned(values) => values.len(),
        other => panic!("unexpected kind of values: {other:?}"),
    }
}
