"""The exceptions of the package.

Files that cannot be read raise `OSError` (`FileNotFoundError` for a file that does not exist). Arguments that are wrong for
any trail raise `ValueError`. All other errors are a `TrailError`. No message contains column data.
"""

from __future__ import annotations

import contextlib
import difflib
import re
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

from trailcore._values import Position

__all__ = [
    "BusyError",
    "ClosedError",
    "Diagnostic",
    "FilterSyntaxError",
    "ForkError",
    "InexactWarning",
    "LeftOutWarning",
    "LintWarning",
    "SkippedWarning",
    "TrailError",
    "TrailWarning",
    "UndecidableWarning",
    "UnfinishedTransactionWarning",
    "UnmatchedTableWarning",
]
__all__ += [
    # generated: names of error kinds
    "CancelledError",
    "ColumnValueError",
    "CorruptTrailError",
    "DefinitionsError",
    "EncodingError",
    "FilterError",
    "InternalError",
    "InvalidPositionError",
    "JsonError",
    "NotATrailError",
    "SchemaChangeError",
    "SequenceGapError",
    "TruncatedTrailError",
    "UndecidableError",
    "UndefinedTableError",
    "UnknownTableError",
    "UnsupportedError",
    # end of generated
]


class TrailError(Exception):
    """An error in a trail or in a request to it: the base class of all errors of the package.

    `code` is the number of the error kind, the same in all languages. `what` is the message without the location. `file`,
    `rba`, `record` and `position` are the location, `None` where it is not known.
    """

    code: int = 0
    what: str = ""
    file: str | None = None
    rba: int | None = None
    record: int | None = None
    position: Position | None = None


# generated: classes of error kinds


class NotATrailError(TrailError):
    """The bytes are not a trail file."""


class TruncatedTrailError(TrailError):
    """The input ends inside a record: the file is torn, or is still being written."""


class CorruptTrailError(TrailError):
    """The bytes contradict each other: the file is damaged at this location."""


class UnsupportedError(TrailError):
    """The data are well-formed but of an unknown form; the raw bytes stay readable."""


class UndefinedTableError(TrailError):
    """A row refers to a table definition that the trail does not contain."""


class SequenceGapError(TrailError):
    """Files are missing between two sequence numbers of the trail."""


class InvalidPositionError(TrailError, ValueError):
    """The position is not the start of a record, or is outside the trail."""


class DefinitionsError(TrailError):
    """The definitions (DEFGEN) file cannot be parsed."""


class ColumnValueError(TrailError, ValueError):
    """The column cannot be read as requested: it has another type, is NULL, is missing, or cannot be decoded."""


class JsonError(TrailError):
    """The text is not in the native JSON form, or a change cannot be written in it."""


class EncodingError(TrailError, ValueError):
    """The trail format cannot represent the change or value."""


class FilterError(TrailError):
    """The filter text is not valid, or does not fit the table."""


class UndecidableError(FilterError):
    """A filter in strict mode cannot decide on a change."""


class CancelledError(TrailError):
    """The caller cancelled the operation; the next call continues where it stopped."""


class SchemaChangeError(TrailError):
    """The definition of a table changes, but a constant one was requested."""


class UnknownTableError(TrailError, KeyError):
    """The trail does not contain a table of this name."""

    # KeyError quotes its argument.
    __str__ = Exception.__str__


class InternalError(TrailError, RuntimeError):
    """A defect of trailcore: an internal invariant does not hold. The message names the place in its source; report it."""


# end of generated


class Diagnostic(NamedTuple):
    """An error or a lint in the text of a selection. A selection with lints works.

    `message` states the problem, and `help` the way out if there is one. `start` and `end` are the range in the text, in bytes
    of its UTF-8 encoding. `ogg_number` is the number of GoldenGate's own message, if any. `is_error` is false for a lint.
    """

    message: str
    help: str | None
    start: int
    end: int
    ogg_number: int | None
    is_error: bool


class FilterSyntaxError(FilterError, ValueError):
    """The text of a selection cannot be parsed. The message marks each location with a caret. `diagnostics` lists them."""

    diagnostics: list[Diagnostic]

    def __init__(self, message: str, diagnostics: list[Diagnostic] | None = None) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics or []


class TrailWarning(UserWarning):
    """A result does not have all that its caller may expect: the base class of all warnings of the package. The ``report`` of
    the result has the details."""


class UndecidableWarning(TrailWarning):
    """A selection rejected changes that it could not decide on, because they lack a column that it needs."""


class SkippedWarning(TrailWarning):
    """Ranges of a trail were skipped, with ``resync=True``; what they contained is not in the result."""


class UnmatchedTableWarning(TrailWarning):
    """A selection names tables that the trail does not have, or operations that its statements leave out."""


class UnfinishedTransactionWarning(TrailWarning):
    """The trail ends inside a transaction, or another one begins: the result has a part of it."""


class LeftOutWarning(TrailWarning):
    """The form of the result cannot hold some changes, such as truncates."""


class InexactWarning(TrailWarning):
    """Rows of a state are incomplete or doubtful, because the trail does not hold all changes of them."""


class LintWarning(TrailWarning):
    """A parameter file has statements that are probably not meant so, or that this library does not carry out."""


_WARNINGS: dict[str, type[TrailWarning]] = {
    "undecided": UndecidableWarning,
    "skipped": SkippedWarning,
    "unmatched": UnmatchedTableWarning,
    "unfinished": UnfinishedTransactionWarning,
    "left_out": LeftOutWarning,
    "inexact": InexactWarning,
}


class ClosedError(TrailError, ValueError):
    """The object is closed, or its stream has already been consumed."""


class BusyError(TrailError, RuntimeError):
    """A callback used the object that is calling it."""


class ForkError(TrailError, RuntimeError):
    """The object was created before this process was forked. Open the trail again in this process, or start processes with
    ``spawn``."""


_IO, _NOT_FOUND, _INVALID_ARGUMENT = 1, 2, 12

_CLASSES: dict[int, type[TrailError]] = {
    # generated: error kinds
    3: NotATrailError,
    4: TruncatedTrailError,
    5: CorruptTrailError,
    6: UnsupportedError,
    7: UndefinedTableError,
    8: SequenceGapError,
    9: InvalidPositionError,
    10: DefinitionsError,
    11: ColumnValueError,
    13: JsonError,
    14: EncodingError,
    15: FilterError,
    16: UndecidableError,
    17: CancelledError,
    18: SchemaChangeError,
    19: UnknownTableError,
    20: InternalError,
    # end of generated
}


def _choice(match: re.Match[str]) -> str:
    name, value, choices = match.groups()
    known = ", ".join(f"'{one}'" for one in re.findall(r"`(\w+)`", choices))
    return f"{name} must be {known.replace(repr('scale'), 'a scale of 0 to 38')}, not '{value}'"


def _unknown(match: re.Match[str]) -> str:
    name, known = match[1], re.findall(r"`(\w+)`", match[2])
    close = difflib.get_close_matches(name, known, 1)
    return f"unknown option {name}{f'; did you mean {close[0]}' if close else ''}? The options are {', '.join(known)}"


def _typed(match: re.Match[str]) -> str:
    name, value, wanted = match.groups()
    words = {"a boolean": "True or False", "a sequence": "a list", "a string": "text"}
    is_whole = re.fullmatch(r"[ui](8|16|32|64|size)", wanted)
    return f"{name} must be {'a whole number' if is_whole else words.get(wanted, wanted)}, not {value}"


# The core names options as documents do. Here they are arguments.
_SPELLING: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    (r"options document: unknown field `(\w+)`, expected one of (.*?)( at line .*)?$", _unknown),
    (r"options document: (\w+): unknown variant `(.*?)`, expected (.*)", _choice),
    (r"options document: (\w+): invalid type: \w+ (.*?), expected (.*)", _typed),
    (r"^options document: ", ""),
    (r"set the option on_schema_change to stop for one stream per definition", "use versions() for one table per definition"),
    (r", or to stop for one stream per definition", ", or use versions() for one table per definition"),
    (r"set the database character set", "set charset="),
    (r"the option (resync|states|complete|old_key)\b(?! needs)", r"\1=True"),
    (r"the option (\w+) to (\w+), or to (\w+)", r"\1='\2', or \1='\3'"),
    (r"the option (\w+) to (\w+)", r"\1='\2'"),
    (r"add the column to the option wide", "pass wide= with the name of the column"),
    (r"the option (\w+)", r"\1="),
    (r"\bset (\w+=)", r"pass \1"),
    (r"provide a definitions file", "pass a definitions file as defs="),
    (r"select in lenient mode", "select with lenient=True"),
]


def spelled(message: str) -> str:
    """Returns a message with the options in Python's spelling."""
    for pattern, text in _SPELLING:
        message = re.sub(pattern, text, message)
    return message


def from_native(
    code: int,
    message: str,
    what: str,
    file: str | None,
    rba: int | None,
    record: int | None,
    position: tuple[int, int] | None,
) -> Exception:
    """Returns the exception for an error of the native library."""
    message, what = spelled(message), spelled(what)
    if code == _INVALID_ARGUMENT:
        return ValueError(message)
    if code in (_IO, _NOT_FOUND):
        return (FileNotFoundError if code == _NOT_FOUND else OSError)(message)
    error = _CLASSES.get(code, TrailError)(message)
    error.code, error.what = code, what
    error.file, error.rba, error.record = file, rba, record
    error.position = Position(*position) if position else None
    return error


def from_diagnostics(
    message: str, diagnostics: list[tuple[str, str | None, int, int, int | None, bool]], file: str | None
) -> Exception:
    """Returns the exception for the diagnostics of a selection."""
    error = FilterSyntaxError(message, [Diagnostic(*diagnostic) for diagnostic in diagnostics])
    error.code, error.file = 15, file
    error.what = error.diagnostics[0].message if error.diagnostics else message
    return error


_ADVICE = {"undecided": ". Pass lenient=True to silence this warning, or lenient=False to make it an error"}
# Libraries that consume a stream: a warning points to the line that called them.
_CONSUMERS = ("trailcore", "polars", "pyarrow", "pandas", "duckdb", "deltalake")


_REQUESTED = threading.local()


@contextlib.contextmanager
def requested_at(place: tuple[str, int] | None) -> Iterator[None]:
    """Lets `caller` return a place in a thread of another library, which has no frame of the user."""
    _REQUESTED.place = place
    try:
        yield
    finally:
        _REQUESTED.place = None


def caller() -> tuple[str, int] | None:
    """Returns file and line of the innermost frame outside of this package and of the libraries that consume its streams; in
    a thread of such a library, the place of `requested_at`."""
    frame: types.FrameType | None = sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _CONSUMERS:
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else getattr(_REQUESTED, "place", None)


def warn(notices: list[tuple[str, str]], place: tuple[str, int] | None) -> None:
    """Warns about what is not in a result. `place` is where the result was requested, for threads without a caller."""
    file, line = caller() or place or ("trailcore", 1)
    for kind, text in notices:
        # Without a registry, a warning is not taken for a repetition of the warning of an earlier result.
        warnings.warn_explicit(spelled(text) + _ADVICE.get(kind, ""), _WARNINGS.get(kind, TrailWarning), file, line)


def closed() -> Exception:
    """Returns the exception for the use of a closed object."""
    return ClosedError("the object is closed, or its stream has already been consumed")


def busy() -> Exception:
    """Returns the exception for a callback that uses its own caller."""
    return BusyError("a callback must not use the object that is calling it")


def forked() -> Exception:
    """Returns the exception for the use of an object in a forked process."""
    return ForkError("the trail was opened before this process was forked; open it again here, or start processes with 'spawn'")


def internal() -> Exception:
    """Returns the exception for a panic."""
    return InternalError("internal error in trailcore; the object cannot be used any more. Please report this as a bug")
