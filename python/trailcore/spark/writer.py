"""Writes a DataFrame of changes as trails: one sequence of files for each partition."""

from __future__ import annotations

import dataclasses
import datetime as _dt
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql.datasource import DataSourceArrowWriter, WriterCommitMessage

from trailcore import _lazy
from trailcore._native import Catalog, Column, TableDef
from trailcore._writer import Writer
from trailcore.spark import files, schema
from trailcore.spark.options import unknown, words, writer_names, writer_options
from trailcore.spark.reader import _META

# The columns that a scan adds to those of the table.
_NO_COLUMNS = {f"_{name}" for name in _META}
_OWN = {"path", "table", "key", "defs", "charset"}
_EPOCH = _dt.datetime(1970, 1, 1, tzinfo=_dt.timezone.utc)


@dataclasses.dataclass
class Part(WriterCommitMessage):
    """The folder that a partition has written; empty if the partition has no rows."""

    folder: str


class TrailWriter(DataSourceArrowWriter):
    """Writes each partition into a folder ``part-NUMBER`` below the path, which appears once all partitions are written."""

    def __init__(self, given: Mapping[str, str], spark_schema: Any, overwrite: bool) -> None:
        left = {name.lower(): value for name, value in given.items()}
        path = left.pop("path", None)
        if path is None or files.is_url(path):
            raise ValueError('save("folder") needs a folder in a file system that driver and executors share')
        self.path = files.local(path)
        self.overwrite = overwrite
        self.charset = left.pop("charset", "utf-8")
        name, key, defs = left.pop("table", None), words(left.pop("key", "")), left.pop("defs", None)
        if name is None:
            raise ValueError('option("table", …) is missing: the name of the table that the changes belong to')
        self.options = writer_options(left)
        if left:
            raise ValueError(unknown(next(iter(left)), _OWN | writer_names()))
        source = schema.of_spark(spark_schema)
        self.layout = "changes" if {"before", "after"} <= set(source.names) else "rows"
        for column in ("_op", "_csn") if self.layout == "changes" else ("_csn",):
            if column not in source.names:
                raise ValueError(
                    f"the DataFrame has no column {column}, which a trail needs; the columns are those of layout='changes'"
                )
        self.table = _defined(os.path.expanduser(defs), name) if defs is not None else _made(name, key, self._fields(source))
        # The folder of this job, until it is complete.
        self.job = os.path.join(self.path, f"_temporary-{uuid.uuid4().hex}")

    def _fields(self, source: pa.Schema) -> list[pa.Field]:
        if self.layout == "changes":
            return list(source.field("after").type)
        return [field for field in source if field.name not in _NO_COLUMNS]

    def write(self, iterator: Iterator[pa.RecordBatch]) -> Part:
        """Writes the changes of a partition, in their order. Changes in a row with the same CSN and transaction id are one
        transaction."""
        from pyspark import TaskContext

        context = TaskContext.get()
        number, attempt = (0, 0) if context is None else (context.partitionId(), context.taskAttemptId())
        folder = os.path.join(self.job, f"{attempt}", f"part-{number:05d}")
        os.makedirs(folder)
        writer = Writer(os.path.join(folder, "lt"), charset=self.charset, **self.options)
        current: tuple[Any, Any] | None = None
        for batch in iterator:
            for row in batch.to_pylist():
                ids = (row["_csn"], row.get("_xid"))
                if ids != current:
                    if current is not None:
                        writer.commit()
                    if row["_csn"] is None:
                        raise ValueError("a change has no _csn, which a trail needs")
                    writer.begin(csn=str(row["_csn"]), xid=row.get("_xid") or "", timestamp=_utc(row.get("_timestamp")))
                    current = ids
                self._put(writer, row)
        if current is None:
            writer.finish()
            return Part("")
        writer.commit()
        writer.finish()
        return Part(folder)

    def _put(self, writer: Writer, row: Mapping[str, Any]) -> None:
        op = row.get("_op", "insert")
        if self.layout == "changes":
            before, after = (_known(row[name], row.get(f"_{name}_states")) for name in ("before", "after"))
        else:
            known = _known({name: value for name, value in row.items() if name not in _NO_COLUMNS}, row.get("_states"))
            before = after = known
        match op:
            case "insert":
                writer.insert(self.table, after)
            case "delete":
                writer.delete(self.table, before or after)
            case "truncate":
                writer.truncate(self.table)
            case "update" if self.layout == "changes" and before:
                writer.update(self.table, before, after)
            case "update":
                writer.update(self.table, {}, after, style="after")
            case "pk_update" if self.layout == "changes":
                writer.pk_update(self.table, before, after)
            case "pk_update":
                raise ValueError("a pk_update needs both images; write a DataFrame of layout='changes'")
            case _:
                raise ValueError(f"_op must be one of {', '.join(sorted(_lazy._OPS))}, not {op!r}")

    def commit(self, messages: list[WriterCommitMessage | None]) -> None:
        """Moves the folders of the partitions to their names."""
        if self.overwrite and os.path.isdir(self.path):
            for name in os.listdir(self.path):
                if name.startswith("part-"):
                    shutil.rmtree(os.path.join(self.path, name))
        os.makedirs(self.path, exist_ok=True)
        existing = [int(name.removeprefix("part-")) for name in os.listdir(self.path) if name.startswith("part-")]
        first = max(existing, default=-1) + 1
        folders = sorted(message.folder for message in messages if isinstance(message, Part) and message.folder)
        folders.sort(key=os.path.basename)
        for number, folder in enumerate(folders):
            os.rename(folder, os.path.join(self.path, f"part-{first + number:05d}"))
        shutil.rmtree(self.job, ignore_errors=True)

    def abort(self, messages: list[WriterCommitMessage | None]) -> None:
        """Removes what the partitions have written."""
        shutil.rmtree(self.job, ignore_errors=True)


def _defined(path: str, name: str) -> TableDef:
    for table in Catalog.open(path).tables:
        if table.name.upper() == name.upper():
            return table
    raise ValueError(f"{path} has no definition of {name}")


def _made(name: str, key: Iterable[str], fields: list[pa.Field]) -> TableDef:
    keys = {one.upper() for one in key}
    missing = keys - {field.name.upper() for field in fields}
    if missing:
        raise ValueError(f"key: the DataFrame has no column {', '.join(sorted(missing))}")
    return TableDef(name, [_column(field, field.name.upper() in keys) for field in fields])


def _column(field: pa.Field, key: bool) -> Column:
    kind, name = field.type, field.name
    if pa.types.is_integer(kind):
        return Column(name, "integer" if not pa.types.is_int64(kind) else "number", key=key)
    if pa.types.is_decimal(kind):
        return Column(name, "decimal", scale=kind.scale, key=key) if kind.precision <= 18 else Column(name, "number", key=key)
    if pa.types.is_string(kind):
        return Column(name, "text", length=4000, key=key)
    if pa.types.is_binary(kind):
        return Column(name, "binary", length=4000, key=key)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return Column(name, "datetime", fraction=6, key=key)
    raise ValueError(f"column {name}: a trail has no {kind}; cast it to a decimal or a string, or pass defs=")


def _known(image: Mapping[str, Any] | None, states: Mapping[str, str] | None) -> dict[str, Any]:
    """Returns the columns that an image has. Without states, each null is NULL."""
    if image is None:
        return {}
    for name, state in (states or {}).items():
        if state == "invalid":
            raise ValueError(
                f"column {name} has a value that cannot be decoded; leave such changes out, or read with invalid='null'"
            )
    present = ("value", "null")
    return {name: _value(value) for name, value in image.items() if states is None or states.get(name) in present}


def _value(value: Any) -> Any:
    if isinstance(value, _dt.datetime) and value.tzinfo is not None:
        return value.astimezone(_dt.timezone.utc).replace(tzinfo=None)
    if isinstance(value, _dt.date) and not isinstance(value, _dt.datetime):
        return _dt.datetime(value.year, value.month, value.day)
    return value


def _utc(time: _dt.datetime | None) -> _dt.datetime:
    return _EPOCH if time is None else time
