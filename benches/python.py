#!/usr/bin/env python3
"""Compares the cost of the Python package with the same work in Rust, and with readers of the same changes in other formats.

Everything runs on one thread, interleaved, in `TRAILCORE_BENCH_ROUNDS` rounds; the medians are compared. It prints ratios of
rows per second. `TRAILCORE_BENCH_PY_MB` is the size of the trails.
"""

from __future__ import annotations

import os

os.environ["POLARS_MAX_THREADS"] = "1"

import datetime
import decimal
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fastavro
import orjson
import polars
import pyarrow
import pyarrow.json
import trailcore as tc

ROOT = Path(__file__).resolve().parents[1]
MEGABYTES = int(os.environ.get("TRAILCORE_BENCH_PY_MB", "64"))
ROUNDS = int(os.environ.get("TRAILCORE_BENCH_ROUNDS", "5"))
FOLDER = ROOT / "target" / "bench-data" / f"python-{MEGABYTES}-{tc.__version__}"
BATCH = 8192
RUST = ROOT / "target" / "release" / "peers"

POSTINGS = FOLDER / "postings" / "bk000000000"
ALL = FOLDER / "all" / "bk000000000"
TABLE = "BR0000.POSTINGS"


def prepare() -> None:
    """Generates the trails, and the same changes in the other formats."""
    if (FOLDER / "done").exists():
        return
    samples = ["cargo", "run", "--quiet", "--release", "-p", "trailcore-samples", "--"]
    subprocess.run([*samples, str(FOLDER), "bench", str(MEGABYTES)], check=True, cwd=ROOT)
    with (FOLDER / "all.jsonl").open("wb") as file:
        for change in tc.open(ALL):
            file.write(change.to_json().encode() + b"\n")
    columns = tc.open(POSTINGS).table(TABLE).to_arrow()
    rows = columns.to_pylist()

    def plain(value: object) -> object:
        return str(value) if hasattr(value, "isoformat") else value

    with (FOLDER / "rows.jsonl").open("w", encoding="utf-8") as file:
        for row in rows:
            shown = {name: float(value) if isinstance(value, decimal.Decimal) else plain(value) for name, value in row.items()}
            file.write(json.dumps(shown, ensure_ascii=False) + "\n")
    with (FOLDER / "rows.avro").open("wb") as file:
        fastavro.writer(file, avro_schema(columns.schema), rows, sync_interval=1 << 20)
    (FOLDER / "done").touch()


def avro_schema(schema: pyarrow.Schema) -> dict[str, object]:
    """Writes the same columns as Avro."""

    def kind(field: pyarrow.Field) -> object:
        if pyarrow.types.is_timestamp(field.type):
            return {"type": "long", "logicalType": "timestamp-micros" if field.type.tz else "local-timestamp-micros"}
        if pyarrow.types.is_decimal(field.type):
            own = {"precision": field.type.precision, "scale": field.type.scale}
            return {"type": "bytes", "logicalType": "decimal", **own}
        return "long" if pyarrow.types.is_integer(field.type) else "string"

    fields = [{"name": field.name, "type": ["null", kind(field)] if field.nullable else kind(field)} for field in schema]
    return {"type": "record", "name": "Posting", "fields": fields}


def in_rust(*arguments: str) -> Callable[[], tuple[int, float]]:
    """Runs the same work in Rust, which measures its own time."""

    def run() -> tuple[int, float]:
        out = subprocess.run([str(RUST), *arguments, str(BATCH)], check=True, capture_output=True, text=True).stdout.split()
        return int(out[0]), float(out[1])

    return run


def timed(work: Callable[[], int]) -> Callable[[], tuple[int, float]]:
    """Returns the number of rows, and the seconds."""

    def run() -> tuple[int, float]:
        start = time.perf_counter()
        rows = work()
        return rows, time.perf_counter() - start

    return run


def batches() -> int:
    return sum(batch.num_rows for batch in pyarrow.RecordBatchReader.from_stream(streaming()))


def streaming() -> tc.Table:
    return tc.open(POSTINGS).table(TABLE, rows=BATCH)


def avro_rows() -> int:
    with (FOLDER / "rows.avro").open("rb") as file:
        return sum(1 for _ in fastavro.reader(file))


def pyarrow_json() -> int:
    options = pyarrow.json.ReadOptions(use_threads=False)
    return int(pyarrow.json.read_json(FOLDER / "rows.jsonl", read_options=options).num_rows)


def dicts() -> int:
    rows = 0
    for change in tc.open(ALL):
        change.to_dict()
        rows += 1
    return rows


def orjson_lines() -> int:
    rows = 0
    with (FOLDER / "all.jsonl").open("rb") as file:
        for line in file:
            orjson.loads(line)
            rows += 1
    return rows


def changes() -> int:
    return sum(1 for _ in tc.open(ALL))


def rich_values() -> tuple[list[str], list[str]]:
    """Returns the Decimals and datetimes of some changes, as texts."""
    numbers, times = [], []
    for change, _ in zip(tc.open(ALL), range(SOME), strict=False):
        times.append(change.timestamp.isoformat())
        for image in (change.before, change.after):
            for value in (image or {}).values():
                if isinstance(value, decimal.Decimal):
                    numbers.append(str(value))
                elif hasattr(value, "isoformat"):
                    times.append(value.isoformat())
    return numbers, times


def rich_values_made() -> int:
    """Creates only these values, of the same number of changes."""
    numbers, times = RICH
    for text in numbers:
        decimal.Decimal(text)
    for text in times:
        datetime.datetime.fromisoformat(text)
    return SOME


SOME = 50_000
RICH: tuple[list[str], list[str]] = ([], [])

WORK: dict[str, Callable[[], tuple[int, float]]] = {
    "trail to Arrow": timed(batches),
    "trail to Arrow in Rust": in_rust("trail", str(POSTINGS), TABLE),
    "arrow-avro in Rust": in_rust("avro", str(FOLDER / "rows.avro")),
    "polars.read_ndjson": timed(lambda: polars.read_ndjson(FOLDER / "rows.jsonl").height),
    "pyarrow.json": timed(pyarrow_json),
    "fastavro": timed(avro_rows),
    "to_dict": timed(dicts),
    "only iteration": timed(changes),
    "orjson.loads a line": timed(orjson_lines),
    "Decimals and datetimes": timed(rich_values_made),
}

BARS = [
    ("trail to Arrow", "trail to Arrow in Rust", 0.9),
    ("trail to Arrow", "arrow-avro in Rust", 1.0),
    ("trail to Arrow", "polars.read_ndjson", 2.0),
    ("trail to Arrow", "pyarrow.json", 3.0),
    ("trail to Arrow", "fastavro", 10.0),
    ("to_dict", "orjson.loads a line", 0.8),
]


def main() -> None:
    """Runs the rounds and prints the ratios."""
    prepare()
    RICH[0][:], RICH[1][:] = rich_values()
    rates: dict[str, list[float]] = {name: [] for name in WORK}
    for round_ in range(ROUNDS + 1):
        for name, work in WORK.items():
            rows, seconds = work()
            # The first round warms up.
            if round_:
                rates[name].append(rows / seconds)
    rate = {name: statistics.median(found) for name, found in rates.items()}
    print(f"rows in a second, {MEGABYTES} MB, {ROUNDS} rounds, medians; the bar is the least ratio")
    figures = {}
    for ours, theirs, bar in BARS:
        ratio = rate[ours] / rate[theirs]
        figures[f"{ours} / {theirs}"] = ratio
        print(f"  {ours} / {theirs:24} {ratio:7.2f}   (bar {bar:g})")
    nanos = {name: 1e9 / found for name, found in rate.items()}
    share = {name: nanos[name] / nanos["to_dict"] for name in ("only iteration", "Decimals and datetimes")}
    print(f"  of a to_dict, iteration is {share['only iteration']:.0%}, and making Decimals and datetimes about "
          f"{share['Decimals and datetimes']:.0%}")
    (ROOT / "target" / "bench-python.json").write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    sys.exit(main())
