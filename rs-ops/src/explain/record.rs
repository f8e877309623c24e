//! [`SkipReport`]: the record at a position of a trail, the next ones, and what would be lost by going on there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trailcore::schema::Catalog;
use trailcore::{Change, ErrorKind, Op, Position, ReadOptions, Result, Trail};

use crate::moment::Moment;

/// The request of `ops.skip`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct SkipRequest {
    /// The path of the trail, such as `dirdat/rt`, or of one of its files.
    pub trail: String,
    /// The sequence number of the file.
    pub seqno: u64,
    /// The byte offset of the record.
    pub rba: u64,
    /// The path of a definitions file, for a trail that does not define its tables.
    pub defs: Option<String>,
}

/// `ops.skip`: the record at a position, the next ones, and what would be lost by going on there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SkipReport {
    /// The change at the position.
    pub record: Option<RecordSeen>,
    /// Why there is none, or why the rest is not known.
    pub problem: Option<String>,
    /// The position of the first change of its transaction; null if that is in an earlier file.
    pub begin: Option<(u64, u64)>,
    /// The position of the next change, in this transaction or another one.
    pub next_record: Option<(u64, u64)>,
    /// The position of the first change after its transaction.
    pub next_transaction: Option<(u64, u64)>,
    /// The changes of its transaction by table and operation: all of them are lost by going on at the next transaction, unless the
    /// target has a part of them. Going on at the next change loses the change itself.
    pub transaction: BTreeMap<String, BTreeMap<String, u64>>,
    /// The end of the transaction is in the trail, and its start in the file.
    pub is_whole: bool,
}

/// A change of a trail, without its values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordSeen {
    /// The file of the trail.
    pub file: String,
    /// Sequence number and byte offset.
    pub at: (u64, u64),
    /// The operation.
    pub op: String,
    /// The table.
    pub table: String,
    /// The time of its commit.
    pub time: Option<Moment>,
    /// The CSN of its transaction.
    pub csn: Option<String>,
    /// The id of its transaction.
    pub xid: Option<String>,
    /// The key columns of its definition.
    pub key: Vec<String>,
    /// The columns of the image before the change, without their values.
    pub before: Vec<String>,
    /// The columns of the image after it, without their values.
    pub after: Vec<String>,
    /// Why the images cannot be read.
    pub problem: Option<String>,
}

/// Answers `ops.skip`.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("rt000000000");
/// # std::fs::write(&path, &trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap()[0].1).unwrap();
/// # let third = trailcore::Trail::open(&path)?.reader()?.into_changes().nth(2).unwrap()?.as_change().position();
/// use trailcore_ops::explain::{SkipRequest, skip};
/// let trail = path.display().to_string();
/// let report = skip(&SkipRequest { trail, seqno: 0, rba: third.trail().unwrap().rba, defs: None })?;
/// assert!(report.next_record < report.next_transaction && report.record.is_some());
/// # Ok::<(), trailcore::Error>(())
/// ```
///
/// # Errors
/// The errors of opening the trail and the definitions. A position without a record, and damage, are stated in the report.
pub fn skip(request: &SkipRequest) -> Result<SkipReport> {
    let mut options = ReadOptions::new();
    if let Some(defs) = &request.defs {
        options = options.catalog(Catalog::open(defs)?);
    }
    look_up(&Trail::open(&request.trail)?, options, (request.seqno, request.rba))
}

/// Reads a trail from the start of a file to the end of the transaction that a position is in.
pub(super) fn look_up(trail: &Trail, options: ReadOptions, at: (u64, u64)) -> Result<SkipReport> {
    let mut report = SkipReport::default();
    let mut reader = match trail.reader_with(options.start_at(Position::new(at.0, 0))) {
        Ok(reader) => reader,
        Err(error) if matches!(error.kind(), ErrorKind::Io | ErrorKind::InvalidArgument | ErrorKind::Definitions) => {
            return Err(error);
        }
        Err(error) => {
            report.problem = Some(error.to_string());
            return Ok(report);
        }
    };
    let wanted = Position::new(at.0, at.1);
    loop {
        match reader.next() {
            Ok(Some(change)) => {
                if report.take(&change, wanted) {
                    return Ok(report);
                }
            }
            Ok(None) => break,
            Err(error) => {
                report.problem = Some(error.to_string());
                break;
            }
        }
    }
    if report.record.is_none() && report.problem.is_none() {
        report.problem = Some(format!("the trail ends before {}:{}", at.0, at.1));
    }
    Ok(report)
}

/// Returns sequence number and byte offset of a position.
fn pair(position: Position) -> Option<(u64, u64)> {
    position.trail().map(|at| (at.seqno, at.rba))
}

impl SkipReport {
    /// Takes the next change. Returns whether all is known.
    fn take(&mut self, change: &Change<'_>, wanted: Position) -> bool {
        let begins = change.transaction().begins();
        if self.record.is_some() {
            self.next_record = self.next_record.or(pair(change.start()));
            if begins || self.is_whole {
                self.next_transaction = pair(change.start());
                return true;
            }
        } else if change.start() > wanted {
            let next = pair(change.start()).unwrap_or_default();
            self.problem = Some(format!("no change starts there; the next one starts at {}:{}", next.0, next.1));
            (self.begin, self.transaction) = (None, BTreeMap::new());
            return true;
        } else if begins {
            self.transaction.clear();
            self.begin = pair(change.start());
        }
        if change.op() != Op::Metadata {
            let table = self.transaction.entry(change.table_name().into_owned()).or_default();
            *table.entry(change.op().name().to_owned()).or_default() += 1;
        }
        if self.record.is_none() && change.position() >= wanted {
            self.record = Some(RecordSeen::of(change));
        }
        if change.transaction().ends() {
            self.is_whole = self.record.is_some() && self.begin.is_some();
            if self.record.is_none() {
                self.transaction.clear();
                self.begin = None;
            }
        }
        false
    }
}

impl RecordSeen {
    pub(crate) fn of(change: &Change<'_>) -> Self {
        let names = |row: Option<trailcore::change::Row<'_>>| -> Result<Vec<String>> {
            let columns = row.into_iter().flat_map(|row| row.columns());
            columns.map(|column| column.map(|column| column.name().to_string()).map_err(|fault| change.error(fault))).collect()
        };
        let images = change.images().and_then(|(before, after)| Ok((names(before)?, names(after)?)));
        let (images, problem) = match images {
            Ok(images) => (images, None),
            Err(error) => (Default::default(), Some(error.to_string())),
        };
        let own = |text: Option<&str>| text.map(str::to_owned);
        Self {
            file: change.file().display().to_string(),
            at: pair(change.position()).unwrap_or_default(),
            op: change.op().name().to_owned(),
            table: change.table_name().into_owned(),
            time: Some(Moment::from_unix_micros(change.timestamp().unix_micros())),
            csn: own(change.csn()),
            xid: own(change.xid()),
            key: change.table().key().map(|column| column.name.to_string()).collect(),
            before: images.0,
            after: images.1,
            problem,
        }
    }
}
