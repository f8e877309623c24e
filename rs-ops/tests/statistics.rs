//! Statistics of trails: hot keys, and the time from commit to apply.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // the files of this test are its own

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use trailcore::schema::ColumnDef;
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::{TableDef, Timestamp};
use trailcore_samples::Bank;

/// 2024-03-01 00:00 UTC.
const START: i64 = 1_709_251_200_000_000;
/// Transactions of a trail.
const ROWS: u32 = 200;

/// Writes a trail with two inserts and an update of each of some rows, each transaction this many milliseconds later.
fn trail(folder: &Path, owner: &str, later: impl Fn(u32) -> i64) -> String {
    let prefix = folder.join(owner.to_lowercase());
    let options = WriterOptions { created: Timestamp::from_unix_micros(START), ..WriterOptions::default() };
    let mut writer = TrailWriter::create(&prefix, options).unwrap();
    let order = writer.byte_order();
    let columns = || vec![ColumnDef::number("ID").key(), ColumnDef::varchar("NAME", 20)];
    let tables = ["A", "B"].map(|name| Arc::new(TableDef::new(format!("{owner}.{name}"), columns())));
    let log = Arc::new(TableDef::new(format!("{owner}.LOG"), vec![ColumnDef::varchar("TEXT", 20)]));
    for number in 0..ROWS {
        let time = Timestamp::from_unix_micros(START + i64::from(number) * 1_000_000 + later(number) * 1_000);
        writer.begin(&format!("{}", 1_000 + number), "1.1.1", time).unwrap();
        for table in &tables {
            let row = |name: &str| {
                let mut row = RowBuilder::new(table, order);
                row.number("ID", &number.to_string()).unwrap().text("NAME", name).unwrap();
                row.bytes().to_vec()
            };
            writer.insert(table, &row("new")).unwrap();
            writer.update(table, UpdateStyle::Unified, &row("new"), &row("old")).unwrap();
        }
        let mut text = RowBuilder::new(&log, order);
        writer.insert(&log, text.text("TEXT", "no key").unwrap().bytes()).unwrap();
        writer.commit().unwrap();
    }
    writer.finish().unwrap();
    prefix.display().to_string()
}

fn stats(request: &Value) -> Value {
    serde_json::from_str(&trailcore_ops::call("ops.stats", &request.to_string()).unwrap()).unwrap()
}

#[test]
fn hot_keys_are_hashes_unless_values_are_asked_for() {
    let scratch = tempfile::tempdir().unwrap();
    trailcore_samples::write_bank(scratch.path(), &Bank::small()).unwrap();
    let trail = scratch.path().join("bk").display().to_string();
    let keys = |options: Value| stats(&json!({"trails": [&trail], "hot_keys": options}))["trails"][&trail]["hot_keys"].clone();
    let (one, same, other) = (keys(json!({"secret": "a"})), keys(json!({"secret": "a"})), keys(json!({"secret": "b"})));
    let values = keys(json!({"values": true, "most": 1000}));
    assert_eq!(one, same);
    assert_ne!(one["tables"]["BANK.ACCOUNTS"]["keys"], other["tables"]["BANK.ACCOUNTS"]["keys"]);
    let (mut tables, mut shared) = (0, 0);
    for (name, table) in one["tables"].as_object().unwrap() {
        tables += 1;
        let top = table["keys"][0].clone();
        assert!(top["key"].as_str().unwrap().len() == 16 && top["key"].as_str().unwrap().bytes().all(|c| c.is_ascii_hexdigit()));
        let own = &values["tables"][name];
        assert_eq!(own["changes"], table["changes"]);
        assert!(own["keys"][0]["key"].as_str().unwrap().starts_with("{\""), "{own}");
        // The sketch of all keys is exact.
        shared += u64::from(own["keys"].as_array().unwrap().iter().all(|key| key["error"] == 0));
        let sum: u64 = own["keys"].as_array().unwrap().iter().map(|key| key["changes"].as_u64().unwrap()).sum();
        assert_eq!(sum, own["changes"].as_u64().unwrap());
    }
    assert!(tables >= 2 && shared == tables, "{tables} {shared}");
    let refused = trailcore_ops::call("ops.stats", &json!({"trails": [&trail], "hot_keys": {}}).to_string()).unwrap_err();
    assert!(refused.to_string().contains("need a secret"), "{refused}");
}

#[test]
fn the_time_to_apply_is_that_of_the_rows() {
    let scratch = tempfile::tempdir().unwrap();
    let source = trail(scratch.path(), "HR", |_| 0);
    // Nine of ten changes take two seconds, the others eight.
    let target = trail(scratch.path(), "DW", |number| if number % 10 == 0 { 8_000 } else { 2_000 });
    let parameters = json!([{"name": "r1.prm", "text": "REPLICAT r1\nMAP HR.*, TARGET DW.*;\n"}]);
    let apply = |target: &str, minimum: u64, parameters: &Value| {
        stats(&json!({"apply": {"source": source, "target": target, "minimum": minimum, "parameters": parameters}}))["apply"]
            .clone()
    };
    let found = apply(&target, 5, &parameters);
    let near = |value: &Value, wanted: u64| value.as_u64().is_some_and(|value| value.abs_diff(wanted) <= wanted / 50);
    assert!(near(&found["all"]["p50"], 2_000) && near(&found["all"]["p99"], 8_000), "{found}");
    assert_eq!((&found["only_source"], &found["only_target"]), (&json!(0), &json!(0)), "{found}");
    let count = found["all"]["times"]["count"].as_u64().unwrap();
    assert_eq!((count, &found["tables"]["HR.A"]["times"]["count"]), (u64::from(ROWS) * 4, &json!(ROWS * 2)));
    assert_eq!(found["without_key"], json!(ROWS * 2), "rows of a table without a key");
    let refused = apply(&target, count + 1, &parameters);
    assert_eq!(refused["all"]["p50"], Value::Null);
    assert!(refused["all"]["refused"].as_str().unwrap().contains("fewer than the minimum"), "{refused}");
    let unmapped = apply(&target, 5, &json!([]));
    assert_eq!((&unmapped["all"]["times"]["count"], &unmapped["only_target"]), (&json!(0), &json!(count)), "{unmapped}");
    // A target that commits before the source: the clocks differ.
    let early = tempfile::tempdir().unwrap();
    let early = apply(&trail(early.path(), "DW", |_| -500), 5, &parameters);
    assert!(early["all"]["refused"].as_str().unwrap().contains("differ by at least 500 ms"), "{early}");
}

#[test]
fn heartbeats_of_all_rounds_count() {
    let round = |seconds: u64| {
        let text = format!("LAG     AGE     FROM  TO       PATH\n{seconds}s   10s  ORCL  BIGDATA  E1 ==> R1\n");
        json!([{"name": "lag.txt", "text": text, "observed": format!("2024-03-01T12:{seconds:02}:00Z")}])
    };
    let rounds: Vec<Value> = (1..=9).map(round).collect();
    let found = stats(&json!({"rounds": rounds, "apply": {"minimum": 9}}))["apply"].clone();
    let times = &found["heartbeats"]["default/R1"];
    assert!(times["p50"].as_u64().is_some_and(|median| median.abs_diff(5_000) <= 100), "{found}");
    assert_eq!(found["all"]["refused"], "no change of the source has a counterpart");
    let half = trailcore_ops::call("ops.stats", &json!({"apply": {"source": "x"}}).to_string()).unwrap_err();
    assert!(half.to_string().contains("both sides"), "{half}");
}
