"""A live trail goes filtered to Parquet and to JSON lines; its mover is killed, goes on, and has lost and repeated nothing.

    python examples/python/live.py PROGRAM FOLDER [SECONDS]

PROGRAM is the command line of trailcore; FOLDER is removed first. The trail grows for 12 seconds.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import trailcore as tc

TRANSACTIONS = 20_000
LIMIT = 9_000

PIPELINES = """
[[pipeline]]
name = "large-postings"
trail = "{folder}/dirdat/lt"
select = "TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > {limit});"
commit = {{ milliseconds = 500 }}

[[pipeline.sink]]
kind = "parquet"
path = "{folder}/lake"

[[pipeline.sink]]
kind = "jsonl"
path = "{folder}/lines"
"""


def postings(prefix: Path) -> list[int]:
    """Writes a trail, and returns the keys of the postings above the limit."""
    columns = [tc.Column("ID", "integer", key=True), tc.Column("AMOUNT", "number"), tc.Column("MEMO", length=30)]
    table = tc.TableDef("BANK.POSTINGS", columns)
    large = []
    with tc.Writer(prefix, file_size=1 << 20) as writer:
        for number in range(TRANSACTIONS):
            amount = Decimal(number * 7919 % 1_000_000) / 100
            with writer.transaction(csn=1_000 + number, xid=f"1.2.{number}"):
                writer.insert(table, {"ID": number, "AMOUNT": amount, "MEMO": f"posting {number}"})
            if amount > LIMIT:
                large.append(number)
    return large


def grow(source: Path, target: Path, seconds: float) -> None:
    """Writes the files of a trail once more, slowly, as a running Extract does."""
    files = sorted(source.iterdir())
    pause = seconds / sum(file.stat().st_size // 8_192 + 1 for file in files)
    for file in files:
        with open(target / file.name, "ab", buffering=0) as grown, open(file, "rb") as whole:
            while part := whole.read(8_192):
                grown.write(part)
                time.sleep(pause)


class Mover:
    """`trailcore run` with its status."""

    def __init__(self, program: str, config: Path) -> None:
        command = [program, "run", str(config), "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        first = self.process.stderr.readline()
        if "listening on" not in first:
            sys.exit(f"{program} does not start: {first}")
        self.address = first.split()[-1]
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def changes(self) -> list[int]:
        """The changes that each sink has taken since the start."""
        with urllib.request.urlopen(self.address + "/status", timeout=5) as answer:
            return [lane["changes"] for one in json.load(answer) for lane in one["lanes"]]


def main() -> None:
    program, folder = sys.argv[1], Path(sys.argv[2]).absolute()
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 12.0
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("written", "dirdat"):
        (folder / name).mkdir(parents=True)
    large = postings(folder / "written" / "lt")
    config = folder / "pipelines.toml"
    config.write_text(PIPELINES.format(folder=folder, limit=LIMIT), encoding="utf-8")

    writer = threading.Thread(target=grow, args=(folder / "written", folder / "dirdat", seconds))
    writer.start()
    mover = Mover(program, config)
    while not all(changes > len(large) / 3 for changes in mover.changes()):
        time.sleep(0.2)
    print(f"{mover.changes()} of {len(large)} large postings are in Parquet and JSON lines; the mover is killed (SIGKILL)")
    mover.process.kill()
    mover.process.wait()

    mover = Mover(program, config)
    print("it is started again, while the trail goes on")
    writer.join()
    mover.process.terminate()
    if mover.process.wait() != 0:
        sys.exit("the mover has failed")
    # The changes since its last commit.
    subprocess.run([program, "run", str(config), "--drain"], check=True, stdout=subprocess.DEVNULL)

    lake = [key for file in (folder / "lake").glob("*/*.parquet") for key in pq.read_table(file)["ID"].to_pylist()]
    lines = [
        int(json.loads(line)["after"]["ID"])
        for file in (folder / "lines").glob("*/*.jsonl")
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    for name, keys in (("Parquet", lake), ("JSON lines", lines)):
        if sorted(map(int, keys)) != large:
            sys.exit(f"{name}: {len(keys)} rows, {len(set(keys))} of them distinct, of {len(large)}")
        print(f"{name}: {len(keys)} rows, each large posting once")


if __name__ == "__main__":
    main()
