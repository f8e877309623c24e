//! [`Mapping`]: changes of a pipeline's source become those of its sinks: TARGET and COLMAP of the selection, then transforms.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use trailcore::change::{Builder, Number, OwnedChange, OwnedValue, Value};
use trailcore::filter::{NameMatch, ProjectedKind, Rule, Scratch, Select, Selector, nearest};
use trailcore::schema::{ColumnDef, TableDef, TableMap};
use trailcore::{Change, Error, ErrorKind, Op, Result, Row};
use twox_hash::XxHash64;

use super::definitions::{Definitions, Met};

/// Changes the rows of some tables. The members apply in this order: keep and drop, mask, cast, rename, constant, target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "Changes the rows of some tables."))]
#[serde(default, deny_unknown_fields)]
pub struct Transform {
    /// The tables, by name or pattern such as `BANK.*`; all if it is not set.
    pub table: Option<String>,
    /// Only these columns.
    pub keep: Option<Vec<String>>,
    /// Without these columns.
    pub drop: Vec<String>,
    /// Columns whose values are hidden, and how.
    pub mask: BTreeMap<String, Mask>,
    /// Columns that get another type.
    pub cast: BTreeMap<String, Cast>,
    /// Columns that get another name.
    pub rename: BTreeMap<String, String>,
    /// Further columns, of text, with the same value in each row.
    pub constant: BTreeMap<String, String>,
    /// The name of the table; `{table}` stands for the last part of its name, `{schema}` for the part before it.
    pub target: Option<String>,
}

/// How a value is hidden. NULL stays NULL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    /// It becomes NULL.
    Null,
    /// It becomes 16 hexadecimal digits, the same for the same value: rows can still be joined. It is no protection against one who tries
    /// all values.
    Hash,
    /// It becomes this text.
    Text(String),
}

/// The type that a column gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cast {
    /// Text, in the form of native JSON.
    Text,
    /// A number with its exact digits. A text that is not a number refuses the change.
    Number,
}

/// The longest text of a column that the mapping makes.
const LONGEST: u32 = 4_000;

/// Maps changes. One thread uses it.
#[derive(Debug)]
pub(crate) struct Mapping {
    transforms: Vec<(Option<Rule>, Transform)>,
    /// The rules of the selection, if some of them have a TARGET or a projection.
    rules: Option<(Vec<Rule>, Selector)>,
    scratch: Scratch,
    /// The plans of tables, with the version of the definition that they are for.
    plans: TableMap<(u64, Option<Arc<Plan>>)>,
    /// The definitions of rows that rules produce, by the source's definition.
    made: TableMap<BTreeMap<MadeBy, Made>>,
    definitions: Definitions,
    /// The changes that rules could not decide on, by table and rule.
    doubts: BTreeMap<(String, usize), u64>,
}

/// Sets a column of an image.
type Setter = fn(Builder, &str, &Value<'_>) -> Result<Builder>;

/// The version of the source's definition, the target, and the rule that projects.
type MadeBy = (u64, String, Option<usize>);

/// The result of a rule for one definition.
#[derive(Clone, Debug)]
struct Made {
    table: Arc<TableDef>,
    /// The kinds of its columns, if the rule projects.
    kinds: Arc<[ProjectedKind]>,
    /// The plan for its rows.
    plan: Option<Arc<Plan>>,
}

/// How the rows of a table with one definition become those of its target.
#[derive(Clone, Debug)]
struct Plan {
    target: Arc<TableDef>,
    columns: Vec<Step>,
}

/// The origin of a column of the target.
#[derive(Clone, Debug)]
enum Step {
    Column {
        index: usize,
        mask: Option<Mask>,
        cast: Option<Cast>,
    },
    Constant(Box<str>),
    /// The version of the definition.
    Version(Box<str>),
}

impl Mapping {
    pub(crate) fn new(select: Option<&Select>, transforms: &[Transform]) -> Result<Self> {
        let wrong = |text: &str| Error::new(ErrorKind::InvalidArgument, format!("{text} is not a name or pattern of tables"));
        let pattern = |transform: &Transform| match &transform.table {
            Some(text) => Rule::table(text).map(Some).map_err(|_| wrong(text)),
            None => Ok(None),
        };
        let transforms = transforms.iter().map(|one| Ok((pattern(one)?, one.clone()))).collect::<Result<_>>()?;
        let maps = |select: &&Select| select.rules().any(|rule| rule.projects() || rule.has_target());
        let rules = select.filter(maps).map(|select| (select.rules().cloned().collect(), select.selector()));
        let (scratch, plans, made, definitions, doubts) = Default::default();
        Ok(Self { transforms, rules, scratch, plans, made, definitions, doubts })
    }

    /// Watches the definitions of tables.
    pub(crate) fn watching(self, definitions: Definitions) -> Self {
        Self { definitions, ..self }
    }

    /// Returns the definitions that it has met.
    pub(crate) fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// Returns the changes that rules of a lenient selection could not decide on since the last call, by table and rule.
    pub(crate) fn take_doubts(&mut self) -> BTreeMap<(String, usize), u64> {
        std::mem::take(&mut self.doubts)
    }

    /// Returns whether rows may differ from the changes of the trail.
    pub(crate) fn changes_rows(&self) -> bool {
        self.rules.is_some() || !self.transforms.is_empty() || self.definitions.is_watching()
    }

    /// Calls `each` with the changes that a change becomes, itself or one for each rule of the selection that accepts it, and with the number
    /// of its table's definition if definitions are watched.
    pub(crate) fn map(
        &mut self,
        change: &Change<'_>,
        mut each: impl FnMut(&Change<'_>, Option<u64>) -> Result<()>,
    ) -> Result<()> {
        let met = self.definitions.meet(change)?;
        if !self.changes_rows() {
            return each(change, None);
        }
        let number = met.as_ref().map(|met| met.version);
        match self.by_rules(change, met.as_deref())? {
            Some(made) => made.iter().try_for_each(|made| each(&made.as_change(), number)),
            None => match self.plan(change, met.as_deref())? {
                Some(plan) => each(&transformed(change, &plan)?.as_change(), number),
                None => each(change, number),
            },
        }
    }

    /// Returns the changes that the rules of the selection make; `None` if they leave it as it is.
    fn by_rules(&mut self, change: &Change<'_>, met: Option<&Met>) -> Result<Option<Vec<OwnedChange>>> {
        if self.rules.is_none() || change.op() == Op::Ddl {
            return Ok(None);
        }
        let hits = self.hits(change)?;
        let Some((rules, selector)) = &mut self.rules else { return Ok(None) };
        let program = selector.program(change);
        let targets = hits.into_iter().map(|number| {
            let rule = rules.get(number).ok_or_else(|| Error::internal("a selection accepts by a rule that it does not have"))?;
            Ok((number, rule.projects(), rule.target_of(&change.table_name(), &[], NameMatch::Exact)?))
        });
        let targets: Vec<(usize, bool, String)> = targets.collect::<Result<_>>()?;
        let mut made = Vec::new();
        for (number, projects, target) in targets {
            if !projects {
                made.push(self.by_target(change, target, met)?);
                continue;
            }
            let projected = program.project(change, number, &mut self.scratch)?;
            // The rule itself states its columns.
            let stated = met.map(Met::with_all_columns);
            let define = |target: &str| projected_table(change.table(), target, program.projected(number));
            let Made { table, kinds, plan } = self.made_of(change, (target, Some(number)), stated.as_ref(), define)?;
            let is_delete = change.op() == Op::Delete;
            // A deleted row has values only before the change.
            let (mut builder, set): (_, Setter) = match is_delete {
                true => (like(change, &table).with_before(), Builder::before),
                false => (like(change, &table), Builder::after),
            };
            for (name, value) in projected.columns {
                let index = table.column(&name).map(|(index, _)| index);
                let kind = index.and_then(|index| kinds.get(index)).copied().unwrap_or(ProjectedKind::Unknown);
                builder = set(builder, &name, &fitting(change, &name, kind, value)?.as_value())?;
            }
            // The key of the old row, for updates.
            if let (Some(before), true) = (change.before()?, matches!(change.op(), Op::Update | Op::PkUpdate)) {
                builder = builder.with_before();
                for (column, kind) in table.columns().iter().zip(&*kinds) {
                    let old = match kind {
                        ProjectedKind::Column(index) => before.at(*index),
                        // The old value of a column that is computed from it: of no use if it is of another kind.
                        _ => before.get(&column.name).filter(|old| is_like(change.table(), &old.name(), column)),
                    };
                    if let Some(old) = old {
                        builder = builder.before(&column.name, &old.value())?;
                    }
                }
            }
            let row = builder.build()?;
            made.push(match plan {
                Some(plan) => transformed(&row.as_change(), &plan)?,
                None => row,
            });
        }
        Ok(Some(made))
    }

    /// Returns the numbers of the rules that accept a change. A rule that cannot decide on it is an error, or counted in lenient mode.
    fn hits(&mut self, change: &Change<'_>) -> Result<Vec<usize>> {
        let Some((_, selector)) = &mut self.rules else { return Ok(Vec::new()) };
        let program = selector.program(change);
        let (mut hits, mut doubts) = (Vec::new(), Vec::new());
        program.each_hit(change, &mut self.scratch, |rule, verdict| match verdict.is_accept() {
            true => hits.push(rule),
            false => doubts.push((rule, verdict)),
        });
        if let Some((_, verdict)) = doubts.first().filter(|_| selector.select().is_strict()) {
            return Err(selector.error(change, verdict));
        }
        for (rule, _) in doubts {
            *self.doubts.entry((change.table_name().into_owned(), rule)).or_default() += 1;
        }
        Ok(hits)
    }

    /// Returns a change with its rows under the name of a target, and transformed.
    fn by_target(&mut self, change: &Change<'_>, target: String, met: Option<&Met>) -> Result<OwnedChange> {
        let same = |target: &str| Ok((TableDef::checked(target, change.table().columns().to_vec())?, Vec::new()));
        let Made { table, plan, .. } = self.made_of(change, (target, None), met, same)?;
        let plan = match plan {
            Some(plan) => plan,
            None => Arc::new(Plan::of(&table, None, None)?),
        };
        transformed(change, &plan)
    }

    /// Returns the definition of a target's rows that come from a change's table, and the plan of the transforms for them.
    fn made_of(
        &mut self,
        change: &Change<'_>,
        (target, rule): (String, Option<usize>),
        met: Option<&Met>,
        define: impl FnOnce(&str) -> Result<(TableDef, Vec<ProjectedKind>)>,
    ) -> Result<Made> {
        let key = (met.map_or(0, |met| met.version), target, rule);
        if let Some(made) = self.made.get(change.table_id()).and_then(|made| made.get(&key)) {
            return Ok(made.clone());
        }
        let (table, kinds) = define(&key.1)?;
        let table = Arc::new(table);
        let made = Made { plan: self.plan_of(&table, met)?, table, kinds: kinds.into() };
        self.made.get_or_insert_with(change.table_id(), BTreeMap::new).insert(key, made.clone());
        Ok(made)
    }

    /// Returns the plan of a change's table; `None` if its rows stay as they are.
    fn plan(&mut self, change: &Change<'_>, met: Option<&Met>) -> Result<Option<Arc<Plan>>> {
        let version = met.map_or(0, |met| met.version);
        if let Some((_, plan)) = self.plans.get(change.table_id()).filter(|(known, _)| *known == version) {
            return Ok(plan.clone());
        }
        let plan = self.plan_of(change.table(), met)?;
        self.plans.insert(change.table_id(), (version, plan.clone()));
        Ok(plan)
    }

    fn plan_of(&self, table: &Arc<TableDef>, met: Option<&Met>) -> Result<Option<Arc<Plan>>> {
        let column = self.definitions.version_column();
        let mut plan = match met {
            Some(met) if column.is_some() || !met.ignored.is_empty() => Some(Plan::of(table, Some(met), column)?),
            _ => None,
        };
        for (pattern, transform) in &self.transforms {
            if pattern.as_ref().is_none_or(|pattern| pattern.names(table.name())) {
                let before = match plan.take() {
                    Some(plan) => plan,
                    None => Plan::of(table, None, None)?,
                };
                plan = Some(apply(transform, before)?);
            }
        }
        Ok(plan.map(Arc::new))
    }
}

impl Plan {
    /// Returns the plan that leaves rows as they are, but for ignored columns and the column of the version.
    fn of(table: &Arc<TableDef>, met: Option<&Met>, version_column: Option<&str>) -> Result<Self> {
        let is_kept = |index: &usize| met.is_none_or(|met| !met.ignored.contains(index));
        let kept: Vec<usize> = (0..table.columns().len()).filter(is_kept).collect();
        let step = |index: &usize| Step::Column { index: *index, mask: None, cast: None };
        let mut steps: Vec<Step> = kept.iter().map(step).collect();
        let mut columns: Vec<ColumnDef> = kept.iter().filter_map(|index| table.columns().get(*index).cloned()).collect();
        if let (Some(met), Some(name)) = (met, version_column) {
            columns.push(ColumnDef::number(name));
            steps.push(Step::Version(met.version.to_string().into()));
        }
        Ok(Self { target: Arc::new(TableDef::checked(table.name(), columns)?), columns: steps })
    }
}

/// Applies a transform to a plan.
fn apply(transform: &Transform, plan: Plan) -> Result<Plan> {
    let table = plan.target;
    let find = |name: &str| table.column(name).map(|(index, _)| index);
    let named = transform.keep.iter().flatten().chain(&transform.drop).chain(transform.mask.keys()).chain(transform.cast.keys());
    if let Some(name) = named.chain(transform.rename.keys()).find(|name| find(name).is_none() && transform.table.is_some()) {
        let names = table.columns().iter().map(|column| &*column.name);
        let near = nearest(name, names).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        return Err(Error::new(ErrorKind::InvalidArgument, format!("table {} has no column {name}{near}", table.name())));
    }
    let is = |names: &[String], column: &str| names.iter().any(|name| name.eq_ignore_ascii_case(column));
    let (mut columns, mut steps) = (Vec::new(), Vec::new());
    for (mut column, mut step) in table.columns().iter().cloned().zip(plan.columns) {
        let name = column.name.clone();
        if transform.keep.as_ref().is_some_and(|keep| !is(keep, &name)) || is(&transform.drop, &name) {
            continue;
        }
        if let Step::Column { mask, cast, .. } = &mut step {
            if let Some((_, wanted)) = transform.mask.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                *mask = Some(wanted.clone());
                if *wanted != Mask::Null {
                    column = ColumnDef { key: column.key, ..ColumnDef::varchar(&*name, LONGEST) };
                }
            }
            if let Some((_, wanted)) = transform.cast.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                *cast = Some(*wanted);
                let made = if *wanted == Cast::Text { ColumnDef::varchar(&*name, LONGEST) } else { ColumnDef::number(&*name) };
                column = ColumnDef { key: column.key, ..made };
            }
        }
        if let Some((_, other)) = transform.rename.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            column.name = other.as_str().into();
        }
        columns.push(column);
        steps.push(step);
    }
    for (name, value) in &transform.constant {
        columns.push(ColumnDef::varchar(name.as_str(), LONGEST));
        steps.push(Step::Constant(value.as_str().into()));
    }
    let (schema, last) = table.name().rsplit_once('.').unwrap_or(("", table.name()));
    let target = transform.target.as_deref().unwrap_or("");
    let target =
        if target.is_empty() { table.name().to_owned() } else { target.replace("{table}", last).replace("{schema}", schema) };
    Ok(Plan { target: Arc::new(TableDef::checked(target.as_str(), columns)?), columns: steps })
}

/// Starts a change with the facts of another one.
fn like(change: &Change<'_>, table: &Arc<TableDef>) -> Builder {
    Builder::new(change.op(), table)
        .position(change.position())
        .timestamp(change.timestamp())
        .transaction(change.csn(), change.xid(), change.transaction())
        .unfinished(change.is_unfinished())
}

/// Returns a change whose rows are transformed. DDL stays as it is.
fn transformed(change: &Change<'_>, plan: &Plan) -> Result<OwnedChange> {
    if change.op() == Op::Ddl {
        return Ok(change.to_owned());
    }
    let mut builder = like(change, &plan.target);
    let (before, after) = change.images()?;
    if let Some(row) = before {
        builder = builder.with_before();
        builder = fill(change, builder, &row, plan, Builder::before)?;
    }
    if let Some(row) = after {
        builder = builder.with_after();
        builder = fill(change, builder, &row, plan, Builder::after)?;
    }
    builder.build()
}

/// Sets the columns of an image. A column that the row does not have stays missing.
fn fill(change: &Change<'_>, mut builder: Builder, row: &Row<'_>, plan: &Plan, set: Setter) -> Result<Builder> {
    for (column, step) in plan.target.columns().iter().zip(&plan.columns) {
        let (index, mask, cast) = match step {
            Step::Constant(text) => {
                builder = set(builder, &column.name, &Value::Text((&**text).into()))?;
                continue;
            }
            Step::Version(digits) => {
                builder = set(builder, &column.name, &Value::Number(Number::Text(digits)))?;
                continue;
            }
            Step::Column { index, mask, cast } => (*index, mask, *cast),
        };
        let Some(found) = row.at(index) else { continue };
        let value = found.value();
        let value = match mask {
            Some(mask) => OwnedOr::Owned(masked(mask, &value)),
            None => OwnedOr::Lent(value),
        };
        let value = match cast {
            Some(cast) => OwnedOr::Owned(converted(change, &column.name, cast, &value.get())?),
            None => value,
        };
        builder = set(builder, &column.name, &value.get())?;
    }
    Ok(builder)
}

/// A value of the row, or one that was made.
enum OwnedOr<'a> {
    Lent(Value<'a>),
    Owned(OwnedValue),
}

impl<'a> OwnedOr<'a> {
    fn get(&self) -> Value<'_> {
        match self {
            Self::Lent(value) => value.clone(),
            Self::Owned(value) => value.as_value(),
        }
    }
}

fn masked(mask: &Mask, value: &Value<'_>) -> OwnedValue {
    match (value, mask) {
        (Value::Null, _) | (_, Mask::Null) => OwnedValue::Null,
        (Value::Unchanged, _) => OwnedValue::Unchanged,
        (_, Mask::Text(text)) => OwnedValue::Text(text.as_str().into()),
        (value, Mask::Hash) => {
            let text = plain(value);
            OwnedValue::Text(format!("{:016x}", XxHash64::oneshot(0x7472_6169_6c63_6f72, &text)).into())
        }
    }
}

/// Returns the bytes of a value's text.
fn plain(value: &Value<'_>) -> Vec<u8> {
    match value {
        Value::Text(text) => text.as_bytes().to_vec(),
        Value::Number(number) => number.to_string().into_bytes(),
        Value::DateTime(time) => time.to_string().into_bytes(),
        Value::Bytes(bytes) | Value::Invalid(bytes) => bytes.to_vec(),
        _ => Vec::new(),
    }
}

fn converted(change: &Change<'_>, name: &str, cast: Cast, value: &Value<'_>) -> Result<OwnedValue> {
    let refused = || {
        let what =
            format!("column {name} of {}, change at {}: the value is not a number", change.table_name(), change.position());
        Error::new(ErrorKind::Value, what).hint("leave the cast out, or select the changes without such values")
    };
    Ok(match (cast, value) {
        (_, Value::Null) => OwnedValue::Null,
        (_, Value::Unchanged) => OwnedValue::Unchanged,
        (_, Value::Invalid(bytes)) => OwnedValue::Invalid(bytes.to_vec()),
        (Cast::Text, Value::Bytes(bytes)) => OwnedValue::Bytes(bytes.to_vec()),
        (Cast::Text, value) => OwnedValue::Text(String::from_utf8_lossy(&plain(value)).into()),
        (Cast::Number, value @ (Value::Number(_) | Value::Text(_))) => {
            let text = String::from_utf8_lossy(&plain(value)).trim().to_owned();
            if Number::Text(&text).decimal().is_none() {
                return Err(refused());
            }
            OwnedValue::Number(text.into())
        }
        (Cast::Number, _) => return Err(refused()),
    })
}

/// Returns the definition of the rows that a rule produces, and the kinds of its columns. A column of the row keeps its type, under another
/// name, too; a computed one has the type that its expression states, or else is a text.
fn projected_table(
    source: &TableDef,
    target: &str,
    columns: Vec<(String, ProjectedKind)>,
) -> Result<(TableDef, Vec<ProjectedKind>)> {
    let is_listed = |name: &str| columns.iter().any(|(listed, _)| listed.eq_ignore_ascii_case(name));
    let own = |name: &str| source.column(name).map(|(_, column)| column);
    let define = |(name, kind): &(String, ProjectedKind)| {
        let (made, is_key) = match kind {
            ProjectedKind::Column(index) => match source.columns().get(*index) {
                // A copy beside the key is not a part of the key.
                Some(column) => {
                    (column.clone(), column.key && (column.name.eq_ignore_ascii_case(name) || !is_listed(&column.name)))
                }
                None => return Err(Error::internal("a projection has a column that the row does not have")),
            },
            ProjectedKind::Number => (ColumnDef::number(name.as_str()), own(name).is_some_and(|own| own.key)),
            ProjectedKind::Binary => (ColumnDef::binary(name.as_str(), LONGEST), own(name).is_some_and(|own| own.key)),
            _ => (ColumnDef::varchar(name.as_str(), LONGEST), own(name).is_some_and(|own| own.key)),
        };
        Ok(ColumnDef { name: name.as_str().into(), key: is_key, ..made })
    };
    let defined = columns.iter().map(define).collect::<Result<_>>()?;
    Ok((TableDef::checked(target, defined)?, columns.iter().map(|(_, kind)| *kind).collect()))
}

/// Returns whether a column of a table has the kind of another column.
fn is_like(table: &TableDef, name: &str, other: &ColumnDef) -> bool {
    let kind = |column: &ColumnDef| std::mem::discriminant(&column.kind());
    table.column(name).is_some_and(|(_, column)| kind(column) == kind(other))
}

/// Returns a value of a projection in the type of its column. A number becomes a text in a column whose type is not known; everything else
/// that the type cannot hold is refused.
fn fitting(change: &Change<'_>, name: &str, kind: ProjectedKind, value: OwnedValue) -> Result<OwnedValue> {
    use OwnedValue::{Bytes, Invalid, Null, Number, Text, Unchanged};
    match (kind, value) {
        (_, value @ (Null | Unchanged | Invalid(_)))
        | (ProjectedKind::Column(_), value)
        | (ProjectedKind::Number, value @ Number(_))
        | (ProjectedKind::Binary, value @ Bytes(_))
        | (ProjectedKind::Text | ProjectedKind::Unknown, value @ Text(_)) => Ok(value),
        (ProjectedKind::Unknown, Number(digits)) => Ok(Text(digits)),
        (_, value) => {
            let is = match value {
                Number(_) => "a number",
                Bytes(_) => "bytes",
                _ => "a text",
            };
            let what = format!(
                "column {name} of {}, change at {}: COLMAP gives {is}, which the column's type cannot hold",
                change.table_name(),
                change.position()
            );
            Err(Error::new(ErrorKind::Value, what)
                .hint("write the expression so that all its results have one type, such as with @NUMSTR"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change() -> OwnedChange {
        let columns = vec![ColumnDef::number("ID").key(), ColumnDef::varchar("NAME", 20), ColumnDef::varchar("SECRET", 20)];
        let table = Arc::new(TableDef::new("BANK.CUSTOMERS", columns));
        let number = |digits| Value::Number(Number::Text(digits));
        let builder = Builder::new(Op::Insert, &table).after("ID", &number("7")).unwrap();
        builder
            .after("NAME", &Value::Text("Ann".into()))
            .unwrap()
            .after("SECRET", &Value::Text("abc".into()))
            .unwrap()
            .build()
            .unwrap()
    }

    fn lines(select: Option<&str>, transforms: &str) -> Result<Vec<String>> {
        let transforms: Vec<Transform> = serde_json::from_str(transforms).unwrap();
        let select = select.map(|text| Select::parse(text).unwrap());
        let mut mapping = Mapping::new(select.as_ref(), &transforms)?;
        let mut lines = Vec::new();
        let change = change();
        mapping.map(&change.as_change(), |mapped, _| {
            let text = mapped.to_json()?;
            let table = mapped.table_name().into_owned();
            let row = text.split_once("\"after\":").map_or("", |(_, row)| row.split_once('}').map_or("", |(row, _)| row));
            lines.push(format!("{table} {row}}}"));
            Ok(())
        })?;
        Ok(lines)
    }

    #[test]
    fn transforms_apply_in_their_order() {
        let transforms = r#"[{"table":"BANK.*","drop":["secret"],"mask":{"NAME":{"text":"***"}},"cast":{"ID":"text"},
            "rename":{"ID":"CUSTOMER"},"constant":{"SOURCE":"core"},"target":"lake.{table}"}]"#;
        let found = lines(None, transforms).unwrap();
        assert_eq!(found, [r#"lake.CUSTOMERS {"CUSTOMER":"7","NAME":"***","SOURCE":"core"}"#]);
        assert_eq!(
            lines(None, r#"[{"table":"OTHER.*","drop":["X"]}]"#).unwrap(),
            [r#"BANK.CUSTOMERS {"ID":7,"NAME":"Ann","SECRET":"abc"}"#]
        );
        let hashed = lines(None, r#"[{"mask":{"SECRET":"hash","NAME":"null"},"keep":["SECRET","NAME"]}]"#).unwrap();
        assert!(hashed[0].contains("\"NAME\":null") && !hashed[0].contains("abc"), "{hashed:?}");
    }

    #[test]
    fn mistakes_are_named() {
        let error = lines(None, r#"[{"table":"BANK.CUSTOMERS","drop":["SECERT"]}]"#).unwrap_err().to_string();
        assert!(error.contains("no column SECERT; did you mean SECRET?"), "{error}");
        let error = lines(None, r#"[{"cast":{"NAME":"number"}}]"#).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Value);
        assert!(!error.to_string().contains("Ann"), "{error}");
    }

    #[test]
    fn the_rules_of_a_selection_map() {
        assert_eq!(
            lines(Some("MAP BANK.CUSTOMERS, TARGET A.B;"), "[]").unwrap(),
            [r#"A.B {"ID":7,"NAME":"Ann","SECRET":"abc"}"#]
        );
        let select = "MAP BANK.CUSTOMERS, TARGET DW.PEOPLE, COLMAP (KEY = ID, NAME = NAME); MAP BANK.*, TARGET COPY.*;";
        let found = lines(Some(&format!("ALLOWDUPTARGETMAP {select}")), "[]").unwrap();
        assert_eq!(found[0], r#"DW.PEOPLE {"KEY":7,"NAME":"Ann"}"#);
        assert_eq!(found[1], r#"COPY.CUSTOMERS {"ID":7,"NAME":"Ann","SECRET":"abc"}"#);
    }

    /// Maps changes of a table with one rule. Returns their rows, or errors, and the types of their columns.
    fn projected(colmap: &str, rows: &[(&str, Option<&str>)]) -> (Vec<String>, Vec<String>) {
        let columns = vec![
            ColumnDef::number("ID").key(),
            ColumnDef::varchar("CODE", 20),
            ColumnDef { data_type: 192, external_length: 19, ..ColumnDef::varchar("AT", 19) },
        ];
        let table = Arc::new(TableDef::new("BANK.CUSTOMERS", columns));
        let select = Select::parse(&format!("MAP BANK.CUSTOMERS, TARGET DW.PEOPLE, COLMAP ({colmap});")).unwrap();
        let mut mapping = Mapping::new(Some(&select), &[]).unwrap();
        let (mut found, mut types) = (Vec::new(), Vec::new());
        for (id, code) in rows {
            let mut builder = Builder::new(Op::Insert, &table).after("ID", &Value::Number(Number::Text(id))).unwrap();
            if let Some(code) = code {
                builder = builder.after("CODE", &Value::Text((*code).into())).unwrap();
            }
            let change = builder.after("AT", &Value::Text("2024-03-01 10:00:00".into())).unwrap().build().unwrap();
            let outcome = mapping.map(&change.as_change(), |mapped, _| {
                types.push(
                    mapped
                        .table()
                        .columns()
                        .iter()
                        .map(|column| format!("{} {:?} {}", column.name, column.kind(), column.key))
                        .collect::<Vec<_>>()
                        .join(", "),
                );
                found.push(mapped.to_json()?.split_once("\"after\":").unwrap().1.split_once('}').unwrap().0.to_owned());
                Ok(())
            });
            found.extend(outcome.err().map(|error| error.to_string()));
        }
        types.dedup();
        (found, types)
    }

    #[test]
    fn the_types_of_columns_are_those_of_expressions_and_not_of_first_values() {
        let rows = [("7", Some("007")), ("8", None), ("9", Some("x"))];
        // A column keeps its type and its key under another name; a row without it has the same definition.
        let (found, types) = projected("KEY = ID, LABEL = CODE, SINCE = AT, LENGTH = @STRLEN (CODE)", &rows);
        assert_eq!(
            types,
            [
                "KEY NumberText { prefixed: true } true, LABEL Text { prefixed: true } false, SINCE DateTime false, LENGTH NumberText { prefixed: true } false"
            ]
        );
        assert!(
            found[0].contains(r#""KEY":7,"LABEL":"007","SINCE":"2024-03-01T10:00:00"#) && found[0].ends_with(r#""LENGTH":3"#),
            "{found:?}"
        );
        assert!(!found[1].contains("LABEL"), "{found:?}");
        // One type in all branches, or a text that keeps its digits.
        let (found, types) =
            projected("USEDEFAULTS, A = @IF (ID > 7, 1, 2), B = @IF (ID > 7, CODE, 5), CODE = @STRLEN (CODE)", &rows);
        assert!(types.len() == 1 && types[0].contains("A NumberText") && types[0].contains("B Text"), "{types:?}");
        assert!(
            types[0].starts_with("ID NumberText { prefixed: true } true") && types[0].contains("CODE NumberText"),
            "{types:?}"
        );
        assert!(found[0].contains(r#""A":2,"B":"5","CODE":3"#) && found[2].contains(r#""A":1,"B":"x","CODE":1"#), "{found:?}");
        let rows = [("7", Some("t")), ("8", Some("u"))];
        let (mapped, types) = projected("C = @BINARY (ID), A = @BINARY (@STRUP (CODE))", &rows);
        assert!(types.len() == 1 && types[0].contains("A Binary") && types[0].contains("C NumberText"), "{types:?}");
        assert_eq!(mapped[1], r#"{"C":8,"A":{"$base64":"VQ==""#);
        // A value that the column cannot hold is refused.
        let (found, _) = projected("A = @IF (ID > 7, @HEXTOBIN ('41'), CODE)", &[("7", Some("t")), ("9", Some("t"))]);
        assert!(found[0].contains(r#""A":"t""#) && found[1].contains("COLMAP gives bytes"), "{found:?}");
    }

    #[test]
    fn a_rule_that_cannot_decide_is_an_error_or_counted() {
        let columns = vec![ColumnDef::number("ID").key(), ColumnDef::number("CREDIT")];
        let table = Arc::new(TableDef::new("BANK.ACCOUNTS", columns));
        let number = |digits| Value::Number(Number::Text(digits));
        let with = |credit: Option<&'static str>| {
            let builder = Builder::new(Op::Insert, &table).after("ID", &number("7")).unwrap();
            match credit {
                Some(credit) => builder.after("CREDIT", &number(credit)).unwrap().build().unwrap(),
                None => builder.build().unwrap(),
            }
        };
        let text = "MAP BANK.ACCOUNTS, TARGET X.ALL; MAP BANK.ACCOUNTS, TARGET Y.BIG, FILTER (CREDIT > 1000);";
        for lenient in [false, true] {
            let select = Select::parse(text).unwrap();
            let select = if lenient { select.lenient() } else { select };
            let mut mapping = Mapping::new(Some(&select), &[]).unwrap();
            let mut targets = Vec::new();
            let mut map = |change: &OwnedChange| {
                mapping.map(&change.as_change(), |row, _| {
                    targets.push(row.table_name().into_owned());
                    Ok(())
                })
            };
            map(&with(Some("2000"))).unwrap();
            map(&with(Some("1"))).unwrap();
            let outcome = map(&with(None));
            assert_eq!(targets[..3], ["X.ALL", "Y.BIG", "X.ALL"]);
            if lenient {
                outcome.unwrap();
                assert_eq!(targets[3..], ["X.ALL"]);
                assert_eq!(mapping.take_doubts(), BTreeMap::from([(("BANK.ACCOUNTS".to_owned(), 1), 1)]));
            } else {
                let error = outcome.unwrap_err();
                assert!(error.kind() == ErrorKind::Undecidable && error.to_string().contains("cannot be decided"), "{error}");
                assert_eq!(targets.len(), 3);
            }
        }
    }

    #[test]
    fn a_delete_has_its_values_before_the_change() {
        let columns = vec![ColumnDef::number("ID").key(), ColumnDef::varchar("CODE", 20)];
        let table = Arc::new(TableDef::new("BANK.POSTINGS", columns));
        let number = |digits| Value::Number(Number::Text(digits));
        let builder = Builder::new(Op::Delete, &table).with_before().before("ID", &number("7")).unwrap();
        let change = builder.before("CODE", &Value::Text("EUR".into())).unwrap().build().unwrap();
        let select = "MAP BANK.POSTINGS, TARGET Y.P, COLMAP (USEDEFAULTS, K = ID, L = @STRLEN (CODE));";
        let mut mapping = Mapping::new(Some(&Select::parse(select).unwrap()), &[]).unwrap();
        let mut lines = Vec::new();
        let keep = |row: &Change<'_>, _: Option<u64>| row.to_json().map(|line| lines.push(line));
        mapping.map(&change.as_change(), keep).unwrap();
        let rows = r#""before":{"ID":7,"CODE":"EUR","K":7,"L":3},"after":null"#;
        assert!(lines[0].contains(rows), "{}", lines[0]);
    }
}
