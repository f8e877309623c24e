//! [`RuleIndex`]: an index of the rules of a program by the integer column that each compares first. It finds the rules that may
//! want a change.
//!
//! Most rules start with a limit of a number: `AMOUNT > x`, `BRANCH = y`. Evaluating a hundred rules costs a hundred times as
//! much as evaluating one; finding the rules whose limit a value passes costs one search. A rule that is not found has a first
//! test that fails, and rejects the change; the others are evaluated completely.

use crate::change::image::{ColumnSpans, RowForm, SpanContent};
use crate::change::{Change, Op, integer};
use crate::filter::eval::node::{IntegerIs, Node};
use crate::filter::syntax::expr::Side;
use crate::filter::verdict::Rejection;

/// A set of rules, by their indexes in the program.
pub(crate) type Bits = Vec<u64>;

fn set(bits: &mut [u64], place: usize) {
    if let Some(word) = bits.get_mut(place / 64) {
        *word |= 1 << (place % 64);
    }
}

/// Returns the indexes in a set, in ascending order.
pub(crate) fn places(bits: &[u64]) -> impl Iterator<Item = usize> {
    bits.iter().enumerate().flat_map(|(index, &word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(64 * index + bit)
        })
    })
}

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

/// Rules that start with a comparison of one column.
#[derive(Debug)]
struct IndexedColumn {
    index: u16,
    width: u8,
    signed: bool,
    /// All of them. They must be evaluated if the column is not a plain integer.
    all: Bits,
    /// Rules with a lower limit, and the limit, in ascending order.
    from: Vec<(i64, u32)>,
    /// Rules with an upper limit, and the limit, in descending order.
    to: Vec<(i64, u32)>,
    /// Rules with an exact value, and the value, in ascending order.
    at: Vec<(i64, u32)>,
    /// Rules with another range: low, high, and `true` if the value must be inside.
    others: Vec<(i64, i64, bool, u32)>,
}

impl RuleIndex {
    pub(crate) fn new<'a>(op: Op, rules: impl Iterator<Item = Entry<'a>> + Clone) -> Self {
        let words = rules.clone().map(|rule| rule.place + 1).max().unwrap_or(0).div_ceil(64);
        let mut index = Self { always: vec![0; words], of_before: op == Op::Delete, ..Self::default() };
        for rule in rules.clone() {
            index.otherwise = index.otherwise.or(Some(rule.rejection));
            match rule.first {
                Some(Node::IntegerIs(test)) if index.covers(test, op) => index.add(test, rule.place, words),
                _ => set(&mut index.always, rule.place),
            }
        }
        index.only = index.only_test(rules);
        for column in &mut index.columns {
            column.from.sort_unstable();
            column.to.sort_unstable_by(|a, b| b.cmp(a));
            column.at.sort_unstable();
        }
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

    /// Returns whether a test reads the operation's main image.
    fn covers(&self, test: &IntegerIs, op: Op) -> bool {
        match test.column.side {
            Side::Default => true,
            Side::After => op != Op::Delete,
            Side::Before | Side::BeforeAfter => false,
        }
    }

    fn add(&mut self, test: &IntegerIs, place: usize, words: usize) {
        let at = match self.columns.binary_search_by_key(&test.column.index, |column| column.index) {
            Ok(at) => at,
            Err(at) => {
                let (from, to, equal, others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
                let (index, width, signed) = (test.column.index, test.width, test.signed);
                self.columns.insert(at, IndexedColumn { index, width, signed, all: vec![0; words], from, to, at: equal, others });
                at
            }
        };
        let Some(column) = self.columns.get_mut(at) else { return };
        set(&mut column.all, place);
        let rule = place as u32;
        match (test.inside, test.low, test.high) {
            (true, low, i64::MAX) => column.from.push((low, rule)),
            (true, i64::MIN, high) => column.to.push((high, rule)),
            (true, low, high) if low == high => column.at.push((low, rule)),
            (inside, low, high) => column.others.push((low, high, inside, rule)),
        }
    }

    /// Puts the rules that may want a change into a set, and returns whether there are any.
    #[inline]
    pub(crate) fn candidates(&self, change: &Change<'_>, bits: &mut Bits) -> bool {
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
                Some((list, RowForm::Big)) => self.walk(list, RowForm::Big, bits),
                Some((list, RowForm::Little)) => self.walk(list, RowForm::Little, bits),
                Some((list, RowForm::Wide)) => self.walk(list, RowForm::Wide, bits),
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
    fn walk(&self, list: &[u8], form: RowForm, bits: &mut Bits) {
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
            let value = match span.content() {
                SpanContent::Value(body) if (column.width, column.signed) == (8, true) => {
                    body.try_into().ok().map(i64::from_be_bytes)
                }
                SpanContent::Value(body) => {
                    integer(body, column.width, column.signed).and_then(|value| i64::try_from(value).ok())
                }
                _ => None,
            };
            match value {
                Some(value) => column.find(value, bits),
                None => column.add_all(bits),
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

    /// Adds the rules whose first test accepts a value.
    #[inline(always)]
    fn find(&self, value: i64, bits: &mut Bits) {
        for (_, rule) in self.from.iter().take_while(|(low, _)| *low <= value) {
            set(bits, *rule as usize);
        }
        for (_, rule) in self.to.iter().take_while(|(high, _)| *high >= value) {
            set(bits, *rule as usize);
        }
        if !self.at.is_empty() {
            let start = self.at.partition_point(|(own, _)| *own < value);
            for (_, rule) in self.at.iter().skip(start).take_while(|(own, _)| *own == value) {
                set(bits, *rule as usize);
            }
        }
        for (low, high, inside, rule) in &self.others {
            if (*low <= value && value <= *high) == *inside {
                set(bits, *rule as usize);
            }
        }
    }
}
