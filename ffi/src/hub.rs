//! Shared readings of a trail.

use std::ffi::c_char;

use trailcore_stream::TailOptions;

use crate::options::document;
use crate::prelude::*;
use crate::tail::{file_store, tc_tail};

/// Reads a trail once for any number of subscribers, each of which is a tail with its own selection, start, checkpoint and policies. One
/// that starts elsewhere or is too slow reads the files itself until it has caught up.
///
/// Ownership: free it with `tc_hub_free`, which stops the shared reading; its tails then read the files themselves. Threads: one at a
/// time.
pub struct tc_hub {
    hub: trailcore_stream::Hub,
}

handle::object!(tc_hub, b"tc_hub\0\0");

/// Opens the trail at a path for a shared reading. `options` as `tc_tail_open`, may be NULL; selection, delivery and policies
/// are those of each subscriber.
///
/// Errors: as `tc_tail_open`.
/// Example: `tc_hub_open("dirdat/lt", NULL, &hub, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_hub_open(
    place: *const c_char,
    options: *const c_char,
    hub: *mut *mut tc_hub,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(hub, || {
            let options = document(options, TailOptions::from_json)?;
            Ok(tc_hub { hub: trailcore_stream::Hub::open(path(place, "place")?, options)? })
        })
    })
}

/// Adds a subscriber, at any time. `options` and `checkpoint` as `tc_tail_open`; both may be NULL.
///
/// Ownership: free the tail with `tc_tail_free`; it stays valid without its hub. Errors: as `tc_tail_open`.
/// Example: `tc_hub_subscribe(hub, "{\"slow\":\"block\"}", NULL, &tail, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_hub_subscribe(
    hub: *mut tc_hub,
    options: *const c_char,
    checkpoint: *const c_char,
    tail: *mut *mut tc_tail,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(tail, || {
            let options = document(options, TailOptions::from_json)?;
            let hub = &borrow_mut(hub)?.hub;
            Ok(tc_tail::new(hub.subscribe_stored(options, file_store(checkpoint)?)?))
        })
    })
}

/// Starts the shared reading, in a thread of the library. A second call has no effect.
///
/// Errors: `TC_ERR_IO` if the thread cannot be started.
/// Example: `tc_hub_start(hub, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_hub_start(hub: *mut tc_hub, error: *mut *mut tc_error) -> tc_status {
    fallible(error, || Ok(borrow_mut(hub)?.hub.start()?))
}

/// Stops the shared reading and frees the hub. NULL is fine.
///
/// Example: `tc_hub_free(hub);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_hub_free(hub: *mut tc_hub) {
    handle::free(hub)
}
