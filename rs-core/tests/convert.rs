//! Trails as files of other formats: every value comes back, and nothing remains of what was not finished.
#![cfg(all(feature = "csv", feature = "parquet"))]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use arrow_array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use trailcore::arrow::{ArrowOptions, Layout};
use trailcore::sink::{ConvertOptions, Format};
use trailcore::{ErrorKind, Op, ReadOptions, Trail};
use trailcore_samples::plain::{PlainChange, PlainImage, PlainValue};
use trailcore_samples::{Bank, bank_in_memory};

fn bank() -> Trail {
    let files = bank_in_memory(&Bank::small()).unwrap();
    Trail::from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().file_name()));
    let mut names: Vec<_> = entries.into_iter().flatten().map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

fn read_parquet(path: &Path) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    reader.map(|batch| batch.unwrap()).collect()
}

#[test]
fn parquet_and_arrow_files_hold_the_batches() {
    let (trail, scratch) = (bank(), tempfile::tempdir().unwrap());
    let arrow = ArrowOptions::new().rows(7).layout(Layout::Changes).states(true);
    for format in [Format::Parquet, Format::Arrow] {
        let out = scratch.path().join(format.name());
        let converted = trail.convert(&out, ReadOptions::new(), &ConvertOptions::new(format).arrow(arrow.clone())).unwrap();
        assert_eq!(converted.files.len(), 3);
        for file in converted.files {
            let stream = trail.table(&file.table, ReadOptions::new(), arrow.clone().rows(usize::MAX)).unwrap();
            let (schema, expected): (_, Vec<_>) = (stream.schema(), stream.map(|batch| batch.unwrap()).collect());
            let found = if format == Format::Parquet {
                read_parquet(&file.path)
            } else {
                let reader = arrow_ipc::reader::FileReader::try_new(File::open(&file.path).unwrap(), None).unwrap();
                reader.map(|batch| batch.unwrap()).collect()
            };
            assert_eq!(found.iter().map(|batch| batch.num_rows() as u64).sum::<u64>(), file.rows);
            assert_eq!(found[0].schema().fields(), schema.fields(), "{}", file.table);
            let mut row = 0;
            for batch in found {
                assert_eq!(batch.columns(), expected[0].slice(row, batch.num_rows()).columns(), "{}", file.table);
                row += batch.num_rows();
            }
        }
    }
}

/// Splits a line of CSV; `None` is NULL, which an empty text is not.
fn cells(line: &str) -> Vec<Option<String>> {
    let (mut cells, mut rest) = (Vec::new(), line);
    loop {
        let end;
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut text = String::new();
            let mut signs = quoted.char_indices().peekable();
            let mut length = quoted.len();
            while let Some((at, sign)) = signs.next() {
                if sign == '"' && signs.next_if(|(_, next)| *next == '"').is_none() {
                    length = at + 1;
                    break;
                }
                text.push(sign);
            }
            cells.push(Some(text));
            end = length + 1;
        } else {
            end = rest.find(',').unwrap_or(rest.len());
            cells.push(Some(rest[..end].to_owned()).filter(|text| !text.is_empty()));
        }
        match rest.get(end..).and_then(|rest| rest.strip_prefix(',')) {
            Some(next) => rest = next,
            None => return cells,
        }
    }
}

#[test]
fn csv_holds_the_texts_of_native_json() {
    let (trail, scratch) = (bank(), tempfile::tempdir().unwrap());
    let options = ConvertOptions::new(Format::Csv).arrow(ArrowOptions::new().states(true));
    trail.convert(scratch.path(), ReadOptions::new(), &options).unwrap();
    let mut lines: Vec<_> = names(scratch.path())
        .into_iter()
        .map(|name| {
            let text = fs::read_to_string(scratch.path().join(&name)).unwrap();
            let lines: Vec<_> = text.lines().map(cells).collect();
            (name, lines.into_iter())
        })
        .map(|(name, mut lines)| (name, lines.next().unwrap(), lines))
        .collect();
    let mut reader = trail.reader().unwrap();
    while let Some(change) = reader.next().unwrap() {
        if change.op() == Op::Ddl {
            continue;
        }
        let plain = PlainChange::from_json(&change.to_json().unwrap()).unwrap();
        let (_, head, rows) = lines.iter_mut().find(|(name, ..)| *name == format!("{}.csv", plain.table)).unwrap();
        let row = rows.next().unwrap();
        assert_eq!(row.len(), head.len());
        let cell = |name: &str| row[head.iter().position(|own| own.as_deref() == Some(name)).unwrap()].clone();
        assert_eq!((cell("_op"), cell("_csn"), cell("_timestamp")), (Some(plain.op), plain.csn, Some(plain.ts)));
        let image = if change.op() == Op::Delete { plain.before } else { plain.after };
        let Some(PlainImage::Row(columns)) = image else { continue };
        for definition in change.table().columns() {
            let value = columns.iter().find(|(name, _)| **name == *definition.name).map(|(_, value)| value);
            let (text, state) = match value {
                None => (None, "missing"),
                Some(PlainValue::Null) => (None, "null"),
                Some(PlainValue::Number(text) | PlainValue::Text(text)) => (Some(text.to_string()), "value"),
                other => panic!("{other:?}"),
            };
            let states = cell(&format!("_states.{}", definition.name));
            assert_eq!((cell(&definition.name), states.as_deref()), (text, Some(state)), "{}", definition.name);
        }
    }
    assert!(lines.iter_mut().all(|(_, _, rows)| rows.next().is_none()));
}

#[test]
fn json_lines_are_those_of_the_trail() {
    let (trail, scratch) = (bank(), tempfile::tempdir().unwrap());
    let out = scratch.path().join("all.jsonl");
    trail.convert(&out, ReadOptions::new(), &ConvertOptions::new(Format::JsonLines).single_file(true)).unwrap();
    let mut expected = String::new();
    let mut reader = trail.reader().unwrap();
    while let Some(change) = reader.next().unwrap() {
        expected += &(change.to_json().unwrap() + "\n");
    }
    assert_eq!(fs::read_to_string(out).unwrap(), expected);
}

#[test]
fn a_table_without_changes_is_a_file_with_columns() {
    let (trail, scratch) = (bank(), tempfile::tempdir().unwrap());
    let none =
        || ReadOptions::new().select(trailcore::filter::Select::parse("TRAILCORE OPS truncate; TABLE BANK.CUSTOMERS;").unwrap());
    for format in [Format::Parquet, Format::Csv, Format::Arrow] {
        let out = scratch.path().join(format!("none.{}", format.name()));
        let converted = trail.convert(&out, none(), &ConvertOptions::new(format).table("bank.customers")).unwrap();
        assert_eq!((converted.files.len(), converted.files[0].rows), (1, 0));
        let unknown = trail.convert(scratch.path().join("x"), none(), &ConvertOptions::new(format).table("A.B")).unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::UnknownTable);
        assert!(unknown.to_string().contains("BANK.POSTINGS"), "{unknown}");
    }
    assert!(fs::read_to_string(scratch.path().join("none.csv")).unwrap().starts_with("_op,_position,_csn,_xid,_timestamp,"));
    assert_eq!(names(scratch.path()), ["none.arrow", "none.csv", "none.parquet"]);
}

#[test]
fn a_table_without_changes_is_found_by_its_last_name_and_in_a_catalog() {
    let (trail, scratch) = (bank(), tempfile::tempdir().unwrap());
    let mut catalog = trailcore::schema::Catalog::new();
    let columns = vec![trailcore::schema::ColumnDef::varchar("ONLY_HERE", 9)];
    catalog.insert(trailcore::schema::TableDef::new("S.ELSEWHERE", columns));
    let select = trailcore::filter::Select::parse("TRAILCORE OPS truncate; TABLE *.*;").unwrap();
    let none = || ReadOptions::new().catalog(catalog.clone()).select(select.clone());
    for format in [Format::Parquet, Format::Csv, Format::JsonLines] {
        for (name, full) in [("CUSTOMERS", "BANK.CUSTOMERS"), ("ELSEWHERE", "S.ELSEWHERE")] {
            let out = scratch.path().join(format!("{name}.{}", format.name()));
            let converted = trail.convert(&out, none(), &ConvertOptions::new(format).table(name)).unwrap();
            assert_eq!(converted.files[0].rows, 0);
            if format != Format::JsonLines {
                assert_eq!(converted.files[0].table, full);
            }
        }
    }
    assert!(fs::read_to_string(scratch.path().join("ELSEWHERE.csv")).unwrap().contains("ONLY_HERE"));
}

#[test]
fn nothing_remains_after_an_error_or_a_stop() {
    let (trail, scratch) = (bank(), tempfile::tempdir().unwrap());
    let files = bank_in_memory(&Bank::small()).unwrap();
    let torn: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), bytes[..bytes.len() - 9].to_vec().into())).collect();
    let torn = Trail::from_files(torn);
    for &format in Format::ALL {
        let out: PathBuf = scratch.path().join("out");
        let options = ConvertOptions::new(format);
        assert!(torn.convert(&out, ReadOptions::new(), &options).is_err());
        let calls = AtomicU32::new(0);
        let stopped = ReadOptions::new().on_progress(move |_| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        });
        assert_eq!(trail.convert(&out, stopped, &options).unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(names(scratch.path()), [""; 0]);
        let mistyped = options.arrow(ArrowOptions::new().columns(&["AMUONT"]));
        if format != Format::JsonLines {
            assert_eq!(trail.convert(&out, ReadOptions::new(), &mistyped).unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
        assert_eq!(names(scratch.path()), [""; 0]);
    }
}
