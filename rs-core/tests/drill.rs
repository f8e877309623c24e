//! A broken invariant is an internal error, never an end of data.
#![cfg(feature = "drill")]
#![allow(missing_docs, clippy::unwrap_used)]

use trailcore::{ErrorKind, Trail};
use trailcore_samples::{Bank, bank_in_memory};

#[test]
fn a_broken_invariant_is_loud() {
    // The only test of this program: the variable is the process's.
    // SAFETY: no other thread runs.
    #[allow(unsafe_code)]
    unsafe {
        std::env::set_var("TRAILCORE_DRILL", "definition");
    }
    let trail = Trail::from_bytes(bank_in_memory(&Bank::small()).unwrap().remove(0).1);
    for _ in 0..2 {
        let mut reader = trail.reader().unwrap();
        let error = reader.next().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.to_string().contains("internal error") && error.to_string().contains("trail.rs:"), "{error}");
    }
    let mut blocks = trail.reader().unwrap().into_blocks(10);
    assert_eq!(blocks.next_block().unwrap_err().kind(), ErrorKind::Internal);
    assert_eq!(trail.check(&trailcore::ReadOptions::new()).unwrap_err().kind(), ErrorKind::Internal);
}
