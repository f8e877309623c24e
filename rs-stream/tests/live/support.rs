//! A trail in pieces, and what a tail makes of it.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::Decoder;
use trailcore::{Change, Position, Timestamp, Trail};
use trailcore_stream::{Delivery, Event, Item, Part, Tail, TailOptions};

/// A trail on disk that grows.
pub struct Growing {
    pub folder: tempfile::TempDir,
    pub prefix: &'static str,
}

impl Growing {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), prefix: "lt" }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join(self.prefix)
    }

    pub fn file(&self, seqno: usize) -> PathBuf {
        self.folder.path().join(format!("{}{seqno:09}", self.prefix))
    }

    /// Appends bytes to a file.
    pub fn append(&self, seqno: usize, bytes: &[u8]) {
        File::options().create(true).append(true).open(self.file(seqno)).unwrap().write_all(bytes).unwrap();
    }

    /// Replaces the contents of a file that keeps its inode.
    pub fn overwrite(&self, seqno: usize, bytes: &[u8]) {
        std::fs::write(self.file(seqno), bytes).unwrap();
    }

    pub fn remove(&self, seqno: usize) {
        std::fs::remove_file(self.file(seqno)).unwrap();
    }
}

pub fn table() -> Arc<TableDef> {
    Arc::new(TableDef::new("SHOP.ITEMS", vec![ColumnDef::varchar("NAME", 40).key()]))
}

pub fn options() -> WriterOptions {
    WriterOptions { file_size: 1 << 30, ..WriterOptions::default() }
}

/// Writes transactions: each a CSN and its number of changes; every third is an update of two records.
pub fn transactions(writer: &mut TrailWriter, transactions: &[(u64, usize)]) {
    let table = table();
    for &(csn, changes) in transactions {
        let time = Timestamp::from_unix_micros(1_700_000_000_000_000 + i64::try_from(csn).unwrap() * 1_000_000);
        writer.begin(&csn.to_string(), &format!("1.2.{csn}"), time).unwrap();
        for change in 0..changes {
            let mut row = RowBuilder::new(&table, writer.byte_order());
            row.text("NAME", &format!("{csn}/{change}")).unwrap();
            let row = row.bytes().to_vec();
            if change % 3 == 2 {
                writer.update(&table, UpdateStyle::Pair, &row, &row).unwrap();
            } else {
                writer.insert(&table, &row).unwrap();
            }
        }
        writer.commit().unwrap();
    }
}

/// Returns the files of a trail of these transactions.
pub fn trail(options: WriterOptions, list: &[(u64, usize)]) -> Vec<Vec<u8>> {
    let mut writer = TrailWriter::in_memory("lt", options).unwrap();
    transactions(&mut writer, list);
    writer.finish().unwrap().into_iter().map(|(_, bytes)| bytes).collect()
}

/// Returns the ends of all records of a file.
pub fn record_ends(bytes: &[u8]) -> Vec<usize> {
    let (mut decoder, mut ends) = (Decoder::new(), Vec::new());
    let mut at = 0;
    while let Some(record) = decoder.decode(&bytes[at..]).unwrap() {
        at += record.bytes().len();
        ends.push(at);
    }
    ends
}

/// Returns a change as text.
pub fn text(change: &Change<'_>) -> String {
    format!("{} {}", change.position(), name(change))
}

/// Returns the name in a change.
pub fn name(change: &Change<'_>) -> String {
    let row = change.after().unwrap().unwrap();
    row.get("NAME").unwrap().text().unwrap().into_owned()
}

/// Returns what a reader makes of the files of a path.
pub fn read(path: &Path) -> Vec<String> {
    let mut reader = Trail::open(path).unwrap().reader().unwrap();
    let mut texts = Vec::new();
    while let Some(change) = reader.next().unwrap() {
        texts.push(text(&change));
    }
    texts
}

/// The deliveries of a tail.
#[derive(Debug, Default)]
pub struct Seen {
    pub changes: Vec<String>,
    pub events: Vec<Event>,
    /// CSN, changes and part of each transaction.
    pub transactions: Vec<(String, u64, Part)>,
    pub ends: Vec<Position>,
}

impl Seen {
    pub fn kinds(&self) -> Vec<&'static str> {
        self.events.iter().map(|event| event.kind.name()).collect()
    }

    pub fn names(&self) -> Vec<&str> {
        self.changes.iter().map(|change| change.split_once(' ').unwrap().1).collect()
    }

    pub fn take(&mut self, item: Item) -> Option<trailcore_stream::Receipt> {
        match item {
            Item::Changes(batch) => {
                self.changes.extend(batch.changes().map(|change| text(&change)));
                self.ends.push(batch.end());
                Some(batch.receipt())
            }
            Item::Transaction(transaction) => {
                for block in transaction.blocks().unwrap() {
                    self.changes.extend(block.unwrap().changes().map(|change| text(&change)));
                }
                self.transactions.push((transaction.csn().unwrap_or_default().to_owned(), transaction.len(), transaction.part()));
                self.ends.push(transaction.end());
                Some(transaction.receipt())
            }
            Item::Event(event) => {
                self.events.push(event);
                None
            }
            other => panic!("{other:?}"),
        }
    }

    /// Takes all that is there now, and acknowledges it.
    pub fn drain(&mut self, tail: &mut Tail) -> &mut Self {
        self.drain_for(tail, Duration::ZERO)
    }

    /// Takes what comes until nothing has come for a time.
    pub fn drain_for(&mut self, tail: &mut Tail, time: Duration) -> &mut Self {
        while let Some(item) = tail.recv_timeout(time).unwrap() {
            if let Some(receipt) = self.take(item) {
                tail.acknowledge(&receipt).unwrap();
            }
        }
        self
    }
}

/// Options for tests: nothing waits for long, and the file system sends no events.
pub fn quick() -> TailOptions {
    TailOptions::new()
        .hints(false)
        .poll_interval(Duration::from_millis(1))
        .patience(Duration::ZERO)
        .checkpoint_interval(Duration::ZERO)
}

pub const DELIVERIES: [Delivery; 2] = [Delivery::Changes, Delivery::Transactions];
