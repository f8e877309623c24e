//! Every vector with bytes decodes to the fields that a dump printed. Vectors are read if the shared folder is present.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use trailcore_support::{shared, vectors};

#[test]
fn vectors_decode_to_their_printed_fields() {
    let Some(folder) = shared("vectors/trail") else { return };
    let report = vectors::folder(&folder).unwrap();
    assert!(report.iter().filter(|(_, verdict)| verdict.is_ok()).count() > 50, "too few files were compared");
    let wrong: Vec<_> =
        report.iter().filter(|(_, verdict)| verdict.differs()).map(|(file, verdict)| format!("{file}: {verdict}")).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Only vectors without bytes may be left uncompared.
    for (file, verdict) in &report {
        if !verdict.is_ok() {
            let vector: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap();
            let has_bytes = |(name, value): (&String, &serde_json::Value)| {
                name.ends_with("_hex") && value.as_str().is_some_and(|hex| !hex.is_empty())
            };
            assert!(!vector.as_object().unwrap().iter().any(has_bytes), "{file} has bytes that were not compared");
            eprintln!("{file}: {verdict}");
        }
    }
}

#[test]
fn wrong_expectations_are_noticed() {
    let Some(folder) = shared("vectors/trail") else { return };
    let scratch = tempfile::tempdir().unwrap();
    // One printed field, one column, one token and one definition are changed; each change must be reported.
    let changes = [
        ("pg-019-insert.json", "\"AuditPos\": 83894176", "\"AuditPos\": 83894177"),
        ("pg-020-insert.json", "\"hex\": \"00000000000000000001\"", "\"hex\": \"00000000000000000002\""),
        ("pg-021-fieldcomp.json", "\"hex\": \"373139\"", "\"hex\": \"373138\""),
        ("p2-pgshot-001-tdr11.json", "\"ext\": 150", "\"ext\": 151"),
    ];
    for (file, from, to) in changes {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        std::fs::write(scratch.path().join(file), text.replace(from, to)).unwrap();
    }
    let report = vectors::folder(scratch.path()).unwrap();
    assert_eq!(report.len(), changes.len());
    assert!(report.iter().all(|(_, verdict)| verdict.differs()), "{report:?}");
}
