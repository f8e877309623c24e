//! Bodies of the REST API, version 2: the envelope, its messages, status, metrics points, heartbeat rows. A counter is a number in
//! some releases and text in others; both are read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::{FaultKind, Faults, Place};
use crate::moment::Moment;
use crate::number::{Language, Number};
use crate::read::lines::kept;

/// Metrics points of a body that are kept.
const POINTS: usize = 100_000;

/// A body.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RestBody {
    /// The schema that the response names, such as `ogg:replicatStatus`.
    pub schema: Option<String>,
    /// The kind of resource in the address of the body: `extracts`, `replicats`, `sources` …
    pub collection: Option<String>,
    /// The name of the resource: a group or a path.
    pub resource: Option<String>,
    /// The body has a response. Writes have none.
    pub has_response: bool,
    /// The messages of the envelope, and those of the response.
    pub messages: Vec<RestMessage>,
    /// The state of a process, if the response has one.
    pub status: Option<RestStatus>,
    /// The processes of a collection, each with its state.
    pub items: Vec<RestItem>,
    /// The trails of `trailInput` and `trailOutput`.
    pub trails: Vec<RestTrail>,
    /// Heartbeat rows, if the response has some.
    pub heartbeats: Vec<HeartbeatSample>,
    /// The numbers and texts of the response by their path, such as `statisticsExtract.insertsTotal`.
    pub points: BTreeMap<String, Point>,
}

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RestMessage {
    /// The code, such as `OGG-08100`.
    pub code: Option<String>,
    /// The severity as text.
    pub severity: Option<String>,
    /// The text.
    pub title: String,
    /// The time.
    pub issued: Option<Moment>,
}

/// The state of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RestStatus {
    /// The state as text: `running`, `stopped` …
    pub status: String,
    /// The lag in milliseconds.
    pub lag: Option<u64>,
    /// The time since the lag was reported, in milliseconds.
    pub since: Option<u64>,
    /// The time of the last start. A process that was never started has none.
    pub started: Option<Moment>,
    /// The process id.
    pub process: Option<u64>,
    /// The directory and name of the trail.
    pub trail: Option<String>,
    /// The sequence number.
    pub seqno: Option<u64>,
    /// The byte offset.
    pub rba: Option<u64>,
}

/// A process of a collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RestItem {
    /// The name.
    pub name: String,
    /// The state as text.
    pub status: String,
}

/// The position of a process in a trail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RestTrail {
    /// The process writes the trail; otherwise it reads it.
    pub is_output: bool,
    /// The directory and name of the trail.
    pub trail: String,
    /// The sequence number.
    pub seqno: Option<u64>,
    /// The byte offset.
    pub rba: Option<u64>,
}

/// A row of the heartbeat: lags in milliseconds. Unknown values are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HeartbeatSample {
    /// The source database.
    pub source: Option<String>,
    /// The target database.
    pub target: Option<String>,
    /// The groups on the way.
    pub path: Vec<String>,
    /// The whole lag. Negative if clocks differ.
    pub lag: Option<i64>,
    /// The age of the last heartbeat.
    pub age: Option<i64>,
    /// The lag of Extract.
    pub extract_lag: Option<i64>,
    /// The lag of Replicat.
    pub replicat_lag: Option<i64>,
}

/// A value of a response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Point {
    /// A whole number.
    Whole(u64),
    /// Another number.
    Decimal(f64),
    /// True or false.
    Flag(bool),
    /// Text.
    Text(String),
}

/// The reason why a text is not a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotABody {
    /// The text is not JSON.
    Broken,
    /// The document is a request.
    Request,
    /// The document is something else.
    Other,
}

/// Reads a body.
pub(crate) fn read(bytes: &[u8], faults: &mut Faults) -> Result<RestBody, NotABody> {
    let text = String::from_utf8_lossy(bytes);
    let value: Value = match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(value) => value,
        Err(error) => {
            let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
            let place = Place { line: error.line() as u64, offset: (before + error.column().saturating_sub(1)) as u64 };
            faults.add(place, FaultKind::BrokenJson, category(&error));
            return Err(NotABody::Broken);
        }
    };
    let mut found = RestBody::default();
    if let Some(rows) = value.as_array() {
        found.heartbeats = rows.iter().filter_map(|row| heartbeat(row, faults)).collect();
        return if found.heartbeats.is_empty() { Err(NotABody::Other) } else { Ok(found) };
    }
    let members = value.as_object().ok_or(NotABody::Other)?;
    let is_envelope = members.contains_key("messages")
        || members.contains_key("response")
        || text_of(&value, "$schema")
            .is_some_and(|schema| ["api:", "ogg:", "mpoints:", "pms:"].iter().any(|lead| schema.starts_with(lead)));
    if !is_envelope {
        return Err(if members.contains_key("name") { NotABody::Request } else { NotABody::Other });
    }
    address(&value, &mut found);
    messages(value.get("messages"), &mut found, faults);
    // A body may be the response itself, without its envelope.
    let is_bare =
        !members.contains_key("response") && text_of(&value, "$schema").is_some_and(|schema| !schema.starts_with("api:"));
    if let Some(response) = value.get("response").or(is_bare.then_some(&value)).filter(|response| !response.is_null()) {
        found.has_response = true;
        found.schema = text_of(response, "$schema");
        found.status = status(response, faults);
        messages(response.get("messages"), &mut found, faults);
        messages(response.get("items"), &mut found, faults);
        items(response, &mut found);
        trails(response, &mut found, faults);
        heartbeats(response, &mut found, faults);
        points(response, String::new(), &mut found.points);
    }
    Ok(found)
}

fn category(error: &serde_json::Error) -> &'static str {
    if error.is_eof() { "the text ends" } else { "syntax" }
}

fn text_of(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(kept)
}

/// Reads a number that may be text.
fn number_of(value: &Value, name: &str, faults: &mut Faults) -> Option<Number> {
    let text = match value.get(name)? {
        Value::Null => return None,
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => {
            faults.add(Place::default(), FaultKind::NotANumber, name);
            return None;
        }
    };
    Number::parse(&text, Language::English).map_err(|kind| faults.add(Place::default(), kind, name)).ok()
}

fn whole_of(value: &Value, name: &str, faults: &mut Faults) -> Option<u64> {
    number_of(value, name, faults)?.whole().map_err(|kind| faults.add(Place::default(), kind, name)).ok()
}

fn millis_of(value: &Value, names: &[&str], faults: &mut Faults) -> Option<i64> {
    let name = names.iter().find(|name| value.get(**name).is_some_and(|value| !value.is_null()))?;
    number_of(value, name, faults)?.thousandths().map_err(|kind| faults.add(Place::default(), kind, name)).ok()
}

/// Takes collection and resource from the address of the body.
fn address(value: &Value, found: &mut RestBody) {
    let links = value.get("links").and_then(Value::as_array).into_iter().flatten();
    let Some(address) = links.filter_map(|link| link.get("href")?.as_str()).find(|address| address.contains("/services/")) else {
        return;
    };
    let mut parts = address.split("/services/").nth(1).unwrap_or("").split('/').skip_while(|part| *part != "v2").skip(1);
    found.collection = parts.next().map(kept);
    found.resource = parts.next().map(kept);
}

fn messages(value: Option<&Value>, found: &mut RestBody, faults: &mut Faults) {
    for message in value.and_then(Value::as_array).into_iter().flatten() {
        if message.get("title").is_none() || (message.get("code").is_none() && message.get("severity").is_none()) {
            continue;
        }
        let issued = text_of(message, "issued");
        let time = issued.as_deref().and_then(|text| text.parse::<Moment>().ok());
        if issued.is_some() && time.is_none() {
            faults.add(Place::default(), FaultKind::NotATime, "issued");
        }
        found.messages.push(RestMessage {
            code: text_of(message, "code"),
            severity: text_of(message, "severity"),
            title: text_of(message, "title").unwrap_or_default(),
            issued: time,
        });
    }
}

fn status(response: &Value, faults: &mut Faults) -> Option<RestStatus> {
    let status = text_of(response, "status")?;
    if !matches!(
        status.as_str(),
        "running" | "stopped" | "abended" | "starting" | "killed" | "paused" | "stopping" | "uninitialized"
    ) {
        faults.add(Place::default(), FaultKind::UnknownState, &status);
    }
    let seconds = |value: Option<u64>| value.and_then(|value| value.checked_mul(1_000));
    let started = text_of(response, "lastStarted");
    let time = started.as_deref().and_then(|text| text.parse().ok());
    if started.is_some() && time.is_none() {
        faults.add(Place::default(), FaultKind::NotATime, "lastStarted");
    }
    let position = response.get("position").filter(|position| position.is_object());
    let trail = position.and_then(|position| {
        let (path, name) = (text_of(position, "path").unwrap_or_default(), text_of(position, "name")?);
        Some(if path.is_empty() { name } else { format!("{}/{name}", path.trim_end_matches('/')) })
    });
    Some(RestStatus {
        status,
        lag: seconds(whole_of(response, "lag", faults)),
        since: seconds(whole_of(response, "sinceLagReported", faults)),
        started: time,
        process: whole_of(response, "processId", faults),
        trail,
        seqno: position.and_then(|position| whole_of(position, "sequence", faults)),
        rba: position.and_then(|position| whole_of(position, "offset", faults)),
    })
}

fn items(response: &Value, found: &mut RestBody) {
    for item in response.get("items").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(name), Some(status)) = (text_of(item, "name"), text_of(item, "status")) {
            found.items.push(RestItem { name, status });
        }
    }
}

/// Reads trails: one in the response itself, or several in an array, as newer releases have them.
fn trails(response: &Value, found: &mut RestBody, faults: &mut Faults) {
    for (schema, array, is_output) in
        [("mpoints:trailOutput", "trailOutputs", true), ("mpoints:trailInput", "trailInputs", false)]
    {
        let single = (found.schema.as_deref() == Some(schema)).then_some(response);
        let several = response.get(array).and_then(Value::as_array).into_iter().flatten();
        for trail in single.into_iter().chain(several) {
            let Some(name) = text_of(trail, "trailName") else { continue };
            let path = text_of(trail, "trailPath").unwrap_or_default();
            let path = if path.is_empty() { name } else { format!("{}/{name}", path.trim_end_matches('/')) };
            let (seqno, rba) = (whole_of(trail, "trailSeq", faults), whole_of(trail, "trailRba", faults));
            found.trails.push(RestTrail { is_output, trail: path, seqno, rba });
        }
    }
}

fn heartbeats(response: &Value, found: &mut RestBody, faults: &mut Faults) {
    for name in ["heartbeats", "heartbeatData", "items", "rows"] {
        for row in response.get(name).and_then(Value::as_array).into_iter().flatten() {
            found.heartbeats.extend(heartbeat(row, faults));
        }
    }
    if found.heartbeats.is_empty() {
        found.heartbeats.extend(heartbeat(response, faults));
    }
}

/// Reads a heartbeat row: of the REST API, or of the view GG_LAG with its columns as members.
fn heartbeat(row: &Value, faults: &mut Faults) -> Option<HeartbeatSample> {
    // A database returns the names of columns in capitals.
    let lower: Value =
        row.as_object()?.iter().map(|(name, value)| (name.to_lowercase().replace('_', ""), value.clone())).collect();
    let has = |names: &[&str]| names.iter().any(|name| lower.get(*name).is_some());
    if !has(&["lagseconds", "incominglag"]) || !has(&["ageseconds", "incomingheartbeatage"]) {
        return None;
    }
    let path = text_of(&lower, "path").or_else(|| text_of(&lower, "incomingpath")).unwrap_or_default();
    Some(HeartbeatSample {
        source: text_of(&lower, "source").or_else(|| text_of(&lower, "remotedatabase")),
        target: text_of(&lower, "target").or_else(|| text_of(&lower, "localdatabase")),
        path: path.split("==>").map(kept).filter(|part| !part.is_empty()).collect(),
        lag: millis_of(&lower, &["lagseconds", "incominglag"], faults),
        age: millis_of(&lower, &["ageseconds", "incomingheartbeatage"], faults),
        extract_lag: millis_of(&lower, &["lagextract"], faults),
        replicat_lag: millis_of(&lower, &["lagreplicat"], faults),
    })
}

/// Takes all values below a member, by path.
fn points(value: &Value, path: String, found: &mut BTreeMap<String, Point>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    if found.len() >= POINTS {
        return;
    }
    let point = match value {
        Value::Object(members) => {
            for (name, value) in members {
                if !matches!(name.as_str(), "$schema" | "links" | "messages") {
                    points(value, below(&kept(name)), found);
                }
            }
            return;
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                points(item, below(&number.to_string()), found);
            }
            return;
        }
        Value::Null => return,
        Value::Bool(flag) => Point::Flag(*flag),
        Value::Number(number) => point(&number.to_string()),
        Value::String(text) => point(text),
    };
    found.insert(path, point);
}

fn point(text: &str) -> Point {
    let is_number = text.starts_with(|sign: char| sign.is_ascii_digit() || sign == '-') && !text.contains([',', ' ']);
    let number = if is_number { Number::parse(text, Language::English).ok() } else { None };
    match number.map(Number::whole) {
        Some(Ok(whole)) => Point::Whole(whole),
        Some(Err(FaultKind::TooLarge)) => Point::Whole(u64::MAX),
        _ => match text.parse::<f64>().ok().filter(|number| is_number && number.is_finite()) {
            Some(number) => Point::Decimal(number),
            None => Point::Text(kept(text)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Result<RestBody, NotABody>, Faults) {
        let mut faults = Faults::default();
        (read(text.as_bytes(), &mut faults), faults)
    }

    #[test]
    fn status_with_numbers_and_texts() {
        for (lag, sequence) in [("7", "12"), ("\"7\"", "\"12\""), ("7.0", "1.2E1")] {
            let text = format!(
                r#"{{"messages":[{{"title":"t","code":"OGG-1","severity":"INFO","issued":"2025-09-07T18:06:16Z"}}],"links":[{{"href":"https://h/services/v2/replicats/R1/info/status"}}],
                "response":{{"$schema":"ogg:replicatStatus","lag":{lag},"lastStarted":null,"position":{{"name":"ba","offset":17,"path":"/d/","sequence":{sequence}}},"sinceLagReported":865,"status":"stopped"}}}}"#
            );
            let (body, faults) = of(&text);
            let body = body.unwrap();
            let status = body.status.unwrap();
            assert_eq!((status.lag, status.since, status.seqno, status.rba), (Some(7_000), Some(865_000), Some(12), Some(17)));
            assert_eq!((status.trail.as_deref(), status.started, body.resource.as_deref()), (Some("/d/ba"), None, Some("R1")));
            assert_eq!((body.messages[0].issued.is_some(), faults.total()), (true, 0));
        }
    }

    #[test]
    fn not_bodies() {
        let (body, faults) = of("{\n \"a\": 1 \"b\": 2}");
        assert_eq!((body, faults.first[0].line, faults.first[0].offset), (Err(NotABody::Broken), 2, 10));
        assert_eq!(of(r#"{"name":"purge","purgeType":"trails"}"#).0, Err(NotABody::Request));
        assert_eq!(of(r#"{"plain":["source"]}"#).0, Err(NotABody::Other));
        assert_eq!(of("7").0, Err(NotABody::Other));
    }

    #[test]
    fn metrics_and_heartbeats() {
        let (body, faults) = of(
            r#"{"response":{"$schema":"pms:x","processId":"186","threadStartTime":3.452343243E9,"ratio":"0.5","items":[{"lagSeconds":"1.5","ageSeconds":-2,"path":"A ==> B"}]}}"#,
        );
        let body = body.unwrap();
        assert_eq!(body.points["processId"], Point::Whole(186));
        assert_eq!(
            (&body.points["threadStartTime"], &body.points["ratio"]),
            (&Point::Whole(3_452_343_243), &Point::Decimal(0.5))
        );
        assert_eq!((body.heartbeats[0].lag, body.heartbeats[0].age), (Some(1_500), Some(-2_000)));
        assert_eq!(faults.total(), 0);
        let (body, _) = of(r#"[{"INCOMING_LAG":3,"INCOMING_HEARTBEAT_AGE":4,"REMOTE_DATABASE":"X"}]"#);
        assert_eq!(body.unwrap().heartbeats[0].lag, Some(3_000));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = read(&bytes, &mut Faults::default());
        }
    }
}
