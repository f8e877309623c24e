"""Delta and Iceberg tables of the changes of a trail, exactly once, without Spark and without a JVM.

A pipeline writes Parquet files with a manifest (docs/pipelines.md). This package commits them to a table, and the
number of the manifest's entry with them, so that a run that was killed, or that runs twice, changes nothing twice:

>>> def refresh():
...     files = lake.write("dirdat/lt", "lake/files", select="TABLE BANK.ACCOUNTS;")      # or the folder of a running pipeline
...     lake.append(files, "BANK.ACCOUNTS", lake.Delta("lake/account_changes"))             # each change is a row
...     return lake.merge(files, "BANK.ACCOUNTS", lake.Delta("lake/accounts"))              # the rows as they are now

Needs ``pip install 'trailcore[delta]'`` or ``pip install 'trailcore[iceberg]'``. docs/lakehouse.md has the guarantees
and their limits.
"""

from __future__ import annotations

from trailcore._table import needed

needed("pyarrow", "delta")

from trailcore.lake.delta import Delta  # noqa: E402
from trailcore.lake.files import Entry, File, Files, write  # noqa: E402
from trailcore.lake.iceberg import Iceberg  # noqa: E402
from trailcore.lake.load import Applied, append, merge  # noqa: E402
from trailcore.lake.target import Mark, Target  # noqa: E402

__all__ = ["Applied", "Delta", "Entry", "File", "Files", "Iceberg", "Mark", "Target", "append", "merge", "write"]
