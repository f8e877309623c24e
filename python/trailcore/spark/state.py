"""The rows of a table as of a place, from a DataFrame of its changes: what `Trail.state` returns, on a cluster.

Rows that no key update has touched, nearly all, are a window by key: the changes since the last insert or delete, and of these
for each column the last one that has it. The few keys that key updates connect are collected in the driver, and the rows of
each connected group are followed one change after the other, as the library does.
"""

from __future__ import annotations

import collections
import datetime as _dt
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StructField, StructType

from trailcore._select import StartPoint, _place
from trailcore._values import Position, utc
from trailcore.spark.schema import KEY, of_spark

_KNOWN = ("value", "null", "invalid")
_META = ("_csn", "_xid", "_timestamp")


def state(df: DataFrame, *, at: StartPoint | None = None, key: Iterable[str] | None = None) -> DataFrame:
    """Returns the rows of a table as of a place, or at the end of the changes, as `Trail.state` does.

    `df` has the changes of one table with ``layout="changes"`` and ``states=True``. `at` is a position, a time (naive times are
    UTC) or ``csn:NUMBER``. `key` are the columns that identify a row, in place of the key in the definition of the table.

    >>> def rows(spark):
    ...     reader = spark.read.format("trailcore").option("table", "BANK.ACCOUNTS")
    ...     return trailcore.spark.state(reader.option("layout", "changes").option("states", "true").load("dirdat/lt"))
    """
    needed = {"_op", "_position", *_META, "before", "after", "_before_states", "_after_states"}
    if missing := sorted(needed - set(df.columns)):
        raise ValueError(f"the DataFrame has no {', '.join(missing)}; read it with layout='changes' and states=True")
    field = df.schema["after"]
    columns = [one.name for one in field.dataType.fields]
    keys = [key] if isinstance(key, str) else list(key if key is not None else field.metadata.get(KEY, ()))
    if not keys:
        raise ValueError("the DataFrame does not show the key of its table; pass key=[…]")
    if unknown := [name for name in keys if name not in columns]:
        raise ValueError(f"key: the table has no column {', '.join(unknown)}; it has {', '.join(columns)}")

    changes = df if at is None else df.where(_until(at))
    last = changes.where(F.col("_op") == "truncate").agg(F.max("_position").alias("_truncated"))
    changes = changes.crossJoin(F.broadcast(last))
    changes = changes.where(
        (F.col("_op") != "truncate") & (F.col("_truncated").isNull() | (F.col("_position") > F.col("_truncated")))
    )

    def known(image: str, name: str) -> Column:
        return F.coalesce(F.col(f"_{image}_states")[name].isin(*_KNOWN), F.lit(False))

    def first(name: str, one: str, other: str) -> Column:
        return F.when(known(one, name), F.col(one)[name]).when(known(other, name), F.col(other)[name])

    def both(name: str) -> Column:
        return known("before", name) | known("after", name)

    # A change without a whole key names no row.
    for name in keys:
        changes = changes.where(both(name))
    old_key = F.struct(*[first(name, "before", "after").alias(name) for name in keys])
    new_key = F.struct(*[first(name, "after", "before").alias(name) for name in keys])
    changes = changes.select(
        "_op",
        "_position",
        *_META,
        old_key.alias("_old"),
        F.when(F.col("_op") == "delete", old_key).otherwise(new_key).alias("_new"),
        F.struct(*[first(name, "after", "before").alias(name) for name in columns]).alias("_row"),
        F.struct(*[both(name).alias(name) for name in columns]).alias("_has"),
    )
    values = [F.col("_row")[name].alias(name) for name in columns]
    schema = changes.select("_op", "_position", *_META, F.lit(True).alias("_complete"), *values).schema
    groups = _connected((row["_old"], row["_new"]) for row in _moves(changes).toLocalIterator())
    if not groups:
        return _plain(changes, columns).select(*schema.names)
    kinds = StructType([StructField("_touched", changes.schema["_new"].dataType), StructField("_group", LongType())])
    touched = changes.sparkSession.createDataFrame(list(groups.items()), kinds)
    joined = changes.join(F.broadcast(touched), F.col("_new").eqNullSafe(F.col("_touched")), "left")
    plain = _plain(joined.where(F.col("_group").isNull()).drop("_touched", "_group"), columns)

    def follow(rows: pa.Table) -> pa.Table:
        return pa.Table.from_pylist(list(_followed(rows.to_pylist(), columns)), schema=target)

    target = of_spark(schema)
    moved = joined.where(F.col("_group").isNotNull()).groupBy("_group").applyInArrow(follow, schema)
    return plain.select(*schema.names).unionByName(moved)


def _until(at: StartPoint) -> Column:
    place = _place("at", at)
    if isinstance(place, Position):
        return F.col("_position") <= f"{place.seqno:010d}:{place.rba:010d}"
    if isinstance(place, _dt.datetime):
        return F.col("_timestamp") <= F.lit(utc(place))
    number = place.removeprefix("csn:")
    if not (number.isascii() and number.isdigit()):
        raise ValueError(f"at: {number} is not a number, as which CSNs are compared here; pass a position or a time")
    return F.col("_csn").cast("decimal(38,0)") <= F.lit(number).cast("decimal(38,0)")


def _moves(changes: DataFrame) -> DataFrame:
    moved = F.col("_op").isin("update", "pk_update") & ~F.col("_old").eqNullSafe(F.col("_new"))
    return changes.where(moved).select("_old", "_new").distinct()


def _connected(moves: Iterable[tuple[Any, Any]]) -> dict[Any, int]:
    """Returns the number of the group of each key: keys that a chain of key updates connects are in one."""
    parent: dict[Any, Any] = {}

    def root(key: Any) -> Any:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for old, new in moves:
        parent[root(old)] = root(new)
    numbers: dict[Any, int] = {}
    return {key: numbers.setdefault(root(key), len(numbers)) for key in list(parent)}


def _plain(changes: DataFrame, columns: list[str]) -> DataFrame:
    """Returns the rows of keys that no key update touches."""
    by_key = Window.partitionBy("_new")
    begins = F.max(F.when(F.col("_op").isin("insert", "delete"), F.col("_position"))).over(by_key)
    since = changes.withColumn("_begins", begins).where(
        (F.col("_begins").isNull() | (F.col("_position") >= F.col("_begins"))) & (F.col("_op") != "delete")
    )

    def last(name: str) -> Column:
        return F.max_by(F.col("_row")[name], F.when(F.col("_has")[name], F.col("_position"))).alias(name)

    complete = F.lit(True)
    for name in columns:
        complete = complete & F.max(F.col("_has")[name])
    return since.groupBy("_new").agg(
        F.lit("insert").alias("_op"),
        F.max("_position").alias("_position"),
        *[F.max_by(name, "_position").alias(name) for name in _META],
        complete.alias("_complete"),
        *[last(name) for name in columns],
    )


def _followed(changes: list[dict[str, Any]], columns: list[str]) -> Iterator[dict[str, Any]]:
    """Yields the rows that are left of a group of connected keys. Within a transaction, two rows may have one key for a
    time."""
    rows: dict[Any, dict[str, Any]] = {}
    displaced: dict[Any, collections.deque[dict[str, Any]]] = {}
    transaction: Any = None

    def take(key: Any, leaves: bool) -> dict[str, Any] | None:
        if leaves and displaced.get(key):
            return displaced[key].popleft()
        return rows.pop(key, None)

    for change in sorted(changes, key=lambda one: one["_position"]):
        old, new = tuple(change["_old"].items()), tuple(change["_new"].items())
        if (change["_csn"], change["_xid"]) != transaction:
            transaction = (change["_csn"], change["_xid"])
            displaced.clear()
        known = {name: change["_row"][name] for name in columns if change["_has"][name]}
        if change["_op"] == "delete":
            take(old, True)
            continue
        earlier = take(old, old != new) if change["_op"] != "insert" else None
        row = {**(earlier["known"] if earlier else {}), **known}
        if new in rows and change["_op"] != "insert":
            displaced.setdefault(new, collections.deque()).append(rows[new])
        rows[new] = {"known": row, "change": change}
    for row in rows.values():
        change = row["change"]
        yield {
            "_op": "insert",
            **{name: change[name] for name in ("_position", *_META)},
            "_complete": all(name in row["known"] for name in columns),
            **{name: row["known"].get(name) for name in columns},
        }
