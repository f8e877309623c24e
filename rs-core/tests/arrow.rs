//! Arrow batches have the same values as the changes.
#![cfg(feature = "arrow")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int8Type, Int64Type, TimestampMicrosecondType, TimestampNanosecondType, UInt64Type};
use arrow_array::{Array, ArrayAccessor, ArrayRef, RecordBatch, RecordBatchReader, StructArray};
use arrow_schema::{DataType, TimeUnit};
use trailcore::arrow::{ArrowOptions, Invalid, Layout, Numbers, SchemaChange, Times, is_meta};
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::image::ImageBuilder;
use trailcore::{Charset, ColumnState, DateTime, Decimal, ErrorKind, Op, Position, ReadOptions, Row, Timestamp, Trail, Value};
use trailcore_samples::{Bank, bank_in_memory};

fn bank(bank: &Bank) -> Trail {
    let files = bank_in_memory(bank).unwrap();
    Trail::from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())))
}

/// Formats a value of an array as text, like [`value`] for a change.
fn cell(array: &dyn Array, row: usize) -> String {
    if array.is_null(row) {
        return "null".to_owned();
    }
    match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Decimal128(_, scale) => {
            Decimal::new(array.as_primitive::<Decimal128Type>().value(row), *scale as u8).to_string()
        }
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Binary => format!("{:?}", array.as_binary::<i32>().value(row)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => array.as_primitive::<TimestampMicrosecondType>().value(row).to_string(),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            (array.as_primitive::<TimestampNanosecondType>().value(row) / 1000).to_string()
        }
        other => panic!("{other}"),
    }
}

fn value(row: Option<&Row<'_>>, index: usize) -> String {
    let Some(column) = row.and_then(|row| row.at(index)) else { return "null".to_owned() };
    match column.value() {
        Value::Null | Value::Invalid(_) => "null".to_owned(),
        Value::Text(text) => text.into_owned(),
        Value::Number(number) => number.to_string(),
        Value::DateTime(time) => time.unix_micros().unwrap().to_string(),
        Value::Bytes(bytes) => format!("{bytes:?}"),
        other => panic!("{other:?}"),
    }
}

/// Compares the batches of a trail with its changes.
fn assert_same(trail: &Trail, read: &ReadOptions, options: &ArrowOptions, layout: Layout) {
    let mut rows = std::collections::HashMap::<String, Vec<Vec<String>>>::new();
    let mut reader = trail.reader_with(read.clone()).unwrap();
    while let Some(change) = reader.next().unwrap() {
        if change.op() == Op::Ddl {
            continue;
        }
        let (before, after) = change.images().unwrap();
        let mut row = vec![
            change.op().name().to_owned(),
            change.position().to_string(),
            change.csn().unwrap_or("null").to_owned(),
            change.xid().unwrap_or("null").to_owned(),
            change.timestamp().unix_micros().to_string(),
        ];
        let columns = 0..change.table().columns().len();
        match layout {
            Layout::Rows => {
                let image = if change.op() == Op::Delete { before } else { after };
                row.extend(columns.map(|index| value(image.as_ref(), index)));
            }
            Layout::Changes => {
                for image in [before, after] {
                    row.push(image.is_some().to_string());
                    row.extend(columns.clone().map(|index| value(image.as_ref(), index)));
                }
            }
        }
        rows.entry(change.table().name().to_owned()).or_default().push(row);
    }
    assert!(!rows.is_empty());
    for (table, expected) in rows {
        let stream = trail.table(&table, read.clone(), options.clone().layout(layout)).unwrap();
        let schema = stream.schema();
        let batches: Vec<RecordBatch> = stream.map(Result::unwrap).collect();
        let shown: Vec<Vec<String>> = batches.iter().flat_map(shown_rows).collect();
        assert_eq!(shown, expected, "{table}");
        assert!(batches.iter().all(|batch| batch.schema() == schema));
    }
}

fn shown_rows(batch: &RecordBatch) -> Vec<Vec<String>> {
    let schema = batch.schema();
    let one = |row: usize| {
        let cells = batch.columns().iter().zip(schema.fields()).flat_map(|(array, field)| match array.data_type() {
            DataType::Struct(_) => {
                let image: &StructArray = array.as_struct();
                let cells = image.columns().iter().map(|own| if image.is_null(row) { "null".into() } else { cell(own, row) });
                std::iter::once(image.is_valid(row).to_string()).chain(cells).collect::<Vec<String>>()
            }
            _ if field.name() == "_position" => {
                vec![cell(array, row).parse::<Position>().unwrap().to_string()]
            }
            _ => vec![cell(array, row)],
        });
        cells.collect()
    };
    (0..batch.num_rows()).map(one).collect()
}

#[test]
fn batches_equal_the_changes() {
    for sample in [Bank::small(), Bank::small_little()] {
        let trail = bank(&sample);
        for layout in [Layout::Rows, Layout::Changes] {
            for rows in [1, 7, 65_536] {
                assert_same(&trail, &ReadOptions::new(), &ArrowOptions::new().rows(rows), layout);
            }
        }
    }
}

#[test]
fn batches_of_all_tables_hold_every_row_once() {
    let trail = bank(&Bank::small());
    let mut reader = trail.reader().unwrap();
    let mut changes = 0;
    while let Some(change) = reader.next().unwrap() {
        changes += usize::from(change.op() != Op::Ddl);
    }
    let batches = trail.batches(ReadOptions::new(), ArrowOptions::new().rows(5)).unwrap();
    let rows: usize = batches.map(|records| records.unwrap().batch.num_rows()).sum();
    assert_eq!(rows, changes);
}

/// A trail of one transaction that `write` fills.
fn written(write: impl FnOnce(&mut TrailWriter)) -> Trail {
    let mut writer = TrailWriter::in_memory("aa", WriterOptions::default()).unwrap();
    writer.begin("1", "1.2.3", Timestamp::from_unix_micros(0)).unwrap();
    write(&mut writer);
    writer.commit().unwrap();
    Trail::from_bytes(writer.finish().unwrap().remove(0).1)
}

fn table(columns: Vec<ColumnDef>) -> Arc<TableDef> {
    Arc::new(TableDef::new("A.T", columns))
}

fn insert(writer: &mut TrailWriter, table: &Arc<TableDef>, fill: impl Fn(&mut RowBuilder<'_>)) {
    let mut row = RowBuilder::new(table, writer.byte_order());
    fill(&mut row);
    writer.insert(table, row.bytes()).unwrap();
}

fn column(trail: &Trail, options: ArrowOptions, name: &str) -> trailcore::Result<ArrayRef> {
    let stream = trail.table("A.T", ReadOptions::new(), options)?;
    let batches = stream.collect::<trailcore::Result<Vec<_>>>()?;
    Ok(Arc::clone(batches[0].column_by_name(name).unwrap()))
}

fn numbers(texts: &[&str], length: u32, sub_type: u16, scale: i16) -> Trail {
    let number = ColumnDef { scale, ..ColumnDef::new("N", 64, sub_type, length) };
    let table = table(vec![number]);
    written(|writer| {
        for text in texts {
            insert(writer, &table, |row| {
                row.number("N", text).unwrap();
            });
        }
    })
}

#[test]
fn undeclared_scale_follows_the_numbers_option() {
    let trail = numbers(&["5", "-0.25", ".5", "1E+3"], 50, 2, 0);
    let shown = |numbers| {
        column(&trail, ArrowOptions::new().numbers(numbers), "N").map(|array| {
            (0..4)
                .map(|row| if array.data_type() == &DataType::Float64 { String::new() } else { cell(&array, row) })
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(shown(Numbers::Declared).unwrap(), ["5", "-0.25", "0.5", "1E+3"]);
    assert_eq!(shown(Numbers::Scale(2)).unwrap(), ["5.00", "-0.25", "0.50", "1000.00"]);
    let error = shown(Numbers::Scale(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Value);
    assert!(error.to_string().contains("column N of A.T") && !error.to_string().contains("0.25"), "{error}");
    let floats = column(&trail, ArrowOptions::new().numbers(Numbers::Float), "N").unwrap();
    let floats = floats.as_primitive::<arrow_array::types::Float64Type>().values().to_vec();
    assert_eq!(floats, [5.0, -0.25, 0.5, 1000.0]);
}

#[test]
fn declared_scale_gives_decimals() {
    let trail = numbers(&["12345678901234567890123456.78", "0.1"], 50, 3, 2);
    let array = column(&trail, ArrowOptions::new(), "N").unwrap();
    assert_eq!(array.data_type(), &DataType::Decimal128(38, 2));
    assert_eq!(cell(&array, 0), "12345678901234567890123456.78");
    let text = column(&trail, ArrowOptions::new().numbers(Numbers::Text), "N").unwrap();
    assert_eq!(cell(&text, 1), "0.1");
    let long = "9".repeat(60);
    let trail = numbers(&[&long], 67, 3, 2);
    let array = column(&trail, ArrowOptions::new(), "N").unwrap();
    assert_eq!(array.data_type(), &DataType::Decimal256(76, 2));
    assert_eq!(array.as_primitive::<arrow_array::types::Decimal256Type>().value(0).to_string(), format!("{long}00"));
}

#[test]
fn times_are_exact_or_an_error() {
    let long = table(vec![ColumnDef::datetime("D", 9), ColumnDef::datetime("T", 9)]);
    let table = table(vec![ColumnDef::datetime("D", 0), ColumnDef::datetime("T", 9)]);
    let trail = written(|writer| {
        for text in ["2019-10-03:11:45:00.123456789", "9999-12-31:00:00:00.000000000"] {
            // The builder refuses a time that is longer than its column.
            let mut row = RowBuilder::new(&long, writer.byte_order());
            row.datetime("D", text).unwrap().datetime("T", text).unwrap();
            writer.insert(&table, row.bytes()).unwrap();
        }
    });
    let error = column(&trail, ArrowOptions::new().columns(&["D"]), "D").unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("more digits than")), (ErrorKind::Value, true), "{error}");
    // The year needs microseconds, and the digits need nanoseconds.
    for (times, what) in
        [(Times::Declared, "more digits than"), (Times::Micros, "more digits than"), (Times::Nanos, "out of range")]
    {
        let error = column(&trail, ArrowOptions::new().times(times).columns(&["T"]), "T").unwrap_err();
        assert_eq!((error.kind(), error.to_string().contains(what)), (ErrorKind::Value, true), "{error}");
    }
    let micros = column(&trail, ArrowOptions::new().times(Times::Truncated), "T").unwrap();
    let micros = micros.as_primitive::<TimestampMicrosecondType>();
    assert_eq!(micros.value(0), DateTime::parse("2019-10-03:11:45:00.123456").unwrap().unix_micros().unwrap());
    assert_eq!(micros.value(1), 253_402_214_400_000_000);
    let texts = column(&trail, ArrowOptions::new().times(Times::Text), "T").unwrap();
    assert_eq!([cell(&texts, 0), cell(&texts, 1)], ["2019-10-03T11:45:00.123456789", "9999-12-31T00:00:00.000000000"]);
}

#[test]
fn states_distinguish_missing_null_and_invalid() {
    let table = table(vec![ColumnDef::integer("K", 0).key(), ColumnDef::varchar("V", 9), ColumnDef::varchar("W", 9)]);
    let trail = written(|writer| {
        insert(writer, &table, |row| {
            row.decimal("K", 1.into()).unwrap().null("V").unwrap().text("W", "w").unwrap();
        });
        // V is missing, and W is not UTF-8.
        let mut image = ImageBuilder::new(writer.byte_order());
        image.fixed(0, &2i64.to_be_bytes()).unwrap();
        image.fixed(2, &[0, 2, 0xff, 0xfe]).unwrap();
        writer.insert(&table, image.bytes()).unwrap();
        writer.truncate(&table).unwrap();
    });
    let error = column(&trail, ArrowOptions::new(), "W").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Value);
    let nulls = column(&trail, ArrowOptions::new().invalid(Invalid::Null), "W").unwrap();
    assert_eq!((0..3).map(|row| cell(&nulls, row)).collect::<Vec<_>>(), ["w", "null", "null"]);
    let states = column(&trail, ArrowOptions::new().states(true), "_states").unwrap();
    let word = |name: &str, row: usize| {
        let words = states.as_struct().column_by_name(name).unwrap().as_dictionary::<Int8Type>();
        words.values().as_string::<i32>().value(words.keys().value(row) as usize).to_owned()
    };
    let words: Vec<Vec<String>> = (0..3).map(|row| ["K", "V", "W"].map(|name| word(name, row)).to_vec()).collect();
    assert_eq!(words, [["value", "null", "value"], ["value", "missing", "invalid"], ["missing", "missing", "missing"]]);
    let layout = ArrowOptions::new().layout(Layout::Changes).states(true);
    assert!(column(&trail, layout.clone(), "_after_states").is_ok() && column(&trail, layout, "_before_states").is_ok());
    assert_eq!(ColumnState::Invalid as i8, 3);
}

/// Three rows: with a first definition, with a second one of another scale and a new column, and with the first again.
fn changing() -> Trail {
    let first = table(vec![ColumnDef::integer("K", 0).key(), ColumnDef::integer("A", 2), ColumnDef::varchar("OLD", 9)]);
    let second = table(vec![ColumnDef::integer("K", 0).key(), ColumnDef::integer("A", 4), ColumnDef::varchar("NEW", 9)]);
    written(|writer| {
        for (table, text) in [(&first, "OLD"), (&second, "NEW"), (&first, "OLD")] {
            insert(writer, table, |row| {
                row.decimal("K", 1.into()).unwrap().decimal("A", Decimal::new(15, 1)).unwrap().text(text, "x").unwrap();
            });
        }
    })
}

#[test]
fn changed_definition_is_an_error_a_union_or_a_new_stream() {
    let trail = changing();
    let options = ArrowOptions::new();
    let mut stream = trail.table("A.T", ReadOptions::new(), options.clone()).unwrap();
    assert_eq!(stream.next().unwrap().unwrap().num_rows(), 1);
    let error = stream.next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaChange);
    assert!(stream.next().is_none());

    let union = options.clone().on_schema_change(SchemaChange::Union);
    let stream = trail.table("A.T", ReadOptions::new(), union.clone()).unwrap();
    assert_eq!(stream.schema().field_with_name("A").unwrap().data_type(), &DataType::Decimal128(21, 4));
    let rows: Vec<_> = stream.flat_map(|batch| shown_rows(&batch.unwrap())).map(|row| row[5..].join(" ")).collect();
    assert_eq!(rows, ["1 1.5000 x null", "1 1.5000 null x", "1 1.5000 x null"]);
    let layout = union.layout(Layout::Changes).states(true);
    let stream = trail.table("A.T", ReadOptions::new(), layout.columns(&["new", "K"])).unwrap();
    assert_eq!(stream.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 3);

    let mut versions = 0;
    let mut next = trail.table("A.T", ReadOptions::new(), options.clone().on_schema_change(SchemaChange::Stop)).ok();
    while let Some(mut stream) = next {
        versions += 1;
        assert_eq!(stream.by_ref().map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 1);
        next = stream.next_version();
    }
    assert_eq!(versions, 3);
    // Columns that are not requested may change.
    let stream = trail.table("A.T", ReadOptions::new(), options.columns(&["k"])).unwrap();
    assert_eq!(stream.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 3);
}

#[test]
fn a_column_that_an_earlier_definition_lacks_is_missing() {
    let first = table(vec![ColumnDef::integer("K", 0).key()]);
    let second = table(vec![ColumnDef::integer("K", 0).key(), ColumnDef::varchar("NEW", 9)]);
    let trail = written(|writer| {
        insert(writer, &first, |row| {
            row.decimal("K", 1.into()).unwrap();
        });
        insert(writer, &second, |row| {
            row.decimal("K", 2.into()).unwrap().text("NEW", "x").unwrap();
        });
        insert(writer, &second, |row| {
            row.decimal("K", 3.into()).unwrap();
        });
    });
    let options = ArrowOptions::new().on_schema_change(SchemaChange::Union).states(true).complete(true);
    for (layout, states) in [(Layout::Rows, "_states"), (Layout::Changes, "_after_states")] {
        let mut found = Vec::new();
        for batch in trail.table("A.T", ReadOptions::new(), options.clone().layout(layout)).unwrap() {
            let batch = batch.unwrap();
            let states = batch.column_by_name(states).unwrap().as_struct().column_by_name("NEW").unwrap();
            let states = states.as_dictionary::<Int8Type>().downcast_dict::<arrow_array::StringArray>().unwrap();
            let complete = batch.column_by_name("_complete").unwrap().as_boolean();
            found.extend((0..batch.num_rows()).map(|row| (complete.value(row), states.value(row).to_owned())));
        }
        let expected = [(false, "missing"), (true, "value"), (false, "missing")].map(|(known, state)| (known, state.to_owned()));
        assert_eq!(found, expected, "{layout:?}");
    }
}

#[test]
fn rows_before_damage_precede_the_error() {
    let files = bank_in_memory(&Bank::small()).unwrap();
    let mut bytes = files[0].1.clone();
    let cut = bytes.len() - 10;
    bytes.truncate(cut);
    let trail = Trail::from_bytes(bytes);
    let mut reader = trail.reader().unwrap();
    let mut expected = 0;
    while let Ok(Some(change)) = reader.next() {
        expected += usize::from(change.op() != Op::Ddl);
    }
    let mut rows = 0;
    let mut errors = Vec::new();
    for records in trail.batches(ReadOptions::new(), ArrowOptions::new()).unwrap() {
        match records {
            Ok(records) => rows += records.batch.num_rows(),
            Err(error) => errors.push(error.kind()),
        }
    }
    assert_eq!((rows, errors), (expected, vec![ErrorKind::Truncated]));
}

#[test]
fn unknown_and_conflicting_names() {
    let trail = bank(&Bank::small());
    let error = trail.table("BANK.NONE", ReadOptions::new(), ArrowOptions::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTable);
    assert!(error.to_string().contains("BANK.POSTINGS"), "{error}");
    assert!(trail.table("bank.postings", ReadOptions::new(), ArrowOptions::new()).is_ok());
    let error = trail.table("BANK.POSTINGS", ReadOptions::new(), ArrowOptions::new().columns(&["NONE"])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);

    let own = table(vec![ColumnDef::varchar("_op", 5)]);
    let trail = written(|writer| {
        insert(writer, &own, |row| {
            row.text("_op", "x").unwrap();
        })
    });
    assert_eq!(column(&trail, ArrowOptions::new(), "_op").unwrap_err().kind(), ErrorKind::InvalidArgument);
    let array = column(&trail, ArrowOptions::new().prefix("$"), "_op").unwrap();
    assert_eq!(cell(&array, 0), "x");

    let (upper, lower) =
        (Arc::new(TableDef::new("A.T", own.columns().to_vec())), Arc::new(TableDef::new("a.t", own.columns().to_vec())));
    let trail = written(|writer| {
        insert(writer, &upper, |row| {
            row.text("_op", "up").unwrap();
        });
        insert(writer, &lower, |row| {
            row.text("_op", "low").unwrap();
        });
    });
    let rows = |name: &str| {
        let stream = trail.table(name, ReadOptions::new(), ArrowOptions::new().prefix("$"))?;
        stream.map(|batch| batch.map(|batch| batch.num_rows())).sum::<trailcore::Result<usize>>()
    };
    assert_eq!(rows("A.T").unwrap(), 1);
    assert_eq!(rows("A.t").unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn integers_of_every_kind() {
    let columns = vec![
        ColumnDef::new("I16", 130, 0, 2),
        ColumnDef { scale: 2, ..ColumnDef::new("I32", 132, 0, 4) },
        ColumnDef::new("U64", 135, 0, 8),
        ColumnDef { scale: 1, ..ColumnDef::new("U64S", 135, 0, 8) },
    ];
    let table = table(columns);
    let trail = written(|writer| {
        let mut image = ImageBuilder::new(writer.byte_order());
        image.fixed(0, &(-3i16).to_be_bytes()).unwrap();
        image.fixed(1, &(-12_345i32).to_be_bytes()).unwrap();
        image.fixed(2, &u64::MAX.to_be_bytes()).unwrap();
        image.fixed(3, &u64::MAX.to_be_bytes()).unwrap();
        writer.insert(&table, image.bytes()).unwrap();
    });
    let shown: Vec<_> =
        ["I16", "I32", "U64", "U64S"].map(|name| cell(&column(&trail, ArrowOptions::new(), name).unwrap(), 0)).to_vec();
    assert_eq!(shown, ["-3", "-123.45", "18446744073709551615", "1844674407370955161.5"]);
}

#[test]
fn missing_image_is_a_null_struct_also_over_the_c_stream() {
    let table = table(vec![ColumnDef::integer("K", 0).key(), ColumnDef::varchar("V", 9)]);
    let trail = written(|writer| {
        let mut row = RowBuilder::new(&table, writer.byte_order());
        row.decimal("K", 1.into()).unwrap().text("V", "v").unwrap();
        writer.update(&table, UpdateStyle::AfterOnly, &[], row.bytes()).unwrap();
        writer.update(&table, UpdateStyle::Pair, row.bytes(), row.bytes()).unwrap();
    });
    let options = ArrowOptions::new().layout(Layout::Changes);
    let stream = trail.table("A.T", ReadOptions::new().charset(Charset::UTF_8), options).unwrap();
    let fields = stream.schema();
    assert_eq!(fields.fields().iter().filter(|field| is_meta(field)).count(), 5);
    let mut raw = stream.into_c_stream();
    // SAFETY: the stream is valid, and ownership moves completely: a released stream is left.
    #[allow(unsafe_code)]
    let reader = unsafe { arrow_array::ffi_stream::RecordBatchStreamReader::from_raw(&mut raw) }.unwrap();
    assert_eq!(reader.schema(), fields);
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    let before = batches[0].column_by_name("before").unwrap();
    assert_eq!((before.is_null(0), before.is_null(1)), (true, false));
}

#[test]
fn the_error_of_a_wrong_character_set_names_the_option_that_replaces_it() {
    let trail = |stated: &str| {
        let [stated, real] =
            [stated, "GBK"].map(|name| table(vec![ColumnDef::varchar("V", 40).in_charset(Charset::from_name(name))]));
        written(|writer| {
            let mut row = RowBuilder::new(&real, writer.byte_order());
            row.text("V", "张伟").unwrap();
            writer.insert(&stated, row.bytes()).unwrap();
        })
    };
    let wrong = trail("US-ASCII");
    let hint = column(&wrong, ArrowOptions::new(), "V").unwrap_err().to_string();
    assert!(hint.contains("set the option column_charset"), "{hint}");
    let read = ReadOptions::new().column_charset(Charset::from_name("GBK"));
    let batch = wrong.table("A.T", read, ArrowOptions::new()).unwrap().next().unwrap().unwrap();
    assert_eq!(cell(batch.column_by_name("V").unwrap(), 0), "张伟");
}

#[test]
fn a_transaction_that_breaks_off_has_a_mark_on_request() {
    let table = table(vec![ColumnDef::integer("K", 0).key()]);
    let mut writer = TrailWriter::in_memory("tt", WriterOptions::default()).unwrap();
    for (csn, rows) in [("1", 1..3_i64), ("2", 3..4)] {
        writer.begin(csn, "x", "2024-03-01".parse().unwrap()).unwrap();
        for row in rows {
            insert(&mut writer, &table, |image| {
                image.decimal("K", row.into()).unwrap();
            });
        }
        writer.leave_unfinished().unwrap();
    }
    let trail = Trail::from_bytes(writer.finish().unwrap().remove(0).1);
    let marks = column(&trail, ArrowOptions::new().unfinished(true), "_unfinished").unwrap();
    assert_eq!(marks.as_boolean().iter().map(Option::unwrap).collect::<Vec<_>>(), [false, true, true]);
    let without = trail.table("A.T", ReadOptions::new(), ArrowOptions::new()).unwrap().schema();
    assert!(without.field_with_name("_unfinished").is_err());
}

/// A reader that panics after its first batch.
struct Panics(RecordBatch, u32);

impl Iterator for Panics {
    type Item = Result<RecordBatch, arrow_schema::ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.1 += 1;
        assert!(self.1 < 2, "a drill");
        Some(Ok(self.0.clone()))
    }
}

impl RecordBatchReader for Panics {
    fn schema(&self) -> arrow_schema::SchemaRef {
        self.0.schema()
    }
}

#[test]
fn panic_does_not_cross_the_c_stream() {
    let trail = bank(&Bank::small());
    let batch = trail.table("BANK.POSTINGS", ReadOptions::new(), ArrowOptions::new()).unwrap().next().unwrap().unwrap();
    let mut raw = trailcore::arrow::c_stream(Panics(batch, 0));
    // SAFETY: as above.
    #[allow(unsafe_code)]
    let mut reader = unsafe { arrow_array::ffi_stream::RecordBatchStreamReader::from_raw(&mut raw) }.unwrap();
    assert!(reader.next().unwrap().is_ok());
    assert!(reader.next().unwrap().is_err());
    assert!(reader.next().is_none());
}

/// A column that no table has is an error at the end, after all rows: one of the projection, and one that is to be wide.
#[test]
fn a_column_that_no_table_has_is_an_error_at_the_end() {
    let trail = bank(&Bank::small());
    let rows = |read: &ReadOptions, options: ArrowOptions| {
        let mut batches = trail.batches(read.clone(), options).unwrap();
        let rows: usize = batches.by_ref().map_while(|records| Some(records.ok()?.batch.num_rows())).sum();
        assert!(batches.next().is_none(), "the error is returned once");
        (rows, batches.failure().map(ToString::to_string))
    };
    for read in [ReadOptions::new(), ReadOptions::new().threads(2)] {
        let (all, none) = rows(&read, ArrowOptions::new());
        assert_eq!(none, None);
        let columns = |names: &[&str]| rows(&read, ArrowOptions::new().columns(names));
        assert_eq!(columns(&["amount", "NAME"]).1, None);
        assert_eq!(columns(&["AMUONT"]), (all, Some("no table has a column AMUONT; did you mean AMOUNT?".to_owned())));
        let wide = |names: &[&str]| rows(&read, ArrowOptions::new().wide(names)).1;
        assert_eq!((wide(&["AMOUNT"]), wide(&["BANK.POSTINGS.AMOUNT"])), (None, None));
        assert!(wide(&["BANK.POSTINGS.AMUONT"]).unwrap().contains("did you mean AMOUNT?"));
        let table = |names: &[&str]| trail.table("BANK.POSTINGS", read.clone(), ArrowOptions::new().wide(names)).unwrap();
        assert!(table(&["AMOUNT"]).all(|batch| batch.is_ok()));
        let error = table(&["NAME"]).find_map(Result::err).unwrap();
        assert!(
            error.kind() == ErrorKind::InvalidArgument && error.to_string().contains("no table has a column NAME"),
            "{error}"
        );
    }
}
