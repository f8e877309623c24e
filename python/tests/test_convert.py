"""Tables as files, compared value by value with what iterating the trail gives."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import decimal
import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import trailcore as tc
from conftest import DATA
from trailcore.__main__ import main

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

BK = str(DATA / "big" / "bk")
NAMES = [
    "Ada",
    "张伟",
    "Ωμέγα",
    "Çağrı",  # noqa: RUF001
    "مريم",
    "नमस्ते",
    "😀",
    "",
    " two  blanks ",
    'say "hi", twice',
    "line\nline\r\n",
    "NULL",
    ",",
    '"',
]
EMP = tc.TableDef(
    "HR.EMP",
    [
        tc.Column("ID", "integer", key=True),
        tc.Column("NAME", "text", length=80),
        tc.Column("SALARY", "decimal", scale=2),
        tc.Column("RATE", "number"),
        tc.Column("HIRED", "datetime", fraction=6),
        tc.Column("SEEN", "datetime", fraction=9),
        tc.Column("PHOTO", "binary", length=100),
    ],
)
DEPT = tc.TableDef("HR.DEPT", [tc.Column("NO", "integer", key=True), tc.Column("TITLE", length=40)])


def emp(number: int) -> dict[str, Any]:
    """A row whose values are hard to keep."""
    return {
        "ID": number - 7,
        "NAME": NAMES[number % len(NAMES)],
        "SALARY": decimal.Decimal(-1) ** number * decimal.Decimal(f"{10**12 + number}.{number % 100:02}"),
        "RATE": decimal.Decimal(f"{number}.{'0123456789' * 3}1") if number % 3 else None,
        "HIRED": dt.datetime(1969, 12, 31, 23, 59, 59, 999_999) + dt.timedelta(days=100 * number),
        "SEEN": f"2024-03-01T12:30:00.{number:09}",
        "PHOTO": bytes(range(number % 60)) if number % 4 else None,
    }


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trail with two tables, all operations, NULLs and missing columns."""
    path = tmp_path_factory.mktemp("trail") / "lt"
    with tc.Writer(path) as writer:
        for number in range(60):
            with writer.transaction(csn=1000 + number, xid=f"1.2.{number}", timestamp=dt.datetime(2024, 3, 1, 12, 0, number)):
                row = emp(number)
                writer.insert(EMP, row)
                writer.insert(DEPT, {"NO": number, "TITLE": NAMES[number % len(NAMES)]})
                if number % 2:
                    writer.update(EMP, {"ID": row["ID"]}, {"ID": row["ID"], "SALARY": 0, "NAME": None})
                if number % 5 == 0:
                    writer.pk_update(EMP, {"ID": row["ID"]}, {**row, "ID": 1000 + number})
                if number % 7 == 0:
                    writer.delete(EMP, row if number % 2 else {"ID": row["ID"]})
        with writer.transaction(csn=2000):
            writer.truncate(DEPT)
    return path


def convert(*args: object) -> None:
    assert main(["convert", *map(str, args)]) == 0


def image(change: tc.Change) -> dict[str, Any]:
    return (change.before if change.op == "delete" else change.after) or {}


def changes_of(trail: tc.Trail, table: str) -> list[tc.Change]:
    return [change for change in trail if change.table == table and change.op != "ddl"]


EPOCH = dt.datetime(1970, 1, 1)


def plain(value: Any) -> Any:
    """A value of ours in the form in which values are compared: times as nanoseconds since 1970, numbers as decimals."""
    if isinstance(value, tc.NanoDatetime):
        return plain(dt.datetime(*value.timetuple()[:6], value.microsecond)) + value.nanosecond
    if isinstance(value, dt.datetime):
        return (value.replace(tzinfo=None) - EPOCH) // dt.timedelta(microseconds=1) * 1000
    return decimal.Decimal(value) if isinstance(value, int) else value


def cells(column: Any) -> list[Any]:
    """The values of an Arrow column in the same form."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    if pa.types.is_timestamp(kind):
        factor = {"us": 1000, "ns": 1}[kind.unit]
        return [None if value is None else value * factor for value in column.cast(pa.int64()).to_pylist()]
    return [plain(value) for value in column.to_pylist()]


def same(table: Any, changes: list[tc.Change], definition: tc.TableDef) -> None:
    """Compares an Arrow table with changes, value by value."""
    assert table.num_rows == len(changes)
    meta = {
        "_op": [change.op for change in changes],
        "_csn": [change.csn for change in changes],
        "_xid": [change.xid for change in changes],
        "_timestamp": [plain(change.timestamp) for change in changes],
    }
    for name, expected in meta.items():
        assert cells(table[name]) == expected, name
    assert [tc.Position.parse(text) for text in table["_position"].to_pylist()] == [change.position for change in changes]
    for column in definition.columns:
        expected = [plain(image(change).get(column.name)) for change in changes]
        if column.kind == "number":
            # A number of no declared scale has its exact digits, as text.
            expected = [None if value is None else str(value) for value in expected]
        assert cells(table[column.name]) == expected, column.name


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_every_value_comes_back(prefix: Path, tmp_path: Path, kind: str) -> None:
    trail = tc.open(prefix)
    convert(prefix, tmp_path / "all", "--format", kind, "--batch-size", 17)
    convert(prefix, tmp_path / f"emp.{kind}", "--table", "hr.emp")
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == [f"HR.DEPT.{kind}", f"HR.EMP.{kind}"]
    for path, definition in (("all/HR.EMP", EMP), ("all/HR.DEPT", DEPT), ("emp", EMP)):
        table = _read(tmp_path / f"{path}.{kind}")
        same(table, changes_of(trail, definition.name), trail.tables[definition.name].definition or definition)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all", f"emp.{kind}"]


def _read(path: Path) -> Any:
    if path.suffix == ".parquet":
        return pq.ParquetFile(path).read()
    with pa.ipc.open_file(path) as reader:
        return reader.read_all()


def parsed_csv(path: Path) -> list[list[str | None]]:
    """Rows of CSV in which NULL is not an empty text: read by hand, since the csv module takes both for the same."""
    rows: list[list[str | None]] = []
    text = path.read_text(encoding="utf-8", newline="") if sys.version_info >= (3, 13) else path.read_bytes().decode()
    at, row = 0, list[str | None]()
    while at < len(text):
        if text[at] == '"':
            cell, at = "", at + 1
            while text[at] != '"' or text[at + 1 : at + 2] == '"':
                cell += text[at]
                at += 2 if text[at] == '"' else 1
            at += 1
            row.append(cell)
        else:
            end = min(end for sign in ",\n" if (end := text.find(sign, at)) >= 0)
            row.append(text[at:end] or None)
            at = end
        if text[at] == "\n":
            rows.append(row)
            row = []
        at += 1
    assert not row
    # Other readers take it apart in the same way.
    assert list(csv.reader(io.StringIO(text, newline=""))) == [[cell or "" for cell in cells] for cells in rows]
    return rows


@pytest.mark.parametrize("layout", ["rows", "changes"])
def test_csv_without_any_library(prefix: Path, tmp_path: Path, layout: str) -> None:
    convert(prefix, tmp_path / "out", "--format", "csv", "--states", "--layout", layout)
    trail = tc.open(prefix)
    for definition in (EMP, DEPT):
        head, *rows = parsed_csv(tmp_path / "out" / f"{definition.name}.csv")
        changes = changes_of(trail, definition.name)
        assert len(rows) == len(changes) > 50
        for values, change in zip(rows, changes, strict=True):
            row = dict(zip(head, values, strict=True))
            native = json.loads(change.to_json(), parse_float=str, parse_int=str)
            assert (row["_op"], row["_csn"], row["_xid"], row["_timestamp"]) == (
                change.op,
                change.csn,
                change.xid,
                native["ts"],
            )
            assert tc.Position.parse(row["_position"] or "") == change.position
            images = ("before", "after") if layout == "changes" else ("",)
            for which in images:
                full = native[which or ("before" if change.op == "delete" else "after")] or {}
                for column in definition.columns:
                    cell = row[f"{which}.{column.name}" if which else column.name]
                    state = row[f"{f'_{which}' if which else ''}_states.{column.name}"]
                    value = full.get(column.name)
                    if isinstance(value, dict):
                        assert state == "value" and cell == value["$base64"]
                        raw = (change.before if which == "before" or change.op == "delete" else change.after) or {}
                        assert base64.b64decode(cell or "") == raw[column.name]
                    else:
                        assert cell == value
                        expected = "missing" if column.name not in full else "null" if value is None else "value"
                        assert state == expected


def test_csv_and_arrow_say_the_same(prefix: Path, tmp_path: Path) -> None:
    for layout in ("rows", "changes"):
        for columns in ([], ["--columns", "salary,ID"]):
            for kind in ("csv", "arrow"):
                convert(
                    prefix,
                    tmp_path / f"e.{kind}",
                    "--table",
                    "HR.EMP",
                    "--force",
                    "--states",
                    "--layout",
                    layout,
                    *columns,
                )
            head, *rows = parsed_csv(tmp_path / "e.csv")
            table = _read(tmp_path / "e.arrow")
            while any(pa.types.is_struct(column.type) for column in table.columns):
                table = table.flatten()
            assert table.column_names == head
            for at, name in enumerate(head):
                kind = table[name].type
                if pa.types.is_string(kind) or pa.types.is_dictionary(kind) or pa.types.is_decimal(kind) or kind == pa.int64():
                    expected = [None if value is None else str(value) for value in table[name].to_pylist()]
                    assert [row[at] for row in rows] == expected, name


def test_json_lines_without_any_library(prefix: Path, tmp_path: Path) -> None:
    convert(BK, tmp_path / "all.jsonl")
    convert(BK, tmp_path / "out", "--format", "jsonl")
    convert(BK, tmp_path / "one.ndjson", "--table", "BANK.CUSTOMERS", "--ops", "update")
    lines = (DATA / "big.jsonl").read_text(encoding="utf-8").splitlines()
    assert (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines() == lines
    for path in (tmp_path / "out").iterdir():
        own = [line for line in lines if json.loads(line)["table"] == path.stem]
        assert path.read_text(encoding="utf-8").splitlines() == own and own
    assert (tmp_path / "one.ndjson").read_text(encoding="utf-8").count("\n") == 1


def test_write_parquet(prefix: Path, tmp_path: Path) -> None:
    trail = tc.open(prefix)
    rows = trail.table("HR.EMP", rows=10).write_parquet(tmp_path / "e.parquet")
    none = trail.select(ops="truncate").table("HR.EMP").write_parquet(tmp_path / "none.parquet")
    same(_read(tmp_path / "e.parquet"), changes_of(trail, "HR.EMP"), trail.tables["HR.EMP"].definition or EMP)
    assert rows == len(changes_of(trail, "HR.EMP")) and none == 0
    empty = _read(tmp_path / "none.parquet")
    assert empty.num_rows == 0 and empty.column_names == _read(tmp_path / "e.parquet").column_names
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e.parquet", "none.parquet"]


def test_selections_and_shapes(tmp_path: Path) -> None:
    out = tmp_path / "p.parquet"
    convert(BK, out, "--table", "BANK.POSTINGS", "--where", "AMOUNT > 1000", "--lenient", "--columns", "amount,MEMO")
    table = _read(out)
    expected = [
        change["AMOUNT"] for change in tc.open(BK).select("BANK.POSTINGS", where="AMOUNT > 1000", lenient=True) if change.after
    ]
    assert table["AMOUNT"].to_pylist() == expected and len(expected) == 15
    assert table.column_names[5:] == ["AMOUNT", "MEMO"]
    convert(BK, out, "--table", "BANK.CUSTOMERS", "--numbers", 3, "--times", "ns", "--force")
    assert str(_read(out).schema.field("RATING").type) == "decimal128(38, 3)"
    assert str(_read(out).schema.field("CHANGED").type) == "timestamp[ns]"


@pytest.mark.parametrize("kind", ["parquet", "csv", "arrow"])
def test_no_rows_are_a_file_with_columns(tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"none.{kind}"
    convert(BK, out, "--table", "BANK.CUSTOMERS", "--ops", "delete")
    names = parsed_csv(out)[0] if kind == "csv" else _read(out).column_names
    assert names[:5] == ["_op", "_position", "_csn", "_xid", "_timestamp"] and names[-1] == "CHANGED"
    assert (len(parsed_csv(out)) == 1) if kind == "csv" else (_read(out).num_rows == 0)


def test_a_column_that_no_table_has(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for kind in ("parquet", "csv"):
        assert main(["convert", BK, str(tmp_path / "out"), "--format", kind, "--columns", "MEMO,AMUONT"]) == 2
        assert "AMUONT" in capfd.readouterr().err and not (tmp_path / "out").exists()
        convert(BK, tmp_path / kind, "--format", kind, "--columns", "MEMO")
        assert len(list((tmp_path / kind).iterdir())) == 3


@pytest.fixture
def altered(tmp_path: Path) -> Path:
    """A trail in which a table gets a column, and loses it again; and one that is called as a further file of it."""
    wide = tc.TableDef("HR.DEPT", [*DEPT.columns, tc.Column("PLACE", length=10)])
    other = tc.TableDef("HR.DEPT.2", [tc.Column("X", "integer", key=True)])
    with tc.Writer(tmp_path / "aa") as writer:
        for csn, (table, row) in enumerate(
            [
                (DEPT, {"NO": 1, "TITLE": "one"}),
                (other, {"X": 1}),
                (wide, {"NO": 2, "TITLE": "two", "PLACE": "here"}),
                (wide, {"NO": 3, "TITLE": "three", "PLACE": None}),
                (DEPT, {"NO": 4, "TITLE": "four"}),
            ]
        ):
            with writer.transaction(csn=csn + 1):
                writer.insert(table, row)
    return tmp_path / "aa"


def test_a_new_file_where_the_columns_change(altered: Path, tmp_path: Path) -> None:
    convert(altered, tmp_path / "out", "--format", "parquet")
    convert(altered, tmp_path / "dept.parquet", "--table", "HR.DEPT")
    convert(altered, tmp_path / "no.parquet", "--table", "HR.DEPT", "--columns", "NO")
    files = {path.name: _read(path) for path in (tmp_path / "out").iterdir()}
    assert {name: table.column_names[-1] for name, table in files.items()} == {
        "HR.DEPT.parquet": "TITLE",
        "HR.DEPT.2.parquet": "X",
        "HR.DEPT.3.parquet": "PLACE",
        "HR.DEPT.4.parquet": "TITLE",
    }
    one = [_read(tmp_path / f"dept{number}.parquet") for number in ("", ".2", ".3")]
    assert [table["NO"].to_pylist() for table in one] == [[1], [2, 3], [4]]
    assert _read(tmp_path / "no.parquet")["NO"].to_pylist() == [1, 2, 3, 4]


def test_a_new_csv_where_the_columns_change(altered: Path, tmp_path: Path) -> None:
    convert(altered, tmp_path / "dept.csv", "--table", "HR.DEPT")
    assert [[row[-1] for row in parsed_csv(tmp_path / f"dept{number}.csv")] for number in ("", ".2", ".3")] == [
        ["TITLE", "one"],
        ["PLACE", "here", None],
        ["TITLE", "four"],
    ]
    # Fewer files than before: those of the run before would have rows that this one does not.
    convert(altered, tmp_path / "dept.csv", "--table", "HR.DEPT", "--columns", "NO", "--force")
    assert sorted(path.name for path in tmp_path.glob("dept*")) == ["dept.csv"]


def test_nothing_is_replaced_without_force(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out, folder = tmp_path / "p.csv", tmp_path / "out"
    out.write_text("mine", encoding="utf-8")
    folder.mkdir()
    (folder / "BANK.POSTINGS.csv").write_text("mine", encoding="utf-8")
    for target in (out, folder):
        assert main(["convert", BK, str(target), "--table", "BANK.POSTINGS", "--format", "csv"]) == 3
        assert "--force" in capfd.readouterr().err
    assert out.read_text(encoding="utf-8") == (folder / "BANK.POSTINGS.csv").read_text(encoding="utf-8") == "mine"
    for target in (out, folder):
        convert(BK, target, "--table", "BANK.POSTINGS", "--format", "csv", "--force")
    assert len(parsed_csv(out)) == len(parsed_csv(folder / "BANK.POSTINGS.csv")) == 52


def test_an_error_keeps_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    out.write_text("mine", encoding="utf-8")
    select = ["--table", "BANK.POSTINGS", "--where", "AMOUNT > 1000", "--strict"]
    assert main(["convert", BK, str(out), *select, "--force"]) == 5
    assert out.read_text(encoding="utf-8") == "mine" and list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_more_tables_than_open_files(tmp_path: Path, kind: str) -> None:
    with tc.Writer(tmp_path / "aa") as writer:
        for turn in range(3):
            with writer.transaction(csn=turn + 1):
                for number in range(80):
                    writer.insert(tc.TableDef(f"A.T{number}", [tc.Column("K", "integer", key=True)]), {"K": turn})
    subprocess.run(
        [sys.executable, "-m", "trailcore", "convert", str(tmp_path / "aa"), str(tmp_path / "out"), "--format", kind],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)),
        check=True,
    )
    files = list((tmp_path / "out").iterdir())
    assert len(files) == 80
    for file in files if kind == "csv" else []:
        assert [row[-1] for row in parsed_csv(file)] == ["K", "0", "1", "2"]


def test_convert_in_python(tmp_path: Path) -> None:
    trail = tc.open(BK)
    written = trail.convert(tmp_path / "out", "csv")
    assert {file.table: file.rows for file in written} == {"BANK.ACCOUNTS": 27, "BANK.CUSTOMERS": 9, "BANK.POSTINGS": 51}
    (one,) = trail.convert(tmp_path / "p.csv", table="BANK.POSTINGS")
    assert (one.table, one.path, one.rows) == ("BANK.POSTINGS", str(tmp_path / "p.csv"), 51)
    assert trail.table("BANK.POSTINGS").write_csv(tmp_path / "q.csv") == 51
    assert (tmp_path / "q.csv").read_bytes() == (tmp_path / "p.csv").read_bytes()
    assert (tmp_path / "out" / "BANK.POSTINGS.csv").read_bytes() == (tmp_path / "p.csv").read_bytes()
    with pytest.raises(OSError, match="exists"):
        trail.convert(tmp_path / "p.csv", table="BANK.POSTINGS")
    with pytest.raises(ValueError, match="format"):
        trail.convert(tmp_path / "p.xyz")
    with pytest.raises(tc.UnknownTableError):
        trail.convert(tmp_path / "x.csv", table="A.B")


def test_values_that_cannot_be_decoded(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    content = _with_a_bad_name()
    (tmp_path / "aa000000000").write_bytes(content)
    (change,) = tc.open(tmp_path / "aa")
    assert isinstance(change["NAME"], tc.Invalid)
    for kind in ("csv", "parquet"):
        out = tmp_path / f"t.{kind}"
        assert main(["convert", str(tmp_path / "aa"), str(out), "--table", "A.T"]) == 1
        assert "NAME" in capfd.readouterr().err and not out.exists()
        for option in (["--invalid", "null"], ["--states"]):
            convert(tmp_path / "aa", out, "--table", "A.T", "--force", *option)
            if kind == "csv":
                row = dict(zip(*parsed_csv(out), strict=True))
            else:
                (row,) = _read(out).flatten().to_pylist()
            assert row["NAME"] is None
            assert row.get("_states.NAME", "invalid") == "invalid"


def _with_a_bad_name() -> bytes:
    """A trail with one row, whose date is no date."""
    table = tc.TableDef("A.T", [tc.Column("K", "integer", key=True), tc.Column("NAME", "datetime", fraction=0)])
    writer = tc.Writer()
    with writer.transaction(csn=1):
        writer.insert(table, {"K": 1, "NAME": "2024-03-01T12:30:45"})
    content = writer.finish()
    assert isinstance(content, bytes) and b"2024-03-01:12:30:45" in content
    return content.replace(b"2024-03-01:12:30:45", b"2024-xx-01:12:30:45")


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trails of 4 and of 40 times the same file of some megabytes."""
    folder = tmp_path_factory.mktemp("repeated")
    with tc.Writer(folder / "aa", file_size=1 << 30) as writer:
        for csn in range(200):
            with writer.transaction(csn=csn + 1):
                for number in range(100):
                    writer.insert(EMP, emp(number))
    for times in (4, 40):
        (folder / str(times)).mkdir()
        for seqno in range(times):
            os.link(folder / "aa000000000", folder / str(times) / f"aa{seqno:09}")
    return folder


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_memory_stays_flat(repeated: Path, tmp_path: Path, kind: str) -> None:
    peaks = []
    for times in (4, 40):
        out = tmp_path / f"{times}.{kind}"
        code = (
            "import resource, sys; from trailcore.__main__ import main; code = main(sys.argv[1:]);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(code)"
        )
        selected = ["--table", "HR.EMP", "--columns", "ID,NAME", "--batch-size", "5000"]
        made = subprocess.run(
            [sys.executable, "-c", code, "convert", str(repeated / str(times)), str(out), *selected],
            capture_output=True,
            text=True,
            check=True,
        )
        assert f"HR.EMP: {times * 20_000:,} rows" in made.stdout
        peaks.append(int(made.stdout.split()[-1]))
    assert peaks[1] < 1.3 * peaks[0]
