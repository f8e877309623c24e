"""Selections: which changes to return, in GoldenGate's own language."""

from __future__ import annotations

import datetime as _dt
import operator
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from trailcore import _native
from trailcore._errors import Diagnostic, LintWarning
from trailcore._values import Position, document, utc

__all__ = ["Select", "StartPoint"]

Dialect = Literal["ansi", "nonansi"]
StartPoint = Position | tuple[int, int] | str | _dt.date
"""A place to start or to stop: a position, its text ``SEQNO:RBA``, a time (aware, or naive in UTC; a date is its start), or
``csn:NUMBER``."""


class Select:
    """A selection of changes: TABLE, MAP, FILTER and WHERE as in parameter files.

    It is compiled once and immutable. Any number of trails and threads may use it. Equivalent selections are equal, and `str`
    returns a text that parses to the same selection.

    >>> select = Select("HR.EMP", where="SALARY > 1000", ops=["insert", "update"])
    >>> print(select)
    TRAILCORE OPS insert,update;
    TABLE HR.EMP, WHERE (SALARY > 1000);
    >>> select == Select.parse(str(select))
    True
    """

    _compiled: _native.Select
    _options: dict[str, Any]
    # The call that makes it again for pickle, if its text and options do not suffice.
    _made: tuple[Callable[..., Select], tuple[Any, ...]] | None = None

    def __init__(
        self,
        *tables: str,
        where: str | None = None,
        filter: str | None = None,
        exclude: str | Iterable[str] = (),
        ops: str | Iterable[str] | None = None,
        start: StartPoint | None = None,
        until: StartPoint | None = None,
        lenient: bool = False,
        dialect: Dialect = "ansi",
    ) -> None:
        """Builds a selection from its parts.

        Tables are named as in TABLE: ``HR.*`` selects all tables of a schema. Without names, all tables are selected. `where`
        and `filter` are the contents of the clauses; a change must pass both. `exclude` works as TABLEEXCLUDE. `ops` are
        operations: ``insert``, ``update``, ``pk_update``, ``delete``, ``truncate``, ``ddl``, all if it is `None`; beside
        `where` or `filter`, DDL is selected only if they name it. Changes before `start`, or at or after `until`, are not
        selected. A strict selection raises `UndecidableError` for a change that it cannot decide on; a
        `lenient` one rejects and counts it.

        Raises `FilterSyntaxError`, whose message marks the location.
        """
        parts = {
            "tables": [_text("a table name", name) for name in tables],
            "exclude": _texts("exclude", exclude),
            "where": _clause("where", where),
            "filter": _clause("filter", filter),
            **({} if ops is None else {"ops": _some("ops", ops)}),
            "from": point_text("start", start),
            "until": point_text("until", until),
        }
        self._options = {"dialect": dialect, "lenient": lenient}
        self._compiled = _native.Select.of_parts(document(parts), document(self._options))

    @classmethod
    def _of(cls, source: str, is_file: bool, **options: Any) -> Select:
        select = cls.__new__(cls)
        select._options = options
        select._compiled = _native.Select(source, document(options), is_file)
        return select

    def _with(self, **changed: Any) -> Select:
        select = Select.__new__(Select)
        select._options = {**self._options, **changed}
        select._compiled = self._compiled.with_options(document(select._options))
        select._made = (_changed, (self, changed))
        return select

    def __reduce__(self) -> tuple[Callable[..., Select], tuple[Any, ...]]:
        return self._made or (_parsed, (str(self), self._options))

    def __copy__(self) -> Select:
        return self

    def __deepcopy__(self, _memo: object) -> Select:
        return self

    @classmethod
    def parse(cls, text: str, *, lenient: bool = False, dialect: Dialect = "ansi") -> Select:
        """Parses the text of a parameter file: its TABLE and MAP statements and the statements that apply to them.

        The `dialect` ``nonansi`` reads double quotes as literals, as releases before 12c and NOUSEANSISQLQUOTES do.

        Raises `FilterSyntaxError`.
        """
        return cls._of(text, False, lenient=lenient, dialect=dialect)

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        *,
        lenient: bool = False,
        dialect: Dialect = "ansi",
        home: str | os.PathLike[str] | None = None,
    ) -> Select:
        """Parses a parameter file and the files that it includes, which are looked up in its own folder, in the `home` of
        GoldenGate and in the current folder. Statements that do not select changes are skipped. Warns with `LintWarning` about
        doubtful constructs.

        Raises `FilterSyntaxError`, `OSError`.
        """
        given = {} if home is None else {"home": os.fspath(home)}
        select = cls._of(os.fspath(path), True, lenient=lenient, dialect=dialect, **given)
        if text := select._compiled.lint_text:
            warnings.warn(text, LintWarning, stacklevel=2)
        return select

    def __and__(self, other: Select) -> Select:
        """Returns a selection that narrows this one: a change must pass both. It is strict if one of them is."""
        if not isinstance(other, Select):
            return NotImplemented
        select = Select.__new__(Select)
        lenient = bool(self._options.get("lenient") and other._options.get("lenient"))
        select._options = {**self._options, "lenient": lenient}
        select._compiled = self._compiled.narrowed(other._compiled)
        select._made = (operator.and_, (self, other))
        return select

    def lenient(self) -> Select:
        """Returns a lenient copy: it rejects and counts changes that it cannot decide on."""
        return self._with(lenient=True)

    def counting_bytes(self) -> Select:
        """Returns a copy whose text functions count UTF-8 bytes instead of characters, as releases before 26ai do."""
        return self._with(text_unit="bytes")

    def explain(self, table: _native.TableDef) -> str:
        """Explains how the selection decides on a table: its tests in evaluation order, and the columns that each reads."""
        text, problems = self._compiled.explain(table)
        return f"{text}\n{problems}" if problems else text

    @property
    def lints(self) -> list[Diagnostic]:
        """The doubtful constructs in its text."""
        return [Diagnostic(*diagnostic) for diagnostic in self._compiled.lints]

    def __str__(self) -> str:
        return str(self._compiled)

    def __repr__(self) -> str:
        return f"<Select {' '.join(str(self).split())}>"

    def __eq__(self, other: object) -> bool:
        return self._compiled == other._compiled if isinstance(other, Select) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))


def _parsed(text: str, options: Mapping[str, Any]) -> Select:
    return Select._of(text, False, **options)


def _changed(select: Select, changed: Mapping[str, Any]) -> Select:
    return select._with(**changed)


def micros(time: _dt.datetime) -> int:
    """Returns the microseconds since 1970-01-01 in UTC."""
    return (utc(time) - _dt.datetime(1970, 1, 1, tzinfo=_dt.timezone.utc)) // _dt.timedelta(microseconds=1)


def _text(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} must be text, not {type(value).__name__}")
    return value


def _texts(argument: str, values: str | Iterable[str]) -> list[str]:
    """Returns one text, or several, as a list."""
    if isinstance(values, str):
        return [values]
    if not isinstance(values, Iterable):
        raise TypeError(f"{argument} must be text or a list of texts, not {type(values).__name__}")
    return [_text(f"an item of {argument}", value) for value in values]


def _some(argument: str, values: str | Iterable[str]) -> list[str]:
    """Returns one text, or several, as a list that is not empty."""
    texts = _texts(argument, values)
    if not texts:
        raise ValueError(f"{argument} is empty: nothing would be selected; leave it out to select everything")
    return texts


def _clause(argument: str, clause: str | None) -> str | None:
    return None if clause is None else _text(argument, clause)


def point_text(argument: str, point: StartPoint | None) -> str | None:
    """Returns a place in a trail as text. `argument` is the name of the argument, for errors."""
    if point is None:
        return None
    place = _place(argument, point)
    if isinstance(place, _dt.datetime):
        return utc(place).replace(tzinfo=None).isoformat(timespec="microseconds")
    return place if isinstance(place, str) else f"{place[0]}:{place[1]}"


def _place(argument: str, point: object) -> Position | _dt.datetime | str:
    """Returns a position, a time, or the text ``csn:NUMBER``.

    Raises `TypeError` or `ValueError`, which name the argument and the accepted forms.
    """
    if isinstance(point, _dt.datetime):
        return point
    if isinstance(point, str):
        if point.startswith("csn:"):
            return point
        return parse_point(point, argument)
    if isinstance(point, tuple) and len(point) == 2 and all(isinstance(part, int) for part in point):
        return Position(*point)
    if isinstance(point, _dt.date):
        return _dt.datetime(point.year, point.month, point.day)
    # numpy.datetime64 and pandas.Timestamp, without needing either.
    if type(point).__name__ == "datetime64" and hasattr(point, "astype"):
        made = point.astype("datetime64[us]").item()
        if isinstance(made, _dt.datetime):
            return made
    raise TypeError(f"{argument} must be {_FORMS}, not {type(point).__name__}")


_FORMS = (
    "a position such as 12:1956, a time (datetime, date, numpy.datetime64, or text such as 2024-03-01T12:00:00, UTC unless it "
    "has an offset), or csn:NUMBER"
)


def parse_point(text: str, argument: str = "start") -> Position | _dt.datetime:
    """Parses a position or a UTC time. Raises `ValueError`."""
    try:
        return Position.parse(text)
    except ValueError:
        pass
    try:
        return utc(_dt.datetime.fromisoformat(text.replace("Z", "+00:00")))
    except ValueError:
        raise ValueError(f"{text!r} is not a start point; {argument} must be {_FORMS}") from None
