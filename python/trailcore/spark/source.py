"""The data source that Spark registers."""

from __future__ import annotations

import dataclasses
from typing import Any

from pyspark.sql.datasource import DataSource, DataSourceReader, DataSourceStreamReader, DataSourceWriter

from trailcore.spark.options import Options
from trailcore.spark.reader import PushingReader, TrailReader, inferred_schema
from trailcore.spark.stream import TrailStreamReader
from trailcore.spark.writer import TrailWriter


class TrailDataSource(DataSource):
    """The format ``trailcore``; `trailcore.spark.register` makes it known to a session."""

    _inferred = False

    @classmethod
    def name(cls) -> str:
        """Returns the name of the format."""
        return "trailcore"

    def schema(self) -> Any:
        """Returns the schema of the tables, from their definitions in the trail. Spark asks for it unless the user gives
        one."""
        self._inferred = True
        return inferred_schema(Options.of(self.options))

    def reader(self, schema: Any) -> DataSourceReader:
        """Returns the reader of a scan."""
        options = Options.of(self.options)
        if options.start != "beginning":
            options = dataclasses.replace(options, select={**options.select, "start": options.start})
        kind = PushingReader if options.pushdown else TrailReader
        return kind(options, schema, self._inferred)

    def streamReader(self, schema: Any) -> DataSourceStreamReader:
        """Returns the reader of a stream."""
        return TrailStreamReader(Options.of(self.options), schema, self._inferred)

    def writer(self, schema: Any, overwrite: bool) -> DataSourceWriter:
        """Returns the writer of a DataFrame."""
        return TrailWriter(self.options, schema, overwrite)
