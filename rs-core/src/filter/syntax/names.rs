//! Object names with wildcards. See docs/filter.md, section 2.1.

use std::collections::HashMap;
use std::fmt;

use crate::filter::syntax::escapes;

/// One part of an object name. `*` matches any run of characters, `?` one character; a backslash escapes them. `%%` is a percent
/// sign, and escape sequences such as `\u0041` are characters. A name in double quotes is case-sensitive (in both dialects), any
/// other is not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NamePattern {
    /// The text without quotes, backslashes kept.
    text: Box<str>,
    quoted: bool,
    pieces: Box<[Piece]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Piece {
    Run,
    One,
    Char(char),
}

/// Returns the first piece of a pattern, and its length in bytes.
fn first_piece(text: &str) -> Option<(Piece, usize)> {
    let c = text.chars().next()?;
    let after = text.get(c.len_utf8()..).unwrap_or_default();
    Some(match c {
        '\\' => match (after.chars().next(), escapes::read(after)) {
            (Some(next @ ('*' | '?' | '%')), _) => (Piece::Char(next), 2),
            (_, Ok(Some((c, length)))) => (Piece::Char(c), 1 + length),
            _ => (Piece::Char('\\'), 1),
        },
        '%' if after.starts_with('%') => (Piece::Char('%'), 2),
        '*' => (Piece::Run, 1),
        '?' => (Piece::One, 1),
        c => (Piece::Char(c), c.len_utf8()),
    })
}

impl NamePattern {
    /// Creates a pattern as without quotes: case-insensitive.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::of(text, false)
    }

    /// Creates a pattern as in double quotes: case-sensitive.
    #[must_use]
    pub fn exact_case(text: &str) -> Self {
        Self::of(text, true)
    }

    /// Creates a case-insensitive pattern in which a backslash and a percent sign are ordinary characters.
    pub(crate) fn without_escapes(text: &str) -> Self {
        Self::new(&escapes::escaped(text).replace('%', "%%"))
    }

    fn of(text: &str, quoted: bool) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((piece, length)) = first_piece(rest) {
            rest = rest.get(length..).unwrap_or_default();
            // A `*` after a `*` is redundant and would cost time.
            if !(piece == Piece::Run && pieces.last() == Some(&Piece::Run)) {
                pieces.push(piece);
            }
        }
        Self { text: text.into(), quoted, pieces: pieces.into() }
    }

    /// Returns `true` if it has a wildcard.
    #[must_use]
    pub fn has_wildcard(&self) -> bool {
        self.pieces.iter().any(|piece| !matches!(piece, Piece::Char(_)))
    }

    /// Returns `true` if every name matches.
    pub(crate) fn is_any(&self) -> bool {
        *self.pieces == [Piece::Run]
    }

    /// Returns `true` if a name matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        // Backtracks to the last `*` only: what follows it is tried at each position in turn.
        let (mut pieces, mut rest) = (&*self.pieces, name.chars());
        let mut retry: Option<(&[Piece], std::str::Chars<'_>)> = None;
        loop {
            let after = rest.clone();
            let step = match (pieces.split_first(), rest.next()) {
                (None, None) => return true,
                (Some((Piece::Run, following)), _) => {
                    retry = Some((following, after.clone()));
                    (pieces, rest) = (following, after);
                    continue;
                }
                (Some((Piece::One, following)), Some(_)) => Some(following),
                (Some((Piece::Char(wanted), following)), Some(c)) if self.same(*wanted, c) => Some(following),
                _ => None,
            };
            match (step, &mut retry) {
                (Some(following), _) => pieces = following,
                (None, Some((following, from))) => {
                    if from.next().is_none() {
                        return false;
                    }
                    (pieces, rest) = (following, from.clone());
                }
                (None, None) => return false,
            }
        }
    }

    /// Returns the name that it matches; `None` if it has a wildcard.
    fn exact(&self) -> Option<String> {
        self.pieces.iter().map(|piece| if let Piece::Char(character) = piece { Some(*character) } else { None }).collect()
    }

    /// Returns its text in lower case; `None` if it has a wildcard.
    fn folded(&self) -> Option<String> {
        Some(fold(self.exact()?.chars()))
    }

    /// Returns the number of its dots.
    fn dots(&self) -> usize {
        self.pieces.iter().filter(|piece| **piece == Piece::Char('.')).count()
    }

    fn same(&self, a: char, b: char) -> bool {
        a == b || (!self.quoted && (a.eq_ignore_ascii_case(&b) || a.to_lowercase().eq(b.to_lowercase())))
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names with characters that need quotes are case-sensitive, so `quoted` is already set for them.
        if self.quoted { write!(f, "\"{}\"", self.text.replace('"', "\"\"")) } else { f.write_str(&self.text) }
    }
}

/// A pattern for object names: up to three parts, each with wildcards.
///
/// ```
/// use trailcore::filter::ObjectPattern;
/// let pattern: ObjectPattern = "hr.emp*".parse().unwrap();
/// assert!(pattern.matches("HR.EMPLOYEES") && !pattern.matches("HR.JOBS"));
/// let exact: ObjectPattern = r#"HR."A\*B""#.parse().unwrap();
/// assert!(exact.matches("HR.A*B") && !exact.matches("HR.AXXB"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectPattern {
    /// Container (optional), owner (optional), object.
    parts: Vec<NamePattern>,
}

impl ObjectPattern {
    pub(crate) fn from_parts(parts: Vec<NamePattern>) -> Self {
        Self { parts }
    }

    /// Returns the parts, in order.
    #[must_use]
    pub fn parts(&self) -> &[NamePattern] {
        &self.parts
    }

    /// Returns `true` if no part has a wildcard.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.parts.iter().any(NamePattern::has_wildcard)
    }

    /// Returns the name, with its parts joined by `.`, without quotes and escapes; `None` if a part has a wildcard.
    ///
    /// ```
    /// use trailcore::filter::ObjectPattern;
    /// let name = |text: &str| text.parse::<ObjectPattern>().unwrap().exact_name();
    /// assert_eq!((name(r#""HR".emp"#).as_deref(), name("HR.*")), (Some("HR.emp"), None));
    /// ```
    #[must_use]
    pub fn exact_name(&self) -> Option<String> {
        Some(self.parts.iter().map(NamePattern::exact).collect::<Option<Vec<_>>>()?.join("."))
    }

    /// Returns `true` if a name, with its parts joined by `.`, matches. A pattern of two parts matches a name of three whose last
    /// two match: a pattern without a container matches in any container.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        matches_parts(&self.parts, name)
    }

    /// Adds a container to a pattern that has none.
    pub(crate) fn in_container(mut self, container: Option<&NamePattern>) -> Self {
        if let (2, Some(container)) = (self.parts.len(), container) {
            self.parts.insert(0, container.clone());
        }
        self
    }

    /// Returns the target name for a source object. A `*` is replaced by the whole corresponding part of the source name, also
    /// inside a part such as `schema*` (INFERRED: the documentation only has examples).
    pub(crate) fn target_of(&self, source: &str) -> String {
        let mut from_source = source.rsplit('.');
        let mut parts: Vec<String> = self
            .parts
            .iter()
            .rev()
            .map(|pattern| {
                let own = from_source.next().unwrap_or_default();
                // Unquoted names are folded to upper case, as in Oracle (INFERRED).
                let fold = |c: char| if pattern.quoted { c.to_string() } else { c.to_uppercase().collect() };
                pattern
                    .pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Run => own.to_owned(),
                        Piece::One => "?".to_owned(),
                        Piece::Char(c) => fold(*c),
                    })
                    .collect()
            })
            .collect();
        parts.reverse();
        parts.join(".")
    }
}

/// Returns `true` if the last parts of a name match the patterns one to one. A name with fewer parts does not match. A part of the
/// name has the dots that its pattern has; a wildcard matches none.
pub(crate) fn matches_parts(patterns: &[NamePattern], name: &str) -> bool {
    let mut rest = Some(name);
    patterns.iter().rev().all(|pattern| {
        let Some(name) = rest.take() else { return false };
        let dot = name.rmatch_indices('.').nth(pattern.dots()).map(|(at, _)| at);
        let part = dot.map_or(name, |at| name.get(at + 1..).unwrap_or_default());
        rest = dot.and_then(|at| name.get(..at));
        pattern.matches(part)
    })
}

/// Finds the patterns that may fit a name by the last part of the name. Trying each pattern on each name would be quadratic.
#[derive(Debug, Default)]
pub(crate) struct NameIndex {
    /// Patterns by the text after their last dot in lower case.
    by_last: HashMap<Box<str>, Vec<usize>>,
    /// Patterns whose last part has a wildcard, and entries without a pattern.
    others: Vec<usize>,
    len: usize,
}

impl NameIndex {
    /// Adds an entry, which gets the next number from 0 on: a pattern, or `None` for one that may fit every name.
    pub(crate) fn add(&mut self, parts: Option<&[NamePattern]>) {
        match parts.and_then(|parts| parts.last()).and_then(NamePattern::folded) {
            Some(part) => self.by_last.entry(after_last_dot(&part).into()).or_default().push(self.len),
            None => self.others.push(self.len),
        }
        self.len += 1;
    }

    /// Returns the numbers of the entries that may fit a name, in ascending order.
    pub(crate) fn candidates(&self, name: &str) -> Vec<usize> {
        let last = after_last_dot(name);
        let mut found = self.others.clone();
        if let Some(numbers) = self.by_last.get(&*fold(last.chars())) {
            found.extend(numbers);
            found.sort_unstable();
        }
        found
    }
}

fn after_last_dot(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or_default()
}

/// Returns a text in lower case, as [`NamePattern::matches`] compares it.
fn fold(characters: impl Iterator<Item = char>) -> String {
    characters.flat_map(char::to_lowercase).collect()
}

impl fmt::Display for ObjectPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            write!(f, "{}{part}", if index > 0 { "." } else { "" })?;
        }
        Ok(())
    }
}

impl std::str::FromStr for ObjectPattern {
    type Err = crate::Error;

    /// Parses `object`, `owner.object` or `container.owner.object`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = split_name(text).filter(|(parts, used)| *used == text.len() && (1..=3).contains(&parts.len()));
        parts.map(|(parts, _)| Self { parts }).ok_or_else(|| {
            crate::Error::new(crate::ErrorKind::Filter, format!("invalid object name {text:?}")).hint("write OWNER.OBJECT")
        })
    }
}

/// Returns the parts of the name at the start of a text and its length in bytes. `None` if there is no name or a quote is not
/// terminated.
pub(crate) fn split_name(text: &str) -> Option<(Vec<NamePattern>, usize)> {
    let mut parts = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        if let Some(body) = rest.strip_prefix('"') {
            let mut end = body.find('"')?;
            while body.get(end + 1..).is_some_and(|rest| rest.starts_with('"')) {
                end += 2 + body.get(end + 2..)?.find('"')?;
            }
            parts.push(NamePattern::exact_case(&body.get(..end)?.replace("\"\"", "\"")));
            at += end + 2;
        } else {
            let end = rest
                .find(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '.' | '"' | '\''))
                .unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            parts.push(NamePattern::new(rest.get(..end)?));
            at += end;
        }
        if text.get(at..).is_some_and(|rest| rest.starts_with('.')) {
            at += 1;
        } else {
            return Some((parts, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        let cases = [
            ("*", "", true),
            ("*", "anything", true),
            ("a*c", "ABC", true),
            ("a*c", "abcd", false),
            ("a*b*c", "aXbYbZc", true),
            ("?", "", false),
            ("t?b", "TAB", true),
            ("t?b", "TB", false),
            ("**a", "ba", true),
            ("ü*", "Übung", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(NamePattern::new(pattern).matches(name), expected, "{pattern} {name}");
        }
        assert!(!NamePattern::exact_case("Emp").matches("EMP"));
        assert!(NamePattern::new(r"a\?").matches("A?"));
        for (pattern, name) in [("A%%B", "A%B"), ("A%B", "A%B"), (r"A\%B", "A%B"), (r"\u0044EP\x54", "DEPT"), (r"\u002A", "*")] {
            assert!(NamePattern::exact_case(pattern).matches(name), "{pattern}");
            assert!(!NamePattern::exact_case(pattern).matches("DEPTS"), "{pattern}");
        }
        assert!(NamePattern::without_escapes(r"a%%\u0041").matches(r"A%%\U0041"));
    }

    #[test]
    fn stars_do_not_take_forever() {
        let pattern = NamePattern::new(&format!("{}c", "a*".repeat(200)));
        assert!(!pattern.matches(&format!("{}b", "a".repeat(5000))));
    }

    #[test]
    fn the_index_finds_what_each_pattern_would() {
        let patterns =
            ["hr.emp", "HR.E*", "*.\"Emp\"", "x.hr.EMP", "HR.DEPT", "hr.ÜBER", r"HR.\u0045MP", "HR.\"A.B\"", r"HR.\u002E", "*"];
        let patterns: Vec<ObjectPattern> = patterns.iter().map(|text| text.parse().unwrap()).collect();
        let mut index = NameIndex::default();
        patterns.iter().for_each(|pattern| index.add(Some(pattern.parts())));
        for name in ["HR.EMP", "HR.Emp", "X.HR.EMP", "HR.DEPT", "HR.über", "HR.OTHER", "HR.A.B", "HR..", "", "EMP"] {
            let matching = |numbers: &mut dyn Iterator<Item = usize>| -> Vec<usize> {
                numbers.filter(|number| patterns[*number].matches(name)).collect()
            };
            let found = matching(&mut index.candidates(name).into_iter());
            assert_eq!(found, matching(&mut (0..patterns.len())), "{name}");
        }
        assert!(index.candidates("HR.OTHER").len() < patterns.len());
    }

    #[test]
    fn parts_of_names() {
        let pattern = |text: &str| text.parse::<ObjectPattern>().unwrap();
        assert!(pattern("pdb*.*.*").matches("PDB1.HR.EMP"));
        assert!(pattern("hr.emp").matches("PDB1.HR.EMP"));
        assert!(!pattern("pdb1.hr.emp").matches("HR.EMP"));
        // A part has the dots of its pattern.
        for (text, name, fits) in [
            (r#"HR."A.B""#, "HR.A.B", true),
            (r#"HR."A.B""#, "PDB1.HR.A.B", true),
            (r#"HR."A.*""#, "HR.A.B", true),
            (r#"HR."a.b""#, "HR.A.B", false),
            (r#""P.D".hr."A.B""#, "P.D.HR.A.B", true),
            (r#"HR."A.B""#, "A.B", false),
            (r#"X."A.B""#, "HR.A.B", false),
            ("HR.*", "HR.A.B", false),
        ] {
            assert_eq!(pattern(text).matches(name), fits, "{text} {name}");
        }
        assert_eq!(pattern("\"Src\".t?").to_string(), "\"Src\".t?");
        assert_eq!(pattern("tgt.*").target_of("Src.T"), "TGT.T");
        for bad in ["", "a..b", "a.b.c.d", "a b", "\"a", "a.", ".a"] {
            assert!(bad.parse::<ObjectPattern>().is_err(), "{bad}");
        }
    }
}
