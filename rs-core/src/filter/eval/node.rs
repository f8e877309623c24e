//! Evaluates bound programs. See docs/filter.md, section 5.
//!
//! A node evaluates to a value or a state; a test evaluates to true, false or an error. AND and OR evaluate from left to right
//! and stop as soon as the result is known. Users rely on that for guards. Evaluation does not use the heap: results of functions
//! are in an arena that is reset after each change.

use std::cmp::Ordering;

use crate::change::Fact;
use crate::change::{DateTime, Decimal};
use crate::filter::eval::calls;
use crate::filter::eval::column::ColumnUse;
use crate::filter::eval::context::{Context, Operand};
use crate::filter::eval::outcome::{COMPUTE, EvalError, NOT_COMPARABLE, reason_of};
use crate::filter::eval::scalar::{self, ArithmeticFault, Numeric, Scalar, Special, date_order};
use crate::filter::eval::subject::Subject;
use crate::filter::syntax::expr::{Operator, Relation};
use crate::filter::syntax::function::Function;

const DATE_WITH_NUMBER: EvalError = EvalError::Error(Some(2292), "cannot compare a date or time with a number");

/// A constant.
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

/// A bound expression: names are ordinals, literals are values, comparators are specialised.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Constant(Constant),
    Column(ColumnUse),
    Environment(Fact),
    Token(Box<str>),
    Unavailable(&'static str),
    Negate(Box<Node>),
    Arithmetic(Operator, Box<(Node, Node)>),
    Compare(Relation, Box<(Node, Node)>),
    IntegerIs(Box<IntegerIs>),
    Find(Box<calls::Find<Node>>),
    OneOf(Box<calls::OneOf<Node>>),
    State(Box<Node>, Box<[StateTest]>),
    Where(Box<WhereTest>),
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Date(Box<calls::DatePlan<Node>>),
    Range(Box<calls::RangePlan<Node>>),
    StrNum(Box<(Node, calls::Padding, Option<Node>)>),
    /// @COMPUTE, which may have a limit of digits.
    Compute(Box<Node>),
    Call(Function, Box<[Node]>),
}

/// A comparison of an integer column with a constant, as a test for mantissas inside or outside a range. Uses `general` if the
/// column has no integer value.
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
    /// Trailing blanks are ignored, as for CHAR columns (INFERRED).
    pub(crate) padded: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum WhereOperand {
    Constant(Constant),
    /// A literal compared with a date column.
    DateTime(DateTime),
    Column(ColumnUse),
    Null,
    Present,
    Absent,
}

impl Operand for Node {
    #[inline]
    fn truth<'e, S: Subject>(&'e self, context: &Context<'e, S>) -> Result<bool, EvalError> {
        if let Self::IntegerIs(test) = self {
            if let Some(value) = context.subject.integer(test.column, test.width, test.signed) {
                return Ok((test.low <= value && value <= test.high) == test.inside);
            }
            return test.general.truth(context);
        }
        self.general_truth(context)
    }

    fn value<'e, S: Subject>(&'e self, context: &Context<'e, S>) -> Result<Scalar<'e>, EvalError> {
        match self {
            Self::Constant(constant) => Ok(constant.scalar()),
            Self::Column(column) => {
                let value = context.subject.column(*column, context.memory)?;
                if let Some(why) = reason_of(&value) {
                    context.suspect(*column, why);
                }
                Ok(value)
            }
            Self::Environment(item) => context.subject.environment(*item, context.settings.now(), context.memory),
            Self::Token(name) => context.subject.token(name, context.memory),
            Self::Unavailable(what) => Err(EvalError::Unavailable(what)),
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

impl Node {
    fn general_truth<'e, S: Subject>(&'e self, context: &Context<'e, S>) -> Result<bool, EvalError> {
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
}

/// Returns the operand of an arithmetic operation, or its state.
fn operand(value: Scalar<'_>) -> Result<Result<Decimal, Scalar<'_>>, EvalError> {
    match value.numeric() {
        Some(Numeric::Exact(number)) => Ok(Ok(number)),
        Some(Numeric::Digits(_)) => Err(EvalError::Error(Some(COMPUTE), "a number has too many digits for arithmetic")),
        Some(Numeric::Special(_)) => Err(EvalError::Error(Some(COMPUTE), "arithmetic does not take NaN or infinity")),
        None if !value.is_value() => Ok(Err(value)),
        None => Err(NOT_COMPARABLE),
    }
}

fn arithmetic<'e>(operator: Operator, left: Scalar<'e>, right: Scalar<'e>) -> Result<Scalar<'e>, EvalError> {
    match (operand(left)?, operand(right)?) {
        (Ok(left), Ok(right)) => computed(operator.apply(left, right)),
        // Missing and invalid take precedence over NULL.
        (Err(left), Err(Scalar::Null)) => Ok(left),
        (_, Err(state)) | (Err(state), _) => Ok(state),
    }
}

impl Operator {
    /// Computes the result of an operation on two numbers.
    pub(crate) fn apply(self, left: Decimal, right: Decimal) -> Result<Decimal, ArithmeticFault> {
        match self {
            Self::Add => scalar::add(left, right),
            Self::Subtract => scalar::negate(right).and_then(|right| scalar::add(left, right)),
            Self::Multiply => scalar::multiply(left, right),
            Self::Divide => scalar::divide(left, right),
            Self::Remainder => scalar::remainder(left, right),
        }
    }
}

fn computed<'e>(result: Result<Decimal, ArithmeticFault>) -> Result<Scalar<'e>, EvalError> {
    result.map(Scalar::Number).map_err(|fault| {
        let what = match fault {
            ArithmeticFault::Overflow => "an arithmetic result has too many digits",
            ArithmeticFault::DivisionByZero => "division by zero",
        };
        EvalError::Error(Some(COMPUTE), what)
    })
}

/// Evaluates @COMPUTE. A comparison gives 1 or 0 (docs/filter.md, section 7).
fn compute<'e, S: Subject>(node: &'e Node, context: &Context<'e, S>) -> Result<Scalar<'e>, EvalError> {
    if !context.settings.seventeen_digits {
        return node.value(context);
    }
    let too_long = |value: Scalar<'e>| matches!(value.numeric(), Some(Numeric::Exact(number)) if scalar::digits(number) > scalar::QUOTIENT_DIGITS);
    let limit = EvalError::Error(Some(COMPUTE), "@COMPUTE exceeds the limit of 17 digits");
    let value = match node {
        // The limit also applies to operands.
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

/// Converts the result of a FILTER or condition to a boolean.
fn is_not_zero(value: Scalar<'_>) -> Result<bool, EvalError> {
    if let Some(why) = reason_of(&value) {
        return Err(EvalError::State(why));
    }
    match value.numeric() {
        Some(Numeric::Exact(number)) => Ok(number.mantissa() != 0),
        Some(Numeric::Digits(_) | Numeric::Special(_)) => Ok(true),
        None => Err(EvalError::Error(Some(2210), "the result is not a number")),
    }
}

fn compare<'e, S: Subject>(
    left: &'e Node,
    relation: Relation,
    right: &'e Node,
    context: &Context<'e, S>,
) -> Result<bool, EvalError> {
    let suspects = context.suspects.get();
    let (left, right) = (left.value(context)?, right.value(context)?);
    if let Some(why) = reason_of(&left).or(reason_of(&right)) {
        return Err(EvalError::State(why));
    }
    context.suspects.set(suspects);
    match (left.numeric(), right.numeric()) {
        (Some(left), Some(right)) => left.compare(right).map(|order| relation.holds(order)).ok_or(NOT_COMPARABLE),
        (Some(_), None) if matches!(right, Scalar::DateTime(_)) => Err(DATE_WITH_NUMBER),
        (None, Some(_)) if matches!(left, Scalar::DateTime(_)) => Err(DATE_WITH_NUMBER),
        _ => Err(NOT_COMPARABLE),
    }
}

fn state<'e, S: Subject>(node: &'e Node, tests: &'e [StateTest], context: &Context<'e, S>) -> Result<bool, EvalError> {
    let suspects = context.suspects.get();
    let value = node.value(context)?;
    // The test is about the state, so the column is not to blame.
    context.suspects.set(suspects);
    for test in tests {
        let holds = match test {
            // Present and not NULL (SEEN; docs/filter.md, section 7).
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

impl WhereTest {
    fn holds<'e, S: Subject>(&'e self, context: &Context<'e, S>) -> Result<bool, EvalError> {
        let read = |column: ColumnUse| context.subject.column(column, context.memory);
        let left = read(self.column)?;
        let wants = self.relation == Relation::Eq;
        match &self.operand {
            // A column that is NULL counts as present (INFERRED; docs/filter.md, section 15).
            WhereOperand::Present => return Ok((left != Scalar::Missing) == wants),
            WhereOperand::Absent => return Ok((left == Scalar::Missing) == wants),
            WhereOperand::Null => return Ok((left == Scalar::Null) == wants),
            _ => {}
        }
        if let Some(why) = reason_of(&left) {
            return Err(EvalError::Column(self.column, why));
        }
        let order = match &self.operand {
            WhereOperand::Constant(constant) => self.order(left, constant.scalar()),
            WhereOperand::DateTime(time) => self.order(left, Scalar::DateTime(*time)),
            WhereOperand::Column(column) => {
                let right = read(*column)?;
                match reason_of(&right) {
                    Some(why) => Err(EvalError::Column(*column, why)),
                    None => self.order(left, right),
                }
            }
            _ => Err(NOT_COMPARABLE),
        };
        order.map(|order| self.relation.holds(order))
    }

    fn order(&self, left: Scalar<'_>, right: Scalar<'_>) -> Result<Ordering, EvalError> {
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
