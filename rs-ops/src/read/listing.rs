//! A listing of a directory, `ls -l` or `dir`: the sizes of trail files.

use serde::{Deserialize, Serialize};

use crate::fault::{FaultKind, Faults, Place};
use crate::moment::Moment;
use crate::number;
use crate::read::lines::kept;
use crate::read::scan::Scan;

/// A listing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Listing {
    /// The place of the first line.
    #[serde(flatten)]
    pub place: Place,
    /// The directory, if the listing names it.
    pub directory: Option<String>,
    /// The files.
    pub files: Vec<ListedFile>,
}

/// A file of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListedFile {
    /// The place of the line.
    #[serde(flatten)]
    pub place: Place,
    /// The name.
    pub name: String,
    /// The size in bytes.
    pub size: Option<u64>,
    /// The time of the last change, if the line has all of it.
    pub time: Option<Moment>,
}

/// Returns whether a line starts a listing.
pub(crate) fn starts(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("Directory of ") || Moment::of_listing(text).is_some() || is_mode(text)
}

/// A mode of `ls -l`, such as `-rw-r-----.`, and more words after it.
fn is_mode(text: &str) -> bool {
    let mode = text.split(' ').next().unwrap_or("");
    let first = mode.starts_with(['-', 'd', 'l']);
    first && mode.len() >= 10 && mode.bytes().skip(1).all(|byte| b"rwxsStT-.+@".contains(&byte)) && mode.contains('r')
}

/// Reads a listing.
pub(crate) fn read(scan: &mut Scan<'_>, faults: &mut Faults) -> Listing {
    let mut found = Listing { place: scan.peek().map(|line| line.place).unwrap_or_default(), ..Listing::default() };
    while let Some(line) = scan.peek() {
        let (text, place) = (line.text.trim().to_owned(), line.place);
        if let Some(directory) = text.strip_prefix("Directory of ") {
            if found.directory.is_some() {
                break;
            }
            found.directory = Some(kept(directory));
        } else if !text.is_empty() {
            match file(&text, place, faults) {
                Some(file) => found.files.extend(file),
                None => break,
            }
        }
        scan.skip();
    }
    found
}

/// Reads the line of a file. Directories are skipped. Returns none for a line of something else.
fn file(text: &str, place: Place, faults: &mut Faults) -> Option<Option<ListedFile>> {
    let mut number = |word: &str| number::whole(word).map_err(|kind: FaultKind| faults.add(place, kind, "size")).ok();
    if let Some((time, length)) = Moment::of_listing(text) {
        let rest = text.get(length..)?.trim_start();
        let (size, name) = rest.split_once(' ')?;
        let is_file = size != "<DIR>";
        return Some(is_file.then(|| ListedFile { place, name: kept(name), size: number(size), time: Some(time) }));
    }
    if !is_mode(text) {
        return None;
    }
    let words: Vec<_> = text.split_whitespace().collect();
    let name = words.last().filter(|_| words.len() >= 8)?;
    // Before the size are mode, links, owner and group.
    let size = words.get(4).and_then(|word| number(word));
    let time = Moment::find(text).map(|(time, _)| time);
    Some((!text.starts_with('d')).then(|| ListedFile { place, name: kept(name), size, time }))
}
