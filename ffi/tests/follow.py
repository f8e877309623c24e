#!/usr/bin/env python3
"""Runs an example that follows on a part of the sample, ends it by a signal, and runs it again on all: every line comes once.

    follow.py SAMPLE EXPECTED_JSON SCRATCH_FOLDER PROGRAM...

PROGRAM, with its arguments, gets the trail and the file of the checkpoint as its last two arguments.
"""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path


def run(program, trail, checkpoint, count):
    """The lines of a run, which is ended once it has printed `count` of them."""
    with subprocess.Popen([*program, trail, checkpoint], stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline() for _ in range(count)]
        process.send_signal(signal.SIGTERM)
        lines += process.stdout.readlines()
    if process.returncode != 0:
        sys.exit(f"{' '.join(program)} ends with {process.returncode}")
    return lines


def complete_in_first_file(lines):
    """The number of lines whose transaction ends in the first file."""
    ends = 0
    for number, line in enumerate(lines, 1):
        change = json.loads(line)
        if change["seqno"] == 0 and change["txn"] in ("last", "only"):
            ends = number
    return ends


def main():
    sample, expected, folder, *program = sys.argv[1:]
    shutil.rmtree(folder, ignore_errors=True)
    Path(folder).mkdir(parents=True)
    files = sorted(Path(sample).parent.glob(Path(sample).name + "*"))
    trail, checkpoint = Path(folder, Path(sample).name), Path(folder, "checkpoint")
    wanted = Path(expected).read_text(encoding="utf-8").splitlines(keepends=True)
    count = complete_in_first_file(wanted)
    shutil.copy(files[0], folder)
    printed = run(program, trail, checkpoint, count)
    for file in files[1:]:
        shutil.copy(file, folder)
    printed += run(program, trail, checkpoint, len(wanted) - count)
    if not 0 < count < len(wanted) or printed != wanted:
        sys.exit(f"{' '.join(program)}: two runs do not print every change once")
    print(f"{' '.join(program)} prints every change once, over two runs")


if __name__ == "__main__":
    main()
