//! The trail format over byte slices: no I/O, and no allocation on the way of a row.
//!
//! A trail file is a run of records and nothing else: no blocks, padding, checksums or end mark (spec section 1). This
//! module frames a [`Record`], reads its [`RecordHeader`], its [`tokens`], the [`metadata`] records that define tables,
//! and the column [`image`]s of rows; [`encode`] writes all of them. Every number here is documented with the evidence
//! that it rests on in `docs/trail-format.md`.
//!
//! Most users want the layers above: [`Trail`](crate::Trail) reads files, [`Change`](crate::Change) is what they see.

pub(crate) mod file_header;
mod frame;
mod record_header;
mod record_type;
mod wire;

pub mod encode;
pub mod image;
pub mod metadata;
pub mod tokens;

pub use file_header::{Encryption, Field, FileHeader, Group, SubToken};
pub use frame::{FILE_HEADER, Frame, RECORD, Record, area, detect_byte_order};
pub use record_header::{RecordHeader, TableRef, TransactionIndicator};
pub use record_type::RecordType;
pub use wire::{ByteOrder, Fault, FaultKind, INFO_UNSET, INFO_WIDE, Token, Tokens};

pub(crate) use frame::{claimed_length, frame, frame_run, settle_byte_order};
pub(crate) use record_header::{PARTITION_COLUMNS, PARTITION_TDR_INDEX};
pub(crate) use wire::{put_s16, put_token};
