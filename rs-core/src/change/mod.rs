//! The model of a change, whatever format it comes from.
//!
//! - [`Change`] is a change that a source lends until the next call, [`ChangeBlock`] holds many owned ones, [`OwnedChange`] is one
//!   of a block.
//! - [`Row`] is an image, [`Column`] one of its columns, [`Value`] a column's value. [`image`] is the encoding of rows in memory.
//! - [`Builder`] makes changes from values, for sources that are not trails.
//!
//! Nothing here depends on a format. A source gives each change a head of plain numbers and an image in the row form, and answers
//! questions about its raw bytes through one small trait.

mod block;
mod builder;
#[allow(clippy::module_inception)]
mod change;
mod facts;
mod head;
pub mod image;
mod json;
mod op;
mod row;
mod transaction;
mod value;

pub use block::{ChangeBlock, OwnedChange, StoredBlock};
pub use builder::Builder;
pub use change::Change;
pub use facts::Ddl;
pub use json::JsonOptions;
pub use op::Op;
pub use row::{Column, Row};
pub use transaction::TransactionIndicator;
pub use value::{ColumnState, Decimal, Number, OwnedValue, Value};

pub use crate::time::{DateTime, Precision};

pub(crate) use block::Run;
pub(crate) use builder::{Built, put_value, values_context};
pub(crate) use change::{ChangeContext, FileContext, Lists, PositionSpace, SourceFormat, located_fault};
pub(crate) use facts::{Fact, FactValue, HeaderFact, UserToken, tagged};
pub(crate) use head::{Head, HeadFacts, Layout};
pub(crate) use json::{BASE64_MEMBER, INVALID_MEMBER, JsonValue, UNCHANGED_MEMBER, UNSUPPORTED_MEMBER};
pub(crate) use row::integer;
pub(crate) use transaction::TransactionIds;
pub(crate) use value::{NumberText, integer_body};
