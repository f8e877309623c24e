"""The changes of one table, as Arrow and as data frames."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from trailcore import _html, _native
from trailcore._errors import UnsupportedError
from trailcore._progress import Progress, callback

if TYPE_CHECKING:
    import duckdb
    import pandas
    import polars
    import pyarrow

    from trailcore._trail import _Reading

__all__ = ["Table", "TableVersion"]

Layout = Literal["rows", "changes"]
Numbers = Literal["declared", "text", "float"] | int
Times = Literal["declared", "us", "ns"]
Invalid = Literal["error", "null"]
OnSchemaChange = Literal["error", "union"]


@dataclasses.dataclass(frozen=True)
class Arrow:
    """How changes become batches; what `_native.Trail` is given."""

    batch_size: int
    layout: str
    columns: list[str] | None
    states: bool
    numbers: Numbers
    times: str
    invalid: str
    on_schema_change: str
    prefix: str


class _Exports:
    """Handing a table to data frames."""

    def _open(self) -> _native.Table:
        raise NotImplementedError

    @property
    def columns(self) -> dict[str, str]:
        """Names and Arrow types of its columns. Reads up to the table's first change."""
        return {name: data_type for name, data_type, _ in self._open().fields}

    def __arrow_c_schema__(self) -> object:
        """The schema as the Arrow PyCapsule interface has it."""
        return self._open().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A stream as the Arrow PyCapsule interface has it."""
        return self._open().__arrow_c_stream__(requested_schema)

    def batches(self) -> Iterator[_native.Batch]:
        """Its batches: each is exported by the Arrow PyCapsule interface."""
        stream = self._open()
        while (batch := stream.next_batch()) is not None:
            yield batch

    def _consumed(self, take: Any) -> Any:
        """What a library makes of the stream. An exception of ours, such as Ctrl-C, is raised as it was."""
        stream = self._open()
        try:
            taken = take(stream)
        except Exception:
            stream.raise_pending()
            raise
        return taken

    def to_arrow(self) -> pyarrow.Table:
        """All of it as a `pyarrow.Table`. Needs pyarrow."""
        import pyarrow

        return self._consumed(lambda stream: pyarrow.RecordBatchReader.from_stream(stream).read_all())

    def to_polars(self) -> polars.DataFrame:
        """All of it as a `polars.DataFrame`. Needs polars."""
        import polars

        try:
            return self._consumed(lambda stream: polars.DataFrame(stream))
        except polars.exceptions.PanicException as error:
            # As on decimals of 256 bits. A panic is no Exception, and would get past whoever catches those.
            raise UnsupportedError(
                f"polars cannot take this table ({error}); have numbers as text, or use another library"
            ) from None

    def to_pandas(self, *, arrow_types: bool = True) -> pandas.DataFrame:
        """All of it as a `pandas.DataFrame`. Needs pandas and pyarrow.

        The columns have pandas' own Arrow types, which keep integers with NULLs and decimals exact; without `arrow_types`,
        NumPy's, in which such integers become floats.
        """
        import pandas

        table = self.to_arrow()
        return table.to_pandas(types_mapper=pandas.ArrowDtype if arrow_types else None)

    def to_duckdb(self, connection: duckdb.DuckDBPyConnection | None = None) -> duckdb.DuckDBPyRelation:
        """All of it as a DuckDB relation, of this connection or of the default one. Needs duckdb and pyarrow.

        To stream a trail that is larger than memory, query the table itself: ``duckdb.sql("select … from postings")``.
        """
        import duckdb

        return (connection or duckdb).from_arrow(self.to_arrow())

    def write_parquet(self, path: str | os.PathLike[str], **options: Any) -> int:
        """Writes it to a Parquet file, batch by batch with pyarrow, or with polars or duckdb where that is all there is.
        Returns how many rows there are. The options are the writer's own."""
        from trailcore._convert import write_parquet

        return write_parquet(self, path, **options)


class Table(_Exports):
    """The changes of one table, in the trail's order: columns ``_op``, ``_position``, ``_csn``, ``_xid``, ``_timestamp``, and
    then the table's own.

    It reads nothing itself, and may be used over and over: each use reads the trail anew, batch by batch, so that a consumer
    that streams needs constant memory. Whatever knows the Arrow PyCapsule interface takes it as it is:
    ``polars.DataFrame(postings)``, ``pyarrow.table(postings)``, ``duckdb.sql("from postings")``; none of them is needed to
    import trailcore.
    """

    def __init__(self, trail: _native.Trail, reading: _Reading, name: str, arrow: Arrow, progress: Progress | None) -> None:
        """Tables are made by `Trail.table`."""
        self._trail = trail
        self._reading = reading
        self._arrow = arrow
        self._progress = progress
        self.name = name

    def _open(self, **changed: Any) -> _native.Table:
        arrow = dataclasses.replace(self._arrow, **changed)
        return self._trail.table(self.name, self._reading, arrow, callback(self._progress))

    def batches(self, size: int | None = None) -> Iterator[_native.Batch]:
        """Its batches, of at most `size` rows: each is exported by the Arrow PyCapsule interface. Ends early at nothing but
        an error."""
        stream = self._open(**({} if size is None else {"batch_size": size}))
        while (batch := stream.next_batch()) is not None:
            yield batch

    def versions(self) -> Iterator[TableVersion]:
        """One table for each definition that the trail has of it, in order. Each can be taken once, and must be before the
        next one is asked for."""
        stream: _native.Table | None = self._open(on_schema_change="stop")
        while stream is not None:
            version = TableVersion(self.name, stream)
            yield version
            version._finish()
            stream = stream.next_version()

    def __repr__(self) -> str:
        return f"<Table {self.name} of {self._trail.files[0][0] if self._trail.files else 'no files'}>"

    def _repr_html_(self) -> str:
        return _html.table(self)


class TableVersion(_Exports):
    """The changes of one table under one definition. It can be read once."""

    def __init__(self, name: str, stream: _native.Table) -> None:
        """Versions are made by `Table.versions`."""
        self.name = name
        self._stream = stream

    def _open(self) -> _native.Table:
        return self._stream

    def _finish(self) -> None:
        for _ in self.batches():
            pass

    def __repr__(self) -> str:
        return f"<TableVersion {self.name}>"
