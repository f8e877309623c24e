"""Delta and Iceberg tables of what a pipeline has written: the right rows, once, whatever is killed."""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import pytest

import trailcore as tc
from conftest import DATA, ROOT

pytest.importorskip("pyarrow", reason="pyarrow is not installed")
pytest.importorskip("deltalake", reason="deltalake is not installed; run: make py-lake")
pytest.importorskip("pyiceberg", reason="pyiceberg is not installed; run: make py-lake")

import deltalake
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

from trailcore import lake
from trailcore.lake.rows import OWN
from trailcore.lake.target import Key, Mark

ITEMS = tc.TableDef(
    "SHOP.ITEMS",
    [
        tc.Column("ID", "integer", key=True),
        tc.Column("NAME", "text", length=40),
        tc.Column("PRICE", "decimal", scale=2),
        tc.Column("AT", "datetime", fraction=6),
    ],
)
COMMIT = "commit = { changes = 5, milliseconds = 600000 }"


def iceberg(folder: Path, name: str = "bank.t", **options: Any) -> lake.Iceberg:
    folder.mkdir(exist_ok=True)
    catalog = SqlCatalog("test", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
    catalog.create_namespace_if_not_exists("bank")
    return lake.Iceberg(catalog, name, **options)


def delta(folder: Path) -> lake.Delta:
    return lake.Delta(folder / "delta")


TARGETS = {"delta": delta, "iceberg": iceberg}
Make = Callable[[Path], Any]


@pytest.fixture(params=TARGETS)
def make(request: pytest.FixtureRequest) -> Make:
    return TARGETS[request.param]  # type: ignore[no-any-return]


def read(target: Any) -> Any:
    if isinstance(target, lake.Delta):
        return deltalake.DeltaTable(target.path).to_pyarrow_table()
    return target.catalog.load_table(target.name).scan().to_arrow()


def rows(table: Any) -> list[tuple[Any, ...]]:
    table = table.select([name for name in table.column_names if name not in OWN])
    found = [tuple(row[name] for name in sorted(row)) for row in table.to_pylist()]
    return sorted(found, key=repr)


def state(trail: tc.Trail, table: str) -> list[tuple[Any, ...]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return rows(trail.state(table, times="micros").to_arrow())


def piped(trail: Path, folder: Path, more: str = "") -> lake.Files:
    """Moves a trail in many small commits."""
    table = "table = { states = true, old_key = true, times = 'micros' }"
    sink = f"[[pipeline.sink]]\nkind = 'parquet'\npath = '{folder}'\n{table}\n{more}"
    with tc.Pipelines(f"[[pipeline]]\nname = 'p'\ntrail = '{trail}'\n{COMMIT}\nfollow = {{ batch = 1 }}\n{sink}") as pipelines:
        pipelines.drain()
    return lake.Files(folder)


class Memory:
    """A table in memory."""

    def __init__(self) -> None:
        self.at = Mark(0)
        self.key: list[str] = []
        self.content: dict[Key, dict[str, Any]] = {}

    def mark(self) -> Mark:
        return self.at

    def schema(self) -> Any:
        return pa.schema([])

    def append(self, source: lake.Files, files: Sequence[lake.File], mark: Mark) -> None:
        raise NotImplementedError

    def rows(self, key: Sequence[str], keys: Collection[Key]) -> dict[Key, dict[str, Any]]:
        return {at: dict(row) for at, row in self.content.items() if at in keys}

    def replace(self, key: Sequence[str], keys: Collection[Key], rows: Any, mark: Mark) -> None:
        for at in keys:
            self.content.pop(at, None)
        new = {tuple(row[name] for name in key): row for row in rows.to_pylist()}
        assert len(new) == rows.num_rows and set(new) <= set(keys)
        self.content |= new
        self.at = mark

    def overwrite(self, rows: Any, mark: Mark) -> None:
        self.content = {(row["ID"],): row for row in rows.to_pylist()}
        self.at = mark


def shop(path: Path, seed: int, transactions: int = 25) -> tc.Trail:
    """Writes a trail of inserts, updates of some columns, key updates (also exchanges of keys), deletes and truncates."""
    chance, present = random.Random(seed), {0}
    present.clear()
    writer = tc.Writer(path, file_size=3000)
    for csn in range(1, transactions + 1):
        at = dt.datetime(2024, 1, 1, 0, 0, csn % 60, csn, tzinfo=dt.timezone.utc)
        writer.begin(csn=csn, xid=f"1.{csn}", timestamp=at)
        for _ in range(chance.randint(1, 5)):
            one = chance.choice(sorted(present)) if present else None
            free = chance.choice([number for number in range(40) if number not in present])
            full = {"ID": free, "NAME": chance.choice([None, f"n{csn}"]), "PRICE": csn, "AT": at.replace(tzinfo=None)}
            what = chance.random()
            if one is None or what < 0.4:
                writer.insert(ITEMS, full)
                present.add(free)
            elif what < 0.65:
                some = {name: full[name] for name in ("NAME", "PRICE", "AT") if chance.random() < 0.5}
                writer.update(ITEMS, {"ID": one}, {"ID": one, **some})
            elif what < 0.75:
                writer.pk_update(ITEMS, {"ID": one}, {"ID": free, "PRICE": csn})
                present ^= {one, free}
            elif what < 0.85 and len(present) > 1:
                other = chance.choice(sorted(present - {one}))
                writer.pk_update(ITEMS, {"ID": one}, {"ID": other})
                writer.pk_update(ITEMS, {"ID": other}, {"ID": one})
            elif what < 0.98:
                writer.delete(ITEMS, {"ID": one})
                present.discard(one)
            else:
                writer.truncate(ITEMS)
                present.clear()
        writer.commit()
    writer.finish()
    return tc.open(path)


@pytest.mark.parametrize("seed", range(20))
def test_the_net_effect_is_the_state(tmp_path: Path, seed: int) -> None:
    trail = shop(tmp_path / "sh", seed)
    files, expected = piped(tmp_path / "sh", tmp_path / "files"), state(trail, "SHOP.ITEMS")
    assert len(files.numbers()) > 3
    for changes in (1, 20, 10_000):
        memory = Memory()
        applied = lake.merge(files, "SHOP.ITEMS", memory, changes=changes)
        assert (applied.incomplete, applied.absent, applied.changes) == (0, 0, sum(1 for _ in trail)), changes
        columns = ["ID", "NAME", "PRICE", "AT"]
        found = [tuple(row[name] for name in sorted(columns)) for row in memory.content.values()]
        assert sorted(found, key=repr) == expected, changes
        assert lake.merge(files, "SHOP.ITEMS", memory).commits == 0


@pytest.mark.parametrize("seed", range(3))
def test_the_rows_of_a_table(tmp_path: Path, make: Make, seed: int) -> None:
    trail = shop(tmp_path / "sh", 100 + seed, 15)
    files, target = piped(tmp_path / "sh", tmp_path / "files"), make(tmp_path / "lake")
    applied = lake.merge(files, "SHOP.ITEMS", target, changes=12)
    assert applied.commits > 1 and applied.incomplete == 0
    assert rows(read(target)) == state(trail, "SHOP.ITEMS")
    again = make(tmp_path / "lake")
    assert lake.merge(files, "SHOP.ITEMS", again).commits == 0
    assert again.mark() == Mark(applied.number, applied.position)
    assert files.entry(applied.number).position == applied.position


@pytest.mark.parametrize("table", ["BANK.POSTINGS", "BANK.ACCOUNTS", "BANK.CUSTOMERS"])
def test_the_bank(tmp_path: Path, make: Make, table: str) -> None:
    bank = tc.open(DATA / "big" / "bk")
    files = lake.write(DATA / "big" / "bk", tmp_path / "files", partition=["hour"])
    changes, current = make(tmp_path / "changes"), make(tmp_path / "current")
    applied = lake.append(files, table, changes)
    expected = [change for change in bank if change.table == table and change.op != "ddl"]
    assert applied.changes == len(expected) == read(changes).num_rows
    if isinstance(changes, lake.Iceberg):
        bare = lake.write(DATA / "big" / "bk", tmp_path / "bare", table={"states": False})
        registered = iceberg(tmp_path / "registered")
        assert lake.append(bare, table, registered).changes == len(expected)
        paths = registered.catalog.load_table(registered.name).inspect.files().column("file_path").to_pylist()
        assert {path.removeprefix("file://") for path in paths} <= {
            str(path) for path in (tmp_path / "bare").rglob("*.parquet")
        }
        assert rows(read(registered)) == rows(read(changes))
    positions = sorted(read(changes).column("_position").to_pylist())
    assert [tc.Position.parse(text) for text in positions] == sorted(change.position for change in expected)
    merged = lake.merge(files, table, current)
    assert rows(read(current)) == state(bank, table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert merged.incomplete == bank.state(table).report.incomplete


def test_all_readers_see_the_same_rows(tmp_path: Path) -> None:
    duckdb, pl = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    trail = shop(tmp_path / "sh", 7, 40)
    files = piped(tmp_path / "sh", tmp_path / "files")
    delta_table, iceberg_table = delta(tmp_path), iceberg(tmp_path / "ice")
    for target in (delta_table, iceberg_table):
        lake.merge(files, "SHOP.ITEMS", target)
    expected = state(trail, "SHOP.ITEMS")
    by_delta, by_iceberg = read(delta_table), read(iceberg_table)
    assert rows(by_delta) == rows(by_iceberg) == expected
    assert (
        rows(duckdb.sql("from by_delta").to_arrow_table()) == rows(duckdb.sql("from by_iceberg").to_arrow_table()) == expected
    )
    assert rows(pl.read_delta(delta_table.path).to_arrow()) == expected


def test_spark_sees_the_same_rows(tmp_path: Path) -> None:
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed; run: make py-spark")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs a Java runtime, version 17 or later")
    trail = shop(tmp_path / "sh", 8, 40)
    files = piped(tmp_path / "sh", tmp_path / "files")
    delta_table, iceberg_table = delta(tmp_path), iceberg(tmp_path / "ice")
    for target in (delta_table, iceberg_table):
        lake.merge(files, "SHOP.ITEMS", target)
    settings = {"spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC", "spark.driver.host": "127.0.0.1"}
    builder = sql.SparkSession.builder.master("local[1]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    # The data files of the current version: Spark has the readers of the table formats in libraries of their own.
    data = {
        "delta": deltalake.DeltaTable(delta_table.path).file_uris(),
        "iceberg": iceberg_table.catalog.load_table(iceberg_table.name).inspect.files().column("file_path").to_pylist(),
    }
    for name, paths in data.items():
        assert rows(spark.read.parquet(*paths).toArrow()) == state(trail, "SHOP.ITEMS"), name


# The process that is killed: before the commit, or after it and before it returns.
KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_lake as tests
from trailcore import lake
kind, verb, when, folder, count = sys.argv[2], sys.argv[3], sys.argv[4], Path(sys.argv[5]), int(sys.argv[6])
target = tests.TARGETS[kind](folder / "lake")
seen = 0
def dying(function):
    def call(*arguments, **named):
        global seen
        seen += 1
        if seen == count and when == "before":
            os._exit(9)
        function(*arguments, **named)
        if seen == count and when == "after":
            os._exit(9)
    return call
if kind == "delta":
    import deltalake, deltalake.table
    deltalake.write_deltalake = dying(deltalake.write_deltalake)
    deltalake.table.TableMerger.execute = dying(deltalake.table.TableMerger.execute)
else:
    import pyiceberg.table
    pyiceberg.table.Table._do_commit = dying(pyiceberg.table.Table._do_commit)
getattr(lake, verb)(folder / "files", "SHOP.ITEMS", target, changes=12)
"""


@pytest.mark.parametrize("verb", ["append", "merge"])
@pytest.mark.parametrize("kind", TARGETS)
def test_killed_around_a_commit(tmp_path: Path, kind: str, verb: str) -> None:
    trail = shop(tmp_path / "sh", 5, 15)
    piped(tmp_path / "sh", tmp_path / "files")
    target = TARGETS[kind](tmp_path / "lake")
    killed = 0
    for when, count in [("before", 1), ("after", 1), ("before", 2), ("after", 2), ("after", 9)]:
        arguments = [str(Path(__file__).parent), kind, verb, when, str(tmp_path), str(count)]
        killed += subprocess.run([sys.executable, "-W", "ignore", "-c", KILLED, *arguments], check=False).returncode == 9
    assert killed >= 4
    if verb == "append":
        positions = read(target).column("_position").to_pylist()
        assert [tc.Position.parse(text) for text in sorted(positions)] == [change.position for change in trail]
    else:
        assert rows(read(target)) == state(trail, "SHOP.ITEMS")


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("verb", ["append", "merge"])
def test_two_that_commit_the_same(tmp_path: Path, make: Make, verb: str, exists: bool) -> None:
    trail = shop(tmp_path / "sh", 11, 10)
    files = piped(tmp_path / "sh", tmp_path / "files")
    if exists:
        early = lake.Files(tmp_path / "files")
        all_numbers = files.numbers()
        early.numbers = lambda: all_numbers[:3]  # type: ignore[method-assign]
        getattr(lake, verb)(early, "SHOP.ITEMS", make(tmp_path / "lake"))
    first, second = make(tmp_path / "lake"), make(tmp_path / "lake")
    before = second.mark()
    assert getattr(lake, verb)(files, "SHOP.ITEMS", first).commits == 1
    second.mark = lambda: before
    with pytest.raises(Exception, match=r"(?i)concurrent|changed|requirement|conflict|exist"):
        getattr(lake, verb)(files, "SHOP.ITEMS", second)
    if verb == "append":
        assert read(first).num_rows == sum(1 for _ in trail)
    else:
        assert rows(read(first)) == state(trail, "SHOP.ITEMS")


def test_a_column_that_comes_later(tmp_path: Path, make: Make) -> None:
    wider = tc.TableDef("SHOP.ITEMS", [*ITEMS.columns, tc.Column("COLOUR", "text", length=10)])
    writer = tc.Writer(tmp_path / "sh")
    at = dt.datetime(2024, 1, 1)
    with writer.transaction(csn=1):
        writer.insert(ITEMS, {"ID": 1, "NAME": "a", "PRICE": 1, "AT": at})
    with writer.transaction(csn=2):
        writer.insert(wider, {"ID": 2, "NAME": "b", "PRICE": 2, "AT": at, "COLOUR": "red"})
    writer.finish()
    files = piped(tmp_path / "sh", tmp_path / "files")
    appended, merged = make(tmp_path / "appended"), make(tmp_path / "merged")
    for changes in (1, 100):
        lake.append(files, "SHOP.ITEMS", appended, changes=changes)
        lake.merge(files, "SHOP.ITEMS", merged, changes=changes)
    for target in (appended, merged):
        assert set(read(target).column("COLOUR").to_pylist()) == {None, "red"}
    # A change with the old columns leaves the new one as it is.
    writer = tc.Writer(tmp_path / "old")
    with writer.transaction(csn=1):
        writer.update(ITEMS, {"ID": 2}, {"ID": 2, "NAME": "c", "PRICE": 3, "AT": at})
    writer.finish()
    merged.app = "old"
    lake.merge(piped(tmp_path / "old", tmp_path / "others"), "SHOP.ITEMS", merged)
    assert {(row["NAME"], row["COLOUR"]) for row in read(merged).to_pylist()} == {("a", None), ("c", "red")}


def test_mistakes_are_named(tmp_path: Path, make: Make) -> None:
    shop(tmp_path / "sh", 3, 5)
    files, target = piped(tmp_path / "sh", tmp_path / "files"), make(tmp_path / "lake")
    with pytest.raises(ValueError, match=r"no file has changes of SHOP.ITEM; the tables are SHOP.ITEMS"):
        lake.append(files, "SHOP.ITEM", target)
    lake.append(files, "SHOP.ITEMS", target)
    shop(tmp_path / "other", 4, 5)
    others = piped(tmp_path / "other", tmp_path / "others")
    with pytest.raises(ValueError, match="pass the folder from which the table was filled"):
        lake.append(others, "SHOP.ITEMS", target)
    bare = lake.write(tmp_path / "sh", tmp_path / "bare", table={"states": False, "old_key": False})
    with pytest.raises(ValueError, match="old_key = true"):
        lake.merge(bare, "SHOP.ITEMS", Memory())
    with pytest.raises(ValueError, match="states = true"):
        lake.merge(bare, "SHOP.ITEMS", Memory(), key=["ID"])
    with tc.Writer(tmp_path / "nu") as writer, writer.transaction(csn=1, xid="1.1"):
        writer.insert(ITEMS, {"ID": 1, "NAME": None, "PRICE": 1, "AT": dt.datetime(2024, 1, 1)})
    # The options have the forms that `Trail.table` takes.
    nulls = lake.write(tmp_path / "nu", tmp_path / "nulls", table={"numbers": 0, "wide": "PRICE"})
    with pytest.raises(ValueError, match="NULL in NAME"):
        lake.merge(nulls, "SHOP.ITEMS", Memory(), key=["NAME"])
    missing = next(entry for entry in files.entries() if entry.files).files[0]
    Path(missing.path).unlink()
    with pytest.raises(FileNotFoundError, match="restore it"):
        files.entries()


def test_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("duckdb")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "lakehouse.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3
    scope: dict[str, object] = {"__name__": "page"}
    for block in blocks:
        exec(compile(block, "docs/lakehouse.md", "exec"), scope)
