//! The checks of the statements of a parameter file.

use std::collections::BTreeMap;

use trailcore::filter::{DiagnosticKind, Dialect, Piece, PieceFaultKind, PieceKind, Select};

use super::collect::{Lint, did_you_mean};
use super::finding::{ConfigRule, Severity};
use super::{FileKind, ParameterFile, catalogue, parameter, similar};

/// Checks a parameter file after expansion.
pub(crate) fn check(file: &ParameterFile, lint: &mut Lint<'_>) {
    let mut check = Check { file, lint, dialect: Dialect::Ansi, state: State::default() };
    for piece in file.pieces() {
        match piece.kind {
            PieceKind::Blank | PieceKind::Comment => {}
            PieceKind::Macro => check.fault(piece),
            PieceKind::Call => check.call(piece),
            PieceKind::Parameter | PieceKind::Statement => check.statement(piece),
        }
    }
    check.whole_file();
    passwords(file, lint);
}

/// Earlier statements that decide about later ones.
#[derive(Default)]
struct State {
    statements: usize,
    group_at: Option<usize>,
    first: Option<usize>,
    rmthost: bool,
    rmttrail: Option<usize>,
    first_table: Option<usize>,
    trail: Option<usize>,
    mapped: bool,
    calls: bool,
    discard: bool,
    duplicates_allowed: bool,
    old_quotes: bool,
    maps: BTreeMap<String, usize>,
}

struct Check<'a, 'l, 'f> {
    file: &'a ParameterFile,
    lint: &'l mut Lint<'f>,
    dialect: Dialect,
    state: State,
}

impl Check<'_, '_, '_> {
    fn call(&mut self, piece: &Piece) {
        self.state.calls = true;
        let name = self.file.raw(&piece.keyword);
        // A call that is left after expansion has no definition.
        if self.lint.misses_macros() || !self.lint.is_expanded() {
            return self.fault(piece);
        }
        if self.file.words(piece).first() == Some(&"(") {
            self.lint.add(ConfigRule::UnknownMacro, piece.range.start, format!("unknown macro {name}"));
        } else {
            self.lint.add(ConfigRule::HashComment, piece.range.start, "the line starts with #".to_owned());
        }
    }

    fn fault(&mut self, piece: &Piece) {
        let Some(fault) = piece.fault else { return };
        let keyword = self.file.keyword(piece);
        let (rule, text) = match fault.kind {
            PieceFaultKind::Semicolon => (ConfigRule::MissingSemicolon, format!("{keyword} does not end with ;")),
            PieceFaultKind::Parenthesis => {
                (ConfigRule::UnbalancedParenthesis, format!("{keyword}: a parenthesis has no partner"))
            }
            PieceFaultKind::Quote => (ConfigRule::UnclosedQuote, format!("{keyword}: a quote has no partner")),
            PieceFaultKind::MacroEnd => (ConfigRule::MacroError, "the macro has no END".to_owned()),
            PieceFaultKind::Continuation => (ConfigRule::MissingContinuation, format!("{keyword} continues without &")),
            PieceFaultKind::Ampersand => (ConfigRule::MisplacedAmpersand, format!("{keyword}: a comment follows &")),
        };
        self.lint.add(rule, fault.at, text);
    }

    fn statement(&mut self, piece: &Piece) {
        let keyword = self.file.keyword(piece);
        self.state.statements += 1;
        self.state.first.get_or_insert(piece.range.start);
        let known = self.name(piece, &keyword);
        // An unknown name counts as the one that it is like, so that one typo gives one finding.
        let meant = match known {
            true => keyword.clone(),
            false => similar(&keyword, self.file.kind()).first().map_or(keyword.clone(), |name| (*name).to_owned()),
        };
        self.note(&meant, piece, known);
        if !known {
            return;
        }
        if piece.fault.is_some() {
            return self.fault(piece);
        }
        self.options(&keyword, piece);
        match &*keyword {
            "TABLE" | "MAP" => self.mapping(&keyword, piece),
            "REPERROR" => self.reperror(piece),
            "PURGEOLDEXTRACTS" => self.purge(piece),
            "ACCESSRULE" => self.access_rule(piece),
            "HANDLECOLLISIONS" => {
                self.lint.add(ConfigRule::HandleCollisions, piece.range.start, "HANDLECOLLISIONS is on".to_owned())
            }
            "USEANSISQLQUOTES" => self.dialect = Dialect::Ansi,
            "NOUSEANSISQLQUOTES" => self.dialect = Dialect::NonAnsi,
            _ => {}
        }
    }

    /// Checks the name of a parameter. Returns `false` if the statement cannot be checked further.
    fn name(&mut self, piece: &Piece, keyword: &str) -> bool {
        let at = piece.range.start;
        let kind = self.file.kind();
        if keyword.is_empty() {
            self.lint.add(ConfigRule::Syntax, at, "expected the name of a parameter".to_owned());
            return false;
        }
        if let Some(parameter) = parameter(keyword) {
            self.place(parameter, at);
            return true;
        }
        let words = self.file.words(piece);
        if catalogue::is_command(keyword) && !words.is_empty() {
            self.lint.add(ConfigRule::CommandInFile, at, format!("{keyword} is a command"));
        } else if keyword.starts_with('_') {
            self.lint.add(ConfigRule::HiddenParameter, at, format!("{keyword} is not documented"));
        } else if let Some(owner) = catalogue::owner_of_option(keyword) {
            let fix = format!("write it as an option of {}", owner.name);
            self.lint.add_fix(ConfigRule::OptionAsParameter, at, format!("{keyword} is an option of {}", owner.name), fix);
        } else if let Some(fix) = did_you_mean(keyword, kind) {
            self.lint.add_fix(ConfigRule::UnknownParameter, at, format!("{keyword} is not a parameter"), fix);
        } else {
            self.lint.add(ConfigRule::UncataloguedParameter, at, format!("{keyword} is not in the catalogue"));
        }
        false
    }

    /// Checks that a parameter is in a file of the right kind.
    fn place(&mut self, parameter: &catalogue::Parameter, at: usize) {
        let (kind, name) = (self.file.kind(), parameter.name);
        if parameter.until.is_some() {
            self.lint.add(ConfigRule::Deprecated, at, format!("{name} is deprecated"));
        }
        if name == "MAP" && matches!(kind, FileKind::Extract | FileKind::Pump) {
            return self.lint.add(ConfigRule::MapInExtract, at, format!("MAP is in {}", kind.words()));
        }
        if parameter.is_allowed_in(kind) {
            return;
        }
        // The catalogue is surer about Manager than about what Extract and Replicat share.
        let groups = [FileKind::Extract, FileKind::Replicat];
        let is_shared = groups.iter().any(|group| parameter.is_allowed_in(*group)) && !matches!(kind, FileKind::Manager);
        let severity = if is_shared { Severity::Warning } else { Severity::Error };
        self.lint.add_as(ConfigRule::NotAllowedHere, severity, at, format!("{name} is in {}", kind.words()), None);
    }

    fn note(&mut self, keyword: &str, piece: &Piece, known: bool) {
        let (state, at) = (&mut self.state, piece.range.start);
        match keyword {
            "EXTRACT" | "REPLICAT" => {
                state.group_at.get_or_insert(at);
            }
            "RMTHOST" | "RMTHOSTOPTIONS" => state.rmthost = true,
            "RMTTRAIL" | "RMTFILE" | "RMTTASK" if !state.rmthost => {
                state.rmttrail.get_or_insert(at);
            }
            "TABLE" | "MAP" | "SEQUENCE" | "PROCEDURE" | "DDL" => {
                state.mapped = true;
                if keyword == "TABLE" {
                    state.first_table.get_or_insert(at);
                }
            }
            "DISCARDFILE" | "NODISCARDFILE" => state.discard = true,
            "ALLOWDUPTARGETMAP" => state.duplicates_allowed = true,
            "NOALLOWDUPTARGETMAP" => state.duplicates_allowed = false,
            _ => {}
        }
        if matches!(keyword, "EXTTRAIL" | "RMTTRAIL" | "EXTFILE" | "RMTFILE" | "RMTTASK") {
            state.trail.get_or_insert(at);
        }
        // Its effect is unknown; nothing is reported as missing.
        state.calls |= !known && keyword.is_empty();
    }

    fn options(&mut self, keyword: &str, piece: &Piece) {
        let Some(parameter) = parameter(keyword) else { return };
        let Some(leading) = parameter.leading() else { return };
        let ranges = self.file.outline().words(piece);
        let words = ranges.iter().map(|range| (range.start, self.file.raw(range)));
        let mut words = words.filter(|(_, word)| !matches!(*word, "," | "(" | ")" | ";")).skip(leading);
        while let Some((at, word)) = words.next() {
            match parameter.option(word) {
                Some(Some(values)) => {
                    words.by_ref().take(values).for_each(drop);
                }
                Some(None) => return,
                None if word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '<' | '#' | '*' | '"' | '\'')) => {}
                None => {
                    let word = word.to_ascii_uppercase();
                    let near = trailcore::filter::nearest(&word, parameter.options());
                    let fix = near.map_or(ConfigRule::UnknownOption.fix().to_owned(), |near| format!("did you mean {near}?"));
                    return self.lint.add_fix(ConfigRule::UnknownOption, at, format!("{keyword} has no option {word}"), fix);
                }
            }
        }
    }

    fn mapping(&mut self, keyword: &str, piece: &Piece) {
        let at = piece.range.start;
        let words: Vec<String> = self.file.words(piece).iter().map(|word| word.to_ascii_uppercase()).collect();
        let has = |word: &str| words.iter().any(|own| own == word);
        if keyword == "TABLE" && self.file.kind() == FileKind::Replicat && !has("EVENTACTIONS") {
            return self.lint.add(ConfigRule::TableInReplicat, at, "TABLE is in the file of a Replicat".to_owned());
        }
        if has("HANDLECOLLISIONS") {
            self.lint.add(ConfigRule::HandleCollisions, at, "the MAP has HANDLECOLLISIONS".to_owned());
        }
        if keyword == "MAP" && !has("EXCEPTIONSONLY") {
            self.repeated(&words, at);
        }
        self.grammar(piece);
    }

    fn repeated(&mut self, words: &[String], at: usize) {
        let target = words.iter().position(|word| word == "TARGET").and_then(|index| words.get(index + 1));
        let key = format!("{}>{}", words.first().map_or("", String::as_str), target.map_or("", String::as_str));
        let is_wild = key.contains(['*', '?', '#']);
        if self.state.maps.insert(key, at).is_some() && !is_wild && !self.state.duplicates_allowed {
            self.lint.add(ConfigRule::RepeatedMap, at, "an earlier MAP has the same source and target".to_owned());
        }
    }

    /// Checks a TABLE or MAP with the parser of the filter language.
    fn grammar(&mut self, piece: &Piece) {
        let base = piece.range.start;
        let text = self.file.outline().plain.get(piece.range.clone()).unwrap_or_default();
        let other = if self.dialect == Dialect::Ansi { Dialect::NonAnsi } else { Dialect::Ansi };
        let error = match Select::parse_in(text, self.dialect) {
            Ok(select) => return self.doubts(&select, base),
            Err(error) => error,
        };
        if text.contains('"') && Select::parse_in(text, other).is_ok() {
            if !self.state.old_quotes {
                let quote = text.find('"').unwrap_or(0);
                self.lint.add(ConfigRule::OldQuotes, base + quote, "text is in double quotes".to_owned());
            }
            self.state.old_quotes = true;
            return;
        }
        let is_unexpanded = text.contains('#') && (self.lint.misses_macros() || !self.lint.is_expanded());
        let Some(first) = error.errors().next() else { return };
        let blames_macro = text.get(first.range()).is_some_and(|word| word.contains('#'));
        if !(is_unexpanded && blames_macro) {
            self.lint.add_diagnostic(ConfigRule::Syntax, Severity::Error, base, first);
        }
    }

    fn doubts(&mut self, select: &Select, base: usize) {
        for doubt in select.lints() {
            let severity = match doubt.kind() {
                DiagnosticKind::NotAvailable | DiagnosticKind::NotApplicable | DiagnosticKind::Syntax => continue,
                DiagnosticKind::UnguardedColumn => Severity::Note,
                _ => Severity::Warning,
            };
            self.lint.add_diagnostic(ConfigRule::DoubtfulCondition, severity, base, doubt);
        }
    }

    fn reperror(&mut self, piece: &Piece) {
        for range in self.file.outline().words(piece) {
            let word = self.file.raw(&range).to_ascii_uppercase();
            if word.starts_with("ORA-") || word.starts_with("OGG-") {
                self.lint.add(ConfigRule::ReperrorCode, range.start, format!("{word} is not a number"));
            }
        }
    }

    fn purge(&mut self, piece: &Piece) {
        let words: Vec<String> = self.file.words(piece).iter().map(|word| word.to_ascii_uppercase()).collect();
        let rules = words.iter().filter(|word| word.starts_with("MINKEEP")).count();
        if rules > 1 {
            self.lint.add(ConfigRule::RepeatedKeepRule, piece.range.start, format!("the trail has {rules} rules to keep files"));
        }
        let uses = words.iter().any(|word| word == "USECHECKPOINTS");
        if !uses && self.file.kind() == FileKind::Manager {
            let text = "PURGEOLDEXTRACTS has no USECHECKPOINTS".to_owned();
            self.lint.add(ConfigRule::PurgeWithoutCheckpoints, piece.range.start, text);
        }
    }

    fn access_rule(&mut self, piece: &Piece) {
        let words: Vec<String> = self.file.words(piece).iter().map(|word| word.to_ascii_uppercase()).collect();
        let address = words.iter().position(|word| word == "IPADDR").and_then(|index| words.get(index + 1));
        let is_any = address.is_some_and(|address| address.chars().all(|c| matches!(c, '*' | '.')));
        if is_any && words.iter().any(|word| word == "ALLOW") {
            self.lint.add(ConfigRule::OpenAccessRule, piece.range.start, "every address may connect".to_owned());
        }
    }

    /// Checks that need the whole file.
    fn whole_file(&mut self) {
        let state = std::mem::take(&mut self.state);
        let kind = self.file.kind();
        let is_group = matches!(kind, FileKind::Extract | FileKind::Pump | FileKind::Replicat);
        if let Some(at) = state.rmttrail.filter(|_| state.rmthost) {
            self.lint.add(ConfigRule::RmthostOrder, at, "RMTHOST follows its trail".to_owned());
        }
        if !is_group {
            return;
        }
        if let (Some(table), Some(trail)) = (state.first_table, state.trail) {
            if table < trail && kind != FileKind::Replicat {
                self.lint.add(ConfigRule::TableBeforeTrail, table, "TABLE is before the trail".to_owned());
            }
        }
        self.group(&state);
        if !state.mapped && !state.calls && !self.lint.misses_macros() && !self.lint.has_errors() {
            let at = state.group_at.unwrap_or(0);
            self.lint.add(ConfigRule::NothingMapped, at, "the file has no TABLE or MAP".to_owned());
        }
        if !state.discard && kind == FileKind::Replicat {
            let at = state.group_at.unwrap_or(0);
            self.lint.add(ConfigRule::NoDiscardFile, at, "the Replicat has no DISCARDFILE".to_owned());
        }
    }

    fn group(&mut self, state: &State) {
        let Some(at) = state.group_at else { return };
        if state.first != Some(at) && !state.calls {
            self.lint.add(ConfigRule::GroupNotFirst, at, "another parameter is before the name of the group".to_owned());
        }
        let base = self.file.name().rsplit(['/', '\\']).next().unwrap_or_default();
        let Some(stem) = base.strip_suffix(".prm") else { return };
        if let Some(group) = self.file.group().filter(|group| !group.eq_ignore_ascii_case(stem)) {
            self.lint.add(ConfigRule::GroupNameDiffers, at, format!("the group is {group}, the file {base}"));
        }
    }
}

/// Reports the first password in clear text.
pub(crate) fn passwords(file: &ParameterFile, lint: &mut Lint<'_>) {
    let in_clear = |piece: &&Piece| {
        let text = file.raw(&piece.range).to_ascii_uppercase();
        file.has_secret(&piece.range) && !text.contains("ENCRYPTKEY")
    };
    if let Some(piece) = file.statements().find(in_clear) {
        let text = format!("{} has a password in clear text", file.keyword(piece));
        lint.add(ConfigRule::PasswordInClear, piece.range.start, text);
    }
}

/// Reports the first property with a password in clear text.
pub(crate) fn password_properties(file: &ParameterFile, lint: &mut Lint<'_>) {
    let in_clear = |piece: &&Piece| {
        let text = file.raw(&piece.range);
        // The value is in the wallet or in the environment.
        file.has_secret(&piece.range) && !text.contains("ORACLEWALLET") && !text.contains("${")
    };
    if let Some(piece) = file.statements().find(in_clear) {
        let text = format!("{} is in clear text", file.raw(&piece.keyword));
        let fix = "use ORACLEWALLETPASSWORD[alias domain]".to_owned();
        lint.add_fix(ConfigRule::PasswordInClear, piece.range.start, text, fix);
    }
}
