//! Catalogs of table definitions, from definitions files.

use std::ffi::c_char;
use std::sync::Arc;

use trailcore::{Catalog, TableDef};

use crate::prelude::*;
use crate::table::tc_table;

/// Table definitions by name, from definitions (DEFGEN) files. Trails of releases before 12.2 need them.
///
/// Ownership: free it with `tc_catalog_free`; readers that use it keep what they need. Threads: const functions by several
/// concurrently.
#[derive(Default)]
pub struct tc_catalog(pub(crate) Catalog);

handle::object!(tc_catalog, b"tc_catl\0");

impl tc_catalog {
    /// Makes a catalog of definitions.
    pub(crate) fn of<'a>(tables: impl IntoIterator<Item = &'a Arc<TableDef>>) -> Self {
        let mut catalog = Catalog::new();
        tables.into_iter().for_each(|table| catalog.insert(TableDef::clone(table)));
        Self(catalog)
    }

    /// Returns its definitions, ordered by name.
    fn sorted(&self) -> Vec<&Arc<TableDef>> {
        let mut tables: Vec<_> = self.0.tables().collect();
        tables.sort_by_key(|table| table.name());
        tables
    }
}

/// Creates an empty catalog.
///
/// Example: `tc_catalog *catalog; tc_catalog_new(&catalog);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_new(catalog: *mut *mut tc_catalog) -> tc_status {
    status(|| give_to(catalog, || Ok(tc_catalog::default())))
}

/// Reads a definitions file.
///
/// Errors: `TC_ERR_NOT_FOUND`, `TC_ERR_IO`; `TC_ERR_DEFINITIONS` if it cannot be parsed, with the line.
/// Example: `tc_catalog_open("dirdef/hr.def", &catalog, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_open(
    file: *const c_char,
    catalog: *mut *mut tc_catalog,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || give_to(catalog, || Ok(tc_catalog(Catalog::open(path(file, "file")?)?))))
}

/// Parses the bytes of a definitions file.
///
/// The bytes are not kept. Errors: `TC_ERR_DEFINITIONS` if they cannot be parsed, with the line.
/// Example: `tc_catalog_parse(bytes, length, &catalog, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_parse(
    bytes: *const u8,
    length: usize,
    catalog: *mut *mut tc_catalog,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(catalog, || {
            if bytes.is_null() {
                return Err(Failure::null("bytes"));
            }
            Ok(tc_catalog(Catalog::parse(array(bytes, length, "bytes")?)?))
        })
    })
}

/// Frees a catalog. NULL is fine.
///
/// Example: `tc_catalog_free(catalog);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_free(catalog: *mut tc_catalog) {
    handle::free(catalog)
}

/// Adds a definition, replacing one of the same name. Readers that already use the catalog do not see it.
///
/// Example: `tc_catalog_insert(catalog, table);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_insert(catalog: *mut tc_catalog, table: *const tc_table) -> tc_status {
    status(|| {
        let table = borrow(table)?.0.as_ref().clone();
        borrow_mut(catalog)?.0.insert(table);
        Ok(())
    })
}

/// Returns the number of definitions.
///
/// Example: `size_t count; tc_catalog_count(catalog, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_count(catalog: *const tc_catalog, count: *mut usize) -> tc_status {
    status(|| give(count, "count", || Ok(borrow(catalog)?.0.tables().count())))
}

/// Returns a definition by its index. Definitions are ordered by name.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
/// Example: `tc_catalog_table(catalog, 0, &table);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_table(catalog: *const tc_catalog, index: usize, table: *mut *mut tc_table) -> tc_status {
    status(|| {
        give_to(table, || {
            let tables = borrow(catalog)?.sorted();
            let found = tables.get(index).ok_or_else(|| Failure::index("table", index, tables.len()))?;
            Ok(tc_table(Arc::clone(found)))
        })
    })
}

/// Returns the definition of a table by its name: the exact match, or the only case-insensitive match. `*table` is NULL if
/// there is none.
///
/// Example: `tc_catalog_find(catalog, "HR.EMP", &table);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_find(
    catalog: *const tc_catalog,
    name: *const c_char,
    table: *mut *mut tc_table,
) -> tc_status {
    status(|| {
        give_optional(table, || {
            let (catalog, name) = (borrow(catalog)?, text(name, "name")?);
            Ok(catalog.0.table(name).map(|found| tc_table(Arc::clone(found))))
        })
    })
}
