//! Where changes go: for now, [`TrailWriter`] writes trails.

mod forward;
mod row;
mod trail;

pub use row::RowBuilder;
pub use trail::{TrailWriter, UpdateStyle, WriterOptions};
