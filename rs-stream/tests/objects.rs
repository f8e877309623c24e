//! Sinks in object stores: every change once and in order, whatever the store answers and whatever ends the process.
//!
//! `TRAILCORE_KILLS` is the number of kills at random, and a fifth of the number of random sequences of faults; 6 without it.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[allow(dead_code)]
#[path = "live/support.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use parking_lot::Mutex;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use support::{Growing, options, trail};
use trailcore::sink::{Format, WriterOptions};
use trailcore::{ErrorKind, Position, Trail};
use trailcore_stream::pipeline::{Pipeline, PipelineOptions, Pipelines};
use trailcore_stream::sink::{FilesOptions, FilesSink, Manifest, Sink, TrailSink, TrailSinkOptions, register_store};

const FORMATS: [Format; 4] = [Format::JsonLines, Format::Csv, Format::Arrow, Format::Parquet];
const FOLDER: &str = "lake/items";

fn kills() -> u64 {
    std::env::var("TRAILCORE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

fn growing() -> Growing {
    let list: Vec<_> = (100..130).map(|csn| (csn, 1 + usize::try_from(csn % 5).unwrap())).collect();
    let growing = Growing::new();
    let files = trail(WriterOptions { file_size: 2_500, ..options() }, &list);
    files.iter().enumerate().for_each(|(seqno, bytes)| growing.append(seqno, bytes));
    growing
}

fn toml(trail: &Path, sink: &str) -> String {
    format!(
        "[[pipeline]]\nname = 'test'\ntrail = {trail:?}\ncommit = {{ changes = 7, milliseconds = 50 }}\n\
         follow = {{ hints = false, poll_interval = 1, batch = 3 }}\nretry = {{ attempts = 0, first = 1, longest = 2 }}\n{sink}"
    )
}

fn pipeline(trail: &Path) -> PipelineOptions {
    Pipelines::from_toml(&toml(trail, "")).unwrap().pipelines.remove(0)
}

fn sink(format: Format, store: Arc<dyn ObjectStore>) -> Box<dyn Sink> {
    let options: FilesOptions = serde_json::from_value(serde_json::json!({ "path": FOLDER, "partition": ["date"] })).unwrap();
    Box::new(FilesSink::in_store(format, options, store).unwrap())
}

fn start(format: Format, trail: &Path, store: Arc<dyn ObjectStore>) -> Pipeline {
    Pipeline::start_with(pipeline(trail), vec![("files".to_owned(), sink(format, store))]).unwrap()
}

fn wanted(trail: &Path) -> Vec<Position> {
    let reader = Trail::open(trail).unwrap().reader().unwrap();
    reader.into_changes().map(|change| change.unwrap().as_change().position()).collect()
}

fn read(store: &dyn ObjectStore, path: &str) -> bytes::Bytes {
    pollster::block_on(async { store.get(&ObjectPath::parse(path).unwrap()).await.unwrap().bytes().await.unwrap() })
}

fn positions(format: Format, bytes: bytes::Bytes) -> Vec<Position> {
    let text = || std::str::from_utf8(&bytes).unwrap();
    let of = |batch: arrow_array::RecordBatch| {
        let texts = batch.column_by_name("_position").unwrap();
        let texts = texts.as_any().downcast_ref::<arrow_array::StringArray>().unwrap().clone();
        texts.iter().map(|text| text.unwrap().parse().unwrap()).collect::<Vec<Position>>()
    };
    match format {
        Format::JsonLines => text()
            .lines()
            .map(|line| {
                let change: serde_json::Value = serde_json::from_str(line).unwrap();
                Position::new(change["seqno"].as_u64().unwrap(), change["rba"].as_u64().unwrap())
            })
            .collect(),
        Format::Csv => text().lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect(),
        Format::Arrow => {
            let reader = arrow_ipc::reader::FileReader::try_new(std::io::Cursor::new(bytes), None).unwrap();
            reader.flat_map(|batch| of(batch.unwrap())).collect()
        }
        _ => ParquetRecordBatchReaderBuilder::try_new(bytes)
            .unwrap()
            .build()
            .unwrap()
            .flat_map(|batch| of(batch.unwrap()))
            .collect(),
    }
}

/// Returns the positions of all changes that are committed, in their order.
fn committed(format: Format, store: &Arc<dyn ObjectStore>) -> Vec<Position> {
    let files = Manifest::in_store(Arc::clone(store), FOLDER).unwrap().files().unwrap();
    let mut all = Vec::new();
    for (_, file) in files {
        let bytes = read(&**store, &format!("{FOLDER}/{}", file.path));
        assert_eq!(bytes.len() as u64, file.bytes);
        let positions = positions(format, bytes);
        assert_eq!((positions[0], *positions.last().unwrap()), (file.first, file.last));
        all.extend(positions);
    }
    all
}

/// Returns the objects that no entry has.
fn orphans(store: &Arc<dyn ObjectStore>) -> BTreeSet<String> {
    let files = Manifest::in_store(Arc::clone(store), FOLDER).unwrap().files().unwrap();
    let known: BTreeSet<_> = files.iter().map(|(_, file)| format!("{FOLDER}/{}", file.path)).collect();
    let listed: Vec<ObjectMeta> = pollster::block_on(store.list(Some(&ObjectPath::from(FOLDER))).try_collect()).unwrap();
    let listed = listed.into_iter().map(|object| object.location.to_string());
    listed.filter(|path| !path.contains("_trailcore") && !known.contains(path)).collect()
}

/// The fate of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Good,
    /// It waits, and is good.
    Slow,
    /// Refused with a 500, without effect.
    Refused,
    /// It has its effect, but the answer is lost.
    Lost,
    /// An error, and a put has its effect later, before one of the next requests.
    Late,
}

type Decide = Box<dyn FnMut(&str, &str) -> Fate + Send>;
type LatePut = (ObjectPath, PutPayload, PutOptions);

/// An object store whose requests have the fates that a function decides, by the kind of the request and its path.
struct Faulty {
    inner: Arc<InMemory>,
    decide: Mutex<Decide>,
    late: Mutex<Vec<LatePut>>,
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

fn error() -> object_store::Error {
    object_store::Error::Generic { store: "faulty", source: "500 Internal Server Error".into() }
}

impl Faulty {
    fn of(inner: &Arc<InMemory>, decide: impl FnMut(&str, &str) -> Fate + Send + 'static) -> Arc<dyn ObjectStore> {
        Arc::new(Self { inner: Arc::clone(inner), decide: Mutex::new(Box::new(decide)), late: Mutex::default() })
    }

    fn fate(&self, request: &str, path: Option<&ObjectPath>) -> Fate {
        let fate = (*self.decide.lock())(request, path.map_or("", |path| path.as_ref()));
        if fate == Fate::Slow {
            std::thread::sleep(Duration::from_millis(2));
        }
        fate
    }

    /// A put that was late arrives.
    async fn arrive(&self) {
        let late = std::mem::take(&mut *self.late.lock());
        for (path, payload, options) in late {
            // Nobody hears of the outcome.
            let _ = self.inner.put_opts(&path, payload, options).await;
        }
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, path: &ObjectPath, payload: PutPayload, options: PutOptions) -> object_store::Result<PutResult> {
        match self.fate("put", Some(path)) {
            Fate::Good | Fate::Slow => {
                let outcome = self.inner.put_opts(path, payload, options).await;
                self.arrive().await;
                outcome
            }
            Fate::Refused => Err(error()),
            Fate::Lost => {
                self.inner.put_opts(path, payload, options).await?;
                Err(error())
            }
            Fate::Late => {
                self.late.lock().push((path.clone(), payload, options));
                Err(error())
            }
        }
    }

    async fn put_multipart_opts(
        &self,
        path: &ObjectPath,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &ObjectPath, options: GetOptions) -> object_store::Result<GetResult> {
        match self.fate("get", Some(path)) {
            Fate::Good | Fate::Slow => self.inner.get_opts(path, options).await,
            _ => Err(error()),
        }
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, object_store::Result<ObjectPath>>,
    ) -> BoxStream<'static, object_store::Result<ObjectPath>> {
        match self.fate("delete", None) {
            Fate::Good | Fate::Slow => self.inner.delete_stream(paths),
            Fate::Lost => self.inner.delete_stream(paths).map(|_| Err(error())).boxed(),
            _ => futures_util::stream::once(async { Err(error()) }).boxed(),
        }
    }

    fn list(&self, prefix: Option<&ObjectPath>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        match self.fate("list", prefix) {
            Fate::Good | Fate::Slow => self.inner.list(prefix),
            _ => futures_util::stream::once(async { Err(error()) }).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&ObjectPath>) -> object_store::Result<ListResult> {
        match self.fate("list", prefix) {
            Fate::Good | Fate::Slow => self.inner.list_with_delimiter(prefix).await,
            _ => Err(error()),
        }
    }

    async fn copy_opts(&self, from: &ObjectPath, to: &ObjectPath, options: CopyOptions) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[test]
fn every_format_has_each_change_once() {
    let growing = growing();
    for format in FORMATS {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        sink(format, Arc::clone(&store)).check().unwrap();
        let mut running = start(format, &growing.path(), Arc::clone(&store));
        running.drain().unwrap();
        assert!(running.status().lanes[0].commits > 5);
        assert_eq!(committed(format, &store), wanted(&growing.path()), "{format:?}");
        // Started again, it has nothing to do.
        running.resume().unwrap();
        running.drain().unwrap();
        start(format, &growing.path(), Arc::clone(&store)).drain().unwrap();
        assert_eq!(committed(format, &store), wanted(&growing.path()), "{format:?}");
        assert_eq!(orphans(&store), BTreeSet::new());
    }
}

#[test]
fn whatever_the_store_answers() {
    let growing = growing();
    let mut met = BTreeMap::new();
    for seed in 0..5 * kills() {
        let (format, inner) = (FORMATS[usize::try_from(seed % 4).unwrap()], Arc::new(InMemory::new()));
        let has_late = seed % 2 == 0;
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1;
        let seen = Arc::new(Mutex::new(BTreeMap::<String, u32>::new()));
        let counts = Arc::clone(&seen);
        let store = Faulty::of(&inner, move |request, _| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let fate = match state >> 59 {
                0 | 1 => Fate::Refused,
                2 | 3 => Fate::Lost,
                4 if has_late => Fate::Late,
                5 => Fate::Slow,
                _ => Fate::Good,
            };
            *counts.lock().entry(format!("{request} {fate:?}")).or_default() += 1;
            fate
        });
        start(format, &growing.path(), store).drain().unwrap();
        let store: Arc<dyn ObjectStore> = inner;
        assert_eq!(committed(format, &store), wanted(&growing.path()), "seed {seed}");
        // A file that has arrived late is the only one that may be left.
        start(format, &growing.path(), Arc::clone(&store)).drain().unwrap();
        assert!(has_late || orphans(&store).is_empty(), "seed {seed}: {:?}", orphans(&store));
        seen.lock().iter().for_each(|(fate, count)| *met.entry(fate.clone()).or_insert(0) += count);
    }
    for fate in ["put Refused", "put Lost", "put Late", "get Refused", "delete Refused", "list Refused"] {
        assert!(met.contains_key(fate), "{fate} has not occurred: {met:?}");
    }
}

#[test]
fn an_entry_that_arrives_late_has_no_effect() {
    let (growing, inner) = (growing(), Arc::new(InMemory::new()));
    let mut puts = 0;
    // The claim is the first entry; its condition is tested then; the third is a commit.
    let store = Faulty::of(&inner, move |request, path| {
        puts += u32::from(request == "put" && path.ends_with(".json"));
        if request == "put" && path.ends_with(".json") && puts == 3 { Fate::Late } else { Fate::Good }
    });
    let mut sink = sink(Format::JsonLines, store);
    let reader = Trail::open(growing.path()).unwrap().reader().unwrap();
    let changes: Vec<_> = reader.into_changes().map(|change| change.unwrap()).take(4).collect();
    assert!(sink.load().unwrap().is_none());
    sink.write(&changes[0].as_change()).unwrap();
    let checkpoint = checkpoint(&growing);
    assert_eq!(sink.commit(&checkpoint).unwrap_err().kind(), ErrorKind::Io);
    sink.roll_back().unwrap();
    assert!(sink.load().unwrap().is_none());
    changes.iter().take(2).for_each(|change| sink.write(&change.as_change()).unwrap());
    sink.commit(&checkpoint).unwrap();
    let store: Arc<dyn ObjectStore> = inner;
    let expected: Vec<_> = changes.iter().take(2).map(|change| change.as_change().position()).collect();
    assert_eq!(committed(Format::JsonLines, &store), expected);
    assert_eq!(orphans(&store), BTreeSet::new());
}

#[test]
fn a_commit_whose_answer_is_lost_counts() {
    let (growing, inner) = (growing(), Arc::new(InMemory::new()));
    let mut puts = 0;
    let store = Faulty::of(&inner, move |request, path| {
        puts += u32::from(request == "put" && path.ends_with(".json"));
        if request == "put" && path.ends_with(".json") && puts == 3 { Fate::Lost } else { Fate::Good }
    });
    let mut sink = sink(Format::Parquet, store);
    let change = Trail::open(growing.path()).unwrap().reader().unwrap().into_changes().next().unwrap().unwrap();
    sink.load().unwrap();
    sink.write(&change.as_change()).unwrap();
    let checkpoint = checkpoint(&growing);
    assert_eq!(sink.commit(&checkpoint).unwrap_err().kind(), ErrorKind::Io);
    sink.roll_back().unwrap();
    assert_eq!(sink.load().unwrap().unwrap(), checkpoint);
    let store: Arc<dyn ObjectStore> = inner;
    assert_eq!(committed(Format::Parquet, &store), [change.as_change().position()]);
}

/// Returns the checkpoint at the end of a trail.
fn checkpoint(growing: &Growing) -> trailcore_stream::Checkpoint {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    start(Format::JsonLines, &growing.path(), Arc::clone(&store)).drain().unwrap();
    Manifest::in_store(store, FOLDER).unwrap().last().unwrap().unwrap().checkpoint.unwrap()
}

#[test]
fn a_writer_that_comes_back_is_refused_and_takes_its_objects_away() {
    let growing = growing();
    for format in FORMATS {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        // It has loaded its place, and is suspended.
        let mut first = sink(format, Arc::clone(&store));
        assert!(first.load().unwrap().is_none());
        start(format, &growing.path(), Arc::clone(&store)).drain().unwrap();
        let before = committed(format, &store);
        for change in Trail::open(growing.path()).unwrap().reader().unwrap().into_changes() {
            first.write(&change.unwrap().as_change()).unwrap();
        }
        assert_eq!(first.commit(&checkpoint(&growing)).unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(committed(format, &store), before);
        assert_eq!((before, orphans(&store)), (wanted(&growing.path()), BTreeSet::new()));
    }
}

/// A store that does not know conditions.
#[test]
fn a_store_without_conditions_is_refused() {
    let inner = Arc::new(InMemory::new());
    #[derive(Debug)]
    struct Careless(Arc<InMemory>);
    impl fmt::Display for Careless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Careless")
        }
    }
    #[async_trait]
    impl ObjectStore for Careless {
        async fn put_opts(&self, path: &ObjectPath, payload: PutPayload, _: PutOptions) -> object_store::Result<PutResult> {
            self.0.put(path, payload).await
        }
        async fn put_multipart_opts(
            &self,
            path: &ObjectPath,
            options: PutMultipartOptions,
        ) -> object_store::Result<Box<dyn MultipartUpload>> {
            self.0.put_multipart_opts(path, options).await
        }
        async fn get_opts(&self, path: &ObjectPath, options: GetOptions) -> object_store::Result<GetResult> {
            self.0.get_opts(path, options).await
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
    let mut sink = sink(Format::Csv, Arc::new(Careless(inner)));
    assert_eq!(sink.check().unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(sink.load().unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn mistakes_in_urls_are_named_and_settings_are_not_printed() {
    let error = |kind: &str, path: &str, settings: &str| {
        let text = toml(Path::new("lt"), &format!("[[pipeline.sink]]\nkind = '{kind}'\npath = '{path}'\n{settings}"));
        let sink = Pipelines::from_toml(&text).unwrap().pipelines.remove(0).sinks.remove(0);
        assert!(!format!("{sink:?}").contains("SETTING"), "{sink:?}");
        sink.open().map(drop).unwrap_err()
    };
    let unknown = error("parquet", "nowhere://bucket/folder", "settings = { aws_secret_access_key = 'SETTING' }");
    assert!(unknown.kind() == ErrorKind::Unsupported && unknown.to_string().contains("trailcore-object-store"), "{unknown}");
    for path in ["s3://", "s3://po", "s3:///po"] {
        let error = error("trail", path, "");
        assert!(error.kind() == ErrorKind::InvalidArgument && error.to_string().contains("no prefix"), "{path}: {error}");
    }
    assert_eq!(error("csv", "lake", "settings = { aws_region = 'x' }").kind(), ErrorKind::InvalidArgument);
    assert_eq!(error("csv", "file://host/lake", "").kind(), ErrorKind::InvalidArgument);
    assert_eq!(Manifest::of("s3://bucket/lake").files().unwrap_err().kind(), ErrorKind::InvalidArgument);
    let password = error("csv", "s3://me:hidden@bucket/lake", "");
    assert!(password.kind() == ErrorKind::InvalidArgument && !password.to_string().contains("hidden"), "{password}");
}

/// Makes the object stores `dir:///FOLDER` known: folders of the local disk with the rules of an object store.
fn register() {
    register_store("dir", |_, settings| {
        assert_eq!(settings["token"], "hidden");
        Ok(Arc::new(LocalFileSystem::new()))
    });
}

/// The pipeline that is killed.
#[test]
fn pipeline_process() {
    let Ok(file) = std::env::var("PIPELINE_FILE") else { return };
    register();
    let mut running = Pipeline::start(Pipelines::open(file).unwrap().pipelines.remove(0)).unwrap();
    running.drain().unwrap();
    std::process::exit(0);
}

fn spawn(file: &Path, point: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["pipeline_process", "--exact", "--nocapture"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("PIPELINE_FILE", file).env("TRAILCORE_POINT", point).env("TMPDIR", file.parent().unwrap()).spawn().unwrap()
}

#[test]
fn killed_at_every_point_and_at_random() {
    const POINTS: [&str; 7] =
        ["files written", "file put", "file put:2", "manifest written", "manifest written:2", "manifest committed", "committed"];
    register();
    for (kind, format) in
        [("jsonl", Format::JsonLines), ("csv", Format::Csv), ("arrow", Format::Arrow), ("parquet", Format::Parquet)]
    {
        let (growing, out) = (growing(), tempfile::tempdir().unwrap());
        let url = format!("dir://{}/{FOLDER}", out.path().display());
        let file = growing.folder.path().join("pipelines.toml");
        let sink = format!(
            "[[pipeline.sink]]\nkind = '{kind}'\npath = '{url}'\nsettings = {{ token = 'hidden' }}\npartition = ['date']\n"
        );
        std::fs::write(&file, toml(&growing.path(), &sink)).unwrap();
        let killed = POINTS.iter().filter(|point| !spawn(&file, point).wait().unwrap().success()).count();
        assert_eq!(killed, POINTS.len(), "{kind}");
        for kill in 0..kills() {
            let mut child = spawn(&file, "");
            std::thread::sleep(Duration::from_millis(2 + kill * 37 % 40));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(spawn(&file, "").wait().unwrap().success());
        let store: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(out.path()).unwrap());
        assert_eq!(committed(format, &store), wanted(&growing.path()), "{kind}");
        assert_eq!(orphans(&store), BTreeSet::new(), "{kind}");
        let settings = BTreeMap::from([("token".to_owned(), "hidden".to_owned())]);
        let listed = Manifest::open(&url, &settings).unwrap().files().unwrap();
        assert!(listed.iter().all(|(path, file)| path.to_str().unwrap() == format!("{url}/{}", file.path)));
        // The last run has removed what the killed ones had staged.
        let staged = std::fs::read_dir(growing.folder.path()).unwrap().map(|one| one.unwrap().file_name());
        assert_eq!(staged.filter(|name| name.to_string_lossy().starts_with("trailcore-staged")).count(), 0);
    }
}

/// Returns the committed files of a trail under their own names in a folder.
fn fetched(files: &[(String, bytes::Bytes)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        std::fs::write(folder.path().join(path.splitn(3, '.').nth(2).unwrap()), bytes).unwrap();
    }
    folder
}

#[test]
fn a_trail_in_objects_is_a_trail_once_it_is_fetched() {
    const POINTS: [&str; 6] =
        ["files written", "file put", "file put:3", "manifest written:2", "manifest committed", "committed"];
    register();
    let (growing, out) = (growing(), tempfile::tempdir().unwrap());
    let file = growing.folder.path().join("pipelines.toml");
    let url = format!("dir://{}/{FOLDER}", out.path().display());
    let sink = format!("[[pipeline.sink]]\nkind = 'trail'\npath = '{url}/po'\nsettings = {{ token = 'hidden' }}\n");
    std::fs::write(&file, toml(&growing.path(), &sink)).unwrap();
    let killed = POINTS.iter().filter(|point| !spawn(&file, point).wait().unwrap().success()).count();
    assert_eq!(killed, POINTS.len());
    for kill in 0..kills() {
        let mut child = spawn(&file, "");
        std::thread::sleep(Duration::from_millis(2 + kill * 37 % 40));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(spawn(&file, "").wait().unwrap().success());
    let store: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(out.path()).unwrap());
    assert_eq!(orphans(&store), BTreeSet::new());
    let listed = Manifest::in_store(Arc::clone(&store), FOLDER).unwrap().files().unwrap();
    let files: Vec<_> =
        listed.iter().map(|(_, file)| (file.path.clone(), read(&*store, &format!("{FOLDER}/{}", file.path)))).collect();
    // Their names sort in the order of the source.
    assert!(files.iter().map(|(path, _)| path.split_once('.').unwrap().0).is_sorted());
    let fetched = fetched(&files);
    let names = |lines: Vec<String>| lines.into_iter().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect::<Vec<_>>();
    assert_eq!(names(support::read(&fetched.path().join("po"))), names(support::read(&growing.path())));
    let positions = files.iter().filter(|(path, _)| path.ends_with(".positions"));
    let lines = positions
        .flat_map(|(_, bytes)| String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect::<Vec<_>>());
    let sources: Vec<Position> = lines.map(|line| line.split_once(' ').unwrap().1.parse().unwrap()).collect();
    assert_eq!(sources, wanted(&growing.path()));
}

#[test]
fn a_second_writer_of_a_trail_in_a_store_fences_the_first() {
    let growing = growing();
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let open = || {
        let options: TrailSinkOptions = serde_json::from_value(serde_json::json!({ "path": format!("{FOLDER}/po") })).unwrap();
        TrailSink::in_store(options, Arc::clone(&store)).unwrap()
    };
    let (mut first, mut second) = (open(), open());
    let change = Trail::open(growing.path()).unwrap().reader().unwrap().into_changes().next().unwrap().unwrap();
    let checkpoint = checkpoint(&growing);
    assert!(first.load().unwrap().is_none());
    first.write(&change.as_change()).unwrap();
    assert!(second.load().unwrap().is_none());
    second.write(&change.as_change()).unwrap();
    assert_eq!(first.commit(&checkpoint).unwrap_err().kind(), ErrorKind::Cancelled);
    second.commit(&checkpoint).unwrap();
    assert_eq!(orphans(&store), BTreeSet::new());
    let listed = Manifest::in_store(Arc::clone(&store), FOLDER).unwrap().files().unwrap();
    assert_eq!(listed.iter().map(|(_, file)| file.changes).sum::<u64>(), 1);
}
