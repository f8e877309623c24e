//! Compares help texts and the output of commands with the files in `snapshots/`. `INSTA_UPDATE=always cargo test -p trailcore-cli`
//! updates the files.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::trailcore;

const COMMANDS: [&str; 19] = [
    "info",
    "tables",
    "count",
    "cat",
    "follow",
    "records",
    "find",
    "index",
    "state",
    "history",
    "diff",
    "volume",
    "transactions",
    "check",
    "explain",
    "convert",
    "save",
    "anonymise",
    "completions",
];

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
    let cases: [(&str, &[&str]); 15] = [
        ("info", &["info", "big/bk"]),
        ("tables", &["tables", "big/bk"]),
        ("count", &["count", "big/bk"]),
        ("count_records", &["count", "big/bk", "--records"]),
        ("cat_text", &["cat", "big/bk", "--text", "--limit", "5"]),
        ("cat_columns", &["cat", "big/bk", "--table", "BANK.POSTINGS", "--columns", "AMOUNT", "--limit", "3"]),
        ("records", &["records", "big/bk", "--from", "0:1980", "--limit", "2", "--hex"]),
        ("find", &["find", "big/bk", "--at", "2024-03-01T00:00:30"]),
        ("state", &["state", "big/bk", "BANK.CUSTOMERS", "--at", "csn:7824137838", "--text"]),
        ("history", &["history", "big/bk", "bank.customers", "CUSTOMER_ID=1", "--text"]),
        ("diff", &["diff", "big/bk", "little.jsonl", "--exclude", "BANK.POSTINGS"]),
        ("volume", &["volume", "big/bk", "--by", "1m"]),
        ("transactions", &["transactions", "big/bk", "--min-changes", "5"]),
        ("check", &["check", "big/bk"]),
        ("explain", &["explain", "big/bk", "--table", "BANK.POSTINGS", "--filter", "ON INSERT, AMOUNT > 1000"]),
    ];
    for (name, arguments) in cases {
        insta::assert_snapshot!(name, shown(arguments));
    }
}

#[test]
fn messages() {
    let cases: [(&str, &[&str]); 17] = [
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
        ("state_of_unknown_table", &["state", "big/bk", "BANK.ACCOUNT"]),
        ("state_without_key", &["state", "big.jsonl", "BANK.ACCOUNTS"]),
        ("history_of_wrong_key", &["history", "big/bk", "BANK.CUSTOMERS", "NAME=x"]),
        ("volume_by_week", &["volume", "big/bk", "--by", "1w"]),
        ("diff_of_rows", &["diff", "big/bk", "big.jsonl", "--order-free", "--limit", "2", "--from", "2024-03-01T00:00:30"]),
    ];
    for (name, arguments) in cases {
        insta::assert_snapshot!(format!("message_{name}"), shown(arguments));
    }
}
