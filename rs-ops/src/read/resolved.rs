//! The lines with which a process reports the objects that it found for TABLE and MAP: `Wildcard MAP resolved (entry HR.*): MAP …`.

use serde::{Deserialize, Serialize};
use trailcore::filter::{ObjectPattern, Rule, Select};

use crate::fault::Place;

/// An object that a process found for a TABLE or MAP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResolvedObject {
    /// The place of the line.
    #[serde(flatten)]
    pub place: Place,
    /// The objects of the statement as they are written there, such as `HR.*`.
    pub entry: String,
    /// The source table, without quotes.
    pub source: String,
    /// The target table, without quotes.
    pub target: Option<String>,
}

/// Returns the entry of the statement and the rest of a text about a resolved object; the rest may follow in the next line.
pub(crate) fn head(text: &str) -> Option<(&str, &str)> {
    let (words, rest) = text.split_once(" resolved (entry ")?;
    let kind = words.split_whitespace().last()?;
    let (entry, rest) = rest.split_once("):")?;
    matches!(kind.trim_matches(['(', ')']).to_ascii_uppercase().as_str(), "TABLE" | "MAP").then(|| (entry.trim(), rest.trim()))
}

/// Reads `MAP "HR"."EMP", TARGET DW."EMP"`, with the parser of the filter language.
pub(crate) fn object(place: Place, entry: &str, statement: &str) -> Option<ResolvedObject> {
    let select = Select::parse(&format!("{};", statement.trim_end_matches(['.', ';', ' ']))).ok()?;
    let rule = select.rules().next()?;
    let target = rule.target().map(ObjectPattern::exact_name);
    // Every part of a name that was resolved is exact.
    let (source, target) = (Rule::source(rule).exact_name()?, target.map_or(Some(None), |name| name.map(Some))?);
    Some(ResolvedObject { place, entry: entry.to_owned(), source, target })
}

/// Reads the text of a message about a resolved object.
pub(crate) fn message(place: Place, text: &str) -> Option<ResolvedObject> {
    let (entry, statement) = head(text)?;
    object(place, entry, statement)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        let read = |text: &str| message(Place::default(), text).map(|own| (own.entry, own.source, own.target));
        let some = |entry: &str, source: &str, target: Option<&str>| {
            Some((entry.to_owned(), source.to_owned(), target.map(str::to_owned)))
        };
        for (text, found) in [
            (r#"Wildcard MAP resolved (entry hr.*): MAP "HR"."EMP", target dw."EMP"."#, some("hr.*", "HR.EMP", Some("dw.EMP"))),
            (
                r#"Wildcard MAP resolved (entry p.hr.*): Map "P"."HR"."EMP", TARGET "HR"."EMP";"#,
                some("p.hr.*", "P.HR.EMP", Some("HR.EMP")),
            ),
            ("Wildcard MAP (TABLE) resolved (entry HR.*): TABLE \"HR\".\"A*B\".", None),
            ("Wildcard TABLE resolved (entry HR.*):\n  TABLE \"HR\".\"EMP\";", some("HR.*", "HR.EMP", None)),
            ("MAP (TABLE) resolved (entry HR.EMP): TABLE HR.EMP.", some("HR.EMP", "HR.EMP", None)),
            ("The name was resolved (entry x): y", None),
            ("MAP resolved (entry ): MAP (((", None),
        ] {
            assert_eq!(read(text), found, "{text}");
        }
    }
}
