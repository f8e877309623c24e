//! Pipelines, which move changes on to sinks.

use std::ffi::c_char;

use trailcore_stream::pipeline::{Pipelines, Supervisor};

use crate::prelude::*;

/// Running pipelines: each moves the changes of a trail on to files, another trail or tables, exactly once. docs/pipelines.md has the
/// guarantees of each sink.
///
/// Ownership: free it with `tc_pipelines_free`, which stops them. Threads: one at a time.
pub struct tc_pipelines {
    supervisor: Supervisor,
}

handle::object!(tc_pipelines, b"tc_pipe\0");

/// Starts the pipelines of a TOML text. What they meet later is in their status.
///
/// Errors: `TC_ERR_INVALID_ARGUMENT` for a text or options that are not valid; nothing runs then.
/// Example: `tc_pipelines_start(toml, &pipelines, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_pipelines_start(
    toml: *const c_char,
    pipelines: *mut *mut tc_pipelines,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(pipelines, || Ok(tc_pipelines { supervisor: Supervisor::start(Pipelines::from_toml(text(toml, "toml")?)?)? }))
    })
}

/// Answers a request, by appending JSON to a buffer. The verbs are `status`; `pause`, `resume`, `drain` (to the end of what is there) and
/// `stop`, of all or of `{"pipeline":"NAME"}`; `difference` and `apply` of other pipelines, `{"toml":"…"}`.
///
/// `request` may be NULL for none. Errors: `TC_ERR_INVALID_ARGUMENT` for an unknown verb or pipeline; for `drain` and `stop` the error that
/// has ended a pipeline; `TC_ERR_CANCELLED` if applied pipelines did not become healthy and the old ones run again.
/// Example: `tc_pipelines_call(pipelines, "drain", NULL, status, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_pipelines_call(
    pipelines: *mut tc_pipelines,
    verb: *const c_char,
    request: *const c_char,
    response: *mut tc_buffer,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        let (verb, request) = (text(verb, "verb")?, optional_text(request, "request")?.unwrap_or_default());
        let (mut pipelines, mut response) = (borrow_mut(pipelines)?, borrow_mut(response)?);
        response.append_text(&pipelines.supervisor.call(verb, request)?)
    })
}

/// Stops pipelines, after a commit of what was read, and frees them. `tc_pipelines_call` with `stop` reports errors of that. NULL is fine.
///
/// Example: `tc_pipelines_free(pipelines);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_pipelines_free(pipelines: *mut tc_pipelines) {
    handle::free(pipelines)
}
