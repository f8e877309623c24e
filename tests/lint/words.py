#!/usr/bin/env python3
"""Fails on words that docs/style.md, section 2, replaces, and on comments that begin as fragments.

    tests/lint/words.py [--list] [--self-test]

Prints the number of findings by folder; `--list` prints each with its file and line. Quotations and legitimate uses are in
words.allow: a path or folder, a tab, and the phrase; without a phrase, all of the file is allowed.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import prose

WORDS = {
    r"behind": "after",
    r"alone": "only, on its own",
    r"pass(?:es|ed|ing)? over": "skip",
    r"hand(?:s|ed|ing)? (?:out|on|over)": "return, forward, transfer",
    r"as (?:it|they) stands?": "raw, verbatim",
    r"tell(?:s|ing)?|told|untold": "report, contain, state",
    r"says?|said|saying": "report, contain, state",
    r"tak(?:en?|es|ing) back": "rolled back",
    r"in the midst(?: of)?": "inside, within",
    r"turn(?:s|ed|ing)? away": "reject",
    r"(?:lies?|lying|lay) (?:at|in|before|there|below|beyond|outside)": "is at, is in",
    r"mend(?:s|ed|ing)?": "fix",
    r"com(?:es?|ing) to": "evaluates to",
    r"whence": "rewrite the sentence",
    r"those (?:that|who|to whom)": "rewrite the sentence",
    r"who(?:ever)? keeps": "rewrite the sentence",
    r"stretch(?:es)?": "range",
    r"parted": "split",
    r"so many": "at most N, maximum",
    r"at the (?:most|least)": "at most N, maximum",
}
BANNED = re.compile("|".join(rf"(?P<w{index}>\b(?:{word})\b)" for index, word in enumerate(WORDS)), re.IGNORECASE)
FRAGMENT = re.compile(r"\s*(Of|What|Where|Whether|Who|That which)\b[^?]*$")
BETTER = list(WORDS.values())


def findings(text: str, *, is_comment: bool) -> list[tuple[int, str, str]]:
    """Returns what is wrong with a piece of prose: the line in it, the words, and what to write."""
    plain = prose.without_code(text)
    found = []
    for match in BANNED.finditer(re.sub(r"\n", " ", plain)):
        index = next(index for index in range(len(BETTER)) if match[f"w{index}"] is not None)
        found.append((plain.count("\n", 0, match.start()), match[0], BETTER[index]))
    first = plain.strip().split("\n\n")[0]
    if is_comment and first and FRAGMENT.match(first.split(". ")[0]):
        found.append((0, first.split()[0] + " …", "a sentence: Returns …, Reads …, Fails if …"))
    return found


def allowed() -> list[tuple[str, str]]:
    """Returns paths and the phrases that are allowed below them."""
    lines = (Path(__file__).parent / "words.allow").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t", 1)) for line in lines if "\t" in line and not line.startswith("#")]  # type: ignore[misc]


def main() -> int:
    """Prints the findings."""
    exceptions = allowed()
    folders: Counter[str] = Counter()
    for path in prose.files():
        name = str(path.relative_to(prose.ROOT))
        if any(name.startswith(place) and not phrase for place, phrase in exceptions):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for piece in prose.pieces(path, text):
            own = piece.text
            for place, phrase in exceptions:
                if name.startswith(place):
                    own = re.sub(re.escape(phrase), lambda match: re.sub(r"\w", "_", match[0]), own, flags=re.IGNORECASE)
            for line, words, better in findings(own, is_comment=piece.is_comment):
                folders["/".join(name.split("/")[:2]) if "/" in name else name] += 1
                if "--list" in sys.argv:
                    print(f"{name}:{piece.line + line}: {words!r}: {better}")
    for folder, count in sorted(folders.items()):
        print(f"words: {count:5} in {folder}")
    print(f"words: {sum(folders.values())} findings")
    return 1 if folders else 0


def self_test() -> int:
    """Checks the check."""
    wrong = [
        ("The record behind it.", False),
        ("It is passed\nover.", True),
        ("Bytes as they stand", False),
        ("Whether the trail is whole.", True),
        ("Of a pair: where it starts", True),
        ("at the most ten", False),
    ]
    right = [
        ("Returns `behind` and ``told``.", True),
        ("A standalone program; the left-hand side.", False),
        ("What is a trail?", True),
        ("Returns the position. Where there is none, `None`.", True),
        ("```text\nbehind\n```", True),
    ]
    for text, is_comment in wrong:
        assert findings(text, is_comment=is_comment), text
    for text, is_comment in right:
        assert not findings(text, is_comment=is_comment), text
    source = '//! A file.\n\n/// Two\n/// lines.\nfn f() { g("a message", b\'"\', \'"\', "x"); } // last\n/* block */\n'
    found = [piece.text for piece in prose.pieces(Path("a.rs"), source)]
    assert found == ["A file.", "Two\nlines.", "a message", "last", "block "], found
    assert [piece.text for piece in prose.pieces(Path("a.md"), "text\n```\ncode\n```\nmore")] == ["text", "more"]
    assert [piece.text for piece in prose.pieces(Path("a.py"), 'x = "two words"  # why\n')] == ["two words", "why"]
    return 0


if __name__ == "__main__":
    sys.exit(self_test() if "--self-test" in sys.argv else main())
