//! Changes as Arrow record batches, and as C streams that any language with Arrow takes in. Needs the feature `arrow`.
//!
//! [`Trail::table`](crate::Trail::table) streams the changes of one table under one schema;
//! [`Trail::batches`](crate::Trail::batches) those of all tables in one pass. The buffers of the bulk decode are handed over
//! as they are, wherever Arrow has the same shape; only decimals are widened to 128 bits.
//!
//! | column | Arrow type |
//! |---|---|
//! | integer without scale | `Int64`; unsigned of 64 bits: `UInt64` |
//! | integer with scale | `Decimal128` of its digits and scale |
//! | number as text, of declared scale | `Decimal128(38, scale)`; `Decimal256(76, scale)` where its length declares more than 50 characters |
//! | number as text, without | as [`Numbers`] says: `Utf8` with its exact digits, if not said otherwise |
//! | text | `Utf8` |
//! | date and time | `Timestamp` without a zone, of microseconds, or of nanoseconds where more than six digits are declared; `Date32` where a date alone is |
//! | bytes, and types whose bytes are UNKNOWN | `Binary` |
//!
//! A value that its type cannot hold without loss is an error that names a way out, never rounded, cut or left out.
//!
//! Each batch starts with the columns `_op` (`insert`, `update`, `pk_update`, `delete`, `truncate`), `_position` (text such
//! as `0000000012:0000001956`, which sorts in the trail's order and is read by [`Position`](crate::Position)), `_csn`, `_xid`
//! (text) and `_timestamp` (microseconds, UTC). A truncate has no values. Statements (DDL) are no changes of a table's rows
//! and are left to the [`Reader`](crate::Reader).

mod column;
mod options;
mod records;
mod schema;
mod stream;
mod unify;

pub use options::{ArrowOptions, Invalid, Layout, Numbers, SchemaChange, Times};
pub use schema::{is_meta, schema};
pub use stream::{Batches, TableRecords, TableStream, c_stream};
