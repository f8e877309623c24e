//! A bundle has no secret and no value, is the same for the same input, keeps its limits, and can be compared.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::ByteOrder;
use trailcore::{Timestamp, Trail};
use trailcore_ops::Input;
use trailcore_ops::bundle::{BundleReport, BundleRequest, CompareRequest, bundle, compare};

/// A value that must not be in any bundle.
const CANARY: &str = "c4n4ryZ9";

/// Writes a home in which the canary is a secret or a value in each artefact.
fn home(folder: &Path) -> (u64, u64) {
    for name in ["dirprm", "dirrpt", "dirdat", "dirchk", "dirwlt", "dircrd"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text.replace("CANARY", CANARY)).unwrap();
    let columns = vec![ColumnDef::integer("ID", 0).key(), ColumnDef::varchar("MEMO", 40)];
    let table = std::sync::Arc::new(TableDef::new("HR.EMP", columns));
    let mut writer = TrailWriter::create(folder.join("dirdat/rt"), WriterOptions::default()).unwrap();
    for number in 1..60i64 {
        writer.begin(&number.to_string(), &format!("1.2.{number}"), Timestamp::from_unix_micros(number * 1_000_000)).unwrap();
        let mut row = RowBuilder::new(&table, ByteOrder::Big);
        row.decimal("ID", number.to_string().parse().unwrap()).unwrap().text("MEMO", CANARY).unwrap();
        match number % 2 {
            0 => writer.update(&table, UpdateStyle::Pair, row.bytes(), row.bytes()).unwrap(),
            _ => writer.insert(&table, row.bytes()).unwrap(),
        };
        writer.commit().unwrap();
    }
    writer.finish().unwrap();
    let trail = Trail::open(folder.join("dirdat/rt")).unwrap();
    let change = trail.reader().unwrap().into_changes().nth(30).unwrap().unwrap();
    let at = change.as_change().position().trail().unwrap();
    write("dirprm/r1.prm", "REPLICAT r1\nUSERID ogg, PASSWORD CANARY\n-- old: PASSWORD CANARY\nMAP HR.*, TARGET HR.*;\n");
    write(
        "dirprm/kafka.properties",
        "gg.handlerlist=k\nsasl.jaas.config=org.x required username=\"u\" password=\"CANARY\";\nurl=jdbc:oracle:thin:ogg/CANARY@db:1521/x\n",
    );
    write("GLOBALS", "GGSCHEMA ogg\n");
    let head = "Oracle GoldenGate Delivery for Oracle, r1.prm:";
    write(
        "ggserr.log",
        &format!(
            "2024-03-01 10:00:00  INFO    OGG-00987  Oracle GoldenGate Command Interpreter for Oracle:  GGSCI command (ogg): dblogin userid ogg password CANARY.\n\
             2024-03-01 10:00:01  INFO    OGG-00996  {head}  REPLICAT R1 started.\n\
             2024-03-01 10:10:00  WARNING OGG-00869  {head}  OCI Error ORA-00001: unique constraint (SQL <INSERT INTO HR.EMP (ID,MEMO) VALUES (7,'CANARY')>).\n\
             2024-03-01 10:09:59  ERROR   OGG-00868  {head}  Failed: UPDATE\ta.b SET\tx='CANARY'\n  where y = CANARY\n\
             2024-03-01 10:09:59  WARNING OGG-00869  {head}  DETAIL: Key (email)=(CANARY@x.com) already exists\n\
             2024-03-01 10:09:59  WARNING OGG-00869  {head}  Duplicate entry 'CANARY' for key; value 'CANARY', row:\nID = CANARY\n\
             2024-03-01 10:10:00  ERROR   OGG-01296  {head}  Error mapping from HR.EMP to HR.EMP at seqno {} rba {}.\n\
             2024-03-01 10:10:01  ERROR   OGG-01668  {head}  PROCESS ABENDING.\n",
            at.seqno, at.rba
        ),
    );
    write(
        "dirrpt/R1.rpt",
        "***********\n                 Oracle GoldenGate Delivery for Oracle\n    Version 19.1.0.0.4\n***********\n\n**  Running with the following parameters  **\nREPLICAT r1\nUSERID ogg, PASSWORD CANARY\n\n2024-03-01 10:10:00  ERROR   OGG-01296  Error mapping from HR.EMP to HR.EMP.\n",
    );
    write(
        "dirrpt/R1.dsc",
        &format!(
            "Oracle GoldenGate Delivery for Oracle process started, group R1 discard file opened: 2024-03-01 10:00:01\n\nProblem replicating HR.EMP to HR.EMP\nerror at seqno {} rba {}\nError occurred with insert record (target format)...\n*\nID = 7\nMEMO = CANARY\nsecond line CANARY\n*\n",
            at.seqno, at.rba
        ),
    );
    write("dirrpt/r1.dis", "Problem replicating HR.EMP to HR.EMP\n*\nID = CANARY\n*\nmore CANARY\nCurrent time: CANARY\n");
    write(
        "dirrpt/R2.rpt",
        "***********\n                 Oracle GoldenGate Delivery for Oracle\n***********\n\n2024-03-01 10:10:00  ERROR   OGG-01296  Error mapping from HR.EMP to HR.EMP.\n*\nID = CANARY\nof lines CANARY\n*\n",
    );
    write("ENCKEYS", "SUPERKEY CANARY\n");
    write("dirprm/kafka.keytab", "CANARY");
    write("x.log", "Set-Cookie: CANARY\n{\"after\":{\"NAME\":\"CANARY\"}}\n");
    write("dirrpt/a \u{1b}[2J'x.rpt", "a report with a hostile name\n");
    write("dirchk/R1.cpr", "\u{1}\u{2}CANARY");
    write("dirwlt/cwallet.sso", "CANARY");
    write("dircrd/x.pem", "CANARY");
    write("app.toml", "[customers]\nname = \"CANARY\"\n");
    write("restapi.log", "{\"password\": \"CANARY\", \"x\": \"Authorization: Bearer CANARY\"}\n");
    (at.seqno, at.rba)
}

fn request(home: &Path, to: &Path) -> BundleRequest {
    BundleRequest {
        inputs: vec![Input::path(home.display().to_string())],
        to: to.display().to_string(),
        ..BundleRequest::default()
    }
}

fn contents(path: &Path) -> BTreeMap<String, String> {
    let file = std::fs::File::open(path).unwrap();
    let source: Box<dyn std::io::Read> = match path.extension().is_some_and(|end| end == "zst") {
        true => Box::new(ruzstd::decoding::StreamingDecoder::new(file).unwrap()),
        false => Box::new(file),
    };
    let mut archive = tar::Archive::new(source);
    let files = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (name, text)
    });
    files.collect()
}

/// The canary in the forms in which it could come out.
fn forms() -> Vec<Vec<u8>> {
    let utf16 = |to: fn(u16) -> [u8; 2]| CANARY.encode_utf16().flat_map(to).collect::<Vec<u8>>();
    let hex = |spaced: &str| CANARY.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(spaced);
    vec![
        CANARY.into(),
        CANARY.to_uppercase().into(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
        hex("").into(),
        hex("").to_uppercase().into(),
        hex(" ").into(),
        // Its middle in the three alignments of base64.
        b"YzRuNHJ5".to_vec(),
        b"M0bjRyeV".to_vec(),
        b"jNG40cnl".to_vec(),
    ]
}

#[test]
fn the_canary_is_in_no_bundle() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("home");
    let at = home(&folder);
    for name in ["b.tar", "b.tar.zst"] {
        let to = scratch.path().join(name);
        let report = bundle(&request(&folder, &to)).unwrap();
        let files = contents(&to);
        for (name, text) in &files {
            for form in forms() {
                assert!(!text.as_bytes().windows(form.len()).any(|part| part == form), "{name}: {text}");
                assert!(!name.as_bytes().windows(form.len()).any(|part| part == form), "{name}");
            }
        }
        let manifest: BundleReport = serde_json::from_str(&files["manifest.json"]).unwrap();
        assert_eq!(manifest, report);
        assert_eq!(files.len(), report.files.len() + 1);
        for file in &report.files {
            let text = &files[&file.name];
            assert_eq!(
                (text.len() as u64, blake3::hash(text.as_bytes()).to_hex().to_string()),
                (file.bytes, file.digest.clone())
            );
            assert!(file.name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\''), "{}", file.name);
        }
        // The facts are there.
        assert!(files["files/home/dirprm/r1.prm"].contains("MAP HR.*, TARGET HR.*;"));
        assert!(
            files["files/home/ggserr.log"].contains("INSERT INTO HR.EMP (ID,MEMO) VALUES******"),
            "{}",
            files["files/home/ggserr.log"]
        );
        let around: serde_json::Value = serde_json::from_str(&files["trails/1-rt/R1.json"]).unwrap();
        let around = around.as_array().unwrap();
        assert_eq!(around.len(), 41);
        assert_eq!((around[20]["at"][0].as_u64(), around[20]["at"][1].as_u64()), (Some(at.0), Some(at.1)));
        assert_eq!(around[20]["after"], serde_json::json!(["ID", "MEMO"]));
        let reasons: Vec<_> = report.omitted.iter().map(|one| one.reason.as_str()).collect();
        for reason in ["secret", "opaque", "trail", "unknown_form"] {
            assert!(reasons.contains(&reason), "{reason}: {reasons:?}");
        }
    }
}

#[test]
fn the_same_input_gives_the_same_bytes_and_nothing_is_replaced() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("home");
    home(&folder);
    let (one, two) = (scratch.path().join("1.tar.zst"), scratch.path().join("2.tar.zst"));
    bundle(&request(&folder, &one)).unwrap();
    bundle(&request(&folder, &two)).unwrap();
    assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
    let error = bundle(&request(&folder, &one)).unwrap_err();
    assert!(error.to_string().contains("exists"), "{error}");
    assert!(bundle(&BundleRequest::default()).is_err());
    let missing = request(&scratch.path().join("nothing"), &scratch.path().join("3.tar"));
    let report = bundle(&missing).unwrap();
    assert_eq!(report.omitted[0].reason, "unreadable");
}

#[test]
fn limits_cut_with_a_mark_or_a_reason() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("home");
    home(&folder);
    let line = "2024-03-01 09:00:00  INFO    OGG-00996  Oracle GoldenGate Delivery for Oracle, r1.prm:  REPLICAT R1 started.\n";
    let old = std::fs::read_to_string(folder.join("ggserr.log")).unwrap();
    std::fs::write(folder.join("ggserr.log"), line.repeat(3_000) + &old).unwrap();
    let whole = scratch.path().join("whole.tar");
    let report = bundle(&BundleRequest { max_bytes: Some(100_000), ..request(&folder, &whole) }).unwrap();
    let total = std::fs::metadata(&whole).unwrap().len();
    assert!(total <= 100_000 && total > 60_000, "{total}: the manifest and the blocks of tar count");
    let log = report.files.iter().find(|file| file.name.ends_with("ggserr.log"));
    match log {
        Some(log) => {
            let text = &contents(&whole)[&log.name];
            assert!(log.left_out > 0 && text.contains("bytes are left out here") && text.contains("OGG-01668"));
        }
        None => assert!(report.omitted.iter().any(|one| one.reason == "limit")),
    }
    let window = BundleRequest { from: "2024-03-01 10:05:00".parse().ok(), ..request(&folder, &scratch.path().join("late.tar")) };
    bundle(&window).unwrap();
    let late = contents(&scratch.path().join("late.tar"));
    assert!(!late["files/home/ggserr.log"].contains("09:00:00") && late["files/home/ggserr.log"].contains("OGG-01668"));
}

#[test]
fn two_bundles_are_compared() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("home");
    home(&folder);
    let [before, after] = ["before.tar", "after.tar.zst"].map(|name| scratch.path().join(name));
    let ask = |before: &Path, after: &Path| {
        compare(&CompareRequest { before: before.display().to_string(), after: after.display().to_string() }).unwrap()
    };
    bundle(&request(&folder, &before)).unwrap();
    assert_eq!(ask(&before, &before).parameters.files.len(), 0);
    let change = |name: &str, from: &str, to: &str| {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name}");
        std::fs::write(&path, text.replace(from, to)).unwrap();
    };
    change("dirprm/r1.prm", "MAP HR.*, TARGET HR.*", "MAP HR.EMP, TARGET HR.EMP2");
    change("dirrpt/R1.rpt", "19.1.0.0.4", "21.3.0.0.0");
    change("ggserr.log", "OGG-00868", "OGG-00664");
    bundle(&request(&folder, &after)).unwrap();
    let changed = ask(&before, &after);
    assert_eq!(changed.parameters.files.len(), 1);
    assert!(
        changed.versions.iter().any(|version| version.after.as_deref().is_some_and(|text| text.contains("21.3"))),
        "{changed:?}"
    );
    assert!(changed.causes[0].after.as_deref().unwrap().starts_with("OGG-00664"), "{changed:?}");
    assert_eq!(changed.only_before, Vec::<String>::new());
    assert!(compare(&CompareRequest { before: folder.join("ggserr.log").display().to_string(), after: String::new() }).is_err());
}
