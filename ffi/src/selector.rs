//! Selecting among changes that one has already: selectors, and facts without a trail.

use std::ffi::c_char;

use trailcore::PlainValue;
use trailcore::filter::{Facts, Projected, Scratch, Selector};

use crate::boundary::{Failure, Outcome, fallible, status};
use crate::buffer::{give_to, tc_buffer};
use crate::change::{AnyImage, AnyOp, tc_change, tc_image, tc_op};
use crate::error::tc_error;
use crate::handle::{self, exclusive, lend};
use crate::reader::tc_counts;
use crate::select::{give_verdict, tc_decision, tc_reason, tc_select, tc_verdict};
use crate::status::tc_status;
use crate::table::tc_table;
use crate::text::{out, text};

/// Applies a selection to changes, one after the other.
///
/// Ownership: free it with `tc_selector_free`; it does not need its selection any more. Threads: one at a time; each thread
/// wants its own.
pub struct tc_selector {
    selector: Selector,
    scratch: Scratch,
}

handle::object!(tc_selector, b"tc_slct\0");

/// What one of several rules says of a change.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_hit {
    /// The number of the rule.
    pub rule: usize,
    /// What it says: not that the change is turned away.
    pub decision: tc_decision,
    /// Why.
    pub reason: tc_reason,
}

/// Makes a selector of a selection.
///
/// Ownership: `*selector` is the caller's, to be freed with `tc_selector_free`. Threads: several at once may call it. Errors:
/// `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_selector *selector; tc_selector_new(select, &selector);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_selector_new(select: *const tc_select, selector: *mut *mut tc_selector) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        give_to(selector, || Ok(tc_selector { selector: lend(select)?.0.selector(), scratch: Scratch::default() }))
    })
}

/// Frees a selector. NULL is fine.
///
/// Example: `tc_selector_free(selector);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_selector_free(selector: *mut tc_selector) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(selector) }
}

/// The decision on a change. All changes of a stream should come here in order: a transaction's tag stands in its first record
/// alone.
///
/// Threads: one at a time. `words`, to which the decision is appended in words, may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where
/// `verdict` does not start with its size, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_verdict verdict; verdict.size = sizeof verdict; tc_selector_decide(selector, change, &verdict, NULL);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_selector_decide(
    selector: *mut tc_selector,
    change: *const tc_change,
    verdict: *mut tc_verdict,
    words: *mut tc_buffer,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_verdict(verdict, words, || Ok(exclusive(selector)?.selector.verdict(&lend(change)?.change()?))) })
}

/// The decisions of all rules that do not reject a change, in the order of the rules: for many rules on one stream, of which
/// few have something to say of a change. `*count` is how many there are, and at most `room` of them are put into `hits`. Rules
/// alone decide here: limits and tags of the selection do not count, nor do `tc_selector_counts`. Statements (DDL) meet none.
///
/// Threads: one at a time. `hits` may be NULL where `room` is 0. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_hit hits[8]; size_t count; tc_selector_hits(selector, change, hits, 8, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_selector_hits(
    selector: *mut tc_selector,
    change: *const tc_change,
    hits: *mut tc_hit,
    room: usize,
    count: *mut usize,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let count = out(count, 0, "count")?;
        if hits.is_null() && room > 0 {
            return Err(Failure::null("hits"));
        }
        let mut selector = exclusive(selector)?;
        let change = lend(change)?.change()?;
        let program = selector.selector.program(change.table());
        let mut seen = 0;
        program.each_hit(&change, &mut selector.scratch, |rule, verdict| {
            if seen < room {
                let verdict = tc_verdict::from(&verdict);
                hits.add(seen).write(tc_hit { rule, decision: verdict.decision, reason: verdict.reason });
            }
            seen += 1;
        });
        *count = seen;
        Ok(())
    })
}

/// What the changes so far came to.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_counts counts; tc_selector_counts(selector, &counts);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_selector_counts(selector: *mut tc_selector, counts: *mut tc_counts) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let counts = out(counts, tc_counts::default(), "counts")?;
        *counts = exclusive(selector)?.selector.counts().into();
        Ok(())
    })
}

/// Appends to a buffer what a rule hands on of a change, by its COLS, COLSEXCEPT, COLMAP and TOKENS, as one line of JSON:
/// `{"columns":{...},"tokens":{...}}`, with values as in the native JSON form.
///
/// Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_FILTER` where the rule is none or an expression fails,
/// `TC_ERR_UNDECIDABLE` where it needs what the trail does not tell.
/// Example: `tc_selector_project(selector, change, verdict.rule, line, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_selector_project(
    selector: *mut tc_selector,
    change: *const tc_change,
    rule: usize,
    buffer: *mut tc_buffer,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let mut selector = exclusive(selector)?;
            let change = lend(change)?.change()?;
            let program = selector.selector.program(change.table());
            let projected = program.project(&change, rule, &mut selector.scratch)?;
            exclusive(buffer)?.append(|bytes| write_projected(&projected, bytes))
        })
    }
}

fn write_projected(projected: &Projected, bytes: &mut Vec<u8>) -> Outcome {
    for (lead, pairs) in [("{\"columns\":{", &projected.columns), ("},\"tokens\":{", &projected.tokens)] {
        bytes.extend_from_slice(lead.as_bytes());
        for (index, (name, value)) in pairs.iter().enumerate() {
            if index > 0 {
                bytes.push(b',');
            }
            write_json(name, bytes)?;
            bytes.push(b':');
            write_json(value, bytes)?;
        }
    }
    bytes.extend_from_slice(b"}}");
    Ok(())
}

fn write_json(value: &impl serde::Serialize, bytes: &mut Vec<u8>) -> Outcome {
    serde_json::to_writer(bytes, value).map_err(|error| Failure::misuse(tc_status::TC_ERR_JSON, error.to_string()))
}

/// A change as plain values, to ask a selection about without a trail.
///
/// Ownership: free it with `tc_facts_free`. Threads: one at a time, but for const functions.
pub struct tc_facts(Facts);

handle::object!(tc_facts, b"tc_fact\0");

/// A value from its JSON form.
fn value(json: &str) -> Outcome<PlainValue> {
    serde_json::from_str(json).map_err(|error| Failure::misuse(tc_status::TC_ERR_JSON, error.to_string()))
}

/// Makes the facts of a change of a table: all of its columns are missing.
///
/// Ownership: `*facts` is the caller's, to be freed with `tc_facts_free`. Threads: several at once may call it. Errors:
/// `TC_ERR_BAD_ARGUMENT` where `op` is none, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_facts *facts; tc_facts_new(TC_OP_INSERT, table, &facts);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_facts_new(op: AnyOp, table: *const tc_table, facts: *mut *mut tc_facts) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe { give_to(facts, || Ok(tc_facts(Facts::new(tc_op::read(op)?, &lend(table)?.0)))) })
}

/// Frees facts. NULL is fine.
///
/// Example: `tc_facts_free(facts);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_facts_free(facts: *mut tc_facts) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(facts) }
}

/// Gives a column of an image a value, in JSON as the native form has it: `2000.50`, `"text"`, `null`, `{"$base64":"..."}`.
///
/// Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where the table has no such column,
/// `TC_ERR_JSON` where the value is none, `TC_ERR_BAD_ARGUMENT` where `image` is none.
/// Example: `tc_facts_column(facts, TC_IMAGE_AFTER, "SALARY", "2000.50", &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_facts_column(
    facts: *mut tc_facts,
    image: AnyImage,
    column: *const c_char,
    json: *const c_char,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let (column, value) = (text(column, "column")?, value(text(json, "json")?)?);
            let mut facts = exclusive(facts)?;
            let known = facts.0.clone();
            facts.0 = match image {
                image if image == tc_image::TC_IMAGE_BEFORE as u32 => known.before(column, value)?,
                image if image == tc_image::TC_IMAGE_AFTER as u32 => known.after(column, value)?,
                _ => return Err(Failure::argument(format!("{image} is no tc_image"))),
            };
            Ok(())
        })
    }
}

/// Answers `@GETENV (group, item)`, with a value in JSON.
///
/// Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where a change has no such item, `TC_ERR_JSON`
/// where the value is none.
/// Example: `tc_facts_environment(facts, "GGHEADER", "OPTYPE", "\"INSERT\"", &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_facts_environment(
    facts: *mut tc_facts,
    group: *const c_char,
    item: *const c_char,
    json: *const c_char,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let (group, item, value) = (text(group, "group")?, text(item, "item")?, value(text(json, "json")?)?);
            let mut facts = exclusive(facts)?;
            facts.0 = facts.0.clone().environment(group, item, value)?;
            Ok(())
        })
    }
}

/// Answers `@TOKEN (name)`.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_facts_token(facts, "TK-HOST", "north");`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_facts_token(facts: *mut tc_facts, name: *const c_char, value: *const c_char) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let (name, value) = (text(name, "name")?, text(value, "value")?);
        let mut facts = exclusive(facts)?;
        facts.0 = facts.0.clone().token(name, value);
        Ok(())
    })
}

/// The decision of a selection on facts.
///
/// Threads: several at once may call it, with a buffer each. `words`, to which the decision is appended in words, may be NULL.
/// Errors: `TC_ERR_BAD_ARGUMENT` where `verdict` does not start with its size, `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_select_decide_facts(select, facts, &verdict, NULL);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_select_decide_facts(
    select: *const tc_select,
    facts: *const tc_facts,
    verdict: *mut tc_verdict,
    words: *mut tc_buffer,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        give_verdict(verdict, words, || {
            let (select, facts) = (lend(select)?, lend(facts)?);
            Ok(select.0.bind(facts.0.table()).verdict_of(&facts.0))
        })
    })
}
