//! [`MissingColumns`]: wanted columns that no table has.

use crate::error::{Error, ErrorKind, Result};
use crate::filter::nearest;
use crate::schema::TableDef;
use crate::source::reader::Reader;

/// The wanted columns that no table has had so far, each as `COLUMN` or `TABLE.COLUMN`. Without the check at the end, a misspelt
/// column would look like one that is always missing.
///
/// ```
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
/// let mut missing = trailcore::source::MissingColumns::new(["AMOUNT", "AMUONT"]);
/// let mut reader = trail.reader()?;
/// while let Some(change) = reader.next()? {
///     missing.meet(change.table());
/// }
/// let error = missing.check(&reader).unwrap_err();
/// assert_eq!(error.to_string(), "no table has a column AMUONT; did you mean AMOUNT?");
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MissingColumns(Vec<Box<str>>);

impl MissingColumns {
    /// Starts with all wanted columns.
    pub fn new<S: Into<Box<str>>>(wanted: impl IntoIterator<Item = S>) -> Self {
        Self(wanted.into_iter().map(Into::into).collect())
    }

    /// Returns whether all of them have been met.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes the columns of a table.
    pub fn meet(&mut self, table: &TableDef) {
        self.0.retain(|wanted| !names(table).any(|name| is_column(wanted, table.name(), name)));
    }

    /// Fails if neither a table that was met nor one of a reader's definitions has a column.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`].
    pub fn check(self, reader: &Reader) -> Result<()> {
        self.check_in(reader, |_| true)
    }

    /// The same for a reading that ended early: only a name that is like one of a table that was met fails.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`].
    pub fn check_early(mut self, reader: &Reader) -> Result<()> {
        reader.tables().for_each(|table| self.meet(table));
        let near = |wanted: &str| nearest(last_part(wanted), reader.tables().flat_map(|table| names(table))).is_some();
        self.0.retain(|wanted| near(wanted));
        self.check(reader)
    }

    /// The same, where only the reader's definitions with some names count.
    pub(crate) fn check_in(mut self, reader: &Reader, of: impl Fn(&str) -> bool) -> Result<()> {
        let tables = || reader.tables().filter(|table| of(table.name()));
        tables().for_each(|table| self.meet(table));
        let Some(first) = self.0.first() else { return Ok(()) };
        let near = nearest(last_part(first), tables().flat_map(|table| names(table)));
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        Err(Error::new(ErrorKind::InvalidArgument, format!("no table has a column {}{near}", self.0.join(", "))))
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn names(table: &TableDef) -> impl Iterator<Item = &str> {
    table.columns().iter().map(|column| &*column.name)
}

/// Returns whether a wanted column, `COLUMN` or `TABLE.COLUMN`, is the one of a table. Case does not matter.
pub(crate) fn is_column(wanted: &str, table: &str, column: &str) -> bool {
    let of_table = || wanted.strip_prefix(table).and_then(|rest| rest.strip_prefix('.'));
    wanted.eq_ignore_ascii_case(column) || of_table().is_some_and(|name| name.eq_ignore_ascii_case(column))
}
