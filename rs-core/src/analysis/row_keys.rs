//! [`RowKeys`]: the keys of the rows that changes are about, as bytes.

use crate::analysis::key::{Identity, images};
use crate::change::Change;
use crate::error::Result;
use crate::schema::TableMap;

/// Returns the keys of rows as bytes, which are equal for equal keys, also of other sources, forms of numbers and definitions.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # trailcore_samples::write_bank(dir.path(), &trailcore_samples::Bank::small()).unwrap();
/// use trailcore::{ReadOptions, Trail, analysis::RowKeys};
/// let trail = Trail::open(dir.path().join("bk"))?;
/// let (mut reader, mut keys) = (trail.reader_with(ReadOptions::new())?, RowKeys::default());
/// let mut rows = std::collections::HashSet::new();
/// while let Some(change) = reader.next()? {
///     rows.extend(keys.of(&change)?);
/// }
/// assert!(rows.len() > 10);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct RowKeys {
    /// `None` for tables without a key, or without a definition.
    identities: TableMap<Option<Identity>>,
}

impl RowKeys {
    /// Returns the key of the row after the change, or before a delete. `None` if the table has no key, if its columns are unknown,
    /// or if a column of the key is missing. The bytes contain the values of the key.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) if an image is damaged.
    pub fn of(&mut self, change: &Change<'_>) -> Result<Option<Box<[u8]>>> {
        let Some(identity) = self.identity(change) else { return Ok(None) };
        let [before, after] = images(change)?;
        let (key, is_whole) = identity.key([&after, &before]);
        Ok(is_whole.then_some(key))
    }

    /// Returns the names of the columns of the key of a table; empty without a key.
    pub fn names(&mut self, change: &Change<'_>) -> Vec<String> {
        self.identity(change).map(|identity| identity.names(change.table())).unwrap_or_default()
    }

    fn identity(&mut self, change: &Change<'_>) -> Option<&Identity> {
        let make = || Identity::of(change.table(), None).ok().filter(|identity| !identity.is_keyless);
        self.identities.get_or_insert_with(change.table_id(), make).as_ref()
    }
}
