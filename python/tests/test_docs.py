"""The documentation knows every public name, and its examples run."""

from __future__ import annotations

import datetime as dt
import doctest
import pkgutil
import re
from importlib import import_module

import pytest

import trailcore as tc
from conftest import ROOT

MODULES = ["trailcore", *(f"trailcore.{module.name}" for module in pkgutil.iter_modules(tc.__path__))]


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith(("_native", "__main__"))])
def test_examples_in_docstrings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.warns() if name == "trailcore" else _quiet():
        failed, _ = doctest.testmod(import_module(name))
    assert failed == 0


class _quiet:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def members(value: type) -> list[str]:
    """What a class offers beside what every object does."""
    known = {member for base in (Exception, KeyError, tuple, str, dt.datetime) for member in dir(base)}
    return [member for member in dir(value) if not member.startswith("_") and member not in known]


def test_every_public_name_is_documented() -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    for name in tc.__all__:
        assert re.search(rf"`tc\.{re.escape(name)}\b", page), f"{name} is not in docs/python.md"
        value = getattr(tc, name)
        if not isinstance(value, type) or hasattr(value, "__dataclass_fields__") or name == "Bar":
            continue
        assert value.__doc__, f"{name} has no docstring"
        if issubclass(value, (tuple, dt.datetime)) or (issubclass(value, tc.TrailError) and value is not tc.TrailError):
            continue
        for member in members(value):
            assert re.search(rf"`{name}\.{member}\b", page), f"{name}.{member} is not in docs/python.md"


def test_the_examples_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("polars")
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) > 5
    scope: dict[str, object] = {"__name__": "page"}
    with pytest.warns(tc.UndecidableWarning):
        for block in blocks:
            exec(compile(block, "docs/python.md", "exec"), scope)
