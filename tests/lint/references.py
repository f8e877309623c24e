#!/usr/bin/env python3
"""Fails on references to sections of documents that do not exist.

    tests/lint/references.py [--self-test]

A reference is written `docs/X.md, section N`, also across lines of a comment. Documents number their sections in their headings:
`## 7. Images`, `### 7.2 …`. A bare "spec section" refers to nothing that is in the tree.
"""

from __future__ import annotations

import re
import sys

import prose

REFERENCE = re.compile(r"(docs/[\w-]+\.md),? sections? (\d+(?:\.\d+)*)(?:(?:,| and| to) (\d+(?:\.\d+)*))*")
NOWHERE = re.compile(r"\bspec(?:ification)? sections? \d", re.IGNORECASE)
HEADING = re.compile(r"(?m)^#+ (\d+(?:\.\d+)*)\.? ")


def sections(document: str) -> set[str]:
    """Returns the numbers of the sections of a document."""
    return set(HEADING.findall(document))


def findings(text: str, documents: dict[str, set[str]]) -> list[tuple[int, str]]:
    """Returns what is wrong in a text: the line in it, and the reference."""
    # Line ends and comment marks between the words of a reference are not part of it.
    flat = re.sub(r"\s*\n\s*(?://[/!]?|\*|#)?\s*", " ", text)
    found = []
    for match in REFERENCE.finditer(flat):
        numbers = re.findall(r"\d+(?:\.\d+)*", match[0].split("section", 1)[1])
        known = documents.get(match[1])
        found += [(0, f"{match[1]}, section {number}") for number in numbers if known is None or number not in known]
    found += [(text.count("\n", 0, match.start()), match[0]) for match in NOWHERE.finditer(text)]
    return found


def main() -> int:
    """Prints dangling references."""
    documents = {
        f"docs/{path.name}": sections(path.read_text(encoding="utf-8")) for path in (prose.ROOT / "docs").glob("*.md")
    }
    count = 0
    for path in prose.files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path.parent == prose.ROOT / "tests" / "lint":
            continue
        for line, what in findings(text, documents):
            count += 1
            print(f"references: {path.relative_to(prose.ROOT)}: {what}" + (f", line {line + 1}" if line else ""))
    print(f"references: {count} findings")
    return 1 if count else 0


def self_test() -> int:
    """Checks the check."""
    documents = {"docs/a.md": sections("# A\n\n## 1. One\n\n### 1.2 Two\n\n## Not numbered\n")}
    assert documents["docs/a.md"] == {"1", "1.2"}
    assert findings("see docs/a.md, section 1 and docs/a.md,\n    /// section 1.2", documents) == []
    assert findings("docs/a.md, section 3", documents) == [(0, "docs/a.md, section 3")]
    assert findings("docs/a.md, sections 1 and 4", documents) == [(0, "docs/a.md, section 4")]
    assert findings("docs/b.md,\n// section 1", documents) == [(0, "docs/b.md, section 1")]
    assert findings("one\nspec section 1", documents) == [(1, "spec section 1")]
    return 0


if __name__ == "__main__":
    sys.exit(self_test() if "--self-test" in sys.argv else main())
