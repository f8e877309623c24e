#!/usr/bin/env python3
"""Runs the Rust and the C side of `make bench-c` in turn, and prints the ratios of their medians.

    compare.py RUST_PROGRAM C_PROGRAM TRAIL
"""

import os
import statistics
import subprocess
import sys

ROUNDS = int(os.environ.get("TRAILCORE_BENCH_ROUNDS", "9"))


def run(command):
    seconds, columns, check = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), (columns, check)


def main():
    rust, c, trail = sys.argv[1:4]
    sides = {"Rust, lent": [rust, trail], "Rust, blocks": [rust, "--blocks", trail], "C, blocks": [c, trail]}
    times = {name: [] for name in sides}
    work = set()
    for _ in range(ROUNDS):
        for name, command in sides.items():
            seconds, done = run(command)
            times[name].append(seconds)
            work.add(done)
    if len(work) != 1:
        sys.exit(f"the sides have not done the same work: {work}")
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    c_time = medians["C, blocks"]
    print(f"every column of {work.pop()[0]} touched, {ROUNDS} rounds, medians")
    for name in ("Rust, lent", "Rust, blocks"):
        ratio = medians[name] / c_time
        print(f"C blocks against {name}: {ratio:.2f} of its speed, at least 0.90  {'ok' if ratio >= 0.9 else 'UNDER'}")


if __name__ == "__main__":
    main()
