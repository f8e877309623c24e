//! Parameter files mean what they mean in GoldenGate: clauses, comments, included files, and statements that decide something.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::path::Path;
use std::sync::Arc;

use common::*;
use trailcore::filter::{Condition, Expr, Function, Rule, Select, SelectOptions, call, text};
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, UpdateStyle};
use trailcore::trail::ByteOrder;
use trailcore::{Op, ReadOptions, Trail};

const ORDER: ByteOrder = ByteOrder::Big;

fn table(name: &str) -> Arc<TableDef> {
    Arc::new(TableDef::new(
        name,
        vec![ColumnDef::integer("ID", 0).key(), ColumnDef::varchar("C", 40), ColumnDef::integer("SAL", 0)],
    ))
}

fn row(table: &TableDef, id: i64, text: &str, salary: i64) -> Vec<u8> {
    let mut row = RowBuilder::new(table, ORDER);
    row.decimal("ID", id.into()).unwrap().text("C", text).unwrap().decimal("SAL", salary.into()).unwrap();
    row.bytes().to_vec()
}

/// Inserts into HR.EMP (1, 2, 3), HR.DEPT (10, 11), HR.A%B (20) and X.OTHER (30), an update of HR.EMP 1, a delete of HR.EMP 2, DDL
/// of HR.EMP and X.OTHER, and perhaps a truncate of HR.DEPT.
fn trail(truncates: bool) -> Trail {
    let [emp, dept, percent, other] = ["HR.EMP", "HR.DEPT", "HR.A%B", "X.OTHER"].map(table);
    let mut out = writer(ORDER, 11, NO_LIMIT);
    let rows = [(&emp, 1, "A", 5), (&emp, 2, "a\\b", 20), (&emp, 3, "x", 30), (&dept, 10, "A", 1), (&dept, 11, "B", 2)];
    let rows = rows.into_iter().chain([(&percent, 20, "A", 1), (&other, 30, "A", 1)]);
    for (number, (table, id, text, salary)) in rows.enumerate() {
        let number = number as i64;
        out.begin(&(100 + number).to_string(), &format!("1.2.{number}"), at(number)).unwrap();
        out.insert(table, &row(table, id, text, salary)).unwrap();
        out.commit().unwrap();
    }
    out.begin("200", "1.3.1", at(100)).unwrap();
    out.update(&emp, UpdateStyle::Unified, &row(&emp, 1, "A", 5), &row(&emp, 1, "B", 6)).unwrap();
    out.delete(&emp, &row(&emp, 2, "a\\b", 20)).unwrap();
    for (owner, object) in [("HR", "EMP"), ("X", "OTHER")] {
        let text = format!(",C5='5',,B3='{owner}',,B4='{object}',,B5='TABLE',,B6='ALTER',,C1='alter table add x number'");
        out.ddl(owner, object, &text).unwrap();
    }
    if truncates {
        out.truncate(&dept).unwrap();
    }
    out.commit().unwrap();
    trail_of(&out.finish().unwrap())
}

/// Returns the changes that a selection wants: ids of inserts, `u` and `d` with the id, `ddl` and `truncate` with the object.
fn seen_by(select: Select) -> String {
    seen_in(&trail(false), select)
}

fn seen_in(trail: &Trail, select: Select) -> String {
    let mut reader = trail.reader_with(ReadOptions::new().select(select)).unwrap();
    let mut seen = Vec::new();
    while let Some(change) = reader.next().unwrap() {
        let id = || {
            let (before, after) = change.images().unwrap();
            after.or(before).unwrap().get("ID").unwrap().i64().unwrap()
        };
        seen.push(match change.op() {
            Op::Insert => id().to_string(),
            Op::Update | Op::PkUpdate => format!("u{}", id()),
            Op::Delete => format!("d{}", id()),
            Op::Ddl => format!("ddl:{}", change.table_name()),
            other => format!("{}:{}", other.name(), change.table_name()),
        });
    }
    seen.join(" ")
}

fn parse(text: &str) -> Select {
    let select = Select::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    assert_eq!(Select::parse(&select.to_string()).unwrap(), select, "{text}");
    select
}

fn seen(text: &str) -> String {
    seen_by(parse(text))
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(seen(text), *expected, "{text}\n{}", parse(text).lint_text());
    }
}

/// The lints or the errors of a text.
fn diagnostics(text: &str) -> String {
    match Select::parse(text) {
        Ok(select) => select.lint_text(),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn check_diagnostics(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let shown = diagnostics(text);
        assert!(shown.contains(expected), "{text}\n{expected}\n{shown}");
    }
}

/// Texts that must be errors, with a part of the message.
#[track_caller]
fn check_errors(cases: &[(&str, &str)]) {
    check_diagnostics(cases);
    for (text, _) in cases {
        assert!(Select::parse(text).is_err(), "{text} is accepted");
    }
}

#[test]
fn an_option_does_not_swallow_a_clause() {
    check(&[
        ("MAP HR.DEPT, TARGET T.DEPT, HANDLECOLLISIONS\nFILTER (ID = 11);", "11"),
        ("MAP HR.DEPT, TARGET T.DEPT, INSERTALLRECORDS WHERE (ID = 11);", "11"),
        ("TABLE HR.DEPT, FETCHBEFOREFILTER FILTER (ID = 11);", "11"),
        ("MAP HR.DEPT, TARGET T.DEPT HANDLECOLLISIONS FILTER (ID = 11);", "11"),
        ("MAP HR.DEPT TARGET T.DEPT INSERTALLRECORDS FILTER (ID = 11);", "11"),
        ("TABLE HR.DEPT, FETCHCOLS (C)FILTER (ID = 11);", "11"),
        ("TABLE HR.DEPT, FETCHCOLS (C) -- why\n FILTER (ID = 11);", "11"),
        ("MAP HR.DEPT, TARGET T.DEPT, INSERTALLRECORDS x FILTER (ID = 11);", "11"),
        ("MAP HR.DEPT, TARGET T.DEPT, REPERROR (1403, DISCARD) FILTER (ID = 11);", "11"),
        ("MAP HR.DEPT, TARGET T.DEPT, THREAD (1) KEYCOLS (ID) HANDLECOLLISIONS COLMAP (USEDEFAULTS) filter (ID = 11);", "11"),
        ("MAP HR.DEPT, HANDLECOLLISIONS TARGET T.DEPT FILTER (ID = 11);", "11"),
        // Words inside quotes, parentheses and names are no options.
        ("TABLE HR.DEPT, EXITPARAM 'FILTER (ID = 10)', FILTER (ID = 11);", "11"),
        ("MAP HR.DEPT, TARGET T.D, MAPEXCEPTION (TARGET T.E, FILTER (ID = 10)), FILTER (ID = 11);", "11"),
        ("TABLE HR.DEPT, DEF a.FILTER, FILTER (ID = 11);", "11"),
    ]);
}

#[test]
fn comments_stand_after_every_parameter() {
    for parameter in [
        "EXTTRAIL ./dirdat/lt",
        "REPERROR (DEFAULT, ABEND)",
        "DISCARDFILE ./r.dsc, APPEND",
        "USERIDALIAS ogg",
        "GETINSERTS",
        "SOMETHING new",
        "TRANLOGOPTIONS EXCLUDETAG 61",
        "DDL INCLUDE MAPPED",
        "EXTRACT e",
        "EXTRACT",
        "TABLEEXCLUDE X.*",
        "EXCLUDETAG 00",
        "SETENV (NLS_LANG=AL32UTF8)",
        "SQLEXEC 'x'",
        "END 2099-01-01",
        "ALLOWDUPTARGETMAP",
        "NAMEMATCHEXACT",
    ] {
        for comment in ["was two; TABLE X.*;", "it's; IGNOREINSERTS", "local; (see wiki)", "(", "\" '"] {
            let text = format!("{parameter} -- {comment}\nTABLE HR.DEPT, FILTER (ID > 0);");
            assert_eq!(seen(&text), "10 11", "{text}");
            let text = format!("{parameter}\nCOMMENT {comment}\nTABLE HR.DEPT, FILTER (ID > 0);");
            assert_eq!(seen(&text), "10 11", "{text}");
        }
    }
}

#[test]
fn quotes_of_skipped_parameters_are_kept_together() {
    for parameter in [
        "USERID g, PASSWORD \"a;(b\"",
        "SQLEXEC 'begin p; end;'",
        "SQLEXEC \"alter session set x = y;\"",
        "SQLEXEC 'begin\n p; TABLE X.*;\nend;'",
        "SETENV (NLS_LANG=\"a;b\")",
        "USERID g, PASSWORD \"a; TABLE X.*;b\"",
        "RMTHOST h, PARAMS '-x; TABLE X.*;'",
        "SOMETHING 'a -- b; TABLE X.*;'",
        "TRANLOGOPTIONS DBLOGREADER \"a; TABLE X.*; b\"",
        "DISCARDFILE it's",
        "USERID g, &\nPASSWORD 'a; &\nb'",
    ] {
        let text = format!("{parameter}\nTABLE HR.DEPT, FILTER (ID = 11);");
        assert_eq!(seen(&text), "11", "{text}");
        assert!(!diagnostics(&text).contains("B does not"), "{text}");
    }
}

#[test]
fn comment_lines_are_not_read() {
    check(&[
        ("COMMENT it's old\nMACRO #m PARAMS (#t) BEGIN TABLE HR.#t, FILTER (ID = 10); END;\n#m (DEPT)", "10"),
        ("TABLE HR.DEPT,\nCOMMENT was, FILTER (ID = 11)\nFILTER (ID = 10);", "10"),
        ("MAP HR.DEPT, TARGET T.D, COMMENT old; x\nFILTER (ID = 11);", "11"),
        ("TABLE HR.DEPT, FILTER (ID = 10 OR\ncomment don't (use this)\nID = 11);", "10 11"),
        ("TABLE HR.DEPT, FILTER (ID = 11); COMMENT it's; TABLE X.*;\n-- it's\n", "11"),
        ("MACRO #m BEGIN\nCOMMENT the END; isn't here\nTABLE HR.DEPT, FILTER (ID = 11); END;\n#m ()", "11"),
    ]);
    let error = Select::parse("COMMENT don't\nINCLUDE nofile.mac\nTABLE HR.DEPT;").unwrap_err();
    assert!(error.to_string().contains("INCLUDE nofile.mac: files are only included"), "{error}");
    // A column may have this name.
    let one_line = parse("TABLE A.B, COLS (ID, COMMENT), FILTER (COMMENT > 1);");
    assert_eq!(parse("TABLE A.B, COLS (ID,\nCOMMENT), FILTER (\nCOMMENT > 1);"), one_line);
}

/// Writes files into a folder, and reads one of them.
fn read(folder: &Path, files: &[(&str, &str)], name: &str) -> trailcore::Result<Select> {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let select = Select::from_file(folder.join(name))?;
    assert_eq!(Select::parse(&select.to_string()).unwrap(), select, "{select}");
    Ok(select)
}

#[test]
fn obey_and_include_read_files_from_where_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let tables = "-- it's a list\nTABLE HR.DEPT, FILTER (ID = 11);\n";
    let file = |files: &[(&str, &str)], name: &str| seen_by(read(dir.path(), files, name).unwrap());
    assert_eq!(file(&[("e.prm", "EXTRACT e\nOBEY tables.oby\n"), ("tables.oby", tables)], "e.prm"), "11");
    assert_eq!(file(&[("f.prm", "EXTRACT e\nobey 'tables.oby' -- all\n")], "f.prm"), "11");
    assert_eq!(
        file(&[("g.prm", "EXTRACT e\nTABLE HR.DEPT,\nOBEY where.oby\n;"), ("where.oby", "FILTER (ID = 10)")], "g.prm"),
        "10"
    );
    // Relative to GoldenGate's home, in which the parameter files have a folder of their own.
    let macros = "MACRO #m PARAMS (#t) BEGIN TABLE HR.#t, FILTER (ID = 11); END;\n";
    let files = [("dirprm/r.prm", "EXTRACT e\nINCLUDE ./dirprm/a.mac\n#m (DEPT)\n"), ("dirprm/a.mac", macros)];
    assert_eq!(file(&files, "dirprm/r.prm"), "11");
    let nested =
        [("dirprm/n.prm", "EXTRACT e\nINCLUDE sub/b.mac\n"), ("dirprm/sub/b.mac", "OBEY c.oby\n"), ("dirprm/sub/c.oby", tables)];
    assert_eq!(file(&nested, "dirprm/n.prm"), "11");
    // The home, if the caller names it.
    let error = read(dir.path(), &[("away/h.prm", "OBEY home.oby\n"), ("gg/home.oby", tables)], "away/h.prm").unwrap_err();
    assert!(error.to_string().contains("looked for") && error.to_string().contains("away"), "{error}");
    let home = SelectOptions { home: Some(dir.path().join("gg")), ..SelectOptions::default() }
        .read_file(dir.path().join("away/h.prm"))
        .unwrap();
    assert_eq!(seen_by(home), "11");
    for (name, text) in [("c1.prm", "OBEY c2.prm\n"), ("c2.prm", "INCLUDE c1.prm\n")] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let error = Select::from_file(dir.path().join("c1.prm")).unwrap_err();
    assert!(error.to_string().contains("contains itself"), "{error}");
}

#[test]
fn errors_name_the_line_of_the_file_that_they_are_in() {
    let dir = tempfile::tempdir().unwrap();
    let macros = "-- common\nMACRO #big PARAMS (#t)\nBEGIN\n  TABLE HR.#t,\n    FILTER (SALL > 1);\nEND;\n";
    let files = [("e.prm", "EXTRACT e\nINCLUDE a.mac\n#big (EMP)\nTABLE HR.DEPT, FILTER (IDD = 1);\n"), ("a.mac", macros)];
    let select = read(dir.path(), &files, "e.prm").unwrap();
    let problem = |name: &str| select.bind(&table(name)).problems().unwrap().to_string();
    let path = std::fs::canonicalize(dir.path()).unwrap().join("a.mac");
    assert!(
        problem("HR.EMP").contains(&format!("\n  line 5, column 13 of {}, in #BIG\n", path.display())),
        "{}",
        problem("HR.EMP")
    );
    assert!(problem("HR.DEPT").contains("\n  line 4, column 24\n"), "{}", problem("HR.DEPT"));
    // The same for an error of the grammar.
    let files = [("f.prm", "EXTRACT e\nINCLUDE b.mac\nTABLE HR.DEPT;\n"), ("b.mac", "\nTABLE HR.EMP,\n  FILTER (ID = );\n")];
    let error = read(dir.path(), &files, "f.prm").unwrap_err().to_string();
    assert!(error.contains("line 3, column 16 of ") && error.contains("b.mac\n"), "{error}");
}

#[test]
fn exceptions_maps_select_nothing() {
    check(&[
        (
            "REPLICAT r\nMAP HR.EMP, TARGET T.E, FILTER (SAL > 10);\nMAP HR.EMP, TARGET T.X, EXCEPTIONSONLY, INSERTALLRECORDS;",
            "2 3 d2 ddl:HR.EMP",
        ),
        ("REPLICAT r\nMAP HR.EMP, TARGET T.X, EXCEPTIONSONLY INSERTALLRECORDS;", ""),
        ("MACRO #e BEGIN , TARGET T.X, EXCEPTIONSONLY END;\nMAP HR.DEPT #e ();\nMAP HR.DEPT, TARGET T.D, WHERE (ID = 11);", "11"),
    ]);
}

#[test]
fn ignored_events_are_left_out() {
    check(&[
        ("REPLICAT r\nTABLE HR.EMP, FILTER (ID = 1), EVENTACTIONS (IGNORE RECORD, STOP);", ""),
        ("REPLICAT r\nTABLE HR.EMP, FILTER (ID = 1), EVENTACTIONS (IGNORE);\nMAP HR.EMP, TARGET T.E;", "2 3 d2 ddl:HR.EMP"),
        (
            "REPLICAT r\nMAP HR.EMP, TARGET T.E;\nTABLE HR.EMP, FILTER (ON INSERT, ID = 1), EVENTACTIONS (discard, LOG INFO);",
            "2 3 ddl:HR.EMP",
        ),
        (
            "EXTRACT e\nTABLE HR.EMP, FILTER (ID = 1), EVENTACTIONS (IGNORE RECORD);\nTABLE HR.*, FILTER (ID < 11);",
            "2 3 10 d2 ddl:HR.EMP",
        ),
        ("REPLICAT r\nMAP HR.DEPT, TARGET T.D, FILTER (ID = 11), EVENTACTIONS (DISCARD);\nMAP HR.DEPT, TARGET T.E;", "10"),
        // Other actions, and words inside quotes.
        ("EXTRACT e\nTABLE HR.DEPT, FILTER (ID = 11), EVENTACTIONS (SHELL 'ignore.sh discard', LOG INFO);", "11"),
        ("EXTRACT e\nTABLE HR.DEPT, FILTER (ID = 11), EVENTACTIONS (IGNORE TRANS INCLUDEEVENT);", "11"),
        // Arguments are no actions.
        ("EXTRACT e\nTABLE HR.DEPT, FILTER (ID = 11), EVENTACTIONS (TRACE ./dirrpt/ignore.trc, LOG INFO);", "11"),
        ("EXTRACT e\nTABLE HR.DEPT, FILTER (ID = 11), EVENTACTIONS (TRACE2 ./discard/t.trc PURGE);", "11"),
        ("EXTRACT e\nTABLE HR.DEPT, FILTER (ID = 11), EVENTACTIONS (SHELL (/u01/discard.sh, ignore), REPORT);", "11"),
    ]);
    check_diagnostics(&[
        ("EXTRACT e\nTABLE HR.DEPT, EVENTACTIONS (IGNORE TRANSACTION);", "TRANSACTION is not carried out"),
        ("REPLICAT r\nTABLE HR.EMP, EVENTACTIONS (STOP);", "OGG-01293"),
    ]);
    assert_eq!(diagnostics("EXTRACT e\nTABLE HR.DEPT, EVENTACTIONS (IGNORE RECORD, LOG INFO);"), "");
    // A reader that would take a whole table without a test must not skip the events.
    assert_eq!(diagnostics("EXTRACT e\nTABLE HR.DEPT, EVENTACTIONS (TRACE ./stop/suspend.trc);"), "");
    let select = parse("TABLE HR.DEPT, WHERE (ID = 10), EVENTACTIONS (IGNORE);\nTABLE HR.DEPT;").lenient();
    assert_eq!(seen_by(select), "11");
}

#[test]
fn an_undecidable_event_is_undecidable() {
    // FILTER sees a truncate as a row without columns.
    let text = "TABLE HR.DEPT, FILTER (ID = 10), EVENTACTIONS (IGNORE);\nTABLE HR.DEPT;";
    let trail = trail(true);
    let mut reader = trail.reader_with(ReadOptions::new().select(parse(text).lenient())).unwrap();
    while reader.next().unwrap().is_some() {}
    assert_eq!(reader.filter_counts().undecidable, 1);
}

#[test]
fn table_in_a_replicat_needs_an_event() {
    check_errors(&[
        ("REPLICAT r\nTABLE HR.DEPT, FILTER (ID = 1);", "TABLE in a Replicat needs EVENTACTIONS"),
        ("REPLICAT r\nMAP HR.EMP, TARGET T.E;\nTABLE HR.DEPT;", "write MAP source, TARGET target"),
    ]);
}

#[test]
fn ddl_is_filtered_by_its_parameter() {
    check(&[
        ("DDL EXCLUDE ALL\nTABLE HR.EMP, FILTER (ON INSERT, ID = 3);", "3 u1 d2"),
        ("DDL INCLUDE MAPPED EXCLUDE OBJNAME HR.*\nTABLE HR.EMP, FILTER (ID = 3);", "3"),
        ("DDL INCLUDE MAPPED &\n  EXCLUDE OBJNAME 'HR.E*' -- it's\nTABLE HR.EMP, FILTER (ID = 3);", "3"),
        ("DDL INCLUDE MAPPED, EXCLUDE OBJNAME X.*\nTABLE *.*, FILTER (ID = 3);", "3 ddl:HR.EMP"),
        ("DDL INCLUDE MAPPED OBJTYPE 'INDEX'\nTABLE HR.EMP, FILTER (ID = 3);", "3"),
        ("DDL INCLUDE MAPPED EXCLUDE OPTYPE ALTER\nTABLE HR.EMP, FILTER (ID = 3);", "3"),
        ("DDL INCLUDE MAPPED\nTABLE HR.EMP, FILTER (ID = 3);", "3 ddl:HR.EMP"),
        ("DDL INCLUDE ALL\nTABLE HR.EMP, FILTER (ID = 3);", "3 ddl:HR.EMP ddl:X.OTHER"),
        ("DDL INCLUDE UNMAPPED\nTABLE HR.EMP, FILTER (ID = 3);", "3 ddl:X.OTHER"),
    ]);
    check_diagnostics(&[("DDL INCLUDE MAPPED EXCLUDE INSTR 'a; b'\nTABLE HR.EMP;", "DDL: INSTR is not carried out")]);
    assert_eq!(diagnostics("DDL INCLUDE MAPPED EXCLUDE OBJNAME HR.X\nTABLE HR.EMP;"), "");
}

#[test]
fn truncates_are_selected_only_on_request_in_parameter_files() {
    let trail = trail(true);
    let dept = "TABLE HR.DEPT, FILTER (ON INSERT, ID > 0);";
    for (text, expected) in [
        (dept, "10 11 truncate:HR.DEPT"),
        (&format!("EXTRACT e\n{dept}"), "10 11"),
        (&format!("EXTRACT e\nGETTRUNCATES\n{dept}"), "10 11 truncate:HR.DEPT"),
        (&format!("EXTRACT e\n{dept}\nGETTRUNCATES\nTABLE HR.DEPT, FILTER (ON INSERT, ID = 10);"), "10 11 truncate:HR.DEPT"),
        (&format!("EXTRACT e\n{dept}\nGETTRUNCATES\nTABLE HR.EMP, FILTER (ID = 0);"), "10 11"),
        ("EXTRACT e\nTRAILCORE OPS truncate;\nTABLE HR.DEPT;", "truncate:HR.DEPT"),
        // Strict mode does not stop at a truncate that is not wanted.
        ("REPLICAT r\nMAP HR.DEPT, TARGET T.D, FILTER (ID > 0);", "10 11"),
    ] {
        let seen = seen_in(&trail, parse(text));
        assert_eq!(seen.replace(" ddl:HR.EMP", ""), expected, "{text}");
    }
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(seen_in(&trail, read(dir.path(), &[("a.prm", dept)], "a.prm").unwrap()), "10 11");
}

#[test]
fn the_first_map_of_a_target_is_used() {
    let two = "MAP HR.DEPT, TARGET T.D, FILTER (ON INSERT, ID = 99);\nMAP HR.DEPT, TARGET T.D;";
    let wild = "MAP HR.*, TARGET T.*, FILTER (ON INSERT, ID = 11);\nMAP HR.DEPT, TARGET T.DEPT;\nMAP HR.DEPT, TARGET T.OTHER, FILTER (ID = 10);";
    check(&[
        (&format!("REPLICAT r\n{two}"), ""),
        (&format!("REPLICAT r\nALLOWDUPTARGETMAP\n{two}"), "10 11"),
        (&format!("REPLICAT r\nNOALLOWDUPTARGETMAP\n{two}"), ""),
        (&format!("REPLICAT r\n{wild}"), "10 11 u1 d2 ddl:HR.EMP"),
    ]);
    check_diagnostics(&[(two, "used only with ALLOWDUPTARGETMAP")]);
    assert_eq!(diagnostics(&format!("ALLOWDUPTARGETMAP\n{two}")), "");
}

#[test]
fn an_exclude_after_a_trail_is_for_that_trail() {
    let a = "TABLE HR.*, FILTER (ON INSERT, ID > 0);";
    check(&[
        (
            &format!("EXTRACT e\nEXTTRAIL ./a\n{a}\nTABLEEXCLUDE HR.EMP\nEXTTRAIL ./b\nTABLE HR.EMP, FILTER (ID = 3);"),
            "3 10 11 20 ddl:HR.EMP",
        ),
        (&format!("EXTRACT e\nTABLEEXCLUDE HR.EMP\nEXTTRAIL ./a\n{a}\nRMTTRAIL ./b\nTABLE HR.EMP;"), "10 11 20"),
        (&format!("EXTRACT e\nEXTTRAIL ./a\n{a}\nTABLEEXCLUDE HR.EMP"), "10 11 20"),
        (&format!("EXTRACT e\n{a}\nEXTTRAIL ./a\nTABLEEXCLUDE HR.EMP\nEXTTRAIL ./b\nTABLE X.NONE;"), "10 11 20"),
        (&format!("EXTRACT e\nEXTTRAIL ./a\nSCHEMAEXCLUDE HR\n{a}\nEXTTRAIL ./b\nTABLE HR.DEPT, FILTER (ID = 11);"), "11"),
    ]);
}

#[test]
fn a_missing_semicolon_is_noticed() {
    check_errors(&[
        ("TABLE HR.*\nTABLEEXCLUDE HR.EMP", "the statement before TABLEEXCLUDE is not terminated"),
        ("TABLE HR.EMP\nIGNOREDELETES\nTABLE HR.DEPT;", "the statement before IGNOREDELETES is not terminated"),
        ("TABLE HR.EMP\nEXTTRAIL ./b\nTABLE X.*;", "the statement before EXTTRAIL is not terminated"),
        ("TABLE HR.EMP, FETCHCOLS (C)\nSCHEMAEXCLUDE X\n;", "the statement before SCHEMAEXCLUDE is not terminated"),
        ("MAP HR.EMP, TARGET T.E, HANDLECOLLISIONS\nMAP HR.DEPT, TARGET T.D;", "the statement before MAP is not terminated"),
        ("MAP HR.EMP, TARGET T.E\nREPORTCOUNT EVERY 1 HOURS\n;", "the statement before REPORTCOUNT is not terminated"),
    ]);
    check_diagnostics(&[
        ("TABLE HR.DEPT", "the last statement is not terminated"),
        ("TABLE HR.EMP;\nTABLE HR.DEPT, FILTER (ID = 1)\n-- end\n", "end it with ;"),
    ]);
}

#[test]
fn a_text_without_a_rule_is_not_all_changes() {
    check_errors(&[
        ("TABEL HR.DEPT;", "did you mean TABLE?"),
        ("FILE HR.DEPT;", "write TABLE"),
        ("EXTRACT e\nEXTTRAIL ./a\n", "no TABLE or MAP follows EXTRACT"),
        ("REPLICAT r\nASSUMETARGETDEFS", "to select all changes, write TABLE *;"),
        ("PARTITION HR.EMP.P1", "no TABLE or MAP"),
        ("EXTTRAIL ./a\nSEQUENCE HR.S;", "no TABLE or MAP"),
    ]);
    check(&[
        ("EXTRACT e\nTABLE *, FILTER (ON INSERT, ID = 3);", "3 u1 d2 ddl:HR.EMP ddl:X.OTHER"),
        ("TABLEEXCLUDE HR.*\nDDL EXCLUDE ALL", "30"),
    ]);
    check_diagnostics(&[
        ("TABLE HR.DEPT;\nIGNOREDELETE", "did you mean IGNOREDELETES?"),
        ("EXTTRAIL ./a\nGETTRUNCATES\n", "all changes are selected"),
        ("MAP HR.EMP, TARGET T.E;\nTABLE HR.DEPT, FILTER (ID = 11);", "a Replicat uses it for EVENTACTIONS only"),
        ("EXTRACT e\nDDL EXCLUDE OBJNAME X.*\nTABLE HR.EMP;", "selects no DDL"),
    ]);
    for silent in ["", "TABLE HR.DEPT;\nSEQUENCE HR.S;", "-- nothing\n", "EXTRACT e\nTABLE HR.EMP;\nDDL EXCLUDE ALL"] {
        assert_eq!(diagnostics(silent), "", "{silent}");
    }
}

#[test]
fn escape_sequences_are_characters_in_every_literal() {
    let emp = |clause: &str| seen(&format!("DDL EXCLUDE ALL\nTABLE HR.EMP, FILTER (ON INSERT, {clause});"));
    for (clause, inserts) in [
        (r"@STRFIND (C, '\\') = 2", "2"),
        (r"@STRCMP (C, '\x41') = 0", "1"),
        (r"@STRNCMP (C, '\x41B', 1) = 0", "1"),
        (r"@STREQ (C, 'a\\b')", "2"),
        (r"@STREQ (@STRCAT (C, '\x2C', 'b'), 'A,b')", "1"),
        (r"@STREQ (@IF (ID = 3, '\170', 'b'), C)", "3"),
        (r"@VALONEOF (C, '\u0041', '\x78')", "1 3"),
    ] {
        assert_eq!(emp(clause), format!("{inserts} u1 d2"), "{clause}");
    }
    check(&[
        (
            r"DDL EXCLUDE ALL
TABLE HR.EMP, WHERE (C = '\u0041');",
            "1",
        ),
        (r"TABLE HR.DEPT, WHERE (C = '\101');", "10"),
    ]);
    let select = parse(r"TABLE HR.EMP, COLMAP (X = '\u0041\101', Y = 'C:\temp');");
    let table = table("HR.EMP");
    let change = trailcore::change::Builder::new(Op::Insert, &table).build().unwrap();
    let row = select.bind(&table).project(&change.as_change(), 0, &mut trailcore::filter::Scratch::default()).unwrap();
    assert_eq!(format!("{:?}", row.columns), r#"[("X", Text("AA")), ("Y", Text("C:\\temp"))]"#);
    // A text that is built is exactly itself.
    for built in [r"a\b", r"a\\b", r"\x41"] {
        let expr = call(Function::StrEq, [text(built), text(built)]);
        assert_eq!(expr.to_string().parse::<Expr>().unwrap(), expr);
        let condition = Condition::eq("C", built);
        assert_eq!(condition.to_string().parse::<Condition>().unwrap(), condition);
        let found = seen_by(Select::builder().rule(Rule::table("HR.EMP").unwrap().where_(condition)).build());
        assert_eq!(found, if built == r"a\b" { "2 d2 ddl:HR.EMP" } else { "ddl:HR.EMP" });
    }
}

#[test]
fn escape_sequences_and_percent_signs_in_names() {
    check(&[
        (r#"TABLE HR."\u0044EPT", FILTER (ON INSERT, ID = 11);"#, "11"),
        (r"TABLE HR.\x44E\120T, FILTER (ID = 11);", "11"),
        (r#"TABLE HR."A%%B";"#, "20"),
        (r#"TABLE HR."A%B";"#, "20"),
        (r#"TABLE HR."A\%B";"#, "20"),
        (r#"TABLE HR.*, FILTER (ON INSERT, ID >= 11); TABLEEXCLUDE HR."A%%B" SCHEMAEXCLUDE X TABLEEXCLUDE HR.E*"#, "11"),
    ]);
}

#[test]
fn what_would_open_the_selection_is_an_error() {
    check(&[("TABLE HR.DEPT PARTITIONOBJID 1, 2, FILTER (ID = 11);", "11")]);
    check_errors(&[
        ("TABLE HR.DEPT, FITLER (ID = 11);", "did you mean FILTER?"),
        ("TABLE HR.DEPT, WHRE (ID = 11);", "did you mean WHERE?"),
        ("TABLE HR.EMP, HR.DEPT;", "write a statement for each"),
    ]);
}

#[test]
fn macros_have_all_documented_forms() {
    check(&[
        ("MACRO #m PARAMS (#t, #c) BEGIN TABLE HR.#t, COLS (#c), WHERE (ID = 11); END;\n#m (DEPT, {ID, C})", "11"),
        ("MACRO #m-1 BEGIN TABLE HR.DEPT, FILTER (ID = 11); END;\n#m-1 ()", "11"),
        // A body may have other words END, and comments between parameters.
        ("MACRO #m BEGIN\nTABLE HR.DEPT, TOKENS (TKN-END = 'x'), FILTER (ID = 11);\nEND;\n#m ()", "11"),
        ("MACRO #m BEGIN\nMAP HR.DEPT, TARGET T.D, FILTER (ID = 11), COLMAP (USEDEFAULTS, END = ID);\nEND;\n#m ()", "11"),
        ("MACRO #n BEGIN FILTER (ID = 11) END\nMACRO #m BEGIN TABLE HR.DEPT, #n (); END;\n#m ()", "11"),
        (
            "MACRO #m\nPARAMS (#t, -- the table's name, with a comma\n #i)\nBEGIN TABLE HR.#t, FILTER (ID = #i); END;\n#m (DEPT, 11)",
            "11",
        ),
        ("MACROCHAR $\nMACRO $m PARAMS ($a) BEGIN TABLE HR.$a, FILTER (ID = 11); END;\n$m (DEPT)", "11"),
    ]);
    check_errors(&[
        (
            "MACRO #m PARAMS (#a, #b) BEGIN TABLE HR.#a, FILTER (ID = #b); END;\n#m (DEPT)",
            "macro #M has no value for its parameter #B",
        ),
        ("MACRO #m PARAMS (#a) BEGIN TABLE HR.#a; END;\n#m (DEPT, EMP)", "macro #M has no parameter for the value EMP"),
        ("TABLE HR.EMP, INCLUDE a.mac;", "INCLUDE is not at the start of a line"),
    ]);
}

#[test]
fn statements_that_are_not_carried_out_are_reported() {
    check_diagnostics(&[
        ("TABLE HR.EMP, PARTITION (P1);", "PARTITION is not carried out: trails do not contain the partition of a row"),
        ("PARTITIONEXCLUDE HR.EMP.P1\nTABLE HR.EMP;", "PARTITIONEXCLUDE is not carried out"),
        (
            "TRANLOGOPTIONS FILTERTABLE HR.DEPT\nTABLE HR.*;",
            "FILTERTABLE is not carried out: transactions with a change of HR.DEPT",
        ),
        ("TRANLOGOPTIONS EXCLUDETAG 00, EXCLUDEFILTERTABLE HR.X -- it's\nTABLE HR.*;", "EXCLUDEFILTERTABLE is not carried out"),
        ("END RUNTIME\nTABLE HR.*;", "END RUNTIME is not carried out"),
        ("BEGIN NOW\nTABLE HR.*;", "BEGIN NOW is not carried out"),
    ]);
    check_errors(&[("END tomorrow\nTABLE HR.*;", "END needs a date and time")]);
}

#[test]
fn begin_and_end_are_limits_of_time() {
    // The trail starts at 2023-11-14 22:13:20.
    check(&[
        ("SPECIALRUN\nEND 1960-01-01 00:00:00\nTABLE HR.EMP, WHERE (ID > 0);", ""),
        ("END 2023-11-14 22:13:21\nTABLE *.*, FILTER (ON INSERT, ID > 0);", "1 2"),
        // The time of END belongs to the range.
        ("END 2023-11-14 22:13:22\nTABLE *.*, FILTER (ON INSERT, ID > 0);", "1 2 3"),
        ("BEGIN 2023-11-14 22:13:25\nEND '2023-11-14 22:14'\nTABLE *.*, FILTER (ON INSERT, ID > 0);", "20 30"),
        ("BEGIN 2099-01-01\nTABLE *.*;", ""),
    ]);
    // A process ends at one record; here each change is decided on by its own time.
    check_diagnostics(&[
        ("END 1960-01-01 00:00:00 -- old\nTABLE HR.EMP;", "END is compared with the time of each change; a process stops at one"),
        ("BEGIN 1960-01-01\nTABLE HR.EMP;", "a process starts at one record"),
    ]);
}

#[test]
fn operations_that_are_asked_for_in_vain_are_reported() {
    let report = |text: &str, ops: &str| {
        let limit = Select::parse(&format!("TRAILCORE OPS {ops};")).unwrap();
        let select = Select::parse(text).unwrap().and(limit);
        let trail = trail(true);
        let mut reader = trail.reader_with(ReadOptions::new().select(select)).unwrap();
        let mut count = 0;
        while reader.next().unwrap().is_some() {
            count += 1;
        }
        let notices: Vec<_> = reader.report().notices().into_iter().map(|notice| notice.text).collect();
        (count, notices.join("; "))
    };
    let rows = "insert,update,delete,pk_update,truncate";
    for (text, ops, count, notice) in [
        ("EXTRACT e\nTABLE HR.*;", "truncate", 0, "no truncate is selected"),
        ("EXTRACT e\nTABLE HR.*;", "insert,truncate", 6, "no truncate is selected"),
        ("EXTRACT e\nGETTRUNCATES\nTABLE HR.*;", "truncate", 1, ""),
        ("TABLE HR.*;", "truncate", 1, ""),
        ("IGNOREUPDATES\nTABLE HR.*;", "update", 0, "no update is selected"),
        // Some statements want them.
        ("IGNOREUPDATES\nTABLE HR.EMP;\nGETUPDATES\nTABLE X.*;", "update", 0, ""),
        // The operations that conditions imply are no wish.
        ("EXTRACT e\nTABLE HR.*;", rows, 8, ""),
    ] {
        let (seen, notices) = report(text, ops);
        assert_eq!(
            (seen, notices.starts_with(notice), notices.is_empty()),
            (count, true, notice.is_empty()),
            "{text} {ops}: {notices}"
        );
    }
}

#[test]
fn the_column_after_before_may_have_no_dot() {
    let plain = parse(
        "TABLE HR.EMP, FILTER (BEFORE.SAL < SAL AND AFTER.C = 1), WHERE (BEFORE.ID = 1), COLMAP (USEDEFAULTS, X = BEFORE.C);",
    );
    let text =
        "TABLE HR.EMP, FILTER (BEFORE SAL < SAL AND after C = 1), WHERE (before ID = 1), COLMAP (USEDEFAULTS, X = BEFORE C);";
    assert_eq!(parse(text), plain);
    check(&[(
        "TABLE HR.EMP, FILTER (ON UPDATE, BEFORE SAL = 5), FILTER (ON INSERT, 0), FILTER (ON DELETE, 0);",
        "u1 ddl:HR.EMP",
    )]);
}

#[test]
fn messages_name_the_way_out() {
    check_errors(&[
        ("TABLE HR.EMP, FILTER (ID = 1, RAISEERROR 21000);", "flags come before the expression"),
        ("TABLE HR.EMP, FILTER (ID = 1 ON INSERT);", "flags come before the expression"),
        ("TABLE HR.EMP, & FILTER (ID = 1);", "& continues a line and must be its last character"),
        ("TABLE HR.EMP, & -- note\nFILTER (ID = 1);", "write a comment on a line of its own"),
        ("EXTTRAIL ./a & -- note\nTABLE HR.EMP;", "write a comment on a line of its own"),
        ("TABLE HR.EMP, COLMAP (USEDEFAULTS, X = ID,);", "remove the comma before )"),
        ("TABLE HR.EMP, COLS (ID, C,);", "remove the comma before )"),
        ("TABLE HR.EMP, FILTER (ID = 1,);", "remove the comma before )"),
        ("TABLE HR.EMP, WHERE (SAL > BEFORE.SAL);", "write FILTER (column > BEFORE.column)"),
        ("TABLE HR.EMP, FILTER (@STREQ (@UPPER (C), 'A'));", "use @STRUP (text)"),
    ]);
}

#[test]
fn a_byte_order_mark_is_not_text() {
    assert_eq!(seen("\u{feff}TABLE HR.DEPT, FILTER (ID = 11);"), "11");
    let dir = tempfile::tempdir().unwrap();
    let files = [("a.prm", "\u{feff}OBEY b.oby\n"), ("b.oby", "\u{feff}TABLE HR.DEPT, FILTER (ID = 11);\n")];
    assert_eq!(seen_by(read(dir.path(), &files, "a.prm").unwrap()), "11");
}

/// A slip in a statement or option that leaves changes out is an error: without it they would be selected.
#[test]
fn a_misspelt_exclusion_is_an_error() {
    for (text, help) in [
        ("TABLXCLUDE HR.EMP\nTABLE HR.*;", "TABLEEXCLUDE?"),
        ("TABLE HR.*;\nTABLEEXCLUDES HR.EMP", "TABLEEXCLUDE?"),
        ("MAPEXCLUD HR.EMP\nMAP HR.*, TARGET HR.*;", "MAPEXCLUDE?"),
        ("SCHEMAEXCULDE HR\nTABLE *.*;", "SCHEMAEXCLUDE?"),
        ("EXCLUDETABLE HR.EMP\nTABLE HR.*;", "TABLEEXCLUDE?"),
        ("FILEEXCLUDE HR.EMP\nTABLE HR.*;", "TABLEEXCLUDE?"),
        ("IGNOREDELETE\nTABLE HR.*;", "IGNOREDELETES?"),
        ("IGNORE DELETES\nTABLE HR.*;", "IGNOREDELETES?"),
        ("INGOREUPDATES\nTABLE HR.*;", "IGNOREUPDATES?"),
        ("EXCLUDETAGS 00\nTABLE HR.*;", "EXCLUDETAG?"),
        ("TRANLOGOPTIONS EXCLUDETAGS 00\nTABLE HR.*;", "EXCLUDETAG?"),
        ("TRANLOGOPTIONS INLCUDETAG 00\nTABLE HR.*;", "INCLUDETAG?"),
        ("TABLE HR.DEPT;\nTABEL HR.EMP, FILTER (ID > 1);", "TABLE?"),
        ("MAP HR.A, TARGET HR.A;\nMAPP HR.B, TARGET HR.B;", "MAP?"),
        ("SOURCECATLOG PDB\nTABLE HR.*;", "SOURCECATALOG?"),
        ("TABLE HR.*, EXCLUDE HR.EMP;", "TABLEEXCLUDE owner.object"),
        ("TABLE HR.*, EXCLUDETABLE HR.EMP;", "TABLEEXCLUDE owner.object"),
        ("TABLE HR.* TABLXCLUDE HR.EMP;", "TABLEEXCLUDE owner.object"),
        ("TABLE HR.*, IGNORE UPDATE;", "IGNOREUPDATES"),
        ("TABLE HR.*, IGNOREUPDATE;", "IGNOREUPDATES"),
        ("TABLE HR.*, ON INSERT;", "FILTER (ON INSERT"),
        ("TABLE HR.*, COLSEXCLUDE (SAL);", "COLSEXCEPT?"),
    ] {
        let error = Select::parse(text).expect_err(text).to_string();
        assert!(error.contains(help) && error.contains('^') && error.contains(" is no "), "{text}: {error}");
    }
    // Parameters that GoldenGate has, or that are like nothing here, are skipped.
    for text in [
        "DDLTABLE GGS.H\nINSERTDELETES\nINSERTUPDATES\nGETCREATES\nIGNORECREATES\nIGNORERENAMES\nFLUSHSECS 3\nTABLE HR.*;",
        "EXCLUDEGGSTRANSRECS\nEXCLUDESUFFIXCHAR\nEXCLUDEHIDDENCOLUMNS\nPARTITIONEXCLUDE P\nEXCLUDETRANS T\nEXCLUDEUSER U\nTABLE HR.*;",
        "TRANLOGOPTIONS INTEGRATEDPARAMS (MAX_SGA_SIZE 200), EXCLUDETRANS T\nTABLE HR.*;",
        "TABLE HR.*, COMPARECOLS (ON UPDATE ALL), GETBEFORECOLS (ON DELETE ALL), THREADRANGE (1-3, ON ID);",
    ] {
        assert!(Select::parse(text).is_ok(), "{text}: {:?}", Select::parse(text));
    }
}
