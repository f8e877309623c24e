//! The native JSON form as a source: lines of `docs/json.md` become changes.
//!
//! A line does not contain the definition of its table. [`Tables`] takes definitions from a catalog, or infers them from the
//! lines: a column has numbers, text or bytes. If a definition cannot be inferred, the error names the way out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::change::{
    BASE64_MEMBER, Builder, INVALID_MEMBER, Op, OwnedValue, TransactionIndicator, UNCHANGED_MEMBER, UNSUPPORTED_MEMBER,
};
use crate::error::{Error, ErrorKind, Result};
use crate::position::Position;
use crate::schema::{Catalog, ColumnDef, Kind, TableDef, TableId, TableIds};
use crate::time::Timestamp;

/// One line.
#[derive(Deserialize)]
pub(crate) struct Line<'a> {
    seqno: Option<u64>,
    rba: Option<u64>,
    #[serde(borrow)]
    position: Option<Text<'a>>,
    #[serde(borrow)]
    op: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) table: Cow<'a, str>,
    #[serde(borrow)]
    ts: Cow<'a, str>,
    #[serde(borrow)]
    csn: Option<Text<'a>>,
    #[serde(borrow)]
    xid: Option<Text<'a>>,
    #[serde(borrow)]
    txn: Option<Text<'a>>,
    #[serde(default)]
    unfinished: bool,
    #[serde(borrow)]
    before: Option<Members<'a>>,
    #[serde(borrow)]
    after: Option<Members<'a>>,
    #[serde(borrow, default)]
    tokens: Members<'a>,
    #[serde(borrow)]
    ddl: Option<Text<'a>>,
}

/// The members of a JSON object, in their order. A name may occur twice.
#[derive(Default)]
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// A string, borrowed if it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Borrowed;
        impl<'de> Visitor<'de> for Borrowed {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> std::result::Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrowed)
    }
}

impl<'a> Line<'a> {
    /// Reads a line, without its line end.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] if the object does not end; [`ErrorKind::Json`] if it is not an object of the native JSON form.
    /// The message has the column and no values.
    pub(crate) fn parse(line: &'a [u8]) -> Result<Self> {
        serde_json::from_slice(line).map_err(|error| {
            if error.is_eof() {
                return Error::new(ErrorKind::Truncated, "the line ends inside a change");
            }
            let text = error.to_string();
            // Other messages may quote values.
            let missing = text.split(" at line").next().filter(|text| text.starts_with("missing field"));
            let missing = missing.map(|missing| format!(": {missing}")).unwrap_or_default();
            Error::new(ErrorKind::Json, format!("not a change in the native JSON form, column {}{missing}", error.column()))
        })
    }

    /// Returns the position that the line states; `None` if it states none.
    pub(crate) fn stated_position(&self) -> Result<Option<Position>> {
        match (self.seqno, self.rba, &self.position) {
            (Some(seqno), Some(rba), None) => Ok(Some(Position::new(seqno, rba))),
            (None, None, Some(text)) => match text.parse() {
                Ok(position @ (Position::Trail(_) | Position::Offset(_))) => Ok(Some(position)),
                _ => Err(wrong("position is neither SEQNO:RBA nor offset:N")),
            },
            (None, None, None) => Ok(None),
            _ => Err(wrong("a line has both seqno and rba, or position, or none of them")),
        }
    }

    /// Returns whether it is DDL, whose name is that of its object.
    pub(crate) fn is_ddl(&self) -> bool {
        self.op == Op::Ddl.name()
    }

    /// Makes the change of the line, which starts at an offset of its file.
    ///
    /// # Errors
    /// [`Unmade::Line`] with [`ErrorKind::Json`] if a member does not have its form; [`Unmade::Definition`] if a column is not in
    /// the inferred definition or has another type there.
    pub(crate) fn change(
        &self,
        tables: &mut Tables,
        offset: u64,
        number: u64,
        length: u32,
    ) -> std::result::Result<Builder, Unmade> {
        let op: Op = self.op.parse().map_err(|_| wrong("unknown operation"))?;
        if op == Op::Ddl && self.ddl.is_none() && !self.table.is_empty() {
            return Err(wrong("a line of DDL has no ddl").into());
        }
        let time: Timestamp = self.ts.parse().map_err(|_| wrong("ts is not a timestamp"))?;
        // The name of DDL is that of its object, which is not a table with rows.
        let name = if op == Op::Ddl { "" } else { &*self.table };
        let table = tables.get(name)?;
        let mut change = Builder::of_table(op, &table.definition, table.id)
            .position(self.stated_position()?.unwrap_or(Position::Offset(offset)))
            .source(number, length)
            .timestamp(time)
            .transaction(self.csn.as_deref(), self.xid.as_deref(), indicator(self.txn.as_deref())?)
            .unfinished(self.unfinished);
        for (is_before, image) in [(true, &self.before), (false, &self.after)] {
            let Some(Members(columns)) = image else { continue };
            if let [(name, why)] = columns.as_slice() {
                if name == UNSUPPORTED_MEMBER {
                    let why: Cow<'_, str> = serde_json::from_str(why.get()).map_err(|_| wrong("$unsupported is not text"))?;
                    change = if is_before { change.unsupported_before(&why) } else { change.unsupported_after(&why) };
                    continue;
                }
            }
            change = if is_before { change.with_before() } else { change.with_after() };
            let mut next = 0;
            for (name, value) in columns {
                let index = table.index(name, next).ok_or_else(|| {
                    let what = format!("table {} has no column {name}", table.definition.name());
                    table.unmade(Error::new(ErrorKind::Json, what).hint("provide a definitions file that has it"))
                })?;
                next = index + 1;
                let value = value_of(value)?;
                if table.is_inferred && !table.holds(index, &value) {
                    return Err(table.unmade(several_types(name, table.definition.name())));
                }
                if !change.set(is_before, index, &value.as_value())? {
                    return Err(wrong("an image has a column twice").into());
                }
            }
        }
        for (name, value) in &self.tokens.0 {
            change = token(change, name, value)?;
        }
        if let Some(text) = &self.ddl {
            change = change.ddl(text, Some(&*self.table).filter(|name| !name.is_empty()));
        }
        Ok(change)
    }
}

/// The reason why a line does not become a change.
#[derive(Debug)]
pub(crate) enum Unmade {
    /// The line is wrong.
    Line(Error),
    /// It does not fit the definition that was inferred from the lines; more lines may give another one.
    Definition(Error),
}

impl From<Error> for Unmade {
    fn from(error: Error) -> Self {
        Self::Line(error)
    }
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::Json, what)
}

fn several_types(column: &str, table: &str) -> Error {
    let what = format!("column {column} of table {table} has values of several types");
    Error::new(ErrorKind::UndefinedTable, what).hint("provide a definitions file")
}

fn indicator(txn: Option<&str>) -> Result<TransactionIndicator> {
    Ok(match txn {
        Some("first") => TransactionIndicator::First,
        Some("middle") => TransactionIndicator::Middle,
        Some("last") => TransactionIndicator::Last,
        Some("only") => TransactionIndicator::Only,
        // The form has null for an indicator without a known meaning.
        None => TransactionIndicator::Unknown(u8::MAX),
        Some(_) => return Err(wrong("txn is not one of first, middle, last, only")),
    })
}

/// Reads a value. A number keeps its digits.
pub(crate) fn value_of(raw: &RawValue) -> Result<OwnedValue> {
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'n') => OwnedValue::Null,
        Some(b'-' | b'0'..=b'9') => OwnedValue::Number(text.into()),
        Some(b'"') => OwnedValue::Text(serde_json::from_str(text).map_err(|_| wrong("a value is not text"))?),
        Some(b'{') => {
            let unknown = || wrong("a value is an object of an unknown form");
            let Members(members) = serde_json::from_str(text).map_err(|_| unknown())?;
            let [(name, value)] = members.as_slice() else { return Err(unknown()) };
            let encoded: Cow<'_, str> = serde_json::from_str(value.get()).map_err(|_| unknown())?;
            let bytes = |decoded: std::result::Result<Vec<u8>, _>| {
                decoded.map_err(|_| wrong("the bytes of a value are not encoded as the name of its member requires"))
            };
            match &**name {
                BASE64_MEMBER => OwnedValue::Bytes(bytes(BASE64.decode(encoded.as_bytes()))?),
                INVALID_MEMBER => OwnedValue::Invalid(bytes(HEXLOWER_PERMISSIVE.decode(encoded.as_bytes()))?),
                UNCHANGED_MEMBER => OwnedValue::Unchanged,
                _ => return Err(unknown()),
            }
        }
        _ => return Err(wrong("a value is neither null, number, text nor bytes")),
    })
}

fn token(change: Builder, name: &str, raw: &RawValue) -> Result<Builder> {
    if name == "user" && raw.get().starts_with('{') {
        let Members(named) = serde_json::from_str(raw.get()).map_err(|_| wrong("the user tokens are not an object"))?;
        if let [(BASE64_MEMBER, _)] = named.iter().map(|(name, value)| (&**name, value)).collect::<Vec<_>>().as_slice() {
            return match value_of(raw)? {
                OwnedValue::Bytes(bytes) => Ok(change.user_tokens(&bytes)),
                _ => Err(wrong("the user tokens are not bytes")),
            };
        }
        return named.iter().try_fold(change, |change, (name, value)| match value_of(value)? {
            OwnedValue::Text(text) => Ok(change.user_token(name, &text)),
            _ => Err(wrong("a user token is not text")),
        });
    }
    Ok(match value_of(raw)? {
        OwnedValue::Text(text) if name == "user" => change.user_tokens(text.as_bytes()),
        OwnedValue::Bytes(bytes) => change.token(name, &bytes),
        OwnedValue::Text(text) => change.token(name, text.as_bytes()),
        _ => return Err(wrong("a token is neither text nor bytes")),
    })
}

/// The tables of a source of lines, by name.
#[derive(Debug)]
pub(crate) struct Tables {
    ids: TableIds,
    list: Vec<Table>,
    by_name: HashMap<Box<str>, usize>,
    catalog: Option<Catalog>,
    /// The definitions from the lines, for tables that the catalog does not have; `None` until they are needed.
    inferred: Option<Inferred>,
}

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    id: TableId,
    definition: Arc<TableDef>,
    columns: Arc<HashMap<Box<str>, usize>>,
    /// The definition is inferred from the lines.
    is_inferred: bool,
}

impl Table {
    /// Returns an error about its definition.
    fn unmade(&self, error: Error) -> Unmade {
        if self.is_inferred { Unmade::Definition(error) } else { Unmade::Line(error) }
    }

    /// Returns whether a value is of the type of its inferred column.
    fn holds(&self, index: usize, value: &OwnedValue) -> bool {
        let Some(column) = self.definition.columns().get(index) else { return true };
        match value {
            OwnedValue::Number(_) => matches!(column.kind(), Kind::NumberText { .. }),
            OwnedValue::Text(_) => matches!(column.kind(), Kind::Text { .. }),
            OwnedValue::Bytes(_) => matches!(column.kind(), Kind::Binary { .. }),
            OwnedValue::Null | OwnedValue::Invalid(_) | OwnedValue::Unchanged => true,
        }
    }

    /// Returns the index of a column. `next` is where it probably is.
    fn index(&self, name: &str, next: usize) -> Option<usize> {
        if self.definition.columns().get(next).is_some_and(|column| *column.name == *name) {
            return Some(next);
        }
        if !self.definition.is_defined() {
            return column_number(name);
        }
        self.columns.get(name).copied().or_else(|| self.definition.column(name).map(|(index, _)| index))
    }
}

/// Returns the number of a column of a table without a definition: `COL3` is 3.
fn column_number(name: &str) -> Option<usize> {
    let digits = name.strip_prefix("COL").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse::<u16>().ok().map(usize::from)
}

/// The columns of tables, inferred from the lines.
#[derive(Debug, Default)]
pub(crate) struct Inferred(HashMap<Box<str>, Columns>);

/// The columns of a table, in the order in which they were met.
#[derive(Debug, Default)]
struct Columns {
    list: Vec<(Box<str>, Content)>,
    by_name: HashMap<Box<str>, usize>,
}

impl Columns {
    /// Returns the place of a column, which is added if it is new. `next` is where it probably is.
    fn place(&mut self, name: &str, next: usize) -> usize {
        if self.list.get(next).is_some_and(|(own, _)| **own == *name) {
            return next;
        }
        if let Some(&place) = self.by_name.get(name) {
            return place;
        }
        self.by_name.insert(name.into(), self.list.len());
        self.list.push((name.into(), Content::default()));
        self.list.len() - 1
    }
}

/// The contents of a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Content {
    numbers: bool,
    text: bool,
    bytes: bool,
}

impl Inferred {
    /// Adds a line.
    pub(crate) fn see(&mut self, line: &Line<'_>) {
        if !self.0.contains_key(&*line.table) {
            self.0.insert((*line.table).into(), Columns::default());
        }
        let Some(known) = self.0.get_mut(&*line.table) else { return };
        for Members(columns) in [&line.before, &line.after].into_iter().flatten() {
            if matches!(columns.as_slice(), [(name, _)] if name == UNSUPPORTED_MEMBER) {
                continue;
            }
            let mut next = 0;
            for (name, value) in columns {
                let place = known.place(name, next);
                next = place + 1;
                let Some((_, content)) = known.list.get_mut(place) else { continue };
                match value.get().as_bytes().first() {
                    Some(b'-' | b'0'..=b'9') => content.numbers = true,
                    Some(b'"') => content.text = true,
                    Some(b'{') => content.bytes |= value.get().contains(BASE64_MEMBER),
                    _ => {}
                }
            }
        }
    }

    fn table(&self, name: &str) -> Result<TableDef> {
        let columns = self.0.get(name).map_or(&[][..], |columns| columns.list.as_slice());
        // Columns without names of their own are those of a table without a definition.
        if columns.iter().all(|(name, _)| column_number(name).is_some()) {
            return Ok(TableDef::undefined(name));
        }
        let definition = |(column, content): &(Box<str>, Content)| match content {
            Content { numbers: true, text: false, bytes: false } => Ok(ColumnDef::number(&**column)),
            Content { numbers: false, text: false, bytes: true } => Ok(ColumnDef::binary(&**column, MAX_LENGTH)),
            Content { numbers: false, bytes: false, .. } => Ok(ColumnDef::varchar(&**column, MAX_LENGTH)),
            _ => Err(several_types(column, name)),
        };
        Ok(TableDef::new(name, columns.iter().map(definition).collect::<Result<_>>()?))
    }
}

/// The declared length of inferred columns: the maximum length of a column in a trail.
const MAX_LENGTH: u32 = 65_531;

impl Tables {
    pub(crate) fn new(catalog: Option<Catalog>) -> Self {
        Self { ids: TableIds::new(), list: Vec::new(), by_name: HashMap::new(), catalog, inferred: None }
    }

    /// Returns whether the change of this line needs definitions that are inferred from all lines.
    pub(crate) fn needs_inference(&self, line: &Line<'_>) -> bool {
        let in_catalog = || self.catalog.as_ref().is_some_and(|catalog| catalog.table(&line.table).is_some());
        self.inferred.is_none() && !self.by_name.contains_key(&*line.table) && !line.is_ddl() && !in_catalog()
    }

    /// Sets the definitions that were inferred from all lines. They replace earlier ones.
    pub(crate) fn infer(&mut self, inferred: Inferred) {
        self.inferred = Some(inferred);
        let list = &self.list;
        self.by_name.retain(|_, at| list.get(*at).is_some_and(|table| !table.is_inferred));
    }

    pub(crate) fn definitions(&self) -> impl Iterator<Item = &Arc<TableDef>> {
        self.list.iter().map(|table| &table.definition).filter(|table| !table.name().is_empty())
    }

    pub(crate) fn catalog(&self) -> Option<&Catalog> {
        self.catalog.as_ref()
    }

    fn get(&mut self, name: &str) -> std::result::Result<Table, Unmade> {
        if let Some(table) = self.by_name.get(name).and_then(|&at| self.list.get(at)) {
            return Ok(table.clone());
        }
        let from_catalog = self.catalog.as_ref().and_then(|catalog| catalog.table(name)).map(|table| table.renamed(name));
        let (definition, is_inferred) = match from_catalog {
            Some(table) => (table, false),
            None if name.is_empty() => (TableDef::undefined(name), false),
            None => match &self.inferred {
                Some(inferred) => (inferred.table(name).map_err(Unmade::Definition)?, true),
                None => return Err(Error::internal("a table is used before it is inferred").into()),
            },
        };
        let columns = definition.columns().iter().enumerate().map(|(index, column)| (column.name.clone(), index)).collect();
        let id = self.ids.id(self.list.len() as u32);
        let table = Table { id, definition: Arc::new(definition), columns: Arc::new(columns), is_inferred };
        self.by_name.insert(name.into(), self.list.len());
        self.list.push(table.clone());
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn infer(lines: &[&str]) -> Inferred {
        let mut inferred = Inferred::default();
        lines.iter().for_each(|line| inferred.see(&Line::parse(line.as_bytes()).unwrap()));
        inferred
    }

    fn line(after: &str) -> String {
        format!(
            r#"{{"op":"insert","table":"A.B","ts":"2024-01-01T00:00:00.000000Z","csn":null,"xid":null,"txn":"only","before":null,"after":{after},"tokens":{{}}}}"#
        )
    }

    #[test]
    fn columns_are_inferred_from_all_lines() {
        let (first, second) = (line(r#"{"N":null,"T":"x"}"#), line(r#"{"N":12.50,"T":null,"B":{"$base64":"AA=="}}"#));
        let table = infer(&[&first, &second]).table("A.B").unwrap();
        let names: Vec<_> = table.columns().iter().map(|column| (&*column.name, column.kind())).collect();
        use crate::schema::Kind;
        let expected = [
            ("N", Kind::NumberText { prefixed: true }),
            ("T", Kind::Text { prefixed: true }),
            ("B", Kind::Binary { prefixed: true }),
        ];
        assert_eq!(names, expected);
        let mixed = infer(&[&first, &line(r#"{"T":1}"#)]).table("A.B").unwrap_err();
        assert_eq!(mixed.kind(), ErrorKind::UndefinedTable);
        assert!(mixed.to_string().contains("column T of table A.B"));
        assert!(!infer(&[&line(r#"{"COL0":"x","COL3":1}"#)]).table("A.B").unwrap().is_defined());
    }

    #[test]
    fn what_is_not_of_the_form_is_an_error_without_values() {
        for bad in [r#"{"op":"insert"}"#, "[]", r#"{"op":1}"#, "SECRET"] {
            let error = Line::parse(bad.as_bytes()).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Json);
            assert!(!error.to_string().contains("SECRET"));
        }
        for torn in ["", "{", r#"{"op":"ins"#, r#"{"op":"insert","after":{"A":"#] {
            assert_eq!(Line::parse(torn.as_bytes()).err().unwrap().kind(), ErrorKind::Truncated);
        }
    }
}
