"""Fixtures for the sample trails, and a table to write."""

from __future__ import annotations

import decimal
from pathlib import Path

import pytest

import trailcore as tc

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "examples" / "data"
SHARED = ROOT.parent / "shared"


@pytest.fixture(params=["big", "little"])
def bank(request: pytest.FixtureRequest) -> tc.Trail:
    """The sample trail, in both byte orders."""
    return tc.open(DATA / request.param / "bk")


@pytest.fixture
def big() -> tc.Trail:
    """The big-endian sample trail."""
    return tc.open(DATA / "big" / "bk")


@pytest.fixture
def emp() -> tc.TableDef:
    """A table with a column of each kind."""
    return tc.TableDef(
        "HR.EMP",
        [
            tc.Column("ID", "integer", key=True),
            tc.Column("NAME", "text", length=40),
            tc.Column("SALARY", "decimal", scale=2),
            tc.Column("RATE", "number"),
            tc.Column("HIRED", "datetime", fraction=6),
            tc.Column("SEEN", "datetime", fraction=9),
            tc.Column("PHOTO", "binary", length=100),
        ],
    )


@pytest.fixture
def ada() -> dict[str, object]:
    """A row of the table `emp`."""
    return {
        "ID": 1,
        "NAME": "Ada 张伟",
        "SALARY": decimal.Decimal("1000.50"),
        "RATE": decimal.Decimal("0.125"),
        "HIRED": "2024-03-01T12:30:00.000001",
        "SEEN": "2024-03-01T12:30:00.123456789",
        "PHOTO": b"\x00\xff",
    }


def written(*rows: dict[str, object], table: tc.TableDef) -> tc.Trail:
    """Returns a trail that inserts these rows in one transaction."""
    writer = tc.Writer()
    with writer.transaction(csn="100", xid="1.2.3"):
        for row in rows:
            writer.insert(table, row)
    content = writer.finish()
    assert isinstance(content, bytes)
    return tc.open(content)
