//! Where changes go: for now, [`TrailWriter`] writes trails.

mod hand_on;
mod row;
mod trail;

pub use row::RowBuilder;
pub use trail::{TrailWriter, UpdateStyle, WriterOptions};
