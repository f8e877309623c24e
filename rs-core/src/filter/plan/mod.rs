//! Turns trees into plans: binding to a table, the order of tests, the index of rules, explanation.

pub(crate) mod bind;
pub(crate) mod explain;
pub(crate) mod index;
pub(crate) mod program;
pub(crate) mod rule;
