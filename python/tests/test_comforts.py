"""Arguments as users write them, and errors that name the argument."""

from __future__ import annotations

import copy
import datetime as dt
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import trailcore as tc
from conftest import DATA

NAME = "BANK.POSTINGS"


def test_the_home_directory_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(DATA))
    for source in ("~/big/bk", Path("~/big/bk"), ["~/big/bk000000000"]):
        assert tc.open(source).files[0] == str(DATA / "big" / "bk000000000")
    monkeypatch.setenv("HOME", str(tmp_path))
    trail = tc.open(DATA / "big" / "bk")
    assert trail.write_parquet(NAME, "~/x.parquet", columns=["AMOUNT"]) == 51
    assert pq.read_table(tmp_path / "x.parquet").column_names[5:] == ["AMOUNT"]
    assert trail.write_csv(NAME, "~/x.csv") == 51 == len((tmp_path / "x.csv").read_text().splitlines()) - 1
    assert [file.path for file in trail.convert("~/y.csv", table=NAME)] == [str(tmp_path / "y.csv")]
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        tc.open(DATA / "big" / "bk", defs="~/nothing.def")


def test_one_column_is_a_text(big: tc.Trail) -> None:
    assert big.to_arrow(NAME, columns="AMOUNT") == big.to_arrow(NAME, columns=["AMOUNT"])
    assert big.to_arrow(NAME, wide="AMOUNT").schema.field("AMOUNT").type == pa.decimal128(19, 2)


def test_short_forms_take_the_arguments_of_the_tables(big: tc.Trail) -> None:
    frame = big.to_pandas(NAME, arrow_types=False)
    assert frame.dtypes["BRANCH"] == big.table(NAME).to_pandas(arrow_types=False).dtypes["BRANCH"] != pd.ArrowDtype(pa.int64())
    calls: list[int] = []
    assert big.to_polars(NAME, progress=lambda done, total: calls.append(done)).height == 51 and calls
    calls.clear()
    copied = copy.copy(big.table(NAME, progress=lambda done, total: calls.append(done)))
    assert copied.to_polars().height == 51 and calls
    import duckdb

    with duckdb.connect() as connection:
        assert len(big.to_duckdb(NAME, connection=connection).fetchall()) == 51


CASES: list[tuple[dict[str, Any], str]] = [
    ({"colums": ["AMOUNT"]}, "unknown option colums; did you mean columns"),
    ({"numbers": "dec"}, "numbers must be 'declared', 'text', 'float', a scale of 0 to 38, not 'dec'"),
    ({"numbers": True}, "numbers must be"),
    ({"numbers": 39}, "numbers must have a scale from 0 to 38"),
    ({"layout": "x"}, "layout must be 'rows', 'changes', not 'x'"),
    ({"states": "yes"}, "states must be True or False, not"),
    ({"rows": "a"}, "rows must be a whole number"),
    ({"rows": 0}, "rows must be at least 1"),
    ({"columns": 5}, "columns must be a list, not"),
    ({"columns": ["AMUONT"]}, "no column AMUONT"),
    ({"layout": "changes", "old_key": True}, "old_key= needs the layout rows"),
]


@pytest.mark.parametrize(("options", "text"), CASES)
def test_errors_name_the_option(big: tc.Trail, options: dict[str, Any], text: str) -> None:
    with pytest.raises((ValueError, TypeError)) as error:
        big.to_polars(NAME, **options)
    assert text in str(error.value) and "document" not in str(error.value) and "`u" not in str(error.value)


def test_errors_of_open_name_the_argument() -> None:
    path = DATA / "big" / "bk"
    for options, text in (
        ({"charset": "klingon"}, "charset: unknown character set"),
        ({"resinc": True}, "did you mean resync"),
        ({"resync": "yes"}, "resync must be True or False"),
    ):
        with pytest.raises(ValueError, match=text):
            tc.open(path, **options)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="source must be a path, bytes"):
        tc.open(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="name must be the name of a table, not int"):
        tc.open(path).table(5)  # type: ignore[arg-type]


def test_ways_out_are_in_the_spelling_of_python() -> None:
    spelled = tc._errors.spelled  # type: ignore[attr-defined]
    for core, python in (
        ("x; set the option resync to continue after the gap", "x; pass resync=True to continue after the gap"),
        (
            "x; set the option on_schema_change to union, or to stop for one stream per definition",
            "x; pass on_schema_change='union', or use versions() for one table per definition",
        ),
        (
            "x; set the database character set if it is text, the option states, or the option invalid to null",
            "x; pass charset= if it is text, states=True, or invalid='null'",
        ),
        (
            "x; set the option times to nanos, or to truncated to drop them",
            "x; pass times='nanos', or times='truncated' to drop them",
        ),
        ("x; add the column to the option wide", "x; pass wide= with the name of the column"),
        ("x; provide a definitions file", "x; pass a definitions file as defs="),
        ("x; set the option prefix if one of them", "x; pass prefix= if one of them"),
    ):
        assert spelled(core) == python


def test_places_have_one_form_everywhere(big: tc.Trail) -> None:
    moment = dt.datetime(2024, 3, 1, 0, 0, 30)
    expected = big.state("BANK.ACCOUNTS", at=moment).to_arrow()
    for at in ("2024-03-01T00:00:30", "2024-03-01 01:00:30+01:00", np.datetime64(moment), pd.Timestamp(moment)):
        assert big.state("BANK.ACCOUNTS", at=at).to_arrow() == expected  # type: ignore[arg-type]
    assert len(big.state("BANK.ACCOUNTS", at=dt.date(2024, 3, 1))) == 0
    with pytest.raises(TypeError, match=r"at must be a position such as .*, not int"):
        big.state("BANK.ACCOUNTS", at=5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("module", "extra"), [("polars", "polars"), ("pandas", "pandas"), ("pyarrow", "pandas"), ("duckdb", "duckdb")]
)
def test_a_missing_library_is_named_with_its_extra(module: str, extra: str) -> None:
    method = "to_arrow" if module == "pyarrow" else f"to_{module}"
    code = f"""
import sys
sys.modules[{module!r}] = None
import trailcore as tc
tables = [tc.open({str(DATA / "big" / "bk")!r}).table({NAME!r})]
try:
    tables[0].{method}()
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"{module} is not installed; run: pip install 'trailcore[{extra}]'" in done.stdout


def test_mypy_finds_a_misspelt_option(tmp_path: Path) -> None:
    api = pytest.importorskip("mypy.api")
    file = tmp_path / "use.py"
    calls = [
        f"trail.{name}('X', colums=['A'])" for name in ("to_polars", "to_pandas", "to_arrow", "to_duckdb", "scan", "dataset")
    ]
    lines = ["import trailcore as tc", "trail = tc.open('x')", *calls, "trail.to_pandas('X', arrow_types=False, columns=['A'])"]
    file.write_text("\n".join(lines), encoding="utf-8")
    output, _, code = api.run([str(file), "--cache-dir", str(tmp_path / "cache"), "--ignore-missing-imports"])
    assert code == 1 and output.count('Unexpected keyword argument "colums"') == len(calls), output
