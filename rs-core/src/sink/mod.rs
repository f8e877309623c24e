//! Sinks: [`TrailWriter`] writes trails; `Trail::convert` writes CSV (feature `csv`), Parquet and Arrow IPC (feature
//! `parquet`) and JSON lines; `Trail::write_index` writes side indexes.

#[cfg(any(feature = "csv", feature = "parquet"))]
mod convert;
#[cfg(feature = "csv")]
mod csv;
#[cfg(any(feature = "csv", feature = "parquet"))]
mod files;
mod forward;
mod index;
#[cfg(feature = "parquet")]
mod parquet;
mod publish;
mod row;
mod save;
mod trail;

#[cfg(any(feature = "csv", feature = "parquet"))]
pub use convert::{ConvertOptions, Converted, Format};
#[cfg(feature = "csv")]
pub use csv::CsvLines;
#[cfg(any(feature = "csv", feature = "parquet"))]
pub use files::{Written, file_name};
pub use index::{IndexOptions, IndexReport, IndexedFile};
#[cfg(feature = "parquet")]
pub use parquet::write_parquet;
pub use row::RowBuilder;
pub use save::Saved;
pub use trail::{TrailWriter, UpdateStyle, WriterOptions};
