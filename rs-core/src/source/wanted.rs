//! [`Wanted`]: the table that a caller asks for by name.

use std::borrow::Cow;

use crate::change::Change;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::TableName;
use crate::schema::{TableDef, TableMap};

/// Finds a table by name: without regard to case, unless a table has exactly this name.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    name: TableName,
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
    pub(crate) fn new(name: &TableName) -> Self {
        Self { name: name.clone(), met: None, known: TableMap::default(), came_late: false, is_exact: false }
    }

    /// Returns whether a table has matched.
    #[cfg_attr(not(feature = "arrow"), allow(dead_code))]
    pub(crate) fn has_met(&self) -> bool {
        self.met.is_some()
    }

    /// Finds only a table of exactly this name.
    pub(crate) fn exact(name: &TableName) -> Self {
        Self { is_exact: true, ..Self::new(name) }
    }

    /// Returns whether the last error means that the source has to be read again for the table of exactly the name.
    pub(crate) fn came_late(&self) -> bool {
        self.came_late
    }

    /// Returns whether DDL of this object is about the table.
    pub(crate) fn is_object(&self, object: &str) -> bool {
        let is_about = |table: &str| names(object, table) && (!self.is_exact || names_exactly(object, table));
        match &self.met {
            Some(met) => is_about(met),
            None => self.name.names().any(is_about),
        }
    }

    /// Returns whether a change is one of the table.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if two tables may have the name, and not one of them exactly.
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
        let is_exact = self.name.is_exactly(name);
        if !self.name.fits(name) || (self.is_exact && !is_exact) {
            return Ok(false);
        }
        match &self.met {
            Some(met) if **met == *name => Ok(true),
            // The table of exactly this name came first.
            Some(met) if self.name.is_exactly(met) && !is_exact => Ok(false),
            Some(met) => {
                self.came_late = is_exact && !self.name.is_exactly(met);
                Err(ambiguous(&self.name, met, name))
            }
            None => {
                self.met = Some(name.into());
                Ok(true)
            }
        }
    }
}

/// Returns the error for a name that two tables may have.
pub(super) fn ambiguous(asked: &TableName, one: &str, other: &str) -> Error {
    let what = format!("table name {asked} is ambiguous: {one} or {other}");
    let hint = match asked.is_exactly(one) || asked.is_exactly(other) {
        true => "write its parts in double quotes",
        false => "write the name in the case of the trail, or its parts in double quotes",
    };
    Error::new(ErrorKind::InvalidArgument, what).hint(hint)
}

/// Returns whether the object of DDL is a table: a database or container may be left out. Case does not matter.
pub(crate) fn names(object: &str, table: &str) -> bool {
    last_parts(object, table).is_some_and(|(own, wanted)| own.eq_ignore_ascii_case(&wanted))
}

/// Returns the same with regard to case.
pub(crate) fn names_exactly(object: &str, table: &str) -> bool {
    last_parts(object, table).is_some_and(|(own, wanted)| *own == *wanted)
}

/// Returns the last parts of a table's name that may be those of an object, and the object without its quotes.
fn last_parts<'a>(object: &'a str, table: &'a str) -> Option<(&'a str, Cow<'a, str>)> {
    let object = if object.contains('"') { object.replace('"', "").into() } else { Cow::Borrowed(object) };
    let at = table.len().checked_sub(object.len()).filter(|_| !object.is_empty())?;
    let (lead, own) = table.split_at_checked(at)?;
    (lead.is_empty() || lead.ends_with('.')).then_some((own, object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_name_tables() {
        for (object, table) in [
            ("HR.EMP", "HR.EMP"),
            ("hr.emp", "HR.EMP"),
            ("HR.EMP", "PDB1.HR.EMP"),
            ("\"HR\".\"EMP\"", "HR.EMP"),
            ("EMP", "HR.EMP"),
        ] {
            assert!(names(object, table), "{object} {table}");
            assert_eq!(names_exactly(object, table), !object.starts_with('h'), "{object} {table}");
        }
        for (object, table) in
            [("", "HR.EMP"), ("MP", "HR.EMP"), ("PDB1.HR.EMP", "HR.EMP"), ("HR.EMPS", "HR.EMP"), ("R.EMP", "HR.EMP")]
        {
            assert!(!names(object, table), "{object} {table}");
        }
    }
}
