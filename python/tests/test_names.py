"""Names of tables: as the trail has them, and in GoldenGate's spelling, in Python and on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import trailcore as tc
from trailcore.__main__ import main

# Names as the trail has them, and in GoldenGate's spelling.
NAMES = {
    "BANK.Mixed Case": 'bank."Mixed Case"',
    "BANK.Amount (EUR), net": 'BANK."Amount (EUR), net"',
    "BANK.O'Hara": '"BANK"."O\'Hara"',
    "BANK.A.B": 'BANK."A.B"',
    "BANK.A%B": 'BANK."A%%B"',
    "PDB1.HR.Log; old": 'PDB1.HR."Log; old"',
    "BANK.PLAIN": "bank.plain",
}
OTHER = "BANK.OTHER"


def definition(name: str) -> tc.TableDef:
    return tc.TableDef(name, [tc.Column("ID", "integer", key=True), tc.Column("V", length=9)])


def trail_of(folder: Path, *names: str) -> str:
    """Writes a trail in which each table has an insert with its number."""
    prefix = str(folder / "nm")
    with tc.Writer(prefix) as writer, writer.transaction(csn="100", xid="1.2.3"):
        for number, name in enumerate(names):
            writer.insert(definition(name), {"ID": number, "V": "x"})
    return prefix


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    return trail_of(tmp_path, *NAMES, OTHER)


def both() -> Iterator[tuple[int, str]]:
    """Yields each name in both forms, with the number of its table."""
    for number, (printed, spelled) in enumerate(NAMES.items()):
        yield from ((number, printed), (number, spelled))


def in_selections() -> list[tuple[int, str]]:
    """Returns the same, without names that look like a list or have clauses: in a selection they need quotes."""
    return [(number, name) for number, name in both() if '"' in name or not set(name) & set(",;()")]


@pytest.mark.parametrize(("number", "name"), list(both()))
def test_python_finds_a_table_by_both_forms(prefix: str, number: int, name: str) -> None:
    trail = tc.open(prefix)
    for frame in (
        trail.to_polars(name),
        trail.table(name).to_polars(),
        trail.scan(name).collect(),
        trail.state(name).to_polars(),
    ):
        assert frame["ID"].to_list() == [number]
    assert trail.scan(name).filter(pl.col("ID") == number).collect().height == 1
    assert trail.to_polars(name, on_schema_change="union").height == 1
    assert [change["ID"] for change in trail.history(name, {"ID": number})] == [number]


@pytest.mark.parametrize(("number", "name"), in_selections())
def test_a_selection_finds_a_table_by_both_forms(prefix: str, number: int, name: str) -> None:
    trail = tc.open(prefix)
    assert [change["ID"] for change in trail.select(name)] == [number]
    assert number not in [change["ID"] for change in trail.select(exclude=name)]


@pytest.mark.parametrize(("number", "name"), in_selections())
def test_the_command_line_finds_a_table_by_both_forms(
    prefix: str, number: int, name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def run(*args: str) -> list[str]:
        assert main([*args]) == 0
        return capfd.readouterr().out.splitlines()

    (line,) = run("cat", prefix, "--table", name)
    assert json.loads(line)["after"]["ID"] == number
    assert len(run("state", prefix, name)) == len(run("history", prefix, name, f"ID={number}")) == 1
    assert len(run("cat", prefix, "--exclude", name)) == len(NAMES)
    # The definition, and the row.
    assert len([line for line in run("records", prefix, "--table", name) if line.startswith("record ")]) == 2
    for suffix in ("parquet", "csv", "jsonl"):
        out = tmp_path / f"out.{suffix}"
        run("convert", prefix, str(out), "--table", name)
        assert tc.open(prefix).info and out.stat().st_size > 0
    assert pl.read_parquet(tmp_path / "out.parquet")["ID"].to_list() == [number]


def test_quotes_keep_the_case(tmp_path: Path) -> None:
    trail = tc.open(trail_of(tmp_path, "HR.Emp", "HR.EMP"))
    assert trail.to_polars('HR."Emp"')["ID"].to_list() == [0]
    assert trail.to_polars('hr."EMP"')["ID"].to_list() == [1]
    # Rows of the other table may have been returned before the one of exactly this name comes.
    with pytest.raises(ValueError, match=r"ambiguous: HR\.Emp or HR\.EMP.*double quotes"):
        trail.to_polars("HR.EMP")
    for missing in ('HR."emp"', 'HR."Emp', "HR.*"):
        with pytest.raises(tc.UnknownTableError, match="the trail has no table"):
            trail.table(missing).to_polars()
    with pytest.raises(ValueError, match=r"ambiguous: HR\.Emp or HR\.EMP.*double quotes"):
        trail.to_polars("hr.emp")


def test_a_name_that_both_readings_have_is_ambiguous(tmp_path: Path) -> None:
    trail = tc.open(trail_of(tmp_path, "HR.x", 'HR."x"'))
    for work in (trail.to_polars, trail.state, lambda name: trail.history(name, {"ID": 0})):
        with pytest.raises(ValueError, match=r'ambiguous: HR\.x or HR\."x"'):
            work('HR."x"')  # type: ignore[operator]
    assert trail.to_polars("HR.x")["ID"].to_list() == [0]
    assert trail.to_polars('HR."""x"""')["ID"].to_list() == [1]


def test_lists_and_statements_stay_what_they_are(prefix: str) -> None:
    for wrong in ("BANK.Amount (EUR), net", "BANK.PLAIN, WHERE (ID = ", "BANK.PLAIN FILTER (ID > 1", "BANK.PLAIN, BANK.OTHER"):
        with pytest.raises(tc.FilterSyntaxError):
            tc.Select(wrong)
    assert str(tc.Select("BANK.Mixed Case")) == 'TABLE "BANK"."Mixed Case";'
    assert [change.table for change in tc.open(prefix).select("BANK.Mixed*")] == ["BANK.Mixed Case"]
