//! Expressions, of FILTER and of what is derived, by calls instead of text.

use std::ffi::c_char;

use trailcore::Decimal;
use trailcore::filter::{self, Expr, Function};

use crate::boundary::{Failure, Outcome, fallible, status};
use crate::buffer::{give_to, tc_buffer};
use crate::column::tc_decimal;
use crate::error::tc_error;
use crate::handle::{self, borrow, borrow_mut};
use crate::status::tc_status;
use crate::text::{Flag, array, text};

/// An expression: of FILTER, of a column that is derived, of a token. Values go into it as they are, and need no quotes.
///
/// Ownership: free it with `tc_expr_free`; what was made of it does not need it any more. Threads: several at once may use it.
pub struct tc_expr(pub(crate) Expr);

handle::object!(tc_expr, b"tc_expr\0");

/// What joins two expressions or conditions.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_join {
    /// Equal.
    TC_JOIN_EQ = 0,
    /// Not equal.
    TC_JOIN_NE = 1,
    /// Greater.
    TC_JOIN_GT = 2,
    /// Less.
    TC_JOIN_LT = 3,
    /// Greater or equal.
    TC_JOIN_GE = 4,
    /// Less or equal.
    TC_JOIN_LE = 5,
    /// Both hold; the right one is looked at only if the left one does.
    TC_JOIN_AND = 6,
    /// Either holds; the right one is looked at only if the left one does not.
    TC_JOIN_OR = 7,
    /// Sum.
    TC_JOIN_PLUS = 8,
    /// Difference.
    TC_JOIN_MINUS = 9,
    /// Product.
    TC_JOIN_TIMES = 10,
    /// Quotient.
    TC_JOIN_DIVIDED = 11,
    /// What division leaves.
    TC_JOIN_REMAINDER = 12,
}

/// A `tc_join` from C, which may be any number.
pub type RawJoin = u32;

impl tc_join {
    const ALL: [Self; 13] = [
        Self::TC_JOIN_EQ,
        Self::TC_JOIN_NE,
        Self::TC_JOIN_GT,
        Self::TC_JOIN_LT,
        Self::TC_JOIN_GE,
        Self::TC_JOIN_LE,
        Self::TC_JOIN_AND,
        Self::TC_JOIN_OR,
        Self::TC_JOIN_PLUS,
        Self::TC_JOIN_MINUS,
        Self::TC_JOIN_TIMES,
        Self::TC_JOIN_DIVIDED,
        Self::TC_JOIN_REMAINDER,
    ];

    pub(crate) fn read(number: RawJoin) -> Outcome<Self> {
        let found = Self::ALL.into_iter().find(|join| *join as u32 == number);
        found.ok_or_else(|| Failure::argument(format!("{number} is no tc_join")))
    }

    fn expressions(self, left: Expr, right: Expr) -> Expr {
        match self {
            Self::TC_JOIN_EQ => left.eq(right),
            Self::TC_JOIN_NE => left.ne(right),
            Self::TC_JOIN_GT => left.gt(right),
            Self::TC_JOIN_LT => left.lt(right),
            Self::TC_JOIN_GE => left.ge(right),
            Self::TC_JOIN_LE => left.le(right),
            Self::TC_JOIN_AND => left.and(right),
            Self::TC_JOIN_OR => left.or(right),
            Self::TC_JOIN_PLUS => left + right,
            Self::TC_JOIN_MINUS => left - right,
            Self::TC_JOIN_TIMES => left * right,
            Self::TC_JOIN_DIVIDED => left / right,
            Self::TC_JOIN_REMAINDER => left.remainder(right),
        }
    }
}

/// What is too deep is not made, since freeing it would exhaust the stack, nor what would exhaust memory.
fn made(expr: Expr) -> Outcome<tc_expr> {
    expr.fits()?;
    Ok(tc_expr(expr))
}

/// Reads an expression as it stands between the parentheses of FILTER.
///
/// Ownership: `*expr` is the caller's, to be freed with `tc_expr_free`. Any thread may call it. `error` may be NULL. Errors:
/// `TC_ERR_FILTER` where the text is wrong, with all findings as diagnostics of the error.
/// Example: `tc_expr_parse("SALARY > 1000 AND @STRLEN (ENAME) > 3", &expr, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_expr_parse(source: *const c_char, expr: *mut *mut tc_expr, error: *mut *mut tc_error) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { fallible(error, || give_to(expr, || made(text(source, "source")?.parse()?))) }
}

/// A column, from the image that counts: the after image, of a delete the before image; or, if `before`, from the before image.
/// A name with characters beyond letters, digits, `_`, `$` and `#` is taken with its case; else case does not count.
///
/// Ownership: `*expr` is the caller's, to be freed with `tc_expr_free`. Any thread may call it. Errors: `TC_ERR_NULL_POINTER`,
/// `TC_ERR_BAD_ARGUMENT` where the name is not UTF-8.
/// Example: `tc_expr_column("SALARY", false, &expr);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_expr_column(name: *const c_char, before: Flag, expr: *mut *mut tc_expr) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        give_to(expr, || {
            let name = text(name, "name")?;
            made(if before != 0 { filter::before(name) } else { filter::col(name) })
        })
    })
}

/// An exact number.
///
/// Ownership: `*expr` is the caller's, to be freed with `tc_expr_free`. Any thread may call it. Errors: `TC_ERR_NULL_POINTER`.
/// Example: `tc_decimal limit = {1000, 0, 2}; tc_expr_number(limit, &expr);` is 10.00.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_expr_number(number: tc_decimal, expr: *mut *mut tc_expr) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_to(expr, || made(filter::decimal(Decimal::from(number)))) })
}

/// A literal text, taken as it is.
///
/// Ownership: `*expr` is the caller's, to be freed with `tc_expr_free`. Any thread may call it. Errors: `TC_ERR_NULL_POINTER`,
/// `TC_ERR_BAD_ARGUMENT` where it is not UTF-8.
/// Example: `tc_expr_text("O'Brien", &expr);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_expr_text(value: *const c_char, expr: *mut *mut tc_expr) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_to(expr, || made(filter::text(text(value, "value")?))) })
}

/// A word such as `PRESENT` or `RIGHTZERO`, for the functions that take one. A word that none of them knows is a column.
///
/// Ownership: `*expr` is the caller's, to be freed with `tc_expr_free`. Any thread may call it. Errors: `TC_ERR_NULL_POINTER`,
/// `TC_ERR_BAD_ARGUMENT` where it is not UTF-8.
/// Example: `tc_expr_word("PRESENT", &expr);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_expr_word(name: *const c_char, expr: *mut *mut tc_expr) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_to(expr, || made(filter::word(text(name, "name")?))) })
}

/// The call of a function by its name, in any case, without the `@`. `@GETENV` takes group and item as two literal texts. How
/// many arguments a function takes is checked against a table, by `tc_select_check`.
///
/// Ownership: `*expr` is the caller's, to be freed with `tc_expr_free`; the arguments stay the caller's. Any thread may call it.
/// `arguments` may be NULL where `count` is 0; `error` may be NULL. Errors: `TC_ERR_FILTER` where there is no such function, or
/// the expression would be too deep; `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `const tc_expr *arguments[] = {memo, cash}; tc_expr_call("STRFIND", arguments, 2, &expr, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_expr_call(
    function: *const c_char,
    arguments: *const *const tc_expr,
    count: usize,
    expr: *mut *mut tc_expr,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            give_to(expr, || {
                let name = text(function, "function")?;
                let unknown = || Failure::misuse(tc_status::TC_ERR_FILTER, format!("there is no function @{name}"));
                let function = Function::by_name(name).ok_or_else(unknown)?;
                let arguments = array(arguments, count, "arguments")?.iter().map(|argument| Ok(borrow(*argument)?.0.clone()));
                made(filter::call(function, arguments.collect::<Outcome<Vec<_>>>()?))
            })
        })
    }
}

/// Two expressions joined: compared, added, with AND, and so on.
///
/// Ownership: `*expr` is the caller's, to be freed with `tc_expr_free`; `left` and `right` stay the caller's, and may be one and
/// the same. Any thread may call it. Errors: `TC_ERR_BAD_ARGUMENT` where `join` is none, `TC_ERR_FILTER` where it would be too
/// deep or too large; `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_expr_join(TC_JOIN_GT, salary, limit, &expr);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_expr_join(
    join: RawJoin,
    left: *const tc_expr,
    right: *const tc_expr,
    expr: *mut *mut tc_expr,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        give_to(expr, || {
            let (left, right) = (borrow(left)?.0.clone(), borrow(right)?.0.clone());
            made(tc_join::read(join)?.expressions(left, right))
        })
    })
}

/// Appends an expression to a buffer as text.
///
/// Threads: several at once, with a buffer each. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_expr_write(expr, text);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_expr_write(expr: *const tc_expr, buffer: *mut tc_buffer) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { borrow_mut(buffer)?.append_text(&borrow(expr)?.0.to_string()) })
}

/// Frees an expression. NULL is fine.
///
/// Example: `tc_expr_free(expr);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_expr_free(expr: *mut tc_expr) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(expr) }
}
