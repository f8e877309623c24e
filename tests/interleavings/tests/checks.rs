//! Each check under many interleavings: at random, and with few changes of threads at the places where they hurt most (PCT).
//! `TRAILCORE_CASES` is the number of interleavings; 1,000 without it.

#![allow(missing_docs)]

use trailcore_interleavings as checks;

fn run(check: fn()) {
    let cases = std::env::var("TRAILCORE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000);
    shuttle::check_random(check, cases);
    shuttle::check_pct(check, cases, 3);
}

#[test]
fn every_wake_up_arrives() {
    run(checks::every_wake_up_arrives);
}

#[test]
fn a_paused_tail_is_resumed() {
    run(checks::a_paused_tail_is_resumed);
}

#[test]
fn a_subscriber_gets_all_or_knows_what_it_lost() {
    run(checks::a_subscriber_gets_all_or_knows_what_it_lost);
}

#[test]
fn one_that_is_disconnected_is_told_at_once() {
    run(checks::one_that_is_disconnected_is_told_at_once);
}

#[test]
fn acknowledgements_are_stored_or_refused() {
    run(checks::acknowledgements_are_stored_or_refused);
}

#[test]
fn handles_do_not_block_each_other() {
    run(checks::handles_do_not_block_each_other);
}
