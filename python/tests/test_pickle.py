"""Pickle, copies and other processes."""

from __future__ import annotations

import copy
import io
import multiprocessing
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import trailcore as tc
from conftest import DATA, written

PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)


def again(value: object) -> object:
    """Returns what a process with another working directory makes of a pickle."""
    return pickle.loads(pickle.dumps(value))


def count(trail: tc.Trail, table: str) -> int:
    """The work of another process."""
    return sum(1 for change in trail.select(table))


def rows(table: tc.Table) -> int:
    """The work of another process with a table."""
    return table.to_arrow().num_rows


def test_a_trail_is_pickled_by_its_absolute_path_and_options(big: tc.Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DATA)
    sources: list[tc.Source] = ["big/bk", Path("big"), [Path("big/bk000000000"), Path("big/bk000000001")]]
    for source in sources:
        monkeypatch.chdir(DATA)
        trail = tc.open(source, charset="GBK", resync=True)
        expected = [change.to_json() for change in trail]
        text = pickle.dumps(trail)
        monkeypatch.chdir("/")
        made = pickle.loads(text)
        assert [change.to_json() for change in made] == expected
        assert made._reading.options == {"charset": "GBK", "resync": True}
        assert all(os.path.isabs(path) for path in made.files)
    selected = big.select("BANK.POSTINGS", where="AMOUNT > 1000", lenient=True, start=next(iter(big)).start).select(
        ops="insert"
    )
    made = again(selected)
    assert isinstance(made, tc.Trail) and made.selection == selected.selection
    assert made._reading.start == selected._reading.start
    assert [change.position for change in made] == [change.position for change in selected]


def test_a_trail_of_bytes_and_its_definitions(emp: tc.TableDef, ada: dict[str, object]) -> None:
    trail = written(ada, table=emp)
    defs = tc.Catalog.of([emp])
    with_defs = tc.Trail(trail._native, trail._reading.__class__(catalog=defs))
    for made in (again(trail), again(with_defs)):
        assert isinstance(made, tc.Trail)
        assert [change.after for change in made] == [change.after for change in trail]
    assert with_defs._reading.catalog is not None
    assert again(with_defs._reading).catalog.tables == [emp]  # type: ignore[attr-defined]


def test_what_cannot_be_pickled_says_what_to_do(big: tc.Trail) -> None:
    opened = tc.open(io.BytesIO((DATA / "big" / "bk000000000").read_bytes()))
    change = next(iter(big))
    cases: list[tuple[object, str]] = [
        (opened, "open it by its path"),
        (opened.table("BANK.ACCOUNTS"), "open it by its path"),
        (big.state("BANK.ACCOUNTS"), "ask it again"),
        (big.history("BANK.CUSTOMERS", {"CUSTOMER_ID": 1}), "ask it again"),
        (change, "to_dict"),
        (next(iter(big.table("BANK.ACCOUNTS").batches())), "record_batch"),
    ]
    for value, way_out in cases:
        with pytest.raises(TypeError, match=way_out):
            pickle.dumps(value)
    # A copy stays in the process.
    assert list(copy.deepcopy(opened).files) == opened.files
    assert copy.copy(change) is change
    assert len(copy.copy(big.state("BANK.ACCOUNTS"))) == 9


def test_definitions_keep_every_fact(bank: tc.Trail, emp: tc.TableDef) -> None:
    definitions = [info.definition for info in bank.tables.values() if info.definition is not None]
    names = tc.TableDef("A.B", [tc.Column("X", length=7, charset=name) for name in ("utf-8",)])
    every = [*definitions, emp, names]
    for table in every:
        for protocol in PROTOCOLS:
            made = pickle.loads(pickle.dumps(table, protocol))
            assert made == table and made.name == table.name and made.is_defined
            for own, column in zip(made.columns, table.columns, strict=True):
                assert own == column and repr(own) == repr(column)
                for fact in ("kind", "key", "scale", "length", "nullable", "charset", "type_code", "sub_type"):
                    assert getattr(own, fact) == getattr(column, fact)
                # Facts that no attribute shows.
                assert own.__reduce__() == column.__reduce__()
                assert again(column) == column
    catalog = again(tc.Catalog.of(every))
    assert isinstance(catalog, tc.Catalog)
    assert sorted(table.name for table in catalog.tables) == sorted(table.name for table in every)
    undefined = again(tc.TableDef._of_facts("A.C", [], False))  # type: ignore[attr-defined]
    assert not undefined.is_defined
    assert copy.copy(emp) == copy.deepcopy(emp) == emp


CHARSETS = [
    *["ZHS16GBK", "AL32UTF8", "US7ASCII", "WE8ISO8859P1", "WE8MSWIN1252", "CESU-8", "AL16UTF16", "AL16UTF16LE", "JA16SJIS"],
    *["ISO-8859-15", "KOI8-R", "IBM866", "ZHS32GB18030", "ZHT16BIG5", "KO16MSWIN949", "JA16EUC", "ISO-8859-8", "TH8TISASCII"],
]


@pytest.mark.parametrize("charset", CHARSETS)
def test_character_sets_are_kept(charset: str) -> None:
    column = tc.Column("X", charset=charset)
    assert again(column) == column


def test_selections_are_equal_and_keep_their_options() -> None:
    text = 'TABLE "a b".*, WHERE (X = "y");'
    quoted = tc.Select.parse(text, dialect="nonansi")
    both = quoted.counting_bytes() & tc.Select("HR.*", where="X > 1", lenient=True)
    selects = [
        tc.Select("HR.EMP", where="SALARY > 1", filter="ON INSERT, A = 1", exclude="HR.B*", ops="insert", until="csn:7"),
        quoted,
        both,
        both.lenient(),
        tc.Select("HR.*").counting_bytes(),
    ]
    for select in selects:
        made = again(select)
        assert isinstance(made, tc.Select)
        assert made == select and str(made) == str(select) and made._options == select._options
        assert again(made) == select
        assert copy.copy(select) is select is copy.deepcopy(select)
    assert tc.Select.parse(text) != quoted


def test_tables_and_positions(big: tc.Trail) -> None:
    table = big.table("BANK.POSTINGS", columns=["AMOUNT"], states=True, progress=lambda done, total: None)
    expected = table.to_arrow()
    made = again(table)
    assert isinstance(made, tc.Table) and made.name == table.name and made.report is None
    assert made.to_arrow() == expected
    assert again(tc.Position(1, 2)) == tc.Position(1, 2) and isinstance(again(tc.Position(1, 2)), tc.Position)
    summary = big.summary()
    assert again(summary) == summary


TABLES = ["BANK.CUSTOMERS", "BANK.ACCOUNTS", "BANK.POSTINGS"]


def test_processes(big: tc.Trail) -> None:
    expected = [count(big, name) for name in TABLES]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.starmap(count, [(big, name) for name in TABLES]) == expected
        tables = [big.table(name) for name in TABLES]
        assert pool.map(rows, tables) == [rows(table) for table in tables]


def test_joblib(big: tc.Trail) -> None:
    joblib = pytest.importorskip("joblib")
    expected = [count(big, name) for name in TABLES]
    assert joblib.Parallel(n_jobs=2)(joblib.delayed(count)(big, name) for name in TABLES) == expected


def test_dask(big: tc.Trail) -> None:
    dask = pytest.importorskip("dask")
    expected = [count(big, name) for name in TABLES]
    work = [dask.delayed(count)(big, name) for name in TABLES]
    assert list(dask.compute(*work, scheduler="processes", num_workers=2)) == expected


def test_a_fork_says_the_way_out_that_works() -> None:
    code = f"""
import multiprocessing, trailcore as tc
def count(trail):
    return sum(1 for _ in trail)
if __name__ == "__main__":
    trail = tc.open({str(DATA / "big" / "bk")!r})
    changes = iter(trail)
    next(changes)
    process = multiprocessing.get_context("fork").Process(target=count, args=(trail,))
    process.start()
    process.join()
    assert process.exitcode == 1
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(count, [trail]))
"""
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"trailcore_fork_{os.getpid()}.py"
    path.write_text(code, encoding="utf-8")
    try:
        done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False, timeout=120)
    finally:
        path.unlink()
    assert "ForkError" in done.stderr and "spawn" in done.stderr
    assert done.stdout.strip() == "[88]"
