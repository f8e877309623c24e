"""Warnings, reports and unfinished transactions: a result states its gaps."""

from __future__ import annotations

import io
import threading
import warnings
from pathlib import Path

import polars as pl
import pytest

import trailcore as tc

HERE = str(Path(__file__))


def caught(work: object) -> list[warnings.WarningMessage]:
    """Returns the warnings of some work."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("default")
        work()  # type: ignore[operator]
    return found


def test_an_operation_that_the_statements_leave_out_is_a_warning(big: tc.Trail, tmp_path: Path) -> None:
    path = tmp_path / "x.prm"
    path.write_text("EXTRACT e\nTABLE BANK.*;\n")
    trail = big.select(tc.Select.from_file(path)).select(ops="truncate")
    with pytest.warns(tc.UnmatchedTableWarning, match="no truncate is selected.*GETTRUNCATES"):
        changes = trail.changes()
        assert list(changes) == []
    assert changes.report["ops_in_vain"] == ["truncate"]
    with pytest.warns(tc.UnmatchedTableWarning, match="no truncate is selected"):
        trail.summary()


def test_a_name_that_fits_no_table_is_a_warning_at_the_end(big: tc.Trail) -> None:
    with pytest.warns(tc.UnmatchedTableWarning, match=r"no table BANK\.POSTNIGS in what was read; the tables are BANK\.ACC"):
        assert list(big.select("BANK.POSTNIGS")) == []
    with pytest.warns(tc.UnmatchedTableWarning, match="NO\\.\\*"):
        big.select("NO.*", "BANK.*").summary()
    # Case and wildcards match, and an exclude may match nothing.
    for names in (["bank.postings"], ["BANK.*"], ["*.POST?NGS"]):
        assert caught(lambda names=names: list(big.select(*names, exclude="OLD.*"))) == []
    changes = big.select("BANK.NONE").changes()
    assert changes.report["unmatched"] is None, "it is not known before the end"
    with pytest.warns(tc.UnmatchedTableWarning):
        list(changes)
    assert changes.report["unmatched"] == ["BANK.NONE"]


def test_an_exclude_that_fits_no_table_is_a_warning(big: tc.Trail) -> None:
    with pytest.warns(tc.UnmatchedTableWarning, match=r"no table BANK\.POSTNGS in what was read"):
        list(big.select("BANK.*", exclude="BANK.POSTNGS"))


def test_records_report_what_they_skip(big: tc.Trail, tmp_path: Path) -> None:
    data = bytearray(Path(big.files[0]).read_bytes())
    place = next(big.changes()).position.rba
    data[place + 4] = ord("?")
    path = tmp_path / "bk000000000"
    path.write_bytes(data)
    with pytest.warns(tc.SkippedWarning, match="skipped 0:"):
        records = tc.open(path, resync=True).records()
        list(records)
    assert len(records.skipped) == 1


def test_columns_that_no_table_has_are_an_error(big: tc.Trail) -> None:
    with pytest.raises(ValueError, match="no table has a column AMUONT; did you mean AMOUNT"):
        list(big.batches(columns=["AMUONT"]))
    with pytest.raises(ValueError, match="no table has a column NOPE"):
        big.to_polars("BANK.POSTINGS", wide=["NOPE"])
    assert big.to_polars("BANK.POSTINGS", wide=["AMOUNT"]).height > 0


def test_empty_and_negative_arguments_name_themselves(big: tc.Trail) -> None:
    for ops in ([], (), iter([])):
        with pytest.raises(ValueError, match="ops is empty"):
            big.select("BANK.*", ops=ops)
    with pytest.raises(ValueError, match="ops is empty"):
        tc.Select("BANK.*", ops=[])
    assert len(list(big.select(ops=None))) == len(list(big))
    with pytest.raises(ValueError, match="min_changes must be 0 or more, not -1"):
        next(big.transactions(min_changes=-1))


def test_warnings_are_for_each_result_and_point_to_its_user(big: tc.Trail) -> None:
    selected = big.select("BANK.POSTINGS", where="AMOUNT > 1000")
    for work in (
        lambda: selected.to_polars("BANK.POSTINGS"),
        lambda: selected.summary(),
        lambda: list(selected),
        lambda: pl.DataFrame(selected.table("BANK.POSTINGS")),
        lambda: selected.to_duckdb("BANK.POSTINGS"),
    ):
        found = caught(lambda work=work: [work(), work()])
        assert [warning.category for warning in found] == [tc.UndecidableWarning] * 2
        assert {warning.filename for warning in found} == {HERE}
        assert "AMOUNT" in str(found[0].message) and "2 changes" in str(found[0].message)


def test_reports_say_what_is_not_in_a_result(big: tc.Trail, tmp_path: Path) -> None:
    selected = big.select("BANK.POSTINGS", where="AMOUNT > 1000", lenient=True)
    table = selected.table("BANK.POSTINGS")
    assert table.report is None
    frame = table.to_polars()
    report = table.report
    assert report is not None and report["accepted"] == frame.height == 15 and report["undecided"] == 2
    cause = {"table": "BANK.POSTINGS", "columns": ["AMOUNT"], "reason": "a column is not in the record", "changes": 2}
    assert report["causes"] == [cause]
    files = selected.convert(tmp_path / "x.csv", table="BANK.POSTINGS")
    assert files.report["causes"] == [cause] and files[0].rows == 15
    assert selected.summary().report["causes"] == [cause]
    table.write_parquet(tmp_path / "x.parquet")
    assert table.report == report
    # DDL is not a row of the table.
    whole = big.table("BANK.POSTINGS")
    whole.to_arrow()
    assert whole.report is not None and whole.report["left_out"] == {"ddl": 1}


def test_skipped_ranges_are_warned_about_in_frames(tmp_path: Path) -> None:
    data = bytearray((Path(HERE).parents[2] / "examples" / "data" / "big" / "bk000000000").read_bytes())
    position = [record.position for record in tc.open(bytes(data)).records()][-3]
    data[position.rba] = 0
    trail = tc.open(bytes(data), resync=True)
    table = trail.table("BANK.POSTINGS")
    with pytest.warns(tc.SkippedWarning, match="skipped 0:"):
        table.to_polars()
    assert table.report is not None and len(table.report["skipped"]) == 1


def test_a_selection_narrows_an_earlier_one(big: tc.Trail) -> None:
    postings = big.select("BANK.POSTINGS", where="AMOUNT > 1000", lenient=True)
    both = postings.select(ops="insert")
    assert both.to_polars("BANK.POSTINGS").height == sum(c.op == "insert" for c in postings) == 15
    assert {change.table for change in big.select("BANK.POSTINGS").select(ops="insert")} == {"BANK.POSTINGS"}
    assert list(big.select("BANK.POSTINGS", lenient=True).select("BANK.ACCOUNTS")) == []
    assert next(iter(big.select(start="1:1959").select(start="0:100").select("BANK.*"))).position >= tc.Position(1, 1959)
    selection = both.selection
    assert selection is not None and tc.Select.parse(str(selection), lenient=True) == selection
    joined = tc.Select("BANK.*") & tc.Select("*.POSTINGS", ops="insert")
    assert len(list(big.select(joined))) == 49
    with pytest.raises(tc.FilterError, match="AMUONT"):
        list(postings.select(where="AMUONT = 1"))


def item() -> tc.TableDef:
    return tc.TableDef("A.ITEM", [tc.Column("ID", "integer", key=True), tc.Column("NAME", length=5)])


def transaction(ids: list[int], seqno: int = 0) -> bytes:
    writer = tc.Writer(first_seqno=seqno)
    with writer.transaction(csn=100, xid="1.2.3"):
        for number in ids:
            writer.insert(item(), {"ID": number})
    content = writer.finish()
    assert isinstance(content, bytes)
    return content


def cut(content: bytes) -> bytes:
    """Removes the last record."""
    return content[: [record.position.rba for record in tc.open(content).records()][-1]]


def test_an_unfinished_transaction_is_marked(tmp_path: Path) -> None:
    (tmp_path / "aa000000000").write_bytes(cut(transaction([1, 2, 3])))
    (tmp_path / "aa000000001").write_bytes(transaction([1, 2, 3], 1))
    first, both = tc.open(tmp_path / "aa000000000"), tc.open(tmp_path)
    with pytest.warns(tc.UnfinishedTransactionWarning, match=r"transaction 1\.2\.3 is unfinished: its last record is at 0:"):
        changes = list(first)
    assert [change.unfinished for change in changes] == [False, True]
    assert '"txn":"middle","unfinished":true' in changes[1].to_json() and "unfinished" not in changes[0].to_json()
    assert changes[1].to_dict()["unfinished"] is True
    with pytest.warns(tc.UnfinishedTransactionWarning):
        summary = first.summary()
    assert (summary.transactions, summary.report["unfinished"]) == (1, 1)
    with pytest.warns(tc.UnfinishedTransactionWarning):
        seen = [(len(list(one)), one.finished, one.repeats) for one in both.transactions()]
    assert seen == [(2, False, False), (3, True, True)]
    with pytest.warns(tc.UnfinishedTransactionWarning):
        summary = both.summary()
    assert (summary.changes, summary.transactions, summary.report["repeated"]) == (5, 1, 1)
    # Lines keep the mark.
    (tmp_path / "x.jsonl").write_text("".join(change.to_json() + "\n" for change in changes))
    with pytest.warns(tc.UnfinishedTransactionWarning):
        assert [change.unfinished for change in tc.open(tmp_path / "x.jsonl")] == [False, True]


def test_exceptions_of_a_callers_object_come_through(big: tc.Trail) -> None:
    class Broken(io.BytesIO):
        def __init__(self, error: BaseException) -> None:
            super().__init__(b"x" * 100)
            self.error = error

        def read(self, size: int | None = -1) -> bytes:
            raise self.error

    for error in (RuntimeError("the network is down"), KeyboardInterrupt(), LookupError(1)):
        with pytest.raises(type(error)) as raised:
            list(tc.open(Broken(error)))
        assert raised.value is error
        with pytest.raises(type(error)):
            tc.open(Broken(error)).to_polars("A.B")
    with pytest.raises(RuntimeError, match="StopIteration"):
        list(tc.open(Broken(StopIteration())))

    def stop(*_: int) -> None:
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"):
        list(big.changes(progress=stop))
    with pytest.raises(RuntimeError, match="StopIteration"):
        list(big.records(progress=stop))
    with pytest.raises(RuntimeError, match="StopIteration"):
        list(big.batches(progress=stop))


def test_a_file_object_that_reads_its_own_trail_is_refused() -> None:
    content = transaction([1, 2, 3])

    class Nested(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            list(trail)
            return super().read(size)

    trail = tc.open(Nested(content))
    with pytest.raises(tc.BusyError):
        list(trail)
    # Threads take turns.
    shared = tc.open(io.BytesIO(content))
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(len(list(shared)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert counts == [3] * 8


def test_what_a_trail_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="two columns ID"):
        tc.TableDef("A.B", [tc.Column("ID", "integer"), tc.Column("ID")])
    with pytest.raises(ValueError, match="65,535"):
        tc.TableDef("A.B", [tc.Column(f"C{number}") for number in range(65_536)])
    writer = tc.Writer()
    with pytest.raises(UnicodeEncodeError), writer.transaction(csn=1):
        writer.insert(item(), {"ID": 1, "NAME": "a\ud800b"})


@pytest.mark.parametrize("argument", ["start", "until"])
def test_wrong_places_name_the_argument(big: tc.Trail, argument: str) -> None:
    for wrong in (5, 1.5, object(), "tomorrow", (1, 2, 3)):
        with pytest.raises((TypeError, ValueError), match=argument):
            big.select(**{argument: wrong})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is not a CSN"):
        big.select(**{argument: "csn:abc"})  # type: ignore[arg-type]


def test_places_of_other_types(big: tc.Trail) -> None:
    import datetime as dt

    import numpy as np
    import pandas as pd

    time = next(iter(big)).timestamp
    wanted = len(list(big.select(until=time + dt.timedelta(seconds=10))))
    later = time + dt.timedelta(seconds=10)
    assert wanted > 0
    for place in (np.datetime64(later.replace(tzinfo=None)), pd.Timestamp(later), later.isoformat()):
        assert len(list(big.select(until=place))) == wanted
    assert big.find(time=later.isoformat()) == big.find(time=later) == big.find(time=np.datetime64(later.replace(tzinfo=None)))
    assert big.find(time=time.date()) == big.find(time=dt.datetime(time.year, time.month, time.day))
