"""`append` and `merge`: commit the files of a pipeline to a table."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence

import pyarrow as pa

from trailcore.lake.files import Entry, File, Files
from trailcore.lake.rows import OWN, as_table, changes_of, net
from trailcore.lake.target import Mark, Target, plain

Source = Files | str | os.PathLike[str]


@dataclasses.dataclass
class Applied:
    """The result of a call."""

    commits: int = 0
    changes: int = 0
    number: int = 0
    """The entry of the manifest up to which the table has the changes."""
    position: str | None = None
    """The position of that entry."""
    incomplete: int = 0
    """Rows of `merge` that have null in a column that neither their changes nor the table have."""
    absent: int = 0
    """Updates and deletes whose row was not in the table, as far as `merge` had to look it up."""


def append(source: Source, table: str, target: Target, *, changes: int = 1_000_000) -> Applied:
    """Appends the changes of a table, each as a row, from the entry on that the target does not have yet.

    `source` is the folder or URL of a Parquet sink, or `Files`. Entries are committed together up to about `changes`
    changes. The target has the number of the last entry in the same commit, so that a call that was interrupted is
    repeated without harm.

    Raises `ValueError` if no file has the table, or the target has been filled from another folder. The error of the
    library of the target, if another process has committed meanwhile: call again.
    """
    files, applied = _files(source), Applied()
    for number, own in _groups(files, table, target, changes, applied, whole=False):
        target.append(files, own, Mark(number, applied.position))
        applied.commits += 1
        applied.changes += sum(file.changes for file in own)
    return applied


def merge(source: Source, table: str, target: Target, *, key: Sequence[str] | None = None, changes: int = 200_000) -> Applied:
    """Brings the rows of a table to the state after the changes: inserts, updates and deletes, also of keys that change.

    As `append`. Each group of entries is in memory, and ends between two transactions. `key` are the columns that
    identify a row, by default the key of the table in the trail. Other columns must not change and have no NULL: the
    files have old values of the trail's key only. The files need the columns ``_states`` and
    ``_key_before``, as `write` writes them; columns that an update lacks stay as they are in the target. A column that
    neither has is null, and counted in `Applied.incomplete`.

    Raises `ValueError` if the files lack a needed column, or a change has no key or NULL in it. `ColumnValueError` for a
    value that cannot be decoded.
    """
    files, applied = _files(source), Applied()
    for number, own in _groups(files, table, target, changes, applied, whole=True):
        tables = [files.read(file) for file in own]
        by = list(key) if key is not None else _key(tables[-1].schema)
        schemas = [pa.schema([field for field in one.schema if field.name not in OWN]) for one in tables]
        schema = pa.unify_schemas([plain(one) for one in schemas], promote_options="permissive")
        # Columns that only the target has stay as they are.
        schema = pa.schema([*schema, *(field for field in target.schema() if field.name not in schema.names)])
        done = [change for one in tables for change in changes_of(one, by)]
        # A partition has a file of its own, so that the files of a commit are not one after the other.
        done.sort(key=lambda change: change.position)
        left = net(done, schema.names, lambda keys, by=by: target.rows(by, keys))  # type: ignore[misc]
        rows, mark = as_table(left.rows.values(), schema), Mark(number, applied.position)
        if left.truncated:
            target.overwrite(rows, mark)
        else:
            target.replace(by, list(left.rows), rows, mark)
        applied.commits += 1
        applied.changes += len(done)
        applied.incomplete += left.incomplete
        applied.absent += left.absent
    return applied


def _files(source: Source) -> Files:
    return source if isinstance(source, Files) else Files(source)


def _groups(
    files: Files, table: str, target: Target, changes: int, applied: Applied, *, whole: bool
) -> Iterator[tuple[int, list[File]]]:
    """Yields the files that the target does not have yet, in groups, each with the number of its last entry.

    The caller commits each group before it asks for the next. With `whole`, a group ends between two transactions.
    """
    mark = target.mark()
    applied.number, applied.position = mark.number, mark.position
    if mark.number:
        _check(files, mark)
    entries = files.entries(after=mark.number)
    if not mark.number:
        _check_table(table, entries)
    while group := _group(entries, table, changes, whole):
        last = group[-1]
        applied.number, applied.position = last.number, last.position
        yield last.number, [file for entry in group for file in entry.files if file.table == table]
        # Another process may have gone on from there: what it has committed is not committed again.
        mark = target.mark()
        if mark.number < last.number:
            raise RuntimeError(f"{target} is at entry {mark.number} after the commit of entry {last.number}")
        entries = [entry for entry in entries if entry.number > mark.number]


def _group(entries: Sequence[Entry], table: str, changes: int, whole: bool) -> list[Entry]:
    """Returns the first entries, up to a number of changes of the table; none if there are no changes."""
    length = total = 0
    for index, entry in enumerate(entries):
        total += sum(file.changes for file in entry.files if file.table == table)
        if total > changes and length:
            break
        if total and (entry.is_whole or not whole):
            length = index + 1
    return list(entries[:length])


def _check(files: Files, mark: Mark) -> None:
    """Fails if the manifest is not the one that the target has been filled from."""
    try:
        entry = files.entry(mark.number)
    except FileNotFoundError:
        numbers = files.numbers()
        what = f"the table has entry {mark.number}, and {files.root} has {f'only {numbers[-1]}' if numbers else 'none'}"
        raise ValueError(f"{what}: pass the folder from which the table was filled") from None
    if mark.position and entry.position != mark.position:
        what = f"entry {mark.number} of the table is at {mark.position}, that of {files.root} at {entry.position}"
        raise ValueError(f"{what}: pass the folder from which the table was filled")


def _check_table(table: str, entries: Sequence[Entry]) -> None:
    tables = sorted({file.table for entry in entries for file in entry.files})
    if tables and table not in tables:
        raise ValueError(f"no file has changes of {table}; the tables are {', '.join(tables)}")


def _key(schema: pa.Schema) -> list[str]:
    """Returns the key of the table in the trail."""
    if "_key_before" not in schema.names:
        raise ValueError(
            "the files have no _key_before: the table has no key in the trail, so pass key=[…]; "
            "or the table of the sink lacks old_key = true"
        )
    return [field.name for field in schema.field("_key_before").type]
