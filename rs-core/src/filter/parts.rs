//! [`SelectParts`]: a selection in the parts that users give, and its text.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};

use crate::change::Op;
use crate::document;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::syntax::diagnostic::Diagnostics;
use crate::filter::syntax::lexer::Dialect;
use crate::filter::syntax::names::ObjectPattern;
use crate::filter::syntax::parameters;
use crate::filter::with_deep_stack;
use crate::position::{Csn, Position};
use crate::time::Timestamp;

/// A selection in parts: tables, conditions, operations and limits. A document: [`from_json`](Self::from_json) reads it from JSON.
///
/// ```
/// use trailcore::filter::{Select, SelectParts};
/// let parts = SelectParts::from_json(r#"{"tables":["HR.EMP"],"where":"SALARY > 1000","ops":["insert"]}"#)?;
/// assert_eq!(parts.to_text()?, "TRAILCORE OPS insert;\nTABLE HR.EMP, WHERE (SALARY > 1000);");
/// let select: Select = parts.to_text()?.parse()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "A selection in parts."))]
#[serde(default, deny_unknown_fields)]
pub struct SelectParts {
    /// The tables, as in TABLE: `HR.EMP*`, `HR."Mixed Case"`; all if there is none. A name may have blanks without quotes: `HR.Mixed Case`.
    pub tables: Vec<String>,
    /// Tables that are left out, as in TABLEEXCLUDE.
    pub exclude: Vec<String>,
    /// The content of a WHERE clause of each table.
    #[serde(rename = "where")]
    pub where_: Option<String>,
    /// The content of a FILTER clause of each table. A change must pass both clauses.
    pub filter: Option<String>,
    /// The operations: insert, update, pk_update, delete, truncate, ddl. WHERE and FILTER are about rows: beside them, DDL is
    /// selected only if it is named here. All if it is left out; an empty list is an error.
    #[serde(deserialize_with = "some_ops", skip_serializing_if = "Vec::is_empty")]
    pub ops: Vec<String>,
    /// The first change: a position, a UTC time, or `csn:NUMBER`.
    pub from: Option<String>,
    /// The change before which the selection ends, in the same forms.
    pub until: Option<String>,
}

/// Reads the operations, which are not an empty list: it would select all.
fn some_ops<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<String>, D::Error> {
    let ops = Vec::<String>::deserialize(deserializer)?;
    let error = || serde::de::Error::custom("ops names no operation; leave it out for all operations");
    if ops.is_empty() { Err(error()) } else { Ok(ops) }
}

impl SelectParts {
    /// Reads parts from a JSON document.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the document does not have the form of its schema.
    pub fn from_json(document: &str) -> Result<Self> {
        document::parse(document)
    }

    /// Returns whether everything is selected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the selection as text in the ANSI dialect.
    ///
    /// # Errors
    /// [`ErrorKind::Filter`] if a part is not exactly what it stands for: a table one name or pattern, a clause one condition, an
    /// operation one word; [`ErrorKind::InvalidArgument`] if a limit has none of its forms.
    pub fn to_text(&self) -> Result<String> {
        self.to_text_in(Dialect::Ansi)
    }

    /// Returns the selection as text in a dialect.
    ///
    /// # Errors
    /// Those of [`to_text`](Self::to_text).
    pub fn to_text_in(&self, dialect: Dialect) -> Result<String> {
        let text = self.joined()?;
        let check = || self.check(dialect).and_then(|()| parameters::check_plain(&text));
        let Err(fault) = with_deep_stack(check) else { return Ok(text) };
        // An error of the whole text has the place in it.
        let whole = with_deep_stack(|| parameters::parse(&text.as_str().into(), dialect, false));
        Err(whole.err().unwrap_or(fault).into())
    }

    /// Fails if the text of a part does more than to be this part: it would become a statement of its own.
    fn check(&self, dialect: Dialect) -> std::result::Result<(), Diagnostics> {
        let names = self.tables.iter().map(|name| ("TABLE", name)).chain(self.exclude.iter().map(|name| ("TABLEEXCLUDE", name)));
        for (statement, name) in names {
            parameters::check_name(&format!("{statement} {}", spelled(name)), dialect)?;
        }
        for (word, text) in [("FILTER", &self.filter), ("WHERE", &self.where_)] {
            if text.is_some() {
                parameters::check_clause(&format!("TABLE *{}", clause(word, text.as_deref())), dialect)?;
            }
        }
        self.ops.iter().try_for_each(|op| parameters::check_ops(&format!("TRAILCORE OPS {op}"), dialect))
    }

    /// Returns the statements of the parts.
    fn joined(&self) -> Result<String> {
        let clauses = clause("FILTER", self.filter.as_deref()) + &clause("WHERE", self.where_.as_deref());
        let ops = match self.ops.is_empty() && !clauses.is_empty() {
            true => Op::ALL.into_iter().filter(|op| op.is_change() && *op != Op::Ddl).map(|op| op.name().to_owned()).collect(),
            false => self.ops.clone(),
        };
        let ops = if ops.is_empty() { String::new() } else { format!(" OPS {}", ops.join(",")) };
        let limits = ops + &limit("FROM", self.from.as_deref())? + &limit("UNTIL", self.until.as_deref())?;
        let any = ["*".to_owned()];
        let tables = if self.tables.is_empty() && !clauses.is_empty() { &any[..] } else { &self.tables };
        let excludes = self.exclude.iter().map(|name| format!("TABLEEXCLUDE {};", spelled(name)));
        let limits = (!limits.is_empty()).then(|| format!("TRAILCORE{limits};"));
        let tables = tables.iter().map(|name| format!("TABLE {}{clauses};", spelled(name)));
        Ok(excludes.chain(limits).chain(tables).collect::<Vec<_>>().join("\n"))
    }
}

/// Returns the name of a table in GoldenGate's spelling: one with blanks that nobody has put in quotes gets them. What has the marks of
/// a list or of clauses stays as it is, so that the parser states its errors.
fn spelled(name: &str) -> Cow<'_, str> {
    let is_marked = name.contains(['"', ',', ';', '(', ')']);
    if name.trim().is_empty() || is_marked || name.parse::<ObjectPattern>().is_ok() {
        return name.into();
    }
    let parts: Vec<_> = name.splitn(3, '.').map(|part| format!("\"{part}\"")).collect();
    parts.join(".").into()
}

/// Returns a clause of a statement. The text may have been pasted with the keyword and parentheses.
fn clause(word: &str, text: Option<&str>) -> String {
    let Some(text) = text else { return String::new() };
    let (start, rest) = text.trim_start().split_at_checked(word.len()).unwrap_or_default();
    let pasted = start.eq_ignore_ascii_case(word) && rest.trim_start().starts_with('(');
    if pasted { format!(", {}", text.trim()) } else { format!(", {word} ({text})") }
}

/// Returns a limit of the TRAILCORE statement.
fn limit(word: &str, place: Option<&str>) -> Result<String> {
    let Some(place) = place else { return Ok(String::new()) };
    if let Some(csn) = place.strip_prefix("csn:") {
        Csn::check(csn)?;
        return Ok(format!(" {word}CSN {csn}"));
    }
    if let Ok(position) = place.parse::<Position>() {
        return Ok(format!(" {word}POSITION {position}"));
    }
    match place.parse::<Timestamp>() {
        Ok(time) => Ok(format!(" {word}TIME {}", time.to_string().trim_end_matches('Z'))),
        Err(_) => {
            let what = format!("{place:?} is not a place in a trail");
            let hint = "write SEQNO:RBA, a UTC time such as 2024-03-01T12:00:00, or csn:NUMBER";
            Err(Error::new(ErrorKind::InvalidArgument, what).hint(hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Select;

    #[test]
    fn parts_are_the_statements_that_a_user_would_write() {
        let text = |document: &str| SelectParts::from_json(document).and_then(|parts| parts.to_text());
        for (document, statements) in [
            ("{}", ""),
            (r#"{"tables":["A.B","A.C"]}"#, "TABLE A.B;\nTABLE A.C;"),
            (r#"{"where":"X = 1"}"#, "TRAILCORE OPS insert,update,delete,pk_update,truncate;\nTABLE *, WHERE (X = 1);"),
            (r#"{"filter":"FILTER (X > 1)","ops":["ddl"]}"#, "TRAILCORE OPS ddl;\nTABLE *, FILTER (X > 1);"),
            (
                r#"{"exclude":["A.B"],"from":"1:2","until":"csn:77"}"#,
                "TABLEEXCLUDE A.B;\nTRAILCORE FROMPOSITION 1:2 UNTILCSN 77;",
            ),
            (r#"{"tables":["A.\"B c\"","A.B.C.D e"]}"#, "TABLE A.\"B c\";\nTABLE \"A\".\"B\".\"C.D e\";"),
            (r#"{"tables":["A.B"],"exclude":["A.b x*"]}"#, "TABLEEXCLUDE \"A\".\"b x*\";\nTABLE A.B;"),
            (r#"{"tables":["A.B EXCEPTIONSONLY"]}"#, "TABLE \"A\".\"B EXCEPTIONSONLY\";"),
            (
                r#"{"ops":["insert,update"],"where":"WHERE (A = ');' -- note\n)"}"#,
                "TRAILCORE OPS insert,update;\nTABLE *, WHERE (A = ');' -- note\n);",
            ),
            (r#"{"until":"2024-03-01"}"#, "TRAILCORE UNTILTIME 2024-03-01T00:00:00.000000;"),
        ] {
            let found = text(document).unwrap();
            let mut words: Vec<_> = found.split([' ', ',', ';', '\n']).collect();
            let mut wanted: Vec<_> = statements.split([' ', ',', ';', '\n']).collect();
            words.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(words, wanted, "{document}: {found}");
            assert!(Select::parse(&found).is_ok(), "{found}");
        }
        for wrong in [
            r#"{"from":"tomorrow"}"#,
            r#"{"from":"csn:"}"#,
            r#"{"from":"csn:abc"}"#,
            r#"{"tabels":[]}"#,
            r#"{"ops":[]}"#,
            r#"{"from":"csn:1; TABLE X.*"}"#,
        ] {
            assert_eq!(text(wrong).unwrap_err().kind(), ErrorKind::InvalidArgument, "{wrong}");
        }
    }

    /// A part that would close its own clause, begin another statement or hide the rest of the line is an error with its place.
    #[test]
    fn a_part_cannot_leave_its_place() {
        for (document, said) in [
            (r#"{"tables":["A.B; TABLE A.*"]}"#, "the end of the name"),
            (r#"{"tables":["A.B; old"]}"#, "the end of the name"),
            (r#"{"tables":["A.B, A.C"]}"#, "one object"),
            (r#"{"tables":["A.B (c), d"]}"#, "("),
            (r#"{"tables":["A.B, WHERE (X = 1)"]}"#, "the end of the name"),
            (r#"{"tables":["A.B, FILTER (X > 1"]}"#, "FILTER"),
            (r#"{"tables":["--"],"where":"X = 1"}"#, "object name"),
            (r#"{"tables":["A.\"B\"; TABLE A.\"C\""]}"#, "the end of the name"),
            (r#"{"tables":["A.*"],"exclude":["A.B; TABLEEXCLUDE A.C"]}"#, "the end of the name"),
            (r#"{"where":"X > 1); TABLE A.*; TABLE A.B, WHERE (X > 1"}"#, "the end of the text"),
            (r#"{"where":"X > 1) OR (X < 1"}"#, "OR"),
            (r#"{"where":"WHERE (X > 1), COLS (A)"}"#, "the end of the text"),
            (r#"{"where":"X = 1); REPORTCOUNT ("}"#, "the end of the text"),
            (r#"{"filter":"X > 1), EVENTACTIONS (IGNORE"}"#, "the end of the text"),
            (r#"{"filter":"X > 1 --","where":"Y = 1\nOR X = 2"}"#, ""),
            (r#"{"where":"X = 1 --"}"#, ""),
            (r#"{"where":"X = 1\nMACRO #m\nBEGIN\n); TABLE B.*;\nEND;\n#m ()"}"#, ""),
            (r#"{"where":"X = 'a\nMACRO #m\nBEGIN\n'); TABLE B.*; \nEND;\n'"}"#, ""),
            (r#"{"ops":["insert; TABLE A.B"]}"#, "operation"),
            (r#"{"ops":["insert FROMCSN 5"]}"#, "operation"),
            (r#"{"ops":["inserts"]}"#, "inserts"),
        ] {
            let error = SelectParts::from_json(document).and_then(|parts| parts.to_text()).expect_err(document);
            assert_eq!(error.kind(), ErrorKind::Filter, "{document}");
            assert!(error.to_string().contains(said) && error.to_string().contains('^'), "{document}: {error}");
        }
        let other = SelectParts { where_: Some("A = \"x); \"".into()), ..SelectParts::default() };
        assert!(other.to_text_in(Dialect::NonAnsi).is_ok());
    }
}
