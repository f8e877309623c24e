"""A streaming query in a process of its own, to be killed: from a trail into Parquet or Delta. See test_spark_long.py."""

from __future__ import annotations

import os
import sys

os.environ["PYSPARK_PYTHON"] = sys.executable

from pyspark.sql import DataFrame, SparkSession

import trailcore.spark


def main(master: str, sink: str, trail: str, out: str, mode: str) -> None:
    """Runs until it is killed, or with the mode `finish` until all is read."""
    builder = SparkSession.builder.master(master)
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
        "spark.executor.memory": "512m",
    }.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    trailcore.spark.register(spark)
    read = spark.readStream.format("trailcore").options(table="HR.EMP", max_rows="200", partition_bytes="8k")
    stream = read.schema("_position string, _csn string, ID bigint, SEQ bigint").load(trail).writeStream
    stream = stream.option("checkpointLocation", f"{out}/checkpoint")
    stream = stream.trigger(availableNow=True) if mode == "finish" else stream.trigger(processingTime="0 seconds")
    query = (
        stream.foreachBatch(delta(f"{out}/rows")).start() if sink == "delta" else stream.format("parquet").start(f"{out}/rows")
    )
    print("started", flush=True)
    query.awaitTermination()


def delta(table: str):  # type: ignore[no-untyped-def]
    """Returns a sink that appends each batch once: the table knows the number of the last batch."""
    from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

    def put(frame: DataFrame, batch: int) -> None:
        if DeltaTable.is_deltatable(table):
            last = DeltaTable(table).transaction_version("trail")
            if last is not None and last >= batch:
                return
        done = CommitProperties(app_transactions=[Transaction("trail", batch)])
        write_deltalake(table, frame.toArrow(), mode="append", commit_properties=done)

    return put


if __name__ == "__main__":
    main(*sys.argv[1:])
