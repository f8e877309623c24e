//! [`RuleIndex`]: an index of the rules of a program by the column that each compares first. It finds the rules that may want a
//! change.
//!
//! Most rules start with a limit of a number (`AMOUNT > x`), with a list of values (`BRANCH = x OR BRANCH = y`,
//! `@STREQ (CURRENCY, 'USD')`), or with a word (`@STRFIND (MEMO, 'cash') > 0`). Evaluating a hundred rules costs a hundred times as
//! much as evaluating one; finding the rules whose first test a value passes costs one search. A rule that is not found has a first
//! test that fails, and rejects the change; the others are evaluated completely.

mod bits;
mod integers;
mod texts;
mod wanted;

use bumpalo::Bump;

use crate::change::image::{ColumnSpans, RowForm, SpanContent};
use crate::change::{Change, Op};
use crate::filter::eval::column::ColumnUse;
use crate::filter::eval::node::Node;
use crate::filter::plan::index::bits::set;
use crate::filter::plan::index::integers::Integers;
use crate::filter::plan::index::texts::Texts;
use crate::filter::plan::index::wanted::{Want, Wanted};
use crate::filter::syntax::expr::Side;
use crate::filter::verdict::Rejection;
use crate::schema::TableDef;

pub(crate) use bits::{Bits, places};

/// The facts about a rule that the index needs, for one operation.
pub(crate) struct Entry<'a> {
    /// Its index in the program.
    pub(crate) place: usize,
    /// Its first test, if no test that can fail is before it.
    pub(crate) first: Option<&'a Node>,
    /// Its rejection if that test fails.
    pub(crate) rejection: Rejection,
}

/// The rules that may want changes of one operation.
#[derive(Debug, Default)]
pub(crate) struct RuleIndex {
    /// Rules that must always be evaluated.
    always: Bits,
    /// The other rules by column, in the order of the column indexes. The columns are those of the operation's main image.
    columns: Vec<IndexedColumn>,
    /// The main image is the before image, as for deletes.
    of_before: bool,
    /// The rejection if there is no candidate.
    pub(crate) otherwise: Option<Rejection>,
    /// The first test, if there is only one rule and the index has it.
    only: Option<OnlyTest>,
}

/// A comparison of one 64-bit integer column.
#[derive(Clone, Copy, Debug)]
struct OnlyTest {
    index: u16,
    low: i64,
    high: i64,
    inside: bool,
}

/// Rules that start with a test of one column.
#[derive(Debug)]
struct IndexedColumn {
    index: u16,
    /// All of them. They must be evaluated if the column has no value of its type.
    all: Bits,
    tests: Tests,
}

#[derive(Debug)]
enum Tests {
    Integers(Integers),
    Texts(Box<Texts>),
}

impl RuleIndex {
    pub(crate) fn new<'a>(op: Op, table: &TableDef, rules: impl Iterator<Item = Entry<'a>> + Clone) -> Self {
        let words = rules.clone().map(|rule| rule.place + 1).max().unwrap_or(0).div_ceil(64);
        let mut index = Self { always: vec![0; words], of_before: op == Op::Delete, ..Self::default() };
        for rule in rules.clone() {
            index.otherwise = index.otherwise.or(Some(rule.rejection));
            let wanted = rule.first.and_then(Wanted::of).filter(|wanted| covers(wanted.column, op));
            if !wanted.is_some_and(|wanted| index.add(&wanted, rule.place, words, table)) {
                set(&mut index.always, rule.place);
            }
        }
        index.only = index.only_test(rules);
        index.columns.iter_mut().for_each(|column| column.tests.finish());
        index
    }

    fn only_test<'a>(&self, mut rules: impl Iterator<Item = Entry<'a>>) -> Option<OnlyTest> {
        let (rule, None) = (rules.next()?, rules.next()) else { return None };
        match rule.first {
            Some(Node::IntegerIs(test)) if (test.width, test.signed) == (8, true) && self.columns.len() == 1 => {
                Some(OnlyTest { index: test.column.index, low: test.low, high: test.high, inside: test.inside })
            }
            _ => None,
        }
    }

    /// Returns whether the only rule rejects a row by its first test. This is the fastest decision. `false` decides nothing.
    #[inline(always)]
    pub(crate) fn prefilter_rejects(&self, change: &Change<'_>) -> bool {
        let Some(test) = self.only else { return false };
        let Ok((before, after)) = change.images() else { return false };
        let Some(row) = (if self.of_before { before } else { after }) else { return false };
        // The form is selected here, once for each image.
        match row.form() {
            RowForm::Big => test.fails(row.bytes(), RowForm::Big),
            RowForm::Little => test.fails(row.bytes(), RowForm::Little),
            RowForm::Wide => false,
        }
    }

    /// Adds a rule to the index of its column. Returns `false` if the column's type is not indexed.
    fn add(&mut self, wanted: &Wanted<'_>, place: usize, words: usize, table: &TableDef) -> bool {
        let index = wanted.column.index;
        let at = match self.columns.binary_search_by_key(&index, |column| column.index) {
            Ok(at) => at,
            Err(at) => {
                let Some(tests) = Tests::new(wanted, table) else { return false };
                self.columns.insert(at, IndexedColumn { index, all: vec![0; words], tests });
                at
            }
        };
        let Some(column) = self.columns.get_mut(at) else { return false };
        let fits = column.tests.add(wanted, place as u32);
        if fits {
            set(&mut column.all, place);
        }
        fits
    }

    /// Puts the rules that may want a change into a set, and returns whether there are any.
    #[inline]
    pub(crate) fn candidates(&self, change: &Change<'_>, bits: &mut Bits, memory: &Bump) -> bool {
        bits.clear();
        bits.extend_from_slice(&self.always);
        if !self.columns.is_empty() {
            let row = match change.images() {
                Ok((before, after)) => {
                    if self.of_before {
                        before
                    } else {
                        after
                    }
                }
                Err(_) => None,
            };
            match row.map(|row| (row.bytes(), row.form())) {
                // The form is selected here, once for each image.
                Some((list, RowForm::Big)) => self.walk(list, RowForm::Big, bits, memory),
                Some((list, RowForm::Little)) => self.walk(list, RowForm::Little, bits, memory),
                Some((list, RowForm::Wide)) => self.walk(list, RowForm::Wide, bits, memory),
                None => self.add_all(0, bits),
            }
        }
        bits.iter().any(|word| *word != 0)
    }

    /// Adds all rules of the columns from this one on, because their values were not found.
    #[cold]
    fn add_all(&self, from: usize, bits: &mut Bits) {
        for column in self.columns.iter().skip(from) {
            column.add_all(bits);
        }
    }

    /// Compares the columns of an image with those of the index, both in the order of their indexes, and stops after the last one
    /// of the index.
    #[inline(always)]
    fn walk(&self, list: &[u8], form: RowForm, bits: &mut Bits, memory: &Bump) {
        let mut next = 0;
        let mut last = None;
        for span in ColumnSpans::new(list, form) {
            let Ok(span) = span else { break };
            if last.is_some_and(|last| span.index <= last) {
                // An image whose indexes do not rise has not been seen. The rules find its columns themselves.
                return self.add_all(0, bits);
            }
            last = Some(span.index);
            while let Some(column) = self.columns.get(next).filter(|column| column.index < span.index) {
                column.add_all(bits);
                next += 1;
            }
            let Some(column) = self.columns.get(next) else { return };
            if column.index != span.index {
                continue;
            }
            let found = match span.content() {
                SpanContent::Value(body) => column.tests.find(body, form, bits, memory),
                _ => false,
            };
            if !found {
                column.add_all(bits);
            }
            next += 1;
            if next == self.columns.len() {
                return;
            }
        }
        self.add_all(next, bits);
    }
}

impl OnlyTest {
    /// Returns whether a list has the column with an integer that fails the test.
    #[inline(always)]
    fn fails(&self, list: &[u8], form: RowForm) -> bool {
        for span in ColumnSpans::new(list, form) {
            let Ok(span) = span else { return false };
            if span.index != self.index {
                continue;
            }
            let SpanContent::Value(body) = span.content() else { return false };
            let Ok(value) = body.try_into().map(i64::from_be_bytes) else { return false };
            return (self.low <= value && value <= self.high) != self.inside;
        }
        false
    }
}

impl IndexedColumn {
    /// Adds all rules of the column.
    #[cold]
    fn add_all(&self, bits: &mut Bits) {
        bits.iter_mut().zip(&self.all).for_each(|(word, own)| *word |= own);
    }
}

impl Tests {
    /// Returns an index of no rules, for what a rule wants; `None` if the column's type is not indexed.
    fn new(wanted: &Wanted<'_>, table: &TableDef) -> Option<Self> {
        match wanted.any_of.first()? {
            Want::Integer(test) => Some(Self::Integers(Integers::new(test))),
            Want::Equal(_) | Want::Contains(_) => Some(Self::Texts(Box::new(Texts::new(table.reading(wanted.column.index)?)?))),
        }
    }

    /// Adds a rule; `false` if it wants something else of the column than what is indexed.
    fn add(&mut self, wanted: &Wanted<'_>, rule: u32) -> bool {
        for want in &wanted.any_of {
            match (&mut *self, want) {
                (Self::Integers(integers), Want::Integer(test)) => integers.add(test, rule),
                (Self::Texts(texts), Want::Equal(text)) => texts.equal(text, rule),
                (Self::Texts(texts), Want::Contains(word)) => texts.contains(word, rule),
                // The values that were added before it find the rule more often than needed.
                (Self::Integers(_), _) | (Self::Texts(_), Want::Integer(_)) => return false,
            }
        }
        true
    }

    fn finish(&mut self) {
        match self {
            Self::Integers(integers) => integers.finish(),
            Self::Texts(texts) => texts.finish(),
        }
    }

    /// Adds the rules whose first test may accept a value. Returns `false` if it is not of the column's type.
    #[inline(always)]
    fn find(&self, body: &[u8], form: RowForm, bits: &mut Bits, memory: &Bump) -> bool {
        match self {
            Self::Integers(integers) => integers.find(body, bits),
            Self::Texts(texts) => texts.find(body, form, bits, memory),
        }
    }
}

/// Returns whether a test reads the operation's main image.
fn covers(column: ColumnUse, op: Op) -> bool {
    match column.side {
        Side::Default => true,
        Side::After => op != Op::Delete,
        Side::Before | Side::BeforeAfter => false,
    }
}
