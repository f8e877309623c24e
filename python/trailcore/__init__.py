"""Reads, filters and writes Oracle GoldenGate trail files.

>>> import trailcore as tc
>>> trail = tc.open("examples/data/big/bk")                       # a file, a prefix, a directory, a list
>>> df = trail.select("BANK.POSTINGS", where="AMOUNT > 1000").to_polars("BANK.POSTINGS")

`open` returns a `Trail`. Iterate it for its changes, use `Trail.table` for data frames and `Trail.select` to narrow it. Values
are exact: numbers are int or Decimal, NULL is `None`, and a column that is missing from an image is not in its dict.

Three names are type aliases. `Source` is what a trail can be opened from: a path, bytes, a binary file object or a list of
paths. `StartPoint` is where to start or to stop: a `Position` or its text, a time, or ``csn:NUMBER``. `Progress` is a callback
of bytes read and total bytes, or a `Bar` such as tqdm's.

trailcore is independent of Oracle. "GoldenGate" is a trademark of Oracle.
"""

from typing import TYPE_CHECKING

from trailcore._analysis import (
    Difference,
    Differences,
    History,
    HistoryReport,
    State,
    StateReport,
    TableDifferences,
    Volume,
    VolumeRow,
)
from trailcore._documents import ArrowOptions, CheckIssue, CheckReport, FileInfo, ReadOptions, WriterOptions
from trailcore._errors import *
from trailcore._live import CheckpointStore, Delivery, Event, Hub, Tail, follow
from trailcore._native import Batch, Catalog, Change, Changes, Column, Record, Records, TableDef, __version__
from trailcore._pipelines import Pipelines
from trailcore._progress import Bar, Progress
from trailcore._select import Select, StartPoint
from trailcore._table import Table, TableVersion
from trailcore._trail import (
    IndexedFile,
    Skipped,
    Source,
    Summary,
    TableInfo,
    Trail,
    Transaction,
    Written,
    WrittenFiles,
    call,
    open,
)
from trailcore._values import MISSING, UNCHANGED, Changed, Invalid, NanoDatetime, Position, ZeroDate
from trailcore._writer import Writer

if TYPE_CHECKING:
    from trailcore import ops

__all__ = [
    "MISSING",
    "UNCHANGED",
    "ArrowOptions",
    "Bar",
    "Batch",
    "BusyError",
    "Catalog",
    "Change",
    "Changed",
    "Changes",
    "CheckIssue",
    "CheckReport",
    "CheckpointStore",
    "ClosedError",
    "Column",
    "Delivery",
    "Diagnostic",
    "Difference",
    "Differences",
    "Event",
    "FileInfo",
    "FilterSyntaxError",
    "ForkError",
    "History",
    "HistoryReport",
    "Hub",
    "IndexedFile",
    "InexactWarning",
    "Invalid",
    "LeftOutWarning",
    "LintWarning",
    "NanoDatetime",
    "Pipelines",
    "Position",
    "Progress",
    "ReadOptions",
    "Record",
    "Records",
    "Select",
    "Skipped",
    "SkippedWarning",
    "Source",
    "StartPoint",
    "State",
    "StateReport",
    "Summary",
    "Table",
    "TableDef",
    "TableDifferences",
    "TableInfo",
    "TableVersion",
    "Tail",
    "Trail",
    "TrailError",
    "TrailWarning",
    "Transaction",
    "UndecidableWarning",
    "UnfinishedTransactionWarning",
    "UnmatchedTableWarning",
    "Volume",
    "VolumeRow",
    "Writer",
    "WriterOptions",
    "Written",
    "WrittenFiles",
    "ZeroDate",
    "__version__",
    "call",
    "follow",
    "open",
    "ops",
]
__all__ += [
    # generated: names of error kinds
    "CancelledError",
    "ColumnValueError",
    "CorruptTrailError",
    "DefinitionsError",
    "EncodingError",
    "FilterError",
    "InternalError",
    "InvalidPositionError",
    "JsonError",
    "NotATrailError",
    "SchemaChangeError",
    "SequenceGapError",
    "TruncatedTrailError",
    "UndecidableError",
    "UndefinedTableError",
    "UnknownTableError",
    "UnsupportedError",
    # end of generated
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # The documents of operations take longer to load than all the rest. A type checker would accept any name here.
        if name == "ops":
            import importlib

            return importlib.import_module("trailcore.ops")
        raise AttributeError(f"module 'trailcore' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
