#!/usr/bin/env python3
"""The binary interface of the C library, as text: its symbols, and its structs and enums as a compiler lays them out.

    abi.py list HEADER LIBRARY         writes it
    abi.py check HEADER LIBRARY FILE   fails unless it equals FILE, so that every change is deliberate

Structs that start with their size may grow at their end.
"""

import os
import re
import subprocess
import sys
import tempfile


def symbols(library):
    """All names that the library gives to others."""
    out = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    return sorted("symbol " + " ".join(line.split()[1:]) for line in out.splitlines())


def prototypes(header):
    """Functions as declared, on one line each."""
    found = re.findall(r"^([\w][\w ]*?[ *]+tc_\w+\([^;{]*?\));", header, re.M)
    return sorted("function " + re.sub(r"\s+", " ", prototype) for prototype in found)


def layouts(header, path):
    """Sizes, offsets and numbers, from a program that prints them."""
    prints = []
    for body, name in re.findall(r"typedef struct \{?(.*?)\} (tc_\w+);", header, re.S):
        body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
        body = body[body.find("{") + 1:]
        members = []
        for member in body.split(";"):
            member = member.strip()
            pointer = re.search(r"\(\*(\w+)\)\(", member)
            plain = re.search(r"(\w+)(?:\[\w+\])?$", member)
            if pointer or plain:
                members.append((pointer or plain).group(1))
        grows = " grows" if members and members[0] == "size" else ""
        prints.append(f'printf("struct {name} size %zu{grows}\\n", sizeof({name}));')
        for member in members:
            prints.append(
                f'printf("member {name}.{member} offset %zu size %zu\\n", offsetof({name}, {member}), sizeof((({name} *)0)->{member}));'
            )
    for name, body in re.findall(r"^enum (tc_\w+)\n.*?\{(.*?)\};", header, re.S | re.M):
        body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
        for constant in re.findall(r"(TC_\w+)\s*=", body):
            prints.append(f'printf("enum {name} {constant} %ld\\n", (long){constant});')
        prints.append(f'printf("enum {name} size %zu\\n", sizeof({name}));')
    for constant in re.findall(r"^#define (TC_(?!VERSION)\w+) ", header, re.M):
        prints.append(f'printf("constant {constant} %lld\\n", (long long){constant});')
    program = f'#include <stdio.h>\n#include "{path}"\nint main(void) {{\n' + "\n".join(prints) + "\nreturn 0;\n}\n"
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/layout.c", "w", encoding="utf-8") as file:
            file.write(program)
        subprocess.run(["cc", "-std=c99", "-o", f"{folder}/layout", f"{folder}/layout.c"], check=True)
        out = subprocess.run([f"{folder}/layout"], check=True, capture_output=True, text=True).stdout
    return sorted(out.splitlines())


def interface(header_path, library):
    with open(header_path, encoding="utf-8") as file:
        header = file.read()
    names = symbols(library)
    declared = {re.search(r"(tc_\w+)\(", line).group(1) for line in prototypes(header)}
    exported = {line.split()[-1] for line in names}
    if declared != exported:
        sys.exit(f"declared and exported differ: {sorted(declared ^ exported)}")
    return names + prototypes(header) + layouts(header, os.path.abspath(header_path))


def main():
    command, header, library = sys.argv[1:4]
    now = interface(header, library)
    if command == "list":
        print("\n".join(now))
        return
    with open(sys.argv[4], encoding="utf-8") as file:
        known = file.read().splitlines()
    if command == "check":
        differing = sorted(set(known) ^ set(now))
        if differing:
            sys.exit(f"{sys.argv[4]} and the library differ; if that is meant, run `make abi`:\n" + "\n".join(differing))
        print(f"{len(now)} facts equal those of {sys.argv[4]}")


if __name__ == "__main__":
    main()
