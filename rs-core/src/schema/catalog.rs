//! Definitions by table name.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::schema::defgen;
use crate::schema::table::TableDef;

/// Table definitions by name, read from definition (`DEFGEN`) files: what trails of releases before 12.2 need.
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
    tables: HashMap<Box<str>, Arc<TableDef>>,
}

impl Catalog {
    /// An empty catalog.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a definition file.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) or [`Io`](crate::ErrorKind::Io) where it cannot be read,
    /// [`Definitions`](crate::ErrorKind::Definitions) where it cannot be understood, with the line.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|error| Error::io(path, error))?;
        Self::parse(&bytes).map_err(|error| error.in_file(path))
    }

    /// Reads the bytes of a definition file. Versions 2.0, 4.0, 5.0 and the older form without a version line are known.
    ///
    /// # Errors
    /// [`Definitions`](crate::ErrorKind::Definitions) where it cannot be understood, with the line.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut catalog = Self::new();
        for table in defgen::parse(bytes)? {
            catalog.insert(table);
        }
        Ok(catalog)
    }

    /// Adds a definition; one of the same name is replaced.
    pub fn insert(&mut self, table: TableDef) {
        self.tables.insert(table.name().into(), table.shared());
    }

    /// The definition of a table: of exactly this name, or else of the only one that differs in case alone.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Arc<TableDef>> {
        self.tables.get(name).or_else(|| {
            let mut alike = self.tables.values().filter(|table| table.name().eq_ignore_ascii_case(name));
            alike.next().filter(|_| alike.next().is_none())
        })
    }

    /// All definitions, in no order.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<TableDef>> {
        self.tables.values()
    }
}
