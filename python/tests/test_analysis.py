"""Rows as of a place, the history of a row, differences, volume and large transactions."""

from __future__ import annotations

import datetime as dt
import decimal
from collections import Counter
from collections.abc import Callable

import pytest

import trailcore as tc
from conftest import DATA, ROOT

EMP = tc.TableDef(
    "HR.Emp",
    [
        tc.Column("ID", "integer", key=True),
        tc.Column("NAME", length=40),
        tc.Column("PAY", "number"),
        tc.Column("NOTE", length=40),
    ],
)


def made(write: Callable[[tc.Writer, Callable[[], None]], None]) -> tc.Trail:
    """Returns the trail that `write` writes; its second argument begins the next transaction, a second later."""
    writer = tc.Writer()
    csn = 99

    def step() -> None:
        nonlocal csn
        if csn > 99:
            writer.commit()
        csn += 1
        writer.begin(csn=str(csn), xid=f"1.2.{csn}", timestamp=dt.datetime(2024, 1, 1, 0, 0, csn - 100))

    step()
    write(writer, step)
    writer.commit()
    content = writer.finish()
    assert isinstance(content, bytes)
    return tc.open(content)


def staff(writer: tc.Writer, step: Callable[[], None]) -> None:
    """Writes a trail with every operation."""
    writer.insert(EMP, {"ID": 1, "NAME": "a", "PAY": 1, "NOTE": "n"})
    writer.insert(EMP, {"ID": 2, "NAME": "b", "PAY": None, "NOTE": "n"})
    step()  # 101
    writer.update(EMP, {"ID": 1}, {"ID": 1, "PAY": decimal.Decimal("2.50")})
    writer.pk_update(EMP, {"ID": 2}, {"ID": 3})
    step()  # 102
    writer.pk_update(EMP, {"ID": 3}, {"ID": 4})
    writer.delete(EMP, {"ID": 1})
    step()  # 103
    writer.insert(EMP, {"ID": 1, "NAME": "again", "PAY": 7, "NOTE": None})
    writer.update(EMP, {"ID": 9}, {"ID": 9, "NOTE": None})


def simple(rows: tc.State) -> dict[object, dict[str, object]]:
    """Returns the known columns of each row by its key."""
    return {change["ID"]: dict(change.after or {}) for change in rows}


def test_state_of_every_operation() -> None:
    trail = made(staff)
    state = trail.state("hr.emp")
    assert simple(state) == {
        4: {"ID": 4, "NAME": "b", "PAY": None, "NOTE": "n"},
        1: {"ID": 1, "NAME": "again", "PAY": 7, "NOTE": None},
        9: {"ID": 9, "NOTE": None},
    }
    assert len(state) == 3 and bool(state) and state.name == "HR.Emp" and "1 incomplete" in repr(state)
    report = state.report
    assert (report.rows, report.incomplete, report.unseen_updates, report.changes) == (3, 1, 1, 8)
    assert report.key == ["ID"] and not report.is_keyless and not report.is_exact
    assert [change.op for change in state] == ["insert"] * 3 and [change.csn for change in state] == ["102", "103", "103"]
    assert not trail.state("HR.Emp", at="csn:1") and len(trail.state("HR.Emp", at="csn:1")) == 0


def test_state_as_of_a_place() -> None:
    trail = made(staff)
    changes = list(trail)
    start = dt.datetime(2024, 1, 1)
    later = dt.timezone(dt.timedelta(hours=2))
    assert [len(trail.state("HR.Emp", at=change.position)) for change in changes] == [1, 2, 2, 2, 2, 1, 2, 3]
    for at, rows in [
        ("csn:100", {1, 2}),
        ("csn:101", {1, 3}),
        ("csn:102", {4}),
        ("csn:99999", {1, 4, 9}),
        (start, {1, 2}),
        (start - dt.timedelta(seconds=1), set()),
        (start + dt.timedelta(seconds=1.5), {1, 3}),
        (dt.datetime(2024, 1, 1, 2, 0, 1, tzinfo=later), {1, 3}),
        ("2024-01-01T00:00:01", {1, 3}),
        ("2030-01-01", {1, 4, 9}),
        (dt.date(2030, 1, 1), {1, 4, 9}),
        (str(changes[0].position), {1}),
        (tuple(changes[1].position), {1, 2}),
        ((0, 0), set()),
    ]:
        assert set(simple(trail.state("HR.Emp", at=at))) == rows, at
    for wrong in ("yesterday", "csn:", "csn:0/1"):
        with pytest.raises(ValueError):
            trail.state("HR.Emp", at=wrong)
    for kind in (5.5, 101):
        with pytest.raises(TypeError, match="at must be"):
            trail.state("HR.Emp", at=kind)  # type: ignore[arg-type]


def test_torn_trail_has_a_state_before_its_end() -> None:
    content = (DATA / "big" / "bk000000000").read_bytes()[:-3]
    torn = tc.open(content)
    with pytest.raises(tc.TruncatedTrailError) as caught:
        torn.state("BANK.ACCOUNTS")
    whole = tc.open(DATA / "big" / "bk")
    assert caught.value.rba is not None
    before = (0, caught.value.rba - 1)
    assert texts(torn.state("BANK.ACCOUNTS", at=before)) == texts(whole.state("BANK.ACCOUNTS", at=before))


def texts(state: tc.State) -> list[str]:
    """Returns the rows as JSON."""
    return [change.to_json() for change in state]


def test_state_is_a_table() -> None:
    pl, pa, pd = (pytest.importorskip(name) for name in ("polars", "pyarrow", "pandas"))
    state = made(staff).state("HR.Emp", states=True)
    frame = state.to_polars().sort("ID")
    assert frame["ID"].to_list() == [1, 4, 9] and frame["_op"].to_list() == ["insert"] * 3
    assert frame["_complete"].to_list() == [True, True, False]
    assert made(staff).state("HR.Emp", complete=False).columns.get("_complete") is None
    assert frame["PAY"].to_list() == ["7", None, None]
    assert [row["PAY"] for row in frame["_states"].to_list()] == ["value", "null", "missing"]
    assert pl.DataFrame(state).height == pa.table(state).num_rows == len(state.to_pandas()) == 3
    assert isinstance(state.to_pandas(), pd.DataFrame)
    assert state.columns["ID"] == "Int64" and sum(len(batch) for batch in state.batches()) == 3
    empty = made(staff).state("HR.Emp", at="csn:1")
    assert empty.to_polars().height == 0 and "NAME" in empty.to_polars().columns


def test_a_state_with_gaps_warns() -> None:
    with pytest.warns(tc.InexactWarning, match=r"HR\.Emp: 1 row is incomplete") as warned:
        state = made(staff).state("HR.Emp")
    assert state.report.incomplete == 1 and warned[0].filename == __file__


def test_state_writes_files(tmp_path: object) -> None:
    state = made(staff).state("HR.Emp")
    path = f"{tmp_path}/emp.csv"
    assert state.write_csv(path) == 3
    assert state.write_parquet(f"{tmp_path}/emp.parquet") == 3


def test_errors_of_state_name_the_way_out() -> None:
    trail = made(staff)
    with pytest.raises(tc.UnknownTableError, match=r"HR\.Emp"):
        trail.state("HR.EMPLOYEES")
    with pytest.raises(ValueError, match="no column EMPNO"):
        trail.state("HR.Emp", key=["EMPNO"])
    with pytest.raises(ValueError, match="max_bytes"):
        trail.state("HR.Emp", max_bytes=100)
    lines = tc.open(DATA / "big.jsonl")
    with pytest.raises(ValueError, match="no key"):
        lines.state("BANK.ACCOUNTS")
    key = tc.open(DATA / "big" / "bk").state("BANK.ACCOUNTS").report.key
    assert len(lines.state("BANK.ACCOUNTS", key=key)) == len(tc.open(DATA / "big" / "bk").state("BANK.ACCOUNTS"))


def test_selection_applies_before_and_warns() -> None:
    with pytest.warns(tc.UndecidableWarning):
        state = made(staff).select("HR.*", where="PAY > 5").state("HR.Emp")
    assert set(simple(state)) == {1} and state.report.undecided > 0


def test_history_follows_key_updates() -> None:
    trail = made(staff)
    for key in (2, 3, 4):
        history = trail.history("hr.emp", {"ID": key})
        assert [change.op for change in history] == ["insert", "pk_update", "pk_update"]
        assert len(history) == 3 and history[0].csn == "100" and history[-1].key == {"ID": 3}
    assert [change.op for change in trail.history("HR.Emp", {"id": decimal.Decimal("1.0")})] == [
        "insert",
        "update",
        "delete",
        "insert",
    ]
    assert list(trail.history("HR.Emp", {"ID": 77})) == [] and "0 changes" in repr(trail.history("HR.Emp", {"ID": 77}))
    for key, says in [
        ({"IDD": 1}, "IDD"),
        ({}, "no columns"),
        ({"ID": "x"}, "number"),
        ({"NAME": "a"}, "ID"),
        ({"ID": 1, "PAY": 2}, "PAY"),
    ]:
        with pytest.raises(ValueError, match=says):
            trail.history("HR.Emp", key)
    for wrong in ({"ID": True}, {"ID": [1]}, 7):
        with pytest.raises(TypeError):
            trail.history("HR.Emp", wrong)  # type: ignore[arg-type]
    with pytest.raises(tc.UnknownTableError):
        trail.history("HR.NONE", {"ID": 1})


def test_history_is_a_table(big: tc.Trail) -> None:
    pytest.importorskip("polars")
    history = big.history("BANK.CUSTOMERS", {"CUSTOMER_ID": 3})
    assert history.to_polars()["_op"].to_list() == [change.op for change in history]
    lines = tc.open(DATA / "big.jsonl").history("BANK.CUSTOMERS", {"CUSTOMER_ID": 3})
    assert [change.op for change in lines] == [change.op for change in history]


def test_diff_of_changes_and_rows() -> None:
    left = made(staff)

    def other(writer: tc.Writer, step: Callable[[], None]) -> None:
        writer.insert(EMP, {"ID": 2, "NAME": "b", "PAY": None, "NOTE": "n"})
        writer.insert(EMP, {"ID": 1, "NAME": "A", "PAY": decimal.Decimal("1.0")})
        writer.insert(EMP, {"ID": 8, "NAME": "x", "PAY": 8, "NOTE": "n"})

    right = made(other)
    diff = left.diff(right)
    assert diff and not diff.equal
    table = diff.tables["HR.Emp"]
    assert (table.equal, table.different, table.only_left, table.only_right) == (1, 1, 6, 1)
    assert table.columns == {"NAME": 1, "NOTE": 1}
    note = next(row for row in diff.rows if row.column == "NOTE")
    assert (note.kind, dict(note.key), note.left, note.right) == ("different", {"ID": 1}, "n", tc.MISSING)
    assert isinstance(note.left_position, tc.Position) and note.image == "after"
    assert len(list(diff)) == len(diff.to_dicts()) and "HR.Emp" in str(diff) and "differences" in repr(diff)
    rows = left.diff(right, order_free=True).tables["HR.Emp"]
    assert (rows.equal, rows.different, rows.only_left, rows.only_right) == (0, 1, 2, 2)
    assert left.diff(left).equal and not left.diff(left, order_free=True, metadata=True)
    assert left.diff(right, max_rows=1).more == len(diff.rows) - 1
    with pytest.raises(TypeError, match="Trail"):
        left.diff("dirdat/lt")  # type: ignore[arg-type]
    pl = pytest.importorskip("polars")
    assert isinstance(diff.to_polars(), pl.DataFrame) and diff.to_polars().height == len(diff.rows)
    assert left.diff(left).to_polars().height == 0


def test_diff_of_samples(bank: tc.Trail) -> None:
    for other in ("big/bk", "little/bk", "big.jsonl", "little.jsonl"):
        for order_free in (False, True):
            assert bank.diff(tc.open(DATA / other), order_free=order_free).equal, other


def test_volume(bank: tc.Trail) -> None:
    volume = bank.volume("1m")
    expected = Counter((change.timestamp.replace(second=0, microsecond=0), change.table) for change in bank)
    assert {(row.start, row.table): row.changes for row in volume} == expected
    assert volume.changes == 88 == sum(row["changes"] for row in volume.to_dicts()) and len(volume) == len(volume.rows)
    assert all(sum(row.ops.values()) == row.changes and row.bytes > 0 for row in volume)
    assert str(volume).splitlines()[-1].split() == ["total", "88", f"{volume.bytes:,}"]
    assert "<table>" in volume._repr_html_()
    for wrong in ("", "1w", "-1h", "0s"):
        with pytest.raises(ValueError):
            bank.volume(wrong)
    pl = pytest.importorskip("polars")
    assert volume.to_polars()["changes"].sum() == 88 == volume.to_pandas()["changes"].sum()
    assert isinstance(volume.to_polars(), pl.DataFrame)


def test_a_volume_of_a_damaged_trail_says_so() -> None:
    data = (DATA / "big" / "bk000000000").read_bytes()
    with pytest.raises(tc.TrailError, match="RBA"):
        tc.open(data[:-3]).volume()
    position = [record.position for record in tc.open(data).records()][-3]
    assert isinstance(position, tc.Position)
    damaged = bytearray(data)
    damaged[position.rba] = 0
    with pytest.raises(tc.CorruptTrailError):
        tc.open(bytes(damaged)).volume()
    with pytest.warns(tc.SkippedWarning, match="skipped 0:"):
        volume = tc.open(bytes(damaged), resync=True).volume()
    assert [start for start, _, _ in volume.skipped] == [position] and volume.changes > 0


def test_large_transactions(bank: tc.Trail) -> None:
    sizes = [(one.position, len(list(one))) for one in bank.transactions()]
    for least in (0, 1, 3, 5, 1000):
        found = [(one.position, len(list(one))) for one in bank.transactions(min_changes=least)]
        assert found == [(position, size) for position, size in sizes if size >= least]
    report = tc.call("transactions", DATA / "big" / "bk", {"min_changes": 5})
    assert report["found"] == len([1 for _, size in sizes if size >= 5]) and report["transactions"] == len(sizes)


def test_call_has_the_verbs() -> None:
    path = DATA / "big" / "bk"
    state = tc.call("state", path, {"table": "BANK.ACCOUNTS"})
    assert state["report"]["rows"] == len(state["changes"])
    history = tc.call("history", path, {"table": "BANK.CUSTOMERS", "key": {"CUSTOMER_ID": 3}})
    assert history["report"]["changes"] == len(history["changes"]) > 0
    assert tc.call("diff", path, {"other": str(DATA / "little" / "bk"), "compare": {"order_free": True}})["is_equal"]
    assert tc.call("volume", path, {"by": "1d"})["changes"] == 88
    with pytest.raises(ValueError, match="tabel"):
        tc.call("state", path, {"tabel": "X"})
    with pytest.raises(ValueError, match="no arguments"):
        tc.call("count", path, {"by": "1h"})


def test_the_obvious_group_by_is_wrong() -> None:
    """Checks the numbers of docs/python.md."""
    pl = pytest.importorskip("polars")
    assert (ROOT / "docs" / "python.md").read_text(encoding="utf-8").count("group_by") >= 1
    trail = made(staff)
    frame = trail.to_polars("HR.Emp")
    wrong = frame.group_by("ID").last().filter(pl.col("_op") != "delete").sort("ID")
    # The old keys 2 and 3 are still there, and the columns that the last change lacks are null.
    assert wrong["ID"].to_list() == [1, 2, 3, 4, 9]
    assert wrong.filter(pl.col("ID") == 4)["NAME"].to_list() == [None]
    assert trail.state("HR.Emp").to_polars().sort("ID")["NAME"].to_list() == ["again", "b", None]
