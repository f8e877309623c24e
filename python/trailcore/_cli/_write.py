"""The command that writes other files: convert."""

from __future__ import annotations

import argparse
import os
from typing import Any

from trailcore import _convert
from trailcore._cli._options import plain_name, selected, told_skipped
from trailcore._cli._terminal import Bar, clean, complain, say
from trailcore._convert import Files, Format


def _target(args: argparse.Namespace) -> tuple[Format, bool]:
    """The format, and whether it is one file."""
    suffix = os.path.splitext(args.out)[1].lower()
    single = bool(suffix) and not args.out.endswith(os.sep) and not os.path.isdir(args.out)
    if single and args.format is None and suffix not in _convert.SUFFIXES:
        raise ValueError(
            f"{args.out} says no format; end it in {', '.join(_convert.SUFFIXES)}, give --format, or name a directory by a / "
            "at its end"
        )
    return args.format or (_convert.SUFFIXES[suffix] if single else "parquet"), single


def _one_table(args: argparse.Namespace, kind: Format, single: bool) -> str | None:
    """The table that one file is of; `None` for a directory, and for JSON lines of whatever is selected."""
    if not single:
        return None
    if len(args.table) == 1 and plain_name(args.table[0]) is not None:
        return str(args.table[0]).replace('"', "")
    if kind == "jsonl":
        return None
    raise ValueError(f"{args.out} is one file, which has one table: name it with --table, or name a directory")


def _shape(args: argparse.Namespace, kind: Format) -> dict[str, Any]:
    """The options that shape tables, as far as they are given. Raises `ValueError` for those that the format does not have."""
    given = {
        name: value
        for name in ("columns", "layout", "states", "numbers", "times", "invalid", "batch_size")
        if (value := getattr(args, name)) not in (None, False)
    }
    lacks = {"jsonl": tuple(given), "csv": ("numbers", "times", "batch_size")}.get(kind, ())
    for name in given:
        if name in lacks:
            why = "has changes as they are" if kind == "jsonl" else "has the trail's own digits"
            raise ValueError(f"--{name.replace('_', '-')} is not for {kind}, which {why}")
    return given


def convert(args: argparse.Namespace) -> int:
    """Writes tables to files."""
    kind, single = _target(args)
    table, shape = _one_table(args, kind, single), _shape(args, kind)
    trail = selected(args)
    with Files(args.out, f".{kind}", single=single, force=args.force) as files, Bar(not args.no_progress) as bar:
        if kind == "jsonl":
            written, skipped = _convert.convert_json(trail, files, table=table, split=not single, progress=bar.progress)
        elif kind == "csv":
            written, skipped = _convert.convert_csv(trail, files, table=table, progress=bar.progress, **shape)
        else:
            written, skipped = _convert.convert_arrow(trail, files, kind, table=table, progress=bar.progress, **shape)
    unit = "changes" if kind == "jsonl" else "rows"
    for file in written:
        name = f"{clean(file.table)}: " if file.table else ""
        say(f"{name}{file.rows:,} {unit} in {clean(file.path)}")
    if not written:
        complain("nothing is selected, so nothing has been written")
    return told_skipped(skipped)
