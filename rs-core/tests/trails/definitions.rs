//! Definitions of tables: in the trail, in a catalog, and none.

use std::sync::Arc;

use crate::common::*;
use trailcore::ReadOptions;
use trailcore::schema::{Catalog, TableDef};
use trailcore::sink::{TrailWriter, UpdateStyle, WriterOptions};

#[test]
fn names_in_rows_without_and_with_a_catalog() {
    for order in ORDERS {
        let items = items();
        let write = |metadata| {
            let options = WriterOptions { metadata, compatibility: 3, ..options(order, 1, NO_LIMIT) };
            let mut writer = TrailWriter::in_memory("tt", options).unwrap();
            writer.begin("1", "a", at(0)).unwrap();
            insert_all(&mut writer, &items, 1..4, "note");
            writer.update(&items, UpdateStyle::Pair, &key(&items, order, 1), &key(&items, order, 2)).unwrap();
            writer.commit().unwrap();
            writer.finish().unwrap()
        };
        let (named, defined) = (write(false), write(true));
        let bare = plain(&trail_of(&named));
        assert_eq!(bare.len(), 4);
        assert!(bare.iter().all(|change| change.table == "SHOP.ITEMS"));
        // Text is read as text, all other bytes as bytes.
        assert_eq!(
            image(&bare[0].after),
            r#"{"COL0":{"$base64":"AAAAAAAAAAE="},"COL1":"abend","COL2":{"$base64":"AAAAAAAAAGk="},"COL7":"note"}"#
        );
        let mut catalog = Catalog::new();
        catalog.insert(TableDef::clone(&items));
        let with = lines_with(&trail_of(&named), ReadOptions::new().catalog(catalog)).unwrap();
        let expected: Vec<_> = lines(&trail_of(&defined)).iter().map(|line| placeless(line)).collect();
        assert_eq!(with.iter().map(|line| placeless(line)).collect::<Vec<_>>(), expected);
    }
}

/// A table in the form of a definitions file of version 5.0.
fn as_definition_file(table: &TableDef) -> String {
    let mut text = format!(
        "*+- Defgen version 5.0, Encoding UTF-8\nCharacter set ID: UTF-8\nDefinition for table {}\nRecord length: 400\nSyskey: 0\nColumns: {}\n",
        table.name(),
        table.columns().len()
    );
    for c in table.columns() {
        text.push_str(&format!(
            "{}  {} {} {} {} 0 1 0 {} {} {} {} {} 0 0 1 0 {} {} 1 -1 0 0 0\n",
            c.name,
            c.data_type,
            c.external_length,
            c.fetch_offset,
            c.scale,
            c.internal_length,
            c.binary_length,
            c.table_length,
            c.most_significant,
            c.least_significant,
            u8::from(c.key),
            c.sub_type
        ));
    }
    text.push_str("End of definition\n");
    text
}

#[test]
fn a_definition_file_and_a_table_record_give_equal_definitions() {
    for (order, version) in ORDERS.into_iter().flat_map(|order| [(order, 1), (order, 11)]) {
        let items = items();
        let mut writer = writer(order, version, NO_LIMIT);
        writer.begin("1", "a", at(0)).unwrap();
        insert_all(&mut writer, &items, 1..2, "");
        writer.commit().unwrap();
        let trail = trail_of(&writer.finish().unwrap());
        let mut reader = trail.reader().unwrap();
        let from_record = Arc::clone(reader.next().unwrap().unwrap().table());
        let catalog = Catalog::parse(as_definition_file(&items).as_bytes()).unwrap();
        let from_file = catalog.table("SHOP.ITEMS").unwrap();
        assert_eq!(&from_record, from_file, "{order:?} {version}");
        assert_eq!(from_record, items);
        assert_eq!(reader.tables().collect::<Vec<_>>(), [from_file]);
    }
}
