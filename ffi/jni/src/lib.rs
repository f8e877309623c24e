//! The native library of trailcore's Java binding: the native methods of `io.trailcore.Native`.
//!
//! It converts values and holds handles; the logic is in the crate `trailcore`. Arguments and results that are more than a
//! number are messages (module `wire`), so a call crosses the language boundary once. A panic in a native method becomes an
//! exception, and its object cannot be used again. Errors become exceptions too, and never replace a pending one.
//!
//! The library exports only the native methods and `JNI_OnLoad`.

#![allow(unsafe_code)]

mod arrow;
mod batches;
mod block;
mod callback;
mod classes;
mod failure;
mod header;
mod native;
mod object;
mod reader;
mod records;
mod report;
mod schema;
mod tail;
mod wire;
mod writer;
