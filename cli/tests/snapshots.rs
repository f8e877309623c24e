//! Compares help texts and the output of commands with the files in `snapshots/`. `INSTA_UPDATE=always cargo test -p trailcore-cli`
//! updates the files.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::trailcore;

const COMMANDS: [&str; 10] = ["info", "tables", "count", "cat", "records", "find", "check", "explain", "convert", "completions"];

fn shown(arguments: &[&str]) -> String {
    let run = trailcore(arguments);
    let err = if run.err.is_empty() { String::new() } else { format!("--- standard error\n{}", run.err) };
    format!("{}{err}--- exit code {}", run.out, run.code)
}

#[test]
fn help() {
    insta::assert_snapshot!("help", shown(&["--help"]));
    for command in COMMANDS {
        insta::assert_snapshot!(format!("help_{command}"), shown(&[command, "--help"]));
    }
}

#[test]
fn output() {
    let cases: [(&str, &[&str]); 10] = [
        ("info", &["info", "big/bk"]),
        ("tables", &["tables", "big/bk"]),
        ("count", &["count", "big/bk"]),
        ("count_records", &["count", "big/bk", "--records"]),
        ("cat_text", &["cat", "big/bk", "--text", "--limit", "5"]),
        ("cat_columns", &["cat", "big/bk", "--table", "BANK.POSTINGS", "--columns", "AMOUNT", "--limit", "3"]),
        ("records", &["records", "big/bk", "--from", "0:1980", "--limit", "2", "--hex"]),
        ("find", &["find", "big/bk", "--at", "2024-03-01T00:00:30"]),
        ("check", &["check", "big/bk"]),
        ("explain", &["explain", "big/bk", "--table", "BANK.POSTINGS", "--filter", "ON INSERT, AMOUNT > 1000"]),
    ];
    for (name, arguments) in cases {
        insta::assert_snapshot!(name, shown(arguments));
    }
}

#[test]
fn messages() {
    let cases: [(&str, &[&str]); 12] = [
        ("no_arguments", &[]),
        ("unknown_command", &["frobnicate"]),
        ("unknown_operation", &["cat", "big/bk", "--ops", "upsert"]),
        ("unknown_place", &["cat", "big/bk", "--from", "yesterday"]),
        ("unknown_table", &["cat", "big/bk", "--table", "BANK.POSTNGS"]),
        ("wrong_filter", &["cat", "big/bk", "--table", "BANK.POSTINGS", "--where", "AMOUNT >"]),
        ("wrong_function", &["cat", "big/bk", "--filter", "@STRFND (MEMO, 'x') > 0"]),
        ("open_literal", &["cat", "big/bk", "--where", "CURRENCY = 'EUR"]),
        ("unknown_column", &["cat", "big/bk", "--table", "BANK.POSTINGS", "--where", "AMUONT > 1", "--limit", "2"]),
        ("wrong_types", &["explain", "big/bk", "--table", "BANK.POSTINGS", "--where", "POSTED > 5"]),
        ("undecidable", &["cat", "big/bk", "--table", "BANK.POSTINGS", "--where", "AMOUNT > 1000", "--columns", "AMOUNT"]),
        ("unknown_format", &["convert", "big/bk", "out.xyz"]),
    ];
    for (name, arguments) in cases {
        insta::assert_snapshot!(format!("message_{name}"), shown(arguments));
    }
}
