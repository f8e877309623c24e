//! [`Trail::history`]: the changes of one row.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::key::{Displaced, Identity, images, put_bytes, put_null, put_number, put_text, put_time};
use super::state::{definition, empties, max_bytes};
use super::{Budget, MAX_BYTES, json_lines};
use crate::change::{Change, ChangeBlock, DateTime, NumberText, Op, OwnedValue};
use crate::document;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::TableName;
use crate::formats::native_json::value_of;
use crate::schema::{ColumnDef, Kind, TableDef, TableMap};
use crate::source::{ReadOptions, ReadReport, Reader, Trail, Wanted};

/// Memory of a change or of a key update beside its bytes.
const ITEM_BYTES: u64 = 200;
const WHAT: &str = "the changes of the row";

/// The value of a key column, in its native JSON form: a number, a text (also a date), null, or `{"$base64": "…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct KeyValue(OwnedValue);

impl From<OwnedValue> for KeyValue {
    fn from(value: OwnedValue) -> Self {
        Self(value)
    }
}

impl From<&str> for KeyValue {
    /// A text, a date, or a number for a column of numbers.
    fn from(text: &str) -> Self {
        Self(OwnedValue::Text(text.into()))
    }
}

impl From<i64> for KeyValue {
    fn from(number: i64) -> Self {
        Self(OwnedValue::Number(number.to_string().into()))
    }
}

impl<'de> Deserialize<'de> for KeyValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        value_of(&raw).map(Self).map_err(|error| serde::de::Error::custom(error.what()))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for KeyValue {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KeyValue".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["number", "string", "null", "object"],
            "description": "a number, a text (also a date), null, or {\"$base64\": \"…\"}"
        })
    }
}

/// Which row [`Trail::history`] is about. It is a document too, whose schema is `docs/schema/history-options.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "Which row of which table."))]
#[serde(deny_unknown_fields)]
pub struct HistoryOptions {
    /// Name of the table, as the trail has it or in GoldenGate's spelling, in which double quotes keep case and dots. Case does not
    /// matter outside of quotes, unless a table has exactly this name.
    pub(crate) table: Box<str>,
    /// The value of each key column, by name.
    pub(crate) key: BTreeMap<Box<str>, KeyValue>,
    /// The maximum memory of the changes while they are read, in bytes. More is an error. The result takes at most as much again.
    #[serde(default = "max_bytes")]
    pub(crate) max_bytes: u64,
}

impl HistoryOptions {
    /// Returns the options for a row of a table, in at most one gigabyte (2³⁰ bytes) of memory.
    #[must_use]
    pub fn new(table: &str) -> Self {
        Self { table: table.into(), key: BTreeMap::new(), max_bytes: MAX_BYTES }
    }

    /// Reads options from a JSON document.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the document does not have the form of its schema.
    pub fn from_json(text: &str) -> Result<Self> {
        document::parse(text)
    }

    /// Sets the value of a key column.
    #[must_use]
    pub fn key(mut self, column: &str, value: impl Into<KeyValue>) -> Self {
        self.key.insert(column.into(), value.into());
        self
    }

    /// Sets the maximum memory of the changes in bytes.
    #[must_use]
    pub fn max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    /// Returns the key in its canonical form, as a definition reads it.
    fn canonical(&self, table: &TableDef, identity: &Identity) -> Result<Box<[u8]>> {
        let mut key = Vec::new();
        for index in identity.indexes() {
            let Some(column) = table.columns().get(*index) else { continue };
            let value = self.key.iter().find(|(name, _)| table.column(name).is_some_and(|(found, _)| found == *index));
            let Some((_, KeyValue(value))) = value else {
                return Err(Error::internal("a key column without a value"));
            };
            put_value(&mut key, column, value)?;
        }
        Ok(key.into())
    }

    /// Returns which columns of a definition the key has.
    fn identity(&self, table: &TableDef) -> Result<Identity> {
        let names: Vec<_> = self.key.keys().cloned().collect();
        Identity::of(table, Some(&names))
    }

    /// Checks that the columns are those of a definition's key, if it has one.
    fn check_key(&self, table: &TableDef) -> Result<()> {
        let is_given = |column: &ColumnDef| {
            self.key.keys().any(|name| table.column(name).is_some_and(|(_, found)| found.name == column.name))
        };
        let keys: Vec<_> = table.key().map(|column| &*column.name).collect();
        let missing = table.key().find(|column| !is_given(column)).map(|column| format!("the column {} is missing", column.name));
        let more = table.columns().iter().find(|column| is_given(column) && !column.key && !keys.is_empty());
        let more = more.map(|column| format!("{} is not one of its columns", column.name));
        match missing.or(more) {
            None => Ok(()),
            Some(why) => {
                let what = format!("the key of table {} is {}; {why}", table.name(), keys.join(", "));
                Err(Error::new(ErrorKind::InvalidArgument, what).hint("give a value for each column of the key"))
            }
        }
    }
}

/// Appends a value of the caller in the canonical form of its column.
fn put_value(out: &mut Vec<u8>, column: &ColumnDef, value: &OwnedValue) -> Result<()> {
    let kind = column.kind();
    match (kind, value) {
        (_, OwnedValue::Null) => put_null(out),
        (Kind::NumberText { .. } | Kind::Integer { .. }, OwnedValue::Number(digits) | OwnedValue::Text(digits))
            if NumberText::parse(digits).is_some() =>
        {
            put_number(out, digits);
        }
        (Kind::Text { prefixed: false }, OwnedValue::Text(text)) => put_text(out, text.trim_end_matches(' ')),
        (Kind::Text { .. }, OwnedValue::Text(text)) => put_text(out, text),
        (Kind::DateTime, OwnedValue::Text(text)) if DateTime::parse(text).is_some() => {
            DateTime::parse(text).iter().for_each(|time| put_time(out, time));
        }
        (Kind::Binary { .. } | Kind::Opaque, OwnedValue::Bytes(bytes)) => put_bytes(out, bytes),
        _ => {
            let wanted = match kind {
                Kind::NumberText { .. } | Kind::Integer { .. } => "a number",
                Kind::Text { .. } => "a text",
                Kind::DateTime => "a date such as 2024-03-01 or 2024-03-01T12:00:00",
                _ => "bytes",
            };
            let what = format!("the key column {} needs {wanted}", column.name);
            return Err(Error::new(ErrorKind::InvalidArgument, what));
        }
    }
    Ok(())
}

/// The changes of one row. See [`Trail::history`].
#[derive(Clone, Debug)]
pub struct History {
    /// The changes, in the order of the trail.
    pub changes: Trail,
    /// The facts about them.
    pub report: HistoryReport,
}

/// `history`: the facts about the changes of one row.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HistoryReport {
    /// Name of the table.
    pub table: String,
    /// The columns that identify a row.
    pub key: Vec<String>,
    /// Changes of the row, and truncates of its table.
    pub changes: u64,
    /// Truncates of the table, and DDL that truncates or drops it.
    pub truncates: u64,
    /// Changes of the table without all columns of the key: it is unknown whether they are about the row.
    pub unidentified: u64,
    /// The report of the reading.
    #[serde(flatten)]
    pub read: ReadReport,
}

impl HistoryReport {
    /// Returns the report as a JSON document.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`].
    pub fn to_json(&self) -> Result<String> {
        document::write(self)
    }
}

/// `history`: the report, and the changes.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HistoryDocument {
    /// The report.
    pub report: HistoryReport,
    /// The changes as native JSON.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<serde_json::Value>"))]
    pub changes: Vec<Box<RawValue>>,
}

impl History {
    /// Returns report and changes as a document.
    ///
    /// # Errors
    /// [`ErrorKind::Json`] if a change cannot be written.
    pub fn document(self) -> Result<HistoryDocument> {
        Ok(HistoryDocument { changes: json_lines(&self.changes)?, report: self.report })
    }
}

impl Trail {
    /// Returns all changes of the rows that have had a key, in the order of the trail: of such a row also those before a key update
    /// gave it this key, and after another one took it away. Truncates of the table are among them. The trail is read twice, and
    /// only key updates and the changes that are returned are kept.
    ///
    /// If the table has a key, the columns given must be those of the key; otherwise they may be any columns that identify a row.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::ReadOptions;
    /// use trailcore::analysis::HistoryOptions;
    ///
    /// let history = trail.history(&HistoryOptions::new("BANK.CUSTOMERS").key("CUSTOMER_ID", 3), ReadOptions::new())?;
    /// for change in history.changes.reader()?.into_changes() {
    ///     let change = change?;
    ///     println!("{} {}", change.as_change().timestamp(), change.as_change().op());
    /// }
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// - [`ErrorKind::UnknownTable`] if the trail has no such table, [`ErrorKind::UndefinedTable`] if its columns are unknown.
    /// - [`ErrorKind::InvalidArgument`] if a column is unknown, not one of the key, or missing from it, if a value is of another type
    ///   than its column, and if the changes need more memory than allowed.
    /// - The errors of [`Reader::next`].
    pub fn history(&self, options: &HistoryOptions, read: ReadOptions) -> Result<History> {
        if options.key.is_empty() {
            let error = Error::new(ErrorKind::InvalidArgument, "the key has no columns");
            return Err(error.hint("give a value for each column of the key"));
        }
        let name = TableName::new(&options.table);
        let read = read.include_non_changes(false).for_table(&name);
        let mut wanted = Wanted::new(&name);
        match history_of(self, options, &read, &mut wanted) {
            Err(_) if wanted.came_late() => history_of(self, options, &read, &mut Wanted::exact(&name)),
            history => history,
        }
    }
}

/// Reads the changes of a row.
fn history_of(trail: &Trail, options: &HistoryOptions, read: &ReadOptions, wanted: &mut Wanted) -> Result<History> {
    let mut budget = Budget::new(options.max_bytes);
    let mut first = Pass::new(trail.reader_with(read.clone())?, options, wanted);
    let mut links: HashMap<Box<[u8]>, Vec<Box<[u8]>>> = HashMap::new();
    first.each(|change, keys| {
        let Some((old, new)) = keys.filter(|(old, new)| old != new) else { return Ok(()) };
        budget.take((old.len() + new.len()) as u64 * 2 + ITEM_BYTES, change, WHAT)?;
        links.entry(old.clone()).or_default().push(new.clone());
        links.entry(new).or_default().push(old);
        Ok(())
    })?;
    let table = match first.table.take() {
        Some(table) => table,
        None => {
            let table = definition(&mut first.reader, &TableName::new(&options.table), false)?;
            first.asked.meet(&table);
            table
        }
    };
    let Asked { seeds, fits, misfit, .. } = first.asked;
    if let (false, Some(misfit)) = (fits, misfit) {
        return Err(misfit);
    }
    let connected = connected(&seeds, links);
    let mut second = Pass::new(trail.reader_with(read.clone())?, options, wanted);
    let mut rows = Rows { had: seeds, ..Rows::default() };
    let (mut changes, mut truncates, mut unidentified) = (Changes::default(), 0, 0);
    second.each(|change, keys| {
        let row = match keys {
            _ if matches!(change.op(), Op::Truncate | Op::Ddl) => {
                truncates += 1;
                rows.clear();
                None
            }
            None => {
                unidentified += 1;
                return Ok(());
            }
            Some((old, _)) if !connected.contains(&old) => return Ok(()),
            Some((old, new)) => Some(rows.row_of(change, old, new)),
        };
        budget.take(change.own_bytes().len() as u64 + ITEM_BYTES, change, WHAT)?;
        changes.push(change, row);
        Ok(())
    })?;
    let read = second.reader.report();
    let (blocks, number) = changes.wanted(&rows.wanted);
    let mut key: Vec<_> = options.key.keys().map(ToString::to_string).collect();
    if let Ok(identity) = options.identity(&table) {
        key = identity.names(&table);
    }
    let report = HistoryReport { table: table.name().to_owned(), key, changes: number, truncates, unidentified, read };
    Ok(History { changes: Trail::from_changes(blocks, vec![table]), report })
}

/// Returns the keys that chains of key updates connect with these.
fn connected(seeds: &HashSet<Box<[u8]>>, mut links: HashMap<Box<[u8]>, Vec<Box<[u8]>>>) -> HashSet<Box<[u8]>> {
    let mut connected = seeds.clone();
    let mut open: Vec<_> = seeds.iter().cloned().collect();
    while let Some(key) = open.pop() {
        for next in links.remove(&key).into_iter().flatten() {
            if connected.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    connected
}

/// The keys of a change, before and after it.
type Keys = (Box<[u8]>, Box<[u8]>);

/// One reading of the changes of a table.
struct Pass<'o> {
    reader: Reader,
    wanted: &'o mut Wanted,
    /// The key columns in each definition; `None` if it lacks one of them.
    identities: TableMap<Option<Identity>>,
    /// The latest definition.
    table: Option<Arc<TableDef>>,
    asked: Asked<'o>,
}

/// The key that was asked for.
struct Asked<'o> {
    options: &'o HistoryOptions,
    /// The key as each definition reads it.
    seeds: HashSet<Box<[u8]>>,
    /// The key is that of one of the definitions; otherwise the reason.
    fits: bool,
    misfit: Option<Error>,
}

impl Asked<'_> {
    /// Takes a definition, and returns which of its columns are the key.
    fn meet(&mut self, table: &TableDef) -> Option<Identity> {
        let options = self.options;
        let identity = options.identity(table).and_then(|identity| Ok((options.canonical(table, &identity)?, identity)));
        match (options.check_key(table), identity) {
            (checked, Ok((key, identity))) => {
                self.seeds.insert(key);
                self.fits |= checked.is_ok();
                self.misfit = checked.err().or(self.misfit.take());
                Some(identity)
            }
            (_, Err(error)) => {
                self.misfit = Some(error);
                None
            }
        }
    }
}

impl<'o> Pass<'o> {
    fn new(reader: Reader, options: &'o HistoryOptions, wanted: &'o mut Wanted) -> Self {
        Self {
            reader,
            wanted,
            identities: TableMap::default(),
            table: None,
            asked: Asked { options, seeds: HashSet::new(), fits: false, misfit: None },
        }
    }

    /// Calls `each` with every change of the table and its keys: `None` for truncates, and if it lacks a column of the key.
    fn each(&mut self, mut each: impl FnMut(&Change<'_>, Option<Keys>) -> Result<()>) -> Result<()> {
        let Self { reader, wanted, identities, table, asked } = self;
        while let Some(change) = reader.next()? {
            if change.op() == Op::Ddl {
                if wanted.is_object(&change.table_name()) && empties(&change) {
                    each(&change, None)?;
                }
                continue;
            }
            if !wanted.is(&change)? {
                continue;
            }
            let own = change.table();
            if table.as_ref().is_none_or(|latest| !Arc::ptr_eq(latest, own)) {
                *table = Some(Arc::clone(own));
            }
            let identity = identities.get_or_insert_with(change.table_id(), || asked.meet(own));
            let keys = match (change.op(), identity) {
                (Op::Truncate, _) | (_, None) => None,
                (_, Some(identity)) => {
                    let [before, after] = images(&change)?;
                    let ((old, is_whole), (new, _)) = (identity.key([&before, &after]), identity.key([&after, &before]));
                    is_whole.then_some((old, new))
                }
            };
            each(&change, keys)?;
        }
        Ok(())
    }
}

/// The rows that have had one of some keys, numbered.
#[derive(Default)]
struct Rows {
    had: HashSet<Box<[u8]>>,
    current: HashMap<Box<[u8]>, usize>,
    displaced: Displaced<usize>,
    /// By number of a row: it has had one of the keys.
    wanted: Vec<bool>,
}

impl Rows {
    /// Forgets the rows: the table is empty.
    fn clear(&mut self) {
        self.current = HashMap::new();
        self.displaced.drain().for_each(drop);
    }

    /// Returns the number of the row of a change.
    fn row_of(&mut self, change: &Change<'_>, old: Box<[u8]>, new: Box<[u8]>) -> usize {
        if self.displaced.is_over(change) {
            self.displaced.drain().for_each(drop);
        }
        let moves = old != new;
        let known = match change.op() {
            Op::Insert => None,
            op => {
                let leaves = moves || op == Op::Delete;
                let displaced = if leaves { self.displaced.pop(&old) } else { None };
                displaced.or_else(|| self.current.remove(&old))
            }
        };
        let row = known.unwrap_or(self.wanted.len());
        if row == self.wanted.len() {
            self.wanted.push(false);
        }
        if let Some(wanted) = self.wanted.get_mut(row) {
            *wanted |= self.had.contains(&old) || self.had.contains(&new);
        }
        if change.op() != Op::Delete {
            if let Some(displaced) = self.current.insert(new.clone(), row).filter(|_| moves) {
                self.displaced.push(new, displaced);
            }
        }
        row
    }
}

/// Changes, each with the number of its row; `None` for truncates.
#[derive(Default)]
struct Changes {
    block: ChangeBlock,
    full: Vec<ChangeBlock>,
    rows: Vec<Option<usize>>,
}

impl Changes {
    fn push(&mut self, change: &Change<'_>, row: Option<usize>) {
        if self.block.is_full() {
            self.full.push(std::mem::take(&mut self.block));
        }
        self.block.push(change);
        self.rows.push(row);
    }

    /// Returns the changes of the wanted rows, and their number.
    fn wanted(mut self, wanted: &[bool]) -> (Vec<ChangeBlock>, u64) {
        self.full.push(self.block);
        let (mut blocks, mut number) = (vec![ChangeBlock::default()], 0);
        let changes = self.full.iter().flat_map(ChangeBlock::changes);
        let is_wanted = |row: Option<usize>| row.is_none_or(|row| wanted.get(row).copied().unwrap_or(false));
        for (change, _) in changes.zip(self.rows).filter(|(_, row)| is_wanted(*row)) {
            if blocks.last().is_none_or(ChangeBlock::is_full) {
                blocks.push(ChangeBlock::default());
            }
            if let Some(block) = blocks.last_mut() {
                block.push(&change);
                number += 1;
            }
        }
        (blocks, number)
    }
}
