//! Calls by documents: one function for every report, the same in every language.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::analysis::{
    DiffOptions, HistoryOptions, StateOptions, TransactionsOptions, TransactionsReport, VolumeOptions, VolumeReport,
};
use crate::document;
use crate::error::{Error, ErrorKind, Result};
use crate::report::{CheckDocument, CountReport, InfoReport};
use crate::sink::IndexOptions;
use crate::source::{ReadOptions, Trail};

/// The request of every verb: a trail, and the options to read it.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Path of a trail: a file, a prefix such as `dirdat/lt`, or a directory.
    pub path: String,
    /// The options to read it.
    #[serde(default)]
    pub options: serde_json::Map<String, serde_json::Value>,
    /// The arguments of the verb, if it has any: an object of the schema `VERB-options`.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Map<String, serde_json::Value>>"))]
    pub arguments: Option<Box<RawValue>>,
}

/// The arguments of `diff`: the other trail beside the options of the comparison.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DiffArguments {
    /// Path of the other trail, which is on the right.
    pub other: String,
    /// The options to read it; those of the request if they are not set.
    #[serde(default)]
    pub other_options: Option<serde_json::Map<String, serde_json::Value>>,
    /// How the trails are compared.
    #[serde(default)]
    pub compare: DiffOptions,
}

/// The verbs of [`call`], each with a description of its report.
pub const VERBS: &[(&str, &str)] = &[
    ("check", "whether a trail is whole: a check document"),
    ("count", "the changes of a trail, or of a selection, by table and operation: a count report"),
    ("info", "the headers of a trail's files: an info report"),
    ("diff", "the differences between two trails: a diff report; arguments of diff-arguments"),
    ("history", "the changes of one row: a history document; arguments of history-options"),
    ("index", "writes side indexes into a folder: an index report; arguments of index-options"),
    ("state", "the rows of a table as of a place: a state document; arguments of state-options"),
    ("transactions", "the transactions of a trail: a transactions report; arguments of transactions-options"),
    ("volume", "changes and bytes by table and interval of time: a volume report; arguments of volume-options"),
];

/// Answers a request: a verb and a JSON document in, a JSON document out. `docs/schema/` has the schemas of both.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # trailcore_samples::write_bank(dir.path(), &trailcore_samples::Bank::small()).unwrap();
/// # let path = dir.path().join("bk").display().to_string();
/// let request = format!(r#"{{"path": {path:?}, "options": {{"select": "TABLE BANK.POSTINGS;"}}}}"#);
/// let report = trailcore::call("count", &request)?;
/// assert!(report.contains("BANK.POSTINGS"));
/// # Ok::<(), trailcore::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] for an unknown verb or a request that does not have the form of its schema, and the errors of
/// the verb. Damage is not an error of `check` and `count`: their reports state it.
pub fn call(verb: &str, request: &str) -> Result<String> {
    check_verb(verb)?;
    let request: Request = document::parse(request)?;
    let options = ReadOptions::from_json(&document::write(&request.options)?)?;
    let trail = Trail::open(&request.path)?;
    call_with(verb, &trail, options, request.arguments.as_deref().map(RawValue::get))
}

fn check_verb(verb: &str) -> Result<()> {
    if !VERBS.iter().any(|(known, _)| *known == verb) {
        let known: Vec<_> = VERBS.iter().map(|(known, _)| *known).collect();
        let what = format!("unknown verb {verb:?}; known are {}", known.join(", "));
        return Err(Error::new(ErrorKind::InvalidArgument, what));
    }
    Ok(())
}

/// Answers a request without arguments about a trail that is already open.
///
/// # Errors
/// The errors of [`call`].
pub fn call_on(verb: &str, trail: &Trail, options: ReadOptions) -> Result<String> {
    call_with(verb, trail, options, None)
}

/// Answers a request about a trail that is already open. `arguments` is the document with the arguments of the verb.
///
/// # Errors
/// The errors of [`call`].
pub fn call_with(verb: &str, trail: &Trail, options: ReadOptions, arguments: Option<&str>) -> Result<String> {
    check_verb(verb)?;
    if let (Some(_), "check" | "count" | "info") = (arguments, verb) {
        return Err(Error::new(ErrorKind::InvalidArgument, format!("the verb {verb} has no arguments")));
    }
    let arguments = arguments.unwrap_or("{}");
    match verb {
        "check" => document::write(&CheckDocument::of(trail, &options)?),
        "count" => partial(CountReport::of(trail, options)?),
        "info" => document::write(&InfoReport::of(trail)?),
        "diff" => {
            let arguments: DiffArguments = document::parse(arguments)?;
            let other = match &arguments.other_options {
                Some(other) => ReadOptions::from_json(&document::write(other)?)?,
                None => options.clone(),
            };
            document::write(&trail.diff(&Trail::open(&arguments.other)?, &arguments.compare, (options, other))?)
        }
        "history" => document::write(&trail.history(&HistoryOptions::from_json(arguments)?, options)?.document()?),
        "index" => trail.write_index(&IndexOptions::from_json(arguments)?.folder, &options)?.to_json(),
        "state" => document::write(&trail.state(&StateOptions::from_json(arguments)?, options)?.document()?),
        "transactions" => partial(TransactionsReport::of(trail, &TransactionsOptions::from_json(arguments)?, options)?),
        "volume" => partial(VolumeReport::of(trail, &VolumeOptions::from_json(arguments)?, options)?),
        _ => Err(Error::internal("a verb of the table is not answered")),
    }
}

/// Writes a report that may end at damage, which it states. Counts before another error would look like a result.
fn partial<T: Serialize>((report, error): (T, Option<Error>)) -> Result<String> {
    match error {
        Some(error) if !error.kind().is_damage() => Err(error),
        _ => document::write(&report),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_those_of_the_verb() {
        let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
        let trail = Trail::from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone().into())));
        let ask = |verb: &str, arguments: Option<&str>| call_with(verb, &trail, ReadOptions::new(), arguments);
        for (verb, arguments, says) in [
            ("state", r#"{"table":"BANK.ACCOUNTS"}"#, r#""rows":"#),
            ("history", r#"{"table":"BANK.CUSTOMERS","key":{"CUSTOMER_ID":3}}"#, r#""changes":"#),
            ("volume", r#"{"by":"1d"}"#, r#""by":"1d""#),
            ("transactions", r#"{"min_changes":3}"#, r#""min_changes":3"#),
        ] {
            assert!(ask(verb, Some(arguments)).unwrap().contains(says), "{verb}");
        }
        assert!(ask("volume", None).unwrap().contains(r#""by":"1h""#));
        for (verb, arguments, says) in [
            ("state", None, "table"),
            ("state", Some(r#"{"table":"X","ta":1}"#), "`ta`"),
            ("state", Some(r#"{"table":"BANK.ACCOUNTS","at":"noon"}"#), "at: "),
            ("history", Some(r#"{"table":"BANK.CUSTOMERS","key":{"CUSTOMER_ID":[3]}}"#), "key: "),
            ("volume", Some(r#"{"by":"1w"}"#), "by: "),
            ("count", Some("{}"), "no arguments"),
            ("diff", Some("{}"), "other"),
        ] {
            let error = ask(verb, arguments).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
            assert!(error.to_string().contains(says), "{verb}: {error}");
        }
    }

    #[test]
    fn errors_name_the_wrong_part_of_a_request() {
        let error = call("cuont", "{}").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains("check, count, info, diff, history, index, state"), "{error}");
        for (request, says) in [
            ("{", "not JSON"),
            ("{}", "path"),
            (r#"{"path":"x","optoins":{}}"#, "optoins"),
            (r#"{"path":"x","options":{"resnyc":true}}"#, "resnyc"),
            (r#"{"path":"x","options":{"start_at":"12"}}"#, "not a position"),
            (r#"{"path":"x","options":{"charset":"KLINGON"}}"#, "KLINGON"),
            (r#"{"path":"x","arguments":7,"argumens":{}}"#, "argumens"),
        ] {
            let error = call("info", request).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.to_string().contains(says), "{request}: {error}");
        }
        assert_eq!(call("info", r#"{"path":"no/such/trail"}"#).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
