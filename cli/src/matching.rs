//! The options that select records by what Logdump's FILTER command knows, and their test.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use trailcore::Trail;
use trailcore::filter::{LogdumpFacts, LogdumpFilter, ObjectPattern};

use crate::failure::Failure;
use crate::output::hex;

/// The conditions on records. All that are given must hold.
#[derive(Args)]
#[command(next_help_heading = "Records to show (Logdump's FILTER)")]
pub(crate) struct Matching {
    /// Only records whose data have this text, in UTF-8 or in the character set of the trail
    #[arg(long, value_name = "TEXT")]
    string: Vec<String>,
    /// Only records whose data have these bytes, in hexadecimal: 0a1b
    #[arg(long, value_name = "HEX")]
    bytes: Vec<String>,
    /// Only records of these types: names as Logdump prints them, or numbers, separated by commas
    #[arg(long = "type", value_name = "LIST", value_delimiter = ',')]
    types: Vec<String>,
    /// Only records whose data have such a length: ">4000", "<= 100", 52
    #[arg(long, value_name = "LENGTH")]
    length: Option<String>,
    /// Only records of the transaction with this id
    #[arg(long, value_name = "ID")]
    pub(crate) xid: Option<String>,
    /// Only records at this place of their transaction
    #[arg(long, value_name = "PLACE")]
    indicator: Option<Indicator>,
    /// Only records whose area of user tokens has these bytes; the layout of the area is unknown, so it is searched for the
    /// name, and for the value after the name
    #[arg(long, value_name = "NAME[=VALUE]")]
    user_token: Vec<String>,
    /// Only records that Logdump's FILTER commands show: "RECTYPE 5", "INCLUDE AUDITRBA > 100; FILTER MATCH ANY"
    #[arg(long, value_name = "COMMANDS")]
    logdump: Vec<String>,
}

/// Maximum number of tables whose names are kept.
const MOST_TABLES: usize = 1_000;

/// The place in a transaction.
#[derive(Clone, Copy, ValueEnum)]
enum Indicator {
    First,
    Middle,
    Last,
    Only,
}

/// The test of the conditions.
pub(crate) struct Matcher {
    /// The tests of the names of tables, and whether a table has had the name.
    tables: Vec<(TableTest, Cell<bool>)>,
    /// The names of the tables that were met, at most [`MOST_TABLES`].
    met: RefCell<BTreeSet<String>>,
    /// The names as they are written.
    names: Vec<String>,
    filters: Vec<LogdumpFilter>,
    user_tokens: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// The test of one name of tables.
enum TableTest {
    /// A name in GoldenGate's spelling, in which double quotes keep case and dots.
    Spelled(ObjectPattern),
    /// A template as in FILENAME.
    Template(LogdumpFilter),
}

impl TableTest {
    fn new(name: &str) -> Result<Self, Failure> {
        match name.parse() {
            Ok(pattern) if name.contains('"') => Ok(Self::Spelled(pattern)),
            _ => Ok(Self::Template(parsed("--table", &format!("FILTER FILENAME {}", quoted(name)))?)),
        }
    }

    fn holds(&self, facts: &LogdumpFacts<'_>) -> bool {
        match self {
            Self::Spelled(pattern) => facts.name.as_ref().is_some_and(|name| pattern.matches(name)),
            Self::Template(filter) => filter.matches(facts),
        }
    }
}

impl Matching {
    /// Returns the test of the options, and of names of tables.
    pub(crate) fn matcher(&self, tables: &[String], trail: &Trail) -> Result<Matcher, Failure> {
        let names = tables.to_vec();
        let tests = tables.iter().map(|name| Ok((TableTest::new(name)?, Cell::new(false))));
        let tables = tests.collect::<Result<_, Failure>>()?;
        let mut commands: Vec<(&str, String)> = Vec::new();
        for text in &self.string {
            commands.push(("--string", format!("HEX {}", forms_of(text, trail)?.join(", "))));
        }
        for bytes in &self.bytes {
            let digits: String = bytes.chars().filter(|character| !character.is_whitespace()).collect();
            commands.push(("--bytes", format!("HEX {}", digits.strip_prefix("0x").unwrap_or(&digits))));
        }
        if !self.types.is_empty() {
            let types: Vec<_> = self.types.iter().map(|name| quoted(name.trim())).collect();
            commands.push(("--type", format!("RECTYPE {}", types.join(", "))));
        }
        if let Some(length) = &self.length {
            commands.push(("--length", format!("RECLEN {length}")));
        }
        if let Some(xid) = &self.xid {
            commands.push(("--xid", format!("TRANSID {}", quoted(xid))));
        }
        if let Some(indicator) = self.indicator {
            commands.push(("--indicator", format!("TRANSIND {}", indicator as u8)));
        }
        let mut filters = Vec::new();
        for (option, command) in commands {
            filters.push(parsed(option, &format!("FILTER {command}"))?);
        }
        for text in &self.logdump {
            let has_word = text.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("filter"));
            let text = if has_word { text.clone() } else { format!("FILTER {text}") };
            filters.push(parsed("--logdump", &text)?);
        }
        let user_tokens = self.user_token.iter().map(|token| match token.split_once('=') {
            Some((name, value)) => (name.as_bytes().to_vec(), Some(value.as_bytes().to_vec())),
            None => (token.as_bytes().to_vec(), None),
        });
        let user_tokens: Vec<_> = user_tokens.collect();
        if user_tokens.iter().any(|(name, _)| name.is_empty()) {
            return Err(Failure::usage("--user-token needs the name of a token"));
        }
        Ok(Matcher { tables, met: RefCell::default(), names, filters, user_tokens })
    }
}

impl Matcher {
    /// Returns `true` if there is no condition.
    pub(crate) fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.filters.is_empty() && self.user_tokens.is_empty()
    }

    /// Notes the table of a record, whatever the other conditions are.
    pub(crate) fn meet<'a>(&self, table: Option<&str>, facts: impl FnOnce() -> LogdumpFacts<'a>) {
        if self.tables.iter().all(|(_, is_met)| is_met.get()) {
            return;
        }
        let Some(table) = table.filter(|table| !table.is_empty() && !self.met.borrow().contains(*table)) else { return };
        let facts = facts();
        self.tables.iter().filter(|(test, _)| test.holds(&facts)).for_each(|(_, is_met)| is_met.set(true));
        if self.met.borrow().len() < MOST_TABLES {
            self.met.borrow_mut().insert(table.to_owned());
        }
    }

    /// Returns the names of tables that no table has had, and the tables that were met.
    pub(crate) fn unmatched(&self) -> (Vec<String>, Vec<String>) {
        let names = self.names.iter().zip(&self.tables).filter(|(_, (_, is_met))| !is_met.get());
        (names.map(|(name, _)| name.clone()).collect(), self.met.borrow().iter().cloned().collect())
    }

    /// Returns whether all conditions hold.
    pub(crate) fn wants<'a>(&self, user_tokens: Option<&[u8]>, facts: impl FnOnce() -> LogdumpFacts<'a>) -> bool {
        let has = |(name, value): &(Vec<u8>, Option<Vec<u8>>)| {
            let rest = user_tokens.and_then(|area| after(area, name));
            rest.is_some_and(|rest| value.as_ref().is_none_or(|value| value.is_empty() || after(rest, value).is_some()))
        };
        if !self.user_tokens.iter().all(has) {
            return false;
        }
        if self.tables.is_empty() && self.filters.is_empty() {
            return true;
        }
        let facts = facts();
        let is_named = self.tables.is_empty() || self.tables.iter().any(|(table, _)| table.holds(&facts));
        is_named && self.filters.iter().all(|filter| filter.matches(&facts))
    }
}

/// Returns what follows the first occurrence of some bytes.
fn after<'a>(area: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    let at = area.windows(wanted.len()).position(|window| window == wanted)?;
    area.get(at + wanted.len()..)
}

fn parsed(option: &str, text: &str) -> Result<LogdumpFilter, Failure> {
    LogdumpFilter::parse(text).map_err(|error| Failure::usage(format!("{option}: {error}")))
}

/// Returns the bytes of a text in UTF-8, and in the character set that the trail's first file states.
fn forms_of(text: &str, trail: &Trail) -> Result<Vec<String>, Failure> {
    if text.is_empty() {
        return Err(Failure::usage("--string needs a text"));
    }
    let mut forms = vec![hex(text.as_bytes())];
    let charset = trail.first_header()?.and_then(|header| header.database_charset().value());
    if let Some(own) = charset.and_then(|charset| charset.encode(text).map(|bytes| hex(&bytes))) {
        if !forms.contains(&own) {
            forms.push(own);
        }
    }
    Ok(forms)
}

/// Returns a word as the FILTER command reads it.
fn quoted(word: &str) -> String {
    if word.contains('"') { format!("'{word}'") } else { format!("\"{word}\"") }
}
