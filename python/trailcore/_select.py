"""Selections: which changes are wanted, in GoldenGate's own language."""

from __future__ import annotations

import datetime as _dt
import os
from collections.abc import Iterable
from typing import Literal

from trailcore import _native
from trailcore._errors import Finding
from trailcore._values import Position

__all__ = ["Place", "Select"]

Dialect = Literal["ansi", "nonansi"]
Place = Position | tuple[int, int] | str | _dt.datetime
"""A place in a trail: a position, its text ``SEQNO:RBA``, a time (aware, or UTC), or ``csn:NUMBER``."""


class Select:
    """Which changes are wanted: TABLE, MAP, FILTER and WHERE as parameter files have them.

    Compiled once and immutable; any number of trails may use it, from any thread. Two that say the same are equal, and
    `str` gives a text that parses to the same selection.

    >>> select = Select("HR.EMP", where="SALARY > 1000", ops=["insert", "update"])
    >>> print(select)
    TRAILCORE OPS insert,update;
    TABLE HR.EMP, WHERE (SALARY > 1000);
    >>> select == Select.parse(str(select))
    True
    """

    _compiled: _native.Select

    def __init__(
        self,
        *tables: str,
        where: str | None = None,
        filter: str | None = None,
        exclude: str | Iterable[str] = (),
        ops: str | Iterable[str] = (),
        start: Place | None = None,
        until: Place | None = None,
        lenient: bool = False,
        dialect: Dialect = "ansi",
    ) -> None:
        """Builds a selection from its parts.

        Tables are named as TABLE names them (``HR.*`` is all of a schema); none says all. `where` and `filter` are the
        clauses' contents; a change must pass both. `exclude` is as TABLEEXCLUDE. `ops` are operations: ``insert``,
        ``update``, ``pk_update``, ``delete``, ``truncate``, ``ddl``. What lies before `start`, or at `until` and behind, is
        not wanted. A strict selection raises `UndecidableError` for a change that it cannot decide on; a `lenient` one turns
        it away and counts it.

        Raises `FilterSyntaxError`, whose message shows the place.
        """
        excluded = [exclude] if isinstance(exclude, str) else list(exclude)
        operations = [ops] if isinstance(ops, str) else list(ops)
        clauses = "".join(
            f", {name} ({clause})" for name, clause in (("FILTER", filter), ("WHERE", where)) if clause is not None
        )
        names = tables or (("*",) if clauses else ())
        statements = [f"TABLEEXCLUDE {name};" for name in excluded]
        limits = limit("FROM", start) + limit("UNTIL", until)
        if operations:
            limits = f" OPS {','.join(operations)}{limits}"
        if limits:
            statements.append(f"TRAILCORE{limits};")
        statements += [f"TABLE {name}{clauses};" for name in names]
        self._set(_native.Select.parse("\n".join(statements), dialect), lenient)

    def _set(self, native: _native.Select, lenient: bool) -> None:
        self._compiled = native.lenient() if lenient else native

    @classmethod
    def _of(cls, native: _native.Select, lenient: bool) -> Select:
        select = cls.__new__(cls)
        select._set(native, lenient)
        return select

    @classmethod
    def parse(cls, text: str, *, lenient: bool = False, dialect: Dialect = "ansi") -> Select:
        """A selection from the text of a parameter file: its TABLE and MAP statements and what belongs to them.

        `dialect` ``nonansi`` takes double quotes for literals, as releases before 12c and NOUSEANSISQLQUOTES do.

        Raises `FilterSyntaxError`.
        """
        return cls._of(_native.Select.parse(text, dialect), lenient)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], *, lenient: bool = False, dialect: Dialect = "ansi") -> Select:
        """A selection from a parameter file, with the files that it includes. Statements about other things are passed over.

        Raises `FilterSyntaxError`, `OSError`.
        """
        return cls._of(_native.Select.from_file(os.fspath(path), dialect), lenient)

    def lenient(self) -> Select:
        """The same, which counts changes that it cannot decide on and turns them away."""
        return Select._of(self._compiled, True)

    def counting_bytes(self) -> Select:
        """The same, whose text functions count bytes of UTF-8 and not characters, as releases before 26ai do."""
        return Select._of(self._compiled.text_unit(True), False)

    def explain(self, table: _native.TableDef) -> str:
        """How it decides on a table: its tests in the order in which they are asked, and what each looks at."""
        text, problems = self._compiled.explain(table)
        return f"{text}\n{problems}" if problems else text

    @property
    def lints(self) -> list[Finding]:
        """What is doubtful in its text."""
        return [Finding(*finding) for finding in self._compiled.lints]

    def __str__(self) -> str:
        return str(self._compiled)

    def __repr__(self) -> str:
        return f"<Select {' '.join(str(self).split())}>"

    def __eq__(self, other: object) -> bool:
        return self._compiled == other._compiled if isinstance(other, Select) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))


def utc(time: _dt.datetime) -> _dt.datetime:
    """A time in UTC; one without a zone is taken to be so already."""
    return time.replace(tzinfo=_dt.timezone.utc) if time.tzinfo is None else time.astimezone(_dt.timezone.utc)


def micros(time: _dt.datetime) -> int:
    """Microseconds since 1970, UTC."""
    return (utc(time) - _dt.datetime(1970, 1, 1, tzinfo=_dt.timezone.utc)) // _dt.timedelta(microseconds=1)


def limit(word: str, place: Place | None) -> str:
    """A limit of the TRAILCORE statement, with a blank before it."""
    if place is None:
        return ""
    if isinstance(place, _dt.datetime):
        return f" {word}TIME {utc(place).replace(tzinfo=None).isoformat(timespec='microseconds')}"
    if isinstance(place, str):
        if place.startswith("csn:"):
            return f" {word}CSN {place[4:]}"
        parsed = place_of(place)
        if isinstance(parsed, _dt.datetime):
            return limit(word, parsed)
        place = parsed
    seqno, rba = place
    return f" {word}POSITION {seqno}:{rba}"


def place_of(text: str) -> Position | _dt.datetime:
    """The position or the UTC time that a text names. Raises `ValueError`."""
    try:
        return Position.parse(text)
    except ValueError:
        pass
    try:
        return utc(_dt.datetime.fromisoformat(text.replace("Z", "+00:00")))
    except ValueError:
        raise ValueError(
            f"{text!r} is no place; write SEQNO:RBA, a UTC time such as 2024-03-01T12:00:00, or csn:NUMBER"
        ) from None
