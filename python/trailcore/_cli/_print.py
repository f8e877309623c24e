"""Commands that print what is in a trail, one by one: cat, records."""

from __future__ import annotations

import argparse
import itertools

from trailcore._cli._options import opened, selected, tell_unknown, told_skipped
from trailcore._cli._terminal import Bar, Lines, clean
from trailcore._native import Record
from trailcore._trail import Skipped
from trailcore._values import Position


def cat(args: argparse.Namespace) -> int:
    """Changes as lines of native JSON."""
    trail = selected(args)
    with Bar(not args.no_progress, streams=True) as bar:
        changes = trail.changes(progress=bar.progress)
        with Lines() as lines:
            for change in itertools.islice(changes, args.limit):
                lines.write(change.to_json())
    if args.limit is None:
        tell_unknown(args, changes.tables)
    return told_skipped([Skipped(*stretch) for stretch in changes.skipped])


def records(args: argparse.Namespace) -> int:
    """Records as they stand."""
    trail = opened(args)
    start, until = (_position(args, place) for place in (args.start, args.until))
    with Bar(not args.no_progress, streams=True) as bar:
        records = trail.records(progress=bar.progress)
        before = itertools.takewhile(lambda record: until is None or record.position < until, records)
        wanted = itertools.dropwhile(lambda record: start is not None and record.position < start, before)
        with Lines() as lines:
            for record in itertools.islice(wanted, args.limit):
                for line in _described(record):
                    lines.write(line)
                if args.hex:
                    for line in _dumped(record.bytes):
                        lines.write(line)
    return told_skipped([Skipped(*stretch) for stretch in records.skipped])


def _position(args: argparse.Namespace, place: object) -> Position | None:
    """Where a place lies. Behind all records, if nothing is so late."""
    if place is None or isinstance(place, Position):
        return place
    trail = opened(args)
    found = trail.find(csn=place.removeprefix("csn:")) if isinstance(place, str) else trail.find(time=place)  # type: ignore[arg-type]
    return found or Position(2**64, 0)


def _described(record: Record) -> list[str]:
    name = record.type_name or "unknown"
    lines = [f"record {record.number} at {record.position}  {name} ({record.type_code})  {record.length} bytes"]
    header = record.header
    if header:
        header["timestamp"] = header["timestamp"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        lines.append("  " + "  ".join(f"{key}={_value(value)}" for key, value in header.items()))
    lines += [f"  token {clean(key)}={_value(value)}" for key, value in record.tokens.items()]
    return lines


def _value(value: object) -> str:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    text = "-" if value is None else str(value)
    # What has blanks or control characters in it is quoted, so that a line keeps its parts.
    return text if text.isprintable() and text and " " not in text else f'"{clean(text)}"'


def _dumped(content: bytes) -> list[str]:
    lines = []
    for at in range(0, len(content), 16):
        row = content[at : at + 16]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"    {at:06x}  {row.hex(' ', 2):<40}  {shown}")
    return lines
