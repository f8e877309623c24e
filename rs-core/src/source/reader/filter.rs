//! [`ReadFilter`]: a selection while reading. Changes that it rejects are not returned.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::change::{Change, Op};
use crate::error::{Error, Result};
use crate::filter::{Counts, Doubt, Program, Select, Selector};
use crate::schema::{TableDef, TableMap};
use crate::source::options::ReadOptions;
use crate::source::trail::Trail;

/// A selection as a reader applies it: a selector, and its decision about each table. A reader whose options have a selection has
/// one; others apply one to the changes of a reader without.
///
/// ```
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
/// use trailcore::{ReadOptions, filter::Select, source::ReadFilter};
///
/// let select = Select::parse("TABLE BANK.POSTINGS;")?;
/// let mut filter = ReadFilter::new(&select, trail.clone(), &ReadOptions::new());
/// let mut reader = trail.reader()?;
/// while let Some(change) = reader.next()? {
///     if filter.wants(&change)? {
///         assert_eq!(change.table_name(), "BANK.POSTINGS");
///     }
/// }
/// assert!(filter.counts().rejected > 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ReadFilter {
    selector: Selector,
    tables: TableMap<TablePolicy>,
    /// By table name: it is rejected because of the name.
    names: HashMap<Box<str>, bool>,
    /// The trail, to find further definitions of a table.
    trail: Trail,
    options: ReadOptions,
    /// All definitions of the trail by table name; `None` until they are needed. The filters of all pieces share them.
    definitions: Arc<Mutex<Option<AllDefinitions>>>,
}

type AllDefinitions = HashMap<Box<str>, Vec<Arc<TableDef>>>;

/// The decision of a selection about a table's changes.
#[derive(Clone, Debug)]
enum TablePolicy {
    /// All of them are wanted.
    All,
    /// None of them is.
    None,
    /// Each has to be evaluated.
    Each(Program),
}

impl ReadFilter {
    /// Creates the filter of a selection. `trail` is where further definitions of a table are looked for, with these options.
    #[must_use]
    pub fn new(select: &Select, trail: Trail, options: &ReadOptions) -> Self {
        let options =
            ReadOptions { select: None, resync: true, include_non_changes: true, threads: 0, ..options.clone().unbounded() };
        Self {
            selector: select.selector(),
            tables: TableMap::default(),
            names: HashMap::new(),
            trail,
            options,
            definitions: Arc::default(),
        }
    }

    /// Returns a filter for another piece of the same trail, which has decided nothing yet.
    #[cfg(feature = "arrow")]
    pub(super) fn another(&self) -> Self {
        Self {
            selector: self.selector.select().selector(),
            tables: TableMap::default(),
            names: HashMap::new(),
            trail: self.trail.clone(),
            options: self.options.clone(),
            definitions: Arc::clone(&self.definitions),
        }
    }

    /// Adds what the filter of an earlier piece has decided.
    pub(super) fn absorb(&mut self, earlier: Self) {
        self.selector.absorb(earlier.selector);
        self.names.extend(earlier.names);
    }

    /// Returns whether the decision on a change depends on changes before it.
    #[cfg(feature = "arrow")]
    pub(super) fn depends_on_order(&self) -> bool {
        self.selector.depends_on_order()
    }

    /// Returns what the selection has decided so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.selector.counts()
    }

    /// Returns what the selection could not decide on.
    pub(super) fn doubts(&self) -> Vec<Doubt> {
        self.selector.doubts()
    }

    /// Returns the operations that the selection names, and that its statements leave out.
    pub(super) fn ops_in_vain(&self) -> Vec<&'static str> {
        self.selector.select().ops_in_vain().into_iter().map(Op::name).collect()
    }

    /// Returns the object names of the selection that fit none of these tables, nor a table met before.
    pub(super) fn unmatched<'a>(&'a self, tables: impl Iterator<Item = &'a str>) -> Vec<String> {
        self.selector.unmatched(tables.chain(self.names.keys().map(|name| &**name)))
    }

    /// Returns whether the prefilter rejects a plain row, and counts it. `false` decides nothing.
    #[inline(always)]
    pub(super) fn prefilter_rejects(&mut self, change: &Change<'_>) -> bool {
        match self.tables.get(change.table_id()) {
            Some(TablePolicy::None) => {
                self.selector.count_static(false);
                true
            }
            Some(TablePolicy::Each(program)) => self.selector.prefilter_rejects(change, program),
            _ => false,
        }
    }

    /// Returns whether no change of a table is wanted because of the table's name, and counts one. It is for changes that are not
    /// made yet; `false` decides nothing.
    pub(super) fn rejects_table(&mut self, name: &str) -> bool {
        let rejects = match self.names.get(name) {
            Some(&rejects) => rejects,
            None => {
                let rejects = self.selector.rejects_table(name);
                self.names.insert(name.into(), rejects);
                rejects
            }
        };
        if rejects {
            self.selector.count_static(false);
        }
        rejects
    }

    /// Returns whether a change is wanted. A decision for all changes of a table is made once for each version of it.
    ///
    /// # Errors
    /// [`Filter`](crate::ErrorKind::Filter) if the selection does not fit the table,
    /// [`Undecidable`](crate::ErrorKind::Undecidable) in strict mode.
    #[inline]
    pub fn wants(&mut self, change: &Change<'_>) -> Result<bool> {
        match self.tables.get(change.table_id()) {
            Some(TablePolicy::All) => {
                self.selector.count_static(true);
                Ok(true)
            }
            Some(TablePolicy::None) => {
                self.selector.count_static(false);
                Ok(false)
            }
            Some(TablePolicy::Each(program)) => self.selector.wants(change, program),
            None => {
                // The table has a policy then.
                self.find_out(change)?;
                self.wants(change)
            }
        }
    }

    /// Finds out about a table that is met for the first time.
    ///
    /// # Errors
    /// [`Filter`](crate::ErrorKind::Filter) if the selection cannot be right for the table, in lenient mode too: no change of it
    /// could ever be decided on.
    #[cold]
    fn find_out(&mut self, change: &Change<'_>) -> Result<()> {
        // DDL and markers have no table.
        let has_table = !change.table().name().is_empty();
        if has_table && self.selector.program(change).problems().is_some() {
            let name = change.table().name();
            if self.options.only.as_ref().is_some_and(|only| !only.fits(name)) {
                self.tables.insert(change.table_id(), TablePolicy::None);
                return Ok(());
            }
            let others = self.definitions_of(name)?;
            if let Some(problems) = self.selector.bind_among(change, &others).problems() {
                return Err(change.locate(Error::from(problems)));
            }
        }
        let policy = match self.selector.static_decision(change) {
            Some(true) => TablePolicy::All,
            Some(false) => TablePolicy::None,
            None => TablePolicy::Each(self.selector.program(change)),
        };
        if !matches!(policy, TablePolicy::None) {
            self.selector.check_csn_limits(change)?;
        }
        self.tables.insert(change.table_id(), policy);
        Ok(())
    }

    /// Returns all definitions of a table in the trail, which is read for them once.
    fn definitions_of(&self, name: &str) -> Result<Vec<Arc<TableDef>>> {
        let mut shared = self.definitions.lock().unwrap_or_else(PoisonError::into_inner);
        let definitions = match &mut *shared {
            Some(definitions) => definitions,
            none => none.insert(all_definitions(&self.trail, &self.options)?),
        };
        Ok(definitions.get(name).cloned().unwrap_or_default())
    }
}

fn all_definitions(trail: &Trail, options: &ReadOptions) -> Result<AllDefinitions> {
    let mut all = AllDefinitions::new();
    // Lines do not define their tables.
    if trail.is_json_lines() {
        return Ok(all);
    }
    let mut reader = trail.reader_with(options.clone())?;
    loop {
        match reader.next() {
            Ok(Some(change)) if change.op() == Op::Metadata => {
                all.entry(change.table().name().into()).or_default().push(Arc::clone(change.table()));
            }
            Ok(Some(_)) => {}
            Ok(None) => return Ok(all),
            // The reader that asked meets the damage itself.
            Err(error) if error.kind().is_damage() => return Ok(all),
            Err(error) => return Err(error),
        }
    }
}
