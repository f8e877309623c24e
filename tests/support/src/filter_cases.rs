//! Runs one case: converts it to statements and a change of plain values, runs these through the library, and compares the
//! result.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use trailcore::change::Builder;
use trailcore::filter::{Diagnostics, Dialect, Function, LogdumpFacts, LogdumpFilter, NameMatch, Scratch, Select, Verdict};
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::trail::RecordType;
use trailcore::{DateTime, Decimal, Op, OwnedChange, OwnedValue, Timestamp, TransactionIndicator};

/// A case, as described in its file.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Names the case in the report.
    pub id: String,
    #[serde(default)]
    clause: String,
    #[serde(default)]
    dialect: String,
    /// The expression that is evaluated.
    pub expression: String,
    #[serde(default)]
    given: Map<String, Json>,
    /// The wanted result.
    pub expected: Expected,
    /// The source of the expected result.
    #[serde(default)]
    pub basis: Option<String>,
}

/// A result by its kind (`value`, `verdict`, `error`, …) and value.
#[derive(Debug, Deserialize)]
pub struct Expected {
    kind: String,
    #[serde(default)]
    value: Json,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.value)
    }
}

/// The result of a case.
pub enum Outcome {
    /// As expected; with a remark if that is not obvious.
    Ok(String),
    /// Another result, as text.
    Differs(String),
    /// The reason why the case cannot be run.
    NotRun(String),
}

/// The answer of the library.
#[derive(Debug)]
enum Got {
    Value(Option<OwnedValue>),
    Verdict(Verdict),
    Passed(bool),
    Error(Option<u32>, String),
}

impl fmt::Display for Got {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(None) => f.write_str("missing"),
            Self::Value(Some(value)) => write!(f, "value {value:?}"),
            Self::Verdict(verdict) => write!(f, "{verdict}"),
            Self::Passed(passed) => f.write_str(if *passed { "pass" } else { "reject" }),
            Self::Error(Some(number), text) => write!(f, "error OGG-{number:05} {}", text.replace('\n', " ")),
            Self::Error(None, text) => write!(f, "error {}", text.replace('\n', " ")),
        }
    }
}

impl From<Diagnostics> for Got {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Error(diagnostics.errors().find_map(|error| error.ogg_number()), diagnostics.to_string())
    }
}

impl From<trailcore::Error> for Got {
    fn from(error: trailcore::Error) -> Self {
        let text = error.to_string();
        let number = text.split("OGG-").nth(1).and_then(|rest| rest.get(..5)).and_then(|digits| digits.parse().ok());
        Self::Error(number, text)
    }
}

/// The target of an expression's value.
const TARGET: &str = "CASE_RESULT";

impl Case {
    /// Runs the case and compares the result with the expected one.
    pub fn run(&self) -> Outcome {
        if let Some(outcome) = self.run_prose() {
            return outcome;
        }
        let got = match &*self.clause {
            "FILTER" | "WHERE" | "MAP" | "TABLE" => self.run_row(),
            "PARAM" => self.run_parameters(),
            "LOGDUMP" => self.run_logdump(),
            "COLMAP" | "FUNC" | "SQLEXEC" | "TOKENS" => self.run_value(),
            other => return Outcome::NotRun(format!("clause {other:?} is none that cases have")),
        };
        let got = got.unwrap_or_else(|error| error);
        if self.matches(&got) {
            return Outcome::Ok(String::new());
        }
        match &got {
            // A FETCH clause reads a database; a reader of trails must report that the column is missing.
            Got::Verdict(verdict @ Verdict::Undecidable(_))
                if self.given.contains_key("db") && verdict.ogg_number() == Some(3019) =>
            {
                Outcome::Ok("no database: OGG-03019".to_owned())
            }
            // Never checked without a live run.
            _ if self.basis.as_deref() == Some("DOC_CONTRADICTORY") => {
                Outcome::NotRun(format!("its source contradicts itself; expected {}, got {got}", self.expected))
            }
            _ => Outcome::Differs(got.to_string()),
        }
    }

    fn dialect(&self) -> Dialect {
        if self.dialect == "nonansi" { Dialect::NonAnsi } else { Dialect::Ansi }
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.given.get(key).and_then(Json::as_str)
    }

    /// Runs a case whose text describes the condition in words, if its kind is known.
    fn run_prose(&self) -> Option<Outcome> {
        let text = &*self.expression;
        if self.expected.kind == "property" && text.contains("@RANGE") {
            return Some(self.run_ranges());
        }
        if let Some(spellings) = text.strip_prefix("comparison operator spellings:") {
            let same = |a: &str, b: &str| {
                let parse = |operator: &str| LogdumpFilter::parse(&format!("FILTER RECLEN {operator} 5"));
                matches!((parse(a), parse(b)), (Ok(a), Ok(b)) if a == b)
            };
            let all: Vec<&str> = spellings.split('/').flat_map(str::split_whitespace).collect();
            let agree = all.iter().zip(all.iter().skip(1)).all(|(a, b)| same(a, b));
            return Some(if agree { Outcome::Ok(String::new()) } else { Outcome::Differs("other comparisons".to_owned()) });
        }
        if let Some(digits) = text.strip_prefix("TransInd x") {
            let indicator = TransactionIndicator::from_byte(u8::from_str_radix(digits.trim(), 16).ok()?);
            let name = indicator.name().unwrap_or("unknown").replace("only", "whole");
            let wanted = self.expected.value.as_str().unwrap_or_default().to_lowercase();
            let fits = wanted.contains(&name) || (name == "whole" && wanted.contains("only"));
            return Some(if fits { Outcome::Ok(String::new()) } else { Outcome::Differs(name) });
        }
        if text.starts_with("comparison between two unsupported data types") {
            // Columns whose bytes are UNKNOWN.
            let column = |name: &str| ColumnDef::new(name, 999, 0, 4);
            let table = Arc::new(TableDef::new("CASES.T", vec![column("A"), column("B")]));
            let problems = Select::parse("TABLE CASES.T, FILTER (A = B);").ok()?.bind(&table).problems()?;
            let got = Got::from(problems);
            return Some(if self.matches(&got) { Outcome::Ok(String::new()) } else { Outcome::Differs(got.to_string()) });
        }
        if text.starts_with("WILDCARDRESOLVE DYNAMIC") {
            // A name that is defined later is resolved then.
            let select = Select::parse("WILDCARDRESOLVE DYNAMIC\nTABLE CASES.*;").ok()?;
            let named = |name: &str| select.verdict_of_object(name, None, None).is_accept();
            let holds = named("CASES.FIRST") && named("CASES.LATER") && !named("OTHER.T");
            return Some(if holds {
                Outcome::Ok(String::new())
            } else {
                Outcome::Differs("a later name is not resolved".to_owned())
            });
        }
        let prose = self.expected.kind == "property" || (self.given.is_empty() && !text.contains(['(', ';', '+']));
        (prose && !matches!(&*self.clause, "FUNC" | "COLMAP" | "PARAM" | "LOGDUMP"))
            .then(|| Outcome::NotRun("it is described only in words".to_owned()))
    }

    /// Checks that exactly one of all ranges takes a key, and always the same one.
    fn run_ranges(&self) -> Outcome {
        let Some(total) = self.expression.split(',').nth(1).and_then(|total| total.trim().parse::<u32>().ok()) else {
            return Outcome::NotRun("the number of ranges is not given".to_owned());
        };
        let Some(column) = self.names().first().cloned() else { return Outcome::NotRun("no column is given".to_owned()) };
        let ranges = || -> Result<Vec<u32>, Got> {
            let mut taken = Vec::new();
            for range in 1..=total {
                let text = format!("TABLE CASES.T, FILTER (@RANGE ({range}, {total}, {column}));");
                let (table, facts) = self.facts(&text)?;
                if Select::parse_in(&text, self.dialect())?
                    .bind(&table)
                    .verdict(&facts.as_change(), &mut Scratch::default())
                    .is_accept()
                {
                    taken.push(range);
                }
            }
            Ok(taken)
        };
        match (ranges(), ranges()) {
            (Ok(first), Ok(again)) if first.len() == 1 && first == again => Outcome::Ok(String::new()),
            (Ok(first), _) => Outcome::Differs(format!("ranges {first:?}")),
            (Err(error), _) => Outcome::Differs(error.to_string()),
        }
    }

    /// Runs a row clause: a single FILTER or WHERE, or a whole statement.
    fn run_row(&self) -> Result<Got, Got> {
        let text = self.expression.trim();
        let upper = text.to_uppercase();
        let statement = if let Some(rest) = upper.strip_prefix("REPLICAT ").map(|rest| &text[text.len() - rest.len()..]) {
            // `(..)` stands for any condition.
            format!("REPLICAT r\n{};", rest.replace("(..)", "(1)"))
        } else if upper.starts_with("TABLE ") || upper.starts_with("MAP ") {
            text.to_owned()
        } else {
            format!("TABLE CASES.T, {text};")
        };
        let select = self.select(&statement)?;
        let (table, facts) = self.facts(&statement)?;
        let program = select.bind(&table);
        if let Some(problems) = program.problems() {
            return Err(problems.into());
        }
        Ok(Got::Verdict(program.verdict(&facts.as_change(), &mut Scratch::default())))
    }

    fn select(&self, statement: &str) -> Result<Select, Got> {
        let select = Select::parse_in(statement, self.dialect())?.seventeen_digits(true);
        let now = self.text("now").and_then(|now| now.parse::<Timestamp>().ok());
        Ok(now.map_or(select.clone(), |now| select.now(now)))
    }

    /// Returns the value of an expression, or of an assignment.
    fn run_value(&self) -> Result<Got, Got> {
        let statement = format!("TABLE CASES.T, COLMAP ({TARGET} = {});", self.value_text());
        let select = self.select(&statement)?;
        let (table, facts) = self.facts(&statement)?;
        let program = select.bind(&table);
        if let Some(problems) = program.problems() {
            return Err(problems.into());
        }
        let projected = program.project(&facts.as_change(), 0, &mut Scratch::default())?;
        Ok(Got::Value(projected.columns.into_iter().find(|(name, _)| name == TARGET).map(|(_, value)| value)))
    }

    /// Returns the bare expression: without `COLMAP (…)` or `PARAMS (…)` around it, without its target, a macro's parameter
    /// replaced by the only column, and a function with its @.
    fn value_text(&self) -> String {
        let mut text = self.expression.trim().trim_end_matches(';').to_owned();
        let upper = text.to_uppercase();
        for word in ["COLMAP", "PARAMS", "TOKENS"] {
            if let Some(rest) = upper.strip_prefix(word).filter(|rest| rest.trim_start().starts_with('(')) {
                let start = text.len() - rest.trim_start().len() + 1;
                let inside = text[start..].trim_end();
                text = inside.strip_suffix(')').unwrap_or(inside).trim().to_owned();
            }
        }
        // A target is a name before the first `=` that is followed by a value.
        if let Some((target, value)) = text.split_once('=') {
            let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_#$\"-".contains(c));
            if is_name(target.trim()) {
                text = value.trim().to_owned();
            }
        }
        if let (Some(at), Some(name)) = (text.find('#'), self.names().first()) {
            let macro_name: String = text[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '#' || *c == '_').collect();
            text = text.replace(&macro_name, name);
        }
        let word: String = text.chars().take_while(|c| c.is_alphanumeric()).collect();
        if Function::by_name(&word).is_some() && text[word.len()..].trim_start().starts_with('(') {
            text.insert(0, '@');
        }
        text
    }

    /// Returns the given columns, in order.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for key in ["after", "before", "db"] {
            if let Some(Json::Object(row)) = self.given.get(key) {
                names.extend(row.keys().cloned());
            }
        }
        for key in ["missing", "invalid"] {
            if let Some(Json::Array(list)) = self.given.get(key) {
                names.extend(list.iter().filter_map(Json::as_str).map(str::to_owned));
            }
        }
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    fn of_image(&self, image: &str, name: &str) -> Option<&Json> {
        self.given.get(image)?.get(name)
    }

    fn definition(&self, name: &str) -> ColumnDef {
        let values = [self.of_image("after", name), self.of_image("before", name), self.of_image("db", name)];
        let kind = self.text("type").unwrap_or_default().to_uppercase();
        if kind.starts_with("TIMESTAMP") || kind.starts_with("DATE") {
            return ColumnDef::datetime(name, 0);
        }
        if kind.starts_with("PIC 9")
            || kind.starts_with("NUMBER")
            || kind.starts_with("INT")
            || values.iter().flatten().any(|value| value.is_number())
        {
            return ColumnDef::number(name);
        }
        if kind.starts_with("CHAR") { ColumnDef::char(name, 200) } else { ColumnDef::varchar(name, 2000) }
    }

    /// Returns the given change, of a table with its columns and with the other columns that a text names.
    fn facts(&self, text: &str) -> Result<(Arc<TableDef>, OwnedChange), Got> {
        let mut names = self.names();
        for name in named_columns(text, self.dialect()) {
            if name != TARGET && !names.iter().any(|own| own.eq_ignore_ascii_case(&name)) {
                names.push(name);
            }
        }
        let mut columns: Vec<ColumnDef> = names.iter().map(|name| self.definition(name)).collect();
        let length = ["target_char_len", "target_bytes", "target_digits"].iter().find_map(|key| self.given.get(*key)?.as_u64());
        columns.push(ColumnDef::varchar(TARGET, length.unwrap_or(0) as u32));
        let table_name =
            text.split_whitespace().skip_while(|word| !matches!(word.to_uppercase().as_str(), "TABLE" | "MAP")).nth(1);
        let table_name = table_name.map_or("CASES.T", |name| name.trim_end_matches([',', ';']));
        let table = Arc::new(TableDef::new(table_name, columns));
        let mut facts = Builder::new(self.op(), &table);
        let of_key = |key: &str| self.given.get(key).and_then(Json::as_object).cloned().unwrap_or_default();
        for (name, value) in of_key("after") {
            facts = facts.after(&name, &plain(&value).as_value())?;
        }
        for (name, value) in of_key("before") {
            facts = facts.before(&name, &plain(&value).as_value())?;
        }
        for name in self.given.get("invalid").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
            let invalid = OwnedValue::Invalid(vec![0xff]);
            facts = if self.op() == Op::Delete {
                facts.before(name, &invalid.as_value())?
            } else {
                facts.after(name, &invalid.as_value())?
            };
        }
        for (name, value) in of_key("header") {
            let (group, item) = name.split_once('.').unwrap_or(("GGHEADER", &name));
            facts = facts.environment(group, item, &plain(&value))?;
        }
        for (name, value) in of_key("tokens") {
            facts = facts.user_token(&name, value.as_str().unwrap_or_default());
        }
        Ok((table, facts.build()?))
    }

    fn op(&self) -> Op {
        match self.text("op").map(str::to_uppercase).as_deref() {
            Some("INSERT") => Op::Insert,
            Some("UPDATE") => Op::Update,
            Some("PK UPDATE") => Op::PkUpdate,
            Some("DELETE") => Op::Delete,
            Some("TRUNCATE") => Op::Truncate,
            // Unless stated otherwise, a change with a before image is an update.
            _ if self.given.contains_key("before") => Op::Update,
            _ => Op::Insert,
        }
    }

    /// Returns statements that name objects.
    fn run_parameters(&self) -> Result<Got, Got> {
        let mut text = self.expression.clone();
        // `[GLOBALS X]` and `(X)` name parameters of other files.
        for (open, close) in [("[GLOBALS ", ']'), ("(NAMEMATCH", ')')] {
            if let Some((start, end)) = text.find(open).and_then(|start| Some((start, start + text[start..].find(close)?))) {
                let inner = text[start + 1..end].replace("GLOBALS ", "");
                text = format!("{inner}\n{}{}", &text[..start], &text[end + 1..]);
            }
        }
        let select = Select::parse_in(&text, self.dialect())?;
        if let (Some(source), Some(Json::Array(targets))) = (self.text("source"), self.given.get("targets")) {
            let known: Vec<&str> = targets.iter().filter_map(Json::as_str).collect();
            let matching: NameMatch = select.name_match();
            let rule = select.rules().find(|rule| rule.names(source));
            let Some(rule) = rule else { return Ok(Got::Passed(false)) };
            return Ok(Got::Value(Some(OwnedValue::Text(rule.target_of(source, &known, matching)?.into()))));
        }
        let op = self.given.get("op").map(|_| self.op());
        Ok(Got::Verdict(select.verdict_of_object(self.text("object").unwrap_or("CASES.T"), op, self.text("tag"))))
    }

    fn run_logdump(&self) -> Result<Got, Got> {
        let filter = LogdumpFilter::parse(&self.expression)?;
        let number = |key: &str| self.given.get(key).and_then(Json::as_i64);
        let byte = |key: &str| number(key).and_then(|number| u8::try_from(number).ok());
        // A CSN is text, and may be given as a number.
        let csn = self.given.get("csn").map(|csn| csn.as_str().map_or_else(|| csn.to_string(), str::to_owned));
        let facts = LogdumpFacts {
            name: self.text("object").map(Into::into),
            record_type: byte("rectype").or(byte("iotype")).map(RecordType),
            syskey: self.given.get("syskey").and_then(Json::as_u64),
            syskey_len: byte("syskeylen"),
            transaction: byte("transind").map(TransactionIndicator::from_byte),
            undo: byte("undoflag"),
            record_length: self.given.get("reclen").and_then(Json::as_u64),
            audit_rba: self.given.get("auditrba").and_then(Json::as_u64),
            rba: self.given.get("rba").and_then(Json::as_u64),
            time: self.text("time").and_then(|time| time.parse().ok()),
            csn: csn.as_deref(),
            xid: self.text("transid").or(self.text("xid")),
            data: self.text("data").map(str::as_bytes).into_iter().collect(),
            ..LogdumpFacts::default()
        };
        Ok(Got::Passed(filter.matches(&facts)))
    }

    fn matches(&self, got: &Got) -> bool {
        let value = &self.expected.value;
        match (&*self.expected.kind, got) {
            ("pass" | "select", Got::Verdict(verdict)) => verdict.is_accept(),
            ("pass" | "select", Got::Passed(passed)) => *passed,
            ("reject" | "exclude", Got::Verdict(verdict)) => matches!(verdict, Verdict::Reject(_)),
            ("reject" | "exclude", Got::Passed(passed)) => !passed,
            ("error", Got::Error(number, _)) => self.wants_number(*number),
            ("error", Got::Verdict(verdict @ (Verdict::Error(_) | Verdict::Undecidable(_)))) => {
                self.wants_number(verdict.ogg_number())
            }
            ("missing", Got::Value(found)) => found.is_none(),
            ("null", Got::Value(Some(OwnedValue::Null))) => true,
            ("bool", Got::Value(Some(OwnedValue::Number(found)))) => value.as_bool() == Some(&**found != "0"),
            ("bytes", Got::Value(Some(OwnedValue::Bytes(found)))) => {
                let hex: String = found.iter().map(|byte| format!("{byte:02X}")).collect();
                value.as_str().is_some_and(|wanted| wanted.eq_ignore_ascii_case(&hex))
            }
            ("value", Got::Value(Some(found))) => same(found, value),
            _ => false,
        }
    }

    /// Returns `true` if an error's number is the expected one; an error that is described only in words may have any.
    fn wants_number(&self, number: Option<u32>) -> bool {
        let text = self.expected.value.as_str().unwrap_or_default();
        let wanted = text.split("OGG-").nth(1).and_then(|rest| rest.get(..5)).and_then(|digits| digits.parse::<u32>().ok());
        wanted.is_none() || wanted == number
    }
}

/// Returns `true` if a value is the expected one: as numbers where a number is expected, else as texts.
fn same(found: &OwnedValue, wanted: &Json) -> bool {
    let text = match found {
        OwnedValue::Number(text) | OwnedValue::Text(text) => &**text,
        _ => return false,
    };
    match wanted {
        Json::Number(number) => {
            let both = (text.trim().parse::<Decimal>(), number.to_string().parse::<Decimal>());
            matches!(both, (Ok(a), Ok(b)) if a.compare(b).is_eq())
        }
        Json::String(wanted) => {
            // A date may be given in either of its forms.
            let dates = (DateTime::parse(text), DateTime::parse(wanted));
            text == wanted || matches!(dates, (Some(a), Some(b)) if a == b)
        }
        Json::Bool(wanted) => (text != "0") == *wanted,
        _ => false,
    }
}

fn plain(value: &Json) -> OwnedValue {
    match value {
        Json::Null => OwnedValue::Null,
        Json::Number(number) => OwnedValue::Number(number.to_string().into()),
        Json::String(text) => OwnedValue::Text(text.as_str().into()),
        other => OwnedValue::Text(other.to_string().into()),
    }
}

/// Returns the names of columns in a text: words outside literals that are not keywords, functions or qualifiers.
fn named_columns(text: &str, dialect: Dialect) -> Vec<String> {
    const KEYWORDS: [&str; 44] = [
        "TABLE",
        "MAP",
        "TARGET",
        "CASES",
        "T",
        "FILTER",
        "WHERE",
        "COLMAP",
        "ON",
        "IGNORE",
        "INSERT",
        "UPDATE",
        "DELETE",
        "RAISEERROR",
        "AND",
        "OR",
        "BEFORE",
        "AFTER",
        "PRESENT",
        "NULL",
        "MISSING",
        "INVALID",
        "NAN",
        "SNAN",
        "INF",
        "INFINITY",
        "LEFT",
        "LEFTSPACE",
        "RIGHT",
        "RIGHTZERO",
        "ABSENT",
        "IN",
        "LIKE",
        "BETWEEN",
        "NOT",
        "IS",
        "USEDEFAULTS",
        "FETCHBEFOREFILTER",
        "FETCHCOLS",
        "EVENTACTIONS",
        "LOG",
        "REPLICAT",
        "TOKENS",
        "COLS",
    ];
    let mut names = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\'' || c == '"' {
            let inside: String = chars.by_ref().map(|(_, c)| c).take_while(|inner| *inner != c).collect();
            if c == '"' && dialect == Dialect::Ansi {
                names.push(inside);
            }
        } else if c.is_alphabetic() || c == '_' {
            let mut word = c.to_string();
            while let Some((_, c)) = chars.next_if(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | '$' | '#')) {
                word.push(c);
            }
            let before = text[..at].chars().next_back();
            let qualified = before == Some('.') && !text[..at].to_uppercase().ends_with("BEFORE.");
            let function = before == Some('@') || text[at + word.len()..].trim_start().starts_with('(');
            let keyword = KEYWORDS.contains(&word.to_uppercase().as_str());
            let part_of_number = before.is_some_and(|c| c.is_alphanumeric());
            if !function
                && !keyword
                && !qualified
                && !part_of_number
                && word != TARGET
                && !text[at + word.len()..].starts_with('.')
            {
                names.push(word);
            }
        }
    }
    names
}
