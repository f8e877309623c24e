//! [`Program`]: a selection bound to one table.

use std::cell::Cell;
use std::sync::Arc;

use bumpalo::Bump;

use crate::change::{Change, Op, OwnedValue};
use crate::filter::eval::column::{ColumnUse, Needed};
use crate::filter::eval::context::{Context, Operand, Settings};
use crate::filter::eval::kind::ProjectedKind;
use crate::filter::eval::outcome::EvalError;
use crate::filter::eval::scalar::Scalar;
use crate::filter::eval::subject::{ChangeSubject, Span, Subject};
use crate::filter::plan::bind::Columns;
use crate::filter::plan::index::{Bits, Entry, RuleIndex, places};
use crate::filter::plan::rule::{BoundRule, Projection, bind_rule, without_result};
use crate::filter::select::{Effect, Select};
use crate::filter::syntax::diagnostic::{Diagnostic, Diagnostics};
use crate::filter::syntax::expr::Side;
use crate::filter::syntax::source::SourceText;
use crate::filter::verdict::{Rejection, Undecided, Verdict};
use crate::filter::with_deep_stack;
use crate::schema::TableDef;

/// A [`Select`] bound to one version of a table's definition. It is immutable, and cloning shares it. Any number of threads may
/// use it, each with its own [`Scratch`].
///
/// ```
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
/// use trailcore::filter::{Scratch, Select};
///
/// let select = Select::parse("TABLE BANK.POSTINGS, WHERE (AMOUNT > 1000);")?;
/// let mut scratch = Scratch::default();
/// let mut reader = trail.reader()?;
/// let mut wanted = 0;
/// while let Some(change) = reader.next()? {
///     let program = select.bind(change.table()); // once a table in real use, as a Selector does
///     wanted += u32::from(program.verdict(&change, &mut scratch).is_accept());
/// }
/// assert!(wanted > 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) inner: Arc<Inner>,
    /// The program of a selection that narrows this one.
    pub(super) also: Option<Arc<Program>>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(super) table: Arc<TableDef>,
    pub(super) source: SourceText,
    settings: Settings,
    columns: Vec<Needed>,
    /// Names of columns that only other definitions of the table have; see [`Binder`](super::bind::Binder).
    absent: Vec<Box<str>>,
    /// All columns of the table, for rules that return whole rows.
    every: Vec<Needed>,
    pub(crate) rules: Vec<BoundRule>,
    /// The rules to evaluate, for each operation on rows.
    indexes: [RuleIndex; INDEXED.len()],
    /// The rejection if no rule is bound.
    pub(crate) otherwise: Rejection,
}

/// The operations on rows; each has an index of rules.
const INDEXED: [Op; 4] = [Op::Insert, Op::Update, Op::PkUpdate, Op::Delete];

/// Memory for evaluations, which is reused. Each thread needs its own.
#[derive(Debug, Default)]
pub struct Scratch {
    memory: Bump,
    places: Vec<Cell<Span>>,
    candidates: Bits,
}

/// The projection of a row by a rule: columns that are kept, renamed or computed, and tokens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projected {
    /// Columns by name. Missing ones are left out.
    pub columns: Vec<(String, OwnedValue)>,
    /// Tokens by name.
    pub tokens: Vec<(String, OwnedValue)>,
}

impl Select {
    /// Binds the selection to a table. [`Program::problems`] lists what does not fit the table; a rule with a problem is an error
    /// for each change.
    #[must_use]
    pub fn bind(&self, table: &Arc<TableDef>) -> Program {
        self.bind_among(table, &[])
    }

    /// Binds the selection to one definition of a table that has others in the trail. A column that only these have is no problem: it
    /// is missing from the rows of this one.
    #[must_use]
    pub fn bind_among(&self, table: &Arc<TableDef>, others: &[Arc<TableDef>]) -> Program {
        with_deep_stack(|| Program::new(self, table, others))
    }
}

impl Program {
    pub(crate) fn new(select: &Select, table: &Arc<TableDef>, others: &[Arc<TableDef>]) -> Self {
        let compiled = select.compiled();
        let (numbers, otherwise, also) = Self::wanted_by(select, table, others);
        let (mut columns, mut absent) = (Columns::default(), Vec::new());
        let rules: Vec<BoundRule> = numbers
            .into_iter()
            .filter_map(|number| compiled.rules.get(number).map(|rule| (number, rule)))
            .map(|(number, rule)| {
                let (clauses, tables) = (&rule.rule.clauses, (table, others));
                let leaves_out = if let Effect::LeaveOut(clause) = rule.effect { Some(clause) } else { None };
                // A change that such a rule cannot decide on is left out: its tests guard each other in lenient mode too.
                let strict = select.is_strict() || leaves_out.is_some();
                let bound = bind_rule(number, clauses, rule.ops, tables, &mut columns, &mut absent, strict);
                BoundRule { leaves_out, ..bound }
            })
            .collect();
        let inner = Inner {
            table: Arc::clone(table),
            source: select.source().clone(),
            settings: select.settings,
            columns: columns.into_list(),
            absent,
            indexes: INDEXED.map(|op| RuleIndex::new(op, table, entries(&rules, op))),
            every: (0..=u16::MAX).take(table.columns().len()).map(|index| Needed { index, slot: index }).collect(),
            rules,
            otherwise,
        };
        Self { inner: Arc::new(inner), also: also.map(Arc::new) }
    }

    /// Returns the numbers of the rules that decide on a table, the rejection if there is none, and the program of the selection that
    /// narrows this one. If one of the two turns the whole table away, neither is bound to it: what the other asks of columns is no
    /// problem of this table.
    fn wanted_by(select: &Select, table: &Arc<TableDef>, others: &[Arc<TableDef>]) -> (Vec<usize>, Rejection, Option<Self>) {
        let compiled = select.compiled();
        let numbers = compiled.rules_of(table.name());
        if numbers.is_empty() {
            return (numbers, compiled.why_not(table.name()), None);
        }
        match select.also().map(|also| Self::new(also, table, others)) {
            Some(also) if also.rejects_all() => (Vec::new(), also.inner.otherwise, None),
            also => (numbers, Rejection::Object, also),
        }
    }

    /// Returns the table that it is bound to.
    #[must_use]
    pub fn table(&self) -> &Arc<TableDef> {
        &self.inner.table
    }

    /// Returns the name of a column by its index in its rules.
    pub(crate) fn column_name(&self, index: usize) -> Option<&str> {
        self.inner.column_name(index).or_else(|| self.also.as_ref()?.column_name(index))
    }

    /// Returns the names of the columns to blame.
    pub(crate) fn names_of(&self, undecided: &Undecided) -> Vec<String> {
        undecided.columns().map(|(index, _)| self.column_name(index).unwrap_or("?").to_owned()).collect()
    }

    /// Returns whether no rule names the table.
    #[must_use]
    pub fn rejects_all(&self) -> bool {
        self.inner.rules.is_empty()
    }

    /// Returns whether it wants all changes of the table, of any operation.
    pub(crate) fn accepts_all(&self) -> bool {
        let whole = |rule: &BoundRule| {
            let selects = rule.leaves_out.is_none() && rule.problems.is_empty();
            selects && rule.conjuncts.is_empty() && Op::ALL.into_iter().all(|op| rule.ops.has(op))
        };
        self.inner.rules.first().is_some_and(whole) && self.also.as_ref().is_none_or(|also| also.accepts_all())
    }

    /// Returns what does not fit the table: unknown columns, types that cannot be compared. `None` if everything fits.
    #[must_use]
    pub fn problems(&self) -> Option<Diagnostics> {
        let all: Vec<Diagnostic> = self.inner.rules.iter().flat_map(|rule| rule.problems.iter().cloned()).collect();
        let own = (!all.is_empty()).then(|| Diagnostics::new(self.inner.source.clone(), all));
        own.or_else(|| self.also.as_ref()?.problems())
    }

    /// Decides on a change of its table by its rules: operations, FILTER, WHERE. A rule with EVENTACTIONS (IGNORE) or (DISCARD) that
    /// accepts a change rejects it. If several rules name the table, the first that accepts decides; otherwise the first that is undecidable or fails; otherwise the change is rejected. Limits and tags are
    /// left to a [`Selector`](crate::filter::Selector).
    pub fn verdict(&self, change: &Change<'_>, scratch: &mut Scratch) -> Verdict {
        self.judge(change, scratch)
    }

    #[inline]
    pub(crate) fn judge(&self, change: &Change<'_>, scratch: &mut Scratch) -> Verdict {
        let own = self.own_verdict(change, scratch);
        match &self.also {
            Some(also) if own.is_accept() => also.judge(change, scratch),
            _ => own,
        }
    }

    #[inline]
    fn own_verdict(&self, change: &Change<'_>, scratch: &mut Scratch) -> Verdict {
        let inner = &*self.inner;
        match inner.find_candidates(change, scratch) {
            Ok(()) => inner.evaluate(change, scratch),
            Err(rejection) => Verdict::Reject(rejection),
        }
    }

    /// Returns whether its first test rejects a row that is one record on its own. `false` decides nothing.
    #[inline(always)]
    pub(crate) fn prefilter_rejects(&self, change: &Change<'_>) -> bool {
        self.inner.index(change.op()).is_some_and(|index| index.prefilter_rejects(change))
    }

    /// Calls `each` with the number and the decision of every rule that does not reject the change. It is for many rules on one
    /// stream, few of which accept a change. Rules whose first test compares a number or a
    /// text, or looks for a word, are found by an index, without evaluating the others.
    pub fn each_hit(&self, change: &Change<'_>, scratch: &mut Scratch, mut each: impl FnMut(usize, Verdict)) {
        // A selection that narrows this one decides for all rules.
        if self.also.as_ref().is_some_and(|also| matches!(also.judge(change, scratch), Verdict::Reject(_))) {
            return;
        }
        let inner = &*self.inner;
        if inner.find_candidates(change, scratch).is_err() {
            return;
        }
        scratch.make_room(inner.columns.len());
        {
            let subject = ChangeSubject::new(*change, &inner.columns, &scratch.places);
            let context = Context::new(&subject, &scratch.memory, inner.settings);
            let op = subject.op();
            for rule in places(&scratch.candidates).filter_map(|place| inner.rules.get(place)) {
                let verdict = rule.verdict(op, &context);
                if verdict.is_accept() && rule.leaves_out.is_some() {
                    break;
                }
                if !matches!(verdict, Verdict::Reject(_)) {
                    each(rule.number, verdict);
                    // It is not known whether the change is left out: no later rule decides on it.
                    if rule.leaves_out.is_some() {
                        break;
                    }
                }
            }
        }
        scratch.clear();
    }

    /// Returns the projection of a change by the rule of this number: its COLS, COLSEXCEPT, COLMAP and TOKENS, or the whole row
    /// if it has none of these.
    ///
    /// # Errors
    /// [`ErrorKind::Filter`](crate::ErrorKind::Filter) if the program does not have the rule or an expression fails,
    /// [`ErrorKind::Undecidable`](crate::ErrorKind::Undecidable) if it needs information that the trail does not contain.
    pub fn project(&self, change: &Change<'_>, rule: usize, scratch: &mut Scratch) -> crate::Result<Projected> {
        let inner = &*self.inner;
        let columns = inner.needed_by(rule);
        scratch.make_room(columns.len());
        let projected = {
            let subject = ChangeSubject::new(*change, columns, &scratch.places);
            with_deep_stack(|| inner.project(rule, &subject, &scratch.memory))
        };
        scratch.clear();
        projected.map_err(|error| change.locate(error))
    }
}

impl Program {
    /// Returns the columns that a rule of this number projects, in their order, and what their values are. A row may lack some of them.
    /// None if the program does not have the rule, or the rule does not fit the table.
    ///
    /// ```
    /// use trailcore::filter::{ProjectedKind, Select};
    /// # use trailcore::schema::{ColumnDef, TableDef};
    /// # let table = std::sync::Arc::new(TableDef::new("HR.EMP", vec![ColumnDef::varchar("NAME", 20)]));
    /// let select = Select::parse("MAP HR.EMP, TARGET HR.EMP, COLMAP (WHO = NAME, LENGTH = @STRLEN (NAME));")?;
    /// let columns = select.bind(&table).projected(0);
    /// assert_eq!(columns[0], ("WHO".to_owned(), ProjectedKind::Column(0)));
    /// assert_eq!(columns[1], ("LENGTH".to_owned(), ProjectedKind::Number));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn projected(&self, rule: usize) -> Vec<(String, ProjectedKind)> {
        let Inner { table, rules, .. } = &*self.inner;
        let Some(rule) = rules.iter().find(|bound| bound.number == rule && bound.problems.is_empty()) else { return Vec::new() };
        let Projection { kept, derived, .. } = &rule.projection;
        let is_kept = |index: usize, name: &str| {
            let replaced = derived.iter().any(|(own, ..)| own.eq_ignore_ascii_case(name));
            !replaced && kept.as_ref().is_none_or(|kept| kept.contains(&index))
        };
        let own = table.columns().iter().enumerate().filter(|(index, column)| is_kept(*index, &column.name));
        let own = own.map(|(index, column)| (column.name.to_string(), ProjectedKind::Column(index)));
        // The later one of two derived columns with one name counts.
        let is_last = |at: usize, name: &str| !derived.iter().skip(at + 1).any(|(later, ..)| later.eq_ignore_ascii_case(name));
        let derived = derived.iter().enumerate().filter(|(at, (name, ..))| is_last(*at, name));
        let derived = derived.map(|(_, (name, _, node))| (name.to_string(), with_deep_stack(|| node.projected_kind(table))));
        own.chain(derived).collect()
    }
}

impl Scratch {
    #[inline]
    fn make_room(&mut self, columns: usize) {
        if self.places.len() < 2 * columns {
            self.places.resize(2 * columns, Cell::new(Span::MISSING));
        }
    }

    #[inline]
    fn clear(&mut self) {
        // The arena keeps its largest chunk: nothing is allocated once that is large enough.
        if self.memory.allocated_bytes() > 0 {
            self.memory.reset();
        }
    }
}

/// Returns the rules that may want changes of an operation, each with its first test.
fn entries(rules: &[BoundRule], op: Op) -> impl Iterator<Item = Entry<'_>> + Clone {
    rules.iter().enumerate().filter(move |(_, rule)| rule.ops.has(op)).map(move |(place, rule)| {
        let first = rule.conjuncts.iter().find(|conjunct| conjunct.ops.has(op));
        let rejection = match first {
            Some(conjunct) => Rejection::Clause { rule: rule.number, clause: conjunct.clause },
            None => Rejection::Operation,
        };
        // A rule that raises an error instead of rejecting, or does not fit the table, must be evaluated.
        let plain = first.filter(|conjunct| conjunct.raise_error.is_none() && rule.problems.is_empty());
        Entry { place, first: plain.map(|conjunct| &conjunct.node), rejection }
    })
}

impl Inner {
    #[inline(always)]
    fn index(&self, op: Op) -> Option<&RuleIndex> {
        let [inserts, updates, key_updates, deletes] = &self.indexes;
        match op {
            Op::Insert => Some(inserts),
            Op::Update => Some(updates),
            Op::PkUpdate => Some(key_updates),
            Op::Delete => Some(deletes),
            _ => None,
        }
    }

    /// Returns the rejection of a change of an operation that no rule wants.
    fn otherwise_of_op(&self) -> Rejection {
        if self.rules.is_empty() { self.otherwise } else { Rejection::Operation }
    }

    /// Finds the rules that may want a change. Fails with the rejection if there are none.
    #[inline]
    fn find_candidates(&self, change: &Change<'_>, scratch: &mut Scratch) -> Result<(), Rejection> {
        let Some(index) = self.index(change.op()) else {
            self.all_rules(&mut scratch.candidates);
            return Ok(());
        };
        if index.candidates(change, &mut scratch.candidates, &scratch.memory) {
            return Ok(());
        }
        // Texts of other character sets were decoded.
        scratch.clear();
        Err(index.otherwise.unwrap_or(self.otherwise_of_op()))
    }

    fn all_rules(&self, bits: &mut Bits) {
        bits.clear();
        bits.resize(self.rules.len().div_ceil(64), u64::MAX);
    }

    /// Evaluates the rules that may want a change.
    fn evaluate(&self, change: &Change<'_>, scratch: &mut Scratch) -> Verdict {
        scratch.make_room(self.columns.len());
        let verdict = {
            let subject = ChangeSubject::new(*change, &self.columns, &scratch.places);
            let rules = places(&scratch.candidates).filter_map(|place| self.rules.get(place));
            self.verdict(&subject, rules, &scratch.memory)
        };
        scratch.clear();
        verdict
    }

    fn verdict<'r, S: Subject>(&'r self, subject: &S, rules: impl Iterator<Item = &'r BoundRule>, memory: &Bump) -> Verdict {
        let context = Context::new(subject, memory, self.settings);
        let op = subject.op();
        let mut kept = None;
        for rule in rules {
            match (rule.verdict(op, &context), rule.leaves_out) {
                (Verdict::Accept(rule), Some(clause)) => return Verdict::Reject(Rejection::Clause { rule, clause }),
                (accepted @ Verdict::Accept(_), None) => return accepted,
                (rejected @ Verdict::Reject(_), _) => kept = kept.or(Some(rejected)),
                // It is not known whether the change is left out.
                (trouble, Some(_)) => return trouble,
                (trouble, None) => {
                    if !matches!(kept, Some(Verdict::Undecidable(_) | Verdict::Error(_))) {
                        kept = Some(trouble);
                    }
                }
            }
        }
        kept.unwrap_or(Verdict::Reject(self.otherwise))
    }

    /// Returns the columns that a rule's projection needs.
    fn needed_by(&self, number: usize) -> &[Needed] {
        let whole = self.rules.iter().any(|rule| rule.number == number && rule.projection.whole);
        if whole { &self.every } else { &self.columns }
    }

    fn project<S: Subject>(&self, number: usize, subject: &S, memory: &Bump) -> crate::Result<Projected> {
        let Some(rule) = self.rules.iter().find(|rule| rule.number == number) else {
            let what = format!("rule {number} does not name table {}", self.table.name());
            return Err(crate::Error::new(crate::ErrorKind::Filter, what));
        };
        if !rule.problems.is_empty() {
            return Err(Diagnostics::new(self.source.clone(), rule.problems.clone()).into());
        }
        let mut out = Projected::default();
        let mut context = Context::new(subject, memory, self.settings);
        let failed = |trouble, name: &str, context: &Context<'_, S>| self.project_error(trouble, (number, name), context);
        let columns = self.needed_by(number);
        for (index, column) in self.table.columns().iter().enumerate() {
            if rule.projection.kept.as_ref().is_some_and(|kept| !kept.contains(&index)) {
                continue;
            }
            let slot = columns.binary_search_by_key(&(index as u16), |needed| needed.index).ok();
            let Some(slot) = slot.and_then(|at| columns.get(at)).map(|needed| needed.slot) else { continue };
            let column_use = ColumnUse { side: Side::Default, index: index as u16, slot };
            let value = subject.column(column_use, memory).map_err(|trouble| failed(trouble, &column.name, &context))?;
            out.columns.extend(plain(value).map(|value| (column.name.to_string(), value)));
        }
        for (name, length, node) in &rule.projection.derived {
            context.target_length = *length;
            let value = node.value(&context).map_err(|trouble| failed(trouble, name, &context))?;
            // A derived column replaces the row's own column of that name.
            out.columns.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
            out.columns.extend(plain(value).map(|value| (name.to_string(), value)));
        }
        context.target_length = None;
        for (name, node) in &rule.projection.tokens {
            let value = node.value(&context).map_err(|trouble| failed(trouble, name, &context))?;
            out.tokens.extend(plain(value).map(|value| (name.to_string(), value)));
        }
        Ok(out)
    }

    /// Returns the error of a column that a rule makes, if its expression has no result.
    fn project_error<S: Subject>(
        &self,
        trouble: EvalError,
        (rule, name): (usize, &str),
        context: &Context<'_, S>,
    ) -> crate::Error {
        let verdict = without_result((rule, 0), trouble, context);
        let number = verdict.ogg_number().map_or(String::new(), |number| format!("OGG-{number:05}: "));
        let (kind, what) = match &verdict {
            Verdict::Error(failure) => (crate::ErrorKind::Filter, failure.what.to_owned()),
            Verdict::Undecidable(undecided) => {
                let names: Vec<&str> = undecided.columns().map(|(index, _)| self.column_name(index).unwrap_or("?")).collect();
                let of = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
                (crate::ErrorKind::Undecidable, format!("{}{of}", undecided.reason()))
            }
            Verdict::Accept(_) | Verdict::Reject(_) => return crate::Error::internal("an expression without a result has one"),
        };
        crate::Error::new(kind, format!("column {name} of a rule for {}: {number}{what}", self.table.name()))
    }

    /// Returns the name of a column by its index in its rules.
    fn column_name(&self, index: usize) -> Option<&str> {
        let own = self.table.columns().get(index).map(|column| &*column.name);
        own.or_else(|| self.absent.get(usize::from(u16::MAX).checked_sub(index)?).map(|name| &**name))
    }
}

/// Returns a value as plain data; `None` if it is missing.
fn plain(value: Scalar<'_>) -> Option<OwnedValue> {
    Some(match value {
        Scalar::Null => OwnedValue::Null,
        Scalar::Missing => return None,
        Scalar::Invalid => OwnedValue::Invalid(Vec::new()),
        Scalar::Number(number) => OwnedValue::Number(number.to_string().into()),
        Scalar::Digits(digits) => OwnedValue::Number(digits.trim().into()),
        Scalar::Text(text) => OwnedValue::Text(text.into()),
        Scalar::Bytes(bytes) => OwnedValue::Bytes(bytes.to_vec()),
        Scalar::DateTime(time) => OwnedValue::Text(time.to_string().into()),
        Scalar::Special(special) => OwnedValue::Text(special.name().into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Builder, Number, OwnedChange, Value};
    use crate::schema::ColumnDef;

    fn table() -> Arc<TableDef> {
        let columns = vec![ColumnDef::integer("ID", 0).key(), ColumnDef::varchar("NAME", 20), ColumnDef::integer("PRICE", 2)];
        Arc::new(TableDef::new("SHOP.ITEMS", columns))
    }

    fn insert(table: &Arc<TableDef>) -> OwnedChange {
        Builder::new(Op::Insert, table)
            .after("ID", &Value::Number(Number::Text("1")))
            .and_then(|change| change.after("NAME", &Value::Text("bolt".into())))
            .and_then(|change| change.after("PRICE", &Value::Number(Number::Text("2.50"))))
            .and_then(Builder::build)
            .unwrap()
    }

    #[test]
    fn a_rule_without_a_projection_returns_the_row() {
        let table = table();
        let names = |text: &str| -> Vec<String> {
            let program = Select::parse(text).unwrap().bind(&table);
            program
                .project(&insert(&table).as_change(), 0, &mut Scratch::default())
                .unwrap()
                .columns
                .into_iter()
                .map(|(name, _)| name)
                .collect()
        };
        assert_eq!(names("TABLE SHOP.ITEMS;"), ["ID", "NAME", "PRICE"]);
        assert_eq!(names("TABLE SHOP.ITEMS, FILTER (PRICE > 1);"), ["ID", "NAME", "PRICE"]);
        assert_eq!(names("TABLE SHOP.ITEMS, FILTER (PRICE > 1), COLS (NAME);"), ["NAME"]);
    }

    #[test]
    fn programs_of_many_tables_share_the_text() {
        let text: String = (0..100).map(|number| format!("TABLE SHOP.T{number}, FILTER (ID = 1);\n")).collect();
        let select = Select::parse(&text).unwrap();
        let of = |number: usize| {
            let name = format!("SHOP.T{number}");
            select.bind(&Arc::new(TableDef::new(name, vec![ColumnDef::integer("ID", 0).key()])))
        };
        let (first, last) = (of(0), of(99));
        assert!(std::ptr::eq(first.inner.source.text(), last.inner.source.text()));
        assert_eq!((first.inner.rules.len(), last.inner.rules.len()), (1, 1));
    }

    #[test]
    fn tests_of_the_before_image_keep_their_place() {
        let table = table();
        // The first test decides on an insert before the second needs the before image, which an insert does not have.
        for text in [
            "TABLE SHOP.ITEMS, FILTER (@STREQ (NAME, 'nut') AND @COLTEST (@BEFORE (PRICE), PRESENT));",
            "TABLE SHOP.ITEMS, WHERE (NAME = 'nut' AND BEFORE.PRICE = @PRESENT);",
        ] {
            let program = Select::parse(text).unwrap().bind(&table);
            assert_eq!(
                program.verdict(&insert(&table).as_change(), &mut Scratch::default()),
                Verdict::Reject(Rejection::Clause { rule: 0, clause: 0 }),
                "{text}"
            );
            assert!(program.explain().rules[0].tests.iter().all(|test| test.can_fail));
        }
    }

    /// A row with a name, or without one; some names are not valid in the table's character set.
    fn named(table: &Arc<TableDef>, op: Op, name: Option<&Value<'_>>, price: &str) -> OwnedChange {
        let (id, price) = (Value::Number(Number::Text("1")), Value::Number(Number::Text(price)));
        let mut change = Builder::new(op, table);
        let mut put = |column: &str, value: &Value<'_>| {
            let made = std::mem::replace(&mut change, Builder::new(op, table));
            change = if op == Op::Delete { made.before(column, value) } else { made.after(column, value) }.unwrap();
        };
        put("ID", &id);
        if let Some(name) = name {
            put("NAME", name);
        }
        put("PRICE", &price);
        change.build().unwrap()
    }

    /// Returns the rules that do not reject a change, evaluating every one.
    fn hits_of_all(program: &Program, change: &Change<'_>) -> Vec<(usize, Verdict)> {
        let (inner, mut scratch) = (&*program.inner, Scratch::default());
        scratch.make_room(inner.columns.len());
        let subject = ChangeSubject::new(*change, &inner.columns, &scratch.places);
        let context = Context::new(&subject, &scratch.memory, inner.settings);
        let verdicts = inner.rules.iter().map(|rule| (rule.number, rule.verdict(change.op(), &context)));
        verdicts.filter(|(_, verdict)| !matches!(verdict, Verdict::Reject(_))).collect()
    }

    const NAMES: [&str; 9] = ["", "bolt", "bolt  ", "Bolt", "a bolt, a nut", "café", "中国", "nut", "7"];
    const TESTS: [&str; 19] = [
        "@STREQ (NAME, 'bolt')",
        "@STREQ ('nut  ', NAME)",
        "@STREQ (NAME, '')",
        "@STREQ (NAME, '中国') = 1",
        "@STREQ (NAME, 'bolt') = 0",
        "@STREQ (NAME, 'bolt') < 5",
        "0 < @STREQ (NAME, 'café')",
        "@STRFIND (NAME, 'bolt') > 0",
        "@STRFIND (NAME, 'nut') >= 1",
        "@STRFIND (NAME, '') > 0",
        "@STRFIND (NAME, 'é') <> 0",
        "@STRFIND (NAME, 'bolt') = 0",
        "@STRFIND (NAME, 'o', 3) > 0",
        "@VALONEOF (NAME, 'nut', 'bolt', '7')",
        "@VALONEOF (NAME, 'nut', 7)",
        "(@STREQ (NAME, 'nut') OR @STREQ (NAME, 'Bolt') OR @STRFIND (NAME, 'fé') > 0)",
        "(@STREQ (NAME, 'nut') OR PRICE = 3)",
        "(PRICE = 1 OR PRICE = 3 OR PRICE > 8)",
        "(PRICE = 2 OR ID = 1)",
    ];
    const WHERES: [&str; 5] =
        ["NAME = 'bolt'", "NAME = 'nut' OR NAME = '中国'", "NAME <> 'bolt'", "NAME > 'bolt'", "PRICE = 1 OR PRICE = 2"];

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { cases: 300, failure_persistence: None, ..Default::default() })]

        /// The index finds every rule that does not reject a change, whatever its first test reads.
        #[test]
        fn the_index_loses_no_rule(
            tests in proptest::collection::vec((0..TESTS.len() + WHERES.len(), proptest::bool::ANY), 1..30),
            rows in proptest::collection::vec((0..NAMES.len() + 3, 0i64..10, 0usize..4), 1..12),
            charset in 0usize..4,
            strict in proptest::bool::ANY,
        ) {
            let charset = crate::Charset::from_name(["UTF-8", "GBK", "ISO-8859-1", "UTF-16"][charset]);
            let columns = vec![
                ColumnDef::integer("ID", 0).key(),
                ColumnDef::varchar("NAME", 40).in_charset(charset),
                ColumnDef::integer("PRICE", 0),
            ];
            let table = Arc::new(TableDef::new("SHOP.ITEMS", columns));
            let rule = |(test, second): &(usize, bool)| match TESTS.get(*test) {
                Some(test) if *second => format!("TABLE SHOP.ITEMS, FILTER ({test} AND PRICE < 7);"),
                Some(test) => format!("TABLE SHOP.ITEMS, FILTER ({test});"),
                None => format!("TABLE SHOP.ITEMS, WHERE ({});", WHERES[test - TESTS.len()]),
            };
            let select = Select::parse(&tests.iter().map(rule).collect::<String>()).unwrap();
            let program = if strict { select } else { select.lenient() }.bind(&table);
            let mut scratch = Scratch::default();
            for (name, price, op) in rows {
                let name = match NAMES.get(name) {
                    Some(name) if charset.encode(name).is_some() => Some(Value::Text((*name).into())),
                    Some(_) => Some(Value::Null),
                    None => [None, Some(Value::Null), Some(Value::Invalid(b"\xff\xfe\xff"))][name - NAMES.len()].clone(),
                };
                let owned = named(&table, INDEXED[op], name.as_ref(), &price.to_string());
                let change = owned.as_change();
                let mut hits = Vec::new();
                program.each_hit(&change, &mut scratch, |rule, verdict| hits.push((rule, verdict)));
                proptest::prop_assert_eq!(hits, hits_of_all(&program, &change));
            }
        }
    }

    /// Returns the changes of a trail with these images, each of an operation.
    fn written(table: &Arc<TableDef>, order: crate::trail::ByteOrder, images: &[(usize, Vec<u8>)]) -> Vec<OwnedChange> {
        use crate::sink::{TrailWriter, UpdateStyle, WriterOptions};
        let mut writer = TrailWriter::in_memory("tt", WriterOptions { order, ..WriterOptions::default() }).unwrap();
        writer.begin("1", "1.1", crate::Timestamp::from_unix_micros(0)).unwrap();
        for (op, image) in images {
            match op {
                0 => writer.insert(table, image),
                1 => writer.update(table, UpdateStyle::Unified, &[], image),
                _ => writer.delete(table, image),
            }
            .unwrap();
        }
        writer.commit().unwrap();
        let trail = crate::Trail::from_bytes(writer.finish().unwrap().remove(0).1);
        trail.reader().unwrap().into_changes().map(Result::unwrap).collect()
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { cases: 300, failure_persistence: None, ..Default::default() })]

        /// So do bytes that are not an image: columns that are cut, twice, in another order, or not of the table.
        #[test]
        fn the_index_loses_no_rule_of_damaged_images(
            tests in proptest::collection::vec(0..TESTS.len() + WHERES.len(), 1..20),
            rows in proptest::collection::vec(
                (0usize..3, proptest::collection::vec((0usize..5, 0..NAMES.len() + 2), 0..6), 0usize..90, 0u8..6), 1..8),
            big in proptest::bool::ANY,
            strict in proptest::bool::ANY,
        ) {
            use crate::trail::ByteOrder;
            let order = if big { ByteOrder::Big } else { ByteOrder::Little };
            let table = table();
            let one = TableDef::new("A.B", table.columns().to_vec());
            let images: Vec<(usize, Vec<u8>)> = rows.iter().map(|(op, columns, place, damage)| {
                let mut image = Vec::new();
                for (column, value) in columns {
                    let mut row = crate::sink::RowBuilder::new(&one, order);
                    match (column, NAMES.get(*value)) {
                        (0 | 2, _) => row.decimal(["ID", "", "PRICE"][*column], i64::try_from(*value).unwrap().into()),
                        (1, Some(name)) => row.text("NAME", name),
                        (1, None) => row.null("NAME"),
                        _ => row.null("PRICE"),
                    }
                    .unwrap();
                    image.extend_from_slice(row.bytes());
                }
                match damage {
                    0 => image.truncate(*place),
                    1 | 2 => if let Some(byte) = image.get_mut(*place) { *byte ^= 1 << (place % 8) },
                    _ => {}
                }
                (*op, image)
            }).collect();
            let rule = |test: &usize| match TESTS.get(*test) {
                Some(test) => format!("TABLE SHOP.ITEMS, FILTER ({test});"),
                None => format!("TABLE SHOP.ITEMS, WHERE ({});", WHERES[test - TESTS.len()]),
            };
            let bound = |text: &str| {
                let select = Select::parse(text).unwrap();
                if strict { select } else { select.lenient() }.bind(&table)
            };
            let all = bound(&tests.iter().map(rule).collect::<String>());
            let each: Vec<_> = tests.iter().map(|test| bound(&rule(test))).collect();
            let mut scratch = Scratch::default();
            for owned in written(&table, order, &images) {
                let change = owned.as_change();
                let mut hits = Vec::new();
                all.each_hit(&change, &mut scratch, |rule, verdict| hits.push((rule, verdict)));
                proptest::prop_assert_eq!(hits, hits_of_all(&all, &change));
                for (number, program) in each.iter().enumerate() {
                    let accepts = hits_of_all(program, &change);
                    proptest::prop_assert!(accepts.is_empty() || !program.prefilter_rejects(&change), "{}", rule(&tests[number]));
                }
            }
        }
    }

    #[test]
    fn rules_of_texts_are_found_without_evaluating_the_others() {
        let table = table();
        let rule = |number: usize| match number % 3 {
            0 => format!("TABLE SHOP.ITEMS, FILTER (@STREQ (NAME, 'name {number}'));"),
            1 => format!("TABLE SHOP.ITEMS, FILTER (@STRFIND (NAME, 'word {number},') > 0);"),
            _ => format!("TABLE SHOP.ITEMS, WHERE (NAME = 'first {number}' OR NAME = 'second {number}');"),
        };
        let text: String = (0..300).map(rule).collect();
        let program = Select::parse(&text).unwrap().lenient().bind(&table);
        let mut scratch = Scratch::default();
        for (name, wanted) in
            [("name 30", vec![30]), ("a word 31, or word 34,", vec![31, 34]), ("second 32", vec![32]), ("-", vec![])]
        {
            let owned = named(&table, Op::Insert, Some(&Value::Text(name.into())), "1");
            let mut hits = Vec::new();
            program.each_hit(&owned.as_change(), &mut scratch, |rule, _| hits.push(rule));
            assert_eq!((&hits, places(&scratch.candidates).collect::<Vec<_>>()), (&wanted, wanted.clone()), "{name}");
        }
    }
}
