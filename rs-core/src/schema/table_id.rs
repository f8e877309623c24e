//! [`TableId`] and [`TableMap`]: numbers of table definitions, and a value for each.

use std::sync::atomic::{AtomicU64, Ordering};

/// The number of a table definition within one reader: equal for two changes exactly if they have the same version of the same
/// table, from the same reader. The numbers are small and dense, and index a [`TableMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId {
    reader: u64,
    index: u32,
}

impl TableId {
    /// Returns the number within its reader; the first is 0.
    #[inline]
    #[must_use]
    pub fn index(self) -> usize {
        self.index as usize
    }
}

/// Assigns the numbers of one reader.
#[derive(Clone, Debug)]
pub(crate) struct TableIds {
    reader: u64,
}

impl TableIds {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { reader: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    #[inline(always)]
    pub(crate) fn id(&self, index: u32) -> TableId {
        TableId { reader: self.reader, index }
    }
}

/// A map from table definitions to values of a consumer of changes. A look-up is an index operation. Changes of several readers
/// may be mixed.
///
/// ```
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
/// use trailcore::schema::TableMap;
///
/// let mut counts: TableMap<u64> = TableMap::default();
/// let mut reader = trail.reader()?;
/// while let Some(change) = reader.next()? {
///     *counts.get_or_insert_with(change.table_id(), || 0) += 1;
/// }
/// assert!(counts.len() > 1);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TableMap<T> {
    /// The reader of the last look-up, and the values of its tables.
    reader: u64,
    slots: Vec<Option<T>>,
    /// The values of other readers' tables.
    others: std::collections::HashMap<u64, Vec<Option<T>>>,
}

impl<T> Default for TableMap<T> {
    fn default() -> Self {
        // No reader has this number.
        Self { reader: u64::MAX, slots: Vec::new(), others: std::collections::HashMap::new() }
    }
}

impl<T> TableMap<T> {
    /// Returns the value of a table.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, table: TableId) -> Option<&T> {
        let slots = if table.reader == self.reader { &self.slots } else { self.others.get(&table.reader)? };
        slots.get(table.index())?.as_ref()
    }

    /// Returns the value of a table, to change it.
    #[inline(always)]
    #[must_use]
    pub fn get_mut(&mut self, table: TableId) -> Option<&mut T> {
        self.enter(table.reader);
        self.slots.get_mut(table.index())?.as_mut()
    }

    /// Sets the value of a table, and returns the previous one.
    pub fn insert(&mut self, table: TableId, value: T) -> Option<T> {
        self.slot(table).replace(value)
    }

    /// Returns the value of a table, and creates it if there is none.
    #[inline]
    pub fn get_or_insert_with(&mut self, table: TableId, make: impl FnOnce() -> T) -> &mut T {
        self.slot(table).get_or_insert_with(make)
    }

    /// Returns the number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.others.values().chain([&self.slots]).flatten().filter(|slot| slot.is_some()).count()
    }

    /// Returns whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.others.clear();
    }

    fn slot(&mut self, table: TableId) -> &mut Option<T> {
        self.enter(table.reader);
        if self.slots.len() <= table.index() {
            self.slots.resize_with(table.index() + 1, || None);
        }
        // The line above ensures that the index is valid.
        #[allow(clippy::indexing_slicing)]
        &mut self.slots[table.index()]
    }

    /// Makes a reader's slots the current ones.
    #[inline(always)]
    fn enter(&mut self, reader: u64) {
        if reader != self.reader {
            self.change_reader(reader);
        }
    }

    #[cold]
    fn change_reader(&mut self, reader: u64) {
        let slots = self.others.remove(&reader).unwrap_or_default();
        let left = std::mem::replace(&mut self.slots, slots);
        if !left.is_empty() {
            self.others.insert(self.reader, left);
        }
        self.reader = reader;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_may_be_mixed() {
        let (a, b) = (TableIds::new(), TableIds::new());
        let mut map = TableMap::default();
        assert_eq!(map.insert(a.id(3), "a3"), None);
        assert_eq!(map.insert(b.id(3), "b3"), None);
        assert_eq!(map.insert(a.id(3), "again"), Some("a3"));
        assert_eq!((map.get(a.id(3)), map.get(b.id(3)), map.get(b.id(0))), (Some(&"again"), Some(&"b3"), None));
        assert_eq!(*map.get_or_insert_with(b.id(3), || "no"), "b3");
        assert_eq!(map.len(), 2);
    }
}
