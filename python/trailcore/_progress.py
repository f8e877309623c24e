"""Progress callbacks: functions and progress bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

__all__ = ["Bar", "Progress", "callback"]


class Bar(Protocol):
    """A progress bar such as `tqdm`: it has a `total` in bytes, and `update` adds the bytes read since the last call."""

    total: Any

    def update(self, n: int) -> Any:
        """Adds `n` bytes to the bytes read so far."""


Progress = Callable[[int, int], object] | Bar
"""A function of bytes read and total bytes, or a bar such as ``tqdm(unit="B", unit_scale=True)``."""


def callback(progress: Progress | None) -> Callable[[int, int], object] | None:
    """Returns a function of bytes read and total bytes for either kind of progress."""
    if progress is None:
        return None
    if not hasattr(progress, "update"):
        if not callable(progress):
            raise TypeError("progress must be a function of (done, total) or a bar with an update method")
        return progress
    bar = cast(Bar, progress)
    last = 0

    def update(done: int, total: int) -> None:
        nonlocal last
        bar.total = total
        bar.update(done - last)
        last = done

    return update
