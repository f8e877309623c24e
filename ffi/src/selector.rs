//! Selectors, which apply a selection to changes.

use trailcore::filter::{Projected, Scratch, Selector};

use crate::memory::tc_change;
use crate::prelude::*;
use crate::select::{give_verdict, tc_decision, tc_reason, tc_select, tc_verdict};
use crate::skipped::tc_counts;

/// Applies a selection to a sequence of changes.
///
/// Ownership: free it with `tc_selector_free`; it does not depend on its selection. Threads: one at a time; use one per thread.
pub struct tc_selector {
    selector: Selector,
    scratch: Scratch,
}

handle::object!(tc_selector, b"tc_slct\0");

/// The decision of one of several rules on a change.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_hit {
    /// The number of the rule.
    pub rule: usize,
    /// The decision, which is never to reject.
    pub decision: tc_decision,
    /// The reason.
    pub reason: tc_reason,
}

/// Creates a selector of a selection.
///
/// Example: `tc_selector *selector; tc_selector_new(select, &selector);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_selector_new(select: *const tc_select, selector: *mut *mut tc_selector) -> tc_status {
    status(|| give_to(selector, || Ok(tc_selector { selector: borrow(select)?.0.selector(), scratch: Scratch::default() })))
}

/// Frees a selector. NULL is fine.
///
/// Example: `tc_selector_free(selector);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_selector_free(selector: *mut tc_selector) {
    handle::free(selector)
}

/// Decides on a change. Pass all changes of a stream in order: only the first record of a transaction has its tag.
///
/// `words`, to which the decision is appended as text, may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` if `size` of `verdict` is not
/// set.
/// Example: `tc_verdict verdict; verdict.size = sizeof verdict; tc_selector_decide(selector, change, &verdict, NULL);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_selector_decide(
    selector: *mut tc_selector,
    change: *const tc_change,
    verdict: *mut tc_verdict,
    words: *mut tc_buffer,
) -> tc_status {
    status(|| give_verdict(verdict, words, || Ok(borrow_mut(selector)?.selector.verdict(&borrow(change)?.change()?))))
}

/// Returns the decisions of all rules that do not reject a change, in rule order. This is for many rules on one stream, of
/// which few match a change. `*count` is the number of hits, and at most `room` of them are written to `hits`. Only rules
/// decide: limits and tags of the selection are ignored, and `tc_selector_counts` does not change. DDL changes match no rule.
///
/// `hits` may be NULL where `room` is 0.
/// Example: `tc_hit hits[8]; size_t count; tc_selector_hits(selector, change, hits, 8, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_selector_hits(
    selector: *mut tc_selector,
    change: *const tc_change,
    hits: *mut tc_hit,
    room: usize,
    count: *mut usize,
) -> tc_status {
    status(|| {
        give(count, "count", || {
            if hits.is_null() && room > 0 {
                return Err(Failure::null("hits"));
            }
            let mut selector = borrow_mut(selector)?;
            let change = borrow(change)?.change()?;
            let program = selector.selector.program(&change);
            let mut seen = 0;
            program.each_hit(&change, &mut selector.scratch, |rule, verdict| {
                if seen < room {
                    let verdict = tc_verdict::from(&verdict);
                    hits.add(seen).write(tc_hit { rule, decision: verdict.decision, reason: verdict.reason });
                }
                seen += 1;
            });
            Ok(seen)
        })
    })
}

/// Returns the counts of the decisions so far.
///
/// Example: `tc_counts counts; tc_selector_counts(selector, &counts);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_selector_counts(selector: *mut tc_selector, counts: *mut tc_counts) -> tc_status {
    status(|| give(counts, "counts", || Ok(borrow_mut(selector)?.selector.counts().into())))
}

/// Appends to a buffer the columns and tokens that a rule outputs for a change, by its COLS, COLSEXCEPT, COLMAP and TOKENS, as
/// one line of JSON: `{"columns":{...},"tokens":{...}}`. Values are as in the native JSON form.
///
/// Errors: `TC_ERR_FILTER` if there is no such rule or an expression fails, `TC_ERR_UNDECIDABLE` if it needs information that
/// the trail lacks.
/// Example: `tc_selector_project(selector, change, verdict.rule, line, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_selector_project(
    selector: *mut tc_selector,
    change: *const tc_change,
    rule: usize,
    buffer: *mut tc_buffer,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        let mut selector = borrow_mut(selector)?;
        let change = borrow(change)?.change()?;
        let program = selector.selector.program(&change);
        let projected = program.project(&change, rule, &mut selector.scratch)?;
        borrow_mut(buffer)?.append(|bytes| write_projected(&projected, bytes))
    })
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
