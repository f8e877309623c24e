"""What goes wrong, as exceptions.

Files that cannot be read raise `OSError` (`FileNotFoundError` where there is none), arguments that no trail could make right
`ValueError`; all else is a `TrailError`. No message holds column data.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

from trailcore._values import Position


class TrailError(Exception):
    """What is wrong with a trail, or with what was asked of it.

    `code` is the number of the kind, the same in all languages; `what` says it without the place; `file`, `rba`, `record`
    and `position` say where, as far as that is known.
    """

    code: int = 0
    what: str = ""
    file: str | None = None
    rba: int | None = None
    record: int | None = None
    position: Position | None = None


class NotATrailError(TrailError):
    """The bytes are not those of a trail file."""


class TruncatedTrailError(TrailError):
    """The trail ends inside a record: it is torn, or still being written. Reading on later may succeed."""


class CorruptTrailError(TrailError):
    """The bytes contradict each other: the file is damaged here."""


class UnsupportedError(TrailError):
    """Well-formed as far as can be seen, but of a form that is not known, or encrypted."""


class UndefinedTableError(TrailError):
    """The columns of a table are not known: the trail does not define it."""


class SequenceGapError(TrailError):
    """Files are missing between two sequence numbers."""


class InvalidPositionError(TrailError, ValueError):
    """A position that is not the start of a record, or lies outside the trail."""


class DefinitionsError(TrailError):
    """A definitions (DEFGEN) file that cannot be understood."""


class ColumnValueError(TrailError, ValueError):
    """A value does not fit what was asked of it, or cannot be decoded."""


class EncodingError(TrailError, ValueError):
    """Something that the trail format has no room for."""


class FilterError(TrailError):
    """A selection that does not fit a table, or that fails on a change as GoldenGate's would (its own OGG number)."""


class Finding(NamedTuple):
    """One thing that a selection's text is found to be: an error, or a lint that it works in spite of.

    `start` and `end` say where in the text, in bytes of its UTF-8.
    """

    message: str
    help: str | None
    start: int
    end: int
    ogg_number: int | None
    is_error: bool


class FilterSyntaxError(FilterError, ValueError):
    """A selection whose text is not understood. The message shows each place with a caret; `findings` has them apart."""

    findings: list[Finding]

    def __init__(self, message: str, findings: list[Finding] | None = None) -> None:
        super().__init__(message)
        self.findings = findings or []


class UndecidableError(FilterError):
    """A selection in strict mode cannot decide on a change, since a column that it needs is not there."""


class UndecidableWarning(UserWarning):
    """A selection has turned changes away that it could not decide on, since a column that it needs is not in them."""


class SchemaChangeError(TrailError):
    """A table's definition changes where one that stays was asked for."""


class UnknownTableError(TrailError, KeyError):
    """There is no table of that name."""

    # KeyError shows its argument quoted.
    __str__ = Exception.__str__


class ClosedError(TrailError, ValueError):
    """The object has been closed, or its one stream taken."""


class BusyError(TrailError, RuntimeError):
    """A callback uses the object that is calling it."""


class ForkError(TrailError, RuntimeError):
    """The object was made before this process forked from its maker. Open the trail anew here, or start processes with
    ``spawn``."""


class InternalError(TrailError, RuntimeError):
    """A mistake of the library's own. What it happened to is not used again."""


_IO, _NOT_FOUND, _INVALID_ARGUMENT = 1, 2, 12

_CLASSES: dict[int, type[TrailError]] = {
    3: NotATrailError,
    4: TruncatedTrailError,
    5: CorruptTrailError,
    6: UnsupportedError,
    7: UndefinedTableError,
    8: SequenceGapError,
    9: InvalidPositionError,
    10: DefinitionsError,
    11: ColumnValueError,
    14: EncodingError,
    15: FilterError,
    16: UndecidableError,
    18: SchemaChangeError,
    19: UnknownTableError,
}


def from_native(
    code: int,
    message: str,
    what: str,
    file: str | None,
    rba: int | None,
    record: int | None,
    position: tuple[int, int] | None,
) -> Exception:
    """The exception that an error of the library is."""
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
    message: str, findings: list[tuple[str, str | None, int, int, int | None, bool]], file: str | None
) -> Exception:
    """The exception that a selection's findings are."""
    error = FilterSyntaxError(message, [Finding(*finding) for finding in findings])
    error.code, error.file = 15, file
    error.what = error.findings[0].message if error.findings else message
    return error


def warn_undecidable(count: int) -> None:
    """Warns of changes that a selection could not decide on."""
    warnings.warn(
        f"{count:,} changes were turned away undecided: a column that the selection needs is not in them, as in deletes and "
        "compressed updates. lenient=True says that this is meant, lenient=False makes it an error",
        UndecidableWarning,
        stacklevel=2,
    )


def closed() -> Exception:
    """What becomes of work on a closed object."""
    return ClosedError("the object has been closed, or its stream taken already")


def busy() -> Exception:
    """What becomes of a callback's work on its own caller."""
    return BusyError("a callback must not use the object that is calling it")


def forked() -> Exception:
    """What becomes of work in a forked process."""
    return ForkError("this process forked from the one that opened the trail; open it anew here, or use 'spawn'")


def internal() -> Exception:
    """What becomes of a panic."""
    return InternalError("a mistake of trailcore's own; the object cannot be used any more. Please report it")
