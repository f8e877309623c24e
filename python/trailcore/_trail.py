"""A trail: what is in it, its changes, its tables."""

from __future__ import annotations

import dataclasses
import datetime as _dt
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from trailcore import _html, _native
from trailcore._errors import UnknownTableError
from trailcore._native import Catalog, Change, Changes, Records, TableDef
from trailcore._progress import Progress, callback
from trailcore._select import Place, Select, micros, place_of
from trailcore._table import Arrow, Invalid, Layout, Numbers, OnSchemaChange, Table, Times
from trailcore._values import Position

if TYPE_CHECKING:
    from types import TracebackType

    import duckdb
    import pandas
    import polars
    import pyarrow

__all__ = [
    "CheckReport",
    "FileInfo",
    "Problem",
    "Skipped",
    "Source",
    "Summary",
    "TableInfo",
    "Trail",
    "Transaction",
    "open",
]

Path = str | os.PathLike[str]
Source = Path | bytes | bytearray | memoryview | BinaryIO | Iterable[Path]
"""What a trail is opened from."""


@dataclasses.dataclass(frozen=True)
class FileInfo:
    """What a trail file's header tells; `None` where it does not. Times are in UTC."""

    path: str
    seqno: int | None = None
    byte_order: str | None = None
    compatibility: int | None = None
    created: _dt.datetime | None = None
    uri: str | None = None
    file_name: str | None = None
    file_size: int | None = None
    first_csn: str | None = None
    last_csn: str | None = None
    first_time: _dt.datetime | None = None
    last_time: _dt.datetime | None = None
    encryption: str | None = None
    system: str | None = None
    node: str | None = None
    release: str | None = None
    version: str | None = None
    hardware: str | None = None
    database_name: str | None = None
    database_instance: str | None = None
    database_version: str | None = None
    database_charset: str | None = None
    database_time_zone: str | None = None
    producer_group: str | None = None
    producer_version: str | None = None

    def _repr_html_(self) -> str:
        return _html.facts(self.path, dataclasses.asdict(self))


@dataclasses.dataclass(frozen=True)
class Skipped:
    """A stretch of a trail that was passed over: from where, to where reading went on, and why."""

    start: Position
    end: Position
    reason: str


@dataclasses.dataclass(frozen=True)
class TableInfo:
    """A table of a trail: its latest definition, and how many changes of each operation there are."""

    name: str
    definition: TableDef | None
    ops: Mapping[str, int]
    bytes: int

    @property
    def changes(self) -> int:
        """All changes."""
        return sum(self.ops.values())


@dataclasses.dataclass(frozen=True)
class Summary:
    """What a trail, or what is selected of it, holds. First and last are `None` where there is nothing."""

    changes: int
    transactions: int
    tables: Mapping[str, TableInfo]
    positions: tuple[Position, Position] | None
    csns: tuple[str, str] | None
    times: tuple[_dt.datetime, _dt.datetime] | None
    skipped: list[Skipped]

    def _repr_html_(self) -> str:
        return _html.summary(self)


@dataclasses.dataclass(frozen=True)
class Problem:
    """Something that a check has found. `kind` is ``damage``, ``torn_tail``, ``gap``, ``order`` or ``row``; or, where it is
    no fault, ``taken_back`` or ``unfinished``."""

    kind: str
    is_fault: bool
    position: Position
    what: str

    def __str__(self) -> str:
        return f"{self.kind} at {self.position}: {self.what}"


@dataclasses.dataclass(frozen=True)
class CheckReport:
    """What a check has come to."""

    records: int
    changes: int
    transactions: int
    bytes: int
    invalid_values: int
    is_whole: bool
    problems: list[Problem]
    more_problems: int


class Transaction:
    """The changes of one transaction: an iterator of them, while it is the current one of `Trail.transactions`.

    Going on to the next transaction passes over what has not been read of this one, so that memory stays flat however long
    transactions are; ``list(transaction)`` keeps its changes.
    """

    csn: str | None
    xid: str | None
    timestamp: _dt.datetime
    position: Position

    def __init__(self, first: Change, changes: Iterator[Change]) -> None:
        self.csn, self.xid = first.csn, first.xid
        self.timestamp, self.position = first.timestamp, first.start
        self._next: Change | None = first
        self._changes = changes
        self._following: Change | None = None
        self._ended = False

    def __iter__(self) -> Iterator[Change]:
        return self

    def __next__(self) -> Change:
        change, self._next = self._next, None
        if change is None:
            if self._ended:
                raise StopIteration
            change = next(self._changes, None)
            if change is None:
                self._ended = True
                raise StopIteration
            if change.transaction in ("first", "only") or (change.csn, change.xid) != (self.csn, self.xid):
                # A selection has turned the end of this one away.
                self._following, self._ended = change, True
                raise StopIteration
        if change.transaction in ("last", "only"):
            self._ended = True
        return change

    def _rest(self) -> Change | None:
        for _ in self:
            pass
        return self._following

    def __repr__(self) -> str:
        return f"<Transaction xid={self.xid!r} csn={self.csn!r} at {self.position}>"


@dataclasses.dataclass(frozen=True)
class _Reading:
    """How to read; what `_native.Trail` is given."""

    select: Select | None = None
    start: tuple[int, int] | None = None
    catalog: Catalog | None = None
    charset: str | None = None
    resync: bool = False
    warns: bool = True

    @property
    def selection(self) -> _native.Select | None:
        return self.select._compiled if self.select else None


def open(
    source: Source,
    *,
    defs: Path | Catalog | None = None,
    charset: str | None = None,
    resync: bool = False,
) -> Trail:
    """Opens a trail.

    `source` is a trail file, a prefix such as ``dirdat/lt``, a directory that holds one trail, a list of files, the bytes of
    one file, or a binary file object that can seek (one that cannot is read to its end first). Nothing but file names is read
    yet.

    `defs` are definitions (DEFGEN) for tables that the trail does not define itself, as trails of releases before 12.2.
    `charset` is the database's character set, against what the trail says. With `resync`, damage and missing files are passed
    over, and told by `Changes.skipped` and `Summary.skipped`.

    Raises `FileNotFoundError` where no trail lies there, `ValueError` where a directory holds several, `DefinitionsError`.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        native = _native.Trail.of_sources([("memory", bytes(source))])
    elif isinstance(source, (str, os.PathLike)):
        native = _native.Trail.open(os.fspath(source))
    elif hasattr(source, "read"):
        seekable = source.seekable() if hasattr(source, "seekable") else False
        name = getattr(source, "name", None)
        native = _native.Trail.of_sources(
            [(os.path.basename(name) if isinstance(name, str) else "stream", source if seekable else source.read())]
        )
    else:
        native = _native.Trail.open_files([os.fspath(path) for path in source])
    catalog = defs if isinstance(defs, Catalog) or defs is None else Catalog.open(os.fspath(defs))
    return Trail(native, _Reading(catalog=catalog, charset=charset, resync=resync))


class Trail:
    """A trail, or what is selected of one.

    Iterating gives its changes; `table` its changes as a table, for data frames. Immutable, and cheap to hand around: files
    are opened by what reads them. Any number of threads may use it.
    """

    def __init__(self, native: _native.Trail, reading: _Reading) -> None:
        """Trails are made by `trailcore.open`."""
        self._native = native
        self._reading = reading
        self._summary: Summary | None = None

    # What it is.

    @property
    def files(self) -> list[str]:
        """The paths of its files, in the order in which they are read."""
        return [path for path, _ in self._native.files]

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """The sequence numbers that are missing between its files: first and last of each gap."""
        return self._native.gaps

    @property
    def size(self) -> int:
        """Bytes of its files, now."""
        return self._native.size

    @property
    def info(self) -> list[FileInfo]:
        """What the header of each file tells. Reads the first record of each."""
        files = []
        for (path, seqno), facts in zip(self._native.files, self._native.headers(), strict=True):
            facts = {**facts, "seqno": facts.get("seqno") if facts.get("seqno") is not None else seqno}
            files.append(FileInfo(path=path, **facts))
        return files

    @property
    def tables(self) -> Mapping[str, TableInfo]:
        """Its tables by name, with definitions and counts. Reads the trail once, the first time; see `summary`."""
        if self._summary is None:
            self._summary = self.summary()
        return self._summary.tables

    def summary(self, *, progress: Progress | None = None) -> Summary:
        """Counts what is in it: changes by table and operation, transactions, and the ranges of positions, CSNs and times.

        Reads the trail once, without looking at columns. `progress` is called with bytes read and bytes in all, or is a bar
        such as ``tqdm(unit="B", unit_scale=True)``.
        """
        found = self._native.summary(self._reading, callback(progress))
        definitions = found.pop("definitions")
        counts = found.pop("tables")
        names = sorted({*counts, *(name for name in definitions if name)})
        tables = {}
        for name in names:
            ops, size = counts.get(name, ({}, 0))
            tables[name] = TableInfo(name, definitions.get(name), ops, size)
        found["skipped"] = [Skipped(*stretch) for stretch in found["skipped"]]
        self._summary = Summary(tables=tables, **found)
        return self._summary

    def check(self, *, progress: Progress | None = None) -> CheckReport:
        """Whether the trail is whole: damage, missing files, the order of transactions, and rows that fit their definitions.

        Reads the trail twice. The selection does not count.
        """
        found = self._native.check(self._reading, callback(progress))
        found["problems"] = [Problem(*finding) for finding in found.pop("findings")]
        found["more_problems"] = found.pop("more_findings")
        return CheckReport(**found)

    def find(self, *, csn: str | int | None = None, time: _dt.datetime | None = None) -> Position | None:
        """Where the first change stands whose CSN, or whose time, is this one or later; `None` if there is none.

        The position may be given to `select` as `start`.
        """
        if (csn is None) == (time is None):
            raise ValueError("give either a CSN or a time")
        if csn is not None:
            return self._native.find_csn(str(csn), self._reading)
        assert time is not None
        return self._native.find_time(micros(time), self._reading)

    # What of it is wanted.

    def select(
        self,
        *tables: str | Select,
        where: str | None = None,
        filter: str | None = None,
        exclude: str | Iterable[str] = (),
        ops: str | Iterable[str] = (),
        start: Place | None = None,
        until: Place | None = None,
        lenient: bool | None = None,
    ) -> Trail:
        """The same trail, of which only these changes are wanted: the arguments are those of `Select`, or one `Select`.

        `start` begins reading at its file instead of at the trail's first. A selection takes the place of an earlier one.

        A change that lacks a column which the selection needs, such as a delete that has its key alone, cannot be decided on.
        It is turned away and counted, and an `UndecidableWarning` says so at the end; with ``lenient=True`` it is not warned
        of, with ``lenient=False`` it raises `UndecidableError`, as it does for a `Select` that is not lenient.
        """
        begin, start = self._begin(start)
        if len(tables) == 1 and isinstance(tables[0], Select):
            if where is not None or filter is not None or exclude or ops or until is not None or lenient is not None:
                raise TypeError("a Select says all of itself; beside it, only start may be given")
            # Nothing is so late: then nothing is wanted.
            select: Select | None = tables[0] if start is None else Select(until=(0, 0))
        else:
            names = [name for name in tables if isinstance(name, str)]
            if len(names) != len(tables):
                raise TypeError("give names of tables, or one Select")
            is_open = not (names or where or filter or exclude or ops or until is not None or start is not None)
            select = None
            if not is_open:
                select = Select(
                    *names,
                    where=where,
                    filter=filter,
                    exclude=exclude,
                    ops=ops,
                    start=start,
                    until=until,
                    lenient=lenient is not False,
                )
        return Trail(self._native, dataclasses.replace(self._reading, select=select, start=begin, warns=lenient is None))

    def _begin(self, start: Place | None) -> tuple[tuple[int, int] | None, Place | None]:
        """Where to begin to read, and what is left for the selection to say."""
        if start is None:
            return None, None
        if isinstance(start, str) and start.startswith("csn:"):
            found = self.find(csn=start[4:])
        else:
            place = place_of(start) if isinstance(start, str) else start
            found = self.find(time=place) if isinstance(place, _dt.datetime) else Position(*place)
        # Nothing is so late: what is left to read is turned away.
        return (found, None) if found is not None else (None, start)

    @property
    def selection(self) -> Select | None:
        """What is selected; `None` for all."""
        return self._reading.select

    def explain(self, table: str | None = None) -> str:
        """How the selection decides on a table, or on each table of the trail. Reads the trail for the definitions."""
        select = self._reading.select
        if select is None:
            return "no selection: all changes are wanted"
        every = Trail(self._native, dataclasses.replace(self._reading, select=None, start=None)).tables
        if table is not None:
            wanted = [info for name, info in every.items() if name.upper() == table.upper()]
            if not wanted:
                raise UnknownTableError(f"there is no table {table} in the trail; it has {', '.join(every)}")
        else:
            wanted = list(every.values())
        return "\n".join(select.explain(info.definition) for info in wanted if info.definition is not None)

    # What is in it.

    def __iter__(self) -> Changes:
        return self.changes()

    def changes(self, *, progress: Progress | None = None) -> Changes:
        """Its changes, in the trail's order, as an iterator of `Change`. Memory stays flat, however long the trail is.

        What lies before damage is given before the error is raised.
        """
        return self._native.changes(self._reading, callback(progress))

    def transactions(self, *, progress: Progress | None = None) -> Iterator[Transaction]:
        """Its changes by transactions: each an iterator of its own, to be read before the next one is asked for."""
        changes = iter(self.changes(progress=progress))
        first = next(changes, None)
        while first is not None:
            transaction = Transaction(first, changes)
            yield transaction
            first = transaction._rest() or next(changes, None)

    def records(self, *, progress: Progress | None = None) -> Records:
        """Every record as it stands, file headers and definitions too: for those who look at the trail itself. The
        selection does not count."""
        return self._native.records(self._reading, callback(progress))

    def table(
        self,
        name: str,
        *,
        columns: Iterable[str] | None = None,
        layout: Layout = "rows",
        states: bool = False,
        numbers: Numbers = "declared",
        times: Times = "declared",
        invalid: Invalid = "error",
        on_schema_change: OnSchemaChange = "error",
        batch_size: int = 65_536,
        prefix: str = "_",
        progress: Progress | None = None,
    ) -> Table:
        """The changes of one table as a table of Arrow batches: `Table` says what its columns are, and hands them to data
        frames. Nothing is read yet.

        - `columns`: only these of the table's.
        - `layout`: ``rows`` has the row that a change leaves, or of a delete the row that it takes; ``changes`` has both
          images as structs `before` and `after`.
        - `states`: adds a struct column ``_states`` that tells a value, NULL, missing and invalid apart.
        - `numbers` of no declared scale (Oracle's NUMBER): ``declared`` and ``text`` give text with the exact digits (``text``
          also for those of declared scale), ``float`` the nearest float, and an int decimals of so many digits behind the
          point.
        - `times`: ``us`` or ``ns`` instead of what the column declares.
        - `invalid`: ``null`` has values that cannot be decoded as null; else they are an error, if there are no `states`.
        - `on_schema_change`: an ``error``, or the ``union`` of all definitions, for which the trail is read once beforehand.
          `Table.versions` gives one table for each definition.
        - `prefix` of the columns that are not the table's own.
        """
        arrow = Arrow(
            batch_size=batch_size,
            layout=layout,
            columns=None if columns is None else list(columns),
            states=states,
            numbers=numbers,
            times=times,
            invalid=invalid,
            on_schema_change=on_schema_change,
            prefix=prefix,
        )
        return Table(self._native, self._reading, name, arrow, progress)

    def batches(
        self,
        size: int = 65_536,
        *,
        layout: Layout = "rows",
        columns: Iterable[str] | None = None,
        states: bool = False,
        numbers: Numbers = "declared",
        times: Times = "declared",
        invalid: Invalid = "error",
        prefix: str = "_",
        progress: Progress | None = None,
    ) -> _native.Batches:
        """The changes of all tables as Arrow batches, in one pass: each of one table and one definition, a table's in the
        trail's order. The arguments are those of `table`."""
        arrow = Arrow(
            batch_size=size,
            layout=layout,
            columns=None if columns is None else list(columns),
            states=states,
            numbers=numbers,
            times=times,
            invalid=invalid,
            on_schema_change="stop",
            prefix=prefix,
        )
        return self._native.batches(self._reading, arrow, callback(progress))

    def to_polars(self, name: str, **options: Any) -> polars.DataFrame:
        """``table(name, …).to_polars()``."""
        return self.table(name, **options).to_polars()

    def to_pandas(self, name: str, **options: Any) -> pandas.DataFrame:
        """``table(name, …).to_pandas()``."""
        return self.table(name, **options).to_pandas()

    def to_arrow(self, name: str, **options: Any) -> pyarrow.Table:
        """``table(name, …).to_arrow()``."""
        return self.table(name, **options).to_arrow()

    def to_duckdb(self, name: str, **options: Any) -> duckdb.DuckDBPyRelation:
        """``table(name, …).to_duckdb()``."""
        return self.table(name, **options).to_duckdb()

    def __enter__(self) -> Trail:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Nothing is held open: readers close their files when they are let go."""

    def __repr__(self) -> str:
        files = self.files
        what = files[0] if len(files) == 1 else f"{files[0]} … {files[-1]}" if files else "no files"
        select = f", {self._reading.select!r}" if self._reading.select else ""
        return f"<Trail {what}, {len(files)} file{'s' if len(files) != 1 else ''}{select}>"

    def _repr_html_(self) -> str:
        return _html.trail(self, self._summary)
