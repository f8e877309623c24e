//! Rows as of a place, the history of a row, differences, volume and large transactions; and a model that replays random changes.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{NO_LIMIT, ORDERS, at, trail_of, writer};
use proptest::prelude::*;
use trailcore::analysis::{
    AsOf, DiffKind, DiffOptions, HistoryOptions, State, StateOptions, TransactionsOptions, TransactionsReport, VolumeOptions,
    VolumeReport,
};
use trailcore::filter::Select;
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle};
use trailcore::trail::ByteOrder;
use trailcore::{ErrorKind, Position, ReadOptions, Trail};

const BIG: ByteOrder = ByteOrder::Big;

/// A table with a key column, a name, a number and a note.
fn people() -> Arc<TableDef> {
    Arc::new(TableDef::new(
        "HR.People",
        vec![
            ColumnDef::integer("ID", 0).key(),
            ColumnDef::varchar("NAME", 40),
            ColumnDef::number("PAY"),
            ColumnDef::varchar("NOTE", 100),
        ],
    ))
}

/// An image: `ID=1 NAME=x PAY=NULL`, in the order of the table.
fn image(table: &TableDef, order: ByteOrder, text: &str) -> Vec<u8> {
    let mut row = RowBuilder::new(table, order);
    for part in text.split_whitespace() {
        let (name, value) = part.split_once('=').unwrap();
        if value == "NULL" {
            row.null(name).unwrap();
        } else if let Ok(number) = value.parse::<trailcore::Decimal>() {
            if row.decimal(name, number).is_err() && row.number(name, value).is_err() {
                row.text(name, value).unwrap();
            }
        } else {
            row.text(name, value).unwrap();
        }
    }
    row.bytes().to_vec()
}

/// Writes changes, each its own transaction unless `begin` is open, with CSNs and seconds from 100 on.
struct Script {
    out: TrailWriter,
    order: ByteOrder,
    csn: i64,
}

impl Script {
    fn new(order: ByteOrder) -> Self {
        Self { out: writer(order, 1, NO_LIMIT), order, csn: 100 }
    }

    fn begin(&mut self) {
        self.out.begin(&self.csn.to_string(), &format!("1.2.{}", self.csn), at(self.csn)).unwrap();
        self.csn += 1;
    }

    /// Runs lines such as `insert ID=1 NAME=a`, `update ID=1 -> PAY=2`, `move ID=1 -> ID=2`, `delete ID=1`, `truncate`, `begin`.
    fn run(&mut self, table: &Arc<TableDef>, lines: &[&str]) -> &mut Self {
        let mut open = false;
        for line in lines {
            match *line {
                "begin" => {
                    self.begin();
                    open = true;
                }
                "commit" => {
                    self.out.commit().unwrap();
                    open = false;
                }
                line => {
                    if !open {
                        self.begin();
                    }
                    self.one(table, line);
                    if !open {
                        self.out.commit().unwrap();
                    }
                }
            }
        }
        self
    }

    fn one(&mut self, table: &Arc<TableDef>, line: &str) {
        let (op, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (before, after) = rest.split_once("->").unwrap_or((rest, ""));
        let (before, after) = (image(table, self.order, before), image(table, self.order, after));
        match op {
            "insert" => self.out.insert(table, &before),
            "update" => self.out.update(table, UpdateStyle::Unified, &before, &after),
            "pair" => self.out.update(table, UpdateStyle::Pair, &before, &after),
            "move" => self.out.pk_update(table, &before, &after),
            "unified_move" => self.out.unified_pk_update(table, &before, &after),
            "delete" => self.out.delete(table, &before),
            "truncate" => self.out.truncate(table),
            other => panic!("{other}"),
        }
        .unwrap();
    }

    fn trail(self) -> Trail {
        trail_of(&self.out.finish().unwrap())
    }
}

fn trail(table: &Arc<TableDef>, lines: &[&str]) -> Trail {
    let mut script = Script::new(BIG);
    script.run(table, lines);
    script.trail()
}

/// The rows of a state: `ID=1 NAME=a`, sorted; missing columns are absent.
fn rows_of(trail: &Trail) -> Vec<String> {
    let mut reader = trail.reader().unwrap();
    let mut rows = Vec::new();
    while let Some(change) = reader.next().unwrap() {
        assert_eq!(change.op(), trailcore::Op::Insert);
        let json: serde_json::Value = serde_json::from_str(&change.to_json().unwrap()).unwrap();
        let after = json["after"].as_object().unwrap();
        let cell = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let row: Vec<_> = after.iter().map(|(name, value)| format!("{name}={}", cell(value))).collect();
        rows.push(row.join(" "));
    }
    rows.sort();
    rows
}

fn state(trail: &Trail, options: &StateOptions) -> State {
    trail.state(options, ReadOptions::new()).unwrap()
}

fn rows(trail: &Trail) -> Vec<String> {
    rows_of(&state(trail, &StateOptions::new("HR.People")).rows)
}

#[test]
fn state_follows_every_operation() {
    let table = people();
    for order in ORDERS {
        let mut script = Script::new(order);
        script.run(
            &table,
            &[
                "insert ID=1 NAME=a PAY=1 NOTE=x",
                "insert ID=2 NAME=b PAY=NULL NOTE=NULL",
                "insert ID=3 NAME=c PAY=3 NOTE=z",
                "update ID=1 -> ID=1 PAY=10",
                "pair ID=2 NAME=b PAY=NULL NOTE=NULL -> ID=2 NAME=B PAY=NULL NOTE=NULL",
                "move ID=3 -> ID=30",
                "delete ID=2",
                "insert ID=2 NAME=again PAY=2 NOTE=n",
                "unified_move ID=1 -> ID=11 NOTE=moved",
            ],
        );
        let trail = script.trail();
        let state = state(&trail, &StateOptions::new("HR.People"));
        assert_eq!(
            rows_of(&state.rows),
            ["ID=11 NAME=a PAY=10 NOTE=moved", "ID=2 NAME=again PAY=2 NOTE=n", "ID=30 NAME=c PAY=3 NOTE=z"]
        );
        assert!(state.report.is_exact(), "{:?}", state.report);
        assert_eq!((state.report.rows, state.report.changes, state.report.key.as_slice()), (3, 9, &["ID".to_owned()][..]));
        // Each row has the place of its last change.
        let mut reader = state.rows.reader().unwrap();
        let mut csns = Vec::new();
        while let Some(row) = reader.next().unwrap() {
            csns.push((row.csn().unwrap().to_owned(), row.timestamp()));
        }
        assert_eq!(csns, [("105".to_owned(), at(105)), ("107".to_owned(), at(107)), ("108".to_owned(), at(108))]);
    }
}

#[test]
fn truncate_empties_and_names_match_without_case() {
    let table = people();
    let trail = trail(&table, &["insert ID=1 NAME=a", "truncate", "insert ID=2 NAME=b"]);
    for name in ["HR.People", "hr.people", "HR.PEOPLE"] {
        let state = state(&trail, &StateOptions::new(name));
        assert_eq!(rows_of(&state.rows), ["ID=2 NAME=b"]);
        assert_eq!((state.report.table.as_str(), state.report.truncates), ("HR.People", 1));
    }
    let error = trail.state(&StateOptions::new("HR.EMP"), ReadOptions::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTable);
    assert!(error.to_string().contains("HR.People"), "{error}");
}

#[test]
fn table_of_exactly_the_name_is_found_although_another_one_came_first() {
    let named = |name: &str| Arc::new(TableDef::new(name, people().columns().to_vec()));
    let mut script = Script::new(BIG);
    script.run(&named("HR.Emp"), &["insert ID=1 NAME=a"]).run(&named("HR.EMP"), &["insert ID=1 NAME=b", "insert ID=2 NAME=c"]);
    let trail = script.trail();
    for (name, rows) in [("HR.Emp", 1), ("HR.EMP", 2)] {
        assert_eq!(state(&trail, &StateOptions::new(name)).report.rows, rows);
        let history = trail.history(&HistoryOptions::new(name).key("ID", 1), ReadOptions::new()).unwrap();
        assert_eq!((history.report.changes, history.report.table.as_str()), (1, name));
    }
    let error = trail.state(&StateOptions::new("hr.emp"), ReadOptions::new()).unwrap_err();
    assert!(error.kind() == ErrorKind::InvalidArgument && error.to_string().contains("ambiguous"), "{error}");
}

#[test]
fn key_updates_chain_and_swap() {
    let table = people();
    let start = ["insert ID=1 NAME=a PAY=1 NOTE=n", "insert ID=2 NAME=b PAY=2 NOTE=n", "insert ID=3 NAME=c PAY=3 NOTE=n"];
    for (lines, wanted) in [
        // A chain.
        (&["move ID=1 -> ID=10", "move ID=10 -> ID=100"][..], ["ID=100 NAME=a", "ID=2 NAME=b", "ID=3 NAME=c"]),
        // Over a temporary key.
        (
            &["begin", "move ID=1 -> ID=9", "move ID=2 -> ID=1", "move ID=9 -> ID=2", "commit"],
            ["ID=1 NAME=b", "ID=2 NAME=a", "ID=3 NAME=c"],
        ),
        // One statement: both keys are taken for a moment.
        (&["begin", "move ID=1 -> ID=2", "move ID=2 -> ID=1", "commit"], ["ID=1 NAME=b", "ID=2 NAME=a", "ID=3 NAME=c"]),
        (
            &["begin", "move ID=1 -> ID=2", "move ID=2 -> ID=3", "move ID=3 -> ID=1", "commit"],
            ["ID=1 NAME=c", "ID=2 NAME=a", "ID=3 NAME=b"],
        ),
        // Upwards by one, in the order of the table.
        (
            &["begin", "move ID=1 -> ID=2", "move ID=2 -> ID=3", "move ID=3 -> ID=4", "commit"],
            ["ID=2 NAME=a", "ID=3 NAME=b", "ID=4 NAME=c"],
        ),
    ] {
        let all: Vec<_> = start.iter().chain(lines).copied().collect();
        let trail = trail(&table, &all);
        let found = state(&trail, &StateOptions::new("HR.People"));
        let names: Vec<_> = rows_of(&found.rows).iter().map(|row| row.split(" PAY").next().unwrap().to_owned()).collect();
        assert_eq!(names, wanted, "{lines:?}");
        assert!(found.report.is_exact(), "{:?}", found.report);
    }
    // Nothing leaves: the row that was there is overwritten.
    let trail = trail(&table, &[start[0], start[1], "move ID=1 -> ID=2"]);
    assert_eq!(state(&trail, &StateOptions::new("HR.People")).report.overwritten, 1);
}

#[test]
fn what_the_trail_does_not_show_is_missing_and_counted() {
    let table = people();
    let trail = trail(
        &table,
        &[
            "update ID=1 -> ID=1 PAY=NULL",
            "update ID=2 PAY=7 -> ID=2 NAME=b",
            "move ID=3 -> ID=4",
            "delete ID=9",
            "insert ID=5 NAME=e PAY=5 NOTE=NULL",
            "insert ID=5 NAME=f PAY=5 NOTE=NULL",
            "delete NAME=x",
        ],
    );
    let state = state(&trail, &StateOptions::new("HR.People"));
    assert_eq!(rows_of(&state.rows), ["ID=1 PAY=null", "ID=2 NAME=b PAY=7", "ID=4", "ID=5 NAME=f PAY=5 NOTE=null"]);
    let report = &state.report;
    assert_eq!((report.incomplete, report.unseen_updates, report.unseen_deletes), (3, 3, 1));
    assert_eq!((report.overwritten, report.unidentified), (1, 1));
    assert!(!report.is_exact());
    let document: serde_json::Value = serde_json::from_str(&report.to_json().unwrap()).unwrap();
    assert_eq!(document["incomplete"], 3);
}

#[test]
fn state_as_of_a_place() {
    let table = people();
    let trail = trail(
        &table,
        &["insert ID=1 NAME=a", "begin", "insert ID=2 NAME=b", "insert ID=3 NAME=c", "delete ID=1", "commit", "delete ID=2"],
    );
    let mut positions = Vec::new();
    let mut reader = trail.reader().unwrap();
    while let Some(change) = reader.next().unwrap() {
        positions.push(change.position());
    }
    let as_of = |place: &str| {
        let options = StateOptions::new("HR.People").at(place.parse().unwrap());
        trail.state(&options, ReadOptions::new()).map(|state| rows_of(&state.rows).len())
    };
    for (place, rows) in [("csn:99", 0), ("csn:100", 1), ("csn:101", 2), ("csn:0101", 2), ("csn:102", 1), ("csn:999999", 1)] {
        assert_eq!(as_of(place).unwrap(), rows, "{place}");
    }
    let at_position: Vec<_> = positions.iter().map(|position| as_of(&position.to_string()).unwrap()).collect();
    assert_eq!(at_position, [1, 2, 3, 2, 1]);
    assert_eq!(as_of("0:0").unwrap(), 0);
    assert_eq!(as_of("9:0").unwrap(), 1);
    assert_eq!(as_of(&at(101).to_string()).unwrap(), 2);
    assert_eq!(as_of("1999-01-01").unwrap(), 0);
    assert_eq!(as_of("2999-01-01").unwrap(), 1);
    for wrong in ["csn:0/1", "offset:7"] {
        assert_eq!(as_of(wrong).unwrap_err().kind(), ErrorKind::InvalidArgument, "{wrong}");
    }
    assert!("yesterday".parse::<AsOf>().is_err() && "csn:".parse::<AsOf>().is_err());
    // Before its first change the table is known, and has no rows.
    let empty = state(&trail, &StateOptions::new("HR.People").at("csn:1".parse().unwrap()));
    assert_eq!((empty.report.rows, empty.report.key.len()), (0, 1));
    assert_eq!(empty.rows.reader().unwrap().tables().count(), 1);
}

#[test]
fn damage_ends_the_rows_and_is_returned_with_them() {
    let table = people();
    let mut script = Script::new(BIG);
    script.run(&table, &["insert ID=1 NAME=a", "insert ID=2 NAME=b"]);
    let mut files = script.out.finish().unwrap();
    let whole = files[0].1.len();
    files[0].1.truncate(whole - 3);
    let torn = trail_of(&files);
    let found = state(&torn, &StateOptions::new("HR.People"));
    assert_eq!(rows_of(&found.rows), ["ID=1 NAME=a"]);
    assert_eq!(found.failure.unwrap().kind(), ErrorKind::Truncated);
    assert!(found.report.error.is_some());
    let first = torn.reader().unwrap().next().unwrap().unwrap().position();
    let before = state(&torn, &StateOptions::new("HR.People").at(AsOf::Position(first)));
    assert!(before.failure.is_none() && before.report.rows == 1);
}

#[test]
fn selection_applies_before() {
    let table = people();
    let trail = trail(&table, &["insert ID=1 NAME=a PAY=1", "insert ID=2 NAME=b PAY=20", "delete ID=2"]);
    let select = Select::parse("TABLE HR.*, FILTER (PAY > 10);").unwrap().lenient();
    let state = trail.state(&StateOptions::new("HR.People"), ReadOptions::new().select(select)).unwrap();
    assert_eq!(rows_of(&state.rows), ["ID=2 NAME=b PAY=20"]);
    assert_eq!(state.report.read.undecided, 1);
    assert!(!state.report.is_exact());
}

#[test]
fn keys_are_compared_by_value() {
    let number = Arc::new(TableDef::new("T.N", vec![ColumnDef::number("K").key(), ColumnDef::varchar("V", 9)]));
    let mut script = Script::new(BIG);
    let insert = |text: &str| {
        let mut row = RowBuilder::new(&number, BIG);
        row.number("K", text).unwrap().text("V", "v").unwrap();
        row.bytes().to_vec()
    };
    for text in ["1", "2", "-0", "1E+2"] {
        script.begin();
        script.out.insert(&number, &insert(text)).unwrap();
        script.out.commit().unwrap();
    }
    for text in ["1.0", "02", "0", "100"] {
        script.begin();
        script.out.delete(&number, &insert(text)).unwrap();
        script.out.commit().unwrap();
    }
    let state = state(&script.trail(), &StateOptions::new("T.N"));
    assert_eq!((state.report.rows, state.report.unseen_deletes), (0, 0));

    let fixed = Arc::new(TableDef::new("T.C", vec![ColumnDef::char("K", 4).key(), ColumnDef::varchar("V", 9)]));
    let trail = trail(&fixed, &["insert K=ab V=x", "delete K=ab"]);
    let history = trail.history(&HistoryOptions::new("T.C").key("K", "ab"), ReadOptions::new()).unwrap();
    assert_eq!(history.report.changes, 2);
}

#[test]
fn tables_without_a_key() {
    let table = Arc::new(TableDef::new("HR.LOG", vec![ColumnDef::varchar("A", 9), ColumnDef::varchar("B", 9)]));
    let options = StateOptions::new("HR.LOG");
    let trail_a = trail(
        &table,
        &["insert A=x B=y", "insert A=x B=y", "insert A=x B=NULL", "delete A=x B=y", "update A=x B=NULL -> A=z B=NULL"],
    );
    let found = state(&trail_a, &options);
    assert_eq!(rows_of(&found.rows), ["A=x B=y", "A=z B=null"]);
    assert!(found.report.is_keyless && found.report.is_exact());
    // A change that lacks a column cannot be carried out.
    let trail_b = trail(&table, &["insert A=x B=y", "delete A=x"]);
    let error = trail_b.state(&options, ReadOptions::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("key") && error.location().rba.is_some(), "{error}");
    assert_eq!(state(&trail_b, &options.clone().key(&["A"])).report.rows, 0);
    let error = trail_b.state(&options.key(&["C"]), ReadOptions::new()).unwrap_err();
    assert!(error.to_string().contains("no column C") && error.to_string().contains("A, B"), "{error}");
}

#[test]
fn redefinitions_are_followed_by_name() {
    let first = people();
    let second = Arc::new(TableDef::new(
        "HR.People",
        vec![
            ColumnDef::varchar("EXTRA", 20),
            ColumnDef::varchar("NAME", 40),
            ColumnDef::integer("PAY", 2),
            ColumnDef::number("ID").key(),
        ],
    ));
    let mut script = Script::new(BIG);
    script.run(&first, &["insert ID=1 NAME=a PAY=1.5 NOTE=x", "insert ID=2 NAME=b PAY=2 NOTE=y"]);
    script.run(&second, &["insert EXTRA=e NAME=c PAY=3 ID=3", "update ID=1 -> EXTRA=f ID=1"]);
    // It comes back: what it had is gone.
    script.run(&first, &["update ID=2 -> ID=2 NAME=B"]);
    let trail = script.trail();
    let before = state(&trail, &StateOptions::new("HR.People").at("csn:103".parse().unwrap()));
    assert_eq!(rows_of(&before.rows), ["EXTRA=e NAME=c PAY=3.0 ID=3", "EXTRA=f NAME=a PAY=1.5 ID=1", "NAME=b PAY=2.0 ID=2"]);
    assert_eq!(before.report.incomplete, 1);
    assert_eq!(rows(&trail), ["ID=1 NAME=a PAY=1.5", "ID=2 NAME=B PAY=2.0", "ID=3 NAME=c PAY=3.0"]);
}

#[test]
fn a_new_key_needs_columns_that_all_rows_have() {
    let first = people();
    let by_name = |mut columns: Vec<ColumnDef>| {
        columns.iter_mut().for_each(|column| column.key = *column.name == *"NAME");
        Arc::new(TableDef::new("HR.People", columns))
    };
    let second = by_name(first.columns().to_vec());
    let mut script = Script::new(BIG);
    script.run(&first, &["insert ID=1 NAME=a PAY=1 NOTE=x", "insert ID=2 NAME=b PAY=2 NOTE=y"]);
    script.run(&second, &["update NAME=a -> NAME=a PAY=10", "move NAME=b -> NAME=bb ID=1"]);
    assert_eq!(rows(&script.trail()), ["ID=1 NAME=a PAY=10 NOTE=x", "ID=1 NAME=bb PAY=2 NOTE=y"]);
    let mut script = Script::new(BIG);
    script.run(&first, &["update ID=1 -> ID=1 PAY=1"]).run(&second, &["update NAME=a -> NAME=a PAY=10"]);
    let trail = script.trail();
    let error = trail.state(&StateOptions::new("HR.People"), ReadOptions::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaChange);
    assert!(error.to_string().contains("NAME"), "{error}");
    // The history accepts the key of either definition.
    for (column, key) in [("ID", "1"), ("NAME", "a")] {
        trail.history(&HistoryOptions::new("HR.People").key(column, key), ReadOptions::new()).unwrap();
    }
}

#[test]
fn memory_is_bounded() {
    let table = people();
    let trail = trail(&table, &["insert ID=1 NAME=a", "delete ID=1", "insert ID=2 NAME=a", "delete ID=2", "insert ID=3 NAME=a"]);
    let one = StateOptions::new("HR.People").max_bytes(400);
    assert_eq!(state(&trail, &one).report.rows, 1);
    let error = trail.state(&one.max_bytes(10), ReadOptions::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("max_bytes"), "{error}");
    let options = HistoryOptions::new("HR.People").key("ID", 1).max_bytes(10);
    assert!(trail.history(&options, ReadOptions::new()).unwrap_err().to_string().contains("max_bytes"));
    let empty = Trail::from_changes(Vec::new(), Vec::new());
    assert!(
        trail.diff(&empty, &DiffOptions::new().max_bytes(10), Default::default()).unwrap_err().to_string().contains("max_bytes")
    );
}

/// The operations and CSNs of a history.
fn history(trail: &Trail, id: i64) -> Vec<String> {
    let history = trail.history(&HistoryOptions::new("hr.people").key("id", id), ReadOptions::new()).unwrap();
    let mut reader = history.changes.reader().unwrap();
    let mut found = Vec::new();
    while let Some(change) = reader.next().unwrap() {
        found.push(format!("{} {}", change.csn().unwrap(), change.op()));
    }
    assert_eq!(history.report.changes, found.len() as u64);
    found
}

#[test]
fn history_follows_key_updates_both_ways() {
    let table = people();
    let trail = trail(
        &table,
        &[
            "insert ID=1 NAME=a PAY=1 NOTE=n", // 100
            "insert ID=7 NAME=other PAY=1 NOTE=n",
            "update ID=1 -> ID=1 PAY=2",
            "move ID=1 -> ID=2",
            "update ID=2 -> ID=2 PAY=3",
            "insert ID=1 NAME=new PAY=1 NOTE=n", // 105
            "move ID=2 -> ID=3",
            "delete ID=3",
            "insert ID=3 NAME=third PAY=1 NOTE=n",
            "delete ID=7",
        ],
    );
    let own = ["100 insert", "102 update", "103 pk_update", "104 update", "106 pk_update", "107 delete"];
    assert_eq!(history(&trail, 2), own);
    let mut with_new = own.to_vec();
    with_new.insert(4, "105 insert");
    assert_eq!(history(&trail, 1), with_new);
    let mut with_third = own.to_vec();
    with_third.push("108 insert");
    assert_eq!(history(&trail, 3), with_third);
    assert_eq!(history(&trail, 7), ["101 insert", "109 delete"]);
    assert!(history(&trail, 99).is_empty());
}

#[test]
fn history_of_swapped_rows_and_truncates() {
    let table = people();
    let trail = trail(
        &table,
        &[
            "insert ID=1 NAME=a",
            "insert ID=2 NAME=b",
            "insert ID=5 NAME=e",
            "begin",
            "move ID=1 -> ID=2",
            "move ID=2 -> ID=1",
            "commit",
            "update ID=1 -> ID=1 NAME=c",
            "truncate",
            "insert ID=1 NAME=z",
        ],
    );
    let all = ["100 insert", "101 insert", "103 pk_update", "103 pk_update", "104 update", "105 truncate", "106 insert"];
    assert_eq!(history(&trail, 1), all);
    assert_eq!(history(&trail, 2), all[..6]);
    assert_eq!(history(&trail, 5), ["102 insert", "105 truncate"]);
}

#[test]
fn the_key_of_a_history_is_checked() {
    let table = Arc::new(TableDef::new(
        "T.L",
        vec![
            ColumnDef::integer("A", 0).key(),
            ColumnDef::varchar("B", 9).key(),
            ColumnDef::datetime("D", 6).key(),
            ColumnDef::binary("X", 9),
        ],
    ));
    let mut script = Script::new(BIG);
    script.begin();
    let mut row = RowBuilder::new(&table, BIG);
    row.decimal("A", 1.into()).unwrap().text("B", "b").unwrap().datetime("D", "2024-03-01T12:00:00.500000").unwrap();
    script.out.insert(&table, row.bytes()).unwrap();
    script.out.commit().unwrap();
    let trail = script.trail();
    let ask = |options: &HistoryOptions| trail.history(options, ReadOptions::new()).map(|history| history.report.changes);
    let whole = HistoryOptions::new("T.L").key("A", "1.0").key("b", "b").key("D", "2024-03-01 12:00:00.5");
    assert_eq!(ask(&whole).unwrap(), 1);
    assert_eq!(ask(&whole.clone().key("A", 2)).unwrap(), 0);
    for (options, says) in [
        (HistoryOptions::new("T.L").key("A", 1).key("B", "b"), "D is missing"),
        (whole.clone().key("X", "b"), "X"),
        (whole.clone().key("Z", "b"), "no column Z"),
        (whole.clone().key("A", "one"), "needs a number"),
        (whole.clone().key("B", 7), "needs a text"),
        (whole.clone().key("D", "noon"), "needs a date"),
        (HistoryOptions::new("T.L"), "no columns"),
    ] {
        let error = ask(&options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
    assert_eq!(ask(&HistoryOptions::new("T.M").key("A", 1)).unwrap_err().kind(), ErrorKind::UnknownTable);
}

#[test]
fn diff_of_changes() {
    let table = people();
    let lines =
        ["insert ID=1 NAME=a PAY=1.50 NOTE=NULL", "update ID=1 -> ID=1 PAY=2", "insert ID=2 NAME=b PAY=1 NOTE=n", "delete ID=1"];
    let left = trail(&table, &lines);
    let both = || (ReadOptions::new(), ReadOptions::new());
    // Another order between rows, another form of a number, other positions and CSNs.
    let right = trail(&table, &[lines[2], "insert ID=1 NAME=a PAY=1.5 NOTE=NULL", lines[1], lines[3]]);
    let report = left.diff(&right, &DiffOptions::new(), both()).unwrap();
    assert!(report.is_equal, "{report:?}");
    assert_eq!((report.tables["HR.People"].equal, report.rows.len()), (4, 0));
    let report = left.diff(&right, &DiffOptions::new().metadata(true), both()).unwrap();
    assert_eq!(report.tables["HR.People"].columns.keys().collect::<Vec<_>>(), ["_csn", "_timestamp", "_xid"]);
    // A value, a state, a missing change, one more change.
    let right =
        trail(&table, &["insert ID=1 NAME=A PAY=1.5", "update ID=1 -> ID=1 PAY=2", lines[2], "insert ID=3 NAME=c", "truncate"]);
    let report = left.diff(&right, &DiffOptions::new(), both()).unwrap();
    let counts = &report.tables["HR.People"];
    assert_eq!((counts.equal, counts.different, counts.only_left, counts.only_right), (2, 1, 1, 2));
    assert_eq!(counts.columns, BTreeMap::from([("NAME".to_owned(), 1), ("NOTE".to_owned(), 1)]));
    let note = report.rows.iter().find(|row| row.column.as_deref() == Some("NOTE")).unwrap();
    let states = (note.left.as_ref().unwrap().state, note.right.as_ref().unwrap().state);
    assert_eq!((note.kind, note.image, states), (DiffKind::Different, Some("after"), ("null", "missing")));
    assert!(note.key.contains_key("ID") && note.left_position.is_some() && note.right_position.is_some());
    assert!(!report.is_equal);
    let limited = left.diff(&right, &DiffOptions::new().most(1), both()).unwrap();
    assert_eq!((limited.rows.len(), limited.more_rows), (1, report.rows.len() as u64 - 1));
}

#[test]
fn diff_of_rows() {
    let table = people();
    let left =
        trail(&table, &["insert ID=1 NAME=a PAY=1", "insert ID=2 NAME=b PAY=2", "move ID=2 -> ID=3", "insert ID=4 NAME=d PAY=4"]);
    let right = trail(&table, &["insert ID=3 NAME=b PAY=2.0", "insert ID=1 NAME=a", "insert ID=5 NAME=e PAY=5"]);
    let report = left.diff(&right, &DiffOptions::new().order_free(true), Default::default()).unwrap();
    let counts = &report.tables["HR.People"];
    assert_eq!((counts.equal, counts.different, counts.only_left, counts.only_right), (1, 1, 1, 1));
    assert_eq!(report.rows.iter().filter(|row| row.column.as_deref() == Some("PAY")).count(), 1);
    let same = left.diff(&left, &DiffOptions::new().order_free(true), Default::default()).unwrap();
    assert!(same.is_equal && same.tables["HR.People"].equal == 3);
    let empty = Trail::from_changes(Vec::new(), Vec::new());
    let report = empty.diff(&left, &DiffOptions::new().order_free(true), Default::default()).unwrap();
    assert_eq!(report.tables["HR.People"].only_right, 3);
}

/// A trail, and its changes as JSON lines.
fn with_lines(trail: &Trail) -> Trail {
    let lines = common::lines(trail).join("\n") + "\n";
    Trail::from_files([("lines.jsonl", lines.into_bytes().into())])
}

#[test]
fn json_lines_have_no_key_of_their_own() {
    let [(_, bank), _] = common::banks();
    let lines = with_lines(&bank);
    for order_free in [false, true] {
        for (left, right) in [(&bank, &lines), (&lines, &bank)] {
            let report = left.diff(right, &DiffOptions::new().order_free(order_free), Default::default()).unwrap();
            assert!(report.is_equal, "{order_free} {:?} {:?}", report.tables, report.rows.first());
        }
    }
    let options = StateOptions::new("BANK.ACCOUNTS");
    let own = state(&bank, &options);
    let from_lines = lines.state(&options.key(&own.report.key), ReadOptions::new()).unwrap();
    assert_eq!(own.report.rows, from_lines.report.rows);
    let history = HistoryOptions::new("BANK.CUSTOMERS").key("CUSTOMER_ID", 3);
    let (a, b) = (bank.history(&history, ReadOptions::new()).unwrap(), lines.history(&history, ReadOptions::new()).unwrap());
    assert_eq!(a.report.changes, b.report.changes);
}

/// Keys of dates and of characters of a fixed length pair with their texts in JSON lines.
#[test]
fn keys_of_json_lines_are_what_the_other_side_says() {
    let columns = vec![ColumnDef::datetime("DAY", 0).key(), ColumnDef::char("CODE", 6).key(), ColumnDef::number("N")];
    let table = Arc::new(TableDef::new("T.RATES", columns));
    let mut script = Script::new(BIG);
    script.begin();
    for (day, code, number) in
        [("2024-03-01:00:00:00", "A", "1"), ("2024-03-01:00:00:00", "B ", "2"), ("2024-03-02:12:30:00", "A", "3")]
    {
        let mut row = RowBuilder::new(&table, BIG);
        row.datetime("DAY", day).unwrap().text("CODE", code).unwrap().number("N", number).unwrap();
        script.out.insert(&table, row.bytes()).unwrap();
    }
    script.out.commit().unwrap();
    let trail = script.trail();
    let lines = with_lines(&trail);
    for order_free in [false, true] {
        for (left, right) in [(&trail, &lines), (&lines, &trail), (&lines, &lines)] {
            for options in [DiffOptions::new(), DiffOptions::new().key(&["DAY", "CODE"])] {
                let report = left.diff(right, &options.order_free(order_free), Default::default()).unwrap();
                assert!(report.is_equal, "{order_free} {:?} {:?}", report.tables, report.rows.first());
            }
        }
    }
}

#[test]
fn five_states_stay_apart() {
    let line = |op: &str, before: &str, after: &str, at: u64| {
        format!(
            r#"{{"seqno":0,"rba":{at},"op":"{op}","table":"T.D","ts":"2024-03-01T00:00:00.000000Z","csn":"{at}","xid":"1","txn":"only","before":{before},"after":{after},"tokens":{{}}}}"#
        )
    };
    let lines = [
        line("insert", "null", r#"{"ID":1,"DOC":"text","N":null}"#, 1),
        line("update", r#"{"ID":1}"#, r#"{"ID":1,"DOC":{"$unchanged":"lob"},"N":5}"#, 2),
        line("update", r#"{"ID":2}"#, r#"{"ID":2,"DOC":{"$unchanged":"lob"},"N":{"$invalid":"ff"}}"#, 3),
        line("update", r#"{"ID":3,"DOC":"before"}"#, r#"{"ID":3,"DOC":{"$unchanged":"lob"}}"#, 4),
    ];
    let trail = Trail::from_files([("t.jsonl", (lines.join("\n") + "\n").into_bytes().into())]);
    let state = state(&trail, &StateOptions::new("T.D").key(&["ID"]));
    assert_eq!(
        rows_of(&state.rows),
        [r#"ID=1 DOC=text N=5"#, r#"ID=2 DOC={"$unchanged":"lob"} N={"$invalid":"ff"}"#, r#"ID=3 DOC=before"#]
    );
    assert_eq!((state.report.incomplete, state.report.unseen_updates), (2, 2));
}

#[test]
fn volume_and_transactions() {
    let table = people();
    let trail = trail(&table, &["begin", "insert ID=1", "insert ID=2", "delete ID=1", "commit", "insert ID=3", "truncate"]);
    let (volume, error) = VolumeReport::of(&trail, &VolumeOptions::by("1s".parse().unwrap()), ReadOptions::new()).unwrap();
    assert!(error.is_none());
    assert_eq!(volume.rows.iter().map(|row| row.changes).collect::<Vec<_>>(), [3, 1, 1]);
    assert_eq!((volume.rows[0].from, volume.rows[0].ops["insert"], volume.rows[0].ops["delete"]), (at(100), 2, 1));
    assert!(volume.bytes > 0 && volume.rows.iter().map(|row| row.bytes).sum::<u64>() == volume.bytes);
    let read = |options: &TransactionsOptions| TransactionsReport::of(&trail, options, ReadOptions::new()).unwrap().0;
    let report = read(&TransactionsOptions::new(2));
    assert_eq!((report.transactions, report.found, report.rows.len(), report.changes), (3, 1, 1, 5));
    let large = &report.rows[0];
    assert_eq!((large.changes, large.csn.as_deref(), large.duration, large.is_finished), (3, Some("100"), 0, true));
    assert_eq!(large.tables["HR.People"], 3);
    assert!(large.position < large.end);
    assert_eq!(read(&TransactionsOptions::new(0).most(2)).rows.len(), 2);
    assert!(read(&TransactionsOptions::new(4)).rows.is_empty());
    // A trail that ends inside a transaction.
    let mut script = Script::new(BIG);
    script.begin();
    script.one(&table, "insert ID=1");
    script.one(&table, "insert ID=2");
    let torn = trail_of(&script.out.finish_unfinished().unwrap());
    let report = TransactionsReport::of(&torn, &TransactionsOptions::default(), ReadOptions::new()).unwrap().0;
    assert_eq!(report.rows.iter().map(|row| (row.changes, row.is_finished)).collect::<Vec<_>>(), [(2, false)]);
}

#[test]
fn changes_in_memory_are_a_source() {
    let [(_, bank), _] = common::banks();
    let mut blocks = bank.reader().unwrap().into_blocks(7);
    let mut held = Vec::new();
    while let Some(block) = blocks.next_block().unwrap() {
        held.push(block);
    }
    let held = Trail::from_changes(held, Vec::new());
    assert_eq!(common::lines(&held), common::lines(&bank));
    let select = || ReadOptions::new().select(Select::parse("TABLE BANK.POSTINGS;").unwrap());
    assert_eq!(common::lines_with(&held, select()).unwrap(), common::lines_with(&bank, select()).unwrap());
    let third = bank.reader().unwrap().into_changes().nth(2).unwrap().unwrap().as_change().start();
    let from = |trail: &Trail| common::lines_with(trail, ReadOptions::new().start_at(third)).unwrap();
    assert_eq!(from(&held).len(), from(&bank).len());
    let wrong = held.reader_with(ReadOptions::new().start_at(Position::new(99, 1)));
    assert_eq!(wrong.unwrap_err().kind(), ErrorKind::InvalidPosition);
    assert!(held.reader().unwrap().next().unwrap().is_some() && held.files().is_empty());
}

/// A trail whose second transaction is written until `breaks` of its changes, and again whole; without a break if it is `None`.
fn written_again(order: ByteOrder, breaks: Option<usize>, in_file: usize) -> Trail {
    let (table, log) = (people(), Arc::new(TableDef::new("HR.LOG", vec![ColumnDef::integer("X", 0)])));
    let mut script = Script::new(order);
    script.run(&table, &["insert ID=1 NAME=a PAY=1 NOTE=x"]).run(&log, &["insert X=0"]);
    let csn = script.csn;
    let steps = [(&table, "move ID=1 -> ID=2"), (&log, "insert X=7"), (&table, "update ID=2 -> PAY=5"), (&log, "delete X=0")];
    for taken in breaks.into_iter().flat_map(|breaks| vec![breaks; in_file]).chain([steps.len()]) {
        script.csn = csn;
        script.begin();
        steps.iter().take(taken).for_each(|(table, line)| script.one(table, line));
        if taken < steps.len() { script.out.leave_unfinished().unwrap() } else { script.out.commit().unwrap() }
    }
    script.run(&table, &["insert ID=3 NAME=c PAY=3 NOTE=z"]);
    script.trail()
}

#[test]
fn a_transaction_that_is_written_again_counts_once() {
    for (order, breaks, times) in [(BIG, 1, 1), (BIG, 2, 1), (ByteOrder::Little, 3, 1), (BIG, 2, 3)] {
        let (whole, again) = (written_again(order, None, 1), written_again(order, Some(breaks), times));
        for table in ["HR.People", "HR.LOG"] {
            let [truth, found] = [&whole, &again].map(|trail| state(trail, &StateOptions::new(table)));
            assert_eq!(rows_of(&found.rows), rows_of(&truth.rows), "{breaks} {table}");
            assert!(found.report.is_exact() && truth.report.is_exact(), "{breaks} {table} {:?}", found.report);
            assert_eq!(found.report.changes, truth.report.changes);
            assert_eq!(found.report.repeated > 0, breaks > 1 || table == "HR.People");
        }
        let left_out = (breaks * times) as u64;
        for order_free in [false, true] {
            let options = DiffOptions::new().order_free(order_free);
            let report = whole.diff(&again, &options, (ReadOptions::new(), ReadOptions::new())).unwrap();
            assert!(report.is_equal, "{breaks} {order_free} {report:?}");
            assert_eq!((report.left.repeated, report.right.repeated), (0, left_out));
        }
        let volume = |trail| VolumeReport::of(trail, &VolumeOptions::default(), ReadOptions::new()).unwrap().0;
        assert_eq!((volume(&whole).repeated, volume(&again).repeated), (0, left_out));
        assert_eq!(volume(&again).changes - left_out, volume(&whole).changes);
    }
}

#[test]
fn rows_of_a_transaction_without_an_end_are_not_exact() {
    let table = people();
    let mut script = Script::new(BIG);
    script.run(&table, &["insert ID=1 NAME=a PAY=1 NOTE=x"]);
    let place = script.csn;
    script.begin();
    script.one(&table, "insert ID=2 NAME=b PAY=2 NOTE=y");
    let trail = trail_of(&script.out.finish_unfinished().unwrap());
    let report = state(&trail, &StateOptions::new("HR.People")).report;
    assert!(!report.is_exact() && report.repeated == 0 && report.read.never_finished() == 1);
    let before = StateOptions::new("HR.People").at(format!("csn:{}", place - 1).parse().unwrap());
    assert!(state(&trail, &before).report.is_exact());
    // As of a place before the second writing, the first one is all there is.
    let again = written_again(BIG, Some(2), 1);
    let unfinished = state(&again, &StateOptions::new("HR.LOG")).report.read.unfinished_transactions[0].clone();
    assert!(unfinished.again > Some(unfinished.last) && !unfinished.at_end);
    let found = state(&again, &StateOptions::new("HR.LOG").at(AsOf::Position(unfinished.last)));
    assert_eq!(rows_of(&found.rows), ["X=0", "X=7"]);
    assert!(found.report.repeated == 0);
}

/// A row of the model: its columns that are known.
type ModelRow = BTreeMap<&'static str, String>;

/// A change of the model.
#[derive(Clone, Debug)]
enum Step {
    Insert(u8),
    Update(u8, bool),
    Move(u8, u8),
    Delete(u8),
    Truncate,
    Redefine,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let id = 0u8..6;
    let step = prop_oneof![
        4 => id.clone().prop_map(Step::Insert),
        4 => (id.clone(), any::<bool>()).prop_map(|(id, null)| Step::Update(id, null)),
        2 => (id.clone(), id.clone()).prop_map(|(from, to)| Step::Move(from, to)),
        2 => id.prop_map(Step::Delete),
        1 => Just(Step::Truncate),
        1 => Just(Step::Redefine),
    ];
    proptest::collection::vec(step, 0..40)
}

proptest! {
    /// The state equals that of a model that replays the same changes on maps.
    #[test]
    fn state_equals_a_model(steps in steps()) {
        let definitions = [people(), Arc::new(TableDef::new("HR.People", vec![
            ColumnDef::varchar("MORE", 9), ColumnDef::varchar("NAME", 40), ColumnDef::integer("ID", 0).key(), ColumnDef::number("PAY"),
        ]))];
        let columns = |which: usize| definitions[which].columns().iter().map(|column| column.name.to_string()).collect::<Vec<_>>();
        let (mut which, mut model, mut script) = (0, BTreeMap::<u8, ModelRow>::new(), Script::new(BIG));
        script.run(&definitions[0], &["truncate"]);
        for (number, step) in steps.iter().enumerate() {
            let table = &definitions[which];
            match step {
                Step::Insert(id) => {
                    script.run(table, &[&format!("insert ID={id} NAME=n{number} PAY={number}")]);
                    model.insert(*id, BTreeMap::from([
                        ("ID", id.to_string()), ("NAME", format!("n{number}")), ("PAY", number.to_string()),
                    ]));
                }
                Step::Update(id, null) => {
                    let pay = if *null { "NULL".to_owned() } else { format!("1{number}") };
                    script.run(table, &[&format!("update ID={id} -> ID={id} PAY={pay}")]);
                    let row = model.entry(*id).or_insert_with(|| BTreeMap::from([("ID", id.to_string())]));
                    row.insert("PAY", if *null { "null".to_owned() } else { pay });
                }
                Step::Move(from, to) => {
                    script.run(table, &[&format!("move ID={from} -> ID={to} NAME=m{number}")]);
                    let mut row = model.remove(from).unwrap_or_default();
                    row.insert("ID", to.to_string());
                    row.insert("NAME", format!("m{number}"));
                    model.insert(*to, row);
                }
                Step::Delete(id) => {
                    script.run(table, &[&format!("delete ID={id}")]);
                    model.remove(id);
                }
                Step::Truncate => {
                    script.run(table, &["truncate"]);
                    model.clear();
                }
                Step::Redefine => {
                    which = 1 - which;
                    // The definition is written with the next change; an update of a column of its own makes it known.
                    let column = if which == 1 { "MORE" } else { "NOTE" };
                    script.run(&definitions[which], &[&format!("update ID=0 -> ID=0 {column}=r{number}")]);
                    for row in model.values_mut() {
                        row.retain(|name, _| *name != "MORE" && *name != "NOTE");
                    }
                    let row = model.entry(0).or_insert_with(|| BTreeMap::from([("ID", "0".to_owned())]));
                    row.insert(column, format!("r{number}"));
                }
            }
        }
        let order = columns(which);
        let mut wanted: Vec<_> = model.values().map(|row| {
            let cells = order.iter().filter_map(|name| Some(format!("{name}={}", row.get(name.as_str())?)));
            cells.collect::<Vec<_>>().join(" ")
        }).collect();
        wanted.sort();
        prop_assert_eq!(rows(&script.trail()), wanted);
    }
}

#[test]
fn a_condition_need_not_fit_tables_that_are_not_asked_for() {
    let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    let trail = Trail::from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())));
    let read = || ReadOptions::new().select(Select::parse("TABLE *.*, WHERE (AMOUNT > 1000);").unwrap().lenient());
    let wanted = common::lines_with(
        &trail,
        ReadOptions::new().select(Select::parse("TABLE BANK.POSTINGS, WHERE (AMOUNT > 1000);").unwrap().lenient()),
    );
    let rows: usize = trail
        .table("bank.postings", read(), trailcore::arrow::ArrowOptions::new())
        .unwrap()
        .map(|batch| batch.unwrap().num_rows())
        .sum();
    let is_row = |line: &&String| !line.contains(r#""op":"ddl""#) && !line.contains(r#""op":"truncate""#);
    assert_eq!(rows, wanted.unwrap().iter().filter(is_row).count());
    let state = trail.state(&StateOptions::new("BANK.POSTINGS"), read()).unwrap();
    assert!(state.failure.is_none() && state.report.rows > 0);
    // Without a table, the selection is an error, as it must be.
    assert_eq!(common::lines_with(&trail, read()).unwrap_err().kind(), ErrorKind::Filter);
}
