//! References to columns in bound programs.

use crate::filter::syntax::expr::Side;

/// A reference to a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ColumnUse {
    pub(crate) side: Side,
    /// Its index in the table.
    pub(crate) index: u16,
    /// Its number among the columns that the program needs.
    pub(crate) slot: u16,
}

/// A column that a program needs: its index in the table, and its number among the needed ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Needed {
    pub(crate) index: u16,
    pub(crate) slot: u16,
}
