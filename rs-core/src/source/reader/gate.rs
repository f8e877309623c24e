//! Selection while reading: changes that a filter turns away are not handed out.

use std::sync::Arc;

use crate::change::Change;
use crate::error::Result;
use crate::filter::{Counts, Select, Selector};
use crate::schema::TableDef;

/// A selector, and what it says of each table outright.
#[derive(Debug)]
pub(super) struct Gate {
    selector: Selector,
    /// By table slot.
    tables: Vec<Outright>,
}

/// What a selection says of a table's changes, whatever they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outright {
    Unknown,
    Wanted,
    NotWanted,
    LookAtEach,
}

impl Gate {
    pub(super) fn new(select: &Select) -> Self {
        Self { selector: select.selector(), tables: Vec::new() }
    }

    pub(super) fn counts(&self) -> Counts {
        self.selector.counts()
    }

    /// Whether all changes of the table in this slot are wanted, or none; `None` where each must be looked at. Found out
    /// once for each version of a table, so that a change of a table that is not wanted costs no more than being passed over.
    #[inline(always)]
    pub(super) fn outright(&mut self, slot: u32, table: &Arc<TableDef>) -> Option<bool> {
        let known = self.tables.get(slot as usize).copied().unwrap_or(Outright::Unknown);
        let known = if known == Outright::Unknown { self.find_out(slot, table) } else { known };
        match known {
            Outright::Wanted => {
                self.selector.count_outright(true);
                Some(true)
            }
            Outright::NotWanted => {
                self.selector.count_outright(false);
                Some(false)
            }
            _ => None,
        }
    }

    #[cold]
    fn find_out(&mut self, slot: u32, table: &Arc<TableDef>) -> Outright {
        let found = match self.selector.outright(table) {
            Some(true) => Outright::Wanted,
            Some(false) => Outright::NotWanted,
            None => Outright::LookAtEach,
        };
        let slot = slot as usize;
        if self.tables.len() <= slot {
            self.tables.resize(slot + 1, Outright::Unknown);
        }
        if let Some(place) = self.tables.get_mut(slot) {
            *place = found;
        }
        found
    }

    #[inline(always)]
    pub(super) fn wants(&mut self, change: &Change<'_>) -> Result<bool> {
        self.selector.wants(change)
    }
}
