//! Selections: which changes are wanted.

use std::ffi::c_char;

use trailcore::Timestamp;
use trailcore::filter::{Dialect, Mode, Rejection, Select, TextUnit, UndecidableReason, Verdict};

use crate::boundary::{Failure, Outcome, fallible, status};
use crate::buffer::{give_to, tc_buffer};
use crate::change::{AnyOp, tc_op};
use crate::error::{tc_diagnostic, tc_error};
use crate::handle::{self, exclusive, exclusive_optional, lend};
use crate::status::tc_status;
use crate::table::tc_table;
use crate::text::{Flag, Sized_, array, optional_text, out, path, read_struct, text, write_struct};

/// Which changes are wanted, in the language of GoldenGate's parameter files: TABLE, MAP, FILTER, WHERE and the rest.
///
/// Ownership: free it with `tc_select_free`; what was given it keeps what it needs. Threads: several at once may use it.
pub struct tc_select(pub(crate) Select);

handle::object!(tc_select, b"tc_selt\0");

/// How a selection is read and decides. All zero but `size` is the default.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_select_options {
    /// `sizeof(tc_select_options)`.
    pub size: usize,
    /// A clock that stands still, in microseconds since 1970, UTC, for @DATENOW and lags, where `has_now` says so. Without it,
    /// the system's counts.
    pub now: i64,
    /// Whether `now` is set.
    pub has_now: Flag,
    /// Count changes that cannot be decided on, and turn them away, instead of stopping with `TC_ERR_UNDECIDABLE`.
    pub lenient: Flag,
    /// Double quotes are literals, as before 12c and with NOUSEANSISQLQUOTES.
    pub nonansi: Flag,
    /// Count positions and lengths of text in bytes of UTF-8, as 12.3 does, instead of characters.
    pub bytes: Flag,
    /// Let @COMPUTE fail beyond 17 digits, as GoldenGate's does.
    pub seventeen_digits: Flag,
}

// SAFETY: it starts with its size; the rest are numbers.
unsafe impl Sized_ for tc_select_options {}

/// What a selection says of a change.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_decision {
    /// Wanted.
    TC_DECISION_ACCEPT = 0,
    /// Not wanted.
    TC_DECISION_REJECT = 1,
    /// It cannot be told.
    TC_DECISION_UNDECIDABLE = 2,
    /// An error.
    TC_DECISION_ERROR = 3,
}

/// Why a change is not wanted, or cannot be decided on. Numbers without a name here are reserved for reasons to come.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_reason {
    /// There is none to give.
    TC_REASON_NONE = 0,
    /// Not wanted: no rule names the object.
    TC_REASON_OBJECT = 1,
    /// Not wanted: the object is excluded.
    TC_REASON_EXCLUDED = 2,
    /// Not wanted: the operation.
    TC_REASON_OPERATION = 3,
    /// Not wanted: outside the limits of CSN, time or position.
    TC_REASON_LIMITS = 4,
    /// Not wanted: the tag.
    TC_REASON_TAG = 5,
    /// Not wanted: a FILTER or WHERE.
    TC_REASON_CLAUSE = 6,
    /// Undecidable: a column is NULL.
    TC_REASON_NULL = 7,
    /// Undecidable: a column is not in the record.
    TC_REASON_MISSING = 8,
    /// Undecidable: a column is present and not decodable.
    TC_REASON_INVALID = 9,
    /// Undecidable: the row is encrypted, damaged, or of a form that is not known.
    TC_REASON_UNREADABLE = 10,
    /// Undecidable: something that the trail does not tell.
    TC_REASON_NOT_AVAILABLE = 11,
}

/// The decision on one change.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_verdict {
    /// `sizeof(tc_verdict)`, set by the caller.
    pub size: usize,
    /// What it is. Where a call fails, `TC_DECISION_ERROR`.
    pub decision: tc_decision,
    /// Why.
    pub reason: tc_reason,
    /// The number of the rule that decided, where `has_rule` says so.
    pub rule: usize,
    /// The number of the clause in the rule, where `has_clause` says so.
    pub clause: usize,
    /// The number that GoldenGate's own message has; 0 where there is none.
    pub ogg_number: u32,
    /// The number that RAISEERROR names; 0 where there is none.
    pub user_number: u32,
    /// The columns to blame where it cannot be told, by index in the table: the first `column_count`.
    pub columns: [u32; 4],
    /// How many of `columns` are set.
    pub column_count: u32,
    /// Whether `rule` is set.
    pub has_rule: bool,
    /// Whether `clause` is set.
    pub has_clause: bool,
}

// SAFETY: it starts with its size; it goes out only, so that its enums and flags hold what this library has put there.
unsafe impl Sized_ for tc_verdict {}

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
    /// What a caller holds where there is no verdict: not one that accepts.
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

/// Gives a verdict to a caller, and its words where a buffer is given. Where it cannot be told, the caller gets none.
///
/// # Safety
/// As `write_struct` and `exclusive`; `words` may be null.
pub(crate) unsafe fn give_verdict(
    place: *mut tc_verdict,
    words: *mut tc_buffer,
    decide: impl FnOnce() -> Outcome<Verdict>,
) -> Outcome {
    // SAFETY: as the caller says.
    unsafe {
        write_struct(place, tc_verdict::none(), "verdict")?;
        // Looked at before anything is decided, and counted.
        let words = exclusive_optional(words)?;
        let verdict = decide()?;
        if let Some(mut words) = words {
            words.append_text(&verdict.to_string())?;
        }
        write_struct(place, tc_verdict::from(&verdict), "verdict")
    }
}

/// The dialect, and what else is set of a selection.
///
/// # Safety
/// As `read_struct`; null stands for the default.
unsafe fn read_options(options: *const tc_select_options) -> Outcome<(Dialect, impl Fn(Select) -> Select)> {
    // SAFETY: as the caller says.
    let given = if options.is_null() { None } else { Some(unsafe { read_struct(options, "options") }?) };
    let is = |flag: fn(&tc_select_options) -> Flag| given.as_ref().is_some_and(|given| flag(given) != 0);
    let dialect = if is(|given| given.nonansi) { Dialect::NonAnsi } else { Dialect::Ansi };
    let (lenient, bytes, digits) = (is(|given| given.lenient), is(|given| given.bytes), is(|given| given.seventeen_digits));
    let now = given.filter(|given| given.has_now != 0).map(|given| Timestamp::from_unix_micros(given.now));
    Ok((dialect, move |select: Select| {
        let select = select.mode(if lenient { Mode::Lenient } else { Mode::Strict }).seventeen_digits(digits);
        let select = select.text_unit(if bytes { TextUnit::Bytes } else { TextUnit::Characters });
        now.map_or(select.clone(), |now| select.now(now))
    }))
}

/// Reads statements of a parameter file. Parameters that do not select changes are passed over.
///
/// Ownership: `*select` is the caller's, to be freed with `tc_select_free`. Any thread may call it. `options` may be NULL for the
/// default; `error` may be NULL. Errors: `TC_ERR_FILTER` where the text is wrong, with all findings as diagnostics of the error.
/// Example: `tc_select_parse("TABLE HR.EMP, FILTER (SALARY > 1000);", NULL, &select, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_parse(
    source: *const c_char,
    options: *const tc_select_options,
    select: *mut *mut tc_select,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            give_to(select, || {
                let (dialect, set) = read_options(options)?;
                Ok(tc_select(set(Select::parse_in(text(source, "source")?, dialect)?)))
            })
        })
    }
}

/// Reads a parameter file. Files that it includes are looked for in its own folder.
///
/// Ownership: `*select` is the caller's, to be freed with `tc_select_free`. Any thread may call it. `options` may be NULL for the
/// default; `error` may be NULL. Errors: `TC_ERR_NOT_FOUND`, `TC_ERR_IO`; `TC_ERR_FILTER` where its text is wrong, as
/// `tc_select_parse`.
/// Example: `tc_select_open("dirprm/pump.prm", NULL, &select, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_open(
    file: *const c_char,
    options: *const tc_select_options,
    select: *mut *mut tc_select,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            give_to(select, || {
                let (dialect, set) = read_options(options)?;
                Ok(tc_select(set(Select::from_file_in(path(file, "file")?, dialect)?)))
            })
        })
    }
}

/// The same selection with other options, whatever they were; for one that was put together by calls too. `nonansi`, which is
/// about reading text, does not count here.
///
/// Ownership: `*with` is the caller's, to be freed with `tc_select_free`; the first stays as it is. Threads: several at once may
/// call it. `options` may be NULL for the default. Errors: `TC_ERR_BAD_ARGUMENT` where the options do not start with their size,
/// `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_select_with(select, &options, &lenient);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_with(
    select: *const tc_select,
    options: *const tc_select_options,
    with: *mut *mut tc_select,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        give_to(with, || {
            let select = lend(select)?.0.clone();
            let (_, set) = read_options(options)?;
            Ok(tc_select(set(select)))
        })
    })
}

/// Frees a selection. NULL is fine.
///
/// Example: `tc_select_free(select);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_free(select: *mut tc_select) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(select) }
}

/// Appends a selection to a buffer as a parameter file, a statement a line.
///
/// Threads: several at once, with a buffer each. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_select_write(select, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_write(select: *const tc_select, buffer: *mut tc_buffer) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { exclusive(buffer)?.append_text(&lend(select)?.0.to_string()) })
}

/// How many rules, TABLE and MAP statements, a selection has.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `size_t count; tc_select_rule_count(select, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_rule_count(select: *const tc_select, count: *mut usize) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let count = out(count, 0, "count")?;
        *count = lend(select)?.0.rules().count();
        Ok(())
    })
}

/// Appends a rule to a buffer, by the number that verdicts give it.
///
/// Threads: several at once, with a buffer each. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many,
/// `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_select_write_rule(select, verdict.rule, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_write_rule(select: *const tc_select, rule: usize, buffer: *mut tc_buffer) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let select = &lend(select)?.0;
        let found = select.rules().nth(rule).ok_or_else(|| Failure::index("rule", rule, select.rules().count()))?;
        exclusive(buffer)?.append_text(&found.to_string())
    })
}

/// Appends to a buffer the name of the object that a rule maps an object to: its own where the rule has no target. Of the
/// objects that there are, `known`, it is the one of that name, as the selection matches names; with none given, it is the name
/// as it comes out.
///
/// Threads: several at once, with a buffer each. `known` may be NULL where `count` is 0; `error` may be NULL. Errors:
/// `TC_ERR_FILTER` where none of the known ones is it, `TC_ERR_BAD_ARGUMENT` where there is no such rule, `TC_ERR_NULL_POINTER`
/// and those of handles.
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
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let select = &lend(select)?.0;
            let known = array(known, count, "known")?.iter().map(|name| text(*name, "the name of an object"));
            let known = known.collect::<Outcome<Vec<_>>>()?;
            let found = select.rules().nth(rule).ok_or_else(|| Failure::index("rule", rule, select.rules().count()))?;
            let target = found.target_of(text(object, "object")?, &known, select.name_match())?;
            exclusive(buffer)?.append_text(&target)
        })
    }
}

/// How many lints there are: what is doubtful in a selection's text.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `size_t count; tc_select_lint_count(select, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_lint_count(select: *const tc_select, count: *mut usize) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let count = out(count, 0, "count")?;
        *count = lend(select)?.0.lints().len();
        Ok(())
    })
}

/// One of the lints. Its texts live as long as the selection.
///
/// Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
/// those of handles.
/// Example: `tc_diagnostic lint; tc_select_lint(select, 0, &lint);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_lint(select: *const tc_select, index: usize, lint: *mut tc_diagnostic) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { tc_diagnostic::give(lend(select)?.0.lints(), index, lint) })
}

/// Appends the lints with their places to a buffer, as text for people; nothing where there are none.
///
/// Threads: several at once, with a buffer each. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_select_write_lints(select, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_write_lints(select: *const tc_select, buffer: *mut tc_buffer) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { exclusive(buffer)?.append_text(&lend(select)?.0.lint_text()) })
}

/// Appends to a buffer how a selection decides on one table: tests in their order, what each looks at, what is doubtful.
///
/// Threads: several at once, with a buffer each. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_select_explain(select, info.table, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_explain(
    select: *const tc_select,
    table: *const tc_table,
    buffer: *mut tc_buffer,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let explanation = lend(select)?.0.bind(&lend(table)?.0).explain();
        exclusive(buffer)?.append_text(&explanation.to_string())
    })
}

/// Whether a selection fits a table: all columns that it names are there, and can be compared as it says.
///
/// Threads: several at once may call it. `error` may be NULL. Errors: `TC_ERR_FILTER` where it does not fit, with all findings
/// as diagnostics of the error; `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `if (tc_select_check(select, info.table, &error) != TC_OK) puts(tc_error_message(error));`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_check(
    select: *const tc_select,
    table: *const tc_table,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || lend(select)?.0.bind(&lend(table)?.0).problems().map_or(Ok(()), |problems| Err(problems.into())))
    }
}

/// The decision by an object's name alone, with its operation and tag: what can be told without a record. Where it is to
/// accept, FILTER and WHERE may still turn changes away.
///
/// Threads: several at once may call it, with a buffer each. `tag` may be NULL for none; `words`, to which the decision is
/// appended in words, may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where `op` is none or `verdict` does not start with its size,
/// `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_select_decide_object(select, "HR.EMP", TC_OP_DELETE, NULL, &verdict, NULL);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_decide_object(
    select: *const tc_select,
    object: *const c_char,
    op: AnyOp,
    tag: *const c_char,
    verdict: *mut tc_verdict,
    words: *mut tc_buffer,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        give_verdict(verdict, words, || {
            let (select, object) = (lend(select)?, text(object, "object")?);
            Ok(select.0.verdict_of_object(object, Some(tc_op::read(op)?), optional_text(tag, "tag")?))
        })
    })
}
