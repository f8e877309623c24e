"""Opening, inspecting and checking a trail, and its errors."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import trailcore as tc
from conftest import DATA, written


def lines(trail: tc.Trail) -> list[str]:
    return [change.to_json() for change in trail]


def test_every_kind_of_source(tmp_path: Path) -> None:
    folder = DATA / "big"
    files = sorted(folder.iterdir())
    every = lines(tc.open(folder / "bk"))
    assert lines(tc.open(folder)) == lines(tc.open(str(folder))) == every
    assert lines(tc.open(reversed(files))) == every
    first = lines(tc.open(files[0]))
    assert every[: len(first)] == first
    content = files[0].read_bytes()
    for source in (content, bytearray(content), memoryview(content), io.BytesIO(content)):
        assert lines(tc.open(source)) == first
    with open(files[0], "rb") as file:
        assert lines(tc.open(file)) == first

    class Pipe(io.RawIOBase):
        """A file object that cannot seek."""

        def read(self, size: int = -1) -> bytes:
            return content

    assert lines(tc.open(Pipe())) == first
    with pytest.raises(FileNotFoundError, match="there is no trail at this path"):
        tc.open(tmp_path / "lt")
    with pytest.raises(FileNotFoundError):
        tc.open([tmp_path / "lt000000000"])
    shutil.copy(files[0], tmp_path / "aa000000000")
    shutil.copy(files[0], tmp_path / "bb000000000")
    with pytest.raises(ValueError, match="aa, bb"):
        tc.open(tmp_path)


def test_a_file_object_that_fails_raises() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise RuntimeError("the network is down")

    with pytest.raises(RuntimeError, match="the network is down"):
        list(tc.open(Broken(b"x" * 100)))


def test_file_headers(bank: tc.Trail) -> None:
    with bank as trail:
        info = trail.info
    assert [one.seqno for one in info] == [0, 1, 2] and len(bank.files) == 3
    assert info[0].created == dt.datetime(2024, 3, 1, tzinfo=dt.timezone.utc)
    assert info[0].byte_order in ("big", "little") and info[0].producer_group == "TRAILCOR"
    assert bank.gaps == [] and bank.size == sum(os.path.getsize(path) for path in bank.files)
    assert repr(bank).startswith("<Trail ") and "3 files" in repr(bank)


def test_summary_and_tables(bank: tc.Trail) -> None:
    summary = bank.summary()
    changes = list(bank)
    assert summary.changes == len(changes)
    assert summary.positions == (changes[0].position, changes[-1].position)
    assert summary.csns == (changes[0].csn, changes[-1].csn)
    assert summary.times == (changes[0].timestamp, changes[-1].timestamp)
    postings = bank.tables["BANK.POSTINGS"]
    assert postings.changes == sum(change.table == "BANK.POSTINGS" for change in changes)
    assert postings.definition is not None and postings.definition.key == ["POSTING_ID"]
    assert postings.definition["amount"].kind == "decimal" and len(postings.definition) == 8
    assert [column.name for column in postings.definition.columns][:2] == ["POSTING_ID", "ACCOUNT_NO"]
    with pytest.raises(KeyError):
        postings.definition["NONE"]


def test_finding_a_start_point(big: tc.Trail) -> None:
    changes = list(big)
    middle = changes[40]
    assert middle.csn is not None
    first = next(change for change in changes if change.csn == middle.csn)
    assert big.find(csn=middle.csn) == first.start == big.find(csn=int(middle.csn))
    assert big.find(time=middle.timestamp) == next(c for c in changes if c.timestamp >= middle.timestamp).start
    assert big.find(csn=10**12) is None
    with pytest.raises(ValueError):
        big.find()
    tail = [change.position for change in changes if change.position >= first.start]
    for start in (first.start, str(first.start), tuple(first.start), f"csn:{middle.csn}"):
        assert [change.position for change in big.select(start=start)] == tail
    assert [change.position for change in big.select(start=middle.timestamp)] == tail
    assert lines(big.select(start="csn:999999999999")) == []
    assert lines(big.select(tc.Select("BANK.*"), start="csn:999999999999")) == []
    until = [change.position for change in big.select(until=first.position)]
    assert until == [change.position for change in changes if change.position < first.position]
    with pytest.raises(tc.InvalidPositionError) as caught:
        list(big.select(start="0:7"))
    assert isinstance(caught.value, ValueError) and caught.value.code == 9


def test_damage_is_reported_with_its_position(tmp_path: Path) -> None:
    content = (DATA / "big" / "bk000000000").read_bytes()
    whole = lines(tc.open(content))
    hurt = bytearray(content)
    middle = len(hurt) // 2
    hurt[middle : middle + 200] = bytes(200)
    path = tmp_path / "bk000000000"
    path.write_bytes(hurt)
    read = []
    with pytest.raises(tc.CorruptTrailError) as caught:
        for change in tc.open(path):
            read.append(change.to_json())
    assert read == whole[: len(read)] and len(read) > 5
    error = caught.value
    assert error.code == 5 and error.file == str(path) and error.position == (0, error.rba)
    assert isinstance(error, tc.TrailError) and str(path) in str(error)
    changes = tc.open(path, resync=True).changes()
    rest = [change.to_json() for change in changes]
    assert rest[: len(read)] == read and len(rest) > len(read)
    assert len(changes.skipped) == 1 and changes.skipped[0][0] == error.position
    report = tc.open(path).check()
    assert not report.is_whole and report.issues[0].kind == "damage" and report.issues[0].position == error.position

    path.write_bytes(content[:-3])
    with pytest.raises(tc.TruncatedTrailError):
        list(tc.open(path))
    with pytest.raises(tc.NotATrailError):
        list(tc.open(b"this is no trail at all"))


def test_files_that_are_missing(tmp_path: Path) -> None:
    for seqno in (0, 2):
        shutil.copy(DATA / "big" / f"bk00000000{seqno}", tmp_path)
    trail = tc.open(tmp_path)
    assert trail.gaps == [(1, 1)]
    with pytest.raises(tc.SequenceGapError):
        list(trail)
    assert [issue.kind for issue in trail.check().issues][:1] == ["gap"]
    assert tc.open(tmp_path, resync=True).summary().skipped


def test_a_whole_trail_is_whole(bank: tc.Trail) -> None:
    report = bank.check()
    assert report.is_whole and not report.issues and report.bytes == bank.size and report.changes == 88


def test_trails_without_definitions(emp: tc.TableDef, ada: dict[str, object]) -> None:
    writer = tc.Writer(metadata=False)
    with writer.transaction(csn=1):
        writer.insert(emp, ada)
    content = writer.finish()
    assert isinstance(content, bytes)
    bare = tc.open(content)
    change = next(iter(bare))
    assert not change.definition.is_defined and next(iter(change.after or {})) == "COL0"
    with pytest.raises(tc.UndefinedTableError, match="definitions file"):
        bare.table("HR.EMP").to_arrow()
    defined = tc.open(content, defs=tc.Catalog.of([emp]))
    assert defined.table("HR.EMP").columns["SALARY"] == "Decimal128(18, 2)"
    with pytest.raises(tc.DefinitionsError):
        tc.Catalog.parse(b"no definitions")
    with pytest.raises(FileNotFoundError):
        tc.open(content, defs="no/such.def")
    with pytest.raises(ValueError, match="klingon"):
        list(tc.open(content, charset="klingon"))


def test_progress_is_reported(big: tc.Trail) -> None:
    seen: list[tuple[int, int]] = []
    list(big.changes(progress=lambda done, total: seen.append((done, total))))
    assert seen[-1] == (big.size, big.size)

    class Bar:
        """A progress bar with the interface of tqdm."""

        total: int | None = None
        n = 0

        def update(self, n: int) -> None:
            self.n += n

    bar = Bar()
    big.summary(progress=bar)
    assert (bar.n, bar.total) == (big.size, big.size)
    bar = Bar()
    assert big.table("BANK.POSTINGS", progress=bar).to_arrow().num_rows == 51
    assert bar.n == big.size
    with pytest.raises(TypeError):
        big.summary(progress=5)  # type: ignore[arg-type]


def test_an_exception_in_a_callback_is_raised_unchanged(big: tc.Trail) -> None:
    def stop(done: int, total: int) -> None:
        raise LookupError("stop")

    with pytest.raises(LookupError, match="stop"):
        big.summary(progress=stop)
    with pytest.raises(LookupError, match="stop"):
        big.table("BANK.POSTINGS", progress=stop).to_arrow()


def test_importing_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys\n"
        "for name in ('pyarrow', 'polars', 'pandas', 'duckdb', 'rich', 'numpy', 'tqdm'): sys.modules[name] = None\n"
        "import trailcore as tc\n"
        f"trail = tc.open({str(DATA / 'big' / 'bk')!r})\n"
        "assert sum(1 for _ in trail) == 88\n"
        "assert sum(len(batch) for batch in trail.table('BANK.POSTINGS').batches()) == 51\n"
        "try: trail.to_polars('BANK.POSTINGS')\n"
        "except ImportError: pass\n"
        "else: raise SystemExit('polars was found')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_undecidable_changes_are_warned_about(big: tc.Trail, emp: tc.TableDef) -> None:
    with pytest.warns(tc.UndecidableWarning, match="2 changes"):
        list(big.select("BANK.POSTINGS", where="AMOUNT > 1000"))
    with pytest.warns(tc.UndecidableWarning):
        big.select("BANK.POSTINGS", where="AMOUNT > 1000").table("BANK.POSTINGS").to_arrow()
    with pytest.raises(tc.UndecidableError):
        list(big.select("BANK.POSTINGS", where="AMOUNT > 1000", lenient=False))
    changes = big.select("BANK.POSTINGS", where="AMOUNT > 1000", lenient=True).changes()
    assert sum(1 for _ in changes) == changes.counts["accepted"] == 15 and changes.counts["undecidable"] == 2
    trail = written({"ID": 1}, table=emp)
    assert [c.op for c in trail.select("HR.EMP", where="ID = 1")] == ["insert"]


def test_calls_answer_with_documents(big: tc.Trail) -> None:
    path = DATA / "big" / "bk"
    report = tc.call("count", path, select="TABLE BANK.POSTINGS;")
    assert report["changes"] == big.select("BANK.POSTINGS").summary().changes
    assert tc.call("check", path)["is_whole"] is True
    assert [file["seqno"] for file in tc.call("info", path)["files"]] == [0, 1, 2]
    with pytest.raises(ValueError, match="check, count, info"):
        tc.call("cuont", path)
    with pytest.raises(ValueError, match="resnyc"):
        tc.call("info", path, resnyc=True)


def test_options_are_those_of_documents(big: tc.Trail) -> None:
    sample = DATA / "big" / "bk"
    third = list(big)[2].start
    assert next(iter(tc.open(sample, start_at=third))).start == third
    assert next(iter(tc.open(sample, start_at=str(third)).select("*"))).start == third
    assert next(iter(tc.open(sample, include_non_changes=True))).op == "metadata"
    for wrong, what in (
        ({"resnyc": True}, "resnyc"),
        ({"resync": "yes"}, "resync must be True"),
        ({"charset": "?"}, "charset"),
    ):
        with pytest.raises(ValueError, match=what):
            tc.open(sample, **wrong)  # type: ignore[arg-type]


def test_ranges_share_a_trail(bank: tc.Trail) -> None:
    path = bank.files[0][: -len("000000000")]
    cuts = [None, "0:5000", "1:0", "2:1", None]
    found = [
        change.position
        for first, last in itertools.pairwise(cuts)
        for change in tc.open(path, transactions_from=first, transactions_until=last)
    ]
    assert found == [change.position for change in bank]
    with pytest.raises(tc.UnsupportedError, match="transactions_from and transactions_until are not available for JSON lines"):
        list(tc.open(DATA / "big.jsonl", transactions_from="1:0"))
