//! Database and table definition records: parsed, written, and parsed to the same record.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailcore::trail::metadata::{DatabaseRecord, TableRecord};
use trailcore::trail::{ByteOrder, Fault};

fuzz_target!(|data: &[u8]| {
    for order in [ByteOrder::Big, ByteOrder::Little] {
        if let Ok(table) = TableRecord::parse(data, order) {
            let bytes = written(data, |out| table.encode(order, out));
            assert!(bytes.is_none_or(|bytes| TableRecord::parse(&bytes, order) == Ok(table)));
        }
        if let Ok(database) = DatabaseRecord::parse(data, order) {
            let bytes = written(data, |out| database.encode(order, out));
            assert!(bytes.is_none_or(|bytes| DatabaseRecord::parse(&bytes, order) == Ok(database)));
        }
    }
});

/// A parsed definition can be written, unless a token with a four-byte length is written with a two-byte length.
fn written(data: &[u8], encode: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    match encode(&mut out) {
        Ok(()) => Some(out),
        Err(_) => {
            assert!(data.len() > usize::from(u16::MAX), "a short definition cannot be written");
            None
        }
    }
}
