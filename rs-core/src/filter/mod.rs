//! Selecting changes in the language that GoldenGate's users write: TABLE, MAP, FILTER, WHERE, COLMAP and the rest.
//!
//! ```text
//! text ──► statements ──► Select ──► Program (one for a table) ──► Verdict
//!          parser          compile    bind                          evaluate
//! ```
//!
//! - [`Select`] is what a parameter file says, or the same by calls: [`Rule`], [`Filter`], [`Expr`], [`Condition`].
//! - [`Program`] is a selection bound to a table: names are ordinals, literals are typed, tests are in order.
//! - [`Selector`] applies a selection to a stream, and binds to tables as they come.
//! - [`Verdict`] is accept, reject (and by what), undecidable (which columns, and why), or an error (and its number).
//! - [`Facts`] is a change as plain values, for those who have no trail.
//! - [`LogdumpFilter`] is the FILTER command of the interactive dump tool.
//!
//! A column has five states. Where a value is needed and there is none, the answer is not *no* but *undecidable*: NULL is
//! OGG-02293, a missing column OGG-03019. [`Mode`] says what becomes of it. `docs/filter.md` is the guide, with examples; what
//! each part of the language means, and which of it is INFERRED, stands there too.

mod eval;
mod logdump;
mod ops;
mod plan;
mod select;
mod selector;
mod syntax;
mod verdict;

pub use eval::context::TextUnit;
pub use eval::outcome::UndecidableReason;
pub use eval::subject::Facts;
pub use logdump::{LogdumpFacts, LogdumpFilter};
pub use plan::bind::Tier;
pub use plan::explain::{Explanation, RuleExplained, TestExplained};
pub use plan::program::{Program, Projected, Scratch};
pub use select::{Mode, Select, SelectBuilder};
pub use selector::Selector;
pub use syntax::diagnostic::{Diagnostic, DiagnosticKind, Diagnostics};
pub use syntax::expr::{Condition, Expr, Operand, Relation, Side, before, call, col, decimal, env, num, text, word};
pub use syntax::function::Function;
pub use syntax::lexer::Dialect;
pub use syntax::names::{NamePattern, ObjectPattern};
pub use syntax::statement::{Filter, NameMatch, RowOp, Rule};
pub use verdict::{Counts, Failure, Rejection, Undecided, Verdict};

/// Its pieces of Rust are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/filter.md")]
struct Guide;

/// Does what goes down as deep as an expression, for whoever calls with little stack left: threads that a program has made
/// small, and Java's, which promise native code no more than some ten kilobytes.
pub(crate) fn with_deep_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(512 << 10, 4 << 20, work)
}
