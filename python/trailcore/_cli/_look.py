"""Commands that say what a trail is and what it holds: info, count, tables, check, explain."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as _dt
import json
import os

from trailcore._cli._options import opened, selected, tell_unknown, told_skipped
from trailcore._cli._terminal import Bar, clean, complain, grid, say, size
from trailcore._errors import InternalError, TrailError
from trailcore._progress import Progress
from trailcore._trail import FileInfo, Skipped, Summary, TableInfo, Trail
from trailcore._values import Position

_OPS = ("insert", "update", "pk_update", "delete", "truncate", "ddl")


def info(args: argparse.Namespace) -> int:
    """What the header of each file tells."""
    trail = opened(args)
    files = trail.info
    if args.json:
        report = {
            "files": [{**dataclasses.asdict(file), "bytes": _bytes(file)} for file in files],
            "gaps": trail.gaps,
            "bytes": trail.size,
        }
        print(json.dumps(report, default=lambda time: time.isoformat(), ensure_ascii=False, indent=2))
        return 0
    for file in files:
        say(clean(file.path), style="bold")
        facts = {name: value for name, value in dataclasses.asdict(file).items() if value is not None and name != "path"}
        facts["bytes"] = _bytes(file)
        width = max(map(len, facts))
        for name, value in facts.items():
            # Numbers are names here, except for sizes.
            shown = f"{value:,}" if name in ("bytes", "file_size") else _time(value)
            print(f"  {name.ljust(width)}  {shown}")
    for first, last in trail.gaps:
        say(f"missing: {_numbers(first, last)}", style="yellow")
    print(f"{len(files)} file{'s' if len(files) != 1 else ''}, {trail.size:,} bytes")
    return 0


def _bytes(file: FileInfo) -> int:
    return os.path.getsize(file.path)


def _numbers(first: int, last: int) -> str:
    return f"file {first}" if first == last else f"files {first} to {last}"


def _time(value: object) -> str:
    if isinstance(value, _dt.datetime):
        return value.astimezone(_dt.timezone.utc).replace(tzinfo=None).isoformat() + "Z"
    return clean(value)


def summarised(trail: Trail, progress: Progress | None) -> tuple[Summary, TrailError | OSError | None]:
    """Counts of a trail, and the damage that ended them: what lies before it is counted change by change."""
    try:
        return trail.summary(progress=progress), None
    except InternalError:
        raise
    except (TrailError, OSError) as error:
        return _counted(trail, progress), error


def _counted(trail: Trail, progress: Progress | None) -> Summary:
    ops: dict[str, dict[str, int]] = {}
    count = transactions = 0
    first = last = None
    csns: list[str] = []
    times: list[_dt.datetime] = []
    xid, is_open = None, False
    changes = trail.changes(progress=progress)
    try:
        for change in changes:
            count += 1
            first, last = first or change.position, change.position
            own = ops.setdefault(change.table, {})
            own[change.op] = own.get(change.op, 0) + 1
            if change.csn is not None:
                csns = [csns[0] if csns else change.csn, change.csn]
            times = [min([change.timestamp, *times]), max([change.timestamp, *times])]
            if not is_open or change.transaction in ("first", "only") or change.xid != xid:
                transactions, xid = transactions + 1, change.xid
            is_open = change.transaction not in ("last", "only")
    except (TrailError, OSError):
        pass  # The caller has it already.
    definitions = {table.name: table for table in changes.tables if table.name}
    tables = {
        name: TableInfo(name, definitions.get(name), {op: own[op] for op in _OPS if op in own}, 0)
        for name in sorted({*ops, *definitions})
        for own in [ops.get(name, {})]
    }
    return Summary(
        changes=count,
        transactions=transactions,
        tables=tables,
        positions=(first, last) if first is not None and last is not None else None,
        csns=(csns[0], csns[1]) if csns else None,
        times=(times[0], times[1]) if times else None,
        skipped=[Skipped(*stretch) for stretch in changes.skipped],
    )


def count(args: argparse.Namespace) -> int:
    """Changes by table and operation."""
    trail = selected(args)
    with Bar(not args.no_progress) as bar:
        summary, error = summarised(trail, bar.progress)
    sized = ["bytes"] if error is None else []
    rows: list[list[object]] = []
    total: dict[str, int] = {}
    for table in summary.tables.values():
        if table.changes:
            rows.append([table.name, *(table.ops.get(op, 0) for op in _OPS), table.changes, *([table.bytes] if sized else [])])
            for op, number in table.ops.items():
                total[op] = total.get(op, 0) + number
    rows.append(["total", *(total.get(op, 0) for op in _OPS), summary.changes])
    if sized:
        rows[-1].append(sum(table.bytes for table in summary.tables.values()))
    shown = [op for op in _OPS if op in total]
    keep = [0, *(1 + _OPS.index(op) for op in shown), *range(1 + len(_OPS), 2 + len(_OPS) + len(sized))]
    grid(["table", *shown, "changes", *sized], [[row[at] for at in keep] for row in rows], right=[*shown, "changes", "bytes"])
    print(f"transactions {summary.transactions:,}")
    for name, span in (("positions", summary.positions), ("times", summary.times), ("csns", summary.csns)):
        if span:
            print(f"{name} {' to '.join(_place(place) for place in span)}")
    if error is not None:
        complain("damage: what lies before it has been counted")
        raise error
    tell_unknown(args, list(summary.tables))
    return told_skipped(summary.skipped)


def _place(place: object) -> str:
    return str(place) if isinstance(place, Position) else _time(place)


def tables(args: argparse.Namespace) -> int:
    """The tables with their columns."""
    trail = selected(args)
    with Bar(not args.no_progress) as bar:
        summary, error = summarised(trail, bar.progress)
    wanted = list(summary.tables.values())
    if args.table or args.param_file is not None or args.exclude:
        # Definitions are met of all tables; the selection speaks of some.
        wanted = [table for table in wanted if table.changes]
    for table in wanted:
        counts = ", ".join(f"{number:,} {op}" for op, number in table.ops.items()) or "no changes"
        say(f"{clean(table.name)}: {counts}", style="bold")
        definition = table.definition
        if definition is None or not definition.is_defined:
            print("  the trail does not define it; --defs takes a definitions file\n")
            continue
        rows = []
        for column in definition.columns:
            nullable = {True: "", False: "not null", None: "?"}[column.nullable]
            key = "key" if column.key else ""
            rows.append([f"  {column.name}", column.kind, column.scale or "", column.length, key, nullable, column.charset])
        grid(["  column", "kind", "scale", "length", "key", "null", "charset"], rows, right=["scale", "length"])
        print()
    if error is not None:
        raise error
    tell_unknown(args, list(summary.tables))
    return told_skipped(summary.skipped)


def check(args: argparse.Namespace) -> int:
    """Whether the trail is whole."""
    trail = opened(args)
    with Bar(not args.no_progress) as bar:
        report = trail.check(progress=bar.progress)
    for problem in report.issues:
        say(clean(problem), style="red" if problem.is_fault else "yellow")
    if report.more_issues:
        say(f"and {report.more_issues:,} more")
    counts = f"{report.records:,} records, {report.changes:,} changes in {report.transactions:,} transactions"
    print(f"{counts}, {size(report.bytes)} read")
    if report.invalid_values:
        print(f"{report.invalid_values:,} values cannot be decoded as their columns' types")
    say("whole" if report.is_whole else "not whole", style="bold green" if report.is_whole else "bold red")
    return 0 if report.is_whole else 1


def explain(args: argparse.Namespace) -> int:
    """How the selection decides."""
    trail = selected(args)
    select = trail.selection
    if select is not None:
        print(f"{select}\n")
        if select.lints:
            complain(select._compiled.lint_text)
    print(trail.explain())
    return 0
