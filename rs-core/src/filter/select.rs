//! A selection: statements put together, and bound to tables.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::change::Op;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::eval::context::{Settings, TextUnit};
use crate::filter::ops::OpMask;
use crate::filter::syntax::diagnostic::{Diagnostic, Diagnostics};
use crate::filter::syntax::expr::In;
use crate::filter::syntax::lexer::Dialect;
use crate::filter::syntax::macros;
use crate::filter::syntax::names::{NamePattern, ObjectPattern, matches_parts};
use crate::filter::syntax::parameters;
use crate::filter::syntax::statement::{ExcludeKind, Limits, NameMatch, Rule, Statement, Tag, Toggled};
use crate::filter::verdict::{Rejection, Verdict};
use crate::filter::with_deep_stack;
use crate::position::{Csn, Position};
use crate::time::Timestamp;

/// What to do with changes that cannot be decided on: a column is NULL, missing or not decodable where a value is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Stop with an error, as GoldenGate does.
    #[default]
    Strict,
    /// Count them, and turn them away. Conjuncts are put in order by what they cost.
    Lenient,
}

/// Which changes are wanted, and what of them: statements of a parameter file, or the same by calls.
///
/// Immutable and cheap to clone; any number of threads may use one. [`ReadOptions::select`](crate::ReadOptions::select)
/// reads a trail through it; [`bind`](Self::bind) and [`selector`](Self::selector) are for those who have changes already.
///
/// - Excludes come before TABLE and MAP, wherever they stand. Of several TABLE or MAP statements that name an object, each
///   is asked, and a change is wanted if one accepts it. Without any, all objects are wanted.
/// - Several FILTERs and a WHERE must all accept.
/// - Truncates and statements (DDL) are selected by their object. A FILTER or WHERE sees a truncate as a row without columns.
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
}

/// Statements put together.
#[derive(Debug)]
pub(crate) struct Compiled {
    statements: Vec<Statement>,
    source: Arc<str>,
    lints: Vec<Diagnostic>,
    pub(crate) rules: Vec<CompiledRule>,
    excludes: Vec<(ExcludeKind, Vec<NamePattern>)>,
    wildcards_only: bool,
    exclude_tags: Vec<Tag>,
    include_tags: Vec<Box<str>>,
    limits: Vec<Limits>,
    pub(crate) ops: OpMask,
    name_match: NameMatch,
}

/// A rule with what stood in force where it was written.
#[derive(Clone, Debug)]
pub(crate) struct CompiledRule {
    pub(crate) rule: Rule,
    pub(crate) ops: OpMask,
    /// Whether it stands for the rules that there are none of.
    pub(crate) implied: bool,
}

impl PartialEq for Select {
    /// Whether they say the same; where it was written does not count.
    fn eq(&self, other: &Self) -> bool {
        self.compiled.statements == other.compiled.statements && self.mode == other.mode && self.settings == other.settings
    }
}

impl Select {
    /// Reads statements of a parameter file, in the ANSI dialect unless `NOUSEANSISQLQUOTES` stands before them. Parameters
    /// that do not select changes are passed over, with a lint where they are not well known.
    ///
    /// # Errors
    /// All that is wrong with the text, each with its place.
    pub fn parse(text: &str) -> std::result::Result<Self, Diagnostics> {
        Self::parse_in(text, Dialect::Ansi)
    }

    /// The same in another dialect.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_in(text: &str, dialect: Dialect) -> std::result::Result<Self, Diagnostics> {
        let mut no_files =
            |name: &str| Err(format!("INCLUDE {name}: files are only included when the selection is read from a file"));
        with_deep_stack(|| Self::of_script(&macros::expand(text, &mut no_files)?, dialect))
    }

    /// Reads a parameter file. Files that it includes are looked for in its own folder.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] or [`ErrorKind::NotFound`] where a file cannot be read, [`ErrorKind::Filter`] where its text is wrong.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_file_in(path, Dialect::Ansi)
    }

    /// The same in another dialect.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_file_in(path: impl AsRef<Path>, dialect: Dialect) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|error| Error::io(path, error))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut read = |name: &str| {
            let included = folder.join(name.trim_matches(['"', '\'']));
            std::fs::read_to_string(&included).map_err(|error| format!("INCLUDE {name}: {error}"))
        };
        // Editors of one system put a mark before the text.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let read = with_deep_stack(|| Self::of_script(&macros::expand(text, &mut read)?, dialect));
        read.map_err(|error| Error::from(error).in_file(path))
    }

    fn of_script(text: &str, dialect: Dialect) -> std::result::Result<Self, Diagnostics> {
        let mut script = parameters::parse(text, dialect)?;
        if dialect == Dialect::NonAnsi && !matches!(script.statements.first(), Some(Statement::Dialect(_))) {
            script.statements.insert(0, Statement::Dialect(dialect));
        }
        Ok(Self::of(script.statements, text, script.lints))
    }

    fn of(statements: Vec<Statement>, source: &str, lints: Vec<Diagnostic>) -> Self {
        Self { compiled: Arc::new(compile(statements, source, lints)), mode: Mode::default(), settings: Settings::default() }
    }

    /// Whether its text says what it says, so that it can be written and read again. One that was read always does; one that was
    /// put together by calls does not where a name, a token's or a catalog's for example, or a CSN has characters that end it.
    ///
    /// ```
    /// use trailcore::filter::Select;
    /// assert!(Select::builder().from_csn("7824137847").build().round_trips());
    /// assert!(!Select::builder().from_csn("1; TABLE *.*").build().round_trips());
    /// ```
    #[must_use]
    pub fn round_trips(&self) -> bool {
        Self::parse(&self.to_string()).is_ok_and(|read| read.compiled.statements == self.compiled.statements)
    }

    /// The same by calls.
    #[must_use]
    pub fn builder() -> SelectBuilder {
        SelectBuilder::default()
    }

    /// What to do with changes that cannot be decided on.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Counts changes that cannot be decided on, and turns them away.
    #[must_use]
    pub fn lenient(self) -> Self {
        self.mode(Mode::Lenient)
    }

    /// In what unit positions and lengths of text are counted.
    #[must_use]
    pub fn text_unit(mut self, unit: TextUnit) -> Self {
        self.settings.unit = unit;
        self
    }

    /// Makes @COMPUTE fail beyond 17 digits, as GoldenGate's does (OGG-01334). Without it, all digits are kept.
    #[must_use]
    pub fn seventeen_digits(mut self, limit: bool) -> Self {
        self.settings.seventeen_digits = limit;
        self
    }

    /// A clock that stands still, for @DATENOW and lags. Without it, the system's counts, in UTC.
    #[must_use]
    pub fn now(mut self, now: Timestamp) -> Self {
        self.settings.now = Some(now);
        self
    }

    /// Whether it is strict.
    pub(crate) fn is_strict(&self) -> bool {
        self.mode == Mode::Strict
    }

    pub(crate) fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// Its TABLE and MAP statements, by the numbers that verdicts give.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.compiled.rules.iter().map(|rule| &rule.rule)
    }

    /// What is doubtful in its text.
    #[must_use]
    pub fn lints(&self) -> &[Diagnostic] {
        &self.compiled.lints
    }

    /// The lints with their places, as text; empty where there are none.
    #[must_use]
    pub fn lint_text(&self) -> String {
        Diagnostics::new(&self.compiled.source, self.compiled.lints.clone()).to_string()
    }

    pub(crate) fn source(&self) -> &str {
        &self.compiled.source
    }

    /// How a target's name is found (NAMEMATCH…).
    #[must_use]
    pub fn name_match(&self) -> NameMatch {
        self.compiled.name_match
    }

    /// The decision by an object's name alone, and the operation and tag where they are given: what can be told without a
    /// record. [`Verdict::Accept`] says that a rule wants the object; its FILTER and WHERE may still turn changes away.
    pub fn verdict_of_object(&self, object: &str, op: Option<Op>, tag: Option<&str>) -> Verdict {
        let compiled = &*self.compiled;
        if op.is_some_and(|op| !compiled.ops.has(op)) {
            return Verdict::Reject(Rejection::Operation);
        }
        if !compiled.wants_tag(tag) {
            return Verdict::Reject(Rejection::Tag);
        }
        let named: Vec<usize> = compiled.rules_of(object);
        if named.is_empty() {
            return Verdict::Reject(compiled.why_not(object));
        }
        let wanted =
            named.into_iter().find(|&rule| op.is_none_or(|op| compiled.rules.get(rule).is_some_and(|rule| rule.ops.has(op))));
        wanted.map_or(Verdict::Reject(Rejection::Operation), Verdict::Accept)
    }
}

impl std::str::FromStr for Select {
    type Err = Diagnostics;

    fn from_str(text: &str) -> std::result::Result<Self, Diagnostics> {
        Self::parse(text)
    }
}

impl fmt::Display for Select {
    /// As a parameter file, a statement a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut dialect = Dialect::Ansi;
        for (index, statement) in self.compiled.statements.iter().enumerate() {
            if let Statement::Dialect(own) = statement {
                dialect = *own;
            }
            write!(f, "{}{}", if index > 0 { "\n" } else { "" }, In(statement, dialect))?;
        }
        Ok(())
    }
}

/// Whether inserts, updates, deletes and truncates are wanted, as a mask.
fn wanted_ops([inserts, updates, deletes, truncates]: [bool; 4]) -> OpMask {
    OpMask::of(|op| match op {
        Op::Insert => inserts,
        Op::Update | Op::PkUpdate => updates,
        Op::Delete => deletes,
        Op::Truncate => truncates,
        _ => true,
    })
}

fn compile(statements: Vec<Statement>, source: &str, lints: Vec<Diagnostic>) -> Compiled {
    let mut compiled = Compiled {
        source: source.into(),
        lints,
        rules: Vec::new(),
        excludes: Vec::new(),
        wildcards_only: false,
        exclude_tags: Vec::new(),
        include_tags: Vec::new(),
        limits: Vec::new(),
        ops: OpMask::of(|_| true),
        name_match: NameMatch::default(),
        statements: Vec::new(),
    };
    let mut container: Option<&NamePattern> = None;
    // Whether inserts, updates, deletes and truncates are wanted. The default of GETTRUNCATES is UNKNOWN: nothing is lost.
    let mut gets = [true; 4];
    for statement in &statements {
        match statement {
            Statement::Rule(rule) => {
                let ops = wanted_ops(gets);
                let source = rule.source.clone().in_container(container);
                compiled.rules.push(CompiledRule { rule: Rule { source, ..rule.clone() }, ops, implied: false });
            }
            Statement::Exclude(kind, parts) => {
                let parts = match kind {
                    ExcludeKind::Table | ExcludeKind::Map => {
                        ObjectPattern::from_parts(parts.clone()).in_container(container).parts().to_vec()
                    }
                    _ => parts.clone(),
                };
                compiled.excludes.push((*kind, parts));
            }
            Statement::ExcludeWildcardsOnly => compiled.wildcards_only = true,
            Statement::Toggle { get, what } => {
                let place = match what {
                    Toggled::Inserts => 0,
                    Toggled::Updates => 1,
                    Toggled::Deletes => 2,
                    Toggled::Truncates => 3,
                    // Images and replicated work: a trail has what it has.
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
            Statement::Dialect(_) | Statement::ExcludeUser(..) | Statement::Process(..) => {}
        }
    }
    if compiled.rules.is_empty() {
        let ops = wanted_ops(gets);
        let source = ObjectPattern::from_parts(vec![NamePattern::new("*")]);
        compiled.rules.push(CompiledRule {
            rule: Rule { is_map: false, source, target: None, clauses: Vec::new() },
            ops,
            implied: true,
        });
    }
    let limits = &compiled.limits;
    let wanted = |op: Op| limits.iter().all(|limits| limits.ops.as_ref().is_none_or(|ops| ops.contains(&op)));
    compiled.ops = OpMask::of(wanted);
    compiled.statements = statements;
    compiled
}

impl Compiled {
    /// The rules that want an object, by number.
    pub(crate) fn rules_of(&self, object: &str) -> Vec<usize> {
        let excluded_by: Vec<&(ExcludeKind, Vec<NamePattern>)> =
            self.excludes.iter().filter(|(kind, parts)| is_excluded(*kind, parts, object)).collect();
        let all = self.rules.iter().enumerate();
        let named = all.filter(|(_, rule)| rule.implied || rule.rule.names(object));
        named
            .filter(|(_, rule)| {
                excluded_by.iter().all(|(_, parts)| {
                    // A wildcard does not take away what a rule names without any (spec section 3, SEEN).
                    let by_wildcard = parts.iter().any(NamePattern::has_wildcard);
                    self.wildcards_only && by_wildcard && rule.rule.source.is_exact()
                })
            })
            .map(|(index, _)| index)
            .collect()
    }

    /// Why no rule wants an object.
    pub(crate) fn why_not(&self, object: &str) -> Rejection {
        let named = self.rules.iter().any(|rule| rule.rule.names(object) || rule.implied);
        if named { Rejection::Excluded } else { Rejection::Object }
    }

    pub(crate) fn has_tags(&self) -> bool {
        !self.exclude_tags.is_empty() || !self.include_tags.is_empty()
    }

    /// Whether changes with this tag, in hexadecimal, are wanted.
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

    /// Whether a change lies within the limits of CSN, time and position. Of a change without a CSN, or with one of another
    /// form, it cannot be said that it lies within limits of CSN.
    pub(crate) fn within(&self, position: Position, time: Timestamp, csn: Option<&str>) -> bool {
        self.limits.iter().all(|limits| {
            let csn_is = |limit: &Option<Box<str>>, test: fn(std::cmp::Ordering) -> bool| match limit {
                None => true,
                Some(limit) => csn.and_then(|csn| Csn::compare(csn, limit)).is_some_and(test),
            };
            limits.position.0.is_none_or(|from| position >= from)
                && limits.position.1.is_none_or(|until| position < until)
                && limits.time.0.is_none_or(|from| time >= from)
                && limits.time.1.is_none_or(|until| time < until)
                && csn_is(&limits.csn.0, std::cmp::Ordering::is_ge)
                && csn_is(&limits.csn.1, std::cmp::Ordering::is_lt)
        })
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

/// Puts a [`Select`] together by calls.
#[derive(Clone, Debug, Default)]
pub struct SelectBuilder {
    statements: Vec<Statement>,
}

impl SelectBuilder {
    fn with(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }

    /// One limits statement takes all limits of the builder.
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

    /// A TABLE or MAP statement.
    #[must_use]
    pub fn rule(self, rule: Rule) -> Self {
        self.with(Statement::Rule(rule))
    }

    /// Excludes tables: `OWNER.OBJECT`, with wildcards.
    ///
    /// # Errors
    /// [`ErrorKind::Filter`] where the text is no object name.
    pub fn exclude_tables(self, objects: &str) -> Result<Self> {
        let parts = objects.parse::<ObjectPattern>()?.parts().to_vec();
        Ok(self.with(Statement::Exclude(ExcludeKind::Table, parts)))
    }

    /// Excludes schemas: `SCHEMA` or `CONTAINER.SCHEMA`, with wildcards.
    ///
    /// # Errors
    /// As [`exclude_tables`](Self::exclude_tables).
    pub fn exclude_schemas(self, schemas: &str) -> Result<Self> {
        let parts = schemas.parse::<ObjectPattern>()?.parts().to_vec();
        Ok(self.with(Statement::Exclude(ExcludeKind::Schema, parts)))
    }

    /// Excludes catalogs (containers) of objects whose names have three parts, with wildcards.
    ///
    /// # Errors
    /// As [`exclude_tables`](Self::exclude_tables).
    pub fn exclude_catalogs(self, catalogs: &str) -> Result<Self> {
        let parts = catalogs.parse::<ObjectPattern>()?.parts().to_vec();
        Ok(self.with(Statement::Exclude(ExcludeKind::Catalog, parts)))
    }

    /// The container of the objects in all rules and excludes behind it that name none: SOURCECATALOG.
    #[must_use]
    pub fn source_catalog(self, name: &str) -> Self {
        self.with(Statement::SourceCatalog(NamePattern::new(name)))
    }

    /// Whether the rules behind it want this operation: GETINSERTS, IGNOREDELETES and the like, until the opposite comes.
    /// Operations that have no such parameter are left alone.
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

    /// Takes changes with this tag, in hexadecimal, alone.
    ///
    /// # Errors
    /// As [`exclude_tag`](Self::exclude_tag).
    pub fn include_tag(self, hex: &str) -> Result<Self> {
        Ok(self.with(Statement::IncludeTag(tag(hex)?)))
    }

    /// How a target's name is found among those that there are.
    #[must_use]
    pub fn name_match(self, matching: NameMatch) -> Self {
        self.with(Statement::NameMatch(matching))
    }

    /// Wildcards in excludes do not take away what a rule names without any.
    #[must_use]
    pub fn exclude_wildcards_only(self) -> Self {
        self.with(Statement::ExcludeWildcardsOnly)
    }

    /// Excludes changes with this tag, in hexadecimal.
    ///
    /// # Errors
    /// [`ErrorKind::Filter`] where it is not 1 to 2000 hexadecimal digits.
    pub fn exclude_tag(self, hex: &str) -> Result<Self> {
        Ok(self.with(Statement::ExcludeTag(Tag::Hex(tag(hex)?))))
    }

    /// Excludes changes with any tag.
    #[must_use]
    pub fn exclude_tagged(self) -> Self {
        self.with(Statement::ExcludeTag(Tag::Any))
    }

    /// Takes these operations alone.
    #[must_use]
    pub fn ops(self, ops: &[Op]) -> Self {
        self.limit(|limits| limits.ops = Some(ops.to_vec()))
    }

    /// Takes transactions of this CSN and later.
    #[must_use]
    pub fn from_csn(self, csn: &str) -> Self {
        self.limit(|limits| limits.csn.0 = Some(csn.into()))
    }

    /// Takes transactions before this CSN.
    #[must_use]
    pub fn until_csn(self, csn: &str) -> Self {
        self.limit(|limits| limits.csn.1 = Some(csn.into()))
    }

    /// Takes changes of this time and later.
    #[must_use]
    pub fn from_time(self, time: Timestamp) -> Self {
        self.limit(|limits| limits.time.0 = Some(time))
    }

    /// Takes changes before this time.
    #[must_use]
    pub fn until_time(self, time: Timestamp) -> Self {
        self.limit(|limits| limits.time.1 = Some(time))
    }

    /// Takes changes at this position and behind it.
    #[must_use]
    pub fn from_position(self, position: Position) -> Self {
        self.limit(|limits| limits.position.0 = Some(position))
    }

    /// Takes changes before this position.
    #[must_use]
    pub fn until_position(self, position: Position) -> Self {
        self.limit(|limits| limits.position.1 = Some(position))
    }

    /// The selection. See [`Select::round_trips`] where names come from elsewhere.
    #[must_use]
    pub fn build(self) -> Select {
        Select::of(self.statements, "", Vec::new())
    }
}
