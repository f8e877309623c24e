"""The options that commands share, and the trail that they make."""

from __future__ import annotations

import argparse
import datetime as _dt
import re

from trailcore import _native
from trailcore._cli._terminal import complain
from trailcore._errors import FilterError
from trailcore._select import Dialect, Select, StartPoint, limit, parse_point
from trailcore._trail import Skipped, Trail, open

OPS = ("insert", "update", "pk_update", "delete", "truncate", "ddl")


def listed(text: str) -> list[str]:
    """Names separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _ops(text: str) -> list[str]:
    names = [name.lower() for name in listed(text)]
    for name in names:
        if name not in OPS:
            raise argparse.ArgumentTypeError(f"{name!r} is no operation; there are {', '.join(OPS)}")
    return names


def _place(text: str) -> StartPoint:
    if re.fullmatch(r"csn:\S+", text):
        return text
    try:
        return parse_point(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def count(text: str) -> int:
    """A number of things, none at the least."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of things")
    return number


def add_reading(parser: argparse.ArgumentParser) -> None:
    """PATH, and how to read."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="a trail file, a prefix such as dirdat/lt, a directory that holds one trail, or several files of one trail",
    )
    group = parser.add_argument_group("reading")
    group.add_argument("--defs", metavar="FILE", help="definitions (DEFGEN) for tables that the trail does not define")
    group.add_argument("--charset", metavar="NAME", help="the database's character set, against what the trail says")
    group.add_argument("--resync", action="store_true", help="pass over damage and missing files, and say what was passed over")
    group.add_argument("--no-progress", action="store_true", help="no progress bar")
    group.add_argument("--debug", action="store_true", help="show where in the program an error comes from")


def add_limits(group: argparse._ArgumentGroup) -> None:
    """From where to where."""
    place = "SEQNO:RBA, a UTC time such as 2024-03-01T12:00:00, or csn:NUMBER"
    group.add_argument("--from", dest="start", metavar="PLACE", type=_place, help=f"start at this place: {place}")
    group.add_argument("--until", metavar="PLACE", type=_place, help="nothing that lies at this place or behind it")


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Which changes are wanted."""
    group = parser.add_argument_group("selecting (docs/filter.md is the guide)")
    group.add_argument(
        "--table",
        metavar="NAME",
        action="append",
        default=[],
        help="only tables of this name, as in TABLE: HR.EMP*; repeatable",
    )
    group.add_argument(
        "--exclude", metavar="NAME", action="append", default=[], help="no tables of this name, as in TABLEEXCLUDE; repeatable"
    )
    group.add_argument("--where", metavar="CONDITION", help='only changes for which this holds: "AMOUNT > 1000"')
    group.add_argument(
        "--filter", metavar="EXPRESSION", help='only changes for which this is not zero: "ON INSERT, AMOUNT > 1000"'
    )
    group.add_argument("--param-file", metavar="FILE", help="what the TABLE and MAP statements of a parameter file select")
    group.add_argument("--ops", metavar="LIST", type=_ops, action="extend", default=[], help=f"only these: {','.join(OPS)}")
    add_limits(group)
    group.add_argument(
        "--lenient",
        action="store_true",
        help="turn changes away that lack a column which the selection needs, and count them, instead of stopping",
    )
    group.add_argument("--nonansi", action="store_true", help='"double quotes" are literals, as before 12c')


def opened(args: argparse.Namespace) -> Trail:
    """The trail, with nothing selected."""
    source = args.paths[0] if len(args.paths) == 1 else args.paths
    return open(source, defs=args.defs, charset=args.charset, resync=args.resync)


def selected(args: argparse.Namespace) -> Trail:
    """The trail, and of it what the options select."""
    select = selection(args)
    trail = opened(args)
    if args.start is None:
        return trail if select is None else trail.select(select)
    if isinstance(args.start, str):
        start = trail.find(csn=args.start.removeprefix("csn:"))
    else:
        start = trail.find(time=args.start) if isinstance(args.start, _dt.datetime) else args.start
    if start is None:
        # Nothing is so late. The limit turns all away, and damage is still found.
        return trail.select(_limited(select, f"TRAILCORE{limit('FROM', args.start)};", args))
    return trail.select(start=start) if select is None else trail.select(select, start=start)


def selection(args: argparse.Namespace) -> Select | None:
    """What the options select, but for the start; `None` if that is all."""
    dialect: Dialect = "nonansi" if args.nonansi else "ansi"
    named = args.table or args.exclude or args.where is not None or args.filter is not None
    if args.param_file is not None:
        if named:
            raise ValueError("--param-file says which tables; --table, --exclude, --where and --filter cannot stand beside it")
        try:
            select = Select.from_file(args.param_file, lenient=args.lenient, dialect=dialect)
        except FilterError as error:
            # No trail has been looked at: it is the arguments that are wrong.
            raise ValueError(str(error)) from error
        limits = f" OPS {','.join(args.ops)}" if args.ops else ""
        limits += limit("UNTIL", args.until)
        return _limited(select, f"TRAILCORE{limits};", args) if limits else select
    if not (named or args.ops or args.until is not None):
        return None
    return Select(
        *args.table,
        where=args.where,
        filter=args.filter,
        exclude=args.exclude,
        ops=args.ops,
        until=args.until,
        lenient=args.lenient,
        dialect=dialect,
    )


def _limited(select: Select | None, limits: str, args: argparse.Namespace) -> Select:
    """A selection under a further limit: several TRAILCORE statements must all hold."""
    text = limits if select is None else f"{limits}\n{select}"
    return Select.parse(text, lenient=args.lenient)


def plain_name(text: str) -> str | None:
    """The one table that a name means, in upper case; `None` for a pattern."""
    return None if re.search(r"[*?]", text) else text.replace('"', "").upper()


def told_skipped(stretches: list[Skipped]) -> int:
    """Tells what was passed over. The exit code: not all was read."""
    for skipped in stretches:
        complain(f"passed over {skipped.start} to {skipped.end}: {skipped.reason}")
    return 1 if stretches else 0


def tell_unknown(args: argparse.Namespace, known: list[_native.TableDef] | list[str]) -> None:
    """Names the tables that were asked for and are not in the trail: a typing error would look like a quiet table."""
    names = {table if isinstance(table, str) else table.name for table in known} - {""}
    upper = {name.upper() for name in names}
    for text in args.table:
        name = plain_name(text)
        # Of a name with two parts in a trail of a container database, the last two count.
        if name is not None and not any(own == name or own.endswith(f".{name}") for own in upper):
            has = ", ".join(sorted(names)[:20]) or "none"
            complain(f"there is no table {text} in what was read; there is {has}{' …' if len(names) > 20 else ''}")
