#!/usr/bin/env python3
"""Prints THIRD_PARTY_NOTICES.md: the crates that are linked into the library, the bindings and the command line, their licences and the
texts of these. Of crates under several licences the MIT text is taken."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = ("trailcore", "trailcore-stream", "trailcore-cli", "trailcore-ffi", "trailcore-jni", "trailcore-python")
NAMES = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|UNLICENSE).*", re.IGNORECASE)


def linked() -> list[dict]:
    """Returns the packages that are linked, by name, without build and test dependencies."""
    command = ["cargo", "metadata", "--format-version=1", "--all-features", "--locked", "--filter-platform=x86_64-unknown-linux-gnu"]
    data = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    seen: set[str] = set()
    waiting = [package["id"] for package in data["packages"] if package["name"] in OURS and package["source"] is None]
    while waiting:
        package = waiting.pop()
        if package in seen:
            continue
        seen.add(package)
        for dependency in nodes[package]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    found = [packages[package] for package in seen if packages[package]["source"] is not None]
    return sorted(found, key=lambda package: (package["name"], package["version"]))


def text(package: dict) -> str:
    """Returns the text of a package's licence; empty if it has none."""
    folder = Path(package["manifest_path"]).parent
    files = sorted(path for path in folder.iterdir() if path.is_file() and NAMES.fullmatch(path.name))
    mit = [path for path in files if "MIT" in path.name.upper()]
    chosen = mit[:1] or [path for path in files if "NOTICE" not in path.name.upper()][:1]
    chosen += [path for path in files if "NOTICE" in path.name.upper() and not mit]
    return "\n\n".join(path.read_text(encoding="utf-8", errors="replace").strip() for path in chosen)


def main() -> None:
    """Prints the document."""
    packages = linked()
    print("# Third-party notices\n\nThese crates are linked into trailcore. `make notices` writes this file from `cargo metadata`.\n")
    print("| crate | version | licence | source |\n|---|---|---|---|")
    texts: dict[str, list[str]] = {}
    for package in packages:
        print(f"| {package['name']} | {package['version']} | {package['license']} | {package['repository'] or ''} |")
        own = text(package)
        if own:
            texts.setdefault(own, []).append(package["name"])
    for own, names in sorted(texts.items(), key=lambda item: item[1]):
        print(f"\n## {', '.join(sorted(set(names)))}\n\n```text\n{own}\n```")


if __name__ == "__main__":
    main()
