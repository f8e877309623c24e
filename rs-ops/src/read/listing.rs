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

fn size(word: &str, place: Place, faults: &mut Faults) -> Option<u64> {
    number::whole(word).map_err(|kind| faults.add(place, kind, "size")).ok()
}

/// Reads the line of a file. Directories are skipped. Returns none for a line of something else.
fn file(text: &str, place: Place, faults: &mut Faults) -> Option<Option<ListedFile>> {
    if let Some((time, length)) = Moment::of_listing(text) {
        let rest = text.get(length..)?.trim_start();
        let (size, name) = rest.split_once(' ')?;
        let is_file = size != "<DIR>";
        let mut file = |size| ListedFile { place, name: kept(name), size: self::size(size, place, faults), time: Some(time) };
        return Some(is_file.then(|| file(size)));
    }
    if !is_mode(text) {
        return None;
    }
    if text.starts_with('d') {
        return Some(None);
    }
    if text.starts_with('l') {
        faults.add(place, FaultKind::UnknownLine, "a link: the size of its file is not listed; use ls -lL");
        return Some(None);
    }
    let words: Vec<_> = text.split_whitespace().collect();
    let time = Moment::find(text).map(|(time, _)| time);
    // Before the size are mode, links, owner and group. A date has three words, `Mar  1 10:00`; with a year first, at least two.
    let least = 5 + if time.is_some() { 2 } else { 3 } + 1;
    let Some(name) = words.last().filter(|_| words.len() >= least) else {
        faults.add(place, FaultKind::Misaligned, "mode, links, owner, group, size, date, name: use ls -l");
        return Some(None);
    };
    let size = words.get(4).and_then(|word| size(word, place, faults));
    Some(Some(ListedFile { place, name: kept(name), size, time }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{Content, Kind, Reading, Section};

    /// Returns the sizes of a listing, and the kinds of its faults.
    fn sizes(text: &str) -> (Vec<Option<u64>>, Vec<FaultKind>) {
        let reading = Reading::of("ls", text.as_bytes(), Some(Kind::Transcript)).unwrap();
        let Content::Transcript(transcript) = &reading.content else { panic!("{reading:?}") };
        let files = transcript.sections.iter().filter_map(|section| match section {
            Section::Listing(listing) => Some(listing.files.iter().map(|file| file.size)),
            _ => None,
        });
        (files.flatten().collect(), reading.faults.first.iter().map(|fault| fault.kind).collect())
    }

    #[test]
    fn a_size_is_never_a_day() {
        let long = "-rw-r----- 1 oracle oinstall 500000000 ";
        for date in ["Mar  1 10:00", " 1 mars 10:00", "1. Mar 10:00", "2024-03-01 10:00", "2024-03-01 10:00:00.000000000 +0100"] {
            assert_eq!(sizes(&format!("{long}{date} lt000000007\n")), (vec![Some(500_000_000)], vec![]), "{date}");
        }
        for date in ["Mar  1 10:00", " 1 mars 10:00", "1. Mar 10:00", "2024-03-01 10:00"] {
            let without_group = format!("-rw-r----- 1 oracle 500000000 {date} lt000000007\n{long}Mar  1 10:00 lt000000008\n");
            assert_eq!(sizes(&without_group), (vec![Some(500_000_000)], vec![FaultKind::Misaligned]), "{date}");
        }
        let link = "lrwxrwxrwx 1 oracle oinstall 30 Mar  1 10:00 lt000000007 -> /nas/dirdat/lt000000007\n";
        assert_eq!(sizes(link), (vec![], vec![FaultKind::UnknownLine]));
    }
}
