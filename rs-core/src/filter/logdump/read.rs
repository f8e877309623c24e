//! Parses FILTER commands.

use data_encoding::HEXLOWER_PERMISSIVE;

use crate::error::{Error, ErrorKind, Result};
use crate::filter::logdump::filter::{
    COMPARISONS, Comparison, Condition, LogdumpFilter, Needle, Set, Test, Wanted, ends_word, option,
};
use crate::time::Timestamp;
use crate::trail::RecordType;

const EACH_ITS_OWN: &str = "every option needs its own FILTER command, after a semicolon or on a new line";

impl LogdumpFilter {
    /// Parses one or more FILTER commands.
    ///
    /// ```
    /// use trailcore::filter::LogdumpFilter;
    /// let filter = LogdumpFilter::parse("filter inc rba ge 1024")?;
    /// assert_eq!(filter.to_string(), "FILTER INCLUDE RBA 1024 >=");
    /// assert_eq!(LogdumpFilter::parse("FILTER RBA 1024 >=")?, filter);
    /// // A documented mistake: two options after one FILTER.
    /// assert!(LogdumpFilter::parse("FILTER FILENAME fin.act*; RECTYPE 5").is_err());
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the text does not follow the grammar, or tests something that
    /// trails do not contain.
    pub fn parse(text: &str) -> Result<Self> {
        let set = |all| Set { all, conditions: Vec::new() };
        let mut filter = Self { on: true, include: set(true), exclude: set(false) };
        let mut cursor = Cursor { rest: text };
        let mut commands = 0u64;
        while cursor.next_command() {
            filter.command(&mut cursor)?;
            cursor.end_command()?;
            commands += 1;
        }
        if commands == 0 { Err(refused("missing FILTER command", "write FILTER and an option")) } else { Ok(filter) }
    }

    /// Parses one command.
    pub(super) fn command(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        let word = cursor.upper_word(EACH_ITS_OWN)?;
        if word != "FILTER" {
            return Err(unexpected(&word, EACH_ITS_OWN));
        }
        if cursor.at_end() {
            return Ok(()); // FILTER without arguments shows the filter.
        }
        let mut word = cursor.upper_word("write an option after FILTER")?;
        match &*word {
            "SHOW" => return Ok(()),
            "ON" | "ENABLE" | "OFF" | "DISABLE" => {
                self.on = matches!(&*word, "ON" | "ENABLE");
                return Ok(());
            }
            "CLEAR" => return self.clear(cursor),
            _ => {}
        }
        let exclude = is_abbreviation(&word, "EXCLUDE");
        if exclude || is_abbreviation(&word, "INCLUDE") {
            word = cursor.upper_word("write an option after INCLUDE or EXCLUDE")?;
        }
        let set = if exclude { &mut self.exclude } else { &mut self.include };
        if word == "MATCH" {
            set.all = match &*cursor.upper_word("write MATCH ANY or MATCH ALL")? {
                "ALL" => true,
                "ANY" => false,
                other => return Err(unexpected(other, "write MATCH ANY or MATCH ALL")),
            };
        } else {
            set.conditions.push(condition(&word, cursor)?);
        }
        Ok(())
    }

    /// Parses CLEAR. Without an argument it is CLEAR ALL. The form of the manual's `filter_spec` is UNKNOWN; here it is the name
    /// of an option, and clears all conditions with this option.
    fn clear(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        let word = if cursor.at_end() { "ALL".to_owned() } else { cursor.upper_word("write FILTER CLEAR ALL")? };
        let kind = option(&word);
        if kind.is_none() && word != "ALL" {
            return Err(unexpected(&word, "write FILTER CLEAR ALL, or FILTER CLEAR and the name of an option"));
        }
        for set in [&mut self.include, &mut self.exclude] {
            set.conditions.retain(|condition| kind.is_some_and(|kind| kind != condition.option));
        }
        Ok(())
    }
}

fn is_abbreviation(word: &str, of: &str) -> bool {
    word.len() >= 3 && of.starts_with(word)
}

pub(super) fn refused(what: impl Into<Box<str>>, hint: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument, what).hint(hint)
}

/// Builds the error for an unexpected word. It shows at most 40 characters of the word.
fn unexpected(word: &str, hint: &'static str) -> Error {
    let shown: String = word.chars().take(40).collect();
    refused(format!("unexpected {shown:?} in a FILTER command"), hint)
}

fn condition(word: &str, cursor: &mut Cursor<'_>) -> Result<Condition> {
    const HINT: &str = "write an option such as RECTYPE, FILENAME, STRING, HEX, STARTTIME, RBA or CSN";
    let option = match (word, option(word)) {
        (_, Some(option)) => option,
        ("PROCESS", _) => {
            return Err(refused("FILTER PROCESS needs a process name, which trails do not contain", "remove the command"));
        }
        ("USERTOKEN", _) => {
            let what = "FILTER USERTOKEN needs user tokens, whose layout is not known";
            return Err(refused(what, "use GGSTOKEN for GoldenGate's own tokens"));
        }
        _ => return Err(unexpected(word, HINT)),
    };
    let test = match option {
        "RECTYPE" => Test::Types(cursor.list(record_type)?),
        "STRING" => Test::Data([cursor.text_needle()?].into()),
        "HEX" => Test::Data(cursor.list(Cursor::hex_needle)?),
        "FILENAME" | "ANSINAME" => {
            Test::Names(cursor.list(|cursor| Ok(cursor.word("write a name, or a template with * and ?")?.into()))?)
        }
        "TRANSID" => Test::TransId(cursor.word("write a transaction id")?.into()),
        "INT16" => Test::Data([integer(2, cursor)?].into()),
        "INT32" => Test::Data([integer(4, cursor)?].into()),
        "INT64" => Test::Data([integer(8, cursor)?].into()),
        // INFERRED: both times are inclusive.
        "STARTTIME" => Test::Time(Comparison::GreaterOrEqual, cursor.time()?),
        "ENDTIME" => Test::Time(Comparison::LessOrEqual, cursor.time()?),
        "GGSTOKEN" => Test::Token(cursor.word("write the name of a token")?.into(), cursor.wanted()?),
        "CSN" => Test::Csn(cursor.wanted()?),
        _ => quantity_test(cursor)?,
    };
    Ok(Condition { option, test })
}

/// Parses a number with an optional comparison before it (HELP, SEEN) or after it (manual, SEEN).
fn quantity_test(cursor: &mut Cursor<'_>) -> Result<Test> {
    let before = cursor.comparison();
    let number = cursor.number("write a whole number that is not negative")?;
    Ok(Test::Quantity(before.or_else(|| cursor.comparison()).unwrap_or(Comparison::Equal), number))
}

/// Parses a number that fits this number of bytes, signed or unsigned.
fn integer(bytes: usize, cursor: &mut Cursor<'_>) -> Result<Needle> {
    const HINT: &str = "write a whole number of 16, 32 or 64 bits after INT16, INT32 or INT64";
    let number: i128 = cursor.number(HINT)?;
    let bits = bytes * 8;
    if !(-(1 << (bits - 1))..1 << bits).contains(&number) {
        return Err(unexpected(&number.to_string(), HINT));
    }
    let all = number.to_be_bytes();
    Ok(Needle::anywhere(all.get(all.len() - bytes..).unwrap_or_default()))
}

fn record_type(cursor: &mut Cursor<'_>) -> Result<RecordType> {
    const HINT: &str =
        "write a record type: a number from 0 to 255, or a name that Logdump prints, such as Insert or GGSPKUpdate";
    let word = cursor.word(HINT)?;
    let by_name = || (0..=255).map(RecordType).find(|t| t.name().is_some_and(|name| name.eq_ignore_ascii_case(word)));
    word.parse().ok().map(RecordType).or_else(by_name).ok_or_else(|| unexpected(word, HINT))
}

/// The text that is left to parse.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'t> {
    pub(super) rest: &'t str,
}

fn ends_command(c: char) -> bool {
    matches!(c, ';' | '\n' | '\r')
}

impl<'t> Cursor<'t> {
    fn take(&mut self, bytes: usize) -> &'t str {
        let (head, tail) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = tail;
        head
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() && !ends_command(c));
    }

    /// Returns `true` at the end of a command.
    fn at_end(&mut self) -> bool {
        self.skip_blanks();
        self.rest.is_empty() || self.rest.starts_with(ends_command)
    }

    /// Moves to the next command, skipping empty ones. Returns `false` at the end of the text.
    pub(super) fn next_command(&mut self) -> bool {
        self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() || ends_command(c));
        !self.rest.is_empty()
    }

    pub(super) fn end_command(&mut self) -> Result<()> {
        if self.at_end() {
            return Ok(());
        }
        // The message does not show the next word, which may be a piece of data.
        Err(refused("unexpected text after a FILTER option", EACH_ITS_OWN))
    }

    /// Returns the next word of the command. Quotes are not documented; they allow blanks and delimiters in a word.
    fn word(&mut self, expected: &'static str) -> Result<&'t str> {
        self.skip_blanks();
        if self.rest.starts_with(['"', '\'']) {
            return self.delimited();
        }
        let word = self.take(self.rest.find(ends_word).unwrap_or(self.rest.len()));
        if word.is_empty() { Err(refused("incomplete FILTER command", expected)) } else { Ok(word) }
    }

    fn upper_word(&mut self, expected: &'static str) -> Result<String> {
        self.word(expected).map(str::to_ascii_uppercase)
    }

    /// Returns the text up to the next occurrence of the delimiter at the cursor.
    fn delimited(&mut self) -> Result<&'t str> {
        let mark = self.rest.chars().next().unwrap_or_default();
        self.take(mark.len_utf8());
        let end = self.rest.find([mark, '\n', '\r']).filter(|&end| self.rest.split_at(end).1.starts_with(mark));
        let end =
            end.ok_or_else(|| refused("unterminated text in FILTER", "end the text with the character that it starts with"))?;
        let text = self.take(end);
        self.take(mark.len_utf8());
        Ok(text)
    }

    fn number<T: std::str::FromStr>(&mut self, expected: &'static str) -> Result<T> {
        let word = self.word(expected)?;
        word.parse().map_err(|_| unexpected(word, expected))
    }

    fn comparison(&mut self) -> Option<Comparison> {
        self.skip_blanks();
        let spellings = COMPARISONS.iter().flat_map(|(comparison, spellings)| spellings.iter().map(move |s| (*comparison, *s)));
        for (comparison, spelling) in spellings {
            let Some((head, tail)) = self.rest.split_at_checked(spelling.len()) else { continue };
            let ends = !spelling.starts_with(char::is_alphabetic) || tail.is_empty() || tail.starts_with(ends_word);
            if ends && head.eq_ignore_ascii_case(spelling) {
                self.rest = tail;
                return Some(comparison);
            }
        }
        None
    }

    /// Parses `[comparison] [value]`. The default comparison is equality.
    fn wanted(&mut self) -> Result<Wanted> {
        let comparison = self.comparison();
        if comparison.is_none() && self.at_end() {
            return Ok(None);
        }
        let value = self.word("write a value after the comparison")?;
        Ok(Some((comparison.unwrap_or(Comparison::Equal), value.into())))
    }

    /// Parses one or more items, separated by commas.
    fn list<T>(&mut self, one: impl Fn(&mut Self) -> Result<T>) -> Result<Box<[T]>> {
        let mut items = vec![one(self)?];
        loop {
            self.skip_blanks();
            let Some(rest) = self.rest.strip_prefix(',') else { return Ok(items.into()) };
            self.rest = rest;
            items.push(one(self)?);
        }
    }

    fn text_needle(&mut self) -> Result<Needle> {
        const HINT: &str = "write STRING /text/, or STRING /text/ 0:231 for a range of the data";
        self.skip_blanks();
        if !self.rest.starts_with(['/', '"', '\'']) {
            let is_both = self.word(HINT)?.eq_ignore_ascii_case("BOTH");
            let what = if is_both {
                "STRING BOTH is not supported: its meaning is not documented"
            } else {
                "the text of STRING is not enclosed in slashes"
            };
            return Err(refused(what, HINT));
        }
        let text = self.delimited()?;
        if text.is_empty() {
            return Err(refused("empty text after STRING", HINT));
        }
        Ok(Needle { range: self.range()?, ..Needle::anywhere(text.as_bytes()) })
    }

    fn hex_needle(&mut self) -> Result<Needle> {
        const HINT: &str = "write pairs of hexadecimal digits, as in HEX 0a1b 0:231";
        // The message does not show the word, which may be a piece of data.
        let bytes = HEXLOWER_PERMISSIVE.decode(self.word(HINT)?.as_bytes()).ok().filter(|bytes| !bytes.is_empty());
        let bytes = bytes.ok_or_else(|| refused("the argument of HEX is not pairs of hexadecimal digits", HINT))?;
        Ok(Needle { range: self.range()?, ..Needle::anywhere(&bytes) })
    }

    /// Parses `start:end`, if the next word starts with a digit.
    fn range(&mut self) -> Result<Option<(usize, usize)>> {
        const HINT: &str = "write a range as START:END, as in 0:231";
        self.skip_blanks();
        if !self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(None);
        }
        let word = self.word(HINT)?;
        let numbers = word.split_once(':').and_then(|(start, end)| Some((start.parse().ok()?, end.parse().ok()?)));
        numbers.filter(|(start, end)| start <= end).map(Some).ok_or_else(|| unexpected(word, HINT))
    }

    /// Parses `[yy]yy-mm-dd [hh[:mm][:ss]]`, or one word with a `T` in the middle, in UTC. The date is required: a time of day on
    /// its own would depend on the day of reading.
    fn time(&mut self) -> Result<Timestamp> {
        const HINT: &str = "write YYYY-MM-DD HH:MM:SS in UTC; the date is required";
        let mut text = self.word(HINT)?.to_owned();
        if !self.at_end() {
            text = format!("{text} {}", self.word(HINT)?);
        }
        full_time(&text).ok_or_else(|| unexpected(&text, HINT))
    }
}

/// Completes and parses a time. Two-digit years from 50 on are in the 20th century (INFERRED from use with @DATE; docs/filter.md,
/// section 15).
fn full_time(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, clock) = text.split_once(['T', ' ']).unwrap_or((text, "00"));
    let century = match date.split_once('-')?.0 {
        year if year.len() == 4 => "",
        year if year.len() != 2 => return None,
        year if year < "50" => "20",
        _ => "19",
    };
    let rest = match clock.matches(':').count() {
        0 => ":00:00",
        1 => ":00",
        _ => "",
    };
    format!("{century}{date}T{clock}{rest}").parse().ok()
}
