"""The options of the data source: those of `trailcore.open`, `Trail.select` and `Trail.table`, as text, and a few for Spark."""

from __future__ import annotations

import dataclasses
import difflib
import glob
import inspect
import json
import os
import re
from collections.abc import Mapping
from typing import Any

from trailcore._documents import ArrowOptions, ReadOptions, WriterOptions
from trailcore._native import Catalog
from trailcore._select import Select
from trailcore._trail import Trail, _Reading
from trailcore.spark import files

# Options of reading that a data source decides itself.
_OWN = {"start_at", "transactions_from", "transactions_until", "include_non_changes"}
# The arguments of `Select` that are not options of their own here.
_SELECT = {
    name: str(argument.annotation)
    for name, argument in inspect.signature(Select).parameters.items()
    if argument.kind is argument.KEYWORD_ONLY and name not in ("start", "until")
}


def _kinds(options: Any) -> dict[str, str]:
    """Returns the types of options, as they are written, by name."""
    return {name: getattr(kind, "__forward_arg__", str(kind)) for name, kind in options.__annotations__.items()}


_READ = {name: kind for name, kind in _kinds(ReadOptions).items() if name not in _OWN}
_ARROW = _kinds(ArrowOptions)
_WRITER = _kinds(WriterOptions)

_SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of a scan or a stream. It is pickled with each partition's reader."""

    paths: tuple[str, ...]
    tables: tuple[str, ...]
    several: bool
    reading: _Reading
    arrow: Mapping[str, Any]
    select: Mapping[str, Any]
    partition_bytes: int
    start: str
    until: str | None
    max_rows: int | None
    max_bytes: int | None
    pushdown: bool

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Options:
        """Reads the options that Spark passes, whose names it does not distinguish by case.

        Raises `ValueError` for an unknown option or a wrong value.
        """
        left = {name.lower(): value for name, value in given.items()}
        paths = _paths(left)
        tables = words(left.pop("table", ""))
        if not tables:
            raise ValueError('option("table", …) is missing: the name of a table, several such as "HR.EMP, HR.DEPT", or "HR.*"')
        defs = left.pop("defs", None)
        catalog = None if defs is None else Catalog.open(os.path.expanduser(defs))
        partition_bytes = _size("partition_bytes", left.pop("partition_bytes", "256m"))
        start, until = left.pop("start", "beginning"), left.pop("until", None)
        max_rows = left.pop("max_rows", None)
        max_bytes = left.pop("max_bytes", None)
        pushdown = _value("pushdown", "bool", left.pop("pushdown", "false"))
        known = {"path", "table", "defs", "partition_bytes", "start", "until", "max_rows", "max_bytes", "pushdown"}
        known |= _READ.keys() | _ARROW.keys() | _SELECT.keys()
        for name in left:
            if name not in known:
                raise ValueError(unknown(name, known))
        layout = {"times": "micros", **_taken(left, _ARROW)}
        if layout["times"] not in ("micros", "truncated"):
            raise ValueError(f"times must be 'micros' or 'truncated' in Spark, which has microseconds, not {layout['times']!r}")
        if layout.get("on_schema_change", "error") not in ("error", "union"):
            raise ValueError(f"on_schema_change must be 'error' or 'union' in Spark, not {layout['on_schema_change']!r}")
        options = cls(
            paths=paths,
            tables=tables,
            several=len(tables) > 1 or bool(re.search(r"[*?]", tables[0])),
            reading=_Reading(catalog=catalog, options=_taken(left, _READ)),
            arrow=layout,
            select=_taken(left, _SELECT),
            partition_bytes=partition_bytes,
            start=start,
            until=until,
            max_rows=None if max_rows is None else _number("max_rows", max_rows),
            max_bytes=None if max_bytes is None else _size("max_bytes", max_bytes),
            pushdown=pushdown,
        )
        options.selection()
        return options

    @property
    def prefix(self) -> str:
        """The prefix of the columns that do not come from the table."""
        return str(self.arrow.get("prefix", "_"))

    def selection(self) -> Select | None:
        """The selection that the options describe; `None` if the table's name is all of it."""
        wanted = {**self.select, "until": self.until}
        lenient = wanted.pop("lenient", None)
        if not self.several and not any(wanted.values()):
            return None
        return Select(*self.tables, **{name: one for name, one in wanted.items() if one}, lenient=lenient is not False)

    def open(self, path: str, **changed: Any) -> Trail:
        """Opens a trail with the read options, some of which are `changed`."""
        given = {name: one for name, one in changed.items() if one is not None}
        reading = dataclasses.replace(self.reading, options={**self.reading.options, **given}, select=self.selection())
        native = files.open_native(path)
        native.check_options(reading)
        return Trail(native, dataclasses.replace(reading, warns="lenient" not in self.select))


def _paths(left: dict[str, str]) -> tuple[str, ...]:
    """Returns the trails: each is a file, a prefix, or a directory with one trail, or with the ones that Spark has written."""
    path, several = left.pop("path", None), left.pop("paths", None)
    given = [path] if path is not None else json.loads(several) if several is not None else []
    if not given:
        raise ValueError('the path of the trail is missing: load("dirdat/lt"), a file, a prefix or a directory with one trail')
    found: list[str] = []
    for one in given:
        if files.is_url(one):
            found.append(one)
            continue
        one = files.local(one)
        written = sorted(glob.glob(os.path.join(glob.escape(one), "part-*", "")))
        found += [part.rstrip(os.sep) for part in written] or [one]
    return tuple(found)


def unknown(name: str, known: set[str]) -> str:
    """Returns the message for an unknown option."""
    close = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {close[0]}?" if close else f"; the options are {', '.join(sorted(known))}"
    return f"unknown option {name}{hint}"


def writer_options(left: dict[str, str]) -> dict[str, Any]:
    """Takes the options of `trailcore.Writer` out of these, and returns them."""
    return _taken(left, _WRITER)


def writer_names() -> set[str]:
    """Returns the names of the options of `trailcore.Writer`."""
    return set(_WRITER)


def _taken(left: dict[str, str], kinds: Mapping[str, str]) -> dict[str, Any]:
    return {name: _value(name, kinds[name], left.pop(name)) for name in list(left) if name in kinds}


def _value(name: str, kind: str, text: str) -> Any:
    """Returns a value of the type that an option has in Python. The library checks it."""
    if kind == "bool":
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{name} must be true or false, not {text!r}")
        return text.lower() == "true"
    if "Iterable" in kind:
        return list(words(text))
    if re.fullmatch(r"[0-9]+", text) and re.search(r"\bint\b", kind):
        return int(text)
    return text


def words(text: str) -> tuple[str, ...]:
    """Returns the words of a list that commas separate."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _number(name: str, text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]*", text):
        raise ValueError(f"{name} must be a whole number of at least 1, not {text!r}")
    return int(text)


def _size(name: str, text: str) -> int:
    match = re.fullmatch(r"([1-9][0-9]*)([kmg]?)b?", text.lower())
    if match is None:
        raise ValueError(f"{name} must be a size such as 64m or 1g, not {text!r}")
    return int(match[1]) * _SIZES[match[2]]
