//! Wrong, huge and hostile filters: rejected or accepted within a second, with helpful errors that contain no data.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use trailcore::change::{Builder, Number, Value};
use trailcore::filter::{Diagnostic, DiagnosticKind, Diagnostics, Dialect, Expr, LogdumpFilter, ObjectPattern, Scratch, Select};
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::{Op, ReadOptions, Trail};
use trailcore_samples::{Bank, bank_in_memory};

const MEGABYTE: usize = 1 << 20;
/// Limits the time of a processor, since other tests run beside. Debug builds are slower.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 8 } else { 1 });

/// The time of a processor that this thread has used, where the system reports it.
struct Used {
    at: Instant,
    before: Option<Duration>,
}

impl Used {
    fn now() -> Self {
        Self { at: Instant::now(), before: Self::of_thread() }
    }

    fn of_thread() -> Option<Duration> {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    }

    fn elapsed(&self) -> Duration {
        self.before.and_then(|before| Self::of_thread()?.checked_sub(before)).unwrap_or_else(|| self.at.elapsed())
    }
}

fn table() -> Arc<TableDef> {
    let columns = vec![
        ColumnDef::integer("ID", 0).key(),
        ColumnDef::number("AMOUNT"),
        ColumnDef::varchar("NAME", 100),
        ColumnDef::datetime("MADE", 6),
        ColumnDef::new("IMAGE", 64, 4, 200),
    ];
    Arc::new(TableDef::new("HR.EMP", columns))
}

/// Parses, binds, evaluates, explains and prints a text within the time limit. Returns `true` if the text is accepted.
fn use_up(name: &str, text: &str) -> bool {
    let started = Used::now();
    let table = table();
    let taken = match Select::parse(text) {
        Ok(select) => {
            let facts = Builder::new(Op::Insert, &table).after("ID", &Value::Number(Number::Text("1"))).unwrap();
            let facts = facts.after("NAME", &Value::Text("somebody".into())).unwrap().build().unwrap();
            let program = select.bind(&table);
            let _ = program.verdict(&facts.as_change(), &mut Scratch::default());
            let problems = program.problems().map_or(0, |problems| problems.to_string().len());
            assert!(problems < 200_000, "{name}: {problems} bytes of problems");
            let _ = (program.explain().to_string(), select.lint_text());
            assert_eq!(Select::parse(&select.to_string()).unwrap(), select, "{name}");
            true
        }
        Err(error) => {
            let shown = error.to_string();
            assert!(shown.len() < 100_000, "{name}: {} bytes of errors", shown.len());
            false
        }
    };
    assert!(started.elapsed() < LIMIT, "{name}: {:?}", started.elapsed());
    taken
}

fn filter(expr: &str) -> String {
    format!("TABLE HR.EMP, FILTER ({expr});")
}

fn times(piece: &str) -> String {
    piece.repeat(MEGABYTE / piece.len())
}

#[test]
fn deep_texts_are_rejected() {
    for (open, close) in
        [("(", ")"), ("-", ""), ("- (", ")"), ("@STRUP (", ")"), ("@IF (1, 2, ", ")"), ("1 + (", ")"), ("NOT ", ""), ("+", "")]
    {
        let count = MEGABYTE / (open.len() + close.len());
        let text = format!("{}ID{}", open.repeat(count), close.repeat(count));
        assert!(!use_up(open, &filter(&text)));
        assert!(text.parse::<Expr>().is_err());
    }
    let wheres = format!("TABLE HR.EMP, WHERE ({}ID = 1{});", "(".repeat(MEGABYTE), ")".repeat(MEGABYTE));
    assert!(!use_up("WHERE", &wheres));
    assert!(!use_up("a long sum", &filter(&format!("{}1", times("ID + ")))));
    assert!(!use_up("a long product", &filter(&format!("{}1", times("ID * ")))));
    assert!(!use_up("relations", &filter(&format!("{}1", times("ID < ")))));
}

#[test]
fn long_texts_are_accepted() {
    let many = [
        ("AND", filter(&format!("{}1", times("ID > 1 AND ")))),
        ("OR", filter(&format!("{}1", times("ID > 1 OR ")))),
        ("guards", filter(&format!("{}1", times("@COLTEST (AMOUNT, PRESENT) AND NAME > 1 AND ")))),
        ("mixed", filter(&format!("{}1", times("ID > 1 AND AMOUNT < 2 OR ")))),
        ("WHERE", format!("TABLE HR.EMP, WHERE ({}ID = 1);", times("ID = 1 OR AMOUNT < ID OR "))),
        ("literal", filter(&format!("@STREQ (NAME, '{}')", "x".repeat(MEGABYTE)))),
        ("quotes", filter(&format!("@STREQ (NAME, '{}')", times("''")))),
        ("escapes", filter(&format!("@STREQ (NAME, '{}')", times("\\x41")))),
        ("arguments", filter(&format!("@VALONEOF (NAME, {}'y')", times("'x', ")))),
        ("columns", filter(&format!("@VALONEOF (NAME, {}'y')", times("NAME, ")))),
        ("texts", filter(&format!("@STREQ (@STRCAT ({}NAME), 'x')", times("'abc', ")))),
        ("padding", filter(&format!("@VALONEOF (NAME, {}'y')", times("@STRNUM (1, RIGHT, 65535), ")))),
        ("joined padding", filter(&format!("@STREQ (NAME, @STRCAT ({}'y'))", times("@STRNUM (1, RIGHT, 65535), ")))),
        ("replacements", filter(&format!("@STREQ (@STRSUB (NAME{}), 'x')", times(", 'a', 'aa'")))),
        ("cases", format!("TABLE HR.EMP, COLMAP (X = @CASE (NAME{}));", times(", 'a', 'b'"))),
        ("unknown columns", format!("TABLE HR.EMP{};", times(", FILTER (IDD > 1)"))),
        ("filters", format!("TABLE HR.EMP{};", times(", FILTER (ID > 1)"))),
        ("unknown options", format!("TABLE HR.EMP{};", times(", ZEBRA (ID > 1)"))),
        ("tables", times("TABLE HR.EMP;\n")),
        ("bare tables", times("TABLE E;\n")),
        ("excludes", times("TABLEEXCLUDE a*b*.c*d?;\n")),
        ("stars", format!("TABLE {}b.{}c;", times("a*"), times("?*"))),
        ("a long name", format!("TABLE HR.{};", "E".repeat(MEGABYTE))),
        ("unknown parameters", format!("TABLE HR.EMP;\n{}", times("ZZ 1\n"))),
        ("a long parameter", format!("TABLE HR.EMP;\n{}", "Z".repeat(MEGABYTE))),
        ("quotes of parameters", format!("TABLE HR.EMP;\n{}", times("ZZ '\n"))),
        ("comment lines", times("COMMENT it's; (\n")),
        ("columns named as comments", format!("TABLE HR.EMP, COLS ({}ID);", times("COMMENT,\n"))),
        ("statement words", format!("TABLE HR.EMP, ZZ {};", times("IGNOREDELETES "))),
        ("repeated maps", times("MAP A.B, TARGET C.D;\n")),
        ("trails", format!("{}TABLE HR.EMP;", times("EXTTRAIL ./a\n"))),
        ("DDL", format!("DDL {}", times("INCLUDE OBJNAME A.B "))),
        ("tags", times("EXCLUDETAG 7F\n")),
        ("macros", times("MACRO #m BEGIN 1 END;\n")),
        ("comments", times("-- nothing\n")),
        ("continued", format!("TABLE HR.EMP {};", times("&\n"))),
        ("options", format!("TABLE HR.EMP, SQLEXEC ({});", times("a, (b), "))),
    ];
    for (name, text) in many {
        assert!(use_up(name, &text), "{name} is rejected: {}", Select::parse(&text).unwrap_err());
    }
}

#[test]
fn long_wrong_texts_are_rejected() {
    let many = [
        ("no end of a quote", filter(&format!("@STREQ (NAME, '{}", "x".repeat(MEGABYTE)))),
        ("open parentheses", filter(&times("@STREQ ("))),
        ("an unknown function", filter(&format!("@{} (1)", "F".repeat(MEGABYTE)))),
        ("many arguments", filter(&format!("@STREQ ({}1)", times("1, ")))),
        ("a long number", filter(&"9".repeat(MEGABYTE))),
        ("ALL", filter(&times("AND "))),
        ("parts of a name", format!("TABLE {}b;", times("a."))),
        ("a macro call without end", format!("MACRO #m PARAMS (#a) BEGIN #a END; TABLE {}", times("#m ("))),
        ("unknown parameters without a rule", times("ZZ 1\n")),
        ("a macro without end", format!("MACRO #m BEGIN {}", times("EN D "))),
        ("too long", "-- x\n".repeat(MEGABYTE)),
    ];
    for (name, text) in many {
        assert!(!use_up(name, &text), "{name} is accepted");
    }
    let names = ObjectPattern::from_str_timed(&format!("{}b", "a*".repeat(MEGABYTE / 4)));
    assert!(!names.matches(&format!("{}c", "a".repeat(1000))));
}

trait Timed: Sized {
    fn from_str_timed(text: &str) -> Self;
}

impl Timed for ObjectPattern {
    fn from_str_timed(text: &str) -> Self {
        let started = Used::now();
        let pattern = text.parse().unwrap();
        assert!(started.elapsed() < LIMIT);
        pattern
    }
}

#[test]
fn exploding_macros_are_rejected() {
    let calling_itself = "MACRO #m BEGIN #m() END; TABLE HR.EMP, FILTER (#m());";
    let each_other = "MACRO #a BEGIN #b() END; MACRO #b BEGIN #a() END;\nTABLE HR.EMP, FILTER (#a());";
    let double = |body: &str, leaf: &str| {
        let mut text = format!("MACRO #m0 BEGIN {leaf} END;\n");
        for level in 1..16 {
            let call = format!("#m{} ()", level - 1);
            text.push_str(&format!("MACRO #m{level} BEGIN {} END;\n", body.replace('x', &call)));
        }
        text + "TABLE HR.EMP, FILTER (#m15 ());"
    };
    let in_arguments = "MACRO #m PARAMS (#a) BEGIN #a #a #a #a END;\nTABLE HR.EMP, FILTER (".to_owned()
        + &"#m (".repeat(15)
        + "1 AND "
        + &")".repeat(15)
        + ");";
    let many = [
        ("itself", calling_itself.to_owned()),
        ("each other", each_other.to_owned()),
        ("doubling", double("x AND x", &"1 AND ".repeat(100))),
        ("leaving nothing", double(&"x".repeat(50), "-- nothing")),
        ("arguments", in_arguments),
        ("unknown", "MACRO #a BEGIN 1 END; TABLE HR.EMP, FILTER (#b ());".to_owned()),
    ];
    for (name, text) in many {
        assert!(!use_up(name, &text), "{name} is accepted");
    }
    // The position is that of the call, also if the error is inside the macro.
    let error = Select::parse(each_other).unwrap_err();
    assert_eq!(&each_other[error.all()[0].range()], "#a");
}

#[test]
fn macros_pass_their_arguments() {
    let text = "MACRO #inner PARAMS (#c, #v) BEGIN #c > #v END;\n\
                MACRO #outer PARAMS (#x) BEGIN #inner (#x, 2 * (1 + 1)) AND #x <> 7 END;\nTABLE HR.EMP, FILTER (#outer (ID));";
    let plain = Select::parse("TABLE HR.EMP, FILTER (ID > 2 * (1 + 1) AND ID <> 7);").unwrap();
    assert_eq!(Select::parse(text).unwrap(), plain);
}

#[test]
fn endless_includes_are_rejected() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("self.prm", "TABLE HR.EMP;\nINCLUDE self.prm\nINCLUDE self.prm\n");
    write("a.prm", "INCLUDE b.prm\nINCLUDE b.prm\n");
    write("b.prm", "INCLUDE a.prm\nINCLUDE a.prm\n");
    // Other names for the same file.
    write("c.prm", &"INCLUDE ./c.prm\nINCLUDE ././c.prm\nINCLUDE c.prm\n".repeat(100));
    for level in 0..15 {
        write(&format!("w{level}.prm"), &format!("INCLUDE w{}.prm\n", level + 1).repeat(10));
    }
    write("w15.prm", "");
    for name in ["self.prm", "a.prm", "c.prm", "w0.prm"] {
        let started = Used::now();
        assert!(Select::from_file(dir.path().join(name)).is_err(), "{name}");
        assert!(started.elapsed() < LIMIT, "{name}: {:?}", started.elapsed());
    }
    assert!(Select::parse("INCLUDE w15.prm\n").is_err());
    write("top.prm", "\u{feff}INCLUDE part.prm\nDDL &\nINCLUDE MAPPED &\n  EXCLUDE OPTYPE COMMENT\nTABLE HR.DEPT;\n");
    write("part.prm", "MACRO #big BEGIN ID > 10 END;\nTABLE HR.EMP, FILTER (#big ());\n");
    assert_eq!(Select::from_file(dir.path().join("top.prm")).unwrap().rules().count(), 2);
}

/// Returns the first diagnostic of this kind for a text, from its errors or else its lints, and all diagnostics as text.
fn diagnostic_of(text: &str, dialect: Dialect, kind: DiagnosticKind) -> (Diagnostic, String) {
    let pick = |all: &[Diagnostic]| all.iter().find(|own| own.kind() == kind).cloned();
    match Select::parse_in(text, dialect) {
        Err(error) => (pick(error.all()).unwrap_or_else(|| panic!("{text}: {error}")), error.to_string()),
        Ok(select) => {
            let program = select.bind(&table());
            let bound: Option<Diagnostics> = program.problems();
            let found = pick(select.lints()).or_else(|| bound.as_ref().and_then(|all| pick(all.all())));
            let shown = bound.map_or_else(|| select.lint_text(), |all| all.to_string());
            (found.unwrap_or_else(|| panic!("{text}: {shown}")), shown)
        }
    }
}

/// The clause, and the expected diagnostic: kind, OGG number, text at its position, part of its help.
type Expected = (&'static str, DiagnosticKind, Option<u32>, &'static str, &'static str);

const EXPECTED: [Expected; 36] = [
    ("FILTER (@STREQ (NAME, ‘x’))", DiagnosticKind::CurlyQuotes, None, "‘", "write '"),
    ("WHERE (NAME = “x”)", DiagnosticKind::CurlyQuotes, None, "“", "write '"),
    ("FILTER (ID IN (1, 2))", DiagnosticKind::ForeignOperator, None, "IN", "@VALONEOF"),
    ("WHERE (ID IN (1, 2))", DiagnosticKind::ForeignOperator, Some(1662), "IN", "@VALONEOF"),
    ("FILTER (NAME LIKE 'a%')", DiagnosticKind::ForeignOperator, None, "LIKE", "@STRFIND"),
    ("WHERE (NAME LIKE 'a%')", DiagnosticKind::ForeignOperator, Some(1662), "LIKE", "@STRFIND"),
    ("FILTER (ID BETWEEN 1 AND 2)", DiagnosticKind::ForeignOperator, None, "BETWEEN", ">= low"),
    ("FILTER (NOT ID = 1)", DiagnosticKind::ForeignOperator, None, "NOT", "negate"),
    ("WHERE (NOT ID = 1)", DiagnosticKind::ForeignOperator, Some(1662), "NOT", "negate"),
    ("WHERE (ID IS NULL)", DiagnosticKind::ForeignOperator, Some(1662), "IS", "@NULL"),
    ("WHERE (ID = NULL)", DiagnosticKind::Syntax, Some(1662), "NULL", "write @NULL"),
    ("FILTER (ID != 1)", DiagnosticKind::ForeignOperator, None, "!=", "<>"),
    ("WHERE (ID == 1)", DiagnosticKind::ForeignOperator, Some(1662), "==", "="),
    ("FILTER (NAME = 'x')", DiagnosticKind::TextInFilter, Some(2210), "'x'", "@STREQ (NAME"),
    ("FILTER (@IF ('x' <> NAME, 1, 0))", DiagnosticKind::TextInFilter, Some(2210), "'x'", "@STREQ (NAME"),
    ("FILTER (ID > 1 OR ID < 0 AND AMOUNT > 1)", DiagnosticKind::MixedAndOr, None, "ID < 0 AND AMOUNT > 1", "parentheses"),
    ("FILTER ((ID > 1) AND (ID < 9) OR AMOUNT > 1)", DiagnosticKind::MixedAndOr, None, "(ID > 1) AND (ID < 9)", "parentheses"),
    ("WHERE ((ID > 1) AND (ID < 9) OR AMOUNT > 1)", DiagnosticKind::MixedAndOr, None, "(ID > 1) AND (ID < 9)", "parentheses"),
    ("FILTER (@STRFND (NAME, 'x') > 0)", DiagnosticKind::UnknownName, Some(2322), "@STRFND", "@STRFIND"),
    ("FILTER (STREQ (NAME, 'x'))", DiagnosticKind::UnknownName, Some(370), "STREQ", "@STREQ"),
    ("FILTER (AMUONT > 1)", DiagnosticKind::UnknownName, None, "AMUONT", "AMOUNT"),
    ("WHERE (AMUONT > 1)", DiagnosticKind::UnknownName, None, "AMUONT > 1", "AMOUNT"),
    ("FILTER (@STREQ (NAME))", DiagnosticKind::Arity, Some(2322), "@STREQ (NAME)", "@STREQ (text, text)"),
    ("FILTER (@STRSUB (NAME, 'a') = 1)", DiagnosticKind::Arity, Some(2322), "@STRSUB (NAME, 'a')", "@STRSUB (text"),
    ("FILTER (@STREQ (NAME, \"Oslo\"))", DiagnosticKind::QuoteMixUp, None, "\"Oslo\"", "'Oslo'"),
    ("FILTER (@GETENV (\"LAG\") > 1)", DiagnosticKind::QuoteMixUp, Some(2322), "\"LAG\"", "'LAG'"),
    (
        "FILTER (@GETENV ('GGHEADER', 'OPTYP') > 1)",
        DiagnosticKind::UnknownName,
        Some(2322),
        "@GETENV ('GGHEADER', 'OPTYP')",
        "'OPTYPE'",
    ),
    ("FILTER (ID\\2 = 1)", DiagnosticKind::Syntax, None, "\\", "a \\ b"),
    ("FILTER (@STREQ (NAME, 'x))", DiagnosticKind::Syntax, Some(370), "'x));", "twice"),
    ("FILTER (@STREQ (NAME, 'x')", DiagnosticKind::Syntax, Some(370), ";", ""),
    ("FILTER ((ID > 1)", DiagnosticKind::Syntax, Some(370), ";", ""),
    ("WHERE (ID + 1 = 2)", DiagnosticKind::Syntax, Some(1662), "+", "FILTER"),
    ("WHERE (ID = 2 * 3)", DiagnosticKind::Syntax, Some(1662), "*", "FILTER"),
    ("WHERE (@STRLEN (NAME) = 2)", DiagnosticKind::Syntax, Some(1662), "@STRLEN", "FILTER"),
    ("WHERE (NAME = @STRUP (NAME))", DiagnosticKind::Syntax, Some(1662), "@STRUP", "FILTER"),
    ("WHERE (ID = 1), WHERE (ID = 2)", DiagnosticKind::Syntax, Some(1662), "WHERE", "AND"),
];

#[test]
fn diagnostics_have_position_number_and_help() {
    for (clause, kind, number, place, help) in EXPECTED {
        let text = format!("-- a line before\nTABLE HR.EMP,\n  {clause};");
        let (found, shown) = diagnostic_of(&text, Dialect::Ansi, kind);
        let range = found.range();
        assert_eq!(text.get(range.clone()), Some(place), "{shown}");
        assert_eq!(found.ogg_number(), number, "{shown}");
        assert!(found.help_text().unwrap_or_default().contains(help), "{shown}");
        // The caret is under the position in the third line.
        let line = text.lines().nth(2).unwrap();
        let column = text[text.len() - line.len()..range.start].chars().count();
        let caret = format!("\n  | {line}\n  | {}^", " ".repeat(column));
        assert!(shown.contains(&format!("line 3, column {}", column + 1)) && shown.contains(&caret), "{shown}");
    }
}

#[test]
fn the_other_dialect_has_its_own_quotes() {
    let (found, _) = diagnostic_of("TABLE HR.EMP, FILTER (@STREQ (NAME, “x”));", Dialect::NonAnsi, DiagnosticKind::CurlyQuotes);
    assert_eq!(found.help_text(), Some("write \""));
    assert!(
        Select::parse_in("TABLE HR.EMP, FILTER (@STREQ (NAME, \"x\"));", Dialect::NonAnsi)
            .unwrap()
            .bind(&table())
            .problems()
            .is_none()
    );
}

/// Messages about a row must not contain its data.
#[test]
fn no_error_holds_data() {
    const SECRET: &str = "S3CRET";
    let table = table();
    let filters = [
        "FILTER (NAME > 1)",
        "FILTER (NAME)",
        "FILTER (NAME + 1 = 2)",
        "FILTER (@STREXT (NAME, NAME, 2) = 1)",
        "FILTER (@COMPUTE (AMOUNT * AMOUNT) > 1)",
        "FILTER (@STRNUM (NAME, RIGHTZERO, NAME) = 1)",
        "FILTER (@DATE ('JTS', 'YYYY', NAME) > 1)",
        "FILTER (@DATEDIFF (NAME, NAME, NAME) > 1)",
        "FILTER (@HIGHVAL (NAME) = 1)",
        "FILTER (IMAGE = 1)",
        "FILTER (MADE + 1 > 2)",
        "FILTER (@BEFORE (NAME) = 1)",
        "FILTER (RAISEERROR 7, @STRLEN (NAME) = 0)",
        "WHERE (NAME > 1)",
        "WHERE (NAME = MADE)",
        "WHERE (NAME = ID)",
        "COLMAP (X = NAME + 1, Y = @HIGHVAL (NAME))",
        "COLMAP (X = @STRNUM (@STRLEN (NAME), RIGHT, NAME))",
    ];
    for clause in filters {
        let Ok(select) = Select::parse(&format!("TABLE HR.EMP, {clause};")) else { panic!("{clause}") };
        let program = select.seventeen_digits(true).bind(&table);
        for value in [Value::Text(SECRET.into()), Value::Invalid(SECRET.as_bytes()), Value::Number(Number::Text(SECRET))] {
            let amount = "5338".repeat(9);
            let mut facts = Builder::new(Op::Insert, &table).after("AMOUNT", &Value::Number(Number::Text(&amount))).unwrap();
            for column in ["ID", "NAME", "MADE", "IMAGE"] {
                facts = facts.after(column, &value).unwrap();
            }
            let facts = facts.build().unwrap();
            let verdict = program.verdict(&facts.as_change(), &mut Scratch::default());
            let error =
                program.project(&facts.as_change(), 0, &mut Scratch::default()).err().map(|error| format!("{error} {error:?}"));
            let problems = program.problems().map(|problems| problems.to_string());
            let shown = format!("{verdict} {verdict:?} {error:?} {problems:?} {}", program.explain());
            assert!(!shown.contains(SECRET) && !shown.contains("5338"), "{clause}: {shown}");
        }
    }
}

/// Realistic statements.
const REAL: [&str; 8] = [
    "TABLE SHOP.ITEM*, FILTER (ON UPDATE, PRICE / 12 > 10.5 AND @STRFIND (NAME, 'tea') > 0), WHERE (NOTE <> @NULL AND X = -1);",
    "MAP pdb1.shop.\"Item\", TARGET arch.*, FILTER (RAISEERROR 21000, before.PRICE <> PRICE), KEYCOLS (ID), COLS (A, \"b c\");",
    "MACRO #old PARAMS (#c, #v) BEGIN @IF (@COLTEST (#c, MISSING), #v, #c) END;\nTABLE a.b, COLMAP (USEDEFAULTS, X = #old (X, @BEFORE (X)));",
    "NOUSEANSISQLQUOTES\nTABLE SHOP.ITEMS, FILTER (@STREQ (NAME, \"the \"\"best\"\"\")), TOKENS (TK-A = @GETENV (\"GGHEADER\", \"OPTYPE\"));",
    "EXTRACT e1\nEXCLUDETAG 00\nTRANLOGOPTIONS EXCLUDETAG 61 EXCLUDEUSER apply\nSOURCECATALOG pdb\nIGNOREDELETES TABLE a.b; GETDELETES",
    "TABLE a.b, COLMAP (D = @DATE ('YYYY-MM-DD', 'YYYYMMDD', T), F = @STRNUM (N, RIGHTZERO, 8), G = @CASE (K, 'a', 1, 2));",
    "TABLE a.b, SQLEXEC (ID look, QUERY 'select 1 from x', PARAMS (p = K)), EVENTACTIONS (LOG INFO, IGNORE) FILTER (@GETVAL (look.p) = 1);",
    "FILTER INCLUDE FILENAME shop.it*; FILTER RECTYPE 5, 3; FILTER EXCLUDE RBA > 1000; FILTER STRING /tea/ 0:20; FILTER MATCH ANY",
];

fn never_panics(text: &str) {
    for dialect in [Dialect::Ansi, Dialect::NonAnsi] {
        match Select::parse_in(text, dialect) {
            Ok(select) => {
                let program = select.bind(&table());
                let change = Builder::new(Op::Update, &table()).build().unwrap();
                let verdict = program.verdict(&change.as_change(), &mut Scratch::default());
                let _ = (verdict, program.explain().to_string(), select.lint_text());
                assert_eq!(Select::parse(&select.to_string()).unwrap(), select);
            }
            Err(error) => drop(error.to_string()),
        }
    }
    let _ = (LogdumpFilter::parse(text), text.parse::<Expr>(), text.parse::<ObjectPattern>());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default()
    })]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), start in 0..REAL.len()) {
        let text = String::from_utf8_lossy(&bytes);
        never_panics(&text);
        never_panics(&format!("TABLE a.b, FILTER ({text});"));
        never_panics(&format!("{}{text}", REAL[start]));
    }

    #[test]
    fn changed_statements_never_panic(which in 0..REAL.len(), edits in proptest::collection::vec((any::<usize>(), any::<usize>(), 0u8..5), 1..5)) {
        let mut text: Vec<char> = REAL[which].chars().collect();
        for (at, other, edit) in edits {
            let (at, other) = (at % text.len().max(1), other % text.len().max(1));
            let (low, high) = (at.min(other), at.max(other));
            match edit {
                0 => drop(text.drain(low..high.min(low + 9).min(text.len()))),
                1 => text.insert(at.min(text.len()), *"()'\"\\-@,;.#&*‘\0é".chars().collect::<Vec<_>>().get(other % 16).unwrap()),
                2 if high < text.len() => text.swap(low, high),
                3 => {
                    let piece: Vec<char> = text[low..high].to_vec();
                    text.splice(at.min(text.len())..at.min(text.len()), piece);
                }
                _ => text.truncate(high),
            }
        }
        never_panics(&text.into_iter().collect::<String>());
    }
}

/// Threads with a small stack, and Java threads, have little stack left. Deep expressions must not exhaust it.
#[test]
fn deep_expressions_need_little_stack() {
    let nested = |open: &str, close: &str| format!("{}AMOUNT = 1{}", open.repeat(90), close.repeat(90));
    let texts = [nested("(", ")"), nested("(1 + ", ")"), nested("@COMPUTE (", ")"), nested("(", " AND 1 = 1)")];
    let trail = Trail::from_bytes(bank_in_memory(&Bank::small()).unwrap().swap_remove(0).1);
    let work = move || {
        for text in &texts {
            let text = format!("TABLE BANK.POSTINGS, FILTER ({text}), COLMAP (USEDEFAULTS, X = {text});");
            let select = Select::parse(&text).unwrap();
            assert_eq!(Select::parse(&select.to_string()).unwrap(), select);
            let mut reader = trail.reader_with(ReadOptions::new().select(select.clone().lenient())).unwrap();
            while reader.next().unwrap().is_some() {}
            assert!(reader.tables().any(|table| !select.bind(table).explain().to_string().is_empty()));
        }
    };
    let small = std::thread::Builder::new().stack_size(80 << 10);
    small.spawn(work).unwrap().join().unwrap();
}
