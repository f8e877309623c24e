//! Selection while reading: changes that a filter turns away are not handed out.

use std::sync::Arc;

use crate::change::Change;
use crate::error::Result;
use crate::filter::{Counts, Program, Select, Selector};
use crate::schema::TableDef;
use crate::trail::Record;

/// A selector, and what it says of each table.
#[derive(Debug)]
pub(super) struct Gate {
    selector: Selector,
    /// By table slot.
    tables: Vec<OfTable>,
}

/// What a selection says of a table's changes.
#[derive(Clone, Debug, Default)]
enum OfTable {
    #[default]
    Unknown,
    /// All of them are wanted, whatever they are.
    Wanted,
    /// None is.
    NotWanted,
    /// Each must be looked at.
    LookAt(Program),
}

impl Gate {
    pub(super) fn new(select: &Select) -> Self {
        Self { selector: select.selector(), tables: Vec::new() }
    }

    pub(super) fn counts(&self) -> Counts {
        self.selector.counts()
    }

    /// Whether a row that is one record by itself, of the table in this slot, is turned away at a glance, and counted. `false`
    /// says nothing.
    #[inline(always)]
    pub(super) fn turns_away(&mut self, slot: u32, record: &Record<'_>) -> bool {
        match self.tables.get(slot as usize) {
            Some(OfTable::NotWanted) => {
                self.selector.count_static(false);
                true
            }
            Some(OfTable::LookAt(program)) => self.selector.prefilter_rejects(record, program),
            _ => false,
        }
    }

    /// Whether a change of the table in this slot is wanted. What can be told of all changes of a table is found out once for
    /// each version of it, so that a change of a table that is not wanted costs no more than being passed over: it is made
    /// only to be looked at.
    #[inline]
    pub(super) fn wants<'a>(
        &mut self,
        slot: u32,
        table: &Arc<TableDef>,
        change: impl FnOnce() -> Option<Change<'a>>,
    ) -> Result<bool> {
        match self.tables.get(slot as usize) {
            Some(OfTable::Wanted) => {
                self.selector.count_static(true);
                Ok(true)
            }
            Some(OfTable::NotWanted) => {
                self.selector.count_static(false);
                Ok(false)
            }
            Some(OfTable::LookAt(program)) => match change() {
                Some(change) => self.selector.wants(&change, program),
                None => Ok(true),
            },
            Some(OfTable::Unknown) | None => {
                self.find_out(slot, table);
                let program = self.selector.program(table);
                change().map_or(Ok(true), |change| self.selector.wants(&change, &program))
            }
        }
    }

    #[cold]
    fn find_out(&mut self, slot: u32, table: &Arc<TableDef>) {
        let slot = slot as usize;
        if self.tables.len() <= slot {
            self.tables.resize_with(slot + 1, OfTable::default);
        }
        let found = match self.selector.static_decision(table) {
            Some(true) => OfTable::Wanted,
            Some(false) => OfTable::NotWanted,
            None => OfTable::LookAt(self.selector.program(table)),
        };
        if let Some(place) = self.tables.get_mut(slot) {
            *place = found;
        }
    }
}
