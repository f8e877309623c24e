"""The Spark data source, with a real Spark: one session for all tests."""

from __future__ import annotations

import datetime as _dt
import decimal
import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import trailcore as tc
from conftest import DATA

pytest.importorskip("pyspark", reason="pyspark is not installed; run: pip install 'trailcore[spark]'")
if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
    pytest.skip("Spark needs a Java runtime, version 17 or later", allow_module_level=True)

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import datasource as ds
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StructField, StructType

import trailcore.spark
from trailcore.spark import pushdown, ranges
from trailcore.spark.files import File
from trailcore.spark.options import Options

# `make test-long` runs all of it.
LONG = "TRAILCORE_LONG" in os.environ

TABLES = ["BANK.ACCOUNTS", "BANK.CUSTOMERS", "BANK.POSTINGS"]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").appName("trailcore")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.python.filterPushdown.enabled": "true",
        "spark.python.worker.reuse": "true",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    trailcore.spark.register(session)
    yield session
    session.stop()


def reader(spark: SparkSession, table: str, **options: Any) -> Any:
    read = spark.read.format("trailcore").option("table", table)
    for name, value in options.items():
        read = read.option(name, value)
    return read


def rows(table: pa.Table) -> list[dict[str, Any]]:
    """Returns the rows in the order of their positions, with times as texts: the zones of Arrow have several types."""
    plain = [
        {name: str(value) if isinstance(value, _dt.datetime) else value for name, value in row.items()}
        for row in table.to_pylist()
    ]
    return sorted(plain, key=lambda row: row["_position"])


def same(frame: DataFrame, table: pa.Table) -> None:
    found, wanted = rows(frame.toArrow()), rows(table)
    assert found == wanted and found


@pytest.mark.parametrize("order", ["big", "little"])
def test_values_are_those_of_the_library(spark: SparkSession, order: str) -> None:
    path = DATA / order / "bk"
    trail = tc.open(path)
    for table in TABLES:
        same(
            reader(spark, table, states="true", partition_bytes="3k").load(str(path)),
            trail.to_arrow(table, states=True, times="micros"),
        )
    options = {"layout": "changes", "states": True, "csn": "text"}
    text = {name: str(value).lower() for name, value in options.items()}
    same(
        reader(spark, "BANK.ACCOUNTS", **text).load(str(path)),
        trail.to_arrow("BANK.ACCOUNTS", times="micros", **options),  # type: ignore[arg-type]
    )


def test_the_schema_is_exact(spark: SparkSession) -> None:
    schema = reader(spark, "BANK.POSTINGS", csn="number", numbers="2").load(str(DATA / "big" / "bk")).schema
    kinds = {field.name: field.dataType.simpleString() for field in schema}
    assert kinds["AMOUNT"] == "decimal(18,2)" and kinds["_timestamp"] == "timestamp" and kinds["POSTED"] == "timestamp_ntz"
    assert kinds["_csn"] == "decimal(20,0)" and kinds["POSTING_ID"] == "bigint"


def test_a_schema_of_ones_own_prunes(spark: SparkSession) -> None:
    frame = (
        reader(spark, "BANK.POSTINGS")
        .schema("_position string, amount decimal(20,2), memo string")
        .load(str(DATA / "big" / "bk"))
    )
    wanted = tc.open(DATA / "big" / "bk").to_arrow("BANK.POSTINGS", columns=["AMOUNT", "MEMO"])
    found = rows(frame.toArrow())
    assert [row["amount"] for row in found] == wanted["AMOUNT"].to_pylist()
    assert [row["memo"] for row in found] == wanted["MEMO"].to_pylist()
    unknown = reader(spark, "BANK.POSTINGS").schema("_position string, NOSUCH string").load(str(DATA / "big" / "bk"))
    with pytest.raises(Exception, match="NOSUCH"):
        unknown.count()
    narrow = reader(spark, "BANK.POSTINGS").schema("AMOUNT decimal(3,2)").load(str(DATA / "big" / "bk"))
    with pytest.raises(Exception, match=r"column AMOUNT of BANK\.POSTINGS: a value of type") as error:
        narrow.count()
    assert "56821.59" not in str(error.value)


def test_several_tables(spark: SparkSession) -> None:
    path = str(DATA / "big" / "bk")
    every = reader(spark, "BANK.*", partition_bytes="3k").load(path)
    counts = {row["_table"]: row["count"] for row in every.groupBy("_table").count().collect()}
    assert counts == {"BANK.ACCOUNTS": 27, "BANK.CUSTOMERS": 9, "BANK.POSTINGS": 51}
    two = reader(spark, "BANK.ACCOUNTS, BANK.CUSTOMERS").load(path)
    customers = two.where("_table = 'BANK.CUSTOMERS'")
    wanted = tc.open(path).to_arrow("BANK.CUSTOMERS", times="micros")
    same(customers.select(*wanted.column_names), wanted)


def test_options_are_checked(spark: SparkSession) -> None:
    path = str(DATA / "big" / "bk")
    for options, message in [
        ({"layuot": "rows"}, "unknown option layuot; did you mean layout?"),
        ({"times": "nanos"}, "times must be 'micros' or 'truncated' in Spark"),
        ({"on_schema_change": "stop"}, "on_schema_change must be 'error' or 'union' in Spark"),
        ({"states": "maybe"}, "states must be true or false, not 'maybe'"),
        ({"partition_bytes": "0"}, "partition_bytes must be a size such as 64m or 1g, not '0'"),
        ({"start_at": "0:1"}, "unknown option start_at"),
    ]:
        with pytest.raises(ValueError, match=message.replace("?", r"\?")):
            Options.of({"path": path, "table": "BANK.POSTINGS", **options})
    with pytest.raises(ValueError, match="the path of the trail is missing"):
        Options.of({"table": "A.B"})
    with pytest.raises(ValueError, match=r'option\("table", …\) is missing'):
        Options.of({"path": path})
    # The library's own message, as `Trail.table` has it.
    with pytest.raises(ValueError) as own:
        tc.open(path).to_arrow("BANK.POSTINGS", layout="sideways")  # type: ignore[arg-type]
    with pytest.raises(Exception, match="layout") as other:
        reader(spark, "BANK.POSTINGS", layout="sideways").load(path)
    assert str(own.value) in str(other.value)
    with pytest.raises(Exception, match=r"the trail has no table BANK\.NOSUCH"):
        reader(spark, "BANK.NOSUCH").load(path)


FILTERS = [
    "AMOUNT > 1000",
    "AMOUNT <= 1000.5 and AMOUNT > 10",
    "POSTING_ID in (1, 2, 3)",
    "POSTING_ID not in (1, 2, 3)",
    "POSTING_ID <> 7",
    "MEMO is null",
    "MEMO is not null and CURRENCY = 'USD'",
    "CURRENCY <=> 'CNY'",
    "not (CURRENCY <=> 'CNY')",
    "MEMO like 'salary%'",
    "CURRENCY like '%N%'",
    "_op = 'insert'",
    "_op in ('update', 'delete')",
    "_position >= '0000000001:0000003397'",
    "_position < '0000000001:0000003397'",
    "_timestamp >= timestamp'2024-03-01 00:00:52'",
    "_timestamp between timestamp'2024-03-01 00:00:20' and timestamp'2024-03-01 00:00:30'",
    "POSTED >= timestamp_ntz'2024-03-01 00:00:20'",
    "_csn = 7824137865",
    "AMOUNT > 1000 or MEMO is null",
    "POSTING_ID % 2 = 0",
]


def test_filters_that_are_pushed_decide_as_spark_does(spark: SparkSession) -> None:
    path = str(DATA / "big" / "bk")
    plain = reader(spark, "BANK.POSTINGS", csn="number").load(path)
    decided = plain.select("_position", *[F.expr(text).alias(text) for text in FILTERS]).collect()
    # The short form has every third.
    for text in FILTERS if LONG else FILTERS[::3]:
        pushed = reader(spark, "BANK.POSTINGS", csn="number", pushdown="true", partition_bytes="16k").load(path)
        found = {row["_position"] for row in pushed.where(text).select("_position").collect()}
        assert found == {row["_position"] for row in decided if row[text]}, text


def test_the_plan_shows_what_is_pushed(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    frame = reader(spark, "BANK.POSTINGS", pushdown="true").load(str(DATA / "big" / "bk"))
    frame.where("AMOUNT > 1000 and _op = 'insert' and POSTING_ID % 2 = 0").explain("formatted")
    plan = capsys.readouterr().out
    pushed = next(line for line in plan.splitlines() if "PushedFilters" in line)
    assert "GreaterThan(AMOUNT,1000.00)" in pushed and "EqualTo(_op,insert)" in pushed and "%" not in pushed
    assert any("% 2) = 0" in line for line in plan.splitlines() if line.startswith("Condition"))


def test_a_frame_is_right_when_it_is_used_twice(spark: SparkSession) -> None:
    # Spark 4.3 keeps the filters of the last query of a frame; so they are not taken over by default.
    frame = reader(spark, "BANK.POSTINGS").load(str(DATA / "big" / "bk"))
    assert [frame.count(), frame.where("_op = 'delete'").count(), frame.count()] == [51, 1, 51]
    assert frame.where("_op = 'delete'").union(frame).count() == 52


def test_start_until_and_where_narrow_a_scan(spark: SparkSession) -> None:
    path = str(DATA / "big" / "bk")
    trail = tc.open(path)
    for options in [
        {"start": "2024-03-01T00:00:52"},
        {"start": "1:3397", "until": "2:1000"},
        {"start": "csn:7824137886"},
        {"where": "AMOUNT > 1000", "lenient": "true", "ops": "insert,update"},
    ]:
        given: Any = {**options, "ops": options["ops"].split(",")} if "ops" in options else dict(options)
        given["lenient"] = True
        frame = reader(spark, "BANK.POSTINGS", partition_bytes="4k", **options).load(path)
        same(frame, trail.select("BANK.POSTINGS", **given).to_arrow("BANK.POSTINGS", times="micros"))


def test_a_url(spark: SparkSession) -> None:
    # `local` is the protocol of fsspec for files.
    frame = reader(spark, "BANK.POSTINGS", partition_bytes="3k").load(f"local://{DATA / 'big' / 'bk'}")
    same(frame, tc.open(DATA / "big" / "bk").to_arrow("BANK.POSTINGS", times="micros"))


def test_state_is_that_of_the_library(spark: SparkSession) -> None:
    trail = tc.open(DATA / "big" / "bk")
    for table, at in [("BANK.ACCOUNTS", None), ("BANK.ACCOUNTS", "1:3397"), ("BANK.CUSTOMERS", "csn:7824137865")]:
        frame = reader(spark, table, layout="changes", states="true").load(str(DATA / "big" / "bk"))
        same(trailcore.spark.state(frame, at=at), trail.state(table, at=at, times="micros").to_arrow())
    postings = reader(spark, "BANK.POSTINGS", layout="changes", states="true").load(str(DATA / "big" / "bk"))
    assert trailcore.spark.state(postings).count() == 0
    with pytest.raises(ValueError, match="layout='changes' and states=True"):
        trailcore.spark.state(reader(spark, "BANK.POSTINGS").load(str(DATA / "big" / "bk")))


def test_state_follows_keys_that_move(spark: SparkSession, tmp_path: Path) -> None:
    table = tc.TableDef("HR.EMP", [tc.Column("ID", "integer", key=True), tc.Column("NAME"), tc.Column("CITY")])
    with tc.Writer(tmp_path / "lt") as writer:
        with writer.transaction(csn=1, xid="1"):
            for number in range(6):
                writer.insert(table, {"ID": number, "NAME": f"n{number}", "CITY": f"c{number}"})
        with writer.transaction(csn=2, xid="2"):
            # Two rows exchange their keys, over one that both have for a time.
            writer.pk_update(table, {"ID": 1}, {"ID": 2, "NAME": "was 1"})
            writer.pk_update(table, {"ID": 2}, {"ID": 1, "NAME": "was 2"})
        with writer.transaction(csn=3, xid="3"):
            writer.pk_update(table, {"ID": 3}, {"ID": 30})
            writer.update(table, {"ID": 30}, {"ID": 30, "CITY": None})
            writer.delete(table, {"ID": 4})
            writer.insert(table, {"ID": 4, "NAME": "again"})
            writer.update(table, {"ID": 77}, {"ID": 77, "CITY": "unseen"})
            writer.delete(table, {"ID": 5})
    trail = tc.open(tmp_path / "lt")
    for at in (None, "csn:2", "csn:1"):
        frame = reader(spark, "HR.EMP", layout="changes", states="true").load(str(tmp_path / "lt"))
        same(trailcore.spark.state(frame, at=at), trail.state("HR.EMP", at=at).to_arrow())


def test_a_definition_that_changes(spark: SparkSession, tmp_path: Path) -> None:
    before = tc.TableDef("HR.EMP", [tc.Column("ID", "integer", key=True), tc.Column("NAME", length=40)])
    after = tc.TableDef("HR.EMP", [tc.Column("ID", "integer", key=True), tc.Column("NAME", length=40), tc.Column("CITY")])
    with tc.Writer(tmp_path / "lt", file_size=2000) as writer:
        for number in range(60):
            with writer.transaction(csn=number + 1, xid="x"):
                table = before if number < 30 else after
                values = {"ID": number, "NAME": "x" * 30, **({"CITY": "y"} if table is after else {})}
                writer.insert(table, values)
    trail = tc.open(tmp_path / "lt")
    assert len(trail.files) > 3
    for size in ("1k", "1m"):
        with pytest.raises(Exception, match="on_schema_change='union'"):
            reader(spark, "HR.EMP", partition_bytes=size).load(str(tmp_path / "lt")).count()
        with pytest.raises(Exception, match="on_schema_change='union'"):
            reader(spark, "HR.EMP, HR.EMP", partition_bytes=size).load(str(tmp_path / "lt")).count()
        frame = reader(spark, "HR.EMP", partition_bytes=size, on_schema_change="union").load(str(tmp_path / "lt"))
        same(frame, trail.to_arrow("HR.EMP", on_schema_change="union"))


# Streams.


EMP = tc.TableDef("HR.EMP", [tc.Column("ID", "integer", key=True), tc.Column("NAME", length=40)])


def write(prefix: Path, transactions: range, first_seqno: int = 0, rows: int = 3) -> None:
    with tc.Writer(prefix, file_size=4000, first_seqno=first_seqno) as writer:
        for number in transactions:
            with writer.transaction(csn=number, xid=f"x{number}"):
                for row in range(rows):
                    writer.insert(EMP, {"ID": number * 10 + row, "NAME": "x" * 20})


def stream(spark: SparkSession, path: Path, out: Path, **options: Any) -> list[int]:
    """Runs a query over what is there, and returns the numbers of rows of its micro-batches."""
    read = spark.readStream.format("trailcore").option("table", "HR.EMP")
    for name, value in options.items():
        read = read.option(name, value)
    query = (
        read.load(str(path))
        .writeStream.format("parquet")
        .option("checkpointLocation", str(out / "checkpoint"))
        .trigger(availableNow=True)
        .start(str(out / "rows"))
    )
    query.awaitTermination()
    return [progress["numInputRows"] for progress in query.recentProgress if progress["numInputRows"]]


def ids(spark: SparkSession, out: Path) -> list[int]:
    return sorted(row["ID"] for row in spark.read.parquet(str(out / "rows")).select("ID").collect())


def numbers(transactions: range) -> list[int]:
    return [number * 10 + row for number in transactions for row in range(3)]


def test_a_stream_goes_on_where_it_stopped(spark: SparkSession, tmp_path: Path) -> None:
    path, out = tmp_path / "lt", tmp_path / "out"
    write(path, range(1, 40))
    files = tc.open(path).files
    assert len(files) > 2
    batches = stream(spark, path, out, max_rows=50, partition_bytes="2k")
    assert ids(spark, out) == numbers(range(1, 40)) and max(batches) <= 50 and len(batches) > 2
    # Nothing new is no batch; a transaction that has not ended is not read.
    assert stream(spark, path, out) == []
    write(path, range(40, 60), first_seqno=len(files))
    last = Path(tc.open(path).files[-1])
    content = last.read_bytes()
    end = list(tc.open(last))[-1].position.rba
    last.write_bytes(content[:end])
    stream(spark, path, out, max_bytes="5k")
    assert ids(spark, out) == numbers(range(1, 59))
    last.write_bytes(content)
    stream(spark, path, out)
    assert ids(spark, out) == numbers(range(1, 60))


def test_a_stream_of_several_trails_that_begin_later(spark: SparkSession, tmp_path: Path) -> None:
    out = tmp_path / "out"
    paths = json.dumps([str(tmp_path / "aa"), str(tmp_path / "bb")])

    def run() -> None:
        read = spark.readStream.format("trailcore").options(table="HR.EMP", paths=paths, max_rows="40", max_bytes="4k")
        written = read.schema("_position string, ID bigint").load().writeStream.format("parquet")
        written = written.option("checkpointLocation", str(out / "checkpoint")).trigger(availableNow=True)
        written.start(str(out / "rows")).awaitTermination()

    run()
    write(tmp_path / "aa", range(1, 20))
    run()
    write(tmp_path / "bb", range(20, 40))
    run()
    assert ids(spark, out) == numbers(range(1, 40))


def test_a_purge_of_what_a_restart_needs_is_an_error(spark: SparkSession, tmp_path: Path) -> None:
    path, out = tmp_path / "lt", tmp_path / "out"
    write(path, range(1, 40))
    stream(spark, path, out, max_rows=50)
    files = tc.open(path).files
    write(path, range(40, 80), first_seqno=len(files))
    for file in tc.open(path).files[: len(files) + 1]:
        os.remove(file)
    with pytest.raises(Exception, match="file 4 is missing, from which the query"):
        stream(spark, path, out)


def test_the_first_micro_batch_misses_files_that_are_purged(tmp_path: Path) -> None:
    from pyspark.sql.streaming.datasource import ReadAllAvailable

    from trailcore.spark.stream import TrailStreamReader

    path = tmp_path / "lt"
    write(path, range(1, 40))
    options = Options.of({"path": str(path), "table": "HR.EMP"})
    fields = StructType([StructField("ID", LongType())])
    reader = TrailStreamReader(options, fields, inferred=False)
    begin = reader.initialOffset()
    end = reader.latestOffset(begin, ReadAllAvailable())

    def count() -> int:
        again = TrailStreamReader(options, fields, inferred=False)
        return sum(batch.num_rows for part in again.partitions(begin, end) for batch in again.read(part))

    assert count() == len(numbers(range(1, 40)))
    os.remove(tc.open(path).files[0])
    with pytest.raises(tc.SequenceGapError):
        count()
    compressed = tmp_path / "gz"
    compressed.mkdir()
    (compressed / "lt000000000.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(ValueError, match="compressed files"):
        TrailStreamReader(Options.of({"path": str(compressed), "table": "HR.EMP"}), fields, inferred=False)


def test_bounds_of_other_types_prune_nothing() -> None:
    def bounds(column: str, value: Any) -> pushdown.Bounds:
        test = pushdown.Test(ds.GreaterThanOrEqual((column,), value), (column,), (pa.scalar(value),))
        return pushdown.bounds_of([test], "_", True)

    naive = _dt.datetime(2024, 3, 1, 5)
    assert bounds("_timestamp", naive).times[0] == naive.replace(tzinfo=_dt.timezone.utc)
    assert bounds("_timestamp", "2024-03-01").times == (None, None)
    assert bounds("_csn", "abc").csns == (None, None)
    assert bounds("_csn", 9).csns[0] == 9


def test_a_stream_into_delta(spark: SparkSession, tmp_path: Path) -> None:
    deltalake = pytest.importorskip("deltalake")
    path, out = tmp_path / "lt", tmp_path / "delta"
    write(path, range(1, 30))
    twice = []

    def put(frame: DataFrame, batch: int) -> None:
        # Each batch is delivered twice: the table knows the number of the last one.
        for _ in range(2):
            table = deltalake.DeltaTable(str(out)) if deltalake.DeltaTable.is_deltatable(str(out)) else None
            if (
                table is not None
                and (table.transaction_version("trailcore") is not None)
                and table.transaction_version("trailcore") >= batch
            ):
                twice.append(batch)
                continue
            done = deltalake.CommitProperties(app_transactions=[deltalake.Transaction("trailcore", batch)])
            deltalake.write_deltalake(str(out), frame.toArrow(), mode="append", commit_properties=done)

    query = (
        spark.readStream.format("trailcore")
        .options(table="HR.EMP", max_rows="30")
        .load(str(path))
        .writeStream.option("checkpointLocation", str(tmp_path / "checkpoint"))
        .trigger(availableNow=True)
        .foreachBatch(put)
        .start()
    )
    query.awaitTermination()
    found = sorted(pa.table(deltalake.DeltaTable(str(out)).to_pyarrow_table())["ID"].to_pylist())
    assert found == numbers(range(1, 30)) and len(twice) > 1


# Writing.


def test_changes_are_written_as_trails(spark: SparkSession, tmp_path: Path) -> None:
    trail = tc.open(DATA / "big" / "bk").select("BANK.ACCOUNTS")
    frame = reader(spark, "BANK.ACCOUNTS", layout="changes", states="true", numbers="2").load(str(DATA / "big" / "bk"))
    target = tmp_path / "written"
    options = {"table": "BANK.ACCOUNTS", "key": "ACCOUNT_NO", "order": "little"}
    frame.orderBy("_position").coalesce(1).write.format("trailcore").options(**options).mode("append").save(str(target))
    copy = tc.open(target / "part-00000")
    assert copy.info[0].byte_order == "little" and [change.op for change in copy] == [change.op for change in trail]
    assert trail.diff(copy).equal
    # One sequence of files for each partition; they are read as one.
    frame.repartition(2, "_xid").sortWithinPartitions("_position").write.format("trailcore").options(**options).mode(
        "overwrite"
    ).save(str(target))
    assert sorted(os.listdir(target)) == ["part-00000", "part-00001"]
    assert reader(spark, "BANK.ACCOUNTS").load(str(target)).count() == 27
    # A column of the table may begin with _, and a path may have the form of Hadoop.
    own = spark.createDataFrame([("insert", "7", 7, "n")], "_op string, _csn string, _id int, NAME string")
    own.write.format("trailcore").options(table="HR.EMP").mode("append").save(f"file:{tmp_path}/own")
    assert [change.after for change in tc.open(tmp_path / "own" / "part-00000")] == [{"_id": 7, "NAME": "n"}]
    with pytest.raises(Exception, match="the DataFrame has no column _csn"):
        frame.drop("_csn").write.format("trailcore").options(**options).mode("append").save(str(target))
    with pytest.raises(Exception, match="unknown option ordr; did you mean order"):
        frame.write.format("trailcore").options(**{**options, "ordr": "x"}).mode("append").save(str(target))


# Parts that need no session.


def test_ranges_cover_the_files() -> None:
    files = [File(f"lt{number:09d}", number, size) for number, size in enumerate([10, 300, 40, 40, 1000, 5])]
    for size in (1, 7, 50, 100, 400, 10_000):
        found = ranges.split(files, [True] * 6, size)
        assert found[0].start is None and found[-1].end == "6:0"
        assert [one.end for one in found[:-1]] == [one.start for one in found[1:]]
        assert sum(one.bytes for one in found) == 1395, found
    found = ranges.split(files, [False, True, False, True, True, False], 10_000)
    assert [(one.start, one.end) for one in found] == [("1:0", "2:0"), ("3:0", "5:0")]
    between = ranges.between(files, "1:100", tc.Position(4, 500), 200)
    assert [one.start for one in between] == ["1:100", "1:300", "4:120", "4:320"] or between[0].start == "1:100"
    assert between[-1].end == "4:500" and [one.end for one in between[:-1]] == [one.start for one in between[1:]]


def test_an_hour_of_a_day_reads_a_twentieth(tmp_path: Path) -> None:
    # A day in files of two minutes each. The bytes are counted for the process, also with the headers of all files.
    start = _dt.datetime(2024, 3, 1, tzinfo=_dt.timezone.utc)
    with tc.Writer(tmp_path / "lt", file_size=13_000) as writer:
        for number in range(24 * 60 * 30):
            with writer.transaction(csn=number + 1, xid="x", timestamp=start + _dt.timedelta(seconds=2 * number)):
                writer.insert(EMP, {"ID": number, "NAME": "n" * 40})
    trail = tc.open(tmp_path / "lt")
    source = trailcore.spark.TrailDataSource({"path": str(tmp_path / "lt"), "table": "HR.EMP", "pushdown": "true"})
    scan: Any = source.reader(source.schema())
    low, high = start + _dt.timedelta(hours=9), start + _dt.timedelta(hours=10)
    left = list(scan.pushFilters([ds.GreaterThanOrEqual(("_timestamp",), low), ds.LessThan(("_timestamp",), high)]))
    assert left == []
    before = _bytes_read()
    partitions = scan.partitions()
    planned = _bytes_read()
    found = [number for one in partitions for batch in scan.read(one) for number in batch["ID"].to_pylist()]
    done = _bytes_read()
    assert found == list(range(9 * 1800, 10 * 1800))
    assert 0 < done - planned <= trail.size * 0.05
    assert planned - before <= len(trail.files) * 5_000


def _bytes_read() -> int:
    return int(next(line for line in Path("/proc/self/io").read_text().splitlines() if line.startswith("rchar")).split()[1])


def test_what_is_not_pushed() -> None:
    schema = pa.schema(
        [("D", pa.decimal128(18, 2)), ("F", pa.float64()), ("T", pa.string()), ("S", pa.struct([("X", pa.int64())]))]
    )
    for given in [
        ds.EqualTo(("F",), 1.0),
        ds.EqualTo(("D",), decimal.Decimal("1.005")),
        ds.EqualTo(("T",), 5),
        ds.EqualTo(("NOSUCH",), 5),
        ds.Not(ds.EqualTo(("F",), 1.0)),
    ]:
        assert pushdown.test_of(given, schema) is None, given
    assert pushdown.test_of(ds.GreaterThan(("S", "X"), 5), schema) is not None
    assert pushdown.test_of(ds.EqualNullSafe(("D",), None), schema) is not None


def test_the_package_is_needed_by_name() -> None:
    code = "import sys; sys.modules['pyspark'] = None; import trailcore.spark"
    failed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert failed.returncode != 0
    assert "pip install 'trailcore[spark]'" in failed.stderr or "pyspark" in failed.stderr
