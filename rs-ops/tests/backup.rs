//! Backup: sets, faults of the source, interrupted runs, archives, retention, restores of a live deployment.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // the folders of this test are its own

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use trailcore::{ReadOptions, Trail, TrailPosition};
use trailcore_ops::Input;
use trailcore_ops::backup::{
    BackupReport, BackupRequest, FileClass, FileRole, Landing, Manifest, OmitReason, PackRequest, ProblemKind, ReaderPosition,
    RestoreRequest, RetainRequest, Root, VerifyReport, VerifyRequest, backup, inventory, pack, rehearse, restore_plan, retain,
    sets, unpack, verify,
};
use trailcore_samples::{Bank, bank_in_memory};

/// A home with two trail files, and a repository beside it.
struct Home {
    folder: TempDir,
}

fn trail_files(bytes: u64) -> Vec<Vec<u8>> {
    let small = Bank::small();
    let writer = trailcore::sink::WriterOptions { file_size: bytes / 4, ..small.writer.clone() };
    bank_in_memory(&Bank { bytes, writer, ..small }).unwrap().into_iter().map(|(_, bytes)| bytes).collect()
}

impl Home {
    fn new() -> Self {
        Self::with(&trail_files(20_000))
    }

    fn with(trails: &[Vec<u8>]) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        for (seqno, bytes) in trails.iter().enumerate() {
            home.write(&Self::trail(seqno), bytes);
        }
        home.write("GLOBALS", b"GGSCHEMA ogg\n");
        home.write("dirprm/mgr.prm", b"PORT 7809\n");
        home.write("dirprm/rep1.prm", b"REPLICAT rep1\nUSERID ogg, PASSWORD s3cret\nMAP A.B, TARGET A.C;\n");
        home.write("dirchk/REP1.cpr", &[7; 2048]);
        home.write("dirrpt/REP1.rpt", b"a report\n");
        home.write("ggserr.log", b"2024-03-01 12:00:00  INFO    OGG-00987  started\n");
        home.write("dirwlt/cwallet.sso", b"wallet");
        home.write("ggsci", b"a program");
        home
    }

    fn trail(seqno: usize) -> String {
        format!("dirdat/bk{seqno:09}")
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join("home").join(below)
    }

    fn write(&self, below: &str, bytes: &[u8]) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn repository(&self) -> String {
        self.folder.path().join("repository").display().to_string()
    }

    fn request(&self) -> BackupRequest {
        let roots = vec![Root { name: None, path: self.path("").display().to_string() }];
        BackupRequest { roots, repository: self.repository(), ..BackupRequest::default() }
    }

    fn back_up(&self) -> BackupReport {
        backup(&self.request()).unwrap()
    }

    /// Returns the contents and the times of all files.
    fn state(&self) -> BTreeMap<PathBuf, (Vec<u8>, i64, i64)> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.path("")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let facts = path.symlink_metadata().unwrap();
                if facts.is_dir() {
                    folders.push(path);
                } else if facts.is_file() {
                    found.insert(path.clone(), (fs::read(&path).unwrap(), facts.mtime(), facts.mtime_nsec()));
                }
            }
        }
        found
    }
}

fn verified(path: &str) -> VerifyReport {
    verify(&VerifyRequest { path: path.to_owned(), ..VerifyRequest::default() }).unwrap()
}

fn kinds(report: &VerifyReport) -> Vec<ProblemKind> {
    report.problems.iter().map(|problem| problem.kind).collect()
}

fn file<'a>(manifest: &'a Manifest, path: &str) -> &'a trailcore_ops::backup::SetFile {
    manifest.files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path} is not in the set"))
}

/// Returns the start of each record of a trail file, and its end.
fn boundaries(bytes: &[u8]) -> Vec<u64> {
    let trail = Trail::from_bytes(bytes.to_vec());
    let mut records = trail.records(&ReadOptions::new());
    let mut found = Vec::new();
    while let Some(placed) = records.next().unwrap() {
        found.push(placed.position.rba);
    }
    found.push(bytes.len() as u64);
    found
}

fn info(name: &str, trail: &Path, seqno: u64, rba: u64) -> String {
    format!(
        "GGSCI (host) 1> info {name}\n\nREPLICAT   {name:<9} Last Started 2024-03-01 10:00   Status RUNNING\nCheckpoint Lag       00:00:00 (updated 00:00:04 ago)\nProcess ID           123\nLog Read Checkpoint  File {}{seqno:09}\n                     2024-03-01 10:12:42.000000  RBA {rba}\n\n",
        trail.display()
    )
}

#[test]
fn a_set_has_what_a_restore_needs() {
    let home = Home::new();
    std::os::unix::fs::symlink(home.path("dirprm/mgr.prm"), home.path("inside.prm")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", home.path("outside")).unwrap();
    let before = home.state();
    let listed = inventory(&trailcore_ops::backup::InventoryRequest { roots: home.request().roots }).unwrap();
    assert_eq!(listed.bytes[&FileClass::Secret], 6);
    let report = home.back_up();
    let manifest = &report.manifest;
    assert!(manifest.is_whole && !manifest.is_fuzzy, "{:?}", manifest.gaps);
    assert_eq!(home.state(), before, "the source is untouched");
    for (path, role) in [
        ("GLOBALS", FileRole::Parameters),
        ("dirchk/REP1.cpr", FileRole::Checkpoint),
        ("dirrpt/REP1.rpt", FileRole::Report),
        ("ggserr.log", FileRole::Log),
        (&Home::trail(0), FileRole::Trail),
    ] {
        let own = file(manifest, path);
        assert_eq!((own.role, own.bytes), (role, before[&home.path(path)].0.len() as u64), "{path}");
        assert_eq!(fs::read(Path::new(&report.path).join(own.stored())).unwrap(), before[&home.path(path)].0, "{path}");
    }
    let reasons: BTreeMap<_, _> = manifest.omitted.iter().map(|one| (one.path.as_str(), one.reason)).collect();
    assert_eq!(reasons["dirwlt/cwallet.sso"], OmitReason::Class);
    assert_eq!(reasons["ggsci"], OmitReason::Class);
    assert_eq!(reasons["inside.prm"], OmitReason::Link);
    assert_eq!(reasons["outside"], OmitReason::LeadsOut);
    let trail = file(manifest, &Home::trail(0)).trail.clone().unwrap();
    assert_eq!(trail.records, boundaries(&before[&home.path(&Home::trail(0))].0).len() as u64 - 1);
    assert!(trail.is_sealed && trail.damage.is_empty());
    assert!(verified(&report.path).is_good && verified(&home.repository()).is_good);
    // Only the owner can read the copies.
    assert_eq!(fs::metadata(Path::new(&report.path).join("files/home/GLOBALS")).unwrap().mode() & 0o777, 0o600);
    let with_secrets = backup(&BackupRequest { secrets: true, ..home.request() }).unwrap();
    assert_eq!(file(&with_secrets.manifest, "dirwlt/cwallet.sso").class, FileClass::Secret);
}

#[test]
fn the_commands_of_a_plan_restore_the_files() {
    let home = Home::new();
    home.write("dirprm/a file; touch $(echo x).prm", b"PORT 1\n");
    home.write("dirprm/tls.key", b"key");
    let report = home.back_up();
    let before = home.state();
    // Lost and changed files, and a later trail file that does not belong to the set.
    fs::remove_file(home.path("dirprm/mgr.prm")).unwrap();
    home.write("GLOBALS", b"damaged");
    home.write(&Home::trail(77), b"later");
    let plan = restore_plan(&RestoreRequest { path: report.path, scratch: None }).unwrap();
    let is_shell = |line: &&str| ["test ", "mv ", "mkdir ", "cp ", "chmod "].iter().any(|start| line.starts_with(start));
    let script: Vec<&str> = plan.text.lines().filter(is_shell).collect();
    assert!(Command::new("sh").args(["-ec", &script.join("\n")]).status().unwrap().success(), "{}", plan.text);
    let after = home.state();
    for file in &report.manifest.files {
        let path = home.path(&file.path);
        assert_eq!(after[&path].0, before[&path].0, "{}", file.path);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, file.mode, "{}", file.path);
    }
    assert!(!home.path(&Home::trail(77)).exists() && home.path("ggsci").exists());
    let aside = home.path(&format!("dirprm.before-{}/tls.key", report.manifest.set));
    assert!(aside.exists() && plan.text.contains(&format!("so it is only here: {}", aside.display())), "{}", plan.text);
}

#[test]
fn a_scratch_folder_of_others_is_refused() {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
    let home = Home::new();
    let path = home.back_up().path;
    let at = |name: &str| home.folder.path().join(name);
    let folder = |name: &str, mode: u32| {
        fs::create_dir(at(name)).unwrap();
        fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    let rehearsed = |name: &str| {
        let scratch = Some(format!("{}/", at(name).display()));
        rehearse(&RestoreRequest { path: path.clone(), scratch }).map(|report| report.is_good).map_err(|error| error.to_string())
    };
    assert_eq!(rehearsed("new"), Ok(true));
    folder("own", 0o755);
    assert_eq!(rehearsed("own"), Ok(true));
    for (name, mode) in [("group", 0o775), ("all", 0o1777)] {
        folder(name, mode);
        assert!(rehearsed(name).unwrap_err().contains("others can write to it"));
    }
    folder("foreign", 0o700);
    folder("named", 0o700);
    symlink(at("named"), at("link")).unwrap();
    if chown(at("foreign"), Some(4711), None).and_then(|()| std::os::unix::fs::lchown(at("link"), Some(4711), None)).is_err() {
        println!("skipped: this user cannot give files away");
        return;
    }
    for name in ["foreign", "link"] {
        assert!(rehearsed(name).unwrap_err().contains("the folder is of another user"), "{name}");
    }
}

#[test]
fn a_folder_with_trails_behind_a_link_is_a_gap() {
    let home = Home::new();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::rename(home.path("dirdat"), elsewhere.path().join("data")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("data"), home.path("dirdat")).unwrap();
    let report = home.back_up();
    assert!(!report.manifest.is_whole && report.manifest.gaps[0].contains("dirdat"), "{:?}", report.manifest.gaps);
    let mut request = home.request();
    request.roots.push(Root { name: Some("data".to_owned()), path: elsewhere.path().display().to_string() });
    let report = backup(&request).unwrap();
    assert!(report.manifest.is_whole, "{:?}", report.manifest.gaps);
    assert_eq!(file(&report.manifest, "data/bk000000000").root, "data");
}

#[test]
fn the_open_file_is_copied_to_its_last_whole_record() {
    let trails = trail_files(20_000);
    let home = Home::with(&trails);
    let last = trails.len() - 1;
    let (bounds, whole) = (boundaries(&trails[last]), trails[last].len());
    for cut in [1, 7, 40] {
        let bytes = &trails[last][..whole - cut];
        home.write(&Home::trail(last), bytes);
        let report = home.back_up();
        let own = file(&report.manifest, &Home::trail(last));
        let end = bounds.iter().rev().find(|end| **end <= bytes.len() as u64).unwrap();
        assert_eq!((own.bytes, own.source.bytes), (*end, bytes.len() as u64));
        assert!(report.manifest.is_whole && !own.trail.as_ref().unwrap().is_sealed);
        assert!(own.trail.as_ref().unwrap().damage.is_empty() && verified(&report.path).is_good);
    }
}

#[test]
fn damage_of_the_source_is_kept_and_labelled() {
    let mut trails = trail_files(40_000);
    let bounds = boundaries(&trails[0]);
    let (from, to) = (bounds[5] as usize, bounds[6] as usize);
    trails[0][from + 2] ^= 0xff;
    let torn = trails[1].len() - 9;
    trails[1].truncate(torn);
    let home = Home::with(&trails);
    home.write("reader.txt", info("REP1", &home.path("dirdat/bk"), 0, from as u64 + 1).as_bytes());
    let inputs = vec![Input::path(home.path("reader.txt").display().to_string())];
    let report = backup(&BackupRequest { inputs, ..home.request() }).unwrap();
    let own = file(&report.manifest, &Home::trail(0));
    let damage = &own.trail.as_ref().unwrap().damage;
    assert_eq!((damage.len(), damage[0].from, damage[0].to), (1, from as u64, to as u64));
    assert_eq!(fs::read(Path::new(&report.path).join(own.stored())).unwrap(), trails[0]);
    let cut = file(&report.manifest, &Home::trail(1));
    let end = *boundaries(&trail_files(40_000)[1]).iter().rev().nth(1).unwrap();
    assert_eq!((cut.bytes, cut.trail.as_ref().unwrap().damage[0].from), (torn as u64, end));
    assert_eq!(report.manifest.positions[0].landing, Landing::Inside);
    assert!(!report.manifest.is_whole && report.manifest.gaps[0].contains("inside of a record or of damage"));
    assert!(verified(&report.path).is_good, "the copy is what the source was");
}

#[test]
fn positions_land_on_records() {
    let trails = trail_files(20_000);
    let home = Home::with(&trails);
    let (bounds, last) = (boundaries(&trails[0]), trails.len() as u64);
    let trail = home.path("dirdat/bk");
    for (seqno, rba, landing) in [
        (0, bounds[3], Landing::Record),
        (0, bounds[3] + 1, Landing::Inside),
        (0, *bounds.last().unwrap(), Landing::End),
        (0, bounds.last().unwrap() + 1, Landing::AfterEnd),
        (last, 0, Landing::End),
        (last, 5, Landing::NoFile),
    ] {
        let inputs = vec![Input::text("info.txt", info("REP1", &trail, seqno, rba))];
        let report = backup(&BackupRequest { inputs, ..home.request() }).unwrap();
        let own = &report.manifest.positions[0];
        assert_eq!((own.stream.as_str(), own.landing), ("REP1", landing), "{seqno}/{rba}");
        assert_eq!(report.manifest.is_whole, landing.is_good());
        let scratch = tempfile::tempdir().unwrap();
        let request = RestoreRequest { path: report.path, scratch: Some(scratch.path().display().to_string()) };
        let rehearsal = rehearse(&request).unwrap();
        assert_eq!((rehearsal.is_good, rehearsal.positions[0].landing), (landing.is_good(), landing), "{:?}", rehearsal.problems);
        let plan = restore_plan(&request).unwrap();
        let command = format!("ALTER REPLICAT REP1, EXTSEQNO {seqno}, EXTRBA {rba}\n");
        assert_eq!(plan.text.contains(&command), landing.is_good(), "{}", plan.text);
        assert!(plan.warnings.iter().any(|warning| warning.contains("not whole")) != landing.is_good());
    }
}

/// Waits until a file of the partial set exists.
fn wait_for(path: &Path, stop: &AtomicBool) -> bool {
    while !stop.load(Ordering::Relaxed) {
        if path.exists() {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

/// Backs up while something happens once this file of the partial set exists.
fn while_copying(home: &Home, first: &str, act: impl FnOnce() + Send) -> BackupReport {
    let path = Path::new(&home.repository()).join("partial/files/home").join(first);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let acted = scope.spawn(|| {
            let seen = wait_for(&path, &stop);
            if seen {
                act();
            }
            seen
        });
        let report = home.back_up();
        stop.store(true, Ordering::Relaxed);
        assert!(acted.join().unwrap(), "the backup ended before it could be disturbed");
        report
    })
}

/// A home whose trail takes some time to copy.
fn large() -> Home {
    Home::with(&trail_files(24_000_000))
}

#[test]
fn checkpoints_that_move_make_a_set_fuzzy() {
    let home = large();
    let report = while_copying(&home, &Home::trail(0), || home.write("dirchk/REP1.cpr", &[8; 2048]));
    assert!(report.manifest.is_fuzzy && report.manifest.is_whole, "{:?}", report.manifest.gaps);
    let own = file(&report.manifest, "dirchk/REP1.cpr");
    assert_eq!(fs::read(Path::new(&report.path).join(own.stored())).unwrap(), [7; 2048], "it has the earlier checkpoint");
    let plan = restore_plan(&RestoreRequest { path: report.path, scratch: None }).unwrap();
    assert!(plan.warnings.iter().any(|warning| warning.contains("checkpoints moved")));
    assert!(!home.back_up().manifest.is_fuzzy);
}

#[test]
fn a_file_that_vanishes_or_changes_is_a_gap() {
    let home = large();
    let report = while_copying(&home, &Home::trail(0), || fs::remove_file(home.path(&Home::trail(2))).unwrap());
    let omitted = report.manifest.omitted.iter().find(|one| one.path == Home::trail(2)).unwrap();
    assert_eq!(omitted.reason, OmitReason::Vanished);
    assert!(!report.manifest.is_whole && verified(&report.path).is_good);
    // A link takes the place of a file after the listing.
    let home = large();
    let report = while_copying(&home, &Home::trail(0), || {
        fs::remove_file(home.path(&Home::trail(2))).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", home.path(&Home::trail(2))).unwrap();
    });
    let omitted = report.manifest.omitted.iter().find(|one| one.path == Home::trail(2)).unwrap();
    assert_eq!((omitted.reason, omitted.text.as_str()), (OmitReason::Unreadable, "it became a link"));
    // A complete file is written to all the time.
    let home = large();
    let next = Path::new(&home.repository()).join("partial/files/home").join(Home::trail(1));
    let report = while_copying(&home, &Home::trail(0), || {
        let file = fs::OpenOptions::new().write(true).open(home.path(&Home::trail(0))).unwrap();
        while !next.exists() {
            file.set_modified(std::time::SystemTime::now()).unwrap();
        }
    });
    assert!(!file(&report.manifest, &Home::trail(0)).is_settled && !report.manifest.is_whole);
    assert!(report.manifest.gaps[0].contains("it changed while it was read"), "{:?}", report.manifest.gaps);
    // The newest file grows all the time: nothing is wrong.
    let home = large();
    let last = trail_files(24_000_000).len() - 1;
    let report = while_copying(&home, &Home::trail(0), || {
        let mut file = fs::OpenOptions::new().append(true).open(home.path(&Home::trail(last))).unwrap();
        (0..50).for_each(|_| file.write_all(b"G\0\0").unwrap());
    });
    assert!(report.manifest.is_whole && verified(&report.path).is_good, "{:?}", report.manifest.gaps);
}

#[test]
fn a_file_that_cannot_be_read_is_a_gap() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let path = home.path("dirprm/mgr.prm");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&path).is_ok() {
        println!("skipped: this user can read every file");
        return;
    }
    let report = home.back_up();
    let omitted = report.manifest.omitted.iter().find(|one| one.path == "dirprm/mgr.prm").unwrap();
    assert_eq!((omitted.reason, omitted.text.as_str()), (OmitReason::Unreadable, "no permission to read it"));
    assert!(!report.manifest.is_whole && report.manifest.files.len() > 5);
}

#[test]
fn a_later_set_shares_the_files_that_did_not_change() {
    let home = Home::new();
    let first = home.back_up();
    let second = home.back_up();
    assert_eq!((first.shared, second.manifest.previous.as_ref().unwrap().set.as_str()), (0, first.manifest.set.as_str()));
    let stored = |report: &BackupReport| Path::new(&report.path).join(file(&report.manifest, &Home::trail(0)).stored());
    assert_eq!(fs::metadata(stored(&first)).unwrap().ino(), fs::metadata(stored(&second)).unwrap().ino());
    assert!(second.shared >= 1 && second.copied_bytes < first.copied_bytes && second.records == first.records);
    let full = backup(&BackupRequest { full: true, ..home.request() }).unwrap();
    assert_eq!((full.shared, full.copied_bytes), (0, first.copied_bytes));
    // Another file in its place is copied, and the earlier sets keep the old one.
    let mut bytes = fs::read(home.path(&Home::trail(0))).unwrap();
    let at = bytes.len() - 20;
    bytes[at] ^= 1;
    home.write(&Home::trail(0), &bytes);
    let changed = home.back_up();
    assert_eq!(fs::read(stored(&changed)).unwrap(), bytes);
    assert_ne!(fs::read(stored(&second)).unwrap(), bytes);
    for report in [&first, &second, &full, &changed] {
        assert!(verified(&report.path).is_good, "{}", report.path);
    }
    // A set that is removed takes nothing from the others.
    fs::remove_dir_all(&first.path).unwrap();
    assert!(verified(&second.path).is_good);
}

#[test]
fn a_stored_file_that_is_damaged_is_not_shared_if_it_is_read() {
    let trails = trail_files(20_000);
    let home = Home::with(&trails);
    let inputs = vec![Input::text("info.txt", info("REP1", &home.path("dirdat/bk"), 0, boundaries(&trails[0])[3]))];
    let back_up = || backup(&BackupRequest { inputs: inputs.clone(), ..home.request() }).unwrap();
    let (first, second) = (back_up(), back_up());
    assert!(second.shared > 1);
    let stored = Path::new(&second.path).join("files/home").join(Home::trail(0));
    planted(&stored, file(&first.manifest, &Home::trail(0)));
    let third = back_up();
    assert_eq!((third.shared, third.manifest.positions[0].landing), (second.shared - 1, Landing::Record));
    assert!(third.manifest.is_whole && verified(&third.path).is_good);
    assert!(!verified(&second.path).is_good, "the damaged file stays in its set");
}

#[test]
fn a_set_that_was_changed_is_not_good() {
    let home = Home::new();
    let report = home.back_up();
    let stored = |path: &str| Path::new(&report.path).join("files/home").join(path);
    let flip = |path: &Path, at: u64| {
        let mut file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
        let mut byte = [0];
        file.seek(SeekFrom::Start(at)).unwrap();
        file.read_exact(&mut byte).unwrap();
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(&[byte[0] ^ 1]).unwrap();
    };
    for path in ["GLOBALS", &Home::trail(0), "dirchk/REP1.cpr"] {
        flip(&stored(path), 5);
        assert_eq!(kinds(&verified(&report.path)), [ProblemKind::Changed], "{path}");
        flip(&stored(path), 5);
        assert!(verified(&report.path).is_good);
    }
    fs::write(stored("extra"), b"x").unwrap();
    assert_eq!(kinds(&verified(&report.path)), [ProblemKind::Unknown]);
    fs::remove_file(stored("extra")).unwrap();
    fs::rename(stored("GLOBALS"), home.path("kept")).unwrap();
    assert_eq!(kinds(&verified(&report.path)), [ProblemKind::Missing]);
    fs::rename(home.path("kept"), stored("GLOBALS")).unwrap();
    let manifest = Path::new(&report.path).join("manifest.json");
    flip(&manifest, 30);
    let error = verify(&VerifyRequest { path: report.path.clone(), ..VerifyRequest::default() }).unwrap_err().to_string();
    assert!(error.contains("the manifest is not the one that was written"), "{error}");
    flip(&manifest, 30);
    // A manifest with a digest of its own, and another order of files.
    let text = fs::read_to_string(&manifest).unwrap();
    let mut forged: Manifest = serde_json::from_str(&text).unwrap();
    forged.files.swap(0, 1);
    let forge = |forged: &Manifest| {
        let text = serde_json::to_string(forged).unwrap();
        fs::write(&manifest, &text).unwrap();
        fs::write(manifest.with_extension("blake3"), blake3::hash(text.as_bytes()).to_hex().as_str()).unwrap();
    };
    forge(&forged);
    assert_eq!(kinds(&verified(&report.path)), [ProblemKind::Chain]);
    forged.files.swap(0, 1);
    let trail = forged.files.iter_mut().find_map(|file| file.trail.as_mut()).unwrap();
    trail.records += 1;
    forge(&forged);
    assert_eq!(kinds(&verified(&report.path)), [ProblemKind::Records]);
    forged.files[0].path = "../../escape".to_owned();
    forge(&forged);
    let error = verify(&VerifyRequest { path: report.path.clone(), ..VerifyRequest::default() }).unwrap_err().to_string();
    assert!(error.contains("leads out of the set"), "{error}");
    // A set after it has nothing of it.
    let later = home.back_up();
    assert_eq!((later.shared, later.manifest.previous.as_ref(), later.refused.len()), (0, None, 1));
    assert!(later.refused[0].reason.contains("leads out of the set") && verified(&later.path).is_good);
}

#[test]
fn a_manifest_is_signed_with_a_key() {
    let home = Home::new();
    let keys: Vec<String> = ["one", "two", "short"].map(|name| home.folder.path().join(name).display().to_string()).into();
    for (path, key) in keys.iter().zip(["a key of 24 letters-----", "another key of 28 letters---", "short"]) {
        fs::write(path, key).unwrap();
    }
    let unsigned = home.back_up().path;
    let signed = backup(&BackupRequest { sign_key: Some(keys[0].clone()), ..home.request() }).unwrap().path;
    let check = |path: &str, keys: &[String]| {
        let report = verify(&VerifyRequest { path: path.to_owned(), keys: keys.to_vec() }).unwrap();
        assert_eq!(report.is_good, !kinds(&report).contains(&ProblemKind::Signature), "{:?}", report.problems);
        let text = serde_json::to_string(&report).unwrap();
        assert!(!text.contains("letters"), "{text}");
        (report.signature.state, report.signature.key, report.is_good)
    };
    let id = check(&signed, &[]).1.unwrap();
    let own = || Some(id.clone());
    use trailcore_ops::backup::SignatureState::{Unchecked, UnknownKey, Unsigned, Valid, Wrong};
    assert_eq!(check(&unsigned, &[]), (Unsigned, None, true));
    assert_eq!(check(&unsigned, &keys[..1]), (Unsigned, None, false));
    assert_eq!(check(&signed, &[]), (Unchecked, own(), true));
    assert_eq!(check(&signed, &keys[..2]), (Valid, own(), true));
    assert_eq!(check(&signed, &keys[1..2]), (UnknownKey, own(), false));
    // An archive keeps it.
    let at = |name: &str| home.folder.path().join(name).display().to_string();
    pack(&PackRequest { path: signed.clone(), to: at("set.tar") }).unwrap();
    unpack(&PackRequest { path: at("set.tar"), to: at("unpacked") }).unwrap();
    assert_eq!(check(&at("unpacked"), &keys[..1]), (Valid, own(), true));
    // Somebody without the key changes the manifest and its digest.
    let (manifest, beside) = (Path::new(&signed).join("manifest.json"), Path::new(&signed).join("manifest.blake3"));
    let before = fs::read_to_string(&beside).unwrap();
    let text = fs::read_to_string(&manifest).unwrap().replace("\"gaps\": []", "\"gaps\": [ ]");
    fs::write(&manifest, &text).unwrap();
    let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
    let signature = before.split_once('\n').unwrap().1.to_owned();
    fs::write(&beside, format!("{digest}\n{signature}")).unwrap();
    assert_eq!(check(&signed, &keys[..1]), (Wrong, own(), false));
    for broken in ["signed", "signed x y\n", &format!("{signature}more"), &signature.replace("signed", "sealed")] {
        fs::write(&beside, format!("{digest}\n{broken}")).unwrap();
        assert_eq!(check(&signed, &[]), (Wrong, None, false), "{broken}");
    }
    fs::write(&beside, format!("{digest}\n")).unwrap();
    assert_eq!(check(&signed, &keys[..1]), (Unsigned, None, false));
    for (key, what) in [(&keys[2], "the file of the key has 5 bytes"), (&at("none"), "No such file")] {
        let error = backup(&BackupRequest { sign_key: Some(key.clone()), ..home.request() }).unwrap_err().to_string();
        assert!(error.contains(what) && !error.contains("short "), "{error}");
    }
}

/// Changes a byte of a stored trail file, and returns its entry with the digest of that.
fn planted(stored: &Path, entry: &trailcore_ops::backup::SetFile) -> trailcore_ops::backup::SetFile {
    let mut bytes = fs::read(stored).unwrap();
    let at = bytes.len() - 20;
    bytes[at] ^= 1;
    // The file of another set may be the same one.
    fs::remove_file(stored).unwrap();
    fs::write(stored, &bytes).unwrap();
    trailcore_ops::backup::SetFile { digest: blake3::hash(&bytes).to_hex().to_string(), ..entry.clone() }
}

#[test]
fn a_signed_set_has_nothing_that_was_planted() {
    let home = Home::new();
    let key = home.folder.path().join("key").display().to_string();
    fs::write(&key, "a key of 24 letters-----").unwrap();
    let signed = || backup(&BackupRequest { sign_key: Some(key.clone()), ..home.request() }).unwrap();
    let check = |report: &BackupReport| {
        let keys = vec![key.clone()];
        assert!(verify(&VerifyRequest { path: report.path.clone(), keys }).unwrap().is_good);
        let stored = Path::new(&report.path).join("files/home").join(Home::trail(0));
        assert_eq!(fs::read(&stored).unwrap(), fs::read(home.path(&Home::trail(0))).unwrap());
        stored
    };
    assert_eq!(signed().shared, 0);
    let last = signed();
    assert!(last.shared > 0 && last.refused.is_empty(), "it shares the files of a set with its key");
    // Somebody without the key changes the last set: a trail file, the manifest, its digest.
    let stored = check(&last);
    let mut forged = last.manifest.clone();
    for file in forged.files.iter_mut().filter(|file| file.path == Home::trail(0)) {
        *file = planted(&stored, file);
    }
    let text = serde_json::to_string(&forged).unwrap();
    fs::write(Path::new(&last.path).join("manifest.json"), &text).unwrap();
    let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
    fs::write(Path::new(&last.path).join("manifest.blake3"), digest + "\n").unwrap();
    let next = signed();
    check(&next);
    assert_eq!((next.shared, next.manifest.previous.is_none(), next.refused.len()), (0, true, 1));
    assert!(next.refused[0].reason.contains("no valid signature"), "{:?}", next.refused);
    // Or a backup that was interrupted.
    let stored = Path::new(&home.repository()).join("partial/files/home").join(Home::trail(0));
    let plant = || {
        fs::create_dir_all(stored.parent().unwrap()).unwrap();
        fs::copy(home.path(&Home::trail(0)), &stored).unwrap();
        let line = serde_json::json!({"file": planted(&stored, file(&next.manifest, &Home::trail(0)))});
        fs::write(Path::new(&home.repository()).join("partial/journal.jsonl"), line.to_string()).unwrap();
    };
    plant();
    let next = signed();
    check(&next);
    assert!(next.resumed == 0 && next.refused.is_empty());
    plant();
    assert_eq!(home.back_up().resumed, 1, "without a key the note counts");
}

#[test]
fn an_older_set_with_a_newer_name_is_not_good() {
    let home = Home::new();
    let key = home.folder.path().join("key").display().to_string();
    fs::write(&key, "a key of 24 letters-----").unwrap();
    let old = backup(&BackupRequest { sign_key: Some(key.clone()), ..home.request() }).unwrap();
    let sets = Path::new(&home.repository()).join("sets");
    fs::rename(&old.path, sets.join("30000101T000000Z")).unwrap();
    for path in [home.repository(), sets.join("30000101T000000Z").display().to_string() + "/"] {
        let report = verify(&VerifyRequest { path, keys: vec![key.clone()] }).unwrap();
        assert_eq!((kinds(&report), report.is_good), (vec![ProblemKind::Name], false));
    }
    // A set that is not in a repository can have any name.
    let elsewhere = home.folder.path().join("elsewhere");
    fs::rename(sets.join("30000101T000000Z"), &elsewhere).unwrap();
    assert!(verified(&elsewhere.display().to_string()).is_good);
}

#[test]
fn wrong_folders_are_refused() {
    let home = Home::new();
    let refused = |request: BackupRequest, words: &str| {
        let error = backup(&request).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    let inside = home.path("new/repository").display().to_string();
    refused(BackupRequest { repository: inside, ..home.request() }, "inside of each other");
    let around = home.folder.path().display().to_string();
    refused(BackupRequest { repository: around, ..home.request() }, "inside of each other");
    let up = home.path("../none/../home/new").display().to_string();
    refused(BackupRequest { repository: up, ..home.request() }, "has .. after a folder that does not exist");
    refused(BackupRequest { roots: Vec::new(), ..home.request() }, "at least one folder");
    refused(BackupRequest { repository: String::new(), ..home.request() }, "repository");
    let root = |name: &str, path: &str| Root { name: Some(name.to_owned()), path: home.path(path).display().to_string() };
    refused(BackupRequest { roots: vec![root("../x", "")], ..home.request() }, "letters, digits");
    refused(BackupRequest { roots: vec![root("a", ""), root("b", "dirdat")], ..home.request() }, "inside of the other");
    refused(BackupRequest { roots: vec![root("a", "dirprm"), root("a", "dirdat")], ..home.request() }, "two roots");
    refused(BackupRequest { roots: vec![root("a", "GLOBALS")], ..home.request() }, "a folder");
    assert!(!home.path("new").exists(), "nothing was created in the source");
}

/// The backup that is killed.
#[test]
fn backup_process() {
    let Ok(home) = std::env::var("BACKUP_HOME") else { return };
    let repository = std::env::var("BACKUP_TO").unwrap();
    let roots = vec![Root { name: None, path: home }];
    let sign_key = std::env::var("BACKUP_KEY").ok();
    backup(&BackupRequest { roots, repository, sign_key, ..BackupRequest::default() }).unwrap();
    std::process::exit(0);
}

fn command(home: &Home, point: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["backup_process", "--exact", "--nocapture"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("BACKUP_HOME", home.path("")).env("BACKUP_TO", home.repository()).env("TRAILCORE_POINT", point);
    command
}

fn start(home: &Home, point: &str) -> Child {
    command(home, point).spawn().unwrap()
}

/// Every set that has a name is whole, and the source is as it was.
fn only_whole_sets(home: &Home, before: &BTreeMap<PathBuf, (Vec<u8>, i64, i64)>) -> usize {
    assert_eq!(&home.state(), before, "the source is untouched");
    let names = if Path::new(&home.repository()).join("sets").exists() { sets(home.repository()).unwrap() } else { Vec::new() };
    for name in &names {
        let report = verified(&format!("{}/sets/{name}", home.repository()));
        assert!(report.is_good && report.is_whole, "{name}: {:?}", report.problems);
    }
    names.len()
}

const POINTS: [&str; 10] = [
    "backup.checkpoint",
    "backup.copied",
    "backup.copied:2",
    "backup.journal",
    "backup.journal:2",
    "backup.checked",
    "backup.manifest",
    "backup.digest",
    "backup.published",
    "",
];

#[test]
fn a_backup_that_is_killed_leaves_no_set() {
    let kills: u64 = std::env::var("TRAILCORE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let home = Home::with(&trail_files(2_000_000));
    let before = home.state();
    let mut known = 0;
    for point in POINTS {
        let status = start(&home, point).wait().unwrap();
        assert_eq!(status.success(), point.is_empty(), "{point}");
        let found = only_whole_sets(&home, &before);
        let is_published = matches!(point, "backup.published" | "");
        assert_eq!(found, known + usize::from(is_published), "{point}");
        known = found;
    }
    let mut interrupted = 0;
    for kill in 0..kills {
        let mut child = start(&home, "");
        std::thread::sleep(Duration::from_micros(500 + kill * 7_919 % 30_000));
        child.kill().unwrap();
        interrupted += u64::from(!child.wait().unwrap().success());
        only_whole_sets(&home, &before);
    }
    assert!(interrupted > 0, "no process was killed before its end");
    let report = home.back_up();
    assert!(report.manifest.is_whole && verified(&report.path).is_good);
    assert!(!Path::new(&home.repository()).join("partial").exists());
}

#[test]
fn an_interrupted_backup_continues() {
    let home = Home::with(&trail_files(2_000_000));
    assert!(!start(&home, "backup.checked").wait().unwrap().success());
    // Bytes of a file that was complete are lost, and one that is not in the source any more is left.
    let partial = Path::new(&home.repository()).join("partial");
    fs::write(partial.join("files/home").join(Home::trail(1)), b"lost").unwrap();
    fs::write(partial.join("files/home/dirprm/gone.prm"), b"PORT 1\n").unwrap();
    let mut journal = fs::OpenOptions::new().append(true).open(partial.join("journal.jsonl")).unwrap();
    journal.write_all(b"{\"file\":{\"root\":\"home\xc3").unwrap();
    let report = home.back_up();
    let sealed = report.manifest.files.iter().filter(|file| file.trail.as_ref().is_some_and(|trail| trail.is_sealed)).count();
    assert_eq!(report.resumed, sealed as u64 - 1);
    assert!(report.manifest.is_whole && verified(&report.path).is_good);
}

#[test]
fn an_interrupted_backup_that_signs_continues() {
    let home = Home::with(&trail_files(2_000_000));
    let keys = ["one", "two"].map(|name| home.folder.path().join(name).display().to_string());
    keys.iter().for_each(|path| fs::write(path, format!("a key of some letters: {path}")).unwrap());
    let signed = |key: &str| backup(&BackupRequest { sign_key: Some(key.to_owned()), ..home.request() }).unwrap();
    let interrupt = || command(&home, "backup.checked").env("BACKUP_KEY", &keys[0]).status().unwrap();
    assert!(!interrupt().success());
    assert!(signed(&keys[0]).resumed > 0);
    fs::remove_dir_all(Path::new(&home.repository()).join("sets")).unwrap();
    assert!(!interrupt().success());
    assert_eq!(signed(&keys[1]).resumed, 0, "the notes of another key do not count");
}

#[test]
fn a_full_disk_leaves_no_set() {
    let home = Home::with(&trail_files(2_000_000));
    let before = home.state();
    let mut command = Command::new("sh");
    // A file can have 200 blocks only: the write of a trail file fails as on a full disk.
    command.args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$0\" backup_process --exact --nocapture"]);
    command.arg(std::env::current_exe().unwrap()).env("BACKUP_HOME", home.path("")).env("BACKUP_TO", home.repository());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && text.contains("cannot write the file"), "{text}");
    assert_eq!(only_whole_sets(&home, &before), 0);
    let error = verify(&VerifyRequest { path: home.repository(), ..VerifyRequest::default() }).unwrap_err().to_string();
    assert!(error.contains("an interrupted backup is no set"), "{error}");
    assert!(home.back_up().manifest.is_whole);
}

#[test]
fn a_checkpoint_that_is_created_meanwhile_is_left_out() {
    let home = large();
    let path = Path::new(&home.repository()).join("partial/files/home/dirchk/REP1.cpr");
    let stop = AtomicBool::new(false);
    // A large checkpoint file is read twice, which gives the time to create another one.
    home.write("dirchk/REP1.cpr", &vec![7; 30_000_000]);
    let report = std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(wait_for(&path, &stop));
            home.write("dirchk/REP2.cpr", &[9; 2048]);
        });
        home.back_up()
    });
    let omitted = report.manifest.omitted.iter().find(|one| one.path == "dirchk/REP2.cpr").unwrap();
    assert_eq!(omitted.reason, OmitReason::Late);
    assert!(report.manifest.is_whole && report.manifest.is_fuzzy && verified(&report.path).is_good);
}

#[test]
fn one_writer_at_a_time() {
    let home = large();
    let path = Path::new(&home.repository()).join("partial/files/home").join(Home::trail(0));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| {
            assert!(wait_for(&path, &stop));
            backup(&home.request()).unwrap_err().to_string()
        });
        home.back_up();
        let refused = second.join().unwrap();
        assert!(refused.contains("another backup writes to the repository"), "{refused}");
    });
}

#[test]
fn an_archive_has_the_same_bytes_each_time() {
    let home = Home::new();
    let report = home.back_up();
    let at = |name: &str| home.folder.path().join(name).display().to_string();
    for end in ["tar", "tar.zst"] {
        let [one, two] = ["one", "two"].map(|name| at(&format!("{name}.{end}")));
        let first = pack(&PackRequest { path: report.path.clone(), to: one.clone() }).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        let second = pack(&PackRequest { path: home.repository(), to: two }).unwrap();
        assert_eq!(first.digest, second.digest);
        assert!(pack(&PackRequest { path: report.path.clone(), to: one.clone() }).is_err(), "nothing is replaced");
        let folder = at(&format!("unpacked.{end}"));
        unpack(&PackRequest { path: one.clone(), to: folder.clone() }).unwrap();
        let unpacked = verified(&folder);
        assert!(unpacked.is_good, "{:?}", unpacked.problems);
        // An archive that is cut off, or changed, never gives a good set.
        let whole = fs::read(&one).unwrap();
        for (number, bytes) in [whole[..whole.len() / 2].to_vec(), whole[..100].to_vec(), Vec::new()].iter().enumerate() {
            let cut = at(&format!("cut{number}.{end}"));
            fs::write(&cut, bytes).unwrap();
            let folder = at(&format!("cut-{number}-{end}"));
            assert!(unpack(&PackRequest { path: cut, to: folder }).is_err(), "{end} {number}");
        }
    }
}

#[test]
fn an_archive_cannot_write_elsewhere() {
    let home = Home::new();
    let report = home.back_up();
    let at = |name: &str| home.folder.path().join(name).display().to_string();
    let hostile = |build: &dyn Fn(&mut tar::Builder<Vec<u8>>)| {
        let mut builder = tar::Builder::new(Vec::new());
        for name in ["manifest.json", "manifest.blake3"] {
            let bytes = fs::read(Path::new(&report.path).join(name)).unwrap();
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
        }
        build(&mut builder);
        builder.into_inner().unwrap()
    };
    let first = report.manifest.files[0].stored();
    let escape = hostile(&|builder| {
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..14].copy_from_slice(b"../../escape\0\0");
        header.set_size(1);
        header.set_cksum();
        builder.append(&header, b"x".as_slice()).unwrap();
    });
    let link = hostile(&|builder| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, &first, "/etc/passwd").unwrap();
    });
    let bomb = hostile(&|builder| {
        let mut header = tar::Header::new_gnu();
        header.set_size(1 << 20);
        builder.append_data(&mut header, &first, vec![0; 1 << 20].as_slice()).unwrap();
    });
    for (name, bytes) in [("escape", escape), ("link", link), ("bomb", bomb)] {
        fs::write(at(&format!("{name}.tar")), bytes).unwrap();
        let error = unpack(&PackRequest { path: at(&format!("{name}.tar")), to: at(name) }).unwrap_err().to_string();
        assert!(error.contains("expected files/") || error.contains("more than its manifest allows"), "{name}: {error}");
    }
    assert!(
        !home.folder.path().join("escape").join("escape").exists()
            && !home.folder.path().parent().unwrap().join("escape").exists()
    );
}

#[test]
fn sets_are_kept_by_value() {
    let home = Home::new();
    let mut names = Vec::new();
    // Two sets a day in the first week of March 2024, which starts on a Friday; the trail moves on.
    for (index, time) in ["01T06", "01T18", "02T06", "02T18", "03T06", "04T06", "05T06"].iter().enumerate() {
        if index == 3 {
            fs::remove_file(home.path(&Home::trail(0))).unwrap();
        }
        let now = format!("2024-03-{time}:00:00Z").parse().unwrap();
        names.push(backup(&BackupRequest { now: Some(now), ..home.request() }).unwrap().manifest.set);
    }
    assert_eq!(names[0], "20240301T060000Z");
    let kept = |request: RetainRequest| -> Vec<usize> {
        let report = retain(&RetainRequest { repository: home.repository(), ..request }).unwrap();
        report.sets.iter().enumerate().filter(|(_, set)| set.is_kept).map(|(index, _)| index).collect()
    };
    assert_eq!(kept(RetainRequest::default()), [6], "the last good set is always kept");
    assert_eq!(kept(RetainRequest { last: 2, ..RetainRequest::default() }), [5, 6]);
    assert_eq!(kept(RetainRequest { daily: 3, ..RetainRequest::default() }), [4, 5, 6]);
    assert_eq!(kept(RetainRequest { daily: 9, ..RetainRequest::default() }), [1, 3, 4, 5, 6]);
    assert_eq!(kept(RetainRequest { weekly: 2, ..RetainRequest::default() }), [4, 6], "2024-03-03 is a Sunday");
    assert_eq!(kept(RetainRequest { monthly: 2, ..RetainRequest::default() }), [6]);
    // Only the sets before the purge have file 0: the newest of them is kept for the open transaction.
    let need = |seqno| ReaderPosition { name: "REP1".into(), trail: "./dirdat/bk".into(), seqno, rba: 0 };
    assert_eq!(kept(RetainRequest { needs: vec![need(0)], ..RetainRequest::default() }), [2, 6]);
    assert_eq!(kept(RetainRequest { needs: vec![need(1)], ..RetainRequest::default() }), [6]);
    assert_eq!(kept(RetainRequest { needs: vec![need(0)], last: 6, ..RetainRequest::default() }), [1, 2, 3, 4, 5, 6]);
    let request = RetainRequest { repository: home.repository(), needs: vec![need(99)], ..RetainRequest::default() };
    assert_eq!(retain(&request).unwrap().uncovered, [need(99)]);
    // The value of a set that cannot be read is not known.
    fs::write(Path::new(&home.repository()).join("sets").join(&names[0]).join("manifest.json"), b"{").unwrap();
    assert_eq!(kept(RetainRequest::default()), [0, 6]);
    // An earlier time would become the last set.
    let now = Some("2024-02-01T00:00:00Z".parse().unwrap());
    let error = backup(&BackupRequest { now, ..home.request() }).unwrap_err().to_string();
    assert!(error.contains("is later than 20240201T000000Z"), "{error}");
}

#[test]
fn every_verb_answers_in_the_one_call() {
    let home = Home::new();
    let folder = |name: &str| home.folder.path().join(name).display().to_string();
    let call = |verb: &str, request: serde_json::Value| -> serde_json::Value {
        serde_json::from_str(&trailcore_ops::call(verb, &request.to_string()).unwrap()).unwrap()
    };
    let roots = serde_json::json!([{"path": home.path("").display().to_string()}]);
    let repository = home.repository();
    assert!(call("ops.inventory", serde_json::json!({"roots": roots}))["first_set"].as_u64().unwrap() > 20_000);
    let taken = call("ops.backup", serde_json::json!({"roots": roots, "repository": repository, "now": "2024-03-01T12:00:00Z"}));
    assert_eq!(taken["manifest"]["set"], "20240301T120000Z");
    assert_eq!(call("ops.verify", serde_json::json!({"path": repository}))["is_good"], true);
    let rehearsal = call("ops.rehearse", serde_json::json!({"path": repository, "scratch": folder("scratch")}));
    assert_eq!((rehearsal["is_good"].as_bool(), rehearsal["trails"].as_array().unwrap().len()), (Some(true), 1));
    let plan = call("ops.restore_plan", serde_json::json!({"path": repository}));
    assert!(plan["text"].as_str().unwrap().contains("cp -a "), "{plan}");
    assert_eq!(call("ops.retain", serde_json::json!({"repository": repository}))["sets"][0]["is_kept"], true);
    let packed = trailcore_ops::call("ops.pack", &serde_json::json!({"path": repository, "to": folder("a.tar")}).to_string());
    assert!(packed.is_ok(), "{packed:?}");
    let inputs = serde_json::json!([{"trails": home.path("dirdat").display().to_string()}]);
    let purge = call("ops.purge", serde_json::json!({"inputs": inputs}));
    assert_eq!(purge["trails"][0]["files"][0]["reason"], "readers_not_listed");
    assert!(trailcore_ops::call("ops.backup", r#"{"root": []}"#).is_err());
}

/// Returns the changes of a trail up to a position as text.
fn changes(trail: &Path, until: (u64, u64)) -> Vec<String> {
    let reader = Trail::open(trail).unwrap().reader().unwrap();
    let mut found = Vec::new();
    for change in reader.into_changes() {
        let change = change.unwrap();
        let change = change.as_change();
        let at: TrailPosition = change.position().trail().unwrap();
        if (at.seqno, at.rba) >= until {
            break;
        }
        found.push(change.to_json().unwrap());
    }
    found
}

#[test]
fn a_live_deployment_is_restored_to_every_checkpoint() {
    let trails = trail_files(3_000_000);
    let home = Home::with(&[]);
    let info_file = home.folder.path().join("info.txt");
    let stop = AtomicBool::new(false);
    let trail = home.path("dirdat/bk");
    let mut restored = 0;
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut random = 7u64;
            for (seqno, bytes) in trails.iter().enumerate() {
                let bounds = boundaries(bytes);
                let mut file = fs::File::create({
                    home.write(&Home::trail(seqno), b"");
                    home.path(&Home::trail(seqno))
                })
                .unwrap();
                let mut done = 0;
                while done < bytes.len() {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let next = (done + 1 + (random >> 33) as usize % 9_000).min(bytes.len());
                    file.write_all(&bytes[done..next]).unwrap();
                    done = next;
                    // The reader is somewhere before the writer, at the start of a record.
                    let upto = bounds.partition_point(|end| *end <= done as u64);
                    if upto > 0 {
                        let rba = bounds[(random >> 40) as usize % upto];
                        home.write("dirchk/REP1.cpr", format!("{seqno} {rba}").as_bytes());
                        let text = info("REP1", &trail, seqno as u64, rba);
                        fs::write(info_file.with_extension("new"), text).unwrap();
                        fs::rename(info_file.with_extension("new"), &info_file).unwrap();
                    }
                    std::thread::sleep(Duration::from_micros(300));
                }
            }
            stop.store(true, Ordering::Relaxed);
        });
        while !info_file.exists() {
            std::thread::yield_now();
        }
        let mut fuzzy = 0;
        while !stop.load(Ordering::Relaxed) {
            let inputs = vec![Input::path(info_file.display().to_string())];
            let report = backup(&BackupRequest { inputs, ..home.request() }).unwrap();
            fuzzy += u32::from(report.manifest.is_fuzzy);
            let unsettled = report.manifest.gaps.iter().all(|gap| gap.contains("REP1.cpr: it changed while it was read"));
            assert!(unsettled, "{:?}", report.manifest.gaps);
            let scratch = tempfile::tempdir().unwrap();
            let folder = scratch.path().display().to_string();
            let rehearsal = rehearse(&RestoreRequest { path: report.path, scratch: Some(folder) }).unwrap();
            // The trail may end inside of a transaction; that is no fault.
            assert!(rehearsal.is_good, "{:?}", rehearsal.problems);
            let position = &rehearsal.positions[0];
            assert!(position.landing.is_good());
            let until = (position.seqno, position.rba);
            let copy = scratch.path().join("home/dirdat/bk");
            assert_eq!(changes(&copy, until), changes(&trail, until), "{until:?}");
            restored += 1;
        }
        writer.join().unwrap();
        assert!(fuzzy > 0, "no checkpoint moved during {restored} backups");
    });
    assert!(restored >= 3, "{restored}");
}
