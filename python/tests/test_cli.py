"""The command line as it is used: in a pipe, on a terminal, with damage."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import pty
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import trailcore as tc
from conftest import DATA, ROOT
from trailcore.__main__ import main

BK = str(DATA / "big" / "bk")
COMMANDS = ("info", "find", "index", "cat", "count", "records", "tables", "check", "convert", "explain", "save", "anonymise")


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]):
    """Runs the command line in this process."""

    def run(*args: object) -> Result:
        code = main([str(arg) for arg in args])
        sys.stdout.flush()
        return Result(code, *capfd.readouterr())

    return run


def command(*args: object) -> list[str]:
    """The command line as a process of its own."""
    return [sys.executable, "-m", "trailcore", *map(str, args)]


def on_terminal(*args: object, columns: int = 120, **environment: str) -> tuple[int, str]:
    """Runs it on a pseudo-terminal: its exit code, and all that it shows."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        command(*args),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**env, "TERM": "xterm-256color", **environment},
    )
    os.close(slave)
    shown = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(master, 65536):
            shown += chunk
    os.close(master)
    return process.wait(60), shown.decode()


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A trail whose second file is broken in its middle, and the changes before that."""
    folder = tmp_path / "damaged"
    shutil.copytree(DATA / "big", folder)
    positions = [change.position for change in tc.open(folder / "bk") if change.position.seqno == 1]
    with open(folder / "bk000000001", "r+b") as file:
        file.seek(positions[len(positions) // 2].rba)
        file.write(b"\xff" * 40)
    return folder / "bk"


def before_damage(trail: Path) -> list[str]:
    lines = []
    with contextlib.suppress(tc.TrailError):
        for change in tc.open(trail):
            lines.append(change.to_json())
    assert 20 < len(lines) < 88
    return lines


@pytest.fixture(scope="module")
def long_trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trail of some gigabytes: one small file under many numbers."""
    folder = tmp_path_factory.mktemp("long")
    table = tc.TableDef("A.T", [tc.Column("K", "integer", key=True), tc.Column("V", length=2000)])
    writer = tc.Writer(folder / "aa", file_size=1 << 30)
    for csn in range(400):
        with writer.transaction(csn=csn + 1):
            for number in range(10):
                writer.insert(table, {"K": number, "V": "x" * 1900})
    (first,) = writer.finish()  # type: ignore[misc]
    for seqno in range(1, 300):
        os.link(first, folder / f"aa{seqno:09}")
    return folder / "aa"


# The output.


@pytest.mark.parametrize("name", ["big", "little"])
def test_cat_is_the_native_json_of_the_core(name: str) -> None:
    printed = subprocess.run(command("cat", DATA / name / "bk"), capture_output=True, check=True)
    assert printed.stdout == (DATA / f"{name}.jsonl").read_bytes()
    assert printed.stderr == b""


def test_as_a_module_and_as_a_script() -> None:
    for start in ([sys.executable, "-m", "trailcore"], [str(Path(sys.executable).with_name("trailcore"))]):
        printed = subprocess.run([*start, "--version"], capture_output=True, text=True, check=True)
        assert printed.stdout == f"trailcore {tc.__version__}\n"


SELECTIONS = [
    (["--table", "BANK.POSTINGS"], {"tables": ["BANK.POSTINGS"]}),
    (["--table", "BANK.POST*", "--table", "BANK.CUSTOMERS"], {"tables": ["BANK.POST*", "BANK.CUSTOMERS"]}),
    (["--exclude", "BANK.CUST*", "--exclude", "BANK.ACCOUNTS"], {"exclude": ["BANK.CUST*", "BANK.ACCOUNTS"]}),
    (["--ops", "insert,delete", "--ops", "truncate"], {"ops": ["insert", "delete", "truncate"]}),
    (
        ["--table", "BANK.POSTINGS", "--where", "AMOUNT > 1000", "--lenient"],
        {"tables": ["BANK.POSTINGS"], "where": "AMOUNT > 1000", "lenient": True},
    ),
    (
        ["--table", "BANK.POSTINGS", "--filter", "ON INSERT, AMOUNT > 1000", "--lenient"],
        {"tables": ["BANK.POSTINGS"], "filter": "ON INSERT, AMOUNT > 1000", "lenient": True},
    ),
    (["--from", "1:0"], {"start": "1:0"}),
    (["--until", "1:0"], {"until": "1:0"}),
    (
        ["--from", "2024-03-01T00:00:30", "--until", "2024-03-01T00:01:00"],
        {"start": "2024-03-01T00:00:30", "until": "2024-03-01T00:01:00"},
    ),
    (["--from", "csn:7824137850", "--table", "BANK.ACCOUNTS"], {"start": "csn:7824137850", "tables": ["BANK.ACCOUNTS"]}),
    (["--from", "2030-01-01"], {"start": "2030-01-01"}),
    (["--from", "2030-01-01", "--table", "BANK.POSTINGS"], {"start": dt.datetime(2030, 1, 1), "tables": ["BANK.POSTINGS"]}),
]


@pytest.mark.parametrize(("options", "select"), SELECTIONS)
def test_options_select_as_the_package_does(run, options: list[str], select: dict[str, object]) -> None:
    kept = dict(select)
    names = kept.pop("tables", [])
    expected = [change.to_json() for change in tc.open(BK).select(*names, **kept)]  # type: ignore[misc,arg-type]
    code, out, _ = run("cat", BK, *options)
    assert (code, out.splitlines()) == (0, expected)
    assert len(expected) < 88


def test_a_parameter_file_with_limits(run, tmp_path: Path) -> None:
    file = tmp_path / "ext.prm"
    file.write_text("EXTRACT ext1\nTABLE BANK.POSTINGS, WHERE (AMOUNT > 1000);\n", encoding="utf-8")
    code, out, err = run("cat", BK, "--param-file", file, "--ops", "insert", "--until", "1:0", "--lenient")
    expected = [
        change.to_json() for change in tc.open(BK).select("BANK.POSTINGS", where="AMOUNT > 1000", ops="insert", until="1:0")
    ]
    assert (code, out.splitlines(), err) == (0, expected, "")
    code, _, err = run("cat", BK, "--param-file", file, "--table", "A.B")
    assert code == 2 and "--param-file" in err


def test_a_parameter_file_with_a_mistake(run, tmp_path: Path) -> None:
    file = tmp_path / "ext.prm"
    file.write_text("TABLE BANK.POSTINGS, WHERE (AMOUNT >);\n", encoding="utf-8")
    code, out, err = run("cat", BK, "--param-file", file)
    assert (code, out) == (2, "") and "^" in err and "ext.prm" in err
    assert run("cat", BK, "--param-file", tmp_path / "none.prm").code == 3


def test_double_quotes_as_literals(run) -> None:
    where = 'CURRENCY = "EUR"'
    code, out, _ = run("cat", BK, "--table", "BANK.POSTINGS", "--where", where, "--nonansi", "--lenient")
    expected = [change.to_json() for change in tc.open(BK).select("BANK.POSTINGS", where="CURRENCY = 'EUR'", lenient=True)]
    assert (code, out.splitlines()) == (0, expected) and expected


def test_what_cannot_be_decided_stops_or_is_counted(run) -> None:
    options = ("--table", "BANK.POSTINGS", "--where", "AMOUNT > 1000")
    # The first posting is a delete that has only its key.
    code, out, err = run("cat", BK, *options, "--strict")
    assert (code, out) == (5, "") and "--strict" in err and "AMOUNT" in err
    for mode, expected in (((), 5), (("--lenient",), 0)):
        code, out, err = run("cat", BK, *options, *mode)
        assert (code, len(out.splitlines())) == (expected, 15)
        assert err.startswith("trailcore: ") and "rejected as undecidable" in err and "lenient=" not in err


def test_limit_and_several_files(run) -> None:
    lines = (DATA / "big.jsonl").read_text(encoding="utf-8").splitlines()
    assert run("cat", BK, "--limit", 3).out.splitlines() == lines[:3]
    assert run("cat", BK, "--limit", 0).out == ""
    second = [line for line in lines if line.startswith('{"seqno":1,')]
    assert run("cat", f"{BK}000000001").out.splitlines() == second
    assert run("cat", f"{BK}000000001", f"{BK}000000002").out.splitlines() == [
        line for line in lines if not line.startswith('{"seqno":0,')
    ]


def test_info(run) -> None:
    code, out, _ = run("info", BK)
    assert code == 0
    assert "database_charset  GBK" in out and out.rstrip().endswith("3 files, 30,328 bytes")
    facts = json.loads(run("info", BK, "--json").out)
    assert [file["seqno"] for file in facts["files"]] == [0, 1, 2] and facts["gaps"] == []
    assert facts["bytes"] == 30328 == sum(file["bytes"] for file in facts["files"])
    assert facts["files"][0]["created"] == "2024-03-01T00:00:00.000000Z"


def test_gaps_are_shown(run, tmp_path: Path) -> None:
    shutil.copytree(DATA / "big", tmp_path / "gap")
    (tmp_path / "gap" / "bk000000001").unlink()
    assert "missing: file 1\n" in run("info", tmp_path / "gap" / "bk").out
    assert json.loads(run("info", tmp_path / "gap" / "bk", "--json").out)["gaps"] == [[1, 1]]
    code, out, _ = run("check", tmp_path / "gap" / "bk")
    assert code == 1 and "gap at" in out and out.endswith("not whole\n")
    code, out, err = run("cat", tmp_path / "gap" / "bk")
    assert code == 1 and out.splitlines()[-1].startswith('{"seqno":0,') and err.startswith("trailcore: ")


def test_count(run) -> None:
    code, out, err = run("count", BK)
    summary = tc.open(BK).summary()
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert (code, err) == (0, "")
    assert rows["table"] == ["insert", "update", "pk_update", "delete", "truncate", "ddl", "changes", "bytes"]
    assert rows["BANK.POSTINGS"] == ["49", "0", "0", "1", "1", "1", "52", f"{summary.tables['BANK.POSTINGS'].bytes:,}"]
    assert rows["total"][-2] == "88" and rows["transactions"] == [str(summary.transactions)]
    assert "csns 7824137835 to 7824137943" in out
    assert "total        0      0\n" in run("count", BK, "--from", "2030-01-01").out


def test_tables(run) -> None:
    code, out, _ = run("tables", BK)
    assert code == 0
    assert "BANK.POSTINGS: 49 insert, 1 delete, 1 truncate, 1 ddl\n" in out
    assert re.search(r"^  AMOUNT +decimal +2 +8 ", out, re.MULTILINE)
    assert re.search(r"^  ACCOUNT_NO +text +19 +key ", out, re.MULTILINE)
    only = run("tables", BK, "--table", "BANK.CUST*").out
    assert "BANK.CUSTOMERS: " in only and "BANK.POSTINGS" not in only


def test_tables_that_the_trail_does_not_define(run, tmp_path: Path) -> None:
    table = tc.TableDef("A.T", [tc.Column("K", "integer", key=True)])
    with tc.Writer(tmp_path / "aa", metadata=False) as writer, writer.transaction(csn=1):
        writer.insert(table, {"K": 1})
    out = run("tables", tmp_path / "aa").out
    assert "A.T: 1 insert" in out and "--defs" in out
    code, _, err = run("convert", tmp_path / "aa", tmp_path / "out", "--format", "csv")
    assert code == 1 and "A.T" in err


def test_records(run) -> None:
    code, out, _ = run("records", BK)
    expected = list(tc.open(BK).records())
    heads = [line for line in out.splitlines() if line.startswith("record ")]
    assert code == 0 and len(heads) == len(expected) == 104
    for head, record in zip(heads, expected, strict=True):
        assert f" at {record.position} " in head and head.endswith(f" {record.length} bytes")
    assert "token LOGCSN=7824137838" in out and "before_after=A" in out
    assert "\x00" not in out


def test_records_from_a_place_with_hex(run) -> None:
    (record,) = [record for record in tc.open(BK).records() if record.position == (0, 1980)]
    out = run("records", BK, "--from", "0:1980", "--limit", 1, "--hex").out
    shown = "".join(line[12:52] for line in out.splitlines() if line.startswith("    "))
    assert bytes.fromhex(shown.replace(" ", "")) == record.bytes
    until = run("records", BK, "--until", "csn:7824137838").out
    assert "at 0:1025 " in until and "at 0:1980 " not in until
    assert run("records", BK, "--from", "2030-01-01").out == ""


def test_explain(run) -> None:
    code, out, _ = run("explain", BK, "--table", "BANK.POSTINGS", "--where", "AMOUNT > 1000")
    assert code == 0 and "\nTABLE BANK.POSTINGS, WHERE (AMOUNT > 1000);\n" in out
    assert "AMOUNT" in out.split("\n", 1)[1] and "BANK.CUSTOMERS" in out
    assert run("explain", BK).out == "no selection: all changes are selected\n"


# Errors.


def test_damage_is_told_after_what_lies_before_it(run, damaged: Path) -> None:
    code, out, err = run("cat", damaged)
    assert (code, out.splitlines()) == (1, before_damage(damaged))
    assert err.startswith("trailcore: ") and "bk000000001" in err and "Traceback" not in err


def test_damage_in_a_process(damaged: Path) -> None:
    printed = subprocess.run(command("cat", damaged), capture_output=True, text=True, check=False)
    assert (printed.returncode, printed.stdout.splitlines()) == (1, before_damage(damaged))


def test_counts_before_damage(run, damaged: Path) -> None:
    changes = [json.loads(line) for line in before_damage(damaged)]
    code, out, err = run("count", damaged)
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert code == 1 and "before the damage has been counted" in err
    assert rows["total"][-2] == str(len(changes))
    assert rows["transactions"] == [str(len({(change["csn"], change["xid"]) for change in changes}))]
    code, out, _ = run("tables", damaged)
    assert code == 1 and "BANK.ACCOUNTS: " in out


def test_check_and_records_of_damage(run, damaged: Path) -> None:
    code, out, _ = run("check", damaged)
    assert code == 1 and "damage at 1:" in out and out.endswith("not whole\n")
    assert run("check", BK) == (0, "104 records, 88 changes in 37 transactions, 30.3 KB read\nwhole\n", "")
    code, out, err = run("records", damaged)
    assert code == 1 and out.count("record ") > 20 and err


def test_resync_tells_what_was_passed_over(run, damaged: Path, tmp_path: Path) -> None:
    code, out, err = run("cat", damaged, "--resync")
    assert code == 1 and "skipped 1:" in err
    assert len(out.splitlines()) > len(before_damage(damaged))
    assert run("count", damaged, "--resync").code == 1
    for kind in ("jsonl", "csv", "parquet"):
        code, _, err = run("convert", damaged, tmp_path / kind, "--format", kind, "--resync")
        assert code == 1 and "skipped 1:" in err and len(list((tmp_path / kind).iterdir())) == 3


@pytest.mark.parametrize("kind", ["parquet", "arrow", "csv", "jsonl"])
def test_damage_leaves_no_half_file(run, damaged: Path, tmp_path: Path, kind: str) -> None:
    code, out, err = run("convert", damaged, tmp_path / "out", "--format", kind)
    assert (code, out) == (1, "") and err
    assert not (tmp_path / "out").exists()
    code, _, _ = run("convert", damaged, tmp_path / f"one.{kind}", "--table", "BANK.POSTINGS")
    assert code == 1 and [path.name for path in tmp_path.iterdir()] == ["damaged"]


WRONG = [
    (["cat"], "PATH"),
    (["cat", BK, "--ops", "upsert"], "upsert"),
    (["cat", BK, "--from", "yesterday"], "yesterday"),
    (["cat", BK, "--limit", "-1"], "-1"),
    (["cat", BK, "--charset", "klingon"], "klingon"),
    (["cat", BK, "--where", "AMOUNT >"], "^"),
    (["explain", BK, "--filter", "@NOSUCH (A)"], "NOSUCH"),
    (["convert", BK, "out.xyz"], ".parquet"),
    (["convert", BK, "out.parquet"], "--table"),
    (["convert", BK, "out.csv", "--table", "A.B", "--numbers", "float"], "--numbers"),
    (["convert", BK, "out.jsonl", "--columns", "A"], "--columns"),
    (["convert", BK, "out/", "--numbers", "round"], "round"),
    (["frobnicate"], "frobnicate"),
    ([], "COMMAND"),
]


@pytest.mark.parametrize(("args", "says"), WRONG)
def test_wrong_arguments(run, args: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert err.startswith("trailcore: ") and says in err and "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_the_caret_stands_under_the_mistake(run) -> None:
    lines = run("cat", BK, "--table", "BANK.POSTINGS", "--where", "AMOUNT >").err.splitlines()
    at = next(index for index, line in enumerate(lines) if line.endswith("^"))
    assert lines[at - 1][lines[at].index("^")] == ")"


def test_what_is_not_there(run, tmp_path: Path) -> None:
    code, out, err = run("cat", tmp_path / "nothing")
    assert (code, out) == (3, "") and "nothing" in err and len(err.splitlines()) == 1
    code, out, err = run("cat", ROOT / "Cargo.toml")
    assert (code, out) == (1, "") and "Cargo.toml" in err and len(err.splitlines()) == 1
    code, out, err = run("cat", BK, "--table", "BANK.POSTNGS")
    assert (code, out) == (2, "")
    assert err == (
        "trailcore: no table BANK.POSTNGS in what was read; the tables are BANK.ACCOUNTS, BANK.CUSTOMERS, BANK.POSTINGS\n"
    )
    assert "no table BANK.POSTNGS" in run("count", BK, "--table", "BANK.POSTNGS").err
    assert run("cat", BK, "--table", "bank.postings").err == ""
    code, _, err = run("convert", BK, tmp_path / "x.csv", "--table", "BANK.POSTNGS")
    assert code == 2 and "BANK.POSTNGS" in err and list(tmp_path.iterdir()) == []


def test_debug_shows_where(run, tmp_path: Path) -> None:
    assert "NotFound" in run("cat", tmp_path / "nothing", "--debug").err


def test_what_a_terminal_would_act_on_is_written_out(run, tmp_path: Path) -> None:
    table = tc.TableDef("A.\x1b[31mT", [tc.Column("K\n", "integer", key=True)])
    with tc.Writer(tmp_path / "aa") as writer, writer.transaction(csn=1):
        writer.insert(table, {"K\n": 1})
    for name in ("tables", "count"):
        code, out, _ = run(name, tmp_path / "aa")
        assert code == 0 and "\x1b" not in out and r"A.\x1b[31mT" in out


# Pipes, signals, terminals.


def test_a_closed_pipe_is_no_error(long_trail: Path) -> None:
    process = subprocess.Popen(command("cat", long_trail), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline().startswith(b'{"seqno":0,')
    process.stdout.close()
    assert (process.wait(20), process.stderr.read()) == (0, b"")
    process.stderr.close()


def test_a_full_disk_is_an_error() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    with open("/dev/full", "wb") as full:
        for name in ("cat", "info"):
            printed = subprocess.run(command(name, BK), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
            assert printed.returncode == 3 and "No space left" in printed.stderr and "Traceback" not in printed.stderr


@pytest.mark.parametrize("name", ["count", "cat", "check"])
def test_ctrl_c(long_trail: Path, name: str) -> None:
    process = subprocess.Popen(command(name, long_trail), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    _wait_for_open_file(process.pid, long_trail.parent)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    assert process.stderr.read() == ""
    process.stderr.close()


def test_ctrl_c_leaves_no_half_file(long_trail: Path, tmp_path: Path) -> None:
    for kind in ("parquet", "csv"):
        out = tmp_path / kind
        process = subprocess.Popen(command("convert", long_trail, out, "--format", kind), stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        until = time.monotonic() + 20
        while not (out.is_dir() and list(out.iterdir())) and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert (process.wait(10), process.stderr.read()) == (130, "")
        process.stderr.close()
        assert not out.exists()


def _wait_for_open_file(pid: int, folder: Path) -> None:
    """Waits until a process reads a file of the folder."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            fds = Path(f"/proc/{pid}/fd")
            if any(os.readlink(fd).startswith(str(folder)) for fd in fds.iterdir()):
                return
        time.sleep(0.01)
    raise AssertionError("it reads nothing")


def test_on_a_terminal() -> None:
    code, shown = on_terminal("count", BK)
    assert code == 0 and "\x1b[1" in shown and "─" in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert re.search(r"BANK\.POSTINGS +49 +0 +0 +1 +1 +1 +52 ", plain)
    code, shown = on_terminal("cat", BK, "--where", "AMOUNT >")
    assert code == 2 and "\x1b[31m" in shown and "^" in shown


def test_a_narrow_terminal_gets_one_value_a_line() -> None:
    code, shown = on_terminal("count", BK, columns=40)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown).replace("\r", "")
    assert code == 0 and "─" not in plain
    assert re.search(r"^BANK\.POSTINGS\n    insert +49\n", plain, re.MULTILINE)
    assert max(map(len, plain.split("transactions")[0].splitlines())) <= 40


def test_no_colours_if_the_user_wants_none() -> None:
    code, shown = on_terminal("count", BK, NO_COLOR="1")
    assert code == 0 and "\x1b" not in shown


def test_a_name_is_no_markup(tmp_path: Path) -> None:
    table = tc.TableDef("A.[red]T[/red]", [tc.Column("K", "integer", key=True)])
    with tc.Writer(tmp_path / "aa") as writer, writer.transaction(csn=1):
        writer.insert(table, {"K": 1})
    for name in ("count", "tables"):
        code, shown = on_terminal(name, tmp_path / "aa")
        assert code == 0 and "A.[red]T[/red]" in shown


def test_the_progress_bar_of_long_work(long_trail: Path) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(command("cat", long_trail), stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    shown = b""
    until = time.monotonic() + 30
    while b"% of" not in shown and time.monotonic() < until:
        if select.select([master], [], [], 1)[0]:
            shown += os.read(master, 4096)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    os.close(master)
    assert re.search(rb"\d% of [\d.]+ GB, [\d.]+ [MG]B/s", shown)


# Help.


@pytest.mark.parametrize("args", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help(run, args: list[str]) -> None:
    code, out, err = run(*args)
    assert (code, err) == (0, "")
    assert "exit codes:" in out and "examples:" in out


def test_the_help_names_all_commands(run) -> None:
    out = run("--help").out
    assert all(re.search(rf"^  {name} ", out, re.MULTILINE) for name in COMMANDS)


@pytest.fixture
def works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory in which the examples of the help run."""
    table = tc.TableDef(
        "HR.EMP", [tc.Column("ID", "integer", key=True), tc.Column("NAME", length=20), tc.Column("SALARY", "decimal", scale=2)]
    )
    (tmp_path / "dirdat").mkdir()
    with tc.Writer(tmp_path / "dirdat" / "lt") as writer:
        for number in range(80):
            at = dt.datetime(2024, 3, 1, 11, 59) + dt.timedelta(seconds=number)
            with writer.transaction(csn=7824137830 + number, xid=f"1.2.{number}", timestamp=at):
                writer.insert(table, {"ID": number, "NAME": "Ada", "SALARY": 100 * number})
    (tmp_path / "dirprm").mkdir()
    (tmp_path / "dirprm" / "ext.prm").write_text("TABLE HR.EMP, WHERE (SALARY > 1000);\n", encoding="utf-8")
    (tmp_path / "dirprm" / "sample.key").write_text("a key that has enough bytes", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def _examples(text: str) -> list[list[str]]:
    return [
        shlex.split(line, comments=True)[1:]
        for line in text.splitlines()
        if re.match(rf" *trailcore ({'|'.join(COMMANDS)}) ", line)
    ]


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_the_examples_of_the_help_run(run, works: Path, name: str) -> None:
    examples = _examples(run(*([name] if name else []), "--help").out)
    assert examples
    for example in examples:
        code, out, err = run(*example)
        assert (code, err) == (0, "") and out, example
        for made in ("tables", "emp.parquet", "changes.jsonl"):
            path = works / made
            if path.is_dir():
                shutil.rmtree(path)
            elif path.exists():
                path.unlink()


def test_the_last_records_in_a_zone(run) -> None:
    code, out, err = run("records", BK, "--last", "3", "--json", "--detail")
    records = [json.loads(line) for line in out.splitlines()]
    assert (code, err, len(records)) == (0, "", 3)
    assert records[-1]["table"] == "BANK.POSTINGS"
    assert "+09:00 " in run("cat", BK, "--last", "1", "--text", "--tz", "Asia/Tokyo").out


def test_a_saved_trail_is_a_trail(run, tmp_path: Path) -> None:
    assert run("save", BK, str(tmp_path / "po"), "--table", "BANK.POSTINGS").code == 0
    assert {change.table for change in tc.open(tmp_path / "po")} == {"BANK.POSTINGS"}


def test_the_examples_of_the_page_run(run, works: Path) -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    examples = [example for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for example in _examples(block)]
    assert len(examples) > 8
    for example in examples:
        code, _, err = run(*example)
        assert (code, err) == (0, ""), example
    for name in COMMANDS:
        assert re.search(rf"`{name}\b", page), name


def test_the_page_knows_every_option(run) -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    options = {option for name in COMMANDS for option in re.findall(r"--[a-z-]+", run(name, "--help").out)}
    missing = {option for option in options if f"`{option}" not in page and f" {option}" not in page}
    assert not missing - {"--help"}
