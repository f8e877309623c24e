#!/usr/bin/env python3
"""Plants a bug against each guarantee of the pipelines, and fails unless the tests find it.

    tests/planted.py [OPTIONS OF CARGO]

The bugs are in the sources, with the feature `drill`: `point::has_bug`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# The bug, and the test that finds it: its program and its name.
BUGS = {
    "position before data": ("pipelines", "killed_at_every_point_and_at_random"),
    "dead letter dropped": ("pipelines", "refused_changes_go_to_the_dead_letters_and_can_be_replayed"),
    "fencing of files off": ("pipelines", "a_writer_that_comes_back_is_refused"),
    "fencing off": ("postgres", "changes_are_applied_once"),
}


def run(options: list[str], program: str, name: str, bug: str | None) -> tuple[bool, str]:
    """Runs a test. Returns whether it passes, and its output."""
    test = ["test", "--quiet", "--workspace", "--all-features", "--test", program, "--", "--nocapture", "--exact", name]
    command = ["cargo", *options, *test]
    environment = {**os.environ, "RUST_BACKTRACE": "0"}
    if bug:
        environment["TRAILCORE_BUG"] = bug
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    if done.returncode != 0 and "test result: FAILED. 0 passed; 1 failed" not in output:
        sys.exit(f"{name} did not run:\n{output}")
    return done.returncode == 0, output


def main() -> None:
    """Runs each test without its bug, and with it."""
    missed = []
    for bug, (program, name) in BUGS.items():
        passes, output = run(sys.argv[1:], program, name, None)
        if "skipped" in output:
            print(f"skipped: {bug}: {name} needs what is not here")
            continue
        if not passes:
            sys.exit(f"{name} fails without a bug:\n{output}")
        passes, output = run(sys.argv[1:], program, name, bug)
        if passes:
            missed.append(bug)
        else:
            first = next((line for line in output.splitlines() if "assertion" in line or "called `Result" in line), "it fails")
            print(f"found: {bug}, by {name}: {first.strip()[:160]}")
    if missed:
        sys.exit(f"not found: {', '.join(missed)}")


if __name__ == "__main__":
    main()
