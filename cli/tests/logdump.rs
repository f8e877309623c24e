//! The commands that users of Logdump look for: records and changes from the end, by their facts, by transaction, in a time zone.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Run, data, trailcore};
use serde_json::Value;

fn lines(run: &Run) -> Vec<String> {
    assert_eq!(run.code, 0, "{}", run.err);
    run.out.lines().map(str::to_owned).collect()
}

fn records(arguments: &[&str]) -> Vec<Value> {
    let path = data("big/bk");
    let run = trailcore(&[&["records", &path, "--json"], arguments].concat());
    lines(&run).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn cat(arguments: &[&str]) -> Vec<Value> {
    let path = data("big/bk");
    let run = trailcore(&[&["cat", &path], arguments].concat());
    lines(&run).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_record_has_table_transaction_and_columns_in_one_view() {
    let all = records(&["--detail"]);
    let changes = cat(&[]);
    assert_eq!(all.len(), 104);
    for change in &changes {
        let position = format!("{}:{}", change["seqno"], change["rba"]);
        let record = all.iter().find(|record| record["position"] == *position).unwrap();
        assert_eq!((&record["csn"], &record["xid"]), (&change["csn"], &change["xid"]));
        if change["op"] == "ddl" {
            assert_eq!(record["ddl"], change["ddl"]);
            continue;
        }
        assert_eq!(record["table"], change["table"]);
        assert_eq!(record["after"], change["after"], "{position}");
        if record["type"] != "FieldComp" {
            assert_eq!(record.get("before").unwrap_or(&Value::Null), &change["before"], "{position}");
        }
    }
    assert!(records(&[]).iter().all(|record| record.get("after").is_none()));
    let text = trailcore(&["records", &data("big/bk"), "--detail", "--type", "GGSUnifiedUpdate"]).out;
    assert!(text.contains("BANK.ACCOUNTS") && text.contains("    missing: "), "{text}");
}

#[test]
fn undefined_tables_have_numbers_and_hex() {
    // Without its definition records, the rows of a file refer to indexes that nobody has given.
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(data("big/bk000000000")).unwrap();
    let mut without = Vec::new();
    for record in records(&["--hex"]) {
        let position = record["position"].as_str().unwrap();
        let kept = position.starts_with("0:") && record["type"] != "Metadata";
        let rba: usize = position[2..].parse().unwrap();
        if kept {
            without.extend_from_slice(&bytes[rba..rba + record["length"].as_u64().unwrap() as usize]);
        }
    }
    let path = folder.path().join("xx000000000");
    std::fs::write(&path, without).unwrap();
    let run = trailcore(&["records", path.to_str().unwrap(), "--detail", "--json", "--type", "Insert", "--limit", "1"]);
    let record: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(record["table"], Value::Null);
    let hex = record["after"]["COL1"]["$undefined"].as_str().unwrap();
    assert!(hex.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hex}");
    let text = trailcore(&["records", path.to_str().unwrap(), "--detail", "--type", "Insert", "--limit", "1"]).out;
    assert!(text.contains("COL1") && text.contains(&format!("undefined 0x{hex}")), "{text}");
}

#[test]
fn the_last_records_and_the_reverse() {
    let all = records(&[]);
    for last in ["0", "1", "25", "80", "1000"] {
        let count = last.parse::<usize>().unwrap().min(all.len());
        assert_eq!(records(&["--last", last]), all[all.len() - count..], "{last}");
    }
    let mut reversed = all.clone();
    reversed.reverse();
    assert_eq!(records(&["--reverse"]), reversed);
    assert_eq!(records(&["--reverse", "--limit", "3"]), reversed[..3]);
    assert_eq!(records(&["--last", "30", "--reverse"]), reversed[..30]);
    let inserts: Vec<_> = all.iter().filter(|record| record["type"] == "Insert").cloned().collect();
    assert_eq!(records(&["--type", "5", "--last", "2"]), inserts[inserts.len() - 2..]);
    let early = records(&["--until", "1:0", "--last", "4"]);
    assert!(early.iter().all(|record| record["position"].as_str().unwrap().starts_with("0:")) && early.len() == 4);

    let changes = cat(&[]);
    for last in [1, 7, 40, 1000] {
        let count = last.min(changes.len());
        assert_eq!(cat(&["--last", &last.to_string()]), changes[changes.len() - count..], "{last}");
    }
    let deletes: Vec<_> = changes.iter().filter(|change| change["op"] == "delete").cloned().collect();
    assert_eq!(cat(&["--ops", "delete", "--last", "1"]), deletes[deletes.len() - 1..]);
    let of_lines = trailcore(&["cat", &data("big.jsonl"), "--last", "3"]);
    assert_eq!(lines(&of_lines).len(), 3);
    for wrong in ["-1", "x", "99999999999999999999999"] {
        assert_eq!(trailcore(&["cat", &data("big/bk"), &format!("--last={wrong}")]).code, 2, "{wrong}");
    }
}

#[test]
fn the_last_records_of_a_torn_trail_come_before_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(data("big/bk000000000")).unwrap();
    let path = folder.path().join("bk000000000");
    std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
    for command in ["records", "cat"] {
        let run = trailcore(&[command, path.to_str().unwrap(), "--last", "2"]);
        assert_eq!(run.code, 4, "{}", run.err);
        assert!(!run.out.is_empty(), "{command}");
    }
}

#[test]
fn records_by_their_facts() {
    let all = records(&["--detail", "--hex"]);
    let with = |test: &dyn Fn(&Value) -> bool| all.iter().filter(|record| test(record)).count();
    let count = |arguments: &[&str]| records(arguments).len();
    assert_eq!(
        count(&["--type", "insert,GGSPurgedata"]),
        with(&|record| [5, 100].map(Value::from).contains(&record["type_code"]))
    );
    assert_eq!(count(&["--table", "bank.post*"]), with(&|record| record["table"] == "BANK.POSTINGS"));
    assert_eq!(count(&["--xid", "10.0.220002"]), with(&|record| record["xid"] == "10.0.220002"));
    assert!(count(&["--xid", "10.0.220002"]) > 1);
    assert_eq!(
        count(&["--indicator", "only", "--type", "Insert"]),
        with(&|record| record["type"] == "Insert" && record["header"]["transaction"] == "only")
    );
    // The text is in UTF-8 or in the character set of the trail.
    assert!(count(&["--string", "O'Brien"]) > 0 && count(&["--string", "陈静"]) > 0);
    assert_eq!(count(&["--bytes", "4f27 4272 6965 6e"]), count(&["--string", "O'Brien"]));
    assert_eq!(count(&["--string", "no such text"]), 0);
    assert_eq!(count(&["--length", ">500"]) + count(&["--length", "<= 500"]), all.len() - 3, "a file header has no data");
    assert_eq!(count(&["--logdump", "RECTYPE 5; FILTER RECLEN > 140"]), count(&["--type", "5", "--length", "> 140"]));
    assert_eq!(count(&["--logdump", "filter exclude rectype 5"]), all.len() - count(&["--type", "5"]));
    assert_eq!(count(&["--user-token", "NAME"]), 0);
    assert_eq!(cat(&["--xid", "10.0.220002"]).len(), count(&["--xid", "10.0.220002", "--logdump", "EXCLUDE RECTYPE 170"]));
    assert_eq!(cat(&["--type", "GGSPurgedata"]).len(), 1);
    for wrong in [
        ["--type", "Upset"],
        ["--bytes", "0g"],
        ["--length", "long"],
        ["--logdump", "RECTYPE"],
        ["--string", ""],
        ["--indicator", "x"],
    ] {
        let run = trailcore(&["records", &data("big/bk"), wrong[0], wrong[1]]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{wrong:?}");
        assert!(run.err.contains(wrong[0]), "{}", run.err);
    }
}

#[test]
fn user_tokens_are_searched_for() {
    use trailcore::sink::{TrailWriter, WriterOptions};
    let table = std::sync::Arc::new(trailcore::TableDef::new("A.T", vec![trailcore::schema::ColumnDef::integer("ID", 0).key()]));
    let mut writer = TrailWriter::in_memory("ut", WriterOptions::default()).unwrap();
    for (number, area) in [(1u64, &b"\0\x04USER\0\x05SMITH"[..]), (2, b"\0\x04USER\0\x05JONES"), (3, b"\0\x04HOST\0\x05SMITH")] {
        let mut image = trailcore::change::image::ImageBuilder::new(writer.byte_order());
        image.fixed(0, &number.to_be_bytes()).unwrap();
        writer.begin(&number.to_string(), "1.2.3", "2024-03-01".parse().unwrap()).unwrap();
        writer.user_tokens(area);
        writer.insert(&table, image.bytes()).unwrap();
        writer.commit().unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ut000000000");
    std::fs::write(&path, &writer.finish().unwrap()[0].1).unwrap();
    let count = |command: &str, token: &str| {
        let run = trailcore(&[command, path.to_str().unwrap(), "--user-token", token]);
        (run.code, run.out.matches(if command == "cat" { "\"op\"" } else { "Insert (5)" }).count())
    };
    for command in ["cat", "records"] {
        assert_eq!(count(command, "USER"), (0, 2));
        assert_eq!(count(command, "USER=SMITH"), (0, 1));
        assert_eq!(count(command, "=x").0, 2);
    }
}

#[test]
fn the_whole_transaction_of_a_record() {
    let all = records(&[]);
    for record in all.iter().filter(|record| record["csn"].is_string()) {
        let position = record["position"].as_str().unwrap();
        let whole = records(&["--transaction-of", position]);
        let expected: Vec<_> = all.iter().filter(|other| other["csn"] == record["csn"]).cloned().collect();
        assert_eq!(whole, expected, "{position}");
        let changes = cat(&["--transaction-of", position]);
        let expected: Vec<_> = cat(&[]).into_iter().filter(|change| change["csn"] == record["csn"]).collect();
        assert_eq!(changes, expected, "{position}");
    }
    for (position, says) in [("0:0", "belongs to no transaction"), ("0:1981", "no record starts at 0:1981"), ("9:0", "beyond")] {
        let run = trailcore(&["cat", &data("big/bk"), "--transaction-of", position]);
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(run.err.contains(says), "{}", run.err);
    }
}

#[test]
fn times_in_a_zone() {
    let path = data("big/bk");
    let text = |zone: &str| trailcore(&["cat", &path, "--text", "--limit", "1", "--tz", zone]).out;
    assert!(text("utc").contains(" 2024-03-01T00:00:0") && text("utc").contains("Z "));
    assert!(text("Europe/Berlin").contains(" 2024-03-01T01:00:0") && text("Europe/Berlin").contains("+01:00 "));
    assert!(text("-05:00").contains(" 2024-02-29T19:00:0"));
    assert_eq!(cat(&["--tz", "Asia/Tokyo"]), cat(&[]), "JSON stays in UTC");
    let from_utc = cat(&["--from", "2024-03-01T00:00:30"]);
    assert!(!from_utc.is_empty() && from_utc.len() < cat(&[]).len());
    assert_eq!(cat(&["--tz", "Europe/Berlin", "--from", "2024-03-01T01:00:30"]), from_utc);
    assert_eq!(cat(&["--tz", "Europe/Berlin", "--from", "2024-03-01T00:00:30Z"]), from_utc);
    assert_eq!(cat(&["--from", "2024-03-01T02:00:30+02:00"]), from_utc);
    let until = cat(&["--tz", "+02:00", "--until", "2024-03-01T02:00:30"]);
    assert_eq!(until.len() + from_utc.len(), cat(&[]).len());
    for command in [vec!["count"], vec!["volume", "--by", "1m"], vec!["transactions"], vec!["records", "--limit", "9"]] {
        let run = trailcore(&[&command[..1], &[path.as_str(), "--tz", "+09:00"], &command[1..]].concat());
        assert!(run.out.contains("2024-03-01T09:00:0") && run.out.contains("+09:00"), "{command:?}: {}", run.out);
    }
    assert_eq!(
        trailcore(&["state", &path, "BANK.CUSTOMERS", "--tz", "+01:00", "--at", "2024-03-01T01:00:30"]).out,
        trailcore(&["state", &path, "BANK.CUSTOMERS", "--at", "2024-03-01T00:00:30"]).out
    );
    let found = |arguments: &[&str]| trailcore(&[&["find", &path], arguments].concat()).out;
    assert_eq!(found(&["--at", "2024-03-01T01:00:30", "--tz", "+01:00"]), found(&["--at", "2024-03-01T00:00:30"]));
    let wrong = trailcore(&["cat", &path, "--tz", "Europe/Berln"]);
    assert!(wrong.code == 2 && wrong.err.contains("--tz"), "{}", wrong.err);
    let twice = trailcore(&["cat", &path, "--tz", "Europe/Berlin", "--from", "2024-10-27T02:30:00"]);
    assert!(twice.code == 2 && twice.err.contains("offset"), "{}", twice.err);
}

#[test]
fn numbers_as_texts() {
    let numbers = cat(&["--table", "BANK.CUSTOMERS", "--limit", "1"]);
    let texts = cat(&["--table", "BANK.CUSTOMERS", "--limit", "1", "--numbers", "text"]);
    assert_eq!(numbers[0]["after"]["CUSTOMER_ID"].to_string(), texts[0]["after"]["CUSTOMER_ID"].as_str().unwrap());
    assert_eq!(numbers[0]["rba"], texts[0]["rba"], "only the numbers of columns are texts");
    let run = trailcore(&["cat", &data("big/bk"), "--numbers", "float"]);
    assert_eq!(run.code, 2);
}

#[test]
fn definitions_as_a_file_and_as_statements() {
    let path = data("big/bk");
    let defgen = trailcore(&["tables", &path, "--defgen"]);
    assert_eq!(defgen.code, 0, "{}", defgen.err);
    let catalog = trailcore::Catalog::parse(defgen.out.as_bytes()).unwrap();
    let mut reader = trailcore::Trail::open(&path).unwrap().reader().unwrap();
    while reader.next().unwrap().is_some() {}
    let defined: Vec<_> = reader.tables().filter(|table| table.is_defined()).collect();
    assert_eq!(defined.len(), 3);
    for table in defined {
        assert_eq!(catalog.table(table.name()), Some(table));
    }
    let ddl = trailcore(&["tables", &path, "--ddl", "--table", "BANK.POSTINGS"]).out;
    assert!(ddl.starts_with("CREATE TABLE BANK.POSTINGS (\n") && ddl.ends_with(");\n"), "{ddl}");
    assert_eq!(ddl.matches("CREATE").count(), 1);
    assert_eq!(trailcore(&["tables", &path, "--ddl", "--defgen"]).code, 2);
}

#[test]
fn a_range_is_saved_as_a_trail() {
    let folder = tempfile::tempdir().unwrap();
    let names = || {
        let mut names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let out = folder.path().join("lt");
    let out = out.to_str().unwrap();
    let bare = |run: Run| -> Vec<Value> {
        let changes = lines(&run).into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
        let without = |mut change: Value| {
            let members = change.as_object_mut().unwrap();
            members.retain(|name, _| name != "seqno" && name != "rba");
            change
        };
        changes.map(without).collect()
    };
    for order in ["big/bk", "little/bk"] {
        let path = data(order);
        let run = trailcore(&["save", &path, out]);
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        assert_eq!(names(), ["lt000000000"]);
        assert_eq!(bare(trailcore(&["cat", out])), bare(trailcore(&["cat", &path])), "everything is copied");
        assert_eq!(trailcore(&["check", out]).code, 0);
        let again = trailcore(&["save", &path, out]);
        assert_eq!(again.code, 3, "{}", again.err);
        assert!(again.err.contains("choose another prefix"), "{}", again.err);
        std::fs::remove_file(folder.path().join("lt000000000")).unwrap();
    }
    let path = data("big/bk");
    let range = ["--table", "BANK.POSTINGS", "--from", "2024-03-01T00:00:20", "--until", "1:4000"];
    let run = trailcore(&[&["save", &path, out, "--json"], &range[..]].concat());
    let report: Value = serde_json::from_str(&run.out).unwrap();
    let strip = |mut change: Value| {
        change.as_object_mut().unwrap().remove("txn");
        change
    };
    let expected: Vec<_> = bare(trailcore(&[&["cat", &path], &range[..]].concat())).into_iter().map(strip).collect();
    assert_eq!(report["changes"], expected.len());
    assert_eq!(bare(trailcore(&["cat", out])).into_iter().map(strip).collect::<Vec<_>>(), expected);
    assert_eq!(trailcore(&["check", out]).code, 0);
    std::fs::remove_file(folder.path().join("lt000000000")).unwrap();

    // Nothing remains after an error, and nothing is written of nothing.
    let torn = folder.path().join("xx000000000");
    let bytes = std::fs::read(data("big/bk000000000")).unwrap();
    std::fs::write(&torn, &bytes[..bytes.len() - 3]).unwrap();
    assert_eq!(trailcore(&["save", torn.to_str().unwrap(), out]).code, 4);
    assert_eq!(names(), ["xx000000000"]);
    let nothing = trailcore(&["save", &path, out, "--xid", "1"]);
    assert_eq!(nothing.code, 2, "save has no --xid");
    let nothing = trailcore(&["save", &path, out, "--from", "2030-01-01"]);
    assert_eq!((nothing.code, names()), (0, vec!["xx000000000".to_owned()]));
    assert_eq!(trailcore(&["save", &path, folder.path().to_str().unwrap()]).code, 2);
}

/// Runs the program with bytes at its standard input.
fn with_input(arguments: &[&str], input: &[u8]) -> (i32, Vec<u8>, String) {
    use std::io::Write as _;
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_trailcore"))
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    (output.status.code().unwrap(), output.stdout, String::from_utf8(output.stderr).unwrap())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let frame = |bytes: &[u8]| ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest);
    let (one, other) = bytes.split_at(bytes.len() / 3);
    [frame(one), frame(other)].concat()
}

#[test]
fn the_standard_input_is_a_trail() {
    let path = data("big/bk000000000");
    let bytes = std::fs::read(&path).unwrap();
    let expected = trailcore(&["cat", &path]).out;
    for input in [bytes.clone(), gzip(&bytes), [gzip(&bytes[..999]), gzip(&bytes[999..])].concat(), expected.clone().into_bytes()]
    {
        let (code, out, err) = with_input(&["cat", "-"], &input);
        assert_eq!((code, String::from_utf8(out).unwrap()), (0, expected.clone()), "{err}");
    }
    let (code, out, _) = with_input(&["records", "-", "--last", "1"], &bytes);
    assert!(code == 0 && !out.is_empty());
    assert_eq!(with_input(&["cat", "-"], &bytes[..bytes.len() - 3]).0, 4);
    let compressed = gzip(&bytes);
    let (code, _, err) = with_input(&["cat", "-"], &compressed[..compressed.len() / 2]);
    assert!(code == 4 && err.contains("the gzip file is incomplete"), "{code} {err}");
}

#[test]
fn compressed_files_are_read_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let part = |number: usize| std::fs::read(data(&format!("big/bk00000000{number}"))).unwrap();
    write("bk000000000.gz", &gzip(&part(0)));
    write("bk000000001", &part(1));
    write("bk000000001.gz", b"a copy that is being written");
    write("bk000000002.zst", &zstd(&part(2)));
    let prefix = folder.path().join("bk");
    for path in [prefix.to_str().unwrap(), folder.path().to_str().unwrap()] {
        assert_eq!(trailcore(&["cat", path]).out, trailcore(&["cat", &data("big/bk")]).out);
        let last = trailcore(&["records", path, "--json", "--last", "70"]);
        assert_eq!(last.out, trailcore(&["records", &data("big/bk"), "--json", "--last", "70"]).out);
        assert_eq!(trailcore(&["check", path]).code, 0);
    }
    let one = folder.path().join("bk000000000.gz");
    assert_eq!(trailcore(&["cat", one.to_str().unwrap()]).out, trailcore(&["cat", &data("big/bk000000000")]).out);
    let both = [one.to_str().unwrap(), folder.path().join("bk000000001").to_str().unwrap()].map(str::to_owned);
    assert_eq!(trailcore(&["count", &both[0], &both[1]]).code, 0);
    write("bk000000000.gz", &gzip(&part(0))[..200]);
    assert_eq!(trailcore(&["cat", prefix.to_str().unwrap()]).code, 1);
}

#[test]
fn no_damaged_byte_of_a_zstd_stream_is_taken_for_data() {
    let bytes = std::fs::read(data("big/bk000000000")).unwrap();
    let expected = trailcore(&["cat", &data("big/bk000000000")]).out;
    // Frames that readers skip may stand before, between and after the others.
    let skipped = [&[0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    let whole = [&skipped[..], &zstd(&bytes), &skipped].concat();
    let (code, out, err) = with_input(&["cat", "-"], &whole);
    assert_eq!((code, String::from_utf8(out).unwrap()), (0, expected.clone()), "{err}");
    let stream = zstd(&bytes);
    for at in (0..stream.len()).step_by(97).chain(stream.len() - 4..stream.len()) {
        let mut flipped = stream.clone();
        flipped[at] ^= 0x10;
        let (code, out, err) = with_input(&["cat", "-"], &flipped);
        assert!(code != 0 || String::from_utf8(out).unwrap() == expected, "{at} {err}");
    }
    let (code, _, err) = with_input(&["cat", "-"], &whole[..whole.len() - 1]);
    assert!(code == 4 && err.contains("the zstd file is incomplete"), "{code} {err}");
}

#[test]
fn a_compressed_file_is_read_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let write = |name: &str, bytes: &[u8]| std::fs::write(path(name), bytes).unwrap();
    let part = |number: usize| std::fs::read(data(&format!("big/bk00000000{number}"))).unwrap();
    let lines = |text: &str| text.lines().count();
    let all = trailcore(&["cat", &data("big/bk000000000")]).out;
    let json = gzip(all.as_bytes());
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    for (name, bytes) in
        [("a.gz", cut(gzip(&part(0)))), ("b.zst", cut(zstd(&part(0)))), ("c.jsonl.gz", json[..json.len() / 2].to_vec())]
    {
        write(name, &bytes);
        let run = trailcore(&["cat", &path(name)]);
        assert!(run.code == 4 && lines(&run.out) > 0 && all.starts_with(&run.out), "{name} {} {}", run.code, run.err);
        assert!(run.err.contains("incomplete"), "{}", run.err);
    }
    // A checksum has confirmed the first part; the rest is damage.
    write("d.gz", &[gzip(&part(0)), b"other bytes".to_vec()].concat());
    let run = trailcore(&["cat", &path("d.gz")]);
    assert!(run.code == 1 && run.out == all && run.err.contains("the gzip file is damaged"), "{} {}", run.code, run.err);
    // Inside a trail a cut is damage, and resync continues with the next file.
    write("bk000000000.gz", &cut(gzip(&part(0))));
    write("bk000000001", &part(1));
    let stopped = trailcore(&["cat", &path("bk")]);
    assert!(stopped.code == 1 && lines(&stopped.out) > 0, "{} {}", stopped.code, stopped.err);
    let skipped = trailcore(&["cat", &path("bk"), "--resync"]);
    let rest = trailcore(&["cat", &path("bk000000001")]).out;
    assert!(skipped.out.starts_with(&stopped.out) && skipped.out.ends_with(&rest), "{}", skipped.err);
    assert!(skipped.code == 1 && skipped.err.contains("skipped"), "{} {}", skipped.code, skipped.err);
}

#[test]
fn one_table_goes_to_the_standard_output() {
    let path = data("big/bk");
    let folder = tempfile::tempdir().unwrap();
    for format in ["csv", "jsonl", "parquet", "arrow"] {
        let file = folder.path().join(format!("out.{format}"));
        let file = file.to_str().unwrap();
        assert_eq!(trailcore(&["convert", &path, file, "--format", format, "--table", "BANK.POSTINGS"]).code, 0);
        let (code, out, err) = with_input(&["convert", &path, "-", "--format", format, "--table", "BANK.POSTINGS"], b"");
        assert_eq!((code, err.as_str()), (0, ""));
        assert_eq!(out, std::fs::read(file).unwrap(), "{format}");
    }
    let text = ["convert", &path, "-", "--format", "jsonl"];
    assert_eq!(trailcore(&text).out, trailcore(&["cat", &path]).out);
    assert_eq!(trailcore(&[&text[..], &["--numbers", "text"]].concat()).out, trailcore(&["cat", &path, "--numbers", "text"]).out);
    for wrong in [
        &["convert", &path, "-"][..],
        &["convert", &path, "-", "--format", "csv"],
        &["convert", &path, "-", "--format", "jsonl", "--numbers", "float"],
    ] {
        assert_eq!(trailcore(wrong).code, 2, "{wrong:?}");
    }
}

#[test]
fn the_examples_of_the_page_run() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/from-logdump.md")).unwrap();
    let out = tempfile::tempdir().unwrap();
    let out = out.path().to_str().unwrap();
    let mut run_of = std::collections::BTreeSet::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("trailcore ")) {
        let words: Vec<String> = words(line).iter().map(|word| word.replace("OUT/", &format!("{out}/"))).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let run = trailcore(&words);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{line}");
        // No sample has user tokens.
        assert!(!run.out.is_empty() || line.contains("--user-token"), "{line}");
        run_of.insert(words[0].to_owned());
    }
    assert!(run_of.len() >= 10, "{run_of:?}");
}

/// Splits a line at blanks, and keeps what is in double quotes together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}
