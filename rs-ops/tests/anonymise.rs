//! An anonymised trail has the structure of its original, and none of its values and names.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::source::RecordView;
use trailcore::trail::encode::RecordParts;
use trailcore::trail::{ByteOrder, Record, RecordType, Token, tokens};
use trailcore::{Catalog, Charset, ErrorKind, ReadOptions, Timestamp, Trail, Value};
use trailcore_ops::anonymise::{AnonymiseReport, AnonymiseRequest, HiddenKind, anonymise};
use trailcore_samples::{Bank, bank_in_memory};

/// A word that is planted as a value and a name in each place.
const CANARY: &str = "Canary7Qx9Zebra4Kiwi";
/// The same as a number and as bytes.
const NUMBER: i64 = 712_345_678_901_234_567;
const BYTES: &[u8] = b"\xca\xfe\0\x11\xba\xbe\x99\x01\xfe\xed\xd0\x0d";

/// The options that a trail is written with.
fn forms() -> Vec<(WriterOptions, UpdateStyle)> {
    let mut forms = Vec::new();
    for order in [ByteOrder::Big, ByteOrder::Little] {
        for (metadata, definition_version, compatibility) in [(true, 1, 5), (true, 11, 7), (false, 1, 3)] {
            for style in UpdateStyle::ALL {
                let group = CANARY.to_uppercase();
                let options = WriterOptions {
                    order,
                    metadata,
                    definition_version,
                    compatibility,
                    group,
                    file_size: 9_000,
                    ..WriterOptions::default()
                };
                forms.push((options, style));
            }
        }
    }
    forms
}

fn table() -> Arc<TableDef> {
    let gbk = Charset::from_name("GBK");
    let columns = vec![
        ColumnDef::varchar(format!("K_{CANARY}"), 40).key(),
        ColumnDef::integer("AMOUNT", 2),
        ColumnDef::number("RATE"),
        ColumnDef::char("FIXED", 24),
        ColumnDef::datetime("WHEN", 6),
        ColumnDef::binary("RAW", 40),
        ColumnDef::new("WIDE", 64, 1, 80),
        ColumnDef::varchar("CHINESE", 80).in_charset(gbk),
        ColumnDef::new("UNKNOWN", 64, 9, 80),
        ColumnDef::varchar("EMPTY", 9),
    ];
    Arc::new(TableDef::new(format!("OWNER.{CANARY}"), columns))
}

fn row(table: &TableDef, order: ByteOrder, number: u32) -> Vec<u8> {
    let mut row = RowBuilder::new(table, order);
    row.text(&table.columns()[0].name, &format!("{CANARY} {number}")).unwrap();
    row.decimal("AMOUNT", trailcore::Decimal::new((NUMBER + i64::from(number)).into(), 2)).unwrap();
    row.number("RATE", &format!("-{NUMBER}.{number}5")).unwrap();
    row.text("FIXED", CANARY).unwrap();
    row.datetime("WHEN", &format!("2023-11-{:02}:17:23:41.987654", 1 + number % 28)).unwrap();
    row.binary("RAW", BYTES).unwrap();
    row.text("WIDE", CANARY).unwrap();
    row.text("CHINESE", &format!("中国银行{CANARY}")).unwrap();
    match number % 3 {
        0 => row.null("EMPTY").unwrap(),
        1 => row.text("EMPTY", "").unwrap(),
        _ => row.text("EMPTY", "  ").unwrap(),
    };
    let mut image = trailcore::trail::image::ImageBuilder::new(order);
    let spans = trailcore::trail::image::ColumnSpans::new(row.bytes(), order).map(|span| span.unwrap());
    for span in spans {
        if span.index == 9 {
            // A type of unknown layout, and a value that is not of its type.
            image.prefixed(8, CANARY.as_bytes()).unwrap();
        }
        image.span(span.index, span.bytes).unwrap();
    }
    image.bytes().to_vec()
}

/// Writes a trail that has the canary in every place.
fn planted(folder: &Path, options: &WriterOptions, style: UpdateStyle) {
    let table = table();
    let order = options.order;
    let mut writer = TrailWriter::in_memory("", options.clone()).unwrap();
    let row_id = b"CanaryQxZebraKiwiA\0\x01";
    for number in 1..30u32 {
        let csn = (7_712_345_678u64 + u64::from(number) * 7).to_string();
        writer
            .begin(&csn, &format!("{CANARY}.{number}"), Timestamp::from_unix_micros(1_700_000_000_000_000 + i64::from(number)))
            .unwrap();
        let after = row(&table, order, number);
        writer.tokens(&[
            Token { id: tokens::id::ORAROWID, info: 0, body: row_id },
            Token { id: tokens::id::ORATAG, info: 0, body: CANARY.as_bytes() },
            Token { id: b'x', info: 0, body: CANARY.as_bytes() },
        ]);
        writer.user_tokens(&[b"\0\x01", CANARY.as_bytes(), BYTES].concat());
        match number % 6 {
            0 => writer.update(&table, style, &row(&table, order, number), &row(&table, order, number + 1)).unwrap(),
            1 => writer.pk_update(&table, &row(&table, order, number)[..], &after).unwrap(),
            2 => writer.delete(&table, &after).unwrap(),
            3 => writer
                .ddl(
                    CANARY,
                    CANARY,
                    &format!(
                        ",C5='1',,B3='{CANARY}',,B4='{CANARY}',,C1='create table {CANARY} (X varchar2(9) default {CANARY})'"
                    ),
                )
                .unwrap(),
            4 => {
                writer.insert(&table, &after).unwrap();
                writer.lob_fragment(format!("{CANARY} {CANARY}").as_bytes()).unwrap();
                writer.lob_fragment(BYTES).unwrap();
            }
            _ => writer.insert(&table, &after).unwrap(),
        }
        writer.commit().unwrap();
    }
    for (name, mut bytes) in writer.finish().unwrap() {
        bytes.extend(unknown_record(order));
        fs::write(folder.join(format!("{CANARY}{name}")), bytes).unwrap();
    }
}

/// A record of an unknown type, in a transaction of its own.
fn unknown_record(order: ByteOrder) -> Vec<u8> {
    let files = bank_in_memory(&if order == ByteOrder::Big { Bank::small() } else { Bank::small_little() }).unwrap();
    let mut decoder = trailcore::trail::Decoder::new();
    let (mut at, mut out) = (0, Vec::new());
    while let Some(record) = decoder.decode(&files[0].1[at..]).unwrap() {
        at += record.bytes().len();
        if record.is_file_header() || record.record_type() != RecordType::INSERT {
            continue;
        }
        let mut parts = RecordParts::of(&record).unwrap();
        (parts.header.record_type, parts.header.partition) = (RecordType(77), 4);
        parts.header.table = trailcore::trail::TableRef::Name(CANARY.as_bytes());
        parts.areas = vec![Token { id: b'D', info: 0, body: BYTES }, Token { id: b'Q', info: 0, body: CANARY.as_bytes() }];
        parts.encode(order, &mut out).unwrap();
        break;
    }
    out
}

fn run(path: &Path, to: &Path) -> trailcore::Result<AnonymiseReport> {
    anonymise(&AnonymiseRequest {
        trail: path.display().to_string(),
        to: to.display().to_string(),
        ..AnonymiseRequest::default()
    })
}

/// Does the same with a key that is always the same, so that no test depends on chance.
fn run_with_key(path: &Path, to: &Path) -> AnonymiseReport {
    let key = to.with_extension("key");
    fs::write(&key, "the key of the tests").unwrap();
    let key_file = Some(key.display().to_string());
    let (trail, to) = (path.display().to_string(), to.display().to_string());
    anonymise(&AnonymiseRequest { trail, to, key_file, ..AnonymiseRequest::default() }).unwrap()
}

/// The canaries in the forms in which they could come out.
fn canaries() -> Vec<Vec<u8>> {
    let mut forms =
        vec![BYTES.to_vec(), NUMBER.to_be_bytes().to_vec(), NUMBER.to_le_bytes().to_vec(), NUMBER.to_string().into_bytes()];
    for part in [
        CANARY,
        &CANARY[..7],
        &CANARY[7..14],
        "CanaryQx",
        "ZebraKiwi",
        "OWNER",
        "AMOUNT",
        "CHINESE",
        "17:23:41.987654",
        "20231101",
    ] {
        for text in [part.to_owned(), part.to_uppercase(), part.to_lowercase()] {
            forms.push(text.clone().into_bytes());
            forms.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
            forms.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        }
    }
    let chinese = "中国银行";
    forms.push(chinese.as_bytes().to_vec());
    forms.push(Charset::from_name("GBK").encode(chinese).unwrap().into_owned());
    forms
}

fn assert_no_canary(folder: &Path, report: &AnonymiseReport) {
    let mut texts = vec![("report".to_owned(), serde_json::to_vec(report).unwrap())];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        texts.push(("name".to_owned(), path.file_name().unwrap().to_string_lossy().into_owned().into_bytes()));
        texts.push((path.display().to_string(), fs::read(&path).unwrap()));
    }
    for form in canaries() {
        for (name, bytes) in &texts {
            let found = memchr::memmem::find(bytes, &form);
            assert_eq!(found, None, "{} is in {name}", String::from_utf8_lossy(&form));
        }
    }
}

#[test]
fn the_canary_is_in_no_place_of_any_form() {
    for (options, style) in forms() {
        let scratch = tempfile::tempdir().unwrap();
        let from = scratch.path().join("from");
        fs::create_dir(&from).unwrap();
        planted(&from, &options, style);
        let to = scratch.path().join("to");
        let report = run(&from, &to).unwrap_or_else(|error| panic!("{options:?} {style:?}: {error}"));
        assert_no_canary(&to, &report);
        assert_same_structure(&Trail::open(&from).unwrap(), &Trail::open(&to).unwrap());
        let hidden: BTreeSet<HiddenKind> = report.hidden.iter().map(|part| part.kind).collect();
        for kind in [HiddenKind::LargeObject, HiddenKind::UserTokens, HiddenKind::Token, HiddenKind::Area, HiddenKind::RecordType]
        {
            assert!(hidden.contains(&kind), "{kind:?}: {hidden:?}");
        }
        assert!(report.csns_moved && report.search.searched > 0 && !report.is_damaged() && report.replaced > 100);
        assert_eq!(report.files.len(), fs::read_dir(&to).unwrap().count());
    }
}

/// All that a record states apart from contents.
fn facts(view: &RecordView<'_>) -> Vec<u64> {
    let record: &Record<'_> = &view.record;
    let mut facts = vec![view.position.seqno, view.position.rba, record.bytes().len() as u64];
    facts.extend(record.areas().flat_map(|area| [u64::from(area.id), u64::from(area.info), area.body.len() as u64]));
    if let Ok(header) = record.header() {
        facts.extend([u64::from(header.record_type.0), u64::from(header.transaction.byte()), u64::from(header.before_after)]);
    }
    if let Ok((before, after)) = view.images() {
        for row in before.iter().chain(&after) {
            for column in row.columns().map(|column| column.unwrap()) {
                facts.extend([column.index() as u64, column.span().len() as u64, column.state() as u64]);
            }
        }
    }
    facts
}

/// Compares the records of two trails, and checks that each value with contents differs.
fn assert_same_structure(before: &Trail, after: &Trail) {
    let options = ReadOptions::new();
    let (mut old, mut new) = (before.record_views(&options, None).unwrap(), after.record_views(&options, None).unwrap());
    loop {
        let (old, new) = (old.next().unwrap(), new.next().unwrap());
        let (Some(old), Some(new)) = (&old, &new) else { return assert!(old.is_none() && new.is_none()) };
        assert_eq!(facts(old), facts(new));
        let (Ok((before, after)), Ok((new_before, new_after))) = (old.images(), new.images()) else { continue };
        for (old, new) in [(before, new_before), (after, new_after)] {
            let (Some(old), Some(new)) = (old, new) else { continue };
            for (old, new) in old.columns().map(|one| one.unwrap()).zip(new.columns().map(|one| one.unwrap())) {
                let is_empty = match old.value() {
                    Value::Text(text) => text.trim().is_empty(),
                    Value::Null => true,
                    Value::DateTime(date) => date.month == 0,
                    Value::Bytes(bytes) | Value::Invalid(bytes) => bytes.is_empty(),
                    _ => false,
                };
                assert_eq!(is_empty, old.body() == new.body(), "{}", old.name());
            }
        }
    }
}

fn sample(order: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data").join(order).join("bk")
}

#[test]
fn the_samples_keep_their_structure() {
    for order in ["big", "little"] {
        let scratch = tempfile::tempdir().unwrap();
        let to = scratch.path().join("to");
        let report = run(&sample(order), &to).unwrap();
        let (before, after) = (Trail::open(sample(order)).unwrap(), Trail::open(&to).unwrap());
        assert_same_structure(&before, &after);
        let sizes = |trail: &Trail| trail.files().iter().map(|file| fs::metadata(&file.path).unwrap().len()).collect::<Vec<_>>();
        assert_eq!(sizes(&before), sizes(&after));
        let seqnos = |trail: &Trail| trail.files().iter().map(|file| file.seqno).collect::<Vec<_>>();
        assert_eq!(seqnos(&before), seqnos(&after));
        assert_eq!((report.errors, report.changes), (0, before.reader().unwrap().into_changes().count() as u64));
    }
}

/// Returns the values of columns by change, as text.
fn values(trail: &Trail) -> Vec<BTreeMap<String, String>> {
    let changes = trail.reader().unwrap().into_changes();
    let of_change = |change: trailcore::OwnedChange| {
        let change = change.as_change();
        let (before, after) = change.images().unwrap();
        let mut values = BTreeMap::new();
        for (name, row) in [("before", before), ("after", after)] {
            for column in row.iter().flat_map(|row| row.columns()).map(|column| column.unwrap()) {
                if !column.is_null() {
                    values.insert(format!("{name} {} {}", change.table_name(), column.index()), format!("{:?}", column.value()));
                }
            }
        }
        values
    };
    changes.map(|change| of_change(change.unwrap())).collect()
}

/// Returns the replacement of each value of these columns; fails if one has two, or two have the same one.
fn mapping(before: &Trail, after: &Trail, is_wanted: impl Fn(&str) -> bool) -> HashMap<String, String> {
    let (mut forward, mut backward) = (HashMap::new(), HashMap::new());
    for (old, new) in values(before).iter().zip(values(after)) {
        for ((name, old), (_, new)) in old.iter().zip(&new).filter(|((name, _), _)| is_wanted(name)) {
            let known = forward.entry(old.clone()).or_insert_with(|| new.clone());
            assert_eq!(known, new, "{name}");
            let known = backward.entry(new.clone()).or_insert_with(|| old.clone());
            assert_eq!(known, old, "{name}: two values become one");
        }
    }
    forward
}

#[test]
fn keys_stay_distinct_and_join_and_others_do_not() {
    let scratch = tempfile::tempdir().unwrap();
    let from = scratch.path().join("bank");
    fs::create_dir(&from).unwrap();
    let bank = Bank { bytes: 120_000, ..Bank::small() };
    trailcore_samples::write_bank(&from, &bank).unwrap();
    let to = scratch.path().join("to");
    run_with_key(&from, &to);
    let (before, after) = (Trail::open(&from).unwrap(), Trail::open(&to).unwrap());
    // ACCOUNT_NO is the key of accounts, and a column of postings. The images are BANK.ACCOUNTS 0 and BANK.POSTINGS 1.
    let accounts = |name: &str| name.ends_with("ACCOUNTS 0") || name.ends_with("POSTINGS 1");
    assert!(mapping(&before, &after, accounts).len() > 10);
    let customers = |name: &str| name.ends_with("ACCOUNTS 1") || name.ends_with("CUSTOMERS 0");
    assert!(mapping(&before, &after, customers).len() > 3);
    assert!(mapping(&before, &after, |name| name.ends_with("POSTINGS 0")).len() > 100);
    let status = |name: &str| name.ends_with("ACCOUNTS 4");
    let replaced: HashSet<String> = values(&after)
        .iter()
        .zip(values(&before))
        .flat_map(|(new, old)| {
            new.values().cloned().zip(old.into_keys()).filter(|(_, name)| status(name)).map(|(new, _)| new).collect::<Vec<_>>()
        })
        .collect();
    assert!(replaced.len() > 10, "one status has many replacements: {}", replaced.len());
    // A column that is the same before and after stays so.
    for (old, new) in values(&before).iter().zip(values(&after)) {
        let pairs = |values: &BTreeMap<String, String>| -> Vec<bool> {
            let after = values.iter().filter_map(|(name, value)| Some((name.strip_prefix("after ")?.to_owned(), value)));
            let before =
                |name: &str| values.iter().find(|(other, _)| other.strip_prefix("before ") == Some(name)).map(|(_, value)| value);
            after.filter_map(|(name, value)| Some(before(&name)? == value)).collect()
        };
        assert_eq!(pairs(old), pairs(&new));
    }
}

#[test]
fn equality_is_kept_where_it_is_asked() {
    let scratch = tempfile::tempdir().unwrap();
    let names = |name: &str| name.ends_with("ACCOUNTS 4") || name.ends_with("POSTINGS 3") || name.ends_with("ACCOUNTS 3");
    let request = |to: &str, equal: &[&[&str]]| AnonymiseRequest {
        trail: sample("big").display().to_string(),
        to: scratch.path().join(to).display().to_string(),
        equal: equal.iter().map(|group| group.iter().map(|name| (*name).to_owned()).collect()).collect(),
        ..AnonymiseRequest::default()
    };
    let equal: &[&[&str]] = &[&["BANK.ACCOUNTS.STATUS"], &["bank.accounts.currency", "BANK.POSTINGS.CURRENCY"]];
    anonymise(&request("a", equal)).unwrap();
    let (before, after) = (Trail::open(sample("big")).unwrap(), Trail::open(scratch.path().join("a")).unwrap());
    assert!(mapping(&before, &after, names).len() >= 4);
    let error = anonymise(&request("b", &[&["BANK.ACCOUNTS.STATE"]])).unwrap_err();
    assert!(error.kind() == ErrorKind::InvalidArgument && error.to_string().contains("BANK.ACCOUNTS.STATE"), "{error}");
    assert!(!scratch.path().join("b").exists());
}

#[test]
fn one_key_gives_the_same_bytes_and_another_one_others() {
    let scratch = tempfile::tempdir().unwrap();
    let with_key = |secret: &str, to: &str| {
        let (key, to) = (scratch.path().join("key"), scratch.path().join(to));
        fs::write(&key, secret).unwrap();
        let key_file = Some(key.display().to_string());
        let request = AnonymiseRequest {
            trail: sample("little").display().to_string(),
            to: to.display().to_string(),
            key_file,
            ..AnonymiseRequest::default()
        };
        anonymise(&request).map(|report| {
            let files = report.files.iter().map(|file| fs::read(to.join(&file.name)).unwrap());
            (files.collect::<Vec<_>>(), report)
        })
    };
    let (one, again, other) = (
        with_key("0123456789abcdef", "1").unwrap(),
        with_key("0123456789abcdef", "2").unwrap(),
        with_key("0123456789abcdeg", "3").unwrap(),
    );
    assert!(one == again);
    assert!(one.0 != other.0 && one.1.structure == other.1.structure);
    assert_eq!(with_key("too short", "4").unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn nothing_is_under_the_name_after_an_error() {
    let scratch = tempfile::tempdir().unwrap();
    let names = || fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<HashSet<_>>();
    let to = scratch.path().join("to");
    fs::create_dir(&to).unwrap();
    let before = names();
    let error = run(&sample("big"), &to).unwrap_err();
    assert!(error.kind() == ErrorKind::InvalidArgument && error.to_string().contains("exists"), "{error}");
    assert_eq!(run(&scratch.path().join("no"), &scratch.path().join("x")).unwrap_err().kind(), ErrorKind::NotFound);
    fs::remove_dir(&to).unwrap();
    fs::write(scratch.path().join("aa000000001"), "this is no trail").unwrap();
    fs::write(scratch.path().join("j.jsonl"), "{}\n").unwrap();
    fs::write(scratch.path().join("zz000000001.gz"), "x").unwrap();
    for name in ["aa", "j.jsonl", "zz"] {
        assert!(run(&scratch.path().join(name), &to).is_err(), "{name}");
        assert!(!to.exists());
    }
    let rest: Vec<_> = names().difference(&before).cloned().collect();
    assert_eq!(rest.len(), 3, "{rest:?}");
}

#[test]
fn damage_and_torn_tails_stay_damage_and_torn_tails() {
    let files = bank_in_memory(&Bank::small()).unwrap();
    let mut ends = vec![0];
    let mut decoder = trailcore::trail::Decoder::new();
    while let Some(record) = decoder.decode(&files[0].1[ends[ends.len() - 1]..]).unwrap() {
        ends.push(ends[ends.len() - 1] + record.bytes().len());
    }
    let scratch = tempfile::tempdir().unwrap();
    let mut number = 0;
    let mut case = |bytes: Vec<u8>, kind: HiddenKind, last: ErrorKind| {
        number += 1;
        let (from, to) = (scratch.path().join(format!("from{number}")), scratch.path().join(format!("to{number}")));
        fs::create_dir(&from).unwrap();
        fs::write(from.join("bk000000000"), bytes).unwrap();
        let report = run(&from, &to).unwrap();
        assert!(report.is_damaged() && report.hidden.iter().any(|part| part.kind == kind), "{:?}", report.hidden);
        let error = |path: &Path| {
            let mut reader = Trail::open(path).unwrap().reader().unwrap();
            loop {
                match reader.next() {
                    Ok(Some(_)) => {}
                    Ok(None) => break None,
                    Err(error) => break Some((error.kind(), error.location().rba)),
                }
            }
        };
        assert_eq!(error(&from), error(&to));
        assert_eq!(error(&to).unwrap().0, last);
    };
    let whole = &files[0].1;
    for cut in [1, 3, 5, 9, 40, 50, 60] {
        case(whole[..ends[20] + cut].to_vec(), HiddenKind::TornTail, ErrorKind::Truncated);
    }
    let mut damaged = whole.clone();
    damaged[ends[20] + 2] ^= 0x55;
    case(damaged.clone(), HiddenKind::Damage, ErrorKind::Corrupt);
    damaged.splice(ends[30]..ends[30], *b"GARBAGE in the middle");
    case(damaged, HiddenKind::Damage, ErrorKind::Corrupt);
}

#[test]
fn a_trail_that_names_its_tables_uses_a_definitions_file() {
    let scratch = tempfile::tempdir().unwrap();
    let from = scratch.path().join("from");
    fs::create_dir(&from).unwrap();
    let options = WriterOptions { metadata: false, compatibility: 3, ..WriterOptions::default() };
    planted(&from, &options, UpdateStyle::Pair);
    let defs = scratch.path().join("all.def");
    let mut catalog = Catalog::new();
    catalog.insert((*table()).clone());
    catalog.insert(TableDef::new("NOT.IN_THE_TRAIL", vec![ColumnDef::varchar("X", 3)]));
    fs::write(&defs, catalog.to_defgen().unwrap()).unwrap();
    let to = scratch.path().join("to");
    let report = anonymise(&AnonymiseRequest {
        trail: from.display().to_string(),
        to: to.display().to_string(),
        defs: Some(defs.display().to_string()),
        ..AnonymiseRequest::default()
    })
    .unwrap();
    assert_no_canary(&to, &report);
    let masked = Catalog::open(to.join(report.definitions.unwrap())).unwrap();
    let tables: Vec<_> = masked.tables().collect();
    assert_eq!(tables.len(), 1);
    assert!(report.tables.iter().any(|one| one.name == tables[0].name() && one.columns[0].is_key), "{:?}", report.tables);
}

#[test]
fn continued_rows_are_replaced_as_a_whole() {
    let scratch = tempfile::tempdir().unwrap();
    let from = scratch.path().join("from");
    fs::create_dir(&from).unwrap();
    let table = table();
    let mut writer = TrailWriter::in_memory("bk", WriterOptions::default()).unwrap();
    writer.begin("77123456789", "1.2.3", Timestamp::from_unix_micros(5)).unwrap();
    writer.insert(&table, &row(&table, ByteOrder::Big, 2)).unwrap();
    writer.insert(&table, &row(&table, ByteOrder::Big, 5)).unwrap();
    writer.commit().unwrap();
    let (name, bytes) = writer.finish().unwrap().remove(0);
    let mut out = Vec::new();
    let mut decoder = trailcore::trail::Decoder::new();
    let mut at = 0;
    while let Some(record) = decoder.decode(&bytes[at..]).unwrap() {
        at += record.bytes().len();
        if record.is_file_header() || record.record_type() != RecordType::INSERT {
            out.extend_from_slice(record.bytes());
            continue;
        }
        // Three records with a part of the data each; the first cut is inside of a value.
        let parts = RecordParts::of(&record).unwrap();
        let data = record.data();
        for (from, to, continued) in [(0, 17, 1), (17, data.len() - 30, 1), (data.len() - 30, data.len(), 0)] {
            let mut part = parts.clone();
            part.header.continued = continued;
            part.areas[0].body = &data[from..to];
            if from > 0 {
                part.areas.truncate(1);
            }
            part.encode(ByteOrder::Big, &mut out).unwrap();
        }
    }
    fs::write(from.join(name), out).unwrap();
    let to = scratch.path().join("to");
    let report = run(&from, &to).unwrap();
    assert_no_canary(&to, &report);
    assert_eq!((report.changes, report.errors), (2, 0));
    assert!(
        report.tables[0].columns.iter().take(8).all(|column| column.values == 2 && column.invalid == 0),
        "{:?}",
        report.tables
    );
}

#[test]
fn an_encrypted_trail_stays_one_and_its_rows_do_not_pass() {
    let mut file = bank_in_memory(&Bank::small()).unwrap().remove(0).1;
    let whole = file.clone();
    let slot = memchr::memmem::find(&whole, &[b'.'; 44]).unwrap();
    file[slot - 3] = 2;
    file[slot..slot + 44].copy_from_slice(&b"wrappedkey4".repeat(4));
    let mut decoder = trailcore::trail::Decoder::new();
    let mut at = 0;
    let mut ciphertexts = Vec::new();
    while let Some(record) = decoder.decode(&whole[at..]).unwrap() {
        let data = at + record.data().as_ptr().addr() - record.bytes().as_ptr().addr();
        if !record.is_file_header() && record.record_type() == RecordType::INSERT {
            for (number, byte) in file[data..data + record.data().len()].iter_mut().enumerate() {
                *byte = (number as u8).wrapping_mul(37) ^ (data as u8) ^ 0x9b;
            }
            ciphertexts.push(file[data..data + 16].to_vec());
        }
        at += record.bytes().len();
    }
    let scratch = tempfile::tempdir().unwrap();
    let (from, to) = (scratch.path().join("bk000000000"), scratch.path().join("to"));
    fs::write(&from, &file).unwrap();
    let report = run(&from, &to).unwrap();
    let hidden = |kind: HiddenKind| report.hidden.iter().find(|part| part.kind == kind).map_or(0, |part| part.count);
    assert_eq!((hidden(HiddenKind::Row), hidden(HiddenKind::HeaderField)), (ciphertexts.len() as u64, 1));
    assert_eq!(report.errors, ciphertexts.len() as u64);
    let header = Trail::open(&to).unwrap().first_header().unwrap().unwrap();
    assert_eq!(header.encryption(), trailcore::trail::Encryption::KeyPresent);
    let result = fs::read(to.join(&report.files[0].name)).unwrap();
    for secret in ciphertexts.iter().map(Vec::as_slice).chain([&b"wrappedkey4"[..]]) {
        assert_eq!(memchr::memmem::find(&result, secret), None);
    }
}

/// Anonymises each file of the shared folders. Skipped where they are absent.
#[test]
fn real_trails_and_vectors_keep_their_structure() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    if !shared.is_dir() {
        println!("skipped: needs ../shared");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(shared.join("real/trails")).unwrap() {
        let path = entry.unwrap().path();
        let to = scratch.path().join("real");
        let report = run(&path, &to).unwrap();
        assert_same_structure(&Trail::open(&path).unwrap(), &Trail::open(&to).unwrap());
        assert_eq!(report.errors, 0);
        let (old, new) = (fs::read(&path).unwrap(), fs::read(to.join(&report.files[0].name)).unwrap());
        let names = Trail::open(&path).unwrap();
        let mut views = names.record_views(&ReadOptions::new(), None).unwrap();
        while let Some(view) = views.next().unwrap() {
            for name in view.table().iter().flat_map(|table| table.name().split('.')) {
                assert!(
                    memchr::memmem::find(&old, name.as_bytes()).is_some()
                        && memchr::memmem::find(&new, name.as_bytes()).is_none()
                );
            }
        }
    }
    let (mut count, mut refused) = (0, 0);
    for entry in fs::read_dir(shared.join("vectors/trail")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let Ok(vector) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
        let Some(hex) = vector["record_hex"].as_str() else { continue };
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
        let from = scratch.path().join(format!("v{count}"));
        fs::create_dir(&from).unwrap();
        fs::write(from.join("vv000000000"), &bytes).unwrap();
        let to = scratch.path().join(format!("to{count}"));
        match run(&from, &to) {
            Ok(report) => assert_eq!(report.files[0].bytes, bytes.len() as u64),
            // A part of a record is no trail.
            Err(error) if error.kind() == ErrorKind::NotATrail => refused += 1,
            Err(error) => panic!("{}: {error}", vector["id"]),
        }
        count += 1;
    }
    assert!(count > 10 && refused < count / 4, "{refused} of {count}");
}

/// The number of damaged trails; TRAILCORE_CASES sets it for a long run.
fn cases() -> u32 {
    std::env::var("TRAILCORE_CASES").ok().and_then(|number| number.parse().ok()).unwrap_or(24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn damaged_trails_are_anonymised_or_refused(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
        little: bool,
    ) {
        let bank = if little { Bank::small_little() } else { Bank::small() };
        let mut files = bank_in_memory(&Bank { bytes: 4_000, ..bank }).unwrap();
        let bytes = &mut files[0].1;
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            let length = cut.index(bytes.len());
            bytes.truncate(length);
        }
        let scratch = tempfile::tempdir().unwrap();
        let (from, to) = (scratch.path().join("from"), scratch.path().join("to"));
        fs::create_dir(&from).unwrap();
        for (name, bytes) in &files {
            fs::write(from.join(name), bytes).unwrap();
        }
        match run(&from, &to) {
            Ok(report) => {
                prop_assert!(to.is_dir());
                for (file, (_, bytes)) in report.files.iter().zip(&files) {
                    prop_assert_eq!(file.bytes, bytes.len() as u64);
                }
            }
            Err(error) => {
                prop_assert!(error.kind() != ErrorKind::Internal, "{}", error);
                prop_assert!(!to.exists());
            }
        }
        prop_assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1 + usize::from(to.exists()));
    }
}
