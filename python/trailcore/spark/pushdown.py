"""Filters that Spark pushes down: how they are decided exactly, and what they allow to be skipped before.

A filter is taken over only if Arrow decides it as Spark does, on the rows that are read. Its bounds of positions, times, CSNs,
operations, tables and columns are used before that to skip files, and records before they are decoded.
"""

from __future__ import annotations

import dataclasses
import datetime as _dt
import decimal
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import datasource as ds

from trailcore import _lazy
from trailcore._native import TableDef
from trailcore._select import Select, _place
from trailcore._values import Position, utc

_COMPARE = {
    ds.EqualTo: (pc.equal, "="),
    ds.GreaterThan: (pc.greater, ">"),
    ds.GreaterThanOrEqual: (pc.greater_equal, ">="),
    ds.LessThan: (pc.less, "<"),
    ds.LessThanOrEqual: (pc.less_equal, "<="),
}
_TEXTS = {ds.StringStartsWith: pc.starts_with, ds.StringEndsWith: pc.ends_with, ds.StringContains: pc.match_substring}


@dataclasses.dataclass(frozen=True)
class Test:
    """A filter on one column: its path, and its value or values as Arrow scalars of the type of the column."""

    filter: ds.Filter
    path: tuple[str, ...]
    values: tuple[pa.Scalar, ...]
    negated: bool = False

    def mask(self, batch: pa.RecordBatch) -> pa.BooleanArray:
        """Returns for each row whether it passes: true, false, or null, which does not pass."""
        array = batch.column(self.path[0])
        for name in self.path[1:]:
            array = pc.struct_field(array, name)
        kind = type(self.filter)
        if kind is ds.IsNull:
            mask = pc.is_null(array)
        elif kind is ds.IsNotNull:
            mask = pc.is_valid(array)
        elif kind is ds.EqualNullSafe:
            mask = pc.is_null(array) if not self.values else pc.fill_null(pc.equal(array, self.values[0]), False)
        elif kind is ds.In:
            # A null stays null, so that its negation does not pass either.
            found = pc.is_in(array, value_set=pa.array([one.as_py() for one in self.values], self.values[0].type))
            mask = pc.if_else(pc.is_valid(array), found, pa.scalar(None, pa.bool_()))
        elif kind in _TEXTS:
            mask = _TEXTS[kind](array, self.values[0].as_py())
        else:
            mask = _COMPARE[kind][0](array, self.values[0])
        return pc.invert(mask) if self.negated else mask


def test_of(given: ds.Filter, schema: pa.Schema) -> Test | None:
    """Returns the test of a filter; `None` if it is left to Spark."""
    negated = isinstance(given, ds.Not)
    inner = given.child if isinstance(given, ds.Not) else given
    kind, path = type(inner), getattr(inner, "attribute", ())
    column = _type(schema, path)
    if column is None or kind not in (*_COMPARE, *_TEXTS, ds.EqualNullSafe, ds.In, ds.IsNull, ds.IsNotNull):
        return None
    if kind in (ds.IsNull, ds.IsNotNull):
        return Test(inner, tuple(path), (), negated)
    given_values = list(inner.value) if kind is ds.In else [inner.value]
    if kind is ds.EqualNullSafe and given_values == [None]:
        return Test(inner, tuple(path), (), negated)
    if not given_values or (kind in _TEXTS and not pa.types.is_string(column)):
        return None
    values = [_scalar(one, column) for one in given_values]
    if any(one is None for one in values):
        return None
    return Test(inner, tuple(path), tuple(values), negated)


def _type(schema: pa.Schema, path: tuple[str, ...]) -> pa.DataType | None:
    kind: Any = pa.struct(list(schema))
    for name in path:
        if not pa.types.is_struct(kind) or kind.get_field_index(name) < 0:
            return None
        kind = kind.field(name).type
    return kind if path else None


def _scalar(value: Any, kind: pa.DataType) -> pa.Scalar | None:
    """Returns a value of the type of its column, exactly; `None` if Spark and Arrow may compare it differently, as NaN."""
    fits = (
        (pa.types.is_boolean(kind) and isinstance(value, bool))
        or (pa.types.is_integer(kind) and isinstance(value, int) and not isinstance(value, bool))
        or (pa.types.is_decimal(kind) and isinstance(value, (int, decimal.Decimal)) and not isinstance(value, bool))
        or (pa.types.is_string(kind) and isinstance(value, str))
        or (pa.types.is_binary(kind) and isinstance(value, (bytes, bytearray)))
        or (pa.types.is_timestamp(kind) and isinstance(value, _dt.datetime))
    )
    if not fits:
        return None
    if isinstance(value, _dt.datetime) and (kind.tz is None) != (value.tzinfo is None):
        return None
    try:
        return pa.scalar(value, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return None


# Files and records that the tests allow to be skipped.


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Inclusive bounds of positions, times and CSNs; `None` without one."""

    positions: tuple[Position | None, Position | None] = (None, None)
    times: tuple[_dt.datetime | None, _dt.datetime | None] = (None, None)
    csns: tuple[int | None, int | None] = (None, None)

    def within(self, start: Bounds, end: Bounds) -> Bounds:
        """Returns these bounds, narrowed to the lower ones of `start` and the upper ones of `end`."""

        def narrow(own: tuple[Any, Any], low: Any, high: Any) -> tuple[Any, Any]:
            lows = [one for one in (own[0], low) if one is not None]
            highs = [one for one in (own[1], high) if one is not None]
            return max(lows, default=None), min(highs, default=None)

        return Bounds(
            narrow(self.positions, start.positions[0], end.positions[1]),
            narrow(self.times, start.times[0], end.times[1]),
            narrow(self.csns, start.csns[0], end.csns[1]),
        )


def point(text: str | None) -> Bounds:
    """Returns the bounds that a start point sets, on both sides."""
    if text is None:
        return Bounds()
    place = _place("start", text)
    if isinstance(place, _dt.datetime):
        return Bounds(times=(utc(place), utc(place)))
    if isinstance(place, str):
        number = int(place[4:]) if place[4:].isascii() and place[4:].isdigit() else None
        return Bounds(csns=(number, number))
    return Bounds(positions=(place, place))


def bounds_of(tests: Iterable[Test], prefix: str, has_number_csn: bool) -> Bounds:
    """Returns the bounds that the tests set for the columns that do not come from the table."""
    tests = list(tests)

    def range_of(column: str, read: Any) -> tuple[Any, Any]:
        low = high = None
        for test in tests:
            if test.path != (prefix + column,) or test.negated or not test.values:
                continue
            values = [read(one.as_py()) for one in test.values]
            if any(one is None for one in values):
                continue
            kind = type(test.filter)
            if kind in (ds.EqualTo, ds.EqualNullSafe, ds.In, ds.GreaterThan, ds.GreaterThanOrEqual):
                low = max([min(values), *([] if low is None else [low])])
            if kind in (ds.EqualTo, ds.EqualNullSafe, ds.In, ds.LessThan, ds.LessThanOrEqual):
                high = min([max(values), *([] if high is None else [high])])
        return low, high

    def position(text: str) -> Position | None:
        try:
            return Position.parse(text) if len(text) == len("0000000012:0000001956") else None
        except ValueError:
            return None

    def number(value: Any) -> int | None:
        # Text sorts otherwise than the CSNs do.
        return int(value) if has_number_csn and isinstance(value, (int, decimal.Decimal)) else None

    def time(value: Any) -> _dt.datetime | None:
        return utc(value) if isinstance(value, _dt.datetime) else None

    return Bounds(
        range_of("position", position),
        range_of("timestamp", time),
        range_of("csn", number),
    )


def words_of(tests: Iterable[Test], column: str) -> set[str] | None:
    """Returns the texts that a column can have; `None` if there is no bound."""
    found: set[str] | None = None
    for test in tests:
        if test.path == (column,) and not test.negated and test.values and type(test.filter) in (ds.EqualTo, ds.In):
            words = {str(one.as_py()) for one in test.values}
            found = words if found is None else found & words
    return found


def selection_of(tests: Iterable[Test], definition: TableDef | None, table: str, prefix: str) -> Select | None:
    """Returns a selection that keeps every row that passes the tests, so that the others are not decoded; `None` if there is
    none but all rows."""
    tests = list(tests)
    ops = words_of(tests, f"{prefix}op")
    kinds = {} if definition is None else {column.name: column.kind for column in definition.columns}
    texts = []
    for test in tests:
        if len(test.path) != 1 or test.negated or type(test.filter) not in _COMPARE:
            continue
        sign = _COMPARE[type(test.filter)][1]
        text = _lazy.comparison(test.path[0], sign, test.values[0].as_py(), kinds.get(test.path[0]))
        if text is not None:
            texts.append(text)
    return _lazy.selection(table if definition is None else definition.name, texts, ops)
