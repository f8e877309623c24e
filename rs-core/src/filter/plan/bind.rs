//! Binds expressions to a table: names become ordinals, literals become typed comparators. Done once per version of a table
//! definition.

use std::sync::Arc;

use crate::change::{DateTime, Decimal, Fact, NumberText};
use crate::filter::eval::calls::{DatePlan, Find, OneOf, Padding, RangePlan};
use crate::filter::eval::column::{ColumnUse, Needed};
use crate::filter::eval::dates::DateFormat;
use crate::filter::eval::environment::{Meaning, meaning};
use crate::filter::eval::kind::ProjectedKind;
use crate::filter::eval::node::{Constant, IntegerIs, Node, StateTest, WhereOperand, WhereTest};
use crate::filter::eval::outcome::COMPUTE;
use crate::filter::eval::scalar::{self, ArithmeticFault, Special};
use crate::filter::syntax::diagnostic::{Diagnostic, DiagnosticKind, Span, nearest};
use crate::filter::syntax::escapes;
use crate::filter::syntax::expr::{
    ColumnName, Condition, ConditionKind, DEEPEST, Expr, ExprKind, Operand, Operator, Relation, Side, too_deep,
};
use crate::filter::syntax::function::Function;
use crate::schema::{ColumnDef, Kind, TableDef};

/// The columns that a program needs, each with its slot.
#[derive(Debug, Default)]
pub(crate) struct Columns(Vec<Needed>);

impl Columns {
    fn slot(&mut self, index: u16) -> u16 {
        let next = self.0.len() as u16;
        match self.0.binary_search_by_key(&index, |column| column.index) {
            Ok(found) => self.0.get(found).map_or(next, |column| column.slot),
            Err(place) => {
                self.0.insert(place, Needed { index, slot: next });
                next
            }
        }
    }

    pub(crate) fn into_list(self) -> Vec<Needed> {
        self.0
    }
}

type Bound<T> = Result<T, Diagnostic>;

/// Returns the result of an expression without columns; a divisor of zero is a fault whatever is divided.
fn constant(node: &Node) -> Option<Result<Decimal, ArithmeticFault>> {
    match node {
        Node::Constant(Constant::Number(number)) => Some(Ok(*number)),
        Node::Compute(one) => constant(one),
        Node::Negate(one) => constant(one).map(|one| one.and_then(scalar::negate)),
        Node::Arithmetic(operator, two) => match (constant(&two.0), constant(&two.1)) {
            (Some(left), Some(right)) => Some(left.and_then(|left| operator.apply(left, right?))),
            (None, Some(Ok(right))) if right.mantissa() == 0 && matches!(operator, Operator::Divide | Operator::Remainder) => {
                Some(Err(ArithmeticFault::DivisionByZero))
            }
            _ => None,
        },
        _ => None,
    }
}

fn column_index(table: &TableDef, column: &ColumnName) -> Option<usize> {
    if !table.is_defined() {
        // Without a definition, columns are named by number.
        let digits = column.name.get(..3).filter(|start| start.eq_ignore_ascii_case("COL")).and(column.name.get(3..))?;
        return digits.parse().ok();
    }
    match column.exact_case {
        true => {
            let of_name = |name: &str| table.columns().iter().position(|own| &*own.name == name);
            of_name(&column.name).or_else(|| of_name(&escapes::decoded(&column.name).ok()?))
        }
        false => table.column(&column.name).map(|(index, _)| index),
    }
}

/// Binds the expressions of one rule to one table.
pub(crate) struct Binder<'a> {
    pub(crate) table: &'a TableDef,
    pub(crate) columns: &'a mut Columns,
    /// KEYCOLS, or empty.
    pub(crate) key: &'a [ColumnName],
    /// Other definitions of the table. A column that only they have is missing, not unknown.
    pub(crate) others: &'a [Arc<TableDef>],
    /// The names of such columns. Their indexes count down from the highest.
    pub(crate) absent: &'a mut Vec<Box<str>>,
    /// The expression makes a column of a known length, which functions without a length take.
    pub(crate) has_length: bool,
}

/// Names of header items in column maps (SEEN; docs/filter.md, section 7.2).
const PSEUDO: [(&str, Fact); 4] = [
    ("GGS_TRANS_TIMESTAMP", Fact::CommitTimestamp),
    ("GGS_TRANS_RBA", Fact::LogRba),
    ("GGS_OP_TYPE", Fact::OpType),
    ("GGS_BEFORE_AFTER_IND", Fact::BeforeAfterIndicator),
];

impl Binder<'_> {
    /// Binds an expression that is a test.
    pub(crate) fn test(&mut self, expr: &Expr) -> Bound<Node> {
        let node = self.expr(expr)?;
        self.not_a_date(&node, expr.span, "a date or time is no condition")?;
        Ok(node)
    }

    /// Fails if a node is a column of dates, which has no place there.
    fn not_a_date(&self, node: &Node, span: Span, what: &str) -> Bound<()> {
        if self.kind(node) != Some(Kind::DateTime) {
            return Ok(());
        }
        let error = Diagnostic::error(DiagnosticKind::Type, span, what).ogg(2292);
        Err(error.help("use @DATEDIFF, or a WHERE clause with a literal date"))
    }

    /// Binds an expression.
    pub(crate) fn expr(&mut self, expr: &Expr) -> Bound<Node> {
        if expr.depth > DEEPEST {
            return Err(too_deep(expr.span));
        }
        self.node(expr)
    }

    fn node(&mut self, expr: &Expr) -> Bound<Node> {
        Ok(match &expr.kind {
            ExprKind::Number(number) => Node::Constant(Constant::Number(*number)),
            ExprKind::Text(text) => Node::Constant(Constant::Text(unescaped(text, expr.span)?)),
            ExprKind::Column(column) => match self.pseudo(column) {
                Some(item) => Node::Environment(item),
                None => Node::Column(self.column(column, expr.span)?),
            },
            ExprKind::Parameter(..) => Node::Unavailable("SQLEXEC results need a database"),
            ExprKind::Word(word) => {
                return Err(Diagnostic::error(DiagnosticKind::Argument, expr.span, format!("unexpected word {word}")).ogg(2322));
            }
            ExprKind::Call(function, arguments) => return self.call(*function, arguments, expr.span),
            ExprKind::Negate(one) => Node::Negate(Box::new(self.operand(one)?)),
            ExprKind::Arithmetic(operator, two) => {
                let node = Node::Arithmetic(*operator, Box::new((self.operand(&two.0)?, self.operand(&two.1)?)));
                if let Some(Err(ArithmeticFault::DivisionByZero)) = constant(&node) {
                    return Err(Diagnostic::error(DiagnosticKind::Argument, expr.span, "division by zero").ogg(COMPUTE));
                }
                node
            }
            ExprKind::Compare(relation, two) => return self.compare(*relation, &two.0, &two.1, expr.span),
            ExprKind::All(list) => Node::All(self.tests(list)?),
            ExprKind::Any(list) => Node::Any(self.tests(list)?),
        })
    }

    fn tests(&mut self, list: &[Expr]) -> Bound<Box<[Node]>> {
        list.iter().map(|expr| self.test(expr)).collect()
    }

    /// Binds an operand of a calculation.
    fn operand(&mut self, expr: &Expr) -> Bound<Node> {
        let node = self.node(expr)?;
        self.not_a_date(&node, expr.span, "cannot calculate with a date or time")?;
        Ok(node)
    }

    /// Returns the header item with this name, unless the table has such a column.
    fn pseudo(&self, column: &ColumnName) -> Option<Fact> {
        let item = PSEUDO.iter().find(|(name, _)| name.eq_ignore_ascii_case(&column.name))?.1;
        self.table.column(&column.name).is_none().then_some(item)
    }

    /// Resolves a column name.
    pub(crate) fn column(&mut self, column: &ColumnName, span: Span) -> Bound<ColumnUse> {
        let found = column_index(self.table, column).or_else(|| self.absent(column));
        let index = found.and_then(|index| u16::try_from(index).ok()).ok_or_else(|| self.no_column(column, span))?;
        Ok(ColumnUse { side: column.side, index, slot: self.columns.slot(index) })
    }

    /// Returns the index of a column that only other definitions of the table have: one that no image has.
    fn absent(&mut self, column: &ColumnName) -> Option<usize> {
        if !self.others.iter().any(|other| other.is_defined() && column_index(other, column).is_some()) {
            return None;
        }
        let place = self.absent.iter().position(|known| *known == column.name).unwrap_or_else(|| {
            self.absent.push(column.name.clone());
            self.absent.len() - 1
        });
        let index = usize::from(u16::MAX).checked_sub(place)?;
        (index >= self.table.columns().len()).then_some(index)
    }

    fn no_column(&self, column: &ColumnName, span: Span) -> Diagnostic {
        let name = self.table.name();
        if !self.table.is_defined() {
            let error = Diagnostic::error(DiagnosticKind::UnknownName, span, format!("unknown columns of table {name}"));
            return error.help("provide a definitions file, or name columns by number: COL0, COL1 …");
        }
        let kind = if column.exact_case { DiagnosticKind::QuoteMixUp } else { DiagnosticKind::UnknownName };
        let error = Diagnostic::error(kind, span, format!("{name} has no column {}", column.name));
        match nearest(&column.name, self.table.columns().iter().map(|column| &*column.name)) {
            Some(near) => error.help(format!("did you mean {near}?")),
            None if column.exact_case => error.help(format!(
                "double quotes enclose a column name here; write '{}' for a literal, or NOUSEANSISQLQUOTES before the statements",
                column.name
            )),
            None => error,
        }
    }

    fn kind(&self, node: &Node) -> Option<Kind> {
        let Node::Column(column) = node else { return None };
        self.table.columns().get(usize::from(column.index)).map(|column| column.kind())
    }

    fn compare(&mut self, relation: Relation, left: &Expr, right: &Expr, span: Span) -> Bound<Node> {
        let (left, right) = (self.node(left)?, self.node(right)?);
        for (one, other) in [(&left, &right), (&right, &left)] {
            if other.kind(self.table) == Some(ProjectedKind::Number) {
                self.not_a_date(one, span, "cannot compare a date or time with a number")?;
            }
            if let Some(Kind::Opaque | Kind::Binary { .. }) = self.kind(one) {
                return Err(Diagnostic::error(DiagnosticKind::Type, span, "cannot compare values of this column type").ogg(2210));
            }
        }
        let general = Node::Compare(relation, Box::new((left, right)));
        let Node::Compare(_, two) = &general else { return Ok(general) };
        Ok(match &**two {
            (Node::Column(column), Node::Constant(Constant::Number(number))) => {
                self.integer_is(*column, relation, *number, &general)
            }
            (Node::Constant(Constant::Number(number)), Node::Column(column)) => {
                self.integer_is(*column, relation.mirrored(), *number, &general)
            }
            _ => None,
        }
        .unwrap_or(general))
    }

    /// Returns a fast comparison of an integer column with a constant; `None` if the column is not an integer.
    fn integer_is(&self, column: ColumnUse, relation: Relation, number: Decimal, general: &Node) -> Option<Node> {
        let definition = self.table.columns().get(usize::from(column.index))?;
        let Kind::Integer { width, signed } = definition.kind() else { return None };
        let (floor, exact) = mantissa(number, u8::try_from(definition.scale).ok()?)?;
        let clamp = |value: i128| value.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        let least = |value: i128| (value <= i64::MAX.into()).then(|| clamp(value));
        let most = |value: i128| (value >= i64::MIN.into()).then(|| clamp(value));
        // An empty range ends before it starts.
        const EMPTY: (i64, i64) = (1, 0);
        let from = |value: i128| least(value).map_or(EMPTY, |low| (low, i64::MAX));
        let to = |value: i128| most(value).map_or(EMPTY, |high| (i64::MIN, high));
        let equal = if exact && i64::try_from(floor).is_ok() { (clamp(floor), clamp(floor)) } else { EMPTY };
        let ((low, high), inside) = match relation {
            Relation::Eq => (equal, true),
            Relation::Ne => (equal, false),
            Relation::Gt => (from(floor.saturating_add(1)), true),
            Relation::Ge => (from(if exact { floor } else { floor.saturating_add(1) }), true),
            Relation::Lt => (to(if exact { floor.saturating_sub(1) } else { floor }), true),
            Relation::Le => (to(floor), true),
        };
        Some(Node::IntegerIs(Box::new(IntegerIs { column, width, signed, low, high, inside, general: general.clone() })))
    }

    fn call(&mut self, function: Function, arguments: &[Expr], span: Span) -> Bound<Node> {
        if function.wrong_count(arguments.len()) {
            let message = format!("{function} does not take {} arguments", arguments.len());
            return Err(Diagnostic::error(DiagnosticKind::Arity, span, message)
                .help(format!("{function} {}", function.usage()))
                .ogg(2322));
        }
        if let Some(what) = function.not_available() {
            return Ok(Node::Unavailable(what));
        }
        let fault = |span: Span, message: String| Diagnostic::error(DiagnosticKind::Argument, span, message).ogg(2322);
        match (function, arguments) {
            (Function::Before | Function::After | Function::BeforeAfter, [one]) => {
                let side = match function {
                    Function::Before => Side::Before,
                    Function::After => Side::After,
                    _ => Side::BeforeAfter,
                };
                match &one.kind {
                    ExprKind::Column(column) => Ok(Node::Column(self.column(&ColumnName { side, ..column.clone() }, one.span)?)),
                    _ => Err(fault(one.span, format!("{function} takes a column"))),
                }
            }
            (Function::GetEnv, words) => self.environment(words, span),
            (Function::Token, [name]) => match &name.kind {
                ExprKind::Text(name) => Ok(Node::Token(name.clone())),
                _ => Err(fault(name.span, "@TOKEN takes the token name as a literal".to_owned())),
            },
            (Function::ColStat, [word]) => match state_of(word) {
                Some(constant) => Ok(Node::Constant(constant)),
                None => Err(fault(word.span, "@COLSTAT takes MISSING, NULL, INVALID or INFINITY".to_owned())),
            },
            (Function::ColTest, [subject, tests @ ..]) => {
                let subject = self.node(subject)?;
                let tests = tests.iter().map(|test| self.state_test(test)).collect::<Bound<_>>()?;
                Ok(Node::State(Box::new(subject), tests))
            }
            (Function::Compute, [one]) => Ok(Node::Compute(Box::new(self.node(one)?))),
            (Function::HighVal | Function::LowVal, []) if !self.has_length => {
                Err(fault(span, format!("{function} needs a length, or a target column with a length")))
            }
            (Function::NumStr, [Expr { kind: ExprKind::Text(text), span, .. }]) if NumberText::parse(text).is_none() => {
                Err(fault(*span, "@NUMSTR takes the text of a number".to_owned()))
            }
            (Function::StrNum, [value, word, length @ ..]) => {
                let padding = match word.kind {
                    ExprKind::Word("LEFT") => Padding::Left,
                    ExprKind::Word("LEFTSPACE") => Padding::LeftSpace,
                    ExprKind::Word("RIGHT") => Padding::Right,
                    ExprKind::Word("RIGHTZERO") => Padding::RightZero,
                    _ => return Err(fault(word.span, "@STRNUM takes LEFT, LEFTSPACE, RIGHT or RIGHTZERO".to_owned())),
                };
                if length.is_empty() && padding != Padding::Left && !self.has_length {
                    return Err(fault(span, "@STRNUM needs a length, or a target column with a length".to_owned()));
                }
                let length = length.first().map(|length| self.node(length)).transpose()?;
                if let (Some(node), [expr]) = (&length, arguments.get(2..).unwrap_or_default()) {
                    check_count(node, expr.span)?;
                }
                Ok(Node::StrNum(Box::new((self.node(value)?, padding, length))))
            }
            (Function::Date, [output, inputs @ ..]) => {
                let format = |expr: &Expr| match &expr.kind {
                    ExprKind::Text(text) => DateFormat::parse(text).map_err(|why| fault(expr.span, why)),
                    _ => Err(fault(expr.span, "@DATE takes formats as literals".to_owned())),
                };
                let output = format(output)?;
                let pairs = inputs
                    .chunks_exact(2)
                    .filter_map(|pair| if let [format, value] = pair { Some((format, value)) } else { None });
                let inputs = pairs.map(|(input, value)| Ok((format(input)?, self.node(value)?))).collect::<Bound<_>>()?;
                Ok(Node::Date(Box::new(DatePlan { output, inputs })))
            }
            (Function::Range, [range, total, key @ ..]) => self.range(range, total, key, span),
            _ => self.plain_call(function, arguments),
        }
    }

    /// Binds a function whose arguments are all expressions.
    fn plain_call(&mut self, function: Function, arguments: &[Expr]) -> Bound<Node> {
        let mut nodes = arguments.iter().map(|argument| self.node(argument)).collect::<Bound<Vec<_>>>()?;
        for (node, argument) in counts(function, &nodes).zip(counts(function, arguments)) {
            check_count(node, argument.span)?;
        }
        match (function, &mut *nodes) {
            (Function::StrFind, [text, Node::Constant(Constant::Text(what))]) => {
                let text = std::mem::replace(text, Node::Constant(Constant::Missing));
                return Ok(Node::Find(Box::new(Find::new(text, what))));
            }
            (Function::DateDiff, [Node::Constant(Constant::Text(unit)), ..])
                if !["DD", "SS"].iter().any(|own| own.eq_ignore_ascii_case(unit)) =>
            {
                let span = arguments.first().map(|unit| unit.span).unwrap_or_default();
                return Err(
                    Diagnostic::error(DiagnosticKind::Argument, span, "the unit of @DATEDIFF must be 'DD' or 'SS'").ogg(2322)
                );
            }
            _ => {}
        }
        if function == Function::ValOneOf && !nodes.is_empty() {
            let value = nodes.remove(0);
            let (mut texts, mut others) = (Vec::new(), Vec::new());
            for node in nodes {
                match node {
                    Node::Constant(Constant::Text(text)) => texts.push(Box::<str>::from(text.trim_end_matches(' '))),
                    other => others.push(other),
                }
            }
            texts.sort();
            return Ok(Node::OneOf(Box::new(OneOf { value, texts: texts.into(), others: others.into() })));
        }
        Ok(Node::Call(function, nodes.into()))
    }

    fn environment(&self, words: &[Expr], span: Span) -> Bound<Node> {
        let mut texts = Vec::with_capacity(words.len());
        for word in words {
            match &word.kind {
                ExprKind::Text(text) => texts.push(&**text),
                ExprKind::Column(column) => {
                    let help = format!("write '{}'", column.name);
                    let error =
                        Diagnostic::error(DiagnosticKind::QuoteMixUp, word.span, "@GETENV takes options as quoted literals");
                    return Err(error.help(help).ogg(2322));
                }
                _ => {
                    return Err(Diagnostic::error(
                        DiagnosticKind::Argument,
                        word.span,
                        "@GETENV takes options as quoted literals",
                    )
                    .ogg(2322));
                }
            }
        }
        match meaning(&texts) {
            Meaning::Item(item) => Ok(Node::Environment(item)),
            Meaning::NotAvailable(what) => Ok(Node::Unavailable(what)),
            Meaning::Unknown(word, near) => {
                let error =
                    Diagnostic::error(DiagnosticKind::UnknownName, span, format!("@GETENV has no option '{word}'")).ogg(2322);
                Err(match near {
                    Some(near) => error.help(format!("did you mean '{near}'?")),
                    None => error,
                })
            }
        }
    }

    fn state_test(&mut self, test: &Expr) -> Bound<StateTest> {
        Ok(match &test.kind {
            ExprKind::Word("PRESENT") => StateTest::Present,
            ExprKind::Word("NULL") => StateTest::Null,
            ExprKind::Word("MISSING") => StateTest::Missing,
            ExprKind::Word("INVALID") => StateTest::Invalid,
            ExprKind::Word(word) => match Special::parse(word) {
                Some(special) => StateTest::Special(special),
                None => {
                    let error = Diagnostic::error(DiagnosticKind::Argument, test.span, format!("@COLTEST does not take {word}"));
                    return Err(error.help(format!("@COLTEST {}", Function::ColTest.usage())).ogg(2322));
                }
            },
            _ => StateTest::Value(self.node(test)?),
        })
    }

    fn range(&mut self, range: &Expr, total: &Expr, key: &[Expr], span: Span) -> Bound<Node> {
        let whole = |expr: &Expr| match &expr.kind {
            ExprKind::Number(number) => number.to_i64().and_then(|number| u64::try_from(number).ok()),
            _ => None,
        };
        let (Some(range), Some(total)) = (whole(range), whole(total)) else {
            let error =
                Diagnostic::error(DiagnosticKind::Argument, span, "@RANGE takes the range and the total as whole numbers");
            return Err(error.ogg(2322));
        };
        if range < 1 || range > total {
            let message = format!("range {range} is not between 1 and the total {total}");
            return Err(Diagnostic::error(DiagnosticKind::Argument, span, message)
                .help("number the ranges from 1 to the total")
                .ogg(2322));
        }
        let key = match key {
            [] => self.key_columns(span)?,
            _ => key.iter().map(|column| self.node(column)).collect::<Bound<_>>()?,
        };
        Ok(Node::Range(Box::new(RangePlan { range, total, key })))
    }

    /// Returns the columns that @RANGE hashes by default: KEYCOLS, else the table's key, else all columns.
    fn key_columns(&mut self, span: Span) -> Bound<Box<[Node]>> {
        if !self.key.is_empty() {
            return self.key.iter().map(|column| Ok(Node::Column(self.column(column, span)?))).collect();
        }
        let table = self.table;
        let all = || table.columns().iter().enumerate();
        let has_key = table.key().next().is_some();
        let indexes = all().filter(|(_, column)| column.key || !has_key).filter_map(|(index, _)| u16::try_from(index).ok());
        let nodes: Box<[Node]> =
            indexes.map(|index| Node::Column(ColumnUse { side: Side::Default, index, slot: self.columns.slot(index) })).collect();
        if nodes.is_empty() {
            let error = Diagnostic::error(DiagnosticKind::UnknownName, span, format!("unknown key of table {}", table.name()));
            return Err(error.help("name the columns in @RANGE or KEYCOLS"));
        }
        Ok(nodes)
    }

    /// Binds a WHERE condition.
    pub(crate) fn condition(&mut self, condition: &Condition) -> Bound<Node> {
        if condition.depth > DEEPEST {
            return Err(too_deep(condition.span));
        }
        let nodes =
            |this: &mut Self, list: &[Condition]| list.iter().map(|one| this.condition(one)).collect::<Bound<Box<[Node]>>>();
        match &condition.kind {
            ConditionKind::All(list) => Ok(Node::All(nodes(self, list)?)),
            ConditionKind::Any(list) => Ok(Node::Any(nodes(self, list)?)),
            ConditionKind::Test(column, relation, operand) => self.comparison(column, *relation, operand, condition.span),
        }
    }

    fn comparison(&mut self, name: &ColumnName, relation: Relation, operand: &Operand, span: Span) -> Bound<Node> {
        let column = self.column(name, span)?;
        let definition = self.table.columns().get(usize::from(column.index));
        let kind = definition.map(|definition| definition.kind());
        let is_state = matches!(operand, Operand::Null | Operand::Present | Operand::Absent);
        if matches!(kind, Some(Kind::Opaque | Kind::Binary { .. })) && !is_state {
            return Err(Diagnostic::error(DiagnosticKind::Type, span, "cannot compare values of this column type").ogg(2210));
        }
        let operand = match operand {
            Operand::Null => WhereOperand::Null,
            Operand::Present => WhereOperand::Present,
            Operand::Absent => WhereOperand::Absent,
            Operand::Column(other) => self.other_column(other, false, kind, span)?,
            Operand::QuotedColumn(other) => self.other_column(other, true, kind, span)?,
            Operand::Number(_) if kind == Some(Kind::DateTime) => {
                let error =
                    Diagnostic::error(DiagnosticKind::Type, span, "cannot compare a date or time with a number").ogg(2292);
                return Err(error.help("write the date as a literal: '2024-03-01' or '2024-03-01 12:00:00'"));
            }
            Operand::Number(number) => WhereOperand::Constant(Constant::Number(*number)),
            Operand::Text(text) => literal(&unescaped(text, span)?, kind, span)?,
        };
        let padded = matches!(kind, Some(Kind::Text { prefixed: false }))
            || definition.is_some_and(|definition| definition.sub_type == crate::schema::sub_type::CHAR);
        let number = match &operand {
            WhereOperand::Constant(Constant::Number(number)) => Some(*number),
            _ => None,
        };
        let general = Node::Where(Box::new(WhereTest { column, relation, operand, padded }));
        Ok(number.and_then(|number| self.integer_is(column, relation, number, &general)).unwrap_or(general))
    }

    fn other_column(&mut self, name: &str, exact_case: bool, kind: Option<Kind>, span: Span) -> Bound<WhereOperand> {
        let name = ColumnName { side: Side::Default, name: name.into(), exact_case };
        let column = self.column(&name, span)?;
        let is_number = |kind| matches!(kind, Some(Kind::Integer { .. } | Kind::NumberText { .. }));
        let other = self.table.columns().get(usize::from(column.index)).map(ColumnDef::kind);
        if [(kind, other), (other, kind)].into_iter().any(|(one, other)| one == Some(Kind::DateTime) && is_number(other)) {
            return Err(Diagnostic::error(DiagnosticKind::Type, span, "cannot compare a date or time with a number").ogg(2292));
        }
        Ok(WhereOperand::Column(column))
    }
}

/// Returns the arguments of a function that are positions, lengths or counts.
fn counts<T>(function: Function, arguments: &[T]) -> impl Iterator<Item = &T> {
    let is_count = move |place: usize| match function {
        Function::StrExt => place == 1 || place == 2,
        Function::StrFind | Function::StrNCmp => place == 2,
        Function::StrNCat => place % 2 == 1,
        Function::HighVal | Function::LowVal => place == 0,
        _ => false,
    };
    arguments.iter().enumerate().filter(move |(place, _)| is_count(*place)).map(|(_, argument)| argument)
}

/// Fails if a constant position or length is not a whole number.
fn check_count(node: &Node, span: Span) -> Bound<()> {
    let is_whole = match node {
        Node::Constant(Constant::Text(text)) => NumberText::parse(text).and_then(|number| number.decimal()).is_some_and(is_whole),
        _ => constant(node).is_none_or(|number| number.is_ok_and(is_whole)),
    };
    let error = || Diagnostic::error(DiagnosticKind::Argument, span, "a position or length is not a whole number").ogg(2322);
    is_whole.then_some(()).ok_or_else(error)
}

fn is_whole(number: Decimal) -> bool {
    mantissa(number, 0).is_some_and(|(_, exact)| exact)
}

/// Converts a literal to the type of the column.
fn literal(text: &str, kind: Option<Kind>, span: Span) -> Bound<WhereOperand> {
    match kind {
        Some(Kind::DateTime) => DateTime::parse(text).map(WhereOperand::DateTime).ok_or_else(|| {
            Diagnostic::error(DiagnosticKind::Type, span, "cannot compare a date or time with text that is not a date")
                .help("write '2024-03-01' or '2024-03-01 12:00:00'")
                .ogg(2292)
        }),
        Some(Kind::Integer { .. } | Kind::NumberText { .. }) => {
            let number = NumberText::parse(text).and_then(|number| number.decimal());
            number.map(|number| WhereOperand::Constant(Constant::Number(number))).ok_or_else(|| {
                let error =
                    Diagnostic::error(DiagnosticKind::Type, span, "cannot compare a number with text that is not a number");
                error.help("write a number without quotes").ogg(2210)
            })
        }
        _ => Ok(WhereOperand::Constant(Constant::Text(text.into()))),
    }
}

fn state_of(word: &Expr) -> Option<Constant> {
    match word.kind {
        ExprKind::Word("NULL") => Some(Constant::Null),
        ExprKind::Word("MISSING") => Some(Constant::Missing),
        ExprKind::Word("INVALID") => Some(Constant::Invalid),
        ExprKind::Word(word) => Special::parse(word).map(Constant::Special),
        _ => None,
    }
}

/// Returns a number as a mantissa with this scale, rounded down, and whether that is exact.
fn mantissa(number: Decimal, scale: u8) -> Option<(i128, bool)> {
    let unit = |power: u8| 10i128.checked_pow(u32::from(power));
    if number.scale() <= scale {
        // A number too large for a mantissa uses the general comparison.
        return Some((number.mantissa().checked_mul(unit(scale - number.scale())?)?, true));
    }
    let unit = unit(number.scale() - scale)?;
    Some((number.mantissa().div_euclid(unit), number.mantissa().rem_euclid(unit) == 0))
}

/// Returns a literal with its escape sequences replaced by their characters.
fn unescaped(text: &str, span: Span) -> Bound<Box<str>> {
    escapes::decoded(text).map(Into::into).map_err(|fault| {
        let error = Diagnostic::error(DiagnosticKind::Argument, span, fault.message).ogg(2322);
        match fault.help {
            Some(help) => error.help(help),
            None => error,
        }
    })
}

/// The part of a record that a test reads. The columns of a record that an earlier tier rejects are never decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// The file, the record header, the transaction.
    Header,
    /// Tokens, and which columns are present.
    Presence,
    /// The values of columns.
    Values,
}

/// Properties of a node that decide the order of conjuncts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traits {
    pub(crate) tier: Tier,
    pub(crate) fallible: bool,
    pub(crate) cost: u32,
}

/// The result type of a node that cannot fail.
#[derive(Clone, Copy, PartialEq)]
enum Sure {
    Number,
    Text,
}

pub(crate) fn traits(node: &Node) -> Traits {
    Traits { tier: tier(node), fallible: !is_sure_test(node), cost: cost(node) }
}

fn sure(node: &Node) -> Option<Sure> {
    match node {
        Node::Constant(Constant::Number(_)) => Some(Sure::Number),
        Node::Constant(Constant::Text(_)) => Some(Sure::Text),
        Node::Environment(item) => match item {
            Fact::OpType | Fact::BeforeAfterIndicator | Fact::CommitTimestamp | Fact::TableName => Some(Sure::Text),
            Fact::FileSeqno | Fact::FileRba | Fact::JulianTimestamp => Some(Sure::Number),
            _ => None,
        },
        Node::Find(find) => sure(&find.text).map(|_| Sure::Number),
        Node::OneOf(one_of) => {
            (sure(&one_of.value).is_some() && one_of.others.iter().all(|node| sure(node).is_some())).then_some(Sure::Number)
        }
        // @STRFIND is not in this list: its start position may be invalid.
        Node::Call(Function::StrEq | Function::StrCmp | Function::StrLen, arguments) => {
            arguments.iter().all(|node| sure(node).is_some()).then_some(Sure::Number)
        }
        Node::State(..) | Node::All(_) | Node::Any(_) | Node::Where(_) | Node::Compare(..) => {
            is_sure_test(node).then_some(Sure::Number)
        }
        _ => None,
    }
}

fn is_sure_test(node: &Node) -> bool {
    match node {
        Node::State(subject, tests) => {
            // An insert has no before image; reading it is an error.
            let plain = match &**subject {
                Node::Column(column) => column.side != Side::Before,
                other => sure(other).is_some(),
            };
            plain && tests.iter().all(|test| !matches!(test, StateTest::Value(node) if sure(node).is_none()))
        }
        Node::Where(test) => {
            let of_state = matches!(test.operand, WhereOperand::Null | WhereOperand::Present | WhereOperand::Absent);
            of_state && test.column.side != Side::Before
        }
        Node::All(list) | Node::Any(list) => list.iter().all(is_sure_test),
        Node::Compare(_, two) => sure(&two.0) == Some(Sure::Number) && sure(&two.1) == Some(Sure::Number),
        other => sure(other) == Some(Sure::Number),
    }
}

fn tier(node: &Node) -> Tier {
    let of = |nodes: &[Node]| nodes.iter().map(tier).max().unwrap_or(Tier::Header);
    match node {
        Node::Constant(_) | Node::Environment(_) | Node::Unavailable(_) => Tier::Header,
        Node::Token(_) => Tier::Presence,
        Node::Column(_) | Node::IntegerIs(_) => Tier::Values,
        Node::Where(test) => match test.operand {
            WhereOperand::Null | WhereOperand::Present | WhereOperand::Absent => Tier::Presence,
            _ => Tier::Values,
        },
        Node::State(subject, tests) => {
            let presence = |test: &StateTest| matches!(test, StateTest::Present | StateTest::Null | StateTest::Missing);
            match **subject {
                Node::Column(_) if tests.iter().all(presence) => Tier::Presence,
                _ => tier(subject).max(
                    tests
                        .iter()
                        .map(|test| if let StateTest::Value(node) = test { tier(node) } else { Tier::Header })
                        .max()
                        .unwrap_or(Tier::Header),
                ),
            }
        }
        Node::Negate(one) | Node::Compute(one) => tier(one),
        Node::Arithmetic(_, two) | Node::Compare(_, two) => tier(&two.0).max(tier(&two.1)),
        Node::All(list) | Node::Any(list) | Node::Call(_, list) => of(list),
        Node::Find(find) => tier(&find.text),
        Node::OneOf(one_of) => tier(&one_of.value).max(of(&one_of.others)),
        Node::Date(plan) => plan.inputs.iter().map(|(_, node)| tier(node)).max().unwrap_or(Tier::Header),
        Node::Range(plan) => of(&plan.key),
        Node::StrNum(parts) => tier(&parts.0).max(parts.2.as_ref().map_or(Tier::Header, tier)),
    }
}

/// Estimates the cost of a node, for ordering conjuncts.
fn cost(node: &Node) -> u32 {
    let of = |nodes: &[Node]| nodes.iter().map(cost).sum::<u32>();
    match node {
        Node::Constant(_) => 0,
        Node::IntegerIs(_) => 1,
        Node::Column(_) | Node::Environment(_) | Node::Token(_) | Node::Unavailable(_) | Node::State(..) | Node::Where(_) => 3,
        Node::Negate(one) | Node::Compute(one) => 1 + cost(one),
        Node::Arithmetic(_, two) | Node::Compare(_, two) => 2 + cost(&two.0) + cost(&two.1),
        Node::All(list) | Node::Any(list) => of(list),
        Node::Find(find) => 10 + cost(&find.text),
        Node::OneOf(one_of) => 6 + cost(&one_of.value) + of(&one_of.others),
        Node::Date(plan) => 50 + plan.inputs.iter().map(|(_, node)| cost(node)).sum::<u32>(),
        Node::Range(plan) => 20 + of(&plan.key),
        Node::StrNum(parts) => 20 + cost(&parts.0),
        Node::Call(_, list) => 12 + of(list),
    }
}
