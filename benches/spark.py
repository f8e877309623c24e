#!/usr/bin/env python3
"""Compares Spark over a trail with Spark's JSON reader over the same changes as JSON lines: count and sum by table.

Both run in the same session, one after the other, in `TRAILCORE_BENCH_ROUNDS` rounds; the medians are compared. Then the same over one
and over two cores. `TRAILCORE_BENCH_SPARK_MB` is the size of the trail.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ["PYSPARK_PYTHON"] = sys.executable

import trailcore as tc
import trailcore.spark
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

ROOT = Path(__file__).resolve().parents[1]
MEGABYTES = int(os.environ.get("TRAILCORE_BENCH_SPARK_MB", "1024"))
ROUNDS = int(os.environ.get("TRAILCORE_BENCH_ROUNDS", "3"))
FOLDER = ROOT / "target" / "bench-data" / f"spark-{MEGABYTES}-{tc.__version__}"
TRAIL = FOLDER / "all" / "bk"


def prepare() -> None:
    """Generates the trail, and the same changes as JSON lines."""
    if (FOLDER / "done").exists():
        return
    samples = ["cargo", "run", "--quiet", "--release", "-p", "trailcore-samples", "--"]
    subprocess.run([*samples, str(FOLDER), "bench", str(MEGABYTES)], check=True, cwd=ROOT)
    tc.open(TRAIL).convert(FOLDER / "all.jsonl", force=True)
    (FOLDER / "done").touch()


def session(cores: int) -> SparkSession:
    """Returns a session on this many cores."""
    builder = SparkSession.builder.master(f"local[{cores}]").config("spark.driver.memory", "4g")
    for name, value in {"spark.ui.enabled": "false", "spark.driver.bindAddress": "127.0.0.1", "spark.sql.session.timeZone": "UTC"}.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    trailcore.spark.register(spark)
    return spark


def from_trail(spark: SparkSession) -> list[object]:
    """Counts and sums by table, from the trail."""
    frame = spark.read.format("trailcore").option("table", "BANK.*").schema("_table string, BALANCE decimal(18,2)").load(str(TRAIL))
    return sorted(frame.groupBy("_table").agg(F.count("*"), F.sum("BALANCE")).collect())


def from_json(spark: SparkSession) -> list[object]:
    """Counts and sums by table, from JSON lines, with a schema of the columns that are used only."""
    schema = "table string, after struct<BALANCE: decimal(18,2)>, before struct<BALANCE: decimal(18,2)>"
    frame = spark.read.schema(schema).json(str(FOLDER / "all.jsonl"))
    balance = F.when(F.col("after").isNull(), F.col("before.BALANCE")).otherwise(F.col("after.BALANCE"))
    return sorted(frame.groupBy("table").agg(F.count("*"), F.sum(balance)).collect())


def timed(work: Callable[[SparkSession], list[object]], spark: SparkSession) -> tuple[float, list[object]]:
    """Returns the seconds of one run, and its result."""
    begun = time.monotonic()
    result = work(spark)
    return time.monotonic() - begun, result


def main() -> None:
    """Prints the figures."""
    prepare()
    size = tc.open(TRAIL).size
    medians: dict[tuple[int, str], float] = {}
    for cores in (2, 1):
        spark = session(cores)
        taken: dict[str, list[float]] = {"trail": [], "json": []}
        for round_number in range(ROUNDS + 1):
            (seconds, mine), (other, theirs) = timed(from_trail, spark), timed(from_json, spark)
            assert [tuple(row) for row in mine] == [tuple(row) for row in theirs]
            if round_number:  # The first one warms up.
                taken["trail"].append(seconds)
                taken["json"].append(other)
        for name, seconds in taken.items():
            medians[cores, name] = statistics.median(seconds)
        rows = sum(row[1] for row in mine)  # type: ignore[index]
        spark.stop()
        trail, json = medians[cores, "trail"], medians[cores, "json"]
        print(f"{cores} cores: {size / 1e6:.0f} MB, {rows} changes: trail {trail:.2f} s ({rows / trail / 1e6:.2f} M rows/s), "
              f"JSON {json:.2f} s, {json / trail:.1f} times", flush=True)
    print(f"two cores against one: {medians[1, 'trail'] / medians[2, 'trail']:.2f} times")


if __name__ == "__main__":
    main()
