//! Native JSON lines as a source: what is read is written, and reads as the same changes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailcore::batch::BatchDecoder;
use trailcore::{ReadOptions, Trail};

fuzz_target!(|data: &[u8]| {
    // The first byte decides that these are lines.
    let bytes = [b"{\"op\":0}\n", data].concat();
    let options = || ReadOptions::new().resync(true).include_non_changes(true);
    let lines = read(bytes, options());
    // Positions that are offsets are other ones in the file that is written.
    if lines.iter().any(|line| line.starts_with("{\"position\"")) {
        return;
    }
    let written = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    assert_eq!(read(written.into_bytes(), options()), lines);
});

fn read(bytes: Vec<u8>, options: ReadOptions) -> Vec<String> {
    let mut decoder = BatchDecoder::new().rows(16);
    let mut lines = Vec::new();
    let mut reader = Trail::from_bytes(bytes).reader_with(options).expect("memory is read");
    while let Ok(Some(change)) = reader.next() {
        let Ok(line) = change.to_json() else { continue };
        assert_eq!(change.to_owned().as_change().to_json().ok().as_ref(), Some(&line));
        if decoder.push(&change).is_ok_and(|full| full) {
            decoder.flush(|batch| assert!(!batch.is_empty()));
        }
        lines.push(line);
    }
    lines
}
