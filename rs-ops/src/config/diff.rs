//! Compares two versions of a file by their meaning: case, blanks, comments and commas do not matter, and neither does the order of
//! parameters for which it has no meaning.

use std::collections::{BTreeMap, VecDeque};

use trailcore::filter::{Piece, PieceKind};

use super::change::{ConfigChange, ConfigChangeKind};
use super::{FileKind, MASK, ParameterFile, parameter, pipelines, properties};

/// Pairs of statements that are compared for their order; larger files are compared without it.
const MOST_COMPARED: usize = 4_000_000;

/// A statement as it is compared.
#[derive(Clone)]
struct Item {
    keyword: String,
    /// The object of a TABLE or MAP.
    subject: String,
    meaning: String,
    /// The meaning without secrets.
    masked: String,
    shown: String,
    line: u64,
    is_ordered: bool,
}

/// Compares two versions of a file. With `without_secrets`, a secret is equal to any other one, as reports print none.
pub(crate) fn changes(before: &ParameterFile, after: &ParameterFile, without_secrets: bool) -> Vec<ConfigChange> {
    if [before, after].iter().any(|file| file.kind() == FileKind::Pipelines) {
        return pipelines::changes(before, after);
    }
    let items = |file: &ParameterFile| {
        let is_compared = |piece: &&Piece| !matches!(piece.kind, PieceKind::Blank | PieceKind::Comment);
        let mut items: Vec<Item> = file.pieces().iter().filter(is_compared).map(|piece| item(file, piece)).collect();
        if without_secrets {
            items.iter_mut().for_each(|item| item.meaning.clone_from(&item.masked));
        }
        items
    };
    let split = |items: Vec<Item>| -> (Vec<Item>, Vec<Item>) { items.into_iter().partition(|item| item.is_ordered) };
    let ((ordered_before, free_before), (ordered_after, free_after)) = (split(items(before)), split(items(after)));
    let (mut removed, mut added) = unordered(free_before, free_after);
    let (gone, new) = if ordered_before.len().saturating_mul(ordered_after.len()) <= MOST_COMPARED {
        ordered(ordered_before, ordered_after)
    } else {
        unordered(ordered_before, ordered_after)
    };
    removed.extend(gone);
    added.extend(new);
    pair(removed, added)
}

fn item(file: &ParameterFile, piece: &Piece) -> Item {
    let keyword = if file.kind() == FileKind::Properties { file.raw(&piece.keyword).to_owned() } else { file.keyword(piece) };
    let shown_keyword = if file.has_secret(&piece.keyword) { MASK.to_owned() } else { keyword.clone() };
    let (line, _) = file.place(piece.range.start);
    let shown = file.piece_text(piece).split_whitespace().collect::<Vec<_>>().join(" ");
    let (mut meaning, mut masked) = (keyword.clone(), shown_keyword.clone());
    let mut subject = String::new();
    if file.kind() == FileKind::Properties {
        meaning = format!("{keyword}={}", properties::value(file, piece).unwrap_or_default());
        masked.clone_from(&shown);
    } else {
        for range in file.outline().words(piece) {
            let word = file.raw(&range);
            if matches!(word, "," | ";") {
                continue;
            }
            let is_secret = file.has_secret(&range);
            let is_verbatim = is_secret || word.contains(['/', '\\', '\'', '"']);
            let plain = if is_verbatim { word.to_owned() } else { word.to_ascii_uppercase() };
            masked = format!("{masked} {}", if is_secret { MASK } else { &plain });
            meaning = format!("{meaning} {plain}");
            if subject.is_empty() && matches!(&*keyword, "TABLE" | "MAP" | "SEQUENCE" | "MACRO") {
                subject = plain;
            }
        }
    }
    let is_ordered = parameter(&keyword).is_some_and(|parameter| parameter.is_ordered);
    Item { keyword: shown_keyword, subject, meaning, masked, shown, line, is_ordered }
}

/// Returns what is only in one of two sets.
fn unordered(before: Vec<Item>, after: Vec<Item>) -> (Vec<Item>, Vec<Item>) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    before.iter().for_each(|item| *counts.entry(item.meaning.clone()).or_default() += 1);
    let mut added = Vec::new();
    for item in after {
        match counts.get_mut(&item.meaning).filter(|count| **count > 0) {
            Some(count) => *count -= 1,
            None => added.push(item),
        }
    }
    let mut removed = Vec::new();
    for item in before.into_iter().rev() {
        if let Some(count) = counts.get_mut(&item.meaning).filter(|count| **count > 0) {
            *count -= 1;
            removed.push(item);
        }
    }
    removed.reverse();
    (removed, added)
}

/// Returns what is not in the longest common sequence of two lists.
fn ordered(before: Vec<Item>, after: Vec<Item>) -> (Vec<Item>, Vec<Item>) {
    let width = after.len() + 1;
    let mut lengths = vec![0u32; (before.len() + 1) * width];
    let at = |row: usize, column: usize| row * width + column;
    let get = |lengths: &[u32], row, column| lengths.get(at(row, column)).copied().unwrap_or(0);
    for (row, old) in before.iter().enumerate().rev() {
        for (column, new) in after.iter().enumerate().rev() {
            let length = if old.meaning == new.meaning {
                get(&lengths, row + 1, column + 1) + 1
            } else {
                get(&lengths, row + 1, column).max(get(&lengths, row, column + 1))
            };
            if let Some(cell) = lengths.get_mut(at(row, column)) {
                *cell = length;
            }
        }
    }
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    let (mut row, mut column) = (0, 0);
    loop {
        match (before.get(row), after.get(column)) {
            (Some(old), Some(new)) if old.meaning == new.meaning => (row, column) = (row + 1, column + 1),
            (Some(old), new) if new.is_none() || get(&lengths, row + 1, column) >= get(&lengths, row, column + 1) => {
                removed.push(old.clone());
                row += 1;
            }
            (_, Some(new)) => {
                added.push(new.clone());
                column += 1;
            }
            _ => return (removed, added),
        }
    }
}

/// Joins a removed and an added statement to one change.
fn pair(removed: Vec<Item>, added: Vec<Item>) -> Vec<ConfigChange> {
    let mut same: BTreeMap<String, VecDeque<usize>> = BTreeMap::new();
    let mut like: BTreeMap<(String, String), VecDeque<usize>> = BTreeMap::new();
    for (place, old) in removed.iter().enumerate() {
        same.entry(old.meaning.clone()).or_default().push_back(place);
        like.entry((old.keyword.clone(), old.subject.clone())).or_default().push_back(place);
    }
    let mut removed: Vec<Option<Item>> = removed.into_iter().map(Some).collect();
    let mut take = |places: Option<&mut VecDeque<usize>>| {
        let places = places?;
        std::iter::from_fn(|| places.pop_front()).find_map(|place| removed.get_mut(place)?.take())
    };
    let mut changes = Vec::new();
    for new in added {
        let alike = like.get_mut(&(new.keyword.clone(), new.subject.clone()));
        let old = take(same.get_mut(&new.meaning)).or_else(|| take(alike));
        let kind = match &old {
            None => ConfigChangeKind::Added,
            Some(old) if old.meaning == new.meaning => ConfigChangeKind::Moved,
            Some(old) if old.masked == new.masked => ConfigChangeKind::SecretChanged,
            Some(_) => ConfigChangeKind::Changed,
        };
        changes.push(change(kind, old, Some(new)));
    }
    changes.extend(removed.into_iter().flatten().map(|old| change(ConfigChangeKind::Removed, Some(old), None)));
    changes.sort_by_key(|change| change.after_line.or(change.before_line));
    changes
}

fn change(kind: ConfigChangeKind, before: Option<Item>, after: Option<Item>) -> ConfigChange {
    let keyword = after.as_ref().or(before.as_ref()).map(|item| item.keyword.clone()).unwrap_or_default();
    let (before_line, after_line) = (before.as_ref().map(|item| item.line), after.as_ref().map(|item| item.line));
    ConfigChange {
        kind,
        keyword,
        before: before.map(|item| item.shown),
        before_line,
        after: after.map(|item| item.shown),
        after_line,
    }
}
