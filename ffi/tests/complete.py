#!/usr/bin/env python3
"""Checks that every function of the header has a complete comment and is called by the test program.

    complete.py include/trailcore.h ffi/tests/api.c
"""

import re
import sys

from pointers import functions


def main():
    header = open(sys.argv[1], encoding="utf-8").read()
    # What the fixtures call counts as well.
    tests = "".join(open(path, encoding="utf-8").read() for path in [sys.argv[2], sys.argv[2].replace("api.c", "fixtures.h")])
    names = set()
    lacking = []
    for comment, result, name, parameters in functions(header):
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
