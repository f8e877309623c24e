//! [`SourceText`]: the text that diagnostics are about, after macros and included files, and the place in the user's files that each
//! part of it is from.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// The origin of a part of an expanded text: it and what follows, up to the next origin, are from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextOrigin {
    /// The position in the expanded text.
    pub at: usize,
    /// The path of the included file; `None` for the text itself.
    pub file: Option<Arc<str>>,
    /// The position in that file.
    pub offset: usize,
    /// The macros and files that were being expanded, the outermost first.
    pub within: Arc<[String]>,
}

impl TextOrigin {
    /// Returns the origin of a position among the origins of a text.
    fn of(origins: &[Self], at: usize) -> Option<&Self> {
        let index = origins.partition_point(|origin| origin.at <= at);
        index.checked_sub(1).and_then(|index| origins.get(index))
    }
}

/// A text after expansion of macros and included files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expanded {
    /// The text.
    pub text: String,
    /// The origins of its parts, in the order of the text.
    pub origins: Vec<TextOrigin>,
}

impl Expanded {
    /// Returns the file and the position in it that a position of the text is from; `None` for the file is the text itself. A
    /// value of a parameter is from the place of the parameter in the body of the macro.
    ///
    /// ```
    /// let text = "MACRO #t BEGIN TABLE HR.EMP; END;\n#t ()";
    /// let expanded = trailcore::filter::expand_parameters(text, &mut |_, _| Err("no files".to_owned()))?;
    /// let at = expanded.text.find("TABLE").unwrap_or(0);
    /// assert_eq!(expanded.origin(at), (None, 15));
    /// # Ok::<(), trailcore::filter::Diagnostics>(())
    /// ```
    #[must_use]
    pub fn origin(&self, at: usize) -> (Option<&str>, usize) {
        match TextOrigin::of(&self.origins, at) {
            Some(origin) => (origin.file.as_deref(), origin.offset + (at - origin.at)),
            None => (None, at),
        }
    }
}

/// A text after macros and included files. Copies share it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SourceText {
    text: Arc<str>,
    /// The origin of its parts; `None` for a text that is as the user wrote it.
    written: Option<Arc<Written>>,
}

/// The texts that the user wrote.
#[derive(Debug, PartialEq)]
struct Written {
    own: Box<str>,
    /// The texts of the included files, by path.
    files: HashMap<String, String>,
    origins: Vec<TextOrigin>,
}

/// A place in what the user wrote. `Display` writes it as a message has it.
pub(crate) struct Place<'a> {
    line: usize,
    column: usize,
    /// The included file; `None` for the text itself.
    file: Option<&'a str>,
    /// The macros and files that were being expanded, the outermost first.
    within: &'a [String],
}

impl SourceText {
    /// Returns an expanded text with the text that it was expanded from, and the files that this includes.
    pub(crate) fn of(expanded: Expanded, own: &str, files: HashMap<String, String>) -> Self {
        let Expanded { text, origins } = expanded;
        let written = (!origins.is_empty()).then(|| Arc::new(Written { own: own.into(), files, origins }));
        Self { text: text.into(), written }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the place that a position of the text is from. Columns count characters from 1.
    pub(crate) fn place(&self, at: usize) -> Place<'_> {
        let origin = self.written.as_deref().and_then(|written| Some((written, TextOrigin::of(&written.origins, at)?)));
        let Some((written, origin)) = origin else { return Place::of(&self.text, at) };
        let file = origin.file.as_deref();
        let text = file.map_or(&*written.own, |file| written.files.get(file).map_or("", String::as_str));
        Place { file, within: &origin.within, ..Place::of(text, origin.offset + (at - origin.at)) }
    }
}

impl From<&str> for SourceText {
    fn from(text: &str) -> Self {
        Self { text: text.into(), written: None }
    }
}

impl Place<'_> {
    fn of(text: &str, at: usize) -> Self {
        let before = text.get(..floor(text, at)).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self { line: before.matches('\n').count() + 1, column: line.chars().count() + 1, file: None, within: &[] }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)?;
        if let Some(file) = self.file {
            write!(f, " of {file}")?;
        }
        // The file is named already.
        for name in self.within.iter().rev().filter(|name| !name.contains(' ')) {
            write!(f, ", in {name}")?;
        }
        Ok(())
    }
}

/// Returns the nearest character boundary at or before a position.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::expand_parameters;

    fn place(own: &str, included: &str, of: &str) -> String {
        let mut read = |name: &str, _: Option<&std::path::Path>| Ok((name.into(), included.to_owned()));
        let expanded = expand_parameters(own, &mut read).unwrap();
        let at = expanded.text.find(of).unwrap();
        SourceText::of(expanded, own, HashMap::from([("inc.mac".to_owned(), included.to_owned())])).place(at).to_string()
    }

    #[test]
    fn places_are_those_of_what_the_user_wrote() {
        let own = "INCLUDE inc.mac\nEXTRACT E\n  #t ()\nTABLE HR.DEPT;";
        let included = "-- macros\nMACRO #t\nBEGIN\n  TABLE HR.EMP;\nEND;\nTABLE HR.JOBS;\n";
        assert_eq!(place(own, included, "HR.EMP"), "line 4, column 9 of inc.mac, in #T");
        assert_eq!(place(own, included, "HR.JOBS"), "line 6, column 7 of inc.mac");
        assert_eq!(place(own, included, "HR.DEPT"), "line 4, column 7");
        assert_eq!(place("TABLE 你.C;", "", "C"), "line 1, column 9");
    }
}
