"""Writing trails: test data, and selected trails that are handed on."""

from __future__ import annotations

import contextlib
import datetime as _dt
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from trailcore import _native
from trailcore._native import Change, TableDef
from trailcore._select import micros

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Writer"]

_EPOCH = _dt.datetime(1970, 1, 1, tzinfo=_dt.timezone.utc)


class Writer:
    """Writes a trail that GoldenGate's own tools, and `trailcore.open`, can read.

    Rows are mappings of column names to values; a column that is left out is missing from the image, and `None` is NULL.
    Numbers are int or `decimal.Decimal`, never float, dates `datetime` without a zone, or their text.

    >>> import trailcore as tc
    >>> emp = tc.TableDef("HR.EMP", [tc.Column("ID", "integer", key=True), tc.Column("NAME", length=20)])
    >>> writer = tc.Writer()
    >>> with writer.transaction(csn="1000", xid="1.2.3"):
    ...     writer.insert(emp, {"ID": 1, "NAME": "Ada"})
    ...     writer.update(emp, {"ID": 1, "NAME": "Ada"}, {"ID": 1, "NAME": "Ada L."})
    >>> trail = tc.open(writer.finish())
    >>> [change.op for change in trail]
    ['insert', 'update']

    As a context manager it finishes the trail at the end of the block; after an exception, what has been written stays
    unfinished.
    """

    def __init__(
        self,
        prefix: str | os.PathLike[str] | None = None,
        *,
        byte_order: Literal["big", "little"] = "big",
        file_size: int = 500 << 20,
        first_seqno: int = 0,
        charset: str = "utf-8",
        group: str = "TRAILCOR",
        metadata: bool = True,
        created: _dt.datetime = _EPOCH,
    ) -> None:
        """A trail in files named by a prefix and a number, such as ``dirdat/lt000000000``; without a prefix, in memory.

        A file is closed before a record would make it longer than `file_size`. `charset` is the database's. With `metadata`,
        the tables' definitions are written into the trail; else rows carry their table's name, as releases before 12.2 write
        them, and a reader needs a definitions file. `created` goes into the header: what is written depends on the caller
        alone, not on the clock.
        """
        self._native = _native.Writer(
            None if prefix is None else os.fspath(prefix),
            order=byte_order,
            file_size=file_size,
            first_seqno=first_seqno,
            charset=charset,
            group=group,
            metadata=metadata,
            created=micros(created),
        )

    def begin(self, *, csn: str | int, xid: str = "", time: _dt.datetime = _EPOCH) -> None:
        """Begins a transaction, of which the trail keeps the CSN, the id, and the time of its commit."""
        self._native.begin(str(csn), xid, micros(time))

    def commit(self) -> None:
        """Ends the transaction. One without changes leaves nothing in the trail."""
        self._native.commit()

    def abend(self) -> None:
        """Leaves the transaction unfinished, with the marker that takes it back: readers do not hand it out."""
        self._native.abend()

    @contextlib.contextmanager
    def transaction(self, *, csn: str | int, xid: str = "", time: _dt.datetime = _EPOCH) -> Iterator[Writer]:
        """A block that is a transaction: committed at its end, taken back after an exception."""
        self.begin(csn=csn, xid=xid, time=time)
        try:
            yield self
        except BaseException:
            self.abend()
            raise
        self.commit()

    def insert(self, table: TableDef, after: Mapping[str, Any]) -> None:
        """A new row."""
        self._native.insert(table, dict(after))

    def delete(self, table: TableDef, before: Mapping[str, Any]) -> None:
        """A row is gone."""
        self._native.delete(table, dict(before))

    def update(
        self,
        table: TableDef,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        *,
        style: Literal["unified", "pair", "after"] = "unified",
    ) -> None:
        """A row has other values: as one record with both images, as a pair of records, or as the after image alone."""
        self._native.update(table, dict(before), dict(after), style)

    def pk_update(self, table: TableDef, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """A row has another key: `before` holds the old key's columns."""
        self._native.pk_update(table, dict(before), dict(after))

    def truncate(self, table: TableDef) -> None:
        """All rows of a table are gone."""
        self._native.truncate(table)

    def ddl(self, owner: str, name: str, text: str) -> None:
        """A statement about an object, with the text that GoldenGate makes of it."""
        self._native.ddl(owner, name, text)

    def write(self, change: Change) -> None:
        """Writes a change that was read, in its transaction and with all that belongs to it. The transaction is begun and
        ended as the changes say; `finish` ends one whose last change a selection has turned away.

        >>> import trailcore as tc
        >>> def hand_on(trail, prefix):
        ...     with tc.Writer(prefix, byte_order=trail.info[0].byte_order) as writer:
        ...         for change in trail.select("HR.*"):
        ...             writer.write(change)
        """
        self._native.write(change)

    def finish(self) -> bytes | list[str]:
        """Writes everything out, and returns the paths of the files; of a writer in memory, the bytes of its file. Raises
        `ValueError` where a writer in memory has made several files: give it a larger `file_size`.

        A transaction that `begin` has opened must be ended before.
        """
        if self._native.is_in_handed_transaction:
            self._native.commit()
        files = self._native.finish()
        if self._native.in_memory:
            if len(files) != 1:
                raise ValueError(f"the trail has {len(files)} files; give a larger file_size, or a prefix")
            return files[0][1]
        return [path for path, _ in files]

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Finishes the trail, if nothing was raised."""
        if kind is None:
            if not self._native.is_finished:
                self.finish()
        else:
            self._native.discard()
