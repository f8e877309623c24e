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

mod bind;
mod calls;
mod dates;
mod diagnostic;
mod environment;
mod eval;
mod explain;
mod expr;
mod function;
mod index;
mod lexer;
mod logdump;
mod macros;
mod names;
mod parameters;
mod parser;
mod program;
mod rule;
mod scalar;
mod select;
mod selector;
mod statement;
mod subject;
mod verdict;

pub use bind::Tier;
pub use diagnostic::{Diagnostic, Diagnostics, Finding};
pub use eval::{TextUnit, Why};
pub use explain::{Explanation, RuleExplained, TestExplained};
pub use expr::{Condition, Expr, Operand, Relation, Side, before, call, col, decimal, env, num, text, word};
pub use function::Function;
pub use lexer::Dialect;
pub use logdump::{LogdumpFacts, LogdumpFilter};
pub use names::{NamePattern, ObjectPattern};
pub use program::{Program, Projected, Scratch};
pub use select::{Mode, Select, SelectBuilder};
pub use selector::Selector;
pub use statement::{Filter, NameMatch, RowOp, Rule};
pub use subject::Facts;
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
