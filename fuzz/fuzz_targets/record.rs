//! Record headers: parsed and written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailcore::Timestamp;
use trailcore::trail::{ByteOrder, RecordHeader};

/// Offsets of the timestamp in a header.
const TIME: std::ops::Range<usize> = 8..16;

fuzz_target!(|data: &[u8]| {
    for order in [ByteOrder::Big, ByteOrder::Little] {
        let Ok(header) = RecordHeader::parse(data, order) else { continue };
        let mut out = Vec::new();
        header.encode(order, &mut out).expect("a parsed header encodes");

        // A timestamp beyond 64-bit Unix microseconds becomes the largest one within; all other bytes are unchanged.
        let mut expected = data.to_vec();
        if header.time.unix_micros() == i64::MAX {
            let last = Timestamp::from_unix_micros(i64::MAX).julian();
            let last = match order {
                ByteOrder::Big => last.to_be_bytes(),
                ByteOrder::Little => last.to_le_bytes(),
            };
            if let Some(time) = expected.get_mut(TIME) {
                time.copy_from_slice(&last);
            }
        }
        assert_eq!(out, expected);
        assert_eq!(RecordHeader::parse(&out, order), Ok(header));

        let (database, table) = header.metadata_indexes(order);
        let indexes = match order {
            ByteOrder::Big => [database.to_be_bytes(), table.to_be_bytes()],
            ByteOrder::Little => [database.to_le_bytes(), table.to_le_bytes()],
        };
        assert_eq!(data.get(24..28), Some(indexes.as_flattened()));
        assert!(header.time.to_string().ends_with('Z'));
    }
});
