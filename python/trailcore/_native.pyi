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
    "call",
    "cli_main",
]

__version__: str

_Path = str | os.PathLike[str]
_Progress = Callable[[int, int], object] | None
_Diagnostic = tuple[str, str | None, int, int, int | None, bool]
_Op = Literal["insert", "update", "pk_update", "delete", "truncate", "ddl", "metadata", "other"]

@final
class Change:
    """One change of a trail. It owns its data, is immutable, and may be used by any number of threads.

    `before` and `after` are dicts by column name, created on each access, or `None` if the trail has no such image. A column
    that is missing from an image is not in its dict. SQL's NULL is `None`. A number without fraction digits is an int, any
    other number a `decimal.Decimal` with exactly the digits of the trail. A date is a naive `datetime.datetime`, as the
    database stores no zone (`NanoDatetime` if it is finer than microseconds), or a `datetime.date`. Text is `str`, bytes are
    `bytes`, and a value that cannot be decoded is an `Invalid`.

    ``change["NAME"]`` is the value of a column after the change, or before it for a delete. Column names are
    case-insensitive here. Raises `KeyError` if the column is missing.
    """

    @property
    def op(self) -> _Op:
        """The operation: ``insert``, ``update``, ``pk_update``, ``delete``, ``truncate`` or ``ddl``."""
    @property
    def table(self) -> str:
        """The name of its table, with the parts joined by ``.``. For a DDL change, the name of the object."""
    @property
    def definition(self) -> TableDef:
        """The definition of its table."""
    @property
    def position(self) -> Position:
        """The position of its record. For a pair of before and after records, the position of the after record."""
    @property
    def start(self) -> Position:
        """The position of its first record. Reading that starts here returns the whole change."""
    @property
    def csn(self) -> str | None:
        """The commit sequence number of its transaction as text, or `None` if the trail does not contain it."""
    @property
    def xid(self) -> str | None:
        """The id of its transaction, or `None` if the trail does not contain it."""
    @property
    def timestamp(self) -> _dt.datetime:
        """The timestamp of the record, which is the commit time for row changes: an aware datetime in UTC."""
    @property
    def transaction(self) -> Literal["first", "middle", "last", "only"] | None:
        """The transaction indicator: ``first``, ``middle``, ``last`` or ``only``."""
    @property
    def before(self) -> dict[str, Any] | None:
        """The row before the change. Raises `CorruptTrailError`, or `UnsupportedError` if it is encrypted."""
    @property
    def after(self) -> dict[str, Any] | None:
        """The row after the change. Raises the same errors as `before`."""
    @property
    def changed(self) -> dict[str, Changed]:
        """The columns that an update altered, each with the old and the new value. The old value is `MISSING` if the trail does
        not contain it; it is not known then whether the column was altered. Empty for other operations.
        """
    @property
    def key(self) -> dict[str, Any]:
        """The key columns of the changed row, as they were before the change. Empty if the table has no key or the images lack
        it.
        """
    @property
    def tokens(self) -> dict[str, Any]:
        """GoldenGate's own tokens of its record, without those of the transaction. User tokens are bytes under ``user``."""
    @property
    def ddl(self) -> str | None:
        """The text of a DDL change; `None` for other changes."""
    @property
    def fragments(self) -> list[bytes]:
        """The raw large-object fragments that follow its record. Their layout is not known."""
    def to_dict(self) -> dict[str, Any]:
        """Returns the change as a dict with the members of the native JSON form: ``seqno``, ``rba``, ``op``, ``table``, ``ts``
        (an aware datetime), ``csn``, ``xid``, ``txn``, ``before``, ``after``, ``tokens``, and ``ddl`` for DDL changes.
        """
    def to_json(self) -> str:
        """Returns the change as one line of native JSON, without a line end. Numbers have exactly the digits of the trail."""
    def __getitem__(self, name: str, /) -> Any: ...
    def _repr_html_(self) -> str: ...
    def __copy__(self) -> Change: ...
    def __deepcopy__(self, _memo: Any, /) -> Change: ...

@final
class Changes(Iterator[Change]):
    """An iterator of the changes of a trail. Threads may share it: each change is returned to one of them."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> Change: ...
    @property
    def counts(self) -> dict[str, int]:
        """The decisions of the selection so far, including changes read ahead: ``accepted``, ``rejected``, ``undecidable``,
        ``errors``.
        """
    @property
    def skipped(self) -> list[tuple[Position, Position, str]]:
        """The ranges skipped so far: start, end and reason of each. Always empty without ``resync``."""
    @property
    def tables(self) -> list[TableDef]:
        """The table definitions read so far, the latest of each table."""
    def close(self) -> None:
        """Closes the files. Changes that were already returned stay valid; `next` raises `ClosedError` afterwards."""

@final
class Record:
    """One raw record of a trail. It owns its bytes and is immutable."""

    @property
    def position(self) -> Position:
        """The position of the record."""
    @property
    def number(self) -> int:
        """The number of the record in its file. The file header is record 0."""
    @property
    def length(self) -> int:
        """The length of the record in bytes."""
    @property
    def bytes(self) -> builtins.bytes:
        """All bytes of the record."""
    @property
    def data(self) -> builtins.bytes:
        """The bytes of the data area."""
    @property
    def type_code(self) -> int:
        """The number of the record type."""
    @property
    def type_name(self) -> str | None:
        """The name of the record type, as Logdump prints it, or `None` for an unknown type."""
    @property
    def header(self) -> dict[str, Any]:
        """The fields of the record header by name. Empty for a file header."""
    @property
    def tokens(self) -> dict[str, Any]:
        """GoldenGate's tokens by name."""

@final
class Records(Iterator[Record]):
    """An iterator of the raw records of a trail. Threads may share it: each record is returned to one of them."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> Record: ...
    @property
    def skipped(self) -> list[tuple[Position, Position, str]]:
        """The ranges skipped so far: start, end and reason of each. Always empty without ``resync``."""
    def close(self) -> None:
        """Closes the files. Records that were already returned stay valid; `next` raises `ClosedError` afterwards."""

@final
class Column:
    """One column of a table. Immutable.

    The constructor makes a column for a `Writer`. ``text`` and ``binary`` have at most `length` bytes, ``char`` exactly
    `length` bytes. ``integer`` is a whole number of up to 18 digits, ``decimal`` a number with `scale` fraction digits, and
    ``number`` has any number of digits. ``datetime`` has `fraction` digits of a second.
    """

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
    ) -> Self: ...
    @property
    def name(self) -> str:
        """The name of the column."""
    @property
    def kind(self) -> Literal["text", "integer", "decimal", "number", "datetime", "binary", "unknown"]:
        """The kind of its values. The values of an ``unknown`` column are raw bytes."""
    @property
    def key(self) -> bool:
        """Whether the column belongs to the key."""
    @property
    def scale(self) -> int:
        """The number of digits after the decimal point."""
    @property
    def length(self) -> int:
        """The length in bytes that the definition states."""
    @property
    def nullable(self) -> bool | None:
        """Whether the column may be NULL, or `None` if the trail does not state it."""
    @property
    def charset(self) -> str | None:
        """The character set of its text, or `None` if the definition does not state it."""
    @property
    def type_code(self) -> int:
        """GoldenGate's number of the data type."""
    @property
    def sub_type(self) -> int:
        """GoldenGate's number of the sub-type."""
    def __eq__(self, other: object, /) -> bool: ...

@final
class TableDef:
    """One version of the definition of a table. Immutable.

    The constructor makes a definition for a `Writer` or a `Catalog`. ``table["NAME"]`` is a column; names are
    case-insensitive here. Raises `KeyError` for an unknown column. `len` is the number of columns.
    """

    def __new__(cls, name: str, columns: list[Column]) -> Self: ...
    @property
    def name(self) -> str:
        """The name of the table, with the parts joined by ``.``."""
    @property
    def columns(self) -> list[Column]:
        """The columns, in order."""
    @property
    def key(self) -> list[str]:
        """The names of the key columns."""
    @property
    def is_defined(self) -> bool:
        """Whether the columns of the table are known."""
    def __getitem__(self, name: str, /) -> Column: ...
    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def _repr_html_(self) -> str: ...

@final
class Catalog:
    """Definitions of tables that a trail does not define itself. Immutable."""

    @staticmethod
    def open(path: _Path) -> Catalog:
        """Reads a definitions (DEFGEN) file. Raises `DefinitionsError` and `OSError`."""
    @staticmethod
    def parse(bytes: bytes) -> Catalog:
        """Parses the bytes of a definitions file. Raises `DefinitionsError`."""
    @staticmethod
    def of(tables: list[TableDef]) -> Catalog:
        """Makes a catalog of these definitions."""
    @property
    def tables(self) -> list[TableDef]:
        """All definitions."""

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
    def lints(self) -> list[_Diagnostic]: ...
    @property
    def lint_text(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class Table:
    def __arrow_c_schema__(self) -> CapsuleType: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> CapsuleType: ...
    def next_batch(self) -> Batch | None: ...
    def next_version(self) -> Table | None: ...
    def write_parquet(self, path: _Path) -> int: ...
    def raise_pending(self) -> None: ...
    @property
    def fields(self) -> list[tuple[str, str, bool]]: ...

@final
class Batch:
    """A record batch: some rows of one table. Immutable. It can be exported any number of times through the Arrow PyCapsule
    interface.
    """

    @property
    def table(self) -> str | None:
        """The name of the table."""
    @property
    def num_rows(self) -> int:
        """The number of rows."""
    @property
    def column_names(self) -> list[str]:
        """The names of the columns."""
    def __len__(self) -> int: ...
    def __arrow_c_schema__(self) -> CapsuleType:
        """Returns the schema through the Arrow PyCapsule interface."""
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[CapsuleType, CapsuleType]:
        """Returns the schema and the rows through the Arrow PyCapsule interface."""
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> CapsuleType:
        """Returns a stream of this one record batch through the Arrow PyCapsule interface."""

@final
class Batches(Iterator[Batch]):
    """An iterator of the record batches of all tables of a trail."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> Batch: ...
    @property
    def skipped(self) -> list[tuple[Position, Position, str]]:
        """The ranges skipped so far: start, end and reason of each. Always empty without ``resync``."""
    @property
    def tables(self) -> list[TableDef]:
        """The table definitions read so far, the latest of each table."""

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
    def changes(self, read: _Reading, progress: _Progress = None) -> Changes: ...
    def records(self, read: _Reading, progress: _Progress = None) -> Records: ...
    def table(self, name: str, read: _Reading, arrow: Arrow, progress: _Progress = None) -> Table: ...
    def batches(self, read: _Reading, arrow: Arrow, progress: _Progress = None) -> Batches: ...
    def summary(self, read: _Reading, progress: _Progress = None) -> dict[str, Any]: ...
    def report(self, verb: str, read: _Reading, progress: _Progress = None) -> str: ...
    def convert(
        self,
        out: _Path,
        format: str,
        single: bool,
        table: str | None,
        force: bool,
        read: _Reading,
        arrow: Arrow,
        progress: _Progress = None,
    ) -> tuple[list[tuple[str, os.PathLike[str], int]], list[tuple[Position, Position, str]]]: ...
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
    def is_in_copied_transaction(self) -> bool: ...
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

def cli_main(argv: list[str]) -> int: ...
def call(verb: str, request: str) -> str: ...
