"""Progress callbacks of every kind that people have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

__all__ = ["Bar", "Progress", "callback"]


class Bar(Protocol):
    """A progress bar as `tqdm` makes them: it has a total, and is told how much more has been done."""

    total: Any

    def update(self, n: int) -> Any:
        """So many more bytes have been read."""


Progress = Callable[[int, int], object] | Bar
"""Either a function of bytes read and bytes in all, or a bar such as ``tqdm(unit="B", unit_scale=True)``."""


def callback(progress: Progress | None) -> Callable[[int, int], object] | None:
    """The function that is called from time to time with bytes read and bytes in all."""
    if progress is None:
        return None
    if not hasattr(progress, "update"):
        if not callable(progress):
            raise TypeError("progress is a function of (done, total), or a bar with a method update")
        return progress
    bar = cast(Bar, progress)
    last = 0

    def update(done: int, total: int) -> None:
        nonlocal last
        bar.total = total
        bar.update(done - last)
        last = done

    return update
