//! The FILTER command of the Logdump tool: spec section 7.1.
//!
//! Its grammar is that of Logdump's HELP screen and of the manual's FILTER page (SEEN). The two put the comparison on
//! different sides of its number, so both sides are taken. What they leave open is said where it is decided.

mod filter;
mod read;

pub use filter::{LogdumpFacts, LogdumpFilter};
