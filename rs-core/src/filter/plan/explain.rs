//! Explains how a program decides, as data and as text.

use std::fmt;

use crate::filter::eval::node::{Node, WhereOperand};
use crate::filter::plan::bind::Tier;
use crate::filter::plan::program::{Inner, Program};
use crate::filter::plan::rule::Conjunct;
use crate::filter::syntax::diagnostic::{Diagnostic, Diagnostics};
use crate::filter::syntax::source::SourceText;

impl Program {
    /// Explains how it decides: the tests in evaluation order, what each reads, and lints.
    #[must_use]
    pub fn explain(&self) -> Explanation {
        let inner = &*self.inner;
        let rules = inner.rules.iter().map(|rule| RuleExplained {
            rule: rule.number,
            tests: rule.conjuncts.iter().map(|conjunct| inner.explain_test(conjunct)).collect(),
            lints: rule.problems.iter().chain(&rule.lints).cloned().collect(),
            columns_kept: rule.projection.kept.as_ref().map(|kept| {
                kept.iter().filter_map(|index| inner.table.columns().get(*index)).map(|column| column.name.to_string()).collect()
            }),
            derived: rule.projection.derived.iter().map(|(name, ..)| name.to_string()).collect(),
        });
        let also = self.also.as_ref().map(|also| Box::new(also.explain()));
        Explanation { table: inner.table.name().to_owned(), rules: rules.collect(), source: inner.source.clone(), also }
    }
}

impl Inner {
    fn explain_test(&self, conjunct: &Conjunct) -> TestExplained {
        let mut columns = Vec::new();
        columns_of(&conjunct.node, &mut columns);
        let name = |index: &u16| {
            let column = self.table.columns().get(usize::from(*index));
            column.map_or_else(|| format!("COL{index}"), |column| column.name.to_string())
        };
        TestExplained {
            clause: conjunct.clause,
            text: conjunct.text.to_string(),
            tier: conjunct.traits.tier,
            can_fail: conjunct.traits.fallible,
            comparator: comparator(&conjunct.node),
            columns: columns.iter().map(name).collect(),
        }
    }
}

/// How a selection decides on one table. `Display` writes it as text.
///
/// ```
/// use std::sync::Arc;
/// use trailcore::filter::{Select, Tier};
/// use trailcore::schema::{ColumnDef, TableDef};
///
/// let table = Arc::new(TableDef::new("HR.EMP", vec![ColumnDef::integer("SALARY", 2)]));
/// let select = Select::parse("TABLE HR.EMP, FILTER (SALARY > 1000 AND @STREQ (@GETENV ('GGHEADER', 'OPTYPE'), 'INSERT'));")?;
/// let explained = select.bind(&table).explain();
/// assert_eq!(explained.rules[0].tests[0].tier, Tier::Header);
/// assert!(explained.to_string().contains("64-bit integer"));
/// # Ok::<(), trailcore::filter::Diagnostics>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// The name of the table.
    pub table: String,
    /// The rules that name the table, in order.
    pub rules: Vec<RuleExplained>,
    /// How a selection that narrows it decides.
    pub also: Option<Box<Explanation>>,
    source: SourceText,
}

/// One rule, explained.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RuleExplained {
    /// Its number in the selection.
    pub rule: usize,
    /// Its tests, in evaluation order.
    pub tests: Vec<TestExplained>,
    /// Errors from binding to the table, and lints.
    pub lints: Vec<Diagnostic>,
    /// The table columns that it keeps; `None` for all.
    pub columns_kept: Option<Vec<String>>,
    /// The names of derived columns.
    pub derived: Vec<String>,
}

/// One test, explained.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestExplained {
    /// The number of its clause in the rule.
    pub clause: usize,
    /// Its text.
    pub text: String,
    /// The part of the change that it reads.
    pub tier: Tier,
    /// It can fail, and therefore keeps its position in strict mode.
    pub can_fail: bool,
    /// How it is evaluated.
    pub comparator: &'static str,
    /// The columns that it needs.
    pub columns: Vec<String>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "table {}", self.table)?;
        if self.rules.is_empty() {
            writeln!(f, "  no rule names it: its changes are rejected by name")?;
        }
        for rule in &self.rules {
            writeln!(f, "  rule {}", rule.rule)?;
            if rule.tests.is_empty() && !rule.lints.iter().any(Diagnostic::is_error) {
                writeln!(f, "    no tests: decided by name and operation")?;
            }
            for (place, test) in rule.tests.iter().enumerate() {
                let tier = match test.tier {
                    Tier::Header => "header",
                    Tier::Presence => "presence",
                    Tier::Values => "values",
                };
                write!(f, "    {}. [{tier}] {} — {}", place + 1, test.text, test.comparator)?;
                if !test.columns.is_empty() {
                    write!(f, "; columns {}", test.columns.join(", "))?;
                }
                writeln!(f, "{}", if test.can_fail { "; can fail" } else { "" })?;
            }
            if let Some(kept) = &rule.columns_kept {
                writeln!(f, "    keeps: {}", kept.join(", "))?;
            }
            if !rule.derived.is_empty() {
                writeln!(f, "    derives: {}", rule.derived.join(", "))?;
            }
            if !rule.lints.is_empty() {
                writeln!(f, "{}", Diagnostics::new(self.source.clone(), rule.lints.clone()))?;
            }
        }
        if let Some(also) = &self.also {
            write!(f, "and, of what is left, {also}")?;
        }
        Ok(())
    }
}

fn comparator(node: &Node) -> &'static str {
    match node {
        Node::IntegerIs(test) if test.width == 8 => "range of a 64-bit integer",
        Node::IntegerIs(_) => "range of an integer",
        Node::Compare(..) => "exact numbers",
        Node::Where(_) => "values of the column's type",
        Node::State(..) => "state of a column",
        Node::Find(_) => "prepared search",
        Node::OneOf(_) => "sorted list",
        Node::Range(_) => "hash of the key",
        Node::All(_) | Node::Any(_) => "several tests",
        Node::Unavailable(_) => "not available in a trail",
        _ => "non-zero expression",
    }
}

/// Adds the columns that a node needs, each once, in order of appearance.
fn columns_of(node: &Node, out: &mut Vec<u16>) {
    let mut add = |index: u16| {
        if !out.contains(&index) {
            out.push(index);
        }
    };
    match node {
        Node::Column(column) => add(column.index),
        Node::IntegerIs(test) => add(test.column.index),
        Node::Where(test) => {
            add(test.column.index);
            if let WhereOperand::Column(other) = test.operand {
                add(other.index);
            }
        }
        Node::Negate(one) | Node::Compute(one) | Node::State(one, _) => columns_of(one, out),
        Node::Arithmetic(_, two) | Node::Compare(_, two) => {
            columns_of(&two.0, out);
            columns_of(&two.1, out);
        }
        Node::All(list) | Node::Any(list) | Node::Call(_, list) => list.iter().for_each(|node| columns_of(node, out)),
        Node::Find(find) => columns_of(&find.text, out),
        Node::OneOf(one_of) => {
            columns_of(&one_of.value, out);
            one_of.others.iter().for_each(|node| columns_of(node, out));
        }
        Node::Date(plan) => plan.inputs.iter().for_each(|(_, node)| columns_of(node, out)),
        Node::Range(plan) => plan.key.iter().for_each(|node| columns_of(node, out)),
        Node::StrNum(parts) => columns_of(&parts.0, out),
        Node::Constant(_) | Node::Environment(_) | Node::Token(_) | Node::Unavailable(_) => {}
    }
}
