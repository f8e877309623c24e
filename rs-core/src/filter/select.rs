//! Selections: statements, compiled for binding to tables.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::change::Op;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::eval::context::{Settings, TextUnit};
use crate::filter::files::{Folders, read_text};
use crate::filter::ops::OpMask;
use crate::filter::parts::SelectParts;
use crate::filter::syntax::ddl::DdlFilter;
use crate::filter::syntax::diagnostic::{Diagnostic, Diagnostics, is_misspelt};
use crate::filter::syntax::expr::In;
use crate::filter::syntax::lexer::Dialect;
use crate::filter::syntax::macros;
use crate::filter::syntax::names::{NameIndex, NamePattern, ObjectPattern, matches_parts};
use crate::filter::syntax::parameters;
use crate::filter::syntax::source::SourceText;
use crate::filter::syntax::statement::{ExcludeKind, Limits, NameMatch, Rule, Statement, Tag, Toggled};
use crate::filter::verdict::{Rejection, Verdict};
use crate::filter::with_deep_stack;
use crate::position::{Csn, Position};
use crate::time::Timestamp;

/// The handling of undecidable changes: a column is NULL, missing or not decodable, but its value is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Stop with an error, as GoldenGate does.
    #[default]
    Strict,
    /// Count and reject them. Tests are ordered by cost.
    Lenient,
}

/// A selection: which changes are wanted, and which of their columns. Parsed from a parameter file or built by calls.
///
/// Immutable and cheap to clone; any number of threads may share one. [`ReadOptions::select`](crate::ReadOptions::select) reads a
/// trail through it. Callers that already have changes use [`bind`](Self::bind) or [`selector`](Self::selector).
///
/// - Excludes come before TABLE and MAP, independent of their position. If several TABLE or MAP statements name an object, each
///   is evaluated, and a change is wanted if one accepts it. Without any such statement, all objects are wanted, but a text with
///   EXTRACT, REPLICAT or an unknown parameter needs one.
/// - A change that a statement with EVENTACTIONS (IGNORE) or (DISCARD) accepts is left out. EXCEPTIONSONLY selects nothing.
/// - All FILTERs and the WHERE of a statement must accept.
/// - Truncates and DDL are selected by their object. A FILTER or WHERE sees a truncate as a row without columns.
///
/// ```
/// use trailcore::filter::{Rule, Select, col, num};
/// let parsed = Select::parse("TABLEEXCLUDE HR.EMP_OLD; TABLE HR.EMP*, FILTER (SALARY > 1000);")?;
/// let built = Select::builder()
///     .exclude_tables("HR.EMP_OLD")?
///     .rule(Rule::table("HR.EMP*")?.filter(col("SALARY").gt(num(1000))))
///     .build();
/// assert_eq!(parsed, built);
/// assert_eq!(Select::parse(&parsed.to_string())?, parsed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Select {
    compiled: Arc<Compiled>,
    mode: Mode,
    pub(crate) settings: Settings,
    /// Another selection that a change must pass too.
    also: Option<Arc<Select>>,
}

/// Compiled statements.
#[derive(Debug)]
pub(crate) struct Compiled {
    statements: Vec<Statement>,
    source: SourceText,
    lints: Vec<Diagnostic>,
    pub(crate) rules: Vec<CompiledRule>,
    /// Finds the rules that may name an object.
    rule_names: NameIndex,
    excludes: Vec<Exclude>,
    /// Finds the excludes that may fit an object.
    exclude_names: NameIndex,
    wildcards_only: bool,
    exclude_tags: Vec<Tag>,
    include_tags: Vec<Box<str>>,
    limits: Vec<Limits>,
    ddl: Vec<DdlFilter>,
    /// ALLOWDUPTARGETMAP: a MAP may repeat the source and the target of an earlier one.
    duplicate_maps: bool,
    pub(crate) ops: OpMask,
    name_match: NameMatch,
    /// It is a parameter file, which was not written for one trail.
    is_file: bool,
}

/// An exclude, and the trail for which it is; 0 for all.
#[derive(Debug)]
struct Exclude {
    kind: ExcludeKind,
    parts: Vec<NamePattern>,
    trail: usize,
}

/// Maximum number of excludes, and of objects, that are compared for misspelt names.
const MOST_COMPARED: usize = 500;

impl Exclude {
    /// Returns whether it looks like a misspelt name of an object: each part is the same or nearly so. Names that differ in their
    /// digits are different names.
    fn is_near(&self, object: &str) -> bool {
        let near = |(pattern, part): (&NamePattern, &str)| {
            let text = pattern.to_string();
            let letters =
                |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).flat_map(char::to_uppercase).collect::<String>();
            pattern.matches(part) || (letters(&text) != letters(part) && is_misspelt(text.trim_matches('"'), part))
        };
        let parts: Vec<&str> = object.rsplit('.').collect();
        let parts = match (self.kind, &*parts) {
            (ExcludeKind::Catalog, [_, _, catalog]) => vec![*catalog],
            (ExcludeKind::Catalog, _) => Vec::new(),
            (ExcludeKind::Schema, parts) => parts.iter().skip(1).copied().take(self.parts.len()).collect(),
            (_, parts) => parts.iter().copied().take(self.parts.len()).collect(),
        };
        parts.len() == self.parts.len() && self.parts.iter().rev().zip(parts).all(near)
    }
}

impl fmt::Display for Exclude {
    /// Writes it as a pattern of objects.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = match self.kind {
            ExcludeKind::Table | ExcludeKind::Map => "",
            ExcludeKind::Schema => ".*",
            ExcludeKind::Catalog => ".*.*",
        };
        write!(f, "{}{rest}", ObjectPattern::from_parts(self.parts.clone()))
    }
}

/// The effect of a rule on a change that it accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Select,
    /// Leaves it out, because of the clause with this number.
    LeaveOut(usize),
    /// The rule accepts no change.
    Nothing,
}

/// A rule with the settings that were in force at its position.
#[derive(Clone, Debug)]
pub(crate) struct CompiledRule {
    pub(crate) rule: Rule,
    pub(crate) ops: OpMask,
    pub(crate) effect: Effect,
    /// The trail for which it is, from 1.
    trail: usize,
    /// It is the rule for all objects, which is implied if there is no TABLE or MAP.
    pub(crate) implied: bool,
}

impl CompiledRule {
    fn new(rule: Rule, ops: OpMask, is_replicat: bool, trail: usize) -> Self {
        let effect = match rule.actions() {
            _ if rule.is_for_exceptions() => Effect::Nothing,
            Some(actions) if actions.leave_out() => Effect::LeaveOut(actions.clause),
            // TABLE in a Replicat only triggers actions.
            _ if is_replicat && !rule.is_map => Effect::Nothing,
            _ => Effect::Select,
        };
        // A rule before the first trail parameter is for that trail.
        Self { rule, ops, effect, trail: trail.max(1), implied: false }
    }

    fn names(&self, object: &str) -> bool {
        self.implied || self.rule.names(object)
    }
}

impl PartialEq for Select {
    /// Compares statements and settings, not positions in the text.
    fn eq(&self, other: &Self) -> bool {
        self.compiled.statements == other.compiled.statements
            && self.mode == other.mode
            && self.settings == other.settings
            && self.also == other.also
    }
}

impl Select {
    /// Parses statements of a parameter file, in the ANSI dialect unless `NOUSEANSISQLQUOTES` precedes them. Parameters that do
    /// not select changes are skipped, with a lint unless they are well known.
    ///
    /// # Errors
    /// The errors of the text, each with its position.
    pub fn parse(text: &str) -> std::result::Result<Self, Diagnostics> {
        Self::parse_in(text, Dialect::Ansi)
    }

    /// Parses statements of a parameter file in a dialect.
    ///
    /// # Errors
    /// The errors of [`parse`](Self::parse).
    pub fn parse_in(text: &str, dialect: Dialect) -> std::result::Result<Self, Diagnostics> {
        let mut no_files =
            |_: &str, _: Option<&Path>| Err("files are only included when the selection is read from a file".to_owned());
        with_deep_stack(|| Self::of_script(&macros::expand(without_mark(text), &mut no_files)?, dialect, false))
    }

    /// Reads a parameter file. Truncates are not selected unless it has GETTRUNCATES.
    ///
    /// Included files (INCLUDE, OBEY) are looked up in the folder of the file that includes them, in the parent of that folder, in
    /// the folder of the parameter file and its parent, and in the current folder.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] or [`ErrorKind::NotFound`] if a file cannot be read, [`ErrorKind::Filter`] if its text is wrong.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_file_in(path, Dialect::Ansi)
    }

    /// Reads a parameter file in a dialect.
    ///
    /// # Errors
    /// The errors of [`from_file`](Self::from_file).
    pub fn from_file_in(path: impl AsRef<Path>, dialect: Dialect) -> Result<Self> {
        Self::from_file_at(path.as_ref(), dialect, None)
    }

    pub(crate) fn from_file_at(path: &Path, dialect: Dialect, home: Option<&Path>) -> Result<Self> {
        let text = read_text(path)?;
        let own = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let folders = Folders { own, home: home.map(Path::to_path_buf) };
        let mut read = |name: &str, from: Option<&Path>| folders.read(name, from);
        let read = with_deep_stack(|| Self::of_script(&macros::expand(without_mark(&text), &mut read)?, dialect, true));
        read.map_err(|error| Error::from(error).in_file(path))
    }

    fn of_script(text: &SourceText, dialect: Dialect, is_file: bool) -> std::result::Result<Self, Diagnostics> {
        let mut script = parameters::parse(text, dialect, is_file)?;
        if dialect == Dialect::NonAnsi && !matches!(script.statements.first(), Some(Statement::Dialect(_))) {
            script.statements.insert(0, Statement::Dialect(dialect));
        }
        let mut select = Self::of(script.statements, text, script.lints);
        if let (true, Some(compiled)) = (is_file, Arc::get_mut(&mut select.compiled)) {
            compiled.is_file = true;
        }
        Ok(select)
    }

    fn of(statements: Vec<Statement>, source: &SourceText, lints: Vec<Diagnostic>) -> Self {
        let mut parts = statements.split(|own| *own == Statement::And).map(<[_]>::to_vec);
        let first = Self::of_part(parts.next().unwrap_or_default(), source, lints);
        parts.fold(first, |select, part| select.and(Self::of_part(part, source, Vec::new())))
    }

    fn of_part(statements: Vec<Statement>, source: &SourceText, lints: Vec<Diagnostic>) -> Self {
        let compiled = Arc::new(compile(statements, source, lints));
        Self { compiled, mode: Mode::default(), settings: Settings::default(), also: None }
    }

    /// Returns a selection that narrows this one: a change must pass both. It is strict if one of them is. In its text, `TRAILCORE
    /// AND;` separates them. Numbers of rules in verdicts are those of the part that decides.
    ///
    /// ```
    /// use trailcore::filter::Select;
    /// let select = Select::parse("TABLE HR.*;")?.and(Select::parse("TABLE *.EMP, WHERE (SALARY > 1000);")?);
    /// assert!(select.verdict_of_object("HR.EMP", None, None).is_accept());
    /// assert!(!select.verdict_of_object("HR.DEPT", None, None).is_accept());
    /// assert_eq!(Select::parse(&select.to_string())?, select);
    /// # Ok::<(), trailcore::filter::Diagnostics>(())
    /// ```
    #[must_use]
    pub fn and(self, other: Select) -> Self {
        let strict = self.is_strict() || other.is_strict();
        let mode = if strict { Mode::Strict } else { Mode::Lenient };
        let also = match &self.also {
            Some(also) => (**also).clone().and(other),
            None => other,
        };
        Self { also: Some(Arc::new(also)), ..self }.mode(mode)
    }

    /// Returns the selections that a change must pass: this one, and all that narrow it.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Select> {
        std::iter::successors(Some(self), |select| select.also.as_deref())
    }

    pub(crate) fn also(&self) -> Option<&Select> {
        self.also.as_deref()
    }

    /// Returns the operations that the selection names in OPS, and that none of its statements selects: it has IGNORE… for them, or
    /// is a parameter file without GETTRUNCATES.
    pub(crate) fn ops_in_vain(&self) -> Vec<Op> {
        let in_vain = |op: &Op| self.parts().any(|part| !part.compiled.rules.iter().any(|rule| rule.ops.has(*op)));
        Op::ALL.into_iter().filter(|op| self.parts().any(|part| part.compiled.names_op(*op))).filter(in_vain).collect()
    }

    /// Changes all parts.
    fn each_part(mut self, change: &impl Fn(&mut Select)) -> Self {
        change(&mut self);
        self.also = self.also.map(|also| Arc::new((*also).clone().each_part(change)));
        self
    }

    /// Returns `true` if its text, written by `Display`, parses back to the same selection. Always true for parsed selections.
    /// May be false for built ones if a name (such as that of a token or a catalog) or a CSN contains delimiters.
    ///
    /// ```
    /// use trailcore::filter::Select;
    /// assert!(Select::builder().from_csn("7824137847").build().round_trips());
    /// assert!(!Select::builder().from_csn("1; TABLE *.*").build().round_trips());
    /// ```
    #[must_use]
    pub fn round_trips(&self) -> bool {
        let statements = |select: &Self| select.parts().map(|part| part.compiled.statements.clone()).collect::<Vec<_>>();
        Self::parse(&self.to_string()).is_ok_and(|read| statements(&read) == statements(self))
    }

    /// Returns the names of its rules, and of its excludes without a wildcard, that fit none of these objects. In a parameter file,
    /// which was not written for one trail, only excludes count that look like a slip for one of them.
    ///
    /// ```
    /// use trailcore::filter::Select;
    /// let select = Select::parse("TABLEEXCLUDE HR.DPT; TABLE HR.EMP; TABLE HR.DEPT;")?;
    /// assert_eq!(select.unmatched(["HR.DEPT"].into_iter()), ["HR.EMP", "HR.DPT"]);
    /// # Ok::<(), trailcore::filter::Diagnostics>(())
    /// ```
    pub fn unmatched<'a>(&self, objects: impl Iterator<Item = &'a str>) -> Vec<String> {
        let names: Vec<&str> = objects.collect();
        let of_part = |part: &Select| {
            let matched: HashSet<usize> = names.iter().flat_map(|name| part.compiled.naming(name)).collect();
            let rules = part.compiled.object_names(|rule| !matched.contains(&rule));
            rules.into_iter().chain(part.compiled.vain_excludes(&names))
        };
        self.parts().flat_map(of_part).collect()
    }

    /// Returns a builder for a selection.
    #[must_use]
    pub fn builder() -> SelectBuilder {
        SelectBuilder::default()
    }

    /// Sets what to do with undecidable changes.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        self.each_part(&|select| select.mode = mode)
    }

    /// Sets lenient mode: undecidable changes are counted and rejected.
    #[must_use]
    pub fn lenient(self) -> Self {
        self.mode(Mode::Lenient)
    }

    /// Sets the unit in which positions and lengths of text are counted.
    #[must_use]
    pub fn text_unit(self, unit: TextUnit) -> Self {
        self.each_part(&|select| select.settings.unit = unit)
    }

    /// Makes @COMPUTE fail with OGG-01334 if a number has more than 17 digits, as GoldenGate does. By default all digits are
    /// kept.
    #[must_use]
    pub fn seventeen_digits(self, limit: bool) -> Self {
        self.each_part(&|select| select.settings.seventeen_digits = limit)
    }

    /// Sets a fixed clock for @DATENOW and lags. The default is the system clock, in UTC.
    #[must_use]
    pub fn now(self, now: Timestamp) -> Self {
        self.each_part(&|select| select.settings.now = Some(now))
    }

    /// Returns `true` in strict mode, where a change that a rule cannot decide on is an error.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.mode == Mode::Strict
    }

    pub(crate) fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// Returns its TABLE and MAP statements. Verdicts refer to them by index.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.parts().flat_map(|part| part.compiled.rules.iter().map(|rule| &rule.rule))
    }

    /// Returns the lints of its text.
    #[must_use]
    pub fn lints(&self) -> &[Diagnostic] {
        &self.compiled.lints
    }

    /// Returns the lints with their positions, as text; empty if there are none.
    #[must_use]
    pub fn lint_text(&self) -> String {
        Diagnostics::new(self.compiled.source.clone(), self.compiled.lints.clone()).to_string()
    }

    pub(crate) fn source(&self) -> &SourceText {
        &self.compiled.source
    }

    /// Returns how target names are matched (NAMEMATCH…).
    #[must_use]
    pub fn name_match(&self) -> NameMatch {
        self.compiled.name_match
    }

    /// Returns the numbers of the rules that an object falls under, in order: each names it and selects; none if it is excluded.
    /// Narrowing selections ([`and`](Self::and)) do not count.
    ///
    /// ```
    /// use trailcore::filter::Select;
    /// let select = Select::parse("TABLE HR.EMP; TABLE HR.*; TABLEEXCLUDE HR.TMP;")?;
    /// assert_eq!((select.rules_of_object("HR.EMP"), select.rules_of_object("HR.TMP")), (vec![0, 1], vec![]));
    /// # Ok::<(), trailcore::filter::Diagnostics>(())
    /// ```
    #[must_use]
    pub fn rules_of_object(&self, object: &str) -> Vec<usize> {
        let selects = |rule: &usize| self.compiled.rules.get(*rule).is_some_and(|rule| rule.effect == Effect::Select);
        self.compiled.rules_of(object).into_iter().filter(selects).collect()
    }

    /// Decides without a record: by the name of the object, and by operation and tag if they are given. [`Verdict::Accept`] means
    /// that a rule names the object; its FILTER and WHERE may still reject changes.
    pub fn verdict_of_object(&self, object: &str, op: Option<Op>, tag: Option<&str>) -> Verdict {
        let own = self.own_verdict_of_object(object, op, tag);
        match &self.also {
            Some(also) if own.is_accept() => also.verdict_of_object(object, op, tag),
            _ => own,
        }
    }

    fn own_verdict_of_object(&self, object: &str, op: Option<Op>, tag: Option<&str>) -> Verdict {
        let compiled = &*self.compiled;
        if op.is_some_and(|op| !compiled.ops.has(op)) {
            return Verdict::Reject(Rejection::Operation);
        }
        if !compiled.wants_tag(tag) {
            return Verdict::Reject(Rejection::Tag);
        }
        let named = self.rules_of_object(object);
        if named.is_empty() {
            return Verdict::Reject(compiled.why_not(object));
        }
        let wanted =
            named.into_iter().find(|&rule| op.is_none_or(|op| compiled.rules.get(rule).is_some_and(|rule| rule.ops.has(op))));
        wanted.map_or(Verdict::Reject(Rejection::Operation), Verdict::Accept)
    }
}

/// Returns a text without the byte order mark that some editors write.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

impl std::str::FromStr for Select {
    type Err = Diagnostics;

    fn from_str(text: &str) -> std::result::Result<Self, Diagnostics> {
        Self::parse(text)
    }
}

/// A selection in a document: its text, or an object.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum SelectDocument {
    /// The text of a strict selection in the ANSI dialect.
    Text(String),
    /// A selection with its mode.
    Full(FullSelectDocument),
    /// A selection in parts.
    Parts(PartsDocument),
}

/// A selection with its mode.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct FullSelectDocument {
    /// The text, in the ANSI dialect.
    text: String,
    /// Rejects undecidable changes instead of returning an error.
    #[serde(default)]
    lenient: bool,
}

/// A selection in parts, with its mode.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct PartsDocument {
    #[serde(flatten)]
    parts: SelectParts,
    /// Rejects undecidable changes instead of returning an error.
    #[serde(default)]
    lenient: bool,
}

impl Serialize for Select {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let text = self.to_string();
        let document = match self.is_strict() {
            true => SelectDocument::Text(text),
            false => SelectDocument::Full(FullSelectDocument { text, lenient: true }),
        };
        document.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Select {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let (text, lenient) = match SelectDocument::deserialize(deserializer)? {
            SelectDocument::Text(text) => (text, false),
            SelectDocument::Full(document) => (document.text, document.lenient),
            SelectDocument::Parts(document) => (document.parts.to_text().map_err(serde::de::Error::custom)?, document.lenient),
        };
        let select = Self::parse(&text).map_err(serde::de::Error::custom)?;
        Ok(if lenient { select.lenient() } else { select })
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Select {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Select".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        SelectDocument::json_schema(generator)
    }
}

impl fmt::Display for Select {
    /// Writes a parameter file with one statement per line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut dialect = Dialect::Ansi;
        let and = [Statement::And];
        let parts = self.parts().enumerate();
        let statements = parts.flat_map(|(place, part)| and.iter().take(place.min(1)).chain(&part.compiled.statements));
        for (index, statement) in statements.enumerate() {
            if let Statement::Dialect(own) = statement {
                dialect = *own;
            }
            write!(f, "{}{}", if index > 0 { "\n" } else { "" }, In(statement, dialect))?;
        }
        Ok(())
    }
}

/// Returns a mask of operations from flags for inserts, updates, deletes and truncates.
fn wanted_ops([inserts, updates, deletes, truncates]: [bool; 4]) -> OpMask {
    OpMask::of(|op| match op {
        Op::Insert => inserts,
        Op::Update | Op::PkUpdate => updates,
        Op::Delete => deletes,
        Op::Truncate => truncates,
        _ => true,
    })
}

fn compile(statements: Vec<Statement>, source: &SourceText, lints: Vec<Diagnostic>) -> Compiled {
    let mut compiled = Compiled {
        source: source.clone(),
        lints,
        rules: Vec::new(),
        rule_names: NameIndex::default(),
        excludes: Vec::new(),
        exclude_names: NameIndex::default(),
        wildcards_only: false,
        exclude_tags: Vec::new(),
        include_tags: Vec::new(),
        limits: Vec::new(),
        ddl: Vec::new(),
        duplicate_maps: false,
        ops: OpMask::of(|_| true),
        name_match: NameMatch::default(),
        is_file: false,
        statements: Vec::new(),
    };
    let mut container: Option<&NamePattern> = None;
    let (mut is_replicat, mut trail) = (false, 0);
    // Flags for inserts, updates, deletes and truncates. A parameter file has IGNORETRUNCATES at its start.
    let mut gets = [true; 4];
    for statement in &statements {
        match statement {
            Statement::Rule(rule) => {
                let ops = wanted_ops(gets);
                let source = rule.source.clone().in_container(container);
                compiled.rules.push(CompiledRule::new(Rule { source, ..rule.clone() }, ops, is_replicat, trail));
            }
            Statement::Exclude(kind, parts) => {
                let parts = match kind {
                    ExcludeKind::Table | ExcludeKind::Map => {
                        ObjectPattern::from_parts(parts.clone()).in_container(container).parts().to_vec()
                    }
                    _ => parts.clone(),
                };
                // MAPEXCLUDE belongs to a Replicat, which reads one trail.
                let trail = if *kind == ExcludeKind::Map { 0 } else { trail };
                compiled.excludes.push(Exclude { kind: *kind, parts, trail });
            }
            Statement::ExcludeWildcardsOnly => compiled.wildcards_only = true,
            Statement::Toggle { get, what } => {
                let place = match what {
                    Toggled::Inserts => 0,
                    Toggled::Updates => 1,
                    Toggled::Deletes => 2,
                    Toggled::Truncates => 3,
                    // Toggles of images and replicated work affect what is written to a trail, not how it is read.
                    _ => continue,
                };
                if let Some(wanted) = gets.get_mut(place) {
                    *wanted = *get;
                }
            }
            Statement::SourceCatalog(name) => container = Some(name),
            Statement::ExcludeTag(tag) => compiled.exclude_tags.push(tag.clone()),
            Statement::IncludeTag(tag) => compiled.include_tags.push(tag.clone()),
            Statement::NameMatch(matching) => compiled.name_match = *matching,
            Statement::Limits(limits) => compiled.limits.push(limits.clone()),
            Statement::Trail(..) => trail += 1,
            Statement::DuplicateMaps(allowed) => compiled.duplicate_maps = *allowed,
            Statement::Ddl(filter) => compiled.ddl.push(filter.clone()),
            Statement::Process(replicat, _) => {
                is_replicat = *replicat;
                compiled.is_file = true;
            }
            Statement::Dialect(_) | Statement::ExcludeUser(..) | Statement::And => {}
        }
    }
    if compiled.rules.is_empty() {
        let ops = wanted_ops(gets);
        let source = ObjectPattern::from_parts(vec![NamePattern::new("*")]);
        let rule = Rule { is_map: false, source, target: None, clauses: Vec::new() };
        compiled.rules.push(CompiledRule { rule, ops, effect: Effect::Select, trail: 1, implied: true });
    }
    compiled.rules.iter().for_each(|rule| compiled.rule_names.add((!rule.implied).then(|| rule.rule.source.parts())));
    for exclude in &compiled.excludes {
        let is_table = matches!(exclude.kind, ExcludeKind::Table | ExcludeKind::Map);
        compiled.exclude_names.add(is_table.then_some(&*exclude.parts));
    }
    let limits = &compiled.limits;
    let wanted = |op: Op| limits.iter().all(|limits| limits.ops.as_ref().is_none_or(|ops| ops.contains(&op)));
    compiled.ops = OpMask::of(wanted);
    compiled.statements = statements;
    compiled
}

impl Compiled {
    /// Returns the numbers of the rules that name an object and are not excluded, if one of them selects. Rules that leave changes
    /// out come first.
    pub(crate) fn rules_of(&self, object: &str) -> Vec<usize> {
        let excludes: Vec<&Exclude> = self.excluding(object).filter_map(|number| self.excludes.get(number)).collect();
        let named = self.naming(object).filter_map(|number| Some((number, self.rules.get(number)?)));
        let mut targets = HashSet::new();
        let (mut selecting, mut leaving) = (Vec::new(), Vec::new());
        for (number, rule) in named.filter(|(_, rule)| excludes.iter().all(|exclude| self.is_exempt(rule, exclude))) {
            if !self.duplicate_maps && !is_first(&rule.rule, object, &mut targets) {
                continue;
            }
            let list = if rule.effect == Effect::Select { &mut selecting } else { &mut leaving };
            list.push(number);
        }
        if selecting.is_empty() {
            return selecting;
        }
        leaving.extend(selecting);
        leaving
    }

    /// Returns whether OPS names an operation. A list of all operations of rows is the one that conditions imply, and no wish.
    fn names_op(&self, op: Op) -> bool {
        let is_row = |op: &Op| matches!(op, Op::Insert | Op::Update | Op::PkUpdate | Op::Delete | Op::Truncate);
        let lists = self.limits.iter().filter_map(|limits| limits.ops.as_ref());
        let mut named = lists.filter(|ops| !Op::ALL.iter().filter(|op| is_row(op)).all(|op| ops.contains(op)));
        named.any(|ops| ops.contains(&op))
    }

    /// Returns the numbers of the rules that name an object and have an effect.
    pub(crate) fn naming(&self, object: &str) -> impl Iterator<Item = usize> {
        let names = |rule: &CompiledRule| rule.effect != Effect::Nothing && rule.names(object);
        let candidates = self.rule_names.candidates(object).into_iter();
        candidates.filter(move |number| self.rules.get(*number).is_some_and(names))
    }

    /// Returns the object names of some of its rules as they are written, each once. A rule for all objects has no name that could be
    /// misspelt.
    pub(crate) fn object_names(&self, of: impl Fn(usize) -> bool) -> Vec<String> {
        let has_name = |rule: &CompiledRule| !rule.implied && !rule.rule.source.parts().iter().all(NamePattern::is_any);
        let has_effect = |rule: &CompiledRule| rule.effect != Effect::Nothing;
        let rules = self.rules.iter().enumerate();
        let rules = rules.filter(|(number, rule)| has_effect(rule) && has_name(rule) && of(*number));
        let mut seen = HashSet::new();
        rules.map(|(_, rule)| rule.rule.source.to_string()).filter(|name| seen.insert(name.clone())).collect()
    }

    /// Returns the numbers of the excludes that name an object.
    fn excluding<'a>(&'a self, object: &'a str) -> impl Iterator<Item = usize> + 'a {
        let names = |own: &Exclude| is_excluded(own.kind, &own.parts, object);
        let candidates = self.exclude_names.candidates(object).into_iter();
        candidates.filter(move |number| self.excludes.get(*number).is_some_and(names))
    }

    /// Returns the names of its excludes without a wildcard that fit none of these objects, each once. In a parameter file most
    /// excludes name tables that its trail does not have for that very reason: of these only the ones that look like a misspelt name
    /// of an object that no exclude names.
    fn vain_excludes(&self, objects: &[&str]) -> Vec<String> {
        if self.excludes.is_empty() {
            return Vec::new();
        }
        let (mut used, mut left) = (HashSet::new(), Vec::new());
        for object in objects {
            let mut numbers = self.excluding(object).peekable();
            if numbers.peek().is_none() && left.len() < MOST_COMPARED {
                left.push(*object);
            }
            used.extend(numbers);
        }
        let vain = self.excludes.iter().enumerate().filter(|(number, _)| !used.contains(number)).map(|(_, exclude)| exclude);
        let vain = vain.filter(|exclude| !exclude.parts.iter().any(NamePattern::has_wildcard));
        let most = if self.is_file { MOST_COMPARED } else { usize::MAX };
        let told = vain.take(most).filter(|exclude| !self.is_file || left.iter().any(|object| exclude.is_near(object)));
        let mut seen = HashSet::new();
        told.map(ToString::to_string).filter(|name| seen.insert(name.clone())).collect()
    }

    /// Returns whether an exclude of an object does not exclude it from a rule.
    fn is_exempt(&self, rule: &CompiledRule, exclude: &Exclude) -> bool {
        // SEEN (docs/filter.md, section 2): an exclude after a trail parameter is for that trail.
        let of_other_trail = exclude.trail != 0 && exclude.trail != rule.trail && !rule.implied;
        // SEEN (docs/filter.md, section 2): a wildcard does not exclude an object that a rule names without any.
        let by_wildcard = exclude.parts.iter().any(NamePattern::has_wildcard);
        of_other_trail || (self.wildcards_only && by_wildcard && rule.rule.source.is_exact())
    }

    /// Returns the reason why no rule wants an object.
    pub(crate) fn why_not(&self, object: &str) -> Rejection {
        let selects = |number: usize| self.rules.get(number).is_some_and(|rule| rule.effect == Effect::Select);
        if self.naming(object).any(selects) { Rejection::Excluded } else { Rejection::Object }
    }

    /// Returns whether the text has a DDL parameter.
    pub(crate) fn has_ddl(&self) -> bool {
        !self.ddl.is_empty()
    }

    /// Returns whether the DDL parameters want DDL of an object; see [`DdlFilter::wants`].
    pub(crate) fn wants_ddl(&self, object: &str, mapped: bool, operation: &str, kind: &str) -> bool {
        self.ddl.iter().all(|filter| filter.wants(object, mapped, operation, kind))
    }

    pub(crate) fn has_tags(&self) -> bool {
        !self.exclude_tags.is_empty() || !self.include_tags.is_empty()
    }

    /// Returns `true` if changes with this tag, in hexadecimal, are wanted.
    pub(crate) fn wants_tag(&self, tag: Option<&str>) -> bool {
        let excluded = self.exclude_tags.iter().any(|own| match own {
            Tag::Any => tag.is_some(),
            Tag::None => tag.is_none(),
            Tag::Hex(hex) => tag.is_some_and(|tag| tag.eq_ignore_ascii_case(hex)),
        });
        let included = self.include_tags.is_empty()
            || self.include_tags.iter().any(|own| tag.is_some_and(|tag| tag.eq_ignore_ascii_case(own)));
        !excluded && included
    }

    pub(crate) fn has_limits(&self) -> bool {
        self.limits.iter().any(|limits| *limits != Limits { ops: limits.ops.clone(), ..Limits::default() })
    }

    /// Returns whether a change is within the limits of position and time.
    pub(crate) fn within(&self, position: Position, time: Timestamp) -> bool {
        self.limits.iter().all(|limits| {
            limits.position.0.is_none_or(|from| position >= from)
                && limits.position.1.is_none_or(|until| position < until)
                && limits.time.0.is_none_or(|from| time >= from)
                && limits.time.1.is_none_or(|until| time < until)
        })
    }

    /// Returns whether a CSN is within the limits of CSNs; as an error, the limit that it cannot be compared with.
    pub(crate) fn within_csns(&self, csn: &str) -> std::result::Result<bool, &str> {
        let compared = |limit: &'_ str| Csn::compare(csn, limit);
        for Limits { csn: (from, until), .. } in &self.limits {
            if let Some(from) = from {
                if compared(from).ok_or(&**from)?.is_lt() {
                    return Ok(false);
                }
            }
            if let Some(until) = until {
                if compared(until).ok_or(&**until)?.is_ge() {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Returns whether there are limits of CSNs.
    pub(crate) fn has_csn_limits(&self) -> bool {
        self.limits.iter().any(|limits| limits.csn != (None, None))
    }
}

/// Returns whether no earlier MAP has the same source and target (SEEN: only the first one is used; docs/filter.md, section 2).
fn is_first(rule: &Rule, object: &str, targets: &mut HashSet<String>) -> bool {
    match &rule.target {
        Some(target) if rule.is_map => targets.insert(target.target_of(object)),
        _ => true,
    }
}

fn is_excluded(kind: ExcludeKind, parts: &[NamePattern], object: &str) -> bool {
    match kind {
        ExcludeKind::Table | ExcludeKind::Map => matches_parts(parts, object),
        ExcludeKind::Schema => object.rsplit_once('.').is_some_and(|(schema, _)| matches_parts(parts, schema)),
        ExcludeKind::Catalog => {
            let mut of_three = object.splitn(3, '.');
            let catalog = of_three.next().unwrap_or_default();
            of_three.count() == 2 && matches_parts(parts, catalog)
        }
    }
}

fn tag(hex: &str) -> Result<Box<str>> {
    if hex.is_empty() || hex.len() > 2000 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Error::new(ErrorKind::Filter, "a tag must be 1 to 2000 hexadecimal digits"));
    }
    Ok(hex.to_ascii_uppercase().into())
}

/// Builds a [`Select`] by calls.
#[derive(Clone, Debug, Default)]
pub struct SelectBuilder {
    statements: Vec<Statement>,
}

impl SelectBuilder {
    fn with(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }

    /// Collects all limits of the builder in one statement.
    fn limit(mut self, set: impl FnOnce(&mut Limits)) -> Self {
        match self.statements.iter_mut().find_map(|own| if let Statement::Limits(limits) = own { Some(limits) } else { None }) {
            Some(limits) => set(limits),
            None => {
                let mut limits = Limits::default();
                set(&mut limits);
                self.statements.push(Statement::Limits(limits));
            }
        }
        self
    }

    /// Adds a TABLE or MAP statement.
    #[must_use]
    pub fn rule(self, rule: Rule) -> Self {
        self.with(Statement::Rule(rule))
    }

    /// Excludes tables: `OWNER.OBJECT`, with wildcards.
    ///
    /// # Errors
    /// [`ErrorKind::Filter`] if the text is not an object name.
    pub fn exclude_tables(self, objects: &str) -> Result<Self> {
        let parts = objects.parse::<ObjectPattern>()?.parts().to_vec();
        Ok(self.with(Statement::Exclude(ExcludeKind::Table, parts)))
    }

    /// Excludes schemas: `SCHEMA` or `CONTAINER.SCHEMA`, with wildcards.
    ///
    /// # Errors
    /// The errors of [`exclude_tables`](Self::exclude_tables).
    pub fn exclude_schemas(self, schemas: &str) -> Result<Self> {
        let parts = schemas.parse::<ObjectPattern>()?.parts().to_vec();
        Ok(self.with(Statement::Exclude(ExcludeKind::Schema, parts)))
    }

    /// Excludes catalogs (containers) of objects whose names have three parts, with wildcards.
    ///
    /// # Errors
    /// The errors of [`exclude_tables`](Self::exclude_tables).
    pub fn exclude_catalogs(self, catalogs: &str) -> Result<Self> {
        let parts = catalogs.parse::<ObjectPattern>()?.parts().to_vec();
        Ok(self.with(Statement::Exclude(ExcludeKind::Catalog, parts)))
    }

    /// Adds SOURCECATALOG: sets the container for all following rules and excludes that do not name one.
    #[must_use]
    pub fn source_catalog(self, name: &str) -> Self {
        self.with(Statement::SourceCatalog(NamePattern::new(name)))
    }

    /// Adds a toggle such as GETINSERTS or IGNOREDELETES, which decides whether the following rules want this operation, until
    /// the opposite toggle. No effect for operations that have no toggle.
    ///
    /// ```
    /// use trailcore::Op;
    /// use trailcore::filter::{Rule, Select};
    /// let select = Select::builder().get(Op::Delete, false).rule(Rule::table("HR.EMP")?).build();
    /// assert_eq!(select.to_string(), "IGNOREDELETES\nTABLE HR.EMP;");
    /// assert!(!select.verdict_of_object("HR.EMP", Some(Op::Delete), None).is_accept());
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    #[must_use]
    pub fn get(self, op: Op, wanted: bool) -> Self {
        let what = match op {
            Op::Insert => Toggled::Inserts,
            Op::Update | Op::PkUpdate => Toggled::Updates,
            Op::Delete => Toggled::Deletes,
            Op::Truncate => Toggled::Truncates,
            _ => return self,
        };
        self.with(Statement::Toggle { get: wanted, what })
    }

    /// Selects only changes with this tag, in hexadecimal, or another one added the same way.
    ///
    /// # Errors
    /// The errors of [`exclude_tag`](Self::exclude_tag).
    pub fn include_tag(self, hex: &str) -> Result<Self> {
        Ok(self.with(Statement::IncludeTag(tag(hex)?)))
    }

    /// Sets how target names are matched with the existing tables.
    #[must_use]
    pub fn name_match(self, matching: NameMatch) -> Self {
        self.with(Statement::NameMatch(matching))
    }

    /// Adds EXCLUDEWILDCARDOBJECTSONLY: wildcards in excludes do not exclude an object that a rule names without wildcards.
    #[must_use]
    pub fn exclude_wildcards_only(self) -> Self {
        self.with(Statement::ExcludeWildcardsOnly)
    }

    /// Excludes changes with this tag, in hexadecimal.
    ///
    /// # Errors
    /// [`ErrorKind::Filter`] if it is not 1 to 2000 hexadecimal digits.
    pub fn exclude_tag(self, hex: &str) -> Result<Self> {
        Ok(self.with(Statement::ExcludeTag(Tag::Hex(tag(hex)?))))
    }

    /// Excludes changes with any tag.
    #[must_use]
    pub fn exclude_tagged(self) -> Self {
        self.with(Statement::ExcludeTag(Tag::Any))
    }

    /// Selects only these operations.
    #[must_use]
    pub fn ops(self, ops: &[Op]) -> Self {
        self.limit(|limits| limits.ops = Some(ops.to_vec()))
    }

    /// Selects transactions with this CSN or a later one.
    #[must_use]
    pub fn from_csn(self, csn: &str) -> Self {
        self.limit(|limits| limits.csn.0 = Some(csn.into()))
    }

    /// Selects transactions before this CSN.
    #[must_use]
    pub fn until_csn(self, csn: &str) -> Self {
        self.limit(|limits| limits.csn.1 = Some(csn.into()))
    }

    /// Selects changes at or after this time.
    #[must_use]
    pub fn from_time(self, time: Timestamp) -> Self {
        self.limit(|limits| limits.time.0 = Some(time))
    }

    /// Selects changes before this time.
    #[must_use]
    pub fn until_time(self, time: Timestamp) -> Self {
        self.limit(|limits| limits.time.1 = Some(time))
    }

    /// Selects changes at or after this position.
    #[must_use]
    pub fn from_position(self, position: Position) -> Self {
        self.limit(|limits| limits.position.0 = Some(position))
    }

    /// Selects changes before this position.
    #[must_use]
    pub fn until_position(self, position: Position) -> Self {
        self.limit(|limits| limits.position.1 = Some(position))
    }

    /// Returns the selection. Check [`Select::round_trips`] if names come from untrusted input.
    #[must_use]
    pub fn build(self) -> Select {
        Select::of(self.statements, &SourceText::from(""), Vec::new())
    }
}
