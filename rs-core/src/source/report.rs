//! [`ReadReport`]: what a result contains, and what is not in it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::change::Op;
use crate::filter::Doubt;
use crate::position::Position;
use crate::source::reader::Reader;
use crate::source::skipped::Skipped;
use crate::source::unfinished::Unfinished;

/// The report of a reading: which changes are in its result, and which are not. A document that every result carries.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReadReport {
    /// Changes that the selection accepted; 0 without a selection.
    pub accepted: u64,
    /// Changes that it rejected.
    pub rejected: u64,
    /// Changes that it could not decide on, or failed on. They are not in the result.
    pub undecided: u64,
    /// The same by table, columns and reason; at most 1,000 of them.
    pub causes: Vec<UndecidedReport>,
    /// Ranges that were skipped.
    pub skipped: Vec<SkippedReport>,
    /// Object names and patterns of the selection that fit no table; `null` before the end of the source.
    pub unmatched: Option<Vec<String>>,
    /// Operations that the selection names, and that its statements leave out. They are not in the result.
    pub ops_in_vain: Vec<&'static str>,
    /// Number of transactions that the source does not finish.
    pub unfinished: u64,
    /// The first 1,000 of them.
    pub unfinished_transactions: Vec<UnfinishedReport>,
    /// Changes that the form of the result cannot hold, by operation. They are not in it.
    pub left_out: BTreeMap<&'static str, u64>,
    /// The names of some tables, if a name fits none.
    #[serde(skip)]
    tables: Vec<String>,
}

/// Changes that a selection could not decide on for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UndecidedReport {
    /// Their table.
    pub table: String,
    /// The columns that are to blame.
    pub columns: Vec<String>,
    /// The reason.
    pub reason: String,
    /// Their number.
    pub changes: u64,
}

/// A range that was skipped.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SkippedReport {
    /// Position of the first byte that was skipped.
    pub from: Position,
    /// Position where reading continued.
    pub to: Position,
    /// The error that was skipped.
    pub reason: String,
}

/// A transaction that the source does not finish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnfinishedReport {
    /// Position of its last record.
    pub last: Position,
    /// Its CSN; `null` if its start was not read.
    pub csn: Option<String>,
    /// Its id; `null` if its start was not read.
    pub xid: Option<String>,
    /// The source ends after it: its writer may not be done yet. Otherwise another transaction begins.
    pub at_end: bool,
    /// Position from which the source writes the transaction again; `null` if it does not.
    pub again: Option<Position>,
}

/// Something that the user of a result has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its kind.
    pub kind: NoticeKind,
    /// The text, in one line.
    pub text: String,
}

/// The kind of a [`Notice`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoticeKind {
    /// The selection could not decide on changes.
    Undecided,
    /// Ranges were skipped.
    Skipped,
    /// A name of the selection fits no table, or its statements leave out an operation that it names.
    Unmatched,
    /// The source does not finish transactions.
    Unfinished,
    /// The form of the result cannot hold changes.
    LeftOut,
    /// Rows of a state are incomplete or doubtful.
    Inexact,
}

impl NoticeKind {
    /// Returns its name: `undecided`, `skipped`, `unmatched`, `unfinished`, `left_out` or `inexact`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Undecided => "undecided",
            Self::Skipped => "skipped",
            Self::Unmatched => "unmatched",
            Self::Unfinished => "unfinished",
            Self::LeftOut => "left_out",
            Self::Inexact => "inexact",
        }
    }
}

impl SkippedReport {
    /// Reports skipped ranges.
    #[must_use]
    pub fn all(skipped: &[Skipped]) -> Vec<Self> {
        let report = |range: &Skipped| Self { from: range.from, to: range.to, reason: range.error.to_string() };
        skipped.iter().map(report).collect()
    }
}

impl Reader {
    /// Returns the report of the changes that were read so far.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::ReadOptions;
    /// use trailcore::filter::Select;
    ///
    /// let select = Select::parse("TABLE BANK.POSTINGS, WHERE (AMOUNT > 0); TABLE BANK.POSTNIGS;")?.lenient();
    /// let mut reader = trail.reader_with(ReadOptions::new().select(select))?;
    /// while reader.next()?.is_some() {}
    /// let report = reader.report();
    /// assert_eq!(report.unmatched.unwrap(), ["BANK.POSTNIGS"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn report(&self) -> ReadReport {
        let counts = self.filter_counts();
        let unfinished = self.unfinished();
        let unmatched = self.has_ended().then(|| self.unmatched());
        let mut tables = Vec::new();
        if unmatched.as_ref().is_some_and(|unmatched| !unmatched.is_empty()) {
            tables.extend(self.tables().map(|table| table.name().to_owned()).filter(|name| !name.is_empty()));
            tables.sort_unstable();
        }
        ReadReport {
            accepted: counts.accepted,
            rejected: counts.rejected,
            undecided: counts.undecidable + counts.errors,
            causes: self.doubts().into_iter().map(UndecidedReport::of).collect(),
            skipped: SkippedReport::all(self.skipped()),
            unmatched,
            ops_in_vain: self.ops_in_vain(),
            unfinished: unfinished.count(),
            unfinished_transactions: unfinished.listed().iter().map(UnfinishedReport::of).collect(),
            left_out: BTreeMap::new(),
            tables,
        }
    }
}

impl UnfinishedReport {
    fn of(one: &Unfinished) -> Self {
        Self { last: one.last, csn: one.csn.clone(), xid: one.xid.clone(), at_end: one.at_end, again: one.again }
    }
}

impl UndecidedReport {
    fn of(doubt: Doubt) -> Self {
        Self { table: doubt.table, columns: doubt.columns, reason: doubt.reason, changes: doubt.changes }
    }
}

impl ReadReport {
    const SHOWN: usize = 5;

    /// Returns the same report without names that fit no table: another source has the tables.
    #[must_use]
    pub fn without_unmatched(self, of: impl Fn(&str) -> bool) -> Self {
        let unmatched = self.unmatched.map(|names| names.into_iter().filter(|name| !of(name)).collect());
        Self { unmatched, ..self }
    }

    /// Returns the report of a reading of records, which no selection affects.
    #[must_use]
    pub fn of_skipped(skipped: &[Skipped]) -> Self {
        Self { skipped: SkippedReport::all(skipped), ..Self::default() }
    }

    /// Returns the same report with names that fit none of the tables of what was read.
    #[must_use]
    pub fn with_unmatched(self, unmatched: Vec<String>, tables: impl IntoIterator<Item = String>) -> Self {
        let tables = if unmatched.is_empty() { Vec::new() } else { tables.into_iter().collect() };
        Self { unmatched: Some(unmatched), tables, ..self }
    }

    /// Returns the same report with the changes that the form of the result cannot hold.
    #[cfg_attr(not(feature = "arrow"), allow(dead_code))]
    pub(crate) fn with_left_out(self, left_out: BTreeMap<&'static str, u64>) -> Self {
        Self { left_out, ..self }
    }

    /// Adds a change that the form of the result cannot hold.
    #[cfg_attr(not(feature = "arrow"), allow(dead_code))]
    pub(crate) fn leave_out(left_out: &mut BTreeMap<&'static str, u64>, op: Op) {
        *left_out.entry(op.name()).or_default() += 1;
    }

    /// Returns the number of unfinished transactions that the source does not write again, as far as is known.
    #[must_use]
    pub fn never_finished(&self) -> u64 {
        let again = self.unfinished_transactions.iter().filter(|one| one.again.is_some()).count();
        self.unfinished.saturating_sub(again as u64)
    }

    /// Returns what the user of the result has to know, in sentences without column data.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        let mut notices = Vec::new();
        let mut add = |kind, text| notices.push(Notice { kind, text });
        if self.undecided > 0 {
            let causes = self.causes.iter().take(Self::SHOWN).map(|cause| {
                let columns = if cause.columns.is_empty() { String::new() } else { format!(" ({})", cause.columns.join(", ")) };
                format!("{} of {}, {}{columns}", cause.changes, cause.table, cause.reason)
            });
            let causes = causes.collect::<Vec<_>>().join("; ");
            let more = if self.causes.len() > Self::SHOWN { "; and others" } else { "" };
            let number = if self.undecided == 1 { "1 change was".to_owned() } else { format!("{} changes were", self.undecided) };
            add(NoticeKind::Undecided, format!("{number} rejected as undecidable: {causes}{more}"));
        }
        for range in &self.skipped {
            add(NoticeKind::Skipped, format!("skipped {} to {}: {}", range.from, range.to, range.reason));
        }
        for name in self.unmatched.iter().flatten() {
            add(NoticeKind::Unmatched, format!("no table {name} in what was read; {}", self.shown_tables()));
        }
        for op in &self.ops_in_vain {
            let statement = match *op {
                "insert" => "GETINSERTS",
                "delete" => "GETDELETES",
                "truncate" => "GETTRUNCATES",
                _ => "GETUPDATES",
            };
            add(
                NoticeKind::Unmatched,
                format!("no {op} is selected: the statements of the selection leave them out, without {statement}"),
            );
        }
        // One that is not written again is the more serious.
        let mut transactions = self.unfinished_transactions.iter();
        if let Some(first) = transactions.find(|one| one.again.is_none()).or(self.unfinished_transactions.first()) {
            let more = if self.unfinished > 1 { format!(", and {} others", self.unfinished - 1) } else { String::new() };
            let xid = first.xid.as_deref().map(|xid| format!(" {xid}")).unwrap_or_default();
            let again = first.again.map(|at| format!(", and it is written again from {at}")).unwrap_or_default();
            let text = format!("transaction{xid} is unfinished: its last record is at {}{again}{more}", first.last);
            add(NoticeKind::Unfinished, text);
        }
        // DDL is not a row.
        for (op, count) in self.left_out.iter().filter(|(op, _)| **op != Op::Ddl.name()) {
            add(NoticeKind::LeftOut, format!("{count} changes of the operation {op} are not in the result, which has rows only"));
        }
        notices
    }

    fn shown_tables(&self) -> String {
        const SHOWN: usize = 20;
        let shown = self.tables.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if self.tables.len() > SHOWN { " and others" } else { "" };
        if shown.is_empty() { "it has no tables".to_owned() } else { format!("the tables are {shown}{more}") }
    }

    /// Returns the report as a JSON document.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal).
    pub fn to_json(&self) -> crate::error::Result<String> {
        crate::document::write(self)
    }
}
