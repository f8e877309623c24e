//! The shared samples of ../shared: each file parses, or is refused for the reason that its index has. Skipped where they are absent.

use std::path::{Path, PathBuf};

use trailcore_ops::read::{Kind, Reading};

fn samples() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/ops");
    if !folder.is_dir() {
        println!("skipped: needs ../shared");
        return None;
    }
    Some(folder)
}

fn read(path: &Path) -> trailcore::Result<Reading> {
    Reading::of(&path.display().to_string(), &std::fs::read(path).unwrap(), None)
}

/// The kind of the files of a folder; files whose name starts like one of these are of another kind.
const EXPECTED: &[(&str, &[Kind], &[(&str, Kind)])] = &[
    ("cli", &[Kind::Transcript], &[]),
    ("discard", &[Kind::Discard], &[]),
    ("ggserr", &[Kind::Log], &[]),
    ("heartbeat", &[Kind::Transcript], &[("04", Kind::OtherJson)]),
    ("misc", &[Kind::Xml, Kind::OtherJson, Kind::Script], &[]),
    ("prm", &[Kind::Parameters], &[]),
    ("props", &[Kind::Properties], &[]),
    ("rest", &[Kind::Rest], &[("40", Kind::RestRequest), ("41", Kind::RestRequest)]),
    ("rpt", &[Kind::Report], &[]),
];

#[test]
fn every_sample_is_of_its_kind() {
    let Some(folder) = samples() else { return };
    let mut count = 0;
    for (name, kinds, others) in EXPECTED {
        let mut files: Vec<_> = std::fs::read_dir(folder.join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for path in files {
            count += 1;
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = std::fs::read(&path).unwrap();
            // GLOBALS has no ending that shows its kind.
            let is_globals = file.contains("GLOBALS");
            let kind = trailcore_ops::read::detect(&file, &bytes);
            match others.iter().find(|(start, _)| file.starts_with(start)) {
                Some((_, other)) => assert_eq!(kind, *other, "{file}"),
                None => assert!(is_globals || kinds.contains(&kind), "{file} is {kind:?}"),
            }
            match read(&path) {
                Ok(reading) => {
                    println!("{name}/{file}: {:?} {:?}", reading.kind, reading.faults.counts);
                    if std::env::var_os("SHOW").is_some() {
                        println!("{}", serde_json::to_string_pretty(&reading).unwrap());
                    }
                }
                Err(error) => println!("{name}/{file}: {error}"),
            }
        }
    }
    assert!(count > 100, "{count}");
}
