//! What a selection says of a change.

use std::fmt;

use crate::filter::eval::outcome::UndecidableReason;
use crate::filter::syntax::expr::Side;

/// The decision on one change. Small, copied freely, and made without allocating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Wanted, by the rule of this number.
    Accept(usize),
    /// Not wanted.
    Reject(Rejection),
    /// It cannot be told.
    Undecidable(Undecided),
    /// An error.
    Error(Failure),
}

/// What turned a change away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// No rule names its object.
    Object,
    /// Its object is excluded.
    Excluded,
    /// Its operation is not wanted.
    Operation,
    /// It lies outside the limits of CSN, time or position.
    Limits,
    /// Its tag.
    Tag,
    /// A FILTER or WHERE: by the numbers of the rule, and of the clause in it.
    Clause {
        /// Number of the rule.
        rule: usize,
        /// Number of the clause in the rule.
        clause: usize,
    },
}

/// Where and why a decision could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// Number of the rule.
    pub rule: usize,
    /// Number of the clause in the rule.
    pub clause: usize,
    /// Why.
    pub why: UndecidableReason,
    /// What is not available, where that is why.
    pub what: &'static str,
    /// The columns to blame, by index: those that the test looked at until it came to a stop, at most four.
    pub(crate) columns: [Option<(u16, Side)>; 4],
}

impl Undecided {
    /// The columns to blame: index in the table, and image.
    pub fn columns(&self) -> impl Iterator<Item = (usize, Side)> + use<> {
        self.columns.into_iter().flatten().map(|(index, side)| (usize::from(index), side))
    }
}

/// An error of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Number of the rule.
    pub rule: usize,
    /// Number of the clause in the rule.
    pub clause: usize,
    /// The number that GoldenGate's own message has, where one is known.
    pub ogg_number: Option<u32>,
    /// The number that RAISEERROR names.
    pub user_number: Option<u32>,
    /// What is wrong.
    pub what: &'static str,
}

impl Verdict {
    /// Whether the change is wanted.
    #[inline]
    #[must_use]
    pub fn is_accept(&self) -> bool {
        matches!(self, Self::Accept(_))
    }

    /// The number that GoldenGate's own message has, where there is one.
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
    /// In words, without column data.
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
                let why = match undecided.why {
                    UndecidableReason::Null => "a column is NULL",
                    UndecidableReason::Missing => "a column is not in the record",
                    UndecidableReason::Invalid => "a column cannot be decoded",
                    UndecidableReason::Unreadable => "the row cannot be read",
                    UndecidableReason::NotAvailable => undecided.what,
                };
                f.write_str(why)?;
                undecided.columns().try_for_each(|(index, _)| write!(f, " (column {index})"))
            }
            Self::Error(failure) => {
                write!(f, "clause {} of rule {}: {}", failure.clause, failure.rule, failure.what)?;
                failure.user_number.map_or(Ok(()), |number| write!(f, " (user error {number})"))
            }
        }
    }
}

/// How many changes came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accepted.
    pub accepted: u64,
    /// Rejected.
    pub rejected: u64,
    /// Not decidable; in lenient mode turned away.
    pub undecidable: u64,
    /// Errors; in lenient mode turned away.
    pub errors: u64,
}

impl Counts {
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
