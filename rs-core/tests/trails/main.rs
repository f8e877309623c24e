//! Whole trails, from the writer to the reader: written changes are read back.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod assembly;
mod definitions;
mod sequence;
mod transactions;
mod values;
