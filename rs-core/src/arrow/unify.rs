//! A common schema for all definitions of a table.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int64Type, TimestampMicrosecondType, UInt64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, RecordBatch, StructArray, TimestampNanosecondArray, new_null_array,
};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use super::column::states;
use super::options::ArrowOptions;
use super::records::TableRecords;
use super::schema::{DIGITS_64, DIGITS_128, is_complete, is_meta, schema, state_type};
use crate::change::ColumnState;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::TableDef;

/// A schema that can hold the rows of several definitions.
#[derive(Debug)]
pub(super) struct Union(SchemaRef);

impl Union {
    pub(super) fn of(tables: &[Arc<TableDef>], options: &ArrowOptions) -> Result<Self> {
        let mut all: Option<Schema> = None;
        for table in tables {
            // A requested column may exist in some definitions only.
            let own = schema(table, &options.of_table(table))?;
            let own_fields = wide_fields(own.fields());
            all = Some(match all {
                None => Schema::new_with_metadata(own_fields, own.metadata.clone()),
                Some(all) => {
                    let fields = union_fields(all.fields(), &own_fields, table.name())?;
                    Schema::new_with_metadata(fields, all.metadata)
                }
            });
        }
        let all = all.unwrap_or_else(Schema::empty);
        if let Some(missing) = options.columns.iter().flatten().find(|name| !has_column(all.fields(), name)) {
            let names: Vec<_> = tables.iter().map(|table| table.name()).take(1).collect();
            let what = format!("no definition of table {} has a column {missing}", names.concat());
            return Err(Error::new(ErrorKind::InvalidArgument, what));
        }
        Ok(Self(Arc::new(all)))
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0)
    }

    /// Converts rows of one definition to the common schema.
    pub(super) fn cast(&self, records: &TableRecords) -> Result<RecordBatch> {
        let (batch, rows) = (&records.batch, records.batch.num_rows());
        let own = batch.schema();
        let lacks_column = lacks_column(own.fields(), self.0.fields());
        let arrays = self.0.fields().iter().map(|field| {
            let array = own.index_of(field.name()).ok().map(|index| batch.column(index));
            if lacks_column && is_complete(field) {
                return Ok(Arc::new(BooleanArray::from(vec![false; rows])) as ArrayRef);
            }
            if array.is_none() && field.is_nullable() {
                return Ok(new_null_array(field.data_type(), rows));
            }
            widened(array, field.data_type(), rows).ok_or_else(|| {
                let what = format!(
                    "column {} of {}, from {} on: a value does not fit the common type of all definitions",
                    field.name(),
                    records.table.name(),
                    records.first
                );
                Error::new(ErrorKind::SchemaChange, what)
                    .hint("set the option on_schema_change to stop for one stream per definition")
            })
        });
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        RecordBatch::try_new(self.schema(), arrays).map_err(|error| Error::new(ErrorKind::SchemaChange, error.to_string()))
    }
}

fn has_column(fields: &Fields, name: &str) -> bool {
    fields.iter().any(|field| match field.data_type() {
        DataType::Struct(own) => has_column(own, name),
        _ => field.name().eq_ignore_ascii_case(name),
    })
}

/// Returns fields whose decimals hold every number of 64 bits: the values are not known yet.
fn wide_fields(fields: &Fields) -> Fields {
    let wide = |field: &Arc<Field>| match field.data_type() {
        DataType::Decimal128(DIGITS_64, scale) => {
            Arc::new(field.as_ref().clone().with_data_type(DataType::Decimal128(DIGITS_64 + 1, *scale)))
        }
        DataType::Struct(own) => Arc::new(field.as_ref().clone().with_data_type(DataType::Struct(wide_fields(own)))),
        _ => Arc::clone(field),
    };
    fields.iter().map(wide).collect()
}

/// Returns the fields of both, those of `first` first.
fn union_fields(first: &Fields, second: &Fields, table: &str) -> Result<Fields> {
    let mut fields: Vec<Field> = first.iter().map(|field| field.as_ref().clone()).collect();
    for field in second {
        match fields.iter_mut().find(|known| known.name() == field.name()) {
            Some(known) => {
                let common = common_type(known.data_type(), field.data_type(), table)?.ok_or_else(|| {
                    let what = format!(
                        "column {} of table {table} has the types {} and {}, which have no common type",
                        field.name(),
                        known.data_type(),
                        field.data_type()
                    );
                    Error::new(ErrorKind::SchemaChange, what)
                        .hint("set the option on_schema_change to stop for one stream per definition")
                })?;
                *known = known.clone().with_data_type(common);
            }
            // The states remain last.
            None => {
                let place =
                    fields.iter().rposition(|known| !matches!(known.data_type(), DataType::Struct(_))).map_or(0, |at| at + 1);
                fields.insert(place, field.as_ref().clone());
            }
        }
    }
    Ok(fields.into())
}

/// Returns a type that holds all values of both; `None` if there is none.
fn common_type(first: &DataType, second: &DataType, table: &str) -> Result<Option<DataType>> {
    if first == second {
        return Ok(Some(first.clone()));
    }
    if let (DataType::Struct(first), DataType::Struct(second)) = (first, second) {
        return Ok(Some(DataType::Struct(union_fields(first, second, table)?)));
    }
    let decimal = |data_type: &DataType| match data_type {
        DataType::Int64 => Some((19, 0)),
        DataType::UInt64 => Some((20, 0)),
        DataType::Decimal128(digits, scale) => Some((*digits, *scale)),
        _ => None,
    };
    if let (Some((a, a_scale)), Some((b, b_scale))) = (decimal(first), decimal(second)) {
        let scale = a_scale.max(b_scale);
        let whole = (a - a_scale as u8).max(b - b_scale as u8);
        return Ok(Some(DataType::Decimal128((whole + scale as u8).min(DIGITS_128), scale)));
    }
    let is_time = |data_type: &DataType| matches!(data_type, DataType::Timestamp(_, None));
    Ok((is_time(first) && is_time(second)).then_some(DataType::Timestamp(TimeUnit::Nanosecond, None)))
}

/// Returns whether a definition lacks a column of the table: it is *missing* in all its rows.
fn lacks_column(own: &Fields, all: &Fields) -> bool {
    let columns = all.iter().filter(|field| !is_meta(field));
    columns.into_iter().any(|field| match (field.data_type(), own.find(field.name())) {
        (DataType::Struct(all), Some((_, own))) => match own.data_type() {
            DataType::Struct(own) => lacks_column(own, all),
            _ => true,
        },
        (_, own) => own.is_none(),
    })
}

/// Widens an array to another type; without an array, returns nulls, and the state *missing* for states. Returns `None` if a value does not fit.
fn widened(array: Option<&ArrayRef>, wanted: &DataType, rows: usize) -> Option<ArrayRef> {
    let Some(array) = array else {
        return Some(match wanted {
            // A struct of states is never null; only its fields are.
            DataType::Struct(fields) => {
                let arrays = fields.iter().map(|field| new_null_array(field.data_type(), rows)).collect();
                Arc::new(StructArray::try_new_with_length(fields.clone(), arrays, None, rows).ok()?)
            }
            other if *other == state_type() => states(&vec![ColumnState::Missing; rows]),
            other => new_null_array(other, rows),
        });
    };
    if array.data_type() == wanted {
        return Some(Arc::clone(array));
    }
    match (array.data_type(), wanted) {
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let own = array.as_struct();
            let arrays = fields.iter().map(|field| widened(own.column_by_name(field.name()), field.data_type(), rows));
            let arrays = arrays.collect::<Option<Vec<_>>>()?;
            Some(Arc::new(StructArray::try_new_with_length(fields.clone(), arrays, own.nulls().cloned(), rows).ok()?))
        }
        (from, DataType::Decimal128(_, scale)) => {
            let (numbers, own_scale): (Vec<i128>, i8) = match from {
                DataType::Int64 => (array.as_primitive::<Int64Type>().values().iter().map(|&value| value.into()).collect(), 0),
                DataType::UInt64 => (array.as_primitive::<UInt64Type>().values().iter().map(|&value| value.into()).collect(), 0),
                DataType::Decimal128(_, scale) => (array.as_primitive::<Decimal128Type>().values().to_vec(), *scale),
                _ => return None,
            };
            let factor = 10i128.checked_pow(u32::try_from(scale - own_scale).ok()?)?;
            let limit = 10u128.pow(DIGITS_128.into());
            let scaled = numbers.iter().map(|number| number.checked_mul(factor).filter(|number| number.unsigned_abs() < limit));
            let scaled = scaled.collect::<Option<Vec<_>>>()?;
            Some(Arc::new(Decimal128Array::new(scaled.into(), array.nulls().cloned()).with_data_type(wanted.clone())))
        }
        (DataType::Timestamp(TimeUnit::Microsecond, None), DataType::Timestamp(TimeUnit::Nanosecond, None)) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>();
            let nanos = micros.values().iter().map(|micros| micros.checked_mul(1000)).collect::<Option<Vec<_>>>()?;
            Some(Arc::new(TimestampNanosecondArray::new(nanos.into(), array.nulls().cloned())))
        }
        _ => None,
    }
}
