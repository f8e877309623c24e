//! The FILTER command of the Logdump tool. See docs/filter.md, section 16.
//!
//! The grammar is that of Logdump's HELP screen and the FILTER page of the manual (SEEN). They put the comparison on different
//! sides of its number; the parser accepts both. Decisions about what they leave open are marked in the code.

mod filter;
mod read;

pub use filter::{LogdumpFacts, LogdumpFilter};
