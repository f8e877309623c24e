"""Lazy scans: only what a query needs is decoded, and every row that it needs is there."""

from __future__ import annotations

import decimal
import pickle
import warnings
from typing import Any

import pytest

import trailcore as tc
from conftest import written
from trailcore import _lazy

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")
duckdb = pytest.importorskip("duckdb")

D = decimal.Decimal
HUGE = 2**60 + 1


def edges() -> tc.Trail:
    """Rows whose comparisons go wrong in floats, texts that look like others, NULL and missing columns."""
    table = tc.TableDef(
        "A.EDGES",
        [
            tc.Column("ID", "integer", key=True),
            tc.Column("BIG", "integer"),
            tc.Column("AMOUNT", "decimal", scale=2),
            tc.Column("NUMBER", "number"),
            tc.Column("TEXT", length=20),
            tc.Column("mixed Case", "integer"),
            tc.Column("ORDER", "integer"),
        ],
    )
    writer = tc.Writer()
    amounts = [D("9999999999999999.99"), D("-9999999999999999.99"), D("0.10"), D("0.00"), D("-0.01"), D("1000.50")]
    texts = ["x", "x ", " x", "X", "it's", "", "100", "张伟", '"', "*", "x\t"]
    with writer.transaction(csn=1):
        for number in range(44):
            row: dict[str, object] = {
                "ID": number,
                "BIG": HUGE - number,
                "AMOUNT": amounts[number % 6],
                "NUMBER": D(number),
                "TEXT": texts[number % 11],
                "mixed Case": number,
                "ORDER": number,
            }
            if number % 7 == 0:
                row.update(BIG=None, TEXT=None)
            if number % 9 == 0:
                del row["AMOUNT"], row["TEXT"]
            writer.insert(table, row)
        writer.update(table, {"ID": 1, "AMOUNT": D("0.10")}, {"ID": 1, "AMOUNT": D("7.00")})
        writer.update(table, {"ID": 2, "AMOUNT": D("2000.00")}, {"ID": 2, "TEXT": "x"})
        writer.pk_update(table, {"ID": 3}, {"ID": 1003, "BIG": 5})
        writer.delete(table, {"ID": 4, "AMOUNT": D("5000.00"), "TEXT": "x"})
        writer.truncate(table)
    content = writer.finish()
    assert isinstance(content, bytes)
    return tc.open(content)


@pytest.fixture
def selections(monkeypatch: pytest.MonkeyPatch) -> list[tc.Select | None]:
    """The selections that were pushed into the reader."""
    seen: list[tc.Select | None] = []
    pushed = _lazy.pushed

    def spy(*arguments: Any) -> tc.Select | None:
        seen.append(pushed(*arguments))
        return seen[-1]

    monkeypatch.setattr(_lazy, "pushed", spy)
    return seen


def c(name: str) -> Any:
    return pl.col(name)


PUSHED = [
    (lambda: c("ID") > 5, '"ID" > 5'),
    (lambda: c("ID") > -1, '"ID" > -1'),
    (lambda: pl.lit(5) >= c("ID"), '"ID" <= 5'),
    (lambda: c("BIG") == HUGE - 3, f'"BIG" = {HUGE - 3}'),
    (lambda: c("BIG") >= 2**60, f'"BIG" >= {2**60}'),
    (lambda: c("AMOUNT") >= 10**16, '"AMOUNT" >= 10000000000000000'),
    (lambda: c("AMOUNT") == D("0.1"), '"AMOUNT" = 0.1'),
    (lambda: c("AMOUNT") > D("-0.015"), '"AMOUNT" > -0.015'),
    (lambda: c("AMOUNT") == D("0.105"), '"AMOUNT" = 0.105'),
    (lambda: c("TEXT") == "x", "\"TEXT\" = 'x'"),
    (lambda: c("TEXT") == "it's", "\"TEXT\" = 'it''s'"),
    (lambda: c("TEXT") == "100", "\"TEXT\" = '100'"),
    (lambda: c("TEXT") == "张伟", "\"TEXT\" = '张伟'"),
    (lambda: c("TEXT") == "*", "\"TEXT\" = '*'"),
    (lambda: c("ORDER") == 7, '"ORDER" = 7'),
    (lambda: (c("ID") > 5) & (c("AMOUNT") < 1) & (c("_op") == "insert"), '"AMOUNT" < 1'),
    (lambda: (c("ID") > 5) & (c("NUMBER") == "7"), '"ID" > 5'),
    (lambda: c("_op") == "insert", "OPS insert;"),
    (lambda: c("_op").is_in(["delete", "truncate"]), "OPS delete,truncate;"),
    (lambda: c("_op").is_in(["delete", "foo"]), "OPS delete;"),
    (lambda: (c("_op") == "update") & (c("_op") == "insert"), "OPS truncate;"),
    (lambda: c("_op") == "foo", "OPS truncate;"),
]
NOT_PUSHED = [
    lambda: c("AMOUNT") >= 1e16,
    lambda: c("BIG") == float(HUGE),
    lambda: c("AMOUNT") > 1000.4,
    lambda: c("NUMBER") == "7",
    lambda: c("TEXT") == "",
    lambda: c("TEXT") == "x ",
    lambda: c("TEXT") == "x\t",
    lambda: c("TEXT") > "x",
    lambda: c("mixed Case") > 5,
    lambda: (c("ID") > 5) | (c("AMOUNT") > 1),
    lambda: c("ID") != 5,
    lambda: c("AMOUNT").is_null(),
    lambda: c("ID") + 1 > 5,
    lambda: c("ID") > c("ORDER"),
    lambda: c("_op") != "insert",
    lambda: c("_op").is_null(),
    lambda: c("ID").eq_missing(5),
    lambda: c("BIG") > 2**63,
]


@pytest.mark.parametrize(("make", "text"), PUSHED)
def test_a_pushed_predicate_gives_the_same_rows(make: Any, text: str, selections: list[tc.Select | None]) -> None:
    trail = edges()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = trail.scan("A.EDGES").filter(make()).collect()
    assert found.equals(trail.to_polars("A.EDGES").filter(make()))
    assert selections and text in str(selections[-1])


@pytest.mark.parametrize("make", NOT_PUSHED)
def test_what_is_not_understood_is_not_pushed(make: Any, selections: list[tc.Select | None]) -> None:
    trail = edges()
    assert trail.scan("A.EDGES").filter(make()).collect().equals(trail.to_polars("A.EDGES").filter(make()))
    assert not any(selections)


def test_a_scan_has_the_rows_and_columns_of_the_frame(big: tc.Trail) -> None:
    full = big.to_polars("BANK.POSTINGS")
    lazy = big.scan("BANK.POSTINGS", rows=7)
    assert isinstance(lazy, pl.LazyFrame) and lazy.collect_schema() == full.schema
    assert lazy.collect().equals(full) and lazy.collect().equals(full)
    assert lazy.select("MEMO", "_op", "AMOUNT").collect().equals(full.select("MEMO", "_op", "AMOUNT"))
    assert lazy.select(pl.len()).collect().item() == 51
    for rows in (0, 1, 7, 8, 1000):
        assert lazy.head(rows).collect().equals(full.head(rows))
    rich = c("AMOUNT") > 1000
    assert lazy.head(20).filter(rich).collect().equals(full.head(20).filter(rich))
    assert lazy.filter(rich).head(3).collect().equals(full.filter(rich).head(3))
    assert lazy.filter(rich).select(c("MEMO").count()).collect().item() == full.filter(rich)["MEMO"].count()
    both = lazy.join(lazy.select("POSTING_ID"), on="POSTING_ID").select(pl.len()).collect().item()
    assert both == full.join(full.select("POSTING_ID"), on="POSTING_ID").height
    union = big.scan("BANK.POSTINGS", on_schema_change="union", states=True, complete=True)
    whole = big.to_polars("BANK.POSTINGS", on_schema_change="union", states=True, complete=True)
    assert union.filter(rich).collect().equals(whole.filter(rich))
    # The states and `_complete` are those of all columns, whichever are selected.
    assert union.select("_complete").collect().equals(whole.select("_complete"))
    with pytest.raises(tc.UnknownTableError):
        big.scan("BANK.NOTHING")


def test_the_selection_of_the_trail_stays(big: tc.Trail, selections: list[tc.Select | None]) -> None:
    chosen = big.select("BANK.POSTINGS", where="AMOUNT > 1000")
    with pytest.warns(tc.UndecidableWarning):
        expected = chosen.to_polars("BANK.POSTINGS")
    with pytest.warns(tc.UndecidableWarning):
        found = chosen.scan("BANK.POSTINGS").filter(c("POSTING_ID") > 10).collect()
    assert found.equals(expected.filter(c("POSTING_ID") > 10)) and not any(selections)


def broken() -> tc.Trail:
    """A trail with a column whose values cannot be decoded."""
    table = tc.TableDef(
        "A.BAD", [tc.Column("ID", "integer", key=True), tc.Column("BAD", "datetime"), tc.Column("OTHER", "integer")]
    )
    rows = [{"ID": number, "BAD": "2024-03-01T00:00:00", "OTHER": number * 2} for number in range(10)]
    content = written(*rows, table=table)._native.__reduce__()[1][0][0][1]
    damaged = content.replace(b"2024-03-01:00:00:00", b"2024-13-71:00:00:00")
    assert damaged != content
    return tc.open(damaged)


def test_only_the_wanted_columns_are_decoded() -> None:
    trail = broken()
    with pytest.raises(tc.ColumnValueError):
        trail.to_polars("A.BAD")
    lazy, ds = trail.scan("A.BAD"), trail.dataset("A.BAD")
    assert lazy.select(c("OTHER").sum()).collect().item() == 90 and ds.count_rows() == 10
    assert lazy.filter(c("ID") > 4).select("OTHER").collect().height == 5
    assert lazy.select("ID", "_op").head(3).collect().height == 3
    with pytest.raises((tc.ColumnValueError, pl.exceptions.ComputeError), match="not a date"):
        lazy.select("BAD").collect()
    assert duckdb.sql("select sum(OTHER) from ds").fetchall() == [(90,)]
    assert duckdb.sql("select sum(OTHER) from ds where ID > 4").fetchall() == [(70,)]
    assert duckdb.sql("select count(*) from ds").fetchall() == [(10,)]
    with pytest.raises(duckdb.Error, match="not a date"):
        duckdb.sql("select max(BAD) from ds").fetchall()
    # A schema that a consumer requests: names and order.
    wanted = pa.schema([("OTHER", pa.int64()), ("_op", pa.string())])
    table = trail.table("A.BAD")
    reader = pa.RecordBatchReader.from_stream(table, schema=wanted)
    assert reader.schema.names == ["OTHER", "_op"] and reader.read_all()["OTHER"].to_pylist() == list(range(0, 20, 2))
    assert table.report["undecided"] == 0


def test_a_value_that_a_pushed_test_cannot_read_is_an_error() -> None:
    trail = broken()
    table = trail.table("A.BAD")
    report = {"causes": [{"reason": "a column cannot be decoded", "columns": ["BAD"]}]}
    with pytest.raises(tc.ColumnValueError, match=r"BAD.*invalid='null'"):
        _lazy._check_causes(table, report)
    _lazy._check_causes(trail.table("A.BAD", invalid="null"), report)
    _lazy._check_causes(trail.table("A.BAD", states=True), report)
    # The reasons are texts of the report, which this module compares.
    chosen = trail.select("A.BAD", where="BAD = '2024-03-01:00:00:00'", lenient=True).table("A.BAD", columns=["ID"])
    chosen.to_arrow()
    assert [cause["reason"] for cause in chosen.report["causes"]] == ["a column cannot be decoded"]
    nulls = edges().select("A.EDGES", where="BIG = 1 AND AMOUNT > 1", lenient=True).table("A.EDGES")
    nulls.to_arrow()
    assert {cause["reason"] for cause in nulls.report["causes"]} <= _lazy._NULL_REASONS


def test_a_requested_schema_keeps_the_types_of_the_table(big: tc.Trail) -> None:
    table = big.table("BANK.POSTINGS", states=True)
    states = pa.RecordBatchReader.from_stream(table, schema=pa.schema([table.to_arrow().schema.field("_states")]))
    assert states.read_all()["_states"].to_pylist() == table.to_arrow()["_states"].to_pylist()
    unknown = pa.schema([("NOTHING", pa.int64())])
    names = pa.RecordBatchReader._import_from_c_capsule(table.__arrow_c_stream__(unknown.__arrow_c_schema__())).schema.names
    assert names == list(table.columns)
    other = pa.schema([("POSTING_ID", pa.string()), ("AMOUNT", pa.float64())])
    reader = pa.RecordBatchReader._import_from_c_capsule(table.__arrow_c_stream__(other.__arrow_c_schema__()))
    assert [str(field.type) for field in reader.schema] == ["int64", "decimal128(18, 2)"]
    for version in big.table("BANK.POSTINGS").versions():
        requested = pa.schema([("MEMO", pa.string())]).__arrow_c_schema__()
        taken = pa.RecordBatchReader._import_from_c_capsule(version.__arrow_c_stream__(requested)).read_all()
        assert taken.column_names == ["MEMO"] and taken.num_rows == 51


def test_a_dataset_for_duckdb_and_pyarrow(big: tc.Trail) -> None:
    full = big.to_arrow("BANK.POSTINGS")
    ds = big.dataset("BANK.POSTINGS")
    assert isinstance(ds, pa.dataset.Dataset) and ds.schema == full.schema
    assert ds.to_table() == full and ds.count_rows() == 51 and ds.head(3) == full.slice(0, 3)
    field = pa.dataset.field
    assert ds.to_table(["AMOUNT"], filter=field("POSTING_ID") > 5) == full.filter(field("POSTING_ID") > 5).select(["AMOUNT"])
    assert ds.to_table({"twice": field("POSTING_ID") + field("POSTING_ID")}).column_names == ["twice"]
    assert sum(batch.num_rows for batch in ds.to_batches(columns=["MEMO"])) == 51
    total = duckdb.sql("select sum(AMOUNT), count(MEMO) from ds where _op = 'insert'").fetchall()[0]
    frame = big.to_polars("BANK.POSTINGS").filter(c("_op") == "insert")
    assert total == (frame["AMOUNT"].sum(), frame["MEMO"].count())
    assert duckdb.sql("select a.MEMO from ds a join ds b using (POSTING_ID) order by all limit 3").fetchall()
    assert pickle.loads(pickle.dumps(ds)).to_table() == full
    for name in ("take", "sort_by", "join", "get_fragments", "replace_schema", "partition_expression", "filter"):
        with pytest.raises(NotImplementedError, match=name):
            getattr(ds, name)
    assert big.dataset("BANK.ACCOUNTS", columns=["BALANCE"]).schema.names[5:] == ["BALANCE"]


def test_types_that_later_rows_need_are_asked_for() -> None:
    table = tc.TableDef("A.PERIODS", [tc.Column("ID", "integer", key=True), tc.Column("VALID", "datetime", fraction=9)])
    end = "9999-12-31T00:00:00.000000000"
    rows = [{"ID": number, "VALID": end if number == 9 else "2024-03-01T00:00:00.000000000"} for number in range(10)]
    trail = written(*rows, table=table)
    late = trail.scan("A.PERIODS", rows=4)
    # The type of the column is fixed before the rows are read.
    with pytest.raises((tc.ColumnValueError, pl.exceptions.ComputeError), match="wide"):
        late.filter(c("ID") == 9).collect()
    assert late.filter(c("ID") < 4).collect().height == 4
    wide = trail.scan("A.PERIODS", rows=4, wide=["VALID"])
    assert wide.filter(c("ID") == 9).collect()["VALID"].dt.year().item() == 9999
    first = trail.scan("A.PERIODS")
    assert first.filter(c("ID") < 4).collect()["VALID"].dtype == pl.Datetime("us")
    with pytest.raises(pytest.importorskip("pyarrow").ArrowInvalid, match="wide"):
        trail.dataset("A.PERIODS", rows=4).to_table()
