//! Files of trailcore's own pipelines: they are checked and compared like the files of GoldenGate, each pipeline and sink by its name.
//! A variable such as `${PASSWORD}` is not replaced, so that its value is never known here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use toml::de::{DeTable, DeValue};
use trailcore::Result;
use trailcore_stream::pipeline::Pipelines;

use super::change::{ConfigChange, ConfigChangeKind};
use super::collect::Lint;
use super::finding::ConfigRule;
use super::{Lines, MASK, ParameterFile, masked};

/// Words in the name of a member whose value is a secret.
const SECRET: [&str; 7] = ["connection", "password", "secret", "token", "credential", "passphrase", "jaas"];

/// Reads the pipelines of a text, by name, with the members that it leaves out.
pub(crate) fn read(text: &str) -> Result<BTreeMap<String, Value>> {
    // `$${` stands for `${` in the text.
    let literal = text.replace("$${", "${").replace("${", "$${");
    let document = serde_json::to_value(Pipelines::from_toml(&literal)?).unwrap_or_default();
    let list = document.get("pipeline").and_then(Value::as_array).cloned().unwrap_or_default();
    let name = |value: &Value| value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(list.into_iter().map(|value| (name(&value), value)).collect())
}

/// Reports the first mistake of a file.
pub(crate) fn check(file: &ParameterFile, lint: &mut Lint<'_>) {
    let Err(error) = read(file.text()) else { return };
    // "… (line 3, column 1)": the place is that of the finding.
    let message = error.to_string();
    let place = message.split_once("(line ").and_then(|(_, rest)| rest.split_once(", column "));
    let number = |text: &str| text.split(')').next()?.trim().parse::<usize>().ok();
    let place = place.and_then(|(line, rest)| Some((number(line)?, number(rest)?)));
    let at = place.map_or(0, |(line, column)| {
        let start: usize = file.text().split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        start
            + file
                .text()
                .get(start..)
                .unwrap_or_default()
                .chars()
                .take(column.saturating_sub(1))
                .map(char::len_utf8)
                .sum::<usize>()
    });
    lint.add(ConfigRule::PipelineMistake, at, masked(&message));
}

/// Compares two versions of a file by pipelines, sinks and members. A file with a mistake is compared line by line.
pub(crate) fn changes(before: &ParameterFile, after: &ParameterFile) -> Vec<ConfigChange> {
    let members = |file: &ParameterFile| if file.text().is_empty() { Some(BTreeMap::new()) } else { members(file.text()) };
    let (Some(was), Some(is)) = (members(before), members(after)) else {
        return changed_lines(before, after);
    };
    let (lines_before, lines_after) = (lines(before.text()), lines(after.text()));
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let (mut changes, mut whole): (Vec<ConfigChange>, Option<&String>) = (Vec::new(), None);
    for name in names {
        // A pipeline or sink that is new or gone is one change.
        if whole.is_some_and(|whole| name.starts_with(&format!("{whole}."))) {
            continue;
        }
        let (old, new) = (was.get(name), is.get(name));
        let kind = match (old, new) {
            (Some(old), Some(new)) if old == new => continue,
            (None, Some(_)) => ConfigChangeKind::Added,
            (Some(_), None) => ConfigChangeKind::Removed,
            _ if is_secret(name) => ConfigChangeKind::SecretChanged,
            _ => ConfigChangeKind::Changed,
        };
        if [old, new].into_iter().flatten().all(|value| value.is_object()) {
            whole = Some(name);
        }
        let text = |value: Option<&Value>| value.map(|value| shown(name, value));
        let line = |lines: &BTreeMap<String, u64>, value: Option<&Value>| value.and_then(|_| line_of(lines, name));
        changes.push(ConfigChange {
            kind,
            keyword: name.clone(),
            before: text(old),
            before_line: line(&lines_before, old),
            after: text(new),
            after_line: line(&lines_after, new),
        });
    }
    changes
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|word| name.contains(word)) || name.ends_with(".key")
}

fn shown(name: &str, value: &Value) -> String {
    let member = name.rsplit('.').next().unwrap_or(name);
    match value {
        Value::Object(_) => name.to_owned(),
        _ if is_secret(name) => format!("{member} = {MASK}"),
        value => format!("{member} = {}", masked(&value.to_string())),
    }
}

/// Returns the members of a file by their names, such as `postings.sink.jsonl.path`; an object is a member, too.
fn members(text: &str) -> Option<BTreeMap<String, Value>> {
    let mut found = BTreeMap::new();
    for (name, pipeline) in read(text).ok()? {
        flatten(&name, &pipeline, &mut found);
    }
    Some(found)
}

fn flatten(path: &str, value: &Value, out: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            out.insert(path.to_owned(), Value::Object(serde_json::Map::new()));
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("sink", Value::Array(sinks)) => {
                        let kinds = sinks.iter().map(|sink| sink.get("kind").and_then(Value::as_str).unwrap_or_default());
                        for (name, sink) in named(kinds).zip(sinks) {
                            flatten(&format!("{path}.sink.{name}"), sink, out);
                        }
                    }
                    ("name", _) | (_, Value::Null) => {}
                    _ => flatten(&format!("{path}.{name}"), member, out),
                }
            }
        }
        value => drop(out.insert(path.to_owned(), value.clone())),
    }
}

/// Returns the names of sinks: the kind, with a number from the second one of a kind on.
fn named<'a>(kinds: impl Iterator<Item = &'a str>) -> impl Iterator<Item = String> {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    kinds.map(move |kind| {
        let number = seen.entry(kind).or_default();
        *number += 1;
        if *number == 1 { kind.to_owned() } else { format!("{kind}-{number}") }
    })
}

/// Returns the lines of the members that a text has.
fn lines(text: &str) -> BTreeMap<String, u64> {
    let (starts, mut found) = (Lines::of(text), BTreeMap::new());
    let Ok(document) = DeTable::parse(text) else { return found };
    let pipelines = document.get_ref().get("pipeline").and_then(|value| value.get_ref().as_array());
    for pipeline in pipelines.into_iter().flatten() {
        let Some(table) = pipeline.get_ref().as_table() else { continue };
        let Some(name) = table.get("name").and_then(|name| name.get_ref().as_str()) else { continue };
        found.insert(name.to_owned(), starts.place(text, pipeline.span().start).0);
        member_lines(name, table, &|at| starts.place(text, at).0, &mut found);
    }
    found
}

fn member_lines(path: &str, table: &DeTable<'_>, line: &impl Fn(usize) -> u64, out: &mut BTreeMap<String, u64>) {
    for (name, value) in table {
        let own = format!("{path}.{}", name.get_ref());
        if let (true, DeValue::Array(sinks)) = (name.get_ref() == "sink", value.get_ref()) {
            let tables: Vec<_> = sinks.iter().filter_map(|sink| Some((sink.span().start, sink.get_ref().as_table()?))).collect();
            let kind =
                |table: &DeTable<'_>| table.get("kind").and_then(|kind| kind.get_ref().as_str()).unwrap_or_default().to_owned();
            let kinds: Vec<String> = tables.iter().map(|(_, table)| kind(table)).collect();
            for (name, (start, table)) in named(kinds.iter().map(String::as_str)).zip(tables) {
                let own = format!("{own}.{name}");
                out.insert(own.clone(), line(start));
                member_lines(&own, table, line, out);
            }
            continue;
        }
        out.insert(own.clone(), line(name.span().start));
        if let Some(table) = value.get_ref().as_table() {
            member_lines(&own, table, line, out);
        }
    }
}

/// Returns the line of a member, or of what it is a part of.
fn line_of(lines: &BTreeMap<String, u64>, name: &str) -> Option<u64> {
    let parts = name.rmatch_indices('.').map(|(at, _)| at);
    std::iter::once(name.len()).chain(parts).find_map(|end| lines.get(name.get(..end)?)).copied()
}

/// Compares lines of texts that have a mistake.
fn changed_lines(before: &ParameterFile, after: &ParameterFile) -> Vec<ConfigChange> {
    let lines = |file: &ParameterFile| -> Vec<String> {
        let text = file.to_string();
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
    };
    let (was, is) = (lines(before), lines(after));
    let change = |kind, text: &String, is_new: bool| ConfigChange {
        kind,
        keyword: "line".to_owned(),
        before: (!is_new).then(|| text.clone()),
        before_line: None,
        after: is_new.then(|| text.clone()),
        after_line: None,
    };
    let gone = was.iter().filter(|line| !is.contains(line)).map(|line| change(ConfigChangeKind::Removed, line, false));
    gone.chain(is.iter().filter(|line| !was.contains(line)).map(|line| change(ConfigChangeKind::Added, line, true))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigDiffRequest, FileKind, LintRequest, diff, lint};
    use crate::input::Input;

    const FILE: &str = "# nightly\n[[pipeline]]\nname = \"postings\"\ntrail = \"dirdat/lt\"\nselect = \"TABLE BANK.POSTINGS;\"\n\n\
        [[pipeline.sink]]\nkind = \"jsonl\"\npath = \"out\"\n\n\
        [[pipeline.sink]]\nkind = \"postgres\"\nconnection = \"host=db password=${PW}\"\nposition = \"p\"\n";

    fn compared(before: &str, after: &str) -> Vec<(ConfigChangeKind, String, Option<u64>, Option<u64>)> {
        let request = ConfigDiffRequest {
            before: vec![Input::text("old/pipelines.toml", before)],
            after: vec![Input::text("pipelines.toml", after)],
        };
        let report = diff(&request);
        assert!(report.refused.is_empty(), "{:?}", report.refused);
        let changes = report.files.into_iter().flat_map(|file| file.changes);
        changes.map(|own| (own.kind, own.keyword, own.before_line, own.after_line)).collect()
    }

    #[test]
    fn members_are_compared_by_their_meaning() {
        use ConfigChangeKind::{Added, Changed, Removed, SecretChanged};
        let same =
            FILE.replace("# nightly\n", "").replace("select = \"TABLE BANK.POSTINGS;\"", "select = \"table BANK.POSTINGS ;\"");
        let same = same.replace(
            "\n\n[[pipeline.sink]]\nkind = \"jsonl\"",
            "\ncommit = { changes = 1000000 }\n[[pipeline.sink]]\nkind = \"jsonl\"",
        );
        assert_eq!(compared(FILE, &same), []);
        let one = |kind, name: &str, was, is| vec![(kind, name.to_owned(), was, is)];
        assert_eq!(
            compared(FILE, &FILE.replace("\"out\"", "\"lake\"")),
            one(Changed, "postings.sink.jsonl.path", Some(9), Some(9))
        );
        let other = FILE.replace("host=db", "host=other");
        assert_eq!(compared(FILE, &other), one(SecretChanged, "postings.sink.postgres.connection", Some(13), Some(13)));
        let more = format!("{FILE}[[pipeline.sink]]\nkind = \"csv\"\npath = \"csv\"\n");
        assert_eq!(compared(FILE, &more), one(Added, "postings.sink.csv", None, Some(15)));
        let two = format!("{FILE}{}", FILE.replace("postings", "other"));
        assert_eq!(compared(&two, FILE), one(Removed, "other", Some(16), None));
        let limit = FILE.replace("trail =", "commit = { changes = 5 }\ntrail =");
        assert_eq!(compared(FILE, &limit), one(Changed, "postings.commit.changes", Some(2), Some(4)));
        assert_eq!(compared(FILE, &FILE.replace("trail =", "trial =")).len(), 2, "a file with a mistake, line by line");
    }

    #[test]
    fn mistakes_have_a_place() {
        let found = |text: &str| {
            let report = lint(&LintRequest { inputs: vec![Input::text("pipelines.toml", text)], sarif: false });
            assert_eq!(report.files[0].kind, FileKind::Pipelines);
            report.findings.iter().map(|own| (own.rule.name(), own.line, own.text.clone())).collect::<Vec<_>>()
        };
        assert_eq!(found(FILE), []);
        let wrong = found(&FILE.replace("trail =", "trial ="));
        assert_eq!((wrong.len(), wrong[0].0.as_str(), wrong[0].1), (1, "pipeline_mistake", 4), "{wrong:?}");
        assert!(wrong[0].2.contains("did you mean trail?"), "{wrong:?}");
    }

    #[test]
    fn no_secret_comes_out() {
        let text = FILE.replace("${PW}", "Xk7qTz9w");
        for other in [text.replace("host=db", "host=o"), text.replace("trail =", "trial ="), String::new()] {
            let request = |before: &str, after: &str| ConfigDiffRequest {
                before: vec![Input::text("p.toml", before)],
                after: vec![Input::text("p.toml", after)],
            };
            for report in [diff(&request(&text, &other)), diff(&request(&other, &text))] {
                let shown = serde_json::to_string(&report).unwrap();
                assert!(!shown.contains("Xk7qTz9w"), "{shown}");
            }
            let report = lint(&LintRequest { inputs: vec![Input::text("p.toml", other)], sarif: true });
            assert!(!serde_json::to_string(&report).unwrap().contains("Xk7qTz9w"));
        }
    }
}
