//! [`Trail::state`]: the rows of a table as of a place.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::key::Identity;
use super::repeats::Repeats;
use super::rows::{RowCounts, TableRows};
use super::{AsOf, Budget, MAX_BYTES, json_lines};
use crate::change::{Change, Op};
use crate::document;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::TableName;
use crate::position::{Csn, Position};
use crate::schema::TableDef;
use crate::source::{Notice, NoticeKind, ReadOptions, ReadReport, Reader, Trail, UnfinishedReport, Wanted};

/// Which rows [`Trail::state`] returns. It is a document too, whose schema is `docs/schema/state-options.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "Which rows of a table, as of which place."))]
#[serde(deny_unknown_fields)]
pub struct StateOptions {
    /// Name of the table, as the trail has it or in GoldenGate's spelling, in which double quotes keep case and dots. Case does not
    /// matter outside of quotes, unless a table has exactly this name.
    pub(crate) table: Box<str>,
    /// The last place whose changes count: `SEQNO:RBA`, a UTC time, or `csn:NUMBER`; the end of the trail if it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<AsOf>,
    /// The columns that identify a row, in place of the key in the definition of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<Vec<Box<str>>>,
    /// The maximum memory of the rows while they are read, in bytes. More is an error. The result takes about as much again.
    #[serde(default = "max_bytes")]
    pub(crate) max_bytes: u64,
}

pub(super) fn max_bytes() -> u64 {
    MAX_BYTES
}

impl StateOptions {
    /// Returns the options for all rows of a table at the end of a trail, in at most one gigabyte (2³⁰ bytes) of memory.
    #[must_use]
    pub fn new(table: &str) -> Self {
        Self { table: table.into(), at: None, key: None, max_bytes: MAX_BYTES }
    }

    /// Reads options from a JSON document.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the document does not have the form of its schema.
    pub fn from_json(text: &str) -> Result<Self> {
        document::parse(text)
    }

    /// Sets the last place whose changes count.
    #[must_use]
    pub fn at(self, at: AsOf) -> Self {
        Self { at: Some(at), ..self }
    }

    /// Sets the columns that identify a row, in place of the key in the definition.
    #[must_use]
    pub fn key<S: AsRef<str>>(self, columns: &[S]) -> Self {
        Self { key: Some(columns.iter().map(|name| name.as_ref().into()).collect()), ..self }
    }

    /// Sets the maximum memory of the rows in bytes.
    #[must_use]
    pub fn max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }
}

/// The rows of a table as of a place. See [`Trail::state`].
#[derive(Clone, Debug)]
pub struct State {
    /// The rows, each as an insert with position, CSN, transaction id and time of its last change, in the order of these
    /// positions.
    pub rows: Trail,
    /// The facts about them.
    pub report: StateReport,
    /// The damage, or the torn end of a trail that is being written, at which reading ended: the rows are those before it.
    pub failure: Option<Error>,
}

/// `state`: the facts about the rows of a table as of a place.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StateReport {
    /// Name of the table.
    pub table: String,
    /// The place that was asked for.
    pub at: Option<AsOf>,
    /// The columns that identify a row.
    pub key: Vec<String>,
    /// The table has no key: all its columns identify a row, and equal rows are counted.
    pub is_keyless: bool,
    /// Rows.
    pub rows: u64,
    /// Rows that lack the value of a column: the trail does not hold their start, or no change of the row has the column.
    pub incomplete: u64,
    /// Changes of the table up to the place.
    pub changes: u64,
    /// Truncates among them, and DDL that truncates or drops the table.
    pub truncates: u64,
    /// Updates of rows that were not there. Each of them is a row now, of the columns that the update has.
    pub unseen_updates: u64,
    /// Deletes of rows that were not there.
    pub unseen_deletes: u64,
    /// Rows that an insert or a key update has replaced, although nothing deleted them.
    pub overwritten: u64,
    /// Changes without all columns of the key. They could not be carried out, except for the new row of a key update.
    pub unidentified: u64,
    /// Changes that are left out, because their transaction breaks off and the trail writes it again.
    pub repeated: u64,
    /// Unfinished transactions up to the place that the trail does not write again. Their changes are carried out.
    pub uncommitted: u64,
    /// DDL of the table that is not carried out, such as ALTER TABLE; its effect on columns is in the definitions.
    pub ddl: u64,
    /// The error that ended the reading early: the rows are those before it.
    pub error: Option<String>,
    /// The report of the reading.
    #[serde(flatten)]
    pub read: ReadReport,
}

impl StateReport {
    /// Returns the report as a JSON document.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`].
    pub fn to_json(&self) -> Result<String> {
        document::write(self)
    }

    /// Returns what is incomplete or doubtful in the rows, in sentences without column data. What the reading has left out is in
    /// [`ReadReport::notices`].
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        let doubts = [
            (self.incomplete, "row is incomplete", "rows are incomplete", ": the trail does not show all columns"),
            (self.unseen_updates, "update is of a row that was not there", "updates are of rows that were not there", ""),
            (self.unseen_deletes, "delete is of a row that was not there", "deletes are of rows that were not there", ""),
            (self.overwritten, "row was replaced", "rows were replaced", " without a delete"),
            (
                self.unidentified,
                "change lacks columns of the key",
                "changes lack columns of the key",
                ", so nothing was carried out",
            ),
        ];
        let notice = |(number, one, several, why): (u64, &str, &str, &str)| {
            let what = if number == 1 { one } else { several };
            Notice { kind: NoticeKind::Inexact, text: format!("{}: {number} {what}{why}", self.table) }
        };
        doubts.into_iter().filter(|doubt| doubt.0 > 0).map(notice).collect()
    }

    /// Returns whether nothing was lost or doubtful on the way to the rows, and each of them is complete. An unfinished transaction that
    /// the trail does not write again is a doubt.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        let doubts = [
            self.incomplete,
            self.unseen_updates,
            self.unseen_deletes,
            self.overwritten,
            self.unidentified,
            self.read.undecided,
            self.uncommitted,
        ];
        doubts.iter().all(|count| *count == 0) && self.read.skipped.is_empty() && self.error.is_none()
    }
}

/// `state`: the report, and the rows as changes.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StateDocument {
    /// The report.
    pub report: StateReport,
    /// The rows as native JSON, each as an insert.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<serde_json::Value>"))]
    pub changes: Vec<Box<RawValue>>,
}

impl State {
    /// Returns report and rows as a document.
    ///
    /// # Errors
    /// [`ErrorKind::Json`] if a row cannot be written.
    pub fn document(self) -> Result<StateDocument> {
        Ok(StateDocument { changes: json_lines(&self.rows)?, report: self.report })
    }
}

impl Trail {
    /// Returns the rows of a table as of a place: what a `SELECT` would have returned there, as far as the trail shows it.
    ///
    /// A row is identified by the key in its definition, or by all columns if there is no key: then equal rows are counted, and an
    /// update or delete whose images lack a column is an error. Numbers of a key are compared by value, and characters of a fixed
    /// length without blanks at their end. Key updates move rows, truncates remove them, compressed updates keep the columns that
    /// they do not have. A column that no change of the row has is *missing*, not NULL. All rows are in the latest definition of the
    /// table; columns are matched by their names. A selection applies before: the rows are those of the selected changes only. Of a
    /// transaction that breaks off and that the trail writes again, the last writing counts; to leave out the others, the trail is
    /// read once more.
    ///
    /// Of a time or CSN, all transactions up to it and including it count, and of a position the change there too. Reading stops
    /// at the first later change.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::ReadOptions;
    /// use trailcore::analysis::StateOptions;
    ///
    /// let state = trail.state(&StateOptions::new("BANK.ACCOUNTS"), ReadOptions::new())?;
    /// let mut rows = state.rows.reader()?;
    /// while let Some(row) = rows.next()? {
    ///     println!("{:?}", row.after()?.and_then(|row| row.get("ACCOUNT_NO")).map(|id| id.value()));
    /// }
    /// assert_eq!(state.report.key, ["ACCOUNT_NO"]);
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// - [`ErrorKind::UnknownTable`] if the trail has no such table, [`ErrorKind::UndefinedTable`] if its columns are unknown.
    /// - [`ErrorKind::InvalidArgument`] if the place is of another kind than those of the trail, if the key has an unknown column, if
    ///   the table has no key and changes lack columns, and if the rows need more memory than allowed.
    /// - [`ErrorKind::SchemaChange`] if a new key has columns that earlier rows lack.
    /// - The errors of [`Reader::next`]. Damage and a torn end are not errors here: [`State::failure`] has them.
    pub fn state(&self, options: &StateOptions, read: ReadOptions) -> Result<State> {
        let read = read.include_non_changes(false);
        let name = TableName::new(&options.table);
        let read = read.for_table(&name);
        let mut wanted = Wanted::new(&name);
        match self.rows_once(&read, options, &mut wanted) {
            Err(_) if wanted.came_late() => self.rows_once(&read, options, &mut Wanted::exact(&name)),
            state => state,
        }
    }

    /// Reads the rows of a table, and once more if transactions turn out to be written again.
    fn rows_once(&self, read: &ReadOptions, options: &StateOptions, wanted: &mut Wanted) -> Result<State> {
        let mut repeats = Repeats::default();
        loop {
            let mut reader = self.reader_with(read.clone())?;
            let state = rows_of(&mut reader, options, wanted, &mut repeats);
            if !repeats.learn(reader.unfinished(), options.at.as_ref()) {
                return state;
            }
        }
    }
}

/// Reads the rows of a table.
fn rows_of(reader: &mut Reader, options: &StateOptions, wanted: &mut Wanted, repeats: &mut Repeats) -> Result<State> {
    let mut budget = Budget::new(options.max_bytes);
    let mut rows: Option<TableRows> = None;
    let mut ddl = 0;
    let (mut stopped, mut stopped_at, mut failure) = (false, None, None);
    loop {
        let change = match reader.next() {
            Ok(Some(change)) => change,
            Ok(None) => break,
            Err(error) if error.kind().is_damage() => {
                // Damage after the place does not matter.
                stopped = matches!(&options.at, Some(AsOf::Position(at)) if reader.position() > *at);
                failure = Some(error).filter(|_| !stopped);
                break;
            }
            Err(error) => return Err(error),
        };
        if let Some(at) = &options.at {
            if at.is_passed_by(&change)? {
                (stopped, stopped_at) = (true, Some(change.start()));
                break;
            }
        }
        if change.op() == Op::Ddl {
            if wanted.is_object(&change.table_name()) && !repeats.leaves_out(&change) {
                match &mut rows {
                    Some(rows) if empties(&change) => {
                        rows.clear(&mut budget);
                        rows.counts.truncates += 1;
                    }
                    _ => ddl += u64::from(!empties(&change)),
                }
            }
            continue;
        }
        if !wanted.is(&change)? || repeats.leaves_out(&change) {
            continue;
        }
        let rows = match &mut rows {
            Some(rows) => rows,
            none => {
                let rows = TableRows::new(change.table(), change.table_id(), options.key.as_deref());
                none.insert(rows.map_err(|error| change.locate(error))?)
            }
        };
        rows.apply(&change, &mut budget)?;
    }
    let read = reader.report();
    let (table, identity, seen, blocks, incomplete, number) = match rows {
        Some(mut rows) => {
            rows.end_transaction(&mut budget);
            let (blocks, incomplete) = rows.blocks()?;
            (Arc::clone(rows.table()?), rows.identity().clone(), rows.counts, blocks, incomplete, rows.len())
        }
        None => {
            if let Some(failure) = failure {
                return Err(failure);
            }
            let table = definition(reader, &TableName::new(&options.table), stopped)?;
            let identity = Identity::of(&table, options.key.as_deref())?;
            (table, identity, RowCounts::default(), Vec::new(), 0, 0)
        }
    };
    let report = StateReport {
        table: table.name().to_owned(),
        at: options.at.clone(),
        key: identity.names(&table),
        is_keyless: identity.is_keyless,
        rows: number,
        incomplete,
        changes: seen.changes,
        truncates: seen.truncates,
        unseen_updates: seen.unseen_updates,
        unseen_deletes: seen.unseen_deletes,
        overwritten: seen.overwritten,
        unidentified: seen.unidentified,
        repeated: repeats.left_out,
        uncommitted: uncommitted(&read, options.at.as_ref(), stopped_at),
        ddl,
        error: failure.as_ref().map(ToString::to_string),
        read,
    };
    Ok(State { rows: Trail::from_changes(blocks, vec![table]), report, failure })
}

/// Returns the number of unfinished transactions that a trail does not write again, except the ones known to be after the place.
fn uncommitted(read: &ReadReport, at: Option<&AsOf>, stopped_at: Option<Position>) -> u64 {
    let is_later = |one: &&UnfinishedReport| {
        let is_after_place = match (at, one.csn.as_deref()) {
            (Some(AsOf::Position(at)), _) => one.last > *at,
            (Some(AsOf::Csn(at)), Some(csn)) => Csn::compare(at.as_str(), csn).is_some_and(Ordering::is_gt),
            _ => false,
        };
        one.again.is_none() && (is_after_place || stopped_at.is_some_and(|stop| one.last >= stop))
    };
    let later = read.unfinished_transactions.iter().filter(is_later).count();
    read.never_finished().saturating_sub(later as u64)
}

/// Returns the definition of a table without changes so far. After a stop, the rest of the trail may have it.
pub(super) fn definition(reader: &mut Reader, name: &TableName, stopped: bool) -> Result<Arc<TableDef>> {
    let find = |reader: &Reader| reader.definition(name, |table| name.fits(table));
    match find(reader) {
        Err(error) if stopped && error.kind() == ErrorKind::UnknownTable => {}
        found => return found,
    }
    while let Some(change) = reader.next()? {
        if name.fits(change.table().name()) {
            break;
        }
    }
    find(reader)
}

/// Returns whether DDL removes all rows of its table.
pub(super) fn empties(ddl: &Change<'_>) -> bool {
    let text = ddl.ddl().map(|ddl| ddl.text().to_uppercase()).unwrap_or_default();
    let mut words = text.split_whitespace();
    matches!((words.next(), words.next()), (Some("TRUNCATE" | "DROP"), Some("TABLE")))
}
