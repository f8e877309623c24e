//! The dump program: its options, output and exit codes.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::process::Command;

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn data(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data").join(name).to_str().unwrap().to_owned()
}

fn dump(arguments: &[&str]) -> Run {
    // Cargo builds examples next to the tests.
    let program: PathBuf = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("examples/dump");
    let output = Command::new(program).args(arguments).output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn rbas(run: &Run) -> Vec<(u64, u64)> {
    assert_eq!(run.code, 0, "{}", run.err);
    let changes = run.out.lines().map(|line| trailcore::PlainChange::from_json(line).unwrap());
    changes.map(|change| (change.seqno, change.rba)).collect()
}

#[test]
fn json_of_the_samples_equals_the_stored_files() {
    for order in ["big", "little"] {
        let run = dump(&[&data(&format!("{order}/bk")), "--json"]);
        assert_eq!((run.code, run.out), (0, std::fs::read_to_string(data(&format!("{order}.jsonl"))).unwrap()));
    }
}

#[test]
fn from_and_until_in_all_their_forms() {
    let path = data("little/bk");
    let all = rbas(&dump(&[&path, "--json"]));
    let (from, until) = (all[10], all[30]);
    let place = |(seqno, rba): (u64, u64)| format!("{seqno}:{rba}");
    assert_eq!(rbas(&dump(&[&path, "--json", "--from", &place(from), "--until", &place(until)])), all[10..30]);
    // The change at index 10 may be inside its transaction; a CSN and a time find the first change.
    let change = trailcore::PlainChange::from_json(dump(&[&path, "--json"]).out.lines().nth(10).unwrap()).unwrap();
    let by_csn = rbas(&dump(&[&path, "--json", "--from", &format!("csn:{}", change.csn.unwrap())]));
    let by_time = rbas(&dump(&[&path, "--json", "--from", &change.ts]));
    assert_eq!(by_csn, by_time);
    assert!(by_csn.len() >= all.len() - 10 && all.ends_with(&by_csn));
    assert_eq!(dump(&[&path, "--json", "--from", "csn:99999999999"]).out, "");
    assert_eq!(dump(&[&path, "--records", "--from", "csn:99999999999"]).out, "");
    let refused = dump(&[&path, "--from", "0:1"]);
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    assert!(refused.err.contains("no record starts at 0:1"), "{}", refused.err);
}

#[test]
fn tables_and_operations() {
    let path = data("big/bk");
    let count = |arguments: &[&str]| dump(&[&[path.as_str(), "--json"], arguments].concat()).out.lines().count();
    let all = count(&[]);
    assert_eq!(count(&["--tables", "bank.*"]), all);
    assert_eq!(count(&["--tables", "*.POST*,BANK.ACC?UNTS"]) + count(&["--tables", "BANK.CUSTOMERS"]), all);
    assert_eq!(count(&["--ops", "insert,update,pk_update,delete,truncate,ddl"]), all);
    assert_eq!(count(&["--ops", "truncate"]), 1);
    assert!(count(&["--all"]) > all);
    assert_eq!(dump(&[&path, "--ops", "upsert"]).code, 2);
    assert_eq!(dump(&[&path, "--json", "--summary"]).code, 2);
    assert_eq!(dump(&["no/such/trail"]).code, 1);
}

#[test]
fn damage_sets_the_exit_code_after_the_changes_before_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bk000000000");
    let path = path.to_str().unwrap();
    let mut bytes = std::fs::read(data("big/bk000000000")).unwrap();
    std::fs::write(path, &bytes).unwrap();
    let whole = rbas(&dump(&[path, "--json"]));
    let (_, damaged) = whole[5];
    bytes[damaged as usize + 4] = b'?';
    std::fs::write(path, &bytes).unwrap();

    let stopped = dump(&[path, "--json"]);
    assert_eq!((stopped.code, stopped.out.lines().count()), (1, 5));
    assert!(stopped.err.contains(&format!("RBA {damaged}")), "{}", stopped.err);
    let passed = dump(&[path, "--json", "--resync"]);
    assert_eq!((passed.code, passed.out.lines().count()), (1, whole.len() - 1));
    assert!(passed.err.contains("passed over"), "{}", passed.err);
    let counted = dump(&[path, "--summary"]);
    assert_eq!(counted.code, 1);
    assert!(counted.out.contains("transactions"), "changes before the damage are counted: {}", counted.out);
    assert_eq!(dump(&[path, "--records"]).code, 1);

    std::fs::write(path, &bytes[..damaged as usize - 3]).unwrap();
    let torn = dump(&[path, "--json"]);
    assert_eq!((torn.code, torn.out.lines().count()), (1, 4));
    std::fs::write(path, b"").unwrap();
    assert_eq!(dump(&[path]).code, 1);
}

fn lines(run: &Run) -> usize {
    assert_eq!(run.code, 0, "{}", run.err);
    run.out.lines().count()
}

#[test]
fn selections_in_goldengates_language() {
    let path = data("big/bk");
    let all = lines(&dump(&[&path, "--json"]));
    let of_table = lines(&dump(&[&path, "--json", "--table", "BANK.POST*"]));
    let others = lines(&dump(&[&path, "--json", "--exclude", "BANK.POST*"]));
    assert!(of_table > 0 && others > 0 && of_table + others == all, "{of_table} and {others} of {all}");

    // A clause may include its keyword; both dialects; WHERE and FILTER together.
    let inserts = |filter: &str| dump(&[&path, "--json", "--table", "BANK.POSTINGS", "--ops", "insert", "--filter", filter]);
    let bare = inserts("ON INSERT, AMOUNT > 1000");
    assert!(lines(&bare) > 0);
    assert_eq!(inserts("FILTER (ON INSERT, AMOUNT > 1000)").out, bare.out);
    let by_where =
        dump(&[&path, "--json", "--table", "BANK.POSTINGS", "--ops", "insert", "--lenient", "--where", "AMOUNT > 1000"]);
    assert_eq!(by_where.out, bare.out);
    let quoted = ["--filter", "ON INSERT, @STREQ (CURRENCY, \"USD\") = 1", "--nonansi"];
    let plain = ["--filter", "ON INSERT, @STREQ (CURRENCY, 'USD') = 1"];
    let run = |rest: &[&str]| dump(&[&[&path as &str, "--json", "--table", "BANK.POSTINGS"], rest].concat());
    assert_eq!(run(&quoted).out, run(&plain).out);

    // The same from a parameter file.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.prm");
    let text = "EXTRACT pump\nEXTTRAIL ./dirdat/lt\n-- postings alone\nTABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > 1000);\n";
    std::fs::write(&file, text).unwrap();
    let from_file = dump(&[&path, "--json", "--ops", "insert", "--param-file", file.to_str().unwrap()]);
    assert_eq!(from_file.out, bare.out);
}

#[test]
fn undecidable_changes_are_reported() {
    let path = data("big/bk");
    // Deletes have the key only: strict mode stops with the error number, column and position; lenient mode counts.
    let strict = dump(&[&path, "--json", "--table", "BANK.POSTINGS", "--where", "AMOUNT > 1000"]);
    assert_eq!(strict.code, 1);
    assert!(strict.err.contains("OGG-03019") && strict.err.contains("AMOUNT") && strict.err.contains("RBA"), "{}", strict.err);
    let lenient = dump(&[&path, "--json", "--lenient", "--table", "BANK.POSTINGS", "--where", "AMOUNT > 1000"]);
    assert!(lenient.code == 0 && lenient.err.contains("could not be decided on"), "{}", lenient.err);

    let wrong = dump(&[&path, "--filter", "@STRFND (MEMO, 'x') > 0"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (1, ""));
    assert!(wrong.err.contains("did you mean @STRFIND?") && wrong.err.contains('^'), "{}", wrong.err);
    let explained = dump(&[&path, "--explain", "--table", "BANK.POSTINGS", "--filter", "AMOUNT > 1000 AND BRANCH = 7"]);
    for part in ["64-bit integer", "columns AMOUNT", "no rule names it", "may be NULL"] {
        assert!(explained.out.contains(part), "{part}: {}", explained.out);
    }
}
