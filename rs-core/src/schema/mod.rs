//! What a table looks like: [`TableDef`] and [`ColumnDef`], from a trail's own metadata records or from definition files.
//!
//! Releases from 12.2 on write definitions into the trail. For older trails the `DEFGEN` utility writes them to a file,
//! which [`Catalog`] reads. The same table from either source gives equal definitions.

mod catalog;
mod defgen;
mod table;

pub use catalog::Catalog;
pub use table::{ColumnDef, Kind, SourceFacts, TableDef};
pub(crate) use table::{Reading, sub_type};
