//! Reports as JSON documents.

use std::ffi::c_char;

use crate::prelude::*;
use crate::trail::tc_trail;

/// Answers a request: a verb and a JSON document, by appending a JSON document to a buffer. `docs/schema` has the schemas of both.
///
/// The verbs are `check`, `count`, `info`, `state`, `history`, `diff`, `index`, `volume` and `transactions`. `state` (the rows of a table as of a
/// place), `history` (the changes of one row) and `diff` (two trails) have arguments:
/// `{"path":"dirdat/lt","arguments":{"table":"HR.EMP","at":"csn:1000"}}`. Damage is not an error of `check` and `count`: their
/// reports state it.
///
/// The verbs of operations are `ops.` and the name of a schema of `docs/schema`: `ops.health`, `ops.lint`, `ops.backup`, `ops.explain` and others,
/// all in docs/operations.md. Their requests have artefacts of GoldenGate in place of a trail: `{"inputs":[{"path":"ggserr.log"}]}`.
///
/// Errors: `TC_ERR_INVALID_ARGUMENT` for an unknown verb or a request that does not have the form of its schema, and the errors
/// of opening and reading.
/// Example: `tc_call("count", "{\"path\":\"dirdat/lt\"}", report, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_call(
    verb: *const c_char,
    request: *const c_char,
    response: *mut tc_buffer,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        let mut response = borrow_mut(response)?;
        response.append_text(&trailcore_ops::answer(text(verb, "verb")?, text(request, "request")?)?)
    })
}

/// Answers a request about an open trail, as `tc_call`.
///
/// `options` may be NULL for the default. Errors: as `tc_call`.
/// Example: `tc_trail_call(trail, "check", NULL, report, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_call(
    trail: *const tc_trail,
    verb: *const c_char,
    options: *const c_char,
    response: *mut tc_buffer,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        let (trail, verb, mut response) = (borrow(trail)?, text(verb, "verb")?, borrow_mut(response)?);
        response.append_text(&trailcore::call_on(verb, &trail.0, trail.options(options)?)?)
    })
}
