"""Native JSON lines, opened like a trail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import trailcore as tc
from conftest import DATA

SELECTIONS: list[dict[str, Any]] = [
    {},
    {"filter": "AMOUNT > 1000", "ops": "insert", "exclude": ["BANK.CUST*", "BANK.ACC*"]},
    {"exclude": "BANK.CUST*"},
]


@pytest.fixture
def lines() -> tc.Trail:
    return tc.open(DATA / "big.jsonl")


@pytest.fixture
def defined(big: tc.Trail, lines: tc.Trail) -> tc.Trail:
    """The lines with the definitions of the trail, without which types are inferred."""
    definitions = [info.definition for info in big.tables.values() if info.definition is not None]
    return tc.open(DATA / "big.jsonl", defs=tc.Catalog.of(definitions))


def test_changes_are_those_of_the_trail(big: tc.Trail, lines: tc.Trail, defined: tc.Trail) -> None:
    expected = (DATA / "big.jsonl").read_text(encoding="utf-8").splitlines()
    assert [change.to_json() for change in lines] == expected
    assert [change.to_json() for change in defined] == expected
    assert [change.after for change in defined] == [change.after for change in big]


@pytest.mark.parametrize("selection", SELECTIONS)
def test_a_selection_decides_the_same(big: tc.Trail, defined: tc.Trail, selection: dict[str, Any]) -> None:
    expected = [change.to_json() for change in big.select("BANK.*", **selection)]
    assert expected
    assert [change.to_json() for change in defined.select("BANK.*", **selection)] == expected


def test_record_batches_are_those_of_the_trail(big: tc.Trail, defined: tc.Trail) -> None:
    expected = big.table("BANK.POSTINGS").to_arrow()
    found = defined.table("BANK.POSTINGS").to_arrow()
    assert isinstance(found, pa.Table)
    assert found.num_rows > 10
    assert found.equals(expected)


def test_a_trail_of_the_lines_reads_back_the_same(big: tc.Trail, defined: tc.Trail, tmp_path: Path) -> None:
    copies = []
    for name, source in [("ta", big), ("tb", defined)]:
        with tc.Writer(tmp_path / name) as writer:
            for change in source:
                writer.write(change)
        copies.append([change.to_json() for change in tc.open(tmp_path / name)])
    assert len(copies[0]) == 88
    assert copies[0] == copies[1]
