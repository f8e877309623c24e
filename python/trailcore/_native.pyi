import builtins
import datetime as _dt
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, final

from typing_extensions import CapsuleType, Self

from trailcore._table import Arrow
from trailcore._trail import _Reading
from trailcore._values import Changed, Position

__all__ = [
    "Batch",
    "Batches",
    "Catalog",
    "Change",
    "Changes",
    "Column",
    "Record",
    "Records",
    "Select",
    "Table",
    "TableDef",
    "Trail",
    "Writer",
    "__version__",
    "_panic_drill",
]

__version__: str

_Path = str | os.PathLike[str]
_Progress = Callable[[int, int], object] | None
_Finding = tuple[str, str | None, int, int, int | None, bool]
_Op = Literal["insert", "update", "pk_update", "delete", "truncate", "ddl", "metadata", "other"]

@final
class Change:
    """One change of a trail. It owns its data: it may be kept, and any number of threads may use it.

    `before` and `after` are dicts by column name, made anew for each access; `None` where the trail has no such image. A
    column that an image does not have is not in its dict; SQL's NULL is `None`. Numbers are int where there are no digits
    behind the point, else `decimal.Decimal` with exactly the trail's digits; dates are `datetime.datetime` without a zone, as
    the database has them (`NanoDatetime` where they are finer than microseconds), or `datetime.date`; text is `str`, bytes
    are `bytes`. A value that cannot be decoded is an `Invalid`.
    """

    @property
    def op(self) -> _Op:
        """What it does: ``insert``, ``update``, ``pk_update``, ``delete``, ``truncate`` or ``ddl``."""
    @property
    def table(self) -> str:
        """The name of its table, parts joined by ``.``; of a statement, that of its object."""
    @property
    def definition(self) -> TableDef:
        """The definition of its table."""
    @property
    def position(self) -> Position:
        """Where its record starts; of a pair of before and after records, the after record."""
    @property
    def start(self) -> Position:
        """Where its first record starts: reading that starts here finds the whole change."""
    @property
    def csn(self) -> str | None:
        """The commit sequence number of its transaction, as text; `None` where the trail does not say it."""
    @property
    def xid(self) -> str | None:
        """The id of its transaction; `None` where the trail does not say it."""
    @property
    def timestamp(self) -> _dt.datetime:
        """The record's time, of the commit for rows: aware, in UTC."""
    @property
    def transaction(self) -> Literal["first", "middle", "last", "only"] | None:
        """Where it stands in its transaction."""
    @property
    def before(self) -> dict[str, Any] | None:
        """The row before the change. Raises `CorruptTrailError`, `UnsupportedError` where it is encrypted."""
    @property
    def after(self) -> dict[str, Any] | None:
        """The row after the change. Raises as `before`."""
    @property
    def changed(self) -> dict[str, Changed]:
        """What an update altered: by column, the old and the new value. The old one is `MISSING` where the trail does not
        have it, so that whether such a column was altered is not known. Empty for other operations."""
    @property
    def key(self) -> dict[str, Any]:
        """The key columns of the row that was changed, as they were before; empty where the table has no key or the images
        do not have it."""
    @property
    def tokens(self) -> dict[str, Any]:
        """GoldenGate's own tokens of its record, without those of the transaction; user tokens as bytes under ``user``."""
    @property
    def ddl(self) -> str | None:
        """The text of a statement; `None` for other changes."""
    @property
    def fragments(self) -> list[bytes]:
        """The large-object fragments that follow its record, as they stand: how they are laid out is not known."""
    def to_dict(self) -> dict[str, Any]:
        """All of it as a dict with the members of the native JSON form: ``seqno``, ``rba``, ``op``, ``table``, ``ts`` (an aware
        datetime), ``csn``, ``xid``, ``txn``, ``before``, ``after``, ``tokens``, and ``ddl`` for statements."""
    def to_json(self) -> str:
        """It as one line of native JSON, without a line end. Numbers have exactly the trail's digits."""
    def __getitem__(self, name: str, /) -> Any:
        """A column's value after the change, or of a delete before it. Case does not count. Raises `KeyError` where the
        image does not have it."""
    def _repr_html_(self) -> str: ...
    def __copy__(self) -> Change: ...
    def __deepcopy__(self, _memo: Any, /) -> Change: ...

@final
class Changes(Iterator[Change]):
    """An iterator of the changes of a trail. Several threads may share it: each change goes to one of them."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> Change: ...
    @property
    def counts(self) -> dict[str, int]:
        """What the selection has said so far, read-ahead included: ``accepted``, ``rejected``, ``undecidable``, ``errors``."""
    @property
    def skipped(self) -> list[tuple[Position, Position, str]]:
        """What was passed over so far: from where, to where, and why. Empty but with ``resync``."""
    @property
    def tables(self) -> list[TableDef]:
        """The definitions met so far: of each table the latest."""
    def close(self) -> None:
        """Closes the files. Changes that were handed out stay; a further `next` raises `ClosedError`."""

@final
class Record:
    """One record of a trail as it stands. It owns its bytes."""

    @property
    def position(self) -> Position:
        """Where it starts."""
    @property
    def number(self) -> int:
        """Its number in its file; the file header is 0."""
    @property
    def length(self) -> int:
        """Its length in bytes."""
    @property
    def bytes(self) -> builtins.bytes:
        """All of it."""
    @property
    def data(self) -> builtins.bytes:
        """Its data area."""
    @property
    def type_code(self) -> int:
        """The number of its type."""
    @property
    def type_name(self) -> str | None:
        """The name of its type, as Logdump prints it; `None` where none is known."""
    @property
    def header(self) -> dict[str, Any]:
        """The fields of its header; empty for a file header."""
    @property
    def tokens(self) -> dict[str, Any]:
        """GoldenGate's tokens by name."""

@final
class Records(Iterator[Record]):
    """An iterator of the records of a trail."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> Record: ...
    @property
    def skipped(self) -> list[tuple[Position, Position, str]]:
        """What was passed over so far: from where, to where, and why. Empty but with ``resync``."""
    def close(self) -> None:
        """Closes the files."""

@final
class Column:
    """One column of a table. Immutable."""

    def __new__(
        cls,
        name: str,
        kind: Literal["text", "char", "integer", "decimal", "number", "datetime", "binary"] = "text",
        *,
        length: int = 255,
        scale: int = 0,
        fraction: int = 6,
        key: bool = False,
        charset: str | None = None,
    ) -> Self:
        """A column for a `Writer`.

        ``text`` and ``binary`` have at most `length` bytes, ``char`` exactly so many; ``integer`` is a whole number of up to 18
        digits, ``decimal`` one with `scale` digits behind the point; ``number`` has any number of digits; ``datetime`` has
        `fraction` digits of a second.
        """
    @property
    def name(self) -> str:
        """Its name."""
    @property
    def kind(self) -> Literal["text", "integer", "decimal", "number", "datetime", "binary", "unknown"]:
        """What it holds. The bytes of an ``unknown`` column are handed over as they are."""
    @property
    def key(self) -> bool:
        """Whether it belongs to the key."""
    @property
    def scale(self) -> int:
        """Digits behind the decimal point."""
    @property
    def length(self) -> int:
        """Its length in bytes, as the definition says."""
    @property
    def nullable(self) -> bool | None:
        """Whether it may be NULL; `None` where the trail does not say."""
    @property
    def charset(self) -> str | None:
        """The character set of its text; `None` where it is not stated."""
    @property
    def type_code(self) -> int:
        """GoldenGate's number of its data type."""
    @property
    def sub_type(self) -> int:
        """GoldenGate's number of its sub type."""
    def __eq__(self, other: object, /) -> bool: ...

@final
class TableDef:
    """What a table looks like: one version of its definition. Immutable."""

    def __new__(cls, name: str, columns: list[Column]) -> Self:
        """A definition for a `Writer`, or for a `Catalog`."""
    @property
    def name(self) -> str:
        """Its name, parts joined by ``.``."""
    @property
    def columns(self) -> list[Column]:
        """Its columns, in order."""
    @property
    def key(self) -> list[str]:
        """The names of its key columns."""
    @property
    def is_defined(self) -> bool:
        """Whether its columns are known."""
    def __getitem__(self, name: str, /) -> Column:
        """The column of this name; case does not count. Raises `KeyError`."""
    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def _repr_html_(self) -> str: ...

@final
class Catalog:
    """Definitions of tables that trails do not define themselves. Immutable."""

    @staticmethod
    def open(path: _Path) -> Catalog:
        """The definitions of a definitions (DEFGEN) file. Raises `DefinitionsError`, `OSError`."""
    @staticmethod
    def parse(bytes: bytes) -> Catalog:
        """The definitions in the bytes of such a file."""
    @staticmethod
    def of(tables: list[TableDef]) -> Catalog:
        """These definitions."""
    @property
    def tables(self) -> list[TableDef]:
        """All of them."""

@final
class Select:
    @staticmethod
    def parse(text: str, dialect: str) -> Select: ...
    @staticmethod
    def from_file(path: _Path, dialect: str) -> Select: ...
    def lenient(self) -> Select: ...
    def text_unit(self, bytes: bool) -> Select: ...
    def explain(self, table: TableDef) -> tuple[str, str | None]: ...
    @property
    def lints(self) -> list[_Finding]: ...
    @property
    def lint_text(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class Table:
    def __arrow_c_schema__(self) -> CapsuleType: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> CapsuleType: ...
    def next_batch(self) -> Batch | None: ...
    def next_version(self) -> Table | None: ...
    def raise_pending(self) -> None: ...
    @property
    def fields(self) -> list[tuple[str, str, bool]]: ...

@final
class Batch:
    """Some rows of one table, exported by the Arrow PyCapsule interface as often as wanted. Immutable."""

    @property
    def table(self) -> str | None:
        """The name of its table."""
    @property
    def num_rows(self) -> int:
        """How many rows there are."""
    @property
    def column_names(self) -> list[str]:
        """The names of its columns."""
    def __len__(self) -> int: ...
    def __arrow_c_schema__(self) -> CapsuleType:
        """Its schema as the Arrow PyCapsule interface has it."""
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[CapsuleType, CapsuleType]:
        """Schema and rows as the Arrow PyCapsule interface has them."""
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> CapsuleType:
        """A stream of this one batch."""

@final
class Batches(Iterator[Batch]):
    def __iter__(self) -> Self: ...
    def __next__(self) -> Batch: ...
    @property
    def skipped(self) -> list[tuple[Position, Position, str]]: ...
    @property
    def tables(self) -> list[TableDef]: ...

@final
class Trail:
    @staticmethod
    def open(path: _Path) -> Trail: ...
    @staticmethod
    def open_files(paths: list[_Path]) -> Trail: ...
    @staticmethod
    def of_sources(sources: list[tuple[str, Any]]) -> Trail: ...
    @property
    def files(self) -> list[tuple[str, int | None]]: ...
    @property
    def gaps(self) -> list[tuple[int, int]]: ...
    @property
    def size(self) -> int: ...
    def headers(self) -> list[dict[str, Any]]: ...
    def changes(self, read: _Reading, progress: _Progress = None) -> Changes: ...
    def records(self, read: _Reading, progress: _Progress = None) -> Records: ...
    def table(self, name: str, read: _Reading, arrow: Arrow, progress: _Progress = None) -> Table: ...
    def batches(self, read: _Reading, arrow: Arrow, progress: _Progress = None) -> Batches: ...
    def summary(self, read: _Reading, progress: _Progress = None) -> dict[str, Any]: ...
    def check(self, read: _Reading, progress: _Progress = None) -> dict[str, Any]: ...
    def find_csn(self, csn: str, read: _Reading) -> Position | None: ...
    def find_time(self, micros: int, read: _Reading) -> Position | None: ...

@final
class Writer:
    def __new__(
        cls,
        prefix: _Path | None,
        *,
        order: str,
        file_size: int,
        first_seqno: int,
        charset: str,
        group: str,
        metadata: bool,
        created: int,
    ) -> Self: ...
    def begin(self, csn: str, xid: str, micros: int) -> None: ...
    def commit(self) -> None: ...
    def abend(self) -> None: ...
    @property
    def is_in_handed_transaction(self) -> bool: ...
    @property
    def in_memory(self) -> bool: ...
    @property
    def is_finished(self) -> bool: ...
    def insert(self, table: TableDef, after: Mapping[str, Any]) -> None: ...
    def delete(self, table: TableDef, before: Mapping[str, Any]) -> None: ...
    def update(self, table: TableDef, before: Mapping[str, Any], after: Mapping[str, Any], style: str) -> None: ...
    def pk_update(self, table: TableDef, before: Mapping[str, Any], after: Mapping[str, Any]) -> None: ...
    def truncate(self, table: TableDef) -> None: ...
    def ddl(self, owner: str, object: str, text: str) -> None: ...
    def write(self, change: Change) -> None: ...
    def finish(self) -> list[tuple[str, bytes]]: ...
    def discard(self) -> None: ...

def _panic_drill() -> None: ...
