#!/usr/bin/env python3
"""Checks that every function of the header has a comment with an example and is called by a test.

    complete.py include/trailcore.h ffi/tests
"""

import re
import sys
from pathlib import Path

from pointers import functions


def main():
    header = open(sys.argv[1], encoding="utf-8").read()
    sources = [*Path(sys.argv[2]).glob("api/*.c"), Path(sys.argv[2], "fixtures.h")]
    tests = "".join(path.read_text(encoding="utf-8") for path in sources)
    names = set()
    lacking = []
    for comment, _, name, _ in functions(header):
        names.add(name)
        if not re.search(rf"\b{name}\(", tests):
            lacking.append(f"{name}: no test calls it")
        if "Example:" not in comment:
            lacking.append(f"{name}: its comment has no example")
    declared = set(re.findall(r"\b(tc_\w+)\([^;{]*\);", re.sub(r"/\*.*?\*/", "", header, flags=re.S)))
    lacking += [f"{name}: no comment" for name in sorted(declared - names)]
    if lacking:
        sys.exit("\n".join(lacking))
    print(f"{len(names)} functions are documented and tested")


if __name__ == "__main__":
    main()
