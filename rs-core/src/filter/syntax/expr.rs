//! Expressions (FILTER, COLMAP, TOKENS) and conditions (WHERE), built by the parser or by calls.

use std::fmt;

use crate::change::Decimal;
use crate::filter::syntax::diagnostic::{Diagnostic, DiagnosticKind, Span};
use crate::filter::syntax::escapes;
use crate::filter::syntax::function::Function;
use crate::filter::syntax::lexer::{Dialect, is_name_char};
use crate::filter::syntax::words::FOREIGN;
use crate::filter::with_deep_stack;

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `>`
    Gt,
    /// `<`
    Lt,
    /// `>=`
    Ge,
    /// `<=`
    Le,
}

impl Relation {
    /// Returns the operator as text.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "<>",
            Self::Gt => ">",
            Self::Lt => "<",
            Self::Ge => ">=",
            Self::Le => "<=",
        }
    }

    pub(crate) fn of_symbol(symbol: &str) -> Option<Self> {
        [Self::Eq, Self::Ne, Self::Gt, Self::Lt, Self::Ge, Self::Le].into_iter().find(|relation| relation.symbol() == symbol)
    }

    #[inline]
    pub(crate) fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
            Self::Gt => order.is_gt(),
            Self::Lt => order.is_lt(),
            Self::Ge => order.is_ge(),
            Self::Le => order.is_le(),
        }
    }

    /// Returns the same comparison with its sides exchanged.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Gt => Self::Lt,
            Self::Lt => Self::Gt,
            Self::Ge => Self::Le,
            Self::Le => Self::Ge,
            same => same,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "\\",
        }
    }
}

/// The image of a row that a column is read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Side {
    /// The after image, or the before image of a delete.
    #[default]
    Default,
    /// The before image.
    Before,
    /// The after image.
    After,
    /// The before image if it has the column, else the after image.
    BeforeAfter,
}

/// A column by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ColumnName {
    pub(crate) side: Side,
    pub(crate) name: Box<str>,
    /// Written in double quotes: case-sensitive.
    pub(crate) exact_case: bool,
}

/// Keywords of function arguments: states, and paddings of @STRNUM.
pub(crate) const WORDS: [&str; 13] = [
    "PRESENT",
    "NULL",
    "MISSING",
    "INVALID",
    "NAN",
    "SNAN",
    "INF",
    "-INF",
    "INFINITY",
    "LEFT",
    "LEFTSPACE",
    "RIGHT",
    "RIGHTZERO",
];

/// Maximum depth of expressions and conditions. They are evaluated by recursion, which must not exhaust the stack of a thread.
pub(crate) const DEEPEST: u32 = 96;
/// Maximum number of nodes of an expression or condition built by calls. Joining one with itself repeatedly doubles its size each
/// time.
const MOST_PARTS: u32 = 1 << 20;

pub(crate) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(DiagnosticKind::TooLarge, span, format!("the expression is more than {DEEPEST} levels deep"))
        .help("chain conditions with AND or OR, which add no depth, or use @VALONEOF")
}

/// Fails if a tree is too deep or too large to be evaluated and freed.
fn fits(depth: u32, size: u32) -> crate::Result<()> {
    let what = if depth > DEEPEST {
        too_deep(Span::default()).message().to_owned()
    } else if size > MOST_PARTS {
        format!("the expression has more than {MOST_PARTS} parts")
    } else {
        return Ok(());
    };
    Err(crate::Error::new(crate::ErrorKind::Filter, what)
        .hint("chain conditions with AND or OR, which add no depth, or use @VALONEOF"))
}

/// An expression of FILTER, COLMAP or TOKENS, or a function argument.
///
/// ```
/// use trailcore::filter::{Function, call, col, num, text};
/// let large = col("AMOUNT").gt(num(10_000)).and(call(Function::StrFind, [col("MEMO"), text("cash")]).gt(num(0)));
/// assert_eq!(large.to_string(), "AMOUNT > 10000 AND @STRFIND (MEMO, 'cash') > 0");
/// assert_eq!(large.to_string().parse::<trailcore::filter::Expr>()?, large);
/// # Ok::<(), trailcore::filter::Diagnostics>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
    /// The depth of the tree. An AND or OR of many operands adds one level.
    pub(crate) depth: u32,
    /// The number of nodes.
    pub(crate) size: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ExprKind {
    Number(Decimal),
    Text(Box<str>),
    Column(ColumnName),
    /// `id.parameter`: the result of a SQLEXEC.
    Parameter(Box<str>, Box<str>),
    Word(&'static str),
    Call(Function, Vec<Expr>),
    Negate(Box<Expr>),
    Arithmetic(Operator, Box<(Expr, Expr)>),
    Compare(Relation, Box<(Expr, Expr)>),
    All(Vec<Expr>),
    Any(Vec<Expr>),
}

impl Expr {
    pub(crate) fn new(kind: ExprKind, span: Span) -> Self {
        let with = |(depth, size): (u32, u32), expr: &Self| (depth.max(expr.depth), size.saturating_add(expr.size));
        let (depth, size) = match &kind {
            ExprKind::Call(_, list) | ExprKind::All(list) | ExprKind::Any(list) => list.iter().fold((0, 0), with),
            ExprKind::Negate(one) => with((0, 0), one),
            ExprKind::Arithmetic(_, two) | ExprKind::Compare(_, two) => with(with((0, 0), &two.0), &two.1),
            _ => (0, 0),
        };
        Self { kind, span, depth: depth + 1, size: size.saturating_add(1) }
    }

    fn built(kind: ExprKind) -> Self {
        Self::new(kind, Span::default())
    }

    pub(crate) fn negated(self, span: Span) -> Self {
        match self.kind {
            // The sign becomes part of a number.
            ExprKind::Number(number) if number.mantissa() > 0 => {
                Self::new(ExprKind::Number(Decimal::new(-number.mantissa(), number.scale())), span)
            }
            _ => Self::new(ExprKind::Negate(Box::new(self)), span),
        }
    }

    fn compared(self, relation: Relation, other: Self) -> Self {
        Self::built(ExprKind::Compare(relation, Box::new((self, other))))
    }

    /// Checks that the expression is small enough for a selection. Useful for expressions that are built in loops or from
    /// untrusted input.
    ///
    /// ```
    /// use trailcore::filter::{col, num};
    /// let deep = (0..100).fold(col("A"), |expr, _| expr + num(1));
    /// assert!(deep.fits().is_err() && col("A").gt(num(1)).fits().is_ok());
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Filter`](crate::ErrorKind::Filter) if it is more than 96 levels deep or has more than 2^20 nodes.
    pub fn fits(&self) -> crate::Result<()> {
        fits(self.depth, self.size)
    }

    /// Builds `self = other`.
    #[must_use]
    pub fn eq(self, other: Self) -> Self {
        self.compared(Relation::Eq, other)
    }

    /// Builds `self <> other`.
    #[must_use]
    pub fn ne(self, other: Self) -> Self {
        self.compared(Relation::Ne, other)
    }

    /// Builds `self > other`.
    #[must_use]
    pub fn gt(self, other: Self) -> Self {
        self.compared(Relation::Gt, other)
    }

    /// Builds `self < other`.
    #[must_use]
    pub fn lt(self, other: Self) -> Self {
        self.compared(Relation::Lt, other)
    }

    /// Builds `self >= other`.
    #[must_use]
    pub fn ge(self, other: Self) -> Self {
        self.compared(Relation::Ge, other)
    }

    /// Builds `self <= other`.
    #[must_use]
    pub fn le(self, other: Self) -> Self {
        self.compared(Relation::Le, other)
    }

    /// Builds `self AND other`. `other` is evaluated only if `self` holds.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self.kind {
            ExprKind::All(mut list) => {
                list.push(other);
                Self::built(ExprKind::All(list))
            }
            _ => Self::built(ExprKind::All(vec![self, other])),
        }
    }

    /// Builds `self OR other`. `other` is evaluated only if `self` does not hold.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self.kind {
            ExprKind::Any(mut list) => {
                list.push(other);
                Self::built(ExprKind::Any(list))
            }
            _ => Self::built(ExprKind::Any(vec![self, other])),
        }
    }

    /// Builds `self \ other`, the remainder of a division.
    #[must_use]
    pub fn remainder(self, other: Self) -> Self {
        Self::built(ExprKind::Arithmetic(Operator::Remainder, Box::new((self, other))))
    }
}

macro_rules! arithmetic {
    ($($trait:ident $method:ident $operator:ident;)*) => {$(
        impl std::ops::$trait for Expr {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                Self::built(ExprKind::Arithmetic(Operator::$operator, Box::new((self, other))))
            }
        }
    )*};
}

arithmetic! { Add add Add; Sub sub Subtract; Mul mul Multiply; Div div Divide; }

impl std::ops::Neg for Expr {
    type Output = Self;

    fn neg(self) -> Self {
        self.negated(Span::default())
    }
}

/// Builds a column reference. It reads the after image, or the before image of a delete. A name with characters other than
/// letters, digits, `_`, `$` and `#` is case-sensitive; other names are not.
#[must_use]
pub fn col(name: &str) -> Expr {
    Expr::built(ExprKind::Column(ColumnName { side: Side::Default, name: name.into(), exact_case: !is_plain(name) }))
}

/// Builds a reference to a column of the before image.
#[must_use]
pub fn before(name: &str) -> Expr {
    call(Function::Before, [col(name)])
}

/// Builds a whole number.
#[must_use]
pub fn num(number: i64) -> Expr {
    decimal(Decimal::from(number))
}

/// Builds an exact decimal.
#[must_use]
pub fn decimal(number: Decimal) -> Expr {
    Expr::built(ExprKind::Number(number))
}

/// Builds a text literal with exactly this text: a backslash in it starts no escape sequence.
#[must_use]
pub fn text(text: &str) -> Expr {
    Expr::built(ExprKind::Text(escapes::escaped(text).into()))
}

/// Builds a keyword such as `PRESENT`, for functions that take one. An unknown word becomes a column.
#[must_use]
pub fn word(word: &str) -> Expr {
    match WORDS.iter().find(|known| known.eq_ignore_ascii_case(word)) {
        Some(known) => Expr::built(ExprKind::Word(known)),
        None => col(word),
    }
}

/// Builds a function call. The number of arguments is checked when the selection is bound to a table.
#[must_use]
pub fn call(function: Function, arguments: impl IntoIterator<Item = Expr>) -> Expr {
    Expr::built(ExprKind::Call(function, arguments.into_iter().collect()))
}

/// Builds `@GETENV (group, item)`.
#[must_use]
pub fn env(group: &str, item: &str) -> Expr {
    call(Function::GetEnv, [text(group), text(item)])
}

/// Returns `true` if a name parses back as the same name without quotes.
pub(crate) fn is_plain(name: &str) -> bool {
    let reserved = ["AND", "OR", "BEFORE", "AFTER"];
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(is_name_char)
        && !reserved.iter().any(|word| word.eq_ignore_ascii_case(name))
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(name))
        && !FOREIGN.iter().any(|(word, _)| word.eq_ignore_ascii_case(name))
}

/// A node with the dialect in which to display it.
pub(crate) struct In<'a, T>(pub(crate) &'a T, pub(crate) Dialect);

pub(crate) fn write_literal(f: &mut fmt::Formatter<'_>, text: &str, dialect: Dialect) -> fmt::Result {
    match dialect {
        Dialect::Ansi => write!(f, "'{}'", text.replace('\'', "''")),
        Dialect::NonAnsi => write!(f, "\"{}\"", text.replace('"', "\"\"")),
    }
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.side {
            Side::Before => "BEFORE.",
            Side::After => "AFTER.",
            Side::Default | Side::BeforeAfter => "",
        })?;
        if self.exact_case { write!(f, "\"{}\"", self.name.replace('"', "\"\"")) } else { f.write_str(&self.name) }
    }
}

impl fmt::Display for In<'_, Expr> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        with_deep_stack(|| self.write(f))
    }
}

impl In<'_, Expr> {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(expr, dialect) = self;
        // Operands that are not primary are parenthesised, so the text does not depend on precedence.
        let operand = |f: &mut fmt::Formatter<'_>, expr: &Expr| {
            let primary = match &expr.kind {
                ExprKind::Number(number) => number.mantissa() >= 0,
                ExprKind::Negate(_) | ExprKind::Arithmetic(..) | ExprKind::Compare(..) | ExprKind::All(_) | ExprKind::Any(_) => {
                    false
                }
                _ => true,
            };
            if primary { write!(f, "{}", In(expr, *dialect)) } else { write!(f, "({})", In(expr, *dialect)) }
        };
        let joined = |f: &mut fmt::Formatter<'_>, list: &[Expr], word: &str| {
            list.iter().enumerate().try_for_each(|(index, expr)| {
                if index > 0 {
                    write!(f, " {word} ")?;
                }
                match expr.kind {
                    ExprKind::Compare(..) => write!(f, "{}", In(expr, *dialect)),
                    _ => operand(f, expr),
                }
            })
        };
        match &expr.kind {
            ExprKind::Number(number) => write!(f, "{number}"),
            ExprKind::Text(text) => write_literal(f, text, *dialect),
            ExprKind::Column(column) => write!(f, "{column}"),
            // Case-insensitive, so it is quoted only if it would not parse without quotes.
            ExprKind::Parameter(id, name)
                if name.starts_with(|c: char| !c.is_ascii_digit()) && name.chars().all(is_name_char) =>
            {
                write!(f, "{id}.{name}")
            }
            ExprKind::Parameter(id, name) => write!(f, "{id}.\"{}\"", name.replace('"', "\"\"")),
            ExprKind::Word(word) => f.write_str(word),
            ExprKind::Call(function, arguments) => {
                write!(f, "{function} (")?;
                for (index, argument) in arguments.iter().enumerate() {
                    write!(f, "{}{}", if index > 0 { ", " } else { "" }, In(argument, *dialect))?;
                }
                f.write_str(")")
            }
            ExprKind::Negate(one) => {
                f.write_str("-")?;
                match one.kind {
                    // Without parentheses the sign would become part of the number.
                    ExprKind::Number(_) => write!(f, "({})", In(&**one, *dialect)),
                    _ => operand(f, one),
                }
            }
            ExprKind::Arithmetic(operator, two) => {
                operand(f, &two.0)?;
                write!(f, " {} ", operator.symbol())?;
                operand(f, &two.1)
            }
            ExprKind::Compare(relation, two) => {
                operand(f, &two.0)?;
                write!(f, " {} ", relation.symbol())?;
                operand(f, &two.1)
            }
            ExprKind::All(list) => joined(f, list, "AND"),
            ExprKind::Any(list) => joined(f, list, "OR"),
        }
    }
}

impl fmt::Display for Expr {
    /// Writes the expression as in a parameter file, in the ANSI dialect.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        In(self, Dialect::Ansi).fmt(f)
    }
}

/// A WHERE condition: comparisons of columns with literals, columns and the three pseudo-values. It has no arithmetic and no
/// functions.
///
/// ```
/// use trailcore::filter::Condition;
/// let large = Condition::present("AMOUNT").and(Condition::gt("AMOUNT", 10_000));
/// assert_eq!(large.to_string(), "AMOUNT = @PRESENT AND AMOUNT > 10000");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub(crate) kind: ConditionKind,
    pub(crate) span: Span,
    /// Depth and number of nodes, as for an expression.
    pub(crate) depth: u32,
    pub(crate) size: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ConditionKind {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Test(ColumnName, Relation, Operand),
}

/// The right side of a comparison in WHERE.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A number.
    Number(Decimal),
    /// A literal text, as it is written: with escape sequences.
    Text(Box<str>),
    /// Another column.
    Column(Box<str>),
    /// Another column, with a case-sensitive name.
    QuotedColumn(Box<str>),
    /// `@NULL`
    Null,
    /// `@PRESENT`
    Present,
    /// `@ABSENT`
    Absent,
}

impl From<i64> for Operand {
    fn from(number: i64) -> Self {
        Self::Number(Decimal::from(number))
    }
}

impl From<Decimal> for Operand {
    fn from(number: Decimal) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Operand {
    /// Makes a literal with exactly this text: a backslash in it starts no escape sequence.
    fn from(text: &str) -> Self {
        Self::Text(escapes::escaped(text).into())
    }
}

impl Condition {
    pub(crate) fn new(kind: ConditionKind, span: Span) -> Self {
        let with = |(depth, size): (u32, u32), one: &Self| (depth.max(one.depth), size.saturating_add(one.size));
        let (depth, size) = match &kind {
            ConditionKind::All(list) | ConditionKind::Any(list) => list.iter().fold((0, 0), with),
            ConditionKind::Test(..) => (0, 0),
        };
        Self { kind, span, depth: depth + 1, size: size.saturating_add(1) }
    }

    /// Checks that the condition is small enough for a selection.
    ///
    /// # Errors
    /// As [`Expr::fits`].
    pub fn fits(&self) -> crate::Result<()> {
        fits(self.depth, self.size)
    }

    /// Builds a comparison of a column with a number, a text or another column.
    #[must_use]
    pub fn test(column: &str, relation: Relation, operand: impl Into<Operand>) -> Self {
        let column = ColumnName { side: Side::Default, name: column.into(), exact_case: !is_plain(column) };
        let operand = match operand.into() {
            Operand::Column(name) if !is_plain(&name) => Operand::QuotedColumn(name),
            operand => operand,
        };
        Self::new(ConditionKind::Test(column, relation, operand), Span::default())
    }

    /// Builds `column = operand`.
    #[must_use]
    pub fn eq(column: &str, operand: impl Into<Operand>) -> Self {
        Self::test(column, Relation::Eq, operand)
    }

    /// Builds `column <> operand`.
    #[must_use]
    pub fn ne(column: &str, operand: impl Into<Operand>) -> Self {
        Self::test(column, Relation::Ne, operand)
    }

    /// Builds `column > operand`.
    #[must_use]
    pub fn gt(column: &str, operand: impl Into<Operand>) -> Self {
        Self::test(column, Relation::Gt, operand)
    }

    /// Builds `column < operand`.
    #[must_use]
    pub fn lt(column: &str, operand: impl Into<Operand>) -> Self {
        Self::test(column, Relation::Lt, operand)
    }

    /// Builds a test that a column is in the image, NULL or not.
    #[must_use]
    pub fn present(column: &str) -> Self {
        Self::test(column, Relation::Eq, Operand::Present)
    }

    /// Builds a test that a column is not in the image.
    #[must_use]
    pub fn absent(column: &str) -> Self {
        Self::test(column, Relation::Eq, Operand::Absent)
    }

    /// Builds a test that a column is NULL.
    #[must_use]
    pub fn null(column: &str) -> Self {
        Self::test(column, Relation::Eq, Operand::Null)
    }

    /// Builds a test that a column is not NULL.
    #[must_use]
    pub fn not_null(column: &str) -> Self {
        Self::test(column, Relation::Ne, Operand::Null)
    }

    /// Builds `self AND other`. `other` is evaluated only if `self` holds.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self.kind {
            ConditionKind::All(mut list) => {
                list.push(other);
                Self::new(ConditionKind::All(list), Span::default())
            }
            _ => Self::new(ConditionKind::All(vec![self, other]), Span::default()),
        }
    }

    /// Builds `self OR other`. `other` is evaluated only if `self` does not hold.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self.kind {
            ConditionKind::Any(mut list) => {
                list.push(other);
                Self::new(ConditionKind::Any(list), Span::default())
            }
            _ => Self::new(ConditionKind::Any(vec![self, other]), Span::default()),
        }
    }
}

impl fmt::Display for In<'_, Condition> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        with_deep_stack(|| self.write(f))
    }
}

impl In<'_, Condition> {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(condition, dialect) = self;
        let joined = |f: &mut fmt::Formatter<'_>, list: &[Condition], word: &str| {
            list.iter().enumerate().try_for_each(|(index, condition)| {
                if index > 0 {
                    write!(f, " {word} ")?;
                }
                match condition.kind {
                    ConditionKind::Test(..) => write!(f, "{}", In(condition, *dialect)),
                    _ => write!(f, "({})", In(condition, *dialect)),
                }
            })
        };
        match &condition.kind {
            ConditionKind::All(list) => joined(f, list, "AND"),
            ConditionKind::Any(list) => joined(f, list, "OR"),
            ConditionKind::Test(column, relation, operand) => {
                write!(f, "{column} {} ", relation.symbol())?;
                match operand {
                    Operand::Number(number) => write!(f, "{number}"),
                    Operand::Text(text) => write_literal(f, text, *dialect),
                    Operand::Column(name) => f.write_str(name),
                    Operand::QuotedColumn(name) => write!(f, "\"{}\"", name.replace('"', "\"\"")),
                    Operand::Null => f.write_str("@NULL"),
                    Operand::Present => f.write_str("@PRESENT"),
                    Operand::Absent => f.write_str("@ABSENT"),
                }
            }
        }
    }
}

impl fmt::Display for Condition {
    /// Writes the condition as in a parameter file, in the ANSI dialect.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        In(self, Dialect::Ansi).fmt(f)
    }
}
