//! Changes in blocks, and changes forwarded to a writer, equal the changes of the reader.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use trailcore::ChangeBlock;
use trailcore::filter::Select;
use trailcore::sink::{TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::ByteOrder;
use trailcore::{ErrorKind, ReadOptions, Trail};
use trailcore_samples::plain::PlainChange;
use trailcore_samples::{Bank, bank_in_memory};

fn bank(bank: &Bank) -> Trail {
    let files = bank_in_memory(bank).unwrap();
    Trail::from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())))
}

fn lines(trail: &Trail, options: &ReadOptions) -> Vec<String> {
    let mut reader = trail.reader_with(options.clone()).unwrap();
    let mut lines = Vec::new();
    while let Some(change) = reader.next().unwrap() {
        lines.push(change.to_json().unwrap());
    }
    lines
}

/// Selections that reject first, middle and last changes of transactions.
fn selections() -> Vec<ReadOptions> {
    let texts = ["TABLE BANK.*;", "TABLE BANK.ACCOUNTS;", "TABLE BANK.POSTINGS, FILTER (@STRFIND (MEMO, 'a') > 2);"];
    texts
        .iter()
        .map(|text| ReadOptions::new().select(Select::parse(text).unwrap().lenient()))
        .chain([ReadOptions::new()])
        .collect()
}

#[test]
fn blocks_hold_the_changes_with_their_transactions() {
    for sample in [Bank::small(), Bank::small_little()] {
        let trail = bank(&Bank { bytes: 200_000, ..sample });
        for options in selections() {
            for size in [1, 3, 1000] {
                let mut blocks = trail.reader_with(options.clone()).unwrap().into_blocks(size);
                let mut kept = Vec::new();
                while let Some(block) = blocks.next_block().unwrap() {
                    assert!(block.len() <= size && !block.is_empty());
                    kept.push(block);
                }
                let shown: Vec<_> =
                    kept.iter().flat_map(|block| block.changes().map(|change| change.to_json().unwrap())).collect();
                assert_eq!(shown, lines(&trail, &options));
            }
        }
    }
}

#[test]
fn changes_before_an_error_precede_it() {
    let mut files = bank_in_memory(&Bank::small()).unwrap();
    let (name, mut bytes) = files.swap_remove(0);
    bytes.pop();
    let trail = Trail::from_files([(name.as_str(), bytes.into())]);
    let mut blocks = trail.reader().unwrap().into_blocks(1_000_000);
    assert!(blocks.next_block().unwrap().is_some());
    for _ in 0..2 {
        assert_eq!(blocks.next_block().unwrap_err().kind(), ErrorKind::Truncated);
    }
}

/// Clears the positions, which differ in a forwarded trail.
fn without_places(lines: &[String]) -> Vec<PlainChange> {
    let plain = |line: &String| PlainChange { seqno: 0, rba: 0, ..PlainChange::from_json(line).unwrap() };
    lines.iter().map(plain).collect()
}

#[test]
fn selected_changes_are_forwarded_to_a_trail() {
    for sample in [Bank::small(), Bank::small_little()] {
        let trail = bank(&sample);
        for options in selections() {
            for order in [ByteOrder::Big, ByteOrder::Little] {
                let own = WriterOptions { order, charset: sample.writer.charset, ..WriterOptions::default() };
                let mut writer = TrailWriter::in_memory("po", own).unwrap();
                let mut reader = trail.reader_with(options.clone()).unwrap();
                while let Some(change) = reader.next().unwrap() {
                    writer.write(&change).unwrap();
                }
                if writer.is_in_transaction() {
                    writer.commit().unwrap();
                }
                let files = writer.finish().unwrap();
                let again = Trail::from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())));
                let (before, after) =
                    (without_places(&lines(&trail, &options)), without_places(&lines(&again, &ReadOptions::new())));
                // If the first or last change of a transaction is rejected, another change is first or last.
                let bare = |changes: Vec<PlainChange>| {
                    changes.into_iter().map(|change| PlainChange { txn: None, ..change }).collect::<Vec<_>>()
                };
                assert_eq!(bare(before), bare(after));
                assert!(again.check(&ReadOptions::new()).unwrap().issues.is_empty());
            }
        }
    }
}

/// Reads the same lines through one block that is reused.
fn lines_by_blocks(trail: &Trail, options: ReadOptions, most: usize) -> Vec<String> {
    let mut reader = trail.reader_with(options).unwrap();
    let mut block = ChangeBlock::default();
    let mut lines = Vec::new();
    while reader.next_block(&mut block, most).unwrap() > 0 {
        assert!(block.len() <= most);
        lines.extend(block.changes().map(|change| change.to_json().unwrap()));
        for (place, change) in block.changes().enumerate() {
            let table = &block.tables()[block.table_index(place).unwrap()];
            assert!(std::sync::Arc::ptr_eq(&table.1, change.table()));
        }
    }
    assert!(block.is_empty() && block.get(0).is_none());
    lines
}

#[test]
fn blocks_of_any_size_hold_the_same_changes() {
    let pairs = Bank { updates: UpdateStyle::Pair, ..Bank::small() };
    let many_tables = Bank { branches: 300, ..Bank::small() };
    for sample in [Bank::small(), Bank::small_little(), pairs, many_tables] {
        let trail = bank(&sample);
        let wanted = lines(&trail, &ReadOptions::new().include_non_changes(true));
        for most in [1, 2, 3, 7, 1000] {
            assert_eq!(lines_by_blocks(&trail, ReadOptions::new().include_non_changes(true), most), wanted);
        }
    }
}

#[test]
fn ids_survive_when_the_first_change_is_rejected() {
    let trail = bank(&Bank::small());
    let options = || ReadOptions::new().select(Select::parse("TABLE BANK.ACCOUNTS;").unwrap());
    let wanted = lines(&trail, &options());
    assert!(wanted.iter().all(|line| !line.contains("\"csn\":null")));
    assert_eq!(lines_by_blocks(&trail, options(), 5), wanted);
}

#[test]
fn changes_before_an_error_stay_in_the_block() {
    let files = bank_in_memory(&Bank::small()).unwrap();
    let torn = &files[0].1[..files[0].1.len() - 3];
    let trail = Trail::from_bytes(torn.to_vec());
    let mut block = ChangeBlock::default();
    let mut reader = trail.reader().unwrap();
    let error = reader.next_block(&mut block, 100_000).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    assert!(block.len() > 1);
}

#[test]
fn block_of_zero_changes_is_empty() {
    let trail = bank(&Bank::small());
    let mut block = ChangeBlock::default();
    assert_eq!(trail.reader().unwrap().next_block(&mut block, 0).unwrap(), 0);
}
