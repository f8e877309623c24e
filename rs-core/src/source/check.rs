//! [`Trail::check`]: looks for damage, missing files, records out of order, and rows that do not fit their definitions.

use std::cmp::Ordering;
use std::fmt;

use crate::change::{Column, ColumnState, Op, Value};
use crate::error::{Error, ErrorKind, Result};
use crate::position::{Csn, Position};
use crate::source::options::ReadOptions;
use crate::source::skipped::Skipped;
use crate::source::trail::Trail;
use crate::trail::{RecordType, TransactionIndicator};

/// The kind of an issue that a check reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CheckIssueKind {
    /// Bytes that are not records, or records whose contents are not known.
    Damage,
    /// The trail ends inside a record: it is torn, or still being written.
    TornTail,
    /// Files are missing in the sequence.
    Gap,
    /// A record is out of order, by its transaction indicator or its CSN.
    Order,
    /// A row does not fit its table's definition, or its table has no definition.
    Row,
    /// A RestartAbend marker rolls back a transaction. Not a fault: Extract has written it again.
    RolledBack,
    /// The trail ends inside a transaction. Not a fault while it is still being written.
    Unfinished,
}

impl CheckIssueKind {
    /// Returns its name: `damage`, `torn_tail`, `gap`, `order`, `row`, `rolled_back`, `unfinished`.
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

    /// Returns whether a trail with such an issue is not whole.
    #[must_use]
    pub fn is_fault(self) -> bool {
        !matches!(self, Self::RolledBack | Self::Unfinished)
    }
}

/// An issue of a trail.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckIssue {
    /// Its kind.
    pub kind: CheckIssueKind,
    /// Its position.
    pub position: Position,
    /// A description, without column data.
    pub what: String,
}

impl fmt::Display for CheckIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.kind.name(), self.position, self.what)
    }
}

/// The result of checking a trail. See [`Trail::check`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CheckReport {
    /// Records read, file headers included; 0 for JSON lines.
    pub records: u64,
    /// Changes read.
    pub changes: u64,
    /// Transactions that were completed.
    pub transactions: u64,
    /// Bytes of the records or lines.
    pub bytes: u64,
    /// Values that are present and not decodable.
    pub invalid_values: u64,
    /// The issues of the records, then those of the changes; at most [`CheckReport::MAX_ISSUES`].
    pub issues: Vec<CheckIssue>,
    /// Number of issues beyond those.
    pub more_issues: u64,
    /// One of all issues is a fault.
    faulty: bool,
}

/// The damage reported while reading the records; reading the changes finds it again.
#[derive(Debug, Default)]
struct Reported {
    /// In order.
    ranges: Vec<(Position, Position)>,
    /// The records end with damage.
    end: bool,
}

impl CheckReport {
    /// The number of issues that are kept; a trail that is damaged throughout has millions.
    pub const MAX_ISSUES: usize = 1000;

    /// Returns whether the trail is whole: no issue is a fault, and every value can be decoded.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.faulty && self.invalid_values == 0
    }

    /// Adds ranges that were skipped, and returns their number.
    fn add_all_skipped(&mut self, ranges: Option<&[Skipped]>) -> usize {
        let ranges = ranges.unwrap_or_default();
        ranges.iter().for_each(|range| self.add_skipped(range));
        ranges.len()
    }

    fn add_skipped(&mut self, range: &Skipped) {
        let kind = match range.error.kind() {
            ErrorKind::SequenceGap => CheckIssueKind::Gap,
            ErrorKind::UndefinedTable => CheckIssueKind::Row,
            _ => CheckIssueKind::Damage,
        };
        self.add(kind, range.from, format!("{}; reading continued at {}", range.error.what(), range.to));
    }

    /// Adds damage at which reading ended.
    fn add_end(&mut self, position: Position, error: &Error) {
        let kind = if error.needs_more_bytes() { CheckIssueKind::TornTail } else { CheckIssueKind::Damage };
        self.add(kind, position, error.what());
    }

    fn add(&mut self, kind: CheckIssueKind, position: Position, what: impl Into<String>) {
        self.faulty |= kind.is_fault();
        if self.issues.len() < Self::MAX_ISSUES {
            self.issues.push(CheckIssue { kind, position, what: what.into() });
        } else {
            self.more_issues += 1;
        }
    }
}

impl Reported {
    fn ranges(&mut self, ranges: &[Skipped]) {
        self.ranges = ranges.iter().map(|range| (range.from, range.to)).collect();
    }

    /// Returns whether a range was skipped with the records. Other ranges that the changes skip are valid records, but their table
    /// or contents are not known.
    fn has(&self, range: &Skipped) -> bool {
        let after = self.ranges.partition_point(|(from, _)| *from <= range.from);
        let last = after.checked_sub(1).and_then(|last| self.ranges.get(last));
        last.is_some_and(|(_, to)| range.to <= *to)
    }
}

impl Trail {
    /// Reads the trail twice, its records and then its changes, and reports whether it is whole; JSON lines have only changes. Damage is an issue of the
    /// report, not an error, and reading continues after it. The options for the catalog, the character set, mapping and progress
    /// apply; the others are ignored.
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
    /// [`ErrorKind::Io`], [`ErrorKind::NotFound`], [`ErrorKind::Cancelled`]. Files without a single record are reported too.
    pub fn check(&self, options: &ReadOptions) -> Result<CheckReport> {
        let options = ReadOptions { select: None, resync: true, include_non_changes: false, ..options.clone().unbounded() };
        let (mut report, mut reported) = (CheckReport::default(), Reported::default());
        if !self.is_json_lines() {
            self.check_records(&options, &mut report, &mut reported)?;
        }
        self.check_changes(options, &mut report, &reported)?;
        Ok(report)
    }

    fn check_records(&self, options: &ReadOptions, report: &mut CheckReport, reported: &mut Reported) -> Result<()> {
        let mut records = self.records(options);
        let mut transactions = Transactions::default();
        let mut skipped = 0;
        loop {
            let next = records.next();
            let placed = match next {
                Ok(Some(placed)) => placed,
                Ok(None) => break,
                Err(error) if error.kind().is_damage() => {
                    skipped += report.add_all_skipped(records.skipped().get(skipped..));
                    report.add_end(records.position().into(), &error);
                    reported.end = true;
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
            let newly_skipped = report.add_all_skipped(records.skipped().get(skipped..));
            if newly_skipped > 0 {
                // The skipped range may have ended one transaction and begun another.
                transactions.open = None;
                transactions.settled = false;
                skipped += newly_skipped;
            }
            transactions.see(place, indicator, csn.as_deref(), report);
        }
        report.add_all_skipped(records.skipped().get(skipped..));
        reported.ranges(records.skipped());
        transactions.end(report);
        Ok(())
    }

    fn check_changes(&self, options: ReadOptions, report: &mut CheckReport, reported: &Reported) -> Result<()> {
        let is_lines = self.is_json_lines();
        let mut reader = self.reader_with(options)?;
        loop {
            let change = match reader.next() {
                Ok(Some(change)) => change,
                Ok(None) => break,
                Err(error) if error.kind().is_damage() => {
                    if !reported.end {
                        report.add_end(reader.position(), &error);
                    }
                    break;
                }
                Err(error) => return Err(error),
            };
            report.changes += 1;
            if is_lines {
                report.bytes += change.source_bytes();
                report.transactions += u64::from(change.transaction().ends());
            }
            if matches!(change.op(), Op::Ddl | Op::Truncate) {
                continue;
            }
            let position = change.position();
            let images = match change.images() {
                Ok((before, after)) => [before, after],
                Err(error) => {
                    report.add(CheckIssueKind::Row, position, error.what());
                    continue;
                }
            };
            for row in images.into_iter().flatten() {
                let (columns, is_defined) = (change.table().columns().len(), change.table().is_defined());
                if let Err(fault) = row.spans().verify() {
                    report.add(CheckIssueKind::Row, position, fault.to_string());
                }
                for column in row.columns().filter_map(std::result::Result::ok) {
                    if is_defined && column.index() >= columns {
                        report.add(CheckIssueKind::Row, position, "an image has a column that its table does not have");
                    } else {
                        report.invalid_values += u64::from(column.state() == ColumnState::Invalid);
                        if is_defined && is_too_long(&column) {
                            let what = format!("a value of column {} is longer than its definition", column.name());
                            report.add(CheckIssueKind::Row, position, what);
                        }
                    }
                }
            }
        }
        reader.skipped().iter().filter(|range| !reported.has(range)).for_each(|range| report.add_skipped(range));
        Ok(())
    }
}

/// Returns whether the text of a column has more characters than the column holds.
fn is_too_long(column: &Column<'_>) -> bool {
    let Some(definition) = column.definition() else { return false };
    // Most values are shorter, whatever their characters are.
    let may_be = column.span().len() > definition.external_length as usize;
    may_be
        && match column.value() {
            Value::Text(text) => definition.is_exceeded_by(&text),
            Value::DateTime(_) => definition.external_length > 0 && column.body().len() > definition.external_length as usize,
            _ => false,
        }
}

struct Place {
    position: Position,
    record_type: RecordType,
    is_file_header: bool,
}

/// The state of the transactions while the records are read.
#[derive(Debug, Default)]
struct Transactions {
    /// Start of the open transaction.
    open: Option<Position>,
    /// A record has shown where transactions begin and end: the first record may be inside one.
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
                report.add(CheckIssueKind::RolledBack, start, format!("the marker at {position} rolls back this transaction"));
            }
            return;
        }
        let Some(indicator) = indicator.filter(|_| record_type.belongs_to_transaction()) else { return };
        // A large object's fragments have their row's indicator or none of their own; they do not begin a transaction.
        if record_type == RecordType::LOB {
            if indicator.ends() {
                self.finish(report);
            }
            return;
        }
        if indicator.begins() {
            if let Some(start) = self.open {
                let what = format!("a transaction begins before the transaction at {start} has ended");
                report.add(CheckIssueKind::Order, position, what);
            }
            self.open = Some(position);
            self.check_csn(position, csn, report);
        } else if self.open.is_none() {
            if self.settled {
                report.add(CheckIssueKind::Order, position, "a record continues a transaction that has not begun");
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
            report.add(CheckIssueKind::Order, position, "the transaction's CSN is lower than the previous one");
        }
        match &mut self.csn {
            Some(last) => csn.clone_into(last),
            None => self.csn = Some(csn.to_owned()),
        }
    }

    fn end(&self, report: &mut CheckReport) {
        if let Some(start) = self.open {
            report.add(CheckIssueKind::Unfinished, start, "the trail ends inside this transaction");
        }
    }
}
