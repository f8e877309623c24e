//! [`Tail`]: follows a trail while it is written. [`follow`] reads and delivers, [`start`] finds the place to start at, [`end`] handles
//! the end of what is there.

mod end;
mod follow;
mod start;

pub use self::follow::{Tail, TailHandle};
