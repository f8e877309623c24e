//! Table definitions as messages.

use std::sync::Arc;

use trailcore::schema::{ColumnDef, Kind};
use trailcore::{Charset, TableDef};

use crate::failure::Result;
use crate::wire::{Reader, Writer};

/// Returns the number of a kind, in the order of `ColumnDef.Kind`.
fn kind(kind: Kind) -> u8 {
    match kind {
        Kind::Text { .. } => 0,
        Kind::NumberText { .. } => 1,
        Kind::Binary { .. } => 2,
        Kind::Integer { .. } => 3,
        Kind::DateTime => 4,
        _ => 5,
    }
}

/// Encodes a definition, for `TableDef`.
pub(crate) fn describe(table: &TableDef) -> Vec<u8> {
    let mut out = Writer::default();
    out.text(table.name()).bool(table.is_defined()).len(table.columns().len());
    for column in table.columns() {
        out.text(&column.name).u8(kind(column.kind())).u16(column.data_type).u16(column.sub_type);
        out.u32(column.external_length).u32(column.internal_length).u32(column.binary_length);
        out.u32(column.table_length).u32(column.fetch_offset).u16(column.scale as u16);
        out.u16(column.most_significant).u16(column.least_significant).bool(column.key);
        out.maybe(column.charset.id().map(|id| id as u64));
        out.u8(column.facts.nullable.map_or(2, u8::from));
    }
    out.0
}

/// Decodes a definition that Java made.
pub(crate) fn read(message: &mut Reader<'_>) -> Result<Arc<TableDef>> {
    let (name, defined, count) = (message.text()?, message.bool()?, message.len()?);
    if !defined {
        return Ok(Arc::new(TableDef::undefined(name)));
    }
    let mut columns = Vec::new();
    for _ in 0..count {
        let name = message.text()?;
        let (_, data_type, sub_type) = (message.u8()?, message.u16()?, message.u16()?);
        let mut column = ColumnDef::new(name, data_type, sub_type, 0);
        column.external_length = message.u32()?;
        column.internal_length = message.u32()?;
        column.binary_length = message.u32()?;
        column.table_length = message.u32()?;
        column.fetch_offset = message.u32()?;
        column.scale = message.u16()? as i16;
        column.most_significant = message.u16()?;
        column.least_significant = message.u16()?;
        column.key = message.bool()?;
        if let Some(id) = message.maybe()? {
            column.charset = Charset::from_id(id as i32);
        }
        column.facts.nullable = match message.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        };
        columns.push(column);
    }
    Ok(Arc::new(TableDef::checked(name, columns)?))
}
