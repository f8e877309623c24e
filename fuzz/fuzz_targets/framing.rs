//! Framing, and splitting a record and writing it again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailcore::trail::encode::{INFO_RECORD, RecordParts};
use trailcore::trail::{ByteOrder, INFO_WIDE, Record, detect_byte_order, tokens};

fuzz_target!(|data: &[u8]| {
    let orders = [ByteOrder::Big, ByteOrder::Little];
    let fits = orders.into_iter().find(|&order| Record::parse(data, order).is_ok());
    assert_eq!(detect_byte_order(data), fits);
    for order in orders {
        if let Ok(record) = Record::parse(data, order) {
            check(&record, data, order);
        }
    }
});

fn check(record: &Record<'_>, data: &[u8], order: ByteOrder) {
    assert_eq!(data.get(..record.bytes().len()), Some(record.bytes()));
    assert_eq!(record.byte_order(), order);
    let header = record.header();
    for token in tokens::parse(record.token_area().unwrap_or_default(), order).flatten() {
        assert!(token.value().is_none_or(|value| token.body().starts_with(value)));
    }
    assert!(record.tail_areas().count() <= record.areas().count());

    let parts = RecordParts::of(record);
    assert_eq!(parts.is_ok(), header.is_ok());
    // A file header record has no header, and a header whose table name is not terminated does not parse.
    let (Ok(parts), Ok(header)) = (parts, header) else { return };
    assert_eq!(record.table().ok(), Some(header.table));
    assert_eq!((record.record_type(), record.data().len() > 65_535), (header.record_type, usize::from(header.record_length) != record.data().len()));

    let mut out = Vec::new();
    parts.encode(order, &mut out).expect("a parsed record encodes");
    let again = Record::parse(&out, order).expect("an encoded record parses");
    assert_eq!(again.bytes(), out);
    assert_eq!(RecordParts::of(&again).ok().map(|again| again.areas), Some(parts.areas.clone()));
    assert_eq!(again.data(), record.data());
    if is_exact(record.bytes(), parts.info, order) {
        assert_eq!(out, record.bytes());
    }
}

/// Returns whether the bytes that `RecordParts` does not keep have the values of real records: the info bytes of the trailer
/// and the header area, and a timestamp within 64-bit Unix microseconds.
fn is_exact(bytes: &[u8], info: u8, order: ByteOrder) -> bool {
    let (outer, trailer) = if info & INFO_WIDE != 0 && info != 0xff { (6, bytes.len() - 6) } else { (4, bytes.len() - 4) };
    let Some(time) = bytes.get(outer + 12..).and_then(|rest| rest.first_chunk()) else { return false };
    let time = match order {
        ByteOrder::Big => u64::from_be_bytes(*time),
        ByteOrder::Little => u64::from_le_bytes(*time),
    };
    let within = i128::from(time) - 210_866_760_000_000_000 <= i128::from(i64::MAX);
    within && info & !INFO_WIDE == INFO_RECORD && bytes.get(trailer + 1) == Some(&info) && bytes.get(outer + 1) == Some(&0)
}
