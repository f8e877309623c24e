//! Evaluation of bound programs: spec section 4.
//!
//! A node comes to a value or a state; a test comes to true, false or trouble. AND and OR stop as soon as they are settled,
//! from left to right, which users rely on as a guard. Nothing here allocates: texts that functions make are kept in a
//! memory that is emptied after each change.

use std::cell::Cell;
use std::cmp::Ordering;

use bumpalo::Bump;

use crate::change::{DateTime, Decimal};
use crate::filter::calls;
use crate::filter::environment::EnvItem;
use crate::filter::expr::{Operator, Relation};
use crate::filter::function::Function;
use crate::filter::scalar::{self, ArithmeticFault, Numeric, Scalar, Special};
use crate::filter::subject::{ColumnUse, Subject};
use crate::time::Timestamp;

/// Why a change cannot be decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Why {
    /// A column is NULL (OGG-02293).
    Null,
    /// A column is not in the record (OGG-03019).
    Missing,
    /// A column is present and not decodable.
    Invalid,
    /// The row is encrypted, damaged, or of a form that is not known.
    Unreadable,
    /// Something that the trail does not tell.
    NotAvailable,
}

impl Why {
    /// The number that GoldenGate's own message has, where one is known.
    #[must_use]
    pub fn ogg_number(self) -> Option<u32> {
        match self {
            Self::Null => Some(2293),
            Self::Missing => Some(3019),
            _ => None,
        }
    }
}

/// What keeps a test from an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Trouble {
    /// A state where a value is needed; the suspects say whose.
    State(Why),
    Column(ColumnUse, Why),
    Unavailable(&'static str),
    /// An error, with the number of GoldenGate's own where it is known.
    Error(Option<u32>, &'static str),
}

pub(crate) const NOT_COMPARABLE: Trouble = Trouble::Error(Some(2210), "values of these types cannot be compared");
const DATE_WITH_NUMBER: Trouble = Trouble::Error(Some(2292), "a date or time cannot be compared with a number");
/// OGG-01334: an error in @COMPUTE.
pub(crate) const COMPUTE: u32 = 1334;

/// In what unit positions and lengths of text are counted. The documentation of 12.3 and of 26ai differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TextUnit {
    /// Characters (26ai).
    #[default]
    Characters,
    /// Bytes of the text as UTF-8 (12.3).
    Bytes,
}

/// What an evaluation goes by beside the change.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Settings {
    pub(crate) unit: TextUnit,
    /// Whether @COMPUTE fails beyond 17 digits, as GoldenGate's does.
    pub(crate) seventeen_digits: bool,
    /// A clock that stands still; none for the system's.
    pub(crate) now: Option<Timestamp>,
}

impl Settings {
    pub(crate) fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(|| {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            Timestamp::from_unix_micros(since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX)))
        })
    }
}

/// Columns whose states may be to blame, the first few.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Suspects {
    pub(crate) list: [Option<(ColumnUse, Why)>; 4],
    count: usize,
}

/// All that an evaluation needs.
pub(crate) struct Context<'e, S> {
    pub(crate) subject: &'e S,
    pub(crate) memory: &'e Bump,
    pub(crate) settings: Settings,
    /// The length of the column that the value is for, where there is one.
    pub(crate) target_length: Option<usize>,
    pub(crate) suspects: Cell<Suspects>,
    /// Bytes that functions have made for this change.
    made: Cell<usize>,
}

/// The most that functions may make for one change: a filter's text can ask for far more than there is memory.
const MOST_MADE: usize = 256 << 20;

impl<'e, S: Subject> Context<'e, S> {
    #[inline]
    pub(crate) fn new(subject: &'e S, memory: &'e Bump, settings: Settings) -> Self {
        Self { subject, memory, settings, target_length: None, suspects: Cell::default(), made: Cell::new(0) }
    }

    /// Counts what a function is about to make, and refuses what is beyond all measure.
    pub(crate) fn spend(&self, bytes: usize) -> Result<(), Trouble> {
        let made = self.made.get().saturating_add(bytes);
        self.made.set(made);
        if made > MOST_MADE {
            return Err(Trouble::Error(Some(2322), "functions make more than 256 MB for one change"));
        }
        Ok(())
    }

    fn suspect(&self, column: ColumnUse, why: Why) {
        let mut suspects = self.suspects.get();
        if let Some(place) = suspects.list.get_mut(suspects.count) {
            *place = Some((column, why));
            suspects.count += 1;
            self.suspects.set(suspects);
        }
    }
}

/// A value that does not change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    Null,
    Missing,
    Invalid,
    Number(Decimal),
    Text(Box<str>),
    Special(Special),
}

impl Constant {
    pub(crate) fn scalar(&self) -> Scalar<'_> {
        match self {
            Self::Null => Scalar::Null,
            Self::Missing => Scalar::Missing,
            Self::Invalid => Scalar::Invalid,
            Self::Number(number) => Scalar::Number(*number),
            Self::Text(text) => Scalar::Text(text),
            Self::Special(special) => Scalar::Special(*special),
        }
    }
}

/// A bound expression: names are ordinals, literals are values, comparators are chosen.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Constant(Constant),
    Column(ColumnUse),
    Environment(EnvItem),
    Token(Box<str>),
    Unavailable(&'static str),
    Negate(Box<Node>),
    Arithmetic(Operator, Box<(Node, Node)>),
    Compare(Relation, Box<(Node, Node)>),
    IntegerIs(Box<IntegerIs>),
    Find(Box<calls::Find>),
    OneOf(Box<calls::OneOf>),
    State(Box<Node>, Box<[StateTest]>),
    Where(Box<WhereTest>),
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Date(Box<calls::DatePlan>),
    Range(Box<calls::RangePlan>),
    StrNum(Box<(Node, calls::Padding, Option<Node>)>),
    /// @COMPUTE, which has a limit of digits.
    Compute(Box<Node>),
    Call(Function, Box<[Node]>),
}

/// A plain integer column compared with a constant: within a range of mantissas, or outside it. What is not a plain integer
/// goes the general way.
#[derive(Clone, Debug)]
pub(crate) struct IntegerIs {
    pub(crate) column: ColumnUse,
    pub(crate) width: u8,
    pub(crate) signed: bool,
    pub(crate) low: i64,
    pub(crate) high: i64,
    pub(crate) inside: bool,
    pub(crate) general: Node,
}

/// One condition of @COLTEST.
#[derive(Clone, Debug)]
pub(crate) enum StateTest {
    Present,
    Null,
    Missing,
    Invalid,
    Special(Special),
    Value(Node),
}

/// A comparison of WHERE.
#[derive(Clone, Debug)]
pub(crate) struct WhereTest {
    pub(crate) column: ColumnUse,
    pub(crate) relation: Relation,
    pub(crate) operand: WhereOperand,
    /// Whether blanks at the end do not count: of CHAR columns (INFERRED).
    pub(crate) padded: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum WhereOperand {
    Constant(Constant),
    /// A literal that is compared with a date column.
    DateTime(DateTime),
    Column(ColumnUse),
    Null,
    Present,
    Absent,
}

impl Node {
    /// Whether the test holds.
    #[inline]
    pub(crate) fn truth<'e, S: Subject>(&'e self, context: &Context<'e, S>) -> Result<bool, Trouble> {
        if let Self::IntegerIs(test) = self {
            if let Some(value) = context.subject.integer(test.column, test.width, test.signed) {
                return Ok((test.low <= value && value <= test.high) == test.inside);
            }
            return test.general.truth(context);
        }
        self.general_truth(context)
    }

    fn general_truth<'e, S: Subject>(&'e self, context: &Context<'e, S>) -> Result<bool, Trouble> {
        match self {
            Self::Compare(relation, two) => compare(&two.0, *relation, &two.1, context),
            Self::All(list) => {
                for node in list {
                    if !node.truth(context)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(list) => {
                for node in list {
                    if node.truth(context)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::State(node, tests) => state(node, tests, context),
            Self::Where(test) => test.holds(context),
            Self::IntegerIs(test) => test.general.truth(context),
            Self::Range(plan) => plan.holds(context),
            _ => is_not_zero(self.value(context)?),
        }
    }

    /// What the expression comes to.
    pub(crate) fn value<'e, S: Subject>(&'e self, context: &Context<'e, S>) -> Result<Scalar<'e>, Trouble> {
        match self {
            Self::Constant(constant) => Ok(constant.scalar()),
            Self::Column(column) => {
                let value = context.subject.column(*column, context.memory)?;
                if let Some(why) = why(&value) {
                    context.suspect(*column, why);
                }
                Ok(value)
            }
            Self::Environment(item) => context.subject.environment(*item, context.settings.now(), context.memory),
            Self::Token(name) => context.subject.token(name, context.memory),
            Self::Unavailable(what) => Err(Trouble::Unavailable(what)),
            Self::Negate(one) => match operand(one.value(context)?)? {
                Ok(number) => computed(scalar::negate(number)),
                Err(state) => Ok(state),
            },
            Self::Arithmetic(operator, two) => arithmetic(*operator, two.0.value(context)?, two.1.value(context)?),
            Self::Compare(..)
            | Self::IntegerIs(_)
            | Self::State(..)
            | Self::Where(_)
            | Self::All(_)
            | Self::Any(_)
            | Self::Range(_) => self.truth(context).map(Scalar::truth),
            Self::Find(find) => find.value(context),
            Self::OneOf(one_of) => one_of.value(context),
            Self::Date(plan) => plan.value(context),
            Self::StrNum(parts) => calls::number_text(&parts.0, parts.1, parts.2.as_ref(), context),
            Self::Compute(one) => compute(one, context),
            Self::Call(function, arguments) => calls::call(*function, arguments, context),
        }
    }
}

/// The state of what is no value.
pub(crate) fn why(value: &Scalar<'_>) -> Option<Why> {
    match value {
        Scalar::Null => Some(Why::Null),
        Scalar::Missing => Some(Why::Missing),
        Scalar::Invalid => Some(Why::Invalid),
        _ => None,
    }
}

/// A number to compute with, or the state of what is none.
fn operand(value: Scalar<'_>) -> Result<Result<Decimal, Scalar<'_>>, Trouble> {
    match value.numeric() {
        Some(Numeric::Exact(number)) => Ok(Ok(number)),
        Some(Numeric::Digits(_)) => Err(Trouble::Error(Some(COMPUTE), "a number has more digits than can be computed with")),
        Some(Numeric::Special(_)) => Err(Trouble::Error(Some(COMPUTE), "NaN and infinity cannot be computed with")),
        None if !value.is_value() => Ok(Err(value)),
        None => Err(NOT_COMPARABLE),
    }
}

fn arithmetic<'e>(operator: Operator, left: Scalar<'e>, right: Scalar<'e>) -> Result<Scalar<'e>, Trouble> {
    match (operand(left)?, operand(right)?) {
        (Ok(left), Ok(right)) => computed(match operator {
            Operator::Add => scalar::add(left, right),
            Operator::Subtract => scalar::negate(right).and_then(|right| scalar::add(left, right)),
            Operator::Multiply => scalar::multiply(left, right),
            Operator::Divide => scalar::divide(left, right),
            Operator::Remainder => scalar::remainder(left, right),
        }),
        // What is missing or not decodable could be anything; NULL makes NULL.
        (Err(left), Err(Scalar::Null)) => Ok(left),
        (_, Err(state)) | (Err(state), _) => Ok(state),
    }
}

fn computed<'e>(result: Result<Decimal, ArithmeticFault>) -> Result<Scalar<'e>, Trouble> {
    result.map(Scalar::Number).map_err(|fault| {
        let what = match fault {
            ArithmeticFault::Overflow => "a result has more digits than can be held",
            ArithmeticFault::DivisionByZero => "a division by zero",
        };
        Trouble::Error(Some(COMPUTE), what)
    })
}

/// @COMPUTE: the result as text, a truth as 1 or 0 (spec section 4.3).
fn compute<'e, S: Subject>(node: &'e Node, context: &Context<'e, S>) -> Result<Scalar<'e>, Trouble> {
    if !context.settings.seventeen_digits {
        return node.value(context);
    }
    let too_long = |value: Scalar<'e>| matches!(value.numeric(), Some(Numeric::Exact(number)) if scalar::digits(number) > scalar::QUOTIENT_DIGITS);
    let limit = Trouble::Error(Some(COMPUTE), "@COMPUTE has a limit of 17 digits");
    let value = match node {
        // Operands count too: what has more digits than that is not computed with.
        Node::Arithmetic(operator, two) => {
            let (left, right) = (two.0.value(context)?, two.1.value(context)?);
            let value = arithmetic(*operator, left, right)?;
            if value.is_value() && (too_long(left) || too_long(right)) {
                return Err(limit);
            }
            value
        }
        _ => node.value(context)?,
    };
    if matches!(value, Scalar::Number(_)) && too_long(value) { Err(limit) } else { Ok(value) }
}

/// The result of FILTER and of conditions: not zero.
fn is_not_zero(value: Scalar<'_>) -> Result<bool, Trouble> {
    if let Some(why) = why(&value) {
        return Err(Trouble::State(why));
    }
    match value.numeric() {
        Some(Numeric::Exact(number)) => Ok(number.mantissa() != 0),
        Some(Numeric::Digits(_) | Numeric::Special(_)) => Ok(true),
        None => Err(Trouble::Error(Some(2210), "the result is no number")),
    }
}

fn compare<'e, S: Subject>(
    left: &'e Node,
    relation: Relation,
    right: &'e Node,
    context: &Context<'e, S>,
) -> Result<bool, Trouble> {
    let suspects = context.suspects.get();
    let (left, right) = (left.value(context)?, right.value(context)?);
    if let Some(why) = why(&left).or(why(&right)) {
        return Err(Trouble::State(why));
    }
    context.suspects.set(suspects);
    match (left.numeric(), right.numeric()) {
        (Some(left), Some(right)) => left.compare(right).map(|order| relation.holds(order)).ok_or(NOT_COMPARABLE),
        (Some(_), None) if matches!(right, Scalar::DateTime(_)) => Err(DATE_WITH_NUMBER),
        (None, Some(_)) if matches!(left, Scalar::DateTime(_)) => Err(DATE_WITH_NUMBER),
        _ => Err(NOT_COMPARABLE),
    }
}

fn state<'e, S: Subject>(node: &'e Node, tests: &'e [StateTest], context: &Context<'e, S>) -> Result<bool, Trouble> {
    let suspects = context.suspects.get();
    let value = node.value(context)?;
    // Its state is asked for, and is no trouble.
    context.suspects.set(suspects);
    for test in tests {
        let holds = match test {
            // Present, and not NULL (spec section 4.2, SEEN).
            StateTest::Present => value.is_value(),
            StateTest::Null => value == Scalar::Null,
            StateTest::Missing => value == Scalar::Missing,
            StateTest::Invalid => value == Scalar::Invalid,
            StateTest::Special(wanted) => matches!(value.numeric(), Some(Numeric::Special(found)) if found == *wanted),
            StateTest::Value(node) => value.is_value() && calls::same(value, node.value(context)?),
        };
        if holds {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) fn date_order(a: DateTime, b: DateTime) -> Ordering {
    let key = |time: DateTime| (time.year, time.month, time.day, time.hour, time.minute, time.second, time.nanos);
    key(a).cmp(&key(b))
}

impl WhereTest {
    fn holds<'e, S: Subject>(&'e self, context: &Context<'e, S>) -> Result<bool, Trouble> {
        let read = |column: ColumnUse| context.subject.column(column, context.memory);
        let left = read(self.column)?;
        let wants = self.relation == Relation::Eq;
        match &self.operand {
            // A column that is NULL is present all the same (spec section 4.2, INFERRED).
            WhereOperand::Present => return Ok((left != Scalar::Missing) == wants),
            WhereOperand::Absent => return Ok((left == Scalar::Missing) == wants),
            WhereOperand::Null => return Ok((left == Scalar::Null) == wants),
            _ => {}
        }
        if let Some(why) = why(&left) {
            return Err(Trouble::Column(self.column, why));
        }
        let order = match &self.operand {
            WhereOperand::Constant(constant) => self.order(left, constant.scalar()),
            WhereOperand::DateTime(time) => self.order(left, Scalar::DateTime(*time)),
            WhereOperand::Column(column) => {
                let right = read(*column)?;
                match why(&right) {
                    Some(why) => Err(Trouble::Column(*column, why)),
                    None => self.order(left, right),
                }
            }
            _ => Err(NOT_COMPARABLE),
        };
        order.map(|order| self.relation.holds(order))
    }

    fn order(&self, left: Scalar<'_>, right: Scalar<'_>) -> Result<Ordering, Trouble> {
        let trimmed = |text: &str| if self.padded { text.trim_end_matches(' ').len() } else { text.len() };
        match (left, right) {
            (Scalar::Text(a), Scalar::Text(b)) => {
                let (a, b) = (a.get(..trimmed(a)).unwrap_or(a), b.get(..trimmed(b)).unwrap_or(b));
                Ok(a.cmp(b))
            }
            (Scalar::DateTime(a), Scalar::DateTime(b)) => Ok(date_order(a, b)),
            (Scalar::DateTime(a), Scalar::Text(b)) => DateTime::parse(b).map(|b| date_order(a, b)).ok_or(NOT_COMPARABLE),
            (Scalar::Text(a), Scalar::DateTime(b)) => DateTime::parse(a).map(|a| date_order(a, b)).ok_or(NOT_COMPARABLE),
            (Scalar::DateTime(_), other) | (other, Scalar::DateTime(_)) if other.numeric().is_some() => Err(DATE_WITH_NUMBER),
            _ => match (left.numeric(), right.numeric()) {
                (Some(a), Some(b)) => a.compare(b).ok_or(NOT_COMPARABLE),
                _ => Err(NOT_COMPARABLE),
            },
        }
    }
}
