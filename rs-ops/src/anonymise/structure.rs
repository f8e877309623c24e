//! Structure of a trail: all that can be asked without its values and names. The original and the result must have the same one.

use std::collections::BTreeMap;

use trailcore::source::Skipped;
use trailcore::{Change, ColumnState, Error, ReadOptions, Result, Row, TableDef, Trail, Value};

use super::report::{AnonymisedColumn, AnonymisedTable};
use super::survey::each_record;

/// The structure of a trail.
#[derive(Default)]
pub(super) struct Structure {
    /// The digest of each record's place, type and lengths, and of each change with the state, type and length of each column.
    pub(super) digest: String,
    pub(super) records: u64,
    pub(super) changes: u64,
    pub(super) transactions: u64,
    /// Changes of the largest transaction.
    pub(super) largest: u64,
    /// Images that cannot be read, ranges that were skipped, and the error at the end.
    pub(super) errors: u64,
    /// The tables in the order in which they are met.
    pub(super) tables: Vec<AnonymisedTable>,
}

impl Structure {
    /// Returns whether another one answers all questions in the same way. Names do not count.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let facts = |one: &Self| (one.records, one.changes, one.transactions, one.largest, one.errors);
        let bare = |one: &Self| -> Vec<AnonymisedTable> {
            let without = |column: &AnonymisedColumn| AnonymisedColumn { name: String::new(), ..column.clone() };
            let table = |table: &AnonymisedTable| AnonymisedTable {
                name: String::new(),
                changes: table.changes.clone(),
                columns: table.columns.iter().map(without).collect(),
            };
            one.tables.iter().map(table).collect()
        };
        self.digest == other.digest && facts(self) == facts(other) && bare(self) == bare(other)
    }

    /// Reads a trail twice: its records, and its changes.
    pub(super) fn of(trail: &Trail, options: &ReadOptions) -> Result<Self> {
        let mut reading = Reading::default();
        each_record(trail, options, |view| {
            let record = &view.record;
            reading.structure.records += 1;
            reading.fact(&[
                view.position.seqno,
                view.position.rba,
                u64::from(record.record_type().0),
                record.bytes().len() as u64,
            ]);
            record.areas().for_each(|area| reading.fact(&[u64::from(area.id), area.body.len() as u64]));
            Ok(())
        })?;
        let mut reader = trail.reader_with(options.clone())?;
        loop {
            match reader.next() {
                Ok(Some(change)) => reading.change(&change),
                Ok(None) => break,
                Err(error) => {
                    reading.error(&error);
                    break;
                }
            }
        }
        reader.skipped().iter().for_each(|range| reading.skipped(range));
        Ok(reading.finish())
    }
}

#[derive(Default)]
struct Reading {
    structure: Structure,
    hasher: blake3::Hasher,
    /// Places in the list of tables, by name.
    numbers: BTreeMap<Box<str>, usize>,
    /// Changes of the open transaction.
    open: u64,
}

impl Reading {
    fn fact(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.hasher.update(&number.to_le_bytes());
        }
    }

    fn text(&mut self, text: &str) {
        self.fact(&[text.len() as u64]);
        self.hasher.update(text.as_bytes());
    }

    fn error(&mut self, error: &Error) {
        self.structure.errors += 1;
        self.fact(&[u64::from(error.kind().code())]);
    }

    fn skipped(&mut self, range: &Skipped) {
        self.text(&format!("{} {}", range.from, range.to));
        self.error(&range.error);
    }

    fn change(&mut self, change: &Change<'_>) {
        let transaction = change.transaction();
        self.structure.changes += 1;
        self.structure.transactions += u64::from(transaction.begins());
        self.open = if transaction.begins() { 1 } else { self.open + 1 };
        self.structure.largest = self.structure.largest.max(self.open);
        self.text(&format!("{} {} {} {transaction:?}", change.position(), change.start(), change.op().name()));
        self.fact(&[u64::from(change.csn().is_some()), u64::from(change.xid().is_some()), u64::from(change.ddl().is_some())]);
        change.each_token(|label, value| {
            self.hasher.update(label.as_bytes());
            self.hasher.update(&(value.len() as u64).to_le_bytes());
        });
        let number = self.table(change.table());
        self.fact(&[number as u64]);
        if let Some(table) = self.structure.tables.get_mut(number) {
            *table.changes.entry(change.op().name().to_owned()).or_default() += 1;
        }
        match change.images() {
            Ok((before, after)) => {
                for row in [before, after] {
                    self.fact(&[u64::from(row.is_some())]);
                    row.iter().for_each(|row| self.row(number, row));
                }
            }
            Err(error) => self.error(&error),
        }
    }

    /// Returns the place of a table in the list.
    fn table(&mut self, table: &TableDef) -> usize {
        let known = self.structure.tables.len();
        let number = *self.numbers.entry(table.name().into()).or_insert(known);
        if number == known {
            self.structure.tables.push(AnonymisedTable { name: table.name().to_owned(), ..AnonymisedTable::default() });
        }
        number
    }

    fn row(&mut self, number: usize, row: &Row<'_>) {
        for column in row.columns() {
            let Ok(column) = column else {
                self.structure.errors += 1;
                self.fact(&[u64::MAX]);
                continue;
            };
            let value = column.value();
            self.fact(&[column.index() as u64, column.span().len() as u64, kind_of(&value)]);
            let Some(table) = self.structure.tables.get_mut(number) else { continue };
            if table.columns.len() <= column.index() {
                table.columns.resize_with(column.index() + 1, AnonymisedColumn::default);
            }
            let Some(counts) = table.columns.get_mut(column.index()) else { continue };
            if counts.name.is_empty() {
                counts.name = column.name().into_owned();
                counts.is_key = column.definition().is_some_and(|definition| definition.key);
            }
            match column.state() {
                ColumnState::Null => counts.nulls += 1,
                ColumnState::Invalid => counts.invalid += 1,
                _ => counts.values += 1,
            }
            counts.bytes += column.span().len() as u64;
        }
    }

    fn finish(mut self) -> Structure {
        self.structure.digest = self.hasher.finalize().to_hex().to_string();
        self.structure
    }
}

/// Returns the type of a value, and what its form has beside its length.
fn kind_of(value: &Value<'_>) -> u64 {
    match value {
        Value::Null => 0,
        Value::Text(text) => 1 + (text.chars().count() as u64) * 16,
        Value::Number(number) => {
            let text = number.to_string();
            let point = text.find('.').map_or(0, |at| text.len() - at) as u64;
            2 + (u64::from(text.starts_with('-')) + 2 * point) * 16
        }
        Value::DateTime(date) => 3 + 16 * u64::from(date.hour | date.minute | date.second != 0),
        Value::Bytes(bytes) => 4 + 16 * bytes.len() as u64,
        Value::Invalid(bytes) => 5 + 16 * bytes.len() as u64,
        _ => 6,
    }
}
