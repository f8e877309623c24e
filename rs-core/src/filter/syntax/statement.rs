//! The statements of a parameter file that select changes. See docs/filter.md, section 2.

use std::fmt;

use crate::change::Op;
use crate::filter::syntax::ddl::DdlFilter;
use crate::filter::syntax::expr::{ColumnName, Condition, Expr, In};
use crate::filter::syntax::lexer::{Dialect, is_name_char, unquoted};
use crate::filter::syntax::names::{NamePattern, ObjectPattern};
use crate::position::Position;
use crate::time::Timestamp;

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Statement {
    Dialect(Dialect),
    Rule(Rule),
    Exclude(ExcludeKind, Vec<NamePattern>),
    /// EXCLUDEWILDCARDOBJECTSONLY.
    ExcludeWildcardsOnly,
    Toggle {
        get: bool,
        what: Toggled,
    },
    SourceCatalog(NamePattern),
    ExcludeTag(Tag),
    IncludeTag(Box<str>),
    /// EXCLUDEUSER, EXCLUDEUSERID, EXCLUDETRANS: no known trail contains the user or the name of a transaction.
    ExcludeUser(&'static str, Box<str>),
    NameMatch(NameMatch),
    /// EXTRACT (`false`) or REPLICAT (`true`), with the group name.
    Process(bool, Box<str>),
    /// A trail parameter (EXTTRAIL and others) and the name of the trail. Rules and excludes after it are for this trail.
    Trail(&'static str, Box<str>),
    /// ALLOWDUPTARGETMAP or its opposite.
    DuplicateMaps(bool),
    Ddl(DdlFilter),
    /// TRAILCORE, which GoldenGate does not have.
    Limits(Limits),
    /// TRAILCORE AND: ends a selection. A change must also pass the one that follows.
    And,
}

/// Parameters that name a trail.
pub(crate) const TRAILS: [&str; 4] = ["EXTTRAIL", "RMTTRAIL", "EXTFILE", "RMTFILE"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ExcludeKind {
    Table,
    Map,
    Schema,
    Catalog,
}

impl ExcludeKind {
    pub(crate) const ALL: [(Self, &'static str); 4] = [
        (Self::Table, "TABLEEXCLUDE"),
        (Self::Map, "MAPEXCLUDE"),
        (Self::Schema, "SCHEMAEXCLUDE"),
        (Self::Catalog, "CATALOGEXCLUDE"),
    ];
}

/// The subject of a GET or IGNORE parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Toggled {
    Inserts,
    Updates,
    Deletes,
    Truncates,
    UpdateBefores,
    UpdateAfters,
    Replicates,
    ApplOps,
}

impl Toggled {
    pub(crate) const ALL: [(Self, &'static str); 8] = [
        (Self::Inserts, "INSERTS"),
        (Self::Updates, "UPDATES"),
        (Self::Deletes, "DELETES"),
        (Self::Truncates, "TRUNCATES"),
        (Self::UpdateBefores, "UPDATEBEFORES"),
        (Self::UpdateAfters, "UPDATEAFTERS"),
        (Self::Replicates, "REPLICATES"),
        (Self::ApplOps, "APPLOPS"),
    ];
}

/// The argument of EXCLUDETAG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// `+`
    Any,
    /// `NULL`: changes without a tag.
    None,
    Hex(Box<str>),
}

/// How a target name is matched with the existing tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NameMatch {
    /// NAMEMATCHIGNORECASE: the exact name, or else one that differs only in case.
    #[default]
    IgnoreCase,
    /// NAMEMATCHNOWARNING: the same.
    NoWarning,
    /// NAMEMATCHEXACT: only the exact name.
    Exact,
}

impl NameMatch {
    pub(crate) const ALL: [(Self, &'static str); 3] =
        [(Self::IgnoreCase, "NAMEMATCHIGNORECASE"), (Self::NoWarning, "NAMEMATCHNOWARNING"), (Self::Exact, "NAMEMATCHEXACT")];
}

/// A TABLE or MAP statement: the objects, and clauses that select and project their changes.
///
/// ```
/// use trailcore::filter::{Rule, col, num};
/// let rule = Rule::table("HR.EMP*")?.filter(col("SALARY").gt(num(1000))).cols(&["EMPNO", "SALARY"]);
/// assert_eq!(rule.to_string(), "TABLE HR.EMP*, FILTER (SALARY > 1000), COLS (EMPNO, SALARY);");
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub(crate) is_map: bool,
    pub(crate) source: ObjectPattern,
    pub(crate) target: Option<ObjectPattern>,
    pub(crate) clauses: Vec<Clause>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Clause {
    Filter(Filter),
    Where(Condition),
    Cols(Vec<ColumnName>),
    ColsExcept(Vec<ColumnName>),
    KeyCols(Vec<ColumnName>),
    ColMap {
        use_defaults: bool,
        assignments: Vec<Assignment>,
    },
    Tokens(Vec<Assignment>),
    /// An option without effect on a trail reader, kept verbatim: SQLEXEC, EVENTACTIONS, FETCHCOLS …
    Other {
        name: Box<str>,
        text: Box<str>,
    },
}

impl Clause {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Filter(_) => "FILTER",
            Self::Where(_) => "WHERE",
            Self::Cols(_) => "COLS",
            Self::ColsExcept(_) => "COLSEXCEPT",
            Self::KeyCols(_) => "KEYCOLS",
            Self::ColMap { .. } => "COLMAP",
            Self::Tokens(_) => "TOKENS",
            Self::Other { name, .. } => name,
        }
    }
}

/// The EVENTACTIONS of a rule.
pub(crate) struct Actions {
    /// The number of the clause.
    pub(crate) clause: usize,
    words: Vec<String>,
}

impl Actions {
    pub(crate) fn have(&self, word: &str) -> bool {
        self.words.iter().any(|own| own.eq_ignore_ascii_case(word))
    }

    /// Returns whether the change that triggers them is left out.
    pub(crate) fn leave_out(&self) -> bool {
        (self.have("IGNORE") && !self.have("INCLUDEEVENT")) || self.have("DISCARD")
    }
}

impl Rule {
    /// Returns the EVENTACTIONS: the first word of each, and the options of IGNORE. Other words are arguments, such as the file of a TRACE.
    pub(crate) fn actions(&self) -> Option<Actions> {
        let mut clauses = self.clauses.iter().enumerate();
        let (clause, text) = clauses.find_map(|(index, clause)| match clause {
            Clause::Other { name, text } if &**name == "EVENTACTIONS" => Some((index, text)),
            _ => None,
        })?;
        let text = unquoted(text);
        let inside = text.trim().strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(&text);
        let mut depth = 0_usize;
        let actions = inside.split(|c: char| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        });
        let words = actions.flat_map(|action| {
            let mut words = action.split(|c: char| !is_name_char(c)).filter(|word| !word.is_empty());
            let first = words.next();
            let options =
                words.take(if first.is_some_and(|first| first.eq_ignore_ascii_case("IGNORE")) { usize::MAX } else { 0 });
            first.into_iter().chain(options)
        });
        Some(Actions { clause, words: words.map(str::to_owned).collect() })
    }

    /// Returns whether it is a MAP for operations that have failed.
    pub(crate) fn is_for_exceptions(&self) -> bool {
        self.clauses.iter().any(|clause| matches!(clause, Clause::Other { name, .. } if &**name == "EXCEPTIONSONLY"))
    }
}

/// Operations that FILTER distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowOp {
    /// INSERT
    Insert,
    /// UPDATE, including key updates
    Update,
    /// DELETE
    Delete,
}

impl RowOp {
    pub(crate) const ALL: [(Self, &'static str); 3] =
        [(Self::Insert, "INSERT"), (Self::Update, "UPDATE"), (Self::Delete, "DELETE")];

    pub(crate) fn of(op: Op) -> Option<Self> {
        match op {
            Op::Insert => Some(Self::Insert),
            Op::Update | Op::PkUpdate => Some(Self::Update),
            Op::Delete => Some(Self::Delete),
            _ => None,
        }
    }
}

/// A FILTER clause. It accepts changes for which its expression is not zero.
///
/// ```
/// use trailcore::filter::{Filter, RowOp, col, num};
/// let filter = Filter::new(col("FLAG").ne(num(1))).on(RowOp::Delete);
/// assert_eq!(filter.to_string(), "FILTER (ON DELETE, FLAG <> 1)");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub(crate) on: Vec<RowOp>,
    pub(crate) ignore: Vec<RowOp>,
    pub(crate) raise_error: Option<u32>,
    pub(crate) expr: Expr,
}

impl Filter {
    /// Creates a filter for all operations.
    #[must_use]
    pub fn new(expr: Expr) -> Self {
        Self { on: Vec::new(), ignore: Vec::new(), raise_error: None, expr }
    }

    /// Limits the filter to this operation and others added the same way. Other operations are accepted unfiltered.
    #[must_use]
    pub fn on(mut self, op: RowOp) -> Self {
        if !self.on.contains(&op) {
            self.on.push(op);
        }
        self
    }

    /// Accepts this operation unfiltered.
    #[must_use]
    pub fn ignore(mut self, op: RowOp) -> Self {
        if !self.ignore.contains(&op) {
            self.ignore.push(op);
        }
        self
    }

    /// Turns a change that does not pass into an error with this number (OGG-01155).
    #[must_use]
    pub fn raise_error(self, number: u32) -> Self {
        Self { raise_error: Some(number), ..self }
    }

    /// Returns `true` if it filters changes of this operation.
    pub(crate) fn applies(&self, op: Op) -> bool {
        match RowOp::of(op) {
            Some(op) => (self.on.is_empty() || self.on.contains(&op)) && !self.ignore.contains(&op),
            // A truncate is none of the three, so a filter that names operations does not filter it.
            None => self.on.is_empty(),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        In(self, Dialect::Ansi).fmt(f)
    }
}

impl fmt::Display for In<'_, Filter> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(filter, dialect) = self;
        let name = |op: &RowOp| RowOp::ALL.iter().find(|(own, _)| own == op).map_or("", |(_, name)| name);
        f.write_str("FILTER (")?;
        filter.on.iter().try_for_each(|op| write!(f, "ON {}, ", name(op)))?;
        filter.ignore.iter().try_for_each(|op| write!(f, "IGNORE {}, ", name(op)))?;
        if let Some(number) = filter.raise_error {
            write!(f, "RAISEERROR {number}, ")?;
        }
        write!(f, "{})", In(&filter.expr, *dialect))
    }
}

/// An assignment `target = expression` of COLMAP or TOKENS.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Assignment {
    pub(crate) target: ColumnName,
    pub(crate) value: Expr,
}

impl Rule {
    /// Creates a TABLE statement for objects: `OWNER.OBJECT` or `CONTAINER.OWNER.OBJECT`, with the wildcards `*` and `?`.
    ///
    /// # Errors
    /// [`ErrorKind::Filter`](crate::ErrorKind::Filter) if the text is not an object name.
    pub fn table(objects: &str) -> crate::Result<Self> {
        Ok(Self { is_map: false, source: objects.parse()?, target: None, clauses: Vec::new() })
    }

    /// Creates a MAP statement from source to target objects.
    ///
    /// # Errors
    /// The errors of [`table`](Self::table).
    pub fn map(source: &str, target: &str) -> crate::Result<Self> {
        Ok(Self { is_map: true, source: source.parse()?, target: Some(target.parse()?), clauses: Vec::new() })
    }

    fn with(mut self, clause: Clause) -> Self {
        self.clauses.push(clause);
        self
    }

    /// Adds a FILTER, which accepts changes for which the expression is not zero. All filters of a rule must accept.
    #[must_use]
    pub fn filter(self, expr: Expr) -> Self {
        self.filter_with(Filter::new(expr))
    }

    /// Adds a FILTER with its operations and error number.
    #[must_use]
    pub fn filter_with(self, filter: Filter) -> Self {
        self.with(Clause::Filter(filter))
    }

    /// Adds a WHERE, which accepts changes for which the condition holds.
    #[must_use]
    pub fn where_(self, condition: Condition) -> Self {
        self.with(Clause::Where(condition))
    }

    /// Adds COLS: keeps only these columns.
    #[must_use]
    pub fn cols(self, names: &[&str]) -> Self {
        self.with(Clause::Cols(names.iter().map(|name| column(name)).collect()))
    }

    /// Adds COLSEXCEPT: drops these columns.
    #[must_use]
    pub fn cols_except(self, names: &[&str]) -> Self {
        self.with(Clause::ColsExcept(names.iter().map(|name| column(name)).collect()))
    }

    /// Adds KEYCOLS: the columns of the key, for @RANGE.
    #[must_use]
    pub fn key_cols(self, names: &[&str]) -> Self {
        self.with(Clause::KeyCols(names.iter().map(|name| column(name)).collect()))
    }

    /// Adds COLMAP: derived columns. With `use_defaults` the columns of the row are kept as well.
    #[must_use]
    pub fn col_map<S: AsRef<str>>(self, use_defaults: bool, assignments: impl IntoIterator<Item = (S, Expr)>) -> Self {
        let assigned = |(name, value): (S, Expr)| Assignment { target: column(name.as_ref()), value };
        let assignments = assignments.into_iter().map(assigned).collect();
        self.with(Clause::ColMap { use_defaults, assignments })
    }

    /// Adds TOKENS: derived tokens.
    #[must_use]
    pub fn tokens<S: AsRef<str>>(self, assignments: impl IntoIterator<Item = (S, Expr)>) -> Self {
        // A token name may contain dashes and is never quoted.
        let token = |name: &str| ColumnName { exact_case: false, ..column(name) };
        let assigned = |(name, value): (S, Expr)| Assignment { target: token(name.as_ref()), value };
        self.with(Clause::Tokens(assignments.into_iter().map(assigned).collect()))
    }

    /// Returns whether the rule has a projection: COLS, COLSEXCEPT, COLMAP or TOKENS, which
    /// [`Program::project`](crate::filter::Program::project) carries out.
    #[must_use]
    pub fn projects(&self) -> bool {
        let projects = |clause: &Clause| {
            matches!(clause, Clause::Cols(_) | Clause::ColsExcept(_) | Clause::ColMap { .. } | Clause::Tokens(_))
        };
        self.clauses.iter().any(projects)
    }

    /// Returns whether the rule has a TARGET.
    #[must_use]
    pub fn has_target(&self) -> bool {
        self.target.is_some()
    }

    /// Returns the objects that the rule names. In the rules of a selection, SOURCECATALOG has completed them.
    #[must_use]
    pub fn source(&self) -> &ObjectPattern {
        &self.source
    }

    /// Returns the objects of TARGET.
    #[must_use]
    pub fn target(&self) -> Option<&ObjectPattern> {
        self.target.as_ref()
    }

    /// Returns `true` if the rule names the object.
    #[must_use]
    pub fn names(&self, object: &str) -> bool {
        self.source.matches(object)
    }

    /// Returns the name of the target object for a source object; the source name itself if the rule has no TARGET.
    ///
    /// `known` lists the existing targets: the result is the one that `matching` finds. If it is empty, the result is the name
    /// that TARGET produces.
    ///
    /// # Errors
    /// [`ErrorKind::Filter`](crate::ErrorKind::Filter) if no known target has the name.
    pub fn target_of(&self, source: &str, known: &[&str], matching: NameMatch) -> crate::Result<String> {
        let Some(target) = &self.target else { return Ok(source.to_owned()) };
        let wanted = target.target_of(source);
        if known.is_empty() {
            return Ok(wanted);
        }
        let exact = known.iter().find(|name| **name == wanted);
        let alike = || known.iter().find(|name| matching != NameMatch::Exact && name.eq_ignore_ascii_case(&wanted));
        exact.or_else(alike).map(|name| (*name).to_owned()).ok_or_else(|| {
            let what = format!("no target table named {wanted}");
            crate::Error::new(crate::ErrorKind::Filter, what).hint("create the table, or name another one in TARGET")
        })
    }
}

fn column(name: &str) -> ColumnName {
    ColumnName { side: super::expr::Side::Default, name: name.into(), exact_case: !super::expr::is_plain(name) }
}

/// Limits on a stream for all tables, from TRAILCORE statements and builder calls. Starts are inclusive, ends exclusive.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Limits {
    pub(crate) ops: Option<Vec<Op>>,
    pub(crate) csn: (Option<Box<str>>, Option<Box<str>>),
    pub(crate) time: (Option<Timestamp>, Option<Timestamp>),
    pub(crate) position: (Option<Position>, Option<Position>),
}

fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: impl IntoIterator<Item = T>) -> fmt::Result {
    items.into_iter().enumerate().try_for_each(|(index, item)| write!(f, "{}{item}", if index > 0 { ", " } else { "" }))
}

impl fmt::Display for In<'_, Clause> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(clause, dialect) = self;
        let assignments = |f: &mut fmt::Formatter<'_>, all: &[Assignment]| {
            list(f, all.iter().map(|one| format!("{} = {}", one.target, In(&one.value, *dialect))))
        };
        match clause {
            Clause::Filter(filter) => return In(filter, *dialect).fmt(f),
            Clause::Where(condition) => return write!(f, "WHERE ({})", In(condition, *dialect)),
            Clause::Other { name, text } if text.is_empty() => return f.write_str(name),
            Clause::Other { name, text } => return write!(f, "{name} {text}"),
            _ => write!(f, "{} (", clause.name())?,
        }
        match clause {
            Clause::Cols(names) | Clause::ColsExcept(names) | Clause::KeyCols(names) => list(f, names)?,
            Clause::ColMap { use_defaults, assignments: all } => {
                f.write_str(match (use_defaults, all.is_empty()) {
                    (true, true) => "USEDEFAULTS",
                    (true, false) => "USEDEFAULTS, ",
                    _ => "",
                })?;
                assignments(f, all)?;
            }
            Clause::Tokens(all) => assignments(f, all)?,
            _ => {}
        }
        f.write_str(")")
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        In(self, Dialect::Ansi).fmt(f)
    }
}

impl fmt::Display for In<'_, Rule> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(rule, dialect) = self;
        write!(f, "{} {}", if rule.is_map { "MAP" } else { "TABLE" }, rule.source)?;
        if let Some(target) = &rule.target {
            write!(f, ", TARGET {target}")?;
        }
        rule.clauses.iter().try_for_each(|clause| write!(f, ", {}", In(clause, *dialect)))?;
        f.write_str(";")
    }
}

impl fmt::Display for In<'_, Statement> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(statement, dialect) = self;
        match statement {
            Statement::Dialect(Dialect::Ansi) => f.write_str("USEANSISQLQUOTES"),
            Statement::Dialect(Dialect::NonAnsi) => f.write_str("NOUSEANSISQLQUOTES"),
            Statement::Rule(rule) => In(rule, *dialect).fmt(f),
            Statement::Exclude(kind, parts) => {
                let name = ExcludeKind::ALL.iter().find(|(own, _)| own == kind).map_or("", |(_, name)| name);
                write!(f, "{name} {};", ObjectPattern::from_parts(parts.clone()))
            }
            Statement::ExcludeWildcardsOnly => f.write_str("EXCLUDEWILDCARDOBJECTSONLY"),
            Statement::Toggle { get, what } => {
                let name = Toggled::ALL.iter().find(|(own, _)| own == what).map_or("", |(_, name)| name);
                write!(f, "{}{name}", if *get { "GET" } else { "IGNORE" })
            }
            Statement::SourceCatalog(name) => write!(f, "SOURCECATALOG {name}"),
            Statement::ExcludeTag(Tag::Any) => f.write_str("EXCLUDETAG +"),
            Statement::ExcludeTag(Tag::None) => f.write_str("EXCLUDETAG NULL"),
            Statement::ExcludeTag(Tag::Hex(tag)) => write!(f, "EXCLUDETAG {tag}"),
            Statement::IncludeTag(tag) => write!(f, "TRANLOGOPTIONS INCLUDETAG {tag}"),
            Statement::ExcludeUser(word, value) => write!(f, "TRANLOGOPTIONS {word} {value};"),
            Statement::NameMatch(matching) => {
                f.write_str(NameMatch::ALL.iter().find(|(own, _)| own == matching).map_or("", |(_, name)| name))
            }
            Statement::Process(false, name) => write!(f, "EXTRACT {name};"),
            Statement::Process(true, name) => write!(f, "REPLICAT {name};"),
            Statement::Trail(word, name) => write!(f, "{word} {name};"),
            Statement::DuplicateMaps(true) => f.write_str("ALLOWDUPTARGETMAP"),
            Statement::DuplicateMaps(false) => f.write_str("NOALLOWDUPTARGETMAP"),
            Statement::Ddl(filter) => filter.fmt(f),
            Statement::Limits(limits) => limits.fmt(f),
            Statement::And => f.write_str("TRAILCORE AND;"),
        }
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TRAILCORE")?;
        if let Some(ops) = &self.ops {
            let names: Vec<&str> = ops.iter().map(|op| op.name()).collect();
            write!(f, " OPS {}", names.join(","))?;
        }
        let mut limit = |word: &str, value: Option<String>| match value {
            Some(value) => write!(f, " {word} {value}"),
            None => Ok(()),
        };
        limit("FROMCSN", self.csn.0.as_deref().map(str::to_owned))?;
        limit("UNTILCSN", self.csn.1.as_deref().map(str::to_owned))?;
        limit("FROMTIME", self.time.0.map(|time| time.to_string()))?;
        limit("UNTILTIME", self.time.1.map(|time| time.to_string()))?;
        limit("FROMPOSITION", self.position.0.map(|position| position.to_string()))?;
        limit("UNTILPOSITION", self.position.1.map(|position| position.to_string()))?;
        f.write_str(";")
    }
}
