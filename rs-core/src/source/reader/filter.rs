//! [`ReadFilter`]: a selection while reading. Changes that it rejects are not returned.

use std::collections::HashMap;

use crate::change::Change;
use crate::error::Result;
use crate::filter::{Counts, Program, Select, Selector};
use crate::schema::TableMap;

/// A selector, and its decision about each table.
#[derive(Debug)]
pub(super) struct ReadFilter {
    selector: Selector,
    tables: TableMap<TablePolicy>,
    /// By table name: it is rejected because of the name.
    names: HashMap<Box<str>, bool>,
}

/// The decision of a selection about a table's changes.
#[derive(Clone, Debug)]
enum TablePolicy {
    /// All of them are wanted.
    All,
    /// None of them is.
    None,
    /// Each has to be evaluated.
    Each(Program),
}

impl ReadFilter {
    pub(super) fn new(select: &Select) -> Self {
        Self { selector: select.selector(), tables: TableMap::default(), names: HashMap::new() }
    }

    pub(super) fn counts(&self) -> Counts {
        self.selector.counts()
    }

    /// Returns whether the prefilter rejects a plain row, and counts it. `false` decides nothing.
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

    /// Returns whether no change of a table is wanted because of the table's name, and counts one. It is for changes that are not
    /// made yet; `false` decides nothing.
    pub(super) fn rejects_table(&mut self, name: &str) -> bool {
        let rejects = match self.names.get(name) {
            Some(&rejects) => rejects,
            None => {
                let rejects = self.selector.rejects_table(name);
                self.names.insert(name.into(), rejects);
                rejects
            }
        };
        if rejects {
            self.selector.count_static(false);
        }
        rejects
    }

    /// Returns whether a change is wanted. A decision for all changes of a table is made once for each version of it.
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
