//! The program `trailcore`.

fn main() {}
