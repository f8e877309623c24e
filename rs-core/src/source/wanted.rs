//! [`Wanted`]: the table that a caller asks for by name.

use crate::change::Change;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{TableDef, TableMap};

/// Finds a table by name: without regard to case, unless a table has exactly this name.
#[derive(Debug)]
pub(crate) struct Wanted {
    name: Box<str>,
    /// The name of the table that matched.
    met: Option<Box<str>>,
    /// The definitions that have been checked; `true` if they are wanted.
    known: TableMap<bool>,
    /// A table has exactly the name, and another one that was taken for it came first.
    came_late: bool,
    /// Only a table of exactly the name is wanted.
    is_exact: bool,
}

impl Wanted {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.into(), met: None, known: TableMap::default(), came_late: false, is_exact: false }
    }

    /// Finds only a table of exactly this name.
    pub(crate) fn exact(name: &str) -> Self {
        Self { is_exact: true, ..Self::new(name) }
    }

    /// Returns whether the last error means that the source has to be read again for the table of exactly the name.
    pub(crate) fn came_late(&self) -> bool {
        self.came_late
    }

    /// Returns whether DDL is about the table.
    #[cfg_attr(not(feature = "arrow"), allow(dead_code))]
    pub(crate) fn is_object(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(&self.name)
    }

    /// Returns whether a change is one of the table.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if two tables have the name in other cases.
    #[inline]
    pub(crate) fn is(&mut self, change: &Change<'_>) -> Result<bool> {
        if let Some(&known) = self.known.get(change.table_id()) {
            return Ok(known);
        }
        let known = self.meet(change.table())?;
        self.known.insert(change.table_id(), known);
        Ok(known)
    }

    #[cold]
    fn meet(&mut self, table: &TableDef) -> Result<bool> {
        let name = table.name();
        if !name.eq_ignore_ascii_case(&self.name) || (self.is_exact && *name != *self.name) {
            return Ok(false);
        }
        match &self.met {
            Some(met) if **met == *name => Ok(true),
            // The table of exactly this name came first.
            Some(met) if **met == *self.name => Ok(false),
            Some(met) => {
                self.came_late = *name == *self.name;
                let what = format!("table name {} is ambiguous: {met} or {name}", self.name);
                Err(Error::new(ErrorKind::InvalidArgument, what).hint("write the name in the case of the trail"))
            }
            None => {
                self.met = Some(name.into());
                Ok(true)
            }
        }
    }
}
