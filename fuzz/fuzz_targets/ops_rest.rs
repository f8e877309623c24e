//! Bodies of the REST API: no bytes make the reader panic, and a reading crosses JSON unchanged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailcore_ops::read::{Kind, Reading};

fuzz_target!(|data: &[u8]| {
    if let Ok(reading) = Reading::of("fuzz", data, Some(Kind::Rest)) {
        let text = serde_json::to_string(&reading).expect("a reading is a document");
        let again: Reading = serde_json::from_str(&text).expect("a document is a reading");
        assert_eq!(serde_json::to_string(&again).expect("a reading is a document"), text);
    }
});
