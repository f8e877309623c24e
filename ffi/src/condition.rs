//! Conditions of WHERE, by calls instead of text.

use std::ffi::c_char;

use trailcore::Decimal;
use trailcore::filter::{Condition, Operand, Relation};

use crate::boundary::{Failure, Outcome, fallible, status};
use crate::buffer::{give_to, tc_buffer};
use crate::column::{RawState, tc_decimal, tc_state};
use crate::error::tc_error;
use crate::expr::{RawJoin, tc_join};
use crate::handle::{self, borrow, borrow_mut};
use crate::status::tc_status;
use crate::text::text;

/// A condition of WHERE: columns compared with literals and columns, or asked for their state. No arithmetic, no functions.
///
/// Ownership: free it with `tc_condition_free`; what was made of it does not need it any more. Threads: several at once may use
/// it.
pub struct tc_condition(pub(crate) Condition);

handle::object!(tc_condition, b"tc_cond\0");

fn relation(join: RawJoin) -> Outcome<Relation> {
    Ok(match tc_join::read(join)? {
        tc_join::TC_JOIN_EQ => Relation::Eq,
        tc_join::TC_JOIN_NE => Relation::Ne,
        tc_join::TC_JOIN_GT => Relation::Gt,
        tc_join::TC_JOIN_LT => Relation::Lt,
        tc_join::TC_JOIN_GE => Relation::Ge,
        tc_join::TC_JOIN_LE => Relation::Le,
        _ => return Err(Failure::argument(format!("a condition does not compare by {join}"))),
    })
}

/// Gives the test of a column to the caller.
///
/// # Safety
/// As [`text`] and [`give_to`].
unsafe fn give_test(
    column: *const c_char,
    join: RawJoin,
    operand: impl FnOnce() -> Outcome<Operand>,
    condition: *mut *mut tc_condition,
) -> Outcome {
    // SAFETY: as the caller says.
    unsafe {
        give_to(condition, || {
            let column = text(column, "column")?;
            Ok(tc_condition(Condition::test(column, relation(join)?, operand()?)))
        })
    }
}

/// Reads a condition as it stands between the parentheses of WHERE.
///
/// Ownership: `*condition` is the caller's, to be freed with `tc_condition_free`. Any thread may call it. `error` may be NULL.
/// Errors: `TC_ERR_FILTER` where the text is wrong, with all findings as diagnostics of the error.
/// Example: `tc_condition_parse("SALARY > 1000 AND ENAME <> @NULL", &condition, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_condition_parse(
    source: *const c_char,
    condition: *mut *mut tc_condition,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { fallible(error, || give_to(condition, || Ok(tc_condition(text(source, "source")?.parse()?)))) }
}

/// A column compared with a number, by one of the first six of `tc_join`.
///
/// Ownership: `*condition` is the caller's, to be freed with `tc_condition_free`. Any thread may call it. Errors:
/// `TC_ERR_BAD_ARGUMENT` where `join` does not compare, `TC_ERR_NULL_POINTER`.
/// Example: `tc_decimal limit = {1000, 0, 0}; tc_condition_number("SALARY", TC_JOIN_GT, limit, &condition);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_condition_number(
    column: *const c_char,
    join: RawJoin,
    number: tc_decimal,
    condition: *mut *mut tc_condition,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_test(column, join, || Ok(Operand::Number(Decimal::from(number))), condition) })
}

/// A column compared with a literal text, taken as it is.
///
/// Ownership: `*condition` is the caller's, to be freed with `tc_condition_free`. Any thread may call it. Errors:
/// `TC_ERR_BAD_ARGUMENT` where `join` does not compare, `TC_ERR_NULL_POINTER`.
/// Example: `tc_condition_text("ENAME", TC_JOIN_EQ, "O'Brien", &condition);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_condition_text(
    column: *const c_char,
    join: RawJoin,
    value: *const c_char,
    condition: *mut *mut tc_condition,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_test(column, join, || Ok(Operand::from(text(value, "value")?)), condition) })
}

/// A column compared with another column.
///
/// Ownership: `*condition` is the caller's, to be freed with `tc_condition_free`. Any thread may call it. Errors:
/// `TC_ERR_BAD_ARGUMENT` where `join` does not compare, `TC_ERR_NULL_POINTER`.
/// Example: `tc_condition_column("PAID", TC_JOIN_LT, "DUE", &condition);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_condition_column(
    column: *const c_char,
    join: RawJoin,
    other: *const c_char,
    condition: *mut *mut tc_condition,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_test(column, join, || Ok(Operand::Column(text(other, "other")?.into())), condition) })
}

/// A column's state: with `TC_STATE_NULL` whether it is NULL, with `TC_STATE_MISSING` whether it is not in the image (`@ABSENT`),
/// with `TC_STATE_VALUE` whether it is, NULL or not (`@PRESENT`). With `TC_JOIN_NE` the opposite.
///
/// Ownership: `*condition` is the caller's, to be freed with `tc_condition_free`. Any thread may call it. Errors:
/// `TC_ERR_BAD_ARGUMENT` where `join` is neither `TC_JOIN_EQ` nor `TC_JOIN_NE`, or `state` none of the three;
/// `TC_ERR_NULL_POINTER`.
/// Example: `tc_condition_state("ENAME", TC_JOIN_NE, TC_STATE_NULL, &condition);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_condition_state(
    column: *const c_char,
    join: RawJoin,
    state: RawState,
    condition: *mut *mut tc_condition,
) -> tc_status {
    let operand = || match state {
        _ if join > tc_join::TC_JOIN_NE as u32 => Err(Failure::argument("a state is equal or not equal")),
        state if state == tc_state::TC_STATE_NULL as u32 => Ok(Operand::Null),
        state if state == tc_state::TC_STATE_VALUE as u32 => Ok(Operand::Present),
        state if state == tc_state::TC_STATE_MISSING as u32 => Ok(Operand::Absent),
        state => Err(Failure::argument(format!("a condition does not ask for the state {state}"))),
    };
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_test(column, join, operand, condition) })
}

/// Two conditions joined with `TC_JOIN_AND` or `TC_JOIN_OR`.
///
/// Ownership: `*condition` is the caller's, to be freed with `tc_condition_free`; `left` and `right` stay the caller's. Any thread
/// may call it. Errors: `TC_ERR_BAD_ARGUMENT` where `join` is neither, `TC_ERR_FILTER` where it would be too deep or too large;
/// `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_condition_join(TC_JOIN_OR, rich, famous, &condition);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_condition_join(
    join: RawJoin,
    left: *const tc_condition,
    right: *const tc_condition,
    condition: *mut *mut tc_condition,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        give_to(condition, || {
            let (left, right) = (borrow(left)?.0.clone(), borrow(right)?.0.clone());
            let joined = match tc_join::read(join)? {
                tc_join::TC_JOIN_AND => left.and(right),
                tc_join::TC_JOIN_OR => left.or(right),
                _ => return Err(Failure::argument("conditions are joined with AND or OR")),
            };
            joined.fits()?;
            Ok(tc_condition(joined))
        })
    })
}

/// Appends a condition to a buffer as text.
///
/// Threads: several at once, with a buffer each. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_condition_write(condition, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_condition_write(condition: *const tc_condition, buffer: *mut tc_buffer) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { borrow_mut(buffer)?.append_text(&borrow(condition)?.0.to_string()) })
}

/// Frees a condition. NULL is fine.
///
/// Example: `tc_condition_free(condition);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_condition_free(condition: *mut tc_condition) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(condition) }
}
