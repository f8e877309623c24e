"""Follows trails that grow, in `for` and in `async for`."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import trailcore as tc

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "examples" / "data" / "big"
FILES = sorted(DATA.glob("bk*"))
EXPECTED = [str(change) for change in tc.open(DATA / "bk")]
QUICK = {"hints": False, "poll_interval": 2, "checkpoint_interval": 0}


def grow(folder: Path, pause: float = 0.0) -> None:
    for file in FILES:
        data = file.read_bytes()
        for at in range(0, len(data), 3000):
            with open(folder / file.name, "ab") as grown:
                grown.write(data[at : at + 3000])
            time.sleep(pause)


@pytest.mark.parametrize("transactions", [False, True])
def test_a_growing_trail(tmp_path: Path, transactions: bool) -> None:
    writer = threading.Thread(target=grow, args=(tmp_path, 0.001))
    writer.start()
    seen: list[str] = []
    with tc.follow(tmp_path / "bk", transactions=transactions, **QUICK) as tail:
        for item in tail:
            if isinstance(item, tc.Event):
                assert item.kind == "restart_append"
                continue
            seen += map(str, item.changes)
            assert (item.part, item.csn is not None) == (("whole", True) if transactions else (None, False))
            tail.acknowledge(item)
            if len(seen) == len(EXPECTED):
                assert tail.progress["unacknowledged_changes"] == 0
                assert tail.lag["bytes_behind"] == 0
                tail.stop()
    writer.join()
    assert seen == EXPECTED
    with pytest.raises(tc.ClosedError):
        tail.recv(0)


def test_a_transaction_that_is_spilled_is_whole(tmp_path: Path) -> None:
    spill: dict[str, object] = {"memory": 1, "oversize": "spill", "spill_folder": str(tmp_path)}
    seen: list[str] = []
    with tc.follow(DATA / "bk", transactions=True, **QUICK, **spill) as tail:
        while len(seen) < len(EXPECTED):
            item = tail.recv()
            if isinstance(item, tc.Delivery):
                assert item.part == "whole"
                seen += map(str, item.changes)
    assert seen == EXPECTED
    assert not any(tmp_path.iterdir())
    spill["spill_limit"] = 10
    with tc.follow(DATA / "bk", transactions=True, **QUICK, **spill) as tail, pytest.raises(OSError, match="limit of 10 bytes"):
        while True:
            tail.recv()


def test_async_for_and_a_checkpoint(tmp_path: Path) -> None:
    grow(tmp_path)

    async def some(number: int) -> list[str]:
        seen: list[str] = []
        async with tc.follow(tmp_path / "bk", checkpoint=tmp_path / "checkpoint", batch=5, **QUICK) as tail:
            async for item in tail:
                if isinstance(item, tc.Delivery):
                    seen += map(str, item.changes)
                    tail.acknowledge(item)
                if len(seen) >= number:
                    break
        return seen

    first = asyncio.run(some(20))
    assert first + asyncio.run(some(len(EXPECTED) - len(first))) == EXPECTED


def test_a_cancelled_wait_loses_nothing(tmp_path: Path) -> None:
    async def work() -> list[str]:
        seen: list[str] = []
        async with tc.follow(tmp_path / "bk", **QUICK) as tail:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(tail.__anext__(), 0.05)
            grow(tmp_path)
            async for item in tail:
                if isinstance(item, tc.Delivery):
                    seen += map(str, item.changes)
                if len(seen) == len(EXPECTED):
                    return seen
        raise AssertionError

    assert asyncio.run(work()) == EXPECTED


def test_a_cancelled_wait_lets_the_loop_end_and_another_one_go_on(tmp_path: Path) -> None:
    async def first(tail: tc.Tail) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(tail.__anext__(), 0.05)
        grow(tmp_path)

    async def rest(tail: tc.Tail) -> list[str]:
        seen: list[str] = []
        async for item in tail:
            if isinstance(item, tc.Delivery):
                seen += map(str, item.changes)
            if len(seen) == len(EXPECTED):
                tail.stop()
        return seen

    with tc.follow(tmp_path / "bk", **QUICK) as tail:
        begun = time.monotonic()
        asyncio.run(first(tail))
        assert time.monotonic() - begun < 20
        assert asyncio.run(rest(tail)) == EXPECTED


def test_a_time_without_a_datetime_is_a_text(tmp_path: Path) -> None:
    at = dt.datetime(2024, 3, 1, 12, tzinfo=dt.timezone.utc)
    table = tc.TableDef("A.T", [tc.Column("K", "integer", key=True)])
    with tc.Writer(tmp_path / "aa") as file:
        file.begin(csn=7, xid="1.2.3", timestamp=at)
        file.insert(table, {"K": 1})
        file.commit()
    path = tmp_path / "aa000000000"
    data = path.read_bytes()
    written = (int(at.timestamp()) * 1_000_000 + 210_866_760_000_000_000).to_bytes(8, "big")
    assert written in data
    path.write_bytes(data.replace(written, bytes(8)))
    trail = tc.open(tmp_path / "aa")
    text = "-4713-11-24T12:00:00.000000Z"
    assert isinstance(next(iter(trail)).timestamp, tc.ZeroDate)
    assert trail.tables["A.T"].changes == 1
    assert [row.start for row in trail.volume(by="1h")] == ["-4713-11-24T12:00:00.000000Z"]
    assert trail.volume(by="1h").to_polars()["start"].to_list() == [None]
    with tc.follow(tmp_path / "aa", transactions=True, **QUICK) as tail:
        delivery = tail.recv()
        assert isinstance(delivery, tc.Delivery) and delivery.timestamp == text
        tail.acknowledge(delivery)
        assert tail.progress["unacknowledged_changes"] == 0


def test_an_error_ends_one_wait_only() -> None:
    class Native:
        calls = 0

        def recv(self, timeout: float | None) -> None:
            self.calls += 1
            if self.calls == 1:
                raise OSError("once")

        def is_stopped(self) -> bool:
            return True

    async def work() -> None:
        tail = tc.Tail(Native())  # type: ignore[arg-type]
        with pytest.raises(OSError, match="once"):
            await tail.__anext__()
        with pytest.raises(StopAsyncIteration):
            await tail.__anext__()

    asyncio.run(work())


def test_ctrl_c_ends_a_drain() -> None:
    # The sink is tried again and again.
    text = f"[[pipeline]]\nname = 'p'\ntrail = '{DATA / 'bk'}'\n[[pipeline.sink]]\nkind = 'jsonl'\npath = '/dev/null/out'\n"
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), tc.Pipelines(text) as pipelines:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        pipelines.drain()
    assert time.monotonic() - started < 10


class Store:
    """A checkpoint store of the caller."""

    def __init__(self) -> None:
        self.text: str | None = None
        self.fails = False

    def load(self) -> str | None:
        return self.text

    def store(self, checkpoint: str) -> None:
        if self.fails:
            raise ZeroDivisionError("a store that fails")
        self.text = checkpoint


def test_a_store_of_the_caller(tmp_path: Path) -> None:
    grow(tmp_path)
    store = Store()
    seen: list[str] = []
    while len(seen) < len(EXPECTED):
        with tc.follow(tmp_path / "bk", checkpoint=store, batch=30, **QUICK) as tail:
            item = tail.recv(10)
            while isinstance(item, tc.Event):
                item = tail.recv(10)
            assert item is not None
            seen += map(str, item.changes)
            store.fails = len(seen) < 40
            if store.fails:
                with pytest.raises(ZeroDivisionError):
                    tail.acknowledge(item)
                store.fails = False
            else:
                tail.acknowledge(item)
    assert seen == EXPECTED
    with pytest.raises(ValueError, match="another selection"):
        tc.follow(tmp_path / "bk", checkpoint=store, select=tc.Select("BANK.*"))


def test_selections_starts_and_policies(tmp_path: Path) -> None:
    grow(tmp_path)
    select = tc.Select("BANK.POSTINGS", ops=["insert"])
    with tc.follow(tmp_path / "bk", select=select, start="csn:7824137838", **QUICK) as tail:
        item = tail.recv(10)
        while isinstance(item, tc.Event):
            item = tail.recv(10)
        assert item is not None and {change.table for change in item.changes} == {"BANK.POSTINGS"}
    (tmp_path / FILES[1].name).unlink()
    with (
        tc.follow(tmp_path / "bk", policies={"next_file_missing": "stop"}, **QUICK) as tail,
        pytest.raises(tc.SequenceGapError),
    ):
        list(tail)
    with pytest.raises(ValueError, match="unknown option no_such_option"):
        tc.follow(tmp_path / "bk", no_such_option=1)
    with pytest.raises(FileNotFoundError):
        tc.follow("no/such/place/bk")


def test_a_hub_and_a_late_subscriber(tmp_path: Path) -> None:
    with tc.Hub(tmp_path / "bk", **QUICK) as hub:
        hub.start()
        with hub.subscribe(slow="block", **QUICK) as early:
            grow(tmp_path)
            with hub.subscribe(checkpoint=Store(), select=tc.Select("BANK.POSTINGS"), **QUICK) as late:
                wanted = [line for line in EXPECTED if "BANK.POSTINGS" in line]
                for tail, lines in ((early, EXPECTED), (late, wanted)):
                    seen: list[str] = []
                    while len(seen) < len(lines):
                        item = tail.recv(10)
                        assert item is not None
                        if isinstance(item, tc.Delivery):
                            seen += map(str, item.changes)
                            tail.acknowledge(item)
                    assert seen == lines


def test_a_checkpoint_is_free_after_the_close(tmp_path: Path) -> None:
    grow(tmp_path)
    for _ in range(2):
        tail = tc.follow(tmp_path / "bk", checkpoint=tmp_path / "checkpoint", **QUICK)
        with pytest.raises(OSError, match="another follower"):
            tc.follow(tmp_path / "bk", checkpoint=tmp_path / "checkpoint", **QUICK)
        tail.close()


def test_the_example_that_keeps_balances(tmp_path: Path) -> None:
    def run(changes: int) -> None:
        program = [sys.executable, str(ROOT / "examples" / "python" / "follow.py"), str(tmp_path / "bk"), str(database)]
        subprocess.run([*program, "--until", str(changes)], check=True, timeout=60, stdout=subprocess.DEVNULL)

    database, wanted = tmp_path / "balances.sqlite", {}
    changes = list(tc.open(DATA / "bk"))
    ends = [number for number, change in enumerate(changes, 1) if change.transaction in ("last", "only")]
    first = max(end for end in ends if changes[end - 1].position.seqno == 0)
    shutil.copy(FILES[0], tmp_path)
    run(first)
    for file in FILES[1:]:
        shutil.copy(file, tmp_path)
    run(len(changes) - first)
    for change in changes:
        if change.op in ("insert", "update", "pk_update") and change.after and "BALANCE" in change.after:
            wanted[change.after["ACCOUNT_NO"]] = str(change.after["BALANCE"])
    with sqlite3.connect(database) as kept:
        assert wanted and dict(kept.execute("SELECT account, amount FROM balance")) == wanted
