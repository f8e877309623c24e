//! Whether a trail is whole: damage, missing files, the order of transactions, rows that fit their definitions.

use std::cmp::Ordering;
use std::fmt;

use crate::change::{ColumnState, Op};
use crate::error::{Error, ErrorKind, Result};
use crate::position::{Csn, Position};
use crate::source::options::ReadOptions;
use crate::source::skipped::Skipped;
use crate::source::trail::Trail;
use crate::trail::{RecordType, TransactionIndicator};

/// What is wrong, or noteworthy, at a place of a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckIssueKind {
    /// Bytes that are no records; reading could go on behind them.
    Damage,
    /// The trail ends inside a record: it is torn, or still being written.
    TornTail,
    /// Files are missing in the sequence.
    Gap,
    /// A record stands where its transaction indicator or its CSN does not allow it.
    Order,
    /// A row does not read as its table's definition says, or has none.
    Row,
    /// A transaction that a RestartAbend marker takes back: no fault; Extract has written it again.
    RolledBack,
    /// The trail ends in the midst of a transaction: no fault while it is still being written.
    Unfinished,
}

impl CheckIssueKind {
    /// Its name: `damage`, `torn_tail`, `gap`, `order`, `row`, `rolled_back`, `unfinished`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Damage => "damage",
            Self::TornTail => "torn_tail",
            Self::Gap => "gap",
            Self::Order => "order",
            Self::Row => "row",
            Self::RolledBack => "rolled_back",
            Self::Unfinished => "unfinished",
        }
    }

    /// Whether the trail is not whole because of it.
    #[must_use]
    pub fn is_fault(self) -> bool {
        !matches!(self, Self::RolledBack | Self::Unfinished)
    }
}

/// One finding.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckIssue {
    /// What kind of thing it is.
    pub kind: CheckIssueKind,
    /// Where it is.
    pub position: Position,
    /// What it is, in words, without data.
    pub what: String,
}

impl fmt::Display for CheckIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.kind.name(), self.position, self.what)
    }
}

/// What a check has come to. See [`Trail::check`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CheckReport {
    /// Records read, file headers included.
    pub records: u64,
    /// Changes whose rows were read.
    pub changes: u64,
    /// Transactions that were completed.
    pub transactions: u64,
    /// Bytes of the records.
    pub bytes: u64,
    /// Values that are present and not decodable.
    pub invalid_values: u64,
    /// What was found, in the order of the passes; at most [`CheckReport::MAX_ISSUES`].
    pub findings: Vec<CheckIssue>,
    /// Findings beyond those.
    pub more_findings: u64,
    /// Whether one of all of them is a fault.
    faulty: bool,
}

impl CheckReport {
    /// So many findings are kept; a trail that is damaged throughout has millions.
    pub const MAX_ISSUES: usize = 1000;

    /// Whether the trail is whole: nothing that was found is a fault.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.faulty
    }

    /// Takes in stretches that were passed over, and returns how many.
    fn find_skipped(&mut self, stretches: Option<&[Skipped]>) -> usize {
        let stretches = stretches.unwrap_or_default();
        for stretch in stretches {
            let is_gap = stretch.error.kind() == ErrorKind::SequenceGap;
            let kind = if is_gap { CheckIssueKind::Gap } else { CheckIssueKind::Damage };
            self.find(kind, stretch.from, format!("{}; read on at {}", stretch.error.what(), stretch.to));
        }
        stretches.len()
    }

    fn find(&mut self, kind: CheckIssueKind, position: Position, what: impl Into<String>) {
        self.faulty |= kind.is_fault();
        if self.findings.len() < Self::MAX_ISSUES {
            self.findings.push(CheckIssue { kind, position, what: what.into() });
        } else {
            self.more_findings += 1;
        }
    }
}

impl Trail {
    /// Reads the trail twice, its records and then its changes, and reports whether it is whole. Damage is no error here: it
    /// is found, and reading goes on behind it. Of the options, catalog, character set, mapping and watching count.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// let report = trail.check(&trailcore::ReadOptions::new())?;
    /// assert!(report.is_whole() && report.transactions > 0);
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Io`], [`ErrorKind::NotFound`], [`ErrorKind::Cancelled`], and [`ErrorKind::NotATrail`] where there is no
    /// record at all.
    pub fn check(&self, options: &ReadOptions) -> Result<CheckReport> {
        let options = ReadOptions { start_at: None, select: None, resync: true, include_non_changes: false, ..options.clone() };
        let mut report = CheckReport::default();
        self.check_records(&options, &mut report)?;
        self.check_changes(options, &mut report)?;
        Ok(report)
    }

    fn check_records(&self, options: &ReadOptions, report: &mut CheckReport) -> Result<()> {
        let mut records = self.records(options);
        let mut transactions = Transactions::default();
        let mut skipped = 0;
        loop {
            let next = records.next();
            let placed = match next {
                Ok(Some(placed)) => placed,
                Ok(None) => break,
                Err(error) if is_damage(&error) && report.records > 0 => {
                    let kind = if error.needs_more_bytes() { CheckIssueKind::TornTail } else { CheckIssueKind::Damage };
                    let rba = error.location().rba.unwrap_or_default();
                    report.find(kind, Position::new(transactions.last.trail().map_or(0, |last| last.seqno), rba), error.what());
                    break;
                }
                Err(error) => return Err(error),
            };
            report.records += 1;
            report.bytes += placed.record.bytes().len() as u64;
            let (position, record) = (placed.position.into(), placed.record);
            let place = Place { position, record_type: record.record_type(), is_file_header: record.is_file_header() };
            let indicator = record.header().ok().map(|header| header.transaction);
            let area = record.token_area().unwrap_or_default();
            let csn = crate::trail::tokens::transaction_ids(area, record.byte_order()).0.map(str::to_owned);
            let passed_over = report.find_skipped(records.skipped().get(skipped..));
            if passed_over > 0 {
                // What was passed over may have ended one transaction and begun another.
                transactions.open = None;
                transactions.settled = false;
                skipped += passed_over;
            }
            transactions.see(place, indicator, csn.as_deref(), report);
        }
        report.find_skipped(records.skipped().get(skipped..));
        if let (0, Some(first)) = (report.records, records.skipped().first()) {
            return Err(first.error.clone());
        }
        transactions.end(report);
        Ok(())
    }

    fn check_changes(&self, options: ReadOptions, report: &mut CheckReport) -> Result<()> {
        let mut reader = self.reader_with(options)?;
        loop {
            let change = match reader.next() {
                Ok(Some(change)) => change,
                Ok(None) => break,
                // The records' pass has found it.
                Err(error) if is_damage(&error) => break,
                Err(error) => return Err(error),
            };
            report.changes += 1;
            if matches!(change.op(), Op::Ddl | Op::Truncate) {
                continue;
            }
            let position = change.position();
            let images = match change.images() {
                Ok((before, after)) => [before, after],
                Err(error) => {
                    report.find(CheckIssueKind::Row, position, error.what());
                    continue;
                }
            };
            for row in images.into_iter().flatten() {
                let (columns, is_defined) = (change.table().columns().len(), change.table().is_defined());
                if let Err(fault) = row.spans().verify() {
                    report.find(CheckIssueKind::Row, position, fault.to_string());
                }
                for column in row.columns().filter_map(std::result::Result::ok) {
                    if is_defined && column.index() >= columns {
                        report.find(CheckIssueKind::Row, position, "an image has a column that its table has not");
                    } else {
                        report.invalid_values += u64::from(column.state() == ColumnState::Invalid);
                    }
                }
            }
        }
        let undefined = |kind| kind == ErrorKind::UndefinedTable;
        for stretch in reader.skipped().iter().filter(|stretch| undefined(stretch.error.kind())) {
            report.find(CheckIssueKind::Row, stretch.from, stretch.error.what());
        }
        Ok(())
    }
}

/// Whether an error is about the trail's bytes, and not about reading them.
fn is_damage(error: &Error) -> bool {
    use ErrorKind::{Cancelled, Io, NotFound};
    !matches!(error.kind(), Io | NotFound | Cancelled)
}

struct Place {
    position: Position,
    record_type: RecordType,
    is_file_header: bool,
}

/// How far the transactions are settled.
#[derive(Debug, Default)]
struct Transactions {
    /// Where the open one began.
    open: Option<Position>,
    /// Whether a record has told where transactions stand: the first may lie in the midst of one.
    settled: bool,
    csn: Option<String>,
    last: Position,
}

impl Transactions {
    fn see(&mut self, place: Place, indicator: Option<TransactionIndicator>, csn: Option<&str>, report: &mut CheckReport) {
        let Place { position, record_type, is_file_header } = place;
        self.last = position;
        if is_file_header {
            return;
        }
        if record_type == RecordType::RESTART_ABEND {
            if let Some(start) = self.open.take() {
                report.find(CheckIssueKind::RolledBack, start, format!("a transaction that the marker at {position} takes back"));
            }
            return;
        }
        let Some(indicator) = indicator.filter(|_| record_type.belongs_to_transaction()) else { return };
        // A large object's fragments carry their row's indicator or none of their own; they neither begin nor end anything.
        if record_type == RecordType::LOB {
            if indicator.ends() {
                self.finish(report);
            }
            return;
        }
        if indicator.begins() {
            if let Some(start) = self.open {
                report.find(CheckIssueKind::Order, position, format!("a transaction begins while that of {start} has not ended"));
            }
            self.open = Some(position);
            self.check_csn(position, csn, report);
        } else if self.open.is_none() {
            if self.settled {
                report.find(CheckIssueKind::Order, position, "a record goes on with a transaction that has not begun");
            }
            self.open = Some(position);
        }
        self.settled = true;
        if indicator.ends() {
            self.finish(report);
        }
    }

    fn finish(&mut self, report: &mut CheckReport) {
        report.transactions += u64::from(self.open.take().is_some());
    }

    fn check_csn(&mut self, position: Position, csn: Option<&str>, report: &mut CheckReport) {
        let Some(csn) = csn else { return };
        if self.csn.as_deref().is_some_and(|last| Csn::compare(csn, last) == Some(Ordering::Less)) {
            report.find(CheckIssueKind::Order, position, "the transaction's CSN is lower than the one before it");
        }
        match &mut self.csn {
            Some(last) => csn.clone_into(last),
            None => self.csn = Some(csn.to_owned()),
        }
    }

    fn end(&self, report: &mut CheckReport) {
        if let Some(start) = self.open {
            report.find(CheckIssueKind::Unfinished, start, "the trail ends in the midst of this transaction");
        }
    }
}
