//! The catalogue of parameters. Its data is in `catalogue.txt`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use trailcore::filter::{Form, nearest};

use super::FileKind;

/// A parameter of GoldenGate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name, in upper case.
    pub name: &'static str,
    /// The first release that has it, if known.
    pub since: Option<&'static str>,
    /// The last release that has it, or `deprecated`.
    pub until: Option<&'static str>,
    /// Its effect, in one line.
    pub description: &'static str,
    /// The origin of these facts, such as `reference`.
    pub source: &'static str,
    /// Its place among other parameters has a meaning.
    pub is_ordered: bool,
    kinds: &'static str,
    form: Form,
    /// Values before the options; `None` if options are not checked.
    leading: Option<usize>,
    options: Vec<(&'static str, Option<usize>)>,
}

static CATALOGUE: LazyLock<BTreeMap<&'static str, Parameter>> = LazyLock::new(|| {
    let lines = include_str!("catalogue.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(Parameter::of).map(|parameter| (parameter.name, parameter)).collect()
});

/// Commands of GGSCI and `adminclient`, which are no parameters.
const COMMANDS: [&str; 33] = [
    "ADD",
    "ALTER",
    "CLEANUP",
    "CONNECT",
    "CREATE",
    "DBLOGIN",
    "DELETE",
    "DISABLE",
    "DISCONNECT",
    "EDIT",
    "ENABLE",
    "EXIT",
    "FLUSH",
    "HEALTH",
    "INFO",
    "INITIALIZEDATASTORE",
    "KILL",
    "LAG",
    "MININGDBLOGIN",
    "REFRESH",
    "REGISTER",
    "SEND",
    "SET",
    "SHELL",
    "SHOW",
    "START",
    "STATS",
    "STATUS",
    "STOP",
    "SYNCHRONIZE",
    "UNREGISTER",
    "UPGRADE",
    "VIEW",
];

/// Returns whether a word is a command of GGSCI or `adminclient`.
pub(crate) fn is_command(word: &str) -> bool {
    COMMANDS.contains(&word)
}

impl Parameter {
    fn of(line: &'static str) -> Option<Self> {
        let mut columns = line.split('|').map(str::trim);
        let mut next = || columns.next().unwrap_or_default();
        let (name, kinds, form, order, releases) = (next(), next(), next(), next(), next());
        let (options, description, source) = (next(), next(), next());
        let (since, until) = releases.split_once('-').unwrap_or((releases, ""));
        let (leading, options) = options.split_once(": ").unwrap_or((if options.is_empty() { "?" } else { "1" }, options));
        Some(Self {
            name: Some(name).filter(|name| !name.is_empty())?,
            since: Some(since).filter(|since| !since.is_empty()),
            until: Some(until).filter(|until| !until.is_empty()),
            description,
            source: source_name(source),
            is_ordered: order == "k",
            kinds,
            form: match form {
                "S" => Form::Statement,
                "W" => Form::Word,
                _ => Form::Line,
            },
            leading: leading.parse().ok(),
            options: options.split(' ').filter_map(|option| option.split_once('/')).map(|(o, n)| (o, n.parse().ok())).collect(),
        })
    }

    /// Returns whether files of a kind may have it.
    ///
    /// ```
    /// use trailcore_ops::config::{FileKind, parameter};
    /// assert!(parameter("rmthost").unwrap().is_allowed_in(FileKind::Extract));
    /// assert!(!parameter("rmthost").unwrap().is_allowed_in(FileKind::Manager));
    /// ```
    #[must_use]
    pub fn is_allowed_in(&self, kind: FileKind) -> bool {
        kind.letter().is_none_or(|letter| self.kinds.contains(letter))
    }

    /// Returns the number of values of an option; `Some(None)` if the rest is not checked.
    pub(crate) fn option(&self, word: &str) -> Option<Option<usize>> {
        self.options.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, values)| *values)
    }

    pub(crate) fn options(&self) -> impl Iterator<Item = &'static str> {
        self.options.iter().map(|(name, _)| *name)
    }

    /// Returns the number of values before the options; `None` if the catalogue does not have all options.
    pub(crate) fn leading(&self) -> Option<usize> {
        self.leading
    }
}

fn source_name(letter: &str) -> &'static str {
    match letter {
        "R" => "GoldenGate reference, the page of this name",
        "C" => "classic GoldenGate reference (c1230), the page of this name",
        "B" => "guide of GoldenGate for Big Data",
        _ => "seen in public parameter files",
    }
}

/// Returns a parameter by its name, in any case.
#[must_use]
pub fn parameter(name: &str) -> Option<&'static Parameter> {
    CATALOGUE.get(name.to_ascii_uppercase().as_str())
}

/// Returns all parameters, by name.
///
/// ```
/// assert!(trailcore_ops::config::parameters().count() > 250);
/// ```
pub fn parameters() -> impl Iterator<Item = &'static Parameter> {
    CATALOGUE.values()
}

/// Returns the form of a statement by its keyword in upper case.
pub(crate) fn form(word: &str) -> Form {
    match CATALOGUE.get(word) {
        Some(parameter) => parameter.form,
        None if word.starts_with('_') && word.len() > 1 => Form::Line,
        None if ["TABLE", "MAP", "SEQUENCE"].iter().any(|name| is_slip(word, name)) => Form::Statement,
        None => Form::Unknown,
    }
}

/// Returns whether a word is a name with one letter too many, too few or wrong, or with two letters exchanged.
fn is_slip(word: &str, name: &str) -> bool {
    let (word, name) = (word.as_bytes(), name.as_bytes());
    let same = word.iter().zip(name).take_while(|(a, b)| a == b).count();
    let (a, b) = (word.get(same..).unwrap_or_default(), name.get(same..).unwrap_or_default());
    match (a, b) {
        ([x, y, a @ ..], [v, w, b @ ..]) if (x, y) == (w, v) => a == b,
        ([_, a @ ..], [_, b @ ..]) if a == b => true,
        ([_, rest @ ..], _) if rest == b => true,
        (_, [_, rest @ ..]) => rest == a,
        _ => false,
    }
}

/// Returns the names that are nearest to an unknown one, for files of a kind.
///
/// ```
/// use trailcore_ops::config::{FileKind, similar};
/// assert_eq!(similar("RMHOST", FileKind::Extract), ["RMTHOST"]);
/// ```
#[must_use]
pub fn similar(word: &str, kind: FileKind) -> Vec<&'static str> {
    let word = word.to_ascii_uppercase();
    let allowed = || parameters().filter(|parameter| parameter.is_allowed_in(kind)).map(|parameter| parameter.name);
    let slips: Vec<_> = allowed().filter(|name| is_slip(&word, name)).collect();
    if !slips.is_empty() {
        return slips;
    }
    if let Some(near) = nearest(&word, allowed()).or_else(|| nearest(&word, CATALOGUE.keys().copied())) {
        return vec![near];
    }
    let parts = |name: &&str| word.len() >= 4 && (name.ends_with(&word) || name.starts_with(&word));
    allowed().filter(parts).take(3).collect()
}

/// Returns the parameter that has an option of this name.
pub(crate) fn owner_of_option(word: &str) -> Option<&'static Parameter> {
    parameters().find(|parameter| parameter.option(word).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_complete() {
        let lines: Vec<_> = include_str!("catalogue.txt").lines().filter(|line| !line.starts_with('#')).collect();
        for line in &lines {
            assert_eq!(line.matches('|').count(), 7, "{line}");
            assert!(line.split('|').nth(6).is_some_and(|text| text.len() > 8), "{line}");
        }
        assert_eq!(CATALOGUE.len(), lines.len(), "a name is there twice");
    }

    #[test]
    fn slips() {
        for (word, is) in [("TABEL", true), ("TABL", true), ("TABLLE", true), ("TUBLE", true), ("TABLE", false), ("TRAIL", false)]
        {
            assert_eq!(is_slip(word, "TABLE"), is, "{word}");
        }
    }
}
