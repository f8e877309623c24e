//! Decoding without I/O gives exactly what the file reader gives, however the bytes arrive.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use proptest::prelude::*;
use trailcore::source::ByteSource;
use trailcore::trail::{Decoder, Resync};
use trailcore::{ReadOptions, Trail};
use trailcore_samples::{Bank, bank_in_memory};

/// Offset, number and bytes of each record.
type Records = Vec<(u64, u64, Vec<u8>)>;

/// The records as the file reader gives them, with damage skipped.
fn of_file_reader(file: &[u8]) -> Records {
    let trail = Trail::from_bytes(file.to_vec());
    let mut reader = trail.records(&ReadOptions::new().resync(true));
    let mut records = Vec::new();
    while let Ok(Some(placed)) = reader.next() {
        records.push((placed.position.rba, placed.number, placed.record.bytes().to_vec()));
    }
    records
}

/// The records as the decoder gives them, fed with chunks of these sizes, over and over.
fn of_decoder(file: &[u8], chunks: &[usize]) -> Records {
    let mut decoder = Decoder::new();
    let (mut buffer, mut fed, mut records) = (Vec::new(), 0, Vec::new());
    let mut sizes = chunks.iter().cycle();
    let mut searching = false;
    loop {
        let at_end = fed == file.len();
        let mut used = 0;
        loop {
            if searching {
                match decoder.resync(&buffer[used..], if at_end { 0 } else { u64::MAX }) {
                    Resync::Found(skipped) => (used, searching) = (used + skipped, false),
                    Resync::NeedMore(skipped) => {
                        used += skipped;
                        break;
                    }
                    Resync::Nothing => return records,
                }
            }
            let place = (decoder.offset(), decoder.records());
            match decoder.decode(&buffer[used..]) {
                Ok(Some(record)) => {
                    used += record.bytes().len();
                    records.push((place.0, place.1, record.bytes().to_vec()));
                }
                // The file ends inside a record: damage, since nothing more comes.
                Ok(None) if at_end && used < buffer.len() => searching = true,
                Ok(None) => break,
                Err(_) => searching = true,
            }
        }
        if at_end {
            return records;
        }
        let next = (fed + sizes.next().unwrap()).min(file.len());
        buffer.drain(..used);
        buffer.extend_from_slice(&file[fed..next]);
        fed = next;
    }
}

fn samples() -> Vec<Vec<u8>> {
    [Bank::small(), Bank::small_little()].iter().map(|bank| bank_in_memory(bank).unwrap().remove(0).1).collect()
}

/// A file that returns at most this many bytes for each read.
#[derive(Debug)]
struct Chunked(Vec<u8>, usize);

impl ByteSource for Chunked {
    fn size(&self) -> std::io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let rest = &self.0[self.0.len().min(offset as usize)..];
        let read = rest.len().min(into.len()).min(self.1);
        into[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }
}

#[test]
fn chunks_of_any_size_give_the_same_records() {
    for file in samples() {
        let expected = of_file_reader(&file);
        assert!(expected.len() > 20);
        for chunk in [1, 7, 4096] {
            assert_eq!(of_decoder(&file, &[chunk]), expected, "chunks of {chunk}");
        }
        // The same through the reader of changes.
        let changes = lines(&Trail::from_bytes(file.clone()));
        for chunk in [1, 7, 4096] {
            assert_eq!(lines(&Trail::from_source("bk000000000", Chunked(file.clone(), chunk))), changes, "chunks of {chunk}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_too(
        little in any::<bool>(),
        holes in proptest::collection::vec((any::<proptest::sample::Index>(), 1usize..80, any::<u8>()), 0..4),
        cut in any::<proptest::sample::Index>(),
        is_cut in any::<bool>(),
        chunks in proptest::collection::vec(1usize..9000, 1..6),
    ) {
        let mut file = samples().remove(usize::from(little));
        for (at, length, byte) in holes {
            let at = at.index(file.len());
            let end = (at + length).min(file.len());
            file[at..end].fill(byte);
        }
        if is_cut {
            file.truncate(cut.index(file.len()));
        }
        // A file of JSON lines is another format.
        prop_assume!(file.first() != Some(&b'{'));
        let expected = of_file_reader(&file);
        prop_assert_eq!(of_decoder(&file, &chunks), expected.clone());
        prop_assert_eq!(of_decoder(&file, &[1]), expected);
    }
}
