"""Reads, filters and writes Oracle GoldenGate trail files.

>>> import trailcore as tc
>>> trail = tc.open("examples/data/big/bk")                       # a file, a prefix, a directory, a list
>>> df = trail.select("BANK.POSTINGS", where="AMOUNT > 1000").to_polars("BANK.POSTINGS")

`Trail` is the way in: iterate it for its changes, ask `Trail.table` for data frames, `Trail.select` for what is wanted of it.
Values are exact: numbers are int or Decimal, NULL is `None`, and a column that an image does not have is not in its dict.

trailcore is independent of Oracle; "GoldenGate" is Oracle's mark.
"""

from trailcore._errors import (
    BusyError,
    ClosedError,
    ColumnValueError,
    CorruptTrailError,
    DefinitionsError,
    EncodingError,
    FilterError,
    FilterSyntaxError,
    Finding,
    ForkError,
    InternalError,
    InvalidPositionError,
    NotATrailError,
    SchemaChangeError,
    SequenceGapError,
    TrailError,
    TruncatedTrailError,
    UndecidableError,
    UndecidableWarning,
    UndefinedTableError,
    UnknownTableError,
    UnsupportedError,
)
from trailcore._native import Batch, Catalog, Change, Changes, Column, Record, Records, TableDef, __version__
from trailcore._progress import Bar, Progress
from trailcore._select import Place, Select
from trailcore._table import Table, TableVersion
from trailcore._trail import (
    CheckReport,
    FileInfo,
    Problem,
    Skipped,
    Source,
    Summary,
    TableInfo,
    Trail,
    Transaction,
    open,
)
from trailcore._values import MISSING, UNCHANGED, Changed, Invalid, NanoDatetime, Position, ZeroDate
from trailcore._writer import Writer

__all__ = [
    "MISSING",
    "UNCHANGED",
    "Bar",
    "Batch",
    "BusyError",
    "Catalog",
    "Change",
    "Changed",
    "Changes",
    "CheckReport",
    "ClosedError",
    "Column",
    "ColumnValueError",
    "CorruptTrailError",
    "DefinitionsError",
    "EncodingError",
    "FileInfo",
    "FilterError",
    "FilterSyntaxError",
    "Finding",
    "ForkError",
    "InternalError",
    "Invalid",
    "InvalidPositionError",
    "NanoDatetime",
    "NotATrailError",
    "Place",
    "Position",
    "Problem",
    "Progress",
    "Record",
    "Records",
    "SchemaChangeError",
    "Select",
    "SequenceGapError",
    "Skipped",
    "Source",
    "Summary",
    "Table",
    "TableDef",
    "TableInfo",
    "TableVersion",
    "Trail",
    "TrailError",
    "Transaction",
    "TruncatedTrailError",
    "UndecidableError",
    "UndecidableWarning",
    "UndefinedTableError",
    "UnknownTableError",
    "UnsupportedError",
    "Writer",
    "ZeroDate",
    "__version__",
    "open",
]
