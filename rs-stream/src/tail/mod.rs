//! [`Tail`]: follows a trail while it is written. [`follow`] reads and delivers, [`start`] finds the place to start at, [`end`] handles
//! the end of what is there, [`join`] a reading that is shared.

mod end;
mod follow;
mod join;
mod start;

pub use self::follow::{Tail, TailHandle};
