"""Selections."""

from __future__ import annotations

from pathlib import Path

import pytest

import trailcore as tc


def count(trail: tc.Trail) -> int:
    return sum(1 for _ in trail)


def test_parts_and_text_give_equal_selections() -> None:
    built = tc.Select(
        "BANK.POSTINGS",
        where="MEMO <> @NULL",
        filter="ON INSERT, AMOUNT > 1000",
        exclude="BANK.OLD*",
        ops=["insert"],
        start="csn:7824137850",
        until="2024-03-01T00:01:00",
    )
    parsed = tc.Select.parse(str(built))
    assert parsed == built and hash(parsed) == hash(built) and "AMOUNT" in repr(built)
    assert built != tc.Select("BANK.POSTINGS") and built != 5


def test_selecting(big: tc.Trail) -> None:
    assert count(big.select("BANK.POSTINGS", ops="insert", filter="AMOUNT > 100000", lenient=True)) == 6
    assert count(big.select("BANK.*", exclude=["BANK.CUST*", "BANK.ACCOUNTS"], ops=["insert", "delete"])) == 50
    assert count(big.select(ops="delete")) == 1
    assert count(big.select()) == count(big) == 88
    by_text = tc.Select.parse("TRAILCORE OPS insert; TABLE BANK.POSTINGS, FILTER (AMOUNT > 100000);")
    assert count(big.select(by_text)) == 6 and big.select(by_text).selection is by_text
    with pytest.raises(TypeError):
        big.select(by_text, where="A = 1")
    with pytest.raises(TypeError):
        big.select(5)  # type: ignore[arg-type]


def test_parameter_files(tmp_path: Path, big: tc.Trail) -> None:
    path = tmp_path / "bank.prm"
    path.write_text('EXTRACT e1\nTABLE BANK.POSTINGS, WHERE (CURRENCY = "USD");\n')
    assert count(big.select(tc.Select.from_file(path, dialect="nonansi", lenient=True))) > 0
    with pytest.raises(FileNotFoundError):
        tc.Select.from_file(tmp_path / "none.prm")
    path.write_text("TABEL BANK.POSTINGS;\nTABLE BANK.ACCOUNTS;\n")
    with pytest.raises(tc.FilterSyntaxError, match="did you mean TABLE"):
        tc.Select.from_file(path)
    path.write_text("DISCARDFIL ./e.dsc\nTABLE BANK.ACCOUNTS;\n")
    with pytest.warns(tc.LintWarning, match="DISCARDFIL does not select changes") as warned:
        assert count(big.select(tc.Select.from_file(path))) > 0
    assert warned[0].filename == __file__
    path.write_text("TABLE BANK.POSTINGS, FILTER (AMOUNT >);\n")
    with pytest.raises(tc.FilterSyntaxError, match=r"\^") as caught:
        tc.Select.from_file(path)
    assert caught.value.diagnostics[0].is_error and caught.value.file == str(path)
    with pytest.raises(ValueError, match="dialect"):
        tc.Select.parse("TABLE A.B;", dialect="other")  # type: ignore[arg-type]


def test_errors_show_the_location() -> None:
    with pytest.raises(tc.FilterSyntaxError) as caught:
        tc.Select("HR.EMP", filter="@STRFND (NAME, 'x') > 0")
    error = caught.value
    assert isinstance(error, ValueError) and isinstance(error, tc.TrailError)
    assert "^" in str(error) and "@STRFIND" in str(error)
    assert error.diagnostics[0].is_error and error.diagnostics[0].end > error.diagnostics[0].start > 0
    with pytest.raises(ValueError, match="not a start point"):
        tc.Select("HR.EMP", start="tomorrow")


def test_a_selection_that_does_not_fit_its_table(big: tc.Trail) -> None:
    with pytest.raises(tc.FilterError, match="NO_SUCH"):
        count(big.select("BANK.POSTINGS", where="NO_SUCH = 1", lenient=False))


def test_explaining(big: tc.Trail) -> None:
    text = big.select("BANK.POSTINGS", filter="ON INSERT, AMOUNT > 1000").explain()
    assert "64-bit integer" in text and "BANK.CUSTOMERS" in text
    assert "rule 0" in big.select("BANK.POSTINGS", where="AMOUNT > 1").explain("bank.postings")
    assert "no selection" in big.explain()
    with pytest.raises(tc.UnknownTableError, match=r"BANK\.POSTINGS") as caught:
        big.select("BANK.POSTINGS").explain("BANK.NONE")
    assert isinstance(caught.value, KeyError)
    assert tc.Select("A.B", where="X = 1").lints == []
    assert tc.Select("A.B").counting_bytes() == tc.Select("A.B").counting_bytes()
