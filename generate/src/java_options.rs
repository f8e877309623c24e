//! Java's options, from the schemas of the core's options: a method for each property, and an enum for each choice.

use schemars::{JsonSchema, schema_for};
use serde_json::Value;
use trailcore::ReadOptions;
use trailcore::arrow::ArrowOptions;
use trailcore::batch::BatchOptions;
use trailcore::filter::SelectOptions;
use trailcore::sink::WriterOptions;
use trailcore_stream::TailOptions;

use crate::errors::Regions;

/// Properties that Java has as objects, with methods of their own.
pub(crate) const BY_HAND: [&str; 7] = ["definitions", "select", "dialect", "home", "tables", "read", "policies"];

/// Returns the regions of the bindings' files.
pub(crate) fn regions() -> Vec<Regions> {
    vec![
        ("java/src/main/java/io/trailcore/ReadOptions.java", vec![("options", options::<ReadOptions>("ReadOptions"))]),
        ("java/src/main/java/io/trailcore/BatchOptions.java", vec![("options", options::<BatchOptions>("BatchOptions"))]),
        ("java/src/main/java/io/trailcore/Select.java", vec![("options", options::<SelectOptions>("Select"))]),
        ("java/src/main/java/io/trailcore/WriterOptions.java", vec![("options", options::<WriterOptions>("WriterOptions"))]),
        ("java/src/main/java/io/trailcore/ArrowOptions.java", vec![("options", options::<ArrowOptions>("ArrowOptions"))]),
        ("java/src/main/java/io/trailcore/TailOptions.java", vec![("options", options::<TailOptions>("TailOptions"))]),
    ]
}

/// Returns the enums and methods of a class.
fn options<T: JsonSchema>(class: &str) -> String {
    let schema = schema_for!(T).to_value();
    let (mut enums, mut methods) = (String::new(), String::new());
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if BY_HAND.contains(&name.as_str()) {
            continue;
        }
        let (choice, choices) = choices(&schema, property);
        let described = property["description"].as_str().unwrap_or_default();
        if let Some(choice) = choice {
            enums.push_str(&java_enum(choice, &schema["$defs"][choice]["description"], &choices));
        }
        let (java, value) = match choice {
            Some(choice) => (choice.to_owned(), "Options.word(value)"),
            None => java_type(property),
        };
        methods.push_str(&method(class, name, &camel(name), described, &java, value));
        for (word, description) in choices.iter().filter_map(|choice| choice.with_number()) {
            let value = format!("java.util.Map.of(\"{word}\", value)");
            let method_name = format!("{}Of{}", camel(name), capitalized(word));
            methods.push_str(&method(class, name, &method_name, description, "int", &value));
        }
    }
    enums + &methods
}

/// One of the values of a property.
struct Choice<'a>(&'a Value);

impl<'a> Choice<'a> {
    /// Returns the word, if it is only a word.
    fn word(&self) -> Option<(&'a str, &'a str)> {
        Some((self.0["const"].as_str()?, self.0["description"].as_str()?))
    }

    /// Returns the word of a choice that has a number.
    fn with_number(&self) -> Option<(&'a str, &'a str)> {
        let (word, _) = self.0["properties"].as_object()?.iter().next()?;
        Some((word, self.0["description"].as_str()?))
    }
}

/// Returns the name and the choices of a property that has choices.
fn choices<'a>(schema: &'a Value, property: &'a Value) -> (Option<&'a str>, Vec<Choice<'a>>) {
    let name = reference(property);
    let all = name.and_then(|name| schema["$defs"][name]["oneOf"].as_array());
    match (name, all) {
        (Some(name), Some(all)) => (Some(name), all.iter().map(Choice).collect()),
        _ => (None, Vec::new()),
    }
}

/// Returns the name of the definition that a property refers to, possibly as one of several types.
pub(crate) fn reference(property: &Value) -> Option<&str> {
    let direct = property["$ref"].as_str();
    let among = || property["anyOf"].as_array()?.iter().find_map(|one| one["$ref"].as_str());
    direct.or_else(among)?.strip_prefix("#/$defs/")
}

/// Returns the Java type of a property, and the value in the document of a `value` of this type.
fn java_type(property: &Value) -> (String, &'static str) {
    let is =
        |name: &str| property["type"] == name || property["type"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let (java, value) = match reference(property) {
        Some("Position") => ("Position", "value.toString()"),
        Some("Timestamp") => ("Instant", "io.trailcore.Times.text(value)"),
        _ if is("boolean") => ("boolean", "value"),
        _ if is("integer") => ("long", "value"),
        _ if is("array") => ("String...", "java.util.List.of(value)"),
        _ => ("String", "value"),
    };
    (java.to_owned(), value)
}

fn java_enum(name: &str, description: &Value, choices: &[Choice<'_>]) -> String {
    let head = javadoc(4, &java_text(description.as_str().unwrap_or_default()), &[]);
    let words: Vec<_> = choices.iter().filter_map(Choice::word).collect();
    let constants: Vec<_> = words
        .iter()
        .map(|(word, description)| format!("{}        {}", javadoc(8, &java_text(description), &[]), word.to_uppercase()))
        .collect();
    format!("{head}    public enum {name} {{\n{}\n    }}\n\n", constants.join(",\n"))
}

fn method(class: &str, name: &str, method: &str, description: &str, java: &str, value: &str) -> String {
    let text = format!("Sets {{@code {method}}}. {}", java_text(description));
    let doc = javadoc(4, &text, &["@param value the value", "@return the new options"]);
    format!("{doc}    public {class} {method}({java} value) {{\n        return with(\"{name}\", {value});\n    }}\n\n")
}

/// Returns a comment of Javadoc, in lines of at most 120 characters.
pub(crate) fn javadoc(indent: usize, text: &str, tags: &[&str]) -> String {
    let space = " ".repeat(indent);
    if tags.is_empty() && indent + text.len() + 7 <= 120 {
        return format!("{space}/** {text} */\n");
    }
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => word.clone_into(line),
            Some(line) if indent + line.len() + word.len() + 4 <= 120 => *line += &format!(" {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    if !tags.is_empty() {
        lines.push(String::new());
        lines.extend(tags.iter().map(|&tag| tag.to_owned()));
    }
    let body: String = lines.iter().map(|line| format!("{space} * {line}").trim_end().to_owned() + "\n").collect();
    format!("{space}/**\n{body}{space} */\n")
}

/// Returns a description for Javadoc: one line, code in `{@code}`, and without links, which are Rust's.
pub(crate) fn java_text(description: &str) -> String {
    let mut text = String::new();
    for (index, part) in description.replace("[`", "`").split('`').enumerate() {
        // The target of a link follows its code.
        let part = part.strip_prefix("](").and_then(|link| link.split_once(')')).map_or(part, |(_, rest)| rest);
        text += &if index % 2 == 1 { format!("{{@code {part}}}") } else { part.to_owned() };
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// Returns a name of Java: `start_at` is `startAt`.
pub(crate) fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| text + &capitalized(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_method() {
        let read = options::<ReadOptions>("ReadOptions");
        assert!(read.contains("public ReadOptions startAt(Position value)"), "{read}");
        assert!(read.contains("with(\"include_non_changes\", value)"));
        assert!(!read.contains("select"));
        let arrow = options::<ArrowOptions>("ArrowOptions");
        assert!(arrow.contains("public enum Layout") && arrow.contains("numbersOfScale(int value)"), "{arrow}");
        assert!(arrow.contains("columns(String... value)"));
        assert!(options::<WriterOptions>("WriterOptions").contains("created(Instant value)"));
    }
}
