"""Which parts of a trail the partitions read: by files and by ranges in files, sized by bytes."""

from __future__ import annotations

import dataclasses
import datetime as _dt
import itertools
from collections.abc import Sequence

from trailcore._documents import FileInfo
from trailcore._trail import Trail
from trailcore._values import Position
from trailcore.spark.files import File
from trailcore.spark.pushdown import Bounds

# Clocks of several nodes, and the clock of one, are not exactly in step: times of consecutive transactions may go back a
# little.
CLOCK_SLACK = _dt.timedelta(minutes=1)


@dataclasses.dataclass(frozen=True)
class Range:
    """The transactions that begin in a range of positions: from `start`, or the start of the trail, up to `end`, which is not
    in it. Both are texts, as in `ReadOptions`. `bytes` is its size."""

    start: str | None
    end: str | None
    bytes: int


def end_of(files: Sequence[File]) -> Position | None:
    """Returns the place where the last file ends now; `None` if it has no number."""
    last = files[-1]
    return None if last.seqno is None else Position(last.seqno, last.size)


def split(files: Sequence[File], kept: Sequence[bool], partition_bytes: int) -> list[Range]:
    """Splits the files that are kept into ranges of about this many bytes.

    Files without numbers are read as a whole. A range reads its transactions to their end, also in the next file; one that
    begins inside a large transaction begins after it.
    """
    if any(file.seqno is None for file in files):
        return [Range(None, None, sum(file.size for file in files))]
    ranges: list[Range] = []
    start: Position | None = None
    gathered = 0
    for index, file in enumerate(files):
        seqno = file.seqno or 0
        if not kept[index]:
            continue
        if start is None or not kept[index - 1]:
            start, gathered = Position(seqno, 0), 0
        is_last = index + 1 == len(files)
        pieces = max(1, round(file.size / partition_bytes)) if file.is_plain else 1
        # A file that does not fit into the range that has been begun starts one of its own.
        if gathered and gathered + file.size > partition_bytes:
            ranges.append(_range(files, start, Position(seqno, 0), gathered))
            start, gathered = Position(seqno, 0), 0
        for piece in range(1, pieces):
            middle = Position(seqno, file.size * piece // pieces)
            ranges.append(_range(files, start, middle, gathered + middle.rba - (start.rba if start.seqno == seqno else 0)))
            start, gathered = middle, 0
        gathered += file.size - (start.rba if start.seqno == seqno else 0)
        if is_last or not kept[index + 1]:
            ranges.append(_range(files, start, Position(seqno + 1, 0), gathered))
    return ranges


def _range(files: Sequence[File], start: Position, end: Position, size: int) -> Range:
    # Records before the first transaction of the trail belong to its first range.
    first = start == Position(files[0].seqno or 0, 0)
    return Range(None if first else str(start), str(end), size)


def between(files: Sequence[File], start: str | None, end: Position, partition_bytes: int) -> list[Range]:
    """Splits a micro-batch, between two boundaries, into ranges of about this many bytes."""
    begin = None if start is None else Position.parse(start)
    inside = [
        file
        for file in files
        if file.seqno is not None and (begin is None or file.seqno >= begin.seqno) and file.seqno <= end.seqno
    ]
    if not inside:
        return [Range(start, str(end), 0)]
    cuts: list[Position] = []
    left = partition_bytes
    for file in inside:
        at = begin.rba if begin is not None and begin.seqno == file.seqno else 0
        stop = min(end.rba, file.size) if file.seqno == end.seqno else file.size
        while file.is_plain and stop - at > left:
            at += left
            cuts.append(Position(file.seqno or 0, at))
            left = partition_bytes
        left -= max(0, stop - at)
    bounds = [start, *map(str, cuts), str(end)]
    return [Range(low, high, partition_bytes) for low, high in itertools.pairwise(bounds)]


def kept_files(trail: Trail, files: Sequence[File], bounds: Bounds) -> list[bool]:
    """Returns for each file whether it may have rows within the bounds, by the headers.

    The transactions that begin in a file are read with it. All records of a transaction have its CSN and its time of commit, so
    the first and the last value of a file hold for them too.
    """
    low, high = bounds.positions
    kept = [
        (low is None or file.seqno is None or file.seqno >= low.seqno)
        and (high is None or file.seqno is None or file.seqno <= high.seqno)
        for file in files
    ]
    if low is not None and any(kept) and not kept[0]:
        first = _whole_start(trail, files, kept.index(True))
        kept[first : kept.index(True)] = [True] * (kept.index(True) - first)
    if bounds.times == bounds.csns == (None, None) or any(file.seqno is None for file in files):
        return kept
    headers = trail.info
    for index in range(len(files)):
        following = headers[index + 1] if index + 1 < len(files) else None
        is_early_or_late = _is_outside(_times(headers[index], following), bounds.times, CLOCK_SLACK)
        if is_early_or_late or _is_outside(_csns(headers[index], following), bounds.csns, 0):
            kept[index] = False
    return kept


def _whole_start(trail: Trail, files: Sequence[File], index: int) -> int:
    """Returns the index of the last file up to this one that begins with a transaction: an earlier one may extend into this
    file."""
    every = Trail(trail._native, dataclasses.replace(trail._reading, select=None, warns=False))
    while index > 0:
        start = Position(files[index].seqno or 0, 0)
        change = next(iter(every.select(start=start)), None)
        if change is not None and change.transaction in ("first", "only") and change.position.seqno == start.seqno:
            break
        index -= 1
    return index


def _times(header: FileInfo, following: FileInfo | None) -> tuple[_dt.datetime | None, _dt.datetime | None]:
    last = header.last_time
    if last is None and following is not None:
        last = following.first_time
    # A time that no clock has prunes nothing.
    first = header.first_time
    return first if isinstance(first, _dt.datetime) else None, last if isinstance(last, _dt.datetime) else None


def _csns(header: FileInfo, following: FileInfo | None) -> tuple[int | None, int | None]:
    last = header.last_csn
    if last is None and following is not None:
        last = following.first_csn
    return _number(header.first_csn), _number(last)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _is_outside(have: tuple[object, object], wanted: tuple[object, object], slack: object) -> bool:
    (first, last), (low, high) = have, wanted
    before = last is not None and low is not None and last + slack < low  # type: ignore[operator]
    after = first is not None and high is not None and first - slack > high  # type: ignore[operator]
    return bool(before or after)
