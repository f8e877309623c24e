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
    let bytes = std::fs::read(path).map_err(|error| trailcore::Error::io(path, error))?;
    Reading::of(&path.display().to_string(), &bytes, None)
}

/// A folder, the kinds of its files, and those of files with these names.
type Folder = (&'static str, &'static [Kind], &'static [(&'static str, Kind)]);

/// The kind of the files of a folder; files whose name starts like one of these are of another kind.
const EXPECTED: &[Folder] = &[
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

/// The three processes of one chain, with the listing of their files: no backlog; each edited number gives a named gap.
#[test]
fn the_chain_has_no_backlog() {
    use trailcore_ops::model::{Gap, Snapshot};
    use trailcore_ops::{Input, observe};

    let Some(folder) = samples() else { return };
    let text = std::fs::read_to_string(folder.join("cli/25_three_process_chain_by_seqno_2011.txt")).unwrap();
    let of = |text: &str| observe(&[Input::text("chain", text)]);
    let gaps = |snapshot: &Snapshot| snapshot.links.iter().map(|link| (link.backlog.bytes, link.gap)).collect::<Vec<_>>();
    assert_eq!(gaps(&of(&text)), [(Some(0), None), (Some(0), None)]);
    for (from, to, reader, gap) in [
        ("RBA 994", "RBA 900", 0, Gap::Backlog),
        ("RBA 994", "RBA 999", 0, Gap::FileTooShort),
        ("RBA 1455", "RBA 1400", 1, Gap::Backlog),
        ("c2000008", "c2000007", 1, Gap::FileTooShort),
        ("c2000008", "c2000006", 1, Gap::PurgedTooEarly),
        ("c2000008", "c2000009", 1, Gap::ReaderAhead),
        ("8        1455          5", "8        1500          5", 1, Gap::WriterPastEnd),
        ("11         994          5", "13         994          5", 0, Gap::MissingFile),
    ] {
        assert!(text.contains(from), "{from}");
        let links = gaps(&of(&text.replacen(from, to, 1)));
        assert_eq!(links[reader].1, Some(gap), "{from} to {to}");
        assert_eq!(links[1 - reader].1, None, "{from} to {to}");
    }
}

/// Values of samples that a wrong reader would get wrong.
#[test]
fn values_of_samples() {
    let Some(folder) = samples() else { return };
    let value = |name: &str, pointer: &str| {
        let reading = serde_json::to_value(read(&folder.join(name)).unwrap()).unwrap();
        reading["content"].pointer(pointer).unwrap_or_else(|| panic!("{name}: no {pointer} in {reading}")).clone()
    };
    for (name, pointer, wanted) in [
        ("cli/01_info_all_hours_over_24.txt", "/transcript/sections/0/rows/1/lag", serde_json::json!(3_033_901_000_u64)),
        ("cli/07_info_extract_showch_two_trails.txt", "/transcript/sections/1/checkpoints/1/positions/0/flips", true.into()),
        ("cli/07_info_extract_showch_two_trails.txt", "/transcript/sections/1/checkpoints/2/positions/0/rba", 98_001_999.into()),
        ("cli/11_lag_forms.txt", "/transcript/sections/3/lag", 932_000.into()),
        ("cli/11_lag_forms.txt", "/transcript/sections/4/lag", 1_218_000.into()),
        ("cli/20_info_updated_2683_hours_ago.txt", "/transcript/sections/0/since", 9_659_529_000_u64.into()),
        ("rpt/04_bigdata_12.3.2_replicat_runtime_statistics.rpt", "/report/position/1", 6_556.into()),
        ("rpt/04_bigdata_12.3.2_replicat_runtime_statistics.rpt", "/report/statistics/0/tables/1/counts/truncates", 1.into()),
        ("rpt/05_replicat_pg_19.1_remote_task_full.rpt", "/report/group", "RINIT".into()),
        ("rpt/07_reportcount_rate_lines.rpt", "/report/progress/1/is_contradictory", true.into()),
        ("rpt/02_extract_11.1_windows_abend.rpt", "/report/cause/code", "OGG-00664".into()),
        ("discard/02_missing_key_column_abend.dsc", "/discard/entries/0/at/1", 973_932.into()),
        ("rest/30_replicatStatus_stopped_never_started.json", "/rest/status/since", 865_000.into()),
        ("rest/18_Creating_Extract_EWEST_on_WEST.json", "/rest/resource", "EWEST".into()),
    ] {
        assert_eq!(value(name, pointer), wanted, "{name} {pointer}");
    }
    let bad = read(&folder.join("rest/31_replicatStatus_running_MISSING_COMMA.json.bad")).unwrap_err().to_string();
    assert!(bad.contains("is not JSON") && bad.contains("offset 557"), "{bad}");
}
