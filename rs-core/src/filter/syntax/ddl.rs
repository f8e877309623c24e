//! The DDL parameter: which DDL changes are wanted. See docs/filter.md, section 2.4.

use std::fmt;

use crate::filter::syntax::lexer::quoted_length;
use crate::filter::syntax::names::ObjectPattern;

/// A DDL parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DdlFilter {
    /// Its text, with single blanks and without comments.
    text: Box<str>,
    clauses: Vec<Clause>,
    /// Criteria that a trail cannot answer.
    pub(crate) skipped: Vec<Box<str>>,
}

/// Criteria without a value.
const WITHOUT_VALUE: [&str; 8] = ["MAPPED", "UNMAPPED", "OTHER", "ALL", "STAYMETADATA", "ALLCATALOGS", "(", ")"];

/// The objects of a clause.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scope {
    /// ALL, or no word.
    All,
    /// Objects of a TABLE or MAP.
    Mapped,
    /// UNMAPPED and OTHER: all others.
    Unmapped,
}

/// An INCLUDE or EXCLUDE: all of its criteria must hold.
#[derive(Clone, Debug, PartialEq)]
struct Clause {
    include: bool,
    scope: Scope,
    /// OBJNAME; one of them must match, if there are any.
    objects: Vec<ObjectPattern>,
    /// OPTYPE and OBJTYPE; one of each must match, if there are any.
    operations: Vec<Box<str>>,
    types: Vec<Box<str>>,
    /// It has criteria that a trail cannot answer.
    partial: bool,
}

impl DdlFilter {
    /// Reads the text after the keyword.
    pub(crate) fn parse(text: &str) -> Self {
        let words = words(text);
        let mut filter = Self { text: words.join(" ").into(), clauses: Vec::new(), skipped: Vec::new() };
        let mut rest = words.iter().map(String::as_str).filter(|word| *word != ",");
        while let Some(word) = rest.next() {
            let keyword = word.to_ascii_uppercase();
            if let "INCLUDE" | "EXCLUDE" = &*keyword {
                filter.clauses.push(Clause::new(keyword == "INCLUDE"));
                continue;
            }
            let mut values = Vec::new();
            if !WITHOUT_VALUE.contains(&&*keyword) {
                match rest.next() {
                    Some("(") => values.extend(rest.by_ref().take_while(|word| *word != ")")),
                    other => values.extend(other),
                }
            }
            filter.criterion(&keyword, &values);
        }
        filter
    }

    fn criterion(&mut self, keyword: &str, values: &[&str]) {
        let Some(clause) = self.clauses.last_mut() else {
            self.skipped.push(keyword.into());
            return;
        };
        let objects: Option<Vec<_>> = values.iter().map(|value| object(value)).collect();
        let plain = values.iter().map(|value| value.trim_matches(['\'', '"']).into());
        match (keyword, objects) {
            ("ALL" | "STAYMETADATA" | "ALLCATALOGS" | "(" | ")", _) => {}
            ("MAPPED", _) => clause.scope = Scope::Mapped,
            ("UNMAPPED" | "OTHER", _) => clause.scope = Scope::Unmapped,
            ("OPTYPE", _) => clause.operations.extend(plain),
            ("OBJTYPE", _) => clause.types.extend(plain),
            ("OBJNAME", Some(objects)) if !objects.is_empty() => clause.objects.extend(objects),
            _ => {
                clause.partial = true;
                self.skipped.push(keyword.into());
            }
        }
    }

    /// Returns whether DDL is wanted: of an object, `mapped` if a TABLE or MAP names it, with its operation and type of object,
    /// which are empty if the trail does not state them.
    pub(crate) fn wants(&self, object: &str, mapped: bool, operation: &str, kind: &str) -> bool {
        let fits = |clause: &Clause| clause.fits(object, mapped, operation, kind);
        // EXCLUDE without INCLUDE selects nothing (OGG-06374 states it; docs/filter.md, section 2.4).
        let included = self.clauses.is_empty() || self.clauses.iter().any(|clause| clause.include && fits(clause));
        let excluded = self.clauses.iter().any(|clause| !clause.include && !clause.partial && fits(clause));
        included && !excluded
    }
}

impl DdlFilter {
    /// Returns whether it has an EXCLUDE, but no INCLUDE that could select something. EXCLUDE ALL is meant so.
    pub(crate) fn lacks_include(&self) -> bool {
        let is_plain = |clause: &Clause| *clause == Clause::new(false);
        let excludes = self.clauses.iter().any(|clause| !clause.include && !is_plain(clause));
        excludes && !self.clauses.iter().any(|clause| clause.include)
    }
}

impl Clause {
    fn new(include: bool) -> Self {
        let (objects, operations, types) = (Vec::new(), Vec::new(), Vec::new());
        Self { include, scope: Scope::All, objects, operations, types, partial: false }
    }

    fn fits(&self, object: &str, mapped: bool, operation: &str, kind: &str) -> bool {
        let in_scope = match self.scope {
            Scope::All => true,
            Scope::Mapped => mapped,
            Scope::Unmapped => !mapped,
        };
        let named = self.objects.is_empty() || self.objects.iter().any(|pattern| pattern.matches(object));
        // An unknown word fits an INCLUDE and no EXCLUDE: nothing is lost.
        let among = |list: &[Box<str>], word: &str| {
            let listed = list.iter().any(|own| &**own == "*" || own.eq_ignore_ascii_case(word));
            list.is_empty() || listed || (word.is_empty() && self.include)
        };
        in_scope && named && among(&self.operations, operation) && among(&self.types, kind)
    }
}

impl fmt::Display for DdlFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_empty() { f.write_str("DDL;") } else { write!(f, "DDL {};", self.text) }
    }
}

/// Returns the pattern of an OBJNAME: a name, or a whole name in quotes.
fn object(value: &str) -> Option<ObjectPattern> {
    let inside = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote).filter(|inside| !inside.contains(quote));
    let name = inside('\'').or_else(|| inside('"').filter(|name| name.contains('.'))).unwrap_or(value);
    name.parse().ok()
}

/// Splits a text into words, commas and parentheses. Quotes are kept.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut rest) = (Vec::new(), String::new(), text);
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\'' | '"' => quoted_length(rest).unwrap_or(1),
            _ => c.len_utf8(),
        };
        let piece = rest.get(..length).unwrap_or_default();
        let ends = c.is_whitespace() || matches!(c, ',' | '(' | ')');
        if ends && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        match c {
            ',' | '(' | ')' => words.push(piece.to_owned()),
            _ if c.is_whitespace() => {}
            _ => word.push_str(piece),
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_select_ddl() {
        let wants = |text: &str, object: &str, mapped: bool| DdlFilter::parse(text).wants(object, mapped, "ALTER", "TABLE");
        for (text, mapped, other) in [
            ("", true, true),
            ("INCLUDE ALL", true, true),
            ("INCLUDE MAPPED", true, false),
            ("INCLUDE UNMAPPED", false, true),
            ("EXCLUDE ALL", false, false),
            ("EXCLUDE OBJNAME X.*", false, false),
            ("EXCLUDE OPTYPE DROP", false, false),
            ("INCLUDE MAPPED EXCLUDE OBJNAME HR.*", false, false),
            ("INCLUDE MAPPED, EXCLUDE OBJNAME 'hr.e*'", false, false),
            ("INCLUDE ALL, EXCLUDE OBJNAME (HR.DEPT, X.*)", true, false),
            ("INCLUDE OBJNAME \"HR.*\"", true, false),
            ("INCLUDE MAPPED EXCLUDE OPTYPE DROP", true, false),
            ("INCLUDE MAPPED EXCLUDE OPTYPE (DROP, alter)", false, false),
            ("INCLUDE ALL OBJTYPE 'INDEX'", false, false),
            ("INCLUDE ALL EXCLUDE INSTR 'x'", true, true),
        ] {
            assert_eq!((wants(text, "HR.EMP", true), wants(text, "X.OTHER", false)), (mapped, other), "{text}");
        }
        let filter = DdlFilter::parse("include mapped exclude optype (create, alter), instr 'a; b', instrwords 'c'");
        assert_eq!(filter.skipped, ["INSTR".into(), "INSTRWORDS".into()]);
        assert!(!DdlFilter::parse("INCLUDE ALL EXCLUDE OPTYPE DROP").wants("A.B", true, "DROP", ""));
        assert!(DdlFilter::parse("INCLUDE ALL EXCLUDE OPTYPE DROP").wants("A.B", true, "", ""));
        assert_eq!(DdlFilter::parse("INCLUDE  MAPPED"), DdlFilter::parse("INCLUDE MAPPED"));
    }
}
