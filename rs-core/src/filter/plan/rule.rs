//! One rule bound to one table: its ordered tests, and its projection.

use std::collections::HashSet;
use std::sync::Arc;

use crate::change::Op;
use crate::filter::eval::context::{Context, Operand};
use crate::filter::eval::node::Node;
use crate::filter::eval::outcome::{EvalError, UndecidableReason};
use crate::filter::eval::subject::Subject;
use crate::filter::ops::OpMask;
use crate::filter::plan::bind::{Binder, Columns, Tier, Traits, traits};
use crate::filter::syntax::diagnostic::{Diagnostic, DiagnosticKind, Span};
use crate::filter::syntax::expr::{ColumnName, Condition, ConditionKind, Expr, ExprKind, Side};
use crate::filter::syntax::function::Function;
use crate::filter::syntax::statement::{Assignment, Clause};
use crate::filter::verdict::{Failure, Rejection, Undecided, Verdict};
use crate::filter::with_deep_stack;
use crate::schema::TableDef;

/// One rule that names the table.
#[derive(Debug)]
pub(crate) struct BoundRule {
    /// Its number in the selection.
    pub(super) number: usize,
    pub(super) ops: OpMask,
    /// A change that it accepts is left out, because of the clause with this number.
    pub(super) leaves_out: Option<usize>,
    pub(super) conjuncts: Vec<Conjunct>,
    /// Errors found on binding. If there are any, the rule is an error for each change.
    pub(super) problems: Vec<Diagnostic>,
    pub(super) lints: Vec<Diagnostic>,
    pub(super) projection: Projection,
}

/// One test; all of them must hold.
#[derive(Debug)]
pub(super) struct Conjunct {
    pub(super) node: Node,
    pub(super) clause: usize,
    pub(super) ops: OpMask,
    pub(super) raise_error: Option<u32>,
    pub(super) traits: Traits,
    /// It is so deep that its evaluation may need more stack than there is.
    deep: bool,
    /// Its text, for [`Program::explain`](crate::filter::Program::explain).
    pub(super) text: Box<str>,
}

/// Maximum depth for which there is always enough stack.
const SHALLOW: u32 = 12;

/// The columns and tokens that a rule produces.
#[derive(Debug, Default)]
pub(super) struct Projection {
    /// The rule has no projection clause: it produces the whole row.
    pub(super) whole: bool,
    /// The table's columns, by index; `None` for all.
    pub(super) kept: Option<Vec<usize>>,
    pub(super) derived: Vec<(Box<str>, Option<usize>, Node)>,
    pub(super) tokens: Vec<(Box<str>, Node)>,
}

impl BoundRule {
    #[inline]
    pub(super) fn verdict<S: Subject>(&self, op: Op, context: &Context<'_, S>) -> Verdict {
        if !self.ops.has(op) {
            return Verdict::Reject(Rejection::Operation);
        }
        if !self.problems.is_empty() {
            return self.problem();
        }
        for conjunct in &self.conjuncts {
            if !conjunct.ops.has(op) {
                continue;
            }
            let truth = || conjunct.node.truth(context);
            match if conjunct.deep { with_deep_stack(truth) } else { truth() } {
                Ok(true) => {}
                Ok(false) => return self.reject(conjunct),
                Err(error) => return self.without_result(conjunct, error, context),
            }
        }
        Verdict::Accept(self.number)
    }

    #[inline]
    fn reject(&self, conjunct: &Conjunct) -> Verdict {
        let (rule, clause) = (self.number, conjunct.clause);
        match conjunct.raise_error {
            None => Verdict::Reject(Rejection::Clause { rule, clause }),
            Some(user) => Verdict::Error(Failure {
                rule,
                clause,
                ogg_number: Some(1155),
                user_number: Some(user),
                what: "the change did not pass a FILTER with RAISEERROR",
            }),
        }
    }

    #[cold]
    fn problem(&self) -> Verdict {
        let number = self.problems.iter().find_map(Diagnostic::ogg_number);
        Verdict::Error(Failure {
            rule: self.number,
            clause: 0,
            ogg_number: number,
            user_number: None,
            what: "the rule does not fit the table",
        })
    }

    #[cold]
    fn without_result<S: Subject>(&self, conjunct: &Conjunct, error: EvalError, context: &Context<'_, S>) -> Verdict {
        without_result((self.number, conjunct.clause), error, context)
    }
}

/// Returns the verdict of an expression in a clause of a rule that has no result.
#[cold]
pub(super) fn without_result<S: Subject>((rule, clause): (usize, usize), error: EvalError, context: &Context<'_, S>) -> Verdict {
    let mut columns = [None; 4];
    let mut what = "";
    let why = match error {
        EvalError::Error(ogg_number, what) => {
            return Verdict::Error(Failure { rule, clause, ogg_number, user_number: None, what });
        }
        EvalError::Unavailable(unavailable) => {
            what = unavailable;
            UndecidableReason::NotAvailable
        }
        EvalError::Column(column, why) => {
            columns = [Some((column.index, column.side)), None, None, None];
            why
        }
        EvalError::State(why) => {
            columns = context.suspects.get().list.map(|suspect| suspect.map(|(column, _)| (column.index, column.side)));
            why
        }
    };
    Verdict::Undecidable(Undecided { rule, clause, why, what, columns })
}

pub(super) fn bind_rule(
    number: usize,
    clauses: &[Clause],
    ops: OpMask,
    (table, others): (&Arc<TableDef>, &[Arc<TableDef>]),
    columns: &mut Columns,
    absent: &mut Vec<Box<str>>,
    strict: bool,
) -> BoundRule {
    let key: Vec<ColumnName> = clauses
        .iter()
        .find_map(|clause| if let Clause::KeyCols(names) = clause { Some(names.clone()) } else { None })
        .unwrap_or_default();
    let mut binder = Binder { table, columns, key: &key, others, absent, has_length: false };
    let mut rule = BoundRule {
        number,
        ops,
        leaves_out: None,
        conjuncts: Vec::new(),
        problems: Vec::new(),
        lints: Vec::new(),
        projection: Projection::default(),
    };
    for (index, clause) in clauses.iter().enumerate() {
        let bound = match clause {
            Clause::Filter(filter) => {
                let ops = OpMask::of(|op| filter.applies(op));
                let parts: &[Expr] = match &filter.expr.kind {
                    ExprKind::All(list) => list,
                    _ => std::slice::from_ref(&filter.expr),
                };
                rule.lint_unguarded(parts, table);
                parts.iter().try_for_each(|part| {
                    let node = binder.test(part)?;
                    rule.push(node, (index, part.depth), ops, filter.raise_error, part.to_string());
                    Ok(())
                })
            }
            Clause::Where(condition) => {
                let parts: &[Condition] = match &condition.kind {
                    ConditionKind::All(list) => list,
                    _ => std::slice::from_ref(condition),
                };
                parts.iter().try_for_each(|part| {
                    let node = binder.condition(part)?;
                    rule.push(node, (index, part.depth), OpMask::of(|_| true), None, part.to_string());
                    Ok(())
                })
            }
            _ => Ok(()),
        };
        rule.problems.extend(bound.err());
    }
    let projection = bind_projection(&mut binder, clauses, table);
    match projection {
        Ok(projection) => rule.projection = projection,
        Err(problem) => rule.problems.push(problem),
    }
    put_in_order(&mut rule.conjuncts, strict);
    rule
}

impl BoundRule {
    fn push(&mut self, node: Node, (clause, depth): (usize, u32), ops: OpMask, raise_error: Option<u32>, text: String) {
        let (traits, deep) = (traits(&node), depth > SHALLOW);
        self.conjuncts.push(Conjunct { node, clause, ops, raise_error, traits, deep, text: text.into() });
    }

    /// Adds lints for comparisons of columns that may be NULL without a test before them (GoldenGate stops with OGG-02293).
    fn lint_unguarded(&mut self, parts: &[Expr], table: &TableDef) {
        let mut guarded = HashSet::new();
        for part in parts {
            match &part.kind {
                ExprKind::Call(Function::ColTest, arguments) => {
                    if let [subject, test] = &**arguments {
                        if let (ExprKind::Column(column), ExprKind::Word("PRESENT")) = (&subject.kind, &test.kind) {
                            guarded.insert(column.name.to_ascii_uppercase());
                        }
                    }
                }
                ExprKind::Compare(_, two) => {
                    for side in [&two.0, &two.1] {
                        let ExprKind::Column(column) = &side.kind else { continue };
                        let definition = table.column(&column.name).map(|(_, definition)| definition);
                        let may_be_null = definition.is_some_and(|own| !own.key && own.facts.nullable != Some(false));
                        if may_be_null && !guarded.contains(&column.name.to_ascii_uppercase()) {
                            let message = format!("{} may be NULL, which is an error in strict mode", column.name);
                            let help =
                                format!("put @COLTEST ({}, PRESENT) AND before the comparison, or use lenient mode", column.name);
                            self.lints.push(Diagnostic::lint(DiagnosticKind::UnguardedColumn, side.span, message).help(help));
                            // One lint per column.
                            guarded.insert(column.name.to_ascii_uppercase());
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// Sorts tests into evaluation order (docs/filter.md, section 6).
///
/// Tests that cannot fail and need no values come first. All others keep their order: errors then occur where GoldenGate would
/// raise them, and a test guards those after it. In lenient mode nothing fails, so tests are sorted by cost. A clause with RAISEERROR
/// does not move, and none moves across it: it fails where another one would reject.
fn put_in_order(conjuncts: &mut [Conjunct], strict: bool) {
    let may_move = |one: &Conjunct, other: &Conjunct| one.raise_error.is_none() && other.raise_error.is_none();
    for run in conjuncts.chunk_by_mut(may_move) {
        if strict {
            run.sort_by_key(|conjunct| match (conjunct.traits.fallible, conjunct.traits.tier) {
                (false, tier @ (Tier::Header | Tier::Presence)) => tier,
                _ => Tier::Values,
            });
        } else {
            run.sort_by_key(|conjunct| (conjunct.traits.tier, conjunct.traits.cost));
        }
    }
}

fn bind_projection(binder: &mut Binder<'_>, clauses: &[Clause], table: &TableDef) -> Result<Projection, Diagnostic> {
    let span = Span::default();
    let mut projection = Projection::default();
    // COLMAP without USEDEFAULTS produces only the derived columns, whether or not there is a COLS.
    let mut only_derived = false;
    let all = || 0..table.columns().len();
    for clause in clauses {
        match clause {
            Clause::Cols(names) | Clause::ColsExcept(names) => {
                let listed =
                    names.iter().map(|name| Ok(usize::from(binder.column(name, span)?.index))).collect::<Result<Vec<_>, _>>()?;
                let keeps = matches!(clause, Clause::Cols(_));
                if let (false, Some(key)) =
                    (keeps, listed.iter().filter_map(|index| table.columns().get(*index)).find(|column| column.key))
                {
                    let message = format!("COLSEXCEPT cannot drop the key column {}", key.name);
                    return Err(Diagnostic::error(DiagnosticKind::Argument, span, message));
                }
                projection.kept = Some(all().filter(|index| listed.contains(index) == keeps).collect());
            }
            Clause::ColMap { use_defaults, assignments } => {
                only_derived |= !use_defaults;
                for Assignment { target, value } in assignments {
                    let length = table
                        .column(&target.name)
                        .map(|(_, column)| column.external_length as usize)
                        .filter(|length| *length > 0);
                    binder.has_length = length.is_some();
                    let value = binder.expr(value);
                    binder.has_length = false;
                    projection.derived.push((target.name.clone(), length, value?));
                }
            }
            Clause::Tokens(assignments) => {
                for Assignment { target, value } in assignments {
                    projection.tokens.push((target.name.clone(), binder.expr(value)?));
                }
            }
            _ => {}
        }
    }
    if only_derived {
        projection.kept = Some(Vec::new());
    }
    let projects = clauses
        .iter()
        .any(|clause| matches!(clause, Clause::Cols(_) | Clause::ColsExcept(_) | Clause::ColMap { .. } | Clause::Tokens(_)));
    projection.whole = !projects;
    if projects {
        // Kept columns must be located too.
        let kept: Vec<usize> = projection.kept.clone().unwrap_or_else(|| all().collect());
        for column in kept.iter().filter_map(|index| table.columns().get(*index)) {
            let name = ColumnName { side: Side::Default, name: column.name.clone(), exact_case: true };
            binder.column(&name, span)?;
        }
    }
    Ok(projection)
}
