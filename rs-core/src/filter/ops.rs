//! Sets of operations.

use crate::change::Op;

/// A set of operations, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpMask(u8);

impl OpMask {
    pub(crate) fn of(test: impl Fn(Op) -> bool) -> Self {
        Self(Op::ALL.into_iter().filter(|op| test(*op)).fold(0, |mask, op| mask | (1 << op as u8)))
    }

    #[inline]
    pub(crate) fn has(self, op: Op) -> bool {
        self.0 & (1 << op as u8) != 0
    }
}
