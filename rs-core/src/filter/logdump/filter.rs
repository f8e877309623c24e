//! [`LogdumpFilter`]: its conditions, and the facts that they test.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use data_encoding::HEXLOWER_PERMISSIVE;

use crate::change::Change;
use crate::filter::syntax::names::NamePattern;
use crate::position::Csn;
use crate::time::Timestamp;
use crate::trail::{RecordType, TransactionIndicator};

/// The facts that a Logdump filter tests. An option about a fact that is `None`, or not in the list, does not match.
///
/// ```
/// use trailcore::filter::{LogdumpFacts, LogdumpFilter};
/// let facts = LogdumpFacts { syskey: Some(4_294_967_302), ..LogdumpFacts::default() };
/// assert!(LogdumpFilter::parse("FILTER SYSKEY 4294967302")?.matches(&facts));
/// assert!(!LogdumpFilter::parse("FILTER RBA 0")?.matches(&facts));
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogdumpFacts<'a> {
    /// The name of the table or file.
    pub name: Option<Cow<'a, str>>,
    /// RecType, also known as IOType.
    pub record_type: Option<RecordType>,
    /// The system key (NonStop only).
    pub syskey: Option<u64>,
    /// SyskeyLen.
    pub syskey_len: Option<u8>,
    /// TransInd.
    pub transaction: Option<TransactionIndicator>,
    /// UndoFlag.
    pub undo: Option<u8>,
    /// RecLength: the length of the data in bytes.
    pub record_length: Option<u64>,
    /// AuditRBA.
    pub audit_rba: Option<u64>,
    /// The offset of the record in its file.
    pub rba: Option<u64>,
    /// The timestamp of the record.
    pub time: Option<Timestamp>,
    /// The commit sequence number of the transaction.
    pub csn: Option<&'a str>,
    /// The transaction id.
    pub xid: Option<&'a str>,
    /// The data of each record. A text that spans records is not found.
    pub data: Vec<&'a [u8]>,
    /// Name and value of each GoldenGate token; the value is empty if it is not set.
    pub tokens: Vec<(Cow<'a, str>, &'a [u8])>,
}

impl<'a> LogdumpFacts<'a> {
    /// Returns the facts of a change: its record header, and the data and tokens of all its records. For a before/after pair, the
    /// header is that of the after record, and the transaction indicator is that of the pair. CSN and transaction id are those of
    /// the transaction, also for records in which Logdump, which sees one record at a time, shows none.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # trailcore_samples::write_bank(dir.path(), &trailcore_samples::Bank::small()).unwrap();
    /// # let path = dir.path().join("bk");
    /// use trailcore::filter::{LogdumpFacts, LogdumpFilter};
    /// let filter = LogdumpFilter::parse("FILTER FILENAME bank.post*; FILTER RECTYPE Insert")?;
    /// let mut reader = trailcore::Trail::open(path)?.reader()?;
    /// let mut found = 0;
    /// while let Some(change) = reader.next()? {
    ///     found += u32::from(filter.matches(&LogdumpFacts::of(&change)));
    /// }
    /// assert!(found > 0);
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    #[must_use]
    pub fn of(change: &Change<'a>) -> Self {
        let trail = change.trail();
        // A header with a damaged name lacks only the three fields read from it.
        let header = trail.and_then(|trail| trail.header().ok());
        let name = change.table_name();
        // A token without a known name is named by its id, as in the native JSON form.
        Self {
            name: (!name.is_empty()).then_some(name),
            record_type: trail.map(|trail| trail.record().record_type()),
            // The record header has only its length, which was always 0 (SEEN; docs/trail-format.md, section 5).
            syskey: None,
            syskey_len: header.map(|header| header.syskey_len),
            transaction: Some(change.transaction()),
            undo: header.map(|header| header.undo),
            // RecLength has two bytes, too few for long data (docs/trail-format.md, section 2), so this is the actual length.
            record_length: trail.map(|trail| trail.record().data().len() as u64),
            audit_rba: header.map(|header| header.audit_rba.into()),
            rba: change.position().trail().map(|position| position.rba),
            time: Some(change.timestamp()),
            csn: change.csn(),
            xid: change.xid(),
            data: trail.iter().flat_map(|trail| trail.records()).map(|record| record.data()).collect(),
            tokens: trail
                .iter()
                .flat_map(|trail| trail.tokens())
                .map(|token| (token.label(), token.value().unwrap_or_default()))
                .collect(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
}

/// All spellings (SEEN); `Display` writes the first. A spelling comes before its prefixes.
pub(super) const COMPARISONS: [(Comparison, &[&str]); 6] = [
    (Comparison::Equal, &["==", "=", "EQ"]),
    (Comparison::NotEqual, &["<>", "!=", "NE"]),
    (Comparison::LessOrEqual, &["<=", "LE"]),
    (Comparison::GreaterOrEqual, &[">=", "GE"]),
    (Comparison::Less, &["<", "LT"]),
    (Comparison::Greater, &[">", "GT"]),
];

impl Comparison {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::Greater => order.is_gt(),
            Self::LessOrEqual => order.is_le(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }

    /// Compares CSNs. CSNs of different forms have no order, but they are not equal.
    fn holds_for_csn(self, left: &str, right: &str) -> bool {
        match Csn::compare(left, right) {
            Some(order) => self.holds(order),
            None => (self == Self::Equal && left == right) || (self == Self::NotEqual && left != right),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spellings = COMPARISONS.iter().find(|(comparison, _)| comparison == self);
        f.write_str(spellings.and_then(|(_, spellings)| spellings.first()).unwrap_or(&"=="))
    }
}

/// Bytes to search for, and the range of the data that must contain all of them. INFERRED from the example `0:231` and the words
/// "byte range" of the manual: the two numbers are byte offsets from 0, both inclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needle {
    pub(super) bytes: Box<[u8]>,
    pub(super) range: Option<(usize, usize)>,
}

impl Needle {
    pub(super) fn anywhere(bytes: &[u8]) -> Self {
        Self { bytes: bytes.into(), range: None }
    }

    fn is_in(&self, records: &[&[u8]]) -> bool {
        let (start, last) = self.range.unwrap_or((0, usize::MAX));
        records.iter().any(|data| {
            let part = data.get(start..last.saturating_add(1).min(data.len())).unwrap_or_default();
            // The parser rejects empty texts; a window of no bytes would panic.
            part.windows(self.bytes.len().max(1)).any(|window| *window == *self.bytes)
        })
    }
}

pub(super) type Wanted = Option<(Comparison, Box<str>)>;

/// The test of an option. Several options share one kind of test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// RECTYPE: any of these.
    Types(Box<[RecordType]>),
    /// STRING, HEX and INT16 to INT64: any of these.
    Data(Box<[Needle]>),
    /// FILENAME and ANSINAME: any of these templates.
    Names(Box<[Box<str>]>),
    TransId(Box<str>),
    Time(Comparison, Timestamp),
    /// The options that [`quantity`] knows.
    Quantity(Comparison, u64),
    Token(Box<str>, Wanted),
    Csn(Wanted),
}

/// One option with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) option: &'static str,
    pub(super) test: Test,
}

const OPTIONS: &str = "RECTYPE STRING HEX FILENAME ANSINAME TRANSID INT16 INT32 INT64 STARTTIME ENDTIME SYSKEY SYSKEYLEN \
                       TRANSIND UNDOFLAG RECLEN AUDITRBA RBA GGSTOKEN CSN";

/// Returns the option with this name or alias.
pub(super) fn option(word: &str) -> Option<&'static str> {
    let name = match word {
        "IOTYPE" => "RECTYPE",
        "LOGCSN" => "CSN",
        word => word,
    };
    OPTIONS.split(' ').find(|&option| option == name)
}

/// Returns the number that an option compares; `None` for options that do not compare a number.
fn quantity(option: &str, facts: &LogdumpFacts<'_>) -> Option<Option<u64>> {
    Some(match option {
        "SYSKEY" => facts.syskey,
        "SYSKEYLEN" => facts.syskey_len.map(u64::from),
        "TRANSIND" => facts.transaction.map(|indicator| indicator.byte().into()),
        "UNDOFLAG" => facts.undo.map(u64::from),
        "RECLEN" => facts.record_length,
        "AUDITRBA" => facts.audit_rba,
        "RBA" => facts.rba,
        _ => return None,
    })
}

impl Condition {
    fn matches(&self, facts: &LogdumpFacts<'_>) -> bool {
        match &self.test {
            Test::Types(types) => facts.record_type.is_some_and(|record_type| types.contains(&record_type)),
            Test::Data(needles) => needles.iter().any(|needle| needle.is_in(&facts.data)),
            Test::Names(templates) => {
                facts.name.as_deref().is_some_and(|name| templates.iter().any(|template| fits(template, name)))
            }
            Test::TransId(wanted) => facts.xid == Some(wanted),
            Test::Time(comparison, wanted) => facts.time.is_some_and(|time| comparison.holds(time.cmp(wanted))),
            Test::Quantity(comparison, wanted) => {
                quantity(self.option, facts).flatten().is_some_and(|value| comparison.holds(value.cmp(wanted)))
            }
            // A record may have a token twice, as DDL records do (SEEN).
            Test::Token(name, wanted) => facts
                .tokens
                .iter()
                .any(|(token, value)| token.eq_ignore_ascii_case(name) && token_fits(name, value, wanted.as_ref())),
            Test::Csn(None) => facts.csn.is_some(),
            Test::Csn(Some((comparison, wanted))) => facts.csn.is_some_and(|csn| comparison.holds_for_csn(csn, wanted)),
        }
    }
}

fn token_fits(name: &str, value: &[u8], wanted: Option<&(Comparison, Box<str>)>) -> bool {
    let Some((comparison, wanted)) = wanted else { return true };
    match std::str::from_utf8(value) {
        Ok(csn) if name.eq_ignore_ascii_case("LOGCSN") => comparison.holds_for_csn(csn, wanted),
        _ => comparison.holds(value.cmp(wanted.as_bytes())),
    }
}

/// Returns `true` if a name matches a template: `*` is any run of characters, `?` one character; case-insensitive. A backslash is
/// an ordinary character, since NonStop names start with one.
fn fits(template: &str, name: &str) -> bool {
    NamePattern::without_escapes(template).matches(name)
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
            items.iter().map(text).collect::<Vec<_>>().join(", ")
        }
        f.write_str(self.option)?;
        match &self.test {
            Test::Types(types) => write!(f, " {}", list(types, |record_type| record_type.0.to_string())),
            Test::Data(needles) => write!(f, " {}", list(needles, |needle| needle_text(self.option, needle))),
            Test::Names(templates) => write!(f, " {}", list(templates, |template| quoted(template))),
            Test::TransId(id) => write!(f, " {}", quoted(id)),
            Test::Time(_, time) => write!(f, " {time}"),
            Test::Quantity(comparison, number) => write!(f, " {number} {comparison}"),
            Test::Token(name, wanted) => write!(f, " {}{}", quoted(name), wanted_text(wanted)),
            Test::Csn(wanted) => f.write_str(&wanted_text(wanted)),
        }
    }
}

fn needle_text(option: &str, needle: &Needle) -> String {
    let range = needle.range.map_or_else(String::new, |(start, last)| format!(" {start}:{last}"));
    match option {
        "STRING" => {
            let text = String::from_utf8_lossy(&needle.bytes);
            let mark = ['/', '"'].into_iter().find(|&mark| !text.contains(mark)).unwrap_or('\'');
            format!("{mark}{text}{mark}{range}")
        }
        "HEX" => format!("{}{range}", HEXLOWER_PERMISSIVE.encode(&needle.bytes)),
        _ => {
            let sign = if needle.bytes.first().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 };
            needle.bytes.iter().fold(sign, |number: i64, &byte| number << 8 | i64::from(byte)).to_string()
        }
    }
}

fn wanted_text(wanted: &Wanted) -> String {
    wanted.as_ref().map_or_else(String::new, |(comparison, value)| format!(" {comparison} {}", quoted(value)))
}

pub(super) fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, ';' | ',' | '<' | '>' | '=' | '!')
}

/// Writes a word so that [`Cursor::word`] reads it back. A word with both kinds of quotes was read unquoted, so it is written
/// unquoted.
fn quoted(word: &str) -> String {
    let bare = !word.is_empty() && !word.starts_with(['"', '\'']) && !word.contains(ends_word);
    match (bare, word.contains('"')) {
        (true, _) => word.to_owned(),
        (false, false) => format!("\"{word}\""),
        (false, true) => format!("'{word}'"),
    }
}

/// Conditions, and whether all or any of them must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) all: bool,
    pub(super) conditions: Vec<Condition>,
}

impl Set {
    /// Returns `None` if there are no conditions.
    fn matches(&self, facts: &LogdumpFacts<'_>) -> Option<bool> {
        let mut verdicts = self.conditions.iter().map(|condition| condition.matches(facts));
        let verdict = if self.all { verdicts.all(|verdict| verdict) } else { verdicts.any(|verdict| verdict) };
        (!self.conditions.is_empty()).then_some(verdict)
    }
}

/// The filter that results from a sequence of Logdump's FILTER commands.
///
/// It shows records that match the included conditions (by default all of them) and do not match the excluded ones (by default
/// any of them) (SEEN). Each option needs its own FILTER; commands are separated by `;` or line breaks. INCLUDE is the default,
/// also for MATCH, which applies to one of the two sets.
///
/// ```
/// use trailcore::filter::{LogdumpFacts, LogdumpFilter};
/// use trailcore::trail::RecordType;
///
/// let filter = LogdumpFilter::parse("FILTER INCLUDE FILENAME fin.act*; FILTER RECTYPE 5; FILTER MATCH ALL")?;
/// let insert = LogdumpFacts {
///     name: Some("FIN.ACTION".into()),
///     record_type: Some(RecordType::INSERT),
///     ..LogdumpFacts::default()
/// };
/// assert!(filter.matches(&insert));
/// assert!(!filter.matches(&LogdumpFacts { record_type: Some(RecordType::DELETE), ..insert }));
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogdumpFilter {
    pub(super) on: bool,
    pub(super) include: Set,
    pub(super) exclude: Set,
}

impl LogdumpFilter {
    /// Returns `true` if Logdump would show the record. Always true if the filter is off.
    ///
    /// ```
    /// use trailcore::filter::{LogdumpFacts, LogdumpFilter};
    /// let facts = LogdumpFacts { rba: Some(1956), ..LogdumpFacts::default() };
    /// assert!(!LogdumpFilter::parse("FILTER EXCLUDE RBA > 1000")?.matches(&facts));
    /// assert!(LogdumpFilter::parse("FILTER EXCLUDE RBA > 1000; FILTER OFF")?.matches(&facts));
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    #[must_use]
    pub fn matches(&self, facts: &LogdumpFacts<'_>) -> bool {
        !self.on || (self.include.matches(facts).unwrap_or(true) && !self.exclude.matches(facts).unwrap_or(false))
    }
}

impl fmt::Display for LogdumpFilter {
    /// Writes FILTER commands that result in the same filter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut commands = Vec::new();
        for (name, set, default) in [("INCLUDE", &self.include, true), ("EXCLUDE", &self.exclude, false)] {
            commands.extend(set.conditions.iter().map(|condition| format!("FILTER {name} {condition}")));
            if set.all != default {
                commands.push(format!("FILTER {name} MATCH {}", if set.all { "ALL" } else { "ANY" }));
            }
        }
        if !self.on || commands.is_empty() {
            commands.push(format!("FILTER {}", if self.on { "ON" } else { "OFF" }));
        }
        f.write_str(&commands.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use proptest::prelude::*;

    fn parse(text: &str) -> LogdumpFilter {
        LogdumpFilter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn facts() -> LogdumpFacts<'static> {
        LogdumpFacts {
            name: Some("FIN.ACTION".into()),
            record_type: Some(RecordType::INSERT),
            syskey: Some(4_294_967_302),
            transaction: Some(TransactionIndicator::Last),
            rba: Some(1956),
            time: Some(Timestamp::from_julian(0x02f2_4a02_fd11_6400)), // 2015-11-05 18:45:36
            csn: Some("206080450"),
            xid: Some("9.0.80330"),
            data: vec![b"\xff\xfebob", b"/x/\0\0\0\x07"],
            tokens: vec![("ORAROWID".into(), b"AADPkvAAEAA"), ("LOGCSN".into(), b"206080450"), ("ORATAG".into(), b"")],
            ..LogdumpFacts::default()
        }
    }

    #[test]
    fn each_option_matches_what_it_should() {
        let matching = r#"FILENAME fin.act*|filename FIN.?CTION , x|ANSINAME "fin.action"|RECTYPE 5|IOTYPE delete, INSERT
            |SYSKEY 4294967302|RBA 1956|RBA 1957 <|RBA>=1956|TRANSID 9.0.80330|STRING /bob/|STRING /bob/ 2:4|STRING "/x/"
            |HEX ff, FFFE 0:1|INT16 -2|INT16 65534|INT32 7|STARTTIME 2015-11-05 18:45:36|ENDTIME 15-11-05 19|CSN
            |LOGCSN GT 99999999|CSN <> 7:9|GGSTOKEN oratag|GGSTOKEN LOGCSN >= 00206080450|GGSTOKEN ORAROWID=AADPkvAAEAA"#;
        let other = r#"FILENAME act*|IOTYPE 'SQL/MX DDL OP'|SYSKEYLEN 0|TRANSIND <> 2|AUDITRBA != 3|STRING /bob/ 0:3|HEX feff
            |STRING /bob/ 9:9|STRING /BOB/|INT64 7|STARTTIME 15-11-05 18:46|ENDTIME 2015-11-05|CSN < 7:9|GGSTOKEN TRANID"#;
        for (options, expected) in [(matching, true), (other, false)] {
            for option in options.split('|') {
                assert_eq!(parse(&format!("FILTER {}", option.trim())).matches(&facts()), expected, "{option}");
            }
        }
    }

    #[test]
    fn sets_modes_and_switches() {
        for (text, expected) in [
            ("FILTER RBA 1; FILTER RECTYPE 5", false),
            ("FILTER RBA 1; FILTER RECTYPE 5; FILTER MATCH ANY", true),
            ("FILTER EXC RBA 1\nFILTER EXCLUDE RECTYPE 5", false),
            ("FILTER EXC RBA 1\r\nFILTER EXCLUDE RECTYPE 5;;filter exclude match all", true),
            ("FILTER RBA 1; FILTER DISABLE", true),
            ("FILTER RBA 1; FILTER OFF; FILTER ENABLE", false),
            ("FILTER RBA 1; FILTER CLEAR ALL", true),
            ("FILTER RBA 1; FILTER CLEAR RBA; FILTER; FILTER SHOW", true),
            ("FILTER IOTYPE 3; FILTER CLEAR RBA", false),
            ("FILTER IOTYPE 3; FILTER CLEAR IOTYPE", true),
        ] {
            assert_eq!(parse(text).matches(&facts()), expected, "{text}");
        }
    }

    #[test]
    fn spellings_of_comparisons_are_synonyms() {
        for (comparison, spellings) in COMPARISONS {
            for spelling in spellings {
                let after = parse(&format!("FILTER RBA 7 {spelling}"));
                assert_eq!(after, parse(&format!("FILTER RBA {} 7", spelling.to_lowercase())));
                assert_eq!(after.include.conditions[0].test, Test::Quantity(comparison, 7));
            }
        }
    }

    #[test]
    fn mistakes_are_reported() {
        let mistakes = r#" => missing FILTER|FILTER FILENAME fin.act*; RECTYPE 5; MATCH ALL => its own FILTER
            |FILTER RECTYPE 5 TRANSIND 0 => its own FILTER|FILTER PROCESS x => PROCESS|FILTER USERTOKEN x => USERTOKEN
            |FILTER STRING BOTH /x/ => BOTH|FILTER STRING /x => unterminated|FILTER STRING /x/ 4:1 => START:END
            |FILTER HEX 0 => hexadecimal|FILTER INT16 65536 => 65536|FILTER RECTYPE 256 => record type
            |FILTER RECTYPE => record type|FILTER RBA -1 => whole number|FILTER STARTTIME 10:00 => date|FILTER CSN > => value
            |FILTER FILENAME a, => name|FILTER INCLUDE => option|FILTER MATCH => ANY|FILTER CLEAR 3 => CLEAR
            |FILTER WHAT => "WHAT""#;
        for (text, expected) in mistakes.split('|').map(|mistake| mistake.split_once(" => ").unwrap()) {
            let error = LogdumpFilter::parse(text).expect_err(text);
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{text}");
            assert!(error.to_string().contains(expected.trim()), "{text}: {error}");
        }
    }

    #[test]
    fn many_stars_and_long_texts_take_bounded_time() {
        let filter = parse(&format!("FILTER FILENAME {}b", "a*".repeat(2_000)));
        assert!(!filter.matches(&LogdumpFacts { name: Some("a".repeat(20_000).into()), ..LogdumpFacts::default() }));
        parse(&"FILTER RBA 1;".repeat(20_000));
        assert!(LogdumpFilter::parse(&"FILTER \"".repeat(20_000)).is_err());
    }

    fn command() -> impl Strategy<Value = String> {
        let word = r#"([a-zA-Z*?.:$\\]{1,4}|"[a-z'<=;, ]{0,4}"|'[a-z"!=;, ]{0,4}'|[a-z]["'][a-z]["'])"#;
        let comparison = "(|=|==|!=|<>|<|<=|>|>=|EQ|NE|LT|GT|LE|GE)";
        let options = [
            "(REC|IO)TYPE [1-9]{1,2}(, [1-9]){0,2}|HEX [0-9a-fA-F]{2}( 0:7)?(, [0-9a-fA-F]{4}){0,2}|INT(16|32|64) -?[0-9]{1,4}",
            r#"STRING (/[a-z"' ;]{1,4}/|"[a-z'/]{1,4}"|'[a-z"/]{1,4}')( [1-3]:[4-9])?|MATCH (ANY|ALL)"#,
            r"(START|END)TIME ([0-9]{2}){1,2}-0[1-9]-1[0-9]( [01][0-9](:[0-5][0-9]){0,2})?",
            &format!("(FILENAME|ANSINAME|TRANSID) {word}|FILENAME {word}(, {word}){{0,2}}"),
            &format!("(SYSKEY|SYSKEYLEN|TRANSIND|UNDOFLAG|RECLEN|AUDITRBA|RBA) {comparison} [0-9]{{1,18}}"),
            &format!("(GGSTOKEN {word}|CSN|LOGCSN)( {comparison} {word})?"),
        ];
        let filter = format!("FILTER (((INC|EXCLUDE) )?({})|ON|OFF|SHOW|CLEAR RBA)?", options.join("|"));
        proptest::string::string_regex(&filter).unwrap()
    }

    proptest! {
        #[test]
        fn text_and_back(commands in proptest::collection::vec(command(), 1..6)) {
            let filter = parse(&commands.join(";"));
            let text = filter.to_string();
            prop_assert_eq!(LogdumpFilter::parse(&text).unwrap(), filter, "{}", text);
        }

        #[test]
        fn no_text_panics(
            begin in "(FILTER (STRING|HEX|FILENAME|TRANSID|INT64|ENDTIME|GGSTOKEN|CSN|RBA|IOTYPE) )?",
            rest in r#"(FILTER|exc|MATCH|ALL|STRING|GGSTOKEN|EQ|[ ;,:/"'<=>!\n-]|[0-9a-f]{1,3}|\PC){0,24}"#,
        ) {
            if let Ok(filter) = LogdumpFilter::parse(&(begin + &rest)) {
                let _ = filter.matches(&facts());
                prop_assert_eq!(LogdumpFilter::parse(&filter.to_string()).unwrap(), filter);
            }
        }
    }
}
