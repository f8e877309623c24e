"""Writing tables to files, with whichever library there is."""

from __future__ import annotations

import importlib
import os
from typing import Any

from trailcore._table import _Exports


def _found(*names: str) -> tuple[str, Any] | None:
    """The first of these modules that is installed."""
    for name in names:
        try:
            return name, importlib.import_module(name)
        except ImportError:
            continue
    return None


def write_parquet(table: _Exports, path: str | os.PathLike[str], **options: Any) -> int:
    """Writes a table to a Parquet file and returns how many rows it has."""
    found = _found("pyarrow.parquet", "polars", "duckdb")
    if found is None:
        raise ImportError("Parquet is written by pyarrow, polars or duckdb, and none of them is installed")
    name, library = found
    path = os.fspath(path)
    if name == "pyarrow.parquet":
        import pyarrow

        def stream(source: Any) -> int:
            reader = pyarrow.RecordBatchReader.from_stream(source)
            rows = 0
            with library.ParquetWriter(path, reader.schema, **options) as writer:
                for batch in reader:
                    writer.write_batch(batch)
                    rows += batch.num_rows
            return rows

        return int(table._consumed(stream))
    if name == "polars":
        frame = table.to_polars()
        frame.write_parquet(path, **options)
        return int(frame.height)
    connection = library.connect()
    source = table  # noqa: F841 - DuckDB finds it by its name
    connection.sql("from source").write_parquet(path, **options)
    return int(connection.sql(f"select count(*) from '{path.replace(chr(39), chr(39) * 2)}'").fetchall()[0][0])
