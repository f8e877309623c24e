//! Parses the statements of a parameter file: TABLE, MAP, excludes, toggles, tags.

use crate::change::Op;
use crate::filter::syntax::diagnostic::{Diagnostic, DiagnosticKind, Diagnostics, Span, nearest};
use crate::filter::syntax::expr::{ColumnName, Side};
use crate::filter::syntax::lexer::{Dialect, Token, is_name_char, take_while};
use crate::filter::syntax::names::{NamePattern, ObjectPattern, split_name};
use crate::filter::syntax::parser::{Parsed, Parser, unexpected};
use crate::filter::syntax::statement::{
    Assignment, Clause, ExcludeKind, Filter, Limits, NameMatch, RowOp, Rule, Statement, Tag, Toggled,
};

/// A parsed text.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) statements: Vec<Statement>,
    pub(crate) lints: Vec<Diagnostic>,
}

/// Parses the statements of a parameter file. Skips parameters that do not apply to reading trails, with a lint.
pub(crate) fn parse(text: &str, dialect: Dialect) -> Result<Script, Diagnostics> {
    let mut parser = Parser::new(text, dialect);
    let mut statements = Vec::new();
    match parser.fits().and_then(|()| parser.statements(&mut statements)) {
        Ok(()) => Ok(Script { statements, lints: parser.lints }),
        Err(error) => {
            parser.lints.push(error);
            Err(Diagnostics::new(text, parser.lints))
        }
    }
}

/// Common parameters that do not select changes. They are skipped without a lint.
const SILENT: [&str; 33] = [
    "EXTTRAIL",
    "RMTTRAIL",
    "EXTFILE",
    "RMTFILE",
    "RMTHOST",
    "USERID",
    "USERIDALIAS",
    "SETENV",
    "DISCARDFILE",
    "REPORTCOUNT",
    "REPORT",
    "ASSUMETARGETDEFS",
    "SOURCEDEFS",
    "DBOPTIONS",
    "SOURCEDB",
    "TARGETDB",
    "GROUPTRANSOPS",
    "BATCHSQL",
    "PASSTHRU",
    "NOPASSTHRU",
    "WILDCARDRESOLVE",
    "ALLOWDUPTARGETMAP",
    "GETENV",
    "CACHEMGR",
    "DDL",
    "DDLOPTIONS",
    "DDLERROR",
    "LOGALLSUPCOLS",
    "UPDATERECORDFORMAT",
    "SEQUENCE",
    "REPERROR",
    "HANDLECOLLISIONS",
    "STATOPTIONS",
];

const ROW_OPTIONS: [&str; 12] = [
    "FILTER",
    "WHERE",
    "TARGET",
    "COLS",
    "COLSEXCEPT",
    "KEYCOLS",
    "COLMAP",
    "TOKENS",
    "SQLEXEC",
    "EVENTACTIONS",
    "SQLPREDICATE",
    "FETCHCOLS",
];

/// Earlier statements that affect how later ones are parsed.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    /// There was a SOURCECATALOG.
    catalog: bool,
    /// There was a REPLICAT: the parameters are those of a Replicat.
    replicat: bool,
}

impl<'a> Parser<'a> {
    fn statements(&mut self, out: &mut Vec<Statement>) -> Parsed<()> {
        let mut before = Before::default();
        loop {
            self.lexer.skip_blanks();
            while self.lexer.rest().starts_with(';') {
                self.lexer.at += 1;
                self.lexer.skip_blanks();
            }
            if self.lexer.rest().is_empty() {
                return Ok(());
            }
            self.statement(out, &mut before)?;
        }
    }

    fn statement(&mut self, out: &mut Vec<Statement>, before: &mut Before) -> Parsed<()> {
        let start = self.lexer.at;
        let word = take_while(self.lexer.rest(), is_name_char);
        self.lexer.at += word.len();
        let span = Span::new(start, self.lexer.at);
        let keyword = word.to_ascii_uppercase();
        let found = |list: &[&'static str]| list.contains(&&*keyword);
        let toggle = keyword
            .strip_prefix("GET")
            .map(|rest| (true, rest))
            .or_else(|| keyword.strip_prefix("IGNORE").map(|rest| (false, rest)))
            .and_then(|(get, rest)| Some((get, Toggled::ALL.iter().find(|(_, name)| *name == rest)?.0)));
        let exclude = ExcludeKind::ALL.iter().find(|(_, name)| *name == keyword).map(|(kind, _)| *kind);
        let matching = NameMatch::ALL.iter().find(|(_, name)| *name == keyword).map(|(matching, _)| *matching);
        let statement = match &*keyword {
            "TABLE" | "MAP" => Statement::Rule(self.rule(keyword == "MAP", *before)?),
            "SOURCECATALOG" => {
                before.catalog = true;
                Statement::SourceCatalog(self.one_name()?)
            }
            "EXCLUDETAG" => Statement::ExcludeTag(self.tag()?),
            "TRANLOGOPTIONS" => return self.log_options(out),
            "EXCLUDEUSER" | "EXCLUDEUSERID" | "EXCLUDETRANS" => self.user(&keyword)?,
            "EXCLUDEWILDCARDOBJECTSONLY" => Statement::ExcludeWildcardsOnly,
            "USEANSISQLQUOTES" | "NOUSEANSISQLQUOTES" => {
                self.lexer.dialect = if keyword.starts_with("NO") { Dialect::NonAnsi } else { Dialect::Ansi };
                Statement::Dialect(self.lexer.dialect)
            }
            "EXTRACT" | "REPLICAT" => {
                before.replicat |= keyword == "REPLICAT";
                // The group name is on the same line.
                let blank = take_while(self.lexer.rest(), |c| c == ' ' || c == '\t');
                self.lexer.at += blank.len();
                Statement::Process(keyword == "REPLICAT", self.word_here(&[';']).into())
            }
            "TRAILCORE" => Statement::Limits(self.limits()?),
            _ => match (toggle, exclude, matching) {
                (Some((get, what)), ..) => Statement::Toggle { get, what },
                (_, Some(kind), _) => Statement::Exclude(kind, self.object()?.parts().to_vec()),
                (.., Some(matching)) => Statement::NameMatch(matching),
                _ => {
                    if word.is_empty() {
                        let (token, span) = self.next()?;
                        return Err(unexpected(&token, span, "a statement such as TABLE OWNER.OBJECT;"));
                    }
                    self.skip_statement(&keyword, span, found(&SILENT))?;
                    return Ok(());
                }
            },
        };
        out.push(statement);
        Ok(())
    }

    /// Skips a parameter that does not select changes, to the end of its line or statement.
    fn skip_statement(&mut self, keyword: &str, span: Span, silent: bool) -> Parsed<()> {
        if !silent {
            let known = ["TABLE", "MAP", "TABLEEXCLUDE", "MAPEXCLUDE", "SCHEMAEXCLUDE", "SOURCECATALOG", "EXCLUDETAG"];
            let lint = Diagnostic::lint(
                DiagnosticKind::NotApplicable,
                span,
                format!("{keyword} does not select changes and is skipped"),
            );
            let lint = match nearest(keyword, known) {
                Some(near) => lint.help(format!("did you mean {near}?")),
                None => lint,
            };
            self.lint(lint);
        }
        loop {
            let line = take_while(self.lexer.rest(), |c| c != '\n' && c != ';');
            self.lexer.at += line.len();
            if line.trim_end().ends_with('&') && self.lexer.rest().starts_with('\n') {
                self.lexer.at += 1;
            } else {
                return Ok(());
            }
        }
    }

    /// Reads up to a blank or the end of the statement.
    fn bare_word(&mut self) -> &'a str {
        self.lexer.skip_blanks();
        self.word_here(&[';'])
    }

    /// Reads up to a blank, a comma, a parenthesis or the end of the statement.
    fn value_word(&mut self) -> &'a str {
        self.lexer.skip_blanks();
        self.word_here(&[';', ',', '(', ')'])
    }

    fn word_here(&mut self, ends: &[char]) -> &'a str {
        let word = take_while(self.lexer.rest(), |c| !c.is_whitespace() && !ends.contains(&c));
        self.lexer.at += word.len();
        word
    }

    fn object(&mut self) -> Parsed<ObjectPattern> {
        self.lexer.skip_blanks();
        let start = self.lexer.at;
        let (parts, used) = split_name(self.lexer.rest()).ok_or_else(|| {
            let error = Diagnostic::error(DiagnosticKind::Syntax, Span::new(start, start + 1), "expected an object name");
            error.help("write OWNER.OBJECT or CONTAINER.OWNER.OBJECT, with * and ? as wildcards")
        })?;
        self.lexer.at += used;
        let span = Span::new(start, self.lexer.at);
        if parts.len() > 3 {
            return Err(Diagnostic::error(DiagnosticKind::Syntax, span, "an object name has at most three parts"));
        }
        Ok(ObjectPattern::from_parts(parts))
    }

    fn one_name(&mut self) -> Parsed<NamePattern> {
        let start = self.lexer.at;
        let object = self.object()?;
        match object.parts() {
            [one] => Ok(one.clone()),
            _ => Err(Diagnostic::error(DiagnosticKind::Syntax, Span::new(start, self.lexer.at), "expected a name without dots")),
        }
    }

    fn tag(&mut self) -> Parsed<Tag> {
        self.lexer.skip_blanks();
        let start = self.lexer.at;
        let word = self.value_word();
        let span = Span::new(start, self.lexer.at);
        let tag = match word {
            "+" => Tag::Any,
            _ if word.eq_ignore_ascii_case("NULL") => Tag::None,
            _ => Tag::Hex(self.hex(word, span)?),
        };
        // Reject further values on the line: a statement takes only one.
        let line = take_while(self.lexer.rest(), |c| c != '\n' && c != ';');
        let is_value =
            |word: &str| word == "+" || word.eq_ignore_ascii_case("NULL") || word.bytes().all(|byte| byte.is_ascii_hexdigit());
        if line.split([' ', '\t', ',']).find(|word| !word.is_empty()).is_some_and(is_value) {
            let message = "EXCLUDETAG takes one value, and NULL may not be combined with a tag or +";
            return Err(Diagnostic::error(DiagnosticKind::Syntax, span, message).help("write one EXCLUDETAG for each tag"));
        }
        Ok(tag)
    }

    fn hex(&self, word: &str, span: Span) -> Parsed<Box<str>> {
        let plain = !word.is_empty() && word.len() <= 2000 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        if plain {
            return Ok(word.to_ascii_uppercase().into());
        }
        Err(Diagnostic::error(DiagnosticKind::Syntax, span, "a tag must be 1 to 2000 hexadecimal digits, + or NULL"))
    }

    fn user(&mut self, keyword: &str) -> Parsed<Statement> {
        let word = match keyword {
            "EXCLUDEUSERID" => "EXCLUDEUSERID",
            "EXCLUDETRANS" => "EXCLUDETRANS",
            _ => "EXCLUDEUSER",
        };
        let start = self.lexer.at;
        let value: Box<str> = self.value_word().into();
        let span = Span::new(start, self.lexer.at);
        self.lint(Diagnostic::lint(
            DiagnosticKind::NotAvailable,
            span,
            format!("{word}: trails do not contain the user or the name of a transaction"),
        ));
        Ok(Statement::ExcludeUser(word, value))
    }

    fn log_options(&mut self, out: &mut Vec<Statement>) -> Parsed<()> {
        loop {
            // Options are on the line of the statement.
            let blank = take_while(self.lexer.rest(), |c| c == ' ' || c == '\t' || c == ',' || c == '(' || c == ')');
            self.lexer.at += blank.len();
            let start = self.lexer.at;
            if self.lexer.rest().starts_with('&') {
                self.lexer.skip_blanks();
                if self.lexer.at == start {
                    self.lexer.at += 1;
                }
                continue;
            }
            let word = take_while(self.lexer.rest(), |c| !c.is_whitespace() && !matches!(c, ';' | ',' | '(' | ')'));
            self.lexer.at += word.len();
            match &*word.to_ascii_uppercase() {
                "" => {
                    let rest = take_while(self.lexer.rest(), |c| c == '\r');
                    self.lexer.at += rest.len();
                    if self.lexer.rest().is_empty() || self.lexer.rest().starts_with(['\n', ';']) {
                        return Ok(());
                    }
                    self.lexer.at += self.lexer.rest().chars().next().map_or(0, char::len_utf8);
                }
                "EXCLUDETAG" => {
                    let tag = self.tag()?;
                    out.push(Statement::ExcludeTag(tag));
                }
                "INCLUDETAG" => {
                    let word = self.value_word();
                    let tag = self.hex(word, Span::new(start, self.lexer.at))?;
                    out.push(Statement::IncludeTag(tag));
                }
                keyword @ ("EXCLUDEUSER" | "EXCLUDEUSERID" | "EXCLUDETRANS") => {
                    let statement = self.user(keyword)?;
                    out.push(statement);
                }
                _ => {}
            }
        }
    }

    fn limits(&mut self) -> Parsed<Limits> {
        let mut limits = Limits::default();
        loop {
            self.lexer.skip_blanks();
            let start = self.lexer.at;
            let word = self.bare_word().to_ascii_uppercase();
            if word.is_empty() {
                return Ok(limits);
            }
            let value = self.bare_word();
            let span = Span::new(start, self.lexer.at);
            let bad = |error: crate::Error| Diagnostic::error(DiagnosticKind::Argument, span, error.to_string());
            match &*word {
                "OPS" => {
                    let ops = value.split(',').map(|op| op.to_ascii_lowercase().parse::<Op>());
                    limits.ops = Some(ops.collect::<Result<_, _>>().map_err(bad)?);
                }
                "FROMCSN" if !value.is_empty() => limits.csn.0 = Some(value.into()),
                "UNTILCSN" if !value.is_empty() => limits.csn.1 = Some(value.into()),
                "FROMTIME" => limits.time.0 = Some(value.parse().map_err(bad)?),
                "UNTILTIME" => limits.time.1 = Some(value.parse().map_err(bad)?),
                "FROMPOSITION" => limits.position.0 = Some(value.parse().map_err(bad)?),
                "UNTILPOSITION" => limits.position.1 = Some(value.parse().map_err(bad)?),
                _ => {
                    let error = Diagnostic::error(DiagnosticKind::UnknownName, span, format!("invalid TRAILCORE limit {word}"));
                    return Err(error.help("use OPS, or FROM or UNTIL followed by CSN, TIME or POSITION, each with a value"));
                }
            }
        }
    }

    fn rule(&mut self, is_map: bool, before: Before) -> Parsed<Rule> {
        let start = self.lexer.at;
        let source = self.object()?;
        let span = Span::new(start, self.lexer.at);
        let says_all = matches!(source.parts(), [one] if one.to_string() == "*");
        if source.parts().len() == 1 && !before.catalog && !says_all {
            let lint =
                Diagnostic::lint(DiagnosticKind::Syntax, span, "an object name without an owner matches objects of every owner");
            self.lint(lint.help("write OWNER.OBJECT"));
        }
        let mut rule = Rule { is_map, source, target: None, clauses: Vec::new() };
        loop {
            self.lexer.skip_blanks();
            let rest = self.lexer.rest();
            if rest.is_empty() {
                break;
            }
            if rest.starts_with(';') {
                self.lexer.at += 1;
                break;
            }
            if rest.starts_with(',') {
                self.lexer.at += 1;
                continue;
            }
            self.row_option(&mut rule)?;
        }
        self.check_actions(&rule, before.replicat, span)?;
        Ok(rule)
    }

    /// Checks for OGG-01293 (docs/filter.md, section 5): TABLE in a Replicat has no target, so its EVENTACTIONS must contain IGNORE
    /// or DISCARD.
    fn check_actions(&self, rule: &Rule, in_replicat: bool, span: Span) -> Parsed<()> {
        let actions = rule.clauses.iter().find_map(|clause| match clause {
            Clause::Other { name, text } if &**name == "EVENTACTIONS" => Some(text.to_ascii_uppercase()),
            _ => None,
        });
        let Some(actions) = actions else { return Ok(()) };
        let says = |word: &str| actions.split(|c: char| !is_name_char(c)).any(|found| found == word);
        if in_replicat && !rule.is_map && !says("IGNORE") && !says("DISCARD") {
            let error = Diagnostic::error(DiagnosticKind::Syntax, span, "EVENTACTIONS without a TARGET needs IGNORE or DISCARD");
            return Err(error.ogg(1293));
        }
        Ok(())
    }

    fn row_option(&mut self, rule: &mut Rule) -> Parsed<()> {
        let (token, span) = self.next()?;
        let Token::Name(name) = token else {
            return Err(unexpected(&token, span, "an option such as FILTER or WHERE, or ; to end the statement"));
        };
        let keyword = name.to_ascii_uppercase();
        let clause = match &*keyword {
            "TARGET" => {
                rule.target = Some(self.object()?);
                return Ok(());
            }
            "FILTER" => Clause::Filter(self.filter_clause()?),
            "WHERE" => {
                if rule.clauses.iter().any(|clause| matches!(clause, Clause::Where(_))) {
                    let error = Diagnostic::error(DiagnosticKind::Syntax, span, "a statement allows only one WHERE").ogg(1662);
                    return Err(error.help("join the conditions with AND"));
                }
                self.expect("(", "after WHERE").map_err(|error| error.ogg(1662))?;
                let condition = self.condition()?;
                self.expect(")", "to close WHERE, AND or OR").map_err(|error| error.ogg(1662))?;
                Clause::Where(condition)
            }
            "COLS" => Clause::Cols(self.column_list(&keyword)?),
            "COLSEXCEPT" => Clause::ColsExcept(self.column_list(&keyword)?),
            "KEYCOLS" => Clause::KeyCols(self.column_list(&keyword)?),
            "COLMAP" => {
                self.expect("(", "after COLMAP")?;
                let (use_defaults, assignments) = self.assignments(false)?;
                Clause::ColMap { use_defaults, assignments }
            }
            "TOKENS" => {
                self.expect("(", "after TOKENS")?;
                Clause::Tokens(self.assignments(true)?.1)
            }
            "TABLE" | "MAP" => {
                let error =
                    Diagnostic::error(DiagnosticKind::Syntax, span, format!("the statement before {keyword} is not terminated"));
                return Err(error.help("end it with ;"));
            }
            _ => self.other_option(&keyword, span)?,
        };
        rule.clauses.push(clause);
        Ok(())
    }

    /// Reads an option that is kept verbatim: its name and the text up to the next comma or the end of the statement.
    fn other_option(&mut self, keyword: &str, span: Span) -> Parsed<Clause> {
        let help = if let "SQLEXEC" | "SQLPREDICATE" = keyword {
            "it needs a database and cannot be evaluated on a trail".to_owned()
        } else {
            match nearest(keyword, ROW_OPTIONS) {
                Some(near) if near != keyword => format!("did you mean {near}?"),
                _ => "it does not select changes".to_owned(),
            }
        };
        self.lint(Diagnostic::lint(DiagnosticKind::NotApplicable, span, format!("{keyword} has no effect")).help(help));
        self.lexer.skip_blanks();
        let (mut text, mut start) = (String::new(), self.lexer.at);
        let mut depth = 0usize;
        loop {
            let at = self.lexer.at;
            // Commas and semicolons inside quotes and parentheses do not end the option.
            let Some(c) = self.lexer.rest().chars().next() else { break };
            if self.lexer.rest().starts_with("--") {
                text.push_str(self.lexer.text.get(start..at).unwrap_or_default());
                self.lexer.at += take_while(self.lexer.rest(), |c| c != '\n').len();
                start = self.lexer.at;
                continue;
            }
            match c {
                '(' => depth += 1,
                ')' if depth == 0 => {
                    return Err(Diagnostic::error(
                        DiagnosticKind::Syntax,
                        Span::new(at, at + 1),
                        "unmatched closing parenthesis",
                    ));
                }
                ')' => depth -= 1,
                ',' | ';' if depth == 0 => break,
                '\'' | '"' => {
                    let body = self.lexer.rest().get(1..).unwrap_or_default();
                    let Some(end) = body.find(c) else {
                        let error =
                            Diagnostic::error(DiagnosticKind::Syntax, Span::new(at, self.lexer.text.len()), "unterminated quote");
                        return Err(error.ogg(370));
                    };
                    self.lexer.at += end + 1;
                }
                _ => {}
            }
            self.lexer.at += c.len_utf8();
            // FETCHBEFOREFILTER FILTER (…): the comma before a known clause may be missing.
            let ends_word = depth == 0 && c.is_whitespace();
            let next = take_while(self.lexer.rest(), is_name_char);
            if ends_word && ROW_OPTIONS.iter().any(|option| option.eq_ignore_ascii_case(next)) {
                break;
            }
        }
        if depth > 0 {
            return Err(Diagnostic::error(DiagnosticKind::Syntax, span, "unclosed parenthesis"));
        }
        text.push_str(self.lexer.text.get(start..self.lexer.at).unwrap_or_default());
        Ok(Clause::Other { name: keyword.into(), text: text.split_whitespace().collect::<Vec<_>>().join(" ").into() })
    }

    /// Parses a FILTER clause after its keyword.
    pub(crate) fn filter_clause(&mut self) -> Parsed<Filter> {
        self.expect("(", "after FILTER")?;
        let filter = self.filter_body()?;
        self.expect(")", "to close FILTER, AND, OR or an operator").map_err(|error| error.ogg(370))?;
        Ok(filter)
    }

    /// Parses the contents of the parentheses of FILTER: flags and an expression.
    pub(crate) fn filter_body(&mut self) -> Parsed<Filter> {
        let (mut on, mut ignore, mut raise_error) = (Vec::new(), Vec::new(), None);
        loop {
            let mut ahead = self.lexer.clone();
            let Token::Name(flag) = ahead.next()?.0 else { break };
            let (value, span) = ahead.next()?;
            // A column may be named ON.
            if matches!(value, Token::Name(word) if ["AND", "OR"].iter().any(|own| own.eq_ignore_ascii_case(word))) {
                break;
            }
            match (&*flag.to_ascii_uppercase(), value) {
                (word @ ("ON" | "IGNORE"), Token::Name(name)) => {
                    let Some((op, _)) = RowOp::ALL.iter().find(|(_, own)| own.eq_ignore_ascii_case(name)) else {
                        let error = Diagnostic::error(
                            DiagnosticKind::UnknownName,
                            span,
                            format!("{word} takes INSERT, UPDATE or DELETE"),
                        );
                        return Err(error);
                    };
                    let list = if word == "ON" { &mut on } else { &mut ignore };
                    if !list.contains(op) {
                        list.push(*op);
                    }
                }
                ("RAISEERROR", Token::Number(digits)) => {
                    let number = digits.parse().ok();
                    raise_error = Some(number.ok_or_else(|| {
                        Diagnostic::error(DiagnosticKind::Argument, span, "RAISEERROR needs a whole number from 0 to 4294967295")
                    })?);
                }
                _ => break,
            }
            self.lexer = ahead;
            self.expect(",", "after a flag of FILTER")?;
        }
        Ok(Filter { on, ignore, raise_error, expr: self.expression()? })
    }

    fn column_list(&mut self, keyword: &str) -> Parsed<Vec<ColumnName>> {
        self.expect("(", &format!("after {keyword}"))?;
        let mut names = Vec::new();
        loop {
            let (token, span) = self.next()?;
            names.push(match token {
                Token::Name(name) => ColumnName { side: Side::Default, name: name.into(), exact_case: false },
                Token::QuotedName(name) => ColumnName { side: Side::Default, name: name.into(), exact_case: true },
                other => return Err(unexpected(&other, span, "a column")),
            });
            match self.next()? {
                (Token::Symbol(","), _) => {}
                (Token::Symbol(")"), _) => return Ok(names),
                (other, span) => return Err(unexpected(&other, span, &format!(", or ) in {keyword}"))),
            }
        }
    }

    /// Parses `[USEDEFAULTS,] target = expression, …` up to and including the closing parenthesis.
    fn assignments(&mut self, tokens: bool) -> Parsed<(bool, Vec<Assignment>)> {
        let use_defaults = !tokens && self.take_word("USEDEFAULTS")?;
        let mut list = Vec::new();
        if use_defaults && !self.take(",")? {
            self.expect(")", "or , after USEDEFAULTS")?;
            return Ok((true, list));
        }
        loop {
            list.push(self.assignment(tokens)?);
            match self.next()? {
                (Token::Symbol(","), _) => {}
                (Token::Symbol(")"), _) => return Ok((use_defaults, list)),
                (other, span) => return Err(unexpected(&other, span, ", or ) after an assignment")),
            }
        }
    }

    /// Parses `target = expression`.
    pub(crate) fn assignment(&mut self, token: bool) -> Parsed<Assignment> {
        self.lexer.skip_blanks();
        let start = self.lexer.at;
        let target = if token {
            // Token names may contain dashes (SEEN).
            let name = take_while(self.lexer.rest(), |c| is_name_char(c) || matches!(c, '-' | '.'));
            self.lexer.at += name.len();
            if name.is_empty() {
                return Err(Diagnostic::error(DiagnosticKind::Syntax, Span::new(start, start + 1), "expected a token name"));
            }
            ColumnName { side: Side::Default, name: name.into(), exact_case: false }
        } else {
            match self.next()? {
                (Token::Name(name), _) => ColumnName { side: Side::Default, name: name.into(), exact_case: false },
                (Token::QuotedName(name), _) => ColumnName { side: Side::Default, name: name.into(), exact_case: true },
                (other, span) => return Err(unexpected(&other, span, "the name of a target column")),
            }
        };
        self.expect("=", "after the target")?;
        Ok(Assignment { target, value: self.expression()? })
    }
}
