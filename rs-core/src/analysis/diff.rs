//! [`Trail::diff`]: the differences between two trails.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::key::{Columns, Identity, images, is_fixed, places, put};
use super::repeats::Repeats;
use super::rows::TableRows;
use super::state::{empties, max_bytes};
use super::{Budget, MAX_BYTES};
use crate::change::{Change, Column, ColumnState, DateTime, Op, OwnedChange, OwnedValue, Value};
use crate::document;
use crate::error::{Error, Result};
use crate::position::Position;
use crate::schema::{TableDef, TableId, TableMap};
use crate::source::{ReadOptions, ReadReport, Reader, Trail, names, names_exactly};

/// The maximum number of differences in a report by default.
const MOST: u64 = 10_000;
/// Memory of a change beside its bytes.
const ITEM_BYTES: u64 = 600;

/// How [`Trail::diff`] compares. It is a document too, whose schema is `docs/schema/diff-options.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "How two trails are compared."))]
#[serde(default, deny_unknown_fields)]
pub struct DiffOptions {
    /// Compares the rows at the end of both trails, in place of the changes of each row in their order.
    pub(crate) order_free: bool,
    /// The columns that identify a row in all tables, in place of the keys in their definitions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<Vec<Box<str>>>,
    /// Compares CSN, transaction id and time of the changes, too.
    pub(crate) metadata: bool,
    /// The maximum number of differences in the report; further ones are counted only.
    pub(crate) most: u64,
    /// The maximum memory of rows and of changes that wait for their counterpart, in bytes. More is an error.
    #[serde(default = "max_bytes")]
    pub(crate) max_bytes: u64,
}

impl Default for DiffOptions {
    fn default() -> Self {
        Self { order_free: false, key: None, metadata: false, most: MOST, max_bytes: MAX_BYTES }
    }
}

impl DiffOptions {
    /// Returns the default options: changes in order, without their metadata.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads options from a JSON document.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the document does not have the form of its schema.
    pub fn from_json(text: &str) -> Result<Self> {
        document::parse(text)
    }

    /// Compares the rows at the end of both trails, in place of the changes of each row in their order.
    #[must_use]
    pub fn order_free(self, order_free: bool) -> Self {
        Self { order_free, ..self }
    }

    /// Sets the columns that identify a row in all tables, in place of the keys in their definitions.
    #[must_use]
    pub fn key<S: AsRef<str>>(self, columns: &[S]) -> Self {
        Self { key: Some(columns.iter().map(|name| name.as_ref().into()).collect()), ..self }
    }

    /// Compares CSN, transaction id and time of the changes, too.
    #[must_use]
    pub fn metadata(self, metadata: bool) -> Self {
        Self { metadata, ..self }
    }

    /// Sets the maximum number of differences in the report.
    #[must_use]
    pub fn most(self, most: u64) -> Self {
        Self { most, ..self }
    }

    /// Sets the maximum memory in bytes.
    #[must_use]
    pub fn max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }
}

/// `diff`: the differences between two trails.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DiffReport {
    /// There are no differences, and nothing was skipped or undecided on either side.
    pub is_equal: bool,
    /// The rows at the end of the trails were compared, in place of changes.
    pub order_free: bool,
    /// The tables of both trails, by name.
    pub tables: BTreeMap<String, DiffTable>,
    /// The differences, up to the maximum number.
    pub rows: Vec<DiffRow>,
    /// Differences beyond those.
    pub more_rows: u64,
    /// The facts about the left trail.
    pub left: SideReport,
    /// The facts about the right trail.
    pub right: SideReport,
}

impl DiffReport {
    /// Returns the report as a JSON document.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal).
    pub fn to_json(&self) -> Result<String> {
        document::write(self)
    }
}

/// The rows or changes of one table, counted.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DiffTable {
    /// Equal on both sides.
    pub equal: u64,
    /// On both sides, with different columns.
    pub different: u64,
    /// On the left side only.
    pub only_left: u64,
    /// On the right side only.
    pub only_right: u64,
    /// By column: how often it differs.
    pub columns: BTreeMap<String, u64>,
}

impl DiffTable {
    /// Returns whether the sides differ.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.different + self.only_left + self.only_right > 0
    }
}

/// One difference: a column of a row or change that is on both sides, or a row or change that is on one side only.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DiffRow {
    /// Name of the table.
    pub table: String,
    /// The kind of the difference.
    pub kind: DiffKind,
    /// The values of the key columns, by name; those before the change.
    pub key: BTreeMap<String, Cell>,
    /// Position on the left side.
    pub left_position: Option<Position>,
    /// Position on the right side.
    pub right_position: Option<Position>,
    /// The image with the column, `before` or `after`; `null` if the operation or metadata differ, and for one side only.
    pub image: Option<&'static str>,
    /// The column that differs; `_op`, `_csn`, `_xid` or `_timestamp` if these differ; `null` for one side only.
    pub column: Option<String>,
    /// The value on the left side. For one side only: the operation, if it is on the left.
    pub left: Option<Cell>,
    /// The value on the right side. For one side only: the operation, if it is on the right.
    pub right: Option<Cell>,
}

/// The kind of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DiffKind {
    /// It is on both sides, with different columns.
    Different,
    /// It is on the left side only.
    OnlyLeft,
    /// It is on the right side only.
    OnlyRight,
}

/// A column on one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cell {
    /// Its state: `value`, `null`, `missing`, `invalid` or `unchanged`.
    pub state: &'static str,
    /// Its value in native JSON; `null` if it has none.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Value"))]
    pub value: OwnedValue,
}

impl Cell {
    fn of(column: Option<&Column<'_>>) -> Self {
        let Some(column) = column else { return Self { state: "missing", value: OwnedValue::Null } };
        let state = match column.state() {
            ColumnState::Value => "value",
            ColumnState::Null => "null",
            ColumnState::Missing => "missing",
            ColumnState::Invalid => "invalid",
            ColumnState::Unchanged => "unchanged",
        };
        let value = match column.value() {
            Value::Text(text) => OwnedValue::Text((*text).into()),
            Value::Number(number) => OwnedValue::Number(number.to_string().into()),
            Value::DateTime(time) => OwnedValue::Text(time.to_string().into()),
            Value::Bytes(bytes) => OwnedValue::Bytes(bytes.to_vec()),
            Value::Invalid(bytes) => OwnedValue::Invalid(bytes.to_vec()),
            Value::Null | Value::Unchanged => OwnedValue::Null,
        };
        Self { state, value }
    }

    fn text(text: Option<&str>) -> Self {
        match text {
            Some(text) => Self { state: "value", value: OwnedValue::Text(text.into()) },
            None => Self { state: "null", value: OwnedValue::Null },
        }
    }
}

/// The facts about one side of a comparison.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SideReport {
    /// Changes of rows, and truncates.
    pub changes: u64,
    /// Changes without all columns of the key; for a comparison of rows only, where they were not carried out.
    pub unidentified: u64,
    /// Changes that are left out, because their transaction breaks off and the trail writes it again.
    pub repeated: u64,
    /// The report of the reading.
    #[serde(flatten)]
    pub read: ReadReport,
}

impl SideReport {
    fn is_whole(&self) -> bool {
        self.read.undecided == 0 && self.unidentified == 0 && self.read.skipped.is_empty()
    }
}

impl Trail {
    /// Compares the changes of two trails, this one on the left: for each table and key the changes in their order, or with
    /// [`order_free`](DiffOptions::order_free) the rows at the end. Each side has its own options, and with them its own selection.
    ///
    /// Tables and columns are compared by name. Missing, NULL, invalid and unchanged columns are different from each other and
    /// from values; numbers are compared by value, and characters of a fixed length without blanks at their end. Positions and
    /// tokens are not compared, DDL is not either. The key of a change is the one before it. Changes of a table without a key have
    /// all columns before them as their key. A table that has a key on the other side only is compared by that key; to find it, the
    /// other trail is read once more.
    ///
    /// Of a transaction that breaks off and that a trail writes again, the last writing is compared; to leave out the others, both
    /// trails are read once more.
    ///
    /// Changes wait in memory for their counterpart: as long as both trails have about the same order, few do.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::ReadOptions;
    /// use trailcore::analysis::DiffOptions;
    ///
    /// let report = trail.diff(&trail, &DiffOptions::new(), (ReadOptions::new(), ReadOptions::new()))?;
    /// assert!(report.is_equal && report.tables["BANK.POSTINGS"].equal > 0);
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// - [`UndefinedTable`](crate::ErrorKind::UndefinedTable) if the columns of a table are unknown.
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if a table lacks a column of the given key, and if more memory is needed than allowed.
    /// - With `order_free` the errors of [`Trail::state`].
    /// - The errors of [`Reader::next`].
    pub fn diff(&self, other: &Self, options: &DiffOptions, read: (ReadOptions, ReadOptions)) -> Result<DiffReport> {
        let (left, right) = (read.0.include_non_changes(false), read.1.include_non_changes(false));
        let mut repeats = <[Repeats; 2]>::default();
        loop {
            let trails = [(self.clone(), left.clone()), (other.clone(), right.clone())];
            let mut diff = Diff::new(options, trails, std::mem::take(&mut repeats));
            let (left, right) = (self.reader_with(left.clone())?, other.reader_with(right.clone())?);
            if options.order_free {
                diff.rows(left, right)?
            } else {
                diff.changes(left, right)?
            }
            if !diff.is_repeated {
                return Ok(diff.into_report());
            }
            repeats = diff.repeats;
        }
    }
}

/// A comparison.
struct Diff<'o> {
    options: &'o DiffOptions,
    keys: SharedKeys,
    /// The place of each column of a left definition in a right one.
    places: HashMap<(TableId, TableId), Box<[Option<usize>]>>,
    report: DiffReport,
    budget: Budget,
    /// The transactions that each side writes again.
    repeats: [Repeats; 2],
    /// More of it was found at the end: the report has those changes more than once.
    is_repeated: bool,
}

/// The latest definitions, by table name.
type Tables = HashMap<Box<str>, Arc<TableDef>>;

/// The keys of both sides: a table without a key on one side has the key of the other side. JSON lines have neither keys nor types.
struct SharedKeys {
    asked: Option<Vec<Box<str>>>,
    trails: [(Trail, ReadOptions); 2],
    /// The definitions of each side; `None` until the other side needs them.
    known: [Option<Tables>; 2],
}

/// The key and types that a definition takes from the one of the other side.
struct Shared {
    key: Option<Vec<Box<str>>>,
    types: Option<Arc<TableDef>>,
}

impl SharedKeys {
    /// Returns what is not in a definition itself; the side is 0 for the left one.
    fn of(&mut self, table: &TableDef, side: usize) -> Result<Shared> {
        let is_typed = self.trails.get(side).is_none_or(|(trail, _)| !trail.is_json_lines());
        let has_key = self.asked.is_some() || table.key().next().is_some();
        if has_key && is_typed {
            return Ok(Shared { key: self.asked.clone(), types: None });
        }
        let (Some((trail, read)), Some(known)) = (self.trails.get(1 - side), self.known.get_mut(1 - side)) else {
            return Err(Error::internal("a comparison has two sides"));
        };
        let tables = match known {
            Some(tables) => tables,
            none => none.insert(latest_tables(trail, read)?),
        };
        let other = tables.get(table.name());
        let key = other.map(|other| other.key().map(|column| column.name.clone()).collect::<Vec<_>>());
        let has_all = |key: &Vec<Box<str>>| !key.is_empty() && key.iter().all(|column| table.column(column).is_some());
        let key = if has_key { self.asked.clone() } else { key.filter(has_all) };
        Ok(Shared { key, types: other.filter(|_| !is_typed).cloned() })
    }
}

/// Reads a trail for the definitions of its tables.
fn latest_tables(trail: &Trail, read: &ReadOptions) -> Result<Tables> {
    let mut reader = trail.reader_with(read.clone())?;
    while reader.next()?.is_some() {}
    Ok(reader.tables().map(|table| (table.name().into(), Arc::clone(table))).collect())
}

/// A change, with its columns and its key.
struct Keyed<'c, 'a> {
    change: &'c Change<'a>,
    columns: [Columns<'a>; 2],
    identity: Option<&'c Identity>,
}

/// One side of a comparison of changes.
struct Side {
    reader: Reader,
    ended: bool,
    identities: TableMap<Identity>,
    /// Changes without a counterpart so far, by table and key.
    waiting: HashMap<Box<[u8]>, VecDeque<OwnedChange>>,
}

impl Side {
    fn new(reader: Reader) -> Self {
        Self { reader, ended: false, identities: TableMap::default(), waiting: HashMap::new() }
    }
}

/// Returns the key columns of a change's definition; `None` for a truncate.
fn identity<'m>(
    known: &'m mut TableMap<Identity>,
    change: &Change<'_>,
    keys: &mut SharedKeys,
    side: usize,
) -> Result<Option<&'m Identity>> {
    if change.op() == Op::Truncate {
        return Ok(None);
    }
    if known.get(change.table_id()).is_none() {
        let shared = keys.of(change.table(), side)?;
        let mut identity = Identity::of(change.table(), shared.key.as_deref()).map_err(|error| change.locate(error))?;
        if let Some(types) = &shared.types {
            identity = identity.with_types(change.table(), types);
        }
        known.insert(change.table_id(), identity);
    }
    Ok(known.get(change.table_id()))
}

/// Returns table and key of a change in one piece.
fn address(change: &Change<'_>, columns: &[Columns<'_>; 2], identity: Option<&Identity>) -> Box<[u8]> {
    let name = change.table().name().as_bytes();
    let mut address = (name.len() as u64).to_be_bytes().to_vec();
    address.extend_from_slice(name);
    if let Some(identity) = identity {
        let [before, after] = columns;
        address.push(b'k');
        address.extend_from_slice(&identity.key([before, after]).0);
    }
    address.into()
}

impl<'o> Diff<'o> {
    fn new(options: &'o DiffOptions, trails: [(Trail, ReadOptions); 2], repeats: [Repeats; 2]) -> Self {
        let report = DiffReport {
            is_equal: false,
            order_free: options.order_free,
            tables: BTreeMap::new(),
            rows: Vec::new(),
            more_rows: 0,
            left: SideReport::default(),
            right: SideReport::default(),
        };
        let keys = SharedKeys { asked: options.key.clone(), trails, known: [None, None] };
        let budget = Budget::new(options.max_bytes);
        Self { options, keys, places: HashMap::new(), report, budget, repeats, is_repeated: false }
    }

    fn into_report(self) -> DiffReport {
        let mut report = self.report;
        report.is_equal = report.left.is_whole() && report.right.is_whole() && !report.tables.values().any(DiffTable::differs);
        report
    }

    /// Compares changes. Both trails are read at the same pace, so that few changes wait.
    fn changes(&mut self, left: Reader, right: Reader) -> Result<()> {
        let mut sides = [Side::new(left), Side::new(right)];
        loop {
            let [left, right] = &mut sides;
            if left.ended && right.ended {
                break;
            }
            self.step(left, right, true)?;
            self.step(right, left, false)?;
        }
        let [left, right] = &mut sides;
        (self.report.left.read, self.report.left.repeated) = self.ended(&left.reader, true);
        (self.report.right.read, self.report.right.repeated) = self.ended(&right.reader, false);
        for (side, is_left) in sides.into_iter().zip([true, false]) {
            let mut rest: Vec<_> = side.waiting.into_values().flatten().collect();
            rest.sort_by_key(|change| change.as_change().position());
            let mut identities = side.identities;
            for change in &rest {
                let change = change.as_change();
                let identity = identity(&mut identities, &change, &mut self.keys, usize::from(!is_left))?;
                self.one_side(&Keyed { change: &change, columns: images(&change)?, identity }, is_left, 1);
            }
        }
        Ok(())
    }

    /// Returns the report of a reading that is over, and the number of changes that were left out.
    fn ended(&mut self, reader: &Reader, is_left: bool) -> (ReadReport, u64) {
        let [left, right] = &mut self.repeats;
        let repeats = if is_left { left } else { right };
        let left_out = repeats.left_out;
        self.is_repeated |= repeats.learn(reader.unfinished(), None);
        (reader.report(), left_out)
    }

    /// Returns whether a side writes a change again.
    fn leaves_out(&mut self, change: &Change<'_>, is_left: bool) -> bool {
        let [left, right] = &mut self.repeats;
        if is_left { left.leaves_out(change) } else { right.leaves_out(change) }
    }

    /// Reads a change of one side, and compares it with its counterpart, or lets it wait.
    fn step(&mut self, own: &mut Side, other: &mut Side, is_left: bool) -> Result<()> {
        let change = loop {
            if own.ended {
                return Ok(());
            }
            match own.reader.next()? {
                None => own.ended = true,
                Some(change) if change.op() == Op::Ddl || self.leaves_out(&change, is_left) => {}
                Some(change) => break change,
            }
        };
        let columns = images(&change)?;
        let identity = identity(&mut own.identities, &change, &mut self.keys, usize::from(!is_left))?;
        let address = address(&change, &columns, identity);
        let side = if is_left { &mut self.report.left } else { &mut self.report.right };
        side.changes += 1;
        let cost = |change: &Change<'_>| (change.own_bytes().len() + address.len()) as u64 + ITEM_BYTES;
        let counterpart = other.waiting.get_mut(&address).and_then(VecDeque::pop_front);
        let Some(counterpart) = counterpart else {
            self.budget.take(cost(&change), &change, "the changes that wait for their counterpart")?;
            own.waiting.entry(address).or_default().push_back(change.to_owned());
            return Ok(());
        };
        if other.waiting.get(&address).is_some_and(VecDeque::is_empty) {
            other.waiting.remove(&address);
        }
        let counterpart = counterpart.as_change();
        self.budget.free(cost(&counterpart));
        let own = Keyed { change: &change, columns, identity };
        let other = Keyed { change: &counterpart, columns: images(&counterpart)?, identity: None };
        if is_left {
            self.both(&own, &other, 1)
        } else {
            self.both(&other, &own, 1)
        }
        Ok(())
    }

    /// Compares the rows at the end.
    fn rows(&mut self, left: Reader, right: Reader) -> Result<()> {
        let left = self.tables(left, true)?;
        let mut right = self.tables(right, false)?;
        for name in left.keys().chain(right.keys()) {
            self.report.tables.entry(name.to_string()).or_default();
        }
        for (name, left) in left {
            // By key: a row, and how many there are.
            let mut others: HashMap<Box<[u8]>, (u64, OwnedChange)> = HashMap::new();
            let right = right.remove(&name);
            let mut taken = 0;
            if let Some(right) = &right {
                right.each(|key, copies, row| {
                    let cost = (row.own_bytes().len() + key.len()) as u64 + ITEM_BYTES;
                    self.budget.take(cost, row, "the rows of both trails")?;
                    taken += cost;
                    others.insert(key.into(), (copies, row.to_owned()));
                    Ok(())
                })?;
            }
            left.each(|key, copies, row| {
                let own = Keyed { change: row, columns: images(row)?, identity: Some(left.identity()) };
                let other = others.remove(key);
                let number = other.as_ref().map_or(0, |(number, _)| *number);
                if let Some((_, other)) = &other {
                    let other = other.as_change();
                    let other = Keyed { change: &other, columns: images(&other)?, identity: None };
                    self.both(&own, &other, copies.min(number));
                    if number > copies {
                        self.one_side(&Keyed { identity: own.identity, ..other }, false, number - copies);
                    }
                }
                if copies > number {
                    self.one_side(&own, true, copies - number);
                }
                Ok(())
            })?;
            let Some(right) = right else { continue };
            let mut rest: Vec<_> = others.into_values().collect();
            rest.sort_by_key(|(_, row)| row.as_change().position());
            for (copies, row) in &rest {
                let row = row.as_change();
                self.one_side(&Keyed { change: &row, columns: images(&row)?, identity: Some(right.identity()) }, false, *copies);
            }
            self.budget.free(taken);
        }
        for right in right.into_values() {
            right.each(|_, copies, row| {
                self.one_side(&Keyed { change: row, columns: images(row)?, identity: Some(right.identity()) }, false, copies);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Reads all rows of one side.
    fn tables(&mut self, mut reader: Reader, is_left: bool) -> Result<BTreeMap<Box<str>, TableRows>> {
        let mut tables: BTreeMap<Box<str>, TableRows> = BTreeMap::new();
        let mut side = SideReport::default();
        while let Some(change) = reader.next()? {
            if self.leaves_out(&change, is_left) {
                continue;
            }
            if change.op() == Op::Ddl {
                if empties(&change) {
                    let object = change.table_name();
                    let is_exact = tables.keys().any(|name| names_exactly(&object, name));
                    let is_about = |name: &str| if is_exact { names_exactly(&object, name) } else { names(&object, name) };
                    for (_, rows) in tables.iter_mut().filter(|(name, _)| is_about(name)) {
                        rows.clear(&mut self.budget);
                    }
                }
                continue;
            }
            let name = change.table().name();
            if !tables.contains_key(name) {
                let Shared { key, types } = self.keys.of(change.table(), usize::from(!is_left))?;
                let rows = TableRows::new(change.table(), change.table_id(), key.as_deref());
                let rows = rows.map_err(|error| change.locate(error))?.with_types(change.table(), types);
                tables.insert(name.into(), rows);
            }
            let Some(rows) = tables.get_mut(name) else { continue };
            rows.apply(&change, &mut self.budget)?;
            side.changes += 1;
        }
        for rows in tables.values_mut() {
            rows.end_transaction(&mut self.budget);
            side.unidentified += rows.counts.unidentified;
        }
        (side.read, side.repeated) = self.ended(&reader, is_left);
        *(if is_left { &mut self.report.left } else { &mut self.report.right }) = side;
        Ok(tables)
    }

    /// Compares what is on both sides, `copies` times.
    fn both(&mut self, left: &Keyed<'_, '_>, right: &Keyed<'_, '_>, copies: u64) {
        let mut found: Vec<(Option<&'static str>, String, Cell, Cell)> = Vec::new();
        let (own, other) = (left.change, right.change);
        let mut text = |name: &str, left: Option<&str>, right: Option<&str>| {
            if left != right {
                found.push((None, name.to_owned(), Cell::text(left), Cell::text(right)));
            }
        };
        text("_op", Some(own.op().name()), Some(other.op().name()));
        if self.options.metadata {
            text("_csn", own.csn(), other.csn());
            text("_xid", own.xid(), other.xid());
            let times = [own.timestamp().to_string(), other.timestamp().to_string()];
            text("_timestamp", Some(&times[0]), Some(&times[1]));
        }
        let ids = (own.table_id(), other.table_id());
        let places = self.places.entry(ids).or_insert_with(|| places(own.table(), other.table()).into());
        let images = ["before", "after"].into_iter().zip(left.columns.iter().zip(&right.columns));
        for (image, (own_columns, other_columns)) in images {
            compare(own, own_columns, other, other_columns, places, |name, left, right| {
                found.push((Some(image), name.to_owned(), Cell::of(left), Cell::of(right)));
            });
        }
        let name = own.table().name();
        if !self.report.tables.contains_key(name) {
            self.report.tables.insert(name.to_owned(), DiffTable::default());
        }
        let Some(table) = self.report.tables.get_mut(name) else { return };
        if found.is_empty() {
            table.equal += copies;
            return;
        }
        table.different += copies;
        // A column may differ in both images.
        let columns: BTreeSet<_> = found.iter().map(|(_, column, ..)| column).collect();
        for column in columns {
            *table.columns.entry(column.clone()).or_default() += copies;
        }
        if self.is_full() {
            self.report.more_rows += found.len() as u64;
            return;
        }
        let key = if left.identity.is_some() { key_of(left) } else { key_of(right) };
        for (image, column, left_cell, right_cell) in found {
            self.add(DiffRow {
                table: own.table().name().to_owned(),
                kind: DiffKind::Different,
                key: key.clone(),
                left_position: Some(own.position()),
                right_position: Some(other.position()),
                image,
                column: Some(column),
                left: Some(left_cell),
                right: Some(right_cell),
            });
        }
    }

    /// Reports what is on one side only, `copies` times.
    fn one_side(&mut self, own: &Keyed<'_, '_>, is_left: bool, copies: u64) {
        let table = self.report.tables.entry(own.change.table().name().to_owned()).or_default();
        *(if is_left { &mut table.only_left } else { &mut table.only_right }) += copies;
        if self.is_full() {
            self.report.more_rows += copies;
            return;
        }
        let (position, op) = (Some(own.change.position()), Some(Cell::text(Some(own.change.op().name()))));
        let row = DiffRow {
            table: own.change.table().name().to_owned(),
            kind: if is_left { DiffKind::OnlyLeft } else { DiffKind::OnlyRight },
            key: key_of(own),
            left_position: position.filter(|_| is_left),
            right_position: position.filter(|_| !is_left),
            image: None,
            column: None,
            left: op.clone().filter(|_| is_left),
            right: op.filter(|_| !is_left),
        };
        for _ in 0..copies {
            self.add(row.clone());
        }
    }

    fn is_full(&self) -> bool {
        self.report.rows.len() as u64 >= self.options.most
    }

    fn add(&mut self, row: DiffRow) {
        if self.is_full() {
            self.report.more_rows += 1;
        } else {
            self.report.rows.push(row);
        }
    }
}

/// Calls `each` with every column that differs.
fn compare(
    own: &Change<'_>,
    own_columns: &Columns<'_>,
    other: &Change<'_>,
    other_columns: &Columns<'_>,
    places: &[Option<usize>],
    mut each: impl FnMut(&str, Option<&Column<'_>>, Option<&Column<'_>>),
) {
    let mut scratch = (Vec::new(), Vec::new());
    let mut matched = vec![false; other_columns.len()];
    for (index, (definition, place)) in own.table().columns().iter().zip(places).enumerate() {
        let counterpart = *place;
        if let Some(matched) = counterpart.and_then(|index| matched.get_mut(index)) {
            *matched = true;
        }
        let own = own_columns.get(index).and_then(Option::as_ref);
        let other = counterpart.and_then(|index| other_columns.get(index)?.as_ref());
        if !are_equal(own, other, &mut scratch) {
            each(&definition.name, own, other);
        }
    }
    for (definition, (column, matched)) in other.table().columns().iter().zip(other_columns.iter().zip(matched)) {
        if let (Some(column), false) = (column, matched) {
            each(&definition.name, None, Some(column));
        }
    }
}

/// Returns whether two columns are equal. A text is also compared with a date, and with characters of a fixed length, because
/// JSON lines have all of them as texts.
fn are_equal(left: Option<&Column<'_>>, right: Option<&Column<'_>>, scratch: &mut (Vec<u8>, Vec<u8>)) -> bool {
    if left.map(Column::value) == right.map(Column::value) {
        return true;
    }
    let (own, other) = scratch;
    own.clear();
    other.clear();
    put(own, left);
    put(other, right);
    if own == other {
        return true;
    }
    let (Some(left), Some(right)) = (left, right) else { return false };
    match (left.value(), right.value()) {
        (Value::Text(left_text), Value::Text(right_text)) => {
            (is_fixed(left) || is_fixed(right)) && left_text.trim_end_matches(' ') == right_text.trim_end_matches(' ')
        }
        (Value::DateTime(time), Value::Text(text)) | (Value::Text(text), Value::DateTime(time)) => {
            let same = |read: DateTime| DateTime { precision: time.precision, ..read } == time;
            DateTime::parse(&text).is_some_and(same)
        }
        _ => false,
    }
}

fn key_of(keyed: &Keyed<'_, '_>) -> BTreeMap<String, Cell> {
    let [before, after] = &keyed.columns;
    let table = keyed.change.table();
    let cell = |index: &usize| {
        let column = [before, after].into_iter().find_map(|columns| columns.get(*index)?.as_ref());
        Some((table.columns().get(*index)?.name.to_string(), Cell::of(column)))
    };
    keyed.identity.iter().flat_map(|identity| identity.indexes()).filter_map(cell).collect()
}
