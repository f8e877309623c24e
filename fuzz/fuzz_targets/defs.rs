//! Definitions files: tables that are printed in one form parse to the same tables.
#![no_main]

use std::fmt::Write;

use libfuzzer_sys::fuzz_target;
use trailcore::{Catalog, Charset, TableDef};

fuzz_target!(|data: &[u8]| {
    let Ok(catalog) = Catalog::parse(data) else { return };
    assert!(catalog.tables().next().is_some());
    for table in catalog.tables() {
        assert!(table.is_defined());
        assert!(catalog.table(table.name()).is_some_and(|found| std::sync::Arc::ptr_eq(found, table)));
        for column in table.columns() {
            let found = table.column(&column.name).map(|(_, found)| &*found.name);
            assert_eq!(found, Some(&*column.name));
            assert!(column.text_charset().is_stated() || !column.charset.is_stated());
        }
        if let Some(text) = printed(table) {
            let again = Catalog::parse(text.as_bytes()).expect("a printed definition parses");
            assert_eq!(again.table(table.name()).map(|again| &**again), Some(&**table));
        }
    }
});

/// Returns a definitions file of version 5.0 with this table; `None` if a column's character set has no number.
fn printed(table: &TableDef) -> Option<String> {
    let mut text = format!("*+- Defgen version 5.0, Encoding UTF-8\nDefinition for table {}\nColumns: {}\n", table.name(), table.columns().len());
    for c in table.columns() {
        let charset = if c.charset == Charset::UNSTATED { -1 } else { c.charset.id()? };
        let numbers = [
            i64::from(c.data_type),
            c.external_length.into(),
            c.fetch_offset.into(),
            c.scale.into(),
            0,
            0,
            0,
            c.internal_length.into(),
            c.binary_length.into(),
            c.table_length.into(),
            c.most_significant.into(),
            c.least_significant.into(),
            0,
            0,
            0,
            0,
            c.key.into(),
            c.sub_type.into(),
            0,
            charset.into(),
            0,
            0,
            0,
        ];
        let numbers = numbers.map(|number| number.to_string()).join(" ");
        // Quoted, because a name may contain any character.
        writeln!(text, "\"{}\" {numbers}", c.name).ok()?;
    }
    text.push_str("End of definition\n");
    Some(text)
}
