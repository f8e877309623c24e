//! Properties of filters: built ones parse back, all ways to a verdict agree, and rejecting does not allocate.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
// The counting allocator is unsafe because of its trait.
#![allow(unsafe_code)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use common::*;
use proptest::prelude::*;
use trailcore::change::Builder;
use trailcore::filter::{
    Condition, Dialect, Expr, Filter, Function, Operand, Relation, RowOp, Rule, Scratch, Select, Verdict, before, call, col,
    decimal, env, num, text, word,
};
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::ByteOrder;
use trailcore::{Charset, Decimal, Op, OwnedChange, ReadOptions, Trail};

struct Counting;

thread_local! {
    // Constant and without a destructor, so that touching it allocates nothing.
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is forwarded unchanged to the system allocator. The counter belongs to the calling thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.with(|count| count.set(count.get() + 1));
        // SAFETY: passes the layout of the caller unchanged.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: passes the pointer and layout of the caller unchanged. Both come from `alloc` above, and so from the system.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        CALLS.with(|count| count.set(count.get() + 1));
        // SAFETY: as for `dealloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn config(cases: u32) -> ProptestConfig {
    let rng_seed = proptest::test_runner::RngSeed::Fixed(2026);
    ProptestConfig { cases, failure_persistence: None, rng_seed, ..ProptestConfig::default() }
}

/// A value for each dialect. In the second one, the two kinds of quotes are exchanged in literals. Exchanging all quotes in the
/// text of a filter without quoted names then converts it from one dialect to the other.
type Two<T> = (T, T);

fn exchanged(text: &str) -> String {
    let other = |c| match c {
        '\'' => '"',
        '"' => '\'',
        c => c,
    };
    text.chars().map(other).collect()
}

fn both<T>(f: impl Fn(T, T) -> T, (a, x): Two<T>, (b, y): Two<T>) -> Two<T> {
    (f(a, b), f(x, y))
}

/// Names that need no quotes, including some that look like keywords.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z_][A-Za-z0-9_$#]{0,8}", Just("Größe".to_owned()), Just("DATE".to_owned()), Just("ON".to_owned())]
        .prop_filter("keywords need quotes", |name| {
            let words =
                ["AND", "OR", "IN", "IS", "NOT", "LIKE", "BETWEEN", "MOD", "BEFORE", "AFTER", "NULL", "PRESENT", "ABSENT"];
            let more = ["MISSING", "INVALID", "NAN", "SNAN", "INF", "INFINITY", "LEFT", "LEFTSPACE", "RIGHT", "RIGHTZERO"];
            !words.iter().chain(&more).any(|word| word.eq_ignore_ascii_case(name))
        })
}

fn words() -> impl Strategy<Value = Two<String>> {
    prop_oneof!["[a-z' \"\\\\*;()-]{0,12}", "\\PC{0,8}"].prop_map(|text| (text.clone(), exchanged(&text)))
}

fn number() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        any::<i64>().prop_map(Decimal::from),
        (-999_999i128..999_999, 0u8..38).prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale)),
    ]
}

fn literal() -> impl Strategy<Value = Two<Expr>> {
    words().prop_map(|(a, b)| (text(&a), text(&b)))
}

fn numeric() -> impl Strategy<Value = Two<Expr>> {
    let twice = |expr: Expr| (expr.clone(), expr);
    let leaf = prop_oneof![
        3 => name().prop_map(move |name| twice(col(&name))),
        2 => number().prop_map(move |number| twice(decimal(number))),
        1 => name().prop_map(move |name| twice(before(&name))),
        1 => Just(twice(env("TRANSACTION", "CSN"))),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let pair = || (inner.clone(), inner.clone());
        prop_oneof![
            (pair(), 0..5).prop_map(|((a, b), operator)| both(
                |a, b| match operator {
                    0 => a + b,
                    1 => a - b,
                    2 => a * b,
                    3 => a / b,
                    _ => a.remainder(b),
                },
                a,
                b
            )),
            (pair(), 0..6).prop_map(|((a, b), relation)| both(
                |a, b| match relation {
                    0 => a.eq(b),
                    1 => a.ne(b),
                    2 => a.gt(b),
                    3 => a.lt(b),
                    4 => a.ge(b),
                    _ => a.le(b),
                },
                a,
                b
            )),
            pair().prop_map(|(a, b)| both(Expr::and, a, b)),
            pair().prop_map(|(a, b)| both(Expr::or, a, b)),
            inner.clone().prop_map(|(a, b)| (-a, -b)),
            (inner.clone(), literal()).prop_map(|(a, b)| both(|a, b| call(Function::StrFind, [a, b]), a, b)),
            (literal(), literal(), inner.clone())
                .prop_map(|((a, x), (b, y), (c, z))| { (call(Function::StrSub, [c, a, b]), call(Function::StrSub, [z, x, y])) }),
            (inner.clone(), prop_oneof![Just("NULL"), Just("-INF"), Just("PRESENT")]).prop_map(|((a, b), state)| (
                call(Function::ColTest, [a, word(state)]),
                call(Function::ColTest, [b, word(state)])
            )),
            (inner.clone(), inner.clone(), literal())
                .prop_map(|((a, x), (b, y), (c, z))| (call(Function::If, [a, b, c]), call(Function::If, [x, y, z]))),
            inner.prop_map(|(a, b)| {
                let number = |expr| call(Function::StrNum, [expr, word("RIGHTZERO"), num(9)]);
                (number(a), number(b))
            }),
        ]
    })
}

fn relation() -> impl Strategy<Value = Relation> {
    use Relation::{Eq, Ge, Gt, Le, Lt, Ne};
    prop_oneof![Just(Eq), Just(Ne), Just(Gt), Just(Lt), Just(Ge), Just(Le)]
}

fn condition() -> impl Strategy<Value = Two<Condition>> {
    let operand = prop_oneof![
        number().prop_map(|number| (Operand::from(number), Operand::from(number))),
        words().prop_map(|(a, b)| (Operand::from(&*a), Operand::from(&*b))),
        name().prop_map(|name| (Operand::Column(name.as_str().into()), Operand::Column(name.into()))),
    ];
    let leaf = prop_oneof![
        (name(), relation(), operand)
            .prop_map(|(name, relation, (a, b))| (Condition::test(&name, relation, a), Condition::test(&name, relation, b))),
        name().prop_map(|name| (Condition::present(&name), Condition::present(&name))),
        name().prop_map(|name| (Condition::not_null(&name), Condition::not_null(&name))),
        name().prop_map(|name| (Condition::absent(&name), Condition::absent(&name))),
    ];
    leaf.prop_recursive(4, 20, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| both(Condition::and, a, b)),
            (inner.clone(), inner).prop_map(|(a, b)| both(Condition::or, a, b)),
        ]
    })
}

fn rule() -> impl Strategy<Value = Two<Rule>> {
    let object = "[a-z*?]{1,5}\\.[A-Z_*?-]{1,6}";
    let ops = proptest::collection::vec(
        (prop_oneof![Just(RowOp::Insert), Just(RowOp::Update), Just(RowOp::Delete)], any::<bool>()),
        0..3,
    );
    let filter = (numeric(), ops, proptest::option::of(any::<u32>())).prop_map(|((a, b), ops, raise)| {
        let with = |expr| {
            let filter =
                ops.iter().fold(Filter::new(expr), |filter, (op, on)| if *on { filter.on(*op) } else { filter.ignore(*op) });
            raise.into_iter().fold(filter, Filter::raise_error)
        };
        (with(a), with(b))
    });
    let parts = (proptest::collection::vec(filter, 0..3), proptest::option::of(condition()), proptest::option::of(numeric()));
    (object, proptest::option::of(object), parts, proptest::collection::vec(name(), 0..3)).prop_map(
        |(source, target, (filters, wheres, map), names)| {
            let one = |second: bool| {
                let pick = |two: &Two<Expr>| if second { two.1.clone() } else { two.0.clone() };
                let mut rule = match &target {
                    Some(target) => Rule::map(&source, target).unwrap(),
                    None => Rule::table(&source).unwrap(),
                };
                for filter in &filters {
                    rule = rule.filter_with(if second { filter.1.clone() } else { filter.0.clone() });
                }
                if let Some(condition) = &wheres {
                    rule = rule.where_(if second { condition.1.clone() } else { condition.0.clone() });
                }
                if let Some(map) = &map {
                    rule = rule.col_map(true, [("X", pick(map))]).tokens([("TK-X", pick(map))]);
                }
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                if names.is_empty() { rule } else { rule.cols(&names).key_cols(&names) }
            };
            (one(false), one(true))
        },
    )
}

proptest! {
    #![proptest_config(config(800))]

    #[test]
    fn expressions_read_back((expr, _) in numeric()) {
        prop_assert_eq!(&expr.to_string().parse::<Expr>().unwrap(), &expr);
    }

    #[test]
    fn conditions_read_back((condition, _) in condition()) {
        prop_assert_eq!(&condition.to_string().parse::<Condition>().unwrap(), &condition);
    }

    /// Names that need quotes get them, in the dialect that has quoted names.
    #[test]
    fn quoted_names_read_back(name in "[a-zA-Z .'\"-]{1,8}") {
        let expr = col(&name).gt(num(1));
        prop_assert_eq!(&expr.to_string().parse::<Expr>().unwrap(), &expr);
        let condition = Condition::test(&name, Relation::Ne, Operand::Column(name.as_str().into()));
        prop_assert_eq!(&condition.to_string().parse::<Condition>().unwrap(), &condition);
    }

    #[test]
    fn statements_read_back_in_both_dialects(rules in proptest::collection::vec(rule(), 1..3)) {
        let built = rules.iter().fold(Select::builder(), |builder, (rule, _)| builder.rule(rule.clone())).build();
        prop_assert_eq!(&Select::parse(&built.to_string()).unwrap(), &built);
        let other = Select::parse_in(&exchanged(&built.to_string()), Dialect::NonAnsi).unwrap();
        let second: Vec<&Rule> = rules.iter().map(|(_, rule)| rule).collect();
        prop_assert_eq!(other.rules().collect::<Vec<_>>(), second);
        prop_assert_eq!(&Select::parse(&other.to_string()).unwrap(), &other);
    }
}

/// A row of the table `items`: the states and values of its columns.
#[derive(Clone, Debug)]
struct Item(Vec<(&'static str, u8, i64)>);

const COLUMNS: [&str; 8] = ["ID", "NAME", "PRICE", "CODE", "MADE", "WEIGHT", "IMAGE", "NOTE"];

fn item_row() -> impl Strategy<Value = Item> {
    proptest::collection::vec((0u8..8, -20i64..20), COLUMNS.len())
        .prop_map(|cells| Item(COLUMNS.into_iter().zip(cells).map(|(name, (state, value))| (name, state, value)).collect()))
}

/// Valid bytes, and invalid ones that replace them: text, number, date.
const SPOILT: [(&[u8], &[u8]); 3] = [(b"~~~~", b"\xff\xff\xff\xff"), (b"7654321", b"76-4321"), (b"1999-09-09", b"1999-99-09")];

impl Item {
    fn bytes(&self, table: &TableDef, order: ByteOrder) -> Vec<u8> {
        let texts = ["", "Oslo", "oslo  ", "Bonn am Rhein", "café", "中国", "7", "-2.5"];
        let mut row = RowBuilder::new(table, order);
        for (name, state, value) in &self.0 {
            let any_text = texts[value.unsigned_abs() as usize % texts.len()];
            let (invalid, value) = (*state == 2, *value);
            match (*state, *name) {
                (0, _) => continue,
                (1, _) => row.null(name),
                (_, "ID") => row.decimal(name, value.into()),
                (_, "PRICE") => row.decimal(name, Decimal::new((value * 25).into(), 2)),
                (_, "WEIGHT") if invalid => row.number(name, "7654321"),
                (_, "WEIGHT") if value == 19 => row.number(name, &"9".repeat(45)),
                (_, "WEIGHT") => row.number(name, &format!("{value}.5")),
                (_, "MADE") if invalid => row.datetime(name, "1999-09-09:00:00:00"),
                (_, "MADE") => row.datetime(name, &format!("2024-02-{:02}:12:00:00.5", 1 + value.unsigned_abs() % 28)),
                (_, "IMAGE") => row.binary(name, &value.to_be_bytes()),
                (_, "CODE") => row.text(name, ["A  ", "AB ", "ABC"][value.unsigned_abs() as usize % 3]),
                _ if invalid => row.text(name, "~~~~"),
                _ => row.text(name, any_text),
            }
            .unwrap();
        }
        let mut bytes = row.bytes().to_vec();
        for (written, spoilt) in SPOILT {
            while let Some(at) = bytes.windows(written.len()).position(|window| window == written) {
                bytes[at..at + spoilt.len()].copy_from_slice(spoilt);
            }
        }
        bytes
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert(Item),
    Delete(Item),
    Update(UpdateStyle, Item, Item),
    PkUpdate(Item, Item),
    Truncate,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let style = prop_oneof![Just(UpdateStyle::Unified), Just(UpdateStyle::Pair), Just(UpdateStyle::AfterOnly)];
    let one = prop_oneof![
        3 => item_row().prop_map(Step::Insert),
        2 => item_row().prop_map(Step::Delete),
        4 => (style, item_row(), item_row()).prop_map(|(style, a, b)| Step::Update(style, a, b)),
        1 => (item_row(), item_row()).prop_map(|(a, b)| Step::PkUpdate(a, b)),
        1 => Just(Step::Truncate),
    ];
    proptest::collection::vec(one, 1..20)
}

fn trail(order: ByteOrder, charset: Charset, steps: &[Step]) -> Trail {
    let items = items();
    let columns = items.columns().iter().cloned().map(|column| column.in_charset(charset));
    let table = Arc::new(TableDef::new(items.name(), columns.collect()));
    let options = WriterOptions { charset: charset.id().unwrap() as u32, ..options(order, 11, NO_LIMIT) };
    let mut writer = TrailWriter::in_memory("tt", options).unwrap();
    for (number, pair) in steps.chunks(3).enumerate() {
        writer.begin(&(100 + number).to_string(), &format!("7.{number}"), at(number as i64)).unwrap();
        for step in pair {
            let bytes = |item: &Item| item.bytes(&table, order);
            match step {
                Step::Insert(item) => writer.insert(&table, &bytes(item)),
                Step::Delete(item) => writer.delete(&table, &bytes(item)),
                Step::Update(style, a, b) => writer.update(&table, *style, &bytes(a), &bytes(b)),
                Step::PkUpdate(a, b) => writer.unified_pk_update(&table, &bytes(a), &bytes(b)),
                Step::Truncate => writer.truncate(&table),
            }
            .unwrap();
        }
        writer.commit().unwrap();
    }
    trail_of(&writer.finish().unwrap())
}

/// Tests of all kinds. The numbers are small, which makes true and false about equally likely.
fn test() -> impl Strategy<Value = String> {
    let relation = || prop_oneof![Just("="), Just("<>"), Just("<"), Just(">"), Just("<="), Just(">=")];
    let column = || proptest::sample::select(&COLUMNS[..]);
    let number = || {
        prop_oneof![Just("ID"), Just("PRICE"), Just("WEIGHT"), Just("before.ID"), Just("@BEFORE (PRICE)"), Just("@AFTER (ID)")]
    };
    let words = || {
        prop_oneof![
            Just("NAME"),
            Just("CODE"),
            Just("NOTE"),
            Just("MADE"),
            Just("PRICE"),
            Just("WEIGHT"),
            Just("@BEFOREAFTER (NAME)")
        ]
    };
    let value = || (-30i64..30, 0u8..3).prop_map(|(mantissa, scale)| Decimal::new(mantissa.into(), scale).to_string());
    let state = prop_oneof![Just("NULL"), Just("MISSING"), Just("INVALID"), Just("PRESENT"), Just("NULL, MISSING")];
    prop_oneof![
        4 => (number(), relation(), value()).prop_map(|(a, r, b)| format!("{a} {r} {b}")),
        2 => (value(), relation(), number()).prop_map(|(a, r, b)| format!("{a} {r} {b}")),
        1 => (number(), relation(), number()).prop_map(|(a, r, b)| format!("{a} {r} {b}")),
        2 => (column(), state).prop_map(|(a, s)| format!("@COLTEST ({a}, {s})")),
        2 => (words(), prop_oneof![Just("Oslo"), Just("AB"), Just("7"), Just("中国")]).prop_map(|(a, b)| format!("@STREQ ({a}, '{b}')")),
        1 => (words(), "[aso中]").prop_map(|(a, b)| format!("@STRFIND ({a}, '{b}') > 0")),
        1 => (words(), relation(), 0u8..9).prop_map(|(a, r, b)| format!("@STRLEN ({a}) {r} {b}")),
        1 => words().prop_map(|a| format!("@VALONEOF (@STRUP (@STREXT ({a}, 1, 3)), 'OSL', 'BON', 'STR')")),
        1 => (1u8..4).prop_map(|range| format!("@RANGE ({range}, 3, ID, NAME)")),
        1 => (2u8..5).prop_map(|by| format!("ID \\ {by} = 1")),
        1 => (relation(), -10i64..20).prop_map(|(r, n)| format!("@DATEDIFF ('DD', MADE, '2024-02-10') {r} {n}")),
        1 => (number(), number(), relation()).prop_map(|(a, b, r)| format!("{a} * 2 - {b} {r} 3")),
        1 => proptest::sample::select(&["INSERT", "SQL COMPUPDATE", "DELETE"][..])
            .prop_map(|op| format!("@STREQ (@GETENV ('GGHEADER', 'OPTYPE'), '{op}')")),
    ]
}

fn filter_text() -> impl Strategy<Value = String> {
    let any_of = (test(), test()).prop_map(|(a, b)| format!("({a} OR {b})"));
    let part = prop_oneof![3 => test(), 1 => any_of];
    let flag = prop_oneof![6 => Just(""), 1 => Just("ON UPDATE, "), 1 => Just("IGNORE DELETE, ")];
    let filter = (flag, proptest::collection::vec(part, 1..4))
        .prop_map(|(flag, parts)| format!(", FILTER ({flag}{})", parts.join(" AND ")));
    let wheres = proptest::sample::select(
        &[
            "",
            "",
            "",
            ", WHERE (NAME = 'Oslo' OR CODE = 'AB')",
            ", WHERE (MADE > '2024-02-10')",
            ", WHERE (ID < PRICE)",
            ", WHERE (IMAGE <> @NULL AND WEIGHT < 3)",
            ", WHERE (before.NAME = @PRESENT)",
            ", WHERE (NOTE = @ABSENT OR NOTE = @NULL OR NOTE > 'b')",
        ][..],
    );
    let one = (proptest::collection::vec(filter, 0..3), wheres)
        .prop_map(|(filters, wheres)| format!("TABLE SHOP.*{}{wheres};", filters.join("")));
    proptest::collection::vec(one, 1..3).prop_map(|statements| statements.join("\n"))
}

fn changes(trail: &Trail) -> Vec<OwnedChange> {
    let mut reader = trail.reader().unwrap();
    let mut changes = Vec::new();
    while let Some(change) = reader.next().unwrap() {
        changes.push(change.to_owned());
    }
    changes
}

/// Drops rejections from a verdict. With several rules, the rule number of a rejection depends on whether an index is used.
fn settled(verdict: Verdict) -> Option<Verdict> {
    (!matches!(verdict, Verdict::Reject(_))).then_some(verdict)
}

/// The same change made from its plain values, as a source that is not a trail makes it.
fn from_values(change: &trailcore::Change<'_>) -> OwnedChange {
    let mut made = Builder::new(change.op(), change.table());
    let (before, after) = change.images().unwrap();
    if let Some(row) = before {
        made = row.columns().map(Result::unwrap).fold(made.with_before(), |made, c| made.before(&c.name(), &c.value()).unwrap());
    }
    if let Some(row) = after {
        made = row.columns().map(Result::unwrap).fold(made.with_after(), |made, c| made.after(&c.name(), &c.value()).unwrap());
    }
    made.build().unwrap()
}

proptest! {
    #![proptest_config(config(600))]

    /// The bytes of a record, its plain values, and a reader in lenient mode give the same verdict.
    #[test]
    fn all_ways_agree(big in any::<bool>(), gbk in any::<bool>(), steps in steps(), filters in proptest::collection::vec(filter_text(), 4)) {
        let order = if big { ByteOrder::Big } else { ByteOrder::Little };
        let charset = if gbk { Charset::from_name("GBK") } else { Charset::UTF_8 };
        let trail = trail(order, charset, &steps);
        let all = changes(&trail);
        for text in filters {
            let select = Select::parse(&text).unwrap();
            let lenient = select.clone().lenient();
            let mut scratch = Scratch::default();
            let mut wanted = Vec::new();
            for owned in &all {
                let change = owned.as_change();
                let program = select.bind(change.table());
                prop_assert!(program.problems().is_none(), "{} {:?}", text, program.problems());
                let verdict = program.verdict(&change, &mut scratch);
                let made = from_values(&change);
                let made = made.as_change();
                prop_assert_eq!(settled(verdict), settled(program.verdict(&made, &mut scratch)), "{} {:?}", text, change.to_json());
                let mild = lenient.bind(change.table());
                prop_assert_eq!(settled(mild.verdict(&change, &mut scratch)), settled(mild.verdict(&made, &mut scratch)));
                // Lenient mode accepts nothing at which strict mode stops; otherwise they agree.
                prop_assert_eq!(mild.verdict(&made, &mut scratch).is_accept(), verdict.is_accept(), "{} {:?}", text, verdict);
                if verdict.is_accept() {
                    wanted.push(change.to_json().unwrap());
                }
            }
            prop_assert_eq!(lines_with(&trail, ReadOptions::new().select(lenient)).unwrap(), wanted);
        }
    }

    /// Wherever reading starts and ends, a change has both of its records or is not returned.
    #[test]
    fn pairs_are_never_split(big in any::<bool>(), steps in steps(), text in filter_text(), cut in 0usize..40) {
        let order = if big { ByteOrder::Big } else { ByteOrder::Little };
        let trail = trail(order, Charset::UTF_8, &steps);
        let whole = lines(&trail);
        let all = pieces(&trail);
        let position = all[cut % all.len()].position;
        for select in [
            Select::parse(&text).unwrap(),
            Select::builder().from_position(position).build(),
            Select::builder().until_position(position).build(),
        ] {
            for line in lines_with(&trail, ReadOptions::new().select(select.lenient())).unwrap() {
                prop_assert!(whole.contains(&line), "{}", line);
            }
        }
    }
}

/// Filters that reject all rows below, each in another way.
const REJECTING: [&str; 22] = [
    "TABLE SHOP.SHELVES;",
    "TABLE SHOP.*, FILTER (ID > 1000000);",
    "TABLE SHOP.*, FILTER (ID * 3 + PRICE < -99999);",
    "TABLE SHOP.*, FILTER (WEIGHT < 0);",
    "TABLE SHOP.*, FILTER (NOTE = 7);",
    "TABLE SHOP.*, FILTER (@STREQ (@STRUP (NAME), 'x'));",
    "TABLE SHOP.*, FILTER (@STREQ (@STRCAT (NAME, '-', PRICE, '-', WEIGHT, MADE), 'x'));",
    "TABLE SHOP.*, FILTER (@STRFIND (@STRSUB (NAME, 'a', 'bb', 'b', 'cc'), 'zz') > 0);",
    "TABLE SHOP.*, FILTER (@STREQ (@DATE ('DD MMM YYYY', 'YYYY-MM-DD:HH:MI:SS', MADE), 'x'));",
    "TABLE SHOP.*, FILTER (@DATE ('JTS', 'YYYY-MM-DD:HH:MI:SS', MADE) = 0);",
    "TABLE SHOP.*, FILTER (@STREQ (@STRNUM (PRICE, RIGHTZERO, 20), 'x'));",
    "TABLE SHOP.*, FILTER (@STREQ (@BINTOHEX (NAME), 'x'));",
    "TABLE SHOP.*, FILTER (@STREQ (@STRNCAT (NAME, 3, NOTE, 2), 'x'));",
    "TABLE SHOP.*, FILTER (@VALONEOF (PRICE, 'x', 'y', -1));",
    "TABLE SHOP.*, FILTER (@STREQ (@CASE (NAME, 'x', 'y', NOTE), 'x'));",
    "TABLE SHOP.*, FILTER (@STREQ (@GETENV ('GGHEADER', 'COMMITTIMESTAMP'), 'x'));",
    "TABLE SHOP.*, FILTER (@STREQ (@GETENV ('GGHEADER', 'OPTYPE'), @GETENV ('GGHEADER', 'TABLENAME')));",
    "TABLE SHOP.*, FILTER (@GETENV ('TRANSACTION', 'CSN') > 100000000);",
    "TABLE SHOP.*, FILTER (@RANGE (1, 2, NAME) AND @RANGE (2, 2, NAME));",
    "TABLE SHOP.*, FILTER (@COMPUTE (PRICE / 7) < -10);",
    "TABLE SHOP.*, WHERE (NAME = 'nobody' OR MADE < '1900-01-01' OR ID = PRICE);",
    "TABLE SHOP.*, FILTER (@DATEDIFF ('SS', MADE, @DATENOW ()) = 1);",
];

fn rows(order: ByteOrder, charset: Charset) -> Trail {
    let items = items();
    let columns: Vec<ColumnDef> = items.columns().iter().cloned().map(|column| column.in_charset(charset)).collect();
    let table = Arc::new(TableDef::new(items.name(), columns));
    let options = WriterOptions { charset: charset.id().unwrap() as u32, ..options(order, 11, NO_LIMIT) };
    let mut writer = TrailWriter::in_memory("tt", options).unwrap();
    writer.begin("1", "1.1", at(0)).unwrap();
    for id in 1..200i64 {
        let image = |name: &str| {
            let mut row = RowBuilder::new(&table, order);
            row.decimal("ID", id.into()).unwrap().text("NAME", name).unwrap();
            row.decimal("PRICE", Decimal::new((id * 101).into(), 2)).unwrap().text("CODE", "AB").unwrap();
            row.datetime("MADE", "2024-02-29:11:12:13.250000").unwrap();
            row.number("WEIGHT", if id % 2 == 0 { "1234567890123456789012345678901234567890.5" } else { "12.50" }).unwrap();
            row.text("NOTE", if id % 3 == 0 { "中国中国中国中国中国中国" } else { "banana" }).unwrap();
            row.bytes().to_vec()
        };
        let (old, new) = (image("中国人民 abc"), image(&"ab国".repeat(id as usize % 15)));
        match id % 4 {
            0 => writer.insert(&table, &new),
            1 => writer.update(&table, UpdateStyle::Pair, &old, &new),
            2 => writer.update(&table, UpdateStyle::Unified, &old, &new),
            _ => writer.delete(&table, &old),
        }
        .unwrap();
    }
    writer.commit().unwrap();
    trail_of(&writer.finish().unwrap())
}

#[test]
fn rejecting_does_not_allocate() {
    for order in ORDERS {
        for charset in [Charset::UTF_8, Charset::from_name("GBK"), Charset::UTF_16BE] {
            let trail = rows(order, charset);
            let all = changes(&trail);
            assert_eq!(all.len(), 199);
            for text in REJECTING {
                let mut selector = Select::parse(text).unwrap().lenient().selector();
                let mut run = || {
                    let mut spent = 0;
                    for owned in &all {
                        let change = owned.as_change();
                        let before = CALLS.with(Cell::get);
                        let verdict = selector.verdict(&change);
                        spent += CALLS.with(Cell::get) - before;
                        assert!(!verdict.is_accept(), "{text}");
                        let _: Verdict = verdict;
                    }
                    spent
                };
                run();
                assert_eq!(run(), 0, "{text} {order:?} {charset:?}");
            }
        }
    }
}

#[test]
fn trails_contain_every_row_operation() {
    // The trails above contain every row operation and both styles of updates.
    let trail = rows(ByteOrder::Big, Charset::UTF_8);
    let ops: std::collections::HashSet<Op> = changes(&trail).iter().map(|owned| owned.as_change().op()).collect();
    assert_eq!(ops.len(), 3);
}
