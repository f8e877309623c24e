//! Columns as bound programs refer to them.

use crate::filter::syntax::expr::Side;

/// A column of the table as a program refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ColumnUse {
    pub(crate) side: Side,
    /// Its index in the table.
    pub(crate) index: u16,
    /// Its place among the columns that the program needs.
    pub(crate) slot: u16,
}

/// A column that a program needs: its index in the table, and its place among those needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Needed {
    pub(crate) index: u16,
    pub(crate) slot: u16,
}
