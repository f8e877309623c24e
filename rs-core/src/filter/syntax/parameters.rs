//! Parses the statements of a parameter file: TABLE, MAP, excludes, toggles, tags.

use crate::change::Op;
use crate::filter::syntax::comments;
use crate::filter::syntax::ddl::DdlFilter;
use crate::filter::syntax::diagnostic::{Diagnostic, DiagnosticKind, Diagnostics, Span, is_misspelt, nearest};
use crate::filter::syntax::expr::{ColumnName, Condition, Side};
use crate::filter::syntax::lexer::{
    AMPERSAND, Dialect, Token, continuation, is_name_char, quoted_length, quoted_on_line, take_while,
};
use crate::filter::syntax::macros;
use crate::filter::syntax::names::{NamePattern, ObjectPattern, split_name};
use crate::filter::syntax::parser::{Parsed, Parser, unexpected};
use crate::filter::syntax::source::SourceText;
use crate::filter::syntax::statement::{
    Assignment, Clause, ExcludeKind, Filter, Limits, NameMatch, RowOp, Rule, Statement, TRAILS, Tag, Toggled,
};
use crate::filter::syntax::words::{is_known, is_option, is_parameter, is_silent, options, parameters};
use crate::position::Csn;
use crate::time::Timestamp;

/// Actions of EVENTACTIONS that affect other changes than the one that triggers them.
const NOT_DONE: [&str; 7] = ["STOP", "FORCESTOP", "ABORT", "SUSPEND", "TRANS", "TRANSACTION", "INCLUDEEVENT"];
/// Options without which other changes are selected.
const DECISIVE: [&str; 6] = ["FILTER", "WHERE", "COLS", "COLSEXCEPT", "EVENTACTIONS", "EXCEPTIONSONLY"];
/// Maximum number of MAP statements that a later one is compared with.
const MOST_COMPARED: usize = 200;

/// A parsed text.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) statements: Vec<Statement>,
    pub(crate) lints: Vec<Diagnostic>,
}

/// Parses the statements of a parameter file. Skips parameters that do not apply to reading trails, with a lint. `is_file` if the
/// text is a parameter file even without EXTRACT or REPLICAT.
pub(crate) fn parse(text: &SourceText, dialect: Dialect, is_file: bool) -> Result<Script, Diagnostics> {
    let plain = comments::blanked(text.text());
    let mut parser = Parser::new(&plain, dialect);
    let mut statements = Vec::new();
    match parser.fits().and_then(|()| parser.statements(&mut statements)) {
        Ok(()) => {
            let parts = statements.split(|own| *own == Statement::And).enumerate().map(|(place, part)| {
                let mut part = part.to_vec();
                settle(&mut part, is_file && place == 0);
                part
            });
            let parts: Vec<_> = parts.collect();
            Ok(Script { statements: parts.join(&Statement::And), lints: parser.lints })
        }
        Err(error) => {
            parser.lints.push(error);
            Err(Diagnostics::new(text.clone(), parser.lints))
        }
    }
}

/// Fails unless a text is TABLE or TABLEEXCLUDE and one name or pattern.
pub(crate) fn check_name(text: &str, dialect: Dialect) -> Result<(), Diagnostics> {
    check_part(text, dialect, |parser| {
        parser.next()?;
        parser.object()?;
        match parser.next()? {
            (Token::End, _) => Ok(()),
            (other, span) => {
                let error = unexpected(&other, span, "the end of the name");
                Err(error.help("give each name by itself, and a condition as where or filter"))
            }
        }
    })
}

/// Fails unless a text is `TABLE *` and one FILTER or WHERE.
pub(crate) fn check_clause(text: &str, dialect: Dialect) -> Result<(), Diagnostics> {
    check_part(text, dialect, |parser| {
        parser.next()?;
        parser.object()?;
        parser.expect(",", "before the clause")?;
        match parser.next()? {
            (Token::Name(word), _) if word.eq_ignore_ascii_case("FILTER") => parser.filter_clause().map(drop),
            _ => parser.where_clause().map(drop),
        }
    })
}

/// Fails unless a text is `TRAILCORE OPS` and operations, with commas between them.
pub(crate) fn check_ops(text: &str, dialect: Dialect) -> Result<(), Diagnostics> {
    check_part(text, dialect, |parser| {
        parser.next()?;
        parser.next()?;
        loop {
            match parser.next()? {
                (Token::Name(op), _) if op.to_ascii_lowercase().parse::<Op>().is_ok() => {}
                (other, span) => return Err(unexpected(&other, span, "an operation")),
            }
            match parser.next()? {
                (Token::End, _) => return Ok(()),
                (Token::Symbol(","), _) => {}
                (other, span) => return Err(unexpected(&other, span, "the end of the operation")),
            }
        }
    })
}

/// Fails if a text has macros or included files.
pub(crate) fn check_plain(text: &str) -> Result<(), Diagnostics> {
    if macros::expand(text, &mut |_, _| Err("files are only included by parameter files".to_owned()))?.text() == text {
        return Ok(());
    }
    let error = Diagnostic::error(DiagnosticKind::Syntax, Span::default(), "a part of a selection has no macros");
    Err(Diagnostics::new(text, vec![error.help("write a parameter file")]))
}

/// Fails unless a part of a selection, in its statement, reads to its end.
fn check_part(text: &str, dialect: Dialect, read: impl FnOnce(&mut Parser<'_>) -> Parsed<()>) -> Result<(), Diagnostics> {
    let plain = comments::blanked(text);
    let parsed = Parser::whole(&plain, dialect, read).map(drop);
    parsed.map_err(|found| Diagnostics::new(text, found.all().to_vec()))
}

/// Returns whether a number follows, perhaps after blanks.
fn starts_with_digit(text: &str) -> bool {
    text.trim_start_matches([' ', '\t', '&', '\r', '\n']).starts_with(|c: char| c.is_ascii_digit())
}

/// Makes the defaults of a parameter file explicit, so that its text, written and read again, means the same.
fn settle(statements: &mut Vec<Statement>, is_file: bool) {
    // A single trail is that of all statements.
    if statements.iter().filter(|own| matches!(own, Statement::Trail(..))).count() < 2 {
        statements.retain(|own| !matches!(own, Statement::Trail(..)));
    }
    let is_file = is_file || statements.iter().any(|own| matches!(own, Statement::Process(..)));
    let asks = |own: &&Statement| match own {
        Statement::Toggle { what: Toggled::Truncates, .. } | Statement::Rule(_) => true,
        Statement::Limits(limits) => limits.ops.as_ref().is_some_and(|ops| ops.contains(&Op::Truncate)),
        _ => false,
    };
    // SEEN: truncates are not captured by default (docs/filter.md, section 2).
    if is_file && statements.iter().find(asks).is_none_or(|own| matches!(own, Statement::Rule(_))) {
        statements.insert(0, Statement::Toggle { get: false, what: Toggled::Truncates });
    }
}

/// Earlier statements that affect how later ones are parsed.
#[derive(Clone, Debug, Default)]
struct Before {
    /// There was a SOURCECATALOG.
    catalog: bool,
    /// There was a REPLICAT: the parameters are those of a Replicat.
    replicat: bool,
    /// There was an EXTRACT.
    extract: bool,
    /// The source and target of the MAP statements so far.
    maps: Vec<(ObjectPattern, ObjectPattern)>,
    /// The MAP statements with the source and target of an earlier one.
    repeated: Vec<Span>,
    /// The first statement that decides something which is not carried out, or names the process.
    decides: Option<(Span, String)>,
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
                self.lint_repeated(out, &before);
                self.lint_all_changes(out);
                return any_rule(out, &before);
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
        let statement = match &*keyword {
            "TABLE" | "MAP" => Statement::Rule(self.rule(keyword == "MAP", before)?),
            "SOURCECATALOG" => {
                before.catalog = true;
                Statement::SourceCatalog(self.one_name()?)
            }
            "EXCLUDETAG" => Statement::ExcludeTag(self.tag()?),
            "TRANLOGOPTIONS" => return self.log_options(out),
            "EXCLUDEUSER" | "EXCLUDEUSERID" | "EXCLUDETRANS" => self.user(&keyword)?,
            "EXCLUDEWILDCARDOBJECTSONLY" => Statement::ExcludeWildcardsOnly,
            "ALLOWDUPTARGETMAP" | "NOALLOWDUPTARGETMAP" => Statement::DuplicateMaps(!keyword.starts_with("NO")),
            "USEANSISQLQUOTES" | "NOUSEANSISQLQUOTES" => {
                self.lexer.dialect = if keyword.starts_with("NO") { Dialect::NonAnsi } else { Dialect::Ansi };
                Statement::Dialect(self.lexer.dialect)
            }
            "EXTRACT" | "REPLICAT" => {
                before.replicat |= keyword == "REPLICAT";
                before.extract |= keyword == "EXTRACT";
                before.decides(span, format!("no TABLE or MAP follows {keyword}"));
                // The group name is on the same line.
                let blank = take_while(self.lexer.rest(), |c| c == ' ' || c == '\t');
                self.lexer.at += blank.len();
                Statement::Process(keyword == "REPLICAT", self.word_here(&[';']).into())
            }
            "TRAILCORE" if self.takes_word("AND") => {
                self.lint_repeated(out, before);
                *before = Before::default();
                Statement::And
            }
            "TRAILCORE" => Statement::Limits(self.limits()?),
            "DDL" => Statement::Ddl(self.ddl(span)?),
            "BEGIN" | "END" => match self.time_limit(&keyword, span)? {
                Some(limits) => Statement::Limits(limits),
                None => return Ok(()),
            },
            "INCLUDE" | "OBEY" | "MACRO" => return Err(not_first(&keyword, span)),
            "" => {
                let (token, span) = self.next()?;
                return Err(unexpected(&token, span, "a statement such as TABLE OWNER.OBJECT;"));
            }
            _ => match self.listed(&keyword)? {
                Some(statement) => statement,
                None => return self.skip_parameter(&keyword, span, before),
            },
        };
        out.push(statement);
        Ok(())
    }

    /// Parses a statement with one of many similar keywords: a toggle, an exclude, NAMEMATCH…, or a trail.
    fn listed(&mut self, keyword: &str) -> Parsed<Option<Statement>> {
        if let Some((get, what)) = toggle(keyword) {
            return Ok(Some(Statement::Toggle { get, what }));
        }
        if let Some((kind, _)) = ExcludeKind::ALL.iter().find(|(_, name)| *name == keyword) {
            return Ok(Some(Statement::Exclude(*kind, self.object()?.parts().to_vec())));
        }
        if let Some((matching, _)) = NameMatch::ALL.iter().find(|(_, name)| *name == keyword) {
            return Ok(Some(Statement::NameMatch(*matching)));
        }
        let Some(word) = TRAILS.iter().find(|word| **word == keyword) else { return Ok(None) };
        let text = self.parameter(false)?;
        let length = match text.chars().next() {
            Some('\'' | '"') => quoted_length(&text),
            _ => None,
        };
        let length = length.unwrap_or_else(|| take_while(&text, |c| !c.is_whitespace() && c != ',').len());
        Ok(Some(Statement::Trail(word, text.get(..length).unwrap_or_default().into())))
    }

    /// Skips a parameter that does not select changes, with a lint unless it is well known. A slip in one that does is an error: more
    /// or other changes would be selected without it.
    fn skip_parameter(&mut self, keyword: &str, span: Span, before: &mut Before) -> Parsed<()> {
        if let Some(meant) = meant_by(keyword) {
            let error = Diagnostic::error(DiagnosticKind::UnknownName, span, format!("{keyword} is no parameter"));
            return Err(error.help(format!("did you mean {meant}?")));
        }
        self.parameter(keyword == "SQLEXEC")?;
        if keyword == "SEQUENCE" {
            // Beside TABLE it is usual, and selects no rows.
            before.decides(span, "no TABLE or MAP is left: SEQUENCE selects no rows".to_owned());
            return Ok(());
        }
        if is_silent(keyword) || (before.decides.is_some() && self.has_most_lints()) {
            return Ok(());
        }
        let (kind, message, help) = match keyword {
            "PARTITION" | "PARTITIONEXCLUDE" => (
                DiagnosticKind::NotAvailable,
                format!("{keyword} is not carried out: trails do not contain the partition of a row"),
                Some("changes of all partitions are selected".to_owned()),
            ),
            "FILE" => (
                DiagnosticKind::UnknownName,
                "FILE is not a statement here and is skipped".to_owned(),
                Some("write TABLE, which NonStop also calls FILE".to_owned()),
            ),
            _ => {
                let near = nearest(keyword, parameters().chain(ExcludeKind::ALL.iter().map(|(_, name)| *name)));
                let near = near.map(str::to_owned).or_else(|| near_toggle(keyword));
                let message = format!("{keyword} does not select changes and is skipped");
                (DiagnosticKind::NotApplicable, message, near.map(|near| format!("did you mean {near}?")))
            }
        };
        let lint = Diagnostic::lint(kind, span, &*message);
        self.lint(match help {
            Some(help) => lint.help(help),
            None => lint,
        });
        before.decides(span, format!("no TABLE or MAP is left: {message}"));
        Ok(())
    }

    /// Reads the text of a parameter, to the end of its line or to its `;`, without comments and with continued lines joined.
    /// Quoted text contains neither end; in SQLEXEC it may also contain line breaks.
    fn parameter(&mut self, is_sql: bool) -> Parsed<String> {
        let mut text = String::new();
        while let Some(c) = self.lexer.rest().chars().next() {
            let rest = self.lexer.rest();
            if let Some(length) = continuation(rest) {
                text.push(' ');
                self.lexer.at += length;
                continue;
            }
            let length = match c {
                ';' | '\n' => break,
                '-' if rest.starts_with("--") => {
                    self.lexer.at += take_while(rest, |c| c != '\n').len();
                    break;
                }
                '&' if rest.get(1..).is_some_and(|after| after.trim_start_matches([' ', '\t']).starts_with("--")) => {
                    let span = Span::new(self.lexer.at, self.lexer.at + 1);
                    return Err(Diagnostic::error(DiagnosticKind::Syntax, span, "a comment follows &").help(AMPERSAND));
                }
                '\'' | '"' if is_sql => quoted_length(rest),
                '\'' | '"' => quoted_on_line(rest),
                _ => None,
            };
            let piece = rest.get(..length.unwrap_or(c.len_utf8())).unwrap_or_default();
            text.push_str(piece);
            self.lexer.at += piece.len();
        }
        Ok(text.trim().to_owned())
    }

    fn ddl(&mut self, span: Span) -> Parsed<DdlFilter> {
        let filter = DdlFilter::parse(&self.parameter(false)?);
        if !filter.skipped.is_empty() {
            let message = format!("DDL: {} is not carried out", filter.skipped.join(", "));
            self.lint(
                Diagnostic::lint(DiagnosticKind::NotAvailable, span, message).help(
                    "DDL is selected by scope, OBJNAME, OPTYPE and OBJTYPE; an EXCLUDE with other criteria excludes nothing",
                ),
            );
        }
        if filter.lacks_include() {
            let message = "DDL with EXCLUDE and without INCLUDE selects no DDL";
            let lint = Diagnostic::lint(DiagnosticKind::NotApplicable, span, message).ogg(6374);
            self.lint(lint.help("write DDL INCLUDE MAPPED, EXCLUDE …; or DDL EXCLUDE ALL, if none is wanted"));
        }
        Ok(filter)
    }

    /// Parses BEGIN or END as a limit of time: both times belong to the range. `None` if it is relative to the start of the process.
    fn time_limit(&mut self, keyword: &str, span: Span) -> Parsed<Option<Limits>> {
        let start = self.lexer.at;
        let text = self.parameter(false)?;
        let place = Span::new(start, self.lexer.at);
        let text = text.trim_matches(['\'', '"']);
        if ["NOW", "RUNTIME"].iter().any(|word| word.eq_ignore_ascii_case(text)) {
            let message = format!("{keyword} {text} is not carried out: it refers to the start of the process");
            self.lint(Diagnostic::lint(DiagnosticKind::NotAvailable, span, message).help("write a date and time"));
            return Ok(None);
        }
        let time = time_of(text).ok_or_else(|| {
            let error = Diagnostic::error(DiagnosticKind::Argument, place, format!("{keyword} needs a date and time"));
            error.help("write YYYY-MM-DD HH:MI:SS in UTC")
        })?;
        // A limit ends before its time; a process ends when a time exceeds that of END (SEEN; docs/filter.md, section 2).
        let after = Timestamp::from_unix_micros(time.unix_micros().saturating_add(1));
        let begins = if keyword == "BEGIN" { "starts" } else { "stops" };
        let message = format!("{keyword} is compared with the time of each change; a process {begins} at one record");
        let lint = Diagnostic::lint(DiagnosticKind::NotAvailable, span, message);
        self.lint(lint.help("the result differs only if the times of changes are not in order"));
        let limits = if keyword == "BEGIN" { (Some(time), None) } else { (None, Some(after)) };
        Ok(Some(Limits { time: limits, ..Limits::default() }))
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
        let rest = self.lexer.rest();
        let word = if rest.starts_with("--") { "" } else { take_while(rest, |c| !c.is_whitespace() && !ends.contains(&c)) };
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
            if self.lexer.rest().starts_with("--") {
                self.lexer.at += take_while(self.lexer.rest(), |c| c != '\n').len();
                return Ok(());
            }
            if let Some(length) = self.lexer.rest().starts_with(['\'', '"']).then(|| quoted_on_line(self.lexer.rest())).flatten()
            {
                self.lexer.at += length;
                continue;
            }
            let ends = |c: char| c.is_whitespace() || matches!(c, ';' | ',' | '(' | ')' | '\'' | '"');
            let word = take_while(self.lexer.rest(), |c| !ends(c));
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
                keyword @ ("FILTERTABLE" | "EXCLUDEFILTERTABLE") => {
                    let table = self.value_word();
                    let message = format!("{keyword} is not carried out: transactions with a change of {table} are selected");
                    let lint = Diagnostic::lint(DiagnosticKind::NotAvailable, Span::new(start, self.lexer.at), message);
                    self.lint(lint.help("GoldenGate leaves out the whole transaction; use TABLEEXCLUDE for the table itself"));
                }
                keyword => {
                    if let Some(meant) = ["EXCLUDETAG", "INCLUDETAG"].into_iter().find(|own| is_misspelt(keyword, own)) {
                        let span = Span::new(start, self.lexer.at);
                        let error = Diagnostic::error(DiagnosticKind::UnknownName, span, format!("{keyword} is no option"));
                        return Err(error.help(format!("did you mean {meant}?")));
                    }
                }
            }
        }
    }

    /// Reads this word if it is the next one.
    fn takes_word(&mut self, word: &str) -> bool {
        let start = self.lexer.at;
        self.lexer.skip_blanks();
        let takes = self.bare_word().eq_ignore_ascii_case(word);
        if !takes {
            self.lexer.at = start;
        }
        takes
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
                "FROMCSN" if !value.is_empty() => {
                    Csn::check(value).map_err(bad)?;
                    limits.csn.0 = Some(value.into());
                }
                "UNTILCSN" if !value.is_empty() => {
                    Csn::check(value).map_err(bad)?;
                    limits.csn.1 = Some(value.into());
                }
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

    fn rule(&mut self, is_map: bool, before: &mut Before) -> Parsed<Rule> {
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
                let lint = Diagnostic::lint(DiagnosticKind::Syntax, span, "the last statement is not terminated");
                self.lint(lint.help("end it with ;"));
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
        if !rule.is_map && !before.extract && !before.replicat && !before.maps.is_empty() && rule.actions().is_none() {
            let message = "TABLE after MAP: a Replicat uses it for EVENTACTIONS only; here it selects changes";
            let lint = Diagnostic::lint(DiagnosticKind::NotApplicable, span, message);
            self.lint(lint.help("write MAP, or REPLICAT with its name at the start to have it read as in a Replicat"));
        }
        before.map(&rule, span);
        Ok(rule)
    }

    /// Adds a lint to a file that names a trail but no table: all changes are selected.
    fn lint_all_changes(&mut self, statements: &[Statement]) {
        let passes = |own: &Statement| matches!(own, Statement::Trail(..) | Statement::Toggle { .. } | Statement::Dialect(_));
        if statements.iter().any(|own| matches!(own, Statement::Trail(..))) && statements.iter().all(passes) {
            let span = Span::new(0, self.lexer.at.min(1));
            let lint =
                Diagnostic::lint(DiagnosticKind::NotApplicable, span, "there is no TABLE or MAP: all changes are selected");
            self.lint(lint.help("write TABLE *; if that is meant"));
        }
    }

    /// Adds a lint for each MAP that is not used, because an earlier one has its source and target.
    fn lint_repeated(&mut self, statements: &[Statement], before: &Before) {
        let allowed = statements
            .iter()
            .rev()
            .find_map(|own| if let Statement::DuplicateMaps(allowed) = own { Some(*allowed) } else { None });
        if allowed == Some(true) {
            return;
        }
        for span in &before.repeated {
            let message = "an earlier MAP has the same source and target; this one is used only with ALLOWDUPTARGETMAP";
            self.lint(
                Diagnostic::lint(DiagnosticKind::NotApplicable, *span, message).help("write ALLOWDUPTARGETMAP, or join the two"),
            );
        }
    }

    /// Checks TABLE in a Replicat, which has no target and only triggers actions: it needs EVENTACTIONS, and these IGNORE or
    /// DISCARD (OGG-01293; docs/filter.md, section 5). Adds a lint for actions that are not carried out.
    fn check_actions(&mut self, rule: &Rule, in_replicat: bool, span: Span) -> Parsed<()> {
        let is_trigger = in_replicat && !rule.is_map;
        let Some(actions) = rule.actions() else {
            if !is_trigger {
                return Ok(());
            }
            let error = Diagnostic::error(DiagnosticKind::Syntax, span, "TABLE in a Replicat needs EVENTACTIONS");
            return Err(error.help("write MAP source, TARGET target; or add EVENTACTIONS (IGNORE) or (DISCARD)"));
        };
        if is_trigger && !actions.have("IGNORE") && !actions.have("DISCARD") {
            let error = Diagnostic::error(DiagnosticKind::Syntax, span, "EVENTACTIONS without a TARGET needs IGNORE or DISCARD");
            return Err(error.ogg(1293));
        }
        let not_done: Vec<&str> = NOT_DONE.into_iter().filter(|word| actions.have(word)).collect();
        if !not_done.is_empty() {
            let message = format!("EVENTACTIONS: {} is not carried out", not_done.join(", "));
            let lint = Diagnostic::lint(DiagnosticKind::NotApplicable, span, message);
            self.lint(lint.help("only the change itself is left out, by IGNORE or DISCARD"));
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
                Clause::Where(self.where_clause()?)
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
            "INCLUDE" | "OBEY" | "MACRO" => return Err(not_first(&keyword, span)),
            _ if is_statement(&keyword) => {
                let error =
                    Diagnostic::error(DiagnosticKind::Syntax, span, format!("the statement before {keyword} is not terminated"));
                return Err(error.help("end it with ;"));
            }
            _ => {
                self.check_option(&keyword, span)?;
                self.other_option(&keyword, span)?
            }
        };
        rule.clauses.push(clause);
        Ok(())
    }

    /// Fails for a word that is no option if more changes would be selected without it: a misspelt clause, or a second object.
    fn check_option(&self, keyword: &str, span: Span) -> Parsed<()> {
        if self.lexer.rest().starts_with('.') {
            let error = Diagnostic::error(DiagnosticKind::Syntax, span, "a statement names one object or pattern");
            return Err(error.help("write a statement for each"));
        }
        let near = || nearest(keyword, options()).filter(|near| DECISIVE.contains(near));
        let help = || foreign_option(keyword).map(str::to_owned).or_else(|| near().map(|near| format!("did you mean {near}?")));
        match if is_option(keyword) { None } else { help() } {
            Some(help) => {
                let error = Diagnostic::error(DiagnosticKind::Syntax, span, format!("{keyword} is no option"));
                Err(error.help(help))
            }
            None => Ok(()),
        }
    }

    /// Reads an option that is kept verbatim: its name and the text up to the next comma, the next option or the end of the
    /// statement.
    fn other_option(&mut self, keyword: &str, span: Span) -> Parsed<Clause> {
        self.lexer.skip_blanks();
        let mut text = String::new();
        let mut depth = 0usize;
        // Commas, semicolons and options inside quotes and parentheses do not end the option.
        while let Some(c) = self.lexer.rest().chars().next() {
            let (at, rest) = (self.lexer.at, self.lexer.rest());
            let word = take_while(rest, is_name_char);
            if rest.starts_with("--") {
                self.lexer.at += take_while(rest, |c| c != '\n').len();
                continue;
            }
            if let Some(length) = continuation(rest) {
                text.push(' ');
                self.lexer.at += length;
                continue;
            }
            let length = match c {
                // The identifiers of PARTITIONOBJID are a list without parentheses.
                ',' if depth == 0 && rest.get(1..).is_some_and(starts_with_digit) => 1,
                ',' | ';' if depth == 0 => break,
                _ if !word.is_empty() && depth == 0 && self.ends_option(word) => break,
                _ if !word.is_empty() => word.len(),
                ')' if depth == 0 => {
                    let span = Span::new(at, at + 1);
                    return Err(Diagnostic::error(DiagnosticKind::Syntax, span, "unmatched closing parenthesis"));
                }
                '(' | ')' => {
                    depth = if c == '(' { depth + 1 } else { depth - 1 };
                    1
                }
                '\'' | '"' => quoted_length(rest).ok_or_else(|| {
                    let span = Span::new(at, self.lexer.text.len());
                    Diagnostic::error(DiagnosticKind::Syntax, span, "unterminated quote").ogg(370)
                })?,
                _ => c.len_utf8(),
            };
            text.push_str(rest.get(..length).unwrap_or_default());
            self.lexer.at += length;
        }
        if depth > 0 {
            return Err(Diagnostic::error(DiagnosticKind::Syntax, span, "unclosed parenthesis"));
        }
        let clause = Clause::Other { name: keyword.into(), text: text.split_whitespace().collect::<Vec<_>>().join(" ").into() };
        self.lint_option(keyword, span);
        Ok(clause)
    }

    /// Returns whether a word at the current position, outside of quotes and parentheses, starts the next option or, as the first
    /// word of its line, the next statement.
    fn ends_option(&self, word: &str) -> bool {
        let before = self.lexer.text.get(..self.lexer.at).unwrap_or_default();
        let is_first = || {
            let line = before.trim_end_matches([' ', '\t']);
            line.is_empty() || line.ends_with('\n')
        };
        !before.ends_with(['.', '@']) && (is_option(word) || (is_statement(word) && is_first()))
    }

    /// Adds a lint for an option that is not carried out.
    fn lint_option(&mut self, keyword: &str, span: Span) {
        if self.has_most_lints() {
            return;
        }
        let (kind, message, help) = match keyword {
            // They are carried out.
            "EXCEPTIONSONLY" | "EVENTACTIONS" => return,
            "PARTITION" | "PARTITIONOBJID" => (
                DiagnosticKind::NotAvailable,
                format!("{keyword} is not carried out: trails do not contain the partition of a row"),
                "changes of all partitions are selected".to_owned(),
            ),
            _ => {
                let near = nearest(keyword, options()).filter(|near| *near != keyword);
                let help = match (keyword, near) {
                    ("SQLEXEC" | "SQLPREDICATE", _) => "it needs a database and cannot be evaluated on a trail".to_owned(),
                    (_, Some(near)) if !is_option(keyword) => format!("did you mean {near}?"),
                    _ => "it does not select changes".to_owned(),
                };
                (DiagnosticKind::NotApplicable, format!("{keyword} has no effect"), help)
            }
        };
        self.lint(Diagnostic::lint(kind, span, message).help(help));
    }

    /// Parses a WHERE clause after its keyword.
    fn where_clause(&mut self) -> Parsed<Condition> {
        self.expect("(", "after WHERE").map_err(|error| error.ogg(1662))?;
        let condition = self.condition()?;
        self.expect(")", "to close WHERE, AND or OR").map_err(|error| {
            let error = error.ogg(1662);
            // `SAL > BEFORE` is read as a comparison with a column of this name.
            match self.lexer.text.get(..error.span.start).is_some_and(|text| text.to_ascii_uppercase().ends_with("BEFORE")) {
                true => error.help("only the column before the operator may have BEFORE; write FILTER (column > BEFORE.column)"),
                false => error,
            }
        })?;
        Ok(condition)
    }

    /// Parses a FILTER clause after its keyword.
    pub(crate) fn filter_clause(&mut self) -> Parsed<Filter> {
        self.expect("(", "after FILTER")?;
        let filter = self.filter_body()?;
        let (token, span) = self.next()?;
        let is_flag = |word: &str| ["ON", "IGNORE", "RAISEERROR"].iter().any(|own| own.eq_ignore_ascii_case(word));
        let help = match &token {
            Token::Symbol(")") => return Ok(filter),
            Token::Symbol(",") => {
                self.not_last(span)?;
                true
            }
            Token::Name(word) => is_flag(word),
            _ => false,
        };
        let error = unexpected(&token, span, ") to close FILTER, AND, OR or an operator").ogg(370);
        Err(if help {
            error.help("flags come before the expression: FILTER (ON INSERT, RAISEERROR 1, expression)")
        } else {
            error
        })
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
                (Token::Symbol(","), comma) => self.not_last(comma)?,
                (Token::Symbol(")"), _) => return Ok(names),
                (other, span) => return Err(unexpected(&other, span, &format!(", or ) in {keyword}"))),
            }
        }
    }

    /// Fails if a list ends after a comma.
    fn not_last(&self, comma: Span) -> Parsed<()> {
        match self.peek()? {
            (Token::Symbol(")"), _) => {
                let error = Diagnostic::error(DiagnosticKind::Syntax, comma, "the list ends after a comma");
                Err(error.help("remove the comma before )"))
            }
            _ => Ok(()),
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
            // SEEN: examples that Oracle ships have TOKENS without commas.
            if tokens && matches!(self.peek()?, (Token::Name(_), _)) {
                continue;
            }
            match self.next()? {
                (Token::Symbol(","), comma) => self.not_last(comma)?,
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

impl Before {
    /// Notes a MAP.
    fn map(&mut self, rule: &Rule, span: Span) {
        let (true, Some(target), false) = (rule.is_map, &rule.target, rule.is_for_exceptions()) else { return };
        if self.maps.iter().any(|(source, known)| *source == rule.source && known == target) {
            self.repeated.push(span);
        } else if self.maps.len() < MOST_COMPARED {
            self.maps.push((rule.source.clone(), target.clone()));
        }
    }

    /// Notes a statement without which it is not known what is selected. The first one is reported.
    fn decides(&mut self, span: Span, message: String) {
        self.decides.get_or_insert((span, message));
    }
}

/// Fails if there is no TABLE or MAP although the text has a statement that may have been meant as one, or names a process. All
/// changes would be selected.
fn any_rule(statements: &[Statement], before: &Before) -> Parsed<()> {
    match &before.decides {
        Some((span, message)) if !statements.iter().any(|own| matches!(own, Statement::Rule(_))) => {
            Err(Diagnostic::error(DiagnosticKind::Syntax, *span, &**message).help("to select all changes, write TABLE *;"))
        }
        _ => Ok(()),
    }
}

/// Returns whether a word starts a statement and is not also an option.
fn is_statement(word: &str) -> bool {
    let keyword = word.to_ascii_uppercase();
    let listed = ExcludeKind::ALL.iter().any(|(_, name)| *name == keyword)
        || NameMatch::ALL.iter().any(|(_, name)| *name == keyword)
        || toggle(&keyword).is_some();
    listed || is_parameter(&keyword)
}

/// Returns the toggle with this keyword.
fn toggle(keyword: &str) -> Option<(bool, Toggled)> {
    let get = keyword.strip_prefix("GET").map(|rest| (true, rest));
    let (get, rest) = get.or_else(|| keyword.strip_prefix("IGNORE").map(|rest| (false, rest)))?;
    Some((get, Toggled::ALL.iter().find(|(_, name)| *name == rest)?.0))
}

/// Returns the statement that decides which changes are selected, and that a word is a slip for.
fn meant_by(keyword: &str) -> Option<String> {
    let excludes = ExcludeKind::ALL.iter().map(|(_, name)| *name);
    let decisive = excludes.chain(["EXCLUDETAG", "EXCLUDEWILDCARDOBJECTSONLY", "SOURCECATALOG", "TABLE", "MAP"]);
    let toggles = Toggled::ALL.iter().flat_map(|(_, name)| ["GET", "IGNORE"].map(|prefix| format!("{prefix}{name}")));
    let mut all = decisive.map(str::to_owned).chain(toggles);
    let near = all.find(|own| is_misspelt(keyword, own));
    near.or_else(|| match keyword {
        _ if is_known(keyword) => None,
        "GET" | "IGNORE" => Some(format!("one word such as {keyword}DELETES")),
        _ => keyword.contains("EXCLUDE").then(|| "TABLEEXCLUDE".to_owned()),
    })
}

/// Returns what to write instead of a word that TABLE and MAP do not have, and that would leave changes or columns out.
fn foreign_option(keyword: &str) -> Option<&'static str> {
    match keyword {
        _ if keyword.starts_with("COLSEX") => Some("did you mean COLSEXCEPT?"),
        _ if keyword.contains("EXCLUD") || keyword.contains("XCLUDE") => {
            Some("write a statement of its own, before or after it: TABLEEXCLUDE owner.object;")
        }
        "ON" => Some("write it in the parentheses of FILTER: FILTER (ON INSERT, expression)"),
        _ if keyword.starts_with("IGNORE") => Some(
            "write IGNOREINSERTS, IGNOREUPDATES or IGNOREDELETES on a line before the statement, or FILTER (IGNORE …, expression)",
        ),
        _ => None,
    }
}

/// Returns the toggle that is most similar to a misspelt one.
fn near_toggle(keyword: &str) -> Option<String> {
    ["GET", "IGNORE"].into_iter().find_map(|prefix| {
        let rest = keyword.strip_prefix(prefix)?;
        Some(format!("{prefix}{}", nearest(rest, Toggled::ALL.iter().map(|(_, name)| *name))?))
    })
}

fn not_first(keyword: &str, span: Span) -> Diagnostic {
    let message = format!("{keyword} is not at the start of a line");
    Diagnostic::error(DiagnosticKind::Syntax, span, message).help("begin a line with it")
}

/// Reads the time of BEGIN and END: a date, and hours and minutes with optional seconds.
fn time_of(text: &str) -> Option<Timestamp> {
    let (date, clock) = text.split_at_checked(10)?;
    let clock = clock.trim_start_matches([' ', ':', 'T']);
    let clock = match clock.matches(':').count() {
        0 if clock.is_empty() => "00:00:00".to_owned(),
        1 => format!("{clock}:00"),
        _ => clock.to_owned(),
    };
    format!("{date} {clock}").parse().ok()
}
