//! [`Definitions`]: what a trail states about its tables in file headers, definition records and names.

use std::collections::HashMap;
use std::sync::Arc;

use crate::decode::Fault;
use crate::error::{Error, ErrorKind};
use crate::schema::{Catalog, TableDef, TableId, TableIds};
use crate::source::options::ReadOptions;
use crate::text::Charset;
use crate::trail::metadata::{DatabaseRecord, MetadataKind, TableRecord};
use crate::trail::{Encryption, FileHeader, Frame, Record, RecordType, TableRef};

/// The number of no definition.
const NONE: u32 = u32::MAX;

/// The maximum memory of definitions by default, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// How many earlier versions of a table are kept, in case that one of them is in force again.
const EARLIER: usize = 8;

/// The definitions met so far, and what the file being read has stated.
///
/// Invariants: an entry of `file.indexes`, `latest` and `earlier` is an index of `tables` that has a definition, or [`NONE`]; a
/// number never gets another definition.
#[derive(Clone, Debug)]
pub(in crate::source) struct Definitions {
    catalog: Option<Catalog>,
    /// The caller's character set of the database.
    charset: Option<Charset>,
    /// The caller's character set of all text columns.
    column_charset: Option<Charset>,
    file: FileState,
    ids: TableIds,
    /// The definitions by number. Those of old versions are released.
    tables: Vec<Option<Arc<TableDef>>>,
    memory: Memory,
    /// The number of each table's latest version.
    latest: HashMap<Box<str>, u32>,
    /// The numbers of earlier versions of tables that have several, at most [`EARLIER`] of each, the most recent last.
    earlier: HashMap<Box<str>, Vec<u32>>,
    /// Old versions to which rows of this file, and of the one before it, may still refer. They are released with the files.
    used: [Vec<u32>; 2],
    /// Numbers of tables named in record headers, by the name's bytes.
    by_bytes: HashMap<Box<[u8]>, u32>,
    /// The last name that was looked up, and its number.
    last: Option<(Box<[u8]>, u32)>,
    /// The last table that got another definition than its latest one.
    changed: Option<Box<str>>,
}

/// The memory of the definitions that are held.
#[derive(Clone, Debug)]
struct Memory {
    bytes: u64,
    most: u64,
    /// How many definitions share columns, by the address of the columns, which these definitions keep.
    shares: HashMap<usize, u32>,
}

impl Memory {
    fn new(options: &ReadOptions) -> Self {
        Self { bytes: 0, most: options.max_definition_bytes.unwrap_or(MAX_BYTES), shares: HashMap::new() }
    }

    fn add(&mut self, table: &TableDef) {
        let shares = self.shares.entry(table.columns().as_ptr() as usize).or_default();
        self.bytes += table.own_memory() + if *shares == 0 { table.columns_memory() } else { 0 };
        *shares += 1;
    }

    fn remove(&mut self, table: &TableDef) {
        let address = table.columns().as_ptr() as usize;
        let shares = self.shares.get(&address).copied().unwrap_or(1);
        let freed = table.own_memory() + if shares == 1 { table.columns_memory() } else { 0 };
        self.bytes = self.bytes.saturating_sub(freed);
        if shares == 1 {
            self.shares.remove(&address);
        } else {
            self.shares.insert(address, shares - 1);
        }
    }
}

/// The statements of the file being read, so far.
#[derive(Clone, Debug)]
struct FileState {
    header: Option<Arc<FileHeader>>,
    charset: Charset,
    encrypted: bool,
    /// Numbers of definitions by their index in the file.
    indexes: Vec<u32>,
    /// The highest index given so far: a reference takes the next one.
    last_index: usize,
}

impl Default for FileState {
    fn default() -> Self {
        Self { header: None, charset: Charset::UNSTATED, encrypted: false, indexes: Vec::new(), last_index: 0 }
    }
}

/// Why a record's table is not known.
pub(in crate::source) enum NoTable {
    /// The file has not given the definition of this index.
    Undefined(u16),
    /// The record's header is damaged.
    Damaged(Fault),
}

impl Definitions {
    pub(in crate::source) fn new(options: &ReadOptions) -> Self {
        Self {
            catalog: options.catalog.clone(),
            charset: options.charset,
            column_charset: options.column_charset,
            file: FileState::default(),
            ids: TableIds::new(),
            tables: Vec::new(),
            memory: Memory::new(options),
            latest: HashMap::new(),
            earlier: HashMap::new(),
            used: [Vec::new(), Vec::new()],
            by_bytes: HashMap::new(),
            last: None,
            changed: None,
        }
    }

    /// Fails if the definitions need more memory than the options allow.
    #[inline(always)]
    pub(in crate::source) fn check_memory(&self) -> Result<(), Error> {
        if self.memory.bytes <= self.memory.most { Ok(()) } else { Err(self.too_large()) }
    }

    #[cold]
    fn too_large(&self) -> Error {
        let what = format!("the table definitions need more than max_definition_bytes, which is {}", self.memory.most);
        Error::new(ErrorKind::InvalidArgument, what).hint("raise max_definition_bytes")
    }

    /// Returns the table that got another definition than its latest one since the last call.
    pub(super) fn take_changed(&mut self) -> Option<Box<str>> {
        self.changed.take()
    }

    /// Starts another file: the statements of the previous one do not apply to it.
    pub(in crate::source) fn enter_file(&mut self) {
        self.set_charset(Charset::UNSTATED);
        self.file = FileState::default();
        let [of_this, of_last] = std::mem::take(&mut self.used);
        self.used = [Vec::new(), of_this];
        of_last.into_iter().for_each(|number| self.release(number));
    }

    /// Sets the file's character set. The same bytes may then be another name.
    fn set_charset(&mut self, charset: Charset) {
        if charset != self.file.charset {
            self.by_bytes.clear();
            self.last = None;
        }
        self.file.charset = charset;
    }

    /// Returns the database's character set: as the caller states it, or else the file.
    pub(in crate::source) fn charset(&self) -> Charset {
        self.charset.unwrap_or(self.file.charset)
    }

    /// Returns whether rows are encrypted, according to the file's header.
    #[inline(always)]
    pub(in crate::source) fn encrypted(&self) -> bool {
        self.file.encrypted
    }

    pub(super) fn header(&self) -> Option<&Arc<FileHeader>> {
        self.file.header.as_ref()
    }

    pub(super) fn catalog(&self) -> Option<&Catalog> {
        self.catalog.as_ref()
    }

    /// Returns a definition by its number, with the number for changes.
    #[inline(always)]
    pub(super) fn get(&self, number: u32) -> Option<(TableId, &Arc<TableDef>)> {
        #[cfg(feature = "drill")]
        if crate::drill::is_broken("definition", number) {
            return None;
        }
        Some((self.ids.id(number), self.table(number)?))
    }

    #[inline(always)]
    pub(in crate::source) fn table(&self, number: u32) -> Option<&Arc<TableDef>> {
        self.tables.get(number as usize)?.as_ref()
    }

    /// Returns the latest definition of each table that has a name. DDL and markers are of a table without one.
    pub(super) fn latest(&self) -> impl Iterator<Item = &Arc<TableDef>> {
        let met = self.latest.values().filter_map(|&number| self.table(number));
        met.filter(|table| !table.name().is_empty())
    }

    /// Returns the number of the definition of a plain row by index; `None` for other records, and if something may belong to
    /// the row.
    #[inline(always)]
    pub(super) fn of_plain_row(&self, frame: &Frame, next: &Frame) -> Option<u32> {
        let number = self.file.indexes.get(usize::from(frame.table)).copied().unwrap_or(NONE);
        (frame.is_usual_row() && number != NONE && !next.may_follow()).then_some(number)
    }

    /// Returns the number of the definition of a record's table.
    pub(in crate::source) fn of_record(&mut self, record: &Record<'_>) -> Result<u32, NoTable> {
        match record.table().map_err(NoTable::Damaged)? {
            TableRef::Name(name) if record.record_type() == RecordType::METADATA => {
                // A definition that has just been read, or an unnamed one.
                let text = self.charset().decode_name(name);
                let latest = self.latest.get(&*text).copied();
                Ok(latest.unwrap_or_else(|| self.by_name(name)))
            }
            TableRef::Name(name) => Ok(self.by_name(name)),
            TableRef::Index(index) => match self.file.indexes.get(usize::from(index)) {
                Some(&number) if number != NONE => Ok(number),
                _ => Err(NoTable::Undefined(index)),
            },
        }
    }

    /// Reads a file header record.
    #[cold]
    pub(in crate::source) fn read_file_header(&mut self, record: &Record<'_>) -> Result<(), Fault> {
        let header = FileHeader::parse(record)?;
        self.file.encrypted = header.encryption() == Encryption::KeyPresent;
        // The definition record states it too, and then counts.
        self.set_charset(header.database_charset().value().unwrap_or(Charset::UNSTATED));
        self.file.header = Some(Arc::new(header));
        Ok(())
    }

    /// Reads a metadata record. One that is not understood leaves its table undefined; its bytes stay readable.
    #[cold]
    pub(in crate::source) fn define(&mut self, record: &Record<'_>) -> Result<(), Fault> {
        let order = record.byte_order();
        let header = record.header()?;
        let (_, index) = header.metadata_indexes(order);
        let name = match header.table {
            TableRef::Name(name) => self.charset().decode_name(name).into_owned(),
            TableRef::Index(_) => String::new(),
        };
        match MetadataKind::from_orig_node(record.orig_node()) {
            MetadataKind::Database => {
                if let Ok(database) = DatabaseRecord::parse(record.data(), order) {
                    self.set_charset(Charset::from_id(database.charset as i32));
                }
            }
            MetadataKind::Table => {
                let table = match TableRecord::parse(record.data(), order) {
                    Ok(table) => TableDef::from_record(&name, &table, self.charset()),
                    Err(_) => self.catalog_definition(&name).unwrap_or_else(|| TableDef::undefined(name)),
                };
                self.give(usize::from(index), table);
            }
            MetadataKind::Reference => {
                let earlier = self.file.indexes.get(usize::from(index)).copied().unwrap_or(NONE);
                let table = match self.table(earlier) {
                    Some(table) => table.renamed(&name),
                    None => TableDef::undefined(name),
                };
                self.give(self.file.last_index + 1, table);
            }
            MetadataKind::Unknown(_) => {}
        }
        Ok(())
    }

    fn give(&mut self, index: usize, table: TableDef) {
        let number = self.number(table);
        if self.file.indexes.len() <= index {
            self.file.indexes.resize(index + 1, NONE);
        }
        if let Some(entry) = self.file.indexes.get_mut(index) {
            *entry = number;
        }
        self.file.last_index = self.file.last_index.max(index);
    }

    /// Returns the number of a definition: that of an equal one, so that a table keeps its number from file to file.
    fn number(&mut self, table: TableDef) -> u32 {
        let table = match self.column_charset {
            Some(charset) => table.in_column_charset(charset),
            None => table,
        };
        let before = self.latest.get(table.name()).copied();
        if let Some(number) = before.filter(|&number| self.is(number, &table)) {
            return number;
        }
        let number = self.earlier_number(&table).unwrap_or_else(|| {
            self.tables.push(None);
            self.tables.len() as u32 - 1
        });
        let name = table.name();
        self.latest.insert(name.into(), number);
        if let Some(before) = before {
            self.changed = Some(name.into());
            let versions = self.earlier.entry(name.into()).or_default();
            versions.retain(|&version| version != number);
            versions.push(before);
            if versions.len() > EARLIER {
                let oldest = versions.remove(0);
                self.release(oldest);
            }
        }
        if let Some(slot @ None) = self.tables.get_mut(number as usize) {
            self.memory.add(slot.insert(table.shared()));
        }
        number
    }

    fn is(&self, number: u32, table: &TableDef) -> bool {
        self.table(number).is_some_and(|known| **known == *table)
    }

    /// Returns the number of an equal earlier version of a table.
    fn earlier_number(&self, table: &TableDef) -> Option<u32> {
        let versions = self.earlier.get(table.name())?;
        versions.iter().rev().copied().find(|&version| self.is(version, table))
    }

    /// Releases the definition of a version that rows of the file no longer refer to: a table that changes again and again must
    /// not take more and more memory.
    fn release(&mut self, number: u32) {
        let is_used = self.file.indexes.contains(&number) || self.by_bytes.values().any(|used| *used == number);
        if is_used {
            self.used[0].push(number);
        } else if let Some(table) = self.tables.get_mut(number as usize).and_then(Option::take) {
            self.memory.remove(&table);
        }
    }

    /// Returns the number of a table that is named in a record header.
    fn by_name(&mut self, name: &[u8]) -> u32 {
        if let Some((last, number)) = &self.last {
            if **last == *name {
                return *number;
            }
        }
        let number = match self.by_bytes.get(name) {
            Some(&number) => number,
            None => {
                let text = self.charset().decode_name(name);
                let table = self.catalog_definition(&text).unwrap_or_else(|| TableDef::undefined(text));
                let number = self.number(table);
                self.by_bytes.insert(name.into(), number);
                number
            }
        };
        match &mut self.last {
            Some((last, last_number)) if last.len() == name.len() => {
                last.copy_from_slice(name);
                *last_number = number;
            }
            other => *other = Some((name.into(), number)),
        }
        number
    }

    /// Returns a table's definition from the catalog: in the caller's character set, or else in the file's if the definition has
    /// none.
    fn catalog_definition(&self, name: &str) -> Option<TableDef> {
        let table = self.catalog.as_ref()?.table(name)?.renamed(name);
        Some(match self.charset {
            Some(charset) => table.in_database_charset(charset, false),
            None => table.in_database_charset(self.file.charset, true),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::ColumnDef;

    #[test]
    fn equal_definitions_share_a_number_and_others_do_not() {
        let table = |length| TableDef::new("A.B", vec![ColumnDef::varchar("C", length)]);
        let mut definitions = Definitions::new(&ReadOptions::new());
        definitions.give(1, table(9));
        let first = definitions.file.indexes[1];
        definitions.enter_file();
        definitions.give(4, table(9));
        assert_eq!(definitions.file.indexes[4], first);
        definitions.give(4, table(10));
        assert_ne!(definitions.file.indexes[4], first);
        assert_eq!(definitions.latest().count(), 1);
    }

    #[test]
    fn versions_that_alternate_keep_their_numbers_and_old_ones_are_released() {
        let table = |length| TableDef::new("A.B", vec![ColumnDef::varchar("C", length)]);
        let mut definitions = Definitions::new(&ReadOptions::new());
        let mut given = |length| {
            definitions.give(1, table(length));
            let kept = definitions.tables.iter().flatten().count();
            (definitions.file.indexes[1], kept)
        };
        let (first, second) = (given(1).0, given(2).0);
        for _ in 0..50 {
            assert_eq!((given(1), given(2)), ((first, 2), (second, 2)));
        }
        for length in 3..100 {
            assert!(given(length).1 <= EARLIER + 2);
        }
        // It was released, and comes back under another number.
        let again = given(1).0;
        assert_ne!(again, first);
        assert_eq!(definitions.get(again).unwrap().1.column("C").unwrap().1.external_length, 1);
        assert!(definitions.get(first).is_none());
    }

    #[test]
    fn memory_is_that_of_the_definitions_held() {
        let table = |name: &str, length| TableDef::new(name, vec![ColumnDef::varchar("C", length); 100]);
        let mut definitions = Definitions::new(&ReadOptions::new().max_definition_bytes(1 << 20));
        definitions.give(1, table("A.B", 0));
        let one = definitions.memory.bytes;
        assert!((100 * size_of::<ColumnDef>() as u64..100_000).contains(&one), "{one}");
        // A table that changes again and again does not fill it.
        for length in 1..1_000 {
            definitions.give(1, table("A.B", length));
            assert!(definitions.memory.bytes <= (EARLIER as u64 + 2) * one && definitions.check_memory().is_ok());
        }
        // References share the columns.
        let before = definitions.memory.bytes;
        let shared = definitions.table(definitions.file.indexes[1]).unwrap().clone();
        (0..10).for_each(|number| definitions.give(2 + number, shared.renamed(&format!("A.R{number}"))));
        assert!(definitions.memory.bytes < before + 10 * one / 2);
        let held = |number: usize, definitions: &mut Definitions| {
            definitions.give(20 + number, table(&format!("A.T{number}"), 1));
            definitions.check_memory()
        };
        let error = (0..1_000).find_map(|number| held(number, &mut definitions).err()).unwrap();
        assert!(error.to_string().contains("max_definition_bytes"), "{error}");
        let live = definitions.tables.iter().flatten();
        let sum: u64 = live.map(|table| table.own_memory()).sum();
        assert!(definitions.memory.bytes > sum);
    }

    #[test]
    fn versions_of_other_files_are_released_too() {
        let mut definitions = Definitions::new(&ReadOptions::new());
        for file in 0..50 {
            definitions.enter_file();
            // Each of them stays in the list of its file.
            (0..20).for_each(|index| {
                definitions.give(index, TableDef::new("A.B", vec![ColumnDef::varchar("C", file * 20 + index as u32)]))
            });
            let kept = definitions.tables.iter().flatten().count();
            assert!(kept <= 3 * 20 + EARLIER, "{kept} in file {file}");
        }
    }

    #[test]
    fn the_same_bytes_are_another_name_in_another_character_set() {
        let mut definitions = Definitions::new(&ReadOptions::new());
        let mut name_in = |charset: &str| {
            definitions.enter_file();
            definitions.set_charset(charset.parse().unwrap());
            let number = definitions.by_name(b"A.\xb1\xa8");
            definitions.get(number).unwrap().1.name().to_owned()
        };
        assert_eq!((name_in("gbk"), name_in("ISO-8859-1")), ("A.报".to_owned(), "A.±¨".to_owned()));
    }

    #[test]
    fn names_in_headers_are_looked_up_once_and_take_the_catalogs_definition() {
        let mut catalog = Catalog::new();
        catalog.insert(TableDef::new("A.B", vec![ColumnDef::varchar("C", 9)]));
        let mut definitions = Definitions::new(&ReadOptions::new().catalog(catalog));
        let known = definitions.by_name(b"A.B");
        let unknown = definitions.by_name(b"A.X");
        assert_eq!((definitions.by_name(b"A.B"), definitions.by_name(b"A.X")), (known, unknown));
        assert!(definitions.get(known).unwrap().1.is_defined());
        assert!(!definitions.get(unknown).unwrap().1.is_defined());
    }
}
