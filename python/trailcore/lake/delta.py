"""`Delta`: a Delta table."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from trailcore._table import needed
from trailcore.lake.files import File, Files
from trailcore.lake.target import Key, Mark, joined, of_keys, of_rows, plain

_DELETES = "__trailcore_deletes"


class Delta:
    """A Delta table, by its path or URL. It is created by the first commit.

    The number of the manifest's entry is the version of the application transaction `app`, which Delta keeps for it: two
    sources that write one table need two names. The position is in the metadata of each commit (``trailcore.position``).
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        app: str = "trailcore",
        storage_options: Mapping[str, str] | None = None,
        partition_by: Sequence[str] = (),
    ) -> None:
        self._library = needed("deltalake", "delta")
        self.path = os.fspath(path)
        self.app = app
        self._storage = dict(storage_options or {}) or None
        self._partition_by = list(partition_by) or None
        self._table: Any = None

    def __repr__(self) -> str:
        """Returns the path, without the options, which can have secrets."""
        return f"Delta({self.path!r})"

    def mark(self) -> Mark:
        """Returns the place up to which the table has the changes."""
        exists = self._library.DeltaTable.is_deltatable(self.path, self._storage)
        self._table = self._library.DeltaTable(self.path, storage_options=self._storage) if exists else None
        number = self._table.transaction_version(self.app) if exists else None
        if number is None:
            return Mark(0)
        # Only the newest commits, since each is a file.
        own = (one for one in self._table.history(100) if one.get("trailcore.app") == self.app)
        position = next((one.get("trailcore.position") for one in own if one.get("trailcore.entry") == str(number)), None)
        return Mark(number, position)

    def schema(self) -> pa.Schema:
        """Returns the columns; none before the first commit."""
        return pa.schema([] if self._table is None else self._table.schema().to_arrow())

    def append(self, source: Files, files: Sequence[File], mark: Mark) -> None:
        """Appends the rows of files."""
        self._write(joined(source, files), mark, "append")

    def rows(self, key: Sequence[str], keys: Collection[Key]) -> dict[Key, dict[str, Any]]:
        """Returns the rows that have one of the keys."""
        if self._table is None or not keys:
            return {}
        dataset = self._table.to_pyarrow_dataset()
        wanted = of_keys(key, keys, dataset.schema)
        matches = pc.scalar(True)
        for name in key:
            matches = matches & pc.field(name).isin(wanted.column(name).combine_chunks())
        return of_rows(key, keys, dataset.to_table(filter=matches))

    def replace(self, key: Sequence[str], keys: Collection[Key], rows: pa.Table, mark: Mark) -> None:
        """Deletes the rows that have one of the keys, and inserts rows."""
        rows = rows.cast(plain(rows.schema))
        if self._table is None:
            self._write(rows, mark, "append")
            return
        kept = set(zip(*(rows.column(name).to_pylist() for name in key), strict=True))
        gone = of_keys(key, [one for one in keys if one not in kept], rows.schema)
        gone = gone.append_column(_DELETES, pa.array([True] * gone.num_rows, pa.bool_()))
        rows = rows.append_column(_DELETES, pa.array([False] * rows.num_rows, pa.bool_()))
        source = pa.concat_tables([rows, gone], promote_options="default")
        columns = {_quoted(name): f"s.{_quoted(name)}" for name in rows.column_names if name != _DELETES}
        merge = self._table.merge(
            source,
            " AND ".join(f"t.{_quoted(name)} = s.{_quoted(name)}" for name in key),
            source_alias="s",
            target_alias="t",
            merge_schema=not set(rows.column_names) - {_DELETES} <= {field.name for field in self._table.schema().fields},
            commit_properties=self._properties(mark),
        )
        merge = merge.when_matched_delete(f"s.{_DELETES}").when_matched_update(columns)
        merge.when_not_matched_insert(columns, predicate=f"NOT s.{_DELETES}").execute()

    def overwrite(self, rows: pa.Table, mark: Mark) -> None:
        """Replaces all rows."""
        self._write(rows.cast(plain(rows.schema)), mark, "overwrite")

    def _write(self, rows: pa.Table, mark: Mark, mode: str) -> None:
        self._library.write_deltalake(
            self.path if self._table is None else self._table,
            rows,
            # Another process that has created the table meanwhile has done this work.
            mode="error" if self._table is None else mode,
            partition_by=self._partition_by if self._table is None else None,
            schema_mode=None if self._table is None else "merge",
            storage_options=self._storage if self._table is None else None,
            commit_properties=self._properties(mark),
        )

    def _properties(self, mark: Mark) -> Any:
        return self._library.CommitProperties(
            custom_metadata={
                "trailcore.app": self.app,
                "trailcore.entry": str(mark.number),
                "trailcore.position": mark.position or "",
            },
            app_transactions=[self._library.Transaction(self.app, mark.number)],
        )


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
