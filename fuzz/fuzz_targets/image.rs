//! A row image of a table with every kind of column: the first byte selects the byte order, the rest is the column list.
#![no_main]

use std::collections::HashSet;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use trailcore::schema::ColumnDef;
use trailcore::sink::RowBuilder;
use trailcore::trail::ByteOrder;
use trailcore::trail::image::ImageBuilder;
use trailcore::{Charset, Column, ColumnState, DateTime, Decimal, Number, Row, TableDef, Value};

static TABLE: LazyLock<TableDef> = LazyLock::new(|| {
    // Data types and sub types by number: 64 and 0 characters, 130 to 135 integers, 192 dates; sub type 4 binary.
    let integer = |name: &str, data_type, scale| ColumnDef { scale, ..ColumnDef::new(name, data_type, 0, 8) };
    TableDef::new(
        "FUZZ.KINDS",
        vec![
            ColumnDef::varchar("UTF8", 40).key(),
            ColumnDef::varchar("GBK", 40).in_charset(Charset::from_name("GBK")),
            ColumnDef::new("UTF16", 64, 1, 40),
            ColumnDef::char("FIXED", 4).in_charset(Charset::from_name("windows-1252")),
            ColumnDef::varchar("ASCII", 9).in_charset(Charset::from_name("US-ASCII")),
            ColumnDef::varchar("UNSTATED", 9).in_charset(Charset::UNSTATED),
            ColumnDef::number("NUMBER"),
            ColumnDef::new("FIXED_NUMBER", 0, 2, 20),
            ColumnDef::integer("CENTS", 2),
            integer("INT16", 130, 0),
            integer("UINT16", 131, 1),
            integer("INT32", 132, 0),
            integer("UINT32", 133, 38),
            integer("UINT64", 135, 0),
            ColumnDef::datetime("DAY", 0),
            ColumnDef::datetime("MOMENT", 9),
            ColumnDef::new("BINARY", 64, 4, 16),
            ColumnDef::new("FIXED_BINARY", 0, 4, 16),
            ColumnDef::new("OPAQUE", 140, 0, 16),
        ],
    )
});

fuzz_target!(|data: &[u8]| {
    let Some((&first, list)) = data.split_first() else { return };
    let order = if first & 1 == 0 { ByteOrder::Big } else { ByteOrder::Little };
    let row = Row::new(list, &TABLE, order);
    let mut image = ImageBuilder::new(order);
    let mut whole = true;
    for span in row.spans() {
        match span {
            Ok(span) => whole = whole && image.span(span.index, span.bytes).is_ok(),
            Err(_) => whole = false,
        }
    }
    if whole {
        assert_eq!(image.bytes(), list);
    }
    let listed: Vec<_> = row.spans().map_while(Result::ok).map(|span| span.index).collect();
    let distinct = listed.iter().collect::<HashSet<_>>().len();
    let wanted = (whole && distinct == listed.len()).then_some(distinct);
    assert_eq!(row.spans().verify().ok(), wanted);
    let mut seen = HashSet::new();
    for column in row.columns().map_while(Result::ok) {
        look(&column);
        write_again(&column, order);
        // For a column that is listed twice, the accessors find the first one.
        if seen.insert(column.index()) {
            let found = [row.at(column.index()), row.get(&column.name())].map(|found| found.map(|found| found.span().as_ptr()));
            assert_eq!(found, [Some(column.span().as_ptr()); 2]);
        }
    }
});

/// Checks that the accessors agree with each other.
fn look(column: &Column<'_>) {
    let value = column.value();
    assert_eq!(column.is_null(), value == Value::Null);
    assert_eq!(column.bytes().is_ok(), column.span().starts_with(&[0, 0]));
    assert!(column.bytes().is_ok_and(|bytes| column.span().ends_with(bytes)) || column.bytes().is_err());
    let state = match value {
        Value::Null => ColumnState::Null,
        Value::Invalid(_) => ColumnState::Invalid,
        Value::Unchanged => ColumnState::Unchanged,
        _ => ColumnState::Value,
    };
    assert_eq!(column.state(), state);
    assert_eq!(column.text().is_ok(), matches!(value, Value::Text(_) | Value::Number(Number::Text(_))));
    assert_eq!(column.datetime().is_ok(), matches!(value, Value::DateTime(_)));
    assert!(column.decimal().is_err() || matches!(value, Value::Number(_)));
    assert!(column.i64().is_err() || column.decimal().is_ok());
    if let Ok(decimal) = column.decimal() {
        assert_eq!(decimal.to_string().parse::<Decimal>().ok(), Some(decimal));
        assert!(decimal.compare(decimal).is_eq() && !decimal.to_f64().is_nan());
    }
    if let Ok(time) = column.datetime() {
        assert_eq!(DateTime::parse(&time.to_string()), Some(time));
        assert!(time.unix_micros().is_some() || time.unix_nanos().is_none());
    }
}

/// Checks that a value that can be written is read back unchanged.
fn write_again(column: &Column<'_>, order: ByteOrder) {
    let name = column.name();
    let mut row = RowBuilder::new(&TABLE, order);
    let value = column.value();
    let written = match &value {
        Value::Null => row.null(&name),
        Value::Text(text) => row.text(&name, text),
        Value::Number(Number::Exact(decimal)) => row.decimal(&name, *decimal),
        Value::Number(Number::Text(digits)) => row.number(&name, digits),
        Value::DateTime(time) => row.datetime(&name, &time.to_string()),
        Value::Bytes(bytes) => row.binary(&name, bytes),
        _ => return,
    };
    let known = column.definition().is_some();
    // Columns that the table does not define cannot be written.
    assert!(known || written.is_err());
    if matches!(value, Value::Null | Value::Number(_) | Value::DateTime(_)) {
        assert_eq!(known, written.is_ok());
    }
    if written.is_ok() {
        let again = Row::new(row.bytes(), &TABLE, order);
        assert_eq!(again.at(column.index()).map(|column| column.value()), Some(value));
    }
}
