//! Backups in an object store: the same as in a folder, whatever ends the process. The store keeps its objects in a local folder, which is a
//! repository, too.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // the folders of this test are its own

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions,
    PutPayload, PutResult,
};
use tempfile::TempDir;
use trailcore_ops::backup::{
    BackupReport, BackupRequest, Manifest, OmitReason, PackRequest, ReaderPosition, RestoreRequest, RetainRequest, Root,
    VerifyReport, VerifyRequest, backup, pack, rehearse, restore_plan, retain, sets, unpack, verify,
};
use trailcore_ops::history::{HistoryRequest, history};
use trailcore_samples::{Bank, bank_in_memory};

/// The error of a request for an object.
#[derive(Clone, Copy)]
enum Fault {
    Gone,
    Timeout,
}

/// The objects that cannot be read, by their paths.
static FAULTS: Mutex<BTreeMap<String, Fault>> = Mutex::new(BTreeMap::new());

/// The store of the paths of this machine, which cannot read some objects.
#[derive(Debug)]
struct Faulty(LocalFileSystem);

impl std::fmt::Display for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Faulty")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, path: &ObjectPath, payload: PutPayload, options: PutOptions) -> object_store::Result<PutResult> {
        self.0.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &ObjectPath,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &ObjectPath, options: GetOptions) -> object_store::Result<GetResult> {
        let fault = FAULTS.lock().unwrap().get(path.as_ref()).copied();
        match fault {
            Some(Fault::Gone) => Err(object_store::Error::NotFound { path: path.to_string(), source: "gone".into() }),
            Some(Fault::Timeout) => Err(object_store::Error::Generic { store: "faulty", source: "no answer in time".into() }),
            None => self.0.get_opts(path, options).await,
        }
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, object_store::Result<ObjectPath>>,
    ) -> BoxStream<'static, object_store::Result<ObjectPath>> {
        self.0.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&ObjectPath>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&ObjectPath>) -> object_store::Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &ObjectPath, to: &ObjectPath, options: CopyOptions) -> object_store::Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}

/// Returns the store of the paths of this machine.
fn open(_: &str, _: &BTreeMap<String, String>) -> trailcore::Result<Arc<dyn ObjectStore>> {
    Ok(Arc::new(Faulty(LocalFileSystem::new().with_automatic_cleanup(true))))
}

/// A home, and a repository beside it.
struct Home {
    folder: TempDir,
}

impl Home {
    fn new(bytes: u64) -> Self {
        trailcore_stream::register_store("objects", open);
        let home = Self { folder: tempfile::tempdir().unwrap() };
        let small = Bank::small();
        let writer = trailcore::sink::WriterOptions { file_size: bytes / 4, ..small.writer.clone() };
        for (seqno, (_, bytes)) in bank_in_memory(&Bank { bytes, writer, ..small }).unwrap().iter().enumerate() {
            home.write(&format!("dirdat/bk{seqno:09}"), bytes);
        }
        home.write("dirprm/rep1.prm", b"REPLICAT rep1\nMAP A.B, TARGET A.C;\n");
        home.write("dirchk/REP1.cpr", &[7; 2048]);
        home
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join("home").join(below)
    }

    fn write(&self, below: &str, bytes: &[u8]) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn objects(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    fn url(&self) -> String {
        format!("objects://{}", self.objects().display())
    }

    fn request(&self) -> BackupRequest {
        let roots = vec![Root { name: None, path: self.path("").display().to_string() }];
        BackupRequest { roots, repository: self.url(), ..BackupRequest::default() }
    }

    fn back_up(&self) -> BackupReport {
        backup(&self.request()).unwrap()
    }

    /// Makes the requests for an object fail from now on.
    fn fail(&self, object: &str, fault: Fault) {
        let path = self.objects().join(object).display().to_string();
        FAULTS.lock().unwrap().insert(path.trim_start_matches('/').to_owned(), fault);
    }

    /// Returns the objects that are not of a published set, apart from the empty digests of abandoned ones.
    fn left(&self) -> Vec<String> {
        let mut left = files(&self.objects().join("partial"));
        for set in fs::read_dir(self.objects().join("sets")).unwrap() {
            let set = set.unwrap().path();
            if fs::read(set.join("manifest.blake3")).unwrap_or_default().is_empty() {
                left.extend(files(&set).into_iter().filter(|file| !file.ends_with("manifest.blake3")));
            }
        }
        // A store of files that is killed leaves `NAME#1`, which is no object.
        let is_object = |name: &str| name.rsplit_once('#').is_none_or(|(_, number)| number.parse::<u32>().is_err());
        left.retain(|file| is_object(file));
        left
    }

    fn start(&self, point: &str) -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["backup_process", "--exact", "--nocapture"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("BACKUP_HOME", self.path("")).env("BACKUP_TO", self.url()).env("TRAILCORE_POINT", point);
        command.spawn().unwrap()
    }

    /// Verifies every set that has a name, and returns their number.
    fn whole_sets(&self) -> usize {
        let names = if self.objects().join("sets").exists() { sets(self.url()).unwrap() } else { Vec::new() };
        for name in &names {
            let report = verified(&format!("{}/sets/{name}", self.url()));
            assert!(report.is_good && report.is_whole, "{name}: {:?}", report.problems);
        }
        names.len()
    }
}

fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path.display().to_string()] }).collect()
}

fn verified(path: &str) -> VerifyReport {
    verify(&VerifyRequest { path: path.to_owned(), ..VerifyRequest::default() }).unwrap()
}

/// The backup that is killed.
#[test]
fn backup_process() {
    let Ok(home) = std::env::var("BACKUP_HOME") else { return };
    trailcore_stream::register_store("objects", open);
    let roots = vec![Root { name: None, path: home }];
    let repository = std::env::var("BACKUP_TO").unwrap();
    backup(&BackupRequest { roots, repository, ..BackupRequest::default() }).unwrap();
    std::process::exit(0);
}

#[test]
fn everything_works_from_the_url() {
    let home = Home::new(20_000);
    let first = home.back_up();
    assert!(first.manifest.is_whole && first.path == format!("{}/sets/{}", home.url(), first.manifest.set), "{}", first.path);
    assert_eq!(Manifest::open(&first.path).unwrap(), first.manifest);
    home.write("dirprm/rep1.prm", b"REPLICAT rep1\nMAP A.B, TARGET A.D;\n");
    let second = home.back_up();
    let sealed = second.manifest.files.iter().filter(|file| file.trail.as_ref().is_some_and(|trail| trail.is_sealed)).count();
    assert!(sealed > 1 && second.shared == sealed as u64, "{sealed} files are copied inside of the store");
    assert_eq!(second.manifest.previous.as_ref().unwrap().set, first.manifest.set);
    assert_eq!(home.whole_sets(), 2);
    assert!(home.left().is_empty(), "{:?}", home.left());

    let scratch = home.folder.path().join("scratch");
    let restored = RestoreRequest { path: home.url(), scratch: Some(scratch.display().to_string()) };
    let rehearsal = rehearse(&restored).unwrap();
    assert!(rehearsal.is_good && rehearsal.trails.len() == 1 && rehearsal.path == second.path, "{:?}", rehearsal.problems);
    for file in &second.manifest.files {
        assert_eq!(fs::read(scratch.join("home").join(&file.path)).unwrap(), fs::read(home.path(&file.path)).unwrap());
    }
    let plan = restore_plan(&RestoreRequest { path: home.url(), ..RestoreRequest::default() }).unwrap();
    let beside = home.folder.path().canonicalize().unwrap().join(format!("home.rehearsal-{}", second.manifest.set));
    assert!(plan.text.contains(&format!("rehearse {} --scratch {}", second.path, beside.display())), "{}", plan.text);
    assert!(plan.text.contains(&format!("cp -a {}/home/. ", beside.display())), "{}", plan.text);

    let trail = home.path("dirdat/bk").display().to_string();
    let needs = vec![ReaderPosition { name: "R1".to_owned(), trail, seqno: 0, rba: 0 }];
    let kept = retain(&RetainRequest { repository: home.url(), last: 1, needs, ..RetainRequest::default() }).unwrap();
    assert_eq!(kept.sets.iter().map(|set| set.is_kept).collect::<Vec<_>>(), [false, true]);
    assert!(kept.uncovered.is_empty());
    let changes = history(&HistoryRequest { path: home.url(), ..HistoryRequest::default() }).unwrap();
    assert_eq!((changes.versions.len(), changes.versions[0].files[0].changes.len()), (1, 1));

    let at = |name: &str| home.folder.path().join(name).display().to_string();
    pack(&PackRequest { path: home.url(), to: at("set.tar.zst") }).unwrap();
    unpack(&PackRequest { path: at("set.tar.zst"), to: at("unpacked") }).unwrap();
    // The objects are the files of a local repository.
    for path in [at("unpacked"), home.objects().display().to_string()] {
        let report = verified(&path);
        assert!(report.is_good && report.set == second.manifest.set, "{path}: {:?}", report.problems);
    }
}

#[test]
fn changes_of_objects_are_found() {
    let home = Home::new(20_000);
    let set = home.back_up();
    let at = home.objects().join("sets").join(&set.manifest.set);
    fs::write(at.join("files/home/dirprm/rep1.prm"), b"REPLICAT rep2\n").unwrap();
    fs::remove_file(at.join("files/home/dirchk/REP1.cpr")).unwrap();
    fs::write(at.join("files/home/more"), b"more").unwrap();
    let report = verified(&home.url());
    let mut found: Vec<_> = report.problems.iter().map(|problem| (problem.kind, problem.subject.as_str())).collect();
    found.sort();
    use trailcore_ops::backup::ProblemKind::{Changed, Missing, Unknown};
    let subjects =
        [(Missing, "files/home/dirchk/REP1.cpr"), (Changed, "files/home/dirprm/rep1.prm"), (Unknown, "files/home/more")];
    assert_eq!(found, subjects);
    // A set that has lost a file is not the source of the next one.
    fs::remove_file(at.join("files/home/dirdat/bk000000000")).unwrap();
    let next = home.back_up();
    assert!(verified(&next.path).problems.is_empty() && next.shared > 0);
}

#[test]
fn an_error_of_the_store_is_no_damage() {
    for file in ["files/home/dirprm/rep1.prm", "files/home/dirdat/bk000000000"] {
        let home = Home::new(20_000);
        let object = format!("sets/{}/{file}", home.back_up().manifest.set);
        let scratch = home.folder.path().join("scratch").display().to_string();
        home.fail(&object, Fault::Gone);
        assert_eq!(verified(&home.url()).problems[0].text, "it vanished");
        home.fail(&object, Fault::Timeout);
        let verified = verify(&VerifyRequest { path: home.url(), ..VerifyRequest::default() }).unwrap_err();
        let rehearsed = rehearse(&RestoreRequest { path: home.url(), scratch: Some(scratch) }).unwrap_err();
        for error in [verified, rehearsed] {
            assert_eq!(error.kind(), trailcore::ErrorKind::Io);
            assert!(error.to_string().contains("no answer in time") && error.to_string().contains(file), "{error}");
        }
    }
}

#[test]
fn a_note_that_vanishes_is_no_note() {
    let home = Home::new(20_000);
    let note = "partial/20240301T120000Z/files/home/dirdat/bk000000000";
    fs::create_dir_all(home.objects().join(note).parent().unwrap()).unwrap();
    fs::write(home.objects().join(note), "{}").unwrap();
    home.fail(note, Fault::Timeout);
    let error = backup(&home.request()).unwrap_err().to_string();
    assert!(error.contains("no answer in time"), "{error}");
    home.fail(note, Fault::Gone);
    assert!(home.back_up().manifest.is_whole);
}

#[test]
fn a_name_that_no_object_can_have_is_a_gap() {
    let home = Home::new(20_000);
    home.write("dirprm/a\nb.prm", b"PORT 1\n");
    let report = home.back_up();
    let omitted = report.manifest.omitted.iter().find(|one| one.reason == OmitReason::Name).unwrap();
    assert!(omitted.path == "dirprm/a\nb.prm" && !report.manifest.is_whole);
}

#[test]
fn a_backup_that_is_killed_leaves_no_set() {
    const POINTS: [&str; 8] = [
        "backup.checkpoint",
        "backup.copied:2",
        "backup.journal:2",
        "backup.checked",
        "backup.manifest",
        "backup.digest",
        "backup.published",
        "",
    ];
    let kills: u64 = std::env::var("TRAILCORE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let home = Home::new(2_000_000);
    let mut known = 0;
    for point in POINTS {
        let status = home.start(point).wait().unwrap();
        assert_eq!(status.success(), point.is_empty(), "{point}");
        let found = home.whole_sets();
        let is_published = matches!(point, "backup.digest" | "backup.published" | "");
        assert_eq!(found, known + usize::from(is_published), "{point}");
        known = found;
    }
    let mut interrupted = 0;
    for kill in 0..kills {
        let mut child = home.start("");
        std::thread::sleep(Duration::from_micros(500 + kill * 7_919 % 60_000));
        child.kill().unwrap();
        interrupted += u64::from(!child.wait().unwrap().success());
        home.whole_sets();
    }
    assert!(interrupted > 0, "no process was killed before its end");
    assert!(home.back_up().manifest.is_whole);
    home.whole_sets();
    assert!(home.left().is_empty(), "{:?}", home.left());
}

#[test]
fn an_interrupted_backup_continues() {
    let home = Home::new(2_000_000);
    assert!(!home.start("backup.checked").wait().unwrap().success());
    assert!(!home.start("backup.copied").wait().unwrap().success());
    let report = home.back_up();
    let sealed = report.manifest.files.iter().filter(|file| file.trail.as_ref().is_some_and(|trail| trail.is_sealed)).count();
    assert_eq!(report.resumed, sealed as u64);
    assert!(report.manifest.is_whole && home.whole_sets() == 1);
    assert!(home.left().is_empty(), "{:?}", home.left());
}

#[test]
fn a_signed_set_has_nothing_that_was_planted() {
    let home = Home::new(20_000);
    let key = home.folder.path().join("key").display().to_string();
    fs::write(&key, "a key of 24 letters-----").unwrap();
    let first = home.back_up();
    let stored = "files/home/dirdat/bk000000000";
    let source = fs::read(home.path("dirdat/bk000000000")).unwrap();
    let write = |below: &str, bytes: &[u8]| {
        let path = home.objects().join(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    // Somebody without the key notes a file in the name of a backup that was interrupted.
    let plant = || {
        let mut bytes = source.clone();
        *bytes.last_mut().unwrap() ^= 1;
        let mut file = first.manifest.files.iter().find(|file| file.stored() == stored).unwrap().clone();
        file.digest = blake3::hash(&bytes).to_hex().to_string();
        write(&format!("partial/20240301T120000Z/{stored}"), serde_json::json!({"file": file}).to_string().as_bytes());
        write(&format!("sets/20240301T120000Z/{stored}"), &bytes);
    };
    plant();
    let report = backup(&BackupRequest { sign_key: Some(key.clone()), full: true, ..home.request() }).unwrap();
    let copy = home.objects().join("sets").join(&report.manifest.set).join(stored);
    assert_eq!((report.resumed, fs::read(copy).unwrap() == source), (0, true));
    assert!(verify(&VerifyRequest { path: report.path, keys: vec![key] }).unwrap().is_good);
    plant();
    assert_eq!(home.back_up().resumed, 1, "without a key the note counts");
}

#[test]
fn a_backup_that_comes_back_cannot_publish() {
    let home = Home::new(24_000_000);
    let suspended = home.start("");
    let is_copied = |file: &String| file.ends_with("bk000000000");
    while !files(&home.objects().join("sets")).iter().any(is_copied) {
        std::thread::yield_now();
    }
    let signal = |name: &str| Command::new("kill").args([name, &suspended.id().to_string()]).status().unwrap();
    signal("-STOP");
    let report = home.back_up();
    signal("-CONT");
    let ended = suspended.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&ended.stderr).into_owned() + &String::from_utf8_lossy(&ended.stdout);
    assert!(!ended.status.success() && text.contains("another backup writes to the repository"), "{text}");
    assert_eq!(home.whole_sets(), 1);
    assert!(verified(&report.path).is_good);
    home.back_up();
    assert!(home.left().is_empty(), "{:?}", home.left());
}
