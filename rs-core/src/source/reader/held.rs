//! [`HeldReader`]: the changes of blocks in memory.

use std::sync::Arc;

use crate::change::Change;
use crate::error::{Error, ErrorKind, Result};
use crate::position::Position;
use crate::schema::{Catalog, TableDef};
use crate::source::options::ReadOptions;
use crate::source::reader::filter::ReadFilter;
use crate::source::trail::{Held, Trail};

/// Returns the changes of blocks, one after the other.
#[derive(Debug)]
pub(super) struct HeldReader {
    held: Arc<Held>,
    options: ReadOptions,
    filter: Option<ReadFilter>,
    /// The place of the next change: its block, and its index there.
    next: (usize, usize),
    /// The place of the change that is lent.
    lent: (usize, usize),
}

impl HeldReader {
    pub(super) fn new(held: Arc<Held>, options: ReadOptions) -> Result<Self> {
        let trail = Trail { files: Arc::default(), held: Some(Arc::clone(&held)) };
        let filter = options.select.as_ref().map(|select| ReadFilter::new(select, trail, &options));
        let mut reader = Self { held, options, filter, next: (0, 0), lent: (0, 0) };
        reader.options.refuse_transactions("changes in memory")?;
        if let Some(position) = reader.options.start_at {
            reader.seek(position)?;
        }
        Ok(reader)
    }

    /// Goes to the next change that is wanted; `false` at the end.
    pub(super) fn advance(&mut self) -> Result<bool> {
        while self.find_next() {
            self.lent = self.next;
            self.next.1 += 1;
            let Some(change) = self.held.blocks.get(self.lent.0).and_then(|block| block.get(self.lent.1)) else { continue };
            if !self.options.include_non_changes && !change.op().is_change() {
                continue;
            }
            let is_wanted = match &mut self.filter {
                Some(filter) => filter.wants(&change)?,
                None => true,
            };
            if is_wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes the place of the next change that of a change; `false` at the end.
    fn find_next(&mut self) -> bool {
        while let Some(block) = self.held.blocks.get(self.next.0) {
            if self.next.1 < block.len() {
                return true;
            }
            self.next = (self.next.0 + 1, 0);
        }
        false
    }

    /// Returns the change that [`advance`](Self::advance) went to.
    pub(super) fn change(&self) -> Option<Change<'_>> {
        self.held.blocks.get(self.lent.0)?.get(self.lent.1)
    }

    fn seek(&mut self, position: Position) -> Result<()> {
        while self.find_next() {
            let change = self.held.blocks.get(self.next.0).and_then(|block| block.get(self.next.1));
            if change.is_some_and(|change| change.start() == position || change.position() == position) {
                return Ok(());
            }
            self.next.1 += 1;
        }
        Err(Error::new(ErrorKind::InvalidPosition, format!("no change is at {position}")))
    }

    /// Returns the position of the next change, or of the last one at the end.
    pub(super) fn position(&self) -> Position {
        let at = |(block, index): (usize, usize)| self.held.blocks.get(block)?.get(index);
        let next = at(self.next).or_else(|| at((self.next.0 + 1, 0)));
        next.map(|change| change.start()).or_else(|| Some(self.change()?.position())).unwrap_or_default()
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &Arc<TableDef>> {
        self.held.tables.iter()
    }

    pub(super) fn catalog(&self) -> Option<&Catalog> {
        self.options.catalog.as_ref()
    }

    pub(super) fn filter(&self) -> Option<&ReadFilter> {
        self.filter.as_ref()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.next.0 >= self.held.blocks.len()
    }
}
