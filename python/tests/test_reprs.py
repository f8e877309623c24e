"""Texts for terminals and tables for notebooks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import trailcore as tc
from conftest import DATA


def fits(text: str) -> None:
    lines = text.splitlines()
    assert 0 < len(lines) <= 26 and max(map(len, lines)) <= 80, text


@pytest.fixture
def wide() -> tc.Trail:
    """A trail with many tables, one of which has many columns."""
    writer = tc.Writer()
    with writer.transaction(csn=1, xid="1.2.3"):
        for number in range(150):
            columns = [
                tc.Column("ID", "integer", key=True),
                *(tc.Column(f"COLUMN_{n}") for n in range(200 if number == 0 else 1)),
            ]
            writer.insert(tc.TableDef(f"A.TABLE_WITH_A_LONG_NAME_AS_ORACLE_ALLOWS_{number:03}", columns), {"ID": 1})
    content = writer.finish()
    assert isinstance(content, bytes)
    return tc.open(content)


def test_texts_fit_a_screen(big: tc.Trail, wide: tc.Trail, tmp_path: Path) -> None:
    for trail in (big, wide):
        for value in (trail.tables, trail.summary(), trail.check()):
            fits(repr(value))
    assert "… and 130 more tables" in repr(wide.tables) and "BANK.POSTINGS" in repr(big.tables)
    assert re.search(r"BANK.POSTINGS\s+52\s+13,228\s+.*insert 49", repr(big.summary()))
    assert repr(big.check()).startswith("CheckReport: whole\nrecords 104, changes 88")
    definition = next(iter(wide.tables.values())).definition
    assert repr(definition).endswith(", … 193 more)>") and len(repr(definition)) < 250
    damaged = tmp_path / "bk000000000"
    damaged.write_bytes((DATA / "big" / "bk000000000").read_bytes()[:-7])
    report = tc.open(damaged).check()
    assert not report.is_whole and "not whole" in repr(report) and "torn_tail" in repr(report)
    fits(repr(report))
    fits(repr(next(iter(big.batches()))))


def test_unknown_tables_are_explained(big: tc.Trail) -> None:
    with pytest.raises(KeyError, match=r"no table BANK.POSTING; did you mean BANK.POSTINGS\?"):
        big.tables["BANK.POSTING"]
    assert "BANK.X" not in big.tables and big.tables.get("BANK.X") is None


def test_notebooks_show_tables(big: tc.Trail, wide: tc.Trail, tmp_path: Path) -> None:
    shown = [
        big.tables,
        big.tables["BANK.POSTINGS"],
        big.summary(),
        big.check(),
        next(big.transactions()),
        *list(big.records())[:12],
        next(iter(big.batches())),
    ]
    for value in shown:
        text = value._repr_html_()  # type: ignore[attr-defined]
        assert text.count("<table>") == text.count("</table>") >= 1, value
    assert "and 50 more tables" in wide.tables._repr_html_()  # type: ignore[attr-defined]
    assert "AMOUNT" in big.tables["BANK.POSTINGS"]._repr_html_() and "13,228" in big.tables["BANK.POSTINGS"]._repr_html_()
    damaged = tmp_path / "bk000000000"
    damaged.write_bytes((DATA / "big" / "bk000000000").read_bytes()[:-7])
    assert "torn_tail" in tc.open(damaged).check()._repr_html_()
    transaction = next(big.transactions())
    before = transaction._repr_html_()
    assert transaction.xid in before and len(list(transaction)) > 0


def test_html_is_escaped() -> None:
    writer = tc.Writer()
    with writer.transaction(csn=1, xid="1"):
        writer.insert(tc.TableDef("A.<b>", [tc.Column("<i>", "integer", key=True)]), {"<i>": 1})
    content = writer.finish()
    assert isinstance(content, bytes)
    trail = tc.open(content)
    for value in (trail.tables, trail.tables["A.<b>"], next(iter(trail.batches()))):
        text = value._repr_html_()  # type: ignore[attr-defined]
        assert "&lt;b&gt;" in text and "<b></b>" not in text and "A.<b>" not in text
