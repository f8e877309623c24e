"""Frames of values at the limits of their types, and files that are complete or absent."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import trailcore as tc
from conftest import written

END_OF_TIME = "9999-12-31T00:00:00.000000000"


def times_table() -> tc.TableDef:
    columns = [tc.Column("ID", "integer", key=True), tc.Column("VALID", "datetime", fraction=9), tc.Column("D", "datetime")]
    return tc.TableDef("A.PERIODS", columns)


def periods(*values: str | None) -> tc.Trail:
    return written(*({"ID": number, "VALID": value} for number, value in enumerate(values)), table=times_table())


def test_the_end_of_time_gets_microseconds() -> None:
    trail = periods("2024-03-01T00:00:00.000000", END_OF_TIME, None)
    table = trail.table("A.PERIODS")
    assert table.columns["VALID"] == "Timestamp(µs)"
    assert table.to_arrow()["VALID"].to_pylist()[1] == dt.datetime(9999, 12, 31)
    assert trail.to_polars("A.PERIODS")["VALID"].dtype == pl.Datetime("us")
    assert trail.to_pandas("A.PERIODS").shape[0] == 3
    # Nanoseconds where the values allow them.
    assert periods("2024-03-01T00:00:00.123456789").table("A.PERIODS").columns["VALID"] == "Timestamp(ns)"


def test_a_late_value_gives_the_whole_frame_a_wider_type(tmp_path: Path) -> None:
    trail = periods(*["2024-03-01T00:00:00.000000"] * 10, END_OF_TIME)
    table = trail.table("A.PERIODS", rows=4)
    assert table.columns["VALID"] == "Timestamp(ns)"
    assert table.to_polars()["VALID"].dtype == pl.Datetime("us")
    assert table.columns["VALID"] == "Timestamp(µs)"
    assert trail.table("A.PERIODS", rows=4).write_parquet(tmp_path / "x.parquet") == 11
    assert trail.convert(tmp_path / "y.parquet", table="A.PERIODS", rows=4)[0].rows == 11
    for name in "xy":
        assert pq.read_table(tmp_path / f"{name}.parquet")["VALID"].to_pylist()[-1] == dt.datetime(9999, 12, 31)
    with pytest.raises(tc.ColumnValueError, match="pass wide="):
        list(trail.table("A.PERIODS", rows=4).batches())
    assert len(list(trail.table("A.PERIODS", rows=4, wide=["VALID"]).batches())) == 3


def test_a_column_that_no_type_holds_has_ways_out() -> None:
    late, fine = "9999-12-31T23:59:59.999999999", "2024-03-01T00:00:00.123456789"
    trail = periods(fine, late, None)
    with pytest.raises(tc.ColumnValueError, match=r"column VALID of A\.PERIODS.*times.*text.*truncated"):
        trail.to_polars("A.PERIODS")
    assert trail.to_polars("A.PERIODS", times="text")["VALID"].to_list() == [fine, late, None]
    micros = trail.to_polars("A.PERIODS", times="truncated")["VALID"]
    assert micros.dtype == pl.Datetime("us") and micros.dt.year().to_list() == [2024, 9999, None]
    assert [change["VALID"] for change in trail][2] is None


@pytest.mark.parametrize("at", [0, 9])
def test_a_union_gets_the_types_that_its_rows_need(at: int) -> None:
    moment = "2024-03-01T00:00:00.000000000"
    table = tc.TableDef("A.PERIODS", [tc.Column("ID", "integer", key=True), tc.Column("VALID", "datetime", fraction=9)])
    rows = [{"ID": number, "VALID": END_OF_TIME if number == at else moment} for number in range(10)]
    frame = written(*rows, table=table).table("A.PERIODS", on_schema_change="union", rows=4).to_polars()
    assert frame["VALID"].dt.year().to_list() == [9999 if number == at else 2024 for number in range(10)]


def test_the_last_version_has_the_whole_report(big: tc.Trail) -> None:
    one, other = (
        tc.TableDef("A.T", [tc.Column("ID", "integer", key=True), *more]) for more in ([], [tc.Column("X", length=9)])
    )
    writer = tc.Writer()
    with writer.transaction(csn="1", xid="1.2.3"):
        writer.insert(one, {"ID": 1})
        writer.insert(one, {"ID": 2})
        writer.insert(other, {"ID": 3, "X": "x"})
    content = writer.finish()
    assert isinstance(content, bytes)
    table = tc.open(content).select("A.T", where="ID > 1").table("A.T")
    versions = [(version.to_polars().height, version) for version in table.versions()]
    assert [height for height, _ in versions] == [1, 1]
    reports = [version.report for _, version in versions]
    assert (reports[0]["rejected"], reports[1]["accepted"], reports[1]["rejected"]) == (1, 2, 1)


def test_columns_never_fail() -> None:
    trail = periods("2024-03-01T00:00:00.123456789", END_OF_TIME)
    table = trail.table("A.PERIODS")
    assert list(table.columns)[-3:] == ["ID", "VALID", "D"]
    with pytest.raises(tc.ColumnValueError, match="more digits"):
        table.to_arrow()
    zero = written({"ID": 1, "D": "0000-00-00:00:00:00"}, table=times_table()).table("A.PERIODS")
    assert list(zero.columns)[-1] == "D"
    with pytest.raises(tc.ColumnValueError):
        zero.to_arrow()


def test_digits_are_dropped_only_by_name() -> None:
    trail = periods("2024-03-01T00:00:00.123456789")
    with pytest.raises(tc.ColumnValueError, match="truncated"):
        trail.to_polars("A.PERIODS", times="micros")
    exact = dt.datetime(2024, 3, 1, 0, 0, 0, 123456)
    assert trail.to_polars("A.PERIODS", times="truncated")["VALID"].to_list() == [exact]
    assert periods("2024-03-01T00:00:00.123456000").to_polars("A.PERIODS", times="micros")["VALID"].to_list() == [exact]


def test_zero_dates_have_one_state(tmp_path: Path) -> None:
    trail = written({"ID": 1, "D": "0000-00-00:00:00:00"}, table=times_table())
    states = trail.table("A.PERIODS", states=True).to_arrow()["_states"].to_pylist()
    trail.convert(tmp_path / "x.csv", table="A.PERIODS", states=True)
    with (tmp_path / "x.csv").open(newline="") as file:
        line = next(csv.DictReader(file))
    assert line["_states.D"] == states[0]["D"] == "invalid"
    assert line["D"].startswith("0000-00-00")


def test_decimals_of_eighteen_digits() -> None:
    table = tc.TableDef("A.SUMS", [tc.Column("ID", "integer", key=True), tc.Column("AMOUNT", "decimal", scale=2)])

    def sums(*values: str) -> tc.Trail:
        rows = [{"ID": number, "AMOUNT": decimal.Decimal(value)} for number, value in enumerate(values)]
        return written(*rows, table=table)

    usual = sums("9999999999999999.99", "-9999999999999999.99")
    assert usual.to_arrow("A.SUMS").schema.field("AMOUNT").type == pa.decimal128(18, 2)
    frame = usual.to_pandas("A.SUMS")
    assert (frame.AMOUNT * 2).tolist() == [decimal.Decimal("19999999999999999.98"), decimal.Decimal("-19999999999999999.98")]
    # 64 bits hold a bit more.
    large = sums("1.00", "92233720368547758.07")
    assert large.to_arrow("A.SUMS").schema.field("AMOUNT").type == pa.decimal128(19, 2)
    late = sums(*["1.00"] * 9, "92233720368547758.07").table("A.SUMS", rows=4)
    assert late.to_arrow()["AMOUNT"].to_pylist()[-1] == decimal.Decimal("92233720368547758.07")


def test_columns_with_our_names_are_refused_or_renamed(tmp_path: Path) -> None:
    table = tc.TableDef("A.B", [tc.Column("ID", "integer", key=True), tc.Column("_op", length=9)])
    trail = written({"ID": 1, "_op": "x"}, table=table)
    for name in ("x.csv", "x.parquet", "x.arrow"):
        with pytest.raises(ValueError, match="two columns _op"):
            trail.convert(tmp_path / name, table="A.B")
        assert list(tmp_path.iterdir()) == []
        trail.convert(tmp_path / name, table="A.B", prefix="tc_")
        (tmp_path / name).unlink()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_no_file_under_its_name(tmp_path: Path, sign: signal.Signals) -> None:
    writer = tc.Writer(tmp_path / "aa")
    table = tc.TableDef("A.B", [tc.Column("ID", "integer", key=True), tc.Column("TEXT", length=2000)])
    with writer.transaction(csn=1):
        for number in range(30_000):
            writer.insert(table, {"ID": number, "TEXT": "x" * 1500})
    writer.finish()
    # The tests may run below nohup.
    usual = "default_int_handler" if sign == signal.SIGINT else "SIG_DFL"
    code = (
        f"import signal\nsignal.signal({int(sign)}, signal.{usual})\n"
        f"import trailcore as tc\nprint('go', flush=True)\n"
        f"while True: tc.open({str(tmp_path / 'aa')!r}).table('A.B').write_parquet({str(tmp_path / 'x.parquet')!r})\n"
    )
    # The first file is complete before the signal, or there is none: never a short one.
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.4)
    process.send_signal(sign)
    process.wait(30)
    if (tmp_path / "x.parquet").exists():
        assert pq.read_metadata(tmp_path / "x.parquet").num_rows == 30_000
    # The command line removes what it began, and a later run is not refused.
    out = tmp_path / "out"
    start = (
        f"import signal, sys; signal.signal({int(sign)}, signal.{usual}); from trailcore.__main__ import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", start, "convert", str(tmp_path / "aa"), f"{out}/", "--no-progress"]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 20
    while not list(out.glob("*.partial")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(sign)
    assert process.wait(30) in (130, 0)
    assert not list(out.glob("*.partial"))
    assert subprocess.run([*command, "--force"], check=False).returncode == 0
    assert os.listdir(out) == ["A.B.parquet"]


def updates() -> tc.Trail:
    """Updates whose after images lack columns that their before images have, and a key update."""
    table = tc.TableDef(
        "A.ROWS",
        [
            tc.Column("ID", "integer", key=True),
            tc.Column("NAME", length=20),
            tc.Column("AMOUNT", "decimal", scale=2),
            tc.Column("NUMBER", "number"),
            tc.Column("SEEN", "datetime", fraction=9),
            tc.Column("PHOTO", "binary", length=9),
            tc.Column("LINE", "integer", key=True),
        ],
    )
    whole: dict[str, object] = {
        "ID": 1,
        "NAME": "Ada",
        "AMOUNT": decimal.Decimal("7.50"),
        "NUMBER": decimal.Decimal("1.25"),
        "SEEN": "2024-03-01T00:00:00.123456789",
        "PHOTO": b"\x00\xff",
        "LINE": 4,
    }
    writer = tc.Writer()
    with writer.transaction(csn=998, xid="1"):
        writer.insert(table, whole)
        writer.update(table, whole, {"ID": 1, "LINE": 4, "NAME": "Bob"})
        writer.update(table, {**whole, "NAME": None}, {"ID": 1, "LINE": 4, "AMOUNT": decimal.Decimal("8.00")})
        writer.update(table, {"ID": 1, "LINE": 4}, {"ID": 1, "LINE": 4, "NAME": None})
    with writer.transaction(csn=1000, xid="2"):
        writer.pk_update(table, {"ID": 1, "LINE": 4, "NAME": "Bob"}, {"ID": 2, "LINE": 4})
        writer.delete(table, {**whole, "ID": 2})
        writer.truncate(table)
    content = writer.finish()
    assert isinstance(content, bytes)
    return tc.open(content)


def test_a_compressed_row_is_completed_from_its_before_image(tmp_path: Path) -> None:
    trail = updates()
    plain = trail.to_arrow("A.ROWS", states=True, complete=True).to_pylist()
    full = trail.to_arrow("A.ROWS", states=True, complete=True, fill="before").to_pylist()
    assert plain[1]["AMOUNT"] is None and plain[1]["_states"]["AMOUNT"] == "missing" and not plain[1]["_complete"]
    expected = {**{name: plain[0][name] for name in ("ID", "AMOUNT", "NUMBER", "SEEN", "PHOTO", "LINE")}, "NAME": "Bob"}
    assert {name: full[1][name] for name in expected} == expected
    assert set(full[1]["_states"].values()) == {"value"} and full[1]["_complete"]
    # NULL before is NULL, a value after wins, and what neither image has stays missing.
    assert full[2]["_states"]["NAME"] == "null" and full[2]["AMOUNT"] == decimal.Decimal("8.00")
    assert full[3]["_states"]["NAME"] == "null" and full[3]["_states"]["AMOUNT"] == "missing"
    assert (full[4]["ID"], full[4]["NAME"], full[4]["_op"]) == (2, "Bob", "pk_update")
    # Inserts, deletes and truncates are as they were.
    assert [full[index] for index in (0, 5, 6)] == [plain[index] for index in (0, 5, 6)]
    assert trail.to_arrow("A.ROWS", fill="before", columns=["AMOUNT"])["AMOUNT"].to_pylist()[1] == decimal.Decimal("7.50")
    trail.convert(tmp_path / "x.parquet", table="A.ROWS", fill="before")
    assert pq.read_table(tmp_path / "x.parquet")["NUMBER"].to_pylist()[1] == "1.25"
    with pytest.raises(ValueError, match="fill= needs the layout rows"):
        trail.to_arrow("A.ROWS", fill="before", layout="changes")


def test_the_old_key_of_a_key_update_is_kept_on_request(tmp_path: Path) -> None:
    trail = updates()
    plain = trail.to_arrow("A.ROWS")
    assert plain.column_names[:6] == ["_op", "_position", "_csn", "_xid", "_timestamp", "ID"]
    frame = trail.to_arrow("A.ROWS", old_key=True)
    assert frame.drop_columns(["_key_before"]) == plain
    assert frame.column_names[5] == "_key_before"
    assert frame["_key_before"].to_pylist() == [None] * 4 + [{"ID": 1, "LINE": 4}] + [None] * 2
    # A replay of the rows needs no other columns.
    rows: dict[tuple[int, int], dict[str, object]] = {}
    for row in trail.to_arrow("A.ROWS", old_key=True, fill="before").slice(0, 5).to_pylist():
        old = row["_key_before"] or row
        rows.pop((old["ID"], old["LINE"]), None)
        rows[row["ID"], row["LINE"]] = row
    assert list(rows) == [(2, 4)]
    with_both = trail.to_polars("A.ROWS", old_key=True, complete=True, states=True, on_schema_change="union", prefix="m_")
    assert with_both["m_key_before"].struct.field("ID").to_list()[4] == 1
    assert trail.to_arrow("A.ROWS", old_key=True, columns=["NAME", "id"])["_key_before"].to_pylist()[4] == {"ID": 1}
    assert "_key_before" not in trail.to_arrow("A.ROWS", old_key=True, columns=["NAME"]).column_names
    trail.convert(tmp_path / "x.parquet", table="A.ROWS", old_key=True)
    assert pq.read_table(tmp_path / "x.parquet")["_key_before"].to_pylist()[4] == {"ID": 1, "LINE": 4}
    with pytest.raises(ValueError, match="old_key= needs the layout rows"):
        trail.to_arrow("A.ROWS", old_key=True, layout="changes")


@pytest.mark.parametrize("options", [{"old_key": True}, {"fill": "before"}, {"csn": "number"}, {"unfinished": True}])
def test_csv_refuses_options_that_it_would_ignore(tmp_path: Path, options: dict[str, object]) -> None:
    trail = updates()
    with pytest.raises(ValueError, match="has no effect in CSV"):
        trail.write_csv("A.ROWS", tmp_path / "x.csv", **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="has no effect in CSV"):
        trail.convert(tmp_path / "x.csv", table="A.ROWS", **options)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_csns_sort_as_numbers_on_request(big: tc.Trail) -> None:
    trail = updates()
    assert trail.to_polars("A.ROWS").sort("_csn")["_csn"].to_list()[0] == "1000"
    frame = trail.to_polars("A.ROWS", csn="number").sort("_csn")
    assert frame["_csn"].dtype == pl.UInt64 and frame["_csn"].to_list() == [998] * 4 + [1000] * 3
    for name in ("BANK.POSTINGS", "BANK.ACCOUNTS"):
        assert big.to_polars(name, csn="number")["_csn"].cast(pl.String).equals(big.to_polars(name)["_csn"])
    table = tc.TableDef("A.B", [tc.Column("ID", "integer", key=True)])
    writer = tc.Writer()
    with writer.transaction(csn="000123:4567", xid="1"):
        writer.insert(table, {"ID": 1})
    other = tc.open(writer.finish())  # type: ignore[arg-type]
    with pytest.raises(tc.ColumnValueError, match=r"000123:4567 .* csn='text'"):
        other.to_polars("A.B", csn="number")
