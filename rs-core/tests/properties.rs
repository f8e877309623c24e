//! Properties of random trails: written changes are read back, and split records join to the same bytes.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::sync::Arc;

use common::*;
use proptest::prelude::*;
use trailcore::schema::TableDef;
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::encode::RecordParts;
use trailcore::trail::{ByteOrder, FileHeader, Record, RecordType, Token, tokens};
use trailcore::{Charset, Decimal};
use trailcore_samples::plain::PlainValue;

/// The content of a column of a random row: missing, NULL or a value.
#[derive(Clone, Debug)]
enum Cell<T> {
    Missing,
    Null,
    Value(T),
}

fn cell<T: Clone + std::fmt::Debug + 'static>(values: impl Strategy<Value = T> + 'static) -> impl Strategy<Value = Cell<T>> {
    prop_oneof![1 => Just(Cell::Missing).boxed(), 1 => Just(Cell::Null).boxed(), 4 => values.prop_map(Cell::Value).boxed()]
}

/// A random row of the items table.
#[derive(Clone, Debug)]
struct Item {
    id: Cell<i64>,
    name: Cell<String>,
    price: Cell<i64>,
    code: Cell<String>,
    made: Cell<String>,
    weight: Cell<String>,
    image: Cell<Vec<u8>>,
    note: Cell<String>,
}

fn date() -> impl Strategy<Value = String> {
    let days = (1i32..=9999, 1u8..=12, 1u8..=28);
    let times = (0u8..24, 0u8..60, 0u8..60, prop_oneof![Just(String::new()), "\\.[0-9]{1,6}"]);
    (days, times).prop_map(|((y, m, d), (h, i, s, fraction))| format!("{y:04}-{m:02}-{d:02}:{h:02}:{i:02}:{s:02}{fraction}"))
}

fn any_item() -> impl Strategy<Value = Item> {
    let texts = || prop_oneof!["[a-zA-Z0-9 ]{0,20}", "[张伟王芳äöüß€😀𝄞\\\\\"'\n]{0,8}", "\\PC{0,10}"];
    (
        cell(any::<i64>()),
        cell(texts()),
        cell(any::<i64>()),
        cell("[A-Z]{3}"),
        cell(date()),
        cell("-?[1-9][0-9]{0,25}(\\.[0-9]{1,6})?"),
        cell(proptest::collection::vec(any::<u8>(), 0..20)),
        cell(prop_oneof![texts().boxed(), "[a-z]{200,600}".boxed()]),
    )
        .prop_map(|(id, name, price, code, made, weight, image, note)| Item {
            id,
            name,
            price,
            code,
            made,
            weight,
            image,
            note,
        })
}

impl Item {
    /// Its image in the form that the writer takes.
    fn bytes(&self, table: &TableDef, order: ByteOrder) -> Vec<u8> {
        fn put<T>(row: &mut RowBuilder<'_>, name: &str, cell: &Cell<T>, put: impl FnOnce(&mut RowBuilder<'_>, &T)) {
            match cell {
                Cell::Missing => {}
                Cell::Null => {
                    row.null(name).unwrap();
                }
                Cell::Value(value) => put(row, value),
            }
        }
        let mut row = RowBuilder::new(table, order);
        put(&mut row, "ID", &self.id, |row, id| {
            row.decimal("ID", (*id).into()).unwrap();
        });
        put(&mut row, "NAME", &self.name, |row, text| {
            row.text("NAME", text).unwrap();
        });
        put(&mut row, "PRICE", &self.price, |row, cents| {
            row.decimal("PRICE", Decimal::new((*cents).into(), 2)).unwrap();
        });
        put(&mut row, "CODE", &self.code, |row, text| {
            row.text("CODE", text).unwrap();
        });
        put(&mut row, "MADE", &self.made, |row, date| {
            row.datetime("MADE", date).unwrap();
        });
        put(&mut row, "WEIGHT", &self.weight, |row, digits| {
            row.number("WEIGHT", digits).unwrap();
        });
        put(&mut row, "IMAGE", &self.image, |row, bytes| {
            row.binary("IMAGE", bytes).unwrap();
        });
        put(&mut row, "NOTE", &self.note, |row, text| {
            row.text("NOTE", text).unwrap();
        });
        row.bytes().to_vec()
    }

    /// The image that a reader must return.
    fn plain(&self) -> PlainImage {
        fn value<T>(name: &str, cell: &Cell<T>, of: impl FnOnce(&T) -> PlainValue) -> Option<(String, PlainValue)> {
            match cell {
                Cell::Missing => None,
                Cell::Null => Some((name.to_owned(), PlainValue::Null)),
                Cell::Value(inner) => Some((name.to_owned(), of(inner))),
            }
        }
        let text = |text: &String| PlainValue::Text(text.as_str().into());
        let columns = [
            value("ID", &self.id, |id| PlainValue::Number(id.to_string().into())),
            value("NAME", &self.name, text),
            value("PRICE", &self.price, |cents| PlainValue::Number(two_places(*cents).into())),
            value("CODE", &self.code, text),
            value("MADE", &self.made, |date| PlainValue::Text(date.replacen(':', "T", 1).into())),
            value("WEIGHT", &self.weight, |digits| PlainValue::Number(digits.as_str().into())),
            value("IMAGE", &self.image, |bytes| PlainValue::Bytes(bytes.clone())),
            value("NOTE", &self.note, text),
        ];
        PlainImage::Row(columns.into_iter().flatten().collect())
    }
}

/// Hundredths as decimal text, formatted independently of the crate.
fn two_places(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.unsigned_abs() / 100, cents.unsigned_abs() % 100)
}

#[derive(Clone, Debug)]
enum Step {
    Insert(Item),
    Delete(Item),
    Update(UpdateStyle, Item, Item),
    PkUpdate(Item, Item),
    UnifiedPkUpdate(Item, Item),
    Truncate,
}

#[derive(Clone, Debug)]
struct Work {
    step: Step,
    fragments: Vec<Vec<u8>>,
    row_id: Option<String>,
    user: Option<Vec<u8>>,
}

#[derive(Clone, Debug)]
struct Transaction {
    work: Vec<Work>,
    is_rolled_back: bool,
    marker: Option<RecordType>,
}

fn step() -> impl Strategy<Value = Step> {
    let style = prop_oneof![Just(UpdateStyle::Unified), Just(UpdateStyle::Pair), Just(UpdateStyle::AfterOnly)];
    let two = || (any_item(), any_item());
    prop_oneof![
        3 => any_item().prop_map(Step::Insert),
        1 => any_item().prop_map(Step::Delete),
        3 => (style, any_item(), any_item()).prop_map(|(style, before, after)| Step::Update(style, before, after)),
        1 => two().prop_map(|(key, after)| Step::PkUpdate(key, after)),
        1 => two().prop_map(|(before, after)| Step::UnifiedPkUpdate(before, after)),
        1 => Just(Step::Truncate),
    ]
}

fn work() -> impl Strategy<Value = Work> {
    let bytes = |longest| proptest::collection::vec(any::<u8>(), 0..longest);
    let fragments = prop_oneof![6 => Just(Vec::new()).boxed(), 1 => proptest::collection::vec(bytes(300), 1..4).boxed()];
    let user = proptest::option::weighted(0.2, bytes(40));
    (step(), fragments, proptest::option::of("[A-Za-z]{18}"), user).prop_map(|(step, fragments, row_id, user)| Work {
        step,
        fragments,
        row_id,
        user,
    })
}

fn transactions() -> impl Strategy<Value = Vec<Transaction>> {
    let marker = prop_oneof![Just(RecordType::RESTART_OK), Just(RecordType::RECOVERY_END), Just(RecordType::RESTART_ABEND)];
    let one = (proptest::collection::vec(work(), 0..6), proptest::bool::weighted(0.15), proptest::option::weighted(0.1, marker))
        .prop_map(|(work, is_rolled_back, marker)| Transaction { work, is_rolled_back, marker });
    proptest::collection::vec(one, 1..10)
}

fn any_options() -> impl Strategy<Value = WriterOptions> {
    let sets = prop_oneof![3 => Just(Charset::UTF_8), 1 => Just(Charset::UTF_16BE)];
    (any::<bool>(), any::<bool>(), any::<bool>(), 1_500u64..20_000, sets, 0u32..3).prop_map(
        |(big, old, low, file_size, charset, first_seqno)| {
            let order = if big { ByteOrder::Big } else { ByteOrder::Little };
            WriterOptions {
                charset: charset.id().unwrap() as u32,
                compatibility: if low { 3 } else { 5 },
                first_seqno,
                ..options(order, if old { 1 } else { 11 }, file_size)
            }
        },
    )
}

/// The change that a reader must return: operation, transaction indicator, images.
type Expected = (String, &'static str, String, Option<PlainImage>, Option<PlainImage>, usize);

fn table_in(charset: Charset) -> Arc<TableDef> {
    let items = items();
    Arc::new(TableDef::new(items.name(), items.columns().iter().cloned().map(|column| column.in_charset(charset)).collect()))
}

fn write(options: &WriterOptions, transactions: &[Transaction]) -> (Files, Vec<Expected>) {
    let order = options.order;
    let table = table_in(Charset::from_id(options.charset as i32));
    let mut writer = TrailWriter::in_memory("pp", options.clone()).unwrap();
    let mut expected = Vec::new();
    for (number, transaction) in transactions.iter().enumerate() {
        let csn = (1_000 + number).to_string();
        writer.begin(&csn, &format!("7.{number}"), at(number as i64)).unwrap();
        let count = transaction.work.len();
        for (index, work) in transaction.work.iter().enumerate() {
            if let Some(row_id) = &work.row_id {
                let body = [row_id.as_bytes(), b"\0\x01"].concat();
                writer.tokens(&[Token { id: tokens::id::ORAROWID, info: 0, body: &body }]);
            }
            if let Some(user) = &work.user {
                writer.user_tokens(user);
            }
            let bytes = |item: &Item| item.bytes(&table, order);
            let (op, before, after) = match &work.step {
                Step::Insert(item) => {
                    writer.insert(&table, &bytes(item)).unwrap();
                    ("insert", None, Some(item))
                }
                Step::Delete(item) => {
                    writer.delete(&table, &bytes(item)).unwrap();
                    ("delete", Some(item), None)
                }
                Step::Update(style, before, after) => {
                    writer.update(&table, *style, &bytes(before), &bytes(after)).unwrap();
                    ("update", Some(before).filter(|_| *style != UpdateStyle::AfterOnly), Some(after))
                }
                Step::PkUpdate(key, after) => {
                    writer.pk_update(&table, &bytes(key), &bytes(after)).unwrap();
                    ("pk_update", Some(key), Some(after))
                }
                Step::UnifiedPkUpdate(before, after) => {
                    writer.unified_pk_update(&table, &bytes(before), &bytes(after)).unwrap();
                    ("pk_update", Some(before), Some(after))
                }
                Step::Truncate => {
                    writer.truncate(&table).unwrap();
                    ("truncate", None, None)
                }
            };
            for fragment in &work.fragments {
                writer.lob_fragment(fragment).unwrap();
            }
            let txn = match (index == 0, index + 1 == count) {
                (true, true) => "only",
                (true, false) => "first",
                (false, true) => "last",
                (false, false) => "middle",
            };
            if !transaction.is_rolled_back {
                let plain = |item: Option<&Item>| item.map(Item::plain);
                expected.push((op.to_owned(), txn, csn.clone(), plain(before), plain(after), work.fragments.len()));
            }
        }
        if transaction.is_rolled_back {
            writer.abend().unwrap();
        } else {
            writer.commit().unwrap();
        }
        if let Some(marker) = transaction.marker {
            writer.marker(marker, at(0)).unwrap();
        }
    }
    (writer.finish().unwrap(), expected)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(2024), ..ProptestConfig::default() })]

    #[test]
    fn written_changes_are_read_back(options in any_options(), transactions in transactions()) {
        let (files, expected) = write(&options, &transactions);
        let trail = trail_of(&files);
        let mut reader = trail.reader().unwrap();
        let mut seen = Vec::new();
        let mut last = None;
        while let Some(change) = reader.next().unwrap() {
            prop_assert!(last < Some(change.position()));
            last = Some(change.position());
            let plain = to_plain(&change);
            prop_assert_eq!(plain.table.as_str(), "SHOP.ITEMS");
            let (txn, csn) = (change.transaction().name().unwrap(), plain.csn.clone().unwrap());
            let number: i64 = csn.parse().unwrap();
            let xid = format!("7.{}", number - 1_000);
            prop_assert_eq!(plain.xid.as_deref(), Some(xid.as_str()));
            prop_assert_eq!(change.timestamp(), at(number - 1_000));
            seen.push((plain.op, txn, csn, plain.before, plain.after, change.trail().unwrap().fragments().count()));
        }
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn written_changes_are_read_back_from_files(options in any_options(), transactions in transactions()) {
        let (files, expected) = write(&options, &transactions);
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in &files {
            std::fs::write(dir.path().join(name), bytes).unwrap();
        }
        let from_files = lines(&trailcore::Trail::open(dir.path()).unwrap());
        prop_assert_eq!(from_files.len(), expected.len());
        prop_assert_eq!(from_files, lines(&trail_of(&files)));
    }

    #[test]
    fn split_records_join_to_the_same_bytes(options in any_options(), transactions in transactions()) {
        let (files, _) = write(&options, &transactions);
        let all = pieces(&trail_of(&files));
        prop_assert_eq!(joined(&all), files.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect::<Vec<_>>());
        for piece in all {
            let record = Record::parse(&piece.bytes, options.order).unwrap();
            let mut out = Vec::new();
            if piece.is_file_header {
                let header = FileHeader::parse(&record).unwrap();
                prop_assert_eq!(u64::from(header.seqno().value().unwrap()), piece.position.seqno());
                header.encode(&mut out).unwrap();
            } else {
                RecordParts::of(&record).unwrap().encode(options.order, &mut out).unwrap();
            }
            prop_assert_eq!(out, piece.bytes);
        }
    }
}
