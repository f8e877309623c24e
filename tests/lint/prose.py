"""Finds the prose of the project: comments, documentation, messages in string literals, and Markdown."""

from __future__ import annotations

import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
C_LIKE = {".rs", ".java", ".c", ".h", ".cpp", ".go"}
HASHED = {".toml", ".mk", ".sh", ".prm"}
# Generated from sources that are read themselves, or data.
GENERATED = ("include/", "examples/data/", "THIRD_PARTY_NOTICES.md", "LICENSE", "Cargo.lock", "fuzz/corpus/", "snapshots/")


class Piece(NamedTuple):
    """A piece of prose: its first line, its text, and whether it is a comment that stands on its own."""

    line: int
    text: str
    is_comment: bool


def files() -> list[Path]:
    """Returns the files of the project that hold prose."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    names = [name for name in listed if name and not any(part in name for part in GENERATED)]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def pieces(path: Path, text: str) -> Iterator[Piece]:
    """Yields the prose of a file."""
    if path.suffix in C_LIKE:
        yield from _c_like(text, raw_strings=path.suffix == ".rs")
    elif path.suffix in (".py", ".pyi"):
        yield from _python(text)
    elif path.suffix == ".md":
        yield from _markdown(text)
    elif path.suffix in HASHED or path.name == "Makefile" or text.startswith("#!"):
        for number, line in enumerate(text.splitlines(), 1):
            found = re.search(r"(?:^|\s)##?\s(.*)", line)
            if found:
                yield Piece(number, found[1], True)


_TOKEN = re.compile(
    r"""(?P<line>//[^\n]*) | (?P<block>/\*.*?\*/) | (?P<raw>\bb?r(?P<hashes>\#*)".*?"(?P=hashes)) | (?P<string>b?"(?:\\.|[^"\\])*")"""
    r"""| (?P<char>'(?:\\[^\n]{1,8}?|[^'\\\n])') """,
    re.VERBOSE | re.DOTALL,
)


def _c_like(text: str, *, raw_strings: bool) -> Iterator[Piece]:
    comment: list[str] = []
    first = last = 0
    for found in _TOKEN.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found["line"] is not None:
            body = re.sub(r"^//[/!]?\s?", "", found["line"])
            own_line = not text[text.rfind("\n", 0, found.start()) + 1 : found.start()].strip()
            if comment and line == last + 1 and own_line:
                comment.append(body)
            else:
                if comment:
                    yield Piece(first, "\n".join(comment), True)
                comment, first = [body], line
            last = line
            continue
        if comment:
            yield Piece(first, "\n".join(comment), True)
            comment = []
        if found["block"] is not None:
            body = re.sub(r"(?m)^\s*/?\*+/?\s?", "", found["block"]).removesuffix("*/")
            yield Piece(line, body, True)
        elif found["raw"] is not None and raw_strings:
            yield Piece(line, found["raw"].strip('br#"'), False)
        elif found["string"] is not None and " " in found["string"]:
            yield Piece(line, found["string"].strip('b"').replace("\\n", " ").replace("\\\n", " "), False)
    if comment:
        yield Piece(first, "\n".join(comment), True)


def _python(text: str) -> Iterator[Piece]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield Piece(token.start[0], token.string.lstrip("# "), True)
        elif token.type == tokenize.STRING or token.type == getattr(tokenize, "FSTRING_MIDDLE", -1):
            body = token.string.strip("rbfRBF").strip("\"'")
            if " " in body:
                yield Piece(token.start[0], body, token.string.startswith('"""'))


def _markdown(text: str) -> Iterator[Piece]:
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield Piece(number, line, False)


def without_code(text: str) -> str:
    """Returns a text with its code replaced by blanks, so that lines stay."""

    def blank(found: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", found[0])

    text = re.sub(r"```.*?(?:```|\Z)", blank, text, flags=re.DOTALL)
    return re.sub(r"``[^`]+``|`[^`]*`|\{@code [^}]*\}|<code>.*?</code>", blank, text, flags=re.DOTALL)
