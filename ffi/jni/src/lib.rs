//! The native half of trailcore's Java binding: what the native methods of `io.trailcore.Native` do.
//!
//! It converts and holds handles; the logic is the library's. Arguments and results that are more than a number are messages
//! (module `wire`), so that a call crosses the border once. Each native method catches panics: they become exceptions, and the
//! object that was at work is not used again. Errors become exceptions too, and never replace one that is pending.
//!
//! Nothing but the native methods and `JNI_OnLoad` is exported.

#![allow(unsafe_code)]

mod arrow;
mod batches;
mod callback;
mod failure;
mod header;
mod native;
mod object;
mod reader;
mod records;
mod report;
mod schema;
mod wire;
mod writer;
