"""Runs the notebooks of this directory from the first cell to the last, and fails if a cell does.

Their asserts check the key results. They are stored without outputs, so that outputs never go stale and diffs stay readable.
Nothing is written. `jupyter lab` in this directory shows them.

    pip install trailcore polars matplotlib nbclient ipykernel
    python run_notebooks.py
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).resolve().parent
SECONDS = 60
PICTURES = {"first-look.ipynb": 1, "health.ipynb": 1, "who-changed-what.ipynb": 2}


def problem(path: Path) -> str | None:
    """Returns what is wrong with a notebook, or `None` if it runs and shows its pictures."""
    notebook: Any = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if any(cell.outputs or cell.execution_count for cell in code):
        return "stored with outputs; clear them"
    if not any(cell.source.startswith("assert ") for cell in code):
        return "no cell asserts a result"
    client = NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(HERE)}})
    with tempfile.TemporaryDirectory() as sockets:
        # Uses a Unix socket, so no port is opened.
        manager = client.create_kernel_manager()
        manager.transport, manager.ip = "ipc", str(Path(sockets) / "kernel")
        try:
            client.execute()
        except CellExecutionError as error:
            return str(error)
    outputs = [output for cell in code for output in cell.outputs]
    noise = [output.text for output in outputs if output.get("name") == "stderr"]
    if noise:
        return f"warnings: {''.join(noise)}"
    pictures = sum("image/png" in output.get("data", {}) for output in outputs)
    if pictures != PICTURES[path.name]:
        return f"shows {pictures} pictures instead of {PICTURES[path.name]}"
    return None


def main() -> int:
    """Runs all notebooks. Returns 1 if one fails."""
    failed = 0
    for name in PICTURES:
        start = time.monotonic()
        found = problem(HERE / name)
        print(f"{name}: {found or f'ran in {time.monotonic() - start:.0f} s'}")
        failed += found is not None
    unknown = {path.name for path in HERE.glob("*.ipynb")} - PICTURES.keys()
    if unknown:
        print(f"not run: {', '.join(sorted(unknown))}")
    return 1 if failed or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
