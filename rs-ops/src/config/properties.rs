//! Properties files of handlers.

use std::collections::BTreeMap;

use trailcore::filter::{Outline, Piece, PieceKind};

use super::ParameterFile;
use super::collect::Lint;
use super::finding::ConfigRule;

/// Splits a properties file into its lines: blanks, comments and properties. A backslash continues a line.
pub(crate) fn outline(text: &str) -> Outline {
    let (mut pieces, mut at) = (Vec::new(), 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blanks = rest.len() - rest.trim_start().len();
        let (kind, length) = match rest.chars().next() {
            _ if blanks > 0 => (PieceKind::Blank, blanks),
            Some('#' | '!') => (PieceKind::Comment, line(rest)),
            _ => (PieceKind::Parameter, logical_line(rest)),
        };
        let key = if kind == PieceKind::Parameter { key_length(rest.get(..length).unwrap_or_default()) } else { 0 };
        pieces.push(Piece { kind, range: at..at + length, keyword: at..at + key, fault: None });
        at += length.max(1);
    }
    Outline { plain: text.to_owned(), pieces }
}

fn line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

fn logical_line(text: &str) -> usize {
    let mut end = line(text);
    while text.get(..end).is_some_and(|line| line.trim_end_matches('\r').ends_with('\\')) && end < text.len() {
        end += 1 + line(text.get(end + 1..).unwrap_or_default());
    }
    end
}

fn key_length(line: &str) -> usize {
    line.find(|c: char| c.is_whitespace() || matches!(c, '=' | ':')).unwrap_or(line.len())
}

/// Returns the value of a property.
pub(crate) fn value<'a>(file: &'a ParameterFile, piece: &Piece) -> Option<&'a str> {
    let rest = file.raw(&(piece.keyword.end..piece.range.end)).trim_start();
    Some(rest.strip_prefix(['=', ':'])?.trim())
}

/// Checks a properties file.
pub(crate) fn check(file: &ParameterFile, lint: &mut Lint<'_>) {
    let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
    for piece in file.statements() {
        let key = file.raw(&piece.keyword);
        match value(file, piece) {
            None => lint.add(ConfigRule::PropertyWithoutValue, piece.range.start, format!("{key} has no value")),
            Some(value) => {
                if keys.insert(key, value).is_some() {
                    lint.add(ConfigRule::RepeatedProperty, piece.range.start, format!("{key} is set twice"));
                }
            }
        }
    }
    check_handlers(file, &keys, lint);
    super::check::password_properties(file, lint);
}

fn check_handlers(file: &ParameterFile, keys: &BTreeMap<&str, &str>, lint: &mut Lint<'_>) {
    let Some(list) = keys.get("gg.handlerlist") else { return };
    let listed: Vec<&str> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let mut reported = Vec::new();
    for piece in file.statements() {
        let key = file.raw(&piece.keyword);
        if key == "gg.handlerlist" {
            let untyped = listed.iter().filter(|name| !keys.contains_key(&*format!("gg.handler.{name}.type")));
            for name in untyped {
                lint.add(ConfigRule::HandlerWithoutType, piece.range.start, format!("gg.handler.{name}.type is missing"));
            }
        }
        let Some(name) = key.strip_prefix("gg.handler.").and_then(|rest| rest.split('.').next()) else { continue };
        if !listed.contains(&name) && !reported.contains(&name) {
            reported.push(name);
            lint.add(ConfigRule::HandlerNotListed, piece.range.start, format!("handler {name} is not in gg.handlerlist"));
        }
    }
}
