"""Writing trails: test data, and copies of selected changes."""

from __future__ import annotations

import contextlib
import datetime as _dt
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from trailcore import _native
from trailcore._documents import WriterOptions
from trailcore._native import Change, TableDef
from trailcore._select import micros
from trailcore._values import document

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Unpack

__all__ = ["Writer"]

_EPOCH = _dt.datetime(1970, 1, 1, tzinfo=_dt.timezone.utc)


class Writer:
    """Writes a trail that GoldenGate's own tools and `trailcore.open` can read.

    Rows are mappings of column names to values. A column that is left out is missing from the image, and `None` is NULL.
    Numbers are int or `decimal.Decimal`, never float. Dates are `datetime` without a zone, or text.

    >>> import trailcore as tc
    >>> emp = tc.TableDef("HR.EMP", [tc.Column("ID", "integer", key=True), tc.Column("NAME", length=20)])
    >>> writer = tc.Writer()
    >>> with writer.transaction(csn="1000", xid="1.2.3"):
    ...     writer.insert(emp, {"ID": 1, "NAME": "Ada"})
    ...     writer.update(emp, {"ID": 1, "NAME": "Ada"}, {"ID": 1, "NAME": "Ada L."})
    >>> trail = tc.open(writer.finish())
    >>> [change.op for change in trail]
    ['insert', 'update']

    As a context manager, it finishes the trail at the end of the block. After an exception the trail stays unfinished.
    """

    def __init__(
        self,
        prefix: str | os.PathLike[str] | None = None,
        *,
        charset: str = "utf-8",
        **options: Unpack[WriterOptions],
    ) -> None:
        """Writes files named by a prefix and a number, such as ``dirdat/lt000000000``. Without a prefix, writes to memory.

        `charset` is the character set of the database, in which names are stored; a `Column` has a set of its own. `options`
        are those of `WriterOptions`, such as ``order="little"`` or ``file_size=1 << 20``. With ``metadata=False`` rows carry
        the name of their table, as releases before 12.2 write them, and a reader needs a definitions file. The output does not
        depend on the clock.
        """
        options.setdefault("definition_version", 11 if options.get("order") == "little" else 1)
        self._native = _native.Writer(None if prefix is None else os.fspath(prefix), document(options), charset)

    def begin(self, *, csn: str | int, xid: str = "", timestamp: _dt.datetime = _EPOCH) -> None:
        """Begins a transaction with this CSN, transaction id and commit timestamp."""
        self._native.begin(str(csn), xid, micros(timestamp))

    def commit(self) -> None:
        """Commits the transaction. A transaction without changes writes nothing."""
        self._native.commit()

    def abend(self) -> None:
        """Rolls back the transaction with a RestartAbend marker: readers do not return its changes."""
        self._native.abend()

    @contextlib.contextmanager
    def transaction(self, *, csn: str | int, xid: str = "", timestamp: _dt.datetime = _EPOCH) -> Iterator[Writer]:
        """Runs a block as a transaction: commits at its end, rolls back after an exception."""
        self.begin(csn=csn, xid=xid, timestamp=timestamp)
        try:
            yield self
        except BaseException:
            self.abend()
            raise
        self.commit()

    def insert(self, table: TableDef, after: Mapping[str, Any]) -> None:
        """Writes an insert."""
        self._native.row("insert", table, None, dict(after))

    def delete(self, table: TableDef, before: Mapping[str, Any]) -> None:
        """Writes a delete."""
        self._native.row("delete", table, dict(before), None)

    def update(
        self,
        table: TableDef,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        *,
        style: Literal["unified", "pair", "after"] = "unified",
    ) -> None:
        """Writes an update as one record with both images, as a pair of records, or as one record with only the after image."""
        self._native.row("update", table, dict(before), dict(after), style)

    def pk_update(self, table: TableDef, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Writes a primary key update. `before` holds the columns of the old key."""
        self._native.row("pk_update", table, dict(before), dict(after))

    def truncate(self, table: TableDef) -> None:
        """Writes a truncate of a table."""
        self._native.row("truncate", table, None, None)

    def ddl(self, owner: str, name: str, text: str) -> None:
        """Writes a DDL change of an object, with the text that GoldenGate makes of it."""
        self._native.ddl(owner, name, text)

    def write(self, change: Change) -> None:
        """Writes a change that was read, within its transaction and with its tokens and fragments.

        Transactions begin and end with the changes. `finish` ends a transaction whose last change a selection rejected.

        >>> import trailcore as tc
        >>> def copy(trail, prefix):
        ...     with tc.Writer(prefix, order=trail.info[0].byte_order) as writer:
        ...         for change in trail.select("HR.*"):
        ...             writer.write(change)
        """
        self._native.write(change)

    def finish(self) -> bytes | list[str]:
        """Finishes the trail and returns the paths of its files. A writer in memory returns the bytes of its file.

        Raises `ValueError` if a transaction of `begin` is open, or if a writer in memory has written several files; increase
        `file_size` then.
        """
        if self._native.is_in_copied_transaction:
            self._native.commit()
        files = self._native.finish()
        if self._native.in_memory:
            if len(files) != 1:
                raise ValueError(f"the trail in memory has {len(files)} files; pass a larger file_size, or a prefix")
            return files[0][1]
        return [path for path, _ in files]

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Finishes the trail, unless an exception was raised."""
        if kind is None:
            if not self._native.is_finished:
                self.finish()
        else:
            self._native.discard()
