//! [`SignOff`]: the text of a change of configuration for change control: who and when to fill in, the differences in words, what
//! restarts, and the way back.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::change::{ConfigChange, ConfigChangeKind, FileDiff};
use super::request::{ConfigDiffRequest, diff};
use super::resolve::{Resolved, resolved};
use super::{FileKind, MASK, ParameterFile, masked};
use crate::input::{Input, RefusedInput};

/// The request of `ops.sign_off`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct SignOffRequest {
    /// The earlier files, as in `ops.diff`.
    pub before: Vec<Input>,
    /// The later files.
    pub after: Vec<Input>,
    /// The title or number of the change.
    pub title: Option<String>,
}

/// `ops.sign_off`: the text of a change for change control.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignOff {
    /// The text, in Markdown. Fields to fill in end with a line of underscores. Secrets are masked.
    pub text: String,
    /// The differences.
    pub files: Vec<FileDiff>,
    /// The effects, in the order of the files.
    pub effects: Vec<ConfigEffect>,
    /// The artefacts that were refused.
    pub refused: Vec<RefusedInput>,
}

/// The step with which the change of a file takes effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigEffect {
    /// The group, `MANAGER`, or the pipeline; the file if no process is known.
    pub subject: String,
    /// The kind.
    pub kind: ConfigEffectKind,
    /// The reason, in a sentence.
    pub text: String,
    /// The command, for a person to check and to run.
    pub command: Option<String>,
}

/// The kind of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConfigEffectKind {
    /// A process starts for the first time.
    Start,
    /// A process stops for good.
    Stop,
    /// A process stops and starts.
    Restart,
    /// A process reads its file again without a restart.
    Refresh,
    /// No process reads the file.
    Nothing,
    /// The processes that read the file are not known.
    Unknown,
}

/// Answers `ops.sign_off`.
///
/// ```
/// use trailcore_ops::Input;
/// use trailcore_ops::config::{ConfigEffectKind, SignOffRequest, sign_off};
/// let file = |rate: &str| vec![Input::text("e1.prm", format!("EXTRACT e1\nREPORTCOUNT EVERY {rate} MINUTES\nTABLE HR.*;\n"))];
/// let report = sign_off(&SignOffRequest { before: file("10"), after: file("5"), title: Some("CHG-17".to_owned()) });
/// assert_eq!((report.effects[0].subject.as_str(), report.effects[0].kind), ("E1", ConfigEffectKind::Restart));
/// assert!(report.text.contains("# Change of configuration: CHG-17") && report.text.contains("## Way back"));
/// ```
#[must_use]
pub fn sign_off(request: &SignOffRequest) -> SignOff {
    let found = diff(&ConfigDiffRequest { before: request.before.clone(), after: request.after.clone() });
    let (before, _) = resolved(&request.before);
    let (after, _) = resolved(&request.after);
    let case = Case { before: &before, after: &after };
    let changed: Vec<Changed<'_>> = found.files.iter().map(|file| case.changed(file)).collect();
    let mut effects: Vec<ConfigEffect> = Vec::new();
    for effect in changed.iter().flat_map(|changed| case.effects(changed)) {
        if !effects.contains(&effect) {
            effects.push(effect);
        }
    }
    let text = text(request.title.as_deref(), &changed, &effects, &found.refused);
    SignOff { text, files: found.files, effects, refused: found.refused }
}

/// Both versions of a configuration.
struct Case<'a> {
    before: &'a [Resolved],
    after: &'a [Resolved],
}

/// A file that differs, with its versions.
struct Changed<'a> {
    diff: &'a FileDiff,
    before: Option<&'a ParameterFile>,
    after: Option<&'a ParameterFile>,
}

impl Changed<'_> {
    /// Returns the later version, or else the earlier one.
    fn file(&self) -> Option<&ParameterFile> {
        self.after.or(self.before)
    }

    fn name(&self) -> &str {
        self.diff.after.as_deref().or(self.diff.before.as_deref()).unwrap_or_default()
    }

    /// Returns whether the file is new, gone, or another one.
    fn kind(&self) -> ConfigEffectKind {
        match (&self.diff.before, &self.diff.after) {
            (None, _) => ConfigEffectKind::Start,
            (_, None) => ConfigEffectKind::Stop,
            _ => ConfigEffectKind::Restart,
        }
    }

    fn changes_tables(&self) -> bool {
        let mut keywords = self.diff.changes.iter().map(|change| change.keyword.as_str());
        keywords.any(|own| matches!(own, "TABLE" | "MAP" | "SEQUENCE") || own.ends_with("EXCLUDE") || own.ends_with(".select"))
    }
}

impl<'a> Case<'a> {
    fn changed(&self, diff: &'a FileDiff) -> Changed<'a> {
        let find = |files: &'a [Resolved], name: &Option<String>| {
            let name = name.as_deref()?;
            files.iter().map(Resolved::file).find(|file| file.name() == name)
        };
        Changed { diff, before: find(self.before, &diff.before), after: find(self.after, &diff.after) }
    }

    fn effects(&self, changed: &Changed<'_>) -> Vec<ConfigEffect> {
        let Some(file) = changed.file() else { return Vec::new() };
        let effect = |subject: &str, kind, text: &str, command: Option<&str>| ConfigEffect {
            subject: subject.to_owned(),
            kind,
            text: text.to_owned(),
            command: command.map(str::to_owned),
        };
        match file.kind() {
            FileKind::Extract | FileKind::Pump | FileKind::Replicat => vec![of_group(file, changed.kind())],
            FileKind::Manager => {
                let has_port = changed.diff.changes.iter().any(|change| change.keyword == "PORT");
                let (kind, text, command) = match (changed.kind(), has_port) {
                    (ConfigEffectKind::Restart, false) => {
                        (ConfigEffectKind::Refresh, "Manager reads its file again without a restart", "REFRESH MANAGER")
                    }
                    (ConfigEffectKind::Restart, true) => {
                        (ConfigEffectKind::Restart, "a change of PORT needs a restart of Manager", "STOP MANAGER; START MANAGER")
                    }
                    (ConfigEffectKind::Stop, _) => (ConfigEffectKind::Stop, "the file of Manager is gone", "STOP MANAGER"),
                    (kind, _) => (kind, "the file of Manager is new", "START MANAGER"),
                };
                vec![effect("MANAGER", kind, text, Some(command))]
            }
            FileKind::Globals => {
                let text = "every process, and every session of GGSCI, reads GLOBALS when it starts";
                vec![effect("GLOBALS", ConfigEffectKind::Restart, text, None)]
            }
            FileKind::Part | FileKind::Properties => self.readers(changed.name()),
            FileKind::Pipelines => {
                changed_pipelines(changed).into_iter().map(|(name, kind)| of_pipeline(&name, kind, changed)).collect()
            }
            FileKind::Defgen => {
                vec![effect(file.name(), ConfigEffectKind::Nothing, "DEFGEN reads it when it is run again", None)]
            }
            FileKind::Commands | FileKind::Template => {
                vec![effect(file.name(), ConfigEffectKind::Nothing, "no process reads it while it runs", None)]
            }
        }
    }

    /// Returns the effects of a file that others include or name.
    fn readers(&self, name: &str) -> Vec<ConfigEffect> {
        let base = |name: &str| name.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
        let own = base(name);
        let names = |file: &&Resolved| {
            let is_group = matches!(file.expanded.kind(), FileKind::Extract | FileKind::Pump | FileKind::Replicat);
            let mut words = file.file().statements().flat_map(|piece| file.file().words(piece));
            is_group
                && (file.expansion.texts.keys().any(|path| base(path) == own)
                    || words.any(|word| base(word.rsplit('=').next().unwrap_or(word).trim_matches(['\'', '"'])) == own))
        };
        let groups = self.after.iter().filter(names);
        let effects: Vec<_> = groups.map(|file| of_group(&file.expanded, ConfigEffectKind::Restart)).collect();
        if effects.is_empty() {
            let text = "no file of the later version includes or names it".to_owned();
            return vec![ConfigEffect { subject: name.to_owned(), kind: ConfigEffectKind::Unknown, text, command: None }];
        }
        effects
    }
}

fn of_group(file: &ParameterFile, kind: ConfigEffectKind) -> ConfigEffect {
    let subject = file.group().map_or_else(|| file.name().to_owned(), |group| file.scrubbed(&group, usize::MAX));
    let noun = if file.kind() == FileKind::Replicat { "REPLICAT" } else { "EXTRACT" };
    let (text, command) = match kind {
        ConfigEffectKind::Start => {
            ("the file is new; the group has to be added before it starts", format!("START {noun} {subject}"))
        }
        ConfigEffectKind::Stop => ("the file is gone; the group must not run any more", format!("STOP {noun} {subject}")),
        _ => ("a process reads its parameters when it starts", format!("STOP {noun} {subject}; START {noun} {subject}")),
    };
    ConfigEffect { subject, kind, text: text.to_owned(), command: Some(command) }
}

/// Returns the pipelines that differ, each with what happens to it.
fn changed_pipelines(changed: &Changed<'_>) -> Vec<(String, ConfigEffectKind)> {
    let names = |file: Option<&ParameterFile>| file.and_then(|file| super::pipelines::read(file.text()).ok()).unwrap_or_default();
    let (was, is) = (names(changed.before), names(changed.after));
    let mut found: Vec<_> =
        was.iter().filter(|(name, _)| !is.contains_key(*name)).map(|(name, _)| (name.clone(), ConfigEffectKind::Stop)).collect();
    for (name, options) in &is {
        match was.get(name) {
            None => found.push((name.clone(), ConfigEffectKind::Start)),
            Some(old) if old != options => found.push((name.clone(), ConfigEffectKind::Restart)),
            Some(_) => {}
        }
    }
    found
}

fn of_pipeline(name: &str, kind: ConfigEffectKind, changed: &Changed<'_>) -> ConfigEffect {
    let is_own = |change: &&ConfigChange| change.keyword.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    let own: Vec<&str> = changed.diff.changes.iter().filter(is_own).map(|change| change.keyword.as_str()).collect();
    let has = |end: &str| own.iter().any(|keyword| keyword.ends_with(end));
    let text = match kind {
        ConfigEffectKind::Start => "it is new: each sink starts at follow.start",
        ConfigEffectKind::Stop => "it is gone: it commits what it has read, and stops; its sinks keep their positions",
        _ if has(".select") || has(".trail") => {
            "a sink's position is bound to its trail and selection: it refuses to go on until it has another path or position, \
             with which it starts at follow.start"
        }
        _ if own
            .iter()
            .any(|keyword| keyword.contains(".sink.") && (keyword.ends_with(".path") || keyword.ends_with(".position"))) =>
        {
            "a sink has another place, and starts there at follow.start; the other sinks go on at their positions"
        }
        _ => "it stops after a commit, starts, and goes on at the position of each sink",
    };
    ConfigEffect { subject: name.to_owned(), kind, text: text.to_owned(), command: None }
}

/// Writes the text.
fn text(title: Option<&str>, changed: &[Changed<'_>], effects: &[ConfigEffect], refused: &[RefusedInput]) -> String {
    const BLANK: &str = "____________________";
    let mut out = format!("# Change of configuration: {}\n\n", title.map_or_else(|| BLANK.to_owned(), masked));
    for field in
        ["Reason", "Requested by", "Prepared by", "Reviewed by", "Approved by, at", "Planned for", "Carried out by, at", "Result"]
    {
        let _ = writeln!(out, "- {field}: {BLANK}");
    }
    out += "\n## Differences\n\n";
    if changed.is_empty() {
        out += "The two versions mean the same.\n";
    }
    for own in changed {
        let kind = own.file().map_or("", |file| file.kind().words());
        let _ = writeln!(out, "{} ({kind}):", own.name());
        own.diff.changes.iter().for_each(|change| out += &format!("- {}\n", in_words(change)));
        out.push('\n');
    }
    out += "## Versions\n\nBLAKE3 digests of the files with their secrets masked:\n\n";
    for own in changed {
        let digest = |file: Option<&ParameterFile>| {
            file.map_or_else(|| "no file".to_owned(), |file| blake3::hash(file.to_string().as_bytes()).to_hex().to_string())
        };
        let _ = writeln!(out, "- {}\n  - before: {}\n  - after: {}", own.name(), digest(own.before), digest(own.after));
    }
    out += "\n## Effects\n\n";
    effects.iter().for_each(|effect| out += &format!("- {}\n", effect_in_words(effect)));
    out += "\n## Steps\n\n1. Keep the files of the version before.\n2. Check the later version: `trailcore ops lint`";
    out += if has_pipelines(changed) { ", `trailcore run FILE --check` and `--plan`" } else { "" };
    out += ".\n3. Put the files in place.\n";
    let commands: Vec<_> = effects.iter().filter_map(|effect| effect.command.as_deref()).collect();
    for (number, command) in commands.iter().enumerate() {
        let _ = writeln!(out, "{}. `{command}`", number + 4);
    }
    let _ = writeln!(
        out,
        "{}. Observe: `trailcore ops health`, twice, and `trailcore ops drift` with the new reports.",
        commands.len() + 4
    );
    out += "\n## Way back\n\n";
    way_back(&mut out, changed, effects);
    if !refused.is_empty() {
        out += "\n## Not compared\n\n";
        refused.iter().for_each(|own| out += &format!("- {}: {}\n", own.artefact, own.reason));
    }
    out
}

fn has_pipelines(changed: &[Changed<'_>]) -> bool {
    changed.iter().any(|own| own.file().is_some_and(|file| file.kind() == FileKind::Pipelines))
}

fn way_back(out: &mut String, changed: &[Changed<'_>], effects: &[ConfigEffect]) {
    *out += "Put the files of the version before in place again.\n\n";
    for effect in effects {
        let step = match effect.kind {
            ConfigEffectKind::Start => "stop it, and remove it",
            ConfigEffectKind::Stop => "start it; it goes on at its checkpoint, as long as the trail files after it are kept",
            ConfigEffectKind::Restart => "stop and start it once more; it goes on at its checkpoint",
            ConfigEffectKind::Refresh => "refresh it once more",
            ConfigEffectKind::Nothing | ConfigEffectKind::Unknown => continue,
        };
        let _ = writeln!(out, "- {}: {step}.", effect.subject);
    }
    for own in changed.iter().filter(|own| own.changes_tables()) {
        let _ = writeln!(
            out,
            "- {}: the way back does not undo what was moved, or left out, between the change and the way back. Compare the tables, \
             and load them again where they differ.",
            own.name()
        );
    }
}

/// Returns a change as a sentence.
fn in_words(change: &ConfigChange) -> String {
    let line = |line: Option<u64>| line.map_or(String::new(), |line| format!(" (line {line})"));
    let quoted = |text: &Option<String>| format!("`{}`", text.as_deref().unwrap_or_default().replace('`', "'"));
    let ConfigChange { keyword, before, before_line, after, after_line, .. } = change;
    match change.kind {
        ConfigChangeKind::Added => format!("{keyword} is new: {}{}", quoted(after), line(*after_line)),
        ConfigChangeKind::Removed => format!("{keyword} is gone: {}{}", quoted(before), line(*before_line)),
        ConfigChangeKind::Changed => {
            format!("{keyword} changes from {}{} to {}{}", quoted(before), line(*before_line), quoted(after), line(*after_line))
        }
        ConfigChangeKind::SecretChanged => format!("{keyword} has another secret, {MASK}{}", line(*after_line)),
        ConfigChangeKind::Moved => {
            format!("{keyword} moves among statements whose order counts: {}{}", quoted(after), line(*after_line))
        }
    }
}

fn effect_in_words(effect: &ConfigEffect) -> String {
    let ConfigEffect { subject, text, .. } = effect;
    match effect.kind {
        ConfigEffectKind::Start => format!("{subject} starts: {text}"),
        ConfigEffectKind::Stop => format!("{subject} stops: {text}"),
        ConfigEffectKind::Restart => format!("{subject} restarts: {text}"),
        ConfigEffectKind::Refresh => format!("{subject} is refreshed: {text}"),
        ConfigEffectKind::Nothing => format!("{subject}: nothing restarts; {text}"),
        ConfigEffectKind::Unknown => format!("{subject}: what restarts is not known; {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(before: &[(&str, &str)], after: &[(&str, &str)]) -> SignOff {
        let inputs = |files: &[(&str, &str)]| files.iter().map(|(name, text)| Input::text(*name, *text)).collect();
        sign_off(&SignOffRequest { before: inputs(before), after: inputs(after), title: None })
    }

    fn effects(report: &SignOff) -> Vec<(&str, ConfigEffectKind)> {
        report.effects.iter().map(|own| (own.subject.as_str(), own.kind)).collect()
    }

    #[test]
    fn each_file_has_its_effect() {
        use ConfigEffectKind::{Refresh, Restart, Start, Stop, Unknown};
        let before = [
            ("mgr.prm", "PORT 7809\nAUTOSTART ER *\n"),
            ("e1.prm", "EXTRACT e1\nINCLUDE login.mac\n#login ()\nTABLE A.*;\n"),
            ("login.mac", "MACRO #login\nBEGIN\nUSERID ogg, PASSWORD Xk7qTz9w\nEND;\n"),
            ("lost.mac", "MACRO #lost\nBEGIN\nTABLE A.B;\nEND;\n"),
            ("r1.prm", "REPLICAT r1\nMAP A.*, TARGET A.*;\n"),
        ];
        let mut after = before;
        after[0].1 = "PORT 7809\nAUTOSTART E *\n";
        after[2].1 = "MACRO #login\nBEGIN\nUSERID ogg, PASSWORD Xk7qTz9x\nEND;\n";
        after[3].1 = "MACRO #lost\nBEGIN\nTABLE A.C;\nEND;\n";
        after[4] = ("r2.prm", "REPLICAT r2\nMAP A.*, TARGET A.*;\n");
        let report = signed(&before, &after);
        assert_eq!(effects(&report), [("MANAGER", Refresh), ("E1", Restart), ("lost.mac", Unknown), ("R1", Stop), ("R2", Start)]);
        assert!(!report.text.contains("Xk7qTz9"), "{}", report.text);
        for words in ["Approved by", "STOP EXTRACT E1; START EXTRACT E1", "r1.prm: the way back does not undo", "REFRESH MANAGER"]
        {
            assert!(report.text.contains(words), "{words}: {}", report.text);
        }
        let port = signed(&[("mgr.prm", "PORT 7809\n")], &[("mgr.prm", "PORT 7810\n")]);
        assert_eq!(effects(&port), [("MANAGER", Restart)]);
        assert!(port.text.contains("- PORT changes from `PORT 7809` (line 1) to `PORT 7810` (line 1)"), "{}", port.text);
    }

    #[test]
    fn pipelines_state_where_they_go_on() {
        let one = |name: &str, select: &str, path: &str| {
            format!(
                "[[pipeline]]\nname = \"{name}\"\ntrail = \"lt\"\nselect = \"{select}\"\n[[pipeline.sink]]\nkind = \"jsonl\"\npath = \"{path}\"\n"
            )
        };
        let before =
            [one("a", "TABLE A.B;", "x"), one("b", "TABLE A.B;", "x"), one("c", "TABLE A.B;", "x"), one("d", "TABLE A.B;", "x")]
                .concat();
        let after =
            [one("a", "TABLE A.C;", "x"), one("b", "TABLE A.B;", "y"), one("c", "TABLE A.B;", "x"), one("e", "TABLE A.B;", "x")]
                .concat();
        let report = signed(&[("p.toml", &before)], &[("p.toml", &after)]);
        use ConfigEffectKind::{Restart, Start, Stop};
        assert_eq!(effects(&report), [("d", Stop), ("a", Restart), ("b", Restart), ("e", Start)]);
        assert!(report.effects[1].text.contains("refuses to go on") && report.effects[2].text.contains("another place"));
        assert!(report.text.contains("trailcore run FILE --check"), "{}", report.text);
        assert!(signed(&[("p.toml", &before)], &[("p.toml", &before)]).text.contains("mean the same"));
    }
}
