//! Native JSON: what reads is written, and reads the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailcore::PlainChange;

fuzz_target!(|data: &[u8]| {
    let Ok(line) = std::str::from_utf8(data) else { return };
    let Ok(change) = PlainChange::from_json(line) else { return };
    let written = change.to_json().expect("what was JSON can be JSON again");
    assert!(!written.contains('\n'));
    let again = PlainChange::from_json(&written).expect("own JSON reads");
    assert_eq!(again, change);
    assert_eq!(again.to_json().ok(), Some(written));
});
