//! Evaluates bound expressions on a change.

pub(crate) mod calls;
pub(crate) mod column;
pub(crate) mod context;
pub(crate) mod dates;
pub(crate) mod environment;
pub(crate) mod kind;
pub(crate) mod node;
pub(crate) mod outcome;
pub(crate) mod scalar;
pub(crate) mod subject;
