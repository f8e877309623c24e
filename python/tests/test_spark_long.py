"""The Spark data source under kills, and on a cluster of processes. `make test-long` runs it: TRAILCORE_LONG is set.

TRAILCORE_SPARK_KILLS is the number of kills for each sink.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import trailcore as tc
from conftest import DATA, ROOT

if "TRAILCORE_LONG" not in os.environ:
    pytest.skip("set TRAILCORE_LONG to run the long tests of Spark", allow_module_level=True)
pytest.importorskip("pyspark")

KILLS = int(os.environ.get("TRAILCORE_SPARK_KILLS", "100"))
APP = Path(__file__).with_name("spark_app.py")
TABLE = tc.TableDef("HR.EMP", [tc.Column("ID", "integer", key=True), tc.Column("SEQ", "integer"), tc.Column("NAME", length=60)])
KEYS = 50


class Growing:
    """A trail that another thread writes while it is read: whole transactions, halves of records, files that roll over."""

    def __init__(self, folder: Path, transactions: int, order: str) -> None:
        self.changes = transactions * 3
        made = folder / "made"
        made.mkdir()
        with tc.Writer(made / "lt", file_size=60_000, order=order) as writer:  # type: ignore[typeddict-item]
            for number in range(transactions):
                with writer.transaction(csn=number + 1, xid=f"x{number}"):
                    for row in range(3):
                        change = number * 3 + row
                        writer.insert(TABLE, {"ID": change % KEYS, "SEQ": change // KEYS, "NAME": "n" * 40})
        self.source = [Path(file) for file in tc.open(made / "lt").files]
        self.folder = folder / "live"
        self.folder.mkdir()
        self.path = self.folder / "lt"
        self.rate = 4000
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._write, daemon=True)
        self.thread.start()

    def _write(self) -> None:
        for file in self.source:
            content = file.read_bytes()
            with (self.folder / file.name).open("ab", buffering=0) as out:
                at = 0
                while at < len(content):
                    end = len(content) if self.stopped.wait(0.2) else at + self.rate
                    out.write(content[at:end])
                    at = end

    def finish(self) -> None:
        """Writes the rest."""
        self.stopped.set()
        self.thread.join()


def descendants(pid: int) -> Iterator[int]:
    """Yields a process and all that it has started."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from descendants(int(child))


def started(master: str, sink: str, trail: Growing, out: Path) -> subprocess.Popen[str]:
    arguments = [sys.executable, str(APP), master, sink, str(trail.path), str(out), "run"]
    errors = out.with_suffix(".log")
    with errors.open("w") as log:
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None and process.stdout.readline() == "started\n", errors.read_text()[-3000:]
    return process


def commits(out: Path) -> int:
    """Returns the number of micro-batches that are done."""
    numbers = [int(name.name) for name in (out / "checkpoint" / "commits").glob("[0-9]*")]
    return max(numbers, default=-1) + 1


def wait_for_a_commit(out: Path) -> None:
    before, deadline = commits(out), time.monotonic() + 120
    while commits(out) == before and time.monotonic() < deadline:
        time.sleep(0.02)


def killed(process: subprocess.Popen[str]) -> None:
    """Kills the driver, its JVM and its workers, at once."""
    for pid in list(descendants(process.pid)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()


def finished(master: str, sink: str, trail: Growing, out: Path) -> None:
    trail.finish()
    arguments = [sys.executable, str(APP), master, sink, str(trail.path), str(out), "finish"]
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=900)


def check(sink: str, trail: Growing, out: Path) -> None:
    """Distinct = total = expected, and the changes of each key are in their order."""
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq

    if sink == "delta":
        from deltalake import DeltaTable

        rows = pa.table(DeltaTable(str(out / "rows")).to_pyarrow_table())
    else:
        # The files that the sink has committed, as Spark itself reads them.
        log = out / "rows" / "_spark_metadata"
        numbers = sorted(
            (int(name.name.split(".")[0]), name.name.endswith(".compact"), name)
            for name in log.iterdir()
            if name.name[0].isdigit()
        )
        compact = max((number for number, is_compact, _ in numbers if is_compact), default=-1)
        files = set()
        for number, is_compact, name in numbers:
            if number > compact or (number == compact and is_compact):
                files |= {json.loads(line)["path"] for line in name.read_text().splitlines()[1:]}
        rows = pa.concat_tables([pq.read_table(file.removeprefix("file://")) for file in files])
    found = rows.select(["_position", "ID", "SEQ"]).to_pylist()
    assert len(found) == len({row["_position"] for row in found}) == trail.changes
    last: dict[int, int] = {}
    for row in sorted(found, key=lambda row: row["_position"]):
        assert row["SEQ"] == last.get(row["ID"], -1) + 1
        last[row["ID"]] = row["SEQ"]


@pytest.mark.parametrize("sink", ["parquet", "delta"])
def test_kills_at_random_moments_lose_and_repeat_nothing(tmp_path: Path, sink: str) -> None:
    chance = random.Random(7)
    trail = Growing(tmp_path, 400 * KILLS, "little" if sink == "delta" else "big")
    out = tmp_path / "out"
    for _ in range(KILLS):
        process = started("local[2]", sink, trail, out)
        # Every fourth is killed while it starts, the others between and inside micro-batches.
        if chance.random() < 0.75:
            wait_for_a_commit(out)
        time.sleep(chance.uniform(0, 2))
        killed(process)
    assert commits(out) > KILLS / 2
    finished("local[2]", sink, trail, out)
    check(sink, trail, out)


def test_workers_that_are_killed_in_a_batch_are_replaced(tmp_path: Path) -> None:
    chance = random.Random(11)
    trail = Growing(tmp_path, 400 * 20, "big")
    out = tmp_path / "out"
    process = started("local[2,8]", "parquet", trail, out)
    for _ in range(20):
        # A task that is killed eight times fails: let a batch be done before the next one.
        wait_for_a_commit(out)
        time.sleep(chance.uniform(0, 0.5))
        workers = [pid for pid in descendants(process.pid) if b"pyspark.daemon" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        if len(workers) > 1:
            os.kill(chance.choice(workers[1:]), signal.SIGKILL)
    assert process.poll() is None
    killed(process)
    finished("local[2]", "parquet", trail, out)
    check("parquet", trail, out)


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("polars", "duckdb", "dask", "deltalake"):
        pytest.importorskip(module)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    page = (ROOT / "docs" / "spark.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) > 6
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    for block in blocks:
        exec(compile(block, "docs/spark.md", "exec"), names)
    spark = names["spark"]
    spark.stop()  # type: ignore[attr-defined]


def test_ray(tmp_path: Path) -> None:
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False)
    trail = str(DATA / "big" / "bk")

    def rows(first: str | None, last: str | None) -> int:
        return tc.open(trail, transactions_from=first, transactions_until=last).table("BANK.POSTINGS").to_arrow().num_rows

    remote = ray.remote(rows)
    bounds = [(None, "1:0"), ("1:0", "2:0"), ("2:0", None)]
    assert sum(ray.get([remote.remote(*one) for one in bounds])) == 51
    ray.shutdown()


def test_a_cluster_of_processes_loses_an_executor(tmp_path: Path) -> None:
    trail = Growing(tmp_path, 2000, "little")
    out = tmp_path / "out"
    process = started("local-cluster[2,1,512]", "parquet", trail, out)
    time.sleep(15)
    executors = [
        pid for pid in descendants(process.pid) if b"CoarseGrainedExecutorBackend" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert len(executors) == 2
    os.kill(executors[0], signal.SIGKILL)
    time.sleep(10)
    assert process.poll() is None
    killed(process)
    finished("local-cluster[2,1,512]", "parquet", trail, out)
    check("parquet", trail, out)
