//! The first reading of a trail: the range of its CSNs, its tables and keys, and how much there is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trailcore::source::RecordView;
use trailcore::trail::places::{PlaceKind, columns, places};
use trailcore::trail::{RecordType, tokens};
use trailcore::{Charset, Error, ErrorKind, ReadOptions, Result, TableDef, Trail};

use super::csns::Csns;
use super::permute::{Domain, Key};

/// The facts of a first reading.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) csns: Csns,
    /// Columns by table, in capitals; `true` for those of a key.
    pub(super) tables: BTreeMap<String, BTreeMap<String, bool>>,
    /// Names of key columns, in capitals. A table whose columns are all in its key may have none, and lends no names.
    keys: BTreeSet<String>,
    pub(super) records: u64,
    /// Values of columns and tokens.
    pub(super) values: u64,
    /// The character set of names that are not in UTF-8, if there are such.
    pub(super) charset: Option<Charset>,
}

impl Survey {
    /// Reads a trail.
    pub(super) fn of(trail: &Trail, options: &ReadOptions) -> Result<Self> {
        let mut survey = Self::default();
        each_record(trail, options, |view| {
            survey.meet(view);
            Ok(())
        })?;
        Ok(survey)
    }

    fn meet(&mut self, view: &RecordView<'_>) {
        self.records += 1;
        let record = &view.record;
        for place in places(record) {
            let is_csn = matches!(place.kind, PlaceKind::HeaderCsn | PlaceKind::Token(tokens::id::LOGCSN));
            let bytes = record.bytes().get(place.at..place.at + place.len).filter(|_| is_csn);
            let name = record.bytes().get(place.at..place.at + place.len).filter(|_| place.kind == PlaceKind::TableName);
            if name.is_some_and(|name| std::str::from_utf8(name).is_err()) {
                self.charset = Some(view.charset());
            }
            if let Some(csn) = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()) {
                self.csns.note(csn);
            }
            self.values += 1;
        }
        let is_definition = record.record_type() == RecordType::METADATA;
        if let Some(table) = view.table() {
            if is_definition || !self.tables.contains_key(&table.name().to_uppercase()) {
                self.add(table);
            }
        }
        if !is_definition && !record.is_file_header() {
            self.values += columns(record, record.data()).map_or(0, |columns| columns.len() as u64);
        }
    }

    fn add(&mut self, table: &TableDef) {
        let known = self.tables.entry(table.name().to_uppercase()).or_default();
        let is_all = table.columns().len() > 1 && table.columns().iter().all(|column| column.key);
        for column in table.columns() {
            let name = column.name.to_uppercase();
            if column.key && !is_all {
                self.keys.insert(name.clone());
            }
            *known.entry(name).or_default() |= column.key;
        }
    }
}

/// Calls a function for each record, past damage. An incomplete record at the end is not an error.
pub(super) fn each_record(
    trail: &Trail,
    options: &ReadOptions,
    mut each: impl FnMut(&RecordView<'_>) -> Result<()>,
) -> Result<()> {
    let mut views = trail.record_views(options, None)?;
    loop {
        match views.next() {
            Ok(Some(view)) => each(&view)?,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Truncated => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// The columns whose equal values stay equal, and their domains.
pub(super) struct Equality {
    /// Names of domains by table and column, in capitals.
    named: HashMap<(String, String), String>,
    /// Names of key columns with the names of their domains.
    keys: HashMap<String, String>,
}

impl Equality {
    /// Joins the columns of keys by their names, and the columns that the caller names.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a column that the trail does not have.
    pub(super) fn of(survey: &Survey, groups: &[Vec<String>]) -> Result<Self> {
        let keys = survey.keys.iter().map(|name| (name.clone(), format!("column {name}"))).collect();
        let mut equality = Self { named: HashMap::new(), keys };
        for group in groups {
            equality.join(survey, group)?;
        }
        Ok(equality)
    }

    fn join(&mut self, survey: &Survey, group: &[String]) -> Result<()> {
        let mut members = Vec::new();
        for name in group {
            let upper = name.to_uppercase();
            let found = upper.rsplit_once('.').filter(|(table, column)| {
                let columns = survey.tables.get(*table);
                columns.is_some_and(|columns| columns.contains_key(*column) || (columns.is_empty() && column.starts_with("COL")))
            });
            let (table, column) = found.ok_or_else(|| {
                Error::new(ErrorKind::InvalidArgument, format!("equal: the trail has no column {name}"))
                    .hint("write OWNER.TABLE.COLUMN as the trail has it; trailcore tables shows them")
            })?;
            members.push((table.to_owned(), column.to_owned()));
        }
        let Some((table, column)) = members.first() else { return Ok(()) };
        let domain = format!("column {table}.{column}");
        // The domains that the members had before become one with it.
        let joined: BTreeSet<String> =
            members.iter().filter_map(|(table, column)| self.name_of(table, column).cloned()).collect();
        for known in self.named.values_mut().chain(self.keys.values_mut()).filter(|known| joined.contains(*known)) {
            known.clone_from(&domain);
        }
        self.named.extend(members.into_iter().map(|member| (member, domain.clone())));
        Ok(())
    }

    fn name_of(&self, table: &str, column: &str) -> Option<&String> {
        self.named.get(&(table.to_owned(), column.to_owned())).or_else(|| self.keys.get(column))
    }

    /// Returns the domain of a column; `None` if equal values do not stay equal.
    pub(super) fn domain(&self, key: &Key, table: &str, column: &str, is_key: bool) -> Option<Domain> {
        let (table, column) = (table.to_uppercase(), column.to_uppercase());
        match self.name_of(&table, &column) {
            Some(name) => Some(key.domain(name)),
            // The table's columns are all in its key.
            None => is_key.then(|| key.domain(&format!("column {table}.{column}"))),
        }
    }
}
