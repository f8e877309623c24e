//! Pipelines: every sink has each change once and in order, whatever ends the process; refused changes, second writers, restarts.
//!
//! `TRAILCORE_KILLS` is the number of kills at random for each sink; 6 without it, more in `make test-long`.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[allow(dead_code)]
#[path = "live/support.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use support::{Growing, options, read, trail};
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, WriterOptions};
use trailcore::{ErrorKind, Position, Timestamp, Trail};
use trailcore_stream::MemoryStore;
use trailcore_stream::pipeline::{Pipeline, PipelineMetrics, PipelineOptions, Pipelines, State, Supervisor};
use trailcore_stream::sink::{CallbackSink, ChannelSink, Committed, Manifest, Sink};

const KINDS: [&str; 5] = ["jsonl", "csv", "arrow", "parquet", "trail"];
/// The points of a commit, and how many of them to skip.
const POINTS: [&str; 7] =
    ["files written", "manifest written", "manifest committed", "file moved", "letters written", "committed", "committed:2"];

fn list() -> Vec<(u64, usize)> {
    (100..130).map(|csn| (csn, 1 + usize::try_from(csn % 5).unwrap())).collect()
}

fn files() -> Vec<Vec<u8>> {
    trail(WriterOptions { file_size: 2_500, ..options() }, &list())
}

fn toml(trail: &Path, kind: &str, out: &Path, more: &str) -> String {
    let out = if kind == "trail" { out.join("po") } else { out.to_path_buf() };
    format!(
        "[[pipeline]]\nname = 'test'\ntrail = {trail:?}\ncommit = {{ changes = 7, milliseconds = 50 }}\n\
         follow = {{ hints = false, poll_interval = 1, batch = 3 }}\n{more}\n[[pipeline.sink]]\nkind = '{kind}'\npath = {out:?}\n"
    )
}

fn pipeline(text: &str) -> PipelineOptions {
    Pipelines::from_toml(text).unwrap().pipelines.remove(0)
}

/// Returns the positions in the source of all changes that are committed, in their order.
fn committed(kind: &str, out: &Path) -> Vec<Position> {
    let mut positions: Vec<Position> = Vec::new();
    for (path, file) in Manifest::of(out).files().unwrap() {
        let before = positions.len();
        let text = || fs::read_to_string(&path).unwrap();
        match kind {
            "jsonl" => positions.extend(text().lines().map(|line| {
                let change: serde_json::Value = serde_json::from_str(line).unwrap();
                Position::new(change["seqno"].as_u64().unwrap(), change["rba"].as_u64().unwrap())
            })),
            "csv" => {
                positions.extend(text().lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse::<Position>().unwrap()))
            }
            "arrow" => {
                let reader = arrow_ipc::reader::FileReader::try_new(fs::File::open(&path).unwrap(), None).unwrap();
                assert!(reader.custom_metadata().contains_key("trailcore.first"));
                reader.for_each(|batch| positions.extend(column(&batch.unwrap())));
            }
            "parquet" => {
                let builder = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&path).unwrap()).unwrap();
                let metadata = builder.metadata().file_metadata().key_value_metadata().unwrap().clone();
                assert!(metadata.iter().any(|one| one.key == "trailcore.last" && one.value == Some(file.last.to_string())));
                builder.build().unwrap().for_each(|batch| positions.extend(column(&batch.unwrap())));
            }
            _ if file.path.ends_with(".positions") => {
                positions.extend(text().lines().map(|line| line.split_once(' ').unwrap().1.parse::<Position>().unwrap()));
                continue;
            }
            _ => continue,
        }
        assert_eq!(positions.len() - before, usize::try_from(file.changes).unwrap(), "{}", path.display());
        assert_eq!((positions[before], *positions.last().unwrap()), (file.first, file.last));
    }
    positions
}

fn column(batch: &arrow_array::RecordBatch) -> Vec<Position> {
    let texts = batch.column_by_name("_position").unwrap();
    let texts = texts.as_any().downcast_ref::<arrow_array::StringArray>().unwrap();
    texts.iter().map(|text| text.unwrap().parse().unwrap()).collect()
}

fn wanted(trail: &Path) -> Vec<Position> {
    let reader = Trail::open(trail).unwrap().reader().unwrap();
    reader.into_changes().map(|change| change.unwrap().as_change().position()).collect()
}

#[test]
fn every_sink_has_each_change_once() {
    for kind in KINDS {
        let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
        let options = pipeline(&toml(&growing.path(), kind, out.path(), ""));
        assert_eq!(Pipeline::validate(&options), Vec::<String>::new());
        // The writer is inside a record.
        let files = files();
        let (torn, rest) = files[0].split_at(files[0].len() / 2 + 5);
        growing.append(0, torn);
        assert_eq!(Pipeline::validate(&options), Vec::<String>::new());
        let mut running = Pipeline::start(options).unwrap();
        growing.append(0, rest);
        for (seqno, bytes) in files.iter().enumerate().skip(1) {
            growing.append(seqno, bytes);
        }
        let wanted = wanted(&growing.path());
        running.drain().unwrap();
        assert_eq!(committed(kind, out.path()), wanted, "{kind}");
        let status = running.status();
        assert!(status.is_healthy() && status.lanes[0].state == State::Stopped);
        assert_eq!((status.lanes[0].changes, status.lanes[0].waiting), (wanted.len() as u64, 0));
        assert!(status.lanes[0].commits > 5 && status.lanes[0].latency.iter().sum::<u64>() == wanted.len() as u64);
        if kind == "trail" {
            let names =
                |lines: Vec<String>| lines.into_iter().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect::<Vec<_>>();
            assert_eq!(names(read(&out.path().join("po"))), names(read(&growing.path())));
        }
        // Started again, it has nothing to do.
        running.resume().unwrap();
        running.drain().unwrap();
        assert_eq!(committed(kind, out.path()), wanted, "{kind}");
    }
}

/// The pipeline that is killed.
#[test]
fn pipeline_process() {
    let Ok(file) = std::env::var("PIPELINE_FILE") else { return };
    let mut running = Pipeline::start(Pipelines::open(file).unwrap().pipelines.remove(0)).unwrap();
    running.drain().unwrap();
    std::process::exit(0);
}

fn start(file: &Path, point: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["pipeline_process", "--exact", "--nocapture"]).stdout(std::process::Stdio::null());
    command.stderr(std::process::Stdio::null()).env("PIPELINE_FILE", file).env("TRAILCORE_POINT", point);
    command.spawn().unwrap()
}

#[test]
fn killed_at_every_point_and_at_random() {
    let kills: u64 = std::env::var("TRAILCORE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    for kind in KINDS {
        let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
        let file = growing.folder.path().join("pipelines.toml");
        fs::write(&file, toml(&growing.path(), kind, out.path(), "")).unwrap();
        for (seqno, bytes) in files().into_iter().enumerate() {
            growing.append(seqno, &bytes);
        }
        let mut killed = 0;
        for point in POINTS {
            killed += u32::from(!start(&file, point).wait().unwrap().success());
        }
        assert!(killed >= 6, "{kind}: the process has ended at {killed} points");
        for kill in 0..kills {
            let mut child = start(&file, "");
            std::thread::sleep(Duration::from_millis(2 + kill * 37 % 40));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(start(&file, "").wait().unwrap().success());
        assert_eq!(committed(kind, out.path()), wanted(&growing.path()), "{kind}");
        // Nothing that is not committed is left.
        let listed = Manifest::of(out.path()).files().unwrap();
        listed.iter().for_each(|(path, _)| assert!(path.exists() && !path.to_string_lossy().contains("staged")));
    }
}

#[test]
fn a_writer_that_comes_back_is_refused() {
    for kind in KINDS {
        let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
        growing.append(0, &files()[0]);
        let options = pipeline(&toml(&growing.path(), kind, out.path(), ""));
        // It has loaded its place, and is suspended.
        let mut first = options.sinks[0].open().unwrap();
        assert!(first.load().unwrap().is_none());
        let mut second = Pipeline::start(options).unwrap();
        second.drain().unwrap();
        let before = committed(kind, out.path());
        let checkpoint = Manifest::of(out.path()).last().unwrap().unwrap().checkpoint.unwrap();
        let reader = Trail::open(growing.path()).unwrap().reader().unwrap();
        for change in reader.into_changes() {
            first.write(&change.unwrap().as_change()).unwrap();
        }
        assert_eq!(first.commit(&checkpoint).unwrap_err().kind(), ErrorKind::Cancelled, "{kind}");
        // The last transaction of the file is not complete.
        assert!(!before.is_empty() && wanted(&growing.path()).starts_with(&before));
        assert_eq!(committed(kind, out.path()), before, "{kind}");
    }
}

#[test]
fn a_second_writer_takes_over_when_it_starts() {
    let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
    growing.append(0, &files()[0]);
    let options = pipeline(&toml(&growing.path(), "jsonl", out.path(), ""));
    Pipeline::start(options.clone()).unwrap().drain().unwrap();
    let before = committed("jsonl", out.path());
    let (mut first, mut second) = (options.sinks[0].open().unwrap(), options.sinks[0].open().unwrap());
    let checkpoint = first.load().unwrap().unwrap();
    let change = Trail::open(growing.path()).unwrap().reader().unwrap().into_changes().next().unwrap().unwrap();
    first.write(&change.as_change()).unwrap();
    assert_eq!(second.load().unwrap().unwrap().position, checkpoint.position);
    second.write(&change.as_change()).unwrap();
    // The second has removed what the first had staged. The first harms nothing that the second has staged.
    assert!(first.commit(&checkpoint).is_err());
    first.roll_back().unwrap();
    assert_eq!(first.load().unwrap_err().kind(), ErrorKind::Cancelled);
    second.commit(&checkpoint).unwrap();
    let mut after = before;
    after.push(change.as_change().position());
    assert_eq!(committed("jsonl", out.path()), after);
}

#[test]
fn refused_changes_go_to_the_dead_letters_and_can_be_replayed() {
    let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
    for (seqno, bytes) in files().into_iter().enumerate() {
        growing.append(seqno, &bytes);
    }
    let folder = growing.folder.path().join("letters");
    let letters = folder.join("test.jsonl.jsonl");
    let wanted = wanted(&growing.path());
    // Names such as 107/2 are no numbers.
    let cast = "map = [{ cast = { NAME = 'number' } }]";
    let refused = pipeline(&toml(&growing.path(), "jsonl", out.path(), cast));
    let mut running = Pipeline::start(refused).unwrap();
    let error = running.drain().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Value);
    assert!(error.to_string().contains("dead_letters") && !error.to_string().contains("107"), "{error}");
    assert_eq!(running.status().lanes[0].state, State::Failed);
    drop(running);
    let kept = pipeline(&toml(&growing.path(), "jsonl", out.path(), &format!("dead_letters = {folder:?}\n{cast}")));
    let mut running = Pipeline::start(kept).unwrap();
    running.drain().unwrap();
    assert_eq!(running.status().lanes[0].dead_letters, wanted.len() as u64);
    assert_eq!(fs::read_to_string(&letters).unwrap().lines().count(), wanted.len());
    drop(running);
    assert!(committed("jsonl", out.path()).is_empty());
    // With the same cast, they are refused again, and nothing is written.
    let refused = pipeline(&toml(&growing.path(), "jsonl", out.path(), &format!("dead_letters = {folder:?}\n{cast}")));
    assert_eq!(Pipeline::replay(&refused).unwrap_err().kind(), ErrorKind::Value);
    assert!(committed("jsonl", out.path()).is_empty() && letters.exists());
    let corrected = pipeline(&toml(&growing.path(), "jsonl", out.path(), &format!("dead_letters = {folder:?}")));
    assert_eq!(Pipeline::replay(&corrected).unwrap(), [(letters.clone(), wanted.len() as u64)]);
    assert!(!letters.exists() && Pipeline::replay(&corrected).unwrap().is_empty());
    assert_eq!(committed("jsonl", out.path()), wanted);
}

/// A struct of no columns: another try does not help.
#[test]
fn columns_that_a_parquet_file_cannot_have_end_the_pipeline_at_once() {
    let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
    for (seqno, bytes) in files().into_iter().enumerate() {
        growing.append(seqno, &bytes);
    }
    let text = toml(&growing.path(), "parquet", out.path(), "") + "\ntable = { columns = ['NO_SUCH'], states = true }\n";
    let mut running = Pipeline::start(pipeline(&text)).unwrap();
    let error = running.drain().unwrap_err();
    assert_eq!((error.kind(), running.status().lanes[0].retries), (ErrorKind::InvalidArgument, 0), "{error}");
}

/// A record batch with a value that cannot be decoded fails as a whole: only the change with the value may be refused.
#[test]
fn of_a_record_batch_only_the_change_with_the_bad_value_is_refused() {
    let columns = vec![ColumnDef::number("ID").key(), ColumnDef::number("PRICE")];
    let first = Arc::new(TableDef::new("SHOP.ITEMS", columns.clone()));
    // The file ends inside of the commit then.
    let second = Arc::new(TableDef::new("SHOP.ITEMS", [columns, vec![ColumnDef::varchar("NOTE", 9)]].concat()));
    for (kind, changes_at) in [("parquet", 50), ("arrow", 50), ("parquet", 25), ("arrow", 24)] {
        let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
        let mut writer = TrailWriter::in_memory("lt", options()).unwrap();
        for id in 0..50 {
            writer
                .begin(&(100 + id).to_string(), &format!("1.2.{id}"), Timestamp::from_unix_micros(1_700_000_000_000_000))
                .unwrap();
            let table = if id < changes_at { &first } else { &second };
            let mut row = RowBuilder::new(table, writer.byte_order());
            row.number("ID", &id.to_string()).unwrap().number("PRICE", "1.5").unwrap();
            let mut bytes = row.bytes().to_vec();
            if id == 23 {
                let digits = bytes.len() - 3;
                assert_eq!(&bytes[digits..], b"1.5");
                bytes[digits..].copy_from_slice(b"1x5");
            }
            writer.insert(table, &bytes).unwrap();
            writer.commit().unwrap();
        }
        growing.append(0, &writer.finish().unwrap()[0].1);
        let folder = growing.folder.path().join("letters");
        let more = format!("dead_letters = {folder:?}\nretry = {{ attempts = 2 }}");
        let mut running = Pipeline::start(pipeline(&toml(&growing.path(), kind, out.path(), &more))).unwrap();
        running.drain().unwrap();
        let lane = running.status().lanes.remove(0);
        assert_eq!((lane.dead_letters, lane.retries, lane.state), (1, 1, State::Stopped), "{kind}");
        let mut wanted = wanted(&growing.path());
        let bad = wanted.remove(23);
        assert_eq!(committed(kind, out.path()), wanted, "{kind}");
        let reasons = fs::read_to_string(folder.join(format!("test.{kind}.jsonl.reasons"))).unwrap();
        assert!(reasons.lines().count() == 1 && reasons.contains(&bad.to_string()) && reasons.contains("PRICE"), "{reasons}");
        drop(running);
        // A replay finds it again, by the same way.
        let replayed = pipeline(&toml(&growing.path(), kind, out.path(), &more));
        assert_eq!(Pipeline::replay(&replayed).unwrap_err().kind(), ErrorKind::Value);
        assert_eq!(committed(kind, out.path()), wanted, "{kind}");
    }
}

#[test]
fn it_is_paused_resumed_and_tries_again() {
    let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
    let files = files();
    growing.append(0, &files[0]);
    // A file in place of the folder: the sink cannot write.
    let blocked = out.path().join("lake");
    fs::write(&blocked, "").unwrap();
    let more = "retry = { attempts = 0, first = 1, longest = 5 }";
    let mut running = Pipeline::start(pipeline(&toml(&growing.path(), "csv", &blocked, more))).unwrap();
    let until = |running: &Pipeline, state: State| {
        for _ in 0..2_000 {
            if running.status().lanes[0].state == state {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{:?}, not {state:?}", running.status());
    };
    until(&running, State::Retrying);
    assert!(!running.status().is_healthy() && running.status().lanes[0].error_class == Some("Io"));
    fs::remove_file(&blocked).unwrap();
    until(&running, State::Running);
    running.pause();
    until(&running, State::Paused);
    let before = committed("csv", &blocked);
    files.iter().enumerate().skip(1).for_each(|(seqno, bytes)| growing.append(seqno, bytes));
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(committed("csv", &blocked), before);
    running.resume().unwrap();
    running.drain().unwrap();
    assert_eq!(committed("csv", &blocked), wanted(&growing.path()));
    running.resume().unwrap();
    running.stop().unwrap();
}

#[test]
fn a_resume_of_a_running_pipeline_has_no_effect() {
    let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
    let files = files();
    growing.append(0, &files[0]);
    let mut running = Pipeline::start(pipeline(&toml(&growing.path(), "jsonl", out.path(), ""))).unwrap();
    for _ in 0..20 {
        running.resume().unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    // A lane that begins anew claims the folder with another entry, which has no files.
    let starts = fs::read_dir(out.path().join("_trailcore")).unwrap().filter(|file| {
        let path = file.as_ref().unwrap().path();
        path.extension().is_some_and(|kind| kind == "json") && fs::read_to_string(path).unwrap().contains("\"files\":[]")
    });
    assert_eq!(starts.count(), 1);
    files.iter().enumerate().skip(1).for_each(|(seqno, bytes)| growing.append(seqno, bytes));
    running.drain().unwrap();
    assert_eq!(committed("jsonl", out.path()), wanted(&growing.path()));
}

/// Files that each end with a whole transaction.
fn whole_files() -> Vec<Vec<u8>> {
    let of = |seqno: u32| {
        let csn = 100 + u64::from(seqno) * 10;
        trail(WriterOptions { first_seqno: seqno, ..options() }, &[(csn, 2), (csn + 1, 3), (csn + 2, 2)]).remove(0)
    };
    (0..4).map(of).collect()
}

/// A pipeline that calls a function for each commit.
fn calls(options: PipelineOptions, take: impl FnMut(&Committed) -> trailcore::Result<()> + Send + 'static) -> Pipeline {
    let sink: Box<dyn Sink> = Box::new(CallbackSink::new(MemoryStore::new(), take));
    Pipeline::start_with(options, vec![("callback".to_owned(), sink)]).unwrap()
}

fn reach(running: &Pipeline, state: State, within: Duration) {
    let until = Instant::now() + within;
    while running.status().lanes[0].state != state {
        assert!(Instant::now() < until, "{:?}, not {state:?}", running.status());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_pause_that_comes_while_an_attempt_fails_is_noticed_at_once() {
    let growing = Growing::new();
    growing.append(0, &files()[0]);
    let more = "retry = { attempts = 0, first = 60000, longest = 60000 }";
    let (entered, enters) = crossbeam_channel::bounded(0);
    let (go, goes) = crossbeam_channel::bounded::<()>(0);
    let running = calls(pipeline(&toml(&growing.path(), "jsonl", growing.folder.path(), more)), move |_| {
        entered.send(()).unwrap();
        goes.recv().unwrap();
        Err(trailcore::Error::new(ErrorKind::Io, "no connection"))
    });
    enters.recv().unwrap();
    running.pause();
    go.send(()).unwrap();
    reach(&running, State::Paused, Duration::from_secs(20));
}

#[test]
fn a_receiver_that_stops_the_pipeline_does_not_wait_for_itself() {
    let growing = Growing::new();
    files().iter().enumerate().for_each(|(seqno, bytes)| growing.append(seqno, bytes));
    let (sender, receiver) = crossbeam_channel::bounded(1);
    let sinks: Vec<(String, Box<dyn Sink>)> = vec![("channel".to_owned(), Box::new(ChannelSink::new(sender, None)))];
    let options = pipeline(&toml(&growing.path(), "jsonl", growing.folder.path(), ""));
    let mut running = Pipeline::start_with(options, sinks).unwrap();
    let first: Committed = receiver.recv().unwrap();
    while receiver.is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(50));
    let begun = Instant::now();
    let error = running.stop().unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(30) && error.to_string().contains("drop the receiver"), "{error}");
    assert!(!first.block.is_empty());
}

#[test]
fn the_place_moves_on_over_files_without_a_selected_change() {
    for kind in KINDS {
        let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
        let files = files();
        growing.append(0, &files[0]);
        let more = "select = \"TABLE SHOP.ITEMS, WHERE (NAME = '100/0');\"";
        let mut running = Pipeline::start(pipeline(&toml(&growing.path(), kind, out.path(), more))).unwrap();
        running.drain().unwrap();
        let first = running.status().lanes[0].committed.unwrap().trail().unwrap();
        assert_eq!((first.seqno, committed(kind, out.path()).len()), (0, 1));
        files.iter().enumerate().skip(1).for_each(|(seqno, bytes)| growing.append(seqno, bytes));
        running.resume().unwrap();
        running.drain().unwrap();
        let last = running.status().lanes[0].committed.unwrap().trail().unwrap();
        assert_eq!(last.seqno, files.len() as u64 - 1, "{kind}");
        // The files that it has read may be purged.
        (0..files.len() - 1).for_each(|seqno| growing.remove(seqno));
        running.resume().unwrap();
        running.drain().unwrap();
        assert_eq!(committed(kind, out.path()).len(), 1);
        // Nothing is committed where the file is the same.
        let entries = || fs::read_dir(out.path().join("_trailcore")).unwrap().count();
        let before = entries();
        running.resume().unwrap();
        running.drain().unwrap();
        assert_eq!(entries(), before, "{kind}");
    }
}

#[test]
fn a_pipeline_that_starts_at_the_end_goes_on_there_after_a_restart() {
    let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
    let files = whole_files();
    growing.append(0, &files[0]);
    let text = toml(&growing.path(), "jsonl", out.path(), "").replace("hints = false", "start = 'end', hints = false");
    Pipeline::start(pipeline(&text)).unwrap().drain().unwrap();
    files.iter().enumerate().skip(1).for_each(|(seqno, bytes)| growing.append(seqno, bytes));
    Pipeline::start(pipeline(&text)).unwrap().drain().unwrap();
    let first = Trail::from_bytes(files[0].clone()).reader().unwrap().into_changes().count();
    assert_eq!(committed("jsonl", out.path()), wanted(&growing.path())[first..]);
}

#[test]
fn a_drain_ends_at_the_end_and_not_before_a_gap_or_a_torn_file() {
    let files = whole_files();
    let changes = |file: &[u8]| Trail::from_bytes(file.to_vec()).reader().unwrap().into_changes().count();
    let drain = |growing: &Growing, out: &Path, policies: &str| {
        let text = toml(&growing.path(), "jsonl", out, "");
        let text = text.replace("hints = false", &format!("patience = 50, policies = {{ {policies} }}, hints = false"));
        let mut running = Pipeline::start(pipeline(&text)).unwrap();
        (running.drain(), running.status().lanes.remove(0))
    };
    let gap = Growing::new();
    [0, 2].into_iter().for_each(|seqno| gap.append(seqno, &files[seqno]));
    let torn = Growing::new();
    torn.append(0, &files[0][..files[0].len() - 10]);
    torn.append(1, &files[1]);
    for (growing, kind, accepted) in [
        (&gap, ErrorKind::SequenceGap, "next_file_missing = 'continue', sequence_gap = 'continue'"),
        (&torn, ErrorKind::Truncated, "file_torn = 'continue'"),
    ] {
        let out = tempfile::tempdir().unwrap();
        let (outcome, lane) = drain(growing, out.path(), "");
        assert_eq!((outcome.unwrap_err().kind(), lane.state), (kind, State::Failed));
        // Everything before it is committed.
        assert!(lane.changes > 0 && lane.changes == committed("jsonl", out.path()).len() as u64);
        let (outcome, lane) = drain(growing, out.path(), accepted);
        outcome.unwrap();
        let kinds: Vec<_> = lane.events.iter().map(|event| (event.kind.name(), event.count)).collect();
        match kind {
            ErrorKind::SequenceGap => {
                assert_eq!(kinds, [("next_file_missing", 1), ("sequence_gap", 1)]);
                assert!(lane.events[1].last.what.contains("lt000000001 is missing"), "{:?}", lane.events);
                assert_eq!(committed("jsonl", out.path()).len(), changes(&files[0]) + changes(&files[2]));
            }
            _ => assert_eq!(kinds[0], ("file_torn", 1)),
        }
    }
    // A next file that is being made does not keep it from the end.
    let made = Growing::new();
    made.append(0, &files[0]);
    made.append(1, &files[1][..100]);
    let out = tempfile::tempdir().unwrap();
    let (outcome, lane) = drain(&made, out.path(), "");
    outcome.unwrap();
    assert_eq!((lane.changes, lane.events.len()), (changes(&files[0]) as u64, 0));
}

#[test]
fn pipelines_on_one_trail_have_their_own_policies() {
    let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
    let files = whole_files();
    growing.append(0, &files[0]);
    let of = |name: &str, follow: &str| {
        let text = toml(&growing.path(), "jsonl", &out.path().join(name), "").replace("'test'", &format!("'{name}'"));
        text.replace("hints = false", &format!("{follow} hints = false"))
    };
    let text = of("a", "") + &of("b", "patience = 50, policies = { file_torn = 'continue' },");
    let mut supervisor = Supervisor::start(Pipelines::from_toml(&text).unwrap()).unwrap();
    let reach = |name: &str, changes: usize| {
        let until = Instant::now() + Duration::from_secs(30);
        while committed("jsonl", &out.path().join(name)).len() < changes {
            assert!(Instant::now() < until, "{name}: {}", committed("jsonl", &out.path().join(name)).len());
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    let first = wanted(&growing.path()).len();
    ["a", "b"].into_iter().for_each(|name| reach(name, first));
    growing.append(1, &files[1][..files[1].len() - 10]);
    growing.append(2, &files[2]);
    let last = Trail::from_bytes(files[2].clone()).reader().unwrap().into_changes().count();
    let whole = Trail::from_bytes(files[1].clone()).reader().unwrap().into_changes().count();
    reach("b", first + whole - 1 + last);
    assert!(committed("jsonl", &out.path().join("a")).len() < first + whole);
    supervisor.stop().unwrap();
}

#[test]
fn two_sinks_of_one_kind_have_names_of_their_own() {
    let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
    let (files, second) = (files(), out.path().join("second"));
    files.iter().enumerate().for_each(|(seqno, bytes)| growing.append(seqno, bytes));
    let text = toml(&growing.path(), "jsonl", &out.path().join("first"), "");
    let text = format!("{text}[[pipeline.sink]]\nkind = 'jsonl'\npath = {second:?}\n");
    let mut running = Pipeline::start(pipeline(&text)).unwrap();
    running.drain().unwrap();
    let names: Vec<_> = running.status().lanes.into_iter().map(|lane| lane.sink).collect();
    assert_eq!(names, ["jsonl", "jsonl-2"]);
    for folder in ["first", "second"] {
        assert_eq!(committed("jsonl", &out.path().join(folder)), wanted(&growing.path()));
    }
}

#[test]
fn partitions_and_targets_are_folders() {
    let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
    growing.append(0, &files()[0]);
    let more = "select = \"MAP SHOP.ITEMS, TARGET LAKE.THINGS, COLMAP (USEDEFAULTS, SHOP_CODE = 'x');\"";
    let text = toml(&growing.path(), "jsonl", out.path(), more) + "partition = ['date', 'SHOP_CODE']\n";
    let mut running = Pipeline::start(pipeline(&text)).unwrap();
    running.drain().unwrap();
    let files = Manifest::of(out.path()).files().unwrap();
    assert!(files.iter().all(|(path, file)| path.exists() && file.path.starts_with("LAKE.THINGS/date=2023-11-14/SHOP_CODE=x/")));
    let line = fs::read_to_string(&files[0].0).unwrap();
    assert!(line.contains("\"SHOP_CODE\":\"x\"") && line.contains("\"NAME\":\"100/0\""), "{line}");
}

/// Writes the file of a trail, whose rows have these columns besides ID.
fn with_columns(growing: &Growing, seqno: u32, columns: &[&str]) {
    let all = columns.iter().map(|name| ColumnDef::varchar(*name, 20));
    let table = Arc::new(TableDef::new("SHOP.ITEMS", std::iter::once(ColumnDef::varchar("ID", 20).key()).chain(all).collect()));
    let options = WriterOptions { first_seqno: seqno, ..options() };
    let mut writer = TrailWriter::in_memory("lt", options).unwrap();
    let csn = 100 + u64::from(seqno);
    writer.begin(&csn.to_string(), &format!("1.2.{csn}"), Timestamp::from_unix_micros(1_700_000_000_000_000)).unwrap();
    let mut row = RowBuilder::new(&table, writer.byte_order());
    row.text("ID", &seqno.to_string()).unwrap();
    for name in columns {
        row.text(name, name).unwrap();
    }
    writer.insert(&table, row.bytes()).unwrap();
    writer.commit().unwrap();
    growing.append(usize::try_from(seqno).unwrap(), &writer.finish().unwrap()[0].1);
}

#[test]
fn new_columns_are_added_ignored_or_stop_the_pipeline() {
    let rows = |out: &Path| {
        let texts = Manifest::of(out).files().unwrap().into_iter().map(|(path, _)| fs::read_to_string(path).unwrap());
        let line = |line: &str| line.split_once("\"after\":").unwrap().1.split_once('}').unwrap().0.to_owned();
        texts.flat_map(|text| text.lines().map(line).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let policy = |policy: &str, more: &str| format!("definitions = {{ new_columns = '{policy}', version_column = 'V' }}\n{more}");
    let target = "select = \"MAP SHOP.ITEMS, TARGET LAKE.ITEMS;\"";
    for (name, more) in [("add", ""), ("ignore", ""), ("ignore", target), ("stop", "")] {
        let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
        let options = pipeline(&toml(&growing.path(), "jsonl", out.path(), &policy(name, more)));
        let drain = |options: &PipelineOptions| Pipeline::start(options.clone()).unwrap().drain();
        with_columns(&growing, 0, &["A"]);
        drain(&options).unwrap();
        // It is known after a restart, too.
        with_columns(&growing, 1, &["A", "B"]);
        let outcome = drain(&options);
        let first = r#"{"ID":"0","A":"A","V":1"#;
        match name {
            "add" => assert_eq!(rows(out.path()), [first, r#"{"ID":"1","A":"A","B":"B","V":2"#]),
            "ignore" => {
                with_columns(&growing, 2, &["A", "B"]);
                drain(&options).unwrap();
                assert_eq!(rows(out.path()), [first, r#"{"ID":"1","A":"A","V":2"#, r#"{"ID":"2","A":"A","V":2"#]);
            }
            _ => {
                let error = outcome.unwrap_err();
                assert!(error.kind() == ErrorKind::SchemaChange && error.to_string().contains("new columns B"), "{error}");
                let mut running = Pipeline::start(options.clone()).unwrap();
                running.drain().unwrap_err();
                let lane = running.status().lanes.remove(0);
                assert_eq!((lane.state, lane.retries, lane.error_class), (State::Failed, 0, Some("SchemaChange")));
                assert_eq!(rows(out.path()), [first]);
                drop(running);
                // The operator accepts it.
                drain(&pipeline(&toml(&growing.path(), "jsonl", out.path(), &policy("add", more)))).unwrap();
                with_columns(&growing, 2, &["A", "B"]);
                drain(&options).unwrap();
                assert_eq!(rows(out.path())[2], r#"{"ID":"2","A":"A","B":"B","V":2"#);
                continue;
            }
        }
        outcome.unwrap();
    }
}

#[test]
fn mistakes_are_found_without_a_start() {
    let out = tempfile::tempdir().unwrap();
    let missing = out.path().join("no/such/lt");
    let text = toml(&missing, "jsonl", out.path(), "");
    let mistakes = Pipeline::validate(&pipeline(&text));
    assert!(mistakes.len() == 1 && mistakes[0].starts_with("test: trail: "), "{mistakes:?}");
    let growing = Growing::new();
    growing.append(0, &files()[0]);
    let text = toml(&growing.path(), "jsonl", out.path(), "map = [{ table = 'SHOP.ITEMS', drop = ['NAEM'] }]");
    let mistakes = Pipeline::validate(&pipeline(&text));
    assert!(mistakes[0].contains("did you mean NAME?"), "{mistakes:?}");
}

#[test]
fn a_supervisor_exchanges_only_what_differs() {
    let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
    let files = files();
    growing.append(0, &files[0]);
    let of = |name: &str, kind: &str, more: &str| {
        toml(&growing.path(), kind, &out.path().join(name), more).replace("'test'", &format!("'{name}'"))
    };
    let history = out.path().join("history.jsonl");
    let mut supervisor = Supervisor::start(Pipelines::from_toml(&(of("a", "jsonl", "") + &of("b", "csv", ""))).unwrap()).unwrap();
    supervisor.keep_history(&history);
    let time = Duration::from_secs(20);
    let next = Pipelines::from_toml(&(of("a", "jsonl", "") + &of("c", "parquet", ""))).unwrap();
    let difference = supervisor.apply(next.clone(), time, "test").unwrap();
    assert_eq!((difference.added, difference.removed, difference.changed.len()), (vec!["c".to_owned()], vec!["b".to_owned()], 0));
    assert!(supervisor.apply(next, time, "test").unwrap().is_empty());
    // Not valid: nothing changes.
    let wrong = Pipelines::from_toml(&of("a", "jsonl", "map = [{ table = 'SHOP.ITEMS', drop = ['X'] }]")).unwrap();
    assert_eq!(supervisor.apply(wrong, time, "test").unwrap_err().kind(), ErrorKind::InvalidArgument);
    // Valid, but it fails: the old one runs again.
    let failing = Pipelines::from_toml(
        &of("a", "jsonl", "follow = { start = '7:1' }")
            .replace("follow = { hints = false, poll_interval = 1, batch = 3 }\n", "")
            .replace("/a\"", "/a2\""),
    )
    .unwrap();
    assert_eq!(supervisor.apply(failing, Duration::from_millis(300), "test").unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(supervisor.status().iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    files.iter().enumerate().skip(1).for_each(|(seqno, bytes)| growing.append(seqno, bytes));
    supervisor.drain().unwrap();
    assert_eq!(committed("jsonl", &out.path().join("a")), wanted(&growing.path()));
    assert_eq!(committed("parquet", &out.path().join("c")), wanted(&growing.path()));
    let lines = fs::read_to_string(history).unwrap();
    let results: Vec<_> = lines.lines().map(|line| line.split("\"result\":").nth(1).unwrap()).collect();
    assert_eq!(results, ["\"applied\"}", "\"refused\"}", "\"rolled back\"}"]);
}

/// Returns the metrics of pipelines as Prometheus reads them.
fn metrics_text(supervisor: &Supervisor) -> String {
    let metrics = PipelineMetrics::new();
    let mut registry = prometheus_client::registry::Registry::default();
    registry.register_collector(Box::new(metrics.clone()));
    metrics.set(supervisor.status());
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    text
}

#[test]
fn metrics_have_the_state_of_each_lane() {
    let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
    growing.append(0, &files()[0]);
    let mut supervisor =
        Supervisor::start(Pipelines::from_toml(&toml(&growing.path(), "jsonl", out.path(), "")).unwrap()).unwrap();
    supervisor.drain().unwrap();
    let text = metrics_text(&supervisor);
    assert!(text.contains("trailcore_pipeline_up{pipeline=\"test\",sink=\"jsonl\"} 1.0"), "{text}");
    assert!(text.contains("trailcore_pipeline_changes_total{pipeline=\"test\",sink=\"jsonl\"} 10.0"), "{text}");
    let bucket = text.lines().find(|line| line.contains("le=\"+Inf\""));
    assert!(
        bucket.is_some_and(|line| line.starts_with("trailcore_pipeline_latency_seconds_bucket{") && line.ends_with("} 10")),
        "{text}"
    );
}

#[test]
fn metrics_have_events_and_names_with_any_character() {
    let (growing, out) = (Growing::new(), tempfile::tempdir().unwrap());
    growing.append(0, &files()[0]);
    growing.append(2, &files()[2]);
    let text = toml(&growing.path(), "jsonl", out.path(), "").replace("'test'", "\"a\\\"b\\\\c\\nd\"");
    let policies = "patience = 10, policies = { sequence_gap = 'continue' }, hints = false";
    let mut supervisor = Supervisor::start(Pipelines::from_toml(&text.replace("hints = false", policies)).unwrap()).unwrap();
    supervisor.drain().unwrap();
    let text = metrics_text(&supervisor);
    let labels = r#"{pipeline="a\"b\\c\nd",sink="jsonl""#;
    assert!(text.contains(&format!("trailcore_pipeline_up{labels}}} 1.0")), "{text}");
    assert!(text.contains(&format!("trailcore_pipeline_events_total{labels},kind=\"sequence_gap\"}} 1")), "{text}");
    let tails = trailcore_stream::Metrics::new();
    let tail = trailcore_stream::Tail::open(growing.path(), trailcore_stream::TailOptions::new()).unwrap();
    tails.add("a\"b", tail.handle());
    let (mut registry, mut text) = (prometheus_client::registry::Registry::default(), String::new());
    registry.register_collector(Box::new(tails));
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    assert!(text.contains(r#"trailcore_bytes_behind{tail="a\"b"}"#), "{text}");
}
