#!/usr/bin/env python3
"""Runs the first screen of README.md as a reader would: its commands, its program and its result, letter for letter.

    tests/readme.py

The commands run in a new environment below target/, from the folder of the project.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHOW = """
import polars
with polars.Config(tbl_hide_dataframe_shape=True):
    print(df.select("_op", "_position", "_csn", "POSTING_ID", "AMOUNT").head({rows}))
"""


def first(language: str, text: str) -> str:
    """Returns the first code block of a language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)
    if found is None:
        sys.exit(f"README.md has no block of {language}")
    return found[1]


def main() -> None:
    """Runs the commands and the program, and compares what is printed."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands, program, result = (first(language, text) for language in ("sh", "python", "text"))
    environment = ROOT / "target" / "venv-readme"
    shutil.rmtree(environment, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    variables = {**os.environ, "PATH": f"{environment}/bin:{os.environ['PATH']}", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_QUIET": "1"}
    for command in commands.splitlines():
        subprocess.run(command, shell=True, check=True, cwd=ROOT, env=variables)
    # The last row stands for all others.
    lines = [line for line in result.splitlines() if not re.fullmatch(r"│[ …┆│]*│", line)]
    rows = sum(1 for line in lines[lines.index(next(line for line in lines if line.startswith("╞"))) :] if line.startswith("│"))
    code = program + SHOW.format(rows=rows)
    shown = subprocess.run([f"{environment}/bin/python", "-W", "error", "-c", code], check=True, cwd=ROOT, env=variables, capture_output=True, text=True)
    if shown.stdout.splitlines() != lines:
        sys.exit(f"README.md shows another result than its program:\n{shown.stdout}")
    print("readme: the first screen works, letter for letter")


if __name__ == "__main__":
    main()
