"""Operations: reports as dataclasses and tables."""

from __future__ import annotations

from pathlib import Path

import pytest

import trailcore as tc

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


def test_a_log_is_followed(tmp_path: Path) -> None:
    log = tmp_path / "ggserr.log"
    line = "2024-03-01 10:00:00  INFO    OGG-00975  Oracle GoldenGate Manager for Oracle, mgr.prm:  EXTRACT E1 starting.\n"
    log.write_text(line * 2)
    first = tc.ops.follow(log)
    second = tc.ops.follow(log, first.token)
    assert [len(first.events), len(second.events)] == [1, 1]
