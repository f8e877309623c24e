//! The command line's read options, from the schema of the core's: a flag for each property, and the document of all.

use schemars::schema_for;
use serde_json::Value;
use trailcore::ReadOptions;

use crate::errors::Regions;
use crate::java_options::{BY_HAND, reference};

/// Options that the command line has in another form, or not: a place to start, what `records` shows, and mapping, which needs a
/// feature.
const OTHER: [&str; 5] = ["start_at", "transactions_from", "transactions_until", "include_non_changes", "mapped"];

/// Returns the regions of the command line's file.
pub(crate) fn regions() -> Vec<Regions> {
    let schema = schema_for!(ReadOptions).to_value();
    let all = schema["properties"].as_object().into_iter().flatten();
    let all: Vec<_> = all.filter(|(name, _)| !BY_HAND.contains(&name.as_str()) && !OTHER.contains(&name.as_str())).collect();
    let flags = all.iter().map(|(name, property)| flag(name, property)).collect();
    let members = all.iter().map(|(name, _)| format!("            \"{name}\": self.{name},\n")).collect();
    vec![("cli/src/options.rs", vec![("read options", flags), ("document of read options", members)])]
}

fn flag(name: &str, property: &Value) -> String {
    let is =
        |kind: &str| property["type"] == kind || property["type"].as_array().is_some_and(|all| all.iter().any(|one| one == kind));
    let (rust, value) = match (is("boolean"), is("integer")) {
        (true, _) => ("bool", ""),
        (_, true) => ("Option<u64>", ", value_name = \"NUMBER\""),
        _ if reference(property).is_some() => ("Option<String>", ", value_name = \"NAME\""),
        _ if name == "index" => ("Option<String>", ", value_name = \"FOLDER\""),
        _ => ("Option<String>", ", value_name = \"TEXT\""),
    };
    let help = property["description"].as_str().unwrap_or_default().trim_end_matches('.').replace('\n', " ");
    format!("    /// {help}\n    #[arg(long{value})]\n    pub(crate) {name}: {rust},\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_have_types() {
        let regions = regions();
        let text = &regions[0].1[0].1;
        assert!(text.contains("    #[arg(long)]\n    pub(crate) resync: bool,\n"), "{text}");
        assert!(text.contains("    #[arg(long, value_name = \"NAME\")]\n    pub(crate) charset: Option<String>,\n"), "{text}");
        assert!(!text.contains("start_at") && !text.contains("select"));
    }
}
