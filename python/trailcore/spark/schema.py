"""Schemas of Arrow and Spark, and record batches in the types that Spark expects."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema
from pyspark.sql.types import StructType

from trailcore._errors import ColumnValueError, SchemaChangeError, UnsupportedError

# Metadata of the column `after`: the key of its table.
KEY = "trailcore_key"


def spark_type(name: str, kind: pa.DataType) -> pa.DataType:
    """Returns the Arrow type whose values Spark can hold in place of another one."""
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(one.name, spark_type(one.name, one.type)) for one in kind])
    if pa.types.is_uint64(kind):
        return pa.decimal128(20, 0)
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    if pa.types.is_decimal256(kind):
        raise UnsupportedError(f"column {name} has more than 38 digits, which Spark cannot hold; pass numbers='text'")
    if pa.types.is_dictionary(kind):
        return kind.value_type
    return kind


def of_arrow(schema: pa.Schema, key: list[str]) -> StructType:
    """Returns the schema of Spark for the record batches of a table with this key."""
    made = from_arrow_schema(pa.schema([pa.field(one.name, spark_type(one.name, one.type)) for one in schema]))
    for field in made.fields:
        if field.name == "after" and key:
            field.metadata = {KEY: key}
    return made


def of_spark(schema: StructType) -> pa.Schema:
    """Returns the schema of the record batches that Spark expects."""
    return to_arrow_schema(schema, timezone="UTC")


def leaves(schema: pa.Schema) -> set[str]:
    """Returns the names of the columns, and those of the fields of structs."""
    names = set()
    for field in schema:
        names.add(field.name)
        if pa.types.is_struct(field.type):
            names |= {f"{field.name}.{one.name}" for one in field.type}
    return names


def united(schemas: dict[str, pa.Schema]) -> pa.Schema:
    """Returns one schema with the columns of several tables. Raises `SchemaChangeError` if their types differ."""
    fields: dict[str, tuple[str, pa.Field]] = {}
    for table, schema in schemas.items():
        for field in schema:
            known = fields.setdefault(field.name, (table, field))
            if known[1].type == field.type:
                continue
            if not (pa.types.is_struct(field.type) and pa.types.is_struct(known[1].type)):
                raise SchemaChangeError(
                    f"column {field.name} is {known[1].type} in {known[0]} and {field.type} in {table}; "
                    "read the tables one by one, or give a schema"
                )
            both = united({known[0]: pa.schema(list(known[1].type)), table: pa.schema(list(field.type))})
            fields[field.name] = (table, pa.field(field.name, pa.struct(list(both))))
    return pa.schema([field for _, field in fields.values()])


def conformer(
    source: pa.Schema, target: pa.Schema, table: str, table_column: str | None, missing: bool
) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    """Returns a function that brings record batches of one schema into another one. `table_column` is the column with the name
    of the table.

    Columns that the source does not have are null if they may be `missing`; otherwise they are an error.
    """
    names = {field.name.lower(): field.name for field in source}
    for field in target:
        own = field.name if field.name in source.names else names.get(field.name.lower())
        if own is None and not missing and field.name != table_column:
            raise SchemaChangeError(
                f"table {table} has no column {field.name}; it has {', '.join(source.names)}. "
                "If its definition changes within the trail, pass on_schema_change='union'"
            )
        names[field.name] = own or ""

    def conform(batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays = []
        for field in target:
            if names[field.name]:
                arrays.append(_cast(batch.column(names[field.name]), field.type, field.name, table))
            elif field.name == table_column:
                arrays.append(pa.repeat(pa.scalar(table, field.type), batch.num_rows))
            else:
                arrays.append(pa.nulls(batch.num_rows, field.type))
        return pa.RecordBatch.from_arrays(arrays, schema=target)

    return conform


def _cast(array: pa.Array, kind: pa.DataType, name: str, table: str) -> pa.Array:
    if array.type == kind:
        return array
    if pa.types.is_struct(array.type) and pa.types.is_struct(kind):
        fields = [
            _cast(pc.struct_field(array, one.name), one.type, f"{name}.{one.name}", table)
            if array.type.get_field_index(one.name) >= 0
            else pa.nulls(len(array), one.type)
            for one in kind
        ]
        return pa.StructArray.from_arrays(fields, fields=list(kind), mask=pc.is_null(array))
    try:
        return pc.cast(array, kind, safe=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        # The message of Arrow may have the value.
        hint = "pass times='truncated'" if pa.types.is_timestamp(kind) else "give it another type in the schema"
        raise ColumnValueError(f"column {name} of {table}: a value of type {array.type} does not fit {kind}; {hint}") from None
