//! Selections by calls instead of text.

use std::ffi::c_char;

use trailcore::Timestamp;
use trailcore::filter::{Condition, Expr, NameMatch, Rule, Select, SelectBuilder};

use crate::boundary::{Failure, Outcome, fallible, status};
use crate::buffer::give_to;
use crate::change::{RawOp, tc_op};
use crate::error::tc_error;
use crate::handle::{self, borrow, borrow_mut};
use crate::rule::tc_rule;
use crate::select::tc_select;
use crate::status::tc_status;
use crate::text::{Flag, array, optional_text, text};
use crate::time::tc_position;

/// Puts a selection together by calls.
///
/// Ownership: free it with `tc_select_builder_free`; selections that were built of it live on. Threads: one at a time.
#[derive(Default)]
pub struct tc_select_builder(SelectBuilder);

handle::object!(tc_select_builder, b"tc_sbld\0");

/// The two ends of what is wanted: from `from` on, up to and without `until`.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_limit {
    /// This one and later.
    TC_LIMIT_FROM = 0,
    /// Before this one.
    TC_LIMIT_UNTIL = 1,
}

/// A `tc_limit` from C, which may be any number.
pub type RawLimit = u32;

/// How names count, in what is added behind it.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_naming {
    /// NAMEMATCHIGNORECASE: a target is the one of its name, or else one that differs in case alone.
    TC_NAMING_IGNORE_CASE = 0,
    /// NAMEMATCHNOWARNING: the same.
    TC_NAMING_NO_WARNING = 1,
    /// NAMEMATCHEXACT: a target is the one of its name.
    TC_NAMING_EXACT = 2,
    /// EXCLUDEWILDCARDOBJECTSONLY: what is excluded with wildcards does not take away what a rule names without any.
    TC_NAMING_EXCLUDE_WILDCARDS_ONLY = 3,
}

/// A `tc_naming` from C, which may be any number.
pub type RawNaming = u32;

/// What is excluded.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_exclude {
    /// Tables: `OWNER.OBJECT`, with wildcards.
    TC_EXCLUDE_TABLES = 0,
    /// Schemas: `SCHEMA` or `CONTAINER.SCHEMA`, with wildcards.
    TC_EXCLUDE_SCHEMAS = 1,
    /// Catalogs (containers) of objects whose names have three parts, with wildcards.
    TC_EXCLUDE_CATALOGS = 2,
    /// Changes with this tag, in hexadecimal; `+` for any tag.
    TC_EXCLUDE_TAG = 3,
    /// Changes without this tag, in hexadecimal.
    TC_EXCLUDE_OTHER_TAGS = 4,
}

/// A `tc_exclude` from C, which may be any number.
pub type RawExclude = u32;

impl tc_select_builder {
    fn change(&mut self, step: impl FnOnce(SelectBuilder) -> Outcome<SelectBuilder>) -> Outcome {
        self.0 = step(self.0.clone())?;
        Ok(())
    }
}

fn is_from(limit: RawLimit) -> Outcome<bool> {
    match limit {
        limit if limit == tc_limit::TC_LIMIT_FROM as u32 => Ok(true),
        limit if limit == tc_limit::TC_LIMIT_UNTIL as u32 => Ok(false),
        _ => Err(Failure::argument(format!("{limit} is no tc_limit"))),
    }
}

/// Makes a builder of a selection that wants all changes.
///
/// Ownership: `*builder` is the caller's, to be freed with `tc_select_builder_free`. Any thread may call it. Errors:
/// `TC_ERR_NULL_POINTER`.
/// Example: `tc_select_builder *builder; tc_select_builder_new(&builder);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_builder_new(builder: *mut *mut tc_select_builder) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_to(builder, || Ok(tc_select_builder::default())) })
}

/// Frees a builder. NULL is fine.
///
/// Example: `tc_select_builder_free(builder);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_builder_free(builder: *mut tc_select_builder) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(builder) }
}

/// Adds a TABLE statement for objects, `OWNER.OBJECT` with `*` and `?`, with a FILTER expression and a WHERE condition as they
/// stand between the parentheses of those clauses.
///
/// Threads: one at a time. `filter` and `where_` may be NULL for none; `error` may be NULL. Errors: `TC_ERR_FILTER` where a text
/// is wrong; the builder then is as it was.
/// Example: `tc_select_builder_table(builder, "HR.EMP*", "SALARY > 1000", NULL, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_builder_table(
    builder: *mut tc_select_builder,
    objects: *const c_char,
    filter: *const c_char,
    where_: *const c_char,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let mut rule = Rule::table(text(objects, "objects")?)?;
            if let Some(filter) = optional_text(filter, "filter")? {
                rule = rule.filter(filter.parse::<Expr>()?);
            }
            if let Some(condition) = optional_text(where_, "where_")? {
                rule = rule.where_(condition.parse::<Condition>()?);
            }
            borrow_mut(builder)?.change(|builder| Ok(builder.rule(rule)))
        })
    }
}

/// Adds a rule as it is now: a TABLE or MAP statement with all that it holds.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_select_builder_rule(builder, rule);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_builder_rule(builder: *mut tc_select_builder, rule: *const tc_rule) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let rule = borrow(rule)?.0.clone();
        borrow_mut(builder)?.change(|builder| Ok(builder.rule(rule)))
    })
}

/// Adds what is excluded: tables, schemas, catalogs or tags.
///
/// Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_FILTER` where the text is no name or tag, `TC_ERR_BAD_ARGUMENT`
/// where `kind` is none.
/// Example: `tc_select_builder_exclude(builder, TC_EXCLUDE_TABLES, "HR.EMP_OLD", &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_builder_exclude(
    builder: *mut tc_select_builder,
    kind: RawExclude,
    what: *const c_char,
    error: *mut *mut tc_error,
) -> tc_status {
    use tc_exclude as e;
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let what = text(what, "what")?;
            borrow_mut(builder)?.change(|builder| {
                Ok(match kind {
                    kind if kind == e::TC_EXCLUDE_TABLES as u32 => builder.exclude_tables(what)?,
                    kind if kind == e::TC_EXCLUDE_SCHEMAS as u32 => builder.exclude_schemas(what)?,
                    kind if kind == e::TC_EXCLUDE_CATALOGS as u32 => builder.exclude_catalogs(what)?,
                    kind if kind == e::TC_EXCLUDE_TAG as u32 && what == "+" => builder.exclude_tagged(),
                    kind if kind == e::TC_EXCLUDE_TAG as u32 => builder.exclude_tag(what)?,
                    kind if kind == e::TC_EXCLUDE_OTHER_TAGS as u32 => builder.include_tag(what)?,
                    kind => return Err(Failure::argument(format!("{kind} is no tc_exclude"))),
                })
            })
        })
    }
}

/// Sets whether the tables added behind it want an operation, until it is set again: GETINSERTS, IGNOREDELETES and the like.
///
/// Threads: one at a time. Errors: `TC_ERR_BAD_ARGUMENT` where `op` is none, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_select_builder_get(builder, TC_OP_DELETE, false);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_builder_get(builder: *mut tc_select_builder, op: RawOp, wanted: Flag) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let op = tc_op::read(op)?;
        borrow_mut(builder)?.change(|builder| Ok(builder.get(op, wanted != 0)))
    })
}

/// Takes these operations alone.
///
/// Threads: one at a time. Errors: `TC_ERR_BAD_ARGUMENT` where one is none, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_op ops[] = {TC_OP_INSERT, TC_OP_DELETE}; tc_select_builder_ops(builder, ops, 2);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_builder_ops(builder: *mut tc_select_builder, ops: *const RawOp, count: usize) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        if ops.is_null() {
            return Err(Failure::null("ops"));
        }
        let ops = array(ops, count, "ops")?.iter().map(|op| tc_op::read(*op)).collect::<Outcome<Vec<_>>>()?;
        borrow_mut(builder)?.change(|builder| Ok(builder.ops(&ops)))
    })
}

/// Limits the selection by commit sequence numbers.
///
/// Threads: one at a time. Errors: `TC_ERR_BAD_ARGUMENT` where `limit` is none, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_select_builder_limit_csn(builder, TC_LIMIT_FROM, "7824137847");`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_builder_limit_csn(
    builder: *mut tc_select_builder,
    limit: RawLimit,
    csn: *const c_char,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let (from, csn) = (is_from(limit)?, text(csn, "csn")?);
        borrow_mut(builder)?.change(|builder| Ok(if from { builder.from_csn(csn) } else { builder.until_csn(csn) }))
    })
}

/// Limits the selection by time, in microseconds since 1970, UTC.
///
/// Threads: one at a time. Errors: `TC_ERR_BAD_ARGUMENT` where `limit` is none, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_select_builder_limit_time(builder, TC_LIMIT_UNTIL, midnight);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_builder_limit_time(
    builder: *mut tc_select_builder,
    limit: RawLimit,
    micros: i64,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let (from, time) = (is_from(limit)?, Timestamp::from_unix_micros(micros));
        borrow_mut(builder)?.change(|builder| Ok(if from { builder.from_time(time) } else { builder.until_time(time) }))
    })
}

/// Limits the selection by positions.
///
/// Threads: one at a time. Errors: `TC_ERR_BAD_ARGUMENT` where `limit` is none, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_position end = {13, 0}; tc_select_builder_limit_position(builder, TC_LIMIT_UNTIL, end);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_builder_limit_position(
    builder: *mut tc_select_builder,
    limit: RawLimit,
    position: tc_position,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let from = is_from(limit)?;
        let position = position.into();
        borrow_mut(builder)?
            .change(|builder| Ok(if from { builder.from_position(position) } else { builder.until_position(position) }))
    })
}

/// The container of the objects added behind it that name none: SOURCECATALOG.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_select_builder_source_catalog(builder, "PDB1");`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_builder_source_catalog(builder: *mut tc_select_builder, name: *const c_char) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let name = text(name, "name")?;
        borrow_mut(builder)?.change(|builder| Ok(builder.source_catalog(name)))
    })
}

/// Sets how names count.
///
/// Threads: one at a time. Errors: `TC_ERR_BAD_ARGUMENT` where `naming` is none, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_select_builder_naming(builder, TC_NAMING_EXACT);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_builder_naming(builder: *mut tc_select_builder, naming: RawNaming) -> tc_status {
    use tc_naming as n;
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        borrow_mut(builder)?.change(|builder| {
            Ok(match naming {
                naming if naming == n::TC_NAMING_IGNORE_CASE as u32 => builder.name_match(NameMatch::IgnoreCase),
                naming if naming == n::TC_NAMING_NO_WARNING as u32 => builder.name_match(NameMatch::NoWarning),
                naming if naming == n::TC_NAMING_EXACT as u32 => builder.name_match(NameMatch::Exact),
                naming if naming == n::TC_NAMING_EXCLUDE_WILDCARDS_ONLY as u32 => builder.exclude_wildcards_only(),
                naming => return Err(Failure::argument(format!("{naming} is no tc_naming"))),
            })
        })
    })
}

/// The selection that has been put together so far. The builder stays as it is.
///
/// Ownership: `*select` is the caller's, to be freed with `tc_select_free`. Threads: one at a time. `lenient` says that changes
/// that cannot be decided on are counted and turned away. Errors: `TC_ERR_FILTER` where it could not be written as text that is
/// read as the same: a list without names, or a name or CSN with characters that end it; `TC_ERR_NULL_POINTER` and those of
/// handles.
/// Example: `tc_select_builder_build(builder, false, &select);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_builder_build(
    builder: *mut tc_select_builder,
    lenient: Flag,
    select: *mut *mut tc_select,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        give_to(select, || {
            let built: Select = borrow_mut(builder)?.0.clone().build();
            if !built.round_trips() {
                let what =
                    "a list is empty, or a name or CSN has characters that end it: the selection has no text that says the same";
                return Err(Failure::misuse(tc_status::TC_ERR_FILTER, what));
            }
            Ok(tc_select(if lenient != 0 { built.lenient() } else { built }))
        })
    })
}
