//! Converts the table definition records of a trail to [`TableDef`]s.

use crate::error::{Error, ErrorKind, Result};
use crate::schema::{ColumnDef, SourceFacts, TableDef};
use crate::text::Charset;
use crate::trail::file_header::SubToken;
use crate::trail::metadata::{ColumnRecord, DatabaseRecord, FLAG_KEY, FLAG_NULLABLE, TableRecord};

impl TableDef {
    /// Converts a table definition record; `database` is the character set of the database.
    pub(crate) fn from_record(name: &str, record: &TableRecord, database: Charset) -> Self {
        Self::new(name, record.columns.iter().map(|column| column_def(column, record.version, database)).collect())
    }

    /// Returns the record of a version that defines this table, for a database with a character set of this number.
    ///
    /// # Errors
    /// [`ErrorKind::Unencodable`] if the record has no room for the table or a character set has no number.
    pub(crate) fn to_record(&self, version: u16, database: u32) -> Result<TableRecord> {
        let zero = |id, len| SubToken { id, info: 0, body: vec![0; len] };
        let key_columns = u16::try_from(self.key().count())
            .map_err(|_| Error::new(ErrorKind::Unencodable, "a key has more columns than the format has room for"))?;
        Ok(TableRecord {
            version,
            key_columns,
            facts: if version >= 11 { Vec::new() } else { vec![zero(2, 4), zero(3, 2), zero(4, 2)] },
            columns: self.columns().iter().map(|column| column_record(column, version, database)).collect::<Result<_>>()?,
            extra: Vec::new(),
        })
    }
}

impl DatabaseRecord {
    /// Returns the record of a database with a character set of this number: as real ones are, without a name.
    pub(crate) fn of_charset(charset: u32) -> Self {
        let mut case_sensitivity = vec![0x14; 16];
        case_sensitivity.iter_mut().skip(12).take(1).for_each(|byte| *byte = 0x11);
        Self {
            version: 1,
            charset,
            national_charset: 1,
            locale: 0,
            time_zone: b"GMT".to_vec(),
            case_sensitivity,
            name: Vec::new(),
            extra: Vec::new(),
        }
    }
}

/// Flags of unknown meaning that the column records of real trails have.
const FLAGS_SEEN: u16 = 0x22;

fn column_record(column: &ColumnDef, version: u16, database: u32) -> Result<ColumnRecord> {
    // A set other than the database's is the column's own, and must have a number.
    let charset = match column.charset {
        own if own == Charset::from_id(database as i32) || !own.is_stated() => -1,
        own => own.id().ok_or_else(|| {
            Error::new(ErrorKind::Unencodable, format!("the character set of column {} has no number", column.name))
        })?,
    };
    let nullable = version >= 11 && column.facts.nullable.unwrap_or(!column.key);
    Ok(ColumnRecord {
        name: column.name.as_bytes().to_vec(),
        data_type: column.data_type,
        internal_length: column.internal_length,
        external_length: column.external_length,
        binary_length: column.binary_length,
        table_length: column.table_length,
        character_length: column.facts.character_length.unwrap_or(0),
        fetch_offset: column.fetch_offset,
        charset,
        native_type: column.facts.native_type.unwrap_or(0),
        sub_type: column.sub_type,
        most_significant: column.most_significant,
        least_significant: column.least_significant,
        scale: column.scale as u16,
        unknown: 0,
        flags: FLAGS_SEEN | if column.key { FLAG_KEY } else { 0 } | if nullable { FLAG_NULLABLE } else { 0 },
        second_part: (version < 11).then(|| vec![0; 14]),
    })
}

fn column_def(column: &ColumnRecord, version: u16, database: Charset) -> ColumnDef {
    let own = Charset::from_id(column.charset);
    ColumnDef {
        name: database.decode_name(&column.name).into(),
        data_type: column.data_type,
        sub_type: column.sub_type,
        external_length: column.external_length,
        internal_length: column.internal_length,
        binary_length: column.binary_length,
        table_length: column.table_length,
        fetch_offset: column.fetch_offset,
        scale: column.scale as i16,
        most_significant: column.most_significant,
        least_significant: column.least_significant,
        key: column.flags & FLAG_KEY != 0,
        charset: own.or(database),
        facts: SourceFacts {
            native_type: Some(column.native_type),
            nullable: (version >= 11).then_some(column.flags & FLAG_NULLABLE != 0),
            character_length: (version >= 11).then_some(column.character_length),
            own_charset: own.is_stated(),
        },
    }
}
