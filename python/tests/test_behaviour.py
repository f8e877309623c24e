"""Threads, signals, forks, panics and memory: the host process stays unharmed."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import trailcore as tc
from conftest import DATA
from trailcore import _native


@pytest.fixture(scope="module")
def long_trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trail of three gigabytes: one small file, linked under many sequence numbers."""
    folder = tmp_path_factory.mktemp("long")
    table = tc.TableDef("A.T", [tc.Column("K", "integer", key=True), tc.Column("V", length=2000)])
    writer = tc.Writer(folder / "aa", file_size=1 << 30)
    for csn in range(400):
        with writer.transaction(csn=csn + 1):
            for number in range(10):
                writer.insert(table, {"K": number, "V": "x" * 1900})
    (first,) = writer.finish()  # type: ignore[misc]
    for seqno in range(1, 400):
        os.link(first, folder / f"aa{seqno:09}")
    return folder / "aa"


def test_several_threads_share_an_iterator(big: tc.Trail) -> None:
    for _ in range(20):
        changes = big.changes()
        found: list[list[str]] = [[] for _ in range(8)]

        def take(into: list[str], changes: tc.Changes = changes) -> None:
            into.extend(change.to_json() for change in changes)

        threads = [threading.Thread(target=take, args=(into,)) for into in found]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(line for into in found for line in into) == sorted(change.to_json() for change in big)


def test_several_threads_share_a_trail_and_its_changes(big: tc.Trail) -> None:
    kept = list(big)
    expected = [change.to_dict() for change in kept]
    failures: list[object] = []

    def work() -> None:
        try:
            assert [change.to_dict() for change in kept] == expected
            assert sum(1 for _ in big) == 88
            assert sum(len(batch) for batch in big.table("BANK.POSTINGS").batches(7)) == 51
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures and not any(thread.is_alive() for thread in threads)


def test_other_threads_run_during_work(long_trail: Path) -> None:
    trail = tc.open(long_trail)
    ticks: list[float] = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.monotonic()
    trail.summary()
    end = time.monotonic()
    stop.set()
    thread.join()
    during = sum(start < at < end for at in ticks)
    # If the GIL were held during the work, no tick would fall inside it.
    assert during >= 2


def test_a_callback_that_uses_its_own_caller_gets_an_error(long_trail: Path) -> None:
    seen: list[object] = []

    def callback(done: int, total: int) -> None:
        try:
            next(changes)
        except tc.BusyError as error:
            seen.append(error)

    # Reads until the callback is called. How soon that is depends on the machine.
    changes = tc.open(long_trail).changes(progress=callback)
    assert any(seen for _ in changes)


@pytest.mark.parametrize(
    "work",
    [
        "trail.select('NO.SUCH').summary()",
        "trail.check()",
        "[None for _ in trail.select('NO.SUCH')]",
        "list(trail.table('A.T', columns=['K']).batches())",
        "trail.table('A.T', columns=['K']).to_arrow()",
        "trail.table('A.T', columns=['K']).to_polars()",
        "trail.find(csn=10**9)",
    ],
)
def test_ctrl_c_ends_work_within_a_second(long_trail: Path, work: str) -> None:
    code = f"""
        import sys, time
        import trailcore as tc
        try: import pyarrow, polars
        except ImportError: pass
        trail = tc.open(sys.argv[1])
        def main():
            while True: {work}
        print("ready", flush=True)
        try:
            main()
        except KeyboardInterrupt:
            print("stopped", flush=True)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(long_trail)],
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.3)
    start = time.monotonic()
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    assert out == "stopped\n", err
    # One second, and some time for a busy machine to end a process. Without a reaction, the work has no end.
    assert time.monotonic() - start < 3


@pytest.mark.parametrize(
    "work",
    [
        "polars.DataFrame(table)",
        "polars.LazyFrame(table).select('K').collect()",
        "pyarrow.table(table)",
        "pandas.DataFrame.from_arrow(table)",
        "trail.scan('A.T').select(polars.col('V').max()).collect()",
        "trail.scan('A.T').select(polars.col('V').max()).collect(engine='streaming')",
        "trail.dataset('A.T').to_table()",
        "duckdb.sql('select sum(K), max(V) from view').fetchall()",
    ],
)
def test_ctrl_c_ends_libraries_that_read_a_table_themselves(long_trail: Path, work: str) -> None:
    code = f"""
        import sys
        import duckdb, pandas, polars, pyarrow
        import trailcore as tc
        trail = tc.open(sys.argv[1])
        view = table = trail.table('A.T')
        print("ready", flush=True)
        try:
            # A library may wrap Ctrl-C in an error of its own. A loop that goes on after errors must end all the same.
            for _ in range(100):
                try:
                    {work}
                except Exception as error:
                    print("wrapped", flush=True)
                    if "duckdb" in {work!r}: raise KeyboardInterrupt
                    continue
        except KeyboardInterrupt:
            print("stopped", flush=True)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(long_trail)],
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.4)
    start = time.monotonic()
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    # A second KeyboardInterrupt may follow at once: polars has a handler of its own beside Python's.
    assert out in ("stopped\n", "wrapped\nstopped\n") or err.endswith("KeyboardInterrupt\n"), (out, err)
    # DuckDB itself looks for an interrupt now and then only; without a reaction, the work has no end.
    assert time.monotonic() - start < (10 if "duckdb" in work else 3)


def test_threads_give_the_same(long_trail: Path) -> None:
    files = sorted(long_trail.parent.iterdir())[:5]
    one, two = tc.open(files), tc.open(files, threads=2)
    expected, found = one.table("A.T").to_arrow(), two.table("A.T").to_arrow()
    assert found.num_rows == 20_000
    assert found.combine_chunks().equals(expected.combine_chunks())
    assert [change.position for change in two] == [change.position for change in one]
    assert two.summary() == one.summary()


def test_iterators_can_be_abandoned(long_trail: Path) -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    trail = tc.open(long_trail)
    gc.collect()
    before = descriptors()
    for _ in range(200):
        next(iter(trail))
        next(trail.transactions())
        next(trail.table("A.T").batches(10))
        next(trail.records())
    gc.collect()
    assert descriptors() == before


def test_memory_is_flat_in_the_length_of_the_trail(long_trail: Path) -> None:
    code = """
        import resource, sys
        import trailcore as tc
        def peak(files):
            trail = tc.open(files)
            for change in trail: change.to_dict()
            for batch in trail.table("A.T").batches(): pass
            trail.summary(); trail.check()
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        files = sys.argv[1:]
        few, many = peak(files[:10]), peak(files[:40])
        assert many < few * 1.15, (few, many)
    """
    files = sorted(str(path) for path in long_trail.parent.iterdir())
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), *files], check=True)


def test_a_forked_process_gets_an_error(big: tc.Trail) -> None:
    changes = big.changes()
    first = next(changes)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = "nothing was raised"
        try:
            big.summary()
        except tc.ForkError as error:
            said = f"fork error: {error}"
        except BaseException as error:
            said = repr(error)
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    said = os.read(reading, 1000).decode()
    os.close(reading)
    os.waitpid(child, 0)
    assert said.startswith("fork error: ") and "spawn" in said
    # The parent process can continue, and its changes stay valid.
    assert first.to_json() and sum(1 for _ in changes) == 87


def test_a_forked_process_does_not_move_a_checkpoint(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    with tc.follow(DATA / "big" / "bk", checkpoint=checkpoint, hints=False, checkpoint_interval=0, batch=5) as tail:
        first = next(item for item in iter(lambda: tail.recv(60), None) if isinstance(item, tc.Delivery))
        child = os.fork()
        if child == 0:
            raised = 0
            for call in (
                lambda: tail.acknowledge(first),
                tail.stop,
                tail.wake,
                tail.resume,
                lambda: tail.progress,
                lambda: tail.lag,
            ):
                try:
                    call()
                except tc.ForkError:
                    raised += 1
            os._exit(raised)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 6
        assert not checkpoint.exists()
        tail.acknowledge(first)
        assert checkpoint.exists()


def test_the_end_of_a_forked_process_does_not_store_a_checkpoint(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    with tc.follow(DATA / "big" / "bk", checkpoint=checkpoint, hints=False, checkpoint_interval=600_000, batch=5) as tail:
        tail.acknowledge(next(item for item in iter(lambda: tail.recv(60), None) if isinstance(item, tc.Delivery)))
        stored = checkpoint.read_bytes() if checkpoint.exists() else None
        tail.acknowledge(next(item for item in iter(lambda: tail.recv(60), None) if isinstance(item, tc.Delivery)))
        child = os.fork()
        if child == 0:
            del tail._native
            gc.collect()
            os._exit(0)
        os.waitpid(child, 0)
        assert (checkpoint.read_bytes() if checkpoint.exists() else None) == stored
    assert checkpoint.read_bytes() != stored


def _count(path: str) -> int:
    return sum(1 for _ in tc.open(path))


def test_processes_that_are_spawned_work() -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(_count, [str(DATA / "big" / "bk"), str(DATA / "little" / "bk")]) == [88, 88]


def test_a_panic_is_an_exception(tmp_path: Path) -> None:
    # Only a library that is built for tests has the function. It replaces the native part of a copy of the package.
    library = Path(__file__).parents[2] / "target" / "debug" / "lib_native.so"
    if not library.exists():
        pytest.skip("the library with the drill is not built; make test-python builds it")
    package = tmp_path / "trailcore"
    package.mkdir()
    for source in (Path(__file__).parents[1] / "trailcore").glob("*.py"):
        shutil.copy(source, package)
    shutil.copy(library, package / "_native.abi3.so")
    program = "import trailcore as tc\ntry: tc._native._panic_drill()\nexcept tc.InternalError: print('contained')"
    result = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.stdout == "contained\n", result.stderr
    assert not hasattr(_native, "_panic_drill")


def test_many_are_opened_and_closed(big: tc.Trail) -> None:
    path = str(DATA / "big" / "bk000000000")
    for _ in range(300):
        list(tc.open(path))
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(3000):
        for change in tc.open(path):
            change.to_dict()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < start + 20_000
