//! The C library: what `include/trailcore.h` declares. The header is made of these files and their comments.
//!
//! Each C object has a file. They convert and hold handles; what is done is done in `trailcore`. What is unsafe about it is
//! in few places: `handle` turns pointers into references and back, `text` reads strings and structs, `boundary` lets
//! no panic out.
#![allow(unsafe_code, non_camel_case_types)]
#![deny(unsafe_op_in_unsafe_fn)]
// The header says it once for all functions, in its chapters on pointers and threads.
#![allow(clippy::missing_safety_doc)]

mod boundary;
mod handle;
mod text;

#[cfg(feature = "arrow")]
pub mod arrow;
pub mod batch;
pub mod buffer;
pub mod builder;
pub mod catalog;
pub mod change;
pub mod column;
pub mod condition;
#[cfg(feature = "drill")]
pub mod drill;
pub mod error;
pub mod expr;
pub mod header;
pub mod log;
pub mod logdump;
pub mod options;
pub mod reader;
pub mod record;
pub mod report;
pub mod row;
pub mod rule;
pub mod select;
pub mod selector;
pub mod status;
pub mod summary;
pub mod table;
pub mod time;
pub mod trail;
pub mod version;
pub mod writer;
