//! A tail on trails that grow.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "live/support.rs"]
mod support;

#[path = "live/boundaries.rs"]
mod boundaries;
#[path = "live/checkpoints.rs"]
mod checkpoints;
#[path = "live/events.rs"]
mod events;
#[path = "live/growth.rs"]
mod growth;
#[path = "live/hub.rs"]
mod hub;
