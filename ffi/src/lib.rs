//! The C library. `include/trailcore.h` is generated from these files and their comments.
//!
//! Each C object has a file, which converts arguments and holds a handle. The work is done in `trailcore`. Unsafe code is
//! concentrated in three modules: `handle` converts between pointers and references, `text` reads strings and structs, and
//! `boundary` stops panics.
//!
//! # Pointer contract
//!
//! The header states it for the callers of all exported functions, in its chapters on lifetimes and threads:
//!
//! - A pointer to an object is null, or was returned by this library and has not been freed.
//! - A `const char *` is null or ends with a NUL. An array has as many elements as its count. A struct that starts with its
//!   size has at least this many bytes. Strings, arrays and structs do not change during a call.
//! - An out parameter is null or can be written.
//! - No other call uses an object that a function takes without const, and no call uses an object that is being freed.
//!
//! All other mistakes of a caller return a status.
#![allow(unsafe_code, non_camel_case_types)]
// The pointer contract above covers all exported functions.
#![allow(clippy::missing_safety_doc, unsafe_op_in_unsafe_fn)]

mod boundary;
mod failure;
mod handle;
mod prelude;
mod ready;
mod text;

#[cfg(feature = "arrow")]
pub mod arrow;
pub mod block;
pub mod buffer;
pub mod call;
pub mod catalog;
pub mod change;
pub mod column;
pub mod delivery;
#[cfg(feature = "drill")]
pub mod drill;
pub mod error;
pub mod header;
pub mod hub;
pub mod log;
pub mod logdump;
pub mod memory;
pub mod op;
pub mod options;
pub mod pipelines;
pub mod reader;
pub mod record;
pub mod record_reader;
pub mod row;
pub mod select;
pub mod selector;
pub mod skipped;
pub mod status;
pub mod table;
pub mod tail;
pub mod time;
pub mod trail;
pub mod version;
pub mod writer;
