//! The text of a file after macros and included files, with the origin of each position.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use trailcore::filter::{Diagnostic, Expanded, expand_parameters};

use super::Lines;

/// The texts that a file can include: those of the request, and the files of its folder.
pub(crate) struct Includes<'a> {
    /// Texts of the request, by name.
    pub(crate) given: &'a BTreeMap<String, String>,
    /// The folder whose files may be read; `None` for text without a path.
    pub(crate) root: Option<PathBuf>,
}

/// The expansion of a file.
pub(crate) struct Expansion {
    /// The text and its origins; without expansion if that failed.
    pub(crate) expanded: Expanded,
    pub(crate) error: Option<Diagnostic>,
    /// Names of files that were not found, and names of files outside of the folder.
    pub(crate) missing: Vec<String>,
    pub(crate) escapes: Vec<String>,
    /// The texts that were included, by path.
    pub(crate) texts: BTreeMap<String, Included>,
}

/// The text of an included file.
pub(crate) struct Included {
    pub(crate) text: String,
    pub(crate) lines: Lines,
}

impl Expansion {
    /// Returns the expansion of a text without macros and included files.
    pub(crate) fn none(text: &str) -> Self {
        let expanded = Expanded { text: text.to_owned(), origins: Vec::new() };
        Self { expanded, error: None, missing: Vec::new(), escapes: Vec::new(), texts: BTreeMap::new() }
    }
}

/// Expands the text of a file.
pub(crate) fn expand(text: &str, includes: &Includes<'_>) -> Expansion {
    let (mut missing, mut escapes, mut texts) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut read = |name: &str, _: Option<&Path>| {
        let (path, text) = match includes.find(name) {
            Found::Text(path, text) => (path, text),
            Found::Escape => {
                escapes.push(name.to_owned());
                (PathBuf::from(name), String::new())
            }
            Found::Nothing => {
                missing.push(name.to_owned());
                (PathBuf::from(name), String::new())
            }
        };
        texts.insert(path.display().to_string(), Included { lines: Lines::of(&text), text: text.clone() });
        Ok((path, text))
    };
    let result = expand_parameters(text, &mut read);
    let (expanded, error) = match result {
        Ok(expanded) => (expanded, None),
        Err(errors) => (Expanded { text: text.to_owned(), origins: Vec::new() }, errors.errors().next().cloned()),
    };
    Expansion { expanded, error, missing, escapes, texts }
}

enum Found {
    Text(PathBuf, String),
    Escape,
    Nothing,
}

impl Includes<'_> {
    fn find(&self, name: &str) -> Found {
        let name = name.replace('\\', "/");
        let base = name.rsplit('/').next().unwrap_or_default();
        let is_same = |own: &str| own == name || own.rsplit(['/', '\\']).next() == Some(base);
        if let Some((own, text)) = self.given.iter().find(|(own, _)| is_same(own)) {
            return Found::Text(own.into(), text.clone());
        }
        let Some(root) = &self.root else { return Found::Nothing };
        // Names are relative to the home, whose folder `dirprm` has the files.
        let own = std::path::absolute(Path::new(".").join(root)).unwrap_or_else(|_| root.clone());
        let home = own.parent().unwrap_or(&own);
        let path = Path::new(&name);
        let inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside && !path.starts_with(home) {
            return Found::Escape;
        }
        let path: PathBuf = path.components().filter(|part| !matches!(part, Component::CurDir)).collect();
        let candidates = [root.join(&path), home.join(&path)];
        let Some(found) = candidates.iter().find(|path| path.is_file()) else { return Found::Nothing };
        // A link may lead out of the home.
        match (found.canonicalize(), home.canonicalize()) {
            (Ok(real), Ok(home)) if real.starts_with(&home) => match std::fs::read(&real) {
                Ok(bytes) => Found::Text(found.clone(), super::text_of(&bytes)),
                Err(_) => Found::Nothing,
            },
            _ => Found::Escape,
        }
    }
}
