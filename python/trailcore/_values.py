"""Types of values for which Python has no type of its own."""

from __future__ import annotations

import datetime as _dt
import enum
import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple


class Position(NamedTuple):
    """A position in a trail: the sequence number of a file, and the byte offset (RBA) of a record in it.

    Positions sort in trail order. `str` returns ``SEQNO:RBA``. `parse` reads this form and the zero-padded form of the
    ``_position`` column of a table.

    >>> Position.parse("0000000012:0000001956")
    Position(seqno=12, rba=1956)
    >>> str(Position(12, 1956))
    '12:1956'
    """

    seqno: int
    rba: int

    @classmethod
    def parse(cls, text: str) -> Position:
        """Parses a text such as ``12:1956``. Raises `ValueError` for any other text."""
        seqno, colon, rba = text.partition(":")
        if not (colon and seqno.isascii() and seqno.isdigit() and rba.isascii() and rba.isdigit()):
            raise ValueError(f"{text!r} is not a position; write SEQNO:RBA, such as 12:1956")
        return cls(int(seqno), int(rba))

    def __str__(self) -> str:
        return f"{self.seqno}:{self.rba}"


def position_of(text: str) -> Position | str:
    """Returns a position of a document. Positions of other sources than trails are text."""
    try:
        return Position.parse(text)
    except ValueError:
        return text


def time_of(text: str | None) -> _dt.datetime | ZeroDate | None:
    """Returns a time of a document, aware, in UTC; one that Python has no datetime for stays a text."""
    if text is None:
        return None
    try:
        return _dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return ZeroDate(text)


def document(options: Mapping[str, Any]) -> str:
    """Returns options as a JSON document."""

    def plain(value: Any) -> Any:
        if isinstance(value, _dt.datetime):
            return utc(value).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        return str(value) if isinstance(value, Position) else value

    return json.dumps({name: plain(value) for name, value in options.items()}, default=list)


def utc(time: _dt.datetime) -> _dt.datetime:
    """Converts a time to UTC. A naive time is in UTC already."""
    return time.replace(tzinfo=_dt.timezone.utc) if time.tzinfo is None else time.astimezone(_dt.timezone.utc)


class Issue:
    """The base of an issue, which `str` returns as one line."""

    kind: str
    position: Position | str
    what: str

    def __str__(self) -> str:
        return f"{self.kind} at {self.position}: {self.what}"


class Changed(NamedTuple):
    """The `old` and the `new` value of a column in an update. `old` is `MISSING` if the trail does not contain it."""

    old: Any
    new: Any


class Invalid(NamedTuple):
    """A value that is present but cannot be decoded as its type. `raw` has its bytes. It equals no decoded value."""

    raw: bytes

    def __repr__(self) -> str:
        # Keeps column data out of logs.
        return f"<Invalid, {len(self.raw)} bytes>"


class ZeroDate(str):
    """The text of a date that no calendar has, such as MySQL's ``0000-00-00``, or of a time in a year that Python has not."""

    __slots__ = ()


class NanoDatetime(_dt.datetime):
    """A datetime with nanosecond precision: `nanosecond` has the digits after the microsecond, 0 to 999.

    Comparing and hashing include the nanoseconds. All other operations see the `datetime`, truncated to the microsecond.
    """

    nanosecond: int = 0

    @classmethod
    def of(
        cls, parts: tuple[int, int, int, int, int, int, int], nanosecond: int, tzinfo: _dt.tzinfo | None = None
    ) -> NanoDatetime:
        """Returns a datetime from its parts, year to microsecond, and the nanoseconds after them."""
        made = cls(*parts, tzinfo)
        made.nanosecond = nanosecond
        return made

    def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
        """Returns the ISO 8601 text, with nine fraction digits unless `timespec` is given."""
        if timespec != "auto":
            return super().isoformat(sep, timespec)
        text = super().isoformat(sep, "microseconds")
        end = text.index(".") + 7
        return f"{text[:end]}{self.nanosecond:03d}{text[end:]}"

    def __str__(self) -> str:
        return self.isoformat(" ")

    def __repr__(self) -> str:
        return f"NanoDatetime({self.isoformat()!r})"

    def _order(self, other: object) -> tuple[_dt.datetime, int, _dt.datetime, int] | None:
        if not isinstance(other, _dt.datetime):
            return None
        if isinstance(other, NanoDatetime):
            return self._plain(), self.nanosecond, other._plain(), other.nanosecond
        return self._plain(), self.nanosecond, other, 0

    def _plain(self) -> _dt.datetime:
        return _dt.datetime.combine(self.date(), self.timetz())

    def __eq__(self, other: object) -> bool:
        order = self._order(other)
        return order is not None and order[:2] == order[2:]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: _dt.date) -> bool:
        order = self._order(other)
        return NotImplemented if order is None else order[:2] < order[2:]

    def __le__(self, other: _dt.date) -> bool:
        order = self._order(other)
        return NotImplemented if order is None else order[:2] <= order[2:]

    def __gt__(self, other: _dt.date) -> bool:
        order = self._order(other)
        return NotImplemented if order is None else order[:2] > order[2:]

    def __ge__(self, other: _dt.date) -> bool:
        order = self._order(other)
        return NotImplemented if order is None else order[:2] >= order[2:]

    def __hash__(self) -> int:
        # One without nanoseconds equals a plain datetime.
        return hash((super().__hash__(), self.nanosecond)) if self.nanosecond else super().__hash__()

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        parts = (self.year, self.month, self.day, self.hour, self.minute, self.second, self.microsecond)
        return NanoDatetime.of, (parts, self.nanosecond, self.tzinfo)


class _Sentinel(enum.Enum):
    """Markers that stand in place of a value. They are false in a boolean context."""

    MISSING = "missing"
    UNCHANGED = "unchanged"

    def __repr__(self) -> str:
        return f"trailcore.{self.name}"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Sentinel.MISSING
MISSING.__doc__ = "Stands in place of a value that is missing from an image. It is not `None`, which is SQL's NULL."

UNCHANGED: Final = _Sentinel.UNCHANGED
UNCHANGED.__doc__ = "Stands in place of a large object that a change did not alter."
