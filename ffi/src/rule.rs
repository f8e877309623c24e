//! Rules: TABLE and MAP statements, by calls instead of text.

use std::ffi::c_char;

use trailcore::Op;
use trailcore::filter::{Expr, Filter, RowOp, Rule};

use crate::boundary::{Failure, Outcome, fallible, status};
use crate::buffer::{give_to, tc_buffer};
use crate::change::{RawOp, tc_op};
use crate::condition::tc_condition;
use crate::error::tc_error;
use crate::expr::tc_expr;
use crate::handle::{self, borrow, borrow_mut};
use crate::status::tc_status;
use crate::text::{Flag, VersionedStruct, array, read_struct, text};

/// A TABLE or MAP statement: objects, and what of their changes is wanted and handed on. `tc_select_builder_rule` makes it part
/// of a selection.
///
/// Ownership: free it with `tc_rule_free`; selections do not need it any more. Threads: one at a time, but for const functions.
pub struct tc_rule(pub(crate) Rule);

handle::object!(tc_rule, b"tc_rule\0");

impl tc_rule {
    fn change(&mut self, step: impl FnOnce(Rule) -> Rule) {
        self.0 = step(self.0.clone());
    }
}

/// Which operations a FILTER looks at, and what becomes of a change that does not pass. All zero but `size` is the default: it
/// looks at all, and they are turned away.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_filter_options {
    /// `sizeof(tc_filter_options)`.
    pub size: usize,
    /// ON: the operations that it looks at alone: inserts, updates, deletes. NULL for all.
    pub on: *const RawOp,
    /// How many there are.
    pub on_count: usize,
    /// IGNORE: operations that it does not look at. NULL for none.
    pub ignore: *const RawOp,
    /// How many there are.
    pub ignore_count: usize,
    /// RAISEERROR: the number of the error that a change is that does not pass, where `raises_error` says so.
    pub error_number: u32,
    /// Whether `error_number` is set.
    pub raises_error: Flag,
}

// SAFETY: it starts with its size; the rest are numbers, and pointers, of which null ones are allowed.
unsafe impl VersionedStruct for tc_filter_options {}

/// A list of columns in a rule.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_columns {
    /// COLS: these are handed on, and no others.
    TC_COLUMNS_COLS = 0,
    /// COLSEXCEPT: these are not handed on.
    TC_COLUMNS_COLSEXCEPT = 1,
    /// KEYCOLS: these count as the key.
    TC_COLUMNS_KEYCOLS = 2,
}

/// A `tc_columns` from C, which may be any number.
pub type RawColumns = u32;

/// What a rule derives.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_derived {
    /// COLMAP: columns, and no others.
    TC_DERIVED_COLUMNS = 0,
    /// COLMAP with USEDEFAULTS: columns, beside the row's own.
    TC_DERIVED_MORE_COLUMNS = 1,
    /// TOKENS.
    TC_DERIVED_TOKENS = 2,
}

/// A `tc_derived` from C, which may be any number.
pub type RawDerived = u32;

/// The operations of FILTER's ON and IGNORE.
///
/// # Safety
/// As [`array`].
unsafe fn row_ops(ops: *const RawOp, count: usize) -> Outcome<Vec<RowOp>> {
    // SAFETY: as the caller says.
    let ops = unsafe { array(ops, count, "the operations of a filter") }?;
    let of = |op: &RawOp| match tc_op::read(*op)? {
        Op::Insert => Ok(RowOp::Insert),
        Op::Update | Op::PkUpdate => Ok(RowOp::Update),
        Op::Delete => Ok(RowOp::Delete),
        other => Err(Failure::argument(format!("FILTER does not tell {other} apart: inserts, updates and deletes alone"))),
    };
    ops.iter().map(of).collect()
}

/// The filter that the options of a caller make of an expression; null stands for the default.
///
/// # Safety
/// As `read_struct`, and its pointers are as `array` needs them.
unsafe fn filter_of(expr: &Expr, options: *const tc_filter_options) -> Outcome<Filter> {
    let filter = Filter::new(expr.clone());
    if options.is_null() {
        return Ok(filter);
    }
    // SAFETY: as the caller says.
    let (given, on, ignore) = unsafe {
        let given = read_struct(options, "options")?;
        (given, row_ops(given.on, given.on_count)?, row_ops(given.ignore, given.ignore_count)?)
    };
    let filter = on.into_iter().fold(filter, Filter::on);
    let filter = ignore.into_iter().fold(filter, Filter::ignore);
    Ok(if given.raises_error != 0 { filter.raise_error(given.error_number) } else { filter })
}

/// Makes a TABLE statement for objects: `OWNER.OBJECT` or `CONTAINER.OWNER.OBJECT`, with `*` and `?`.
///
/// Ownership: `*rule` is the caller's, to be freed with `tc_rule_free`. Any thread may call it. `error` may be NULL. Errors:
/// `TC_ERR_FILTER` where the text is no object name.
/// Example: `tc_rule_table("HR.EMP*", &rule, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_rule_table(objects: *const c_char, rule: *mut *mut tc_rule, error: *mut *mut tc_error) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { fallible(error, || give_to(rule, || Ok(tc_rule(Rule::table(text(objects, "objects")?)?)))) }
}

/// Makes a MAP statement from objects to a target.
///
/// Ownership: `*rule` is the caller's, to be freed with `tc_rule_free`. Any thread may call it. `error` may be NULL. Errors: as
/// `tc_rule_table`.
/// Example: `tc_rule_map("HR.*", "COPY.*", &rule, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_rule_map(
    objects: *const c_char,
    target: *const c_char,
    rule: *mut *mut tc_rule,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { fallible(error, || give_to(rule, || Ok(tc_rule(Rule::map(text(objects, "objects")?, text(target, "target")?)?)))) }
}

/// Adds a FILTER: wanted are changes for which the expression is not zero. Several must all want a change.
///
/// Threads: one at a time. `options` may be NULL for the default; `error` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where the
/// options name an operation that FILTER does not tell apart, `TC_ERR_NULL_POINTER` and those of handles. The rule then is as
/// it was.
/// Example: `tc_rule_filter(rule, expr, NULL, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_rule_filter(
    rule: *mut tc_rule,
    expr: *const tc_expr,
    options: *const tc_filter_options,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let filter = filter_of(&borrow(expr)?.0, options)?;
            borrow_mut(rule)?.change(|rule| rule.filter_with(filter));
            Ok(())
        })
    }
}

/// Adds a WHERE: wanted are changes for which the condition holds.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_rule_where(rule, condition);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_rule_where(rule: *mut tc_rule, condition: *const tc_condition) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let condition = borrow(condition)?.0.clone();
        borrow_mut(rule)?.change(|rule| rule.where_(condition));
        Ok(())
    })
}

/// Adds a list of columns: COLS, COLSEXCEPT or KEYCOLS.
///
/// Threads: one at a time. `names` may be NULL where `count` is 0. Errors: `TC_ERR_BAD_ARGUMENT` where `kind` is none,
/// `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `const char *names[] = {"EMPNO", "SALARY"}; tc_rule_columns(rule, TC_COLUMNS_COLS, names, 2);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_rule_columns(
    rule: *mut tc_rule,
    kind: RawColumns,
    names: *const *const c_char,
    count: usize,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let names = array(names, count, "names")?.iter().map(|name| text(*name, "the name of a column"));
        let names = names.collect::<Outcome<Vec<_>>>()?;
        let mut rule = borrow_mut(rule)?;
        match kind {
            kind if kind == tc_columns::TC_COLUMNS_COLS as u32 => rule.change(|rule| rule.cols(&names)),
            kind if kind == tc_columns::TC_COLUMNS_COLSEXCEPT as u32 => rule.change(|rule| rule.cols_except(&names)),
            kind if kind == tc_columns::TC_COLUMNS_KEYCOLS as u32 => rule.change(|rule| rule.key_cols(&names)),
            kind => return Err(Failure::argument(format!("{kind} is no tc_columns"))),
        }
        Ok(())
    })
}

/// Adds what is derived: columns (COLMAP) or tokens (TOKENS), by name and expression.
///
/// Threads: one at a time. `names` and `values` may be NULL where `count` is 0. Errors: `TC_ERR_BAD_ARGUMENT` where `kind` is
/// none, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_rule_derive(rule, TC_DERIVED_MORE_COLUMNS, names, values, 2);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_rule_derive(
    rule: *mut tc_rule,
    kind: RawDerived,
    names: *const *const c_char,
    values: *const *const tc_expr,
    count: usize,
) -> tc_status {
    use tc_derived as d;
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let (names, values) = (array(names, count, "names")?, array(values, count, "values")?);
        let pairs = names.iter().zip(values).map(|(name, value)| Ok((text(*name, "a name")?, borrow(*value)?.0.clone())));
        let pairs = pairs.collect::<Outcome<Vec<_>>>()?;
        let mut rule = borrow_mut(rule)?;
        match kind {
            kind if kind == d::TC_DERIVED_COLUMNS as u32 => rule.change(|rule| rule.col_map(false, pairs)),
            kind if kind == d::TC_DERIVED_MORE_COLUMNS as u32 => rule.change(|rule| rule.col_map(true, pairs)),
            kind if kind == d::TC_DERIVED_TOKENS as u32 => rule.change(|rule| rule.tokens(pairs)),
            kind => return Err(Failure::argument(format!("{kind} is no tc_derived"))),
        }
        Ok(())
    })
}

/// Appends a rule to a buffer as text.
///
/// Threads: several at once, with a buffer each. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_rule_write(rule, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_rule_write(rule: *const tc_rule, buffer: *mut tc_buffer) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { borrow_mut(buffer)?.append_text(&borrow(rule)?.0.to_string()) })
}

/// Frees a rule. NULL is fine.
///
/// Example: `tc_rule_free(rule);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_rule_free(rule: *mut tc_rule) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(rule) }
}
