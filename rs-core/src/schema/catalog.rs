//! Definitions by table name.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::schema::defgen;
use crate::schema::table::TableDef;

/// Table definitions by name, read from definitions (`DEFGEN`) files. Trails of releases before 12.2 need them.
///
/// Cloning is cheap: the definitions are shared.
///
/// ```
/// use trailcore::schema::Catalog;
/// let text = "Definition for table HR.DEPT\nRecord length: 44\nSyskey: 0\nColumns: 2\n\
///     DEPTNO  134      8        0  0  0 1 0      8      8      8 0 0 0 0 1    0 1   3\n\
///     DNAME    64     30       12  0  0 1 0     30     30      0 0 0 0 0 1    0 0   0\n\
///     End of definition\n";
/// let catalog = Catalog::parse(text.as_bytes())?;
/// assert_eq!(catalog.table("HR.DEPT").unwrap().columns().len(), 2);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// Clones share them: each reader, and each piece of one, has a catalog.
    tables: Arc<HashMap<Box<str>, Arc<TableDef>>>,
}

impl Catalog {
    /// Returns an empty catalog.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a definitions file.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) or [`Io`](crate::ErrorKind::Io) if it cannot be read,
    /// [`Definitions`](crate::ErrorKind::Definitions) with the line number if it cannot be parsed.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|error| Error::io(path, error))?;
        Self::parse(&bytes).map_err(|error| error.in_file(path))
    }

    /// Parses the bytes of a definitions file: version 2.0, 4.0 or 5.0, or the older form without a version line.
    ///
    /// # Errors
    /// [`Definitions`](crate::ErrorKind::Definitions) with the line number if it cannot be parsed.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut catalog = Self::new();
        for table in defgen::parse(bytes)? {
            catalog.insert(table);
        }
        Ok(catalog)
    }

    /// Returns the definitions as the text of a definitions file, sorted by name, which [`parse`](Self::parse) reads back to equal
    /// ones. It has the form of version 4.0, in UTF-8.
    ///
    /// ```
    /// use trailcore::schema::ColumnDef;
    /// use trailcore::{Catalog, TableDef};
    /// let mut catalog = Catalog::new();
    /// catalog.insert(TableDef::new("HR.DEPT", vec![ColumnDef::integer("DEPTNO", 0).key(), ColumnDef::varchar("DNAME", 14)]));
    /// let again = Catalog::parse(catalog.to_defgen()?.as_bytes())?;
    /// assert_eq!(again.table("HR.DEPT"), catalog.table("HR.DEPT"));
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Unencodable`](crate::ErrorKind::Unencodable) if a name has control characters, or a character set has no number.
    pub fn to_defgen(&self) -> Result<String> {
        let mut tables: Vec<&TableDef> = self.tables.values().map(|table| &**table).collect();
        tables.sort_by(|one, other| one.name().cmp(other.name()));
        defgen::write(&tables)
    }

    /// Adds a definition, replacing one of the same name.
    pub fn insert(&mut self, table: TableDef) {
        Arc::make_mut(&mut self.tables).insert(table.name().into(), table.shared());
    }

    /// Returns the definition of a table. A name that differs only in case also matches, if exactly one table has it.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Arc<TableDef>> {
        self.tables.get(name).or_else(|| {
            let mut alike = self.tables.values().filter(|table| table.name().eq_ignore_ascii_case(name));
            alike.next().filter(|_| alike.next().is_none())
        })
    }

    /// Iterates over all definitions, in no particular order.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<TableDef>> {
        self.tables.values()
    }
}
