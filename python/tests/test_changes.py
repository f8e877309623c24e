"""Changes and their values."""

from __future__ import annotations

import copy
import datetime as dt
import decimal
import itertools
import json
import pickle
from pathlib import Path

import pytest

import trailcore as tc
from conftest import DATA, SHARED, written


@pytest.mark.parametrize("order", ["big", "little"])
def test_json_is_that_of_the_library(order: str) -> None:
    expected = (DATA / f"{order}.jsonl").read_text(encoding="utf-8").splitlines()
    assert [change.to_json() for change in tc.open(DATA / order / "bk")] == expected


def plain(value: object) -> object:
    """Converts a value of `to_dict` to the native JSON form."""
    if isinstance(value, tc.NanoDatetime) or (isinstance(value, dt.datetime) and value.tzinfo is None):
        return value.isoformat()
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return value


def test_dicts_equal_the_json(bank: tc.Trail) -> None:
    for change in bank:
        read = json.loads(change.to_json(), parse_float=decimal.Decimal)
        made = plain(change.to_dict())
        # A datetime does not keep the number of fraction digits in the trail.
        for image in ("before", "after"):
            for name, value in (read[image] or {}).items():
                own = made[image][name]  # type: ignore[index]
                if own != value:
                    assert dt.datetime.fromisoformat(own) == dt.datetime.fromisoformat(value), (name, own, value)
                    made[image][name] = value  # type: ignore[index]
        assert made == read


def test_the_values_of_every_kind(emp: tc.TableDef, ada: dict[str, object]) -> None:
    change = next(iter(written(ada, table=emp)))
    row = change.after
    assert row is not None and change.before is None
    assert (row["ID"], type(row["ID"])) == (1, int)
    assert (row["SALARY"], str(row["SALARY"])) == (decimal.Decimal("1000.50"), "1000.50")
    assert row["RATE"] == decimal.Decimal("0.125")
    assert row["NAME"] == "Ada 张伟"
    assert row["HIRED"] == dt.datetime(2024, 3, 1, 12, 30, 0, 1) and row["HIRED"].tzinfo is None
    assert row["PHOTO"] == b"\x00\xff"
    seen = row["SEEN"]
    assert isinstance(seen, tc.NanoDatetime) and seen.nanosecond == 789
    assert (str(seen), seen.isoformat()) == ("2024-03-01 12:30:00.123456789", "2024-03-01T12:30:00.123456789")
    assert seen > dt.datetime(2024, 3, 1, 12, 30, 0, 123456) and seen != dt.datetime(2024, 3, 1, 12, 30, 0, 123456)
    assert pickle.loads(pickle.dumps(seen)) == seen == copy.copy(seen)
    later = seen + dt.timedelta(days=1)
    assert later == dt.datetime(2024, 3, 2, 12, 30, 0, 123456) and str(later).startswith("2024-03-02 12:30:00.123456")
    assert hash(later) == hash(dt.datetime(2024, 3, 2, 12, 30, 0, 123456))
    there = seen.replace(tzinfo=dt.timezone.utc)
    assert there.isoformat() == "2024-03-01T12:30:00.123456000+00:00" and pickle.loads(pickle.dumps(there)) == there
    assert there < there.astimezone(dt.timezone.utc) + dt.timedelta(microseconds=1) and hash(there)
    assert change["name"] == "Ada 张伟"
    with pytest.raises(KeyError):
        change["NONE"]


def test_whole_numbers_are_ints_of_any_size() -> None:
    table = tc.TableDef("A.T", [tc.Column("N", "number")])
    for digits, expected in [
        ("144", 144),
        ("-7", -7),
        ("9" * 38, int("9" * 38)),
        ("5.00", decimal.Decimal("5.00")),
        (".5", decimal.Decimal("0.5")),
    ]:
        change = next(iter(written({"N": decimal.Decimal(digits)}, table=table)))
        value = change["N"]
        assert (value, type(value)) == (expected, type(expected))
    big = 10**50
    assert next(iter(written({"N": big}, table=table)))["N"] == big


def test_null_missing_and_invalid_are_three_things(emp: tc.TableDef) -> None:
    change = next(iter(written({"ID": 1, "NAME": None}, table=emp)))
    assert change.after == {"ID": 1, "NAME": None}
    # GBK text, read as UTF-8.
    table = tc.TableDef("A.T", [tc.Column("V", charset="GBK")])
    writer = tc.Writer(charset="GBK")
    with writer.transaction(csn=1):
        writer.insert(table, {"V": "张伟"})
    content = writer.finish()
    assert isinstance(content, bytes)
    value = next(iter(tc.open(content, charset="UTF-8")))["V"]
    assert isinstance(value, tc.Invalid) and value.raw.endswith("张伟".encode("gbk"))
    assert repr(value) == "<Invalid, 6 bytes>"
    assert next(iter(tc.open(content)))["V"] == "张伟"


def test_a_row_that_has_a_column_twice_is_damaged() -> None:
    table = tc.TableDef("A.B", [tc.Column("ID", "integer", key=True), tc.Column("OTHER", "integer")])
    writer = tc.Writer()
    with writer.transaction(csn=1):
        writer.insert(table, {"ID": 7, "OTHER": 0x77})
    content = writer.finish()
    assert isinstance(content, bytes)
    # A column starts with its index and its length. The value is 8 bytes after a 2-byte prefix.
    column = b"\0\x0a\0\0" + bytes(7) + b"\x77"
    assert content.count(b"\0\x01" + column) == 1
    change = next(iter(tc.open(content.replace(b"\0\x01" + column, b"\0\0" + column))))
    for read in (lambda: change.after, lambda: change.key, change.to_dict, change.to_json):
        with pytest.raises(tc.CorruptTrailError):
            read()


def test_what_an_update_changed(emp: tc.TableDef) -> None:
    writer = tc.Writer()
    old, new = {"ID": 1, "NAME": "a", "RATE": None}, {"ID": 1, "NAME": "b", "RATE": None, "PHOTO": b"x"}
    with writer.transaction(csn=1, xid="7"):
        writer.update(emp, old, new)
        writer.update(emp, old, new, style="pair")
        writer.update(emp, {}, {"ID": 1, "NAME": "b"}, style="after")
        writer.pk_update(emp, {"ID": 1}, {"ID": 2, "NAME": "b"})
        writer.delete(emp, {"ID": 2})
    content = writer.finish()
    assert isinstance(content, bytes)
    unified, pair, after, key, delete = tc.open(content)
    for change in (unified, pair):
        assert change.changed == {"NAME": tc.Changed("a", "b"), "PHOTO": tc.Changed(tc.MISSING, b"x")}
        assert change.key == {"ID": 1}
    # The key is unchanged. The trail does not contain the old name.
    assert after.changed == {"NAME": (tc.MISSING, "b")} and after.before is None and after.key == {"ID": 1}
    assert key.op == "pk_update" and key.changed["ID"] == (1, 2) and key.key == {"ID": 1}
    assert delete.key == {"ID": 2} and delete.changed == {} and delete.after is None
    assert not tc.MISSING and repr(tc.MISSING) == "trailcore.MISSING" and copy.deepcopy(tc.MISSING) is tc.MISSING


def test_positions_times_and_transactions(big: tc.Trail) -> None:
    changes = list(big)
    positions = [change.position for change in changes]
    assert positions == sorted(positions)
    assert all(tc.Position.parse(str(position)) == position for position in positions)
    assert {change.timestamp.tzinfo for change in changes} == {dt.timezone.utc}
    assert changes[0].csn == "7824137835" and changes[0].transaction == "only"
    assert changes[0].ddl and "create table" in changes[0].ddl
    with pytest.raises(ValueError):
        tc.Position.parse("12")


def test_transactions_are_groups(bank: tc.Trail) -> None:
    every = [change.position for change in bank]
    groups = [(transaction.xid, [change.position for change in transaction]) for transaction in bank.transactions()]
    assert [position for _, positions in groups for position in positions] == every
    assert len(groups) == bank.summary().transactions
    assert all(a[0] != b[0] for a, b in itertools.pairwise(groups))
    # A transaction that is not read, or only in part, is followed by the next one.
    assert [t.xid for t in bank.transactions()] == [xid for xid, _ in groups]
    assert [(next(t).position, t.position)[0] for t in bank.transactions()] == [positions[0] for _, positions in groups]
    # A selection that rejects the first and last changes of transactions.
    selected = bank.select("BANK.ACCOUNTS")
    accounts = [change.position for change in selected]
    assert [change.position for t in selected.transactions() for change in t] == accounts


def test_changes_outlive_their_trail(big: tc.Trail) -> None:
    changes = big.changes()
    kept = [next(changes) for _ in range(20)]
    changes.close()
    assert kept[5].to_json() and kept[19].after is not None
    with pytest.raises(tc.ClosedError):
        next(changes)
    assert copy.deepcopy(kept[0]).to_json() == copy.copy(kept[0]).to_json()


def test_notebook_representations(big: tc.Trail) -> None:
    change = next(change for change in big if change.op == "update")
    assert repr(change) == f"<Change update {change.table} at {change.position} csn='{change.csn}'>"
    shown = change._repr_html_()
    assert "<table>" in shown and "CUSTOMER_ID" in shown
    table = tc.TableDef("A.T", [tc.Column("V<script>")])
    assert "<script>" not in table._repr_html_()
    assert "Not read yet" in big._repr_html_()
    assert "BANK.POSTINGS" in big.summary()._repr_html_() and "BANK.POSTINGS" in big._repr_html_()
    assert "GBK" in big.info[0]._repr_html_()
    assert "AMOUNT" in big.table("BANK.POSTINGS")._repr_html_()


def test_raw_records(bank: tc.Trail) -> None:
    records = list(bank.records())
    assert records[0].type_name == "FileHeader" and records[0].header == {}
    assert sum(record.length for record in records) == bank.size
    insert = next(record for record in records if record.type_name == "Insert")
    assert (insert.header["record_type"] == 5 and insert.bytes.endswith(b"\x00\x00") is False) or insert.length > 0
    assert insert.data in insert.bytes and "ORAROWID" in insert.tokens


def real() -> Path:
    path = SHARED / "real" / "trails" / "tr000000000"
    if not path.exists():
        pytest.skip("the real trail is not available")
    return path


def test_a_real_trail() -> None:
    trail = tc.open(real())
    changes = list(trail)
    assert len(changes) == 16 and trail.check().is_whole
    assert all(json.loads(change.to_json())["table"] == change.table for change in changes)
    for name, info in trail.tables.items():
        if info.changes:
            assert sum(len(batch) for batch in trail.table(name).batches()) == info.changes


def test_a_change_is_asked_for_columns_it_may_lack(big: tc.Trail) -> None:
    change = next(change for change in big if change.table == "BANK.ACCOUNTS" and change.op == "update")
    missing = next(column.name for column in change.definition.columns if column.name not in (change.after or {}))
    assert change.get("ACCOUNT_NO") == change["account_no"] and "Account_No" in change
    assert change.get(missing) is None and change.get(missing, 7) == 7 and missing not in change
    assert "NO_SUCH" not in change and 7 not in change
    delete = next(change for change in big if change.op == "delete")
    name = next(iter(delete.before or {}))
    assert name in delete and delete.get(name) == delete[name]


def test_null_is_a_value(emp: tc.TableDef) -> None:
    change = next(iter(written({"ID": 1, "NAME": None}, table=emp)))
    assert "NAME" in change and change.get("NAME", "x") is None and change.get("SALARY", "x") == "x"


def test_iterators_are_closed_by_with(big: tc.Trail) -> None:
    for make in (big.changes, big.records, big.batches):
        with make() as items:
            first = next(items)
        with pytest.raises(tc.ClosedError):
            next(items)
        assert repr(first)
        with pytest.raises(ZeroDivisionError), make() as items:
            raise ZeroDivisionError
