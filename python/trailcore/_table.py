"""The changes of one table, as Arrow and as data frames."""

from __future__ import annotations

import dataclasses
import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from trailcore import _html, _native
from trailcore._errors import UnsupportedError
from trailcore._progress import Progress, callback
from trailcore._values import document

if TYPE_CHECKING:
    import duckdb
    import pandas
    import polars
    import pyarrow

    from trailcore._select import Select
    from trailcore._trail import _Reading

__all__ = ["Table", "TableVersion"]

# The first columns of every table, without their prefix.
_META = ("op", "position", "csn", "xid", "timestamp")


def arrow(options: Mapping[str, Any]) -> str:
    """Returns the options of the conversion to Arrow as a document."""
    plain = dict(options)
    numbers = plain.get("numbers")
    if isinstance(numbers, bool):
        raise TypeError(f"numbers must be 'declared', 'text', 'float' or a scale of 0 to 38, not {numbers}")
    if isinstance(numbers, int):
        plain["numbers"] = {"scale": numbers}
    for name in {"columns", "wide"} & plain.keys():
        # One column is a list of one.
        plain[name] = [plain[name]] if isinstance(plain[name], str) else plain[name]
    return document(plain)


def needed(module: str, extra: str) -> Any:
    """Imports a library that the package does not depend on. Raises `ImportError`, which names the package to install."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise ImportError(f"{module} is not installed; run: pip install 'trailcore[{extra}]'", name=module) from None


class _Exports:
    """The exports to data frames that `Table` and `TableVersion` share."""

    _used: Callable[[], dict[str, Any]] | None = None

    def _open(self) -> _native.Table:
        raise NotImplementedError

    def _use(self) -> _native.Table:
        """Opens a stream whose report is that of the last use."""
        stream = self._open()
        self._used = lambda: stream.report
        return stream

    @property
    def report(self) -> Any:
        """The report of the changes that the last use read, such as `to_polars`; `None` before the first use.

        A document: the counts of the selection (``accepted``, ``rejected``, ``undecided``), the ``causes`` of undecided
        changes by column and reason, ``skipped`` ranges, table names of the selection that are ``unmatched``, ``unfinished``
        transactions, and changes that are ``left_out`` because they are not rows.
        """
        return self._used() if self._used is not None else None

    @property
    def columns(self) -> dict[str, str]:
        """The Arrow types of its columns by name. Reads up to the first change of the table."""
        return {name: data_type for name, data_type, _ in self._open().fields}

    def _serve(self, requested_schema: object | None) -> _native.Table:
        """Opens a stream of at least the columns of a schema."""
        return self._use()

    def __arrow_c_schema__(self) -> object:
        """Returns the schema through the Arrow PyCapsule interface."""
        return self._open().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Returns a stream through the Arrow PyCapsule interface: of the columns of `requested_schema` in its order, if it is
        given and the table has them all. Only they are decoded. Their types are those of the table."""
        stream = self._serve(requested_schema)
        stream.interrupts_again()
        return stream.__arrow_c_stream__(requested_schema)

    def batches(self) -> Iterator[_native.Batch]:
        """Yields the record batches. Each supports the Arrow PyCapsule interface."""
        stream = self._use()
        while (batch := stream.next_batch()) is not None:
            yield batch

    def _widen(self, stream: _native.Table) -> bool:
        """Gives the columns a wider type that ended a stream. Returns whether a further stream has them."""
        return False

    def _consumed(self, take: Any) -> Any:
        """Lets a library consume the stream. Raises our own exception, such as Ctrl-C, if the library wrapped it."""
        while True:
            stream = self._use()
            try:
                return take(stream)
            except Exception:
                if not self._widen(stream):
                    stream.raise_pending()
                    raise

    def to_arrow(self) -> pyarrow.Table:
        """Returns all rows as a `pyarrow.Table`. Needs pyarrow."""
        pyarrow = needed("pyarrow", "pandas")
        return self._consumed(lambda stream: pyarrow.RecordBatchReader.from_stream(stream).read_all())

    def to_polars(self) -> polars.DataFrame:
        """Returns all rows as a `polars.DataFrame`. Needs polars."""
        polars = needed("polars", "polars")
        try:
            return self._consumed(lambda stream: polars.DataFrame(stream))
        except polars.exceptions.PanicException as error:
            # For example on 256-bit decimals. A PanicException is not an Exception, so callers would not catch it.
            raise UnsupportedError(
                f"polars cannot read this table ({error}); pass numbers='text', or use another library"
            ) from None

    def to_pandas(self, *, arrow_types: bool = True) -> pandas.DataFrame:
        """Returns all rows as a `pandas.DataFrame`. Needs pandas and pyarrow.

        The columns have pandas' Arrow types, which keep integers with NULLs and decimals exact. With ``arrow_types=False`` they
        have NumPy types, in which such integers become floats.
        """
        pandas = needed("pandas", "pandas")
        table = self.to_arrow()
        return table.to_pandas(types_mapper=pandas.ArrowDtype if arrow_types else None)

    def to_duckdb(self, connection: duckdb.DuckDBPyConnection | None = None) -> duckdb.DuckDBPyRelation:
        """Returns all rows as a DuckDB relation of `connection`, or of the default connection. Needs duckdb and pyarrow.

        To stream a trail that is larger than memory, query the table object: ``duckdb.sql("select … from postings")``.
        """
        duckdb = needed("duckdb", "duckdb")
        return (connection or duckdb).from_arrow(self.to_arrow())

    def write_parquet(self, path: str | os.PathLike[str]) -> int:
        """Writes all rows to a Parquet file and returns their number. An existing file is replaced once all rows are
        written."""
        written: int = self._consumed(lambda stream: stream.write_parquet(os.path.expanduser(path)))
        return written


class Table(_Exports):
    """The changes of one table, in trail order. The columns are ``_op``, ``_position``, ``_csn``, ``_xid``, ``_timestamp``, and
    then the columns of the table itself.

    `name` is the name of the table. The object holds no data and can be used any number of times: each use reads the trail
    again, one record batch at a time. A consumer that streams therefore needs constant memory. Any library that supports the
    Arrow PyCapsule interface can read it directly: ``polars.DataFrame(postings)``, ``pyarrow.table(postings)``,
    ``duckdb.sql("from postings")``. trailcore itself needs none of them.
    """

    def __init__(
        self, trail: _native.Trail, reading: _Reading, name: str, options: Mapping[str, Any], progress: Progress | None
    ) -> None:
        """Use `Trail.table` to create a table."""
        self._trail = trail
        self._reading = reading
        self._options = options
        self._progress = progress
        self.name = name

    def _open(self, **changed: Any) -> _native.Table:
        return self._trail.table(self.name, self._reading, arrow({**self._options, **changed}), callback(self._progress))

    def __copy__(self) -> Table:
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        return copy

    def __getstate__(self) -> dict[str, Any]:
        # A callback belongs to its process, and the last report to the object that has it.
        return {**self.__dict__, "_progress": None, "_used": None}

    def _serve(self, requested_schema: object | None) -> _native.Table:
        if requested_schema is None:
            return self._use()
        narrow = self._only(_native.requested_names(requested_schema))
        stream = narrow._use()
        self._used = narrow._used
        return stream

    def _with(self, **changed: Any) -> Table:
        """Returns the same table with other options."""
        return Table(self._trail, self._reading, self.name, {**self._options, **changed}, self._progress)

    def _narrowed(self, select: Select) -> Table:
        """Returns the rows that a selection accepts. It does not warn about the others."""
        reading = dataclasses.replace(self._reading, select=select, warns=False)
        return Table(self._trail, reading, self.name, self._options, self._progress)

    def _only(self, names: Iterable[str], fields: list[tuple[str, str, bool]] | None = None) -> Table:
        """Returns a table that decodes only the columns with these names. It may have more columns."""
        wanted = set(names)
        prefix = self._options.get("prefix", "_")
        own = [name for name in wanted if name not in {prefix + name for name in _META}]
        # Columns such as `_states` and `_complete` depend on all columns.
        if fields is None:
            fields = self._open(rows=1).fields
        plain = {name for name, data_type, is_own in fields if is_own and not data_type.startswith("Struct")}
        return self._with(columns=own) if plain.issuperset(own) else self

    def _widen(self, stream: _native.Table) -> bool:
        wide = stream.wide
        if wide is None or set(wide) <= set(self._options.get("wide") or ()):
            return False
        self._options = {**self._options, "wide": wide}
        return True

    def batches(self, size: int | None = None) -> Iterator[_native.Batch]:
        """Yields the record batches, of at most `size` rows each. Each supports the Arrow PyCapsule interface."""
        stream = self._open(**({} if size is None else {"rows": size}))
        self._used = lambda: stream.report
        while (batch := stream.next_batch()) is not None:
            yield batch

    def write_csv(self, path: str | os.PathLike[str]) -> int:
        """Writes all rows to a CSV file and returns their number. An existing file is replaced once all rows are written.
        The values are the texts of native JSON; NULL is an empty cell, an empty text is ``""``."""
        written, report = self._trail.convert(
            os.path.expanduser(path),
            "csv",
            True,
            self.name,
            True,
            self._reading,
            arrow(self._options),
            callback(self._progress),
        )
        self._used = lambda: report
        return sum(rows for _, _, rows in written)

    def versions(self) -> Iterator[TableVersion]:
        """Yields one `TableVersion` for each definition of the table in the trail, in order. Each can be read once, before the
        next one is requested."""
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
    """The changes of one table under one definition. `name` is the name of the table. It can be read once."""

    def __init__(self, name: str, stream: _native.Table) -> None:
        """Use `Table.versions` to create versions."""
        self.name = name
        self._stream = stream

    def _open(self) -> _native.Table:
        return self._stream

    def _finish(self) -> None:
        for _ in self.batches():
            pass

    def __repr__(self) -> str:
        return f"<TableVersion {self.name}>"
