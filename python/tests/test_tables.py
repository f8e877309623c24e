"""Tables in each data frame library."""

from __future__ import annotations

import datetime as dt
import decimal
from pathlib import Path

import pytest

import trailcore as tc
from conftest import written

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")
pd = pytest.importorskip("pandas")
duckdb = pytest.importorskip("duckdb")


def rows(trail: tc.Trail, name: str) -> list[dict[str, object]]:
    """Returns the expected rows of a table, made from the changes."""
    every = []
    for change in trail:
        if change.table == name and change.op != "ddl":
            assert change.definition is not None
            image = (change.before if change.op == "delete" else change.after) or {}
            own = {column.name: image.get(column.name) for column in change.definition.columns}
            # Numbers without a declared scale are text in the table.
            for column in change.definition.columns:
                if column.kind == "number" and own[column.name] is not None:
                    own[column.name] = str(own[column.name])
            seqno, rba = change.position
            every.append(
                {
                    "_op": change.op,
                    "_position": f"{seqno:010}:{rba:010}",
                    "_csn": change.csn,
                    "_xid": change.xid,
                    "_timestamp": change.timestamp,
                    **own,
                }
            )
    return every


@pytest.mark.parametrize("name", ["BANK.ACCOUNTS", "BANK.CUSTOMERS", "BANK.POSTINGS"])
def test_every_library_sees_the_same_rows(bank: tc.Trail, name: str) -> None:
    expected = rows(bank, name)
    table = bank.table(name)
    arrow = table.to_arrow()
    assert arrow.to_pylist() == expected
    assert pa.table(table).to_pylist() == expected
    assert table.to_polars().to_dicts() == expected == pl.DataFrame(table).to_dicts()
    assert table.to_pandas().to_dict("records") == pd.DataFrame(arrow.to_pandas(types_mapper=pd.ArrowDtype)).to_dict("records")
    assert len(table.to_pandas(arrow_types=False)) == len(expected)
    found = table.to_duckdb().fetchall()
    assert [row[5:] for row in found] == [tuple(row.values())[5:] for row in expected]
    postings = table
    assert postings is not None
    streamed = duckdb.sql("select count(*), min(_position) from postings").fetchall()
    assert streamed == [(len(expected), expected[0]["_position"])]
    assert bank.to_polars(name).height == bank.to_arrow(name).num_rows == len(bank.to_pandas(name)) == len(expected)
    assert len(bank.to_duckdb(name).fetchall()) == len(expected)
    assert "Trail" in repr(bank) and name in repr(table)


def test_batches_of_any_size(big: tc.Trail) -> None:
    table = big.table("BANK.POSTINGS")
    whole = table.to_arrow()
    for size in (1, 7, 1000):
        batches = list(table.batches(size))
        assert max(len(batch) for batch in batches) <= size and batches[0].table == "BANK.POSTINGS"
        assert pa.Table.from_batches([pa.record_batch(batch) for batch in batches]).to_pylist() == whole.to_pylist()
        assert pa.table(batches[0]).num_rows == batches[0].num_rows == pl.DataFrame(batches[0]).height
    assert "POSTINGS" in repr(batches[0]) and batches[0].column_names[0] == "_op"
    every = list(big.batches(10))
    assert sum(len(batch) for batch in every) == 87
    assert {batch.table for batch in every} == {"BANK.ACCOUNTS", "BANK.CUSTOMERS", "BANK.POSTINGS"}


def test_a_table_can_be_used_over_and_over(big: tc.Trail) -> None:
    table = big.table("bank.postings", columns=["AMOUNT"])
    assert table.to_arrow() == table.to_arrow()
    assert list(table.columns)[5:] == ["AMOUNT"]
    assert pa.schema(table).names == list(table.columns)


def test_both_images(big: tc.Trail) -> None:
    frame = big.table("BANK.ACCOUNTS", layout="changes").to_arrow().to_pylist()
    changes = [change for change in big if change.table == "BANK.ACCOUNTS"]
    for row, change in zip(frame, changes, strict=True):
        for image, own in ((row["before"], change.before), (row["after"], change.after)):
            assert (image is None) == (own is None)
            for name, value in (own or {}).items():
                # A number without a declared scale is text in the table.
                expected = str(value) if name == "CREDIT_LIMIT" and value is not None else value
                assert image[name] == expected


def test_missing_differs_from_null(emp: tc.TableDef) -> None:
    trail = written({"ID": 1, "NAME": None}, {"ID": 2, "NAME": "x"}, table=emp)
    frame = trail.table("HR.EMP", states=True).to_arrow().to_pylist()
    assert [row["_states"]["NAME"] for row in frame] == ["null", "value"]
    assert {row["_states"]["SALARY"] for row in frame} == {"missing"}
    assert pl.DataFrame(trail.table("HR.EMP", states=True)).height == 2
    both = trail.table("HR.EMP", layout="changes", states=True).columns
    assert list(both)[-2:] == ["_before_states", "_after_states"]


def test_types_of_every_kind(emp: tc.TableDef, ada: dict[str, object]) -> None:
    trail = written(ada, table=emp)
    arrow = trail.table("HR.EMP").to_arrow()
    types = {field.name: field.type for field in arrow.schema}
    assert types["ID"] == pa.int64() and types["SALARY"] == pa.decimal128(18, 2) and types["RATE"] == pa.string()
    assert types["HIRED"] == pa.timestamp("us") and types["SEEN"] == pa.timestamp("ns") and types["PHOTO"] == pa.binary()
    assert types["_timestamp"] == pa.timestamp("us", tz="UTC")
    assert arrow.schema.metadata[b"trailcore:table"] == b"HR.EMP"
    assert arrow.schema.field("ID").metadata == {b"trailcore:key": b"true"}
    assert arrow["SEEN"].cast(pa.int64())[0].as_py() == 1_709_296_200_123_456_789
    table = trail.table("HR.EMP", numbers=3, times="truncated").to_arrow()
    assert table["RATE"][0].as_py() == decimal.Decimal("0.125") and table.schema.field("SEEN").type == pa.timestamp("us")
    assert trail.table("HR.EMP", numbers="float").to_arrow()["RATE"][0].as_py() == 0.125
    with pytest.raises(tc.ColumnValueError, match="column RATE"):
        trail.table("HR.EMP", numbers=1).to_arrow()
    for wrong in (
        {"layout": "x"},
        {"numbers": "x"},
        {"numbers": 40},
        {"times": "x"},
        {"invalid": "x"},
        {"on_schema_change": "x"},
    ):
        with pytest.raises((ValueError, TypeError)):
            trail.table("HR.EMP", **wrong).to_arrow()  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no column NONE"):
        trail.table("HR.EMP", columns=["NONE"]).to_arrow()


def test_values_that_cannot_be_decoded() -> None:
    table = tc.TableDef("A.T", [tc.Column("V", charset="GBK")])
    writer = tc.Writer(charset="GBK")
    with writer.transaction(csn=1):
        writer.insert(table, {"V": "张伟"})
    content = writer.finish()
    assert isinstance(content, bytes)
    trail = tc.open(content, charset="UTF-8")
    for take in (tc.Table.to_arrow, tc.Table.to_polars, tc.Table.to_pandas, lambda table: list(table.batches())):
        with pytest.raises(tc.ColumnValueError, match="column V"):
            take(trail.table("A.T"))
    assert trail.table("A.T", invalid="null").to_arrow()["V"].to_pylist() == [None]
    assert trail.table("A.T", states=True).to_arrow()["_states"].to_pylist() == [{"V": "invalid"}]


def changing() -> tc.Trail:
    """Returns a trail with a table whose definition changes and changes back."""
    first = tc.TableDef("A.T", [tc.Column("K", "integer", key=True), tc.Column("OLD")])
    second = tc.TableDef("A.T", [tc.Column("K", "decimal", scale=2, key=True), tc.Column("NEW")])
    writer = tc.Writer()
    with writer.transaction(csn=1):
        writer.insert(first, {"K": 1, "OLD": "x"})
        writer.insert(second, {"K": decimal.Decimal("2.50"), "NEW": "y"})
        writer.insert(first, {"K": 3, "OLD": "z"})
    content = writer.finish()
    assert isinstance(content, bytes)
    return tc.open(content)


def test_a_definition_that_changes() -> None:
    trail = changing()
    for take in (tc.Table.to_arrow, tc.Table.to_polars, lambda table: list(table.batches())):
        with pytest.raises(tc.SchemaChangeError, match="changes at"):
            take(trail.table("A.T"))
    union = trail.table("A.T", on_schema_change="union").to_arrow()
    assert union["K"].to_pylist() == [1, decimal.Decimal("2.50"), 3]
    assert union["NEW"].to_pylist() == [None, "y", None] and union["OLD"].to_pylist() == ["x", None, "z"]
    versions = [(list(version.columns)[-1], version.to_arrow().num_rows) for version in trail.table("A.T").versions()]
    assert versions == [("OLD", 1), ("NEW", 1), ("OLD", 1)]
    # Versions that are not read are skipped.
    assert len(list(trail.table("A.T").versions())) == 3
    assert [pl.DataFrame(version).height for version in trail.table("A.T").versions()] == [1, 1, 1]


def test_tables_that_are_not_there(big: tc.Trail) -> None:
    with pytest.raises(tc.UnknownTableError, match=r"BANK\.POSTINGS"):
        big.to_polars("BANK.NONE")
    # A table that the selection rejects has columns, but no rows.
    assert big.select("BANK.ACCOUNTS").table("BANK.POSTINGS").to_arrow().num_rows == 0


def test_parquet(tmp_path: Path, big: tc.Trail) -> None:
    path = tmp_path / "postings.parquet"
    table = big.table("BANK.POSTINGS")
    assert table.write_parquet(path) == 51
    assert pl.read_parquet(path).to_dicts() == table.to_polars().to_dicts()


def test_times_are_naive_and_timestamps_aware(big: tc.Trail) -> None:
    frame = big.to_polars("BANK.POSTINGS")
    assert frame["POSTED"].dtype == pl.Datetime("us") and frame["_timestamp"].dtype == pl.Datetime("us", "UTC")
    assert isinstance(frame["POSTED"].drop_nulls()[0], dt.datetime)
