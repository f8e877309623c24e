//! [`Codes`]: what is known about message codes, as data. The data is in `codes.txt`; a caller can add a file of its own.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Result};

/// The part that a message has in the end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CodeRole {
    /// It can be the first error.
    Cause,
    /// It follows from another error.
    Consequence,
    /// It has details of another message.
    Context,
    /// The process goes on; an operator should look.
    Warning,
    /// Normal work.
    Information,
}

impl CodeRole {
    fn of(word: &str) -> Option<Self> {
        let roles = [Self::Cause, Self::Consequence, Self::Context, Self::Warning, Self::Information];
        roles.into_iter().find(|role| crate::word(role) == word)
    }
}

/// A code, and what is known about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KnownCode {
    /// The code, such as `OGG-01296` or `ORA-00001`.
    pub code: String,
    /// Its part in the end of a process.
    pub role: CodeRole,
    /// Its subject, such as `trail`, `apply` or `network`.
    pub class: String,
    /// Its meaning, in one sentence.
    pub meaning: String,
    /// The first checks.
    pub checks: Vec<String>,
    /// The origin: `seen`, `docs`, `inferred`, or what the caller's file has.
    pub source: String,
}

impl KnownCode {
    /// Reads a line: `code|role|class|meaning|check; check|source`. A code of digits only is one of GoldenGate.
    fn of(line: &str) -> Option<Self> {
        let mut fields = line.split('|').map(str::trim);
        let mut next = || fields.next().filter(|field| !field.is_empty());
        let (code, role, class, meaning, checks, source) = (next()?, next()?, next()?, next()?, next()?, next()?);
        let is_number = code.bytes().all(|byte| byte.is_ascii_digit());
        let checks = checks.split(';').map(str::trim).filter(|check| !matches!(*check, "" | "-"));
        Some(Self {
            code: if is_number { format!("OGG-{code:0>5}") } else { code.to_ascii_uppercase() },
            role: CodeRole::of(role)?,
            class: class.to_owned(),
            meaning: meaning.to_owned(),
            checks: checks.map(str::to_owned).collect(),
            source: source.to_owned(),
        })
    }
}

/// The knowledge about codes.
///
/// ```
/// use trailcore_ops::explain::{CodeRole, Codes};
/// let codes = Codes::own();
/// assert_eq!(codes.get("OGG-01668").unwrap().role, CodeRole::Consequence);
/// let codes = codes.with("ORA-00001|cause|apply|The row is there already.|Look for another writer of the table|dba team")?;
/// assert_eq!(codes.get("ORA-00001").unwrap().checks.len(), 1);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Codes(BTreeMap<String, KnownCode>);

static OWN: LazyLock<Codes> = LazyLock::new(|| {
    let lines = include_str!("codes.txt").lines().filter(|line| !is_comment(line));
    Codes(lines.filter_map(KnownCode::of).map(|code| (code.code.clone(), code)).collect())
});

fn is_comment(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

impl Codes {
    /// Returns the codes that this library knows.
    #[must_use]
    pub fn own() -> &'static Self {
        &OWN
    }

    /// Adds the lines of a text, which come before the known ones: `code|role|class|meaning|check; check|source`. Empty lines
    /// and lines that start with `#` are left out.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] with the number of a line that has another form.
    pub fn with(&self, text: &str) -> Result<Self> {
        let mut codes = self.0.clone();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !is_comment(line)) {
            let code = KnownCode::of(line).ok_or_else(|| {
                let what = format!("codes: line {} is not code|role|class|meaning|checks|source", number + 1);
                let roles = "the role is cause, consequence, context, warning or information";
                Error::new(ErrorKind::InvalidArgument, what).hint(roles)
            })?;
            codes.insert(code.code.clone(), code);
        }
        Ok(Self(codes))
    }

    /// Returns what is known about a code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&KnownCode> {
        self.0.get(&code.to_ascii_uppercase())
    }

    /// Returns codes that differ in one character from an unknown one, and else the ones beside it.
    #[must_use]
    pub fn similar(&self, code: &str) -> Vec<&KnownCode> {
        const MOST: usize = 3;
        let code = code.to_ascii_uppercase();
        let differences = |known: &str| known.bytes().zip(code.bytes()).filter(|(own, other)| own != other).count();
        let number = |code: &str| code.split('-').nth(1).and_then(|digits| digits.parse::<i64>().ok()).unwrap_or_default();
        let is_close = |known: &&KnownCode| known.code.len() == code.len() && differences(&known.code) == 1;
        let mut close: Vec<_> = self.0.values().filter(is_close).collect();
        if !close.is_empty() {
            close.sort_by_key(|known| number(&known.code).abs_diff(number(&code)));
            close.truncate(MOST);
            return close;
        }
        let is_of_product = |known: &&KnownCode| known.code.get(..4) == code.get(..4);
        let before = self.0.range(..code.clone()).next_back();
        let after = self.0.range(code.clone()..).next();
        before.into_iter().chain(after).map(|(_, known)| known).filter(is_of_product).collect()
    }

    /// Returns the codes in order.
    pub fn iter(&self) -> impl Iterator<Item = &KnownCode> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_code() {
        let lines = include_str!("codes.txt").lines().filter(|line| !is_comment(line));
        let wrong: Vec<_> = lines.clone().filter(|line| KnownCode::of(line).is_none()).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(lines.count(), Codes::own().iter().count(), "a code stands twice");
    }

    #[test]
    fn codes_of_health_are_known() {
        for known in Codes::own().iter().filter(|known| known.role == CodeRole::Information) {
            assert!(crate::health::advice(&known.code).is_none(), "{} raises a finding, and is called normal work", known.code);
        }
    }

    #[test]
    fn unknown_codes_have_similar_ones() {
        let codes = Codes::own();
        assert!(codes.similar("OGG-01669").iter().any(|known| known.code == "OGG-01668"));
        assert!(codes.similar("XYZ-1").is_empty());
    }

    #[test]
    fn a_line_of_another_form_is_named() {
        let error = Codes::own().with("# mine\nORA-00001|cause|apply|There.|-|me\nOGG-1|moon|apply|x|-|me\n").unwrap_err();
        assert!(error.to_string().contains("line 3"), "{error}");
    }
}
