//! [`TableRows`]: the rows of one table, kept up to date by its changes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;
use std::sync::Arc;

use super::Budget;
use super::key::{Columns, Displaced, Identity, images, is_known, places};
use crate::change::image::{ImageBuilder, RowForm};
use crate::change::{
    Builder, Change, ChangeBlock, ChangeContext, Column, FileContext, Op, Row, TransactionIndicator, put_value, values_context,
};
use crate::error::{Error, ErrorKind, Result};
use crate::position::Position;
use crate::schema::{TableDef, TableId};
use crate::time::Timestamp;

/// Memory of a row beside its key and its image.
const ROW_BYTES: u64 = 200;

/// Counts of the effects of changes that the rows do not show.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RowCounts {
    pub(super) changes: u64,
    pub(super) truncates: u64,
    pub(super) unseen_updates: u64,
    pub(super) unseen_deletes: u64,
    pub(super) overwritten: u64,
    pub(super) unidentified: u64,
}

/// The rows of a table.
#[derive(Debug)]
pub(super) struct TableRows {
    /// The key that the caller asked for, in place of the definitions' own.
    asked: Option<Vec<Box<str>>>,
    /// A definition that has the types of texts in its keys.
    types: Option<Arc<TableDef>>,
    /// The definitions, in order. A row belongs to the one of its last change, and is converted when it is next needed.
    versions: Vec<Version>,
    table_id: TableId,
    identity: Identity,
    rows: HashMap<Box<[u8]>, StoredRow>,
    displaced: Displaced<StoredRow>,
    /// The last texts of CSN and transaction id, which rows share.
    ids: (Option<Arc<str>>, Option<Arc<str>>),
    pub(super) counts: RowCounts,
}

#[derive(Debug)]
struct Version {
    table: Arc<TableDef>,
    /// The index here of each column of the version before.
    from_previous: Vec<Option<usize>>,
}

/// A row: its columns in the wide form, and the change that left it.
#[derive(Clone, Debug)]
struct StoredRow {
    list: Box<[u8]>,
    version: usize,
    /// Equal rows, of a table without a key.
    copies: u64,
    file: Arc<Path>,
    position: Position,
    time: Timestamp,
    ids: (Option<Arc<str>>, Option<Arc<str>>),
}

impl TableRows {
    pub(super) fn new(table: &Arc<TableDef>, table_id: TableId, asked: Option<&[Box<str>]>) -> Result<Self> {
        Ok(Self {
            asked: asked.map(<[_]>::to_vec),
            types: None,
            versions: vec![Version { table: Arc::clone(table), from_previous: Vec::new() }],
            table_id,
            identity: Identity::of(table, asked)?,
            rows: HashMap::new(),
            displaced: Displaced::default(),
            ids: (None, None),
            counts: RowCounts::default(),
        })
    }

    /// Takes texts in its keys for what the columns are in a definition with types. It must have no rows yet.
    pub(super) fn with_types(self, table: &TableDef, types: Option<Arc<TableDef>>) -> Self {
        let identity = match &types {
            Some(types) => self.identity.with_types(table, types),
            None => self.identity,
        };
        Self { identity, types, ..self }
    }

    /// Returns the latest definition.
    pub(super) fn table(&self) -> Result<&Arc<TableDef>> {
        let latest = self.versions.last().map(|version| &version.table);
        latest.ok_or_else(|| Error::internal("rows without a definition"))
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(super) fn len(&self) -> u64 {
        self.rows.values().map(|row| row.copies).sum()
    }

    /// Carries out a change of the table.
    pub(super) fn apply(&mut self, change: &Change<'_>, budget: &mut Budget) -> Result<()> {
        if change.op() == Op::Truncate {
            self.clear(budget);
            self.counts.truncates += 1;
            self.counts.changes += 1;
            return Ok(());
        }
        self.meet(change, budget)?;
        if self.displaced.is_over(change) {
            self.end_transaction(budget);
        }
        let [before, after] = images(change)?;
        self.counts.changes += 1;
        match change.op() {
            Op::Insert => self.insert(change, &after, budget),
            Op::Delete => self.delete(change, &before, &after, budget),
            _ => self.update(change, &before, &after, budget),
        }
    }

    /// Removes all rows.
    pub(super) fn clear(&mut self, budget: &mut Budget) {
        // Not `drain`: its cost would be that of the largest number of rows at every truncate.
        for (key, row) in std::mem::take(&mut self.rows) {
            budget.free(row.cost(&key));
        }
        self.displaced.drain().for_each(|(key, row)| budget.free(row.cost(&key)));
    }

    /// Ends a transaction. Two rows cannot have one key then, so the rows that did not leave are overwritten.
    pub(super) fn end_transaction(&mut self, budget: &mut Budget) {
        for (key, row) in self.displaced.drain() {
            self.counts.overwritten += 1;
            budget.free(row.cost(&key));
        }
    }

    fn insert(&mut self, change: &Change<'_>, after: &Columns<'_>, budget: &mut Budget) -> Result<()> {
        let (key, is_whole) = self.identity.key([after, &Vec::new()]);
        if !is_whole && !self.identity.is_keyless {
            self.counts.unidentified += 1;
            return Ok(());
        }
        let row = self.row(change, [after, &Vec::new(), &Vec::new()])?;
        if self.put(key, row, change, budget)?.is_some() {
            self.counts.overwritten += 1;
        }
        Ok(())
    }

    fn delete(&mut self, change: &Change<'_>, before: &Columns<'_>, after: &Columns<'_>, budget: &mut Budget) -> Result<()> {
        let (key, is_whole) = self.identity.key([before, after]);
        if !self.identifies(change, is_whole)? {
            return Ok(());
        }
        if self.take(&key, true, budget).is_none() {
            self.counts.unseen_deletes += 1;
        }
        Ok(())
    }

    fn update(&mut self, change: &Change<'_>, before: &Columns<'_>, after: &Columns<'_>, budget: &mut Budget) -> Result<()> {
        // Both keys are made of the same columns, so both are whole or neither is.
        let (old, is_whole) = self.identity.key([before, after]);
        let (new, _) = self.identity.key([after, before]);
        if !self.identifies(change, is_whole)? {
            return Ok(());
        }
        let moves = old != new;
        if change.op() == Op::PkUpdate && !moves && !self.has_key(before) {
            // The row that it moved keeps its old key here.
            self.counts.unidentified += 1;
        }
        let earlier = self.take(&old, moves, budget);
        let row = match &earlier {
            Some(earlier) => {
                let converted = self.converted(earlier)?;
                let list = converted.as_deref().unwrap_or(&earlier.list);
                let table = Arc::clone(self.table()?);
                let known = columns_of(list, &table);
                self.row(change, [after, before, &known])?
            }
            None => {
                self.counts.unseen_updates += 1;
                self.row(change, [after, before, &Vec::new()])?
            }
        };
        if let Some((key, displaced)) = self.put(new, row, change, budget)? {
            budget.take(displaced.cost(&key), change, WHAT)?;
            self.displaced.push(key, displaced);
        }
        Ok(())
    }

    /// Returns whether a change identifies its row, and counts it otherwise.
    fn identifies(&mut self, change: &Change<'_>, is_whole: bool) -> Result<bool> {
        if !is_whole && self.identity.is_keyless {
            let what =
                format!("table {} has no key, and a change lacks columns that could identify its row", change.table().name());
            let error = Error::new(ErrorKind::InvalidArgument, what);
            return Err(change.locate(error.hint("name the columns that identify a row with the option key")));
        }
        self.counts.unidentified += u64::from(!is_whole);
        Ok(is_whole)
    }

    fn has_key(&self, columns: &Columns<'_>) -> bool {
        self.identity.indexes().iter().any(|index| columns.get(*index).is_some_and(Option::is_some))
    }

    /// Puts a row in its place, and returns the row that was there, with its key. Equal rows of a table without a key are counted.
    fn put(
        &mut self,
        key: Box<[u8]>,
        mut row: StoredRow,
        change: &Change<'_>,
        budget: &mut Budget,
    ) -> Result<Option<(Box<[u8]>, StoredRow)>> {
        budget.take(row.cost(&key), change, WHAT)?;
        let mut place = match self.rows.entry(key) {
            Entry::Vacant(place) => {
                place.insert(row);
                return Ok(None);
            }
            Entry::Occupied(place) => place,
        };
        if self.identity.is_keyless {
            row.copies += place.get().copies;
            place.insert(row);
            return Ok(None);
        }
        budget.free(place.get().cost(place.key()));
        let earlier = place.insert(row);
        Ok(Some((place.key().clone(), earlier)))
    }

    /// Takes a row away. If a key update has given its key to another row, and this one leaves, it is the older one.
    fn take(&mut self, key: &[u8], leaves: bool, budget: &mut Budget) -> Option<StoredRow> {
        if leaves {
            if let Some(row) = self.displaced.pop(key) {
                budget.free(row.cost(key));
                return Some(row);
            }
        }
        let row = self.rows.get_mut(key)?;
        if row.copies > 1 {
            budget.free(row.cost_of_one(key));
            row.copies -= 1;
            return Some(StoredRow { copies: 1, ..row.clone() });
        }
        let row = self.rows.remove(key)?;
        budget.free(row.cost(key));
        Some(row)
    }

    /// Makes a row: each column from the first of these images that knows it.
    fn row(&mut self, change: &Change<'_>, images: [&Columns<'_>; 3]) -> Result<StoredRow> {
        let mut list = ImageBuilder::new(RowForm::Wide);
        for index in 0..change.table().columns().len() {
            let found = || images.iter().filter_map(|columns| columns.get(index)?.as_ref());
            let Some(column) = found().find(|column| is_known(column)).or_else(|| found().next()) else { continue };
            column.copy_to(index as u16, &mut list).map_err(|fault| change.error(fault))?;
        }
        let (csn, xid) = change.ids();
        share(&mut self.ids.0, csn);
        share(&mut self.ids.1, xid);
        Ok(StoredRow {
            list: list.bytes().into(),
            version: self.versions.len().saturating_sub(1),
            copies: 1,
            file: Arc::clone(&change.file_context().file),
            position: change.position(),
            time: change.timestamp(),
            ids: self.ids.clone(),
        })
    }

    /// Follows a new definition of the table.
    fn meet(&mut self, change: &Change<'_>, budget: &mut Budget) -> Result<()> {
        if change.table_id() == self.table_id {
            return Ok(());
        }
        let (old, new) = (Arc::clone(self.table()?), change.table());
        self.table_id = change.table_id();
        if *old == **new {
            return Ok(());
        }
        let mut identity = Identity::of(new, self.asked.as_deref()).map_err(|error| change.locate(error))?;
        if let Some(types) = &self.types {
            identity = identity.with_types(new, types);
        }
        budget.take(new.columns().len() as u64 * 8 + ROW_BYTES, change, "the definitions of the table")?;
        self.versions.push(Version { table: Arc::clone(new), from_previous: places(&old, new) });
        let readings = |identity: &Identity, table: &TableDef| -> Vec<_> {
            identity.indexes().iter().map(|&index| table.reading(index as u16).copied()).collect()
        };
        let is_same =
            identity.names(new) == self.identity.names(&old) && readings(&identity, new) == readings(&self.identity, &old);
        self.identity = identity;
        if is_same { Ok(()) } else { self.change_keys(change, budget) }
    }

    /// Gives all rows the keys of the latest definition.
    fn change_keys(&mut self, change: &Change<'_>, budget: &mut Budget) -> Result<()> {
        self.end_transaction(budget);
        let (mut lost, table) = (0u64, Arc::clone(self.table()?));
        for (key, mut row) in std::mem::take(&mut self.rows) {
            budget.free(row.cost(&key));
            if let Some(list) = self.converted(&row)? {
                (row.list, row.version) = (list, self.versions.len().saturating_sub(1));
            }
            let (key, is_whole) = self.identity.key([&columns_of(&row.list, &table), &Vec::new()]);
            lost += u64::from(!is_whole && !self.identity.is_keyless);
            if !self.identity.is_keyless {
                self.counts.overwritten += row.copies - 1;
                row.copies = 1;
            }
            if self.put(key, row, change, budget)?.is_some() {
                self.counts.overwritten += 1;
            }
        }
        if lost == 0 {
            return Ok(());
        }
        let names = self.identity.names(&table).join(", ");
        let what = format!("the key of table {} changes to {names}, which {lost} earlier rows do not have", table.name());
        let error = Error::new(ErrorKind::SchemaChange, what);
        Err(change.locate(error.hint("name the columns that identify a row with the option key, or stop before the change")))
    }

    /// Returns the columns of a row in the latest definition; `None` if the row has it.
    fn converted(&self, row: &StoredRow) -> Result<Option<Box<[u8]>>> {
        let Some(later) = self.versions.get(row.version + 1..).filter(|later| !later.is_empty()) else { return Ok(None) };
        let (Some(own), table) = (self.versions.get(row.version), self.table()?) else {
            return Err(Error::internal("a row without its definition"));
        };
        let mut found: Columns<'_> = vec![None; table.columns().len()];
        for (index, column) in columns_of(&row.list, &own.table).into_iter().enumerate() {
            let moved = later.iter().try_fold(index, |index, version| version.from_previous.get(index).copied().flatten());
            if let Some(slot) = moved.and_then(|index| found.get_mut(index)) {
                *slot = column;
            }
        }
        let mut list = ImageBuilder::new(RowForm::Wide);
        for (index, definition) in table.columns().iter().enumerate() {
            let Some(column) = found.get(index).and_then(Option::as_ref) else { continue };
            let index = index as u16;
            if own.table.reading(column.index() as u16) == table.reading(index) {
                column.copy_to(index, &mut list).map_err(|_| Error::internal("a column that was stored is too long"))?;
            } else {
                put_value(&mut list, index, definition, &column.value())?;
            }
        }
        Ok(Some(list.bytes().into()))
    }

    /// Calls `each` with every row in the latest definition as a change, in the order of their positions, with its key and the
    /// number of equal rows.
    pub(super) fn each(&self, mut each: impl FnMut(&[u8], u64, &Change<'_>) -> Result<()>) -> Result<()> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_unstable_by(|(a_key, a), (b_key, b)| a.position.cmp(&b.position).then_with(|| a_key.cmp(b_key)));
        let table = self.table()?;
        let (mut bytes, mut context) = (Vec::new(), None::<(Arc<Path>, ChangeContext)>);
        for (key, row) in rows {
            let list = self.converted(row)?;
            let image = ImageBuilder::of_list(RowForm::Wide, list.as_deref().unwrap_or(&row.list).to_vec());
            let (csn, xid) = (row.ids.0.as_deref(), row.ids.1.as_deref());
            let builder = Builder::of_table(Op::Insert, table, self.table_id).position(row.position).timestamp(row.time);
            let builder = builder.transaction(csn, xid, TransactionIndicator::Only).after_image(image);
            bytes.clear();
            let built = builder.encode(&mut bytes)?;
            let serial = context.as_ref().map_or(0, |(_, context)| context.ids.serial) + 1;
            let file = match &context {
                Some((path, context)) if Arc::ptr_eq(path, &row.file) && context.file.space == built.space => {
                    Arc::clone(&context.file)
                }
                _ => Arc::new(FileContext { ..values_context(Arc::clone(&row.file), built.space) }),
            };
            let (_, context) = context
                .insert((Arc::clone(&row.file), ChangeContext { file, ids: builder.transaction_ids(serial), start: None }));
            each(key, row.copies, &Change::new(&bytes, &built.head, context, (self.table_id, table)))?;
        }
        Ok(())
    }

    /// Returns the rows as blocks of changes, and how many of them lack the value of a column.
    pub(super) fn blocks(&self) -> Result<(Vec<ChangeBlock>, u64)> {
        let (mut blocks, mut incomplete) = (vec![ChangeBlock::default()], 0);
        self.each(|_, copies, change| {
            let columns = images(change)?;
            let [_, after] = &columns;
            let is_complete = after.iter().all(|column| column.as_ref().is_some_and(is_known));
            incomplete += if is_complete { 0 } else { copies };
            for _ in 0..copies {
                if blocks.last().is_none_or(ChangeBlock::is_full) {
                    blocks.push(ChangeBlock::default());
                }
                if let Some(block) = blocks.last_mut() {
                    block.push(change);
                }
            }
            Ok(())
        })?;
        Ok((blocks, incomplete))
    }
}

const WHAT: &str = "the rows of the state";

impl StoredRow {
    /// Memory of all its copies: each of them is a row of the result.
    fn cost(&self, key: &[u8]) -> u64 {
        self.cost_of_one(key) * self.copies
    }

    fn cost_of_one(&self, key: &[u8]) -> u64 {
        (key.len() + self.list.len()) as u64 + ROW_BYTES
    }
}

/// Returns the columns of a stored row.
fn columns_of<'a>(list: &'a [u8], table: &'a TableDef) -> Columns<'a> {
    let mut columns: Vec<Option<Column<'a>>> = vec![None; table.columns().len()];
    for column in Row::new(list, table, RowForm::Wide).columns().flatten() {
        if let Some(slot) = columns.get_mut(column.index()) {
            *slot = Some(column);
        }
    }
    columns
}

/// Makes a shared text that of a change, without a copy if it is the same.
fn share(shared: &mut Option<Arc<str>>, text: Option<&str>) {
    if shared.as_deref() != text {
        *shared = text.map(Into::into);
    }
}
