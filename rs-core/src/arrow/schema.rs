//! The Arrow schema of a table.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use super::options::{ArrowOptions, CsnType, Layout, Numbers, Times};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{ColumnDef, Kind, TableDef};

/// The maximum number of decimal digits that 128 bits always hold.
pub(super) const DIGITS_128: u8 = 38;
const DIGITS_256: u8 = 76;
/// The number of decimal digits that 64 bits always hold.
pub(super) const DIGITS_64: u8 = 18;

/// The added columns, which precede those of the table: their names without the prefix.
const META: [&str; 5] = ["op", "position", "csn", "xid", "timestamp"];

/// Returns the Arrow schema of a table definition. The schema's metadata has the name of the table (`trailcore:table`), and the
/// metadata of a key column marks it (`trailcore:key`).
///
/// ```
/// use trailcore::arrow::{ArrowOptions, schema};
/// use trailcore::schema::{ColumnDef, TableDef};
///
/// let table = TableDef::new("BANK.POSTINGS", vec![ColumnDef::integer("ID", 0).key(), ColumnDef::integer("AMOUNT", 2)]);
/// let schema = schema(&table, &ArrowOptions::new())?;
/// assert_eq!(schema.field_with_name("AMOUNT").unwrap().data_type().to_string(), "Decimal128(18, 2)");
/// # Ok::<(), trailcore::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] if a requested column is not in the table, if two columns have the same name, or if a column
/// of the table has the name of an added one.
pub fn schema(table: &TableDef, options: &ArrowOptions) -> Result<SchemaRef> {
    let wanted: Vec<&ColumnDef> = table.columns().iter().filter(|column| options.wants(&column.name)).collect();
    for name in options.columns.iter().flatten() {
        if table.column(name).is_none() {
            let known = table.columns().iter().map(|column| &*column.name).collect::<Vec<_>>().join(", ");
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("table {} has no column {name}; its columns are {known}", table.name()),
            ));
        }
    }
    let columns: Fields = wanted.iter().map(|column| field(table, column, options)).collect();
    let wished = [(options.complete, "complete"), (options.unfinished, "unfinished")];
    let meta = META.into_iter().chain(wished.into_iter().filter_map(|(is_wished, name)| is_wished.then_some(name)));
    let mut fields: Vec<Field> = meta.map(|name| meta_field(name, options)).collect();
    fields.extend(key_before(table, &wanted, options));
    let states = |name: &str| {
        let states: Fields = wanted.iter().map(|column| Field::new(&*column.name, state_type(), true)).collect();
        Field::new(format!("{}{name}", options.prefix), DataType::Struct(states), false)
    };
    match options.layout {
        Layout::Rows => {
            fields.extend(columns.iter().map(|field| field.as_ref().clone()));
            if options.states {
                fields.push(states("states"));
            }
        }
        Layout::Changes => {
            fields.push(Field::new("before", DataType::Struct(columns.clone()), true));
            fields.push(Field::new("after", DataType::Struct(columns), true));
            if options.states {
                fields.extend([states("before_states"), states("after_states")]);
            }
        }
    }
    let mut names = HashSet::new();
    if let Some(twice) = fields.iter().find(|field| !names.insert(field.name().as_str())) {
        let what = format!("table {} has two columns {}", table.name(), twice.name());
        return Err(Error::new(ErrorKind::InvalidArgument, what)
            .hint("set the option prefix if one of them is a column that trailcore adds"));
    }
    let metadata = BTreeMap::from([("trailcore:table".to_owned(), table.name().to_owned())]);
    Ok(Arc::new(Schema::new_with_metadata(fields, metadata)))
}

/// Returns whether a field is an added column, such as `_op`, that describes the change and not the columns of the table.
#[must_use]
pub fn is_meta(field: &Field) -> bool {
    field.metadata().contains_key(META_KEY)
}

/// Returns whether a field is the added column `_complete`.
pub(super) fn is_complete(field: &Field) -> bool {
    field.metadata().get(META_KEY).is_some_and(|name| name == "complete")
}

const META_KEY: &str = "trailcore:meta";

fn meta_field(name: &str, options: &ArrowOptions) -> Field {
    let (data_type, nullable) = match name {
        "timestamp" => (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
        "csn" if options.csn == CsnType::Number => (DataType::UInt64, true),
        "csn" | "xid" => (DataType::Utf8, true),
        "complete" | "unfinished" => (DataType::Boolean, false),
        _ => (DataType::Utf8, false),
    };
    let metadata = BTreeMap::from([(META_KEY.to_owned(), name.to_owned())]);
    Field::new(format!("{}{name}", options.prefix), data_type, nullable).with_metadata(metadata)
}

/// Returns the field of the old key, if it is wanted.
fn key_before(table: &TableDef, wanted: &[&ColumnDef], options: &ArrowOptions) -> Option<Field> {
    let keys = wanted.iter().filter(|column| column.key);
    let keys: Fields = keys.map(|column| Field::new(&*column.name, data_type(table, column, options), true)).collect();
    let is_wanted = options.old_key && options.layout == Layout::Rows && !keys.is_empty();
    let metadata = BTreeMap::from([(META_KEY.to_owned(), KEY_BEFORE.to_owned())]);
    let field = Field::new(format!("{}{KEY_BEFORE}", options.prefix), DataType::Struct(keys), true);
    is_wanted.then(|| field.with_metadata(metadata))
}

const KEY_BEFORE: &str = "key_before";

/// Returns whether a field is that of the old key.
pub(super) fn is_key_before(field: &Field) -> bool {
    field.metadata().get(META_KEY).is_some_and(|name| name == KEY_BEFORE)
}

/// The type of a state: a dictionary of the five state names.
pub(super) fn state_type() -> DataType {
    DataType::Dictionary(DataType::Int8.into(), DataType::Utf8.into())
}

fn field(table: &TableDef, column: &ColumnDef, options: &ArrowOptions) -> Field {
    let field = Field::new(&*column.name, data_type(table, column, options), true);
    let keys = column.key.then(|| ("trailcore:key".to_owned(), "true".to_owned()));
    field.with_metadata(keys.into_iter().collect::<BTreeMap<_, _>>())
}

/// Returns the type of a column of a table.
pub(super) fn data_type(table: &TableDef, column: &ColumnDef, options: &ArrowOptions) -> DataType {
    let is_wide = || options.is_wide(table.name(), &column.name);
    let scale = u8::try_from(column.scale).unwrap_or(0);
    match column.kind() {
        Kind::Integer { width: 8, signed: false } if scale == 0 => DataType::UInt64,
        Kind::Integer { .. } if scale == 0 => DataType::Int64,
        Kind::Integer { width, signed } => {
            let digits = match (width, signed) {
                (2, _) => 5,
                (4, _) => 10,
                // The digits that a source declares for 64 bits; some sources use all of the bits.
                (_, true) => DIGITS_64 + u8::from(is_wide()),
                (_, false) => 20,
            };
            DataType::Decimal128(scale.max(digits), scale as i8)
        }
        Kind::NumberText { .. } => number_type(column, options.numbers),
        Kind::DateTime => time_type(column, options.times, is_wide),
        Kind::Text { .. } => DataType::Utf8,
        Kind::Binary { .. } | Kind::Opaque => DataType::Binary,
    }
}

fn number_type(column: &ColumnDef, numbers: Numbers) -> DataType {
    match (numbers, column.declared_scale()) {
        (Numbers::Text, _) | (Numbers::Declared, None) => DataType::Utf8,
        // 38 digits with sign and point need 40 characters; MySQL's largest decimals have 65 digits.
        (_, Some(scale)) if column.external_length > 50 => DataType::Decimal256(DIGITS_256, scale as i8),
        (_, Some(scale)) => DataType::Decimal128(DIGITS_128, scale as i8),
        (Numbers::Float, None) => DataType::Float64,
        (Numbers::Scale(scale), None) => DataType::Decimal128(DIGITS_128, scale.min(DIGITS_128) as i8),
    }
}

/// Characters of a date, and of a date and time with a point and six digits.
const DATE: u32 = 10;
const TIME_TO_MICROS: u32 = 26;

fn time_type(column: &ColumnDef, times: Times, is_wide: impl Fn() -> bool) -> DataType {
    let unit = match times {
        _ if column.external_length == DATE => return DataType::Date32,
        Times::Text => return DataType::Utf8,
        Times::Declared if column.external_length > TIME_TO_MICROS && !is_wide() => TimeUnit::Nanosecond,
        Times::Nanos => TimeUnit::Nanosecond,
        Times::Declared | Times::Micros | Times::Truncated => TimeUnit::Microsecond,
    };
    DataType::Timestamp(unit, None)
}
