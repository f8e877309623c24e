"""Trails as a data source of Apache Spark: batches, streams and writing.

>>> def count(spark):
...     trailcore.spark.register(spark)
...     return spark.read.format("trailcore").option("table", "BANK.POSTINGS").load("dirdat/lt").count()

docs/spark.md has the options, the guarantees and their limits. Needs ``pip install 'trailcore[spark]'`` where the driver runs;
executors need trailcore and pyarrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailcore._table import needed

needed("pyarrow", "spark")
needed("pyspark", "spark")

from trailcore.spark.source import TrailDataSource  # noqa: E402
from trailcore.spark.state import state  # noqa: E402

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["TrailDataSource", "register", "state"]


def register(spark: SparkSession) -> None:
    """Registers the format ``trailcore`` in a session."""
    spark.dataSource.register(TrailDataSource)
