"""Trails that are written and read back."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trailcore as tc
from conftest import written

TABLE = tc.TableDef(
    "A.T",
    [
        tc.Column("I", "integer", key=True),
        tc.Column("D", "decimal", scale=3),
        tc.Column("N", "number"),
        tc.Column("S", "text", length=400),
        tc.Column("T", "datetime", fraction=6),
        tc.Column("B", "binary", length=200),
    ],
)
FINITE = st.decimals(allow_nan=False, allow_infinity=False)
ROWS = st.fixed_dictionaries(
    {"I": st.integers(-(2**63), 2**63 - 1)},
    optional={
        "D": st.none() | st.integers(-(10**15), 10**15).map(lambda n: decimal.Decimal(n).scaleb(-3)),
        "N": st.none() | st.integers(-(10**38), 10**38) | st.decimals(-(10**20), 10**20, places=7),
        "S": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
        "T": st.none() | st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)),
        "B": st.none() | st.binary(max_size=100),
    },
)


@given(st.lists(ROWS, min_size=1, max_size=5), st.sampled_from(["big", "little"]))
def test_rows_come_back_as_they_were(rows: list[dict[str, object]], order: str) -> None:
    writer = tc.Writer(order=order)  # type: ignore[arg-type]
    with writer.transaction(csn=5, xid="1.1", timestamp=dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)):
        for row in rows:
            writer.insert(TABLE, row)
    content = writer.finish()
    assert isinstance(content, bytes)
    changes = list(tc.open(content))
    assert [change.after for change in changes] == rows
    assert {change.timestamp for change in changes} == {dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)}


def test_a_trail_that_is_copied(tmp_path: Path, bank: tc.Trail) -> None:
    with tc.Writer(tmp_path / "po", order=bank.info[0].byte_order, charset=bank.info[0].database_charset or "utf-8") as writer:  # type: ignore[arg-type]
        for change in bank.select("BANK.POSTINGS"):
            writer.write(change)
    again = tc.open(tmp_path / "po")
    kept = [change for change in bank if change.table == "BANK.POSTINGS"]
    assert [(c.op, c.csn, c.xid, c.before, c.after, c.tokens) for c in again] == [
        (c.op, c.csn, c.xid, c.before, c.after, c.tokens) for c in kept
    ]
    assert again.check().is_whole


def test_wrong_values_are_rejected(emp: tc.TableDef) -> None:
    writer = tc.Writer()
    with pytest.raises(ValueError, match="no transaction"):
        writer.insert(emp, {"ID": 1})
    writer.begin(csn=1)
    for row, error in [
        ({"NONE": 1}, ValueError),
        ({"ID": 1.5}, TypeError),
        ({"ID": True}, TypeError),
        ({"ID": "1"}, TypeError),
        ({"SALARY": decimal.Decimal("1.005")}, tc.EncodingError),
        ({"SALARY": decimal.Decimal("NaN")}, TypeError),
        ({"RATE": math.inf}, TypeError),
        ({"ID": 2**70}, tc.EncodingError),
        ({"HIRED": "yesterday"}, ValueError),
        ({"HIRED": dt.datetime.now(dt.timezone.utc)}, TypeError),
        ({"NAME": b"x"}, TypeError),
        ({"PHOTO": "x"}, TypeError),
        ({5: 1}, TypeError),
    ]:
        with pytest.raises(error):
            writer.insert(emp, row)  # type: ignore[arg-type]
    writer.insert(emp, {"ID": 1, "HIRED": dt.date(2024, 1, 2)})
    with pytest.raises(ValueError, match="transaction is open"):
        writer.finish()
    writer.commit()
    content = writer.finish()
    assert isinstance(content, bytes)
    assert [change["HIRED"] for change in tc.open(content)] == [dt.datetime(2024, 1, 2)]
    with pytest.raises(tc.ClosedError):
        writer.begin(csn=1)


def test_a_transaction_that_fails_is_rolled_back(emp: tc.TableDef) -> None:
    writer = tc.Writer()
    with pytest.raises(LookupError), writer.transaction(csn=1):
        writer.insert(emp, {"ID": 1})
        raise LookupError
    with writer.transaction(csn=2):
        writer.insert(emp, {"ID": 2})
        writer.truncate(emp)
        writer.ddl("HR", "EMP", ",C5='1',,B3='HR',,B4='EMP',,C1='drop table emp'")
    content = writer.finish()
    assert isinstance(content, bytes)
    trail = tc.open(content)
    assert [change.op for change in trail] == ["insert", "truncate", "ddl"]
    assert [issue.kind for issue in trail.check().issues] == ["rolled_back"] and trail.check().is_whole


def test_files_of_a_size(tmp_path: Path, emp: tc.TableDef) -> None:
    writer = tc.Writer(tmp_path / "lt", file_size=3000, first_seqno=7)
    for csn in range(50):
        with writer.transaction(csn=csn + 1):
            writer.insert(emp, {"ID": csn, "NAME": "x" * 30})
    paths = writer.finish()
    assert isinstance(paths, list) and len(paths) > 2 and paths[0].endswith("lt000000007")
    assert [change["ID"] for change in tc.open(paths)] == list(range(50))
    for wrong in ({"order": "middle"}, {"charset": "klingon"}):
        with pytest.raises(ValueError):
            tc.Writer(**wrong)  # type: ignore[arg-type]


def test_fixed_text_has_blanks_up_to_its_length() -> None:
    table = tc.TableDef("A.T", [tc.Column("C", "char", length=4)])
    assert next(iter(written({"C": "ab"}, table=table)))["C"] == "ab  "


def test_columns_have_a_character_set_of_their_own() -> None:
    table = tc.TableDef("A.张", [tc.Column("V"), tc.Column("W", charset="gbk")])
    writer = tc.Writer(charset="gbk")
    with writer.transaction(csn=1):
        writer.insert(table, {"V": "张", "W": "张"})
    content = writer.finish()
    assert isinstance(content, bytes)
    change = next(iter(tc.open(content)))
    assert (change.table, change.after) == ("A.张", {"V": "张", "W": "张"})
    assert change.definition is not None
    assert [column.charset for column in change.definition.columns] == ["UTF-8", "GBK"]


def test_definitions(emp: tc.TableDef) -> None:
    assert emp == tc.TableDef("HR.EMP", emp.columns) and emp != tc.TableDef("HR.EMP", emp.columns[:1])
    assert repr(emp["SALARY"]) == "<Column SALARY decimal, scale 2>" and "ID integer" in repr(emp)
    for wrong in ({"kind": "float"}, {"kind": "decimal", "scale": 30}, {"kind": "datetime", "fraction": 12}, {"charset": "?"}):
        with pytest.raises(ValueError):
            tc.Column("X", **wrong)  # type: ignore[arg-type]
    for argument, arguments in (
        ("length", {"kind": "integer", "length": 4}),
        ("scale", {"kind": "integer", "scale": 2}),
        ("fraction", {"fraction": 3}),
        ("charset", {"kind": "number", "charset": "GBK"}),
    ):
        with pytest.raises(ValueError, match=f"{argument} is for columns of the kind"):
            tc.Column("X", **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="use a name such as"):
        tc.Column("X", charset="klingon")
    with pytest.raises(ValueError):
        tc.TableDef("", [])
    read = next(iter(written({"ID": 1}, table=emp))).definition
    assert [(c.name, c.kind, c.key) for c in read.columns] == [(c.name, c.kind, c.key) for c in emp.columns]
