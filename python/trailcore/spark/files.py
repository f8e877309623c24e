"""The files of a trail: local, or at any URL that fsspec can read."""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple

from trailcore import _native
from trailcore._table import needed

# The names of trail files end with a number of 6 or 9 digits.
_NUMBERED = re.compile(r"^(.*?)([0-9]{9}|[0-9]{6})(\.gz|\.zst)?$")


class File(NamedTuple):
    """A file of a trail: its `path`, its number `seqno`, and its `size` in bytes."""

    path: str
    seqno: int | None
    size: int

    @property
    def is_plain(self) -> bool:
        """True unless it is compressed: positions are then no offsets in it."""
        return not self.path.endswith((".gz", ".zst"))


class LazyFile:
    """A file object that is opened when it is first read. A trail of many files then opens the needed ones only."""

    def __init__(self, system: Any, path: str, size: int) -> None:
        self._system, self._path, self._size = system, path, size
        self._file: Any = None
        self._at = 0

    def seek(self, offset: int, origin: int = 0) -> int:
        """Goes to an offset, from the start, the present offset or the end, as `io.IOBase.seek`."""
        starts = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}
        if origin not in starts:
            raise ValueError(f"seek knows 0, 1 and 2, not {origin}")
        self._at = offset + starts[origin]
        return self._at

    def read(self, size: int) -> bytes:
        """Reads bytes at the offset."""
        if self._file is None:
            self._file = self._system.open(self._path, "rb", block_size=1 << 20)
        self._file.seek(self._at)
        data = bytes(self._file.read(size))
        self._at += len(data)
        return data


def is_url(path: str) -> bool:
    """Returns whether a path is one for fsspec."""
    return "://" in path and not path.startswith("file:///")


def local(path: str) -> str:
    """Returns the absolute path of a local file or folder, which may have the forms of Hadoop, ``file:/path`` and ``file:///path``."""
    return os.path.abspath(os.path.expanduser(re.sub("^file:(//)?(?=/)", "", path)))


def listed(path: str) -> list[File]:
    """Returns the files of a trail, in order."""
    if is_url(path):
        return [File(path, seqno, size) for path, seqno, size, _ in _remote(path)]
    return [File(name, seqno, os.stat(name).st_size) for name, seqno in _native.Trail.open(path).files]


def open_native(path: str) -> _native.Trail:
    """Opens a trail. Only names are read."""
    if not is_url(path):
        return _native.Trail.open(path)
    found = _remote(path)
    return _native.Trail.of_sources([(os.path.basename(name), LazyFile(system, name, size)) for name, _, size, system in found])


def _remote(url: str) -> list[tuple[str, int, int, Any]]:
    """Returns path, number, size and file system of each file of a trail at a URL, in order."""
    fsspec = needed("fsspec", "spark")
    system, path = fsspec.core.url_to_fs(url)
    if system.isfile(path):
        start, entries = None, [system.info(path)]
    elif system.isdir(path):
        start, entries = None, system.ls(path, detail=True)
    else:
        folder, start = os.path.split(path)
        entries = system.ls(folder, detail=True)
    found, prefixes = [], set()
    for entry in entries:
        match = _NUMBERED.match(os.path.basename(entry["name"]))
        if match is not None and entry["type"] == "file" and start in (None, match[1]):
            found.append((entry["name"], int(match[2]), int(entry["size"]), system))
            prefixes.add(match[1])
    if not found:
        raise FileNotFoundError(
            f"no trail at {url}; give a file, a prefix such as s3://bucket/dirdat/lt, or a folder with one trail"
        )
    if len(prefixes) > 1:
        raise ValueError(f"{url} has several trails: {', '.join(sorted(prefixes))}; give the prefix of one")
    return sorted(found, key=lambda one: one[1])
