//! [`Definitions`]: the definitions that a pipeline has met, and what it does about new columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use trailcore::schema::{TableDef, TableMap};
use trailcore::{Change, Error, ErrorKind, Op, Result};
use twox_hash::XxHash64;

use crate::checkpoint::KnownDefinition;

/// The handling of columns that a table gets while the pipeline runs. The definitions that were met are part of its checkpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct DefinitionOptions {
    /// The handling of new columns.
    pub new_columns: NewColumns,
    /// A column for the number of the table's definition, which is added to each row: 1 for the first one that the pipeline has met, one
    /// more for each other one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_column: Option<String>,
}

/// The handling of columns that a table gets after the pipeline has met it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NewColumns {
    /// They are delivered.
    #[default]
    Add,
    /// They are left out.
    Ignore,
    /// The pipeline fails before the first change that has them.
    Stop,
}

/// The definitions that were met so far.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    options: DefinitionOptions,
    known: BTreeMap<String, KnownDefinition>,
    met: TableMap<Arc<Met>>,
    has_stopped: bool,
    /// The changes come from dead letters, whose definitions are not those of the trail.
    is_replay: bool,
}

/// One definition of a table.
#[derive(Clone, Debug)]
pub(crate) struct Met {
    identity: String,
    pub(crate) version: u64,
    /// The columns that are left out, by their index.
    pub(crate) ignored: Vec<usize>,
}

impl Met {
    /// Returns it without columns that are left out.
    pub(crate) fn with_all_columns(&self) -> Self {
        Self { ignored: Vec::new(), ..self.clone() }
    }
}

impl Definitions {
    /// Goes on with the definitions of a checkpoint.
    pub(crate) fn new(options: &DefinitionOptions, known: BTreeMap<String, KnownDefinition>) -> Self {
        Self { options: options.clone(), known, ..Self::default() }
    }

    /// Does not count other definitions.
    pub(crate) fn for_replay(self) -> Self {
        Self { is_replay: true, ..self }
    }

    pub(crate) fn is_watching(&self) -> bool {
        self.options.new_columns != NewColumns::Add || self.options.version_column.is_some()
    }

    /// Returns the column for the version.
    pub(crate) fn version_column(&self) -> Option<&str> {
        self.options.version_column.as_deref()
    }

    /// Returns the definitions for a checkpoint; none if the pipeline does not watch them.
    pub(crate) fn known(&self) -> BTreeMap<String, KnownDefinition> {
        if self.is_watching() { self.known.clone() } else { BTreeMap::new() }
    }

    /// Returns whether new columns have stopped the pipeline: trying again does not help.
    pub(crate) fn has_stopped(&self) -> bool {
        self.has_stopped
    }

    /// Meets the definition of a change's table. Returns `None` if definitions are not watched.
    ///
    /// # Errors
    /// [`SchemaChange`](ErrorKind::SchemaChange) for new columns with [`NewColumns::Stop`].
    pub(crate) fn meet(&mut self, change: &Change<'_>) -> Result<Option<Arc<Met>>> {
        if !self.is_watching() || change.op() == Op::Ddl {
            return Ok(None);
        }
        let (table, known) = (change.table(), self.known.get(change.table().name()));
        if let Some(met) = self.met.get(change.table_id()) {
            // Another definition of the table may have been met since.
            if known.is_some_and(|known| known.identity == met.identity) {
                return Ok(Some(Arc::clone(met)));
            }
        }
        let identity = identity(table);
        let all = || table.columns().iter().map(|column| column.name.to_string());
        let is_new =
            |name: &str| known.is_some_and(|known| !known.columns.iter().any(|column| column.eq_ignore_ascii_case(name)));
        let ignored: Vec<usize> = match self.options.new_columns {
            NewColumns::Add => Vec::new(),
            _ => (0..).zip(all()).filter(|(_, name)| is_new(name)).map(|(index, _)| index).collect(),
        };
        if self.options.new_columns == NewColumns::Stop && !ignored.is_empty() {
            let names: Vec<_> = all().filter(|name| is_new(name)).collect();
            self.has_stopped = true;
            let what =
                format!("table {} has the new columns {}, change at {}", table.name(), names.join(", "), change.position());
            return Err(Error::new(ErrorKind::SchemaChange, what).hint(
                "adapt the sink, then run the pipeline with new_columns = \"add\" until the change is committed; or ignore them",
            ));
        }
        let is_other = |known: &KnownDefinition| !self.is_replay && known.identity != identity;
        let version = known.map_or(1, |known| known.version + u64::from(is_other(known)));
        let columns = match known {
            Some(known) if self.options.new_columns != NewColumns::Add => known.columns.clone(),
            _ => all().collect(),
        };
        let met = Arc::new(Met { identity: identity.clone(), version, ignored });
        self.known.insert(table.name().to_owned(), KnownDefinition { version, identity, columns });
        self.met.insert(change.table_id(), Arc::clone(&met));
        Ok(Some(met))
    }
}

/// Returns the identity of the names and types of a table's columns.
fn identity(table: &TableDef) -> String {
    let columns = table.columns().iter().map(|column| {
        let kind = (column.data_type, column.sub_type, column.external_length, column.scale, column.key);
        format!("{} {kind:?}\n", column.name)
    });
    format!("{:016x}", XxHash64::oneshot(0, columns.collect::<String>().as_bytes()))
}

#[cfg(test)]
mod tests {
    use trailcore::Value;
    use trailcore::change::{Builder, OwnedChange};
    use trailcore::schema::ColumnDef;

    use super::*;

    fn change(columns: &[&str]) -> OwnedChange {
        let columns = columns.iter().map(|name| ColumnDef::varchar(*name, 10)).collect();
        let table = Arc::new(TableDef::new("A.B", columns));
        Builder::new(Op::Insert, &table).after("ID", &Value::Null).unwrap().build().unwrap()
    }

    fn options(new_columns: NewColumns) -> DefinitionOptions {
        DefinitionOptions { new_columns, version_column: Some("V".to_owned()) }
    }

    /// Returns version and ignored columns of each definition, with a restart after each.
    fn met(new_columns: NewColumns, list: &[&[&str]]) -> Vec<Result<(u64, Vec<usize>)>> {
        let mut known = BTreeMap::new();
        let meet = |columns: &&[&str]| {
            let mut definitions = Definitions::new(&options(new_columns), known.clone());
            let (first, again) = (change(columns), change(columns));
            let met = definitions.meet(&first.as_change())?.unwrap();
            assert_eq!(definitions.meet(&again.as_change())?.unwrap().version, met.version);
            known = definitions.known();
            Ok((met.version, met.ignored.clone()))
        };
        list.iter().map(meet).collect()
    }

    #[test]
    fn versions_count_definitions_and_new_columns_are_handled_by_policy() {
        let list: [&[&str]; 4] = [&["ID", "A"], &["ID", "A", "B"], &["ID"], &["ID", "A"]];
        let of = |policy| met(policy, &list).into_iter().map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(of(NewColumns::Add), [(1, vec![]), (2, vec![]), (3, vec![]), (4, vec![])]);
        // A column that comes back is not new.
        assert_eq!(of(NewColumns::Ignore), [(1, vec![]), (2, vec![2]), (3, vec![]), (4, vec![])]);
        let stopped = met(NewColumns::Stop, &list);
        let error = stopped[1].as_ref().unwrap_err();
        assert!(error.kind() == ErrorKind::SchemaChange && error.to_string().contains("new columns B,"), "{error}");
        assert!(stopped[2].is_ok() && stopped[3].is_ok());
        // Once it has been run with another policy, the column is known.
        let mut definitions = Definitions::new(&options(NewColumns::Add), BTreeMap::new());
        definitions.meet(&change(list[1]).as_change()).unwrap();
        let mut later = Definitions::new(&options(NewColumns::Stop), definitions.known());
        assert_eq!(later.meet(&change(list[1]).as_change()).unwrap().unwrap().version, 1);
    }

    #[test]
    fn a_definition_that_comes_back_in_one_run_is_counted_as_after_a_restart() {
        let mut definitions = Definitions::new(&options(NewColumns::Ignore), BTreeMap::new());
        let (first, second) = (change(&["ID", "A"]), change(&["ID"]));
        let mut version = |change: &OwnedChange| definitions.meet(&change.as_change()).unwrap().unwrap().version;
        assert_eq!([version(&first), version(&second), version(&first), version(&first)], [1, 2, 3, 3]);
        let mut unwatched = Definitions::default();
        assert!(unwatched.meet(&first.as_change()).unwrap().is_none() && unwatched.known().is_empty());
    }
}
