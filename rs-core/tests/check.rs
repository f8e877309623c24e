//! Checking and counting a trail.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::sync::Arc;

use trailcore::report::CountReport;
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, WriterOptions};
use trailcore::source::{CheckIssueKind, CheckReport};
use trailcore::{Op, ReadOptions, Timestamp, Trail};
use trailcore_samples::{Bank, bank_in_memory};

fn files(bank: &Bank) -> Vec<(String, Vec<u8>)> {
    bank_in_memory(bank).unwrap()
}

fn trail(files: &[(String, Vec<u8>)]) -> Trail {
    Trail::from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())))
}

fn check(files: &[(String, Vec<u8>)]) -> CheckReport {
    trail(files).check(&ReadOptions::new()).unwrap()
}

fn kinds(report: &CheckReport) -> Vec<CheckIssueKind> {
    report.issues.iter().map(|issue| issue.kind).collect()
}

#[test]
fn intact_trail_has_no_issues() {
    for bank in [Bank::small(), Bank::small_little()] {
        let files = files(&bank);
        let report = check(&files);
        assert!(report.is_whole() && report.issues.is_empty(), "{:?}", report.issues);
        assert_eq!(report.bytes, files.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
        assert_eq!(report.invalid_values, 0);
        let counted = CountReport::of(&trail(&files), ReadOptions::new()).unwrap().0;
        assert_eq!((report.changes, report.transactions), (counted.changes, counted.transactions));
    }
}

#[test]
fn missing_files_torn_tails_and_damage_are_found() {
    let mut all = files(&Bank { bytes: 60_000, ..Bank::small() });
    assert!(all.len() > 3);
    let whole = all.clone();
    all.remove(1);
    assert!(kinds(&check(&all)).contains(&CheckIssueKind::Gap));

    let mut torn = whole.clone();
    torn.last_mut().unwrap().1.pop();
    let report = check(&torn);
    assert!(kinds(&report).contains(&CheckIssueKind::TornTail) && !report.is_whole());

    let mut hurt = whole.clone();
    let middle = hurt[0].1.len() / 2;
    hurt[0].1[middle..middle + 300].fill(0);
    let report = check(&hurt);
    assert!(kinds(&report).contains(&CheckIssueKind::Damage) && !report.is_whole(), "{:?}", report.issues);
    assert!(report.issues.iter().all(|issue| issue.to_string().contains(" at ")));
    assert!(!trail(&[("no".to_owned(), b"no trail at all".to_vec())]).check(&ReadOptions::new()).unwrap().is_whole());
}

#[test]
fn unordered_rolled_back_and_unfinished_transactions_are_found() {
    let table = Arc::new(TableDef::new("A.T", vec![ColumnDef::integer("K", 0).key()]));
    let write = |csns: &[(&str, bool)], finish: bool| {
        let mut writer = TrailWriter::in_memory("aa", WriterOptions::default()).unwrap();
        let mut row = RowBuilder::new(&table, writer.byte_order());
        row.decimal("K", 1.into()).unwrap();
        for (csn, keep) in csns {
            writer.begin(csn, "1.2.3", Timestamp::from_unix_micros(0)).unwrap();
            writer.insert(&table, row.bytes()).unwrap();
            writer.insert(&table, row.bytes()).unwrap();
            if *keep { writer.commit() } else { writer.abend() }.unwrap();
        }
        if !finish {
            writer.begin("99", "1.2.3", Timestamp::from_unix_micros(0)).unwrap();
            writer.insert(&table, row.bytes()).unwrap();
            writer.insert(&table, row.bytes()).unwrap();
        }
        writer.finish_unfinished().unwrap()
    };
    assert_eq!(kinds(&check(&write(&[("5", true), ("5", true), ("6", true)], true))), []);
    assert_eq!(kinds(&check(&write(&[("5", true), ("4", true)], true))), [CheckIssueKind::Order]);
    let report = check(&write(&[("5", false), ("5", true)], false));
    assert_eq!(kinds(&report), [CheckIssueKind::RolledBack, CheckIssueKind::Unfinished]);
    assert!(report.is_whole());
    assert_eq!(report.transactions, 1);
}

#[test]
fn counts_equal_the_reader() {
    let files = files(&Bank::small());
    let trail = trail(&files);
    let (report, error) = CountReport::of(&trail, ReadOptions::new()).unwrap();
    assert!(error.is_none());
    let mut reader = trail.reader().unwrap();
    let (mut changes, mut inserts, mut last, mut ends) = (0, 0, None, 0);
    while let Some(change) = reader.next().unwrap() {
        changes += 1;
        inserts += u64::from(change.op() == Op::Insert);
        last = Some((change.position(), change.csn().map(str::to_owned)));
        ends += u64::from(change.transaction().ends());
    }
    assert_eq!(report.changes, changes);
    assert_eq!(report.transactions, ends);
    assert_eq!(report.tables.values().filter_map(|table| table.ops.get("insert")).sum::<u64>(), inserts);
    assert_eq!(report.tables.values().map(|table| table.changes).sum::<u64>(), changes);
    assert_eq!(report.positions.map(|(_, last)| last), last.as_ref().map(|(position, _)| *position));
    assert_eq!(report.csns.map(|(_, last)| last), last.and_then(|(_, csn)| csn));
}

#[test]
fn a_header_that_does_not_name_its_table_is_damage() {
    let table = Arc::new(TableDef::new("A.BCDEFG", vec![ColumnDef::varchar("C", 9)]));
    let options = WriterOptions { metadata: false, ..WriterOptions::default() };
    let mut writer = TrailWriter::in_memory("nm", options).unwrap();
    let mut row = RowBuilder::new(&table, writer.byte_order());
    row.text("C", "one").unwrap();
    writer.begin("1000", "1.2.3", Timestamp::from_unix_micros(0)).unwrap();
    for _ in 0..3 {
        writer.insert(&table, row.bytes()).unwrap();
    }
    writer.commit().unwrap();
    let mut files = writer.finish().unwrap();
    assert!(check(&files).is_whole());
    // The second row: nothing ends the name in its header.
    let bytes = &mut files[0].1;
    let names: Vec<_> = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(b"A.BCDEFG")).collect();
    assert_eq!(names.len(), 3);
    let end = names[1] + b"A.BCDEFG".len();
    let zeros = bytes[end..].iter().take_while(|&&byte| byte == 0).count();
    bytes[end..end + zeros].fill(b'X');
    let report = check(&files);
    assert!(!report.is_whole());
    assert_eq!((kinds(&report), report.changes), (vec![CheckIssueKind::Damage], 2), "{:?}", report.issues);
}

#[test]
fn files_without_a_record_are_reported() {
    for (bytes, kind) in [
        (vec![b'G'; 3_000], CheckIssueKind::Damage),
        (vec![b'F'; 3_000], CheckIssueKind::Damage),
        (b"not a trail at all".to_vec(), CheckIssueKind::Damage),
        (Vec::new(), CheckIssueKind::TornTail),
    ] {
        let report = Trail::from_bytes(bytes).check(&ReadOptions::new()).unwrap();
        assert!(!report.is_whole() && report.records == 0);
        assert_eq!(report.issues.iter().map(|issue| issue.kind).collect::<Vec<_>>(), [kind]);
    }
}

#[test]
fn texts_that_are_longer_than_their_columns_are_refused_and_reported() {
    use trailcore::sink::{RowBuilder, TrailWriter, WriterOptions};
    let table =
        |length| std::sync::Arc::new(trailcore::TableDef::new("A.B", vec![trailcore::schema::ColumnDef::varchar("T", length)]));
    let image = |table: &trailcore::TableDef, text: &str| {
        let mut row = RowBuilder::new(table, trailcore::trail::ByteOrder::Big);
        row.text("T", text).map(|row| row.bytes().to_vec())
    };
    assert_eq!(image(&table(5), "123456").unwrap_err().kind(), trailcore::ErrorKind::Unencodable);
    // A length may count characters.
    for (text, whole) in [("12345", true), ("äöüäö", true), ("123456", false)] {
        let mut writer = TrailWriter::in_memory("aa", WriterOptions::default()).unwrap();
        writer.begin("1", "x", trailcore::Timestamp::default()).unwrap();
        // The row of a wider table.
        writer.insert(&table(5), &image(&table(9), text).unwrap()).unwrap();
        writer.commit().unwrap();
        let report = Trail::from_bytes(writer.finish().unwrap().remove(0).1).check(&ReadOptions::new()).unwrap();
        assert_eq!(report.is_whole(), whole, "{text}: {:?}", report.issues);
    }
}
