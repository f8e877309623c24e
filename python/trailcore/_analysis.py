"""Questions about a whole trail: rows as of a place, the changes of a row, differences, volume."""

from __future__ import annotations

import base64
import dataclasses
import datetime as _dt
import decimal
import math
from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from trailcore import _native
from trailcore._html import _grid
from trailcore._native import Change, Changes
from trailcore._select import StartPoint, _place
from trailcore._table import Table
from trailcore._values import MISSING, UNCHANGED, Invalid, Position, ZeroDate, position_of, time_of, utc

if TYPE_CHECKING:
    import pandas
    import polars

    from trailcore._trail import _Reading

__all__ = [
    "Difference",
    "Differences",
    "History",
    "HistoryReport",
    "State",
    "StateReport",
    "TableDifferences",
    "Volume",
    "VolumeRow",
]


def place(at: StartPoint) -> str:
    """Returns a place in the form of documents."""
    if isinstance(at, str) and at.startswith("offset:"):
        return at
    made = _place("at", at)
    if isinstance(made, _dt.datetime):
        return utc(made).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    return str(made)


def key_value(column: str, value: object) -> object:
    """Returns the value of a key column in the form of documents."""
    if value is None or (isinstance(value, (int, str)) and not isinstance(value, bool)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"the key column {column} needs a number, not {value}")
        return value
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, _dt.datetime):
        if value.tzinfo is not None:
            raise ValueError(f"the key column {column} needs a datetime without a time zone: the database stores none")
        return value.isoformat()
    if isinstance(value, _dt.date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$base64": base64.b64encode(value).decode()}
    raise TypeError(f"the key column {column} needs a number, text, datetime, bytes or None, not {type(value).__name__}")


@dataclasses.dataclass(frozen=True)
class StateReport:
    """The counts of a `State`, and what is doubtful or lost in it.

    - `table`, `key`: the name of the table, and the columns that identify a row. With `is_keyless` the definition has no key:
      all columns identify a row.
    - `rows`, `incomplete`: the rows, and how many of them lack a column that no change of the row has.
    - `changes`, `truncates`: the changes of the table up to the place, and the truncates among them.
    - `unseen_updates`, `unseen_deletes`: changes of rows that were not there. Such an update is a row afterwards.
    - `overwritten`: rows that an insert or a key update replaced, although nothing had deleted them.
    - `unidentified`: changes without all key columns, which could not be carried out.
    - `ddl`: DDL of the table that neither truncates nor drops it.
    - `undecided`, `skipped`: changes on which the selection could not decide, and skipped ranges: start, end, reason.
    - `is_exact`: nothing of that kind happened.
    """

    table: str
    key: list[str]
    is_keyless: bool
    rows: int
    incomplete: int
    changes: int
    truncates: int
    unseen_updates: int
    unseen_deletes: int
    overwritten: int
    unidentified: int
    ddl: int
    undecided: int
    skipped: list[tuple[Position | str, Position | str, str]]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> StateReport:
        """Reads it from a document."""
        return cls(**_members(cls, document))

    @property
    def is_exact(self) -> bool:
        """True if every row is complete, and nothing was lost or doubtful on the way to them."""
        doubts = (
            self.incomplete,
            self.unseen_updates,
            self.unseen_deletes,
            self.overwritten,
            self.unidentified,
            self.undecided,
        )
        return not any(doubts) and not self.skipped


@dataclasses.dataclass(frozen=True)
class HistoryReport:
    """The counts of a `History`: the `table`, the columns of the `key`, the number of `changes` and of `truncates` among them,
    changes of the table that lack key columns (`unidentified`) and may be about the row, changes on which the selection could
    not decide (`undecided`), and `skipped` ranges."""

    table: str
    key: list[str]
    changes: int
    truncates: int
    unidentified: int
    undecided: int
    skipped: list[tuple[Position | str, Position | str, str]]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> HistoryReport:
        """Reads it from a document."""
        return cls(**_members(cls, document))


def _members(cls: type[StateReport | HistoryReport], document: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields of a report by name."""
    values: dict[str, Any] = {field.name: document[field.name] for field in dataclasses.fields(cls)}
    values["skipped"] = _skipped(document)
    return values


def _skipped(document: Mapping[str, Any]) -> list[tuple[Position | str, Position | str, str]]:
    return [(position_of(one["from"]), position_of(one["to"]), one["reason"]) for one in document["skipped"]]


class _Held(Table):
    """Changes of one table in memory."""

    def __init__(self, trail: _native.Trail, reading: _Reading, name: str, options: Mapping[str, Any]) -> None:
        super().__init__(trail, reading, name, options, None)

    def __iter__(self) -> Changes:
        return self._trail.changes(self._reading, None)


class State(_Held):
    """The rows of one table as of a place: a `Table` whose rows are inserts, with ``_position``, ``_csn``, ``_xid`` and
    ``_timestamp`` of the last change of each row.

    Iterating returns each row as a `Change` with its columns in ``change.after``: a column that the trail does not show is not
    in it, and NULL is `None`. ``len`` is the number of rows, and `report` has the counts. The rows are in memory.
    """

    def __init__(self, trail: _native.Trail, reading: _Reading, report: StateReport, options: Mapping[str, Any]) -> None:
        """Use `Trail.state` to create a state."""
        super().__init__(trail, reading, report.table, options)
        self._report = report

    @property
    def report(self) -> StateReport:
        """The counts."""
        return self._report

    def __len__(self) -> int:
        return self._report.rows

    def __repr__(self) -> str:
        incomplete = f", {self.report.incomplete} incomplete" if self.report.incomplete else ""
        return f"<State {self.name}: {len(self)} row{'' if len(self) == 1 else 's'}{incomplete}>"


class History(_Held):
    """The changes of one row in trail order, in memory: a `Table`, and a sequence of `Change`.

    `report` has the counts.
    """

    def __init__(self, trail: _native.Trail, reading: _Reading, report: HistoryReport, options: Mapping[str, Any]) -> None:
        """Use `Trail.history` to create a history."""
        super().__init__(trail, reading, report.table, options)
        self._report = report

    @property
    def report(self) -> HistoryReport:
        """The counts."""
        return self._report

    def __len__(self) -> int:
        return self.report.changes

    def __getitem__(self, index: int) -> Change:
        return list(self)[index]

    def __repr__(self) -> str:
        return f"<History of a row of {self.name}: {len(self)} change{'' if len(self) == 1 else 's'}>"


@dataclasses.dataclass(frozen=True)
class VolumeRow:
    """The changes of one `table` in the interval that starts at `start`: their number (`changes`), their `bytes`, and their
    number by operation (`ops`)."""

    start: _dt.datetime | ZeroDate
    table: str
    changes: int
    bytes: int
    ops: Mapping[str, int]


@dataclasses.dataclass(frozen=True)
class Volume:
    """Changes and bytes by table and interval: `rows`, in the order of time and table, with the totals `changes` and `bytes`.
    `by` is the length of an interval. `undecided` counts changes on which the selection could not decide, and `skipped` has the
    skipped ranges: start, end, reason."""

    by: str
    rows: list[VolumeRow]
    changes: int
    bytes: int
    undecided: int
    skipped: list[tuple[Position | str, Position | str, str]]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Volume:
        """Reads it from a document."""
        rows = []
        for row in document["rows"]:
            start = time_of(row["from"])
            assert start is not None
            rows.append(VolumeRow(start, row["table"], row["changes"], row["bytes"], row["ops"]))
        return cls(document["by"], rows, document["changes"], document["bytes"], document["undecided"], _skipped(document))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Returns the rows as dicts, with a member for each operation that occurs."""
        ops = list(dict.fromkeys(op for row in self.rows for op in row.ops))
        return [
            {
                "start": row.start,
                "table": row.table,
                "changes": row.changes,
                "bytes": row.bytes,
                **{op: row.ops.get(op, 0) for op in ops},
            }
            for row in self.rows
        ]

    def to_polars(self) -> polars.DataFrame:
        """Returns the rows as a `polars.DataFrame`. Needs polars. A start that is no datetime is null."""
        import polars

        return polars.DataFrame(self._frame())

    def to_pandas(self) -> pandas.DataFrame:
        """Returns the rows as a `pandas.DataFrame`. Needs pandas. A start that is no datetime is null."""
        import pandas

        return pandas.DataFrame(self._frame())

    def _frame(self) -> list[dict[str, Any]]:
        is_time = [isinstance(row.start, _dt.datetime) for row in self.rows]
        return [row if ok else row | {"start": None} for row, ok in zip(self.to_dicts(), is_time, strict=True)]

    def __iter__(self) -> Iterator[VolumeRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def _lines(self) -> list[tuple[str, ...]]:
        lines = [(f"{row.start:%Y-%m-%d %H:%M:%S}", row.table, f"{row.changes:,}", f"{row.bytes:,}") for row in self.rows]
        return [*lines, ("total", "", f"{self.changes:,}", f"{self.bytes:,}")]

    def __str__(self) -> str:
        lines = [("start", "table", "changes", "bytes"), *self._lines()]
        widths = [max(len(line[index]) for line in lines) for index in range(4)]
        return "\n".join(
            f"{line[0]:{widths[0]}}  {line[1]:{widths[1]}}  {line[2]:>{widths[2]}}  {line[3]:>{widths[3]}}" for line in lines
        )

    def _repr_html_(self) -> str:
        rows = [[escape(cell) for cell in line] for line in self._lines()]
        return _grid((f"start ({self.by})", "table", "changes", "bytes"), rows)


@dataclasses.dataclass(frozen=True)
class TableDifferences:
    """The rows or changes of one table: how many are `equal`, `different`, `only_left` and `only_right`, and how often each
    column differs (`columns`)."""

    equal: int
    different: int
    only_left: int
    only_right: int
    columns: Mapping[str, int]


@dataclasses.dataclass(frozen=True)
class Difference:
    """One difference in a `table`. `kind` is ``different``, ``only_left`` or ``only_right``, `key` has the key columns.

    For ``different``, `column` is the column that differs, in the `image` ``before`` or ``after``; `left` and `right` are its
    values: `None` is NULL, `trailcore.MISSING` a column that the image does not have, and a value has the form of native JSON:
    an int, a `Decimal`, or text, dates too. `column` is ``_op`` if the operations differ. For the other kinds `left` or `right`
    is the operation of the change that is there. `left_position` and `right_position` are the positions.
    """

    table: str
    kind: Literal["different", "only_left", "only_right"]
    key: Mapping[str, Any]
    column: str | None
    left: Any
    right: Any
    image: str | None
    left_position: Position | str | None
    right_position: Position | str | None


@dataclasses.dataclass(frozen=True)
class Differences:
    """The differences between two trails. It is true if there are any.

    `equal` is true if there are none, and nothing was skipped or undecided. `tables` has a `TableDifferences` by table name.
    `rows` has each `Difference`, up to the maximum number; `more` counts the others. `report` is the whole document.
    """

    equal: bool
    tables: Mapping[str, TableDifferences]
    rows: list[Difference]
    more: int
    report: Mapping[str, Any]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Differences:
        """Reads it from a document."""
        tables = {name: TableDifferences(**counts) for name, counts in document["tables"].items()}
        return cls(
            document["is_equal"], tables, [_difference(row) for row in document["rows"]], document["more_rows"], document
        )

    def __bool__(self) -> bool:
        return not self.equal

    def __iter__(self) -> Iterator[Difference]:
        return iter(self.rows)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Returns the differences as dicts of texts, for data frames: key, values (`None` for NULL) and states."""
        rows = []
        for row in self.report["rows"]:
            left, right = row["left"] or {}, row["right"] or {}
            rows.append(
                {
                    "table": row["table"],
                    "kind": row["kind"],
                    "key": ", ".join(f"{name}={_text(cell)}" for name, cell in row["key"].items()),
                    "image": row["image"],
                    "column": row["column"],
                    "left": _text(left),
                    "right": _text(right),
                    "left_state": left.get("state"),
                    "right_state": right.get("state"),
                    "left_position": row["left_position"],
                    "right_position": row["right_position"],
                }
            )
        return rows

    def to_polars(self) -> polars.DataFrame:
        """Returns the differences as a `polars.DataFrame` of texts. Needs polars."""
        import polars

        return polars.DataFrame(self.to_dicts(), schema=dict.fromkeys(_COLUMNS, polars.String))

    def to_pandas(self) -> pandas.DataFrame:
        """Returns the differences as a `pandas.DataFrame` of texts. Needs pandas."""
        import pandas

        return pandas.DataFrame(self.to_dicts(), columns=list(_COLUMNS))

    def _lines(self) -> list[tuple[str, ...]]:
        return [
            (name, f"{table.equal:,}", f"{table.different:,}", f"{table.only_left:,}", f"{table.only_right:,}")
            for name, table in self.tables.items()
        ]

    def __str__(self) -> str:
        lines = [("table", *_COUNTS), *self._lines()]
        widths = [max(len(line[index]) for line in lines) for index in range(5)]
        return "\n".join(
            "  ".join(
                f"{cell:{width}}" if index == 0 else f"{cell:>{width}}"
                for index, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            for line in lines
        )

    def __repr__(self) -> str:
        what = "equal" if self.equal else f"{len(self.rows) + self.more} differences"
        return f"<Differences {what}, {len(self.tables)} table{'' if len(self.tables) == 1 else 's'}>"

    def _repr_html_(self) -> str:
        return _grid(("table", *_COUNTS), [[escape(cell) for cell in line] for line in self._lines()])


_COUNTS = ("equal", "different", "only left", "only right")
_COLUMNS = (
    "table",
    "kind",
    "key",
    "image",
    "column",
    "left",
    "right",
    "left_state",
    "right_state",
    "left_position",
    "right_position",
)


def _difference(row: Mapping[str, Any]) -> Difference:
    positions = [None if row[side] is None else position_of(row[side]) for side in ("left_position", "right_position")]
    return Difference(
        row["table"],
        row["kind"],
        {name: _value(cell) for name, cell in row["key"].items()},
        row["column"],
        _value(row["left"]),
        _value(row["right"]),
        row["image"],
        positions[0],
        positions[1],
    )


def _value(cell: Mapping[str, Any] | None) -> Any:
    """Returns the value of a column in a document."""
    if cell is None:
        return None
    state, value = cell["state"], cell["value"]
    if state == "missing":
        return MISSING
    if state == "unchanged":
        return UNCHANGED
    if isinstance(value, Mapping):
        return Invalid(bytes.fromhex(value["$invalid"])) if state == "invalid" else base64.b64decode(value["$base64"])
    return value


def _text(cell: Mapping[str, Any]) -> str | None:
    value = _value(cell or None)
    if isinstance(value, bytes):
        return value.hex()
    return None if value is None or value is MISSING or value is UNCHANGED else str(value)
