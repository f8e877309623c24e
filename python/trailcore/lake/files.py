"""The Parquet files that a pipeline has committed: the manifest of its sink."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from trailcore._pipelines import Pipelines
from trailcore._table import arrow

_ENTRY = re.compile(r"(\d{20})\.json")


@dataclasses.dataclass(frozen=True)
class File:
    """A Parquet file of the changes of a table."""

    path: str
    """Its path in the file system of its `Files`."""
    table: str
    changes: int
    first: str
    """The position of its first change."""
    last: str


@dataclasses.dataclass(frozen=True)
class Entry:
    """A commit of a pipeline."""

    number: int
    position: str | None
    """The position up to which the changes of the trail are committed."""
    is_whole: bool
    """True if it ends between two transactions."""
    files: tuple[File, ...]


class Files:
    """The files that a Parquet sink has committed to a folder: a local one, or a URL such as ``s3://bucket/folder``.

    `filesystem` is a `pyarrow.fs.FileSystem` in which `path` is; without it, the path or URL decides. Nothing is read
    before it is needed, and nothing is ever changed.
    """

    def __init__(self, path: str | os.PathLike[str], *, filesystem: pafs.FileSystem | None = None) -> None:
        text = os.fspath(path)
        if filesystem is not None:
            self.filesystem, root = filesystem, text
        elif "://" in text:
            self.filesystem, root = pafs.FileSystem.from_uri(text)
        else:
            self.filesystem, root = pafs.LocalFileSystem(), os.path.abspath(os.path.expanduser(text))
        self.root = root.rstrip("/")

    def __repr__(self) -> str:
        """Returns the folder."""
        return f"Files({self.root!r})"

    def numbers(self) -> list[int]:
        """Returns the numbers of the entries, in their order."""
        selector = pafs.FileSelector(f"{self.root}/_trailcore", allow_not_found=True)
        names = [_ENTRY.fullmatch(info.base_name) for info in self.filesystem.get_file_info(selector)]
        return sorted(int(name[1]) for name in names if name)

    def entry(self, number: int) -> Entry:
        """Returns an entry. Raises `FileNotFoundError` if there is none of the number."""
        with self.filesystem.open_input_stream(f"{self.root}/_trailcore/{number:020}.json") as stream:
            entry = json.loads(stream.read())
        files = [
            File(f"{self.root}/{file['path']}", file["table"], file["changes"], file["first"], file["last"])
            for file in entry["files"]
        ]
        checkpoint = entry["checkpoint"] or {}
        return Entry(number, checkpoint.get("position"), checkpoint.get("transaction") is None, tuple(files))

    def entries(self, after: int = 0) -> list[Entry]:
        """Returns the entries after a number whose files are all in their places, in their order.

        The last entry is left out while the sink moves its files; after a crash the next run of the pipeline moves
        them. Raises `FileNotFoundError` if a file of an earlier entry is missing.
        """
        numbers = [number for number in self.numbers() if number > after]
        entries = []
        for number in numbers:
            entry = self.entry(number)
            infos = self.filesystem.get_file_info([file.path for file in entry.files])
            missing = [info.path for info in infos if info.type != pafs.FileType.File]
            if missing and number == numbers[-1]:
                break
            if missing:
                raise FileNotFoundError(f"entry {number} has the file {missing[0]}, which does not exist: restore it")
            entries.append(entry)
        return entries

    def read(self, file: File) -> pa.Table:
        """Returns the rows of a file."""
        return pq.read_table(file.path, filesystem=self.filesystem, partitioning=None)

    def read_schema(self, file: File) -> pa.Schema:
        """Returns the columns of a file."""
        return pq.read_schema(file.path, filesystem=self.filesystem)

    def uri(self, file: File) -> str:
        """Returns the URL of a file, for other programs."""
        scheme = {"local": "file", "gcs": "gs"}.get(self.filesystem.type_name, self.filesystem.type_name)
        return f"{scheme}://{file.path}"


def write(
    trail: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    select: str | None = None,
    partition: Iterable[str] = (),
    table: dict[str, Any] | None = None,
) -> Files:
    """Moves the changes of a trail to Parquet files in a folder, exactly once: a pipeline that runs up to the end of the trail.

    `select` are statements of a parameter file, `partition` the folders below that of a table, and `table` the options
    of record batches (`tc.ArrowOptions`). Unless they state otherwise, files have what `merge` needs: the states of
    columns, old keys, and times in microseconds.

    Raises what ends the pipeline.
    """
    options = json.loads(arrow({"states": True, "old_key": True, "times": "micros", **(table or {})}))
    lines = [
        "[[pipeline]]",
        'name = "lake"',
        f"trail = {_toml(os.fspath(trail))}",
        *([] if select is None else [f"select = {_toml(select)}"]),
        "[[pipeline.sink]]",
        'kind = "parquet"',
        f"path = {_toml(os.fspath(folder))}",
        f"partition = {_toml(list(partition))}",
        f"table = {_toml(options)}",
    ]
    with Pipelines("\n".join(lines)) as pipelines:
        pipelines.drain()
    return Files(folder)


def _toml(value: Any) -> str:
    """Returns a value in the form of TOML, in which ``${`` would stand for the environment."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_toml(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("${", "$${")
