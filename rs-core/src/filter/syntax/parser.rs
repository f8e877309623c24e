//! Parses expressions and conditions. See docs/filter.md, section 2.3.

use crate::change::{Decimal, NumberText};
use crate::filter::syntax::diagnostic::{Diagnostic, DiagnosticKind, Diagnostics, Span, nearest};
use crate::filter::syntax::expr::{
    ColumnName, Condition, ConditionKind, DEEPEST, Expr, ExprKind, Operand, Operator, Relation, Side, WORDS, too_deep,
};
use crate::filter::syntax::function::Function;
use crate::filter::syntax::lexer::{Dialect, Lexer, Token};
use crate::filter::syntax::words::{FOREIGN, instead_of};
use crate::filter::with_deep_stack;

/// Maximum length of a text, in bytes.
pub(crate) const LONGEST: usize = 4 << 20;
/// Maximum number of lints kept for one text.
const MOST_LINTS: usize = 100;

pub(crate) type Parsed<T> = Result<T, Diagnostic>;

/// Parses tokens into trees.
pub(crate) struct Parser<'a> {
    pub(crate) lexer: Lexer<'a>,
    pub(crate) lints: Vec<Diagnostic>,
}

impl std::str::FromStr for Expr {
    type Err = Diagnostics;

    /// Parses an expression in the ANSI dialect.
    fn from_str(text: &str) -> Result<Self, Diagnostics> {
        Parser::whole(text, Dialect::Ansi, |parser| parser.expression()).map(|(expr, _)| expr)
    }
}

impl std::str::FromStr for Condition {
    type Err = Diagnostics;

    /// Parses a WHERE condition in the ANSI dialect.
    fn from_str(text: &str) -> Result<Self, Diagnostics> {
        Parser::whole(text, Dialect::Ansi, |parser| parser.condition()).map(|(condition, _)| condition)
    }
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self { lexer: Lexer::new(text, dialect), lints: Vec::new() }
    }

    /// Parses a whole text and fails if anything is left over.
    pub(crate) fn whole<T>(
        text: &'a str,
        dialect: Dialect,
        read: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Result<(T, Vec<Diagnostic>), Diagnostics> {
        let mut parser = Self::new(text, dialect);
        let read = |parser: &mut Self| with_deep_stack(|| read(parser));
        let result = parser.fits().and_then(|()| read(&mut parser)).and_then(|tree| parser.end().map(|()| tree));
        let mut list = std::mem::take(&mut parser.lints);
        match result {
            Ok(tree) => Ok((tree, list)),
            Err(error) => {
                list.push(error);
                Err(Diagnostics::new(text, list))
            }
        }
    }

    pub(crate) fn fits(&self) -> Parsed<()> {
        if self.lexer.text.len() <= LONGEST {
            return Ok(());
        }
        let message = format!("the text has {} bytes; the maximum is {LONGEST}", self.lexer.text.len());
        Err(Diagnostic::error(DiagnosticKind::TooLarge, Span::default(), message))
    }

    pub(crate) fn lint(&mut self, lint: Diagnostic) {
        if !self.has_most_lints() {
            self.lints.push(lint);
        }
    }

    /// Returns whether no more lints are kept.
    pub(crate) fn has_most_lints(&self) -> bool {
        self.lints.len() >= MOST_LINTS
    }

    pub(crate) fn peek(&self) -> Parsed<(Token<'a>, Span)> {
        self.lexer.clone().next()
    }

    pub(crate) fn next(&mut self) -> Parsed<(Token<'a>, Span)> {
        self.lexer.next()
    }

    /// Consumes a symbol if it comes next.
    pub(crate) fn take(&mut self, symbol: &str) -> Parsed<bool> {
        self.take_token(|token| matches!(token, Token::Symbol(found) if *found == symbol))
    }

    /// Consumes a word if it comes next; case-insensitive.
    pub(crate) fn take_word(&mut self, word: &str) -> Parsed<bool> {
        self.take_token(|token| matches!(token, Token::Name(found) if found.eq_ignore_ascii_case(word)))
    }

    fn take_token(&mut self, wanted: impl FnOnce(&Token<'a>) -> bool) -> Parsed<bool> {
        let mut ahead = self.lexer.clone();
        let (token, _) = ahead.next()?;
        let found = wanted(&token);
        if found {
            self.lexer = ahead;
        }
        Ok(found)
    }

    pub(crate) fn expect(&mut self, symbol: &str, where_: &str) -> Parsed<Span> {
        let (token, span) = self.next()?;
        match token {
            Token::Symbol(found) if found == symbol => Ok(span),
            other => Err(unexpected(&other, span, &format!("{symbol} {where_}"))),
        }
    }

    fn end(&mut self) -> Parsed<()> {
        match self.next()? {
            (Token::End, _) => Ok(()),
            (Token::Symbol(")"), span) => {
                Err(Diagnostic::error(DiagnosticKind::Syntax, span, "unmatched closing parenthesis").ogg(370))
            }
            (other, span) => Err(unexpected(&other, span, "the end of the text, AND, OR or an operator")),
        }
    }

    /// Parses an expression.
    pub(crate) fn expression(&mut self) -> Parsed<Expr> {
        self.any(DEEPEST)
    }

    fn deeper(&self, room: u32) -> Parsed<u32> {
        room.checked_sub(1).ok_or_else(|| too_deep(Span::new(self.lexer.at, self.lexer.at)))
    }

    fn any(&mut self, room: u32) -> Parsed<Expr> {
        let first = self.all(room)?;
        let mut list = vec![first];
        while self.take_word("OR")? {
            list.push(self.all(room)?);
        }
        self.join(list, ExprKind::Any)
    }

    fn all(&mut self, room: u32) -> Parsed<Expr> {
        let mut list = vec![self.comparison(room)?];
        while self.take_word("AND")? {
            list.push(self.comparison(room)?);
        }
        self.join(list, ExprKind::All)
    }

    fn join(&mut self, mut list: Vec<Expr>, kind: impl FnOnce(Vec<Expr>) -> ExprKind) -> Parsed<Expr> {
        let span = list.first().map(|expr| expr.span).unwrap_or_default();
        let span = list.last().map_or(span, |last| span.to(last.span));
        match list.pop() {
            Some(only) if list.is_empty() => Ok(only),
            Some(last) => {
                list.push(last);
                let joined = Expr::new(kind(list), span);
                if let ExprKind::Any(list) = &joined.kind {
                    // The span of a term in parentheses starts at its parenthesis, before the span of its first operand.
                    let bare = |expr: &&Expr| matches!(&expr.kind, ExprKind::All(terms) if terms.first().is_some_and(|term| term.span.start == expr.span.start));
                    if let Some(mixed) = list.iter().find(bare) {
                        let span = mixed.span;
                        self.mixed(span);
                    }
                }
                self.checked(joined)
            }
            None => Err(Diagnostic::error(DiagnosticKind::Syntax, span, "expected an expression")),
        }
    }

    fn mixed(&mut self, span: Span) {
        self.lint(
            Diagnostic::lint(
                DiagnosticKind::MixedAndOr,
                span,
                "AND and OR are mixed without parentheses; AND binds tighter here, which GoldenGate does not document",
            )
            .help("add parentheses"),
        );
    }

    fn checked(&self, expr: Expr) -> Parsed<Expr> {
        if expr.depth > DEEPEST { Err(too_deep(expr.span)) } else { Ok(expr) }
    }

    fn comparison(&mut self, room: u32) -> Parsed<Expr> {
        let left = self.sum(room)?;
        let (token, span) = self.peek()?;
        if let Token::Name(name) = token {
            if let Some((word, instead)) = FOREIGN.iter().find(|(word, _)| word.eq_ignore_ascii_case(name)) {
                return Err(Diagnostic::error(
                    DiagnosticKind::ForeignOperator,
                    span,
                    format!("operator {word} is not supported"),
                )
                .help(*instead));
            }
        }
        let Token::Symbol(symbol) = token else { return Ok(left) };
        let Some(relation) = self.relation(symbol, span)? else { return Ok(left) };
        self.next()?;
        let right = self.sum(room)?;
        self.no_text(&left, &right)?;
        let span = left.span.to(right.span);
        self.checked(Expr::new(ExprKind::Compare(relation, Box::new((left, right))), span))
    }

    fn relation(&self, symbol: &str, span: Span) -> Parsed<Option<Relation>> {
        let instead = match symbol {
            "!=" | "!" => "<>",
            "==" => "=",
            "||" => "@STRCAT (a, b)",
            _ => return Ok(Relation::of_symbol(symbol)),
        };
        Err(Diagnostic::error(DiagnosticKind::ForeignOperator, span, format!("operator {symbol} is not supported"))
            .help(format!("write {instead}")))
    }

    /// Rejects text in a comparison: FILTER and conditions inside functions compare numbers (docs/filter.md, section 2.3). Text
    /// that is a number is only a lint.
    fn no_text(&mut self, left: &Expr, right: &Expr) -> Parsed<()> {
        for (own, other) in [(left, right), (right, left)] {
            let ExprKind::Text(text) = &own.kind else { continue };
            if NumberText::parse(text).is_some() {
                self.lint(
                    Diagnostic::lint(DiagnosticKind::TextInFilter, own.span, "the quoted number is compared as a number")
                        .help("remove the quotes"),
                );
                continue;
            }
            let column = match &other.kind {
                ExprKind::Column(column) => column.to_string(),
                _ => "column".to_owned(),
            };
            return Err(Diagnostic::error(
                DiagnosticKind::TextInFilter,
                own.span,
                "only numbers can be compared here, but this is text",
            )
            .help(format!("use @STREQ ({column}, …), or a WHERE clause"))
            .ogg(2210));
        }
        Ok(())
    }

    fn sum(&mut self, room: u32) -> Parsed<Expr> {
        let mut left = self.product(room)?;
        loop {
            let operator = match self.peek()?.0 {
                Token::Symbol("+") => Operator::Add,
                Token::Symbol("-") => Operator::Subtract,
                _ => return Ok(left),
            };
            self.next()?;
            let right = self.product(room)?;
            left = self.arithmetic(operator, left, right)?;
        }
    }

    fn product(&mut self, room: u32) -> Parsed<Expr> {
        let mut left = self.unary(room)?;
        loop {
            let operator = match self.peek()?.0 {
                Token::Symbol("*") => Operator::Multiply,
                Token::Symbol("/") => Operator::Divide,
                Token::Symbol("\\") => Operator::Remainder,
                _ => return Ok(left),
            };
            self.next()?;
            let right = self.unary(room)?;
            left = self.arithmetic(operator, left, right)?;
        }
    }

    fn arithmetic(&self, operator: Operator, left: Expr, right: Expr) -> Parsed<Expr> {
        let span = left.span.to(right.span);
        self.checked(Expr::new(ExprKind::Arithmetic(operator, Box::new((left, right))), span))
    }

    fn unary(&mut self, room: u32) -> Parsed<Expr> {
        let (token, span) = self.peek()?;
        match token {
            Token::Symbol("-") => {
                self.next()?;
                let literal = matches!(self.peek()?.0, Token::Number(_));
                let one = self.unary(self.deeper(room)?)?;
                let span = span.to(one.span);
                // A sign before a parenthesis does not become part of a number.
                self.checked(if literal { one.negated(span) } else { Expr::new(ExprKind::Negate(Box::new(one)), span) })
            }
            Token::Symbol("+") => {
                self.next()?;
                self.unary(self.deeper(room)?)
            }
            _ => self.primary(room),
        }
    }

    fn primary(&mut self, room: u32) -> Parsed<Expr> {
        let (token, span) = self.next()?;
        match token {
            Token::Number(digits) => Ok(Expr::new(ExprKind::Number(number(digits, span)?), span)),
            Token::Literal(text) => Ok(Expr::new(ExprKind::Text(text.into()), span)),
            Token::Symbol("(") => {
                let inner = self.any(self.deeper(room)?)?;
                let end = self.expect(")", "to close the parenthesis").map_err(|error| error.ogg(370))?;
                Ok(Expr { span: span.to(end), ..inner })
            }
            Token::Function(name) => self.call(name, span, room),
            Token::QuotedName(name) => {
                let column = ColumnName { side: Side::Default, name: name.into(), exact_case: true };
                Ok(Expr::new(ExprKind::Column(column), span))
            }
            Token::Name(name) => self.named(name, span),
            other => Err(unexpected(&other, span, "a number, a literal, a column, a function or a parenthesis")),
        }
    }

    /// Parses what starts with a name: a column, `before.column`, or a SQLEXEC parameter.
    fn named(&mut self, name: &'a str, span: Span) -> Parsed<Expr> {
        if let Some((word, instead)) = FOREIGN.iter().find(|(word, _)| word.eq_ignore_ascii_case(name)) {
            let near = self.peek()?.0;
            if matches!(near, Token::Name(_) | Token::Symbol("(") | Token::Function(_)) {
                return Err(Diagnostic::error(
                    DiagnosticKind::ForeignOperator,
                    span,
                    format!("operator {word} is not supported"),
                )
                .help(*instead));
            }
        }
        if let (Some(function), Token::Symbol("(")) = (Function::by_name(name), self.peek()?.0) {
            return Err(Diagnostic::error(DiagnosticKind::UnknownName, span, format!("function {name} needs the prefix @"))
                .help(format!("write {function} (…)"))
                .ogg(370));
        }
        if let Some(column) = self.column_of_image(name, span)? {
            return Ok(column);
        }
        let mut ahead = self.lexer.clone();
        // The dot of a qualifier has no blanks around it; `.5` after a name is a number.
        if !self.lexer.rest().starts_with('.') || !matches!(ahead.next()?.0, Token::Symbol(".")) {
            return Ok(Expr::new(
                ExprKind::Column(ColumnName { side: Side::Default, name: name.into(), exact_case: false }),
                span,
            ));
        }
        let (token, end) = ahead.next()?;
        let (column, exact_case) = match token {
            Token::Name(column) => (column.to_owned(), false),
            Token::QuotedName(column) => (column.into_owned(), true),
            other => return Err(unexpected(&other, end, "a column after the dot")),
        };
        self.lexer = ahead;
        let Some(side) = side_of(name) else {
            return Ok(Expr::new(ExprKind::Parameter(name.into(), column.into()), span.to(end)));
        };
        Ok(Expr::new(ExprKind::Column(ColumnName { side, name: column.into(), exact_case }), span.to(end)))
    }

    /// Parses the column after BEFORE or AFTER without a dot, as the manual also writes it.
    fn column_of_image(&mut self, image: &str, span: Span) -> Parsed<Option<Expr>> {
        let Some(side) = side_of(image) else { return Ok(None) };
        let (token, end) = self.peek()?;
        let joins = |word: &str| ["AND", "OR"].iter().any(|own| own.eq_ignore_ascii_case(word));
        let foreign = |word: &str| FOREIGN.iter().any(|(own, _)| own.eq_ignore_ascii_case(word));
        let (name, exact_case) = match token {
            Token::Name(name) if !joins(name) && !foreign(name) => (name.into(), false),
            Token::QuotedName(name) => (name.into(), true),
            _ => return Ok(None),
        };
        self.next()?;
        Ok(Some(Expr::new(ExprKind::Column(ColumnName { side, name, exact_case }), span.to(end))))
    }

    fn call(&mut self, name: &str, span: Span, room: u32) -> Parsed<Expr> {
        let Some(function) = Function::by_name(name) else {
            let pseudo = ["NULL", "PRESENT", "ABSENT"].iter().any(|word| word.eq_ignore_ascii_case(name));
            let error = Diagnostic::error(DiagnosticKind::UnknownName, span, format!("unknown function @{name}"));
            return Err(if pseudo {
                error.help(
                    "@NULL, @PRESENT and @ABSENT are only for WHERE; in FILTER use @COLTEST (column, NULL | PRESENT | MISSING)",
                )
            } else {
                let near = || nearest(name, Function::ALL.iter().map(|function| function.name()));
                match (instead_of(name), near()) {
                    (Some(instead), _) => error.help(instead),
                    (None, Some(near)) => error.help(format!("did you mean @{near}?")),
                    (None, None) => error,
                }
            }
            .ogg(2322));
        };
        self.expect("(", &format!("after {function}")).map_err(|error| error.ogg(370))?;
        let room = self.deeper(room)?;
        let mut arguments = Vec::new();
        if !self.take(")")? {
            loop {
                arguments.push(self.argument(function, arguments.len(), room)?);
                let (token, at) = self.next()?;
                match token {
                    Token::Symbol(",") => {}
                    Token::Symbol(")") => break,
                    other => {
                        let foreign =
                            matches!(&other, Token::Name(word) if FOREIGN.iter().any(|(own, _)| own.eq_ignore_ascii_case(word)));
                        let error = unexpected(&other, at, &format!(", or ) in the arguments of {function}"));
                        return Err(if foreign { error } else { error.ogg(370) });
                    }
                }
            }
        }
        let span = Span::new(span.start, self.lexer.at);
        if function.wrong_count(arguments.len()) {
            let message = format!("{function} does not take {} arguments", arguments.len());
            return Err(Diagnostic::error(DiagnosticKind::Arity, span, message)
                .help(format!("{function} {}", function.usage()))
                .ogg(2322));
        }
        self.checked(Expr::new(ExprKind::Call(function, arguments), span))
    }

    /// Parses an argument: an expression, or a word if the function takes one.
    fn argument(&mut self, function: Function, index: usize, room: u32) -> Parsed<Expr> {
        let takes_word = match function {
            Function::ColTest => index > 0,
            Function::ColStat => true,
            Function::StrNum => index == 1,
            _ => false,
        };
        if takes_word {
            let mut ahead = self.lexer.clone();
            let (token, span) = ahead.next()?;
            let negative = token == Token::Symbol("-");
            let (token, end) = if negative { ahead.next()? } else { (token, span) };
            if let Token::Name(name) = token {
                let text = if negative { format!("-{name}") } else { name.to_owned() };
                if let Some(word) = WORDS.iter().find(|word| word.eq_ignore_ascii_case(&text)) {
                    self.lexer = ahead;
                    return Ok(Expr::new(ExprKind::Word(word), span.to(end)));
                }
            }
        }
        self.any(room)
    }

    /// Parses a WHERE condition.
    pub(crate) fn condition(&mut self) -> Parsed<Condition> {
        self.where_any(DEEPEST)
    }

    fn where_any(&mut self, room: u32) -> Parsed<Condition> {
        let mut list = vec![self.where_all(room)?];
        while self.take_word("OR")? {
            list.push(self.where_all(room)?);
        }
        if list.len() > 1 {
            let bare = |own: &&Condition| matches!(&own.kind, ConditionKind::All(terms) if terms.first().is_some_and(|term| term.span.start == own.span.start));
            if let Some(span) = list.iter().find(bare).map(|condition| condition.span) {
                self.mixed(span);
            }
        }
        Ok(join_conditions(list, ConditionKind::Any))
    }

    fn where_all(&mut self, room: u32) -> Parsed<Condition> {
        let mut list = vec![self.where_primary(room)?];
        while self.take_word("AND")? {
            list.push(self.where_primary(room)?);
        }
        Ok(join_conditions(list, ConditionKind::All))
    }

    fn where_primary(&mut self, room: u32) -> Parsed<Condition> {
        let (token, span) = self.next()?;
        let column = match token {
            Token::Symbol("(") => {
                let inner = self.where_any(self.deeper(room)?)?;
                let end = self.expect(")", "to close the parenthesis").map_err(|error| error.ogg(1662))?;
                return Ok(Condition { span: span.to(end), ..inner });
            }
            Token::Name(name) => self.where_column(name, span).map_err(|error| error.ogg(1662))?,
            Token::QuotedName(name) => ColumnName { side: Side::Default, name: name.into(), exact_case: true },
            Token::Function(name) => {
                return Err(Diagnostic::error(DiagnosticKind::Syntax, span, format!("function @{name} is not allowed in WHERE"))
                    .help("use FILTER")
                    .ogg(1662));
            }
            other => return Err(unexpected(&other, span, "a column").ogg(1662)),
        };
        let (token, at) = self.next()?;
        let relation = match token {
            Token::Symbol(symbol) if "+-*/\\".contains(symbol) => {
                return Err(Diagnostic::error(DiagnosticKind::Syntax, at, "arithmetic is not allowed in WHERE")
                    .help("use FILTER")
                    .ogg(1662));
            }
            Token::Symbol(symbol) => self.relation(symbol, at).map_err(|error| error.ogg(1662))?,
            Token::Name(name) => {
                if let Some((word, instead)) = FOREIGN.iter().find(|(word, _)| word.eq_ignore_ascii_case(name)) {
                    let error =
                        Diagnostic::error(DiagnosticKind::ForeignOperator, at, format!("operator {word} is not supported"));
                    return Err(error.help(format!("{instead} (functions are only allowed in FILTER)")).ogg(1662));
                }
                None
            }
            _ => None,
        };
        let Some(relation) = relation else {
            let error = Diagnostic::error(DiagnosticKind::Syntax, at, "expected a comparison after the column").ogg(1662);
            return Err(error.help("use one of = <> > < >= <="));
        };
        let (operand, end) = self.where_operand(relation)?;
        if let (Token::Symbol("+" | "-" | "*" | "/" | "\\"), at) = self.peek()? {
            return Err(Diagnostic::error(DiagnosticKind::Syntax, at, "arithmetic is not allowed in WHERE")
                .help("use FILTER")
                .ogg(1662));
        }
        Ok(Condition::new(ConditionKind::Test(column, relation, operand), span.to(end)))
    }

    fn where_column(&mut self, name: &'a str, span: Span) -> Parsed<ColumnName> {
        match self.named(name, span)?.kind {
            ExprKind::Column(column) => Ok(column),
            _ => Err(Diagnostic::error(DiagnosticKind::Syntax, span, "SQLEXEC results are not allowed in WHERE")),
        }
    }

    fn where_operand(&mut self, relation: Relation) -> Parsed<(Operand, Span)> {
        let (token, span) = self.next()?;
        let operand = match token {
            Token::Number(digits) => Operand::Number(number(digits, span)?),
            Token::Symbol(sign @ ("-" | "+")) => {
                let (token, end) = self.next()?;
                let Token::Number(digits) = token else {
                    return Err(unexpected(&token, end, "a number after the sign").ogg(1662));
                };
                let plain = number(digits, end)?;
                let mantissa = if sign == "-" { -plain.mantissa() } else { plain.mantissa() };
                return Ok((Operand::Number(Decimal::new(mantissa, plain.scale())), span.to(end)));
            }
            Token::Literal(text) => Operand::Text(text.into()),
            Token::QuotedName(name) => Operand::QuotedColumn(name.into()),
            Token::Name(name) if ["NULL", "PRESENT", "ABSENT"].iter().any(|word| word.eq_ignore_ascii_case(name)) => {
                let error = Diagnostic::error(DiagnosticKind::Syntax, span, format!("{name} needs the prefix @ here"));
                return Err(error.help(format!("write @{}", name.to_ascii_uppercase())).ogg(1662));
            }
            Token::Name(name) => Operand::Column(name.into()),
            Token::Function(name) => {
                let pseudo = [("NULL", Operand::Null), ("PRESENT", Operand::Present), ("ABSENT", Operand::Absent)];
                match pseudo.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(name)) {
                    Some((_, operand)) if matches!(relation, Relation::Eq | Relation::Ne) => operand,
                    Some((word, _)) => {
                        let message = format!("@{word} can only be compared with = or <>");
                        return Err(Diagnostic::error(DiagnosticKind::Syntax, span, message).ogg(1662));
                    }
                    None => {
                        let message = format!("function @{name} is not allowed in WHERE");
                        return Err(Diagnostic::error(DiagnosticKind::Syntax, span, message)
                            .help("use FILTER; WHERE allows only @NULL, @PRESENT and @ABSENT")
                            .ogg(1662));
                    }
                }
            }
            other => return Err(unexpected(&other, span, "a number, a literal, a column, @NULL, @PRESENT or @ABSENT").ogg(1662)),
        };
        Ok((operand, span))
    }
}

/// Returns the image that a qualifier names.
fn side_of(qualifier: &str) -> Option<Side> {
    let sides = [("BEFORE", Side::Before), ("AFTER", Side::After)];
    sides.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(qualifier)).map(|(_, side)| side)
}

fn join_conditions(mut list: Vec<Condition>, kind: fn(Vec<Condition>) -> ConditionKind) -> Condition {
    let first = list.first().map(|condition| condition.span).unwrap_or_default();
    let span = list.last().map_or(first, |last| first.to(last.span));
    match list.pop() {
        Some(only) if list.is_empty() => only,
        last => {
            list.extend(last);
            Condition::new(kind(list), span)
        }
    }
}

fn number(digits: &str, span: Span) -> Parsed<Decimal> {
    NumberText::parse(digits)
        .and_then(|number| number.decimal())
        .ok_or_else(|| Diagnostic::error(DiagnosticKind::TooLarge, span, "the number has more than 38 digits").ogg(1334))
}

/// Builds the error for an unexpected token.
pub(crate) fn unexpected(found: &Token<'_>, span: Span, expected: &str) -> Diagnostic {
    let found = match found {
        Token::Number(digits) => format!("the number {digits}"),
        Token::Literal(_) => "a literal".to_owned(),
        Token::QuotedName(name) => format!("the column \"{name}\""),
        Token::Name(name) => (*name).to_owned(),
        Token::Function(name) => format!("@{name}"),
        Token::Symbol(symbol) => (*symbol).to_owned(),
        Token::End => "the end of the text".to_owned(),
    };
    Diagnostic::error(DiagnosticKind::Syntax, span, format!("expected {expected}, found {found}"))
}
