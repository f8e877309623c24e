//! [`ReadFilter`]: a selection while reading. Changes that it rejects are not returned.

use crate::change::Change;
use crate::error::Result;
use crate::filter::{Counts, Program, Select, Selector};
use crate::schema::TableMap;

/// A selector, and what it says about each table.
#[derive(Debug)]
pub(super) struct ReadFilter {
    selector: Selector,
    tables: TableMap<TablePolicy>,
}

/// What a selection says about a table's changes.
#[derive(Clone, Debug)]
enum TablePolicy {
    /// All of them are wanted.
    All,
    /// None is.
    None,
    /// Each has to be looked at.
    Each(Program),
}

impl ReadFilter {
    pub(super) fn new(select: &Select) -> Self {
        Self { selector: select.selector(), tables: TableMap::default() }
    }

    pub(super) fn counts(&self) -> Counts {
        self.selector.counts()
    }

    /// Returns whether a plain row is rejected at first sight, and counts it. `false` says nothing.
    #[inline(always)]
    pub(super) fn prefilter_rejects(&mut self, change: &Change<'_>) -> bool {
        match self.tables.get(change.table_id()) {
            Some(TablePolicy::None) => {
                self.selector.count_static(false);
                true
            }
            Some(TablePolicy::Each(program)) => self.selector.prefilter_rejects(change, program),
            _ => false,
        }
    }

    /// Returns whether a change is wanted. What holds for all changes of a table is found out once for each version of it.
    #[inline]
    pub(super) fn wants(&mut self, change: &Change<'_>) -> Result<bool> {
        match self.tables.get(change.table_id()) {
            Some(TablePolicy::All) => {
                self.selector.count_static(true);
                Ok(true)
            }
            Some(TablePolicy::None) => {
                self.selector.count_static(false);
                Ok(false)
            }
            Some(TablePolicy::Each(program)) => self.selector.wants(change, program),
            None => {
                self.find_out(change);
                let program = self.selector.program(change);
                self.selector.wants(change, &program)
            }
        }
    }

    #[cold]
    fn find_out(&mut self, change: &Change<'_>) {
        let policy = match self.selector.static_decision(change) {
            Some(true) => TablePolicy::All,
            Some(false) => TablePolicy::None,
            None => TablePolicy::Each(self.selector.program(change)),
        };
        self.tables.insert(change.table_id(), policy);
    }
}
