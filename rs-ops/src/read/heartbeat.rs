//! `ADD HEARTBEATTABLE`: the objects of the heartbeat.

use serde::{Deserialize, Serialize};

use crate::fault::Place;
use crate::read::lines::kept;
use crate::read::scan::Scan;

/// The objects that messages or a list name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HeartbeatObjects {
    /// The place of the first line.
    #[serde(flatten)]
    pub place: Place,
    /// The objects: `GG_HEARTBEAT`, `GG_LAG` …
    pub objects: Vec<String>,
    /// The name of the database with which the seed table was filled.
    pub database: Option<String>,
}

/// Returns whether a line is a message of `ADD HEARTBEATTABLE`, or the heading of a list of its objects.
pub(crate) fn starts(text: &str) -> bool {
    let is_message = text.contains("OGG-140") && text.contains("Successfully ") && text.contains("eartbeat");
    is_message || (text.contains("OBJECT_NAME") && text.contains("OBJECT_TYPE"))
}

/// Reads messages or a list.
pub(crate) fn read_objects(scan: &mut Scan<'_>) -> HeartbeatObjects {
    let mut found =
        HeartbeatObjects { place: scan.peek().map(|line| line.place).unwrap_or_default(), ..HeartbeatObjects::default() };
    while let Some(line) = scan.peek() {
        let text = line.text.trim();
        let is_row = text.split_whitespace().any(|word| word.starts_with("GG_"));
        if !(text.is_empty()
            || starts(text)
            || is_row
            || (text.contains("OGG-140") && text.contains("Successfully "))
            || crate::read::scan::is_ruler(text))
        {
            break;
        }
        let names = text
            .split(|sign: char| !(sign.is_alphanumeric() || matches!(sign, '_' | '$' | '#')))
            .filter(|word| word.starts_with("GG_"));
        for name in names {
            if !found.objects.iter().any(|known| known == name) {
                found.objects.push(kept(name));
            }
        }
        if let Some((_, name)) = text.split_once("seed table with ") {
            found.database = Some(kept(name.trim_matches(['[', ']', '"', '.', ' '])));
        }
        scan.skip();
    }
    found
}
