//! Outcomes of an evaluation other than a value: why a change is undecidable, and errors.

use crate::filter::eval::column::ColumnUse;
use crate::filter::eval::scalar::Scalar;

/// Why a change cannot be decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UndecidableReason {
    /// A column is NULL (OGG-02293).
    Null,
    /// A column is not in the record (OGG-03019).
    Missing,
    /// A column is present and not decodable.
    Invalid,
    /// The row is encrypted, damaged, or of a form that is not known.
    Unreadable,
    /// Something that the trail does not tell.
    NotAvailable,
}

impl UndecidableReason {
    /// The number that GoldenGate's own message has, where one is known.
    #[must_use]
    pub fn ogg_number(self) -> Option<u32> {
        match self {
            Self::Null => Some(2293),
            Self::Missing => Some(3019),
            _ => None,
        }
    }
}

/// What keeps a test from an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum EvalError {
    /// A state where a value is needed; the suspects say whose.
    State(UndecidableReason),
    Column(ColumnUse, UndecidableReason),
    Unavailable(&'static str),
    /// An error, with the number of GoldenGate's own where it is known.
    Error(Option<u32>, &'static str),
}

pub(crate) const NOT_COMPARABLE: EvalError = EvalError::Error(Some(2210), "cannot compare values of these types");
/// OGG-01334: an error in @COMPUTE.
pub(crate) const COMPUTE: u32 = 1334;

/// The state of what is no value.
pub(crate) fn reason_of(value: &Scalar<'_>) -> Option<UndecidableReason> {
    match value {
        Scalar::Null => Some(UndecidableReason::Null),
        Scalar::Missing => Some(UndecidableReason::Missing),
        Scalar::Invalid => Some(UndecidableReason::Invalid),
        _ => None,
    }
}
