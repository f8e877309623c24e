"""The effect of changes on the rows of a table: what is there after them, by key."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from trailcore._errors import ColumnValueError
from trailcore.lake.target import Key

# The columns that a Parquet sink adds.
OWN = ("_op", "_position", "_csn", "_xid", "_timestamp", "_states", "_key_before", "_complete", "_unfinished")
_MOVES = ("update", "pk_update")
_NEEDED = "set table = { states = true, old_key = true } in the sink, and key=[…] for a table without a key"


@dataclasses.dataclass
class Change:
    """A change of a row."""

    op: str
    position: str
    transaction: tuple[Any, Any]
    old: Key
    new: Key
    known: dict[str, Any]
    """The columns that the change has. The others are as they were."""


@dataclasses.dataclass
class Net:
    """The rows that changes leave."""

    columns: list[str]
    rows: dict[Key, dict[str, Any] | None] = dataclasses.field(default_factory=dict)
    """Each key that a change has touched, with its row; `None` if there is none any longer."""
    truncated: bool = False
    """The rows from before are gone, too."""
    incomplete: int = 0
    """Rows with a column that neither the changes nor the table have. It is null."""
    absent: int = 0
    """Updates and deletes whose row was not there."""


def changes_of(table: pa.Table, key: Sequence[str]) -> Iterator[Change]:
    """Yields the changes of a file. Raises `ValueError` if it lacks what is needed to know the row."""
    if missing := sorted({"_op", "_position", "_csn", "_xid", "_states", *key} - set(table.column_names)):
        raise ValueError(f"the files have no column {', '.join(missing)}; {_NEEDED}")
    columns = [name for name in table.column_names if name not in OWN]
    for row in table.to_pylist():
        op, position, states = row["_op"], row["_position"], row["_states"] or {}
        if wrong := next((name for name in columns if states.get(name) == "invalid"), None):
            raise ColumnValueError(f"column {wrong}, change at {position}: the value cannot be decoded")
        known = {name: row[name] for name in columns if states.get(name) in ("value", "null")}
        if op != "truncate" and (lacks := [name for name in key if name not in known]):
            raise ValueError(f"the {op} at {position} has no {', '.join(lacks)}, by which rows are found")
        if op != "truncate" and (nulls := [name for name in key if known[name] is None]):
            raise ValueError(f"the {op} at {position} has NULL in {', '.join(nulls)}, which identifies no row; pass key=[…]")
        old = new = tuple(row[name] for name in key)
        if op == "pk_update":
            before = row.get("_key_before") or {}
            if lacks := [name for name in key if name not in before]:
                raise ValueError(f"the pk_update at {position} has no old {', '.join(lacks)}; {_NEEDED}")
            old = tuple(before[name] for name in key)
        yield Change(op, position, (row["_csn"], row["_xid"]), old, new, known)


def net(
    changes: Sequence[Change], columns: list[str], look_up: Callable[[Collection[Key]], Mapping[Key, dict[str, Any]]]
) -> Net:
    """Returns what changes leave, in their order. `look_up` returns the rows that the table has before them."""
    left = Net(columns)
    # Only a change that lacks columns, or moves a row, needs the row from before.
    lacking = {change.old for change in changes if change.op in _MOVES and not change.known.keys() >= set(columns)}
    moved = {at for change in changes if change.old != change.new for at in (change.old, change.new)}
    before = dict(look_up(lacking | moved))
    displaced: dict[Key, collections.deque[dict[str, Any]]] = {}
    transaction: tuple[Any, Any] | None = None
    # Keys whose row is complete without the table's.
    unknown = object()

    def current(at: Key) -> Any:
        if at in left.rows:
            return left.rows[at]
        if left.truncated:
            return None
        return before.get(at, None if at in lacking or at in moved else unknown)

    def take(at: Key, leaves: bool) -> Any:
        # Inside a transaction, two rows may have one key for a time: the one that was there first leaves first.
        if leaves and displaced.get(at):
            return displaced[at].popleft()
        row = current(at)
        left.rows[at] = None
        return row

    for change in changes:
        if change.transaction != transaction:
            transaction = change.transaction
            displaced.clear()
        if change.op == "truncate":
            left.rows.clear()
            displaced.clear()
            left.truncated = True
            continue
        if change.op == "delete":
            left.absent += take(change.old, True) is None
            continue
        earlier = None
        if change.op in _MOVES:
            earlier = take(change.old, change.old != change.new)
            left.absent += earlier is None
            there = current(change.new)
            if change.old != change.new and there is not None and there is not unknown:
                displaced.setdefault(change.new, collections.deque()).append(there)
        left.rows[change.new] = {**(earlier if isinstance(earlier, dict) else {}), **change.known}
    left.incomplete = sum(row is not None and not row.keys() >= set(columns) for row in left.rows.values())
    return left


def as_table(rows: Iterable[dict[str, Any] | None], schema: pa.Schema) -> pa.Table:
    """Returns the rows that are there as a table."""
    return pa.Table.from_pylist([row for row in rows if row is not None], schema=schema)
