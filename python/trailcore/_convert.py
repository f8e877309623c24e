"""Writing tables to files: Parquet and Arrow IPC with whichever library there is, CSV and JSON lines with none."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Literal, NamedTuple, Protocol

from trailcore._errors import ColumnValueError, UndefinedTableError, UnknownTableError, UnsupportedError
from trailcore._native import Change, TableDef
from trailcore._progress import Progress
from trailcore._table import Invalid, Layout, Numbers, Times, _Exports
from trailcore._trail import Skipped, Trail

Format = Literal["parquet", "csv", "arrow", "jsonl"]

SUFFIXES: dict[str, Format] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".feather": "arrow",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
"""What the end of a file's name says about its format."""

_OPEN_FILES = 256
"""Files of lines that are open at a time: tables may be more than a process may have files."""


def _found(*names: str) -> tuple[str, Any] | None:
    """The first of these modules that is installed."""
    for name in names:
        try:
            return name, importlib.import_module(name)
        except ImportError:
            continue
    return None


class _Sink(Protocol):
    """A file that tables under one schema are written to. It is a file once it has been closed."""

    def fits(self, exported: Any) -> bool:
        """Whether a table has the schema of what was written before."""

    def write(self, exported: Any) -> None:
        """Writes whatever exports an Arrow stream."""

    def close(self) -> None:
        """Finishes the file."""

    def discard(self) -> None:
        """Gives up what is half done, but for the file itself."""


class _Pyarrow:
    """Written batch by batch."""

    def __init__(self, path: str, kind: Format, options: dict[str, Any]) -> None:
        self._path, self._kind, self._options = path, kind, options
        self._writer: Any = None
        self._schema: Any = None

    def fits(self, exported: Any) -> bool:
        import pyarrow

        return self._schema is None or bool(pyarrow.schema(exported).equals(self._schema))

    def write(self, exported: Any) -> None:
        import pyarrow

        reader = pyarrow.RecordBatchReader.from_stream(exported)
        if self._writer is None:
            self._schema = reader.schema
            self._writer = self._opened()
        for batch in reader:
            self._writer.write_batch(batch)

    def _opened(self) -> Any:
        if self._kind == "arrow":
            import pyarrow

            return pyarrow.ipc.new_file(self._path, self._schema, **self._options)
        from pyarrow import parquet

        return parquet.ParquetWriter(self._path, self._schema, **self._options)

    def close(self) -> None:
        self._writer.close()

    def discard(self) -> None:
        if self._writer is not None:
            with contextlib.suppress(Exception):
                self._writer.close()


class _Parts:
    """For libraries that write a file in one go: batches become files of their own, which are then streamed into one.

    It costs writing everything twice, and keeps memory flat.
    """

    def __init__(self, path: str, kind: Format, options: dict[str, Any]) -> None:
        self._path, self._kind, self._options = path, kind, options
        self._folder = tempfile.mkdtemp(prefix=".trailcore-", dir=os.path.dirname(path) or ".")
        self._parts: list[str] = []
        self._schema: Any = None

    def _next(self) -> str:
        self._parts.append(os.path.join(self._folder, f"{len(self._parts):09}.parquet"))
        return self._parts[-1]

    def close(self) -> None:
        self._join()
        self.discard()

    def _join(self) -> None:
        raise NotImplementedError

    def discard(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class _Polars(_Parts):
    def fits(self, exported: Any) -> bool:
        return self._schema is None or bool(self._framed(exported).schema == self._schema)

    @staticmethod
    def _framed(exported: Any) -> Any:
        import polars

        try:
            return polars.DataFrame(exported)
        except polars.exceptions.PanicException as error:
            # As on decimals of 256 bits. A panic is no Exception, and would get past whoever catches those.
            raise UnsupportedError(
                f"polars cannot take this table ({error}); install pyarrow, or have numbers as text"
            ) from None

    def write(self, exported: Any) -> None:
        frame = self._framed(exported)
        self._schema = frame.schema
        frame.write_parquet(self._next())

    def _join(self) -> None:
        import polars

        frame = polars.scan_parquet(self._parts, glob=False)
        if self._kind == "arrow":
            frame.sink_ipc(self._path, **self._options)
        else:
            frame.sink_parquet(self._path, **self._options)


class _Duckdb(_Parts):
    def __init__(self, path: str, kind: Format, options: dict[str, Any]) -> None:
        import duckdb

        super().__init__(path, kind, options)
        # More threads keep more rows waiting for their turn.
        self._connection = duckdb.connect(config={"threads": 1})

    def fits(self, exported: Any) -> bool:
        return self._schema is None or self._described(self._relation(exported)) == self._schema

    def write(self, exported: Any) -> None:
        relation = self._relation(exported)
        self._schema = self._described(relation)
        relation.write_parquet(self._next())

    def _relation(self, exported: Any) -> Any:
        # DuckDB finds it by its name.
        return self._connection.sql("from exported")

    @staticmethod
    def _described(relation: Any) -> list[tuple[str, str]]:
        return list(zip(relation.columns, map(str, relation.types), strict=True))

    def _join(self) -> None:
        self._connection.read_parquet(self._parts).write_parquet(self._path, **self._options)


def _library(kind: Format) -> Callable[[str, Format, dict[str, Any]], _Sink]:
    """The sink of the library that is there. Raises `ImportError`."""
    if kind == "parquet":
        found = _found("pyarrow.parquet", "polars", "duckdb")
        if found is None:
            raise ImportError("Parquet is written by pyarrow, polars or duckdb, and none of them is installed")
    else:
        found = _found("pyarrow.ipc", "polars")
        if found is None:
            raise ImportError("Arrow IPC is written by pyarrow or polars, and neither of them is installed")
    sinks: dict[str, Callable[[str, Format, dict[str, Any]], _Sink]] = {"polars": _Polars, "duckdb": _Duckdb}
    return sinks.get(found[0], _Pyarrow)


def write_parquet(table: _Exports, path: str | os.PathLike[str], **options: Any) -> int:
    """Writes a table to a Parquet file and returns how many rows it has."""
    sink = _library("parquet")(os.fspath(path), "parquet", options)
    rows = 0
    try:
        for batch in table.batches():
            sink.write(batch)
            rows += len(batch)
        if rows == 0:
            sink.write(table)
        sink.close()
    except BaseException:
        sink.discard()
        raise
    return rows


class Written(NamedTuple):
    """A file that has been written: of which table (empty if of all), where, and how many rows are in it."""

    table: str
    path: str
    rows: int


class Files:
    """Files that come to be under other names, and get their own once all of them are whole.

    As a context manager: an exception leaves nothing behind.
    """

    def __init__(self, out: str, suffix: str, *, single: bool, force: bool = False) -> None:
        """`out` is one file, or with ``single=False`` the directory of all. Raises `FileExistsError` without `force`."""
        self._single, self._force = single, force
        self._table: str | None = None
        self._folder = os.path.dirname(out) if single else out
        self._stem, self._suffix = os.path.splitext(os.path.basename(out)) if single else ("", suffix)
        self._paths: dict[str, str] = {}
        self._versions: dict[str, int] = {}
        self._made = not os.path.isdir(self._folder or ".")
        if single:
            self._refuse(out)
        elif not force and os.path.isdir(out) and os.listdir(out):
            raise FileExistsError(f"{out} is not empty; --force writes into it and replaces files of the same names")
        os.makedirs(self._folder or ".", exist_ok=True)

    def _refuse(self, path: str) -> None:
        if not self._force and os.path.lexists(path):
            raise FileExistsError(f"{path} exists; --force replaces it")

    def add(self, table: str) -> str:
        """The name under which the next file of a table comes to be: its first, or after a change of its columns a further
        one, which is numbered: ``NAME.2.parquet``."""
        if self._single and self._table not in (None, table):
            raise ValueError(f"one file has one table, and {self._table} and {table} are selected; name a directory")
        self._table = table
        stem = self._stem if self._single else file_name(table)
        number = self._versions.get(stem, 0)
        while True:
            number += 1
            path = self._path(stem, number)
            # A table may be called as another table's further file is.
            if path not in self._paths.values():
                break
        self._versions[stem] = number
        self._refuse(path)
        partial = f"{path}.partial"
        self._paths[partial] = path
        return partial

    def _path(self, stem: str, number: int) -> str:
        return os.path.join(self._folder, f"{stem}{f'.{number}' if number > 1 else ''}{self._suffix}")

    def final(self, partial: str) -> str:
        """The name that a file will have."""
        return self._paths[partial]

    def __enter__(self) -> Files:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if kind is None:
            for partial, path in self._paths.items():
                os.replace(partial, path)
            self._remove_older()
            return
        for partial in self._paths:
            with contextlib.suppress(OSError):
                os.unlink(partial)
        if self._made:
            # It was not there before; whatever else is in it now stays.
            with contextlib.suppress(OSError):
                os.rmdir(self._folder)

    def _remove_older(self) -> None:
        """An earlier run may have had more files of a table; with them the table would have rows twice."""
        for stem, number in self._versions.items():
            while (path := self._path(stem, number + 1)) not in self._paths.values() and os.path.isfile(path):
                os.unlink(path)
                number += 1


def file_name(table: str) -> str:
    """A table's name as that of a file: letters, digits and a few signs stay, others are ``%`` and their UTF-8 in hex."""
    name = re.sub(r"[^\w.$#@ -]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), table)
    return f"%2E{name[1:]}" if name.startswith(".") else name or "%"


def convert_arrow(
    trail: Trail,
    files: Files,
    kind: Format,
    *,
    table: str | None = None,
    columns: Sequence[str] | None = None,
    layout: Layout = "rows",
    states: bool = False,
    numbers: Numbers = "declared",
    times: Times = "declared",
    invalid: Invalid = "error",
    batch_size: int = 65_536,
    progress: Progress | None = None,
) -> tuple[list[Written], list[Skipped]]:
    """Writes the changes of all tables to Parquet or Arrow IPC in one pass; of one `table`, a file even if it has none."""
    make = _library(kind)
    sinks: dict[str, tuple[str, _Sink]] = {}
    rows: dict[str, tuple[str, int]] = {}

    def opened(name: str) -> _Sink:
        wanted.met(batches.tables)
        partial = files.add(name)
        sinks[name] = partial, make(partial, kind, {})
        rows[partial] = name, 0
        return sinks[name][1]

    wanted = _Wanted(columns)
    batches = trail.batches(
        batch_size,
        columns=columns,
        layout=layout,
        states=states,
        numbers=numbers,
        times=times,
        invalid=invalid,
        progress=progress,
    )
    try:
        for batch in batches:
            name = batch.table or ""
            sink = sinks[name][1] if name in sinks else opened(name)
            if not sink.fits(batch):
                sink.close()
                sink = opened(name)
            sink.write(batch)
            partial = sinks[name][0]
            rows[partial] = name, rows[partial][1] + len(batch)
        if table is not None and not sinks:
            # It knows the columns, or that there is no such table.
            empty = trail.table(
                table, columns=columns, layout=layout, states=states, numbers=numbers, times=times, invalid=invalid
            )
            opened(table).write(empty)
        wanted.check()
        for _, sink in sinks.values():
            sink.close()
    except BaseException:
        for _, sink in sinks.values():
            sink.discard()
        raise
    written = [Written(name, files.final(partial), count) for partial, (name, count) in rows.items()]
    return written, [Skipped(*stretch) for stretch in batches.skipped]


class _Wanted:
    """The columns that are wanted of tables that have them; all, if none are named."""

    def __init__(self, columns: Sequence[str] | None) -> None:
        self._names = None if columns is None else {name.upper(): name for name in columns}
        self._unmet = dict(self._names or {})

    def has(self, name: str) -> bool:
        """Whether a column is wanted. Case does not count."""
        return self._names is None or name.upper() in self._names

    def met(self, tables: Sequence[TableDef]) -> None:
        """These tables have been met."""
        for name in [column.name.upper() for table in tables for column in table.columns] if self._unmet else ():
            self._unmet.pop(name, None)

    def check(self) -> None:
        """Raises `ValueError` for names that no table has: a typing error would look like a table without the column."""
        if self._unmet:
            raise ValueError(f"no table has a column {', '.join(self._unmet.values())}")


class _LineFiles:
    """Many files of lines, of which so many are open at a time as a process may have."""

    def __init__(self) -> None:
        self._open: dict[str, Any] = {}

    def write(self, path: str, line: str) -> None:
        """Adds a line, with its end, to a file."""
        file = self._open.get(path)
        if file is None:
            if len(self._open) >= _OPEN_FILES:
                self._open.pop(next(iter(self._open))).close()
            file = self._open[path] = open(path, "a", encoding="utf-8", newline="")  # noqa: SIM115
        file.write(line)

    def create(self, path: str) -> None:
        """Makes a file, empty."""
        with open(path, "w", encoding="utf-8"):
            pass

    def close(self) -> None:
        """Closes all of them."""
        for file in self._open.values():
            file.close()
        self._open.clear()


@contextlib.contextmanager
def _line_files() -> Iterator[_LineFiles]:
    files = _LineFiles()
    try:
        yield files
    finally:
        files.close()


def convert_json(
    trail: Trail, files: Files, *, table: str | None = None, split: bool = True, progress: Progress | None = None
) -> tuple[list[Written], list[Skipped]]:
    """Writes changes as lines of native JSON, to one file for each table; without `split` all to one."""
    paths: dict[str, str] = {}
    rows: dict[str, int] = {}
    changes = trail.changes(progress=progress)
    with _line_files() as lines:
        if not split:
            paths[table or ""] = files.add(table or "")
            lines.create(paths[table or ""])
            rows[table or ""] = 0
        for change in changes:
            name = change.table if split else table or ""
            if name not in paths:
                paths[name] = files.add(name)
                lines.create(paths[name])
                rows[name] = 0
            lines.write(paths[name], f"{change.to_json()}\n")
            rows[name] += 1
    if table is not None and rows.get(table) == 0:
        _defined(table, changes.tables)
    written = [Written(name, files.final(path), rows[name]) for name, path in paths.items()]
    return written, [Skipped(*stretch) for stretch in changes.skipped]


def _defined(name: str, tables: Sequence[TableDef]) -> TableDef:
    """The definition of this name. Raises `UnknownTableError`."""
    for table in tables:
        if table.name.upper() == name.upper():
            return table
    has = ", ".join(sorted(table.name for table in tables if table.name)) or "none"
    raise UnknownTableError(f"there is no table {name} in the trail; it has {has}")


_META = ("_op", "_position", "_csn", "_xid", "_timestamp")

_AS_TEXT = json.JSONDecoder(parse_float=str, parse_int=str)
"""Digits stay as they are written: no number becomes a float."""


class _Csv:
    """Rows of CSV: RFC 4180 with line feeds, UTF-8. NULL is nothing, an empty text is ``""``.

    Python's csv module cannot tell these two apart in all the releases that are supported, so cells are quoted here.
    """

    def __init__(self, columns: Sequence[str] | None, layout: Layout, states: bool, invalid: Invalid) -> None:
        self.wanted = _Wanted(columns)
        self._images = ("before", "after") if layout == "changes" else ("",)
        self._states, self._invalid = states, invalid

    def columns(self, definition: TableDef) -> list[str]:
        """The columns that are wanted of a table. Raises `UndefinedTableError`."""
        if not definition.is_defined:
            raise UndefinedTableError(
                f"the trail does not define table {definition.name}: give a definitions (DEFGEN) file, or leave the table out"
            )
        self.wanted.met([definition])
        return [column.name for column in definition.columns if self.wanted.has(column.name)]

    def head(self, columns: Sequence[str]) -> str:
        """The first line."""
        names = list(_META)
        for image in self._images:
            names += [f"{image}.{name}" if image else name for name in columns]
        if self._states:
            for image in self._images:
                names += [f"{f'_{image}' if image else ''}_states.{name}" for name in columns]
        return _csv_line(names)

    def row(self, change: Change, columns: Sequence[str]) -> str:
        """The line of a change. Its cells are the texts that native JSON has."""
        plain = _AS_TEXT.decode(change.to_json())
        op = plain["op"]
        # The position is the text that Arrow batches have, which sorts as the trail does.
        position = f"{plain['seqno'].rjust(10, '0')}:{plain['rba'].rjust(10, '0')}"
        cells: list[str | None] = [op, position, plain["csn"], plain["xid"], plain["ts"]]
        states: list[str | None] = []
        for image in self._images:
            values = plain[image or ("before" if op == "delete" else "after")] or {}
            if "$unsupported" in values:
                raise UnsupportedError(values["$unsupported"])
            for name in columns:
                cell, state = self._cell(change, name, values)
                cells.append(cell)
                states.append(state)
        return _csv_line([*cells, *states] if self._states else cells)

    def _cell(self, change: Change, name: str, values: dict[str, Any]) -> tuple[str | None, str]:
        value = values.get(name)
        if isinstance(value, str):
            return value, "value"
        if value is None:
            return None, "null" if name in values else "missing"
        if "$base64" in value:
            return value["$base64"], "value"
        if self._invalid == "error" and not self._states:
            raise ColumnValueError(
                f"column {name} of {change.table} at {change.position} cannot be decoded as its type says; as NULL, or with "
                "states, the rest can be converted"
            )
        return None, "invalid"


def _csv_line(cells: Sequence[str | None]) -> str:
    line = ",".join(["" if cell is None else cell for cell in cells])
    # Most lines have nothing to quote, and joining them tells.
    if line.count(",") == len(cells) - 1 and "" not in cells and not _QUOTED.search(line):
        return f"{line}\n"
    return ",".join(map(_quoted, cells)) + "\n"


_QUOTED = re.compile(r'["\r\n]')


def _quoted(cell: str | None) -> str:
    if cell is None:
        return ""
    if cell and "," not in cell and not _QUOTED.search(cell):
        return cell
    return '"' + cell.replace('"', '""') + '"'


def convert_csv(
    trail: Trail,
    files: Files,
    *,
    table: str | None = None,
    columns: Sequence[str] | None = None,
    layout: Layout = "rows",
    states: bool = False,
    invalid: Invalid = "error",
    progress: Progress | None = None,
) -> tuple[list[Written], list[Skipped]]:
    """Writes the changes of all tables as CSV in one pass; of one `table`, a file even if it has none."""
    csv = _Csv(columns, layout, states, invalid)
    current: dict[str, tuple[str, list[str]]] = {}
    definitions: dict[str, TableDef] = {}
    rows: dict[str, tuple[str, int]] = {}
    changes = trail.changes(progress=progress)
    with _line_files() as lines:

        def opened(name: str, names: list[str]) -> str:
            partial = files.add(name)
            lines.create(partial)
            lines.write(partial, csv.head(names))
            current[name] = partial, names
            rows[partial] = name, 0
            return partial

        for change in changes:
            if change.op == "ddl":
                continue
            name, definition = change.table, change.definition
            if name not in current:
                definitions[name] = definition
                opened(name, csv.columns(definition))
            elif definition != definitions[name]:
                definitions[name] = definition
                names = csv.columns(definition)
                if names != current[name][1]:
                    opened(name, names)
            partial, names = current[name]
            lines.write(partial, csv.row(change, names))
            rows[partial] = name, rows[partial][1] + 1
        if table is not None and not rows:
            opened(table, csv.columns(_defined(table, changes.tables)))
        csv.wanted.check()
    written = [Written(name, files.final(partial), count) for partial, (name, count) in rows.items()]
    return written, [Skipped(*stretch) for stretch in changes.skipped]
