//! Decoding without I/O: in chunks of any size, with damage skipped, it gives the records that the file reader gives.
//!
//! The input is two bytes of chunk sizes and a file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailcore::trail::{Decoder, Resync};
use trailcore::{ReadOptions, Trail};

fuzz_target!(|data: &[u8]| {
    let [small, large, file @ ..] = data else { return };
    // Files of JSON lines are not trails.
    if file.first() == Some(&b'{') {
        return;
    }
    let trail = Trail::from_bytes(file.to_vec());
    let mut records = trail.records(&ReadOptions::new().resync(true));
    let mut expected = Vec::new();
    while let Ok(Some(placed)) = records.next() {
        expected.push((placed.position.rba, placed.number, placed.record.bytes().to_vec()));
    }
    for chunk in [usize::from(*small) + 1, usize::from(*large) * 16 + 1] {
        assert_eq!(decoded(file, chunk), expected, "chunks of {chunk}");
    }
});

fn decoded(file: &[u8], chunk: usize) -> Vec<(u64, u64, Vec<u8>)> {
    let mut decoder = Decoder::new();
    let (mut buffer, mut fed, mut seen) = (Vec::new(), 0, Vec::new());
    let mut faulty = false;
    loop {
        let at_end = fed == file.len();
        let mut used = 0;
        loop {
            if faulty {
                match decoder.resync(&buffer[used..], if at_end { 0 } else { u64::MAX }) {
                    Resync::Found(skipped) => (used, faulty) = (used + skipped, false),
                    Resync::NeedMore(skipped) => {
                        used += skipped;
                        break;
                    }
                    Resync::Nothing => return seen,
                }
            }
            let place = (decoder.offset(), decoder.records());
            match decoder.decode(&buffer[used..]) {
                Ok(Some(record)) => {
                    used += record.bytes().len();
                    seen.push((place.0, place.1, record.bytes().to_vec()));
                }
                Ok(None) if at_end && used < buffer.len() => faulty = true,
                Ok(None) => break,
                Err(_) => faulty = true,
            }
        }
        if at_end {
            return seen;
        }
        let next = (fed + chunk).min(file.len());
        buffer.drain(..used);
        buffer.extend_from_slice(&file[fed..next]);
        fed = next;
    }
}
