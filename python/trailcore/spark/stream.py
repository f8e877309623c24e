"""Follows trails in Spark: an offset is the position after the last complete transaction of each trail.

The changes between two offsets are always the same, so a micro-batch that is run again after a failure has the same rows. With
Spark's checkpoint and a sink that knows which batches it has, each change arrives exactly once.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from pyspark.sql.datasource import DataSourceStreamReader, InputPartition
from pyspark.sql.streaming.datasource import ReadAllAvailable, ReadLimit, ReadMaxBytes, ReadMaxRows, SupportsTriggerAvailableNow

from trailcore import _native
from trailcore._errors import SequenceGapError
from trailcore._select import _place
from trailcore._trail import Trail
from trailcore._values import Position
from trailcore.spark import files, ranges
from trailcore.spark.options import Options
from trailcore.spark.reader import Scan, TrailPartition

_LOG = logging.getLogger("trailcore.spark")

BEGINNING = "beginning"


class TrailStreamReader(Scan, DataSourceStreamReader, SupportsTriggerAvailableNow):
    """A stream of one or more trails that are being written."""

    def __init__(self, options: Options, spark_schema: Any, inferred: bool) -> None:
        super().__init__(options, spark_schema, inferred)
        for path in options.paths:
            if files.is_url(path):
                raise ValueError(
                    f"{path} cannot be followed; a stream needs a trail in a file system that driver and executors share"
                )
            if not all(file.is_plain for file in _listed(path)):
                raise ValueError(f"{path} has compressed files, which cannot be followed; read them with spark.read")
        # The followers, by trail, with the offset that each has reached. They belong to the driver's process.
        self._followers: dict[str, tuple[str, _native.Boundaries]] = {}
        # The ends of the trails when a query with Trigger.AvailableNow began.
        self._ends: dict[str, Position] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leaves out what belongs to the driver's process."""
        return {**self.__dict__, "_followers": {}}

    def initialOffset(self) -> dict[str, str]:
        """Returns the offset of the option ``start``."""
        return {path: self._start(path) for path in self.options.paths}

    def getDefaultReadLimit(self) -> ReadLimit:
        """Returns the limit of the options ``max_rows`` and ``max_bytes``."""
        if self.options.max_rows is not None:
            return ReadMaxRows(self.options.max_rows)
        return ReadAllAvailable() if self.options.max_bytes is None else ReadMaxBytes(self.options.max_bytes)

    def latestOffset(self, start: dict[str, str], limit: ReadLimit) -> dict[str, str]:
        """Returns the positions after the last complete transactions, within the limit. A transaction is never split: one that
        is larger than the limit is a micro-batch of its own."""
        share = len(self.options.paths)
        most = max(1, limit.max_rows // share) if isinstance(limit, ReadMaxRows) else None
        size = max(1, limit.max_bytes // share) if isinstance(limit, ReadMaxBytes) else None
        # Both options hold, but Spark knows one limit.
        if most is not None and self.options.max_bytes is not None:
            size = max(1, self.options.max_bytes // share)
        return {path: self._latest(path, start.get(path, BEGINNING), most, size) for path in self.options.paths}

    def prepareForTriggerAvailableNow(self) -> None:
        """Notes the ends of the trails: the query ends with the first transactions that end there or later."""
        found = {path: self._end(path) for path in self.options.paths}
        self._ends = {path: end for path, end in found.items() if end is not None}

    def partitions(self, start: dict[str, str], end: dict[str, str]) -> list[InputPartition]:
        """Returns the ranges of a micro-batch."""
        found: list[InputPartition] = []
        for path, until in end.items():
            since = start.get(path, BEGINNING)
            if until in (since, BEGINNING):
                continue
            listed = files.listed(path)
            begin = None if since == BEGINNING else since
            pieces = ranges.between(listed, begin, Position.parse(until), self.options.partition_bytes)
            found += [TrailPartition(path, piece) for piece in pieces]
        return found

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yields the record batches of a partition."""
        return self.batches(partition) if isinstance(partition, TrailPartition) else iter(())

    def commit(self, end: dict[str, str]) -> None:
        """Does nothing: the checkpoint of the query is Spark's."""

    def stop(self) -> None:
        """Closes the files."""
        self._followers.clear()

    def _latest(self, path: str, start: str, most: int | None, size: int | None) -> str:
        until = None if self._ends is None else self._ends.get(path)
        if self._ends is not None and until is None:
            return start
        if size is not None:
            reached = _after(_listed(path), start, size)
            until = reached if until is None else min(until, reached)
        offset, follower = self._followers.get(path, ("", None))
        if follower is None or offset != start:
            follower = self._follow(path, start)
        boundary = json.loads(follower.advance(most, None if until is None else str(until)))
        for event in boundary["events"]:
            _LOG.warning("%s: %s at %s: %s", path, event["kind"], event["position"], event["what"])
        reached_offset = _at_next_file(path, Position.parse(boundary["position"])) if boundary["changes"] else start
        self._followers[path] = (reached_offset, follower)
        return reached_offset

    def _follow(self, path: str, start: str) -> _native.Boundaries:
        if start not in (BEGINNING, "end"):
            needed = Position.parse(start)
            listed = [file.seqno or 0 for file in _listed(path)]
            if needed.seqno not in listed:
                raise SequenceGapError(
                    f"{path}: file {needed.seqno} is missing, from which the query continues at {start}; the first file "
                    f"is {min(listed, default='not there')}; restore it, or begin again with a new checkpoint, without "
                    "the changes that were purged unread"
                )
        return _native.Boundaries(path, json.dumps({"start": start, "hints": False}), self.options.reading)

    def _start(self, path: str) -> str:
        start = self.options.start
        if start == BEGINNING:
            # The offset names the first file, so that it is missed once it is purged.
            listed = _listed(path)
            return str(Position(listed[0].seqno, 0)) if listed and listed[0].seqno is not None else BEGINNING
        if start == "end":
            return str(json.loads(self._follow(path, start).advance())["position"])
        place = _place("start", start)
        if isinstance(place, Position):
            return str(place)
        trail = self.options.open(path)
        every = Trail(trail._native, self.options.reading)
        found = every.find(csn=place[4:]) if isinstance(place, str) else every.find(time=place)
        if found is None:
            raise ValueError(f"{path} has no change at or after start={start}; pass start='end' to begin with the next one")
        return str(found)

    def _end(self, path: str) -> Position | None:
        listed = _listed(path)
        return ranges.end_of(listed) if listed else None


def _listed(path: str) -> list[files.File]:
    """Returns the files of a trail, which need not have begun."""
    try:
        return files.listed(path)
    except FileNotFoundError:
        return []


def _at_next_file(path: str, position: Position) -> str:
    """Returns the start of the next file for a position at the end of a file that is complete, which may then be purged."""
    listed = files.listed(path)
    for file, following in itertools.pairwise(listed):
        if file.seqno == position.seqno and file.size == position.rba and following.seqno == position.seqno + 1:
            return str(Position(position.seqno + 1, 0))
    return str(position)


def _after(listed: list[files.File], start: str, size: int) -> Position:
    """Returns the place that is this many bytes after an offset."""
    begin = Position(0, 0) if start == BEGINNING else Position.parse(start)
    end = begin
    for file in listed:
        seqno = file.seqno or 0
        if seqno < begin.seqno:
            continue
        at = begin.rba if seqno == begin.seqno else 0
        if file.size - at >= size:
            return Position(seqno, at + size)
        size -= max(0, file.size - at)
        end = Position(seqno, max(file.size, at))
    return Position(end.seqno, end.rba + size)
