//! [`TrailWriter`]: writes trails with file headers, definitions, transactions and roll-over.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::document;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::TableDef;
use crate::time::Timestamp;
use crate::trail::encode::{Area, INFO_RECORD, put_record};
use crate::trail::file_header::NewFile;
use crate::trail::metadata::DatabaseRecord;
use crate::trail::{
    ByteOrder, Fault, FileHeader, PARTITION_COLUMNS, PARTITION_TDR_INDEX, RecordHeader, RecordType, TableRef, Token,
    TransactionIndicator, area, tokens,
};

/// How an update is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateStyle {
    /// One record with both images (type 134).
    Unified,
    /// A before and an after record (type 15).
    Pair,
    /// Only the after record (type 15).
    AfterOnly,
}

impl UpdateStyle {
    /// All styles.
    pub const ALL: [Self; 3] = [Self::Unified, Self::Pair, Self::AfterOnly];
}

/// How to write a trail. A document too: [`from_json`](Self::from_json) reads it from JSON, whose schema is
/// `docs/schema/writer-options.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "How to write a trail."))]
#[serde(default, deny_unknown_fields)]
pub struct WriterOptions {
    /// Byte order of all numbers except column data.
    pub order: ByteOrder,
    /// A file is closed before a record would make it longer than this. The definition of a table, written before its first row,
    /// does not count.
    pub file_size: u64,
    /// Number of the first file.
    pub first_seqno: u32,
    /// Digits of the number in file names: 6 or 9.
    pub seqno_digits: usize,
    /// Definitions are written into the trail, and rows refer to them. Otherwise each row has the name of its table, as in
    /// releases before 12.2.
    pub metadata: bool,
    /// Version of the table definition records: 1 or 11.
    pub definition_version: u16,
    /// Compatibility level of the file header; below 5 the header has fewer tokens.
    pub compatibility: u16,
    /// Number of the database's character set, as in a file header.
    pub charset: u32,
    /// Name of the writing group.
    pub group: String,
    /// Creation time of the files. The clock is not read, so the bytes of the files depend only on the caller.
    pub created: Timestamp,
}

impl WriterOptions {
    /// Reads options from a JSON document.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the document does not have the form of its schema, or if a number is not one of the
    /// values that it lists.
    pub fn from_json(document: &str) -> Result<Self> {
        let options: Self = document::parse(document)?;
        if !matches!(options.seqno_digits, 6 | 9) {
            let what = format!("seqno_digits must be 6 or 9, not {}", options.seqno_digits);
            return Err(Error::new(ErrorKind::InvalidArgument, what));
        }
        if !matches!(options.definition_version, 1 | 11) {
            let what = format!("definition_version must be 1 or 11, not {}", options.definition_version);
            return Err(Error::new(ErrorKind::InvalidArgument, what));
        }
        Ok(options)
    }
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            order: ByteOrder::Big,
            file_size: 500 << 20,
            first_seqno: 0,
            seqno_digits: 9,
            metadata: true,
            definition_version: 1,
            compatibility: 5,
            charset: 0,
            group: "TRAILCOR".into(),
            created: Timestamp::from_unix_micros(0),
        }
    }
}

/// Writes a trail, for filtered trails, tests and fixtures.
///
/// Changes are written between [`begin`](Self::begin) and [`commit`](Self::commit). A table's definition is written before its
/// first row in each file. The files are complete only after [`finish`](Self::finish).
///
/// A change that cannot be encoded is refused, and does not affect the writer. If writing itself fails, for example because the
/// disk is full, every further call returns that error again: a trail never continues after a gap.
///
/// ```
/// use trailcore::{Trail, schema::{ColumnDef, TableDef}, sink::{RowBuilder, TrailWriter, WriterOptions}, Timestamp};
/// let table = std::sync::Arc::new(TableDef::new("A.B", vec![ColumnDef::varchar("C", 9).key()]));
/// let mut writer = TrailWriter::in_memory("aa", WriterOptions::default())?;
/// let mut row = RowBuilder::new(&table, writer.byte_order());
/// row.text("C", "one")?;
/// writer.begin("1000", "1.2.3", Timestamp::from_unix_micros(0))?;
/// writer.insert(&table, row.bytes())?;
/// writer.commit()?;
/// let files = writer.finish()?;
/// let trail = Trail::from_bytes(files[0].1.clone());
/// assert_eq!(trail.reader()?.next()?.unwrap().csn(), Some("1000"));
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug)]
pub struct TrailWriter {
    options: WriterOptions,
    output: Output,
    seqno: u32,
    written: u64,
    /// The definitions in this file and their indexes, by table name.
    definitions: HashMap<Box<str>, Vec<(u16, Arc<TableDef>)>>,
    /// Number of definitions in this file.
    defined: u16,
    /// This file has a row or DDL. Only then may it be closed.
    has_rows: bool,
    /// The definition that the last row had, and its index.
    last_definition: Option<(Arc<TableDef>, u16)>,
    transaction: Option<OpenTransaction>,
    /// Tokens of the next record, encoded.
    next_tokens: Vec<u8>,
    /// A token of the next record that cannot be encoded.
    next_refused: Option<Error>,
    next_user_tokens: Option<Vec<u8>>,
    log_pos: u64,
    scratch: Vec<u8>,
    /// Buffers of the last change, to be used again.
    spare: Pending,
    /// The error after which nothing can be written: it is unknown how much of the last record is in the trail.
    failed: Option<Error>,
}

#[derive(Debug)]
struct OpenTransaction {
    csn: String,
    xid: String,
    time: Timestamp,
    records: usize,
    /// The last record, which is not written yet: only the next call decides whether it ends the transaction.
    pending: Option<Pending>,
}

/// A row or DDL that has not been written yet.
#[derive(Debug, Default)]
struct Pending {
    table: Option<Arc<TableDef>>,
    records: Vec<PendingRecord>,
    /// The data of its records, one after the other.
    data: Vec<u8>,
    /// Its own tokens, encoded.
    tokens: Vec<u8>,
    user_tokens: Option<Vec<u8>>,
}

/// A change of at most this many bytes can always be encoded: all lengths have at least 16 bits.
const SURELY_ENCODABLE: usize = 30_000;

impl Pending {
    /// Returns the bytes that each of its records has apart from its data: tokens, and the table's name if that is in the header.
    fn size_of_each(&self, has_name: bool) -> usize {
        let name = self.table.as_ref().filter(|_| has_name).map_or(0, |table| table.name().len());
        self.tokens.len() + self.user_tokens.as_ref().map_or(0, Vec::len) + name
    }

    fn add(&mut self, record: &NewRecord<'_>) {
        let start = self.data.len();
        record.data.iter().flatten().for_each(|part| self.data.extend_from_slice(part));
        let data = record.data.is_some().then_some(start..self.data.len());
        self.records.push(PendingRecord { record_type: record.record_type, before: record.before, data });
    }

    /// Returns it empty, with its buffers, unless they are very large.
    fn emptied(mut self) -> Self {
        const MOST_KEPT: usize = 1 << 20;
        if self.data.capacity() > MOST_KEPT {
            return Self::default();
        }
        self.records.clear();
        self.data.clear();
        self.tokens.clear();
        Self { table: None, user_tokens: None, ..self }
    }
}

#[derive(Debug)]
struct PendingRecord {
    record_type: RecordType,
    before: bool,
    /// Its part of the data; `None` without a data area.
    data: Option<Range<usize>>,
}

/// A record of a change, with its data in parts.
struct NewRecord<'a> {
    record_type: RecordType,
    before: bool,
    data: Option<[&'a [u8]; 3]>,
}

impl<'a> NewRecord<'a> {
    fn new(record_type: RecordType, data: &'a [u8]) -> Self {
        Self { record_type, before: false, data: Some([data, &[], &[]]) }
    }
}

#[derive(Debug)]
enum Output {
    Files { prefix: PathBuf, file: Option<BufWriter<File>>, path: PathBuf, paths: Vec<PathBuf> },
    Memory { prefix: String, files: Vec<(String, Vec<u8>)> },
}

impl Output {
    fn open(&mut self, name: &str) -> Result<()> {
        match self {
            Self::Files { prefix, file, path, paths } => {
                if let Some(mut open) = file.take() {
                    open.flush().map_err(|error| Error::write(path, error))?;
                }
                let mut full = prefix.clone().into_os_string();
                full.push(name);
                *path = full.into();
                paths.push(path.clone());
                *file = Some(BufWriter::with_capacity(1 << 20, File::create(&*path).map_err(|error| Error::write(path, error))?));
            }
            Self::Memory { prefix, files } => files.push((format!("{prefix}{name}"), Vec::new())),
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Files { file: Some(file), path, .. } => file.write_all(bytes).map_err(|error| Error::write(path, error)),
            Self::Files { .. } => Err(Error::internal("no file is open for writing")),
            Self::Memory { files, .. } => {
                let Some((_, file)) = files.last_mut() else {
                    return Err(Error::internal("no file is open for writing"));
                };
                file.extend_from_slice(bytes);
                Ok(())
            }
        }
    }
}

impl TrailWriter {
    /// Writes files named by a prefix and their number.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if names do not have 6 or 9 digits, or if the first number has more. The first file is
    /// created when something is written.
    pub fn create(prefix: impl AsRef<Path>, options: WriterOptions) -> Result<Self> {
        let prefix = prefix.as_ref().to_path_buf();
        Self::open(Output::Files { prefix, file: None, path: PathBuf::new(), paths: Vec::new() }, options)
    }

    /// Writes files in memory; [`finish`](Self::finish) returns them.
    ///
    /// # Errors
    /// The errors of [`create`](Self::create).
    pub fn in_memory(prefix: &str, options: WriterOptions) -> Result<Self> {
        Self::open(Output::Memory { prefix: prefix.to_owned(), files: Vec::new() }, options)
    }

    fn open(output: Output, options: WriterOptions) -> Result<Self> {
        if file_number(options.first_seqno, options.seqno_digits).is_none() {
            return Err(misuse("seqno_digits must be 6 or 9 and wide enough for first_seqno"));
        }
        Ok(Self {
            seqno: options.first_seqno,
            options,
            output,
            written: 0,
            definitions: HashMap::new(),
            defined: 0,
            has_rows: false,
            last_definition: None,
            transaction: None,
            next_tokens: Vec::new(),
            next_refused: None,
            next_user_tokens: None,
            log_pos: 1,
            scratch: Vec::new(),
            spare: Pending::default(),
            failed: None,
        })
    }

    /// Returns the byte order that images for this writer must have.
    #[must_use]
    pub fn byte_order(&self) -> ByteOrder {
        self.options.order
    }

    /// Returns whether a transaction is open.
    #[must_use]
    pub fn is_in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// Returns whether the open transaction is this one.
    pub(super) fn is_in(&self, csn: &str, xid: &str) -> bool {
        self.transaction.as_ref().is_some_and(|open| open.csn == csn && open.xid == xid)
    }

    /// Begins a transaction. An empty CSN or id is unknown, and is not written.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a transaction is open or the timestamp is out of range, [`ErrorKind::Unencodable`] if
    /// the ids are too long.
    pub fn begin(&mut self, csn: &str, xid: &str, time: Timestamp) -> Result<()> {
        self.is_sound()?;
        if self.transaction.is_some() {
            return Err(misuse("a transaction is already open; call commit() or abend() first"));
        }
        if csn.len() + xid.len() > SURELY_ENCODABLE {
            return Err(too_long("a CSN or transaction id"));
        }
        if Timestamp::from_julian(time.julian()) != time {
            return Err(misuse("timestamp out of range for the trail format"));
        }
        let (csn, xid) = (csn.to_owned(), xid.to_owned());
        self.transaction = Some(OpenTransaction { csn, xid, time, records: 0, pending: None });
        Ok(())
    }

    /// Ends the transaction. A transaction without changes is not written.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if no transaction is open, [`ErrorKind::Io`], [`ErrorKind::Unencodable`].
    pub fn commit(&mut self) -> Result<()> {
        self.end_transaction(true)
    }

    /// Leaves the transaction unfinished, as a trail does that breaks off: its last record does not end it.
    ///
    /// # Errors
    /// The errors of [`commit`](Self::commit).
    pub fn leave_unfinished(&mut self) -> Result<()> {
        self.end_transaction(false)
    }

    fn end_transaction(&mut self, is_finished: bool) -> Result<()> {
        if self.transaction.is_none() {
            return Err(misuse("no transaction is open; call begin() first"));
        }
        self.write_pending(is_finished)?;
        self.transaction = None;
        Ok(())
    }

    /// Leaves the transaction unfinished and writes a RestartAbend marker, which rolls it back.
    ///
    /// # Errors
    /// The errors of [`commit`](Self::commit).
    pub fn abend(&mut self) -> Result<()> {
        if self.transaction.is_none() {
            return Err(misuse("no transaction is open; call begin() first"));
        }
        self.write_pending(false)?;
        let time = self.transaction.take().map_or(self.options.created, |transaction| transaction.time);
        self.marker(RecordType::RESTART_ABEND, time)
    }

    /// Sets the tokens of the next record, in addition to CSN and transaction id. One that is too long is refused with that record.
    pub fn tokens(&mut self, tokens: &[Token<'_>]) {
        for token in tokens {
            let put = crate::trail::put_token(&mut self.next_tokens, self.options.order, *token);
            self.next_refused = self.next_refused.take().or(put.err().map(refused));
        }
    }

    /// Sets the raw user token area of the next record.
    pub fn user_tokens(&mut self, area: &[u8]) {
        self.next_user_tokens = Some(area.to_vec());
    }

    /// Forgets the tokens of the next record.
    pub(super) fn forget_tokens(&mut self) {
        self.next_tokens.clear();
        self.next_refused = None;
        self.next_user_tokens = None;
    }

    /// Writes an insert.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] without a transaction, [`ErrorKind::Io`], [`ErrorKind::Unencodable`].
    pub fn insert(&mut self, table: &Arc<TableDef>, after: &[u8]) -> Result<()> {
        self.add(Some(table), &[NewRecord::new(RecordType::INSERT, after)])
    }

    /// Writes a delete.
    ///
    /// # Errors
    /// The errors of [`insert`](Self::insert).
    pub fn delete(&mut self, table: &Arc<TableDef>, before: &[u8]) -> Result<()> {
        self.add(Some(table), &[NewRecord { before: true, ..NewRecord::new(RecordType::DELETE, before) }])
    }

    /// Writes an update. `before` is ignored for [`UpdateStyle::AfterOnly`].
    ///
    /// # Errors
    /// The errors of [`insert`](Self::insert).
    pub fn update(&mut self, table: &Arc<TableDef>, style: UpdateStyle, before: &[u8], after: &[u8]) -> Result<()> {
        let after_record = NewRecord::new(RecordType::FIELD_COMP, after);
        let before_record = NewRecord { before: true, ..NewRecord::new(RecordType::FIELD_COMP, before) };
        match style {
            UpdateStyle::Unified => self.unified(RecordType::UNIFIED_UPDATE, table, before, after),
            UpdateStyle::Pair => self.add(Some(table), &[before_record, after_record]),
            UpdateStyle::AfterOnly => self.add(Some(table), &[after_record]),
        }
    }

    /// Writes an update of the key; `key` has the old key columns.
    ///
    /// # Errors
    /// The errors of [`insert`](Self::insert).
    pub fn pk_update(&mut self, table: &Arc<TableDef>, key: &[u8], after: &[u8]) -> Result<()> {
        let length = self.options.order.bytes_of_u16(u16::try_from(key.len()).map_err(|_| too_long("a key"))?);
        let data = Some([&length[..], key, after]);
        self.add(Some(table), &[NewRecord { record_type: RecordType::PK_UPDATE, before: false, data }])
    }

    /// Writes an update of the key with both images in one record (type 135; the layout is INFERRED).
    ///
    /// # Errors
    /// The errors of [`insert`](Self::insert).
    pub fn unified_pk_update(&mut self, table: &Arc<TableDef>, before: &[u8], after: &[u8]) -> Result<()> {
        self.unified(RecordType::UNIFIED_PK_UPDATE, table, before, after)
    }

    /// Writes a truncate of a table.
    ///
    /// # Errors
    /// The errors of [`insert`](Self::insert).
    pub fn truncate(&mut self, table: &Arc<TableDef>) -> Result<()> {
        self.add(Some(table), &[NewRecord { record_type: RecordType::PURGE_DATA, before: false, data: None }])
    }

    /// Writes DDL, with its text in GoldenGate's form.
    ///
    /// # Errors
    /// The errors of [`insert`](Self::insert).
    pub fn ddl(&mut self, owner: &str, object: &str, text: &str) -> Result<()> {
        let body = format!("{owner}\0{object}\0UNKNOWNVERSION\0UNKNOWNVERSIONCOMPAT\0N");
        self.tokens(&[Token { id: tokens::id::DDL, info: 0, body: body.as_bytes() }]);
        self.add(None, &[NewRecord::new(RecordType::DDL, text.as_bytes())])
    }

    /// Writes DDL as another trail has it, with the tokens that have been given.
    pub(super) fn copy_ddl(&mut self, data: &[u8]) -> Result<()> {
        self.add(None, &[NewRecord::new(RecordType::DDL, data)])
    }

    /// Writes a large-object fragment of the last row. The layout of fragments is UNKNOWN: the bytes are written as they are
    /// passed.
    ///
    /// # Errors
    /// The errors of [`insert`](Self::insert); there must be a row.
    pub fn lob_fragment(&mut self, data: &[u8]) -> Result<()> {
        let pending = self.transaction.as_mut().and_then(|transaction| transaction.pending.as_mut());
        let pending = pending.ok_or_else(|| misuse("a fragment must follow a row"))?;
        if u32::try_from(data.len()).is_err() {
            return Err(too_long("a fragment"));
        }
        pending.add(&NewRecord::new(RecordType::LOB, data));
        Ok(())
    }

    /// Writes a marker: RestartOK, RestartAbend, RecoveryEnd, or a record of any other type without a table.
    ///
    /// # Errors
    /// [`ErrorKind::Io`], [`ErrorKind::Unencodable`].
    pub fn marker(&mut self, record_type: RecordType, time: Timestamp) -> Result<()> {
        self.write_pending(false)?;
        let mut record = Vec::new();
        let header = RecordHeader { orig_node: 0, record_count: 0, ..self.header(record_type, time, TransactionIndicator::Only) };
        self.put_record(&mut record, &header, &[])?;
        let written = self.start_file(None, record.len()).and_then(|()| self.put(&record));
        self.remembered(written)
    }

    /// Fails with the error that ended writing, if there was one.
    fn is_sound(&self) -> Result<()> {
        self.failed.as_ref().map_or(Ok(()), |failed| Err(failed.clone()))
    }

    /// Stores an error of writing, which ends it.
    fn remembered(&mut self, written: Result<()>) -> Result<()> {
        if let Err(error) = &written {
            self.failed = Some(error.clone());
        }
        written
    }

    /// Completes the files. A writer in memory returns its files by name; others return the paths with empty bytes.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a transaction is open, [`ErrorKind::Io`].
    pub fn finish(mut self) -> Result<Vec<(String, Vec<u8>)>> {
        self.is_sound()?;
        if self.transaction.is_some() {
            return Err(misuse("a transaction is open; call commit() or abend() first"));
        }
        self.start_file(None, 0)?;
        self.close()
    }

    /// Completes the files with an unfinished transaction: for tests of torn trails.
    ///
    /// # Errors
    /// The errors of [`commit`](Self::commit).
    pub fn finish_unfinished(mut self) -> Result<Vec<(String, Vec<u8>)>> {
        if self.is_in_transaction() {
            self.leave_unfinished()?;
        }
        self.finish()
    }

    fn close(self) -> Result<Vec<(String, Vec<u8>)>> {
        match self.output {
            Output::Memory { files, .. } => Ok(files),
            Output::Files { file, path, paths, .. } => {
                if let Some(mut file) = file {
                    file.flush().map_err(|error| Error::write(&path, error))?;
                }
                Ok(paths.into_iter().map(|path| (path.to_string_lossy().into_owned(), Vec::new())).collect())
            }
        }
    }

    fn unified(&mut self, record_type: RecordType, table: &Arc<TableDef>, before: &[u8], after: &[u8]) -> Result<()> {
        let length = self.options.order.bytes_of_u32(u32::try_from(before.len()).map_err(|_| too_long("an image"))?);
        let data = Some([&length[..], before, after]);
        self.add(Some(table), &[NewRecord { record_type, before: false, data }])
    }

    fn add(&mut self, table: Option<&Arc<TableDef>>, records: &[NewRecord<'_>]) -> Result<()> {
        self.is_sound()?;
        let mut pending = std::mem::take(&mut self.spare);
        records.iter().for_each(|record| pending.add(record));
        std::mem::swap(&mut pending.tokens, &mut self.next_tokens);
        pending.user_tokens = self.next_user_tokens.take();
        pending.table = table.cloned();
        if let Some(refused) = self.next_refused.take() {
            return Err(refused);
        }
        let Some(transaction) = &self.transaction else { return Err(misuse("no transaction is open; call begin() first")) };
        match &pending.table {
            Some(table) if self.options.metadata && self.definition_index(table).is_none() => {
                self.definition(table, 1)?;
            }
            _ => {}
        }
        // A small change can always be encoded.
        if pending.data.len() + pending.size_of_each(true) > SURELY_ENCODABLE {
            let ids = self.ids_area(transaction)?;
            self.encode(&pending, transaction, &ids, true, &mut Vec::new())?;
        }
        // The change before this one does not end the transaction: not until it is certain that this one is not refused.
        self.write_pending(false)?;
        if let Some(transaction) = &mut self.transaction {
            transaction.pending = Some(pending);
        }
        Ok(())
    }

    /// Writes the pending record, as the last one of its transaction or not.
    fn write_pending(&mut self, last: bool) -> Result<()> {
        self.is_sound()?;
        let Some(pending) = self.transaction.as_mut().and_then(|transaction| transaction.pending.take()) else { return Ok(()) };
        let written = self.write_unit(&pending, last);
        self.spare = pending.emptied();
        self.remembered(written)
    }

    fn write_unit(&mut self, pending: &Pending, last: bool) -> Result<()> {
        let Some(transaction) = &self.transaction else {
            return Err(Error::internal("a change is pending outside a transaction"));
        };
        let ids = self.ids_area(transaction)?;
        let each = 128 + pending.size_of_each(!self.options.metadata);
        // The file first: the index of a definition is valid in one file.
        self.start_file(pending.table.as_ref(), pending.data.len() + ids.len() + each * pending.records.len())?;
        let Some(transaction) = &self.transaction else {
            return Err(Error::internal("a change is pending outside a transaction"));
        };
        let mut unit = std::mem::take(&mut self.scratch);
        unit.clear();
        let encoded = self.encode(pending, transaction, &ids, last, &mut unit);
        if let Some(transaction) = &mut self.transaction {
            transaction.records += pending.records.len();
        }
        self.log_pos += 1;
        self.has_rows = true;
        let put = encoded.and_then(|()| self.put(&unit));
        self.scratch = unit;
        put
    }

    /// Returns the tokens of CSN and transaction id, which only the first record of a transaction has, after its own tokens.
    fn ids_area(&self, transaction: &OpenTransaction) -> Result<Vec<u8>> {
        let mut area = Vec::new();
        if transaction.records == 0 {
            for (id, text) in [(tokens::id::LOGCSN, &transaction.csn), (tokens::id::TRANID, &transaction.xid)] {
                if !text.is_empty() {
                    let token = Token { id, info: 0, body: text.as_bytes() };
                    crate::trail::put_token(&mut area, self.options.order, token).map_err(refused)?;
                }
            }
        }
        Ok(area)
    }

    /// Appends the records of a change, as the last one of its transaction or not. All of them have the change's own tokens.
    fn encode(&self, pending: &Pending, transaction: &OpenTransaction, ids: &[u8], last: bool, unit: &mut Vec<u8>) -> Result<()> {
        let first = transaction.records == 0;
        let count = pending.records.len();
        for (index, record) in pending.records.iter().enumerate() {
            let (begins, ends) = (first && index == 0, last && index + 1 == count);
            let indicator = match (begins, ends) {
                (true, true) => TransactionIndicator::Only,
                (true, false) => TransactionIndicator::First,
                (false, true) => TransactionIndicator::Last,
                (false, false) => TransactionIndicator::Middle,
            };
            let mut header = self.header(record.record_type, transaction.time, indicator);
            header.before_after = if record.before { b'B' } else { b'A' };
            if record.record_type == RecordType::DDL {
                header.orig_node = 0;
            } else {
                header.partition = PARTITION_COLUMNS;
            }
            if let Some(table) = &pending.table {
                header.table = match self.definition_index(table) {
                    Some(index) => {
                        header.partition |= PARTITION_TDR_INDEX;
                        TableRef::Index(index)
                    }
                    None => TableRef::Name(table.name().as_bytes()),
                };
            }
            let data = match &record.data {
                Some(range) => {
                    let body = pending.data.get(range.clone());
                    Some(Area::of(area::DATA, body.ok_or_else(|| Error::internal("a pending record has no data"))?))
                }
                None => None,
            };
            let is_fragment = record.record_type == RecordType::LOB;
            let body = [&pending.tokens[..], if index == 0 { ids } else { &[] }];
            let has_tokens = !is_fragment && body.iter().any(|part| !part.is_empty());
            let tokens = has_tokens.then_some(Area { body, ..Area::of(area::TOKENS, &[]) });
            let user_tokens = pending.user_tokens.as_deref().filter(|_| !is_fragment);
            self.put_record(unit, &header, &[data, tokens, user_tokens.map(|body| Area::of(area::USER_TOKENS, body))])?;
        }
        Ok(())
    }

    /// Appends a record with these areas.
    fn put_record(&self, out: &mut Vec<u8>, header: &RecordHeader<'_>, areas: &[Option<Area<'_>>]) -> Result<()> {
        put_record(out, self.options.order, INFO_RECORD, header, areas.iter().copied().flatten()).map_err(refused)
    }

    fn header(&self, record_type: RecordType, time: Timestamp, transaction: TransactionIndicator) -> RecordHeader<'static> {
        RecordHeader {
            indicator: b'E',
            partition: 0,
            undo: 0,
            before_after: b'A',
            record_length: 0,
            record_type,
            orig_node: 0xff,
            time,
            audit_pos: self.log_pos,
            audit_rba: 0,
            transaction,
            format_type: b'R',
            syskey_len: 0,
            incomplete: 0,
            continued: 0,
            record_count: 1,
            table: TableRef::Name(b""),
            padding: &[],
        }
    }

    /// Opens a file if none is open or the open one has no room left, and writes the table's definition to it.
    fn start_file(&mut self, table: Option<&Arc<TableDef>>, room: usize) -> Result<()> {
        if self.written > 0 && self.has_rows && self.written + room as u64 > self.options.file_size {
            self.seqno = self.seqno.checked_add(1).ok_or_else(|| too_long("the number of the next file"))?;
            self.written = 0;
        }
        if self.written == 0 {
            self.definitions.clear();
            self.last_definition = None;
            self.defined = 0;
            self.has_rows = false;
            let name = file_number(self.seqno, self.options.seqno_digits);
            let name = name.ok_or_else(|| too_long("the number of the next file"))?;
            self.output.open(&name)?;
            let header = self.file_header(&name)?;
            self.put(&header)?;
            if self.options.metadata {
                self.put_database()?;
            }
        }
        let Some(table) = table.filter(|_| self.options.metadata) else { return Ok(()) };
        let index = match self.definition_index(table) {
            Some(index) => index,
            None => self.put_table(table)?,
        };
        if !self.last_definition.as_ref().is_some_and(|(last, _)| Arc::ptr_eq(last, table)) {
            self.last_definition = Some((Arc::clone(table), index));
        }
        Ok(())
    }

    fn file_header(&self, name: &str) -> Result<Vec<u8>> {
        let options = &self.options;
        let first = self.transaction.as_ref();
        let new = NewFile {
            order: options.order,
            compatibility: options.compatibility,
            created: options.created,
            group: &options.group,
            name,
            seqno: self.seqno,
            charset: options.charset,
            first_csn: first.map(|transaction| &*transaction.csn),
            first_time: first.map(|transaction| transaction.time),
        };
        let mut bytes = Vec::new();
        FileHeader::of_new_file(&new).and_then(|header| header.encode(&mut bytes)).map_err(refused)?;
        Ok(bytes)
    }

    fn put_database(&mut self) -> Result<()> {
        let order = self.options.order;
        let database = DatabaseRecord::of_charset(self.options.charset);
        let mut data = Vec::new();
        database.encode(order, &mut data).map_err(refused)?;
        let record = self.metadata(1, (1, 0), b"", &data)?;
        self.put(&record)
    }

    /// Returns the index of a table's definition in this file; `None` if the file does not have it.
    fn definition_index(&self, table: &Arc<TableDef>) -> Option<u16> {
        if let Some((_, index)) = self.last_definition.as_ref().filter(|(last, _)| Arc::ptr_eq(last, table)) {
            return Some(*index);
        }
        let versions = self.definitions.get(table.name())?;
        versions.iter().find(|(_, known)| Arc::ptr_eq(known, table) || known == table).map(|(index, _)| *index)
    }

    fn put_table(&mut self, table: &Arc<TableDef>) -> Result<u16> {
        let index = self.defined.checked_add(1).ok_or_else(|| too_long("the list of tables in a file"))?;
        let record = self.definition(table, index)?;
        self.put(&record)?;
        self.definitions.entry(table.name().into()).or_default().push((index, Arc::clone(table)));
        self.defined = index;
        Ok(index)
    }

    /// Returns the record that defines a table.
    fn definition(&self, table: &TableDef, index: u16) -> Result<Vec<u8>> {
        let order = self.options.order;
        let record = table.to_record(self.options.definition_version, self.options.charset)?;
        let mut data = Vec::new();
        record.encode(order, &mut data).map_err(refused)?;
        self.metadata(2, (1, index), table.name().as_bytes(), &data)
    }

    /// Returns a metadata record.
    fn metadata(&self, kind: u8, (database, table): (u16, u16), name: &[u8], data: &[u8]) -> Result<Vec<u8>> {
        let order = self.options.order;
        let mut indexes = Vec::with_capacity(4);
        order.put_u16(&mut indexes, database);
        order.put_u16(&mut indexes, table);
        let audit_rba = indexes.first_chunk().map_or(0, |bytes| order.u32(*bytes));
        let base = self.header(RecordType::METADATA, self.options.created, TransactionIndicator::Only);
        let header = RecordHeader { orig_node: kind, audit_rba, table: TableRef::Name(name), ..base };
        let mut record = Vec::new();
        self.put_record(&mut record, &header, &[Some(Area::of(area::DATA, data))])?;
        Ok(record)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.output.write(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

/// Returns the number of a file as it is in its name; `None` if it does not fit this many digits, or if they are not 6 or 9.
fn file_number(seqno: u32, digits: usize) -> Option<String> {
    let name = matches!(digits, 6 | 9).then(|| format!("{seqno:0digits$}"));
    name.filter(|name| name.len() == digits)
}

fn refused(fault: Fault) -> Error {
    Error::new(ErrorKind::Unencodable, fault.what)
}

fn too_long(what: &str) -> Error {
    Error::new(ErrorKind::Unencodable, format!("{what} is too long for the trail format"))
}

fn misuse(what: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{COMPARED, ColumnDef};
    use crate::sink::RowBuilder;
    use crate::source::{ReadOptions, Trail};

    /// Returns how many columns are compared to write an insert into each of some tables, twice, and to read them.
    fn compared(tables: usize) -> u64 {
        let before = COMPARED.with(std::cell::Cell::get);
        let mut writer = TrailWriter::in_memory("aa", WriterOptions::default()).unwrap();
        writer.begin("1", "1", Timestamp::from_unix_micros(0)).unwrap();
        for number in (0..tables).chain(0..tables) {
            // Callers may make a definition again for each row.
            let table = Arc::new(TableDef::new(format!("A.T{number}"), vec![ColumnDef::varchar("V", 9)]));
            let mut row = RowBuilder::new(&table, ByteOrder::Big);
            writer.insert(&table, row.text("V", "x").unwrap().bytes()).unwrap();
        }
        writer.commit().unwrap();
        let (_, file) = writer.finish().unwrap().remove(0);
        let mut reader = Trail::from_bytes(file).reader_with(ReadOptions::new()).unwrap();
        while reader.next().unwrap().is_some() {}
        COMPARED.with(std::cell::Cell::get) - before
    }

    #[test]
    fn definitions_are_not_compared_with_each_other() {
        let (small, large) = (compared(500), compared(1_000));
        assert!(small >= 500 && large <= small * 5 / 2, "{small} and {large} comparisons");
    }
}
