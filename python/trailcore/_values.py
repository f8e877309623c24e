"""What values are made of, where Python has no type of its own for them."""

from __future__ import annotations

import datetime as _dt
import enum
from typing import Any, Final, NamedTuple


class Position(NamedTuple):
    """A place in a trail: the sequence number of a file, and the offset (RBA) of a record in it.

    Positions sort as the trail does. `str` gives ``SEQNO:RBA``; `parse` reads that, and the padded form that the
    ``_position`` column of a table has.

    >>> Position.parse("0000000012:0000001956")
    Position(seqno=12, rba=1956)
    >>> str(Position(12, 1956))
    '12:1956'
    """

    seqno: int
    rba: int

    @classmethod
    def parse(cls, text: str) -> Position:
        """The position that a text such as ``12:1956`` names. Raises `ValueError` for any other text."""
        seqno, colon, rba = text.partition(":")
        if not (colon and seqno.isascii() and seqno.isdigit() and rba.isascii() and rba.isdigit()):
            raise ValueError(f"{text!r} is no position; write SEQNO:RBA, such as 12:1956")
        return cls(int(seqno), int(rba))

    def __str__(self) -> str:
        return f"{self.seqno}:{self.rba}"


class Changed(NamedTuple):
    """What an update made of a column. `old` is `MISSING` where the trail does not say what it was."""

    old: Any
    new: Any


class Invalid(NamedTuple):
    """A value that is present and cannot be decoded as its type says: its bytes. It equals no decoded value."""

    raw: bytes

    def __repr__(self) -> str:
        # Column data stays out of logs.
        return f"<Invalid, {len(self.raw)} bytes>"


class ZeroDate(str):
    """A date that no calendar has, such as MySQL's ``0000-00-00``: its text."""

    __slots__ = ()


class NanoDatetime(_dt.datetime):
    """A datetime with digits finer than a microsecond: `nanosecond` has them, 0 to 999.

    In all else it is the `datetime` to the microsecond below; comparing and hashing take in the nanoseconds too.
    """

    nanosecond: int

    @classmethod
    def of(cls, parts: tuple[int, int, int, int, int, int, int], nanosecond: int) -> NanoDatetime:
        """Year to microsecond, and the nanoseconds beyond."""
        made = cls(*parts)
        made.nanosecond = nanosecond
        return made

    def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
        """With nine fraction digits, if `timespec` does not say otherwise."""
        if timespec != "auto":
            return super().isoformat(sep, timespec)
        return f"{super().isoformat(sep, 'microseconds')}{self.nanosecond:03d}"

    def __str__(self) -> str:
        return self.isoformat(" ")

    def __repr__(self) -> str:
        return f"NanoDatetime({self.isoformat()!r})"

    def _order(self, other: object) -> tuple[_dt.datetime, int, _dt.datetime, int] | None:
        if not isinstance(other, _dt.datetime):
            return None
        own = _dt.datetime(*self.timetuple()[:6], self.microsecond)
        if isinstance(other, NanoDatetime):
            return own, self.nanosecond, _dt.datetime(*other.timetuple()[:6], other.microsecond), other.nanosecond
        return own, self.nanosecond, other, 0

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
        return hash((super().__hash__(), self.nanosecond))

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        parts = (self.year, self.month, self.day, self.hour, self.minute, self.second, self.microsecond)
        return NanoDatetime.of, (parts, self.nanosecond)


class _Sentinel(enum.Enum):
    MISSING = "missing"
    UNCHANGED = "unchanged"

    def __repr__(self) -> str:
        return f"trailcore.{self.name}"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Sentinel.MISSING
"""In place of a value that an image does not have; not `None`, which is SQL's NULL."""

UNCHANGED: Final = _Sentinel.UNCHANGED
"""In place of a large object that a change left as it was."""
