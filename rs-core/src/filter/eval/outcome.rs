//! Results of an evaluation other than a value: the reason why a change is undecidable, and errors.

use crate::filter::eval::column::ColumnUse;
use crate::filter::eval::scalar::Scalar;

/// The reason why a change is undecidable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UndecidableReason {
    /// A column is NULL (OGG-02293).
    Null,
    /// A column is not in the record (OGG-03019).
    Missing,
    /// A column is present but not decodable.
    Invalid,
    /// The row is encrypted, damaged, or has an unknown layout.
    Unreadable,
    /// The trail does not contain the information.
    NotAvailable,
}

impl UndecidableReason {
    /// Returns the number of GoldenGate's own message, if one is known.
    #[must_use]
    pub fn ogg_number(self) -> Option<u32> {
        match self {
            Self::Null => Some(2293),
            Self::Missing => Some(3019),
            _ => None,
        }
    }
}

/// The reason why a test has no result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum EvalError {
    /// A state instead of a value. The blamed columns of the context have the columns.
    State(UndecidableReason),
    Column(ColumnUse, UndecidableReason),
    Unavailable(&'static str),
    /// An error, with the number of GoldenGate's own message if it is known.
    Error(Option<u32>, &'static str),
}

pub(crate) const NOT_COMPARABLE: EvalError = EvalError::Error(Some(2210), "cannot compare values of these types");
/// OGG-01334: an error in @COMPUTE.
pub(crate) const COMPUTE: u32 = 1334;

/// Returns the reason if a scalar is not a value.
pub(crate) fn reason_of(value: &Scalar<'_>) -> Option<UndecidableReason> {
    match value {
        Scalar::Null => Some(UndecidableReason::Null),
        Scalar::Missing => Some(UndecidableReason::Missing),
        Scalar::Invalid => Some(UndecidableReason::Invalid),
        _ => None,
    }
}
