"""`Iceberg`: an Iceberg table."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from trailcore._table import needed
from trailcore.lake.files import File, Files
from trailcore.lake.target import Key, Mark, joined, of_keys, of_rows, plain


class Iceberg:
    """An Iceberg table, by its catalogue (`pyiceberg.catalog.Catalog`) and its name, such as ``bank.accounts``.

    It is created by the first commit; its namespace has to exist. The number of the manifest's entry and the position
    are properties of the table, ``trailcore.APP.entry`` and ``trailcore.APP.position``, which the commit of the rows
    sets; they are also in the summary of each snapshot.
    """

    def __init__(self, catalog: Any, name: str, *, app: str = "trailcore", properties: Mapping[str, str] | None = None) -> None:
        needed("pyiceberg", "iceberg")
        self.catalog = catalog
        self.name = name
        self.app = app
        self._properties = dict(properties or {})
        self._table: Any = None

    def __repr__(self) -> str:
        """Returns the name."""
        return f"Iceberg({self.name!r})"

    def mark(self) -> Mark:
        """Returns the place up to which the table has the changes."""
        self._table = self.catalog.load_table(self.name) if self.catalog.table_exists(self.name) else None
        properties = self._table.properties if self._table is not None else {}
        return Mark(int(properties.get(f"trailcore.{self.app}.entry", 0)), properties.get(f"trailcore.{self.app}.position"))

    def schema(self) -> pa.Schema:
        """Returns the columns; none before the first commit."""
        return pa.schema([] if self._table is None else self._table.schema().as_arrow())

    def append(self, source: Files, files: Sequence[File], mark: Mark) -> None:
        """Registers files, which become part of the table without a copy: they have to stay where they are.

        Files with states are copied, since Iceberg has no dictionaries.
        """
        given = [source.read_schema(file) for file in files]
        schema = pa.unify_schemas([plain(one) for one in given], promote_options="permissive")
        with self._commit(schema, mark) as (transaction, summary):
            if all(plain(one).types == one.types for one in given):
                transaction.add_files([source.uri(file) for file in files], snapshot_properties=summary)
            else:
                transaction.append(joined(source, files), snapshot_properties=summary)

    def rows(self, key: Sequence[str], keys: Collection[Key]) -> dict[Key, dict[str, Any]]:
        """Returns the rows that have one of the keys."""
        if self._table is None or not keys:
            return {}
        from pyiceberg.expressions import And, In

        columns = list(zip(*keys, strict=True))
        matches = [In(name, set(column)) for name, column in zip(key, columns, strict=True)]
        where = matches[0] if len(matches) == 1 else And(*matches)
        return of_rows(key, keys, self._table.scan(row_filter=where).to_arrow())

    def replace(self, key: Sequence[str], keys: Collection[Key], rows: pa.Table, mark: Mark) -> None:
        """Deletes the rows that have one of the keys, and inserts rows."""
        from pyiceberg.table.upsert_util import create_match_filter

        rows = rows.cast(plain(rows.schema))
        with self._commit(rows.schema, mark) as (transaction, summary):
            wanted = create_match_filter(of_keys(key, keys, rows.schema), list(key))
            transaction.delete(wanted, snapshot_properties=summary)
            if rows.num_rows:
                transaction.append(rows, snapshot_properties=summary)

    def overwrite(self, rows: pa.Table, mark: Mark) -> None:
        """Replaces all rows."""
        rows = rows.cast(plain(rows.schema))
        with self._commit(rows.schema, mark) as (transaction, summary):
            transaction.overwrite(rows, snapshot_properties=summary)

    @contextlib.contextmanager
    def _commit(self, schema: pa.Schema, mark: Mark) -> Iterator[tuple[Any, dict[str, str]]]:
        """Opens a transaction, and commits what is done in it together with the mark."""
        if self._table is None:
            self._table = self.catalog.create_table(self.name, schema, properties=self._properties)
        table = self._table
        # The library would repeat the commit on top of that of another process, which has the same rows: only in
        # memory, not in the table.
        table.metadata.properties["commit.retry.num-retries"] = "0"
        names = {f"trailcore.{self.app}.entry": str(mark.number), f"trailcore.{self.app}.position": mark.position or ""}
        known = {field.name for field in table.schema().fields}
        with warnings.catch_warnings():
            # A delete that fits no row.
            warnings.simplefilter("ignore", UserWarning)
            with table.transaction() as transaction:
                if not known.issuperset(schema.names):
                    with transaction.update_schema() as update:
                        update.union_by_name(schema)
                transaction.set_properties(names)
                yield transaction, names
