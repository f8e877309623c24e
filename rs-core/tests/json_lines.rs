//! A second source beside the trail: native JSON lines, read, filtered, decoded and written like a trail.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use trailcore::batch::BatchDecoder;
use trailcore::filter::Select;
use trailcore::report::CountReport;
use trailcore::schema::Catalog;
use trailcore::sink::{TrailWriter, WriterOptions};
use trailcore::source::CheckIssueKind;
use trailcore::trail::ByteOrder;
use trailcore::{ChangeBlock, ColumnState, ErrorKind, Op, Position, ReadOptions, Trail, Value};
use trailcore_samples::{Bank, bank_in_memory};

/// The sample trail, its changes as JSON lines, and its definitions.
fn sample(bank: &Bank) -> (Trail, Vec<String>, Catalog) {
    let trail = trail_of(&bank_in_memory(bank).unwrap());
    let mut reader = trail.reader().unwrap();
    let mut lines = Vec::new();
    while let Some(change) = reader.next().unwrap() {
        lines.push(change.to_json().unwrap());
    }
    let mut catalog = Catalog::new();
    reader.tables().for_each(|table| catalog.insert((**table).clone()));
    (trail, lines, catalog)
}

fn as_file(lines: &[String]) -> Trail {
    Trail::from_bytes(lines.iter().map(|line| format!("{line}\n")).collect::<String>().into_bytes())
}

#[test]
fn lines_are_read_as_what_they_were_written_from() {
    for bank in [Bank::small(), Bank::small_little()] {
        let (_, expected, catalog) = sample(&bank);
        let trail = as_file(&expected);
        assert_eq!(lines(&trail), expected);
        assert_eq!(lines_with(&trail, ReadOptions::new().catalog(catalog)).unwrap(), expected);
        let mut blocks = trail.reader().unwrap().into_blocks(50);
        let mut seen = Vec::new();
        while let Some(block) = blocks.next_block().unwrap() {
            seen.extend(block.changes().map(|change| change.to_json().unwrap()));
        }
        assert_eq!(seen, expected);
        let owned: Vec<_> = trail.reader().unwrap().into_changes().collect::<Result<_, _>>().unwrap();
        assert!(owned.iter().map(|change| change.as_change().to_json().unwrap()).eq(expected));
    }
}

#[test]
fn a_selection_decides_the_same() {
    let (trail, expected, catalog) = sample(&Bank::small());
    let from_lines = as_file(&expected);
    for text in [
        "TABLE BANK.POSTINGS;",
        "TABLE BANK.*; TABLEEXCLUDE BANK.CUST*;",
        "TRAILCORE OPS insert; TABLE BANK.POSTINGS, FILTER (AMOUNT > 1000 AND @STRFIND (MEMO, 'cash') > 0);",
        "TABLE BANK.POSTINGS, FILTER (@COLTEST (CURRENCY, PRESENT)), WHERE (CURRENCY = 'USD');",
        "TRAILCORE OPS insert; TABLE BANK.*, FILTER (@RANGE (1, 3));",
        "TRAILCORE FROMCSN 7824137850 UNTILTIME 2024-03-01T00:01:00;",
        "TABLE BANK.POSTINGS, FILTER (@STREQ (@GETENV ('GGHEADER', 'OPTYPE'), 'INSERT'));",
    ] {
        let options = || ReadOptions::new().select(Select::parse(text).unwrap().lenient());
        let wanted = lines_with(&trail, options()).unwrap();
        assert_eq!(lines_with(&from_lines, options().catalog(catalog.clone())).unwrap(), wanted, "{text}");
        // Without definitions, types are inferred, but not keys.
        if text.contains("@RANGE") {
            continue;
        }
        assert_eq!(lines_with(&from_lines, options()).unwrap(), wanted, "{text}");
    }
}

/// All columns of all batches, as text.
fn decoded(trail: &Trail, options: ReadOptions) -> Vec<String> {
    let mut decoder = BatchDecoder::new();
    let mut reader = trail.reader_with(options).unwrap();
    let mut shown = Vec::new();
    let mut show = |batch: &trailcore::batch::ColumnBatch| {
        for (side, columns) in [("before", batch.before().collect::<Vec<_>>()), ("after", batch.after().collect())] {
            for (column, buffer) in columns {
                shown.push(format!(
                    "{} {side} {} {:?} {:?}",
                    batch.table().name(),
                    column.name,
                    buffer.states(),
                    buffer.values()
                ));
            }
        }
        shown.push(format!("{:?} {:?} {:?}", batch.ops(), batch.positions(), batch.times()));
    };
    while let Some(change) = reader.next().unwrap() {
        if decoder.push(&change).unwrap() {
            decoder.flush(&mut show);
        }
    }
    decoder.flush(&mut show);
    shown.sort();
    shown
}

#[test]
fn batches_are_the_same_under_the_same_definitions() {
    let (trail, expected, catalog) = sample(&Bank::small_little());
    let from_lines = decoded(&as_file(&expected), ReadOptions::new().catalog(catalog));
    assert_eq!(from_lines, decoded(&trail, ReadOptions::new()));
    assert!(from_lines.len() > 20);
}

#[cfg(feature = "arrow")]
#[test]
fn record_batches_are_the_same_under_the_same_definitions() {
    use trailcore::arrow::ArrowOptions;
    let (trail, expected, catalog) = sample(&Bank::small());
    let all = |trail: &Trail, options: ReadOptions| -> Vec<_> {
        trail.table("BANK.POSTINGS", options, ArrowOptions::new()).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let from_lines = all(&as_file(&expected), ReadOptions::new().catalog(catalog));
    assert_eq!(from_lines, all(&trail, ReadOptions::new()));
    assert!(from_lines[0].num_rows() > 10);
    // Without definitions there is a schema too: numbers are exact text.
    let inferred = all(&as_file(&expected), ReadOptions::new());
    assert_eq!(inferred[0].num_rows(), from_lines[0].num_rows());
    assert!(inferred[0].schema().field_with_name("AMOUNT").is_ok());
}

#[test]
fn lines_become_a_trail_and_back() {
    for (bank, order) in [(Bank::small(), ByteOrder::Little), (Bank::small_little(), ByteOrder::Big)] {
        let (_, expected, catalog) = sample(&bank);
        for options in [ReadOptions::new(), ReadOptions::new().catalog(catalog)] {
            let options_of_writer = WriterOptions { order, ..WriterOptions::default() };
            let mut writer = TrailWriter::in_memory("tt", options_of_writer).unwrap();
            let mut reader = as_file(&expected).reader_with(options).unwrap();
            while let Some(change) = reader.next().unwrap() {
                writer.write(&change).unwrap();
            }
            if writer.is_in_transaction() {
                writer.commit().unwrap();
            }
            let files = writer.finish().unwrap();
            let again: Vec<_> = lines(&trail_of(&files)).iter().map(|line| placeless(line)).collect();
            let expected: Vec<_> = expected.iter().map(|line| placeless(line)).collect();
            assert_eq!(again.len(), expected.len());
            for (again, expected) in again.iter().zip(&expected) {
                assert_eq!(again, expected);
            }
        }
    }
}

#[test]
fn every_position_is_a_start() {
    let (_, expected, _) = sample(&Bank::small());
    let trail = as_file(&expected);
    let mut reader = trail.reader().unwrap();
    let mut starts = Vec::new();
    let mut offset = reader.position();
    while let Some(change) = reader.next().unwrap() {
        starts.push((change.position(), offset));
        offset = reader.position();
    }
    for (index, (position, offset)) in starts.iter().enumerate().step_by(17) {
        for start in [*position, *offset] {
            assert_eq!(lines_with(&trail, ReadOptions::new().start_at(start)).unwrap(), expected[index..]);
        }
    }
    assert!(lines_with(&trail, ReadOptions::new().start_at(offset)).unwrap().is_empty());
    for wrong in [Position::new(99, 1), Position::Offset(3), Position::Lsn(1)] {
        let error = trail.reader_with(ReadOptions::new().start_at(wrong)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPosition);
    }
}

/// A line of a table with one column.
fn line(after: &str) -> String {
    format!(
        r#"{{"op":"insert","table":"A.B","ts":"2024-01-01T00:00:00.000000Z","csn":null,"xid":null,"txn":"only","before":null,"after":{after},"tokens":{{}}}}"#
    )
}

#[test]
fn all_states_of_a_column_and_values_of_any_length_are_kept() {
    let long = "long ".repeat(50_000);
    let all = [
        line(&format!(r#"{{"T":"{long}","B":{{"$base64":"AAEC"}},"N":12345678901234567890.120}}"#)),
        line(r#"{"T":null,"B":{"$invalid":"00ff"}}"#),
        line(r#"{"B":{"$unchanged":"lob"},"N":-1}"#),
        line("{}"),
    ];
    let trail = as_file(&all);
    let mut reader = trail.reader().unwrap();
    let mut block = ChangeBlock::default();
    assert_eq!(reader.next_block(&mut block, 10).unwrap(), 4);
    let value = |index: usize, column: &str| {
        let change = block.get(index).unwrap();
        let row = change.after().unwrap().unwrap();
        row.get(column).map(|column| (column.state(), format!("{:?}", column.value())))
    };
    assert_eq!(value(0, "T").unwrap(), (ColumnState::Value, format!("{:?}", Value::Text(long.into()))));
    assert_eq!(value(1, "T").unwrap().0, ColumnState::Null);
    assert_eq!(value(1, "B").unwrap(), (ColumnState::Invalid, "Invalid([0, 255])".to_owned()));
    assert_eq!(value(1, "N"), None);
    assert_eq!(value(2, "B").unwrap().0, ColumnState::Unchanged);
    assert!(block.get(3).unwrap().after().unwrap().unwrap().columns().next().is_none());
    // The position of a line that states no trail position is its offset, also in its JSON.
    let change = block.get(1).unwrap();
    assert_eq!(change.position(), Position::Offset(all[0].len() as u64 + 1));
    assert!(change.to_json().unwrap().starts_with(r#"{"position":"offset:"#));
    assert_eq!(change.op(), Op::Insert);
    // A trail has no form for some of the values, and the writer rejects them.
    let mut writer = TrailWriter::in_memory("tt", WriterOptions::default()).unwrap();
    assert_eq!(writer.write(&block.get(0).unwrap()).unwrap_err().kind(), ErrorKind::Unencodable);
    assert_eq!(writer.write(&change).unwrap_err().kind(), ErrorKind::Unencodable);
    writer.write(&block.get(2).unwrap()).unwrap();
}

#[test]
fn what_is_wrong_names_its_line_and_can_be_skipped() {
    let good = line(r#"{"T":"x"}"#);
    let twice = line(r#"{"T":"x","T":"y"}"#);
    let no_time = good.replace("2024-01-01", "SECRET");
    for (bad, kind) in [("{\"op\":", ErrorKind::Json), (&*twice, ErrorKind::Json), (&*no_time, ErrorKind::Json)] {
        let all = [good.clone(), bad.to_owned(), good.clone()];
        let trail = as_file(&all);
        let mut reader = trail.reader().unwrap();
        assert!(reader.next().unwrap().is_some());
        for _ in 0..2 {
            let error = reader.next().unwrap_err();
            assert_eq!((error.kind(), error.location().record), (kind, Some(2)), "{error}");
            assert_eq!(error.location().offset, Some(good.len() as u64 + 1));
            assert!(!error.to_string().contains("SECRET"));
        }
        let mut reader = trail.reader_with(ReadOptions::new().resync(true)).unwrap();
        let mut count = 0;
        while reader.next().unwrap().is_some() {
            count += 1;
        }
        let [skipped] = reader.skipped() else { panic!("one line is skipped") };
        assert_eq!((count, skipped.from), (2, Position::Offset(good.len() as u64 + 1)));
    }
    // A last line that is cut needs more bytes; one that is whole does not need its line end.
    let cut = Trail::from_bytes(format!("{good}\n{}", &good[..40]).into_bytes());
    let mut reader = cut.reader().unwrap();
    assert!(reader.next().unwrap().is_some());
    assert!(reader.next().unwrap_err().needs_more_bytes());
    assert_eq!(lines(&Trail::from_bytes(format!("{good}\n{good}").into_bytes())).len(), 2);
}

#[test]
fn files_are_told_apart_by_their_content() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("changes.jsonl");
    std::fs::write(&path, b"").unwrap();
    assert!(Trail::open(&path).unwrap().reader().unwrap().next().unwrap().is_none());
    let (_, expected, _) = sample(&Bank::small());
    std::fs::write(&path, expected.join("\n")).unwrap();
    assert_eq!(lines(&Trail::open(&path).unwrap()), expected);
    let (report, error) = CountReport::of(&Trail::open(&path).unwrap(), ReadOptions::new()).unwrap();
    assert!(error.is_none());
    assert_eq!(report.changes, expected.len() as u64);
}

#[test]
fn user_tokens_by_name_are_written_to_lines_and_refused_by_a_trail() {
    let line = r#"{"op":"insert","table":"S.T","ts":"2024-01-01T00:00:00Z","csn":null,"xid":null,"txn":"only","before":null,"after":{"A":1},"tokens":{"user":{"TKN-HOST":"db1","N":""}}}"#;
    let trail = as_file(&[line.to_owned()]);
    let mut reader = trail.reader().unwrap();
    let change = reader.next().unwrap().unwrap();
    assert!(change.to_json().unwrap().contains(r#""user":{"TKN-HOST":"db1","N":""}"#), "{}", change.to_json().unwrap());
    let mut writer = TrailWriter::in_memory("tk", WriterOptions::default()).unwrap();
    let error = writer.write(&change).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unencodable);
    assert!(error.to_string().contains("TKN-HOST"), "{error}");
}

#[test]
fn the_error_of_a_line_names_the_member_that_is_missing_and_no_values() {
    let error = |line: &str| as_file(&[line.to_owned()]).reader().unwrap().next().unwrap_err().to_string();
    assert!(error(r#"{"op":"insert","table":"SECRET"}"#).contains("missing field `ts`"));
    let text = error(r#"{"op":"SECRET","table":"S.T","ts":"2024-01-01T00:00:00Z"}"#);
    assert!(!text.contains("SECRET"), "{text}");
}

#[test]
fn lines_are_checked_and_have_no_records() {
    let (_, mut lines, _) = sample(&Bank::small());
    let whole = as_file(&lines).check(&ReadOptions::new()).unwrap();
    assert!(whole.is_whole() && whole.issues.is_empty(), "{:?}", whole.issues);
    assert_eq!((whole.records, whole.changes), (0, lines.len() as u64));
    lines.insert(3, "{not a change}".to_owned());
    let damaged = as_file(&lines).check(&ReadOptions::new()).unwrap();
    assert!(!damaged.is_whole());
    assert_eq!((damaged.issues.len(), damaged.changes), (1, lines.len() as u64 - 1));
    for options in [ReadOptions::new(), ReadOptions::new().resync(true)] {
        let error = as_file(&lines).records(&options).next().unwrap_err().to_string();
        assert!(error.contains("JSON lines"), "{error}");
    }
}

#[test]
fn the_end_of_a_file_is_not_a_line() {
    let good = line(r#"{"T":"x"}"#);
    // Blanks at the end.
    for end in ["", "\n", "\n\n", "\n  \t", "\r\n \r"] {
        assert_eq!(lines(&Trail::from_bytes(format!("{good}{end}").into_bytes())).len(), 1, "{end:?}");
    }
    // A last line that is whole and wrong is wrong, not torn.
    let wrong = Trail::from_bytes(format!("{good}\n{{\"op\":1}}").into_bytes());
    let mut reader = wrong.reader().unwrap();
    assert!(reader.next().unwrap().is_some());
    assert_eq!(reader.next().unwrap_err().kind(), ErrorKind::Json);
    // The end of a file that another one follows does not grow.
    let torn = &good[..40];
    let two = || Trail::from_files([("a0.jsonl", torn.to_owned().into()), ("a1.jsonl", format!("{good}\n").into())]);
    assert_eq!(two().reader().unwrap().next().unwrap_err().kind(), ErrorKind::Json);
    let mut reader = two().reader_with(ReadOptions::new().resync(true)).unwrap();
    assert!(reader.next().unwrap().is_some() && reader.next().unwrap().is_none());
    assert_eq!(reader.skipped().len(), 1);
    // A check reports both.
    let report = two().check(&ReadOptions::new()).unwrap();
    assert_eq!((report.issues.len(), report.issues[0].kind, report.changes), (1, CheckIssueKind::Damage, 1));
    let report = Trail::from_bytes(format!("{good}\n{torn}").into_bytes()).check(&ReadOptions::new()).unwrap();
    assert_eq!((report.issues.len(), report.issues[0].kind, report.changes), (1, CheckIssueKind::TornTail, 1));
}

#[test]
fn a_line_of_a_table_that_is_not_selected_does_not_matter() {
    let good = line(r#"{"T":"x"}"#);
    let other = good.replace("A.B", "A.OTHER");
    assert_ne!(good, other);
    let bad = other.replace(r#""T":"x""#, r#""T":[]"#);
    let trail = as_file(&[good.clone(), bad.clone(), good.clone()]);
    let select = |text: &str| ReadOptions::new().select(Select::parse(text).unwrap());
    let mut reader = trail.reader_with(select("TABLE A.B;")).unwrap();
    assert!(reader.next().unwrap().is_some() && reader.next().unwrap().is_some() && reader.next().unwrap().is_none());
    assert_eq!((reader.filter_counts().accepted, reader.filter_counts().rejected), (2, 1));
    assert!(lines_with(&trail, select("TABLE A.*;")).is_err());
}

#[test]
fn positions_that_a_line_cannot_have_are_errors_of_the_line() {
    let good = line(r#"{"T":"x"}"#);
    for position in ["nonsense", "lsn:00000000000000FF", "message:1:2"] {
        let bad = good.replacen('{', &format!(r#"{{"position":"{position}","#), 1);
        let bad = bad.replace(r#""seqno":0,"#, "").replace(r#""rba":0,"#, "");
        let error = as_file(&[bad]).reader().unwrap().next().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Json, "{position}: {error}");
    }
}

#[test]
fn user_tokens_are_told_apart_by_their_members() {
    let with = |user: &str| {
        let text = line(r#"{"T":"x"}"#).replace(r#""tokens":{}"#, &format!(r#""tokens":{{"user":{user}}}"#));
        let trail = as_file(&[text]);
        let mut reader = trail.reader().unwrap();
        reader.next().unwrap().unwrap().to_json().unwrap()
    };
    for user in [r#"{"A":"$base64"}"#, r#"{"A$base64":"x"}"#, r#"{"$base64":"AAEC"}"#] {
        assert!(with(user).contains(&format!(r#""user":{user}"#)), "{user}: {}", with(user));
    }
}

#[test]
fn a_refused_change_leaves_no_tokens_behind() {
    let with = |tokens: &str, after: &str| line(after).replace(r#""tokens":{}"#, &format!(r#""tokens":{tokens}"#));
    // The second token has no number in a trail; the first has been taken when that is found.
    let refused = with(r#"{"ORAROWID":"AAAB","NOSUCH":"x"}"#, r#"{"T":"a"}"#);
    let next = with("{}", r#"{"T":"b"}"#);
    let trail = as_file(&[refused, next]);
    let mut block = ChangeBlock::default();
    assert_eq!(trail.reader().unwrap().next_block(&mut block, 10).unwrap(), 2);
    let mut writer = TrailWriter::in_memory("tk", WriterOptions::default()).unwrap();
    assert_eq!(writer.write(&block.get(0).unwrap()).unwrap_err().kind(), ErrorKind::Unencodable);
    writer.write(&block.get(1).unwrap()).unwrap();
    if writer.is_in_transaction() {
        writer.commit().unwrap();
    }
    let written = trail_of(&writer.finish().unwrap());
    let mut reader = written.reader().unwrap();
    let change = reader.next().unwrap().unwrap().to_json().unwrap();
    assert!(change.contains(r#""T":"b""#) && !change.contains("ORAROWID"), "{change}");
}

#[test]
fn columns_in_any_order_are_read_in_time_that_grows_with_the_line() {
    let columns =
        |names: &mut dyn Iterator<Item = usize>| names.map(|number| format!(r#""C{number}":"x""#)).collect::<Vec<_>>().join(",");
    let first = line(&format!("{{{}}}", columns(&mut (0..60_000))));
    let second = line(&format!("{{{}}}", columns(&mut (0..60_000).rev())));
    let read = lines(&as_file(&[first, second.clone()]));
    assert_eq!(read.len(), 2);
    assert!(read[1].contains(r#""C59999":"x","C59998":"x""#));
}

#[test]
fn positions_count_over_all_files() {
    let dir = tempfile::tempdir().unwrap();
    // Lines of equal length: each offset of one file is an offset of the others.
    let numbered = |number: usize| line(&format!(r#"{{"N":"{number}"}}"#));
    let paths: Vec<_> = (0..3).map(|file| dir.path().join(format!("part{file}.jsonl"))).collect();
    for (file, path) in paths.iter().enumerate() {
        let text: String = (0..3).map(|row| format!("{}\n", numbered(3 * file + row))).collect();
        std::fs::write(path, text).unwrap();
    }
    let trail = Trail::open_files(&paths).unwrap();
    let all = lines(&trail);
    assert_eq!(all.len(), 9);
    let mut reader = trail.reader().unwrap();
    let mut last = None;
    for read in 0..9 {
        let position = reader.next().unwrap().unwrap().position();
        assert!(last < Some(position), "positions rise");
        last = Some(position);
        let from = |start| lines_with(&trail, ReadOptions::new().start_at(start)).unwrap();
        assert_eq!(from(position), all[read..]);
        assert_eq!(from(reader.position()), all[read + 1..]);
    }
}

#[test]
fn tables_and_columns_that_come_later_are_inferred_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("grows.jsonl");
    let append = |text: &str| {
        use std::io::Write as _;
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&path).unwrap();
        writeln!(file, "{text}").unwrap();
    };
    append(&line(r#"{"A":null}"#));
    let mut reader = Trail::open(&path).unwrap().reader().unwrap();
    assert!(reader.next().unwrap().is_some() && reader.next().unwrap().is_none());
    // A number in a column that was always null, a new column, a new table.
    let later = [line(r#"{"A":1.50}"#), line(r#"{"A":2,"B":"x"}"#), line(r#"{"C":7}"#).replace("A.B", "A.NEW")];
    for line in &later {
        append(line);
        let read = reader.next().unwrap().unwrap().to_json().unwrap();
        let after = line.split("\"after\":").nth(1).unwrap();
        assert!(read.contains(after), "{read}");
    }
    // Now the column has two types: an error, again and again, and never an invalid value.
    append(&line(r#"{"A":"text"}"#));
    for _ in 0..2 {
        let error = reader.next().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UndefinedTable);
        assert!(error.to_string().contains("column A of table A.B"), "{error}");
    }
}

#[test]
fn a_line_of_ddl_without_its_text_is_an_error() {
    let ddl = line("null").replace("insert", "ddl");
    assert_eq!(as_file(&[ddl]).reader().unwrap().next().unwrap_err().kind(), ErrorKind::Json);
}

#[test]
fn a_conversion_does_not_replace_its_source() {
    use trailcore::sink::{ConvertOptions, Format};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.jsonl");
    let line = r#"{"op":"truncate","table":"A.B","ts":"2024-03-01T00:00:00Z","tokens":{}}"#;
    std::fs::write(&path, format!("{line}\n")).unwrap();
    std::os::unix::fs::symlink(&path, dir.path().join("link.jsonl")).unwrap();
    let trail = Trail::open(&path).unwrap();
    let options = ConvertOptions::new(Format::JsonLines).single_file(true).force(true);
    for out in [path.clone(), dir.path().join("link.jsonl")] {
        let error = trail.convert(&out, ReadOptions::new(), &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{line}\n"));
}
