//! Selections.

use std::ffi::c_char;

use trailcore::filter::{Rejection, Select, SelectOptions, UndecidableReason, Verdict};

use crate::op::{RawOp, tc_op};
use crate::options::document;
use crate::prelude::*;
use crate::table::tc_table;

/// A selection of changes, in the language of GoldenGate's parameter files: TABLE, MAP, FILTER, WHERE and the others.
///
/// Ownership: free it with `tc_select_free`; objects that use it keep what they need. Threads: several may use it concurrently.
pub struct tc_select(pub(crate) Select);

handle::object!(tc_select, b"tc_selt\0");

/// The decision of a selection on a change.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_decision {
    /// Accepted.
    TC_DECISION_ACCEPT = 0,
    /// Rejected.
    TC_DECISION_REJECT = 1,
    /// Undecidable.
    TC_DECISION_UNDECIDABLE = 2,
    /// An error.
    TC_DECISION_ERROR = 3,
}

/// Why a change is rejected or undecidable. Numbers without a name here are reserved for future reasons.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_reason {
    /// No reason.
    TC_REASON_NONE = 0,
    /// Rejected: no rule names the object.
    TC_REASON_OBJECT = 1,
    /// Rejected: the object is excluded.
    TC_REASON_EXCLUDED = 2,
    /// Rejected: the operation.
    TC_REASON_OPERATION = 3,
    /// Rejected: outside the limits of CSN, time or position.
    TC_REASON_LIMITS = 4,
    /// Rejected: the tag.
    TC_REASON_TAG = 5,
    /// Rejected: a FILTER or WHERE.
    TC_REASON_CLAUSE = 6,
    /// Undecidable: a column is NULL.
    TC_REASON_NULL = 7,
    /// Undecidable: a column is missing from the record.
    TC_REASON_MISSING = 8,
    /// Undecidable: a column is present but cannot be decoded.
    TC_REASON_INVALID = 9,
    /// Undecidable: the row is encrypted, damaged, or of an unknown form.
    TC_REASON_UNREADABLE = 10,
    /// Undecidable: information that the trail does not contain.
    TC_REASON_NOT_AVAILABLE = 11,
}

/// The decision on one change.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_verdict {
    /// `sizeof(tc_verdict)`, set by the caller.
    pub size: usize,
    /// The decision. `TC_DECISION_ERROR` if a call fails.
    pub decision: tc_decision,
    /// The reason.
    pub reason: tc_reason,
    /// The number of the rule that decided, if `has_rule` is set.
    pub rule: usize,
    /// The number of the clause in the rule, if `has_clause` is set.
    pub clause: usize,
    /// The number of GoldenGate's own message; 0 if there is none.
    pub ogg_number: u32,
    /// The number that RAISEERROR names; 0 if there is none.
    pub user_number: u32,
    /// The columns that make the change undecidable, by index in the table: the first `column_count`.
    pub columns: [u32; 4],
    /// How many of `columns` are set.
    pub column_count: u32,
    /// True if `rule` is set.
    pub has_rule: bool,
    /// True if `clause` is set.
    pub has_clause: bool,
}

// SAFETY: it starts with its size. It is only written by this library, so its enums and flags have valid values.
unsafe impl VersionedStruct for tc_verdict {}

impl From<&Verdict> for tc_verdict {
    fn from(verdict: &Verdict) -> Self {
        use tc_decision as d;
        use tc_reason as r;
        let plain = |decision, reason, rule: Option<usize>, clause: Option<usize>| Self {
            decision,
            reason,
            rule: rule.unwrap_or(0),
            clause: clause.unwrap_or(0),
            ogg_number: verdict.ogg_number().unwrap_or(0),
            has_rule: rule.is_some(),
            has_clause: clause.is_some(),
            ..Self::none()
        };
        match *verdict {
            Verdict::Accept(rule) => plain(d::TC_DECISION_ACCEPT, r::TC_REASON_NONE, Some(rule), None),
            Verdict::Reject(rejection) => {
                let (reason, rule, clause) = match rejection {
                    Rejection::Object => (r::TC_REASON_OBJECT, None, None),
                    Rejection::Excluded => (r::TC_REASON_EXCLUDED, None, None),
                    Rejection::Operation => (r::TC_REASON_OPERATION, None, None),
                    Rejection::Limits => (r::TC_REASON_LIMITS, None, None),
                    Rejection::Tag => (r::TC_REASON_TAG, None, None),
                    Rejection::Clause { rule, clause } => (r::TC_REASON_CLAUSE, Some(rule), Some(clause)),
                };
                plain(d::TC_DECISION_REJECT, reason, rule, clause)
            }
            Verdict::Undecidable(undecided) => {
                let reason = match undecided.why {
                    UndecidableReason::Null => r::TC_REASON_NULL,
                    UndecidableReason::Missing => r::TC_REASON_MISSING,
                    UndecidableReason::Invalid => r::TC_REASON_INVALID,
                    UndecidableReason::Unreadable => r::TC_REASON_UNREADABLE,
                    _ => r::TC_REASON_NOT_AVAILABLE,
                };
                let mut given = plain(d::TC_DECISION_UNDECIDABLE, reason, Some(undecided.rule), Some(undecided.clause));
                for (place, (index, _)) in given.columns.iter_mut().zip(undecided.columns()) {
                    *place = index as u32;
                    given.column_count += 1;
                }
                given
            }
            Verdict::Error(failure) => {
                let given = plain(d::TC_DECISION_ERROR, r::TC_REASON_NONE, Some(failure.rule), Some(failure.clause));
                Self { user_number: failure.user_number.unwrap_or(0), ..given }
            }
        }
    }
}

impl tc_verdict {
    /// The verdict for a failed call, which never accepts.
    fn none() -> Self {
        Self {
            size: size_of::<Self>(),
            decision: tc_decision::TC_DECISION_ERROR,
            reason: tc_reason::TC_REASON_NONE,
            rule: 0,
            clause: 0,
            ogg_number: 0,
            user_number: 0,
            columns: [0; 4],
            column_count: 0,
            has_rule: false,
            has_clause: false,
        }
    }
}

/// Writes a verdict to the caller, and its text if a buffer is given. If deciding fails, the caller gets none.
///
/// # Safety
/// As `write_struct` and `borrow_mut`; `words` may be null.
pub(crate) unsafe fn give_verdict(
    place: *mut tc_verdict,
    words: *mut tc_buffer,
    decide: impl FnOnce() -> Outcome<Verdict>,
) -> Outcome {
    // SAFETY: guaranteed by the caller.
    unsafe {
        write_struct(place, tc_verdict::none(), "verdict")?;
        // Checked before the decision, which is counted.
        let words = borrow_mut_optional(words)?;
        let verdict = decide()?;
        if let Some(mut words) = words {
            words.append_text(&verdict.to_string())?;
        }
        write_struct(place, tc_verdict::from(&verdict), "verdict")
    }
}

/// Parses the statements of a parameter file. Parameters that do not select changes are skipped.
///
/// `options` may be NULL for the default. It is a JSON document of the form that `docs/schema/select-options.json` describes.
/// Errors: `TC_ERR_INVALID_ARGUMENT` if it has another form, `TC_ERR_FILTER` if the text is wrong, with all diagnostics in the
/// error.
/// Example: `tc_select_parse("TABLE HR.EMP, FILTER (SALARY > 1000);", NULL, &select, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_parse(
    source: *const c_char,
    options: *const c_char,
    select: *mut *mut tc_select,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(select, || {
            let options = document(options, SelectOptions::from_json)?;
            Ok(tc_select(options.apply(Select::parse_in(text(source, "source")?, options.dialect)?)))
        })
    })
}

/// Appends a value to a buffer as a literal for the text of a selection: in single quotes, with quotes inside doubled. With it,
/// a program builds the text of a selection from values safely. Literals of `nonansi` selections are different.
///
/// Example: `tc_quote("O'Hara", text); tc_buffer_text(text, &literal);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_quote(value: *const c_char, buffer: *mut tc_buffer) -> tc_status {
    status(|| {
        let quoted = format!("'{}'", text(value, "value")?.replace('\'', "''"));
        borrow_mut(buffer)?.append_text(&quoted)
    })
}

/// Reads a parameter file. Included files are searched in its directory.
///
/// `options` may be NULL for the default. Errors: `TC_ERR_NOT_FOUND`, `TC_ERR_IO`; `TC_ERR_FILTER` if its text is wrong, as for
/// `tc_select_parse`.
/// Example: `tc_select_open("dirprm/pump.prm", NULL, &select, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_open(
    file: *const c_char,
    options: *const c_char,
    select: *mut *mut tc_select,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(select, || {
            let options = document(options, SelectOptions::from_json)?;
            Ok(tc_select(options.read_file(path(file, "file")?)?))
        })
    })
}

/// Returns the same selection with other options, which replace all earlier ones. `dialect`, which is about parsing, is ignored.
///
/// The original is unchanged. `options` may be NULL for the default. Errors: as `tc_select_parse`.
/// Example: `tc_select_with(select, "{\"lenient\":true}", &lenient, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_with(
    select: *const tc_select,
    options: *const c_char,
    with: *mut *mut tc_select,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(with, || Ok(tc_select(document(options, SelectOptions::from_json)?.apply(borrow(select)?.0.clone()))))
    })
}

/// Frees a selection. NULL is fine.
///
/// Example: `tc_select_free(select);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_free(select: *mut tc_select) {
    handle::free(select)
}

/// Appends a selection to a buffer as a parameter file, one statement per line.
///
/// Threads: several concurrently, with a buffer each.
/// Example: `tc_select_write(select, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_write(select: *const tc_select, buffer: *mut tc_buffer) -> tc_status {
    status(|| borrow_mut(buffer)?.append_text(&borrow(select)?.0.to_string()))
}

/// Returns the number of rules (TABLE and MAP statements) of a selection.
///
/// Example: `size_t count; tc_select_rule_count(select, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_rule_count(select: *const tc_select, count: *mut usize) -> tc_status {
    status(|| give(count, "count", || Ok(borrow(select)?.0.rules().count())))
}

/// Appends a rule to a buffer, by its number in verdicts.
///
/// Threads: several concurrently, with a buffer each. Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
/// Example: `tc_select_write_rule(select, verdict.rule, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_write_rule(select: *const tc_select, rule: usize, buffer: *mut tc_buffer) -> tc_status {
    status(|| {
        let select = &borrow(select)?.0;
        let found = select.rules().nth(rule).ok_or_else(|| Failure::index("rule", rule, select.rules().count()))?;
        borrow_mut(buffer)?.append_text(&found.to_string())
    })
}

/// Appends to a buffer the name of the object that a rule maps `object` to: the target of the rule, or `object` itself if it
/// has none. If `known` lists the existing objects, the result is the one whose name matches as the selection compares names.
/// Otherwise it is the computed name.
///
/// Threads: several concurrently, with a buffer each. `known` may be NULL where `count` is 0. Errors: `TC_ERR_FILTER` if none
/// of the known names matches, `TC_ERR_BAD_ARGUMENT` if there is no such rule.
/// Example: `tc_select_target(select, verdict.rule, "HR.EMP", NULL, 0, name, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_target(
    select: *const tc_select,
    rule: usize,
    object: *const c_char,
    known: *const *const c_char,
    count: usize,
    buffer: *mut tc_buffer,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        let select = &borrow(select)?.0;
        let known = array(known, count, "known")?.iter().map(|name| text(*name, "the name of an object"));
        let known = known.collect::<Outcome<Vec<_>>>()?;
        let found = select.rules().nth(rule).ok_or_else(|| Failure::index("rule", rule, select.rules().count()))?;
        let target = found.target_of(text(object, "object")?, &known, select.name_match())?;
        borrow_mut(buffer)?.append_text(&target)
    })
}

/// Returns the number of lints: doubtful constructs in the text of a selection.
///
/// Example: `size_t count; tc_select_lint_count(select, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_lint_count(select: *const tc_select, count: *mut usize) -> tc_status {
    status(|| give(count, "count", || Ok(borrow(select)?.0.lints().len())))
}

/// Returns one of the lints. Its texts are valid as long as the selection.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
/// Example: `tc_diagnostic lint; tc_select_lint(select, 0, &lint);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_lint(select: *const tc_select, index: usize, lint: *mut tc_diagnostic) -> tc_status {
    status(|| tc_diagnostic::write_to(lint, borrow(select)?.0.lints(), index))
}

/// Appends the lints with their locations to a buffer, as readable text; nothing if there are none.
///
/// Threads: several concurrently, with a buffer each.
/// Example: `tc_select_write_lints(select, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_write_lints(select: *const tc_select, buffer: *mut tc_buffer) -> tc_status {
    status(|| borrow_mut(buffer)?.append_text(&borrow(select)?.0.lint_text()))
}

/// Appends to a buffer how a selection decides on one table: the tests in order, the columns that each reads, and the lints.
///
/// Threads: several concurrently, with a buffer each.
/// Example: `tc_select_explain(select, info.table, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_explain(
    select: *const tc_select,
    table: *const tc_table,
    buffer: *mut tc_buffer,
) -> tc_status {
    status(|| {
        let explanation = borrow(select)?.0.bind(&borrow(table)?.0).explain();
        borrow_mut(buffer)?.append_text(&explanation.to_string())
    })
}

/// Checks whether a selection fits a table: the table has all columns that it names, with comparable types.
///
/// Errors: `TC_ERR_FILTER` if it does not fit, with all diagnostics in the error.
/// Example: `if (tc_select_check(select, info.table, &error) != TC_OK) puts(tc_error_message(error));`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_check(
    select: *const tc_select,
    table: *const tc_table,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || borrow(select)?.0.bind(&borrow(table)?.0).problems().map_or(Ok(()), |problems| Err(problems.into())))
}

/// Decides by the name of an object, its operation and tag, without a record. If the decision is to accept, FILTER and WHERE
/// can still reject changes.
///
/// Threads: several may call it concurrently, with a buffer each. `tag` may be NULL for none; `words`, to which the decision is
/// appended as text, may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` for an unknown `op` or if `size` of `verdict` is not set.
/// Example: `tc_select_decide_object(select, "HR.EMP", TC_OP_DELETE, NULL, &verdict, NULL);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_decide_object(
    select: *const tc_select,
    object: *const c_char,
    op: RawOp,
    tag: *const c_char,
    verdict: *mut tc_verdict,
    words: *mut tc_buffer,
) -> tc_status {
    status(|| {
        give_verdict(verdict, words, || {
            let (select, object) = (borrow(select)?, text(object, "object")?);
            Ok(select.0.verdict_of_object(object, Some(tc_op::read(op)?), optional_text(tag, "tag")?))
        })
    })
}
