//! Native JSON: a line that parses is written, and parses to the same change.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailcore::PlainChange;

fuzz_target!(|data: &[u8]| {
    let Ok(line) = std::str::from_utf8(data) else { return };
    let Ok(change) = PlainChange::from_json(line) else { return };
    let written = change.to_json().expect("a parsed change encodes");
    assert!(!written.contains('\n'));
    let again = PlainChange::from_json(&written).expect("own JSON parses");
    assert_eq!(again, change);
    assert_eq!(again.to_json().ok(), Some(written));
});
