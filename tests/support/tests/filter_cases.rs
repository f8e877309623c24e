//! Cases of the filter language: those of this folder, and the shared ones if they are present.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use trailcore_support::filter_cases::{Case, Outcome};
use trailcore_support::shared;

/// Cases that may differ from the expected result, with the reason.
const KNOWN: [(&str, &str); 2] = [
    ("F058", "its source contradicts its own rule"),
    ("F221", "instantiation belongs to the apply process; a trail reader has none"),
];

fn check(text: &str) {
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    let cases: Vec<Case> = serde_json::from_value(json["cases"].clone()).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let basis = case.basis.as_deref().unwrap_or("no basis");
        let got = match case.run() {
            Outcome::Ok(note) => {
                if !note.is_empty() {
                    eprintln!("{}: {note}", case.id);
                }
                continue;
            }
            Outcome::Differs(got) => format!("got {got}"),
            Outcome::NotRun(why) => format!("not run: {why}"),
        };
        if !KNOWN.iter().any(|(id, _)| *id == case.id) {
            wrong.push(format!("{} [{basis}] {}: expected {}, {got}", case.id, case.expression, case.expected));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn siblings() {
    check(include_str!("data/filter-siblings.json"));
}

#[test]
fn shared_cases() {
    let Some(path) = shared("vectors/filter-cases.json") else { return };
    check(&std::fs::read_to_string(path).unwrap());
}
