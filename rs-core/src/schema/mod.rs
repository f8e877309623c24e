//! Table definitions: [`TableDef`] and [`ColumnDef`], from a trail's metadata records or from definitions files.
//!
//! Releases from 12.2 on write definitions into the trail. For older trails the `DEFGEN` utility writes them to a file,
//! which [`Catalog`] reads. Both sources yield equal definitions for the same table.

mod catalog;
mod ddl;
mod defgen;
mod table;
mod table_id;

pub use catalog::Catalog;
#[cfg(test)]
pub(crate) use table::COMPARED;
pub use table::{ColumnDef, Kind, SourceFacts, TableDef};
pub(crate) use table::{Reading, sub_type};
pub(crate) use table_id::TableIds;
pub use table_id::{TableId, TableMap};
