//! Writing trails: changes that cannot be written are reported, and later changes are not lost.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;

use trailcore::change::Row;
use trailcore::schema::ColumnDef;
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::{ByteOrder, Token};
use trailcore::{Decimal, ErrorKind, ReadOptions, TableDef, Timestamp, Trail};

fn table() -> Arc<TableDef> {
    Arc::new(TableDef::new("A.B", vec![ColumnDef::integer("ID", 0).key(), ColumnDef::varchar("C", 2000)]))
}

fn image(table: &TableDef, id: i64) -> Vec<u8> {
    let mut row = RowBuilder::new(table, ByteOrder::Big);
    row.decimal("ID", Decimal::from(id)).unwrap().text("C", &"x".repeat(1000)).unwrap();
    row.bytes().to_vec()
}

/// The ids of a trail's rows, and whether the trail is complete.
fn ids(files: Vec<(String, Vec<u8>)>) -> (Vec<i64>, bool) {
    let trail = Trail::from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())));
    let changes = trail.reader().unwrap().into_changes();
    let id = |change: trailcore::OwnedChange| change.as_change().after().unwrap().unwrap().get("ID").unwrap().i64().unwrap();
    (changes.map(|change| id(change.unwrap())).collect(), trail.check(&Default::default()).unwrap().is_whole())
}

#[test]
fn only_a_change_that_cannot_be_encoded_is_rejected() {
    let table = table();
    let mut writer = TrailWriter::in_memory("aa", WriterOptions::default()).unwrap();
    let long = "9".repeat(70_000);
    assert_eq!(writer.begin(&long, "1.1.1", Timestamp::from_unix_micros(0)).unwrap_err().kind(), ErrorKind::Unencodable);
    writer.begin("1", "1.1.1", Timestamp::from_unix_micros(0)).unwrap();
    for id in 1..=4 {
        if id == 2 {
            writer.tokens(&[Token { id: b'X', info: 0, body: &[7; 200_000] }]);
        }
        let written = writer.insert(&table, &image(&table, id));
        assert_eq!(written.err().map(|error| error.kind()), (id == 2).then_some(ErrorKind::Unencodable));
    }
    // A table with text in a character set without a trail number cannot be defined either.
    let strange = ColumnDef::varchar("C", 9).in_charset(trailcore::Charset::from_name("x-user-defined"));
    let strange = Arc::new(TableDef::new("A.C", vec![ColumnDef::integer("ID", 0), strange]));
    assert_eq!(writer.insert(&strange, &image(&table, 5)).unwrap_err().kind(), ErrorKind::Unencodable);
    let long = Arc::new(TableDef::new("A".repeat(70_000), table.columns().to_vec()));
    assert_eq!(writer.insert(&long, &image(&table, 6)).unwrap_err().kind(), ErrorKind::Unencodable);
    writer.commit().unwrap();
    assert_eq!(ids(writer.finish().unwrap()), (vec![1, 3, 4], true));
}

#[test]
fn a_transaction_ends_with_the_last_change_that_is_not_refused() {
    let table = table();
    let mut writer = TrailWriter::in_memory("aa", WriterOptions::default()).unwrap();
    for csn in 1..=2 {
        writer.begin(&csn.to_string(), "1.1.1", Timestamp::from_unix_micros(0)).unwrap();
        writer.insert(&table, &image(&table, csn)).unwrap();
        for refused in 0..2 {
            writer.tokens(&[Token { id: b'X', info: 0, body: &[7; 200_000] }]);
            assert_eq!(writer.insert(&table, &image(&table, 9)).unwrap_err().kind(), ErrorKind::Unencodable, "{refused}");
        }
        writer.commit().unwrap();
    }
    let files = writer.finish().unwrap();
    let mut reader = Trail::from_bytes(files[0].1.clone()).reader().unwrap();
    for csn in ["1", "2"] {
        let change = reader.next().unwrap().unwrap();
        assert!(change.transaction().begins() && change.transaction().ends() && change.csn() == Some(csn), "{csn}");
    }
    assert!(reader.next().unwrap().is_none());
    assert_eq!(reader.unfinished().count(), 0);
}

#[test]
fn files_keep_to_their_size_with_pairs_tokens_and_names() {
    const SIZE: u64 = 20_000;
    let name = format!("A.{}", "B".repeat(900));
    let table = Arc::new(TableDef::new(name, table().columns().to_vec()));
    for metadata in [true, false] {
        let options =
            WriterOptions { metadata, file_size: SIZE, compatibility: if metadata { 5 } else { 3 }, ..WriterOptions::default() };
        let mut writer = TrailWriter::in_memory("aa", options).unwrap();
        for id in 0..60 {
            writer.begin(&id.to_string(), "1.1.1", Timestamp::from_unix_micros(0)).unwrap();
            writer.tokens(&[Token { id: b'X', info: 0, body: &[b'7'; 700] }]);
            writer.user_tokens(&[b'u'; 500]);
            let row = image(&table, id);
            writer.update(&table, UpdateStyle::Pair, &row, &row).unwrap();
            writer.commit().unwrap();
        }
        let files = writer.finish().unwrap();
        assert!(files.len() > 3);
        // The definition of the table does not count.
        let most = SIZE + if metadata { 1_500 } else { 0 };
        assert!(
            files.iter().all(|(_, bytes)| bytes.len() as u64 <= most),
            "{:?}",
            files.iter().map(|file| file.1.len()).collect::<Vec<_>>()
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn writer_does_not_continue_after_a_failed_write() {
    let (table, folder) = (table(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink("/dev/full", folder.path().join("aa000000000")).unwrap();
    let mut writer = TrailWriter::create(folder.path().join("aa"), WriterOptions::default()).unwrap();
    writer.begin("1", "1.1.1", Timestamp::from_unix_micros(0)).unwrap();
    let failed = (0..10_000).find_map(|id| writer.insert(&table, &image(&table, id)).err()).unwrap();
    assert_eq!(failed.kind(), ErrorKind::Io);
    assert!(failed.to_string().contains("space"), "{failed}");
    let again = |outcome: trailcore::Result<()>| assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Io);
    again(writer.commit());
    again(writer.commit());
    again(writer.insert(&table, &image(&table, 1)));
    again(writer.abend());
    again(writer.begin("2", "1.1.2", Timestamp::from_unix_micros(0)));
    assert_eq!(writer.finish().unwrap_err().kind(), ErrorKind::Io);
}

#[test]
fn values_that_the_format_cannot_represent_are_rejected() {
    let kind = |outcome: trailcore::Result<()>| outcome.err().map(|error| error.kind());
    let table = self::table();
    let mut row = RowBuilder::new(&table, ByteOrder::Big);
    assert_eq!(kind(row.text("C", &"x".repeat(70_000)).map(drop)), Some(ErrorKind::Unencodable));
    let options = WriterOptions { seqno_digits: 6, first_seqno: 1_000_000, ..WriterOptions::default() };
    assert_eq!(kind(TrailWriter::in_memory("aa", options).map(drop)), Some(ErrorKind::InvalidArgument));
    for seqno_digits in [0, 7, 10, usize::MAX] {
        let options = WriterOptions { seqno_digits, ..WriterOptions::default() };
        assert_eq!(kind(TrailWriter::in_memory("aa", options).map(drop)), Some(ErrorKind::InvalidArgument));
    }
    let options = WriterOptions { seqno_digits: 6, first_seqno: 999_999, file_size: 1, ..WriterOptions::default() };
    let mut writer = TrailWriter::in_memory("aa", options).unwrap();
    assert_eq!(kind(writer.begin("1", "1.1", Timestamp::from_unix_micros(i64::MIN))), Some(ErrorKind::InvalidArgument));
    writer.begin("1", "1.1", Timestamp::from_unix_micros(0)).unwrap();
    writer.insert(&table, &image(&table, 1)).unwrap();
    writer.insert(&table, &image(&table, 2)).unwrap();
    assert_eq!(kind(writer.commit()), Some(ErrorKind::Unencodable));
}

#[test]
fn a_time_is_as_long_as_its_column() {
    let table = |fraction| {
        let columns = vec![ColumnDef::integer("ID", 0).key(), ColumnDef::datetime("D", fraction)];
        Arc::new(TableDef::new("A.D", columns))
    };
    let zeros = "2024-01-02:03:04:05.000000000";
    let cases = [
        (0, "2024-01-02:03:04:05.123456", None),
        (6, "2024-01-02:03:04:05.123456789", None),
        (0, zeros, Some("2024-01-02T03:04:05")),
        (3, "2024-01-02:03:04:05.120000", Some("2024-01-02T03:04:05.120")),
        (6, "2024-01-02:03:04:05", Some("2024-01-02T03:04:05")),
    ];
    for (fraction, text, expected) in cases {
        let table = table(fraction);
        let mut row = RowBuilder::new(&table, ByteOrder::Big);
        let outcome = row.decimal("ID", 1.into()).unwrap().datetime("D", text).map(drop);
        let Some(expected) = expected else {
            let error = outcome.unwrap_err();
            assert!(error.kind() == ErrorKind::Unencodable && error.to_string().contains("column D"), "{error}");
            continue;
        };
        let mut writer = TrailWriter::in_memory("aa", WriterOptions::default()).unwrap();
        writer.begin("1", "1.1.1", Timestamp::from_unix_micros(0)).unwrap();
        writer.insert(&table, row.bytes()).unwrap();
        writer.commit().unwrap();
        let files = writer.finish().unwrap();
        let trail = Trail::from_bytes(files[0].1.clone());
        let json = trail.reader().unwrap().next().unwrap().unwrap().to_json().unwrap();
        assert!(json.contains(&format!("\"D\":\"{expected}\"")), "{json}");
    }
    // An image that was made elsewhere may have a longer one, which a check reports.
    let (short, long) = (table(0), table(6));
    let mut row = RowBuilder::new(&long, ByteOrder::Big);
    row.decimal("ID", 1.into()).unwrap().datetime("D", "2024-01-02:03:04:05.123456").unwrap();
    let mut writer = TrailWriter::in_memory("aa", WriterOptions::default()).unwrap();
    writer.begin("1", "1.1.1", Timestamp::from_unix_micros(0)).unwrap();
    writer.insert(&short, row.bytes()).unwrap();
    writer.commit().unwrap();
    let files = writer.finish().unwrap();
    let report = Trail::from_bytes(files[0].1.clone()).check(&ReadOptions::new()).unwrap();
    assert!(report.issues.iter().any(|issue| issue.what.contains("column D is longer")), "{:?}", report.issues);
}

#[test]
fn column_set_twice_has_the_last_value() {
    let table = table();
    for order in [ByteOrder::Big, ByteOrder::Little] {
        let mut row = RowBuilder::new(&table, order);
        row.text("C", "first").unwrap().decimal("ID", Decimal::from(1)).unwrap();
        row.null("C").unwrap().decimal("ID", Decimal::from(2)).unwrap().text("C", "last").unwrap();
        let read = Row::new(row.bytes(), &table, order);
        assert_eq!(read.columns().filter(Result::is_ok).count(), 2);
        assert_eq!(read.get("ID").unwrap().i64().unwrap(), 2);
        assert_eq!(read.get("C").unwrap().text().unwrap(), "last");
        row.clear();
        row.decimal("ID", Decimal::from(3)).unwrap();
        assert_eq!(Row::new(row.bytes(), &table, order).columns().count(), 1);
    }
}

#[test]
fn fixed_text_has_blanks_up_to_its_length() {
    use trailcore::Charset;

    let wide = ColumnDef::char("W", 6).in_charset(Charset::from_name("UTF-16BE"));
    let columns = vec![ColumnDef::char("C", 5), ColumnDef::new("P", 64, 5, 4), wide, ColumnDef::varchar("V", 5)];
    let table = TableDef::new("A.T", columns);
    let mut row = RowBuilder::new(&table, ByteOrder::Big);
    for (name, text) in [("C", "é"), ("P", ""), ("W", "ab"), ("V", "a")] {
        row.text(name, text).unwrap();
    }
    let read = Row::new(row.bytes(), &table, ByteOrder::Big);
    let found = ["C", "P", "W", "V"].map(|name| read.get(name).unwrap().text().unwrap().into_owned());
    assert_eq!(found, ["é   ", "    ", "ab ", "a"]);
    assert!(row.text("C", "abcdef").is_err());
}
