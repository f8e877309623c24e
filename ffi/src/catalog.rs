//! Catalogs of table definitions, from definition files.

use std::ffi::c_char;
use std::sync::Arc;

use trailcore::{Catalog, TableDef};

use crate::boundary::{Failure, fallible, status};
use crate::buffer::give_to;
use crate::error::tc_error;
use crate::handle::{self, exclusive, give, lend};
use crate::status::tc_status;
use crate::table::tc_table;
use crate::text::{array, out, path, text};

/// Table definitions by name, from definition (DEFGEN) files: what trails of releases before 12.2 need.
///
/// Ownership: free it with `tc_catalog_free`; readers that were given it keep what they need. Threads: const functions by
/// several at once.
#[derive(Default)]
pub struct tc_catalog(pub(crate) Catalog);

handle::object!(tc_catalog, b"tc_catl\0");

impl tc_catalog {
    /// A catalog of definitions that a trail has given.
    pub(crate) fn of<'a>(tables: impl IntoIterator<Item = &'a Arc<TableDef>>) -> Self {
        let mut catalog = Catalog::new();
        tables.into_iter().for_each(|table| catalog.insert(TableDef::clone(table)));
        Self(catalog)
    }

    /// Its definitions, by name.
    fn sorted(&self) -> Vec<&Arc<TableDef>> {
        let mut tables: Vec<_> = self.0.tables().collect();
        tables.sort_by_key(|table| table.name());
        tables
    }
}

/// Makes an empty catalog.
///
/// Ownership: `*catalog` is the caller's, to be freed with `tc_catalog_free`. Any thread may call it. Errors:
/// `TC_ERR_NULL_POINTER`.
/// Example: `tc_catalog *catalog; tc_catalog_new(&catalog);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_new(catalog: *mut *mut tc_catalog) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_to(catalog, || Ok(tc_catalog::default())) })
}

/// Reads a definition file.
///
/// Ownership: `*catalog` is the caller's, to be freed with `tc_catalog_free`. Any thread may call it. `error` may be NULL.
/// Errors: `TC_ERR_NOT_FOUND`, `TC_ERR_IO`; `TC_ERR_DEFINITIONS` where it cannot be understood, with the line.
/// Example: `tc_catalog_open("dirdef/hr.def", &catalog, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_open(
    file: *const c_char,
    catalog: *mut *mut tc_catalog,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { fallible(error, || give_to(catalog, || Ok(tc_catalog(Catalog::open(path(file, "file")?)?)))) }
}

/// Reads the bytes of a definition file.
///
/// Ownership: `*catalog` is the caller's, to be freed with `tc_catalog_free`; the bytes are not kept. Any thread may call it.
/// `error` may be NULL. Errors: `TC_ERR_DEFINITIONS` where they cannot be understood, with the line.
/// Example: `tc_catalog_parse(bytes, length, &catalog, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_parse(
    bytes: *const u8,
    length: usize,
    catalog: *mut *mut tc_catalog,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            give_to(catalog, || {
                if bytes.is_null() {
                    return Err(Failure::null("bytes"));
                }
                Ok(tc_catalog(Catalog::parse(array(bytes, length, "bytes")?)?))
            })
        })
    }
}

/// Frees a catalog. NULL is fine.
///
/// Example: `tc_catalog_free(catalog);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_free(catalog: *mut tc_catalog) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(catalog) }
}

/// Adds a definition; one of the same name is replaced. Readers that were given the catalog before do not see it.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_catalog_insert(catalog, table);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_insert(catalog: *mut tc_catalog, table: *const tc_table) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let table = lend(table)?.0.as_ref().clone();
        exclusive(catalog)?.0.insert(table);
        Ok(())
    })
}

/// How many definitions there are.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `size_t count; tc_catalog_count(catalog, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_count(catalog: *const tc_catalog, count: *mut usize) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let count = out(count, 0, "count")?;
        *count = lend(catalog)?.0.tables().count();
        Ok(())
    })
}

/// A definition by its place among all, which are in the order of their names.
///
/// Ownership: `*table` is the caller's, to be freed with `tc_table_free`. Threads: several at once may call it. Errors:
/// `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_catalog_table(catalog, 0, &table);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_table(catalog: *const tc_catalog, index: usize, table: *mut *mut tc_table) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        give_to(table, || {
            let tables = lend(catalog)?.sorted();
            let found = tables.get(index).ok_or_else(|| Failure::index("table", index, tables.len()))?;
            Ok(tc_table(Arc::clone(found)))
        })
    })
}

/// The definition of a table by its name: the exact one, or else the only one that differs in case alone. `*table` is NULL
/// where there is none.
///
/// Ownership: `*table` is the caller's, to be freed with `tc_table_free`. Threads: several at once may call it. Errors:
/// `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_catalog_find(catalog, "HR.EMP", &table);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_catalog_find(
    catalog: *const tc_catalog,
    name: *const c_char,
    table: *mut *mut tc_table,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let table = out(table, std::ptr::null_mut(), "table")?;
        let (catalog, name) = (lend(catalog)?, text(name, "name")?);
        if let Some(found) = catalog.0.table(name) {
            *table = give(tc_table(Arc::clone(found)));
        }
        Ok(())
    })
}
