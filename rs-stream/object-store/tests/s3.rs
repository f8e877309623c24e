//! A bucket of a local server with the interface of S3 (moto): every change once and in order, whatever ends the process.
//!
//! `TRAILCORE_KILLS` is the number of kills at random, 3 without it.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod moto;
#[allow(dead_code)]
#[path = "../../tests/live/support.rs"]
mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use moto::Moto;
use object_store::aws::AmazonS3Builder;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use support::{Growing, options, trail};
use trailcore::sink::WriterOptions;
use trailcore::{ErrorKind, Position, Trail};
use trailcore_stream::pipeline::{Pipeline, PipelineOptions, Pipelines};
use trailcore_stream::sink::Manifest;

/// The bucket of the tests.
trait Bank {
    fn store(&self) -> impl ObjectStore;
    fn toml(&self, trail: &Path, kind: &str, folder: &str, commit: &str) -> String;
    fn committed(&self, kind: &str, folder: &str) -> (Vec<Position>, usize);
}

impl Bank for Moto {
    fn store(&self) -> impl ObjectStore {
        let settings = self.settings().into_iter().map(|(name, value)| (name.parse().unwrap(), value));
        settings
            .fold(AmazonS3Builder::new().with_bucket_name("bank"), |builder, (key, value)| builder.with_config(key, value))
            .build()
            .unwrap()
    }

    fn toml(&self, trail: &Path, kind: &str, folder: &str, commit: &str) -> String {
        let settings: Vec<_> = self.settings().iter().map(|(name, value)| format!("{name} = '{value}'")).collect();
        format!(
            "[[pipeline]]\nname = 'test'\ntrail = {trail:?}\ncommit = {commit}\nfollow = {{ hints = false, poll_interval = 1, batch = 3 }}\n\
             retry = {{ attempts = 3, first = 1, longest = 2 }}\n[[pipeline.sink]]\nkind = '{kind}'\npath = 's3://bank/{folder}'\n\
             settings = {{ {} }}\npartition = ['date']\n",
            settings.join(", ")
        )
    }

    /// Returns the positions of all changes that are committed, in their order, and the number of objects that no entry has.
    fn committed(&self, kind: &str, folder: &str) -> (Vec<Position>, usize) {
        let (store, url) = (self.store(), format!("s3://bank/{folder}"));
        let files = Manifest::open(&url, &self.settings()).unwrap().files().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut positions = Vec::new();
        for (path, file) in &files {
            assert_eq!(path.to_str().unwrap(), format!("{url}/{}", file.path));
            let at = object_store::path::Path::parse(format!("{folder}/{}", file.path)).unwrap();
            let bytes = runtime.block_on(async { store.get(&at).await.unwrap().bytes().await.unwrap() });
            assert_eq!(bytes.len() as u64, file.bytes);
            positions.extend(if kind == "parquet" { of_parquet(bytes) } else { of_lines(&bytes) });
        }
        let prefix = object_store::path::Path::from(folder);
        let listed: Vec<_> = runtime.block_on(store.list(Some(&prefix)).try_collect()).unwrap();
        let data = listed.iter().filter(|object| !object.location.as_ref().contains("_trailcore")).count();
        (positions, data - files.len())
    }
}

fn of_lines(bytes: &[u8]) -> Vec<Position> {
    let position = |line: &str| {
        let change: serde_json::Value = serde_json::from_str(line).unwrap();
        Position::new(change["seqno"].as_u64().unwrap(), change["rba"].as_u64().unwrap())
    };
    std::str::from_utf8(bytes).unwrap().lines().map(position).collect()
}

fn of_parquet(bytes: bytes::Bytes) -> Vec<Position> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
    let texts = reader.flat_map(|batch| {
        let column = batch.unwrap().column_by_name("_position").unwrap().clone();
        let column = column.as_any().downcast_ref::<arrow_array::StringArray>().unwrap().clone();
        column.iter().map(|text| text.unwrap().to_owned()).collect::<Vec<_>>()
    });
    texts.map(|text| text.parse().unwrap()).collect()
}

fn pipeline(text: &str) -> PipelineOptions {
    Pipelines::from_toml(text).unwrap().pipelines.remove(0)
}

fn growing() -> Growing {
    let list: Vec<_> = (100..120).map(|csn| (csn, 1 + usize::try_from(csn % 5).unwrap())).collect();
    let growing = Growing::new();
    let files = trail(WriterOptions { file_size: 2_500, ..options() }, &list);
    files.iter().enumerate().for_each(|(seqno, bytes)| growing.append(seqno, bytes));
    growing
}

fn wanted(trail: &Path) -> Vec<Position> {
    let reader = Trail::open(trail).unwrap().reader().unwrap();
    reader.into_changes().map(|change| change.unwrap().as_change().position()).collect()
}

const OFTEN: &str = "{ changes = 7, milliseconds = 50 }";

#[test]
fn each_change_is_there_once() {
    trailcore_object_store::register();
    let Some(moto) = Moto::start() else { return };
    let growing = growing();
    for kind in ["parquet", "jsonl"] {
        let options = pipeline(&moto.toml(&growing.path(), kind, kind, OFTEN));
        assert_eq!(Pipeline::validate(&options), Vec::<String>::new());
        // It has loaded its place, and is suspended.
        let mut first = options.sinks[0].open().unwrap();
        first.load().unwrap();
        let mut running = Pipeline::start(options.clone()).unwrap();
        running.drain().unwrap();
        let wanted = wanted(&growing.path());
        assert_eq!(moto.committed(kind, kind), (wanted.clone(), 0));
        // Another process, which has nothing to do.
        Pipeline::start(options).unwrap().drain().unwrap();
        for change in Trail::open(growing.path()).unwrap().reader().unwrap().into_changes() {
            first.write(&change.unwrap().as_change()).unwrap();
        }
        let checkpoint = first.peek().unwrap().unwrap();
        assert_eq!(first.commit(&checkpoint).unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(moto.committed(kind, kind), (wanted, 0));
    }
}

#[test]
fn a_large_file_is_put_in_parts() {
    trailcore_object_store::register();
    let Some(moto) = Moto::start() else { return };
    let growing = Growing::new();
    growing.append(0, &trail(options(), &[(100, 60_000), (101, 60_000)])[0]);
    let options = pipeline(&moto.toml(&growing.path(), "jsonl", "large", "{ changes = 10000000, milliseconds = 600000 }"));
    Pipeline::start(options).unwrap().drain().unwrap();
    let files = Manifest::open("s3://bank/large", &moto.settings()).unwrap().files().unwrap();
    assert!(files.len() == 1 && files[0].1.bytes > 17 << 20, "{} bytes", files[0].1.bytes);
    assert!(moto.committed("jsonl", "large") == (wanted(&growing.path()), 0));
}

#[test]
fn mistakes_are_named_without_secrets() {
    trailcore_object_store::register();
    let open = |settings: &[(&str, &str)]| {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Manifest::open("s3://bank/lake", &settings)
    };
    let unknown = open(&[("aws_regoin", "hidden")]).unwrap_err();
    let text = unknown.to_string();
    assert!(unknown.kind() == ErrorKind::InvalidArgument && text.contains("did you mean aws_region?"), "{text}");
    let unreachable = [
        ("aws_endpoint", "http://127.0.0.1:1"),
        ("allow_http", "true"),
        ("aws_region", "x"),
        ("aws_access_key_id", "hidden-id"),
        ("aws_secret_access_key", "hidden-key"),
    ];
    let error = open(&unreachable).unwrap().last().unwrap_err();
    assert!(error.kind() == ErrorKind::Io && !error.to_string().contains("hidden"), "{error}");
    assert!(error.to_string().contains("s3://bank/lake"), "{error}");
}

/// The pipeline that is killed.
#[test]
fn pipeline_process() {
    let Ok(file) = std::env::var("PIPELINE_FILE") else { return };
    trailcore_object_store::register();
    Pipeline::start(Pipelines::open(file).unwrap().pipelines.remove(0)).unwrap().drain().unwrap();
    std::process::exit(0);
}

fn spawn(file: &Path, point: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["pipeline_process", "--exact", "--nocapture"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("PIPELINE_FILE", file).env("TRAILCORE_POINT", point).env("TMPDIR", file.parent().unwrap()).spawn().unwrap()
}

#[test]
fn killed_at_every_point_and_at_random() {
    const POINTS: [&str; 6] =
        ["files written", "file put", "manifest written", "manifest committed", "manifest committed:2", "committed"];
    trailcore_object_store::register();
    let Some(moto) = Moto::start() else { return };
    let kills: u64 = std::env::var("TRAILCORE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    for kind in ["parquet", "jsonl"] {
        let growing = growing();
        let file = growing.folder.path().join("pipelines.toml");
        std::fs::write(&file, moto.toml(&growing.path(), kind, kind, OFTEN)).unwrap();
        let killed = POINTS.iter().filter(|point| !spawn(&file, point).wait().unwrap().success()).count();
        assert_eq!(killed, POINTS.len(), "{kind}");
        for kill in 0..kills {
            let mut child = spawn(&file, "");
            std::thread::sleep(Duration::from_millis(20 + kill * 67 % 300));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(spawn(&file, "").wait().unwrap().success());
        assert_eq!(moto.committed(kind, kind), (wanted(&growing.path()), 0), "{kind}");
    }
}
