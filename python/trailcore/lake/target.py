"""A table that takes changes and the place up to which it has them, in one commit."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from typing import Any, Protocol

import pyarrow as pa

from trailcore._errors import UnsupportedError
from trailcore.lake.files import File, Files

Key = tuple[Any, ...]


@dataclasses.dataclass(frozen=True)
class Mark:
    """The place up to which a table has the changes."""

    number: int
    """The number of the last entry of the manifest; 0 before the first commit."""
    position: str | None = None
    """The position in the trail, as far as the table has kept it."""


class Target(Protocol):
    """A table of a lakehouse. One process at a time can commit: another one that has read the same mark is refused."""

    def mark(self) -> Mark:
        """Returns the place up to which the table has the changes. All later calls rely on the table as it is now."""

    def schema(self) -> pa.Schema:
        """Returns the columns; none before the first commit."""

    def append(self, source: Files, files: Sequence[File], mark: Mark) -> None:
        """Appends the rows of files."""

    def rows(self, key: Sequence[str], keys: Collection[Key]) -> dict[Key, dict[str, Any]]:
        """Returns the rows that have one of the keys."""

    def replace(self, key: Sequence[str], keys: Collection[Key], rows: pa.Table, mark: Mark) -> None:
        """Deletes the rows that have one of the keys, and inserts rows, which have some of these keys."""

    def overwrite(self, rows: pa.Table, mark: Mark) -> None:
        """Replaces all rows."""


def plain(schema: pa.Schema) -> pa.Schema:
    """Returns a schema whose types tables have. Raises `UnsupportedError` for a type that has no equal."""
    return pa.schema([pa.field(field.name, _type(field.name, field.type)) for field in schema])


def _type(name: str, kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(one.name, _type(f"{name}.{one.name}", one.type)) for one in kind])
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        raise UnsupportedError(
            f'column {name} has nanoseconds, which tables do not have; set times = "micros" or "truncated" in the sink'
        )
    if pa.types.is_unsigned_integer(kind):
        raise UnsupportedError(f'column {name} is an unsigned integer, which tables do not have; set csn = "text" in the sink')
    if pa.types.is_decimal256(kind):
        raise UnsupportedError(
            f'column {name} has more than 38 digits, which tables do not have; set numbers = "text" in the sink'
        )
    return kind


def joined(source: Files, files: Sequence[File]) -> pa.Table:
    """Returns the rows of files, with the columns of all of them, in types that tables have."""
    tables = [source.read(file) for file in files]
    return pa.concat_tables([table.cast(plain(table.schema)) for table in tables], promote_options="permissive")


def of_rows(key: Sequence[str], keys: Collection[Key], table: pa.Table) -> dict[Key, dict[str, Any]]:
    """Returns the rows of a table that have one of the keys."""
    found = {}
    for row in table.to_pylist():
        at = tuple(row[name] for name in key)
        if at in keys:
            found[at] = row
    return found


def of_keys(key: Sequence[str], keys: Collection[Key], schema: pa.Schema) -> pa.Table:
    """Returns keys as a table, with the types of the schema."""
    columns = list(zip(*keys, strict=True)) or [()] * len(key)
    kinds = [schema.field(name).type for name in key]
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)], names=list(key))
