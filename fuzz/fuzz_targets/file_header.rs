//! File header records: calls every accessor; writing returns the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailcore::trail::{ByteOrder, FileHeader, INFO_UNSET, INFO_WIDE, Record};

fuzz_target!(|data: &[u8]| {
    for order in [ByteOrder::Big, ByteOrder::Little] {
        let Ok(record) = Record::parse(data, order) else { continue };
        let Ok(header) = FileHeader::parse(&record) else { continue };
        assert!(record.is_file_header());
        assert_eq!(header.byte_order(), order);
        look(&header);

        let mut out = Vec::new();
        header.encode(&mut out).expect("a parsed header encodes");
        // The parser uses the record's width for the trailer, even if the trailer's info byte differs.
        let is_wide = |info: u8| info & INFO_WIDE != 0 && info != INFO_UNSET;
        let bytes = record.bytes();
        let wide = bytes.get(1).is_some_and(|&info| is_wide(info));
        let trailer = bytes.len() - if wide { 6 } else { 4 };
        if bytes.get(trailer + 1).is_some_and(|&info| is_wide(info) == wide) {
            assert_eq!(out, bytes);
        }
    }
});

fn look(header: &FileHeader) {
    // Every token of a group is found by its id, or hidden by an earlier one with the same id.
    for group in header.groups() {
        for token in &group.tokens {
            let found = header.token(group.id, token.id);
            assert!(found.value().is_none_or(|body| header.groups().iter().flat_map(|g| &g.tokens).any(|t| t.body == body)));
        }
    }
    let numbers = (header.compatibility(), header.multi_part(), header.seqno(), header.file_size(), header.bit_flags());
    let times = (header.creation_time(), header.first_time(), header.last_time());
    let csns = [header.first_csn(), header.last_csn(), header.log_bsn()];
    assert!(csns.into_iter().filter_map(|csn| csn.value()).all(|csn| csn.len() <= 255));
    let texts = [
        header.uri(),
        header.file_name(),
        header.database_name(),
        header.database_instance(),
        header.database_version(),
        header.client_version(),
        header.database_time_zone(),
        header.producer_group(),
        header.producer_version(),
    ];
    let lists = (header.uri_history(), header.machine(), header.producer_release(), header.database_release());
    let charsets = [header.database_charset(), header.client_charset(), header.client_national_charset(), header.database_national_charset()];
    let rest = (header.locale(), header.case_sensitivity(), header.encryption(), header.database_vendor(), header.data_source(), header.recovery_mode());
    // Formatted, so that all values are used and no accessor is optimised away.
    let shown = format!("{numbers:?}{times:?}{texts:?}{lists:?}{charsets:?}{rest:?}");
    assert!(!shown.is_empty());
    for time in [header.creation_time(), header.first_time(), header.last_time()].into_iter().filter_map(|time| time.value()) {
        assert!(time.to_string().ends_with('Z'));
    }
}
