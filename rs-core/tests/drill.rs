//! A broken invariant is an internal error, never an end of data.
#![cfg(feature = "drill")]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use trailcore::filter::Select;
use trailcore::{ErrorKind, ReadOptions, Trail};
use trailcore_samples::{Bank, bank_in_memory};

#[test]
fn a_broken_invariant_is_loud() {
    // The only test of this program: the variable is the process's.
    // SAFETY: no other thread runs.
    #[allow(unsafe_code)]
    unsafe {
        std::env::set_var("TRAILCORE_DRILL", "definition:1");
    }
    let trail = Trail::from_bytes(bank_in_memory(&Bank::small()).unwrap().remove(0).1);
    let select = || ReadOptions::new().select(Select::parse("TABLE BANK.*;").unwrap());
    let mut before = Vec::new();
    for options in [ReadOptions::new(), ReadOptions::new().resync(true), select()] {
        let mut reader = trail.reader_with(options).unwrap();
        let mut changes = 0;
        let error = loop {
            match reader.next() {
                Ok(Some(_)) => changes += 1,
                Ok(None) => panic!("the trail has a change of the broken definition"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.to_string().contains("internal error") && error.to_string().contains("trail.rs:"), "{error}");
        // Nothing of what follows is returned.
        for _ in 0..2 {
            assert_eq!(reader.next().unwrap_err().kind(), ErrorKind::Internal);
        }
        before.push(changes);
    }
    assert!(before.iter().all(|&changes| changes == before[0] && changes > 0), "{before:?}");
    let mut blocks = trail.reader().unwrap().into_blocks(10);
    let mut changes = 0;
    let error = loop {
        match blocks.next_block() {
            Ok(Some(block)) => changes += block.len(),
            Ok(None) => panic!("the trail has a change of the broken definition"),
            Err(error) => break error,
        }
    };
    assert_eq!((error.kind(), changes), (ErrorKind::Internal, before[0]));
    assert_eq!(blocks.next_block().unwrap_err().kind(), ErrorKind::Internal);
    assert_eq!(trail.check(&ReadOptions::new()).unwrap_err().kind(), ErrorKind::Internal);
}
