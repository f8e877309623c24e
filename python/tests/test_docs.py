"""The documentation covers every public name, and its examples run."""

from __future__ import annotations

import ast
import builtins
import datetime as dt
import doctest
import inspect
import pkgutil
import re
from importlib import import_module

import pytest

import trailcore as tc
from conftest import ROOT
from trailcore import _native

MODULES = ["trailcore", *(f"trailcore.{module.name}" for module in pkgutil.iter_modules(tc.__path__))]


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith(("_native", "__main__"))])
def test_examples_in_docstrings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    if name == "trailcore.spark":
        pytest.importorskip("pyspark")
    with pytest.warns() if name == "trailcore" else _quiet():
        failed, _ = doctest.testmod(import_module(name))
    assert failed == 0


class _quiet:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def members(value: type) -> list[str]:
    """Returns the public members of a class, without those of its built-in bases."""
    known = {member for base in (Exception, KeyError, tuple, list, str, dt.datetime) for member in dir(base)}
    return [member for member in dir(value) if not member.startswith("_") and member not in known]


def test_every_public_name_is_documented() -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    for name in tc.__all__:
        assert re.search(rf"`tc\.{re.escape(name)}\b", page), f"{name} is not in docs/python.md"
        value = getattr(tc, name)
        if not isinstance(value, type) or hasattr(value, "__dataclass_fields__") or name == "Bar":
            continue
        assert value.__doc__, f"{name} has no docstring"
        if issubclass(value, (tuple, dict, dt.datetime)) or (issubclass(value, tc.TrailError) and value is not tc.TrailError):
            continue
        for member in members(value):
            assert re.search(rf"`{name}\.{member}\b", page), f"{name}.{member} is not in docs/python.md"


def test_every_exception_of_the_error_page_is_exported() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    # The columns are number, Rust, C, Java, Python.
    names = re.findall(r"(?m)^\| `\d+` (?:\| `\w+` ){3}\| `(\w+)` \|", page)
    assert len(names) == len(re.findall(r"(?m)^\| `\d+` ", page)) >= 20
    for name in names:
        if not hasattr(builtins, name):
            assert name in tc.__all__ and issubclass(getattr(tc, name), tc.TrailError), name


def test_every_public_name_has_a_docstring() -> None:
    aliases = {"Source", "StartPoint", "Progress"}
    assert all(f"`{name}`" in (tc.__doc__ or "") for name in aliases)
    for name in set(tc.__all__) - aliases - {"__version__"}:
        value = getattr(tc, name)
        assert value.__doc__ and value.__doc__ != type(value).__doc__, f"{name} has no docstring"
        fields = [*getattr(value, "_fields", ()), *getattr(value, "__dataclass_fields__", ())]
        assert all(field in value.__doc__ or f"{field.split('_')[0]}_" in value.__doc__ for field in fields), name
        for member in set(members(value)) - set(fields) if isinstance(value, type) else ():
            found = getattr(value, member)
            assert inspect.getdoc(found) or not (callable(found) or inspect.isdatadescriptor(found)), f"{name}.{member}"


def test_the_stub_has_the_docstrings_of_the_extension() -> None:
    stub = ast.parse((ROOT / "python" / "trailcore" / "_native.pyi").read_text(encoding="utf-8"))
    checked = 0
    for node in stub.body:
        if not isinstance(node, ast.ClassDef):
            continue
        owner = getattr(_native, node.name)
        functions = [item for item in node.body if isinstance(item, ast.FunctionDef)]
        for item, value in [(node, owner), *((item, getattr(owner, item.name)) for item in functions)]:
            expected = ast.get_docstring(item)
            if expected is not None:
                assert (value.__doc__ or "").split() == expected.split(), f"{node.name}.{item.name}"
                checked += 1
    assert checked > 50


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
