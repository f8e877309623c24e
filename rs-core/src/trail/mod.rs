//! The trail format over byte slices: no I/O, and no allocation per row.
//!
//! A trail file is a sequence of records and nothing else: no blocks, padding, checksums or end mark (see
//! docs/trail-format.md, section 2). This module frames a [`Record`], parses its [`RecordHeader`], its [`tokens`], the
//! [`metadata`] records that define tables, and the column [`image`]s of rows; [`encode`] writes all of them, and [`places`]
//! finds what has to be replaced in a record that is rewritten.
//! `docs/trail-format.md` documents every number used here, with its evidence.
//!
//! Most users want the layers above: [`Trail`](crate::Trail) reads files and returns [`Change`](crate::Change)s.

mod change;
mod decoder;
pub(crate) mod definition;
pub(crate) mod file_header;
mod frame;
mod header_field;
mod prefetch;
mod record_header;
mod record_type;
mod wire;

pub mod encode;
pub mod image;
pub mod metadata;
pub mod places;
pub mod tokens;

pub use change::TrailChange;
pub use decoder::{Decoder, Resync};
pub use file_header::{Encryption, Field, FileHeader, Group, SubToken};
pub use frame::{FILE_HEADER, RECORD, Record, area, detect_byte_order};
pub use header_field::{HeaderField, HeaderKind, HeaderValue};
pub use record_header::{RecordHeader, TableRef, TransactionIndicator};
pub use record_type::RecordType;
pub use wire::{ByteOrder, Fault, FaultKind, INFO_UNSET, INFO_WIDE, Token, Tokens};

pub(crate) use change::TrailFormat;
pub(crate) use frame::{Frame, settle_byte_order};
pub(crate) use prefetch::prefetch;
pub(crate) use record_header::{PARTITION_COLUMNS, PARTITION_TDR_INDEX};
pub(crate) use wire::put_token;
