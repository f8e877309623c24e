//! A trail file is anonymised or refused: the places of its records are in order, and the result has its length and its structure.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailcore::trail::places::{columns, places};
use trailcore::trail::{ByteOrder, Record};
use trailcore_ops::anonymise::{AnonymiseRequest, anonymise};

fuzz_target!(|data: &[u8]| {
    for order in [ByteOrder::Big, ByteOrder::Little] {
        let Ok(record) = Record::parse(data, order) else { continue };
        let mut end = 0;
        for place in places(&record) {
            assert!(place.at >= end && place.len > 0);
            end = place.at + place.len;
        }
        assert!(end <= record.bytes().len());
        for column in columns(&record, record.data()).into_iter().flatten() {
            assert!(column.at + column.len <= record.data().len());
        }
    }
    let folder = std::env::temp_dir().join(format!("trailcore-fuzz-{}", std::process::id()));
    let (from, to) = (folder.join("zz000000000"), folder.join("to"));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(&from, data).expect("a file");
    let request = AnonymiseRequest { trail: from.display().to_string(), to: to.display().to_string(), ..Default::default() };
    if let Ok(report) = anonymise(&request) {
        assert_eq!(report.files.first().map(|file| file.bytes), Some(data.len() as u64));
    }
    std::fs::remove_dir_all(&folder).expect("the folder is removed");
});
