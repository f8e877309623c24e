//! The decision of a selection on a change.

use std::fmt;

use crate::filter::eval::outcome::UndecidableReason;
use crate::filter::syntax::expr::Side;

/// The decision on one change. Small, `Copy`, and made without allocating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Verdict {
    /// Wanted, by the rule with this number.
    Accept(usize),
    /// Not wanted.
    Reject(Rejection),
    /// Not decidable.
    Undecidable(Undecided),
    /// An error.
    Error(Failure),
}

/// The reason for a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// No rule names its object.
    Object,
    /// Its object is excluded.
    Excluded,
    /// Its operation is not wanted.
    Operation,
    /// It is outside the CSN, time or position limits.
    Limits,
    /// Its tag is not wanted.
    Tag,
    /// A FILTER or WHERE rejects it.
    Clause {
        /// Number of the rule.
        rule: usize,
        /// Number of the clause in the rule.
        clause: usize,
    },
}

/// The clause that could not be decided, and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Undecided {
    /// Number of the rule.
    pub rule: usize,
    /// Number of the clause in the rule.
    pub clause: usize,
    /// The reason.
    pub why: UndecidableReason,
    /// The item that is not available, if that is the reason; empty otherwise.
    pub what: &'static str,
    /// The columns to blame, by index: the columns that the test had read when it stopped, at most four.
    pub(crate) columns: [Option<(u16, Side)>; 4],
}

impl Undecided {
    /// Returns the columns to blame: index in the table, and image. At most four.
    pub fn columns(&self) -> impl Iterator<Item = (usize, Side)> + use<> {
        self.columns.into_iter().flatten().map(|(index, side)| (usize::from(index), side))
    }
}

/// An error of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    /// Number of the rule.
    pub rule: usize,
    /// Number of the clause in the rule.
    pub clause: usize,
    /// The number of GoldenGate's own message, if one is known.
    pub ogg_number: Option<u32>,
    /// The error number of RAISEERROR.
    pub user_number: Option<u32>,
    /// The message.
    pub what: &'static str,
}

impl Verdict {
    /// Returns `true` if the change is wanted.
    #[inline]
    #[must_use]
    pub fn is_accept(&self) -> bool {
        matches!(self, Self::Accept(_))
    }

    /// Returns the number of GoldenGate's own message, if there is one.
    #[must_use]
    pub fn ogg_number(&self) -> Option<u32> {
        match self {
            Self::Undecidable(undecided) => undecided.why.ogg_number(),
            Self::Error(failure) => failure.ogg_number,
            _ => None,
        }
    }
}

impl fmt::Display for Verdict {
    /// Describes the verdict, without column data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.ogg_number() {
            write!(f, "OGG-{number:05}: ")?;
        }
        match self {
            Self::Accept(rule) => write!(f, "accepted by rule {rule}"),
            Self::Reject(Rejection::Object) => f.write_str("rejected: no rule names the object"),
            Self::Reject(Rejection::Excluded) => f.write_str("rejected: the object is excluded"),
            Self::Reject(Rejection::Operation) => f.write_str("rejected: the operation is not wanted"),
            Self::Reject(Rejection::Limits) => f.write_str("rejected: outside the CSN, time or position limits"),
            Self::Reject(Rejection::Tag) => f.write_str("rejected: the tag is not wanted"),
            Self::Reject(Rejection::Clause { rule, clause }) => write!(f, "rejected by clause {clause} of rule {rule}"),
            Self::Undecidable(undecided) => {
                write!(f, "clause {} of rule {} cannot be decided: ", undecided.clause, undecided.rule)?;
                f.write_str(undecided.reason())?;
                undecided.columns().try_for_each(|(index, _)| write!(f, " (column {index})"))
            }
            Self::Error(failure) => {
                write!(f, "clause {} of rule {}: {}", failure.clause, failure.rule, failure.what)?;
                failure.user_number.map_or(Ok(()), |number| write!(f, " (user error {number})"))
            }
        }
    }
}

/// The number of changes per kind of verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accepted.
    pub accepted: u64,
    /// Rejected.
    pub rejected: u64,
    /// Not decidable. Lenient mode rejects them.
    pub undecidable: u64,
    /// Errors. Lenient mode rejects them.
    pub errors: u64,
}

/// Changes of one table that a selection could not decide on, or failed on, for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Doubt {
    pub(crate) table: String,
    /// The columns to blame.
    pub(crate) columns: Vec<String>,
    pub(crate) reason: String,
    pub(crate) changes: u64,
}

impl Undecided {
    /// Returns the reason in words.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self.why {
            UndecidableReason::Null => "a column is NULL",
            UndecidableReason::Missing => "a column is not in the record",
            UndecidableReason::Invalid if self.columns().next().is_none() => "a function cannot convert its argument",
            UndecidableReason::Invalid => "a column cannot be decoded",
            UndecidableReason::Unreadable => "the row cannot be read",
            UndecidableReason::NotAvailable => self.what,
        }
    }
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.undecidable += other.undecidable;
        self.errors += other.errors;
    }

    #[inline]
    pub(crate) fn count(&mut self, verdict: &Verdict) {
        *match verdict {
            Verdict::Accept(_) => &mut self.accepted,
            Verdict::Reject(_) => &mut self.rejected,
            Verdict::Undecidable(_) => &mut self.undecidable,
            Verdict::Error(_) => &mut self.errors,
        } += 1;
    }
}
