"""Live trails: follows a trail while it is written. docs/live.md has the guarantees and the events."""

from __future__ import annotations

import dataclasses
import datetime as _dt
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from trailcore import _native
from trailcore._closing import Closing
from trailcore._native import Catalog, Change
from trailcore._select import Select
from trailcore._trail import _Reading
from trailcore._values import Position, ZeroDate, position_of, time_of, utc

if TYPE_CHECKING:
    import asyncio

    from typing_extensions import Self

__all__ = ["CheckpointStore", "Delivery", "Event", "Hub", "Tail", "follow"]

Path = str | os.PathLike[str]
Policy = Literal["stop", "wait", "continue"]
_SLICE = 0.5
"""Seconds that a thread of an event loop's pool waits at a time."""


class CheckpointStore(Protocol):
    """A place for the checkpoint of one follower, such as the database that it writes to."""

    def load(self) -> str | None:
        """Returns the text that was stored last; `None` if there is none."""

    def store(self, checkpoint: str, /) -> None:
        """Stores a text in place of the last one: all of it or nothing."""


@dataclasses.dataclass(frozen=True)
class Delivery:
    """Changes that a tail has delivered: a batch, or a transaction with `transactions=True`.

    `changes` is the list of them, and `end` the position after the last one. `csn`, `xid`, `timestamp` and `part` are facts of
    a transaction; `part` is ``whole``, or for one that is larger than the memory cap ``first``, ``middle`` or ``last``.
    `complete` is false for one that breaks off. `number` is for the acknowledgement.
    """

    changes: list[Change]
    end: Position | str
    csn: str | None = None
    xid: str | None = None
    timestamp: _dt.datetime | ZeroDate | None = None
    part: Literal["whole", "first", "middle", "last"] | None = None
    complete: bool = True
    number: int = dataclasses.field(default=0, repr=False)


@dataclasses.dataclass(frozen=True)
class Event:
    """Something about the trail that its follower has to know.

    docs/live.md has a runbook for each `kind`. `policy` is the reaction of the tail, `position` and `file` are the place, and
    `what` are the facts in words.
    """

    kind: str
    policy: Policy
    position: Position | str
    what: str
    file: str | None = None


def follow(
    path: Path,
    *,
    select: Select | None = None,
    start: Position | str | _dt.datetime = "beginning",
    transactions: bool = False,
    checkpoint: Path | CheckpointStore | None = None,
    policies: Mapping[str, Policy] | None = None,
    defs: Path | Catalog | None = None,
    read: Mapping[str, Any] | None = None,
    **options: Any,
) -> Tail:
    """Follows the trail at `path` while it is written.

    `path` is a prefix such as ``dirdat/lt``, whose files need not exist yet, the trail file to start with, or a directory with
    one trail.

    `start` is ``beginning``, ``end``, a position, a time, or ``csn:NUMBER``; a `checkpoint` that has been stored counts before
    it. `policies` are ``stop``, ``wait`` or ``continue`` by kind of event. `read` are options of `ReadOptions`, and `options`
    the members of ``docs/schema/tail-options.json``; durations are in milliseconds.

    Raises `FileNotFoundError` if there is no folder for the trail, `ValueError` for a checkpoint of another trail or
    selection, and `SequenceGapError` if files that the checkpoint needs are missing.
    """
    document, reading = _options(
        start=start, transactions=transactions, policies=policies, select=select, defs=defs, read=read, options=options
    )
    file, store = _store(checkpoint)
    return Tail(_native.Tail(os.path.expanduser(path), document, reading, file, store))


def _options(
    *,
    start: Position | str | _dt.datetime,
    transactions: bool,
    policies: Mapping[str, Policy] | None,
    select: Select | None,
    defs: Path | Catalog | None,
    read: Mapping[str, Any] | None,
    options: dict[str, Any],
) -> tuple[str, _Reading]:
    """Returns the document of the options, and the options of reading."""
    if isinstance(start, _dt.datetime):
        start = "time:" + utc(start).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    options["start"] = str(start)
    options["delivery"] = "transactions" if transactions else "changes"
    if policies:
        options["policies"] = dict(policies)
    catalog = defs if isinstance(defs, Catalog) or defs is None else Catalog.open(os.path.expanduser(defs))
    return json.dumps(options), _Reading(select=select, catalog=catalog, options=read or {})


def _store(checkpoint: Path | CheckpointStore | None) -> tuple[Path | None, CheckpointStore | None]:
    """Returns the file or the store of a checkpoint."""
    if checkpoint is None or isinstance(checkpoint, (str, os.PathLike)):
        return checkpoint and os.path.expanduser(checkpoint), None
    return None, checkpoint


class Tail(Closing[_native.Tail]):
    """Follows a trail.

    Iterate it, in ``for`` or ``async for``, for its deliveries and events; it waits for more until it is stopped.

    >>> import trailcore as tc
    >>> with tc.follow("examples/data/big/bk", transactions=True) as tail:
    ...     for item in tail:
    ...         if isinstance(item, tc.Delivery):
    ...             print(item.csn, len(item.changes))
    ...             tail.acknowledge(item)
    ...             tail.stop()
    7824137835 1

    Closing it stops it, stores the checkpoint and closes the files. One thread receives at a time; all other methods may be
    called from any thread.
    """

    def __init__(self, native: _native.Tail) -> None:
        """Use `trailcore.follow` to create a tail."""
        self._native = native
        self._waiting: asyncio.Future[tuple[str, list[Change], str, int] | None] | None = None

    def recv(self, timeout: float | None = None) -> Delivery | Event | None:
        """Waits for the next delivery or event, at most for `timeout` seconds.

        Returns `None` if none has come in this time, or if the tail is stopped. Raises the error of an event whose policy is
        ``stop``.
        """
        return _item(self._native.recv(timeout))

    def __iter__(self) -> Self:
        """Returns the tail itself."""
        return self

    def __next__(self) -> Delivery | Event:
        """Waits for the next delivery or event. It ends once the tail is stopped."""
        item = self.recv()
        if item is None:
            raise StopIteration
        return item

    def __aiter__(self) -> Self:
        """Returns the tail itself."""
        return self

    async def __anext__(self) -> Delivery | Event:
        """Waits for the next delivery or event in a thread of the event loop's pool.

        If it is cancelled, the next call returns what the cancelled one would have returned.
        """
        while True:
            item = _item(await self._slice())
            if item is not None:
                return item
            if self._native.is_stopped():
                raise StopAsyncIteration

    async def _slice(self) -> tuple[str, list[Change], str, int] | None:
        """Waits for a short time, since the end of an event loop waits for the threads of its pool."""
        import asyncio  # Loaded on use: it takes as long to load as the package.

        loop = asyncio.get_running_loop()
        waiting = self._waiting or loop.run_in_executor(None, self._native.recv, _SLICE)
        if waiting.get_loop() is not loop:
            # The event loop that waited has ended; what it received is not lost.
            self._waiting = None
            return waiting.result() if waiting.done() and not waiting.cancelled() else None
        self._waiting = waiting
        try:
            return await asyncio.shield(waiting)
        finally:
            if waiting.done():
                self._waiting = None

    def acknowledge(self, delivery: Delivery) -> None:
        """Acknowledges a delivery, in any order: the checkpoint is never after one that is not acknowledged."""
        self._native.acknowledge(delivery.number)

    def stop(self) -> None:
        """Stops it: a call that waits returns at once, and iteration ends."""
        self._native.stop()

    def wake(self) -> None:
        """Ends the current or the next wait: it looks at the files at once."""
        self._native.wake()

    def resume(self) -> None:
        """Accepts the event that it waits for."""
        self._native.resume()

    @property
    def progress(self) -> dict[str, Any]:
        """The positions of delivery, acknowledgement and checkpoint, and the changes that are not acknowledged."""
        progress: dict[str, Any] = json.loads(self._native.progress_document())
        return progress

    @property
    def lag(self) -> dict[str, Any]:
        """The distance to the end of the trail, rates, and the keep-up ratio: ``docs/schema/lag.json``."""
        lag: dict[str, Any] = json.loads(self._native.lag_document())
        return lag

    async def __aenter__(self) -> Self:
        """Returns the tail itself."""
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Closes it."""
        import asyncio

        self.stop()
        await asyncio.get_running_loop().run_in_executor(None, self.close)


class Hub(Closing[_native.Hub]):
    """Reads a trail once for any number of subscribers.

    Each is a `Tail` of its own, with its own selection, start, checkpoint and policies. One that starts elsewhere or is too
    slow reads the files itself until it has caught up. Closing the hub stops the shared reading; its subscribers go on by
    themselves.

    >>> import trailcore as tc
    >>> with tc.Hub("examples/data/big/bk") as hub, hub.subscribe(transactions=True) as tail:
    ...     hub.start()
    ...     first = next(item for item in tail if isinstance(item, tc.Delivery))
    >>> first.csn
    '7824137835'
    """

    def __init__(
        self,
        path: Path,
        *,
        start: Position | str | _dt.datetime = "beginning",
        defs: Path | Catalog | None = None,
        read: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """Opens the trail at `path`, with options as those of `follow`. Raises `FileNotFoundError` without a folder for it."""
        document, reading = _options(
            start=start, transactions=False, policies=None, select=None, defs=defs, read=read, options=options
        )
        self._native = _native.Hub(os.path.expanduser(path), document, reading)

    def subscribe(
        self,
        *,
        select: Select | None = None,
        start: Position | str | _dt.datetime = "beginning",
        transactions: bool = False,
        checkpoint: Path | CheckpointStore | None = None,
        policies: Mapping[str, Policy] | None = None,
        defs: Path | Catalog | None = None,
        read: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Tail:
        """Adds a subscriber, at any time, with arguments and errors as those of `follow`. It stays valid without the hub."""
        document, reading = _options(
            start=start, transactions=transactions, policies=policies, select=select, defs=defs, read=read, options=options
        )
        file, store = _store(checkpoint)
        return Tail(self._native.subscribe(document, reading, file, store))

    def start(self) -> None:
        """Starts the shared reading, in a thread of the library. A second call has no effect."""
        self._native.start()


def _item(received: tuple[str, list[Change], str, int] | None) -> Delivery | Event | None:
    if received is None:
        return None
    kind, changes, text, number = received
    document = json.loads(text)
    if kind == "event":
        document["position"] = position_of(document["position"])
        return Event(**document)
    document["end"] = position_of(document["end"])
    document["timestamp"] = time_of(document.get("timestamp"))
    return Delivery(changes=changes, number=number, **document)
