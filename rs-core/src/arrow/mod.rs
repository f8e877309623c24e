//! Changes as Arrow record batches, and as C streams for any language with Arrow support. Requires the feature `arrow`.
//!
//! [`Trail::table`](crate::Trail::table) streams the changes of one table under one schema;
//! [`Trail::batches`](crate::Trail::batches) streams those of all tables in one pass. Buffers of the bulk decoder are moved
//! into Arrow arrays without a copy if the layout is the same; only decimals are widened to 128 bits.
//!
//! | column | Arrow type |
//! |---|---|
//! | integer without scale | `Int64`; unsigned of 64 bits: `UInt64` |
//! | integer with scale | `Decimal128` of its digits and scale |
//! | number as text, with a declared scale | `Decimal128(38, scale)`; `Decimal256(76, scale)` if its declared length is over 50 characters |
//! | number as text, without a declared scale | according to [`Numbers`]; by default `Utf8` with its exact digits |
//! | text | `Utf8` |
//! | date and time | `Timestamp` without a zone, in microseconds, or in nanoseconds if more than six digits are declared, according to [`Times`]; `Date32` if only a date is declared |
//! | bytes, and types whose bytes are UNKNOWN | `Binary` |
//!
//! A value that its type cannot hold without loss is an error whose message names an option that avoids it. It is never
//! rounded, truncated or omitted.
//!
//! Each batch starts with the columns `_op` (`insert`, `update`, `pk_update`, `delete`, `truncate`), `_position` (text such
//! as `0000000012:0000001956`, which sorts in the trail's order and parses as a [`Position`](crate::Position)), `_csn`, `_xid`
//! (text) and `_timestamp` (microseconds, UTC). Options add further ones. A truncate has no values. DDL does not change rows of a table; only the
//! [`Reader`](crate::Reader) returns it.

mod collect;
mod column;
mod maker;
mod options;
mod parallel;
mod records;
mod schema;
mod stream;
mod unify;

pub use collect::Collector;
pub use options::{ArrowOptions, CsnType, Fill, Invalid, Layout, Numbers, SchemaChange, Times};
pub use records::TableRecords;
pub use schema::{is_meta, schema};
pub use stream::{Batches, TableStream, c_stream};
