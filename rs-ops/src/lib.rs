//! Reads what Oracle GoldenGate writes about itself.

mod fault;
mod moment;
mod number;
pub mod read;

pub use fault::{Fault, FaultKind, Faults, Place};
pub use moment::Moment;
