//! [`word`]: the names of values as documents have them.

use serde::Serialize;

/// Returns the name of a value as documents have it, such as `stuck_reader`; empty if it is no text there.
///
/// ```
/// assert_eq!(trailcore_ops::word(&trailcore_ops::model::StreamKind::InitialLoad), "initial_load");
/// ```
#[must_use]
pub fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
