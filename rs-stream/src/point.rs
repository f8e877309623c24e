//! Named points of a commit or a backup, at which tests end the process; and bugs that tests plant, to show that they are found.

/// Ends the process without any cleaning up if a test wants it here, by `TRAILCORE_POINT=NAME` or `TRAILCORE_POINT=NAME:COUNT`.
#[cfg(feature = "drill")]
pub fn reach(name: &str) {
    use std::sync::atomic::{AtomicU64, Ordering};
    static REACHED: AtomicU64 = AtomicU64::new(0);
    let Ok(wanted) = std::env::var("TRAILCORE_POINT") else { return };
    let (point, count) = wanted.split_once(':').unwrap_or((&wanted, "1"));
    if point == name && REACHED.fetch_add(1, Ordering::Relaxed) + 1 == count.parse().unwrap_or(1) {
        std::process::abort();
    }
}

#[cfg(not(feature = "drill"))]
pub fn reach(_name: &str) {}

/// Returns whether a test wants a bug here, by `TRAILCORE_BUG=NAME`.
#[cfg(feature = "drill")]
pub fn has_bug(name: &str) -> bool {
    std::env::var("TRAILCORE_BUG").is_ok_and(|wanted| wanted == name)
}

#[cfg(not(feature = "drill"))]
pub fn has_bug(_name: &str) -> bool {
    false
}
