"""What is shown: tables, messages and the progress bar; in colour on a terminal, as plain text in a pipe."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, TextIO

_BLOCK = 1 << 18


def _rich(stream: TextIO) -> Any:
    """A rich console for a terminal; `None` for a pipe, or where rich is not installed."""
    if not stream.isatty():
        return None
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console(file=stream)


def clean(value: object) -> str:
    """A value as one line of text. What a terminal would act on is written out: a trail's names are not trusted."""
    text = "" if value is None else str(value)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def grid(head: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[str] = ()) -> None:
    """Shows rows under a head; columns named in `right` are set to the right."""
    cells = [[f"{cell:,}" if isinstance(cell, int) else clean(cell) for cell in row] for row in rows]
    console = _rich(sys.stdout)
    if console is not None:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        table = Table(box=SIMPLE_HEAD, header_style="bold cyan")
        for title in head:
            table.add_column(title, justify="right" if title in right else "left", overflow="fold")
        for row in cells:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
        return
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    for row in [list(head), *cells]:
        padded = [
            cell.rjust(width) if title in right else cell.ljust(width)
            for title, cell, width in zip(head, row, widths, strict=True)
        ]
        print("  ".join(padded).rstrip())


def say(text: str, style: str = "") -> None:
    """A line for people on the standard output."""
    console = _rich(sys.stdout) if style else None
    if console is not None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
    else:
        print(text)


def complain(text: str, style: str = "yellow") -> None:
    """A message on the standard error, after all that has been shown before it."""
    sys.stdout.flush()
    console = _rich(sys.stderr)
    if console is not None:
        console.print(f"trailcore: {text}", style=style, markup=False, highlight=False, soft_wrap=True)
    else:
        print(f"trailcore: {text}", file=sys.stderr)


class Lines:
    """Lines for the standard output, as UTF-8 and in large blocks. Leaving the block writes what is left, whatever stopped
    it."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._size = 0

    def write(self, line: str) -> None:
        """Adds a line, without its end."""
        self._lines.append(line)
        self._size += len(line)
        if self._size >= _BLOCK:
            self._flush()

    def _flush(self) -> None:
        lines, self._lines, self._size = self._lines, [], 0
        if lines:
            sys.stdout.flush()
            sys.stdout.buffer.write("\n".join(lines).encode() + b"\n")
            sys.stdout.buffer.flush()

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        # Whoever closed the pipe wants no more, and whoever pressed Ctrl-C neither.
        if kind is None or not issubclass(kind, (BrokenPipeError, KeyboardInterrupt)):
            self._flush()


class Bar:
    """A progress bar on the standard error: only on a terminal that shows nothing else, and for work that takes a while."""

    _AFTER = 0.5
    _WIDTH = 30

    def __init__(self, wanted: bool, streams: bool = False) -> None:
        """`streams` says that the standard output is written to while the work is done."""
        self._shown = wanted and sys.stderr.isatty() and not (streams and sys.stdout.isatty())
        self._start = time.monotonic()
        self._drawn = False

    @property
    def progress(self) -> Callable[[int, int], object] | None:
        """The callback that draws it."""
        return self._draw if self._shown else None

    def _draw(self, done: int, total: int) -> None:
        seconds = time.monotonic() - self._start
        if seconds < self._AFTER or total == 0:
            return
        self._drawn = True
        share = done / total
        left = f", {seconds / share - seconds:,.0f} s left" if 0 < share < 1 else ""
        filled = round(share * self._WIDTH)
        bar = "█" * filled + "░" * (self._WIDTH - filled)
        if (sys.stderr.encoding or "").lower().replace("-", "") != "utf8":
            bar = "#" * filled + "." * (self._WIDTH - filled)
        line = f"{bar} {share:4.0%} of {size(total)}, {size(done / seconds)}/s{left}"
        sys.stderr.write(f"\r\x1b[K{line[: self._columns()]}")
        sys.stderr.flush()

    @staticmethod
    def _columns() -> int:
        try:
            return max(os.get_terminal_size(sys.stderr.fileno()).columns - 1, 0) or 79
        except OSError:
            return 79

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def size(count: float) -> str:
    """Bytes as people say them."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB"
