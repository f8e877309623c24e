//! [`Selector`]: applies a selection to a stream of changes. It binds to tables when they occur, and keeps state between changes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;
use std::sync::Arc;

use crate::change::{Change, Op};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::eval::outcome::UndecidableReason;
use crate::filter::ops::OpMask;
use crate::filter::plan::program::{Program, Scratch};
use crate::filter::select::Select;
use crate::filter::verdict::{Counts, Doubt, Failure, Rejection, Undecided, Verdict};
use crate::schema::{TableDef, TableId, TableMap};

/// Applies a [`Select`] to changes, one after the other. It binds once to each version of a table's definition. A selector
/// belongs to one thread; its bound programs are shared.
///
/// ```
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
/// use trailcore::filter::Select;
///
/// let mut selector = Select::parse("TABLE BANK.*, FILTER (ON DELETE, 0);")?.selector();
/// let mut reader = trail.reader()?;
/// while let Some(change) = reader.next()? {
///     if selector.verdict(&change).is_accept() {
///         assert_ne!(change.op(), trailcore::Op::Delete);
///     }
/// }
/// assert!(selector.counts().rejected > 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Selector {
    select: Select,
    /// The operations that all parts of the selection want.
    ops: OpMask,
    programs: TableMap<Program>,
    scratch: Scratch,
    /// The tag of the current transaction, in hexadecimal. Only the first record of a transaction has it.
    tag: Option<String>,
    has_tags: bool,
    has_limits: bool,
    counts: Counts,
    /// The changes that it could not decide on, at most [`MAX_DOUBTS`](Self::MAX_DOUBTS) kinds.
    doubts: HashMap<(TableId, Verdict), Doubt>,
    /// The objects of DDL.
    ddl_objects: HashSet<Box<str>>,
}

/// The verdict on a change without a CSN, if there are limits of CSNs.
const NO_CSN: Undecided = Undecided {
    rule: 0,
    clause: 0,
    why: UndecidableReason::NotAvailable,
    what: "the change has no CSN to compare with the limits",
    columns: [None; 4],
};
/// The verdict on a change whose CSN cannot be compared with the limits.
const OTHER_FORM: Failure = Failure {
    rule: 0,
    clause: 0,
    ogg_number: None,
    user_number: None,
    what: "the limit of CSNs has another form than the CSNs of the trail",
};

impl Select {
    /// Creates a selector, which binds to tables when they occur. Each thread needs its own.
    #[must_use]
    pub fn selector(&self) -> Selector {
        Selector::new(self.clone())
    }
}

impl Selector {
    /// The number of kinds of doubt that are counted.
    const MAX_DOUBTS: usize = 1_000;

    pub(crate) fn new(select: Select) -> Self {
        let has_tags = select.parts().any(|part| part.compiled().has_tags());
        let has_limits = select.parts().any(|part| part.compiled().has_limits());
        let ops = OpMask::of(|op| select.parts().all(|part| part.compiled().ops.has(op)));
        Self {
            select,
            ops,
            programs: TableMap::default(),
            scratch: Scratch::default(),
            tag: None,
            has_tags,
            has_limits,
            counts: Counts::default(),
            doubts: HashMap::new(),
            ddl_objects: HashSet::new(),
        }
    }

    /// Returns its selection.
    #[must_use]
    pub fn select(&self) -> &Select {
        &self.select
    }

    /// Returns the number of changes so far by decision.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Returns the program for a change's table, bound at the first call.
    pub fn program(&mut self, change: &Change<'_>) -> Program {
        let Self { programs, select, .. } = self;
        programs.get_or_insert_with(change.table_id(), || select.bind(change.table())).clone()
    }

    /// Binds to a change's table again, which has other definitions in the trail.
    pub(crate) fn bind_among(&mut self, change: &Change<'_>, others: &[Arc<TableDef>]) -> Program {
        let program = self.select.bind_among(change.table(), others);
        self.programs.insert(change.table_id(), program.clone());
        program
    }

    /// Decides on a change. Pass all changes of a stream in order, since only the first record of a transaction has its tag.
    ///
    /// Metadata are selected by their table. Markers and other records that are not changes are accepted.
    #[inline]
    pub fn verdict(&mut self, change: &Change<'_>) -> Verdict {
        let program = self.program(change);
        self.verdict_by(change, &program)
    }

    /// Decides on a change with its table's program.
    #[inline]
    fn verdict_by(&mut self, change: &Change<'_>, program: &Program) -> Verdict {
        let verdict = self.decide(change, program);
        self.counts.count(&verdict);
        if matches!(verdict, Verdict::Undecidable(_) | Verdict::Error(_)) {
            self.note_doubt(change, program, verdict);
        }
        verdict
    }

    /// Counts a change that it could not decide on by table, columns and reason.
    #[cold]
    fn note_doubt(&mut self, change: &Change<'_>, program: &Program, verdict: Verdict) {
        let key = (change.table_id(), verdict);
        if let Some(doubt) = self.doubts.get_mut(&key) {
            doubt.changes += 1;
            return;
        }
        if self.doubts.len() >= Self::MAX_DOUBTS {
            return;
        }
        let (columns, reason) = match &verdict {
            Verdict::Undecidable(undecided) => (program.names_of(undecided), undecided.reason()),
            Verdict::Error(failure) => (Vec::new(), failure.what),
            _ => return,
        };
        let doubt = Doubt { table: change.table_name().into_owned(), columns, reason: reason.to_owned(), changes: 1 };
        self.doubts.insert(key, doubt);
    }

    /// Returns whether the decision on a change depends on changes before it: only the first record of a transaction has its tag.
    #[cfg(feature = "arrow")]
    pub(crate) fn depends_on_order(&self) -> bool {
        self.has_tags
    }

    /// Adds what another selector of the same selection has decided.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.counts.add(other.counts);
        self.ddl_objects.extend(other.ddl_objects);
        for (key, doubt) in other.doubts {
            if let Some(known) = self.doubts.get_mut(&key) {
                known.changes += doubt.changes;
            } else if self.doubts.len() < Self::MAX_DOUBTS {
                self.doubts.insert(key, doubt);
            }
        }
    }

    /// Returns the changes that it could not decide on by table, columns and reason, in the order of their names.
    pub(crate) fn doubts(&self) -> Vec<Doubt> {
        let mut by_cause: BTreeMap<(&str, &[String], &str), u64> = BTreeMap::new();
        for doubt in self.doubts.values() {
            *by_cause.entry((&doubt.table, &doubt.columns, &doubt.reason)).or_default() += doubt.changes;
        }
        let doubt = |((table, columns, reason), changes): ((&str, &[String], &str), u64)| Doubt {
            table: table.to_owned(),
            columns: columns.to_vec(),
            reason: reason.to_owned(),
            changes,
        };
        by_cause.into_iter().map(doubt).collect()
    }

    /// Returns the object names of its rules and excludes that fit none of these tables, and no object of DDL.
    pub(crate) fn unmatched<'a>(&'a self, tables: impl Iterator<Item = &'a str>) -> Vec<String> {
        self.select.unmatched(tables.chain(self.ddl_objects.iter().map(|name| &**name)))
    }

    #[inline]
    fn decide(&mut self, change: &Change<'_>, program: &Program) -> Verdict {
        let op = change.op();
        if self.has_tags {
            self.follow_tag(change);
        }
        if !self.ops.has(op) {
            return Verdict::Reject(Rejection::Operation);
        }
        if !matches!(op, Op::Insert | Op::Update | Op::PkUpdate | Op::Delete | Op::Truncate) {
            return self.decide_other(change, op);
        }
        if (self.has_tags || self.has_limits) && op.is_change() {
            if let Some(verdict) = self.outside(change) {
                return verdict;
            }
        }
        program.judge(change, &mut self.scratch)
    }

    /// Returns the verdict on a change that is outside the limits, whose place among them is not known, or whose tag is not wanted.
    fn outside(&self, change: &Change<'_>) -> Option<Verdict> {
        if self.has_tags && !self.select.parts().all(|part| part.compiled().wants_tag(self.tag.as_deref())) {
            return Some(Verdict::Reject(Rejection::Tag));
        }
        if !self.has_limits {
            return None;
        }
        let (position, time) = (change.position(), change.timestamp());
        if !self.select.parts().all(|part| part.compiled().within(position, time)) {
            return Some(Verdict::Reject(Rejection::Limits));
        }
        let mut limits = self.select.parts().map(Select::compiled).filter(|compiled| compiled.has_csn_limits());
        limits.find_map(|compiled| match change.csn().map(|csn| compiled.within_csns(csn)) {
            Some(Ok(true)) => None,
            Some(Ok(false)) => Some(Verdict::Reject(Rejection::Limits)),
            Some(Err(_)) => Some(Verdict::Error(OTHER_FORM)),
            None => Some(Verdict::Undecidable(NO_CSN)),
        })
    }

    /// Fails if the limits of CSNs have another form than the CSN of a change.
    pub(crate) fn check_csn_limits(&self, change: &Change<'_>) -> Result<()> {
        let Some(csn) = change.csn() else { return Ok(()) };
        let other = self.select.parts().find_map(|part| part.compiled().within_csns(csn).err());
        let Some(limit) = other else { return Ok(()) };
        let what = format!("the limit CSN {limit} has another form than the CSNs of the trail, such as {csn}");
        Err(change.locate(Error::new(ErrorKind::Filter, what).hint("write the limit as the trail writes its CSNs")))
    }

    /// Decides on DDL by its object and on metadata by its table; accepts markers.
    #[cold]
    fn decide_other(&mut self, change: &Change<'_>, op: Op) -> Verdict {
        if op == Op::Other {
            return Verdict::Accept(0);
        }
        if op == Op::Ddl {
            if let Some(verdict) = self.outside(change) {
                return verdict;
            }
        }
        let name = change.table_name();
        if op == Op::Ddl && !self.ddl_objects.contains(&*name) {
            self.ddl_objects.insert(name.as_ref().into());
        }
        let named = || match &*name {
            "" => Verdict::Accept(0),
            name => self.select.verdict_of_object(name, None, self.tag.as_deref()),
        };
        if op == Op::Ddl && self.select.parts().any(|part| part.compiled().has_ddl()) {
            self.verdict_of_ddl(change, &name, named())
        } else {
            named()
        }
    }

    /// Decides on DDL by the DDL parameter. `named` is the verdict on its object.
    fn verdict_of_ddl(&self, change: &Change<'_>, name: &str, named: Verdict) -> Verdict {
        // SEEN (docs/trail-format.md): the tags of the operation and of the type of the object.
        let field = |tag: &str| change.ddl().and_then(|ddl| ddl.field(tag)).unwrap_or_default();
        let (operation, kind) = (field("B6"), field("B5"));
        let wants = |part: &Select| part.compiled().wants_ddl(name, named.is_accept(), &operation, &kind);
        let wanted = self.select.parts().all(wants);
        match (wanted, named) {
            (true, Verdict::Accept(_)) => named,
            (true, _) => Verdict::Accept(0),
            (false, _) => Verdict::Reject(Rejection::Excluded),
        }
    }

    /// Updates the tag. It is a token of the transaction's first record (INFERRED from tokens without a value that have been
    /// seen). The form of its value is UNKNOWN: hexadecimal digits are used verbatim, other bytes are converted to hexadecimal
    /// digits.
    #[cold]
    fn follow_tag(&mut self, change: &Change<'_>) {
        let mut token = None;
        change.each_token(|name, value| {
            if name == "ORATAG" {
                token = Some(value);
            }
        });
        let begins = change.transaction().begins();
        match token {
            Some(bytes) if bytes.iter().all(u8::is_ascii_hexdigit) => {
                self.tag = std::str::from_utf8(bytes).ok().map(str::to_ascii_uppercase);
            }
            Some(bytes) => {
                let mut hex = String::with_capacity(2 * bytes.len());
                bytes.iter().for_each(|byte| {
                    // Writing to memory does not fail.
                    let _ = write!(hex, "{byte:02X}");
                });
                self.tag = Some(hex);
            }
            None if begins => self.tag = None,
            None => {}
        }
    }

    /// Returns whether the prefilter of a program rejects a row that is one record on its own, and counts it. `false` decides
    /// nothing.
    #[inline(always)]
    pub(crate) fn prefilter_rejects(&mut self, change: &Change<'_>, program: &Program) -> bool {
        // A rejection by a rule does not depend on limits. With tags, every change must be evaluated to follow them.
        let rejects = !self.has_tags && program.prefilter_rejects(change);
        self.counts.rejected += u64::from(rejects);
        rejects
    }

    /// Returns whether a change is wanted, for a reader. In strict mode an undecidable change is an error.
    pub(crate) fn wants(&mut self, change: &Change<'_>, program: &Program) -> Result<bool> {
        match self.verdict_by(change, program) {
            Verdict::Accept(_) => Ok(true),
            Verdict::Reject(_) => Ok(false),
            trouble => {
                if self.select.is_strict() {
                    Err(self.error(change, &trouble))
                } else {
                    Ok(false)
                }
            }
        }
    }

    /// Returns whether all changes of a table are wanted, or none (`false`); `None` if each must be evaluated.
    pub(crate) fn static_decision(&mut self, change: &Change<'_>) -> Option<bool> {
        if change.table().name().is_empty() || self.has_tags {
            // DDL and markers are not selected by a table, and with tags every change must be evaluated to follow them.
            return None;
        }
        let every = !self.has_limits && Op::ALL.into_iter().all(|op| self.ops.has(op));
        let program = self.program(change);
        if program.rejects_all() {
            return Some(false);
        }
        (every && program.accepts_all()).then_some(true)
    }

    /// Returns whether it rejects every change of a table because of the table's name. `false` decides nothing.
    pub(crate) fn rejects_table(&self, name: &str) -> bool {
        !name.is_empty() && !self.has_tags && self.select.bind(&Arc::new(TableDef::undefined(name))).rejects_all()
    }

    /// Counts a change on which its table decides.
    #[inline]
    pub(crate) fn count_static(&mut self, accepted: bool) {
        if accepted {
            self.counts.accepted += 1;
        } else {
            self.counts.rejected += 1;
        }
    }

    /// Returns the error of a verdict that is neither acceptance nor rejection, with the location of the change.
    #[cold]
    pub fn error(&mut self, change: &Change<'_>, verdict: &Verdict) -> Error {
        let program = self.program(change);
        if let (Some(problems), Verdict::Error(_)) = (program.problems(), verdict) {
            return change.locate(Error::from(problems));
        }
        let kind = if matches!(verdict, Verdict::Error(_)) { ErrorKind::Filter } else { ErrorKind::Undecidable };
        let names = match verdict {
            Verdict::Undecidable(undecided) => program.names_of(undecided).join(", "),
            _ => String::new(),
        };
        let of = if names.is_empty() { String::new() } else { format!(": {names}") };
        let error = change.locate(Error::new(kind, format!("{verdict}{of}")));
        match kind {
            ErrorKind::Undecidable => {
                error.hint("guard the column with @COLTEST (column, PRESENT) AND …, or select in lenient mode")
            }
            _ => error.hint("correct the rule, or select in lenient mode"),
        }
    }
}
