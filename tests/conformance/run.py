#!/usr/bin/env python3
"""Feeds the same trails and selections to every language, and compares the native JSON that each prints, byte for byte.

A language is a command that takes a trail, and optionally `--param-file FILE` and `--defs FILE`, and prints a line for each
change; it exits with 0 only if everything was read. The others are compared with Rust. A damaged trail must be printed up to the
same change.

    tests/conformance/run.py [LANGUAGE ...]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "examples" / "data"
SHARED = ROOT.parent / "shared"

LANGUAGES: dict[str, list[str]] = {
    "rust": [str(ROOT / "target/release/trailcore"), "cat"],
    "python": [str(ROOT / "target/venv/bin/python"), "-m", "trailcore", "cat"],
}

# The example, built against the installed C library.
C_DUMP = ROOT / "target/c-test/bin/dump"
if C_DUMP.exists():
    LANGUAGES["c"] = [str(C_DUMP)]
else:
    print("skipped: C, whose example is not built; make c-examples builds it")

# Java has two ways: by blocks, and by single changes. The program is part of its tests.
JAVA_CLASSES = [ROOT / "java/target/classes", ROOT / "java/target/test-classes"]
if all(folder.exists() for folder in JAVA_CLASSES):
    LANGUAGES["java"] = ["java", "-cp", os.pathsep.join(map(str, JAVA_CLASSES)), "io.trailcore.ConformanceMain"]
    LANGUAGES["java-each"] = [*LANGUAGES["java"], "--each"]
else:
    print("skipped: Java, whose tests are not built; make test-java builds them")

SELECTIONS = {
    "all": None,
    "one table": "TABLE BANK.POSTINGS;",
    "exclude": "TABLE BANK.*; TABLEEXCLUDE BANK.CUST*;",
    "filter": "TRAILCORE OPS insert; TABLE BANK.POSTINGS, FILTER (AMOUNT > 1000 AND @STRFIND (MEMO, 'cash') > 0);",
    "where": "TABLE BANK.POSTINGS, FILTER (@COLTEST (CURRENCY, PRESENT)), WHERE (CURRENCY = 'USD');",
    "range": "TRAILCORE OPS insert; TABLE BANK.*, FILTER (@RANGE (1, 3));",
    "limits": "TRAILCORE FROMCSN 7824137850 UNTILTIME 2024-03-01T00:01:00;",
    "undecidable": "TABLE BANK.POSTINGS, WHERE (AMOUNT > 1000);",
}


# The trails that have the samples' tables.
SAMPLES = ("big", "little", "torn", "hurt", "big lines", "little lines", "torn lines")


def trails(scratch: Path) -> dict[str, Path]:
    """Returns trails by name: the samples, also as JSON lines, broken ones, and real ones if they are present."""
    found = {"big": DATA / "big" / "bk", "little": DATA / "little" / "bk", "one file": DATA / "big" / "bk000000001"}
    found |= {"big lines": DATA / "big.jsonl", "little lines": DATA / "little.jsonl", "torn lines": scratch / "torn.jsonl"}
    found["torn lines"].write_bytes((DATA / "big.jsonl").read_bytes()[:-40])
    content = (DATA / "little" / "bk000000000").read_bytes()
    for name, broken in [
        ("torn", content[:-7]),
        ("hurt", content[: len(content) // 2] + bytes(100) + content[len(content) // 2 + 100 :]),
        ("empty", b""),
        ("no trail", b"nothing of the kind\n" * 50),
    ]:
        found[name] = scratch / name / "bk000000000"
        found[name].parent.mkdir()
        found[name].write_bytes(broken)
    real = SHARED / "real" / "trails" / "tr000000000"
    if real.exists():
        found["real"] = real
    else:
        print("skipped: no real trail here")
    vectors = scratch / "vectors"
    for index, name in enumerate(sorted((SHARED / "vectors" / "trail").glob("*.json"))):
        bytes_ = vector_bytes(json.loads(name.read_text(encoding="utf-8")))
        if bytes_:
            vectors.mkdir(exist_ok=True)
            found[f"vector {name.stem}"] = vectors / f"v{index:09}"
            found[f"vector {name.stem}"].write_bytes(bytes_)
    return found


def vector_bytes(vector: object) -> bytes:
    """Returns the record of a vector, if it has one. Most are read as trails that begin inside a file."""
    text = vector.get("record_hex") if isinstance(vector, dict) else None
    try:
        return bytes.fromhex(text.replace(" ", "")) if isinstance(text, str) else b""
    except ValueError:
        return b""


def printed(command: list[str], trail: Path, selection: Path | None) -> tuple[bytes, bool]:
    """Returns the output of a language, and whether it reports that everything was read."""
    arguments = [str(trail)] + ([] if selection is None else ["--param-file", str(selection)])
    # The others are strict, and have one code for every error.
    if selection is not None and command[-1] == "cat":
        arguments.append("--strict")
    done = subprocess.run([*command, *arguments], capture_output=True, check=False, timeout=60)
    if done.returncode not in (0, 1, 4, 5):
        raise SystemExit(f"{' '.join([*command, *arguments])} exits with {done.returncode}:\n{done.stderr.decode()}")
    return done.stdout, done.returncode == 0


def main() -> int:
    """Compares the languages, and prints the number of comparisons."""
    wanted = sys.argv[1:] or [name for name in LANGUAGES if name != "rust"]
    differences = compared = lines = 0
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        every = trails(scratch)
        for trail_name, trail in every.items():
            # Selections refer to the tables of the samples; other trails are compared as a whole.
            selections = SELECTIONS if trail_name in SAMPLES else {"all": None}
            for selection_name, text in selections.items():
                selection = None
                if text is not None:
                    selection = scratch / "selection.prm"
                    selection.write_text(text, encoding="utf-8")
                measure = printed(LANGUAGES["rust"], trail, selection)
                lines += measure[0].count(b"\n")
                for language in wanted:
                    compared += 1
                    if printed(LANGUAGES[language], trail, selection) != measure:
                        differences += 1
                        print(f"{language} differs: trail {trail_name}, selection {selection_name}")
    print(f"conformance: {', '.join(wanted)}: {compared} comparisons of {lines} lines, {differences} differ")
    return 1 if differences or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
