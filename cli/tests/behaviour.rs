//! Runs the command line like a user, and checks its options, its output and its exit codes.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Run, data, trailcore};

fn cat(arguments: &[&str]) -> Run {
    trailcore(&[&["cat"], arguments].concat())
}

fn rbas(run: &Run) -> Vec<(u64, u64)> {
    assert_eq!(run.code, 0, "{}", run.err);
    let changes = run.out.lines().map(|line| trailcore_samples::plain::PlainChange::from_json(line).unwrap());
    changes.map(|change| (change.seqno, change.rba)).collect()
}

#[test]
fn json_of_the_samples_equals_the_stored_files() {
    for order in ["big", "little"] {
        let run = cat(&[&data(&format!("{order}/bk"))]);
        assert_eq!((run.code, run.out), (0, std::fs::read_to_string(data(&format!("{order}.jsonl"))).unwrap()));
    }
}

#[test]
fn from_and_until_in_all_their_forms() {
    let path = data("little/bk");
    let all = rbas(&cat(&[&path]));
    let (from, until) = (all[10], all[30]);
    let place = |(seqno, rba): (u64, u64)| format!("{seqno}:{rba}");
    assert_eq!(rbas(&cat(&[&path, "--from", &place(from), "--until", &place(until)])), all[10..30]);
    // The change at index 10 may be inside its transaction; a CSN and a time find the first change.
    let change = trailcore_samples::plain::PlainChange::from_json(cat(&[&path]).out.lines().nth(10).unwrap()).unwrap();
    let by_csn = rbas(&cat(&[&path, "--from", &format!("csn:{}", change.csn.unwrap())]));
    let by_time = rbas(&cat(&[&path, "--from", &change.ts]));
    assert_eq!(by_csn, by_time);
    assert!(by_csn.len() >= all.len() - 10 && all.ends_with(&by_csn));
    assert_eq!(cat(&[&path, "--from", "csn:99999999999"]).out, "");
    assert_eq!(trailcore(&["records", &path, "--from", "csn:99999999999"]).out, "");
    let refused = cat(&[&path, "--from", "0:1"]);
    assert_eq!((refused.code, refused.out.as_str()), (2, ""));
    assert!(refused.err.contains("no record starts at 0:1"), "{}", refused.err);
}

#[test]
fn tables_and_operations() {
    let path = data("big/bk");
    let count = |arguments: &[&str]| cat(&[&[path.as_str()], arguments].concat()).out.lines().count();
    let all = count(&[]);
    assert_eq!(count(&["--table", "bank.*"]), all);
    let two = count(&["--table", "*.POST*", "--table", "BANK.ACC?UNTS"]);
    assert_eq!(two + count(&["--table", "BANK.CUSTOMERS"]), all);
    assert_eq!(count(&["--ops", "insert,update,pk_update,delete,truncate,ddl"]), all);
    assert_eq!(count(&["--ops", "truncate"]), 1);
    assert!(count(&["--all"]) > all);
    assert_eq!(cat(&[&path, "--ops", "upsert"]).code, 2);
    for command in ["cat", "count", "check", "info", "tables"] {
        let run = trailcore(&[command, "no/such/trail"]);
        assert_eq!((run.code, run.out.as_str()), (3, ""), "{command}");
    }
}

#[test]
fn damage_sets_the_exit_code_after_the_changes_before_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bk000000000");
    let path = path.to_str().unwrap();
    let mut bytes = std::fs::read(data("big/bk000000000")).unwrap();
    std::fs::write(path, &bytes).unwrap();
    let whole = rbas(&cat(&[path]));
    let (_, damaged) = whole[5];
    bytes[damaged as usize + 4] = b'?';
    std::fs::write(path, &bytes).unwrap();

    let stopped = cat(&[path]);
    assert_eq!((stopped.code, stopped.out.lines().count()), (1, 5));
    assert!(stopped.err.contains(&format!("RBA {damaged}")), "{}", stopped.err);
    let passed = cat(&[path, "--resync"]);
    assert_eq!((passed.code, passed.out.lines().count()), (1, whole.len() - 1));
    assert!(passed.err.contains("skipped "), "{}", passed.err);
    let counted = trailcore(&["count", path]);
    assert_eq!(counted.code, 1);
    assert!(counted.out.contains("transactions"), "changes before the damage are counted: {}", counted.out);
    assert_eq!(trailcore(&["records", path]).code, 1);

    std::fs::write(path, &bytes[..damaged as usize - 3]).unwrap();
    let torn = cat(&[path]);
    assert_eq!((torn.code, torn.out.lines().count()), (4, 4));
    assert_eq!(trailcore(&["check", path]).code, 4);
}

fn lines(run: &Run) -> usize {
    assert_eq!(run.code, 0, "{}", run.err);
    run.out.lines().count()
}

#[test]
fn selections_in_goldengates_language() {
    let path = data("big/bk");
    let all = lines(&cat(&[&path]));
    let of_table = lines(&cat(&[&path, "--table", "BANK.POST*"]));
    let others = lines(&cat(&[&path, "--exclude", "BANK.POST*"]));
    assert!(of_table > 0 && others > 0 && of_table + others == all, "{of_table} and {others} of {all}");

    // A clause may include its keyword; both dialects; WHERE and FILTER together.
    let inserts = |filter: &str| cat(&[&path, "--table", "BANK.POSTINGS", "--ops", "insert", "--filter", filter]);
    let bare = inserts("ON INSERT, AMOUNT > 1000");
    assert!(lines(&bare) > 0);
    assert_eq!(inserts("FILTER (ON INSERT, AMOUNT > 1000)").out, bare.out);
    let by_where = cat(&[&path, "--table", "BANK.POSTINGS", "--ops", "insert", "--lenient", "--where", "AMOUNT > 1000"]);
    assert_eq!(by_where.out, bare.out);
    let quoted = ["--filter", "ON INSERT, @STREQ (CURRENCY, \"USD\") = 1", "--nonansi"];
    let plain = ["--filter", "ON INSERT, @STREQ (CURRENCY, 'USD') = 1"];
    let run = |rest: &[&str]| cat(&[&[&path as &str, "--table", "BANK.POSTINGS"], rest].concat());
    assert_eq!(run(&quoted).out, run(&plain).out);

    // The same from a parameter file.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.prm");
    let text = "EXTRACT pump\nEXTTRAIL ./dirdat/lt\n-- only postings\nTABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > 1000);\n";
    std::fs::write(&file, text).unwrap();
    let from_file = cat(&[&path, "--ops", "insert", "--param-file", file.to_str().unwrap()]);
    assert_eq!(from_file.out, bare.out);
    assert_eq!(from_file.err, "");

    // Statements that are not carried out are reported.
    std::fs::write(&file, format!("TRANLOGOPTIONS FILTERTABLE BANK.X\n{text}")).unwrap();
    let partial = cat(&[&path, "--ops", "insert", "--param-file", file.to_str().unwrap()]);
    assert_eq!(partial.out, bare.out);
    assert!(partial.err.contains("FILTERTABLE is not carried out"), "{}", partial.err);
    // Without a TABLE, not all changes are selected.
    std::fs::write(&file, "TABEL BANK.POSTINGS;\n").unwrap();
    let misspelt = cat(&[&path, "--param-file", file.to_str().unwrap()]);
    assert_eq!((misspelt.code, &*misspelt.out), (2, ""));
    assert!(misspelt.err.contains("did you mean TABLE?"), "{}", misspelt.err);
}

#[test]
fn explain_fails_if_a_rule_does_not_fit_its_table() {
    let path = data("big/bk");
    let explained = trailcore(&["explain", &path, "--table", "BANK.POSTINGS", "--where", "AMUONT > 1000", "--lenient"]);
    assert_eq!(explained.code, 2);
    assert_eq!(explained.out.matches("did you mean AMOUNT?").count(), 1, "{}", explained.out);
    assert!(!explained.out.contains("no tests"), "{}", explained.out);
}

#[test]
fn undecidable_changes_are_reported() {
    let path = data("big/bk");
    // Deletes have the key only.
    let select = |rest: &[&str]| cat(&[&[path.as_str(), "--table", "BANK.POSTINGS", "--where", "AMOUNT > 1000"], rest].concat());
    let strict = select(&["--strict"]);
    assert_eq!(strict.code, 5);
    assert!(strict.err.contains("OGG-03019") && strict.err.contains("AMOUNT") && strict.err.contains("RBA"), "{}", strict.err);
    let usual = select(&[]);
    assert!(usual.code == 5 && usual.err.contains("rejected as undecidable"), "{}", usual.err);
    // The wanted rows, and no DDL among them.
    assert!(usual.out.lines().count() == 15 && !usual.out.contains("\"ddl\","), "{}", usual.out);
    let lenient = select(&["--lenient"]);
    assert_eq!((lenient.code, &lenient.out), (0, &usual.out));
    assert!(lenient.err.contains("rejected as undecidable"), "{}", lenient.err);
    assert_eq!(select(&["--ops", "insert"]).code, 0);

    // A selection that cannot be right for a table is an error in every mode.
    for mode in [&["--strict"][..], &["--lenient"], &[]] {
        for command in ["cat", "count", "tables"] {
            let arguments = [&[command, &path, "--table", "BANK.POSTINGS", "--where", "AMMOUNT > 1000"], mode].concat();
            let typo = trailcore(&arguments);
            assert_eq!((typo.code, typo.out.as_str()), (2, ""), "{arguments:?}");
            assert!(typo.err.contains("did you mean AMOUNT?") && !typo.err.contains("damage"), "{}", typo.err);
        }
    }
    assert_eq!(trailcore(&["explain", &path, "--table", "BANK.POSTINGS", "--where", "AMMOUNT > 1000"]).code, 2);

    let wrong = cat(&[&path, "--filter", "@STRFND (MEMO, 'x') > 0"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""));
    assert!(wrong.err.contains("did you mean @STRFIND?") && wrong.err.contains('^'), "{}", wrong.err);
    let explained = trailcore(&["explain", &path, "--table", "BANK.POSTINGS", "--filter", "AMOUNT > 1000 AND BRANCH = 7"]);
    for part in ["64-bit integer", "columns AMOUNT", "no rule names it", "may be NULL"] {
        assert!(explained.out.contains(part), "{part}: {}", explained.out);
    }
}

#[test]
fn a_damaged_trail_leaves_no_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bk000000000");
    let mut bytes = std::fs::read(data("big/bk000000000")).unwrap();
    std::fs::write(&path, &bytes).unwrap();
    let (_, damaged) = rbas(&cat(&[path.to_str().unwrap()]))[9];
    bytes[damaged as usize + 4] = b'?';
    std::fs::write(&path, &bytes).unwrap();
    for format in ["parquet", "csv", "arrow", "jsonl"] {
        let out = directory.path().join("out");
        let run = trailcore(&["convert", path.to_str().unwrap(), "--to", format, "--out", out.to_str().unwrap()]);
        assert_eq!((run.code, run.out.as_str()), (1, ""), "{}", run.err);
        assert!(!out.exists());
        let skipped =
            trailcore(&["convert", path.to_str().unwrap(), out.to_str().unwrap(), "--format", format, "--resync", "--json"]);
        let report: serde_json::Value = serde_json::from_str(&skipped.out).unwrap();
        assert_eq!((skipped.code, report["files"].as_array().unwrap().len()), (1, 3), "{}", skipped.err);
        assert!(report["files"][0]["rows"].is_u64() && report["skipped"][0]["reason"].is_string());
        std::fs::remove_dir_all(out).unwrap();
    }
}

#[test]
fn info_says_why_a_file_has_no_header() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let whole = std::fs::read(data("big/bk000000000")).unwrap();
    for (path, code) in [
        (file("text.txt", b"root:x:0:0:root:/root:/bin/sh\n"), 1),
        (file("empty", b""), 4),
        (file("torn", &whole[..100]), 4),
        (file("lines.jsonl", &std::fs::read(data("big.jsonl")).unwrap()), 0),
    ] {
        let run = trailcore(&["info", &path]);
        assert_eq!((run.code, run.err.is_empty()), (code, code == 0), "{path}: {} {}", run.out, run.err);
        let run = trailcore(&["info", &path, "--json"]);
        let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!((run.code, report["files"][0]["problem"].is_string()), (code, code != 0), "{path}");
    }
}

#[test]
fn explain_knows_the_other_definitions_of_a_table() {
    let columns = |names: &[&str]| {
        let columns = names.iter().map(|name| trailcore::schema::ColumnDef::number(*name)).collect();
        std::sync::Arc::new(trailcore::schema::TableDef::new("T.T", columns))
    };
    let directory = tempfile::tempdir().unwrap();
    let prefix = directory.path().join("lt");
    let mut writer = trailcore::sink::TrailWriter::create(&prefix, Default::default()).unwrap();
    for (csn, table) in [("1", columns(&["A", "OLD"])), ("2", columns(&["A"]))] {
        writer.begin(csn, csn, trailcore::Timestamp::from_unix_micros(0)).unwrap();
        let mut row = trailcore::sink::RowBuilder::new(&table, trailcore::trail::ByteOrder::Big);
        row.number("A", csn).unwrap();
        writer.insert(&table, row.bytes()).unwrap();
        writer.commit().unwrap();
    }
    writer.finish().unwrap();
    let path = prefix.display().to_string();
    for (column, code) in [("OLD", 0), ("ODL", 2)] {
        let run = trailcore(&["explain", &path, "--table", "T.T", "--where", &format!("{column} > 1"), "--lenient"]);
        assert_eq!(run.code, code, "{column}: {} {}", run.out, run.err);
    }
}

#[test]
fn reports_are_json_with_numbers() {
    let path = data("big/bk");
    let report = |arguments: &[&str]| -> serde_json::Value {
        let run = trailcore(&[arguments, &["--json"]].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        serde_json::from_str(&run.out).unwrap()
    };
    assert_eq!(report(&["info", &path])["bytes"], 30328);
    let count = report(&["count", &path]);
    assert_eq!((&count["changes"], &count["tables"]["BANK.POSTINGS"]["ops"]["insert"]), (&88.into(), &49.into()));
    assert_eq!(report(&["count", &path, "--records"])["records"], 104);
    let tables = report(&["tables", &path, "--table", "BANK.POSTINGS"]);
    assert_eq!(tables["tables"].as_object().unwrap().keys().collect::<Vec<_>>(), ["BANK.POSTINGS"]);
    assert_eq!(tables["tables"]["BANK.POSTINGS"]["columns"][0]["key"], true);
    let check = report(&["check", &path]);
    assert_eq!((&check["is_whole"], &check["records"]), (&true.into(), &104.into()));
    assert!(report(&["find", &path, "--at", "csn:7824137850"])["position"].is_string());
    let explained = report(&["explain", &path, "--table", "BANK.POSTINGS"]);
    assert_eq!(explained["tables"].as_array().unwrap().len(), 3);
    let record = report(&["records", &path, "--from", "0:1980", "--limit", "1", "--hex"]);
    assert_eq!(record["hex"].as_str().unwrap().len() as u64, record["length"].as_u64().unwrap() * 2);
}

#[test]
fn a_missing_change_is_not_found() {
    let run = trailcore(&["find", &data("big/bk"), "--at", "2030-01-01"]);
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    assert_eq!(trailcore(&["find", &data("big/bk"), "--at", "0:1980"]).code, 2);
}

#[test]
fn shells_get_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let run = trailcore(&["completions", shell]);
        assert!(run.code == 0 && run.out.contains("param-file"), "{shell}");
    }
    assert_eq!(trailcore(&["completions", "tcsh"]).code, 2);
}

#[test]
fn native_json_lines_are_read_like_a_trail() {
    let path = data("big.jsonl");
    assert_eq!(cat(&[&path]).out, std::fs::read_to_string(&path).unwrap());
    let inserts = ["--table", "BANK.POSTINGS", "--ops", "insert", "--filter", "AMOUNT > 1000"];
    assert_eq!(
        cat(&[&[path.as_str()], &inserts[..]].concat()).out,
        cat(&[&[data("big/bk").as_str()], &inserts[..]].concat()).out
    );
    assert_eq!(trailcore(&["count", &path]).out.lines().last(), trailcore(&["count", &data("big/bk")]).out.lines().last());
    for (command, says) in
        [("info", "1 file"), ("tables", "BANK.POSTINGS"), ("check", "whole"), ("explain", "all changes are selected")]
    {
        let run = trailcore(&[command, &path]);
        assert_eq!(run.code, 0, "{command}: {}", run.err);
        assert!(run.out.contains(says), "{command}: {}", run.out);
    }
    let records = trailcore(&["records", &path]);
    assert_eq!(records.code, 1);
    assert!(records.err.contains("these are JSON lines"), "{}", records.err);
    let out = tempfile::tempdir().unwrap();
    let run = trailcore(&["convert", &path, out.path().to_str().unwrap(), "--to", "csv"]);
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn an_index_is_written_once_and_used() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("indexes").display().to_string();
    let path = data("big/bk");
    let first = trailcore(&["index", &path, "--to", &folder]);
    assert_eq!((first.code, first.out.matches("written").count()), (0, 3), "{}{}", first.out, first.err);
    let again = trailcore(&["index", &path, "--to", &folder, "--json"]);
    assert_eq!((again.code, again.out.matches("\"written\": false").count()), (0, 3), "{}", again.out);
    let from = ["--from", "2024-03-01T00:00:30"];
    let with = cat(&[&[path.as_str(), "--index", &folder], &from[..]].concat());
    assert_eq!((with.code, with.out), (0, cat(&[&[path.as_str()], &from[..]].concat()).out));
    // A torn file has an index of its whole records, and the exit code of a trail that is still written.
    let torn = scratch.path().join("tt000000000");
    let bytes = std::fs::read(data("big/bk000000000")).unwrap();
    std::fs::write(&torn, &bytes[..bytes.len() - 3]).unwrap();
    let torn = trailcore(&["index", torn.to_str().unwrap(), "--to", &folder]);
    assert_eq!(torn.code, 4, "{}", torn.err);
    assert!(torn.err.contains("ends inside a record"), "{}", torn.err);
    assert_eq!(trailcore(&["index", &data("big.jsonl"), "--to", &folder]).code, 2);
}

#[test]
fn a_torn_file_before_another_one_is_damage() {
    let scratch = tempfile::tempdir().unwrap();
    let file = |number: usize| std::fs::read(data(&format!("big/bk00000000{number}"))).unwrap();
    let write = |number: usize, bytes: &[u8]| std::fs::write(scratch.path().join(format!("bk00000000{number}")), bytes).unwrap();
    let path = scratch.path().join("bk").display().to_string();
    let torn = |number: usize| {
        (0..3).for_each(|number| write(number, &file(number)));
        let bytes = file(number);
        write(number, &bytes[..bytes.len() - 3]);
    };
    for (number, wanted) in [(1, 1), (2, 4)] {
        torn(number);
        for command in [vec!["cat", &path], vec!["count", &path], vec!["records", &path], vec!["cat", &path, "--threads", "2"]] {
            let run = trailcore(&command);
            assert_eq!(run.code, wanted, "{command:?} of a trail whose file {number} is torn: {}", run.err);
            assert!(run.err.contains("ends inside a record"), "{}", run.err);
            assert_eq!(run.err.contains("may not be done yet"), number == 2, "{}", run.err);
        }
    }
    write(1, b"");
    assert_eq!(trailcore(&["count", &path]).code, 1);
}

#[test]
fn a_condition_is_for_the_table_of_the_command() {
    let path = data("big/bk");
    let of = |arguments: &[&str]| trailcore(&[arguments, &["--where", "AMOUNT > 1000"]].concat());
    let state = of(&["state", &path, "BANK.POSTINGS"]);
    // Deletes lack the amount.
    assert_eq!((state.code, state.out.lines().count() > 0), (5, true), "{}", state.err);
    assert!(!state.err.contains("does not fit"), "{}", state.err);
    assert_eq!(of(&["count", &path]).code, 2);
}

#[test]
fn an_anonymised_trail_has_the_same_structure_and_other_values() {
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("key"), "a key that has enough bytes").unwrap();
    let anonymise = |arguments: &[&str]| trailcore(&[&["anonymise", &data("big/bk")], arguments].concat());
    let equal = "BANK.ACCOUNTS.CURRENCY,BANK.POSTINGS.CURRENCY";
    let run = anonymise(&["-o", &path("one"), "--key-file", &path("key"), "--equal", equal, "--json"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&report["changes"], &report["errors"]), (&88.into(), &0.into()));
    assert!(!run.out.contains("POSTINGS"), "{}", run.out);
    let all = cat(&[&data("big/bk")]);
    let new = cat(&[&path("one")]);
    assert_eq!(rbas(&all), rbas(&new));
    assert!(!new.out.contains("POSTINGS") && !new.out.contains("example.org"));
    assert_eq!(trailcore(&["check", &path("one")]).code, 0);
    let text = anonymise(&["-o", &path("two")]);
    assert!(text.code == 0 && text.out.contains("proved: the same structure") && text.out.contains("88 changes"), "{}", text.out);
    let refused = anonymise(&["-o", &path("two")]);
    assert!(refused.code == 2 && refused.err.contains("exists"), "{}", refused.err);
    let refused = anonymise(&["-o", &path("three"), "--equal", "BANK.POSTINGS.NO"]);
    assert!(
        refused.code == 2 && refused.err.contains("BANK.POSTINGS.NO") && !scratch.path().join("three").exists(),
        "{}",
        refused.err
    );
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 3);
}

#[test]
fn a_killed_anonymise_leaves_nothing_under_the_name() {
    let scratch = tempfile::tempdir().unwrap();
    let bank = trailcore_samples::Bank::bench(trailcore::trail::ByteOrder::Big, 300_000);
    trailcore_samples::write_bank(scratch.path(), &bank).unwrap();
    let mut killed = 0;
    for (number, millis) in [1, 5, 20, 60, 120, 240, 480].into_iter().enumerate() {
        let to = scratch.path().join(format!("to{number}"));
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_trailcore"))
            .args(["anonymise", "bk", "-o"])
            .arg(&to)
            .current_dir(scratch.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(millis));
        child.kill().unwrap();
        let is_whole = child.wait().unwrap().success();
        killed += u32::from(!is_whole);
        // A process may be killed after its last step.
        assert!(!is_whole || to.exists());
        if to.exists() {
            assert_eq!(trailcore(&["check", to.to_str().unwrap()]).code, 0);
        }
    }
    assert!(killed > 0, "each run ended before it was killed");
}

#[test]
fn texts_in_other_encodings_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let trail = data("big/bk");
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain("TABLE BANK.*;".bytes().flat_map(|byte| [byte, 0])).collect();
    let cases = [
        (&b"TABLE BANK.*;\n-- f\xc3\xbcr K\xe4ufer\n"[..], "line 2, column 9: the text is not UTF-8"),
        (&utf16[..], "the text is UTF-16"),
    ];
    for (bytes, message) in cases {
        for (name, text) in [("a.prm", bytes), ("b.prm", b"INCLUDE ./a.prm\nTABLE BANK.ACCOUNTS;\n")] {
            std::fs::write(path(name), text).unwrap();
            let run = trailcore(&["count", &trail, "--param-file", &path(name)]);
            assert!(run.code == 2 && run.err.contains(message) && run.err.contains("UTF-8"), "{} {}", run.code, run.err);
        }
    }
    // A mark before UTF-8 is not a part of the first line.
    let lines = cat(&[&trail]).out;
    std::fs::write(path("marked.jsonl"), format!("\u{feff}{lines}")).unwrap();
    let run = cat(&[&path("marked.jsonl")]);
    assert_eq!((run.code, run.out), (0, lines), "{}", run.err);
}

#[test]
fn a_trail_is_not_saved_to_the_standard_output() {
    let run = trailcore(&["save", &data("big/bk"), "-"]);
    assert!(run.code == 2 && run.err.contains("standard output"), "{} {}", run.code, run.err);
    assert!(!std::path::Path::new("-000000000").exists());
}

/// A column that no table has is reported; one that a later table has is no slip.
#[test]
fn a_misspelt_column_is_said() {
    let path = data("big/bk");
    for (columns, code) in [("AMUONT", 2), ("POSTING_ID, AMUONT", 2), ("NOPE", 2), ("POSTING_ID,amount,NAME", 0)] {
        let run = cat(&[&path, "--columns", columns]);
        assert_eq!((run.code, run.out.lines().count()), (code, cat(&[&path]).out.lines().count()), "{columns}: {}", run.err);
        assert_eq!(run.err.contains("no table has a column"), code == 2, "{}", run.err);
    }
    assert!(cat(&[&path, "--columns", "AMUONT"]).err.contains("no table has a column AMUONT; did you mean AMOUNT?"));
    for (limit, columns, code) in [("1", "AMOUNT", 0), ("6", "AMOUNT", 0), ("60", "AMUONT", 2)] {
        assert_eq!(cat(&[&path, "--limit", limit, "--columns", columns]).code, code, "{limit} {columns}");
    }
}

#[test]
fn a_name_that_fits_no_table_is_said_by_every_command() {
    let path = data("big/bk");
    let notice = "no table BANK.POSTNGS in what was read; the tables are BANK.ACCOUNTS, BANK.CUSTOMERS, BANK.POSTINGS";
    for arguments in [
        &["count", &path, "--exclude", "BANK.POSTNGS"][..],
        &["cat", &path, "--table", "BANK.*", "--exclude", "BANK.POSTNGS"],
        &["explain", &path, "--table", "BANK.POSTNGS"],
        &["records", &path, "--table", "BANK.POSTNGS"],
        &["records", &path, "--table", "BANK.POSTNGS", "--last", "2"],
        &["records", &path, "--table", "BANK.POSTNGS", "--table", "bank.cust*", "--reverse"],
    ] {
        let run = trailcore(arguments);
        assert_eq!((run.code, run.err.trim()), (2, format!("trailcore: {notice}").as_str()), "{arguments:?}");
    }
    for arguments in [
        &["records", &path, "--table", "BANK.POSTINGS", "--limit", "1"][..],
        &["records", &path, "--table", "BANK.POSTINGS", "--type", "Delete", "--string", "nothing has this"],
        &["explain", &path, "--table", "BANK.P*", "--exclude", "OLD.*"],
        &["count", &path, "--exclude", "OLD.*"],
    ] {
        let run = trailcore(arguments);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn an_option_cannot_leave_its_clause() {
    let path = data("big/bk");
    for arguments in [
        ["--table", "BANK.POSTINGS; TABLE BANK.*"],
        ["--exclude", "BANK.POSTINGS; TABLE BANK.*"],
        ["--where", "AMOUNT > 1000); TABLE BANK.*; TABLE BANK.POSTINGS, WHERE (AMOUNT > 1"],
        ["--filter", "AMOUNT > 1000), COLS (AMOUNT"],
    ] {
        let run = cat(&[&[path.as_str()], &arguments[..]].concat());
        assert!((run.code, run.out.as_str()) == (2, "") && run.err.contains('^'), "{arguments:?}: {}", run.err);
    }
}
