//! Selects changes in GoldenGate's filter language: TABLE, MAP, FILTER, WHERE, COLMAP and the functions.
//!
//! ```text
//! text ──► statements ──► Select ──► Program (one for a table) ──► Verdict
//!          parser          compile    bind                          evaluate
//! ```
//!
//! - [`Select`] is a selection: parsed from a parameter file, or built from [`Rule`], [`Filter`], [`Expr`], [`Condition`].
//! - [`Program`] is a selection bound to a table: names are ordinals, literals are typed, tests are ordered.
//! - [`Selector`] applies a selection to a stream of changes and binds it to each new table.
//! - [`Verdict`] is accept, reject (with the reason), undecidable (with columns and reason), or an error (with its number).
//! - [`LogdumpFilter`] is the FILTER command of the interactive dump tool.
//!
//! A column has five states. If a test needs a value and there is none, the result is not *reject* but *undecidable*: NULL is
//! OGG-02293, a missing column is OGG-03019. [`Mode`] controls what happens then. `docs/filter.md` is the guide: it has examples,
//! defines each part of the language, and marks what is INFERRED.

mod eval;
mod files;
mod logdump;
mod ops;
mod options;
mod parts;
mod plan;
mod select;
mod selector;
mod syntax;
mod table_name;
mod verdict;

pub use eval::context::TextUnit;
pub use eval::kind::ProjectedKind;
pub use eval::outcome::UndecidableReason;
pub use logdump::{LogdumpFacts, LogdumpFilter};
pub use options::SelectOptions;
pub use parts::SelectParts;
pub use plan::bind::Tier;
pub use plan::explain::{Explanation, RuleExplained, TestExplained};
pub use plan::program::{Program, Projected, Scratch};
pub use select::{Mode, Select, SelectBuilder};
pub use selector::Selector;
pub use syntax::diagnostic::{Diagnostic, DiagnosticKind, Diagnostics, nearest};
pub use syntax::expr::{Condition, Expr, Operand, Relation, Side, before, call, col, decimal, env, num, text, word};
pub use syntax::function::Function;
pub use syntax::lexer::Dialect;
pub use syntax::macros::expand_parameters;
pub use syntax::names::{NamePattern, ObjectPattern};
pub use syntax::outline::{Form, Outline, Piece, PieceFault, PieceFaultKind, PieceKind, outline};
pub use syntax::source::{Expanded, TextOrigin};
pub use syntax::statement::{Filter, NameMatch, RowOp, Rule};
pub(crate) use table_name::TableName;
pub(crate) use verdict::Doubt;
pub use verdict::{Counts, Failure, Rejection, Undecided, Verdict};

/// Compiles and runs the Rust examples of the guide.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/filter.md")]
struct Guide;

/// Runs recursive work on an expression with enough stack. Callers may have little stack left: threads with a small stack, and
/// Java threads, which guarantee native code only some ten kilobytes.
pub(crate) fn with_deep_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(512 << 10, 4 << 20, work)
}
