//! What a trail says of its tables: file headers, definitions, names.

use std::collections::HashMap;
use std::sync::Arc;

use crate::change::Origin;
use crate::error::{ErrorKind, Result};
use crate::schema::TableDef;
use crate::source::ReadOptions;
use crate::source::reader::Reader;
use crate::text::Charset;
use crate::trail::metadata::{DatabaseRecord, MetadataKind, TableRecord};
use crate::trail::{Encryption, FileHeader, RecordType, TableRef};

/// In place of a slot, where there is none.
pub(super) const NO_SLOT: u32 = u32::MAX;

/// What the file being read has told so far.
#[derive(Debug)]
pub(super) struct FileState {
    pub(super) index: usize,
    pub(super) header: Option<Arc<FileHeader>>,
    pub(super) charset: Charset,
    /// Table slots by definition index; [`NO_SLOT`] where none is given.
    pub(super) definitions: Vec<u32>,
    /// The highest index given so far: a reference takes the next one.
    pub(super) last_definition: usize,
}

impl FileState {
    pub(super) fn new(index: usize) -> Self {
        Self { index, header: None, charset: Charset::UNSTATED, definitions: Vec::new(), last_definition: 0 }
    }
}

/// The tables met so far. A slot is one version of one table's definition.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) slots: Vec<Arc<TableDef>>,
    /// The slot of each table's latest version.
    pub(super) latest: HashMap<Box<str>, u32>,
    /// Slots of tables named in record headers, by the name's bytes.
    by_bytes: HashMap<Box<[u8]>, u32>,
    /// The slot of the last name that was looked up, and that name.
    last: Option<(Box<[u8]>, u32)>,
}

impl Tables {
    /// The slot of a definition: that of an equal one, so that a table keeps its definition from file to file.
    pub(super) fn slot(&mut self, table: TableDef) -> u32 {
        if let Some(&slot) = self.latest.get(table.name()) {
            if self.slots.get(slot as usize).is_some_and(|known| **known == table) {
                return slot;
            }
        }
        let slot = self.slots.len() as u32;
        self.latest.insert(table.name().into(), slot);
        self.slots.push(table.shared());
        slot
    }

    /// The slot of a table that is named in a record header, of a file in this character set.
    pub(super) fn named(&mut self, name: &[u8], options: &ReadOptions, charset: Charset) -> u32 {
        if let Some((last, slot)) = &self.last {
            if **last == *name {
                return *slot;
            }
        }
        let slot = match self.by_bytes.get(name) {
            Some(&slot) => slot,
            None => {
                let text = charset.decode_name(name);
                let slot = self.slot(from_catalog(&text, options, charset).unwrap_or_else(|| TableDef::undefined(text)));
                self.by_bytes.insert(name.into(), slot);
                slot
            }
        };
        match &mut self.last {
            Some((last, last_slot)) if last.len() == name.len() => {
                last.copy_from_slice(name);
                *last_slot = slot;
            }
            other => *other = Some((name.into(), slot)),
        }
        slot
    }
}

/// A table's definition from the catalog, in the character set that the options say, or else that of the file where the
/// definition has none.
fn from_catalog(name: &str, options: &ReadOptions, charset: Charset) -> Option<TableDef> {
    let table = options.catalog.as_ref()?.table(name)?.renamed(name);
    Some(match options.charset {
        Some(charset) => table.in_database_charset(charset, false),
        None => table.in_database_charset(charset, true),
    })
}

impl Reader {
    /// The slot of a record's table.
    pub(super) fn table_slot(&mut self, index: usize) -> Result<u32> {
        let Some(record) = self.window.record(index) else { return Ok(NO_SLOT) };
        match record.table() {
            Ok(TableRef::Name(name)) if record.record_type() == RecordType::METADATA => {
                // A definition that has just been taken in, or an unnamed one.
                let text = self.file.charset.decode_name(name);
                let latest = self.tables.latest.get(&*text).copied();
                Ok(latest.unwrap_or_else(|| self.tables.named(name, &self.options, self.file.charset)))
            }
            Ok(TableRef::Name(name)) => Ok(self.tables.named(name, &self.options, self.file.charset)),
            Ok(TableRef::Index(number)) => match self.file.definitions.get(usize::from(number)) {
                Some(&slot) if slot != NO_SLOT => Ok(slot),
                _ => {
                    let what = format!("a row refers to table definition {number}, which the file has not given");
                    Err(self
                        .error_at(index, ErrorKind::UndefinedTable, &what)
                        .hint("read the file from its start, or restore it"))
                }
            },
            Err(fault) => Err(self.error_at(index, ErrorKind::Corrupt, fault.what)),
        }
    }

    #[cold]
    pub(super) fn read_file_header(&mut self, index: usize) -> Result<()> {
        let Some(record) = self.window.record(index) else { return Ok(()) };
        let header = match FileHeader::parse(&record) {
            Ok(header) => header,
            Err(fault) => {
                let error = self.error_at(index, ErrorKind::NotATrail, fault.what).at_offset(fault.offset as u64);
                if self.options.resync {
                    self.note_skipped(index, index + 1, error);
                    return Ok(());
                }
                return Err(error);
            }
        };
        let encrypted = header.encryption() == Encryption::KeyPresent;
        // The definition record says it too, and then counts.
        self.file.charset = header.database_charset().value().unwrap_or(Charset::UNSTATED);
        self.file.header = Some(Arc::new(header));
        let (header, charset) = (self.file.header.clone(), self.charset());
        self.view.origin = Arc::new(Origin { encrypted, charset, header, ..(*self.view.origin).clone() });
        Ok(())
    }

    /// The database's character set: what the caller says, or else the file.
    pub(super) fn charset(&self) -> Charset {
        self.options.charset.unwrap_or(self.file.charset)
    }

    /// Takes in a metadata record. One that is not understood leaves its table undefined; its bytes stay readable.
    #[cold]
    pub(super) fn define(&mut self, index: usize) -> Result<()> {
        let Some(record) = self.window.record(index) else { return Ok(()) };
        let order = record.byte_order();
        let header = match record.header() {
            Ok(header) => header,
            Err(fault) => return Err(self.error_at(index, ErrorKind::Corrupt, fault.what)),
        };
        let (_, number) = header.metadata_indexes(order);
        let name = match header.table {
            TableRef::Name(name) => self.charset().decode_name(name).into_owned(),
            TableRef::Index(_) => String::new(),
        };
        match MetadataKind::from_orig_node(record.orig_node()) {
            MetadataKind::Database => {
                if let Ok(database) = DatabaseRecord::parse(record.data(), order) {
                    self.file.charset = Charset::from_id(database.charset as i32);
                    let charset = self.charset();
                    self.view.origin = Arc::new(Origin { charset, ..(*self.view.origin).clone() });
                }
            }
            MetadataKind::Table => {
                let database = self.charset();
                let table = match TableRecord::parse(record.data(), order) {
                    Ok(table) => TableDef::from_record(&name, &table, database),
                    Err(_) => from_catalog(&name, &self.options, self.file.charset).unwrap_or_else(|| TableDef::undefined(name)),
                };
                self.give_definition(usize::from(number), table);
            }
            MetadataKind::Reference => {
                let earlier = self.file.definitions.get(usize::from(number)).copied().unwrap_or(NO_SLOT);
                let table = match self.tables.slots.get(earlier as usize) {
                    Some(table) => table.renamed(&name),
                    None => TableDef::undefined(name),
                };
                self.give_definition(self.file.last_definition + 1, table);
            }
            MetadataKind::Unknown(_) => {}
        }
        Ok(())
    }

    pub(super) fn give_definition(&mut self, number: usize, table: TableDef) {
        let slot = self.tables.slot(table);
        if self.file.definitions.len() <= number {
            self.file.definitions.resize(number + 1, NO_SLOT);
        }
        if let Some(entry) = self.file.definitions.get_mut(number) {
            *entry = slot;
        }
        self.file.last_definition = self.file.last_definition.max(number);
    }
}
