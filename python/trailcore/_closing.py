"""The end of an object of the native library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from typing_extensions import Self


class _Closable(Protocol):
    def close(self) -> None: ...


Native = TypeVar("Native", bound=_Closable)


class Closing(Generic[Native]):
    """Something that is closed at the end of its ``with`` block."""

    _native: Native

    def close(self) -> None:
        """Closes it, as its class describes. A second call has no effect."""
        self._native.close()

    def __enter__(self) -> Self:
        """Returns the object itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Closes it."""
        self.close()
