"""Operations: reports as dataclasses and tables."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
from pathlib import Path

import pytest

import trailcore as tc
from conftest import DATA

INFO = """EXTRACT    E1    Last Started 2024-03-01 10:00   Status RUNNING
  Target Extract Trails:
  Trail Name    Seqno    RBA   Max MB
  ./dirdat/lt       7   {rba}     500
REPLICAT   R1    Last Started 2024-03-01 10:00   Status RUNNING
Checkpoint Lag       00:00:02 (updated 00:00:01 ago)
Log Read Checkpoint  File ./dirdat/lt000000007
                     2024-03-01 10:00:00  RBA 1000
"""


def _at(minute: int, rba: int) -> dict[str, str]:
    return {"name": "info", "text": INFO.format(rba=rba), "observed": f"2024-03-01T12:{minute:02}:00Z"}


def test_two_observations_prove_that_a_process_does_not_move() -> None:
    first = tc.ops.health([_at(0, 4000)])
    second = tc.ops.health([_at(5, 9000)], memory=first.memory)
    assert [verdict.health for verdict in second.streams] == ["healthy", "stuck"]
    assert second.findings[0].kind == "stuck_reader"
    assert second.findings[0].evidence[0].artefact == "info"
    both = tc.ops.health([_at(5, 9000)], before=[[_at(0, 4000)]])
    assert both == second


def test_values_and_faults(tmp_path: Path) -> None:
    path = tmp_path / "all.txt"
    path.write_text(
        "Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\n"
        "EXTRACT     RUNNING     E1          842:45:01     00:00:05\n"
    )
    report = tc.ops.read([path])
    rows = report.readings[0].content["transcript"]["sections"][0]["rows"]
    assert rows[0]["lag"] == 3_033_901_000
    refused = tc.ops.read([path], section="stats").refused
    assert "not the output of this command" in refused[0].reason
    lag = tc.ops.lag([path])
    assert lag.streams[0].lags[0].millis == 3_033_901_000
    assert "goldengate_stream_lag_seconds" in tc.ops.export([path])
    with pytest.raises(ValueError):
        tc.ops.health([])


def test_tables() -> None:
    pytest.importorskip("pyarrow")
    table = tc.ops.table(tc.ops.lag([_at(0, 4000)]).links)
    assert table.to_arrow().column("backlog_bytes").to_pylist() == [3000]
    polars = pytest.importorskip("polars")
    assert isinstance(table.to_polars(), polars.DataFrame)


def test_a_row_without_a_nested_value_hides_no_column() -> None:
    pytest.importorskip("pyarrow")
    link = tc.ops.lag([_at(0, 4000)]).links[0]
    table = tc.ops.table([dataclasses.replace(link, backlog=None), link])
    assert table.to_arrow().column("backlog_bytes").to_pylist() == [None, 3000]
    assert "backlog" not in table.to_arrow().column_names


def test_a_plot_has_an_axis_of_time() -> None:
    pytest.importorskip("matplotlib").use("Agg")
    lag = tc.ops.lag([_at(0, 4000)])
    times = ["2024-03-01T12:00:00Z", "2024-03-01T12:01:00Z", "2024-03-02T12:00:00Z"]
    info = "EXTRACT     RUNNING     E1          00:00:05      00:00:05\n"
    [stream] = tc.ops.lag(
        [{"name": "all", "text": "Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\n" + info}]
    ).streams
    reports = [dataclasses.replace(lag, at=at, streams=[stream]) for at in [*times, None]]
    [line] = tc.ops.plot(reports, stream.lags[0].definition).get_lines()
    first, second, last = line.get_xdata()
    assert (second - first, last - first) == (dt.timedelta(minutes=1), dt.timedelta(days=1))


def test_a_log_is_followed(tmp_path: Path) -> None:
    log = tmp_path / "ggserr.log"
    line = "2024-03-01 10:00:00  INFO    OGG-00975  Oracle GoldenGate Manager for Oracle, mgr.prm:  EXTRACT E1 starting.\n"
    log.write_text(line * 2)
    first = tc.ops.follow(log)
    second = tc.ops.follow(log, first.token)
    assert [len(first.events), len(second.events)] == [1, 1]


def test_a_configuration_is_checked_and_compared(tmp_path: Path) -> None:
    path = tmp_path / "pump.prm"
    path.write_text("EXTRACT pump\nRMHOST gg2, MGRPORT 7809\nRMTTRAIL ./dirdat/rt\nUSERID ogg, PASSWORD s3cret\nTABLE A.B;\n")
    report = tc.ops.lint([tmp_path], sarif=True)
    primary = [finding for finding in report.findings if finding.primary]
    assert [(finding.rule, finding.line) for finding in primary] == [("unknown_parameter", 2)]
    assert report.sarif is not None and "s3cret" not in report.sarif
    later = {"name": "pump.prm", "text": path.read_text().replace("7809", "7810").replace("s3cret", "other1")}
    changes = tc.ops.diff([path], [later]).files[0].changes
    assert [change.kind for change in changes] == ["changed", "secret_changed"]


def test_tables_that_really_move() -> None:
    parameters = [{"name": "r1.prm", "text": "REPLICAT r1\nMAP HR.*, TARGET DW.*;\nMAP OE.*, TARGET DW.*;\n"}]
    head = "2024-01-28 05:31:35  INFO    OGG-06506  Oracle GoldenGate Delivery for Oracle, r1.prm:"
    text = f'{head}  Wildcard MAP resolved (entry HR.*): MAP "HR"."EMP", target DW."EMP".\n'
    log = {"name": "ggserr.log", "text": text}
    (group,) = tc.ops.mapping([log], parameters=parameters, tables=["HR.DEPT"]).groups
    assert [(own.source, own.target, own.state) for own in group.tables] == [
        ("HR.DEPT", "DW.DEPT", "configured"),
        ("HR.EMP", "DW.EMP", "resolved"),
    ]
    assert group.unknown == ["no artefact shows the tables of OE.* (r1.prm:3)"]


def test_a_change_is_signed_off() -> None:
    def file(rate: int) -> list[dict[str, str]]:
        return [{"name": "e1.prm", "text": f"EXTRACT e1\nREPORTCOUNT EVERY {rate} MINUTES\nTABLE A.*;\n"}]

    report = tc.ops.sign_off(file(10), file(5), title="CHG-17")
    assert report.text.startswith("# Change of configuration: CHG-17")
    assert (report.effects[0].subject, report.effects[0].kind) == ("E1", "restart")


def test_hot_keys_have_hashes() -> None:
    trail = str(DATA / "big" / "bk")
    report = tc.ops.stats(trails=[trail], hot_keys={"secret": "s"})
    keys = report.trails[trail].hot_keys
    assert keys is not None
    assert len(keys.tables["BANK.ACCOUNTS"].keys[0].key) == 16
    with pytest.raises(ValueError, match="need a secret"):
        tc.ops.stats(trails=[trail], hot_keys={})


def test_a_set_is_taken_verified_and_rehearsed(tmp_path: Path) -> None:
    home, repository = tmp_path / "home", tmp_path / "repository"
    shutil.copytree(DATA / "big", home / "dirdat")
    (home / "dirprm").mkdir()
    (home / "dirprm" / "mgr.prm").write_text("PORT 7809\n")
    found = tc.ops.inventory([home])
    assert {file.class_ for file in found.files} >= {"must"}
    info = tmp_path / "info.txt"
    info.write_text(
        "REPLICAT   R1    Last Started 2024-03-01 10:00   Status RUNNING\n"
        f"Log Read Checkpoint  File {home}/dirdat/bk000000000\n"
        "                     2024-03-01 10:00:00  RBA 1\n"
    )
    report = tc.ops.backup({"home": home}, repository, inputs=[info])
    assert not report.manifest.is_whole and report.manifest.positions[0].landing == "inside"
    report = tc.ops.backup([home], repository)
    assert report.manifest.is_whole and report.shared > 0
    assert tc.ops.verify(repository).is_good
    rehearsal = tc.ops.rehearse(repository, tmp_path / "scratch")
    assert rehearsal.is_good and rehearsal.trails[0].changes > 0
    assert "cp -a" in tc.ops.restore_plan(repository).text
    assert [one.is_kept for one in tc.ops.retain(repository).sets] == [False, True]
    tc.ops.pack(repository, tmp_path / "set.tar.zst")
    assert tc.ops.unpack(tmp_path / "set.tar.zst", tmp_path / "set").files == len(report.manifest.files)
    with pytest.raises(ValueError):
        tc.ops.backup([home], home / "repository")


def test_a_stop_is_explained(tmp_path: Path) -> None:
    trail = DATA / "big" / "bk"
    change = next(change for change in tc.open(trail) if change.op == "insert")
    place = change.position
    line = "2024-03-01 10:10:00  ERROR   OGG-{}  Oracle GoldenGate Delivery for Oracle, r1.prm:  {}\n"
    text = f"Error mapping from {change.table} to X.Y at seqno {place.seqno} rba {place.rba}."
    log = {"name": "ggserr.log", "text": line.format("01296", text) + line.format("01668", "PROCESS ABENDING.")}
    parameters = {"name": "r1.prm", "text": "REPLICAT r1\nMAP BANK.*, TARGET X.*;\n"}
    report = tc.ops.explain([log], parameters=[parameters], trails=[trail])
    found = report.groups[0]
    assert (found.group, found.cause.code, found.table) == ("R1", "OGG-01296", change.table)
    assert found.parameter.line == 2 and found.record.record.op == "insert"
    assert found.next[-1].loses and found.next[-1].command.startswith("ALTER REPLICAT R1")
    skip = tc.ops.skip(trail, place.seqno, place.rba)
    assert skip.record == found.record.record and skip.next_record > skip.record.at
    events = tc.ops.timeline([log], group="R1").events
    assert [event.code for event in events] == ["OGG-01296", "OGG-01668"]


def test_a_bundle_has_no_secrets(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "dirprm").mkdir(parents=True)
    (home / "dirprm" / "r1.prm").write_text("REPLICAT r1\nUSERID ogg, PASSWORD s3cret\nMAP A.*, TARGET A.*;\n")
    first, second = tmp_path / "1.tar", tmp_path / "2.tar.zst"
    report = tc.ops.bundle([home], first)
    assert any(file.name == "files/home/dirprm/r1.prm" for file in report.files) and b"s3cret" not in first.read_bytes()
    (home / "dirprm" / "r1.prm").write_text("REPLICAT r1\nUSERID ogg, PASSWORD other\nMAP B.*, TARGET A.*;\n")
    tc.ops.bundle([home], second)
    assert len(tc.ops.compare(first, second).parameters.files[0].changes) == 2
    with pytest.raises(OSError, match="exists"):
        tc.ops.bundle([home], first)


def test_an_anonymised_trail_has_other_values(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"a key that has enough bytes")
    equal = [["BANK.ACCOUNTS.CURRENCY", "BANK.POSTINGS.CURRENCY"]]
    report = tc.ops.anonymise(DATA / "big" / "bk", tmp_path / "one", key_file=key, equal=equal)
    assert report.changes == 88 and report.errors == 0 and report.csns_moved
    old, new = list(tc.open(DATA / "big" / "bk")), list(tc.open(tmp_path / "one"))
    assert [(change.position, change.op) for change in old] == [(change.position, change.op) for change in new]
    assert not {change.table for change in old if change.table} & {change.table for change in new}
    again = tc.ops.anonymise(DATA / "big" / "bk", tmp_path / "two", key_file=key, equal=equal)
    assert again == report
    with pytest.raises(ValueError, match="exists"):
        tc.ops.anonymise(DATA / "big" / "bk", tmp_path / "two")


def test_a_trail_file_is_purged_by_proof_only(tmp_path: Path) -> None:
    for number in range(4, 8):
        (tmp_path / f"aa{number:09}").write_bytes(b"G")
    listed = {"trails": str(tmp_path)}
    assert tc.ops.purge([listed]).trails[0].safe_bytes == 0
    reader = {"name": "R1", "trail": f"{tmp_path}/aa", "seqno": 6, "rba": 10}
    report = tc.ops.purge([listed], readers=[reader], complete=["default"])
    assert [file.reason for file in report.trails[0].files] == ["read", "read", "reader_needs", "reader_needs"]
