//! Selecting while reading: tiers, pairs, tags, limits, many rules, errors with their position.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{NO_LIMIT, ORDERS, at, item, items, key, lines_with, shelves, trail_of, writer};
use std::sync::Arc;

use trailcore::filter::{Scratch, Select, Verdict};
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, UpdateStyle};
use trailcore::trail::{ByteOrder, Token, tokens};
use trailcore::{ErrorKind, Op, Position, ReadOptions, Trail};

fn select(text: &str) -> Select {
    Select::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Ids of the items that a selection returns, from their after or before image.
fn ids(trail: &Trail, select: Select) -> Vec<i64> {
    let mut reader = trail.reader_with(ReadOptions::new().select(select)).unwrap();
    let mut ids = Vec::new();
    while let Some(change) = reader.next().unwrap() {
        let (before, after) = change.images().unwrap();
        let row = after.or(before).unwrap();
        ids.push(row.get("ID").unwrap().i64().unwrap());
    }
    ids
}

/// Ten inserts of items, each in its own transaction, with CSNs from 100 on.
fn ten_items(order: ByteOrder) -> Trail {
    let items = items();
    let mut out = writer(order, 1, NO_LIMIT);
    for id in 0..10 {
        out.begin(&(100 + id).to_string(), &format!("1.2.{id}"), at(id)).unwrap();
        out.insert(&items, &item(&items, order, id, &format!("item {id}"), "note")).unwrap();
        out.commit().unwrap();
    }
    trail_of(&out.finish().unwrap())
}

#[test]
fn change_rejected_by_its_header_reads_no_column() {
    for order in ORDERS {
        let items = items();
        let mut out = writer(order, 1, NO_LIMIT);
        out.begin("5", "1.2.3", at(1)).unwrap();
        // The second column extends beyond the end of the list, so reading it is an error.
        let mut damaged = key(&items, order, 1);
        damaged.extend_from_slice(&[0, 2, 0xff, 0xff]);
        out.insert(&items, &damaged).unwrap();
        out.commit().unwrap();
        let trail = trail_of(&out.finish().unwrap());
        let read = |text: &str| {
            let mut reader = trail.reader_with(ReadOptions::new().select(select(text)))?;
            reader.next().map(|change| change.is_some())
        };
        for untouched in [
            "TABLE SHOP.ITEMS, FILTER (PRICE > 5 AND @STREQ (@GETENV ('GGHEADER', 'OPTYPE'), 'DELETE'));",
            "TABLE SHOP.ITEMS, FILTER (PRICE > 5), FILTER (@GETENV ('RECORD', 'FILESEQNO') > 9);",
            "TABLE SHOP.SHELVES;",
            "IGNOREINSERTS\nTABLE SHOP.ITEMS, FILTER (PRICE > 5);",
            "TRAILCORE FROMCSN 6;\nTABLE SHOP.ITEMS, FILTER (@STREQ (NAME, 'x'));",
        ] {
            assert!(matches!(read(untouched), Ok(false)), "{untouched}");
        }
        // Columns before the damage can be evaluated; columns after it cannot.
        assert!(matches!(read("TABLE SHOP.ITEMS, FILTER (ID = 2);"), Ok(false)));
        let error = read("TABLE SHOP.ITEMS, FILTER (PRICE > 5);").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Undecidable, "{error}");
    }
}

#[test]
fn strict_stops_with_the_position_and_continues_after_it() {
    let order = ByteOrder::Big;
    let items = items();
    let mut out = writer(order, 1, NO_LIMIT);
    out.begin("5", "1.2.3", at(1)).unwrap();
    out.insert(&items, &item(&items, order, 1, "a", "secret note")).unwrap();
    out.insert(&items, &key(&items, order, 2)).unwrap();
    out.insert(&items, &item(&items, order, 3, "c", "secret note")).unwrap();
    out.commit().unwrap();
    let trail = trail_of(&out.finish().unwrap());
    let text = "TABLE SHOP.ITEMS, WHERE (PRICE > 0);";
    let mut reader = trail.reader_with(ReadOptions::new().select(select(text))).unwrap();
    let first = reader.next().unwrap().unwrap().position();
    let error = reader.next().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecidable);
    assert!(error.location().rba.is_some_and(|rba| rba > first.trail().unwrap().rba) && error.location().record.is_some());
    let shown = error.to_string();
    assert!(shown.contains("OGG-03019") && shown.contains("PRICE") && !shown.contains("secret"), "{shown}");
    assert!(reader.next().unwrap().is_some() && reader.next().unwrap().is_none());

    let mut lenient = trail.reader_with(ReadOptions::new().select(select(text).lenient())).unwrap();
    let mut count = 0;
    while lenient.next().unwrap().is_some() {
        count += 1;
    }
    let counts = lenient.filter_counts();
    assert_eq!((count, counts.accepted, counts.undecidable, counts.rejected, counts.errors), (2, 2, 1, 0, 0));
}

#[test]
fn rule_that_does_not_fit_its_table_suggests_the_nearest_name() {
    let trail = ten_items(ByteOrder::Little);
    let mut reader = trail.reader_with(ReadOptions::new().select(select("TABLE SHOP.*, FILTER (PRISE > 1);"))).unwrap();
    let error = reader.next().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Filter);
    assert!(error.to_string().contains("did you mean PRICE?"), "{error}");
}

#[test]
fn what_cannot_be_right_for_a_table_is_an_error_in_lenient_mode_too() {
    let trail = ten_items(ByteOrder::Big);
    for (text, says) in [
        ("TABLE SHOP.*, FILTER (PRISE > 1);", "did you mean PRICE?"),
        // The first change is an insert.
        ("TABLE SHOP.*, FILTER (ON DELETE, PRISE > 1);", "did you mean PRICE?"),
        ("TABLE SHOP.*, WHERE (NAMES = 'x');", "did you mean NAME?"),
        ("TABLE SHOP.*, FILTER (ID = 1 AND @STREQ (NOTES, 'x'));", "did you mean NOTE?"),
        ("TABLE SHOP.*, FILTER (PRICE = \"hello\");", "double quotes"),
        ("TABLE SHOP.*, FILTER (PRICE / 0 > 1);", "division by zero"),
        ("TABLE SHOP.*, FILTER (PRICE \\ (1 - 1) > 1);", "division by zero"),
        ("TABLE SHOP.*, FILTER (PRICE / @COMPUTE (0) > 1);", "division by zero"),
        ("TABLE SHOP.*, FILTER (MADE > ID);", "cannot compare a date or time with a number"),
        ("TABLE SHOP.*, FILTER (ID - ID = MADE OR ID >= 0);", "cannot compare a date or time with a number"),
        ("TABLE SHOP.*, FILTER (5 + 1 < MADE);", "cannot compare a date or time with a number"),
        ("TABLE SHOP.*, FILTER (MADE > @STRLEN (NAME));", "cannot compare a date or time with a number"),
        ("TABLE SHOP.*, WHERE (MADE = ID);", "cannot compare a date or time with a number"),
        ("TABLE SHOP.*, WHERE (WEIGHT = MADE);", "cannot compare a date or time with a number"),
        ("TABLE SHOP.*, FILTER (MADE + 1 > 5);", "cannot calculate with a date or time"),
        ("TABLE SHOP.*, FILTER (MADE);", "a date or time is no condition"),
        ("TABLE SHOP.*, FILTER (ID = 1 OR MADE);", "a date or time is no condition"),
        ("TABLE SHOP.*, FILTER (@STRLEN (@STREXT (NAME, 'x', 3)) > 1);", "not a whole number"),
        ("TABLE SHOP.*, FILTER (@STRFIND (NAME, 'item', 1.5) > 1);", "not a whole number"),
        ("TABLE SHOP.*, FILTER (@STREQ (@STRNUM (ID, RIGHTZERO), '01'));", "@STRNUM needs a length"),
        ("TABLE SHOP.*, FILTER (@STREQ (NAME, @HIGHVAL ()));", "@HIGHVAL needs a length"),
        ("TABLE SHOP.*, FILTER (@NUMSTR ('abc') > 1);", "@NUMSTR takes the text of a number"),
        ("TRAILCORE FROMCSN 0/16B3748;", "the limit CSN 0/16B3748 has another form"),
        ("TRAILCORE UNTILCSN 1.2.3; TABLE SHOP.*;", "the limit CSN 1.2.3 has another form"),
    ] {
        for select in [select(text), select(text).lenient()] {
            let mut reader = trail.reader_with(ReadOptions::new().select(select)).unwrap();
            for _ in 0..2 {
                let error = reader.next().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Filter, "{text}");
                assert!(error.to_string().contains(says), "{text}: {error}");
            }
        }
    }
}

#[test]
fn what_is_only_unusual_is_no_error() {
    let trail = ten_items(ByteOrder::Big);
    for text in [
        "TABLE SHOP.*, FILTER (@STRLEN (@STREXT (NAME, 1, '4')) = 4);",
        "TABLE SHOP.*, FILTER (@STREQ (@STRNUM (1, LEFT), '1'));",
        "TABLE SHOP.*, WHERE (NAME <> CODE OR ID >= 0);",
        "MAP SHOP.*, TARGET X.Y, COLMAP (CODE = @STRNUM (ID, RIGHTZERO));",
    ] {
        let problems = select(text).bind(&items()).problems().map(|problems| problems.to_string());
        assert_eq!(problems, None, "{text}");
    }
    assert_eq!(ids(&trail, select("TRAILCORE FROMCSN 00108;")), [8, 9]);
}

#[test]
fn a_change_without_a_csn_is_not_lost_in_silence() {
    let items = items();
    let mut out = writer(ByteOrder::Big, 1, NO_LIMIT);
    for (csn, id) in [("", 1), ("7", 2)] {
        out.begin(csn, "1.2.3", at(1)).unwrap();
        out.insert(&items, &item(&items, ByteOrder::Big, id, "a", "")).unwrap();
        out.commit().unwrap();
    }
    let trail = trail_of(&out.finish().unwrap());
    let limited = select("TRAILCORE FROMCSN 5; TABLE SHOP.*;");
    let mut reader = trail.reader_with(ReadOptions::new().select(limited.clone().lenient())).unwrap();
    while reader.next().unwrap().is_some() {}
    assert_eq!((reader.filter_counts().accepted, reader.filter_counts().undecidable), (1, 1));
    assert!(reader.report().causes[0].reason.contains("no CSN"), "{:?}", reader.report());
    let mut strict = trail.reader_with(ReadOptions::new().select(limited.mode(trailcore::filter::Mode::Strict))).unwrap();
    assert_eq!(strict.next().unwrap_err().kind(), ErrorKind::Undecidable);
    assert!(strict.next().unwrap().is_some());
}

/// Inserts of items: one with a price, and one whose price is NULL.
fn priced_and_not() -> Trail {
    let items = items();
    let mut out = writer(ByteOrder::Big, 1, NO_LIMIT);
    out.begin("5", "1.2.3", at(1)).unwrap();
    out.insert(&items, &item(&items, ByteOrder::Big, 1, "a", "")).unwrap();
    let mut row = RowBuilder::new(&items, ByteOrder::Big);
    row.decimal("ID", 2.into()).unwrap().text("NAME", "b").unwrap().null("PRICE").unwrap();
    out.insert(&items, row.bytes()).unwrap();
    out.commit().unwrap();
    trail_of(&out.finish().unwrap())
}

#[test]
fn an_order_that_decides_is_kept_in_lenient_mode() {
    let trail = priced_and_not();
    // The first test guards the second one, which is cheaper.
    let ignores = "TABLE SHOP.*, FILTER (@STRFIND (NAME, 'z') > 0 AND PRICE > 0), EVENTACTIONS (IGNORE); TABLE SHOP.*;";
    let raises = "MAP SHOP.*, TARGET SHOP.*, FILTER (@STRFIND (NAME, 'z') > 0), \
                  FILTER (RAISEERROR 7777, @STREQ (@GETENV ('GGHEADER', 'OPTYPE'), 'DELETE'));";
    for (text, wanted) in [(ignores, vec![1, 2]), (raises, vec![])] {
        for select in [select(text), select(text).lenient()] {
            let mut reader = trail.reader_with(ReadOptions::new().select(select.clone())).unwrap();
            while reader.next().unwrap().is_some() {}
            let counts = reader.filter_counts();
            assert_eq!((counts.undecidable, counts.errors), (0, 0), "{text}");
            assert_eq!(ids(&trail, select), wanted, "{text}");
        }
    }
}

#[test]
fn the_range_of_a_key_with_a_missing_part_is_not_known() {
    let trail = priced_and_not();
    let range = |columns: &str| {
        let select = select(&format!("TABLE SHOP.*, FILTER (@RANGE (1, 1, {columns}));")).lenient();
        let mut reader = trail.reader_with(ReadOptions::new().select(select)).unwrap();
        while reader.next().unwrap().is_some() {}
        (reader.filter_counts().accepted, reader.filter_counts().undecidable)
    };
    assert_eq!(range("ID, PRICE"), (2, 0));
    assert_eq!(range("ID, CODE"), (0, 2));
}

#[test]
fn a_column_of_a_later_definition_is_missing_from_earlier_rows() {
    let old = Arc::new(TableDef::new("A.B", vec![ColumnDef::integer("ID", 0).key()]));
    let new = Arc::new(TableDef::new("A.B", vec![ColumnDef::integer("ID", 0).key(), ColumnDef::integer("LATER", 0)]));
    let mut out = writer(ByteOrder::Big, 1, NO_LIMIT);
    out.begin("5", "1.2.3", at(1)).unwrap();
    out.insert(&old, &key(&old, ByteOrder::Big, 1)).unwrap();
    let mut row = RowBuilder::new(&new, ByteOrder::Big);
    row.decimal("ID", 2.into()).unwrap().decimal("LATER", 7.into()).unwrap();
    out.insert(&new, row.bytes()).unwrap();
    out.commit().unwrap();
    let trail = trail_of(&out.finish().unwrap());
    assert_eq!(ids(&trail, select("TABLE A.*, FILTER (LATER = 7);").lenient()), [2]);
    assert_eq!(ids(&trail, select("TABLE A.*, FILTER (@COLTEST (LATER, MISSING));")), [1]);
    let mut strict = trail.reader_with(ReadOptions::new().select(select("TABLE A.*, FILTER (LATER = 7);"))).unwrap();
    let error = strict.next().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecidable);
    assert!(error.to_string().contains("LATER"), "{error}");
    assert!(strict.next().unwrap().is_some());
    // In no definition.
    assert!(trail.reader_with(ReadOptions::new().select(select("TABLE A.*, FILTER (NEVER = 7);"))).unwrap().next().is_err());
}

#[test]
fn pairs_are_one_change() {
    for order in ORDERS {
        let items = items();
        let mut out = writer(order, 1, NO_LIMIT);
        out.begin("5", "1.2.3", at(1)).unwrap();
        for style in [UpdateStyle::Pair, UpdateStyle::Unified] {
            let (before, after) = (item(&items, order, 1, "a", "x"), item(&items, order, 2, "b", "x"));
            out.update(&items, style, &before, &after).unwrap();
        }
        out.commit().unwrap();
        let trail = trail_of(&out.finish().unwrap());
        assert_eq!(ids(&trail, select("TABLE SHOP.ITEMS, FILTER (@BEFORE (ID) = 1 AND ID = 2);")), [2, 2]);
        assert_eq!(ids(&trail, select("TABLE SHOP.ITEMS, FILTER (BEFORE.ID = 2);")), [0; 0]);
        assert_eq!(ids(&trail, select("TABLE SHOP.ITEMS, FILTER (@BEFOREAFTER (PRICE) < PRICE);")), [2, 2]);
        let lines = lines_with(&trail, ReadOptions::new().select(select("TABLE SHOP.ITEMS, WHERE (NAME = 'b');"))).unwrap();
        assert_eq!(lines, lines_with(&trail, ReadOptions::new()).unwrap());
    }
}

#[test]
fn limits_of_csn_time_position_and_operation() {
    let trail = ten_items(ByteOrder::Big);
    let mut positions: Vec<Position> = Vec::new();
    let mut reader = trail.reader().unwrap();
    while let Some(change) = reader.next().unwrap() {
        positions.push(change.position());
    }
    let built =
        |build: fn(trailcore::filter::SelectBuilder) -> trailcore::filter::SelectBuilder| build(Select::builder()).build();
    assert_eq!(ids(&trail, built(|builder| builder.from_csn("103").until_csn("105"))), [3, 4]);
    assert_eq!(ids(&trail, built(|builder| builder.from_time(at(8)))), [8, 9]);
    assert_eq!(ids(&trail, built(|builder| builder.until_time(at(1)))), [0]);
    assert_eq!(ids(&trail, Select::builder().from_position(positions[7]).until_position(positions[9]).build()), [7, 8]);
    assert_eq!(ids(&trail, built(|builder| builder.ops(&[Op::Delete]))), [0; 0]);
    assert_eq!(ids(&trail, select("TRAILCORE FROMCSN 103 UNTILCSN 105 OPS insert;")), [3, 4]);
    assert_eq!(ids(&trail, select("TABLE SHOP.*, FILTER (@GETENV ('TRANSACTION', 'CSN') > 107);")), [8, 9]);
    let range = |part: u32| ids(&trail, select(&format!("TABLE SHOP.ITEMS, FILTER (@RANGE ({part}, 3));")));
    let mut all = [range(1), range(2), range(3)].concat();
    all.sort_unstable();
    assert_eq!(all, (0..10).collect::<Vec<_>>());
}

#[test]
fn tag_applies_to_its_transaction() {
    let order = ByteOrder::Big;
    let items = items();
    let mut out = writer(order, 1, NO_LIMIT);
    for (transaction, tag) in [None, Some("61"), Some("00"), None].into_iter().enumerate() {
        let id = 10 * transaction as i64;
        out.begin(&(5 + transaction).to_string(), &format!("1.2.{transaction}"), at(1)).unwrap();
        if let Some(tag) = tag {
            out.tokens(&[Token { id: tokens::id::ORATAG, info: 0, body: tag.as_bytes() }]);
        }
        out.insert(&items, &key(&items, order, id)).unwrap();
        out.insert(&items, &key(&items, order, id + 1)).unwrap();
        out.commit().unwrap();
    }
    let trail = trail_of(&out.finish().unwrap());
    assert_eq!(ids(&trail, select("EXCLUDETAG +")), [0, 1, 30, 31]);
    assert_eq!(ids(&trail, select("EXCLUDETAG 00\nTABLE SHOP.ITEMS;")), [0, 1, 10, 11, 30, 31]);
    assert_eq!(ids(&trail, select("EXCLUDETAG NULL")), [10, 11, 20, 21]);
    assert_eq!(ids(&trail, select("TRANLOGOPTIONS INCLUDETAG 61")), [10, 11]);
    assert_eq!(ids(&trail, select("EXCLUDETAG 00\nEXCLUDETAG 61\nTABLE SHOP.*, FILTER (ID > 0);")), [1, 30, 31]);
}

#[test]
fn many_rules_agree_with_single_rules() {
    for order in ORDERS {
        let trail = ten_items(order);
        let texts: Vec<String> = (0..130)
            .map(|n| {
                let limit = n % 12 - 1;
                match n % 8 {
                    0 => format!("TABLE SHOP.ITEMS, FILTER (ID > {limit});"),
                    1 => format!("TABLE SHOP.ITEMS, FILTER ({limit} >= ID);"),
                    2 => format!("TABLE SHOP.ITEMS, FILTER (ID = {limit});"),
                    3 => format!("TABLE SHOP.ITEMS, FILTER (PRICE <> {limit}.05);"),
                    4 => format!("TABLE SHOP.ITEMS, FILTER (PRICE < {limit}.005 AND @STRFIND (NAME, '{limit}') > 0);"),
                    5 => format!("TABLE SHOP.ITEMS, FILTER (@STREQ (NAME, 'item {limit}'));"),
                    6 => format!("TABLE SHOP.*, FILTER (ON DELETE, ID = {limit});"),
                    _ => format!("TABLE SHOP.ITEMS, WHERE (WEIGHT > {limit});"),
                }
            })
            .collect();
        let all = select(&texts.join("\n"));
        let singles: Vec<Select> = texts.iter().map(|text| select(text)).collect();
        let mut scratch = Scratch::default();
        let mut reader = trail.reader().unwrap();
        let mut hits = 0;
        while let Some(change) = reader.next().unwrap() {
            let mut found = vec![None; texts.len()];
            all.bind(change.table()).each_hit(&change, &mut scratch, |rule, verdict| found[rule] = Some(verdict));
            for (rule, single) in singles.iter().enumerate() {
                let verdict = single.bind(change.table()).verdict(&change, &mut scratch);
                match (found[rule], verdict) {
                    (None, Verdict::Reject(_)) => {}
                    (Some(Verdict::Accept(_)), Verdict::Accept(_)) => hits += 1,
                    (Some(Verdict::Undecidable(a)), Verdict::Undecidable(b)) => assert_eq!(a.why, b.why),
                    (found, verdict) => panic!("{}: {found:?} with other rules, {verdict:?} as the only rule", texts[rule]),
                }
            }
        }
        assert!(hits > 100, "{hits}");
    }
}

#[test]
fn patterns_match_tables_and_ddl_objects() {
    let order = ByteOrder::Little;
    let (items, shelves) = (items(), shelves());
    let mut out = writer(order, 11, NO_LIMIT);
    out.begin("5", "1.2.3", at(1)).unwrap();
    out.ddl("SHOP", "ITEMS", ",C5='5',,B3='SHOP',,B4='ITEMS',,B5='TABLE',,B6='ALTER',,C1='alter table items add x number'")
        .unwrap();
    out.insert(&items, &key(&items, order, 1)).unwrap();
    let mut shelf = RowBuilder::new(&shelves, order);
    shelf.decimal("ID", 7.into()).unwrap();
    out.insert(&shelves, shelf.bytes()).unwrap();
    out.truncate(&shelves).unwrap();
    out.commit().unwrap();
    let trail = trail_of(&out.finish().unwrap());
    let ops = |text: &str| {
        let mut reader = trail.reader_with(ReadOptions::new().select(select(text))).unwrap();
        let mut ops = Vec::new();
        while let Some(change) = reader.next().unwrap() {
            ops.push((change.op(), change.table_name().into_owned()));
        }
        ops
    };
    let (item, shelf) = ("SHOP.ITEMS".to_owned(), "SHOP.SHELVES".to_owned());
    assert_eq!(ops("TABLE shop.it?ms;"), [(Op::Ddl, item.clone()), (Op::Insert, item.clone())]);
    assert_eq!(ops("TABLE SHOP.*; TABLEEXCLUDE SHOP.ITEMS"), [(Op::Insert, shelf.clone()), (Op::Truncate, shelf.clone())]);
    assert_eq!(ops("IGNORETRUNCATES TABLE SHOP.SHEL*;"), [(Op::Insert, shelf.clone())]);
    assert_eq!(ops("SCHEMAEXCLUDE SHOP; TABLE *.*;"), []);
    assert_eq!(ops("TABLE \"Shop\".ITEMS;"), []);
}

#[test]
fn parameter_file_of_a_bank() {
    let text = "EXTRACT\nUSERIDALIAS ogg DOMAIN OracleGoldenGate\nTRANLOGOPTIONS EXCLUDETAG 00, INTEGRATEDPARAMS (MAX_SGA_SIZE 1024)\n\
                DDL INCLUDE MAPPED\nLOGALLSUPCOLS\nUPDATERECORDFORMAT COMPACT\nTABLE SHOP.ITEMS;\nSEQUENCE SHOP.SEQ*;\n";
    let select = select(text);
    assert!(select.lints().is_empty(), "{}", select.lint_text());
    assert!(select.verdict_of_object("SHOP.ITEMS", None, None).is_accept());
    assert!(!select.verdict_of_object("SHOP.ITEMS", None, Some("00")).is_accept());
    assert!(!select.verdict_of_object("SHOP.SEQ1", None, None).is_accept());
    assert_eq!(Select::parse(&select.to_string()).unwrap(), select);
}

/// A condition is asked only of the tables that all parts of a narrowed selection want, whatever their order.
#[test]
fn a_condition_is_not_asked_of_tables_that_another_part_turns_away() {
    let (items, shelves) = (items(), shelves());
    let mut out = writer(ByteOrder::Big, 1, NO_LIMIT);
    out.begin("5", "1.2.3", at(1)).unwrap();
    for (id, price) in [(1, "a"), (2, "b")] {
        out.insert(&items, &item(&items, ByteOrder::Big, id, price, "note")).unwrap();
        out.insert(&shelves, &key(&shelves, ByteOrder::Big, 10 + id)).unwrap();
    }
    out.commit().unwrap();
    let trail = trail_of(&out.finish().unwrap());
    let named = select("TABLE SHOP.ITEMS;");
    let asks = select("TABLE *, WHERE (NAME = 'a');");
    let without = select("TABLEEXCLUDE SHOP.SHELVES;");
    for (first, second) in [(&named, &asks), (&asks, &named), (&without, &asks), (&asks, &without)] {
        let both = first.clone().and(second.clone());
        // The tag has every change evaluated.
        for first in ["TABLE *.*;", "EXCLUDETAG 07;"] {
            assert_eq!(ids(&trail, select(first).and(both.clone())), [1], "{both}");
        }
        assert_eq!((ids(&trail, both.clone()), ids(&trail, both.clone().lenient())), (vec![1], vec![1]), "{both}");
        let program = both.bind(&shelves);
        assert!(program.problems().is_none() && program.rejects_all(), "{both}");
    }
    let misspelt = select("TABLE SHOP.ITEMS, WHERE (NAMES = 'a');").and(named);
    let error = trail.reader_with(ReadOptions::new().select(misspelt)).unwrap().into_changes().find_map(Result::err).unwrap();
    assert!(error.to_string().contains("NAMES"), "{error}");
}

/// An exclude that fits no table leaves nothing out: it is reported as a name of a rule is. A parameter file is not written for one
/// trail, and its excludes are reported only if they look like a slip.
#[test]
fn an_exclude_that_fits_no_table_is_reported() {
    let trail = ten_items(ByteOrder::Big);
    let unmatched = |select: Select| {
        let mut reader = trail.reader_with(ReadOptions::new().select(select)).unwrap();
        while reader.next().unwrap().is_some() {}
        reader.report().unmatched.unwrap()
    };
    for (text, wanted) in [
        ("TABLEEXCLUDE SHOP.ITEM; TABLE SHOP.*;", "SHOP.ITEM"),
        ("MAPEXCLUDE SHOP.NONE; TABLE SHOP.*;", "SHOP.NONE"),
        ("SCHEMAEXCLUDE SHIP;", "SHIP.*"),
        ("CATALOGEXCLUDE PDB;", "PDB.*.*"),
        ("TABLEEXCLUDE SHOP.IT?; SCHEMAEXCLUDE B*;", ""),
        ("TABLEEXCLUDE X.A; TABLEEXCLUDE X.A; TABLEEXCLUDE \"a B\";", "X.A \"a B\""),
        ("TABLEEXCLUDE SHOP.ITEMS; TABLE *.*;", ""),
        ("SCHEMAEXCLUDE SHOP; TABLEEXCLUDE *.IT*;", ""),
        ("EXTRACT E; TABLEEXCLUDE SHOP.ITMES; TABLE SHOP.*;", "SHOP.ITMES"),
        ("EXTRACT E; SCHEMAEXCLUDE SHOPS; TABLE SHOP.*;", "SHOPS.*"),
        ("EXTRACT E; TABLEEXCLUDE SHOP.TMP; TABLEEXCLUDE SHOP.ITEMS2; TABLEEXCLUDE OTHER.ITEMS; TABLE SHOP.*;", ""),
        ("EXTRACT E; TABLEEXCLUDE SHOP.ITEM*2; SCHEMAEXCLUDE HR; CATALOGEXCLUDE SHOP; TABLE SHOP.*;", ""),
        ("EXTRACT E; TABLEEXCLUDE SHOP.ITEMS; TABLEEXCLUDE SHOP.ITEMZ; TABLE SHOP.*;", ""),
    ] {
        assert_eq!(unmatched(select(text)).join(" "), wanted, "{text}");
        let both = select("TABLE SHOP.*;").and(select(text));
        assert_eq!(unmatched(both).join(" "), wanted, "{text}");
    }
    let file = std::env::temp_dir().join(format!("trailcore-{}-exclude.prm", std::process::id()));
    std::fs::write(&file, "TABLEEXCLUDE SHOP.TMP;\nTABLEEXCLUDE SHOP.ITEMSS;\nTABLE SHOP.*;\n").unwrap();
    assert_eq!(unmatched(Select::from_file(&file).unwrap()), ["SHOP.ITEMSS"]);
    std::fs::remove_file(file).unwrap();
}
