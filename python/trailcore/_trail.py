"""Opening a trail, and reading its summary, changes and tables."""

from __future__ import annotations

import dataclasses
import datetime as _dt
import decimal
import difflib
import json
import operator
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple

from trailcore import _html, _lazy, _native, _text
from trailcore._analysis import Differences, History, HistoryReport, State, StateReport, Volume, key_value, place
from trailcore._documents import ArrowOptions, CheckIssue, CheckReport, FileInfo, ReadOptions
from trailcore._errors import UnknownTableError
from trailcore._native import Catalog, Change, Changes, Records, TableDef
from trailcore._progress import Progress, callback
from trailcore._select import Select, StartPoint, _place, micros
from trailcore._table import Table, arrow
from trailcore._values import Position, ZeroDate, document, position_of, time_of

if TYPE_CHECKING:
    from types import TracebackType

    import duckdb
    import pandas
    import polars
    import pyarrow
    import pyarrow.dataset
    from typing_extensions import Unpack

__all__ = [
    "CheckIssue",
    "CheckReport",
    "FileInfo",
    "Skipped",
    "Source",
    "Summary",
    "TableInfo",
    "Trail",
    "Transaction",
    "Written",
    "WrittenFiles",
    "call",
    "open",
]

_FORMATS: dict[str, Literal["parquet", "csv", "arrow", "jsonl"]] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".feather": "arrow",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}

Path = str | os.PathLike[str]
Source = Path | bytes | bytearray | memoryview | BinaryIO | Iterable[Path]
"""The types that `open` accepts: a path, the bytes of one file, a binary file object, or several paths."""


@dataclasses.dataclass(frozen=True)
class Skipped:
    """A range of a trail that was skipped: `start`, the position `end` where reading continued, and the `reason`."""

    start: Position | str
    end: Position | str
    reason: str


class Written(NamedTuple):
    """A file that `Trail.convert` wrote: the `table` whose changes it has (empty if it has those of all tables), its `path`,
    and the number of its `rows`."""

    table: str
    path: str
    rows: int


class WrittenFiles(list[Written]):
    """The files that `Trail.convert` wrote. `report` is a document of what is not in them; see `Table.report`."""

    report: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class TableInfo:
    """A table of a trail: its `name` and latest `definition`, its number of changes by operation (`ops`), and its `bytes`."""

    name: str
    definition: TableDef | None
    ops: Mapping[str, int]
    bytes: int

    @property
    def changes(self) -> int:
        """The number of changes, over all operations."""
        return sum(self.ops.values())

    def _repr_html_(self) -> str:
        return _html.table_info(self)


class _Tables(dict[str, TableInfo]):
    """The tables of a trail by name."""

    def __repr__(self) -> str:
        return _text.tables(self)

    def _repr_html_(self) -> str:
        return _html.tables(self)

    def __missing__(self, name: str) -> TableInfo:
        close = difflib.get_close_matches(str(name).upper(), self, 1)
        raise KeyError(f"no table {name}{f'; did you mean {close[0]}?' if close else ''}")


@dataclasses.dataclass(frozen=True, repr=False)
class Summary:
    """The counts of a trail, or of the changes that are selected.

    `changes` and `transactions` are counts, `tables` has a `TableInfo` by table name. `positions`, `csns` and `times` are the
    first and the last value, `None` without changes. `skipped` lists the ranges that were skipped, with ``resync=True``.
    `report` is the document of these counts, with what is not in them; see `Table.report`.
    """

    changes: int
    transactions: int
    tables: Mapping[str, TableInfo]
    positions: tuple[Position, Position] | None
    csns: tuple[str, str] | None
    times: tuple[_dt.datetime, _dt.datetime] | None
    skipped: list[Skipped]
    report: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False, compare=False)

    def __repr__(self) -> str:
        return _text.summary(self)

    def _repr_html_(self) -> str:
        return _html.summary(self)


class Transaction:
    """An iterator of the changes of one transaction, valid while it is the current one of `Trail.transactions`.

    `csn` and `xid` are its CSN and id, `timestamp` and `position` those of its first change. Requesting the next transaction
    skips the changes of this one that have not been read, so memory stays flat in the length of a transaction.
    ``list(transaction)`` keeps its changes.

    `finished` is known once its changes are read: true if the last one ends it; false if it breaks off, because the trail ends
    or begins another transaction; `None` if the selection rejects its last change. `repeats` is true if the transaction before
    it breaks off and has the same CSN and id: the trail has it again, from its start.
    """

    csn: str | None
    xid: str | None
    timestamp: _dt.datetime | ZeroDate
    position: Position
    finished: bool | None
    repeats: bool

    def __init__(self, first: Change, changes: Iterator[Change], before: Transaction | None = None) -> None:
        self.finished = None
        self.repeats = (
            before is not None and before.finished is False and first.xid is not None and (first.csn, first.xid) == before.ids
        )
        self.csn, self.xid = first.csn, first.xid
        self.timestamp, self.position = first.timestamp, first.start
        self._next: Change | None = first
        self._changes = changes
        self._following: Change | None = None
        self._ended = False

    @property
    def ids(self) -> tuple[str | None, str | None]:
        """Its CSN and id."""
        return self.csn, self.xid

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
            if change.transaction in ("first", "only") or (change.csn, change.xid) != self.ids:
                # The selection rejected the last change of this transaction.
                self._following, self._ended = change, True
                raise StopIteration
        if change.transaction in ("last", "only"):
            self.finished = self._ended = True
        elif change.unfinished:
            self.finished, self._ended = False, True
        return change

    def _rest(self) -> Change | None:
        for _ in self:
            pass
        return self._following

    def __repr__(self) -> str:
        state = "" if self.finished is not False else ", unfinished"
        return f"<Transaction xid={self.xid!r} csn={self.csn!r} at {self.position}{state}>"

    def _repr_html_(self) -> str:
        return _html.transaction(self)


@dataclasses.dataclass(frozen=True)
class _Reading:
    """The read options, as `_native.Trail` takes them."""

    select: Select | None = None
    start: Position | None = None
    catalog: Catalog | None = None
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    warns: bool = True

    @property
    def selection(self) -> _native.Select | None:
        return self.select._compiled if self.select else None

    @property
    def document(self) -> str:
        return document(self.options if self.start is None else {**self.options, "start_at": self.start})


def _pair(read: Callable[[str], Any], values: list[str] | None) -> Any:
    return values and (read(values[0]), read(values[1]))


@dataclasses.dataclass(frozen=True)
class IndexedFile:
    """The side index of one file: the trail file (`path`), its `index`, whether it was `written` now, the `places` at which
    reading can start, the `bytes` of the file, and the `problem` at which the index ends, if it does not cover the file."""

    path: str
    index: str
    written: bool
    places: int
    bytes: int
    problem: str | None = None


def _given(arguments: Mapping[str, Any]) -> str:
    """Returns the arguments that are given as a document."""
    return json.dumps({name: value for name, value in arguments.items() if value is not None})


def call(verb: str, path: Path, arguments: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """Answers a request about the trail at `path`: the report that the command line prints with ``--json``.

    `verb` is ``check``, ``count``, ``info``, or with `arguments` ``state``, ``history``, ``diff``, ``index``, ``volume``
    or ``transactions``, by their names in `docs/schema`, such as ``{"table": "HR.EMP"}``. `options` are those of reading, by
    their names in documents, such as ``select="TABLE HR.EMP;"`` and ``resync=True``. Raises `ValueError` for an unknown verb or
    option.

    >>> import trailcore as tc
    >>> def inserts(path):
    ...     return tc.call("count", path, select="TABLE HR.*;")["changes"]
    """
    request = {"path": os.fspath(path), "options": options, **({} if arguments is None else {"arguments": arguments})}
    report: dict[str, Any] = json.loads(_native.call(verb, json.dumps(request)))
    return report


def open(
    source: Source,
    *,
    defs: Path | Catalog | None = None,
    **options: Unpack[ReadOptions],
) -> Trail:
    """Opens a trail.

    `source` is a trail file, a prefix such as ``dirdat/lt``, a directory with one trail, a list of files, the bytes of one
    file, or a binary file object. A file object that cannot seek is read into memory. Otherwise only file names are read here.

    `defs` are definitions (a DEFGEN file) of tables that the trail does not define itself, as in trails of releases before
    12.2. `options` are those of `ReadOptions`. With ``resync=True``, damage and missing files are skipped, and reported by
    `Changes.skipped` and `Summary.skipped`.

    Raises `FileNotFoundError` if there is no trail, `ValueError` if a directory has several or an option is wrong, and
    `DefinitionsError`.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        native = _native.Trail.of_sources([("memory", bytes(source))])
    elif isinstance(source, (str, os.PathLike)):
        native = _native.Trail.open(os.path.expanduser(source))
    elif hasattr(source, "read"):
        seekable = source.seekable() if hasattr(source, "seekable") else False
        name = getattr(source, "name", None)
        native = _native.Trail.of_sources(
            [(os.path.basename(name) if isinstance(name, str) else "stream", source if seekable else source.read())]
        )
    elif isinstance(source, Iterable):
        native = _native.Trail.open_files([os.path.expanduser(path) for path in source])
    else:
        forms = "a path, bytes, a binary file object or a list of paths"
        raise TypeError(f"source must be {forms}, not {type(source).__name__}")
    catalog = defs if isinstance(defs, Catalog) or defs is None else Catalog.open(os.path.expanduser(defs))
    reading = _Reading(catalog=catalog, options=options)
    native.check_options(reading)
    return Trail(native, reading)


class Trail:
    """A trail, or a selection of its changes.

    Iterating returns its changes. `table` returns the changes of one table for data frames. A trail is immutable and holds no
    open files: each iterator opens the files that it reads. Any number of threads may use a trail.
    """

    def __init__(self, native: _native.Trail, reading: _Reading) -> None:
        """Use `trailcore.open` to create a trail."""
        self._native = native
        self._reading = reading
        self._summary: Summary | None = None

    # Files and counts.

    @property
    def files(self) -> list[str]:
        """The paths of its files, in the order in which they are read."""
        return [path for path, _ in self._native.files]

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """The missing sequence numbers between its files: first and last of each gap."""
        return self._native.gaps

    @property
    def size(self) -> int:
        """The current size of its files in bytes."""
        return self._native.size

    @property
    def info(self) -> list[FileInfo]:
        """The header of each file. Reads the first record of each file."""
        return [FileInfo.of(file) for file in json.loads(self._native.report("info", _Reading()))["files"]]

    @property
    def tables(self) -> Mapping[str, TableInfo]:
        """Its tables by name, with definitions and counts. The first access reads the trail once, as `summary` does."""
        if self._summary is None:
            self._summary = self.summary()
        return self._summary.tables

    def summary(self, *, progress: Progress | None = None) -> Summary:
        """Counts changes by table and operation and transactions, and finds the ranges of positions, CSNs and times.

        Reads the trail once, without decoding columns. `progress` is a function of bytes read and total bytes, or a bar such as
        ``tqdm(unit="B", unit_scale=True)``.
        """
        text, definitions = self._native.summary(self._reading, callback(progress))
        found = json.loads(text)
        tables = _Tables(
            (name, TableInfo(name, definitions.get(name), counts["ops"], counts["bytes"]))
            for name, counts in found["tables"].items()
        )
        skipped = [Skipped(position_of(one["from"]), position_of(one["to"]), one["reason"]) for one in found["skipped"]]
        self._summary = Summary(
            found["changes"],
            found["transactions"],
            tables,
            _pair(position_of, found["positions"]),
            _pair(str, found["csns"]),
            _pair(time_of, found["times"]),
            skipped,
            found,
        )
        return self._summary

    def check(self, *, progress: Progress | None = None) -> CheckReport:
        """Checks the trail for damage, missing files, transactions out of order, and rows that do not fit their definitions.

        Reads the trail twice. Ignores the selection.
        """
        return CheckReport.of(json.loads(self._native.report("check", self._reading, callback(progress))))

    def find(self, *, csn: str | int | None = None, time: _dt.date | str | None = None) -> Position | None:
        """Returns the position of the first change with this CSN or time, or a later one; `None` if there is none.

        `time` is a datetime, a date or text, in UTC unless it has an offset. `select` accepts the position as `start`. Raises
        `ValueError` unless exactly one of `csn` and `time` is given.
        """
        if (csn is None) == (time is None):
            raise ValueError("pass either csn or time")
        if csn is not None:
            return self._native.find_csn(str(csn), self._reading)
        place = _place("time", time)
        if not isinstance(place, _dt.datetime):
            raise ValueError(f"time must be a time such as 2024-03-01T12:00:00, not {time!r}")
        return self._native.find_time(micros(place), self._reading)

    # Selection.

    def select(
        self,
        *tables: str | Select,
        where: str | None = None,
        filter: str | None = None,
        exclude: str | Iterable[str] = (),
        ops: str | Iterable[str] | None = None,
        start: StartPoint | None = None,
        until: StartPoint | None = None,
        lenient: bool | None = None,
    ) -> Trail:
        """Returns the same trail with a selection. The arguments are those of `Select`, or one `Select`.

        Tables are named as in TABLE (``HR.*``), `where` and `filter` are GoldenGate's clauses: ``where="AMOUNT > 1000"``.
        `start` and `until` are a `Position`, a time (naive times are UTC), or ``csn:NUMBER``.

        Reading starts at the file of `start` instead of at the first file of the trail. A selection narrows an earlier one: a
        change must pass both.

        A change is undecidable if it lacks a column that the selection needs, such as a delete with only its key columns. It is
        rejected and counted, and an `UndecidableWarning` reports the count at the end. ``lenient=True`` silences the warning.
        ``lenient=False``, and a `Select` that is not lenient, raise `UndecidableError` instead.
        """
        begin, start = self._begin(start)
        if len(tables) == 1 and isinstance(tables[0], Select):
            if exclude or any(one is not None for one in (where, filter, ops, until, lenient)):
                raise TypeError("with a Select, start is the only other argument allowed")
            # No change is as late as the start point: select nothing.
            select: Select | None = tables[0] if start is None else Select(until=(0, 0))
        else:
            names = [name for name in tables if isinstance(name, str)]
            if len(names) != len(tables):
                raise TypeError("pass table names or one Select")
            is_open = not (names or where or filter or exclude or ops is not None or until is not None or start is not None)
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
        earlier = self._reading
        if earlier.select is not None:
            select = earlier.select & select if select is not None else earlier.select
        if earlier.start is not None:
            begin = earlier.start if begin is None else max(begin, earlier.start)
        warns = earlier.warns and lenient is None
        return Trail(self._native, dataclasses.replace(earlier, select=select, start=begin, warns=warns))

    def _begin(self, start: StartPoint | None) -> tuple[Position | None, StartPoint | None]:
        """Returns the position to read from, and the start point that is left for the selection."""
        if start is None:
            return None, None
        place = _place("start", start)
        if isinstance(place, str):
            found = self.find(csn=place[4:])
        else:
            found = self.find(time=place) if isinstance(place, _dt.datetime) else place
        # If no change is as late as the start point, the selection rejects all changes.
        return (found, None) if found is not None else (None, start)

    @property
    def selection(self) -> Select | None:
        """The selection; `None` if all changes are selected."""
        return self._reading.select

    def explain(self, table: str | None = None) -> str:
        """Explains how the selection decides on a table, or on each table of the trail. Reads the trail for the definitions."""
        select = self._reading.select
        if select is None:
            return "no selection: all changes are selected"
        every = Trail(self._native, dataclasses.replace(self._reading, select=None, start=None)).tables
        if table is not None:
            wanted = [info for name, info in every.items() if name.upper() == table.upper()]
            if not wanted:
                raise UnknownTableError(f"the trail has no table {table}; it has {', '.join(every)}")
        else:
            wanted = list(every.values())
        return "\n".join(select.explain(info.definition) for info in wanted if info.definition is not None)

    # Changes, records and tables.

    def __iter__(self) -> Changes:
        return self.changes()

    def changes(self, *, progress: Progress | None = None) -> Changes:
        """Returns an iterator of the changes in trail order. Memory stays flat in the length of the trail.

        All changes before a damaged record are returned before the error is raised.
        """
        return self._native.changes(self._reading, callback(progress))

    def transactions(self, *, min_changes: int | None = None, progress: Progress | None = None) -> Iterator[Transaction]:
        """Yields the transactions. Each is an iterator of its changes, to be read before the next transaction is requested.

        With `min_changes`, yields only transactions of at least this many changes: the trail is read once more to count them.
        """
        if min_changes is not None and operator.index(min_changes) < 0:
            raise ValueError(f"min_changes must be 0 or more, not {min_changes}")
        large = None if min_changes is None else set(self._native.large_transactions(min_changes, self._reading))
        changes = iter(self.changes(progress=progress))
        first, transaction = next(changes, None), None
        while first is not None:
            transaction = Transaction(first, changes, transaction)
            if large is None or transaction.position in large:
                yield transaction
            first = transaction._rest() or next(changes, None)

    def records(self, *, progress: Progress | None = None) -> Records:
        """Returns an iterator of all raw records, including file headers and definitions. Ignores the selection."""
        return self._native.records(self._reading, callback(progress))

    def table(self, name: str, *, progress: Progress | None = None, **options: Unpack[ArrowOptions]) -> Table:
        """Returns the changes of one table as a `Table` of record batches. Nothing is read yet.

        `options` are those of `ArrowOptions`, such as ``columns=["ID"]`` or ``layout="changes"``. ``numbers=2`` gives decimals
        of this scale. `Table.versions` returns one table for each definition.
        """
        if not isinstance(name, str):
            raise TypeError(f"name must be the name of a table, not {type(name).__name__}")
        return Table(self._native, self._reading, name, options, progress)

    def scan(self, name: str, *, progress: Progress | None = None, **options: Unpack[ArrowOptions]) -> polars.LazyFrame:
        """Returns the changes of one table as a `polars.LazyFrame`. Needs polars. Reads up to the first change of the table.

        Each ``collect`` reads the trail again and decodes only the columns that the query needs. Comparisons of integer and
        decimal columns with integers and decimals, equality of text, and tests of ``_op`` are decided before rows are decoded,
        unless the trail has a selection; polars filters again. The arguments are those of `table`.
        """
        return _lazy.scan(self.table(name, progress=progress, **options))

    def dataset(
        self, name: str, *, progress: Progress | None = None, **options: Unpack[ArrowOptions]
    ) -> pyarrow.dataset.Dataset:
        """Returns the changes of one table as a `pyarrow.dataset.Dataset`, for DuckDB and pyarrow. Needs pyarrow. Reads up
        to the first change of the table.

        Each scan reads the trail again and decodes only the columns that the query needs. The arguments are those of `table`.
        """
        return _lazy.dataset(self.table(name, progress=progress, **options))

    def batches(
        self, size: int = 65_536, *, progress: Progress | None = None, **options: Unpack[ArrowOptions]
    ) -> _native.Batches:
        """Returns an iterator of the record batches of all tables, of at most `size` rows each, in one pass. Each batch has one
        table and one definition. The batches of a table are in trail order. `options` are those of `ArrowOptions`."""
        return self._native.batches(self._reading, arrow({**options, "rows": size}), callback(progress))

    # Questions about the whole trail.

    def state(
        self,
        table: str,
        *,
        at: StartPoint | None = None,
        key: Iterable[str] | None = None,
        max_bytes: int | None = None,
        progress: Progress | None = None,
        **options: Unpack[ArrowOptions],
    ) -> State:
        """Returns the rows of a table as of a place, or at the end of the trail: what a ``SELECT`` would have returned there.

        `at` is a position, a time (naive times are UTC) or ``csn:NUMBER``. All changes up to it count, also the transaction
        with this CSN, transactions that committed at this time, and the change at this position.

        A row is identified by the key of the table, or by the columns `key`. Without either, all columns identify a row, and an
        update or delete that lacks one of them raises `ValueError`. Key updates move rows, truncates remove them, and a
        compressed update keeps the columns that it lacks. A column that no change of the row has is missing, not NULL: the
        column ``_complete`` of data frames is false for such rows, ``states=True`` shows the columns, and
        ``state.report.incomplete`` counts the rows. A selection applies before.

        The rows are in memory, at most `max_bytes` of them (2**30 if it is not given); more raises `ValueError`. `options` are
        those of `ArrowOptions`. Raises `UnknownTableError`.

        >>> import trailcore as tc
        >>> state = tc.open("examples/data/big/bk").state("BANK.ACCOUNTS")
        >>> state.report.key
        ['ACCOUNT_NO']
        >>> len(state) == len(list(state)) == state.report.rows
        True
        """
        names = None if key is None else [key] if isinstance(key, str) else list(key)
        arguments = {"table": table, "at": None if at is None else place(at), "key": names, "max_bytes": max_bytes}
        native, report = self._native.state(_given(arguments), self._reading, callback(progress))
        return State(native, _Reading(), StateReport.of(json.loads(report)), {"complete": True, **options})

    def history(
        self,
        table: str,
        key: Mapping[str, Any],
        *,
        max_bytes: int | None = None,
        progress: Progress | None = None,
        **options: Unpack[ArrowOptions],
    ) -> History:
        """Returns all changes of the rows that have had a key, in trail order: for such a row also those before a key update
        gave it this key, and after another one took it away. Truncates of the table are among them.

        `key` has the value of each key column. For a table without a key, it may have any columns that identify a row. The
        trail is read twice. The changes are in memory, at most `max_bytes` of them (2**30 if it is not given).

        Raises `ValueError` if a column is unknown, missing, or has another type, and `UnknownTableError`.

        >>> import trailcore as tc
        >>> history = tc.open("examples/data/big/bk").history("BANK.CUSTOMERS", {"CUSTOMER_ID": 3})
        >>> all(change.table == "BANK.CUSTOMERS" for change in history)
        True
        """
        if not isinstance(key, Mapping):
            raise TypeError(f"key must be a mapping of columns to values, such as {{'ID': 7}}, not {type(key).__name__}")
        values = {name: key_value(name, value) for name, value in key.items()}
        arguments = {"table": table, "key": values, "max_bytes": max_bytes}
        native, report = self._native.history(_given(arguments), self._reading, callback(progress))
        return History(native, _Reading(), HistoryReport.of(json.loads(report)), options)

    def diff(
        self,
        other: Trail,
        *,
        order_free: bool = False,
        key: Iterable[str] | None = None,
        metadata: bool = False,
        max_rows: int = 10_000,
        max_bytes: int | None = None,
        progress: Progress | None = None,
    ) -> Differences:
        """Compares this trail (left) with another one (right): for each table and key the changes in their order, or with
        ``order_free=True`` the rows at the end of both.

        A missing column, NULL and a value are different; numbers are compared by value. Positions and tokens are not compared,
        and CSN, transaction id and time only with ``metadata=True``. `key` are the columns that identify a row in all tables,
        in place of the keys in the definitions; a table without a key has the one of the other side. Each trail has its own
        selection.

        `max_rows` limits the number of differences that are listed. Changes wait in memory for their counterpart, at most
        `max_bytes` of them (2**30 if it is not given).

        >>> import trailcore as tc
        >>> trail = tc.open("examples/data/big/bk")
        >>> trail.diff(tc.open("examples/data/little/bk"), order_free=True).equal
        True
        >>> bool(trail.diff(trail.select(exclude="BANK.CUSTOMERS")))
        True
        """
        if not isinstance(other, Trail):
            raise TypeError(f"other must be a Trail, not {type(other).__name__}; open it with trailcore.open")
        names = None if key is None else [key] if isinstance(key, str) else list(key)
        arguments = {"order_free": order_free, "key": names, "metadata": metadata, "most": max_rows, "max_bytes": max_bytes}
        report = self._native.diff(other._native, _given(arguments), self._reading, other._reading, callback(progress))
        return Differences.of(json.loads(report, parse_float=decimal.Decimal))

    def volume(self, by: str = "1h", *, progress: Progress | None = None) -> Volume:
        """Counts changes and bytes by table and interval of time, by the time of the commit.

        `by` is the length of an interval: a whole number and ``s``, ``m``, ``h`` or ``d``. Intervals are aligned to UTC.

        >>> import trailcore as tc
        >>> volume = tc.open("examples/data/big/bk").volume("1d")
        >>> sum(row.changes for row in volume) == volume.changes
        True
        """
        return Volume.of(json.loads(self._native.volume(json.dumps({"by": by}), self._reading, callback(progress))))

    def write_index(self, folder: Path, *, progress: Progress | None = None) -> list[IndexedFile]:
        """Writes a side index of each file into `folder`, which is made if there is none, and returns what it holds.

        With the option ``index=folder``, any position, CSN or time in a large file is then reached without reading the file
        from its start. An index that fits its file is kept; one of a file that has grown is made again. The trail is not
        changed.

        >>> import tempfile, trailcore as tc
        >>> folder = tempfile.mkdtemp()
        >>> [file.written for file in tc.open("examples/data/big/bk").write_index(folder)]
        [True, True, True]
        >>> trail = tc.open("examples/data/big/bk", index=folder)
        """
        report = json.loads(self._native.write_index(os.path.expanduser(folder), self._reading, callback(progress)))
        return [IndexedFile(**file) for file in report["files"]]

    def convert(
        self,
        out: Path,
        format: Literal["parquet", "csv", "arrow", "jsonl"] | None = None,
        *,
        table: str | None = None,
        force: bool = False,
        progress: Progress | None = None,
        **options: Unpack[ArrowOptions],
    ) -> WrittenFiles:
        """Writes the changes to files, in one pass and in constant memory, and returns the files.

        `out` is one file of one table, whose name `table` is, if it has an ending; otherwise a directory that gets a file for
        each table. The ending means the format if `format` is not given. `options` are those of `ArrowOptions`; CSV has no use
        for `numbers` and `times`, and JSON lines contain the changes verbatim. `force` replaces existing files.

        The files get their names once all of them are complete. After an exception nothing remains. Raises `OSError` if a file
        exists.
        """
        path = os.path.expanduser(out)
        suffix = os.path.splitext(path)[1].lower()
        single = table is not None or (bool(suffix) and not path.endswith(os.sep) and not os.path.isdir(path))
        kind = format or (_FORMATS.get(suffix) if single else "parquet")
        if kind is None:
            raise ValueError(f"the ending of {path} means no format; use one of {', '.join(_FORMATS)}, or give format=")
        written, report = self._native.convert(
            path, kind, single, table, force, self._reading, arrow(options), callback(progress)
        )
        files = WrittenFiles(Written(name, os.fspath(file), rows) for name, file, rows in written)
        files.report = report
        return files

    def to_polars(self, name: str, *, progress: Progress | None = None, **options: Unpack[ArrowOptions]) -> polars.DataFrame:
        """Returns ``table(name, **options).to_polars()``."""
        return self.table(name, progress=progress, **options).to_polars()

    def to_pandas(
        self,
        name: str,
        *,
        arrow_types: bool = True,
        progress: Progress | None = None,
        **options: Unpack[ArrowOptions],
    ) -> pandas.DataFrame:
        """Returns ``table(name, **options).to_pandas(arrow_types=arrow_types)``."""
        return self.table(name, progress=progress, **options).to_pandas(arrow_types=arrow_types)

    def to_arrow(self, name: str, *, progress: Progress | None = None, **options: Unpack[ArrowOptions]) -> pyarrow.Table:
        """Returns ``table(name, **options).to_arrow()``."""
        return self.table(name, progress=progress, **options).to_arrow()

    def to_duckdb(
        self,
        name: str,
        *,
        connection: duckdb.DuckDBPyConnection | None = None,
        progress: Progress | None = None,
        **options: Unpack[ArrowOptions],
    ) -> duckdb.DuckDBPyRelation:
        """Returns ``table(name, **options).to_duckdb(connection)``."""
        return self.table(name, progress=progress, **options).to_duckdb(connection)

    def write_parquet(self, name: str, path: Path, *, progress: Progress | None = None, **options: Unpack[ArrowOptions]) -> int:
        """Returns ``table(name, **options).write_parquet(path)``."""
        return self.table(name, progress=progress, **options).write_parquet(path)

    def write_csv(self, name: str, path: Path, *, progress: Progress | None = None, **options: Unpack[ArrowOptions]) -> int:
        """Returns ``table(name, **options).write_csv(path)``."""
        return self.table(name, progress=progress, **options).write_csv(path)

    def __enter__(self) -> Trail:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Does nothing: a trail holds no open files, and iterators close theirs."""

    def __repr__(self) -> str:
        files = self.files
        what = files[0] if len(files) == 1 else f"{files[0]} … {files[-1]}" if files else "no files"
        select = f", {self._reading.select!r}" if self._reading.select else ""
        return f"<Trail {what}, {len(files)} file{'s' if len(files) != 1 else ''}{select}>"

    def _repr_html_(self) -> str:
        return _html.trail(self, self._summary)
