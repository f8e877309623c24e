"""Representations for terminals, of at most 80 columns and some 25 lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trailcore._html import Checked
    from trailcore._trail import Summary, TableInfo

_WIDTH, _LINES = 80, 20


def cut(text: str, width: int = _WIDTH) -> str:
    """Returns a text of at most this many characters."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _grid(rows: Iterable[Sequence[str]]) -> list[str]:
    """Returns rows as lines: the columns between the first and the last are right-aligned."""
    rows = list(rows)
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = []
    for first, *middle, last in rows:
        numbers = [cell.rjust(width) for cell, width in zip(middle, widths[1:], strict=False)]
        lines.append(cut("  ".join([first.ljust(widths[0]), *numbers, last]).rstrip()))
    return lines


def tables(tables: Mapping[str, TableInfo]) -> str:
    """Returns the counts of tables."""
    if not tables:
        return "no tables"
    shown = list(tables.values())[:_LINES]
    rows = [
        (cut(info.name, 36), f"{info.changes:,}", f"{info.bytes:,}", ", ".join(f"{op} {n:,}" for op, n in info.ops.items()))
        for info in shown
    ]
    lines = _grid([("table", "changes", "bytes", "by operation"), *rows])
    more = len(tables) - len(shown)
    return "\n".join([*lines, *([f"… and {more:,} more tables"] if more else [])])


def summary(summary: Summary) -> str:
    """Returns the counts of a summary."""
    head = [f"Summary: {summary.changes:,} changes in {summary.transactions:,} transactions"]
    for name, span in (("positions", summary.positions), ("CSNs", summary.csns), ("times", summary.times)):
        if span is not None:
            head.append(cut(f"{name} {span[0]} to {span[1]}"))
    if summary.skipped:
        head.append(f"{len(summary.skipped):,} skipped ranges")
    return "\n".join([*head, tables(summary.tables)])


def check(report: Checked) -> str:
    """Returns the counts and the first issues of a check."""
    counts = ", ".join(
        f"{name} {value:,}" for name, value in vars(report).items() if type(value) is int and name != "more_issues"
    )
    lines = [f"CheckReport: {'whole' if report.is_whole else 'not whole'}", cut(counts)]
    lines += [cut(str(issue)) for issue in report.issues[:_LINES]]
    more = len(report.issues[_LINES:]) + report.more_issues
    return "\n".join([*lines, *([f"… and {more:,} more issues"] if more else [])])
