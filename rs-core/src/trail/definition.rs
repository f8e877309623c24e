//! Converts the table definition records of a trail to [`TableDef`]s.

use crate::schema::{ColumnDef, SourceFacts, TableDef};
use crate::text::Charset;
use crate::trail::metadata::{ColumnRecord, FLAG_KEY, FLAG_NULLABLE, TableRecord};

impl TableDef {
    /// Converts a table definition record; `database` is the character set of the database.
    pub(crate) fn from_record(name: &str, record: &TableRecord, database: Charset) -> Self {
        Self::new(name, record.columns.iter().map(|column| column_def(column, record.version, database)).collect())
    }
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
