//! [`Lint`]: the findings of a file, each at its place in the file that has it.

use std::collections::BTreeSet;
use std::ops::Range;

use trailcore::filter::{Diagnostic, DiagnosticKind, PieceKind};

use super::expand::Expansion;
use super::finding::{ConfigFinding, ConfigRule, Severity};
use super::resolve::{Origin, Resolved};
use super::{FileKind, ParameterFile, similar};

/// Parameters of a macro that GoldenGate accepts by default.
const MACRO_PARAMETERS: usize = 30;

/// The findings of a file while it is checked. Positions are those of the expanded text.
pub(crate) struct Lint<'a> {
    resolved: &'a Resolved,
    file: &'a ParameterFile,
    expansion: &'a Expansion,
    findings: Vec<ConfigFinding>,
    seen: BTreeSet<(ConfigRule, String, u64)>,
    /// The piece that cannot be expanded: its error is reported once.
    muted: Range<usize>,
}

impl<'a> Lint<'a> {
    pub(crate) fn new(resolved: &'a Resolved) -> Self {
        let (file, expansion) = (resolved.file(), &resolved.expansion);
        Self { resolved, file, expansion, findings: Vec::new(), seen: BTreeSet::new(), muted: 0..0 }
    }

    pub(crate) fn add(&mut self, rule: ConfigRule, at: usize, text: String) {
        self.add_as(rule, rule.severity(), at, text, None);
    }

    pub(crate) fn add_fix(&mut self, rule: ConfigRule, at: usize, text: String, fix: String) {
        self.add_as(rule, rule.severity(), at, text, Some(fix));
    }

    /// Adds an error of the parser of statements.
    pub(crate) fn add_diagnostic(&mut self, rule: ConfigRule, severity: Severity, base: usize, error: &Diagnostic) {
        let known = self.findings.len();
        let fix = error.help_text().map(str::to_owned);
        self.add_as(rule, severity, base + error.range().start, error.message().to_owned(), fix);
        if let Some(finding) = self.findings.get_mut(known) {
            finding.ogg = error.ogg_number();
        }
    }

    pub(crate) fn add_as(&mut self, rule: ConfigRule, severity: Severity, at: usize, text: String, fix: Option<String>) {
        let Origin { file, line, column, offset, is_included } = self.resolved.origin(at);
        if !is_included && self.muted.contains(&offset) {
            return;
        }
        let scrubbed = |text: &str| self.resolved.scrubbed(text, at);
        let (text, fix) = (scrubbed(&text), scrubbed(&fix.unwrap_or_else(|| rule.fix().to_owned())));
        let (file, offset) = (file.to_owned(), offset as u64);
        if !self.seen.insert((rule, file.clone(), offset)) {
            return;
        }
        let reason = rule.reason().to_owned();
        self.findings.push(ConfigFinding {
            rule,
            severity,
            primary: false,
            file,
            line,
            column,
            offset,
            text,
            reason,
            fix,
            ogg: None,
        });
    }

    /// Returns whether macros may be defined in a file that was not given.
    pub(crate) fn misses_macros(&self) -> bool {
        !self.expansion.missing.is_empty() || !self.expansion.escapes.is_empty()
    }

    pub(crate) fn is_expanded(&self) -> bool {
        self.expansion.error.is_none()
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Reports errors of macros and included files, which are not in the expanded text.
    pub(crate) fn macros_and_includes(&mut self) {
        let file = self.file;
        if file.bytes.starts_with(b"\xEF\xBB\xBF") {
            self.add_own(ConfigRule::ByteOrderMark, 0, "the file starts with a byte order mark".to_owned(), None);
        }
        for (rule, names) in
            [(ConfigRule::MissingInclude, &self.expansion.missing), (ConfigRule::PathEscape, &self.expansion.escapes)]
        {
            for name in names {
                let at = file.text().find(name.as_str()).unwrap_or(0);
                self.add_own(rule, at, format!("{name} is not read"), None);
            }
        }
        if let Some(error) = &self.expansion.error {
            self.expansion_error(error);
        }
        for piece in file.pieces() {
            let is_obey = file.keyword(piece) == "OBEY";
            if piece.kind == PieceKind::Macro && self.parameters_of(&piece.range) > MACRO_PARAMETERS {
                let text = format!("the macro has more than {MACRO_PARAMETERS} parameters");
                self.add_own(ConfigRule::TooManyMacroParameters, piece.range.start, text, None);
            }
            if is_obey && (file.kind() == FileKind::Globals || self.obeys_again(piece)) {
                self.add_own(ConfigRule::NestedObey, piece.range.start, "OBEY is not allowed here".to_owned(), None);
            }
        }
    }

    fn parameters_of(&self, range: &Range<usize>) -> usize {
        let head = self.file.raw(range).split(')').next().unwrap_or_default();
        head.matches(',').count() + 1
    }

    /// Returns whether the file of an OBEY has an OBEY itself.
    fn obeys_again(&self, piece: &trailcore::filter::Piece) -> bool {
        let Some(name) = self.file.words(piece).first().copied() else { return false };
        let base = name.trim_matches(['\'', '"']).rsplit(['/', '\\']).next().unwrap_or_default();
        let text = self.expansion.texts.iter().find(|(path, _)| path.ends_with(base));
        text.is_some_and(|(path, included)| ParameterFile::parse(path, included.text.as_bytes()).has("OBEY"))
    }

    fn expansion_error(&mut self, error: &Diagnostic) {
        let at = error.range().start;
        let piece = self.file.pieces().iter().find(|piece| piece.range.contains(&at));
        let line = self.file.text().get(..at).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
        let macro_name = self.file.text().get(at..error.range().end).unwrap_or_default().to_ascii_uppercase();
        let is_unknown = error.kind() == DiagnosticKind::UnknownName;
        let (rule, fix) = match is_unknown {
            true if self.misses_macros() => return,
            true if line.trim().is_empty() && self.near_macro(&macro_name).is_none() => (ConfigRule::HashComment, None),
            true => (ConfigRule::UnknownMacro, self.near_macro(&macro_name).map(|near| format!("did you mean {near}?"))),
            false => (ConfigRule::MacroError, error.help_text().map(str::to_owned)),
        };
        let muted = piece.map(|piece| piece.range.clone()).unwrap_or_default();
        self.add_own(rule, at, error.message().to_owned(), fix);
        self.muted = muted;
    }

    /// Returns the macro of the file with a similar name.
    fn near_macro(&self, name: &str) -> Option<String> {
        let pieces = self.file.pieces().iter().filter(|piece| piece.kind == PieceKind::Macro);
        let names: Vec<String> =
            pieces.filter_map(|piece| self.file.words(piece).first().map(|word| word.to_ascii_uppercase())).collect();
        let plain = |name: &str| name.replace(['_', '-'], "");
        let same = names.iter().find(|own| plain(own) == plain(name)).cloned();
        same.or_else(|| trailcore::filter::nearest(name, names.iter().map(String::as_str)).map(str::to_owned))
    }

    /// Adds a finding at a position of the file itself.
    fn add_own(&mut self, rule: ConfigRule, at: usize, text: String, fix: Option<String>) {
        let (line, column) = self.file.place(at);
        let scrubbed = |text: &str| self.file.scrubbed(text, at);
        let (text, fix) = (scrubbed(&text), scrubbed(&fix.unwrap_or_else(|| rule.fix().to_owned())));
        self.findings.push(ConfigFinding {
            rule,
            severity: rule.severity(),
            primary: false,
            file: self.file.name().to_owned(),
            line,
            column,
            offset: at as u64,
            text,
            reason: rule.reason().to_owned(),
            fix,
            ogg: None,
        });
    }

    pub(crate) fn finish(mut self) -> Vec<ConfigFinding> {
        self.findings.sort_by_key(|finding| (finding.offset, finding.rule));
        if let Some(first) = self.findings.iter_mut().find(|finding| finding.severity == Severity::Error) {
            first.primary = true;
        }
        self.findings
    }
}

/// Returns a question with the similar names of an unknown parameter.
pub(crate) fn did_you_mean(word: &str, kind: FileKind) -> Option<String> {
    let names = similar(word, kind);
    (!names.is_empty()).then(|| format!("did you mean {}?", names.join(" or ")))
}
