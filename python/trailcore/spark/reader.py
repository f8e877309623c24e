"""Reads a trail in Spark: a partition is a range of transactions."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
from pyspark.sql.datasource import DataSourceReader, Filter, InputPartition
from pyspark.sql.types import StructType

from trailcore import _lazy, _native, _table
from trailcore._errors import SchemaChangeError, UnknownTableError
from trailcore._select import Select
from trailcore._table import Table, arrow
from trailcore._trail import Trail
from trailcore.spark import files, pushdown, ranges, schema
from trailcore.spark.options import Options
from trailcore.spark.pushdown import Test

_LOG = logging.getLogger("trailcore.spark")

# Columns whose values depend on all columns of the table.
_WHOLE = ("states", "complete", "key_before", "before_states", "after_states")
_META = (*_table._META, "unfinished", "table", *_WHOLE)


class TrailPartition(InputPartition):
    """A range of a trail. `select` has the rows that may pass the filters that Spark pushed down."""

    def __init__(self, path: str, range: ranges.Range, select: Select | None = None) -> None:
        super().__init__(None)
        self.path, self.range, self.select = path, range, select


class Scan:
    """The base of the readers of batches and of streams: from a range of a trail to record batches in Spark's schema."""

    def __init__(self, options: Options, spark_schema: Any, inferred: bool) -> None:
        self.options = options
        self.target = schema.of_spark(spark_schema)
        self.inferred = inferred
        self.tests: list[Test] = []

    @property
    def may_miss(self) -> bool:
        """True if columns that a definition lacks are null."""
        return self.options.several or self.options.arrow.get("on_schema_change") == "union"

    def layout(self) -> dict[str, Any]:
        """Returns the options of the conversion, with the columns that are needed only."""
        if self.inferred:
            # All columns, so that new ones are noticed.
            return dict(self.options.arrow)
        own = self.options.prefix
        wanted: set[str] = set()
        for field in self.target:
            if field.name in {own + name for name in _WHOLE}:
                return dict(self.options.arrow)
            if self.options.arrow.get("layout") == "changes" and field.name in ("before", "after"):
                wanted |= {one.name for one in field.type}
            elif field.name not in {own + name for name in _META}:
                wanted.add(field.name)
        given = self.options.arrow.get("columns")
        if given is not None:
            wanted = {name for name in wanted if name.upper() in {one.upper() for one in given}}
        return {**self.options.arrow, "columns": sorted(wanted)}

    def batches(self, partition: TrailPartition) -> Iterator[pa.RecordBatch]:
        """Yields the record batches of a partition."""
        of = partition.range
        trail = self.options.open(partition.path, transactions_from=of.start, transactions_until=of.end)
        if partition.select is not None:
            trail = Trail(trail._native, dataclasses.replace(trail._reading, select=partition.select, warns=False))
        read = self._several(trail) if self.options.several else self._single(trail, partition.select is not None)
        for batch in read:
            for test in self.tests:
                batch = batch.filter(test.mask(batch))
            if batch.num_rows:
                yield batch

    def _single(self, trail: Trail, is_pushed: bool) -> Iterator[pa.RecordBatch]:
        name = self.options.tables[0]
        layout = self.layout()
        if self.may_miss:
            # Each definition has its own columns; the others are null.
            layout.pop("columns", None)
        table = trail.table(name, **{**layout, "on_schema_change": "stop"})
        try:
            stream: _native.Table | None = table._open()
        except UnknownTableError:
            # This range has no change of the table.
            return
        first = True
        while stream is not None:
            if not first and not self.may_miss:
                raise self._changed(name)
            conform = self._conformer(schema_of(stream.empty()), name)
            while (batch := stream.next_batch()) is not None:
                yield conform(pa.record_batch(batch))
            if is_pushed:
                _lazy._check_causes(Table(trail._native, trail._reading, name, self.options.arrow, None), stream.report)
            stream, first = stream.next_version(), False

    def _several(self, trail: Trail) -> Iterator[pa.RecordBatch]:
        conformers: dict[tuple[str, str], Any] = {}
        for batch in trail._native.batches(trail._reading, arrow(self._layout_of_several()), None):
            made = pa.record_batch(batch)
            table = batch.table or ""
            key = (table, str(made.schema))
            if key not in conformers:
                if any(name == table for name, _ in conformers) and self.options.arrow.get("on_schema_change") != "union":
                    raise self._changed(table)
                conformers[key] = self._conformer(made.schema, table)
            yield conformers[key](made)

    def _layout_of_several(self) -> dict[str, Any]:
        layout = self.layout()
        layout.pop("on_schema_change", None)
        return layout

    def _conformer(self, source: pa.Schema, table: str) -> Any:
        added = schema.leaves(source) - schema.leaves(self.target) if self.inferred else set()
        if added:
            raise SchemaChangeError(
                f"the definition of {table} changes: the schema of the query lacks {', '.join(sorted(added))}; "
                "pass on_schema_change='union', and start the query again"
            )
        column = f"{self.options.prefix}table" if self.options.several else None
        return schema.conformer(source, self.target, table, column, self.may_miss)

    def _changed(self, table: str) -> SchemaChangeError:
        return SchemaChangeError(f"the definition of {table} changes within the trail; pass on_schema_change='union'")


class TrailReader(Scan, DataSourceReader):
    """A scan of one or more trails."""

    def partitions(self) -> list[InputPartition]:
        """Returns the ranges of the trails that may have rows that pass the filters."""
        found: list[InputPartition] = []
        bounds = self._bounds()
        for path in self.options.paths:
            listed = files.listed(path)
            trail = self.options.open(path)
            kept = ranges.kept_files(trail, listed, bounds)
            pieces = ranges.split(listed, kept, self.options.partition_bytes)
            _LOG.info("%s: %d of %d files, %d partitions", path, sum(kept), len(listed), len(pieces))
            select = self._select(path, pieces)
            found += [TrailPartition(path, piece, select) for piece in pieces]
        return found

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yields the record batches of a partition."""
        return self.batches(partition) if isinstance(partition, TrailPartition) else iter(())

    def _bounds(self) -> pushdown.Bounds:
        found = pushdown.bounds_of(self.tests, self.options.prefix, self.options.arrow.get("csn") == "number")
        return found.within(pushdown.point(self.options.select.get("start")), pushdown.point(self.options.until))

    def _select(self, path: str, pieces: list[ranges.Range]) -> Select | None:
        """Returns a selection that keeps all rows that may pass the filters; `None` if there is no such selection."""
        if not self.tests or not pieces:
            return None
        options = self.options
        if options.several:
            tables = pushdown.words_of(self.tests, f"{options.prefix}table")
            has_select = any(options.select.values()) or options.until is not None
            if tables is None or has_select or any("," in name or "." not in name for name in tables):
                return None
            allowed = options.selection()
            wanted = Select(*sorted(tables), lenient=True) if tables else Select(until=(0, 0))
            return wanted if allowed is None else allowed & wanted
        if (
            options.selection() is not None
            or options.arrow.get("layout", "rows") != "rows"
            or options.arrow.get("fill", "none") != "none"
            or self.may_miss
        ):
            return None
        own = {name for test in self.tests for name in test.path[:1] if name not in {options.prefix + one for one in _META}}
        definition = None
        if own:
            first = options.open(path, transactions_from=pieces[0].start, transactions_until=pieces[-1].end)
            try:
                definition = first.table(options.tables[0], **{**options.arrow, "on_schema_change": "stop"})._open().definition
            except UnknownTableError:
                return None
        return pushdown.selection_of(self.tests, definition, options.tables[0], options.prefix)


class PushingReader(TrailReader):
    """A scan that takes filters over. Spark refuses it unless ``spark.sql.python.filterPushdown.enabled`` is true."""

    def pushFilters(self, filters: list[Filter]) -> Iterable[Filter]:
        """Takes over the filters that are decided here exactly as in Spark, and returns the others."""
        for given in filters:
            test = pushdown.test_of(given, self.target)
            if test is None:
                yield given
            else:
                self.tests.append(test)


def schema_of(batch: _native.Batch) -> pa.Schema:
    """Returns the schema of a record batch."""
    return pa.schema(batch)


def inferred_schema(options: Options) -> StructType:
    """Returns the schema of a scan from the definitions in the trails."""
    found: dict[str, pa.Schema] = {}
    for path in options.paths:
        trail = options.open(path)
        if not options.several:
            # A definition that changes later is an error there, or with 'union' part of the one schema, for which all is read.
            table = trail.table(options.tables[0], **options.arrow)
            stream = table._open()
            definition = stream.definition
            key = [] if definition is None else [column.name for column in definition.columns if column.key]
            return schema.of_arrow(schema_of(stream.empty()), key)
        for name in _names(trail, options):
            if name not in found:
                every = Trail(trail._native, dataclasses.replace(trail._reading, select=None))
                found[name] = schema_of(every.table(name, **options.arrow)._open().empty())
    if not found:
        raise UnknownTableError(f"no table of {', '.join(options.paths)} matches {', '.join(options.tables)}")
    prefix = options.prefix
    fields = list(schema.united(found))
    return schema.of_arrow(pa.schema([pa.field(f"{prefix}table", pa.string()), *fields]), [])


def _names(trail: Trail, options: Options) -> list[str]:
    """Returns the names of the tables of a scan. Patterns need to read the trail once, without decoding."""
    if not any(character in name for name in options.tables for character in "*?"):
        return list(options.tables)
    return list(trail.tables)
