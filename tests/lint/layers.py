#!/usr/bin/env python3
"""Fails on circles of files, and on arrows against the layers of docs/architecture.md.

    tests/lint/layers.py [--list] [--self-test]

Reads the `use` lines of the Rust sources (tests apart) and the imports of the Python package. A re-export leads to the file
that defines the name.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CRATES = {"rs-core": "rs-core/src", "rs-stream": "rs-stream/src", "rs-ops": "rs-ops/src", "cli": "cli/src", "ffi": "ffi/src", "ffi/jni": "ffi/jni/src", "python": "python/src"}
# Each layer uses only those before it, and its own.
LAYERS = [
    {"error", "position", "time", "text", "decode"},
    {"schema", "change"},
    {"trail", "formats", "filter"},
    {"batch"},
    {"source"},
    {"arrow"},
    {"sink"},
    {"report"},
    {"analysis"},
    {"call"},
]
# Commands of a tool for trails: they belong to the filters, and know the trail.
OUTSIDE = {("filter", "logdump")}
# They do not know each other.
STRANGERS = [{"trail", "filter"}, {"trail", "formats"}, {"formats", "filter"}]

Module = tuple[str, ...]


class Crate:
    """The modules of a crate, and what their files use."""

    def __init__(self, sources: dict[Module, str]) -> None:
        """`sources` are the texts of the files by module path; the root is `()`."""
        self.modules = set(sources)
        self.imports: dict[Module, list[tuple[bool, Module]]] = {
            module: [(public, path) for public, use in _uses(_without_tests(text)) for path in self._absolute(module, use)]
            for module, text in sources.items()
        }
        self.exports: dict[Module, dict[str, Module]] = {
            module: {path[-1]: path for public, path in uses if public} for module, uses in self.imports.items()
        }

    def _absolute(self, module: Module, use: str) -> Iterator[Module]:
        for path in _expanded(use):
            parts = tuple(re.sub(r"\s+as\s+\w+$", "", path).split("::"))
            if parts[0] == "crate":
                yield parts[1:]
            elif parts[0] == "self":
                yield module + parts[1:]
            elif parts[0] == "super":
                base = module
                while parts and parts[0] == "super":
                    base, parts = base[:-1], parts[1:]
                yield base + parts
            elif module + parts[:1] in self.modules:
                yield module + parts

    def defining(self, path: Module, depth: int = 0) -> Module:
        """Returns the module that defines what a path names, through re-exports."""
        for length in range(len(path), -1, -1):
            module = path[:length]
            if module in self.modules:
                exported = self.exports[module].get(path[length]) if length < len(path) else None
                if exported is not None and depth < 8:
                    return self.defining(exported + path[length + 1 :], depth + 1)
                return module
        return ()

    def arrows(self) -> dict[Module, set[Module]]:
        """Returns which file uses which."""
        found: dict[Module, set[Module]] = {}
        for module, uses in self.imports.items():
            targets = {self.defining(path) for public, path in uses if not (public and path[: len(module)] == module)}
            found[module] = targets - {module}
        return found


def _without_tests(text: str) -> str:
    return re.split(r"(?m)^#\[cfg\(test\)\]\s*\n(?:#\[[^\n]*\]\s*\n)*mod \w+ \{", text)[0]


def _uses(text: str) -> Iterator[tuple[bool, str]]:
    text = re.sub(r"//[^\n]*", "", text)
    for found in re.finditer(r"(?m)^\s*(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);", text):
        yield found[1] is not None, re.sub(r"\s+", " ", found[2]).strip()


def _expanded(use: str) -> Iterator[str]:
    """Yields the paths of a `use` with braces."""
    start = use.find("{")
    if start < 0:
        yield use.removesuffix("::*").strip()
        return
    prefix, inside = use[:start], use[start + 1 : use.rindex("}")]
    depth, part = 0, ""
    for sign in inside + ",":
        if sign == "," and depth == 0:
            if part.strip():
                for path in _expanded(part.strip()):
                    yield prefix.rstrip(":") if path == "self" else prefix + path
            part = ""
            continue
        depth += {"{": 1, "}": -1}.get(sign, 0)
        part += sign


def rust(folder: Path) -> Crate:
    """Reads a crate."""
    sources = {}
    for path in folder.rglob("*.rs"):
        parts = path.relative_to(folder).with_suffix("").parts
        if parts[-1] in ("mod", "lib", "main"):
            parts = parts[:-1]
        if parts or path.name == "lib.rs":
            sources[parts] = path.read_text(encoding="utf-8")
    return Crate(sources)


def python_arrows(folder: Path, package: str) -> dict[Module, set[Module]]:
    """Reads the imports of a Python package; what only type checkers import does not count."""
    files = {(path.stem,): path for path in folder.glob("*.py")}
    found: dict[Module, set[Module]] = {}
    for module, path in files.items():
        names: set[str] = set()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in _run_time(tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == package:
                rest = node.module.split(".")[1:]
                names |= set(rest[:1]) if rest else {alias.name for alias in node.names}
            elif isinstance(node, ast.Import):
                names |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith(f"{package}.")}
        found[module] = {(name,) for name in names if (name,) in files} - {module}
    return found


def _run_time(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from _run_time(child)


def circles(arrows: dict[Module, set[Module]]) -> list[list[Module]]:
    """Returns the groups of files that use each other in a circle."""
    index: dict[Module, int] = {}
    low: dict[Module, int] = {}
    stack: list[Module] = []
    found: list[list[Module]] = []

    def visit(module: Module) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for target in arrows.get(module, ()):
            if target not in index:
                visit(target)
                low[module] = min(low[module], low[target])
            elif target in stack:
                low[module] = min(low[module], index[target])
        if low[module] == index[module]:
            group = []
            while True:
                group.append(stack.pop())
                if group[-1] == module:
                    break
            if len(group) > 1:
                found.append(sorted(group))

    sys.setrecursionlimit(10_000)
    for module in sorted(arrows):
        if module not in index:
            visit(module)
    return found


def against_layers(arrows: dict[Module, set[Module]]) -> list[tuple[Module, Module]]:
    """Returns the arrows from a layer to a later one, or between strangers."""
    layer = {name: number for number, names in enumerate(LAYERS) for name in names}
    found = []
    for module, targets in sorted(arrows.items()):
        for target in sorted(targets):
            if not module or not target or module[0] not in layer or target[0] not in layer:
                continue
            if layer[target[0]] > layer[module[0]] or ({module[0], target[0]} in STRANGERS and module[:2] not in OUTSIDE):
                found.append((module, target))
    return found


def main() -> int:
    """Prints circles and arrows against the layers."""
    graphs = {name: rust(ROOT / folder).arrows() for name, folder in CRATES.items() if (ROOT / folder).is_dir()}
    graphs["python/trailcore"] = python_arrows(ROOT / "python" / "trailcore", "trailcore")
    bad = 0
    for name, arrows in graphs.items():
        groups = circles(arrows)
        bad += len(groups)
        for group in groups:
            print(f"layers: {name}: a circle of {len(group)} files: {', '.join('::'.join(module) or 'lib' for module in group)}")
            if "--list" in sys.argv:
                for module in group:
                    for target in sorted(arrows[module] & set(group)):
                        print(f"    {'::'.join(module)} uses {'::'.join(target)}")
        if name == "rs-core":
            wrong = against_layers(arrows)
            bad += len(wrong)
            for module, target in wrong:
                print(f"layers: {name}: {'::'.join(module)} uses {'::'.join(target)}, which is a later layer or a stranger")
    print(f"layers: {bad} findings")
    return 1 if bad else 0


def self_test() -> int:
    """Checks the check."""
    assert list(_expanded("crate::a::{B, c::{D, E as F}, self}")) == ["crate::a::B", "crate::a::c::D", "crate::a::c::E as F", "crate::a"]
    sources: dict[Module, str] = {
        (): "pub use a::A;\nmod a; mod b;",
        ("a",): "mod one;\npub use one::A;\nuse crate::b::B;",
        ("a", "one"): "pub struct A;\n#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}",
        ("b",): "use super::a::A;\n// use crate::c::C;\nuse std::fmt;",
    }
    arrows = Crate(sources).arrows()
    assert arrows[("b",)] == {("a", "one")}, arrows
    assert arrows[("a",)] == {("b",)} and arrows[("a", "one")] == set(), arrows
    assert circles(arrows) == []
    sources[("a", "one")] = "use super::A2;"
    sources[("a",)] = "pub(crate) struct A2;\nuse one::A;"
    assert circles(Crate(sources).arrows()) == [[("a",), ("a", "one")]]
    assert against_layers({("time",): {("change", "value")}, ("filter", "eval"): {("trail",)}, ("source",): {("trail",)}}) == [
        (("filter", "eval"), ("trail",)),
        (("time",), ("change", "value")),
    ]
    return 0


if __name__ == "__main__":
    sys.exit(self_test() if "--self-test" in sys.argv else main())
