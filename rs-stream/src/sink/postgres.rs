//! [`PostgresSink`]: applies changes to tables of PostgreSQL, in one transaction with the position.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use postgres::error::SqlState;
use postgres::{Client, NoTls};
use serde::{Deserialize, Serialize};
use trailcore::change::OwnedChange;
use trailcore::filter::nearest;
use trailcore::{Change, Error, ErrorKind, Op, Result, Row, Value};
use twox_hash::XxHash64;

use super::{Promise, Sink, taken_over};
use crate::checkpoint::Checkpoint;
use crate::options::Delivery;

/// The tables of a [`PostgresSink`].
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "Tables of PostgreSQL."))]
#[serde(deny_unknown_fields)]
pub struct PostgresOptions {
    /// The connection, such as `host=localhost user=lake dbname=lake password=${LAKE_PASSWORD}`. It is never printed.
    pub connection: String,
    /// The name under which the position is kept in the table `trailcore_position`. Two pipelines need two names.
    pub position: String,
    /// Names of tables and columns are in lower case in PostgreSQL.
    #[serde(default = "yes")]
    pub lower_case: bool,
    /// The handling of an insert whose row exists already, and of an update or delete whose row does not.
    #[serde(default)]
    pub conflicts: Conflicts,
}

fn yes() -> bool {
    true
}

impl fmt::Debug for PostgresOptions {
    /// Without the connection, which can have a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("position", &self.position)
            .field("conflicts", &self.conflicts)
            .finish_non_exhaustive()
    }
}

/// The handling of an insert whose row exists already, and of an update or delete whose row does not. All are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Conflicts {
    /// The change is refused.
    #[default]
    Refuse,
    /// As with HANDLECOLLISIONS: the insert replaces the row, an update without a row inserts it, a delete without a row does nothing.
    Overwrite,
    /// The change has no effect.
    Ignore,
}

/// Applies inserts, updates, deletes and truncates to tables that exist, in the source's transactions. The position is stored in the same
/// transaction, so each change is there exactly once.
///
/// Values are sent as text and converted by the server to the type of the column: numbers and times stay exact.
pub struct PostgresSink {
    options: PostgresOptions,
    client: Option<Client>,
    tables: HashMap<String, Target>,
    /// The number of the position's row, which each start and each commit of a writer increments; `None` until this one has claimed it.
    number: Option<i64>,
    /// The checkpoint of a commit without an answer.
    attempted: Option<String>,
    inside: bool,
    /// The transaction has a savepoint.
    has_savepoint: bool,
    /// Inserts into one table that are not sent yet.
    inserts: Vec<OwnedChange>,
    refused: Vec<(OwnedChange, Error)>,
    counts: BTreeMap<&'static str, u64>,
    /// The counts since the last commit.
    uncommitted: BTreeMap<&'static str, u64>,
    role: Role,
}

/// The task of a [`PostgresSink`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Role {
    /// It applies all changes, and stores the position.
    #[default]
    All,
    /// It stores the position for workers.
    Keeper,
    /// It applies changes of some rows.
    Worker,
}

impl fmt::Debug for PostgresSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSink").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Inserts that are sent together, at most.
const TOGETHER: usize = 1_000;

const REPLACED: &str = "inserts_replaced";
const IGNORED: &str = "inserts_ignored";
const NO_UPDATE: &str = "updates_without_row";
const NO_DELETE: &str = "deletes_without_row";
const COUNTS: [&str; 4] = [REPLACED, IGNORED, NO_UPDATE, NO_DELETE];

/// A table of the server.
#[derive(Clone, Debug)]
struct Target {
    /// Its quoted name.
    name: String,
    /// The types of its columns by name.
    types: HashMap<String, String>,
    /// The columns of its primary key; those of the trail's definition without one.
    key: Vec<String>,
}

/// A column of a change for a statement: its name in PostgreSQL, and its value as text.
type Cell = (String, Option<String>);

impl PostgresSink {
    /// Prepares the sink, without connecting.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if the position has no name.
    pub fn new(options: PostgresOptions) -> Result<Self> {
        if options.position.is_empty() {
            return Err(Error::new(ErrorKind::InvalidArgument, "the position has no name")
                .hint("set position to a name of this pipeline"));
        }
        let counts = COUNTS.map(|name| (name, 0)).into();
        let (client, tables, number, attempted, inside, has_savepoint) = Default::default();
        let (inserts, refused, uncommitted, role) = Default::default();
        Ok(Self {
            options,
            client,
            tables,
            number,
            attempted,
            inside,
            has_savepoint,
            inserts,
            refused,
            counts,
            uncommitted,
            role,
        })
    }

    /// Makes it the keeper of the position of workers.
    pub(super) fn keeping_for_workers(self) -> Self {
        Self { role: Role::Keeper, ..self }
    }

    /// Makes it one of several workers.
    pub(super) fn for_rows_of_a_worker(self) -> Self {
        Self { role: Role::Worker, ..self }
    }

    /// Returns how many transactions the server can keep prepared.
    pub(super) fn prepared_transactions(&mut self) -> Result<usize> {
        let row = self.client()?.query_one("SELECT current_setting('max_prepared_transactions')", &[]);
        let setting: String = row.map_err(|error| server_error(&error))?.get(0);
        Ok(setting.parse().unwrap_or(0))
    }

    /// Returns the start of the names of prepared transactions of this position.
    fn prefix(&self) -> String {
        format!("trailcore:{:016x}:", XxHash64::oneshot(0, self.options.position.as_bytes()))
    }

    /// Returns the start of the names of transactions that are prepared for the next commit.
    pub(super) fn next_name(&self) -> Result<String> {
        let number = self.number.ok_or_else(|| Error::internal("a commit before the position is claimed"))?;
        Ok(format!("{}{number}:", self.prefix()))
    }

    /// Prepares what was written since the last commit under a name. Returns whether there is anything.
    pub(super) fn prepare(&mut self, name: &str) -> Result<bool> {
        if !self.inside {
            return Ok(false);
        }
        self.client()?.batch_execute(&format!("PREPARE TRANSACTION '{name}'")).map_err(|error| server_error(&error))?;
        self.inside = false;
        Ok(true)
    }

    /// Commits a prepared transaction, or rolls it back.
    pub(super) fn end_prepared(&mut self, name: &str, commits: bool) -> Result<()> {
        let verb = if commits { "COMMIT" } else { "ROLLBACK" };
        self.client()?.batch_execute(&format!("{verb} PREPARED '{name}'")).map_err(|error| server_error(&error))
    }

    /// Stores the position, which commits what is prepared for this number.
    pub(super) fn decide(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let Some(number) = self.number else { return Err(Error::internal("a commit before the position is claimed")) };
        let (name, text) = (self.options.position.clone(), checkpoint.to_json()?);
        self.attempted = Some(text.clone());
        let store =
            "UPDATE trailcore_position SET number = number + 1, checkpoint = $2, decided = $3 WHERE name = $1 AND number = $3";
        let stored = self.client()?.execute(store, &[&name, &text, &number]).map_err(|error| server_error(&error))?;
        self.attempted = None;
        if stored == 0 {
            self.number = None;
            return Err(taken_over());
        }
        self.number = Some(number + 1);
        Ok(())
    }

    /// Returns whether the answer of a commit is lost.
    pub(super) fn is_undecided(&self) -> bool {
        self.attempted.is_some()
    }

    /// Ends what a crash has left prepared: it is committed if the position was stored for it, else rolled back.
    fn resolve(&mut self) -> Result<()> {
        let (prefix, name) = (self.prefix(), self.options.position.clone());
        let left = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database() AND starts_with(gid, $1)";
        let left = self.client()?.query(left, &[&prefix]).map_err(|error| server_error(&error))?;
        if left.is_empty() {
            return Ok(());
        }
        let decided = self.client()?.query_one("SELECT decided FROM trailcore_position WHERE name = $1", &[&name]);
        let decided: Option<i64> = decided.map_err(|error| server_error(&error))?.get(0);
        for row in left {
            let gid: String = row.get(0);
            let number =
                gid.strip_prefix(&prefix).and_then(|rest| rest.split_once(':')).and_then(|(number, _)| number.parse().ok());
            let commits = decided.is_some() && number == decided;
            tracing::info!(transaction = gid, commits, "a prepared transaction is ended");
            self.end_prepared(&gid.replace('\'', "''"), commits)?;
        }
        Ok(())
    }

    /// Adds the counts since the last commit to those of all commits.
    pub(super) fn count_committed(&mut self) {
        for (name, count) in std::mem::take(&mut self.uncommitted) {
            *self.counts.entry(name).or_default() += count;
        }
    }

    /// Asks for the columns of tables again.
    pub(super) fn forget_tables(&mut self) {
        self.tables.clear();
    }

    /// Checks that the rows of a table do not depend on each other, nor on those of other tables: then workers need not wait for each
    /// other, and each row is one worker's.
    fn check_rows(&mut self, change: &Change<'_>, name: &str, key: &[String]) -> Result<()> {
        let refused = |why: &str| {
            let what = format!("the table {name} {why}: its changes cannot be applied by several workers");
            Err(Error::new(ErrorKind::InvalidArgument, what)
                .hint("set workers to 1 for this table, in a pipeline of its own if others need more"))
        };
        let mut own: Vec<_> = change.table().key().map(|column| self.spelt(&column.name)).collect();
        let mut primary = key.to_vec();
        own.sort_unstable();
        primary.sort_unstable();
        if primary.is_empty() || own != primary {
            return refused("has no primary key, or another one than the trail");
        }
        let depends = "SELECT EXISTS (SELECT FROM pg_constraint WHERE contype IN ('f', 'x') AND to_regclass($1) IN (conrelid, confrelid)) \
                       OR EXISTS (SELECT FROM pg_index WHERE indrelid = to_regclass($1) AND indisunique AND NOT indisprimary) \
                       OR EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass($1) AND NOT tgisinternal)";
        let row = self.client()?.query_one(depends, &[&name]).map_err(|error| server_error(&error))?;
        if row.get(0) { refused("has a foreign key, another unique index, an exclusion constraint or a trigger") } else { Ok(()) }
    }

    fn client(&mut self) -> Result<&mut Client> {
        if self.client.as_ref().is_some_and(Client::is_closed) {
            self.client = None;
        }
        match &mut self.client {
            Some(client) => Ok(client),
            empty => {
                let mut client = Client::connect(&self.options.connection, NoTls).map_err(|error| server_error(&error))?;
                if self.role == Role::Worker {
                    // Nothing but another writer's rows can make it wait.
                    client.batch_execute("SET lock_timeout = '30s'").map_err(|error| server_error(&error))?;
                }
                Ok(empty.insert(client))
            }
        }
    }

    /// Increments the number of the position's row, so that no other writer can commit. Returns the number and the checkpoint.
    fn claim(&mut self) -> Result<(i64, Option<String>)> {
        let create = "CREATE TABLE IF NOT EXISTS trailcore_position \
                      (name text PRIMARY KEY, number bigint NOT NULL, checkpoint text, decided bigint)";
        let claim = "INSERT INTO trailcore_position AS at (name, number) VALUES ($1, 1) \
                     ON CONFLICT (name) DO UPDATE SET number = at.number + 1 RETURNING number, checkpoint";
        let (name, for_workers) = (self.options.position.clone(), self.role == Role::Keeper);
        let client = self.client()?;
        client.batch_execute(create).map_err(|error| server_error(&error))?;
        if for_workers {
            // The table may be from an earlier release.
            let add = "ALTER TABLE trailcore_position ADD COLUMN IF NOT EXISTS decided bigint";
            client.batch_execute(add).map_err(|error| server_error(&error))?;
        }
        let row = client.query_one(claim, &[&name]).map_err(|error| server_error(&error))?;
        Ok((row.get(0), row.get(1)))
    }

    /// Returns the number and the checkpoint of the position's row, if there is one. `lock` is empty or `FOR UPDATE`.
    fn position(&mut self, lock: &str) -> Result<Option<(i64, Option<String>)>> {
        let name = self.options.position.clone();
        let client = self.client()?;
        let exists = client.query_one("SELECT to_regclass('trailcore_position') IS NOT NULL", &[]);
        if !exists.map_err(|error| server_error(&error))?.get::<_, bool>(0) {
            return Ok(None);
        }
        let select = format!("SELECT number, checkpoint FROM trailcore_position WHERE name = $1 {lock}");
        let row = client.query_opt(&select, &[&name]);
        Ok(row.map_err(|error| server_error(&error))?.map(|row| (row.get(0), row.get(1))))
    }

    fn spelt(&self, name: &str) -> String {
        if self.options.lower_case { name.to_lowercase() } else { name.to_owned() }
    }

    /// Returns the target of a change's table, whose columns it asks for once.
    fn target(&mut self, change: &Change<'_>) -> Result<Target> {
        let own = change.table_name();
        if let Some(target) = self.tables.get(&*own) {
            return Ok(target.clone());
        }
        let parts: Vec<_> = own.rsplit('.').take(2).map(|part| self.spelt(part)).collect();
        let name = parts.iter().rev().map(|part| quoted(part)).collect::<Vec<_>>().join(".");
        let columns = "SELECT a.attname, format_type(a.atttypid, a.atttypmod), \
                       coalesce(a.attnum = ANY (i.indkey), false) \
                       FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary \
                       WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped";
        let rows = self.client()?.query(columns, &[&name]).map_err(|error| server_error(&error))?;
        if rows.is_empty() {
            let what = format!("PostgreSQL has no table {name} for {own}");
            return Err(Error::new(ErrorKind::InvalidArgument, what).hint("create it, or name another one with MAP … TARGET"));
        }
        let types: HashMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let mut key: Vec<String> = rows.iter().filter(|row| row.get(2)).map(|row| row.get(0)).collect();
        if self.role == Role::Worker {
            self.check_rows(change, &name, &key)?;
        }
        if key.is_empty() {
            key = change.table().key().map(|column| self.spelt(&column.name)).collect();
        }
        for column in change.table().columns() {
            let spelt = self.spelt(&column.name);
            if !types.contains_key(&spelt) {
                let near = nearest(&spelt, types.keys().map(String::as_str))
                    .map(|near| format!("; did you mean {near}?"))
                    .unwrap_or_default();
                let what = format!("the table {name} of PostgreSQL has no column {spelt}{near}");
                return Err(Error::new(ErrorKind::InvalidArgument, what).hint("add it, or leave it out with drop or COLSEXCEPT"));
            }
        }
        let target = Target { name, types, key };
        self.tables.insert(own.into_owned(), target.clone());
        Ok(target)
    }

    /// Returns the columns of an image. Missing and unchanged ones are left out.
    fn cells(&self, change: &Change<'_>, row: Option<Row<'_>>) -> Result<Vec<Cell>> {
        let Some(row) = row else { return Ok(Vec::new()) };
        let mut cells = Vec::new();
        for column in row.columns() {
            let column = column.map_err(|fault| change.error(fault))?;
            let text = match column.value() {
                Value::Null => None,
                Value::Unchanged => continue,
                Value::Text(text) => Some(text.into_owned()),
                Value::Number(number) => Some(number.to_string()),
                Value::DateTime(time) => Some(time.to_string()),
                Value::Bytes(bytes) => Some(format!("\\x{}", hex(bytes))),
                _ => {
                    let what = format!(
                        "column {} of {}, change at {}: the value cannot be decoded",
                        column.name(),
                        change.table_name(),
                        change.position()
                    );
                    return Err(Error::new(ErrorKind::Value, what));
                }
            };
            cells.push((self.spelt(&column.name()), text));
        }
        Ok(cells)
    }

    /// Begins the transaction of the next commit.
    fn begin(&mut self) -> Result<()> {
        if !self.inside {
            self.client()?.batch_execute("BEGIN").map_err(|error| server_error(&error))?;
            (self.inside, self.has_savepoint) = (true, false);
        }
        Ok(())
    }

    /// Sends the inserts that wait. If one of them fails, they are sent one by one, and the wrong ones are refused.
    fn send_inserts(&mut self) -> Result<()> {
        let inserts = std::mem::take(&mut self.inserts);
        if inserts.is_empty() || self.guarded(|sink| sink.insert(&inserts))?.is_none() {
            return Ok(());
        }
        for one in inserts {
            if let Some(error) = self.guarded(|sink| sink.insert(std::slice::from_ref(&one)))? {
                self.refused.push((one, error));
            }
        }
        Ok(())
    }

    /// Runs statements after a savepoint. Returns the error of statements that the data are wrong for, whose effects are undone.
    fn guarded(&mut self, run: impl FnOnce(&mut Self) -> Result<()>) -> Result<Option<Error>> {
        // The one before is released: each that is kept would make the server slower for all statements after it.
        let renew = if self.has_savepoint { "RELEASE SAVEPOINT trailcore; SAVEPOINT trailcore" } else { "SAVEPOINT trailcore" };
        self.client()?.batch_execute(renew).map_err(|error| server_error(&error))?;
        self.has_savepoint = true;
        match run(self) {
            Ok(()) => Ok(None),
            Err(error) if error.kind() == ErrorKind::Value => {
                self.client()?.batch_execute("ROLLBACK TO SAVEPOINT trailcore").map_err(|error| server_error(&error))?;
                Ok(Some(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Inserts rows of one table with the same columns.
    fn insert(&mut self, changes: &[OwnedChange]) -> Result<()> {
        let Some(first) = changes.first() else { return Ok(()) };
        let first = first.as_change();
        let target = self.target(&first)?;
        let mut columns: Vec<(String, Vec<Option<String>>)> = Vec::new();
        for change in changes {
            let change = change.as_change();
            for (place, (name, value)) in self.cells(&change, change.after()?)?.into_iter().enumerate() {
                match columns.get_mut(place) {
                    Some((_, values)) => values.push(value),
                    None => columns.push((name, vec![value])),
                }
            }
        }
        let names: Vec<_> = columns.iter().map(|(name, _)| quoted(name)).collect();
        let casts: Vec<_> = columns.iter().map(|(name, _)| format!("u.{}::{}", quoted(name), target.type_of(name))).collect();
        let arrays: Vec<_> = (1..=columns.len()).map(|number| format!("${number}::text[]")).collect();
        let (list, casts) = (names.join(", "), casts.join(", "));
        let mut sql =
            format!("INSERT INTO {} ({list}) SELECT {casts} FROM unnest({}) AS u({list})", target.name, arrays.join(", "));
        let key = target.key.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
        match self.options.conflicts {
            Conflicts::Refuse => {}
            Conflicts::Ignore => sql += " ON CONFLICT DO NOTHING",
            Conflicts::Overwrite if key.is_empty() => {}
            Conflicts::Overwrite => {
                let set: Vec<_> = names.iter().map(|name| format!("{name} = excluded.{name}")).collect();
                sql += &format!(" ON CONFLICT ({key}) DO UPDATE SET {} RETURNING (xmax <> 0)", set.join(", "));
            }
        }
        let values: Vec<&(dyn postgres::types::ToSql + Sync)> = columns.iter().map(|(_, values)| values as _).collect();
        match self.options.conflicts {
            Conflicts::Overwrite => {
                let rows = self.client()?.query(&sql, &values).map_err(|error| failed(&first, &error))?;
                self.count(REPLACED, rows.iter().filter(|row| row.try_get(0).unwrap_or(false)).count() as u64);
            }
            Conflicts::Refuse | Conflicts::Ignore => {
                let inserted = self.client()?.execute(&sql, &values).map_err(|error| failed(&first, &error))?;
                self.count(IGNORED, (changes.len() as u64).saturating_sub(inserted));
            }
        }
        Ok(())
    }

    fn count(&mut self, name: &'static str, by: u64) {
        *self.uncommitted.entry(name).or_default() += by;
    }

    /// Applies an update, delete or truncate.
    fn apply(&mut self, change: &Change<'_>) -> Result<()> {
        let target = self.target(change)?;
        let (before, after) = change.images()?;
        let (before, after) = (self.cells(change, before)?, self.cells(change, after)?);
        if change.op() == Op::Truncate {
            let sql = format!("TRUNCATE {}", target.name);
            return self.client()?.batch_execute(&sql).map_err(|error| failed(change, &error));
        }
        let old = if before.is_empty() { &after } else { &before };
        let value_of = |name: &str| old.iter().chain(&after).find(|(known, _)| known == name);
        let mut key: Vec<&Cell> = target.key.iter().filter_map(|name| value_of(name)).collect();
        if key.len() < target.key.len() || key.is_empty() {
            key = old.iter().collect();
        }
        let mut values: Vec<&Option<String>> = Vec::new();
        let mut place = |name: &str, value| {
            values.push(value);
            format!("{} = ${}::text::{}", quoted(name), values.len(), target.type_of(name))
        };
        let set = if change.op() == Op::Delete {
            Vec::new()
        } else {
            after.iter().map(|(name, value)| place(name, value)).collect::<Vec<_>>()
        };
        let wheres: Vec<_> = key
            .iter()
            .map(|(name, value)| if value.is_some() { place(name, value) } else { format!("{} IS NULL", quoted(name)) })
            .collect();
        let (name, wheres) = (&target.name, wheres.join(" AND "));
        let sql = match change.op() {
            Op::Delete => format!("DELETE FROM {name} WHERE {wheres}"),
            _ => format!("UPDATE {name} SET {} WHERE {wheres}", set.join(", ")),
        };
        let values: Vec<&(dyn postgres::types::ToSql + Sync)> = values.iter().map(|value| *value as _).collect();
        let rows = self.client()?.execute(&sql, &values).map_err(|error| failed(change, &error))?;
        if rows > 0 {
            return Ok(());
        }
        match self.options.conflicts {
            Conflicts::Refuse => {
                let what = format!("{name} has no row for the {} at {}", change.op(), change.position());
                Err(Error::new(ErrorKind::Value, what)
                    .hint("set conflicts to overwrite or ignore while the table is being loaded"))
            }
            Conflicts::Overwrite if change.op() != Op::Delete => {
                self.insert(&[change.to_owned()])?;
                self.count(NO_UPDATE, 1);
                Ok(())
            }
            _ => {
                self.count(if change.op() == Op::Delete { NO_DELETE } else { NO_UPDATE }, 1);
                Ok(())
            }
        }
    }

    /// Returns whether a change can be sent together with the inserts that wait: same table, same columns.
    fn joins(&self, change: &Change<'_>) -> Result<bool> {
        let Some(first) = self.inserts.first() else { return Ok(true) };
        let first = first.as_change();
        let columns = |change: &Change<'_>| -> Result<Vec<usize>> {
            let row = change.after()?;
            Ok(row
                .iter()
                .flat_map(|row| row.columns())
                .filter_map(std::result::Result::ok)
                .map(|column| column.index())
                .collect())
        };
        // With ON CONFLICT DO UPDATE, a statement must not have a key twice.
        let alone = self.options.conflicts == Conflicts::Overwrite;
        Ok(!alone
            && self.inserts.len() < TOGETHER
            && first.table_name() == change.table_name()
            && columns(&first)? == columns(change)?)
    }
}

impl Target {
    fn type_of(&self, column: &str) -> &str {
        self.types.get(column).map_or("text", String::as_str)
    }
}

/// Returns a name as an SQL identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the error of a server that cannot be reached, or has another problem than the data.
fn server_error(error: &postgres::Error) -> Error {
    let what =
        error.as_db_error().map_or_else(|| error.to_string(), |error| format!("{} ({})", error.message(), error.code().code()));
    Error::new(ErrorKind::Io, format!("PostgreSQL: {what}"))
}

/// Returns the error of a statement: of the data, if its class is 22 or 23 (data exception, constraint). It has no values: the server's
/// message can contain them.
fn failed(change: &Change<'_>, error: &postgres::Error) -> Error {
    let code = error.code().map_or("", SqlState::code);
    if !code.starts_with("22") && !code.starts_with("23") {
        return server_error(error);
    }
    let facts = error.as_db_error();
    let constraint = facts.and_then(|facts| facts.constraint()).map(|name| format!(", constraint {name}")).unwrap_or_default();
    let column = facts.and_then(|facts| facts.column()).map(|name| format!(", column {name}")).unwrap_or_default();
    let (op, at, table) = (change.op(), change.position(), change.table_name());
    Error::new(ErrorKind::Value, format!("PostgreSQL refuses the {op} of {table} at {at}: SQLSTATE {code}{constraint}{column}"))
}

impl Sink for PostgresSink {
    fn promise(&self) -> Promise {
        Promise::ExactlyOnce
    }

    fn unit(&self) -> Delivery {
        Delivery::Transactions
    }

    fn load(&mut self) -> Result<Option<Checkpoint>> {
        self.roll_back()?;
        self.tables.clear();
        let (number, checkpoint) = match self.number.take() {
            None => self.claim()?,
            // It waits for a commit that the server has not ended.
            Some(own) => match self.position("FOR UPDATE").inspect_err(|_| self.number = Some(own))? {
                Some(row) if row.0 == own => row,
                // The commit has succeeded, and its answer is lost.
                Some(row) if row.0 == own + 1 && row.1.is_some() && row.1 == self.attempted => row,
                _ => return Err(taken_over()),
            },
        };
        self.number = Some(number);
        self.attempted = None;
        self.resolve()?;
        checkpoint.as_deref().map(Checkpoint::from_json).transpose()
    }

    fn peek(&mut self) -> Result<Option<Checkpoint>> {
        let checkpoint = self.position("")?.and_then(|(_, checkpoint)| checkpoint);
        checkpoint.as_deref().map(Checkpoint::from_json).transpose()
    }

    fn write(&mut self, change: &Change<'_>) -> Result<()> {
        match change.op() {
            Op::Insert => {
                self.cells(change, change.after()?)?;
                if !self.joins(change)? {
                    self.begin()?;
                    self.send_inserts()?;
                }
                self.inserts.push(change.to_owned());
                Ok(())
            }
            Op::Update | Op::PkUpdate | Op::Delete | Op::Truncate => {
                self.begin()?;
                self.send_inserts()?;
                match self.guarded(|sink| sink.apply(change))? {
                    Some(error) => Err(error),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn take_refused(&mut self) -> Result<Vec<(OwnedChange, Error)>> {
        if !self.inserts.is_empty() {
            self.begin()?;
            self.send_inserts()?;
        }
        Ok(std::mem::take(&mut self.refused))
    }

    fn commit(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let Some(number) = self.number else { return Err(Error::internal("a commit before the position is claimed")) };
        self.begin()?;
        self.send_inserts()?;
        if let Some((_, error)) = self.refused.pop() {
            // Its caller has not asked for it.
            return Err(error);
        }
        let (name, text) = (self.options.position.clone(), checkpoint.to_json()?);
        let mut store = "UPDATE trailcore_position SET number = number + 1, checkpoint = $2 WHERE name = $1 AND number = $3";
        if crate::point::has_bug("fencing off") {
            store = "UPDATE trailcore_position SET number = number + 1, checkpoint = $2 WHERE name = $1 AND $3::bigint > 0";
        }
        let stored = self.client()?.execute(store, &[&name, &text, &number]);
        if stored.map_err(|error| server_error(&error))? == 0 {
            self.number = None;
            self.roll_back()?;
            return Err(taken_over());
        }
        crate::point::reach("position written");
        self.attempted = Some(text);
        self.client()?.batch_execute("COMMIT").map_err(|error| server_error(&error))?;
        self.inside = false;
        self.attempted = None;
        self.number = Some(number + 1);
        self.count_committed();
        Ok(())
    }

    fn roll_back(&mut self) -> Result<()> {
        self.inserts.clear();
        self.refused.clear();
        self.uncommitted.clear();
        if std::mem::take(&mut self.inside) {
            // A connection that is lost has been rolled back by the server.
            if let Some(client) = &mut self.client {
                if client.batch_execute("ROLLBACK").is_err() {
                    self.client = None;
                }
            }
        }
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        let may = "SELECT CASE WHEN to_regclass('trailcore_position') IS NULL \
                   THEN has_schema_privilege(current_schema(), 'CREATE') \
                   ELSE has_table_privilege(to_regclass('trailcore_position'), 'INSERT') \
                   AND has_table_privilege(to_regclass('trailcore_position'), 'UPDATE') END";
        let row = self.client()?.query_one(may, &[]).map_err(|error| server_error(&error))?;
        if row.get::<_, Option<bool>>(0) == Some(true) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Io, "PostgreSQL: the user may not write the table trailcore_position")
            .hint("grant INSERT, SELECT and UPDATE on it, or create it for the user"))
    }

    fn counts(&self) -> Vec<(&'static str, u64)> {
        self.counts.iter().map(|(name, count)| (*name, *count)).collect()
    }
}
